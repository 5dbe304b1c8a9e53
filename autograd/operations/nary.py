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
    from autograd.numbers.special import exp_differences_into
    from autograd.operations.kernel import nary_kernel, with_slopes


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


def norm_slopes(operands, count, out, result):
    """As the rule has it: a zero keeps its sign at the origin."""
    length = out if out != 0.0 else 1.0
    for place in range(count):
        result[place] = divide(operands[place], length)


def logsumexp_value(operands, count):
    """The logarithm of the sum of the exponentials."""
    return logsumexp_of(operands, count)


def logsumexp_gradients(operands, count, out, uses, result):
    """The softmax of the operands."""
    softmax_into(operands, count, result)


def logsumexp_slopes(operands, count, out, result):
    """As the rule has it: from a rounded sum, but for the leading operand."""
    largest = max_value(operands, count)
    exp_differences_into(operands, count, largest, result)
    total = sum_of(result, count)
    if not total < 2.0:
        for place in range(count):
            result[place] = divide(result[place], total)
        return
    for place in range(count):
        if operands[place] == largest:
            result[place] = 0.0
    rest = sum_of(result, count)
    share = 1.0 / (1.0 + divide(rest, total - rest))
    for place in range(count):
        result[place] = share if operands[place] == largest else divide(result[place], total)


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


def tied_slopes(operands, count, out, result):
    """Equal shares for the operands that equal the extreme."""
    tied = 0.0
    for place in range(count):
        tied += operands[place] == out
    for place in range(count):
        result[place] = 1.0 / tied if operands[place] == out else 0.0


KERNELS = {
    "sum": nary_kernel(sum_value, sum_gradients),
    "prod": nary_kernel(prod_value, prod_gradients),
    "dot": nary_kernel(dot_value, dot_gradients),
    "norm": with_slopes(nary_kernel(norm_value, norm_gradients), norm_slopes),
    "logsumexp": with_slopes(nary_kernel(logsumexp_value, logsumexp_gradients), logsumexp_slopes),
    "max_of_many": with_slopes(nary_kernel(max_value, tied_gradients), tied_slopes),
    "min_of_many": with_slopes(nary_kernel(min_value, tied_gradients), tied_slopes),
}
