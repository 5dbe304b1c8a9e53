"""Numbers that are copied from place to place at each call, those that lie next to each other in one go."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

__all__ = ["Copies"]

# Fewer are copied one by one in less time than one call of `memcpy` takes.
SHORTEST = 6


@cython.final
@cython.cclass
class Copies:
    """Copies of the numbers at some places of one memory to as many places of another."""

    def __init__(self, sources: Sequence[int], targets: Sequence[int]) -> None:
        if len(sources) != len(targets):
            raise ValueError(f"as many places are needed in both memories, got {len(sources)} and {len(targets)}")
        self.long: Any = array("i")
        self.single: Any = array("i")
        self.find(array("i", sources), array("i", targets))
        self.long_count, self.single_count = len(self.long) // 3, len(self.single) // 2

    def find(self, sources: array[int], targets: array[int]) -> None:
        """Find the stretches that lie side by side in both."""
        source_at, target_at = ints_in(sources), ints_in(targets)
        count = len(sources)
        first = 0
        while first < count:
            stop = first + 1
            while (
                stop < count
                and source_at[stop] == source_at[first] + stop - first
                and target_at[stop] == target_at[first] + stop - first
            ):
                stop += 1
            if stop - first >= SHORTEST:
                self.long.extend([source_at[first], target_at[first], stop - first])
            else:
                for number in range(first, stop):
                    self.single.extend([source_at[number], target_at[number]])
            first = stop

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The places of each number, in the one memory and in the other."""
        for place in range(self.long_count):
            for number in range(self.long[3 * place + 2]):
                yield self.long[3 * place] + number, self.long[3 * place + 1] + number
        for place in range(self.single_count):
            yield self.single[2 * place], self.single[2 * place + 1]

    def is_empty(self) -> bool:
        """Whether there is nothing to copy."""
        return self.long_count == 0 and self.single_count == 0

    def copy(self, source: Any, target: Any) -> None:
        """Copy the numbers; only compiled."""
        long, single = self.long.data.as_ints, self.single.data.as_ints
        for place in range(self.long_count):
            memcpy(  # type: ignore[name-defined]  # noqa: F821 - in copies.pxd
                target + long[3 * place + 1], source + long[3 * place], 8 * long[3 * place + 2]
            )
        for place in range(self.single_count):
            target[single[2 * place + 1]] = source[single[2 * place]]
