"""Recorded graphs computed again in exact arithmetic, in many digits, on intervals, on other types."""

import math
import random
import time
from decimal import Decimal, getcontext, localcontext
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import (
    NumberError,
    OperandError,
    Primitive,
    StaleGraphError,
    Variable,
    clip,
    copysign,
    cosh,
    dot,
    exp,
    floor,
    gradients,
    log,
    log1p,
    maximum,
    minimum,
    mod,
    no_grad,
    norm,
    prod,
    replay,
    round,
    rounding,
    sigmoid,
    sign,
    softplus,
    source_lines,
    sqrt,
    stop_gradient,
    tanh,
    trunc,
    where,
)
from autograd import sum as total
from autograd.diagnosis.arithmetic import Number
from autograd.diagnosis.number_functions import EXACT_SLOPES
from autograd.operations.primitive import find_primitive
from tests.tables.expressions import mp as digits60
from tests.tables.expressions import random_expression
from tests.tables.oracles import BUILT_IN, ORACLES, exact_derivative, without_a_derivative
from tests.tables.oracles import mp as oracle_mp


@pytest.mark.parametrize("name", [primitive.name for primitive in BUILT_IN])
def test_every_primitive_in_many_digits_is_what_mpmath_says(name):
    primitive = next(primitive for primitive in BUILT_IN if primitive.name == name)
    draw = random.Random(name)
    done = 0
    with oracle_mp.workprec(300):
        while done < 4:
            point = [max(-50.0, min(50.0, number)) for number in ORACLES[name].sample(draw)]
            variables = [Variable(number) for number in point]
            node = primitive(*variables)
            orders = [place for place in without_a_derivative(primitive, point) if place in primitive.orders]
            rest = [slope for place, slope in enumerate(node.local_gradients) if place not in orders]
            if not all(map(math.isfinite, [node.value, *rest])):
                continue
            done += 1
            exact = replay(node, oracle_mp.mpf)
            value = ORACLES[name].value(*map(oracle_mp.mpf, point))
            assert abs(exact.value - value) <= abs(value) * oracle_mp.mpf(10) ** -40
            for place, variable in enumerate(variables):
                if place in orders:
                    continue
                once = [int(other == place) for other in range(len(point))]
                slope = exact_derivative(ORACLES[name].value, point, once)
                assert abs(exact.gradients[variable] - slope) <= abs(slope) * oracle_mp.mpf(2) ** -66


@pytest.mark.parametrize("name", EXACT_SLOPES)
def test_an_exact_slope_is_the_declared_rule_but_for_the_rounding_of_its_constant(name):
    primitive = find_primitive(name)
    for point in (0.25, 1.5, 3.0):
        x = Number(oracle_mp.mpf(point), oracle_mp.mpf)
        with oracle_mp.workprec(300):
            out = primitive(x)
            declared, exact = primitive.gradients(x, out).inner, EXACT_SLOPES[name](x, out).inner
            assert 0 < abs(declared - exact) <= abs(exact) * oracle_mp.mpf(2) ** -52


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_a_random_expression_has_the_value_that_mpmath_gives(seed):
    node, _, exact = random_expression(seed)
    assume(node.op is not None)
    found = replay(node, digits60.mpf)
    assert abs(found.value - exact) <= (abs(exact) + digits60.mpf(10) ** -40) * digits60.mpf(10) ** -20
    assert {type(number) for number in found.values.values()} == {digits60.mpf}


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_the_gradients_of_a_random_expression_are_those_of_floats_but_for_rounding(seed):
    node, variables, _ = random_expression(seed, most=4)
    slopes = gradients(node, variables)
    assume(node.op is not None and all(map(math.isfinite, slopes)) and rounding(node).digits > 10.0)
    try:
        found = replay(node, digits60.mpf).gradients
    except NumberError:
        # Where an operation of the graph has a pole that the floats got around.
        assume(False)
    for variable, slope in zip(variables, slopes, strict=True):
        assert float(found.get(variable, 0.0)) == pytest.approx(slope, rel=1e-5, abs=1e-5)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_an_interval_holds_the_exact_value(seed):
    node, _, exact = random_expression(seed)
    try:
        value = replay(node, mpmath.iv.mpf).value
    except NumberError:
        # Comparisons that overlap, functions that intervals lack.
        return
    assert mpmath.mpf(value.a) - abs(exact) * 1e-13 <= exact <= mpmath.mpf(value.b) + abs(exact) * 1e-13


