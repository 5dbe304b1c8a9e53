"""Compare every way to the values and gradients of random graphs, and each with what mpmath says.

    python tools/check_graphs.py                    5,000 graphs, about two minutes
    python tools/check_graphs.py --count 100000     the run that docs/reference/accuracy.md reports, about half an hour;
                                                    with --workers 4 on so many processes

Graph number n is `draw_graph(random.Random(n))`, so a disagreement can be looked at by its number. The ways are

* eager, by `backward`: each operation's value and local gradients against mpmath at the operands it had, and the
  whole graph's value and gradients against mpmath from the leaves, within the bounds of `graph_errors`;
* eager without extension modules, in another process: to the bit;
* `grad`, forward mode (`jvp`), and `gradients` with a graph: values to the bit, gradients within two roundings an edge;
* `jit` in the interpreter, alone and over rows by `vmap`: values to the bit, gradients likewise;
* `jit` as machine code, alone and over rows: within the bounds of `graph_errors`.

Many graphs are compiled as one program, which returns the values and gradients of them all.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))

import numpy as np  # noqa: E402

from autograd import Variable, backward, gradients, jit, jvp, value_and_grad, vmap  # noqa: E402
from autograd.graph.node import value_of  # noqa: E402
from tools.graph_errors import Distances, exact_gradients, operation_errors  # noqa: E402
from tools.graph_records import Record  # noqa: E402
from tools.random_graphs import Graph, draw_graph  # noqa: E402

__all__ = ["Tally", "check", "main"]

# Units in the last place that values and local gradients may be off, in plain Python and in machine code.
UNITS = (2.0, 4.0)
BATCH = 100


class Disagreement(NamedTuple):
    """A number that one way gives for a graph, and that is further from the expected one than the bound."""

    way: str
    graph: int
    what: str
    got: float
    expected: float
    bound: float

    def __str__(self) -> str:
        return f"graph {self.graph}, {self.way}, {self.what}: {self.got!r}, not {self.expected!r} ± {self.bound:.3g}"


class Tally:
    """Counts of the numbers compared, of those the same to the bit and of those not decidable; and disagreements."""

    def __init__(self) -> None:
        self.graphs = 0
        self.numbers: dict[str, list[int]] = {}
        self.worst_units = {"value": (0.0, ""), "local gradient": (0.0, "")}
        self.without_oracle = 0
        self.disagreements: list[Disagreement] = []

    def compare(
        self, way: str, graph: int, what: str, got: float, expected: float, bound: float, alternative: float = math.nan
    ) -> None:
        """Note a comparison of two numbers; `alternative` is one that is as good as the expected one."""
        counts = self.numbers.setdefault(way, [0, 0, 0])
        counts[0] += 1
        if repr(got) == repr(expected) or (got == expected and bound > 0.0):
            counts[1] += 1
        elif math.isinf(bound):
            counts[2] += 1
        elif not (abs(got - expected) <= bound or abs(got - alternative) <= bound or got == alternative):
            self.disagreements.append(Disagreement(way, graph, what, got, expected, bound))

    def add(self, other: Tally) -> None:
        """Count what another tally has counted, which comes behind this one."""
        self.graphs += other.graphs
        self.without_oracle += other.without_oracle
        for way, counts in other.numbers.items():
            self.numbers[way] = [a + b for a, b in zip(self.numbers.get(way, [0, 0, 0]), counts, strict=True)]
        for what, worst in other.worst_units.items():
            self.worst_units[what] = max(self.worst_units[what], worst, key=lambda one: one[0])
        self.disagreements += other.disagreements

    def report(self) -> str:
        """The counts as a table, and the disagreements."""
        lines = [f"{self.graphs} graphs, {len(self.disagreements)} disagreements", ""]
        lines += ["| way | numbers compared | the same to the bit | not decidable |", "|---|---|---|---|"]
        lines += [f"| {way} | {' | '.join([f'{count:,}' for count in row])} |" for way, row in self.numbers.items()]
        worst = [f"{what} {units:.2f} ({name})" for what, (units, name) in self.worst_units.items()]
        lines += ["", f"Worst errors of an operation, in units in the last place: {', '.join(worst)}."]
        lines += [str(disagreement) for disagreement in self.disagreements[:50]]
        return "\n".join(lines)


class Eager(NamedTuple):
    """A graph that eager execution ran: its number, what was recorded, and the results."""

    number: int
    graph: Graph
    leaves: Sequence[float]
    variables: list[Variable]
    known: list[Any]
    record: Record
    value: float
    slopes: list[float]
    distances: Distances | None
    bounds: list[float]


def run_eagerly(number: int, graph: Graph, leaves: Sequence[float], exact: bool = False) -> Eager:
    """The graph's value and gradients by `backward`; with `exact`, bounds on how far other ways may be from them."""
    variables = [Variable(leaf) for leaf in leaves]
    known = graph.run(variables)
    backward(known[-1])
    slopes = [variable.grad for variable in variables]
    record = Record(variables, known, graph.choices())
    # Two ways may differ by twice the error of one.
    distances = Distances(record, 2 * UNITS[0], 2 * UNITS[1]) if exact else None
    bounds = [] if distances is None else record.bounds(distances.slopes)
    return Eager(number, graph, leaves, variables, known, record, known[-1].value, slopes, distances, bounds)


