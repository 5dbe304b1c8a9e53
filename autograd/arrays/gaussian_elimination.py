"""Elimination and reflection written out in primitives, which make every tier and export possible: for small matrices.

Elimination pivots on the largest element of a column, as LAPACK does. Outside of a recording the rows are exchanged as
their values say; inside, the exchange is a selection, so that a compiled function has one path for all orders of
pivots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.arrays.matrix_operations import EPSILON, Matrix, SingularMatrixError, matrix_of, rows_of, singular
from autograd.graph.node import value_of
from autograd.operations import functions
from autograd.operations.primitives import Abs, Norm, where

__all__ = ["back_substituted", "cholesky_factor", "eliminate", "minors", "reflected", "without_division"]


def inner(one: Sequence[Any], other: Sequence[Any]) -> Any:
    """The sum of products, without those with a 0 that is no node."""
    terms = [a * b for a, b in zip(one, other, strict=True) if not (is_zero(a) or is_zero(b))]
    return functions.sum(terms) if terms else 0.0


def is_zero(element: Any) -> bool:
    """Whether it is the number 0, which nothing depends on."""
    return isinstance(element, float) and element == 0.0


def less_product(element: Any, factor: Any, other: Any) -> Any:
    """`element - factor * other`, or the element if that is the same."""
    return element if is_zero(factor) or is_zero(other) else element - factor * other


def greatest(elements: Sequence[Any]) -> Any:
    """The greatest absolute value."""
    return functions.max([Abs(element) for element in elements])


def exchange(rows: Matrix, one: int, other: int, sign: Any) -> Any:
    """Put that of two rows which has the greater element in column `one` first; the sign of the order of rows then.

    The arithmetic is the same whether the comparison is a bool or the condition of a recording.
    """
    first, second = rows[one], rows[other]
    greater = Abs(second[one]) > Abs(first[one])
    if type(greater) is bool:
        if greater:
            rows[one], rows[other] = second, first
        return -sign if greater else sign
    # What stands before this column takes no more part.
    pairs = list(zip(first[one:], second[one:], strict=True))
    rows[one] = first[:one] + [where(greater, b, a) for a, b in pairs]
    rows[other] = second[:one] + [where(greater, a, b) for a, b in pairs]
    return where(greater, -sign, sign)


def eliminate(rows: Matrix) -> Any:
    """Make the square on the left of a matrix upper triangular, in place; the sign of the order of its rows.

    None, a decision, if a pivot is nothing but rounding beside the numbers of its row or of its column.
    """
    size = len(rows)
    columns = [greatest([row[k] for row in rows]) for k in range(size)]
    # The scale of a row is carried along with it as its last element.
    for row in rows:
        row.append(greatest(row[:size]))
    sign: Any = 1.0
    for k in range(size):
        for other in range(k + 1, size):
            sign = exchange(rows, k, other, sign)
        top = rows[k]
        if not Abs(top[k]) > size * EPSILON * functions.min([columns[k], top[-1]]):
            return None
        for other in range(k + 1, size):
            row = rows[other]
            factor = row[k] / top[k]
            rest = [less_product(a, factor, b) for a, b in zip(row[k + 1 : -1], top[k + 1 : -1], strict=True)]
            rows[other] = [*row[: k + 1], *rest, row[-1]]
    return sign


def back_substituted(rows: Matrix, right: Matrix) -> Matrix:
    """The solution of an upper triangular system, row by row."""
    size = len(rows)
    found: Matrix = [[] for _ in rows]
    for k in range(size - 1, -1, -1):
        known = [found[j] for j in range(k + 1, size)]
        for place, b in enumerate(right[k]):
            products = inner(rows[k][k + 1 : size], [row[place] for row in known])
            found[k].append((b - products if not is_zero(products) else b) / rows[k][k])
    return found


def minors(rows: Matrix) -> Any:
    """The determinant of up to three rows, as one writes it."""
    if len(rows) == 1:
        return rows[0][0]
    if len(rows) == 2:
        return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    parts = [minors([[row[j] for j in range(3) if j != k] for row in rows[1:]]) for k in range(3)]
    return rows[0][0] * parts[0] - rows[0][1] * parts[1] + rows[0][2] * parts[2]


def without_division(rows: Matrix) -> Any:
    """The determinant by products and sums alone, whose derivatives hold for singular matrices, too.

    R. S. Bird, "A simple division-free algorithm for computing determinants", Information Processing Letters 111
    (2011).
    """
    size = len(rows)
    current = rows
    for _ in range(size - 1):
        upper = [[0.0] * size for _ in rows]
        below: Any = 0.0
        for k in range(size - 1, -1, -1):
            upper[k][k] = -below
            upper[k][k + 1 :] = current[k][k + 1 :]
            below = below + current[k][k]
        current = [[inner(row, [one[j] for one in rows]) for j in range(size)] for row in upper]
    return current[0][0] if size % 2 else -current[0][0]


def cholesky_factor(matrix: Any) -> Any:
    """The lower triangular L with L Lᵀ = the matrix, of which the lower triangle is read."""
    rows = rows_of(matrix)
    size = len(rows)
    factor: Matrix = [[0.0] * size for _ in rows]
    for k in range(size):
        rest = rows[k][k] - inner(factor[k][:k], factor[k][:k]) if k else rows[k][k]
        if not rest > size * EPSILON * Abs(rows[k][k]):
            raise SingularMatrixError(
                f"Matrix is not positive definite: np.linalg.cholesky met the pivot {value_of(rest):.6g} in row "
                f"{k}, which was to be greater than the rounding of {value_of(rows[k][k]):.6g}"
            )
        factor[k][k] = functions.sqrt(rest)
        for other in range(k + 1, size):
            products = inner(factor[other][:k], factor[k][:k])
            above = rows[other][k] if is_zero(products) else rows[other][k] - products
            factor[other][k] = above / factor[k][k]
    return matrix_of(factor, size)


def reflected(matrix: Any, wide: bool) -> tuple[Any, Any]:
    """Q and R by Householder's reflections: Q is square if `wide`, else it has no more columns than the matrix.

    The signs are those of LAPACK: no element of the diagonal of R has that of the column which it came from.
    """
    rows = rows_of(matrix)
    height, width = len(rows), len(rows[0])
    scales = [greatest([row[k] for row in rows]) for k in range(width)]
    mirrors = []
    for k in range(min(height - 1, width)):
        column = [row[k] for row in rows[k:]]
        length = Norm(*column)
        if not length > max(height, width) * EPSILON * scales[k]:
            raise singular("qr")
        diagonal = where(column[0] >= 0.0, -length, length)
        mirror = [column[0] - diagonal, *column[1:]]
        # The square of the mirror's length, halved, without cancellation.
        half = -diagonal * mirror[0]
        mirrors.append((k, mirror, half))
        below = [[row[j] for row in rows[k:]] for j in range(k + 1, width)]
        turned = [mirrored(one, mirror, half) for one in below]
        rows[k][k] = diagonal
        for place, row in enumerate(rows[k:]):
            if place:
                row[k] = 0.0
            row[k + 1 :] = [one[place] for one in turned]
    count = min(height, width)
    if height <= width and not Abs(rows[-1][height - 1]) > max(height, width) * EPSILON * scales[height - 1]:
        raise singular("qr")
    columns = [[float(row == k) for row in range(height)] for k in range(height if wide else count)]
    for k, mirror, half in reversed(mirrors):
        columns = [[*column[:k], *mirrored(column[k:], mirror, half)] for column in columns]
    orthogonal = matrix_of(columns, height).T
    upper = [[row[j] if j >= k else 0.0 for j in range(width)] for k, row in enumerate(rows)]
    return orthogonal, matrix_of(upper if wide else upper[:count], width)


def mirrored(column: list[Any], mirror: list[Any], half: Any) -> list[Any]:
    """A vector, reflected."""
    share = inner(mirror, column)
    if is_zero(share):
        return column
    share = share / half
    return [less_product(element, share, one) for element, one in zip(column, mirror, strict=True)]
