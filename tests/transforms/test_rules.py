"""The transforms where it is the rule that matters: kinks, primitives without a kernel, IEEE arithmetic."""

from __future__ import annotations

import itertools
import math

import pytest

import autograd
from autograd import (
    OperandError,
    Primitive,
    Variable,
    dot,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    hypot,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    log,
    maximum,
    minimum,
    norm,
    sin,
    sqrt,
    stop_gradient,
    value_and_grad,
    vjp,
    where,
)
from tests.tables.derivatives import DERIVATIVES, EVERY_DERIVATIVE, assert_same, close, leaves, nested_grad, number

# Kinks


def test_a_closed_over_variable_is_constant_at_a_tie():
    w = Variable(1.0)
    for derivative in DERIVATIVES.values():
        assert number(derivative(lambda x: maximum(x, w))(1.0)) == 0.0
        assert number(derivative(lambda x: minimum(w, x))(1.0)) == 0.0
        assert number(derivative(lambda x: maximum(x, w, 0.0))(1.0)) == 0.0
        assert number(derivative(lambda x: maximum(x, w * 1.0))(1.0)) == 0.0
        assert number(derivative(lambda x: 1.0 * maximum(x * x, w) ** 2)(1.0)) == 0.0
    assert [number(slope) for slope in grad(lambda xs: maximum(*xs, w))([1.0, 1.0])] == [0.0, 0.0]


def test_an_enclosing_transforms_variable_shares_a_tie():
    for outer, inner in itertools.product(DERIVATIVES.values(), repeat=2):
        assert number(outer(lambda w: inner(lambda x: maximum(x, w))(1.0) * w)(1.0)) == 0.5
        assert number(outer(lambda w: inner(lambda x: maximum(2.0 * w, 2.0 * x))(1.0) * w)(1.0)) == 1.0
        assert number(outer(lambda w: inner(lambda x: maximum(x, w, x * 1.0))(1.0) * w)(1.0)) == close(2 / 3)


def test_several_arguments_share_a_tie_among_themselves():
    assert_same(grad(maximum, (0, 1))(1.0, 1.0), (0.5, 0.5))
    assert_same(grad(maximum, (1,))(1.0, 1.0), (0.0,))
    assert_same(grad(lambda xs: maximum(*xs))([2.0, 2.0, 1.0, 2.0]), [1 / 3, 1 / 3, 0.0, 1 / 3])
    assert_same(grad(lambda xs: maximum(xs[0], 2.0 * xs[1], stop_gradient(xs[2])))([2.0, 1.0, 2.0]), [0.0, 0.0, 0.0])
    assert_same(grad(lambda x: maximum(x, x, x * 1.0))(1.0), 1.0)
    assert_same(grad(lambda x: maximum(x, 0.0))(0.0), 0.0)
    x = Variable(1.0)
    assert [number(slope) for slope in grad(maximum, (0, 1))(x, x)] == [0.5, 0.5]


def test_at_a_tie_with_an_argument_of_a_run_that_is_over_the_variable_is_alone():
    # Outside of the inner run its arguments are the numbers 1 and ½.
    assert grad(lambda w: value_and_grad(lambda x: maximum(2.0 * x, w))(0.5)[0])(1.0) == 0.0
    assert grad(lambda w: value_and_grad(lambda x: maximum(x, w))(1.0)[0])(1.0) == 0.0
    assert grad(lambda w: vjp(lambda x: maximum(w, x), 1.0)[0])(1.0) == 0.0


def test_lengths_have_slope_zero_at_the_origin_beside_anything():
    w = Variable(0.0)
    assert_same(grad(hypot, (0, 1))(0.0, 0.0), (0.0, 0.0))
    assert_same(hessian(hypot, (0, 1))(0.0, 0.0), ((math.inf, 0.0), (0.0, math.inf)))
    assert number(grad(lambda x: hypot(x, w))(0.0)) == 0.0
    assert [number(slope) for slope in grad(lambda xs: norm([*xs, w]))([0.0, 0.0])] == [0.0, 0.0]
    assert grad(lambda w: grad(lambda x: hypot(x, w))(0.0) * w + w)(0.0) == 1.0
    assert_same(grad(abs)(0.0), 0.0)


