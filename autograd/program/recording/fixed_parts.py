"""Keys of what is fixed in a recording: equal for what is the same to any function, unequal for all else.

Python's `==` does not tell 1 from True, 0.0 from -0.0 or Decimal("1.0") from Decimal("1.00"), and a class of one's own
may compare as it likes. A key has the type of each part, and the parts of containers and objects one by one; what can't
be looked into stands for itself alone. The attributes of an object are part of its key, and so is what a function reads
from outside, so that a recording is not used any more once any of it has changed.
"""

from __future__ import annotations

import enum
import functools
import sys
import threading
import types
from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Set
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from autograd.graph.node import Node, is_traced_node
from autograd.numbers.operands import numpy_if_imported
from autograd.operations.primitive import Primitive
from autograd.program.recording.outside import (
    ArrayPart,
    AttributesPart,
    BytesPart,
    CellPart,
    ClassPart,
    ContextPart,
    DictPart,
    FactoryPart,
    FunctionPart,
    ListPart,
    LocalPart,
    NamedParts,
    Part,
    SlotsPart,
    is_of_user,
    is_ours,
    slots_of,
    variables_of,
)

__all__ = ["Same", "Walk", "below_transforms", "key_of_fixed"]

# Of these, what is equal is the same.
PLAIN = frozenset(
    {
        int, str, bool, bytes, type(None), type(Ellipsis), type(NotImplemented), types.ModuleType, Primitive,
    }
)  # fmt: skip
PLAIN_NAMES = frozenset(
    {
        ("datetime", "date"), ("datetime", "timedelta"), ("fractions", "Fraction"), ("numpy", "ufunc"),
        ("pathlib", "PosixPath"),
        ("pathlib", "PurePosixPath"), ("pathlib", "PureWindowsPath"), ("pathlib", "WindowsPath"), ("uuid", "UUID"),
    }
)  # fmt: skip
# Of these, what is written alike is the same.
WRITTEN_NAMES = frozenset({("datetime", "datetime"), ("datetime", "time"), ("decimal", "Decimal")})

# To write down the union of these types at each call would take as long as to ask for it.
SEQUENCES = (list, tuple, set, frozenset, deque)
MAPPINGS = (dict, types.MappingProxyType)
BYTES = (bytearray, array)
# Functions in C, and methods of objects in C, whose `__self__` the object is.
BUILTIN = (types.BuiltinFunctionType, types.MethodWrapperType)
# Where descriptors have the function that a class declares.
DECLARED = (
    (property, "fget"), (staticmethod, "__func__"), (classmethod, "__func__"), (functools.cached_property, "func"),
    (functools.partialmethod, "func"), (functools.singledispatchmethod, "dispatcher"),
)  # fmt: skip
# Functions that keep what they gave.
CACHED: Any = type(functools.lru_cache(len))
# Classes with arguments, `Model[float]`, whose attributes are those of the class.
ALIASES: Any = (types.GenericAlias, type(Generic[TypeVar("T")]))  # type: ignore[index]

# A class's function that makes its annotations, of Python 3.14: it reads what is of use to type checkers alone.
ANNOTATIONS = "__annotate_func__"

