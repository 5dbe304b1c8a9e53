"""Derivatives of order up to 4 of every primitive, by nested `gradients` and nested transforms, against mpmath.

The rules are run on nodes once for each order. Each run adds roundings to those of the expression before it, so
that an error is measured beside the sum of the sizes of all terms, which is found by running the same
expression on its own local gradients in absolute value.
"""

import functools
import itertools
import math
import random

import pytest
from test_primitives_oracles import BUILT_IN, ORACLES, exact_derivative, mpf
from transform_helpers import number

from autograd import Node, Variable, exp, grad, gradients, jvp, prod, topological_order
from autograd.testing import gradcheck
from autograd.testing.strategies import is_order

# Points of moderate size, where no derivative is zero: for each primitive three, drawn within these intervals.
INTERVALS = {
    "acosh": [(1.2, 4.0)],
    "asin": [(-0.8, 0.8)],
    "acos": [(-0.8, 0.8)],
    "atanh": [(-0.8, 0.8)],
    "log1p": [(-0.8, 4.0)],
    "lgamma": [(0.3, 5.0)],
    "digamma": [(0.3, 5.0)],
    "atan2": [(0.3, 3.0), (-3.0, 3.0)],
    "polygamma": [(0.3, 4.0), (0.3, 4.0)],
    "hypot": [(-3.0, 3.0), (0.3, 3.0)],
}
ROUNDINGS = 32.0
EPSILON = math.ulp(1.0) / 2
POSITIVE_ONLY = {"power", "power_below", "sqrt", "cbrt", "log", "log2", "log10", "xlogy", "divide", "reciprocal"}


# Smooth points at which a rule makes a choice, or at which factors of its derivatives are zero.
CHOICES = {
    "logaddexp": [(1.0, 1.0), (0.0, 0.0)],
    "logsumexp": [(0.5, 0.5, 0.5), (0.0,)],
    "xlogy": [(0.0, 2.0), (1.0, 1.0)],
    "power": [(2.0, 0.0), (2.0, 1.0), (2.0, 2.0), (1.0, 1.0), (1.0, 0.0), (0.5, 3.0)],
    "power_below": [(2.0, 0.0, 1.0), (2.0, 1.0, 1.0), (2.0, 2.0, 2.0), (1.0, 1.0, 1.0)],
    "prod": [(0.0, 2.0, 3.0), (0.0, 0.0, 3.0), (2.0,)],
    "divide": [(0.0, 2.0)],
    "hypot": [(0.0, 2.0), (2.0, 0.0)],
    "norm": [(0.0, 2.0), (-3.0,)],
    "atan2": [(0.0, 2.0), (2.0, 0.0)],
    "digamma": [(1.0,)],
    "lgamma": [(1.0,), (2.0,)],
} | {
    name: [(0.0,)]
    for name in (
        "square", "exp", "exp2", "expm1", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
        "sech_squared", "asinh", "atanh", "gaussian", "erf", "erfc", "sigmoid", "softplus",
    )
}  # fmt: skip


def points(primitive, count=3, seed=""):
    """Operands at which the primitive is smooth."""
    yield from CHOICES.get(primitive.name, []) if count == 3 else []
    draw = random.Random(primitive.name + seed)
    arity = primitive.arity or 4
    usual = (0.3, 3.0) if primitive.name in POSITIVE_ONLY else (-2.5, 2.5)
    for _ in range(count):
        yield tuple(
            float(draw.randint(1, 3)) if is_order(primitive, place) else draw.uniform(*interval)
            for place, interval in enumerate(INTERVALS.get(primitive.name, [usual] * arity))
        )


def nested(node, variables, places):
    """The derivative in the variables at these places, taken one after the other, as a node or a number."""
    for place in places:
        node = gradients(node, variables[place], create_graph=True) if isinstance(node, Node) else 0.0
    return node


def error_scale(result):
    """A bound on what a relative perturbation of size 1 of every step can do to the result.

    Each step's rounding is passed on by the local gradients: a backward sweep over absolute values, as in the
    running error analysis of Linnainmaa (BIT 16, 1976). A variable is exact.
    """
    if not isinstance(result, Node):
        return abs(result)
    adjoints = {id(result): 1.0}
    total = abs(result.value)
    for node in reversed(topological_order(result)):
        adjoint = adjoints.get(id(node), 0.0)
        if node.op is None or adjoint == 0.0:
            continue
        total += adjoint * abs(node.value)
        for operand, slope in zip(node.parents, node.local_gradients, strict=True):
            if not math.isnan(slope):
                adjoints[id(operand)] = adjoints.get(id(operand), 0.0) + adjoint * abs(slope)
    return total


def variables_of(primitive, point):
    """Variables, and a constant where there is no derivative."""
    return [x if is_order(primitive, place) else Variable(x) for place, x in enumerate(point)]


