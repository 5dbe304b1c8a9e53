"""Operations of one kind done in one go: the order, and the same bits as one by one."""

import itertools
import random
from array import array

import pytest

import autograd
from autograd import jit, sin
from autograd.operations.primitives import Exp, Fma, Minus, Multiply, Negate, Plus, PowerBelow, Select, Sin, Sum
from autograd.program.builder import Builder
from autograd.program.machine.machine import Machine, steps_of
from autograd.program.machine.plan import Plan
from autograd.program.machine.runs import LONGEST, SHORTEST, in_runs
from autograd.program.machine.step import Step
from autograd.program.program import Program
from tests.tables.comparison import same_bits
from tests.tables.random_programs import KNOWN, random_program
from tests.tables.special_points import SPECIAL

# That each value is computed by a step of its own.
VALUES = array("i", range(2000))


def by_machine(program, inputs):
    return list(Machine(program, (False,) * program.inputs).call(list(inputs)))


def operations_of(*rows):
    """Steps from rows of a result, a primitive and operands."""
    return [Step(result, primitive, tuple(operands)) for result, primitive, *operands in rows]


def lists_of(runs):
    """Runs, single steps as runs of one."""
    return [run if isinstance(run, list) else [run] for run in runs]


def test_operations_that_do_not_wait_for_each_other_are_one_run():
    squares = [(10 + k, Multiply, k, k) for k in range(4)]
    sines = [(20 + k, Sin, 10 + k) for k in range(4)]
    alternating = operations_of(*[row for pair in zip(squares, sines, strict=True) for row in pair])
    [runs] = in_runs([alternating], VALUES)
    assert [[(step.result, step.primitive, *step.operands) for step in run] for run in runs] == [squares, sines]


def test_operations_are_put_in_the_order_in_which_their_operands_lie():
    backwards = operations_of(*[(10 + k, Sin, k) for k in reversed(range(5))])
    after = operations_of(*[(20 + k, Plus, 14 - k, 0) for k in range(5)])
    [runs] = in_runs([backwards + after], VALUES)
    assert [[operation.operands[0] for operation in run] for run in runs] == [[0, 1, 2, 3, 4], [10, 11, 12, 13, 14]]


def test_the_order_is_that_of_the_operands_of_which_most_lie_side_by_side():
    # As a layer with two gates has it: each number that is given is used twice, with numbers that lie in rows.
    used = [(given, 20 + 8 * gate + given) for gate in range(2) for given in range(8)]
    mixed = operations_of(*[(100 + k, Multiply, *used[5 * k % 16]) for k in range(16)])
    [[run]] = in_runs([mixed], VALUES)
    assert [operation.operands for operation in run] == used
    swapped = operations_of(*[(100 + k, Multiply, *used[5 * k % 16][::-1]) for k in range(16)])
    [[run]] = in_runs([swapped], VALUES)
    assert [operation.operands[::-1] for operation in run] == used


