"""One call over rows by compiled programs.

Where all rows take one path, its machine adds up what is summed. Where they take several, the results of each row are
stored, a block of rows at a time, and added up in the same order: sums don't depend on which paths are known.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd.program.machine.columns import Columns
from autograd.program.machine.machine import Machine, Rows
from autograd.program.machine.row_sums import CHUNK, added_in_pairs, sums_of_rows
from autograd.program.machine.threads import run_chunks
from autograd.program.paths import Path, PathTree, TooManyPaths
from autograd.program.recording.signature import sign
from autograd.program.reduction import Reduction
from autograd.program.row_arguments import RowArguments
from autograd.program.tiers import count_work
from autograd.transforms.kinds import alike
from autograd.transforms.trees import Structure

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["RowCall"]


# So many numbers of results are stored before they are added up, or one chunk of rows, or at most so many chunks.
STORED = 1 << 20
MOST_CHUNKS = 64


class RowCall:
    """One call: rows are run by the first path, those that leave it by others or by Python, until all are done."""

    def __init__(self, paths: PathTree, rows: RowArguments, reduction: Reduction, varying: bytes) -> None:
        import numpy

        self.paths = paths
        self.rows = rows
        self.reduction = reduction
        self.varying = varying
        self.sources = Columns(rows.sources(), False)
        self.targets = Columns([], True)
        # The sums, and for each part of the result the arrays that rows are written to, none if it is summed.
        self.totals: Any = None
        self.results: list[Any] = []
        # Instead of both, an array with a line for each row, which has all its numbers.
        self.lines: Any = None
        self.failed = numpy.empty(rows.count, numpy.int32)
        self.structure: Structure | None = None
        # The arrays that rows are written to, with the places of their numbers among all of a row.
        self.stored: list[tuple[Any, int, int]] = []

    def result(self) -> Any:
        """The result of the call."""
        try:
            if not self.reduction.sums_anything():
                self.run_all()
            elif self.paths.apart or not self.run_together():
                self.run_in_lines()
        except TooManyPaths as signal:
            raise ValueError(f"the rows cannot be run: {signal}") from None
        return self.built()

    def built(self) -> Any:
        """The result of sums and arrays."""
        import numpy

        structure: Any = self.structure
        built = []
        start = 0
        if self.totals is None:
            # There may be sums of no numbers.
            self.totals = numpy.zeros(0)
        for (part, reduction), stored in zip(self.reduction.parts(structure), self.results, strict=True):
            if reduction is None:
                built.append(with_all_rows(part, stored))
            else:
                sums = array("d", self.totals[start : start + part.size].tobytes())
                built.append(self.reduction.reduced(part, reduction, sums, self.rows.count))
            start += part.size
        return self.reduction.joined(structure, built)

    def again(self) -> Any:
        """The result once more, for what the arrays hold now; parts that have rows are the same arrays."""
        self.totals = None
        if not cython.compiled:
            # The numbers were copied.
            self.sources = Columns(self.rows.sources(), False)
        return self.result()

    def first(self) -> Path:
        """The path that is tried first."""
        if self.paths.root is not None:
            return self.paths.root
        with self.at_row(0):
            return self.paths.first(self.rows.numbers)

    def after(self, path: Path, guard: int, row: int) -> Path:
        """The path to try for a row for which a guard of this path is the first that fails."""
        with self.at_row(row):
            return self.paths.after(path, guard, self.numbers_of(row))

    @contextmanager
    def at_row(self, row: int) -> Iterator[None]:
        """A context whose errors say for which row the function is run."""
        try:
            yield
        except TooManyPaths:
            raise
        except Exception as error:
            error.add_note(f"in row {self.rows.first_row + row:,} of the rows of {self.rows.name}")
            raise

    def run_all(self) -> bool:
        """Run all rows, each by its own path; whether these were several."""
        pending: list[tuple[Path, Any]] = [(self.first(), None)]
        several = False
        while pending:
            path, selected = pending.pop(0)
            for guard, away in self.run(path, selected):
                several |= away is not None
                pending += self.leaving(path, guard, away)
        return several

    def run_together(self) -> bool:
        """Run all rows by one path, which adds up their results; whether all take the same."""
        path = self.first()
        while left := self.run(path, None):
            guard, away = left[0]
            if away is not None:
                return False
            try:
                path = self.after(path, guard, 0)
            except TooManyPaths as signal:
                if not signal.by_cost:
                    raise
                return False
        return True

    def run_in_lines(self) -> None:
        """Run all rows, some chunks of them at a time, and add up their results when all paths were run."""
        import numpy

        size = self.first().outputs.size
        chunks = max(1, min(MOST_CHUNKS, STORED // (CHUNK * max(1, size))))
        length = CHUNK << (chunks.bit_length() - 1)
        sums = []
        several = False
        for start in range(0, self.rows.count, length):
            block = RowCall(self.paths, self.rows.between(start, start + length), self.reduction, self.varying)
            block.lines = lines = numpy.empty((block.rows.count, size))
            block.targets = Columns([(lines, column, size) for column in range(size)], True)
            several |= block.run_all()
            structure: Any = block.structure
            self.take_structure(structure)
            for written, first, width in self.stored:
                written.reshape(self.rows.count, -1)[start : start + length] = lines[:, first : first + width]
            sums.append(sums_of_rows(lines) if size else numpy.zeros(0))
        self.totals = added_in_pairs(sums)
        self.paths.apart = several

    def run(self, path: Path, selected: Any) -> list[tuple[int, Any]]:
        """Run the rows of a path; the guards at which rows leave it, with these rows, None for all."""
        machine = path.machine(self.varying, self.summed(path))
        if machine.calls_back:
            machine = machine.idle()
            machine.is_busy = True
        try:
            with machine.lock.here():
                return self.run_on(machine, path, selected)
        finally:
            machine.is_busy = False

    def summed(self, path: Path) -> bool | tuple[bool, ...]:
        """Whether outputs are added up over the rows: all, none, or each one."""
        if self.lines is not None:
            return False
        if not isinstance(self.reduction.reduce, tuple):
            return self.reduction.reduce is not None
        parts = self.reduction.parts(path.traced.outputs)
        return tuple([reduction is not None for part, reduction in parts for _ in range(part.size)])

    def run_on(self, machine: Machine, path: Path, selected: Any) -> list[tuple[int, Any]]:
        """Run the rows of a path by its machine."""
        import numpy

        guard = machine.prepare(path.traced.inputs(self.rows.numbers))
        if guard >= 0:
            return [(guard, selected)]
        count = self.rows.count if selected is None else len(selected)
        self.take_structure(path.traced.outputs)
        failed = self.failed if selected is None else numpy.empty(count, numpy.int32)
        self.totals = run_chunks(machine, Rows(self.sources, selected, failed, self.targets), count)
        count_work(machine, self.paths.tier, 1, count)
        left = numpy.flatnonzero(failed >= 0) if path.program.guards else ()
        path.hits += count - len(left)
        if len(left) == 0:
            return []
        leaving = []
        for guard in numpy.unique(failed[left]).tolist():
            away = left[failed[left] == guard]
            away = away if selected is None else selected[away]
            leaving.append((guard, numpy.ascontiguousarray(away, dtype=numpy.int64)))
        return leaving

    def leaving(self, path: Path, guard: int, selected: Any) -> list[tuple[Path, Any]]:
        """The path of rows that leave one at a guard, and these rows, but for those that Python runs."""
        known = path.children.get(guard)
        if known is not None:
            return [(known, selected)]
        import numpy

        for place, row in enumerate(range(self.rows.count) if selected is None else selected):
            try:
                child = self.after(path, guard, int(row))
            except TooManyPaths as signal:
                if not signal.by_cost:
                    raise
                self.run_by_python(int(row), signal)
            else:
                if place == 0:
                    return [(child, selected)]
                return [(child, numpy.arange(place, self.rows.count) if selected is None else selected[place:])]
        return []

    def run_by_python(self, row: int, signal: TooManyPaths) -> None:
        """Run a row by Python, and put its numbers where those of other rows are."""
        with self.at_row(row):
            numbers, structure = self.paths.by_python(signal, self.numbers_of(row))
        self.take_structure(structure)
        if self.lines is not None:
            self.lines[row] = numbers
        for written, start, size in self.stored:
            written.reshape(self.rows.count, -1)[row] = numbers[start : start + size]

    def numbers_of(self, row: int) -> Sequence[float]:
        """The numbers of one row."""
        return sign(tuple(self.rows.one(row)), {})[0]

    def take_structure(self, structure: Structure) -> None:
        """Allocate results of the structure that the first row returns; TypeError if another one returns another."""
        if structure is self.structure:
            return
        self.reduction.check_structures([structure if self.structure is None else self.structure, structure])
        if self.structure is None:
            self.make_room(structure)
        self.structure = structure if self.structure is None else alike([self.structure, structure])

    def make_room(self, structure: Structure) -> None:
        """Make the arrays of what is not summed, with the rows along the first axis."""
        if self.lines is not None:
            return
        import numpy

        targets: list[tuple[Any, int, int]] = []

        begin = 0
        for part, reduction in self.reduction.parts(structure):
            made = []
            for start, piece in part.pieces(begin) if reduction is None else ():
                rows = numpy.empty((self.rows.count, *(piece.shape or ())))
                targets += [(rows, offset, piece.size) for offset in range(piece.size)]
                self.stored.append((rows, start, piece.size))
                made.append(rows)
            self.results.append(made)
            begin += part.size
        self.targets = Columns(targets, True)


def with_all_rows(part: Structure, stored: list[Any]) -> Any:
    """A part of a result for all rows, from the arrays of its leaves."""
    arrays = iter(stored)
    return part.map_pieces(lambda start, piece: as_rows(next(arrays), piece))


def as_rows(stored: Any, piece: Structure) -> Any:
    """The results of all rows for a part of one, which the machine wrote as floats."""
    return stored if piece.whole is None else piece.whole.array(stored, stored.shape)
