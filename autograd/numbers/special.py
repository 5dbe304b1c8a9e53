# cython: annotation_typing=False
"""Double-precision functions that libm lacks, or computes to worse than 2 ulp.

The C signatures stand in `special.pxd`: compiled, each function here is a plain C function that no Python
object enters; uncompiled, the same text runs on floats and lists, with `autograd.numbers.ieee` for libm.

Where one rounding too many would cost the second ulp, a value is carried as a *pair* `high + low`, an
unevaluated sum with about 106 significant bits. The two error-free transformations below make pairs (Dekker,
Numerische Mathematik 18, 1971; Ogita, Rump & Oishi, SIAM J. Sci. Comput. 26, 2005).

The tables were computed from their definitions with mpmath (60 digits). DLMF is dlmf.nist.gov.
"""

from collections.abc import MutableSequence, Sequence

try:
    import cython
except ImportError:  # the compiler package is not needed to run uncompiled
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.ieee import (
        copysign,
        cos,
        erf,
        exp,
        fabs,
        floor,
        fma,
        fmod,
        frexp,
        isfinite,
        isnan,
        ldexp,
        log,
        log1p,
        pow,
        rint,
        sin,
        sqrt,
        tan,
    )

    truncated = int  # compiled, a C cast from double to int

INFINITY = float("inf")
NAN = float("nan")

