"""`TrainingStep`: a model and a loss over many samples, as functions of the parameters in one array.

They are compiled once for samples of one shape, and run by Python where that is impossible or doesn't pay.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import TraceError, Variable, jit, no_grad, value_and_grad, vmap, zero_grad
from autograd.graph.modes import enable_grad
from layers.arrays import plain
from layers.base import Layer
from layers.errors import LayerError
from layers.parameters.parameter import Parameter, flat_values, substituted
from layers.training.survey import DirectParameters, Survey, as_objects, given_rows, settle_sizes, survey_sample

__all__ = ["TrainingStep", "arranged", "outputs"]

logger = logging.getLogger("layers.step")

# Python runs about this many samples forward in the time that compiling the forward pass takes.
SAMPLES_BEFORE_COMPILING = 32
# The limit of ways through a model's decisions, each of which has a program of its own.
MOST_PATHS = 32


class TrainingStep:
    """The mean over a batch of a loss that is a function of the parameters and one sample.

    Called with the parameters as one array of floats, inputs and targets with samples first, it gives the mean loss
    and its gradient in each parameter. It reads and writes nothing of the model but the form of its parameters.

    >>> import numpy as np
    >>> from layers import Dense, MSELoss
    >>> step = TrainingStep(Dense(1, 1), MSELoss())
    >>> step(np.array([2.0, 1.0]), np.array([[1.0], [3.0]]), np.array([[3.0], [6.0]]))
    (0.5, array([3., 1.]))
    """

    def __init__(self, model: Layer, loss: Layer | None = None, found: Survey | None = None) -> None:
        self.model = model
        self.loss = loss
        # The caller's survey, if it has made one, saves a run of the model.
        self._surveys: dict[tuple[int, ...], Survey] = {} if found is None else {found.input_shape: found}
        self.parameters: list[Parameter] = list(model.named_parameters().values())
        self._programs: dict[tuple[int, ...], CompiledStep] = {}
        self._compiles = True
        self._run_forward = 0
        # Variables in place of the parameters, made when Python first runs the model with derivatives.
        self._variables: list[Variable] = []
        self._arrays: dict[Parameter, Any] = {}

    def __call__(self, values: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
        found = self._compiled(CompiledStep.value_and_gradient, values, inputs, targets)
        return self.by_python(values, inputs, targets) if found is None else found

    def value(self, values: Any, inputs: Any, targets: Any) -> float:
        """The mean loss alone."""
        if self._pays(inputs):
            found = self._compiled(CompiledStep.value, values, inputs, targets)
            if found is not None:
                return float(found)
        total = 0.0
        with no_grad(), substituted(arranged(self.parameters, values.tolist())):
            for place, (x, y) in enumerate(zip(as_objects(inputs), as_objects(targets), strict=True)):
                with naming_sample(place):
                    total += plain(self.of_sample(x, y))
        return total / len(inputs)

    def outputs(self, values: Any, inputs: Any) -> Any:
        """The model's outputs, samples first, as plain numbers."""
        import numpy

        if self._pays(inputs):
            found = self._compiled(CompiledStep.outputs, values, inputs)
            if found is not None:
                return found
        results = []
        with no_grad(), substituted(arranged(self.parameters, values.tolist())):
            for place, x in enumerate(as_objects(inputs)):
                with naming_sample(place):
                    results.append(plain(self.model.apply(x)))
        return numpy.array(results, dtype=float)

    def by_python(self, values: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
        """The mean loss and its gradient, without compiling.

        A graph is made for each sample, and gradients add up in the same Variables: small graphs stay in the cache,
        and a sweep into Variables that are there already is cheaper than `value_and_grad`, which makes new ones.
        """
        import numpy

        if not self._arrays:
            self._variables = [Variable(0.0) for _ in values]
            self._arrays = arranged(self.parameters, self._variables)
        for variable, value in zip(self._variables, values.tolist(), strict=True):
            variable.value = value
        zero_grad(self._variables)
        share = 1.0 / len(inputs)
        total = 0.0
        with enable_grad(), substituted(self._arrays):
            for place, (x, y) in enumerate(zip(as_objects(inputs), as_objects(targets), strict=True)):
                with naming_sample(place):
                    loss = self.of_sample(x, y)
                loss.backward(share)
                total += loss.value
        return total * share, numpy.array([variable.grad for variable in self._variables])

    def of_sample(self, x: Any, y: Any) -> Any:
        """The loss of one sample, as a function of the numbers or nodes that are `substituted` for the parameters."""
        loss: Any = self.loss
        return loss.apply(self.model.apply(x), y)

    @property
    def paths(self) -> list[Any]:
        """The programs that were compiled."""
        return [path for programs in self._programs.values() for path in programs.paths]

    def _pays(self, inputs: Any) -> bool:
        """Whether to compile the forward pass: for many samples, or after many."""
        self._run_forward += len(inputs)
        return self._run_forward > SAMPLES_BEFORE_COMPILING

    def _compiled(self, run: Callable[..., Any], values: Any, *samples: Any) -> Any:
        """The result of one of the compiled functions; None if the model can't be compiled."""
        if not self._compiles:
            return None
        shape = samples[0].shape[1:]
        programs = self._programs.get(shape)
        try:
            if programs is None:
                found = self._surveys.get(shape) or survey_sample(self.model, as_objects(samples[0][:1])[0])
                programs = self._programs[shape] = CompiledStep(self, found)
            return run(programs, values, *samples)
        except LayerError:
            raise
        except (TraceError, ValueError) as error:
            # A layer reads values, or decides by them in too many ways. Of any other error, Python's run will tell.
            self._compiles = False
            logger.warning(
                "%s is run by Python, which is slower, for it can't be compiled: %s", self.model.shown, error
            )
            return None


class CompiledStep:
    """The compiled functions of a step for samples of one shape."""

    def __init__(self, step: TrainingStep, found: Survey) -> None:
        if not found.complete:
            raise TraceError("a row is looked up by a number that was computed, not given in the sample")
        self.step = step
        self.survey = found
        self.direct = [parameter for parameter in step.parameters if parameter not in found.tables]
        self.slices: dict[Parameter, slice] = {}
        start = 0
        for parameter in step.parameters:
            self.slices[parameter] = slice(start, start + parameter.size)
            start += parameter.size
        axes, sums = (None, 0, 0, 0), ("mean", "mean", None)
        of_values = unwatched(self.of_values)
        if found.lookups:
            self._gradient = jit(vmap(unwatched(self.of_rows), axes, sums, max_paths=MOST_PATHS))
        else:
            self._gradient = jit(vmap(value_and_grad(of_values), axes[:3], "mean", max_paths=MOST_PATHS))
        count = 4 if found.lookups else 3
        self._value = jit(vmap(of_values, axes[:count], "mean", max_paths=MOST_PATHS))
        self._outputs = jit(vmap(unwatched(self.of_model), axes[: count - 1], max_paths=MOST_PATHS))

    @property
    def paths(self) -> list[Any]:
        """The programs that were compiled."""
        return [path for one in (self._gradient, self._value, self._outputs) for path in one.paths]

    def value_and_gradient(self, values: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
        """The mean loss, and its gradient in all parameters."""
        targets = self.spread(targets)
        if not self.survey.lookups:
            value, gradient = self._gradient(values, inputs, targets)
            return value, gradient
        value, of_direct, of_rows = self._gradient(*self.arguments(values, inputs), targets, self.rows(values, inputs))
        import numpy

        gradient = numpy.zeros(len(values))
        start = 0
        for parameter in self.direct:
            gradient[self.slices[parameter]] = of_direct[start : start + parameter.size]
            start += parameter.size
        self.survey.scatter(self.arrays(gradient), inputs, of_rows / len(inputs))
        return value, gradient

    def value(self, values: Any, inputs: Any, targets: Any) -> float:
        """The mean loss."""
        arguments = self.arguments(values, inputs)
        found: float = self._value(*arguments, self.spread(targets), *self.row_argument(values, inputs))
        return found

    def outputs(self, values: Any, inputs: Any) -> Any:
        """The outputs, samples first."""
        return self._outputs(*self.arguments(values, inputs), *self.row_argument(values, inputs))

    def spread(self, targets: Any) -> Any:
        """The targets in the form that a program takes."""
        loss: Any = self.step.loss
        return loss.spread(targets, self.survey.output_shape)

    def arguments(self, values: Any, inputs: Any) -> tuple[Any, Any]:
        """The values of the parameters that are used directly, and the inputs."""
        if not self.survey.tables:
            return values, inputs
        import numpy

        return numpy.concatenate([numpy.empty(0), *[values[self.slices[one]] for one in self.direct]]), inputs

    def row_argument(self, values: Any, inputs: Any) -> tuple[Any, ...]:
        """The argument of looked-up rows, if there are lookups."""
        return (self.rows(values, inputs),) if self.survey.lookups else ()

    def rows(self, values: Any, inputs: Any) -> Any:
        """The rows that the samples look up, gathered from the parameters."""
        return self.survey.gathered(self.arrays(values), inputs)

    def arrays(self, values: Any) -> dict[Parameter, Any]:
        """Views of the part of each parameter in one array."""
        return {one: values[part].reshape([length or 0 for length in one.shape]) for one, part in self.slices.items()}

    @contextmanager
    def in_place(self, values: Any, rows: Sequence[Any]) -> Iterator[None]:
        """Inside this context, values and rows stand for the parameters."""
        arrays = DirectParameters(arranged(self.direct, list(values)), self.survey.tables)
        with substituted(arrays), given_rows(self.survey.lookups, rows):
            yield

    def of_model(self, values: Any, x: Any, rows: Sequence[Any] = ()) -> Any:
        """The output for one sample, as a function of the parameters too."""
        with self.in_place(values, rows):
            return self.step.model.apply(x)

    def of_values(self, values: Any, x: Any, y: Any, rows: Sequence[Any] = ()) -> Any:
        """The loss of one sample, as a function of the parameters too."""
        with self.in_place(values, rows):
            return self.step.of_sample(x, y)

    def of_rows(self, values: Any, x: Any, y: Any, rows: Any) -> tuple[Any, Any, Any]:
        """The loss of one sample, and its gradients in the parameters and in the rows."""
        value, (of_direct, of_rows) = value_and_grad(self.of_values, argnums=(0, 3))(values, x, y, rows)
        return value, of_direct, of_rows


def unwatched(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method as a plain function: a change of its object, which a step changes all the time, is not recorded anew."""

    @functools.wraps(method)
    def function(*arguments: Any) -> Any:
        return method(*arguments)

    return function


def outputs(model: Layer, inputs: Any) -> Any:
    """The outputs of a model, samples first, as plain numbers; sizes are settled, nothing is recorded."""
    settle_sizes(model, inputs)
    step = TrainingStep(model)
    return step.outputs(flat_values(step.parameters), inputs)


@contextmanager
def naming_sample(place: int) -> Iterator[None]:
    """Inside this context, errors of layers name the sample."""
    try:
        yield
    except LayerError as error:
        raise type(error)(f"{error}, in sample {place}") from None


def arranged(parameters: Sequence[Parameter], singles: Sequence[Any]) -> dict[Parameter, Any]:
    """The singles, in the order of `flat_values`, as an array for each parameter."""
    import numpy

    arrays: dict[Parameter, Any] = {}
    start = 0
    for parameter in parameters:
        array = numpy.empty(parameter.size, dtype=object)
        array[:] = singles[start : start + parameter.size]
        arrays[parameter] = array.reshape([length or 0 for length in parameter.shape])
        start += parameter.size
    return arrays
