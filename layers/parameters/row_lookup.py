"""Rows of a parameter that a sample asks for by their numbers: taken by index, or given to a program beside the sample.

A program can't take a row by a number that differs from sample to sample. Before it is run, the rows are gathered from
the parameter; the program has them as further inputs of each sample; the gradients that it gives for them are added up
where the rows came from. What is gathered where, `survey` finds by running the model once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from autograd import Node, TraceError, Variable, no_grad
from autograd.modes import current_mode
from layers.arrays import elementwise, is_array, plain, singles
from layers.errors import DataError
from layers.parameters.parameter import Parameter, substituted

__all__ = ["Direct", "Lookup", "Survey", "given_rows", "looked_up", "survey", "whole_numbers"]

# What gives the rows of a parameter for numbers that are nodes: None for those that it doesn't know.
Source = Callable[[Parameter, Any, str], Any]
_source: ContextVar[Source | None] = ContextVar("source", default=None)


def looked_up(parameter: Parameter, numbers: Any, what: str) -> Any:
    """The rows of a parameter at these numbers, single or an array; `what` the numbers are, for messages.

    Raises DataError for what is no whole number from 0 to the number of rows less one.
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
    """How many rows a parameter has."""
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


class Lookup(NamedTuple):
    """Rows of a parameter, asked for by the numbers in these places of a sample; `layer` is the path to who asks."""

    parameter: Parameter
    places: list[int]
    what: str
    layer: str

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return math.prod([length or 0 for length in self.parameter.shape[1:]])

    def numbers(self, inputs: Any) -> Any:
        """The numbers of the rows, a line for each sample. Raises DataError for those that there are not."""
        import numpy

        asked = inputs.reshape(len(inputs), -1)[:, self.places]
        count = row_count(self.parameter)
        wrong = numpy.argwhere(~((asked >= 0) & (asked < count) & (asked == numpy.floor(asked))))
        if len(wrong):
            sample, place = wrong[0].tolist()
            raise DataError(
                f"{self.layer}: each {self.what} is a whole number from 0 to {count - 1}, got "
                f"{asked[sample, place]:g} in sample {sample}, place {self.places[place]}"
            )
        return asked.astype(int)


class Survey:
    """What running a model on one sample showed: the shape of its output, and where rows of parameters are looked up.

    It is the same for all samples of that `given` shape.

    `direct` has the parameters that are used otherwise too. `complete` is False if a number that rows are asked by is
    no part of the sample but was computed from it.
    """

    def __init__(self, given: tuple[int, ...]) -> None:
        self.given = given
        self.shape: tuple[int, ...] = ()
        self.lookups: list[Lookup] = []
        self.direct: set[Parameter] = set()
        self.complete = True

    @property
    def tables(self) -> set[Parameter]:
        """The parameters that are looked up and nothing else."""
        return {lookup.parameter for lookup in self.lookups} - self.direct

    def check(self, inputs: Any) -> None:
        """Raise DataError if a sample asks for a row that there is not."""
        for lookup in self.lookups:
            lookup.numbers(inputs)

    def gathered(self, arrays: dict[Parameter, Any], inputs: Any) -> Any:
        """The rows that each sample asks for, one after the other in one line."""
        import numpy

        rows = [arrays[lookup.parameter][lookup.numbers(inputs)].reshape(len(inputs), -1) for lookup in self.lookups]
        return numpy.concatenate(rows, axis=1)

    def scatter(self, gradients: dict[Parameter, Any], inputs: Any, of_rows: Any) -> None:
        """Add gradients of gathered rows to the gradients of the parameters, in the order of the samples."""
        import numpy

        start = 0
        for lookup in self.lookups:
            end = start + len(lookup.places) * lookup.width
            part = of_rows[:, start:end].reshape(-1, *gradients[lookup.parameter].shape[1:])
            numpy.add.at(gradients[lookup.parameter], lookup.numbers(inputs).ravel(), part)
            start = end


def survey(model: Any, x: Any) -> Survey:
    """What running the model on this sample shows; the numbers in it, beside its shape, have no part in that."""
    import numpy

    found = Survey(x.shape if is_array(x) else ())
    numbers = elementwise(Variable, x)
    places = {id(number): place for place, number in enumerate(singles(numbers))}
    arrays = Watched(model.named_parameters().values())

    def rows(parameter: Parameter, asked: Any, what: str) -> Any:
        known = [places.get(id(number)) for number in singles(asked)]
        there = [place for place in known if place is not None]
        if len(there) < len(known):
            found.complete = False
            return None
        labels, scope = [], current_mode().scope
        while scope is not None:
            labels.append(scope.label)
            scope = scope.parent
        found.lookups.append(Lookup(parameter, there, what, ": ".join(reversed(labels))))
        shape = asked.shape if is_array(asked) else ()
        return numpy.zeros(shape + parameter.variables.shape[1:]).astype(object)

    with no_grad(), substituted(arrays), _sourced(rows):
        output = model.apply(numbers)
    found.shape = output.shape if is_array(output) else ()
    found.direct = arrays.used
    return found


class Watched(dict[Parameter, Any]):
    """Numbers in place of each parameter, and a note of which were used."""

    def __init__(self, parameters: Any) -> None:
        super().__init__({parameter: parameter.values.astype(object) for parameter in parameters})
        self.used: set[Parameter] = set()

    def __getitem__(self, parameter: Parameter) -> Any:
        self.used.add(parameter)
        return super().__getitem__(parameter)


class Direct(dict[Parameter, Any]):
    """What stands for the parameters that are used directly; a use of one that was only looked up is a TraceError."""

    def __init__(self, arrays: dict[Parameter, Any], tables: set[Parameter]) -> None:
        super().__init__(arrays)
        self.tables = tables

    def __contains__(self, parameter: object) -> bool:
        return super().__contains__(parameter) or parameter in self.tables

    def __missing__(self, parameter: Parameter) -> Any:
        raise TraceError(f"{parameter.name} is used otherwise than in another sample, where it was only looked up")


@contextmanager
def given_rows(lookups: Sequence[Lookup], rows: Sequence[Any]) -> Iterator[None]:
    """Inside this context the lookups, in their order, find these rows: their numbers one after the other."""
    pending = iter(lookups)
    start = 0

    def take(parameter: Parameter, asked: Any, what: str) -> Any:
        nonlocal start
        import numpy

        lookup = next(pending, None)
        if lookup is None or lookup.parameter is not parameter or len(lookup.places) != len(list(singles(asked))):
            raise TraceError(f"{parameter.name} is looked up otherwise than in another sample")
        end = start + len(lookup.places) * lookup.width
        found = numpy.empty(end - start, dtype=object)
        found[:] = rows[start:end]
        start = end
        return found.reshape((asked.shape if is_array(asked) else ()) + parameter.variables.shape[1:])

    with _sourced(take):
        yield


@contextmanager
def _sourced(source: Source) -> Iterator[None]:
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
