"""Kepler's equation, orbits and state-transition matrices against closed forms, mpmath and the laws of mechanics.

A result on nodes is held to the running error bound of its graph (see `error_scale`): each step is within 2 units in
the last place, so within 4 · 2⁻⁵³ of itself, and a solution of Kepler's equation within 4/(1 − e) times that: the
residual E − e·sin E − M is known to that many roundings of E, and its slope is at least 1 − e.
"""

import math

import numpy as np
import pytest

from autograd import Variable, grad, jvp
from examples import kepler_orbit
from examples.kepler_orbit import (
    EARTH,
    MOLNIYA,
    Elements,
    acceleration,
    anomaly_change,
    eccentric_anomaly,
    flow,
    position,
    transition_matrix,
    velocity,
)
from tests.tables.roundings import error_scale

mp = pytest.importorskip("mpmath").mp.clone()
mp.dps = 40
mpf = mp.mpf

STEP = 4 * 2.0**-53
ORBIT_STEP = STEP * 4 / (1 - MOLNIYA.eccentricity)
TIMES = [-5000.0, 0.0, 1234.5, 20000.0]
# In units in which the Earth's gravity is 1, near a circle of radius 1: eccentricity 0.2.
STATE = np.array([1.0, 0.1, -0.2, 0.1, 0.95, 0.3])
NEAR_CIRCLE = STEP * 4 / (1 - 0.2)
# The symplectic form: positions against velocities.
FORM = np.block([[np.zeros((3, 3)), np.eye(3)], [-np.eye(3), np.zeros((3, 3))]])


def variables(numbers):
    return [Variable(number) for number in numbers]


def bounds(results, step):
    """The bound on the rounding error of each of many results on nodes."""
    return step * np.array([error_scale(result) for result in np.ravel(results)]).reshape(np.shape(results))


def numbers(results):
    return np.array([result.value for result in np.ravel(results)]).reshape(np.shape(results))


def exact_anomaly(mean_anomaly, eccentricity):
    """E, from where Newton's method on floats has brought it."""
    start = eccentric_anomaly(float(mean_anomaly), float(eccentricity))
    return mp.findroot(lambda anomaly: anomaly - eccentricity * mp.sin(anomaly) - mean_anomaly, mpf(start))


@pytest.mark.parametrize("eccentricity", [0.0, 0.1, 0.74, 0.99])
@pytest.mark.parametrize("mean_anomaly", [-40.0, -3.0, -1e-3, 0.0, 1e-3, 0.5, math.pi, 4.0, 1000.0])
def test_eccentric_anomaly_solves_keplers_equation_to_rounding(mean_anomaly, eccentricity):
    found = eccentric_anomaly(mean_anomaly, eccentricity)
    exact = exact_anomaly(mpf(mean_anomaly), mpf(eccentricity))
    slope = 1 - eccentricity * mp.cos(exact)
    # E − e·sin E − M: sine and product, two differences, and whole revolutions, each rounded; then the last step.
    residue = 2.0**-53 * (4 * abs(found) + 4 * abs(mean_anomaly))
    assert abs(found - exact) <= residue / slope + math.ulp(found)


def slopes_of_anomaly(anomaly, eccentricity):
    """The first three derivatives of E in M, and the sum of the sizes of their terms."""
    sine, cosine = eccentricity * mp.sin(anomaly), eccentricity * mp.cos(anomaly)
    slope = 1 - cosine
    return [
        (1 / slope, 1 / slope),
        (-sine / slope**3, abs(sine) / slope**3),
        ((3 * sine**2 - cosine * slope) / slope**5, (3 * sine**2 + abs(cosine) * slope) / slope**5),
    ]


@pytest.mark.parametrize("eccentricity", [0.1, 0.74])
@pytest.mark.parametrize("mean_anomaly", [-2.0, 0.4, 1.0, 3.0])
def test_first_three_derivatives_of_the_eccentric_anomaly_are_the_closed_forms(mean_anomaly, eccentricity):
    anomaly = mpf(eccentric_anomaly(mean_anomaly, eccentricity))
    function = eccentric_anomaly
    for order, (exact, size) in enumerate(slopes_of_anomaly(anomaly, mpf(eccentricity)), 1):
        function = grad(function)
        # 1 − e·cos E comes to the power of 2·order − 1, and its own three roundings weigh (1 + e)/(1 − e·cos E) each;
        # a few more steps make the terms.
        slope = 1 - eccentricity * math.cos(anomaly)
        bound = STEP * ((2 * order - 1) * 3 * (1 + eccentricity) / slope + 8) * size
        assert abs(function(mean_anomaly, eccentricity) - exact) <= bound


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_derivative_of_any_order_is_that_of_the_exact_solution(order):
    mean_anomaly, eccentricity = 0.8, 0.3
    function = eccentric_anomaly
    for _ in range(order):
        function = grad(function)
    result = function(Variable(mean_anomaly), Variable(eccentricity))
    exact = mp.diff(lambda M: exact_anomaly(M, mpf(eccentricity)), mpf(mean_anomaly), order)
    bound = STEP * 4 / (1 - eccentricity) * error_scale(result)
    assert bound <= 1e-11 * abs(exact)
    assert abs(result.value - exact) <= bound


