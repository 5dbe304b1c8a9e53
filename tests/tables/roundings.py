"""Bounds of rounding errors: the unit, what is allowed, and the scale beside which an error is measured."""

import math

from autograd import Node, topological_order

EPSILON = math.ulp(1.0) / 2
ROUNDINGS = 32.0


def error_scale(result):
    """A bound on what a relative perturbation of size 1 of every step can do to the result.

    Each step's rounding is passed on by the local gradients: a backward sweep over absolute values, as in the
    running error analysis of Linnainmaa (BIT 16, 1976). A variable is exact.
    """
    if not isinstance(result, Node):
        return abs(result)
    adjoints = {id(result): 1.0}
    total = abs(result.value)
    for node in reversed(topological_order(result)):
        adjoint = adjoints.get(id(node), 0.0)
        if node.op is None or adjoint == 0.0:
            continue
        total += adjoint * abs(node.value)
        for operand, slope in zip(node.parents, node.local_gradients, strict=True):
            if not math.isnan(slope):
                adjoints[id(operand)] = adjoints.get(id(operand), 0.0) + adjoint * abs(slope)
    return total
