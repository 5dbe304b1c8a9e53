"""The 35 problems of J. J. Moré, B. S. Garbow, K. E. Hillstrom, "Testing Unconstrained Optimization Software".

ACM Transactions on Mathematical Software 7 (1981), 17-41. Each is a sum of squares of residuals, functions of a
sequence of numbers or nodes, written in plain Python. A problem of variable dimension takes it from its argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import arctan, cos, exp, sin, sqrt

# The functions that residuals call: whoever evaluates them in another arithmetic replaces these.
ELEMENTARY = ("arctan", "cos", "exp", "sin", "sqrt")


@dataclass(frozen=True)
class Problem:
    """One problem: its residuals, the standard start, and the published local minima of the sum of squares.

    A minimum is exact, or given to six digits, of which the last is sometimes cut off rather than rounded. The first
    is that at `minimizer`, where the paper gives one exactly. From the start both `least_squares` and `minimize`, by
    the method that suits the problem, reach `minima[reached]`.
    """

    name: str
    residuals: Callable[[Sequence[Any]], list[Any]]
    start: Sequence[float]
    minima: Sequence[float] = (0.0,)
    minimizer: Sequence[float] | None = None
    reached: int = 0
    method: str = "trust-exact"


def rosenbrock(x):
    return [10 * (x[1] - x[0] ** 2), 1 - x[0]]


def freudenstein_roth(x):
    return [-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1], -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]]


def powell_badly_scaled(x):
    return [1e4 * x[0] * x[1] - 1, exp(-x[0]) + exp(-x[1]) - 1.0001]


def brown_badly_scaled(x):
    return [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]


def beale(x):
    return [y - x[0] * (1 - x[1] ** i) for i, y in enumerate((1.5, 2.25, 2.625), 1)]


def jennrich_sampson(x):
    return [2 + 2 * i - (exp(i * x[0]) + exp(i * x[1])) for i in range(1, 11)]


def helical_valley(x):
    turns = arctan(x[1] / x[0]) / (2 * math.pi) + (0 if x[0] > 0 else 0.5)
    return [10 * (x[2] - 10 * turns), 10 * (sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


def bard(x):
    return [
        y - (x[0] + i / ((16 - i) * x[1] + min(i, 16 - i) * x[2]))
        for i, y in enumerate(
            (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39), 1
        )
    ]


def gaussian(x):
    half = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521)
    return [
        x[0] * exp(-x[1] * ((8 - i) / 2 - x[2]) ** 2 / 2) - y for i, y in enumerate((*half, 0.3989, *half[::-1]), 1)
    ]


def meyer(x):
    measured = (34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872)
    return [x[0] * exp(x[1] / (45 + 5 * i + x[2])) - y for i, y in enumerate(measured, 1)]


def gulf_research(x):
    # The paper prints |y m i x2|, with which the published minimizer is none; |y - x2| is meant.
    residuals = []
    for i in range(1, 100):
        y = 25 + (-50 * math.log(i / 100)) ** (2 / 3)
        residuals.append(exp(-(abs(y - x[1]) ** x[2]) / x[0]) - i / 100)
    return residuals


def box(x):
    times = [0.1 * i for i in range(1, 11)]
    return [exp(-t * x[0]) - exp(-t * x[1]) - x[2] * (math.exp(-t) - math.exp(-10 * t)) for t in times]


def powell_singular(x):
    """Of four variables, and the extended one of any multiple of four."""
    residuals = []
    for k in range(0, len(x), 4):
        a, b, c, d = x[k : k + 4]
        residuals += [a + 10 * b, math.sqrt(5) * (c - d), (b - 2 * c) ** 2, math.sqrt(10) * (a - d) ** 2]
    return residuals


def wood(x):
    return [
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        math.sqrt(90) * (x[3] - x[2] ** 2),
        1 - x[2],
        math.sqrt(10) * (x[1] + x[3] - 2),
        (x[1] - x[3]) / math.sqrt(10),
    ]


def kowalik_osborne(x):
    measured = (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246)
    places = (4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)
    return [y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3]) for y, u in zip(measured, places, strict=True)]


def brown_dennis(x):
    times = [i / 5 for i in range(1, 21)]
    return [(x[0] + t * x[1] - math.exp(t)) ** 2 + (x[2] + x[3] * math.sin(t) - math.cos(t)) ** 2 for t in times]


def osborne_1(x):
    measured = (
        0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
        0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
        0.406,
    )  # fmt: skip
    return [y - (x[0] + x[1] * exp(-10 * i * x[3]) + x[2] * exp(-10 * i * x[4])) for i, y in enumerate(measured)]


def biggs_exp6(x):
    residuals = []
    for i in range(1, 14):
        t = 0.1 * i
        y = math.exp(-t) - 5 * math.exp(-10 * t) + 3 * math.exp(-4 * t)
        residuals.append(x[2] * exp(-t * x[0]) - x[3] * exp(-t * x[1]) + x[5] * exp(-t * x[4]) - y)
    return residuals


def osborne_2(x):
    measured = (
        1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606,
        0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423,
        0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668,
        0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
        0.054,
    )  # fmt: skip
    residuals = []
    for i, y in enumerate(measured):
        t = i / 10
        peaks = sum(x[k] * exp(-((t - x[7 + k]) ** 2) * x[4 + k]) for k in (1, 2, 3))
        residuals.append(y - (x[0] * exp(-t * x[4]) + peaks))
    return residuals


def watson(x):
    residuals = []
    for i in range(1, 30):
        t = i / 29
        slope = sum(j * a * t ** (j - 1) for j, a in enumerate(x) if j > 0)
        residuals.append(slope - sum(a * t**j for j, a in enumerate(x)) ** 2 - 1)
    return [*residuals, x[0], x[1] - x[0] ** 2 - 1]


def extended_rosenbrock(x):
    residuals = []
    for k in range(0, len(x), 2):
        residuals += [10 * (x[k + 1] - x[k] ** 2), 1 - x[k]]
    return residuals


def penalty_1(x):
    return [math.sqrt(1e-5) * (a - 1) for a in x] + [sum(a**2 for a in x) - 0.25]


def penalty_2(x):
    n = len(x)
    weight = math.sqrt(1e-5)
    residuals = [x[0] - 0.2]
    for i in range(2, n + 1):
        y = math.exp(i / 10) + math.exp((i - 1) / 10)
        residuals.append(weight * (exp(x[i - 1] / 10) + exp(x[i - 2] / 10) - y))
    residuals += [weight * (exp(a / 10) - math.exp(-0.1)) for a in x[1:]]
    return [*residuals, sum((n - j) * a**2 for j, a in enumerate(x)) - 1]


def variably_dimensioned(x):
    weighted = sum(j * (a - 1) for j, a in enumerate(x, 1))
    return [*(a - 1 for a in x), weighted, weighted**2]


def trigonometric(x):
    cosines = sum(cos(a) for a in x)
    return [len(x) - cosines + i * (1 - cos(a)) - sin(a) for i, a in enumerate(x, 1)]


def brown_almost_linear(x):
    total = sum(x)
    product = 1
    for a in x:
        product = product * a
    return [*(a + total - (len(x) + 1) for a in x[:-1]), product - 1]


def discrete_boundary_value(x):
    n = len(x)
    h = 1 / (n + 1)
    padded = [0, *x, 0]
    return [
        2 * padded[i] - padded[i - 1] - padded[i + 1] + h**2 * (padded[i] + i * h + 1) ** 3 / 2 for i in range(1, n + 1)
    ]


def discrete_integral_equation(x):
    n = len(x)
    h = 1 / (n + 1)
    times = [j * h for j in range(1, n + 1)]
    cubes = [(a + t + 1) ** 3 for a, t in zip(x, times, strict=True)]
    residuals = []
    for i, (a, t) in enumerate(zip(x, times, strict=True), 1):
        before = sum(times[j] * cubes[j] for j in range(i))
        after = sum((1 - times[j]) * cubes[j] for j in range(i, n))
        residuals.append(a + h * ((1 - t) * before + t * after) / 2)
    return residuals


def broyden_tridiagonal(x):
    padded = [0, *x, 0]
    return [(3 - 2 * padded[i]) * padded[i] - padded[i - 1] - 2 * padded[i + 1] + 1 for i in range(1, len(x) + 1)]


def broyden_banded(x):
    return [
        a * (2 + 5 * a**2) + 1 - sum(b * (1 + b) for j, b in enumerate(x) if j != i and i - 5 <= j <= i + 1)
        for i, a in enumerate(x)
    ]


def linear_full_rank(x):
    """Of 2n residuals."""
    m = 2 * len(x)
    mean = 2 / m * sum(x)
    return [*(a - mean - 1 for a in x), *[-mean - 1] * (m - len(x))]


def linear_rank_1(x):
    """Of 2n residuals."""
    weighted = sum(j * a for j, a in enumerate(x, 1))
    return [i * weighted - 1 for i in range(1, 2 * len(x) + 1)]


def linear_rank_1_bordered(x):
    """Of 2n residuals, with zero columns and rows around."""
    weighted = sum(j * a for j, a in enumerate(x[1:-1], 2))
    return [-1, *(i * weighted - 1 for i in range(1, 2 * len(x) - 1)), -1]


def chebyquad(x):
    """Of n residuals: means of Chebyshev polynomials shifted to [0, 1], less their integrals."""
    residuals = []
    before, now = [1] * len(x), [2 * a - 1 for a in x]
    for i in range(1, len(x) + 1):
        residuals.append(sum(now) / len(x) - (0 if i % 2 else -1 / (i**2 - 1)))
        before, now = now, [2 * (2 * a - 1) * p - q for a, p, q in zip(x, now, before, strict=True)]
    return residuals


def evenly_spaced(count):
    """The points j / (count + 1), j from 1."""
    return tuple(j / (count + 1) for j in range(1, count + 1))


def below_the_chord(count):
    """The values of t (t - 1) at these points."""
    return tuple(t * (t - 1) for t in evenly_spaced(count))


PROBLEMS = (
    Problem("rosenbrock", rosenbrock, (-1.2, 1.0), minimizer=(1.0, 1.0)),
    Problem("freudenstein_roth", freudenstein_roth, (0.5, -2.0), (0.0, 48.9842), (5.0, 4.0), reached=1),
    Problem("powell_badly_scaled", powell_badly_scaled, (0.0, 1.0)),
    # The minimizer is 10⁶ away, a trust region at most 10³ wide.
    Problem("brown_badly_scaled", brown_badly_scaled, (1.0, 1.0), minimizer=(1e6, 2e-6), method="BFGS"),
    Problem("beale", beale, (1.0, 1.0), minimizer=(3.0, 0.5)),
    Problem("jennrich_sampson", jennrich_sampson, (0.3, 0.4), (124.362,)),
    Problem("helical_valley", helical_valley, (-1.0, 0.0, 0.0), minimizer=(1.0, 0.0, 0.0)),
    # The second minimum lies at (0.8406, -inf, -inf).
    Problem("bard", bard, (1.0, 1.0, 1.0), (8.21487e-3, 17.4286)),
    Problem("gaussian", gaussian, (0.4, 1.0, 0.0), (1.12793e-8,)),
    Problem("meyer", meyer, (0.02, 4000.0, 250.0), (87.9458,)),
    Problem("gulf_research", gulf_research, (5.0, 2.5, 0.15), minimizer=(50.0, 25.0, 1.5)),
    # Zero too at (10, 1, -1), and wherever x1 = x2 and x3 = 0.
    Problem("box", box, (0.0, 10.0, 20.0), minimizer=(1.0, 10.0, 1.0)),
    Problem("powell_singular", powell_singular, (3.0, -1.0, 0.0, 1.0), minimizer=(0.0,) * 4),
    Problem("wood", wood, (-3.0, -1.0, -3.0, -1.0), minimizer=(1.0,) * 4),
    # The second minimum lies at (inf, -14.07, -inf, -inf).
    Problem("kowalik_osborne", kowalik_osborne, (0.25, 0.39, 0.415, 0.39), (3.07505e-4, 1.02734e-3)),
    Problem("brown_dennis", brown_dennis, (25.0, 5.0, -5.0, -1.0), (85822.2,)),
    # Exponentials overflow in the trial steps of a trust region.
    Problem("osborne_1", osborne_1, (0.5, 1.5, -1.0, 0.01, 0.02), (5.46489e-5,), method="BFGS"),
    Problem("biggs_exp6", biggs_exp6, (1.0, 2.0, *[1.0] * 4), (0.0, 5.65565e-3), (1.0, 10.0, 1.0, 5.0, 4.0, 3.0)),
    Problem("osborne_2", osborne_2, (1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5), (4.01377e-2,)),
    Problem("watson", watson, (0.0,) * 6, (2.28767e-3,)),
    Problem("extended_rosenbrock", extended_rosenbrock, (-1.2, 1.0) * 4, minimizer=(1.0,) * 8),
    Problem("extended_powell_singular", powell_singular, (3.0, -1.0, 0.0, 1.0) * 2, minimizer=(0.0,) * 8),
    Problem("penalty_1", penalty_1, (1.0, 2.0, 3.0, 4.0), (2.24997e-5,)),
    Problem("penalty_2", penalty_2, (0.5,) * 4, (9.37629e-6,)),
    Problem("variably_dimensioned", variably_dimensioned, tuple(1 - j / 6 for j in range(1, 7)), minimizer=(1.0,) * 6),
    Problem("trigonometric", trigonometric, (0.1,) * 10, (0.0, 2.79506e-5), (0.0,) * 10, reached=1),
    # The second minimum lies at (0, ..., 0, n + 1).
    Problem("brown_almost_linear", brown_almost_linear, (0.5,) * 6, (0.0, 1.0), (1.0,) * 6),
    Problem("discrete_boundary_value", discrete_boundary_value, below_the_chord(10)),
    Problem("discrete_integral_equation", discrete_integral_equation, below_the_chord(10)),
    Problem("broyden_tridiagonal", broyden_tridiagonal, (-1.0,) * 10),
    Problem("broyden_banded", broyden_banded, (-1.0,) * 10),
    # Of m = 10 residuals: m - n, m (m - 1) / (2 (2 m + 1)), (m² + 3 m - 6) / (2 (2 m - 3)).
    Problem("linear_full_rank", linear_full_rank, (1.0,) * 5, (5.0,), (-1.0,) * 5),
    Problem("linear_rank_1", linear_rank_1, (1.0,) * 5, (90 / 42,)),
    Problem("linear_rank_1_bordered", linear_rank_1_bordered, (1.0,) * 5, (124 / 34,)),
    Problem("chebyquad", chebyquad, evenly_spaced(8), (3.51687e-3,)),
)
