"""Sweeps over a tape of a recording whose slopes are numbers: in doubles, and what makes them nan in bits.

Second derivatives of a sum of squares are such sweeps, as many as it has variables. The results are those of the sweeps
over nodes, to the bit: the same products are added up in the same order.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from autograd.graph.node import Node
from autograd.numbers.arrays import doubles, integers
from autograd.operations.primitives import Defined
from autograd.transforms.masked import as_masked

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import doubles_in, ints_in

__all__ = ["ConstantSlopes"]

# The most masks that are told apart: each has a bit of an int.
MOST_MASKS = 30


@cython.final
@cython.cclass
class ConstantSlopes:
    """The slopes of a tape as numbers, each with the set of masks that it is nan with.

    `are_constant` says whether there are such: every slope on a way from an output to an argument is a number, masked
    or not. What leads to no output, but by slopes of 0, is met by no sweep: it only decides what is nan. Slopes at
    positions that are `absorbing` are not looked at either: most of those are of that kind.
    The slope at an entry is `numbers[entry]`, the bits of its masks are `bits[entry]`, or -1 on no way to an argument.
    """

    def __init__(
        self, count: int, starts: Any, operands: Any, slopes: list[Any], absorbing: bytearray, outputs: Sequence[int]
    ) -> None:
        self.count = count
        self.absorbing = absorbing
        self.size = count + len(starts) - 1
        self.starts = starts
        self.operands = operands
        self.numbers = doubles(len(slopes))
        self.bits = integers(len(slopes), -1)
        self.masks: list[Any] = []
        self.place_of: dict[int, int] = {}
        # For each set of masks a node that is nan where one of them is.
        self.joined: dict[int, Any] = {}
        self.are_constant = self.read(slopes, self.met_from(outputs, slopes))

    def met_from(self, outputs: Sequence[int], slopes: list[Any]) -> bytearray:
        """A 1 for each position that a sweep from these may meet."""
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        met = bytearray(self.size)
        for position in outputs:
            if position >= 0:
                met[position] = 1
        for position in range(self.size - 1, self.count - 1, -1):
            if not met[position] or self.absorbing[position]:
                continue
            for entry in range(starts[position - self.count], starts[position - self.count + 1]):
                slope = slopes[entry]
                if isinstance(slope, Node) or slope != 0.0:
                    met[operands[entry]] = 1
        return met

    def read(self, slopes: list[Any], met: bytearray) -> bool:
        """Take the slopes as numbers; False if one is none."""
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        numbers = doubles_in(self.numbers)
        bits = ints_in(self.bits)
        leads = bytearray(self.size)
        for position in range(self.size):
            if position < self.count or self.absorbing[position]:
                leads[position] = 1
                continue
            if not met[position]:
                continue
            for entry in range(starts[position - self.count], starts[position - self.count + 1]):
                if not leads[operands[entry]]:
                    continue
                known = as_masked(slopes[entry])
                if known is None:
                    return False
                if known.number == 0.0 and not known.masks:
                    continue
                found = self.bits_of(known.masks)
                if found < 0:
                    return False
                numbers[entry] = known.number
                bits[entry] = found
                leads[position] = 1
        return True

    def bits_of(self, masks: Sequence[Any]) -> int:
        """The set of these masks; -1 if there are too many to be told apart."""
        found = 0
        for mask in masks:
            place = self.place_of.get(id(mask), -1)
            if place < 0:
                place = len(self.masks)
                if place == MOST_MASKS:
                    return -1
                self.place_of[id(mask)] = place
                self.masks.append(mask)
            found |= 1 << place
        return found

    def adjoints(self, seeds: Sequence[tuple[int, Any]]) -> list[Any] | None:
        """The derivatives in the arguments of outputs at some positions, each times its seed; None if one is no number.

        They are numbers and nodes, 0.0 where there is none.
        """
        sums, sets = doubles(self.size), integers(self.size, -1)
        adjoints = doubles_in(sums)
        reached = ints_in(sets)
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        numbers = doubles_in(self.numbers)
        bits = ints_in(self.bits)
        # The masks of the only seed are those of all that it reaches: they need no bits.
        own: tuple[Any, ...] = ()
        for position, seed in seeds:
            known = as_masked(seed)
            if known is not None and len(seeds) == 1:
                own = known.masks
            found = -1 if known is None else self.bits_of(() if own else known.masks)
            if known is None or found < 0:
                return None
            adjoints[position] = known.number if reached[position] < 0 else adjoints[position] + known.number
            reached[position] = found if reached[position] < 0 else reached[position] | found
        for position in range(self.size - 1, self.count - 1, -1):
            if reached[position] < 0:
                continue
            if self.absorbing[position]:
                self.are_constant = False
                return None
            for entry in range(starts[position - self.count], starts[position - self.count + 1]):
                if bits[entry] < 0:
                    continue
                operand = operands[entry]
                share = adjoints[position] * numbers[entry]
                met = reached[position] | bits[entry]
                if reached[operand] < 0:
                    adjoints[operand] = share
                    reached[operand] = met
                else:
                    adjoints[operand] += share
                    reached[operand] |= met
        joined = {} if own else self.joined
        return [
            0.0 if reached[place] < 0 else self.masked(adjoints[place], reached[place], own, joined)
            for place in range(self.count)
        ]

    def masked(self, number: float, masks: int, own: tuple[Any, ...], joined: dict[int, Any]) -> Any:
        """The number, nan where one of a set of masks is, or one of its own; `joined` has a node for each set."""
        if masks == 0 and not own:
            return number
        mask = joined.get(masks)
        if mask is None:
            chosen = [mask for place, mask in enumerate(self.masks) if masks >> place & 1]
            mask = joined[masks] = functools.reduce(Defined, [*own, *chosen])
        return Defined(number, mask)
