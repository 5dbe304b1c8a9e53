"""Turns of a loop in blocks of rows: where a pass carries only sums, its turns need not wait for each other.

All that a turn computes but its sums is done for 64 turns at once, as for the rows of a mapped function. Then the sums
are added up in the order of the turns, share by share: the bits are those of one turn after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.numbers.arrays import doubles, integers
from autograd.operations.primitives import Minus, Negate, Plus
from autograd.program.builder import Builder
from autograd.program.machine.columns import Columns
from autograd.program.machine.machine import Machine, Rows, Workspace
from autograd.program.machine.turns import NUMBERS, Source
from autograd.program.program import Program

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import doubles_in, ints_in
    from autograd.program.machine.turns import look_for_signals

__all__ = ["FEWEST_TURNS", "Apart", "TurnBlocks", "sums_apart"]

# To set the blocks up takes as long as about so many turns one by one.
FEWEST_TURNS = 128
# Between two looks for Ctrl-C.
MANY_TURNS = 65_536


class Apart(NamedTuple):
    """A turn without its sums: a program of the same inputs, whose outputs are the shares and then the others.

    `shares` counts those of each carried number; one that has none is the same in all turns.
    """

    program: Program
    shares: list[int]


def sums_apart(program: Program, carried: int) -> Apart | None:
    """The program of a turn without the sums that it carries; None if it carries anything else, or calls back."""
    if program.guards or program.externals:
        return None
    operations = list(program)
    uses = [0] * program.size
    user = [-1] * program.size
    for number, operation in enumerate(operations):
        for operand in operation.operands:
            uses[operand] += 1
            user[operand] = number
    for output in program.outputs:
        uses[output] += 1
    taken: set[int] = set()
    shares: list[list[tuple[int, bool]]] = []
    for place in range(carried):
        found: list[tuple[int, bool]] = []
        shares.append(found)
        value, end = place, program.outputs[place]
        while value != end:
            if uses[value] != 1 or user[value] < 0:
                return None
            result, primitive, operands = operations[user[value]]
            if primitive is Plus:
                found.append((operands[1] if operands[0] == value else operands[0], False))
            elif primitive is Minus and operands[0] == value:
                found.append((operands[1], True))
            else:
                return None
            taken.add(result)
            value = result
        if found and uses[value] != 1:
            return None
    # Equal operations are done once: this is run, not differentiated.
    builder = Builder(program.inputs, for_derivatives=True)
    number_of = [*range(program.inputs), *[builder.constant(constant) for constant in program.constants]]
    for result, primitive, operands in operations:
        used = tuple([number_of[operand] for operand in operands])
        number_of.append(-1 if result in taken else builder.emit(primitive, used))
    outputs = []
    for share, negative in [one for several in shares for one in several]:
        outputs.append(builder.emit(Negate, (number_of[share],)) if negative else number_of[share])
    outputs += [number_of[output] for output in program.outputs[carried:]]
    made = builder.program(outputs)
    return Apart(made, [len(several) for several in shares])


@cython.final
@cython.cclass
class TurnBlocks:
    """The turns of a pass in blocks, or of several at once; it is used by one run at a time.

    `reverse` has a 1 for each carried number that the last turn is the first to add to.
    `reads` are those of a turn; `targets` has of its outputs that are not carried the place, and where it goes among
    the results of the loop: offset and stride.
    """

    def __init__(
        self,
        apart: Apart,
        machine: Machine,
        reverse: bytes,
        reads: Sequence[Source],
        targets: Sequence[tuple[int, int, int]],
    ) -> None:
        self.machine = machine
        self.workspace = Workspace(machine)
        self.reverse = reverse
        self.carried = len(apart.shares)
        self.reads = list(reads)
        self.targets = list(targets)
        self.share_count = sum(apart.shares)
        self.size = len(apart.program.outputs) - self.share_count
        self.share_stops = integers(self.carried)
        end = 0
        for place, count in enumerate(apart.shares):
            end += count
            self.share_stops[place] = end
        self.length = -1

    @staticmethod
    def machine_of(apart: Apart, reads: Sequence[Source]) -> Machine:
        """A machine for the turns of a pass that reads this."""
        carried = len(apart.shares)
        return Machine(apart.program, bytes(carried) + bytes([source.stride != 0 for source in reads]))

    def make_room(self, length: int) -> None:
        """Make room for so many turns."""
        import numpy

        if self.length != length:
            self.length = length
            self.shares = doubles(self.share_count * length)
            self.failed = numpy.empty(length, numpy.int32)
            self.numbers = numpy.arange(length, dtype=numpy.float64)

    def run(self, inputs: Any, memories: Sequence[Any], length: int, results: Any, record: Any) -> None:
        """Run all turns, and leave in `inputs` what is carried out of the last one.

        `memories` are those that a turn reads; `record` is empty, or gets what each turn was given and gave.
        """
        import numpy

        self.make_room(length)
        width = self.carried + self.size
        arrays: dict[int, Any] = {}
        sources: list[Any] = []
        for place, (memory, offset, stride) in enumerate(self.reads, self.carried):
            if memory == NUMBERS:
                if stride == 0:
                    inputs[place] = offset
                else:
                    sources.append(
                        (self.numbers if (offset, stride) == (0, 1) else offset + stride * self.numbers, 0, 1)
                    )
            elif stride == 0:
                inputs[place] = memories[memory][offset]
            else:
                if memory not in arrays:
                    arrays[memory] = numpy.frombuffer(memories[memory])
                sources.append((arrays[memory], offset, stride))
        recorded = len(record) > 0
        known: Any = numpy.frombuffer(record) if recorded else None
        given: Any = numpy.frombuffer(results) if self.targets else None
        shares = numpy.frombuffer(self.shares) if self.share_count else None
        places: list[Any] = [(shares, share * length, 1) for share in range(self.share_count)]
        first_targets: dict[int, Any] = {}
        copied = []
        for place, offset, stride in self.targets:
            if recorded or place in first_targets:
                copied.append((place, offset, stride))
            else:
                first_targets[place] = (given, offset, stride)
        for place in range(self.size):
            if recorded:
                places.append((known, self.carried + place, width))
            else:
                places.append(first_targets.get(place) or (self.scratch(), 0, 1))
        rows = Rows(Columns(sources, False), None, self.failed, Columns(places, True))
        self.machine.prepare(inputs)
        for start in range(0, length, MANY_TURNS):
            look_for_signals()
            self.workspace.run(rows, start, min(start + MANY_TURNS, length))
        for place, offset, stride in copied:
            source, begin, step = places[self.share_count + place]
            given[offset : offset + stride * length : stride] = source[begin : begin + step * length : step]
        self.add_up(inputs, record, width)

    def scratch(self) -> Any:
        """Memory for numbers that nobody needs."""
        import numpy

        return numpy.empty(self.length)

    def add_up(self, ends: Any, record: Any, width: int) -> None:
        """Add the shares of all turns to what is carried, which the record gets as it comes to each turn."""
        stops = ints_in(self.share_stops)
        ways = self.reverse
        place = start = 0
        while place < self.carried:
            stop = stops[place]
            together = 0
            while (
                together < 4
                and place + together < self.carried
                and stops[place + together] == start + together + 1
                and ways[place + together] == ways[place]
            ):
                together += 1
            if stop == start:
                self.note(ends, record, width, place)
                place += 1
            elif together > 1:
                self.add_several(ends, record, width, place, start, together)
                stop = start + together
                place += together
            else:
                self.add_one(ends, record, width, place, start, stop)
                place += 1
            start = stop

    def note(self, ends: Any, record: Any, width: int, place: int) -> None:
        """Note a carried number that stays as it is."""
        if len(record) > 0:
            known, number = doubles_in(record), doubles_in(ends)[place]
            for turn in range(self.length):
                known[width * turn + place] = number

    def add_one(self, ends: Any, record: Any, width: int, place: int, start: int, stop: int) -> None:
        """Add the shares from `start` to `stop` of all turns to one carried number."""
        shares, known = doubles_in(self.shares), doubles_in(record)
        recorded = len(record) > 0
        length, reverse = self.length, self.reverse[place] != 0
        total = doubles_in(ends)[place]
        for done in range(length):
            turn = length - 1 - done if reverse else done
            if recorded:
                known[width * turn + place] = total
            for share in range(start, stop):
                total += shares[share * length + turn]
        doubles_in(ends)[place] = total

    def add_several(self, ends: Any, record: Any, width: int, place: int, start: int, count: int) -> None:
        """Add one share each to 2, 3 or 4 carried numbers: an addition waits for the last one to the same alone."""
        shares, known = doubles_in(self.shares), doubles_in(record)
        recorded = len(record) > 0
        length, reverse = self.length, self.reverse[place] != 0
        total = doubles_in(ends)
        # Of fewer than four, the last one is added up more than once.
        first, second = total[place], total[place + 1]
        third, fourth = total[place + min(2, count - 1)], total[place + count - 1]
        base = start * length
        of_third, of_fourth = base + min(2, count - 1) * length, base + (count - 1) * length
        for done in range(length):
            turn = length - 1 - done if reverse else done
            if recorded:
                known[width * turn + place] = first
                known[width * turn + place + 1] = second
                if count > 2:
                    known[width * turn + place + 2] = third
                if count > 3:
                    known[width * turn + place + 3] = fourth
            first += shares[base + turn]
            second += shares[base + length + turn]
            third += shares[of_third + turn]
            fourth += shares[of_fourth + turn]
        total[place], total[place + 1] = first, second
        if count > 2:
            total[place + 2] = third
        if count > 3:
            total[place + 3] = fourth
