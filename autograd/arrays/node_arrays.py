# cython: boundscheck=True, wraparound=True
"""Arrays of nodes, on which NumPy's functions give what they give on numbers.

NumPy runs loops of its own over a plain array of objects, and never asks the objects: its functions that compare lose
nans there, and know no convention at kinks. A `NodeArray` hands each element to the engine's primitive; what its
operators are too narrow for is in `dispatch`.

Imported on use, as NumPy is.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from autograd.arrays.array_elements import (
    function_of,
    holds,
    order_of,
    place_of_largest,
    place_of_smallest,
    place_to_insert,
)
from autograd.arrays.discrete import as_kind, is_discrete
from autograd.arrays.discrete_arrays import (
    OBJECTS,
    DiscreteArray,
    as_discrete,
    as_operand,
    held,
    in_this_run,
)
from autograd.errors import OperandError
from autograd.graph.modes import is_traced
from autograd.graph.node import Node, hooks
from autograd.numbers.operands import way_to_plain
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import (
    Abs,
    Divide,
    FloorDivide,
    Minus,
    Mod,
    Multiply,
    Negate,
    Plus,
    Power,
)  # fmt: skip
from autograd.other_packages import ARRAY_ATTRIBUTES, Elsewhere, option_error

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import record_binary, record_unary

__all__ = [
    "NodeArray", "array", "as_array", "as_elements", "as_floats_or_nodes", "as_nodes", "as_truths", "elementwise",
    "elements_of", "inner_product", "into", "knows_better", "list_of", "node_array", "reduced",
    "refuse_other_numbers", "rows_of",
]  # fmt: skip

# As many levels of arrays in arrays as an array may have dimensions.
MOST_NESTED = 64


class NodeArray(numpy.ndarray):
    """An array of nodes and numbers, elements of any NumPy array of objects that this package makes.

    Functions and methods of NumPy work on it as on an array of numbers, or raise OperandError. `numpy.asarray` makes
    a plain array of it, whose functions are NumPy's own.
    """

    # The operators by themselves: by way of NumPy's functions they take three times as long on a few elements.
    # fmt: off
    def __add__(self, other: Any) -> Any: return combined(Plus, self, other, numpy.add)
    def __radd__(self, other: Any) -> Any: return combined(Plus, other, self, numpy.add)
    def __sub__(self, other: Any) -> Any: return combined(Minus, self, other, numpy.subtract)
    def __rsub__(self, other: Any) -> Any: return combined(Minus, other, self, numpy.subtract)
    def __mul__(self, other: Any) -> Any: return combined(Multiply, self, other, numpy.multiply)
    def __rmul__(self, other: Any) -> Any: return combined(Multiply, other, self, numpy.multiply)
    def __truediv__(self, other: Any) -> Any: return combined(Divide, self, other, numpy.divide)
    def __rtruediv__(self, other: Any) -> Any: return combined(Divide, other, self, numpy.divide)
    def __floordiv__(self, other: Any) -> Any: return combined(FloorDivide, self, other, numpy.floor_divide)
    def __rfloordiv__(self, other: Any) -> Any: return combined(FloorDivide, other, self, numpy.floor_divide)
    def __mod__(self, other: Any) -> Any: return combined(Mod, self, other, numpy.remainder)
    def __rmod__(self, other: Any) -> Any: return combined(Mod, other, self, numpy.remainder)
    def __rpow__(self, other: Any, modulus: Any = None) -> Any: return combined(Power, other, self, numpy.power)
    def __neg__(self) -> Any: return mapped(Negate, self)
    def __pos__(self) -> Any: return self.copy()
    def __abs__(self) -> Any: return mapped(Abs, self)
    def __lt__(self, other: Any) -> Any: return compared(operator.lt, self, other, numpy.less)
    def __le__(self, other: Any) -> Any: return compared(operator.le, self, other, numpy.less_equal)
    def __gt__(self, other: Any) -> Any: return compared(operator.gt, self, other, numpy.greater)
    def __ge__(self, other: Any) -> Any: return compared(operator.ge, self, other, numpy.greater_equal)
    def __eq__(self, other: Any) -> Any: return compared(operator.eq, self, other, numpy.equal)
    def __ne__(self, other: Any) -> Any: return compared(operator.ne, self, other, numpy.not_equal)
    # fmt: on
    __hash__ = None

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            raise OperandError("pow(x, y, modulus) is for integers; use (x ** y) % modulus")
        return combined(Power, self, other, numpy.power)

    def __matmul__(self, other: Any) -> Any:
        # SciPy's sparse matrices know numbers alone. (To the right of one, NumPy's arrays are not asked.)
        return sparse_product(self, other) if is_sparse(other) else super().__matmul__(other)

    # By itself as well: NumPy takes ten times as long to come back here.

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
        """The sum of the elements along axes, from left to right."""
        refuse_other_numbers(dtype)
        if axis is None and out is None and not options and self.size:
            return chained(Plus, list_of(self))
        check_words("sum", options)
        return super().sum(axis, dtype, out, **options)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
        """The mean of the elements along axes."""
        refuse_other_numbers(dtype)
        if axis is None and out is None and not options and self.size:
            return applied(Divide, chained(Plus, list_of(self)), float(self.size))
        check_words("mean", options)
        return super().mean(axis, dtype, out, **options)

    @staticmethod
    def apply_primitive(primitive: Any, operands: tuple[Any, ...]) -> Any:
        """The primitive of each element, for calls of primitives such as `exp(array)`."""
        return elementwise(primitive, operands)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and not options:
            primitive = primitive_of(ufunc)
            if primitive is not None:
                return mapped(primitive, self) if len(inputs) == 1 else combined(primitive, inputs[0], inputs[1], ufunc)
        return hooks.dispatch().apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return hooks.dispatch().apply_function(function, types, args, kwargs)

    # Methods whose loops are NumPy's own, which compare.

    def sort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
        """Sort in place, nans last."""
        places = self.argsort(axis)
        self[...] = numpy.take_along_axis(self.view(numpy.ndarray), places, axis)

    def argsort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
        """The places that sort the array, ties in their order, nans last."""
        return along(self, axis, order_of)

    def partition(self, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> None:
        """Sort in place: a sorted array is partitioned at every place."""
        self.argpartition(kth, axis)
        self.sort(axis)

    def argpartition(self, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
        """The places that sort the array."""
        # For NumPy's errors about places that there are not.
        numpy.broadcast_to(0.0, self.shape).argpartition(kth, axis)
        return self.argsort(axis)

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        """The place of the first largest element, or of the first nan."""
        return into(out, reduced(place_of_largest, self, axis, keepdims, as_places))

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        """The place of the first smallest element, or of the first nan."""
        return into(out, reduced(place_of_smallest, self, axis, keepdims, as_places))

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        """The places before which `v` keeps the array sorted."""
        row = (self if sorter is None else self[sorter]).tolist()
        found = elementwise(lambda x: place_to_insert(row, x, side == "right"), (v,), as_numbers)
        return found if isinstance(found, numpy.ndarray) else numpy.intp(found)

    def round(self, decimals: Any = 0, out: Any = None) -> Any:
        """The elements with so many decimals, as NumPy computes them; its own method makes a plain array of objects."""
        scale = 10.0 ** abs(operator.index(decimals))
        return into(out, numpy.rint(self * scale) / scale if decimals >= 0 else numpy.rint(self / scale) * scale)

    def nonzero(self) -> Any:
        """The places of elements that are not 0, one array for each axis."""
        return numpy.nonzero(numpy.asarray(elementwise(holds, (self,), as_truths)))

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        """The elements as another type: numbers are truths if asked for bool, nodes can't become other numbers."""
        if numpy.dtype(dtype) == bool:
            return numpy.array(elementwise(holds, (self,), as_truths), dtype=bool)
        converted = super().astype(dtype, *args, **options)
        return converted if converted.dtype == OBJECTS else converted.view(numpy.ndarray)

    def view(self, *given: Any, **options: Any) -> Any:
        """The same elements as another type of array."""
        if given and isinstance(given[0], int | tuple):
            raise TypeError(f"view takes the type of an array, got {given[0]!r:.60}; for a shape write a.reshape(-1)")
        return super().view(*given, **options)

    def tobytes(self, order: Any = "C") -> Any:
        """Refused: the bytes in memory are those of addresses."""
        raise OperandError(
            "an array of nodes has no bytes of numbers, which would drop derivatives without a word; use those of its "
            "numbers, numpy.array([x.value for x in a.flat]).tobytes()"
        )

    def __bytes__(self) -> Any:
        return self.tobytes()

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ARRAY_ATTRIBUTES]


