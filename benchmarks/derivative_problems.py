"""The functions whose derivatives are measured.

Each is written once, with what every engine offers; where the same formula has two natural spellings, number by number
and in whole arrays, both are here and each engine takes the one that its users write.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy


class Problem(NamedTuple):
    """A derivative to take: of which function, which one, where."""

    name: str
    title: str
    derivative: str
    # The function's spellings: number by number, in whole arrays, or the one that serves for both.
    spellings: dict[str, Callable[..., Any]]
    arguments: Callable[[int], list[Any]]
    # The sizes it is measured at, in the title's braces; and the largest for an engine, where that is not all of them.
    sizes: tuple[int, ...] = (0,)
    limits: dict[str, int] = {}


def banana(engine: Any, x: Any) -> Any:
    """Rosenbrock's function of two numbers (1960)."""
    return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2


def rosenbrock_numbers(engine: Any, x: Any) -> Any:
    """The chained one of many numbers, term by term."""
    terms = [
        100.0 * (following - here**2) ** 2 + (1.0 - here) ** 2 for here, following in pairwise(engine.elements(x))
    ]  # fmt: skip
    return engine.total(terms)


def rosenbrock_arrays(engine: Any, x: Any) -> Any:
    """The chained one of many numbers, at once."""
    return engine.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def start_of_rosenbrock(size: int) -> list[Any]:
    """A point where no entry of the Hessian is 0."""
    return [numpy.linspace(-1.2, 1.1, size)]


def rosenbrock_hessian(x: Any) -> Any:
    """The Hessian of the chained function, by hand: what all engines are compared with."""
    from scipy.sparse import diags_array

    diagonal = numpy.zeros(len(x))
    diagonal[:-1] = 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
    diagonal[1:] += 200.0
    beside = -400.0 * x[:-1]
    return diags_array([beside, diagonal, beside], offsets=[-1, 0, 1]).tocsr()


def black_scholes(engine: Any, spot: Any, strike: Any, rate: Any, volatility: Any, years: Any) -> Any:
    """The value of a European call, by Black and Scholes (1973)."""
    spread = volatility * engine.sqrt(years)
    above = (engine.log(spot / strike) + (rate + volatility * volatility * 0.5) * years) / spread
    below = above - spread
    half = math.sqrt(0.5)
    certain = strike * engine.exp(-rate * years)
    return spot * (0.5 + 0.5 * engine.erf(above * half)) - certain * (0.5 + 0.5 * engine.erf(below * half))


def black_scholes_of_array(engine: Any, x: Any) -> Any:
    """The same with its five inputs in an array."""
    return black_scholes(engine, x[0], x[1], x[2], x[3], x[4])


OPTION = [100.0, 105.0, 0.03, 0.2, 0.75]

# An arm with six joints, in Denavit and Hartenberg's parameters: length, twist and offset of each link, metres and
# radians (those that the maker of the UR5 publishes).
LINKS = [
    (0.0, math.pi / 2, 0.089159), (-0.425, 0.0, 0.0), (-0.39225, 0.0, 0.0), (0.0, math.pi / 2, 0.10915),
    (0.0, -math.pi / 2, 0.09465), (0.0, 0.0, 0.0823),
]  # fmt: skip


def kinematics(engine: Any, angles: Any) -> Any:
    """Three axes and the place of the hand, twelve numbers: each link turns and moves the frame it carries."""
    x, y, z, place = [engine.array(axis) for axis in (*numpy.eye(3), numpy.zeros(3))]
    for joint, (length, twist, offset) in enumerate(LINKS):
        cosine, sine = engine.cos(angles[joint]), engine.sin(angles[joint])
        x, y = cosine * x + sine * y, cosine * y - sine * x
        place = place + offset * z + length * x
        y, z = math.cos(twist) * y + math.sin(twist) * z, math.cos(twist) * z - math.sin(twist) * y
    return engine.concatenate([x, y, z, place])


STEPS, STEP = 50, 0.1
TIMES = STEP * numpy.arange(1, STEPS + 1)
SEEN = numpy.stack([1.5 + numpy.cos(TIMES), 1.0 + 0.5 * numpy.sin(TIMES)], axis=1)


def orbit_numbers(engine: Any, rates: Any) -> Any:
    """The residuals of Lotka's and Volterra's prey and predators to observations: 50 steps of Runge and Kutta."""
    born, eaten, fed, starved = engine.elements(rates)

    def slope(prey: Any, predators: Any) -> tuple[Any, Any]:
        met = prey * predators
        return born * prey - eaten * met, fed * met - starved * predators

    prey, predators, residuals = 2.0, 1.0, []
    for step in range(STEPS):
        a, b = slope(prey, predators)
        c, d = slope(prey + 0.5 * STEP * a, predators + 0.5 * STEP * b)
        e, f = slope(prey + 0.5 * STEP * c, predators + 0.5 * STEP * d)
        g, h = slope(prey + STEP * e, predators + STEP * f)
        prey = prey + STEP / 6.0 * (a + 2.0 * c + 2.0 * e + g)
        predators = predators + STEP / 6.0 * (b + 2.0 * d + 2.0 * f + h)
        residuals += [prey - SEEN[step, 0].item(), predators - SEEN[step, 1].item()]
    return engine.stack(residuals)


