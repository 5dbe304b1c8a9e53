"""How the body of a loop is recorded: once for each way that its decisions fall, in a tree as paths are.

All of it happens while the function around the loop is recorded: the loop is run on the numbers of that recording, and
where a turn takes a way that is not known, the body is recorded on the numbers of this turn. Where a later call meets
one more way, a guard behind the loop fails, and the function around it is recorded again. The ways that were known are
recorded then as well, each with its decisions as they were.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import TraceError
from autograd.graph.callers import caller
from autograd.graph.joint_operations import record_results
from autograd.graph.modes import current_mode
from autograd.graph.node import Node, value_of, varies
from autograd.program.loops.operation import Loop
from autograd.program.loops.passes import Column, Form, Out, Pass, Way, with_inputs
from autograd.program.machine.turns import DATA, NUMBERS, OPERANDS, Source, Start
from autograd.program.program import Program
from autograd.program.recording.signature import Signature
from autograd.program.recording.trace import Trace, record
from autograd.transforms.trees import Structure

__all__ = ["LEAST", "SHORTEST", "Body", "Notes", "Rows", "Windows", "in_rows", "rolled"]

# Loops of fewer turns are recorded turn by turn,
SHORTEST = 8
# and those of fewer operations in all turns: to call a loop takes as long as that many of them; and over rows, which
# are run in blocks where a loop is called for each row, as many of those. It is not so where the body decides: there
# each turn more would double the ways.
LEAST = 256
LEAST_OVER_ROWS = 20_000
# Operations of all ways through a body; beyond, the turns are recorded one by one, within the limits of paths.
MOST_OPERATIONS = 20_000


class Notes:
    """What a body tells of its last run beside its outputs: whether it ends the loop, and the form of its results."""

    def __init__(self) -> None:
        self.stops = False
        self.form: Any = None


class Rows:
    """The rows of a loop: `width` numbers for each turn, one turn after the other; or whole numbers from `first` on."""

    def __init__(self, numbers: Sequence[Any] = (), width: int = 0, first: int | None = None) -> None:
        self.numbers = numbers
        self.width = width if first is None else 1
        self.first = first

    def of_turn(self, turn: int) -> list[float]:
        """The numbers of one turn."""
        if self.first is not None:
            return [float(self.first + turn)]
        return [value_of(number) for number in self.numbers[self.width * turn : self.width * (turn + 1)]]

    def laid_out(self, offset: int) -> tuple[list[Source], list[Column], list[Any], list[float]]:
        """Where a turn reads its numbers; the columns and operands of those that vary, from `offset` on; the others."""
        if self.first is not None:
            return [Source(NUMBERS, self.first, 1)], [], [], []
        columns = [self.numbers[place :: self.width] for place in range(self.width)]
        vary = [any([varies(number) for number in column]) for column in columns]
        stride = vary.count(True)
        sources: list[Source] = []
        found: list[Column] = []
        data: list[float] = []
        for column, one in zip(columns, vary, strict=True):
            if one:
                found.append(Column(offset + len(found), stride))
                sources.append(Source(OPERANDS, *found[len(found) - 1]))
            else:
                sources.append(Source(DATA, len(data), 1))
                data += [value_of(number) for number in column]
        operands = self.numbers if all(vary) else [
            number for place, number in enumerate(self.numbers) if vary[place % self.width]
        ]  # fmt: skip
        return sources, found, list(operands), data


class Windows(Rows):
    """Rows that are windows on one line of numbers, each a place further: at these `shifts` from its begin.

    Each number is one operand, however many windows it is in. So its adjoint is added up in the loop's order.
    """

    def __init__(self, numbers: Sequence[Any], shifts: Sequence[int]) -> None:
        super().__init__(numbers, len(shifts))
        self.shifts = list(shifts)

    def of_turn(self, turn: int) -> list[float]:
        """The numbers of one turn."""
        return [value_of(self.numbers[turn + shift]) for shift in self.shifts]

    def laid_out(self, offset: int) -> tuple[list[Source], list[Column], list[Any], list[float]]:
        """As for other rows; all numbers are operands."""
        columns = [Column(offset + shift, 1) for shift in self.shifts]
        return [Source(OPERANDS, *column) for column in columns], columns, list(self.numbers), []


def in_rows(parts: list[list[Any]], count: int) -> list[Any]:
    """The numbers of so many rows, row by row, of parts that have theirs row by row."""
    if len(parts) == 1:
        return parts[0]
    widths = [len(part) // count for part in parts]
    return [
        number
        for row in range(count)
        for part, width in zip(parts, widths, strict=True)
        for number in part[row * width : (row + 1) * width]
    ]


class Body:
    """The ways through the body of a loop that one recording of the function around it has found."""

    def __init__(self, name: str, carried: int, width: int) -> None:
        self.name = name
        self.carried = carried
        self.width = width
        self.ways: list[Way] = []

    def is_like(self, other: Body) -> bool:
        """Whether it may be the body of the same loop."""
        return (self.name, self.carried, self.width) == (other.name, other.carried, other.width)


class Recorder:
    """Records the ways through a body: a function of the carried numbers and the numbers of a row."""

    def __init__(self, body: Body, fun: Callable[..., list[Any]], notes: Notes, asked: dict[Any, Any]) -> None:
        self.body = body
        self.asked = asked
        self.fun = fun
        self.notes = notes
        self.signature = Signature(((0.5,) * body.carried, (0.5,) * body.width), {})
        self.form: Any = None
        # What the ways take from outside.
        self.slots: list[Node] = []
        self.places: dict[int, int] = {}

    def learn(
        self,
        numbers: Sequence[float],
        parent: Way | None = None,
        guard: int = -1,
        inner: Sequence[Any] = (),
        script: Sequence[bool] | None = None,
    ) -> Way:
        """Record the way that a turn of these numbers takes, or one of this script; behind a guard of another way."""
        ways = self.body.ways
        trace = Trace(known=inner, script=script, for_derivatives=True, asked=self.asked)
        traced = record(self.fun, self.signature, numbers, trace)
        if ways and not same_form(self.form, self.notes.form):
            raise TraceError("the turns of a loop give results of different forms")
        self.form = self.notes.form
        slots = []
        for variable in traced.variables:
            place = self.places.setdefault(id(variable), len(self.slots))
            if place == len(self.slots):
                self.slots.append(variable)
            slots.append(place)
        way = Way(len(ways), traced, slots, self.notes.stops, array("d", numbers), parent, guard)
        ways.append(way)
        if parent is not None:
            parent.children[guard] = way
        return way

    def learn_again(self, known: Body) -> None:
        """Record the ways of an earlier recording, but for those that it fails on now."""
        found: dict[int, Way | None] = {}
        for way in known.ways:
            parent = None if way.parent is None else found.get(way.parent.number)
            if way.parent is not None and (parent is None or way.guard >= len(parent.program.guards)):
                continue
            try:
                found[way.number] = self.learn(way.example, parent, way.guard, way.inner, way.script)
            except Exception:
                # With the numbers of now, the decisions of then may lead anywhere.
                if way.parent is None:
                    return

    def form_of(self, length: int, reverse: bool, checkpoint: bool, rows: Rows) -> tuple[Form, list[Any]]:
        """The loop over the ways known so far, and its operands behind the carried numbers."""
        body = self.body
        carried, taken = body.carried, len(self.slots)
        sources, columns, operands, data = rows.laid_out(carried + taken)
        shared = [Source(OPERANDS, carried + place, 0) for place in range(taken)]
        program = body.ways[0].program
        size = len(program.outputs) - carried
        count = carried + body.width + taken

        def make(way: Way) -> Program:
            behind = carried + body.width
            return with_inputs(way.program, count, [*range(behind), *[behind + slot for slot in way.slots]])

        outs = [Out(0, place, place, 0) for place in range(carried)]
        outs += [Out(0, place, carried + place, size) for place in range(size if length > 0 else 0)]
        segment = math.isqrt(length) if checkpoint else 0
        form = Form(
            length,
            segment if segment >= SHORTEST else 0,
            list(body.ways),
            [Pass(reverse, [Start(place) for place in range(carried)], [*sources, *shared], size, make)],
            [*[Column(place, 0) for place in range(carried + taken)], *columns],
            outs,
            carried + taken + len(operands),
            carried + size * max(length, 0),
            array("d", data),
            range(carried, carried + taken),
        )
        return form, [*self.slots, *operands]


def rolled(
    name: str,
    fun: Callable[..., list[Any]],
    notes: Notes,
    start: Sequence[Any],
    rows: Rows,
    length: int,
    *,
    reverse: bool = False,
    checkpoint: bool = False,
    labels: Sequence[tuple[str, Structure] | None] = (None, None),
) -> list[Any] | None:
    """The last carried numbers, and the results of the turns, of a loop in the recording that is under way.

    `fun(carry, row)` gives the carried numbers of the next turn and the results of a turn, in one list. None if the
    loop must be recorded turn by turn. `length` is the number of turns, -1 if the body ends the loop. `labels` has the
    names and structures of what is carried, and of a row.
    """
    trace = current_mode().trace
    if trace.unrolled:
        return None
    body = Body(name, len(start), rows.width)
    known = trace.known[len(trace.loops)] if len(trace.loops) < len(trace.known) else None
    trace.loops.append(body)
    recorder = Recorder(body, fun, notes, trace.asked)
    try:
        if known is not None and known.is_like(body):
            recorder.learn_again(known)
        if not body.ways:
            first = rows.of_turn(length - 1 if reverse else 0) if length != 0 else [0.5] * rows.width
            recorder.learn([*[value_of(number) for number in start], *first])
        while True:
            if not pays(body, length, trace):
                return None
            form, operands = recorder.form_of(length, reverse, checkpoint, rows)
            given = [*start, *operands]
            if not any([varies(operand) for operand in given]):
                return None
            loop = Loop(name, form, decides=form.decides(), labels=labels)
            if trace.script is not None:
                # The numbers are not those of a run: with them, the loop might never end.
                values, missing = array("d", [math.nan]) * loop.count, None
            else:
                values, missing = loop.run([value_of(operand) for operand in given], False)
            if missing is None:
                break
            way, guard, numbers = missing
            recorder.learn(numbers[: body.carried + body.width], way, guard, way.inner)
    except (TraceError, TypeError, IndexError):
        # It needs plain numbers, as those of the turns are outside of a loop; or it fails there as well.
        body.ways.clear()
        return None
    notes.form = recorder.form
    results = record_results(loop, tuple(given), values, range(loop.count))
    if form.decides():
        trace.note(results.pop(), True, *caller())
    return results


def pays(body: Body, length: int, trace: Trace) -> bool:
    """Whether a body with these ways is run as a loop of so many turns."""
    ways = body.ways
    operations = sum([len(way.program) for way in ways])
    if length < 0:
        return len(ways) < 2 or operations <= MOST_OPERATIONS
    if not ways[0].program.guards:
        return length * operations >= (LEAST_OVER_ROWS if trace.over_rows else LEAST)
    # Ways for all turns are no loop.
    return len(ways) <= 2 or (4 * len(ways) <= length and operations <= MOST_OPERATIONS)


def same_form(one: Any, other: Any) -> bool:
    """Whether the results of two turns have one structure; None is that of no result."""
    return one is other or (one is not None and other is not None and one.is_same(other))
