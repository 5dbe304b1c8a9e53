"""How nodes and numbers are told in messages and diagnoses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.graph.node import Node, value_of
from autograd.graph.node_errors import shortened
from autograd.text import one_line

__all__ = ["at_line", "told", "told_operation", "told_sequence"]

MOST_TOLD = 4


def told(operand: Any) -> str:
    """A node or a number as `name = value`, or the value alone.

    >>> from autograd import Variable
    >>> told(Variable(2.0, name="x")), told(Variable(2.0)), told(0.5)
    ('x = 2.0', '2.0', '0.5')
    """
    number = repr(value_of(operand))
    name = operand.name if isinstance(operand, Node) else None
    return f"{one_line(shortened(name))} = {number}" if name else number


def at_line(node: Node) -> str:
    """Where an operation was asked for: ` in dense_0 at model.py:42`, the layer and the line as far as known."""
    layer = "" if node.scope is None else f" in {one_line(shortened(node.scope.label))}"
    return layer if node.source is None else f"{layer} at {node.source}"


def told_sequence(parts: Sequence[str], most: int = MOST_TOLD) -> str:
    """The parts with commas and an `and` between them; how many there are beyond the first few.

    >>> told_sequence(["a", "b", "c"]), told_sequence(list("abcdefg"))
    ('a, b and c', 'a, b, c, d and 3 more')
    """
    shown = list(parts[:most])
    if len(parts) > most:
        return f"{', '.join(shown)} and {len(parts) - most} more"
    return " and ".join([part for part in (", ".join(shown[:-1]), *shown[-1:]) if part])


def told_operation(node: Node) -> str:
    """An operation by its primitive, its own name if it has one, its line if that was recorded, and its operands.

    >>> from autograd import Variable
    >>> told_operation(Variable(2.0, name="x").relu())
    'max of x = 2.0 and 0.0'
    """
    primitive = node.op
    if primitive is None:
        return told(node)
    name = f" {shortened(node.name)!r}" if node.name else ""
    return f"{primitive.name}{name}{at_line(node)} of {told_sequence([told(parent) for parent in node.parents])}"
