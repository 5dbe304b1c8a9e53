"""The insides of loops in the diagram of a program: what each turn does, drawn once for all turns.

A loop is a box, as a layer is. Closed it is one block, from its operands to its results. Open it shows a turn: `↻`
gives what is carried, first the number from outside, then the one that comes back from the turn before; `[i]` takes the
number of each turn out of a row, or puts it into one; `end` gives what the last turn leaves. Values in a turn are other
numbers in each of them, and are drawn without.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from autograd.graph.joint_operations import Result
from autograd.program.loops.operation import Loop
from autograd.program.loops.passes import Form, Pass
from autograd.program.machine.turns import DATA, OPERANDS, RECORDS, Source
from autograd.program.program import Guard as Decided
from autograd.program.program import Program
from viz.diagrams.calls import dotted
from viz.diagrams.diagram import CARRIED, END, IN_TURNS, Box, Diagram, Guard, Operand, Operation, Value
from viz.labels import numbered

__all__ = ["LoopCall", "with_insides"]


class LoopCall(NamedTuple):
    """A loop in a diagram: the values that it takes, and for the places of results the operations that stand for them.

    turns: how many it did; None if it did not run.
    """

    loop: Loop
    operands: Sequence[int]
    results: dict[int, int]
    turns: int | None


def with_insides(diagram: Diagram, calls: Sequence[LoopCall], told: Callable[[Decided], tuple[str, str]]) -> Diagram:
    """The diagram, with what a turn does of each loop; `told` gives the place of a decision, and the code there."""
    insides = _Insides(diagram, told, reads_among([call.loop for call in calls]))
    for call in calls:
        insides.add(call.loop, None, call.operands, call.results, call.turns)
    return insides.finished()


class _Insides:
    """The records of a diagram, to which those of the insides of loops are added."""

    def __init__(
        self, diagram: Diagram, told: Callable[[Decided], tuple[str, str]], read: Mapping[Loop, set[tuple[int, int]]]
    ) -> None:
        self.diagram = diagram
        self.told = told
        self.read = read
        self.values = list(diagram.values)
        self.operations = list(diagram.operations)
        self.guards = list(diagram.guards)
        self.boxes = list(diagram.boxes)
        # The loops that are there, of which others may go on.
        self.turns: list[_Turn] = []

    def finished(self) -> Diagram:
        """The diagram with all that was added."""
        counts = [0] * len(self.boxes)
        for operation in self.operations[len(self.diagram.operations) :]:
            box = operation.box
            while box is not None and operation.sign == "" and operation.symbol not in (CARRIED, IN_TURNS):
                counts[box] += 1
                box = self.boxes[box].parent
        names = [box.name for box in self.boxes]
        boxes = [
            box._replace(
                operations=count,
                label=numbered(box.name, 1 + names[: box.position].count(box.name))
                if box.parent is None and names.count(box.name) > 1
                else box.label,
            )
            for box, count in zip(self.boxes, counts, strict=True)
        ]
        computed = len(self.diagram.values), len(self.diagram.operations)
        return self.diagram._replace(
            values=tuple(self.values),
            operations=tuple(self.operations),
            guards=tuple(self.guards),
            boxes=tuple(boxes),
            computed=computed if boxes else None,
        )

    def box(self, label: str, parent: int | None) -> int:
        """A new box."""
        depth = 1 if parent is None else self.boxes[parent].depth + 1
        self.boxes.append(Box(len(self.boxes), label, label, parent, depth, 0, loop=True))
        return len(self.boxes) - 1

    def value(self, home: int, producer: int | None, name: str = "", kind: str = "result") -> int:
        """A new value in a box, whose number is another in each turn."""
        passing = not name and kind == "result"
        self.values.append(
            Value(len(self.values), name or None, math.nan, None, kind, producer, home, False, False, passing=passing)
        )
        return len(self.values) - 1

    def literal(self, home: int, number: float) -> int:
        """A plain number in a box."""
        self.values.append(Value(len(self.values), None, number, None, "constant", None, home, literal=True))
        return len(self.values) - 1

    def operation(
        self, home: int, name: str, symbol: str, operands: Sequence[int], value_name: str = "", kind: str = "result"
    ) -> int:
        """A new operation in a box, and the value that is its result."""
        position = len(self.operations)
        result = self.value(home, position, value_name, kind)
        taken = tuple([Operand(operand, math.nan) for operand in operands])
        self.operations.append(Operation(position, name, symbol, taken, result, home))
        return result

    def add(
        self,
        loop: Loop,
        parent: int | None,
        operands: Sequence[int],
        results: Mapping[int, int],
        turns: int | None,
    ) -> None:
        """Add a loop, whose operations of results are there already."""
        form = loop.form
        before = self.beginning_of(loop, operands)
        known = 0 if before is None else len(before.records)
        box = self.box(caption(loop, turns, form.passes[known:]), parent)
        turn = _Turn(self, loop, box, operands, results)
        if before is not None:
            turn.records += before.records
            turn.ends += before.ends
        for number in range(known, len(form.passes)):
            turn.add_pass(number, alone=number == known and known + 1 == len(form.passes))
        self.turns.append(turn)
        for out in form.outs:
            together: int | None = None
            for place in form.places(out):
                position = results.get(place)
                if position is None:
                    continue
                together = position if together is None else together
                leaving = turn.ends[out.of_pass][out.place] if out.stride == 0 else turn.given(out.of_pass, out.place)
                operation = self.operations[position]._replace(
                    box=box, together=together, leaving=leaving, sign=END if out.stride == 0 else IN_TURNS
                )
                self.operations[position] = operation
                if out.stride != 0:
                    self.in_turns(operation.result)
        for position in operands:
            if self.values[position].literal:
                self.values[position] = self.values[position]._replace(home=box)

    def beginning_of(self, loop: Loop, operands: Sequence[int]) -> _Turn | None:
        """The loop on the same values that made the first passes of this one, as of its pullback."""
        before = loop.beginning
        while before is not None:
            for turn in self.turns:
                pairs = zip(turn.operands, operands, strict=False)
                if turn.loop is before and all([self.are_same(one, other) for one, other in pairs]):
                    return turn
            before = before.beginning
        return None

    def are_same(self, one: int, other: int) -> bool:
        """Whether two values are one, or the same plain number."""
        first, second = self.values[one], self.values[other]
        return one == other or (first.literal and second.literal and first.number == second.number)

    def in_turns(self, position: int) -> None:
        """Note that a value is one of a row for the turns."""
        self.values[position] = self.values[position]._replace(in_turns=True)


class _Turn:
    """A turn of a loop: for each pass the values that it carries, gives on and gives.

    `records` has for each pass and way the values that a turn was given and gave, in the order of the loop's records;
    `ends` for each pass and place those that the last turn leaves, of all ways.
    """

    def __init__(
        self, insides: _Insides, loop: Loop, box: int, operands: Sequence[int], results: Mapping[int, int]
    ) -> None:
        self.insides = insides
        self.loop = loop
        self.form: Form = loop.form
        self.box = box
        self.operands = operands
        self.records: list[list[list[int]]] = []
        self.ends: list[list[tuple[int, ...]]] = []
        # What is given on to results.
        self.given_on = {
            (out.of_pass, out.place)
            for out in self.form.outs
            if out.stride != 0 and any([place in results for place in self.form.places(out)])
        }
        self.ways = [way for way in self.form.ways if not way.stops] or self.form.ways[:1]

    def given(self, of_pass: int, place: int) -> tuple[int, ...]:
        """The values, of each way, that a pass gives at a place besides what it carries."""
        offset = self.form.passes[of_pass].carried + place
        return tuple(dict.fromkeys([record[offset] for record in self.records[of_pass]]))

    def add_pass(self, number: int, *, alone: bool) -> None:
        """Add what a turn of a pass does; one that is `alone` has no box of its own."""
        insides, form, part = self.insides, self.form, self.form.passes[number]
        home = self.box
        if not alone:
            home = insides.box(direction(form, part), self.box)
        carried_names, row_names = names_of(self.loop) if number == 0 else ([], [])
        carried = []
        for place, start in enumerate(part.starts):
            begin = [self.operands[start.operand]] if start.operand >= 0 else []
            begin += self.ends[start.of_pass][start.place] if start.of_pass >= 0 else ()
            name = carried_names[place] if place < len(carried_names) else ""
            carried.append(insides.operation(home, "carried from turn to turn", CARRIED, begin, name))
        columns: dict[Source, int] = {}
        given = []
        for place in range(len(self.ways)):
            inner = home if len(self.ways) == 1 else insides.box(f"way {place + 1} of {len(self.ways)}", home)
            given.append(self.add_way(number, place, home, inner, carried, columns, row_names))
        for place, first in enumerate(carried):
            again = tuple(dict.fromkeys([outputs[place] for outputs in given]))
            producer = insides.values[first].producer
            assert producer is not None
            insides.operations[producer] = insides.operations[producer]._replace(again=again)
            of_first = insides.values[first].name
            for value in again:
                known = insides.values[value]
                if of_first and known.passing:
                    insides.values[value] = known._replace(name=f"{of_first}'", passing=False)
        # Where a way ends the loop, it ends with what was carried to it.
        stops = number == 0 and form.length < 0
        self.ends.append(
            [
                (first,) if stops else tuple(dict.fromkeys([outputs[place] for outputs in given]))
                for place, first in enumerate(carried)
            ]
        )
        self.records.append([[*carried, *outputs[part.carried :]] for outputs in given])

    def add_way(
        self,
        number: int,
        place_of_way: int,
        home: int,
        inner: int,
        carried: Sequence[int],
        columns: dict[Source, int],
        row_names: Sequence[str],
    ) -> list[int]:
        """Add what a turn does on one way; the values that it gives."""
        insides, part, way = self.insides, self.form.passes[number], self.ways[place_of_way]
        program = part.program(way)
        used = self.used_of(number, program)
        values: list[int | None] = list(carried)
        for place, source in enumerate(part.reads):
            read = None
            if used[part.carried + place]:
                name = row_names[place] if place < len(row_names) else ""
                read = self.read(source, place_of_way, home, columns, name)
            values.append(read)
        values += [None] * len(program.constants)
        kept: dict[int, tuple[Loop, list[int], dict[int, int]]] = {}

        def at(value: int) -> int:
            known = values[value]
            return insides.literal(inner, program.constants[value - program.inputs]) if known is None else known

        for result, primitive, operands in program:
            if not used[result]:
                values.append(None)
            elif isinstance(primitive, Loop):
                kept[result] = primitive, [at(operand) for operand in operands], {}
                values.append(None)
            elif isinstance(primitive, Result) and operands[0] in kept:
                loop, taken, results = kept[operands[0]]
                values.append(insides.operation(inner, loop.name, loop.symbol, taken))
                results[primitive.place] = len(insides.operations) - 1
            elif isinstance(primitive, Result):
                values.append(insides.operation(inner, primitive.name, primitive.symbol, [at(operands[0])]))
            else:
                kind = "condition" if primitive.condition else "result"
                taken = [at(operand) for operand in operands]
                values.append(insides.operation(inner, primitive.name, primitive.symbol, taken, kind=kind))
        for loop, taken, results in kept.values():
            insides.add(loop, inner, taken, results, None)
        # The first pass decides, for the others too.
        for decision, guard in enumerate(program.guards if number == 0 else ()):
            ends = decision in way.children and way.children[decision].stops
            what = "while" if ends else "if"
            insides.guards.append(Guard(at(guard.condition), guard.outcome, *insides.told(guard), False, what))
        return [at(output) if used[output] else -1 for output in program.outputs]

    def used_of(self, number: int, program: Program) -> list[bool]:
        """Which values of a pass's program lead to what it carries, to a decision, or to what is used behind it."""
        part = self.form.passes[number]
        read = self.insides.read.get(self.loop, ())
        ends = [True] * part.carried
        ends += [
            (number, place) in self.given_on or (number, part.carried + place) in read for place in range(part.size)
        ]
        used = [False] * program.size
        for output, wanted in zip(program.outputs, ends, strict=True):
            used[output] = used[output] or wanted
        for guard in program.guards:
            used[guard.condition] = True
        for result, _, operands in reversed(list(program)):
            for operand in operands if used[result] else ():
                used[operand] = True
        return used

    def read(self, source: Source, way: int, home: int, columns: dict[Source, int], name: str) -> int:
        """The value that a turn reads there."""
        insides = self.insides
        if source.memory >= RECORDS:
            return self.records[source.memory - RECORDS][way][source.offset]
        if source.memory == OPERANDS and source.stride == 0:
            return self.operands[source.offset]
        if source not in columns:
            if source.memory == OPERANDS:
                places = range(source.offset, source.offset + source.stride * self.form.length, source.stride)
                row = [self.operands[place] for place in places]
                for position in row:
                    insides.in_turns(position)
                columns[source] = insides.operation(home, "one for each turn", IN_TURNS, row, name)
            else:
                name = name or ("data[i]" if source.memory == DATA else "i")
                columns[source] = insides.value(home, None, name, "constant")
        return columns[source]


