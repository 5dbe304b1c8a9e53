"""What is fixed in a recording: calls share one only if no function could tell them apart."""

import datetime
import enum
import functools
import logging
import random
import sys
import threading
import types
from collections import deque, namedtuple
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from autograd import Variable, grad, jit, no_grad, value_and_grad, vmap
from autograd.program.recording.fixed_parts import LEVELS, NUMBERS, PARTS, key_of_fixed


@dataclass(frozen=True)
class Option:
    n: object


class Named:
    """Equal and hashed by its name, whatever else it has."""

    def __init__(self, name, factor):
        self.name = name
        self.factor = factor

    def __eq__(self, other):
        return self.name == other.name

    def __hash__(self):
        return hash(self.name)


class Slotted:
    __slots__ = ("factor",)

    def __init__(self, factor):
        self.factor = factor

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


class Choice(enum.Enum):
    FIRST = 1
    SECOND = 2


Pair = namedtuple("Pair", "a b")
DAY = datetime.datetime(2020, 10, 25, 2, 30)

# Pairs that Python takes for equal, and what tells them apart.
DIFFERENT = {
    "int and float": (Option(2), Option(2.0), lambda o: isinstance(o.n, int)),
    "int and bool": (Option(1), Option(True), lambda o: isinstance(o.n, bool)),
    "sign of zero": (Slotted(0.0), Slotted(-0.0), lambda o: str(o.factor) == "-0.0"),
    "deep inside": (Option((1, (Option(1),))), Option((1, (Option(True),))), lambda o: str(o).count("True")),
    "frozenset": (frozenset({1}), frozenset({True}), lambda o: str(o) == "frozenset({1})"),
    "frozenset of zeros": (frozenset({0.0}), frozenset({-0.0}), lambda o: "-0.0" in str(o)),
    "keys": ({1: 2.0}, {True: 2.0}, lambda o: str(list(o)) == "[1]"),
    "keys within": ({(1, 2): 2.0}, {(True, 2): 2.0}, lambda o: str(list(o)) == "[(1, 2)]"),
    "complex": (complex(1.0, 0.0), complex(1.0, -0.0), lambda o: str(o.imag) == "-0.0"),
    "decimal": (Decimal("1.0"), Decimal("1.00"), lambda o: len(str(o))),
    "decimal zero": (Decimal("0"), Decimal("-0"), lambda o: len(str(o))),
    "range": (range(0), range(5, 5), lambda o: o.start),
    "range of one": (range(1, 2), range(1, 2, 7), lambda o: o.step),
    "fold": (DAY, DAY.replace(fold=1), lambda o: o.fold),
    "name only": (Named("a", 1.0), Named("a", 2.0), lambda o: o.factor),
    "slots": (Slotted(1.0), Slotted(2.0), lambda o: o.factor),
    "method": (Named("a", 1.0).__str__, Named("a", 2.0).__str__, lambda o: o.__self__.factor),
    "partial": (functools.partial(max, 1), functools.partial(max, True), lambda o: str(o.args) == "(1,)"),
    "int and Fraction": (Option(1), Option(Fraction(1)), lambda o: isinstance(o.n, int)),
    "enum": (Choice.FIRST, Choice.SECOND, lambda o: o.value),
    "scalar": (np.int32(1), np.int64(1), lambda o: o.itemsize),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_arguments_that_are_equal_but_not_the_same_have_recordings_of_their_own(name):
    one, other, aspect = DIFFERENT[name]

    def function(x, option):
        return x * aspect(option)

    fast, mapped = jit(function), vmap(function, in_axes=(0, None))
    assert aspect(one) != aspect(other)
    for option in (one, other, one):
        expected = 3.0 * aspect(option)
        assert fast(3.0, option) == fast(x=3.0, option=option) == grad(fast)(3.0, option) * 3.0 == expected
        assert list(mapped(np.array([3.0]), option)) == [expected]


SHARED = {
    "dataclasses": lambda: Option((1, "a", 2.5)),
    "nan": lambda: Option(float("nan")),
    "by value": lambda: Named("a", [1.0, {"b": 2}]),
    "frozensets": lambda: frozenset({"a"}),
    "decimals": lambda: Decimal("1.25"),
    "dates": lambda: (DAY.replace(second=1), datetime.date(2020, 1, 1), datetime.timedelta(1)),
    "fractions": lambda: Fraction(1, 3),
    "ranges": lambda: range(3),
    "big ints": lambda: 10**30,
}


@pytest.mark.parametrize("name", SHARED)
def test_arguments_that_are_the_same_share_a_recording(name):
    fast = jit(lambda x, option: x * 2.0)
    fast(1.0, SHARED[name]())
    fast(1.0, SHARED[name]())
    assert len(fast.paths) == 1


class Spring:
    """An object whose state a compiled function may depend on in many ways."""

    k = 2.0

    def __init__(self):
        self.offset = Variable(3.0)
        self.parts = [1.0, {"scale": 2.0}]
        self.table = np.array([1.0, 2.0])
        self.inner = Option([4.0])
        self.me = self

    def force(self, x):
        return self.k * x + self.offset + self.parts[0] * self.parts[1]["scale"] + self.me.table[0] + self.inner.n[0]

    def __call__(self, x):
        return self.force(x)

    @jit
    def decorated(self, x):
        return self.force(x)


CHANGES = {
    "attribute": lambda spring: setattr(spring, "k", 5.0),
    "another type": lambda spring: setattr(spring, "k", True),
    "variable replaced": lambda spring: setattr(spring, "offset", Variable(7.0)),
    "variable assigned": lambda spring: setattr(spring.offset, "value", 8.0),
    "list": lambda spring: spring.parts.__setitem__(0, 6.0),
    "dict": lambda spring: spring.parts[1].__setitem__("scale", -1.0),
    "array": lambda spring: spring.table.__setitem__(0, 9.0),
    "object within": lambda spring: spring.inner.n.__setitem__(0, 0.5),
    "attribute gone": lambda spring: (setattr(spring, "k", 5.0), delattr(spring, "k")),
    "nothing": lambda spring: None,
}


def called_with(fast, *first):
    """A function of one more argument, behind the first ones."""
    return functools.partial(fast, *first)


def over_one_row(mapped):
    """A function of a number, computed as one row."""
    return lambda x: mapped(np.array([x]))[0]


HOLDERS = {
    "bound method": lambda spring: jit(spring.force),
    "vmap of a bound method": lambda spring: over_one_row(vmap(spring.force)),
    "callable object": jit,
    "vmap of a callable object": lambda spring: over_one_row(vmap(spring)),
    "partial": lambda spring: jit(functools.partial(Spring.force, spring)),
    "argument": lambda spring: called_with(jit(Spring.force), spring),
    "argument in a tuple": lambda spring: called_with(jit(lambda pair, x: pair[0].force(x)), (spring,)),
    "decorated": lambda spring: spring.decorated,
    "value of a gradient": lambda spring: lambda x, fast=jit(value_and_grad(spring.force)): fast(x)[0],
    "within another": lambda spring: jit(jit(spring.force)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_change_of_what_an_object_holds_is_noticed(holder, change):
    spring = Spring()
    fast = HOLDERS[holder](spring)
    with no_grad():
        assert fast(2.0) == spring.force(2.0).value == 14.0
        CHANGES[change](spring)
        assert fast(2.0) == spring.force(2.0).value


def test_derivatives_of_a_method_follow_its_object():
    spring = Spring()
    fast = jit(spring.force)
    assert grad(fast)(1.0) == 2.0
    spring.k = 5.0
    assert grad(fast)(1.0) == grad(jit(grad(lambda x: fast(x) * x)))(1.0) / 2.0 == 5.0
    total = vmap(spring.force, reduce="sum")
    assert list(grad(total)(np.array([1.0, 2.0]))) == [5.0, 5.0]
    spring.k = 6.0
    assert list(grad(total)(np.array([1.0, 2.0]))) == [6.0, 6.0]


class Remembers:
    def force(self, x):
        self.last = x * 2.0
        return self.last


def test_nodes_that_a_method_stores_in_its_object_make_no_more_recordings():
    fast = jit(Remembers().force)
    assert [fast(float(x)) for x in range(10)] == [2.0 * x for x in range(10)]
    assert len(fast.paths) <= 2


class Equipped:
    def __init__(self):
        self.log = logging.getLogger("equipped")
        self.lock = threading.RLock()
        self.random = random.Random(0)
        self.values = SimpleNamespace(k=2.0, recent=deque([1.0]))

    def force(self, x):
        return self.values.k * x + self.values.recent[0]


def test_loggers_locks_and_the_like_are_not_looked_into():
    equipped = Equipped()
    fast = jit(equipped.force)
    for name in range(3):
        logging.getLogger(f"equipped.{name}").isEnabledFor(10)
        equipped.log.isEnabledFor(name)
        equipped.random.random()
        assert fast(1.0) == 3.0
    assert len(fast.paths) == 1
    equipped.values.k = 3.0
    equipped.values.recent.appendleft(5.0)
    assert fast(1.0) == 8.0


@pytest.mark.parametrize("bound", [True, False])
def test_an_object_that_changes_at_every_call_is_named_in_the_warning(bound):
    spring = Spring()
    fast = jit(spring.force, max_paths=3) if bound else jit(Spring.force, max_paths=3)
    named = (
        r"reads besides its arguments changed 3 times \(the last: Spring.k\)"
        if bound
        else r"argument 0 had 4 \(the last: Spring"
    )
    with no_grad():
        for k in range(3):
            spring.k = float(k)
            fast(*[spring][bound:], 2.0)
        spring.k = 9.0
        with pytest.warns(RuntimeWarning, match=named):
            assert fast(*[spring][bound:], 2.0) == spring.force(2.0).value


def test_what_is_too_large_stands_for_itself():
    many = Named("a", list(range(PARTS + 5)))
    assert key_of_fixed(many) == key_of_fixed(many) != key_of_fixed(Named("a", list(range(PARTS + 4))))
    table = np.zeros(NUMBERS + 1)
    assert key_of_fixed(Option(table)) == key_of_fixed(Option(table)) != key_of_fixed(Option(table.copy()))
    chain = Option(None)
    for _ in range(10 * LEVELS):
        chain = Option(chain)
    assert key_of_fixed(chain) == key_of_fixed(chain)


@dataclass(frozen=True, eq=False)
class Ring:
    parts: list = field(default_factory=list)


def test_an_object_may_hold_itself():
    ring = Ring()
    ring.parts.extend([ring, 2.0])
    fast = jit(lambda x, ring: x * ring.parts[0].parts[1])
    assert fast(1.0, ring) == 2.0
    ring.parts[1] = 3.0
    assert fast(1.0, ring) == 3.0


class Attributed(dict):
    __getattr__ = dict.__getitem__


class Unasked:
    @property
    def dtype(self):
        raise RuntimeError("asked for its dtype")


def test_objects_that_answer_for_any_attribute_are_taken_as_they_are():
    assert jit(lambda p: p["w"] * 2.0)(Attributed(w=3.0)) == 6.0
    assert jit(lambda x, unasked: x * 2.0)(3.0, Unasked()) == 6.0
    assert jit(grad(lambda p: p["w"] * 2.0))(Attributed(w=3.0)) == {"w": 2.0}
    assert list(vmap(lambda p, x: p["w"] * x, in_axes=(None, 0))(Attributed(w=3.0), np.array([1.0, 2.0]))) == [3.0, 6.0]


def test_pairs_keep_their_type():
    assert jit(lambda p: p.a * p.b)(Pair(2.0, 3)) == 6.0


@pytest.mark.parametrize("module", ["numpy", "numpy.ma"])
def test_another_thread_may_be_importing_numpy(module, monkeypatch):
    table = {"k": [2.0, 3.0]}
    monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    fast = jit(grad(lambda x: x * x * table["k"][0]))
    assert fast(1.0) == 4.0
    table["k"][0] = 5.0
    assert fast(1.0) == 10.0
