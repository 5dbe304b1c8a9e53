"""How operations are recorded: not at all (`no_grad`), only if finite (`strict`), under a label (`scope`)."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, NamedTuple

try:
    import cython
except ImportError:
    from autograd import _cython as cython

__all__ = ["Mode", "Scope", "current_mode", "enable_grad", "no_grad", "scope", "strict"]


class Scope(NamedTuple):
    """Which layer call made a node: its label, a serial number unlike any other, the call around it.

    It never refers to the layer itself: nodes must not be part of a reference cycle.
    """

    label: str
    serial: int
    parent: Scope | None


class Mode(NamedTuple):
    """What an operation does besides computing."""

    recording: bool = True
    strict: bool = False
    scope: Scope | None = None
    trace: Any = None  # what records the decisions of a function that is being compiled
    watch: Any = None  # what is told of each node when it is made


@cython.final
@cython.cclass
class State:
    """How many modes are entered in any thread: while it is 0, operations need not ask for theirs.

    Asking a context variable costs as much as a whole operation.
    """

    def __init__(self) -> None:
        self.entered = 0

    def enter(self, change: int) -> None:
        """Count a mode in (1) or out (-1)."""
        self.entered += change


STATE = State()
_lock = threading.Lock()
_mode: ContextVar[Mode] = ContextVar("mode", default=Mode())  # noqa: B039 - a Mode is immutable
_serials = itertools.count(1)


def current_mode() -> Mode:
    """The mode of this thread or task."""
    return _mode.get()


class _Entered:
    """Base of the context managers: each gives the mode to be in from the one it was entered in."""

    def __init__(self) -> None:
        self._tokens: list[Token[Mode]] = []

    def changed(self, mode: Mode) -> Mode:
        """The mode inside the context."""
        raise NotImplementedError

    def __enter__(self) -> Mode:
        with _lock:
            STATE.enter(1)
        mode = self.changed(_mode.get())
        self._tokens.append(_mode.set(mode))
        return mode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _mode.reset(self._tokens.pop())
        with _lock:
            STATE.enter(-1)


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
        return mode._replace(recording=False)


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
        return mode._replace(recording=True)


class strict(_Entered):  # noqa: N801
    """Inside this context a value or local gradient that is not finite raises `DomainError`.

    The message names the operation, its operands and the source line.

    >>> from autograd import Variable, log, strict
    >>> with strict():  # doctest: +ELLIPSIS
    ...     log(Variable(-1.0, name="x"))
    Traceback (most recent call last):
    autograd.errors.DomainError: log needs 0 < x, got x = -1.0 (variable 'x'): value nan (...)
    """

    def changed(self, mode: Mode) -> Mode:
        return mode._replace(strict=True)


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
        return mode._replace(watch=self.watch)


class lenient(_Entered):  # noqa: N801
    """Inside this context infinities and nans are no errors, also within `strict`: for rules, which may meet them.

    A rule computes both sides of a choice.
    """

    def changed(self, mode: Mode) -> Mode:
        return mode._replace(strict=False)


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
        return mode._replace(scope=Scope(self.label, next(_serials), mode.scope))
