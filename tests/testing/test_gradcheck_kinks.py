"""gradcheck at kinks, next to them, and at jumps."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import (
    GradcheckError,
    Variable,
    ceil,
    clip,
    copysign,
    cos,
    exp,
    fabs,
    floor,
    gradients,
    hypot,
    jit,
    log,
    maximum,
    minimum,
    norm,
    relu,
    sign,
    sin,
    sqrt,
    tanh,
    where,
)  # fmt: skip
from autograd.diagnosis.kinks import margin_of
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Max, MaxOfMany, Mod
from autograd.testing import check_gradients, expressions, gradcheck, points_near_kinks
from autograd.testing.comparison import Derivative, Tolerance, compare
from autograd.testing.differences import Line, Sample, side_slopes
from autograd.testing.kinks import Kink, reach, same_piece
from tests.tables.oracles import BUILT_IN
from tests.tables.settings import CI

AT_KINKS = [
    ("relu at 0", relu, [0.0], (0.0, 1.0)),
    ("abs at 0", abs, [0.0], (-1.0, 1.0)),
    ("a kink among smooth operations", lambda x: sin(x) + 2 * relu(x), [0.0], (1.0, 3.0)),
    ("the minimum with a constant", lambda x: minimum(3 * x, 6.0), [2.0], (3.0, 0.0)),
    ("clip at its end", lambda x: clip(x, -1.0, 1.0), [1.0], (1.0, 0.0)),
    ("a branch of Python's", lambda x: x if x > 1 else 2 * x - 1, [1.0], (2.0, 1.0)),
    ("where", lambda x: where(x > 0, x * x, -x), [0.0], (-1.0, 0.0)),
    ("a kink inside a compiled function", jit(lambda x: exp(relu(x))), [0.0], (0.0, 1.0)),
]


@pytest.mark.parametrize(
    ("function", "inputs", "slopes"), [row[1:] for row in AT_KINKS], ids=[row[0] for row in AT_KINKS]
)
def test_at_a_kink_a_subgradient_passes_and_the_interval_is_reported(function, inputs, slopes):
    report = check_gradients(function, inputs)
    assert report
    assert [kink.margin for kink in report.kinks] == [0.0]
    (found,) = report.at_kinks
    assert found.comparison.kind == "kink"
    assert (found.comparison.left.slope.value, found.comparison.right.slope.value) == pytest.approx(slopes, abs=1e-8)
    assert f"the slope is {slopes[0]:g} from the left and {slopes[1]:g} from the right" in str(report)


def test_the_report_says_at_which_operation_and_line_the_kink_is():
    report = check_gradients(lambda x: exp(x) + fabs(x - 0.5), [0.5])
    assert str(report.kinks[0]).startswith("abs(0) is at its kink (")
    assert "test_gradcheck_kinks.py:" in report.kinks[0].place
    assert str(report.kinks[0]) in str(report)


@pytest.mark.parametrize("function", [hypot, lambda x, y: norm([x, y, x]), lambda x, y: fabs(x) + fabs(y)])
def test_at_the_tip_of_a_cone_the_gradient_is_between_the_slopes(function):
    report = check_gradients(function, [0.0, 0.0], order=2)
    assert report and report.kinks


@pytest.mark.parametrize("offset", [1e-3, 1e-5, 1e-7, 1e-9, 1e-12, 1e-15, -1e-7, -1e-12, -3e-16])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: relu(x - 1.0) * x,
        lambda x: fabs(1.0 - x) + exp(x),
        lambda x: maximum(x, 2.0 - x, 0.5 * x),
        lambda x: floor(x) * x,
        lambda x: ceil(2.0 * x) + x * x,
        lambda x: sign(x - 1.0) * sin(x),
        lambda x: copysign(x, x - 1.0),
        lambda x: where(x > 1.0, x * x, 3.0 * x),
        lambda x: x * x if x > 1.0 else cos(x),
        lambda x: (x + 1.0) % 0.5,
        jit(lambda x: x * x if x > 1.0 else cos(x)),
    ],
)
def test_next_to_a_kink_or_jump_the_derivative_of_its_own_side_passes(function, offset):
    report = check_gradients(function, [1.0 + offset])
    assert report, str(report)
    assert report.kinks or abs(offset) > 1e-6


@pytest.mark.parametrize("distance", [1e-4, 1e-8, 1e-12])
def test_next_to_a_kink_the_derivative_of_the_other_side_fails(distance):
    turned = Primitive(
        "a_relu_of_the_wrong_side",
        lambda x: max(x, 0.0),
        lambda x, out: where(x > 1e-3, 1.0, 0.0),
        kinks=lambda x: x,
    )
    assert gradcheck(turned, [-distance])
    with pytest.raises(GradcheckError, match=r"the local gradient of a_relu_of_the_wrong_side .* should be 1"):
        gradcheck(lambda x: turned(x - 1.0), [1.0 + distance])


def test_a_sawtooth_whose_period_divides_the_steps_passes():
    # Found by a property test: steps that are powers of two all hit the same phase of it.
    assert gradcheck(Mod, [2.93571503173297, 6.103515625e-05])
    assert gradcheck(lambda x: x % 2.0**-14, [2.93571503173297])


@pytest.mark.parametrize("function", [lambda a, b: a % b, lambda a, b: a * cos(b) + a % b])
def test_kinks_too_near_for_any_difference_leave_it_to_the_operations(function):
    # Found by a property test: the remainder by so small a number runs through its period in any step.
    report = check_gradients(function, [1.000000000000001, 4.821637332766433e-16])
    assert report, str(report)
    assert "kinks are too near for differences: each operation alone is right" in str(report.at_kinks[0])


# Jumps


@pytest.mark.parametrize(
    ("function", "point", "sides"),
    [
        (floor, 2.0, "from 1 on the left to 2 on the right"),
        (ceil, 2.0, "from 2 on the left to 3 on the right"),
        (sign, 0.0, "from -1 on the left to 1 on the right"),
        (lambda x: where(x >= 1.0, x + 1.0, x), 1.0, "from 1 on the left to 2 on the right"),
        (lambda x: x + 1.0 if x >= 1.0 else x, 1.0, "from 1 on the left to 2 on the right"),
        (lambda x: x % 0.5, 1.5, "from 0.5 on the left to 0 on the right"),
    ],
)
def test_at_a_jump_there_is_no_derivative_and_the_message_says_from_where_to_where(function, point, sides):
    with pytest.raises(GradcheckError, match=rf"and there is none: the function jumps here, {sides}"):
        gradcheck(function, [point])


def test_a_jump_that_cancels_is_none():
    assert gradcheck(lambda x: floor(x) + x % 1.0, [2.0])


# Wrong subgradients


@pytest.mark.parametrize("slope", [-0.1, 1.1, 2.0, -1.0, math.nan])
def test_a_gradient_outside_the_interval_fails(slope):
    broken = Primitive("a_relu_with_a_wrong_tie", lambda x: max(x, 0.0), lambda x, out: where(x == 0, slope, Max(x, 0)))
    message = r"kink here: its slope is 0 from the left and 1 from the right, the derivative is not between them"
    with pytest.raises(GradcheckError, match=message):
        gradcheck(broken, [0.0])


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.5, 1.0])
def test_any_subgradient_passes_though_the_kink_is_not_declared(slope):
    assert gradcheck(
        Primitive("a_relu_of_choice", lambda x: max(x, 0.0), lambda x, out: slope, registered=False), [0.0]
    )


@pytest.mark.parametrize(
    ("shares", "right"), [((0.5, 0.5), True), ((1.0, 0.0), True), ((1.0, 1.0), False), ((0.0, 0.0), False)]
)
def test_the_shares_of_a_tie_must_add_up(shares, right):
    tied = Primitive(
        "a_maximum_with_other_shares",
        max,
        lambda a, b, out: (
            where(a > b, 1.0, where(a < b, 0.0, shares[0])),
            where(a < b, 1.0, where(a > b, 0.0, shares[1])),
        ),
        arity=2,
        kinks=lambda a, b: a - b,
    )
    report = check_gradients(lambda x, y: tied(x, y) * 3.0, [1.5, 1.5])
    assert bool(report) is right
    if not right:
        assert "along all inputs together" in str(report) and report.fault.operation == "a_maximum_with_other_shares"


def test_where_kinks_meet_the_message_says_that_each_operation_is_right():
    with pytest.raises(
        GradcheckError, match=r"2 operation\(s\) are at a kink here \(max\), and the gradient of each alone"
    ):
        gradcheck(lambda x: relu(x) - relu(-x), [0.0])


# Special operands


def test_a_maximum_of_a_node_with_itself_is_smooth():
    assert gradcheck(lambda x: maximum(x, x) + MaxOfMany(x, x, x), [1.0], order=2)


def test_a_derivative_along_another_input_doesn_t_see_the_kink():
    report = check_gradients(lambda x, y: relu(x) + y * y, [0.0, 2.0])
    assert report and {found.place for found in report.at_kinks} == {0, -1}


def test_at_an_end_of_the_domain_the_slope_inside_counts():
    root = Primitive("a_power_of_seven_halves", lambda x: math.sqrt(x) * x**3, lambda x, out: 3.5 * sqrt(x) * x * x)
    assert gradcheck(root, [0.0], rtol=1e-5)
    (found,) = check_gradients(root, [0.0]).at_kinks
    assert found.comparison.kind == "edge" and "lies on the edge of the domain" in str(found)


def test_the_plain_values_that_a_function_takes_don_t_keep_it_from_seeing_kinks():
    report = check_gradients(lambda x: relu(x) if x.value < 5.0 else x, [0.0])
    assert report and report.kinks and not report.decisions_seen


# Every primitive, and random expressions

KINKED = [primitive for primitive in BUILT_IN if primitive.kinks is not None]
JUMPS_OR_POLES = """
sign floor ceil round trunc floor_divide mod fmod copysign sqrt cbrt asin acos acosh atan2
""".split()  # noqa: SIM905 - a list of 15 strings is harder to read


@pytest.mark.parametrize(
    "primitive",
    [p for p in KINKED if p.name not in ("lgamma", "digamma", "polygamma")],
    ids=lambda primitive: primitive.name,
)
@settings(CI, max_examples=12)
@given(data=st.data())
def test_every_primitive_passes_near_its_kinks(primitive, data):
    point = data.draw(points_near_kinks(primitive))
    node = primitive(*[Variable(x) for x in point])
    if not all([abs(slope) < 1e6 for slope in node.local_gradients]) or abs(node.value) > 1e6:
        return
    report = check_gradients(primitive, point)
    at_jump = margin_of(primitive, point) == 0.0 and primitive.name in JUMPS_OR_POLES
    assert report or at_jump, str(report)


@settings(CI, max_examples=200)
@given(expressions(near_kinks=True))
def test_random_expressions_near_kinks_raise_no_false_alarm(expression):
    report = check_gradients(expression, expression.point)
    exactly = [kink for kink in report.kinks if kink.margin == 0.0]
    assert report or exactly, f"{expression}: {report}"


@settings(CI, max_examples=40)
@given(expressions(near_kinks=True, max_leaves=2, max_steps=6))
def test_random_expressions_near_kinks_raise_no_false_alarm_in_second_order(expression):
    report = check_gradients(expression, expression.point, order=2)
    exactly = [kink for kink in report.kinks if kink.margin == 0.0]
    assert report or exactly, f"{expression}: {report}"


# The parts


def test_the_slopes_of_both_sides_and_the_limits_are_found_at_a_jump_with_a_kink():
    line = Line(lambda t: Sample(t, [1.0 + 2.0 * t if t < 0 else 5.0 * t - t * t]), [7.0], noise=[0.0])
    left, right = side_slopes(line, 0.125, -1.0)[0], side_slopes(line, 0.125, 1.0)[0]
    assert (left.slope.value, right.slope.value) == pytest.approx((2.0, 5.0), rel=1e-9)
    assert (left.limit.value, right.limit.value) == pytest.approx((1.0, 0.0), abs=1e-9)
    (found,) = compare([Derivative(2.0, 0.0)], line, Tolerance())
    assert found.kind == "jump" and not found.agrees


@pytest.mark.parametrize("distance", [0.5, 1e-3, 1e-8, 1e-14])
def test_one_may_go_half_way_to_the_next_kink_and_away_from_it_without_end(distance):
    line = Line(
        lambda t: Sample(t, [abs(t - distance)]), [distance], noise=[0.0], margins=lambda t: [t - distance, 1.0]
    )
    assert distance / 8.0 <= reach(line, 1.0, 2.0) <= distance / 2.0
    assert reach(line, -1.0, 2.0) == 2.0


def test_at_a_kink_one_may_go_nowhere():
    line = Line(lambda t: Sample(t, [abs(t)]), [0.0], noise=[0.0], margins=lambda t: [t])
    assert reach(line, 1.0, 1.0) == reach(line, -1.0, 1.0) == 0.0


def test_pieces_are_the_same_if_no_margin_shrinks_by_half():
    assert same_piece([1.0, -2.0, 0.0, math.inf, math.nan], [0.5, -9.0, 0.0, math.inf, math.nan])
    assert not same_piece([1.0], [0.4])
    assert not same_piece([1.0], [-1.0])
    assert not same_piece([0.0], [1e-300])
    assert not same_piece([1.0], [1.0, 1.0])


def test_a_kink_reads_as_what_it_is():
    assert str(Kink("max", (1.0, 1.0), 0.0, "model.py:7")) == "max(1, 1) is at its kink (model.py:7)"
    assert str(Kink("norm", (0.0,) * 6, -1e-9)) == "norm(0, 0, 0, 0, ...) is 1e-09 from its kink"


def test_a_value_that_is_not_finite_next_to_a_pole_is_refused():
    with pytest.raises(GradcheckError, match=r"needs a finite value, got -inf for the output"):
        gradcheck(log, [0.0])
    assert gradients(tanh(Variable(0.0)), Variable(1.0)) == 0.0
