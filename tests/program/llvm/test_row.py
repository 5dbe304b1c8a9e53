"""Machine code for one row: the same bits whether operations stand alone or side by side in a vector register."""

import itertools
import math
import random

import numpy as np
import pytest

import autograd
from autograd import jit, value_and_grad
from autograd.operations.primitives import Dot, Lgamma, Multiply, Plus, PowerBelow, Sin, Sum
from autograd.program.builder import Builder
from autograd.program.machine.machine import Machine
from autograd.program.machine.plan import Plan
from autograd.program.program import Program
from tests.tables.comparison import same_bits
from tests.tables.random_programs import KNOWN, random_program
from tests.tables.special_points import SPECIAL

if not autograd.compiled:
    pytest.skip("machine code needs the compiled engine", allow_module_level=True)

from autograd.program.llvm import row
from autograd.program.llvm.native import NativeCode


def by_code(program, inputs, monkeypatch, together):
    """The outputs by machine code, `together` or one by one: for one row alone, optimised or not, or among rows."""
    monkeypatch.setattr(row, "MOST_PIECES", math.inf if together else -1.0)
    found = []
    for varying, turns in ((None, 1), ((False,) * program.inputs, 1), (None, math.inf)):
        machine = Machine(program, varying)
        machine.use(NativeCode(machine.plan, rows=False, turns=turns), None)
        found.append(list(machine.call(inputs)))
    assert same_bits(found[0], found[1]) and same_bits(found[0], found[2])
    return found[0]


def check(program, inputs, monkeypatch):
    one_by_one = by_code(program, inputs, monkeypatch, together=False)
    assert same_bits(by_code(program, inputs, monkeypatch, together=True), one_by_one)
    return one_by_one


@pytest.mark.parametrize("seed", range(2))
def test_programs_give_the_same_bits_together_as_one_by_one(seed, monkeypatch):
    draw = random.Random(seed)
    program = random_program(draw, 60, 300, [primitive for primitive in KNOWN if primitive not in (Dot, PowerBelow)])
    inputs = [draw.choice([*SPECIAL, draw.uniform(-2.0, 2.0), draw.uniform(-2.0, 2.0)]) for _ in range(60)]
    check(program, inputs, monkeypatch)


@pytest.mark.parametrize("primitive", [one for one in KNOWN if one.arity], ids=lambda primitive: primitive.name)
def test_any_primitive_gives_the_same_bits_together_as_one_by_one(primitive, monkeypatch):
    arity = primitive.arity
    used, width, count = [], 60, 21
    for ways in itertools.product(["row", "same", "scattered"], repeat=arity):
        for k in range(count):
            used += [{"row": p + k, "same": 5 + p, "scattered": (7 * k + p) % width}[way] for p, way in enumerate(ways)]
    operations = len(used) // arity
    starts = range(0, len(used) + 1, arity)
    outputs = range(width, width + operations)
    program = Program(width, [], [primitive.name], [0] * operations, starts, used, outputs)
    inputs = [0.125 * (place % 9) + 0.25 for place in range(width)]
    if primitive is PowerBelow:
        inputs = [1.0 + place % 3 for place in range(width)]
    check(program, inputs, monkeypatch)


@pytest.mark.parametrize("primitive", [Sum, Dot], ids=["sum", "dot"])
@pytest.mark.parametrize("kind", ["ordinary", "cancelling", "special"])
def test_long_sums_give_the_same_bits_as_loops_as_written_out(primitive, kind, monkeypatch):
    draw = random.Random(kind)
    for length in (row.SHORTEST_LOOP, 32, 33, 34, 48, 49, 100, 257, 258):
        length += length % 2
        inputs = [draw.gauss(0.0, 1.0) for _ in range(length)]
        if kind == "cancelling":
            inputs[::3] = [draw.choice([1e16, -1e16, 1.0, 1e-30]) for _ in inputs[::3]]
        if kind == "special":
            inputs[draw.randrange(length)] = draw.choice([math.inf, -math.inf, math.nan, 1e308, -0.0])
        builder = Builder(length)
        # One of the operands themselves, and one of results, which only the sum uses.
        doubled = [builder.emit(Plus, (k, k)) for k in range(length)]
        program = builder.program(
            [builder.emit(primitive, tuple(range(length))), builder.emit(primitive, tuple(doubled))]
        )
        found = check(program, inputs, monkeypatch)
        if kind == "ordinary" and primitive is Sum:
            assert math.isclose(found[0], math.fsum(inputs), rel_tol=1e-15, abs_tol=1e-15)