def test_intervals_that_overlap_have_no_smallest_and_are_refused():
    x, y = Variable(-2.5), Variable(-0.1)
    product = x * y
    for tied in (minimum(product, product), maximum(product, product), minimum(product, product * 1.0)):
        with pytest.raises(NumberError, match="can't be compared: they overlap"):
            replay(tied, mpmath.iv.mpf)


def test_fractions_give_the_closed_form():
    x, y = Variable(0.5, name="x"), Variable(-3.0, name="y")
    z = (x**3 - 1.0 / y) * (x - y) + y % 2.0 + x // 0.125
    found = replay(z, Fraction)
    a, b = Fraction(1, 2), Fraction(-3)
    assert found.value == (a**3 - 1 / b) * (a - b) + b % 2 + a // Fraction(1, 8)
    assert found.gradients[x] == 3 * a**2 * (a - b) + (a**3 - 1 / b)
    assert found.gradients[y] == 1 / b**2 * (a - b) - (a**3 - 1 / b) + 1
    assert found.gradients[z] == 1


@pytest.mark.parametrize(
    ("function", "value", "slope"),
    [
        (lambda x: x**-2, Fraction(16, 9), Fraction(-128, 27)),
        (lambda x: x**0, 1, 0),
        (lambda x: abs(-x) * sign(x), Fraction(3, 4), 1),
        (lambda x: x.relu() - (-x).relu(), Fraction(3, 4), 1),
        (lambda x: clip(x, 0.0, 0.5), Fraction(1, 2), 0),
        (lambda x: maximum(x, 0.75), Fraction(3, 4), 0),
        (lambda x: maximum(x, x), Fraction(3, 4), 1),
        (lambda x: maximum(x, 0.5, x), Fraction(3, 4), 1),
        (lambda x: minimum(x, 0.75, 2.0), Fraction(3, 4), 0),
        (lambda x: floor(x * 5.0) + round(x * 2.0) + trunc(-x * 3.0), 3 + 2 - 2, 0),
        (lambda x: mod(-x, 0.5), Fraction(1, 4), -1),
        (lambda x: copysign(x, -2.0), Fraction(-3, 4), -1),
        (lambda x: where(x > 0.5, x * x, 1.0 / (x - 0.75)), Fraction(9, 16), Fraction(3, 2)),
        (lambda x: stop_gradient(x) * x, Fraction(9, 16), Fraction(3, 4)),
        (lambda x: total([x, x, 1.0]) + prod([x, x, 2.0]) + dot([x, 1.0], [3.0, x]),
         Fraction(5, 2) + Fraction(9, 8) + 3, 2 + 3 + 4),
    ],
)  # fmt: skip
def test_rational_operations_are_exact_in_fractions(function, value, slope):
    x = Variable(0.75)
    found = replay(function(x) * 1.0, Fraction)
    assert (found.value, found.gradients.get(x, 0)) == (value, slope)


def test_ties_share_as_they_do_in_floats():
    x, y = Variable(1.0), Variable(1.0)
    found = replay(maximum(x, y, 1.0) + maximum(x, y), Fraction)
    assert (found.gradients[x], found.gradients[y]) == (Fraction(1, 2), Fraction(1, 2))


