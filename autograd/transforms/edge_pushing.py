"""Sparse Hessians from a tape, by eliminating its operations from the last to the first: edge pushing.

A *nonlinear edge* between two positions carries the second derivative of the result in both. Eliminating an
operation pushes its edges down to its operands, and adds those of its own second derivatives; in the end all edges
are between arguments: R. M. Gower and M. P. Mello, "A new framework for the computation of Hessians", Optimization
Methods and Software 27 (2012), 251-273. An edge is kept with the later of its two ends, so that it is found when that
one is eliminated; M. Wang, A. Gebremedhin and A. Pothen, "Capitalizing on live variables: new algorithms for efficient
Hessian computation via automatic differentiation", Mathematical Programming Computation 8 (2016), 393-433.

The weight of an edge is carried as a pair of floats. Of ((p - q) x)², whose slope in x is p - q, edges give
p² - 2 p q + q², in which p - q = 1e-9 has lost all 16 digits, where a sweep that adds slopes first loses 9 of p - q.
"""

from __future__ import annotations

from typing import Any

from autograd.transforms.curvature import Curvature
from autograd.transforms.elimination import Sums, read_rows
from autograd.transforms.tape import Tape

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import doubles_in, ints_in
    from autograd.numbers.ieee import fma
    from autograd.numbers.special import two_product

__all__ = ["eliminate_for_hessian"]


def eliminate_for_hessian(tape: Tape, curvature: Curvature, limit: float) -> Any:
    """The lower triangle of the Hessian as three arrays, rows, columns and values; None if it takes too much.

    The number of additions is limited, and memory to that of a full result, for where an operation on many operands
    has a second derivative there is an edge for each pair of them, which may be far more than the result has entries.
    """
    edges = Sums(tape.size, tape.size, pairs=True)
    starts = ints_in(tape.starts)
    operands = ints_in(tape.operands)
    slopes = doubles_in(tape.slopes)
    pair_starts = ints_in(curvature.starts)
    left = ints_in(curvature.left)
    right = ints_in(curvature.right)
    weights = doubles_in(curvature.weights)
    ends = ints_in(edges.columns)
    sums = doubles_in(edges.sums)
    lows = doubles_in(edges.lows)
    largest = 8.0 * len(tape.operands) + float(tape.count) * float(tape.count)
    for position in range(tape.size - 1, tape.count - 1, -1):
        if edges.used > largest:
            return None
        k = position - tape.count
        begin = starts[k]
        stop = starts[k + 1]
        count = edges.read_pairs(position)
        for place in range(count):
            other = ends[place]
            weight = sums[place]
            low = lows[place]
            if edges.additions + (stop - begin) * (1 if other != position else stop - begin) > limit:
                return None
            for entry in range(begin, stop):
                operand = operands[entry]
                slope = slopes[entry]
                share = weight * slope
                share_low = rounding_of(weight, slope, share) + low * slope
                if other != position:
                    add_edge(edges, operand, other, share, share_low)
                    continue
                edges.add_pair(
                    operand, operand, share * slope, rounding_of(share, slope, share * slope) + share_low * slope
                )
                for second in range(entry + 1, stop):
                    slope = slopes[second]
                    product = share * slope
                    product_low = rounding_of(share, slope, product) + share_low * slope
                    add_edge(edges, operand, operands[second], product, product_low)
        for pair in range(pair_starts[k], pair_starts[k + 1]):
            if left[pair] >= right[pair]:
                edges.add_pair(left[pair], right[pair], weights[pair], 0.0)
            else:
                edges.add_pair(right[pair], left[pair], weights[pair], 0.0)
    return read_rows(edges, tape.count)


def rounding_of(first: float, second: float, product: float) -> float:
    """The rounding error of a product."""
    if cython.compiled:
        return fma(first, second, -product)
    return two_product(first, second)[1]


def add_edge(edges: Sums, one: int, other: int, weight: float, low: float) -> None:
    """Add to the edge between two positions; between a position and itself it counts twice, once each way."""
    if one > other:
        edges.add_pair(one, other, weight, low)
    elif other > one:
        edges.add_pair(other, one, weight, low)
    else:
        edges.add_pair(one, one, 2.0 * weight, 2.0 * low)
