"""Trigonometric functions and their inverses as LLVM IR."""

from __future__ import annotations

import math

from autograd.program.llvm.coefficients import ARC_SINE, ARC_TANGENT, COSINE, HALF_PI, SINE
from autograd.program.llvm.expressions import (
    TO_INTEGER,
    Pair,
    Value,
    absolute,
    bits,
    copysign,
    fast_two_sum,
    fma,
    is_nan,
    polynomial,
    quotient,
    scalar_where,
    select,
    smaller,
    square_root,
    two_product,
    two_sum,
)

# Beyond it (and at infinities) sin, cos and tan are called row by row.
LARGEST_ANGLE = 2.0**30


# x = n pi / 2 + r, |r| <= pi / 4


def quadrant_and_angle(x: Value) -> tuple[Value, Pair]:
    """An integer with the last bits of n, and r to 2**-60 of it, for |x| <= LARGEST_ANGLE."""
    shifted = fma(x, 1.0 / HALF_PI[0], TO_INTEGER)
    n = shifted - TO_INTEGER
    # Exact: the result has no bits below those of x or pi / 2, and is small.
    first = fma(-n, HALF_PI[0], x)
    second, error = two_product(n, HALF_PI[1])
    high, rest = two_sum(first, -second)
    return bits(shifted), fast_two_sum(high, fma(-n, HALF_PI[2], rest - error))


def sine(r: Pair) -> Pair:
    """sin(r)."""
    z = r.high * r.high
    rest = fma(r.high * z, polynomial(SINE, z), fma(z * -0.5, r.low, r.low))
    return Pair(r.high, rest)


def cosine(r: Pair) -> Pair:
    """cos(r)."""
    z, z_low = two_product(r.high, r.high)
    total = fast_two_sum(1.0, -0.5 * z)
    rest = fma(z * z, polynomial(COSINE, z), -fma(0.5, z_low, r.high * r.low))
    return Pair(total.high, total.low + rest)


def wave(x: Value, name: str, quarter_turns: int) -> Value:
    """sin(x + quarter_turns * pi / 2)."""
    quadrant, r = quadrant_and_angle(x)
    quadrant = quadrant + quarter_turns if quarter_turns else quadrant
    size = select((quadrant & 1) == 0, sine(r).rounded, cosine(r).rounded)
    result = select((quadrant & 2) == 0, size, -size)
    return scalar_where(absolute(x) > LARGEST_ANGLE, result, name, x)


def sin(x: Value) -> Value:
    """The sine of x radians."""
    # x itself where r would lose the sign of zero, or its last bits to underflow.
    return select(absolute(x) < 2.0**-28, x, wave(x, "sin", 0))


def cos(x: Value) -> Value:
    """The cosine of x radians."""
    return wave(x, "cos", 1)


def tan(x: Value) -> Value:
    """The tangent of x radians: the quotient of two pairs."""
    quadrant, r = quadrant_and_angle(x)
    sine_r, cosine_r = sine(r).normalized, cosine(r).normalized
    even = (quadrant & 1) == 0
    # tan(r + pi / 2) = -cos(r) / sin(r).
    numerator = Pair(select(even, sine_r.high, -cosine_r.high), select(even, sine_r.low, -cosine_r.low))
    denominator = Pair(select(even, cosine_r.high, sine_r.high), select(even, cosine_r.low, sine_r.low))
    result = quotient(numerator, denominator).rounded
    result = scalar_where(absolute(x) > LARGEST_ANGLE, result, "tan", x)
    return select(absolute(x) < 2.0**-28, x, result)


# Arcs


