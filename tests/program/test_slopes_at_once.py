"""Slopes of operations on hundreds of operands: one operation in a program, with the bits of the rule written out."""

from __future__ import annotations

import math
from array import array

import numpy as np
import pytest

import autograd
from autograd import grad, hvp, jit, value_and_grad
from autograd.graph.joint_operations import JointOperation, Result
from autograd.numbers.arrays import doubles
from autograd.program.loops import found
from autograd.program.machine.machine import Machine
from autograd.program.machine.plan import Plan
from autograd.program.paths import SHORTEST_LINE
from autograd.program.program import Program
from autograd.program.slopes_at_once import FEWEST_OPERANDS, SlopesAtOnce
from autograd.program.written_out import written_out
from tests.tables.tiers import TIERS

COUNT = FEWEST_OPERANDS + 44
OPERATIONS = {
    "logsumexp": autograd.logsumexp,
    "norm": autograd.norm,
    "max": autograd.maximum,
    "min": autograd.minimum,
}
random = np.random.default_rng(5)
PLAIN = random.normal(size=COUNT)
POINTS = {
    "plain": PLAIN,
    "one leads": np.where(np.arange(COUNT) == 7, 12.0, 0.01 * PLAIN),
    "two lead": np.where(np.arange(COUNT) % 200 == 7, 12.0, PLAIN),
    "all alike": np.full(COUNT, -0.3),
    "zeros": np.where(np.arange(COUNT) % 2, 0.0, -0.0),
    "infinite": np.where(np.arange(COUNT) == 3, math.inf, PLAIN),
    "all infinite": np.full(COUNT, -math.inf),
    "nan": np.where(np.arange(COUNT) == 250, math.nan, PLAIN),
    "large": 1e200 * PLAIN,
    "small": 1e-320 * PLAIN,
}


def function(name):
    operation = OPERATIONS[name]
    return lambda x: operation(*x) if name in ("max", "min") else operation(x)


def program_of(fun, point):
    recorded = jit(fun, tier="vm")
    recorded(point)
    return recorded.paths[0].program


def bits(program, point):
    results = doubles(len(program.outputs))
    Machine(program).call_into(array("d", point), results)
    return np.array(results)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_gradient_has_few_operations_besides_its_results(name):
    program = program_of(grad(function(name)), PLAIN)
    assert any(isinstance(one, SlopesAtOnce) for one in program.externals.values())
    assert len([one for one in program if not isinstance(one.primitive, Result)]) <= 4


def test_results_have_no_names_and_no_steps_of_their_own():
    program = program_of(grad(function("norm")), PLAIN)
    assert len(program.names) <= 4 and len(Plan(program).before) <= 4
    (slopes,) = program.externals.values()
    [operation] = [one for one in program if one.primitive is slopes]
    # The machine finds them where the operation writes them, side by side.
    plan = Plan(program)
    assert [plan.place[value] - plan.place[operation.result] for value in program.outputs] == list(range(COUNT))


def test_a_program_with_a_result_that_nothing_gives_is_refused():
    program = program_of(grad(function("norm")), PLAIN)
    (slopes,) = program.externals.values()
    at = next(operation.result for operation in program if operation.primitive is slopes) - program.first
    for place, code in (at, -1), (at + 1, -1 - COUNT), (at - 1, -1):
        codes = array("i", program.codes)
        codes[place] = code
        parts = (program.inputs, program.constants, program.names, codes, program.starts, program.operands)
        with pytest.raises(ValueError, match=rf"is result {-1 - code} of one that doesn't have it"):
            Program(*parts, program.outputs, (), program.externals)


