"""Containers: the parts that each kind of them has, and how another of the same kind is made of other parts.

A container has items (a list, tuple, deque or mapping) or fields (a dataclass, a class of attrs, a namespace); what
else an object has as attributes are parts of it, too. Another one is made without `__init__`: what that would check or
change was checked and changed before. Where `__post_init__` computes attributes of the fields, the fields alone are
parts, and it is run again. `register_container` says of any other class how it is taken apart.
"""

from __future__ import annotations

import functools
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd.errors import OperandError
from autograd.graph.node import Node, value_of
from autograd.numbers.operands import numpy_if_imported

__all__ = ["Attribute", "Kind", "contain", "holds_no_number", "is_mapping", "parts_of", "register_container"]

# The classes whose items are parts, with subclasses before what they derive from.
BASES: tuple[Any, ...] = (OrderedDict, defaultdict, dict, list, tuple, deque)
# What is one of these holds no number, and stays as it is wherever it stands.
WITHOUT_NUMBERS = frozenset(
    {
        str, bytes, type(None), type(Ellipsis), types.FunctionType, types.BuiltinFunctionType, types.ModuleType,
    }
)  # fmt: skip
# Modules of the standard library whose objects are told by what they are, and not by numbers in them.
LIBRARIES = frozenset({"pathlib", "datetime", "uuid", "re", "logging"})
# Objects of these classes are met most often, and have no parts.
WITHOUT_PARTS = WITHOUT_NUMBERS | {float, int, bool}
# A field that is declared to be one of these is a setting of its object, unless it holds something else.
SETTINGS = frozenset({int, bool, "int", "bool"})

_registered: dict[type, Way] = {}


def register_container(
    cls: type,
    take_apart: Callable[[Any], tuple[Iterable[Any], Any]],
    put_together: Callable[[Any, list[Any]], Any],
) -> None:
    """Let objects of a class of one's own be containers of numbers, in every transform and compiled function.

    `take_apart(value)` gives the parts, which are numbers, arrays or containers, and the rest, which is fixed;
    `put_together(rest, parts)` makes an object of other parts. Neither should look at the numbers: parts may be nodes,
    or derivatives. Most containers need no registration: dataclasses, classes of attrs, named tuples and subclasses of
    list, tuple and dict are taken apart as they are.

    >>> from autograd import grad
    >>> class Line:
    ...     def __init__(self, slope, start):
    ...         self.ends = {"slope": slope, "start": start}
    ...     def __call__(self, x):
    ...         return self.ends["slope"] * x + self.ends["start"]
    >>> register_container(Line, lambda line: (line.ends.values(), None), lambda rest, parts: Line(*parts))
    >>> grad(lambda line: line(3.0) ** 2)(Line(2.0, 1.0)).ends
    {'slope': 42.0, 'start': 14.0}
    """
    if not isinstance(cls, type) or not callable(take_apart) or not callable(put_together):
        raise OperandError(
            f"register_container takes a class and two functions, got {cls!r:.60}, {take_apart!r:.60} and "
            f"{put_together!r:.60}"
        )
    if issubclass(cls, Node | float | int) or cls in BASES or hasattr(cls, "__array_ufunc__"):
        raise OperandError(f"{cls.__name__} is a number, an array or a container already, and can't be registered")
    _registered[cls] = Registered(cls, take_apart, put_together)
    way_of.cache_clear()