def arc_sine(size: Value) -> tuple[Value, Pair]:
    """The condition that size <= 1/2; and asin(s), s = size where it holds, elsewhere s = sqrt((1 - size) / 2)."""
    inner = size <= 0.5
    half_gap = fma(size, -0.5, 0.5)
    square = select(inner, size * size, half_gap)
    root = square_root(half_gap)
    # At size 1 the root is 0, and so is its rounding error.
    root_low = fma(-root, root, half_gap) / (2.0 * root + 2.0**-1000)
    s = select(inner, size, root)
    return inner, Pair(s, fma(s * square, polynomial(ARC_SINE, square), select(inner, 0.0, root_low)))


def asin(x: Value) -> Value:
    """The angle whose sine is x: asin(s), or pi / 2 - 2 asin(s)."""
    inner, arc = arc_sine(absolute(x))
    outer = fast_two_sum(HALF_PI[0], -2.0 * arc.high)
    outer_value = outer.high + (outer.low + fma(-2.0, arc.low, HALF_PI[1]))
    return copysign(select(inner, arc.rounded, outer_value), x)


def acos(x: Value) -> Value:
    """The angle whose cosine is x: pi / 2 - asin(x) inside, outside 2 asin(s), or for x < 0 pi less that."""
    inner, arc = arc_sine(absolute(x))
    turned = select(x > 0.0, 0.0, 2.0)
    quarters = select(inner, 1.0, turned)
    factor = select(inner, -1.0, 2.0) * copysign(1.0, x)
    total = fast_two_sum(quarters * HALF_PI[0], factor * arc.high)
    return total.high + (total.low + fma(factor, arc.low, quarters * HALF_PI[1]))


def arc_tangent(a: Value, b: Value) -> Pair:
    """atan(a / b) for finite a, b >= 0, b > 0 if a is 0: within 2**-1000 and 2**1000 if not far apart.

    With t = a / b, (a - b) / (a + b) or -b / a, an angle of 0, pi / 4 or pi / 2 is taken off, and |t| <= tan(pi/8).
    """
    eighth = math.sqrt(2.0) - 1.0
    low, high = a <= eighth * b, eighth * a > b
    total, difference = two_sum(a, b), two_sum(a, -b)
    numerator = select(low, a, select(high, -b, difference.high))
    numerator_low = select(low | high, 0.0, difference.low)
    denominator = select(low, b, select(high, a, total.high))
    denominator_low = select(low | high, 0.0, total.low)
    t = quotient(Pair(numerator, numerator_low), Pair(denominator, denominator_low))
    z = t.high * t.high
    rest = fma(t.high * z, polynomial(ARC_TANGENT, z), t.low)
    eighths = select(low, 0.0, select(high, 2.0, 1.0))
    arc = fast_two_sum(eighths * (0.5 * HALF_PI[0]), t.high)
    return Pair(arc.high, arc.low + fma(eighths, 0.5 * HALF_PI[1], rest))


def atan(x: Value) -> Value:
    """The angle whose tangent is x."""
    size = absolute(x)
    arc = arc_tangent(smaller(size, 2.0**60), x.like(1.0)).rounded
    return select(size < 2.0**-28, x, copysign(arc, x))


def atan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), from -pi to pi."""
    a, b = absolute(y), absolute(x)
    largest = select(a > b, a, b)
    infinite = largest == math.inf
    # Powers of two away from overflow and underflow; in place of infinities 1, and 0 beside them.
    scale = select(largest > 2.0**1000, 2.0**-100, select(largest < 2.0**-900, 2.0**120, 1.0))
    top = select(infinite, select(a == math.inf, 1.0, 0.0), a * scale)
    bottom = select(infinite, select(b == math.inf, 1.0, 0.0), b * scale)
    bottom = select(largest == 0.0, 1.0, bottom)
    arc = arc_tangent(top, bottom)
    behind = fast_two_sum(2.0 * HALF_PI[0], -arc.high)
    behind_value = behind.high + (behind.low + (2.0 * HALF_PI[1] - arc.low))
    angle = select(bits(x) < 0, behind_value, arc.rounded)
    return copysign(select(is_nan(x) | is_nan(y), math.nan, angle), y)
