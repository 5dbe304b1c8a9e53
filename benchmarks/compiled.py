"""Compiled functions against JAX, CasADi, heyoka and C: rows, one row, threads, the time to the first result.

    python -m benchmarks.compiled [--quick] [--only TEXT] [--rounds N] [--json FILE]

All engines compute the same numbers, checked to 1e-9, each in one thread. A time is the processor's, the least of the
rounds, in which the engines take turns; beside it is the ratio to ours, by each tier, and the median of the ratios
within the rounds.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from autograd import jit, value_and_grad
from benchmarks.compiled_branches import measure_branching
from benchmarks.compiled_peers import C, Casadi, Heyoka, Jax, Ours, Xad
from benchmarks.compiled_programs import Program, programs
from benchmarks.compiled_report import Report, timed
from benchmarks.derivative_problems import banana
from benchmarks.results import duration
from benchmarks.turns import machine

TIERS = ("llvm", "vm")


def available(makers: list[Callable[[], Any]]) -> list[Any]:
    """The engines that are installed; of the others a line says why they are not here."""
    engines = []
    for make in makers:
        try:
            engine = make()
        except ImportError as error:
            print(f"left out: {error}")
            continue
        print(f"{engine.name}: {engine.version()}")
        engines.append(engine)
    return engines


def measure_programs(report: Report, chosen: list[Program], engines: list[Any]) -> None:
    """All programs, each by all engines that are for it: with derivatives, and the value alone."""
    for program in chosen:
        report.measure(program.title, program, engines)
        for (tier, peer), least in program.targets.items():
            report.expect(program.title, f"ours, {tier}", peer, least)
        report.measure(program.title, program._replace(derivative="value"), engines)


class OneProcessor:
    """A context in which this process runs on one processor, where the system can do that."""

    def __enter__(self) -> None:
        self.before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
        if self.before is not None:
            os.sched_setaffinity(0, {max(self.before)})

    def __exit__(self, *_: object) -> None:
        if self.before is not None:
            os.sched_setaffinity(0, self.before)


def measure_threads(report: Report, chosen: list[Program]) -> None:
    """One thread against all, by the clock on the wall."""
    print(f"\none thread against {os.cpu_count()}")
    for program in chosen:
        for engine in [Ours(tier) for tier in TIERS]:
            call = engine.build(program)
            call()
            many = min(timed(call, 2, time.perf_counter) for _ in range(report.rounds))
            with OneProcessor():
                one = min(timed(call, 2, time.perf_counter) for _ in range(report.rounds))
            print(f"    {engine.name:12s} {one / many:6.2f} times as fast with all: {program.title}")


def small_calls(tier: str) -> dict[str, Callable[[], Any]]:
    """Calls of a function of 5 operations and of a gradient, on floats and on an array."""
    on_floats = jit(lambda a, b, c: (a + b) * c - a * b + c, tier=tier)
    on_array = jit(lambda x: (x[0] + x[1]) * x[2] - x[0] * x[1] + x[2], tier=tier)
    of_floats = jit(value_and_grad(lambda x, y: banana(None, (x, y)), (0, 1)), tier=tier)
    of_array = jit(value_and_grad(lambda x: banana(None, x)), tier=tier)
    x, point = numpy.array([1.0, 2.0, 3.0]), numpy.array([-1.2, 1.0])
    return {
        "5 operations on floats": lambda: on_floats(1.0, 2.0, 3.0),
        "5 operations on an array": lambda: on_array(x),
        "Rosenbrock's gradient on floats": lambda: of_floats(-1.2, 1.0),
        "Rosenbrock's gradient on an array": lambda: of_array(point),
    }


def measure_calls() -> None:
    """Measure calls of small functions in each tier, and print the times."""
    print("\na call from Python")
    for tier in TIERS:
        for what, call in small_calls(tier).items():
            call()
            least = min(timed(call, 2_000) for _ in range(20))
            target = (
                f"target 1 µs: {'met' if least <= 1e-6 else 'MISSED'}" if what.startswith("5 operations on f") else ""
            )
            print(f"    ours, {tier:6s} {what:34s} {duration(least):>10s}   {target}")


def measure_first_gradient(lengths: tuple[int, ...]) -> None:
    """From Python function to first gradient of chains: the time must be linear in their length."""
    print("\nchain of n operations, from Python function to first gradient, ms")
    for length in lengths:

        def chain(x: Any, length: int = length) -> Any:
            for _ in range(length // 2):
                x = x * 1.0001 + 0.5
            return x

        found = []
        for tier in ("vm", "llvm"):
            least = float("inf")
            for _ in range(3):
                start = time.perf_counter()
                jit(value_and_grad(chain), tier=tier)(0.3)
                least = min(least, time.perf_counter() - start)
            found.append(f"{tier} {least * 1e3:9.1f}")
        print(f"    {length:9,d}   {'   '.join(found)}")


def measure_kept_code() -> None:
    """The first call with machine code from disk."""
    import tempfile

    from autograd import cache_machine_code

    print("\nmachine code kept on disk, first call over 4,096 rows, ms")
    program = next(program for program in programs(True) if "4,096 rows" in program.title)
    with tempfile.TemporaryDirectory() as directory:
        cache_machine_code(directory)
        for state in ("compiled", "from disk"):
            call = Ours("llvm").build(program)
            print(f"    {state:10s} {timed(call, 1) * 1e3:9.1f}")
        cache_machine_code(None)


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description="Compiled functions against JAX, CasADi, heyoka and C")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds: a minute")
    parser.add_argument("--only", default="", help="programs whose title has this text, and nothing else")
    parser.add_argument("--json", metavar="FILE", help="write the times of the programs to this file")
    options = parser.parse_args()
    report = Report(3 if options.quick else options.rounds)
    ours = [functools.partial(Ours, tier, bound) for bound in (False, True) for tier in TIERS]
    chosen = [program for program in programs(options.quick) if options.only in program.title]
    # JAX makes as many threads as there are processors when it is loaded.
    with OneProcessor():
        engines = available([*ours, Jax, Casadi, Xad, Heyoka, lambda: C("in_lanes"), lambda: C("plain")])
        measure_programs(report, chosen, engines)
    rows = [measured._asdict() for measured in report.measured]
    if options.json:
        versions = {engine.name: engine.version() for engine in engines}
        Path(options.json).write_text(json.dumps(machine() | {"versions": versions, "rows": rows}, indent=1), "utf-8")
    if not options.only:
        measure_threads(report, [program for program in chosen if program.in_c])
        measure_branching(100_000 if options.quick else 1_000_000)
        measure_calls()
        measure_first_gradient((1_000, 10_000) if options.quick else (1_000, 10_000, 100_000))
        measure_kept_code()
    report.summary()


if __name__ == "__main__":
    main()
