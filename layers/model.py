"""Models: layers one after the other, trained, evaluated, described and saved as one."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, Unpack

from autograd.text import one_line
from layers.alone import Pass
from layers.arrays import elementwise, same_shape
from layers.base import Layer, Names, from_dict, registered
from layers.errors import DataError, DescriptionError, InputError, NoForwardError, ShapeError, SizeError
from layers.losses import Loss, loss_for, loss_of
from layers.options import seed_of
from layers.parameters.parameter import Parameter, flat_values
from layers.results import Gradients, Values
from layers.saving.registry import check_options, nearest
from layers.saving.weights import read_state, write_state
from layers.summary import summary_of
from layers.training.checkpoint import about_model, about_optimizer
from layers.training.data import checked_inputs, prepared
from layers.training.fit import fit
from layers.training.history import History
from layers.training.metrics import measured, metrics_of, named
from layers.training.optimisers import SGD, Optimizer
from layers.training.schedules import Linear
from layers.training.step import TrainingStep, outputs

__all__ = ["Model", "Network", "Residual", "Sequential"]

TIED = "tied"  # in descriptions, the key of a layer that stands at a further place


class Model(Layer):
    """Base of layers that are trained as a whole: to fit, predict with, evaluate, save and load."""

    # The loss that it was last trained with, and the names of the classes, if they have names.
    _trained_loss: Loss | None = None
    _class_names: Any = None

    def fit(self, X: Any, y: Any, loss: Any = None, optimizer: Any = "adam", **options: Any) -> History:  # noqa: N803
        """The record of a training of this model; `layers.fit` explains the options."""
        known = list(inspect.signature(fit).parameters)[4:]
        check_options("fit", options, known)
        return fit(self, X, y, loss, optimizer, **options)

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The model's outputs, samples first, as plain numbers; of several inputs X is a tuple, or a dict by name."""
        model, inputs = checked_inputs(self, X)
        return outputs(model, inputs)

    def predict_classes(self, X: Any) -> Any:  # noqa: N803
        """The class of each sample, as the targets of the training had it: by number, or by name.

        Raises DataError for a model that was not trained on classes.
        """
        loss = self._loss_of_classes()
        found = self.predict(X)
        classes = loss.classes(found)
        classes = classes.reshape(len(found)) if classes.size == len(found) else classes
        return classes.astype(int) if self._class_names is None else named(classes, self._class_names, loss)

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """The probability of each class, in the order of `classes_`, a row for each sample.

        Raises DataError for a model that was not trained on classes, or with a loss that knows no probabilities.
        """
        return self._loss_of_classes().probabilities(self.predict(X))

    @property
    def trained_loss(self) -> Loss | None:
        """The loss that the model was last trained with."""
        return self._trained_loss

    @property
    def classes_(self) -> Any:
        """The names of the classes, sorted, if the targets of the training were names; None if they were numbers."""
        return self._class_names

    def remember(self, loss: Loss | None, class_names: Any) -> None:
        """Take this loss, and these names of classes, as those of the last training."""
        import numpy

        self._trained_loss = loss
        self._class_names = None if class_names is None else numpy.array(list(class_names), dtype=object)

    def evaluate(self, X: Any, y: Any, loss: Any = None, metrics: Any = (), *, sample_weight: Any = None) -> Any:  # noqa: N803
        """The mean loss over the samples; with metrics, a dict of it under "loss" and of each metric by name.

        Without a loss: the network's own, the one that the model was last trained with, or mse.
        """
        made, wanted = loss_for(self, loss), metrics_of(metrics)
        made.check_single()
        made.check_ending(self)
        model, samples, found = prepared(self, made, X, y, self._class_names, sample_weight=sample_weight)
        step = TrainingStep(model, made, found)
        values = flat_values(step.parameters)
        further = () if samples.weights is None else (samples.weights,)
        value = step.value(values, samples.inputs, samples.targets, *further)
        if not wanted:
            return value
        measures = measured(wanted, samples, step.outputs(values, samples.inputs), made, self._class_names)
        return {"loss": value} | measures

    def _loss_of_classes(self) -> Loss:
        if self._trained_loss is None:
            raise DataError(f"{self.shown} was not trained on classes; predict(X) has the outputs")
        return self._trained_loss

    def summary(self, x: Any = None) -> str:
        """A table of the layers on an input like `x`: output shapes, parameters, scalar operations.

        Without `x`, on as many features as the first layer is known to take.
        Raises SizeError if it isn't, or doesn't take features.
        """
        return summary_of(self, self._features() if x is None else x)

    def _features(self) -> list[float]:
        """An input of as many features as the first layer takes."""
        first: Any = self
        while getattr(first, "layers", None):
            first = first.layers[0]
        n_in = getattr(first, "n_in", None)
        if n_in is None:
            raise SizeError(
                f"{self.shown}.summary() needs an input: {first.shown} is not known to take features; give one"
            )
        return [1.0] * int(n_in)

    def save(self, path: str | os.PathLike[str], optimizer: Optimizer | None = None) -> Path:
        """Write the parameters to a file, .npz or .safetensors, whole or not at all. Returns the path.

        The description goes with them, if the model has one, the loss and the classes of the last training, and the
        optimiser with what it remembers: `load_model` and `load_optimizer` make all that anew.
        """
        about = about_model(self, self._trained_loss, self._class_names)
        further: dict[str, Any] = {}
        if optimizer is not None:
            told, memory = about_optimizer(optimizer, optimizer.to_dict())
            size = len(next(iter(memory.values()))) if memory else 0
            about |= {"optimizer": told, "size": size}
            further = {f"optimizer {name}": array for name, array in memory.items()}
        return write_state(path, self.state_dict(), about=about, further=further)

    def load(self, path: str | os.PathLike[str], *, strict: bool = True) -> None:
        """Take the parameters from a file that `save` wrote.

        Raises StateError for a damaged file or another model's; nothing is then changed, and nothing in it is run.
        """
        shapes = {name: parameter.shape for name, parameter in self.named_parameters().items()}
        self.load_state_dict(read_state(path, shapes, what=self.shown, strict=strict), strict=strict)


