"""`Layer`: a part of a computation that is drawn as one box, and that can also answer alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, TypedDict, Unpack, get_args

from autograd import Node, Variable, scope
from autograd.graph.modes import is_traced
from autograd.graph.node import hooks
from autograd.signatures import signature_of
from autograd.text import one_line
from layers.alone import Alone
from layers.arrays import FEW_ELEMENTS, as_input, handed, is_array, name_elements, plain, singles
from layers.attributes import MissingAttribute, check_assignment
from layers.errors import DataError, DescriptionError, InputError, ShapeError, StateError
from layers.hints import did_you_mean
from layers.options import seed_of, truth
from layers.parameters.parameter import Parameter, sizes_restored
from layers.saving.registry import Described, Registry, check_options
from layers.saving.weights import check_state

if TYPE_CHECKING:
    import inspect

__all__ = ["Kind", "Layer", "Names", "Trainable", "from_dict", "registered", "unchanged"]


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
    frozen: bool


class ConstructorSignature:
    """What `help` and `inspect` are told of a layer's class: its options with the names of `Names` among them."""

    def __get__(self, layer: Layer | None, cls: type[Layer]) -> inspect.Signature:
        if layer is not None:
            raise AttributeError("a layer itself is called as its class says")
        import inspect

        signature = signature_of(cls.__init__)
        parameters = list(signature.parameters.values())[1:]
        if parameters and parameters[-1].annotation == "Unpack[Names]":
            del parameters[-1]
            there = [parameter.name for parameter in parameters]
            for name, kind in Names.__annotations__.items():
                if name not in there:
                    default = False if name == "frozen" else None
                    annotation = kind.__forward_arg__
                    option = inspect.Parameter(
                        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
                    )
                    parameters.append(option)
        return signature.replace(parameters=parameters, return_annotation=signature.empty)


class Trainable(NamedTuple):
    """A parameter of a layer: its name, its values, and the gradients of the last backward pass, of the same shape."""

    name: str
    value: Any
    gradient: Any


# The size of the largest arrays whose elements get names, too.
_naming: ContextVar[int] = ContextVar("naming", default=0)


