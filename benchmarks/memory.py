"""The memory that graphs take, the growth of time with their size, and the memory kept of graphs that were dropped.

    python -m benchmarks.memory [--quick] [--nodes N] [--copies N] [--rounds N]

Each measurement runs in a process of its own. Memory is resident memory as the kernel counts it (Linux).
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograd
from autograd import Node, Variable

PROJECT = Path(__file__).resolve().parent.parent
TARGET = 96.0


def resident() -> int:
    """Bytes of memory this process has now."""
    return status("VmRSS")


def status(entry: str) -> int:
    """An entry of /proc/self/status in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(entry + ":"):
            return int(line.split()[1]) * 1024
    raise SystemExit("memory is read from /proc/self/status, which this system does not have")


def chain(nodes: int) -> Node:
    """The deepest graph of that many operations."""
    x, b, y = Variable(0.999), Variable(0.001), Variable(1.5)
    for _ in range(nodes // 2):
        y = y * x + b
    return y


def bytes_per_node(nodes: int) -> dict[str, float]:
    """Resident memory of a graph over its number of nodes, before and after a sweep."""
    chain(1000).backward()
    before = resident()
    output = chain(nodes)
    built = resident()
    output.backward()
    swept = resident()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    output.backward()
    peak = status("VmHWM")
    return {
        "built": (built - before) / nodes, "swept": (swept - before) / nodes,
        "while sweeping": (peak - before) / nodes,
    }  # fmt: skip


def times(nodes: int) -> dict[str, float]:
    """Nanoseconds per node to build, sweep and drop a graph: the least of several runs."""
    best: dict[str, float] = {}
    clock = time.perf_counter
    for _ in range(max(3, min(50, 1_000_000 // nodes))):
        start = clock()
        output = chain(nodes)
        built = clock()
        output.backward()
        swept = clock()
        del output
        dropped = clock()
        for part, seconds in (("build", built - start), ("sweep", swept - built), ("drop", dropped - swept)):
            best[part] = min(best.get(part, 1e99), seconds / nodes * 1e9)
    return best


def one_round(x: Variable) -> None:
    """A small program that uses every kind of node: binary, unary, n-ary, constant, named, copied."""
    y = x * 2.0 + autograd.exp(x)
    z = autograd.sum([x, y, 1.0]) + autograd.maximum(x, y) ** 2
    z.name = "z"
    z.backward()
    repr(z)
    x.grad = 0.0


def growth(rounds: int) -> dict[str, float]:
    """The growth in memory over that many rounds of building, sweeping, dropping, without the collector."""
    gc.disable()
    x = Variable(0.5)
    for _ in range(min(2000, rounds)):
        one_round(x)
    before = resident()
    for _ in range(rounds):
        one_round(x)
    return {"bytes grown": resident() - before, "bytes a round": (resident() - before) / rounds}


def deep(nodes: int, copies: int) -> dict[str, Any]:
    """Seconds and peak memory for everything that one can do with a very deep graph."""
    import copy
    import pickle

    steps: dict[str, Any] = {}

    def step(name: str, count: int, action: Callable[[], Any]) -> Any:
        gc.collect()
        before = resident()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        start = time.perf_counter()
        result = action()
        seconds = time.perf_counter() - start
        steps[name] = {
            "nodes": count, "seconds": seconds, "ns": seconds / count * 1e9,
            "peak": (status("VmHWM") - before) / count,
        }  # fmt: skip
        return result

    graph = [step("build", nodes, lambda: chain(nodes))]
    step("sweep", nodes, graph[0].backward)
    step("repr", nodes, lambda: repr(graph[0]))
    step("order", nodes, lambda: len(autograd.topological_order(graph[0])))
    if copies != nodes:
        step("drop", nodes, graph.clear)
        graph.append(chain(copies))
    copied = [step("deepcopy", copies, lambda: copy.deepcopy(graph[0]))]
    step("drop the copy", copies, copied.clear)
    text = step("pickle", copies, lambda: pickle.dumps(graph[0]))
    steps["pickle"]["bytes"] = len(text) / copies
    copied.append(step("unpickle", copies, lambda: pickle.loads(text)))
    if copied[0].value != graph[0].value:
        raise AssertionError("the copy has another value")
    step("drop the unpickled", copies, copied.clear)
    step("drop at last", copies, graph.clear)
    return steps


def line(operations: int, seed: int) -> Callable[[Any], Any]:
    """A function of so many lines, without loops to be found in it."""
    import random

    turns = bytes(random.Random(seed).choices(range(4), k=operations))

    def function(x: Any) -> Any:
        values = list(x)
        for place, kind in enumerate(turns):
            last, other = values[-1], values[place * 7919 % len(values) - len(values)]
            values.append(
                last * 0.5 + other if kind == 0 else last * other if kind == 1 else
                other - last if kind == 2 else autograd.sin(last)
            )  # fmt: skip
        return values[-1]

    return function


def recorded(operations: int, rounds: int) -> dict[str, float]:
    """Seconds of the processor for the gradient of a line and for the first call when that is compiled: the least."""
    function, x, clock = line(operations, 1), [0.1, 0.2, 0.3], time.process_time
    eager = first = 1e99
    for _ in range(rounds):
        compiled = autograd.jit(autograd.grad(function), tier="vm")
        start = clock()
        autograd.grad(function)(x)
        between = clock()
        compiled(x)
        eager, first = min(eager, between - start), min(first, clock() - between)
    return {"eager": eager, "first call": first, "ratio": first / eager}


def kept(operations: int, copies: int) -> dict[str, float]:
    """Memory that compiled functions take after their first call, over the operations of their programs.

    Each is a line of its own without loops to be found; the first, which isn't counted, leaves free memory behind.
    """
    import ctypes

    def settled() -> int:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        return resident()

    found = {}
    for name, transform in (("value", lambda function: function), ("gradient", autograd.grad)):
        functions = [autograd.jit(transform(line(operations, seed)), tier="vm") for seed in range(copies + 1)]
        functions[0]([0.1, 0.2, 0.3])
        before = settled()
        for function in functions[1:]:
            function([0.1, 0.2, 0.3])
        sizes = [len(function.paths[0].program) for function in functions[1:]]
        found[name] = (settled() - before) / sum(sizes)
    return found


MEASUREMENTS: dict[str, Callable[..., Any]] = {
    "bytes_per_node": bytes_per_node, "times": times, "growth": growth, "deep": deep, "kept": kept,
    "recorded": recorded,
}  # fmt: skip


def in_subprocess(measurement: str, *sizes: int) -> Any:
    """A measurement's result from a fresh process; its own words if it fails."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", "--only", measurement, *map(str, sizes)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode != 0:
        raise SystemExit(f"{measurement} {sizes} ended with status {run.returncode}\n{run.stderr}")
    return json.loads(run.stdout)


def main() -> None:
    """Measure everything and print it."""
    if sys.argv[1:2] == ["--only"]:
        print(json.dumps(MEASUREMENTS[sys.argv[2]](*map(int, sys.argv[3:]))))
        return
    parser = argparse.ArgumentParser(description="memory of graphs, and time against size")
    parser.add_argument("--quick", action="store_true", help="everything at a tenth of the size")
    parser.add_argument("--nodes", type=int, default=10_000_000, help="nodes of the largest graph")
    parser.add_argument("--copies", type=int, default=1_000_000, help="nodes of the graph that is copied and pickled")
    parser.add_argument("--rounds", type=int, default=100_000, help="rounds of building, sweeping and dropping")
    options = parser.parse_args()
    tenth = 10 if options.quick else 1
    nodes, copies, rounds = options.nodes // tenth, options.copies // tenth, options.rounds // tenth
    print(f"autograd {autograd.__version__}, {'compiled' if autograd.compiled else 'not compiled'}")

    size = in_subprocess("bytes_per_node", nodes)
    met = "met" if size["swept"] <= TARGET else "MISSED"
    print(f"\nbytes a node, {nodes:,} nodes: " + ", ".join([f"{part} {amount:.1f}" for part, amount in size.items()]))
    print(f"target: at most {TARGET:g} when built and swept: {met}")

    print("\nnanoseconds a node")
    count, largest = 10_000, None
    totals = []
    while count <= nodes:
        largest = in_subprocess("times", count)
        totals.append(sum(largest.values()))
        print(f"  {count:>12,}   " + "   ".join([f"{part} {amount:6.1f}" for part, amount in largest.items()]))
        count *= 10
    print(f"  worst over best: {max(totals) / min(totals):.1f} (1 is linear; caches account for the first steps)")

    taken = in_subprocess("kept", 25_000, 10)
    print("\nbytes kept an operation of a compiled function: " + ", ".join([f"{k} {v:.0f}" for k, v in taken.items()]))
    print(f"first call of a compiled gradient in eager ones: {in_subprocess('recorded', 32_000, 5)['ratio']:.1f}")

    grown = in_subprocess("growth", rounds)
    kibibytes = grown["bytes grown"] / 1024
    print(f"\n{rounds:,} rounds of build, sweep, drop without the collector: {kibibytes:.0f} KiB grown")

    print(f"\na chain {nodes:,} deep, copied and pickled at {copies:,}")
    for name, step in in_subprocess("deep", nodes, copies).items():
        more = f"   {step['bytes']:.0f} bytes a node pickled" if "bytes" in step else ""
        print(
            f"  {name:<20} {step['nodes']:>12,} nodes {step['seconds']:8.2f} s {step['ns']:9.1f} ns a node"
            f"   {step['peak']:7.1f} more bytes a node at the peak{more}"
        )


if __name__ == "__main__":
    main()
