"""Hyperbolic functions and their inverses as LLVM IR."""

from __future__ import annotations

import math
from typing import NamedTuple

from autograd.program.llvm.coefficients import ATANH, COSH, LOG_TWO_TIMES, SINH
from autograd.program.llvm.exponential import (
    LIFT,
    SMALLEST_NORMAL,
    TWO_52,
    growth,
    log_pair,
    nearest_exponent,
    power_in_bits,
    power_of_two,
    remainder,
)
from autograd.program.llvm.expressions import (
    Pair,
    Value,
    absolute,
    bits,
    bits_of,
    copysign,
    fast_two_sum,
    fma,
    polynomial,
    quotient,
    real,
    select,
    smaller,
    square_root,
    two_product,
    two_sum,
)

# Hyperbolic functions: sinh(n log 2 + r) = S cosh(r) + C sinh(r), cosh likewise, where
# C = (2**n + 2**-n) / 2 and S = (2**n - 2**-n) / 2.


def sinh_and_cosh(size: Value) -> tuple[Pair, Pair]:
    """A quarter of sinh(size) and of cosh(size) for 0 <= size <= 711."""
    n, _ = nearest_exponent(size)
    r = remainder(size, n)
    up = power_of_two(n - 3.0)
    down = power_of_two(-3.0 - smaller(n, 100.0))
    cosine, sine = fast_two_sum(up, down), fast_two_sum(up, -down)
    z = r.high * r.high
    # sinh(r) = r.high + sinh_rest, cosh(r) = 1 + cosh_rest.
    sinh_rest = fma(r.high * z, polynomial(SINH, z), r.low)
    cosh_rest = z * polynomial(COSH, z)

    def combined(one: Pair, other: Pair) -> Pair:
        """One * cosh(r) + other * sinh(r), |one| >= |other * sinh(r)| or one = 0."""
        product = two_product(other.high, r.high)
        total = fast_two_sum(one.high, product.high)
        rest = product.low + fma(other.high, sinh_rest, fma(one.high, cosh_rest, one.low))
        return Pair(total.high, total.low + rest)

    return combined(sine, cosine), combined(cosine, sine)


def sinh(x: Value) -> Value:
    """The hyperbolic sine."""
    size = absolute(x)
    result = 4.0 * sinh_and_cosh(smaller(size, 711.0))[0].rounded
    return select(size < 2.0**-28, x, copysign(result, x))


def cosh(x: Value) -> Value:
    """The hyperbolic cosine."""
    return 4.0 * sinh_and_cosh(smaller(absolute(x), 711.0))[1].rounded


# tanh |x| = (1 - t) / (1 + t) and its slope 4 t / (1 + t)**2, with t = exp(-2 |x|). The numerator of the first is made
# of exp(r) - 1, which keeps the digits of small x; the second keeps those of large x, as 1 - tanh(x)**2 would not. One
# division serves both: the rest of the numerator after a product with the inverse is multiplied by the inverse again.


class Decay(NamedTuple):
    """The numbers that tanh and its slope at the same x share."""

    power: Value  # 2**(n + LIFT)
    above: Value  # t = 2**n (1 + above)
    difference: Pair  # (t - 1) / 2
    mean: Pair  # (t + 1) / 2
    inverse: Value  # of the mean, rounded


def decay_of_twice(x: Value) -> Decay:
    """t = exp(-2 |x|), and the numbers made of it that tanh and its slope share."""
    exponent = -2.0 * smaller(absolute(x), 374.0)
    n, whole = nearest_exponent(exponent, 1023.0 + LIFT)
    power = power_in_bits(whole)
    # Here the rounding of the remainder may stay: it is less than 1/4 ulp of t, and 0 for small x.
    above = growth(remainder(exponent, n).high)
    scale = power * 2.0 ** -(LIFT + 1)
    # Subtracted from 1/2 exactly, unless t is less than a rounding of 1.
    difference = fast_two_sum(scale - 0.5, scale * above)
    mean = fast_two_sum(0.5, fma(scale, above, scale))
    return Decay(power, above, difference, mean, 1.0 / mean.high)


