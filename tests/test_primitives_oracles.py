"""What mpmath says of every built-in primitive, and that no primitive is without it.

The values are written down here from the definitions; derivatives of any order are differences of them in
several hundred bits, so that nothing of the engine's rules is repeated. Other test modules import the table.
"""

import math
import random
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import pytest

from autograd import primitives

mp = pytest.importorskip("mpmath").mp.clone()
mpf = mp.mpf
BUILT_IN = tuple(
    item for item in vars(primitives).values() if isinstance(item, primitives.Primitive) and not item.auxiliary
)
LARGEST_FLOAT = math.nextafter(math.inf, 0.0)


class Oracle(NamedTuple):
    """The exact value of a primitive, operands to try it on, and the terms that its results are sums of.

    value: of mpmath numbers.
    sample: a tuple of floats drawn with a `random.Random`.
    value_term, gradient_terms: the largest term of the value, and of each local gradient, where terms cancel:
        what the error is measured beside near a zero.
    """

    value: Callable[..., Any]
    sample: Callable[[random.Random], Sequence[float]]
    value_term: Callable[..., Any] = lambda *operands: 0
    gradient_terms: Callable[..., Sequence[Any]] = lambda *operands: (0,) * len(operands)


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
    """The power; of a negative base the continuation that is real at the integer exponents."""
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


def exact_logsumexp(*operands: Any) -> Any:
    largest = max(operands)
    return largest + mp.log(mp.fsum(mp.exp(operand - largest) for operand in operands))


def exact_norm(*operands: Any) -> Any:
    return mp.sqrt(mp.fsum(operand * operand for operand in operands))


def exact_dot(*operands: Any) -> Any:
    half = len(operands) // 2
    return mp.fsum(a * b for a, b in zip(operands[:half], operands[half:], strict=True))


def round_half_even(x: Any) -> Any:
    return mp.nint(x)


GAMMA_ARGUMENTS = one_of(EVERY_SIZE, between(0.5, 3), between(0, 20), near(1), near(2), near(1.4616321449683623))
FRACTIONAL = signed(across(1e-300, 1e9))
DIVISIBLE = one_of(signed(across(1e-30, 1e30)), between(-9, 9))
BELOW_ZERO = one_of(between(-8, 0), near(-3), near(-1, -1))