def test_derivative_in_the_eccentricity_is_the_closed_form():
    anomaly = eccentric_anomaly(1.2, 0.4)
    exact = math.sin(anomaly) / (1 - 0.4 * math.cos(anomaly))
    assert grad(eccentric_anomaly, 1)(1.2, 0.4) == pytest.approx(exact, rel=16 * STEP)


def on_nodes(function, time):
    return function(Elements(*variables(MOLNIYA)), Variable(time))


def perifocal(elements):
    """The directions of perigee and of motion there, as the rotations of the textbook give them."""
    _, _, i, node, perigee, _ = elements
    towards = mp.matrix([
        mp.cos(node) * mp.cos(perigee) - mp.sin(node) * mp.sin(perigee) * mp.cos(i),
        mp.sin(node) * mp.cos(perigee) + mp.cos(node) * mp.sin(perigee) * mp.cos(i),
        mp.sin(perigee) * mp.sin(i),
    ])  # fmt: skip
    across = mp.matrix([
        -mp.cos(node) * mp.sin(perigee) - mp.sin(node) * mp.cos(perigee) * mp.cos(i),
        -mp.sin(node) * mp.sin(perigee) + mp.cos(node) * mp.cos(perigee) * mp.cos(i),
        mp.cos(perigee) * mp.sin(i),
    ])  # fmt: skip
    return towards, across


def exact_orbit(time):
    """Position and velocity by the textbook's formulas (D. A. Vallado, *Fundamentals of Astrodynamics*)."""
    a, e, *_, mean_anomaly = elements = [mpf(element) for element in MOLNIYA]
    gravity = mpf(EARTH)
    anomaly = exact_anomaly(mean_anomaly + mp.sqrt(gravity / a**3) * mpf(time), e)
    towards, across = perifocal(elements)
    minor = mp.sqrt(1 - e**2)
    speed = mp.sqrt(gravity * a) / (a * (1 - e * mp.cos(anomaly)))
    return (
        a * (mp.cos(anomaly) - e) * towards + a * minor * mp.sin(anomaly) * across,
        speed * (minor * mp.cos(anomaly) * across - mp.sin(anomaly) * towards),
    )


@pytest.mark.parametrize("time", TIMES)
def test_position_and_velocity_are_those_of_the_textbook(time):
    for function, exact in zip((position, velocity), exact_orbit(time), strict=True):
        for result, component in zip(on_nodes(function, time), exact, strict=True):
            bound = ORBIT_STEP * error_scale(result)
            assert bound <= 1e-10 * mp.norm(exact)
            assert abs(result.value - component) <= bound


@pytest.mark.parametrize("time", TIMES)
def test_acceleration_is_newtons_law_of_gravitation(time):
    where = exact_orbit(time)[0]
    for result, component in zip(on_nodes(acceleration, time), -mpf(EARTH) * where / mp.norm(where) ** 3, strict=True):
        assert abs(result.value - component) <= ORBIT_STEP * error_scale(result)


def test_energy_and_angular_momentum_stay_the_same_along_the_orbit():
    a, e, *_ = MOLNIYA
    for time in TIMES:
        r, v = on_nodes(position, time), on_nodes(velocity, time)
        energy = v @ v / 2 - EARTH / (r @ r) ** 0.5
        assert abs(energy.value + EARTH / (2 * a)) <= ORBIT_STEP * error_scale(energy)
        momentum = np.array([r[1] * v[2] - r[2] * v[1], r[2] * v[0] - r[0] * v[2], r[0] * v[1] - r[1] * v[0]])
        size = momentum @ momentum
        assert abs(size.value - EARTH * a * (1 - e**2)) <= ORBIT_STEP * error_scale(size)


def test_change_of_anomaly_is_the_difference_of_anomalies():
    e, first, second = 0.3, 0.4, 2.5
    start, end = eccentric_anomaly(first, e), eccentric_anomaly(second, e)
    found = anomaly_change(second - first, e * math.cos(start), e * math.sin(start))
    assert found == pytest.approx(end - start, rel=8 * STEP / (1 - e))


