"""The functions whose compiled derivatives are measured: small and large, wide and deep, of few and many parameters.

Each takes an engine first, which has the functions and arrays of a library (see `compiled_peers.py`). Where the same
formula has two natural spellings, number by number and in whole arrays, both are here, and each engine takes the one
that its users write.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from benchmarks.derivative_problems import (
    JOINTS,
    LINKS,
    banana,
    black_scholes_of_array,
    kinematics,
    one,
    rosenbrock_arrays,
    rosenbrock_numbers,
)


class Program(NamedTuple):
    """A derivative over rows or at one point.

    `derivative` is "value_and_gradient" or "jacobian", in the first argument, or "value" alone. `axes` says which
    arguments have rows, as `vmap` wants it; None for one point. With `summed`, results are added up over the rows.
    """

    title: str
    derivative: str
    # The function's spellings: number by number, and in whole arrays.
    spellings: dict[str, Callable[..., Any]]
    arguments: list[Any]
    axes: tuple[int | None, ...] | None = None
    summed: bool = False
    # Whether it is the network of network.c.
    in_c: bool = False
    # heyoka takes more than two minutes to compile 100,000 operations.
    for_heyoka: bool = True
    # The ratio to a peer's time that it is to reach, above 1 for faster, by tier and peer.
    targets: dict[tuple[str, str], float] = {}

    @property
    def rows(self) -> int:
        """The number of rows; 1 for one point."""
        if self.axes is None:
            return 1
        return next(len(argument) for argument, axis in zip(self.arguments, self.axes, strict=True) if axis == 0)


SIZES = (2, 16, 16, 1)
WEIGHTS = sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(SIZES))


def network_numbers(activation: str) -> Callable[..., Any]:
    """The squared error of a 2-16-16-1 network, written on scalars."""

    def loss(engine: Any, p: Any, x: Any, y: Any) -> Any:
        p, x = engine.elements(p), engine.elements(x)
        activate = getattr(engine, activation)
        start = 0
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
            sums = []
            for _ in range(outputs):
                total = p[start + inputs]
                for place in range(inputs):
                    total = total + p[start + place] * x[place]
                sums.append(total)
                start += inputs + 1
            x = sums if layer == len(SIZES) - 2 else [activate(total) for total in sums]
        return (x[0] - y) ** 2

    return loss


def network_arrays(activation: str) -> Callable[..., Any]:
    """The same network as products of matrices."""

    def loss(engine: Any, p: Any, x: Any, y: Any) -> Any:
        activate = getattr(engine, activation)
        start = 0
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
            block = p[start : start + (inputs + 1) * outputs].reshape(outputs, inputs + 1)
            start += (inputs + 1) * outputs
            x = block[:, :-1] @ x + block[:, -1]
            x = x if layer == len(SIZES) - 2 else activate(x)
        return (x[0] - y) ** 2

    return loss


DEGREE = 200
COEFFICIENTS = numpy.random.default_rng(3).normal(size=DEGREE + 1)


def horner(engine: Any, x: Any) -> Any:
    """A polynomial of degree 200."""
    value = COEFFICIENTS[0].item()
    for coefficient in COEFFICIENTS[1:].tolist():
        value = value * x + coefficient
    return value


STEPS, STEP = 1_000, 0.01


def hunted(engine: Any, rates: Any, prey: Any, predators: Any) -> tuple[Any, Any]:
    """One step of Runge and Kutta for Lotka's and Volterra's prey and predators."""
    born, eaten, fed, starved = rates

    def slope(prey: Any, predators: Any) -> tuple[Any, Any]:
        met = prey * predators
        return born * prey - eaten * met, fed * met - starved * predators

    a, b = slope(prey, predators)
    c, d = slope(prey + 0.5 * STEP * a, predators + 0.5 * STEP * b)
    e, f = slope(prey + 0.5 * STEP * c, predators + 0.5 * STEP * d)
    g, h = slope(prey + STEP * e, predators + STEP * f)
    return prey + STEP / 6.0 * (a + 2.0 * c + 2.0 * e + g), predators + STEP / 6.0 * (b + 2.0 * d + 2.0 * f + h)


def orbit(engine: Any, rates: Any) -> Any:
    """The square of the number of prey after 1,000 steps: a deep program of few parameters."""
    elements = engine.elements(rates)
    start = engine.number(2.0), engine.number(1.0)
    return engine.repeat(lambda state: hunted(engine, elements, *state), start, STEPS)[0] ** 2


def arm(engine: Any, angles: Any) -> Any:
    """`kinematics` number by number: over rows, JAX is six times faster so."""
    x, y, z, place = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]
    for angle, (length, twist, offset) in zip(engine.elements(angles), LINKS, strict=True):
        cosine, sine = engine.cos(angle), engine.sin(angle)
        across, along = math.cos(twist), math.sin(twist)
        x, y = (
            [cosine * a + sine * b for a, b in zip(x, y, strict=True)],
            [cosine * b - sine * a for a, b in zip(x, y, strict=True)],
        )
        place = [at + offset * c + length * a for at, c, a in zip(place, z, x, strict=True)]
        y, z = (
            [across * b + along * c for b, c in zip(y, z, strict=True)],
            [across * c - along * b for b, c in zip(y, z, strict=True)],
        )
    return engine.stack([*x, *y, *z, *place])


CLUSTERS = 5


def mixture_numbers(engine: Any, p: Any, x: Any) -> Any:
    """The likelihood of a point in a mixture of five Gaussians in the plane, as in ADBench (Srajer and others 2018).

    The 30 parameters are weights, means, and the inverse square roots of covariances by their logarithmic diagonals.
    """
    p, x = engine.elements(p), engine.elements(x)
    weights, means, roots = p[:CLUSTERS], p[CLUSTERS : 3 * CLUSTERS], p[3 * CLUSTERS :]
    terms = []
    for k in range(CLUSTERS):
        u, v = x[0] - means[2 * k], x[1] - means[2 * k + 1]
        first = engine.exp(roots[3 * k]) * u
        second = roots[3 * k + 2] * u + engine.exp(roots[3 * k + 1]) * v
        terms.append(weights[k] + roots[3 * k] + roots[3 * k + 1] - 0.5 * (first * first + second * second))
    return engine.logsumexp(terms) - engine.logsumexp(weights)


def mixture_arrays(engine: Any, p: Any, x: Any) -> Any:
    """The same, all Gaussians at once."""
    weights = p[:CLUSTERS]
    means, roots = p[CLUSTERS : 3 * CLUSTERS].reshape(CLUSTERS, 2), p[3 * CLUSTERS :].reshape(CLUSTERS, 3)
    apart = x - means
    first = engine.exp(roots[:, 0]) * apart[:, 0]
    second = roots[:, 2] * apart[:, 0] + engine.exp(roots[:, 1]) * apart[:, 1]
    terms = weights + roots[:, 0] + roots[:, 1] - 0.5 * (first * first + second * second)
    return engine.logsumexp(terms) - engine.logsumexp(weights)


def reprojection(engine: Any, x: Any, seen: Any) -> Any:
    """The reprojection error of a point in a camera: of the camera's 11 parameters, the point's 3, and a weight.

    It is the residual of bundle adjustment as in ADBench: rotation by a vector (Rodrigues), radial distortion.
    """
    x = engine.elements(x)
    turn, centre, focus, middle, distortion, point, weight = x[:3], x[3:6], x[6], x[7:9], x[9:11], x[11:14], x[14]
    a, b, c = [point[k] - centre[k] for k in range(3)]
    angle = engine.sqrt(turn[0] * turn[0] + turn[1] * turn[1] + turn[2] * turn[2])
    cosine, sine = engine.cos(angle), engine.sin(angle)
    i, j, k = [part / angle for part in turn]
    along = (i * a + j * b + k * c) * (1.0 - cosine)
    right = a * cosine + (j * c - k * b) * sine + i * along
    down = b * cosine + (k * a - i * c) * sine + j * along
    ahead = c * cosine + (i * b - j * a) * sine + k * along
    u, v = right / ahead, down / ahead
    square = u * u + v * v
    scale = focus * (1.0 + distortion[0] * square + distortion[1] * square * square)
    return engine.stack([weight * (scale * u + middle[0] - seen[0]), weight * (scale * v + middle[1] - seen[1])])


def programs(quick: bool) -> list[Program]:
    """All that is measured, on fewer rows if it is to be quick."""
    draw = numpy.random.default_rng(0)
    p = draw.normal(size=WEIGHTS) * 0.5
    many = 65_536
    x, y = draw.normal(size=(many, 2)), draw.normal(size=many)

    def network(activation: str, rows: int | None, targets: dict[tuple[str, str], float]) -> Program:
        kind = "ReLU" if activation == "relu" else activation
        where = "one row" if rows is None else f"{rows:,} rows summed"
        arguments = [p, x[0], y[0].item()] if rows is None else [p, x[:rows], y[:rows]]
        return Program(
            f"2-16-16-1 {kind} network, value and {WEIGHTS} gradients, {where}",
            "value_and_gradient",
            {"numbers": network_numbers(activation), "arrays": network_arrays(activation)},
            arguments,
            None if rows is None else (None, 0, 0),
            rows is not None,
            in_c=rows is not None and activation == "relu",
            targets=targets,
        )

    low, high = numpy.array([80.0, 80.0, 0.0, 0.1, 0.2]), numpy.array([120.0, 120.0, 0.05, 0.5, 2.0])
    options = draw.uniform(low, high, (100_000 if quick else 1_000_000, 5))
    cameras = draw.uniform(-1.0, 1.0, (3_184 if quick else 31_843, 15))
    cameras[:, 6], cameras[:, 13] = 500.0, 8.0
    mixture = numpy.concatenate([draw.normal(size=3 * CLUSTERS), draw.normal(size=3 * CLUSTERS) * 0.3])
    return [
        network(
            "relu", None,
            {("llvm bound", "heyoka"): 3.0, ("llvm bound", "CasADi"): 4.0, ("vm bound", "CasADi"): 3.0},
        ),
        network(
            "relu", 4_096,
            {("llvm", "JAX"): 4.0, ("vm", "JAX"): 1.5, ("llvm", "C"): 0.5, ("llvm", "C, plain"): 0.5},
        ),
        *([] if quick else [network("relu", many, {("llvm", "JAX"): 4.0, ("vm", "JAX"): 1.5})]),
        network("tanh", 4_096, {("llvm", "JAX"): 3.0, ("vm", "JAX"): 1.5}),
        *([] if quick else [network("tanh", many, {("llvm", "JAX"): 3.0, ("vm", "JAX"): 1.5})]),
        Program(
            f"Black-Scholes, value and 5 gradients, {len(options):,} rows",
            "value_and_gradient", one(black_scholes_of_array), [options], (0,), targets={("llvm", "JAX"): 2.0},
        ),
        Program("Rosenbrock of 2, value and gradient", "value_and_gradient", one(banana), [numpy.array([-1.2, 1.0])]),
        Program(
            "Rosenbrock of 1,000, value and gradient", "value_and_gradient",
            {"numbers": rosenbrock_numbers, "arrays": rosenbrock_arrays}, [numpy.linspace(-1.2, 1.1, 1_000)],
        ),
        Program("arm of 6 joints, Jacobian 12 x 6", "jacobian", one(kinematics), [JOINTS]),
        Program(
            "arm of 6 joints, Jacobian 12 x 6, 10,000 rows", "jacobian", one(arm),
            [draw.uniform(-math.pi, math.pi, (10_000, 6))], (0,),
        ),
        Program(
            f"polynomial of degree {DEGREE}, value and derivative, 20,000 rows", "value_and_gradient",
            one(horner), [draw.uniform(-1.0, 1.0, 20_000)], (0,),
        ),
        Program(
            f"mixture of {CLUSTERS} Gaussians in the plane, value and 30 gradients, 10,000 rows summed",
            "value_and_gradient", {"numbers": mixture_numbers, "arrays": mixture_arrays},
            [mixture, draw.normal(size=(10_000, 2))], (None, 0), True,
        ),
        Program(
            f"bundle adjustment, Jacobian 2 x 15, {len(cameras):,} rows", "jacobian", one(reprojection),
            [cameras, draw.normal(size=(len(cameras), 2))], (0, 0),
        ),
        Program(
            f"Runge-Kutta, {STEPS:,} steps, value and gradient in 4 rates", "value_and_gradient", one(orbit),
            [numpy.array([1.1, 0.6, 0.5, 0.9])], for_heyoka=False,
        ),
    ]  # fmt: skip
