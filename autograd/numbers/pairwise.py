"""Sums of very many terms that come one at a time: of blocks, and the sums of blocks pairwise.

The derivative in a node is a sum with a term for each use of it. Added one after the other, the terms of 100,000 uses
lose three digits; a sum of blocks loses about as much as one block does: N. J. Higham, "The accuracy of floating point
summation", SIAM Journal on Scientific Computing 14 (1993), 783-799. Sums of up to `BLOCK` terms are as ever.

The sums of 1, 2, 4, ... blocks are kept as a binary counter keeps its digits: where two of one length meet, they become
one of the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.numbers.arrays import doubles, integers

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import doubles_in, ints_in

__all__ = ["LongSum", "PairwiseSums"]

if not cython.compiled:
    # Compiled, the same stands in pairwise.pxd. The sum of 128 terms that are all the same is off by up to 20 units in
    # the last place, as found; sums of 64 are by 9, but graphs with a node of so many uses are common, and take longer.
    BLOCK = 128
    LEVELS = 32  # as many blocks as an int counts


@cython.final
@cython.cclass
class PairwiseSums:
    """Sums of doubles, by their place. Whoever adds a term to a sum keeps that of the block, and has terms counted."""

    def __init__(self, count: int) -> None:
        self.counts = integers(count)
        self.levels = doubles(count * LEVELS)

    def counted(self, place: int, block: float) -> float:
        """Count a term, which was added to the sum of the block: this sum, or that of the next block if it is full."""
        counts = ints_in(self.counts)
        counts[place] += 1
        if counts[place] % BLOCK != 0:
            return block
        levels = doubles_in(self.levels)
        level = place * LEVELS
        blocks = counts[place] // BLOCK - 1
        while blocks & 1:
            block += levels[level]
            blocks >>= 1
            level += 1
        levels[level] = block
        # Not 0.0, to which -0.0 can't be added.
        return -0.0

    def total(self, place: int, block: float) -> float:
        """The whole sum, of which this is the block; no term has been counted from now on."""
        levels = doubles_in(self.levels)
        level = place * LEVELS
        blocks = ints_in(self.counts)[place] // BLOCK
        ints_in(self.counts)[place] = 0
        while blocks > 0:
            if blocks & 1:
                block += levels[level]
            blocks >>= 1
            level += 1
        return block


@cython.final
@cython.cclass
class LongSum:
    """A sum of terms of any type, which `plus` adds: the same as one of `PairwiseSums`."""

    def __init__(self, plus: Callable[[Any, Any], Any]) -> None:
        self.plus = plus
        self.count = 0
        self.block: Any = None
        self.levels: list[Any] = []

    def add(self, term: Any) -> None:
        """Add a term."""
        self.block = term if self.block is None else self.plus(self.block, term)
        self.count += 1
        if self.count % BLOCK != 0:
            return
        blocks = self.count // BLOCK - 1
        level = 0
        while blocks & 1:
            self.block = self.plus(self.block, self.levels[level])
            blocks >>= 1
            level += 1
        if level == len(self.levels):
            self.levels.append(None)
        self.levels[level] = self.block
        self.block = None

    def total(self) -> Any:
        """The sum of all terms so far; None if there are none."""
        total = self.block
        blocks = self.count // BLOCK
        for level in range(len(self.levels)):
            if blocks >> level & 1:
                total = self.levels[level] if total is None else self.plus(total, self.levels[level])
        return total
