"""What functions read from outside, besides their arguments, and whether it is still what it was.

The code of a function names the variables around it and of its module that it reads. What such a variable has, and what
a container or an object holds, is a `Part`: looked at again, it is known to be the same in nanoseconds, for parts are
compared by identity, in place where compiled, and whatever is within them has parts of its own.
"""

from __future__ import annotations

import builtins
import functools
import opcode
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
    "ArrayPart", "AttributesPart", "BytesPart", "CellPart", "ClassPart", "ContextPart", "DictPart", "FactoryPart",
    "FunctionPart", "ListPart", "LocalPart", "NamePart", "NamedParts", "Part", "SlotsPart", "VariablePart",
    "is_of_user", "is_ours", "slots_of", "variables_of",
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

    def changes(self) -> list[tuple[Any, Any, Any]]:
        """The names under which something has changed, what was there, and what is; None for the name of the whole."""
        return [(None, self.old, self.holder)]

    def described(self) -> str:
        """What has changed, for a message."""
        return f"a {type(self.holder).__name__}"


@cython.cclass
class VariablePart(Part):
    """A variable by its name."""

    def changes(self) -> list[tuple[Any, Any, Any]]:
        return [(self.names, self.old, self.now())]

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
class ContextPart(Part):
    """The value of a context variable, in the context of the call."""

    def now(self) -> Any:
        return self.holder.get(MISSING)


@cython.cclass
class FactoryPart(Part):
    """What a `defaultdict` makes values with."""

    def now(self) -> Any:
        return self.holder.default_factory


@cython.cclass
class FunctionPart(Part):
    """Code, defaults and attributes of a function, which reloaders assign to those that there are."""

    def now(self) -> Any:
        function = self.holder
        return [function.__code__, function.__defaults__, function.__kwdefaults__, function.__dict__ or None]

    def is_changed(self) -> bool:
        if not cython.compiled:
            return differ(self.now(), self.old)
        function = cython.cast("FunctionObject*", cython.cast("void*", self.holder))
        old = self.old
        return not (
            shows(function.func_code, old[0])  # type: ignore[name-defined]  # noqa: F821
            and shows(function.func_defaults, old[1])  # type: ignore[name-defined]  # noqa: F821
            and shows(function.func_kwdefaults, old[2])  # type: ignore[name-defined]  # noqa: F821
            and shows(filled(function.func_dict), old[3])  # type: ignore[name-defined]  # noqa: F821
        )

    def changes(self) -> list[tuple[Any, Any, Any]]:
        now = self.now()
        if differ(now[:3], self.old[:3]) or self.old[3] is not None or now[3] is None:
            return Part.changes(self)
        return [(name, MISSING, value) for name, value in now[3].items()]


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

    def is_changed(self) -> bool:
        if not cython.compiled:
            # Another thread may run, and add a name, before the next turn of a loop.
            return differ(self.now(), self.old)
        names, old = self.names, self.old
        count = len(old) // 2
        place = 0
        for name, value in self.held().items():
            if names and name in names:
                continue
            if place == count or name is not old[place] or value is not old[count + place]:
                return True
            place += 1
        return place != count

    def pairs(self) -> list[tuple[Any, Any]]:
        """The names and values, as they were looked at."""
        count = len(self.old) // 2
        return list(zip(self.old[:count], self.old[count:], strict=True))

    def changes(self) -> list[tuple[Any, Any, Any]]:
        old, held = dict(self.pairs()), self.held()
        changes = [(name, old.get(name, MISSING), held.get(name, MISSING)) for name in {**old, **held}]
        return [change for change in changes if change[1] is not change[2] and change[0] not in self.names]


@cython.cclass
class DictPart(NamedParts):
    """Keys and values of a dict."""

    def held(self) -> Any:
        return self.holder


@cython.cclass
class LocalPart(NamedParts):
    """What a `threading.local` holds for the thread of the call."""

    def held(self) -> Any:
        return self.holder.__dict__


