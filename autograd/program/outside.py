"""What functions read from outside, besides their arguments, and whether it is still what it was.

The code of a function names the variables around it and of its module that it reads. What such a variable has, and what
a container or an object holds, is a `Part`: looked at again, it is known to be the same in nanoseconds, for parts are
compared by identity, and whatever is within them has parts of its own.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = [
    "ArrayPart", "AttributesPart", "CellPart", "ClassPart", "DictPart", "ListPart", "NamePart", "NamedParts", "Part",
    "SetPart", "SlotsPart", "VariablePart", "is_of_user", "is_ours", "slots_of", "variables_of",
]  # fmt: skip

# What a variable has that was not assigned yet.
MISSING: Any = type("Missing", (), {})()


def differ(now: list[Any], old: list[Any]) -> bool:
    """Whether two lists hold different objects."""
    if len(now) != len(old):
        return True
    for place in range(len(now)):  # noqa: SIM110 - a loop in C
        if now[place] is not old[place]:
            return True
    return False


@cython.cclass
class Part:
    """What a `holder` held when it was looked at: `old`, a list if that was several things.

    `names` is the name of a variable, or those of what is left out of several things.
    """

    def __init__(self, holder: Any, names: Any = None) -> None:
        self.holder = holder
        self.names = names
        self.old = self.now()

    def now(self) -> Any:
        """What the holder holds now."""
        raise NotImplementedError

    def is_changed(self) -> bool:
        """Whether the holder holds anything else now."""
        now = self.now()
        return differ(now, self.old) if type(now) is list else now is not self.old

    def changes(self) -> list[tuple[Any, bool]]:
        """The names under which something has changed, None for the whole, and whether there was nothing before."""
        return [(None, False)]

    def described(self) -> str:
        """What has changed, for a message."""
        return f"a {type(self.holder).__name__}"


@cython.cclass
class VariablePart(Part):
    """A variable by its name."""

    def changes(self) -> list[tuple[Any, bool]]:
        return [(self.names, self.old is None or self.old is MISSING)]

    def described(self) -> str:
        return f"the variable {self.names!r}"


@cython.cclass
class CellPart(VariablePart):
    """A variable of the function around a function, by its cell."""

    def now(self) -> Any:
        try:
            return self.holder.cell_contents
        except ValueError:
            return MISSING


@cython.cclass
class NamePart(VariablePart):
    """A variable of a module, by its name in the module's dict."""

    def now(self) -> Any:
        return self.holder.get(self.names, MISSING)


@cython.cclass
class NamedParts(Part):
    """Several things by their names, but for those whose `names` are left out: first all names, then all values."""

    def held(self) -> Any:
        """All of them."""
        raise NotImplementedError

    def now(self) -> Any:
        held = self.held()
        if not self.names:
            return [*held.keys(), *held.values()]
        kept = [name for name in held if name not in self.names]
        return kept + [held[name] for name in kept]

    def pairs(self) -> list[tuple[Any, Any]]:
        """The names and values, as they were looked at."""
        count = len(self.old) // 2
        return list(zip(self.old[:count], self.old[count:], strict=True))

    def changes(self) -> list[tuple[Any, bool]]:
        old, held = dict(self.pairs()), self.held()
        names = [name for name in {**old, **held} if name not in self.names]
        return [
            (name, old.get(name) is None) for name in names if old.get(name, MISSING) is not held.get(name, MISSING)
        ]


@cython.cclass
class DictPart(NamedParts):
    """Keys and values of a dict."""

    def held(self) -> Any:
        return self.holder


@cython.cclass
class ListPart(Part):
    """Items in a row."""

    def now(self) -> Any:
        return list(self.holder)

    def is_changed(self) -> bool:
        # Without a copy of what may be long.
        return differ(self.holder if type(self.holder) is list else self.now(), self.old)


@cython.cclass
class SetPart(Part):
    """Items of a set."""

    def now(self) -> Any:
        return set(self.holder)

    def is_changed(self) -> bool:
        return bool(self.now() != self.old)


@cython.cclass
class ArrayPart(Part):
    """Numbers or objects in an array of NumPy's."""

    def now(self) -> Any:
        array = self.holder
        return array.ravel().tolist() if array.dtype.hasobject else (array.tobytes(), array.shape, array.dtype)

    def is_changed(self) -> bool:
        return differ(self.now(), self.old) if type(self.old) is list else bool(self.now() != self.old)


@cython.cclass
class AttributesPart(NamedParts):
    """Attributes that an object has for itself, in its dict."""

    def held(self) -> Any:
        return self.holder.__dict__

    def described(self) -> str:
        owner = self.holder if isinstance(self.holder, type) else type(self.holder)
        changes = self.changes()
        return f"{owner.__name__}.{changes[0][0] if changes else '__dict__'}"


@cython.cclass
class SlotsPart(AttributesPart):
    """Attributes that an object has in slots."""

    def held(self) -> Any:
        kind: Any = type(self.holder)
        names = slots_of(kind)
        return {name: value for name in names if (value := getattr(self.holder, name, MISSING)) is not MISSING}


@cython.cclass
class ClassPart(AttributesPart):
    """Attributes of a class."""

    def held(self) -> Any:
        return vars(self.holder)


@functools.lru_cache(maxsize=256)
def slots_of(kind: Any) -> tuple[str, ...]:
    """The names that the classes of an object declare in `__slots__`."""
    found: list[str] = []
    for base in kind.__mro__:
        names = base.__dict__.get("__slots__", ())
        found += [names] if isinstance(names, str) else names
    return tuple([name for name in found if name not in ("__dict__", "__weakref__")])


def is_ours(module: str | None) -> bool:
    """Whether a module is of one of these packages."""
    return (module or "").partition(".")[0] in ("autograd", "layers", "viz")


@functools.lru_cache(maxsize=1024)
def is_of_user(module: str | None) -> bool:
    """Whether a module is the user's: not the standard library's, not installed, and none of these packages'."""
    top = (module or "").partition(".")[0]
    if top == "__main__":
        return True
    if is_ours(module) or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file


def variables_of(function: types.FunctionType) -> Iterator[Part]:
    """The variables that a function, or one within it, reads from around it, of its module and of the user's others.

    Of a function of this engine, which may call one of the user's, those around it.
    """
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield CellPart(cell, name)
    if not is_of_user(function.__globals__.get("__name__")):
        return
    variables = function.__globals__
    names = names_in(function.__code__)
    for name in names:
        value = variables.get(name, MISSING)
        if type(value) is types.ModuleType:
            if is_of_user(value.__name__):
                yield from [NamePart(vars(value), attribute) for attribute in names if attribute in vars(value)]
        elif value is not MISSING:
            yield NamePart(variables, name)


# The names in code, by the code, which is not kept alive.
_names: WeakKeyDictionary[types.CodeType, tuple[str, ...]] = WeakKeyDictionary()


def names_in(code: types.CodeType) -> tuple[str, ...]:
    """The names of global variables and of attributes in code, also in that of functions within it."""
    known = _names.get(code)
    if known is None:
        names = dict.fromkeys(code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                names |= dict.fromkeys(names_in(constant))
        known = _names[code] = tuple(names)
    return known
