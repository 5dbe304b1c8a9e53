"""Every primitive against its oracle: values, local gradients, exact arithmetic, gradcheck.

Special values are in test_conventions.py, derivatives of higher order in test_higher_order.py.
"""

import itertools
import math
import random
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograd import Variable, grad, jit, logsumexp, maximum, minimum, value_and_grad
from autograd.testing import gradcheck, operands
from tests.tables.oracles import (
    BUILT_IN,
    EVERY_PRIMITIVE,
    ORACLES,
    exact_derivative,
    mp,
    mpf,
    ulps,
    without_a_derivative,
)  # fmt: skip

SAMPLES = 60
FAST = settings(
    max_examples=40, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.filter_too_much]
)


def samples(primitive, count=SAMPLES):
    draw = random.Random(primitive.name)
    return [tuple(ORACLES[primitive.name].sample(draw)) for _ in range(count)]


def recorded(primitive, point):
    """The node of the primitive on variables."""
    return primitive(*[Variable(x) for x in point])


@EVERY_PRIMITIVE
def test_value_is_as_near_to_the_exact_one_as_is_declared(primitive):
    oracle = ORACLES[primitive.name]
    for point in samples(primitive):
        exact = exact_derivative(oracle.value, point, (0,) * len(point))
        with mp.workprec(400):
            term = oracle.value_term(*map(mpf, point))
        assert ulps(primitive(*point), exact, term) <= primitive.rounding, point


@EVERY_PRIMITIVE
def test_value_on_a_node_is_the_value_on_numbers(primitive):
    for point in samples(primitive):
        assert recorded(primitive, point).value == primitive(*point), point


@EVERY_PRIMITIVE
def test_local_gradients_are_within_4_ulp_of_the_exact_ones(primitive):
    oracle = ORACLES[primitive.name]
    for point in samples(primitive):
        gradients = recorded(primitive, point).local_gradients
        with mp.workprec(400):
            terms = oracle.gradient_terms(*map(mpf, point))
        missing = without_a_derivative(primitive, point)
        for place in range(len(point)):
            if place in missing:
                assert math.isnan(gradients[place])
                continue
            orders = [int(other == place) for other in range(len(point))]
            exact = exact_derivative(oracle.value, point, orders)
            assert ulps(gradients[place], exact, terms[place]) <= 4, (point, place)


@EVERY_PRIMITIVE
def test_the_rule_on_floats_is_the_kernel(primitive):
    """Each declaration is run three ways: as C, as Python on floats, as Python on nodes. They agree."""
    for point in samples(primitive, 20):
        node = recorded(primitive, point)
        by_rule = primitive.gradients_of_numbers(point, node.value)
        for from_kernel, from_rule in zip(node.local_gradients, by_rule, strict=True):
            if math.isfinite(from_kernel) and abs(from_kernel) > 1e-280 and primitive.arity is not None:
                assert from_rule == pytest.approx(from_kernel, rel=1e-14), point


@EVERY_PRIMITIVE
@FAST
@given(data=st.data())
def test_gradcheck_passes(primitive, data):
    point = data.draw(operands(primitive, largest=10.0))
    constant = [place for place in range(len(point)) if place in primitive.orders]
    free = [x for place, x in enumerate(point) if place not in constant]

    def function(*variables):
        rest = iter(variables)
        return primitive(*[x if place in constant else next(rest) for place, x in enumerate(point)])

    assert gradcheck(function, free)


RATIONAL = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "negate": lambda x: -x,
    "fma": lambda a, b, c: a * b + c,
    "floor_divide": lambda a, b: a // b,
    "fmod": lambda a, b: a - b * math.trunc(a / b),
    "mod": lambda a, b: a - b * math.floor(a / b),
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "trunc": math.trunc,
    "max": max,
    "min": min,
    "identity": lambda x: x,
    "where": lambda x: x,
}


