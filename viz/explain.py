"""Where a value's gradient comes from, in sentences, and above all why it is 0.

A gradient is the sum, over the uses of a value, of the gradient of what uses it times the local gradient there. It is
0 because a local gradient is (a dead ReLU, a factor that is 0), because every gradient further on is, or because the
terms cancel. It is next to 0 behind a saturated tanh or sigmoid.
"""

from __future__ import annotations

import math

from viz.diagram import Diagram, Operand, Operation, Value
from viz.labels import pretty, readable, short_number

__all__ = ["Explanations", "told"]

FLAT = {"sign", "floor", "ceil", "round", "trunc", "floor_divide", "where"}
SATURATING = {"tanh", "sigmoid", "erf", "erfc", "exp", "exp2", "expm1", "softplus", "gaussian"}
NEXT_TO_0 = 1e-4  # a slope of something that saturates, or a gradient behind it
MOST_USES = 12
MOST_REASONS = 3


class Explanations:
    """Sentences about each value of a diagram.

    >>> from autograd import Variable
    >>> from viz import diagram_of
    >>> x = Variable(-1.0, name="x")
    >>> y = x.relu()
    >>> y.backward()
    >>> print(Explanations(diagram_of([y])).why_zero(0))
    Dead ReLU: its input x = −1 is below 0, where max(x, 0) is flat.
    """

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.users = diagram.users()
        self.swept = any(value.gradient is not None for value in diagram.values)
        # For each value with no gradient to speak of the operations whose local gradient stops it, nearest first.
        self._stops: list[tuple[tuple[int, int], ...]] = [()] * len(diagram.values)
        for value in reversed(diagram.values):
            if value.gradient is not None and abs(value.gradient) < NEXT_TO_0 and value.gradient_text:
                self._stops[value.position] = self._stops_of(value)

    def lines(self, position: int) -> list[str]:
        """Everything about a value: how it was computed, the terms of its gradient, why that is 0."""
        value = self.diagram.values[position]
        lines = [self._computed(value)]
        if value.gradient_text and value.gradient is not None:
            lines += self._terms(value)
        reason = self.why_zero(position)
        return [*lines, reason] if reason else lines

    def why_zero(self, position: int) -> str:
        """Why a value has the gradient 0, or next to it, or none at all; empty if it has another one."""
        value = self.diagram.values[position]
        if not value.gradient_text:
            return f"A {value.kind} has no gradient." if value.known else ""
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
            return f"The terms of its gradient cancel: {_sum(terms)} = 0."
        return "The product of the gradients on every path is too small for a number: it became 0."

    def terms(self, position: int) -> list[tuple[Operation, Operand, float]]:
        """What each use of a value adds to its gradient, in the order of the backward sweep."""
        found = []
        for number in reversed(dict.fromkeys(self.users[position])):
            operation = self.diagram.operations[number]
            upstream = self.diagram.values[operation.result].gradient
            if upstream is not None:
                for operand in operation.operands:
                    if operand.value == position:
                        found.append((operation, operand, upstream * operand.local_gradient))
        return found

    def told(self, position: int) -> str:
        """A value as `name = number`."""
        return told(self.diagram.values[position])

    def named(self, operation: Operation) -> str:
        """An operation as its sign, and the layer that it is in."""
        sign = readable(operation.symbol, 14)
        return sign if operation.box is None else f"{sign} in {readable(self.diagram.boxes[operation.box].label)}"

    def _computed(self, value: Value) -> str:
        if value.producer is None:
            return {"variable": "A variable.", "constant": "A constant."}.get(
                value.kind, "Computed outside of this part."
            )
        operation = self.diagram.operations[value.producer]
        operands = [self.told(operand.value) for operand in operation.operands[:MOST_USES]]
        more = f" and {len(operation.operands) - MOST_USES} more" if len(operation.operands) > MOST_USES else ""
        return f"Computed by {self.named(operation)} from {', '.join(operands)}{more}."

    def _terms(self, value: Value) -> list[str]:
        terms = self.terms(value.position)
        if not terms:
            return ["The backward sweep starts here."] if value.position in self.diagram.outputs else []
        lines = [
            f"From {self.named(operation)}: ∂ {_number(self.diagram.values[operation.result].gradient)} "
            f"· local gradient {short_number(operand.local_gradient)} = {short_number(amount)}"
            for operation, operand, amount in terms[:MOST_USES]
        ]
        if len(terms) > MOST_USES:
            lines.append(f"and {len(terms) - MOST_USES} terms more")
        return lines

    def _stops_of(self, value: Value) -> tuple[tuple[int, int], ...]:
        """The operation and place at which the gradient on each path becomes 0; none if the terms cancel."""
        stops: dict[tuple[int, int], None] = {}
        for operation, operand, amount in self.terms(value.position):
            if abs(amount) >= NEXT_TO_0 or math.isnan(amount):
                return ()
            result = self.diagram.values[operation.result]
            if result.gradient == 0 or self._stops[result.position]:
                # Where there are none the gradient cancels or starts as 0 further on: that is told there.
                further = self._stops[result.position] or ((-1, result.position),)
                stops.update(dict.fromkeys(further[: MOST_REASONS + 1]))
            elif operand.local_gradient == 0 or _is_saturated(operation, operand):
                stops[operation.position, operation.operands.index(operand)] = None
            else:
                return ()
        return tuple(stops)

    def _stopped(self, number: int, place: int) -> str:
        """Why the local gradient of an operation in one of its operands is 0."""
        if number < 0:
            return f"All paths lead through {self.told(place)}, whose gradient is 0. {self.why_zero(place)}"
        operation = self.diagram.operations[number]
        values = [self.diagram.values[operand.value] for operand in operation.operands]
        value, name = values[place], operation.name
        others = [other for other in values if other is not value]
        told_value = told(value)
        if name == "max" and others and others[0].number == 0 and others[0].kind == "constant":
            where = "below 0" if value.number < 0 else "0"
            return f"Dead ReLU: its input {told_value} is {where}, where max(x, 0) is flat."
        if name in ("max", "min", "max_of_many", "min_of_many") and others:
            kind = "largest" if name.startswith("max") else "smallest"
            return f"{self.named(operation)} passes on only the {kind} operand, and {told_value} is not it."
        if name in ("multiply", "prod", "dot", "fma"):
            return f"In {self.named(operation)} {told_value} is multiplied by 0" + (
                f": {' and '.join([told(other) for other in others if other.number == 0][:2])}."
                if any(other.number == 0 for other in others)
                else "."
            )
        if name in FLAT:
            return f"{self.named(operation)} is flat: its slope is 0 wherever it has one."
        if name in SATURATING:
            slope = short_number(operation.operands[place].local_gradient)
            return f"Saturated {name}: at {told_value} it is so flat that its slope is {slope}."
        slope = f"The local gradient of {self.named(operation)} at {told_value} is 0"
        return slope + (": a kink or an extremum." if value.number == 0 else ".")


def _is_saturated(operation: Operation, operand: Operand) -> bool:
    """Whether an operation that levels off has done so."""
    return operation.name in SATURATING and abs(operand.local_gradient) < NEXT_TO_0


def told(value: Value) -> str:
    """A value as `name = number`, or the number alone.

    >>> told(Value(0, "w1", -1.0, None, "variable", None, None, False))
    'w₁ = −1'
    """
    return " = ".join([part for part in (pretty(value.name or ""), value.number_text) if part])


def _number(gradient: float | None) -> str:
    return "?" if gradient is None else short_number(gradient)


def _sum(terms: list[float]) -> str:
    """Numbers with plus and minus between them."""
    text = short_number(terms[0])
    for term in terms[1:MOST_USES]:
        text += f" − {short_number(-term)}" if math.copysign(1.0, term) < 0 else f" + {short_number(term)}"
    return text + (" + …" if len(terms) > MOST_USES else "")
