"""The local gradients of an operation of which some operands are held constant.

They are others than those recorded only at a tie: `max(x, y)` passes half to each of two equal variables, but
nothing to a variable that equals a constant. docs/conventions.md has the reasons.
"""

from __future__ import annotations

from typing import Any

from autograd.graph.node import Node, count_uses, operands_of, recorded_gradients, value_of, varies
from autograd.numbers.arrays import doubles

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["local_gradients_beside"]


def local_gradients_beside(node: Node, constant: list[bool]) -> tuple[float, ...]:
    """The local gradients as they would be if the operands at these places didn't vary.

    `constant` says so of each operand. What a constant itself gets is of no use to anybody.

    >>> from autograd import Variable, maximum
    >>> local_gradients_beside(maximum(Variable(1.0), Variable(1.0)), [False, True])[0]
    0.0
    """
    recorded = recorded_gradients(node)
    primitive: Any = node.op
    if primitive is None or any([slope != slope for slope in recorded]):
        return recorded
    operands = operands_of(node)
    kernel: Any = primitive.kernel
    if kernel is None:
        numbers = [value_of(operand) for operand in operands]
        corrected: tuple[float, ...] = primitive.gradients_beside(recorded, numbers, node._value, constant)
        return corrected
    if len(recorded) == 2 and kernel.arity == 2:
        if not kernel.kinked_beside_constant or constant[0] == constant[1]:
            return recorded
        a, b = value_of(operands[0]), value_of(operands[1])
        if constant[0]:
            return (recorded[0], kernel.gradient_beside_constant(b, a, node._value))
        return (kernel.gradient_beside_constant(a, b, node._value), recorded[1])
    if kernel.arity != 0:
        return recorded
    count = len(operands)
    values, uses, gradients = doubles(count), doubles(count), doubles(count)
    for place in range(count):
        values[place] = value_of(operands[place])
        uses[place] = 1.0 if varies(operands[place]) and not constant[place] else 0.0
    count_uses(operands, uses)
    if cython.compiled:
        kernel.nary_gradients(
            values.data.as_doubles, count, node._value, uses.data.as_doubles, gradients.data.as_doubles
        )
    else:
        kernel.nary_gradients(values, count, node._value, uses, gradients)
    return tuple(gradients)
