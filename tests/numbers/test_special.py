"""special.py and accumulate.py against mpmath: accuracy, special values, functional equations.

The functions of doubles are tested as the package has them, compiled or not. Those of arrays are C functions
when compiled, out of Python's reach: here their source runs uncompiled, loaded under another name.
"""

import importlib.util
import math
import random
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd
from autograd.numbers import special

mp = pytest.importorskip("mpmath").mp.clone()
mp.prec = 160
mpf = mp.mpf
inf, nan = math.inf, math.nan


def uncompiled(name):
    """The module's source as Python, whatever the package was compiled to."""
    path = str(Path(autograd.__file__).parent / "numbers" / f"{name}.py")
    loader = SourceFileLoader(f"{name}_uncompiled", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    # With the compiler package installed, cython.compiled is False for source that is run.
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def source():
    """accumulate.py as Python, on top of special.py as Python."""
    with mock.patch.dict(sys.modules, {"autograd.numbers.special": uncompiled("special")}):
        return uncompiled("accumulate")


def same(got, expected):
    """Equal, with zeros told apart by sign and nan equal to nan."""
    if math.isnan(expected):
        return math.isnan(got)
    return got == expected and math.copysign(1.0, got) == math.copysign(1.0, expected)


def ulps(got, exact, largest_term=0):
    """The error in units in the last place of the exact value, or of the largest term of its sum."""
    assert math.isfinite(got)
    return float(abs(mpf(got) - exact) / mpf(math.ulp(max(abs(float(exact)), abs(float(largest_term))))))


def spread(low, high):
    """Samples evenly in the logarithm."""
    return lambda draw: math.exp(draw.uniform(math.log(low), math.log(high)))


def between(low, high):
    return lambda draw: draw.uniform(low, high)


def either_sign(sample):
    return lambda draw: math.copysign(sample(draw), draw.uniform(-1, 1))


def both(first, second):
    return lambda draw: (first if draw.random() < 0.5 else second)(draw)


def exact_sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def exact_lgamma(x):
    return mp.re(mp.loggamma(x))


POSITIVE = both(spread(1e-300, 1e300), both(between(0.5, 2.5), between(0, 20)))
# name, exact function, samples, bound in ulp. The bounds are those derived in the sources: half an ulp for the last
# operation, and what the roundings before it can add; 2 ulp is what the project promises.
ACCURACY = [
    ("cbrt", mp.cbrt, spread(1e-300, 1e300), 1.0),
    ("tanh", mp.tanh, either_sign(both(spread(1e-10, 20), between(0, 2))), 1.6),
    ("sech_squared", lambda x: mp.sech(x) ** 2, either_sign(both(spread(1e-10, 350), between(0, 2))), 1.6),
    ("acosh", mp.acosh, both(spread(1, 1e300), between(1, 3)), 1.6),
    ("gaussian", lambda x: mp.exp(-x * x), either_sign(between(0, 27.2)), 1.6),
    ("erfc", mp.erfc, both(between(-6, 27.2), between(0.4, 4.5)), 1.7),
    ("gamma", mp.gamma, both(spread(1e-300, 171.6), either_sign(between(0, 170))), 1.6),
    ("lgamma", exact_lgamma, POSITIVE, 1.0),
    ("lgamma", exact_lgamma, lambda draw: 1 + draw.uniform(-1e-3, 1e-3), 1.0),
    ("lgamma", exact_lgamma, lambda draw: 2 + draw.uniform(-1e-3, 1e-3), 1.0),
    ("digamma", mp.digamma, POSITIVE, 1.0),
    ("digamma", mp.digamma, lambda draw: 1.4616321449683622 + draw.uniform(-1e-3, 1e-3), 1.0),
    ("sigmoid", exact_sigmoid, both(between(-745, 745), between(-20, 20)), 1.5),
    ("softplus", lambda x: mp.log1p(mp.exp(x)), both(between(-745, 745), between(-20, 20)), 2.0),
]


@pytest.mark.parametrize(
    ("name", "exact", "sample", "bound"), ACCURACY, ids=[f"{k}-{row[0]}" for k, row in enumerate(ACCURACY)]
)
def test_value_is_within_its_bound_of_the_exact_one(name, exact, sample, bound):
    draw = random.Random(20)
    function = getattr(special, name)
    for _ in range(1000):
        x = sample(draw)
        assert ulps(function(x), exact(mpf(x))) <= bound, x


def test_lgamma_below_zero_is_within_2_ulp_of_its_largest_term():
    draw = random.Random(21)
    for _ in range(1000):
        x = -both(spread(1e-10, 1e4), between(0, 12))(draw)
        exact = exact_lgamma(mpf(x))
        reflected = mp.log(mp.pi / abs(mpf(x) * mp.sinpi(mpf(x))))
        assert ulps(special.lgamma(x), exact, reflected) <= 2, x


def test_digamma_below_zero_is_within_2_ulp_of_its_largest_term():
    draw = random.Random(22)
    for _ in range(1000):
        x = -both(spread(1e-10, 1e4), between(0, 12))(draw)
        assert ulps(special.digamma(x), mp.digamma(mpf(x)), mp.pi * mp.cot(mp.pi * mpf(x))) <= 2, x


def exact_polygamma(order, x):
    """From the zeta sum, with enough digits for the absolute precision of mpmath's zeta."""
    with mp.workprec(160 + int((order + 1) * math.log2(abs(x) + 2))):
        x = mpf(x)
        shift = max(0, int(mp.ceil(-x)))
        total = mp.zeta(order + 1, x + shift) + sum((x + k) ** -(order + 1) for k in range(shift))
        return (-1) ** (order + 1) * mp.factorial(order) * total


@pytest.mark.parametrize("order", [1, 2, 3, 4, 7, 12, 30])
def test_polygamma_is_within_2_ulp(order):
    draw = random.Random(23)
    for _ in range(60):
        x = both(spread(1e-3, 1e3), between(0, 20))(draw)
        assert ulps(special.polygamma(float(order), x), exact_polygamma(order, x)) <= 2, x
        x = -between(0, 12)(draw)
        nearest = mp.factorial(order) / abs(mpf(x) - round(x)) ** (order + 1)
        assert ulps(special.polygamma(float(order), x), exact_polygamma(order, x), nearest) <= 2, x


def test_polygamma_scales_where_its_factors_leave_the_range():
    # psi_n(x) ~ (n-1)! / x**n far out, and n! / x**(n+1) next to 0.
    assert ulps(special.polygamma(30.0, 1e10), -mp.factorial(29) / mpf(10) ** 300 * (1 + mpf(15) / 10**10)) <= 2
    assert ulps(special.polygamma(1.0, 1e-150), mpf(1e-150) ** -2) <= 2
    assert special.polygamma(30.0, 1e-12) == -inf
    assert special.polygamma(31.0, 1e200) == 0.0


def test_logaddexp_is_within_2_ulp_of_its_value_or_larger_term():
    draw = random.Random(24)
    for _ in range(1000):
        a = both(between(-1, 1), between(-50, 50))(draw)
        b = a + either_sign(spread(1e-17, 40))(draw)
        exact = mp.log(mp.exp(mpf(a)) + mp.exp(mpf(b)))
        larger = max(abs(max(a, b)), mp.log1p(mp.exp(-abs(mpf(a) - mpf(b)))))
        assert ulps(special.logaddexp(a, b), exact, larger) <= 2, (a, b)


def test_power_below_is_as_accurate_as_with_an_exact_exponent():
    draw = random.Random(25)
    for _ in range(1000):
        a = both(spread(1e-300, 1e300), between(0.5, 2))(draw)
        b = both(either_sign(spread(1e-20, 0.9)), between(-690, 690))(draw) / max(1.0, abs(math.log(a)))
        exact = mpf(a) ** (mpf(b) - 1)
        if 1e-300 < exact < 1e300:
            assert ulps(special.power_below(a, b, 1.0), exact) <= 2, (a, b)


def test_power_below_has_the_sign_of_an_exponent_that_was_rounded():
    assert special.power_below(-1.0, 2.0**53 + 2, 1.0) == -1.0
    assert math.isnan(special.power_below(-2.0, 1e-20, 1.0))
    assert special.power_below(-0.0, 1e-20, 1.0) == inf


def test_xlogy_is_within_2_ulp():
    draw = random.Random(26)
    for _ in range(1000):
        x, y = either_sign(spread(1e-9, 1e9))(draw), both(spread(1e-300, 1e300), between(0.5, 2))(draw)
        assert ulps(special.xlogy(x, y), mpf(x) * mp.log(mpf(y))) <= 2, (x, y)


SPECIAL_VALUES = [
    ("cbrt", (-27.0,), -3.0),
    ("cbrt", (-0.0,), -0.0),
    ("cbrt", (-inf,), -inf),
    ("tanh", (-0.0,), -0.0),
    ("tanh", (-inf,), -1.0),
    ("sech_squared", (0.0,), 1.0),
    ("sech_squared", (-inf,), 0.0),
    ("acosh", (1.0,), 0.0),
    ("acosh", (0.9,), nan),
    ("acosh", (inf,), inf),
    ("gaussian", (0.0,), 1.0),
    ("gaussian", (-inf,), 0.0),
    ("gaussian", (1e300,), 0.0),
    ("erfc", (inf,), 0.0),
    ("erfc", (-inf,), 2.0),
    ("erfc", (0.0,), 1.0),
    ("gamma", (0.0,), inf),
    ("gamma", (-0.0,), -inf),
    ("gamma", (1e-310,), inf),
    ("gamma", (-3.0,), nan),
    ("gamma", (-inf,), nan),
    ("gamma", (inf,), inf),
    ("gamma", (23.0,), 1124000727777607680000.0),
    ("gamma", (171.7,), inf),
    ("gamma", (-200.5,), -0.0),
    ("gamma", (-201.5,), 0.0),
    ("lgamma", (1.0,), 0.0),
    ("lgamma", (2.0,), 0.0),
    ("lgamma", (0.0,), inf),
    ("lgamma", (-3.0,), inf),
    ("lgamma", (-inf,), inf),
    ("lgamma", (inf,), inf),
    ("lgamma", (1.7e308,), inf),
    ("digamma", (0.0,), nan),
    ("digamma", (-2.0,), nan),
    ("digamma", (inf,), inf),
    ("digamma", (-inf,), nan),
    ("digamma", (5e-324,), -inf),
    ("digamma", (-(2.0**-1000),), 2.0**1000),
    ("polygamma", (0.0, 1.0), -0.5772156649015329),
    ("polygamma", (1.0, 0.0), inf),
    ("polygamma", (1.0, -2.0), inf),
    ("polygamma", (2.0, -2.0), nan),
    ("polygamma", (1.0, inf), 0.0),
    ("polygamma", (2.0, inf), -0.0),
    ("polygamma", (1.0, -inf), nan),
    ("polygamma", (-1.0, 1.0), nan),
    ("polygamma", (0.5, 1.0), nan),
    ("polygamma", (nan, 1.0), nan),
    ("sigmoid", (0.0,), 0.5),
    ("sigmoid", (-745.0,), 5e-324),
    ("sigmoid", (-inf,), 0.0),
    ("sigmoid", (inf,), 1.0),
    ("softplus", (-inf,), 0.0),
    ("softplus", (inf,), inf),
    ("softplus", (-745.0,), 5e-324),
    ("logaddexp", (inf, inf), inf),
    ("logaddexp", (-inf, -inf), -inf),
    ("logaddexp", (-inf, inf), inf),
    ("logaddexp", (-inf, 3.0), 3.0),
    ("logaddexp", (nan, inf), nan),
    ("logaddexp", (1e308, -1e308), 1e308),
    ("power_below", (0.0, 1.0, 1.0), 1.0),
    ("power_below", (0.0, 0.5, 1.0), inf),
    ("power_below", (-inf, 0.5, 1.0), 0.0),
    ("power_below", (-inf, 0.1, 1.0), 0.0),
    ("power_below", (-3.0, 3.0, 1.0), 9.0),
    ("power_below", (-3.0, 2.5, 1.0), nan),
    ("power_below", (2.0, inf, 1.0), inf),
    ("python_mod", (5.0, 3.0), 2.0),
    ("python_mod", (-5.0, 3.0), 1.0),
    ("python_mod", (5.0, -3.0), -1.0),
    ("python_mod", (-6.0, 3.0), 0.0),
    ("python_mod", (6.0, -3.0), -0.0),
    ("python_mod", (5.0, 0.0), nan),
    ("python_mod", (5.0, inf), 5.0),
    ("python_mod", (-5.0, inf), inf),
    ("python_mod", (inf, 5.0), nan),
    ("xlogy", (0.0, 0.0), 0.0),
    ("xlogy", (0.0, inf), 0.0),
    ("xlogy", (0.0, nan), nan),
    ("xlogy", (nan, 1.0), nan),
    ("sign", (-2.0,), -1.0),
    ("sign", (-0.0,), 0.0),
    ("sign", (nan,), nan),
    ("sign", (inf,), 1.0),
    ("floor_quotient", (1.0, 0.0), nan),
    ("floor_quotient", (inf, 2.0), nan),
    ("floor_quotient", (nan, 2.0), nan),
    # As Python's //: where it is 0, it has the sign of the quotient.
    ("floor_quotient", (0.0, 3.0), 0.0),
    ("floor_quotient", (-0.0, 3.0), -0.0),
    ("floor_quotient", (0.0, -3.0), -0.0),
    ("floor_quotient", (-0.0, -3.0), 0.0),
    ("floor_quotient", (0.5, 3.0), 0.0),
    ("floor_quotient", (-0.5, -3.0), 0.0),
    ("floor_quotient", (5e-324, inf), 0.0),
    ("floor_quotient", (-5e-324, -1e308), 0.0),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), SPECIAL_VALUES)
