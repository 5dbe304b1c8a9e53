"""The errors of layers, each with the builtin base that callers may expect."""

from __future__ import annotations

from autograd import AutogradError

__all__ = [
    "DataError", "DescriptionError", "InputError", "LayerError", "NoForwardError", "ShapeError", "SizeError",
    "StateError", "TrainingError",
]  # fmt: skip


class LayerError(AutogradError):
    """Base of the errors that layers raise."""


class InputError(LayerError, TypeError):
    """A layer was given too many or too few inputs, or an input that is no number, node or array of them."""


class ShapeError(LayerError, ValueError):
    """The inputs of a layer, or an upstream gradient and the output it belongs to, don't fit together."""


class NoForwardError(LayerError, RuntimeError):
    """`backward` was called on a layer that has no forward pass to go back through."""


class SizeError(LayerError, RuntimeError):
    """The parameters of a layer were asked for before their number is known."""


class DescriptionError(LayerError, ValueError):
    """A layer, model, optimiser or initialiser was described by an unknown name or option."""


class StateError(LayerError, ValueError):
    """Stored weights are damaged, or don't belong to the model that they were to be loaded into."""


class DataError(LayerError, ValueError):
    """Training data are unusable: of unequal lengths, empty, not finite, labels out of range."""


class TrainingError(LayerError, RuntimeError):
    """Training can't go on: the loss is no longer finite."""