# One coefficient a line would be four pages.
# fmt: off
# exp(x*x) * erfc(x) as a polynomial in x - 3/4 on [1/2, 1], interpolated at Chebyshev points to 2**-60. Here
# and in the other tables for `polynomial_pair`, the two leading coefficients are pairs.
ERFCX_FROM_HALF = [
    0.5069376502931449, -5.335996477605762e-17, -0.3679726916557954, 1.5652564488970895e-17,
    0.2309581315512983, -0.1298360619948811, 0.06679054252756655, -0.03189726203968118,
    0.014289198666213443, -0.00605153229729106, 0.0024376373433168705, -0.000938512056293829,
    0.0003467512575452147, -0.0001233545520026088, 4.236125943559736e-05, -1.408512949400527e-05,
    4.653752310183548e-06, -1.4567881256540653e-06,
]
# The same in x - 3/2 on [1, 2].
ERFCX_FROM_ONE = [
    0.3215854164543175, 1.703391687991039e-17, -0.16362291773256007, 7.926407899527458e-18,
    0.07615103985547739, -0.032930905299562635, 0.013377340953068511, -0.005145957547985475,
    0.0018861348769562312, -0.0006619300663930904, 0.00022330994586274217, -7.265892257522832e-05,
    2.2864294807967016e-05, -6.974987241686018e-06, 2.067088490322641e-06, -5.961119446974675e-07,
    1.6708703859197203e-07, -4.585146974854072e-08, 1.329844554951821e-08, -3.4778531023839574e-09,
]
# The same in x - 3 on [2, 4].
ERFCX_FROM_TWO = [
    0.17900115118138996, -5.552119524704471e-18, -0.05437226000717287, 6.977672637441872e-19,
    0.01588437115987136, -0.00447943101837258, 0.0012230390523759822, -0.00032412554449670324,
    8.355413963925958e-05, -2.0989464462229973e-05, 5.146436493852072e-06, -1.2333677143104898e-06,
    2.8926692938101366e-07, -6.646690382092543e-08, 1.4977112890287265e-08, -3.312780752600577e-09,
    7.206556491473509e-10, -1.539306000137148e-10, 3.165046186861128e-11, -6.555844952443731e-12,
    1.6647790649164353e-12, -3.32463503923892e-13,
]
# (1 - sqrt(pi) * x * exp(x*x) * erfc(x)) * x*x as a polynomial in 1/(x*x), x >= 4.
ERFCX_TAIL = [
    0.5, -0.7499999999998078, 1.8749999997683513, -6.562499888985968, 29.53122190736748,
    -162.41755120765248, 1055.302324321468, -7886.859182317291, 65701.22230029559, -578168.5946988681,
    4930746.006604222, -36521513.72868084, 207675883.3430929, -774078642.9698492, 1384793411.6990204,
]
# log Gamma(2 + t) / t on |t| <= 1/2.
LGAMMA_ABOUT_TWO = [
    0.42278433509846713, 4.998234382459033e-18, 0.3224670334241132, 1.5176930390577985e-17,
    -0.06735230105319814, 0.02058080842778457, -0.0073855510286681535, 0.002890510330738737,
    -0.0011927539120010226, 0.0005096695248853096, -0.00022315475074520367, 9.945750909889392e-05,
    -4.4926351103833334e-05, 2.050726741605779e-05, -9.438458716242811e-06, 4.374374916915131e-06,
    -2.0449201467015115e-06, 9.578663334114758e-07, -4.303558760359961e-07, 2.0304806751615227e-07,
    -1.3412819758517287e-07, 6.379047507619774e-08,
]
# digamma(y) / (y - root) as a polynomial in y - 3/2 on [1, 2]; root = 3/2 + DIGAMMA_ROOT is its zero there.
DIGAMMA_ABOUT_ROOT = [
    0.9510558760318328, 4.330743078649653e-17, -0.4236274212814606, -1.8714539581546205e-17,
    0.24054248424078697, -0.14840492305388092, 0.09498872445289039, -0.06192213327548831,
    0.040760833940846085, -0.026975796659787055, 0.017907248317313294, -0.011908220105959716,
    0.007927021796868154, -0.005279937255532708, 0.003518106563802472, -0.0023454947397380833,
    0.0015633696313653504, -0.0010364584817312839, 0.0006909255761282986, -0.00048595039220036254,
    0.00032395945401345196, -0.00014480643368061614, 9.653646261410062e-05, -0.0001782188548855923,
    0.00011881232908510335,
]
# (tanh(x) / x - 1) / x**2 as a polynomial in x**2 on |x| <= 0.55.
TANH_SERIES = [
    -0.3333333333333333, 0.13333333333333305, -0.05396825396821176, 0.021869488533603213,
    -0.008863235450017834, 0.0035921265571986906, -0.0014558169553480793, 0.0005898914948486743,
    -0.00023841575269367045, 9.440568000217939e-05, -3.351086325904106e-05, 7.743877325542659e-06,
]
# 2 atanh(s) = 2 s + s**3 * (2/3 + 2/5 s**2 + ...), DLMF 4.6.4.
LOG_SERIES = [
    0.6666666666666666, 0.4, 0.2857142857142857, 0.2222222222222222, 0.18181818181818182,
    0.15384615384615385, 0.13333333333333333, 0.11764705882352941, 0.10526315789473684, 0.09523809523809523,
    0.08695652173913043, 0.08,
]
# B(2k) / (2k (2k - 1)), k = 1, 2, ...: DLMF 5.11.1.
LGAMMA_STIRLING = [
    0.08333333333333333, -0.002777777777777778, 0.0007936507936507937, -0.0005952380952380953,
    0.0008417508417508417, -0.0019175269175269176, 0.00641025641025641, -0.029550653594771242,
    0.17964437236883057,
]
# B(2k) / 2k, k = 1, 2, ...: DLMF 5.11.2.
DIGAMMA_STIRLING = [
    0.08333333333333333, -0.008333333333333333, 0.003968253968253968, -0.004166666666666667,
    0.007575757575757576, -0.021092796092796094, 0.08333333333333333, -0.4432598039215686,
    3.0539543302701198, -26.456212121212122,
]
# B(2k) / (2k)!, k = 1, 2, ...: DLMF 2.10.1.
EULER_MACLAURIN = [
    0.08333333333333333, -0.001388888888888889, 3.306878306878307e-05, -8.267195767195768e-07,
    2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13,
    8.586062056277845e-15, -2.174868698558062e-16, 5.5090028283602295e-18, -1.3954464685812522e-19,
]
# fmt: on

# Constants as pairs. LOG_TWO ends in zeros, so that its product with an exponent is exact.
PI = 3.141592653589793
PI_LOW = 1.2246467991473532e-16
LOG_PI = 1.1447298858494002
LOG_PI_LOW = 1.0265951162707826e-17
HALF_LOG_TWO_PI = 0.9189385332046728
HALF_LOG_TWO_PI_LOW = -3.8782941580672414e-17
RECIPROCAL_ROOT_PI = 0.5641895835477563
RECIPROCAL_ROOT_PI_LOW = 7.66772980658294e-18
DIGAMMA_ROOT = -0.03836785503163766
DIGAMMA_ROOT_LOW = -1.6445603550442201e-18
LOG_TWO = 0.6931471803691238
LOG_TWO_LOW = 1.9082149292705877e-10


