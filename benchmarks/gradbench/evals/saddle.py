"""A saddle by two descents, one within the other: the inner one is differentiated with all its steps."""

from __future__ import annotations

from typing import Any

from autograd import jit
from benchmarks.gradbench.descent import MODES, smallest_at
from benchmarks.gradbench.function import Function


def saddle(low: Any, high: Any) -> Any:
    """Smallest in the first two numbers and largest in the last two, at 0."""
    return (low[0] ** 2 + low[1] ** 2) - (high[0] ** 2 + high[1] ** 2)


def function(outer: str, inner: str) -> Function:
    """With derivatives in these modes."""
    slope = MODES[inner](lambda high, low: -saddle(low, high))

    def highest_at(low: Any, start: Any) -> Any:
        return smallest_at(lambda high: -saddle(low, high), lambda high: slope(high, low), start)

    def highest(low: Any, start: Any) -> Any:
        return saddle(low, highest_at(low, start))

    value_of, slope_of, place_of = jit(highest), jit(MODES[outer](highest)), jit(highest_at)

    def run(start: Any) -> Any:
        low = smallest_at(lambda low: value_of(low, start), lambda low: slope_of(low, start), start)
        return [*low, *place_of(low, start)]

    return Function(lambda given: ([float(x) for x in given["start"]],), run)


FUNCTIONS = {outer + inner: function(outer, inner) for outer in MODES for inner in MODES}
