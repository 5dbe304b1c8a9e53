"""Nested lists, tuples, dicts and arrays of numbers: taken apart into their numbers, and put together again."""

from __future__ import annotations

import copy
import functools
from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from autograd.errors import OperandError
from autograd.graph.node import Node
from autograd.numbers.operands import number_or_none

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["NUMBER", "SparseNodes", "Structure", "as_array", "flatten", "matrix_of", "pattern_of"]


@cython.final
@cython.cclass
class Structure:
    """The form of a value that holds numbers: one number, an array, or a container of further structures.

    `shape` is set for a number, `()`, and for an array; `size` is how many numbers there are. A sparse matrix is an
    array of its entries, with a matrix that has the same `pattern`.
    """

    def __init__(
        self,
        kind: type | None,
        children: list[Structure],
        keys: list[Any] | None = None,
        shape: tuple[int, ...] | None = None,
        is_array: bool = False,
        pattern: Any = None,
    ) -> None:
        self.kind = kind
        self.children = children
        self.keys = keys
        self.shape = shape
        self.is_array = is_array
        self.pattern = pattern
        self.size = 1
        if shape is None:
            self.size = sum([child.size for child in children])
        else:
            for length in shape:
                self.size *= length

    def build(self, numbers: Sequence[Any]) -> Any:
        """The value of this structure that holds these numbers; arrays are of floats unless there are nodes."""
        if cython.compiled and isinstance(numbers, array):
            return self.of_doubles(numbers, 0)
        return self.map_pieces(functools.partial(filled, numbers))

    def of_doubles(self, numbers: array[float], start: int) -> Any:
        """The value that holds the doubles from `start` on; only compiled: it makes the results of compiled calls."""
        if self.shape is None:
            built = []
            for child in self.children:
                part: Structure = child
                built.append(part.of_doubles(numbers, start))
                start += part.size
            return self.contain(built)
        if self.pattern is not None:
            return matrix_of(self.pattern, numbers[start : start + self.size])
        if not self.is_array:
            return numbers.data.as_doubles[start]  # type: ignore[attr-defined]
        return array_of_doubles(numbers, start, self)

    def map_pieces(self, function: Callable[[int, Structure], Any], start: int = 0) -> Any:
        """The same containers, with `function(start, piece)` in place of each number and array.

        `start` is the place of the piece's first number among all numbers.
        """
        if self.shape is not None:
            return function(start, self)
        built = []
        for child in self.children:
            built.append(child.map_pieces(function, start))
            start += child.size
        return self.contain(built)

    def contain(self, built: list[Any]) -> Any:
        """The container of this structure that has these parts."""
        if self.kind is tuple:
            return tuple(built)
        if self.keys is not None:
            return dict(zip(self.keys, built, strict=True))
        return built if self.kind is list else self.kind._make(built)  # type: ignore[union-attr]

    def fill(self, numbers: Sequence[Any], start: int) -> Any:
        """The number at `start`, or the array or sparse matrix of those from there on."""
        if self.pattern is not None:
            return matrix_of(self.pattern, numbers[start : start + self.size])
        return as_array(numbers[start : start + self.size], self.shape) if self.is_array else numbers[start]

    def arrange(self, numbers: Sequence[Any], given: Structure) -> list[Any] | None:
        """The numbers of a value of structure `given` in the order of this one; None if they are not the same.

        Dicts are the same if they have the same keys, in whatever order.
        """
        if (self.kind, self.shape, self.is_array) != (given.kind, given.shape, given.is_array):
            return None
        if self.shape is not None:
            return list(numbers)
        keys: Sequence[Any] = range(len(given.children)) if given.keys is None else given.keys
        wanted: Sequence[Any] = range(len(self.children)) if self.keys is None else self.keys
        if len(keys) != len(wanted):
            return None
        parts: dict[Any, tuple[Structure, Sequence[Any]]] = {}
        start = 0
        for key, child in zip(keys, given.children, strict=True):
            parts[key] = (child, numbers[start : start + child.size])
            start += child.size
        arranged: list[Any] = []
        for key, child in zip(wanted, self.children, strict=True):
            part = child.arrange(parts[key][1], parts[key][0]) if key in parts else None
            if part is None:
                return None
            arranged += part
        return arranged

    def holds_matrix(self) -> bool:
        """Whether there is a sparse matrix in it."""
        return self.pattern is not None or any([child.holds_matrix() for child in self.children])

    def is_same(self, other: Structure) -> bool:
        """Whether both hold the same numbers in the same places, those of dicts in the same order."""
        if self.pattern is not None or other.pattern is not None:
            return have_same_pattern(self.pattern, other.pattern)
        if (self.kind, self.keys, self.shape, self.is_array) != (other.kind, other.keys, other.shape, other.is_array):
            return False
        pairs = zip(self.children, other.children, strict=False)
        return len(self.children) == len(other.children) and all([one.is_same(another) for one, another in pairs])

    def __repr__(self) -> str:
        if self.pattern is not None:
            return f"sparse matrix{list(self.pattern.shape)} with {self.size} entries"
        if self.is_array:
            return f"array{list(self.shape or ())}"
        if self.shape is not None:
            return "number"
        if self.keys is not None:
            items = [f"{key!r}: {child}" for key, child in zip(self.keys, self.children, strict=True)]
            return "{" + ", ".join(items) + "}"
        inside = ", ".join([repr(child) for child in self.children[:8]]) + (", ..." if len(self.children) > 8 else "")
        return f"[{inside}]" if self.kind is list else f"({inside})"


def filled(numbers: Sequence[Any], start: int, piece: Structure) -> Any:
    """The number, array or sparse matrix of those from `start` on."""
    return piece.fill(numbers, start)


