"""Loops in C: a `for` for each pass over the turns, and arrays of what later passes read of each turn."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from autograd.errors import ExportError
from autograd.exports.c_lines import Lines
from autograd.exports.recorded import RecordedPath, ways_of
from autograd.program.loops.operation import Loop
from autograd.program.loops.passes import Pass
from autograd.program.machine.turns import DATA, NUMBERS, OPERANDS, RECORDS, Source
from autograd.program.program import Program

__all__ = ["LoopLines"]

# The most turns that an int counts.
MOST = 2**31 - 1


class Cell(NamedTuple):
    """A number in an array, by `stride` further on for each turn; without the name of an array, the place itself."""

    array: str
    place: int
    stride: int = 0

    def moved(self, by: int) -> Cell:
        """The cell so many places further on."""
        return self._replace(place=self.place + by)


class Definitions(Protocol):
    """What loops need beside the lines of their function, each written once: turns and tables, by their names."""

    def body(self, program: Program) -> str:
        """The function of a turn."""

    def deciding_body(self, ways: Sequence[RecordedPath]) -> str:
        """The function of a turn that returns the number of the way it took."""

    def table(self, numbers: array[float]) -> str:
        """A table of numbers."""


class LoopLines:
    """Writes one loop into the lines of a function."""

    def __init__(self, definitions: Definitions, lines: Lines, operation: Loop, operands: Sequence[Any]) -> None:
        form = operation.form
        if form.length < 0 and len(form.passes) > 1:
            raise ExportError(
                f"a derivative that goes back through a while_loop has no form in C: how many turns {operation.of} "
                f"takes is not known before"
            )
        self.definitions = definitions
        self.lines = lines
        self.operation = operation
        self.form = form
        self.operands = operands
        self.result, self.turn, self.way = [lines.new(letter) for letter in ("loop", "turn", "way")]
        # The name that says whether all turns took ways that are known, and whether that is asked.
        self.known = lines.new("known")
        self.tells = form.decides() and (operation.ways_at >= 0 or len(form.passes) > 1)
        self.before = [lines.new("before") for _ in form.passes]
        self.after = [lines.new("after") for _ in form.passes]
        # Of each pass what later ones read of a turn, and the name of the array.
        self.kept = [
            sorted(
                {source.offset for part in form.passes for source in part.reads if source.memory == RECORDS + number}
            )
            for number in range(len(form.passes))
        ]
        self.records = [lines.new("kept") for _ in form.passes]
        self.arrays = self.placed()

    def placed(self) -> dict[int, Cell]:
        """Where the operands are that turns or starts read: those of interleaved columns in one array."""
        form = self.form
        single = {start.operand for part in form.passes for start in part.starts if start.operand >= 0}
        reads = {source for part in form.passes for source in part.reads if source.memory == OPERANDS}
        single |= {source.offset for source in reads if source.stride == 0}
        spans = [range(offset, offset + 1) for offset in single]
        spans += [range(one.offset, one.offset + one.stride * (form.length - 1) + 1) for one in reads if one.stride]
        found: dict[int, Cell] = {}
        joined: list[tuple[int, int, bool]] = []
        for span in sorted(spans, key=lambda span: (span.start, span.stop)):
            long = len(span) > 1
            if joined and joined[-1][2] == long and span.start < joined[-1][1] + (not long):
                joined[-1] = (joined[-1][0], max(span.stop, joined[-1][1]), long)
            else:
                joined.append((span.start, span.stop, long))
        for start, stop, _ in joined:
            name, begin = self.lines.row(self.operands[start:stop])
            for place in range(start, stop):
                found[place] = Cell(name, begin + place - start)
        return found

    def written(self) -> list[str]:
        """The names of the results."""
        form, add, real = self.form, self.lines.add, self.lines.real
        count = self.operation.count
        zeros = " = {0}" if form.decides() else ""
        add(f"{real} {self.result}[{max(count, 1)}]{zeros};")
        add(f"int {self.turn};")
        if form.decides():
            chosen = f"{self.way}[{max(form.length, 1)}]" if len(form.passes) > 1 else self.way
            add(f"int {chosen};")
        if self.tells:
            add(f"int {self.known} = 1;")
        for number, part in enumerate(form.passes):
            self.run(number, part)
        self.copy(
            (Cell(self.result, out.offset), Cell(self.before[out.of_pass], out.place))
            for out in form.outs
            if out.stride == 0
        )
        if self.operation.ways_at >= 0:
            add(f"{self.result}[{self.operation.ways_at}] = ({real}){self.known};")
        return [f"{self.result}[{place}]" for place in range(count)]

    def run(self, number: int, part: Pass) -> None:
        """One pass over the turns."""
        form, add, real, turn = self.form, self.lines.add, self.lines.real, self.turn
        before, after, kept = self.before[number], self.after[number], self.kept[number]
        add(f"{real} {before}[{max(part.carried + len(part.reads), 1)}];")
        add(f"{real} {after}[{max(part.width, 1)}];")
        if kept:
            add(f"{real} {self.records[number]}[{len(kept) * form.length}];")
        for place, start in enumerate(part.starts):
            found = []
            if start.operand >= 0:
                found.append(self.at(self.arrays[start.operand]))
            if start.of_pass >= 0:
                found.append(f"{self.before[start.of_pass]}[{start.place}]")
            add(f"{before}[{place}] = {' + '.join(found)};")
        reads = [(Cell(before, place), self.cell(source)) for place, source in enumerate(part.reads, part.carried)]
        # What is the same for all turns is read once.
        self.copy(pair for pair in reads if pair[1].stride == 0)
        going = f"{self.known} && " if number and form.decides() else ""
        if part.reverse:
            add(f"for ({turn} = {form.length - 1}; {going}{turn} >= 0; {turn}--) {{")
        else:
            add(f"for ({turn} = 0; {going}{turn} < {form.length if form.length >= 0 else MOST}; {turn}++) {{")
        self.copy((pair for pair in reads if pair[1].stride != 0), "    ")
        self.call(number, part)
        record = [
            (Cell(self.records[number], entry, len(kept)), Cell(before if place < part.carried else after, place))
            for entry, place in enumerate(kept)
        ]
        results = [
            (Cell(self.result, out.offset, out.stride), Cell(after, part.carried + out.place))
            for out in form.outs
            if out.of_pass == number and out.stride != 0
        ]
        carried = [(Cell(before, place), Cell(after, place)) for place in range(part.carried)]
        self.copy([*record, *results, *carried], "    ")
        add("}")

    def call(self, number: int, part: Pass) -> None:
        """Run the program of a turn."""
        form, add, definitions = self.form, self.lines.add, self.definitions
        given = f"({self.before[number]}, {self.after[number]})"
        ways = ways_of(form, part.runnable)
        if not form.decides():
            add(f"    {definitions.body(ways[0].program)}{given};")
            return
        way = f"{self.way}[{self.turn}]" if len(form.passes) > 1 else self.way
        if number == 0:
            add(f"    {way} = {definitions.deciding_body(ways)}{given};")
            add(f"    if ({way} < 0) {{")
            if self.tells:
                add(f"        {self.known} = 0;")
            add("        break;")
            add("    }")
            stops = [f"{way} == {one.number}" for one in form.ways if one.stops]
            if stops:
                add(f"    if ({' || '.join(stops)}) {{")
                add("        break;")
                add("    }")
            return
        add(f"    switch ({way}) {{")
        for place, one in enumerate(ways):
            add(f"    case {place}:" if place < len(ways) - 1 else "    default:")
            add(f"        {definitions.body(one.program)}{given};")
            add("        break;")
        add("    }")

    def cell(self, source: Source) -> Cell:
        """Where a turn reads a number."""
        if source.memory == NUMBERS:
            return Cell("", source.offset, source.stride)
        if source.memory == DATA:
            return Cell(self.definitions.table(self.form.data), source.offset, source.stride)
        if source.memory == OPERANDS:
            return self.arrays[source.offset]._replace(stride=source.stride)
        number = source.memory - RECORDS
        return Cell(self.records[number], self.kept[number].index(source.offset), len(self.kept[number]))

    def at(self, cell: Cell, further: str = "") -> str:
        """The expression for a number in a turn."""
        parts = []
        if cell.stride:
            parts.append(self.turn if cell.stride == 1 else f"{self.turn} * {cell.stride}")
        if cell.place or not (parts or further):
            parts.append(str(cell.place))
        if further:
            parts.append(further)
        index = " + ".join(parts)
        return f"{cell.array}[{index}]" if cell.array else f"({self.lines.real})({index})"

    def copy(self, pairs: Iterable[tuple[Cell, Cell]], indent: str = "") -> None:
        """The lines that copy numbers, to the first cell of each pair; those in a row by a loop."""
        rows: list[tuple[Cell, Cell, int]] = []
        for target, source in pairs:
            if rows and source.array:
                to, of, count = rows[-1]
                if (to.moved(count), of.moved(count)) == (target, source):
                    rows[-1] = (to, of, count + 1)
                    continue
            rows.append((target, source, 1))
        for target, source, count in rows:
            if count > 2:
                self.lines.add(f"{indent}for (int place = 0; place < {count}; place++) {{")
                self.lines.add(f"{indent}    {self.at(target, 'place')} = {self.at(source, 'place')};")
                self.lines.add(f"{indent}}}")
            else:
                for further in range(count):
                    self.lines.add(f"{indent}{self.at(target.moved(further))} = {self.at(source.moved(further))};")
