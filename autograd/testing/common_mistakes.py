"""The mistakes that wrong derivatives show when they are held against the right ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["mistake_in"]


def mistake_in(expected: Sequence[float], got: Sequence[float], closely: float = 1e-6) -> str:
    """The mistake that turns the expected derivatives into these, in words; empty if it is none that is known.

    closely: up to which share of its size a difference does not count.

    >>> mistake_in([2.0, 3.0], [3.0, 2.0])
    'those of its two operands are swapped'
    """
    if not all([math.isfinite(slope) for slope in (*expected, *got)]):
        return ""

    def alike(first: Sequence[float], second: Sequence[float]) -> bool:
        return all([abs(a - b) <= closely * max(abs(a), abs(b)) for a, b in zip(first, second, strict=True)])

    if len(got) == 2 and alike([got[1], got[0]], expected):
        return "those of its two operands are swapped"
    if alike([-slope for slope in got], expected):
        return "the sign is wrong"
    differing = [(e, g) for e, g in zip(expected, got, strict=True) if not alike([e], [g])]
    if len(differing) == 1 and alike([-differing[0][1]], [differing[0][0]]):
        return "the sign is wrong"
    if all([slope == 0.0 for _, slope in differing]):
        return "it is missing"
    ratios = [slope / right for right, slope in differing if right]
    if ratios and alike(ratios, [ratios[0]] * len(ratios)):
        return f"by a factor of {ratios[0]:.6g}"
    return ""
