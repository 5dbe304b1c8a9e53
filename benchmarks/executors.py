"""Rows of a file on one process and on two: prices and all Greeks of options, memory, the cost of a block.

`python -m benchmarks.executors --rows 100_000_000` writes the rows to a file (48 bytes each) in the folder for
temporary files, or in `--folder`, and removes it afterwards.

On a machine with other work, clocks on the wall say nothing: so the processor time of each process is told as well. The
least possible scaling is that of the busiest process, which decides when the call ends.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from autograd import vmap
from examples.option_greeks import GREEKS, call, greek

LOW = np.array([80.0, 80.0, 0.0, 0.0, 0.1, 0.1])
HIGH = np.array([120.0, 120.0, 0.05, 0.03, 0.5, 2.0])
PIECE = 1 << 20


def price_and_greeks(terms: Any) -> list[Any]:
    """The price of an option and all derivatives of `GREEKS`."""
    return [call(*terms), *[greek(name)(*terms) for name in GREEKS]]


def small(terms: Any) -> Any:
    """Next to nothing, so that a block's time is that of handing it out."""
    return terms[0] * terms[1]


def write_rows(path: Path, count: int) -> None:
    """Write so many options, uniform between `LOW` and `HIGH`."""
    draws = np.random.default_rng(0)
    with path.open("wb") as file:
        for start in range(0, count, PIECE):
            draws.uniform(LOW, HIGH, (min(PIECE, count - start), len(LOW))).tofile(file)


def processor_time(process: int) -> float:
    """The seconds of processor time that a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: int) -> float:
    """The MiB that belong to a process alone: pages of mapped files are the system's, which takes them back."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


class Watched:
    """The processes of a call: their processor time, and their memory over its course."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self.processes = [os.getpid(), *executor._processes]
        self.before = [processor_time(one) for one in self.processes]
        self.memories: list[tuple[float, float]] = []
        self.start = time.perf_counter()

    def progress(self, done: int, count: int) -> None:
        self.memories.append((done / count, sum([memory(one) for one in self.processes])))

    def told(self) -> str:
        wall = time.perf_counter() - self.start
        times = self.times()
        early = max([one for share, one in self.memories if share <= 0.2], default=0.0)
        late = max([one for share, one in self.memories if share > 0.2], default=0.0)
        return (
            f"wall {wall:.1f} s; processor time: this process {times[0]:.2f} s, workers "
            f"{', '.join([f'{one:.2f}' for one in times[1:]])} s; memory of all, most: first fifth {early:.0f} MiB, "
            f"later {late:.0f} MiB"
        )

    def times(self) -> list[float]:
        return [processor_time(one) - before for one, before in zip(self.processes, self.before, strict=True)]


def pools(counts: Iterator[int] | range) -> Iterator[tuple[int, ProcessPoolExecutor]]:
    """Pools of so many processes, which are running when they are handed out."""
    for count in counts:
        with ProcessPoolExecutor(count, get_context("spawn")) as executor:
            list(executor.map(time.sleep, [0.5] * count))
            yield count, executor


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder")
    parser.add_argument("--blocks", type=int, default=2_000, help="of which the cost of a block is the mean")
    options = parser.parse_args()
    mapped = vmap(price_and_greeks, reduce="sum")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "options.bin"
        write_rows(path, options.rows)
        rows = np.memmap(path, float, "r", shape=(options.rows, len(LOW)))
        print(f"{options.rows:,} options, {rows.nbytes / 1e9:.1f} GB on disk, {1 + len(GREEKS)} sums over them")
        sums, busiest = [], []
        for count, executor in pools(range(1, 3)):
            for _ in range(count):  # compiled by each worker once, which is not what is measured
                mapped.on(executor, block=1024)(rows[: 1024 * 8 * count])
            watched = Watched(executor)
            sums.append(mapped.on(executor, progress=watched.progress)(rows))
            busiest.append(max(watched.times()))
            print(f"{count} process{'es' * (count > 1)}: {watched.told()}")
        print("the same bits:", sums[0] == sums[1], f"scaling by the busiest process: {busiest[0] / busiest[1]:.2f}")
        for _, executor in pools(range(1, 2)):
            few = rows[: 1024 * options.blocks]
            on = vmap(small, reduce="sum").on(executor, block=1024)
            on(few)
            watched = Watched(executor)
            on(few)
            spent = sum(watched.times()) * 1e3 / (len(few) / 1024)
            print(f"a block of 1,024 rows, handed out, run and taken in: {spent:.2f} ms of processor time")


if __name__ == "__main__":
    main()
