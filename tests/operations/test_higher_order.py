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

from autograd import Node, Variable, exp, grad, gradients, jvp, prod
from autograd.testing import gradcheck
from tests.tables.derivatives import nested, number
from tests.tables.oracles import EVERY_PRIMITIVE, ORACLES, exact_derivative, mpf
from tests.tables.roundings import EPSILON, ROUNDINGS, error_scale
from tests.tables.smooth_points import points


def variables_of(primitive, point):
    """Variables, and a constant where there is no derivative."""
    return [x if place in primitive.orders else Variable(x) for place, x in enumerate(point)]


@pytest.mark.parametrize("order", [2, 3, 4])
@EVERY_PRIMITIVE
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
@EVERY_PRIMITIVE
def test_nested_transforms_give_the_exact_derivatives_of_order_one_to_four(primitive, nesting):
    draw = random.Random(primitive.name)
    for point in points(primitive, 2, seed=" nested"):
        places = [place for place in range(len(point)) if place not in primitive.orders]
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
    """mpmath's result, remembered: each nesting is measured at the same points."""
    return exact_derivative(ORACLES[primitive.name].value, point, orders)


@EVERY_PRIMITIVE
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
@EVERY_PRIMITIVE
def test_gradcheck_of_higher_order_passes(primitive, order):
    point = next(points(primitive))
    constant = [place for place in range(len(point)) if place in primitive.orders]

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
