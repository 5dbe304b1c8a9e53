"""A graph as numbered records: values and the operations between them, in numbers and text.

Records hold no node, so that they neither keep a graph alive nor change with it. They are numbered in the order of
computation, and refer to each other by these numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from autograd.graph.node import Constant, Node, operands_of, value_of

__all__ = ["Graph", "Operand", "Operation", "Value", "graph_of"]


class Value(NamedTuple):
    """A number in a graph.

    gradient: None where no backward sweep came.
    kind: "variable", "constant", "result" (of an operation), "condition" (the result of a comparison: 1 or 0), or "cut"
        (a result whose operation was left out because the records are of a part of the graph).
    producer: the operation that computed it.
    """

    position: int
    name: str | None
    number: float
    gradient: float | None
    kind: str
    producer: int | None


class Operand(NamedTuple):
    """The position of a value that an operation takes, and the derivative of the result in it."""

    value: int
    local_gradient: float


class Operation(NamedTuple):
    """A primitive applied once. `name` and `symbol` are the primitive's, `result` is the position of a value."""

    position: int
    name: str
    symbol: str
    operands: tuple[Operand, ...]
    result: int


class Graph(NamedTuple):
    """Values and operations, operands before what uses them."""

    values: Sequence[Value]
    operations: Sequence[Operation]


def graph_of(
    nodes: Sequence[Node], gradients: Mapping[int, float], slopes_of: Callable[[Node], Sequence[float]]
) -> tuple[Graph, dict[int, int]]:
    """The records of these nodes, parents first, and the position of each node's value by the node's identity.

    A result whose parents are not all among the nodes is a value alone. A plain number in an expression, which is no
    node, is a value of its own at each place. `gradients` are by identity, too.

    >>> from autograd import Variable, topological_order
    >>> x = Variable(3.0, name="x")
    >>> graph, _ = graph_of(topological_order(x * 2.0), {}, lambda node: node.local_gradients)
    >>> [(value.kind, value.number) for value in graph.values]
    [('variable', 3.0), ('constant', 2.0), ('result', 6.0)]
    >>> [(operand.value, operand.local_gradient) for operand in graph.operations[0].operands]
    [(0, 2.0), (1, 3.0)]
    """
    values: list[Value] = []
    operations: list[Operation] = []
    positions: dict[int, int] = {}
    for node in nodes:
        primitive = node.op
        producer = None
        if primitive is None:
            kind = "constant" if isinstance(node, Constant) else "variable"
        else:
            operands = operands_of(node)
            # A constant that is not among the nodes is a plain number that was asked for as a node.
            left_out = [
                operand
                for operand in operands
                if id(operand) not in positions and isinstance(operand, Node) and not isinstance(operand, Constant)
            ]
            if left_out:
                kind = "cut"
            else:
                kind = "condition" if primitive.condition else "result"
                producer = len(operations)
                taken = []
                for operand, slope in zip(operands, slopes_of(node), strict=True):
                    position = positions.get(id(operand), len(values))
                    if position == len(values):
                        name = operand.name if isinstance(operand, Node) else None
                        values.append(Value(position, name, value_of(operand), None, "constant", None))
                    taken.append(Operand(position, slope))
                operations.append(Operation(producer, primitive.name, primitive.symbol, tuple(taken), len(values)))
        positions[id(node)] = len(values)
        values.append(Value(len(values), node.name, node.value, gradients.get(id(node)), kind, producer))
    return Graph(values, operations), positions