for _name, _here in ARRAY_ATTRIBUTES.items():
    setattr(NodeArray, _name, Elsewhere(_name, _here))


def check_words(name: str, options: Any) -> None:
    """Raise TypeError for PyTorch's words for axes among the options of a method."""
    for word in ("dim", "keepdim"):
        if word in options:
            raise option_error(name, word)


def with_words_checked(method: Any) -> Any:
    """The method of arrays, with that check."""

    @functools.wraps(method)
    def checked(self: Any, *args: Any, **options: Any) -> Any:
        check_words(method.__name__, options)
        return method(self, *args, **options)

    return checked


for _name in (
    "all", "any", "argmax", "argmin", "argsort", "cumprod", "cumsum", "max", "min", "prod", "sort", "squeeze", "std",
    "var",
):  # fmt: skip
    setattr(NodeArray, _name, with_words_checked(getattr(NodeArray, _name)))


def array(values: Any) -> NodeArray:
    """An array of the nodes and numbers in nested sequences or another array, on which NumPy's functions are right.

    Transforms hand such arrays to functions. In a plain `np.array([x, y])` of nodes, functions that compare
    (`np.maximum`, `np.sort`, ...) are NumPy's own, and a nan is refused there.

    >>> import numpy as np
    >>> from autograd import Variable, array
    >>> np.maximum(array([Variable(2.0), float("nan")]), 0.0)[1]
    nan
    """
    if way := way_to_plain(values):
        raise OperandError(f"array was given a {type(values).__name__}, and {way}")
    given = numpy.array(values, dtype=object)
    for element in given.flat:
        if not isinstance(element, Node | float | int | numpy.number | numpy.bool_):
            raise OperandError(f"array holds numbers and nodes in rows of one length, got {type(element).__name__}")
    return given.view(NodeArray)


