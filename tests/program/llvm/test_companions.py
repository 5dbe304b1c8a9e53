"""Functions and slopes that share their work are done together, wherever they stand, and to the same bits."""

import numpy as np
import pytest

import autograd
from autograd import (
    cos,
    cosh,
    erf,
    grad,
    jit,
    logaddexp,
    logsumexp,
    sigmoid,
    sin,
    sinh,
    softplus,
    tanh,
    value_and_grad,
    vmap,
)
from autograd.operations.primitives import (
    ExpDifference,
    Logsumexp,
    MaxOfMany,
    Negate,
    Plus,
    Power,
    PowerBelow,
    SechSquared,
    Sigmoid,
    Sum,
    Tanh,
)
from tests.tables.comparison import same_bits

pytest.importorskip("llvmlite")
if not autograd.compiled:
    pytest.skip("machine code calls the compiled engine", allow_module_level=True)

from autograd.program.llvm import module
from autograd.program.llvm.companions import brought_together, companions
from autograd.program.machine.step import Step

FUNCTIONS = {
    "tanh": (tanh, "@ag_tanh_and_sech_squared(", ("@ag_tanh(", "@ag_sech_squared(")),
    "sinh": (sinh, "@ag_sinh_and_cosh(", ("@ag_sinh(", "@ag_cosh(")),
    "cosh": (cosh, "@ag_sinh_and_cosh(", ("@ag_sinh(", "@ag_cosh(")),
    "sin": (sin, "@ag_sin_and_cos(", ("@ag_sin(", "@ag_cos(")),
    "cos": (cos, "@ag_sin_and_cos(", ("@ag_sin(", "@ag_cos(")),
    "sigmoid": (sigmoid, "@ag_sigmoid_and_sigmoid_of_negated(", ("@ag_sigmoid(",)),
    "softplus": (softplus, "@ag_softplus_and_sigmoid(", ("@ag_softplus(", "@ag_sigmoid(")),
    "erf": (erf, "@ag_erf_and_gaussian(", ("@ag_erf(", "@ag_gaussian(")),
}
EVERY_FUNCTION = pytest.mark.parametrize("name", list(FUNCTIONS))


def numbers(steps):
    return [(step.result, step.primitive.name, step.operands) for step in steps]


def test_steps_of_a_family_on_the_same_operands_are_brought_together_and_others_keep_their_order():
    steps = [
        Step(2, Tanh, (0,)),
        Step(3, Tanh, (1,)),
        Step(4, Plus, (2, 3)),
        Step(5, SechSquared, (1,)),
        Step(6, SechSquared, (4,)),
        Step(7, SechSquared, (0,)),
    ]
    together = brought_together(steps)
    assert [step.result for step in together] == [2, 7, 3, 5, 4, 6]
    assert [step.result for step in companions(together, 0, 6)] == [2, 7]
    assert [step.result for step in companions(together, 2, 3)] == [3]
    assert [step.result for step in companions(together, 4, 6)] == [4]


def test_a_sigmoid_of_a_negated_number_is_a_function_of_the_number():
    steps = [Step(1, Sigmoid, (0,)), Step(2, Negate, (0,)), Step(3, Plus, (1, 2)), Step(4, Sigmoid, (2,))]
    assert numbers(brought_together(steps)) == [
        (1, "sigmoid", (0,)),
        (4, "sigmoid_of_negated", (0,)),
        (2, "negate", (0,)),
        (3, "plus", (1, 2)),
    ]


