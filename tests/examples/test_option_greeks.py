"""Every Greek against its closed form in mpmath, implied volatility's sensitivities, Heston's model by its integrals.

A derivative is held to the running error bound of its own graph (see `error_scale`): each step is within 2 units in
the last place, so within 4 · 2⁻⁵³ of itself.
"""

import math
from itertools import pairwise

import numpy as np
import pytest

from autograd import Variable, grad, hessian
from examples import option_greeks
from examples.option_greeks import (
    GREEKS,
    HESTON,
    PANELS,
    POINTS,
    TERMS,
    VOLATILITY,
    WEIGHTS,
    call,
    greek,
    heston_call,
    implied_volatility,
)
from tests.tables.roundings import error_scale

mpmath = pytest.importorskip("mpmath")
mp = mpmath.mp.clone()
mp.dps = 32
mpf = mp.mpf

STEP = 4 * 2.0**-53
OPTIONS = [
    TERMS,
    (100.0, 100.0, 0.05, 0.0, 0.2, 1.0),
    (100.0, 60.0, -0.01, 0.0, 0.8, 3.0),
    (100.0, 180.0, 0.02, 0.03, 0.3, 0.5),
]


def rounding(result):
    """The bound on the rounding error of a result that was computed on nodes."""
    return STEP * error_scale(result)


def variables(terms):
    return [{name: Variable(x) for name, x in x.items()} if isinstance(x, dict) else Variable(x) for x in terms]


def exact_call(spot, strike, rate, dividend, volatility, maturity):
    deviation = volatility * mp.sqrt(maturity)
    d1 = (mp.log(spot / strike) + (rate - dividend) * maturity) / deviation + deviation / 2
    stock, cash = spot * mp.exp(-dividend * maturity), strike * mp.exp(-rate * maturity)
    return stock * mp.ncdf(d1) - cash * mp.ncdf(d1 - deviation)


def closed_forms(spot, strike, rate, dividend, volatility, maturity):
    """The Greeks as E. G. Haug has them (*The Complete Guide to Option Pricing Formulas*, 2nd edition, 2007)."""
    carry, root = rate - dividend, mp.sqrt(maturity)
    deviation = volatility * root
    d1 = (mp.log(spot / strike) + carry * maturity) / deviation + deviation / 2
    d2 = d1 - deviation
    paid, discounted = mp.exp(-dividend * maturity), mp.exp(-rate * maturity)
    density = paid * mp.npdf(d1)
    vega = spot * density * root
    gamma = density / (spot * deviation)
    drift = (2 * carry * maturity - d2 * deviation) / (2 * maturity * deviation)
    interest, dividends = rate * strike * discounted * mp.ncdf(d2), dividend * spot * paid * mp.ncdf(d1)
    return {
        "delta": paid * mp.ncdf(d1),
        "dual delta": -discounted * mp.ncdf(d2),
        "vega": vega,
        "theta": -spot * density * volatility / (2 * root) - interest + dividends,
        "rho": strike * maturity * discounted * mp.ncdf(d2),
        "epsilon": -spot * maturity * paid * mp.ncdf(d1),
        "gamma": gamma,
        "dual gamma": discounted * mp.npdf(d2) / (strike * deviation),
        "vanna": -density * d2 / volatility,
        "charm": dividend * paid * mp.ncdf(d1) - density * drift,
        "vomma": vega * d1 * d2 / volatility,
        "veta": vega * (dividend + carry * d1 / deviation - (1 + d1 * d2) / (2 * maturity)),
        "vera": -strike * maturity * discounted * mp.npdf(d2) * d1 / volatility,
        "speed": -gamma / spot * (d1 / deviation + 1),
        "zomma": gamma * (d1 * d2 - 1) / volatility,
        "color": gamma * (dividend + 1 / (2 * maturity) + d1 * drift),
        "ultima": -vega / volatility**2 * (d1 * d2 * (1 - d1 * d2) + d1**2 + d2**2),
    }


@pytest.mark.parametrize("terms", OPTIONS, ids=str)
@pytest.mark.parametrize("name", GREEKS)
def test_greek_is_its_closed_form_to_rounding(name, terms):
    exact = closed_forms(*map(mpf, terms))[name]
    bound = rounding(greek(name)(*variables(terms)))
    assert bound <= 1e-11 * abs(exact)
    assert abs(greek(name)(*terms) - exact) <= bound


def test_hessian_holds_every_greek_of_second_order():
    exact = closed_forms(*map(mpf, TERMS))
    matrix = hessian(lambda terms: call(*terms))(np.array(TERMS))
    bounds = hessian(lambda terms: call(*terms))(np.array(variables(TERMS)))
    for name, (places, sign) in GREEKS.items():
        if len(places) == 2:
            for pair in (places, places[::-1]):
                assert abs(matrix[pair] - sign * exact[name]) <= rounding(bounds[pair])


