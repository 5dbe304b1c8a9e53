"""A diagram as a tree of text, for when there is no layout engine, or too much to draw."""

from __future__ import annotations

from autograd.graph.descriptions import tree_lines
from viz.diagrams.diagram import Diagram, Value
from viz.labels import readable

__all__ = ["write_tree"]

MOST_LINES = 80
DEEPEST = 24
LONGEST_GUARD = LONGEST_NOTE = 60


def write_tree(diagram: Diagram, most_lines: int = MOST_LINES) -> str:
    """A note if there is one, each output, then each guard, with its operands below it, in so many lines.

    A line gives name, value, gradient, operation and layer. A value that is used again is not spelled out again.
    """
    met: set[int] = set()

    def described(item: tuple[int, str]) -> tuple[str, list[tuple[int, str]]]:
        index, before = item
        value = diagram.values[index]
        text = before + _line(diagram, value)
        if value.producer is None:
            return text, []
        if index in met:
            return f"{text} (see above)", []
        met.add(index)
        return text, [(operand.value, "") for operand in diagram.operations[value.producer].operands]

    note = [f"({readable(diagram.note, LONGEST_NOTE)})"] if diagram.note else []
    roots = [(output, "") for output in diagram.outputs]
    roots += [(guard.value, f"guard {readable(guard.text, LONGEST_GUARD)}: ") for guard in diagram.guards]
    return "\n".join(note + tree_lines(roots, described, most_lines - len(note), DEEPEST)) + "\n"


def _line(diagram: Diagram, value: Value) -> str:
    """One value: `r = 0.5 (∂ 1) = − in SquaredLoss`."""
    parts = [value.text] if value.text else []
    if value.gradient_text:
        parts.append(f" {value.sign_text} {value.gradient_text}")
    if value.producer is not None:
        operation = diagram.operations[value.producer]
        parts.append(f"  {readable(operation.symbol, 14)}")
        if operation.box is not None:
            parts.append(f"in {readable(diagram.boxes[operation.box].label)}")
    elif value.kind == "cut":
        parts.append(" …")
    return " ".join(parts)