def test_results_are_written_wherever_they_are_wanted(monkeypatch):
    builder = Builder(32)
    squares = [builder.emit(Multiply, (k, k)) for k in range(32)]
    sines = [builder.emit(Sin, (square,)) for square in squares]
    constant = builder.constant(2.5)
    program = builder.program([*sines, *squares[::-1], squares[3], squares[3], 5, constant, *sines[10:20], *range(32)])
    inputs = [0.125 * k for k in range(32)]
    found = check(program, inputs, monkeypatch)
    expected = program(*inputs)
    assert np.allclose(found, expected, rtol=1e-15, atol=0.0)


def test_results_that_stood_alone_come_together_again(monkeypatch):
    builder = Builder(32)
    scattered = [builder.emit(Multiply, (k, 16 + 7 * k % 16)) for k in range(16)]
    sines = [builder.emit(Sin, (product,)) for product in scattered]
    program = builder.program([builder.emit(Sum, tuple(sines)), *sines])
    assert [8, 8] in pieces_of(program) and [1] * 16 in pieces_of(program)
    check(program, [0.125 * k for k in range(32)], monkeypatch)


def pieces_of(program):
    plan = Plan(program)
    runs = [run if isinstance(run, list) else [run] for run in plan.runs[1]]
    return [[len(piece) for piece in row.cut(run, plan)] for run in runs]


def test_operations_side_by_side_are_cut_in_eights_fours_and_twos():
    builder = Builder(64)
    program = builder.program([builder.emit(Sin, (k,)) for k in range(23)])
    assert pieces_of(program) == [[8, 8, 4, 2, 1]]


def test_operations_on_scattered_numbers_stand_alone():
    builder = Builder(64)
    program = builder.program([builder.emit(Multiply, (k, 3 * k % 31)) for k in range(8)])
    assert pieces_of(program) == [[1] * 8]


def test_what_c_computes_row_by_row_stands_alone():
    builder = Builder(64)
    program = builder.program([builder.emit(Lgamma, (k,)) for k in range(8)])
    assert pieces_of(program) == [[1] * 8]


def test_code_for_many_operations_of_one_kind_is_an_eighth_as_long():
    builder = Builder(400)
    total = builder.emit(Sum, tuple([builder.emit(Multiply, (k, k)) for k in range(400)]))
    text = row.module_of_row(Plan(builder.program([total]))).text()
    assert text.count("fmul") == 50
    assert text.count("fadd") < 200


def test_a_chain_is_done_in_its_own_order():
    builder = Builder(1)
    value = 0
    for _ in range(100):
        value = builder.emit(Sin, (value,))
    assert type(row.module_of_row(Plan(builder.program([value])))) is row.Module


def test_a_large_gradient_is_that_of_the_interpreter():
    def loss(x):
        return sum([(1.0 - a) ** 2 + 100.0 * (b - a * a) ** 2 for a, b in itertools.pairwise(x)], 0.0)

    x = np.linspace(-1.2, 1.1, 300)
    value, gradient = jit(value_and_grad(loss), tier="llvm")(x)
    expected, slopes = jit(value_and_grad(loss), tier="vm")(x)
    assert math.isclose(value, expected, rel_tol=1e-14)
    assert np.allclose(gradient, slopes, rtol=1e-13, atol=1e-13)
