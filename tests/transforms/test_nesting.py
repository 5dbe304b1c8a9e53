"""The transforms within each other, on nodes, and over Variables that the function closes over."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest

from autograd import (
    Constant,
    Node,
    OperandError,
    StaleGraphError,
    TraceError,
    Variable,
    cos,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    linearize,
    log,
    sin,
    sqrt,
    stop_gradient,
    tanh,
    value_and_grad,
    vjp,
    vmap,
)
from autograd.graph.modes import watching
from autograd.graph.node import value_of
from tests.tables.derivatives import (
    DERIVATIVES,
    EVERY_DERIVATIVE,
    EVERY_TRANSFORM,
    SECOND_DERIVATIVES,
    assert_same,
    close,
    cube,
    nested_grad,
    number,
)

# Nesting


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(DERIVATIVES, repeat=2)))
def test_perturbations_of_different_levels_are_not_confused(outer, inner):
    outer, inner = DERIVATIVES[outer], DERIVATIVES[inner]
    # J. M. Siskind and B. A. Pearlmutter, "Perturbation confusion and referential transparency" (2005): 1, not 2.
    assert number(outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0)) == 1.0
    assert number(outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0)) == 6.0
    assert number(outer(lambda x: inner(lambda y: x**2 * y**3)(x))(2.0)) == 96.0
    assert number(outer(lambda x: inner(lambda y: x)(1.0) + x)(2.0)) == 1.0


MODES = {"f": jacfwd, "r": jacrev}


@pytest.mark.parametrize("modes", ["".join(letters) for letters in itertools.product(MODES, repeat=4)])
def test_every_order_of_forward_and_reverse_gives_the_fourth_derivative(modes):
    def nested(fun):
        for letter in modes:
            fun = MODES[letter](fun)
        return fun

    assert nested(lambda x: x**5)(2.0) == 240.0
    # (e^x sin x)'''' = -4 e^x sin x
    assert nested(lambda x: exp(x) * sin(x))(0.7) == close(-4.0 * math.exp(0.7) * math.sin(0.7))
    assert nested(lambda x: 1.0 / x)(2.0) == 24.0 / 32.0
    assert nested(log)(2.0) == -6.0 / 16.0


@pytest.mark.parametrize("order", range(1, 5))
def test_nested_gradients_are_the_closed_forms(order):
    x = 0.7
    assert nested_grad(sin, order)(x) == close([cos, lambda x: -sin(x), lambda x: -cos(x), sin][order - 1](x))
    assert nested_grad(lambda x: exp(2.0 * x), order)(x) == close(2.0**order * math.exp(1.4))
    assert nested_grad(sqrt, order)(4.0) == [0.25, -1 / 32, 3 / 256, -15 / 2048][order - 1]


@pytest.mark.parametrize("second", SECOND_DERIVATIVES.values(), ids=SECOND_DERIVATIVES)
def test_second_derivatives_nest_in_themselves_and_in_gradients(second):
    def fun(x):
        return x**6

    assert number(second(second(fun))(2.0)) == 360.0 * 4.0
    assert number(grad(second(fun))(2.0)) == 120.0 * 8.0
    assert number(second(grad(fun))(2.0)) == 120.0 * 8.0
    assert number(jacfwd(second(jacrev(fun)))(2.0)) == 360.0 * 4.0
    assert number(grad(lambda a: second(lambda x: a * x**3)(a))(2.0)) == 24.0


def test_closures_over_outer_variables_at_every_level():
    def fun(a):
        # d/dc at c = b: 3b³a; times b²a: 3a²b⁵; d/db at b = a: 15a⁶.
        return grad(lambda b: b**2 * a * grad(lambda c: c**3 * b * a)(b))(a)

    assert number(fun(2.0)) == 960.0
    assert grad(fun)(2.0) == 90.0 * 32.0
    assert hessian(fun)(2.0) == 450.0 * 16.0
    assert jacfwd(jacfwd(fun))(2.0) == 450.0 * 16.0
    assert nested_grad(fun, 3)(2.0) == 1800.0 * 8.0


# Functions of z and x, their derivatives in z, and the derivatives of these in x, at z = 3 and x = 0.75.
MIXED = {
    "grad": (grad, lambda z, x: z * z * x, 6.0),
    "value_and_grad": (lambda f: lambda z: value_and_grad(f)(z)[1], lambda z, x: z * z * x, 6.0),
    "hessian": (hessian, lambda z, x: z * z * x, 2.0),
    "jacobian of two": (lambda f: lambda z: sum(jacobian(f)(z)), lambda z, x: [z * z * x, z * x], 7.0),
    "jvp of two": (lambda f: lambda z: sum(jvp(f, (z,), (1.0,))[1]), lambda z, x: [z * z * x, z * x], 7.0),
    "vjp": (lambda f: lambda z: vjp(f, z)[1](1.0)[0], lambda z, x: z * z * x, 6.0),
    "decided on z": (grad, lambda z, x: z * z * x if z > 1.0 else z, 6.0),
    "decided on x": (grad, lambda z, x: z * z * x if x < 1.0 else z, 6.0),
    "one path without x": (grad, lambda z, x: z * z if z > 1.0 else z * x, 0.0),
}


@pytest.mark.parametrize("compiled", [lambda f: f, jit, lambda f: jit(f, tier="vm")], ids=["plain", "jit", "vm"])
@pytest.mark.parametrize(("derivative", "fun", "expected"), MIXED.values(), ids=MIXED)
def test_a_compiled_function_inside_may_close_over_an_outer_variable(derivative, fun, expected, compiled):
    def inner(x):
        return derivative(compiled(lambda z: fun(z, x)))(3.0)

    assert grad(inner)(0.75) == expected
    assert jvp(inner, (0.75,), (1.0,))[1] == expected
    assert jit(grad(inner))(0.75) == expected
    assert hessian(inner)(0.75) == 0.0


def test_a_compiled_function_may_be_called_with_an_outer_variable_that_it_closes_over():
    assert grad(lambda x: jit(lambda z: z * x)(x))(0.75) == 1.5
    rows = np.array([1.0, 2.0])

    def weighted(x):
        return vmap(lambda w, z: w * z * x, in_axes=(None, 0), reduce="sum")

    assert grad(lambda x: grad(lambda w: weighted(x)(w, rows))(2.0))(0.75) == 3.0
    held = [None]
    kept = jit(lambda z: z * z * held[0])

    def through_a_list(x):
        held[0] = x
        return grad(kept)(3.0)

    assert [grad(through_a_list)(x) for x in (0.75, 0.5)] == [6.0, 6.0]


def test_an_inner_function_may_ignore_its_own_argument_or_the_outer_one():
    assert grad(lambda x: grad(lambda y: x * x)(1.0))(3.0) == 0.0
    assert grad(lambda x: grad(lambda y: y * y)(5.0))(3.0) == 0.0
    assert grad(lambda x: value_and_grad(lambda y: x * x)(1.0)[0])(3.0) == 6.0


def test_mixed_partial_derivatives_of_nested_calls():
    def fun(x, y, z):
        return x * y**2 * z**3

    mixed = grad(grad(grad(fun, 0), 1), 2)
    assert mixed(5.0, 3.0, 2.0) == 2 * 3.0 * 3 * 4.0
    assert grad(grad(grad(fun, 2), 2), 2)(5.0, 3.0, 2.0) == 6 * 45.0
    gradient = grad(lambda x, y: grad(fun, (0, 1, 2))(x, y, 2.0)[1], (0, 1))
    assert_same(gradient(5.0, 3.0), (2 * 3.0 * 8.0, 2 * 5.0 * 8.0))


def test_transforms_over_the_products_of_others():
    def fun(x):
        return x**3

    assert grad(lambda x: jvp(fun, (x,), (x,))[1])(2.0) == 36.0
    assert grad(lambda t: jvp(fun, (2.0,), (t,))[1])(5.0) == 12.0
    assert grad(lambda x: vjp(fun, x)[1](x)[0])(2.0) == 36.0
    assert grad(lambda x: linearize(fun, 2.0)[1](x * x))(3.0) == 72.0
    assert grad(lambda x: hvp(fun, (x,), (x,)))(2.0) == 24.0
    assert grad(lambda t: hvp(fun, (2.0,), (t * t,)))(5.0) == 120.0
    assert jvp(lambda x: jvp(fun, (x,), (1.0,))[1], (2.0,), (10.0,)) == (12.0, 120.0)
    assert jvp(grad(fun), (2.0,), (1.0,)) == (12.0, 12.0)
    assert_same(jacobian(grad(lambda xs: xs[0] * xs[1] ** 2))(np.array([2.0, 3.0])), np.array([[0.0, 6.0], [6.0, 4.0]]))


def test_a_jacobian_of_a_hessian_has_three_axes():
    third = jacobian(hessian(lambda xs: xs[0] * xs[1] * xs[2]))(np.array([2.0, 3.0, 5.0]))
    assert third.shape == (3, 3, 3) and third.dtype == np.float64
    for places in itertools.product(range(3), repeat=3):
        assert third[places] == float(len(set(places)) == 3)


def test_a_step_of_descent_can_be_differentiated_in_its_rate():
    def loss(x):
        return (x - 3.0) ** 2

    def after(rate):
        x = 0.0
        for _ in range(3):
            x = x - rate * grad(loss)(x)
        return loss(x)

    # x after n steps is 3 (1 - (1 - 2 rate)ⁿ), so the loss is 9 (1 - 2 rate)⁶.
    assert grad(after)(0.25) == 9.0 * 6 * 0.5**5 * -2.0
    assert nested_grad(after, 2)(0.25) == 9.0 * 30 * 0.5**4 * 4.0


def test_an_argument_that_is_a_node_gives_nodes_that_can_be_differentiated():
    x = Variable(2.0)
    y = x * x
    slope = grad(cube)(y)
    assert isinstance(slope, Node) and slope.value == 48.0
    assert x.grad == 0.0
    slope.backward()
    assert x.grad == 12.0 * 8.0
    value, slope = value_and_grad(cube)(y)
    assert (value.value, gradients(value, x), gradients(slope, x)) == (64.0, 6.0 * 32.0, 96.0)


@EVERY_TRANSFORM
def test_every_transform_gives_a_node_for_a_node(transform):
    x = Variable(2.0)
    result = transform(lambda x: x**4)(x)
    assert isinstance(result, Node)
    order = 2 if transform in SECOND_DERIVATIVES.values() else 1
    assert result.value == [32.0, 48.0][order - 1]
    assert gradients(result, x) == [48.0, 48.0][order - 1]
    slope = gradients(result, x, create_graph=True)
    assert gradients(slope, x) == [48.0, 24.0][order - 1]


def test_an_argument_partly_of_nodes_keeps_its_structure():
    w = Variable(3.0)
    gradient = grad(lambda p: p["a"][0] * p["a"][1] ** 2 * p["b"])({"a": np.array([w, 2.0], dtype=object), "b": 5})
    assert list(gradient) == ["a", "b"]
    assert isinstance(gradient["a"], np.ndarray) and gradient["a"].dtype == object
    assert [number(slope) for slope in gradient["a"]] == [20.0, 60.0]
    assert number(gradient["b"]) == 12.0
    assert gradients(gradient["a"][1], w) == 20.0
    assert gradients(gradient["b"], w) == 4.0
    matrix = jacobian(lambda xs: xs * xs)(np.array([w, 2.0], dtype=object))
    assert matrix.shape == (2, 2) and [number(entry) for entry in matrix.ravel()] == [6.0, 0.0, 0.0, 4.0]
    assert gradients(matrix[0, 0], w) == 2.0


def test_an_argument_that_is_a_constant_gives_floats():
    assert_same(grad(cube)(Constant(2.0)), 12.0)
    assert_same(grad(cube)(Variable(2.0).detach()), 12.0)
    assert_same(value_and_grad(cube)(Constant(2.0)), (8.0, 12.0))


def test_results_serve_in_eager_graphs():
    x, w = Variable(2.0), Variable(5.0)
    loss = w * grad(cube)(x) + hessian(cube)(x) * x
    loss.backward()
    # 5 · 3x² + 6x²
    assert (loss.value, x.grad, w.grad) == (84.0, 84.0, 12.0)


@pytest.mark.parametrize(
    "transform", [grad, value_and_grad, hessian, jacobian, jit, lambda f: jit(grad(f))],
    ids=["grad", "both", "hessian", "jacobian", "jit", "jit grad"],
)  # fmt: skip
def test_a_node_kept_from_one_run_is_an_error_in_the_next(transform):
    kept = []

    def fun(x):
        kept.append(x * 3.0)
        return x * kept[0]

    assert grad(fun)(2.0) == 12.0
    with pytest.raises(
        StaleGraphError, match=r"^multiply node was computed in an earlier run of a differentiated func"
    ):
        transform(fun)(5.0)
    assert kept[0].value == 6.0 and (kept[0] * 2.0).value == 12.0
    kept.clear()
    assert value_and_grad(fun)(5.0) == (75.0, 30.0)


@pytest.mark.parametrize("transform", [jit, lambda f: jit(grad(f))], ids=["jit", "jit grad"])
@pytest.mark.parametrize("later", [grad, hessian, jit, lambda f: jit(grad(f))])
def test_a_node_kept_from_one_recording_is_an_error_in_the_next(transform, later):
    kept = []

    def fun(x):
        kept.append(x * 3.0)
        return x * kept[0]

    transform(fun)(2.0)
    for node in kept[0], kept[0].parents[0]:
        # Of two reasons, the innermost run names the one that it sees.
        with pytest.raises((TraceError, StaleGraphError), match="an attribute has kept it"):
            later(lambda x: x * node)(5.0)


def test_a_cached_node_of_an_earlier_run_is_an_error():
    now = []

    @functools.lru_cache
    def cubic(n):
        return now[0] ** n

    def loss(x):
        now[:] = [x]
        return cubic(3) + x

    assert value_and_grad(loss)(2.0) == (10.0, 13.0)
    with pytest.raises(StaleGraphError, match=r"^power node .* a cache \(such as functools.lru_cache\)"):
        value_and_grad(loss)(5.0)


def test_results_that_depend_on_variables_outside_are_used_in_later_runs():
    w = Variable(3.0)
    value, slope = value_and_grad(lambda x: w * x**2)(2.0)
    (both, alone), _ = value_and_grad(lambda x: (w * x, x * 2.0), has_aux=True)(5.0)
    _, pullback = vjp(lambda x: w * exp(x), 0.0)
    _, pushforward = linearize(lambda x: w * exp(x), 0.0)
    assert number(grad(lambda y: y * value + y * slope)(1.0)) == 12.0 + 12.0
    assert number(grad(lambda y: y * both + y * alone)(1.0)) == 15.0 + 10.0
    assert number(grad(lambda y: pullback(y * y)[0] + pushforward(y))(2.0)) == 12.0 + 3.0


def test_a_node_kept_from_an_inner_run_is_a_constant_in_the_outer_one():
    def fun(x):
        kept = []

        def inner(y):
            kept.append(y * y)
            kept.append(x * y)
            return y**3

        slope = grad(inner)(2.0)
        # y is 2 for ever: y² is 4 and xy is 2x.
        return slope * x + kept[0] * x + kept[1] * x

    assert grad(fun)(5.0) == 12.0 + 4.0 + 20.0
    assert nested_grad(fun, 2)(5.0) == 4.0


def test_a_leaked_node_can_still_be_read_and_swept():
    kept = []
    grad(lambda x: kept.append(x * x) or x)(3.0)
    (node,) = kept
    assert node.value == 9.0
    node.backward()
    w = Variable(2.0)
    (node * w).backward()
    assert w.grad == 9.0


# Variables that the function closes over


def test_nobodys_grad_is_touched():
    x, w = Variable(2.0), Variable(3.0)
    y = x * w
    y.backward(10.0)
    before = (x.grad, w.grad, y.grad)

    def fun(a):
        return w * a**2 * y

    for transform in (DERIVATIVES | SECOND_DERIVATIVES).values():
        transform(fun)(x)
        transform(fun)(2.0)
        grad(transform(fun))(x)
    assert (x.grad, w.grad, y.grad) == before
    fresh = Variable(1.0)
    grad(lambda a: a * fresh)(2.0)
    assert (fresh.grad, fresh.reached) == (0.0, False)


@EVERY_DERIVATIVE
def test_a_closed_over_variable_can_be_differentiated_in(derivative):
    w = Variable(3.0)
    slope = derivative(lambda x: w**2 * x**3)(2.0)
    assert isinstance(slope, Node)
    assert (slope.value, gradients(slope, w)) == (108.0, 72.0)
    second = derivative(derivative(lambda x: w**2 * x**3))(2.0)
    assert (second.value, gradients(second, w)) == (108.0, 72.0)


def test_a_loss_of_derivatives_trains_the_variables_behind_them():
    # The loss of a network that solves u' = -u: u(t) = a tanh(bt), r = u' + u = a (b s + T), s = 1 - T².
    a, b, t = Variable(0.8), Variable(1.3), 0.6
    u, slope = value_and_grad(lambda t: a * tanh(b * t))(t)
    loss = (slope + u) ** 2
    loss.backward()
    T = math.tanh(1.3 * t)
    s = 1.0 - T * T
    r = 0.8 * (1.3 * s + T)
    assert loss.value == close(r * r)
    assert a.grad == close(2.0 * r * (1.3 * s + T))
    assert b.grad == close(2.0 * r * 0.8 * (s - 1.3 * 2.0 * T * s * t + s * t))


def test_a_loss_of_second_derivatives_trains_the_variables_behind_them():
    w = Variable(1.5)
    residual = hessian(lambda t: sin(w * t))(0.4) + 4.0 * sin(w * 0.4)
    residual.backward()
    # (4 - w²) sin(wt)
    assert residual.value == close((4.0 - 2.25) * math.sin(0.6))
    assert w.grad == close(-3.0 * math.sin(0.6) + 1.75 * 0.4 * math.cos(0.6))


def test_a_result_that_does_not_depend_on_the_closed_over_variable_is_a_float():
    w = Variable(3.0)
    assert_same(grad(lambda x: x**2 + 0.0 * stop_gradient(w))(2.0), 4.0)
    unused = []
    assert_same(grad(lambda x: unused.append(w * x) or x**2)(2.0), 4.0)


def test_a_variable_made_inside_is_no_argument():
    assert number(grad(lambda x: x * Variable(3.0))(2.0)) == 3.0
    with pytest.raises(OperandError, match="Variable needs a number, got the node"):
        grad(lambda x: Variable(x) * 2.0)(2.0)


def test_a_sweep_inside_the_function_leaves_the_transform_alone():
    w = Variable(2.0)
    seen = []

    def fun(x):
        loss = w * w * x
        loss.backward()
        seen.append((w.grad, x.grad))
        return loss * x

    slope = grad(fun)(3.0)
    assert slope.value == 2.0 * 4.0 * 3.0
    assert seen == [(12.0, 4.0)]
    assert gradients(slope, w) == 24.0
    assert grad(lambda x: gradients(x**3, x) * x)(2.0) == 12.0
    assert grad(lambda x: gradients(x**3, x, create_graph=True) * x)(2.0) == 36.0


def test_no_node_is_made_of_a_derivative_times_the_1_of_a_sum():
    made = []

    def inner(x):
        with watching(lambda node: made.append(node.op.name)):
            return grad(lambda y: exp((y + x) + y * 3.0))(0.5)

    assert grad(inner)(0.25) == pytest.approx(4.0 * math.exp(0.5 + 0.25 + 1.5))
    # The product in the function, that with the slope of exp, that with 3.
    assert made.count("multiply") == 3


HASHED = {
    "set": lambda v: len(set(v)) * v[0],
    "dict": lambda v: {0.5: 10.0}.get(v[0], 0.0) * v[0],
    "key": lambda v: {v[0]: v[1]}[v[0]],
    "among others": lambda v: v[0] if v[0] in {0.5, 0.7} else v[1],
    "counted": lambda v: v[0] * len(dict.fromkeys(v)),
    "cached": lambda v: functools.lru_cache(lambda x: x * x)(v[0]),
}


@pytest.mark.parametrize("transform", [value_and_grad, jit, lambda f: jit(grad(f)), lambda f: grad(jit(f)), hessian])
@pytest.mark.parametrize("function", HASHED.values(), ids=HASHED)
def test_what_stands_for_an_argument_can_not_be_hashed(function, transform):
    with pytest.raises(OperandError, match=r"can't be hashed: sets, dicts and caches find numbers by value"):
        transform(function)([0.5, 0.5, 2.0])


def test_nodes_outside_of_transforms_are_hashed_by_identity():
    x, y = Variable(0.5), Variable(0.5)
    kept = []
    value_and_grad(lambda x: kept.append(x) or x * 2.0)(0.5)
    jit(lambda x: kept.append(x) or x * 2.0)(0.5)
    assert len({x, y, x, x * 1.0, *kept}) == 5


def test_what_an_earlier_run_has_handed_on_is_differentiated_inside_a_later_one():
    w = Variable(3.0)
    value, _ = value_and_grad(lambda x: x * w * w)(2.0)
    slope = grad(lambda x: x * x * w * w)(2.0)
    columns = jacobian(lambda x: [x * x * w * w, x * w**3])(2.0)

    def in_w(result, order):
        for _ in range(order):
            result = gradients(result, w, create_graph=True)
        return result

    for result, first, second in (
        (value, 12.0, 4.0),
        (slope, 24.0, 8.0),
        (columns[1], 27.0, 18.0),
        (2.0 * value, 24.0, 8.0),
    ):
        for order, expected in ((1, first), (2, second)):
            found = value_and_grad(lambda x, result=result, order=order: x * in_w(result, order))(1.5)
            assert [value_of(part) for part in found] == [1.5 * expected, expected]
    # Both at once: derivatives in the run's own argument keep apart from those in w.
    outer = grad(lambda v: grad(lambda x: x * v * in_w(value, 1))(1.5) * v)(2.0)
    assert outer.value == 2.0 * 2.0 * 12.0


def test_what_an_earlier_run_has_kept_for_itself_is_still_refused():
    kept = []

    def loss(x):
        kept.append(x * x)
        return kept[0] + x

    w = Variable(2.0)
    grad(lambda x: loss(x) * w)(3.0)
    with pytest.raises(StaleGraphError, match="computed in an earlier run"):
        grad(lambda x: loss(x) * w)(5.0)
    with pytest.raises(StaleGraphError, match="computed in an earlier run"):
        grad(lambda x: x * kept[0] + gradients(kept[0], w, create_graph=True))(5.0)
