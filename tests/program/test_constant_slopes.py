"""Slopes that are constants are multiplied and added up while a function is recorded: nothing of them is left."""

import math

import numpy as np
import pytest

from autograd import grad, hessian, jacfwd, jacobian, jit, tanh, value_and_grad, vmap, where
from autograd.program.written_out import written_out

nan = math.nan


def least_squares(count):
    """The sum of squares of 2n residuals that are linear in n variables, and its Hessian."""
    matrix = np.random.default_rng(count).normal(size=(2 * count, count))
    offsets = np.arange(2.0 * count)

    def loss(x):
        residuals = matrix @ x - offsets
        return residuals @ residuals

    return loss, 2.0 * matrix.T @ matrix


def squares(matrix, offsets):
    """The sum of the squares of residuals, with the squares written in three ways."""
    return [
        lambda x: ((matrix @ x - offsets) ** 2).sum(),
        lambda x: sum((residual**2.0 for residual in matrix @ x - offsets), 0.0),
        lambda x: np.sum(np.square(matrix @ x - offsets)),
    ]


def operations(function, *args):
    """The operations of the program of a function for these arguments, by name."""
    return [operation.primitive.name for operation in program(function, *args)]


def program(function, *args):
    """The program of a function for these arguments."""
    fast = jit(function, tier="vm")
    fast(*args)
    return fast.paths[0].program


def test_the_gradient_of_a_linear_function_has_no_product():
    names = operations(grad(lambda x: 3 * x[0] + x[1] - 2.0 * (x[0] - 4.0 * x[1])), [1.0, 2.0])
    value = operations(lambda x: 3 * x[0] + x[1] - 2.0 * (x[0] - 4.0 * x[1]), [1.0, 2.0])
    # The value is computed to see whether it is nan.
    assert sorted(names) == sorted([*value, "equal", "select", "select"])


@pytest.mark.parametrize("count", [3, 20, 50])
def test_the_hessian_of_least_squares_is_its_entries_and_the_mask(count):
    loss, exact = least_squares(count)
    fast = jit(hessian(loss), tier="vm")
    x = np.ones(count)
    assert fast(x) == pytest.approx(exact, rel=1e-12, abs=1e-12 * abs(exact).max())
    assert np.array_equal(fast(x), fast(2.0 * x))
    gradient = program(grad(loss), x)
    gradient = len(written_out(gradient) or gradient)
    # For each entry a choice between it and nan, for each row the condition.
    assert len(fast.paths[0].program) <= gradient + count**2 + 4 * count


# Of 40 rows, each has a mask of its own: more than are told apart by bits.
@pytest.mark.parametrize("count", [12, 40])
@pytest.mark.parametrize("way", range(3))
def test_squares_have_constant_second_derivatives_however_they_are_written(way, count):
    matrix = np.random.default_rng(count).normal(size=(2 * count, count))
    loss = squares(matrix, np.arange(2.0 * count))[way]
    fast = jit(hessian(loss), tier="vm")
    x = np.ones(count)
    exact = 2.0 * matrix.T @ matrix
    assert fast(x) == pytest.approx(exact, rel=1e-12, abs=1e-12 * abs(exact).max())
    assert np.isnan(fast(np.where(np.arange(count) == 1, nan, x))).all()
    gradient = program(grad(loss), x)
    gradient = len(written_out(gradient) or gradient)
    assert len(fast.paths[0].program) <= gradient + count**2 + 4 * count


@pytest.mark.parametrize("derivative", [grad, jacfwd, hessian, lambda fun: jacfwd(jacfwd(fun))])
def test_constant_derivatives_of_what_is_nan_are_nan(derivative):
    loss, _ = least_squares(3)
    for function in (loss, lambda x: 3.0 * x[0] + x[1] * x[2]):
        fast = jit(derivative(function), tier="vm")
        for x in ([1.0, 2.0, 3.0], [nan, 2.0, 3.0]):
            found, eager = fast(np.array(x)), derivative(function)(np.array(x))
            assert np.array_equal(np.isnan(found), np.isnan(eager)), x
            assert found == pytest.approx(np.array(eager), rel=1e-12, nan_ok=True)


def test_a_slope_is_constant_beside_others_that_are_not():
    def function(x):
        return 5.0 * x[0] * 0.5 + tanh(x[1]) * x[0] + where(x[1] > 0.0, 4.0 * x[2], x[1])

    for derivative in (grad, hessian, lambda fun: jacobian(lambda x: [fun(x), x[0] + fun(x)])):
        fast, eager = jit(derivative(function)), derivative(function)
        for x in ([1.0, 2.0, 3.0], [0.5, -1.0, 2.0], [1.0, 2.0, nan], [0.5, -1.0, nan]):
            assert np.array(fast(x)) == pytest.approx(np.array(eager(x)), rel=1e-14, abs=1e-300, nan_ok=True), x


def test_constant_slopes_of_rows_and_of_inner_derivatives():
    slope = vmap(value_and_grad(lambda x: 3.0 * x + grad(lambda y: x * y * 2.0)(x)))
    values, slopes = slope(np.array([1.0, nan, -2.0]))
    assert values[::2].tolist() == [5.0, -10.0] and slopes[::2].tolist() == [5.0, 5.0]
    assert math.isnan(values[1]) and math.isnan(slopes[1])
