"""The oracles: every primitive has one, and its closed forms are the limits of differences of its values."""

import random

import pytest

from tests.tables.oracles import BUILT_IN, EVERY_PRIMITIVE, ORACLES, exact_derivative, mp, mpf


def test_every_primitive_has_an_oracle():
    assert {primitive.name for primitive in BUILT_IN} <= set(ORACLES)


@EVERY_PRIMITIVE
def test_the_closed_form_of_a_gradient_is_the_limit_of_differences(primitive):
    oracle, draw = ORACLES[primitive.name], random.Random(primitive.name)
    for _ in range(20):
        point = oracle.sample(draw)
        with mp.workprec(3000):
            closed_forms = oracle.gradients(*map(mpf, point))
        for place, closed_form in enumerate(closed_forms):
            if not mp.isnan(closed_form):
                orders = [int(other == place) for other in range(len(point))]
                exact = exact_derivative(oracle.value, point, orders)
                # A difference is taken for 0 where it is smaller than any float.
                assert abs(closed_form - exact) <= abs(exact) * mpf(2) ** -60 + mpf(2) ** -2000, (point, place)


def test_every_oracle_is_of_a_primitive():
    assert set(ORACLES) <= {primitive.name for primitive in BUILT_IN}


@pytest.mark.parametrize(
    ("function", "point", "orders", "closed_form"),
    [
        (mp.tanh, (300.0,), (1,), lambda x: 1 / mp.cosh(x) ** 2),
        (mp.log, (1e-300,), (4,), lambda x: -6 / x**4),
        (mp.atan, (1e300,), (1,), lambda x: 1 / (1 + x * x)),
        (lambda a, b: a**b, (1.5, 2.5), (1, 1), lambda a, b: a ** (b - 1) * (1 + b * mp.log(a))),
        (lambda a, b: a + b, (1e-300, 1.0), (1, 0), lambda a, b: 1),
        (mp.floor, (2.5,), (2,), lambda x: 0),
    ],
)
def test_a_derivative_from_differences_is_that_of_the_closed_form(function, point, orders, closed_form):
    with mp.workprec(2500):
        expected = closed_form(*map(mpf, point))
    assert abs(exact_derivative(function, point, orders) - expected) <= abs(expected) * mpf(2) ** -60
