"""`TrainingStep`: a model and a loss over many samples, as functions of the parameters in one array.

They are compiled once for samples of one shape, and run by Python where that is impossible or doesn't pay.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property, partial
from typing import Any

from autograd import Node, TraceError, Variable, jit, no_grad, value_and_grad, vmap, zero_grad
from autograd.graph.modes import enable_grad
from autograd.program.recording.limits import TooManyPaths
from autograd.program.rows.executors import pickled
from autograd.program.tiers import settled
from layers.arrays import plain
from layers.base import Layer
from layers.errors import LayerError, ShapeError, TrainingError
from layers.parameters.parameter import Parameter, flat_values, substituted, without_values
from layers.randomness import drawing_from, drawn, in_training, is_training, numbers_of
from layers.training.distributed import OneSample, OnExecutor
from layers.training.survey import (
    DirectParameters,
    Survey,
    as_objects,
    given_numbers,
    given_rows,
    settle_sizes,
    survey_sample,
)
from layers.training.watch import all_layers, foreign, state_of

__all__ = ["TrainingStep", "arranged", "outputs"]

logger = logging.getLogger("layers.step")

# Python runs about this many samples forward in the time that compiling the forward pass takes.
SAMPLES_BEFORE_COMPILING = 32
# The limit of ways through a model's decisions, each of which has a program of its own.
MOST_PATHS = 32
# To record a program for single samples takes as long as some hundred steps on one sample over rows.
SINGLES_BEFORE_COMPILING = 100


class TrainingStep:
    """The mean over a batch of a loss that is a function of the parameters and one sample.

    Called with all parameters as one array of floats, inputs and targets with samples first, it gives the mean loss
    and its gradient in each parameter, 0 in those that are frozen. With `weights`, one for each sample, the mean is
    weighted; of a loss with the reduction "sum" it is the sum. It reads and writes nothing of the model but the form of
    its parameters.

    Random numbers of layers come from `generator`, the same ones in a compiled step and in one by Python. `tier` is
    that of `jit`. With an `executor`, that runs blocks of the samples, in a tier that is settled; a model that can't be
    compiled is then refused.

    >>> import numpy as np
    >>> from layers import Dense, MSELoss
    >>> step = TrainingStep(Dense(1, 1), MSELoss())
    >>> step(np.array([2.0, 1.0]), np.array([[1.0], [3.0]]), np.array([[3.0], [6.0]]))
    (0.5, array([3., 1.]))
    """

    def __init__(
        self,
        model: Layer,
        loss: Layer | None = None,
        found: Survey | None = None,
        generator: Any = None,
        tier: str = "auto",
        executor: Any = None,
    ) -> None:
        self.model = model
        self.loss = loss
        self.generator = generator
        self.executor = executor
        self.tier = tier if executor is None else settled(tier)
        self.parameters: list[Parameter] = list(model.named_parameters().values())
        frozen = model.frozen_parameters()
        self.trained = [parameter for parameter in self.parameters if parameter not in frozen]
        self.summed = getattr(loss, "reduction", "mean") == "sum"
        # Variables in place of the parameters, made when Python first runs the model with derivatives.
        self._variables: list[Variable] = []
        self._arrays: dict[Parameter, Any] = {}
        self._run_forward = 0
        # The number of samples that are to be run forward in all, if that is known from the beginning.
        self.planned: int | None = None
        self._strangers = foreign(all_layers(model, loss))
        # The caller's survey, if it has made one, saves a run of the model.
        self._surveys: dict[Any, Survey] = {}
        if found is not None and not self._strangers:
            self._surveys[found.input_shape, found.in_training] = found
        self._programs: dict[Survey, CompiledStep] = {}
        self._compiles = True
        self._state: Any = None

    def __call__(self, values: Any, inputs: Any, targets: Any, weights: Any = None) -> tuple[float, Any]:
        found = self._compiled(CompiledStep.value_and_gradient, values, inputs, targets, weights)
        return self.by_python(values, inputs, targets, weights) if found is None else found

    def value(self, values: Any, inputs: Any, targets: Any, weights: Any = None) -> float:
        """The mean loss alone."""
        if self._pays(inputs):
            found = self._compiled(CompiledStep.value, values, inputs, targets, weights)
            if found is not None:
                return float(found)
        shares = self.shares(weights, len(inputs))
        total = 0.0
        with no_grad(), substituted(arranged(self.parameters, values.tolist())), self.drawing():
            for place, (x, y) in enumerate(zip(as_objects(inputs), as_objects(targets), strict=True)):
                with naming_sample(place, x):
                    total += shares[place] * plain(self.of_sample(x, y))
        return total

    def outputs(self, values: Any, inputs: Any) -> Any:
        """The model's outputs, samples first, as plain numbers."""
        import numpy

        if self._pays(inputs):
            found = self._compiled(CompiledStep.outputs, values, inputs)
            if found is not None:
                return found
        results = []
        with no_grad(), substituted(arranged(self.parameters, values.tolist())), self.drawing():
            for place, x in enumerate(as_objects(inputs)):
                with naming_sample(place, x):
                    results.append(plain(self.model.apply(x)))
        return numpy.array(results, dtype=float)

    def by_python(self, values: Any, inputs: Any, targets: Any, weights: Any = None) -> tuple[float, Any]:
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
        shares = self.shares(weights, len(inputs))
        total = 0.0
        with enable_grad(), substituted(self._arrays), self.drawing():
            for place, (x, y) in enumerate(zip(as_objects(inputs), as_objects(targets), strict=True)):
                with naming_sample(place, x):
                    loss = self.of_sample(x, y)
                if isinstance(loss, Node):
                    loss.backward(shares[place])
                total += shares[place] * plain(loss)
        return total, self.without_frozen(numpy.array([variable.grad for variable in self._variables]))

    def of_sample(self, x: Any, y: Any) -> Any:
        """The loss of one sample, as a function of the numbers or nodes that are `substituted` for the parameters."""
        loss: Any = self.loss
        return loss.apply(self.model.apply(x), y)

    def shares(self, weights: Any, count: int) -> list[float]:
        """The part that the loss of each sample has in the whole."""
        if weights is None:
            return [1.0 if self.summed else 1.0 / count] * count
        shares: list[float] = (weights if self.summed else weights / weights.sum()).tolist()
        return shares

    def drawing(self) -> Any:
        """The context in which layers draw from the generator, if there is one."""
        return nullcontext() if self.generator is None else drawing_from(partial(numbers_of, self.generator))

    def without_frozen(self, gradient: Any) -> Any:
        """The gradient with 0 in the frozen parameters."""
        if len(self.trained) < len(self.parameters):
            start = 0
            for parameter in self.parameters:
                if parameter not in self.trained:
                    gradient[start : start + parameter.size] = 0.0
                start += parameter.size
        return gradient

    @property
    def paths(self) -> list[Any]:
        """The programs that were compiled."""
        return [path for programs in self._programs.values() for path in programs.paths]

    def renew(self) -> None:
        """Forget the programs if a setting of a layer or of the loss has changed since they were recorded."""
        state = state_of(all_layers(self.model, self.loss), self._strangers)
        if state != self._state and self._state is not None:
            self._programs.clear()
            self._surveys.clear()
        self._state = state

    def _pays(self, inputs: Any) -> bool:
        """Whether to compile the forward pass: for many samples, or after many."""
        self._run_forward += len(inputs)
        return (self._run_forward if self.planned is None else self.planned) > SAMPLES_BEFORE_COMPILING

    def _compiled(self, run: Callable[..., Any], values: Any, inputs: Any, *samples: Any) -> Any:
        """The result of one of the compiled functions; None if the model can't be compiled."""
        if not self._compiles:
            return None
        shape = inputs.shape[1:]
        before = None
        try:
            found = self._surveys.get((shape, None)) or self._surveys.get((shape, is_training()))
            if found is None:
                found = self._surveyed(inputs)
                self._surveys[shape, found.in_training] = found
            programs = self._programs.get(found)
            if programs is None:
                programs = self._programs[found] = CompiledStep(self, found)
            if programs.survey.draws and self.generator is not None:
                before = self.generator.bit_generator.state
            return run(programs, values, inputs, *samples)
        except LayerError:
            raise
        except (TraceError, ValueError) as error:
            # A layer reads values, or decides by them in too many ways. Of any other error, Python's run will tell.
            if self.executor is not None:
                raise TrainingError(
                    f"{self.model.shown} can't be compiled, and so not be run on an executor: {error}"
                ) from error
            self._compiles = False
            if before is not None:
                # Python draws the same numbers once more.
                self.generator.bit_generator.state = before
            logger.warning(
                "%s is run by Python, which is slower, for it can't be compiled: %s", self.model.shown, error
            )
            return None

    def _surveyed(self, inputs: Any) -> Survey:
        """The survey of the model on the first sample. Raises TraceError for a model that a program would freeze."""
        import numpy

        sample = as_objects(inputs[:1])[0]
        if not self._strangers:
            return survey_sample(self.model, sample)
        layers = all_layers(self.model, self.loss)
        before = state_of(layers, self._strangers)
        found = survey_sample(self.model, sample)
        again = survey_sample(self.model, sample)
        if state_of(layers, self._strangers) != before or not numpy.array_equal(found.output, again.output, True):
            names = ", ".join([layer.shown for layer in self._strangers])
            raise TraceError(
                f"{names} keeps a state that changes in each run, or draws random numbers by itself, which a program "
                f"would freeze; random_numbers(shape) of layers can be compiled"
            )
        return found


