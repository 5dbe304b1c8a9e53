"""A graph as plain records: values, the operations between them, the boxes (layer calls) around these.

A `Diagram` is a snapshot: it holds numbers and text, no node, so that it neither keeps a graph alive nor
changes with it. It says nothing about what is drawn (see `selection`) or how (see `dot`, `text`). All
records are numbered in the order of computation, and refer to each other by these numbers; an `id` is made of
such a number alone, never of text that a user wrote.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from autograd import Constant, Node, topological_order
from autograd.operations.primitives import Both, Either, Equal, Less, LessEqual, Not, NotEqual, Select
from viz.labels import numbered, short_number

__all__ = ["Box", "Decision", "Diagram", "Guard", "Operand", "Operation", "Value", "diagram_of", "slopes_of"]

CONDITIONS = frozenset([Less, LessEqual, Equal, NotEqual, Not, Both, Either])


class Value(NamedTuple):
    """A number in the graph.

    kind: "variable", "constant", "result" (of an operation), "condition" (the result of a comparison: 1 or 0), or
        "cut" (a result whose operation was left out because the picture shows a part of the graph).
    gradient: None as long as no backward sweep has reached it.
    producer: the operation that computed it.
    home: the innermost box around all that it touches; a leaf stands outside (see `_homes`).
    literal: whether it is a plain number written into an expression.
    known: whether the number is: in a program that is drawn without arguments it is not, and reads nan here.
    """

    position: int
    name: str | None
    number: float
    gradient: float | None
    kind: str
    producer: int | None
    home: int | None
    literal: bool
    known: bool = True

    @property
    def id(self) -> str:
        """Its name in documents."""
        return f"v{self.position}"

    @property
    def number_text(self) -> str:
        """The number as pictures show it: a condition is true or false, and what is not known is not shown."""
        if not self.known:
            return ""
        return ("false", "true")[self.number != 0] if self.kind == "condition" else short_number(self.number)

    @property
    def gradient_text(self) -> str:
        """The gradient as pictures show it: ? before a sweep, nothing for what has none."""
        if not self.known or self.kind in ("constant", "condition"):
            return ""
        return "?" if self.gradient is None else short_number(self.gradient)


class Operand(NamedTuple):
    """A value on its way into an operation, and the derivative of the result in it."""

    value: int
    local_gradient: float


class Operation(NamedTuple):
    """One primitive applied once.

    result: the position of the value that it made.
    box: the innermost box that it was made in.
    opaque: whether it is a whole function, such as one that was compiled, whose inside is not in the graph.
    """

    position: int
    name: str
    symbol: str
    operands: tuple[Operand, ...]
    result: int
    box: int | None
    opaque: bool = False

    @property
    def id(self) -> str:
        """Its name in documents."""
        return f"o{self.position}"


class Box(NamedTuple):
    """One call of a layer.

    label: its name, with a number if several calls have the same name.
    parent, depth: the box around it, and its level; the outermost boxes have none and level 1.
    operations: how many were made in it and in the boxes within.
    """

    position: int
    name: str
    label: str
    parent: int | None
    depth: int
    operations: int

    @property
    def id(self) -> str:
        """Its name in documents."""
        return f"b{self.position}"


class Decision(NamedTuple):
    """A decision that a program holds for: its condition, how it fell, the file and line, and the code there.

    `code` is empty where the source is not at hand.
    """

    condition: Node
    outcome: bool
    place: str
    code: str


class Guard(NamedTuple):
    """A decision in a diagram. `failed`: whether the numbers of the diagram decide it the other way."""

    value: int
    outcome: bool
    place: str
    code: str
    failed: bool

    @property
    def text(self) -> str:
        """How it fell and where: `true at model.py:5`."""
        return f"{str(self.outcome).lower()} at {self.place}{', but not here' if self.failed else ''}"


class Diagram(NamedTuple):
    """All of a graph: parents before what uses them, boxes before the boxes in them.

    recorded: whether it is that of a program; such a one may have guards.
    note: what is said below the picture, such as which row of many it shows.
    """

    values: tuple[Value, ...]
    operations: tuple[Operation, ...]
    boxes: tuple[Box, ...]
    outputs: tuple[int, ...]
    guards: tuple[Guard, ...] = ()
    recorded: bool = False
    note: str = ""

    def without_numbers(self) -> Diagram:
        """What is computed from what, and no number but those of constants."""
        values = [
            value if value.kind == "constant" else value._replace(number=math.nan, gradient=None, known=False)
            for value in self.values
        ]
        return self._replace(
            values=tuple(values), guards=tuple([guard._replace(failed=False) for guard in self.guards])
        )


def diagram_of(
    outputs: Sequence[Node],
    nodes: Sequence[Node] | None = None,
    gradients: Mapping[int, float | None] | None = None,
    decisions: Sequence[Decision] | None = None,
) -> Diagram:
    """The diagram of what the outputs depend on.

    `nodes`, parents first, restricts it to a part of the graph: of a result whose parents are not all among
    them only the value is shown. `gradients`, by the nodes' identities, are shown in place of the nodes' own.
    `decisions` are those of a program.
    """
    if nodes is None:
        nodes = topological_order(*outputs)
    numbers: dict[int, int] = {}
    # Their homes are known only when all uses are.
    values: list[Value] = []
    operations: list[Operation] = []
    boxes = _Boxes()
    for node in nodes:
        primitive = node.op
        parents = node.parents if primitive is not None else ()
        kind = "result" if primitive is not None else "constant" if isinstance(node, Constant) else "variable"
        box = producer = None
        if primitive is not None:
            operands = []
            complete = True
            first_literal = len(values)
            for parent, slope in zip(parents, slopes_of(node), strict=True):
                number = numbers.get(id(parent))
                if number is None:
                    # A plain number is made a constant when asked for, so it is no node of the graph.
                    if parent.op is not None or not isinstance(parent, Constant):
                        complete = False
                        break
                    number = len(values)
                    values.append(Value(number, parent.name, parent.value, None, "constant", None, None, True))
                operands.append(Operand(number, slope))
            if complete:
                box = boxes.of(node)
                producer = len(operations)
                result = len(values)
                opaque = not primitive.registered
                operations.append(
                    Operation(producer, primitive.name, primitive.symbol, tuple(operands), result, box, opaque)
                )
                if primitive in CONDITIONS:
                    kind = "condition"
                boxes.count(box)
            else:
                del values[first_literal:]
                kind = "cut"
        numbers[id(node)] = len(values)
        gradient = (node.grad if node.reached else None) if gradients is None else gradients[id(node)]
        values.append(Value(len(values), node.name, node.value, gradient, kind, producer, None, False))
    finished = boxes.finished()
    homes = _homes(values, operations, finished)
    return Diagram(
        tuple([value._replace(home=home) for value, home in zip(values, homes, strict=True)]),
        tuple(operations),
        finished,
        tuple(dict.fromkeys([numbers[id(output)] for output in outputs if id(output) in numbers])),
        tuple(
            [
                Guard(numbers[id(node)], outcome, place, code, (node.value != 0.0) != outcome)
                for node, outcome, place, code in decisions or ()
            ]
        ),
        decisions is not None,
    )


def slopes_of(node: Node) -> tuple[float, ...]:
    """The local gradients of a node. What a selection does not take has no say in them, not even as nan."""
    if node.op is Select:
        taken = 1.0 if node.parents[0].value != 0.0 else 0.0
        return 0.0, taken, 1.0 - taken
    slopes: tuple[float, ...] = node.local_gradients
    return slopes


class _Boxes:
    """The layer calls met so far, outer ones numbered before inner ones."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.found: list[tuple[str, int | None, int]] = []
        self.counts: list[int] = []

    def of(self, node: Node) -> int | None:
        """The number of the box in which a node was made."""
        scope = node.scope
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

    def count(self, box: int | None) -> None:
        """Note an operation made in this very box."""
        if box is not None:
            self.counts[box] += 1

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


def _homes(values: list[Value], operations: list[Operation], boxes: tuple[Box, ...]) -> list[int | None]:
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
        elif home is not None and value.kind in ("variable", "constant", "cut") and not value.literal:
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
