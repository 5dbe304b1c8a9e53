"""Explanations of a node's value and gradient: why they are 0, infinite or nan."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from autograd.diagnosis.reasons import MOST_REASONS, Finding, Reasons
from autograd.errors import ArgumentError, OperandError
from autograd.graph.callers import Line
from autograd.graph.descriptions import at_line, listed, name_and_value
from autograd.graph.node import Constant, Node, assigned_since, operands_of, varies
from autograd.graph.node_errors import describe, stale_graph
from autograd.graph.records import Operation, graph_of
from autograd.graph.sweep import adjoints, topological_order
from autograd.text import one_line

__all__ = ["Explanation", "explain"]

LONGEST_WAY = 8


class NodeReasons(Reasons):
    """The reasons of the gradients of an output, in the words of error messages."""

    def __init__(self, output: Node) -> None:
        order = topological_order(output)
        for node in order:
            for operand in operands_of(node):
                if assigned_since(operand, node):
                    raise stale_graph(operand, node, "an explanation would tell of numbers that were not used")
        gradients = adjoints(order, {id(output): 1.0})
        graph, self.positions = graph_of(order, gradients, lambda node: node.local_gradients)
        self.nodes = {self.positions[id(node)]: node for node in order}
        super().__init__(graph)

    def result(self, operation: int) -> Node:
        """The node that an operation made."""
        return self.nodes[self.graph.operations[operation].result]

    def way(self, start: int, operation: int) -> tuple[int, ...]:
        """The positions on a shortest way from the result of an operation down to a value; empty if there is none."""
        goal = self.graph.operations[operation].result
        before = {start: start}
        waiting = deque([start])
        while waiting and goal not in before:
            here = waiting.popleft()
            for user, _, _ in reversed(self.uses[here]):
                if user.result not in before:
                    before[user.result] = here
                    waiting.append(user.result)
        if goal not in before:
            return ()
        found = [goal]
        while found[-1] != start:
            found.append(before[found[-1]])
        return tuple(found)

    def told(self, position: int) -> str:
        """A value as `name = number`."""
        return name_and_value(self.nodes.get(position, self.graph.values[position].number))

    def named(self, operation: Operation) -> str:
        """The name of an operation, and its line."""
        return f"{operation.name}{self.at(operation)}"

    def at(self, operation: Operation) -> str:
        """The line of an operation."""
        return at_line(self.nodes[operation.result])

    def number(self, number: float) -> str:
        """A number, shortened."""
        return f"{number:.4g}"


class Explanation(NamedTuple):
    """The findings of `explain`; its `str` reads aloud.

    kind: of the gradient: "zero", "vanishing" (next to 0), "not finite", "not reached", "constant", or "fine"; "value
        not finite" where it is the value that is infinite or nan.
    gradient: the derivative of the output in the node, from the local gradients recorded; None if there is none.
    reason: the sentences that say why; empty if there is nothing to explain.
    origin: the result of the first operation that it is due to; None if it is due to none.
    operands: the operands of that operation.
    path: the nodes from the origin to the node; a plain number is none.
    troubled: for an output explained by itself, the variables below whose gradients are 0 or no numbers.
    """

    node: Node
    output: Node
    kind: str
    gradient: float | None
    reason: str
    origin: Node | None
    operands: tuple[Node, ...]
    path: tuple[Node, ...]
    troubled: tuple[Node, ...]

    @property
    def source(self) -> Line | None:
        """The line of the origin, if it was recorded."""
        return None if self.origin is None else self.origin.source

    def __str__(self) -> str:
        return " ".join([part for part in (self._what(), self.reason, self._way(), self._swept()) if part])

    def __repr__(self) -> str:
        return str(self)

    def _what(self) -> str:
        if self.kind == "value not finite":
            return f"The value of {describe(self.node)} is {self.node.value}."
        if self.node is self.output:
            return f"The value of {describe(self.node)} is {self.node.value}, a finite number."
        if self.kind == "constant":
            return f"{name_and_value(self.node)} depends on no variable."
        if self.gradient is None:
            return f"{describe(self.output)} has no gradient in {name_and_value(self.node)}."
        return f"The gradient of {describe(self.output)} in {name_and_value(self.node)} is {self.gradient!r}."

    def _swept(self) -> str:
        """The gradient beside the node's `grad`, where they differ."""
        if self.node is self.output:
            return "For a gradient give the output too: explain(node, output)." if self.node.op is None else ""
        if self.gradient is None or not varies(self.node):
            return ""
        if not self.node.reached:
            return "Its .grad is 0.0: backward() has not been run from there."
        if self.node.grad != self.gradient and self.gradient == self.gradient:
            return f"Its .grad is {self.node.grad!r}: of another sweep, or the sum over several."
        return ""

    def _way(self) -> str:
        """The nodes between the origin and the node, if there is more than one step."""
        if len(self.path) < 3:
            return ""
        shown = [
            one_line(node.name or ("" if node.op is None else node.op.name) or name_and_value(node))
            for node in self.path
        ]
        if len(shown) > LONGEST_WAY:
            half = LONGEST_WAY // 2
            shown[half:-half] = [f"({len(shown) - 2 * half} more)"]
        return f"The way from there: {' → '.join(shown)}."


