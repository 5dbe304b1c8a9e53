"""`Step`: the loss of a batch and its gradient, as a function of the parameters in one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import TraceError, Variable, jit, no_grad, value_and_grad, vmap, zero_grad
from autograd.modes import enable_grad
from layers.base import Layer
from layers.parameters import Parameter, substituted

__all__ = ["Step", "outputs"]


class Step:
    """The mean over a batch of a loss that is a function of the parameters and one sample.

    Called with the parameters as one array of floats, inputs and targets with samples first, it gives the mean loss
    and its gradient in each parameter. It reads and writes nothing of the model but the form of its parameters.

    >>> import numpy as np
    >>> from layers import Dense, MSELoss
    >>> step = Step(Dense(1, 1), MSELoss())
    >>> step(np.array([2.0, 1.0]), np.array([[1.0], [3.0]]), np.array([[3.0], [6.0]]))
    (0.5, array([3., 1.]))
    """

    def __init__(self, model: Layer, loss: Layer) -> None:
        self.model = model
        self.loss = loss
        self.parameters: list[Parameter] = list(model.named_parameters().values())
        self._compiled: Any = jit(vmap(value_and_grad(self.of_values), in_axes=(None, 0, 0), reduce="mean"))
        self._variables = [Variable(0.0) for parameter in self.parameters for _ in range(parameter.size)]
        self._arrays = arranged(self.parameters, self._variables)

    def of_sample(self, x: Any, y: Any) -> Any:
        """The loss of one sample, of what stands for the parameters now: the function to differentiate."""
        return self.loss.apply(self.model.apply(x), y)

    def of_values(self, values: Any, x: Any, y: Any) -> Any:
        """The loss of one sample, as a function of the parameters too."""
        with substituted(arranged(self.parameters, list(values))):
            return self.of_sample(x, y)

    def __call__(self, values: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
        if self._compiled is not None:
            try:
                value, gradient = self._compiled(values, inputs, targets)
                return value, gradient
            except TraceError:
                # The model reads values (an embedding its tokens): it is run by Python.
                self._compiled = None
        return self.by_python(values, inputs, targets)

    @property
    def paths(self) -> list[Any]:
        """The programs that were compiled."""
        return [] if self._compiled is None else list(self._compiled.paths)

    def by_python(self, values: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
        """The same without compiling.

        A graph is made for each sample, and gradients add up in the same Variables: small graphs stay in the cache,
        and a sweep into Variables that are there already is cheaper than `value_and_grad`, which makes new ones.
        """
        import numpy

        for variable, value in zip(self._variables, values.tolist(), strict=True):
            variable.value = value
        zero_grad(self._variables)
        share = 1.0 / len(inputs)
        total = 0.0
        with enable_grad(), substituted(self._arrays):
            for x, y in zip(as_objects(inputs), as_objects(targets), strict=True):
                loss = self.of_sample(x, y)
                loss.backward(share)
                total += loss.value
        return total * share, numpy.array([variable.grad for variable in self._variables])

    def value(self, values: Any, inputs: Any, targets: Any) -> float:
        """The mean loss alone."""
        with no_grad(), substituted(arranged(self.parameters, values.tolist())):
            losses = [self.of_sample(x, y) for x, y in zip(as_objects(inputs), as_objects(targets), strict=True)]
        return float(sum(losses)) / len(losses)


def outputs(model: Layer, inputs: Any) -> Any:
    """What a model makes of each sample, as plain numbers; nothing is recorded."""
    import numpy

    parameters = list(model.named_parameters().values())
    with no_grad(), substituted(arranged(parameters, [number for p in parameters for number in p.values.flat])):
        return numpy.array([model.apply(x) for x in as_objects(inputs)], dtype=float)


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


def as_objects(samples: Any) -> Any:
    """Samples as layers take them inside: arrays of floats as objects, single numbers as floats."""
    return samples.tolist() if samples.ndim == 1 else samples.astype(object)