class Attribute:
    """The name of a field or attribute, as the key of a part."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attribute) and self.name == other.name

    def __hash__(self) -> int:
        return hash((Attribute, self.name))

    def __repr__(self) -> str:
        return f".{self.name}"


@functools.lru_cache(maxsize=1024)
def attribute(name: str) -> Attribute:
    """The key of the attribute of this name."""
    return Attribute(name)


class Kind:
    """The kind of one container: a way to make others, and what they have in common with it.

    `count` is the number of items, behind which the attributes come; `rest` is what it has besides its parts. Kinds are
    equal if they are of the same class.
    """

    __slots__ = ("count", "rest", "way")

    def __init__(self, way: Way, count: int, rest: Any = None) -> None:
        self.way = way
        self.count = count
        self.rest = rest

    @property
    def cls(self) -> Any:
        """The class of the container."""
        return self.way.cls

    @property
    def has_fields(self) -> bool:
        """Whether it is of an object with fields, no list, tuple or mapping."""
        return isinstance(self.way, Fields)

    @property
    def is_mapping(self) -> bool:
        """Whether its parts have names: those of a mapping, or fields."""
        return self.way.is_mapping

    @property
    def is_unmade(self) -> bool:
        """Whether no container of this kind can be made."""
        return isinstance(self.way, Unmade)

    def make(self, keys: Sequence[Any], parts: list[Any]) -> Any:
        """The container of this kind that has these parts; OperandError if its class leaves no way to make one."""
        try:
            return self.way.made(self, keys, parts)
        except OperandError:
            raise
        except Exception as error:
            raise no_other(self.cls, f"{type(error).__name__}: {error}") from error

    def check(self, what: str) -> None:
        """Raise OperandError if no container of this kind can be made; `what` names this one."""
        if isinstance(self.way, Unmade):
            raise no_other(self.cls, self.way.why, what)

    def is_same(self, other: Any) -> bool:
        """Whether containers of both kinds are the same if their parts are."""
        if not isinstance(other, Kind):
            return False
        try:
            return self == other and bool(self.rest == other.rest)
        except Exception:
            # Arrays among the rest have no one answer, and classes of users may raise.
            return self.rest is other.rest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and self.way.cls is other.way.cls

    def __hash__(self) -> int:
        return hash(self.way.cls)

    def __repr__(self) -> str:
        return str(self.way.cls.__name__)


def no_other(cls: type, why: str, what: str = "") -> OperandError:
    """The error for a class of which no other object can be made."""
    which = f"{what} is a {cls.__name__}, and" if what else f"of {cls.__name__}"
    return OperandError(
        f"{which} no other one can be made with other numbers in it ({why}); say how by "
        f"autograd.register_container({cls.__name__}, take_apart, put_together), or give a dict, list or dataclass"
    )


def parts_of(value: Any) -> tuple[Any, Sequence[Any], Sequence[Any]] | None:
    """The kind of a container, its keys and its parts; None for anything else.

    The kind is list, tuple or dict, a subclass of tuple without attributes, or a `Kind`.
    """
    cls: Any = type(value)
    if cls is list or cls is tuple:
        return cls, range(len(value)), value
    if cls is dict:
        return cls, list(value), list(value.values())
    way = way_of(cls)
    return None if way is None else way.parts_of(value)


def contain(kind: Any, keys: Sequence[Any], parts: list[Any]) -> Any:
    """The container of this kind that has these parts."""
    if kind is list:
        return parts
    if kind is tuple:
        return tuple(parts)
    if kind is dict:
        return dict(zip(keys, parts, strict=True))
    if isinstance(kind, Kind):
        return kind.make(keys, parts)
    return new_tuple(kind, parts)


def new_tuple(cls: Any, items: list[Any]) -> Any:
    """An object of a subclass of tuple, without its `__new__` but for such as are written in C."""
    try:
        return tuple.__new__(cls, items)
    except TypeError:
        return cls(items)


def is_mapping(kind: Any) -> bool:
    """Whether the parts of a kind of container have names: those of a mapping, or fields."""
    return kind is dict or (isinstance(kind, Kind) and kind.is_mapping)


def holds_no_number(value: Any) -> bool:
    """Whether it is None, a text, a function, a class or the like, in which nothing could be differentiated."""
    cls: Any = type(value)
    return cls in WITHOUT_NUMBERS or cls_without_numbers(cls)


@functools.lru_cache(maxsize=1024)
def cls_without_numbers(cls: Any) -> bool:
    """Whether objects of a class hold no number: classes, members of enumerations that are none, functions, paths."""
    # Imported on use: both together take a twentieth of the time that importing this package does.
    import enum

    from autograd.operations.primitive import Primitive

    if issubclass(cls, (str, type, Primitive)):
        return True
    if issubclass(cls, enum.Enum):
        return not issubclass(cls, (float, int, complex))
    room = str(cls.__module__).partition(".")
    if room[0] == "autograd":
        # What compiles, maps or differentiates a function is one. A class itself can always be called.
        return any(["__call__" in vars(base) for base in cls.__mro__])
    return room[0] in LIBRARIES or (room[0] == "numpy" and cls.__name__ in ("ufunc", "Generator"))


class Way:
    """How containers of one class are taken apart and put together; `is_mapping` says whether parts have names."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.is_mapping = issubclass(cls, Mapping)

    def parts_of(self, value: Any) -> tuple[Any, Sequence[Any], Sequence[Any]] | None:
        """The kind of a container of this class, its keys and its parts."""
        raise NotImplementedError

    def made(self, kind: Kind, keys: Sequence[Any], parts: list[Any]) -> Any:
        """A container of this class with these parts."""
        raise NotImplementedError


