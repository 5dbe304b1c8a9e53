"""Rows shared out to the threads of this process, in chunks."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterator
from typing import Any

from autograd.numbers.arrays import added
from autograd.program.machine.machine import Machine, Rows
from autograd.program.machine.row_sums import CHUNK, added_in_pairs
from autograd.program.workers import Workers

__all__ = ["run_chunks"]

# Another thread takes 50 microseconds to begin and to end, which pays from twice that on; but 25 of them from this one
# even if no processor is free for it.
SHORT = 2.5e-4


def run_chunks(machine: Machine, rows: Rows, count: int) -> Any:
    """Run all rows, in several threads if there are many; an array of the outputs' sums, if they are summed."""
    chunks = -(-count // CHUNK)
    workers = 1 if count * machine.row_seconds < SHORT else min(processors(), chunks)
    # Whoever is free takes the next chunk: a thread that the system lets wait holds nobody up.
    waiting = iter(range(chunks))
    parts: list[Any] = [None] * chunks
    jobs = []
    share = functools.partial(run_share, machine, rows, count, waiting, parts)
    try:
        for _ in range(1, workers):
            jobs.append(pool().submit(share))
    except RuntimeError:
        # No thread can be had, for the system has no more or Python is shutting down.
        pass
    began = time.perf_counter()
    try:
        done = share()
    finally:
        # If this thread was interrupted, nobody needs the rest.
        for _ in waiting:
            pass
    if done:
        machine.note_time(time.perf_counter() - began, done)
    for job in jobs:
        # Jobs that have not begun have nothing left to do.
        if not job.cancel():
            job.wait()
    return None if parts[0] is None else added_in_pairs(parts, added)


def run_share(machine: Machine, rows: Rows, count: int, waiting: Iterator[int], parts: list[Any]) -> int:
    """Run chunks in this thread as long as some wait, and note the sums of each; how many rows that were."""
    done = 0
    for chunk in waiting:
        start = chunk * CHUNK
        stop = min(start + CHUNK, count)
        parts[chunk] = machine.run_rows(rows, start, stop)
        done += stop - start
    return done


@functools.lru_cache(maxsize=1)
def threads_of(process: int) -> Workers:
    """The threads of this process; a process that was forked off has none of them."""
    return Workers(processors())


def pool() -> Workers:
    """The threads that run rows beside the calling one."""
    return threads_of(os.getpid())


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
