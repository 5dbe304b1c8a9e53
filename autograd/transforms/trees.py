"""Trees of numbers: nested lists, tuples, mappings and arrays, taken apart into their numbers and put together again.

What a container is, and how another is made of other parts, `containers` says. All that walks through them stands here,
but for `signature.take`, which runs in every call of a compiled function. A `leaf` function tells `flatten` of further
leaves. None, texts, functions and classes are leaves without numbers, and stay as they are; not as a whole tree, where
they are mistakes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import OperandError
from autograd.graph.node import Node
from autograd.numbers.operands import number_or_none, numpy_if_imported, way_to_plain
from autograd.transforms.containers import Attribute, Kind, contain, holds_no_number, parts_of

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = [
    "LEVELS", "NUMBER", "Fixed", "Structure", "as_array", "bracketed", "check_depth", "fixed", "flatten", "map_leaves",
    "renewed",
]  # fmt: skip

# The most levels of containers within each other. All that walks through them is recursive: deeper ones, and one that
# holds itself, would overflow the C stack, which ends the process; a thread may have as little as 256 KB.
LEVELS = 200

Leaf = Callable[[Any, str], "tuple[Sequence[Any], Structure] | None"]


def bracketed(kind: Any, key: Any) -> str:
    """The index of a part of a container: `[0]`, `['key']`, `.field`; of an array, whose kind is None, `[0, 1]`."""
    if isinstance(key, Attribute):
        return f".{key.name}"
    if kind is not None:
        return f"[{key!r}]"
    return f"[{', '.join([str(place) for place in key])}]" if key else ""


class Fixed:
    """The maker of a leaf without numbers, which is the same in every tree."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, numbers: Sequence[Any]) -> Any:
        return self.value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fixed) or type(self.value) is not type(other.value):
            return False
        return self.value is other.value or bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.value!r:.60}"


