"""The oracle of every built-in primitive, by mpmath: its value, its local gradients, operands to try it on.

Values and gradients are written down from the definitions, in closed forms that lose no digits in the 200 bits or more
they are computed in; nothing of the engine's rules is repeated. `tests/operations/test_oracles.py` checks the
gradients against differences of the values.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mpmath

from autograd.operations import primitives

__all__ = ["BUILT_IN", "ORACLES", "Oracle", "mp", "mpf", "ulps"]

mp = mpmath.mp.clone()
mpf = mp.mpf
BUILT_IN = tuple(
    item for item in vars(primitives).values() if isinstance(item, primitives.Primitive) and not item.auxiliary
)
LARGEST_FLOAT = math.nextafter(math.inf, 0.0)


class Oracle(NamedTuple):
    """The exact results of a primitive, operands to try it on, and the terms that its results are sums of.

    value, gradients: of mpmath numbers; a gradient is nan where there is no derivative.
    sample: a tuple of floats drawn with a `random.Random`.
    value_term, gradient_terms: the largest term of the value, and of each local gradient, where terms cancel:
        what the error is measured beside near a zero.
    intervals: of each operand, where the primitive is smooth and no derivative 0, if it is not so on usual ones.
    choices: smooth points at which a rule makes a choice, or at which factors of its derivatives are 0.
    """

    value: Callable[..., Any]
    gradients: Callable[..., Sequence[Any]]
    sample: Callable[[random.Random], Sequence[float]]
    value_term: Callable[..., Any] = lambda *operands: 0
    gradient_terms: Callable[..., Sequence[Any]] = lambda *operands: (0,) * len(operands)
    intervals: Sequence[tuple[float, float]] = ()
    choices: Sequence[tuple[float, ...]] = ()


Draw = Callable[[random.Random], float]


def across(low: float, high: float) -> Draw:
    """Positive numbers of every order of magnitude."""
    return lambda draw: math.exp(draw.uniform(math.log(low), math.log(high)))


def between(low: float, high: float) -> Draw:
    """Numbers of an interval."""
    return lambda draw: draw.uniform(low, high)


def near(point: float, side: float = 0.0) -> Draw:
    """Numbers at every distance from a point, above it if `side` > 0, below if < 0."""
    return lambda draw: point + math.copysign(10.0 ** draw.uniform(-15, -1), side or draw.uniform(-1, 1))


def signed(sample: Draw) -> Draw:
    """The same with either sign."""
    return lambda draw: math.copysign(sample(draw), draw.uniform(-1, 1))


def one_of(*samples: Draw) -> Draw:
    """Each as often as the others."""
    return lambda draw: draw.choice(samples)(draw)


def each(*samples: Draw) -> Callable[[random.Random], tuple[float, ...]]:
    """An operand from each."""
    return lambda draw: tuple(sample(draw) for sample in samples)


def many(sample: Draw, parts: int = 1) -> Callable[[random.Random], tuple[float, ...]]:
    """One to six times `parts` operands."""
    return lambda draw: tuple(sample(draw) for _ in range(parts * draw.randint(1, 6)))


EVERY_SIZE = across(1e-300, 1e300)
ANY = one_of(signed(EVERY_SIZE), signed(across(1e-3, 1e3)))
POSITIVE = one_of(EVERY_SIZE, across(1e-3, 1e3), near(1.0))
MODERATE = one_of(signed(across(1e-300, 700)), between(-40, 40))


def draw_power(draw: random.Random) -> tuple[float, float]:
    """A base and an exponent whose power is a normal number; a negative base has an integer exponent."""
    base = POSITIVE(draw)
    limit = 700 / max(1e-3, abs(math.log(base)))
    exponent = one_of(between(-limit, limit), signed(across(min(1e-20, limit), limit)))(draw)
    if draw.random() < 0.5:
        exponent = float(round(exponent)) % 2.0**60
        if exponent * abs(math.log(base)) > 700:
            exponent = 1.0
        base *= draw.choice([-1, 1])
    return base, exponent


def draw_power_below(draw: random.Random) -> tuple[float, float, float]:
    """The same with a small integer to be subtracted from the exponent."""
    base = one_of(across(1e-30, 1e30), across(1e-3, 1e3), near(1.0))(draw)
    limit = min(1e5, 350 / abs(math.log(base)))
    exponent = one_of(between(-limit, limit), signed(across(1e-20, limit)))(draw)
    if draw.random() < 0.3:
        base, exponent = -base, float(round(exponent))
    return base, exponent, float(draw.randint(1, 3))


def exact_power(a: Any, b: Any) -> Any:
    """The power; of a negative base the continuation that is real at the integer exponents, to be used near these."""
    return a**b if a > 0 else (-1) ** int(mp.nint(b)) * (-a) ** b


def exact_extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    """The builtin max or min, also of one operand."""
    return lambda *operands: choose(operands)


def exact_mod(a: Any, b: Any) -> Any:
    return a - b * mp.floor(a / b)


def truncated(x: Any) -> Any:
    return mp.floor(x) if x > 0 else mp.ceil(x)


def exact_lgamma(x: Any) -> Any:
    return mp.re(mp.loggamma(x))


def nearest_pole(order: int) -> Callable[[Any], Any]:
    """The term of the pole that polygamma's derivatives cancel against below 0; what `special` documents."""

    def term(x: Any) -> Any:
        # Both the reflection's cotangent and the zeta sum of the other side are of this size or less.
        if x > 0:
            return 0
        return mp.factorial(order) / abs(x - mp.nint(x)) ** (order + 1)

    return term


