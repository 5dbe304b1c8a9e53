"""A survey of a model on one sample: its output's shape, and the rows of parameters that the sample looks up.

A program can't take a row by a number that differs from sample to sample. Before it is run, the rows are gathered from
the parameters; the program has them as further inputs of each sample; their gradients are added up afterwards in the
rows that they belong to. The survey, one run of the model, finds which rows are gathered for which numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd import TraceError, Variable, no_grad
from autograd.graph.modes import current_mode
from layers.arrays import elementwise, is_array, plain, singles
from layers.base import Layer
from layers.errors import DataError
from layers.parameters.parameter import Parameter, substituted
from layers.parameters.row_lookup import row_count, rows_from
from layers.randomness import Distribution, drawing_from, is_training, noticing_mode, numbers_of

__all__ = [
    "DirectParameters", "Survey", "as_objects", "given_numbers", "given_rows", "settle_sizes", "survey_sample",
    "survey_samples",
]  # fmt: skip


class Lookup(NamedTuple):
    """Rows of a parameter, asked for by the numbers in these places of a sample; `layer` is the path of who asks.

    what: the word for such a number in messages.
    """

    parameter: Parameter
    places: list[int]
    what: str
    layer: str

    @property
    def width(self) -> int:
        """The count of numbers in a row."""
        return math.prod([length or 0 for length in self.parameter.shape[1:]])

    def numbers(self, inputs: Any) -> Any:
        """The row numbers, a line for each sample. Raises DataError for a number that no row has."""
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
    """The findings of one run of a model: the shape of its output, and the rows of parameters that are looked up.

    They hold for all samples of `input_shape`.

    `direct` has the parameters that are used otherwise too, `output` the numbers that came out.
    no part of the sample but was computed from it.
    """

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        self.input_shape = input_shape
        self.output_shape: tuple[int, ...] = ()
        self.output: Any = None
        self.lookups: list[Lookup] = []
        self.direct: set[Parameter] = set()
        self.complete = True
        # The random numbers that a sample is given, in order.
        self.draws: list[tuple[int, Distribution]] = []
        # The mode of the run, None if no layer asked for it: the survey then holds for both.
        self.in_training: bool | None = None

    @property
    def tables(self) -> set[Parameter]:
        """The parameters that are looked up and nothing else."""
        return {lookup.parameter for lookup in self.lookups} - self.direct

    def check(self, inputs: Any) -> None:
        """Raise DataError if a sample asks for a row that doesn't exist."""
        for lookup in self.lookups:
            lookup.numbers(inputs)

    def gathered(self, arrays: dict[Parameter, Any], inputs: Any) -> Any:
        """The rows that each sample asks for, joined to one line for each sample."""
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


def survey_sample(model: Layer, x: Any) -> Survey:
    """The survey of the model on this sample; it depends on the sample's shape, not on its numbers."""
    import numpy

    found = Survey(x.shape if is_array(x) else ())
    numbers = elementwise(Variable, x)
    places = {id(number): place for place, number in enumerate(singles(numbers))}
    arrays = WatchedParameters(model.named_parameters().values())

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

    generator = numpy.random.default_rng(0)

    def draw(count: int, distribution: Distribution) -> Any:
        found.draws.append((count, distribution))
        return numbers_of(generator, count, distribution)

    def notice() -> None:
        found.in_training = mode

    mode = is_training()
    with no_grad(), substituted(arrays), rows_from(rows), drawing_from(draw), noticing_mode(notice):
        output = model.apply(numbers)
    found.output = plain(output)
    found.output_shape = output.shape if is_array(output) else ()
    found.direct = arrays.used
    return found


class WatchedParameters(dict[Parameter, Any]):
    """Numbers in place of each parameter; `used` has the parameters that were read."""

    def __init__(self, parameters: Any) -> None:
        super().__init__({parameter: parameter.values.astype(object) for parameter in parameters})
        self.used: set[Parameter] = set()

    def __getitem__(self, parameter: Parameter) -> Any:
        self.used.add(parameter)
        return super().__getitem__(parameter)


class DirectParameters(dict[Parameter, Any]):
    """Numbers or nodes in place of the parameters that are used directly.

    To read another one, which was only looked up in the survey, raises TraceError.
    """

    def __init__(self, arrays: dict[Parameter, Any], tables: set[Parameter]) -> None:
        super().__init__(arrays)
        self.tables = tables

    def __contains__(self, parameter: object) -> bool:
        return super().__contains__(parameter) or parameter in self.tables

    def __missing__(self, parameter: Parameter) -> Any:
        raise TraceError(f"{parameter.name} is used otherwise than in another sample, where it was only looked up")


@contextmanager
def given_rows(lookups: Sequence[Lookup], rows: Sequence[Any]) -> Iterator[None]:
    """Inside this context the lookups, in their order, find these rows, whose numbers stand one after the other."""
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

    with rows_from(take):
        yield


@contextmanager
def given_numbers(draws: Sequence[tuple[int, Distribution]], numbers: Sequence[Any]) -> Iterator[None]:
    """Inside this context layers draw these numbers, as many and in the order that they did in the survey."""
    pending = iter(draws)
    start = 0

    def take(count: int, distribution: Distribution) -> Any:
        nonlocal start
        if next(pending, None) != (count, distribution):
            raise TraceError("a layer draws other random numbers than for another sample")
        start += count
        return list(numbers[start - count : start])

    with drawing_from(take):
        yield


def survey_samples(model: Layer, inputs: Any) -> Survey:
    """The survey of the model on the first sample, once sizes are settled; all samples' lookups are checked."""
    settle_sizes(model, inputs)
    found = survey_sample(model, as_objects(inputs[:1])[0])
    found.check(inputs)
    return found


def settle_sizes(model: Layer, inputs: Any) -> None:
    """Settle lengths that the first input decides."""
    for parameter in model.named_parameters().values():
        if not parameter.sized:
            model(inputs[0])
            return


def as_objects(samples: Any) -> Any:
    """Samples in the form that layers compute with: arrays of floats as objects, single numbers as floats."""
    return samples.tolist() if samples.ndim == 1 else samples.astype(object)