class Layer(Alone, Described):
    """A named piece of computation, made of primitives: it knows no derivative of its own.

    A layer is applied to nodes, and gives a node whose picture shows the layer as a box:

    >>> from layers import Affine
    >>> x, w, b = Variable(1.0, name="x"), Variable(2.0, name="w"), Variable(5.0, name="b")
    >>> a = Affine()(x, w, b)
    >>> a.value, a.name, a.scope.label
    (7.0, 'a', 'Affine')

    Or it answers alone, with plain numbers, forward and then backward; `values` are those of the forward pass:

    >>> affine = Affine()
    >>> affine.forward(1.0, 2.0, 5.0)
    7.0
    >>> affine.backward(10.0)
    Gradients(dx=20.0, dw=10.0, db=10.0, dz=10.0, da=10.0)
    >>> affine.values
    Values(x=1.0, w=2.0, b=5.0, z=2.0, a=7.0)

    Parameters, all by keyword
    --------------------------
    name: the layer's name on its box and in messages; the name of its class if not given.
    index: a number to follow the names of its values, so that a second `Affine` has z2 and a2.
    output: the name of its result in place of the layer's own.
    frozen: whether a training leaves its parameters as they are; may be set at any time.

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
    follow. A layer whose gradients depend on no input, and whose inputs have the shape of the result, is `stateless`:
    it goes back without having gone forward.
    """

    inputs: ClassVar[tuple[str, ...]] = ()
    gives: Kind = "numbers"
    passes_kind: bool = False  # whether the result is of the kind of its input
    shared_settings = tuple(Names.__annotations__)
    __signature__ = ConstructorSignature()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.inputs = tuple(signature_of(cls.compute).parameters)[1:]
        if "compute" in vars(cls) and "settle" not in vars(cls):
            # Another computation has other lengths.
            cls.settle = Layer.settle  # type: ignore[method-assign]
        check_kind(cls, "gives", cls.gives)

    def __init__(self, **names: Unpack[Names]) -> None:
        if names:
            check_options(type(self).__name__, names, [*self.options_of_its_own(), *self.shared_settings])
        super().__init__()
        name, output = names.get("name"), names.get("output")
        self.given_name = None if name is None else str(name)
        self.name = type(self).__name__ if name is None else str(name)
        self.index = names.get("index")
        self.output = None if output is None else str(output)
        self.frozen = truth(f"{self.shown}: frozen", names.get("frozen", False))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise MissingAttribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        check_assignment(self, name, value)
        if name == "name" and "name" in vars(self):
            value = vars(self)["given_name"] = str(value)
        super().__setattr__(name, value)

    def compute(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The layer's values by their names in the order of computation; the last one is the result."""
        raise NotImplementedError(f"{type(self).__name__} defines no compute(...)")

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """The result on nodes, numbers, and arrays of them: a node or an array of nodes; on numbers, numbers.

        Inputs are given in their order or by their names.
        Raises InputError for a wrong number or kind of inputs, ShapeError for arrays that don't fit.
        """
        token = _naming.set(max(_naming.get(), 0 if is_traced() else FEW_ELEMENTS))
        try:
            result = list(self._completed(self._prepared(inputs, named)).values())[-1]
        finally:
            _naming.reset(token)
        return handed(result) if any([isinstance(single, Node) for single in singles(result)]) else plain(result)

    def with_names(self, *inputs: Any) -> Any:
        """The result of a call in which every inner value has its name, and all elements of arrays: for pictures."""
        token = _naming.set(sys.maxsize)
        try:
            return self(*inputs)
        finally:
            _naming.reset(token)

    def answering(self, count: int) -> Layer:
        """The layer that answers so many inputs: itself, or of a network, given x and y, its loss."""
        return self

    def apply(self, *inputs: Any, called: str | None = None) -> Any:
        """The result on outputs of other layers, nodes or numbers, without the checks that calling the layer makes.

        Layers that are made of layers use it. `called` is the layer's name there, if it has another one.
        """
        return list(self._apply(dict(zip(self.inputs, inputs, strict=True)), called or self.name).values())[-1]

    def _check_compute(self) -> None:
        """Raise NotImplementedError for a class that defines no computation."""
        if type(self).compute is Layer.compute:
            raise NotImplementedError(
                f"{type(self).__name__} defines no compute(self, ...), the method of a layer from which forward and "
                f'backward follow: its arguments are the inputs, and it returns its values by name: {{"y": x * 2}}'
            )

    def _prepared(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs by name, checked."""
        self._check_compute()
        for name in named:
            if name not in self.inputs:
                meant = did_you_mean(name, self.inputs, "argument")
                raise InputError(f"{self._taking()}, got {name!r:.60}" + (f"; {meant}" if meant else ""))
            if name in self.inputs[: len(inputs)]:
                raise InputError(f"{self._taking()}, got {name} twice")
        got = len(inputs) + len(named)
        if got != len(self.inputs):
            raise InputError(f"{self._taking()}, got {got}{self._namesake(got)}")
        given = dict(zip(self.inputs, inputs, strict=False)) | dict(named)
        try:
            return {name: as_input(name, given[name]) for name in self.inputs}
        except (InputError, ShapeError) as error:
            raise type(error)(f"{self.shown}: {error}") from None

    def _taking(self) -> str:
        """What it takes, for messages."""
        expected = len(self.inputs)
        return f"{self.shown} takes {expected} {'input' if expected == 1 else 'inputs'} ({', '.join(self.inputs)})"

    def _namesake(self, count: int) -> str:
        """The layer of like name that takes so many inputs, as a remark: `Sigmoid` of three is `SigmoidNeuron`."""
        for kind, other in LAYERS.classes.items():
            inputs = getattr(other, "inputs", ())
            if kind.startswith(f"{self.kind}_") and len(inputs) == count:
                return f"; {other.__name__} takes {', '.join(inputs)}"
        return ""

    def _completed(self, given: dict[str, Any]) -> dict[str, Any]:
        """The values of `compute` on prepared inputs; if it fails, sizes that these inputs decided are open again."""
        with sizes_restored(self.named_parameters().values()):
            return self._apply(given, self.name)

    def _apply(self, given: dict[str, Any], called: str) -> dict[str, Any]:
        """The values of `compute` on prepared inputs, as a box and with names."""
        given = {name: handed(value) for name, value in given.items()}
        try:
            with scope(called):
                values = self.compute(*given.values())
            if not isinstance(values, dict) or not values:
                raise InputError(
                    f"compute returns its values by name in a dict, the result last, as {{'y': ...}}, got "
                    f"{type(values).__name__}"
                )
        except (DataError, InputError, ShapeError) as error:
            raise type(error)(f"{one_line(called)}: {error}") from None
        self._name_values(values, list(given.values()))
        return values

    def _known_as(self, name: str, last: str) -> str:
        """The name of a value outside: with the layer's index, or of the result the name it was given."""
        if name == last and self.output is not None:
            return self.output
        return name if self.index is None else f"{name}{self.index}"

    def _name_values(self, values: dict[str, Any], given: list[Any], *, elements: bool = False) -> None:
        """Give each value its name, unless it is an input that is passed on."""
        largest = sys.maxsize if elements or self.output is not None or self.index is not None else _naming.get()
        last = list(values)[-1]
        for own_name, value in values.items():
            if any([value is known for known in given]):
                continue
            if isinstance(value, Node):
                value.name = self._known_as(own_name, last)
            elif is_array(value) and value.size <= largest:
                name_elements(value, self._known_as(own_name, last))

    # Parameters

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        """The layers that it is made of, by names unlike each other, from lists and dicts in its attributes too."""
        for name, part in self._named_parts():
            if isinstance(part, Layer):
                yield name, part

    def _named_parts(self) -> list[tuple[str, Layer | Parameter]]:
        """The layers and parameters in its attributes, by names; of layers in private ones nothing is known."""
        found: list[tuple[str, Layer | Parameter]] = []
        for attribute, value in vars(self).items():
            if isinstance(value, Parameter) or (isinstance(value, HOLDERS) and not attribute.startswith("_")):
                _append_parts(found, attribute, value)
        return found

    def named_parameters(self) -> dict[str, Parameter]:
        """The parameters by their names, which don't change: `weight`, and in a model `dense_0.weight`.

        One that several layers share is there once.
        """
        found: dict[str, Parameter] = {}
        met: set[Parameter] = set()
        pending: list[tuple[str, Layer]] = [("", self)]
        while pending:
            prefix, layer = pending.pop()
            for name, part in layer._named_parts():
                if isinstance(part, Layer) or part in met:
                    continue
                if prefix + name in found:
                    raise DescriptionError(f"{self.shown} has two parameters {prefix + name}: rename an attribute")
                met.add(part)
                found[prefix + name] = part
            pending += [(f"{prefix}{name}.", inner) for name, inner in layer.named_layers()][::-1]
        return found

    @property
    def parameters(self) -> Parameters:
        """`parameters()`: the Variables of all parameters.

        Raises SizeError while a size is open that the first input decides.
        """
        return Parameters(self)

    def initialize(self, seed: int | None = None) -> None:
        """Give all parameters first values anew: with a seed, theirs or this one, the same ones each time."""
        mixed = seed_of(seed)
        for place, parameter in enumerate(self.named_parameters().values()):
            if mixed is not None:
                parameter.seed = (*mixed, place)
            parameter.initialise()

    def check_held(self) -> None:
        """Raise DescriptionError if it, or a layer in it, holds Variables that are no Parameter: none would learn."""
        for attribute, value in vars(self).items():
            # The last forward pass is in Variables of its own.
            held = 0 if attribute in ("_given", "_values") else _variables_in(value)
            if held:
                raise DescriptionError(
                    f"{self.shown} holds {held} {'Variable' if held == 1 else 'Variables'} in {attribute} that are in "
                    f"no Parameter and would not be trained; make it a Parameter(shape, initialiser), whose nodes are "
                    f"self.{attribute}.nodes"
                )
        for _, layer in self.named_layers():
            layer.check_held()

    def frozen_parameters(self) -> set[Parameter]:
        """The parameters that a training leaves as they are: those of layers whose `frozen` is True, also from inside.

        >>> from layers import Dense, Sequential
        >>> model = Sequential(Dense(2, 3), Dense(3, 1))
        >>> model[0].frozen = True
        >>> [name for name, one in model.named_parameters().items() if one in model.frozen_parameters()]
        ['dense_0.weight', 'dense_0.bias']
        """
        found: set[Parameter] = set()
        pending: list[tuple[Layer, bool]] = [(self, self.frozen)]
        while pending:
            layer, frozen = pending.pop()
            if frozen:
                found.update([part for _, part in layer._named_parts() if isinstance(part, Parameter)])
            pending += [(inner, frozen or inner.frozen) for _, inner in layer.named_layers()]
        return found

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
        return {name: parameter.values.copy() for name, parameter in self.named_parameters().items()}

    def load_state_dict(self, state: Any, *, strict: bool = True) -> None:
        """Give the parameters the values of a `state_dict()`.

        Raises StateError for other names (if `strict`; else only arrays that have a namesake are loaded), for other
        shapes or such as don't fit each other, and for values that are not finite; nothing is then changed.
        """
        parameters = self.named_parameters()
        checked = check_state(self.shown, state, {name: one.shape for name, one in parameters.items()}, strict=strict)
        with sizes_restored(parameters.values()):
            for name, values in checked.items():
                parameters[name].fit_shape(values.shape)
            try:
                self.settle(None)
            except ShapeError as error:
                raise StateError(f"{self.shown}: the arrays of the state don't fit each other: {error}") from None
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
            parameter.belong(name)
            if seed is not None and parameter.seed is None:
                parameter.seed = (*seed, place)

    def ending(self) -> Layer:
        """The innermost layer that the result comes from, for losses to check: a `Dense` ends in its activation."""
        return self

    # Descriptions and pictures

    @classmethod
    def from_dict(cls, description: Any) -> Self:
        """The layer of this class that a description asks for, whose "type" may be left out.

        Raises DescriptionError for an unknown name or option, and for a description of another class.

        >>> from layers import Dense
        >>> Dense.from_dict({"n_in": 2, "n_out": 3})
        Dense(n_in=2, n_out=3)
        """
        if isinstance(description, Mapping) and "type" not in description and "kind" in vars(cls):
            description = {"type": cls.kind} | dict(description)
        made = LAYERS.make(description)
        if not isinstance(made, cls):
            raise DescriptionError(f"this is the description of a {type(made).__name__}, not of a {cls.__name__}")
        return made

    def described_settings(self) -> dict[str, Any]:
        told = super().described_settings()
        names = {"name": self.given_name, "index": self.index, "output": self.output, "frozen": self.frozen or None}
        return told | {name: value for name, value in names.items() if value is not None}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The last forward pass as a picture for a notebook, if `viz` was imported; text without one."""
        render = hooks.render
        if render is None or self.last_pass is None:
            return {"text/plain": repr(self)}
        shown: dict[str, str] = render(self)
        return shown


class Parameters:
    """`layer.parameters`, to be called; texts that have a dict there are told the way to a parameter by its name."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    def __call__(self) -> list[Variable]:
        named = self._layer.named_parameters()
        return [variable for parameter in named.values() for variable in parameter.variables.flat]

    def __getitem__(self, name: Any) -> Any:
        known = ", ".join(self._layer.named_parameters()) or "none"
        raise InputError(
            f"parameters() is a list of Variables; a parameter of a name is in named_parameters(): {known}"
        )


# An attribute of a layer, or what it holds, may have layers or parameters in it if it is of these. A union is slower.
PARTS = (Layer, Parameter)
HOLDERS = (*PARTS, list, tuple, dict)


def _append_parts(found: list[tuple[str, Layer | Parameter]], name: str, value: Any) -> None:
    """Append the layers and parameters that a value is or holds, in lists, tuples and dicts, by names like this one."""
    if isinstance(value, PARTS):
        found.append((name, value))
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, HOLDERS):
            _append_parts(found, f"{name}_{key}", item)


def _variables_in(value: Any) -> int:
    """The number of Variables in an attribute: itself, or in a list, dict or array."""
    if isinstance(value, Variable):
        return 1
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return sum([_variables_in(item) for item in value])
    # A layer or parameter that is asked for a name that it lacks looks for what was meant, which takes long.
    if not isinstance(value, Layer | Parameter) and getattr(getattr(value, "dtype", None), "kind", "") == "O":
        return sum([isinstance(item, Variable) for item in value.flat])
    return 0


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
