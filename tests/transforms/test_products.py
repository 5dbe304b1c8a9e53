"""The transforms: Jacobians, Hessians, and the products with them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    ArgumentError,
    Variable,
    dot,
    exp,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    logsumexp,
    sin,
    tanh,
    vjp,
)
from autograd.testing import expressions
from tests.tables.derivatives import assert_same, cube, number
from tests.tables.duals import Dual, apply_to_duals
from tests.tables.roundings import EPSILON
from tests.tables.settings import CI

# Jacobians and Hessians


def test_a_jacobian_of_an_array_in_an_array_has_both_shapes():
    matrix = np.arange(24.0).reshape(6, 4)
    for transform in (jacobian, jacfwd, jacrev):
        assert_same(transform(lambda xs: (matrix @ xs).reshape(2, 3))(np.zeros(4)), matrix.reshape(2, 3, 4))
        assert_same(transform(lambda xs: matrix.T @ xs.ravel())(np.zeros((2, 3))), matrix.T.reshape(4, 2, 3))
        assert_same(transform(lambda xs: xs[:0])(np.zeros(4)), np.zeros((0, 4)))
        assert_same(transform(lambda xs: np.ones(3))(np.zeros((0, 2))), np.zeros((3, 0, 2)))


def test_a_jacobian_of_a_tree_is_a_tree_of_trees():
    def fun(p, y):
        return {"sum": p["a"] + y, "rest": [p["b"] * y, (p["b"][0] * p["b"][1],)]}

    expected = {
        "sum": ({"a": 1.0, "b": np.zeros(2)}, 1.0),
        "rest": [
            ({"a": np.zeros(2), "b": 7.0 * np.eye(2)}, np.array([2.0, 3.0])),
            (({"a": 0.0, "b": np.array([3.0, 2.0])}, 0.0),),
        ],
    }
    for transform in (jacobian, jacfwd, jacrev):
        assert_same(transform(fun, (0, 1))({"a": 5.0, "b": np.array([2.0, 3.0])}, 7.0), expected)


def test_a_jacobian_of_numbers_in_numbers_is_floats():
    assert_same(jacobian(lambda x: (x[0] * x[1], [x[0]]))([2, 3]), ([3.0, 2.0], [[1.0, 0.0]]))
    assert_same(jacobian(lambda x: [])(2.0), [])
    assert_same(jacobian(lambda x: np.array([x, x * x], dtype=object))(3.0), np.array([1.0, 6.0]))


def test_a_hessian_has_the_structure_of_the_argument_twice():
    def fun(p):
        return p["a"] ** 2 * p["b"][0] * p["b"][1]

    expected = {
        "a": {"a": 30.0, "b": np.array([20.0, 12.0])},
        "b": {"a": np.array([20.0, 12.0]), "b": np.array([[0.0, 4.0], [4.0, 0.0]])},
    }
    assert_same(hessian(fun)({"a": 2.0, "b": np.array([3.0, 5.0])}), expected)
    assert_same(jacfwd(jacrev(fun))({"a": 2.0, "b": np.array([3.0, 5.0])}), expected)


def test_a_hessian_in_several_arguments_is_a_tuple_of_tuples():
    def fun(xs, y):
        return xs[0] * xs[1] * y**2

    exact = ((np.array([[0.0, 25.0], [25.0, 0.0]]), np.array([30.0, 20.0])), (np.array([30.0, 20.0]), 12.0))
    assert_same(hessian(fun, (0, 1))(np.array([2.0, 3.0]), 5.0), exact)
    assert_same(hessian(fun, argnums=(1,))(np.array([2.0, 3.0]), 5.0), ((12.0,),))
    assert_same(hessian(fun, -1)(np.array([2.0, 3.0]), 5.0), 12.0)


def test_a_hessian_of_an_array_has_its_shape_twice():
    def fun(xs):
        return autograd.sum([xs[i, j] * xs[i, (j + 1) % 3] for i in range(2) for j in range(3)])

    got = hessian(fun)(np.ones((2, 3)))
    assert got.shape == (2, 3, 2, 3) and got.dtype == np.float64
    for i, j, k, m in itertools.product(range(2), range(3), range(2), range(3)):
        assert got[i, j, k, m] == (1.0 if i == k and j != m else 0.0)


@CI
@given(expressions(max_leaves=3), st.lists(st.sampled_from([1.0, -1.0, 0.5, 2.0, 0.0]), min_size=3, max_size=3))
def test_forward_and_backward_sweeps_give_the_derivative_of_random_expressions(expression, direction):
    point, direction = list(expression.point), direction[: len(expression.point)]
    duals = [Dual(x, part, abs(part)) for x, part in zip(point, direction, strict=True)]
    exact = expression.evaluate(duals, apply_to_duals)

    def fun(xs):
        return expression(*xs)

    def along(gradient):
        return math.fsum(number(slope) * part for slope, part in zip(gradient, direction, strict=True))

    # Along each path derivatives are multiplied and then added up, in any mode with at most two roundings an edge,
    # or with two more for a slope that a rule gave; `size` is the sum over paths of absolute products.
    edges = sum(len(arguments) for _, arguments in expression.steps) + len(point)
    bound = 8 * edges * EPSILON * exact.size
    assert abs(jvp(fun, (point,), (direction,))[1] - exact.tangent) <= bound
    assert abs(linearize(fun, point)[1](direction) - exact.tangent) <= bound
    for gradient in (grad(fun)(point), jacfwd(fun)(point), jacrev(fun)(point), vjp(fun, point)[1](1.0)[0]):
        assert abs(along(gradient) - exact.tangent) <= bound
    assert abs(along(jacobian(fun, sparse=True)(point).toarray()[0].tolist()) - exact.tangent) <= bound


# Products with derivatives


def test_a_pullback_may_be_called_again_and_again_after_the_run():
    value, pullback = vjp(lambda x, y: [x * y, y * y], 2.0, 3.0)
    assert_same(value, [6.0, 9.0])
    for _ in range(3):
        assert_same(pullback([1.0, 0.0]), (3.0, 2.0))
        assert_same(pullback([0, 1]), (0.0, 6.0))
        assert_same(pullback([np.float32(0.5), 2]), (1.5, 13.0))


def test_a_pushforward_may_be_called_again_and_again_after_the_run():
    value, pushforward = linearize(lambda x, y: {"a": x * y, "b": y * y}, 2.0, 3.0)
    assert_same(value, {"a": 6.0, "b": 9.0})
    for _ in range(3):
        assert_same(pushforward(1.0, 0.0), {"a": 3.0, "b": 0.0})
        assert_same(pushforward(0, 1), {"a": 2.0, "b": 6.0})


def test_pullbacks_of_runs_within_each_other_do_not_mix():
    def outer(x):
        value, pullback = vjp(lambda y: x * y**2, x)
        kept.append(pullback)
        return value + pullback(1.0)[0]

    kept = []
    # x³ + 2x², and the pullback 2x · x · cotangent, whose x is a constant once the outer run is over.
    assert grad(outer)(3.0) == 27.0 + 12.0
    assert number(kept[0](1.0)[0]) == 18.0
    assert number(kept[0](10.0)[0]) == 180.0


def test_a_pullback_of_a_node_can_be_differentiated_in_it():
    _, pullback = vjp(lambda x: x**3, 2.0)
    assert grad(lambda weight: pullback(weight * weight)[0])(3.0) == 72.0
    _, pushforward = linearize(lambda x: x**3, 2.0)
    assert grad(lambda tangent: pushforward(tangent * tangent))(3.0) == 72.0


def test_a_pullback_gives_one_derivative_for_each_argument_in_its_structure():
    _, pullback = vjp(lambda xs, p, y: xs * p["k"] + y, np.ones(2), {"k": 3.0}, 5)
    assert_same(pullback(np.array([1.0, 10.0])), (np.array([3.0, 30.0]), {"k": 11.0}, 11.0))
    assert vjp(lambda: 1.0)[1](1.0) == ()


def test_the_jvp_takes_tangents_in_the_structure_of_its_arguments():
    value, tangent = jvp(lambda xs, p: xs * p["k"], (np.ones(2), {"k": 3.0}), (np.array([1, 2]), {"k": 10}))
    assert_same((value, tangent), (np.array([3.0, 3.0]), np.array([13.0, 16.0])))
    assert jvp(lambda: 1.0, (), ()) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: jvp(cube, 2.0, 1.0), r"jvp takes primals as a tuple .* got float; for one argument write \(primal,\)"),
        (lambda: jvp(cube, (2.0,), 1.0), r"jvp takes tangents as a tuple .*; for one argument write \(tangent,\)"),
        (lambda: hvp(cube, np.ones(2), (1.0,)), r"hvp takes primals as a tuple .* got ndarray"),
        (lambda: jvp(cube, (2.0,), (1.0, 2.0)), r"jvp needs tangents in the structure of the arguments, \(number\), got"
                                                r" \(number, number\)"),
        (lambda: hvp(cube, (2.0,), ([1.0],)), r"hvp needs tangents .* \(number\), got \(\[number\]\)"),
        (linearize(cube, 2.0)[1], r"linearize needs tangents .* \(number\), got \(\)"),
        (lambda: vjp(lambda x: [x, x], 2.0)[1](1.0), r"vjp needs cotangents .* output, \[number, number\], got number"),
        (lambda: vjp(lambda x: x, np.ones(3))[1](np.ones(2)), r"vjp needs cotangents .* array\[3\], got array\[2\]"),
        (lambda: vjp(lambda x: x, np.ones(2))[1]([1.0, 1.0]), r"array\[2\], got \[number, number\]"),
    ],
)  # fmt: skip
def test_tangents_in_another_structure_are_refused(run, message):
    with pytest.raises(ArgumentError, match=message):
        run()


def test_a_cotangent_that_is_no_number_is_refused():
    with pytest.raises(ArgumentError, match=r"the structure of the output, \[number, number\], got \[number, 'a'\]"):
        vjp(lambda x: [x, x], 2.0)[1]([1.0, "a"])
    with pytest.raises(ArgumentError, match=r"tangents in the structure of the arguments, \(number\), got \(None\)"):
        jvp(cube, (2.0,), (None,))


def test_dicts_in_another_order_have_the_same_structure():
    def fun(p):
        return p["a"] ** 2 * p["b"]

    primal, tangent = {"a": 3.0, "b": 5.0}, {"b": 1.0, "a": 10.0}
    assert jvp(fun, (primal,), (tangent,)) == (45.0, 309.0)
    assert_same(hvp(fun, (primal,), (tangent,)), {"a": 106.0, "b": 60.0})


def test_the_hessian_product_of_several_arguments_is_the_derivative_of_the_whole_gradient():
    def fun(x, ys):
        return x**2 * ys[0] * ys[1]

    # H = [[2ab, 2xb, 2xa], [2xb, 0, x²], [2xa, x², 0]]
    assert_same(hvp(fun, (2.0, [3.0, 5.0]), (1.0, [10.0, 100.0])), (1430.0, [420.0, 52.0]))
    assert_same(hvp(fun, [2.0, (3.0, 5.0)], [1, (0, 0)]), (30.0, (20.0, 12.0)))
    assert_same(hvp(lambda xs: fun(xs[0], xs[1:]), (np.array([2.0, 3.0, 5.0]),), (np.array([1.0, 10.0, 100.0]),)),
                np.array([1430.0, 420.0, 52.0]))  # fmt: skip


@pytest.mark.parametrize("inside", [False, True], ids=["on numbers", "on nodes"])
def test_hessian_products_are_rows_of_the_hessian(inside):
    xs = [0.3, 0.7, -0.4]
    nodes = [Variable(x) for x in xs] if inside else xs

    def fun(xs):
        return exp(xs[0] * xs[1]) * sin(xs[2]) + logsumexp(xs) * dot(xs, xs) + tanh(xs[0]) ** 3

    full = hessian(fun)(nodes)
    for place, row in enumerate(full):
        product = hvp(fun, (nodes,), ([float(place == other) for other in range(3)],))
        # Entries cancel by up to a digit.
        assert [number(entry) for entry in product] == pytest.approx([number(entry) for entry in row], rel=1e-13)
