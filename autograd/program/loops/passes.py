"""The form of a loop: passes over its turns, what they read and carry, and what depends on what in them.

A body may take decisions. For each way through it there is a program, and a loop knows the ways that it may go.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.errors import TraceError
from autograd.graph.joint_operations import JointOperation, Result
from autograd.graph.modes import current_mode
from autograd.program.builder import rewritten
from autograd.program.machine.turns import OPERANDS, RECORDS, Source, Start
from autograd.program.program import Guard, Program
from autograd.program.recording.signature import Signature
from autograd.program.recording.trace import Trace, Traced, record

__all__ = [
    "Column", "Flags", "Form", "Out", "Pass", "Way", "decide", "expanded", "flat_program", "leading", "moving",
    "needed", "with_inputs", "without_unused",
]  # fmt: skip


class Way:
    """One way through the body of a loop: its program, and the ways that branch off at its guards.

    The inputs of the program are the carried numbers, the numbers of a row, and then numbers from outside; `slots` has
    the places of the latter among all that the loop takes from outside. A way that `stops` ends the loop. It leaves its
    `parent` at a `guard` of that. For the way to be recorded again, `script` has how the decisions fell, `example` the
    numbers of a turn that went this way, and `inner` the bodies of the loops in it.
    """

    def __init__(
        self,
        number: int,
        traced: Traced,
        slots: Sequence[int],
        stops: bool,
        example: Sequence[float],
        parent: Way | None,
        guard: int,
    ) -> None:
        self.number = number
        self.program = traced.program
        self.script = traced.script
        self.inner = traced.loops
        self.slots = slots
        self.stops = stops
        self.example = example
        self.parent = parent
        self.guard = guard
        self.children: dict[int, Way] = {}


class Pass:
    """A pass over the turns, in their order or against it.

    A turn takes the carried numbers, which begin as `starts` say, and what it `reads`; it gives the carried numbers of
    the next turn and `size` others. `make` gives the program that does so, for each way through the body: one to be
    differentiated, in which a user's primitives and solutions of equations are operations with rules of their own.
    """

    def __init__(
        self,
        reverse: bool,
        starts: Sequence[Start],
        reads: Sequence[Source],
        size: int,
        make: Callable[[Way], Program],
    ) -> None:
        self.reverse = reverse
        self.starts = list(starts)
        self.reads = list(reads)
        self.carried = len(starts)
        self.size = size
        self.width = len(starts) + size
        self.make = make
        self.programs: dict[int, Program] = {}
        self.written: dict[int, Program] = {}

    def runnable(self, way: Way) -> Program:
        """The program for a way with what such operations compute in their place."""
        program = self.written.get(way.number)
        if program is None:
            program = self.written[way.number] = expanded(self.program(way))
        return program

    def program(self, way: Way) -> Program:
        """The program for a way."""
        program = self.programs.get(way.number)
        if program is None:
            program = self.programs[way.number] = self.make(way)
        return program


def expanded(program: Program) -> Program:
    """The program, with the operations of users' primitives by which their values are computed."""
    primitives = program.primitives()
    if all([primitive.built_in or isinstance(primitive, JointOperation | Result) for primitive in primitives]):
        return program
    return rewritten(program, lambda builder, operation, operands: builder.emit(operation.primitive, operands))


def without_unused(part: Pass, ways: Sequence[Way]) -> Pass:
    """The pass without what no way uses of that it reads."""
    used = [False] * len(part.reads)
    for way in ways:
        program = part.program(way)
        used = either(used, leading(program, [True] * part.width)[part.carried :])
    if all(used):
        return part
    kept = [*range(part.carried), *[part.carried + place for place, one in enumerate(used) if one]]

    def make(way: Way) -> Program:
        return narrowed(part.program(way), kept)

    return Pass(part.reverse, part.starts, [part.reads[place - part.carried] for place in kept[part.carried :]],
                part.size, make)  # fmt: skip


def narrowed(program: Program, kept: Sequence[int]) -> Program:
    """The program without its inputs but these, which are all that it uses."""
    number = [-1] * program.inputs
    for place, value in enumerate(kept):
        number[value] = place
    return with_inputs(program, len(kept), number)


def with_inputs(program: Program, inputs: int, number: Sequence[int]) -> Program:
    """The program with so many inputs, of which those with these numbers are its own, in order."""
    number = [*number, *range(inputs, inputs + program.size - program.inputs)]
    return Program(
        inputs,
        program.constants,
        program.names,
        program.codes,
        program.starts,
        [number[operand] for operand in program.operands],
        [number[output] for output in program.outputs],
        [guard._replace(condition=number[guard.condition]) for guard in program.guards],
        program.externals,
    )


class Column(NamedTuple):
    """Operands of a loop: one, if `stride` is 0, or one for each turn."""

    offset: int
    stride: int


class Out(NamedTuple):
    """Results of a loop: the end of a number that a pass carries, if `stride` is 0, or one of its others in each turn.

    The first of them is at `offset` among the results.
    """

    of_pass: int
    place: int
    offset: int
    stride: int


