"""Compiled functions against JAX and CasADi: rows, one row, and the time to the first result.

    python -m benchmarks.compiled [--rounds N]

All engines compute the same numbers, checked to 1e-9. A time is the least of the rounds, in which the engines take
turns; beside it is the ratio to ours, and the median of the ratios within the rounds. JAX and ours use all processors.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import itertools
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy

import autograd
from autograd import erf, jit, relu, tanh, value_and_grad, vmap

TIERS = ("llvm", "vm")
SIZES = (2, 16, 16, 1)
WEIGHTS = sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(SIZES))


def network(activation: Callable[[Any], Any]) -> Callable[..., Any]:
    """The squared error of a 2-16-16-1 network, written on scalars."""

    def loss(p: Any, x: Any, y: Any) -> Any:
        start = 0
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
            sums = []
            for _ in range(outputs):
                total = p[start + inputs]
                for place in range(inputs):
                    total = total + p[start + place] * x[place]
                sums.append(total)
                start += inputs + 1
            x = sums if layer == len(SIZES) - 2 else [activation(total) for total in sums]
        return (x[0] - y) ** 2

    return loss


def network_of_arrays(jnp: Any, activation: Callable[[Any], Any]) -> Callable[..., Any]:
    """The same network as a JAX user writes it."""

    def loss(p: Any, x: Any, y: Any) -> Any:
        start = 0
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
            block = p[start : start + (inputs + 1) * outputs].reshape(outputs, inputs + 1)
            start += (inputs + 1) * outputs
            x = block[:, :-1] @ x + block[:, -1]
            x = x if layer == len(SIZES) - 2 else activation(x)
        return (x[0] - y) ** 2

    return loss


def black_scholes(library: Any) -> Callable[..., Any]:
    """The price of a call, of its five arguments as one row."""

    def price(x: Any) -> Any:
        spot, strike, rate, volatility, years = x[0], x[1], x[2], x[3], x[4]
        deviation = volatility * library.sqrt(years)
        d1 = (library.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / deviation
        d2 = d1 - deviation

        def normal(z: Any) -> Any:
            return 0.5 * (1.0 + library.erf(z / math.sqrt(2.0)))

        return spot * normal(d1) - strike * library.exp(-rate * years) * normal(d2)

    return price


class Scalars:
    """The functions that a price needs, of autograd."""

    sqrt, log, exp, erf = autograd.sqrt, autograd.log, autograd.exp, erf


def optional(name: str) -> Any:
    """A module, None if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def finished(jax: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a JAX function, once it is there."""
    return jax.block_until_ready(function(*arguments))


def measure(title: str, count: int, engines: dict[str, Callable[[], Any]], rounds: int) -> None:
    """Print the times of some engines, the first being ours."""
    first: dict[str, float] = {}
    results: dict[str, Any] = {}
    for name, call in engines.items():
        start = time.perf_counter()
        results[name] = call()
        first[name] = time.perf_counter() - start
    names = list(engines)
    for name in names[1:]:
        for one, other in zip(results[names[0]], results[name], strict=True):
            numpy.testing.assert_allclose(numpy.asarray(other), numpy.asarray(one), rtol=1e-9, atol=1e-9)
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, call in engines.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    print(f"\n{title}")
    for name in names:
        least = min(times[name])
        ratio = least / min(times[names[0]])
        median = statistics.median([a / b for a, b in zip(times[name], times[names[0]], strict=True)])
        print(
            f"    {name:24s} {least / count * 1e9:12.1f} ns a row   {ratio:8.2f} ({median:.2f})"
            f"   first call {first[name] * 1e3:8.1f} ms"
        )


def rows_of_networks(jax: Any, rounds: int) -> None:
    """Value and 337 gradients of a network, summed over rows."""
    draw = numpy.random.default_rng(0)
    p = draw.normal(size=WEIGHTS) * 0.5
    for count in (4096, 65536):
        x, y = draw.normal(size=(count, 2)), draw.normal(size=count)
        for name, ours in (("ReLU", relu), ("tanh", tanh)):
            mapped = vmap(value_and_grad(network(ours)), in_axes=(None, 0, 0), reduce="sum")
            engines = {f"{tier} tier": functools.partial(jit(mapped, tier=tier), p, x, y) for tier in TIERS}
            if jax is not None:
                theirs = jax.nn.relu if name == "ReLU" else jax.numpy.tanh
                loss = network_of_arrays(jax.numpy, theirs)
                total = jax.jit(
                    jax.value_and_grad(
                        lambda p, x, y, loss=loss: jax.numpy.sum(jax.vmap(loss, in_axes=(None, 0, 0))(p, x, y))
                    )
                )
                arrays = [jax.numpy.asarray(array) for array in (p, x, y)]
                engines["JAX jit"] = functools.partial(finished, jax, total, *arrays)
            measure(f"2-16-16-1 {name} network, value and {WEIGHTS} gradients, {count:,} rows", count, engines, rounds)


def rows_of_prices(jax: Any, rounds: int) -> None:
    """Prices of a million options with their five first derivatives."""
    draw = numpy.random.default_rng(1)
    count = 1_000_000
    low, high = numpy.array([80.0, 80.0, 0.0, 0.1, 0.2]), numpy.array([120.0, 120.0, 0.05, 0.5, 2.0])
    x = draw.uniform(low, high, (count, 5))
    mapped = vmap(value_and_grad(black_scholes(Scalars)))
    engines = {f"{tier} tier": functools.partial(jit(mapped, tier=tier), x) for tier in TIERS}
    if jax is not None:

        class Arrays:
            sqrt, log, exp, erf = jax.numpy.sqrt, jax.numpy.log, jax.numpy.exp, jax.scipy.special.erf

        total = jax.jit(jax.vmap(jax.value_and_grad(black_scholes(Arrays))))
        array = jax.numpy.asarray(x)
        engines["JAX jit"] = functools.partial(finished, jax, total, array)
    measure(f"Black-Scholes price and 5 derivatives, {count:,} rows", count, engines, rounds)


def one_row(jax: Any, casadi: Any, rounds: int) -> None:
    """Value and gradients of the ReLU network for one row, called from Python."""
    draw = numpy.random.default_rng(2)
    p, x, y = draw.normal(size=WEIGHTS) * 0.5, draw.normal(size=2), 0.3
    repeat = 200

    def many(call: Callable[[], Any]) -> Callable[[], Any]:
        def calls() -> Any:
            for _ in range(repeat - 1):
                call()
            return call()

        return calls

    engines: dict[str, Callable[[], Any]] = {}
    for tier in TIERS:
        step = jit(value_and_grad(network(relu)), tier=tier)
        engines[f"{tier} tier"] = many(functools.partial(step, p, x, y))
    if casadi is not None:
        symbols = casadi.SX.sym("p", WEIGHTS), casadi.SX.sym("x", 2), casadi.SX.sym("y")
        loss = network(lambda total: casadi.fmax(total, 0))(
            casadi.vertsplit(symbols[0]), casadi.vertsplit(symbols[1]), symbols[2]
        )
        function = casadi.Function("f", symbols, [loss, casadi.gradient(loss, symbols[0])])
        buffer, run = function.buffer()
        value, gradient, target = numpy.zeros(1), numpy.zeros(WEIGHTS), numpy.array([y])
        for place, array in enumerate((p, x, target)):
            buffer.set_arg(place, memoryview(array))
        for place, array in enumerate((value, gradient)):
            buffer.set_res(place, memoryview(array))

        def evaluated() -> Any:
            run()
            return value[0], gradient

        engines["CasADi, buffered"] = many(evaluated)
    if jax is not None:
        total = jax.jit(jax.value_and_grad(network_of_arrays(jax.numpy, jax.nn.relu)))
        arrays = [jax.numpy.asarray(array) for array in (p, x, y)]
        engines["JAX jit"] = many(functools.partial(finished, jax, total, *arrays))
    measure("2-16-16-1 ReLU network, one row, a call from Python", repeat, engines, rounds)


def first_gradient() -> None:
    """From Python function to first gradient of chains: the time must be linear in their length."""
    print("\nchain of n operations, from Python function to first gradient, ms")
    for length in (1_000, 10_000, 100_000):

        def chain(x: Any, length: int = length) -> Any:
            for _ in range(length // 2):
                x = x * 1.0001 + 0.5
            return x

        found = []
        for tier in ("vm", "llvm"):
            start = time.perf_counter()
            jit(value_and_grad(chain), tier=tier)(0.3)
            found.append(f"{tier} {(time.perf_counter() - start) * 1e3:9.1f}")
        print(f"    {length:9,d}   {'   '.join(found)}")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description="Compiled functions against JAX and CasADi")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    jax, casadi = optional("jax"), optional("casadi")
    if jax is not None:
        jax.config.update("jax_enable_x64", True)
    for name, module in (("JAX", jax), ("CasADi", casadi)):
        print(f"{name}: {'not installed' if module is None else module.__version__}")
    rows_of_networks(jax, rounds)
    rows_of_prices(jax, max(rounds // 3, 2))
    one_row(jax, casadi, rounds)
    first_gradient()


if __name__ == "__main__":
    main()
