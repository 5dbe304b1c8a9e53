# cython: boundscheck=True, wraparound=True
"""Arrays of nodes, on which NumPy's functions give what they give on numbers.

NumPy runs loops of its own over a plain array of objects, and never asks the objects: its functions that compare lose
nans there, and know no convention at kinks. A `NodeArray` hands each element to the engine's primitive. Inside a trace,
comparisons give a `DiscreteArray`, which decides nothing until it has to.

Imported on use, as NumPy is.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd.arrays.array_elements import (
    PAIRS,
    REDUCTIONS,
    TRUTHS,
    function_of,
    holds,
    order_of,
    place_of_largest,
    place_of_smallest,
    place_to_insert,
)
from autograd.arrays.discrete import applied as operated
from autograd.arrays.discrete import as_float, is_discrete, plain, selected
from autograd.errors import AutogradError, OperandError
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
    where,
)  # fmt: skip
from autograd.other_packages import ARRAY_ATTRIBUTES, FORMULAS, Elsewhere

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import record_binary, record_unary

__all__ = [
    "DiscreteArray", "NodeArray", "apply_discrete", "apply_ufunc", "array", "as_elements", "as_kind",
    "elements_of", "held", "node_array",
]  # fmt: skip

OBJECTS = numpy.dtype(object)
# As many levels of arrays in arrays as an array may have dimensions.
MOST_NESTED = 64
# Products of matrices and vectors, for which NumPy's own loops over objects are right.
PRODUCTS = frozenset(["matmul", "vecdot", "matvec", "vecmat"])


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
        return super().sum(axis, dtype, out, **options)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
        """The mean of the elements along axes."""
        refuse_other_numbers(dtype)
        if axis is None and out is None and not options and self.size:
            return applied(Divide, chained(Plus, list_of(self)), float(self.size))
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
        return apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return apply_function(function, types, args, kwargs)

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
    return elements[0] if shape == () else node_array(elements, shape)


def as_floats_or_nodes(elements: list[Any], shape: tuple[int, ...]) -> Any:
    if shape != () and not any([isinstance(element, Node) for element in elements]):
        return numpy.fromiter(elements, float, len(elements)).reshape(shape)
    return as_nodes(elements, shape)


def as_truths(elements: list[Any], shape: tuple[int, ...]) -> Any:
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
    if knows_better(left) or knows_better(right):
        return NotImplemented
    return apply_ufunc(ufunc, "__call__", (left, right), {})


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
        return NotImplemented if knows_better(right) else apply_ufunc(ufunc, "__call__", (left, right), {})
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
        # One after the other: an isinstance of several builds their union first.
        return False
    if isinstance(operand, DiscreteArray) or is_discrete(operand):
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


# NumPy's functions of elements.


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of `ufunc(*inputs)`, or of another method, where an input holds nodes or conditions."""
    name = ufunc.__name__
    if any([knows_better(operand) for operand in inputs]):
        return NotImplemented
    if method == "at":
        return apply_at_places(name, *inputs)
    if name not in TRUTHS:
        inputs = tuple([as_operand(operand) for operand in inputs])
    out = options.pop("out", None)
    out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if name not in TRUTHS:
        refuse_other_numbers(options.pop("dtype", None))
    for of_numbers in ("dtype", "casting", "order", "subok"):
        # Results are nodes, or truths.
        options.pop(of_numbers, None)
    if method == "__call__" and name in PAIRS and out is None and not options:
        pairs = elementwise(PAIRS[name], inputs, lambda pairs, shape: (pairs, shape))
        return tuple([as_nodes([pair[place] for pair in pairs[0]], pairs[1]) for place in (0, 1)])
    if method in ("__call__", "reduce") and name in PRODUCTS:
        return into(out, product(ufunc, inputs, options))
    if ufunc.types and ufunc.types[0][0] == "O":
        # Somebody's own function of objects: `np.frompyfunc`, `np.vectorize`.
        own = getattr(ufunc, method)(*[as_array(operand) for operand in inputs], **options)
        return into(out, wrapped(own))
    function = function_of(name)
    if function is None or method not in ("__call__", "reduce", "accumulate", "outer", "reduceat"):
        raise no_form(name, "")
    make = as_truths if name in TRUTHS else as_nodes
    if method == "reduce":
        return into(out, reduction(name, function, *inputs, **options))
    if method == "__call__" and not options:
        return into(out, elementwise(function, inputs, make))
    if method == "__call__" and set(options) == {"where"}:
        if out is None:
            raise OperandError(f"np.{name} with where= needs out= beside nodes, for the elements left out")
        results = elementwise(function, inputs, as_nodes)
        numpy.copyto(as_array(out), results, where=numpy.asarray(options["where"], bool), casting="unsafe")
        return out
    loop = numpy.frompyfunc(function, ufunc.nin, 1)
    with numpy.errstate(all="ignore"):
        # Indices, in `reduceat`, stay whole numbers.
        plain = [as_array(inputs[0]), *inputs[1:]] if method != "outer" else [as_array(operand) for operand in inputs]
        plain[0] = plain[0].astype(object, copy=False)
        result = getattr(loop, method)(*plain, **options)
    elements = list_of(result)
    if name in TRUTHS:
        # The first element of a row has gone through no function: it is a number still.
        elements = [holds(x) for x in elements]
    return into(out, make(elements, result.shape))


