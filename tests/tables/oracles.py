"""The exact values and derivatives of every built-in primitive, from mpmath.

The table is in `tools/oracles.py`. Derivatives of any order are differences of its values in several hundred bits, so
that nothing of the engine's rules is repeated.
"""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest

pytest.importorskip("mpmath")

from tools.oracles import BUILT_IN, ORACLES, mp, mpf, ulps

__all__ = ["BUILT_IN", "EVERY_PRIMITIVE", "ORACLES", "exact_derivative", "mp", "mpf", "ulps", "without_a_derivative"]

EVERY_PRIMITIVE = pytest.mark.parametrize("primitive", BUILT_IN, ids=lambda primitive: primitive.name)


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


def without_a_derivative(primitive: Any, point: Sequence[float]) -> list[int]:
    """The places of operands in which there is no derivative: an order, the exponent of a negative base."""
    slopes = ORACLES[primitive.name].gradients(*map(mpf, point))
    return [place for place, slope in enumerate(slopes) if mp.isnan(slope)]


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