class CompiledStep:
    """The compiled functions of a step for samples of one shape."""

    def __init__(self, step: TrainingStep, found: Survey) -> None:
        if not found.complete:
            raise TraceError("a row is looked up by a number that was computed, not given in the sample")
        self.step = step
        self.survey = found
        self.direct = [one for one in step.trained if one not in found.tables]
        self.fixed = [one for one in step.parameters if one not in step.trained and one not in found.tables]
        self.slices: dict[Parameter, slice] = {}
        start = 0
        for parameter in step.parameters:
            self.slices[parameter] = slice(start, start + parameter.size)
            start += parameter.size
        self.whole = len(self.direct) == len(step.parameters)
        # The arguments of the programs, in order: these are there only if the model has such.
        self.further = [
            name for name, there in (("fixed", self.fixed), ("rows", found.lookups), ("random", found.draws)) if there
        ]
        self._functions: dict[Any, Any] = {}
        # Whether one sample is run alone, in the end, and how often that was asked for.
        self.alone = step.executor is None and not found.lookups
        self._singles = 0
        self._axes = self.axes("gradient")
        # Executors run functions in contexts of their own, in which layers ask for the mode.
        self.in_training = is_training()

    @property
    def paths(self) -> list[Any]:
        """The programs that were compiled."""
        return [path for function in self._functions.values() for path in function.paths]

    def by_itself(self, arguments: Sequence[Any]) -> Any:
        """The value and gradient of one sample; None for the first ones, which are run as rows are.

        One sample alone takes a third of the time of rows, whatever their number.
        """
        if self._singles < SINGLES_BEFORE_COMPILING:
            self._singles += 1
            return None
        known = self._functions.get(("gradient", "alone"))
        if known is None:
            known = jit(value_and_grad(self.of_one("gradient")), tier=self.step.tier, max_paths=MOST_PATHS)
            self._functions["gradient", "alone"] = known
        try:
            return known(*[one if axis is None else one[0] for one, axis in zip(arguments, self._axes, strict=True)])
        except TooManyPaths as signal:
            raise ValueError(f"the samples cannot be run: {signal}") from None

    def function(self, kind: str, weighted: bool) -> Any:
        """The compiled function of this kind, "gradient", "value" or "outputs", with or without weights."""
        known = self._functions.get((kind, weighted))
        if known is None:
            known = self._functions[kind, weighted] = self.made(kind, weighted)
        return known

    def names(self, kind: str, weighted: bool = False) -> list[str]:
        """The names of the arguments of a function of this kind."""
        targets = [] if kind == "outputs" else ["targets"]
        return ["values", "inputs", *targets, *self.further, *(["weights"] if weighted else [])]

    def axes(self, kind: str, weighted: bool = False) -> tuple[int | None, ...]:
        """For each argument the axis of the samples, None if they share it."""
        return tuple([None if name in ("values", "fixed") else 0 for name in self.names(kind, weighted)])

    def of_one(self, kind: str, weighted: bool = False) -> Callable[..., Any]:
        """The function of one sample; with an executor, one that can be sent to other processes."""
        if self.step.executor is not None:
            return OneSample(self, kind, weighted)
        names = self.names(kind, weighted)

        def of_one(*arguments: Any) -> Any:
            return self.of_given(dict(zip(names, arguments, strict=True)), kind)

        return of_one

    def of_given(self, given: dict[str, Any], kind: str, weighted: bool = False) -> Any:
        """The function of one sample, of arguments by their names."""
        return self.of_model(given) if kind == "outputs" else self.of_values(given)

    @cached_property
    def portable(self) -> bytes:
        """What other processes need of this, as bytes: they get the values of parameters in each call."""
        with without_values(self.step.parameters):
            return pickled(self, f"{self.step.model.shown}, or its loss,", by_value=True)

    def __getstate__(self) -> dict[str, Any]:
        kept = ("survey", "direct", "fixed", "further", "in_training")
        return {name: getattr(self, name) for name in kept} | {"model": self.step.model, "loss": self.step.loss}

    def __setstate__(self, state: dict[str, Any]) -> None:
        model, loss = state.pop("model"), state.pop("loss")
        self.__dict__.update(state)
        # Of the step, a function of one sample needs no more than these.
        self.step = TrainingStep(model, loss)

    def made(self, kind: str, weighted: bool) -> Any:
        """The same, made."""
        names, axes = self.names(kind, weighted), self.axes(kind, weighted)
        of_one = one = self.of_one(kind, weighted)
        reduce: Any = None if kind == "outputs" else "sum" if weighted or self.step.summed else "mean"
        if kind == "gradient" and "rows" not in names:
            one = value_and_grad(of_one)
        elif kind == "gradient":
            one = FlatGradient(value_and_grad(of_one, argnums=(0, names.index("rows"))))
            reduce = (reduce, reduce, None)
        mapped = vmap(one, axes, reduce, max_paths=MOST_PATHS)
        if self.step.executor is not None:
            return OnExecutor(mapped, self.step.executor, self.step.tier, names.index("inputs"))
        return jit(mapped, tier=self.step.tier)

    def value_and_gradient(self, values: Any, inputs: Any, targets: Any, weights: Any) -> tuple[float, Any]:
        """The mean loss, and its gradient in all parameters."""
        arguments = self.arguments(values, inputs, targets, weights)
        found: Any = None
        if len(inputs) == 1 and weights is None and self.alone and inputs.ndim > 1 and targets.ndim > 1:
            found = self.by_itself(arguments)
        if found is None:
            found = self.function("gradient", weights is not None)(*arguments)
        if self.whole and not self.survey.lookups:
            value, gradient = found
            return value, gradient
        import numpy

        gradient = numpy.zeros(len(values))
        start = 0
        for parameter in self.direct:
            gradient[self.slices[parameter]] = found[1][start : start + parameter.size]
            start += parameter.size
        if self.survey.lookups:
            whole = weights is not None or self.step.summed
            self.survey.scatter(self.arrays(gradient), inputs, found[2] if whole else found[2] / len(inputs))
        return found[0], self.step.without_frozen(gradient)

    def value(self, values: Any, inputs: Any, targets: Any, weights: Any) -> float:
        """The mean loss."""
        found: float = self.function("value", weights is not None)(*self.arguments(values, inputs, targets, weights))
        return found

    def outputs(self, values: Any, inputs: Any) -> Any:
        """The outputs, samples first."""
        return self.function("outputs", False)(*self.arguments(values, inputs))

    def arguments(self, values: Any, inputs: Any, targets: Any = None, weights: Any = None) -> list[Any]:
        """The arguments of the programs: parameters, samples, and what is gathered or drawn for each of them."""
        found = [values if self.whole else self.parts(values, self.direct), inputs]
        if targets is not None:
            loss: Any = self.step.loss
            found.append(loss.spread(targets, self.survey.output_shape))
        if self.fixed:
            found.append(self.parts(values, self.fixed))
        if self.survey.lookups:
            found.append(self.survey.gathered(self.arrays(values), inputs))
        if self.survey.draws:
            found.append(drawn(self.step.generator or new_generator(), len(inputs), self.survey.draws))
        if weights is not None:
            found.append(weights if self.step.summed else weights / weights.sum())
        return found

    def parts(self, values: Any, parameters: Sequence[Parameter]) -> Any:
        """The values of these parameters."""
        import numpy

        return numpy.concatenate([numpy.empty(0), *[values[self.slices[one]] for one in parameters]])

    def arrays(self, values: Any) -> dict[Parameter, Any]:
        """Views of the part of each parameter in one array."""
        return {one: values[part].reshape([length or 0 for length in one.shape]) for one, part in self.slices.items()}

    @contextmanager
    def in_place(self, given: dict[str, Any]) -> Iterator[None]:
        """Inside this context, arguments of a program stand for parameters, rows and random numbers."""
        arrays = arranged(self.direct, list(given["values"])) | arranged(self.fixed, list(given.get("fixed", ())))
        with (
            in_training(self.in_training),
            substituted(DirectParameters(arrays, self.survey.tables)),
            given_rows(self.survey.lookups, given.get("rows", ())),
            given_numbers(self.survey.draws, given.get("random", ())),
        ):
            yield

    def of_model(self, given: dict[str, Any]) -> Any:
        """The output for one sample, as a function of the parameters too."""
        with self.in_place(given):
            return self.step.model.apply(given["inputs"])

    def of_values(self, given: dict[str, Any]) -> Any:
        """The loss of one sample, times its weight if there is one, as a function of the parameters too."""
        with self.in_place(given):
            loss = self.step.of_sample(given["inputs"], given["targets"])
        return loss * given["weights"] if "weights" in given else loss


