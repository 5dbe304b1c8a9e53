"""Loops in compiled functions: first call, further calls and memory, each work in a process of its own.

`python -m benchmarks.loops` measures all of it; `--only TEXT` what has the text in its name. JAX's column needs the
extra `bench`.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import exp, fori_loop, grad, jit, log, logsumexp, scan, value_and_grad, vmap, while_loop

TURNS = 1_000_000


def runge_kutta(scan: Any, **options: Any) -> Callable[[Any], Any]:
    """A number from the end of a million steps of hunters and hunted, by the four parameters."""

    def end(p: Any) -> Any:
        a, b, c, d = p[0], p[1], p[2], p[3]
        h = 10.0 / TURNS

        def slope(x: Any, y: Any) -> tuple[Any, Any]:
            return a * x - b * x * y, c * x * y - d * y

        def step(state: Any, _: Any) -> Any:
            x, y = state
            k1 = slope(x, y)
            k2 = slope(x + 0.5 * h * k1[0], y + 0.5 * h * k1[1])
            k3 = slope(x + 0.5 * h * k2[0], y + 0.5 * h * k2[1])
            k4 = slope(x + h * k3[0], y + h * k3[1])
            x = x + h / 6.0 * (k1[0] + 2.0 * k2[0] + 2.0 * k3[0] + k4[0])
            y = y + h / 6.0 * (k1[1] + 2.0 * k2[1] + 2.0 * k3[1] + k4[1])
            return (x, y), None

        (x, y), _ = scan(step, (1.0, 0.5), None, TURNS, **options)
        return x * x + y

    return end


def heun(loop: Any) -> Callable[[Any], Any]:
    """An adaptive integrator: steps that are too long are taken again, half as long."""

    def end(rate: Any) -> Any:
        def step(state: Any) -> Any:
            time, y, h = state
            first = -rate * y
            second = -rate * (y + h * first)
            if abs(0.5 * h * (second - first)) > 1e-6:
                return time, y, 0.5 * h
            return time + h, y + 0.5 * h * (first + second), 1.2 * h

        return loop(lambda state: state[0] < 1.0, step, (0.0, 1.0, 0.1))[1]

    return end


def repeated(condition: Any, body: Any, carry: Any) -> Any:
    """What `while_loop` is by definition."""
    while condition(carry):
        carry = body(carry)
    return carry


def euler(states: int, steps: int, loop: Any) -> Callable[[Any], Any]:
    """Euler's method for a chain of states, each of which feeds the next."""

    def end(rates: Any) -> Any:
        h = 1.0 / steps

        def step(_: Any, y: Any) -> list[Any]:
            return [y[0] + h * rates[0], *[y[k] + h * rates[k] * y[k - 1] for k in range(1, states)]]

        return np.sum(np.array(loop(0, steps, step, [0.0] * states)))

    return end


def counted(lower: int, upper: int, body: Any, carry: Any) -> Any:
    """What `fori_loop` is by definition."""
    for number in range(lower, upper):
        carry = body(number, carry)
    return carry


def minors(size: int) -> Callable[[Any], Any]:
    """The determinant by minors."""

    def det(a: Any, row: int, columns: tuple[int, ...]) -> Any:
        if len(columns) == 1:
            return a[row][columns[0]]
        total = 0.0
        for place, column in enumerate(columns):
            part = a[row][column] * det(a, row + 1, columns[:place] + columns[place + 1 :])
            total = total + part if place % 2 == 0 else total - part
        return total

    return lambda a: det(a, 0, tuple(range(size)))


def residuals(x: Any, y: Any) -> Callable[[Any], Any]:
    """A sum over data, as plain Python."""
    pairs = list(zip(x.tolist(), y.tolist(), strict=True))
    return lambda p: sum([(p[0] * exp(-p[1] * x) + p[2] - y) ** 2 for x, y in pairs])


