"""Loops found again in a recorded line of operations: Python's `for`, which leaves each turn written out.

A function that is compiled is recorded as a line of operations. Before the line is differentiated, it is searched for
operations that repeat (`repetition`). Of a repeat each operand must be, in all turns,
* computed in the same turn, or in the one before (*carried*),
* the same number or node,
* or made before the repeat: then the turns' operands are a column, of data if all are numbers.
These are compared one by one, so that the loop written out is the line, operation by operation: what was recorded is
what is run. A repeat behind it that goes on with the results of its turns in their order is taken into it: a sum, or
the next operation on arrays.

No bit changes, in derivatives of first order neither: where a node gets shares of its adjoint from several operations
of a turn, from other turns and from outside, they are to come in the recorded order, else the line is left as it is.
Decisions on values in a loop are looked at behind it.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.graph.joint_operations import record_results, repeated
from autograd.graph.node import Call, Output, value_of
from autograd.numbers.arrays import doubles
from autograd.operations.primitives import Max, MaxOfMany, Min, MinOfMany, Power
from autograd.program.loops.operation import Loop
from autograd.program.loops.passes import Column, Form, Out, Pass, Way
from autograd.program.machine.turn_blocks import FEWEST_TURNS, sums_apart
from autograd.program.machine.turns import DATA, OPERANDS, Source, Start
from autograd.program.program import Program
from autograd.program.recording.trace import Trace, Traced
from autograd.program.repetition import FEWEST, Line, Repeat, repeats_in
from autograd.transforms.tape import Tape
from autograd.transforms.trees import Structure

__all__ = ["rolled_up"]

# Turns that wait for each other take up to twice as long as written out, but are recorded in a tenth of the time; they
# are written out when they have been run often (`written_out`). Short ones are put together, to turns of so many
# operations.
LONG_TURN = 250
# A turn by itself takes as long as so many operations of a line, in blocks of rows as so many; and each of its operands
# that differ, and results that are used outside, as so many.
SINGLE_TURN = 200
TURN_IN_BLOCKS = 3
OPERAND = 16
# At a tie of these, a constant operand is not what a number is that may vary.
CHOOSE = frozenset({Max, Min, MaxOfMany, MinOfMany})
# How often the turns of a repeat are looked at anew, cut to those that are alike.
TRIES = 6


def rolled_up(
    trace: Any,
    arguments: list[Any],
    results: list[Any],
    before: int,
    shortest: int,
    tape: Tape | None = None,
    *,
    anyhow: bool = False,
) -> list[Any]:
    """The results of a run that is being recorded, from loops where its operations repeat, if it is not too short.

    `before` is the serial number that was current before the arguments were made; `tape` a whole one up to the results
    and decisions, if there is one. The decisions of the run are taken on nodes of the loops then. `anyhow` makes loops
    of one turn each, be they slower than the line.
    """
    # Once a recording: what is found in a line is not in that of its derivatives any more, nor is what was not.
    trace.roll_up = None
    if tape is None:
        tape = Tape(arguments, [*results, *[node for node, *_ in trace.decisions]], before, whole=True)
    # Results of operations that have several don't repeat.
    if len(tape.nodes) - sum([len(joint.placed) for joint in tape.joints.values()]) < max(shortest, FEWEST):
        return results
    line = Line(tape)
    repeats = repeats_in(line.codes)
    if 2 * sum([repeat.stop - repeat.start for repeat in repeats]) < len(tape.nodes):
        return results
    rolling = Rolling(line, arguments, tape.outputs, anyhow=anyhow)
    renewed = rolling.renewed(repeats)
    if renewed is None:
        return results

    def now(node: Any) -> Any:
        position = tape.position_of(node)
        return node if position < 0 else renewed[rolling.place_of(position)]

    trace.decisions[:] = [(now(node), *others) for node, *others in trace.decisions]
    return [now(result) for result in results]


class Turns(NamedTuple):
    """A repeat whose operands were found to repeat as well: a loop to be.

    `carried` has for each carried number the operation of the turn that makes it, and what it begins with; `shared` the
    operands that are the same, `columns` and `data` those that differ, each with one entry a turn. `inputs` says of
    each operand slot of the body what it is: KIND, and the number among those. `stacked` are the operations of a turn
    whose results are used outside of the loop.
    """

    start: int
    period: int
    turns: int
    inputs: list[tuple[int, int]]
    carried: list[tuple[int, int]]
    shared: list[int]
    columns: list[Any]
    data: list[Any]
    stacked: list[int]

    @property
    def stop(self) -> int:
        """The operation behind the last one."""
        return self.start + self.period * self.turns


# What an operand slot of a body is: a value of the same turn, carried, a constant, or an entry of a list of `Turns`.
INSIDE, CARRIED, CONSTANT, SHARED, COLUMN, DATUM = range(6)


class Rolling:
    """One line that is to be rolled up; `ends` are the positions that are used behind it."""

    def __init__(self, line: Line, arguments: list[Any], ends: Sequence[int], *, anyhow: bool) -> None:
        self.line = line
        self.anyhow = anyhow
        self.arguments = arguments
        self.count = line.count
        self.size = len(line.nodes)
        self.codes = np.frombuffer(line.codes, np.int32)
        self.starts = np.frombuffer(line.starts, np.int32)
        self.slots = np.frombuffer(line.slots, np.int32)
        self.ends = np.array([end for end in ends if end >= 0], np.int32)
        # For each operation of the line its place now; and the other way round.
        self.places = self.originals = np.arange(self.size, dtype=np.int32)
        # Whether each position is a node that varies; from behind, each of the others, whose nodes all do.
        self.varying = np.ones(self.count + self.size + len(line.others), bool)
        self.varying[self.count + self.size :] = False
        self.varying[[-1 - place for place in line.node_places.values()]] = True

    def renewed(self, repeats: list[Repeat]) -> list[Any] | None:
        """The nodes of all positions, from the first loop on made anew; None if there is no loop that pays."""
        repeats = self.joined(self.in_phase(repeats))
        uses = np.bincount(np.concatenate([self.slots[self.slots >= 0], self.ends]), minlength=self.count + self.size)
        loops = []
        for repeat in repeats:
            found = self.alike(repeat, uses)
            if found is not None:
                loops.append(found)
        if not loops or 2 * sum([one.turns * one.period for one in loops]) < self.size:
            return None
        return self.made_anew(loops)

    def place_of(self, position: int) -> int:
        """The position that one of the tape has now."""
        return position if position < self.count else int(self.places[position - self.count]) + self.count

    def node(self, number: int) -> Any:
        """The node of an operation as it was recorded."""
        return self.line.nodes[self.originals[number]]

    def operands(self, start: int, period: int, turns: int) -> Any:
        """The operand slots of so many turns, one turn a row."""
        first, width = self.starts[start], self.starts[start + period] - self.starts[start]
        return self.slots[first : first + turns * width].reshape(turns, width)

    def owners(self, start: int, period: int) -> Any:
        """For each operand slot of a turn the operation that it is of."""
        counts = np.diff(self.starts[start : start + period + 1])
        return np.repeat(np.arange(period), counts)

    def in_phase(self, repeats: list[Repeat]) -> list[Repeat]:
        """The repeats with turns that begin where least is carried."""
        found: list[Repeat] = []
        for start, period, stop in repeats:
            if found:
                start += -((start - found[-1].end) // period) * period if start < found[-1].end else 0
            turns = (stop - start) // period
            if turns < FEWEST:
                continue
            middle = start + period * (turns // 2)
            slots = self.operands(middle, period, 1)[0] - self.count - middle
            # Each place that a turn could begin at lies between some operands and their users.
            crossed = np.zeros(period + 1, np.int64)
            for operand, owner in zip(slots.tolist(), self.owners(start, period).tolist(), strict=True):
                if not owner - period <= operand < owner:
                    continue
                if operand < 0:
                    crossed[operand + period + 1] += 1
                    crossed[period] -= 1
                crossed[max(operand + 1, 0)] += 1
                crossed[owner + 1] -= 1
            found.append(Repeat(start + int(np.argmin(np.cumsum(crossed[:period]))), period, stop))
        return found

    def joined(self, repeats: list[Repeat]) -> list[Repeat]:
        """The repeats, those whose turns go on with what the turns of the one before them gave taken into that."""
        found: list[Repeat] = []
        for repeat in repeats:
            made = self.taken_in(found[-1], repeat) if found else None
            if made is None:
                found.append(repeat)
            else:
                found[-1] = made
        return found

    def taken_in(self, first: Repeat, second: Repeat) -> Repeat | None:
        """One repeat of two, if each turn of the second uses results of one turn of the first.

        The operations change places. Shares of adjoints come in the same order as before: no operand from outside is
        used by both, and turns of the first one do not use each other.
        """
        if first.end != second.start:
            return None
        begin = self.count + first.start
        slots = self.operands(second.start, second.period, second.turns)
        inside = (slots >= begin) & (slots < self.count + first.end)
        going_on = np.flatnonzero(inside.any(1))
        if len(going_on) < FEWEST:
            return None
        # Behind what goes on with the turns, the same operation may have been done on something else.
        second = second._replace(stop=second.start + (int(going_on[-1]) + 1) * second.period)
        slots, inside = slots[: second.turns], inside[: second.turns]
        used = (slots - begin) // first.period
        skipped = int(used[-1][inside[-1]].max()) - second.turns + 1
        # The first turn may begin a sum of the turns before it, which stay where they are.
        aligned = used == skipped + np.arange(second.turns)[:, None]
        aligned[0] |= used[0] <= skipped
        if second.turns != first.turns - skipped or not np.all(aligned | ~inside):
            return None
        before = self.operands(first.start, first.period, first.turns)
        if np.any((before >= begin) & (before < begin + first.period * np.arange(first.turns)[:, None])):
            return None
        if np.any(self.used_from_before(before, begin) & self.used_from_before(slots, begin)):
            return None
        turns = second.turns
        start = first.start + skipped * first.period
        of_first = np.arange(start, first.end, dtype=np.int32).reshape(turns, first.period)
        of_second = np.arange(second.start, second.end, dtype=np.int32).reshape(turns, second.period)
        self.reorder(start, np.concatenate([of_first, of_second], 1).ravel())
        period = first.period + second.period
        return Repeat(start, period, start + period * turns)

    def used_from_before(self, slots: Any, begin: int) -> Any:
        """Whether each node that was made before this position, or each of the others, is among operands."""
        used = np.zeros(len(self.varying), bool)
        used[slots[slots < begin]] = True
        return used & self.varying

    def reorder(self, start: int, order: Any) -> None:
        """Take the operations from `start` on in another order, in which they can be computed."""
        stop = start + len(order)
        place = np.arange(self.size, dtype=np.int32)
        place[order] = np.arange(start, stop, dtype=np.int32)
        # For each slot what it is then; negative ones are counted from behind, and stay.
        now = np.arange(len(self.varying), dtype=np.int32)
        now[self.count : self.count + self.size] = place + np.int32(self.count)
        now[self.count + self.size :] -= len(now)
        first, last = self.starts[start], self.starts[stop]
        begins = self.starts[order]
        widths = self.starts[order + 1] - begins
        ends = first + np.cumsum(widths, dtype=np.int32)
        moved = np.repeat(begins - ends + widths, widths)
        moved += np.arange(first, last, dtype=np.int32)
        self.slots[first:last] = self.slots[moved]
        self.starts[start + 1 : stop + 1] = ends
        self.slots[:] = now[self.slots]
        self.ends = now[self.ends]
        self.codes[start:stop] = self.codes[order]
        self.places = place[self.places]
        self.originals = np.concatenate([self.originals[:start], self.originals[order], self.originals[stop:]])

    def alike(self, repeat: Repeat, uses: Any) -> Turns | None:
        """The loop that a repeat is, or the longest part of it that is one; None if it does not pay."""
        start, period, turns = repeat.start, repeat.period, repeat.turns
        for _ in range(TRIES):
            if turns < FEWEST:
                return None
            slots = self.operands(start, period, turns)
            begin = self.count + start
            offsets = slots - (begin + period * np.arange(turns))[:, None]
            middle = turns // 2
            repeats = slots[middle] >= begin
            if np.any(repeats & (offsets[middle] < -period)):
                # From turns before the last one: of several turns made one, the last one is enough.
                factor = math.ceil(-int(offsets[middle][repeats].min()) / period)
                if turns // factor < FEWEST:
                    return None
                period, turns = period * factor, turns // factor
                continue
            bad = np.where(repeats, offsets != offsets[middle], slots >= begin)
            # What is carried to the first turn is anything from before it.
            bad[0] &= ~(repeats & (offsets[middle] < 0) & (slots[0] < begin))
            places = np.flatnonzero(bad.any(1))
            if len(places):
                low = int(max([place + 1 for place in places.tolist() if place < middle], default=0))
                high = int(min([place for place in places.tolist() if place >= middle], default=turns))
                start, turns = start + low * period, high - low
                continue
            found = self.taken_apart(start, period, turns, slots, offsets[middle], repeats, uses)
            if found is not None:
                if self.anyhow or self.pays_in_blocks(found):
                    return found
                factor = min(math.ceil(LONG_TURN / period), turns // FEWEST)
                if factor > 1:
                    period, turns = period * factor, turns // factor
                    continue
                return found if self.pays(found) else None
            # The first turn may be another one than all others.
            start, turns = start + period, turns - 1
        return None

    def taken_apart(
        self, start: int, period: int, turns: int, slots: Any, offsets: Any, repeats: Any, uses: Any
    ) -> Turns | None:
        """The loop of turns whose operands repeat; None if derivatives would be summed up in another order."""
        owners = self.owners(start, period).tolist()
        inputs: list[tuple[int, int]] = []
        carried: dict[tuple[int, int], int] = {}
        shared: dict[int, int] = {}
        columns: list[Any] = []
        data: list[Any] = []
        within, onward = np.zeros(period, np.int64), np.zeros(period, np.int64)
        first_uses: dict[int, int] = {}
        same = (slots == slots[0]).all(0)
        for place, owner in enumerate(owners):
            offset = int(offsets[place])
            entries = slots[:, place]
            first = int(entries[0])
            if repeats[place] and offset >= 0:
                inputs.append((INSIDE, offset))
                within[offset] += 1
            elif repeats[place]:
                made = offset + period
                inputs.append((CARRIED, carried.setdefault((made, first), len(carried))))
                onward[made] += 1
                first_uses[first] = first_uses.get(first, 0) + 1
            elif same[place]:
                if self.is_varying(first):
                    inputs.append((SHARED, shared.setdefault(first, len(shared))))
                else:
                    inputs.append((CONSTANT, first))
            else:
                vary = self.varying[entries]
                behind = place > 0 and owner == owners[place - 1]
                if not np.all(vary) and constants_differ(self.primitive(start + owner), behind):
                    return None
                if np.any(vary):
                    inputs.append((COLUMN, len(columns)))
                    columns.append(entries)
                else:
                    inputs.append((DATUM, len(data)))
                    data.append(entries)
        mine = uses[self.count + start : self.count + start + period * turns].reshape(turns, period) - within
        mine[: turns - 1] -= onward
        stacked = np.flatnonzero((mine[: turns - 1] > 0).any(0) | ((mine[turns - 1] > 0) & (onward == 0)))
        begins = [first for _, first in carried if self.is_varying(first)]
        outside = [first for first in begins if uses[first] != first_uses[first]] if begins else []
        in_columns = np.unique(np.concatenate(columns)) if columns else np.zeros(0, np.int64)
        # Adjoints are summed up in the recorded order only if their shares don't come from here and there.
        if len({made for made, _ in carried}) < len(carried):
            return None
        if len(set(begins)) < len(begins) or any([onward[made] > 1 for made in stacked.tolist()]):
            return None
        if any([first in shared or first in in_columns for first in begins]):
            return None
        if any([first_uses[first] > 1 for first in outside]):
            return None
        if np.any(np.isin(in_columns, list(shared))):
            return None
        return Turns(start, period, turns, inputs, list(carried), list(shared), columns, data, stacked.tolist())

    def primitive(self, number: int) -> Any:
        """The primitive of an operation."""
        return self.line.primitives[self.codes[number]]

    def is_varying(self, slot: int) -> bool:
        """Whether an operand is a node that varies."""
        return bool(self.varying[slot])

    def pays_in_blocks(self, found: Turns) -> bool:
        """Whether a loop is faster than its turns written out, for they need not wait for each other."""
        operands = OPERAND * (len(found.columns) + len(found.stacked))
        if found.period < TURN_IN_BLOCKS + operands or found.turns < FEWEST_TURNS or self.is_mostly_the_same(found):
            return False
        return sums_apart(self.body(found), len(found.carried)) is not None

    def pays(self, found: Turns) -> bool:
        """Whether a loop of turns that wait for each other pays."""
        operands = OPERAND * (len(found.columns) + len(found.stacked))
        if self.is_mostly_the_same(found):
            return False
        return found.period >= SINGLE_TURN + operands

    def is_mostly_the_same(self, found: Turns) -> bool:
        """Whether half of the operations of a turn, or more, give the same in each: they are differentiated once."""
        owners = self.owners(found.start, found.period).tolist()
        same = [True] * found.period
        for owner, (kind, number) in zip(owners, found.inputs, strict=True):
            same[owner] = same[owner] and (kind in (CONSTANT, SHARED) or (kind == INSIDE and same[number]))
        return 2 * same.count(True) >= found.period

    def body(self, found: Turns) -> Program:
        """The program of a turn: of what is carried, then data, columns and what is shared."""
        counts = (len(found.carried), len(found.data), len(found.columns), len(found.shared))
        first_of = {CARRIED: 0, DATUM: counts[0], COLUMN: sum(counts[:2]), SHARED: sum(counts[:3])}
        inputs = sum(counts)
        constants: dict[int, int] = {}
        for kind, number in found.inputs:
            if kind == CONSTANT:
                constants.setdefault(number, inputs + len(constants))
        first = inputs + len(constants)
        operands = []
        for kind, number in found.inputs:
            if kind == INSIDE:
                operands.append(first + number)
            else:
                operands.append(constants[number] if kind == CONSTANT else first_of[kind] + number)
        names: dict[str, int] = {}
        used = [self.line.primitives[code].name for code in self.codes[found.start : found.start + found.period]]
        codes = [names.setdefault(name, len(names)) for name in used]
        starts = (self.starts[found.start : found.start + found.period + 1] - self.starts[found.start]).tolist()
        outputs = [first + made for made, _ in found.carried] + [first + made for made in found.stacked]
        numbers = [self.line.others[-1 - number] for number in constants]
        return Program(inputs, numbers, list(names), codes, starts, operands, outputs)

    def made_anew(self, loops: list[Turns]) -> list[Any] | None:
        """The nodes of all positions, those from the first loop on made anew; None if a loop is not what it was.

        All behind it are, since adjoints are summed up in the order in which nodes were made.
        """
        first = loops[0].start
        now: list[Any] = [None] * (self.count + self.size)
        now[: self.count] = self.arguments
        now[self.count : self.count + first] = [self.node(number) for number in range(first)]
        calls: dict[int, list[int]] = {}
        for number in np.flatnonzero(self.codes < 0).tolist():
            if isinstance(self.node(number), Output):
                calls.setdefault(int(self.slots[self.starts[number]]), []).append(number)
        number = first
        waiting = list(reversed(loops))
        while number < self.size:
            if waiting and number == waiting[-1].start:
                found = waiting.pop()
                if not self.make_loop(found, now):
                    return None
                number = found.stop
                continue
            node = self.node(number)
            if not isinstance(node, Output):
                used = self.slots[self.starts[number] : self.starts[number + 1]].tolist()
                operands = tuple([self.operand(slot, now) for slot in used])
                if isinstance(node, Call):
                    self.make_results(node, operands, calls.get(self.count + number, ()), now)
                else:
                    now[self.count + number] = repeated(node, operands)
            number += 1
        return now

    def operand(self, slot: int, now: list[Any]) -> Any:
        """An operand as it is now."""
        return now[slot] if slot >= 0 else self.line.others[-1 - slot]

    def make_results(self, call: Call, operands: tuple[Any, ...], numbers: Sequence[int], now: list[Any]) -> None:
        """The results of an operation that has several; those of these numbers are used."""
        operation: Any = call.op
        values = doubles(call._count)
        places = [self.node(number)._place for number in numbers]
        for number, place in zip(numbers, places, strict=True):
            values[place] = value_of(self.node(number))
        results = record_results(operation, operands, values, places)
        for number, result in zip(numbers, results, strict=True):
            now[self.count + number] = result

    def make_loop(self, found: Turns, now: list[Any]) -> bool:
        """Put the results of a loop in place of what its turns gave; whether they are the same to the bit."""
        count, size = found.turns, len(found.stacked)
        loop, slots = self.loop(found)
        operands = [self.operand(slot, now) for slot in slots]
        last = found.start + found.period * (count - 1)
        numbers = [last + made for made, _ in found.carried]
        numbers += [found.start + found.period * turn + made for turn in range(count) for made in found.stacked]
        values = array("d", [value_of(self.node(number)) for number in numbers])
        computed = loop.run([value_of(operand) for operand in operands], False)[0]
        if not np.array_equal(bits_of(values), bits_of(computed)):
            return False
        results = record_results(loop, tuple(operands), values)
        for number, result in zip(numbers, results, strict=True):
            now[self.count + number] = result
        return len(results) == len(found.carried) + size * count

    def loop(self, found: Turns) -> tuple[Loop, list[int]]:
        """The operation, and the slots of its operands."""
        count, carried, taken, size = found.turns, len(found.carried), len(found.shared), len(found.stacked)
        rows = len(found.columns)
        begin = carried + taken
        # The operands of the last turn come first, and in a turn those of the last operation, as adjoints do.
        owners = self.owners(found.start, found.period).tolist()
        owner_of = [owner for owner, (kind, _) in zip(owners, found.inputs, strict=True) if kind == COLUMN]
        order = sorted(range(rows), key=lambda number: -owner_of[number])
        columns = [Column(begin + (count - 1) * rows + order.index(number), -rows) for number in range(rows)]
        reads = [Source(DATA, number * count, 1) for number in range(len(found.data))]
        reads += [Source(OPERANDS, *column) for column in columns]
        reads += [Source(OPERANDS, carried + place, 0) for place in range(taken)]
        program = self.body(found)
        way = Way(0, Traced(program, Structure(tuple, []), [], array("d"), Trace()), [], False, array("d"), None, -1)
        outs = [Out(0, place, place, 0) for place in range(carried)]
        outs += [Out(0, place, carried + place, size) for place in range(size)]
        others = self.line.others
        data = [others[place] for entries in found.data for place in (-1 - entries).tolist()]
        form = Form(
            count,
            0,
            [way],
            [Pass(False, [Start(place) for place in range(carried)], reads, size, program_of)],
            [*[Column(place, 0) for place in range(begin)], *columns],
            outs,
            begin + rows * count,
            carried + size * count,
            array("d", data),
            range(carried, begin),
        )
        slots = [first for _, first in found.carried] + found.shared
        if rows:
            slots += np.stack([found.columns[number] for number in order], 1)[::-1].ravel().tolist()
        return Loop("for", form), slots


def constants_differ(primitive: Any, behind: bool) -> bool:
    """Whether a constant operand is not as good as a number of data; `behind` says that it is not the first."""
    return primitive in CHOOSE or (primitive is Power and behind)


def program_of(way: Way) -> Program:
    """The program of a way as it was recorded."""
    return way.program


def bits_of(numbers: Any) -> Any:
    """The bits of numbers; all nans are one."""
    given = np.array(numbers)
    return np.where(np.isnan(given), np.nan, given).view(np.int64)