@EVERY_DERIVATIVE
def test_the_side_that_is_not_taken_gives_nothing(derivative):
    def fun(x):
        return where(x > 0, sqrt(x), x * x)

    assert derivative(fun)(0.0) == 0.0
    assert derivative(derivative(fun))(0.0) == 2.0
    assert hessian(fun)(0.0) == hvp(fun, (0.0,), (1.0,)) == 2.0


# Primitives without a kernel


def derivative_of(polynomial, places, point):
    """The derivative of a polynomial, {exponents: coefficient}, in the variables at these places."""
    total = 0.0
    for exponents, coefficient in polynomial.items():
        rest = list(exponents)
        for place in places:
            coefficient *= rest[place]
            rest[place] -= 1
        if coefficient:
            total += coefficient * math.prod(x**n for x, n in zip(point, rest, strict=True))
    return total


USERS = {
    "one operand": (
        Primitive("a_cube", lambda x: x * x * x, lambda x, out: 3.0 * x * x, registered=False),
        {(3,): 1.0},
    ),
    "two operands": (
        Primitive("a_b2", lambda a, b: a * b * b, lambda a, b, out: (b * b, 2.0 * a * b), arity=2, registered=False),
        {(1, 2): 1.0},
    ),
    "three operands": (
        Primitive(
            "a_b_c2",
            lambda a, b, c: a * b * c * c,
            lambda a, b, c, out: (b * c * c, a * c * c, 2.0 * a * b * c),
            arity=3,
            registered=False,
        ),
        {(1, 1, 2): 1.0},
    ),
    "any number": (
        Primitive(
            "sum_of_cubes",
            lambda xs: sum([x**3 for x in xs]),
            lambda xs, out: [3.0 * x * x for x in xs],
            arity=None,
            registered=False,
        ),
        {(3, 0, 0): 1.0, (0, 3, 0): 1.0, (0, 0, 3): 1.0},
    ),
}


@pytest.mark.parametrize(("primitive", "polynomial"), USERS.values(), ids=USERS)
@pytest.mark.parametrize("inside", [False, True], ids=["on numbers", "on nodes"])
def test_a_users_primitive_has_derivatives_of_every_order(primitive, polynomial, inside):
    count = len(next(iter(polynomial)))
    point = [2.0, 3.0, 5.0][:count]
    nodes = [Variable(x) for x in point] if inside else point
    places = range(count)

    def fun(xs):
        return primitive(*xs)

    def exact(*places):
        return derivative_of(polynomial, places, point)

    def numbers(nested):
        return [number(leaf) for leaf in leaves(nested)]

    first = [exact(place) for place in places]
    second = [exact(*pair) for pair in itertools.product(places, repeat=2)]
    third = [exact(*three) for three in itertools.product(places, repeat=3)]
    assert numbers(value_and_grad(fun)(nodes)) == [exact(), *first]
    for transform in (jacfwd, jacrev, jacobian):
        assert numbers(transform(fun)(nodes)) == first
    for transform in (hessian, lambda fun: jacfwd(grad(fun)), lambda fun: grad_rows(fun, count)):
        assert numbers(transform(fun)(nodes)) == second
    assert numbers([hvp(fun, (nodes,), ([float(i == j) for j in places],)) for i in places]) == second
    assert numbers(jacobian(hessian(fun))(nodes)) == third
    assert numbers(hessian(lambda xs: grad(fun)(xs)[0])(nodes)) == third[: count * count]
    if not inside:
        assert hessian(fun, sparse=True)(point).toarray().ravel().tolist() == second


def grad_rows(fun, count):
    """The Hessian by `grad` of each entry of `grad`."""
    return lambda xs: [grad(lambda xs, place=place: grad(fun)(xs)[place])(xs) for place in range(count)]


