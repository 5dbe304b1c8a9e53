"""Places of local gradients: beside the heads of their arrows, clear of lines, values and each other.

A layout engine puts each at one distance and angle from its arrow's head, even on top of others. Here each takes, of
several places along its line and on both sides of it, the one that covers least.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple
from xml.etree import ElementTree

from viz.colours import OPEN
from viz.metrics import width_of
from viz.writing.dot import PAD, usual_place
from viz.writing.svg import NAMESPACE, described_svg

__all__ = ["Place", "Rectangle", "bounds_of_group", "labels_of", "placed_svg", "bounds_of"]

CELL = 48.0  # side of a cell of the grid in which neighbours are looked up, in points
STEP = 2.0  # between two sampled points of a line
# From the tip of an arrow's filled form to where its line ends: newer Graphviz leaves room for the form's border.
BORDERS = (1.5, 0.0)
ASCENT, DESCENT = 0.91, 0.22  # of a font like Helvetica, in its size
BEGIN = 6.0  # from an arrow's tip to the nearest label, in points
APART = 3.0
CLEAR = 0.7  # between a label and a line, or an element above or below
GAP = 1.0  # between a line and its label
ASIDE = (0.0, 6.0, 14.0)  # further away from the line than that
WAYS = (7.0, 14.0, 22.0, 32.0, 44.0, 60.0, 80.0, 104.0)
ALL_WAYS = tuple([3.0 * step for step in range(1, 50)])  # where none of those is free
# Costs: of covering an element, a line, the border of a layer; of a place further on, or on the other side.
COVERED, CROSSED, BORDER_CROSSED, FURTHER, ACROSS = 40.0, 1.5, 0.3, 0.7, 1.0

Point = tuple[float, float]


class Place(NamedTuple):
    """A label's middle seen from its arrow's tip, in the units of Graphviz: tens of points, and degrees."""

    distance: float
    angle: float


class Rectangle(NamedTuple):
    """The bounds of an element."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Rectangle) -> bool:
        """Whether they overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def widened(self) -> Rectangle:
        """With the space left free beside a number: two side by side would read as one."""
        return Rectangle(self.left - APART, self.top - CLEAR, self.right + APART, self.bottom + CLEAR)

    def cells(self) -> Iterator[tuple[int, int]]:
        """The cells of the grid that it touches."""
        for column in range(math.floor(self.left / CELL), math.floor(self.right / CELL) + 1):
            for row in range(math.floor(self.top / CELL), math.floor(self.bottom / CELL) + 1):
                yield column, row


class _EngineOffsets(NamedTuple):
    """Differences between engines.

    border: from the tip of an arrow's filled form to where its line ends.
    lowered: from the middle of its place down to that of the label, which depends on the engine's font.
    """

    border: float
    lowered: float


class _Arrow(NamedTuple):
    """A line with a label: from the arrow's tip backwards to where it begins."""

    id: str
    group: ElementTree.Element
    text: ElementTree.Element
    line: list[Point]

    def end(self, border: float) -> tuple[float, float, float]:
        """The end of the line, and the angle at which the line is seen from there."""
        (tip_x, tip_y), (base_x, base_y) = self.line[:2]
        angle = math.atan2(base_y - tip_y, base_x - tip_x)
        return tip_x - border * math.cos(angle), tip_y - border * math.sin(angle), angle

    def place_of(self, middle: Point, offsets: _EngineOffsets) -> Place:
        """The place to ask of the engine for a label with this middle."""
        x, y, angle = self.end(offsets.border)
        across, down = middle[0] - x, middle[1] - offsets.lowered - y
        turned = math.degrees(angle - math.atan2(down, across))
        return Place(math.hypot(across, down) / 10.0, (turned + 180.0) % 360.0 - 180.0)

    def lowered(self, border: float) -> float:
        """The distance of the label below the middle of its usual place, if the engine's lines end like this."""
        distance, turned = usual_place(self.text.text or "")
        _, y, angle = self.end(border)
        room = _bounds_of_text(self.text)
        return (room.top + room.bottom) / 2.0 - y - 10.0 * distance * math.sin(angle - math.radians(turned))