ORACLES: dict[str, Oracle] = {
    "plus": Oracle(lambda a, b: a + b, each(ANY, ANY)),
    "minus": Oracle(lambda a, b: a - b, each(ANY, ANY)),
    "multiply": Oracle(lambda a, b: a * b, each(ANY, ANY)),
    "divide": Oracle(lambda a, b: a / b, each(ANY, ANY)),
    "negate": Oracle(lambda x: -x, each(ANY)),
    "reciprocal": Oracle(lambda x: 1 / x, each(ANY)),
    "square": Oracle(lambda x: x * x, each(ANY)),
    "fma": Oracle(lambda a, b, c: a * b + c, each(ANY, ANY, ANY)),
    "power": Oracle(exact_power, draw_power),
    "power_below": Oracle(lambda a, b, c: exact_power(a, b - c), draw_power_below),
    "sqrt": Oracle(mp.sqrt, each(POSITIVE)),
    "cbrt": Oracle(lambda x: mp.sign(x) * mp.cbrt(abs(x)), each(ANY)),
    "hypot": Oracle(lambda a, b: mp.sqrt(a * a + b * b), each(ANY, ANY)),
    "exp": Oracle(mp.exp, each(MODERATE)),
    "exp2": Oracle(lambda x: mp.mpf(2) ** x, each(one_of(MODERATE, between(-1000, 1000)))),
    "expm1": Oracle(mp.expm1, each(MODERATE)),
    "log": Oracle(mp.log, each(POSITIVE)),
    "log2": Oracle(lambda x: mp.log(x) / mp.log(2), each(POSITIVE)),
    "log10": Oracle(lambda x: mp.log(x) / mp.log(10), each(POSITIVE)),
    "log1p": Oracle(mp.log1p, each(one_of(EVERY_SIZE, near(0.0), near(-1.0, 1), between(-1, 3)))),
    "xlogy": Oracle(lambda a, b: a * mp.log(b), each(ANY, POSITIVE)),
    "logaddexp": Oracle(
        exact_logsumexp,
        lambda draw: (a := one_of(MODERATE, ANY)(draw), one_of(MODERATE, lambda d: a + MODERATE(d), near(a))(draw)),
        value_term=lambda a, b: max(abs(max(a, b)), mp.log1p(mp.exp(-abs(a - b)))),
    ),
    "sigmoid_difference": Oracle(
        lambda a, b: 1 / (1 + mp.exp(b - a)),
        lambda draw: (a := MODERATE(draw), one_of(MODERATE, lambda d: a + MODERATE(d), near(a))(draw)),
    ),
    "softplus": Oracle(lambda x: mp.log1p(mp.exp(x)), each(one_of(MODERATE, ANY))),
    "sigmoid": Oracle(lambda x: 1 / (1 + mp.exp(-x)), each(MODERATE)),
    "sin": Oracle(mp.sin, each(ANY)),
    "cos": Oracle(mp.cos, each(ANY)),
    "tan": Oracle(mp.tan, each(ANY)),
    "asin": Oracle(mp.asin, each(one_of(between(-1, 1), signed(across(1e-300, 1)), near(1, -1), near(-1, 1)))),
    "acos": Oracle(mp.acos, each(one_of(between(-1, 1), signed(across(1e-300, 1)), near(1, -1), near(-1, 1)))),
    "atan": Oracle(mp.atan, each(ANY)),
    "atan2": Oracle(mp.atan2, each(ANY, ANY)),
    "sinh": Oracle(mp.sinh, each(MODERATE)),
    "cosh": Oracle(mp.cosh, each(MODERATE)),
    "tanh": Oracle(mp.tanh, each(one_of(signed(across(1e-300, 350)), between(-20, 20)))),
    "sech_squared": Oracle(lambda x: mp.sech(x) ** 2, each(one_of(signed(across(1e-300, 350)), between(-20, 20)))),
    "asinh": Oracle(mp.asinh, each(ANY)),
    "acosh": Oracle(mp.acosh, each(one_of(across(1, 1e300), near(1, 1), between(1, 10)))),
    "atanh": Oracle(mp.atanh, each(one_of(between(-1, 1), signed(across(1e-300, 1)), near(1, -1), near(-1, 1)))),
    "gaussian": Oracle(lambda x: mp.exp(-x * x), each(one_of(between(-26, 26), signed(across(1e-300, 26))))),
    "erf": Oracle(mp.erf, each(one_of(between(-26, 26), between(-3, 3), signed(across(1e-300, 26))))),
    "erfc": Oracle(mp.erfc, each(one_of(between(-6, 26), signed(across(1e-300, 6))))),
    "lgamma": Oracle(
        exact_lgamma,
        each(one_of(GAMMA_ARGUMENTS, GAMMA_ARGUMENTS, BELOW_ZERO)),
        value_term=lambda x: mp.log(mp.pi / abs(x * mp.sinpi(x))) if x < 0 else 0,
        gradient_terms=lambda x: (nearest_pole(0)(x),),
    ),
    "digamma": Oracle(
        mp.digamma,
        each(one_of(GAMMA_ARGUMENTS, GAMMA_ARGUMENTS, BELOW_ZERO)),
        value_term=nearest_pole(0),
        gradient_terms=lambda x: (nearest_pole(1)(x),),
    ),
    "polygamma": Oracle(
        lambda n, x: mp.psi(int(n), x),
        lambda draw: (float(draw.randint(0, 6)), one_of(across(1e-30, 1e30), between(0, 20), BELOW_ZERO)(draw)),
        value_term=lambda n, x: nearest_pole(int(n))(x),
        gradient_terms=lambda n, x: (0, nearest_pole(int(n) + 1)(x)),
    ),
    "abs": Oracle(abs, each(ANY)),
    "sign": Oracle(mp.sign, each(ANY)),
    "floor": Oracle(mp.floor, each(FRACTIONAL)),
    "ceil": Oracle(mp.ceil, each(FRACTIONAL)),
    "round": Oracle(mp.nint, each(FRACTIONAL)),
    "trunc": Oracle(truncated, each(FRACTIONAL)),
    "floor_divide": Oracle(lambda a, b: mp.floor(a / b), each(DIVISIBLE, DIVISIBLE)),
    "mod": Oracle(exact_mod, each(DIVISIBLE, DIVISIBLE)),
    "fmod": Oracle(lambda a, b: a - b * truncated(a / b), each(DIVISIBLE, DIVISIBLE)),
    "copysign": Oracle(lambda a, b: abs(a) * mp.sign(b), each(ANY, ANY)),
    "identity": Oracle(lambda x: x, each(ANY)),
    "where": Oracle(lambda x: x, each(ANY)),
    "max": Oracle(max, each(ANY, ANY)),
    "min": Oracle(min, each(ANY, ANY)),
    "sum": Oracle(lambda *x: mp.fsum(x), many(one_of(ANY, signed(across(0.1, 10))))),
    "prod": Oracle(lambda *x: mp.fprod(x), many(one_of(signed(across(1e-200, 1e200)), signed(across(0.1, 10))))),
    "dot": Oracle(exact_dot, many(one_of(signed(across(1e-140, 1e150)), signed(across(0.1, 10))), parts=2)),
    "norm": Oracle(exact_norm, many(one_of(ANY, signed(across(0.1, 10))))),
    "logsumexp": Oracle(
        exact_logsumexp,
        many(one_of(between(-700, 700), between(-5, 5))),
        value_term=lambda *x: max(abs(max(x)), mp.log(len(x))),
    ),
    "max_of_many": Oracle(exact_extreme(max), many(ANY)),
    "min_of_many": Oracle(exact_extreme(min), many(ANY)),
}