NUMBER = Structure(None, [], shape=())


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
    # A copy of the object alone: SciPy's constructors look through the whole pattern.
    matrix = copy.copy(pattern)
    matrix.data, matrix.indices, matrix.indptr = data, pattern.indices.copy(), pattern.indptr.copy()
    return matrix


def pattern_of(matrix: Any) -> Any:
    """The matrix of SciPy's that has True in each place where a sparse matrix, of numbers or of nodes, has an entry."""
    import numpy

    pattern = copy.copy(matrix.pattern if isinstance(matrix, SparseNodes) else matrix)
    pattern.data = numpy.ones(matrix.nnz, numpy.bool_)
    return pattern


def have_same_pattern(one: Any, other: Any) -> bool:
    """Whether two are sparse matrices with entries in the same places."""
    if one is None or other is None or one.shape != other.shape or one.nnz != other.nnz:
        return False
    return bool((one.indptr == other.indptr).all() and (one.indices == other.indices).all())


def as_array(numbers: Sequence[Any], shape: tuple[int, ...] | None = None) -> Any:
    """An array of floats, or of objects if there is a node among the numbers; without a shape, of one axis."""
    import numpy

    if isinstance(numbers, list) and any([isinstance(number, Node) for number in numbers]):
        result = numpy.empty(len(numbers), dtype=object)
        result[:] = numbers
    elif isinstance(numbers, array):
        # Doubles already, and ours alone: they become the array's memory.
        result = numpy.asarray(numbers)
    else:
        result = numpy.array(numbers, dtype=numpy.float64)
    return result if shape is None or len(shape) == 1 else result.reshape(shape)


# `numpy.empty`, once an array was made: to import it takes half as long as to make one.
_new_array: Any = None


def array_of_doubles(numbers: array[float], start: int, piece: Structure) -> Any:
    """The array that holds the doubles from `start` on; only compiled."""
    global _new_array
    if _new_array is None:
        import numpy

        _new_array = numpy.empty
    made = _new_array(piece.shape)
    PyObject_GetBuffer(made, cython.address(view), PyBUF_SIMPLE)  # type: ignore[name-defined]  # noqa: F821
    memcpy(view.buf, numbers.data.as_doubles + start, view.len)  # type: ignore[attr-defined, name-defined]  # noqa: F821
    PyBuffer_Release(cython.address(view))  # type: ignore[name-defined]  # noqa: F821
    return made


def flatten(value: Any, what: str, matrices: bool = False) -> tuple[list[Any], Structure]:
    """The numbers of a value, floats and nodes in order, and its structure.

    Raises OperandError for anything that is neither number, array nor container, nor, with `matrices`, a sparse matrix
    in rows; `what` names the value in the message.

    >>> numbers, structure = flatten({"a": 1, "b": [2.0, (3.0,)]}, "a value")
    >>> numbers, structure
    ([1.0, 2.0, 3.0], {'a': number, 'b': [number, (number)]})
    >>> structure.build([10.0, 20.0, 30.0])
    {'a': 10.0, 'b': [20.0, (30.0,)]}
    """
    if type(value) is float or isinstance(value, Node):
        return [value], NUMBER
    numbers: list[Any] = []
    return numbers, take_apart(value, what, numbers, matrices)


def take_apart(value: Any, what: str, numbers: list[Any], matrices: bool) -> Structure:
    """The structure of a value, whose numbers are appended to `numbers`."""
    if type(value) is float or isinstance(value, Node):
        numbers.append(value)
        return NUMBER
    if isinstance(value, Mapping):
        children = [take_apart(item, f"{what}[{key!r}]", numbers, matrices) for key, item in value.items()]
        return Structure(dict, children, list(value))
    if isinstance(value, list | tuple):
        children = [take_apart(item, f"{what}[{place}]", numbers, matrices) for place, item in enumerate(value)]
        kind = list if isinstance(value, list) else type(value) if hasattr(type(value), "_make") else tuple
        return Structure(kind, children)
    if matrices and (isinstance(value, SparseNodes) or getattr(value, "format", None) == "csr"):
        numbers += value.data.tolist()
        pattern = value.pattern if isinstance(value, SparseNodes) else value.copy()
        return Structure(None, [], shape=(len(value.data),), is_array=True, pattern=pattern)
    if hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type):
        return take_array_apart(value, what, numbers)
    number = number_or_none(value)
    if number is None:
        raise not_numbers(what, value)
    numbers.append(number)
    return NUMBER


def take_array_apart(value: Any, what: str, numbers: list[Any]) -> Structure:
    """The structure of an array; a NumPy scalar is a number."""
    import numpy

    given = numpy.asarray(value)
    if given.dtype.kind in "fiub":
        numbers.extend(given.ravel().astype(numpy.float64).tolist())
    elif given.dtype.kind == "O":
        for place, item in enumerate(given.ravel()):
            number = item if isinstance(item, Node) else number_or_none(item)
            if number is None:
                raise not_numbers(f"{what}.flat[{place}]", item)
            numbers.append(number)
    else:
        raise not_numbers(what, value)
    if isinstance(value, numpy.generic):
        return NUMBER
    return Structure(None, [], shape=given.shape, is_array=True)


def not_numbers(what: str, value: Any) -> OperandError:
    """The error for something that holds no real numbers."""
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    kind = f"{type(value).__name__} of {value.dtype}" if hasattr(value, "dtype") else type(value).__name__
    remedy = "a number, an array, or a nested list, tuple or dict of them"
    return OperandError(f"{what} must be {remedy}, got {kind} {shown}")