def explain(node: Node, output: Node | None = None) -> Explanation:
    """The reason why a node has its gradient in a sweep from `output`: 0, infinite, nan, or none.

    A node does not know its uses, so the output must be given. With one node alone its value is explained, and the
    gradients of all variables below it are looked at. The gradients are computed from the local gradients recorded:
    no `backward()` is needed, and no `grad` is changed.

    Raises StaleGraphError if a variable was assigned after it was used.

    >>> from autograd import Variable
    >>> w, x = Variable(-1.0, name="w"), Variable(2.0, name="x")
    >>> loss = w.relu() * x
    >>> loss.backward()
    >>> print(explain(w, loss))
    The gradient of multiply node in w = -1.0 is 0.0. Dead ReLU: its input w = -1.0 is below 0, where max(x, 0) is flat.
    >>> print(explain((x - 2.0).log() * 0.5))
    The value of multiply node is -inf. The value of log is -inf at 0.0: it needs 0 < x.
    """
    for what in (node, node if output is None else output):
        if not isinstance(what, Node):
            raise OperandError(f"explain takes nodes, got {type(what).__name__}: {what!r:.60}")
    end = node if output is None else output
    reasons = NodeReasons(end)
    if output is None:
        return explanation_of_value(node, reasons)
    if id(node) in reasons.positions:
        return explanation_of_gradient(node, end, reasons)
    if isinstance(node, Constant):
        return _explanation(node, end, "constant", "A constant has no gradient.")
    if any([below is end for below in topological_order(node)]):
        raise ArgumentError(
            f"explain takes a node and the output whose gradient in it is explained, but {describe(node)} was computed "
            f"from {describe(end)}: give the two in the other order"
        )
    return _explanation(node, end, "not reached", "Not reached: no path leads from it to that output.")


def explanation_of_value(node: Node, reasons: NodeReasons) -> Explanation:
    """The explanation of a node by itself."""
    gradient = None if isinstance(node, Constant) else 1.0
    troubled = [value for value in reasons.graph.values if value.kind == "variable" and _kind(value.gradient) != "fine"]
    if not math.isfinite(node.value):
        found = reasons.of_value(reasons.positions[id(node)])
        return _found(node, node, "value not finite", gradient, found, reasons)
    told_reasons: dict[str, list[str]] = {}
    for value in troubled:
        kind = f"{value.gradient:.4g}" if _kind(value.gradient) != "zero" else "0"
        told_reasons.setdefault(reasons.why(value.position), []).append(
            f"{one_line(value.name or 'a variable')} ({kind})"
        )
    says = [f"Gradients in trouble: {listed(names)}. {reason}" for reason, names in told_reasons.items()]
    more = f" {len(says) - MOST_REASONS} more reasons." if len(says) > MOST_REASONS else ""
    return Explanation(
        node, node, "fine", gradient, " ".join(says[:MOST_REASONS]) + more, None, (), (),
        tuple([reasons.nodes[value.position] for value in troubled]),
    )  # fmt: skip


def explanation_of_gradient(node: Node, output: Node, reasons: NodeReasons) -> Explanation:
    """The explanation of the gradient of an output in a node below it."""
    position = reasons.positions[id(node)]
    gradient = reasons.graph.values[position].gradient
    if gradient is None or isinstance(node, Constant):
        return _explanation(node, output, "constant", "A constant has no gradient.")
    kind = _kind(gradient)
    if kind == "not finite":
        return _found(node, output, kind, gradient, reasons.of_gradient(position), reasons)
    says = reasons.why_zero(position)
    if kind == "fine" and says:
        kind = "vanishing"
    stop = reasons.stop(position)
    if stop is None:
        return _explanation(node, output, kind, says)._replace(gradient=gradient)
    return _found(node, output, kind, gradient, Finding(says, stop[0], reasons.way(position, stop[0])), reasons)


def _kind(gradient: float | None) -> str:
    """The kind of a gradient by its number alone."""
    if gradient is None or not math.isfinite(gradient):
        return "not finite"
    return "zero" if gradient == 0.0 else "fine"


def _explanation(node: Node, output: Node, kind: str, reason: str) -> Explanation:
    """An explanation without an operation that is to blame."""
    return Explanation(node, output, kind, None, reason, None, (), (), ())


def _found(
    node: Node, output: Node, kind: str, gradient: float | None, found: Finding, reasons: NodeReasons
) -> Explanation:
    """The explanation by one operation, or by a leaf."""
    way, origin = found.way, None
    if found.operation is not None:
        origin = reasons.result(found.operation)
        if reasons.positions[id(origin)] != way[0]:
            way = reasons.way(reasons.positions[id(node)], found.operation) or way
    operands = () if origin is None else origin.parents
    path = tuple([reasons.nodes[position] for position in way if position in reasons.nodes])
    return Explanation(node, output, kind, gradient, found.says, origin, operands, path, ())
