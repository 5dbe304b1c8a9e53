"""Training data, checked before anything is changed: lengths, finite numbers, targets that the loss can use."""

from __future__ import annotations

from typing import Any

from layers.activations import LogSoftmax, Softmax
from layers.base import Layer
from layers.elementary import Sigmoid, SigmoidNeuron
from layers.errors import DataError, DescriptionError
from layers.losses import BinaryCrossEntropyLoss, CrossEntropyLoss, HingeLoss, Loss, fitted

__all__ = ["check_ending", "checked_samples", "encoded_targets", "spread_targets"]


def checked_samples(what: str, samples: Any) -> Any:
    """The samples as an array of float64 with samples first. Raises DataError; `what` is their name in messages."""
    import numpy

    try:
        array = numpy.array(samples, dtype=float)
    except (TypeError, ValueError):
        raise DataError(f"{what} is an array of numbers with samples first, got {samples!r:.60}") from None
    if array.ndim == 0:
        raise DataError(f"{what} has samples first, got the single number {array[()]:g}")
    if not array.size:
        raise DataError(f"{what} has no samples: its shape is {array.shape}")
    bad = numpy.argwhere(~numpy.isfinite(array))
    if len(bad):
        place = tuple(int(index) for index in bad[0])
        raise DataError(
            f"{what} holds numbers that are not finite, {len(bad)} in all; the first is {array[place]} at {list(place)}"
        )
    return array


def check_lengths(inputs: Any, targets: Any) -> None:
    """Raise DataError if there are not as many targets as inputs."""
    if len(inputs) != len(targets):
        raise DataError(f"X and y have one row for each sample, got {len(inputs)} and {len(targets)} rows")


def encoded_targets(loss: Layer, targets: Any, shape: tuple[int, ...]) -> Any:
    """The targets as the loss takes them beside outputs of `shape`, samples first."""
    return loss.encoded(targets, shape) if isinstance(loss, Loss) else fitted(targets, shape)


def spread_targets(loss: Layer | None, targets: Any, shape: tuple[int, ...]) -> Any:
    """Encoded targets in the form that a compiled step takes."""
    return loss.spread(targets, shape) if isinstance(loss, Loss) else targets


def check_ending(model: Layer, loss: Layer) -> None:
    """Raise DescriptionError if the loss is meant for scores and the model gives probabilities, or the reverse."""
    ending = model.ending()
    gives_probabilities = isinstance(ending, Softmax | Sigmoid | SigmoidNeuron)
    told = f"{model.name} ends in {type(ending).__name__}"
    name = type(loss).__name__
    if isinstance(loss, HingeLoss) and gives_probabilities:
        raise DescriptionError(f"{name} takes scores around 0, and {told}; leave that out")
    if not isinstance(loss, CrossEntropyLoss | BinaryCrossEntropyLoss):
        return
    if loss.of == "logits" and gives_probabilities:
        raise DescriptionError(
            f"{name} of logits takes scores, and {told}, which gives probabilities; leave that out, which is more "
            f'accurate, or take {name}(of="probabilities")'
        )
    if loss.of == "probabilities" and (not gives_probabilities or isinstance(ending, LogSoftmax)):
        wanted = "Softmax" if isinstance(loss, CrossEntropyLoss) else "Sigmoid"
        raise DescriptionError(
            f"{name} of probabilities needs a model that ends in {wanted}, and {told}; {name}() is of logits"
        )