def node_array(elements: list[Any], shape: tuple[int, ...] | None = None) -> Any:
    """The array of these elements; without a shape, of one axis."""
    if cython.compiled:
        made = filled(elements).view(NodeArray)
    else:
        made = numpy.fromiter(elements, OBJECTS, len(elements)).view(NodeArray)
    return made if shape is None or len(shape) == 1 else made.reshape(shape)


def filled(elements: list[Any]) -> Any:
    """The plain array of these elements; only compiled, where it takes half the time of `numpy.fromiter`."""
    count = len(elements)
    made = numpy.empty(count, OBJECTS)
    PyObject_GetBuffer(made, cython.address(view), PyBUF_SIMPLE)  # type: ignore[name-defined]  # noqa: F821
    places = cython.cast("PyObject**", view.buf)  # type: ignore[name-defined]  # noqa: F821
    for place in range(count):
        element = elements[place]
        Py_INCREF(element)  # type: ignore[name-defined]  # noqa: F821
        Py_XDECREF(places[place])  # type: ignore[name-defined]  # noqa: F821
        places[place] = cython.cast("PyObject*", element)
    PyBuffer_Release(cython.address(view))  # type: ignore[name-defined]  # noqa: F821
    return made


# The makers of results: of nodes and numbers, of truths, of whole numbers. A result without axes is its element.


