"""Where local gradients stand: beside the heads of their arrows, clear of lines, values and each other.

A layout engine puts each at one distance and angle from its arrow's head, whatever is there. Here each takes, of
several places along its line and on both sides of it, the one where the least is in its way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree

from viz.metrics import width_of
from viz.svg import NAMESPACE, described_svg

__all__ = ["Place", "Rectangle", "extent_of", "placed_svg"]

CELL = 48.0  # of the grid in which what is near is looked up, in points
STEP = 4.0  # from one point to the next where a line is looked at
BORDER = 1.5  # from the tip of an arrow's filled form to that of its border, where the line ends
BEGIN = 8.0  # from an arrow's tip to the nearest label, in points
APART = 3.0
GAP, ASIDE = 1.5, 6.0  # between a line and its label: as a rule, and if need be that much more
WAYS = (0.0, 7.0, 14.0, 22.0, 32.0)
# What is in the way, and what it costs to give way to it: a place further on, or on the other side.
COVERED, CROSSED, FURTHER, ACROSS = 8.0, 2.0, 0.7, 1.0

Point = tuple[float, float]


class Place(NamedTuple):
    """Where a label's middle is from its arrow's tip, as Graphviz says it: tens of points, and degrees."""

    distance: float
    angle: float


class Rectangle(NamedTuple):
    """The room that something takes."""

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
        """With what is left free beside a number: two side by side would read as one."""
        return Rectangle(self.left - APART, self.top, self.right + APART, self.bottom)

    def cells(self) -> Iterator[tuple[int, int]]:
        """The cells of the grid that it touches."""
        for column in range(math.floor(self.left / CELL), math.floor(self.right / CELL) + 1):
            for row in range(math.floor(self.top / CELL), math.floor(self.bottom / CELL) + 1):
                yield column, row


class _Arrow(NamedTuple):
    """A line with a label: from the arrow's tip backwards to where it begins."""

    id: str
    text: ElementTree.Element
    line: list[Point]

    def place_of(self, middle: Point) -> Place:
        """The place of a label with this middle."""
        (tip_x, tip_y), (base_x, base_y) = self.line[:2]
        across, down = middle[0] - tip_x, middle[1] - tip_y
        angle = math.atan2(base_y - tip_y, base_x - tip_x) - math.atan2(down, across)
        return Place(math.hypot(across, down) / 10.0, (math.degrees(angle) + 180.0) % 360.0 - 180.0)


def placed_svg(picture: bytes) -> tuple[ElementTree.Element, dict[str, Place]]:
    """The engine's SVG as `described_svg` has it, its labels where they can be read; for each line's id the place."""
    root = described_svg(picture)
    grid = _Grid()
    arrows = []
    for group in root.iter(f"{{{NAMESPACE}}}g"):
        css = group.get("class", "").split()
        if "edge" in css:
            line = _line(group)
            for point in line:
                grid.add_point(point)
            text = group.find(f"{{{NAMESPACE}}}text")
            if text is not None and len(line) > 1:
                arrows.append(_Arrow(group.get("data-id", ""), text, line))
        elif "node" in css:
            room = extent_of(group)
            grid.add(room.widened() if "wire" in css else room)
        elif "title" in css:
            for text in group.findall(f"{{{NAMESPACE}}}text"):
                grid.add(_room(text))
    return root, {arrow.id: _placed(arrow, grid) for arrow in arrows}


def _placed(arrow: _Arrow, grid: _Grid) -> Place:
    """The best of a label's places; it is moved there, and in the way of others from now on."""
    now = _room(arrow.text)
    wide, high = (now.right - now.left) / 2, (now.bottom - now.top) / 2
    best, least = None, math.inf
    for cost, middle in _middles(arrow.line, wide, high):
        if cost >= least:
            continue
        room = Rectangle(middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high)
        cost += grid.cost(room)
        if cost < least:
            best, least = (middle, room), cost
    if best is None:
        return arrow.place_of(((now.left + now.right) / 2, (now.top + now.bottom) / 2))
    middle, room = best
    grid.add(room.widened())
    for attribute, shift in (("x", room.left - now.left), ("y", room.top - now.top)):
        arrow.text.set(attribute, f"{float(arrow.text.get(attribute, '0')) + shift:.2f}")
    return arrow.place_of(middle)


