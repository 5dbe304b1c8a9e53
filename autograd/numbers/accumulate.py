# cython: annotation_typing=False
"""Sums, products, lengths and log-sum-exponentials of many doubles, with the roundings carried along.

Compiled, these functions take C arrays and can be called from C only; uncompiled, sequences of floats.
"""

from collections.abc import MutableSequence, Sequence

try:
    import cython
except ImportError:  # the compiler package is not needed to run uncompiled
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.ieee import copysign, fabs, fma, frexp, isfinite, isnan, ldexp, log1p, sqrt
    from autograd.numbers.special import exp_difference, exp_differences_into, quotient_pair, two_product, two_sum

INFINITY = float("inf")
NAN = float("nan")


def cascade_result(total: float, first: float, second: float) -> float:
    """total + first + second, the three levels of a cascaded sum; only total if it is not finite."""
    # total is what naive summation gives, so that infinities and nan come out as IEEE has them.
    if not isfinite(total):
        return total
    high, low = two_sum(total, first)
    return high + (low + second)


def sum_of(values: Sequence[float], count: int) -> float:
    """The sum, the roundings of each addition and those of their sum being carried along.

    Third-order compensation (Ogita, Rump & Oishi's SumK with K = 3; Klein, Computing 76, 2006): within 1 ulp
    beyond a condition number of 1e15.
    """
    total = 0.0
    first = 0.0
    second = 0.0
    for index in range(count):
        total, error = two_sum(total, values[index])
        first, error = two_sum(first, error)
        second += error
    return cascade_result(total, first, second)


def dot_of(left: Sequence[float], right: Sequence[float], count: int) -> float:
    """The scalar product, as accurate as `sum_of`: the rounding of each product is one more summand."""
    total = 0.0
    first = 0.0
    second = 0.0
    for index in range(count):
        product = left[index] * right[index]
        product_low = fma(left[index], right[index], -product)
        total, error = two_sum(total, product)
        first, error = two_sum(first, error)
        second += error
        first, error = two_sum(first, product_low)
        second += error
    return cascade_result(total, first, second)


def norm_of(values: Sequence[float], count: int) -> float:
    """The square root of the sum of squares; a power of two keeps the squares from over- and underflow."""
    largest = 0.0
    for index in range(count):
        size = fabs(values[index])
        if isnan(size):
            return size
        largest = max(largest, size)
    if largest == 0.0 or largest == INFINITY:
        return largest
    shift = 0
    if largest > 1e150:
        shift = -600
    elif largest < 1e-130:
        shift = 600
    scale = ldexp(1.0, shift)
    total = 0.0
    total_low = 0.0
    for index in range(count):
        scaled = values[index] * scale
        square, square_low = two_product(scaled, scaled)
        total, error = two_sum(total, square)
        total_low += error + square_low
    return ldexp(sqrt(total + total_low), -shift)


def product_pair(values: Sequence[float], count: int, skip_special: bool) -> tuple[float, float, int]:
    """The product as (high + low) * 2**exponent, optionally of the finite values other than 0 only.

    Compensated (Graillat, 2008: "Accurate floating-point product"). Mantissas and exponents are multiplied
    apart, so that the product of the first values may leave the range that the whole product is in.
    """
    high = 1.0
    low = 0.0
    exponent = 0
    for index in range(count):
        if skip_special and (values[index] == 0.0 or not isfinite(values[index])):
            continue
        mantissa, shift = frexp(values[index])
        exponent += shift
        low *= mantissa
        high, error = two_product(high, mantissa)
        low += error
        if fabs(high) < 1e-100:
            high = ldexp(high, 300)
            low = ldexp(low, 300)
            exponent -= 300
    return high, low, exponent


def scaled_by(value: float, exponent: int) -> float:
    """value * 2**exponent for an exponent that may not fit C's int."""
    return ldexp(value, max(-4000, min(4000, exponent)))


def prod_of(values: Sequence[float], count: int) -> float:
    """The product, rounded about once."""
    high, low, exponent = product_pair(values, count, False)
    if high == 0.0 or not isfinite(high):
        return high
    return scaled_by(high + low, exponent)


def prod_without_each_into(values: Sequence[float], count: int, result: MutableSequence[float]) -> None:
    """result[i] = the product of all values but values[i]; `result` must not be `values`.

    The whole product is a pair, without zeros, infinities and nans, which are counted. Divided by values[i] it is
    rounded once. It is not taken from left to right: 1e-200 * 1e-200 * inf is infinite.
    """
    zeros = 0
    infinities = 0
    undefined = 0
    direction = 1.0
    for index in range(count):
        if values[index] == 0.0:
            zeros += 1
        elif isnan(values[index]):
            undefined += 1
        elif not isfinite(values[index]):
            infinities += 1
        direction *= copysign(1.0, values[index])
    high, low, exponent = product_pair(values, count, True)
    for index in range(count):
        zeros_left = zeros
        infinities_left = infinities
        undefined_left = undefined
        if values[index] == 0.0:
            zeros_left -= 1
        elif isnan(values[index]):
            undefined_left -= 1
        elif not isfinite(values[index]):
            infinities_left -= 1
        if undefined_left > 0 or (infinities_left > 0 and zeros_left > 0):
            result[index] = NAN
        elif infinities_left > 0:
            result[index] = copysign(INFINITY, direction * copysign(1.0, values[index]))
        elif zeros_left > 0:
            result[index] = copysign(0.0, direction * copysign(1.0, values[index]))
        elif values[index] == 0.0 or not isfinite(values[index]):
            result[index] = scaled_by(high + low, exponent)
        else:
            mantissa, shift = frexp(values[index])
            quotient, quotient_low = quotient_pair(high, low, mantissa, 0.0)
            result[index] = scaled_by(quotient + quotient_low, exponent - shift)


def logsumexp_of(values: Sequence[float], count: int) -> float:
    """log of the sum of exponentials, -inf for none; near 0 to 2 ulp of the largest value."""
    if count == 0:
        return -INFINITY
    where = 0
    for index in range(count):
        if isnan(values[index]):
            return values[index]
        if values[index] > values[where]:
            where = index
    if not isfinite(values[where]):
        return values[where]
    total = 0.0
    total_low = 0.0
    for index in range(count):
        if index != where:
            total, error = two_sum(total, exp_difference(values[index], values[where]))
            total_low += error
    return values[where] + (log1p(total) + total_low / (1.0 + total))


def softmax_into(values: Sequence[float], count: int, result: MutableSequence[float]) -> None:
    """result[i] = exp(values[i]) / sum of exp(values): the gradient of logsumexp; all nan if one value is."""
    if count == 0:
        return
    largest = values[0]
    for index in range(1, count):
        # Once largest is a nan it stays.
        if values[index] > largest or isnan(values[index]):
            largest = values[index]
    exp_differences_into(values, count, largest, result)
    total = 0.0
    total_low = 0.0
    for index in range(count):
        total, error = two_sum(total, result[index])
        total_low += error
    # One rounding less than a division by the rounded total would have.
    for index in range(count):
        quotient = result[index] / total
        result[index] = quotient - quotient * (total_low / total)
