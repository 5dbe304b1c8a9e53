"""Local gradients that are not those recorded: beside operands held constant, and as nodes.

A node keeps its local gradients as numbers, recorded with its value (`node.recorded_gradients`). At a tie they depend
on which operands vary: `max(x, y)` passes half to each of two equal variables, but nothing to a variable that equals a
constant; docs/reference/conventions.md has the reasons. For derivatives of derivatives the primitive's rule is run on
the operands themselves, which gives nodes. All of them lead to `Primitive.local_gradients` or to its form on doubles,
`Kernel.gradients_beside_constants`.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

from autograd.graph.modes import is_strict, is_traced, lenient
from autograd.graph.node import Call, Node, assigned_since, operands_of, recorded_gradients, uses_of, value_of, varies
from autograd.graph.node_errors import stale_graph
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import (
    Defined,
    Minus,
    Multiply,
    Negate,
    Plus,
    PowerBelow,
    StopGradient,
    Sum,
    Where,
    where,
)

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import new_constant

__all__ = [
    "joint_pullback", "joint_pushforward", "local_gradients_as_nodes", "local_gradients_beside",
    "local_gradients_in_trace", "run_rule",
]  # fmt: skip


# Those of additions are the same at all operands: to run their rules takes as long as all else for such a node.
SLOPES_OF_SUMS: dict[Any, tuple[float, ...]] = {Plus: (1.0, 1.0), Minus: (1.0, -1.0), Negate: (-1.0,)}


def local_gradients_beside(node: Node, varying: list[bool]) -> tuple[float, ...]:
    """The local gradients as they would be if only the operands at the places in `varying` varied.

    Entries of the other operands are meaningless.

    >>> from autograd import Variable, maximum
    >>> local_gradients_beside(maximum(Variable(1.0), Variable(1.0)), [True, False])[0]
    0.0
    """
    recorded = recorded_gradients(node)
    primitive: Any = node._origin.primitive
    if primitive is None or primitive.beside_constant is None or any([slope != slope for slope in recorded]):
        return recorded
    operands = operands_of(node)
    numbers = [value_of(operand) for operand in operands]
    uses = uses_of(operands, varying)
    kernel: Any = primitive.kernel
    if kernel is None:
        return primitive.gradients_of_numbers(numbers, node._value, uses)  # type: ignore[no-any-return]
    return kernel.gradients_beside_constants(numbers, node._value, uses)  # type: ignore[no-any-return]


def joint_pullback(
    call: Call, cotangents: Sequence[Any], as_nodes: bool, sums: Sequence[Any] | None = None
) -> Sequence[Any]:
    """The derivatives of all results of a `Call`, weighted by their cotangents, in each of its operands.

    A cotangent is None where there is none. The derivatives are those that hold where the call was recorded; or nodes
    or numbers, that can be differentiated again. `sums` are the adjoints so far of operands that are `accumulated`.
    """
    operation: Any = call._origin.primitive
    if sums is not None:
        return operation.pullback(joint_operands(call, as_nodes), cotangents, sums)  # type: ignore[no-any-return]
    return operation.pullback(joint_operands(call, as_nodes), cotangents)  # type: ignore[no-any-return]


def joint_pushforward(call: Call, tangents: Sequence[Any], as_nodes: bool) -> Sequence[Any]:
    """The derivatives of all results of a `Call` along a direction, with one tangent or None for each operand."""
    operation: Any = call._origin.primitive
    return operation.pushforward(joint_operands(call, as_nodes), tangents)  # type: ignore[no-any-return]


def joint_operands(call: Call, as_nodes: bool) -> list[Any]:
    """The operands at which derivatives of a call are taken: what they were when it was recorded, or themselves."""
    if not as_nodes:
        return call._numbers.tolist()  # type: ignore[no-any-return]
    operands = operands_of(call)
    for operand in operands:
        if assigned_since(operand, call):
            raise stale_graph(operand, call)
    return list(operands)


def local_gradients_as_nodes(node: Node, varying: list[bool] | None = None) -> Sequence[Any]:
    """The local gradients as nodes, or numbers where they are the same at all operands.

    `varying` says which operands vary; None for those that depend on a variable.
    """
    if is_traced():
        return local_gradients_in_trace(node, operands_of(node), varying)
    recorded = recorded_gradients(node)
    primitive: Any = node._origin.primitive
    if primitive.linear:
        return recorded
    operands = operands_of(node)
    for operand in operands:
        if assigned_since(operand, node):
            raise stale_graph(operand, node)
    if is_strict():
        with lenient():
            return slopes_as_nodes(operands, node, recorded, varying)
    return slopes_as_nodes(operands, node, recorded, varying)


def slopes_as_nodes(
    operands: tuple[Any, ...], node: Node, recorded: tuple[float, ...], varying: list[bool] | None
) -> Sequence[Any]:
    """The local gradients that a rule gives on the operands, and what has no number derivatives that are nan."""
    slopes = run_rule(operands, node, varying)
    undefined = False
    for place in range(len(operands)):
        # Nobody asks for the local gradients of constants: log of a base below 0, in each power of it.
        undefined = undefined or (recorded[place] != recorded[place] and varies(operands[place]))
    if not undefined:
        return slopes
    primitive: Any = node._origin.primitive
    if not primitive.registered:
        # A compiled function, or the solution of an equation: nothing is known of what depends on what.
        everything = Sum(*[operand for operand in operands if isinstance(operand, Node)]) * math.nan
        return [slope if known == known else everything for known, slope in zip(recorded, slopes, strict=True)]
    # A local gradient that is nan has derivatives that are nan, in those operands that it depends on at a common point:
    # a rule may choose a constant at nan.
    common = common_point(operands)
    elsewhere = run_rule(common, primitive(*common), varying)
    return [
        slope if known == known else other * math.nan
        for known, slope, other in zip(recorded, slopes, elsewhere, strict=True)
    ]


def common_point(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Nodes that depend on the operands that vary, in their places, and whose values are numbers of no special kind."""
    return tuple(
        [
            moved_to(0.5 + 0.25 * place / len(operands), operand) if varies(operand) else operand
            for place, operand in enumerate(operands)
        ]
    )