def test_a_logsumexp_takes_the_exponentials_of_its_slopes():
    steps = [
        Step(2, Logsumexp, (0, 1)),
        Step(3, Plus, (2, 2)),
        Step(4, MaxOfMany, (0, 1)),
        Step(5, ExpDifference, (0, 4)),
        Step(6, ExpDifference, (1, 4)),
        Step(7, Sum, (5, 6)),
    ]
    expected = [4, 5, 6, 7, 2, 3]
    together = brought_together(steps)
    assert [step.result for step in together] == expected
    assert (2, "log_of_powers", (4, 7)) in numbers(together)
    # Where a step is missing, or must not come so early, all stays as it is.
    for changed, earliest in ((steps[:-1], None), (steps[:3] + steps[4:], None), (steps, {6: 1})):
        assert numbers(brought_together(changed, earliest)) == numbers(changed)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_logsumexp_and_its_slopes_have_one_exponential_for_each_operand(count, compilations):
    def function(x):
        return 3.0 * logsumexp(list(x)) - x[0]

    X = np.random.default_rng(count).uniform(-9.0, 9.0, (90, count))
    X[0], X[1, 0], X[2, 1], X[3, 0] = 700.0, np.inf, -np.inf, np.nan
    X[4] = -np.inf
    value, slopes = jit(vmap(value_and_grad(function)), tier="llvm")(X)
    (text,) = compilations
    assert text.count("= call <8 x double> @ag_exp_difference(") == count
    assert value.tobytes() == jit(vmap(function), tier="llvm")(X).tobytes()
    assert slopes.tobytes() == jit(vmap(grad(function)), tier="llvm")(X).tobytes()
    exact = jit(vmap(value_and_grad(function)), tier="vm")(X)
    for found, expected in zip((value, slopes), exact, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_logaddexp_and_its_two_slopes_are_one_call(compilations):
    def function(a, b):
        return 3.0 * logaddexp(a, b) - a

    X = np.random.default_rng(0).uniform(-40.0, 40.0, (2, 300))
    X[:, :6] = [[1.0, 800.0, np.inf, -np.inf, np.nan, np.inf], [1.0, -800.0, 2.0, -np.inf, 0.0, np.inf]]
    value, slopes = jit(vmap(value_and_grad(function, (0, 1))), tier="llvm")(*X)
    (text,) = compilations
    kinds = "{ <8 x double>, <8 x double>, <8 x double> }"
    assert text.count(f"= call {kinds} @ag_logaddexp_and_sigmoid_difference_and_sigmoid_difference_swapped(") == 1
    assert same_bits(value, jit(vmap(function), tier="llvm")(*X))
    for place, slope in enumerate(slopes):
        assert same_bits(slope, jit(vmap(grad(function, place)), tier="llvm")(*X))


def test_a_power_and_its_slope_are_one_call_unless_an_operand_comes_later(compilations):
    steps = [Step(3, Power, (0, 1)), Step(4, Plus, (3, 3)), Step(5, PowerBelow, (0, 1, 2))]
    assert numbers(brought_together(steps)) == [
        (3, "power_beside", (0, 1, 2)),
        (5, "power_below", (0, 1, 2)),
        (4, "plus", (3, 3)),
    ]
    later = [Step(3, Power, (0, 1)), Step(4, Plus, (3, 3)), Step(5, PowerBelow, (0, 1, 4))]
    assert numbers(brought_together(later)) == numbers(later)
    X = np.concatenate([np.random.default_rng(0).uniform(-3.0, 30.0, 300), [0.0, -0.0, 1.0, 5e-324, np.inf, -np.inf]])

    def function(x):
        return 3.0 * x**2.5

    value, slope = jit(vmap(value_and_grad(function)), tier="llvm")(X)
    (text,) = compilations
    assert text.count("= call { <8 x double>, <8 x double> } @ag_power_beside_and_power_below(") == 1
    assert same_bits(value, jit(vmap(function), tier="llvm")(X))
    assert same_bits(slope, jit(vmap(grad(function)), tier="llvm")(X))


@EVERY_FUNCTION
def test_a_value_and_its_slope_are_one_call(name, compilations):
    function, together, alone = FUNCTIONS[name]
    jit(vmap(value_and_grad(lambda x: function(x) * x), reduce="sum"), tier="llvm")(np.linspace(-2.0, 2.0, 20))
    (text,) = compilations
    assert text.count(f"= call {{ <8 x double>, <8 x double> }} {together}") == 1
    assert not any(f"call <8 x double> {apart}" in text for apart in alone)


@EVERY_FUNCTION
def test_values_and_slopes_together_are_those_of_each_alone_to_the_bit(name):
    function = FUNCTIONS[name][0]
    X = np.concatenate([np.random.default_rng(0).uniform(-4.0, 4.0, 300), [0.0, -0.0, 5e-324, 1e-310, 40.0, -700.0]])
    both = jit(vmap(value_and_grad(function)), tier="llvm")
    value, slope = both(X)
    assert value.tobytes() == jit(vmap(function), tier="llvm")(X).tobytes()
    assert slope.tobytes() == jit(vmap(grad(function)), tier="llvm")(X).tobytes()
    row = jit(value_and_grad(function), tier="llvm")
    assert [row(float(x)) for x in X] == list(zip(value.tolist(), slope.tolist(), strict=True))


@pytest.mark.parametrize("length", [2, 3, 5, 7])
def test_companions_in_different_parts_of_the_code_give_the_same_bits(length, monkeypatch):
    def nested(x):
        y = tanh(x) + sigmoid(x)
        return y * sin(y) * tanh(y)

    X = np.random.default_rng(1).uniform(-3.0, 3.0, 50)
    expected = jit(vmap(value_and_grad(nested)), tier="llvm")(X)
    monkeypatch.setattr(module, "LENGTH", length)
    found = jit(vmap(value_and_grad(nested)), tier="llvm")(X)
    assert [part.tobytes() for part in found] == [part.tobytes() for part in expected]


@pytest.mark.parametrize(("first", "second"), [(sin, cos), (cos, sin), (sinh, cosh), (cosh, sinh), (softplus, sigmoid)])
def test_results_in_registers_that_are_used_again_wait_for_those_who_read_what_was_there(first, second):
    def of_two(a, b):
        return first(a) * b, second(a)

    columns = np.linspace([0.1, 2.0], [1.0, 3.0], 37).T.copy()
    found = jit(vmap(of_two), tier="llvm")(*columns)
    for part, expected in zip(found, jit(vmap(of_two), tier="vm")(*columns), strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-14)