def as_nodes(elements: list[Any], shape: tuple[int, ...]) -> Any:
    """The array of these nodes and numbers."""
    return elements[0] if shape == () else node_array(elements, shape)


def as_floats_or_nodes(elements: list[Any], shape: tuple[int, ...]) -> Any:
    """The array of these, of floats where none is a node."""
    if shape != () and not any([isinstance(element, Node) for element in elements]):
        return numpy.fromiter(elements, float, len(elements)).reshape(shape)
    return as_nodes(elements, shape)


def as_truths(elements: list[Any], shape: tuple[int, ...]) -> Any:
    """The array of these truths, undecided inside a trace."""
    if shape == ():
        # NumPy's, of which `~` is the opposite.
        return as_kind(elements[0], numpy.bool_)
    if is_traced() and any([is_discrete(element) for element in elements]):
        return DiscreteArray(held(elements, shape))
    return numpy.fromiter(elements, bool, len(elements)).reshape(shape)


def as_places(elements: list[Any], shape: tuple[int, ...]) -> Any:
    return as_discrete(elements, shape, numpy.intp)


def as_numbers(elements: list[Any], shape: tuple[int, ...]) -> Any:
    return elements[0] if shape == () else numpy.array(elements).reshape(shape)


# Elements in lists.


_primitives: dict[Any, Any] = {}


def primitive_of(ufunc: Any) -> Any:
    """The primitive of one or two operands that has a kernel and is the same operation; None if there is none."""
    known = _primitives.get(ufunc)
    if known is None:
        function = function_of(ufunc.__name__)
        if isinstance(function, Primitive) and function.kernel is not None and function.arity == ufunc.nin:
            # Of others nothing is kept: each `np.frompyfunc` makes a new one.
            known = _primitives[ufunc] = function
    return known


def applied(primitive: Any, left: Any, right: Any) -> Any:
    """The primitive, which has a kernel, of two elements."""
    if isinstance(left, Node) or isinstance(right, Node):
        result = record_binary(primitive, left, right)
        if result is not NotImplemented:
            return result
    return primitive(left, right)


def listed(operand: Any, shape: tuple[int, ...]) -> Any:
    """The elements of an array of this shape in a list, or a list of a single number; None for all else."""
    kind = type(operand)
    if kind is float or isinstance(operand, Node) or kind is int:
        return [operand]
    if (kind is NodeArray or kind is numpy.ndarray) and operand.shape == shape:
        return list_of(operand)
    return [operand.node] if is_discrete(operand) else None


def list_of(given: Any) -> list[Any]:
    """The elements of an array in their order, as nodes and Python's numbers."""
    if given.dtype.kind == "f" and given.dtype.itemsize > 8:
        # A long double would stay one.
        given = given.astype(float)
    return given.tolist() if len(given.shape) == 1 else given.ravel().tolist()  # type: ignore[no-any-return]


def combined(primitive: Any, left: Any, right: Any, ufunc: Any) -> Any:
    """An operator of two operands, at least one of them a `NodeArray`."""
    shape = left.shape if isinstance(left, NodeArray) else right.shape
    if shape != ():
        first, second = listed(left, shape), listed(right, shape)
        if first is not None and second is not None:
            return node_array(paired(primitive, first, second), shape)
    return hooks.dispatch().apply_ufunc(ufunc, "__call__", (left, right), {})


def paired(primitive: Any, first: list[Any], second: list[Any]) -> list[Any]:
    """The primitive of the elements of two lists; one of a single element goes with all of the other."""
    count = max(len(first), len(second)) if first and second else 0
    one, other = len(first) != count, len(second) != count
    return [applied(primitive, first[0 if one else at], second[0 if other else at]) for at in range(count)]


