"""Each primitive of one operand as a small plot of its value and of its slope."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Any

from autograd import Variable
from autograd.operations.primitives import all_primitives

WIDTH, HEIGHT, POINTS = 200, 150, 400
# What is shown of both axes: four units to each side, three up and down.
ACROSS, UP = 4.0, 3.0


def place(x: float, y: float) -> str:
    """A point of the plane as a place in the plot."""
    return f"{(x + ACROSS) / (2 * ACROSS) * WIDTH:.1f},{(UP - y) / (2 * UP) * HEIGHT:.1f}"


def curves(points: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The pieces of a curve that are inside of the plot and without a jump.

    >>> curves([(0.0, 0.0), (1.0, 9.0), (2.0, 1.0), (2.1, 1.1)])
    [[(0.0, 0.0)], [(2.0, 1.0), (2.1, 1.1)]]
    """
    pieces = list[list[tuple[float, float]]]()
    for inside, group in groupby(points, lambda point: abs(point[1]) <= UP * 1.2):
        before: tuple[float, float] | None = None
        for point in group if inside else ():
            if before is None or abs(point[1] - before[1]) > 0.5:
                pieces.append([])
            pieces[-1].append(point)
            before = point
    return pieces


def values_of(primitive: Any) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Points of the value and of the slope, inside of the domain."""
    values, slopes = list[tuple[float, float]](), list[tuple[float, float]]()
    for index in range(POINTS):
        # No number that is looked at is a whole one, where kinks and poles are.
        x = -ACROSS + 2 * ACROSS * (index + 0.5) / POINTS
        node = primitive(Variable(x))
        if math.isfinite(node.value):
            values.append((x, node.value))
            slopes.append((x, node.local_gradients[0]))
    return values, slopes


def plot(primitive: Any) -> str:
    """One plot, as a figure of HTML."""
    lines = [f'<path class="axis" d="M0,{HEIGHT / 2} H{WIDTH} M{WIDTH / 2},0 V{HEIGHT}"/>']
    ticks = [f"M{place(x, 0)} v3" for x in range(-3, 4)] + [f"M{place(0, y)} h-3" for y in (-2, -1, 1, 2)]
    lines.append(f'<path class="axis" d="{" ".join(ticks)}"/>')
    for kind, points in zip(("slope", "value"), reversed(values_of(primitive)), strict=True):
        pieces = [" ".join([place(*point) for point in piece]) for piece in curves(points) if len(piece) > 1]
        lines += [f'<polyline class="{kind}" points="{piece}"/>' for piece in pieces]
    domain = [interval.describe("x") for interval in primitive.domain]
    remark = f" ({', '.join(filter(None, domain))})" if any(domain) else ""
    return (
        f'<figure id="plot-{primitive.name}"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{primitive.name} and its slope">{"".join(lines)}</svg>'
        f"<figcaption><code>{primitive.name}</code>{remark.replace('<', '&lt;')}</figcaption></figure>"
    )


def plots() -> str:
    """All plots, as HTML."""
    figures = [plot(primitive) for primitive in all_primitives() if primitive.arity == 1]
    return f'<div class="primitive-plots">{"".join(figures)}</div>'
