"""Layers with weights: `Dense` as one matrix, `Neuron` and `NeuronLayer` as the numbers of one neuron each.

Samples are in rows: an input has shape (features,) or (samples, features).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from layers.activations import activation_of, described
from layers.arrays import along_last_axis, elementwise, is_array, of_each_row
from layers.base import Layer, Names, registered
from layers.errors import DescriptionError, ShapeError
from layers.options import integer_or_none, seed_of, shown_value, truth, whole_number
from layers.own_functions import HoldsFunctions
from layers.parameters.initialisers import initialiser_of
from layers.parameters.parameter import Parameter
from layers.reductions import inner_product

__all__ = ["Dense", "FullyConnected", "Neuron", "NeuronLayer", "feature_count"]


logger = logging.getLogger("layers.shapes")

# Each of them is an object with parameters of its own; a `Dense` has no such limit.
MOST_NEURONS = 100_000


def feature_count(x: Any) -> int:
    """The number of features of an input, the length of its last axis."""
    if not is_array(x):
        raise ShapeError("x has shape (features,) or (samples, features), got a single number; give [x]")
    count: int = x.shape[-1]
    return count


def check_features(x: Any, expected: int | None) -> int:
    """The number of features, once it is known to be the expected one."""
    given = feature_count(x)
    if expected is not None and given != expected:
        raise ShapeError(
            f"x has {expected} features, shape ({expected},) or (samples, {expected}), got shape {x.shape}"
        )
    if expected is None and given == 1 and x.ndim == 2 and x.shape[0] > 1:
        logger.warning(
            "x of shape %s is taken as %d samples of one feature; a sample of %d features is a row, x.T or x.ravel()",
            x.shape, x.shape[0], x.shape[0],
        )  # fmt: skip
    return given


class _Weighted(HoldsFunctions, Layer):
    """Base of `Dense` and `Neuron`: W of shape (n_in, *columns), b of shape `columns`, and the options behind them.

    `Dense` has as many columns as neurons; a `Neuron` has none, its b is a single number.
    """

    functions = ("activation",)

    def _make_weights(
        self,
        n_in: Any,
        columns: tuple[int, ...],
        activation: Any,
        weight_init: Any,
        bias_init: Any,
        bias: bool,
        seed: Any,
    ) -> None:
        """Take the options of the constructor. Raises DescriptionError for one that is wrong."""
        rows = None if n_in is None else whole_number(f"{self.shown}: n_in", n_in)
        self.activation = described(activation)
        self.weight_init = weight_init
        self.bias_init = bias_init
        self.seed = seed
        fan_out = columns[0] if columns else 1
        filled = initialiser_of(bias_init)
        self.weight = Parameter((rows, *columns), initialiser_of(weight_init), fans=(rows, fan_out))
        self.bias = Parameter(columns, filled, name="bias") if truth(f"{self.shown}: bias", bias) else None
        self._activation = activation_of(activation)
        self._settle_parameters(seed_of(seed))

    @property
    def n_in(self) -> int | None:
        """The number of input features; None until that is known."""
        return self.weight.shape[0]

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        # Also if it was given by name.
        yield "activation", self._activation

    def ending(self) -> Layer:
        return self._activation

    def setting(self, name: str) -> Any:
        return self.bias is not None if name == "bias" else super().setting(name)


@registered("dense")
class Dense(_Weighted):
    """h = f(x·W + b) on x (features,) or (samples, features), by way of z = x·W and a = z + b.

    n_in, n_out: the numbers of input and output features; without `n_in` the first input decides.
    activation: f, by name, as a layer or a function of one number; None is the identity.
    weight_init, bias_init: the first values of W (n_in, n_out) and of b (n_out,), by name or as an `Initialiser`.
    bias: whether to add b.
    seed: seeds the generator of W; without it the seed of the model that the layer is part of.

    >>> dense = Dense(2, 3, activation="relu", seed=0)
    >>> dense.forward([[1.0, 2.0]]).shape, dense.named_parameters()
    ((1, 3), {'weight': <Parameter weight of shape (2, 3)>, 'bias': <Parameter bias of shape (3,)>})
    """

    settings: tuple[str, ...] = ("n_in", "n_out", "activation", "weight_init", "bias_init", "bias", "seed")

    def __init__(
        self,
        n_in: int | None = None,
        n_out: int | None = None,
        activation: Any = None,
        *,
        weight_init: Any = "he_normal",
        bias_init: Any = "zeros",
        bias: bool = True,
        seed: int | None = None,
        **names: Unpack[Names],
    ) -> None:
        super().__init__(**names)
        if n_in is not None and (n_out is None or isinstance(n_out, str)):
            raise DescriptionError(
                f"{self.shown}: n_out is missing: Dense(n_in, n_out), or Dense(None, {shown_value(n_in)}) if the first "
                "input is to decide the number of inputs"
            )
        self.n_out = whole_number(f"{self.shown}: n_out", n_out)
        self._make_weights(n_in, (self.n_out,), activation, weight_init, bias_init, bias, seed)

    def compute(self, x: Any) -> dict[str, Any]:
        self.weight.fit_shape((check_features(x, self.n_in), self.n_out))
        columns = self.weight.nodes.T.tolist()
        values = {"z": along_last_axis(lambda row: [inner_product(row, column) for column in columns], x, "x")}
        values["a"] = values["z"]
        if self.bias is not None:
            values["a"] = elementwise(lambda z, b: z + b, values["z"], self.bias.nodes)
        return values | {"h": self._activation.apply(values["a"])}

    def settle(self, features: int | None) -> int | None:
        if features is not None:
            self.weight.fit_shape((features, self.n_out))
        return self._activation.settle(self.n_out)


@registered("fully_connected")
class FullyConnected(Dense):
    """A `Dense` whose input size its first input decides, with weights that suit sigmoid and tanh by default.

    >>> FullyConnected(3, "tanh", seed=0).forward([0.0, 0.0])
    array([0., 0., 0.])
    """

    settings = ("n_out", "activation", "weight_init", "bias_init", "bias", "seed")

    def __init__(
        self,
        n_out: int,
        activation: Any = None,
        weight_init: Any = "xavier_uniform",
        *,
        bias_init: Any = "zeros",
        bias: bool = True,
        seed: int | None = None,
        **names: Unpack[Names],
    ) -> None:
        options = {"weight_init": weight_init, "bias_init": bias_init, "bias": bias, "seed": seed}
        super().__init__(None, n_out, activation, **options, **names)


@registered("neuron")
class Neuron(_Weighted):
    """h = f(w·x + b): one number from the features (or one from each sample), by way of z = w·x and a = z + b.

    Options are those of `Dense`; w has shape (n_in,), b is a single number.

    >>> neuron = Neuron(2, weight_init="ones")
    >>> neuron.forward([3.0, 4.0]), neuron.backward(1.0).dweight
    (7.0, array([3., 4.]))
    """

    settings = ("n_in", "activation", "weight_init", "bias_init", "bias", "seed")

    def __init__(
        self,
        n_in: int | None = None,
        activation: Any = None,
        *,
        weight_init: Any = "he_normal",
        bias_init: Any = "zeros",
        bias: bool = True,
        seed: int | None = None,
        **names: Unpack[Names],
    ) -> None:
        super().__init__(**names)
        self._make_weights(n_in, (), activation, weight_init, bias_init, bias, seed)

    def compute(self, x: Any) -> dict[str, Any]:
        self.weight.fit_shape((check_features(x, self.n_in),))
        weights = self.weight.nodes.tolist()
        z = of_each_row(lambda row: inner_product(row, weights), x, "x")
        a = z if self.bias is None else elementwise(lambda z, b: z + b, z, self.bias.nodes[()])
        # One sample after the other: an activation of whole rows would act across the samples.
        return {"z": z, "a": a, "h": elementwise(self._activation.apply, a)}

    def settle(self, features: int | None) -> int | None:
        if features is not None:
            self.weight.fit_shape((features,))
        return None


@registered("neuron_layer")
class NeuronLayer(HoldsFunctions, Layer):
    """A layer as a list of neurons, each a box of its own: the same numbers as a `Dense`, forward and backward.

    Options are those of `Dense`. The activation is the layer's: it may act on the row of all neurons, as softmax does.

    >>> NeuronLayer(2, 3, weight_init="ones").forward([3.0, 4.0])
    array([7., 7., 7.])
    """

    functions = ("activation",)
    settings = ("n_in", "n_out", "activation", "weight_init", "bias_init", "bias", "seed")

    def __init__(
        self,
        n_in: int | None = None,
        n_out: int | None = None,
        activation: Any = None,
        *,
        weight_init: Any = "he_normal",
        bias_init: Any = "zeros",
        bias: bool = True,
        seed: int | None = None,
        **names: Unpack[Names],
    ) -> None:
        super().__init__(**names)
        self.n_out = whole_number(f"{self.shown}: n_out", n_out)
        if self.n_out > MOST_NEURONS:
            raise DescriptionError(
                f"{self.shown}: n_out is at most {MOST_NEURONS} for single neurons, got {n_out!r:.60}; use Dense"
            )
        self.activation = described(activation)
        self.weight_init = weight_init
        self.bias_init = bias_init
        self.seed = seed
        self._activation = activation_of(activation)
        self.neuron = [
            Neuron(n_in, weight_init=weight_init, bias_init=bias_init, bias=bias, name=f"neuron {place}")
            for place in range(self.n_out)
        ]
        for one in self.neuron:
            one.weight.fans = (n_in, self.n_out)
        self._settle_parameters(seed_of(seed))

    @classmethod
    def copies(cls, options: Mapping[Any, Any]) -> int:
        count = integer_or_none(options.get("n_out"))
        # The constructor refuses others.
        return count if count is not None and 1 <= count <= MOST_NEURONS else 1

    @property
    def n_in(self) -> int | None:
        """The number of input features; None until that is known."""
        return self.neuron[0].n_in

    def setting(self, name: str) -> Any:
        return self.neuron[0].bias is not None if name == "bias" else super().setting(name)

    def compute(self, x: Any) -> dict[str, Any]:
        import numpy

        check_features(x, self.n_in)
        outputs = [neuron.apply(x) for neuron in self.neuron]
        a = numpy.empty(x.shape[:-1] + (self.n_out,), dtype=object)
        for place, output in enumerate(outputs):
            a[..., place] = output
        return {"a": a, "h": self._activation.apply(a)}

    def settle(self, features: int | None) -> int | None:
        known = [neuron.n_in for neuron in self.neuron if neuron.n_in is not None]
        for neuron in self.neuron:
            neuron.settle(features if features is not None or not known else known[0])
        return self._activation.settle(self.n_out)

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        yield from [(f"neuron_{place}", neuron) for place, neuron in enumerate(self.neuron)]
        yield "activation", self._activation

    def ending(self) -> Layer:
        return self._activation

    def as_dense(self) -> Dense:
        """The matrix twin: a `Dense` with the same weights and biases."""
        import numpy

        neurons = self.neuron
        bias = neurons[0].bias is not None
        inits = {"weight_init": self.weight_init, "bias_init": self.bias_init}
        twin = Dense(self.n_in, self.n_out, self.activation, **inits, bias=bias)
        twin.weight.assign(numpy.stack([neuron.weight.values for neuron in neurons], axis=1))
        if twin.bias is not None:
            twin.bias.assign([float(neuron.bias.values) for neuron in neurons if neuron.bias is not None])
        return twin

    @classmethod
    def of_dense(cls, dense: Dense) -> NeuronLayer:
        """The neurons of a `Dense`, with its weights and biases."""
        inits = {"weight_init": dense.weight_init, "bias_init": dense.bias_init}
        twin = cls(dense.n_in, dense.n_out, dense.activation, **inits, bias=dense.bias is not None)
        for place, neuron in enumerate(twin.neuron):
            neuron.weight.assign(dense.weight.values[:, place])
            if neuron.bias is not None and dense.bias is not None:
                neuron.bias.assign(dense.bias.values[place])
        return twin
