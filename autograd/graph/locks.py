"""Locks among the threads of one process, which a process that is forked off starts with free."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

__all__ = ["Lock", "check_interpreter_lock", "no_forks"]


# Held while a thread does what a process that is forked off could neither finish nor do again: loads the compiler, or
# runs it. A fork waits until that is done.
no_forks = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=no_forks.acquire, after_in_parent=no_forks.release, after_in_child=no_forks.release)


# The identity of this process: to ask the system takes as long as all else that a lock does.
_process = os.getpid()


def _note_process() -> None:
    global _process
    _process = os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_process)


class Lock:
    """A lock that a thread may take again while it holds it.

    A process that is forked off has one thread, and none that could release what another held at that moment: so
    each process has a lock of its own.

    >>> lock = Lock()
    >>> with lock.here(), lock.here():
    ...     pass
    """

    __slots__ = ("_of_process",)

    def __init__(self) -> None:
        self._of_process: dict[int, Any] = {}

    def here(self) -> Any:
        """The lock of this process, for `with`.

        That is Python's own, not a context manager of ours: Ctrl-C can't come between taking it and the block.
        """
        lock = self._of_process.get(_process)
        return self._of_process.setdefault(_process, threading.RLock()) if lock is None else lock


def check_interpreter_lock() -> None:
    """Raise ImportError in a Python that runs without the interpreter lock, which the engine counts on.

    Compiled modules don't declare that they could do without, so that loading them, before this, switches the lock on;
    but with PYTHON_GIL=0 or -X gil=0 nothing does.
    """
    is_enabled = getattr(sys, "_is_gil_enabled", None)
    if is_enabled is not None and not is_enabled():
        raise ImportError(
            "the engine counts on Python's interpreter lock, which is off: its graphs would be damaged by threads; "
            "start Python with -X gil=1 or PYTHON_GIL=1, or compile the engine, without -X gil=0"
        )
