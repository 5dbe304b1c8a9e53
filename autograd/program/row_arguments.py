"""The arguments of a call over rows: those that have rows, and those that all rows share."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from autograd.errors import OperandError
from autograd.graph.node import Node
from autograd.numbers.operands import way_to_plain
from autograd.program.signature import Signature, sign
from autograd.transforms.trees import as_array, flatten, renewed

__all__ = ["NoRows", "RowArguments"]


class NoRows(Exception):
    """A call has no rows: there is nothing to run or to record."""


class RowArguments:
    """The arguments of one call of a mapped function, whose name is for messages.

    `arguments` has those that are mapped with their rows along the first axis, and the others as they are; `first` has
    those of the first row, `numbers` the numbers in them, of which those of an argument end before its entry in
    `stops`, and `key` their signature. `nodes` has the nodes in any row.
    """

    def __init__(self, name: str, in_axes: Any, args: tuple[Any, ...]) -> None:
        self.name = name
        axes = in_axes if isinstance(in_axes, list | tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(f"vmap of {name}: in_axes has {len(axes)} entries for {len(args)} arguments")
        self.arguments: list[Any] = []
        self.mapped = tuple([axis is not None for axis in axes])
        # All nodes among the arguments, and whether any stand in rows.
        self.nodes: list[Any] = []
        self.hold_nodes = False
        counts: dict[int, int] = {}
        for place, (argument, axis) in enumerate(zip(args, axes, strict=True)):
            if axis is not None:
                argument = self.with_rows_first(name, place, argument, axis)
                counts[place] = len(argument)
            self.arguments.append(argument)
        if not counts:
            raise ValueError(f"vmap of {name}: no argument is mapped; in_axes must give the axis of at least one")
        if len(set(counts.values())) > 1:
            lengths = ", ".join([f"argument {place}: {count}" for place, count in counts.items()])
            raise ValueError(f"vmap of {name}: the mapped arguments differ in their number of rows ({lengths})")
        self.count = next(iter(counts.values()))
        if self.count == 0:
            raise NoRows
        self.first = tuple(self.one(0))
        self.stops: list[int] = []
        self.numbers, nodes, self.key = sign(self.first, {}, self.stops)
        if nodes:
            self.nodes += nodes.values()

    def with_rows_first(self, name: str, place: int, argument: Any, axis: int) -> Any:
        """A mapped argument as an array whose first axis has the rows; its nodes are noted."""
        import numpy

        way = way_to_plain(argument)
        if way:
            raise OperandError(f"vmap of {name}: argument {place} is a {type(argument).__name__}, and {way}")
        given = numpy.asarray(argument)
        if given.ndim == 0 or not -given.ndim <= axis < given.ndim:
            raise ValueError(f"vmap of {name}: argument {place} has no axis {axis}, its shape is {given.shape}")
        kind: Any = given.dtype
        if kind.kind == "O":
            nodes = [item for item in given.flat if isinstance(item, Node)]
            flatten(given, f"argument {place} of {name}")
            self.nodes += nodes
            self.hold_nodes |= bool(nodes)
            kind = kind if nodes else numpy.float64
        elif kind.kind not in "fiu":
            raise TypeError(f"vmap of {name}: argument {place} is an array of {kind}, not of numbers")
        else:
            kind = numpy.float64
        ordered = numpy.ascontiguousarray(numpy.moveaxis(given, axis, 0) if axis else given, dtype=kind)
        if kind is numpy.float64:
            return ordered
        from autograd.graph.node_arrays import NodeArray

        return ordered.view(NodeArray)

    def one(self, row: int) -> list[Any]:
        """The arguments of one row."""
        return [
            argument if not mapped else argument[row] if argument.ndim > 1 else number_in(argument, row)
            for argument, mapped in zip(self.arguments, self.mapped, strict=True)
        ]

    def copy_of_one(self, row: int) -> list[Any]:
        """The arguments of one row, for a function that may change them: neither the caller nor other rows notice."""
        return [renewed(argument) for argument in self.one(row)]

    def split(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The arguments that rows share, and those that are mapped."""
        pairs = list(zip(self.arguments, self.mapped, strict=True))
        return tuple([one for one, mapped in pairs if not mapped]), tuple([one for one, mapped in pairs if mapped])

    def with_values(self) -> RowArguments:
        """The same arguments with their values in the places of nodes."""
        arguments = []
        for argument, mapped in zip(self.arguments, self.mapped, strict=True):
            numbers = sign((argument,), {})[0]
            if mapped:
                arguments.append(as_array(numbers, argument.shape))
            else:
                arguments.append(Signature((argument,), {}).arguments(numbers)[0][0])
        return RowArguments(self.name, tuple([0 if mapped else None for mapped in self.mapped]), tuple(arguments))

    def sources(self) -> list[tuple[Any, int, int]]:
        """For each number of a row that varies, where it is read."""
        sources = []
        start = 0
        for argument, mapped, stop in zip(self.arguments, self.mapped, self.stops, strict=True):
            width = stop - start
            start = stop
            if mapped:
                sources += [(argument, offset, width) for offset in range(width)]
        return sources

    def varying(self) -> bytes:
        """For each number of a row whether it varies."""
        starts = [0, *self.stops]
        return b"".join(
            [
                bytes([mapped]) * (stop - start)
                for mapped, (start, stop) in zip(self.mapped, pairwise(starts), strict=True)
            ]
        )


def number_in(array: Any, row: int) -> Any:
    """An element of an array of one axis."""
    number = array[row]
    return number if isinstance(number, Node) else float(number)