def test_results_lie_in_the_order_of_their_run():
    first = operations_of(*[(100 + k, Multiply, k // 2, 20 + 8 * (k % 2) + k // 2) for k in range(16)])
    second = operations_of(*[(200 + k, Sin, 100 + k) for k in range(16)])
    [runs] = in_runs([[*first, *second]], VALUES)
    assert [operation.operands[0] for operation in runs[1]] == [operation.result for operation in runs[0]]


def test_a_part_comes_behind_the_one_before():
    first, second = (
        operations_of(*[(10 + k, Sin, k) for k in range(5)]),
        operations_of(*[(20 + k, Exp, 14 - k) for k in range(5)]),
    )
    runs = in_runs([first, second], VALUES)
    assert [len(part) for part in runs] == [1, 1]
    assert [operation.result for operation in runs[1][0]] == [24, 23, 22, 21, 20]


def test_a_chain_stays_in_its_own_order():
    chain = operations_of(*[(k + 1, Sin, k) for k in range(20)])
    assert in_runs([chain], VALUES) == [chain]


@pytest.mark.parametrize("count", [1, SHORTEST - 1, SHORTEST, LONGEST, LONGEST + 1, LONGEST + SHORTEST, 3 * LONGEST])
def test_runs_are_neither_too_short_nor_too_long(count):
    [parts] = in_runs([operations_of(*[(1000 + k, Sin, k) for k in range(count)])], VALUES)
    runs = lists_of(parts)
    assert [operation.operands[0] for run in runs for operation in run] == list(range(count))
    for run in runs:
        assert len(run) == 1 or SHORTEST <= len(run) <= LONGEST
    # No more single operations than a short run would have.
    assert sum(len(run) == 1 for run in runs) < max(SHORTEST, count % LONGEST + 1)


def test_what_uses_a_result_waits_for_the_operation_that_gives_several():
    first = [(10 + k, Sin, k) for k in range(8)]
    [operation] = operations_of((20, Sum, *range(10, 18)))
    behind = [(40 + k, Exp, 21 + k) for k in range(8)]
    maker = array("i", [20 if 20 <= value < 30 else value for value in range(60)])
    [runs] = in_runs([[*operations_of(*first), operation, *operations_of(*behind)]], maker)
    assert [[step.result for step in run] for run in lists_of(runs)] == [[*range(10, 18)], [20], [*range(40, 48)]]


def test_operations_on_many_operands_stand_alone():
    sums = operations_of(*[(10 + k, Sum, 0, 1, k) for k in range(8)])
    assert in_runs([sums], VALUES) == [sums]


@pytest.mark.parametrize("seed", range(12))
def test_programs_in_runs_give_the_bits_of_one_operation_at_a_time(seed):
    draw = random.Random(seed)
    pool = [Plus, Minus, Multiply, Negate, Select, Fma, Sin, Sum] if seed % 2 else KNOWN
    # A lowered exponent is a small integer, not anything.
    pool = [primitive for primitive in pool if primitive is not PowerBelow]
    program = random_program(draw, 60, 600, pool)
    inputs = [draw.choice([*SPECIAL, draw.uniform(-2.0, 2.0), draw.uniform(-2.0, 2.0)]) for _ in range(60)]
    assert same_bits(by_machine(program, inputs), program(*inputs))


@pytest.mark.parametrize("primitive", KNOWN, ids=lambda primitive: primitive.name)
def test_a_run_of_any_primitive_gives_the_bits_of_single_operations(primitive):
    arity = primitive.arity or 2
    for ways in itertools.product(["row", "same", "scattered"], repeat=arity):
        count, width = 11, 40
        used = []
        for k in range(count):
            used += [{"row": p + k, "same": 5 + p, "scattered": (7 * k + p) % width}[way] for p, way in enumerate(ways)]
        starts = range(0, count * arity + 1, arity)
        program = Program(width, [], [primitive.name], [0] * count, starts, used, range(width, width + count))
        inputs = [0.125 * (place % 9) + 0.25 for place in range(width)]
        if primitive is PowerBelow:
            inputs = [1.0 + place % 3 for place in range(width)]
        assert same_bits(by_machine(program, inputs), program(*inputs)), ways


def test_results_of_a_run_lie_next_to_each_other():
    builder = Builder(300)
    squares = [builder.emit(Multiply, (k, k)) for k in range(300)]
    sums = [builder.emit(Plus, pair) for pair in itertools.pairwise(squares)]
    plan = Plan(builder.program(sums), (False,) * 300)
    for run in [run for part in plan.runs for run in lists_of(part)]:
        places = [plan.place[operation.result] for operation in run]
        assert places == list(range(places[0], places[0] + len(run)))


@pytest.mark.skipif(not autograd.compiled, reason="uncompiled, operations are done one by one")
def test_the_interpreter_takes_a_step_for_a_run():
    builder = Builder(300)
    sines = [builder.emit(Sin, (k,)) for k in range(300)]
    [_, runs] = Plan(builder.program(sines), (False,) * 300).runs
    assert [len(step) for step in steps_of(runs)] == [LONGEST, LONGEST, 300 - 2 * LONGEST]


def test_decisions_are_taken_before_the_rest_in_runs_too():
    def function(x):
        return [sin(a) if a * a > 0.25 else 2.0 * a for a in x]

    compiled = jit(function, tier="vm")
    draw = random.Random(1)
    for _ in range(3):
        x = [draw.choice([0.1, 0.9]) for _ in range(40)]
        assert same_bits(compiled(x), function(x))
