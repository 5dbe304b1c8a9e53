"""Machine code is made when it pays, which is counted: the same work has it made at the same time in any shape."""

import numpy as np
import pytest

from autograd import callback, exp, grad, jit, logsumexp, norm, scan, value_and_grad, vmap, while_loop
from autograd.program import tiers
from autograd.program.machine.work import IN_BLOCKS

TIMES = 2000


@pytest.fixture(autouse=True)
def nothing_compiled(monkeypatch):
    """It is decided when to compile, and nothing is compiled."""
    monkeypatch.setattr(tiers, "COMPILED", True)
    monkeypatch.setattr(tiers, "TIMES_THAT_PAY", TIMES)
    monkeypatch.setattr(tiers, "compile_beside", lambda machine: None)


def calls_before_compiling(function, *arguments, most=5 * TIMES):
    """The number of calls at whose end machine code is asked for; None if it is not within so many."""
    for number in range(1, most + 1):
        function(*arguments)
        if any(machine.code is not None for path in function.paths for machine in path.machines.values()):
            return number
    return None


def line(operations):
    def function(x):
        for _ in range(operations):
            x = exp(-x)
        return x

    return function


def turns_of(operations):
    return lambda x, _: (line(operations)(x), None)


@pytest.mark.parametrize("operations", [1, 5, 150])
def test_of_a_line_of_operations_calls_count(operations):
    assert calls_before_compiling(jit(line(operations)), 0.5) == TIMES


@pytest.mark.parametrize("turns", [50, 500])
@pytest.mark.parametrize("operations", [10, 40])
def test_of_a_loop_its_turns_count(turns, operations):
    function = jit(lambda x: scan(turns_of(operations), x, length=turns)[0])
    assert calls_before_compiling(function, 0.5) == pytest.approx(TIMES / turns, abs=1)


def test_of_a_loop_beside_a_line_each_operation_counts():
    # 40 operations that are done 100 times as often as the 800 beside them.
    beside, inside, turns = 400, 20, 100
    function = jit(lambda x: scan(turns_of(inside), line(beside)(x), length=turns)[0])
    work, to_make = 2 * (beside + inside * turns), 2 * (beside + inside)
    assert calls_before_compiling(function, 0.5) == pytest.approx(TIMES * to_make / work, rel=0.01)


def test_turns_in_blocks_count_as_rows():
    x = np.linspace(0.0, 1.0, 2000)
    function = jit(value_and_grad(lambda p: scan(lambda total, x: (total + exp(-p * x), None), 0.0, x)[0]))
    assert calls_before_compiling(function, 0.5) == pytest.approx(TIMES / (IN_BLOCKS * len(x)), rel=0.5)


def test_of_an_operation_on_many_each_operand_counts():
    few, many = [
        calls_before_compiling(jit(grad(logsumexp)), np.linspace(0.0, 1.0, count)) for count in (12_000, 50_000)
    ]
    # Machine code of it is a loop, but the operands have to be looked through.
    assert TIMES / 1000 < many <= few < TIMES / 100


def test_turns_of_a_loop_without_a_length_count_as_often_as_they_are_done():
    def function(x):
        return while_loop(lambda y: y < 100.0, lambda y: exp(0.1) * y, x)

    # What decides is left to the interpreter: nothing but the way back is compiled.
    assert calls_before_compiling(jit(function), 1.0, most=100) is None
    # It takes one turn from the first number on, and 47 from the second.
    compiled = jit(grad(function))
    compiled(1.0)
    assert calls_before_compiling(compiled, 99.0, most=200) is None
    compiled = jit(grad(function))
    compiled(99.0)
    assert calls_before_compiling(compiled, 1.0, most=200) is not None


@pytest.mark.parametrize("operations", [1, 20])
@pytest.mark.parametrize("rows", [1, 100, 3000])
def test_of_rows_calls_and_rows_count(rows, operations):
    mapped = vmap(line(operations))
    expected = TIMES / (1.0 + IN_BLOCKS * (rows - 1))
    assert calls_before_compiling(mapped, np.linspace(0.0, 1.0, rows)) == pytest.approx(expected, abs=1)


def test_operands_that_are_gathered_row_by_row_count_each():
    rows = np.ones((100, 200))
    mapped = vmap(norm)
    assert calls_before_compiling(mapped, rows) < TIMES / 100


def test_what_is_called_back_does_not_count():
    double = callback(lambda x: 2.0 * x)
    assert calls_before_compiling(jit(lambda x: double(x) * x), 0.5) == TIMES
    assert calls_before_compiling(jit(double), 0.5) is None


def test_what_only_decides_is_not_compiled():
    assert calls_before_compiling(jit(lambda x: 1.0 if exp(x) > 0.0 else 2.0), 0.5) is None


def test_the_interpreter_alone_does_not_count():
    assert calls_before_compiling(jit(line(5), tier="vm"), 0.5) is None
