"""Exponentials, logarithms and powers as LLVM IR.

Each works the same way: an exact *reduction* of the argument to a small interval, a *polynomial* there, and the
*reconstruction*. Numbers on which the result's last bit depends are carried as a `Pair`.
"""

from __future__ import annotations

import math

from autograd.program.llvm.coefficients import (
    ATANH,
    EXPONENTIAL,
    LOG10_TWO_TIMES,
    LOG_TEN_INVERSE,
    LOG_TWO,
    LOG_TWO_INVERSE,
    LOG_TWO_TIMES,
    LOGARITHM,
    ONE_THIRD,
)
from autograd.program.llvm.expressions import (
    NOTHING,
    TO_INTEGER,
    Number,
    Pair,
    Value,
    absolute,
    bits,
    bits_of,
    fast_two_sum,
    fma,
    is_nan,
    larger,
    polynomial,
    quotient,
    real,
    round_even,
    select,
    smaller,
    times,
    two_product,
    two_sum,
)

TWO_52 = 2.0**52
SMALLEST_NORMAL = 2.0**-1022


# Powers of two


def power_in_bits(whole: Value) -> Value:
    """2**(k - 1023), k being the last bits of an integer, which are shifted to the place of the exponent."""
    return real(whole << 52)


def power_of_two(exponent: Value) -> Value:
    """2**exponent for a real that is an integer from -1022 to 1023."""
    return power_in_bits(bits(exponent + (TO_INTEGER + 1023.0)))


def times_power_of_two(x: Value, exponent: Value) -> Value:
    """x * 2**exponent, |exponent| <= 2040, for |x| near 1: in two steps, of which only the second may round."""
    half = fma(exponent, 0.5, TO_INTEGER) - TO_INTEGER
    return x * power_of_two(half) * power_of_two(exponent - half)


# Exponentials: x = n log 2 + r, |r| <= log(2) / 2 (Cody and Waite, Software Manual for the Elementary Functions, 1980,
# chapter 6), log 2 in two parts.


def nearest_exponent(x: Value, bias: float = 0.0) -> tuple[Value, Value]:
    """n, the nearest integer to x / log 2, and an integer whose last bits are those of n + bias."""
    shifted = fma(x, LOG_TWO_INVERSE[0], TO_INTEGER + bias)
    return shifted - (TO_INTEGER + bias), bits(shifted)


def remainder(x: Value, n: Value, low: Value | None = None) -> Pair:
    """r = x + low - n log 2."""
    # Exact: the result has no bits below those of x or log 2, and is small.
    high = fma(-n, LOG_TWO[0], x)
    if low is not None:
        return fast_two_sum(high, fma(-n, LOG_TWO[1], low))
    r = fma(-n, LOG_TWO[1], high)
    return Pair(r, fma(-n, LOG_TWO[1], high - r))


def growth(r: Value, low: Value | None = None) -> Value:
    """e**(r + low) - 1 for |r| <= 0.3467."""
    curve = polynomial(EXPONENTIAL, r)
    return fma(r * r, curve, r) if low is None else r + fma(r * r, curve, low)


def exponential_pair(r: Pair) -> Pair:
    """e**r to 2**-57, |r| <= 0.3467; not normalized."""
    power = fast_two_sum(1.0, r.high)
    return Pair(power.high, power.low + fma(r.high * r.high, polynomial(EXPONENTIAL, r.high), r.low))


def exponential(x: Value) -> Value:
    """e**x for |x| <= 800, which may round to 0 or infinity."""
    # 2**n is two powers in the range of normal numbers: only the product with the second may leave it.
    n, whole = nearest_exponent(x, 2046.0)
    above = growth(*remainder(x, n))
    half = whole >> 1
    first, second = power_in_bits(half), power_in_bits(whole - half)
    return fma(first, above, first) * second


# A result that can only be below 1 is calculated 2**LIFT times as large: then its power of two is one normal number.
LIFT = 200


def decay(x: Value, low: Value | None = None) -> Value:
    """e**(x + low) for -800 <= x <= 0."""
    n, whole = nearest_exponent(x, 1023.0 + LIFT)
    power = power_in_bits(whole)
    return fma(power, growth(*remainder(x, n, low)), power) * 2.0**-LIFT


