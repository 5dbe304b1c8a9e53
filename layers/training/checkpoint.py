"""Checkpoints: a training in a file, from which it goes on, in another process too, as if it had never ended.

The file has the parameters, and tells about itself: the descriptions of model, loss and optimiser, the optimiser's
memory, the history, the states of the generator and of callbacks, and a digest of the data and settings, by which
another training is told apart.
"""

from __future__ import annotations

import dataclasses
import math
import os
import sys
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.numbers.operands import to_float
from layers.base import Layer, from_dict
from layers.errors import DescriptionError, LayerError, StateError
from layers.losses import Loss, loss_of
from layers.options import integer_or_none, shown_value
from layers.parameters.parameter import Parameter, flat_values
from layers.saving.weights import read_about, read_further, read_state, write_state
from layers.training.data import Samples
from layers.training.history import Epoch, History
from layers.training.optimisers import Optimizer, optimizer_of

__all__ = ["Checkpoint", "about_model", "about_optimizer", "digest_of", "load_model", "load_optimizer"]

FORMAT = 1


def digest_of(samples: Samples) -> int:
    """A number that tells the samples from others."""
    digest = 0
    for array in (samples.inputs, samples.targets, samples.weights):
        if array is not None:
            digest = zlib.crc32(f"{array.shape}".encode() + array.tobytes(), digest)
    return digest


def description_or_none(described: Any) -> Any:
    """The description of a model, loss or optimiser; None if it has none."""
    try:
        return described.to_dict()
    except DescriptionError:
        return None


def about_model(model: Layer, loss: Loss | None, classes: Any) -> dict[str, Any]:
    """What a file tells about the model whose parameters it has."""
    return {
        "format": FORMAT,
        "model": description_or_none(model),
        "loss": None if loss is None else description_or_none(loss),
        "classes": None if classes is None else list(classes),
    }