@pytest.mark.parametrize(("primitive", "polynomial"), USERS.values(), ids=USERS)
def test_a_users_primitive_of_one_operand_many_times(primitive, polynomial):
    (exponents,) = {sum(exponents) for exponents in polynomial}
    count = len(next(iter(polynomial)))
    scale = sum(polynomial.values())

    def fun(x):
        return primitive(*[x] * count)

    falling = scale * exponents * 2.0 ** (exponents - 1)
    assert grad(fun)(2.0) == falling
    falling = scale * exponents * (exponents - 1) * 2.0 ** (exponents - 2)
    assert hessian(fun)(2.0) == hvp(fun, (2.0,), (1.0,)) == nested_grad(fun, 2)(2.0) == falling
    assert hessian(lambda xs: fun(xs[0]), sparse=True)([2.0]).toarray().tolist() == [[falling]]


def test_a_users_primitive_is_constant_where_its_operands_are():
    primitive = USERS["two operands"][0]
    assert grad(lambda x: primitive(stop_gradient(x), 3.0) * x)(2.0) == 18.0
    assert_same(hessian(lambda x: primitive(2.0, x))(3.0), 4.0)
    assert_same(hessian(lambda x: primitive(x, 3.0))(3.0), 0.0)


def test_a_users_primitive_keeps_its_rule_beside_a_constant():
    larger = Primitive(
        "the_larger",
        lambda a, b: a if a > b else b,
        lambda a, b, out: (where(a > b, 1.0, where(a < b, 0.0, 0.5)), where(b > a, 1.0, where(b < a, 0.0, 0.5))),
        arity=2,
        kinks=lambda a, b: a - b,
        beside_constant=lambda x, c, out: where(x > c, 1.0, 0.0),
        linear=True,
        registered=False,
    )
    assert_same(grad(larger, (0, 1))(1.0, 1.0), (0.5, 0.5))
    assert grad(lambda x: larger(x, 1.0))(1.0) == 0.0
    assert grad(lambda x: larger(1.0, x))(1.0) == 0.0
    w = Variable(1.0)
    assert number(grad(lambda x: larger(x, w))(1.0)) == 0.0


def test_a_users_primitive_of_many_operands_keeps_its_rule_beside_a_constant():
    largest = Primitive(
        "the_largest",
        max,
        lambda operands, out: [where(x == out, 0.5, 0.0) for x in operands],
        arity=None,
        kinks=lambda operands: operands[0] - operands[1],
        beside_constant=lambda operands, uses, out: [0.0 for _ in operands],
        linear=True,
        registered=False,
    )
    assert_same(grad(largest, (0, 1))(1.0, 1.0), (0.5, 0.5))
    assert grad(lambda x: largest(x, 1.0))(1.0) == 0.0
    w = Variable(1.0)
    assert number(grad(lambda x: largest(x, w))(1.0)) == 0.0
    assert gradients(largest(w, 1.0), w) == 0.0


def test_a_users_curved_primitive_keeps_its_rule_beside_a_constant_in_every_order():
    def squared(a, b):
        return where(a > b, a * a, b * b)

    larger = Primitive(
        "the_larger_squared",
        squared,
        lambda a, b, out: (where(a > b, 2.0 * a, where(a < b, 0.0, a)), where(b > a, 2.0 * b, where(b < a, 0.0, b))),
        arity=2,
        kinks=lambda a, b: a - b,
        beside_constant=lambda x, c, out: where(x > c, 2.0 * x, 0.0),
        registered=False,
    )
    x = Variable(3.0)
    for of_constant, of_variable in ((larger(x, 3.0), 0.0), (larger(3.0, x), 0.0), (larger(x, 2.0), 6.0)):
        assert gradients(of_constant, x) == of_variable
        assert number(gradients(of_constant, x, create_graph=True)) == of_variable
    w = Variable(3.0)
    assert_same(value_and_grad(grad(lambda x: larger(x, w)))(3.0), (0.0, 0.0))
    assert_same(value_and_grad(grad(lambda x: larger(x, w)))(4.0), (8.0, 2.0))


