"""Threads that work beside the one that asks, so that Ctrl-C can't take a lock away.

Signals come to the main thread alone, between any two steps of Python. Where a context manager is itself Python, as
those of `threading.Condition`, of futures and of llvmlite are, that may be after its lock was taken and before anything
is there to release it. So what needs such a lock is done by another thread, and handed over by locks and queues of C.

These threads don't hold up the end of the process. LLVM must not be at work then: its global objects are destroyed by
the C++ runtime once Python is gone, which ended processes in assertions of LLVM or a segmentation fault.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import functools
import os
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from autograd.graph.locks import no_forks

__all__ = ["Job", "Workers", "compiler", "is_over"]


class Job:
    """Work that a thread does for another one."""

    __slots__ = ("claims", "done", "error", "result", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work: Any = work
        self.result: Any = None
        self.error: BaseException | None = None
        # Taken by the thread that begins the work, or by the one that no longer wants it.
        self.claims = [None]
        self.done = _thread.allocate_lock()
        self.done.acquire()

    def cancel(self) -> bool:
        """Whether nobody had begun, and nobody will."""
        try:
            self.claims.pop()
        except IndexError:
            return False
        return True

    def run(self) -> None:
        """Do the work, unless it was cancelled."""
        if not self.cancel():
            return
        try:
            self.result = self.work()
        except BaseException as error:
            self.error = error
        self.work = None
        self.done.release()

    def is_done(self) -> bool:
        """Whether the result is there."""
        return not self.done.locked()

    def wait(self) -> Any:
        """The result of the work, or its error, once it is done; to be asked once."""
        self.done.acquire()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return self.result


class Workers:
    """At most so many threads, started when there is work."""

    def __init__(self, most: int) -> None:
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        # Each thread takes one when it begins, and ends if there is none.
        self.seats = [None] * most
        self.most = most
        self.closed = False

    def submit(self, work: Callable[[], Any]) -> Job:
        """Have work done; RuntimeError if there is no thread for it, and none can be had."""
        if self.closed:
            raise RuntimeError("Python shuts down")
        if self.seats:
            try:
                _thread.start_new_thread(serve, (self.jobs, self.seats))
            except RuntimeError:
                if not self.are_there():
                    raise
        job = Job(work)
        self.jobs.put(job)
        return job

    def are_there(self) -> bool:
        """Whether a thread is at work or waits for some."""
        return not self.closed and len(self.seats) < self.most

    def do(self, work: Callable[[], Any]) -> Any:
        """The result of work that a thread does, or if none can be had, this one. Ctrl-C ends the waiting alone."""
        try:
            job = self.submit(work)
        except RuntimeError:
            return work()
        return job.wait()


def serve(jobs: SimpleQueue[Job], seats: list[None]) -> None:
    """Do one job after the other."""
    try:
        seats.pop()
    except IndexError:
        return
    while True:
        # Under no name, so that what it holds is free while the next one is waited for.
        jobs.get().run()


@functools.lru_cache(maxsize=1)
def compiler_of(process: int) -> Workers:
    """The thread of this process that makes machine code; a process that was forked off has none of them."""
    return Workers(1)


def compiler() -> Workers:
    """The thread in which all machine code is made, for llvmlite has locks that Ctrl-C could take away."""
    return compiler_of(os.getpid())


# The thread that ends the process, once one does.
ending: list[int] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=ending.clear)


def is_over() -> bool:
    """Whether the process ends, and this thread may no longer begin work with LLVM; to be asked while no fork may be.

    The thread that ends the process may: it runs the functions that are registered for its exit.
    """
    return bool(ending) and _thread.get_ident() not in ending


@atexit.register
def end() -> None:
    """Wait until LLVM is done with what it does; nothing that has not begun is begun."""
    ending.append(_thread.get_ident())
    compiler().closed = True
    while True:
        with contextlib.suppress(KeyboardInterrupt), no_forks:
            return
