"""The kinks of a graph: the operations in it whose slope or value jumps at, or close to, their operands.

A primitive declares its `kinks` as a function of the operands that is 0 at a kink (a tied max, abs at 0), a jump (floor
at an integer) or a pole (a division by 0). That is the margin; its size is taken for the distance.

A graph knows the operations that were recorded, not the decisions that Python made on the way: of `if x > 0`, of the
builtin `max` and of the condition of a `where` only the branch that was taken is in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.errors import ArgumentError
from autograd.graph.descriptions import operation_and_operands
from autograd.graph.node import Node, assigned_since, operands_of, value_of
from autograd.graph.node_errors import stale_graph
from autograd.graph.sweep import topological_order
from autograd.numbers.operands import as_number
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Where

__all__ = ["Kink", "Kinks", "distance_to_kink", "is_near", "kinks", "margin_of"]

# How far to move an operation whose operands are all one node, to see whether its kink remains: max(x, x) has none.
NUDGE = 2.0**-20


class Kink(NamedTuple):
    """An operation at a kink, jump or pole, or close to one.

    node: its result; `node.op` is the primitive.
    distance: from the kink, as the primitive's declaration measures it; 0.0 on the kink.
    operands: the parents of the node.
    """

    node: Node
    distance: float
    operands: tuple[Node, ...]

    def __str__(self) -> str:
        place = "at a kink, jump or pole" if self.distance == 0.0 else f"{self.distance:.3g} from a kink, jump or pole"
        return f"{operation_and_operands(self.node)}: {place}"

    def __repr__(self) -> str:
        return str(self)


class Kinks(tuple[Kink, ...]):
    """The kinks of a graph, nearest first. Its `str` has a line for each.

    choices: the results of `where` in the graph. How close their conditions were is not recorded.
    """

    choices: tuple[Node, ...] = ()

    def __str__(self) -> str:
        lines = [str(kink) for kink in self] or ["no operation recorded is near a kink"]
        if self.choices:
            lines.append(f"of {len(self.choices)} choice(s) by `where` it is not recorded how close the condition was")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def kinks(node: Node, *, tolerance: float = 1e-9) -> Kinks:
    """The operations that `node` depends on which are on or near a kink, jump or pole, nearest first.

    tolerance: the largest distance, as a share of the largest operand, or absolute if all are smaller than 1.

    Raises StaleGraphError if a variable was assigned after it was used: the kinks would be those of another point.

    >>> from autograd import Variable, maximum
    >>> a, b = Variable(1.0, name="a"), Variable(1.0, name="b")
    >>> print(kinks(maximum(a, b) + abs(a - b - 0.25)))
    max of a = 1.0 and b = 1.0: at a kink, jump or pole
    >>> print(kinks(abs(a - 1.25), tolerance=0.5))
    abs of -0.25: 0.25 from a kink, jump or pole
    """
    tolerance = as_number("a tolerance", tolerance)
    if not tolerance >= 0.0:
        raise ArgumentError(f"kinks needs a tolerance >= 0, got {tolerance}")
    found = []
    choices = []
    for place, below in enumerate(topological_order(node)):
        primitive = below.op
        if primitive is Where:
            choices.append(below)
        if primitive is None or primitive.kinks is None:
            continue
        distance = distance_to_kink(below)
        if is_near(distance, [value_of(operand) for operand in operands_of(below)], tolerance):
            found.append((distance, place, Kink(below, distance, below.parents)))
    result = Kinks([kink for _, _, kink in sorted(found, key=lambda entry: entry[:2])])
    result.choices = tuple(choices)
    return result


def distance_to_kink(node: Node) -> float:
    """The distance of an operation's operands from its nearest kink, jump or pole; infinite without one or of a leaf.

    >>> from autograd import Variable
    >>> distance_to_kink(abs(Variable(-3.0))), distance_to_kink(Variable(2.0) * 3.0)
    (3.0, inf)
    """
    primitive: Any = node.op
    if primitive is None or primitive.kinks is None:
        return math.inf
    operands = operands_of(node)
    for operand in operands:
        if assigned_since(operand, node):
            raise stale_graph(operand, node, "kinks would be looked for at a point where it was not computed")
    if primitive.arity is None:
        # A node that stands twice among them is no tie with itself.
        distinct = {id(operand) if isinstance(operand, Node) else operand: operand for operand in operands}
        return _distance(primitive, [value_of(operand) for operand in distinct.values()])
    numbers = [value_of(operand) for operand in operands]
    distance = _distance(primitive, numbers)
    if distance == 0.0 and len(numbers) > 1 and len({id(operand) for operand in operands}) == 1:
        moved = numbers[0] + NUDGE * (abs(numbers[0]) or 1.0)
        if _distance(primitive, [moved] * len(numbers)) == 0.0:
            return math.inf
    return distance


def margin_of(primitive: Primitive, operands: Sequence[float]) -> float:
    """The margin that operands have to a kink of the primitive: in its own measure, 0 at the kink, with a sign where
    it has two sides. Infinite if the primitive has none, nan where it can't be computed.
    """
    kinks = primitive.kinks
    if kinks is None:
        return math.inf
    try:
        return float(kinks(operands) if primitive.arity is None else kinks(*operands))
    except (ArithmeticError, ValueError):
        return math.nan


def is_near(margin: float, operands: Sequence[float], tolerance: float) -> bool:
    """Whether a margin is at most a share `tolerance` of the largest finite operand, or of 1 if all are smaller."""
    return abs(margin) <= tolerance * max([1.0, *[abs(operand) for operand in operands if math.isfinite(operand)]])


def _distance(primitive: Primitive, numbers: Sequence[float]) -> float:
    """The size of the margin; infinite where it is not a number."""
    distance = abs(margin_of(primitive, numbers))
    return math.inf if math.isnan(distance) else distance