def exact_flow(state, time):
    """Position and velocity by way of the orbit's vectors: perigee, motion there, and the anomaly."""
    r, v = mp.matrix(state[:3]), mp.matrix(state[3:])
    momentum = cross(r, v)
    distance = mp.norm(r)
    eccentric = cross(v, momentum) - r / distance
    e, a = mp.norm(eccentric), 1 / (2 / distance - mp.norm(v) ** 2)
    towards = eccentric / e
    across = cross(momentum, towards) / mp.norm(momentum)
    start = mp.atan2((r.T * v)[0] / (e * mp.sqrt(a)), (1 - distance / a) / e)
    anomaly = exact_anomaly(start - e * mp.sin(start) + time / a ** mpf("1.5"), e)
    minor = mp.sqrt(1 - e**2)
    speed = mp.sqrt(a) / (a * (1 - e * mp.cos(anomaly)))
    return [
        *(a * (mp.cos(anomaly) - e) * towards + a * minor * mp.sin(anomaly) * across),
        *(speed * (minor * mp.cos(anomaly) * across - mp.sin(anomaly) * towards)),
    ]


def cross(a, b):
    return mp.matrix([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


@pytest.fixture(scope="module")
def matrix():
    """The transition matrix over 2.5 units of time, on nodes."""
    return transition_matrix(np.array(variables(STATE)), 2.5, 1.0)


def test_flow_is_that_of_the_orbit():
    results = flow(np.array(variables(STATE)), 2.5, 1.0)
    for result, exact in zip(results, exact_flow([mpf(number) for number in STATE], mpf(2.5)), strict=True):
        assert abs(result.value - exact) <= NEAR_CIRCLE * error_scale(result)


def test_flow_for_no_time_changes_nothing():
    assert flow(STATE, 0.0, 1.0) == pytest.approx(STATE, rel=STEP)
    np.testing.assert_allclose(transition_matrix(STATE, 0.0, 1.0), np.eye(6), atol=16 * STEP)


def test_transition_matrix_is_that_of_exact_finite_differences(matrix):
    step = mpf(10) ** -13
    for place in range(6):
        ends = []
        for side in (1, -1):
            moved = [mpf(number) for number in STATE]
            moved[place] += side * step
            ends.append(exact_flow(moved, mpf(2.5)))
        for result, above, below in zip(matrix[:, place], *ends, strict=True):
            bound = NEAR_CIRCLE * error_scale(result)
            assert bound <= 1e-11
            assert abs(result.value - (above - below) / (2 * step)) <= bound


def test_flow_is_symplectic_and_keeps_volume(matrix):
    found, errors = numbers(matrix), bounds(matrix, NEAR_CIRCLE)
    # The errors of the entries as they appear in the products, to first order; the products round less than that.
    allowed = np.abs(found).T @ np.abs(FORM) @ errors
    assert (np.abs(found.T @ FORM @ found - FORM) <= 2 * (allowed + allowed.T)).all()
    determinant = mp.det(mp.matrix(found.tolist()))
    assert abs(determinant - 1) <= np.sum(np.abs(np.linalg.inv(found)).T * errors)


def test_transition_matrices_of_parts_multiply_to_that_of_the_whole(matrix):
    middle = flow(STATE, 1.0, 1.0)
    first, second = transition_matrix(STATE, 1.0, 1.0), transition_matrix(middle, 1.5, 1.0)
    whole, errors = numbers(matrix), bounds(matrix, NEAR_CIRCLE)
    # Neither factor errs by more than the whole, over a longer time, and each passes on the other's error.
    allowed = errors.max() * (1 + np.abs(second).sum(axis=1)[:, None] + np.abs(first).sum(axis=0))
    assert (np.abs(second @ first - whole) <= allowed).all()


def test_transition_matrix_solves_the_variational_equations(matrix):
    rates = jvp(lambda time: transition_matrix(STATE, time, 1.0), (Variable(2.5),), (1.0,))[1]
    r = np.array([float(number) for number in exact_flow([mpf(number) for number in STATE], mpf(2.5))[:3]])
    distance = np.linalg.norm(r)
    tidal = 3 * np.outer(r, r) / distance**5 - np.eye(3) / distance**3
    field = np.block([[np.zeros((3, 3)), np.eye(3)], [tidal, np.zeros((3, 3))]])
    # The right side errs as the matrix does, and by the few roundings of tidal forces.
    allowed = bounds(rates, NEAR_CIRCLE) + np.abs(field) @ (
        bounds(matrix, NEAR_CIRCLE) + 8 * STEP * np.abs(numbers(matrix))
    )
    assert (np.abs(numbers(rates) - field @ numbers(matrix)) <= allowed).all()


def test_the_table_shows_a_constant_energy_and_the_determinant(capsys):
    kepler_orbit.main()
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines[3:10]]
    assert {row[3] for row in rows} == {f"{-EARTH / (2 * MOLNIYA.semi_major_axis):.9f}"}
    assert lines[-1].endswith("determinant 1.000000000000")