@cython.cclass
class ListPart(Part):
    """Items in a row, or of a set, whose order is the same until it is changed."""

    def now(self) -> Any:
        return list(self.holder)

    def is_changed(self) -> bool:
        # Without a copy of what may be long.
        return differ(self.holder if type(self.holder) is list else self.now(), self.old)


@cython.cclass
class BytesPart(Part):
    """The bytes of what shows its memory."""

    def now(self) -> Any:
        return bytes(self.holder)

    def is_changed(self) -> bool:
        return bool(self.now() != self.old)


@cython.cclass
class ArrayPart(Part):
    """Numbers or objects in an array of NumPy's."""

    def now(self) -> Any:
        array = self.holder
        return array.ravel().tolist() if array.dtype.hasobject else (array.tobytes(), array.shape, array.dtype)

    def is_changed(self) -> bool:
        if type(self.old) is list:
            return differ(self.now(), self.old)
        numbers, shape, dtype = self.old
        if cython.compiled:
            array = cython.cast("NumpyArray*", cython.cast("void*", self.holder))
            if array.flags & 1:  # C-contiguous: its memory is what it was as bytes.
                if not shows(array.descr, dtype) or array.nd != len(shape):  # type: ignore[name-defined]  # noqa: F821
                    return True
                for axis in range(array.nd):
                    if array.dimensions[axis] != shape[axis]:
                        return True
                first = cython.cast("char*", numbers)
                return bool(memcmp(array.data, first, len(numbers)) != 0)  # type: ignore[name-defined]  # noqa: F821
        return bool(self.now() != self.old)


@cython.cclass
class AttributesPart(NamedParts):
    """Attributes that an object has for itself, in its dict, and its class."""

    def __init__(self, holder: Any, names: Any = None) -> None:
        Part.__init__(self, holder, names)
        self.above = self.above_now()

    def held(self) -> Any:
        # The classes' own property `__dict__` does the same.
        return dict_of_object(self.holder) if cython.compiled else self.holder.__dict__  # type: ignore[name-defined]  # noqa: F821

    def above_now(self) -> Any:
        """What has the attributes that are not its own."""
        return type(self.holder)

    def is_changed(self) -> bool:
        return self.above_now() is not self.above or NamedParts.is_changed(self)

    def described(self) -> str:
        owner = self.holder if isinstance(self.holder, type) else type(self.holder)
        changes = self.changes()
        return f"{owner.__name__}.{changes[0][0] if changes else '__dict__'}"


@cython.cclass
class SlotsPart(AttributesPart):
    """Attributes that an object has in slots."""

    def __init__(self, holder: Any, names: Any = None) -> None:
        AttributesPart.__init__(self, holder, names)
        kind: Any = type(holder)
        self.slots = slots_of(kind)

    def is_changed(self) -> bool:
        if not cython.compiled:
            return AttributesPart.is_changed(self)
        holder, names, old = self.holder, self.names, self.old
        if type(holder) is not self.above:
            return True
        count = len(old) // 2
        place = 0
        for name, slot in self.slots:
            there = in_slot(holder, slot)  # type: ignore[name-defined]  # noqa: F821
            if not there or (names and name in names):
                continue
            if place == count or name is not old[place] or not shows(there, old[count + place]):  # type: ignore[name-defined]  # noqa: F821
                return True
            place += 1
        return place != count

    def held(self) -> Any:
        held = {}
        kind: Any = type(self.holder)
        for name, slot in slots_of(kind):
            # Without `suppress`, which takes several times as long as the rest.
            try:
                held[name] = slot.__get__(self.holder)
            except AttributeError:
                continue
        return held


@cython.cclass
class ClassPart(AttributesPart):
    """Attributes of a class, and its bases."""

    def held(self) -> Any:
        if cython.compiled and isinstance(self.holder, type):
            return dict_of_class(self.holder)  # type: ignore[name-defined]  # noqa: F821
        return vars(self.holder)

    def above_now(self) -> Any:
        return self.holder.__bases__


