"""A loop as an operation with several results, which machines run turn by turn."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.graph.joint_operations import JointOperation, record_results
from autograd.graph.node import value_of, varies
from autograd.numbers.arrays import unset_doubles
from autograd.operations.primitives import Plus
from autograd.program.builder import Builder
from autograd.program.loops.derivatives import (
    COTANGENT,
    MINUS_ZERO,
    SUM,
    TANGENT,
    Derivative,
    backward,
    forward,
)
from autograd.program.loops.passes import Form, Pass, Way
from autograd.program.machine.machine import Machine
from autograd.program.machine.turn_blocks import FEWEST_TURNS, Apart, TurnBlocks, sums_apart
from autograd.program.machine.turns import DATA, NUMBERS, Track, Turns
from autograd.program.machine.work import IN_BLOCKS, work_of
from autograd.program.program import Program
from autograd.program.written_out import written_out
from autograd.text import counted
from autograd.transforms.trees import Structure

__all__ = ["Loop"]

# So many runs, and numbers of their records, are kept for the way back.
MOST_RUNS = 256
MOST_NUMBERS = 2**23


class Loop(JointOperation):
    """A loop of some form. If its body decides, a last result says whether each turn took a way that is known.

    The pullback of a loop begins with the passes of the loop itself. They need not run again on the same numbers: a
    loop that is the `beginning` of another one keeps what its last runs left.
    """

    def __init__(
        self,
        name: str,
        form: Form,
        beginning: Loop | None = None,
        decides: bool = False,
        labels: Sequence[tuple[str, Structure] | None] = (None, None),
    ) -> None:
        super().__init__(f"loop of {name}", f"{name} ×{form.length}" if form.length >= 0 else f"{name} while", name)
        self.of = name
        self.form = form
        # Names and structures of what the first pass carries, and of the rows that it reads, for pictures.
        self.labels = labels
        self.beginning = beginning
        self.count = form.results + decides
        self.ways_at = form.results if decides else -1
        self.accumulated = form.accumulated
        # How many of the passes other loops go on from, and which passes leave records for them or for later ones.
        self.kept = 0
        self.recorded = flags_of(form.recorded(), len(form.passes))
        self.runs: dict[Any, Any] = {}
        self.derivatives: dict[Any, tuple[Derivative, Loop]] = {}
        # Machines are used by one run at a time; and those for machine code are others.
        self.idle: tuple[list[Turns], list[Turns]] = ([], [])
        self.code: dict[tuple[int, int], Any] = {}
        self.apart: dict[int, Apart | None] = {}
        self.works: dict[Pass, tuple[float, float]] = {}
        # The turns of the last run.
        self.length = max(form.length, 0)

    def __repr__(self) -> str:
        return f"<loop of {self.of}: {self.inside()}>"

    def inside(self) -> str:
        """The number of turns, of ways through the body and of passes, and the operations of a turn."""
        form = self.form
        size = counted(sum([len(part.runnable(form.ways[0])) for part in form.passes]), "operation")
        turns = f"{form.length:,} turns of {size}" if form.length >= 0 else f"turns of {size} until it ends"
        ways = f", {len(form.ways)} ways" if form.decides() else ""
        passes = f", {len(form.passes)} passes" if len(form.passes) > 1 else ""
        return f"{turns}{ways}{passes}"

    def results(self, operands: Sequence[float]) -> Any:
        """The results on floats."""
        return self.run(operands, False)[0]

    def results_in_code(self, operands: Sequence[float]) -> Any:
        """The results by machine code."""
        return self.run(operands, len(self.code) > 0)[0]

    def prepare_code(self, make: Callable[[Machine], None]) -> None:
        """Have machine code made of the body. What it decides on is computed by the interpreter."""
        for number in range(len(self.form.passes)):
            for way in self.form.ways:
                if (number, way.number) not in self.code and not self.is_exact(number):
                    self.code[number, way.number] = self.known_code(number, way) or self.made_code(number, way, make)

    def made_code(self, number: int, way: Way, make: Callable[[Machine], None]) -> Any:
        """New machine code of a way through a pass."""
        part = self.form.passes[number]
        apart = self.sums_apart(number)
        if apart is None:
            machine = Machine(part.runnable(way), keeps_plan=True)
        else:
            machine = TurnBlocks.machine_of(apart, part.reads)
        make(machine)
        return machine.code

    def known_code(self, number: int, way: Way) -> Any:
        """The machine code of the same in the loop that this one goes on from, None if there is none."""
        before = self.beginning
        while before is not None and number < len(before.form.passes):
            if before.form.passes[number] is self.form.passes[number] and (number, way.number) in before.code:
                return before.code[number, way.number]
            before = before.beginning
        return None

    def is_exact(self, number: int) -> bool:
        """Whether a pass decides: then it runs in plain Python's arithmetic."""
        return number == 0 and self.form.decides()

    def turns(self) -> int:
        """How many turns there are, of the loops in the body too."""
        inner = sum([one.turns() for one in self.form.ways[0].program.externals.values() if isinstance(one, Loop)])
        return max(self.length, 1) * (1 + inner)

    def work(self) -> tuple[float, float]:
        """The operations that machine code would do in all turns, and those that would be made: see `machine.work`."""
        done = to_make = 0.0
        for number, part in enumerate(self.form.passes):
            if not self.is_exact(number):
                of_turn, made = self.work_of_turn(part)
                done += of_turn * (1.0 if self.sums_apart(number) is None else IN_BLOCKS)
                to_make += made * len(self.form.ways)
        return done * max(self.length, 1), to_make

    def work_of_turn(self, part: Pass) -> tuple[float, float]:
        """The same of one turn of a pass, looked up unless there are loops in it."""
        program = part.program(self.form.ways[0])
        known = self.works.get(part)
        if known is None or program.externals:
            known = self.works[part] = work_of(program)
        return known

    def operations(self) -> float:
        """How many operations all turns have; infinite if they may differ, or are not all to be kept in memory."""
        form = self.form
        if form.decides() or form.segment:
            return math.inf
        programs = [part.runnable(form.ways[0]) for part in form.passes]
        if any([program.externals for program in programs]):
            return math.inf
        return form.length * sum([len(program) for program in programs])

    def written_out(self, builder: Builder, operands: Sequence[int]) -> list[int]:
        """The results as values of a builder, turn by turn."""
        form = self.form
        results = [-1] * self.count
        # Of each pass so far the numbers that its turns were given and gave, side by side, and the ends.
        records: list[list[int]] = []
        ends: list[list[int]] = []
        for part in form.passes:
            carried = []
            for start in part.starts:
                value = operands[start.operand] if start.operand >= 0 else -1
                if start.of_pass >= 0:
                    end = ends[start.of_pass][start.place]
                    value = end if value < 0 else builder.emit(Plus, (value, end))
                carried.append(value)
            record = [-1] * (part.width * form.length)
            program = part.runnable(form.ways[0])
            constants = [builder.constant(constant) for constant in program.constants]
            primitives = list(program)
            memories: list[Any] = [None, operands, None, *records]
            for turn in reversed(range(form.length)) if part.reverse else range(form.length):
                values = list(carried)
                for memory, offset, stride in part.reads:
                    place = offset + stride * turn
                    if memory == NUMBERS:
                        values.append(builder.constant(float(place)))
                    elif memory == DATA:
                        values.append(builder.constant(form.data[place]))
                    else:
                        values.append(memories[memory][place])
                values += constants
                for _, primitive, used in primitives:
                    values.append(builder.emit(primitive, tuple([values[one] for one in used])))
                given = [values[output] for output in program.outputs]
                record[part.width * turn : part.width * (turn + 1)] = [*carried, *given[part.carried :]]
                carried = given[: part.carried]
            records.append(record)
            ends.append(carried)
        for out in form.outs:
            if out.stride == 0:
                results[out.offset] = ends[out.of_pass][out.place]
                continue
            part = form.passes[out.of_pass]
            for turn in range(form.length):
                place = part.width * turn + part.carried + out.place
                results[out.offset + out.stride * turn] = records[out.of_pass][place]
        return results

    def program_without(self, program: Program) -> Program | None:
        """The program with its loops written out; None if they decide or are long, or there are other calls."""
        return written_out(program)

    def make_turns(self, in_code: bool) -> Turns:
        """The passes made ready to run."""
        form = self.form
        tracks = []
        for number, part in enumerate(form.passes):
            targets = [
                (out.place, out.offset, out.stride) for out in form.outs if out.of_pass == number and out.stride != 0
            ]
            apart = self.sums_apart(number)
            blocks = None
            if apart is not None:
                machine = TurnBlocks.machine_of(apart, part.reads)
                self.use_code(machine, number, 0, in_code)
                reverse = bytes([part.reverse]) * part.carried
                blocks = TurnBlocks(apart, machine, reverse, part.reads, targets)
            tracks.append(Track(number, part.reverse, part.starts, part.reads, part.size, targets, blocks))
        ends = [(out.of_pass, out.place, out.offset) for out in form.outs if out.stride == 0]

        def machine_of(number: int, way: int) -> Machine:
            machine = Machine(form.passes[number].runnable(form.ways[way]))
            self.use_code(machine, number, way, in_code)
            return machine

        return Turns(tracks, ends, form.data, machine_of, form.ways, form.decides())

    def use_code(self, machine: Machine, number: int, way: int, in_code: bool) -> None:
        """Have a machine use the machine code of a pass, if there is any."""
        code = self.code.get((number, way)) if in_code else None
        if code is not None:
            machine.use(*code)

    def sums_apart(self, number: int) -> Apart | None:
        """A pass without the sums that it carries; None if its turns are to be run one by one."""
        form = self.form
        if form.length < FEWEST_TURNS or form.segment or form.decides():
            return None
        if number not in self.apart:
            part = form.passes[number]
            self.apart[number] = sums_apart(part.runnable(form.ways[0]), part.carried)
        return self.apart[number]

    def run(self, operands: Sequence[float], in_code: bool) -> tuple[Any, Any]:
        """The results, and where a turn took a way that is not known, None if none did."""
        form = self.form
        given = operands if isinstance(operands, array) else array("d", operands)
        results = unset_doubles(self.count)
        idle = self.idle[in_code]
        turns = idle.pop() if idle else self.make_turns(in_code)
        try:
            first = self.take_over(turns, given, in_code)
            recorded = self.recorded
            done = turns.run(given, results, form.length, form.segment, first, recorded)
            missing = turns.missing
            if self.kept and done >= 0 and form.segment == 0:
                self.keep(self.key(given, in_code, recorded), turns.history(self.kept))
        finally:
            idle.append(turns)
        if done < 0:
            for place in range(self.count):
                results[place] = math.nan
        else:
            self.length = done
        if self.ways_at >= 0:
            results[self.ways_at] = 0.0 if done < 0 else 1.0
        return results, missing

    def key(self, operands: Any, in_code: bool, recorded: bytes) -> Any:
        """What tells a run from others, and from one that left less."""
        exact = all([self.is_exact(number) for number in range(len(self.form.passes))])
        return in_code and not exact, recorded, operands[: self.form.operands].tobytes()

    def keep(self, key: Any, history: Any) -> None:
        """Keep what a run left, and forget the oldest ones where that is too much."""
        self.runs[key] = history
        size = sum([len(record) for _, record in history[2]])
        for oldest in list(self.runs)[: max(len(self.runs) - max(min(MOST_RUNS, MOST_NUMBERS // (size + 1)), 1), 0)]:
            self.runs.pop(oldest, None)

    def take_over(self, turns: Turns, operands: Any, in_code: bool) -> int:
        """Take over what a run of a beginning left on the same numbers; how many passes that were."""
        before = self.beginning
        while before is not None:
            history = before.runs.get(before.key(operands, in_code, before.recorded)) if before.kept else None
            if history is not None:
                turns.go_on_from(history)
                return before.kept
            before = before.beginning
        return 0

    def some(self, operands: Sequence[Any], count: int) -> list[Any]:
        """The first results, on floats or as nodes."""
        values = self.results([value_of(operand) for operand in operands])
        if not any([varies(operand) for operand in operands]):
            return list(values[:count])
        return record_results(self, tuple(operands), values, range(count))

    def pullback(self, operands: list[Any], cotangents: Sequence[Any], sums: Sequence[Any] = ()) -> list[Any]:
        """By passes against the turns.

        `sums` has the adjoints so far of the accumulated operands, None where there are none.
        """
        form = self.form
        # At the numbers of a call that was recorded, any of them may have varied.
        recorded = not any([varies(operand) for operand in operands])
        columns = [
            recorded or any([varies(operands[place]) for place in form.places(column)]) for column in form.columns
        ]
        given = [[cotangents[place] for place in form.places(out)] for out in form.outs]
        outs = [any([one is not None for one in several]) for several in given]
        in_all = not any(
            [used and any([one is None for one in several]) for used, several in zip(outs, given, strict=True)]
        )
        made, loop = self.derivative(("back", tuple(columns), tuple(outs), in_all), backward, columns, outs, in_all)
        so_far = dict(zip(form.accumulated, sums, strict=False))
        extended = list(operands[: form.operands])
        for extra in made.extras:
            if extra.kind == COTANGENT:
                extended += [0.0 if one is None else one for one in given[extra.number]]
            elif extra.kind == SUM:
                known = so_far.get(form.columns[extra.number].offset)
                extended.append(-0.0 if known is None else known)
            else:
                extended.append(-0.0 if extra.kind == MINUS_ZERO else 0.0)
        found = loop.some(extended, loop.form.results)
        result: list[Any] = [0.0] * len(operands)
        for place, known in so_far.items():
            if known is not None:
                result[place] = known
        reached = bytearray(len(operands))
        for number, out in zip(made.of, loop.form.outs, strict=True):
            for place, source in zip(form.places(form.columns[number]), loop.form.places(out), strict=True):
                # An operand may be in several columns.
                result[place] = result[place] + found[source] if reached[place] else found[source]
                reached[place] = 1
        return result

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> list[Any]:
        """By the same passes, which carry tangents along."""
        form = self.form
        given = [[tangents[place] for place in form.places(column)] for column in form.columns]
        columns = [any([one is not None for one in several]) for several in given]
        in_all = not any(
            [moved and any([one is None for one in several]) for moved, several in zip(columns, given, strict=True)]
        )
        made, loop = self.derivative(("along", tuple(columns), in_all), forward, columns, in_all)
        extended = list(operands[: form.operands])
        for extra in made.extras:
            extended += [0.0 if one is None else one for one in given[extra.number]] if extra.kind == TANGENT else [0.0]
        found = loop.some(extended, loop.form.results)
        result: list[Any] = [0.0] * self.count
        for number, out in zip(made.of, loop.form.outs, strict=True):
            for place, source in zip(form.places(form.outs[number]), loop.form.places(out), strict=True):
                result[place] = found[source]
        return result

    def derivative(self, key: Any, make: Callable[..., Derivative], *options: Any) -> tuple[Derivative, Loop]:
        """A derivative of the loop, made once."""
        known = self.derivatives.get(key)
        if known is None:
            made = make(self.form, *options)
            goes_on = make is backward
            if goes_on:
                self.kept = len(self.form.passes)
                before: Loop | None = self
                while before is not None:
                    # Others go on from the same as this one.
                    read = flags_of(made.form.recorded(), len(before.recorded))
                    before.recorded = bytes([one | other for one, other in zip(before.recorded, read, strict=True)])
                    before = before.beginning
            known = self.derivatives[key] = (
                made,
                Loop(self.of, made.form, self if goes_on else None, labels=self.labels),
            )
        return known


def flags_of(numbers: set[int], count: int) -> bytes:
    """A 1 for each of these among so many, else a 0."""
    return bytes([number in numbers for number in range(count)])
