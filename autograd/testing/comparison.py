"""A derivative against the slopes of its function: the one slope, or at a kink the interval between two.

Where a function has a kink, every number between its slope on the left and its slope on the right is a subgradient,
and any of them may stand for the derivative. Near a kink the differences stay on the point's own side of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd.testing.differences import LARGEST_STEP, PROBE, SAFETY, Line, Side, Slope, central_slopes, side_slopes
from autograd.testing.kinks import reach

__all__ = ["Comparison", "Derivative", "Tolerance", "compare"]

# A kink nearer than this, in units of the largest step, leaves no room for differences on its own side.
UNRESOLVED = 2.0**-32


class Comparison(NamedTuple):
    """A derivative beside the slope by differences, and the verdict.

    kind: the place of the point: "smooth"; "near" a kink, on one side of it; "kink", "jump", the "edge" of the
        domain; "unclear", where differences don't give a slope; "unresolved", where a kink is too near for
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
        """The comparison as a clause that follows the derivative."""
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


class Derivative(NamedTuple):
    """A derivative that is to be checked, and how much rounding may have changed it."""

    value: float
    rounding: float


class Tolerance(NamedTuple):
    """The tolerance of a comparison: `absolute + relative * size`, beyond rounding and the error of the slope.

    step: the largest step of the differences, in place of one for each of the line's scales.
    """

    absolute: float = 0.0
    relative: float = 1e-7
    step: float | None = None

    def around(self, derivative: Derivative, slope: Slope) -> float:
        """The distance that this derivative may have from this slope."""
        size = max(abs(derivative.value), abs(slope.value))
        return self.absolute + self.relative * size + SAFETY * (slope.error + derivative.rounding)

    def is_vague(self, derivative: Derivative, slope: Slope) -> bool:
        """Whether the slope is too uncertain to confirm a derivative by agreeing with it."""
        size = max(abs(derivative.value), abs(slope.value))
        return not slope.error < math.inf or (
            slope.error > self.absolute + 1e-3 * size and slope.error > 1e-6 * slope.typical
        )

    def agrees(self, derivative: Derivative, slope: Slope) -> bool:
        """Whether they agree within tolerance, and the slope is good enough to tell."""
        tolerance = self.around(derivative, slope)
        return (
            abs(derivative.value - slope.value) <= tolerance
            and math.isfinite(tolerance)
            and not self.is_vague(derivative, slope)
        )


class Surroundings(NamedTuple):
    """The point of a line between the kinks that operations declare.

    up, down: the distance of the next kink on either side, at most `largest`; 0 at a kink.
    """

    up: float
    down: float
    largest: float
    line: Line
    tolerance: Tolerance

    @property
    def nearest(self) -> float:
        """The distance of the nearer kink."""
        return min(self.up, self.down)

    @property
    def free(self) -> bool:
        """Whether no kink is declared anywhere near."""
        return self.nearest == self.largest

    @property
    def unresolved(self) -> bool:
        """Whether a kink is next to the point, too near for steps."""
        return not self.line.at_kink and self.nearest < UNRESOLVED * self.largest

    def judge(self, derivative: Derivative, centre: Slope, left: Side, right: Side) -> Comparison:
        """The verdict on one derivative, between the slopes on the left, across and on the right."""
        allowed = self.tolerance

        def verdict(agrees: bool, kind: str, slope: Slope) -> Comparison:
            tolerance = allowed.around(derivative, slope)
            return Comparison(agrees, kind, derivative.value, slope, tolerance, left, right)

        clear = not allowed.is_vague(derivative, centre)
        if self.nearest > 0.0 and clear:
            if allowed.agrees(derivative, centre):
                return verdict(True, "smooth" if self.free else "near", centre)
            if not self.free:
                # No kink lies between the steps: their answer is final.
                return verdict(False, "near", centre)
        sides = [side for side in (left.slope, right.slope) if not allowed.is_vague(derivative, side)]
        for side, distance in ((right.slope, self.up), (left.slope, self.down)):
            # The point's own side, where a kink bounds the other one.
            if not self.free and distance > 0.0 and allowed.agrees(derivative, side):
                return verdict(True, "near", side)
        if self.unresolved:
            return verdict(False, "unresolved", centre)
        if len(sides) < 2:
            if len(sides) == 1 and math.inf in (left.slope.error, right.slope.error):
                return verdict(allowed.agrees(derivative, sides[0]), "edge", sides[0])
            return verdict(False, "unclear", min(left.slope, right.slope, centre, key=lambda slope: slope.error))
        nearer = min(sides, key=lambda side: abs(side.value - derivative.value))
        # A kink that no operation declares may lie a little aside, as far as the smallest steps don't tell.
        bend = abs(left.slope.value - right.slope.value)
        aside = PROBE * max(left.slope.step, right.slope.step) * bend if self.free else 0.0
        size = max(abs(left.limit.value), abs(right.limit.value))
        if not self.line.may_jump and _apart(left.limit, right.limit, 1e-12 * size + aside):
            return verdict(False, "jump", nearer)
        if not _apart(left.slope, right.slope, allowed.relative * max(abs(left.slope.value), abs(right.slope.value))):
            best = centre if clear and self.free else nearer
            return verdict(allowed.agrees(derivative, best), "smooth", best)
        low, high = sorted((left.slope, right.slope), key=lambda slope: slope.value)
        inside = (
            low.value - allowed.around(derivative, low)
            <= derivative.value
            <= high.value + allowed.around(derivative, high)
        )
        return verdict(inside, "kink", nearer)


def compare(derivatives: Sequence[Derivative], line: Line, tolerance: Tolerance) -> list[Comparison]:
    """Each derivative against the slope of its function on the line at 0."""
    slopes = central_slopes(line, tolerance.step)
    found = []
    for derivative, slope in zip(derivatives, slopes, strict=True):
        kind = "unclear" if tolerance.is_vague(derivative, slope) else "smooth"
        agrees, allowed = tolerance.agrees(derivative, slope), tolerance.around(derivative, slope)
        found.append(Comparison(agrees, kind, derivative.value, slope, allowed))
    if not line.at_kink and all([comparison.agrees for comparison in found]):
        return found
    # Not as smooth as it seemed: steps that stay between the kinks, and the slopes on both sides.
    largest = LARGEST_STEP * max(line.scales) if tolerance.step is None else tolerance.step
    around = Surroundings(reach(line, 1.0, largest), reach(line, -1.0, largest), largest, line, tolerance)
    if around.free and not line.at_kink and _is_straight(line, largest):
        return found
    if 0.0 < around.nearest < largest:
        slopes = central_slopes(line, around.nearest)
    rights = side_slopes(line, around.up or largest, 1.0)
    lefts = side_slopes(line, around.down or largest, -1.0)
    return [around.judge(*parts) for parts in zip(derivatives, slopes, lefts, rights, strict=True)]


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


def _apart(left: Slope, right: Slope, slack: float) -> bool:
    """Whether the slopes or limits on the two sides differ by more than their errors explain."""
    return abs(left.value - right.value) > SAFETY * (left.error + right.error) + slack