# Longer containers and arrays, and what is beyond so many parts or levels, stand for themselves: changes in them go
# unseen.
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
    # Of Python 3.13, `pathlib` is a package, and its classes are of a module in it.
    name = (str(kind.__module__).partition(".")[0], kind.__qualname__)
    if issubclass(kind, enum.Enum) or kind.__name__ == "cython_function_or_method":
        # Each member is there once, and need not have a hash; compiled functions can't be looked into.
        return Same
    if kind in PLAIN or name in PLAIN_NAMES:
        return with_its_type
    if issubclass(kind, float | complex) and not kind.__dictoffset__:
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
    """One walk through the parts of a value, each of which is looked into once; `parts` has those that may change.

    Left out is what `own` has: names of variables and in containers, None for a whole one, by the holder's identity.
    """

    def __init__(self, own: Mapping[int, Set[Any]] = {}) -> None:
        self.own = own
        # With the values themselves: another one could get the identity of one that is gone.
        self.met: dict[int, tuple[int, Any]] = {}
        self.parts: list[Part] = []
        # The variables among these, which many functions may read, and those that there are not yet.
        self.variables: set[Any] = set()
        self.absent: list[tuple[Any, str]] = []

    def noted(self, part: Part) -> Any:
        """What a part holds."""
        self.parts.append(part)
        return part.old

    def noted_pairs(self, kind: type[NamedParts], holder: Any) -> list[tuple[Any, Any]]:
        """The names and values in a holder of such parts."""
        part = kind(holder, self.own.get(id(holder), ()))
        self.noted(part)
        return part.pairs()

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
            return kind, self.met[id(value)][0]
        if level >= LEVELS or len(self.met) >= PARTS:
            return Same(value)
        self.met[id(value)] = len(self.met), value
        if kind is types.FunctionType:
            return self.key_of_function(value, level)
        if isinstance(value, type):
            return self.key_of_class(value, level)
        numpy = numpy_if_imported()
        is_array = numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic))
        if is_array or isinstance(value, (*SEQUENCES, *MAPPINGS, *BYTES)):
            key = self.key_of_array(value, level) if is_array else self.key_of_container(value, level)
            has_more = is_of_user(kind.__module__) or is_masked(value)
            return (key, *self.key_of_attributes(value, level)) if has_more else key
        if kind is slice:
            return kind, *[self.key_of(part, level + 1) for part in (value.start, value.stop, value.step)]
        if isinstance(value, BUILTIN):
            if is_function_of_module(value):
                return kind, value
            return kind, value.__name__, self.key_of(value.__self__, level + 1)
        if kind is types.MethodType:
            return kind, self.key_of(value.__func__, level + 1), self.key_of(value.__self__, level + 1)
        if kind is functools.partial:
            parts = (value.func, value.args, value.keywords)
            return kind, *[self.key_of(part, level + 1) for part in parts]
        if is_of_ours(kind):
            # What compiles or differentiates a function counts its calls.
            return Same(value), self.key_of(getattr(value, "fun", None), level + 1)
        if kind is ContextVar:
            return kind if id(value) in self.own else self.key_of(self.noted(ContextPart(value)), level + 1)
        if kind is CACHED:
            return Same(value), self.key_of(value.__wrapped__, level + 1)
        if isinstance(value, ALIASES):
            return Same(value), self.key_of(value.__origin__, level + 1)
        if isinstance(value, threading.local):
            pairs = self.noted_pairs(LocalPart, value)
            return Same(value), *[(name, self.key_of(part, level + 1)) for name, part in pairs]
        if is_of_python(kind):
            return Same(value)
        return self.key_of_object(value, level)

    def key_of_container(self, value: Any, level: int) -> Any:
        """The key of a list, a dict or their like."""
        kind: Any = type(value)
        if len(value) > NUMBERS:
            return Same(value)
        if isinstance(value, MAPPINGS):
            pairs = self.noted_pairs(DictPart, value)
            factory = self.noted(FactoryPart(value)) if isinstance(value, defaultdict) else None
            keys = [(self.key_of(key, level + 1), self.key_of(part, level + 1)) for key, part in pairs]
            return kind, self.key_of(factory, level + 1), *keys
        if isinstance(value, tuple | frozenset):
            return kind, *[self.key_of(part, level + 1) for part in value]
        if id(value) in self.own:
            return kind
        if isinstance(value, BYTES):
            return kind, getattr(value, "typecode", ""), self.noted(BytesPart(value))
        held = self.noted(ListPart(value))
        return kind, *[self.key_of(part, level + 1) for part in held]

    def key_of_array(self, value: Any, level: int) -> Any:
        """The key of an array or scalar of NumPy's."""
        kind = type(value)
        if value.size > NUMBERS or id(value) in self.own:
            return Same(value)
        if isinstance(value, sys.modules["numpy"].generic):
            return kind, value.dtype.str, value.tobytes()
        # The bytes of a masked array are not those in its memory; its mask is an attribute.
        held = self.noted(ArrayPart(value.view(sys.modules["numpy"].ndarray) if is_masked(value) else value))
        if value.dtype.hasobject:
            return kind, value.shape, *[self.key_of(part, level + 1) for part in held]
        return kind, value.shape, value.dtype.str, held[0]

    def key_of_function(self, value: Any, level: int) -> Any:
        """The key of a function: itself, and what it reads from outside."""
        of_user = is_of_user(value.__globals__.get("__name__"))
        if not of_user and not is_of_engine(value.__globals__.get("__name__")):
            # A decorator may have made it around functions of the user's.
            return types.FunctionType, value, *[self.key_of(inner, level + 1) for inner in functions_around(value)]
        read = []
        for part in variables_of(value, self.absent):
            if part.names in self.own.get(id(part.holder), ()):
                continue
            # The names of functions and classes of packages are not given to others.
            place = id(part.holder), part.names
            if (isinstance(part, CellPart) or not is_of_package(part.old)) and place not in self.variables:
                self.variables.add(place)
                self.noted(part)
            read.append(self.key_of(part.old, level + 1))
        more = (value.__code__, value.__defaults__, value.__kwdefaults__, value.__dict__ or None)
        # For its own code alone, which a reloader may replace, it is not worth watching the function that is called.
        if not of_user or not (level or self.parts or self.absent or any(more[1:])):
            return types.FunctionType, value, tuple(read)
        if id(value) not in self.own:
            self.noted(FunctionPart(value))
        return types.FunctionType, value, tuple(read), *[self.key_of(part, level + 1) for part in more]

    def key_of_class(self, value: Any, level: int) -> Any:
        """The key of a class: itself, and the attributes of one of the user's, with those of its bases."""
        kind = type(value)
        if not is_of_user(value.__module__):
            return kind, Same(value)
        found = [
            (name, self.key_of(unwrapped(part), level + 1))
            for name, part in self.noted_pairs(ClassPart, value)
            if not name.startswith("__") or (type(part) is types.FunctionType and name != ANNOTATIONS)
        ]
        bases = [self.key_of(base, level + 1) for base in (kind, *value.__bases__)]
        return kind, Same(value), tuple(found), tuple(bases)

    def key_of_object(self, value: Any, level: int) -> Any:
        """The key of an object: its class, its attributes, and the object itself unless its class compares by value."""
        keys, key_of_kind = self.key_of_attributes(value, level)
        # What compares in C may compare what is no attribute.
        by_value = keys and type(type(value).__eq__) is types.FunctionType
        return (None if by_value else Same(value)), keys, key_of_kind

    def key_of_attributes(self, value: Any, level: int) -> tuple[Any, Any]:
        """The keys of an object's attributes, and of its class."""
        kind: Any = type(value)
        attributes = self.noted_pairs(AttributesPart, value) if kind.__dictoffset__ else []
        if slots_of(kind) or not kind.__dictoffset__:
            attributes += self.noted_pairs(SlotsPart, value)
        return tuple([(name, self.key_of(part, level + 1)) for name, part in attributes]), self.key_of(kind, level + 1)


