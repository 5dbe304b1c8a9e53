"""A layer alone: forward and backward on plain numbers, without a graph in the caller's hands."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from autograd import Node, Variable, gradients
from autograd.graph.modes import current_mode
from autograd.text import one_line
from layers.arrays import as_input, elementwise, is_array, name_elements, plain, shape_of, singles, without_ones
from layers.errors import InputError, NoForwardError, ShapeError
from layers.hints import did_you_mean
from layers.parameters.parameter import Parameter
from layers.results import Gradients, Values

__all__ = ["Alone", "Pass"]

logger = logging.getLogger("layers.shapes")


class Pass(NamedTuple):
    """The nodes of a layer's last forward pass: its results and its inputs, and the gradients that were handed back.

    upstream: of each result the gradient that `backward` was given last; None if it wasn't called.
    """

    outputs: list[Node]
    inputs: list[Node]
    upstream: list[float] | None


class Alone:
    """The half of `Layer` that answers alone: it remembers its last forward pass, and goes back through it."""

    stateless: ClassVar[bool] = False

    if TYPE_CHECKING:
        name: str
        inputs: ClassVar[tuple[str, ...]]

        def named_parameters(self) -> dict[str, Parameter]: ...
        def _prepared(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]: ...
        def _completed(self, given: dict[str, Any]) -> dict[str, Any]: ...
        def _check_compute(self) -> None: ...
        def _known_as(self, name: str, last: str) -> str: ...
        def _name_values(self, values: dict[str, Any], given: list[Any], *, elements: bool = False) -> None: ...

    def __init__(self) -> None:
        self._given: dict[str, Any] | None = None
        self._values: dict[str, Any] = {}
        self._upstream: list[float] | None = None

    @property
    def shown(self) -> str:
        """The name as messages have it: on one line, whatever is in it, and the beginning of a long one."""
        return one_line(self.name if len(self.name) <= 100 else f"{self.name[:99]}…")

    def forward(self, *numbers: Any, **named: Any) -> Any:
        """The result as a plain number or array, and remembered for `backward`.

        Inputs are given in their order or by their names.
        Raises InputError, ShapeError: the previous forward pass is then still the one remembered.
        """
        given = self._variables(numbers, named)
        values = self._completed(given)
        self._given, self._values = (given, values) if current_mode().recording else (None, {})
        self._upstream = None
        result = plain(list(values.values())[-1])
        if logger.isEnabledFor(logging.DEBUG):
            shapes = [f"{name} {shape_of(value)}" for name, value in (given | values).items()]
            logger.debug("%s forward: %s", self.shown, ", ".join(shapes))
        return result

    def backward(self, *numbers: Any, **named: Any) -> Gradients:
        """The gradients of the inputs of the last `forward` and of the values within, from the result's gradient.

        `backward(upstream)`: the gradient of the result, in its shape; a single number is meant for each element, and
        1 for none. It may be given by its name too, such as `dl=1.0`. A layer without parameters also takes its inputs
        before it, `backward(a, upstream)`, and then needs no `forward`; nor does a `stateless` one.
        Gradients of parameters are left in their Variables, for `trainable` and optimisers; the layer's own parameters
        have them in the result too (`.dweight`).
        Raises NoForwardError without a forward pass before, ShapeError if the upstream doesn't fit.
        """
        parameters = self.named_parameters()
        anew = len(numbers) == len(self.inputs) + 1 and not parameters
        if len(numbers) > 1 and not anew:
            raise InputError(
                f"{self.shown}.backward takes the gradient of the result, got {len(numbers)} values; "
                + (
                    "it changes no parameter, a step does: SGD(lr=0.1).step(layer.parameters())"
                    if parameters
                    else f"or else {', '.join(self.inputs)} and then that gradient"
                )
            )
        upstream = numbers[-1] if numbers else 1.0
        # In a context of its own: inside the caller's no_grad() nothing could be swept.
        context = contextvars.Context()
        if anew:
            given, values = context.run(self._answered, numbers[:-1])
        elif self._given is not None:
            given, values = self._given, self._values
        elif self.stateless:
            shaped = elementwise(lambda number: 0.0, self._single_or_array(next(iter(named.values()), upstream)))
            given, values = context.run(self._answered, [shaped] * len(self.inputs))
        else:
            self._check_compute()
            raise NoForwardError(
                f"{self.shown}.backward goes back through the last forward pass, and there is none; "
                f"call {self.shown}.forward({', '.join(self.inputs)}) first, outside no_grad()"
            )
        *_, (own_name, output) = values.items()
        if named:
            upstream = self._upstream_by_name(named, own_name, bool(numbers))
        seeds = self._seeds(upstream, output)
        by_name = given | values
        wanted = [*by_name.values(), *[parameter.variables for parameter in parameters.values()]]
        found = context.run(_swept, output, seeds, wanted)
        of_parameters = dict(zip(parameters, found[len(by_name) :], strict=True))
        for name, parameter in parameters.items():
            parameter.assign_gradient(of_parameters[name])
        labelled = {f"d{name}": gradient for name, gradient in zip(by_name, found, strict=False)}
        also = {f"d{self._known_as(name, own_name)}": labelled[f"d{name}"] for name in by_name}
        labelled |= {f"d{name}": of_parameters[name] for name in parameters if "." not in name}
        of_inputs = {f"d{name}": labelled.pop(f"d{name}") for name in given}
        if given is self._given:
            self._upstream = list(singles(seeds)) if is_array(seeds) else [seeds] * len(list(singles(output)))
        return Gradients(of_inputs, labelled, also)

    @property
    def values(self) -> Values:
        """The inputs and all values of the last `forward` by their names, as plain numbers: `.values.z`.

        Raises NoForwardError without a forward pass before.
        """
        if self._given is None:
            raise NoForwardError(
                f"{self.shown}.values are those of the last forward pass, and there is none; "
                f"call {self.shown}.forward({', '.join(self.inputs)}) first, outside no_grad()"
            )
        numbers = {name: plain(value) for name, value in (self._given | self._values).items()}
        last = list(self._values)[-1]
        return Values(numbers, {self._known_as(name, last): value for name, value in numbers.items()})

    @property
    def last_pass(self) -> Pass | None:
        """The nodes of the last `forward`, for pictures, with the upstream gradient if `backward` followed it."""
        if self._given is None:
            return None
        for name, value in self._given.items():
            if is_array(value):
                name_elements(value, name)
        self._name_values(self._values, list(self._given.values()), elements=True)
        outputs = [single for single in singles(list(self._values.values())[-1]) if isinstance(single, Node)]
        inputs = [single for value in self._given.values() for single in singles(value)]
        return Pass(outputs, inputs, self._upstream)

    def _variables(self, numbers: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs by name as Variables. Raises InputError for nodes."""
        prepared = self._prepared(numbers, named)
        for name, value in prepared.items():
            if any([isinstance(single, Node) for single in singles(value)]):
                raise InputError(
                    f"{self.shown}.forward takes plain numbers, got a node in {name}; apply the layer itself "
                    f"to nodes, or give their .value"
                )
        return {name: elementwise(partial(Variable, name=name), value) for name, value in prepared.items()}

    def _answered(self, numbers: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The inputs as Variables, and the values computed from them."""
        given = self._variables(numbers, {})
        return given, self._completed(given)

    def _upstream_by_name(self, named: Mapping[str, Any], own_name: str, given: bool) -> Any:
        """The gradient of the result, given by a keyword."""
        allowed = ("upstream", f"d{own_name}", f"d{self._known_as(own_name, own_name)}")
        ((name, upstream), *more) = named.items()
        if name not in allowed or more or given:
            meant = did_you_mean(name, allowed, "argument")
            raise InputError(
                f"{self.shown}.backward takes the gradient of the result once, as upstream= or {allowed[1]}=, got "
                f"{', '.join(named)}" + (f"; {meant}" if meant and name not in allowed else "")
            )
        return upstream

    def _single_or_array(self, upstream: Any) -> Any:
        """An upstream gradient, prepared."""
        try:
            return as_input("the upstream gradient", upstream)
        except (InputError, ShapeError) as error:
            raise type(error)(f"{self.shown}.backward: {error}") from None

    def _seeds(self, upstream: Any, output: Any) -> Any:
        """The upstream gradient in the shape of the output, of plain numbers."""
        seeds = plain(self._single_or_array(upstream))
        shape: tuple[int, ...] = output.shape if is_array(output) else ()
        # Axes of length 1 may be left out: a row for an output of shape (1, samples).
        if is_array(seeds) and without_ones(seeds.shape) != without_ones(shape):
            wanted = f"shape {shape}" if shape else "a single number"
            raise ShapeError(
                f"{self.shown}.backward: the upstream gradient is like the output, {wanted}, got shape {seeds.shape}"
            )
        return seeds


def _swept(output: Any, seeds: Any, wanted: list[Any]) -> list[Any]:
    """The derivative, in each of the wanted values, of the output weighted with the seeds."""
    outputs = list(singles(output))
    weights = list(singles(seeds)) if is_array(seeds) else [seeds] * len(outputs)
    # Each element is swept from a product of its own: in a sum of them, one nan would reach all.
    roots = [element * float(weight) for element, weight in zip(outputs, weights, strict=True)]
    nodes = [single for value in wanted for single in singles(value) if isinstance(single, Node)]
    derivatives = iter(gradients(roots, nodes))
    # Adding 0 takes the sign of a zero away, which would be that of a factor.
    return [
        plain(elementwise(lambda single: next(derivatives) + 0.0 if isinstance(single, Node) else 0.0, value))
        for value in wanted
    ]
