"""Sparse Jacobians from a tape, by eliminating its operations from the last to the first.

What an operation contributes is handed to its operands until only the arguments are left. Each step touches only
what is not zero by the graph's structure, so the result has the exact pattern of the graph that was run, and local
problems (each argument interacting with a few) take time and memory in proportion to their size. Where the local
gradients of the tape are nodes, as in a function that is being compiled, so are the entries of the result.
"""

from __future__ import annotations

from typing import Any

from autograd.numbers.arrays import doubles, integers
from autograd.transforms.masked import plus, settled
from autograd.transforms.tape import Tape, is_zero

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import doubles_in, ints_in

__all__ = ["Sums", "eliminate_for_jacobian", "read_rows"]


@cython.final
@cython.cclass
class Sums:
    """Sparse rows of sums, one row for each position, that are added to one term at a time.

    The terms of a row are a linked list; what is read is given back for use by other rows. With `symbolic` sums, each
    term has beside its number what computes it, a node or a float; with `pairs`, a number that is added to it, less
    than its last place, and so have the sums.
    """

    def __init__(self, size: int, columns: int, symbolic: bool = False, pairs: bool = False) -> None:
        self.first = integers(size, -1)
        self.next, self.column, self.term = integers(1024), integers(1024), doubles(1024)
        self.low = doubles(1024) if pairs else None
        self.nodes: list[Any] | None = [None] * 1024 if symbolic else None
        self.used = 0
        self.free = -1
        self.additions = 0
        # The row that was read last: its columns and their sums; at which place a column is.
        self.columns, self.sums, self.lows = integers(columns), doubles(columns), doubles(columns if pairs else 0)
        self.node_sums: list[Any] = [None] * columns if symbolic else []
        self.place = integers(columns, -1)

    def add(self, row: int, column: int, term: float) -> int:
        """Add a term to the sum in this row and column, and return the place of the term."""
        entry = self.free
        if entry >= 0:
            self.free = ints_in(self.next)[entry]
        else:
            entry = self.new_entry()
        ints_in(self.column)[entry] = column
        doubles_in(self.term)[entry] = term
        ints_in(self.next)[entry] = ints_in(self.first)[row]
        ints_in(self.first)[row] = entry
        self.additions += 1
        return entry

    def add_pair(self, row: int, column: int, high: float, low: float) -> None:
        """Add a term that is a pair to the sum in this row and column."""
        # Not by `add`: this is the innermost loop of a Hessian.
        entry = self.free
        if entry >= 0:
            self.free = ints_in(self.next)[entry]
        else:
            entry = self.new_entry()
        ints_in(self.column)[entry] = column
        doubles_in(self.term)[entry] = high
        doubles_in(self.low)[entry] = low
        ints_in(self.next)[entry] = ints_in(self.first)[row]
        ints_in(self.first)[row] = entry
        self.additions += 1

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
            if self.low is not None:
                self.low.extend(doubles(self.used))
            if self.nodes is not None:
                self.nodes.extend([None] * self.used)
        self.used += 1
        return self.used - 1

    def read_pairs(self, row: int) -> int:
        """Move a row of pairs to `columns`, `sums` and `lows`; their number. Sums that are not finite are IEEE's."""
        first = ints_in(self.first)
        following = ints_in(self.next)
        column_of = ints_in(self.column)
        terms = doubles_in(self.term)
        low_terms = doubles_in(self.low)
        columns = ints_in(self.columns)
        sums = doubles_in(self.sums)
        lows = doubles_in(self.lows)
        places = ints_in(self.place)
        count = 0
        entry = first[row]
        first[row] = -1
        while entry >= 0:
            column = column_of[entry]
            place = places[column]
            term = terms[entry]
            if place < 0:
                places[column] = count
                columns[count] = column
                sums[count] = term
                lows[count] = low_terms[entry]
                count += 1
            else:
                before = sums[place]
                total = before + term
                part = total - before
                sums[place] = total
                lows[place] += ((before - (total - part)) + (term - part)) + low_terms[entry]
            after = following[entry]
            following[entry] = self.free
            self.free = entry
            entry = after
        for place in range(count):
            places[columns[place]] = -1
            before = sums[place]
            total = before + lows[place]
            if total - total == 0.0:
                sums[place] = total
                lows[place] -= total - before
            else:
                lows[place] = 0.0
        return count

    def read(self, row: int) -> int:
        """Move a row to `columns` and `sums`, each column once in the order of first use, and return their number."""
        first = ints_in(self.first)
        following = ints_in(self.next)
        column_of = ints_in(self.column)
        terms = doubles_in(self.term)
        columns = ints_in(self.columns)
        sums = doubles_in(self.sums)
        places = ints_in(self.place)
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
                    self.node_sums[place] = plus(self.node_sums[place], self.nodes[entry])
            after = following[entry]
            following[entry] = self.free
            self.free = entry
            entry = after
        for place in range(count):
            places[columns[place]] = -1
        return count


def eliminate_for_jacobian(tape: Tape, of_gradient: bool = False) -> Any:
    """The Jacobian as three arrays: arguments, outputs and values; the values are a list where they are nodes.

    All derivatives of an output that is nan are nan. Entries that are nodes are guarded here, except on a gradient's
    tape: its operations are rules, which give nan themselves.
    """
    symbolic = tape.node_slopes is not None
    node_slopes: list[Any] = tape.node_slopes or []
    sums = Sums(tape.size, len(tape.outputs), symbolic)
    starts = ints_in(tape.starts)
    operands = ints_in(tape.operands)
    slopes = doubles_in(tape.slopes)
    outputs = ints_in(sums.columns)
    terms = doubles_in(sums.sums)
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
                    product = tape.product(position, entry, sums.node_sums[place], node_slopes[entry])
                    sums.add_node(operands[entry], outputs[place], product)
    return read_rows(sums, tape.count)


def read_rows(sums: Sums, count: int) -> Any:
    """The first `count` rows as three arrays: rows, columns, values."""
    rows, columns, values = integers(1024), integers(1024), doubles(1024)
    nodes: list[Any] = []
    size = 0
    for row in range(count):
        found = sums.read(row) if sums.low is None else sums.read_pairs(row)
        while size + found > len(rows):
            rows.extend(integers(len(rows)))
            columns.extend(integers(len(columns)))
            values.extend(doubles(len(values)))
        nodes += [settled(node) for node in sums.node_sums[:found]]
        for place in range(found):
            ints_in(rows)[size] = row
            ints_in(columns)[size] = ints_in(sums.columns)[place]
            doubles_in(values)[size] = doubles_in(sums.sums)[place]
            size += 1
    return rows[:size], columns[:size], values[:size] if sums.nodes is None else nodes
