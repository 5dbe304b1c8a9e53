"""The turns of a loop: machines of its body run again and again, in one or more passes over the turns.

A pass carries numbers from turn to turn. Besides these, a turn reads numbers of the loop's operands, and of the records
that earlier passes made of the same turn: what was carried to it, and what came out of it. So the way back through a
loop is a pass against the turns that reads the record of the way there. Where the body decides, the first pass finds
the way that each turn takes, and the others follow it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.numbers.arrays import doubles, integers, unset_doubles
from autograd.program.machine.machine import Machine

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import doubles_in, ints_in

__all__ = ["DATA", "NUMBERS", "OPERANDS", "RECORDS", "Source", "Start", "Track", "Turns"]

# The memories that a turn reads: a number that grows by the same in each turn, the loop's operands, numbers that are
# the same in each run of it, and from the last of these on the records of its passes.
if not cython.compiled:
    NUMBERS, OPERANDS, DATA, RECORDS = 0, 1, 2, 3
    # Python looks for Ctrl-C each time that so many turns are done.
    OFTEN = 4096
# Fewer numbers are copied one by one in less time than one call of `memcpy` takes.
LONG = 6
# The most turns of a loop without end: as many as have numbers.
MOST = 2**31 - 1


class Source(NamedTuple):
    """Where a turn reads a number: at `offset` in a memory, and by `stride` further on for each turn."""

    memory: int
    offset: int
    stride: int


class Start(NamedTuple):
    """What a carried number begins with: an operand, and the end of one that an earlier pass carried; -1 for none."""

    operand: int
    of_pass: int = -1
    place: int = -1


@cython.final
@cython.cclass
class Track:
    """One pass over the turns, made ready to run.

    A turn takes the carried numbers, and those that it `reads`; its outputs are the carried numbers of the next turn
    and `size` others. `targets` has of these the place, and where it goes among the loop's results: offset and stride.
    The machines are found by the numbers of ways. `blocks`, if there is one, runs all turns in blocks of rows.
    """

    def __init__(
        self,
        number: int,
        reverse: bool,
        starts: Sequence[Start],
        reads: Sequence[Source],
        size: int,
        targets: Sequence[tuple[int, int, int]],
        blocks: Any = None,
    ) -> None:
        self.number = number
        self.blocks = blocks
        self.reverse = reverse
        self.carried = len(starts)
        self.width = len(starts) + size
        self.machines: list[Machine | None] = []
        self.operand_of, self.pass_of, self.place_of = [
            array("i", [start[part] for start in starts]) for part in range(3)
        ]
        # What is the same in all turns is read once, before them; numbers that lie side by side are read together. Of
        # each stretch: memory, offset, stride, its first place among the inputs, and how many numbers it has.
        stretches = stretches_of(reads, self.carried)
        stretches.sort(key=lambda stretch: stretch[2] != 0)
        self.once_count = [stretch[2] != 0 for stretch in stretches].count(False)
        self.read_count = len(stretches)
        self.stretches = array("i", [number for stretch in stretches for number in stretch])
        self.target_places, self.target_offsets, self.target_strides = [
            array("i", [target[part] for target in targets]) for part in range(3)
        ]
        self.target_count = len(targets)
        self.inputs = doubles(self.carried + len(reads))
        self.outputs = doubles(self.width)
        # What is carried out of the last turn; and, where records are made anew, into each stretch of turns.
        self.ends = doubles(self.carried)
        self.marks = doubles(0)


def stretches_of(reads: Sequence[Source], first: int) -> list[list[int]]:
    """Reads that lie side by side put together; the first one is the input at place `first`."""
    stretches: list[list[int]] = []
    for place, (memory, offset, stride) in enumerate(reads, first):
        last = stretches[len(stretches) - 1] if stretches else None
        if last is not None and memory != NUMBERS and last[:3] == [memory, offset - last[4], stride]:
            last[4] += 1
        else:
            stretches.append([memory, offset, stride, place, 1])
    return stretches


@cython.final
@cython.cclass
class Turns:
    """The passes of a loop, for one run at a time.

    `ends` has of each result that is an end of what a pass carried the pass, the place, and where it goes. `data` are
    the numbers that are the same in each run. `machine_of` gives the machine for a pass and the number of a way.
    `ways` are those through the body, of which the first is tried first, if it takes decisions: each has its
    `children`, by the guards that fail, and `stops` or goes on.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        ends: Sequence[tuple[int, int, int]],
        data: Any,
        machine_of: Callable[[int, int], Machine],
        ways: Sequence[Any],
        decides: bool,
    ) -> None:
        self.tracks = list(tracks)
        self.end_passes, self.end_places, self.end_offsets = [
            array("i", [end[part] for end in ends]) for part in range(3)
        ]
        self.end_count = len(ends)
        self.machine_of = machine_of
        self.all_ways = list(ways)
        # For each way whether it ends the loop, and the numbers of those that branch off at its guards, -1 for none:
        # to ask the ways themselves takes longer than a turn.
        self.last = array("i", [way.stops for way in ways])
        self.first_child = integers(len(ways))
        children: list[int] = []
        for number, way in enumerate(ways):
            self.first_child[number] = len(children)
            branches = [way.children.get(guard) for guard in range(len(way.program.guards))]
            children += [-1 if one is None or one.number >= len(ways) else one.number for one in branches]
        self.children = array("i", children)
        for track in self.tracks:
            track.machines.extend([None] * len(ways))
        self.decides = decides
        # The number of each turn's way.
        self.ways = integers(0)
        self.data = data
        self.operands = self.results = data
        self.records = [doubles(0) for _ in tracks]
        # The first turn that each memory has a record of, times the numbers of a turn.
        self.shifts = array("q", bytes(8 * (RECORDS + len(self.tracks))))
        self.tables = array("q", bytes(8 * (RECORDS + len(self.tracks))))
        self.length = 0
        # Where a turn takes a way that is not known: the last one tried, its guard that failed, the turn's numbers.
        self.missing: Any = None

    def run(self, operands: Any, results: Any, length: int, segment: int, first: int, recorded: bytes) -> int:
        """Run the passes from `first` on, of which some are `recorded`; the number of turns.

        It is `length`, or if that is negative, as many as there are until a way stops. With a `segment`, records are
        made anew for so many turns at a time. -1 if a turn takes a way that is not known.
        """
        self.operands, self.results = operands, results
        self.missing = None
        if first == 0:
            self.length = length
        if self.decides and first == 0:
            self.ways = integers(max(length, 0))
        for number in range(first, len(self.tracks)):
            track = cython.cast(Track, self.tracks[number])
            self.begin(track)
            if track.blocks is not None:
                self.record(number, recorded[number] != 0, 0, self.length)
                memories = [None, self.operands, self.data, *self.records]
                track.blocks.run(track.inputs, memories, self.length, results, self.records[number])
                done = self.length
            elif segment == 0:
                self.record(number, recorded[number] != 0, 0, max(self.length, 0))
                done = self.run_turns(track, 0, self.length, recorded[number] != 0, False)
            else:
                done = self.run_segments(track, segment)
            if done < 0:
                return -1
            if self.length < 0:
                self.length = done
            track.ends[:] = track.inputs[: track.carried]
        given = doubles_in(self.results)
        for place in range(self.end_count):
            track = cython.cast(Track, self.tracks[self.end_passes[place]])
            given[self.end_offsets[place]] = track.ends[self.end_places[place]]
        return self.length

    def begin(self, track: Track) -> None:
        """Take what the pass carries into its first turn."""
        operand_of, pass_of, place_of = ints_in(track.operand_of), ints_in(track.pass_of), ints_in(track.place_of)
        operands, inputs = doubles_in(self.operands), doubles_in(track.inputs)
        for place in range(track.carried):
            if pass_of[place] < 0:
                inputs[place] = operands[operand_of[place]]
                continue
            ends = doubles_in(cython.cast(Track, self.tracks[pass_of[place]]).ends)
            inputs[place] = ends[place_of[place]]
            if operand_of[place] >= 0:
                inputs[place] = operands[operand_of[place]] + inputs[place]

    def record(self, number: int, kept: bool, start: int, stop: int) -> None:
        """Make room for a pass's record of some turns."""
        width = cython.cast(Track, self.tracks[number]).width
        self.records[number] = unset_doubles(width * (stop - start) if kept else 0)
        self.shifts[RECORDS + number] = width * start

    def run_segments(self, track: Track, segment: int) -> int:
        """Run a pass over one stretch of turns after the other, before each of which the earlier ones run again."""
        count = (self.length + segment - 1) // segment
        track.marks = doubles(count * track.carried)
        for done in range(count):
            place = count - 1 - done if track.reverse else done
            start, stop = place * segment, min((place + 1) * segment, self.length)
            for number in range(track.number):
                before = cython.cast(Track, self.tracks[number])
                before.inputs[: before.carried] = before.marks[place * before.carried : (place + 1) * before.carried]
                self.record(number, True, start, stop)
                self.run_turns(before, start, stop, True, True)
            track.marks[place * track.carried : (place + 1) * track.carried] = track.inputs[: track.carried]
            if self.run_turns(track, start, stop, False, False) < 0:
                return -1
        return self.length

    def run_turns(self, track: Track, start: int, stop: int, recorded: bool, again: bool) -> int:
        """Run some turns of a pass, without end if `stop` is negative; their number, -1 if one takes an unknown way.

        If `again`, results were written before, and the ways are known.
        """
        self.point()
        chooses = self.decides and track.number == 0 and not again
        inputs, outputs = doubles_in(track.inputs), doubles_in(track.outputs)
        results = doubles_in(self.results)
        places, offsets = ints_in(track.target_places), ints_in(track.target_offsets)
        strides = ints_in(track.target_strides)
        carried, width = track.carried, track.width
        targets = 0 if again else track.target_count
        known = doubles_in(self.records[track.number])
        shift = self.shifts[RECORDS + track.number]
        ways = ints_in(self.ways)
        way = -1
        machine: Any = None
        steps: Any = None
        straight = hands_on = False
        if chooses:
            self.take(track, 0)
        elif not self.decides:
            machine = self.machine_for(track, 0)
            if cython.compiled:
                # Straight to where the machine takes them.
                inputs = cython.cast(Machine, machine).first_input()
                copy_numbers(inputs, 0, doubles_in(track.inputs), 0, carried)
                straight = cython.cast(Machine, machine).goes_straight()
                hands_on = not cython.cast(Machine, machine).not_computed.is_empty()
                steps = cython.cast(Machine, machine).before
        self.gather(track, inputs, 0, 0, track.once_count)
        count = stop - start if stop >= 0 else MOST
        for done in range(count):
            turn = stop - 1 - done if track.reverse else start + done
            if done % OFTEN == OFTEN - 1:
                look_for_signals()
            self.gather(track, inputs, turn, track.once_count, track.read_count)
            if chooses:
                failed = cython.cast(Machine, self.machine).turn(inputs, outputs)
                if failed >= 0 and not self.find(track, failed):
                    return -1
                if self.stops:
                    return done
                if stop < 0:
                    self.make_room(track, turn, recorded)
                    ways, known = ints_in(self.ways), doubles_in(self.records[track.number])
                ways[turn] = self.number
            elif straight:
                # As `turn` does, with nothing in between, which takes a third as long as a short turn.
                steps.native(
                    steps.native_registers,
                    inputs,
                    outputs,
                    NOTHING,  # type: ignore[name-defined]  # noqa: F821 - in turns.pxd
                    1,
                    steps.scratch.numbers,
                )
                if hands_on:
                    cython.cast(Machine, machine).not_computed.copy(inputs, outputs)
            else:
                if self.decides and ways[turn] != way:
                    way = ways[turn]
                    machine = self.machine_for(track, way)
                cython.cast(Machine, machine).turn(inputs, outputs)
            if recorded:
                base = width * turn - shift
                copy_numbers(known, base, inputs, 0, carried)
                copy_numbers(known, base + carried, outputs, carried, width - carried)
            for place in range(targets):
                results[offsets[place] + strides[place] * turn] = outputs[carried + places[place]]
            copy_numbers(inputs, 0, outputs, 0, carried)
        copy_numbers(doubles_in(track.inputs), 0, inputs, 0, carried)
        return count

    def make_room(self, track: Track, turn: int, recorded: bool) -> None:
        """Make room for one more turn of a loop without a known end."""
        if turn >= len(self.ways):
            self.ways = longer(self.ways, 2 * turn + 64)
            if recorded:
                self.records[track.number] = longer(self.records[track.number], (2 * turn + 64) * track.width)

    def point(self) -> None:
        """Note where the memories are."""
        if cython.compiled:
            self.point_to(OPERANDS, self.operands)
            self.point_to(DATA, self.data)
            for number in range(len(self.records)):
                self.point_to(RECORDS + number, self.records[number])

    def point_to(self, memory: int, numbers: Any) -> None:
        """Note where a memory is; only compiled."""
        addresses: Any = self.tables
        addresses.data.as_longlongs[memory] = cython.cast("long long", doubles_in(numbers))

    def gather(self, track: Track, inputs: Any, turn: int, start: int, stop: int) -> None:
        """Read some stretches of what a turn reads."""
        stretches = ints_in(track.stretches)
        for number in range(start, stop):
            memory = stretches[5 * number]
            where = stretches[5 * number + 1] + stretches[5 * number + 2] * turn
            place, count = stretches[5 * number + 3], stretches[5 * number + 4]
            if memory == NUMBERS:
                inputs[place] = where
            elif cython.compiled:
                where -= self.shifts.data.as_longlongs[memory]  # type: ignore[attr-defined]
                numbers = cython.cast("double*", self.tables.data.as_longlongs[memory])  # type: ignore[attr-defined]
                copy_numbers(inputs, place, numbers, where, count)
            else:
                memory_of = [None, self.operands, self.data, *self.records]
                copy_numbers(inputs, place, memory_of[memory], where - self.shifts[memory], count)

    def machine_for(self, track: Track, way: int) -> Machine:
        """The machine of a pass for the way of this number."""
        machine = track.machines[way]
        if machine is None:
            machine = track.machines[way] = self.machine_of(track.number, way)
        return machine

    def take(self, track: Track, way: int) -> None:
        """Go on by the way of this number."""
        self.number = way
        self.stops = ints_in(self.last)[way] != 0
        self.machine = self.machine_for(track, way)

    def find(self, track: Track, failed: int) -> bool:
        """Run a turn by the way that it takes, which is not the last turn's, of which a guard failed; whether it is
        known.
        """
        inputs, outputs = doubles_in(track.inputs), doubles_in(track.outputs)
        if self.number != 0:
            self.take(track, 0)
            failed = cython.cast(Machine, self.machine).turn(inputs, outputs)
        while failed >= 0:
            child = ints_in(self.children)[ints_in(self.first_child)[self.number] + failed]
            if child < 0:
                self.missing = (self.all_ways[self.number], failed, track.inputs[:])
                return False
            self.take(track, child)
            failed = cython.cast(Machine, self.machine).turn(inputs, outputs)
        return True

    def history(self, count: int) -> Any:
        """What the first passes left: for a loop that begins with the same, and goes on from there."""
        kept = [
            (cython.cast(Track, track).ends[:], record) for track, record in zip(self.tracks, self.records, strict=True)
        ]
        return self.length, self.ways, kept[:count]

    def go_on_from(self, history: Any) -> None:
        """Take over what the first passes of another loop left."""
        self.length, self.ways, kept = history
        for number in range(len(kept)):
            track = cython.cast(Track, self.tracks[number])
            track.ends[:] = kept[number][0]
            self.records[number] = kept[number][1]
            self.shifts[RECORDS + number] = 0


def copy_numbers(target: Any, place: int, source: Any, start: int, count: int) -> None:
    """Copy so many numbers from one memory to another."""
    if cython.compiled and count >= LONG:
        memcpy(target + place, source + start, 8 * count)  # type: ignore[name-defined]  # noqa: F821 - in turns.pxd
        return
    for number in range(count):
        target[place + number] = source[start + number]


def longer(numbers: Any, count: int) -> Any:
    """The array with room for so many numbers."""
    if count > len(numbers):
        numbers.frombytes(bytes(numbers.itemsize * (count - len(numbers))))
    return numbers


def look_for_signals() -> None:
    """Let Python handle a signal that came meanwhile, such as that of Ctrl-C."""
    if cython.compiled:
        PyErr_CheckSignals()  # type: ignore[name-defined]  # noqa: F821 - in turns.pxd