class FlatGradient:
    """The loss, its gradient in the direct parameters and that in looked up rows, of a function that gives a pair."""

    def __init__(self, fun: Callable[..., Any]) -> None:
        self.fun = fun

    def __call__(self, *arguments: Any) -> tuple[Any, Any, Any]:
        value, (of_direct, of_rows) = self.fun(*arguments)
        return value, of_direct, of_rows


def new_generator() -> Any:
    """A generator that nobody has seeded."""
    import numpy

    return numpy.random.default_rng()


def outputs(model: Layer, inputs: Any) -> Any:
    """The outputs of a model, samples first, as plain numbers; sizes are settled, nothing is recorded."""
    settle_sizes(model, inputs)
    step = TrainingStep(model)
    return step.outputs(flat_values(step.parameters), inputs)


@contextmanager
def naming_sample(place: int, sample: Any) -> Iterator[None]:
    """Inside this context, errors of layers name the sample; of one number where a row is asked for, what to give."""
    try:
        yield
    except LayerError as error:
        single = isinstance(error, ShapeError) and getattr(sample, "shape", ()) == ()
        rows = (
            ". X has its samples first: of one sample x it is [x], of numbers alone X.reshape(-1, 1)" if single else ""
        )
        raise type(error)(f"{error}, in sample {place}{rows}") from None


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
