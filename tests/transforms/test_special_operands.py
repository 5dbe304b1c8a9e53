"""Derivatives of order 2 and 3 of each primitive at special operands: the same by every way, eager and compiled.

What they are is a rule of docs/reference/conventions.md. Where products in them are 0 · ∞, or sums ∞ − ∞, ways may
differ: the table says at how many entries of which primitive that is so at most.
"""

import itertools
import math
import sys

import numpy as np
import pytest

from autograd import grad, hessian, hvp, jacfwd, jacrev, jit, log, sqrt, where
from autograd.operations.primitives import Erf, Erfc, Gaussian
from tests.tables.oracles import EVERY_PRIMITIVE
from tests.tables.tiers import TIERS

inf, nan = math.inf, math.nan
SMALLEST = math.ulp(0.0)
NUMBERS = {
    1: [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.0, 3.0, inf, -inf, nan, 1e308, -1e308, 5e-324, 1e-160, -1e200, 1e-300],
    2: [0.0, -0.0, 1.0, -2.0, 0.5, inf, -inf, nan, 1e308, 5e-324, 1e-160],
    3: [0.0, 1.0, -2.0, inf, nan],
    4: [0.0, -2.0, inf, nan],
}
# Entries of derivatives, of all ways together, that are not those of the first way: infinities and zeros meet in
# products. So at infinite operands of a power, and where 1 ÷ x² overflows beside a pole, forward in other
# products than backward.
DIFFERENT = {
    ("power", 2): 60, ("power_below", 2): 18, ("hypot", 2): 6, ("xlogy", 2): 6, ("atan2", 2): 40,
    ("power", 3): 198, ("power_below", 3): 40, ("cbrt", 3): 1, ("xlogy", 3): 4, ("atan2", 3): 2,
}  # fmt: skip


def operands_of(primitive):
    """The number of operands that it is tried with, and the places of those in which there are derivatives."""
    count = primitive.arity or (4 if primitive.multiple == 2 else 3)
    return count, [place for place in range(count) if place not in primitive.orders]


def points_of(primitive):
    """Combinations of special numbers as operands; whole numbers for orders."""
    count, places = operands_of(primitive)
    for point in itertools.product(NUMBERS[count], repeat=count):
        if all(x in (1.0, 3.0) for place, x in enumerate(point) if place not in places):
            yield point


def of_variables(primitive):
    """The primitive as a function of an array of the operands that vary and one of the others."""
    count, places = operands_of(primitive)

    def function(moved, fixed):
        moving, resting = iter(moved), iter(fixed)
        return primitive(*[next(moving) if place in places else next(resting) for place in range(count)])

    return function


def by_products(function):
    """The Hessian from products with unit vectors."""
    return lambda x, c: [hvp(lambda v: function(v, c), (x,), (unit,)) for unit in np.eye(len(x))]


SECOND = {
    "jacfwd of grad": lambda function: jacfwd(grad(function)),
    "jacrev of grad": lambda function: jacrev(grad(function)),
    "jacfwd of jacfwd": lambda function: jacfwd(jacfwd(function)),
    "jacrev of jacfwd": lambda function: jacrev(jacfwd(function)),
    "hessian": hessian,
    "sparse": lambda function: lambda x, c: hessian(function, sparse=True)(x, c).toarray(),
    "hvp": by_products,
}
# These have one number for both mixed derivatives of a pair of operands.
SYMMETRIC = ["hessian", "sparse", "hvp"]
COMPILED_SECOND = ["hessian", "jacfwd of grad", "jacrev of jacfwd"]
THIRD = {
    "jacrev three times": lambda function: jacrev(jacrev(grad(function))),
    "jacfwd of hessian": lambda function: jacfwd(hessian(function)),
    "jacfwd three times": lambda function: jacfwd(jacfwd(jacfwd(function))),
}
COMPILED_THIRD = ["jacrev three times", "jacfwd of hessian"]


