"""The time that derivatives take, in comparison with other engines.

    python -m benchmarks.derivatives [--quick] [--only NAME] [--json FILE]

Each engine takes the same derivatives in a process of its own. Two times count. The first result is timed from the
Python function to the derivative's numbers, in a fork of a process that has loaded the library, after another
derivative, so that loading is not in it: tracing, compiling and writing expressions are, and peak memory is of that
too.
A further call is timed in rounds: each gives every engine one turn, ours before each of the others; a turn is the
best of as many runs as fit in 40 ms of the processor, whose time is meant throughout. A ratio is the least time of the
one over the least time of the other; the median of the ratios within each round stands beside it, as a witness. All
engines' numbers are compared first, those of the sparse Hessian with one written by hand.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy

from benchmarks.derivative_peers import ENGINES, entries
from benchmarks.derivative_problems import BY_NAME, PROBLEMS, Problem, rosenbrock_hessian
from benchmarks.results import digits, duration
from benchmarks.turns import Worker, machine, take_turns

TOLERANCE = 1e-9
# On the sparse Hessian: at least that much faster than CasADi to the first; memory and time proportional to the size.
TARGET = 10.0
QUICK_SIZE = 10_000
# Rounds of further calls, fewer where an engine's turns take more seconds than that.
ROUNDS, SECONDS = 5, 2.0
# Fresh processes for a first result; one where that takes more than so many seconds.
STARTS, LONG = 2, 0.3


def compare(problem: Problem, size: int, name: str, found: Any, expected: Any) -> None:
    """Raise if an engine's numbers are not the expected ones."""
    if found.shape != expected.shape:
        raise AssertionError(f"{problem.name}: {name} gives {found.shape} numbers, not {expected.shape}")
    # Entries that are 0, or next to it by cancellation, are judged by the largest.
    scale = numpy.maximum(abs(expected), 1e-6 * abs(expected).max())
    error = float((abs(found - expected) / scale).max())
    if not error <= TOLERANCE:
        raise AssertionError(f"{problem.name} {size}: {name}'s numbers differ by {error:.1e}, relative")


def start(
    problem: Problem, size: int, workers: dict[str, Worker], count: int
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """Have each engine begin with a problem, and what the first results took, of `count` processes."""
    firsts: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    sparse = problem.derivative == "sparse_hessian"
    expected = entries(rosenbrock_hessian(*problem.arguments(size))) if sparse else None
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "numbers.npy"))
        for _ in range(count):
            for name, worker in workers.items():
                if firsts[name]:
                    if firsts[name][0]["seconds"] > LONG:
                        continue
                    worker.ask(False)
                firsts[name].append(worker.ask({"problem": problem.name, "size": size, "file": file}))
                found = numpy.load(file)
                if expected is None:
                    expected = found
                compare(problem, size, name, found, expected)
    return firsts


def further(workers: dict[str, Worker]) -> dict[str, list[tuple[float, float]]]:
    """For each engine seconds of a call of ours and of the engine's, in turn."""
    ours = workers["ours"]
    ours.ask(None)
    walls = {name: worker.ask(None)["wall"] for name, worker in workers.items()}
    return take_turns(
        walls, ROUNDS, SECONDS, lambda name: (ours.ask(None)["seconds"], workers[name].ask(None)["seconds"])
    )