def _middles(line: list[Point], wide: float, high: float) -> Iterator[tuple[float, Point]]:
    """Where the middle of a label of this half width and height may be, each with what it costs; below comes first."""
    (tip_x, tip_y), (base_x, base_y) = line[:2]
    length = math.hypot(base_x - tip_x, base_y - tip_y) or 1.0
    begin = BEGIN + (wide * abs(base_x - tip_x) + high * abs(base_y - tip_y)) / length
    for number, way in enumerate(WAYS):
        found = _at(line, begin + way)
        if found is None:
            return
        x, y, dx, dy = found
        # The normal that points down, or of a line straight up the one to the right.
        across, down = (-dy, dx) if (dx, -dy) > (0.0, 0.0) else (dy, -dx)
        off = wide * abs(across) + high * abs(down) + GAP
        for side, cost in ((off, 0.0), (-off, ACROSS), (off + ASIDE, 3 * ACROSS), (-off - ASIDE, 4 * ACROSS)):
            yield number * FURTHER + cost, (x + across * side, y + down * side)


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
    """What is drawn, by where it is."""

    def __init__(self) -> None:
        self.rooms: dict[tuple[int, int], list[Rectangle]] = {}
        self.points: dict[tuple[int, int], list[Point]] = {}

    def add(self, room: Rectangle) -> None:
        """Note what covers an area."""
        for cell in room.cells():
            self.rooms.setdefault(cell, []).append(room)

    def add_point(self, point: Point) -> None:
        """Note a point of a line."""
        self.points.setdefault((math.floor(point[0] / CELL), math.floor(point[1] / CELL)), []).append(point)

    def cost(self, room: Rectangle) -> float:
        """What is covered by a label there."""
        cost = 0.0
        for cell in room.cells():
            for other in self.rooms.get(cell, ()):
                if room.meets(other):
                    cost += COVERED
            for x, y in self.points.get(cell, ()):
                if room.left <= x <= room.right and room.top <= y <= room.bottom:
                    cost += CROSSED
        return cost


def _line(group: ElementTree.Element) -> list[Point]:
    """The points of a line with an arrow, from its tip to its beginning; none of a line without an arrow."""
    path, head = group.find(f"{{{NAMESPACE}}}path"), group.find(f"{{{NAMESPACE}}}polygon")
    if path is None:
        return []
    controls = _points(path.get("d", ""))
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
    points.reverse()
    corners = _points(head.get("points", "")) if head is not None else []
    if points and corners:
        (x, y), (base_x, base_y) = max(corners, key=lambda corner: math.dist(corner, points[0])), points[0]
        length = math.dist((x, y), points[0]) or 1.0
        points.insert(0, (x + BORDER * (x - base_x) / length, y + BORDER * (y - base_y) / length))
    return points


def _points(numbers: str) -> list[Point]:
    found = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", numbers)]
    return list(zip(found[::2], found[1::2], strict=False))


def extent_of(group: ElementTree.Element) -> Rectangle:
    """The room of all shapes and texts of a node."""
    corners: list[Point] = []
    for element in group.iter():
        if element.tag == f"{{{NAMESPACE}}}ellipse":
            x, y, rx, ry = [float(element.get(name, "0")) for name in ("cx", "cy", "rx", "ry")]
            corners += [(x - rx, y - ry), (x + rx, y + ry)]
        elif element.tag == f"{{{NAMESPACE}}}text" and (element.text or "").strip():
            left, top, right, bottom = _room(element)
            corners += [(left, top), (right, bottom)]
        else:
            corners += _points(element.get("points") or element.get("d") or "")
    xs, ys = [x for x, _ in corners] or [0.0], [y for _, y in corners] or [0.0]
    return Rectangle(min(xs), min(ys), max(xs), max(ys))


def _room(text: ElementTree.Element) -> Rectangle:
    """About the room of a text, its middle where Graphviz has it: 0.4 of the size above the line it stands on."""
    size, x, y = [float(text.get(name, "0")) for name in ("font-size", "x", "y")]
    width = width_of(text.text or "", size)
    left = x - width / 2 if text.get("text-anchor") == "middle" else x
    return Rectangle(left, y - 0.8 * size, left + width, y)
