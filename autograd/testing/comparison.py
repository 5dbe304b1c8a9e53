"""A derivative against the slopes of its function: the one slope, or near a kink the interval between two.

Where a function has a kink, every number between its slope on the left and its slope on the right is a subgradient,
and any of them may stand for the derivative. Near a kink the differences stay on the point's own side of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd.testing.differences import LARGEST_STEP, PROBE, SAFETY, Line, Side, Slope, central_slopes, side_slopes
from autograd.testing.kinks import reach

__all__ = ["Comparison", "compare"]

# A kink nearer than this, in units of the largest step, leaves no room for differences on its own side.
UNRESOLVED = 2.0**-32


class Comparison(NamedTuple):
    """What a derivative was compared with, and what came of it.

    kind: where the point lies: "smooth"; "near" a kink, on one side of it; "kink", "jump", the "edge" of where the
        function is defined; "unclear", where differences don't give a slope; "unresolved", where a kink is too near for
        steps. "modes" if the derivative of reverse mode was compared with that of forward mode, "operations" if kinks
        are too near, and each operation was checked alone.
    slope: the derivative by differences; at a kink that side's that is nearer.
    left, right: slope and limit on the two sides, where they were looked at.
    """

    agrees: bool
    kind: str
    derivative: float
    slope: Slope
    tolerance: float
    left: Side = Side()
    right: Side = Side()

    @property
    def severity(self) -> float:
        """By how many tolerances they differ; infinite where that is not a number."""
        severity = abs(self.derivative - self.slope.value) / self.tolerance if self.tolerance else math.inf
        return math.inf if math.isnan(severity) else severity

    def describe(self) -> str:
        """What the derivative was compared with, as a clause."""
        gap = abs(self.derivative - self.slope.value)
        left, right = self.left.slope.value + 0.0, self.right.slope.value + 0.0
        if self.kind == "modes":
            return (
                f"{self.slope.value!r} by forward mode; they differ by {gap:.3g}, the tolerance is {self.tolerance:.3g}"
            )
        if self.kind == "unresolved":
            return (
                f"and a kink is too near for differences, which give {self.left.slope.value + 0.0:.6g} on the left and "
                f"{self.right.slope.value + 0.0:.6g} on the right"
            )
        if self.kind == "operations":
            return "and kinks are too near for differences: each operation alone is right"
        if self.kind == "jump":
            return (
                f"and there is none: the function jumps here, from {self.left.limit.value + 0.0:.6g} on the left to "
                f"{self.right.limit.value + 0.0:.6g} on the right; move the point off the jump"
            )
        if self.kind == "kink" and self.agrees:
            return f"a subgradient: the slope is {left:.6g} from the left and {right:.6g} from the right"
        if self.kind == "kink":
            return (
                f"and the function has a kink here: its slope is {left:.6g} from the left and {right:.6g} from the "
                f"right, the derivative is not between them (tolerance {self.tolerance:.3g})"
            )
        if self.kind == "edge":
            side, other = ("below", "above") if self.left.slope.error == math.inf else ("above", "below")
            return (
                f"{self.slope.value!r} by differences {other} this point (tolerance {self.tolerance:.3g}); {side} it "
                f"the function has no finite value: it lies on the edge of the domain"
            )
        if self.slope.error == math.inf:
            return "and differences don't give one: no step has finite values on both sides"
        if self.kind == "unclear":
            return (
                f"{self.slope.value!r} by differences, but these are only good to {self.slope.error:.3g} (step "
                f"{self.slope.step:.2g}): the function jumps, has kinks near or is noisy"
            )
        return (
            f"{self.slope.value!r} by differences (step {self.slope.step:.2g}); they differ by {gap:.3g}, the "
            f"tolerance is {self.tolerance:.3g}"
        )


class Tolerance(NamedTuple):
    """How far a derivative may be from a slope: `absolute + relative * size`, beyond the error of the slope."""

    absolute: float
    relative: float

    def around(self, derivative: float, slope: Slope, rounding: float) -> float:
        """How far this derivative, which rounding may have changed, may be from this slope."""
        size = max(abs(derivative), abs(slope.value))
        return self.absolute + self.relative * size + SAFETY * (slope.error + rounding)

    def is_vague(self, derivative: float, slope: Slope) -> bool:
        """Whether the slope says too little: where differences say nothing, agreement with them is nothing either."""
        size = max(abs(derivative), abs(slope.value))
        return not slope.error < math.inf or (
            slope.error > self.absolute + 1e-3 * size and slope.error > 1e-6 * slope.typical
        )

    def agrees(self, derivative: float, slope: Slope, rounding: float) -> bool:
        """Whether they are the same, as far as one can tell, and one can."""
        tolerance = self.around(derivative, slope, rounding)
        return (
            abs(derivative - slope.value) <= tolerance
            and math.isfinite(tolerance)
            and not self.is_vague(derivative, slope)
        )


class Surroundings(NamedTuple):
    """How far from the point the next kink is that operations declare, on either side, of at most `largest`; 0 at one.

    at_kink: whether an operation is exactly at one. may_jump: whether the functions jump where there are kinks.
    """

    up: float
    down: float
    largest: float
    at_kink: bool
    may_jump: bool

    @property
    def nearest(self) -> float:
        """The distance of the nearer one."""
        return min(self.up, self.down)

    @property
    def free(self) -> bool:
        """Whether no kink is declared anywhere near."""
        return self.nearest == self.largest

    @property
    def unresolved(self) -> bool:
        """Whether there is one next to the point, too near for steps."""
        return not self.at_kink and self.nearest < UNRESOLVED * self.largest


def compare(
    derivatives: Sequence[float],
    roundings: Sequence[float],
    line: Line,
    *,
    atol: float,
    rtol: float,
    eps: float | None = None,
    at_kink: bool = False,
    may_jump: bool = False,
) -> list[Comparison]:
    """Each derivative against the slope of its function on the line at 0.

    roundings: what rounding may have done to each derivative.
    atol, rtol: how far it may be off beyond that and the error bound of the slope.
    eps: the largest step.
    at_kink: whether an operation is at a kink, so that both sides are to be looked at in any case.
    may_jump: whether the functions themselves are derivatives, which jump where there is a kink: it is no fault then.
    """
    allowed = Tolerance(atol, rtol)
    slopes = central_slopes(line, eps)
    result = []
    for derivative, rounding, slope in zip(derivatives, roundings, slopes, strict=True):
        agrees = allowed.agrees(derivative, slope, rounding)
        kind = "unclear" if allowed.is_vague(derivative, slope) else "smooth"
        result.append(Comparison(agrees, kind, derivative, slope, allowed.around(derivative, slope, rounding)))
    if not at_kink and all([found.agrees for found in result]):
        return result
    return _compare_sides(result, roundings, line, allowed, eps, may_jump, at_kink)


def _compare_sides(
    found: list[Comparison],
    roundings: Sequence[float],
    line: Line,
    allowed: Tolerance,
    eps: float | None,
    may_jump: bool,
    at_kink: bool,
) -> list[Comparison]:
    """The same comparisons with steps that stay between the kinks, and with the slopes on both sides."""
    largest = LARGEST_STEP * max(line.scales) if eps is None else eps
    around = Surroundings(reach(line, 1.0, largest), reach(line, -1.0, largest), largest, at_kink, may_jump)
    if around.free and not at_kink and _is_straight(line, largest):
        return found
    centre = [comparison.slope for comparison in found]
    if 0.0 < around.nearest < largest:
        centre = central_slopes(line, around.nearest)
    rights = side_slopes(line, around.up or largest, 1.0)
    lefts = side_slopes(line, around.down or largest, -1.0)
    return [
        _judge(comparison._replace(left=left, right=right), rounding, slope, allowed, around)
        for comparison, rounding, slope, left, right in zip(found, roundings, centre, lefts, rights, strict=True)
    ]


def _is_straight(line: Line, largest: float) -> bool:
    """Whether a few quotients on both sides approach each other with the step, as they don't at a kink or a jump.

    That spares most functions whose derivative is wrong the slopes on both sides.
    """
    gaps: list[list[float]] = []
    for step in (largest * 2.0**-7, largest * 2.0**-13):
        up, down = line.sample(step), line.sample(-step)
        if up is None or down is None or up.at == 0.0 or down.at == 0.0:
            return False
        gaps.append(
            [
                abs((high - middle) / up.at - (low - middle) / down.at)
                for high, middle, low in zip(up.values, line.here, down.values, strict=True)
            ]
        )
    for component, (wide, narrow) in enumerate(zip(*gaps, strict=True)):
        rounding = 4.0 * line.rounding(component, line.here[component], line.here[component]) / (largest * 2.0**-13)
        if narrow > wide / 8.0 and narrow > rounding:
            return False
    return True


def _judge(found: Comparison, rounding: float, centre: Slope, allowed: Tolerance, around: Surroundings) -> Comparison:
    """What comes of one derivative, between the slopes on the left, across and on the right."""
    derivative, left, right = found.derivative, found.left, found.right

    def verdict(agrees: bool, kind: str, slope: Slope) -> Comparison:
        tolerance = allowed.around(derivative, slope, rounding)
        return found._replace(agrees=agrees, kind=kind, slope=slope, tolerance=tolerance)

    clear = not allowed.is_vague(derivative, centre)
    if around.nearest > 0.0 and clear:
        if allowed.agrees(derivative, centre, rounding):
            return verdict(True, "smooth" if around.free else "near", centre)
        if not around.free:
            # No kink lies between the steps: what they say is final.
            return verdict(False, "near", centre)
    sides = [side for side in (left.slope, right.slope) if not allowed.is_vague(derivative, side)]
    for side, distance in ((right.slope, around.up), (left.slope, around.down)):
        # The point's own side, where a kink bounds the other one.
        if not around.free and distance > 0.0 and allowed.agrees(derivative, side, rounding):
            return verdict(True, "near", side)
    if around.unresolved:
        return verdict(False, "unresolved", centre)
    if len(sides) < 2:
        if len(sides) == 1 and math.inf in (left.slope.error, right.slope.error):
            return verdict(allowed.agrees(derivative, sides[0], rounding), "edge", sides[0])
        return verdict(False, "unclear", min(left.slope, right.slope, centre, key=lambda slope: slope.error))
    nearer = min(sides, key=lambda side: abs(side.value - derivative))
    # A kink that no operation declares may lie a little aside, as far as the smallest steps don't tell.
    bend = abs(left.slope.value - right.slope.value)
    aside = PROBE * max(left.slope.step, right.slope.step) * bend if around.free else 0.0
    size = max(abs(left.limit.value), abs(right.limit.value))
    if not around.may_jump and _apart(left.limit, right.limit, 1e-12 * size + aside):
        return verdict(False, "jump", nearer)
    if not _apart(left.slope, right.slope, allowed.relative * max(abs(left.slope.value), abs(right.slope.value))):
        best = centre if clear and around.free else nearer
        return verdict(allowed.agrees(derivative, best, rounding), "smooth", best)
    low, high = sorted((left.slope, right.slope), key=lambda slope: slope.value)
    inside = (
        low.value - allowed.around(derivative, low, rounding)
        <= derivative
        <= high.value + allowed.around(derivative, high, rounding)
    )
    return verdict(inside, "kink", nearer)


def _apart(left: Slope, right: Slope, slack: float) -> bool:
    """Whether what was found on the two sides differs by more than the errors explain."""
    return abs(left.value - right.value) > SAFETY * (left.error + right.error) + slack
