"""Bounds of rounding errors, against exact arithmetic, and what cost the digits."""

import math
import operator
import random
import statistics
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import (
    ArgumentError,
    Constant,
    OperandError,
    Primitive,
    StaleGraphError,
    Variable,
    cos,
    dot,
    exp,
    floor,
    rounding,
    source_lines,
    sqrt,
)
from autograd import sum as total
from tests.tables.expressions import mp, random_expression
from tests.tables.oracles import BUILT_IN, ORACLES
from tests.tables.oracles import mp as oracle_mp


@settings(max_examples=600, deadline=None)
@given(st.integers(0, 2**32))
def test_no_error_of_a_random_expression_exceeds_its_bound(seed):
    node, _, exact = random_expression(seed)
    found = rounding(node)
    error = abs(exact - mp.mpf(node.value))
    assert error <= found.bound * (1 + 1e-12)
    assert 0.0 <= found.digits <= 16.0


def test_the_bounds_are_within_reach_of_the_errors():
    ratios = []
    for seed in range(2_000):
        node, _, exact = random_expression(seed)
        error, bound = float(abs(exact - mp.mpf(node.value))), rounding(node).bound
        if error and math.isfinite(bound):
            ratios.append(bound / error)
    assert len(ratios) > 1_000
    assert statistics.median(ratios) < 15.0


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from("+-*"), min_size=1, max_size=12),
    st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=13, max_size=13),
)
def test_of_ring_operations_the_bound_holds_in_fractions(signs, numbers):
    y, exact = Variable(numbers[0]), Fraction(numbers[0])
    for sign, number in zip(signs, numbers[1:], strict=False):
        apply = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
        y, exact = apply(y, number), apply(exact, Fraction(number))
    assert abs(exact - Fraction(y.value)) <= Fraction(rounding(y).bound) * Fraction(1.000001)


def test_what_is_exact_has_no_error():
    x = Variable(3.0)
    found = rounding(-(x * 4.0 - 1.0).relu())
    assert (found.bound, found.digits) == (0.0, pytest.approx(15.95, abs=0.01))
    assert rounding(x).bound == 0.0
    # Sterbenz: the difference of neighbours is exact.
    assert rounding(Variable(1.0 + 2**-52) - 1.0).bound == 0.0


def test_the_quadratic_formula_loses_its_digits_in_one_addition():
    a, b, c = Variable(1.0, name="a"), Variable(1e8, name="b"), Variable(1.0, name="c")
    root_term = sqrt(b * b - 4.0 * a * c)
    with source_lines():
        root = (-b + root_term) / (2.0 * a)
    found = rounding(root)
    assert found.digits < 1.0
    (cancellation,) = found.cancellations
    assert cancellation.node is root.parents[0]
    assert cancellation.digits > 15.0
    assert cancellation.share > 0.99
    assert [operand.value for operand in cancellation.operands] == [-1e8, root_term.value]
    assert str(cancellation) == (
        f"plus at test_rounding.py:{cancellation.source.number} lost 15.8 of 16 digits: -100000000.0 and "
        f"99999999.99999999 nearly cancel, -1.4901161193847656e-08 is left"
    )
    better = rounding((2.0 * c) / (-b - root_term))
    assert better.digits > 15.0
    assert better.cancellations == ()


def test_a_difference_of_exact_numbers_costs_nothing_unless_they_are_off():
    x = Variable(1.0 + 1e-9, name="x")
    assert rounding(x - 1.0).cancellations == ()
    found = rounding(x - 1.0, inputs=0.5)
    assert [round(cancellation.digits) for cancellation in found.cancellations] == [9]
    assert found.bound == pytest.approx(0.5 * (math.ulp(x.value) + math.ulp(1.0)))
    assert found.digits < 7.0


def test_cancellation_is_found_in_operations_on_many():
    x = Variable(0.1, name="x")
    big = exp(x) * 1e10
    assert [c.node.op.name for c in rounding(total([big, 1.0, -big * (1.0 + 1e-12)])).cancellations] == ["sum"]
    assert [c.node.op.name for c in rounding(dot([big, big], [1.0, -1.0 - 1e-12])).cancellations] == ["dot"]