def exp(x: Value) -> Value:
    """e**x."""
    return exponential(smaller(larger(x, -746.0), 710.0))


def exp2(x: Value) -> Value:
    """2**x = 2**n e**((x - n) log 2)."""
    x = smaller(larger(x, -1076.0), 1024.0)
    n = (x + TO_INTEGER) - TO_INTEGER
    part = x - n
    high, low = two_product(part, LOG_TWO[0])
    r = Pair(high, fma(part, LOG_TWO[1], low))
    return times_power_of_two(exponential_pair(r).rounded, n)


def expm1(x: Value) -> Value:
    """e**x - 1 = 2**n (e**r - 1) + (2**n - 1)."""
    bounded = smaller(larger(x, -40.0), 710.0)
    # All of it halved, for n may be 1024. The first difference is exact for |n| <= 53, and elsewhere 1/2 ulp off.
    n, whole = nearest_exponent(bounded, 1022.0)
    r = remainder(bounded, n)
    above = fast_two_sum(r.high, fma(r.high * r.high, polynomial(EXPONENTIAL, r.high), r.low))
    scale = power_in_bits(whole)
    total = fast_two_sum(scale - 0.5, scale * above.high)
    result = 2.0 * (total.high + fma(scale, above.low, total.low))
    return select(absolute(x) < 2.0**-54, x, result)


def gaussian(x: Value) -> Value:
    """exp(-x*x), with the rounding error of the square."""
    size = smaller(absolute(x), 28.0)
    square = two_product(size, size)
    return decay(-square.high, -square.low)


# Logarithms: x = 2**k m, sqrt(1/2) <= m < sqrt(2), and log m = 2 atanh(s), s = (m - 1) / (m + 1)


def exponent_and_mantissa(x: Value) -> tuple[Value, Value]:
    """k and m for a finite x > 0."""
    subnormal = x < SMALLEST_NORMAL
    x = select(subnormal, x * 2.0**54, x)
    shift = select(subnormal, TWO_52 + 1023.0 + 54.0, TWO_52 + 1023.0)
    root_half = bits_of(math.sqrt(0.5))
    # As integers, doubles are in the order of their values: above root_half begins the next k.
    whole = bits(x) + (bits_of(1.0) - root_half)
    k = real((whole >> 52) | bits_of(TWO_52)) - shift
    return k, real((whole & (bits_of(SMALLEST_NORMAL) - 1)) + root_half)


def log_mantissa(m: Value, low: Value | Number = NOTHING) -> Pair:
    """log(m + low), low being a rounding error of m."""
    f = m - 1.0
    whole = f + low
    s = whole / (whole + 2.0)
    z = s * s
    series = z * fma(z, polynomial(LOGARITHM, z), ONE_THIRD[0])
    # 2 s + 2 s * series, in which 2 s = f - s f: so the rounding of s weighs little.
    curve = s * (whole - 2.0 * series)
    total = fast_two_sum(f, -curve)
    return Pair(total.high, total.low + low)


def plus_multiple(k: Value, unit: tuple[float, float], log: Pair) -> Pair:
    """k * unit + log, for an integer k and a log that is smaller than the unit."""
    total = fast_two_sum(k * unit[0], log.high)
    return Pair(total.high, total.low + fma(k, unit[1], log.low))


def times_constant(x: Pair, factor: tuple[float, float]) -> Pair:
    """x * factor."""
    product = two_product(x.high, factor[0])
    return Pair(product.high, fma(x.high, factor[1], fma(x.low, factor[0], product.low)))


def with_limits(x: Value, result: Value) -> Value:
    """A logarithm at every x: -inf at 0, inf at inf, nan below 0 and at nan."""
    beyond = select(x < 0.0, math.nan, select(x == 0.0, -math.inf, x))
    return select((x > 0.0) & (x < math.inf), result, beyond)


def log(x: Value) -> Value:
    """The natural logarithm."""
    k, m = exponent_and_mantissa(x)
    return with_limits(x, plus_multiple(k, LOG_TWO_TIMES, log_mantissa(m)).rounded)


