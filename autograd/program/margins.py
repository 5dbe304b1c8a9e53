"""Guard margins: how far the decisions of a function are from falling the other way.

A comparison of a and b flips when a − b passes 0, so that |a − b| is its distance. Conditions combined of several have
the distance that temporal logic calls robustness: with the sign of the outcome, that of *and* is the smaller of two,
that of *or* the larger, *not* changes the sign (G. E. Fainekos and G. J. Pappas, "Robustness of temporal logic
specifications for continuous-time signals", Theoretical Computer Science 410, 2009).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.graph.node import value_of
from autograd.operations.primitives import (
    Abs,
    Both,
    Either,
    Equal,
    Less,
    Minus,
    Multiply,
    Negate,
    Not,
    Select,
)
from autograd.program.program import Operation, Program
from autograd.program.recording.signature import Signature, argument_leaf, sign
from autograd.program.recording.trace import Trace, Traced, record
from autograd.transforms.trees import flatten

# The ways through the branches that rows may take if no other limit is given.
MOST_WAYS = 4096

__all__ = ["UNDECIDED", "Margin", "margins_of", "smallest_of_rows"]


class Margin(NamedTuple):
    """The distance of a decision from falling the other way: |left - right| of the comparison behind it.

    `ulps` is the same in units in the last place of the larger number. `comparison` is `<`, `<=`, `==` or `!=`, and
    `holds` says whether it does; `outcome` is what Python decided on, for instance on the negation. `row` is the number
    of the row, for functions over rows. Margins are ordered by distance.
    """

    distance: float
    ulps: float
    left: float
    comparison: str
    right: float
    holds: bool
    outcome: bool
    file: str
    line: int
    row: int | None = None

    def __str__(self) -> str:
        if not self.file:
            return "no decision depends on the arguments"
        row = "" if self.row is None else f"row {self.row}: "
        holds = "holds" if self.holds else "does not hold"
        return (
            f"{row}{self.left!r} {self.comparison} {self.right!r} {holds} by {self.distance:.3g} ({self.ulps:.3g} units"
            f" in the last place) at {self.file}:{self.line}"
        )


UNDECIDED = Margin(math.inf, math.inf, math.nan, "", math.nan, False, False, "", 0)


class Robustness(NamedTuple):
    """The robustness of a condition: its distance with the sign of the outcome, the outcome, and the number of the
    comparison that decides. All three are floats, or nodes of floats.
    """

    signed: Any
    holds: Any
    comparison: Any


def robustness(program: Program, values: Sequence[Any]) -> dict[int, Robustness]:
    """The robustness of each condition of a program, from all its values; without branches, so that it can be traced.

    A condition that no finite change flips, for an operand is nan or both are the same infinity, has distance inf.
    """
    operations = {operation.result: operation for operation in program}
    found: dict[int, Robustness] = {}
    pending = [guard.condition for guard in reversed(program.guards)]
    while pending:
        value = pending[-1]
        operation = operations[value]
        parts = operation.operands if operation.primitive.of_conditions else ()
        missing = [part for part in parts if part not in found]
        if value in found or not missing:
            pending.pop()
            found[value] = of_condition(operation, [found[part] for part in parts], values)
        else:
            pending += missing
    return found


def of_condition(operation: Operation, parts: list[Robustness], values: Sequence[Any]) -> Robustness:
    """The robustness of one condition, from those of its parts or from the values that it compares."""
    if operation.primitive is Not:
        return Robustness(Negate(parts[0].signed), Not(parts[0].holds), parts[0].comparison)
    if parts:
        one, other = parts
        smaller = Either(
            Less(one.signed, other.signed), Both(Equal(one.signed, other.signed), Less(one.holds, other.holds))
        )
        first = smaller if operation.primitive is Both else Not(smaller)
        return Robustness(*[Select(first, mine, theirs) for mine, theirs in zip(one, other, strict=True)])
    left, right = operation.operands
    apart = Abs(Minus(values[left], values[right]))
    distance = Select(Equal(apart, apart), apart, math.inf)
    holds = values[operation.result]
    return Robustness(Select(holds, distance, Negate(distance)), holds, float(operation.result))


def margins_of(traced: Traced, numbers: Sequence[float]) -> list[Margin]:
    """The margin of each guard that was recorded, for these numbers among the arguments."""
    program = traced.program
    values = program.evaluate([*numbers, *[value_of(variable) for variable in traced.variables]])
    found = robustness(program, values)
    operations = {operation.result: operation for operation in program}
    margins = []
    for guard in program.guards:
        sure = found[guard.condition]
        comparison = operations[int(sure.comparison)]
        left, right = [float(values[operand]) for operand in comparison.operands]
        distance = abs(sure.signed)
        ulps = distance / math.ulp(max(abs(left), abs(right))) if math.isfinite(distance) else math.inf
        symbol = comparison.primitive.infix
        holds = values[comparison.result] != 0.0
        margins.append(Margin(distance, ulps, left, symbol, right, holds, guard.outcome, guard.file, guard.line))
    return margins


def smallest_of_rows(mapped: Any, rows: Any) -> tuple[Any, Margin]:
    """The distance of each row's least sure decision, as an array, and the margin that is the smallest of all."""
    import numpy

    distances = numpy.full(rows.count, math.inf)
    left = numpy.arange(rows.count)
    ways = 0
    least = UNDECIDED
    most = MOST_WAYS if mapped.max_paths is None else mapped.max_paths
    while len(left):
        ways += 1
        if ways > most:
            raise ValueError(
                f"the rows took more than {most} ways through the branches of {mapped.__name__}; give "
                f"fewer rows, or raise max_paths"
            )
        numbers, traced = recorded(mapped, rows, left[0])
        of_rows = type(mapped)(
            functools.partial(least_distance, traced),
            tuple([0 if varies else None for varies in rows.mapped]),
            None,
            1,
            "vm",
        )
        arguments = [part[left] if varies else part for part, varies in zip(rows.arguments, rows.mapped, strict=True)]
        found, agrees = of_rows(*arguments)
        taken = agrees != 0.0
        distances[left[taken]] = found[taken]
        nearest = int(numpy.argmin(numpy.where(taken, found, math.inf)))
        if found[nearest] < least.distance:
            numbers, traced = recorded(mapped, rows, left[nearest])
            least = min(margins_of(traced, numbers))._replace(row=int(left[nearest]))
        left = left[~taken]
    return distances, least