def placed_svg(picture: bytes) -> tuple[ElementTree.Element, dict[str, Place | None]]:
    """The engine's SVG from `described_svg` with its labels moved to readable places, and these by the lines' ids.

    A label without a free place has None, and is not in the SVG.
    """
    root = described_svg(picture)
    grid = _Grid(_bounds_of_picture(root))
    arrows = []
    for group in root.iter(f"{{{NAMESPACE}}}g"):
        css = group.get("class", "").split()
        if "edge" in css:
            line = _line(group)
            grid.add_line(line, CROSSED)
            text = group.find(f"{{{NAMESPACE}}}text")
            if text is not None and len(line) > 1:
                arrows.append(_Arrow(group.get("data-id", ""), group, text, line))
        elif "node" in css:
            room = bounds_of_group(group)
            grid.add(room.widened())
        elif "layer" in css:
            border = group.find(f"{{{NAMESPACE}}}path")
            if border is not None:
                grid.add_line(_curve(_points(border.get("d", ""))), BORDER_CROSSED)
        elif "title" in css:
            for text in group.findall(f"{{{NAMESPACE}}}text"):
                grid.add(_bounds_of_text(text))
    offsets = _offsets_seen_in(arrows)
    places = {arrow.id: _placed(arrow, grid, offsets) for arrow in arrows}
    _put_rims(root, grid)
    return root, places


def _bounds_of_picture(root: ElementTree.Element) -> Rectangle:
    """The bounds of all that the engine drew, without the ground around."""
    for group in root.findall(f"{{{NAMESPACE}}}g"):
        for shape in group.findall(f"{{{NAMESPACE}}}polygon"):
            bounds, pad = bounds_of(shape), 72.0 * PAD
            if bounds is not None:
                return Rectangle(bounds.left + pad, bounds.top + pad, bounds.right - pad, bounds.bottom - pad)
    return Rectangle(-math.inf, -math.inf, math.inf, math.inf)


def labels_of(root: ElementTree.Element) -> dict[str, tuple[str, Point]]:
    """For each line's id the text of its label and the middle of it."""
    labels = {}
    for group in root.iter(f"{{{NAMESPACE}}}g"):
        text = group.find(f"{{{NAMESPACE}}}text") if "edge" in group.get("class", "").split() else None
        if text is not None:
            room = _bounds_of_text(text)
            labels[group.get("data-id", "")] = (
                text.text or "",
                ((room.left + room.right) / 2, (room.top + room.bottom) / 2),
            )
    return labels


def _put_rims(root: ElementTree.Element, grid: _Grid) -> None:
    """Put a piece of ground below each label, and name of a layer, that a line would cross out."""
    groups = list(root.iter(f"{{{NAMESPACE}}}g"))
    layers = [
        bounds for group in groups if "layer" in group.get("class", "").split() for bounds in [bounds_of_group(group)]
    ]
    page = next(
        (shape.get("fill", "") for group in groups[:1] for shape in group.findall(f"{{{NAMESPACE}}}polygon")), ""
    )
    for group in groups:
        if not {"edge", "title"} & set(group.get("class", "").split()):
            continue
        for text in group.findall(f"{{{NAMESPACE}}}text"):
            room = _bounds_of_text(text)
            ground = OPEN if any([layer.meets(room) for layer in layers]) else page
            if grid.crossed(room) and ground not in ("", "none", "transparent"):
                rim = {"x": room.left, "y": room.top + 1.5, "width": room.right - room.left}
                rim["height"] = room.bottom - room.top - 2.5
                attributes = {name: f"{number:.2f}" for name, number in rim.items()}
                piece = ElementTree.Element(
                    f"{{{NAMESPACE}}}rect", attributes | {"fill": ground, "fill-opacity": "0.85"}
                )
                group.insert(list(group).index(text), piece)


