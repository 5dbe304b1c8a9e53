"""The transforms of functions that branch, raise, switch modes or assign: control flow, modes, assigned Variables."""

from __future__ import annotations

import functools
import itertools
import math
import operator

import pytest

import autograd
from autograd import (
    Constant,
    DomainError,
    FrozenValueError,
    Node,
    OperandError,
    OutputError,
    StaleGraphError,
    Variable,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    hypot,
    jacfwd,
    jacobian,
    jvp,
    linearize,
    log,
    maximum,
    no_grad,
    scope,
    sin,
    stop_gradient,
    strict,
    value_and_grad,
    vjp,
)
from tests.tables.derivatives import EVERY_TRANSFORM, assert_same, close, cube, leaves, nested_grad, number

# Control flow


def test_branches_on_values_are_plain_python():
    def fun(x):
        if x > 1:
            return x**3
        return -x if x < 0 else 2 * x

    assert [grad(fun)(x) for x in (2.0, -1.0, 0.5)] == [12.0, -1.0, 2.0]
    assert hessian(fun)(2.0) == 12.0


def test_loops_end_where_values_say():
    def newton(a):
        x = a
        while abs(x * x - a).value > 1e-15 * a.value:
            x = 0.5 * (x + a / x)
        return x

    assert grad(newton)(2.0) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-12)

    def early(xs):
        total = 0.0
        for x in xs:
            total = total + x * x
            if total > 5:
                break
        return total

    assert_same(grad(early)([1.0, 2.0, 3.0, 4.0]), [2.0, 4.0, 6.0, 0.0])


def test_recursion_and_generators_work():
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    assert [nested_grad(lambda x: power(x, 5), order)(2.0) for order in range(1, 6)] == [
        80.0,
        160.0,
        240.0,
        240.0,
        120.0,
    ]
    assert grad(lambda x: power(x, 0))(2.0) == 0.0

    def powers(x):
        term = x
        while True:
            yield term
            term = term * x

    assert grad(lambda x: sum(itertools.islice(powers(x), 4)))(2.0) == 1 + 4 + 12 + 32
    assert grad(lambda xs: functools.reduce(operator.mul, (x * x for x in xs)))([2.0, 3.0]) == [36.0, 24.0]


def test_a_generator_may_be_suspended_over_other_transforms():
    def squares(x):
        for n in itertools.count(1):
            yield n * x**2

    def fun(x):
        source = squares(x)
        total = next(source)
        total = total + grad(lambda y: y**3 * x)(2.0)
        return total + next(source) * grad(lambda y: next(source) * y)(1.0)

    # x² + 12x + 2x² · 3x²
    assert grad(fun)(2.0) == 4.0 + 12.0 + 24.0 * 8.0


class Broken(Exception):
    pass


@EVERY_TRANSFORM
def test_an_exception_in_the_function_leaves_clean_state_behind(transform):
    kept = []
    w = Variable(1.0)

    def fails(x):
        kept.append(x)
        grad(lambda y: x * y)(2.0)
        raise Broken

    for argument in (2.0, w * 1.0):
        with pytest.raises(Broken):
            transform(fails)(argument)
    leaf, node = kept
    # Nobody differentiates in them any more: one is constant, the other depends on w alone and is no tied variable.
    assert isinstance(leaf * 2.0, Constant)
    assert number(grad(lambda x: maximum(x, node))(1.0)) == 0.0
    assert gradients(node * 3.0, w) == 3.0
    assert nested_grad(cube, 2)(2.0) == 12.0


def test_an_exception_deep_inside_passes_through_all_levels():
    kept = []

    def fails(z, x, y):
        kept.extend([x, y, z])
        raise Broken

    with pytest.raises(Broken):
        grad(lambda x: jacfwd(lambda y: hessian(lambda z: fails(z, x, y))(x * y))(x))(2.0)
    assert all(number(grad(lambda x, node=node: maximum(x, node))(node.value)) == 0.0 for node in kept)
    assert grad(lambda x: grad(lambda y: x * y)(x) * x)(3.0) == 6.0


@pytest.mark.parametrize("returned", [None, "text", [None]], ids=repr)
def test_a_wrong_output_leaves_clean_state_behind(returned):
    kept = []

    def fun(x):
        kept.append(x)
        return returned

    with pytest.raises((OperandError, OutputError)):
        grad(fun)(2.0)
    with pytest.raises(OutputError):
        grad(fun, has_aux=True)(2.0)
    assert all(isinstance(x * 2.0, Constant) for x in kept)


def test_exceptions_caught_inside_the_function_are_its_own_affair():
    def fun(x):
        try:
            grad(lambda y: [y])(x)
        except OutputError:
            return x * x
        raise AssertionError

    assert nested_grad(fun, 2)(3.0) == 2.0


# Modes