def exact_derivative(function: Callable[..., Any], point: Sequence[float], orders: Sequence[int]) -> Any:
    """A partial derivative, to 70 bits, as a central difference in as many bits as it takes.

    The step shrinks and the precision grows until two of them agree.
    """
    order = sum(orders)
    sizes = [math.frexp(x)[1] for x in point]
    spread = 2 * (max(sizes) - min(sizes))
    if order == 0:
        with mp.workprec(400 + spread):
            return +function(*map(mpf, point))
    magnitudes = [-math.frexp(x)[1] if x else 0 for x, times in zip(point, orders, strict=True) if times]
    bits, zeros = 120, 0
    previous = None
    while bits < 20_000:
        with mp.workprec(order * (bits + 2 + max(0, *magnitudes, 0)) + 2 * bits + spread):
            current = difference(function, list(map(mpf, point)), orders, bits)
            if previous is not None and abs(current - previous) <= abs(current) * mpf(2) ** -70:
                zeros += 1
                # A zero may be a derivative too small for this precision.
                if current != 0 or zeros >= 3:
                    return current
            previous = current
        bits *= 2
    raise AssertionError(f"no limit of the differences at {point}")


def difference(function: Callable[..., Any], point: list[Any], orders: Sequence[int], bits: int) -> Any:
    """The mixed central difference with steps of 2**-bits of each operand."""
    steps = [mp.ldexp(abs(x) or 1, -bits) for x in point]
    terms = []
    for places in product(*[range(times + 1) for times in orders]):
        weight = 1
        for place, times in zip(places, orders, strict=True):
            weight *= (-1) ** place * math.comb(times, place)
        moved = [
            x + step * (mpf(times) / 2 - place)
            for x, step, times, place in zip(point, steps, orders, places, strict=True)
        ]
        terms.append(weight * function(*moved))
    total = mp.fsum(terms)
    if abs(total) <= mp.fsum(map(abs, terms)) * mp.ldexp(1, 20 - mp.prec):
        # What is left is rounding.
        return mpf(0)
    for step, times in zip(steps, orders, strict=True):
        total /= step**times
    return total


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


def test_every_primitive_has_an_oracle():
    assert {primitive.name for primitive in BUILT_IN} <= set(ORACLES)


def test_every_oracle_is_of_a_primitive():
    assert set(ORACLES) <= {primitive.name for primitive in BUILT_IN}


@pytest.mark.parametrize(
    ("function", "point", "orders", "closed_form"),
    [
        (mp.tanh, (300.0,), (1,), lambda x: 1 / mp.cosh(x) ** 2),
        (mp.log, (1e-300,), (4,), lambda x: -6 / x**4),
        (mp.atan, (1e300,), (1,), lambda x: 1 / (1 + x * x)),
        (lambda a, b: a**b, (1.5, 2.5), (1, 1), lambda a, b: a ** (b - 1) * (1 + b * mp.log(a))),
        (lambda a, b: a + b, (1e-300, 1.0), (1, 0), lambda a, b: 1),
        (mp.floor, (2.5,), (2,), lambda x: 0),
    ],
)
def test_a_derivative_from_differences_is_that_of_the_closed_form(function, point, orders, closed_form):
    with mp.workprec(2500):
        expected = closed_form(*map(mpf, point))
    assert abs(exact_derivative(function, point, orders) - expected) <= abs(expected) * mpf(2) ** -60
