"""Modes in which operations run: the settings of a context, and the context managers that change them.

Operations are recorded not at all (`no_grad`), only if finite (`strict`), under a label (`scope`), with their line
(`source_lines`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, NamedTuple, Never, NoReturn, ParamSpec, TypeVar
from weakref import ref

from autograd.graph.callers import Line, caller, calling_frame
from autograd.operations.primitive import Origin, Primitive
from autograd.signatures import shown_as

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = [
    "Mode", "Scope", "current_mode", "enable_grad", "is_strict", "is_traced", "no_grad", "scope", "source_lines",
    "strict",
]  # fmt: skip


class Scope(NamedTuple):
    """The layer call that made a node: its label, a serial number unlike any other, the call around it.

    It never refers to the layer itself: nodes must not be part of a reference cycle.
    """

    label: str
    serial: int
    parent: Scope | None

    # A tuple's own methods follow the parents by calls within each other, as deep as scopes nest.

    def path(self) -> list[tuple[str, int]]:
        """The labels and serial numbers of this scope and all around it, the innermost first."""
        found = []
        scope: Scope | None = self
        while scope is not None:
            found.append((scope.label, scope.serial))
            scope = scope.parent
        return found

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Scope) and self.path() == other.path())

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.label, self.serial))

    def __repr__(self) -> str:
        return f"<scope {' in '.join([f'{label!r} ({serial})' for label, serial in self.path()])}>"


@cython.final
@cython.cclass
class Mode:
    """The settings of a context: what operations do there besides computing. A mode is never changed."""

    __slots__ = ("only_traces", "origins", "recording", "scope", "strict", "trace", "watch")

    recording: bool
    strict: bool
    scope: Scope | None
    trace: Any  # records the decisions of a function that is being compiled
    watch: Any  # is called with each new node
    origins: dict[Any, Any] | None  # where lines are recorded: the origins that nodes made there share
    only_traces: bool  # a function is being compiled, and all else is as without a mode

    def __init__(
        self,
        recording: bool = True,
        strict: bool = False,
        scope: Scope | None = None,
        trace: Any = None,
        watch: Any = None,
        origins: dict[Any, Any] | None = None,
    ) -> None:
        self.recording = recording
        self.strict = strict
        self.scope = scope
        self.trace = trace
        self.watch = watch
        self.origins = origins
        self.only_traces = (
            trace is not None and recording and not strict and scope is None and watch is None and origins is None
        )

    def settings(self) -> dict[str, Any]:
        """All of it by name."""
        return {
            "recording": self.recording, "strict": self.strict, "scope": self.scope, "trace": self.trace,
            "watch": self.watch, "origins": self.origins,
        }  # fmt: skip

    def but(self, **changes: Any) -> Mode:
        """The same mode, but for these settings."""
        return Mode(**(self.settings() | changes))

    def origin_of(self, primitive: Primitive) -> Origin:
        """The origin of a node that is made in a scope, or where lines are recorded."""
        if self.origins is None:
            return Origin(primitive, self.scope, None)
        if self.scope is not None:
            # Scopes are many: each call of a layer is another one.
            return Origin(primitive, self.scope, None, caller())
        frame = calling_frame()
        key = (primitive, frame.f_code.co_filename, frame.f_lineno)
        origin: Origin | None = self.origins.get(key)
        if origin is None:
            origin = self.origins[key] = Origin(primitive, None, None, Line(key[1], key[2]))
        return origin

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mode) and self.settings() == other.settings()

    __hash__ = None  # type: ignore[assignment]


@cython.final
@cython.cclass
class State:
    """The modes entered and not left, in all threads. While there are none an operation skips looking up its own.

    To look up a context variable costs as much as a whole operation.
    """

    def __init__(self) -> None:
        self.entries: set[Any] = set()
        # Another number each time a mode was left.
        self.left = 0

    @property
    def entered(self) -> int:
        """How many modes are entered."""
        return len(self.entries)


class Hold:
    """One time that a mode was entered: it stands as long as this object lives, which its manager alone refers to.

    To drop a reference is one step, between whose halves no Ctrl-C can come, and a manager that is freed drops its own:
    so a mode is left wherever its manager ends, also in another thread or inside of modes entered later.
    """

    __slots__ = ("__weakref__",)


@cython.final
@cython.cclass
class Entry:
    """A mode entered in a context, within the `outer` ones, by its changed settings."""

    __slots__ = ("changes", "hold", "mode", "outer", "seen")

    hold: Any  # a weak reference to what says that the mode stands
    changes: dict[str, Any]
    mode: Mode
    outer: Entry | None
    seen: int  # the number of the last leaving after which this and all outer ones were seen to stand

    def __init__(self, hold: Any, changes: dict[str, Any], outer: Entry | None, seen: int) -> None:
        mode = _plain if outer is None else outer.mode
        label = changes.get("scope")
        if label is not None and label.parent is not mode.scope:
            changes = changes | {"scope": label._replace(parent=mode.scope)}
        # A reference is found among others by its hash, which can't be had any more once the object is gone.
        hash(hold)
        self.hold = hold
        self.changes = changes
        self.mode = mode.but(**changes)
        self.outer = outer
        self.seen = seen


STATE = State()
# The same under a name that is a C variable in each compiled module.
_state = STATE
_plain = Mode()
_entry: ContextVar[Entry | None] = ContextVar("mode", default=None)
_numbers = itertools.count(1)


def current_mode() -> Mode:
    """The mode of this thread or task."""
    entry = standing()
    return _plain if entry is None else entry.mode


def standing() -> Entry | None:
    """The innermost mode of this thread or task that is not left."""
    entry: Entry | None = value_in(_entry)
    if entry is None or (entry.seen == _state.left and is_alive(entry.hold)):
        return entry
    seen = _state.left
    # Those inside of one that was left are made anew.
    inside: list[Any] = []
    kept: list[Any] = []
    while entry is not None:
        if entry.hold() is None:
            inside += kept
            kept = []
        else:
            kept.append(entry)
        entry = entry.outer
    found: Entry | None = kept[0] if kept else None
    for one in reversed(inside):
        found = Entry(one.hold, one.changes, found, seen)
    if found is not None:
        found.seen = seen
    _entry.set(found)
    return found


def leave(holds: list[Hold]) -> None:
    """Drop one of a manager's holds: that of the innermost mode of this thread or task, or else the last one."""
    entry: Entry | None = _entry.get()
    if len(holds) == 1 and entry is not None and entry.hold() is holds[0]:
        holds.clear()
        _entry.set(entry.outer)
    else:
        while entry is not None and entry.hold() not in holds:
            entry = entry.outer
        holds.pop() if entry is None else holds.remove(entry.hold())
    _state.left = next(_numbers)


