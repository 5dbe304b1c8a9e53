"""`Layer`: a part of a computation that is drawn as one box, and that can also answer alone."""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple, TypedDict, get_args

from autograd import Node, Variable, gradients, scope
from autograd.graph.modes import current_mode
from autograd.graph.node import hooks
from layers.arrays import as_input, elementwise, is_array, plain, singles
from layers.errors import DataError, DescriptionError, InputError, NoForwardError, ShapeError, StateError
from layers.parameters.parameter import Parameter, sizes_restored
from layers.saving.registry import Described, Registry
from layers.saving.weights import check_state

__all__ = ["Gradients", "Kind", "Layer", "Names", "Trainable", "from_dict", "registered", "unchanged"]

LAYERS = Registry("layer")
# The decorator that gives a layer the name by which descriptions ask for it.
registered = LAYERS.register


# The kinds of outputs that losses tell apart: any numbers, scores (whose softmax or sigmoid are probabilities), or
# probabilities.
Kind = Literal["numbers", "scores", "probabilities"]


class Names(TypedDict, total=False):
    """The options that every layer takes; `Layer` explains them."""

    name: str | None
    index: int | None
    output: str | None


class Trainable(NamedTuple):
    """A parameter of a layer: its name, its values, and the gradients of the last backward pass, of the same shape."""

    name: str
    value: Any
    gradient: Any


class Gradients(tuple[Any, ...]):
    """The gradients of a layer's inputs in their order; by name (`.dx`) also those of its inner values.

    >>> dx, dw = Gradients({"dx": 2.0, "dw": 1.0}, {"dz": 1.0})
    >>> Gradients({"dx": 2.0, "dw": 1.0}, {"dz": 1.0}).dz
    1.0
    """

    _by_name: dict[str, Any]

    def __new__(cls, of_inputs: dict[str, Any], of_values: dict[str, Any]) -> Gradients:
        self = super().__new__(cls, of_inputs.values())
        self._by_name = of_inputs | of_values
        return self

    def __getattr__(self, name: str) -> Any:
        by_name = self.__dict__.get("_by_name", {})
        if name in by_name:
            return by_name[name]
        raise AttributeError(f"no gradient is called {name!r}; there are {', '.join(by_name)}")

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self._by_name]

    def __getnewargs__(self) -> tuple[dict[str, Any], dict[str, Any]]:
        names = list(self._by_name)
        return (
            {name: self._by_name[name] for name in names[: len(self)]},
            {name: self._by_name[name] for name in names[len(self) :]},
        )

    def __repr__(self) -> str:
        return f"Gradients({', '.join([f'{name}={value!r}' for name, value in self._by_name.items()])})"


