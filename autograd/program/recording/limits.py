"""Limits on recordings: how a function that exceeds them is detected and reported.

A function is recorded for each signature of its arguments, and for each way through its branches. Recordings are kept,
and each takes as long as tens or hundreds of calls by Python: a function that is recorded at every call would fill the
memory, and be far slower than plain Python. So signatures are counted, and ways through the branches are recorded as
long as they are small, or have taken less time than Python would have taken for all calls so far. `max_paths` limits
the number of both.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.graph.callers import caller
from autograd.program.program import Guard
from autograd.program.recording.signature import Signature

__all__ = [
    "MANY_RUNS", "Budget", "Notices", "TooManyPaths", "most_signatures", "too_many_derivatives", "too_many_rows",
    "too_many_signatures", "too_many_ways",
]  # fmt: skip

# The number of signatures that are recorded if no other limit is given, and of choices of numbers to differentiate in.
SIGNATURES = 256
# Operations that are recorded without a look at their use, and those of all paths of one signature at most: they take
# some 50 bytes each. A path takes as much memory and time besides as so many operations.
FREE_OPERATIONS = 20_000
MOST_OPERATIONS = 1_000_000
OPERATIONS_OF_A_PATH = 50
# So many runs by Python say that a function is no good for being compiled, and how long it takes.
MANY_RUNS = 8
# What takes so many times as long as the quickest of its kind was held up by others, or by the cycle collector.
HELD_UP = 4.0
# A path's machine is made, and run over the rows that come to it, in about the time of its recording.
USE_OF_A_PATH = 2.0


def most_signatures(limit: int | None) -> int:
    """How many signatures are recorded, or choices of numbers to differentiate in, for such a `max_paths`."""
    return SIGNATURES if limit is None else limit


class TooManyPaths(Exception):
    """A function was recorded as often as it may be, or would record too much.

    `reason` names the limit that was exceeded, `advice` a remedy, `instead` how calls run without a recording.
    `by_cost` says that one more recording would take too long as yet, not that a number of them was reached.
    """

    def __init__(
        self, reason: str, advice: str, instead: str = "is run by Python for others", by_cost: bool = False
    ) -> None:
        super().__init__(f"{reason}; {advice}")
        self.reason = reason
        self.advice = advice
        self.instead = instead
        self.by_cost = by_cost

    def again(self) -> TooManyPaths:
        """The same signal to be raised once more: an exception that is raised anew keeps the frames of each time."""
        return TooManyPaths(self.reason, self.advice, self.instead, self.by_cost)


class Notices:
    """Warnings about one function, of which only the first is given."""

    def __init__(self) -> None:
        self.given = False

    def warn(self, signal: TooManyPaths) -> None:
        """Warn, once, that calls which are not recorded are run by Python."""
        if not self.given:
            self.given = True
            message = f"{signal.reason}, and {signal.instead}; {signal.advice}"
            warnings.warn_explicit(message, RuntimeWarning, *caller())


class Times:
    """The mean of some times by the clock, none of which counts as more than 4 times the least.

    To ask for the processor's time instead takes up to 0.1 ms, longer than most of what is timed here.

    >>> times = Times()
    >>> for seconds in (3.0, 1.0, 2.0, 60.0):
    ...     times.add(seconds)
    >>> times.mean()
    2.5
    """

    def __init__(self) -> None:
        self.count = 0
        self.least = math.inf
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Note one more time."""
        self.count += 1
        self.least = min(self.least, seconds)
        self.sum += min(seconds, HELD_UP * self.least)

    def mean(self) -> float:
        """The mean so far; the first may have been held up before that could be seen."""
        return min(self.sum / self.count, HELD_UP * self.least)


class Budget:
    """The cost of the recorded paths of a function, and that of the calls that Python runs instead.

    `operations` are those of all paths; `recording` has the seconds that each of them took, `python` those of each of
    the `runs`. `places` counts for each decision how often it led to a run by Python.
    """

    def __init__(self) -> None:
        self.paths = 0
        self.operations = 0
        self.recording = Times()
        self.runs = 0
        self.python = Times()
        self.places: dict[tuple[str, int], int] = {}

    def count_path(self, operations: int, seconds: float) -> None:
        """Note a path that was recorded."""
        self.paths += 1
        self.operations += operations + OPERATIONS_OF_A_PATH
        self.recording.add(seconds / (operations + OPERATIONS_OF_A_PATH))

    def count_run(self, seconds: float) -> None:
        """Note a call that Python ran."""
        self.runs += 1
        self.python.add(seconds)

    def allows(self, hits: int) -> bool:
        """Whether one more path may be recorded; `hits` is the number of calls that took those recorded.

        All recordings together, with the use of what they made, take no longer than Python would have taken for all
        calls so far, so that a function with another path at each call takes at most twice the time that it takes
        without being compiled.
        """
        after = self.operations + self.operations / self.paths
        if after <= FREE_OPERATIONS:
            return True
        if after > MOST_OPERATIONS or self.runs < MANY_RUNS:
            return False
        return USE_OF_A_PATH * self.recording.mean() * after <= (hits + self.runs) * self.python.mean()

    def refusal(self, name: str, guard: Guard, hits: int) -> TooManyPaths:
        """The signal that a path which leaves at this guard is not recorded."""
        place = (guard.file, guard.line)
        self.places[place] = self.places.get(place, 0) + 1
        file, line = max(self.places, key=lambda place: self.places[place])
        return TooManyPaths(
            f"{name} took a way through its branches that was not recorded in {self.runs + 1} of "
            f"{hits + self.runs + 1} calls, for recordings would have taken longer (the decision that changed most: "
            f"{file}:{line})",
            "write it with where(), maximum(), minimum() or clip(), or decide by a static argument",
            "was run by Python in these",
            by_cost=True,
        )


def too_many_ways(name: str, limit: int, guard: Guard) -> TooManyPaths:
    """The signal that one more way through the branches would be recorded, which leaves at this guard."""
    return TooManyPaths(
        f"{name} took more than {limit} ways through its branches (the last at {guard.file}:{guard.line})",
        "use where() there, or raise max_paths",
    )


def too_many_signatures(
    name: str, signatures: Sequence[Signature], signature: Signature, changed: str = ""
) -> TooManyPaths:
    """The signal that one more signature would be recorded.

    `changed` is what changed last of what the function reads besides its arguments.
    """
    return TooManyPaths(
        f"{name} was called with more than {len(signatures)} different signatures: "
        f"{most_different([*signatures, signature], changed)}",
        "give a number that changes as an argument, as a float or in an array, or raise max_paths",
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


def most_different(signatures: Sequence[Signature], changed: str) -> str:
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
        return f"what it reads besides its arguments changed {len(signatures) - 1} times (the last: {changed})"
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
