"""Points at which each primitive is smooth."""

import random

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