def _offsets_seen_in(arrows: list[_Arrow]) -> _EngineOffsets:
    """The offsets of the engine that put the labels of these arrows in their usual places."""
    best, least = _EngineOffsets(BORDERS[0], 0.0), math.inf
    for border in BORDERS if arrows else ():
        found = [arrow.lowered(border) for arrow in arrows]
        usual = median(found)
        # With the right border, all labels are lowered alike.
        spread = sum([abs(one - usual) for one in found]) / len(found)
        if spread < least - 0.05:
            best, least = _EngineOffsets(border, usual), spread
    return best


def _placed(arrow: _Arrow, grid: _Grid, offsets: _EngineOffsets) -> Place | None:
    """Move a label to the best of its places, keep others away from it, and return the place.

    A label that would lie on something in all of them is taken out: the tooltip of its arrow has it.
    """
    now = _bounds_of_text(arrow.text)
    wide, high = (now.right - now.left) / 2, (now.bottom - now.top) / 2
    best, least = None, math.inf
    for ways in (WAYS, ALL_WAYS):
        for cost, middle in _middles(arrow.line, wide, high, ways):
            if cost >= least:
                continue
            room = Rectangle(middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high)
            cost += grid.cost(room)
            if cost < least:
                best, least = (middle, room), cost
        if least < COVERED:
            break
    if best is None or least >= COVERED:
        arrow.group.remove(arrow.text)
        return None
    middle, room = best
    grid.add(room.widened())
    for attribute, shift in (("x", room.left - now.left), ("y", room.top - now.top)):
        arrow.text.set(attribute, f"{float(arrow.text.get(attribute, '0')) + shift:.2f}")
    return arrow.place_of(middle, offsets)


def _middles(line: list[Point], wide: float, high: float, ways: Sequence[float]) -> Iterator[tuple[float, Point]]:
    """Middles for a label of this half width and height, each after its cost; those below the line come first."""
    (tip_x, tip_y), (base_x, base_y) = line[:2]
    length = math.hypot(base_x - tip_x, base_y - tip_y) or 1.0
    half = (wide * abs(base_x - tip_x) + high * abs(base_y - tip_y)) / length
    # First where its end is beside the tip, then half as far, where a long one has its middle there, then further on.
    for number, way in enumerate((half, half / 2, *[half + way for way in ways])):
        found = _at(line, BEGIN + way)
        if found is None:
            return
        x, y, dx, dy = found
        # The normal that points down, or of a line straight up the one to the right.
        across, down = (-dy, dx) if (dx, -dy) > (0.0, 0.0) else (dy, -dx)
        # A paint program's font may be wider than Helvetica.
        off = 1.15 * wide * abs(across) + high * abs(down) + GAP
        for step, aside in enumerate(ASIDE):
            for side, cost in ((off + aside, 0.0), (-off - aside, ACROSS)):
                yield number * FURTHER + 3 * step * ACROSS + cost, (x + across * side, y + down * side)


def _at(line: list[Point], distance: float) -> tuple[float, float, float, float] | None:
    """The point so far along a line, and the line's direction there; None beyond its end."""
    for (x, y), (next_x, next_y) in pairwise(line):
        length = math.hypot(next_x - x, next_y - y)
        if length > 0.0 and distance <= length:
            part, dx, dy = distance / length, (next_x - x) / length, (next_y - y) / length
            return x + part * (next_x - x), y + part * (next_y - y), dx, dy
        distance -= length
    return None


