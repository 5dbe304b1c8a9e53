"""Keys of what is fixed in a recording: equal for what is the same to any function, unequal for all else.

Python's `==` does not tell 1 from True, 0.0 from -0.0 or Decimal("1.0") from Decimal("1.00"), and a class of one's own
may compare as it likes. A key has the type of each part, and the parts of containers and objects one by one; what can't
be looked into stands for itself alone. The attributes of an object are part of its key, so that a recording is not
used any more once one of them has changed.
"""

from __future__ import annotations

import enum
import functools
import sys
import types
from collections import deque
from collections.abc import Callable
from typing import Any

from autograd.graph.node import Node, is_traced_node
from autograd.operations.primitive import Primitive

__all__ = ["Same", "key_of_fixed", "watched_in"]

# Of these, what is equal is the same.
PLAIN = frozenset(
    {
        int, str, bool, bytes, type(None), type(Ellipsis), type(NotImplemented), types.FunctionType,
        types.BuiltinFunctionType, types.ModuleType, Primitive,
    }
)  # fmt: skip
PLAIN_NAMES = frozenset(
    {
        ("datetime", "date"), ("datetime", "timedelta"), ("fractions", "Fraction"), ("pathlib", "PosixPath"),
        ("pathlib", "PurePosixPath"), ("pathlib", "PureWindowsPath"), ("pathlib", "WindowsPath"), ("uuid", "UUID"),
    }
)  # fmt: skip
# Of these, what is written alike is the same.
WRITTEN_NAMES = frozenset({("datetime", "datetime"), ("datetime", "time"), ("decimal", "Decimal")})

# To write down the union of these types at each call would take as long as to ask for it.
SEQUENCES = (list, tuple, set, frozenset, deque)

# Arrays of more numbers, and what is beyond so many parts or levels, stand for themselves: changes in them go unseen.
NUMBERS = 10_000
PARTS = 1_000
LEVELS = 20


class Same:
    """Stands for one object, which it keeps alive: equal for the same object only."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value) >> 4


def key_of_fixed(value: Any) -> Any:
    """The key of a fixed part of the arguments."""
    return key_of_plain(value) or Walk().key_of(value, 0)


def key_of_plain(value: Any) -> Any:
    """The key of a value without parts of its own; None for others."""
    kind: Any = type(value)
    key = key_by_kind(kind)
    return None if key is None else key(value)


@functools.lru_cache(maxsize=1024)
def key_by_kind(kind: Any) -> Callable[[Any], Any] | None:
    """The function that gives the keys of values of a type that have no parts of their own; None for other types."""
    name = (kind.__module__, kind.__qualname__)
    if kind in PLAIN or name in PLAIN_NAMES or issubclass(kind, type | enum.Enum):
        return with_its_type
    if issubclass(kind, float | complex):
        return lambda value: (kind, repr(value))
    if kind is range:
        return lambda value: (kind, value.start, value.stop, value.step)
    if name in WRITTEN_NAMES:
        return lambda value: (kind, repr(value), Same(getattr(value, "tzinfo", None)))
    return None


def with_its_type(value: Any) -> Any:
    """The key of a value that is the same as all that are equal to it and of its type."""
    return type(value), value


class Walk:
    """One walk through the parts of a value, each of which is looked into once."""

    def __init__(self) -> None:
        self.met: dict[int, int] = {}

    def key_of(self, value: Any, level: int) -> Any:
        """The key of a part, at a level below the value."""
        plain = key_of_plain(value)
        if plain is not None:
            return plain
        kind: Any = type(value)
        if isinstance(value, Node):
            # Stored by the function itself in an earlier recording: it means nothing to the next one.
            return kind if is_traced_node(value) else Same(value)
        if id(value) in self.met:
            return kind, self.met[id(value)]
        if level >= LEVELS or len(self.met) >= PARTS:
            return Same(value)
        self.met[id(value)] = len(self.met)
        if isinstance(value, SEQUENCES):
            return kind, *[self.key_of(part, level + 1) for part in list(value)]
        if isinstance(value, dict):
            pairs = list(value.items())
            return kind, *[(self.key_of(key, level + 1), self.key_of(part, level + 1)) for key, part in pairs]
        if kind is slice:
            return kind, *[self.key_of(part, level + 1) for part in (value.start, value.stop, value.step)]
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            return self.key_of_array(value, level)
        if kind is types.MethodType:
            return kind, self.key_of(value.__func__, level + 1), self.key_of(value.__self__, level + 1)
        if kind is functools.partial:
            parts = (value.func, value.args, value.keywords)
            return kind, *[self.key_of(part, level + 1) for part in parts]
        if is_ours(kind):
            # What compiles or differentiates a function counts its calls.
            return Same(value), self.key_of(getattr(value, "fun", None), level + 1)
        if is_of_python(kind):
            return Same(value)
        return self.key_of_object(value, level)

    def key_of_array(self, value: Any, level: int) -> Any:
        """The key of an array or scalar of NumPy's."""
        kind = type(value)
        if value.size > NUMBERS:
            return Same(value)
        if value.dtype.hasobject:
            return kind, value.shape, *[self.key_of(part, level + 1) for part in value.ravel().tolist()]
        return kind, value.shape, value.dtype.str, value.tobytes()

    def key_of_object(self, value: Any, level: int) -> Any:
        """The key of an object: its attributes, and the object itself unless its class compares by value."""
        kind: Any = type(value)
        attributes = attributes_of(value)
        keys = tuple([(name, self.key_of(part, level + 1)) for name, part in attributes])
        by_value = kind.__eq__ is not object.__eq__ and attributes
        return (kind, keys) if by_value else (Same(value), keys)


@functools.lru_cache(maxsize=1024)
def is_of_python(kind: Any) -> bool:
    """Whether a class is the standard library's: loggers, locks and files lead to much else, and change unasked."""
    library = str(kind.__module__).partition(".")[0]
    return library in sys.stdlib_module_names and library not in ("argparse", "types")


@functools.lru_cache(maxsize=1024)
def is_ours(kind: Any) -> bool:
    """Whether a class is one of this package's."""
    return str(kind.__module__).startswith("autograd.")


def attributes_of(value: Any) -> list[tuple[str, Any]]:
    """The attributes that an object has for itself, by name."""
    kind: Any = type(value)
    found = list(getattr(value, "__dict__", {}).items())
    slots = slots_of(kind)
    return found + [(name, getattr(value, name)) for name in slots if hasattr(value, name)] if slots else found


@functools.lru_cache(maxsize=256)
def slots_of(kind: Any) -> tuple[str, ...]:
    """The names that the classes of an object declare in `__slots__`."""
    found: list[str] = []
    for base in kind.__mro__:
        names = base.__dict__.get("__slots__", ())
        found += [names] if isinstance(names, str) else names
    return tuple([name for name in found if name not in ("__dict__", "__weakref__")])


def watched_in(fun: Any) -> Any:
    """The object on whose attributes a callable depends, besides its arguments; None for a plain function.

    That is the object of a bound method, also below transforms, or a callable object itself.
    """
    kind: Any = type(fun)
    seen = set()
    while is_ours(kind) and hasattr(fun, "fun"):
        if id(fun) in seen:
            # Of itself alone, which fails when it is called.
            return None
        seen.add(id(fun))
        fun = fun.fun
        kind = type(fun)
    owner = fun.__self__ if kind is types.MethodType else fun
    kind = type(owner)
    if kind in PLAIN or isinstance(owner, type) or is_ours(kind):
        return None
    return fun if hasattr(owner, "__dict__") or slots_of(kind) else None