@cython.final
@cython.cclass
class Structure:
    """The form of a tree of numbers: one number, an array, or a container of further structures.

    A container has a `kind` (see `containers.parts_of`), `keys` and `children`. A leaf has a `shape`, `()` for a
    number. A leaf that is neither number nor array has a `maker`: `maker(numbers)` makes it. `size` counts the numbers
    in it. A number or array that is of ints or bools has a `whole`: `whole.made(numbers, shape)` makes it, of no shape
    for a number.
    """

    def __init__(
        self,
        kind: Any,
        children: list[Structure],
        keys: Sequence[Any] | None = None,
        shape: tuple[int, ...] | None = None,
        is_array: bool = False,
        maker: Any = None,
        whole: Any = None,
    ) -> None:
        self.kind = kind
        self.children = children
        self.keys = range(len(children)) if keys is None else keys
        self.shape = shape
        self.is_array = is_array
        self.maker = maker
        self.whole = whole
        self.is_number = shape == () and not is_array and maker is None and whole is None
        self.size = 1
        if shape is None:
            self.size = sum([child.size for child in children])
        else:
            for length in shape:
                self.size *= length

    def build(self, numbers: Sequence[Any]) -> Any:
        """The tree of this structure that holds these numbers; arrays are of floats unless there are nodes."""
        if len(numbers) < self.size:
            # What follows reads so many without a look. Each walk over containers that somebody changes finds others.
            raise OperandError("a container of numbers was changed by something else while it was read")
        if cython.compiled and isinstance(numbers, array):
            return self.of_doubles(numbers, 0)
        return self.of_items(numbers, 0)

    def of_items(self, numbers: Sequence[Any], start: int) -> Any:
        """The tree that holds the numbers from `start` on."""
        if self.shape is not None:
            return self.maker.value if isinstance(self.maker, Fixed) else filled(numbers, start, self)
        built = []
        for child in self.children:
            part: Structure = child
            # Without a call for each number.
            built.append(numbers[start] if part.is_number else part.of_items(numbers, start))
            start += part.size
        return contain(self.kind, self.keys, built)

    def of_doubles(self, numbers: array[float], start: int) -> Any:
        """The tree that holds the doubles from `start` on; only compiled: it makes the results of compiled calls."""
        if self.shape is None:
            built = []
            for child in self.children:
                part: Structure = child
                if part.is_number:
                    # Without a call for each.
                    built.append(numbers.data.as_doubles[start])  # type: ignore[attr-defined]
                else:
                    built.append(part.of_doubles(numbers, start))
                start += part.size
            return contain(self.kind, self.keys, built)
        if self.maker is not None:
            return self.maker(numbers[start : start + self.size])
        if self.is_number:
            return numbers.data.as_doubles[start]  # type: ignore[attr-defined]
        if self.whole is not None:
            return filled(numbers, start, self)
        return array_of_doubles(numbers, start, self)

    def map_pieces(self, function: Callable[[int, Structure], Any], start: int = 0) -> Any:
        """The same containers, with `function(start, piece)` in place of each leaf that has numbers or may have.

        `start` is the place of the piece's first number among all numbers.
        """
        if self.shape is not None:
            return self.maker.value if isinstance(self.maker, Fixed) else function(start, self)
        built = []
        for child in self.children:
            built.append(child.map_pieces(function, start))
            start += child.size
        return contain(self.kind, self.keys, built)

    def pieces(self, start: int = 0) -> list[tuple[int, Structure]]:
        """The leaves that have numbers or may have, each behind the place of its first number."""
        if self.shape is not None:
            return [] if isinstance(self.maker, Fixed) else [(start, self)]
        found: list[tuple[int, Structure]] = []
        for child in self.children:
            found += child.pieces(start)
            start += child.size
        return found

    def paths(self, path: str, spell: Callable[[Any, Any], str] = bracketed) -> list[str]:
        """The path to each number, such as `input[0]['scale'][2]`; `spell` is as `bracketed`."""
        if self.is_array:
            import numpy

            return [path + spell(None, index) for index in numpy.ndindex(*(self.shape or ()))]
        if self.shape is not None:
            return [path] * self.size
        pairs = zip(self.keys, self.children, strict=True)
        return [inner for key, child in pairs for inner in child.paths(path + spell(self.kind, key), spell)]

    def arrange(self, numbers: Sequence[Any], given: Structure) -> list[Any] | None:
        """The numbers of a tree of structure `given` in the order of this one; None if they are not the same.

        Dicts are the same if they have the same keys, in whatever order; leaves without numbers are the same.
        """
        if (self.kind, self.shape, self.is_array) != (given.kind, given.shape, given.is_array):
            return None
        if self.shape is not None:
            return list(numbers)
        if len(given.keys) != len(self.keys):
            return None
        parts: dict[Any, tuple[Structure, Sequence[Any]]] = {}
        start = 0
        for key, child in zip(given.keys, given.children, strict=True):
            parts[key] = (child, numbers[start : start + child.size])
            start += child.size
        arranged: list[Any] = []
        for key, child in zip(self.keys, self.children, strict=True):
            part = child.arrange(parts[key][1], parts[key][0]) if key in parts else None
            if part is None:
                return None
            arranged += part
        return arranged

    def holds_only_arrays(self) -> bool:
        """Whether all leaves that have numbers are numbers and arrays."""
        return (self.maker is None or isinstance(self.maker, Fixed)) and all(
            [child.holds_only_arrays() for child in self.children]
        )

    def is_same(self, other: Structure) -> bool:
        """Whether both hold the same numbers in the same places, those of dicts in the same order."""
        if (self.kind, self.keys, self.shape, self.is_array) != (other.kind, other.keys, other.shape, other.is_array):
            return False
        if isinstance(self.kind, Kind) and not self.kind.is_same(other.kind):
            return False
        pairs = zip(self.children, other.children, strict=True)
        return bool(self.maker == other.maker) and all([one.is_same(another) for one, another in pairs])

    def __repr__(self) -> str:
        if self.maker is not None:
            return repr(self.maker)
        if self.is_array:
            return f"array{list(self.shape or ())}"
        if self.shape is not None:
            return "number"
        if self.kind is dict:
            items = [f"{key!r}: {child}" for key, child in zip(self.keys, self.children, strict=True)]
            return "{" + ", ".join(items) + "}"
        if isinstance(self.kind, Kind):
            items = [f"{key!r}: {child}" for key, child in zip(self.keys, self.children, strict=True)]
            return f"{self.kind}({', '.join(items[:8])}{', ...' if len(items) > 8 else ''})"
        inside = ", ".join([repr(child) for child in self.children[:8]]) + (", ..." if len(self.children) > 8 else "")
        return f"[{inside}]" if self.kind is list else f"({inside})"