@pytest.mark.parametrize("order", [2, 3, 4])
@pytest.mark.parametrize("primitive", BUILT_IN, ids=lambda primitive: primitive.name)
def test_derivative_of_higher_order_is_the_exact_one_to_rounding(primitive, order):
    for point in points(primitive):
        operands = variables_of(primitive, point)
        places = [place for place, operand in enumerate(operands) if isinstance(operand, Node)]
        for chosen in itertools.product(places[:2], repeat=order):
            result = nested(primitive(*operands), operands, chosen)
            orders = [chosen.count(place) for place in range(len(point))]
            exact = exact_derivative(ORACLES[primitive.name].value, point, orders)
            value = result.value if isinstance(result, Node) else result
            bound = ROUNDINGS * EPSILON * max(error_scale(result), abs(float(exact)))
            assert abs(mpf(value) - exact) <= bound, (point, chosen, value, float(exact))


# The transforms, nested: the first of them is the innermost one.


def reverse(function, place):
    """The partial derivative at a place, by a sweep backward."""
    return grad(function, argnums=place)


def forward(function, place):
    """The partial derivative at a place, by a sweep forward."""

    def derivative(*operands):
        # Numbers that are an order are not variables: the others are held fixed.
        def along(x):
            return function(*operands[:place], x, *operands[place + 1 :])

        return jvp(along, (operands[place],), (1.0,))[1]

    return derivative


NESTINGS = {
    "grad": (reverse, reverse, reverse, reverse),
    "jvp": (forward, forward, forward, forward),
    "forward over reverse": (reverse, forward, forward, forward),
    "reverse over forward": (forward, reverse, reverse, reverse),
    "forward and reverse in turn": (forward, reverse, forward, reverse),
}


@pytest.mark.parametrize("nesting", NESTINGS)
@pytest.mark.parametrize("primitive", BUILT_IN, ids=lambda primitive: primitive.name)
def test_nested_transforms_give_the_exact_derivatives_of_order_one_to_four(primitive, nesting):
    draw = random.Random(primitive.name)
    for point in points(primitive, 2, seed=" nested"):
        places = [place for place in range(len(point)) if not is_order(primitive, place)]
        for order in (1, 2, 3, 4):
            chosen = draw.choices(places, k=order)
            function = primitive
            for transform, place in zip(NESTINGS[nesting], chosen, strict=False):
                function = transform(function, place)
            exact = exact_partial(primitive, point, tuple(chosen.count(place) for place in range(len(point))))
            # On variables the last result is a node, whose graph says what was added up.
            scale = error_scale(function(*variables_of(primitive, point)))
            bound = ROUNDINGS * EPSILON * max(scale, abs(float(exact)))
            value = function(*point)
            assert type(value) is float
            assert abs(mpf(value) - exact) <= bound, (point, chosen, value, float(exact))


@functools.cache
def exact_partial(primitive, point, orders):
    """What mpmath says, remembered: each nesting is measured at the same points."""
    return exact_derivative(ORACLES[primitive.name].value, point, orders)


@pytest.mark.parametrize("primitive", BUILT_IN, ids=lambda primitive: primitive.name)
def test_mixed_derivatives_commute(primitive):
    for point in points(primitive, 2):
        operands = variables_of(primitive, point)
        places = [place for place, operand in enumerate(operands) if isinstance(operand, Node)][:2]
        if len(places) < 2:
            continue
        one = nested(primitive(*operands), operands, places)
        other = nested(primitive(*operands), operands, places[::-1])
        bound = ROUNDINGS * EPSILON * (error_scale(one) + error_scale(other))
        values = [result.value if isinstance(result, Node) else result for result in (one, other)]
        assert abs(values[0] - values[1]) <= bound, point


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("primitive", BUILT_IN, ids=lambda primitive: primitive.name)
def test_gradcheck_of_higher_order_passes(primitive, order):
    point = next(points(primitive))
    constant = [place for place in range(len(point)) if is_order(primitive, place)]

    def function(*variables):
        rest = iter(variables)
        return primitive(*[x if place in constant else next(rest) for place, x in enumerate(point)])

    assert gradcheck(function, [x for place, x in enumerate(point) if place not in constant], order=order)


def test_all_derivatives_of_the_exponential_are_its_value():
    x = Variable(0.7)
    node = exp(x)
    for _ in range(8):
        node = gradients(node, x, create_graph=True)
    assert node.value == math.exp(0.7)


def test_third_mixed_derivative_of_a_product_of_three_is_one():
    operands = [Variable(2.0), Variable(3.0), Variable(5.0)]
    third = nested(prod(operands), operands, [0, 1, 2])
    assert (third.value if isinstance(third, Node) else third) == 1.0


def test_derivatives_of_a_polynomial_end_in_zero():
    x = Variable(1.5)
    assert [number(nested(x**3, [x], [0] * order)) for order in range(6)] == [3.375, 6.75, 9.0, 6.0, 0.0, 0.0]