def test_a_cancellation_that_does_not_matter_is_not_named():
    x = Variable(0.1, name="x")
    small = exp(x) - 1.1051709180756
    assert rounding(small).cancellations
    assert rounding(small + exp(x)).cancellations == ()


def test_errors_of_equal_parts_cancel_in_the_result():
    x = Variable(0.7)
    inner = exp(exp(x)) / 3.0
    assert rounding(inner - inner).bound < 1e-25
    assert rounding(inner).bound > 1e-17


def test_a_zero_slope_leaves_the_second_order():
    x = Variable(0.1)
    zero = (x * 3.0) - 0.3
    found = rounding((zero - zero.value) ** 2)
    exact = (Fraction(0.1) * 3 - Fraction(0.3) - Fraction(zero.value)) ** 2
    assert 0 < exact <= found.bound < 1e-30


def test_a_step_that_rounding_may_have_crossed_is_an_error_of_its_height():
    x = Variable(0.1)
    assert rounding(floor((x * 3.0 - 0.1 - 0.1) / 0.1)).bound >= 1.0
    assert rounding(floor(x * 3.5)).bound == 0.0
    assert rounding(sqrt(x * 3.0 - 0.3 - (x.value * 3.0 - 0.3))).bound == math.inf


def test_a_value_that_is_no_number_has_no_digits():
    x = Variable(-1.0)
    found = rounding(x.log() + 1.0)
    assert (found.bound, found.digits) == (math.inf, 0.0)


def test_other_primitives_count_as_within_two_units():
    curve = Primitive("curve", lambda x: x * x * x, lambda x, out: 3.0 * x * x, registered=False)
    assert rounding(curve(Variable(1.1))).bound == pytest.approx(2.0 * math.ulp(1.331))


def test_it_reads_aloud():
    x = Variable(0.5, name="x")
    assert str(rounding(cos(x))) == (
        "0.8775825618903728 is within 2.2e-16 of the exact value: 15.6 digits are certain."
    )
    assert str(rounding(Constant(2.0, name="c"))) == "c = 2.0 is within 0 of the exact value: 16.0 digits are certain."


def test_wrong_arguments_are_refused():
    with pytest.raises(OperandError, match=r"rounding takes a node, got float: 1\.0"):
        rounding(1.0)
    with pytest.raises(ArgumentError, match=r"rounding needs inputs >= 0 units in the last place, got -1\.0"):
        rounding(Variable(1.0), inputs=-1)
    with pytest.raises(OperandError, match="inputs needs a number"):
        rounding(Variable(1.0), inputs="few")
    x = Variable(1.0, name="x")
    y = x * 2.0
    x.value = 3.0
    with pytest.raises(StaleGraphError, match="its rounding would be judged by numbers that were not used"):
        rounding(y)


def test_a_chain_of_100_000_operations_takes_no_recursion():
    y = Variable(0.1)
    for _ in range(50_000):
        y = (y * 0.999).sin()
    start = time.process_time()
    found = rounding(y)
    assert time.process_time() - start < 30.0
    assert 0.0 < found.bound < 1e-14


@pytest.mark.parametrize("name", [primitive.name for primitive in BUILT_IN])
def test_the_rounding_of_every_primitive_is_within_its_bound(name):
    primitive = next(primitive for primitive in BUILT_IN if primitive.name == name)
    draw = random.Random(name)
    for _ in range(30):
        point = ORACLES[name].sample(draw)
        node = primitive(*[Variable(number) for number in point])
        with oracle_mp.workprec(2_500):
            exact = ORACLES[name].value(*map(oracle_mp.mpf, point))
            if not math.isfinite(node.value):
                assert rounding(node).bound == math.inf
                continue
            error = abs(exact - oracle_mp.mpf(node.value))
            assert error <= rounding(node).bound + abs(exact) * oracle_mp.mpf(2) ** -200