class _Grid:
    """Rectangles and points of lines, looked up by cell."""

    def __init__(self, picture: Rectangle) -> None:
        self.picture = picture
        self.rooms: dict[tuple[int, int], list[Rectangle]] = {}
        self.points: dict[tuple[int, int], list[tuple[float, float, float]]] = {}

    def add(self, room: Rectangle) -> None:
        """Add an area that an element covers."""
        for cell in room.cells():
            self.rooms.setdefault(cell, []).append(room)

    def add_line(self, line: list[Point], cost: float) -> None:
        """Add a line, and the cost of lying on one of its points."""
        for x, y in line:
            self.points.setdefault((math.floor(x / CELL), math.floor(y / CELL)), []).append((x, y, cost))

    def crossed(self, room: Rectangle) -> bool:
        """Whether a line, and not only the border of a layer, passes a room."""
        return any(
            [
                cost >= CROSSED and room.left <= x <= room.right and room.top <= y <= room.bottom
                for cell in room.cells()
                for x, y, cost in self.points.get(cell, ())
            ]
        )

    def cost(self, room: Rectangle) -> float:
        """The cost of a label that takes this room."""
        # A label further out would be cut off, or move all when the engine paints it.
        inside = self.picture.left <= room.left and room.right <= self.picture.right
        cost = 0.0 if inside and self.picture.top <= room.top and room.bottom <= self.picture.bottom else COVERED
        left, top, right, bottom = room.left - CLEAR, room.top - CLEAR, room.right + CLEAR, room.bottom + CLEAR
        for cell in Rectangle(left, top, right, bottom).cells():
            for other in self.rooms.get(cell, ()):
                if room.meets(other):
                    cost += COVERED
            for x, y, crossed in self.points.get(cell, ()):
                if left <= x <= right and top <= y <= bottom:
                    cost += crossed
        return cost


def _line(group: ElementTree.Element) -> list[Point]:
    """The points of a line with an arrow, from its tip to its beginning; none of a line without an arrow."""
    path, head = group.find(f"{{{NAMESPACE}}}path"), group.find(f"{{{NAMESPACE}}}polygon")
    if path is None:
        return []
    points = _curve(_points(path.get("d", "")))
    points.reverse()
    corners = _points(head.get("points", "")) if head is not None else []
    if points and corners:
        points.insert(0, max(corners, key=lambda corner: math.dist(corner, points[0])))
    return points


def _curve(controls: list[Point]) -> list[Point]:
    """Points along the Bézier curves of these control points, in their order."""
    points = controls[:1]
    for (x0, y0), (x1, y1), (x2, y2), (x3, y3) in zip(
        controls[0::3], controls[1::3], controls[2::3], controls[3::3], strict=False
    ):
        steps = max(2, math.ceil(math.hypot(x3 - x0, y3 - y0) / STEP))
        for step in range(1, steps + 1):
            t = step / steps
            u = 1.0 - t
            a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            points.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return points


def _points(numbers: str) -> list[Point]:
    found = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", numbers)]
    return list(zip(found[::2], found[1::2], strict=False))


def bounds_of_group(group: ElementTree.Element) -> Rectangle:
    """The bounds of all shapes and texts of a node."""
    rooms = [room for element in group.iter() if (room := bounds_of(element)) is not None]
    if not rooms:
        return Rectangle(0.0, 0.0, 0.0, 0.0)
    lefts, tops, rights, bottoms = zip(*rooms, strict=True)
    return Rectangle(min(lefts), min(tops), max(rights), max(bottoms))


def bounds_of(element: ElementTree.Element) -> Rectangle | None:
    """The bounds of a shape or a text; None for an element that shows nothing."""
    if element.tag == f"{{{NAMESPACE}}}ellipse":
        x, y, rx, ry = [float(element.get(name, "0")) for name in ("cx", "cy", "rx", "ry")]
        return Rectangle(x - rx, y - ry, x + rx, y + ry)
    if element.tag == f"{{{NAMESPACE}}}text":
        return _bounds_of_text(element) if (element.text or "").strip() else None
    corners = _points(element.get("points") or element.get("d") or "")
    if not corners:
        return None
    xs, ys = zip(*corners, strict=True)
    return Rectangle(min(xs), min(ys), max(xs), max(ys))


def _bounds_of_text(text: ElementTree.Element) -> Rectangle:
    """About the bounds of a text, as browsers see them: with the room of all its font's letters."""
    size, x, y = [float(text.get(name, "0")) for name in ("font-size", "x", "y")]
    width = width_of(text.text or "", size)
    left = x - width / 2 if text.get("text-anchor") == "middle" else x
    return Rectangle(left, y - ASCENT * size, left + width, y + DESCENT * size)
