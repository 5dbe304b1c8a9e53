"""The reasons in sentences why a value of a graph has its gradient: 0, next to 0, infinite, nan, or none at all.

A gradient is the sum, over the uses of a value, of the gradient of the result there times the local gradient. It is
0 because a local gradient is (a dead ReLU, a factor that is 0), because every gradient further on is, or because the
terms cancel. It is next to 0 behind a saturated tanh or sigmoid. It is no number because a value is none, because a
local gradient is infinite, or because a product or a sum overflows.

They serve whoever has a graph as records: `explain`, and the diagrams of pictures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd.diagnosis.kinks import margin_of
from autograd.graph.records import Graph, Operand, Operation, Value
from autograd.operations.primitive import declared

__all__ = ["Finding", "Reasons"]

NO_GRADIENT = {"constant", "condition"}
NEXT_TO_0 = 1e-4  # a slope of something that saturates, or a gradient behind it
MOST_TERMS = 12
MOST_REASONS = 3
Stop = tuple[int, int]  # an operation, and the place of an operand; or -1, and a value


class Finding(NamedTuple):
    """One reason: a sentence, the operation that it is about, and the positions on the way from there.

    operation: None if the reason is a leaf, or the start of the sweep.
    way: the value asked for is the last one on it.
    """

    says: str
    operation: int | None
    way: tuple[int, ...]


class Reasons:
    """The sentences about the values of a graph. How values and operations are told is the subclass's choice."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        # For each value the operations that use it and the operands it is there, in the order of the backward sweep.
        self.uses: list[list[tuple[Operation, int, Operand]]] = [[] for _ in graph.values]
        for operation in reversed(graph.operations):
            for place, operand in enumerate(operation.operands):
                self.uses[operand.value].append((operation, place, operand))
        self.swept = any(value.gradient is not None for value in graph.values)
        # For each value with no gradient to speak of the operations whose local gradient stops it, nearest first.
        self._stops: list[tuple[Stop, ...]] = [()] * len(graph.values)
        for value in reversed(graph.values):
            if value.gradient is not None and abs(value.gradient) < NEXT_TO_0 and value.kind not in NO_GRADIENT:
                self._stops[value.position] = self._stops_of(value)

    def told(self, position: int) -> str:
        """A value as `name = number`, or the number alone."""
        raise NotImplementedError

    def named(self, operation: Operation) -> str:
        """An operation in a sentence: its sign or name, and where it is."""
        raise NotImplementedError

    def number(self, number: float) -> str:
        """A number in a sentence."""
        raise NotImplementedError

    def at(self, operation: Operation) -> str:
        """The place of an operation, to follow a word of its own; empty if it is not known."""
        return ""

    def why(self, position: int) -> str:
        """The reason for a gradient that is 0, next to it, no number, or missing; empty for another."""
        gradient = self.graph.values[position].gradient
        if gradient is not None and not math.isfinite(gradient):
            return self.of_gradient(position).says
        return self.why_zero(position)

    def why_zero(self, position: int) -> str:
        """The reason for a gradient that is 0, next to it, or missing; empty for another."""
        value = self.graph.values[position]
        if value.kind in NO_GRADIENT:
            return f"A {value.kind} has no gradient."
        if value.gradient is None:
            if not self.swept:
                return "Its gradient is not known yet: backward() has not been run."
            return "Not reached: no path leads from it to the result that backward() started from."
        stops = self._stops[position]
        if value.gradient != 0 and not stops:
            return ""
        if stops:
            reasons = list(dict.fromkeys([self._stopped(*stop) for stop in stops]))
            more = f" And {len(reasons) - MOST_REASONS} more like that." if len(reasons) > MOST_REASONS else ""
            return " ".join(reasons[:MOST_REASONS]) + more
        terms = [amount for _, _, amount in self.terms(position)]
        if not terms:
            return "backward() was given 0 to start from."
        if any(terms):
            return f"The terms of its gradient cancel: {self.sum(terms)} = 0."
        operation, operand, _ = self.terms(position)[0]
        upstream = self._gradient(operation.result)
        product = f"{self.number(upstream)} · {self.number(operand.local_gradient)}"
        return f"In {self.named(operation)} the gradient {product} is too small for a number: it became 0."

    def stop(self, position: int) -> Stop | None:
        """The nearest operation whose local gradient stops the gradient of a value, and the operand's place."""
        stops = self._stops[position]
        return stops[0] if stops and stops[0][0] >= 0 else None

    def terms(self, position: int) -> list[tuple[Operation, Operand, float]]:
        """The term that each use of a value adds to its gradient, in the order of the backward sweep."""
        return [(operation, operand, amount) for operation, _, operand, amount in self._shares(position)]

    def _shares(self, position: int) -> list[tuple[Operation, int, Operand, float]]:
        """The same with the operand's place in the operation."""
        found = []
        for operation, place, operand in self.uses[position]:
            upstream = self.graph.values[operation.result].gradient
            if upstream is not None:
                found.append((operation, place, operand, upstream * operand.local_gradient))
        return found

    def sum(self, terms: Sequence[float]) -> str:
        """Numbers with plus and minus between them."""
        text = self.number(terms[0])
        for term in terms[1:MOST_TERMS]:
            sign, size = ("−", -term) if math.copysign(1.0, term) < 0 else ("+", term)
            text += f" {sign} {self.number(size)}"
        return text + (" + …" if len(terms) > MOST_TERMS else "")

    def of_value(self, position: int) -> Finding:
        """The reason for an infinite value or nan: the first operation with finite operands on a way to it."""
        way = [position]
        while True:
            value = self.graph.values[way[-1]]
            if value.producer is None:
                says = f"{self.told(value.position)} came in as it is: no operation computed it."
                return Finding(says, None, tuple(reversed(way)))
            operation = self.graph.operations[value.producer]
            bad = [operand.value for operand in operation.operands if not self._is_finite(operand.value)]
            if not bad:
                return Finding(self._no_number(operation, value.number), operation.position, tuple(reversed(way)))
            way.append(bad[0])

    def of_gradient(self, position: int) -> Finding:
        """The reason for an infinite gradient or nan: the first operation on the backward sweep that made it so."""
        way = [position]
        while True:
            here = way[-1]
            terms = self.terms(here)
            bad = [term for term in terms if not math.isfinite(term[2])]
            if not bad:
                return Finding(self._overflowing_sum(here, terms), None, tuple(reversed(way)))
            operation, operand, amount = bad[0]
            if math.isfinite(self._gradient(operation.result)):
                return self._overflowing_term(operation, operand, amount, way)
            way.append(operation.result)

    def _gradient(self, position: int) -> float:
        """The gradient of a value that a sweep has reached."""
        gradient = self.graph.values[position].gradient
        assert gradient is not None
        return gradient

    def _is_finite(self, position: int) -> bool:
        return math.isfinite(self.graph.values[position].number)

    def _overflowing_sum(self, position: int, terms: list[tuple[Operation, Operand, float]]) -> str:
        gradient = self.number(self._gradient(position))
        if not terms:
            return f"The backward sweep was started with {gradient} at {self.told(position)}."
        amounts = self.sum([amount for _, _, amount in terms])
        return f"The terms of the gradient of {self.told(position)} have no finite sum: {amounts} = {gradient}."

    def _overflowing_term(self, operation: Operation, operand: Operand, amount: float, way: list[int]) -> Finding:
        """The reason at the operation that makes a finite gradient an infinite one or nan."""
        slope, upstream = operand.local_gradient, self._gradient(operation.result)
        back = (operation.result, *reversed(way))
        if math.isfinite(slope):
            product = f"{self.number(upstream)} · {self.number(slope)}"
            return Finding(
                f"In {self.named(operation)} the gradient overflows: {product} = {self.number(amount)}.",
                operation.position,
                back,
            )
        for position in (*[known.value for known in operation.operands], operation.result):
            if not self._is_finite(position):
                first = self.of_value(position)
                return Finding(f"It comes from a value that is no number. {first.says}", first.operation, back)
        says = f"The local gradient of {self.named(operation)} is {self.number(slope)} at {self._operands(operation)}"
        needs = self._needs(operation)
        says += f": {needs}." if needs else "."
        if upstream == 0:
            says += f" 0 · {self.number(slope)} is nan; `where` would leave out the term that doesn't count."
        return Finding(says, operation.position, back)

    def _no_number(self, operation: Operation, number: float) -> str:
        """The reason why the result of an operation on finite numbers is no finite number."""
        operands = self._operands(operation)
        needs = self._needs(operation)
        if needs:
            return f"The value of {self.named(operation)} is {self.number(number)} at {operands}: {needs}."
        if math.isnan(number):
            return f"{self.named(operation)} has no value at {operands}: nan."
        if self._at_pole(operation):
            return f"{self.named(operation)} has a pole at {operands}: {self.number(number)}."
        return f"The value of {self.named(operation)} is too large for a number at {operands}: {self.number(number)}."

    def _operands(self, operation: Operation) -> str:
        told = [self.told(operand.value) for operand in operation.operands[:MOST_TERMS]]
        more = f" and {len(operation.operands) - MOST_TERMS} more" if len(operation.operands) > MOST_TERMS else ""
        return ", ".join(told) + more

    def _numbers(self, operation: Operation) -> list[float]:
        return [self.graph.values[operand.value].number for operand in operation.operands]

    def _needs(self, operation: Operation) -> str:
        """The need of the operation, if an operand is outside of its domain or at an end of it."""
        primitive = declared(operation.name)
        if primitive is None or primitive.arity is None:
            return ""
        letters = "x" if primitive.arity == 1 else "abc"
        needs = [
            interval._replace(closed=False).describe(letter)
            for letter, interval, number in zip(letters, primitive.domain, self._numbers(operation), strict=False)
            if not interval.low < number < interval.high
        ]
        return f"it needs {' and '.join(filter(None, needs))}" if any(needs) else ""

    def _at_pole(self, operation: Operation) -> bool:
        primitive = declared(operation.name)
        return primitive is not None and margin_of(primitive, self._numbers(operation)) == 0.0

    def _stops_of(self, value: Value) -> tuple[Stop, ...]:
        """The operation and place at which the gradient on each path becomes 0; none if the terms cancel."""
        stops: dict[Stop, None] = {}
        for operation, place, operand, amount in self._shares(value.position):
            if abs(amount) >= NEXT_TO_0 or math.isnan(amount):
                return ()
            result = self.graph.values[operation.result]
            if result.gradient == 0 or self._stops[result.position]:
                # Where there are none the gradient cancels or starts as 0 further on: that is told there.
                further = self._stops[result.position] or ((-1, result.position),)
                stops.update(dict.fromkeys(further[: MOST_REASONS + 1]))
            elif operand.local_gradient == 0 or _is_saturated(operation, operand):
                stops[operation.position, place] = None
            else:
                return ()
        return tuple(stops)

    def _stopped(self, number: int, place: int) -> str:
        """The reason why the local gradient of an operation in one of its operands is 0."""
        if number < 0:
            return f"All paths lead through {self.told(place)}, whose gradient is 0. {self.why_zero(place)}"
        operation = self.graph.operations[number]
        position, vanishes = operation.operands[place].value, _vanishes(operation)
        value = self.graph.values[position]
        others = [self.graph.values[operand.value] for operand in operation.operands if operand.value != position]
        told = self.told(position)
        if vanishes == "largest" and len(others) == 1 and others[0].number == 0 and others[0].kind == "constant":
            where = "below 0" if value.number < 0 else "0"
            return f"Dead ReLU{self.at(operation)}: its input {told} is {where}, where max(x, 0) is flat."
        if vanishes in ("largest", "smallest") and others:
            return f"{self.named(operation)} passes on only the {vanishes} operand, and {told} is not it."
        if vanishes == "product":
            zeros = [self.told(other.position) for other in others if other.number == 0][:2]
            return f"In {self.named(operation)} {told} is multiplied by 0" + (
                f": {' and '.join(zeros)}." if zeros else "."
            )
        if vanishes == "flat":
            return f"{self.named(operation)} is flat: its slope is 0 wherever it has one."
        if vanishes == "saturated":
            slope = self.number(operation.operands[place].local_gradient)
            return f"Saturated {operation.name}{self.at(operation)}: at {told} it is so flat that its slope is {slope}."
        slope = f"The local gradient of {self.named(operation)} at {told} is 0"
        return slope + (": a kink or an extremum." if value.number == 0 else ".")


def _vanishes(operation: Operation) -> str:
    """The reason that its primitive declares for a local gradient of 0; empty if there is none."""
    primitive = declared(operation.name)
    return "" if primitive is None else primitive.vanishes


def _is_saturated(operation: Operation, operand: Operand) -> bool:
    """Whether an operation that levels off has done so."""
    return _vanishes(operation) == "saturated" and abs(operand.local_gradient) < NEXT_TO_0
