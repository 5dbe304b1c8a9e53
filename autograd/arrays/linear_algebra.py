"""`np.linalg` on arrays of nodes, with derivatives of all orders in all tiers.

Small matrices are composed of primitives (`gaussian_elimination`); larger ones, and eigenvalues, are LAPACK's
(`matrix_operations`). Where a matrix is singular to working precision, what is asked for has no digits: it is refused.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from autograd.arrays.dispatch import no_form
from autograd.arrays.gaussian_elimination import (
    back_substituted,
    cholesky_factor,
    eliminate,
    minors,
    reflected,
    without_division,
)
from autograd.arrays.matrix_operations import (
    SingularMatrixError,
    determinant_operation,
    eigensystem,
    flat,
    matrix_of,
    rows_of,
    singular,
    system_solution,
)
from autograd.arrays.node_arrays import as_array, node_array
from autograd.operations import functions
from autograd.operations.primitives import Abs, where

__all__ = ["FUNCTIONS"]

# From here on one call of LAPACK is better than some n³ operations: in eager code, and for the time to record them.
WRITTEN_OUT = 12
FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def replaces(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function in place of one of `np.linalg` that has this name, if this NumPy has it."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if hasattr(numpy.linalg, name):
            FUNCTIONS[getattr(numpy.linalg, name)] = function
        return function

    return decorate


# Stacks of matrices.


def as_matrices(a: Any, name: str, square: bool = True) -> Any:
    """An array of matrices along its last two axes; numpy.linalg.LinAlgError if it is none."""
    matrices = as_array(a)
    if matrices.ndim < 2 or (square and matrices.shape[-1] != matrices.shape[-2]):
        kind = "a square matrix" if square else "a matrix"
        raise numpy.linalg.LinAlgError(
            f"np.linalg.{name} takes {kind}, or a stack of them along the last two axes; got shape {matrices.shape}"
        )
    if 0 in matrices.shape:
        raise no_form(f"linalg.{name}", f" without elements, of shape {matrices.shape}")
    return matrices


def each(function: Callable[..., Any], *stacks: Any) -> Any:
    """The function of each matrix of stacks of the same shape: an array, or a tuple of them where it gives several."""
    outer = stacks[0].shape[:-2]
    if not outer:
        return function(*stacks)
    flat = [stack.reshape(-1, *stack.shape[-2:]) for stack in stacks]
    results = [function(*matrices) for matrices in zip(*flat, strict=True)]
    if isinstance(results[0], tuple):
        return tuple([stacked(part, outer) for part in zip(*results, strict=True)])
    return stacked(results, outer)


def stacked(results: Sequence[Any], outer: tuple[int, ...]) -> Any:
    """Results of the matrices of a stack, as one array."""
    elements = [element for result in results for element in as_array(result).ravel().tolist()]
    return node_array(elements, (*outer, *numpy.shape(results[0])))


def transposed(matrices: Any) -> Any:
    """The matrices of a stack with rows for columns."""
    return matrices.swapaxes(-1, -2)


# Systems and determinants.


def solution(matrix: Any, right: Any, name: str = "solve") -> Any:
    """The matrix X with matrix @ X = right."""
    size = len(matrix)
    if size > WRITTEN_OUT:
        return system_solution(matrix, right)
    rows = [row + rest for row, rest in zip(rows_of(matrix), rows_of(right), strict=True)]
    if eliminate(rows) is None:
        raise singular(name)
    return matrix_of(back_substituted(rows, [row[size:-1] for row in rows]), right.shape[1])


@replaces("solve")
def solve(a: Any, b: Any) -> Any:
    """`np.linalg.solve`."""
    matrices, right = as_matrices(a, "solve"), as_array(b)
    size = matrices.shape[-1]
    of_vector = right.ndim == 1
    if of_vector:
        right = right.reshape(-1, 1)
    if right.ndim < 2 or right.shape[-2] != size:
        raise ValueError(
            f"np.linalg.solve takes as many right sides as rows: got shapes {matrices.shape}, {numpy.shape(b)}"
        )
    outer = numpy.broadcast_shapes(matrices.shape[:-2], right.shape[:-2])
    matrices, right = [numpy.broadcast_to(part, (*outer, *part.shape[-2:])) for part in (matrices, right)]
    found = each(solution, matrices, right)
    return found[..., 0] if of_vector else found


@replaces("inv")
def inv(a: Any) -> Any:
    """`np.linalg.inv`."""
    matrices = as_matrices(a, "inv")
    return each(lambda matrix: solution(matrix, numpy.identity(len(matrix)), "inv"), matrices)


@replaces("matrix_power")
def matrix_power(a: Any, n: Any) -> Any:
    """`np.linalg.matrix_power`, by squares."""
    square, exponent = as_matrices(a, "matrix_power"), operator.index(n)
    if exponent < 0:
        square, exponent = inv(square), -exponent
    result = numpy.broadcast_to(numpy.identity(square.shape[-1]), square.shape)
    started = False
    while exponent:
        if exponent & 1:
            result, started = result @ square if started else square, True
        exponent >>= 1
        square = square @ square if exponent else square
    return result


def determinant(matrix: Any) -> Any:
    """That of one matrix: a singular one has 0, and derivatives that are not."""
    rows = rows_of(matrix)
    if len(rows) <= 3:
        return minors(rows)
    if len(rows) > WRITTEN_OUT:
        return determinant_operation(len(rows), False)(*flat(matrix))[0]
    upper = [list(row) for row in rows]
    sign = eliminate(upper)
    if sign is None:
        return without_division(rows)
    return functools.reduce(lambda product, k: product * upper[k][k], range(len(rows)), sign)


@replaces("det")
def det(a: Any) -> Any:
    """`np.linalg.det`."""
    return each(determinant, as_matrices(a, "det"))


@replaces("slogdet")
def slogdet(a: Any) -> Any:
    """`np.linalg.slogdet`: a singular matrix is refused, for the logarithm has a pole there."""

    def of_one(matrix: Any) -> Any:
        if len(matrix) > WRITTEN_OUT:
            found = determinant_operation(len(matrix), True)(*flat(matrix))
            return found[0], found[1]
        upper = rows_of(matrix)
        sign = eliminate(upper)
        if sign is None:
            raise singular("slogdet")
        pivots = [upper[k][k] for k in range(len(upper))]
        for pivot in pivots:
            sign = where(pivot < 0.0, -sign, sign)
        return sign, functions.sum([functions.log(Abs(pivot)) for pivot in pivots])

    return as_named("slogdet", each(of_one, as_matrices(a, "slogdet")))


def as_named(name: str, parts: Any) -> Any:
    """The parts as NumPy's function gives them by names."""
    return type(getattr(numpy.linalg, name)(numpy.identity(1)))(*parts)