# Each operation of a recording asks for its mode: compiled, by functions of Python's C interface, in modes.pxd.
if not cython.compiled:

    def value_in(variable: ContextVar[Any]) -> Any:
        """The value of a context variable."""
        return variable.get()

    def is_alive(reference: Any) -> bool:
        """Whether the object that a weak reference refers to is there."""
        return reference() is not None


def is_traced() -> bool:
    """Whether a function is being compiled: then derivatives are nodes, for numbers differ at the next call."""
    return len(_state.entries) != 0 and current_mode().trace is not None


def is_strict() -> bool:
    """Whether results that are not finite are errors here."""
    return len(_state.entries) != 0 and current_mode().strict


_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class _Called(type):
    """The kind of context managers, which are called, also where nothing is between the parentheses."""

    def __enter__(cls) -> NoReturn:
        raise TypeError(f"{cls.__name__} is called: write `with {cls.__name__}():`")

    def __exit__(cls, *error: object) -> None:
        """For `with`, which asks for both methods before it calls one."""


class _Entered(metaclass=_Called):
    """Base of the context managers: each says which settings differ inside from those that it was entered in.

    Modes may be left in any order, in another thread or task, and by a manager that is freed, as it is where Ctrl-C
    came between two steps of entering and leaving: the mode is always that of the managers that are not left.
    """

    # Until `__init__` is done, for `__del__`.
    _holds: Any = ()

    @shown_as(lambda self: None)
    def __init__(self, *given: Never) -> None:
        if given:
            name = type(self).__name__
            raise TypeError(f"{name} takes nothing between its parentheses: write `with {name}():` or `@{name}()`")
        self._holds = []

    def changes(self, mode: Mode) -> dict[str, Any]:
        """The settings inside the context that are not those of the mode around it."""
        raise NotImplementedError

    def __enter__(self) -> Mode:
        seen = _state.left
        outer = standing()
        changes = self.changes(_plain if outer is None else outer.mode)
        hold = Hold()
        # Forgets the reference when the object is freed: a C function, like all that has to happen for sure.
        entry = Entry(ref(hold, _state.entries.discard), changes, outer, seen)
        self._holds.append(hold)
        # Whoever keeps this frame is not to keep the mode: the error of a destructor that ran meanwhile does, reported.
        del hold
        _state.entries.add(entry.hold)
        _entry.set(entry)
        return entry.mode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if len(self._holds) == 0:
            raise RuntimeError(f"{type(self).__name__} was left more often than entered")
        leave(self._holds)

    def __del__(self) -> None:
        if self._holds:
            self._holds.clear()
            _state.left = next(_numbers)