def test_special_values_are_as_documented(name, arguments, expected):
    assert same(getattr(special, name)(*arguments), expected)


@pytest.mark.parametrize(
    "name", ["cbrt", "tanh", "sech_squared", "acosh", "gaussian", "erfc", "gamma", "lgamma", "digamma"]
)
def test_nan_gives_nan(name):
    assert math.isnan(getattr(special, name)(nan))


@given(st.floats(min_value=-1e6, max_value=1e6))
def test_digamma_and_its_argument_raised_by_one_differ_by_the_reciprocal(x):
    above = x + 1.0
    # 1e-300: beyond it the reciprocal nears overflow. Exactness of x + 1 is part of the claim.
    assume(above - 1.0 == x and abs(x) > 1e-300 and (x > 0 or x != math.floor(x)))
    values = special.digamma(above), special.digamma(x)
    cotangent = math.pi / math.tan(math.pi * (x - round(x))) if x < 0 else 0.0
    scale = max(abs(values[0]), abs(values[1]), abs(1 / x), abs(cotangent))
    assert abs(values[0] - values[1] - 1 / x) <= 6 * math.ulp(scale)


@given(st.floats(allow_nan=False))
def test_sigmoid_and_its_mirror_image_add_up_to_one(x):
    assert abs(special.sigmoid(x) + special.sigmoid(-x) - 1.0) <= 2 * math.ulp(1.0)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_python_mod_is_the_percent_operator(a, b):
    assume(b != 0.0)
    assert same(special.python_mod(a, b), a % b)


