"""Values and local gradients of the primitives of any number of operands, on doubles.

A value is `value(operands, count)`; the gradients are `gradients(operands, count, out, uses, result)`, which
fills `result`. `uses` says of each operand how often it stands among the operands, 0 if it is constant.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from math import inf as INFINITY
    from math import nan as NAN

    from autograd.numbers.accumulate import (
        dot_of,
        logsumexp_of,
        norm_of,
        prod_of,
        prod_without_each_into,
        softmax_into,
        sum_of,
    )
    from autograd.numbers.ieee import divide
    from autograd.operations.kernel import nary_kernel


def sum_value(operands, count):
    """The sum, within 1 ulp."""
    return sum_of(operands, count)


def sum_gradients(operands, count, out, uses, result):
    """1 for each operand."""
    for place in range(count):
        result[place] = 1.0


def prod_value(operands, count):
    """The product."""
    return prod_of(operands, count)


def prod_gradients(operands, count, out, uses, result):
    """For each operand the product of the others."""
    prod_without_each_into(operands, count, result)


def dot_value(operands, count):
    """The inner product of the two halves of the operands."""
    half = count // 2
    if cython.compiled:
        return dot_of(operands, operands + half, half)
    return dot_of(operands[:half], operands[half:], half)


def dot_gradients(operands, count, out, uses, result):
    """For each operand its partner in the other half."""
    half = count // 2
    for place in range(half):
        result[place] = operands[half + place]
        result[half + place] = operands[place]


def norm_value(operands, count):
    """The Euclidean length."""
    return norm_of(operands, count)


def norm_gradients(operands, count, out, uses, result):
    """The unit vector, or 0 at the origin."""
    for place in range(count):
        result[place] = 0.0 if out == 0.0 else divide(operands[place], out)


def logsumexp_value(operands, count):
    """The logarithm of the sum of the exponentials."""
    return logsumexp_of(operands, count)


def logsumexp_gradients(operands, count, out, uses, result):
    """The softmax of the operands."""
    softmax_into(operands, count, result)


def max_value(operands, count):
    """The largest operand, nan if one is, -inf of none."""
    largest = -INFINITY
    for place in range(count):
        if operands[place] != operands[place]:
            return NAN
        if operands[place] > largest:
            largest = operands[place]
    return largest


def min_value(operands, count):
    """The smallest operand, nan if one is, inf of none."""
    smallest = INFINITY
    for place in range(count):
        if operands[place] != operands[place]:
            return NAN
        if operands[place] < smallest:
            smallest = operands[place]
    return smallest


def tied_gradients(operands, count, out, uses, result):
    """Equal shares for the variables that equal the extreme; none if a constant does too.

    That is the shortest subgradient: a constant stands for the gradient 0 among those it is chosen from.
    """
    tied = 0.0
    for place in range(count):
        result[place] = 0.0
    for place in range(count):
        if operands[place] == out:
            if uses[place] == 0.0:
                return
            tied += 1.0 / uses[place]
    for place in range(count):
        if operands[place] == out:
            result[place] = 1.0 / (tied * uses[place])


KERNELS = {
    "sum": nary_kernel(sum_value, sum_gradients),
    "prod": nary_kernel(prod_value, prod_gradients),
    "dot": nary_kernel(dot_value, dot_gradients),
    "norm": nary_kernel(norm_value, norm_gradients),
    "logsumexp": nary_kernel(logsumexp_value, logsumexp_gradients),
    "max_of_many": nary_kernel(max_value, tied_gradients),
    "min_of_many": nary_kernel(min_value, tied_gradients),
}
