"""Modes in which operations run: the settings of a context, and the context managers that change them.

Operations are recorded not at all (`no_grad`), only if finite (`strict`), under a label (`scope`), with their line
(`source_lines`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple

from autograd.graph.callers import Line, caller, calling_frame
from autograd.graph.locks import Lock
from autograd.operations.primitive import Origin, Primitive

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = [
    "Mode", "Scope", "current_mode", "enable_grad", "is_strict", "is_traced", "no_grad", "scope", "source_lines",
    "strict",
]  # fmt: skip


class Scope(NamedTuple):
    """Which layer call made a node: its label, a serial number unlike any other, the call around it.

    It never refers to the layer itself: nodes must not be part of a reference cycle.
    """

    label: str
    serial: int
    parent: Scope | None


@cython.final
@cython.cclass
class Mode:
    """The settings of a context: what operations do there besides computing. A mode is never changed."""

    __slots__ = ("origins", "recording", "scope", "strict", "trace", "watch")

    recording: bool
    strict: bool
    scope: Scope | None
    trace: Any  # records the decisions of a function that is being compiled
    watch: Any  # is called with each new node
    origins: dict[Any, Any] | None  # where lines are recorded: the origins that nodes made there share

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
    """Counts the modes active in all threads. At 0 an operation skips looking up its own.

    To look up a context variable costs as much as a whole operation.
    """

    def __init__(self) -> None:
        self.entries: set[Any] = set()
        self.entered = 0

    def enter(self, entry: _Entry) -> None:
        """Count a mode in."""
        self.entries.add(entry)
        self.entered = len(self.entries)

    def leave(self, entry: _Entry) -> None:
        """Count a mode out; one that is not in does no harm."""
        self.entries.discard(entry)
        self.entered = len(self.entries)


STATE = State()
# The same under a name that is a C variable in each compiled module.
_state = STATE
_lock = Lock()
_mode: ContextVar[Mode] = ContextVar("mode", default=Mode())  # noqa: B039 - a Mode is immutable
_serials = itertools.count(1)


def current_mode() -> Mode:
    """The mode of this thread or task."""
    return _mode.get()


def is_traced() -> bool:
    """Whether a function is being compiled: then derivatives are nodes, for numbers differ at the next call."""
    return _state.entered != 0 and _mode.get().trace is not None


def is_strict() -> bool:
    """Whether results that are not finite are errors here."""
    return _state.entered != 0 and _mode.get().strict


class _Entry:
    """One time that a mode was entered: the modes before and inside, and the token that leads back."""

    __slots__ = ("before", "inside", "token")

    def __init__(self, before: Mode, inside: Mode) -> None:
        self.before = before
        self.inside = inside
        self.token: Any = None


class _Entered:
    """Base of the context managers: each gives the mode to be in from the one it was entered in.

    Uncompiled, Ctrl-C may come between any two steps of entering and leaving. What is then left entered is left when
    the manager is freed, as it is as soon as the error has been dealt with.
    """

    # Until `__init__` is done, for `__del__`.
    _entries: Any = ()

    def __init__(self) -> None:
        self._entries = []

    def changed(self, mode: Mode) -> Mode:
        """The mode inside the context."""
        raise NotImplementedError

    def __enter__(self) -> Mode:
        before = _mode.get()
        entry = _Entry(before, self.changed(before))
        self._entries.append(entry)
        with _lock.here():
            STATE.enter(entry)
        entry.token = _mode.set(entry.inside)
        return entry.inside

    # The last entry is not [-1]: compiled, indices don't count from the end.

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entry = self._entries[len(self._entries) - 1]
        _mode.reset(entry.token)
        self._leave(entry)

    def __del__(self) -> None:
        while self._entries:
            entry = self._entries[len(self._entries) - 1]
            if _mode.get() is entry.inside:
                _mode.set(entry.before)
            self._leave(entry)

    def _leave(self, entry: _Entry) -> None:
        with _lock.here():
            STATE.leave(entry)
        self._entries.pop()


class no_grad(_Entered):  # noqa: N801 - a context manager reads like a statement
    """Inside this context the results of operations are constants: nothing is recorded.

    >>> from autograd import Variable, no_grad
    >>> x = Variable(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.parents
    ()
    """

    def changed(self, mode: Mode) -> Mode:
        return mode.but(recording=False)


class enable_grad(_Entered):  # noqa: N801
    """Inside this context operations are recorded, also within `no_grad`.

    >>> from autograd import Variable, no_grad
    >>> x = Variable(3.0)
    >>> with no_grad(), enable_grad():
    ...     y = x * x
    >>> len(y.parents)
    2
    """

    def changed(self, mode: Mode) -> Mode:
        return mode.but(recording=True)


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

    def changed(self, mode: Mode) -> Mode:
        return mode.but(strict=True)


class tracing(_Entered):  # noqa: N801
    """Inside this context decisions on nodes are recorded by a trace, and operations on them recorded anyway."""

    def __init__(self, trace: Any) -> None:
        super().__init__()
        self.trace = trace

    def changed(self, mode: Mode) -> Mode:
        return Mode(trace=self.trace)


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

    def changed(self, mode: Mode) -> Mode:
        return mode.but(watch=self.watch)


class lenient(_Entered):  # noqa: N801
    """Inside this context infinities and nans are no errors, also within `strict`: for rules, which may meet them.

    A rule computes both sides of a choice.
    """

    def changed(self, mode: Mode) -> Mode:
        return mode.but(strict=False)


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

    def changed(self, mode: Mode) -> Mode:
        return mode.but(origins={} if mode.origins is None else mode.origins)


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

    def changed(self, mode: Mode) -> Mode:
        return mode.but(scope=Scope(self.label, next(_serials), mode.scope))
