"""Roots, remainders, extremes and error functions as LLVM IR."""

from __future__ import annotations

import math

from autograd.program.llvm.coefficients import CUBE_ROOT, ERF, ERF_TAIL, ERFC
from autograd.program.llvm.exponential import (
    LIFT,
    SMALLEST_NORMAL,
    TWO_52,
    decay,
    exponential_pair,
    nearest_exponent,
    power_in_bits,
    power_of_two,
    remainder,
)
from autograd.program.llvm.expressions import (
    TO_INTEGER,
    Pair,
    Value,
    absolute,
    bits,
    bits_of,
    copysign,
    fast_two_sum,
    fma,
    is_nan,
    polynomial,
    quotient,
    real,
    round_down,
    round_even,
    round_to_zero,
    round_up,
    scalar_where,
    select,
    smaller,
    square_root,
    times,
    two_product,
    two_sum,
)

# Roots


def cbrt(x: Value) -> Value:
    """With |x| = 8**k m, 1 <= m < 8: 2**k m r**2, r = m**(-1/3), which needs no division."""
    size = absolute(x)
    subnormal = size < SMALLEST_NORMAL
    scaled = select(subnormal, size * 2.0**54, size)
    exponent = real((bits(scaled) >> 52) | bits_of(TWO_52)) - select(subnormal, TWO_52 + 1077.0, TWO_52 + 1023.0)
    mantissa = real((bits(scaled) & (bits_of(SMALLEST_NORMAL) - 1)) | bits_of(1.0))
    k = fma(exponent - 1.0, 1.0 / 3.0, TO_INTEGER) - TO_INTEGER
    step = fma(k, -3.0, exponent)  # 0, 1 or 2
    m = mantissa * select(step == 0.0, 1.0, select(step == 1.0, 2.0, 4.0))
    reciprocal = select(step == 0.0, 1.0, select(step == 1.0, 0.5 ** (1 / 3), 0.25 ** (1 / 3)))
    r = polynomial(CUBE_ROOT, mantissa) * reciprocal
    # r is 2**-17 off, and after (1 - error)**(-1/3) to the second order 2**-48.
    error = fma(-m * r, r * r, 1.0)
    r = fma(r * error, fma(error, 2.0 / 9.0, 1.0 / 3.0), r)
    root = m * (r * r)
    square = two_product(root, root)
    error = fma(-square.high, root, m) - square.low * root
    result = fma(error * (1.0 / 3.0), r * r, root) * power_of_two(k)
    return select((size > 0.0) & (size < math.inf), copysign(result, x), x)


def hypot(a: Value, b: Value) -> Value:
    """sqrt(a*a + b*b) without overflow, the sum as a pair; inf if either is, even beside nan."""
    a, b = absolute(a), absolute(b)
    swapped = a < b
    large, small = select(swapped, b, a), select(swapped, a, b)
    # Powers of two away from overflow and underflow of the squares.
    huge, tiny = large > 2.0**500, large < 2.0**-400
    scale = select(huge, 2.0**-600, select(tiny, 2.0**600, 1.0))
    unscale = select(huge, 2.0**600, select(tiny, 2.0**-600, 1.0))
    first, second = two_product(large * scale, large * scale), two_product(small * scale, small * scale)
    total = fast_two_sum(first.high, second.high)
    low = total.low + (first.low + second.low)
    root = square_root(total.high)
    rest = fma(-root, root, total.high) + low
    # At the origin root and rest are 0.
    result = (root + rest / (2.0 * root + 2.0**-1000)) * unscale
    result = select(is_nan(a) | is_nan(b), math.nan, result)
    return select((a == math.inf) | (b == math.inf), math.inf, result)


# Error functions


def erf(x: Value) -> Value:
    """The error function: a polynomial up to 1, beyond it 1 - exp(-x*x) times a polynomial."""
    size = smaller(absolute(x), 28.0)
    square = two_product(size, size)
    inner = fma(size, polynomial(ERF, square.high), size)
    tail = decay(-square.high, -square.low) * polynomial(ERF_TAIL, (size - 2.75) / (size + 4.0))
    return copysign(select(size <= 1.0, inner, 1.0 - tail), x)


def erfc(x: Value) -> Value:
    """exp(-x*x) times a slowly varying factor over 1 + x, and 2 less that for x < 0."""
    size = smaller(absolute(x), 28.0)
    square = two_product(size, size)
    t = (size - 4.25) / (size + 4.25)
    varying = two_product(t, polynomial(ERFC[2:], t))
    slow = fast_two_sum(ERFC[0], varying.high)
    numerator = Pair(slow.high, slow.low + (varying.low + ERFC[1]))
    factor = quotient(numerator, two_sum(size, size.like(1.0)))
    n, whole = nearest_exponent(-square.high, 1023.0 + LIFT)
    product = times(exponential_pair(remainder(-square.high, n, -square.low)).normalized, factor)
    result = product.rounded * power_in_bits(whole) * 2.0**-LIFT
    return select(x < 0.0, 2.0 - result, result)


# Remainders


def fmod(a: Value, b: Value) -> Value:
    """C's remainder. Quotients from 2**53 on, and thus poles, are called row by row."""
    size, divisor = absolute(a), absolute(b)
    count = round_to_zero(size / divisor)
    # The remainder is a double, so the fma is exact. A quotient rounded up to an integer was one too large.
    rest = fma(-count, divisor, size)
    rest = select(rest < 0.0, rest + divisor, rest)
    # Not 0 * inf.
    rest = select(count == 0.0, size, rest)
    return scalar_where(count >= 2.0 * TWO_52, copysign(rest, a), "fmod", a, b)


def mod(a: Value, b: Value) -> Value:
    """Python's a % b, the remainder with the sign of b."""
    rest = fmod(a, b)
    moved = select((rest < 0.0) ^ (b < 0.0), rest + b, rest)
    return select(rest == 0.0, copysign(0.0, b), moved)


def floor_divide(a: Value, b: Value) -> Value:
    """The integer below the exact a / b, with its sign; nan for b = 0."""
    rest = fmod(a, b)
    count = round_even((a - rest) / b)
    # From 2**53 on a - rest is rounded, and the count may be off.
    error = round_even((fma(-count, b, a) - rest) / b)
    error = select(absolute(count * b) < math.inf, error, 0.0)
    below = (rest != 0.0) & ((rest < 0.0) ^ (b < 0.0))
    result = copysign(count + select(below, error - 1.0, error), a / b)
    return select(is_nan(rest), math.nan, result)


# Extremes, signs and steps


def maximum(a: Value, b: Value) -> Value:
    """The larger of the two, nan if either is."""
    # The inner choice is one instruction, which gives b if a is nan.
    return select(is_nan(a), a, select(a > b, a, b))


def minimum(a: Value, b: Value) -> Value:
    """The smaller of the two, nan if either is."""
    return select(is_nan(a), a, select(a < b, a, b))


def sign(x: Value) -> Value:
    """-1, 0 or 1; 0.0 for both zeros, nan for nan."""
    return select(x > 0.0, 1.0, select(x < 0.0, -1.0, x + 0.0))


def signed_size(a: Value, b: Value) -> Value:
    """copysign."""
    return copysign(a, b)


floor, ceil, trunc, nearest = round_down, round_up, round_to_zero, round_even