def ways_of(order, function):
    """Every way to the derivatives of this order, by name; the first is what the others are compared with."""
    ways, compiled = (SECOND, COMPILED_SECOND) if order == 2 else (THIRD, COMPILED_THIRD)
    found = {name: way(function) for name, way in ways.items()}
    return found | {f"{name}, {tier}": jit(ways[name](function), tier=tier) for name in compiled for tier in TIERS}


def is_same(one, other, scale):
    """Whether two entries agree: both nan, the same infinity, or equal but for rounding, to the smallest floats too."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or (math.isfinite(one - other) and abs(one - other) <= max(1e-9 * scale, 4.0 * SMALLEST))


def symmetric(function, moved, fixed, second):
    """Second derivatives whose mixed ones are those of the first local gradient; nan if one is, as a gradient is."""
    upper = np.triu(second)
    undefined = np.isnan(grad(function)(moved, fixed))
    nowhere = np.isnan(second.T) & (undefined[:, None] | undefined)
    return np.where(nowhere, nan, upper + np.tril(upper.T, -1))


def differences(primitive, order):
    """The entries that differ: way, operands, place, the entry by the first way and by this one."""
    found = []
    _, places = operands_of(primitive)
    function = of_variables(primitive)
    first, *others = ways_of(order, function).items()
    for point in points_of(primitive):
        moved = np.array([point[place] for place in places])
        fixed = np.array([x for place, x in enumerate(point) if place not in places])
        derivatives = np.array(first[1](moved, fixed))
        for name, way in others:
            expected = np.ravel(symmetric(function, moved, fixed, derivatives) if name in SYMMETRIC else derivatives)
            scale = max([abs(entry) for entry in expected if math.isfinite(entry)], default=0.0)
            entries = np.ravel(way(moved, fixed)).tolist()
            for place, (one, other) in enumerate(zip(expected.tolist(), entries, strict=True)):
                if not is_same(one, other, scale):
                    found.append((name, point, place, one, other))
    return found


@pytest.mark.parametrize("order", [2, 3])
@EVERY_PRIMITIVE
def test_derivatives_are_the_same_by_every_way_at_special_operands(primitive, order):
    found = differences(primitive, order)
    assert len(found) <= DIFFERENT.get((primitive.name, order), 0), found[:20]
    # A product 0 · ∞ or a sum ∞ − ∞ shows in one of the two; numbers that both ways have are the same by both.
    finite = [one for one in found if math.isfinite(one[3]) and math.isfinite(one[4])]
    assert all([abs(x - y) < sys.float_info.min for _, _, _, x, y in finite]), finite


@pytest.mark.parametrize("x", [0.0, inf, nan])
def test_a_pair_of_operands_without_second_derivative_has_none_at_any_operand(x):
    for way in SECOND.values():
        matrix = np.array(way(lambda v, c: v[0] * v[1])(np.array([x, 2.0]), np.array([])))
        assert matrix[0, 0] == matrix[1, 1] == 0.0
        assert math.isnan(matrix[0, 1]) if math.isnan(x) else matrix[0, 1] == 1.0


@pytest.mark.parametrize("x", [inf, -inf, 1e308, -1e308, 1e200, 30.0])
@pytest.mark.parametrize("function", [Gaussian, Erf, Erfc], ids=lambda primitive: primitive.name)
def test_derivatives_of_what_has_gone_to_zero_are_zero(function, x):
    for way in (grad, *SECOND.values(), *THIRD.values()):
        assert not np.any(way(lambda v, c: function(v[0]))(np.array([x]), np.array([])))
    for tier in TIERS:
        assert jit(grad(function), tier=tier)(x) == jit(hessian(function), tier=tier)(x) == 0.0


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_side_that_is_not_taken_takes_no_derivative_from_one_that_is(order, tier):
    def function(x):
        return where(x > 0.0, sqrt(x) * log(x) / x, x * x) * x

    derivative = function
    for _ in range(order):
        derivative = grad(derivative)
    assert jit(derivative, tier=tier)(0.0) == derivative(0.0) == (6.0 if order == 3 else 0.0)
