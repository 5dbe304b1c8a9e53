"""Blocks: operations that are drawn as one.

A closed box, a running sum and a fold of equal siblings are one mechanism: some operations become one *block*,
and only the values that cross its border remain.
"""

from __future__ import annotations

import math
from collections import Counter

from viz.diagrams.diagram import Diagram, Operand, Operation, Value
from viz.diagrams.longest_path import longest_path
from viz.diagrams.operand_order import order_of
from viz.views.view import Block, Link, Note, View, Wire

__all__ = ["Grouping"]

MOST_BESIDE = 3  # parameters beside a closed layer: of more their number and largest gradient are told in it
MOST_USES = 8  # a leaf with more uses is drawn once per use: at 300 uses 40 times faster to lay out


class Grouping:
    """The block of each operation. Blocks are numbered: operations first, then boxes, then the rest.

    block: for each operation its block.
    users: for each value the blocks that use it, one entry per use.
    visible: for each value whether it is drawn.
    copied: the number of copies of each leaf that is drawn once per use.
    extra: kind, label and home of the blocks that are neither an operation nor a box.
    bundle: for values drawn together, the first of them.
    taken_in: the parameters that closed boxes have taken in, by their blocks.
    """

    def __init__(self, diagram: Diagram, opened: frozenset[int]) -> None:
        self.diagram = diagram
        self.opened = opened
        self.first_box = len(diagram.operations)
        self.first_extra = self.first_box + len(diagram.boxes)
        self.extra: list[tuple[str, str, int | None]] = []
        self.bundle: dict[int, int] = {}
        self.outputs = frozenset(diagram.outputs)
        outermost: list[int | None] = []
        for box in diagram.boxes:
            outer = None if box.parent is None else outermost[box.parent]
            outermost.append(box.position if outer is None and box.position not in opened else outer)
        self.block: list[int] = []
        for operation in diagram.operations:
            outer = None if operation.box is None else outermost[operation.box]
            alone = operation.position if operation.together is None else operation.together
            self.block.append(alone if outer is None else self.first_box + outer)
        self.connect()

    def connect(self) -> None:
        """Compute `users`, `visible` and `copied` again from the blocks."""
        users: list[list[int]] = [[] for _ in self.diagram.values]
        for operation in self.diagram.operations:
            block = self.block[operation.position]
            if operation.sign or operation.again:
                for position in (*self.operands_of(operation), *operation.again):
                    users[position].append(block)
                continue
            # As most are, of which there may be a hundred thousand.
            for operand in operation.operands:
                users[operand.value].append(block)
        self.users = users
        self.taken_in: dict[int, list[int]] = {}
        for value, used in zip(self.diagram.values, users, strict=True):
            if value.parameter and used and self.is_box(used[0]) and len(set(used)) == 1:
                self.taken_in.setdefault(used[0], []).append(value.position)
        self.taken_in = {block: taken for block, taken in self.taken_in.items() if len(taken) > MOST_BESIDE}
        hidden = {position for taken in self.taken_in.values() for position in taken}
        self.visible = [self._is_visible(value) and value.position not in hidden for value in self.diagram.values]
        self.copied = {
            value.position: len(targets)
            for value, used in zip(self.diagram.values, users, strict=True)
            if value.producer is None and len(used) > MOST_USES and len(targets := set(used)) > MOST_USES
        }

    def operands_of(self, operation: Operation) -> tuple[int, ...]:
        """The values from which lines lead into an operation; of a result of an open loop those in its turns."""
        if self.leaves_a_turn(operation):
            return operation.leaving
        return tuple([operand.value for operand in operation.operands])

    def leaves_a_turn(self, operation: Operation) -> bool:
        """Whether an operation stands for a result of a loop that is open."""
        return operation.sign != "" and self.block[operation.position] < self.first_box

    def _is_visible(self, value: Value) -> bool:
        if value.position in self.outputs:
            return True
        used = self.users[value.position]
        if not used and value.literal:
            return False
        if not self.diagram.is_computed(value):
            home = used[0] if value.producer is None else self.block[value.producer]
            return not value.passing and not (self.is_box(home) and all(user == home for user in used))
        if not used:
            return value.producer is None or not self.is_fold(self.block[value.producer])
        if value.producer is not None:
            source = self.block[value.producer]
            return not self.is_fold(source) and any(target != source for target in used)
        first = used[0]
        if value.literal and self.is_box(first):
            return False
        return not self.is_fold(first) or any(target != first for target in used)

    def is_box(self, block: int) -> bool:
        """Whether a block is a closed box."""
        return self.first_box <= block < self.first_extra

    def is_fold(self, block: int) -> bool:
        """Whether a block stands for siblings of others: it has no values of its own."""
        return block >= self.first_extra and self.extra[block - self.first_extra][0] == "fold"

    def drawn(self) -> int:
        """The number of values drawn, be it as lines alone."""
        count = sum(self.copied.get(first, 1) for first in set(self.bundle.values()))
        for value, visible in zip(self.diagram.values, self.visible, strict=True):
            if visible and value.position not in self.bundle:
                count += self.copied.get(value.position, 1)
            elif value.passing and value.producer is not None and not self.is_box(self.block[value.producer]):
                count += 1
        return count

    def home(self, block: int) -> int | None:
        """The open box in which a block is drawn."""
        if block < self.first_box:
            return self.diagram.operations[block].box
        if block < self.first_extra:
            return self.diagram.boxes[block - self.first_box].parent
        return self.extra[block - self.first_extra][2]

    def home_of_value(self, value: Value) -> int | None:
        """The open box in which a value is drawn."""
        home = value.home
        while home is not None and home not in self.opened:
            home = self.diagram.boxes[home].parent
        return home

    def merge(self, members: dict[int, int]) -> None:
        """Move each operation whose block is a key into the block that is the value."""
        self.block = [members.get(block, block) for block in self.block]
        self.connect()

    def view(self) -> View:
        """The view of this grouping."""
        return _ViewBuilder(self).view()