def log2(x: Value) -> Value:
    """The logarithm to base 2, exact for powers of 2."""
    k, m = exponent_and_mantissa(x)
    return with_limits(x, plus_multiple(k, (1.0, 0.0), times_constant(log_mantissa(m), LOG_TWO_INVERSE)).rounded)


def log10(x: Value) -> Value:
    """The logarithm to base 10, exact for powers of 10."""
    k, m = exponent_and_mantissa(x)
    result = plus_multiple(k, LOG10_TWO_TIMES, times_constant(log_mantissa(m), LOG_TEN_INVERSE))
    return with_limits(x, result.rounded)


def log_pair(x: Value, low: Value, doublings: Value | Number = 0.0) -> Value:
    """log((x + low) * 2**doublings), low being a rounding error of x, which may be large against log x."""
    k, m = exponent_and_mantissa(x)
    scaled_low = low * power_of_two(-smaller(k, 1000.0))
    result = plus_multiple(k + doublings, LOG_TWO_TIMES, log_mantissa(m, scaled_low))
    return with_limits(x, result.rounded)


def log1p(x: Value) -> Value:
    """log(1 + x), the sum as a pair."""
    total = two_sum(x, x.like(1.0))
    return select(absolute(x) < 2.0**-54, x, log_pair(*total))


def log1p_of_small(u: Value) -> Value:
    """log(1 + u) for 0 <= u <= 1."""
    s = u / (u + 2.0)
    z = s * s
    return fma(-s, fma(-2.0 * z, polynomial(ATANH, z), u), u)


def xlogy(x: Value, y: Value) -> Value:
    """x log(y), and 0 for x = 0 whatever y, unless y is nan."""
    k, m = exponent_and_mantissa(y)
    log = plus_multiple(k, LOG_TWO_TIMES, log_mantissa(m))
    product = two_product(x, log.high)
    inner = absolute(product.high)
    ordinary = (y > 0.0) & (y < math.inf) & (inner > 0.0) & (inner < math.inf)
    result = select(ordinary, product.high + fma(x, log.low, product.low), x * with_limits(y, log.rounded))
    return select((x == 0.0) & (y == y), 0.0, result)


# The logistic function and its integral


def exp_difference(a: Value, b: Value) -> Value:
    """exp(a - b), as if the difference were exact; 1 for equal infinities."""
    difference, error = two_sum(a, -b)
    power = exp(difference)
    # At infinities the error is nan.
    moved = select(is_nan(error) | (power == math.inf), power, fma(power, error, power))
    return select(a == b, 1.0, moved)


def logistic(x: Value) -> tuple[Value, Value]:
    """sigmoid(x) and sigmoid(-x), the larger 1 / (1 + t) and the smaller t / (1 + t) with t = exp(-|x|)."""
    small = decay(larger(-absolute(x), -746.0))
    total = fast_two_sum(1.0, small)
    inverse = 1.0 / total.high
    # 1 / (1 + t) = inverse (1 + error).
    error = fma(-total.low, inverse, fma(-total.high, inverse, 1.0))
    share = two_product(small, inverse)
    more, less = fma(inverse, error, inverse), share.high + fma(share.high, error, share.low)
    positive = x >= 0.0
    return select(positive, more, less), select(positive, less, more)


def sigmoid(x: Value) -> Value:
    """1 / (1 + exp(-x))."""
    return logistic(x)[0]


def sigmoid_of_negated(x: Value) -> Value:
    """1 / (1 + exp(x)), which the slope of sigmoid is a multiple of."""
    return logistic(x)[1]


def logistic_difference(a: Value, b: Value) -> tuple[Value, Value]:
    """sigmoid(a - b) and sigmoid(b - a), as if the difference were exact; 1/2 for equal infinities."""
    difference, error = two_sum(a, -b)
    share, other = logistic(difference)
    # At infinities the error is nan.
    shares = fma(share * error, other, share), fma(other * -error, share, other)
    first, second = [select(is_nan(error), *pair) for pair in zip((share, other), shares, strict=True)]
    return select(a == b, 0.5, first), select(a == b, 0.5, second)


def sigmoid_difference(a: Value, b: Value) -> Value:
    """sigmoid(a - b), the slope of logaddexp in a."""
    return logistic_difference(a, b)[0]


