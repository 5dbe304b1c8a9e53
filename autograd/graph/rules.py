"""Local gradients as nodes: the primitives' rules run on the operands themselves, for derivatives of derivatives."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from autograd.errors import StaleGraphError
from autograd.graph.modes import STATE, current_mode, lenient
from autograd.graph.node import Node, assigned_since, operands_of, value_of, varies
from autograd.graph.node_errors import describe
from autograd.operations.primitives import (
    Absorb,
    Both,
    Either,
    Equal,
    Less,
    LessEqual,
    Norm,
    Not,
    NotEqual,
    Select,
    StopGradient,
    Sum,
    where,
)

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import new_constant

__all__ = ["is_strict", "is_traced", "local_gradients_as_nodes", "run_rule", "stale_graph", "traced_local_gradients"]

_state = STATE
DECISIONS = frozenset([Less, LessEqual, Equal, NotEqual, Not, Both, Either, Select, Absorb])


def local_gradients_as_nodes(node: Node) -> Sequence[Any]:
    """The local gradients as nodes: the rule of the primitive, run on the operands themselves."""
    if is_traced():
        return traced_local_gradients(node, [varies(operand) for operand in operands_of(node)])
    recorded = node.local_gradients
    primitive: Any = node.op
    if primitive.linear:
        return recorded
    operands = operands_of(node)
    for operand in operands:
        if assigned_since(operand, node):
            raise stale_graph(operand, node)
    with lenient() if current_mode().strict else nullcontext():
        slopes = run_rule(node)
        if any([known != known for known in recorded]):
            # A local gradient that is nan has derivatives that are nan, in every operand.
            undefined = Sum(*[operand for operand in operands if isinstance(operand, Node)]) * math.nan
            return [slope if known == known else undefined for known, slope in zip(recorded, slopes, strict=True)]
    return slopes


def stale_graph(
    operand: Node, node: Node, what: str = "its second derivatives would mix both values"
) -> StaleGraphError:
    """The error for what is asked of a node and would need the old value of an operand; `what` would go wrong."""
    return StaleGraphError(
        f"{describe(operand)} was assigned after {describe(node)} was computed from it; {what}. Compute the "
        f"expression again after assigning"
    )


def run_rule(node: Node) -> Sequence[Any]:
    """What the rule of the primitive makes of the operands themselves."""
    primitive: Any = node._origin.primitive
    operands = as_nodes(operands_of(node))
    slopes = primitive.gradients(operands, node) if primitive.arity is None else primitive.gradients(*operands, node)
    return slopes if isinstance(slopes, list | tuple) else (slopes,)


def as_nodes(operands: tuple[Any, ...]) -> list[Node]:
    """The operands with a constant node for each number."""
    return [operand if isinstance(operand, Node) else new_constant(operand) for operand in operands]


def is_traced() -> bool:
    """Whether a function is being compiled: then everything is nodes, for numbers will be others at the next call."""
    return _state.entered != 0 and current_mode().trace is not None


def is_strict() -> bool:
    """Whether results that are not finite are errors here."""
    return _state.entered != 0 and current_mode().strict


def traced_local_gradients(node: Node, varying: list[bool]) -> Sequence[Any]:
    """The local gradients as nodes whose values hold for all operands, not only for those of this run.

    `varying` says which operands are not constant.
    """
    primitive: Any = node._origin.primitive
    operands = operands_of(node)
    several = primitive.arity is None and len({id(operand) for operand in operands}) < len(operands)
    if primitive.first_gradient is not None and not any([varies(operand) for operand in operands[1:]]):
        first = primitive.first_gradient(*as_nodes(operands), node)
        # Of constants nobody asks for the local gradient.
        slopes: Sequence[Any] = (first, *[math.nan for _ in operands[1:]])
    elif primitive.beside_constant is None or (False not in varying and not several):
        slopes = run_rule(node)
    elif primitive.arity is None:
        uses = [float(sum([known is operand for known in operands])) for operand in operands]
        slopes = primitive.beside_constant(
            operands, [use if known else 0.0 for use, known in zip(uses, varying, strict=True)], node
        )
    else:
        a, b = operands
        slopes = (
            primitive.beside_constant(a, b, node) if varying[0] else 0.0,
            primitive.beside_constant(b, a, node) if varying[1] else 0.0,
        )
    if primitive not in DECISIONS and primitive is not StopGradient:
        # A step has the slope 0 everywhere, but nan at nan.
        slopes = [
            slope if isinstance(slope, Node) or slope != 0.0 else where(node != node, math.nan, 0.0) for slope in slopes
        ]
    constants = tuple([None if varies(operand) else value_of(operand) for operand in operands])
    if not hides_nan(primitive, constants):
        return slopes
    # Added, not chosen, so that derivatives of it are nan too; adding -0.0 changes nothing.
    undefined = [where(operand != operand, operand, -0.0) for operand in operands if isinstance(operand, Node)]
    return [
        functools.reduce(operator.add, undefined, slope) if varies(operand) else slope
        for slope, operand in zip(slopes, operands, strict=True)
    ]


@functools.lru_cache(maxsize=1024)
def hides_nan(primitive: Any, constants: tuple[float | None, ...]) -> bool:
    """Whether the primitive's rule may give a number for an operand that is nan, of which the local gradient is nan.

    That is where its value may be a number.

    `constants` has the operands that are constant, and None for the others. Conditions and selections don't count:
    in plain Python they are decisions.
    """
    if primitive is Norm:
        # The length of (inf, nan) is inf.
        return True
    if primitive in DECISIONS or len(constants) > 3:
        return False
    special = (0.0, 1.0, -1.0, 2.0, math.inf, -math.inf, math.nan)
    for point in itertools.product(*[special if number is None else (number,) for number in constants]):
        if any([x != x for x in point]):
            value = primitive.of_numbers(list(point))
            if value == value:
                return True
    return False
