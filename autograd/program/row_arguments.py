"""The arguments of a call over rows: those that have rows, and those that all rows share."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

from autograd.errors import OperandError
from autograd.graph.node import Node
from autograd.numbers.operands import way_to_plain
from autograd.program.recording.signature import Moving, Signature, sign
from autograd.transforms.kinds import Whole, whole_of
from autograd.transforms.trees import as_array, flatten, renewed

__all__ = ["NoRows", "RowArguments", "no_such_axis"]


class NoRows(Exception):
    """A call has no rows: there is nothing to run or to record."""


def no_such_axis(name: str, what: str, axis: int, shape: tuple[int, ...]) -> ValueError:
    """The error for an argument of a mapped function that has not the axis of its rows."""
    common = "" if shape else "; what is the same for all rows has None in in_axes, as in vmap(f, in_axes=(None, 0))"
    return ValueError(f"vmap of {name}: {what} has no axis {axis}, its shape is {shape}{common}")


class RowArguments:
    """The arguments of one call of a mapped function, whose name is for messages.

    `arguments` has those that are mapped with their rows along the first axis, and the others as they are; `first` has
    those of the first row, `numbers` the numbers in them, of which those of an argument end before its entry in
    `stops`, and `key` their signature. `nodes` has the nodes in any row. `first_row` is what messages count
    from.
    """

    def __init__(self, name: str, in_axes: Any, args: tuple[Any, ...], first_row: int = 0) -> None:
        self.name = name
        self.first_row = first_row
        axes = in_axes if isinstance(in_axes, list | tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(f"vmap of {name}: in_axes has {len(axes)} entries for {len(args)} arguments")
        self.arguments: list[Any] = []
        self.mapped = tuple([axis is not None for axis in axes])
        # All nodes among the arguments, and whether any stand in rows.
        self.nodes: list[Any] = []
        self.hold_nodes = False
        # The types of the arguments whose rows are ints or bools, by place.
        self.wholes: dict[int, Whole] = {}
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

        if type(argument) is numpy.ndarray and axis == 0 and argument.ndim and argument.dtype == numpy.float64:
            # The commonest: what follows takes longer than a program over a few rows.
            return numpy.ascontiguousarray(argument, dtype=numpy.float64)
        way = way_to_plain(argument)
        if way:
            raise OperandError(f"vmap of {name}: argument {place} is a {type(argument).__name__}, and {way}")
        given = numpy.asarray(argument)
        if given.ndim == 0 or not -given.ndim <= axis < given.ndim:
            raise no_such_axis(name, f"argument {place}", axis, given.shape)
        kind: Any = given.dtype
        if kind.kind == "O":
            nodes = [item for item in given.flat if isinstance(item, Node)]
            flatten(given, f"argument {place} of {name}")
            self.nodes += nodes
            self.hold_nodes |= bool(nodes)
            kind = kind if nodes else numpy.float64
        elif kind.kind in "iub":
            self.wholes[place] = self.whole_in(name, place, argument, given)
        elif kind.kind != "f":
            raise TypeError(f"vmap of {name}: argument {place} is an array of {kind}, not of numbers")
        else:
            kind = numpy.float64
        ordered = numpy.ascontiguousarray(numpy.moveaxis(given, axis, 0) if axis else given, dtype=kind)
        if kind is numpy.float64 or place in self.wholes:
            return ordered
        from autograd.arrays.node_arrays import NodeArray

        return ordered.view(NodeArray)

    def whole_in(self, name: str, place: int, argument: Any, given: Any) -> Whole:
        """The type of rows that are ints or bools: Python's if they were given so, else NumPy's."""
        whole = whole_of(given)
        if whole is None:
            raise OperandError(
                f"vmap of {name}: argument {place} has ints beyond 2**53, which its doubles can't hold; give floats"
            )
        if isinstance(argument, list) and given.ndim == 1 and all([type(row) in (int, bool) for row in argument]):
            return Whole(bool if given.dtype.kind == "b" else int, whole.low, whole.high)
        return whole

    def one(self, row: int) -> list[Any]:
        """The arguments of one row, its ints and bools as numbers that may differ from row to row."""
        return [
            Moving(self.part(place, row), self.wholes[place]) if place in self.wholes else self.part(place, row)
            for place in range(len(self.arguments))
        ]

    def part(self, place: int, row: int) -> Any:
        """One of the arguments of one row."""
        argument = self.arguments[place]
        if not self.mapped[place]:
            return argument
        if argument.ndim > 1:
            return argument[row]
        whole = self.wholes.get(place)
        return number_in(argument, row) if whole is None else whole.kind(argument[row])

    def copy_of_one(self, row: int) -> list[Any]:
        """The arguments of one row, for a function that may change them: neither the caller nor other rows notice."""
        return [renewed(self.part(place, row)) for place in range(len(self.arguments))]

    def again(self) -> list[Any]:
        """The arguments for another mapped function, with their rows along the first axis."""
        return [
            argument.tolist() if place in self.wholes and self.wholes[place].kind in (int, bool) else argument
            for place, argument in enumerate(self.arguments)
        ]

    def split(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The arguments that rows share, and those that are mapped."""
        pairs = list(zip(self.again(), self.mapped, strict=True))
        return tuple([one for one, mapped in pairs if not mapped]), tuple([one for one, mapped in pairs if mapped])

    def with_values(self) -> RowArguments:
        """The same arguments with their values in the places of nodes."""
        arguments = []
        for place, (argument, mapped) in enumerate(zip(self.again(), self.mapped, strict=True)):
            if place in self.wholes:
                arguments.append(argument)
                continue
            numbers = sign((argument,), {})[0]
            if mapped:
                arguments.append(as_array(numbers, argument.shape))
            else:
                arguments.append(Signature((argument,), {}).arguments(numbers)[0][0])
        return RowArguments(self.name, tuple([0 if mapped else None for mapped in self.mapped]), tuple(arguments))

    def between(self, start: int, stop: int) -> RowArguments:
        """The same arguments with these rows alone."""
        some = copy.copy(self)
        some.arguments = [
            argument[start:stop] if mapped else argument
            for argument, mapped in zip(self.arguments, self.mapped, strict=True)
        ]
        some.count = min(stop, self.count) - start
        some.first_row = self.first_row + start
        return some

    def sources(self) -> list[tuple[Any, int, int]]:
        """For each number of a row that varies, where it is read."""
        import numpy

        sources = []
        start = 0
        for argument, mapped, stop in zip(self.arguments, self.mapped, self.stops, strict=True):
            width = stop - start
            start = stop
            if mapped:
                argument = numpy.asarray(argument, numpy.float64)
                sources += [(argument, offset, width) for offset in range(width)]
        return sources

    def widths(self) -> list[int]:
        """How many numbers of a row each argument has that is mapped."""
        starts = [0, *self.stops]
        pairs = zip(self.mapped, pairwise(starts), strict=True)
        return [stop - start for mapped, (start, stop) in pairs if mapped]

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
