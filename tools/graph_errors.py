"""The exact nodes of a graph, by mpmath, and bounds on the difference of two ways to compute it.

*Each operation by itself*: its value and its local gradients, as recorded, beside the exact ones at its operands as
recorded. That needs no condition number, and finds the operation that is wrong.

*The whole graph*: a running error analysis (Linnainmaa, BIT 16, 1976). Two ways start from the same leaves; at a node
their values differ by at most the sum over its operands of (what these differ by) · (the largest slope in between),
and by the rounding errors that are documented for the operation, in either way. Local gradients differ by what they
vary over the same box of operands, and by their own errors. `Record.bounds` makes bounds of the gradients of these.

The largest slope and the variation over a box are taken from the center and from the points where one operand is at
an end of its interval. That is right where slopes are monotone, which is taken for granted if the box is narrow
(2**-20 of the operand, or of 1 if that is less) and slopes vary by less than half. Where it isn't the graph is called
not decidable; so it is where the box reaches out of the domain.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from tools.graph_records import TINY, Entry, Record
from tools.oracles import BUILT_IN, LARGEST_FLOAT, ORACLES, mp, mpf

__all__ = ["Distances", "exact_gradients", "exact_node", "operation_errors"]

BITS = 200
# Of these the exact result has as many digits as the operands are apart.
SPREAD = {"mod", "fmod", "floor_divide", "sum", "dot", "fma", "plus", "minus"}
EXTREMES = {
    primitive.name: 1 if primitive.vanishes == "largest" else -1
    for primitive in BUILT_IN
    if primitive.vanishes in ("largest", "smallest")
}
# Their slopes are the same everywhere.
CONSTANT_SLOPES = {primitive.name for primitive in BUILT_IN if primitive.linear and primitive.kinks is None}
# Their slopes are monotone in each operand.
MULTILINEAR = CONSTANT_SLOPES | {"square", *[known.name for known in BUILT_IN if known.vanishes == "product"]}


def exact_node(entry: Entry, numbers: Sequence[Any]) -> tuple[Any, Sequence[Any]] | None:
    """The exact value and local gradients of an operation on mpmath numbers; None where mpmath has none."""
    assert entry.name is not None
    oracle = ORACLES[entry.name]
    if not all([mp.isfinite(number) for number in numbers]):
        return None
    if (entry.name == "copysign" and numbers[1] == 0) or (entry.name == "atan2" and numbers[1] <= 0 == numbers[0]):
        # A sign of zero, which mpmath has not.
        return None
    if entry.name.startswith("power") and numbers[0] < 0 and entry.value != entry.value:
        # A negative number to a power that is no integer.
        return None
    bits = BITS
    if entry.name in SPREAD:
        sizes = [mp.mag(number) for number in numbers if number]
        bits += 2 * int(max(sizes) - min(sizes)) if sizes else 0
    try:
        with mp.workprec(bits):
            value = oracle.value(*numbers)
            if entry.name in EXTREMES:
                slopes: Sequence[Any] = shares_of_a_tie(entry, numbers)
            else:
                slopes = oracle.gradients(*numbers)
            if not all(
                [isinstance(number, int | mpf) and mp.isfinite(number) for number in (value, *used(entry, slopes))]
            ):
                return None
            return moderate(value), [moderate(slope) for slope in slopes]
    except (ArithmeticError, ValueError, TypeError):
        return None


def moderate(number: Any) -> Any:
    """The number, or 0 or a number beyond all floats where its exponent would make sums of it too long."""
    if number == 0 or not mp.isfinite(number):
        return number
    size = mp.mag(number)
    if size > 3000:
        return mp.sign(number) * mpf(2) ** 3000
    return +number if size > -3000 else mpf(0)


def used(entry: Entry, slopes: Sequence[Any]) -> list[Any]:
    """The slopes in operands that vary."""
    return [slope for operand, slope in zip(entry.operands, slopes, strict=True) if operand is not None]


def shares_of_a_tie(entry: Entry, numbers: Sequence[Any]) -> list[Any]:
    """The shortest subgradient of an extreme: tied variables share, a tied constant takes all."""
    extreme = max([EXTREMES[entry.name or ""] * number for number in numbers])
    tied = [EXTREMES[entry.name or ""] * number == extreme for number in numbers]
    if any([holds and operand is None for holds, operand in zip(tied, entry.operands, strict=True)]):
        return [0] * len(numbers)
    variables = {operand for holds, operand in zip(tied, entry.operands, strict=True) if holds}
    uses = [entry.operands.count(operand) for operand in entry.operands]
    return [mpf(1) / (len(variables) * use) if holds else 0 for holds, use in zip(tied, uses, strict=True)]


def terms_of(entry: Entry, numbers: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
    """The largest terms of the value and of the local gradients, beside which errors are measured."""
    oracle = ORACLES[entry.name or ""]
    with mp.workprec(BITS):
        return oracle.value_term(*numbers), oracle.gradient_terms(*numbers)


def unit(*sizes: Any) -> float:
    """The unit in the last place of the largest of these."""
    largest = max([abs(size) for size in sizes])
    return math.ulp(float(largest)) if largest < LARGEST_FLOAT else math.ulp(LARGEST_FLOAT)


def operation_errors(entry: Entry) -> tuple[float, list[float]] | None:
    """The errors of the value and of each local gradient in units in the last place; None where mpmath has no say.

    Beyond the largest float the error is that of the infinity, counted from the next number in line. Nothing is said of
    gradients that are made of a value that is infinite or has lost digits, nor of sums with an infinite partial sum.
    """
    if not all(map(is_normal, entry.numbers)) or (entry.name in ("sum", "dot") and not math.isfinite(entry.value)):
        return None
    numbers = [mpf(number) for number in entry.numbers]
    exact = exact_node(entry, numbers)
    if exact is None:
        return None
    value_term, terms = terms_of(entry, numbers)
    slopes = [
        0.0 if operand is None else error(slope, exact_slope, term)
        for operand, slope, exact_slope, term in zip(entry.operands, entry.slopes, exact[1], terms, strict=False)
    ]
    if is_normal(entry.value) or math.isnan(entry.value):
        return error(entry.value, exact[0], value_term), slopes
    return 0.0 if math.isfinite(entry.value) else error(entry.value, exact[0], value_term), [0.0] * len(slopes)


def is_normal(number: float) -> bool:
    """Whether a result has all its digits. Local gradients that are made of one that has not have lost them too."""
    return number == 0.0 or sys.float_info.min <= abs(number) < math.inf


def error(got: float, exact: Any, term: Any) -> float:
    """The distance in units in the last place of the exact number or of a larger term."""
    if math.isnan(got):
        return math.inf
    with mp.workprec(BITS):
        if math.isinf(got):
            if abs(exact) > LARGEST_FLOAT and (exact > 0) == (got > 0):
                return 0.0
            got = math.copysign(LARGEST_FLOAT, got)
            return float((abs(mpf(got) - exact) + mpf(unit(got))) / mpf(unit(exact, term)))
        return float(abs(mpf(got) - exact) / mpf(unit(exact, term)))


class Distances:
    """Bounds on the difference of two ways to compute a graph, at each entry of its record.

    values: of each entry's value; slopes: of its local gradients; inf where that is not decidable.
    The ways may err by so many units in the last place together, in a value and in a local gradient of an operation.
    """

    def __init__(self, record: Record, units_of_value: float, units_of_slope: float) -> None:
        self.units_of_value, self.units_of_slope = units_of_value, units_of_slope
        self.values: list[float] = []
        self.slopes: list[list[float]] = []
        for entry in record.entries:
            value, slopes = (0.0, []) if entry.name is None else self.of_entry(entry)
            self.values.append(value)
            self.slopes.append(slopes)

    def of_entry(self, entry: Entry) -> tuple[float, list[float]]:
        """Bounds on the differences of an operation's value and slopes."""
        nothing = [math.inf] * len(entry.operands)
        if entry.name in CONSTANT_SLOPES:
            nothing = [0.0] * len(entry.operands)
        numbers = [mpf(number) for number in entry.numbers]
        center = exact_node(entry, numbers)
        if center is None or not all(map(is_normal, (entry.value, *entry.numbers, *used(entry, entry.slopes)))):
            return math.inf, nothing
        value, slopes = center
        largest = [abs(slope) if mp.isfinite(slope) else mpf(0) for slope in slopes]
        variation = [mpf(0)] * len(slopes)
        jump = [mpf(0)] * len(slopes)
        radii = [0.0 if operand is None else self.values[operand] for operand in entry.operands]
        if not all(map(math.isfinite, radii)):
            return math.inf, nothing
        # An operand that stands in several places moves in all of them.
        for operand in dict.fromkeys(entry.operands):
            if operand is None or self.values[operand] == 0.0:
                continue
            radius = self.values[operand]
            places = [place for place, other in enumerate(entry.operands) if other == operand]
            if entry.name not in MULTILINEAR and radius > 2.0**-20 * min(1.0, abs(entry.numbers[places[0]])):
                return math.inf, nothing
            farthest = [mpf(0)] * len(slopes)
            for side in (-radius, radius):
                moved = list(numbers)
                with mp.workprec(BITS + 2100 if entry.name in SPREAD else BITS):
                    for place in places:
                        moved[place] = numbers[place] + side
                found = exact_node(entry, moved)
                if found is None:
                    return math.inf, nothing
                for place, slope in enumerate(found[1]):
                    if entry.operands[place] is not None:
                        largest[place] = max(largest[place], abs(slope))
                        farthest[place] = max(farthest[place], abs(slope - slopes[place]))
                jump[places[0]] = max(jump[places[0]], abs(found[0] - value))
            for place in range(len(slopes)):
                variation[place] += farthest[place]
        if entry.name not in MULTILINEAR:
            for most, slope in zip(used(entry, variation), used(entry, slopes), strict=True):
                if entry.name not in EXTREMES and most > max(abs(slope) / 2, mpf(2) ** -20):
                    return math.inf, nothing
        value_term, terms = terms_of(entry, numbers)
        distance = self.units_of_value * unit(value, value_term)
        for place, radius in enumerate(radii):
            distance += 1.001 * max(float(largest[place]) * radius if radius else 0.0, float(jump[place]))
        terms = [*terms, *[0] * len(slopes)]
        return distance + TINY, [
            0.0
            if operand is None or entry.name in CONSTANT_SLOPES
            else 1.001 * float(variation[place]) + self.units_of_slope * unit(slopes[place], terms[place])
            for place, operand in enumerate(entry.operands)
        ]


def exact_gradients(record: Record) -> tuple[Any, list[Any]] | None:
    """The exact value and gradients of the graph, by mpmath from the leaves; None where that is not defined."""
    values: list[Any] = []
    slopes: list[Sequence[Any]] = []
    with mp.workprec(BITS):
        for entry in record.entries:
            if entry.name is None:
                if not math.isfinite(entry.value):
                    return None
                values.append(mpf(entry.value))
                slopes.append(())
                continue
            numbers = [
                mpf(number) if operand is None else values[operand]
                for operand, number in zip(entry.operands, entry.numbers, strict=True)
            ]
            exact = exact_node(entry, numbers)
            if exact is None:
                return None
            values.append(exact[0])
            slopes.append(exact[1])
        adjoints = [mpf(0)] * len(values)
        adjoints[record.output] = mpf(1)
        for place in range(len(values) - 1, -1, -1):
            for operand, slope in zip(record.entries[place].operands, slopes[place], strict=False):
                if operand is not None:
                    adjoints[operand] += adjoints[place] * slope
        return values[record.output], adjoints[: record.leaves]
