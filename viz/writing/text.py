"""A diagram as a tree of text, for when there is no layout engine, or too much to draw."""

from __future__ import annotations

from autograd.graph.descriptions import tree_lines
from viz.diagrams.diagram import IN_TURNS, Diagram, Operation, Value
from viz.labels import readable
from viz.views.folding import FEWEST, SHOWN

__all__ = ["write_tree"]

MOST_LINES = 80
DEEPEST = 24
LONGEST_GUARD = LONGEST_NOTE = 60


def write_tree(diagram: Diagram, most_lines: int = MOST_LINES) -> str:
    """A note if there is one, each output, each guard, what turns of loops give, with its operands below it, in so
    many lines.

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
        return text, _operands(diagram, diagram.operations[value.producer])

    note = [f"({readable(diagram.note, LONGEST_NOTE)})"] if diagram.note else []
    roots = [(output, "") for output in diagram.outputs]
    roots += [(guard.value, f"{guard.what} {readable(guard.text, LONGEST_GUARD)}: ") for guard in diagram.guards]
    roots += _of_turns(diagram)
    return "\n".join(note + tree_lines(roots, described, most_lines - len(note), DEEPEST)) + "\n"


def _operands(diagram: Diagram, operation: Operation) -> list[tuple[int, str]]:
    """The operands of an operation; those of a loop each once, and of rows for its turns the first few and the last."""
    operands = [operand.value for operand in operation.operands]
    if not operation.sign and operation.symbol != IN_TURNS:
        return [(operand, "") for operand in operands]
    operands = list(dict.fromkeys(operands))
    rows = [operand for operand in operands if diagram.values[operand].in_turns]
    left_out = len(rows) - SHOWN
    if left_out < FEWEST:
        return [(operand, "") for operand in operands]
    hidden = set(rows[SHOWN:-1])
    return [(one, f"… {left_out} more, to " if one == rows[-1] else "") for one in operands if one not in hidden]


def _of_turns(diagram: Diagram) -> list[tuple[int, str]]:
    """What each turn of a loop carries on, and what it gives."""
    found = []
    for operation in diagram.operations:
        box = "" if operation.box is None else readable(diagram.boxes[operation.box].label)
        for value in operation.again:
            carried = diagram.values[operation.result].name_text or "what is carried"
            found.append((value, f"each turn of {box}, next {carried}: "))
        if operation.sign == IN_TURNS and operation.together == operation.position:
            found += [(value, f"each turn of {box}, its result: ") for value in operation.leaving]
    return found


def _line(diagram: Diagram, value: Value) -> str:
    """One value: `r = 0.5 (∂ 1) = − in SquaredLoss`."""
    parts = [value.text] if value.text else []
    if value.gradient_text:
        parts.append(f" {value.sign_text} {value.gradient_text}")
    if value.producer is not None:
        operation = diagram.operations[value.producer]
        box = "" if operation.box is None else readable(diagram.boxes[operation.box].label)
        parts.append(f"  {box}" if operation.sign else f"  {readable(operation.symbol, 14)}")
        if box and not operation.sign:
            parts.append(f"in {box}")
    elif value.kind == "cut":
        parts.append(" …")
    return " ".join(parts)