def test_a_users_rule_of_the_wrong_length_is_an_error():
    wrong = Primitive("wrong", lambda a, b: a * b, lambda a, b, out: (b,), arity=2, registered=False)
    with pytest.raises(ValueError, match="the rule of wrong gave 1 local gradients for 2 operands"):
        grad(lambda x: wrong(x, x))(2.0)


@pytest.mark.parametrize(("rule", "got"), [(lambda a, b, out: b, "2.0"), (lambda a, b, out: (b, None), r"\(2.0, None")])
def test_a_users_rule_that_gives_no_number_for_each_operand_is_told_so(rule, got):
    wrong = Primitive("wrong", lambda a, b: a * b, rule, registered=False)
    with pytest.raises(
        TypeError, match=rf"the rule of wrong gives a local gradient for each of 2 operand\(s\), got {got}"
    ):
        wrong(Variable(3.0), 2.0).backward()
    own = Primitive("own", lambda a: a, lambda a, out: len(a), registered=False)
    with pytest.raises(TypeError, match=r"has no len\(\)"):
        own(Variable(3.0)).backward()


def test_a_users_rule_that_leaves_the_engine_is_an_error_in_the_second_order():
    primitive = Primitive("plain_sin", math.sin, lambda x, out: math.cos(x), registered=False)
    assert grad(primitive)(0.5) == math.cos(0.5)
    for run in (lambda: hessian(primitive)(0.5), lambda: nested_grad(primitive, 2)(0.5)):
        with pytest.raises(OperandError, match="can't become a plain float"):
            run()


# IEEE arithmetic


def test_a_cotangent_or_tangent_of_zero_reaches_no_infinity():
    assert vjp(sqrt, 0.0)[1](0.0) == (0.0,)
    assert jvp(sqrt, (0.0,), (0.0,)) == (0.0, 0.0)
    assert vjp(lambda x: [sqrt(x), 3.0 * x], 0.0)[1]([0.0, 1.0]) == (3.0,)
    for transform in (jacobian, jacfwd, jacrev):
        got = transform(lambda xs: [sqrt(xs[0]), xs[0] * xs[1], 1.0 / xs[2]])([0.0, 5.0, 0.0])
        assert got == [[math.inf, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 0.0, -math.inf]]
    assert hvp(lambda xs: sqrt(xs[0]) + xs[1] ** 2, ([0.0, 3.0],), ([0.0, 1.0],)) == [0.0, 2.0]


@EVERY_DERIVATIVE
def test_a_slope_of_zero_times_an_infinite_one_is_nan(derivative):
    assert math.isnan(derivative(lambda x: 0.0 * sqrt(x))(0.0))


@EVERY_DERIVATIVE
@pytest.mark.parametrize(
    ("fun", "x", "expected"),
    [
        (sqrt, 0.0, math.inf),
        (log, 0.0, math.inf),
        (lambda x: 1 / x, 0.0, -math.inf),
        (lambda x: x**-1, 0.0, -math.inf),
        (exp, 1000.0, math.inf),
        (exp, -math.inf, 0.0),
        (log, -1.0, math.nan),
        (sin, math.nan, math.nan),
        (lambda x: maximum(x, 2.0), math.nan, math.nan),
        (lambda x: x**0, math.nan, math.nan),
        (lambda x: 7.0, math.nan, 0.0),
    ],
)
def test_poles_and_nan_come_through_as_ieee_has_them(derivative, fun, x, expected):
    got = derivative(fun)(x)
    assert got == expected or (math.isnan(got) and math.isnan(expected))


@pytest.mark.parametrize("second", [hessian, lambda fun: grad(grad(fun)), lambda fun: lambda x: hvp(fun, (x,), (1.0,))])
def test_second_derivatives_of_nan_are_nan_in_every_way(second):
    for fun in (sin, lambda x: x * x, lambda x: dot([x], [x]), lambda x: autograd.prod([x, x]), lambda x: x / 2 * x):
        assert math.isnan(second(fun)(math.nan))
