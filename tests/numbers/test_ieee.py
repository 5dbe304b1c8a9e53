"""The uncompiled stand-ins for C's floating-point functions against C99 Annex F and exact arithmetic."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.numbers import ieee

inf, nan = math.inf, math.nan

SPECIAL_VALUES = [
    ("exp", (1e3,), inf),
    ("exp", (-inf,), 0.0),
    ("exp2", (2000.0,), inf),
    ("expm1", (1e3,), inf),
    ("expm1", (-0.0,), -0.0),
    ("log", (0.0,), -inf),
    ("log", (-0.0,), -inf),
    ("log", (-1.0,), nan),
    ("log", (inf,), inf),
    ("log2", (0.0,), -inf),
    ("log10", (-0.0,), -inf),
    ("log1p", (-1.0,), -inf),
    ("log1p", (-2.0,), nan),
    ("sqrt", (-0.0,), -0.0),
    ("sqrt", (-1.0,), nan),
    ("sin", (inf,), nan),
    ("cos", (-inf,), nan),
    ("tan", (inf,), nan),
    ("asin", (2.0,), nan),
    ("acos", (-2.0,), nan),
    ("atan", (inf,), math.pi / 2),
    ("atan2", (0.0, -0.0), math.pi),
    ("sinh", (-1e3,), -inf),
    ("sinh", (1e3,), inf),
    ("cosh", (-1e3,), inf),
    ("tanh", (-inf,), -1.0),
    ("asinh", (-inf,), -inf),
    ("acosh", (0.5,), nan),
    ("atanh", (1.0,), inf),
    ("atanh", (-1.0,), -inf),
    ("atanh", (2.0,), nan),
    ("hypot", (inf, nan), inf),
    ("hypot", (1e308, 1e308), 1.4142135623730951e308),
    ("floor", (-0.5,), -1.0),
    ("floor", (inf,), inf),
    ("floor", (-0.0,), -0.0),
    ("ceil", (-0.5,), -0.0),
    ("ceil", (1e300,), 1e300),
    ("trunc", (-1.5,), -1.0),
    ("rint", (0.5,), 0.0),
    ("rint", (1.5,), 2.0),
    ("rint", (-0.4,), -0.0),
    ("fmod", (-5.0, 3.0), -2.0),
    ("fmod", (1.0, 0.0), nan),
    ("fmod", (inf, 1.0), nan),
    ("fmod", (1.0, inf), 1.0),
    ("copysign", (3.0, -0.0), -3.0),
    ("pow", (0.0, -1.0), inf),
    ("pow", (-0.0, -3.0), -inf),
    ("pow", (-0.0, -2.0), inf),
    ("pow", (-0.0, 3.0), -0.0),
    ("pow", (nan, 0.0), 1.0),
    ("pow", (1.0, nan), 1.0),
    ("pow", (-8.0, 1 / 3), nan),
    ("pow", (-1e200, 3.0), -inf),
    ("pow", (-1e200, 2.0), inf),
    ("pow", (0.5, -inf), inf),
    ("pow", (-1.0, inf), 1.0),
    ("divide", (1.0, 0.0), inf),
    ("divide", (1.0, -0.0), -inf),
    ("divide", (-inf, -0.0), inf),
    ("divide", (0.0, 0.0), nan),
    ("divide", (nan, 0.0), nan),
    ("divide", (inf, inf), nan),
    ("ldexp", (-1.0, 5000), -inf),
    ("ldexp", (1.0, -5000), 0.0),
    ("fma", (inf, 0.0, 1.0), nan),
    ("fma", (inf, 1.0, -inf), nan),
    ("fma", (1e300, 1e300, -inf), -inf),
    ("fma", (1e300, 1e300, -1e308), inf),
    ("fma", (-0.0, 1.0, -0.0), -0.0),
    ("fma", (0.0, 1.0, -0.0), 0.0),
    ("fma", (-1e-200, 1e-200, 0.0), -0.0),
    ("fma", (2.0, 3.0, -6.0), 0.0),
]


def same(got: float, expected: float) -> bool:
    """Equal, with zeros told apart by sign and nan equal to nan."""
    if math.isnan(expected):
        return math.isnan(got)
    return got == expected and math.copysign(1.0, got) == math.copysign(1.0, expected)


@pytest.mark.parametrize(("name", "arguments", "expected"), SPECIAL_VALUES)
def test_special_values_are_those_of_c99(name, arguments, expected):
    assert same(getattr(ieee, name)(*arguments), expected)


UNARY = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "fabs",
    "floor",
    "ceil",
    "trunc",
    "rint",
]


@pytest.mark.parametrize("name", UNARY)
def test_no_double_raises_and_nan_gives_nan(name):
    function = getattr(ieee, name)
    for x in (0.0, -0.0, 1.0, -1.0, 1e-320, -1e308, 1e308, inf, -inf, 0.3, -7.5):
        assert isinstance(function(x), float)
    assert math.isnan(function(nan))


@given(st.floats(), st.floats())
def test_binary_functions_raise_for_no_pair_of_doubles(a, b):
    for function in (ieee.pow, ieee.divide, ieee.fmod, ieee.atan2, ieee.hypot, ieee.copysign):
        assert isinstance(function(a, b), float)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite, finite, finite)
def test_fma_rounds_the_exact_result_once(a, b, c):
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    try:
        expected = float(exact)
    except OverflowError:
        expected = inf if exact > 0 else -inf
    assert ieee.fma(a, b, c) == expected


def test_fma_of_a_product_and_its_negated_rounding_is_the_rounding_error():
    generator = random.Random(1)
    for _ in range(500):
        a, b = generator.uniform(-2, 2), generator.uniform(-2, 2)
        assert Fraction(ieee.fma(a, b, -(a * b))) == Fraction(a) * Fraction(b) - Fraction(a * b)


@given(finite)
def test_rounding_agrees_with_python_integers(x):
    assert (ieee.floor(x), ieee.ceil(x), ieee.rint(x), ieee.trunc(x)) == (
        math.floor(x),
        math.ceil(x),
        round(x),
        math.trunc(x),
    )
