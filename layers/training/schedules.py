"""Learning rates that change during training: functions of its progress, from 0 to 1.

Any function of a number may serve as a schedule; these have descriptions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from layers.options import finite_number
from layers.saving.registry import Described, Registry

__all__ = ["Cosine", "Exponential", "Linear", "Schedule", "Steps", "WarmUp", "schedule_of"]

SCHEDULES = Registry("schedule")
Schedule = Callable[[float], float]


def schedule_of(given: Any) -> Schedule:
    """The schedule of this description, the constant one of a number, or the function that was given."""
    if callable(given):
        schedule: Schedule = given
        return schedule
    if isinstance(given, str | dict):
        made: Schedule = SCHEDULES.make(given)
        return made
    rate = finite_number("a learning rate", given, least=0)
    return lambda progress: rate


class _FromTo(Described):
    """Base of the schedules from one rate to another."""

    settings = ("start", "end")

    def __init__(self, start: float, end: float) -> None:
        self.start = finite_number("the rate at the start of a schedule", start, least=0)
        self.end = finite_number("the rate at the end of a schedule", end, least=0)


@SCHEDULES.register("linear")
class Linear(_FromTo):
    """From `start` to `end` along a line.

    >>> Linear(1.0, 0.1)(0.5)
    0.55
    """

    def __call__(self, progress: float) -> float:
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

    def __init__(self, start: float, end: float) -> None:
        super().__init__(start, end)
        finite_number("the rate at the start of an exponential schedule", start, above=0)
        finite_number("the rate at the end of an exponential schedule", end, above=0)

    def __call__(self, progress: float) -> float:
        return self.start * math.pow(self.end / self.start, progress)


@SCHEDULES.register("steps")
class Steps(Described):
    """`start` until the first of the times, then that times `factor`, and again at each further one.

    >>> [Steps(1.0, at=[0.5, 0.75], factor=0.1)(progress) for progress in (0.0, 0.5)]
    [1.0, 0.1]
    """

    settings = ("start", "at", "factor")

    def __init__(self, start: float, at: Any = (0.5, 0.75), factor: float = 0.1) -> None:
        self.start = finite_number("the rate at the start of a schedule", start, least=0)
        self.at = [finite_number("the progress at which a schedule steps", time, least=0) for time in at]
        self.factor = finite_number("the factor of a schedule", factor, least=0)

    def __call__(self, progress: float) -> float:
        passed: int = len([time for time in self.at if time <= progress])
        return self.start * math.pow(self.factor, passed)


@SCHEDULES.register("warm_up")
class WarmUp(Described):
    """From 0 up to another schedule's rate during the first `share` of the training, then that schedule.

    >>> warm = WarmUp(Linear(1.0, 0.0), share=0.1)
    >>> warm(0.05), warm(0.5)
    (0.475, 0.5)
    """

    settings = ("then", "share")

    def __init__(self, then: Any, share: float = 0.1) -> None:
        self.share = finite_number("the share of a warm-up", share, above=0)
        self.then = then
        self._schedule = schedule_of(then)

    def __call__(self, progress: float) -> float:
        rate: float = self._schedule(progress) * min(1.0, progress / self.share)
        return rate