def test_outside_no_grad_results_are_nodes_and_inside_the_same_numbers():
    w, xs = Variable(0.3), [Variable(0.7), 0.4]

    def fun(xs):
        return exp(w * xs[0]) * sin(xs[1]) + w * xs[0] ** 3

    runs = [
        lambda: grad(fun)(xs),
        lambda: value_and_grad(fun)(xs),
        lambda: jacfwd(fun)(xs),
        lambda: hessian(fun)(xs),
        lambda: jacobian(grad(fun))(xs),
        lambda: hvp(fun, (xs,), ([1.0, 2.0],)),
        lambda: jvp(fun, (xs,), ([1.0, 2.0],)),
        lambda: vjp(fun, xs)[1](2.0),
    ]
    for run in runs:
        nodes = run()
        with no_grad():
            numbers = run()
        assert all(isinstance(leaf, Node) for leaf in leaves(nodes))
        assert all(type(leaf) is float for leaf in leaves(numbers))
        assert leaves(numbers) == close([leaf.value for leaf in leaves(nodes)])


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda tangent: hvp(cube, (2.0,), (tangent,)), 24.0),
        (lambda tangent: jvp(cube, (2.0,), (tangent,))[1], 24.0),
        (linearize(cube, 2.0)[1], 24.0),
        (lambda tangent: vjp(cube, 2.0)[1](tangent)[0], 24.0),
    ],
    ids=["hvp", "jvp", "linearize", "vjp"],
)
def test_inside_no_grad_directions_that_are_nodes_count_as_numbers(run, expected):
    with no_grad():
        assert number(run(Variable(2.0))) == expected


def test_no_grad_inside_the_function_makes_constants():
    def fun(x):
        with no_grad():
            factor = x * x
        return factor * x

    assert [grad(fun)(3.0), hessian(fun)(3.0)] == [9.0, 0.0]

    def measured(x):
        with no_grad():
            slope = grad(cube)(x)
        return slope * x

    assert grad(measured)(2.0) == 12.0


def test_stop_gradient_inside_the_function_makes_constants():
    assert grad(lambda x: stop_gradient(x * x) * x)(3.0) == 9.0
    assert grad(lambda x: stop_gradient(grad(cube)(x)) * x)(2.0) == 12.0
    assert grad(lambda x: grad(lambda y: stop_gradient(x) * y * x)(1.0))(3.0) == 3.0
    assert nested_grad(lambda x: stop_gradient(x) * x**2, 2)(3.0) == 6.0


def test_strict_inside_and_outside_names_the_operation():
    def fun(x):
        with strict():
            return log(x)

    with pytest.raises(DomainError, match="log needs 0 < x"):
        grad(fun)(-1.0)
    with strict(), pytest.raises(DomainError, match="log needs 0 < x"):
        grad(log)(-1.0)
    with strict():
        assert grad(log)(2.0) == 0.5
        assert nested_grad(log, 3)(2.0) == 0.25
        assert hessian(log)(2.0) == -0.25
    assert math.isnan(grad(log)(-1.0))


@pytest.mark.parametrize(
    ("fun", "x", "second"),
    [
        (lambda x: x**2, -1.0, 2.0),
        (lambda x: x**3, 0.0, 0.0),
        (autograd.atan, 0.0, 0.0),
        (lambda x: hypot(x, 2.0), 0.0, 0.5),
    ],
    ids=["x² at -1", "x³ at 0", "atan at 0", "hypot at (0, 2)"],
)
def test_strict_has_nothing_against_finite_derivatives_of_any_order(fun, x, second):
    with strict():
        assert hessian(fun)(x) == second
        assert nested_grad(fun, 2)(x) == second


def test_strict_names_the_pole_of_a_lengths_slope_at_the_origin():
    with strict():
        assert grad(lambda x: hypot(x, 0.0))(0.0) == 0.0
        for second in (hessian(lambda x: hypot(x, 0.0)), nested_grad(lambda x: hypot(x, 0.0) ** 2, 2)):
            with pytest.raises(DomainError, match=r"\b(inf|nan)\b"):
                second(0.0)


def test_a_scope_marks_what_the_function_makes():
    seen = []

    def fun(x):
        y = x * x
        with scope("inner"):
            z = y * x
        seen.append((y.scope, z.scope))
        return z

    with scope("outer"):
        assert grad(fun)(2.0) == 12.0
        assert nested_grad(fun, 2)(2.0) == 12.0
    for outer, inner in seen:
        assert (outer.label, inner.label, inner.parent) == ("outer", "inner", outer)


# Assigned variables


def test_assigning_an_argument_keeps_first_derivatives_and_refuses_others():
    def fun(x):
        y = x * x
        x.value = 10.0
        return y

    assert value_and_grad(fun)(3.0) == (9.0, 6.0)
    assert jvp(fun, (3.0,), (1.0,)) == (9.0, 6.0)
    for run in (
        lambda: hessian(fun)(3.0),
        lambda: hvp(fun, (3.0,), (1.0,)),
        lambda: hessian(lambda xs: fun(xs[0]), sparse=True)([3.0]),
        lambda: hessian(lambda x: grad(lambda y: y * fun(x))(1.0))(3.0),
    ):
        with pytest.raises(StaleGraphError, match="was assigned after"):
            run()
    # In a nested run the inner argument is computed from the outer one.
    with pytest.raises(FrozenValueError, match="only the value of a Variable can be assigned"):
        nested_grad(fun, 2)(3.0)


def test_assigning_an_argument_before_its_use_is_a_use_of_the_new_value():
    def fun(x):
        x.value = 5.0
        return x**3

    assert [grad(fun)(2.0), hessian(fun)(2.0)] == [75.0, 30.0]


def test_assigning_a_closed_over_variable_refuses_what_would_read_it_again():
    w = Variable(3.0)

    def fun(x):
        y = w * x**2
        w.value = 100.0
        return y

    with pytest.raises(StaleGraphError, match="was assigned after"):
        grad(fun)(2.0)
    w.value = 3.0
    with no_grad():
        assert grad(fun)(2.0) == 12.0
    slope = grad(lambda x: w * x**2)(2.0)
    w.value = 7.0
    assert gradients(slope, w) == 4.0