def is_of_engine(module: str | None) -> bool:
    """Whether a module is one of this engine's."""
    return (module or "").partition(".")[0] == "autograd"


def is_of_package(value: Any) -> bool:
    """Whether this is a function or class that is not the user's."""
    kind = type(value)
    if issubclass(kind, type) or kind is types.FunctionType:
        return not is_of_user(value.__module__)
    return callable(value) and (key_of_plain(value) is not None or is_function_of_module(value))


def is_function_of_module(value: Any) -> bool:
    """Whether this is a function in C that is no method of an object."""
    return isinstance(value, BUILTIN) and isinstance(value.__self__, types.ModuleType | type(None))


def is_masked(value: Any) -> bool:
    """Whether this is a masked array of NumPy's."""
    # Another thread may just be importing that module.
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)
    return masked is not None and isinstance(value, masked)


def functions_around(function: types.FunctionType) -> list[Any]:
    """The functions around a function of a package, such as the one that it wraps, and those that it dispatches to."""
    around = [CellPart(cell).old for cell in function.__closure__ or ()]
    kinds = (types.FunctionType, types.MethodType, types.MappingProxyType, functools.partial, CACHED)
    return [one for one in [*around, *function.__dict__.values()] if type(one) in kinds]


def unwrapped(attribute: Any) -> Any:
    """The function of a property, a static method and their like; other attributes as they are."""
    for kind, name in DECLARED:
        if isinstance(attribute, kind):
            return getattr(attribute, name)
    return attribute


@functools.lru_cache(maxsize=1024)
def is_of_python(kind: Any) -> bool:
    """Whether a class is the standard library's: loggers, locks and files lead to much else, and change unasked."""
    library = str(kind.__module__).partition(".")[0]
    return library in sys.stdlib_module_names and library not in ("argparse", "collections", "types")


@functools.lru_cache(maxsize=1024)
def is_of_ours(kind: Any) -> bool:
    """Whether a class is one of these packages'."""
    return is_ours(str(kind.__module__))


def below_transforms(fun: Any) -> Any:
    """The function that is compiled or differentiated, maybe several times."""
    kind: Any = type(fun)
    met: set[int] = set()
    while is_of_ours(kind) and hasattr(fun, "fun") and id(fun) not in met:
        met.add(id(fun))
        fun = fun.fun
        kind = type(fun)
    return fun
