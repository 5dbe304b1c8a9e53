"""Grounds that show the size and the sign of a number: blue above 0, orange below, the stronger the larger.

Numbers stand on them in ink, so that colour alone carries no information.
"""

from __future__ import annotations

import math

from viz.colours import NEGATIVE, POSITIVE
from viz.views.view import View

__all__ = ["TINTED_BY", "tints_of"]

TINTED_BY = ("gradient", "value")
STEPS = (0.01, 0.1, 0.5)  # parts of the largest number in the picture at which a stronger ground begins


def tints_of(view: View, color_by: str | None) -> dict[int, str]:
    """The ground of each value drawn; 0, nan and unknown gradients have none."""
    if color_by is None:
        return {}
    numbers: dict[int, float] = {}
    for wire in view.wires:
        value = view.diagram.values[wire.value]
        number = value.number if color_by == "value" else value.gradient if value.gradient_text else None
        if number is not None and not math.isnan(number) and number != 0 and not wire.bundled:
            numbers[wire.value] = number
    largest = max([abs(number) for number in numbers.values() if math.isfinite(number)], default=1.0)
    tints = {}
    for position, number in numbers.items():
        level = sum(abs(number) >= step * largest for step in STEPS)
        tints[position] = (POSITIVE if number > 0 else NEGATIVE)[level]
    return tints
