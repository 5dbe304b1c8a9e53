"""Models of a drug against matrix exponentials in mpmath, against each other, and fits against R's published ones.

A result on nodes is held to the running error bound of its graph (see `error_scale`): each step is within 2 units in
the last place, so within 4 · 2⁻⁵³ of itself.
"""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from autograd import Variable, hessian, jacobian
from examples import pharmacokinetics
from examples.pharmacokinetics import (
    CONCENTRATIONS,
    DOSE,
    TIMES,
    fit,
    one_compartment,
    runge_kutta,
    standard_errors,
    stiff,
    two_compartments,
)
from tests.tables.roundings import error_scale

mp = pytest.importorskip("mpmath").mp.clone()
mp.dps = 40
mpf = mp.mpf

STEP = 4 * 2.0**-53
ONE = np.log([0.09, 1.2, 0.04])
TWO = np.log([0.12, 1.1, 0.05, 0.4, 0.25])
MODELS = [(one_compartment, ONE), (two_compartments, TWO)]


def variables(numbers):
    return np.array([Variable(number) for number in numbers])


def check(results, exact, limit=1e-10):
    """Each result on nodes against the exact number, up to its rounding, whose bound is below the limit."""
    assert np.shape(results) == np.shape(exact)
    for result, number in zip(np.ravel(results), np.ravel(exact), strict=True):
        bound = STEP * error_scale(result)
        assert bound <= limit
        assert abs(getattr(result, "value", result) - number) <= bound


def system(log_rates):
    """The matrix of the differential equations."""
    elimination, absorption, _, *exchange = [mp.exp(number) for number in log_rates]
    outward, back = exchange or (mpf(0), mpf(0))
    matrix = mp.matrix([
        [-absorption, 0, 0],
        [absorption, -elimination - outward, back],
        [0, outward, -back],
    ])  # fmt: skip
    return matrix if exchange else matrix[:2, :2]


def exact_concentration(log_rates, time):
    """By the exponential of the system's matrix."""
    return mp.expm(system(log_rates) * time)[1, 0] * DOSE * mp.exp(log_rates[0] - log_rates[2])


def exact_slopes(concentration, log_rates):
    """The derivatives of a concentration in all rates, by central differences: 20 digits are exact."""
    step, slopes = mpf(10) ** -11, []
    for place in range(len(log_rates)):
        ends = []
        for side in (1, -1):
            moved = [mpf(number) for number in log_rates]
            moved[place] += side * step
            ends.append(concentration(moved))
        slopes.append((ends[0] - ends[1]) / (2 * step))
    return slopes


@pytest.mark.parametrize(("model", "log_rates"), MODELS)
def test_closed_form_and_its_slopes_are_those_of_the_matrix_exponential(model, log_rates):
    times = TIMES[1:].tolist()
    inputs = variables(log_rates)
    check(model(inputs, times), [exact_concentration([mpf(number) for number in log_rates], mpf(t)) for t in times])
    exact = [exact_slopes(lambda moved, t=t: exact_concentration(moved, mpf(t)), log_rates) for t in times]
    check(jacobian(model)(inputs, times), exact)


@pytest.mark.parametrize(("model", "log_rates"), MODELS)
def test_there_is_no_drug_in_the_blood_before_it_is_absorbed(model, log_rates):
    assert abs(model(log_rates, [0.0])[0]) <= 16 * STEP * DOSE / np.exp(log_rates[2] - log_rates[0])


@pytest.mark.parametrize("log_rates", [ONE, TWO])
def test_runge_and_kuttas_slopes_are_those_of_its_polynomial(log_rates):
    # For a linear system a step multiplies by the first five terms of the exponential's series.
    def stepped(moved):
        matrix = system(moved) * mpf(0.25)
        growth = sum([matrix**power / mp.factorial(power) for power in range(1, 5)], mp.eye(matrix.rows))
        return (growth**6)[1, 0] * DOSE * mp.exp(moved[0] - moved[2])

    inputs = variables(log_rates)
    check(runge_kutta(inputs, [1.5], step=0.25), [stepped([mpf(number) for number in log_rates])])
    check(jacobian(runge_kutta)(inputs, [1.5], step=0.25), [exact_slopes(stepped, log_rates)])


@pytest.mark.parametrize(("model", "log_rates"), MODELS)
def test_runge_and_kuttas_slopes_converge_at_order_four(model, log_rates):
    times = [2.0, 6.0]
    exact = jacobian(model)(log_rates, times)
    errors = [
        np.linalg.norm(jacobian(runge_kutta)(log_rates, times, step=step) - exact) for step in (0.25, 0.125, 0.0625)
    ]
    orders = np.log2([errors[0] / errors[1], errors[1] / errors[2]])
    # What differs from order 4 is of the next order in the step, so it is halved with it; what then still differs is of
    # the order of its square.
    assert abs(2 * orders[1] - orders[0] - 4) <= (orders[0] - 4) ** 2 <= 0.1


@pytest.mark.parametrize(("model", "log_rates"), MODELS)
def test_stiff_solver_gives_the_closed_form_and_its_slopes(model, log_rates):
    tolerance = 1e-7
    values, slopes = stiff(log_rates, tolerance=tolerance)
    # The errors of steps add up, some hundred of them, each within the tolerance of the amounts, which are below the
    # dose, or of their slopes, which are of that size; amounts decay, and so do errors. Then comes the volume.
    allowed = 100 * tolerance * (1 + DOSE) / np.exp(log_rates[2] - log_rates[0])
    assert np.abs(values - model(log_rates)).max() <= allowed
    assert np.abs(slopes - jacobian(model)(log_rates)).max() <= allowed


