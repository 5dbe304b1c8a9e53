"""Operations on many operands as machine code: the values of the interpreter, to the sign of zero, in every form."""

import itertools
import math
import random
import time

import mpmath
import numpy as np
import pytest

import autograd
from autograd import jit, prod, value_and_grad
from autograd.operations.primitive import all_primitives, find_primitive
from autograd.operations.primitives import PowerBelow
from autograd.program.builder import Builder
from autograd.program.machine.machine import Machine
from tests.tables.special_points import FEW

if not autograd.compiled:
    pytest.skip("machine code needs the compiled engine", allow_module_level=True)

from autograd.program.llvm import module, row
from autograd.program.llvm.native import NativeCode

MANY = [primitive for primitive in all_primitives(auxiliary=True) if primitive.arity is None]
BY_OPERATION = pytest.mark.parametrize("primitive", MANY, ids=lambda primitive: primitive.name)


def same(got, wanted):
    """Whether these are the same number, but for the last place of one that has digits."""
    if math.isnan(wanted) or wanted == 0.0 or math.isinf(wanted):
        return repr(got) == repr(wanted)
    return math.isclose(got, wanted, rel_tol=1e-15)


def tuples(length):
    """Tuples of special values: all of the short ones, all zeros, and some of the others."""
    draw = random.Random(length)
    if length <= 3:
        return list(itertools.product(FEW, repeat=length))
    return [
        *itertools.product([0.0, -0.0], repeat=length),
        *[tuple(draw.choices([0.0, -0.0, 1.0, -2.0], k=length)) for _ in range(200)],
        *[tuple(draw.choices(FEW, k=length)) for _ in range(200)],
    ]


@BY_OPERATION
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_special_values_are_those_of_the_interpreter_alone_and_in_rows(primitive, length):
    if primitive.name == "dot" and length % 2:
        return
    builder = Builder(length)
    program = builder.program([builder.emit(primitive, tuple(range(length)))])
    points = tuples(length)
    eager = [float(primitive.of_numbers(list(point))) for point in points]
    machines = {"interpreter": Machine(program)}
    for name, turns in (("at once", 1), ("patient", math.inf)):
        machines[name] = Machine(program)
        machines[name].use(NativeCode(machines[name].plan, rows=False, turns=turns), None)
    for name, machine in machines.items():
        for point, wanted in zip(points, eager, strict=True):
            [got] = machine.call(list(point))
            assert same(got, wanted), (name, point, got, wanted)
    for tier in ("vm", "llvm"):
        mapped = autograd.vmap(jit(primitive, tier=tier))
        rows = mapped(*np.array(points).T)
        for point, wanted, got in zip(points, eager, rows.tolist(), strict=True):
            assert same(got, wanted), (tier, point, got, wanted)


@BY_OPERATION
@pytest.mark.parametrize("length", [row.SHORTEST_LOOP, 34])
def test_special_values_are_those_of_the_interpreter_side_by_side_and_in_loops(primitive, length, monkeypatch):
    monkeypatch.setattr(row, "MOST_PIECES", math.inf)
    draw = random.Random(length)
    builder = Builder(8 * length)
    # Eight operations whose operands lie in rows, and as many on numbers side by side.
    together = [builder.emit(primitive, tuple(range(k, 8 * length, 8))) for k in range(8)]
    apart = [builder.emit(primitive, tuple(range(k * length, (k + 1) * length))) for k in range(8)]
    program = builder.program([*together, *apart])
    machine = Machine(program)
    machine.use(NativeCode(machine.plan, rows=False), None)
    for numbers in ([-0.0], [0.0, -0.0], [1.0, -1.0, 0.0, -0.0], [1.0, -2.0], FEW):
        for _ in range(20):
            point = draw.choices(numbers, k=8 * length)
            for got, wanted in zip(machine.call(point), Machine(program).call(point), strict=True):
                assert same(got, wanted), (point, got, wanted)


