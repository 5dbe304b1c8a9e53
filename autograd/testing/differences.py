"""Slopes of functions of one number, from their values alone, each with its error bound.

Difference quotients of shrinking steps are extrapolated to step zero (Ridders, "Accurate computation of F'(x) and
F'(x) F''(x)", Advances in Engineering Software 4, 1982). Large steps suffer from truncation, small ones from
rounding; the extrapolation that neighbouring steps confirm best is taken, and their difference is its error bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = [
    "EPSILON",
    "SAFETY",
    "SMALLEST",
    "Line",
    "Sample",
    "Side",
    "Slope",
    "central_slopes",
    "power_of_two",
    "richardson",
    "scales_of",
    "side_slopes",
]

EPSILON = math.ulp(1.0)
# Below this, rounding is not relative any more.
SMALLEST = 2.0**-1022
# Steps go from 2**-3 of the scale down to about the square root of EPSILON, past the cube root that is best for a
# central difference without extrapolation.
LARGEST_STEP = 2.0**-3
HALVINGS = 24
COLUMNS = 5
# The step that has to confirm the extrapolation, as a fraction of its own: no power of two, for a function that
# repeats itself may do so after each of those.
PROBE = 0.8090169943749475 * 2.0**-10
# A bound from a few differences may be lucky: a derivative is held to ten times it.
SAFETY = 10.0
CONVERGED = 1e-10


class Slope(NamedTuple):
    """A derivative from differences, its error bound, and the smallest step that went into it.

    `typical` is the slope that would change the function by its own size within the largest step: the measure of an
    error bound where the derivative is zero.
    """

    value: float = math.nan
    error: float = math.inf
    step: float = math.nan
    typical: float = 0.0


class Side(NamedTuple):
    """The slope on one side of a point, and the limit of the values there."""

    slope: Slope = Slope()
    limit: Slope = Slope()


class Sample(NamedTuple):
    """The values of the functions, and the number `at` which they were really taken: near the one asked for."""

    at: float
    values: list[float]


class Line:
    """Several functions of one number t, to be differentiated at t = 0.

    sample: their values near t; None where one of them is not defined.
    here: their values at 0.
    noise: by how much rounding may change each value, beyond one rounding of the value itself.
    scales: distances from 0 within which they may be expected to change; slopes are taken at the first that serves.
    margins: the margins of the operations at t from their kinks (see `kinks`), None for a t too small to tell from 0;
        in place of the function, None if that is not known.
    at_kink: whether an operation at 0 is at a kink, so that the slopes on both sides may differ.
    may_jump: whether the functions are derivatives, which jump where there is a kink: it is no fault then.
    epsilon: the spacing of numbers at 1 in the arithmetic that computes the values.
    """

    def __init__(
        self,
        sample: Callable[[float], Sample | None],
        here: Sequence[float],
        *,
        noise: Sequence[float],
        scales: Sequence[float] = (1.0,),
        margins: Callable[[float], list[float] | None] | None = None,
        at_kink: bool = False,
        may_jump: bool = False,
        epsilon: float = EPSILON,
    ) -> None:
        self.sample = sample
        self.here = here
        self.noise = noise
        self.scales = scales
        self.margins = margins
        self.at_kink = at_kink
        self.may_jump = may_jump
        self.epsilon = epsilon

    def rounding(self, component: int, first: float, second: float) -> float:
        """By how much rounding may change the difference of two values of a function."""
        return self.epsilon * (abs(first) + abs(second)) + 2.0 * self.noise[component] + SMALLEST


class Table:
    """The extrapolation of one sequence of estimates whose error shrinks by `factor` and its powers at each halving."""

    __slots__ = ("above", "best", "factor", "settled", "typical")

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.above: list[float] = []
        self.best = Slope()
        self.typical = 0.0
        self.settled = False

    def add(self, estimate: float, rounding: float, step: float, epsilon: float) -> None:
        """Take in the estimate of the next step."""
        above = self.above
        if not above:
            self.typical = rounding / epsilon
        row = richardson(estimate, above, self.factor)
        best = self.best
        for column in range(1, len(row)):
            change = max(abs(row[column] - row[column - 1]), abs(row[column] - above[column - 1]))
            if change + rounding < best.error:
                best = Slope(row[column], change + rounding, step, self.typical)
        self.best = best
        self.above = row
        # Rounding grows from here: smaller steps can't do better.
        self.settled = best.error <= CONVERGED * abs(best.value) or best.error <= 4.0 * rounding

    def doubt(self, quotient: float, rounding: float) -> None:
        """Widen the error bound if the quotient of a much smaller step contradicts."""
        # The truncation of a quotient shrinks with the step as that of the estimates did.
        truncation = abs(self.above[0] - self.best.value) * PROBE ** math.log2(self.factor) if self.above else 0.0
        gap = abs(quotient - self.best.value)
        if gap > SAFETY * (rounding + self.best.error + truncation):
            self.best = self.best._replace(error=max(gap, self.best.error))
            self.settled = False


def central_slopes(line: Line, largest: float | None = None) -> list[Slope]:
    """The derivative of each function on the line at 0, from values on both sides.

    largest: the largest step, in place of one for each of the line's scales.

    >>> line = Line(lambda t: Sample(t, [t**3 - 2.0 * t]), [0.0], noise=[0.0])
    >>> central_slopes(line)[0].value
    -2.0
    """
    best = [Slope()] * len(line.here)
    for scale in line.scales if largest is None else (largest / LARGEST_STEP,):
        slopes = _central(line, scale * LARGEST_STEP)
        best = [new if new.error < old.error else old for new, old in zip(slopes, best, strict=True)]
        if all([slope.error <= CONVERGED * abs(slope.value) for slope in best]):
            break
    return best


def _central(line: Line, step: float) -> list[Slope]:
    """The derivatives by steps from `step` downwards."""
    tables = [Table(4.0) for _ in line.here]
    epsilon = line.epsilon
    for _ in range(HALVINGS):
        up, down = line.sample(step), line.sample(-step)
        if up is None or down is None or up.at == 0.0 or down.at == 0.0:
            for table in tables:
                table.above = []
            step *= 0.5
            continue
        width = up.at - down.at
        # Just below a power of two, x + step is rounded: the difference is that about a point beside x.
        aside = abs(up.at + down.at) / 2.0
        for component, table in enumerate(tables):
            high, low = up.values[component], down.values[component]
            rounding = line.rounding(component, high, low) / width
            if aside:
                rounding += aside * abs(high - 2.0 * line.here[component] + low) / step / step
            table.add((high - low) / width, rounding, step, epsilon)
        if all([table.settled for table in tables]):
            _probe(line, tables, step * PROBE, both=True)
            if all([table.settled for table in tables]):
                break
        step *= 0.5
    return [table.best for table in tables]


def side_slopes(line: Line, largest: float, side: float) -> list[Side]:
    """The slope of each function on one side of 0 (1.0 or -1.0), and the limit of its values towards 0.

    The values at 0 are not used: there may be a jump. `largest` is the largest step.

    >>> line = Line(lambda t: Sample(t, [abs(t)]), [0.0], noise=[0.0])
    >>> [side_slopes(line, 0.125, side)[0].slope.value for side in (-1.0, 1.0)]
    [-1.0, 1.0]
    """
    # A straight line through two values is off at 0 by the square of the step.
    slopes, limits = [Table(2.0) for _ in line.here], [Table(4.0) for _ in line.here]
    step = largest
    outer: Sample | None = None
    for _ in range(HALVINGS):
        inner = line.sample(side * step)
        if inner is None or outer is None or inner.at == outer.at:
            for table in slopes + limits:
                table.above = []
        else:
            width = outer.at - inner.at
            for component, table in enumerate(slopes):
                far, near = outer.values[component], inner.values[component]
                rounding = line.rounding(component, far, near)
                quotient = (far - near) / width
                table.add(quotient, rounding / abs(width), step, line.epsilon)
                limits[component].add(near - quotient * inner.at, 3.0 * rounding, step, line.epsilon)
            if all([table.settled for table in slopes]):
                _probe(line, slopes, side * step * PROBE, both=False)
                if all([table.settled for table in slopes]):
                    break
        outer = inner
        step *= 0.5
    return [Side(slope.best, limit.best) for slope, limit in zip(slopes, limits, strict=True)]


def _probe(line: Line, tables: list[Table], step: float, *, both: bool) -> None:
    """Let the quotients of a much smaller step contradict: of a function with jumps, large steps may see none."""
    up = line.sample(step)
    if up is None or up.at == 0.0:
        return
    down = line.sample(-up.at) if both else line.sample(2.0 * up.at)
    if down is None or down.at == up.at:
        return
    width = up.at - down.at
    for component, table in enumerate(tables):
        high, low = up.values[component], down.values[component]
        table.doubt((high - low) / width, line.rounding(component, high, low) / abs(width))


def richardson(estimate: float, above: list[float], factor: float = 4.0) -> list[float]:
    """The next row of the extrapolation: the error is a series in powers of a term that steps divide by `factor`."""
    row = [estimate]
    power = factor
    for known in above[: COLUMNS - 1]:
        row.append(row[-1] + (row[-1] - known) / (power - 1.0))
        power *= factor
    return row


def power_of_two(size: float) -> float:
    """The power of two next below: a number plus such a step is exact."""
    return math.ldexp(0.5, math.frexp(size)[1])


def scales_of(x: float) -> tuple[float, ...]:
    """The distances within which a function of a number may be expected to change: its own size, and 1."""
    return tuple(dict.fromkeys([power_of_two(abs(x) or 1.0), 1.0]))