def test_the_error_is_told_in_units_in_the_last_place():
    x = Variable(0.1, name="x")
    y = x * 3.0
    found = replay(y, Fraction)
    assert found.error == float((Fraction(y.value) - Fraction(0.1) * 3) / Fraction(math.ulp(y.value)))
    assert found.gradient_errors[x] == 0.0
    assert str(replay(x * 0.5 + 1.0, Fraction)).splitlines()[1] == ("gradient in x = 0.1: 1/2, in floats 0 ulp from it")
    difference = (x + 1.0) - 1.0
    assert replay(difference, Fraction).error == pytest.approx(abs(0.1 - difference.value) / math.ulp(difference.value))


def test_decimals_have_the_precision_of_their_context():
    x = Variable(2.0)
    y = exp(x) + sqrt(x) * log(x) + tanh(x) + sigmoid(x) + softplus(x) + log1p(x) + cosh(x) + norm([x, 1.0])
    with localcontext() as context:
        context.prec = 50
        found = replay(y, Decimal)
    with mpmath.workdps(50):
        exact = replay(y, mpmath.mpf)
        assert abs(mpmath.mpf(str(found.value)) - exact.value) < mpmath.mpf(10) ** -46
        assert abs(mpmath.mpf(str(found.gradients[x])) - exact.gradients[x]) < mpmath.mpf(10) ** -46
    assert getcontext().prec == 28


def test_intervals_are_narrow_and_hold_the_gradient():
    x = Variable(0.3)
    y = exp(tanh(x) * 2.0) / (x + 1.0) + x.relu() ** 2
    found, exact = replay(y, mpmath.iv.mpf), replay(y, digits60.mpf)
    for interval, number in ((found.value, exact.value), (found.gradients[x], exact.gradients[x])):
        low, high = digits60.mpf(mpmath.mpf(interval.a)), digits60.mpf(mpmath.mpf(interval.b))
        assert low <= number <= high
        assert high - low < 1e-13
    assert found.error < 100.0


def test_complex_numbers_and_long_doubles_and_floats_work():
    x = Variable(0.3)
    y = exp(x.sin()) * sqrt(x) / (1.0 + x**2)
    (slope,) = gradients(y, [x])
    for number in (complex, np.longdouble, float):
        found = replay(y, number)
        assert type(found.value) is number
        assert abs(found.gradients[x] - slope) < 1e-14


def test_a_type_of_ones_own_needs_only_arithmetic_and_methods():
    class Counted:
        count = 0

        def __init__(self, number):
            self.number = number

        def __add__(self, other):
            Counted.count += 1
            return Counted(self.number + other.number)

        def __mul__(self, other):
            Counted.count += 1
            return Counted(self.number * other.number)

        def exp(self):
            return Counted(math.exp(self.number))

    x = Variable(0.5)
    found = replay(exp(x) * x + x, Counted)
    assert found.value.number == math.exp(0.5) * 0.5 + 0.5
    assert found.gradients[x].number == math.exp(0.5) * 1.5 + 1.0
    assert Counted.count >= 4
    assert math.isnan(found.error)


def test_a_primitive_of_the_user_runs_its_rule():
    cube = Primitive("cube", lambda x: x * x * x, lambda x, out: 3.0 * x * x, registered=False)
    mixed = Primitive("mixed", lambda x: exp(x) * 2.0, lambda x, out: out, registered=False)
    opaque = Primitive("opaque", math.sin, lambda x, out: math.cos(x), registered=False)
    sinc = Primitive("sinc", lambda x: np.sin(x) / x, lambda x, out: (np.cos(x) - out) / x, registered=False)
    x = Variable(0.5)
    assert replay(sinc(x), digits60.mpf).value == 2 * digits60.sin(0.5)
    assert replay(sinc(x), digits60.mpf).gradients[x] == pytest.approx(2 * digits60.cos(0.5) - 4 * digits60.sin(0.5))
    assert replay(cube(x), Fraction).gradients[x] == Fraction(3, 4)
    assert replay(mixed(x), digits60.mpf).value == 2 * digits60.exp(0.5)
    with pytest.raises(NumberError, match="opaque node: the value of opaque is computed on floats, not on Fraction: "):
        replay(opaque(x), Fraction)