def two_sum(a: float, b: float) -> tuple[float, float]:
    """`a + b` rounded, and its rounding error: the two add up to a + b exactly."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: float, b: float) -> tuple[float, float]:
    """`a * b` rounded, and its rounding error, exact for factors below 2**996 whose product is above 2**-969.

    By Dekker's splitting, not with fma: as fast without fma in hardware, and 20 times as fast uncompiled.
    """
    product = a * b
    scaled = 134217729.0 * a
    a_high = scaled - (scaled - a)
    a_low = a - a_high
    scaled = 134217729.0 * b
    b_high = scaled - (scaled - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def quotient_pair(high: float, low: float, divisor: float, divisor_low: float) -> tuple[float, float]:
    """(high + low) / (divisor + divisor_low) as a pair."""
    quotient = high / divisor
    product, error = two_product(quotient, divisor)
    return quotient, (((high - product) - error) + low - quotient * divisor_low) / divisor


def polynomial(coefficients: Sequence[float], count: int, x: float) -> float:
    """Sum of coefficients[k] * x**k, k < count."""
    result = coefficients[count - 1]
    for index in range(count - 2, -1, -1):
        result = result * x + coefficients[index]
    return result


def polynomial_pair(coefficients: Sequence[float], count: int, x: float) -> tuple[float, float]:
    """The same as a pair, the two leading coefficients being pairs: the factor of x**2 alone is rounded."""
    rest = coefficients[count - 1]
    for index in range(count - 2, 3, -1):
        rest = rest * x + coefficients[index]
    product, error = two_product(rest, x)
    high, low = two_sum(coefficients[2], product)
    low += error + coefficients[3]
    product, error = two_product(high, x)
    high, carry = two_sum(coefficients[0], product)
    return high, carry + (error + low * x + coefficients[1])


def log_pair(high: float, low: float) -> tuple[float, float]:
    """log(high + low) as a pair, to about 2**-58 of it, for a finite high > 0."""
    mantissa, exponent = frexp(high)
    if mantissa < 0.7071067811865476:
        mantissa *= 2.0
        exponent -= 1
    tail = ldexp(low, -exponent)
    below = mantissa - 1.0
    above, above_low = two_sum(mantissa, 1.0)
    ratio, ratio_low = quotient_pair(below, tail, above, above_low + tail)
    square = ratio * ratio
    series = ratio * square * polynomial(LOG_SERIES, 12, square)
    total, error = two_sum(exponent * LOG_TWO, 2.0 * ratio)
    return two_sum(total, error + (exponent * LOG_TWO_LOW + (2.0 * ratio_low + series)))


def cbrt(x: float) -> float:
    """The real cube root: one Newton step from pow, whose quotient leaves two thirds of its rounding out."""
    if x == 0.0 or not isfinite(x):
        return x
    guess = pow(fabs(x), 0.3333333333333333)
    return copysign(guess + (fabs(x) / (guess * guess) - guess) / 3.0, x)


def tanh(x: float) -> float:
    """tanh; glibc 2.36 was measured to be 2.1 ulp off."""
    size = fabs(x)
    if size < 1e-9:
        return x
    if size < 0.55:
        square = x * x
        return x + x * square * polynomial(TANH_SERIES, 12, square)
    if size > 20.0:
        return copysign(1.0, x)
    return copysign(1.0 - 2.0 / (exp(2.0 * size) + 1.0), x)


def sech_squared(x: float) -> float:
    """1 / cosh(x)**2 = 4 t / (1 + t)**2 with t = exp(-2 |x|), corrected for what rounding took from the quotient."""
    t = exp(-2.0 * fabs(x))
    total = 1.0 + t
    square, square_low = two_product(total, total)
    square_low += 2.0 * total * (t - (total - 1.0))
    share = 4.0 * t / square
    product, product_low = two_product(share, square)
    return share + (4.0 * t - product - product_low - share * square_low) / square


def acosh(x: float) -> float:
    """acosh, nan below 1; glibc 2.36 was measured to be 2.0 ulp off near 1.

    log1p(t + sqrt(t (x + 1))) with t = x - 1, the roundings inside handed to the slope of log1p.
    """
    if not x >= 1.0:
        return NAN
    if x == 1.0:
        return 0.0
    if x > 1e8:
        return log(x) + 0.6931471805599453
    below = x - 1.0
    above, above_low = two_sum(x, 1.0)
    product, product_low = two_product(below, above)
    product_low += below * above_low
    root = sqrt(product)
    square, square_low = two_product(root, root)
    root_low = ((product - square) - square_low + product_low) / (2.0 * root)
    total, total_low = two_sum(below, root)
    return log1p(total) + (total_low + root_low) / (1.0 + total)


def gaussian(x: float) -> float:
    """exp(-x*x). The rounding error of x*x, up to 6e-14 where the result is not yet 0, is not lost."""
    if fabs(x) > 28.0:
        return 0.0
    square, low = two_product(x, x)
    value = exp(-square)
    return value - value * low


def erfc(x: float) -> float:
    """1 - erf(x), beyond 1/2 as exp(-x*x) times a slowly varying factor; glibc 2.36 was measured to be 3.4 ulp off."""
    if x < 0.5:
        return 1.0 - erf(x)
    if x > 28.0:
        return 0.0
    square, square_low = two_product(x, x)
    if x < 1.0:
        high, low = polynomial_pair(ERFCX_FROM_HALF, 18, x - 0.75)
    elif x < 2.0:
        high, low = polynomial_pair(ERFCX_FROM_ONE, 20, x - 1.5)
    elif x < 4.0:
        high, low = polynomial_pair(ERFCX_FROM_TWO, 22, x - 3.0)
    else:
        high, low = quotient_pair(RECIPROCAL_ROOT_PI, RECIPROCAL_ROOT_PI_LOW, x, 0.0)
        inverse = 1.0 / square
        low -= high * (inverse * polynomial(ERFCX_TAIL, 15, inverse))
    # From here with one rounding. Lifted where the product's rounding error would underflow.
    lift = 1.0 if x < 20.0 else 4.149515568880993e180  # 2**600
    factor = exp(-square) * lift
    high, low = two_sum(high, low - square_low * high)
    product, error = two_product(factor, high)
    return (product + (error + factor * low)) / lift


def lgamma_pair(x: float) -> tuple[float, float]:
    """log|Gamma(x)| as a pair, to 2**-58 of its largest term, x from -10 to 2**53 and not a pole."""
    if x >= 10.0:
        high, low = log_pair(x, 0.0)
        half_less, half_low = two_sum(x, -0.5)
        product, product_low = two_product(half_less, high)
        product_low += half_less * low + half_low * high
        inverse = 1.0 / x
        series = inverse * polynomial(LGAMMA_STIRLING, 9, inverse * inverse)
        total, error = two_sum(product, -x)
        total, carry = two_sum(total, HALF_LOG_TWO_PI)
        return two_sum(total, carry + error + product_low + HALF_LOG_TWO_PI_LOW + series)
    # Gamma(2 + t) from a table, |t| <= 1/2, and the recurrence Gamma(x + 1) = x Gamma(x). Every t is exact.
    factor = 1.0
    factor_low = 0.0
    if x < 0.5:
        # The factors are offset + 1, offset, offset - 1, ..., x.
        nearest = rint(x)
        offset = x - nearest
        factor, factor_low = two_sum(offset, 1.0)
        step = 0.0
        while step >= nearest:
            part, part_low = two_sum(offset, step)
            product, error = two_product(factor, part)
            factor_low = error + (factor_low * part + factor * part_low)
            factor = product
            step -= 1.0
        if factor < 0.0:
            factor = -factor
            factor_low = -factor_low
    elif x < 1.5:
        offset = x - 1.0
        factor = x
    else:
        lower = x
        while lower >= 2.5:
            lower -= 1.0
            factor_low *= lower
            factor, error = two_product(factor, lower)
            factor_low += error
        offset = lower - 2.0
    high, low = polynomial_pair(LGAMMA_ABOUT_TWO, 22, offset)
    low *= offset
    high, error = two_product(high, offset)
    low += error
    if factor == 1.0:
        return high, low
    logarithm, logarithm_low = log_pair(factor, factor_low)
    if x < 1.5:
        logarithm = -logarithm
        logarithm_low = -logarithm_low
    total, error = two_sum(logarithm, high)
    return two_sum(total, error + (logarithm_low + low))


def lgamma(x: float) -> float:
    """log|Gamma(x)|, +inf at the poles 0, -1, -2, ... and at both infinities.

    For x < -10 by reflection (DLMF 5.5.3). Near its negative zeros to 2 ulp of the largest term.
    """
    if isnan(x):
        return x
    if not isfinite(x) or (x <= 0.0 and x == floor(x)):
        return INFINITY
    if x > 9e15:
        # Stirling's series has come down to x (log x - 1); so written, x log x does not overflow too early.
        high, low = log_pair(x, 0.0)
        less, error = two_sum(high, -1.0)
        return x * less + x * (error + low)
    if x >= -10.0:
        high, low = lgamma_pair(x)
        return high + low
    size = -x
    distance = fabs(size - rint(size))
    angle, angle_low = two_product(PI, distance)
    angle_low += PI_LOW * distance
    factor, factor_low = two_product(size, sin(angle) + angle_low * cos(angle))
    logarithm, logarithm_low = log_pair(factor, factor_low)
    high, low = lgamma_pair(size)
    total, error = two_sum(LOG_PI, -logarithm)
    total, carry = two_sum(total, -high)
    return total + (carry + error + LOG_PI_LOW - logarithm_low - low)


def gamma(x: float) -> float:
    """Gamma(x), infinite at both zeros and beyond 171.6; nan at -1, -2, ... and at -inf.

    From a table of log Gamma about 2 and the recurrence Gamma(x + 1) = x Gamma(x), its factors multiplied as a pair.
    """
    if isnan(x) or x == INFINITY:
        return x
    if x == 0.0:
        return copysign(INFINITY, x)
    if fabs(x) < 1e-18:
        return 1.0 / x
    if x < 0.0 and x == floor(x):
        return NAN
    if x > 172.0:
        return INFINITY
    if x < -190.0:
        return copysign(0.0, floor(x) - 2.0 * floor(0.5 * floor(x)) - 0.5) * -1.0
    # The product may be beyond the largest double where Gamma is not.
    factor = 6.223015277861142e-61  # 2**-200
    factor_low = 0.0
    offset = x - 1.0
    if x < 0.5:
        # The factors are offset + 1, offset, offset - 1, ..., x.
        nearest = rint(x)
        offset = x - nearest
        step = 1.0
        while step >= nearest:
            part, part_low = two_sum(offset, step)
            factor_low = factor_low * part + factor * part_low
            factor, error = two_product(factor, part)
            factor_low += error
            step -= 1.0
    elif x < 1.5:
        factor *= x
    else:
        lower = x
        while lower >= 2.5:
            lower -= 1.0
            factor_low *= lower
            factor, error = two_product(factor, lower)
            factor_low += error
        offset = lower - 2.0
    high, low = polynomial_pair(LGAMMA_ABOUT_TWO, 22, offset)
    low *= offset
    high, error = two_product(high, offset)
    value = exp(high)
    value_low = value * (low + error)
    if x < 1.5:
        high, low = quotient_pair(value, value_low, factor, factor_low)
        return ldexp(high + low, -200)
    high, low = two_product(value, factor)
    return ldexp(high + (low + value * factor_low + value_low * factor), 200)


def digamma_near_root(offset: float) -> tuple[float, float]:
    """digamma(3/2 + offset) as a pair for |offset| <= 1/2, accurate relative to its value at the root too."""
    factor, factor_low = two_sum(offset, -DIGAMMA_ROOT)
    factor_low -= DIGAMMA_ROOT_LOW
    high, low = polynomial_pair(DIGAMMA_ABOUT_ROOT, 25, offset)
    product, error = two_product(high, factor)
    return product, error + high * factor_low + low * factor


def digamma_pair(x: float) -> tuple[float, float]:
    """digamma(x) as a pair for finite x > 1e-18."""
    if x >= 10.0:
        high, low = log_pair(x, 0.0)
        inverse = 1.0 / x
        square = inverse * inverse
        total, error = two_sum(high, -0.5 * inverse)
        return total, error + (low - square * polynomial(DIGAMMA_STIRLING, 10, square))
    if x < 1.0:
        # The offset is inexact only for x < 1/4, where 1/x hides it.
        high, low = digamma_near_root(x - 0.5)
        inverse, inverse_low = quotient_pair(-1.0, 0.0, x, 0.0)
        total, error = two_sum(inverse, high)
        return total, error + (inverse_low + low)
    total = 0.0
    low = 0.0
    while x >= 2.0:
        x -= 1.0
        inverse, inverse_low = quotient_pair(1.0, 0.0, x, 0.0)
        total, error = two_sum(total, inverse)
        low += error + inverse_low
    high, high_low = digamma_near_root(x - 1.5)
    total, error = two_sum(total, high)
    return total, error + (low + high_low)


def digamma(x: float) -> float:
    """The derivative of log Gamma; nan at 0, -1, -2, ..., where its two sides differ, and at -inf.

    Accurate relative to its value also at the root 1.4616...; for x < 0 by reflection (DLMF 5.5.4), at the
    roots there to 2 ulp of the larger term.
    """
    if isnan(x) or x == INFINITY:
        return x
    if x <= 0.0 and x == floor(x):
        return NAN
    if fabs(x) < 1e-18:
        return -1.0 / x
    if x > 0.0:
        high, low = digamma_pair(x)
        return high + low
    # digamma(x) = digamma(1 - x) - pi cot(pi x), and 1 - x might round: digamma(1 - x) = digamma(-x) - 1 / x.
    total, total_low = digamma_pair(-x)
    inverse, inverse_low = quotient_pair(-1.0, 0.0, x, 0.0)
    total, error = two_sum(inverse, total)
    total_low += error + inverse_low
    distance = x - rint(x)
    near = fabs(distance)
    # Near the poles pi / tan(pi d), near their midpoints pi * tan(pi (1/2 - d)): the angle stays below pi/4.
    reduced = near if near <= 0.25 else 0.5 - near
    angle, angle_low = two_product(PI, reduced)
    tangent = tan(angle)
    tangent_low = (angle_low + PI_LOW * reduced) * (1.0 + tangent * tangent)
    if near <= 0.25:
        high, low = quotient_pair(PI, PI_LOW, tangent, tangent_low)
    else:
        high, low = two_product(PI, tangent)
        low += PI * tangent_low + PI_LOW * tangent
    if distance > 0.0:
        high = -high
        low = -low
    total, error = two_sum(total, high)
    return total + (error + (total_low + low))


def factorial_pair(n: float) -> tuple[float, float, int]:
    """n! as (high + low) * 2**exponent, n an integer-valued double."""
    high = 1.0
    low = 0.0
    exponent = 0
    factor = 2.0
    while factor <= n:
        low *= factor
        high, error = two_product(high, factor)
        low += error
        if high > 1e150:
            high = ldexp(high, -500)
            low = ldexp(low, -500)
            exponent += 500
        factor += 1.0
    return high, low, exponent


def hurwitz_pair(s: float, x: float, x_low: float, exponent: int) -> tuple[float, float]:
    """2**(s * exponent) * zeta(s, x + x_low) as a pair: Hurwitz's zeta function, integer s >= 2, x > 0.

    The first terms, then Euler-Maclaurin's formula (DLMF 25.11.5, 2.10.1). The scaling keeps every power in
    range; a power s of a rounded argument would be s roundings off, so the rounding enters to first order.
    """
    total = 0.0
    total_low = 0.0
    index = 0.0
    while True:
        base, base_low = two_sum(x, index)
        base_low += x_low
        power = pow(ldexp(base, -exponent), -s)
        power_low = -power * (s * base_low / base)
        if base >= s + 12.0:
            break
        total, error = two_sum(total, power)
        total_low += error + power_low
        if power * base < 1e-22 * total:
            return total, total_low
        index += 1.0
    # The bracket (base / (s - 1) + 1/2 + s B(2) / 2! / base + s (s+1) (s+2) B(4) / 4! / base**3 + ...).
    bracket, bracket_low = quotient_pair(base, base_low, s - 1.0, 0.0)
    bracket, error = two_sum(bracket, 0.5)
    bracket_low += error
    inverse = 1.0 / base
    scale = s * inverse
    for term in range(12):
        bracket_low += scale * EULER_MACLAURIN[term]
        scale *= (s + (2.0 * term + 1.0)) * inverse * ((s + (2.0 * term + 2.0)) * inverse)
    product, product_low = two_product(power, bracket)
    product_low += power * bracket_low + power_low * bracket
    total, error = two_sum(total, product)
    return total, total_low + (error + product_low)


def polygamma(order: float, x: float) -> float:
    """The derivative of digamma of integer order: (-1)**(n+1) n! zeta(n + 1, x), DLMF 5.15.1 and 25.11.12.

    At 0, -1, -2, ... +inf for odd n and nan for even n. For x < 0 the zeta sum runs over both sides of the
    nearest pole, less what lies beyond x: to 2 ulp of the largest term where those nearly cancel. An order
    that is not an integer >= 0, or is above 1000, gives nan.
    """
    if isnan(x) or not 0.0 <= order <= 1000.0 or order != floor(order):
        return NAN
    if order == 0.0:
        return digamma(x)
    s = order + 1.0
    odd = fmod(order, 2.0) == 1.0
    if x == INFINITY:
        return 0.0 if odd else -0.0
    if x == -INFINITY:
        return NAN
    nearest = rint(x)
    if x <= 0.0 and x == nearest:
        return INFINITY if odd else NAN
    distance = x - nearest
    size = x if x > 0.0 else fabs(distance)
    mantissa, exponent = frexp(size)
    if mantissa < 0.7071067811865476:
        exponent -= 1
    if x > 1e20:
        # zeta(n + 1, x) has come down to x**-n / n.
        high = pow(ldexp(x, -exponent), -order)
        low = 0.0
        factor, factor_low, shift = factorial_pair(order - 1.0)
        shift -= exponent * truncated(order)
    else:
        if x > 0.0:
            high, low = hurwitz_pair(s, x, 0.0, exponent)
        else:
            high, low = reflected_hurwitz_pair(s, x, distance, exponent)
        factor, factor_low, shift = factorial_pair(order)
        shift -= exponent * truncated(s)
    product, product_low = two_product(high, factor)
    value = ldexp(product + (product_low + (low * factor + high * factor_low)), shift)
    return value if odd else -value


def reflected_hurwitz_pair(s: float, x: float, distance: float, exponent: int) -> tuple[float, float]:
    """2**(s * exponent) times the sum of (x + k)**-s over k >= 0, for x < 0 at `distance` from an integer.

    With d = |distance| and p = (-1)**s, the sum over all integers k is, for distance > 0,
    d**-s + zeta(s, 1 + d) + p zeta(s, 1 - d), and p times that below; the sum over k < 0 is p zeta(s, 1 - x).
    """
    near = fabs(distance)
    parity = 1.0 if fmod(s, 2.0) == 0.0 else -1.0
    side = 1.0 if distance > 0.0 else parity
    high = pow(ldexp(near, -exponent), -s)
    base, base_low = two_sum(1.0, -near)
    part, low = hurwitz_pair(s, base, base_low, exponent)
    high, error = two_sum(high, parity * part)
    low = parity * low + error
    base, base_low = two_sum(1.0, near)
    part, part_low = hurwitz_pair(s, base, base_low, exponent)
    high, error = two_sum(high, part)
    low += error + part_low
    base, base_low = two_sum(1.0, -x)
    part, part_low = hurwitz_pair(s, base, base_low, exponent)
    high, error = two_sum(side * high, -parity * part)
    return high, error + (side * low - parity * part_low)


def exp_difference(a: float, b: float) -> float:
    """exp(a - b), as if the difference were exact; 1 for equal infinities."""
    if a == b:
        return 1.0
    difference, error = two_sum(a, -b)
    power = exp(difference)
    # At infinities the error is nan, and the power 0, inf or nan as it should be.
    return power + power * error if isfinite(power) and not isnan(error) else power


def exp_differences_into(values: Sequence[float], count: int, less: float, result: MutableSequence[float]) -> None:
    """result[i] = exp_difference(values[i], less)."""
    for index in range(count):
        result[index] = exp_difference(values[index], less)


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), by the exponential that does not overflow; the denominator's rounding is undone."""
    small = exp(-fabs(x))
    denominator = 1.0 + small
    high, low = quotient_pair(1.0 if x >= 0.0 else small, 0.0, denominator, small - (denominator - 1.0))
    return high + low