class no_grad(_Entered):  # noqa: N801 - a context manager reads like a statement
    """Inside this context the results of operations are constants: nothing is recorded.

    >>> from autograd import Variable, no_grad
    >>> x = Variable(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.parents
    ()

    `@no_grad()` above the definition of a function runs all of it so.
    """

    def __call__(self, fun: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
        @wraps(fun)
        def inside(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
            with no_grad():
                return fun(*args, **kwargs)

        return inside

    def changes(self, mode: Mode) -> dict[str, Any]:
        return {"recording": False}


class enable_grad(_Entered):  # noqa: N801
    """Inside this context operations are recorded, also within `no_grad`.

    >>> from autograd import Variable, no_grad
    >>> x = Variable(3.0)
    >>> with no_grad(), enable_grad():
    ...     y = x * x
    >>> len(y.parents)
    2
    """

    def changes(self, mode: Mode) -> dict[str, Any]:
        return {"recording": True}


class strict(_Entered):  # noqa: N801
    """Inside this context a value, local gradient or derivative of nodes that is not finite raises `DomainError`.

    The message names the operation, its operands and the source line. A sweep in which a derivative overflows, although
    all local gradients are finite, changes no `grad`. Functions called on plain numbers give floats, of any kind.

    >>> from autograd import Variable, log, strict
    >>> with strict():  # doctest: +ELLIPSIS
    ...     log(Variable(-1.0, name="x"))
    Traceback (most recent call last):
    autograd.errors.DomainError: log needs 0 < x, got x = -1.0 (variable 'x'): value nan (...)
    """

    def changes(self, mode: Mode) -> dict[str, Any]:
        return {"strict": True}


class tracing(_Entered):  # noqa: N801
    """Inside this context decisions on nodes are recorded by a trace, and operations on them recorded anyway."""

    def __init__(self, trace: Any) -> None:
        super().__init__()
        self.trace = trace

    def changes(self, mode: Mode) -> dict[str, Any]:
        return Mode(trace=self.trace).settings()


class watching(_Entered):  # noqa: N801
    """Inside this context `watch(node)` is called for the result of each operation that is recorded.

    >>> from autograd import Variable
    >>> made = []
    >>> with watching(made.append):
    ...     y = Variable(3.0) * 2.0 + 1.0
    >>> [node.value for node in made]
    [6.0, 7.0]
    """

    def __init__(self, watch: Callable[[Any], object]) -> None:
        super().__init__()
        self.watch = watch

    def changes(self, mode: Mode) -> dict[str, Any]:
        return {"watch": self.watch}


class lenient(_Entered):  # noqa: N801
    """Inside this context infinities and nans are no errors, also within `strict`: for rules, which may meet them.

    A rule computes both sides of a choice.
    """

    def changes(self, mode: Mode) -> dict[str, Any]:
        return {"strict": False}


class source_lines(_Entered):  # noqa: N801
    """Inside this context each operation remembers the line of the program that asked for it: `node.source`.

    `explain`, `kinks`, `rounding` and `paths` then tell it. An operation takes about 0.6 µs longer (a node takes 0.1 µs
    otherwise), and no more memory: nodes made by one operation on one line share a record. Outside nothing is spent.

    >>> from autograd import Variable, source_lines
    >>> with source_lines():
    ...     y = Variable(3.0) * 2.0
    >>> y.source.number, Variable(3.0).source
    (2, None)
    """

    def changes(self, mode: Mode) -> dict[str, Any]:
        return {"origins": {} if mode.origins is None else mode.origins}


class scope(_Entered):  # noqa: N801
    """Inside this context nodes are marked as made by one call of the layer `label`; scopes nest.

    >>> from autograd import Variable, scope
    >>> with scope("Doubling"):
    ...     y = Variable(1.0) * 2
    >>> y.scope.label
    'Doubling'
    """

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = str(label)

    def changes(self, mode: Mode) -> dict[str, Any]:
        return {"scope": Scope(self.label, next(_numbers), mode.scope)}
