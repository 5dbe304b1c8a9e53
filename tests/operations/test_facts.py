"""The facts that primitives declare for tools and messages, tried on numbers."""

import itertools
import math
import random

import numpy as np
import pytest

from autograd import Primitive, Variable, exp, explain, grad, jit, replay, rounding
from autograd.operations.primitive import all_primitives, declared
from autograd.operations.primitives import Plus, Select
from tests.tables.oracles import BUILT_IN, ORACLES, mp, mpf, without_a_derivative

ALL = [primitive for primitive in all_primitives(auxiliary=True) if primitive.built_in]
NUMBERS = (0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf)


def of(primitives):
    return pytest.mark.parametrize("primitive", primitives, ids=lambda primitive: primitive.name)


def declaring(fact, *values):
    return of([primitive for primitive in ALL if getattr(primitive, fact) in (values or (True,))])


def grid(primitive, numbers=NUMBERS):
    """All operands out of these numbers; two for any number of operands."""
    return itertools.product(numbers, repeat=primitive.arity or 2)


def slopes_at(primitive, point):
    return primitive(*[Variable(x) for x in point]).local_gradients


@of(BUILT_IN)
def test_a_flat_primitive_and_no_other_has_slope_0_everywhere(primitive):
    draw = random.Random(primitive.name)
    points = [ORACLES[primitive.name].sample(draw) for _ in range(20)]
    flat = all(slope == 0.0 for point in points for slope in slopes_at(primitive, point))
    assert flat == (primitive.vanishes == "flat")


@declaring("vanishes", "saturated")
def test_a_saturated_primitive_has_next_to_no_slope_far_out(primitive):
    assert any(abs(slopes_at(primitive, (x,))[0]) < 1e-4 and math.isfinite(primitive(x)) for x in (-30.0, 30.0))


@declaring("vanishes", "product")
def test_a_product_has_slope_0_where_another_factor_is_0(primitive):
    assert 0.0 in slopes_at(primitive, (2.0, 0.0, 3.0)[: primitive.arity or 2])


@declaring("vanishes", "largest", "smallest")
def test_an_extreme_passes_on_one_operand_alone(primitive):
    assert slopes_at(primitive, (1.0, 2.0)) == ((0.0, 1.0) if primitive.vanishes == "largest" else (1.0, 0.0))


@of(BUILT_IN)
def test_only_orders_have_no_derivative(primitive):
    draw = random.Random(primitive.name)
    for _ in range(20):
        point = ORACLES[primitive.name].sample(draw)
        negative_base = point[0] < 0.0 and primitive.name.startswith("power")
        assert negative_base or set(without_a_derivative(primitive, point)) <= set(primitive.orders)
        assert all(point[place] == round(point[place]) for place in primitive.orders)


@of(ALL)
def test_no_built_in_primitive_is_off_by_more_than_2_ulp(primitive):
    assert primitive.built_in and primitive.rounding in (0.0, 0.5, 1.0, 2.0)


@declaring("cancels")
def test_terms_that_cancel_leave_0_of_operands_of_size_1(primitive):
    assert any(primitive(*point) == 0.0 for point in itertools.product((1.0, -1.0), repeat=primitive.arity or 4))


@of([primitive for primitive in ALL if not primitive.condition and primitive.name not in ("select", "absorb", "gate")])
def test_nan_is_hidden_as_declared(primitive):
    """Conditions, choices and what passes a choice do hide it: in plain Python they are decisions."""
    several = [(None, None), (None,) * 4]
    beside = itertools.product((None, *NUMBERS), repeat=primitive.arity) if primitive.arity else several
    for constants in [constants for constants in beside if None in constants]:
        choices = [(*NUMBERS, math.nan) if constant is None else (constant,) for constant in constants]
        points = [point for point in itertools.product(*choices) if any(map(math.isnan, point))]
        values = [primitive(*point) for point in points]
        assert primitive.may_hide_nan(constants) == any(value == value for value in values), constants


@of(ALL)
def test_a_condition_and_no_other_is_0_or_1_everywhere(primitive):
    found = {primitive(*point) for point in grid(primitive, (*NUMBERS, math.nan))}
    assert (found <= {0.0, 1.0}) == primitive.condition


@declaring("of_conditions")
def test_conditions_are_taken_as_0_or_something_else(primitive):
    others = (0.0, 1.0) if primitive is Select else ()
    for point in itertools.product((1.0, 2.0, -3.0), repeat=primitive.arity - len(others)):
        assert primitive(*point, *others) == primitive(*[1.0] * len(point), *others)


@of([primitive for primitive in ALL if primitive.infix])
def test_an_operator_is_the_primitive(primitive):
    for a, b in itertools.product((0.0, 1.0) if primitive.of_conditions else (0.5, 1.0, 2.0, 3.5), repeat=2):
        if b or not primitive.infix.startswith(("/", "%")):
            kind = bool if primitive.of_conditions else float
            assert eval(f"a {primitive.infix} b", {"a": kind(a), "b": kind(b)}) == primitive(a, b)


@of([primitive for primitive in ALL if primitive.numpy])
def test_numpys_functions_are_the_primitive(primitive):
    point = (0.5, 3.0)[: primitive.arity]
    for name in primitive.numpy:
        node = getattr(np, name)(*map(Variable, point))
        assert node.op is primitive and node.value == getattr(np, name)(*point)


def test_a_users_primitive_says_its_facts_too():
    Step = Primitive(
        "a_heaviside", lambda x: float(x > 0.0), lambda x, out: 0.0, rounding=0.0, vanishes="flat", linear=True,
        numpy=("isnat", "add"),
    )  # fmt: skip
    assert declared("a_heaviside") is Step and not Step.built_in
    x = Variable(2.0, name="x")
    assert "is flat: its slope is 0 wherever it has one" in str(explain(x, Step(x)))
    assert rounding(Step(x)).bound == 0.0
    assert np.add(x, 1.0).op is Plus


def test_a_users_primitive_that_does_not_say_whether_it_hides_nan_has_no_slope_at_nan_compiled_either():
    Sure = Primitive("a_sure_product", lambda a, b: exp(a * 0.0) * b, lambda a, b, out: (0.0, 1.0), arity=2)
    function = lambda x: Sure(x[0], x[1])  # noqa: E731 - jit takes its name
    for way in (grad(function), jit(grad(function))):
        assert [math.isnan(slope) for slope in way([math.nan, 2.0])] == [True, True]


def test_a_users_primitive_says_its_form_in_mpmath():
    Log1mexp = Primitive(
        "a_log1mexp", lambda x: math.log(-math.expm1(x)), lambda x, out: -1.0 / math.expm1(-x), registered=False,
        mpmath=("expm1", lambda mp, x: mp.log(-mp.expm1(x))),
    )  # fmt: skip
    assert abs(replay(Log1mexp(Variable(-1e-9)), mp.mpf).value - mp.log(-mp.expm1(mpf(-1e-9)))) < mpf(10) ** -15
