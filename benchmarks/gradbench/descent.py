"""The gradient descent that the evals `particle` and `saddle` prescribe, which can be differentiated itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import grad, jacfwd, sqrt, while_loop

# The first letter of a function's name is the mode of the outer derivative, the second that of the inner one.
MODES = {"f": jacfwd, "r": grad}
NEAR = 1e-5


def length(vector: Any) -> Any:
    """Euclid's."""
    return sqrt(sum([element * element for element in vector]))


def smallest_at(value_of: Callable[..., Any], slope_of: Callable[..., Any], start: Any) -> Any:
    """Where the function is smallest, from a start: a list of numbers.

    A step as long as the gradient times `rate` is taken if the function falls; after ten of them the rate is doubled,
    and a step that fails halves it. The end is a gradient, or a step, no longer than 1e-5.
    """

    def step(state: Any) -> Any:
        place, value, slope, rate, taken, _ = state
        if length(slope) <= NEAR:
            return place, value, slope, rate, taken, 1.0
        if taken == 10.0:
            return place, value, slope, 2.0 * rate, 0.0, 0.0
        there = [x - rate * s for x, s in zip(place, slope, strict=True)]
        if length([x - y for x, y in zip(place, there, strict=True)]) <= NEAR:
            return place, value, slope, rate, taken, 1.0
        value_there = value_of(there)
        if value_there < value:
            return there, value_there, slope_of(there), rate, taken + 1.0, 0.0
        return place, value, slope, 0.5 * rate, 0.0, 0.0

    start = list(start)
    state = (start, value_of(start), slope_of(start), 1e-5, 0.0, 0.0)
    return while_loop(lambda state: state[-1] == 0.0, step, state)[0]
