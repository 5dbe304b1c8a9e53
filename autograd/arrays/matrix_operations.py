"""Operations on whole matrices: LAPACK's values, with derivatives from the equations that define them.

Derivatives are the same operations again, at numbers or at nodes, so that there are derivatives of any order.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any

import numpy

from autograd.arrays.node_arrays import node_array
from autograd.errors import AutogradError
from autograd.graph.joint_operations import JointOperation
from autograd.graph.node import Node

__all__ = [
    "EPSILON", "Matrix", "SingularMatrixError", "block", "determinant_operation", "eigensystem", "flat", "matrix_of",
    "rows_of", "singular", "system_solution",
]  # fmt: skip

EPSILON = sys.float_info.epsilon
PROBES = 4
# Row by row, of floats and nodes.
Matrix = list[list[Any]]


class SingularMatrixError(AutogradError, numpy.linalg.LinAlgError):
    """A matrix that has no inverse to working precision, or no derivatives of what was asked for."""


def singular(name: str) -> SingularMatrixError:
    """The error for a matrix that has no inverse."""
    return SingularMatrixError(
        f"Singular matrix: np.linalg.{name} needs a matrix of full rank, and this one has less to working precision, "
        f"so that no digit of the result would be right"
    )


def rows_of(matrix: Any) -> Matrix:
    """The elements of an array with two axes, row by row; whole numbers as floats."""
    return [[float(x) if isinstance(x, int) else x for x in row] for row in matrix.tolist()]


def matrix_of(rows: Matrix, columns: int) -> Any:
    """The array of some rows."""
    return node_array([element for row in rows for element in row], (len(rows), columns))


def block(elements: Sequence[Any], columns: int) -> Any:
    """The array of some rows that lie one after the other: of floats if all are, else of nodes."""
    if any([isinstance(element, Node) for element in elements]):
        return node_array(list(elements), (len(elements) // columns, columns))
    return numpy.array(elements, float).reshape(-1, columns)


def flat(matrix: Any) -> list[Any]:
    """Its elements, row by row; whole numbers as floats."""
    return [element for row in rows_of(matrix) for element in row]


class LinearSystem(JointOperation):
    """The X with A X = B, by LAPACK: derivatives are further systems of A, or of its transpose.

    Operands are A and B, row by row.
    """

    def __init__(self, size: int, columns: int) -> None:
        super().__init__(f"system of {size} rows", "solve")
        self.size = size
        self.columns = columns
        self.count = size * columns

    def __reduce__(self) -> Any:
        return linear_system, (self.size, self.columns)

    def parts(self, operands: Sequence[Any]) -> tuple[Any, Any]:
        """A and B."""
        square = self.size * self.size
        return block(operands[:square], self.size), block(operands[square:], self.columns)

    def results(self, operands: Sequence[float]) -> list[float]:
        """By LAPACK; SingularMatrixError if the answer shows that the matrix is singular to working precision."""
        matrix, right = [numpy.array(part, float) for part in self.parts(operands)]
        rows = numpy.abs(matrix).max(axis=1, keepdims=True)
        if not rows.all():
            raise singular("solve")
        # Beside what is asked for, the answers to some right sides of all directions: the condition that they meet is
        # a lower bound of that of the matrix, with rows and columns scaled, and for one of them a close one.
        probes = rows * numpy.cos(numpy.arange(PROBES * self.size)).reshape(self.size, PROBES)
        found = solved(matrix, numpy.concatenate([right, probes], axis=1))
        columns = numpy.abs(matrix / rows).max(axis=0)[:, None]
        if (numpy.abs(columns * found[:, self.columns :]) > 1.0 / (self.size * EPSILON)).any():
            raise singular("solve")
        return list(found[:, : self.columns].ravel().tolist())

    def pullback(self, operands: list[Any], cotangents: Sequence[Any]) -> list[Any]:
        """Y with Aᵀ Y = cotangents is that of B, and -Y Xᵀ that of A."""
        matrix, right = self.parts(operands)
        found = system_solution(matrix, right)
        adjoint = system_solution(matrix.T, block([0.0 if one is None else one for one in cotangents], self.columns))
        return [*flat(-(adjoint @ found.T)), *flat(adjoint)]

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> list[Any]:
        """The system with dB - dA X on the right."""
        matrix, right = self.parts(operands)
        of_matrix, of_right = self.parts([0.0 if one is None else one for one in tangents])
        return flat(system_solution(matrix, of_right - of_matrix @ system_solution(matrix, right)))


class Determinant(JointOperation):
    """The determinant, or its sign and the logarithm of its absolute value, by LAPACK. Operands are row by row.

    The derivative of the logarithm is the inverse, transposed.
    """

    def __init__(self, size: int, logarithm: bool) -> None:
        super().__init__(f"determinant of {size} rows", "slogdet" if logarithm else "det")
        self.size = size
        self.logarithm = logarithm
        self.count = 1 + logarithm

    def __reduce__(self) -> Any:
        return determinant_operation, (self.size, self.logarithm)

    def results(self, operands: Sequence[float]) -> list[float]:
        """By LAPACK; SingularMatrixError for the logarithm of 0."""
        matrix = block(operands, self.size)
        if not self.logarithm:
            return [float(numpy.linalg.det(matrix))]
        sign, logarithm = numpy.linalg.slogdet(matrix)
        if sign == 0.0:
            raise singular("slogdet")
        return [float(sign), float(logarithm)]

    def weighted(self, operands: Sequence[Any], weight: Any) -> Any:
        """A derivative of the logarithm as one of the determinant, if it is that."""
        return weight if self.logarithm else weight * self(*operands)[0]

    def pullback(self, operands: list[Any], cotangents: Sequence[Any]) -> list[Any]:
        """The inverse, weighted; SingularMatrixError if there is none, though the determinant has derivatives."""
        weight = 0.0 if cotangents[-1] is None else cotangents[-1]
        inverse = system_solution(block(operands, self.size), numpy.identity(self.size))
        return flat(inverse.T * self.weighted(operands, weight))

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> list[Any]:
        """The trace of the inverse times dA, weighted."""
        moved = block([0.0 if one is None else one for one in tangents], self.size)
        slope = numpy.trace(system_solution(block(operands, self.size), moved))
        return [*[0.0] * self.logarithm, self.weighted(operands, slope)]


class Eigensystem(JointOperation):
    """Eigenvalues of a symmetric matrix from small to large, then the matrix whose columns are its eigenvectors.

    Operands are the lower triangle, row by row. With A = V diag(w) Vᵀ and P = Vᵀ dA V, the derivatives are dw = diag P
    and dV = V (P / (wⱼ - wᵢ)), without the diagonal: J. R. Magnus, "On differentiating eigenvalues and eigenvectors",
    Econometric Theory 1 (1985).
    """

    def __init__(self, size: int, uplo: str) -> None:
        super().__init__(f"eigensystem of {size} rows", "eigh")
        self.size = size
        # The triangle that LAPACK works with: it settles the signs of vectors.
        self.uplo: Any = uplo
        self.count = size + size * size

    def __reduce__(self) -> Any:
        return eigensystem, (self.size, self.uplo)

    def symmetric(self, triangle: Sequence[Any]) -> Matrix:
        """The whole matrix."""
        places = range(self.size)
        return [[triangle[max(i, j) * (max(i, j) + 1) // 2 + min(i, j)] for j in places] for i in places]

    def results(self, operands: Sequence[float]) -> list[float]:
        """By LAPACK; SingularMatrixError for equal eigenvalues, which have no derivatives."""
        values, vectors = numpy.linalg.eigh(numpy.array(self.symmetric(operands), float), self.uplo)
        gaps = numpy.diff(values)
        if not (gaps > self.size * EPSILON * numpy.abs(values).max()).all():
            place = int(numpy.argmin(gaps)) if len(gaps) else 0
            raise SingularMatrixError(
                f"eigenvalues and singular values have derivatives where they are distinct and no singular value is 0: "
                f"got two of absolute value {abs(values[place]):.6g}, to working precision"
            )
        return [*values.tolist(), *vectors.ravel().tolist()]

    def parts(self, operands: Sequence[Any]) -> tuple[list[Any], Any]:
        """Eigenvalues and the matrix of vectors, of numbers or of nodes."""
        found = self(*operands)
        return found[: self.size], block(found[self.size :], self.size)

    def pullback(self, operands: list[Any], cotangents: Sequence[Any]) -> list[Any]:
        """V (diag(cotangents of w) + (Vᵀ cotangents of V) / (wⱼ - wᵢ)) Vᵀ, of which both triangles are added up."""
        size = self.size
        values, vectors = self.parts(operands)
        middle = [[0.0] * size for _ in range(size)]
        given = [0.0 if one is None else one for one in cotangents]
        if any([one is not None for one in cotangents[size:]]):
            turned = (
                vectors.T @ matrix_of([given[size * k : size * (k + 1)] for k in range(1, size + 1)], size)
            ).tolist()
            middle = [
                [0.0 if i == j else turned[i][j] / (values[j] - values[i]) for j in range(size)] for i in range(size)
            ]
        for k in range(size):
            middle[k][k] = given[k]
        full = (vectors @ matrix_of(middle, size) @ vectors.T).tolist()
        return [full[i][j] + full[j][i] if i != j else full[i][i] for i in range(size) for j in range(i + 1)]

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> list[Any]:
        """By the formulas above."""
        size = self.size
        values, vectors = self.parts(operands)
        moved = matrix_of(self.symmetric([0.0 if one is None else one for one in tangents]), size)
        turned = (vectors.T @ moved @ vectors).tolist()
        shares = [[0.0 if i == j else turned[i][j] / (values[j] - values[i]) for j in range(size)] for i in range(size)]
        return [*[turned[k][k] for k in range(size)], *flat(vectors @ matrix_of(shares, size))]


# One operation for each kind, so that the same call is done once in a program.


@functools.cache
def linear_system(size: int, columns: int) -> LinearSystem:
    """The system of so many equations and right sides."""
    return LinearSystem(size, columns)


@functools.cache
def determinant_operation(size: int, logarithm: bool) -> Determinant:
    """The determinant, or its logarithm, of so many rows."""
    return Determinant(size, logarithm)


@functools.cache
def eigensystem(size: int, uplo: str = "L") -> Eigensystem:
    """The eigensystem of so many rows."""
    return Eigensystem(size, uplo)


def system_solution(matrix: Any, right: Any) -> Any:
    """The array X with matrix @ X = right."""
    return block(linear_system(len(matrix), right.shape[1])(*flat(matrix), *flat(right)), right.shape[1])


def solved(matrix: Any, right: Any) -> Any:
    """NumPy's solution of numbers."""
    try:
        return numpy.linalg.solve(matrix, right)
    except numpy.linalg.LinAlgError:
        raise singular("solve") from None