def check(first: int, count: int, tally: Tally, *, machine_code: bool = True) -> None:
    """Draw so many graphs and compare all ways but the uncompiled one."""
    for start in range(first, first + count, BATCH):
        numbers = range(start, min(start + BATCH, first + count))
        eager = []
        for number in numbers:
            graph = draw_graph(random.Random(number))
            eager.append(run_eagerly(number, graph, graph.leaves, exact=True))
        for run in eager:
            check_operations(run, tally)
            check_exact(run, tally)
            check_transforms(run, tally)
        check_programs(eager, tally, machine_code)
        tally.graphs += len(eager)


def check_on(executor: Executor, first: int, count: int, tally: Tally) -> None:
    """The same, batch by batch on an executor of `concurrent.futures`: the same tally for any."""
    starts = range(first, first + count, BATCH)
    for batch in executor.map(batch_of, starts, [min(BATCH, first + count - start) for start in starts]):
        tally.add(batch)


def batch_of(first: int, count: int) -> Tally:
    """The tally of so many graphs."""
    tally = Tally()
    check(first, count, tally)
    return tally


def check_operations(run: Eager, tally: Tally) -> None:
    """Compare each operation with mpmath at the operands it had."""
    for entry in run.record.entries:
        errors = operation_errors(entry) if entry.name is not None else None
        if errors is None:
            tally.without_oracle += entry.name is not None
            continue
        for what, units, allowed in [
            ("value", errors[0], UNITS[0]),
            *[("local gradient", units, UNITS[1]) for units in errors[1]],
        ]:
            tally.compare("each operation, in ulp", run.number, f"{what} of {entry.name}", units, 0.0, allowed)
            if units > tally.worst_units[what][0]:
                tally.worst_units[what] = units, entry.name or ""


def check_exact(run: Eager, tally: Tally) -> None:
    """Compare the whole graph with mpmath."""
    exact = exact_gradients(run.record)
    if exact is None:
        return
    way = "eager against mpmath"
    tally.compare(way, run.number, "value", run.value, float(exact[0]), distance_of(run))
    for place, (got, expected, bound) in enumerate(zip(run.slopes, exact[1], run.bounds, strict=True)):
        tally.compare(way, run.number, f"gradient {place}", got, float(expected), bound)


def distance_of(run: Eager) -> float:
    """A bound on the difference of another way's value from the eager one."""
    return run.distances.values[run.record.output] if run.distances else math.inf


def check_transforms(run: Eager, tally: Tally) -> None:
    """Compare `backward` with `grad`, `jvp` and `gradients` with a graph."""
    leaves, number = list(run.leaves), run.number
    bounds = run.record.bounds()
    value, slopes = value_and_grad(run.graph)(leaves)
    compare_all("grad", run, value, slopes, bounds, tally)
    for place in range(len(leaves)):
        tangent = [float(other == place) for other in range(len(leaves))]
        value, slope = jvp(run.graph, (leaves,), (tangent,))
        tally.compare("forward mode", number, "value", value, run.value, 0.0)
        tally.compare("forward mode", number, f"gradient {place}", slope, run.slopes[place], bounds[place])
    found = [value_of(slope) for slope in gradients(run.known[-1], run.variables, create_graph=True)]
    compare_all(
        "gradients with a graph", run, run.value, found, run.record.bounds(run.record.changes_of_rules()), tally
    )


def compare_all(
    way: str, run: Eager, value: float, slopes: Sequence[float], bounds: Sequence[float], tally: Tally,
    *, bound: float = 0.0, absorbing: bool = False,
) -> None:  # fmt: skip
    """Compare a value and all gradients with those of eager execution."""
    tally.compare(way, run.number, "value", value, run.value, bound)
    # Where a zero meets an infinite slope on a side of `where`, plain Python gives nan and a program may give 0.
    others = run.record.absorbing_gradients() if absorbing else run.slopes
    for place, (got, expected, other) in enumerate(zip(slopes, run.slopes, others, strict=True)):
        tally.compare(way, run.number, f"gradient {place}", got, expected, bounds[place], other)


