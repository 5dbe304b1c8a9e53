"""Sums of many terms that come one at a time."""

import functools
import math
import operator
from fractions import Fraction

import pytest

from autograd import Variable, grad, gradients, hessian, hvp, jacfwd, jit, vjp
from autograd.graph.node import value_of
from tests.tables.tiers import TIERS

# So many terms are added one after the other.
BLOCK = 128
# Terms whose roundings all go one way, that differ by orders of magnitude, and that cancel.
TERMS = {
    "equal": lambda place: 0.1,
    "thirds": lambda place: 1.0 / 3.0 + place * 1e-9,
    "growing": lambda place: math.exp(place % 41 - 20.0),
    "cancelling": lambda place: math.sin(place) * 1e3 + 1.0 / (1.0 + place),
}
# Sums of 128 terms one after the other err by 64 units in the last place of their size at most, the pairs of blocks by
# half a unit each.
UNITS = 64.0 + 0.5 * 17


def linear(coefficients):
    """A function that uses its argument once for each coefficient, which add up to its derivative."""

    def function(x):
        total = 0.0
        for coefficient in coefficients:
            total = total + x * coefficient
        return total

    return function


def quadratic(coefficients):
    """A function whose second derivative is twice the sum of the coefficients."""

    def function(x):
        total = 0.0
        for coefficient in coefficients:
            total = total + coefficient * (x * x)
        return total

    return function


def by_backward(function):
    def slope(x):
        node = Variable(x)
        function(node).backward()
        return node.grad

    return slope


def below_an_operation(function):
    """The derivative in a node that is no leaf, by a sweep."""

    def slope(x):
        node = Variable(x) * Variable(1.0)
        function(node).backward()
        return node.grad

    return slope


def with_a_graph(function):
    def slope(x):
        node = Variable(x)
        return value_of(gradients(function(node), node, create_graph=True))

    return slope


FIRST = {
    "backward": by_backward,
    "backward to an operation": below_an_operation,
    "grad": grad,
    "gradients with a graph": with_a_graph,
    "grad of a variable": lambda function: lambda x: value_of(grad(function)(Variable(x))),
    "vjp": lambda function: lambda x: vjp(function, x)[1](1.0)[0],
}
SECOND = {
    "hvp": lambda function: lambda x: hvp(function, (x,), (1.0,)),
    "hessian": hessian,
    "grad of grad": lambda function: grad(grad(function)),
    "jacfwd of grad": lambda function: jacfwd(grad(function)),
}


def check(found, coefficients, factor=1):
    exact = factor * sum(map(Fraction, coefficients))
    size = factor * sum([abs(Fraction(coefficient)) for coefficient in coefficients])
    assert abs(Fraction(float(found)) - exact) <= UNITS * math.ulp(float(size))


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("way", FIRST)
def test_derivatives_in_a_node_that_is_used_very_often_are_added_pairwise(way, terms):
    coefficients = [TERMS[terms](place) for place in range(20_000)]
    check(FIRST[way](linear(coefficients))(1.5), coefficients)


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("way", SECOND)
def test_second_derivatives_in_such_a_node_are_added_pairwise(way, terms):
    coefficients = [TERMS[terms](place) for place in range(5_000)]
    check(SECOND[way](quadratic(coefficients))(1.5), coefficients, 2)


@pytest.mark.parametrize("tier", TIERS)
def test_compiled_derivatives_are_added_one_after_the_other_as_in_a_loop(tier):
    coefficients = [TERMS["growing"](place) for place in range(1_000)]
    expected = functools.reduce(operator.add, reversed(coefficients))
    assert jit(grad(linear(coefficients)), tier=tier)(1.5) == expected


def test_a_hundred_thousand_uses_cost_few_digits():
    coefficients = [0.1] * 100_000
    exact = sum(map(Fraction, coefficients))
    for way in ("backward", "backward to an operation", "grad"):
        found = Fraction(FIRST[way](linear(coefficients))(1.5))
        # One after the other they are off by 10,362 units in the last place.
        assert abs(found - exact) <= 32 * math.ulp(float(exact)), way


@pytest.mark.parametrize("count", [1, 2, 127, 128, 129, 255, 256, 257, 384, 513])
def test_every_way_over_nodes_in_one_order_has_the_same_sum_to_the_bit(count):
    coefficients = [TERMS["growing"](place) for place in range(count)]
    function = linear(coefficients)
    # `backward` meets nodes in another order.
    found = {name: float(way(function)(1.5)) for name, way in FIRST.items() if "backward" not in name}
    if count <= BLOCK:
        found |= {tier: jit(grad(function), tier=tier)(1.5) for tier in TIERS}
    assert len(set(found.values())) == 1, found


def test_sums_of_few_terms_are_as_they_were():
    coefficients = [TERMS["growing"](place) for place in range(128)]
    expected = 0.0
    for coefficient in reversed(coefficients):
        expected += coefficient
    assert grad(linear(coefficients))(1.5) == expected


def test_a_sum_that_is_not_finite_is_that_of_plain_addition():
    for middle, expected in [(math.inf, math.inf), (-math.inf, -math.inf), (math.nan, math.nan)]:
        coefficients = [1.0] * 300 + [middle] + [1.0] * 300
        for name, way in FIRST.items():
            assert float(way(linear(coefficients))(1.5)) == pytest.approx(expected, nan_ok=True), name


def test_gradients_of_many_nodes_that_are_used_often_are_kept_apart():
    nodes = [Variable(float(place)) for place in range(300)]
    products = [nodes[place] * nodes[place - 1] for place in range(300)]
    total = 0.0
    for turn in range(200):
        for place, product in enumerate(products):
            total = total + product * (1.0 + place + turn)
    total.backward()
    slopes = [sum([1.0 + place + turn for turn in range(200)]) for place in range(300)]
    assert [product.grad for product in products] == slopes
    assert [node.grad for node in nodes] == [
        slopes[place] * nodes[place - 1].value + slopes[(place + 1) % 300] * nodes[(place + 1) % 300].value
        for place in range(300)
    ]


def test_gradients_accumulate_where_nodes_are_used_often():
    x = Variable(1.5)
    y = linear([1.0] * 1000)(x)
    y.backward()
    y.backward()
    assert (x.grad, x.reached) == (2000.0, True)


def test_references_from_elsewhere_change_no_bit():
    coefficients = [TERMS["growing"](place) for place in range(100)]
    x = Variable(1.5)
    function = linear(coefficients)
    held = [x] * 1000
    function(x).backward()
    again = Variable(1.5)
    function(again).backward()
    assert held[0].grad == again.grad