# Factors.


@replaces("cholesky")
def cholesky(a: Any, *, upper: Any = False) -> Any:
    """`np.linalg.cholesky`, which depends on one triangle of the matrix alone: the lower one, if not `upper`."""
    matrices = as_matrices(a, "cholesky")
    return transposed(each(cholesky_factor, transposed(matrices))) if upper else each(cholesky_factor, matrices)


@replaces("qr")
def qr(a: Any, mode: Any = "reduced") -> Any:
    """`np.linalg.qr`."""
    if mode not in ("reduced", "complete", "r"):
        raise no_form("linalg.qr", f" with mode={mode!r}; it takes 'reduced', 'complete' and 'r'")
    parts = each(lambda matrix: reflected(matrix, mode == "complete"), as_matrices(a, "qr", square=False))
    return parts[1] if mode == "r" else as_named("qr", parts)


def least_squares(matrix: Any, right: Any, name: str) -> Any:
    """The X of least squares, and the least of those, by Q and R of the matrix or of its transpose."""
    height, width = matrix.shape
    try:
        if height >= width:
            orthogonal, upper = reflected(matrix, False)
            return matrix_of(back_substituted(rows_of(upper), rows_of(orthogonal.T @ right)), right.shape[1])
        orthogonal, upper = reflected(matrix.T, False)
    except SingularMatrixError:
        raise singular(name) from None
    # The transpose of R is lower triangular: upside down and from right to left, it is upper triangular.
    lower = upper.T[::-1, ::-1]
    found = back_substituted(rows_of(lower), rows_of(right[::-1]))
    return orthogonal @ matrix_of(found, right.shape[1])[::-1]


