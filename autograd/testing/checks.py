"""The checks of one function: values, derivatives of each order by both modes, the two sides of kinks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd.graph.node import Variable, value_of
from autograd.testing.comparison import Comparison, compare
from autograd.testing.differences import EPSILON, SAFETY, SMALLEST, Slope, power_of_two
from autograd.testing.subject import Subject, rounding_of, slopes_of

__all__ = ["Derivatives", "Finding", "Options", "check_order", "different_values"]


class Options(NamedTuple):
    """What is checked, and how closely: the arguments of `check_gradients`."""

    eps: float | None = None
    atol: float = 0.0
    rtol: float = 1e-7
    nondet_tol: float = 0.0
    check_forward_ad: bool = True
    check_backward_ad: bool = True
    fast_mode: bool = False


class Finding(NamedTuple):
    """One derivative and what it was compared with: `what` is differentiated, `where` says in which input.

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


class Derivatives:
    """The derivatives of order `below` at the point, and those of the next order by the graph.

    components: the derivatives of order `below`; rows: of each, the derivatives in each input; noise and roundings:
    what rounding may have done to either.
    """

    def __init__(self, subject: Subject, below: int, options: Options) -> None:
        variables = [Variable(value) for value in subject.point]
        results = subject.derivatives(variables, below)
        self.components = [value_of(result) for result in results]
        backward = [slopes_of(result, variables, create_graph=False) for result in results]
        bounds = [rounding_of(result, variables) for result in results]
        self.noise = [noise for noise, _ in bounds]
        self.roundings = [roundings for _, roundings in bounds]
        self.rows = backward
        if not options.check_backward_ad:
            count = len(variables)
            columns = [subject.forward(unit(place, count), below) for place in range(count)]
            self.rows = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in results]


def check_order(subject: Subject, below: int, options: Options, at_kink: bool) -> tuple[list[Finding], str]:
    """Every derivative of order `below + 1` compared, and what keeps them from being compared, if anything does.

    at_kink: whether an operation of the function is at a kink.
    """
    known = Derivatives(subject, below, options)
    count = len(known.components)
    for component, value in enumerate(known.components):
        if not math.isfinite(value):
            what = subject.describe(component, count, below)
            return [], f"gradcheck needs a finite value, got {value} for {what} at {subject.describe_point()}"
    again = subject.values(subject.point, below)
    for component, (first, second) in enumerate(zip(known.components, again or [], strict=False)):
        if not abs(second - first) <= options.nondet_tol:
            return [], different_values(first, second, subject.describe(component, count, below))
    if not subject.point or not count:
        return [], ""
    findings: list[Finding] = []
    if options.fast_mode:
        findings += along(subject, below, known, spread(subject.point), options, at_kink, "along all inputs together")
        if not all([finding.agrees for finding in findings]):
            # Which input it is, is worth the time.
            return axes(subject, below, known, options, at_kink) or findings, ""
    else:
        findings += axes(subject, below, known, options, at_kink)
        if at_kink and len(subject.point) > 1 and all([finding.agrees for finding in findings]):
            # Shares of a tie may each be right and their sum wrong.
            together = [1.0] * len(subject.point)
            findings += along(subject, below, known, together, options, at_kink, "along all inputs together")
    if options.check_forward_ad and options.check_backward_ad:
        findings += both_modes(subject, below, known, options)
    return findings, ""


def different_values(first: float, second: float, what: str) -> str:
    """The complaint about a function that gives one value and then another."""
    return (
        f"gradcheck needs a function that gives the same for the same inputs, got {first!r} and then {second!r} for "
        f"{what}: does it draw random numbers, or keep something from call to call? If it must, nondet_tol says how "
        f"far they may differ"
    )


def axes(subject: Subject, below: int, known: Derivatives, options: Options, at_kink: bool) -> list[Finding]:
    """Each derivative in each input, against differences."""
    findings = []
    count = len(known.components)
    size = len(subject.point)
    for place in range(size):
        line = subject.line(unit(place, size), below, known.components, known.noise)
        comparisons = compare(
            [row[place] for row in known.rows],
            [row[place] for row in known.roundings],
            line,
            atol=options.atol,
            rtol=options.rtol,
            eps=options.eps,
            at_kink=at_kink,
            may_jump=below > 0,
        )
        where = f"in {subject.labels[place]} = {subject.point[place]!r}"
        for component, comparison in enumerate(comparisons):
            findings.append(Finding(subject.describe(component, count, below), where, comparison, component, place))
    return findings


def along(
    subject: Subject,
    below: int,
    known: Derivatives,
    direction: Sequence[float],
    options: Options,
    at_kink: bool,
    where: str,
) -> list[Finding]:
    """The derivatives along one direction, against differences."""
    count = len(known.components)
    # Moved inputs are rounded, unlike those of a step along one axis that is a power of two.
    noise = [
        noise + EPSILON * sum([abs(slope * x) for slope, x in zip(row, subject.point, strict=True)])
        for noise, row in zip(known.noise, known.rows, strict=True)
    ]
    comparisons = compare(
        [math.fsum([slope * part for slope, part in zip(row, direction, strict=True)]) for row in known.rows],
        [
            math.fsum([rounding * abs(part) for rounding, part in zip(row, direction, strict=True)])
            for row in known.roundings
        ],
        subject.line(direction, below, known.components, noise),
        atol=options.atol,
        rtol=options.rtol,
        eps=options.eps,
        at_kink=at_kink,
        may_jump=below > 0,
    )
    return [
        Finding(subject.describe(component, count, below), where, comparison, component, -1)
        for component, comparison in enumerate(comparisons)
    ]


def both_modes(subject: Subject, below: int, known: Derivatives, options: Options) -> list[Finding]:
    """The derivatives along one direction by forward mode, against those by reverse mode."""
    direction = spread(subject.point)
    findings = []
    count = len(known.components)
    for component, forward in enumerate(subject.forward(direction, below)):
        row, roundings = known.rows[component], known.roundings[component]
        shares = [slope * part for slope, part in zip(row, direction, strict=True)]
        backward = math.fsum(shares) if all([math.isfinite(share) for share in shares]) else sum(shares)
        rounding = math.fsum([bound * abs(part) for bound, part in zip(roundings, direction, strict=True)])
        # Either mode rounds the same products and sums, in another order; tiny products not relatively.
        size = max(abs(forward), abs(backward), SMALLEST)
        tolerance = options.atol + options.rtol * size + 4.0 * SAFETY * rounding
        agrees = abs(forward - backward) <= tolerance or (forward != forward and backward != backward)
        agrees |= forward == backward or not math.isfinite(backward)
        if not agrees:
            comparison = Comparison(False, "modes", backward, Slope(forward, 0.0, 0.0), tolerance)
            what = subject.describe(component, count, below)
            findings.append(Finding(what, "along all inputs together", comparison, component, -1))
    return findings


def spread(point: Sequence[float]) -> list[float]:
    """A direction in which every input changes, each by another share of its size: the same at each call."""
    shares = (1.0, -0.5, 0.75, -1.0, 0.625, 0.875, -0.75)
    return [power_of_two(abs(x) or 1.0) * shares[place * 3 % len(shares)] for place, x in enumerate(point)]


def unit(place: int, size: int) -> list[float]:
    """The direction of one input."""
    direction = [0.0] * size
    direction[place] = 1.0
    return direction