def compared(function: Any, left: Any, right: Any, ufunc: Any) -> Any:
    """A comparison of an array of nodes with an array of its shape or a number."""
    shape = left.shape
    first, second = listed(left, shape), listed(right, shape)
    if first is None or second is None or shape == () or len(first) == 0:
        return hooks.dispatch().apply_ufunc(ufunc, "__call__", (left, right), {})
    if len(second) != len(first):
        second = second * len(first)
    return as_truths([function(a, b) for a, b in zip(first, second, strict=True)], shape)


def chained(primitive: Any, row: list[Any]) -> Any:
    """The primitive of the elements of a row from left to right."""
    total = row[0]
    for place in range(1, len(row)):
        total = applied(primitive, total, row[place])
    return total


def inner_product(left: list[Any], right: list[Any]) -> Any:
    """The sum of the products, from left to right."""
    return chained(Plus, paired(Multiply, left, right)) if left else 0.0


def is_sparse(operand: Any) -> bool:
    """Whether an operand is a sparse matrix of SciPy's."""
    return hasattr(operand, "tocsc") and hasattr(operand, "nnz")


def sparse_product(left: Any, matrix: Any) -> Any:
    """The product of a vector, or of the rows of an array, with a sparse matrix of numbers."""
    columns = matrix.tocsc()
    height, width = columns.shape
    if left.shape[-1:] != (height,) or left.ndim > 2:
        raise OperandError(f"an array of shape {left.shape} can't be multiplied with a sparse one of {matrix.shape}")
    starts, places, numbers = columns.indptr.tolist(), columns.indices.tolist(), columns.data.tolist()
    products = []
    for row in left.reshape(-1, height):
        elements = list_of(row)
        for start, stop in itertools.pairwise(starts):
            chosen = [elements[place] for place in places[start:stop]]
            products.append(inner_product(chosen, numbers[start:stop]))
    return node_array(products, (*left.shape[:-1], width))


def knows_better(operand: Any) -> bool:
    """Whether an operand, such as a pandas Series or a sparse matrix, has operators for arrays of its own."""
    if isinstance(operand, numpy.ndarray) or isinstance(operand, Node) or isinstance(operand, float):  # noqa: SIM101
        # One after the other: an isinstance of several builds their union first. A `DiscreteArray` is said to be one.
        return False
    if is_discrete(operand):
        return False
    own = getattr(type(operand), "__array_ufunc__", False)
    return own is None or bool(own) or getattr(operand, "__array_priority__", 0.0) > 0.0


def mapped(primitive: Any, given: NodeArray) -> Any:
    """A primitive of one operand that has a kernel, of each element."""
    elements = [record_unary(primitive, x) if isinstance(x, Node) else primitive(x) for x in list_of(given)]
    return as_nodes(elements, given.shape)


def as_array(operand: Any) -> Any:
    """An operand as a plain array: of numbers, or of nodes and numbers."""
    if isinstance(operand, DiscreteArray):
        return operand.holder()
    if isinstance(operand, numpy.ndarray):
        way = way_to_plain(operand)
        if way:
            raise OperandError(f"an operand is a {type(operand).__name__}, and {way}")
        if operand.dtype == OBJECTS and not isinstance(operand, NodeArray):
            check_nesting(operand)
        return operand.view(numpy.ndarray)
    if isinstance(operand, Node) or is_discrete(operand):
        return held([operand], ())
    return numpy.asarray(operand)


def check_nesting(array: Any) -> None:
    """Raise OperandError for arrays within arrays that functions of elements would follow until the stack ends."""
    arrays = [array]
    for _ in range(MOST_NESTED):
        inner = [one for array in arrays for one in array.flat if isinstance(one, numpy.ndarray)]
        arrays = list({id(one): one for one in inner if one.dtype == OBJECTS}.values())
        if not arrays:
            return
    raise OperandError(f"an array of objects nests arrays more than {MOST_NESTED} deep, or holds itself")


