"""The check of one function in one order: derivatives by both modes against differences of those of the order below."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import NamedTuple

from autograd.graph.node import Variable, value_of
from autograd.testing.checked_function import CheckedFunction, rounding_of, slopes_of
from autograd.testing.comparison import Comparison, Derivative, Tolerance, compare
from autograd.testing.differences import EPSILON, SAFETY, SMALLEST, Line, Sample, Slope, power_of_two, scales_of
from autograd.testing.kinks import margins_of

__all__ = ["Check", "Finding", "Options", "different_values"]

TOGETHER = "along all inputs together"


class Options(NamedTuple):
    """The derivatives to check, and the closeness asked for: the arguments of `check_gradients`."""

    tolerance: Tolerance = Tolerance()
    order: int = 1
    nondet_tol: float = 0.0
    check_forward_ad: bool = True
    check_backward_ad: bool = True
    fast_mode: bool | None = None

    def validate(self) -> None:
        """Raise ValueError if they make no sense."""
        atol, rtol, eps = self.tolerance
        if operator.index(self.order) < 1:
            raise ValueError(f"gradcheck needs order >= 1, got {self.order}")
        if eps is not None and not 0.0 < eps < math.inf:
            raise ValueError(f"gradcheck needs a step eps > 0, got {eps}")
        for name, allowed in (("atol", atol), ("rtol", rtol), ("nondet_tol", self.nondet_tol)):
            if not 0.0 <= allowed < math.inf:
                raise ValueError(f"gradcheck needs {name} >= 0, got {allowed}")
        if not (self.check_forward_ad or self.check_backward_ad):
            raise ValueError("gradcheck needs check_forward_ad or check_backward_ad: nothing would be checked")


class Finding(NamedTuple):
    """One derivative and its comparison: that of `what`, in the input or along the direction `where`.

    component and place: which of the functions and which input, -1 for a direction through several; by: where the
    derivative comes from.
    """

    what: str
    where: str
    comparison: Comparison
    component: int
    place: int
    by: str = "the graph"

    @property
    def agrees(self) -> bool:
        """Whether the derivative is right."""
        return self.comparison.agrees

    def by_operations(self) -> Finding:
        """The same, accepted because each operation alone was found to be right."""
        return self._replace(comparison=self.comparison._replace(agrees=True, kind="operations"))

    def __str__(self) -> str:
        found = self.comparison
        return f"the derivative of {self.what} {self.where} is {found.derivative!r} by {self.by}, {found.describe()}"


class Check:
    """A function whose derivatives of order `below + 1` are checked against differences of those of order `below`.

    at_kink: whether an operation of the function is at a kink.
    is_long: whether to change each input alone takes long.
    components: the derivatives of order `below` at the point; noise: a bound of the rounding in each.
    rows: for each component its derivative in each input.
    """

    def __init__(
        self, function: CheckedFunction, options: Options, below: int, at_kink: bool, is_long: bool = False
    ) -> None:
        self.function = function
        self.is_long = is_long
        self.options = options
        self.below = below
        self.at_kink = at_kink
        variables = [Variable(value) for value in function.point]
        results = function.derivatives(variables, below)
        bounds = [rounding_of(result, variables) for result in results]
        self.components = [value_of(result) for result in results]
        self.noise = [noise for noise, _ in bounds]
        if options.check_backward_ad or not variables:
            slopes = [slopes_of(result, variables, create_graph=False) for result in results]
        else:
            columns = [function.forward(unit(place, len(variables)), below) for place in range(len(variables))]
            slopes = [list(row) for row in zip(*columns, strict=True)]
        self.rows = [
            [Derivative(*pair) for pair in zip(row, roundings, strict=True)]
            for row, (_, roundings) in zip(slopes, bounds, strict=True)
        ]

    def complaint(self) -> str:
        """The reason why derivatives can't be compared, empty if there is none."""
        for component, value in enumerate(self.components):
            if not math.isfinite(value):
                return (
                    f"gradcheck needs a finite value, got {value} for {self.describe(component)} at "
                    f"{self.function.describe_point()}"
                )
        again = self.function.values(self.function.point, self.below)
        for component, (first, second) in enumerate(zip(self.components, again or [], strict=False)):
            if not abs(second - first) <= self.options.nondet_tol:
                return different_values(first, second, self.describe(component))
        return ""

    def findings(self) -> list[Finding]:
        """Every derivative of order `below + 1`, compared."""
        point, options = self.function.point, self.options
        if not point or not self.components:
            return []
        if options.fast_mode:
            found = self.along(spread(point))
            if not self.is_long and not all([finding.agrees for finding in found]):
                # The inputs one by one: to name the one that is wrong is worth the time.
                return self.axes()
        else:
            found = self.axes()
            if self.at_kink and len(point) > 1 and all([finding.agrees for finding in found]):
                # Shares of a tie may each be right and their sum wrong.
                found += self.along([1.0] * len(point))
        if options.check_forward_ad and options.check_backward_ad:
            found += self.both_modes()
        return found

    def axes(self) -> list[Finding]:
        """Each derivative in each input, against differences."""
        found = []
        for place, (label, x) in enumerate(zip(self.function.labels, self.function.point, strict=True)):
            line = self.line(unit(place, len(self.function.point)), self.noise)
            found += self.compared([row[place] for row in self.rows], line, f"in {label} = {x!r}", place)
        return found

    def along(self, direction: Sequence[float]) -> list[Finding]:
        """The derivatives along one direction through all inputs, against differences."""
        # Moved inputs are rounded, unlike those of a step along one axis that is a power of two, or from 0.
        noise = [
            noise
            + EPSILON * sum([abs(slope.value * x) for slope, x in zip(row, self.function.point, strict=True) if x])
            for noise, row in zip(self.noise, self.rows, strict=True)
        ]
        return self.compared([directional(row, direction) for row in self.rows], self.line(direction, noise), TOGETHER)

    def compared(self, derivatives: list[Derivative], line: Line, where: str, place: int = -1) -> list[Finding]:
        """The derivatives of the components along a line, against differences."""
        comparisons = compare(derivatives, line, self.options.tolerance)
        return [
            Finding(self.describe(component), where, comparison, component, place)
            for component, comparison in enumerate(comparisons)
        ]

    def both_modes(self) -> list[Finding]:
        """The derivatives along one direction by reverse mode that forward mode contradicts."""
        direction = spread(self.function.point)
        found = []
        for component, forward in enumerate(self.function.forward(direction, self.below)):
            backward, rounding = directional(self.rows[component], direction)
            # Either mode rounds the same products and sums, in another order; tiny products not relatively.
            size = max(abs(forward), abs(backward), SMALLEST)
            absolute, relative, _ = self.options.tolerance
            tolerance = absolute + relative * size + 4.0 * SAFETY * rounding
            agrees = abs(forward - backward) <= tolerance or (forward != forward and backward != backward)
            if not (agrees or forward == backward or not math.isfinite(backward)):
                comparison = Comparison(False, "modes", backward, Slope(forward, 0.0, 0.0), tolerance)
                found.append(Finding(self.describe(component), TOGETHER, comparison, component, -1))
        return found

    def line(self, direction: Sequence[float], noise: Sequence[float]) -> Line:
        """The components along a direction through the inputs."""
        function = self.function
        places = [place for place, part in enumerate(direction) if part != 0.0]
        single = places[0] if len(places) == 1 and direction[places[0]] == 1.0 else None

        def moved(t: float) -> tuple[list[float], float]:
            point = list(function.point)
            for place in places:
                point[place] += t * direction[place]
            return point, t if single is None else point[single] - function.point[single]

        def sample(t: float) -> Sample | None:
            point, at = moved(t)
            values = function.values(point, self.below)
            return None if values is None else Sample(at, values)

        def margins(t: float) -> list[float] | None:
            point, _ = moved(t)
            if t != 0.0 and point == function.point:
                return None
            try:
                return margins_of(function.recorded(point).nodes)[1]
            except (ArithmeticError, ValueError):
                return None

        return Line(
            sample,
            self.components,
            noise=noise,
            scales=(1.0,) if single is None else scales_of(function.point[single]),
            margins=margins,
            at_kink=self.at_kink,
            may_jump=self.below > 0,
        )

    def describe(self, component: int) -> str:
        """A component in words: an output, or a derivative of one."""
        return self.function.describe(component, len(self.components), self.below)