class Items(Way):
    """A subclass of list, tuple, dict or their like. Its parts are its items, then its attributes."""

    def __init__(self, cls: Any, base: Any) -> None:
        super().__init__(cls)
        self.base = base
        self.has_attributes = cls.__dictoffset__ != 0 or bool(slots_of(cls))

    def parts_of(self, value: Any) -> tuple[Any, Sequence[Any], Sequence[Any]] | None:
        keys: list[Any]
        if self.is_mapping:
            # As the base has them: a class of its own may show others.
            keys, items = list(self.base.keys(value)), list(self.base.values(value))
        else:
            if self.base is tuple and not self.has_attributes:
                return self.cls, range(len(value)), value
            items = list(self.base.__iter__(value))
            keys = list(range(len(items)))
        count = len(items)
        # A dict may be its own attributes: `self.__dict__ = self`.
        own = self.is_mapping and self.cls.__dictoffset__ != 0 and dict_of(value) is value
        for name, part in [] if own else attributes_of(value):
            keys.append(attribute(name))
            items.append(part)
        rest = value.maxlen if self.base is deque else own or None
        return Kind(self, count, rest), keys, items

    def made(self, kind: Kind, keys: Sequence[Any], parts: list[Any]) -> Any:
        items = parts[: kind.count]
        if self.base is tuple:
            made = new_tuple(self.cls, items)
        else:
            made = self.base.__new__(self.cls)
            if self.is_mapping:
                for key, item in zip(keys, items, strict=False):
                    self.base.__setitem__(made, key, item)
            elif self.base is deque:
                deque.__init__(made, items, kind.rest)
            else:
                list.extend(made, items)
        if self.is_mapping and kind.rest:
            object.__setattr__(made, "__dict__", made)
        if len(keys) == kind.count:
            return made
        return with_attributes(made, dict(zip(keys[kind.count :], parts[kind.count :], strict=True)))


class Fields(Way):
    """A dataclass, a class of attrs or a namespace. Its parts are its attributes, but for those that it computes.

    `given` has the fields that `__init__` takes, each with its name there, and `settings` those declared to be whole
    numbers or flags; `computes` says whether `__init__` makes other attributes of them. `defaults` has the values of
    fields that `__init__` neither takes nor assigns, which the class has.
    """

    def __init__(
        self,
        cls: Any,
        given: dict[str, str],
        settings: frozenset[str],
        computes: bool,
        defaults: Mapping[str, Any] = {},
    ) -> None:
        super().__init__(cls)
        self.is_mapping = True
        self.given = given
        self.defaults = defaults
        self.settings = settings
        self.computes = computes
        self.new: Any = types.SimpleNamespace.__new__ if issubclass(cls, types.SimpleNamespace) else object.__new__

    def parts_of(self, value: Any) -> tuple[Any, Sequence[Any], Sequence[Any]] | None:
        found = {**self.defaults, **dict(attributes_of(value))}
        if holds_itself(value, found.values()):
            return None
        computed = [name for name in found if name not in self.given] if self.computes else []
        way: Way = self
        if computed:
            why = self.difference(found, computed)
            if why:
                way = Unmade(self.cls, why)
            else:
                found = {name: found[name] for name in self.given if name in found}
        names = tuple(found)
        fixed = {name: part for name, part in found.items() if name in self.settings and type(part) in (int, bool)}
        keys = [name for name in names if name not in fixed]
        rest = (names, fixed, bool(computed)) if fixed or computed else None
        return Kind(way, 0, rest), [attribute(name) for name in keys], [found[name] for name in keys]

    def difference(self, found: dict[str, Any], computed: list[str]) -> str:
        """The reason why these attributes are not what the class computes of its fields; empty if they are."""
        try:
            again = self.computed_of({name: found[name] for name in self.given if name in found})
        except Exception as error:
            return f"its __init__ raises {type(error).__name__}: {error}"
        attributes = dict(attributes_of(again))
        changed = [name for name in computed if name not in attributes or not are_alike(found[name], attributes[name])]
        return f"{', '.join(changed)} can't be computed anew by its __init__" if changed else ""

    def computed_of(self, given: dict[str, Any]) -> Any:
        """The object that `__init__` makes of these fields."""
        return self.cls(**{self.given[name]: part for name, part in given.items()})

    def made(self, kind: Kind, keys: Sequence[Any], parts: list[Any]) -> Any:
        found = {key.name: part for key, part in zip(keys, parts, strict=True)}
        if kind.rest is None:
            return with_attributes(self.new(self.cls), found)
        names, fixed, computed = kind.rest
        found |= fixed
        if computed:
            return self.computed_of(found)
        return with_attributes(self.new(self.cls), {name: found[name] for name in names})


