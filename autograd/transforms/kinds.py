"""Ints and bools among the numbers of trees: their types are kept, inside compiled functions and in results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autograd.arrays.discrete import LARGEST, Condition, Integer, bounds_of_type, is_discrete, is_truth
from autograd.errors import OperandError
from autograd.graph.modes import current_mode
from autograd.graph.node import Node, value_of
from autograd.transforms.sparse import matrix_leaf
from autograd.transforms.trees import Fixed, Structure, renewed

__all__ = ["Beyond", "Whole", "alike", "counted", "result_leaf", "whole_number_leaf", "whole_of", "wholes_in"]


class Whole:
    """The type of the ints or bools of a leaf, one of Python's or NumPy's, and their bounds.

    It makes the leaf of floats, or inside a trace of nodes, which become ints and bools of the trace.
    """

    __slots__ = ("high", "kind", "low")

    def __init__(self, kind: Any, low: int, high: int) -> None:
        self.kind = kind
        self.low = low
        self.high = high

    @property
    def dtype(self) -> Any:
        """The type of an array of these."""
        import numpy

        return numpy.dtype(self.kind)

    @property
    def largest(self) -> int:
        """The most that one of these can be, or its negative."""
        return max(-self.low, self.high)

    def made(self, numbers: Sequence[Any], shape: tuple[int, ...] | None) -> Any:
        """The int or bool, or the array of a shape, that these numbers are."""
        if any([isinstance(number, Node) for number in numbers]):
            trace = current_mode().trace
            if trace is not None:
                elements = [self.inside(trace, number) for number in numbers]
                if shape is None:
                    return elements[0]
                from autograd.arrays.discrete_arrays import DiscreteArray, held

                return DiscreteArray(held(elements, shape), self.dtype)
            numbers = [value_of(number) for number in numbers]
        return self.kind(int(numbers[0])) if shape is None else self.array(numbers, shape)

    def inside(self, trace: Any, number: Any) -> Any:
        """The int or bool of a trace that a node is."""
        given = self.kind(int(value_of(number)))
        if is_truth(given):
            return Condition(trace, number, given)
        return Integer(trace, number, given, self.low, self.high)

    def array(self, numbers: Any, shape: tuple[int, ...]) -> Any:
        """The array of ints or bools of these floats, in this shape."""
        import numpy

        return numpy.asarray(numbers, float).astype(self.dtype).reshape(shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Whole) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())

    def key(self) -> tuple[Any, ...]:
        """What makes up one of these."""
        return self.kind, self.low, self.high


def whole_of(array: Any) -> Whole | None:
    """The type of an array of ints or bools, with bounds that change seldom from call to call; None if doubles can't
    hold them.
    """
    kind = array.dtype.type
    if array.dtype.itemsize < 8 or array.size == 0:
        return Whole(kind, *bounds_of_type(kind))
    low, high = int(array.min()), int(array.max())
    for bits in (15, 31, 53):
        most = 2**bits - 1
        if -most <= low and high <= most:
            return Whole(kind, 0 if low >= 0 else -most, most)
    return None


def result_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """Leaves of results besides floats, for `flatten`: ints, bools, arrays of them, and sparse matrices."""
    return whole_number_leaf(value, what) or matrix_leaf(value, what)


def whole_number_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """Leaves of results that are ints, bools or arrays of them, for `flatten`; None for anything else."""
    if type(value) is int or type(value) is bool:
        return single(value) if abs(value) <= LARGEST else beyond(value)
    if is_discrete(value):
        return [value.node], Structure(None, [], shape=(), whole=Whole(type(value.number), value.low, value.high))
    if hasattr(type(value), "dtype") and hasattr(value.dtype, "kind") and value.dtype.kind in "iub":
        return whole_leaf(value)
    return None


def single(value: Any) -> tuple[list[Any], Structure]:
    """A plain int or bool as a leaf."""
    return [float(value)], Structure(None, [], shape=(), whole=Whole(type(value), int(value), int(value)))


class Beyond:
    """The maker of an int, or an array of ints, that doubles can't hold: the same in all runs of a recording."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, numbers: Sequence[Any]) -> Any:
        return renewed(self.value)

    def __repr__(self) -> str:
        return "ints beyond 2**53"