def sigmoid_difference(a: float, b: float) -> float:
    """sigmoid(a - b), as if the difference were exact; 1/2 for equal infinities."""
    if a == b:
        return 0.5
    difference, error = two_sum(a, -b)
    share = sigmoid(difference)
    # At infinities the error is nan.
    return share if isnan(error) else share + share * error * sigmoid(-difference)


def softplus(x: float) -> float:
    """log(1 + exp(x))."""
    if x > 0.0:
        return x + log1p(exp(-x))
    return log1p(exp(x))


def logaddexp(a: float, b: float) -> float:
    """log(exp(a) + exp(b)), near 0 to 2 ulp of the larger of its two terms."""
    if a == b:
        return a + 0.6931471805599453
    if a < b:
        a, b = b, a
    difference, error = two_sum(b, -a)
    if difference == -INFINITY:
        return a
    small = exp(difference)
    return a + (log1p(small) + small * error / (1.0 + small))


def power(a: float, b: float) -> float:
    """a ** b; a square is a product, which is faster and rounded correctly."""
    return a * a if b == 2.0 else pow(a, b)


def power_below(a: float, b: float, lowered: float) -> float:
    """a ** (b - lowered) for a small positive integer, as if the difference were exact."""
    exponent, error = two_sum(b, -lowered)
    if error == 0.0 or isnan(error):
        return pow(a, exponent)
    # The exponent was rounded: below 2**53 it is no integer, from there on b is even.
    fractional = fabs(b) < 9007199254740992.0
    if fractional and -INFINITY < a < 0.0:
        return NAN
    value = pow(fabs(a), exponent)
    if value != 0.0 and isfinite(value):
        value += value * (error * log(fabs(a)))
    return value if fractional or fmod(lowered, 2.0) == 0.0 else copysign(value, a)