def rows_of(grouping: Grouping) -> dict[int, int]:
    """The row of each block: so many operations one after another fill one."""
    diagram = grouping.diagram
    depths: list[int] = []
    rows: dict[int, int] = {}
    for operation in diagram.operations:
        producers = [diagram.values[operand.value].producer for operand in operation.operands]
        depths.append(1 + max([depths[producer] for producer in producers if producer is not None], default=-1))
        block = grouping.block[operation.position]
        rows[block] = max(rows.get(block, 0), depths[-1] // (diagram.wrap or 1))
    return rows


def _size(number: float) -> float:
    """The number for comparisons: nan is the largest, to be seen."""
    return math.inf if math.isnan(number) else number


class _ViewBuilder:
    """Makes the blocks, wires, links and notes of a view."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.diagram = grouping.diagram
        self.members: dict[int, list[int]] = {}
        for operation, block in enumerate(grouping.block):
            self.members.setdefault(block, []).append(operation)
        self.wires: dict[str, Wire] = {}
        self.bundled = Counter(grouping.bundle.values())
        self.path = longest_path(self.diagram)
        self.operations_on_path = set(self.path.values())
        self.rows = rows_of(grouping) if self.diagram.wrap is not None else {}
        self.chains = {
            block: self.chain(members) for block, members in self.members.items() if block >= grouping.first_box
        }

    def view(self) -> View:
        """The view, in the order of computation."""
        inward: dict[tuple[object, ...], Link] = {}
        outward: dict[tuple[str, str], Link] = {}
        for operation in self.diagram.operations:
            block = self.grouping.block[operation.position]
            leaves = self.grouping.leaves_a_turn(operation)
            order = order_of(self.diagram, operation) if block < self.grouping.first_box and not leaves else {}
            # Of a block with several results no single number would be the local gradient.
            single = block < self.grouping.first_box and len(self.members[block]) == 1
            computed = single and not leaves and self.diagram.is_computed(self.diagram.values[operation.result])
            operands = operation.operands if not leaves else [Operand(value, 0.0) for value in operation.leaving]
            for place, operand in enumerate(operands):
                value = self.diagram.values[operand.value]
                link = self.link(value, block, operand.local_gradient if computed else None, operation.position)
                if link is not None:
                    alone = single and value.position not in self.grouping.bundle
                    key = (link.source, link.target, operation.position, place) if alone else (link.source, link.target)
                    known = inward.get(key)
                    if known is None or (link.on_longest_path and not known.on_longest_path):
                        inward[key] = self.labelled(link, order.get(place, ""))
            for position in operation.again:
                link = self.link(self.diagram.values[position], block, None, operation.position, again=True)
                if link is not None:
                    inward[link.source, link.target, "again"] = link
            if self.grouping.visible[operation.result]:
                wire = self.wire(self.diagram.values[operation.result], block)
                ends = (self.block_id(block), wire)
                outward.setdefault(ends, Link(*ends, on_longest_path=operation.position in self.operations_on_path))
        for value in self.diagram.values:
            if (
                self.grouping.visible[value.position]
                and value.producer is None
                and not self.grouping.users[value.position]
            ):
                self.wire(value, -1)
        blocks = [self.record(block) for block in self.members]
        return View(
            self.diagram,
            self.grouping.opened,
            tuple(blocks),
            tuple(self.wires.values()),
            tuple(inward.values()),
            tuple(outward.values()),
            self.notes(),
        )

    def labelled(self, link: Link, order: str) -> Link:
        """The link with the text at its head."""
        slope = link.local_gradient
        if slope is None and not order:
            return link
        number = "" if slope is None else self.diagram.shown(slope)
        return link._replace(order=order, label=f"{order} {number}".strip())

    def notes(self) -> tuple[Note, ...]:
        """The guards whose conditions are drawn, each at the first wire of its condition."""
        drawn = {wire.value: wire.id for wire in reversed(self.wires.values()) if not wire.bundled}
        return tuple(
            [
                Note(f"g{number}", drawn[guard.value], guard)
                for number, guard in enumerate(self.diagram.guards)
                if guard.value in drawn
            ]
        )

    def link(
        self, value: Value, block: int, local_gradient: float | None, operation: int, *, again: bool = False
    ) -> Link | None:
        """The line on which a value enters a block; None for a value inside it.

        again: whether it comes from the turn before.
        """
        grouping = self.grouping
        target = self.block_id(block)
        if not grouping.visible[value.position]:
            source = block if value.producer is None else grouping.block[value.producer]
            return None if source == block else Link(self.block_id(source), target, again=again)
        if value.producer is not None and grouping.block[value.producer] == block:
            return None
        chain = self.chains.get(block, {}).get(value.position)
        decides = self.diagram.values[self.diagram.operations[operation].result].kind == "condition"
        told = value.known and not value.blank and value.sign != ""
        gradient: float | None = local_gradient if block < grouping.first_box and told and not decides else None
        if block >= grouping.first_extra and not grouping.is_fold(block):
            gradient, chain = chain, None
        if not told or value.kind in ("constant", "condition") or value.position in grouping.bundle:
            gradient = chain = None
        on_path = value.position in self.path and self.path[value.position] == operation
        return Link(self.wire(value, block), target, gradient, chain, on_path, again=again)

    def wire(self, value: Value, block: int) -> str:
        """The id of the wire on which a value enters a block; adds the wire if it is new."""
        first = self.grouping.bundle.get(value.position, value.position)
        id = f"v{first}"
        row, continues = self.rows.get(block, 0), False
        if first in self.grouping.copied:
            id += self.block_id(block)
        elif self.rows and block in self.rows:
            producer = self.diagram.values[first].producer
            continues = producer is not None and self.rows[self.grouping.block[producer]] != row
            if continues or producer is None:
                id += f"r{row}"
        if id not in self.wires:
            home = self.grouping.home_of_value(value)
            self.wires[id] = Wire(id, first, self.bundled[first], home, continues, row)
        return id

    def block_id(self, block: int) -> str:
        grouping = self.grouping
        if block < grouping.first_box:
            return self.diagram.operations[block].id
        if block < grouping.first_extra:
            return self.diagram.boxes[block - grouping.first_box].id
        return f"f{block - grouping.first_extra}"

    def record(self, block: int) -> Block:
        grouping = self.grouping
        if block < grouping.first_box:
            operation = self.diagram.operations[block]
            kind, label = "function" if operation.opaque else "operation", operation.symbol
            if grouping.leaves_a_turn(operation):
                kind, label = "operation", operation.sign
        elif block < grouping.first_extra:
            kind, label = "box", self.diagram.boxes[block - grouping.first_box].label
        else:
            kind, label, _ = grouping.extra[block - grouping.first_extra]
        note = self.told(grouping.taken_in.get(block, []))
        members, row = tuple(self.members[block]), self.rows.get(block, 0)
        return Block(self.block_id(block), kind, label, grouping.home(block), members, note, row)

    def told(self, parameters: list[int]) -> str:
        """The number of a closed box's parameters, and the largest of their gradients."""
        values = [self.diagram.values[position] for position in parameters]
        sizes = [abs(value.gradient) for value in values if value.gradient is not None and value.gradient_text]
        if not parameters:
            return ""
        largest = f", |∂| up to {self.diagram.shown(max(sizes, key=_size))}" if sizes else ""
        return f"{len(parameters)} parameters{largest}"

    def chain(self, members: list[int]) -> dict[int, float]:
        """For each value that enters a block with one result, the derivative of that result in it."""
        operations, grouping = self.diagram.operations, self.grouping
        results = [operations[member].result for member in members if grouping.visible[operations[member].result]]
        if len(results) != 1:
            return {}
        adjoints = {results[0]: 1.0}
        for member in reversed(members):
            adjoint = adjoints.get(operations[member].result)
            if adjoint is not None:
                for operand in operations[member].operands:
                    share = adjoint * operand.local_gradient
                    adjoints[operand.value] = adjoints.get(operand.value, 0.0) + share
        return adjoints
