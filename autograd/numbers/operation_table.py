"""A table of operations in which equal ones are found again, in C arrays: no object for each."""

from __future__ import annotations

from typing import Any

from autograd.numbers.arrays import integers, lengthened

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

__all__ = ["OperationTable"]

# Stands for an operation that is not there.
NONE = -1
# 2 ** 64 over the golden ratio, which spreads numbers that follow each other (Knuth, volume 3, 6.4).
SPREAD = 0x9E3779B97F4A7C15
BITS = 0xFFFFFFFFFFFFFFFF
# A hash is an int of C, and not negative.
HASH_BITS = 31
# Slots that are looked at beside the first one: with it they are a line of the processor's cache.
NEAR = 8


@cython.final
@cython.cclass
class OperationTable:
    """Operations, each a code, operands and a result, all of them ints.

    Operation k has the code `codes[k]`, the operands `operands[starts[k]:starts[k + 1]]` and the result `results[k]`.
    Those of the next one are laid behind them, one by one; then it is looked for by its hash, and kept if it is new.
    There is room for so many that are `expected`, and more is made when it is needed.

    >>> table = OperationTable()
    >>> table.lay(3)
    >>> table.lay(4)
    >>> table.find(0, table.hash(0))
    -1
    >>> table.keep(0, 17, table.hash(0))
    >>> table.lay(3)
    >>> table.lay(4)
    >>> table.find(0, table.hash(0))
    0
    """

    def __init__(self, expected: int = 32) -> None:
        self.count = 0
        self.end = 0
        # The operands that are laid for the next operation.
        self.laid = 0
        self.room = max(expected, 32)
        self.operand_room = 2 * self.room
        self.codes, self.results = integers(self.room), integers(self.room)
        self.starts = integers(self.room + 1)
        self.operands = integers(self.operand_room)
        # A hash table with open addressing, at most half full: the operation in each slot, and its hash. The first
        # slots of an operation are by its youngest operand, for most are computed soon after that: slots that are asked
        # for one after the other lie together. Those of too many operations on one value are anywhere.
        self.bits = (2 * self.room - 1).bit_length()
        self.slots = integers(2 << self.bits, NONE)

    def lay(self, operand: int) -> None:
        """Lay one more operand of the next operation."""
        if self.end + self.laid == self.operand_room:
            self.have_more_room()
        ints_in(self.operands)[self.end + self.laid] = operand
        self.laid += 1

    def have_more_room(self) -> None:
        """Make room for twice as many operands."""
        self.operand_room *= 2
        self.operands = lengthened(self.operands, self.operand_room)

    def lay_again(self, count: int, first: int, second: int, third: int) -> None:
        """Lay so many of these operands, up to three."""
        if self.end + count > self.operand_room:
            self.have_more_room()
        operands = ints_in(self.operands)
        operands[self.end] = first
        if count > 1:
            operands[self.end + 1] = second
        if count > 2:
            operands[self.end + 2] = third
        self.laid = count

    def laid_at(self, place: int) -> int:
        """An operand that was laid."""
        return int(ints_in(self.operands)[self.end + place])

    def drop(self) -> None:
        """Forget the operands that were laid."""
        self.laid = 0

    def find(self, code: int, mixed: int, commutes: bool = False) -> int:
        """The operation with this code and the operands that were laid, whose hash is `mixed`; `NONE` if not here.

        If it `commutes`, that on the two operands in the other order is as good.
        """
        if self.count == 0:
            # Nor are there slots in one that nobody initialised.
            return NONE
        slots, codes, starts, operands = (
            ints_in(self.slots), ints_in(self.codes), ints_in(self.starts), ints_in(self.operands)
        )  # fmt: skip
        slot = self.first_slot(self.end, self.laid)
        tries = 0
        while slots[2 * slot] != NONE:
            # To look at the operations is dear: they lie anywhere.
            if slots[2 * slot + 1] == mixed:
                known = slots[2 * slot]
                start = starts[known]
                if codes[known] == code and starts[known + 1] - start == self.laid:
                    place = 0
                    while place < self.laid and operands[start + place] == operands[self.end + place]:
                        place += 1
                    if place == self.laid or (
                        commutes
                        and operands[start] == operands[self.end + 1]
                        and operands[start + 1] == operands[self.end]
                    ):
                        return int(known)
            tries += 1
            slot = self.next_slot(slot, tries, mixed)
        return NONE

    def keep(self, code: int, result: int, mixed: int) -> None:
        """Keep the operation with this code and the operands that were laid, which is not here yet; see `find`."""
        number = self.count
        if number == self.room:
            self.room *= 2
            self.codes, self.results = lengthened(self.codes, self.room), lengthened(self.results, self.room)
            self.starts = lengthened(self.starts, self.room + 1)
        ints_in(self.codes)[number] = code
        ints_in(self.results)[number] = result
        self.count += 1
        self.end += self.laid
        ints_in(self.starts)[self.count] = self.end
        self.laid = 0
        if 2 * self.count > 1 << self.bits:
            self.enlarge()
        self.enter(number, mixed)

    def enlarge(self) -> None:
        """Have twice as many slots."""
        entries = self.slots
        known = ints_in(entries)
        count = 1 << self.bits
        self.bits += 1
        self.slots = integers(2 << self.bits, NONE)
        for slot in range(count):
            if known[2 * slot] != NONE:
                self.enter(known[2 * slot], known[2 * slot + 1])

    def enter(self, number: int, mixed: int) -> None:
        """Give an operation with this hash its slot."""
        slots, starts = ints_in(self.slots), ints_in(self.starts)
        slot = self.first_slot(starts[number], starts[number + 1] - starts[number])
        tries = 0
        while slots[2 * slot] != NONE:
            tries += 1
            slot = self.next_slot(slot, tries, mixed)
        slots[2 * slot], slots[2 * slot + 1] = number, mixed

    def first_slot(self, start: int, count: int) -> int:
        """The slot in which an operation on these operands is looked for first."""
        operands = ints_in(self.operands)
        youngest = 0
        for place in range(start, start + count):
            youngest = max(youngest, operands[place])
        return 2 * youngest & (1 << self.bits) - 1

    def next_slot(self, slot: int, tries: int, mixed: int) -> int:
        """The slot in which an operation with this hash is looked for after this one, the last of so many."""
        return (mixed >> (HASH_BITS - self.bits) if tries == NEAR else slot + 1) & (1 << self.bits) - 1

    def hash(self, code: int) -> int:
        """The hash of the operation with this code on the operands that were laid: that of b · a is that of a · b.

        These are looked for one after the other.
        """
        operands = ints_in(self.operands)
        start = self.end
        mixed: Any = code
        if self.laid == 2:
            left, right = operands[start], operands[start + 1]
            mixed = (left + right) ^ (mixed << 32)
            mixed = (mixed * SPREAD) & BITS
            mixed = (mixed ^ (mixed >> 32) ^ (left ^ right)) & BITS
        else:
            for place in range(start, start + self.laid):
                mixed = ((mixed ^ operands[place]) * SPREAD) & BITS
                mixed ^= mixed >> 32
        return ((mixed * SPREAD) & BITS) >> (64 - HASH_BITS)  # type: ignore[no-any-return]
