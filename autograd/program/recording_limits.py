"""Limits on recordings: how a function that exceeds them is detected and reported.

A function is recorded for each signature of its arguments, and for each way through its branches. Both are limited by
`max_paths`. Recordings are kept, so a function that is recorded at every call would fill the memory, and be slower than
plain Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.program.program import Guard
from autograd.program.signature import Signature

__all__ = ["TooManyPaths", "too_many_derivatives", "too_many_rows", "too_many_signatures", "too_many_ways"]


class TooManyPaths(Exception):
    """A function was recorded as often as it may be, or would record too much.

    `reason` names the limit that was exceeded, `advice` a remedy, `instead` how calls run without a recording.
    """

    def __init__(self, reason: str, advice: str, instead: str = "is run by Python for others") -> None:
        super().__init__(f"{reason}; {advice}")
        self.reason = reason
        self.advice = advice
        self.instead = instead

    def again(self) -> TooManyPaths:
        """The same signal to be raised once more: an exception that is raised anew keeps the frames of each time."""
        return TooManyPaths(self.reason, self.advice, self.instead)


def too_many_ways(name: str, limit: int, guard: Guard) -> TooManyPaths:
    """The signal that one more way through the branches would be recorded, which leaves at this guard."""
    return TooManyPaths(
        f"{name} took more than {limit} ways through its branches (the last at {guard.file}:{guard.line})",
        "use where() there, or raise max_paths",
    )


def too_many_signatures(name: str, signatures: Sequence[Signature], signature: Signature) -> TooManyPaths:
    """The signal that one more signature would be recorded."""
    return TooManyPaths(
        f"{name} was called with more than {len(signatures)} different signatures: "
        f"{most_different([*signatures, signature])}",
        "give a number that changes as a float or in an array, or raise max_paths",
    )


def too_many_derivatives(name: str, limit: int) -> TooManyPaths:
    """The signal that derivatives in one more choice of the arguments' numbers would be recorded."""
    return TooManyPaths(
        f"{name} was differentiated in more than {limit} choices of its numbers",
        "differentiate in all numbers of an argument, or raise max_paths",
    )


def too_many_rows(name: str, count: int, limit: int) -> TooManyPaths:
    """The signal that the rows of a mapped function are too many to be recorded inside another compiled function."""
    return TooManyPaths(
        f"{name} is mapped over {count:,} rows inside a function that is compiled, which would record more than "
        f"{limit:,} operations one after the other",
        "leave out the outer jit or vmap: rows are compiled as it is",
        "the function around it is run by Python, these rows by a program of their own",
    )


def most_different(signatures: Sequence[Signature]) -> str:
    """The argument that has most different fixed parts among these signatures, how many, and the last of them."""
    forms: dict[Any, set[Any]] = {}
    names = set()
    for signature in signatures:
        names.add(tuple(signature.keys))
        for name, key in signature.keys.items():
            forms.setdefault(name, set()).add(key)
    last = signatures[len(signatures) - 1]
    place: Any = max(last.keys, key=lambda place: len(forms[place]), default=None)
    if len(names) > 1 and (place is None or len(forms[place]) < len(names)):
        return f"which arguments were given differed in {len(names)} ways (the last time {len(last.keys)} were)"
    if place is None or len(forms[place]) == 1:
        return f"the object that has the method changed {len(signatures) - 1} times"
    positional, keywords = last.arguments([0.0] * last.structure.size)
    value = (dict(enumerate(positional)) | keywords)[place]
    return f"argument {place!r} had {len(forms[place])} (the last: {described(value)})"


def described(value: Any) -> str:
    """The fixed part of an argument in a few words."""
    if isinstance(value, list | tuple | Mapping):
        return f"a {type(value).__name__} of {len(value)}"
    if getattr(value, "shape", ()) != ():
        return f"an array of shape {value.shape}"
    return f"{type(value).__name__} {value!r:.40}"
