"""Equal operations of a recording are differentiated once."""

import math

import numpy as np
import pytest

from autograd import exp, grad, hessian, jit, log, maximum, sin, stop_gradient, tanh, value_and_grad, where


def determinant(matrix):
    """By minors, each of which is computed many times."""
    if len(matrix) == 1:
        return matrix[0][0]
    total = 0.0
    for column, number in enumerate(matrix[0]):
        minor = [row[:column] + row[column + 1 :] for row in matrix[1:]]
        total += (-1.0) ** column * number * determinant(minor)
    return total


def operations(function, *args):
    """The number of operations of the program of a function for these arguments."""
    fast = jit(function, tier="vm")
    fast(*args)
    return len(fast.paths[0].program)


def test_the_gradient_of_a_determinant_is_not_much_longer_than_its_value():
    matrix = np.random.default_rng(5).normal(size=(6, 6)).tolist()
    inverse = np.linalg.inv(np.array(matrix))
    assert operations(grad(determinant), matrix) <= 4 * operations(determinant, matrix)
    value, slopes = jit(value_and_grad(determinant), tier="vm")(matrix)
    assert value == pytest.approx(np.linalg.det(np.array(matrix)), rel=1e-12)
    assert np.array(slopes) == pytest.approx(value * inverse.T, rel=1e-11)


def test_what_is_written_many_times_is_differentiated_as_if_it_were_once():
    def often(x):
        return sum([exp(sin(x) * 2.0) * x * place for place in range(1, 9)], 0.0)

    for derivative in (grad, hessian, lambda fun: grad(grad(grad(fun)))):
        assert jit(derivative(often))(0.5) == pytest.approx(derivative(often)(0.5), rel=1e-13)
    assert operations(grad(often), 0.5) < 40


def test_gradients_keep_their_bits_where_little_is_repeated():
    def twice(x):
        return exp(sin(x) * 2.0) * x + exp(sin(x) * 2.0) / (1.0 + x * x * x) - tanh(x * 0.3) * x

    for x in (0.5, 1.7, -2.2):
        assert jit(grad(twice), tier="vm")(x) == grad(twice)(x)


def test_constants_are_equal_to_the_bit():
    def function(x):
        return 1.0 / (x * 0.0 + 0.0) - 1.0 / (-(x * 0.0) + -0.0) + x * 2.0 + x**2.0

    assert jit(value_and_grad(function))(3.0)[0] == value_and_grad(function)(3.0)[0] == math.inf
    assert jit(grad(lambda x: (x * 2.0) * (x * -2.0) + (x * 2.0)))(3.0) == -22.0


def test_operands_are_told_from_constants_that_equal_their_places():
    # Inside, arguments are 0, 1, 2: no constant may be taken for one of them.
    def function(x):
        return x[0] * x[1] + x[0] * 1.0 + x[0] * 2.0 + x[0] * x[2]

    assert jit(grad(function))([5.0, 7.0, 11.0]) == [21.0, 5.0, 5.0]


@pytest.mark.parametrize("place", [0.0, 1.0])
def test_shares_of_tied_operands_are_counted_by_who_wrote_them(place):
    def function(x):
        a, b = x[0] * 2.0, x[0] * 2.0
        return maximum(a, b, x[1]) + 3.0 * maximum(a, a, x[1])

    for x in ([place, 2.0 * place], [place, 0.5], [place, 7.0]):
        assert jit(grad(function))(x) == pytest.approx(grad(function)(x), rel=1e-15)


def test_what_is_not_taken_stays_isolated_where_it_is_written_twice():
    def function(x):
        return where(x > 0.0, log(x), x * 3.0) + where(x > 0.0, 2.0 * log(x), 0.0)

    for x in (0.0, 2.0):
        assert jit(grad(function))(x) == grad(function)(x)


def test_a_constant_copy_of_what_is_not_taken_has_no_derivative():
    def function(x):
        return where(x > 1.0, log(x), x * 3.0) * exp(stop_gradient(log(x)))

    for x in (0.0, 2.0):
        assert jit(grad(function))(x) == grad(function)(x)