def about_optimizer(optimizer: Optimizer, description: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a file tells about an optimiser, and the arrays that this remembers."""
    steps, memory = optimizer.state()
    return {"description": description, "steps": steps, "memory": list(memory)}, memory


def told_by(path: str | os.PathLike[str], key: str, what: str) -> Any:
    """What a file tells about a model, an optimiser or a training. Raises StateError if it tells nothing of it."""
    about = read_about(path, what=what)
    if about is not None and about.get("format", FORMAT) != FORMAT:
        raise StateError(f"{what}: {path} has the format {about.get('format')!r:.60}, this version reads {FORMAT}")
    told = None if about is None else about.get(key)
    if told is None:
        raise StateError(
            f"{what}: {path} has no {key} in it; it was saved without one, or holds what has no description"
        )
    return told


def load_model(path: str | os.PathLike[str]) -> Any:
    """The model that a file of `Model.save` or of `fit(checkpoint=...)` describes, with its parameters.

    Raises StateError for a file without a description, DescriptionError for one that names what isn't registered.
    """
    description = told_by(path, "model", "load_model")
    about = read_about(path, what="load_model") or {}
    try:
        model: Any = from_dict(description)
        loss = about.get("loss")
        loss = None if loss is None else loss_of(loss)
    except RecursionError:
        raise StateError(f"load_model: {path} is damaged: its description is nested too deep") from None
    if not hasattr(model, "remember"):
        raise StateError(f"load_model: {path} describes {type(model).__name__}, which is no model")
    model.load(path)
    classes = about.get("classes")
    if classes is not None and not (isinstance(classes, list) and all([isinstance(one, str) for one in classes])):
        raise StateError(f"load_model: {path} is damaged: its classes are no list of names")
    model.remember(loss, classes)
    return model


def load_optimizer(path: str | os.PathLike[str]) -> Optimizer:
    """The optimiser that was saved with a model, with what it remembers: it goes on where it was.

    Raises StateError for a file without one.
    """
    told = told_by(path, "optimizer", "load_optimizer")
    optimizer = optimizer_of(checked(path, told, "description"))
    size = read_about(path, what="load_optimizer") or {}
    restore_optimizer(optimizer, path, told, count(path, size, "size"))
    return optimizer


def checked(path: str | os.PathLike[str], told: Any, key: str) -> Any:
    """An entry of what a file tells. Raises StateError if it is missing."""
    if not isinstance(told, Mapping) or told.get(key) is None:
        raise StateError(f"{path} is damaged, or was made without a description: it tells no {key}")
    return told[key]


def count(path: str | os.PathLike[str], told: Any, key: str) -> int:
    """A number of steps or parameters that a file tells. Raises StateError for anything else."""
    number = integer_or_none(checked(path, told, key))
    if number is None or not 0 <= number <= sys.maxsize:
        raise StateError(f"{path} is damaged: its {key} is a whole number, 0 or more, got {shown_value(told[key])}")
    return number


def restore_optimizer(optimizer: Optimizer, path: str | os.PathLike[str], told: Any, size: int) -> None:
    """Give an optimiser the memory that a file has for so many parameters."""
    names = checked(path, told, "memory")
    steps = count(path, told, "steps")
    if not (isinstance(names, list) and all([isinstance(name, str) for name in names])):
        raise StateError(f"{path} is damaged: what it tells of an optimiser's memory is no list of names")
    shapes: dict[str, tuple[int | None, ...]] = {f"optimizer {name}": (size,) for name in names}
    found = read_further(path, shapes, what=type(optimizer).__name__) if shapes else {}
    optimizer.restore(steps, {name: found[f"optimizer {name}"] for name in names}, size)


class Checkpoint:
    """The file of one training.

    settings: what must be the same for the training to go on, by name, in the types of JSON.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: Layer,
        loss: Loss,
        optimizer: Optimizer,
        callbacks: Sequence[Any],
        settings: Mapping[str, Any],
    ) -> None:
        self.path = path
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.callbacks = callbacks
        self.settings = dict(settings)
        for what, described in (("model", model), ("loss", loss), ("optimizer", optimizer)):
            self.settings[what] = description_or_none(described) or type(described).__name__
        self.classes: Any = None
        # The generator's state before anything was drawn.
        self.beginning: Any = None

    def write(
        self, parameters: Sequence[Parameter], best_values: Any, size: int, history: History, generator: Any
    ) -> None:
        """Write the training as it is after an epoch, the model having its parameters."""
        told, memory = about_optimizer(self.optimizer, description_or_none(self.optimizer))
        about = about_model(self.model, self.loss, self.classes) | {
            "optimizer": told,
            "size": size,
            "training": {
                "settings": self.settings,
                "ended": history.ended,
                "best": history.best,
                "epochs": [dataclasses.asdict(epoch) for epoch in history.epochs],
                "beginning": self.beginning,
                "generator": generator.bit_generator.state,
                "callbacks": [callback.state() if has_state(callback) else None for callback in self.callbacks],
            },
        }
        further = {f"optimizer {name}": array for name, array in memory.items()} | {"best": best_values}
        write_state(self.path, self.model.state_dict(), about=about, further=further)

    def exists(self) -> bool:
        """Whether there is a file to go on from."""
        return os.path.exists(os.path.expanduser(self.path))

    def check(self) -> dict[str, Any]:
        """What the file tells of its training. Raises StateError if that is another one."""
        told = told_by(self.path, "training", "resume")
        settings, callbacks = [checked(self.path, told, key) for key in ("settings", "callbacks")]
        if not isinstance(settings, dict) or not isinstance(callbacks, list):
            raise StateError(f"{self.path} is damaged: it tells no settings and callbacks of a training")
        for name, value in self.settings.items():
            if settings.get(name) != value:
                raise StateError(
                    f"{self.path} is the checkpoint of a training with another {name}: {settings.get(name)!r:.60}, not "
                    f"{value!r:.60}; give what it began with, or another file"
                )
        if len(callbacks) != len(self.callbacks):
            raise StateError(f"{self.path} is the checkpoint of a training with {len(callbacks)} callbacks")
        checked(self.path, told, "beginning")
        found: dict[str, Any] = told
        return found

    def set_generator(self, generator: Any, state: Any) -> None:
        """Put the generator into a state that the file tells. Raises StateError for what is none."""
        try:
            generator.bit_generator.state = state
        except Exception as error:
            raise StateError(f"{self.path} is damaged: it has no state of a generator: {error!s:.100}") from error

    def restore(self, told: dict[str, Any], parameters: Sequence[Parameter], size: int, generator: Any) -> Any:
        """Put model, optimiser, generator and callbacks where they were; the history, and the best parameters."""
        count = sum([parameter.size for parameter in parameters])
        best = read_further(self.path, {"best": (count,)}, what=self.model.name)["best"]
        about = read_about(self.path, what=self.model.name) or {}
        restore_optimizer(self.optimizer, self.path, checked(self.path, about, "optimizer"), size)
        description = about["optimizer"].get("description")
        if description is not None:
            # A callback may have changed its settings since the beginning.
            then = optimizer_of(description)
            for name in self.optimizer.settings:
                setattr(self.optimizer, name, getattr(then, name))
        try:
            history = history_of(told)
            self.set_generator(generator, told["generator"])
            for callback, state in zip(self.callbacks, told["callbacks"], strict=True):
                if state is not None and has_state(callback):
                    callback.restore(state)
        except LayerError:
            raise
        except Exception as error:
            raise StateError(f"{self.path} is damaged: {error!s:.200}") from error
        shapes = {name: parameter.shape for name, parameter in self.model.named_parameters().items()}
        self.model.load_state_dict(read_state(self.path, shapes, what=self.model.name, strict=True))
        return history, best, flat_values(parameters)


def is_real(told: Any) -> bool:
    """Whether it is a number that a loss or a time may be, nan and infinities included."""
    return isinstance(told, float) or (type(told) is int and math.isfinite(to_float(told)))


def history_of(told: dict[str, Any]) -> History:
    """The history that a file tells of; an error for what is none."""
    history = History([Epoch(**epoch) for epoch in told["epochs"]], told["ended"], told["best"])
    for number, epoch in enumerate(history.epochs, 1):
        numbers = [epoch.loss, epoch.seconds, epoch.samples_per_second]
        numbers += [one for one in (epoch.validation_loss, epoch.learning_rate) if one is not None]
        numbers += [*epoch.metrics.values(), *epoch.validation_metrics.values()]
        if epoch.number != number or not all([is_real(one) for one in numbers]):
            raise ValueError(f"what it tells of epoch {number} is not that of an epoch")
    if type(history.ended) is not str or (
        history.best is not None and history.best not in range(1, len(history.epochs) + 1)
    ):
        raise ValueError("it tells no end and no best epoch")
    return history


def has_state(callback: Any) -> bool:
    """Whether a callback can tell where it is, and go on from there."""
    return hasattr(callback, "state") and hasattr(callback, "restore")