class Wrapped(Way):
    """A class that behaves as a mapping or sequence and keeps its items in one attribute, a dict or a list."""

    def parts_of(self, value: Any) -> tuple[Any, Sequence[Any], Sequence[Any]] | None:
        is_mapping = isinstance(value, Mapping)
        attributes = dict(attributes_of(value))
        stores = [name for name, part in attributes.items() if type(part) is (dict if is_mapping else list)]
        stores = [name for name in stores if holds_the_items(attributes[name], value)]
        if len(stores) != 1:
            if is_mapping:
                way = Unmade(self.cls, "nothing says where it keeps its items")
                return Kind(way, len(value)), list(value), [value[key] for key in value]
            return None
        store = attributes.pop(stores[0])
        keys = [*(store if is_mapping else range(len(store))), *[attribute(name) for name in attributes]]
        items = [*(store.values() if is_mapping else store), *attributes.values()]
        return Kind(self, len(store), stores[0]), keys, items

    def made(self, kind: Kind, keys: Sequence[Any], parts: list[Any]) -> Any:
        items = parts[: kind.count]
        store = dict(zip(keys, items, strict=False)) if issubclass(self.cls, Mapping) else items
        attributes = dict(zip(keys[kind.count :], parts[kind.count :], strict=True))
        return with_attributes(object.__new__(self.cls), {kind.rest: store} | attributes)


class Proxy(Way):
    """A view of a mapping, through which it can't be changed."""

    def parts_of(self, value: Any) -> tuple[Any, Sequence[Any], Sequence[Any]] | None:
        return Kind(self, len(value)), list(value), list(value.values())

    def made(self, kind: Kind, keys: Sequence[Any], parts: list[Any]) -> Any:
        return self.cls(dict(zip(keys, parts, strict=True)))


class Registered(Way):
    """A class that was registered."""

    def __init__(self, cls: Any, take_apart: Callable[..., Any], put_together: Callable[..., Any]) -> None:
        super().__init__(cls)
        self.take_apart = take_apart
        self.put_together = put_together

    def parts_of(self, value: Any) -> tuple[Any, Sequence[Any], Sequence[Any]] | None:
        found = self.take_apart(value)
        if not isinstance(found, tuple) or len(found) != 2:
            raise OperandError(
                f"take_apart of the registered container {self.cls.__name__} must return (parts, rest), got "
                f"{type(found).__name__} {found!r:.60}"
            )
        parts = list(found[0])
        return Kind(self, len(parts), found[1]), range(len(parts)), parts

    def made(self, kind: Kind, keys: Sequence[Any], parts: list[Any]) -> Any:
        return self.put_together(kind.rest, parts)


class Unmade(Way):
    """A class, or one object of it, that no other one can be made like, and the reason."""

    def __init__(self, cls: Any, why: str) -> None:
        super().__init__(cls)
        self.why = why

    def made(self, kind: Kind, keys: Sequence[Any], parts: list[Any]) -> Any:
        raise no_other(self.cls, self.why)


@functools.lru_cache(maxsize=1024)
def way_of(cls: Any) -> Way | None:
    """The way of a class of containers; None if its objects are no containers."""
    if cls in _registered:
        return _registered[cls]
    for base in BASES:
        if issubclass(cls, base):
            return Items(cls, base)
    if issubclass(cls, (Node, str, bytes, float, int, type)):
        return None
    fields = fields_of_dataclass(cls) or fields_of_attrs(cls)
    if fields is not None:
        return fields
    if issubclass(cls, types.SimpleNamespace):
        return Fields(cls, {}, frozenset(), False)
    if cls is types.MappingProxyType:
        return Proxy(cls)
    return Wrapped(cls) if issubclass(cls, (Mapping, Sequence)) else None


def fields_of_dataclass(cls: Any) -> Fields | None:
    """The way of a dataclass; None for other classes."""
    if not hasattr(cls, "__dataclass_fields__"):
        return None
    # Imported on use: it takes a fifteenth of the time that importing this package does.
    import dataclasses

    fields = dataclasses.fields(cls)
    given = {field.name: field.name for field in fields if field.init}
    computes = hasattr(cls, "__post_init__")
    defaults = {field.name: field.default for field in fields if not (field.init or computes)}
    defaults = {name: default for name, default in defaults.items() if default is not dataclasses.MISSING}
    return Fields(cls, given, settings_among(fields), computes, defaults)