def filled(numbers: Sequence[Any], start: int, piece: Structure) -> Any:
    """The leaf that a piece is, of the numbers from `start` on."""
    if piece.is_number:
        return numbers[start]
    own = numbers[start : start + piece.size]
    if piece.whole is not None:
        return piece.whole.made(own, piece.shape if piece.is_array else None)
    return as_array(own, piece.shape) if piece.maker is None else piece.maker(own)


NUMBER = Structure(None, [], shape=())


def too_deep(what: str) -> OperandError:
    """The error for containers that are too deep to be walked through."""
    return OperandError(f"{what} nests containers more than {LEVELS} deep, or holds itself")


def check_depth(tree: Any, what: str) -> None:
    """Raise OperandError if containers or arrays of objects nest too deep in a tree."""
    pending = [(tree, 0)]
    while pending:
        value, level = pending.pop()
        if level > LEVELS:
            raise too_deep(what)
        if isinstance(value, Node):
            # To ask one for what it lacks takes microseconds, and an array may hold 100,000.
            continue
        container = parts_of(value)
        if container is not None:
            pending += [(part, level + 1) for part in container[2]]
        elif not isinstance(value, type) and getattr(getattr(value, "dtype", None), "kind", "") == "O":
            pending += [(part, level + 1) for part in value.flat]


def map_leaves(
    function: Callable[[Any], Any], tree: Any, level: int = 0, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """The tree with `function(leaf)` in place of each leaf; a container in which nothing changes stays itself.

    Whatever is no container is a leaf, and what `is_leaf` takes for one.
    """
    container = None if isinstance(tree, Node) or (is_leaf is not None and is_leaf(tree)) else parts_of(tree)
    if container is None:
        return function(tree)
    if level >= LEVELS:
        raise too_deep("a value")
    kind, keys, parts = container
    changed = []
    same = True
    for part in parts:
        new = map_leaves(function, part, level + 1, is_leaf)
        same = same and new is part
        changed.append(new)
    if same:
        return tree
    return contain(kind, keys, changed)


def renewed(tree: Any) -> Any:
    """The tree in containers and arrays of its own, which may be changed; it must not be too deep."""
    container = None if isinstance(tree, Node) else parts_of(tree)
    if container is not None:
        kind, keys, parts = container
        return contain(kind, keys, [renewed(part) for part in parts])
    numpy = numpy_if_imported()
    return tree.copy() if numpy is not None and isinstance(tree, numpy.ndarray) else tree


def fixed(value: Any) -> tuple[list[Any], Structure]:
    """A leaf that holds no numbers, and is the same in every tree of a structure; for `flatten`."""
    return [], Structure(None, [], shape=(0,), maker=Fixed(value))


# `node_array`, once an array of nodes was made: NumPy is imported on use.
_node_array: Any = None


def as_array(numbers: Sequence[Any], shape: tuple[int, ...] | None = None) -> Any:
    """An array of floats, or a `NodeArray` if there is a node among the numbers; without a shape, of one axis."""
    global _node_array
    import numpy

    if isinstance(numbers, list) and any([isinstance(number, Node) for number in numbers]):
        if _node_array is None:
            from autograd.arrays.node_arrays import node_array

            _node_array = node_array
        result = _node_array(numbers)
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


def flatten(value: Any, what: str, leaf: Leaf | None = None) -> tuple[list[Any], Structure]:
    """The numbers of a tree, floats and nodes in order, and its structure.

    `leaf(value, what)` gives the numbers and the structure of further things that may stand among the leaves, None for
    others. Raises OperandError for anything else that is neither number, array nor container; `what` names the tree in
    the message.

    >>> numbers, structure = flatten({"a": 1, "b": [2.0, (3.0,)]}, "a value")
    >>> numbers, structure
    ([1.0, 2.0, 3.0], {'a': number, 'b': [number, (number)]})
    >>> structure.build([10.0, 20.0, 30.0])
    {'a': 10.0, 'b': [20.0, (30.0,)]}
    """
    if type(value) is float or isinstance(value, Node):
        return [value], NUMBER
    numbers: list[Any] = []
    return numbers, take_apart(value, what, numbers, leaf, 0)


def take_apart(value: Any, what: str, numbers: list[Any], leaf: Leaf | None, level: int) -> Structure:
    """The structure of a tree, whose numbers are appended to `numbers`."""
    container = parts_of(value)
    if container is not None:
        if level >= LEVELS:
            raise too_deep(what.partition("[")[0])
        kind, keys, parts = container
        if isinstance(kind, Kind):
            kind.check(what)
        children = []
        for key, part in zip(keys, parts, strict=True):
            # To spell the path of a number would take longer than all else.
            if type(part) is float or isinstance(part, Node):
                numbers.append(part)
                children.append(NUMBER)
            elif leaf is None and isinstance(part, float):
                # A number of NumPy's.
                numbers.append(float(part))
                children.append(NUMBER)
            else:
                children.append(take_apart(part, what + bracketed(kind, key), numbers, leaf, level + 1))
        made = Structure(kind, children, keys)
        # An object without numbers stays itself: it may be known by its identity.
        return fixed(value)[1] if made.size == 0 and isinstance(kind, Kind) and kind.has_fields else made
    if leaf is not None:
        found = leaf(value, what)
        if found is not None:
            numbers.extend(found[0])
            return found[1]
    if hasattr(type(value), "as_operand"):
        # An int or bool of a trace is a number as well, but as such it would have to be decided.
        numbers.append(value.as_operand())
        return NUMBER
    if level > 0 and holds_no_number(value):
        return fixed(value)[1]
    if hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type):
        return take_array_apart(value, what, numbers)
    numbers.append(number_in(value, what))
    return NUMBER


