"""The graph below a node, for reports: as text, and as a picture where one can be drawn."""

from __future__ import annotations

from typing import Any

from autograd.graph.node import Node, hooks, recorded_gradients
from autograd.text import one_line

__all__ = ["svg_of", "text_of"]

MOST_LINES = 24
DEEPEST = 4


def text_of(node: Node) -> str:
    """The node and what it is computed from, a line for each, with the local gradients of its operands.

    >>> from autograd import Variable, exp
    >>> x = Variable(2.0, name="x")
    >>> print(text_of(x * exp(x * 0.0)))
    multiply = 2
    ├─ x = 2  (∂ 1)
    └─ exp = 1  (∂ 2)
       └─ multiply = 0  (∂ 1)
          ├─ x = 2  (∂ 0)
          └─ 0  (∂ 2)
    """
    lines: list[str] = []
    # Node, the prefix of its line and of those below it, its depth, the local gradient in it.
    stack: list[tuple[Node, str, str, int, str]] = [(node, "", "", 0, "")]
    while stack:
        if len(lines) == MOST_LINES:
            lines.append("… and more")
            break
        current, first, rest, depth, slope = stack.pop()
        name = one_line(current.name or ("" if current.op is None else current.op.name))
        lines.append(f"{first}{name}{' = ' if name else ''}{current.value:.6g}{slope}")
        parents = current.parents
        if parents and depth == DEEPEST:
            lines.append(f"{rest}└─ …")
            continue
        slopes = recorded_gradients(current)
        for place in range(len(parents) - 1, -1, -1):
            last = place == len(parents) - 1
            prefixes = (rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
            stack.append((parents[place], *prefixes, depth + 1, f"  (∂ {slopes[place]:.6g})"))
    return "\n".join(lines)


def svg_of(node: Node) -> str | None:
    """A picture of the graph, if `viz` was imported and can draw it; None otherwise."""
    render: Any = hooks.get("render")
    picture = None if render is None else render(node).get("image/svg+xml")
    return None if picture is None else str(picture)
