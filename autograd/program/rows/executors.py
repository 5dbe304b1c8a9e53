"""Rows handed out to an executor: threads, processes or machines, whatever `concurrent.futures` has a form of.

A call is cut into blocks of 1,024 * 2**k rows, whose results are put together in the order that `machine/row_sums.py`
states: so the bits of a sum depend neither on who computes which block, nor on how many there are.
"""

from __future__ import annotations

import functools
import os
import pickle
from collections import deque
from collections.abc import Callable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.errors import OperandError
from autograd.graph.modes import current_mode
from autograd.graph.node import Node
from autograd.program.machine.row_sums import CHUNK
from autograd.program.rows.layout import Layout, moved
from autograd.transforms.containers import contain, parts_of

if TYPE_CHECKING:
    from autograd.program.rows.vmap import Mapped

__all__ = ["MappedOn"]

# Blocks are so long that handing one out costs little beside it, so short that there are some for each worker, and
# that one more is soon done where a worker was lost.
FEWEST_ROWS, MOST_ROWS = 16 * CHUNK, 1024 * CHUNK
BLOCKS = 64


class MappedOn:
    """A mapped function whose rows an executor runs, made by `vmap(...).on(executor)`."""

    def __init__(
        self,
        mapped: Mapped,
        executor: Executor | Callable[[], Executor],
        block: int | None,
        retries: int,
        at_once: int | None,
        progress: Callable[[int, int], Any] | None,
    ) -> None:
        self.makes_executors = not hasattr(executor, "submit")
        if self.makes_executors and not callable(executor):
            raise TypeError(
                f"rows are run on an executor of concurrent.futures, or a function that makes one, got "
                f"{type(executor).__name__} {executor!r:.60}"
            )
        if block is not None and (block % CHUNK or block <= 0 or block // CHUNK & (block // CHUNK - 1)):
            raise ValueError(f"a block has {CHUNK} rows times a power of 2, got block={block!r}")
        for name, number in (("retries", retries), ("at_once", at_once)):
            if number is not None and (not isinstance(number, int) or number < (name == "at_once")):
                raise ValueError(f"{name} is a number of blocks, got {name}={number!r}")
        self.mapped = mapped
        self.executor: Any = executor
        self.block = block
        self.retries = retries
        self.at_once = at_once
        self.progress = progress
        self.__name__ = mapped.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current_mode().trace is not None:
            raise OperandError(
                f"{self.__name__} hands rows to an executor, which a function that is recorded can't: take .on(...) "
                f"out of jit, vmap and derivatives"
            )
        layout = Layout(self.__name__, self.mapped.in_axes, args, kwargs)
        if any([holds_nodes(leaf) for leaf in layout.leaves]):
            raise OperandError(
                f"{self.__name__} hands rows to an executor as numbers, got nodes: take derivatives inside, as "
                f"vmap(value_and_grad(f), ...).on(executor)"
            )
        if layout.count == 0:
            return self.mapped(*args, **kwargs)
        found = self.found_of(Work(self.mapped, layout, self.rows_of_block(layout.count)))
        return moved(self.__name__, self.mapped.reduction.of_blocks(found, layout.count), self.mapped.out_axes)

    def rows_of_block(self, count: int) -> int:
        """The number of rows of a block: it depends on the number of all alone."""
        if self.block is not None:
            return self.block
        rows = FEWEST_ROWS
        while rows < MOST_ROWS and rows * BLOCKS < count:
            rows *= 2
        return rows

    def found_of(self, work: Work) -> list[Any]:
        """The results of all blocks, in their order."""
        run = Run(self, work)
        try:
            return run.results()
        finally:
            run.end()

    def __repr__(self) -> str:
        return f"<{self.mapped!r} on {self.executor!r:.80}>"


class Run:
    """The blocks of one call: those that wait, those that are handed out, and what was found."""

    def __init__(self, on: MappedOn, work: Work) -> None:
        self.on = on
        self.work = work
        self.executor: Any = on.executor() if on.makes_executors else on.executor
        self.waiting = deque(range(work.blocks))
        self.lost = [0] * work.blocks
        self.futures: dict[Future[Any], int] = {}
        self.found: list[Any] = [None] * work.blocks
        self.rows_done = 0
        self.failed: tuple[int, Exception] | None = None

    def results(self) -> list[Any]:
        """The results of all blocks; the error of the first block that has one, once those before it are done."""
        while self.waiting or self.futures:
            workers = getattr(self.executor, "_max_workers", None) or os.cpu_count() or 1
            while self.waiting and len(self.futures) < (self.on.at_once or 2 * workers):
                self.hand_out(self.waiting.popleft())
            if not self.futures:
                continue
            for future in wait(self.futures, return_when=FIRST_COMPLETED).done:
                # Where an executor broke, all that it had is lost, and was put back.
                if future in self.futures:
                    self.take_in(future, self.futures.pop(future))
        if self.failed is not None:
            raise self.failed[1]
        return self.found

    def hand_out(self, block: int) -> None:
        """Have a block run."""
        try:
            task = self.work.task(block, self.executor)
            self.futures[self.executor.submit(*task)] = block
        except BrokenExecutor as error:
            self.put_back(block, error)

    def take_in(self, future: Future[Any], block: int) -> None:
        """Keep what was found for a block; what could not be done is put back."""
        try:
            found = future.result()
        except Exception as error:
            self.put_back(block, error)
            return
        if isinstance(found, Failure):
            self.fail(block, found.error)
            return
        self.found[block] = found
        self.rows_done += self.work.count_of(block)
        if self.on.progress is not None:
            self.on.progress(self.rows_done, self.work.layout.count)

    def fail(self, block: int, error: Exception) -> None:
        """Note the error of a block, and drop what comes behind it."""
        self.waiting = deque([one for one in self.waiting if one < block])
        for future, one in list(self.futures.items()):
            if one > block:
                future.cancel()
                del self.futures[future]
        if self.failed is None or block < self.failed[0]:
            self.failed = block, error

    def put_back(self, block: int, error: Exception) -> None:
        """Have a block run once more, whose worker was lost; the error if that was too often."""
        self.lost[block] += 1
        if self.lost[block] > self.on.retries:
            error.add_note(
                f"{self.on.__name__}: the executor lost rows {block * self.work.rows:,} and following "
                f"{self.lost[block]} times"
            )
            raise error
        self.waiting.appendleft(block)
        if not isinstance(error, BrokenExecutor):
            return
        if not self.on.makes_executors:
            error.add_note(
                f"{self.on.__name__}: the executor takes no more work; with a function that makes one, such as "
                f".on(lambda: ProcessPoolExecutor(4)), rows go on in another"
            )
            raise error
        self.waiting.extendleft(self.futures.values())
        self.futures.clear()
        self.executor.shutdown(wait=False)
        self.executor = self.on.executor()

    def end(self) -> None:
        """Take back what waits, and end an executor that was made for this call."""
        for future in self.futures:
            future.cancel()
        if self.on.makes_executors:
            self.executor.shutdown(wait=True, cancel_futures=True)


class Work:
    """What a call computes, cut into blocks of so many rows."""

    def __init__(self, mapped: Mapped, layout: Layout, rows: int) -> None:
        self.layout = layout
        self.rows = rows
        self.blocks = -(-layout.count // rows)
        # Sums are divided when they are whole.
        self.mapped = mapped.for_blocks()
        self.sent: bytes | None = None
        self.sources = [
            leaf if axis is None else source_of(mapped.__name__, leaf, axis)
            for leaf, axis in zip(layout.leaves, layout.axes, strict=True)
        ]

    def count_of(self, block: int) -> int:
        """The number of rows of a block."""
        return min(self.rows, self.layout.count - block * self.rows)

    def function(self, by_value: bool) -> bytes:
        """The function as bytes, the same in all calls, so that workers know it again."""
        if self.sent is None:
            self.sent = pickled(self.mapped, f"the function {self.mapped.__name__}", by_value)
        return self.sent

    def task(self, block: int, executor: Any) -> tuple[Any, ...]:
        """What runs a block on an executor, and its arguments."""
        start = block * self.rows
        stop = start + self.count_of(block)
        leaves = [
            source if axis is None else part_of(source, axis, start, stop)
            for source, axis in zip(self.sources, self.layout.axes, strict=True)
        ]
        args, kwargs = self.layout.arguments(leaves)
        if isinstance(executor, ThreadPoolExecutor):
            return run_block, self.mapped, args, kwargs, start
        # Python's own processes have this one's script as theirs; those of others have not.
        by_value = not isinstance(executor, ProcessPoolExecutor)
        given = pickled((args, kwargs), f"an argument of {self.mapped.__name__}", by_value)
        return run_pickled_block, version(), self.function(by_value), given, start


class Failure:
    """The error of a block, in place of its result: what the executor itself raises is another matter."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Part:
    """Some rows of an array that is read where they are used."""

    def __init__(self, source: Any, start: int, stop: int) -> None:
        self.source = source
        self.start = start
        self.stop = stop

    def read(self) -> Any:
        """The rows as an array."""
        import numpy

        rows = numpy.asarray(self.source[self.start : self.stop])
        if len(rows) != self.stop - self.start:
            raise OperandError(
                f"{type(self.source).__name__} says that it has more rows than it gave: {len(rows):,} of rows "
                f"{self.start:,} to {self.stop:,}"
            )
        if rows.shape[1:] != tuple(self.source.shape[1:]):
            raise OperandError(
                f"{type(self.source).__name__} says that a row has the shape {tuple(self.source.shape[1:])}, and gave "
                f"rows {self.start:,} to {self.stop:,} of the shape {rows.shape[1:]}"
            )
        return rows


class FileRows:
    """The rows of an array in a file that is mapped into memory, anew in each process."""

    def __init__(self, file: Any) -> None:
        self.file = file.filename
        self.dtype = file.dtype
        self.offset = file.offset
        self.shape = file.shape

    def __getitem__(self, rows: slice) -> Any:
        import numpy

        return numpy.memmap(self.file, self.dtype, "r", self.offset, self.shape)[rows]


def holds_nodes(leaf: Any) -> bool:
    """Whether it is a node or an array of some."""
    if isinstance(leaf, Node):
        return True
    if type(leaf) in (list, tuple):
        return any([holds_nodes(part) for part in leaf])
    return hasattr(leaf, "flat") and leaf.dtype.kind == "O" and any([isinstance(item, Node) for item in leaf.flat])


def source_of(name: str, leaf: Any, axis: int) -> Any:
    """What gives some rows of an argument."""
    import numpy

    if isinstance(leaf, numpy.memmap) and leaf.flags.c_contiguous and not isinstance(leaf.base, numpy.ndarray):
        return FileRows(leaf) if axis == 0 and leaf.filename is not None else leaf
    if isinstance(leaf, numpy.ndarray) or (type(leaf) is list and axis == 0):
        return leaf
    if not hasattr(leaf, "shape"):
        return numpy.asarray(leaf)
    if axis != 0:
        raise OperandError(
            f"{name}: the rows of a {type(leaf).__name__} must lie along its first axis, got axis {axis}"
        )
    return leaf


def part_of(source: Any, axis: int, start: int, stop: int) -> Any:
    """Some rows of an argument, or what reads them."""
    import numpy

    if type(source) is list:
        return source[start:stop]
    if isinstance(source, numpy.ndarray):
        return source[(slice(None),) * (axis % source.ndim) + (slice(start, stop),)]
    return Part(source, start, stop)


def with_rows(value: Any) -> Any:
    """The same, with the rows of parts read."""
    if isinstance(value, Part):
        return value.read()
    container = None if hasattr(value, "dtype") else parts_of(value)
    if container is None:
        return value
    kind, keys, parts = container
    read = [with_rows(part) for part in parts]
    return contain(kind, keys, read) if any([a is not b for a, b in zip(read, parts, strict=True)]) else value


def run_block(mapped: Mapped, args: Any, kwargs: Any, start: int) -> Any:
    """The results of a block that begins at this row, or its failure."""
    try:
        args = tuple([with_rows(argument) for argument in args])
        return mapped.of_block(start, args, {name: with_rows(argument) for name, argument in kwargs.items()})
    except Exception as error:
        if not getattr(error, "__notes__", None):
            # Of the function itself the row is known; a reader, or what it gave, has none.
            error.add_note(f"{mapped.__name__}: in the block that begins with row {start:,}")
        return Failure(error)


def version() -> str:
    """The version of this package."""
    return str(import_module("autograd").__version__)


def run_pickled_block(sender: str, function: bytes, given: bytes, start: int) -> Any:
    """The same in another process, for what that one has pickled itself; `sender` is the version that it has."""
    if sender != version():
        return Failure(
            RuntimeError(
                f"rows {start:,} and following were sent to a worker with version {version()} of this package by one "
                f"with {sender}; install the same version there"
            )
        )
    try:
        mapped = unpickled(function)
        args, kwargs = pickle.loads(given)
    except Exception as error:
        return Failure(
            RuntimeError(
                f"a worker can't load what it is to run for rows {start:,} and following: {type(error).__name__}: "
                f"{error}; define functions and classes in a module that workers can import, or install cloudpickle "
                f"here and there"
            )
        )
    found = run_block(mapped, args, kwargs, start)
    if isinstance(found, Failure):
        try:
            pickle.loads(pickle.dumps(found.error))
        except Exception:
            # Errors whose constructors want more than a message can't travel.
            replaced = RuntimeError(f"{type(found.error).__name__}: {found.error}")
            for note in getattr(found.error, "__notes__", ()):
                replaced.add_note(note)
            return Failure(replaced)
    return found


@functools.lru_cache(maxsize=16)
def unpickled(function: bytes) -> Any:
    """The mapped function, with what this process has recorded of it in earlier blocks."""
    return pickle.loads(function)


def pickled(value: Any, what: str, by_value: bool) -> bytes:
    """The value for another process, by cloudpickle where pickle can't and that is installed.

    by_value: so for what is defined in this process's script, which workers don't have.
    """
    refused: Exception | None = None
    try:
        made = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        if not by_value or b"__main__" not in made:
            return made
    except Exception as error:
        refused = error
    try:
        cloudpickle: Any = import_module("cloudpickle")
    except ImportError:
        if refused is None:
            return made
        raise OperandError(
            f"{what} can't be sent to another process ({refused}); define functions and classes at the top level of "
            f"a module, or install cloudpickle"
        ) from None
    return bytes(cloudpickle.dumps(value))
