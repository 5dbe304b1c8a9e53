"""The second derivatives of the operations on a tape, each weighted by how far its output moves the result.

The Hessian of the result is the sum, over operations and pairs of their operands, of this weight times the product
of the operands' gradients. Here the weights are computed; `elimination` makes the whole Hessian of them, and
`hessian_times` its product with a direction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.graph.joint_operations import repeated
from autograd.graph.local_gradients import run_rule
from autograd.graph.modes import enable_grad, lenient
from autograd.graph.node import Node, Output, Variable, assigned_since, clock, operands_of, varied
from autograd.graph.node_errors import stale_graph
from autograd.graph.runs import new_argument
from autograd.numbers.arrays import doubles, integers
from autograd.numbers.pairwise import PairwiseSums
from autograd.operations.primitives import Dot
from autograd.transforms.elimination import eliminate_for_jacobian
from autograd.transforms.tape import Tape

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import doubles_in, ints_in
    from autograd.operations.kernel import LEFT, MIXED, RIGHT

__all__ = ["Curvature", "has_many_pairs"]


@cython.final
@cython.cclass
class Curvature:
    """The weighted second derivatives of the operations on a tape that has one output.

    The operation at position `tape.count + k` has its pairs of operands at `left[starts[k]:starts[k + 1]]` and the
    same places of `right`, with their `weights`. An operand paired with itself stands for the second derivative in it
    alone. Only pairs are kept whose second derivative is not zero everywhere.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        operations = tape.size - tape.count
        self.starts = integers(operations + 1)
        self.left, self.right, self.weights = (
            integers(3 * operations),
            integers(3 * operations),
            doubles(3 * operations),
        )
        self.pairs = 0
        self.build()

    def build(self) -> None:
        """Add the pairs of all operations."""
        tape = self.tape
        operations = tape.size - tape.count
        known = tape.adjoints([1.0])
        adjoints = doubles_in(known)
        starts = ints_in(self.starts)
        for k in range(operations):
            self.add_operation(tape.nodes[k], adjoints[tape.count + k])
            starts[k + 1] = self.pairs

    def add_operation(self, node: Node, adjoint: float) -> None:
        """Add the pairs of one operation."""
        primitive: Any = node.op if isinstance(node, Output) else node._origin.primitive
        if primitive.linear:
            return
        kernel = primitive.kernel
        if kernel is None or kernel.arity == 0:
            self.add_pairs_of_many(node, adjoint)
            return
        out = node._value
        left = self.tape.position_of(node._left)
        a = value_at(node, node._left)
        # A local gradient that is nan has derivatives that are nan.
        left_adjoint = adjoint if node._left_gradient == node._left_gradient else math.nan
        if kernel.arity == 1:
            if kernel.curved:
                self.add_pair(left, left, kernel.unary_curvature(a, out) * left_adjoint)
            return
        right = self.tape.position_of(node._right)
        b = value_at(node, node._right)
        right_adjoint = adjoint if node._right_gradient == node._right_gradient else math.nan
        if kernel.curved & LEFT and left >= 0:
            self.add_pair(left, left, kernel.left_curvature(a, b, out) * left_adjoint)
        if kernel.curved & MIXED and left >= 0 and right >= 0:
            mixed_adjoint = left_adjoint if right_adjoint == right_adjoint else math.nan
            self.add_mixed_pair(left, right, kernel.mixed_curvature(a, b, out) * mixed_adjoint)
        if kernel.curved & RIGHT and right >= 0:
            self.add_pair(right, right, kernel.right_curvature(a, b, out) * right_adjoint)

    def add_pairs_of_many(self, node: Node, adjoint: float) -> None:
        """Add the pairs of an operation on any number of operands."""
        positions = [self.tape.position_of(operand) for operand in operands_of(node)]
        slopes = node.local_gradients
        for first, second, curvature in pairs_of(node):
            if slopes[first] != slopes[first] or slopes[second] != slopes[second]:
                curvature = math.nan
            if positions[first] < 0 or positions[second] < 0:
                continue
            if first == second:
                self.add_pair(positions[first], positions[first], curvature * adjoint)
            else:
                self.add_mixed_pair(positions[first], positions[second], curvature * adjoint)

    def add_mixed_pair(self, left: int, right: int, weight: float) -> None:
        """Add the pair of two operands; of two that are the same node, the second derivative counts twice."""
        self.add_pair(left, right, 2.0 * weight if left == right else weight)

    def add_pair(self, left: int, right: int, weight: float) -> None:
        """Add a pair."""
        if self.pairs == len(self.left):
            self.left.extend(integers(self.pairs + 8))
            self.right.extend(integers(self.pairs + 8))
            self.weights.extend(doubles(self.pairs + 8))
        ints_in(self.left)[self.pairs] = left
        ints_in(self.right)[self.pairs] = right
        doubles_in(self.weights)[self.pairs] = weight
        self.pairs += 1

    def hessian_times(self, direction: Sequence[float]) -> Any:
        """The product of the Hessian with a direction, an array: one sweep forward and one backward."""
        tape = self.tape
        met, filled = integers(tape.size), integers(tape.size)
        along = tape.tangents(direction, met)
        result = doubles(tape.size)
        reached = ints_in(met)
        touched = ints_in(filled)
        tangents = doubles_in(along)
        products = doubles_in(result)
        starts = ints_in(tape.starts)
        operands = ints_in(tape.operands)
        slopes = doubles_in(tape.slopes)
        pair_starts = ints_in(self.starts)
        left = ints_in(self.left)
        right = ints_in(self.right)
        weights = doubles_in(self.weights)
        sums: PairwiseSums | None = None
        long_places = ints_in(tape.starts if tape.count_long_sums() == 0 else tape.long_places)
        if tape.long_count > 0:
            sums = PairwiseSums(tape.long_count)
        for position in range(tape.size - 1, tape.count - 1, -1):
            k = position - tape.count
            if sums is not None and long_places[position] >= 0:
                products[position] = sums.total(long_places[position], products[position])
            if touched[position]:
                for entry in range(starts[k], starts[k + 1]):
                    a = operands[entry]
                    products[a] += products[position] * slopes[entry]
                    touched[a] = 1
                    if sums is not None and long_places[a] >= 0:
                        products[a] = sums.counted(long_places[a], products[a])
            for pair in range(pair_starts[k], pair_starts[k + 1]):
                a = left[pair]
                b = right[pair]
                if reached[b]:
                    products[a] += weights[pair] * tangents[b]
                    touched[a] = 1
                    if sums is not None and long_places[a] >= 0:
                        products[a] = sums.counted(long_places[a], products[a])
                if a != b and reached[a]:
                    products[b] += weights[pair] * tangents[a]
                    touched[b] = 1
                    if sums is not None and long_places[b] >= 0:
                        products[b] = sums.counted(long_places[b], products[b])
        if sums is not None:
            for position in range(tape.count):
                if long_places[position] >= 0:
                    products[position] = sums.total(long_places[position], products[position])
        return result[: tape.count]