def works() -> dict[str, Callable[[], tuple[Any, tuple[Any, ...]]]]:
    """By its name, what makes a compiled function and its arguments."""
    random = np.random.default_rng(0)
    p4 = np.array([1.1, 0.4, 0.1, 0.4])
    rates = np.linspace(0.2, 30.0, 50)
    x = np.linspace(0.0, 3.0, 10_000)
    y = np.exp(-1.3 * x) + 0.01 * random.normal(size=x.size)
    p3 = np.array([1.0, 1.0, 0.1])

    def by_rows(p: Any) -> Any:
        return vmap(lambda p, x, y: (p[0] * exp(-p[1] * x) + p[2] - y) ** 2, (None, 0, 0), "sum")(p, x, y)

    def jax_scan() -> tuple[Any, tuple[Any, ...]]:
        import jax

        jax.config.update("jax_enable_x64", True)
        compiled = jax.jit(jax.value_and_grad(runge_kutta(jax.lax.scan)))
        return lambda p: jax.block_until_ready(compiled(p)), (jax.numpy.array(p4),)

    return {
        "scan of a million Runge-Kutta steps, value and gradient": lambda: (
            jit(value_and_grad(runge_kutta(scan)), tier="llvm"), (p4,)),
        "the same with checkpoint": lambda: (
            jit(value_and_grad(runge_kutta(scan, checkpoint=True)), tier="llvm"), (p4,)),
        "the same by the interpreter": lambda: (jit(value_and_grad(runge_kutta(scan)), tier="vm"), (p4,)),
        "the same by JAX": jax_scan,
        "adaptive Heun over 50 rows, while_loop": lambda: (vmap(heun(while_loop)), (rates,)),
        "the same, value and gradient": lambda: (vmap(value_and_grad(heun(while_loop))), (rates,)),
        "the same, value, Python's while": lambda: (vmap(heun(repeated)), (rates,)),
        "the same, value, a plain loop": lambda: (
            lambda rates: [heun(repeated)(rate) for rate in rates.tolist()], (rates,)),
        "1,000 states, 100 Euler steps, fori_loop": lambda: (
            jit(euler(1000, 100, fori_loop), tier="llvm"), (np.ones(1000),)),
        "1,000 states, 1,000 Euler steps, fori_loop": lambda: (
            jit(euler(1000, 1000, fori_loop), tier="llvm"), (np.ones(1000),)),
        "1,000 states, 100 Euler steps, plain Python": lambda: (
            jit(euler(1000, 100, counted), tier="vm"), (np.ones(1000),)),
        "10,000 residuals, vmap inside jit": lambda: (jit(value_and_grad(by_rows)), (p3,)),
        "10,000 residuals, plain sum": lambda: (jit(value_and_grad(residuals(x, y)), tier="vm"), (p3,)),
        "logsumexp of 160,000, gradient": lambda: (
            jit(grad(logsumexp), tier="vm"), (random.normal(size=160_000),)),
        "logsumexp of 160,000, gradient, machine code": lambda: (
            jit(grad(logsumexp), tier="llvm"), (random.normal(size=160_000),)),
        "log of a sum of 160,000 rows, gradient": lambda: (
            jit(grad(lambda x: log(vmap(exp, reduce="sum")(x)))), (random.normal(size=160_000),)),
        "determinant of 8 by 8 by minors, gradient": lambda: (
            jit(grad(minors(8)), tier="vm"), (random.normal(size=(8, 8)),)),
    }  # fmt: skip


def measure(name: str) -> dict[str, float]:
    """First call and the best of further ones in seconds, and the memory that they took in megabytes."""
    function, arguments = works()[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    function(*arguments)
    first = time.perf_counter() - start
    best = math.inf
    stop = time.perf_counter() + max(1.0, 2.0 * first)
    while best == math.inf or (time.perf_counter() < stop):
        start = time.perf_counter()
        function(*arguments)
        best = min(best, time.perf_counter() - start)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024.0
    return {"first": first, "further": best, "memory": memory}


def main() -> None:
    """Measure each work, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="measure what has this text in its name")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(measure(options.work)))
        return
    print(f"scalar-autograd {autograd.__version__}\n")
    print("| work | first call | further calls | memory |\n|---|---|---|---|")
    for name in works():
        if options.only not in name:
            continue
        command = [sys.executable, "-m", "benchmarks.loops", "--work", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {name} | {done.stderr.strip().splitlines()[-1]:.60} | | |", flush=True)
            continue
        found = json.loads(done.stdout)
        first, further = [
            f"{found[key]:.3g} s" if found[key] >= 0.1 else f"{1e3 * found[key]:.3g} ms" for key in ("first", "further")
        ]
        print(f"| {name} | {first} | {further} | {found['memory']:.0f} MB |", flush=True)


if __name__ == "__main__":
    main()