def exact_polygamma(order: int, x: Any) -> Any:
    """The derivative of digamma; below 0 by reflection (DLMF 5.15.6), for mpmath counts its way up from there."""
    if x > 0:
        return mp.psi(order, x)
    if x == mp.floor(x):
        raise ZeroDivisionError("polygamma has a pole at each integer that is not positive")
    # The derivatives of pi cot(pi x) as polynomials in c = cot(pi x), whose derivative is -pi (1 + c^2).
    coefficients = [mp.mpf(0), mp.pi]
    for _ in range(order):
        slopes = [place * coefficient for place, coefficient in enumerate(coefficients)][1:]
        coefficients = [
            -mp.pi * ((slopes[place] if place < len(slopes) else 0) + (slopes[place - 2] if place >= 2 else 0))
            for place in range(len(slopes) + 2)
        ]
    cotangent = mp.cospi(x) / mp.sinpi(x)
    reflected = mp.fsum([coefficient * cotangent**place for place, coefficient in enumerate(coefficients)])
    return (-1) ** order * mp.psi(order, 1 - x) - reflected


def exact_logsumexp(*operands: Any) -> Any:
    *others, largest = sorted(operands)
    return largest + mp.log1p(mp.fsum(mp.exp(operand - largest) for operand in others))


def exact_norm(*operands: Any) -> Any:
    return mp.sqrt(mp.fsum(operand * operand for operand in operands))


def exact_dot(*operands: Any) -> Any:
    half = len(operands) // 2
    return mp.fsum(a * b for a, b in zip(operands[:half], operands[half:], strict=True))


def power_gradients(a: Any, b: Any) -> Sequence[Any]:
    """Of a negative base there is no derivative in the exponent."""
    with digits_of(b):
        return b * exact_power(a, b - 1), exact_power(a, b) * mp.log(a) if a > 0 else mp.nan


def digits_of(exponent: Any) -> Any:
    """A precision that keeps the last digit of an exponent less 1: that tells whether it is odd."""
    return mp.extraprec(max(0, int(mp.mag(exponent))) if exponent else 0)


def exact_power_below(a: Any, b: Any, c: Any) -> Any:
    with digits_of(b):
        return exact_power(a, b - c)


def power_below_gradients(a: Any, b: Any, c: Any) -> Sequence[Any]:
    with digits_of(b):
        slope, slope_in_exponent = power_gradients(a, b - c)
        return slope, slope_in_exponent, -slope_in_exponent


def logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def unit_vector(*operands: Any) -> Sequence[Any]:
    """The direction of a vector; 0 for the origin, where the length has its kink."""
    length = exact_norm(*operands)
    return [operand / length if length else mpf(0) for operand in operands]


def softmax(*operands: Any) -> Sequence[Any]:
    largest = max(operands)
    powers = [mp.exp(operand - largest) for operand in operands]
    return [power / mp.fsum(powers) for power in powers]


def no_slope(*operands: Any) -> Sequence[Any]:
    return (0,) * len(operands)


def largest_alone(*operands: Any) -> Sequence[Any]:
    """1 for the largest operand, which must not be tied, and 0 for the others."""
    largest = max(operands)
    return [int(operand == largest) for operand in operands]


GAMMA_ARGUMENTS = one_of(EVERY_SIZE, between(0.5, 3), between(0, 20), near(1), near(2), near(1.4616321449683623))


def near_a_zero_or_pole(draw: random.Random) -> float:
    """The double nearest to a multiple of pi / 2."""
    return float(mp.nint(2.0 ** draw.uniform(0, 1000 if draw.random() < 0.2 else 30)) * mp.pi / 2)


ANGLES = one_of(ANY, between(-10, 10), signed(near_a_zero_or_pole))
FRACTIONAL = signed(across(1e-300, 1e9))
DIVISIBLE = one_of(signed(across(1e-30, 1e30)), between(-9, 9))
BELOW_ZERO = one_of(between(-8, 0), near(-3), near(-1, -1))

