"""Containers of numbers, each kind with a maker; and what they hold, told by plain Python alone."""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from autograd import register_container

Point = collections.namedtuple("Point", "x y")


class Weights(list):
    pass


class Pair(tuple):
    """A tuple whose class takes its items one by one."""

    __slots__ = ()

    def __new__(cls, x, y):
        return tuple.__new__(cls, (x, y))


class Spot(collections.namedtuple("Spot", "x y")):
    """A named tuple with a `__new__` and an attribute of its own."""

    def __new__(cls, both):
        return super().__new__(cls, *both)


class Attributed(dict):
    __getattr__ = dict.__getitem__


class ItsOwnAttributes(dict):
    def __init__(self, *args, **items):
        super().__init__(*args, **items)
        self.__dict__ = self


class Lowered(dict):
    """A dict that changes keys and checks items when they are set."""

    def __setitem__(self, key, item):
        raise AssertionError("set anew")


class Settings(Mapping):
    """A mapping of a user's own, which is no dict."""

    def __init__(self, **items):
        self.items_by_name = items

    def __getitem__(self, key):
        return self.items_by_name[key]

    def __iter__(self):
        return iter(self.items_by_name)

    def __len__(self):
        return len(self.items_by_name)


@dataclass
class Spring:
    stiffness: float
    length: float
    name: str = "spring"
    turns: int = 3
    held: bool = True
    note: object = None

    def __post_init__(self):
        if isinstance(self.stiffness, float) and self.stiffness > 1e6:
            raise ValueError("too stiff")

    @functools.cached_property
    def sum(self):
        return self.stiffness + self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    low: float
    high: float
    mode: str | None = None


@dataclass
class Rectangle:
    width: float
    height: float
    area: float = field(init=False)

    def __post_init__(self):
        self.area = self.width * self.height


@dataclass
class Unset:
    """A dataclass with a number that its `__init__` neither takes nor assigns."""

    low: float
    step: float = field(init=False, default=5.0)


@dataclass
class Open:
    """A dataclass whose objects get further attributes from outside."""

    low: float


class OfAttrs:
    """As a class that attrs makes: it says what its fields are."""

    __attrs_attrs__ = (
        types.SimpleNamespace(name="x", init=True, type=float, alias="x"),
        types.SimpleNamespace(name="_y", init=True, type=float, alias="y"),
    )

    def __init__(self, x, y):
        self.x = x
        self._y = y


class Line:
    """A class that is registered."""

    def __init__(self, slope, start, colour):
        self.points = {1: slope, 0: start}
        self.colour = colour


register_container(
    Line, lambda line: ((line.points[1], line.points[0]), line.colour), lambda rest, parts: Line(*parts, rest)
)


def with_attribute(made, **attributes):
    """The object with further attributes."""
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


# Each makes a container of two numbers, which may stand in it more than once.
CONTAINERS = {
    "list": lambda x, y: [x, y],
    "tuple": lambda x, y: (x, y),
    "named tuple": Point,
    "named tuple with its own __new__": lambda x, y: with_attribute(Spot((x, y)), weight=x),
    "dict": lambda x, y: {"a": x, 2: y},
    "ordered dict": lambda x, y: collections.OrderedDict(b=x, a=y),
    "default dict": lambda x, y: collections.defaultdict(float, a=x, b=y),
    "counter": lambda x, y: collections.Counter(a=x, b=y),
    "dict with attribute access": lambda x, y: Attributed(a=x, dtype=y),
    "dict that is its attributes": lambda x, y: ItsOwnAttributes(a=x, b=y),
    "dict that sets otherwise": lambda x, y: Lowered(a=x, b=y),
    "dict with attributes": lambda x, y: with_attribute(Attributed(a=x), b=y, c=None),
    "mapping proxy": lambda x, y: types.MappingProxyType({"a": x, "b": y}),
    "user's mapping": lambda x, y: Settings(a=x, b=y),
    "user dict": lambda x, y: collections.UserDict(a=x, b=y),
    "user list": lambda x, y: collections.UserList([x, y]),
    "deque": lambda x, y: collections.deque([x, y], 5),
    "subclass of list": lambda x, y: Weights([x, y]),
    "list with attributes": lambda x, y: with_attribute(Weights([x]), scale=y, name="w"),
    "subclass of tuple": Pair,
    "dataclass": Spring,
    "dataclass with more attributes": lambda x, y: with_attribute(Open(x), more=[y]),
    "frozen dataclass": lambda x, y: Frozen(low=x, high=y),
    "dataclass that computes": Rectangle,
    "class of attrs": OfAttrs,
    "namespace": lambda x, y: types.SimpleNamespace(a=x, b=y, name="n"),
    "registered": lambda x, y: Line(x, y, "blue"),
    "array": lambda x, y: np.array([x, y]),
    "array of objects": lambda x, y: np.array([[x], [y]], dtype=object),
    "array without axes": lambda x, y: [np.array(x), np.array(y, dtype=object)],
    "nested": lambda x, y: {
        "a": [x, (Point(y, np.array([x, y])),)],
        "b": types.MappingProxyType({(1, 2): Settings(y=y)}),
        "c": Spring(x, [Frozen(low=y, high=None)]),
    },
    "with empty ones": lambda x, y: [[], x, (), {}, {"a": ()}, np.zeros((0, 2)), y, Weights(), None, "text", len],
}


