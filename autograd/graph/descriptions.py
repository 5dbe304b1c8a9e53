"""Nodes, numbers and operations in words, for messages and diagnoses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.graph.node import Node, value_of
from autograd.graph.node_errors import shortened
from autograd.text import one_line

__all__ = ["at_line", "listed", "name_and_value", "operation_and_operands", "tree_lines"]

MOST_LISTED = 4


def name_and_value(operand: Any) -> str:
    """A node or a number as `name = value`, or the value alone.

    >>> from autograd import Variable
    >>> name_and_value(Variable(2.0, name="x")), name_and_value(Variable(2.0)), name_and_value(0.5)
    ('x = 2.0', '2.0', '0.5')
    """
    number = repr(value_of(operand))
    name = operand.name if isinstance(operand, Node) else None
    return f"{one_line(shortened(name))} = {number}" if name else number


def at_line(node: Node) -> str:
    """The place an operation comes from: ` in dense_0 at model.py:42`, the layer and the line as far as known."""
    layer = "" if node.scope is None else f" in {one_line(shortened(node.scope.label))}"
    return layer if node.source is None else f"{layer} at {node.source}"


def listed(parts: Sequence[str], most: int = MOST_LISTED) -> str:
    """The first few parts with commas and an `and` between them, and the number of the others.

    >>> listed(["a", "b", "c"]), listed(list("abcdefg"))
    ('a, b and c', 'a, b, c, d and 3 more')
    """
    shown = list(parts[:most])
    if len(parts) > most:
        return f"{', '.join(shown)} and {len(parts) - most} more"
    return " and ".join([part for part in (", ".join(shown[:-1]), *shown[-1:]) if part])


def operation_and_operands(node: Node) -> str:
    """An operation by its primitive, its own name if it has one, its line if that was recorded, and its operands.

    >>> from autograd import Variable
    >>> operation_and_operands(Variable(2.0, name="x").relu())
    'max of x = 2.0 and 0.0'
    """
    primitive = node.op
    if primitive is None:
        return name_and_value(node)
    name = f" {shortened(node.name)!r}" if node.name else ""
    return f"{primitive.name}{name}{at_line(node)} of {listed([name_and_value(parent) for parent in node.parents])}"


def tree_lines(
    roots: Sequence[Any], described: Callable[[Any], tuple[str, Sequence[Any]]], most_lines: int, deepest: int
) -> list[str]:
    """The lines of a tree, with those of an item's operands below its own, down to a level and up to a number of lines.

    described: the text of an item, and its operands; it is asked for each line in turn.

    >>> tree_lines(["abc"], lambda word: (word, word[:-1] if len(word) > 1 else ""), 4, 9)
    ['abc', '├─ a', '└─ b']
    """
    lines: list[str] = []
    # Item, the prefix of its line and of those below it, depth.
    stack = [(root, "", "", 0) for root in reversed(roots)]
    while stack:
        if len(lines) >= most_lines:
            lines.append("… and more")
            break
        item, first, rest, depth = stack.pop()
        text, operands = described(item)
        lines.append(first + text)
        if operands and depth == deepest:
            lines.append(f"{rest}└─ …")
            continue
        branch, below = "└─ ", "   "
        for operand in reversed(operands):
            stack.append((operand, rest + branch, rest + below, depth + 1))
            branch, below = "├─ ", "│  "
    return lines