class Form(NamedTuple):
    """All that makes up a loop.

    `length` is the number of turns, -1 if they end where a way stops. With a `segment`, records of turns are not kept,
    but made anew for so many turns at a time. `accumulated` are the operands whose adjoint goes on from what it was.
    """

    length: int
    segment: int
    ways: list[Way]
    passes: list[Pass]
    columns: list[Column]
    outs: list[Out]
    operands: int
    results: int
    data: Any
    accumulated: range

    def places(self, column: Column | Out) -> range:
        """The places of the operands of a column, or of the results of an out."""
        if column.stride == 0:
            return range(column.offset, column.offset + 1)
        return range(column.offset, column.offset + column.stride * self.length, column.stride)

    def recorded(self) -> set[int]:
        """The passes whose records others read."""
        return {source.memory - RECORDS for part in self.passes for source in part.reads if source.memory >= RECORDS}

    def decides(self) -> bool:
        """Whether the body takes decisions."""
        return self.length < 0 or len(self.ways[0].program.guards) > 0


class Flags(NamedTuple):
    """Of each number that a pass carries, and of each other that a turn of it gives, whether something holds."""

    carried: list[bool]
    given: list[bool]


def reached(program: Program, inputs: Sequence[bool]) -> list[bool]:
    """Which outputs depend on one of these inputs."""
    known = [*inputs, *[False] * len(program.constants)]
    for operation in program:
        known.append(any([known[operand] for operand in operation.operands]))
    return [known[output] for output in program.outputs]


def leading(program: Program, outputs: Sequence[bool]) -> list[bool]:
    """Which inputs lead to one of these outputs."""
    known = [False] * program.size
    for output, wanted in zip(program.outputs, outputs, strict=True):
        if wanted:
            known[output] = True
    for operation in reversed(list(program)):
        if known[operation.result]:
            for operand in operation.operands:
                known[operand] = True
    return known[: program.inputs]


def either(one: Sequence[bool], other: Sequence[bool]) -> list[bool]:
    """Which are true in either list."""
    return [first or second for first, second in zip(one, other, strict=True)]


def moving(form: Form, columns: Sequence[bool]) -> list[Flags]:
    """What depends, in some turn, on operands of these columns; for each pass."""
    moves = {(column.offset, column.stride): one for column, one in zip(form.columns, columns, strict=True)}
    found: list[Flags] = []
    for part in form.passes:
        carried = [
            moves.get((start.operand, 0), False) or (start.of_pass >= 0 and found[start.of_pass].carried[start.place])
            for start in part.starts
        ]
        reads = [moves_at(source, moves, found) for source in part.reads]
        while True:
            outputs = [False] * part.width
            for way in form.ways:
                outputs = either(outputs, reached(part.program(way), [*carried, *reads]))
            more = either(carried, outputs[: part.carried])
            if more == carried:
                break
            carried = more
        found.append(Flags(carried, outputs[part.carried :]))
    return found


def moves_at(source: Source, moves: dict[tuple[int, int], bool], found: Sequence[Flags]) -> bool:
    """Whether what is read there moves."""
    if source.memory == OPERANDS:
        return moves.get((source.offset, source.stride), False)
    if source.memory < RECORDS:
        return False
    flags = found[source.memory - RECORDS]
    return [*flags.carried, *flags.given][source.offset]


def needed(form: Form, outs: Sequence[bool]) -> list[Flags]:
    """What leads, in some turn, to these results; for each pass."""
    found = [Flags([False] * part.carried, [False] * part.size) for part in form.passes]
    for out, wanted in zip(form.outs, outs, strict=True):
        if wanted:
            flags = found[out.of_pass]
            (flags.carried if out.stride == 0 else flags.given)[out.place] = True
    for number in reversed(range(len(form.passes))):
        part = form.passes[number]
        flags = found[number]
        while True:
            inputs = [False] * (part.carried + len(part.reads))
            for way in form.ways:
                inputs = either(inputs, leading(part.program(way), [*flags.carried, *flags.given]))
            more = either(flags.carried, inputs[: part.carried])
            if more == flags.carried:
                break
            flags.carried[:] = more
        for source, wanted in zip(part.reads, inputs[part.carried :], strict=True):
            if wanted and source.memory >= RECORDS:
                before = found[source.memory - RECORDS]
                count = len(before.carried)
                if source.offset < count:
                    before.carried[source.offset] = True
                else:
                    before.given[source.offset - count] = True
        for start, wanted in zip(part.starts, flags.carried, strict=True):
            if wanted and start.of_pass >= 0:
                found[start.of_pass].carried[start.place] = True
    return found


def flat_program(fun: Callable[..., Any], count: int, guards: int = 0) -> Program:
    """The program of a function of so many numbers; TraceError if it takes more decisions on values, or uses others."""
    # The numbers are not looked at.
    traced = record(fun, Signature((0.5,) * count, {}), array("d", [0.5] * count), Trace(for_derivatives=True))
    if len(traced.program.guards) != guards or traced.variables:
        raise TraceError(
            "the derivative of a loop takes decisions on values: record it turn by turn, with Python's for"
        )
    return traced.program


def decide(values: Sequence[Any], guards: Sequence[Guard]) -> None:
    """Note decisions that are known, on these values of a program, in the recording that is under way."""
    for guard in guards:
        current_mode().trace.note(values[guard.condition], guard.outcome, guard.file, guard.line)