def taken(tree):
    """The parts of a container, and the function that makes another of other parts; None for a leaf."""
    kind = type(tree)
    if kind is Spring:
        rest = {"name": tree.name, "turns": tree.turns, "held": tree.held, "note": tree.note}
        return [tree.stiffness, tree.length], lambda parts: Spring(*parts, **rest)
    if kind is Frozen:
        return [tree.low, tree.high], lambda parts: Frozen(low=parts[0], high=parts[1], mode=tree.mode)
    if kind is Rectangle:
        return [tree.width, tree.height], lambda parts: Rectangle(*parts)
    if kind is OfAttrs:
        return [tree.x, tree._y], lambda parts: OfAttrs(*parts)
    if kind is Open:
        return [tree.low, tree.more], lambda parts: with_attribute(Open(parts[0]), more=parts[1])
    if kind is Line:
        return [tree.points[1], tree.points[0]], lambda parts: Line(*parts, tree.colour)
    if kind is types.SimpleNamespace:
        return [tree.a, tree.b], lambda parts: types.SimpleNamespace(a=parts[0], b=parts[1], name=tree.name)
    if kind is Spot:
        return [tree.x, tree.y, tree.weight], lambda parts: with_attribute(Spot(parts[:2]), weight=parts[2])
    if kind is Weights:
        own = list(vars(tree).items())
        parts = [*list(tree), *[item for _, item in own]]
        return parts, lambda parts: with_attribute(
            Weights(parts[: len(tree)]), **dict(zip(dict(own), parts[len(tree) :], strict=True))
        )
    if kind is Attributed:
        own = list(vars(tree))
        parts = [*tree.values(), *[vars(tree)[name] for name in own]]
        return parts, lambda parts: with_attribute(
            Attributed(zip(tree, parts, strict=False)), **dict(zip(own, parts[len(tree) :], strict=True))
        )
    if isinstance(tree, Mapping):
        keys = list(tree)
        if kind is collections.defaultdict:
            make = functools.partial(kind, tree.default_factory)
        elif kind is Settings:
            make = lambda items: Settings(**items)  # noqa: E731
        else:
            make = kind
        return list(tree.values()), lambda parts: make(dict(zip(keys, parts, strict=True)))
    if isinstance(tree, collections.deque):
        return list(tree), lambda parts: collections.deque(parts, tree.maxlen)
    if isinstance(tree, collections.UserList | list | tuple):
        return list(tree), lambda parts: kind(*parts) if kind in (Point, Pair) else kind(parts)
    return None


def numbers_in(tree):
    """The numbers of a tree in their order."""
    if isinstance(tree, np.ndarray):
        return list(tree.flat)
    found = taken(tree)
    if found is not None:
        return [number for part in found[0] for number in numbers_in(part)]
    return [] if tree is None or tree is len or isinstance(tree, str) else [tree]


def leaves_changed(tree, function):
    """The tree with the function of each leaf in its place."""
    found = taken(tree)
    if found is None:
        return function(tree)
    return found[1]([leaves_changed(part, function) for part in found[0]])


def in_floats(tree):
    """The same tree as it comes back: numbers as floats, arrays of floats, bools as such."""

    def as_float(leaf):
        if isinstance(leaf, np.ndarray):
            return leaf if leaf.dtype == bool else leaf.astype(float)
        return leaf if leaf is None or leaf is len or isinstance(leaf, str | bool) else float(leaf)

    return leaves_changed(tree, as_float)


def assert_same(found, expected):
    """Fail unless both are the same numbers in the same containers, of the same types, with the same attributes."""
    assert type(found) is type(expected), (found, expected)
    if isinstance(found, np.ndarray):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.ravel().tolist() == pytest.approx(expected.ravel().tolist())
        return
    parts = taken(found)
    if parts is None:
        assert found is expected or found == pytest.approx(expected) if isinstance(found, float) else found == expected
        return
    if isinstance(found, Mapping):
        assert list(found) == list(expected)
    others = taken(expected)[0]
    assert len(parts[0]) == len(others)
    for one, other in zip(parts[0], others, strict=True):
        assert_same(one, other)
    if isinstance(found, collections.defaultdict | collections.deque):
        assert repr(found).partition("[")[0][:20] == repr(expected).partition("[")[0][:20]
        assert getattr(found, "maxlen", None) == getattr(expected, "maxlen", None)
    if hasattr(found, "__dict__") and not isinstance(found, Mapping | collections.UserList):
        assert [name for name in vars(found) if name != "sum"] == [name for name in vars(expected) if name != "sum"]