def fields_of_attrs(cls: Any) -> Fields | None:
    """The way of a class made by attrs; None for other classes."""
    fields = cls.__dict__.get("__attrs_attrs__")
    if fields is None:
        return None
    given = {field.name: getattr(field, "alias", None) or field.name.lstrip("_") for field in fields if field.init}
    computes = len(given) < len(fields) or hasattr(cls, "__attrs_post_init__")
    return Fields(cls, given, settings_among(fields), computes)


def settings_among(fields: Iterable[Any]) -> frozenset[str]:
    """The names of the fields that are declared to be whole numbers or flags."""
    return frozenset([field.name for field in fields if isinstance(field.type, (type, str)) and field.type in SETTINGS])


def holds_the_items(store: Any, value: Any) -> bool:
    """Whether a dict or list has the items of another container, in their order."""
    if len(store) != len(value):
        return False
    if isinstance(store, dict):
        return list(store) == list(value) and all([value[key] is item for key, item in store.items()])
    return all([value[place] is item for place, item in enumerate(store)])


def are_alike(one: Any, other: Any) -> bool:
    """Whether two values are the same numbers in the same containers; nodes are compared by value, undecided."""
    if one is other:
        return True
    if isinstance(one, (Node, float)) and isinstance(other, (Node, float)):
        return value_of(one) == value_of(other) or (
            value_of(one) != value_of(one) and value_of(other) != value_of(other)
        )
    if type(one) is not type(other):
        return False
    numpy = numpy_if_imported()
    if numpy is not None and isinstance(one, numpy.ndarray):
        return one.shape == other.shape and all(map(are_alike, one.ravel().tolist(), other.ravel().tolist()))
    found, expected = parts_of(one), parts_of(other)
    if found is None or expected is None:
        return bool(one == other)
    return list(found[1]) == list(expected[1]) and all(map(are_alike, found[2], expected[2]))


def holds_itself(value: Any, parts: Iterable[Any]) -> bool:
    """Whether an object stands among its own parts, or theirs: a leaf, for no walk through it would end."""
    pending = [part for part in parts if type(part) not in WITHOUT_PARTS]
    met = set()
    while pending:
        part = pending.pop()
        if part is value:
            return True
        if id(part) not in met:
            met.add(id(part))
            cls: Any = type(part)
            has_fields = isinstance(way_of(cls), Fields)
            found = [part for _, part in attributes_of(part)] if has_fields else inner_parts(part)
            pending += [inner for inner in found if type(inner) not in WITHOUT_PARTS]
    return False


def inner_parts(value: Any) -> Sequence[Any]:
    """The parts of a container without fields; none of anything else."""
    found = None if isinstance(value, Node) else parts_of(value)
    return () if found is None else found[2]


def dict_of(value: Any) -> Any:
    """The attributes of an object that are not in slots, whatever `__getattr__` its class has."""
    return object.__getattribute__(value, "__dict__")


def attributes_of(value: Any) -> list[tuple[str, Any]]:
    """The attributes that an object has for itself, by name, without results that are only kept."""
    cls: Any = type(value)
    found: list[tuple[str, Any]] = []
    if cls.__dictoffset__ != 0:
        for name, part in dict_of(value).items():
            is_kept = isinstance(getattr(cls, name, None), functools.cached_property)
            if not is_kept and not (name.startswith("__") and name.endswith("__")):
                found.append((name, part))
    for name, slot in slots_of(cls):
        try:
            found.append((name, slot.__get__(value, cls)))
        except AttributeError:
            # Never set.
            continue
    return found


@functools.lru_cache(maxsize=1024)
def slots_of(cls: Any) -> list[tuple[str, Any]]:
    """The slots of the objects of a class, by name."""
    members: list[tuple[str, Any]] = []
    for base in reversed(cls.__mro__):
        members += [item for item in vars(base).items() if isinstance(item[1], types.MemberDescriptorType)]
    return [(name, slot) for name, slot in members if name not in ("__dict__", "__weakref__")]


def with_attributes(made: Any, attributes: dict[Any, Any]) -> Any:
    """The object with these attributes, whatever its class makes of an assignment; keys are names or `Attribute`."""
    cls: Any = type(made)
    slots = dict(slots_of(cls))
    for key, part in attributes.items():
        name = key.name if isinstance(key, Attribute) else key
        if name in slots:
            slots[name].__set__(made, part)
        else:
            dict_of(made)[name] = part
    return made
