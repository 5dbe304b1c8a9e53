"""Rows of a parameter, looked up by their numbers.

A program can't take a row by a number that differs from sample to sample: `layers.training.survey` gives the rows to it
as inputs of each sample, by way of `rows_from`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from autograd import Node
from layers.arrays import is_array, plain, singles
from layers.errors import DataError
from layers.parameters.parameter import Parameter

__all__ = ["looked_up", "row_count", "rows_from", "whole_numbers"]

# A function that gives the rows of a parameter for numbers that are nodes, or None for numbers that it doesn't know.
Source = Callable[[Parameter, Any, str], Any]
_source: ContextVar[Source | None] = ContextVar("source", default=None)


def looked_up(parameter: Parameter, numbers: Any, what: str) -> Any:
    """The rows of a parameter at these numbers, a single or an array; `what` is the word for a number in messages.

    Raises DataError for a number that is no whole number from 0 to the number of rows less one.
    """
    source = _source.get()
    if source is not None and any([isinstance(number, Node) for number in singles(numbers)]):
        rows = source(parameter, numbers, what)
        if rows is not None:
            return rows
    import numpy

    shape = numbers.shape if is_array(numbers) else ()
    places = whole_numbers(plain(numbers), row_count(parameter), what)
    return parameter.nodes[numpy.array(places, dtype=int).reshape(shape)]


def row_count(parameter: Parameter) -> int:
    """The number of rows of a parameter."""
    return parameter.shape[0] or 0


def whole_numbers(values: Any, count: int, what: str) -> list[int]:
    """The values as ints from 0 to count − 1. Raises DataError for others."""
    numbers = values.ravel().tolist() if is_array(values) else [values]
    for place, number in enumerate(numbers):
        if not (0 <= number < count and number == int(number)):
            raise DataError(
                f"each {what} is a whole number from 0 to {count - 1}, got {number:g}"
                + (f" in place {place}" if len(numbers) > 1 else "")
            )
    return [int(number) for number in numbers]


@contextmanager
def rows_from(source: Source) -> Iterator[None]:
    """Inside this context, rows at numbers that are nodes come from `source`."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
