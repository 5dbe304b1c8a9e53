"""Arrays of C numbers, which the engine's loops fill and read without making objects of the numbers."""

from __future__ import annotations

from typing import Any

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from array import array

__all__ = ["added", "divided", "doubles", "doubles_in", "integers", "ints_in", "lengthened", "unset_doubles"]

# To clone an array of the same type is the fastest way to a new one.
_double_template = array("d")
_integer_template = array("i")


def doubles(count: int) -> Any:
    """An array of `count` doubles, all 0."""
    if cython.compiled:
        return clone(_double_template, count, True)  # type: ignore[name-defined]  # noqa: F821 - in arrays.pxd
    return array("d", bytes(8 * count))


def unset_doubles(count: int) -> Any:
    """An array of `count` doubles to be written, all of them: they are what was in memory."""
    if cython.compiled:
        return clone(_double_template, count, False)  # type: ignore[name-defined]  # noqa: F821
    return doubles(count)


def integers(count: int, fill: int = 0) -> Any:
    """An array of `count` integers."""
    if not cython.compiled:
        return array("i", [fill]) * count
    numbers = clone(_integer_template, count, False)  # type: ignore[name-defined]  # noqa: F821
    places = numbers.data.as_ints
    for place in range(count):
        places[place] = fill
    return numbers


def lengthened(numbers: Any, count: int) -> Any:
    """An array of `count` integers that begins with these; the others are 0."""
    found = integers(count)
    found[: len(numbers)] = numbers
    return found


def divided(numbers: Any, divisor: float) -> Any:
    """An array of doubles with each of these divided."""
    if not cython.compiled:
        return array("d", [number / divisor for number in numbers])
    found = doubles(len(numbers))
    given, made = numbers.data.as_doubles, found.data.as_doubles
    for place in range(len(numbers)):
        made[place] = given[place] / divisor
    return found


def added(left: Any, right: Any) -> Any:
    """An array of the sums of two arrays' doubles."""
    if not cython.compiled:
        return array("d", [one + other for one, other in zip(left, right, strict=True)])
    found = doubles(len(left))
    ours, others, made = left.data.as_doubles, right.data.as_doubles, found.data.as_doubles
    for place in range(len(left)):
        made[place] = ours[place] + others[place]
    return found


# The memory of an array, for loops that read and write its numbers by index. Compiled, these are pointers: arrays.pxd.
if not cython.compiled:

    def doubles_in(numbers: Any) -> Any:
        """The doubles of an array, to be read and written by index."""
        return numbers

    def ints_in(numbers: Any) -> Any:
        """The integers of an array, to be read and written by index."""
        return numbers
