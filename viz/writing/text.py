"""A diagram as a tree of text, for when there is no layout engine, or too much to draw."""

from __future__ import annotations

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
    lines: list[str] = [f"({readable(diagram.note, LONGEST_NOTE)})"] if diagram.note else []
    met: set[int] = set()
    # Value, the prefix of its line and of those below it, depth.
    roots = [(output, "") for output in diagram.outputs]
    roots += [(guard.value, f"guard {readable(guard.text, LONGEST_GUARD)}: ") for guard in diagram.guards]
    stack: list[tuple[int, str, str, int]] = [(value, first, "", 0) for value, first in reversed(roots)]
    while stack:
        if len(lines) >= most_lines:
            lines.append("… and more")
            break
        index, first, rest, depth = stack.pop()
        value = diagram.values[index]
        again = index in met and value.producer is not None
        met.add(index)
        lines.append(first + _line(diagram, value) + (" (see above)" if again else ""))
        if value.producer is None or again:
            continue
        operands = diagram.operations[value.producer].operands
        if depth >= DEEPEST:
            lines.append(f"{rest}└─ …")
            continue
        for place in range(len(operands) - 1, -1, -1):
            last = place == len(operands) - 1
            below = rest + ("   " if last else "│  ")
            stack.append((operands[place].value, rest + ("└─ " if last else "├─ "), below, depth + 1))
    return "\n".join(lines) + "\n"


def _line(diagram: Diagram, value: Value) -> str:
    """One value: `r = 0.5 (∂ 1) = − in SquaredLoss`."""
    parts = [value.text] if value.text else []
    if value.gradient_text:
        parts.append(f" ∂ {value.gradient_text}")
    if value.producer is not None:
        operation = diagram.operations[value.producer]
        parts.append(f"  {readable(operation.symbol, 14)}")
        if operation.box is not None:
            parts.append(f"in {readable(diagram.boxes[operation.box].label)}")
    elif value.kind == "cut":
        parts.append(" …")
    return " ".join(parts)