def tanh(x: Value) -> Value:
    """The hyperbolic tangent."""
    parts = decay_of_twice(x)
    # The quotient, to which the rest of the numerator, divided by the mean, is added.
    ratio = parts.difference.high * parts.inverse
    rest = fma(-ratio, parts.mean.high, parts.difference.high) + parts.difference.low
    rest = fma(-ratio, parts.mean.low, rest)
    return copysign(fma(rest, parts.inverse, ratio), x)


def sech_squared(x: Value) -> Value:
    """1 / cosh(x)**2, the slope of tanh."""
    parts = decay_of_twice(x)
    # 1 / mean = inverse (1 + error); the quotient is divided twice, so twice that.
    error = fma(-parts.mean.low, parts.inverse, fma(-parts.mean.high, parts.inverse, 1.0))
    share = two_product(fma(parts.power, parts.above, parts.power), parts.inverse)
    rest = fma(error + error, share.high, share.low)
    return fma(share.high, parts.inverse, rest * parts.inverse) * 2.0**-LIFT


def asinh(x: Value) -> Value:
    """log(1 + t), t = x + x**2 / (1 + sqrt(1 + x**2))."""
    size = absolute(x)
    huge = size > 2.0**30
    square = size * size
    above = square / (1.0 + square_root(1.0 + square))
    growth = fast_two_sum(size, above)
    total = two_sum(growth.high, x.like(1.0))
    high = select(huge, size, total.high)
    low = select(huge, 0.0, total.low + growth.low)
    return select(size < 2.0**-28, x, copysign(log_pair(high, low, select(huge, 1.0, 0.0)), x))


def acosh(x: Value) -> Value:
    """log(1 + t), t = b + sqrt(b (x + 1)) with b = x - 1: the roundings inside go into the pair."""
    huge = x > 2.0**30
    below = x - 1.0
    above = two_sum(x, x.like(1.0))
    product = two_product(below, above.high)
    product = Pair(product.high, fma(below, above.low, product.low))
    root = square_root(product.high)
    rest = fma(-root, root, product.high) + product.low
    growth = two_sum(below, root)
    total = two_sum(growth.high, x.like(1.0))
    # At x = 1 the root is 0, and so is the rest.
    root_low = rest / (2.0 * root + 2.0**-1000)
    high = select(huge, x, total.high)
    low = select(huge, 0.0, total.low + (growth.low + root_low))
    result = log_pair(high, low, select(huge, 1.0, 0.0))
    return select(x >= 1.0, result, math.nan)


def atanh(x: Value) -> Value:
    """log((1 + x) / (1 - x)) / 2 = k log(2) / 2 + atanh(s): s is found without dividing before."""
    size = absolute(x)
    above, below = fast_two_sum(1.0, size), fast_two_sum(1.0, -size)
    # The difference of two doubles' bits is nearly that of their logarithms.
    steps = (bits(above.high) - bits(below.high) + (bits_of(SMALLEST_NORMAL) >> 1)) >> 52
    k = real(steps | bits_of(TWO_52)) - TWO_52
    scale = power_of_two(k)
    scaled = Pair(below.high * scale, below.low * scale)
    difference = two_sum(above.high, -scaled.high)
    total = two_sum(above.high, scaled.high)
    s = quotient(
        Pair(difference.high, difference.low + (above.low - scaled.low)),
        Pair(total.high, total.low + (above.low + scaled.low)),
    )
    z = s.high * s.high
    rest = fma(s.high * z, polynomial(ATANH, z), s.low)
    half_log = fast_two_sum(k * (0.5 * LOG_TWO_TIMES[0]), s.high)
    result = half_log.high + (half_log.low + fma(k, 0.5 * LOG_TWO_TIMES[1], rest))
    result = select(size < 1.0, result, select(size == 1.0, math.inf, math.nan))
    return select(size < 2.0**-28, x, copysign(result, x))