def ratio(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """An engine's least time, and its ratio to ours by the least times and by the median of the rounds."""
    least_ours, least = min([one for one, _ in pairs]), min([other for _, other in pairs])
    return {
        "seconds": least, "ratio": least / least_ours,
        "median_ratio": statistics.median([other / one for one, other in pairs]),
    }  # fmt: skip


def times(ratio: float) -> str:
    """A ratio of times as text; below 1 as one over its reciprocal."""
    return digits(ratio) if ratio >= 0.995 else f"1/{digits(1.0 / ratio)}"


def measure(problem: Problem, size: int, present: dict[str, Worker], quick: bool) -> list[dict[str, Any]]:
    """The rows of one problem at one size, printed as they come."""
    workers = {name: worker for name, worker in present.items() if ENGINES[name].measures(problem, size)}
    firsts = start(problem, size, workers, 1 if quick else STARTS)
    calls = further(workers)
    for worker in workers.values():
        worker.ask(False)
    rows = []
    print(f"\n{problem.title.format(size)}\n{'':<18}{'first':>12}   ours faster{'':>9}{'a call':>12}   ours faster")
    for name in workers:
        ours = [one["seconds"] for one in firsts["ours"]]
        begun = ratio(list(zip(ours, [one["seconds"] for one in firsts[name]], strict=False)))
        called = ratio(calls[name])
        peak = statistics.median([one["peak"] for one in firsts[name]])
        rows.append(
            {"problem": problem.name, "size": size, "engine": name, "first": begun, "call": called, "peak": peak,
             "first_starts": len(firsts[name]), "call_rounds": len(calls[name])}
        )  # fmt: skip
        cells = [
            f"{duration(part['seconds']):>12}   {times(part['ratio'])} ({times(part['median_ratio'])})".ljust(35)
            for part in (begun, called)
        ]
        memory = f"peak {peak / 2**20:,.1f} MiB" if size else ""
        print(f"    {name:<14}{cells[0]}{cells[1]}{memory}", flush=True)
    return rows


def judge(rows: list[dict[str, Any]]) -> list[str]:
    """The targets on the sparse Hessian, and the worst ratio to each engine."""
    lines = []
    sparse = [row for row in rows if row["problem"] == "sparse"]
    for row in sparse:
        if row["engine"] == "casadi":
            met = "met" if row["first"]["ratio"] >= TARGET else "MISSED"
            lines.append(
                f"target at {row['size']:,}: at least {TARGET:g} times faster than casadi to the first Hessian, "
                f"measured {times(row['first']['ratio'])}: {met}"
            )
    called = {(row["engine"], row["size"]): row["call"]["seconds"] for row in sparse}
    for (engine, size), seconds in called.items():
        if engine == "casadi" and ("ours_vm", size) in called:
            faster = seconds / called["ours_vm", size]
            lines.append(
                f"target at {size:,}: a further Hessian, compiled, takes no longer than casadi's, measured "
                f"{times(faster)} times faster: {'met' if faster >= 1.0 else 'MISSED'}"
            )
    for row in sparse:
        if row["engine"] == "ours":
            size = row["size"]
            first, call = [row[part]["seconds"] / size * 1e9 for part in ("first", "call")]
            lines.append(
                f"ours at {size:,}, a variable: first {first:,.0f} ns, further {call:,.0f} ns, "
                f"peak {row['peak'] / size:,.0f} bytes"
            )
    peers = dict.fromkeys([row["engine"] for row in rows if not row["engine"].startswith("ours")])
    for part, meaning in (("first", "to the first result"), ("call", "in a further call")):
        for peer in peers:
            worst = min([row for row in rows if row["engine"] == peer], key=lambda row: row[part]["ratio"])
            where = worst["problem"] + (f" {worst['size']:,}" if worst["size"] else "")
            lines.append(f"worst {meaning}: {where}, ours {times(worst[part]['ratio'])} times faster than {peer}")
    return lines


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description="derivatives against other engines, in ratios")
    parser.add_argument("--quick", action="store_true", help="one start, and no large sparse Hessians")
    parser.add_argument("--only", metavar="NAME", choices=sorted(BY_NAME), help="one problem: " + ", ".join(BY_NAME))
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured to this file")
    options = parser.parse_args()
    chosen = [problem for problem in PROBLEMS if options.only in (None, problem.name)]
    print(", ".join(map(str, machine().values())))
    workers = {}
    for name, engine in ENGINES.items():
        if not any([engine.measures(problem, problem.sizes[0]) for problem in chosen]):
            continue
        worker = Worker(name, [sys.executable, "-m", "benchmarks.derivative_peers", name])
        if worker.missing is not None:
            print(f"{name}: not installed ({worker.missing})")
            continue
        workers[name] = worker
    versions = {name: worker.version for name, worker in workers.items()}
    print(", ".join([f"{name} {version}" for name, version in versions.items()]))
    if "ours" not in versions:
        raise SystemExit("scalar-autograd can't be imported: nothing to measure")
    print("Least times; how many times faster ours is by least times, and by the median of the rounds in brackets.")
    rows = []
    for problem in chosen:
        for size in problem.sizes:
            if not options.quick or size <= QUICK_SIZE:
                rows += measure(problem, size, workers, options.quick)
    for worker in workers.values():
        worker.stop()
    verdict = judge(rows)
    print("\n" + "\n".join(verdict))
    if options.json:
        facts = machine() | {"versions": versions, "rows": rows, "verdict": verdict}
        Path(options.json).write_text(json.dumps(facts, indent=1), "utf-8")


if __name__ == "__main__":
    main()