@functools.lru_cache(maxsize=256)
def slots_of(kind: Any) -> tuple[tuple[str, Any], ...]:
    """The slots that the user's classes of an object declare, by their names, mangled where these are private."""
    bases = [base for base in reversed(kind.__mro__) if is_of_user(base.__module__)]
    # Members of classes written in C, without `__slots__`, may be other objects each time that they are asked for.
    found = {
        name: slot
        for base in bases
        for name, slot in vars(base).items()
        if type(slot) is types.MemberDescriptorType
        and issubclass(kind, slot.__objclass__)
        and "__slots__" in vars(slot.__objclass__)
    }
    return tuple(found.items())


def is_ours(module: str | None) -> bool:
    """Whether a module is of one of these packages."""
    return (module or "").partition(".")[0] in ("autograd", "layers", "viz")


@functools.lru_cache(maxsize=1024)
def is_of_user(module: str | None) -> bool:
    """Whether a module is the user's: not the standard library's, not installed, and none of these packages'."""
    if module is not None and not isinstance(module, str):
        # A class written in C may show what its instances have as `__module__`.
        return False
    top = (module or "").partition(".")[0]
    if top == "__main__":
        return True
    if is_ours(module) or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file


def variables_of(function: types.FunctionType, absent: list[tuple[Any, str]]) -> Iterator[Part]:
    """The variables that a function, or one within it, reads from around it, of its module and of the user's others.

    Of a function of this engine, which may call one of the user's, those around it. Those of modules that there are not
    yet, but may be once the function comes to read them, are added to `absent`, with the dicts that will hold them.
    """
    modules = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        part = CellPart(cell, name)
        yield part
        modules.append(part.old)
    if not is_of_user(function.__globals__.get("__name__")):
        return
    variables = function.__globals__
    names = names_in(function.__code__)
    for name in names:
        value = variables.get(name, MISSING)
        if type(value) is types.ModuleType:
            modules.append(value)
        elif value is not MISSING:
            yield NamePart(variables, name)
        elif not hasattr(builtins, name) and name in outer_names_in(function.__code__):
            absent.append((variables, name))
            if name in sys.modules:
                modules.append(sys.modules[name])
            else:
                absent.append((sys.modules, name))
    met: set[str] = set()
    while modules:
        module = modules.pop()
        if type(module) is not types.ModuleType or module.__name__ in met or not is_of_user(module.__name__):
            continue
        met.add(module.__name__)
        held = vars(module)
        yield from [NamePart(held, name) for name in names if name in held]
        # Those of a package, of which a function reads `package.module.name`.
        modules += [held[name] for name in names if name in held]


# The names in code, by the code, which is not kept alive.
_names: WeakKeyDictionary[types.CodeType, tuple[str, ...]] = WeakKeyDictionary()
_outer_names: WeakKeyDictionary[types.CodeType, set[str]] = WeakKeyDictionary()


def names_in(code: types.CodeType) -> tuple[str, ...]:
    """The names of global variables and of attributes in code, also in that of functions within it."""
    known = _names.get(code)
    if known is None:
        names = dict.fromkeys(code.co_names)
        for inner in codes_in(code):
            names |= dict.fromkeys(names_in(inner))
        known = _names[code] = tuple(names)
    return known


def codes_in(code: types.CodeType) -> list[types.CodeType]:
    """The code of functions within code."""
    return [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]


def outer_names_in(code: types.CodeType) -> set[str]:
    """The names in code, also in that of functions within it, of variables of its module and of modules it imports.

    To let `dis` take code apart takes a hundred times as long, at each first call of a function.
    """
    known = _outer_names.get(code)
    if known is not None:
        return known
    load, extended, imports = [opcode.opmap[name] for name in ("LOAD_GLOBAL", "EXTENDED_ARG", "IMPORT_NAME")]
    names: set[str] = set()
    more = 0
    for operation, argument in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument |= more
        more = argument << 8 if operation == extended else 0
        if operation == load:
            # The lowest bit says whether it is called.
            names.add(code.co_names[argument >> 1])
        elif operation == imports:
            names.add(code.co_names[argument])
    known = _outer_names[code] = names.union(*[outer_names_in(inner) for inner in codes_in(code)])
    return known