def orbit_arrays(engine: Any, rates: Any) -> Any:
    """The same with the state as an array."""
    born, eaten, fed, starved = rates[0], rates[1], rates[2], rates[3]

    def slope(state: Any) -> Any:
        prey, predators = state[0], state[1]
        met = prey * predators
        return engine.stack([born * prey - eaten * met, fed * met - starved * predators])

    def step(state: Any) -> Any:
        first = slope(state)
        second = slope(state + 0.5 * STEP * first)
        third = slope(state + 0.5 * STEP * second)
        fourth = slope(state + STEP * third)
        return state + STEP / 6.0 * (first + 2.0 * second + 2.0 * third + fourth)

    return engine.trajectory(step, engine.array(numpy.array([2.0, 1.0])), STEPS) - engine.array(SEEN.ravel())


def wave(engine: Any, x: Any) -> Any:
    """A function of one number with no simple third derivative."""
    return engine.sin(x) * engine.exp(-0.5 * x * x)


def chain(engine: Any, x: Any, b: Any, y: Any) -> Any:
    """y = y * x + b, 10,000 times: 20,000 operations in a row."""
    return engine.repeat(lambda y: y * x + b, y, 10_000)


MOMENTS = numpy.linspace(0.0, 5.0, 10_000)
DECAY = 2.0 * numpy.exp(-0.7 * MOMENTS) + 0.3 + 0.05 * numpy.sin(37.0 * MOMENTS)
MEASURED = list(zip(MOMENTS.tolist(), DECAY.tolist(), strict=True))


def decay_numbers(engine: Any, p: Any) -> Any:
    """The squared distance of a decay from 10,000 measurements, one by one."""
    height, rate, floor = engine.elements(p)
    exp = engine.exp
    return engine.total([(height * exp(-rate * moment) + floor - value) ** 2 for moment, value in MEASURED])


def decay_arrays(engine: Any, p: Any) -> Any:
    """The same, all at once."""
    return engine.sum((p[0] * engine.exp(-p[1] * engine.array(MOMENTS)) + p[2] - engine.array(DECAY)) ** 2)


def one(function: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """A single spelling for all."""
    return {"numbers": function, "arrays": function}


PARAMETERS = [numpy.array([1.8, 0.6, 0.4])]
JOINTS = numpy.array([0.3, -1.1, 0.8, -0.4, 1.2, 0.5])
DIRECTION = numpy.linspace(-1.0, 2.0, 10)
BOTH = {"numbers": rosenbrock_numbers, "arrays": rosenbrock_arrays}
DECAYS = {"numbers": decay_numbers, "arrays": decay_arrays}
# Dense Hessians, and what would take minutes or all memory, are left out at the larger sizes.
LIMITS = {
    "torch": 1_000, "torch_func": 1_000, "jax": 1_000, "jax_jit": 1_000, "asdex": 100_000, "casadi": 100_000,
    "casadi_numbers": 10_000, "ours_vm": 10_000, "ours_llvm": 1_000,
}  # fmt: skip

PROBLEMS = [
    Problem("banana", "Rosenbrock's function of 2, gradient", "gradient", one(banana),
            lambda size: [numpy.array([-1.2, 1.0])]),
    Problem("option", "Black-Scholes, gradient in 5 numbers", "gradient", one(black_scholes), lambda size: OPTION),
    Problem("arm", "arm of 6 joints, Jacobian 12 x 6", "jacobian", one(kinematics), lambda size: [JOINTS]),
    Problem("option_hessian", "Black-Scholes, Hessian 5 x 5", "hessian", one(black_scholes_of_array),
            lambda size: [numpy.array(OPTION)]),
    Problem("orbit", "Runge-Kutta, 50 steps, Jacobian 100 x 4", "jacobian",
            {"numbers": orbit_numbers, "arrays": orbit_arrays}, lambda size: [numpy.array([1.1, 0.6, 0.5, 0.9])]),
    Problem("direction", "Rosenbrock's function of 10, Hessian times vector", "hessian_times", BOTH,
            lambda size: [numpy.linspace(-1.2, 1.1, 10), DIRECTION]),
    Problem("third", "third derivative of sin(x) exp(-x²/2)", "third", one(wave), lambda size: [0.7]),
    Problem("chain", "chain of 20,000 operations, gradient in 3 numbers", "gradient", one(chain),
            lambda size: [0.999, 0.001, 1.5]),
    Problem("decay", "10,000 residuals of 3 parameters, value and gradient", "value_and_gradient", DECAYS,
            lambda size: PARAMETERS),
    # 500,000 operations take LLVM half a minute.
    Problem("decay_hessian", "10,000 residuals of 3 parameters, Hessian 3 x 3", "hessian", DECAYS,
            lambda size: PARAMETERS, limits={"ours_llvm": -1}),
    Problem("sparse", "sparse Hessian of Rosenbrock's function of {:,}", "sparse_hessian", BOTH, start_of_rosenbrock,
            (100, 1_000, 10_000, 100_000), LIMITS),
]  # fmt: skip
BY_NAME = {problem.name: problem for problem in PROBLEMS}