@registered("sequential")
class Sequential(Model):
    """Layers one after the other, each on the result of the one before; they may be given in a list, too.

    A layer without a name of its own is called after its kind and its place among those: dense_0, relu_0, dense_1. It
    may stand in several places, and be part of several models: they share its parameters.
    `seed` is for all parameters without a seed of their own: the same seed makes the same model.

    >>> from layers import Dense
    >>> model = Sequential(Dense(2, 16, "relu"), Dense(16, 1), seed=0)
    >>> [f"{name} {parameter.shape}" for name, parameter in model.named_parameters().items()]
    ['dense_0.weight (2, 16)', 'dense_0.bias (16,)', 'dense_1.weight (16, 1)', 'dense_1.bias (1,)']
    >>> model([1.0, 2.0]).shape, len(model.parameters())
    ((1,), 65)
    """

    settings: tuple[str, ...] = ("layers", "seed")

    def __init__(self, *layers: Layer | Sequence[Layer], seed: int | None = None, **names: Unpack[Names]) -> None:
        super().__init__(**names)
        self.layers: list[Layer] = []
        self.seed = seed
        self._seed = seed_of(seed)
        self.add_layers(*layers)

    def add_layers(self, *layers: Layer | Sequence[Layer]) -> Self:
        """Put layers behind the last one. Returns the model.

        Raises InputError for something that is no layer with one input, DescriptionError for a name that is taken.
        """
        added: list[Layer] = []
        for one in layers:
            added.extend(one if isinstance(one, list | tuple) else [one])  # type: ignore[list-item]
        for place, layer in enumerate(added, len(self.layers)):
            self._check_layer(layer, place)
        for name, layer in self._placed([*self.layers, *added]):
            # The first model that it is part of names a layer; in another one it goes by its name there.
            if layer.given_name is None and layer.name == type(layer).__name__:
                vars(layer)["name"] = name
        self.layers.extend(added)
        self._settle_parameters(self._seed)
        return self

    def _check_layer(self, layer: Any, place: int) -> None:
        """Raise InputError for something that is no layer with one input."""
        if not isinstance(layer, Layer):
            remedy = f"; did you mean {layer.__name__}(...)?" if isinstance(layer, type) else ""
            if isinstance(layer, str):
                remedy = f"; did you mean from_dict({layer!r:.60})?"
            if isinstance(layer, Linear):
                remedy = (
                    f"; that is a schedule of learning rates, and the layer is Dense({layer.start:g}, {layer.end:g})"
                )
            raise InputError(f"{self.shown} is made of layers, got {layer!r:.60} in place {place}{remedy}")
        layer._check_compute()
        if len(layer.inputs) != 1:
            remedy = "; a loss is given as Network(..., loss=...)" if isinstance(layer, Loss) else ""
            raise InputError(
                f"{self.shown} needs layers with one input, {type(layer).__name__} in place {place} has "
                f"{len(layer.inputs)} ({', '.join(layer.inputs)}){remedy}"
            )

    def _placed(self, layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
        """Each layer with its name in this model. Raises DescriptionError for a name that is taken."""
        names: dict[int, str] = {}
        taken: dict[str, Layer] = {}
        counts: dict[str, int] = {}
        for place, layer in enumerate(layers):
            name = names.get(id(layer), layer.given_name)
            if name is None:
                kind = _kind(layer)
                counts[kind] = counts.get(kind, 0) + 1
                name = f"{kind}_{counts[kind] - 1}"
            if taken.setdefault(name, layer) is not layer or "." in name:
                raise DescriptionError(
                    f"{self.shown} needs names unlike each other, without a dot; got {name!r} in place {place}"
                )
            names[id(layer)] = name
            yield name, layer

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        yield from dict(self._placed(self.layers)).items()
        # A class made of this one may hold others.
        places = {id(layer) for layer in self.layers}
        yield from [(name, layer) for name, layer in super().named_layers() if id(layer) not in places]

    def compute(self, x: Any) -> dict[str, Any]:
        if not self.layers:
            raise InputError("there are no layers; put some in with add_layers(...)")
        for name, layer in self._placed(self.layers):
            x = layer.apply(x, called=name)
        return {"y": x}

    def settle(self, features: int | None) -> int | None:
        for name, layer in self._placed(self.layers):
            try:
                features = layer.settle(features)
            except ShapeError as error:
                raise ShapeError(f"{one_line(name)}: {error}") from None
        return features

    def ending(self) -> Layer:
        # Layers that pass the kind of their input on have no part in it.
        deciding = [layer for layer in self.layers if not passes(layer)] or self.layers
        return deciding[-1].ending() if deciding else self

    @classmethod
    def from_options(cls, options: dict[Any, Any]) -> Any:
        layers = options.get("layers")
        if not isinstance(layers, list | tuple):
            raise DescriptionError(f"{cls.kind} needs the option 'layers', a list of descriptions, got {layers!r:.60}")
        model = super().from_options({name: value for name, value in options.items() if name != "layers"})
        made: list[Layer] = []
        for place, description in enumerate(layers):
            try:
                tied = isinstance(description, Mapping) and set(description) == {TIED}
                made.append(_tied_to(description[TIED], model, made) if tied else from_dict(description))
            except DescriptionError as error:
                raise DescriptionError(f"layers[{place}]: {error}") from None
        return model.add_layers(*made)

    def to_dict(self) -> dict[str, Any]:
        owners: dict[Parameter, str] = {}
        for name, layer in self.named_layers():
            for parameter in layer.named_parameters().values():
                if parameter in owners:
                    raise DescriptionError(
                        f"{self.shown}: {one_line(owners[parameter])} and {one_line(name)} share "
                        f"{one_line(parameter.name)}, and a description ties whole layers of one model only"
                    )
                owners[parameter] = name
        return super().to_dict()

    def described_settings(self) -> dict[str, Any]:
        met: set[int] = set()
        layers: list[Any] = []
        for name, layer in self._placed(self.layers):
            layers.append({TIED: name} if id(layer) in met else layer)
            met.add(id(layer))
        names = {"name": self.given_name, "index": self.index, "output": self.output, "frozen": self.frozen or None}
        told = {"seed": self.seed} | names
        return {"layers": layers} | {name: value for name, value in told.items() if value is not None}

    def __repr__(self) -> str:
        told = self.described_settings()
        parts = [repr(layer) for layer in told.pop("layers")]
        return f"{type(self).__name__}({', '.join(parts + [f'{name}={value!r}' for name, value in told.items()])})"

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, place: int) -> Layer:
        return self.layers[place]