def test_many_arguments_of_few_operations_are_not_searched_for_loops(monkeypatch):
    monkeypatch.setattr(found, "rolled_up", None)
    point = np.linspace(0.1, 1.0, SHORTEST_LINE // 3 + 1)
    assert np.array_equal(jit(grad(autograd.norm), tier="vm")(point), grad(autograd.norm)(point))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_the_bits_are_those_of_the_rule_written_out(name, point):
    def weighted(x):
        return 3.0 * function(name)([*x[1:], x[0] * x[1]]) ** 2

    for fun in (function(name), weighted):
        program = program_of(value_and_grad(fun), POINTS[point])
        line = written_out(program)
        assert not any(isinstance(one, JointOperation) for one in line.externals.values())
        ours, theirs = bits(program, POINTS[point]), bits(line, POINTS[point])
        np.testing.assert_array_equal(ours, theirs)
        numbers = ~np.isnan(ours)
        np.testing.assert_array_equal(np.signbit(ours[numbers]), np.signbit(theirs[numbers]))


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_are_the_eager_ones(name, tier):
    compiled = jit(value_and_grad(function(name)), tier=tier)
    compiled(PLAIN)
    for point in POINTS.values():
        value, slopes = value_and_grad(function(name))(point)
        found, gradient = compiled(point)
        np.testing.assert_allclose(found, value, rtol=1e-14)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("name", OPERATIONS)
def test_constants_and_repeated_operands_are_as_in_eager_gradients(name):
    def some(x):
        return function(name)([*x[: COUNT // 2], *[0.25 * place for place in range(COUNT // 4)], *x[: COUNT // 4]])

    def twice(x):
        return function(name)([*x[: COUNT // 2], *x[: COUNT // 2]])

    for fun in (some, twice):
        for what in ("plain", "all alike"):
            wanted = grad(fun)(POINTS[what])
            np.testing.assert_allclose(jit(grad(fun), tier="vm")(POINTS[what]), wanted, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("name", OPERATIONS)
def test_derivatives_of_compiled_gradients_are_right(name):
    fun = function(name)
    compiled = jit(grad(fun), tier="vm")
    direction = list(np.cos(np.arange(COUNT)))
    _, wanted = autograd.jvp(grad(fun), (list(PLAIN),), (direction,))
    _, along = autograd.jvp(compiled, (list(PLAIN),), (direction,))
    np.testing.assert_allclose(along, wanted, rtol=1e-12, atol=1e-15)
    _, pullback = autograd.vjp(compiled, list(PLAIN))
    np.testing.assert_allclose(pullback(direction)[0], wanted, rtol=1e-12, atol=1e-15)
    product = jit(lambda x: hvp(fun, (x,), (direction,)), tier="vm")
    np.testing.assert_allclose(product(list(PLAIN)), wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["logsumexp", "max"])
def test_a_side_that_is_not_taken_gives_nothing(name):
    def guarded(x):
        return autograd.where(x[0] > 1e6, function(name)([math.inf * one for one in x]), x[1] * x[1])

    gradient = jit(grad(guarded), tier="vm")(PLAIN)
    np.testing.assert_array_equal(gradient, np.where(np.arange(COUNT) == 1, 2.0 * PLAIN, 0.0))


@pytest.mark.parametrize("name", OPERATIONS)
def test_programs_are_stored_with_the_same_bits(name):
    program = program_of(value_and_grad(function(name)), PLAIN)
    stored = Program.from_bytes(program.to_bytes())
    np.testing.assert_array_equal(bits(stored, PLAIN), bits(program, PLAIN))


def test_equal_slopes_are_computed_once():
    def fun(x):
        total = autograd.logsumexp(x)
        return total + autograd.logsumexp(list(x))

    program = program_of(grad(fun), PLAIN)
    assert len([one for one in program if isinstance(one.primitive, SlopesAtOnce)]) == 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_mapped_gradients_are_those_of_each_row(name):
    rows = random.normal(size=(5, COUNT))
    compiled = jit(grad(function(name)), tier="vm")
    compiled(PLAIN)
    wanted = [grad(function(name))(row) for row in rows]
    np.testing.assert_allclose(autograd.vmap(compiled)(rows), wanted, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(autograd.vmap(grad(function(name)))(rows), wanted, rtol=1e-14, atol=1e-300)