def exact_fmod(a: float, b: float) -> float:
    """C's fmod, to the bit: libm's divides bit by bit, and takes 70 to 200 ns in glibc before 2.38."""
    quotient = a / b if b != 0.0 else NAN
    if not fabs(quotient) < 4503599627370496.0:
        # From 2**52 on the quotient has no fraction; or an operand is special.
        return fmod(a, b)
    whole = floor(fabs(quotient))
    if whole == 0.0:
        return a
    # Exact: a multiple of the smaller operand's last place, of no more than b.
    remainder = fma(-whole, fabs(b), fabs(a))
    if remainder < 0.0:
        # The quotient was rounded up to a whole number.
        remainder += fabs(b)
    return copysign(remainder, a)


def python_mod(a: float, b: float) -> float:
    """Python's a % b, the remainder with the sign of b; nan for b = 0 or an infinite a."""
    remainder = exact_fmod(a, b)
    if remainder == 0.0:
        return copysign(0.0, b)
    if (remainder < 0.0) != (b < 0.0):
        return remainder + b
    return remainder


def floor_quotient(a: float, b: float) -> float:
    """The integer below the exact a / b, nan for b = 0: not the floor of the rounded quotient.

    It has the sign of the quotient where it is 0, as Python's.
    """
    remainder = exact_fmod(a, b)
    if isnan(remainder):
        return NAN
    quotient = rint((a - remainder) / b)
    correction = 0.0
    if isfinite(quotient * b):
        # From 2**53 on a - remainder is rounded, and the quotient may be off.
        correction = rint((fma(-quotient, b, a) - remainder) / b)
    if remainder != 0.0 and (remainder < 0.0) != (b < 0.0):
        correction -= 1.0
    return copysign(quotient + correction, a / b)


def xlogy(x: float, y: float) -> float:
    """x log(y), and 0 for x = 0 whatever y, unless y is nan."""
    if x == 0.0 and not isnan(y):
        return 0.0
    return x * log(y)


def sign(x: float) -> float:
    """-1, 0 or 1; 0.0 for both zeros, nan for nan."""
    if x > 0.0:
        return 1.0
    if x < 0.0:
        return -1.0
    return x + 0.0