def check_programs(eager: Sequence[Eager], tally: Tally, machine_code: bool) -> None:
    """Compare with the interpreter and with machine code, alone and over rows."""
    leaves = [leaf for run in eager for leaf in run.leaves]
    function = all_values_and_gradients([run.graph for run in eager])
    # A second row, at which choices may fall another way.
    moved = [[leaf * 1.25 + 0.125 for leaf in run.leaves] for run in eager]
    others = [run_eagerly(run.number, run.graph, point) for run, point in zip(eager, moved, strict=True)]
    rows = [leaves, [leaf for point in moved for leaf in point]]
    by_rules = [run.record.bounds(run.record.changes_of_rules()) for run in eager]
    for tier in ("vm", "llvm")[: 1 + machine_code]:
        alone = jit(function, tier=tier)(leaves)
        mapped = jit(vmap(function), tier=tier)(np.array(rows))
        first, second = [[float(column[row]) for column in mapped] for row in range(2)]
        for way, results in ((tier, alone), (f"{tier}, rows", first)):
            place = 0
            for run, bounds in zip(eager, by_rules, strict=True):
                end = place + 1 + len(run.leaves)
                value, *slopes = results[place:end]
                place, bound = end, 0.0
                if tier == "llvm":
                    bounds, bound = bounds_of_machine_code(run, value)
                if run.record.ties_beside_choices():
                    bounds = [math.inf] * len(bounds)
                compare_all(way, run, value, slopes, bounds, tally, bound=bound, absorbing=True)
        if tier == "vm":
            place = 0
            for run in others:
                tally.compare("vm, rows", run.number, "value of the second row", second[place], run.value, 0.0)
                place += 1 + len(run.leaves)


def bounds_of_machine_code(run: Eager, value: float) -> tuple[list[float], float]:
    """Bounds on the differences of machine code's gradients from the eager ones, and of its value, `value`."""
    distance = distance_of(run)
    # The bounds know nothing of errors in constants, and the seed of derivatives is nan where the value is.
    if run.graph.detaches() or (math.isnan(value) and math.isinf(distance)):
        return [math.inf] * len(run.bounds), math.inf
    return run.bounds, distance


def all_values_and_gradients(graphs: Sequence[Graph]) -> Callable[[Any], list[Any]]:
    """The function of all leaves that gives each graph's value and gradients."""

    def function(leaves: Any) -> list[Any]:
        results: list[Any] = []
        remaining = list(leaves)
        for graph in graphs:
            count = len(graph.leaves)
            value, slopes = value_and_grad(graph)(remaining[:count])
            del remaining[:count]
            results += [value, *slopes]
        return results

    return function


def results_of(first: int, count: int) -> list[list[str]]:
    """The values and gradients of so many graphs, as text with all digits."""
    found = []
    for number in range(first, first + count):
        graph = draw_graph(random.Random(number))
        run = run_eagerly(number, graph, graph.leaves)
        found.append([repr(result) for result in (run.value, *run.slopes)])
    return found


def check_uncompiled(first: int, count: int, tally: Tally) -> None:
    """Compare with the package without extension modules, in another process: to the bit."""
    with tempfile.TemporaryDirectory() as directory:
        for package in ("autograd", "tools"):
            shutil.copytree(
                PROJECT / package, Path(directory) / package, ignore=shutil.ignore_patterns("*.so", "*.pyd", "*.c")
            )
        command = [sys.executable, f"{directory}/tools/check_graphs.py", "--results", str(first), str(count)]
        output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=directory).stdout
    for number, one, other in zip(
        range(first, first + count), results_of(first, count), json.loads(output), strict=True
    ):
        for place, (got, expected) in enumerate(zip(other, one, strict=True)):
            what = f"gradient {place - 1}" if place else "value"
            graph = draw_graph(random.Random(number))
            # C's hypot and Python's differ in the last bit.
            bound = math.inf if any([step.name in ("hypot", "asinh") for step in graph.steps]) else 0.0
            tally.compare("eager, uncompiled", number, what, float(got), float(expected), bound)


def main() -> int:
    """Compare and print the tally; 1 if anything disagrees."""
    parser = argparse.ArgumentParser(description="Compare every way to the gradients of random graphs.")
    parser.add_argument("--count", type=int, default=5000, help="number of graphs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--uncompiled", type=int, default=2000, help="number also run without extension modules")
    parser.add_argument("--workers", type=int, default=1, help="number of processes")
    parser.add_argument("--results", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.results:
        print(json.dumps(results_of(*options.results)))
        return 0
    tally = Tally()
    began = time.perf_counter()
    with ProcessPoolExecutor(options.workers) as executor:
        check_on(executor, options.first, options.count, tally)
    check_uncompiled(options.first, min(options.count, options.uncompiled), tally)
    print(tally.report())
    print(f"{time.perf_counter() - began:.0f} s")
    return 1 if tally.disagreements else 0


if __name__ == "__main__":
    raise SystemExit(main())
