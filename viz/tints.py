"""Grounds that show the size and the sign of a number: blue above 0, orange below, the stronger the larger.

Numbers stand on them in ink, so nothing is told by colour alone.
"""

from __future__ import annotations

import math

from viz.view import View

__all__ = ["COLOURS", "DARK_TINTS", "tints_of"]

COLOURS = ("gradient", "value")
POSITIVE = ("#eaf3fa", "#d0e6f5", "#b0d5ee", "#8ec3e6")
NEGATIVE = ("#fdf0e4", "#fbdfc4", "#f8cb9e", "#f4b473")
DARK_TINTS = dict(
    zip(
        POSITIVE + NEGATIVE,
        ("#1b2a36", "#1d3850", "#1f4a6e", "#205c8c", "#332619", "#4d3317", "#6b4314", "#8a5410"),
        strict=True,
    )
)
STEPS = (0.01, 0.1, 0.5)  # parts of the largest number in the picture at which a stronger ground begins


def tints_of(view: View, color_by: str | None) -> dict[int, str]:
    """For each value drawn the ground it stands on; none for 0, nan, and gradients that are not known."""
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
