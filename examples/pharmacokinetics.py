"""Rates of a drug's absorption and elimination, fitted to blood samples: `python -m examples.pharmacokinetics`.

The same model three times: its solution in closed form; its differential equations by Runge and Kutta's method, on
nodes; and by a stiff solver of SciPy's, together with the equations of its sensitivities. Each gives least squares an
exact Jacobian, and the fit its standard errors. Needs SciPy: pip install 'scalar-autograd[scipy]'.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

from autograd import exp, hessian, jacobian, sqrt

# Theophylline in the serum of one of twelve people, subject 4 of R's `Theoph`: A. J. Boeckmann, L. B. Sheiner and
# S. L. Beal, *NONMEM Users Guide: Part V*, University of California, San Francisco, 1994. Dose in mg/kg, hours, mg/l.
DOSE = 4.4
TIMES = np.array([0.0, 0.35, 0.6, 1.07, 2.13, 3.5, 5.02, 7.02, 9.02, 11.98, 24.65])
CONCENTRATIONS = np.array([0.0, 1.89, 4.6, 8.6, 8.38, 7.54, 6.88, 5.78, 5.33, 4.19, 1.15])
# Logarithms of rates, so that every number is allowed: elimination and absorption per hour, clearance in l/h/kg.
NAMES = ("elimination", "absorption", "clearance")
START = np.log([0.1, 1.0, 0.05])

Model = Callable[[Any], Any]


def one_compartment(log_rates: Any, times: Any = TIMES, dose: float = DOSE) -> Any:
    """The concentration after an oral dose that goes from the gut into one compartment and leaves it.

    >>> one_compartment(np.log([0.1, 1.0, 0.05]), [1.0]).round(4)
    array([5.2503])
    """
    elimination, absorption, clearance = [exp(number) for number in log_rates]
    scale = dose * elimination * absorption / (clearance * (absorption - elimination))
    return np.array([scale * (exp(-elimination * time) - exp(-absorption * time)) for time in times])


def two_compartments(log_rates: Any, times: Any = TIMES, dose: float = DOSE) -> Any:
    """The concentration if the drug also passes into tissue and back, at two more rates: a sum of three exponentials.

    M. Gibaldi and D. Perrier, *Pharmacokinetics*, 2nd edition, 1982, chapter 2.
    """
    elimination, absorption, clearance, outward, back = [exp(number) for number in log_rates]
    total = elimination + outward + back
    fast = (total + sqrt(total**2 - 4 * elimination * back)) / 2
    slow = elimination * back / fast
    exponents = (absorption, fast, slow)
    scale = dose * absorption * elimination / clearance
    weights = [
        scale * (back - mine) / math.prod([other - mine for other in exponents if other is not mine])
        for mine in exponents
    ]
    return np.array([
        sum([weight * exp(-exponent * time) for weight, exponent in zip(weights, exponents, strict=True)])
        for time in times
    ])  # fmt: skip


def field(amounts: Any, log_rates: Any) -> Any:
    """The rates of change of the amounts in gut and blood, and in tissue if the model has five rates."""
    elimination, absorption, _, *exchange = [exp(number) for number in log_rates]
    gut, blood, *tissue = amounts
    change = [-absorption * gut, absorption * gut - elimination * blood]
    if exchange:
        flux = exchange[0] * blood - exchange[1] * tissue[0]
        change = [change[0], change[1] - flux, flux]
    return np.array(change)


def dosed(log_rates: Any, dose: float) -> Any:
    """The amounts at the start: all in the gut."""
    return np.array([dose, *[0.0] * (len(log_rates) // 2)])


def runge_kutta(log_rates: Any, times: Any = TIMES, dose: float = DOSE, step: float = 0.1) -> Any:
    """The concentration by the classical method of order 4, in equal steps of at most `step` between samples.

    Nothing here knows of derivatives: on nodes, they pass through every step.
    """
    volume = exp(log_rates[2] - log_rates[0])
    amounts, now, found = dosed(log_rates, dose), 0.0, []
    for time in times:
        count = math.ceil((time - now) / step)
        for _ in range(count):
            h = (time - now) / count
            k1 = field(amounts, log_rates)
            k2 = field(amounts + h / 2 * k1, log_rates)
            k3 = field(amounts + h / 2 * k2, log_rates)
            k4 = field(amounts + h * k3, log_rates)
            amounts = amounts + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        now = time
        found.append(amounts[1] / volume)
    return np.array(found)


def stiff(log_rates: Any, times: Any = TIMES, dose: float = DOSE, tolerance: float = 1e-9) -> tuple[Any, Any]:
    """The concentration by SciPy's Radau method and its Jacobian in the rates, on plain floats.

    The sensitivities S of the amounts follow S' = ∂f/∂y·S + ∂f/∂p beside y' = f(y, p), and the solver gets the Jacobian
    of this larger system: derivatives of derivatives of `field`.
    """
    size, count = len(dosed(log_rates, dose)), len(log_rates)

    def extended(both: Any) -> Any:
        amounts, sensitivities = both[:size], both[size:].reshape(size, count)
        by_amounts, by_rates = jacobian(field, (0, 1))(amounts, log_rates)
        return np.concatenate([field(amounts, log_rates), (by_amounts @ sensitivities + by_rates).ravel()])

    start = np.concatenate([dosed(log_rates, dose), np.zeros(size * count)])
    slope = jacobian(extended)
    solution = solve_ivp(
        lambda _, both: extended(both), (0.0, times[-1]), start, "Radau", times,
        jac=lambda _, both: slope(both), rtol=tolerance, atol=tolerance,
    )  # fmt: skip
    blood, slopes = solution.y[1], solution.y[size + count : size + 2 * count].T
    volume = math.exp(log_rates[2] - log_rates[0])
    # The volume itself depends on the first and third rate.
    return blood / volume, slopes / volume + np.outer(blood / volume, np.eye(count)[0] - np.eye(count)[2])


def fit(model: Model, slopes: Model | None = None, start: Any = START, observed: Any = CONCENTRATIONS) -> Any:
    """The logarithms of the rates with the least sum of squared residuals, as exact as that sum's rounding shows them.

    >>> fit(one_compartment).round(4).tolist()
    [-2.4365, 0.1583, -3.2861]
    """
    return least_squares(
        lambda log_rates: model(log_rates) - observed, start, jac=slopes or jacobian(model), method="lm",
        xtol=1e-15, ftol=1e-15, gtol=1e-15,
    ).x  # fmt: skip


def standard_errors(model: Model, log_rates: Any, observed: Any = CONCENTRATIONS) -> tuple[Any, Any]:
    """The standard errors of estimates: those of Gauss and Newton, from JᵀJ, and those from the exact Hessian.

    >>> standard_errors(one_compartment, fit(one_compartment))[0].round(4).tolist()
    [0.2257, 0.2297, 0.1448]
    """

    def half_sum(log_rates: Any) -> Any:
        residuals = model(log_rates) - observed
        return residuals @ residuals / 2

    variance = 2 * half_sum(log_rates) / (len(observed) - len(log_rates))
    slopes = jacobian(model)(log_rates)
    curvatures = slopes.T @ slopes, hessian(half_sum)(log_rates)
    expected, exact = [np.sqrt(variance * np.diag(np.linalg.inv(curvature))) for curvature in curvatures]
    return expected, exact


def main() -> None:
    """Print the three fits, their standard errors, and the effect of tissue on the same dose."""
    print("logarithm of        " + "".join([f"{name:>20}" for name in NAMES]))
    closed = fit(one_compartment)
    rows = {
        "closed form": closed,
        "Runge-Kutta": fit(runge_kutta, start=closed),
        "SciPy's Radau": fit(lambda rates: stiff(rates)[0], lambda rates: stiff(rates)[1], closed),
    }
    for name, estimates in rows.items():
        print(f"{name:<20}" + "".join([f"{number:20.9f}" for number in estimates]))
    for name, errors in zip(("error, JᵀJ", "error, Hessian"), standard_errors(one_compartment, closed), strict=True):
        print(f"{name:<20}" + "".join([f"{number:20.9f}" for number in errors]))
    print("\n  hours   measured   fitted   residual")
    for time, measured, fitted in zip(TIMES, CONCENTRATIONS, one_compartment(closed), strict=True):
        print(f"{time:7.2f}{measured:11.2f}{fitted:9.2f}{measured - fitted:11.2f}")


if __name__ == "__main__":
    main()