def apply_at_places(name: str, target: Any, places: Any, *others: Any) -> None:
    """`ufunc.at`: change the elements of an array at places; OperandError if it has numbers that would become nodes."""
    function = function_of(name)
    if function is None:
        raise no_form(name, "")
    if not isinstance(target, numpy.ndarray):
        raise TypeError("first operand must be array")
    elements = as_array(target).astype(object, copy=False)
    operands = [as_array(as_operand(operand)) for operand in others]
    numpy.frompyfunc(function, 1 + len(operands), 1).at(elements, decided(places), *operands)
    if target.dtype != OBJECTS:
        target[...] = elements


def reduction(
    name: str, function: Any, given: Any, axis: Any = 0, keepdims: Any = False,
    initial: Any = numpy._NoValue, where: Any = True,
) -> Any:  # fmt: skip
    """The result of `ufunc.reduce`."""
    make = as_truths if name in TRUTHS else as_nodes
    of_row = REDUCTIONS.get(name, functools.partial(functools.reduce, function))
    if name not in ("add", "multiply", "logical_or", "logical_and", "logical_xor", "logaddexp"):
        missing = initial is numpy._NoValue or initial is None
        identity = getattr(getattr(numpy, name, None), "identity", None)
        if identity is not None:
            of_row = functools.partial(or_identity, of_row, float(identity))
        elif missing and 0 in [len(row) for row in rows_of(given, axis if numpy.ndim(given) else None)[0]]:
            raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    return reduced(of_row, given, axis, keepdims, make, where, initial)


def or_identity(of_row: Callable[[list[Any]], Any], identity: float, row: list[Any]) -> Any:
    """The function of a row; of none, its identity."""
    return of_row(row) if row else identity


