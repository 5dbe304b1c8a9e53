"""The look of a picture, as `draw` is asked for it, and what a format or a layout engine asks of its text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from viz.diagrams.diagram import BLANKS, SHOWN, SIGNS
from viz.views.tints import TINTED_BY

__all__ = ["DIRECTIONS", "STYLES", "THEMES", "Look", "Making"]

THEMES = ("auto", "light", "dark")
# By the name of a style the sentence that says where values and gradients stand.
STYLES = {
    "wires": "Above each line the value, below it the gradient",
    "cards": "On each card the operation, the value and the gradient",
    "records": "In each row the name, the value and the gradient",
}
DIRECTIONS = {"LR": "left to right", "TB": "top to bottom"}
MOST_DIGITS = 17  # all that a double has


class Look(NamedTuple):
    """The look of a picture. `checked` raises ValueError for a part that there is not."""

    style: str = "wires"
    color_by: str | None = None
    theme: str = "auto"
    show: str = "all"
    sign: str = "∂"
    direction: str = "LR"
    digits: int = 4
    background: str | None = None
    blank: str | None = None

    @property
    def legend(self) -> str:
        """A sentence that says where in the picture values and gradients stand."""
        if self.show != "all":
            return "Names and values, without gradients." if self.show == "values" else "Names, without numbers."
        tint = f" Grounds show the {self.color_by}: blue above 0, orange below." if self.color_by else ""
        if self.blank is not None:
            return f"{STYLES[self.style]}; where there is a blank, the number is to be found."
        return f"{STYLES[self.style]}; small and grey the local gradient.{tint}"

    def checked(self) -> Look:
        """The look itself, if its parts exist."""
        for what, given, known in (
            ("style", self.style, STYLES), ("theme", self.theme, THEMES), ("show", self.show, SHOWN),
            ("sign, of gradients,", self.sign, SIGNS), ("direction", self.direction, DIRECTIONS),
        ):  # fmt: skip
            if given not in known:
                raise ValueError(f"{what} is {', '.join(known)}; got {given!r:.60}")
        if self.color_by is not None and self.color_by not in TINTED_BY:
            raise ValueError(f"color_by is {', '.join(TINTED_BY)} or None; got {self.color_by!r:.60}")
        if self.blank is not None and self.blank not in BLANKS:
            raise ValueError(f"blank is {', '.join(BLANKS)} or None; got {self.blank!r:.60}")
        if self.blank is not None and (self.color_by is not None or self.show == "names"):
            raise ValueError("a picture with blank numbers has no colours by number, and is not one of names alone")
        if isinstance(self.digits, bool) or not isinstance(self.digits, int) or not 1 <= self.digits <= MOST_DIGITS:
            raise ValueError(f"digits is a number of digits, 1 to {MOST_DIGITS}; got {self.digits!r:.60}")
        ground = self.background
        if ground is not None and not (
            isinstance(ground, str) and re.fullmatch(r"transparent|#[0-9a-fA-F]{6}", ground)
        ):
            raise ValueError(f"background is a colour such as #ffffff, transparent, or None; got {ground!r:.60}")
        return self


class Making(NamedTuple):
    """What the DOT text of a picture is made for.

    places: for ids of lines the places of their labels, a distance in tens of points and an angle in degrees, or None
        for a label that is left out; ids that are missing have their usual place.
    from_below: whether the engine stacks the contents of a cluster from below.
    dark: whether it is painted in dark colours; an SVG has both, by its style sheet.
    roomy: whether there is room for longer numbers, which a page computes.
    without_numbers: whether numbers that are computed have no ink, and grounds no tints: for a film's first frame.
    """

    places: Mapping[str, tuple[float, float] | None] = {}
    from_below: bool = False
    dark: bool = False
    without_numbers: bool = False
    roomy: bool = False
