"""Hessians where the slopes of an argument cancel: edge pushing squares each, and must not lose what they leave."""

import random

import numpy as np
import pytest

from autograd import dot, exp, hessian, jit, norm, sin, sqrt
from tests.tables.oracles import mp, mpf
from tests.tables.roundings import EPSILON

HESSIANS = {
    "dense": hessian,
    "sparse": lambda function: lambda point: hessian(function, sparse=True)(point).toarray(),
    "vm": lambda function: jit(hessian(function), tier="vm"),
}
# Of two numbers that nearly cancel, and third one; the second derivative in the third, of exact operands.
CASES = {
    "square": (lambda v: (v[2] * v[0] - v[2] * v[1]) ** 2, lambda a, b, x: 2 * (a - b) ** 2),
    "product": (
        lambda v: (v[2] * v[0] - v[2] * v[1]) * (v[2] * v[0] - v[2] * v[1]),
        lambda a, b, x: 2 * (a - b) ** 2,
    ),
    "dot": (lambda v: dot([v[2], v[2]], [v[0], -v[1]]) ** 2, lambda a, b, x: 2 * (a - b) ** 2),
    "sum in steps": (
        lambda v: (((v[2] * v[0] + v[2]) - v[2] * v[1]) - v[2]) ** 2 * 0.5,
        lambda a, b, x: (a - b) ** 2,
    ),
}  # fmt: skip


def nearly_equal(draw):
    a = draw.uniform(1.0, 2.0)
    return a, a - draw.uniform(0.5, 2.0) * 10.0 ** draw.uniform(-12.0, -3.0), draw.uniform(-2.0, 2.0)


@pytest.mark.parametrize("way", HESSIANS)
@pytest.mark.parametrize("name", CASES)
def test_the_second_derivative_keeps_the_digits_that_the_slopes_have_in_common(way, name):
    function, exact = CASES[name]
    derivative, draw = HESSIANS[way](function), random.Random(name)
    for _ in range(200):
        point = nearly_equal(draw)
        expected = exact(*map(mpf, point))
        # As many digits are lost as slopes lose that are added before they are squared, and not twice as many.
        lost = 2.0 / (point[0] - point[1])
        assert abs(derivative(list(point))[2][2] - expected) <= 8.0 * EPSILON * lost * expected, point


def test_no_curvature_of_a_square_is_negative():
    draw = random.Random(7)
    for _ in range(2000):
        a, b, x = draw.uniform(-2.0, 2.0), draw.uniform(0.5, 2.0) * 1e-9, draw.uniform(-2.0, 2.0)
        assert hessian(lambda v: (v[0] * v[1] - v[0] * v[2]) ** 2)([x, a, a - b])[0][0] > 0.0


def test_dense_and_sparse_are_the_same_and_right_where_nothing_cancels():
    def function(v):
        return norm([sin(v[0]) * v[1], v[2] + exp(v[0])]) * sqrt(1.0 + v[1] * v[1]) + dot(v, v) ** 2

    point = [0.3, -0.8, 0.5]
    found = np.array(hessian(function)(point))
    assert np.array_equal(found, hessian(function, sparse=True)(point).toarray())

    def exact(x, y, z):
        inner = mp.sqrt((mp.sin(x) * y) ** 2 + (z + mp.exp(x)) ** 2)
        return inner * mp.sqrt(1 + y * y) + (x * x + y * y + z * z) ** 2

    for i, row in enumerate(found):
        for j, entry in enumerate(row):
            orders = tuple((i == place) + (j == place) for place in range(3))
            assert entry == pytest.approx(float(mp.diff(exact, tuple(map(mpf, point)), orders)), rel=1e-13)


def test_what_is_not_finite_is_as_by_plain_sums():
    huge = hessian(lambda v: (v[0] * 1e200 + v[1] * 1e-3) ** 2)([1.0, 1.0])
    assert huge[0][0] == np.inf
    assert huge[1][1] == pytest.approx(2e-6, rel=1e-15)
    assert np.isnan(hessian(lambda v: (v[0] * np.inf - v[0] * np.inf) ** 2)([1.0])[0][0])