def _tied_to(name: Any, model: Sequential, made: Sequence[Layer]) -> Layer:
    """The layer of this name among those that were made for a model already."""
    known = dict(model._placed(made))
    if name not in known:
        raise DescriptionError(f"no layer before this one is called {name!r:.60}; {nearest(name, list(known))}")
    return known[name]


def passes(layer: Layer) -> bool:
    """Whether the results of a layer are of the kind of its input, as those of an `Identity` are."""
    if type(layer) is Sequential:
        return all([passes(inner) for inner in layer.layers])
    return layer.passes_kind


def _kind(layer: Layer) -> str:
    return layer.kind or type(layer).__name__.lower()


@registered("residual")
class Residual(Sequential):
    """x + f(x), f being layers one after the other whose result has the shape of x.

    >>> from layers import ReLU
    >>> Residual(ReLU()).forward([-1.0, 2.0])
    array([-1.,  4.])
    """

    def compute(self, x: Any) -> dict[str, Any]:
        f = super().compute(x)["y"]
        same_shape(x, f, ("x", "the result of the layers"))
        return {"f": f, "y": elementwise(lambda x, f: x + f, x, f)}

    def settle(self, features: int | None) -> int | None:
        made = super().settle(features)
        if features is None:
            # Once more with what they made; inside, where it is then known, not again: levels would double the work.
            return None if made is None else super().settle(made)
        if made not in (None, features):
            raise ShapeError(f"x has {features} features, the result of the layers {made}")
        return features

    def ending(self) -> Layer:
        return self


