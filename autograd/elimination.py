"""Sparse Jacobians from a tape, by eliminating its operations from the last to the first.

What an operation contributes is handed to its operands until only the arguments are left. Each step touches only
what is not zero by the graph's structure, so the result has the exact pattern of the graph that was run, and local
problems (each argument interacting with a few) take time and memory in proportion to their size.
"""

from __future__ import annotations

from typing import Any

from autograd.tape import Tape, doubles, integers

try:
    import cython
except ImportError:
    from autograd import _cython as cython

__all__ = ["Sums", "eliminate_for_jacobian", "read_rows"]


@cython.final
@cython.cclass
class Sums:
    """Sparse rows of sums, one row for each position, that are added to one term at a time.

    The terms of a row are a linked list; what is read is given back for use by other rows.
    """

    def __init__(self, size: int, columns: int) -> None:
        self.first = integers(size, -1)
        self.next, self.column, self.term = integers(1024), integers(1024), doubles(1024)
        self.used = 0
        self.free = -1
        self.additions = 0
        # The row that was read last: its columns and their sums; at which place a column is.
        self.columns, self.sums = integers(columns), doubles(columns)
        self.place = integers(columns, -1)

    def add(self, row: int, column: int, term: float) -> None:
        """Add a term to the sum in this row and column."""
        entry = self.free
        if cython.compiled:
            if entry >= 0:
                self.free = self.next.data.as_ints[entry]
            else:
                entry = self.new_entry()
            self.column.data.as_ints[entry] = column
            self.term.data.as_doubles[entry] = term
            self.next.data.as_ints[entry] = self.first.data.as_ints[row]
            self.first.data.as_ints[row] = entry
        else:
            if entry >= 0:
                self.free = self.next[entry]
            else:
                entry = self.new_entry()
            self.column[entry] = column
            self.term[entry] = term
            self.next[entry] = self.first[row]
            self.first[row] = entry
        self.additions += 1

    def new_entry(self) -> int:
        """The place of a term that was never used."""
        if self.used == len(self.next):
            self.next.extend(integers(self.used))
            self.column.extend(integers(self.used))
            self.term.extend(doubles(self.used))
        self.used += 1
        return self.used - 1

    def read(self, row: int) -> int:
        """Move a row to `columns` and `sums`, each column once in the order of first use; their number."""
        first = self.first.data.as_ints if cython.compiled else self.first
        following = self.next.data.as_ints if cython.compiled else self.next
        column_of = self.column.data.as_ints if cython.compiled else self.column
        terms = self.term.data.as_doubles if cython.compiled else self.term
        columns = self.columns.data.as_ints if cython.compiled else self.columns
        sums = self.sums.data.as_doubles if cython.compiled else self.sums
        places = self.place.data.as_ints if cython.compiled else self.place
        count = 0
        entry = first[row]
        first[row] = -1
        while entry >= 0:
            column = column_of[entry]
            place = places[column]
            if place < 0:
                places[column] = count
                columns[count] = column
                sums[count] = terms[entry]
                count += 1
            else:
                sums[place] += terms[entry]
            after = following[entry]
            following[entry] = self.free
            self.free = entry
            entry = after
        for place in range(count):
            places[columns[place]] = -1
        return count


def eliminate_for_jacobian(tape: Tape) -> Any:
    """The Jacobian as three arrays: arguments, outputs and values."""
    sums = Sums(tape.size, len(tape.outputs))
    starts = tape.starts.data.as_ints if cython.compiled else tape.starts
    operands = tape.operands.data.as_ints if cython.compiled else tape.operands
    slopes = tape.slopes.data.as_doubles if cython.compiled else tape.slopes
    outputs = sums.columns.data.as_ints if cython.compiled else sums.columns
    terms = sums.sums.data.as_doubles if cython.compiled else sums.sums
    for number in range(len(tape.outputs)):
        position = tape.outputs[number]
        if position >= 0:
            sums.add(position, number, 1.0)
    for position in range(tape.size - 1, tape.count - 1, -1):
        count = sums.read(position)
        for entry in range(starts[position - tape.count], starts[position - tape.count + 1]):
            for place in range(count):
                sums.add(operands[entry], outputs[place], terms[place] * slopes[entry])
    return read_rows(sums, tape.count)


def read_rows(sums: Sums, count: int) -> Any:
    """The first `count` rows as three arrays: rows, columns, values."""
    rows, columns, values = integers(1024), integers(1024), doubles(1024)
    size = 0
    for row in range(count):
        found = sums.read(row)
        while size + found > len(rows):
            rows.extend(integers(len(rows)))
            columns.extend(integers(len(columns)))
            values.extend(doubles(len(values)))
        for place in range(found):
            if cython.compiled:
                rows.data.as_ints[size] = row
                columns.data.as_ints[size] = sums.columns.data.as_ints[place]
                values.data.as_doubles[size] = sums.sums.data.as_doubles[place]
            else:
                rows[size] = row
                columns[size] = sums.columns[place]
                values[size] = sums.sums[place]
            size += 1
    return rows[:size], columns[:size], values[:size]
