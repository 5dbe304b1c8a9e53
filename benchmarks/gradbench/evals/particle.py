"""A charge to be set so that a particle meets the origin: its path takes gradients, and is differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import jit, sqrt, while_loop
from benchmarks.gradbench.descent import MODES, smallest_at
from benchmarks.gradbench.function import Function

STEP = 0.1


def potential(x: Any, y: Any, w: Any) -> Any:
    """That of the two charges."""
    return sum([1.0 / sqrt((x - 10.0) ** 2 + (y - height) ** 2) for height in (10.0 - w, 0.0)])


def miss(force: Callable[..., Any], w: Any) -> Any:
    """The square of the distance from the origin at which the path crosses the axis."""

    def step(state: Any) -> Any:
        x, y, _, _, speed_x, speed_y = state
        pull_x, pull_y = force(x, y, w)
        there = x + STEP * speed_x, y + STEP * speed_y
        return *there, speed_x, speed_y, speed_x - STEP * pull_x, speed_y - STEP * pull_y

    # Beside the place, the speed that led to it: with that, the path goes back to the axis.
    x, y, speed_x, speed_y, _, _ = while_loop(lambda state: state[1] > 0.0, step, (0.0, 8.0, 0.75, 0.0, 0.75, 0.0))
    return (x - y / speed_y * speed_x) ** 2


def function(outer: str, inner: str) -> Function:
    """With derivatives in these modes."""
    force = MODES[inner](potential, (0, 1))
    value = jit(lambda place: miss(force, place[0]))
    slope = jit(MODES[outer](lambda place: miss(force, place[0])))
    return Function(lambda given: ([float(given["w"])],), lambda start: smallest_at(value, slope, start)[0])


FUNCTIONS = {outer + inner: function(outer, inner) for outer in MODES for inner in MODES}
