"""The program of a picture for its page, which computes it anew when an input is moved."""

from __future__ import annotations

import json
import math
from collections.abc import Container
from functools import cache
from importlib import resources
from typing import Any

from autograd.diagnosis.reasons import MOST_REASONS, MOST_TERMS, NEXT_TO_0
from autograd.operations.primitive import declared
from viz.diagrams.diagram import Diagram, Value
from viz.diagrams.explanations import Explanations
from viz.diagrams.operand_order import order_of
from viz.labels import readable
from viz.playing.steps import rest_of

__all__ = ["live_program", "reason_to_stand_still", "rules_of"]

MOST_OPERATIONS = 2_000
# The choice that `where` made when the graph was recorded is not in the graph.
DECIDED = "where"


def reason_to_stand_still(diagram: Diagram) -> str:
    """The reason why the numbers can't be computed in a page; empty if they can."""
    if any([value.blank for value in diagram.values]):
        return "Its numbers are to be found."
    if not all([value.known for value in diagram.values]):
        return "It has no numbers."
    if len(diagram.operations) > MOST_OPERATIONS:
        return f"It has more than {MOST_OPERATIONS:,} operations."
    if any([value.kind == "cut" for value in diagram.values]):
        return "It is a part of a graph."
    for operation in diagram.operations:
        primitive = declared(operation.name)
        if (
            operation.opaque
            or primitive is None
            or not primitive.built_in
            or operation.name not in _table()["operations"]
        ):
            return f"{readable(operation.name)} is computed by Python alone."
        if operation.name == DECIDED:
            return "A choice that where() made is not in it; of a function that jit compiled it is."
    return "" if any([value.kind == "variable" for value in diagram.values]) else "It has no variables."


def live_program(diagram: Diagram, drawn: Container[int]) -> dict[str, Any]:
    """The program as data, see `evaluate.js` and `reasons.js`; names are of values that are not among those drawn."""
    explanations = Explanations(diagram)
    # In the order in which they are used.
    used = {operand.value: None for operation in diagram.operations for operand in operation.operands}
    order = {position: place for place, position in enumerate(used)}
    leaves = sorted(
        [value for value in diagram.values if value.kind == "variable"],
        key=lambda value: order.get(value.position, len(order)),
    )
    seeds = [[value.position, _number(rest)] for value in diagram.values if (rest := rest_of(explanations, value))]
    return {
        "values": [_number(value.number) for value in diagram.values],
        "conditions": [value.position for value in diagram.values if value.kind == "condition"],
        "varies": [int(value.kind != "constant") for value in diagram.values],
        "operations": [
            [one.name, [operand.value for operand in one.operands], one.result, order_of(diagram, one)]
            for one in diagram.operations
        ],
        "seeds": seeds,
        "guards": [[guard.value, guard.outcome, guard.place] for guard in diagram.guards],
        "recorded": diagram.recorded,
        "digits": diagram.digits,
        "leaves": [[value.position, _trained(value, leaves), int(value.parameter)] for value in leaves],
        "names": {
            value.position: value.name_text for value in diagram.values if value.name and value.position not in drawn
        },
        "kinds": {name: _facts_of(name) for name in sorted({operation.name for operation in diagram.operations})},
        "limits": {"small": NEXT_TO_0, "terms": MOST_TERMS, "reasons": MOST_REASONS},
        "outputs": list(diagram.outputs),
    }


def rules_of(diagram: Diagram) -> str:
    """The JavaScript of the operations in a diagram, and of all that they call."""
    table = _table()
    used = {name: table["operations"][name] for name in sorted({operation.name for operation in diagram.operations})}
    waiting = [
        name for entry in used.values() for one in entry.values() for name in ([one] if isinstance(one, str) else one)
    ]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(table["functions"][name][1])
    # Constants that are made of functions stand behind these, which JavaScript knows everywhere.
    lines = [table["functions"][name][0] for name in sorted(needed)]
    entries = []
    for name, entry in used.items():
        parts = [f"{key}: {one if isinstance(one, str) else '[' + ', '.join(one) + ']'}" for key, one in entry.items()]
        entries.append(f"{json.dumps(name)}: {{ {', '.join(parts)} }}")
    # In a scope of their own: of two functions of one name the last would serve for both.
    return "\n".join(["const operations = (() => {", *lines, f"return {{ {', '.join(entries)} }};", "})();"])


@cache
def _table() -> dict[str, Any]:
    text = resources.files("viz.playing").joinpath("kernels.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def _facts_of(name: str) -> dict[str, Any]:
    """The facts about an operation that sentences are made of: reasons for a slope of 0, ends of its domain."""
    primitive = declared(name)
    assert primitive is not None
    letters = "x" if primitive.arity == 1 else "abc"
    needs = [
        [_number(one.low), _number(one.high), one._replace(closed=False).describe(letter)]
        for letter, one in zip(letters, primitive.domain, strict=False)
    ]
    return {"vanishes": primitive.vanishes, "needs": [] if primitive.arity is None else needs}


def _number(number: float) -> float | str:
    """A number that JSON can hold, or the word for it."""
    return number if math.isfinite(number) else str(number)


def _trained(value: Value, leaves: list[Value]) -> int:
    """Whether descent moves a leaf: the parameters of layers, or else what is not called like an input or a target."""
    if any([leaf.parameter for leaf in leaves]):
        return int(value.parameter)
    return int((value.name or "x")[0].lower() not in "xyt")