@registered("network")
class Network(Sequential):
    """Layers and a loss: `forward` with targets gives the loss, `backward` goes back from it, `train` learns.

    >>> from layers import Dense
    >>> network = Network(Dense(1, 1, weight_init="ones"), loss="mse")
    >>> network.forward([[3.0]], [[1.0]]), network.backward().dx
    (4.0, array([[4.]]))
    >>> network.trainable[0].gradient
    array([[12.]])
    """

    settings = ("layers", "loss", "seed")

    def __init__(
        self, *layers: Layer | Sequence[Layer], loss: Any = None, seed: int | None = None, **names: Unpack[Names]
    ) -> None:
        self._objective: _Objective | None = None
        self._answering: Layer | None = None
        super().__init__(*layers, seed=seed, **names)
        if loss is not None:
            self.add_loss(loss)

    @property
    def loss(self) -> Loss | None:
        """The loss, if there is one."""
        return None if self._objective is None else self._objective.loss

    def add_loss(self, loss: Any) -> Self:
        """Take this loss, a name, a description or a layer, in place of any before. Returns the network."""
        made = loss_of(loss)
        if self.layers:
            made.check_ending(self)
        self._objective = _Objective(self, made)
        return self

    def answering(self, count: int) -> Layer:
        return self._with_loss() if count == 2 else self

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """The outputs of x; the loss of x and y."""
        answering = self.answering(len(inputs) + len(named))
        return super().__call__(*inputs, **named) if answering is self else answering(*inputs, **named)

    def forward(self, *numbers: Any, **named: Any) -> Any:
        """The outputs of forward(x); the loss of forward(x, y)."""
        answering = self.answering(len(numbers) + len(named))
        alone = answering is self
        result = super().forward(*numbers, **named) if alone else answering.forward(*numbers, **named)
        self._answering = None if alone else answering
        return result

    def backward(self, *numbers: Any, **named: Any) -> Gradients:
        """The gradients of the last `forward`: of inputs as the result, of parameters in `trainable`."""
        if self._answering is None:
            return super().backward(*numbers, **named)
        return self._answering.backward(*numbers, **named)

    @property
    def values(self) -> Values:
        return super().values if self._answering is None else self._answering.values

    @property
    def last_pass(self) -> Pass | None:
        return super().last_pass if self._answering is None else self._answering.last_pass

    def train(
        self,
        data: Any,
        labels: Any,
        learning_rate: Any = 0.01,
        epochs: int = 100,
        *,
        clip_value: float | None = 1.0,
        progress: bool = True,
        **options: Any,
    ) -> History:
        """The record of a training by gradient descent, each number of a gradient being clipped to [−1, 1].

        Further options are those of `layers.fit`.
        """
        loss = self._with_loss().loss
        options = {"optimizer": SGD(lr=learning_rate)} | options
        return self.fit(data, labels, loss, epochs=epochs, clip_value=clip_value, progress=progress, **options)

    def described_settings(self) -> dict[str, Any]:
        told = super().described_settings()
        return told if self.loss is None else told | {"loss": self.loss}

    def _with_loss(self) -> _Objective:
        if self._objective is None:
            raise NoForwardError(f"{self.shown} has no loss; give it one with add_loss(...)")
        # Layers may have come after the loss.
        self._objective.loss.check_ending(self)
        return self._objective


class _Objective(Layer):
    """The loss of a network's outputs."""

    def __init__(self, network: Network, loss: Loss) -> None:
        super().__init__(name=f"{network.name} with its loss")
        self.network = network
        self.loss = loss

    def compute(self, x: Any, y: Any) -> dict[str, Any]:
        y_hat = self.network.apply(x)
        return {"y_hat": y_hat, "l": self.loss.apply(y_hat, y)}

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        return self.network.named_layers()