def has_many_pairs(tape: Tape) -> bool:
    """Whether some operation has so many pairs of operands that a product with them all is dear."""
    for node in tape.nodes:
        primitive: Any = node.op
        if primitive.arity is None and not primitive.linear and primitive is not Dot and len(operands_of(node)) > 16:
            return True
    return False


def value_at(node: Node, operand: Any) -> float:
    """The value of an operand of a node; StaleGraphError if it is a variable that was assigned since."""
    if isinstance(operand, Variable) and assigned_since(operand, node):
        raise stale_graph(operand, node)
    number: float = cython.cast(Node, operand)._value if isinstance(operand, Node) else operand or 0.0
    return number


def pairs_of(node: Node) -> Iterator[tuple[int, int, float]]:
    """The second derivatives of an operation of any kind, in the operands at two places, the first not behind."""
    operands = operands_of(node)
    if node.op is Dot:
        half = len(operands) // 2
        for place in range(half):
            yield place, half + place, 1.0
        return
    values = [value_at(node, operand) for operand in operands]
    primitive: Any = node.op
    undefined = [slope != slope for slope in node.local_gradients]
    if not any(undefined):
        yield from pairs_at(node, values)
    elif primitive.registered:
        # The pairs that exist are found at a common point: a rule may choose a constant for nan.
        common = [0.5 + 0.25 * place / len(values) for place in range(len(values))]
        known = {(place, other): second for place, other, second in pairs_at(node, values)}
        for place, other, _ in pairs_at(node, common):
            missing = undefined[place] or undefined[other]
            yield place, other, math.nan if missing else known.get((place, other), 0.0)
    else:
        # The solution of an equation, which has no derivative here: nothing is known of its second ones.
        yield from pairs_at(node, values)
        place_of = [place for place, operand in enumerate(operands) if varied(operand)]
        yield from [(place, other, math.nan) for place in place_of for other in place_of if other >= place]


def pairs_at(node: Node, values: Sequence[float]) -> Iterator[tuple[int, int, float]]:
    """The second derivatives of the node's operation at these operands, by its rule; only in operands that vary."""
    before = clock()
    leaves = [
        new_argument(value) if varied(operand) else value
        for value, operand in zip(values, operands_of(node), strict=True)
    ]
    arguments = [leaf for leaf in leaves if isinstance(leaf, Node)]
    place_of = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Node)]
    with enable_grad(), lenient():
        result = repeated(node, tuple(leaves))
        slopes = run_rule(operands_of(result), result)
    tape = Tape(arguments, slopes, before, by_result=True)
    for argument, place, second in zip(*eliminate_for_jacobian(tape), strict=True):
        if place_of[argument] >= place:
            yield place, place_of[argument], second
