"""Points at which each primitive is smooth."""

import random

from autograd.testing.kinks import margin_of
from tests.tables.oracles import ORACLES


def choices(primitive):
    """Points at which a rule makes a choice or factors are 0: those of the oracle, and 0 where one operand may be."""
    if primitive.arity == 1 and primitive.domain[0].low < 0.0 < primitive.domain[0].high:
        yield from [(0.0,)] if margin_of(primitive, (0.0,)) else []
    yield from ORACLES[primitive.name].choices


def points(primitive, count=3, seed=""):
    """Choices, then operands of moderate size at which the primitive is smooth and no derivative is 0."""
    yield from choices(primitive) if count == 3 else []
    draw = random.Random(primitive.name + seed)
    # Beside a domain of positive numbers, an operand may be a factor.
    usual = (0.3, 3.0) if any(interval.low == 0.0 for interval in primitive.domain) else (-2.5, 2.5)
    intervals = ORACLES[primitive.name].intervals or [usual] * (primitive.arity or 4)
    for _ in range(count):
        yield tuple(
            float(draw.randint(1, 3)) if place in primitive.orders else draw.uniform(*interval)
            for place, interval in enumerate(intervals)
        )
