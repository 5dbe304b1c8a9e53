"""Prices of European options and every Greek, none of them derived by hand: `python -m examples.option_greeks`.

The price is a plain function; a Greek is its derivative in some of the arguments, one `grad` for each order. Heston's
model has no price in elementary functions but an integral, and the same `grad` goes through the quadrature.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from autograd import atan2, cos, dot, erfc, exp, grad, hypot, implicit, log, log1p, sin, sqrt, value_and_grad

SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY, MATURITY = range(6)
# Name, arguments to differentiate in one after the other, sign: time passes as maturity gets shorter.
GREEKS: dict[str, tuple[tuple[int, ...], float]] = {
    "delta": ((SPOT,), 1.0), "dual delta": ((STRIKE,), 1.0), "vega": ((VOLATILITY,), 1.0),
    "theta": ((MATURITY,), -1.0), "rho": ((RATE,), 1.0), "epsilon": ((DIVIDEND,), 1.0),
    "gamma": ((SPOT, SPOT), 1.0), "dual gamma": ((STRIKE, STRIKE), 1.0), "vanna": ((SPOT, VOLATILITY), 1.0),
    "charm": ((SPOT, MATURITY), -1.0), "vomma": ((VOLATILITY, VOLATILITY), 1.0),
    "veta": ((VOLATILITY, MATURITY), -1.0), "vera": ((RATE, VOLATILITY), 1.0),
    "speed": ((SPOT, SPOT, SPOT), 1.0), "zomma": ((SPOT, SPOT, VOLATILITY), 1.0),
    "color": ((SPOT, SPOT, MATURITY), -1.0), "ultima": ((VOLATILITY, VOLATILITY, VOLATILITY), 1.0),
}  # fmt: skip
TERMS = (100.0, 105.0, 0.03, 0.01, 0.2, 0.75)
# The variance today, how fast it returns to its level, that level, its own volatility, its correlation with the stock.
HESTON = {"v0": 0.04, "kappa": 1.5, "theta": 0.05, "sigma": 0.4, "rho": -0.6}
# Gauss-Legendre with 16 points on panels that grow with the distance from the integrand's poles at ±i/2.
PANELS = np.array([0.0, 1.0, 4.0, 16.0, 64.0, 256.0])
NODES, SHARES = np.polynomial.legendre.leggauss(16)
POINTS = (PANELS[:-1, None] + np.diff(PANELS)[:, None] * (NODES + 1) / 2).ravel()
WEIGHTS = (np.diff(PANELS)[:, None] * SHARES / 2).ravel()


def normal_distribution(x: Any) -> Any:
    """The probability that a standard normal variable is below x, to full relative accuracy in the left tail too."""
    return erfc(-x / math.sqrt(2.0)) / 2


def call(spot: Any, strike: Any, rate: Any, dividend: Any, volatility: Any, maturity: Any) -> Any:
    """The Black-Scholes-Merton price of a European call.

    >>> round(call(100.0, 100.0, 0.05, 0.0, 0.2, 1.0), 4)
    10.4506
    """
    deviation = volatility * sqrt(maturity)
    d1 = (log(spot / strike) + (rate - dividend) * maturity) / deviation + deviation / 2
    stock = spot * exp(-dividend * maturity) * normal_distribution(d1)
    return stock - strike * exp(-rate * maturity) * normal_distribution(d1 - deviation)


def greek(name: str) -> Callable[..., Any]:
    """The function of the price's arguments that a Greek is.

    >>> round(greek("delta")(100.0, 100.0, 0.05, 0.0, 0.2, 1.0), 4)
    0.6368
    """
    places, sign = GREEKS[name]
    derivative = reduce(grad, places, call)
    return lambda *terms: sign * derivative(*terms)


@implicit.root(lambda volatility, price, spot, strike, rate, dividend, maturity: (
    call(spot, strike, rate, dividend, volatility, maturity) - price
))  # fmt: skip
def implied_volatility(
    price: float, spot: float, strike: float, rate: float, dividend: float, maturity: float
) -> float:
    """The volatility at which a call has this price; raises ValueError if none has.

    Newton's method from where the price's slope in volatility is largest goes one way (S. Manaster and G. Koehler, "The
    calculation of implied variances from the Black-Scholes model", Journal of Finance 37 (1), 1982), so a step back is
    rounding. For a strike at the forward, that place is volatility 0, and the start is the tangent there.

    >>> round(implied_volatility(10.4506, 100.0, 100.0, 0.05, 0.0, 1.0), 4)
    0.2
    """
    stock, cash = spot * math.exp(-dividend * maturity), strike * math.exp(-rate * maturity)
    if not max(stock - cash, 0.0) < price < stock:
        raise ValueError(f"a call costs more than {max(stock - cash, 0.0):g} and less than {stock:g}, got {price:g}")
    steepest = math.sqrt(2.0 * abs(math.log(stock / cash)) / maturity)
    volatility = steepest or price / stock * math.sqrt(2.0 * math.pi / maturity)
    price_and_vega = value_and_grad(call, VOLATILITY)
    first = 0.0
    while True:
        value, vega = price_and_vega(spot, strike, rate, dividend, volatility, maturity)
        step = (price - value) / vega
        if step == 0.0 or step * first < 0.0:
            return volatility
        first = first or step
        volatility += step


class Complex:
    """A complex number made of two real ones, which may be nodes."""

    def __init__(self, re: Any, im: Any = 0.0) -> None:
        self.re, self.im = re, im

    def __add__(self, other: Complex) -> Complex:
        return Complex(self.re + other.re, self.im + other.im)

    def __sub__(self, other: Complex) -> Complex:
        return Complex(self.re - other.re, self.im - other.im)

    def __mul__(self, other: Any) -> Complex:
        if not isinstance(other, Complex):
            return Complex(self.re * other, self.im * other)
        return Complex(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def __rsub__(self, real: Any) -> Complex:
        return Complex(real - self.re, -self.im)

    def __truediv__(self, other: Complex) -> Complex:
        return self * Complex(other.re, -other.im) * (1 / (other.re**2 + other.im**2))

    def exp(self) -> Complex:
        return Complex(cos(self.im), sin(self.im)) * exp(self.re)

    def log1p(self) -> Complex:
        return Complex(log1p(self.re * (2 + self.re) + self.im**2) / 2, atan2(self.im, 1 + self.re))

    def sqrt(self) -> Complex:
        """The root on the right side; without cancellation if the number itself lies there."""
        root = sqrt((hypot(self.re, self.im) + self.re) / 2)
        return Complex(root, self.im / (2 * root))


def characteristic(u: float, maturity: Any, model: dict[str, Any]) -> Complex:
    """E[(S/F)^(½ + iu)] in Heston's model, S the stock at maturity and F its forward.

    In the form that needs no counting of branches ("The little Heston trap", H. Albrecher, P. Mayer, W. Schoutens and
    J. Tistaert, Wilmott Magazine, January 2007), with β − d written as −σ²(u² + ¼)/(β + d) and a logarithm of 1 + x,
    so that nothing cancels as σ goes to 0.
    """
    v0, kappa, theta, sigma, rho = [model[name] for name in HESTON]
    size = u**2 + 0.25
    beta = Complex(kappa - rho * sigma / 2, -rho * sigma * u)
    d = (beta * beta + Complex(sigma**2 * size)).sqrt()
    limit = Complex(-size) / (beta + d)
    g = limit * sigma**2 / (beta + d)
    decay = (d * -maturity).exp()
    drift = limit * maturity - (g * (1 - decay) / (1 - g)).log1p() * (2 / sigma**2)
    return (drift * (kappa * theta) + limit * (1 - decay) / (1 - g * decay) * v0).exp()


def heston_call(spot: Any, strike: Any, rate: Any, dividend: Any, maturity: Any, model: dict[str, Any]) -> Any:
    """The price of a European call in Heston's model, by one integral (A. L. Lewis, *Option Valuation under Stochastic
    Volatility*, 2000, chapter 2).

    >>> round(heston_call(100.0, 105.0, 0.03, 0.01, 0.75, HESTON), 6)
    5.034355
    """
    stock, cash = spot * exp(-dividend * maturity), strike * exp(-rate * maturity)
    moneyness = log(stock / cash)
    values = []
    for u in POINTS.tolist():
        transform = characteristic(u, maturity, model)
        wave = u * moneyness
        values.append((transform.re * cos(wave) - transform.im * sin(wave)) / (u**2 + 0.25))
    return stock - sqrt(stock * cash) / math.pi * dot(WEIGHTS, values)


def main() -> None:
    """Print every Greek of one option, and Heston's prices with their sensitivities and the smile they imply."""
    print(
        "Black-Scholes: spot {:g}, strike {:g}, rate {:g}, dividend {:g}, volatility {:g}, maturity {:g}".format(*TERMS)
    )
    print(f"  {'price':<12}{call(*TERMS):14.6f}")
    for name in GREEKS:
        print(f"  {name:<12}{greek(name)(*TERMS):14.6f}")
    print("\nHeston:", ", ".join(f"{name} {number:g}" for name, number in HESTON.items()))
    print("  strike     price   implied     delta     gamma" + "".join(f"{'d/d' + name:>10}" for name in HESTON))
    spot, _, rate, dividend, _, maturity = TERMS
    for strike in (80.0, 90.0, 100.0, 110.0, 120.0):
        terms = spot, strike, rate, dividend, maturity, HESTON
        price, (delta, slopes) = value_and_grad(heston_call, (0, 5))(*terms)
        implied = implied_volatility(price, spot, strike, rate, dividend, maturity)
        row = price, implied, delta, grad(grad(heston_call))(*terms), *slopes.values()
        print(f"{strike:8g}" + "".join(f"{number:10.4f}" for number in row))


if __name__ == "__main__":
    main()
