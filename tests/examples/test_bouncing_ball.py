"""Integration with events: impacts in a vacuum by hand, derivatives in air beside differences, compiled ones."""

import math

import numpy as np
import pytest

from autograd import grad, hessian, jacobian, jit, stop_gradient
from examples import bouncing_ball
from examples.bouncing_ball import BALL, flight, main, step

VACUUM = BALL * [1.0, 1.0, 1.0, 0.0, 1.0]


def impact(ball, number=0):
    return flight(ball, 3.0)[1][number]


def test_impacts_in_a_vacuum_are_those_of_a_parabola():
    height, _, gravity, _, share = VACUUM
    first = math.sqrt(2.0 * height / gravity)
    expected = [first, first * (1.0 + 2.0 * share), first * (1.0 + 2.0 * share + 2.0 * share**2)]
    assert flight(VACUUM, 3.0)[1][:3] == pytest.approx(expected, rel=1e-12)


def test_so_are_their_derivatives_of_two_orders():
    height, _, gravity, _, share = VACUUM
    first = math.sqrt(2.0 * height / gravity)
    factor = 1.0 + 2.0 * share
    slopes = grad(lambda ball: impact(ball, 1))(VACUUM)
    assert slopes[[0, 2, 4]] == pytest.approx(
        [factor * first / (2.0 * height), -factor * first / (2.0 * gravity), 2.0 * first], rel=1e-12
    )
    curved = hessian(impact)(VACUUM)
    assert curved[0, 0] == pytest.approx(-first / (4.0 * height**2), rel=1e-11)
    assert curved[0, 2] == pytest.approx(-first / (4.0 * height * gravity), rel=1e-11)


def test_in_air_derivatives_are_those_of_what_was_computed():
    def end(ball):
        return np.array([*flight(ball, 2.0)[0], *flight(ball, 2.0)[1]])

    found = jacobian(end)(BALL)
    for place in range(len(BALL)):
        moved = np.zeros(len(BALL))
        moved[place] = 1e-6
        slope = (end(BALL + moved) - end(BALL - moved)) / 2e-6
        # The lengths of steps move, too, by which results change as much as their errors: 1e-9 a step.
        assert found[:, place] == pytest.approx(slope, rel=1e-3, abs=1e-3)


def test_a_smaller_tolerance_changes_derivatives_by_as_little():
    coarse, fine = (grad(lambda ball, t=t: flight(ball, 2.0, t)[0][0])(BALL) for t in (1e-8, 1e-10))
    assert coarse == pytest.approx(fine, rel=1e-6)


def test_lengths_of_steps_have_no_derivative_and_errors_are_of_third_order():
    state = np.array([2.0, -3.0])
    sizes = [np.abs(step(state, h, BALL)[1]).max() for h in (0.02, 0.01)]
    assert math.log2(sizes[0] / sizes[1]) == pytest.approx(3.0, abs=0.1)
    assert grad(lambda h: stop_gradient(h) * h)(3.0) == 3.0


def test_compiled_it_gives_the_same():
    compiled = jit(grad(impact))
    for ball in (BALL, BALL, VACUUM):
        assert compiled(ball) == pytest.approx(grad(impact)(ball), rel=1e-12)


def test_it_prints_what_is_known_by_hand(capsys):
    main()
    assert "0.159637714203525" in capsys.readouterr().out
    assert bouncing_ball.__doc__.splitlines()[-1].startswith("    python -m examples.bouncing_ball")
