"""Sparse matrices as leaves of trees: SciPy's with numbers as entries, and a form of our own with nodes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from autograd.errors import OperandError
from autograd.transforms.trees import Structure, as_array, flatten

__all__ = ["SparseNodes", "matrix_leaf", "matrix_of", "pattern_of"]


class SparseNodes:
    """A sparse matrix with nodes among its entries, which SciPy's can't hold: the sparse derivatives of a function that
    is being compiled, whose results are SciPy's again.

    It has their `shape`, `nnz`, `data`, `indices` and `indptr`, and can be multiplied with a vector.
    """

    # NumPy's arrays leave operations with it alone.
    __array_ufunc__ = None

    def __init__(self, pattern: Any, numbers: Sequence[Any]) -> None:
        self.pattern = pattern
        self.shape, self.nnz = pattern.shape, pattern.nnz
        self.indices, self.indptr = pattern.indices.copy(), pattern.indptr.copy()
        self.data = as_array(numbers)

    def __matmul__(self, vector: Any) -> Any:
        """The product with a vector."""
        numbers, structure = flatten(vector, "a vector")
        if structure.size != self.shape[1] or (structure.is_array and len(structure.shape or ()) != 1):
            raise OperandError(
                f"inside a function that is being compiled, {self!r} is multiplied with a vector of {self.shape[1]} "
                f"numbers, got {structure}; outside, it is SciPy's"
            )
        products = [entry * numbers[column] for entry, column in zip(self.data, self.indices.tolist(), strict=True)]
        stops = self.indptr.tolist()
        return as_array([sum(products[start:stop], 0.0) for start, stop in pairwise(stops)])

    def __repr__(self) -> str:
        return f"<sparse matrix {self.shape} of {self.nnz} nodes>"


def matrix_of(pattern: Any, numbers: Sequence[Any]) -> Any:
    """The matrix with the pattern of another and these entries, in order: SciPy's unless there are nodes among them."""
    data = as_array(numbers)
    if data.dtype.kind == "O":
        return SparseNodes(pattern, numbers)
    import copy

    # A copy of the object alone: SciPy's constructors look through the whole pattern.
    matrix = copy.copy(pattern)
    matrix.data, matrix.indices, matrix.indptr = data, pattern.indices.copy(), pattern.indptr.copy()
    return matrix


def pattern_of(matrix: Any) -> Any:
    """The matrix of SciPy's that has True in each place where a sparse matrix, of numbers or of nodes, has an entry."""
    import copy

    import numpy

    pattern = copy.copy(matrix.pattern if isinstance(matrix, SparseNodes) else matrix)
    pattern.data = numpy.ones(matrix.nnz, numpy.bool_)
    return pattern


class Pattern:
    """The places of the entries of a sparse matrix, from which one with other entries is made."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix

    def __call__(self, numbers: Sequence[Any]) -> Any:
        return matrix_of(self.matrix, numbers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pattern):
            return False
        one, another = self.matrix, other.matrix
        if one.shape != another.shape or one.nnz != another.nnz:
            return False
        return bool((one.indptr == another.indptr).all() and (one.indices == another.indices).all())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"sparse matrix{list(self.matrix.shape)} with {self.matrix.nnz} entries"


def matrix_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """The entries of a sparse matrix in rows and its structure, for `flatten`; None for anything else."""
    if isinstance(value, SparseNodes):
        pattern = value.pattern
    elif getattr(value, "format", None) == "csr":
        pattern = value.copy()
    else:
        return None
    return value.data.tolist(), Structure(None, [], shape=(len(value.data),), is_array=True, maker=Pattern(pattern))