def different_values(first: float, second: float, what: str) -> str:
    """The complaint about a function that gives one value and then another."""
    return (
        f"gradcheck needs a function that gives the same for the same inputs, got {first!r} and then {second!r} for "
        f"{what}: does it draw random numbers, or keep something from call to call? If it must, allow for it with "
        f"nondet_tol"
    )


def directional(row: Sequence[Derivative], direction: Sequence[float]) -> Derivative:
    """The derivative along a direction, from those in each input."""
    shares = [derivative.value * part for derivative, part in zip(row, direction, strict=True)]
    rounding = math.fsum([derivative.rounding * abs(part) for derivative, part in zip(row, direction, strict=True)])
    # fsum refuses infinities of both signs.
    return Derivative(math.fsum(shares) if all([math.isfinite(share) for share in shares]) else sum(shares), rounding)


def spread(point: Sequence[float]) -> list[float]:
    """A direction in which every input changes, each by another share of its size: the same at each call."""
    shares = (1.0, -0.5, 0.75, -1.0, 0.625, 0.875, -0.75)
    return [power_of_two(abs(x) or 1.0) * shares[place * 3 % len(shares)] for place, x in enumerate(point)]


def unit(place: int, size: int) -> list[float]:
    """The direction of one input."""
    direction = [0.0] * size
    direction[place] = 1.0
    return direction
