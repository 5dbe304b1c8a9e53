"""The conventions as data: what values and derivatives are where calculus or arithmetic leaves a choice.

`docs/reference/conventions.md` shows these rows, `tests/operations/test_conventions.py` tests each in every tier, and
`tools/measure_conventions.py` evaluates them in other packages. A row's function takes the module whose functions it
is made of, then its operands: so it runs on this package and, through an adapter, on any other.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["SECTIONS", "Row", "rows"]

inf, nan = math.inf, math.nan


class Row(NamedTuple):
    """One convention: an expression in x, y, z, a point, and the value and the derivatives there."""

    text: str
    function: Callable[..., Any]
    point: tuple[float, ...]
    value: float
    slopes: tuple[float, ...]

    @property
    def name(self) -> str:
        """The expression and the point."""
        return f"{self.text} at {self.place}"

    @property
    def place(self) -> str:
        """The point, each operand with its letter."""
        return ", ".join([f"{letter} = {show(number)}" for letter, number in zip("xyzw", self.point, strict=False)])


def show(number: float) -> str:
    """A number as the table has it: six digits, thirds and halves as fractions, no sign of zero but a minus."""
    if number == 1 / 3:
        return "⅓"
    if number == 0.5:
        return "½"
    return f"{number:.6g}".replace("inf", "∞").replace("-", "−")


SECTIONS: dict[str, list[Row]] = {
    "Kinks and steps": [
        Row("abs(x)", lambda m, x: m.abs(x), (0.0,), 0.0, (0.0,)),
        Row("abs(x)", lambda m, x: m.abs(x), (-0.0,), 0.0, (0.0,)),
        Row("sign(x)", lambda m, x: m.sign(x), (0.0,), 0.0, (0.0,)),
        Row("sign(x)", lambda m, x: m.sign(x), (-3.0,), -1.0, (0.0,)),
        Row("floor(x)", lambda m, x: m.floor(x), (2.0,), 2.0, (0.0,)),
        Row("ceil(x)", lambda m, x: m.ceil(x), (2.5,), 3.0, (0.0,)),
        Row("round(x)", lambda m, x: m.round(x), (2.5,), 2.0, (0.0,)),
        Row("trunc(x)", lambda m, x: m.trunc(x), (-2.5,), -2.0, (0.0,)),
        Row("relu(x)", lambda m, x: m.relu(x), (0.0,), 0.0, (0.0,)),
        Row("relu(x)", lambda m, x: m.relu(x), (1e-300,), 1e-300, (1.0,)),
        Row("¼ x + ¾ max(x, 0)", lambda m, x: 0.25 * x + 0.75 * m.maximum(x, 0.0), (0.0,), 0.0, (0.25,)),
        Row("clip(x, 0, 1)", lambda m, x: m.clip(x, 0.0, 1.0), (0.0,), 0.0, (0.0,)),
        Row("clip(x, 0, 1)", lambda m, x: m.clip(x, 0.0, 1.0), (1.0,), 1.0, (0.0,)),
        Row("clip(x, 0, 1)", lambda m, x: m.clip(x, 0.0, 1.0), (0.5,), 0.5, (1.0,)),
        Row("hypot(x, y)", lambda m, x, y: m.hypot(x, y), (0.0, 0.0), 0.0, (0.0, 0.0)),
        Row("hypot(x, y)", lambda m, x, y: m.hypot(x, y), (0.0, -2.0), 2.0, (0.0, -1.0)),
        Row("norm([x, y, z])", lambda m, *x: m.norm(x), (0.0, 0.0, -0.0), 0.0, (0.0, 0.0, 0.0)),
        Row("atan2(x, y)", lambda m, x, y: m.atan2(x, y), (0.0, 0.0), 0.0, (0.0, 0.0)),
        Row("atan2(x, y)", lambda m, x, y: m.atan2(x, y), (0.0, -0.0), math.pi, (0.0, 0.0)),
        Row("atan2(x, y)", lambda m, x, y: m.atan2(x, y), (0.0, 2.0), 0.0, (0.5, 0.0)),
        Row("atan2(x, y)", lambda m, x, y: m.atan2(x, y), (1.0, 1.0), math.pi / 4, (0.5, -0.5)),
        Row("copysign(x, y)", lambda m, x, y: m.copysign(x, y), (0.0, -1.0), -0.0, (0.0, 0.0)),
        Row("xlogy(x, y)", lambda m, x, y: m.xlogy(x, y), (0.0, 2.0), 0.0, (math.log(2.0), 0.0)),
        Row("xlogy(x, y)", lambda m, x, y: m.xlogy(x, y), (0.0, 0.0), 0.0, (-inf, 0.0)),
    ],
    "Ties": [
        Row("max(x, y)", lambda m, x, y: m.maximum(x, y), (1.0, 1.0), 1.0, (0.5, 0.5)),
        Row("max(x, y)", lambda m, x, y: m.maximum(x, y), (0.0, -0.0), 0.0, (0.5, 0.5)),
        Row("max(x, y)", lambda m, x, y: m.maximum(x, y), (inf, inf), inf, (0.5, 0.5)),
        Row("min(x, y)", lambda m, x, y: m.minimum(x, y), (1.0, 1.0), 1.0, (0.5, 0.5)),
        Row("max(x, y, z, w)", lambda m, *x: m.maximum(*x), (1.0, 0.0, 1.0, 1.0), 1.0, (1 / 3, 0.0, 1 / 3, 1 / 3)),
        Row("min(x, y, z, w)", lambda m, *x: m.minimum(*x), (1.0, 2.0, 1.0, 3.0), 1.0, (0.5, 0.0, 0.5, 0.0)),
        Row("max(x, x)", lambda m, x: m.maximum(x, x), (1.0,), 1.0, (1.0,)),
        Row("min(x, x)", lambda m, x: m.minimum(x, x), (1.0,), 1.0, (1.0,)),
        Row("max(x, x, x)", lambda m, x: m.maximum(x, x, x), (1.0,), 1.0, (1.0,)),
        Row("max(x, x, y)", lambda m, x, y: m.maximum(x, x, y), (1.0, 1.0), 1.0, (0.5, 0.5)),
        Row(
            "min(x, y, x, y, z)", lambda m, x, y, z: m.minimum(x, y, x, y, z),
            (1.0, 1.0, 1.0), 1.0, (1 / 3, 1 / 3, 1 / 3),
        ),
        Row("max(x, 1)", lambda m, x: m.maximum(x, 1.0), (1.0,), 1.0, (0.0,)),
        Row("max(1, x)", lambda m, x: m.maximum(1.0, x), (1.0,), 1.0, (0.0,)),
        Row("min(x, 1)", lambda m, x: m.minimum(x, 1.0), (1.0,), 1.0, (0.0,)),
        Row("max(x, stop_gradient(x))", lambda m, x: m.maximum(x, m.stop_gradient(x)), (1.0,), 1.0, (0.0,)),
        Row("max(x, y, 1)", lambda m, x, y: m.maximum(x, y, 1.0), (1.0, 1.0), 1.0, (0.0, 0.0)),
        Row("max(x, x, 1)", lambda m, x: m.maximum(x, x, 1.0), (1.0,), 1.0, (0.0,)),
        Row("max(x, y, 0)", lambda m, x, y: m.maximum(x, y, 0.0), (1.0, 1.0), 1.0, (0.5, 0.5)),
        Row("max(x, y, 0)", lambda m, x, y: m.maximum(x, y, 0.0), (2.0, 1.0), 2.0, (1.0, 0.0)),
        Row("min(x, y, 1)", lambda m, x, y: m.minimum(x, y, 1.0), (1.0, 2.0), 1.0, (0.0, 0.0)),
        Row("Python's max(x, y)", lambda m, x, y: builtins.max(x, y), (1.0, 1.0), 1.0, (1.0, 0.0)),
    ],
    "Choices": [
        Row("where(x > 0, log(x), 2x)", lambda m, x: m.where(x > 0.0, m.log(x), 2.0 * x), (-1.0,), -2.0, (2.0,)),
        Row("where(x > 0, sqrt(x), x)", lambda m, x: m.where(x > 0.0, m.sqrt(x), x), (0.0,), 0.0, (1.0,)),
        Row("where(x ≥ 0, sqrt(x), x)", lambda m, x: m.where(x >= 0.0, m.sqrt(x), x), (0.0,), 0.0, (inf,)),
        Row("0 · sqrt(x)", lambda m, x: 0.0 * m.sqrt(x), (0.0,), 0.0, (nan,)),
    ],
    "Poles, limits and infinities": [
        Row("sqrt(x)", lambda m, x: m.sqrt(x), (0.0,), 0.0, (inf,)),
        Row("sqrt(x)", lambda m, x: m.sqrt(x), (-0.0,), -0.0, (inf,)),
        Row("cbrt(x)", lambda m, x: m.cbrt(x), (-0.0,), -0.0, (inf,)),
        Row("log(x)", lambda m, x: m.log(x), (0.0,), -inf, (inf,)),
        Row("log(x)", lambda m, x: m.log(x), (-0.0,), -inf, (inf,)),
        Row("log2(x)", lambda m, x: m.log2(x), (-0.0,), -inf, (inf,)),
        Row("log10(x)", lambda m, x: m.log10(x), (-0.0,), -inf, (inf,)),
        Row("log1p(x)", lambda m, x: m.log1p(x), (-1.0,), -inf, (inf,)),
        Row("xlogy(x, y)", lambda m, x, y: m.xlogy(x, y), (2.0, 0.0), -inf, (-inf, inf)),
        Row("1 / x", lambda m, x: 1.0 / x, (0.0,), inf, (-inf,)),
        Row("1 / x", lambda m, x: 1.0 / x, (-0.0,), -inf, (-inf,)),
        Row("x / y", lambda m, x, y: x / y, (1.0, 0.0), inf, (inf, -inf)),
        Row("x / y", lambda m, x, y: x / y, (0.0, 0.0), nan, (nan, nan)),
        Row("asin(x)", lambda m, x: m.asin(x), (1.0,), math.pi / 2, (inf,)),
        Row("acos(x)", lambda m, x: m.acos(x), (-1.0,), math.pi, (-inf,)),
        Row("acosh(x)", lambda m, x: m.acosh(x), (1.0,), 0.0, (inf,)),
        Row("atanh(x)", lambda m, x: m.atanh(x), (-1.0,), -inf, (inf,)),
        Row("exp(x)", lambda m, x: m.exp(x), (1000.0,), inf, (inf,)),
        Row("exp(x)", lambda m, x: m.exp(x), (-inf,), 0.0, (0.0,)),
        Row("sigmoid(x)", lambda m, x: m.sigmoid(x), (-1000.0,), 0.0, (0.0,)),
        Row("softplus(x)", lambda m, x: m.softplus(x), (1000.0,), 1000.0, (1.0,)),
        Row("tanh(x)", lambda m, x: m.tanh(x), (1e300,), 1.0, (0.0,)),
        Row("atan(x)", lambda m, x: m.atan(x), (2e154,), math.pi / 2, (1 / 2e154 / 2e154,)),
        Row("exp(−x²)", lambda m, x: m.gaussian(x), (1.7e308,), 0.0, (0.0,)),
        Row("log10(x)", lambda m, x: m.log10(x), (1.5e308,), math.log10(1.5e308), (1 / 1.5e308 / math.log(10.0),)),
        Row("atan2(x, y)", lambda m, x, y: m.atan2(x, y), (inf, 0.0), math.pi / 2, (0.0, 0.0)),
        Row("atan2(x, y)", lambda m, x, y: m.atan2(x, y), (2.0, -inf), math.pi, (0.0, 0.0)),
        Row("atan2(x, y)", lambda m, x, y: m.atan2(x, y), (inf, -inf), 3 * math.pi / 4, (0.0, 0.0)),
        Row("logaddexp(x, y)", lambda m, x, y: m.logaddexp(x, y), (inf, inf), inf, (0.5, 0.5)),
        Row("logsumexp([x, y])", lambda m, *x: m.logsumexp(x), (-inf, -inf), -inf, (0.5, 0.5)),
        Row("lgamma(x)", lambda m, x: m.lgamma(x), (-2.0,), inf, (nan,)),
        Row("x · y · z as prod", lambda m, *x: m.prod(x), (2.0, 0.0, -5.0), 0.0, (0.0, -10.0, 0.0)),
    ],
    "Outside of the domain": [
        Row("log(x)", lambda m, x: m.log(x), (-1.0,), nan, (nan,)),
        Row("sqrt(x)", lambda m, x: m.sqrt(x), (-1.0,), nan, (nan,)),
        Row("asin(x)", lambda m, x: m.asin(x), (1.5,), nan, (nan,)),
        Row("acosh(x)", lambda m, x: m.acosh(x), (0.5,), nan, (nan,)),
        Row("atanh(x)", lambda m, x: m.atanh(x), (-2.0,), nan, (nan,)),
        Row("log1p(x)", lambda m, x: m.log1p(x), (-2.0,), nan, (nan,)),
        Row("x ** 0.5", lambda m, x: x**0.5, (-2.0,), nan, (nan,)),
        Row("mod(x, y)", lambda m, x, y: m.mod(x, y), (1.0, 0.0), nan, (nan, nan)),
        Row("fmod(x, y)", lambda m, x, y: m.fmod(x, y), (inf, 1.0), nan, (nan, nan)),
        Row("max(2, x)", lambda m, x: m.maximum(2.0, x), (nan,), nan, (nan,)),
        Row("max(x, y)", lambda m, x, y: m.maximum(x, y), (nan, 2.0), nan, (nan, nan)),
        Row("max(x, y)", lambda m, x, y: m.maximum(x, y), (2.0, nan), nan, (nan, nan)),
        Row("min(x, y)", lambda m, x, y: m.minimum(x, y), (nan, 2.0), nan, (nan, nan)),
        Row("min(x, y)", lambda m, x, y: m.minimum(x, y), (2.0, nan), nan, (nan, nan)),
        Row("min(x, y, z)", lambda m, *x: m.minimum(*x), (1.0, nan, 2.0), nan, (nan, nan, nan)),
        Row("x ** 0", lambda m, x: x**0.0, (nan,), 1.0, (nan,)),
    ],
    "Powers": [
        # The base, the exponent, the value, the derivatives in both.
        *[
            Row("x ** y", lambda m, x, y: x**y, (base, exponent), value, (slope, slope_in_exponent))
            for base, exponent, value, slope, slope_in_exponent in [
                (3.0, 2.0, 9.0, 6.0, 9.0 * math.log(3.0)),
                (2.0, 0.0, 1.0, 0.0, math.log(2.0)),
                (0.5, 0.0, 1.0, 0.0, math.log(0.5)),
                (0.0, 3.0, 0.0, 0.0, 0.0),
                (-0.0, 3.0, -0.0, 0.0, 0.0),
                (0.0, 1.0, 0.0, 1.0, 0.0),
                (0.0, 0.5, 0.0, inf, 0.0),
                (0.0, 0.0, 1.0, 0.0, 0.0),
                (-0.0, 0.0, 1.0, 0.0, 0.0),
                (0.0, -2.0, inf, -inf, -inf),
                (0.0, -0.5, inf, -inf, -inf),
                (-2.0, 3.0, -8.0, 12.0, nan),
                (-2.0, -1.0, -0.5, -0.25, nan),
                (-2.0, 2.5, nan, nan, nan),
                (-2.0, 0.0, 1.0, 0.0, nan),
                (inf, 2.0, inf, inf, inf),
                (inf, 0.0, 1.0, 0.0, inf),
                (inf, -2.0, 0.0, 0.0, 0.0),
                (-0.5, 2000.0, 0.0, 0.0, nan),
                (1e200, 2.0, inf, 2e200, inf),
            ]
        ],
        Row("x ** 3", lambda m, x: x**3.0, (-2.0,), -8.0, (12.0,)),
        Row("x ** 0", lambda m, x: x**0.0, (0.0,), 1.0, (0.0,)),
        Row("mod(x, y)", lambda m, x, y: m.mod(x, y), (-5.0, 3.0), 1.0, (1.0, 2.0)),
        Row("mod(x, y)", lambda m, x, y: m.mod(x, y), (5.0, -3.0), -1.0, (1.0, 2.0)),
        Row("fmod(x, y)", lambda m, x, y: m.fmod(x, y), (-5.0, 3.0), -2.0, (1.0, 1.0)),
    ],
}  # fmt: skip


def rows() -> list[Row]:
    """All rows."""
    return [row for section in SECTIONS.values() for row in section]
