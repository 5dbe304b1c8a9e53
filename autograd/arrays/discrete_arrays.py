"""Arrays of ints and bools inside a trace, such as comparisons of arrays of nodes give.

Their elements, and NumPy's functions of them, are undecided until NumPy needs to know them: see `discrete`.

Imported on use, as NumPy is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd.arrays.discrete import as_float, as_kind, is_discrete, plain
from autograd.errors import OperandError
from autograd.graph.node import hooks

__all__ = [
    "OBJECTS", "DiscreteArray", "as_discrete", "as_operand", "decided", "held", "in_this_run",
    "typed",
]  # fmt: skip

OBJECTS = numpy.dtype(object)


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
        return iter([self._of_numpy(element) for element in self.elements()])

    def elements(self) -> list[Any]:
        """The elements in order, as Python's ints and bools if they are plain."""
        return self._holder.ravel().tolist()  # type: ignore[no-any-return]

    def numbers(self) -> Any:
        """The array of their numbers: nodes and floats."""
        return hooks.dispatch().node_array([as_float(x) for x in self.elements()]).reshape(self.shape)

    def in_this_run(self) -> Any:
        """The plain array that it is in this run, without a decision."""
        return numpy.array([in_this_run(x) for x in self.elements()], self.dtype).reshape(self.shape)

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
        elements = [as_kind(x, kind) for x in self.elements()]
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
        return numpy.logical_or.reduce(self, axis=axis, out=out, keepdims=keepdims, where=where)

    def all(self, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        """The truth that all hold, along axes."""
        return numpy.logical_and.reduce(self, axis=axis, out=out, keepdims=keepdims, where=where)

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
        kind = numpy.asarray(in_this_run(value)).dtype
        if kind.kind not in "iub":
            raise OperandError(
                f"an array of {self.dtype} was to take {'nodes' if kind.kind == 'O' else kind}, which it would round; "
                f"take an array of floats, such as array.astype(float)"
            )
        given = typed(value)
        self._holder[decided_key(key)] = held([self._of_numpy(x) for x in given.flat], given.shape)

    def __bool__(self) -> bool:
        return bool(self.item()) if self.size == 1 else bool(numpy.zeros(self.shape, bool))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if dtype is not None and numpy.dtype(dtype) == OBJECTS:
            return self._holder.copy()
        decided = numpy.array([plain(x) for x in self.elements()], self.dtype).reshape(self.shape)
        return decided if dtype is None else decided.astype(dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(numpy.asarray(self), name)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return hooks.dispatch().apply_discrete(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return hooks.dispatch().apply_function(function, types, args, kwargs)

    def __str__(self) -> str:
        return str(numpy.asarray(self))

    def __repr__(self) -> str:
        return repr(numpy.asarray(self))

    def __format__(self, spec: str) -> str:
        return format(numpy.asarray(self), spec)


def held(elements: list[Any], shape: tuple[int, ...]) -> Any:
    """The plain array of objects that holds these elements."""
    return numpy.fromiter(elements, OBJECTS, len(elements)).reshape(shape)


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
