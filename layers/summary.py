"""The table of a model: output shape, parameters and operations of each layer."""

from __future__ import annotations

from functools import partial
from typing import Any

from autograd import Node, Variable, topological_order
from autograd.text import Shown
from layers.arrays import as_input, elementwise, is_array, singles
from layers.base import Layer

__all__ = ["summary_of"]


def summary_of(model: Layer, x: Any) -> str:
    """A row for each layer of the model, which is applied to x, and one for their sums; frozen layers are marked.

    >>> from layers import Dense, Sequential
    >>> print(summary_of(Sequential(Dense(2, 3, "relu"), Dense(3, 1)), [1.0, 2.0]))
    layer     kind    output shape   parameters   operations
    dense_0   Dense   (3,)                    9            9
    dense_1   Dense   (1,)                    4            2
    total                                    13           11
    """
    layers = list(getattr(model, "layers", [model]))
    rows: list[tuple[str, ...]] = [("layer", "kind", "output shape", "parameters", "operations")]
    value = as_input("x", x)
    counted: set[int] = set()
    frozen = model.frozen_parameters()
    parameters = operations = 0
    # The whole model first: its checks name any fault, and sizes are settled.
    model(value)
    for layer in layers:
        value = layer.apply(elementwise(partial(Variable), _numbers(value)))
        new = [one for one in layer.named_parameters().values() if id(one) not in counted]
        counted |= {id(one) for one in new}
        learned, computed = sum([one.size for one in new]), _operations(value)
        shape = value.shape if is_array(value) else ()
        kind = type(layer).__name__ + (" (frozen)" if new and frozen.issuperset(new) else "")
        rows.append((layer.shown, kind, str(shape), f"{learned:,}", f"{computed:,}"))
        parameters, operations = parameters + learned, operations + computed
    rows.append(("total", "", "", f"{parameters:,}", f"{operations:,}"))
    return Shown(_aligned(rows))


def _numbers(value: Any) -> Any:
    """The values of the nodes, still as objects."""
    return elementwise(lambda single: single.value if isinstance(single, Node) else single, value)


def _operations(value: Any) -> int:
    """The number of operations that the nodes of a value were computed with."""
    nodes = [single for single in singles(value) if isinstance(single, Node)]
    return len([node for node in topological_order(*nodes) if node.op is not None])


def _aligned(rows: list[tuple[str, ...]]) -> str:
    """The rows as text: words to the left, numbers to the right."""
    widths = [max([len(row[column]) for row in rows]) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("   ".join(cells).rstrip())
    return "\n".join(lines)
