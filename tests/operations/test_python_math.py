"""`import autograd as math`: every name of Python's `math`, on numbers as there, on nodes with their derivatives."""

import itertools
import math
import random

import pytest

import autograd
from autograd import OperandError, Variable, grad, hessian, jit
from tests.tables.oracles import mp, mpf

NAMES = [name for name in dir(math) if not name.startswith("_")]
inf, nan = math.inf, math.nan
NUMBERS = (0.5, 1.0, -0.75, 2.0, 3.0)
HARD = (0.0, -0.0, inf, -inf, nan, 5e-324, 1e308, -7.25)
# Operands of those names that don't take one or two numbers.
OPERANDS = {
    "comb": [(5, 2), (5,), (3, 4)],
    "dist": [([1.0, 2.0], (4.0, 6.0)), ((), ())],
    "factorial": [(0,), (20,)],
    "fma": [(2.0, 3.0, 4.0)],
    "fsum": [([0.1] * 10,), ([],), ([1e308, 1.0, -1e308],)],
    "gcd": [(12, 18), (7,), ()],
    "hypot": [(3.0, 4.0), (1.0, 2.0, 2.0), (-2.0,), ()],
    "isclose": [(1.0, 1.0 + 1e-10), (1.0, 1.1), (inf, inf), (inf, 1.0), (nan, nan)],
    "isqrt": [(17,)],
    "lcm": [(4, 6)],
    "ldexp": [(0.75, 4), (1.0, -1074), (5e-324, 1100), (3.0, -2000), (-1.0, 1023)],
    "log": [(2.5,), (8.0, 2.0), (8.0, 0.5)],
    "nextafter": [(1.0, 2.0)],
    "perm": [(5, 2), (5, None)],
    "prod": [([2.0, 3.0],), ([],)],
    "sumprod": [([1.0, 2.0], [3.0, 4.0])],
}


def same(one, other):
    """Whether two results are the same but for the last digits that the two packages round apart."""
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    near = one == pytest.approx(other, rel=2e-15, abs=0.0, nan_ok=True)
    return near and (isinstance(other, int) or math.copysign(1, one) == math.copysign(1, other))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_pythons_math_is_there_and_means_the_same_on_numbers(name):
    theirs, ours = getattr(math, name), getattr(autograd, name)
    if not callable(theirs):
        assert same(ours, theirs)
        return
    tried = 0
    for operands in OPERANDS.get(name, [*itertools.product(NUMBERS, repeat=1), *itertools.product(NUMBERS, repeat=2)]):
        try:
            expected = theirs(*operands)
        except (TypeError, ValueError):
            continue
        tried += 1
        assert same(ours(*operands), expected), operands
    assert tried


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
@pytest.mark.parametrize("number", [*NUMBERS, *HARD])
def test_what_a_number_is_is_told_of_nodes_and_decided_inside_jit(name, number):
    ask, expected = getattr(autograd, name), getattr(math, name)(number)
    assert ask(number) is expected
    assert ask(Variable(number)) is expected
    decide = jit(lambda x: 1.0 if ask(x) else 0.0)
    choose = jit(lambda x: autograd.where(ask(x), 1.0, 0.0))
    for other in (2.0, inf, nan, -1.0, number):
        assert decide(other) == choose(other) == float(getattr(math, name)(other))
    assert len(decide.paths) == 2
    assert len(choose.paths) == 1


@pytest.mark.parametrize(
    ("a", "b"), [*itertools.product([1.0, 1.0 + 1e-10, 1.001, 0.0, -1.0, inf, -inf, nan], repeat=2)]
)
@pytest.mark.parametrize("tolerances", [{}, {"rel_tol": 0.0}, {"abs_tol": 0.01}, {"rel_tol": 0.01}])
def test_isclose_decides_on_nodes_as_on_numbers(a, b, tolerances):
    expected = math.isclose(a, b, **tolerances)
    assert autograd.isclose(Variable(a), b, **tolerances) == expected
    assert jit(lambda x, y: 1.0 if autograd.isclose(x, y, **tolerances) else 0.0)(a, b) == expected
    with pytest.raises(ValueError, match="non-negative"):
        autograd.isclose(Variable(a), b, rel_tol=-1.0)


@pytest.mark.parametrize("x", [7.0, -7.0, 10.0, 6.0, 2.0, -2.0, 0.3, 0.0, -0.0, 1e17, 5e-324, 14.0])
@pytest.mark.parametrize("y", [4.0, -4.0, 0.1, 3.0, inf, 1e-300])
def test_remainder_is_ieees_on_nodes_too_and_its_slopes_are_one_and_less_the_multiple(x, y):
    expected = math.remainder(x, y)
    assert same(autograd.remainder(Variable(x), y).value, expected)
    assert same(jit(autograd.remainder)(x, y), expected)
    with mp.workprec(3000):
        multiple = 0 if y == inf else mp.nint((mpf(x) - mpf(expected)) / mpf(y))
    slopes = grad(autograd.remainder, argnums=(0, 1))(x, y)
    assert slopes[0] == 1.0
    assert slopes[1] == pytest.approx(-float(multiple), rel=1e-15)


