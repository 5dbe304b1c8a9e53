"""Nested lists, tuples, dicts and arrays of numbers: taken apart into their numbers, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.errors import OperandError
from autograd.node import Node
from autograd.operands import number_or_none

__all__ = ["NUMBER", "Structure", "as_array", "flatten"]


class Structure:
    """The form of a value that holds numbers: one number, an array, or a container of further structures.

    `shape` is set for a number, `()`, and for an array; `size` is how many numbers there are.
    """

    __slots__ = ("children", "is_array", "keys", "kind", "shape", "size")

    def __init__(
        self,
        kind: type | None,
        children: list[Structure],
        keys: list[Any] | None = None,
        shape: tuple[int, ...] | None = None,
        is_array: bool = False,
    ) -> None:
        self.kind = kind
        self.children = children
        self.keys = keys
        self.shape = shape
        self.is_array = is_array
        self.size = 1
        if shape is None:
            self.size = sum([child.size for child in children])
        else:
            for length in shape:
                self.size *= length

    def build(self, numbers: Sequence[Any]) -> Any:
        """The value of this structure that holds these numbers; arrays are of floats unless there are nodes."""
        return self.map_pieces(lambda start, piece: piece.fill(numbers[start : start + piece.size]))

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
        if self.keys is not None:
            return dict(zip(self.keys, built, strict=True))
        if self.kind is list:
            return built
        return tuple(built) if self.kind is tuple else self.kind._make(built)  # type: ignore[union-attr]

    def fill(self, numbers: Sequence[Any]) -> Any:
        """The number, or the array of the numbers."""
        return as_array(numbers, self.shape) if self.is_array else numbers[0]

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

    def __repr__(self) -> str:
        if self.is_array:
            return f"array{list(self.shape or ())}"
        if self.shape is not None:
            return "number"
        if self.keys is not None:
            items = [f"{key!r}: {child}" for key, child in zip(self.keys, self.children, strict=True)]
            return "{" + ", ".join(items) + "}"
        inside = ", ".join([repr(child) for child in self.children[:8]]) + (", ..." if len(self.children) > 8 else "")
        return f"[{inside}]" if self.kind is list else f"({inside})"


NUMBER = Structure(None, [], shape=())


def as_array(numbers: Sequence[Any], shape: tuple[int, ...] | None = None) -> Any:
    """An array of floats, or of objects if there is a node among the numbers; without a shape, of one axis."""
    import numpy

    if isinstance(numbers, list) and any([isinstance(number, Node) for number in numbers]):
        array = numpy.empty(len(numbers), dtype=object)
        array[:] = numbers
    else:
        array = numpy.array(numbers, dtype=numpy.float64)
    return array if shape is None else array.reshape(shape)


def flatten(value: Any, what: str) -> tuple[list[Any], Structure]:
    """The numbers of a value, floats and nodes in order, and its structure.

    Raises OperandError for anything that is neither number, array nor container; `what` names the value in the
    message.

    >>> numbers, structure = flatten({"a": 1, "b": [2.0, (3.0,)]}, "a value")
    >>> numbers, structure
    ([1.0, 2.0, 3.0], {'a': number, 'b': [number, (number)]})
    >>> structure.build([10.0, 20.0, 30.0])
    {'a': 10.0, 'b': [20.0, (30.0,)]}
    """
    if type(value) is float or isinstance(value, Node):
        return [value], NUMBER
    numbers: list[Any] = []
    return numbers, take_apart(value, what, numbers)


def take_apart(value: Any, what: str, numbers: list[Any]) -> Structure:
    """The structure of a value, whose numbers are appended to `numbers`."""
    if type(value) is float or isinstance(value, Node):
        numbers.append(value)
        return NUMBER
    if isinstance(value, Mapping):
        children = [take_apart(item, f"{what}[{key!r}]", numbers) for key, item in value.items()]
        return Structure(dict, children, list(value))
    if isinstance(value, list | tuple):
        children = [take_apart(item, f"{what}[{place}]", numbers) for place, item in enumerate(value)]
        kind = list if isinstance(value, list) else type(value) if hasattr(type(value), "_make") else tuple
        return Structure(kind, children)
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

    array = numpy.asarray(value)
    if array.dtype.kind in "fiub":
        numbers.extend(array.ravel().astype(numpy.float64).tolist())
    elif array.dtype.kind == "O":
        for place, item in enumerate(array.ravel()):
            number = item if isinstance(item, Node) else number_or_none(item)
            if number is None:
                raise not_numbers(f"{what}.flat[{place}]", item)
            numbers.append(number)
    else:
        raise not_numbers(what, value)
    if isinstance(value, numpy.generic):
        return NUMBER
    return Structure(None, [], shape=array.shape, is_array=True)


def not_numbers(what: str, value: Any) -> OperandError:
    """The error for something that holds no real numbers."""
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    kind = f"{type(value).__name__} of {value.dtype}" if hasattr(value, "dtype") else type(value).__name__
    remedy = "a number, an array, or a nested list, tuple or dict of them"
    return OperandError(f"{what} must be {remedy}, got {kind} {shown}")