@given(st.floats(), st.floats(), st.integers(-(2**54), 2**54))
def test_exact_fmod_is_the_remainder_of_libm_to_the_bit(a, b, times):
    # Multiples of b, and their neighbours, are where a quotient rounds up to a whole number.
    multiple = b * times
    for x in (a, multiple, math.nextafter(multiple, inf), math.nextafter(multiple, -inf)):
        expected = nan if math.isinf(x) or b == 0.0 else math.fmod(x, b)
        assert same(special.exact_fmod(x, b), expected), (x, b)


finite_lists = st.lists(st.floats(min_value=-1e100, max_value=1e100), max_size=12)


@given(values=finite_lists)
def test_sum_is_within_one_ulp_of_the_exact_sum(source, values):
    exact = math.fsum(values)
    assume(exact == 0 or sum(map(abs, values)) < 1e15 * abs(exact))
    assert abs(source.sum_of(values, len(values)) - exact) <= math.ulp(exact)


def test_dot_is_within_one_ulp_at_condition_numbers_up_to_1e15(source):
    draw = random.Random(27)
    for _ in range(200):
        left = [draw.uniform(-1, 1) for _ in range(20)]
        right = [draw.uniform(-1, 1) for _ in range(20)]
        # A last product that cancels the others down to a small remainder.
        left.append(-1.0)
        right.append(source.dot_of(left, right, 20) * (1 - 10.0 ** draw.uniform(-14, 0)))
        exact = sum(mpf(a) * mpf(b) for a, b in zip(left, right, strict=True))
        assert ulps(source.dot_of(left, right, 21), exact) <= 1