@pytest.mark.parametrize("x", [2.75, -2.75, 0.0, -0.0, -0.5, 3.0, inf, -inf])
def test_modf_gives_both_parts_of_a_node(x):
    fraction, whole = autograd.modf(Variable(x))
    assert same((fraction.value, whole.value), math.modf(x))
    assert same(tuple(jit(autograd.modf)(x)), math.modf(x))
    if math.isfinite(x):
        assert grad(lambda x: autograd.modf(x)[0])(x) == 1.0
        assert grad(lambda x: autograd.modf(x)[1])(x) == 0.0


@pytest.mark.parametrize("x", [1.5, -0.75, 5e-324, 1.7e308, 1.9999999999999998, 0.0, 3e-310])
@pytest.mark.parametrize("i", [0, 3, -3, 1023, -1023, 1024, -1074, -1075, 2098, -2098, 10**6, -(10**6)])
def test_ldexp_of_a_node_is_rounded_once_and_its_slope_is_the_power(x, i):
    value = autograd.ldexp(Variable(x), i).value
    try:
        assert same(value, math.ldexp(x, i))
    except OverflowError:
        assert value == math.copysign(inf, x)
    if abs(i) <= 1023:
        assert grad(lambda x: autograd.ldexp(x, i))(x) == 2.0**i


def test_sums_distances_and_angles_have_their_derivatives():
    xs = [0.1, 0.7, -0.3]
    assert autograd.fsum([Variable(x) for x in xs]).value == math.fsum(xs)
    assert grad(autograd.fsum)(xs) == [1.0, 1.0, 1.0]
    assert list(grad(lambda p: autograd.dist(p, [1.0, 1.0]))([4.0, 5.0])) == [0.6, 0.8]
    with pytest.raises(ValueError, match="equally many"):
        autograd.dist([Variable(1.0)], [1.0, 2.0])
    assert grad(autograd.degrees)(2.0) == math.degrees(1.0)
    assert grad(autograd.radians)(2.0) == math.radians(1.0)
    assert grad(lambda x: autograd.prod([x, x], start=3.0))(5.0) == 30.0
    assert grad(autograd.log, argnums=(0, 1))(8.0, 2.0) == pytest.approx(
        (1 / (8 * math.log(2)), -math.log(8) / (2 * math.log(2) ** 2))
    )
    assert grad(lambda x: autograd.hypot(x, 2.0, 2.0))(1.0) == pytest.approx(1 / 3)
    with pytest.raises(TypeError, match=r"3 (were )?given"):
        autograd.log(8.0, 2.0, 1.0)


def test_gamma_and_its_derivatives_are_exact_to_rounding():
    draw = random.Random(5)
    for x in [draw.uniform(-12.0, 100.0) for _ in range(100)]:
        with mp.workprec(300):
            exact = [mp.diff(mp.gamma, mpf(x), order) for order in range(3)]
            scale = abs(mp.gamma(mpf(x))) * (1 + mp.pi / abs(mp.sinpi(mpf(x))) if x < 0 else 1 + abs(mp.log(x)) ** 2)
        found = autograd.gamma(x), grad(autograd.gamma)(x), hessian(lambda v: autograd.gamma(v[0]))([x])[0][0]
        for got, want in zip(found, exact, strict=True):
            assert abs(got - want) <= 2e-15 * max(abs(want), scale), x


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("comb", (5,)), ("factorial", ()), ("frexp", ()), ("gcd", (4,)), ("isqrt", ()), ("lcm", (4,)),
        ("nextafter", (2.0,)), ("perm", (5,)), ("ulp", ()),
    ],
)  # fmt: skip
def test_a_function_of_whole_numbers_or_of_floats_steps_refuses_a_node_with_a_sentence(name, operands):
    with pytest.raises(OperandError, match=f"{name} of a node has no derivative: .+"):
        getattr(autograd, name)(Variable(3.0), *operands)


def test_ldexp_refuses_a_node_as_exponent():
    with pytest.raises(OperandError, match="exp2"):
        autograd.ldexp(2.0, Variable(3.0))


def test_a_star_import_brings_no_builtin_and_no_one_letter_name():
    import builtins

    assert not set(autograd.__all__) & {name for name in dir(builtins) if not name.startswith("_")}
    assert not [name for name in autograd.__all__ if len(name) == 1]
    assert {"pi", "inf", "nan", "isnan", "gamma"} <= set(autograd.__all__)
