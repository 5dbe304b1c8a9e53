"""The longest path of a diagram, drawn as a straight line for the eye to follow."""

from __future__ import annotations

from viz.diagrams.diagram import Diagram

__all__ = ["longest_path"]


def longest_path(diagram: Diagram) -> dict[int, int]:
    """The longest path to an output: each value on it and the operation that it enters next.

    At its start an input is preferred to a parameter: a name that begins with x, or else the first operand.
    """
    values, operations = diagram.values, diagram.operations
    lengths: list[int] = []
    for operation in operations:
        producers = [values[operand.value].producer for operand in operation.operands]
        lengths.append(1 + max([lengths[producer] for producer in producers if producer is not None], default=0))
    ends = [producer for output in diagram.outputs if (producer := values[output].producer) is not None]
    path: dict[int, int] = {}
    here: int | None = max(ends, key=lambda end: lengths[end], default=None)
    while here is not None:
        following: int | None = None
        leaves = [values[operand.value] for operand in operations[here].operands]
        for value in leaves:
            producer = value.producer
            if producer is not None and (following is None or lengths[producer] > lengths[following]):
                following = producer
        if following is not None:
            path[operations[following].result] = here
        elif leaves:
            leaves.sort(key=lambda leaf: (leaf.kind == "constant", not (leaf.name or "").lower().startswith("x")))
            path[leaves[0].position] = here
        here = following
    return path
