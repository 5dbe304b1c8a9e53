"""Comparison of results: to the bit, or to some roundings."""

import math
import struct

import numpy as np

from autograd import Node
from tests.tables.roundings import EPSILON


def same(got, expected):
    """Equal, nan to nan as well; the sign of zero counts where a zero is expected to be negative."""
    if math.isnan(expected):
        return math.isnan(got)
    return got == expected and (expected != 0.0 or math.copysign(1.0, expected) > 0 or math.copysign(1.0, got) < 0)


def bits(number):
    """The number to the bit, all nans alike: equal if two numbers are the same."""
    return "nan" if math.isnan(number) else struct.pack("<d", number)


def leaves(value):
    """The numbers of a value in any structure, nodes as their values."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    if isinstance(value, np.ndarray):
        return [leaf for item in value.ravel().tolist() for leaf in leaves(item)]
    return [value.value if isinstance(value, Node) else float(value)]


def same_bits(got, expected):
    """Whether two values hold the same numbers to the bit."""
    return [bits(number) for number in leaves(got)] == [bits(number) for number in leaves(expected)]


def near(got, expected, roundings=64, scale=0.0):
    """Whether all numbers agree to so many roundings of themselves or of `scale`, and exactly if not finite."""
    one, other = leaves(got), leaves(expected)
    return len(one) == len(other) and all(
        bits(a) == bits(b)
        or a == b
        or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= roundings * EPSILON * max(abs(a), abs(b), scale))
        for a, b in zip(one, other, strict=True)
    )
