"""Random numbers of layers, drawn anew for every sample and step, and the mode in which layers are trained.

A program can't draw: `layers.training.survey` finds out what the layers of a model draw for a sample, and gives as many
numbers to the program as further inputs of each sample.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, get_args

from autograd import TraceError
from autograd.graph.modes import is_traced
from layers.errors import DescriptionError
from layers.options import seed_of

__all__ = [
    "Distribution", "drawing_from", "drawn", "in_training", "is_training", "noticing_mode", "numbers_of",
    "random_numbers", "training",
]  # fmt: skip

Distribution = Literal["uniform", "normal"]
# A function that gives so many numbers of a distribution.
Source = Callable[[int, Distribution], Any]

_training: ContextVar[bool] = ContextVar("training", default=False)
_source: ContextVar[Source | None] = ContextVar("source of random numbers", default=None)
# Called when a layer asks for the mode.
_asked: ContextVar[Callable[[], Any] | None] = ContextVar("asked", default=None)


def random_numbers(shape: tuple[int, ...] = (), distribution: Distribution = "uniform") -> Any:
    """New random numbers for a layer's `compute`: a single one, or an array of this shape.

    Raises TraceError inside a function that is being compiled, which would have the same ones in each call.

    distribution: "uniform" from 0 to 1, or "normal" around 0 with deviation 1.

    >>> with training(seed=0):
    ...     round(random_numbers(), 4), [round(number, 4) for number in random_numbers((2,), "normal")]
    (0.637, [-0.1321, 0.6404])
    """
    if distribution not in get_args(Distribution):
        raise DescriptionError(
            f"a distribution is one of {', '.join(get_args(Distribution))}, got {distribution!r:.60}"
        )
    import numpy

    source = _source.get() or functools.partial(numbers_of, numpy.random.default_rng())
    found = source(math.prod(shape), distribution)
    # A program's are nodes, in a list.
    if not isinstance(found, list) and is_traced():
        raise TraceError(
            "random numbers of layers, as a Dropout draws them, would be frozen in the function that is being "
            "compiled; fit compiles layers that draw, an own function is given its numbers as an argument"
        )
    singles = found if isinstance(found, list) else found.tolist()
    if not shape:
        return singles[0]
    array = numpy.empty(len(singles), dtype=object)
    array[:] = singles
    return array.reshape(shape)


def numbers_of(generator: Any, count: int, distribution: Distribution) -> Any:
    """So many numbers of a generator of NumPy's, one after the other."""
    return generator.random(count) if distribution == "uniform" else generator.standard_normal(count)


def drawn(generator: Any, samples: int, requests: list[tuple[int, Distribution]]) -> Any:
    """The random numbers that so many samples ask for by these requests, a line for each sample.

    They are those that the samples would draw one after the other.
    """
    import numpy

    total = sum([count for count, _ in requests])
    if len({distribution for _, distribution in requests}) == 1:
        return numbers_of(generator, samples * total, requests[0][1]).reshape(samples, total)
    parts = [numbers_of(generator, *request) for _ in range(samples) for request in requests]
    return numpy.concatenate(parts).reshape(samples, total)


@contextmanager
def drawing_from(source: Source) -> Iterator[None]:
    """Inside this context, random numbers come from this source."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


@contextmanager
def training(seed: int | None = None) -> Iterator[None]:
    """Inside this context layers act as in a training: a `Dropout` drops.

    `fit` is in it by itself; a loop of one's own says `with training(seed=0): ...`, the seed being that of random
    numbers.
    """
    import numpy

    mixed = seed_of(seed)
    with in_training(), drawing_from(functools.partial(numbers_of, numpy.random.default_rng(mixed))):
        yield


@contextmanager
def in_training(on: bool = True) -> Iterator[None]:
    """Inside this context layers act as in a training, or not, and random numbers come from where they came before."""
    token = _training.set(on)
    try:
        yield
    finally:
        _training.reset(token)


def is_training() -> bool:
    """Whether layers act as in a training.

    >>> is_training()
    False
    """
    asked = _asked.get()
    if asked is not None:
        asked()
    return _training.get()


@contextmanager
def noticing_mode(notice: Callable[[], Any]) -> Iterator[None]:
    """Inside this context, `notice` is called whenever a layer asks whether it is trained."""
    token = _asked.set(notice)
    try:
        yield
    finally:
        _asked.reset(token)
