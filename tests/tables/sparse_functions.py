"""Functions with the patterns of their sparse derivatives, written down by hand, and comparisons of matrices."""

import itertools

import numpy as np
import pytest

import autograd
from autograd import (
    abs,
    clip,
    dot,
    exp,
    floor,
    fma,
    logsumexp,
    maximum,
    minimum,
    norm,
    prod,
    relu,
    sigmoid,
    sin,
    stop_gradient,
    where,
)

sparse = pytest.importorskip("scipy.sparse")


def places(matrix):
    """The places at which there are entries, zeros too."""
    coordinates = matrix.tocoo()
    return set(zip(coordinates.row.tolist(), coordinates.col.tolist(), strict=True))


def both_ways(pairs):
    return {pair for i, j in pairs for pair in ((i, j), (j, i))}


def is_canonical(matrix):
    """Whether it is a csr_array whose rows have each column once, in ascending order."""
    return (
        isinstance(matrix, sparse.csr_array)
        and matrix.has_canonical_format
        and all(np.all(np.diff(matrix.indices[start:stop]) > 0) for start, stop in itertools.pairwise(matrix.indptr))
    )


def shared(inner, function):
    """A function of an inner result that it uses more than once."""
    return function(inner)


# The pairs of the Hessian at (1, 2, 3, 4), one way each.
HESSIANS = [
    ("a constant", lambda x: 5.0, set()),
    ("an argument", lambda x: x[1], set()),
    ("a sum", lambda x: x[0] + x[1] - 2.0 * x[2] + x[3] / 4.0, set()),
    ("a sum of many", autograd.sum, set()),
    ("a product", lambda x: x[0] * x[1], {(0, 1)}),
    ("a quotient", lambda x: x[0] / x[1], {(0, 1), (1, 1)}),
    ("a reciprocal", lambda x: 1.0 / x[2], {(2, 2)}),
    ("a square", lambda x: x[0] ** 2, {(0, 0)}),
    ("a product with itself", lambda x: x[0] * x[0], {(0, 0)}),
    ("a square of a sum", lambda x: (x[0] + x[3]) ** 2, {(0, 0), (0, 3), (3, 3)}),
    ("a product of sums", lambda x: (x[0] + x[1]) * (x[1] + x[2]), {(0, 1), (0, 2), (1, 1), (1, 2)}),
    ("a separable sum", lambda x: sin(x[0]) + exp(x[1]) + x[2] ** 3, {(0, 0), (1, 1), (2, 2)}),
    ("a chain", lambda x: (x[1] - x[0]) ** 2 + (x[2] - x[1]) ** 2, {(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)}),
    ("an inner product", lambda x: dot(x[:2], x[2:]), {(0, 2), (1, 3)}),
    ("an inner product with itself", lambda x: dot(x, x), {(0, 0), (1, 1), (2, 2), (3, 3)}),
    ("an inner product with numbers", lambda x: dot(x, [1.0, 2.0, 3.0, 4.0]), set()),
    ("a product of three", lambda x: prod(x[:3]), {(0, 1), (0, 2), (1, 2)}),
    ("a product of three with a constant", lambda x: prod([x[0], 2.0, x[2]]), {(0, 2)}),
    ("fma", lambda x: fma(x[0], x[1], x[2]), {(0, 1)}),
    ("fma with a constant factor", lambda x: fma(x[0], 2.0, x[2]), set()),
    ("a length", lambda x: norm(x[:2]), {(0, 0), (0, 1), (1, 1)}),
    ("logsumexp", lambda x: logsumexp(x[1:3]), {(1, 1), (1, 2), (2, 2)}),
    ("a power with a number", lambda x: x[0] ** 3, {(0, 0)}),
    ("a power of a number", lambda x: 2.0 ** x[0], {(0, 0)}),
    ("a power", lambda x: x[0] ** x[1], {(0, 0), (0, 1), (1, 1)}),
    # Sides not taken contribute nothing; kinks and steps have no second derivative.
    ("where", lambda x: where(x[0] < x[1], x[2] ** 2, x[3] ** 2), {(2, 2)}),
    ("where, the other side", lambda x: where(x[0] > x[1], x[2] ** 2, x[3] ** 2), {(3, 3)}),
    ("a branch", lambda x: x[2] ** 2 if x[0] < x[1] else x[3] ** 2, {(2, 2)}),
    ("max", lambda x: maximum(x[0], x[1]), set()),
    ("max of many", lambda x: maximum(*x), set()),
    ("max of squares", lambda x: maximum(x[0] ** 2, x[1] ** 2), {(0, 0), (1, 1)}),
    ("square of max", lambda x: maximum(x[0], x[1]) ** 2, {(0, 0), (0, 1), (1, 1)}),
    ("relu and clip", lambda x: relu(x[0]) + clip(x[1], 0.0, 1.0), set()),
    ("abs times a variable", lambda x: abs(x[0]) * x[1], {(0, 1)}),
    ("floor times a variable", lambda x: floor(x[0]) * x[1], {(0, 1)}),
    # The pattern is the graph's, whatever the numbers are.
    ("times zero", lambda x: x[0] * x[1] * 0.0, {(0, 1)}),
    ("terms that cancel", lambda x: x[0] ** 2 - x[0] ** 2 + x[1], {(0, 0)}),
    ("a product with a difference of the same", lambda x: (x[0] - x[0]) * x[1], {(0, 1)}),
    ("a square made by a product of powers", lambda x: x[0] ** 1 * x[1] ** 0, {(0, 0), (0, 1), (1, 1)}),
    ("a stopped factor", lambda x: stop_gradient(x[0]) * x[1], set()),
    ("a value as a number", lambda x: x[0].value * x[1], set()),
    ("a result that is not used", lambda x: (x[0] * x[1], x[2] ** 2)[1], {(2, 2)}),
    ("one inner result used twice", lambda x: shared(x[0] + x[1], lambda t: t * t), {(0, 0), (0, 1), (1, 1)}),
    ("two levels", lambda x: exp(x[0] * x[1]) + x[2] * x[3], {(0, 0), (0, 1), (1, 1), (2, 3)}),
    ("linear above, nonlinear below", lambda x: 3.0 * (sin(x[0]) + x[1]) - x[2], {(0, 0)}),
    ("nonlinear above, linear below", lambda x: sin(2.0 * x[0] + 3.0 * x[1]), {(0, 0), (0, 1), (1, 1)}),
]  # fmt: skip
# The places of the Jacobian at (1, 2, 3, 4).
JACOBIANS = [
    ("constants", lambda x: [1.0, 2.0], set()),
    ("arguments", lambda x: [x[2], x[0]], {(0, 2), (1, 0)}),
    ("one argument twice", lambda x: [x[2], x[2]], {(0, 2), (1, 2)}),
    ("a diagonal", lambda x: [exp(entry) for entry in x], {(0, 0), (1, 1), (2, 2), (3, 3)}),
    ("one number", lambda x: x[0] * x[3], {(0, 0), (0, 3)}),
    ("differences", lambda x: [b - a for a, b in itertools.pairwise(x[:3])], {(0, 0), (0, 1), (1, 1), (1, 2)}),
    ("prefix sums", lambda x: list(itertools.accumulate(x)), {(i, j) for i in range(4) for j in range(i + 1)}),
    ("where", lambda x: [where(x[0] < x[1], x[2], x[3]), where(x[0] > x[1], x[2], x[3])], {(0, 2), (1, 3)}),
    ("a branch", lambda x: [x[0] if x[0] < x[1] else x[1]], {(0, 0)}),
    ("max keeps both", lambda x: [maximum(x[0], x[1]), minimum(x[2], 9.0)], {(0, 0), (0, 1), (1, 2)}),
    ("steps and zeros", lambda x: [floor(x[0]), x[1] * 0.0, x[2] - x[2]], {(0, 0), (1, 1), (2, 2)}),
    ("constants between", lambda x: [1.0, x[0], stop_gradient(x[1]), x[3]], {(1, 0), (3, 3)}),
    ("a shared inner result", lambda x: shared(x[0] + x[1], lambda t: [t, t * 2.0]), {(0, 0), (0, 1), (1, 0), (1, 1)}),
    ("nothing", lambda x: [], set()),
]  # fmt: skip
# Functions of three numbers, and the pairs of their Hessian; None where they depend on a decision.
ELEMENTS = [
    (lambda a, b, c: exp(a * b) + c, {(0, 0), (0, 1), (1, 1)}),
    (lambda a, b, c: a * b * c, {(0, 1), (0, 2), (1, 2)}),
    (lambda a, b, c: sigmoid(a - 2.0 * b) / (c + 3.0), set(itertools.combinations_with_replacement(range(3), 2))),
    (lambda a, b, c: maximum(a, b) * c, {(0, 2), (1, 2)}),
    (lambda a, b, c: where(a > b, sin(a), b * b) + c * 2.0, None),
    (lambda a, b, c: dot([a, b], [b, c]), {(0, 1), (1, 2)}),
    (lambda a, b, c: norm([a, b + 5.0]) - c, {(0, 0), (0, 1), (1, 1)}),
]


def chained_rosenbrock(x):
    total = 0.0
    for here, following in itertools.pairwise(x):
        total = total + 100.0 * (following - here**2) ** 2 + (1.0 - here) ** 2
    return total


def rosenbrock_hessian(x):
    """Its Hessian, from the formula."""
    x = np.asarray(x)
    diagonal = np.zeros(len(x))
    diagonal[:-1] += 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
    diagonal[1:] += 200.0
    beside = -400.0 * x[:-1]
    return sparse.diags_array([beside, diagonal, beside], offsets=[-1, 0, 1]).tocsr()


def start(count):
    """A point of many coordinates that are small and not equal."""
    return [0.5 + 0.1 * (place % 7) - 0.05 * (place % 3) for place in range(count)]