ORACLES: dict[str, Oracle] = {
    "plus": Oracle(lambda a, b: a + b, lambda a, b: (1, 1), each(ANY, ANY)),
    "minus": Oracle(lambda a, b: a - b, lambda a, b: (1, -1), each(ANY, ANY)),
    "multiply": Oracle(lambda a, b: a * b, lambda a, b: (b, a), each(ANY, ANY)),
    "divide": Oracle(
        lambda a, b: a / b,
        lambda a, b: (1 / b, -a / (b * b)),
        each(ANY, ANY),
        intervals=[(0.3, 3.0), (0.3, 3.0)],
        choices=[(0.0, 2.0)],
    ),
    "negate": Oracle(lambda x: -x, lambda x: (-1,), each(ANY)),
    "reciprocal": Oracle(lambda x: 1 / x, lambda x: (-1 / (x * x),), each(ANY), intervals=[(0.3, 3.0)]),
    "square": Oracle(lambda x: x * x, lambda x: (2 * x,), each(ANY)),
    "fma": Oracle(lambda a, b, c: a * b + c, lambda a, b, c: (b, a, 1), each(ANY, ANY, ANY)),
    "power": Oracle(
        exact_power,
        power_gradients,
        draw_power,
        choices=[(2.0, 0.0), (2.0, 1.0), (2.0, 2.0), (1.0, 1.0), (1.0, 0.0), (0.5, 3.0)],
    ),
    "power_below": Oracle(
        exact_power_below,
        power_below_gradients,
        draw_power_below,
        choices=[(2.0, 0.0, 1.0), (2.0, 1.0, 1.0), (2.0, 2.0, 2.0), (1.0, 1.0, 1.0)],
    ),
    "sqrt": Oracle(mp.sqrt, lambda x: (1 / (2 * mp.sqrt(x)),), each(POSITIVE)),
    "cbrt": Oracle(
        lambda x: mp.sign(x) * mp.cbrt(abs(x)), lambda x: (1 / (3 * mp.cbrt(x * x)),), each(ANY), intervals=[(0.3, 3.0)]
    ),
    "hypot": Oracle(
        lambda a, b: mp.sqrt(a * a + b * b),
        unit_vector,
        each(ANY, ANY),
        intervals=[(-3.0, 3.0), (0.3, 3.0)],
        choices=[(0.0, 2.0), (2.0, 0.0)],
    ),
    "exp": Oracle(mp.exp, lambda x: (mp.exp(x),), each(MODERATE)),
    "exp_difference": Oracle(
        lambda a, b: mp.exp(a - b),
        lambda a, b: (mp.exp(a - b), -mp.exp(a - b)),
        lambda draw: (a := MODERATE(draw), a + one_of(between(-700, 700), between(-3, 3), near(0))(draw)),
    ),
    "exp2": Oracle(
        lambda x: mp.mpf(2) ** x, lambda x: (mp.mpf(2) ** x * mp.log(2),), each(one_of(MODERATE, between(-1000, 1000)))
    ),
    "expm1": Oracle(mp.expm1, lambda x: (mp.exp(x),), each(MODERATE)),
    "log": Oracle(mp.log, lambda x: (1 / x,), each(POSITIVE)),
    "log2": Oracle(lambda x: mp.log(x) / mp.log(2), lambda x: (1 / (x * mp.log(2)),), each(POSITIVE)),
    "log10": Oracle(lambda x: mp.log(x) / mp.log(10), lambda x: (1 / (x * mp.log(10)),), each(POSITIVE)),
    "log1p": Oracle(
        mp.log1p,
        lambda x: (1 / (1 + x),),
        each(one_of(EVERY_SIZE, near(0.0), near(-1.0, 1), between(-1, 3))),
        intervals=[(-0.8, 4.0)],
    ),
    "xlogy": Oracle(
        lambda a, b: a * mp.log(b),
        lambda a, b: (mp.log(b), a / b),
        each(ANY, POSITIVE),
        choices=[(0.0, 2.0), (1.0, 1.0)],
    ),
    "logaddexp": Oracle(
        exact_logsumexp,
        lambda a, b: (logistic(a - b), logistic(b - a)),
        lambda draw: (a := one_of(MODERATE, ANY)(draw), one_of(MODERATE, lambda d: a + MODERATE(d), near(a))(draw)),
        value_term=lambda a, b: max(abs(max(a, b)), mp.log1p(mp.exp(-abs(a - b)))),
        choices=[(1.0, 1.0), (0.0, 0.0)],
    ),
    "sigmoid_difference": Oracle(
        lambda a, b: 1 / (1 + mp.exp(b - a)),
        lambda a, b: (logistic(a - b) * logistic(b - a), -logistic(a - b) * logistic(b - a)),
        lambda draw: (a := MODERATE(draw), one_of(MODERATE, lambda d: a + MODERATE(d), near(a))(draw)),
    ),
    "softplus": Oracle(lambda x: mp.log1p(mp.exp(x)), lambda x: (logistic(x),), each(one_of(MODERATE, ANY))),
    "sigmoid": Oracle(lambda x: 1 / (1 + mp.exp(-x)), lambda x: (logistic(x) * logistic(-x),), each(MODERATE)),
    "sin": Oracle(mp.sin, lambda x: (mp.cos(x),), each(ANGLES)),
    "cos": Oracle(mp.cos, lambda x: (-mp.sin(x),), each(ANGLES)),
    "tan": Oracle(mp.tan, lambda x: (1 / mp.cos(x) ** 2,), each(ANGLES)),
    "asin": Oracle(
        mp.asin,
        lambda x: (1 / mp.sqrt((1 - x) * (1 + x)),),
        each(one_of(between(-1, 1), signed(across(1e-300, 1)), near(1, -1), near(-1, 1))),
        intervals=[(-0.8, 0.8)],
    ),
    "acos": Oracle(
        mp.acos,
        lambda x: (-1 / mp.sqrt((1 - x) * (1 + x)),),
        each(one_of(between(-1, 1), signed(across(1e-300, 1)), near(1, -1), near(-1, 1))),
        intervals=[(-0.8, 0.8)],
    ),
    "atan": Oracle(mp.atan, lambda x: (1 / (1 + x * x),), each(ANY)),
    "atan2": Oracle(
        mp.atan2,
        lambda a, b: (b / (a * a + b * b), -a / (a * a + b * b)),
        each(ANY, ANY),
        intervals=[(0.3, 3.0), (-3.0, 3.0)],
        choices=[(0.0, 2.0), (2.0, 0.0)],
    ),
    "sinh": Oracle(mp.sinh, lambda x: (mp.cosh(x),), each(MODERATE)),
    "cosh": Oracle(mp.cosh, lambda x: (mp.sinh(x),), each(MODERATE)),
    "tanh": Oracle(
        mp.tanh, lambda x: (1 / mp.cosh(x) ** 2,), each(one_of(signed(across(1e-300, 350)), between(-20, 20)))
    ),
    "sech_squared": Oracle(
        lambda x: mp.sech(x) ** 2,
        lambda x: (-2 * mp.sech(x) ** 2 * mp.tanh(x),),
        each(one_of(signed(across(1e-300, 350)), between(-20, 20))),
    ),
    "asinh": Oracle(mp.asinh, lambda x: (1 / mp.sqrt(1 + x * x),), each(ANY)),
    "acosh": Oracle(
        mp.acosh,
        lambda x: (1 / mp.sqrt((x - 1) * (x + 1)),),
        each(one_of(across(1, 1e300), near(1, 1), between(1, 10))),
        intervals=[(1.2, 4.0)],
    ),
    "atanh": Oracle(
        mp.atanh,
        lambda x: (1 / ((1 - x) * (1 + x)),),
        each(one_of(between(-1, 1), signed(across(1e-300, 1)), near(1, -1), near(-1, 1))),
        intervals=[(-0.8, 0.8)],
    ),
    "gaussian": Oracle(
        lambda x: mp.exp(-x * x),
        lambda x: (-2 * x * mp.exp(-x * x),),
        each(one_of(between(-26, 26), signed(across(1e-300, 26)))),
    ),
    "erf": Oracle(
        mp.erf,
        lambda x: (2 / mp.sqrt(mp.pi) * mp.exp(-x * x),),
        each(one_of(between(-26, 26), between(-3, 3), signed(across(1e-300, 26)))),
    ),
    "erfc": Oracle(
        mp.erfc,
        lambda x: (-2 / mp.sqrt(mp.pi) * mp.exp(-x * x),),
        each(one_of(between(-6, 26), signed(across(1e-300, 6)))),
    ),
    "gamma": Oracle(
        mp.gamma,
        lambda x: (mp.gamma(x) * exact_polygamma(0, x),),
        each(one_of(between(0, 171), between(-170, 0), signed(across(1e-300, 170)))),
        gradient_terms=lambda x: (mp.gamma(x) * nearest_pole(0)(x),),
        intervals=[(0.3, 5.0)],
        choices=[(1.0,), (2.0,)],
    ),
    "lgamma": Oracle(
        exact_lgamma,
        lambda x: (exact_polygamma(0, x),),
        each(one_of(GAMMA_ARGUMENTS, GAMMA_ARGUMENTS, BELOW_ZERO)),
        value_term=lambda x: mp.log(mp.pi / abs(x * mp.sinpi(x))) if x < 0 else 0,
        gradient_terms=lambda x: (nearest_pole(0)(x),),
        intervals=[(0.3, 5.0)],
        choices=[(1.0,), (2.0,)],
    ),
    "digamma": Oracle(
        lambda x: exact_polygamma(0, x),
        lambda x: (exact_polygamma(1, x),),
        each(one_of(GAMMA_ARGUMENTS, GAMMA_ARGUMENTS, BELOW_ZERO)),
        value_term=nearest_pole(0),
        gradient_terms=lambda x: (nearest_pole(1)(x),),
        intervals=[(0.3, 5.0)],
        choices=[(1.0,)],
    ),
    "polygamma": Oracle(
        lambda n, x: exact_polygamma(int(n), x),
        lambda n, x: (mp.nan, exact_polygamma(int(n) + 1, x)),
        lambda draw: (float(draw.randint(0, 6)), one_of(across(1e-30, 1e30), between(0, 20), BELOW_ZERO)(draw)),
        value_term=lambda n, x: nearest_pole(int(n))(x),
        gradient_terms=lambda n, x: (0, nearest_pole(int(n) + 1)(x)),
        intervals=[(0.3, 4.0), (0.3, 4.0)],
    ),
    "abs": Oracle(abs, lambda x: (mp.sign(x),), each(ANY)),
    "sign": Oracle(mp.sign, no_slope, each(ANY)),
    "floor": Oracle(mp.floor, no_slope, each(FRACTIONAL)),
    "ceil": Oracle(mp.ceil, no_slope, each(FRACTIONAL)),
    "round": Oracle(mp.nint, no_slope, each(FRACTIONAL)),
    "trunc": Oracle(truncated, no_slope, each(FRACTIONAL)),
    "floor_divide": Oracle(lambda a, b: mp.floor(a / b), no_slope, each(DIVISIBLE, DIVISIBLE)),
    "mod": Oracle(exact_mod, lambda a, b: (1, -mp.floor(a / b)), each(DIVISIBLE, DIVISIBLE)),
    "fmod": Oracle(
        lambda a, b: a - b * truncated(a / b), lambda a, b: (1, -truncated(a / b)), each(DIVISIBLE, DIVISIBLE)
    ),
    "copysign": Oracle(lambda a, b: abs(a) * mp.sign(b), lambda a, b: (mp.sign(a) * mp.sign(b), 0), each(ANY, ANY)),
    "identity": Oracle(lambda x: x, lambda x: (1,), each(ANY)),
    "where": Oracle(lambda x: x, lambda x: (1,), each(ANY)),
    "max": Oracle(max, largest_alone, each(ANY, ANY)),
    "min": Oracle(min, lambda a, b: largest_alone(-a, -b), each(ANY, ANY)),
    "sum": Oracle(lambda *x: mp.fsum(x), lambda *x: (1,) * len(x), many(one_of(ANY, signed(across(0.1, 10))))),
    "prod": Oracle(
        lambda *x: mp.fprod(x),
        lambda *x: [mp.fprod([*x[:place], *x[place + 1 :]]) for place in range(len(x))],
        many(one_of(signed(across(1e-200, 1e200)), signed(across(0.1, 10)))),
        choices=[(0.0, 2.0, 3.0), (0.0, 0.0, 3.0), (2.0,)],
    ),
    "dot": Oracle(
        exact_dot,
        lambda *x: (*x[len(x) // 2 :], *x[: len(x) // 2]),
        many(one_of(signed(across(1e-140, 1e150)), signed(across(0.1, 10))), parts=2),
    ),
    "norm": Oracle(exact_norm, unit_vector, many(one_of(ANY, signed(across(0.1, 10)))), choices=[(0.0, 2.0), (-3.0,)]),
    "logsumexp": Oracle(
        exact_logsumexp,
        softmax,
        many(one_of(between(-700, 700), between(-5, 5))),
        value_term=lambda *x: max(abs(max(x)), mp.log(len(x))),
        choices=[(0.5, 0.5, 0.5), (0.0,)],
    ),
    "max_of_many": Oracle(exact_extreme(max), largest_alone, many(ANY)),
    "min_of_many": Oracle(exact_extreme(min), lambda *x: largest_alone(*[-operand for operand in x]), many(ANY)),
}


def ulps(got: float, exact: Any, term: Any = 0) -> float:
    """The error in units in the last place of the exact result, or of the largest term that it is the sum of.

    Infinity stands for the first number that is no longer a float.
    """
    if math.isnan(got):
        return math.inf
    with mp.workprec(3000):
        size = max(abs(exact), abs(term))
        unit = mpf(math.ulp(min(LARGEST_FLOAT, float(size) if size < LARGEST_FLOAT else LARGEST_FLOAT)))
        limit = mpf(2) ** 1024
        if math.isinf(got):
            if abs(exact) >= limit and (exact > 0) == (got > 0):
                return 0.0
            got = math.copysign(1.0, got) * limit
        return float(abs(mpf(got) - exact) / unit)
