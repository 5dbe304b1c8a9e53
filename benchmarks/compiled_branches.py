"""Functions whose branches and loops depend on the numbers, over a million rows: right on every row, and how fast.

Each is checked against plain Python on 10,000 rows, values to the bit and derivatives to rounding, and on all rows by
what must hold there. Eager time is that of nodes in plain Python, on some of the rows.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from benchmarks.results import duration

SAMPLE = 10_000
EAGER = 300
# At least so many times faster than eager.
TARGET = 20.0
ONE_HALF = 0.5


class Branching(NamedTuple):
    """A function of one row, its rows, and what holds for arguments, values and derivatives of all rows."""

    title: str
    function: Callable[[Any, Any], Any]
    rows: Callable[[Any, int], Any]
    holds: Callable[[Any, Any, Any], Any]


def kepler(autograd: Any, x: Any) -> Any:
    """The eccentric anomaly for mean anomaly and eccentricity: Newton's steps until they are small."""
    anomaly, eccentricity = x[0], x[1]
    angle = anomaly + eccentricity * autograd.sin(anomaly)
    step = 1.0
    while abs(step) > 1e-12:
        step = (angle - eccentricity * autograd.sin(angle) - anomaly) / (1.0 - eccentricity * autograd.cos(angle))
        angle = angle - step
    return angle


def kepler_holds(x: Any, value: Any, slopes: Any) -> Any:
    """Kepler's equation, and the derivatives that it implies."""
    anomaly, eccentricity = x.T
    residual = value - eccentricity * numpy.sin(value) - anomaly
    slope = 1.0 / (1.0 - eccentricity * numpy.cos(value))
    right = numpy.abs(slopes - numpy.stack([slope, slope * numpy.sin(value)], 1)).max(axis=1) < 1e-6 * slope
    return (numpy.abs(residual) < 1e-13) & right


def tripled(autograd: Any, x: Any) -> Any:
    """Eight steps like Collatz's: halved if the whole part is even, else tripled and 1 added."""
    value = x[0]
    for _ in range(8):
        value = value * ONE_HALF if value % 2.0 < 1.0 else 3.0 * value + x[1]
    return value


def tripled_holds(x: Any, value: Any, slopes: Any) -> Any:
    """The value is linear with these slopes, the first 3 to the power of the odd steps over 2 to that of the others."""
    odd = numpy.round(numpy.log(slopes[:, 0] * 2.0**8) / math.log(6.0))
    return (slopes[:, 0] == 3.0**odd / 2.0 ** (8 - odd)) & numpy.isclose((slopes * x).sum(axis=1), value, rtol=1e-12)


def fallen(autograd: Any, x: Any) -> Any:
    """The time until a ball thrown up lands, by Euler's steps against drag, the last one cut at the ground."""
    speed, drag = x[0], x[1]
    height, moment, step = 0.0, 0.0, 0.05
    while True:
        following = height + step * speed
        if following < 0.0:
            return moment + step * height / (height - following)
        speed = speed - step * (9.81 + drag * speed * abs(speed))
        height, moment = following, moment + step


def fallen_holds(x: Any, value: Any, slopes: Any) -> Any:
    """It takes a while, longer for more speed, and shorter than without drag."""
    return (value > 0.0) & (value < 2.0 * x[:, 0] / 9.81 + 0.2) & numpy.isfinite(slopes).all(axis=1)


BRANCHING = [
    Branching(
        "Kepler's equation by Newton's steps", kepler,
        lambda draw, count: numpy.stack(
            [draw.uniform(0.0, math.pi, count), draw.uniform(0.0, 0.8, count)], axis=1), kepler_holds,
    ),
    Branching(
        "halved or tripled, eight times", tripled,
        lambda draw, count: numpy.stack(
            [draw.integers(1, 1_000, count).astype(float), numpy.ones(count)], axis=1), tripled_holds,
    ),
    Branching(
        "a ball's flight by Euler's steps", fallen,
        lambda draw, count: numpy.stack(
            [draw.uniform(1.0, 8.0, count), draw.uniform(0.0, 0.1, count)], axis=1), fallen_holds,
    ),
]  # fmt: skip


def measure_branching(count: int) -> None:
    """Print what each function takes over so many rows, and whether it is right on all of them."""
    autograd: Any = importlib.import_module("autograd")
    draw = numpy.random.default_rng(5)
    for program in BRANCHING:
        x = program.rows(draw, count)

        def function(row: Any, program: Branching = program) -> Any:
            return program.function(autograd, row)

        derivative = autograd.value_and_grad(function)
        some = x[:EAGER]
        start = time.process_time()
        expected = [derivative(row) for row in some]
        eager = (time.process_time() - start) / len(some)
        print(f"\n{program.title}, value and 2 derivatives, {count:,} rows")
        print(f"    eager            {duration(eager):>12s} a row")
        for tier in ("llvm", "vm"):
            mapped = autograd.jit(autograd.vmap(derivative), tier=tier)
            start = time.process_time()
            mapped(x)
            first = time.process_time() - start
            start = time.process_time()
            value, slopes = mapped(x)
            seconds = (time.process_time() - start) / count
            wrong = count - int(program.holds(x, value, slopes).sum())
            plain = numpy.array([float(function(row)) for row in x[:SAMPLE].tolist()])
            size = 0.0 if tier == "vm" else 1e-14
            differing = int((numpy.abs(value[:SAMPLE] - plain) > size * numpy.abs(plain)).sum())
            numpy.testing.assert_allclose(slopes[:EAGER], [slope for _, slope in expected], rtol=1e-9, atol=1e-9)
            verdict = "met" if eager / seconds >= TARGET else "MISSED"
            right = f"{wrong} rows wrong, {differing} of {SAMPLE:,} unlike plain Python"
            print(
                f"    ours, {tier:10s} {duration(seconds):>12s} a row   {eager / seconds:8.1f} times faster than eager "
                f"({verdict})   first {first:6.1f} s, {len(mapped.paths)} paths   {right}",
                flush=True,
            )
