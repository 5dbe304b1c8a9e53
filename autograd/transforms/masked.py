"""Derivatives that are numbers wherever what they are derivatives of is one.

In a function that is being compiled, the derivatives of an output are nan where the output is. One that is the same
number everywhere else, such as the slope of a sum, is kept as this number and the outputs that decide: so constant
slopes are multiplied and added up while the function is recorded, and nothing is left of them in its program but the
result. The functions here take such numbers, plain ones and nodes.
"""

from __future__ import annotations

import functools
from typing import Any

from autograd.graph.node import Node, varied
from autograd.operations.primitives import Defined, Multiply, Plus

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import record_binary

__all__ = ["Masked", "as_masked", "masked_by", "plus", "settled", "times", "without_mask"]


@cython.final
@cython.cclass
class Masked:
    """A number that is nan where one of the `masks`, which are nodes, is."""

    def __init__(self, number: float, masks: tuple[Any, ...]) -> None:
        self.number = number
        self.masks = masks


def as_masked(value: Any) -> Masked | None:
    """A number, masked or not, or a node that is the same number wherever it is one; None for other nodes."""
    if type(value) is Masked:
        return value
    if not isinstance(value, Node):
        return Masked(value, ())
    node = cython.cast(Node, value)
    if not varied(node):
        return Masked(node._value, ())
    if node._origin.primitive is Defined and not isinstance(node._left, Node):
        return Masked(node._left, (node._right,))
    return None


def times(one: Any, other: Any) -> Any:
    """The product of two derivatives."""
    first = as_masked(one)
    if first is None:
        return record_binary(Multiply, one, settled(other))
    second = as_masked(other)
    if second is None:
        return record_binary(Multiply, settled(first), other)
    return Masked(first.number * second.number, union(first.masks, second.masks))


def plus(one: Any, other: Any) -> Any:
    """The sum of two derivatives."""
    if type(one) is not Masked and type(other) is not Masked:
        return sum_of(one, other)
    if type(one) is Masked and type(other) is Masked:
        first, second = cython.cast(Masked, one), cython.cast(Masked, other)
        return Masked(first.number + second.number, union(first.masks, second.masks))
    return sum_of(settled(one), settled(other))


def sum_of(one: Any, other: Any) -> Any:
    """The sum of two numbers or nodes: of these as `+` makes it, without asking each for it."""
    if isinstance(one, Node) or isinstance(other, Node):
        return record_binary(Plus, one, other)
    return one + other


def masked_by(derivative: Any, mask: Node) -> Any:
    """The derivative, but nan where the mask is."""
    known = as_masked(derivative)
    return Defined(derivative, mask) if known is None else Masked(known.number, union(known.masks, (mask,)))


def without_mask(derivative: Any, mask: Node) -> Any:
    """The derivative as it is where the mask is a number, if that is known."""
    known = as_masked(derivative)
    if known is None:
        return derivative
    return Masked(known.number, tuple([one for one in known.masks if one is not mask]))


def settled(value: Any) -> Any:
    """A derivative as a node or a plain number."""
    if type(value) is not Masked:
        return value
    masked = cython.cast(Masked, value)
    if not masked.masks:
        return masked.number
    return Defined(masked.number, functools.reduce(Defined, masked.masks))


def union(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    """The nodes that are in either of two tuples, each once."""
    if one is other or len(other) == 0:
        return one
    if len(one) == 0:
        return other
    missing = [mask for mask in other if not any([mask is known for known in one])]
    return (*one, *missing) if missing else one
