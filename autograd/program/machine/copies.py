"""Numbers that are copied from place to place at each call, those that lie next to each other in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autograd.numbers.arrays import integers

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["Copies"]

# Fewer are copied one by one in less time than one call of `memcpy` takes.
SHORTEST = 6


@cython.final
@cython.cclass
class Copies:
    """Copies of the numbers at some places of one memory to as many places of another."""

    def __init__(self, sources: Sequence[int], targets: Sequence[int]) -> None:
        stretches: list[list[int]] = []
        for source, target in zip(sources, targets, strict=True):
            last = stretches[len(stretches) - 1] if stretches else [0, 0, 0]
            if last[2] and source == last[0] + last[2] and target == last[1] + last[2]:
                last[2] += 1
            else:
                stretches.append([source, target, 1])
        long = [stretch for stretch in stretches if stretch[2] >= SHORTEST]
        single = [
            (source + place, target + place)
            for source, target, length in stretches
            if length < SHORTEST
            for place in range(length)
        ]
        self.long_count, self.single_count = len(long), len(single)
        self.long, self.single = integers(3 * len(long)), integers(2 * len(single))
        for place, stretch in enumerate(long):
            for part in range(3):
                self.long[3 * place + part] = stretch[part]
        for place, (source, target) in enumerate(single):
            self.single[2 * place], self.single[2 * place + 1] = source, target

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The places of each number, in the one memory and in the other."""
        for place in range(self.long_count):
            for number in range(self.long[3 * place + 2]):
                yield self.long[3 * place] + number, self.long[3 * place + 1] + number
        for place in range(self.single_count):
            yield self.single[2 * place], self.single[2 * place + 1]

    def copy(self, source: Any, target: Any) -> None:
        """Copy the numbers; only compiled."""
        long, single = self.long.data.as_ints, self.single.data.as_ints
        for place in range(self.long_count):
            memcpy(  # type: ignore[name-defined]  # noqa: F821 - in copies.pxd
                target + long[3 * place + 1], source + long[3 * place], 8 * long[3 * place + 2]
            )
        for place in range(self.single_count):
            target[single[2 * place + 1]] = source[single[2 * place]]
