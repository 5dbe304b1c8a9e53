"""Runs of functions that are being differentiated or compiled: their arguments, and what outlives them.

A transform runs a function on arguments of its own, so that derivatives in them are kept apart from all others. When
the run is over its arguments are constants, and what was computed in it and not handed on is marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.graph.modes import is_traced
from autograd.graph.node import Node, Variable, check_thread, kept_operands, new_node, new_stamp, value_of, varies
from autograd.operations.primitive import LEAF
from autograd.operations.primitives import Identity

if TYPE_CHECKING:  # type checkers are to see one of the two
    from autograd.numbers import _cython as cython
else:
    try:
        import cython
    except ImportError:
        from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import ARGUMENT, OF_RULE, OVER, SERIAL, TRACED, VARIES

__all__ = ["is_argument", "is_over", "mark_of_rules", "new_argument", "retire_arguments", "retire_results"]


def new_argument(given: Any, differentiated: bool = True) -> Node:
    """The argument for a function that is being differentiated or compiled, in place of a number or a node.

    In place of a number it is a variable. In place of a node that varies it is the node's image under `Identity`:
    derivatives in the argument are kept apart from others in the node, and those in the node go through it.
    """
    if varies(given):
        node = new_node(Identity.origin, cython.cast(Node, given)._value)
        node._left = given
        node._left_gradient = 1.0
        if differentiated:
            node._stamp |= ARGUMENT
        if cython.cast(Node, given)._stamp & TRACED:
            if not is_traced():
                check_thread((given,))
            node._stamp |= TRACED
        return node
    leaf: Variable = Variable.__new__(Variable)
    leaf._value = value_of(given)
    leaf._grad = 0.0
    leaf._stamp = new_stamp() | (ARGUMENT if differentiated else TRACED)
    leaf._assigned = 0
    leaf._origin = LEAF
    if not cython.compiled:
        leaf._left = leaf._right = None
    return leaf


def is_argument(node: Node) -> bool:
    """Whether this stands for an argument of a function that is being differentiated."""
    return node._stamp & ARGUMENT != 0


def retire_arguments(arguments: list[Any]) -> None:
    """Turn the arguments of a function that is done into constants and common nodes."""
    for argument in arguments:
        node = cython.cast(Node, argument)
        node._stamp &= ~ARGUMENT if node._left is not None else ~(ARGUMENT | VARIES)


def retire_results(nodes: list[Any], kept: list[Any]) -> None:
    """Mark the operations of a differentiated function as over, but for those that it hands on."""
    for result in nodes:
        cython.cast(Node, result)._stamp |= OVER
    for result in kept:
        if isinstance(result, Node):
            cython.cast(Node, result)._stamp &= ~OVER


def is_over(node: Node) -> bool:
    """Whether this was computed in a run of a differentiated function that is over, and was not handed on."""
    return node._stamp & OVER != 0


def mark_of_rules(derivatives: list[Any], since: int) -> None:
    """Mark the nodes below derivatives that were made since: they may use what belongs to a run that is over."""
    pending = derivatives
    while pending:
        derivative = pending.pop()
        if not isinstance(derivative, Node):
            continue
        node = cython.cast(Node, derivative)
        if node._stamp // SERIAL > since and not node._stamp & OF_RULE:
            node._stamp |= OF_RULE
            pending += kept_operands(node)
