"""Calls over rows as most are: of plain arrays of doubles, all rows taking one path. They are prepared once.

What a call does besides running its rows (taking its arguments apart, finding path and machine, the places that rows
are read from and written to) is the same for all calls of one signature. `RowCall` does it in each, for all kinds of
calls; here it is kept, so that a call of few rows takes a tenth of that.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from autograd.graph.modes import STATE, current_mode
from autograd.numbers.arrays import divided, integers
from autograd.program.machine.columns import Columns
from autograd.program.machine.machine import BLOCK, Machine, Rows
from autograd.program.machine.row_sums import CHUNK
from autograd.program.machine.threads import run_chunks
from autograd.program.paths import Path, Recordings
from autograd.program.recording.signature import sign_rows
from autograd.program.rows.call import RowCall
from autograd.program.tiers import count_work
from autograd.transforms.trees import Structure

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["PlainCall", "PlainRows", "plain_call"]

# The places of calls of more rows are not kept: they take 4 bytes a row.
MOST_KEPT = 1 << 16
# `numpy.empty`, once there was a call.
_new_array: Any = None


@cython.final
@cython.cclass
class PlainRows:
    """The calls of a mapped function that are prepared, by the key of their arguments.

    `mapped` says which arguments have rows, along their first axis; None stands for all.
    """

    def __init__(self, recordings: Recordings, mapped: tuple[bool, ...] | None) -> None:
        self.recordings = recordings
        self.mapped = mapped
        self.known: dict[Any, PlainCall] = {}

    def result(self, args: tuple[Any, ...]) -> Any:
        """The result of a call that is prepared; None if it is not, or turns out to be of another kind."""
        if not self.known or (self.mapped is not None and len(args) != len(self.mapped)):
            return None
        if len(STATE.entries) != 0:
            mode = current_mode()
            if mode.trace is not None or mode.strict:
                return None
        if list in [type(one) for one in args]:
            args = with_arrays(args, self.mapped)
        numbers = array("d")
        keys: list[Any] = []
        count = sign_rows(args, self.mapped, numbers, keys)
        if count == 0:
            return None
        key: Any = tuple(keys)
        if self.recordings.watched is not None:
            key = self.recordings.full_key(key)
        call = self.known.get(key)
        if call is None:
            return None
        if call.path.children:
            # From now on, each call has rows of several paths, or may have.
            del self.known[key]
            return None
        given = args if self.mapped is None else [one for one, has in zip(args, self.mapped, strict=True) if has]
        return call.result(given, numbers, count)

    def prepare(self, call: RowCall) -> None:
        """Prepare calls like this one, which was run, if they are plain ones."""
        if call.rows.key not in self.known and (prepared := plain_call(call)) is not None:
            self.known[call.rows.key] = prepared


@cython.final
@cython.cclass
class PlainCall:
    """The calls of one signature."""

    def __init__(self, call: RowCall, path: Path, machine: Machine) -> None:
        self.path = path
        self.machine = machine
        self.tier = call.paths.tier
        self.has_guards = bool(path.program.guards)
        self.outputs = path.outputs
        self.reduction = call.reduction.reduce
        pieces = [piece for _, piece in self.outputs.pieces()] if self.reduction is None else []
        self.shapes = [piece.shape or () for piece in pieces]
        # Whether the result is one array, and no container.
        self.is_array = self.reduction is None and self.outputs.shape is not None
        # For each number of a row the array that it is read from or written to, its place in a row, and the width.
        widths = call.rows.widths()
        self.given = [(owner, offset, width) for owner, width in enumerate(widths) for offset in range(width)]
        self.made = [(owner, offset, piece.size) for owner, piece in enumerate(pieces) for offset in range(piece.size)]
        self.given_owners, self.made_owners = owners_of(self.given), owners_of(self.made)
        # Where rows are read from and written to, for one call at a time each.
        self.idle: list[Rows] = []

    def result(self, given: Sequence[Any], numbers: Any, count: int, made: Any = None) -> Any:
        """The result for rows of these arrays, in those `made` for it if any; None if they don't all take the path.

        `numbers` are those of the first row.
        """
        global _new_array
        if made is None:
            if _new_array is None:
                import numpy

                _new_array = numpy.empty
            made = [_new_array((count, *shape)) for shape in self.shapes]
        rows = self.rows(given, made, count)
        sums: Any = None
        machine = self.machine
        with machine.lock.here():
            if machine.prepare(numbers) >= 0:
                return None
            if count <= CHUNK:
                began = perf_counter()
                sums = machine.run_rows(rows, 0, count)
                machine.note_time(perf_counter() - began, count)
            else:
                sums = run_chunks(machine, rows, count)
        rows.sources.let_go()
        rows.targets.let_go()
        if count <= MOST_KEPT:
            self.idle.append(rows)
        if self.has_guards and rows.any_failed(count):
            return None
        self.path.hits += count
        count_work(machine, self.tier, 1, count)
        if self.reduction is not None:
            return self.reduced(sums, count)
        return made[0] if self.is_array else with_pieces(self.outputs, made)

    def rows(self, given: Sequence[Any], made: list[Any], count: int) -> Rows:
        """The places that rows are read from and written to, for one call."""
        rows: Rows | None = self.idle.pop() if self.idle else None
        if rows is None or rows.count < count:
            import numpy

            sources = Columns([(given[owner], offset, width) for owner, offset, width in self.given], False)
            targets = Columns([(made[owner], offset, width) for owner, offset, width in self.made], True)
            rows = Rows(sources, None, numpy.empty(max(count, BLOCK), numpy.int32), targets)
        rows.sources.move(given, self.given_owners)
        rows.targets.move(made, self.made_owners)
        return rows

    def reduced(self, sums: Any, count: int) -> Any:
        """The result of sums over so many rows."""
        totals = array("d") if sums is None else sums
        return self.outputs.build(divided(totals, count) if self.reduction == "mean" else totals)


def plain_call(call: RowCall) -> PlainCall | None:
    """Calls like this one, which was run, prepared; None if they are not plain ones."""
    path: Path | None = call.paths.root
    if path is None or path.children or path.variables or call.rows.wholes or isinstance(call.reduction.reduce, tuple):
        return None
    machine = path.machine(call.varying, call.summed(path))
    pieces = [piece for _, piece in path.outputs.pieces()]
    if machine.calls_back or any([piece.maker is not None or piece.whole is not None for piece in pieces]):
        return None
    return PlainCall(call, path, machine)


def with_arrays(args: tuple[Any, ...], mapped: tuple[bool, ...] | None) -> tuple[Any, ...]:
    """The arguments, with arrays in place of lists of floats that are rows."""
    import numpy

    made = list(args)
    for place, one in enumerate(args):
        if type(one) is list and (mapped is None or mapped[place]) and len(one) and type(one[0]) is float:
            try:
                made[place] = numpy.asarray(one)
            except ValueError:
                # Rows of several forms, which are refused elsewhere.
                return args
    return tuple(made)


def with_pieces(structure: Structure, made: list[Any]) -> Any:
    """The containers of this structure that hold these arrays."""
    arrays = iter(made)
    return structure.map_pieces(lambda start, piece: next(arrays))


def owners_of(places: list[tuple[int, int, int]]) -> Any:
    """The first of each, in an array."""
    owners = integers(len(places))
    for place, (owner, _, _) in enumerate(places):
        owners[place] = owner
    return owners
