"""Errors of drawing: each message says how to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autograd.errors import AutogradError
from viz.labels import readable

__all__ = ["EngineError", "EngineNotFound", "GraphTooLarge", "GRAPH_WAYS", "PROGRAM_WAYS", "too_large"]

GRAPH_WAYS = ("focus=node, radius=3 for what is near one node", "viz.tree(node) for text")
PROGRAM_WAYS = ("print(program) for text",)


class GraphTooLarge(AutogradError, ValueError):
    """The graph has more values than a picture can show; raised before any layout is tried.

    values: the number of values that would be drawn.
    limit: the number of values that may be drawn.
    layers: the number of values computed in each layer, most first.
    """

    def __init__(self, message: str, *, values: int, limit: int, layers: dict[str, int]) -> None:
        super().__init__(message)
        self.values = values
        self.limit = limit
        self.layers = layers


def too_large(
    values: int, limit: int, layers: Counter[str | None], calls: Counter[str | None], *, ways: Sequence[str]
) -> GraphTooLarge:
    """The error for so many values, which counts them by layer and lists ways out."""
    counts: dict[str, int] = {}
    shown = []
    for label, count in layers.most_common():
        name = "outside of layers" if label is None else readable(label)
        counts[name] = counts.get(name, 0) + count
        shown.append(f"{name} {count:,}" + (f" in {calls[label]:,} calls" if calls[label] > 1 else ""))
    if len(shown) > 8:
        shown[8:] = [f"{len(shown) - 8} more"]
    where = f"Computed in each layer: {', '.join(shown)}. " if shown else ""
    return GraphTooLarge(
        f"{values:,} values are too many for a picture, which takes {limit:,}. {where}Ways out: {'; '.join(ways)}",
        values=values,
        limit=limit,
        layers=counts,
    )


class EngineError(AutogradError, RuntimeError):
    """The layout engine was found but gave no picture. `dot` is the text that it was given."""

    def __init__(self, message: str, *, dot: str = "") -> None:
        super().__init__(message)
        self.dot = dot


class EngineNotFound(EngineError):
    """No layout engine is installed, or none at the path that was given."""
