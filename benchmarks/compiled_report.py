"""Timing of calls in turns, and what is said of it: the table, the targets, the worst ratios."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy

from benchmarks.compiled_peers import numbers
from benchmarks.compiled_programs import Program
from benchmarks.results import duration

TOLERANCE = 1e-9
# A measurement takes at least so many seconds: calls are repeated within it.
TURN = 0.003


class Measured(NamedTuple):
    """One engine's times: seconds a row (least of the rounds), seconds to the first result, and the ratio to ours.

    The ratio is above 1 where ours is faster; `median` is that of the ratios within each round.
    """

    title: str
    quantity: str
    engine: str
    seconds: float
    first: float
    ratios: dict[str, float]
    medians: dict[str, float]


class Report:
    """All that was measured."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.measured: list[Measured] = []
        self.targets: list[tuple[str, str, str, float, float]] = []

    def measure(self, title: str, program: Program, engines: Sequence[Any]) -> None:
        """Print the times of some engines a row; those called "ours, ..." are compared with the others."""
        quantity = "value" if program.derivative == "value" else "derivatives"
        print(f"\n{title}{': the value alone' if quantity == 'value' else ''}", flush=True)
        calls: dict[str, Callable[[], Any]] = {}
        first: dict[str, float] = {}
        expected: Any = None
        for engine in engines:
            start = time.process_time()
            call = engine.build(program)
            if call is None:
                continue
            result = numbers(call())
            first[engine.name] = time.process_time() - start
            calls[engine.name] = call
            expected = result if expected is None else expected
            size = max(float(numpy.abs(expected).max()), 1.0)
            numpy.testing.assert_allclose(result, expected, rtol=TOLERANCE, atol=TOLERANCE * size, err_msg=engine.name)
        repeats = {name: enough(call) for name, call in calls.items()}
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(self.rounds):
            for name, call in calls.items():
                times[name].append(timed(call, repeats[name]) / program.rows)
        ours = [name for name in calls if name.startswith("ours")]
        for name, taken in times.items():
            ratios = {mine: min(taken) / min(times[mine]) for mine in ours}
            medians = {
                mine: statistics.median([a / b for a, b in zip(taken, times[mine], strict=True)]) for mine in ours
            }
            self.measured.append(Measured(title, quantity, name, min(taken), first[name], ratios, medians))
            beside = "  ".join([f"{ratios[mine]:8.2f} ({medians[mine]:.2f})" for mine in ours if mine != name])
            least = duration(min(taken))
            print(f"    {name:16s} {least:>12s}   first {first[name] * 1e3:9.1f} ms   {beside}", flush=True)

    def expect(self, title: str, tier: str, peer: str, least: float) -> None:
        """Note a target: ours at least so many times faster than a peer."""
        for measured in self.measured:
            if (measured.title, measured.engine) == (title, peer) and tier in measured.ratios:
                self.targets.append((title, tier, peer, least, measured.ratios[tier]))

    def summary(self) -> None:
        """Print the targets, and the worst ratio to each peer."""
        print("\ntargets")
        for title, tier, peer, least, ratio in self.targets:
            met = "met" if ratio >= least else "MISSED"
            print(f"    {met:6s} {tier} {ratio:.2f} times as fast as {peer}, target {least:g}: {title}")
        print("\nthe worst against each peer")
        for peer in dict.fromkeys([measured.engine for measured in self.measured]):
            if peer.startswith("ours"):
                continue
            for tier in ("ours, llvm", "ours, vm", "ours, llvm bound", "ours, vm bound"):
                found = [
                    (m.ratios[tier], m.title)
                    for m in self.measured
                    if m.engine == peer and tier in m.ratios and m.quantity == "derivatives"
                ]
                if found:
                    ratio, title = min(found)
                    print(f"    {tier:16s} {ratio:8.2f} times as fast as {peer}: {title}")


def enough(call: Callable[[], Any]) -> int:
    """The number of calls in a measurement, so that it lasts for a turn."""
    once = max(1, math.ceil(TURN / timed(call, 1)))
    return max(1, math.ceil(TURN / timed(call, min(once, 100))))


def timed(call: Callable[[], Any], times: int, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds a call takes, the mean of so many; of the processor, unless another clock is given."""
    start = clock()
    for _ in range(times):
        call()
    return (clock() - start) / times