# Shares of the lanes: one number each, some with one more, and what is left over behind them.
LENGTHS = [module.SHORTEST_LOOP, 25, 31, 32, 33, 40, 47, 259]
EXACTLY = {
    "logsumexp": lambda terms: mpmath.log(mpmath.fsum([mpmath.exp(term) for term in terms])),
    "norm": lambda terms: mpmath.sqrt(mpmath.fsum([term * term for term in terms])),
    "prod": mpmath.fprod,
}
DRAWN = {
    "logsumexp": [lambda draw: draw.gauss(0.0, 300.0), lambda draw: draw.uniform(699.0, 709.0)],
    "norm": [lambda draw: draw.gauss(0.0, 1e-160), lambda draw: draw.gauss(0.0, 1e155)],
    "prod": [lambda draw: draw.gauss(0.0, 2.0), lambda draw: draw.choice([1e-300, 1e300, 3.0])],
}


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", EXACTLY)
def test_operations_on_many_numbers_are_within_two_units_in_the_last_place(name, length):
    draw = random.Random(length)
    compiled = jit(lambda x: find_primitive(name)(*x), tier="llvm")
    for one in [lambda draw: draw.gauss(0.0, 1.0), *DRAWN[name]]:
        numbers = [one(draw) for _ in range(length)]
        with mpmath.workdps(60):
            exact = EXACTLY[name]([mpmath.mpf(number) for number in numbers])
            got, wanted = compiled(numbers), float(exact)
            if math.isfinite(wanted) and abs(wanted) > 1e-290:
                assert abs(got - exact) <= 2.0 * math.ulp(wanted), (one, got, wanted)
            else:
                assert got == wanted


@pytest.mark.parametrize("length", [29, 300])
@pytest.mark.parametrize("name", EXACTLY)
def test_operations_on_many_numbers_give_the_same_bits_wherever_they_are(name, length):
    draw = random.Random(length)
    primitive = find_primitive(name)
    numbers = np.array([draw.gauss(0.0, 1.0) for _ in range(length)])
    wanted = jit(lambda x: primitive(*x), tier="llvm")(numbers)
    assert jit(lambda x: primitive(*x[::-1]), tier="llvm")(numbers[::-1].copy()) == wanted
    assert jit(lambda x: primitive(*(2.0 * x)), tier="llvm")(0.5 * numbers) == wanted
    assert jit(lambda x: primitive(*(2.0 * x[::-1])), tier="llvm")(0.5 * numbers[::-1]) == wanted
    assert jit(value_and_grad(lambda x: primitive(*(2.0 * x))), tier="llvm")(0.5 * numbers)[0] == wanted
    if length > module.MOST_WRITTEN_OUT:
        rows = np.array([numbers, numbers[::-1], numbers])
        found = autograd.vmap(jit(lambda x: primitive(*x), tier="llvm"))(rows)
        assert found[0] == found[2] == wanted


def test_a_product_of_thousands_keeps_its_mantissa_in_each_lane():
    numbers = [1.5, 0.75] * 8000
    with mpmath.workdps(60):
        exact = mpmath.fprod([mpmath.mpf(number) for number in numbers]) * mpmath.mpf(2) ** -1358
        powers = [0.5] * 1358
        found = jit(prod, tier="llvm")([*numbers, *powers])
        assert abs(found - exact) <= math.ulp(float(exact))


@pytest.mark.parametrize("primitive", [one for one in MANY if one.name != "dot"], ids=lambda primitive: primitive.name)
def test_operations_on_thousands_of_operands_compile_in_seconds(primitive):
    operands = [1.4, 0.7142857142857143] * 1500
    began = time.perf_counter()
    found = jit(lambda x: primitive(*x), tier="llvm")(operands)
    assert time.perf_counter() - began < 20.0
    # The mantissas of these factors alone would overflow.
    assert math.isclose(found, primitive.of_numbers(operands), rel_tol=1e-15)


def test_a_power_below_outside_of_its_domain_is_that_of_the_interpreter():
    points = [*FEW, -1.0, 0.5, -0.5, 2.5, 3.0, -3.0, 1e17, -math.inf, 2.0**53 + 2.0]
    value = find_primitive("power_below").value
    mapped = autograd.vmap(jit(PowerBelow, tier="llvm"))
    rows = list(itertools.product(points, repeat=3))
    for point, got in zip(rows, mapped(*np.array(rows).T).tolist(), strict=True):
        wanted = value(*point)
        assert same(got, wanted) or math.isclose(got, wanted, rel_tol=1e-13), (point, got, wanted)


def test_a_function_compiled_in_the_background_does_not_jump():
    def angle(x, y, z):
        return autograd.atan2(prod([x, y, z]), -1.0)

    assert jit(angle, tier="llvm")(0.0, 1.0, -2.0) == jit(angle, tier="vm")(0.0, 1.0, -2.0) == -math.pi
