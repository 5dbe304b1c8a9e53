"""Explanations of each value in a picture: its operation, the terms of its gradient, the reason if that is 0 or nan.

The reasons are those of `autograd.diagnosis`, in the words of pictures.
"""

from __future__ import annotations

from functools import cached_property

from autograd.diagnosis.reasons import MOST_TERMS, Reasons
from autograd.graph import records
from viz.diagrams.diagram import Diagram, Value
from viz.labels import readable

__all__ = ["LONGEST_LABEL", "Explanations"]

LONGEST_LABEL = 60  # of a layer in a sentence


class Explanations(Reasons):
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
        super().__init__(diagram.graph)
        self.diagram = diagram

    def lines(self, position: int) -> list[str]:
        """Everything about a value: its operation, the terms of its gradient, the reason if that is 0 or no number."""
        value = self.diagram.values[position]
        if not self.diagram.is_computed(value):
            return ["Another number in each turn of a loop."]
        lines = [self._computed(value)]
        if value.gradient_text and value.gradient is not None:
            lines += self._terms(value)
        reason = self.why(position)
        return [*lines, reason] if reason else lines

    def why_zero(self, position: int) -> str:
        """The reason, which is empty without numbers, and names a side of a choice that was not taken."""
        value = self.diagram.values[position]
        if not value.known or value.blank:
            return ""
        unreached = value.gradient is None and value.kind in ("variable", "result")
        if self.diagram.recorded and unreached and position in self._leading_to_results:
            return "Not reached: it only counts on the side of a choice that was not taken."
        return super().why_zero(position)

    @cached_property
    def _leading_to_results(self) -> set[int]:
        """The values that results are computed from, whether or not a choice took them."""
        leading = set(self.diagram.outputs)
        for operation in reversed(self.diagram.operations):
            if operation.result in leading:
                leading.update([operand.value for operand in operation.operands])
        return leading

    def told(self, position: int) -> str:
        """A value as `name = number`."""
        return self.diagram.values[position].text

    def named(self, operation: records.Operation) -> str:
        """An operation as its sign, and the layer that it is in."""
        drawn = self.diagram.operations[operation.position]
        sign, box = readable(operation.symbol, 14), drawn.box
        if box is not None and drawn.sign:
            return readable(self.diagram.boxes[box].label, LONGEST_LABEL)
        return sign if box is None else f"{sign} in {readable(self.diagram.boxes[box].label, LONGEST_LABEL)}"

    def number(self, number: float) -> str:
        """A number as pictures show it."""
        return self.diagram.shown(number)

    def _computed(self, value: Value) -> str:
        if value.producer is None:
            return {"variable": "A variable.", "constant": "A constant."}.get(
                value.kind, "Computed outside of this part."
            )
        operation = self.graph.operations[value.producer]
        return f"Computed by {self.named(operation)} from {self._operands(operation)}."

    def _terms(self, value: Value) -> list[str]:
        terms = self.terms(value.position)
        if not terms:
            return ["The backward sweep starts here."] if value.position in self.diagram.outputs else []
        lines = [
            f"From {self.named(operation)}: ∂ {self._upstream(self.diagram.values[operation.result])} "
            f"· local gradient {self.number(operand.local_gradient)} = {self.number(amount)}"
            for operation, operand, amount in terms[:MOST_TERMS]
        ]
        if len(terms) > MOST_TERMS:
            lines.append(f"and {len(terms) - MOST_TERMS} terms more")
        return lines

    def _upstream(self, value: Value) -> str:
        return "?" if value.gradient is None else self.number(value.gradient)
