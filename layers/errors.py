"""The errors of layers, each with the builtin base that callers may expect."""

from __future__ import annotations

from autograd import AutogradError

__all__ = ["InputError", "LayerError", "NoForwardError", "ShapeError"]


class LayerError(AutogradError):
    """Base of the errors that layers raise."""


class InputError(LayerError, TypeError):
    """A layer was given too many or too few inputs, or something that is no number, node or array of them."""


class ShapeError(LayerError, ValueError):
    """The inputs of a layer, or an upstream gradient and the output it belongs to, don't fit together."""


class NoForwardError(LayerError, RuntimeError):
    """`backward` was called on a layer that has no forward pass to go back through."""