def product(ufunc: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The product of matrices and vectors."""
    if ufunc is numpy.matmul and not options:
        left, right = [as_array(operand) for operand in inputs]
        if left.ndim in (1, 2) and right.ndim in (1, 2) and left.shape[left.ndim - 1] == right.shape[0]:
            if left.ndim == right.ndim == 1:
                return inner_product(list_of(left), list_of(right))
            rows = [list_of(row) for row in numpy.atleast_2d(left)]
            columns = [list_of(column) for column in numpy.atleast_2d(right.T)]
            products = [inner_product(row, column) for row in rows for column in columns]
            return as_nodes(products, left.shape[:-1] + right.shape[1:])
    arrays = [as_array(operand).astype(object, copy=False) for operand in inputs]
    with numpy.errstate(all="ignore"):
        return wrapped(ufunc(*arrays, **options))


def no_form(name: str, why: str) -> OperandError:
    """The error for a function of NumPy that can't take nodes."""
    prefix = "np." if hasattr(numpy, name.partition(".")[0]) else ""
    written = FORMULAS.get(name, "it with operators and autograd's functions")
    return OperandError(
        f"{prefix}{name} can't take nodes or arrays of them{why}; write {written}, or use the numbers (.value) if no "
        f"derivative is meant"
    )


# Inside a trace.


class DiscreteArray(NDArrayOperatorsMixin):
    """The ints or bools of an array inside a trace, which are decided when NumPy needs to know them.

    Comparisons, `&`, `|`, `~`, `any`, `all`, `np.where`, sums and arithmetic leave them undecided; beside floats and
    nodes they are numbers. As a mask and as indices, each is a decision. Slices are views, as NumPy's are.
    """

    __slots__ = ("_holder", "dtype")

    def __init__(self, holder: Any, dtype: Any = bool) -> None:
        self._holder = holder
        self.dtype = numpy.dtype(dtype)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # What `isinstance` asks; `type` tells the truth.
        return numpy.ndarray

    def holder(self) -> Any:
        """A plain array of objects that holds the elements."""
        return self._holder

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self._holder.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._holder.size  # type: ignore[no-any-return]

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        """The array with its axes in reverse order."""
        return self._like(self._holder.T)

    @property
    def flat(self) -> Iterator[Any]:
        """The elements in order."""
        return iter([self._of_numpy(element) for element in list_of(self._holder)])

    def numbers(self) -> Any:
        """The array of their numbers: nodes and floats."""
        return node_array([as_float(x) for x in list_of(self._holder)]).reshape(self.shape)

    def in_this_run(self) -> Any:
        """The plain array that it is in this run, without a decision."""
        return numpy.array([in_this_run(x) for x in list_of(self._holder)], self.dtype).reshape(self.shape)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """The same elements in another shape."""
        return self._like(self._holder.reshape(*shape, **options))

    def ravel(self, order: Any = "C") -> Any:
        """The elements along one axis."""
        return self._like(self._holder.ravel(order))

    def flatten(self, order: Any = "C") -> Any:
        """A copy of the elements along one axis."""
        return self._like(self._holder.flatten(order))

    def transpose(self, *axes: Any) -> Any:
        """The array with its axes in another order."""
        return self._like(self._holder.transpose(*axes))

    def copy(self, order: Any = "C") -> Any:
        """An array of its own."""
        return self._like(self._holder.copy(order))

    def tolist(self) -> Any:
        """The elements in nested lists, as Python's ints or bools."""
        kind = bool if self.dtype.kind == "b" else int
        elements = [as_kind(x, kind) for x in list_of(self._holder)]
        return held(elements, self.shape).tolist()

    def item(self, *place: Any) -> Any:
        """An element as Python's int or bool."""
        return as_kind(self._holder.item(*place), bool if self.dtype.kind == "b" else int)

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        """The elements as another type; as floats, an array of nodes."""
        wanted = numpy.dtype(dtype)
        if wanted.kind == "f":
            return self.numbers()
        if wanted.kind not in "iub":
            return numpy.asarray(self).astype(dtype, *args, **options)
        made = held([as_kind(x, wanted.type) for x in self.flat], self.shape)
        return DiscreteArray(made, wanted)

    def any(self, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        """The truth that one holds, along axes."""
        return into(out, reduced(REDUCTIONS["logical_or"], self, axis, keepdims, as_truths, where))

    def all(self, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        """The truth that all hold, along axes."""
        return into(out, reduced(REDUCTIONS["logical_and"], self, axis, keepdims, as_truths, where))

    def sum(self, axis: Any = None, **options: Any) -> Any:
        """The sum along axes: ints."""
        return numpy.add.reduce(self, axis=axis, **{name: x for name, x in options.items() if x is not None})

    def mean(self, axis: Any = None, **options: Any) -> Any:
        """The mean along axes: floats."""
        return self.numbers().mean(axis=axis, **options)

    def dot(self, other: Any) -> Any:
        """The product with another array."""
        return numpy.dot(self, other)

    def _of_numpy(self, element: Any) -> Any:
        return as_kind(element, self.dtype.type)

    def _like(self, holder: Any) -> Any:
        return DiscreteArray(holder, self.dtype)

    def __len__(self) -> int:
        return len(self._holder)

    def __iter__(self) -> Iterator[Any]:
        return iter([self[place] for place in range(len(self))])

    def __getitem__(self, key: Any) -> Any:
        found = self._holder[decided_key(key)]
        return self._like(found) if isinstance(found, numpy.ndarray) else self._of_numpy(found)

    def __setitem__(self, key: Any, value: Any) -> None:
        given = as_array(value)
        kind = numpy.asarray(in_this_run(value)).dtype
        if kind.kind not in "iub":
            raise OperandError(
                f"an array of {self.dtype} was to take {'nodes' if kind.kind == 'O' else kind}, which it would round; "
                f"take an array of floats, such as array.astype(float)"
            )
        self._holder[decided_key(key)] = held([self._of_numpy(x) for x in list_of(given)], given.shape)

    def __bool__(self) -> bool:
        return bool(self.item()) if self.size == 1 else bool(numpy.zeros(self.shape, bool))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if dtype is not None and numpy.dtype(dtype) == OBJECTS:
            return self._holder.copy()
        decided = numpy.array([plain(x) for x in list_of(self._holder)], self.dtype).reshape(self.shape)
        return decided if dtype is None else decided.astype(dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(numpy.asarray(self), name)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return apply_discrete(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return apply_function(function, types, args, kwargs)

    def __str__(self) -> str:
        return str(numpy.asarray(self))

    def __repr__(self) -> str:
        return repr(numpy.asarray(self))

    def __format__(self, spec: str) -> str:
        return format(numpy.asarray(self), spec)


def held(elements: list[Any], shape: tuple[int, ...]) -> Any:
    """The plain array of objects that holds these elements."""
    return numpy.fromiter(elements, OBJECTS, len(elements)).reshape(shape)


def as_kind(element: Any, kind: Any) -> Any:
    """An int or bool as another type of these, undecided if it is of a trace."""
    return element.as_type(kind) if is_discrete(element) else kind(element)


def decided_key(key: Any) -> Any:
    """An index with plain numbers and arrays in place of those of a trace."""
    if type(key) is tuple:
        return tuple([decided_key(part) for part in key])
    return decided(key) if isinstance(key, DiscreteArray) else plain(key)


def as_discrete(elements: list[Any], shape: tuple[int, ...], dtype: Any) -> Any:
    """The array of these ints or bools, without axes its element: of a trace if an element is."""
    if shape == ():
        return as_kind(elements[0], numpy.dtype(dtype).type)
    if any([is_discrete(element) for element in elements]):
        return DiscreteArray(held(elements, shape), dtype)
    return numpy.array(elements, dtype).reshape(shape)


def elements_of(given: Any) -> list[Any]:
    """The elements of an array in their order; its ints and bools as NumPy's."""
    return list(given.flat) if isinstance(given, DiscreteArray) or given.dtype.kind in "iub" else list_of(given)


def as_elements(elements: list[Any], shape: tuple[int, ...]) -> Any:
    """The array of these elements: of nodes if one is, else of ints, bools or floats."""
    if any([isinstance(x, Node) for x in elements]):
        return node_array([as_operand(x) for x in elements], shape)
    known = numpy.array([in_this_run(x) for x in elements])
    return as_discrete(elements, shape, known.dtype) if known.dtype.kind in "iub" else known.reshape(shape)


def may_vary(operand: Any) -> bool:
    """Whether an operand makes ints and bools beside it numbers: it is a node or an array of nodes or floats."""
    return isinstance(operand, Node | float) or (
        isinstance(operand, numpy.ndarray | numpy.generic) and operand.dtype.kind in "fO"
    )


def as_operand(operand: Any) -> Any:
    """The nodes of ints and bools of a trace; anything else as it is."""
    if isinstance(operand, DiscreteArray):
        return operand.numbers()
    return operand.node if is_discrete(operand) else operand


def decided(value: Any) -> Any:
    """The arguments with plain numbers and arrays in place of the ints and bools of a trace."""
    if isinstance(value, DiscreteArray):
        return numpy.asarray(value)
    if type(value) in (list, tuple):
        return type(value)([decided(part) for part in value])
    return plain(value)


# NumPy's functions that Python's operators are, on ints and bools.
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "power": operator.pow, "negative": operator.neg,
    "positive": operator.pos, "absolute": operator.abs, "invert": operator.invert, "bitwise_and": operator.and_,
    "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "less": operator.lt, "less_equal": operator.le,
    "greater": operator.gt, "greater_equal": operator.ge, "equal": operator.eq, "not_equal": operator.ne,
}  # fmt: skip


def apply_discrete(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of a function of NumPy where an input is an int or bool of a trace, or an array of them."""
    name = ufunc.__name__
    if any([knows_better(operand) for operand in inputs]):
        return NotImplemented
    out = options.pop("out", None)
    if out is not None:
        # Of an operator in place; where the target is no array of a trace, NumPy's arrays of numbers can't hold it.
        out = out[0] if isinstance(out, tuple) else out
        return written(ufunc, out, getattr(ufunc, method)(*inputs, **options))
    if name.startswith("logical_"):
        return apply_ufunc(ufunc, method, inputs, options)
    if any([may_vary(operand) for operand in inputs]) and (name in PRODUCTS or function_of(name) is not None):
        # Beside numbers that vary, ints are numbers, and bools 1 and 0.
        return apply_ufunc(ufunc, method, tuple([as_operand(operand) for operand in inputs]), options)
    if not set(options) - {"axis", "keepdims"}:
        known = tuple([in_this_run(operand) for operand in inputs])
        try:
            with numpy.errstate(all="ignore"):
                found = getattr(ufunc, method)(*known, **options)
        except Exception:
            # It is raised where they are decided.
            return getattr(ufunc, method)(*decided(inputs), **options)
        result = undecided(name, method, inputs, options, found)
        if result is not None:
            return result
    return getattr(ufunc, method)(*decided(inputs), **{name: decided(value) for name, value in options.items()})


def written(ufunc: Any, out: Any, result: Any) -> Any:
    """The result of a function, written into an array as NumPy does: ints into floats, but no floats into ints."""
    kind = numpy.asarray(in_this_run(result)).dtype
    kind = numpy.dtype(float) if kind == OBJECTS else kind
    if isinstance(out, DiscreteArray) and not numpy.can_cast(kind, out.dtype, "same_kind"):
        raise TypeError(f"cannot cast the output of {ufunc.__name__} from {kind} to {out.dtype}, an array of ints")
    out[...] = as_operand(result) if isinstance(out, NodeArray) else decided(result) if kind != OBJECTS else result
    return out


def undecided(name: str, method: str, inputs: tuple[Any, ...], options: dict[str, Any], found: Any) -> Any:
    """The result of a function of ints and bools that is `found` in this run; None if they must be decided."""
    if not hasattr(found, "dtype"):
        return None
    kind = found.dtype
    if method == "reduce" and name == "add" and kind.kind in "iu":

        def total(row: list[Any]) -> Any:
            return functools.reduce(add, [as_kind(x, kind.type) for x in row], kind.type(0))

        add = functools.partial(operated, operator.add)
        with numpy.errstate(over="ignore"):
            made = functools.partial(as_discrete, dtype=kind)
            return reduced(total, inputs[0], options.get("axis", 0), options.get("keepdims", False), made)
    if method != "__call__" or options:
        return None
    if name in OPERATORS and kind.kind in "iub":
        shape = found.shape
        lists = [numpy.broadcast_to(typed(one), shape).ravel().tolist() for one in inputs]
        with numpy.errstate(over="ignore"):
            # Of elements of arrays, NumPy says nothing when they wrap around.
            elements = [operated(OPERATORS[name], *elements) for elements in zip(*lists, strict=True)]
        return as_discrete(elements, shape, kind)
    if kind.kind == "f" and function_of(name) is not None:
        return apply_ufunc(getattr(numpy, name), method, tuple([as_operand(operand) for operand in inputs]), {})
    return None


def typed(operand: Any) -> Any:
    """An operand as an array of objects: its ints and bools, of NumPy's type."""
    if isinstance(operand, DiscreteArray):
        elements = list(operand.flat)
    elif isinstance(operand, numpy.ndarray):
        elements = list(operand.ravel())
    else:
        elements = [operand]
    return held(elements, () if is_discrete(operand) else getattr(operand, "shape", ()))


def in_this_run(operand: Any) -> Any:
    """The plain number or array that an int or bool, or an array of them, is in this run."""
    if isinstance(operand, DiscreteArray):
        return operand.in_this_run()
    return operand.number if is_discrete(operand) else operand


# NumPy's other functions: `numpy_functions` has forms of them for arrays of nodes.


def apply_function(function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """The result of a function of NumPy whose arguments hold nodes or conditions."""
    own = hooks.numpy_function(function)
    if any([kind is DiscreteArray for kind in types]) and function not in OF_TRUTHS:
        varying = any([may_vary(operand) for operand in args])
        if function in FLOATING or (varying and (function in PRODUCTS_OF_ARRAYS or own is not None)):
            args = tuple([as_operand(operand) for operand in args])
            kwargs = {name: decided(x) if name == "where" else as_operand(x) for name, x in kwargs.items()}
        elif function in OF_METHODS and isinstance(args[0] if args else None, DiscreteArray):
            return function._implementation(*args, **kwargs)
        else:
            args, kwargs = decided(args), {name: decided(value) for name, value in kwargs.items()}
        return function(*args, **kwargs)
    if own is not None:
        return own(*args, **kwargs)
    if not all([kind is NodeArray or issubclass(kind, (numpy.ndarray, DiscreteArray)) for kind in types]):
        return NotImplemented
    name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
    if name in REFUSED:
        raise no_form(name, "")
    try:
        return wrapped(function._implementation(*args, **kwargs))
    except AutogradError:
        raise
    except (AttributeError, TypeError) as error:
        raise no_form(name, f" ({error})") from error


def wrapped(result: Any) -> Any:
    """The result of NumPy's own code with `NodeArray` for plain arrays of objects."""
    if type(result) is numpy.ndarray and result.dtype == OBJECTS:
        return result.view(NodeArray)
    if type(result) in (list, tuple):
        return type(result)([wrapped(part) for part in result])
    return result


# Functions that give floats for ints, others that give ints for ints, those that leave truths undecided, and those that
# only call a method.
FLOATING = frozenset(
    [numpy.mean, numpy.average, numpy.std, numpy.var, numpy.median, numpy.quantile, numpy.percentile, numpy.linalg.norm]
)
PRODUCTS_OF_ARRAYS = frozenset(
    [numpy.dot, numpy.vdot, numpy.inner, numpy.outer, numpy.tensordot, numpy.cross, numpy.kron, numpy.convolve]
)
OF_TRUTHS = frozenset([numpy.where, numpy.any, numpy.all])
OF_METHODS = frozenset([numpy.sum, numpy.shape, numpy.ndim, numpy.size, numpy.reshape, numpy.transpose])
# Functions that compare the elements of a plain array.
REFUSED = frozenset(["gradient", "histogram", "histogram2d", "histogramdd", "lexsort", "sort_complex"])


def where_function(condition: Any, *sides: Any) -> Any:
    """`np.where`: of conditions, without deciding."""
    if len(sides) == 2 and isinstance(condition, DiscreteArray) and condition.dtype.kind == "b":
        if any([may_vary(side) for side in sides]):
            return elementwise(where, (condition, *sides))
        kind = numpy.where(condition.in_this_run(), *[in_this_run(side) for side in sides]).dtype
        if kind.kind in "iub":
            choose = functools.partial(selected, kind=kind.type)
            return elementwise(choose, (condition, *sides), functools.partial(as_discrete, dtype=kind))
        return elementwise(where, (condition, *sides))
    if isinstance(condition, NodeArray):
        condition = elementwise(holds, (condition,), as_truths)
        if isinstance(condition, DiscreteArray):
            return where_function(condition, *sides)
    condition = numpy.asarray(condition)
    return wrapped(numpy.where(condition, *[as_array(side) for side in sides]))