@pytest.fixture(scope="module")
def closed():
    return fit(one_compartment)


def half_sum(log_rates):
    residuals = one_compartment(log_rates) - CONCENTRATIONS
    return residuals @ residuals / 2


def resolution(log_rates):
    """How far from the minimum the sum of squares still looks the same in double precision: that is where a fit ends.

    Its 11 squares and their sum are rounded to some 16 units of 2⁻⁵³ in all.
    """
    return np.sqrt(2 * 16 * 2.0**-53 * half_sum(log_rates) / np.linalg.eigvalsh(hessian(half_sum)(log_rates))[0])


def test_fit_and_its_errors_are_those_that_r_prints(closed):
    # R's reference output of example(Theoph), tests/Examples/datasets-Ex.Rout.save: the summary of a fit by `nls`.
    assert closed.round(4).tolist() == [-2.4365, 0.1583, -3.2861]
    assert standard_errors(one_compartment, closed)[0].round(4).tolist() == [0.2257, 0.2297, 0.1448]
    residuals = one_compartment(closed) - CONCENTRATIONS
    assert round(float(np.sqrt(residuals @ residuals / 8)), 4) == 0.8465


def test_fit_and_its_errors_are_those_of_curve_fit(closed):
    estimates, covariance = curve_fit(
        lambda times, *rates: one_compartment(rates, times), TIMES, CONCENTRATIONS, closed + 0.1,
        jac=lambda times, *rates: jacobian(one_compartment)(np.array(rates), times), xtol=1e-12, ftol=1e-15,
    )  # fmt: skip
    np.testing.assert_allclose(estimates, closed, rtol=0, atol=2 * resolution(closed))
    # Relative to themselves, the errors change some tenfold as fast as estimates.
    errors = standard_errors(one_compartment, closed)[0]
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), errors, rtol=20 * resolution(closed))


def test_errors_from_the_hessian_are_those_of_exact_second_derivatives(closed):
    there = [mpf(number) for number in closed]

    def exact_half_sum(*log_rates):
        elimination, absorption, clearance = [mp.exp(number) for number in log_rates]
        scale = DOSE * elimination * absorption / (clearance * (absorption - elimination))
        return sum([
            (scale * (mp.exp(-elimination * time) - mp.exp(-absorption * time)) - measured) ** 2
            for time, measured in zip(TIMES.tolist(), CONCENTRATIONS.tolist(), strict=True)
        ]) / 2  # fmt: skip

    places = [(one, other) for one in range(3) for other in range(3)]
    curvature = mp.matrix(3, 3)
    for place in places:
        curvature[place] = mp.diff(exact_half_sum, tuple(there), tuple(place.count(k) for k in range(3)))
    covariance = curvature**-1 * (2 * exact_half_sum(*there) / 8)
    exact = np.array([float(mp.sqrt(covariance[place, place])) for place in range(3)])
    # Rounding of the Hessian grows by its condition.
    scale = max(error_scale(node) for node in np.ravel(hessian(half_sum)(variables(closed))))
    error = STEP * scale * np.linalg.norm(np.array((curvature**-1).tolist(), dtype=float))
    assert error <= 1e-9
    np.testing.assert_allclose(standard_errors(one_compartment, closed)[1], exact, rtol=error)


def test_fit_of_the_differential_equations_is_the_closed_form_moved_by_the_steps_error(closed):
    found = fit(runge_kutta, start=closed)
    # Newton's step from the closed form's minimum: what the error of order 4 does to the estimates, to first order.
    gradient = jacobian(runge_kutta)(closed).T @ (runge_kutta(closed) - CONCENTRATIONS)
    shift = -np.linalg.solve(hessian(half_sum)(closed), gradient)
    assert 1e-7 < np.abs(shift).max() < 1e-5
    np.testing.assert_allclose(found - closed, shift, rtol=0, atol=2 * resolution(closed))


def test_two_compartments_are_found_again_from_exact_samples():
    exact = two_compartments(TWO)
    found = fit(two_compartments, start=TWO + 0.2, observed=exact)
    # Without residuals, steps of Gauss and Newton square the error, down to rounding over the smallest slope.
    smallest = np.linalg.svd(jacobian(two_compartments)(TWO))[1][-1]
    rounding = STEP * np.linalg.norm([error_scale(node) for node in two_compartments(variables(TWO))])
    assert np.linalg.norm(found - TWO) <= 2 * rounding / smallest


def test_the_table_shows_three_fits_that_agree(capsys, closed):
    pharmacokinetics.main()
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    fits = np.array([[float(number) for number in row[-3:]] for row in rows[1:4]])
    np.testing.assert_allclose(fits[0], closed, rtol=0, atol=1e-9)
    # The shift of Runge and Kutta's fit is tested above; Radau's tolerance of 1e-9 leaves less than that.
    np.testing.assert_allclose(fits[1:], [closed, closed], rtol=0, atol=2e-6)
    assert len(rows) == 8 + len(TIMES)