class Layer(Described):
    """A named piece of computation, made of primitives: it knows no derivative of its own.

    A layer is applied to nodes, and gives a node whose picture shows the layer as a box:

    >>> from layers import Affine
    >>> x, w, b = Variable(1.0, name="x"), Variable(2.0, name="w"), Variable(5.0, name="b")
    >>> a = Affine()(x, w, b)
    >>> a.value, a.name, a.scope.label
    (7.0, 'a', 'Affine')

    Or it answers alone, with plain numbers, forward and then backward:

    >>> affine = Affine()
    >>> affine.forward(1.0, 2.0, 5.0)
    7.0
    >>> affine.backward(10.0)
    Gradients(dx=20.0, dw=10.0, db=10.0, dz=10.0, da=10.0)

    Parameters, all by keyword
    --------------------------
    name: the layer's name on its box and in messages; the name of its class if not given.
    index: a number to follow the names of its values, so that a second `Affine` has z2 and a2.
    output: the name of its result in place of the layer's own.

    The elements of an array are named `a1[0,2]` and so on, but only if `index` or `output` is given: that
    takes as long as computing them (the 2-16-16-1 network on 100 points, forward: 16 ms instead of 8).

    A subclass defines `compute`, whose arguments are the layer's inputs. Its parameters are attributes of class
    `Parameter`, read as `self.weight.nodes`; attributes that are layers, or lists of them, are part of it.

    >>> class Scale(Layer):
    ...     def compute(self, x, factor):
    ...         return {"scaled": x * factor}
    >>> Scale().forward([1.0, 2.0], 3.0)
    array([3., 6.])

    A layer whose results are probabilities, or scores, says so by its attribute `gives`; it decides which losses may
    follow.
    """

    inputs: ClassVar[tuple[str, ...]] = ()
    gives: Kind = "numbers"
    shared_settings = ("name", "index", "output")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.inputs = tuple(inspect.signature(cls.compute).parameters)[1:]
        if "compute" in vars(cls) and "settle" not in vars(cls):
            # Another computation has other lengths.
            cls.settle = Layer.settle  # type: ignore[method-assign]
        check_kind(cls, "gives", cls.gives)

    def __init__(self, *, name: str | None = None, index: int | None = None, output: str | None = None) -> None:
        self.given_name = None if name is None else str(name)
        self.name = type(self).__name__ if name is None else str(name)
        self.index = index
        self.output = output
        self._given: dict[str, Any] | None = None
        self._values: dict[str, Any] = {}

    def compute(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The layer's values by their names in the order of computation; the last one is the result."""
        raise NotImplementedError(f"{type(self).__name__} defines no compute(...)")

    def __call__(self, *inputs: Any) -> Any:
        """The result on nodes, numbers, and arrays of them: a node or an array of nodes; on numbers, numbers.

        Raises InputError for a wrong number or kind of inputs, ShapeError for arrays that don't fit.
        """
        result = list(self._completed(self._prepared(inputs)).values())[-1]
        return result if any([isinstance(single, Node) for single in singles(result)]) else plain(result)

    def apply(self, *inputs: Any) -> Any:
        """The result on outputs of other layers, nodes or numbers, without the checks that calling the layer makes.

        Layers that are made of layers use it.
        """
        return list(self._apply(dict(zip(self.inputs, inputs, strict=True))).values())[-1]

    def forward(self, *numbers: Any) -> Any:
        """The result as a plain number or array, and remembered for `backward`.

        Raises InputError, ShapeError: the previous forward pass is then still the one remembered.
        """
        prepared = self._prepared(numbers)
        for name, value in prepared.items():
            if any([isinstance(single, Node) for single in singles(value)]):
                raise InputError(
                    f"{self.name}.forward takes plain numbers, got a node in {name}; apply the layer itself "
                    f"to nodes, or give their .value"
                )
        given = {name: elementwise(partial(Variable, name=name), value) for name, value in prepared.items()}
        values = self._completed(given)
        self._given, self._values = (given, values) if current_mode().recording else (None, {})
        return plain(list(values.values())[-1])

    def backward(self, upstream: Any = 1.0) -> Gradients:
        """The gradients of the inputs of the last `forward` and of the values within, from the result's gradient.

        Those of parameters are left in their Variables, for `trainable` and optimisers; the layer's own parameters
        have them in the result too (`.dweight`). `upstream` is the gradient of the result, in its shape; a single
        number is meant for each element.
        Raises NoForwardError without a forward pass before, ShapeError if the upstream doesn't fit.
        """
        if self._given is None:
            raise NoForwardError(
                f"{self.name}.backward goes back through the last forward pass, and there is none; "
                f"call {self.name}.forward({', '.join(self.inputs)}) first, outside no_grad()"
            )
        output = list(self._values.values())[-1]
        seeds = self._seeds(upstream, output)
        parameters = self.named_parameters()
        named = self._given | self._values
        wanted = [*named.values(), *[parameter.variables for parameter in parameters.values()]]
        # In a context of its own: inside the caller's no_grad() nothing could be swept.
        found = contextvars.Context().run(_swept, output, seeds, wanted)
        of_parameters = dict(zip(parameters, found[len(named) :], strict=True))
        for name, parameter in parameters.items():
            parameter.assign_gradient(of_parameters[name])
        labelled = {f"d{name}": gradient for name, gradient in zip(named, found, strict=False)}
        labelled |= {f"d{name}": of_parameters[name] for name in parameters if "." not in name}
        of_inputs = {f"d{name}": labelled.pop(f"d{name}") for name in self._given}
        return Gradients(of_inputs, labelled)

    def _prepared(self, inputs: Sequence[Any]) -> dict[str, Any]:
        """The inputs by name, checked."""
        expected = len(self.inputs)
        if len(inputs) != expected:
            raise InputError(
                f"{self.name} takes {expected} {'input' if expected == 1 else 'inputs'} "
                f"({', '.join(self.inputs)}), got {len(inputs)}"
            )
        try:
            return {name: as_input(name, value) for name, value in zip(self.inputs, inputs, strict=True)}
        except (InputError, ShapeError) as error:
            raise type(error)(f"{self.name}: {error}") from None

    def _completed(self, given: dict[str, Any]) -> dict[str, Any]:
        """The values of `compute` on prepared inputs; if it fails, sizes that these inputs decided are open again."""
        with sizes_restored(self.named_parameters().values()):
            return self._apply(given)

    def _apply(self, given: dict[str, Any]) -> dict[str, Any]:
        """The values of `compute` on prepared inputs, as a box and with names."""
        try:
            with scope(self.name):
                values = self.compute(*given.values())
        except (DataError, InputError, ShapeError) as error:
            raise type(error)(f"{self.name}: {error}") from None
        self._name_values(values, list(given.values()))
        return values

    def _name_values(self, values: dict[str, Any], given: list[Any]) -> None:
        """Give each value its name, unless it is an input that is passed on."""
        suffix = "" if self.index is None else str(self.index)
        last = list(values)[-1]
        for own_name, value in values.items():
            name = self.output if own_name == last and self.output is not None else own_name + suffix
            if any([value is known for known in given]):
                continue
            if isinstance(value, Node):
                value.name = name
            elif is_array(value) and (self.output is not None or self.index is not None):
                _name_elements(value, name)

    def _seeds(self, upstream: Any, output: Any) -> Any:
        """The upstream gradient in the shape of the output, of plain numbers."""
        try:
            seeds = plain(as_input("the upstream gradient", upstream))
        except (InputError, ShapeError) as error:
            raise type(error)(f"{self.name}.backward: {error}") from None
        shape: tuple[int, ...] = output.shape if is_array(output) else ()
        # Axes of length 1 may be left out: a row for an output of shape (1, samples).
        if is_array(seeds) and _without_ones(seeds.shape) != _without_ones(shape):
            wanted = f"shape {shape}" if shape else "a single number"
            raise ShapeError(
                f"{self.name}.backward: the upstream gradient is like the output, {wanted}, got shape {seeds.shape}"
            )
        return seeds

    # Parameters

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        """The layers that it is made of, by names unlike each other."""
        for attribute, value in vars(self).items():
            if attribute.startswith("_"):
                continue
            if isinstance(value, Layer):
                yield attribute, value
            elif isinstance(value, list | tuple):
                for place, item in enumerate(value):
                    if isinstance(item, Layer):
                        yield f"{attribute}_{place}", item

    def named_parameters(self) -> dict[str, Parameter]:
        """The parameters by their names, which don't change: `weight`, and in a model `dense_0.weight`.

        One that several layers share is there once.
        """
        found: dict[str, Parameter] = {}
        met: set[Parameter] = set()
        pending: list[tuple[str, Layer]] = [("", self)]
        while pending:
            prefix, layer = pending.pop()
            for name, value in vars(layer).items():
                if isinstance(value, Parameter) and value not in met:
                    met.add(value)
                    found[prefix + name] = value
            pending += [(f"{prefix}{name}.", inner) for name, inner in layer.named_layers()][::-1]
        return found

    def parameters(self) -> list[Variable]:
        """The Variables of all parameters. Raises SizeError while a size is open that the first input decides."""
        return [variable for parameter in self.named_parameters().values() for variable in parameter.variables.flat]

    @property
    def trainable(self) -> list[Trainable]:
        """Name, values and gradients of each parameter, as arrays of the same shape.

        >>> from layers import Dense
        >>> dense = Dense(2, 1, weight_init="ones")
        >>> dense.forward([3.0, 4.0]), dense.backward(1.0).dx
        (array([7.]), array([1., 1.]))
        >>> [(name, gradient.tolist()) for name, value, gradient in dense.trainable]
        [('weight', [[3.0], [4.0]]), ('bias', [1.0])]
        """
        return [
            Trainable(name, parameter.values, parameter.gradient) for name, parameter in self.named_parameters().items()
        ]

    def state_dict(self) -> dict[str, Any]:
        """The values of the parameters by name, arrays that are the caller's own."""
        return {name: parameter.values for name, parameter in self.named_parameters().items()}

    def load_state_dict(self, state: Any, *, strict: bool = True) -> None:
        """Give the parameters the values of a `state_dict()`.

        Raises StateError for other names (if `strict`; else only arrays that have a namesake are loaded), for other
        shapes or such as don't fit each other, and for values that are not finite; nothing is then changed.
        """
        parameters = self.named_parameters()
        checked = check_state(self.name, state, {name: one.shape for name, one in parameters.items()}, strict=strict)
        with sizes_restored(parameters.values()):
            for name, values in checked.items():
                parameters[name].fit_shape(values.shape)
            try:
                self.settle(None)
            except ShapeError as error:
                raise StateError(f"{self.name}: the arrays of the state don't fit each other: {error}") from None
            for name, values in checked.items():
                parameters[name].assign(values)

    def settle(self, features: int | None) -> int | None:
        """The number of features of the result for one input of so many, with the open sizes that follow settled.

        None is for a number that is not known. Raises ShapeError if the sizes that are known contradict each other.
        """
        return None

    def _settle_parameters(self, seed: tuple[int, ...] | None) -> None:
        """Give each parameter the name it has here, and one without a seed a seed of its own if there is one."""
        for place, (name, parameter) in enumerate(self.named_parameters().items()):
            parameter.rename(name)
            if seed is not None and parameter.seed is None:
                parameter.seed = (*seed, place)

    def ending(self) -> Layer:
        """The innermost layer that the result comes from, for losses to check: a `Dense` ends in its activation."""
        return self

    # Descriptions and pictures

    def described_settings(self) -> dict[str, Any]:
        told = super().described_settings()
        names = {"name": self.given_name, "index": self.index, "output": self.output}
        return told | {name: value for name, value in names.items() if value is not None}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The last forward pass as a picture for a notebook, if `viz` was imported; text without one."""
        render = hooks.render
        if render is None or self._given is None:
            return {"text/plain": repr(self)}
        shown: dict[str, str] = render(list(singles(list(self._values.values())[-1])))
        return shown


def unchanged(layer: Layer, features: int | None) -> int | None:
    """The `settle` of layers whose results have as many features as their input."""
    return features


def from_dict(description: Any) -> Any:
    """The layer, loss or model that a description asks for; names reach registered classes and nothing else.

    Raises DescriptionError for an unknown name or option.

    >>> from_dict({"type": "dense", "n_in": 2, "n_out": 3, "activation": "relu"})
    Dense(n_in=2, n_out=3, activation='relu')
    """
    return LAYERS.make(description)


def check_kind(cls: type, attribute: str, kind: str) -> None:
    """Raise DescriptionError if a class declares something else than numbers, scores or probabilities."""
    if kind not in get_args(Kind):
        raise DescriptionError(f"{cls.__name__}.{attribute} is one of {', '.join(get_args(Kind))}, got {kind!r:.60}")


def _swept(output: Any, seeds: Any, wanted: list[Any]) -> list[Any]:
    """The derivative, in each of the wanted values, of the output weighted with the seeds."""
    outputs = list(singles(output))
    weights = list(singles(seeds)) if is_array(seeds) else [seeds] * len(outputs)
    # Each element is swept from a product of its own: in a sum of them, one nan would reach all.
    roots = [element * float(weight) for element, weight in zip(outputs, weights, strict=True)]
    nodes = [single for value in wanted for single in singles(value) if isinstance(single, Node)]
    derivatives = iter(gradients(roots, nodes))
    return [
        plain(elementwise(lambda single: next(derivatives) if isinstance(single, Node) else 0.0, value))
        for value in wanted
    ]


def _name_elements(array: Any, name: str) -> None:
    """Give each node of an array the name with its place."""
    import numpy

    for place, node in numpy.ndenumerate(array):
        if isinstance(node, Node):
            node.name = f"{name}[{','.join(map(str, place))}]"


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([length for length in shape if length != 1])