def beyond(value: Any) -> tuple[list[Any], Structure]:
    """A plain int or array that doubles can't hold, as a leaf."""
    return [], Structure(None, [], shape=(0,), maker=Beyond(renewed(value)))


def whole_leaf(value: Any) -> tuple[list[Any], Structure] | None:
    """An int, a bool or an array of them as a leaf, of NumPy or of a trace; None if NumPy doesn't know it."""
    import numpy

    if hasattr(type(value), "holder"):
        elements = list(value.flat)
        numbers = [element.node if is_discrete(element) else float(element) for element in elements]
        kind = value.dtype.type
        return numbers, Structure(None, [], shape=value.shape, is_array=True, whole=Whole(kind, *bounds_of_type(kind)))
    if not isinstance(value, numpy.ndarray | numpy.generic):
        return None
    whole = whole_of(value)
    if whole is None:
        return beyond(value)
    if isinstance(value, numpy.generic):
        return single(value)
    if type(value) is not numpy.ndarray:
        return None
    return value.ravel().astype(float).tolist(), Structure(None, [], shape=value.shape, is_array=True, whole=whole)


# The types of several results that are put together.


def wholes_in(structure: Structure) -> list[Whole | None]:
    """For each leaf, the type of its ints or bools; None for floats."""
    return [piece.whole for _, piece in structure.pieces()]


def alike(structures: Sequence[Structure]) -> Structure:
    """The structure of several that are the same but for the types of their leaves, which have a type for all."""
    first = structures[0]
    common = wholes_in(first)
    for structure in structures:
        if structure is not first:
            common = [
                one and other and joint(one, other) for one, other in zip(common, wholes_in(structure), strict=True)
            ]
    return first if common == wholes_in(first) else with_wholes(first, iter(common))


def joint(one: Whole, other: Whole) -> Whole | None:
    """The type of which ints or bools of two types are; None if that is float."""
    low, high = min(one.low, other.low), max(one.high, other.high)
    if one.kind is other.kind:
        return Whole(one.kind, low, high)
    if {one.kind, other.kind} == {int, bool}:
        return Whole(int, low, high)
    import numpy

    kind = numpy.result_type(one.dtype, other.dtype)
    return Whole(kind.type, low, high) if kind.kind in "iub" else None


def counted(structure: Structure, reduction: str | None, count: int, name: str) -> Structure:
    """The structure of the sums of so many results, or of their means, which are floats."""
    wholes: list[Whole | None] = []
    for whole in wholes_in(structure):
        if whole is None or reduction == "mean":
            wholes.append(None)
            continue
        if whole.largest * count > LARGEST:
            raise OperandError(
                f"{name} returns ints up to {whole.largest:,}, whose sum over {count:,} rows may be beyond 2**53, "
                f"which doubles can't hold; return a float"
            )
        kind = int if whole.kind in (int, bool) else whole.array([0.0], (1,)).sum().dtype.type
        wholes.append(Whole(kind, whole.low * count, whole.high * count))
    return with_wholes(structure, iter(wholes))


def with_wholes(structure: Structure, wholes: Iterator[Whole | None]) -> Structure:
    """The structure with other types of ints and bools in its leaves."""
    if structure.shape is None:
        children = [with_wholes(child, wholes) for child in structure.children]
        return Structure(structure.kind, children, structure.keys)
    if isinstance(structure.maker, Fixed):
        return structure
    return Structure(
        None, [], shape=structure.shape, is_array=structure.is_array, maker=structure.maker, whole=next(wholes)
    )
