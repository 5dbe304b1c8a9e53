"""Fits the texts of an SVG into their shapes, in any font that the engine and the viewer have.

An engine measures texts in the font that its machine has for Helvetica, and gives only the beginning of each. Here
the texts of a row are laid out anew, as wide as in Helvetica, in the middle of their shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from viz.layout.placing import Rectangle, bounds_of
from viz.metrics import width_of
from viz.writing.svg import NAMESPACE

__all__ = ["cell_of", "fit_texts", "shapes_of"]

# From a sign's line up to its middle, in its size; MIDDLE for most signs.
RAISED = {"^": 0.56, "·": 0.29}
MIDDLE = 0.34
MOST_SHRUNK = 0.7  # a number that would have to be narrower sticks out: it stays legible
CLOSED_LAYERS = {"box", "function"}
PADDING = 3.0  # left free by the widest row in its shape


def fit_texts(root: ElementTree.Element) -> None:
    """Lay out every row of texts in the middle of its shape, and a text without a shape at its beginning."""
    for group in root.iter(f"{{{NAMESPACE}}}g"):
        shapes = shapes_of(group)
        rows: dict[tuple[str, Rectangle], list[ElementTree.Element]] = {}
        for text in group.findall(f"{{{NAMESPACE}}}text"):
            cell = cell_of(text, shapes)
            if cell is None:
                _fit_row([text], None, middle=False)
            else:
                rows.setdefault((text.get("y", ""), cell), []).append(text)
        # Words in a layer that is closed: a viewer with a wider font, that keeps to no length, leaves them inside.
        middle = not CLOSED_LAYERS.isdisjoint(group.get("class", "").split())
        for (_, cell), row in rows.items():
            _fit_row(row, cell, middle=middle)
        circle = group.find(f"{{{NAMESPACE}}}ellipse")
        if circle is not None:
            for text in group.findall(f"{{{NAMESPACE}}}text"):
                raised = RAISED.get((text.text or "").strip(), MIDDLE) * float(text.get("font-size", "12"))
                text.set("y", f"{float(circle.get('cy', '0')) + raised:.2f}")


def shapes_of(group: ElementTree.Element) -> list[Rectangle]:
    """The bounds of a node's shapes, in whose middle its texts stand; none if these begin at the left."""
    css = group.get("class", "").split()
    if "node" not in css or "guard" in css:
        return []
    tags = [f"{{{NAMESPACE}}}{tag}" for tag in ("ellipse", "path", "polygon")]
    return [room for child in group if child.tag in tags and (room := bounds_of(child)) is not None]


def cell_of(text: ElementTree.Element, shapes: Sequence[Rectangle]) -> Rectangle | None:
    """The smallest of the shapes around a text; if none is, as beside a rule, the bounds of them all."""
    if not shapes:
        return None
    size, x, y = [float(text.get(name, "0")) for name in ("font-size", "x", "y")]
    middle = y - 0.3 * size
    around = [one for one in shapes if one.left - 1.0 <= x <= one.right and one.top <= middle <= one.bottom]
    if around:
        return min(around, key=lambda one: (one.right - one.left) * (one.bottom - one.top))
    lefts, tops, rights, bottoms = zip(*shapes, strict=True)
    return Rectangle(min(lefts), min(tops), max(rights), max(bottoms))


def _fit_row(row: Iterable[ElementTree.Element], cell: Rectangle | None, *, middle: bool) -> None:
    """Give the texts of a row their places, each no wider than its own; `middle`: one alone is placed by its middle."""
    # Texts that begin at one place are shown one after another, the last of them in the end.
    places: dict[float, list[ElementTree.Element]] = {}
    for text in row:
        if text.get("text-anchor") != "middle":
            places.setdefault(float(text.get("x", "0")), []).append(text)
    if not places:
        return
    starts = sorted(places)
    widths = [_width(places[start][-1], last=start == starts[-1]) for start in starts]
    total = sum(widths)
    x, shrink = starts[0], 1.0
    if cell is not None and total > 0.0:
        shrink = min(1.0, max(cell.right - cell.left - PADDING, 1.0) / total)
        x = (cell.left + cell.right - total * shrink) / 2.0
    alone = len(starts) == 1
    for start, width in zip(starts, widths, strict=True):
        for text in places[start]:
            # A partial sum may be longer than the total.
            longer = _width(text, last=start == starts[-1]) * shrink
            left = longer if cell is None else cell.right - PADDING / 2.0 - x
            # Names end where numbers begin, also for viewers that don't keep to the length of a text.
            ends = not alone and start == starts[0]
            _place(
                text,
                x,
                shrink * max(MOST_SHRUNK, min(1.0, left / longer)) if longer else shrink,
                alone=alone,
                ends=ends,
                middle=middle and alone,
            )
        x += width * shrink


def _width(text: ElementTree.Element, *, last: bool) -> float:
    """The width of a text in its row: blanks count, but for those at the row's end."""
    shown = text.text or ""
    return width_of(shown.rstrip() if last else shown, float(text.get("font-size", "12")))


def _place(text: ElementTree.Element, x: float, shrink: float, *, alone: bool, ends: bool, middle: bool) -> None:
    """Put a text at `x`, as wide as in Helvetica times `shrink`."""
    shown, size = text.text or "", float(text.get("font-size", "12"))
    word = shown.strip()
    if not word:
        return
    # Viewers drop leading blanks, so these are made a start further on.
    x += width_of(shown[: len(shown) - len(shown.lstrip())], size) * shrink
    room = width_of(word, size) * shrink
    text.text = word
    if alone and len(word) <= 2:
        # A sign alone keeps its form.
        text.set("x", f"{x + room / 2.0:.2f}")
        text.set("text-anchor", "middle")
        return
    text.set("x", f"{x + room if ends else x + room / 2.0 if middle else x:.2f}")
    if ends or middle:
        text.set("text-anchor", "end" if ends else "middle")
    # Marks alone stand over nothing and have no width.
    if (len(word) > 1 or shrink < 1.0) and room > 0.0:
        text.set("textLength", f"{room:.2f}")
        text.set("lengthAdjust", "spacingAndGlyphs")
