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
    >>> mistake_in([0.1, -0.3, 0.2], [0.1, 0.7, 0.2])
    '1 too large'
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
    ratios = [slope / right if right else 0.0 for right, slope in differing]
    if ratios and ratios[0] and alike(ratios, [ratios[0]] * len(ratios)):
        # One of many derivatives has some factor by chance: a short one tells.
        short = any([0.5 < abs(n) < 10.5 and alike([n], [round(n)]) for n in (ratios[0], 1 / ratios[0])])
        if len(differing) > 1 or len(got) <= 2 or short:
            return f"by a factor of {ratios[0]:.6g}"
    offset = round(differing[0][1] - differing[0][0]) if len(got) > 1 and differing else 0
    if offset and alike([slope - right for right, slope in differing], [offset] * len(differing)):
        return f"{abs(offset)} too {'large' if offset > 0 else 'small'}"
    return ""
