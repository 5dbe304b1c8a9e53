"""The graph below a node, for reports: as text, and as a picture where one can be drawn."""

from __future__ import annotations

from autograd.graph.descriptions import tree_lines
from autograd.graph.node import Node, hooks, recorded_gradients
from autograd.text import one_line

__all__ = ["svg_of", "text_of"]

MOST_LINES = 24
DEEPEST = 4


def text_of(node: Node) -> str:
    """The node and the operands below it, a line for each, with the local gradients in them.

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

    def described(item: tuple[Node, str]) -> tuple[str, list[tuple[Node, str]]]:
        current, slope = item
        name = one_line(current.name or ("" if current.op is None else current.op.name))
        operands = [
            (parent, f"  (∂ {gradient:.6g})")
            for parent, gradient in zip(current.parents, recorded_gradients(current), strict=True)
        ]
        return f"{name}{' = ' if name else ''}{current.value:.6g}{slope}", operands

    return "\n".join(tree_lines([(node, "")], described, MOST_LINES, DEEPEST))


def svg_of(node: Node) -> str | None:
    """A picture of the graph, if `viz` was imported and can draw it; None otherwise."""
    render = hooks.render
    picture = None if render is None else render(node).get("image/svg+xml")
    return None if picture is None else str(picture)
