"""Pairs of operands in which each primitive has a second derivative."""

import itertools

# The primitives whose second derivatives are zero wherever they exist, and the pairs of operands with a second
# derivative that is not zero everywhere where those are not all pairs. Written down from the definitions.
STRAIGHT = {
    "plus", "minus", "negate", "abs", "sign", "floor", "ceil", "round", "floor_divide", "mod", "fmod", "trunc",
    "copysign", "identity", "where", "max", "min", "sum", "max_of_many", "min_of_many",
}  # fmt: skip
FEWER_PAIRS = {
    "multiply": lambda count: {(0, 1)},
    "divide": lambda count: {(0, 1), (1, 1)},
    "fma": lambda count: {(0, 1)},
    "xlogy": lambda count: {(0, 1), (1, 1)},
    "prod": lambda count: set(itertools.combinations(range(count), 2)),
    "dot": lambda count: {(place, count // 2 + place) for place in range(count // 2)},
}


def curved_pairs(name, count):
    """The pairs of places, the first not behind the second, in which the primitive has a second derivative."""
    if name in STRAIGHT:
        return set()
    if name in FEWER_PAIRS:
        return FEWER_PAIRS[name](count)
    return set(itertools.combinations_with_replacement(range(count), 2))