def rounded(exact):
    """The float nearest to a fraction, infinite if it is too large."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


@pytest.mark.parametrize("name", RATIONAL)
@FAST
@given(data=st.data())
def test_a_rational_primitive_gives_the_exact_result_rounded_once(name, data):
    primitive = {primitive.name: primitive for primitive in BUILT_IN}[name]
    number = st.floats(allow_nan=False, allow_infinity=False)
    point = data.draw(st.tuples(*[number] * (primitive.arity or 4)))
    if name in ("divide", "reciprocal", "floor_divide", "fmod", "mod") and point[-1] == 0.0:
        return
    exact = rounded(RATIONAL[name](*map(Fraction, point)))
    assert primitive(*point) == exact


def test_mod_and_fmod_subtract_the_multiple_that_their_gradient_says():
    # The quotient 1 / 0.1 rounds to 10, but 0.1 is more than a tenth: Python's 1 // 0.1 is 9.
    draw = random.Random(7)
    primitives = {primitive.name: primitive for primitive in BUILT_IN}
    points = [(1.0, 0.1), (-1.0, 0.1), (1.0, -0.1)]
    for _ in range(200):
        b = draw.uniform(0.01, 1.0)
        points.append((b * draw.randint(1, 1000), b))
    for a, b in points:
        for name, integer in (("mod", math.floor), ("fmod", math.trunc)):
            gradients = recorded(primitives[name], (a, b)).local_gradients
            assert gradients == (1.0, -float(integer(Fraction(a) / Fraction(b)))), (name, a, b)


def test_gradient_of_a_product_with_a_zero_is_the_product_of_the_others_rounded_once():
    draw = random.Random(8)
    (product,) = [primitive for primitive in BUILT_IN if primitive.name == "prod"]
    for _ in range(200):
        others = [draw.uniform(-3.0, 3.0) for _ in range(draw.randint(2, 5))]
        slopes = recorded(product, (0.0, *others)).local_gradients
        assert slopes[0] == float(math.prod(map(Fraction, others)))
        assert slopes[1:] == (0.0,) * len(others)


def test_a_gradient_of_a_product_that_is_zero_has_the_sign_of_the_product_of_the_others():
    (product,) = [primitive for primitive in BUILT_IN if primitive.name == "prod"]
    for point in itertools.product((0.0, -0.0, 2.0, -3.0), repeat=3):
        slopes = recorded(product, point).local_gradients
        expected = [product(*point[:place], *point[place + 1 :]) for place in range(3)]
        assert list(map(repr, slopes)) == list(map(repr, expected)), point


def test_a_tiny_difference_of_large_operands_keeps_its_digits_in_softmax():
    """The exponent's rounding would be an error of hundreds of ulp: it has to be carried along."""
    primitives = {primitive.name: primitive for primitive in BUILT_IN}
    point = (601.5174474365297, -533.371220096715)
    with mp.workprec(400):
        exact = 1 / (1 + mp.exp(mpf(point[0]) - mpf(point[1])))
    assert ulps(recorded(primitives["logsumexp"], point).local_gradients[1], exact) <= 4
    assert ulps(recorded(primitives["logaddexp"], point).local_gradients[1], exact) <= 4


@pytest.mark.parametrize(
    "primitive",
    [primitive for primitive in BUILT_IN if primitive.first_gradient is not None],
    ids=lambda primitive: primitive.name,
)
def test_the_first_gradient_by_itself_is_the_first_of_the_rule(primitive):
    for point in samples(primitive):
        out = primitive(*point)
        assert primitive.first_gradient(*point, out) == primitive.gradients(*point, out)[0]


@pytest.mark.parametrize(
    "primitive",
    [primitive for primitive in BUILT_IN if primitive.beside_constant is not None],
    ids=lambda primitive: primitive.name,
)
def test_local_gradients_beside_constants_are_the_same_by_the_kernel_as_by_the_rule(primitive):
    count = primitive.arity or 3
    for point in itertools.product((-1.0, 0.0, 1.0), repeat=count):
        for varying in itertools.product((1.0, 0.0), repeat=count):
            for use in (1.0, 2.0):
                # Operands with the same value stand for one variable where it is used twice.
                uses = [
                    known * (use if point.count(x) == use else 1.0) for known, x in zip(varying, point, strict=True)
                ]
                out = primitive(*point)
                by_kernel = primitive.kernel.gradients_beside_constants(list(point), out, uses)
                by_rule = primitive.gradients_of_numbers(point, out, uses)
                assert [slope for slope, known in zip(by_kernel, uses, strict=True) if known] == [
                    slope for slope, known in zip(by_rule, uses, strict=True) if known
                ]


@pytest.mark.parametrize(("extreme", "sign"), [(maximum, 1.0), (minimum, -1.0)])
def test_the_extreme_of_many_in_a_program_passes_on_one_operand_beside_constants(extreme, sign):
    function = value_and_grad(lambda x, y: extreme(sign * 1.0, x, sign * 2.0, y), argnums=(0, 1))
    for point, slopes in [((3.0, 0.0), (1.0, 0.0)), ((0.0, 4.0), (0.0, 1.0)), ((5.0, 5.0), (0.5, 0.5)),
                          ((2.0, 1.5), (0.0, 0.0)), ((1.0, 0.5), (0.0, 0.0))]:  # fmt: skip
        x, y = sign * point[0], sign * point[1]
        expected = (sign * max(2.0, *point), slopes)
        assert function(x, y) == expected
        assert jit(function)(x, y) == expected


@pytest.mark.parametrize("extreme", [maximum, minimum])
@pytest.mark.parametrize("place", range(3))
def test_the_extreme_of_many_is_nan_if_one_is(extreme, place):
    operands = [1.0, 2.0, 3.0]
    operands[place] = math.nan
    assert math.isnan(extreme(*operands)) and math.isnan(extreme(*map(Variable, operands)).value)


def test_shares_of_many_exponentials_are_rounded_once_not_once_a_term():
    draw = random.Random(3)
    numbers = [draw.uniform(0.0, 1.0) for _ in range(4000)]
    shares = grad(logsumexp)(numbers)
    with mp.workdps(40):
        powers = [mp.exp(mpf(number)) for number in numbers]
        total = mp.fsum(powers)
        worst = max(ulps(share, power / total) for share, power in zip(shares, powers, strict=True))
    assert worst < 3.0