def test_norm_neither_overflows_nor_underflows(source):
    draw = random.Random(28)
    for scale in (1e-310, 1e-160, 1.0, 1e160, 1e307):
        for _ in range(50):
            values = [draw.uniform(-1, 1) * scale for _ in range(7)]
            exact = mp.sqrt(sum(mpf(x) ** 2 for x in values))
            assert ulps(source.norm_of(values, 7), exact) <= 2


def test_products_are_within_2_ulp_even_if_partial_products_leave_the_range(source):
    draw = random.Random(29)
    for _ in range(200):
        values = [either_sign(spread(1e-200, 1e200))(draw) for _ in range(8)]
        values += [1 / x * draw.uniform(1, 2) for x in values]
        draw.shuffle(values)
        assert ulps(source.prod_of(values, 16), mp.fprod(map(mpf, values))) <= 2
        result = [nan] * 16
        source.prod_without_each_into(values, 16, result)
        for k in range(16):
            exact = mp.fprod(map(mpf, values[:k] + values[k + 1 :]))
            if 1e-300 < abs(exact) < 1e300:
                assert ulps(result[k], exact) <= 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([3.0], [1.0]),
        ([2.0, 3.0, -5.0], [-15.0, -10.0, 6.0]),
        ([2.0, 0.0, -5.0], [-0.0, -10.0, 0.0]),
        ([2.0, -0.0, -5.0], [0.0, -10.0, -0.0]),
        ([0.0, 0.0, -5.0], [-0.0, -0.0, 0.0]),
        ([1e200, 1e200, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]),
        ([inf, 0.0, 2.0], [0.0, inf, nan]),
        ([nan, 2.0], [2.0, nan]),
        ([nan, 2.0, nan], [nan, nan, nan]),
        ([inf, -inf, -0.0], [nan, nan, -inf]),
        # Not from left to right, by which 1e-200 * 1e-200 is 0 and 1e200 * 1e200 infinite.
        ([1e-200, 1e-200, inf, 2.0], [inf, inf, 0.0, inf]),
        ([-inf, 1e200, 1e200, 1e-300], [1e100, -inf, -inf, -inf]),
        ([1e-200, 1e-200, -inf, -inf], [inf, inf, -inf, -inf]),
    ],
)
def test_products_without_each_are_right_with_zeros_and_infinities(source, values, expected):
    result = [nan] * len(values)
    source.prod_without_each_into(values, len(values), result)
    assert all(map(same, result, expected))