def test_what_a_type_lacks_is_named():
    x = Variable(0.5, name="x")
    with source_lines():
        y = exp(x)
    y.name = "y"
    with pytest.raises(NumberError) as caught:
        replay(y * 2.0, Fraction)
    assert str(caught.value) == (
        f"exp node 'y' at test_replay.py:{y.source.number}: Fraction has no exp; mpmath.mpf has"
    )
    with pytest.raises(NumberError, match=r"sin node: Decimal has no sin; mpmath\.mpf has"):
        replay(x.sin(), Decimal)
    with pytest.raises(NumberError, match="power node: Fraction has no power of 1/2 and 1/2"):
        replay(x**0.5, Fraction)
    with pytest.raises(NumberError, match=r"max node 'm': .*can't be compared"):
        bigger = maximum(x, 0.0)
        bigger.name = "m"
        replay(bigger, lambda number: complex(number, 1e-20))


def test_a_derivative_that_nobody_asks_for_may_be_missing():
    x, y = Variable(2.0, name="x"), Variable(3.0, name="y")
    assert replay(x**3.0, Fraction).gradients[x] == 12
    with pytest.raises(
        NumberError, match=r"the derivative in y = 3\.0 can't be computed: Fraction has no log; mpmath\.mpf has"
    ):
        replay(x**y, Fraction).gradients


def test_a_rule_with_a_number_that_the_type_lacks_gives_no_derivative():
    steep = Primitive("steep", lambda x: x * x, lambda x, out: x * math.inf, registered=False)
    x = Variable(2.0, name="x")
    found = replay(steep(x), Fraction)
    assert found.value == 4
    with pytest.raises(NumberError, match=r"the derivative in x = 2\.0 can't be computed: Fraction has no inf"):
        found.gradients
    assert found.gradient_errors == {}


def test_what_has_no_number_of_the_type_is_named():
    x = Variable(0.0, name="x")
    with pytest.raises(NumberError, match="divide node: the quotient of 1 and 0: ZeroDivisionError"):
        replay(1.0 / x, Fraction)
    with pytest.raises(NumberError, match=r"inf is no number of the type that <class 'fractions\.Fraction'> makes"):
        replay(x + math.inf, Fraction)
    with pytest.raises(NumberError, match=r"sqrt node: sqrt of -1\.0 is not real"):
        replay(sqrt(x - 1.0), mpmath.mpf)
    with pytest.raises(NumberError, match=r"floor node: floor of .*it jumps in there"):
        replay(floor((x + 0.3) * 10.0), mpmath.iv.mpf)


def test_a_variable_that_was_assigned_since_is_refused():
    x = Variable(2.0, name="x")
    y = x * x
    x.value = 3.0
    with pytest.raises(StaleGraphError) as caught:
        replay(y, Fraction)
    assert str(caught.value) == (
        "variable 'x' was assigned after multiply node was computed from it; replaying it would mix both values. "
        "Compute the expression again after assigning"
    )


def test_leaves_and_constants_replay_as_themselves():
    x = Variable(0.1)
    assert (replay(x, Fraction).value, replay(x, Fraction).gradients[x]) == (Fraction(0.1), 1)
    with no_grad():
        constant = x * 2.0
    assert replay(constant, Fraction).gradients == {}


def test_wrong_arguments_are_refused():
    with pytest.raises(OperandError, match=r"replay takes a node, got float: 1\.0"):
        replay(1.0, Fraction)
    with pytest.raises(
        OperandError, match="replay needs a function that makes numbers of floats, such as Fraction, got 'mpf'"
    ):
        replay(Variable(1.0), "mpf")


def test_a_chain_of_100_000_operations_takes_no_recursion():
    x = Variable(0.5)
    y = x
    for _ in range(50_000):
        y = y * 0.5 + 0.25
    start = time.process_time()
    found = replay(y, Decimal)
    assert time.process_time() - start < 30.0
    assert found.value == Decimal("0.5")
    assert float(found.gradients[x].log10()) == pytest.approx(50_000 * math.log10(0.5))