def reads_among(loops: Sequence[Loop]) -> dict[Loop, set[tuple[int, int]]]:
    """What passes of these loops, and of those in them, read of the records of each: passes, and offsets there."""
    found: dict[Loop, set[tuple[int, int]]] = {}
    pending = list(loops)
    while pending:
        loop = pending.pop()
        reads = {
            (source.memory - RECORDS, source.offset)
            for part in loop.form.passes
            for source in part.reads
            if source.memory >= RECORDS
        }
        of: Loop | None = loop
        while of is not None:
            found.setdefault(of, set()).update(reads)
            of = of.beginning
        programs = [part.program(way) for part in loop.form.passes for way in loop.form.ways]
        pending += [one for program in programs for one in program.externals.values() if isinstance(one, Loop)]
    return found


def caption(loop: Loop, turns: int | None, passes: Sequence[Pass]) -> str:
    """The words above a loop with these passes."""
    form = loop.form
    name = "" if loop.of == "<lambda>" else loop.of
    if form.length < 0:
        words = f"{name} while" if turns is None else f"{name} while ×{turns:,}"
    else:
        words = f"{name or 'loop'} ×{form.length:,}"
    goes = {direction(form, part) for part in passes}
    return f"{words}, backward".strip() if goes == {"backward"} else words.strip()


def direction(form: Form, part: Pass) -> str:
    """The way in which a pass goes through the turns."""
    return "backward" if part.reverse != form.passes[0].reverse else "forward"


def names_of(loop: Loop) -> tuple[list[str], list[str]]:
    """The names of what a loop carries, and of the numbers of its rows, as far as they are known."""
    carried, row = loop.labels
    return (
        [] if carried is None else carried[1].paths(carried[0], dotted),
        [] if row is None else row[1].paths(row[0], dotted),
    )