def elementwise(function: Callable[..., Any], operands: Sequence[Any], make: Any = as_nodes) -> Any:
    """The function of elements at the same places; arrays are repeated along axes as NumPy does."""
    arrays = [as_array(operand) for operand in operands]
    shape = numpy.broadcast_shapes(*[given.shape for given in arrays])
    lists = [list_of(given if given.shape == shape else numpy.broadcast_to(given, shape)) for given in arrays]
    return make([function(*elements) for elements in zip(*lists, strict=True)], shape)


def rows_of(given: Any, axis: Any) -> tuple[list[list[Any]], tuple[int, ...], tuple[int, ...]]:
    """The lists of elements along the axes (all if None); the shape of the others, and it with 1 for these axes."""
    plain = as_array(given)
    if axis is None:
        return [list_of(plain)], (), (1,) * plain.ndim
    axes = numpy.lib.array_utils.normalize_axis_tuple(axis, plain.ndim)
    others = [place for place in range(plain.ndim) if place not in axes]
    shape = tuple([plain.shape[place] for place in others])
    kept = tuple([1 if place in axes else length for place, length in enumerate(plain.shape)])
    length = math.prod([plain.shape[place] for place in axes])
    moved = plain.transpose(*others, *sorted(axes)).reshape(math.prod(shape), length)
    return [list_of(row) for row in moved], shape, kept


def reduced(
    function: Callable[[list[Any]], Any], given: Any, axis: Any, keepdims: Any, make: Any = None, valid: Any = True,
    initial: Any = numpy._NoValue,
) -> Any:  # fmt: skip
    """The function of the elements along axes, of those that are `valid`."""
    if axis in (0, -1) and numpy.ndim(given) == 0:
        # NumPy takes it for numbers, too.
        axis = None
    rows, shape, kept = rows_of(given, axis)
    if valid is not True:
        masks = rows_of(numpy.broadcast_to(numpy.asarray(valid, bool), numpy.shape(given)), axis)[0]
        rows = [list(itertools.compress(row, mask)) for row, mask in zip(rows, masks, strict=True)]
    if initial is not numpy._NoValue and initial is not None:
        rows = [[initial, *row] for row in rows]
    results = [function(row) for row in rows]
    shape = kept if keepdims is not numpy._NoValue and keepdims else shape
    return (make or as_nodes)(results, shape)


def along(given: Any, axis: Any, function: Callable[[list[Any]], list[int]]) -> Any:
    """The places that a function finds in each row along an axis, in the places of the elements."""
    given = given.ravel() if axis is None else given
    axis = -1 if axis is None else axis
    rows, shape, _ = rows_of(given, axis)
    found = numpy.array([function(row) for row in rows], numpy.intp).reshape(*shape, given.shape[axis])
    return numpy.moveaxis(found, -1, axis)


def refuse_other_numbers(dtype: Any) -> None:
    """OperandError if results are asked for as other numbers than doubles, which would round them on the way."""
    if dtype is None or numpy.dtype(dtype) in (OBJECTS, numpy.float64):
        return
    raise OperandError(
        f"dtype={numpy.dtype(dtype).name} would round each number on the way, and a node is a double; leave dtype out, "
        f"or use numpy.trunc and the like"
    )


def into(out: Any, result: Any) -> Any:
    """The result, written into `out` if that is given."""
    if out is None or out is numpy._NoValue:
        return result
    out[...] = result
    return out


def as_elements(elements: list[Any], shape: tuple[int, ...]) -> Any:
    """The array of these elements: of nodes if one is, else of ints, bools or floats."""
    if any([isinstance(x, Node) for x in elements]):
        return node_array([as_operand(x) for x in elements], shape)
    known = numpy.array([in_this_run(x) for x in elements])
    return as_discrete(elements, shape, known.dtype) if known.dtype.kind in "iub" else known.reshape(shape)


def elements_of(given: Any) -> list[Any]:
    """The elements of an array in their order; its ints and bools as NumPy's."""
    return list(given.flat) if isinstance(given, DiscreteArray) or given.dtype.kind in "iub" else list_of(given)