@pytest.mark.parametrize("name", GREEKS)
def test_closed_form_is_the_derivative_of_the_price(name):
    places, sign = GREEKS[name]
    terms = [mpf(term) for term in TERMS]
    slope = sign * mp.diff(exact_call, tuple(terms), tuple(places.count(place) for place in range(len(terms))))
    # mp.diff's steps are below the last of the 32 digits, and its working precision is a multiple of theirs.
    assert abs(slope - closed_forms(*terms)[name]) <= mpf(10) ** -28 * abs(slope)


@pytest.mark.parametrize("terms", OPTIONS, ids=str)
def test_implied_volatility_gives_back_the_volatility(terms):
    *others, maturity = terms[:VOLATILITY] + terms[VOLATILITY + 1 :]
    price = call(*terms)
    # The price is rounded where it is made, and again at every step of the search; vega turns that into volatility.
    uncertainty = 2 * rounding(call(*variables(terms))) / greek("vega")(*terms)
    found = implied_volatility(price, *others, maturity)
    assert abs(found - terms[VOLATILITY]) <= uncertainty + 2 * math.ulp(found)


def test_implied_volatility_at_the_forward_starts_from_the_tangent():
    assert implied_volatility(call(100.0, 100.0, 0.0, 0.0, 0.3, 1.0), 100.0, 100.0, 0.0, 0.0, 1.0) == pytest.approx(
        0.3, rel=1e-14
    )


