"""What can go wrong with a picture: each error says what to do about it."""

from __future__ import annotations

from autograd.errors import AutogradError

__all__ = ["EngineError", "EngineNotFound", "GraphTooLarge"]


class GraphTooLarge(AutogradError, ValueError):
    """The graph has more values than a picture can show; raised before any layout is tried.

    `values` is how many would be drawn, `limit` how many may be, and `layers` how many values were
    computed in each layer, most first.
    """

    def __init__(self, message: str, *, values: int, limit: int, layers: dict[str, int]) -> None:
        super().__init__(message)
        self.values = values
        self.limit = limit
        self.layers = layers


class EngineError(AutogradError, RuntimeError):
    """The layout engine was found but gave no picture. `dot` is the text it was given."""

    def __init__(self, message: str, *, dot: str = "") -> None:
        super().__init__(message)
        self.dot = dot


class EngineNotFound(EngineError):
    """There is no layout engine on this machine, or not where it was said to be."""