def sigmoid_difference_swapped(a: Value, b: Value) -> Value:
    """sigmoid(b - a), the slope of logaddexp in b."""
    return logistic_difference(a, b)[1]


def softplus(x: Value) -> Value:
    """log(1 + exp(x))."""
    small = decay(larger(-absolute(x), -746.0))
    return larger(x, 0.0) + log1p_of_small(small)


def logaddexp(a: Value, b: Value) -> Value:
    """log(exp(a) + exp(b)), near 0 to 2 ulp of the larger of its two terms."""
    # As in `logistic`, whose exponential the slopes need.
    difference, error = two_sum(a, -b)
    small = decay(larger(-absolute(difference), -746.0))
    top, lost = select(a < b, b, a), select(a < b, error, -error)
    moved = top + fma(small, lost / (1.0 + small), log1p_of_small(small))
    moved = select(absolute(difference) == math.inf, top, moved)
    return select(a == b, a + LOG_TWO[0], moved)


# Powers


def accurate_log(x: Value) -> Pair:
    """log x to about 2**-64 of it, for a finite x > 0: in a power its error is multiplied by up to 745."""
    k, m = exponent_and_mantissa(x)
    s = quotient(Pair(m - 1.0, x.like(NOTHING)), two_sum(m, x.like(1.0)))
    square = two_product(s.high, s.high)
    square = Pair(square.high, fma(2.0 * s.high, s.low, square.low))
    inner = fast_two_sum(ONE_THIRD[0], square.high * polynomial(LOGARITHM, square.high))
    inner = Pair(inner.high, inner.low + ONE_THIRD[1])
    series = times(square, inner)
    product = times(s, series)
    total = fast_two_sum(s.high, product.high)
    log = Pair(2.0 * total.high, 2.0 * (total.low + (s.low + product.low)))
    return plus_multiple(k, LOG_TWO_TIMES, log).normalized


def is_integer(x: Value) -> Value:
    """The condition that x is an integer, or infinite."""
    return round_even(x) == x


def is_odd(x: Value) -> Value:
    """The condition that x is an odd integer."""
    return is_integer(x) & ~is_integer(0.5 * x)


def power_of(base: Value, exponent: Pair, integer: Value, odd: Value) -> Value:
    """base ** exponent, given the conditions that the exponent is an integer and an odd one (C99, Annex F.9.4.4)."""
    size = absolute(base)
    log = accurate_log(size)
    # 1 ** inf is 1; 0 and inf to any power but 0 overflow, one way or the other.
    log_high = with_limits(size, log.high)
    product = times(Pair(log_high, log.low), exponent)
    high = select(log_high == 0.0, 0.0, product.high)
    low = select(absolute(product.high) < 800.0, product.low, 0.0)
    high = smaller(larger(high, -800.0), 800.0)
    n, _ = nearest_exponent(high)
    result = times_power_of_two(exponential_pair(remainder(high, n, low)).rounded, n)
    negative = bits(base) < 0
    result = select(negative & odd, -result, result)
    result = select((base < 0.0) & (base > -math.inf) & ~integer, math.nan, result)
    result = select(is_nan(base) | is_nan(exponent.high), math.nan, result)
    return select((base == 1.0) | (exponent.high == 0.0), 1.0, result)


def power(a: Value, b: Value) -> Value:
    """a ** b."""
    return power_of(a, Pair(b, b.like(NOTHING)), is_integer(b), is_odd(b))


def power_beside(a: Value, b: Value, c: Value) -> Value:
    """a ** b, for those who need a ** (b - c) too."""
    return power(a, b)


def power_below(a: Value, b: Value, c: Value) -> Value:
    """a ** (b - c) for a small integer c, as if the difference were exact."""
    difference = two_sum(b, -c)
    error = select(is_nan(difference.low), 0.0, difference.low)
    # A rounded difference is no integer below 2**53, and from there on b is even.
    exact, large = error == 0.0, absolute(b) >= 2.0 * TWO_52
    integer = select(exact, is_integer(difference.high), large)
    odd = select(exact, is_odd(difference.high), large & ~is_integer(0.5 * c))
    return power_of(a, Pair(difference.high, error), integer, odd)