def take_array_apart(value: Any, what: str, numbers: list[Any]) -> Structure:
    """The structure of an array; a NumPy scalar is a number."""
    import numpy

    way = way_to_plain(value)
    if way:
        raise OperandError(f"{what} is a {type(value).__name__}, and {way}")
    # The ints and bools of a trace would have to be decided to become those of an array.
    given = value.holder() if hasattr(type(value), "holder") else numpy.asarray(value)
    if given.dtype.kind in "fiub":
        numbers.extend(given.ravel().astype(numpy.float64).tolist())
    elif given.dtype.kind == "O":
        for place, item in enumerate(given.ravel().tolist()):
            # To name a place takes ten times as long as to note a node.
            numbers.append(item if isinstance(item, Node) else number_in(item, f"{what}.flat[{place}]"))
    else:
        raise not_numbers(what, value)
    if isinstance(value, numpy.generic):
        return NUMBER
    return Structure(None, [], shape=given.shape, is_array=True)


def number_in(value: Any, what: str) -> Any:
    """The one number, float or node, that a value is; OperandError if it is none."""
    if isinstance(value, Node):
        return value
    if hasattr(type(value), "as_operand"):
        return value.as_operand()
    number = number_or_none(value)
    if number is None:
        raise not_numbers(what, value)
    return number


def not_numbers(what: str, value: Any) -> OperandError:
    """The error for something that holds no real numbers."""
    try:
        shown = repr(value)
    except RecursionError:
        shown = "that is too deep to be shown"
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    kind = f"{type(value).__name__} of {value.dtype}" if hasattr(value, "dtype") else type(value).__name__
    remedy = "a number, an array, or a nested list, tuple or dict of them"
    own = hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value)
    way = f"; autograd.register_container says how a {type(value).__name__} is taken apart" if own else ""
    return OperandError(f"{what} must be {remedy}, got {kind} {shown}{way}")
