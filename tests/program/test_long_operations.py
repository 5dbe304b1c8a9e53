"""Derivatives of operations on thousands of operands take memory and time in proportion to them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import hessian, hvp, jit, value_and_grad
from tests.tables.tiers import TIERS

OPERATIONS = ["sum", "prod", "norm", "logsumexp"]


def numbers(count):
    return (1.0 + 0.01 * np.sin(np.arange(count))).tolist()


def slots(fun, point):
    """The operands of all operations of a recorded function together."""
    recorded = jit(fun, tier="vm")
    recorded(point)
    return len(recorded.paths[0].program.operands)


@pytest.mark.parametrize("name", OPERATIONS)
def test_programs_of_gradients_grow_in_proportion(name):
    fun = getattr(autograd, name)
    assert slots(autograd.grad(fun), numbers(2_000)) < 2.3 * slots(autograd.grad(fun), numbers(1_000))
    assert slots(autograd.grad(fun), numbers(2_000)) < 100_000


@pytest.mark.parametrize("name", OPERATIONS[1:])
def test_programs_of_products_with_the_hessian_grow_in_proportion(name):
    def product(x):
        return hvp(getattr(autograd, name), (x,), ([1.0] * len(x),))

    assert slots(product, numbers(800)) < 2.6 * slots(product, numbers(400))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("count", [31, 32, 33, 34, 63, 64, 65, 100, 1000])
@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_compiled_gradients_of_long_operations_are_the_eager_ones(name, count, zeros):
    fun, point = getattr(autograd, name), numbers(count)
    for place in range(zeros):
        point[7 + 20 * place] = 0.0
    value, slopes = jit(value_and_grad(fun), tier="vm")(point)
    wanted, eager = value_and_grad(fun)(point)
    assert value == wanted
    assert np.allclose(slopes, eager, rtol=8e-16 * math.log2(count), atol=0.0)
    if name == "prod":
        assert [slope == 0.0 for slope in slopes] == [slope == 0.0 for slope in eager]


def test_second_derivatives_of_a_long_product_are_right_at_its_zeros():
    point = numbers(40)
    point[3] = point[20] = 0.0
    found = np.array(hessian(autograd.prod)(point))
    wanted = np.zeros((40, 40))
    wanted[3, 20] = wanted[20, 3] = math.prod(x for x in point if x)
    assert np.allclose(found, wanted, rtol=1e-14, atol=0.0)
    assert np.allclose(np.array(jit(hessian(autograd.prod))(point)), wanted, rtol=1e-14, atol=0.0)


FAR = {
    "small ones last": [1e300] * 20 + [1e-300] * 20,
    "small ones first": [1e-250] * 25 + [3e249] * 25,
    "mixed": [1e200, 1e-200, 1e-200, 1e200] * 12,
    "a zero": [1e300] * 20 + [0.0] + [1e-300] * 20,
    "subnormal": [5e-324] * 20 + [2.0**1023] * 21 + [2.0**51] * 20,
    "nearly beyond": [1e300, 1e-300] * 16 + [1e153, 1e153],
}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", FAR)
def test_no_partial_product_of_many_factors_leaves_the_range_of_floats(name, tier):
    point = FAR[name]
    exact = [Fraction(x) for x in point]

    def without(*places):
        product = math.prod([x for place, x in enumerate(exact) if place not in places])
        return float(product) if product < 2**1024 else math.inf

    wanted = [without(place) for place in range(len(point))]
    assert np.allclose(jit(value_and_grad(autograd.prod), tier=tier)(point)[1], wanted, rtol=1e-14, atol=0.0)
    assert np.allclose(value_and_grad(autograd.prod)(point)[1], wanted, rtol=1e-14, atol=0.0)
    # The second derivatives in one factor and each of the others.
    direction = [0.0] * len(point)
    direction[5] = 1.0
    second = [0.0 if place == 5 else without(place, 5) for place in range(len(point))]
    for product in (
        lambda x: hvp(autograd.prod, (x,), (direction,)),
        jit(lambda x: hvp(autograd.prod, (x,), (direction,))),
    ):
        assert np.allclose(product(point), second, rtol=1e-14, atol=0.0)


@pytest.mark.parametrize("special", [math.nan, math.inf])
def test_gradients_of_a_length_at_a_special_operand_are_the_eager_ones(special):
    for place in range(3):
        point = [3.0, 4.0, 0.0]
        point[place] = special
        for other in (2.0, math.inf, math.nan):
            point[place - 1] = other
            assert repr(jit(value_and_grad(autograd.norm))(point)) == repr(value_and_grad(autograd.norm)(point))
