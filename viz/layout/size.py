"""The size of a picture that is painted: its pixels, their number to the inch, and their limit."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple
from xml.etree import ElementTree

from autograd.numbers.operands import number_or_none

__all__ = ["Size", "with_resolution"]

POINTS = 72.0  # in an inch
MOST_PIXELS = 32_767  # across or down: layout engines shrink larger pictures, and most programs refuse them
HEADER = 33  # bytes of a PNG before the place of its resolution
INCH = 0.0254  # metres


class Size(NamedTuple):
    """The size asked for: times the picture's own, or so many pixels across; `dpi` of them are an inch."""

    scale: float = 1.0
    width: float | None = None
    dpi: float = 144.0

    def checked(self) -> Size:
        """The size itself. Raises ValueError for one that is none."""
        for what, given in zip(self._fields, self, strict=True):
            if given is None and what == "width":
                continue
            number = None if isinstance(given, bool) else number_or_none(given)
            if number is None or not 0.0 < number < 1e6:
                raise ValueError(f"{what} is a number above 0; got {given!r:.60}")
        if self.width is not None and self.scale != 1.0:
            raise ValueError("a size is asked for by scale= or by width=, not by both")
        return self

    def scale_of(self, root: ElementTree.Element, unit: float) -> float:
        """The factor for a picture, of whose units this many are a pixel."""
        return self.scale if self.width is None else self.width / (points_of(root)[0] * unit)

    def resolution(self, root: ElementTree.Element) -> float:
        """The pixels to paint for an inch of the picture's own size. Raises ValueError if they are too many."""
        used = self.dpi * self.scale_of(root, self.dpi / POINTS)
        across, down = [length * used / POINTS for length in points_of(root)]
        if max(across, down) > MOST_PIXELS:
            raise ValueError(
                f"a PNG of {across:,.0f} by {down:,.0f} pixels is too large: programs show at most {MOST_PIXELS:,} "
                'in a row. Ways out: wrap=20 for a long chain, direction="TB", dpi=72, width=4000, svg(), '
                "focus=node, radius=3"
            )
        return used


def points_of(root: ElementTree.Element) -> tuple[float, float]:
    """The width and the height of an engine's SVG in points."""
    try:
        wide, high = [float(root.get(name, "").removesuffix("pt")) for name in ("width", "height")]
    except ValueError:
        # Of other units only the view is known, which has the units of the picture.
        numbers = (root.get("viewBox") or "0 0 0 0").split()
        wide, high = float(numbers[-2]), float(numbers[-1])
    return wide, high


def with_resolution(png: bytes, dpi: float) -> bytes:
    """The PNG with the number of its pixels to the inch in place of one that it may have."""
    if png[HEADER + 4 : HEADER + 8] == b"pHYs":
        png = png[:HEADER] + png[HEADER + 21 :]
    content = b"pHYs" + struct.pack(">IIB", *[round(dpi / INCH)] * 2, 1)
    return png[:HEADER] + struct.pack(">I", 9) + content + struct.pack(">I", zlib.crc32(content)) + png[HEADER:]
