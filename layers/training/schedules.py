"""Learning rates that change during training: functions of its progress, from 0 to 1.

Any function of a number may serve as a schedule; these have descriptions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from autograd.numbers.operands import to_float
from layers.errors import DescriptionError
from layers.options import finite_number, shown_value
from layers.saving.registry import Adjustable, Registry

__all__ = ["Cosine", "Exponential", "Linear", "Schedule", "Steps", "WarmUp", "checked_rate", "rate_at"]

SCHEDULES = Registry("schedule")
Schedule = Callable[[float], float]


def checked_rate(given: Any) -> float | Schedule:
    """A learning rate: the number or the function that was given, or the schedule of this description."""
    if callable(given):
        schedule: Schedule = given
        return schedule
    if isinstance(given, str | dict):
        made: Schedule = SCHEDULES.make(given)
        return made
    return finite_number("a learning rate", given, least=0)


def rate_at(rate: float | Schedule, progress: float) -> float:
    """The learning rate at this progress of the training. Raises DescriptionError if a function gives no such number.

    >>> rate_at(0.1, 0.5), rate_at(Linear(1.0, 0.0), 0.25)
    (0.1, 0.75)
    """
    if isinstance(rate, float):
        return rate
    found = rate(progress)
    if type(found) is float and 0.0 <= found < math.inf:
        return found
    return finite_number("a learning rate", to_float(found), least=0)


def number(what: str, **limits: float) -> Callable[[Any], float]:
    """The check of a setting that is a number within these limits."""
    return partial(finite_number, what, **limits)


class _FromTo(Adjustable):
    """Base of the schedules from one rate to another."""

    settings = ("start", "end")
    checks = {
        "start": number("the rate at the start of a schedule", least=0),
        "end": number("the rate at the end of a schedule", least=0),
    }

    def __init__(self, start: float, end: float) -> None:
        self.start = start
        self.end = end


@SCHEDULES.register("linear")
class Linear(_FromTo):
    """From `start` to `end` along a line.

    >>> Linear(1.0, 0.1)(0.5)
    0.55
    """

    def __call__(self, progress: float) -> float:
        if not isinstance(progress, float | int):
            raise DescriptionError(
                f"Linear is a schedule of learning rates, of a progress from 0 to 1, got {type(progress).__name__}; "
                f"a linear layer is Dense(n_in, n_out)"
            )
        return self.start + (self.end - self.start) * progress


@SCHEDULES.register("cosine")
class Cosine(_FromTo):
    """From `start` to `end` along half a wave: slowly, fast, slowly.

    >>> Cosine(1.0, 0.0)(0.25) == (1 + math.cos(math.pi / 4)) / 2
    True
    """

    def __init__(self, start: float, end: float = 0.0) -> None:
        super().__init__(start, end)

    def __call__(self, progress: float) -> float:
        return self.end + (self.start - self.end) * (1.0 + math.cos(math.pi * progress)) / 2.0


@SCHEDULES.register("exponential")
class Exponential(_FromTo):
    """From `start` to `end` by equal factors in equal times.

    >>> round(Exponential(1.0, 0.01)(0.5), 12)
    0.1
    """

    checks = {
        "start": number("the rate at the start of an exponential schedule", above=0),
        "end": number("the rate at the end of an exponential schedule", above=0),
    }

    def __call__(self, progress: float) -> float:
        return self.start * math.pow(self.end / self.start, progress)


def times(given: Any) -> list[float]:
    """The times at which a schedule steps."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DescriptionError(f"the times at which a schedule steps are a list of numbers, got {shown_value(given)}")
    return [finite_number("the progress at which a schedule steps", time, least=0) for time in given]


@SCHEDULES.register("steps")
class Steps(Adjustable):
    """`start` until the first of the times, then that times `factor`, and again at each further one.

    >>> [Steps(1.0, at=[0.5, 0.75], factor=0.1)(progress) for progress in (0.0, 0.5)]
    [1.0, 0.1]
    """

    settings = ("start", "at", "factor")
    checks = {
        "start": number("the rate at the start of a schedule", least=0),
        "at": times,
        "factor": number("the factor of a schedule", least=0),
    }

    def __init__(self, start: float, at: Any = (0.5, 0.75), factor: float = 0.1) -> None:
        self.start = start
        self.at = at
        self.factor = factor

    def __call__(self, progress: float) -> float:
        passed: int = len([time for time in self.at if time <= progress])
        return self.start * math.pow(self.factor, passed)


@SCHEDULES.register("warm_up")
class WarmUp(Adjustable):
    """From 0 up to another schedule's rate during the first `share` of the training, then that schedule.

    >>> warm = WarmUp(Linear(1.0, 0.0), share=0.1)
    >>> warm(0.05), warm(0.5)
    (0.475, 0.5)
    """

    settings = ("then", "share")
    checks = {"then": checked_rate, "share": number("the share of a warm-up", above=0)}

    def __init__(self, then: Any, share: float = 0.1) -> None:
        self.then = then
        self.share = share

    def __call__(self, progress: float) -> float:
        return rate_at(self.then, progress) * min(1.0, progress / self.share)
