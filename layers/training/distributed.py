"""Steps whose samples an executor runs: threads, other processes, other machines."""

from __future__ import annotations

import functools
import pickle
from typing import Any

from autograd import jit
from autograd.program.machine.row_sums import CHUNK
from autograd.program.rows.vmap import Mapped
from layers.errors import DescriptionError

__all__ = ["OnExecutor", "OneSample", "check_executor"]

# So many blocks are enough to keep some workers busy, and each costs a message.
BLOCKS = 32


class OneSample:
    """A function of one sample that can be sent to other processes: what holds it, and the arguments that choose it.

    `holder.of_given(arguments by name, *choice)` is the function, `holder.portable` the bytes that stand for the holder
    elsewhere.
    """

    def __init__(self, holder: Any, *choice: Any) -> None:
        self.holder = holder
        self.choice = choice

    def __call__(self, *arguments: Any) -> Any:
        given = dict(zip(self.holder.names(*self.choice), arguments, strict=True))
        return self.holder.of_given(given, *self.choice)

    def __reduce__(self) -> Any:
        return restored, (self.holder.portable, self.choice)


def restored(portable: bytes, choice: tuple[Any, ...]) -> OneSample:
    """The function in another process."""
    return OneSample(unpickled(portable), *choice)


@functools.lru_cache(maxsize=16)
def unpickled(portable: bytes) -> Any:
    """What holds the functions of a step, the same for all of them."""
    return pickle.loads(portable)


class OnExecutor:
    """A function over samples whose blocks an executor runs, and fewer samples than make two blocks this process.

    The bits are the same in both ways, and for any executor.
    """

    def __init__(self, mapped: Mapped, executor: Any, tier: str, place: int) -> None:
        self.mapped = mapped.with_options(tier, None)
        self.here: Any = jit(self.mapped, tier=tier, max_paths=mapped.max_paths)
        self.executor = executor
        # The place of an argument with samples.
        self.place = place

    @property
    def paths(self) -> Any:
        """The programs that this process has compiled."""
        return self.here.paths

    def __call__(self, *arguments: Any) -> Any:
        count = len(arguments[self.place])
        if count <= CHUNK:
            return self.here(*arguments)
        block = CHUNK
        while block * BLOCKS < count:
            block *= 2
        return self.mapped.on(self.executor, block=block)(*arguments)


def check_executor(executor: Any, size: int) -> None:
    """Raise DescriptionError for what is no executor, and for batches that are one block each."""
    if not (hasattr(executor, "submit") or callable(executor)):
        raise DescriptionError(
            f"executor is one of concurrent.futures, or a function that makes one, got {type(executor).__name__} "
            f"{executor!r:.60}"
        )
    if size <= CHUNK:
        raise DescriptionError(
            f"an executor runs blocks of {CHUNK:,} samples of a step, and a step has {size:,} here: give batch_size=, "
            f"some thousands or None for all samples, or leave executor out"
        )