def moved_to(value: float, operand: Node) -> Node:
    """A node with this value that depends on an operand, with the slope 1."""
    shift = Primitive("moved", lambda x: value, lambda x, out: 1.0, linear=True, registered=False)
    return shift(operand)  # type: ignore[no-any-return]


def run_rule(operands: tuple[Any, ...], node: Node, varying: list[bool] | None = None) -> Sequence[Any]:
    """The local gradients that the rule of a node's primitive gives on its operands; `varying` as above.

    Entries of constants are meaningless.
    """
    primitive: Any = node._origin.primitive
    if primitive.first_gradient is not None and not any([varies(operand) for operand in operands[1:]]):
        return (primitive.first_gradient(*as_nodes(operands), node), *[math.nan for _ in operands[1:]])
    uses = None
    if primitive.beside_constant is not None:
        uses = uses_of(operands, [varies(operand) for operand in operands] if varying is None else varying)
    return primitive.local_gradients(as_nodes(operands), node, uses)  # type: ignore[no-any-return]


def as_nodes(operands: tuple[Any, ...]) -> list[Node]:
    """The operands with a constant node for each number."""
    return [operand if isinstance(operand, Node) else new_constant(operand) for operand in operands]


def local_gradients_in_trace(node: Node, operands: tuple[Any, ...], varying: list[bool] | None) -> Sequence[Any]:
    """The local gradients of a node in its operands, as nodes whose values hold for all, not for this run."""
    primitive: Any = node._origin.primitive
    known: Any = SLOPES_OF_SUMS.get(primitive)
    if known is not None:
        return known  # type: ignore[no-any-return]
    slopes = run_rule(operands, node, varying)
    if primitive is PowerBelow:
        slopes = [constant_or(slope, node) for slope in slopes]
    if primitive.linear:
        slopes = [slope.detach() if isinstance(slope, Node) else slope for slope in slopes]
    if has_zero(slopes) and not (
        primitive.condition or primitive.of_conditions or primitive is StopGradient or primitive is Defined
    ):
        # A step has the slope 0 everywhere, but nan at nan.
        slopes = [slope if isinstance(slope, Node) or slope != 0.0 else Defined(0.0, node) for slope in slopes]
    if primitive.built_in and primitive.hides_nan is None:
        return slopes
    if not primitive.may_hide_nan([None if varies(operand) else value_of(operand) for operand in operands]):
        return slopes
    varying_operands = [operand for operand in operands if isinstance(operand, Node)]
    if primitive.linear:
        return [functools.reduce(Defined, varying_operands, slope) for slope in slopes]
    # Added, not chosen, so that derivatives of it are nan too; adding -0.0 changes nothing.
    undefined = [where(operand != operand, operand, -0.0) for operand in varying_operands]
    return [
        functools.reduce(operator.add, undefined, slope) if varies(operand) else slope
        for slope, operand in zip(slopes, operands, strict=True)
    ]


def has_zero(slopes: Sequence[Any]) -> bool:
    """Whether a local gradient is the number 0."""
    for slope in slopes:  # noqa: SIM110 - a generator would be an object in each call
        if not isinstance(slope, Node) and slope == 0.0:
            return True
    return False


def constant_or(slope: Any, node: Node) -> Any:
    """The number that a slope of a node is at all operands, as the second one of a square, or itself."""
    # What is older than the node was not made by its rule.
    if not isinstance(slope, Node) or cython.cast(Node, slope)._stamp < node._stamp:
        return slope
    primitive = cython.cast(Node, slope)._origin.primitive
    if primitive is Where:
        # The side that was taken, by a condition that is the same at all operands.
        number = constant_or(operands_of(slope)[0], node)
        return slope if isinstance(number, Node) else number
    if primitive is Multiply:
        factors = [constant_or(operand, node) for operand in operands_of(slope)]
        if not any([varies(factor) for factor in factors]):
            return value_of(factors[0]) * value_of(factors[1])
    if primitive is PowerBelow:
        _, exponent, lowered = operands_of(slope)
        if not varies(exponent) and not varies(lowered) and value_of(exponent) == value_of(lowered):
            return 1.0
    return slope