@pytest.mark.parametrize("price", [0.0, 4.0, 100.0, 120.0, math.nan])
def test_a_price_that_no_volatility_gives_is_an_error(price):
    with pytest.raises(ValueError, match=r"a call costs more than 10 and less than 100, got"):
        implied_volatility(price, 100.0, 90.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("terms", OPTIONS, ids=str)
def test_sensitivities_of_implied_volatility_are_those_of_the_inverse_function(terms):
    spot, strike, rate, dividend, _, maturity = terms
    arguments = call(*terms), spot, strike, rate, dividend, maturity
    volatility = implied_volatility(*arguments)
    there = spot, strike, rate, dividend, volatility, maturity
    exact = closed_forms(*map(mpf, there))
    # The same partial derivatives of the price, perhaps added in another order: each within its bound, and a few steps.
    uncertain = {
        name: 2 * rounding(greek(name)(*variables(there))) / abs(exact[name]) for name in ("vega", "vomma", "delta")
    }
    by_price = 1 / exact["vega"]
    assert abs(grad(implied_volatility)(*arguments) - by_price) <= (uncertain["vega"] + 4 * STEP) * by_price
    curvature = -exact["vomma"] / exact["vega"] ** 3
    error = uncertain["vomma"] + 3 * uncertain["vega"] + 8 * STEP
    assert abs(grad(grad(implied_volatility))(*arguments) - curvature) <= error * abs(curvature)
    by_spot = -exact["delta"] / exact["vega"]
    error = uncertain["delta"] + uncertain["vega"] + 4 * STEP
    assert abs(grad(implied_volatility, 1)(*arguments) - by_spot) <= error * abs(by_spot)


STOCK = (100.0, 105.0, 0.03, 0.01, 0.75)
# The error that 16 points on each panel leave, relative to the result or to 1.
QUADRATURE = 1e-12


def exact_transform(z, maturity, model):
    """E[(S/F)^(iz)] in Heston's model, as Albrecher, Mayer, Schoutens and Tistaert write it."""
    v0, kappa, theta, sigma, rho = model
    beta = kappa - rho * sigma * 1j * z
    d = mp.sqrt(beta**2 + sigma**2 * (z**2 + 1j * z))
    g = (beta - d) / (beta + d)
    decay = mp.exp(-d * maturity)
    drift = (beta - d) * maturity - 2 * mp.log((1 - g * decay) / (1 - g))
    return mp.exp(kappa * theta / sigma**2 * drift + v0 / sigma**2 * (beta - d) * (1 - decay) / (1 - g * decay))


RULE = mpmath.calculus.quadrature.GaussLegendre(mp)
# The transform is below 1e-50 beyond.
FAR = (*PANELS, 640.0)


def integral(function):
    """The integral of a vector over all positive numbers, with 48 points on each panel."""
    total = 0
    for low, high in pairwise(FAR):
        for u, weight in RULE.get_nodes(mpf(low), mpf(high), 5, mp.prec):
            total += weight * function(u)
    return total


def exact_heston(spot, strike, rate, dividend, maturity, *model):
    """Price, delta and gamma by the probabilities of J. Gil-Pelaez's inversion (Biometrika 38, 1951).

    Delta is the probability that the option ends in the money with the stock as unit of account, dividends paid.
    """
    moneyness = mp.log(spot / strike) + (rate - dividend) * maturity
    paid, cash = mp.exp(-dividend * maturity), strike * mp.exp(-rate * maturity)

    def integrands(u):
        wave = mp.expj(u * moneyness)
        with_stock, with_cash = (
            wave * exact_transform(u - 1j, maturity, model),
            wave * exact_transform(u, maturity, model),
        )
        return mp.matrix([mp.im(with_stock) / u, mp.im(with_cash) / u, mp.re(with_stock)])

    found = integral(integrands) / mp.pi
    delta = paid * (mpf(1) / 2 + found[0])
    return spot * delta - cash * (mpf(1) / 2 + found[1]), delta, paid * found[2] / spot


def rule_in_exact_arithmetic(spot, strike, rate, dividend, maturity, *model):
    """The example's quadrature, its points and weights, without rounding of anything else."""
    stock, cash = spot * mp.exp(-dividend * maturity), strike * mp.exp(-rate * maturity)
    total = mp.fsum([
        weight * mp.re(mp.expj(u * mp.log(stock / cash)) * exact_transform(u - 0.5j, maturity, model)) / (u**2 + 0.25)
        for u, weight in zip(map(mpf, POINTS.tolist()), map(mpf, WEIGHTS.tolist()), strict=True)
    ])  # fmt: skip
    return stock - mp.sqrt(stock * cash) / mp.pi * total


def slope(function, numbers, place, step=1e-10):
    """A central difference, exact to the square of the step; rounding is the last of 32 digits divided by it."""
    ends = []
    for side in (1, -1):
        moved = list(numbers)
        moved[place] += side * mpf(step)
        ends.append(function(*moved))
    return (ends[0] - ends[1]) / (2 * mpf(step))


EXACT = [mpf(number) for number in (*STOCK, *HESTON.values())]


def check_heston(result, exact, of_the_rule):
    """A result on nodes against the exact number, up to its rounding and the quadrature's own error, which is tiny."""
    assert abs(of_the_rule - exact) <= QUADRATURE * max(1, abs(exact))
    assert abs(result.value - exact) <= abs(of_the_rule - exact) + rounding(result)
    assert rounding(result) <= 1e-10


def test_price_in_hestons_model_is_that_of_two_probabilities():
    price, _, _ = exact_heston(*EXACT)
    check_heston(heston_call(*variables((*STOCK, HESTON))), price, rule_in_exact_arithmetic(*EXACT))


def test_delta_and_gamma_in_hestons_model_are_their_own_integrals():
    _, delta, gamma = exact_heston(*EXACT)
    terms = variables((*STOCK, HESTON))
    check_heston(grad(heston_call)(*terms), delta, slope(rule_in_exact_arithmetic, EXACT, 0))
    by_spot = slope(lambda *numbers: slope(rule_in_exact_arithmetic, numbers, 0, 1e-7), EXACT, 0, 1e-7)
    check_heston(grad(grad(heston_call))(*terms), gamma, by_spot)


def test_sensitivities_to_hestons_parameters_are_slopes_of_the_exact_price():
    slopes = grad(heston_call, len(STOCK))(*variables((*STOCK, HESTON)))
    for place, name in enumerate(HESTON, len(STOCK)):
        exact = slope(lambda *numbers: exact_heston(*numbers)[0], EXACT, place)
        check_heston(slopes[name], exact, slope(rule_in_exact_arithmetic, EXACT, place))


def test_prices_in_hestons_model_are_the_published_ones():
    # F. Fang and C. W. Oosterlee, "A novel pricing method for European options based on Fourier-cosine series
    # expansions", SIAM Journal on Scientific Computing 31 (2), 2008, tables 4 and 5: by another method, which they
    # give with nine decimals; its own error shows in the eighth.
    model = {"v0": 0.0175, "kappa": 1.5768, "theta": 0.0398, "sigma": 0.5751, "rho": -0.5711}
    for maturity, published in ((1.0, 5.785155450), (10.0, 22.318945791)):
        assert abs(heston_call(100.0, 100.0, 0.0, 0.0, maturity, model) - published) <= 2e-8


def test_hestons_model_without_noise_is_the_one_of_black_and_scholes():
    # Uncorrelated noise changes the price to second order in sigma: by some 3 · sigma² at sigma = 0.01.
    still = {"v0": 0.04, "kappa": 1.0, "theta": 0.04, "sigma": 1e-6, "rho": 0.0}
    terms = 100.0, 105.0, 0.03, 0.01, 0.75, still
    price = heston_call(*variables(terms))
    exact = exact_call(*map(mpf, (100.0, 105.0, 0.03, 0.01, 0.2, 0.75)))
    assert abs(price.value - exact) <= 4e-12 + QUADRATURE * exact + rounding(price)


def test_the_table_shows_every_greek_and_the_smile(capsys):
    option_greeks.main()
    printed = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in printed.splitlines() if line}
    assert all(f"  {name} " in printed for name in GREEKS)
    assert rows["gamma"] == [f"{greek('gamma')(*TERMS):.6f}"]
    smile = [float(rows[strike][1]) for strike in ("80", "90", "100", "110", "120")]
    assert smile == sorted(smile, reverse=True)
