"""Optimal power flow of grids of 5 and of 118 buses: the published costs, and the laws of circuits at the solution."""

import cmath
import math

import numpy as np
import pytest

from examples.power_flow import PUBLISHED, Grid, admittances, main, solved, solved_by_scipy


@pytest.fixture(scope="module", params=PUBLISHED)
def found(request):
    grid = Grid(request.param)
    return grid, solved(grid)


def test_the_cost_is_the_published_one_to_its_five_digits(found):
    grid, x = found
    assert f"{grid.cost(x):.4e}" == f"{grid.published:.4e}"


def test_scipy_finds_the_same_cost():
    grid = Grid("case5_pjm")
    assert grid.cost(solved_by_scipy(grid)) == pytest.approx(17551.89, rel=5e-6)


def test_limits_hold(found):
    grid, x = found
    lower, upper = grid.limits()
    values = grid.problem().constraints(x)
    assert (values >= lower - 1e-6).all()
    assert (values <= upper + 1e-6).all()
    low, high = grid.bounds()
    assert ((x >= low - 1e-6) & (x <= high + 1e-6)).all()


def test_powers_are_those_of_complex_currents(found):
    """An independent witness: currents by the complex matrix of admittances."""
    grid, x = found
    angles, voltages, active, reactive = grid.parts(x)
    matrix = np.diag(grid.shunts @ [1.0, 1j])
    for (one, other), ((own, mutual), (own_there, mutual_there)) in zip(grid.ends, grid.admittances, strict=True):
        matrix[one, one] += own
        matrix[other, other] += own_there
        matrix[one, other] += mutual
        matrix[other, one] += mutual_there
    phasors = voltages * np.exp(1j * angles)
    injected = phasors * np.conj(matrix @ phasors)
    expected = -grid.loads @ [1.0, 1j]
    for bus, p, q in zip(grid.at, active, reactive, strict=True):
        expected[bus] += p + 1j * q
    assert injected == pytest.approx(expected, abs=1e-6)


def test_a_transformer_conserves_power():
    """Ideal, at the sending end: the power that goes in is what its line without ratio takes at the turned voltage."""
    (own, mutual), (own_there, mutual_there) = admittances(0.01, 0.1, 0.02, 0.95, 20.0)
    there, behind = cmath.rect(1.02, -0.2), cmath.rect(0.97, 0.1)
    ratio = cmath.rect(0.95, math.radians(20.0))
    (series, between), _ = admittances(0.01, 0.1, 0.02, 0.0, 0.0)
    current = series * (there / ratio) + between * behind
    assert there * (own * there + mutual * behind).conjugate() == pytest.approx(there / ratio * current.conjugate())
    assert own_there * behind + mutual_there * there == pytest.approx(series * behind + between * (there / ratio))


def test_derivatives_are_sparse_and_right(found):
    grid, x = found
    problem = grid.problem()
    dense = problem.jacobian_matrix(x).toarray()
    step = 1e-6
    for place in range(0, len(x), 7):
        moved = np.zeros(len(x))
        moved[place] = step
        slope = (problem.constraints(x + moved) - problem.constraints(x - moved)) / (2.0 * step)
        assert dense[:, place] == pytest.approx(slope, abs=1e-4)
    assert len(problem.jacobian(x)) < 0.3 * dense.size


def test_it_prints_the_cost(capsys):
    main("case118_ieee")
    assert "cost 97213.61 $/h after" in capsys.readouterr().out