@replaces("lstsq")
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """`np.linalg.lstsq` of a matrix of full rank."""
    matrix, right = as_matrices(a, "lstsq", square=False), as_array(b)
    if matrix.ndim != 2 or right.ndim not in (1, 2) or len(right) != len(matrix):
        raise numpy.linalg.LinAlgError(
            f"np.linalg.lstsq takes a matrix and as many right sides as it has rows: got shapes {matrix.shape} and "
            f"{right.shape}"
        )
    height, width = matrix.shape
    found = least_squares(matrix, right.reshape(height, -1), "lstsq")
    rest = right.reshape(height, -1) - matrix @ found
    squares = numpy.sum(rest * rest, axis=0) if height > width else numpy.array([])
    return found[:, 0] if right.ndim == 1 else found, squares, min(height, width), svdvals(matrix)


@replaces("pinv")
def pinv(a: Any, rcond: Any = None, hermitian: Any = False, *, rtol: Any = None) -> Any:
    """`np.linalg.pinv` of matrices of full rank."""
    if hermitian or rcond is not None or rtol is not None:
        raise no_form("linalg.pinv", " with hermitian=, rcond= or rtol=: it takes matrices of full rank")
    matrices = as_matrices(a, "pinv", square=False)
    return each(lambda matrix: least_squares(matrix, numpy.identity(len(matrix)), "pinv"), matrices)


# Eigenvalues.


def eigenvalues_and_vectors(matrix: Any, uplo: str = "L") -> tuple[Any, Any]:
    """Of one matrix, by its lower triangle; that of the transpose is LAPACK's `uplo`."""
    rows = rows_of(matrix)
    size = len(rows)
    found = eigensystem(size, uplo)(*[rows[i][j] for i in range(size) for j in range(i + 1)])
    return node_array(found[:size], (size,)), node_array(found[size:], (size, size))


def eigensystems(a: Any, uplo: Any, name: str) -> Any:
    """Eigenvalues and vectors of each matrix, by the triangle that is named."""
    triangle = str(uplo).upper()
    if triangle not in ("L", "U"):
        raise ValueError(f"UPLO argument must be 'L' or 'U', got {uplo!r}")
    matrices = as_matrices(a, name)
    return each(
        functools.partial(eigenvalues_and_vectors, uplo=triangle),
        matrices if triangle == "L" else transposed(matrices),
    )


@replaces("eigh")
def eigh(a: Any, UPLO: Any = "L") -> Any:  # noqa: N803 - NumPy's name
    """`np.linalg.eigh`, where eigenvalues are distinct; it depends on one triangle alone."""
    return as_named("eigh", eigensystems(a, UPLO, "eigh"))


@replaces("eigvalsh")
def eigvalsh(a: Any, UPLO: Any = "L") -> Any:  # noqa: N803 - NumPy's name
    """`np.linalg.eigvalsh`, where eigenvalues are distinct; it depends on one triangle alone."""
    return eigensystems(a, UPLO, "eigvalsh")[0]


@replaces("svdvals")
def svdvals(x: Any) -> Any:
    """`np.linalg.svdvals`, of matrices of full rank with distinct singular values."""

    def of_one(matrix: Any) -> Any:
        # Of a matrix that is not square, R has the same; with zeros beside it, they are eigenvalues, with both signs.
        height, width = matrix.shape
        if height != width:
            matrix = reflected(matrix if height > width else matrix.T, False)[1]
        size = len(matrix)
        rows = rows_of(matrix)
        nothing = [0.0] * size
        beside = [nothing + list(column) for column in zip(*rows, strict=True)] + [row + nothing for row in rows]
        return eigenvalues_and_vectors(matrix_of(beside, 2 * size))[0][: size - 1 : -1]

    return each(of_one, as_matrices(x, "svdvals", square=False))


@replaces("svd")
def svd(a: Any, full_matrices: Any = True, compute_uv: Any = True, hermitian: Any = False) -> Any:
    """`np.linalg.svd` without the matrices of vectors."""
    if compute_uv or hermitian:
        raise no_form("linalg.svd", " but for compute_uv=False; np.linalg.eigh of A.T @ A has vectors")
    return svdvals(a)


@replaces("cond")
def cond(x: Any, p: Any = None) -> Any:
    """`np.linalg.cond`."""
    if p in (None, 2, -2):
        found = svdvals(x)
        return found[..., -1] / found[..., 0] if p == -2 else found[..., 0] / found[..., -1]
    norm = functools.partial(numpy.linalg.norm, ord=p, axis=(-2, -1))
    return norm(as_matrices(x, "cond")) * norm(inv(x))
