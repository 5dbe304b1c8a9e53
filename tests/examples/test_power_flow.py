"""Optimal power flow of case5: the published cost, and the laws of circuits at the solution."""

import numpy as np
import pytest

from examples.power_flow import GENERATORS, LINES, LOADS, bounds, cost, limits, parts, solved


@pytest.fixture(scope="module")
def found():
    return solved()


def test_the_cost_is_the_published_one(found):
    assert cost(found[1]) == pytest.approx(17551.89, rel=5e-6)


def test_limits_hold(found):
    problem, x = found
    lower, upper = map(np.array, limits())
    values = problem.constraints(x)
    assert (values >= lower - 1e-6).all()
    assert (values <= upper + 1e-6).all()
    low, high = bounds()
    assert ((x >= low - 1e-9) & (x <= high + 1e-9)).all()


def test_powers_are_those_of_complex_currents(found):
    """An independent witness: currents by the complex matrix of admittances."""
    angles, voltages, active, reactive = parts(found[1])
    matrix = np.zeros((5, 5), complex)
    for one, other, resistance, reactance, charging, _ in LINES:
        admittance = 1.0 / (resistance + 1j * reactance)
        matrix[one, other] -= admittance
        matrix[other, one] -= admittance
        for bus in (one, other):
            matrix[bus, bus] += admittance + 0.5j * charging
    phasors = voltages * np.exp(1j * angles)
    injected = phasors * np.conj(matrix @ phasors)
    expected = np.array([-p - 1j * q for p, q in LOADS])
    for (bus, *_), p, q in zip(GENERATORS, active, reactive, strict=True):
        expected[bus] += p + 1j * q
    assert injected == pytest.approx(expected, abs=1e-6)


def test_derivatives_are_sparse_and_right(found):
    problem, x = found
    dense = problem.jacobian_matrix(x).toarray()
    step = 1e-6
    for place in range(20):
        moved = step * np.eye(20)[place]
        slope = (problem.constraints(x + moved) - problem.constraints(x - moved)) / (2.0 * step)
        assert dense[:, place] == pytest.approx(slope, abs=1e-5)
    assert len(problem.jacobian(x)) < 0.3 * dense.size
