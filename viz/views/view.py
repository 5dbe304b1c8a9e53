"""The drawn part of a diagram, as records: blocks that compute, wires that carry values, lines between them."""

from __future__ import annotations

from typing import NamedTuple

from viz.diagrams.diagram import Diagram, Guard

__all__ = ["Block", "Link", "Note", "View", "Wire"]


class Block(NamedTuple):
    """One or more operations, drawn as one.

    kind: "operation", "function" (an operation that is a black box), "box" (a closed layer), "sum" (a running sum) or
        "fold" (siblings like those beside it).
    members: the operations in it.
    home: the open box in which it is drawn.
    row: the number of its row, if the picture has several.
    note: a closed layer's words for the parameters that it has taken in; empty if these are drawn beside it.
    """

    id: str
    kind: str
    label: str
    home: int | None
    members: tuple[int, ...]
    note: str = ""
    row: int = 0


class Wire(NamedTuple):
    """A value as it is drawn: itself, one of its copies, or, if `bundled` is not 0, so many values alike.

    continues: whether it is a copy at the begin of a row, of a value that an earlier row computes.
    """

    id: str
    value: int
    bundled: int
    home: int | None
    continues: bool = False
    row: int = 0


class Link(NamedTuple):
    """A line from a wire into a block, from a block to a wire, or between blocks if the values are folded away.

    local_gradient: of a line into an operation, unless the value is constant.
    chain: the derivative through all operations of a block that has one result.
    on_longest_path: whether it lies on the longest path.
    order: the place of the operand, such as "2nd", of an operation to which that makes a difference.
    label: the text at its head: order and local gradient.
    again: whether it leads back, to the next turn of a loop.
    """

    source: str
    target: str
    local_gradient: float | None = None
    chain: float | None = None
    on_longest_path: bool = False
    order: str = ""
    label: str = ""
    again: bool = False


class Note(NamedTuple):
    """A guard beside the wire that carries its condition."""

    id: str
    wire: str
    guard: Guard


class View(NamedTuple):
    """The drawn part of a diagram: open boxes, blocks, wires, the lines into and out of blocks, notes."""

    diagram: Diagram
    opened: frozenset[int]
    blocks: tuple[Block, ...]
    wires: tuple[Wire, ...]
    inward: tuple[Link, ...]
    outward: tuple[Link, ...]
    notes: tuple[Note, ...] = ()
