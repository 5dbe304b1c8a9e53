"""Where a recorded line of operations repeats itself: the search for periods, in linear time.

An operation's *code* says what it does and on how many operands, not on which. Operations whose next eight codes were
met before suggest a period, the distance from there; it is extended as long as the codes repeat (tandem repeats: Main
and Lorentz, Journal of Algorithms 5, 1984). Whether the operands repeat as well is looked at by those who ask.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd.numbers.arrays import integers
from autograd.transforms.tape import Tape

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

__all__ = ["FEWEST", "Line", "Repeat", "repeats_in"]

# Codes that an operation is recognised by, its own and those behind it.
WINDOW = 8
# The fewest turns of a loop that is looked for, and the fewest operations of all of them.
FEWEST = 8
FEWEST_OPERATIONS = 64
# Steps of the search for each operation, beyond which it is given up.
MOST_STEPS = 40


class Repeat(NamedTuple):
    """Operations from `start` to `stop` whose codes are the same every `period`."""

    start: int
    period: int
    stop: int

    @property
    def turns(self) -> int:
        """How often they are all there."""
        return (self.stop - self.start) // self.period

    @property
    def end(self) -> int:
        """The operation behind those."""
        return self.start + self.turns * self.period


@cython.final
@cython.cclass
class Line:
    """The operations on a whole tape in flat arrays.

    Operation k has `codes[k]`, negative for what is not to be repeated: operations with several results, and those of
    users. Its operands are `slots[starts[k]:starts[k + 1]]`, and `primitives` has the one of each code: see `Tape`.
    """

    def __init__(self, tape: Tape) -> None:
        self.nodes = tape.nodes
        self.count = tape.count
        numbering = tape.numbering
        self.primitives, self.others, self.node_places = numbering.primitives, numbering.others, numbering.node_places
        # Of its own: those who look for loops put operations in another order.
        self.codes, self.starts, self.slots = tape.codes[:], tape.starts[:], tape.operands[:]
        self.read()

    def read(self) -> None:
        """Find the codes that are not to be repeated."""
        codes = ints_in(self.codes)
        repeat = bytes([primitive.built_in for primitive in self.primitives])
        for number in range(len(self.nodes)):
            if not repeat[codes[number]]:
                codes[number] = -1 - number

    def additions(self, adds: bytes, goes_on: bytes, once: bytes) -> Any:
        """For each position how many additions its operation adds up, of operands that are used `once`.

        `goes_on` has a 1 for each code whose operations add up or scale, `adds` for those that add.
        """
        counts = integers(self.count + len(self.nodes))
        counted = ints_in(counts)
        codes, starts, slots = ints_in(self.codes), ints_in(self.starts), ints_in(self.slots)
        for number in range(len(self.nodes)):
            code = codes[number]
            if code < 0 or not goes_on[code]:
                continue
            size = 1 if adds[code] else 0
            for entry in range(starts[number], starts[number + 1]):
                operand = slots[entry]
                if operand >= self.count and once[operand]:
                    size += counted[operand]
            counted[self.count + number] = size
        return counts


def distances_to_next(codes: Any) -> Any:
    """For each operation the distance to the next one that has the same codes behind it; 0 for none.

    Some are missed, or wrong, where two windows share their place in a table: what is found is looked at.
    """
    size = len(codes)
    found = integers(size)
    distance, code = ints_in(found), ints_in(codes)
    bits = 10
    while 1 << bits < 2 * size:
        bits += 1
    table = integers(1 << bits, -1)
    last = ints_in(table)
    mask = (1 << bits) - 1
    for number in range(size - WINDOW, -1, -1):
        mixed = 0
        for place in range(WINDOW):
            mixed = mixed * 1000003 + code[number + place] + 7
        mixed = (mixed ^ (mixed >> 17)) & mask
        if last[mixed] >= 0:
            distance[number] = last[mixed] - number
        last[mixed] = number
    return found


@cython.final
@cython.cclass
class Search:
    """A search for repeats in the codes of a line."""

    def __init__(self, codes: Any) -> None:
        self.codes = codes
        self.size = len(codes)
        self.next = distances_to_next(codes)
        self.steps = 0
        self.limit = MOST_STEPS * self.size

    def stop_of(self, start: int, period: int) -> int:
        """The end of the operations from `start` on whose codes are those of one period before, or after."""
        codes = ints_in(self.codes)
        end = start + period
        while end < self.size and codes[end] == codes[end - period]:
            end += 1
        self.steps += end - start - period + 1
        return end

    def start_of(self, start: int, period: int, floor: int) -> int:
        """The first operation before `start` from which on codes repeat."""
        codes = ints_in(self.codes)
        begin = start
        while begin > floor and codes[begin - 1] == codes[begin - 1 + period]:
            begin -= 1
        self.steps += start - begin
        return begin

    def all(self) -> list[Repeat]:
        """All repeats, from the first operation on; of those within others, the longer ones."""
        distance = ints_in(self.next)
        found: list[Repeat] = []
        fewest, fewest_operations = FEWEST, FEWEST_OPERATIONS
        floor = number = 0
        while number < self.size and self.steps < self.limit:
            period = distance[number]
            if period == 0:
                number += 1
                continue
            stop = self.stop_of(number, period)
            if stop - number < fewest * period or stop - number < fewest_operations:
                # Those behind suggest the same period as long as it lasts.
                number += 1
                while number + period < stop and distance[number] == period:
                    number += 1
                continue
            start = self.start_of(number, period, floor)
            start, period, stop = self.widest(start, period, stop, floor)
            found.append(Repeat(start, period, stop))
            floor = number = found[len(found) - 1].end
        return found

    def widest(self, start: int, period: int, stop: int, floor: int) -> tuple[int, int, int]:
        """The repeat itself, or one that it is a part of the turns of."""
        distance = ints_in(self.next)
        again = True
        while again and self.steps < self.limit:
            again = False
            # The end of what repeats is met again where all of it is.
            for number in range(max(stop - WINDOW + 1, start), min(stop + 1, self.size)):
                wider = distance[number]
                if wider <= period:
                    continue
                end = self.stop_of(number, wider)
                if end - number < (FEWEST - 1) * wider:
                    continue
                begin = self.start_of(number, wider, floor)
                if end - begin >= FEWEST * wider and end - begin > stop - start:
                    start, period, stop, again = begin, wider, end, True
                    break
        return start, period, stop


def repeats_in(codes: Any) -> list[Repeat]:
    """The repeats in the codes of a line, in their order, without overlaps."""
    return Search(codes).all()