def recorded(mapped: Any, rows: Any, row: int) -> tuple[Sequence[float], Traced]:
    """The numbers of one row, and the recording of the function on them."""
    arguments = tuple(rows.one(row))
    numbers, _, _ = sign(arguments, {})
    return numbers, record(mapped.fun, Signature(arguments, {}), numbers, Trace(unrolled=True))


def moving_leaf(value: Any, what: str) -> Any:
    """A fixed part of the arguments as a leaf without numbers; None for numbers, those of a trace as well."""
    return None if hasattr(type(value), "as_operand") or hasattr(type(value), "holder") else argument_leaf(value, what)


def least_distance(traced: Traced, *arguments: Any) -> tuple[Any, Any]:
    """The distance of the least sure guard, and 1 if all guards fall as they were recorded, else 0."""
    program = traced.program
    variables = [value_of(variable) for variable in traced.variables]
    numbers = flatten(arguments, "the arguments", moving_leaf)[0]
    found = robustness(program, program.evaluate([*numbers, *variables]))
    distance: Any = math.inf
    agrees: Any = 1.0
    for guard in program.guards:
        apart = Abs(found[guard.condition].signed)
        distance = Select(Less(apart, distance), apart, distance)
        holds = found[guard.condition].holds
        agrees = Multiply(agrees, holds if guard.outcome else Not(holds))
    return distance, agrees
