"""Sparse Jacobians from a tape, by eliminating its operations from the last to the first.

What an operation contributes is handed to its operands until only the arguments are left. Each step touches only
what is not zero by the graph's structure, so the result has the exact pattern of the graph that was run, and local
problems (each argument interacting with a few) take time and memory in proportion to their size. Where the local
gradients of the tape are nodes, as in a function that is being compiled, so are the entries of the result.
"""

from __future__ import annotations

from typing import Any

from autograd.numbers.arrays import doubles, integers
from autograd.transforms.tape import Tape, is_zero

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["Sums", "eliminate_for_jacobian", "read_rows"]


@cython.final
@cython.cclass
class Sums:
    """Sparse rows of sums, one row for each position, that are added to one term at a time.

    The terms of a row are a linked list; what is read is given back for use by other rows. With `symbolic` sums, each
    term has beside its number what computes it, a node or a float.
    """

    def __init__(self, size: int, columns: int, symbolic: bool = False) -> None:
        self.first = integers(size, -1)
        self.next, self.column, self.term = integers(1024), integers(1024), doubles(1024)
        self.nodes: list[Any] | None = [None] * 1024 if symbolic else None
        self.used = 0
        self.free = -1
        self.additions = 0
        # The row that was read last: its columns and their sums; at which place a column is.
        self.columns, self.sums = integers(columns), doubles(columns)
        self.node_sums: list[Any] = [None] * columns if symbolic else []
        self.place = integers(columns, -1)

    def add(self, row: int, column: int, term: float) -> int:
        """Add a term to the sum in this row and column; its place."""
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
        return entry

    def add_node(self, row: int, column: int, term: Any) -> None:
        """Add a term to the symbolic sum in this row and column."""
        entry = self.add(row, column, 0.0)
        cython.cast(list, self.nodes)[entry] = term

    def new_entry(self) -> int:
        """The place of a term that was never used."""
        if self.used == len(self.next):
            self.next.extend(integers(self.used))
            self.column.extend(integers(self.used))
            self.term.extend(doubles(self.used))
            if self.nodes is not None:
                self.nodes.extend([None] * self.used)
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
                if self.nodes is not None:
                    self.node_sums[count] = self.nodes[entry]
                count += 1
            else:
                sums[place] += terms[entry]
                if self.nodes is not None:
                    self.node_sums[place] = self.node_sums[place] + self.nodes[entry]
            after = following[entry]
            following[entry] = self.free
            self.free = entry
            entry = after
        for place in range(count):
            places[columns[place]] = -1
        return count


def eliminate_for_jacobian(tape: Tape, of_gradient: bool = False) -> Any:
    """The Jacobian as three arrays: arguments, outputs and values; the values are a list where they are nodes.

    All derivatives of an output that is nan are nan. Nodes are made so, but for those of a gradient: they are the
    second derivatives of the operations, which see to that themselves.
    """
    symbolic = tape.node_slopes is not None
    node_slopes: list[Any] = tape.node_slopes or []
    sums = Sums(tape.size, len(tape.outputs), symbolic)
    starts = tape.starts.data.as_ints if cython.compiled else tape.starts
    operands = tape.operands.data.as_ints if cython.compiled else tape.operands
    slopes = tape.slopes.data.as_doubles if cython.compiled else tape.slopes
    outputs = sums.columns.data.as_ints if cython.compiled else sums.columns
    terms = sums.sums.data.as_doubles if cython.compiled else sums.sums
    for number in range(len(tape.outputs)):
        position = tape.outputs[number]
        if position >= 0:
            if symbolic:
                sums.add_node(position, number, 1.0 if of_gradient else tape.seed(number, 1.0))
            else:
                sums.add(position, number, 1.0)
    for position in range(tape.size - 1, tape.count - 1, -1):
        count = sums.read(position)
        for entry in range(starts[position - tape.count], starts[position - tape.count + 1]):
            if not symbolic:
                for place in range(count):
                    sums.add(operands[entry], outputs[place], terms[place] * slopes[entry])
            elif not is_zero(node_slopes[entry]):
                for place in range(count):
                    product = tape.product(position, sums.node_sums[place], node_slopes[entry])
                    sums.add_node(operands[entry], outputs[place], product)
    return read_rows(sums, tape.count)


def read_rows(sums: Sums, count: int) -> Any:
    """The first `count` rows as three arrays: rows, columns, values."""
    rows, columns, values = integers(1024), integers(1024), doubles(1024)
    nodes: list[Any] = []
    size = 0
    for row in range(count):
        found = sums.read(row)
        while size + found > len(rows):
            rows.extend(integers(len(rows)))
            columns.extend(integers(len(columns)))
            values.extend(doubles(len(values)))
        nodes += sums.node_sums[:found]
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
    return rows[:size], columns[:size], values[:size] if sums.nodes is None else nodes
