"""From nodes to a diagram."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd import ArgumentError, Node, topological_order
from autograd.graph import records
from autograd.graph.node import Output, call_of, operands_of
from autograd.operations.primitives import Select
from viz.diagrams.diagram import Box, Diagram, Guard, Operation, Value
from viz.labels import numbered

__all__ = ["MOST_NODES", "Decision", "diagram_of", "slopes_of"]

# Folding takes up to 30 µs a node: beyond this many nodes, the answer within two seconds is a count.
MOST_NODES = 50_000


class Decision(NamedTuple):
    """A decision that a program holds for: its condition and outcome, the file and line, and the code there.

    `code` is empty if the source is not at hand.
    """

    condition: Node
    outcome: bool
    place: str
    code: str


def diagram_of(
    outputs: Sequence[Node],
    nodes: Sequence[Node] | None = None,
    gradients: Mapping[int, float] | None = None,
    decisions: Sequence[Decision] | None = None,
    inputs: Sequence[Node] = (),
    slopes: Callable[[Node], Sequence[float]] | None = None,
) -> Diagram:
    """The diagram of the nodes that the outputs depend on.

    `nodes`, parents first, restricts it to a part of the graph: of a result whose parents are not all among
    them only the value is shown. `gradients`, by the nodes' identities, are shown in place of the nodes' own.
    `decisions` are those of a program. `inputs` are leaves that stand outside of all boxes. `slopes` gives the local
    gradients of a node, if they are not those that it has.
    """
    if nodes is None:
        nodes = topological_order(*outputs)
    if gradients is None:
        gradients = {id(node): node.grad for node in nodes if node.reached}
    graph, positions = records.graph_of(nodes, gradients, slopes or slopes_of)
    boxes = _Boxes()
    operations: list[Operation] = []
    calls: dict[int, int] = {}
    for node in nodes:
        primitive, producer = node.op, graph.values[positions[id(node)]].producer
        if primitive is not None and producer is not None:
            together = calls.setdefault(id(call_of(node)), producer) if isinstance(node, Output) else None
            operations.append(
                Operation(*graph.operations[producer], boxes.of(node), not primitive.registered, together=together)
            )
    finished = boxes.finished()
    literals = set(range(len(graph.values))).difference(positions.values())
    homes = _homes(graph.values, literals, operations, finished)
    given = {positions[id(node)] for node in inputs if node.op is None and id(node) in positions}
    for position in given:
        homes[position] = None
    values = []
    for value, home in zip(graph.values, homes, strict=True):
        leaf = value.producer is None and value.name is not None and value.kind != "cut"
        # Where inputs are not told, names of parameters are known by the name of their layer before them.
        parameter = leaf and value.position not in given and (bool(inputs) or "." in str(value.name))
        values.append(Value(*value, home, value.position in literals, parameter=parameter))
    return Diagram(
        tuple(values),
        tuple(operations),
        finished,
        tuple(dict.fromkeys([positions[id(output)] for output in outputs if id(output) in positions])),
        tuple(
            [
                Guard(positions[id(node)], outcome, place, code, (node.value != 0.0) != outcome)
                for node, outcome, place, code in decisions or ()
            ]
        ),
        decisions is not None,
    )


def slopes_of(node: Node) -> tuple[float, ...]:
    """The local gradients of a node; in the side that a selection does not take they are 0, even beside nan.

    They are nan where there are none: of a callback without derivatives, and of loops that call one.
    """
    if node.op is Select:
        taken = 1.0 if node.parents[0].value != 0.0 else 0.0
        return 0.0, taken, 1.0 - taken
    try:
        slopes: tuple[float, ...] = node.local_gradients
    except ArgumentError:
        return (math.nan,) * len(operands_of(node))
    return slopes


class _Boxes:
    """The layer calls met so far, outer ones numbered before inner ones."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.found: list[tuple[str, int | None, int]] = []
        self.counts: list[int] = []

    def of(self, node: Node) -> int | None:
        """The number of the box in which a node was made, which counts its operation."""
        number = self._number(node.scope)
        if number is not None:
            self.counts[number] += 1
        return number

    def _number(self, scope: Any) -> int | None:
        """The number of a layer call."""
        if scope is None:
            return None
        number = self.numbers.get(scope.serial)
        if number is not None:
            return number
        new = []
        while scope is not None and scope.serial not in self.numbers:
            new.append(scope)
            scope = scope.parent
        parent = None if scope is None else self.numbers[scope.serial]
        for inner in reversed(new):
            depth = 1 if parent is None else self.found[parent][2] + 1
            self.numbers[inner.serial] = len(self.found)
            self.found.append((inner.label, parent, depth))
            self.counts.append(0)
            parent = len(self.found) - 1
        return parent

    def finished(self) -> tuple[Box, ...]:
        """The records; a box counts the operations of the boxes in it too."""
        totals = list(self.counts)
        for index in range(len(self.found) - 1, -1, -1):
            parent = self.found[index][1]
            if parent is not None:
                totals[parent] += totals[index]
        # Calls are counted in the order in which they were made, which a walk from the output need not meet.
        occurrences = Counter(label for label, _, _ in self.found)
        seen: Counter[str] = Counter()
        labels: dict[int, str] = {}
        for _, index in sorted(self.numbers.items()):
            name = self.found[index][0]
            seen[name] += 1
            labels[index] = numbered(name, seen[name]) if occurrences[name] > 1 else name
        return tuple(
            [
                Box(index, name, labels[index], parent, depth, totals[index])
                for index, (name, parent, depth) in enumerate(self.found)
            ]
        )


def _homes(
    values: Sequence[records.Value], literals: set[int], operations: list[Operation], boxes: tuple[Box, ...]
) -> list[int | None]:
    """For each value the innermost box around its operation and its uses; none if it is not used.

    A leaf that is used in one box only, as parameters are, stands just outside of that, other leaves outside of all.
    """
    unset = -1
    homes: list[int | None] = [unset] * len(values)
    for operation in operations:
        for operand in operation.operands:
            home = homes[operand.value]
            if home == unset:
                producer = values[operand.value].producer
                home = operations[producer].box if producer is not None else operation.box
            if home is not None and home != operation.box:
                is_leaf = values[operand.value].producer is None
                home = None if is_leaf else _common(home, operation.box, boxes)
            homes[operand.value] = home
    for value in values:
        home = homes[value.position]
        if home == unset:
            homes[value.position] = None
        elif home is not None and value.kind in ("variable", "constant", "cut") and value.position not in literals:
            homes[value.position] = boxes[home].parent
    return homes


def _common(first: int | None, second: int | None, boxes: tuple[Box, ...]) -> int | None:
    """The innermost box around both."""
    while first is not None and second is not None and first != second:
        if boxes[first].depth >= boxes[second].depth:
            first = boxes[first].parent
        else:
            second = boxes[second].parent
    return first if first == second else None