def test_logsumexp_and_softmax_match_mpmath(source):
    draw = random.Random(30)
    for _ in range(200):
        values = [draw.uniform(-30, 30) + 700 for _ in range(6)]
        powers = [mp.exp(mpf(x)) for x in values]
        assert ulps(source.logsumexp_of(values, 6), mp.log(sum(powers))) <= 2
        result = [nan] * 6
        source.softmax_into(values, 6, result)
        assert all(ulps(r, p / sum(powers)) <= 4 for r, p in zip(result, powers, strict=True))


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("sum_of", [], 0.0),
        ("prod_of", [], 1.0),
        ("norm_of", [], 0.0),
        ("logsumexp_of", [], -inf),
        ("sum_of", [inf, -inf], nan),
        ("sum_of", [1.0, nan], nan),
        ("sum_of", [1.0, -inf], -inf),
        ("sum_of", [1e100, 1.0, -1e100], 1.0),
        ("prod_of", [inf, 0.0], nan),
        ("prod_of", [-0.0, 2.0], -0.0),
        ("prod_of", [nan, 0.0], nan),
        ("prod_of", [1e200, 1e200], inf),
        ("norm_of", [3.0, -4.0], 5.0),
        ("norm_of", [inf, -inf], inf),
        ("norm_of", [nan, inf], nan),
        ("norm_of", [5e-324], 5e-324),
        ("logsumexp_of", [-inf, -inf], -inf),
        ("logsumexp_of", [inf, inf, 1.0], inf),
        ("logsumexp_of", [inf, nan], nan),
        ("logsumexp_of", [-inf, 2.0], 2.0),
    ],
)
def test_special_values_of_functions_of_many_are_as_documented(source, name, values, expected):
    assert same(getattr(source, name)(values, len(values)), expected)


def test_dot_of_nothing_is_zero_and_of_infinities_ieee(source):
    assert source.dot_of([], [], 0) == 0.0
    assert math.isnan(source.dot_of([inf, 1.0], [0.0, 1.0], 2))
    assert source.dot_of([inf, 1.0], [2.0, 1.0], 2) == inf


def test_erfc_keeps_its_digits_where_it_is_subnormal():
    draw = random.Random(1)
    points = [draw.uniform(26.54, 27.2) for _ in range(1500)]
    # Half a unit for the last rounding, and the exponential's.
    assert max(abs(special.erfc(x) - mp.erfc(x)) for x in points) <= 1.1 * 5e-324
