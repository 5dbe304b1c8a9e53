"""What mpmath says of every built-in primitive, and that no primitive is without it.

The table is in `tools/oracles.py`. Derivatives of any order are differences of its values in several hundred bits, so
that nothing of the engine's rules is repeated; the closed forms of its gradients are checked against them here. Other
test modules import both.
"""

import math
import random
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest

pytest.importorskip("mpmath")

from tools.oracles import BUILT_IN, ORACLES, mp, mpf, ulps

__all__ = ["BUILT_IN", "ORACLES", "exact_derivative", "mp", "mpf", "ulps"]


def exact_derivative(function: Callable[..., Any], point: Sequence[float], orders: Sequence[int]) -> Any:
    """A partial derivative, to 70 bits, as a central difference in as many bits as it takes.

    The step shrinks and the precision grows until two of them agree.
    """
    order = sum(orders)
    sizes = [math.frexp(x)[1] for x in point]
    spread = 2 * (max(sizes) - min(sizes))
    if order == 0:
        with mp.workprec(400 + spread):
            return +function(*map(mpf, point))
    magnitudes = [-math.frexp(x)[1] if x else 0 for x, times in zip(point, orders, strict=True) if times]
    bits, zeros = 120, 0
    previous = None
    while bits < 20_000:
        with mp.workprec(order * (bits + 2 + max(0, *magnitudes, 0)) + 2 * bits + spread):
            current = difference(function, list(map(mpf, point)), orders, bits)
            if previous is not None and abs(current - previous) <= abs(current) * mpf(2) ** -70:
                zeros += 1
                # A zero may be a derivative too small for this precision.
                if current != 0 or zeros >= 3:
                    return current
            previous = current
        bits *= 2
    raise AssertionError(f"no limit of the differences at {point}")


def difference(function: Callable[..., Any], point: list[Any], orders: Sequence[int], bits: int) -> Any:
    """The mixed central difference with steps of 2**-bits of each operand."""
    steps = [mp.ldexp(abs(x) or 1, -bits) for x in point]
    terms = []
    for places in product(*[range(times + 1) for times in orders]):
        weight = 1
        for place, times in zip(places, orders, strict=True):
            weight *= (-1) ** place * math.comb(times, place)
        moved = [
            x + step * (mpf(times) / 2 - place)
            for x, step, times, place in zip(point, steps, orders, places, strict=True)
        ]
        terms.append(weight * function(*moved))
    total = mp.fsum(terms)
    if abs(total) <= mp.fsum(map(abs, terms)) * mp.ldexp(1, 20 - mp.prec):
        # What is left is rounding.
        return mpf(0)
    for step, times in zip(steps, orders, strict=True):
        total /= step**times
    return total


def test_every_primitive_has_an_oracle():
    assert {primitive.name for primitive in BUILT_IN} <= set(ORACLES)


@pytest.mark.parametrize("primitive", BUILT_IN, ids=lambda primitive: primitive.name)
def test_the_closed_form_of_a_gradient_is_the_limit_of_differences(primitive):
    oracle, draw = ORACLES[primitive.name], random.Random(primitive.name)
    for _ in range(20):
        point = oracle.sample(draw)
        with mp.workprec(3000):
            closed_forms = oracle.gradients(*map(mpf, point))
        for place, closed_form in enumerate(closed_forms):
            if not mp.isnan(closed_form):
                orders = [int(other == place) for other in range(len(point))]
                exact = exact_derivative(oracle.value, point, orders)
                # A difference is taken for 0 where it is smaller than any float.
                assert abs(closed_form - exact) <= abs(exact) * mpf(2) ** -60 + mpf(2) ** -2000, (point, place)


def test_every_oracle_is_of_a_primitive():
    assert set(ORACLES) <= {primitive.name for primitive in BUILT_IN}


@pytest.mark.parametrize(
    ("function", "point", "orders", "closed_form"),
    [
        (mp.tanh, (300.0,), (1,), lambda x: 1 / mp.cosh(x) ** 2),
        (mp.log, (1e-300,), (4,), lambda x: -6 / x**4),
        (mp.atan, (1e300,), (1,), lambda x: 1 / (1 + x * x)),
        (lambda a, b: a**b, (1.5, 2.5), (1, 1), lambda a, b: a ** (b - 1) * (1 + b * mp.log(a))),
        (lambda a, b: a + b, (1e-300, 1.0), (1, 0), lambda a, b: 1),
        (mp.floor, (2.5,), (2,), lambda x: 0),
    ],
)
def test_a_derivative_from_differences_is_that_of_the_closed_form(function, point, orders, closed_form):
    with mp.workprec(2500):
        expected = closed_form(*map(mpf, point))
    assert abs(exact_derivative(function, point, orders) - expected) <= abs(expected) * mpf(2) ** -60
