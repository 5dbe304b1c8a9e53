"""Every primitive operation, declared once.

A primitive is a value and the rule for its *local gradients*: the derivative of the output in each
operand. `Multiply`, for one, has the value ``a * b`` and the local gradients ``(b, a)``. Everything
else the package knows of an operation follows from its declaration here: the compiled kernels, its
derivatives of any order (the rule is run on nodes instead of numbers), its symbol in pictures, the
numbers that property tests draw for it.

How a rule reads
  * ``value(x)`` or ``value(a, b)`` gives the output. A named function of `ieee` or `special` stands
    for itself; a lambda is made of other primitives.
  * ``gradients(x, out)`` or ``gradients(a, b, out)`` gives the local gradients. The output is handed
    in because it often *is* the answer: ``exp' = out``.
  * No ``if``: a rule also runs on symbols, so a choice is written ``where(condition, yes, no)``.
  * `Primitive` explains the rest of a declaration: domain, kinks, `beside_constant`, `linear`, and the facts on its
    last line, which are for tools and messages.

Conventions
  * At a kink the local gradient is the shortest subgradient: |x|' is 0 at 0, the two operands of a
    tied max get a half each, and a tied max of a variable and a constant gets 0 (`beside_constant`).
  * Results are IEEE: no exception, infinities where there are poles. Whatever the rule says, if an
    operand or the output is nan then every local gradient is nan; so a rule need not repeat its domain.
  * ``x + 0.0`` in a rule turns -0.0 into +0.0, so that a pole at zero has one sign.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.numbers import ieee, special
from autograd.operations import nary
from autograd.operations._kernels import KERNELS
from autograd.operations.primitive import (  # noqa: F401
    REAL,
    Interval,
    Primitive,
    all_primitives,
    attach_kernels,
    find_primitive,
    is_array,
    of_arrays,
)

__all__ = [
    "Plus", "Minus", "Multiply", "Divide", "Negate", "Reciprocal", "Square", "Fma", "Power", "PowerBelow", "Sqrt",
    "Cbrt", "Hypot", "Exp", "ExpDifference", "Exp2", "Expm1", "Log", "Log2", "Log10", "Log1p", "Xlogy", "Logaddexp",
    "SigmoidDifference", "Softplus", "Sigmoid", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Atan2", "Sinh", "Cosh",
    "Tanh", "SechSquared", "Asinh", "Acosh", "Atanh", "Gaussian", "Erf", "Erfc", "Gamma", "Lgamma", "Digamma",
    "Polygamma", "Abs", "Sign", "Floor", "Ceil", "Round", "FloorDivide", "Mod", "Fmod", "Trunc", "Copysign", "Identity",
    "StopGradient", "Defined", "Where", "Less", "LessEqual", "Equal", "NotEqual", "Not", "Both", "Either", "Select",
    "Absorb", "Gate", "Max", "Min", "Sum", "Prod", "Dot", "Norm", "Logsumexp", "MaxOfMany", "MinOfMany",
]  # fmt: skip

POSITIVE = Interval(0, math.inf, closed=False)
NOT_NEGATIVE = Interval(0, math.inf)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`.

    The side not taken contributes exactly 0 to every derivative, even where its own value or slope is
    infinite or nan: it is not a parent of the result.

    >>> where(2.0 > 1.0, 10.0, 20.0)
    10.0
    """
    if type(condition) is not bool:
        if is_array(condition):
            return of_arrays(where, (condition, yes, no))
        choose = getattr(type(condition), "choose", None)
        # NumPy's own truths have a method of this name, which is something else.
        if choose is not None and not hasattr(type(condition), "dtype"):
            return choose(condition, yes, no)
    return Where(yes if condition else no)


def either(first: Any, second: Any) -> Any:
    """The condition that one of two holds, for rules: Python's `or` would decide at once."""
    return first | second


def _to_integer(number: float) -> float:
    """The distance to the nearest integer: zero where floor, ceil and round jump."""
    return number - round(number) if math.isfinite(number) else 0.0


def _to_pole_of_gamma(x: float) -> float:
    """Zero at 0, -1, -2, ..., where the gamma function and the derivatives of its logarithm have poles."""
    return _to_integer(x) if x <= 0.5 else 1.0


def _to_next_jump(a: float, b: float) -> float:
    """Zero where a ÷ b is an integer, of another sign beyond it, and at the pole b = 0."""
    return _to_integer(a / b) * min(abs(b), 1.0) if b else 0.0


# Not formatted, so that facts which derivatives don't need share one line, the last.
# fmt: off

# Arithmetic

Plus = Primitive(
    "plus", lambda a, b: a + b, lambda a, b, out: (1.0, 1.0), symbol="+", arity=2, linear=True, doc="a + b.",
    infix="+", numpy=("add",), rounding=0.5, cancels=True,
)
Minus = Primitive(
    "minus", lambda a, b: a - b, lambda a, b, out: (1.0, -1.0), symbol="−", arity=2, linear=True, doc="a − b.",
    infix="-", numpy=("subtract",), rounding=0.5, cancels=True,
)
Multiply = Primitive(
    "multiply", lambda a, b: a * b, lambda a, b, out: (b, a), symbol="×", arity=2, doc="a × b.",
    infix="*", numpy=("multiply",), rounding=0.5, vanishes="product",
)
Divide = Primitive(
    "divide",
    lambda a, b: a / b,
    lambda a, b, out: (1.0 / b, -out / b),
    symbol="÷",
    arity=2,
    kinks=lambda a, b: b,
    doc="a ÷ b, infinite at b = 0.",
    infix="/", numpy=("divide", "true_divide"), rounding=0.5,
)
Negate = Primitive(
    "negate", lambda x: -x, lambda x, out: -1.0, symbol="−", linear=True, doc="−x.",
    numpy=("negative",), rounding=0.0,
)
Reciprocal = Primitive(
    "reciprocal", lambda x: 1.0 / x, lambda x, out: -out * out, symbol="1/x", kinks=lambda x: x, doc="1 ÷ x.",
    rounding=0.5,
)
Square = Primitive("square", lambda x: x * x, lambda x, out: 2.0 * x, symbol="²", doc="x².", rounding=0.5)
Fma = Primitive(
    "fma", ieee.fma, lambda a, b, c, out: (b, a, 1.0), arity=3, doc="a × b + c, rounded once.",
    rounding=0.5, cancels=True, vanishes="product",
)

# Powers and roots


def _slope_in_the_base(a: Any, b: Any, out: Any) -> Any:
    return _scaled(b, PowerBelow(a, b, 1.0))


def _slope_in_the_lowered_base(a: Any, b: Any, c: Any, out: Any) -> Any:
    return _scaled(b - c, PowerBelow(a, b, c + 1.0))


Power = Primitive(
    "power",
    special.power,
    lambda a, b, out: (_slope_in_the_base(a, b, out), _slope_in_the_exponent(a, b, out)),
    first_gradient=_slope_in_the_base,
    symbol="^",
    arity=2,
    domain=(POSITIVE, REAL),
    doc="a to the power of b; for a < 0 a real number only if b is an integer. 0 ** 0 is 1 with gradients 0.",
    infix="**", numpy=("float_power",), hides_nan=lambda a, b: a in (None, 1.0) and b in (None, 0.0),
)
PowerBelow = Primitive(
    "power_below",
    special.power_below,
    lambda a, b, c, out: (
        _slope_in_the_lowered_base(a, b, c, out),
        _slope_in_the_exponent(a, b - c, out),
        -_slope_in_the_exponent(a, b - c, out),
    ),
    first_gradient=_slope_in_the_lowered_base,
    symbol="^(b−c)",
    arity=3,
    domain=(POSITIVE, REAL, POSITIVE),
    doc="a to the power of b − c, without rounding b − c: derivatives of powers; c is a small integer.",
    orders=(2,), hides_nan=lambda a, b, c: a in (None, 1.0) if None in (b, c) else b - c == 0.0,
)


def _scaled(factor: Any, power: Any) -> Any:
    """Their product, 0 for a factor 0 even if the power is infinite: x ** 0 has slope 0 at every x."""
    at_zero = where(Abs(power) == math.inf, 0.0, factor * power)
    return where(factor == 0.0, at_zero, factor * power)


def _slope_in_the_exponent(a: Any, exponent: Any, out: Any) -> Any:
    """The derivative of `out`, a power of `a`, in its exponent: out · log a, nan below 0, and its limit at a = 0."""
    at_zero = where(exponent < 0.0, -math.inf, 0.0)
    # Below 0 a nan that depends on both, so that its derivatives are nan, too.
    return where(a < 0.0, out * math.nan, where(a == 0.0, at_zero, where(out == 0.0, 0.0, out * Log(a))))


Sqrt = Primitive(
    "sqrt",
    ieee.sqrt,
    lambda x, out: 0.5 / (out + 0.0),
    symbol="√",
    domain=(NOT_NEGATIVE,),
    kinks=lambda x: x,
    doc="√x; its slope at 0 is +∞.",
    rounding=0.5,
)
Cbrt = Primitive(
    "cbrt",
    special.cbrt,
    lambda x, out: 1.0 / (3.0 * (out * out)),
    symbol="∛",
    kinks=lambda x: x,
    doc="The real cube root; its slope at 0 is +∞.",
)


# The shares of a length, a ÷ max(length, LEAST), are 0 at the origin, and have a pole there, 1 ÷ LEAST.
LEAST = math.ulp(0.0)


def _length(*coordinates: Any) -> Any:
    """hypot of any number of coordinates, as of `math`."""
    return Norm(*coordinates)


Hypot = Primitive(
    "hypot",
    ieee.hypot,
    lambda a, b, out: (a / Max(out, LEAST), b / Max(out, LEAST)),
    arity=2,
    kinks=ieee.hypot,
    otherwise=_length,
    doc="√(a² + b²) without overflow; gradients (0, 0) at the origin, their pole. Norm, of other than 2 operands.",
    hides_nan=lambda a, b: a in (None, -math.inf, math.inf) and b in (None, -math.inf, math.inf),
)

# Exponentials and logarithms



def _logarithm_to_a_base(x: Any, base: Any) -> Any:
    """log(x, base), as of `math`."""
    return Log(x) / Log(base)


Exp = Primitive("exp", ieee.exp, lambda x, out: out, doc="e to the power of x.", vanishes="saturated")
ExpDifference = Primitive(
    "exp_difference",
    special.exp_difference,
    lambda a, b, out: (out, -out),
    symbol="e^(a−b)",
    arity=2,
    doc="eᵃ⁻ᵇ without rounding a − b, the terms of a softmax; 1 for equal infinities.",
)
Exp2 = Primitive(
    "exp2", ieee.exp2, lambda x, out: out * math.log(2.0), doc="2 to the power of x.",
    vanishes="saturated",
)
Expm1 = Primitive("expm1", ieee.expm1, lambda x, out: Exp(x), doc="eˣ − 1, exact for small x.", vanishes="saturated")
Log = Primitive(
    "log",
    ieee.log,
    lambda x, out: 1.0 / (x + 0.0),
    domain=(POSITIVE,),
    otherwise=_logarithm_to_a_base,
    doc="The natural logarithm; with a second operand, the logarithm to that base.",
)
Log2 = Primitive(
    "log2",
    ieee.log2,
    lambda x, out: (1.0 / math.log(2.0)) / (x + 0.0),
    domain=(POSITIVE,),
    doc="The logarithm to base 2.",
)
Log10 = Primitive(
    "log10",
    ieee.log10,
    lambda x, out: (1.0 / math.log(10.0)) / (x + 0.0),
    domain=(POSITIVE,),
    doc="The logarithm to base 10.",
)
Log1p = Primitive(
    "log1p",
    ieee.log1p,
    lambda x, out: 1.0 / (1.0 + x),
    domain=(Interval(-1, math.inf, closed=False),),
    doc="log(1 + x), exact for small x.",
)
Xlogy = Primitive(
    "xlogy",
    special.xlogy,
    lambda a, b, out: (Log(b), where(b == 0.0, where(a == 0.0, 0.0, a / (b + 0.0)), a / b)),
    arity=2,
    domain=(REAL, POSITIVE),
    doc="a × log b, and 0 where a = 0.",
)
Logaddexp = Primitive(
    "logaddexp",
    special.logaddexp,
    lambda a, b, out: (SigmoidDifference(a, b), SigmoidDifference(b, a)),
    arity=2,
    doc="log(eᵃ + eᵇ) without overflow.",
)
SigmoidDifference = Primitive(
    "sigmoid_difference",
    special.sigmoid_difference,
    lambda a, b, out: (out * SigmoidDifference(b, a), -out * SigmoidDifference(b, a)),
    symbol="σ(a−b)",
    arity=2,
    doc="sigmoid(a − b) without rounding a − b, the gradient of logaddexp; ½ for equal infinities.",
)
Softplus = Primitive(
    "softplus", special.softplus, lambda x, out: Sigmoid(x), doc="log(1 + eˣ) without overflow.",
    vanishes="saturated",
)
Sigmoid = Primitive(
    "sigmoid", special.sigmoid, lambda x, out: out * Sigmoid(-x), symbol="σ", doc="1 ÷ (1 + e⁻ˣ) without overflow.",
    vanishes="saturated",
)

# Trigonometry

Sin = Primitive("sin", ieee.sin, lambda x, out: Cos(x), doc="The sine of x radians.")
Cos = Primitive("cos", ieee.cos, lambda x, out: -Sin(x), doc="The cosine of x radians.")
Tan = Primitive("tan", ieee.tan, lambda x, out: 1.0 + out * out, doc="The tangent of x radians.")
Asin = Primitive(
    "asin",
    ieee.asin,
    # 1 - x² rounded once. The product (1 - x) (1 + x) would have the second derivative 0 · ∞ at the ends.
    lambda x, out: 1.0 / Sqrt(Fma(-x, x, 1.0)),
    domain=(Interval(-1, 1),),
    kinks=lambda x: (1.0 - x) * (1.0 + x),
    doc="The angle in [−π/2, π/2] whose sine is x.",
)
Acos = Primitive(
    "acos",
    ieee.acos,
    lambda x, out: -1.0 / Sqrt(Fma(-x, x, 1.0)),
    domain=(Interval(-1, 1),),
    kinks=lambda x: (1.0 - x) * (1.0 + x),
    doc="The angle in [0, π] whose cosine is x.",
)
Atan = Primitive(
    "atan",
    ieee.atan,
    # The second form doesn't overflow where x² does.
    lambda x, out: where(Abs(x) <= 1e8, 1.0 / (1.0 + x * x), (1.0 / x) / x),
    doc="The angle in [−π/2, π/2] whose tangent is x.",
)
Atan2 = Primitive(
    "atan2",
    ieee.atan2,
    lambda a, b, out: _slopes_of_the_angle(a, b),
    arity=2,
    # It jumps on the negative half of the b axis.
    kinks=lambda a, b: a if b < 0.0 else math.hypot(a, b),
    doc="The angle of the point (b, a), in [−π, π]; gradients (0, 0) at the origin and at infinity.",
)


def _slopes_of_the_angle(a: Any, b: Any) -> tuple[Any, Any]:
    """b / (a² + b²) and -a / (a² + b²), with the ratio of the smaller to the larger instead of squares."""
    steep = Abs(a) > Abs(b)
    larger = where(steep, a, b)
    ratio = where(steep, b, a) / larger

    def defined(slope: Any) -> Any:
        """The slope, 0 at the origin and where both are infinite; still nan where an operand is."""
        nowhere = either(a == 0.0, Abs(a) == math.inf)
        return where(Abs(a) == Abs(b), where(nowhere, 0.0, slope), slope)

    along = defined(1.0 / (1.0 + ratio * ratio) / larger)
    across = defined(ratio / (1.0 + ratio * ratio) / larger)
    return where(steep, across, along), -where(steep, along, across)


Sinh = Primitive("sinh", ieee.sinh, lambda x, out: Cosh(x), doc="The hyperbolic sine.")
Cosh = Primitive("cosh", ieee.cosh, lambda x, out: Sinh(x), doc="The hyperbolic cosine.")
Tanh = Primitive(
    "tanh",
    special.tanh,
    # 1 - out² would lose every digit where out is close to ±1.
    lambda x, out: SechSquared(x),
    doc="The hyperbolic tangent.",
    vanishes="saturated",
)
SechSquared = Primitive(
    "sech_squared", special.sech_squared, lambda x, out: -2.0 * out * Tanh(x), doc="1 ÷ cosh²x, the slope of tanh."
)
Asinh = Primitive("asinh", ieee.asinh, lambda x, out: 1.0 / Hypot(1.0, x), doc="The inverse of sinh.")
Acosh = Primitive(
    "acosh",
    special.acosh,
    # Two roots, both nan below the domain, and so all derivatives. Beyond 1e8 the 1 is less than a rounding.
    lambda x, out: where(x <= 1e8, 1.0 / Sqrt(x - 1.0) / Sqrt(x + 1.0), 1.0 / x),
    domain=(Interval(1, math.inf),),
    kinks=lambda x: x - 1.0,
    doc="The inverse of cosh, not negative.",
)
Atanh = Primitive(
    "atanh",
    ieee.atanh,
    lambda x, out: 1.0 / Fma(-x, x, 1.0),
    domain=(Interval(-1, 1, closed=False),),
    doc="The inverse of tanh.",
)

# Special functions

Gaussian = Primitive(
    # Where the value is 0 so is the slope: 2 x may overflow there, and ∞ · 0 would be nan in derivatives of this.
    "gaussian", special.gaussian, lambda x, out: where(out == 0.0, 0.0, -2.0 * (x * out)), doc="e to the power of −x².",
    vanishes="saturated",
)
Erf = Primitive(
    "erf", ieee.erf, lambda x, out: 2.0 / math.sqrt(math.pi) * Gaussian(x), doc="The error function.",
    vanishes="saturated",
)
Erfc = Primitive(
    "erfc", special.erfc, lambda x, out: -2.0 / math.sqrt(math.pi) * Gaussian(x), doc="1 − erf(x), exact for large x.",
    vanishes="saturated",
)
Gamma = Primitive(
    "gamma",
    special.gamma,
    lambda x, out: out * Digamma(x),
    symbol="Γ",
    kinks=_to_pole_of_gamma,
    doc="The gamma function, (x − 1)! of an integer x > 0.",
    mpmath=("gamma", lambda mp, x: mp.gamma(x)),
)
Lgamma = Primitive(
    "lgamma",
    special.lgamma,
    lambda x, out: Digamma(x),
    kinks=_to_pole_of_gamma,
    doc="The logarithm of |Γ(x)|.",
    mpmath=("gamma", lambda mp, x: mp.log(abs(mp.gamma(x)))),
)
Digamma = Primitive(
    "digamma",
    special.digamma,
    lambda x, out: Polygamma(1.0, x),
    symbol="ψ",
    kinks=_to_pole_of_gamma,
    doc="The derivative of log Γ(x).",
)
Polygamma = Primitive(
    "polygamma",
    special.polygamma,
    # The order is an integer: there is no derivative in it.
    lambda n, x, out: (math.nan, Polygamma(n + 1.0, x)),
    arity=2,
    domain=(NOT_NEGATIVE, REAL),
    kinks=lambda n, x: _to_pole_of_gamma(x),
    doc="The n-th derivative of digamma, for an integer n ≥ 0; its gradient in n is nan.",
    orders=(0,), mpmath=("psi", lambda mp, n, x: mp.psi(int(n), x)),
)

# Kinks and steps

Abs = Primitive(
    "abs", ieee.fabs, lambda x, out: Sign(x), symbol="|x|", kinks=lambda x: x, linear=True, doc="|x|; slope 0 at 0.",
    rounding=0.0,
)
Sign = Primitive(
    "sign", special.sign, lambda x, out: 0.0, kinks=lambda x: x, linear=True, doc="−1, 0 or 1; slope 0 everywhere.",
    rounding=0.0, vanishes="flat",
)
Floor = Primitive(
    "floor", ieee.floor, lambda x, out: 0.0, kinks=_to_integer, linear=True, doc="The integer below; slope 0.",
    rounding=0.0, vanishes="flat",
)
Ceil = Primitive(
    "ceil", ieee.ceil, lambda x, out: 0.0, kinks=_to_integer, linear=True, doc="The integer above; slope 0.",
    rounding=0.0, vanishes="flat",
)
Round = Primitive(
    "round",
    ieee.rint,
    lambda x, out: 0.0,
    kinks=lambda x: _to_integer(x + 0.5),
    linear=True,
    doc="The nearest integer, halves to even; slope 0.",
    rounding=0.0, vanishes="flat",
)
FloorDivide = Primitive(
    "floor_divide",
    # Not the floor of the rounded quotient: 1 // 0.1 is 9, though 1 / 0.1 rounds to 10.
    special.floor_quotient,
    lambda a, b, out: (0.0, 0.0),
    symbol="//",
    arity=2,
    kinks=_to_next_jump,
    linear=True,
    doc="Python's a // b: the integer below the exact quotient; slope 0.",
    infix="//", numpy=("floor_divide",), rounding=0.5, vanishes="flat",
)
Mod = Primitive(
    "mod",
    special.python_mod,
    lambda a, b, out: (1.0, -FloorDivide(a, b)),
    symbol="mod",
    arity=2,
    kinks=_to_next_jump,
    linear=True,
    doc="Python's a % b, with the sign of b.",
    infix="%", numpy=("remainder",), rounding=0.5,
)
Fmod = Primitive(
    "fmod",
    ieee.fmod,
    lambda a, b, out: (1.0, -Round((a - out) / b)),
    arity=2,
    kinks=_to_next_jump,
    linear=True,
    doc="C's remainder of a ÷ b, with the sign of a.",
    rounding=0.0,
)
Trunc = Primitive(
    "trunc",
    lambda x: where(x < 0.0, Ceil(x), Floor(x)),
    lambda x, out: 0.0,
    kinks=_to_integer,
    linear=True,
    doc="The integer towards 0; slope 0.",
    rounding=0.0, vanishes="flat",
)
Copysign = Primitive(
    "copysign",
    ieee.copysign,
    lambda a, b, out: (Sign(a) * Copysign(1.0, b), 0.0),
    arity=2,
    kinks=lambda a, b: a * b,
    linear=True,
    doc="|a| with the sign of b.",
    rounding=0.0, hides_nan=lambda a, b: b is None,
)
Identity = Primitive(
    "identity",
    lambda x: x,
    lambda x, out: 1.0,
    symbol="id",
    linear=True,
    doc="x itself: what a function gets for x while it is differentiated inside another.",
    rounding=0.0,
)
Where = Primitive(
    "where", lambda x: x, lambda x, out: 1.0, symbol="where", linear=True, doc="The side that a condition takes.",
    rounding=0.0,
)

# Operations of programs alone: constants, conditions (1 where they hold and 0 elsewhere) and choices, of which plain
# Python makes no operation.

StopGradient = Primitive(
    "stop_gradient",
    lambda x: x,
    lambda x, out: 0.0,
    symbol="stop",
    linear=True,
    auxiliary=True,
    doc="x itself, as if it were constant.",
    rounding=0.0, vanishes="flat",
)
Defined = Primitive(
    "defined",
    lambda a, b: where(b == b, a, b),
    lambda a, b, out: (1.0, 0.0),
    symbol="⊥",
    arity=2,
    linear=True,
    auxiliary=True,
    doc="a, but nan if b is: how derivatives of what is nan become nan.",
    rounding=0.0,
)

Less = Primitive(
    "less",
    lambda a, b: where(a < b, 1.0, 0.0),
    lambda a, b, out: (0.0, 0.0),
    symbol="<",
    arity=2,
    kinks=lambda a, b: a - b,
    linear=True,
    auxiliary=True,
    doc="1 if a < b, else 0.",
    condition=True, infix="<",
)
LessEqual = Primitive(
    "less_equal",
    lambda a, b: where(a <= b, 1.0, 0.0),
    lambda a, b, out: (0.0, 0.0),
    symbol="≤",
    arity=2,
    kinks=lambda a, b: a - b,
    linear=True,
    auxiliary=True,
    doc="1 if a ≤ b, else 0.",
    condition=True, infix="<=",
)
Equal = Primitive(
    "equal",
    lambda a, b: where(a == b, 1.0, 0.0),
    lambda a, b, out: (0.0, 0.0),
    symbol="=",
    arity=2,
    kinks=lambda a, b: a - b,
    linear=True,
    auxiliary=True,
    doc="1 if a = b, else 0.",
    condition=True, infix="==",
)
NotEqual = Primitive(
    "not_equal",
    lambda a, b: where(a != b, 1.0, 0.0),
    lambda a, b, out: (0.0, 0.0),
    symbol="≠",
    arity=2,
    kinks=lambda a, b: a - b,
    linear=True,
    auxiliary=True,
    doc="1 if a ≠ b, else 0.",
    condition=True, infix="!=",
)
Not = Primitive(
    "not",
    lambda x: where(x == 0.0, 1.0, 0.0),
    lambda x, out: 0.0,
    symbol="¬",
    kinks=lambda x: x,
    linear=True,
    auxiliary=True,
    doc="1 if x is 0, else 0.",
    condition=True, of_conditions=True,
)
Both = Primitive(
    "both",
    lambda a, b: where(a == 0.0, 0.0, where(b == 0.0, 0.0, 1.0)),
    lambda a, b, out: (0.0, 0.0),
    symbol="∧",
    arity=2,
    kinks=lambda a, b: a * b,
    linear=True,
    auxiliary=True,
    doc="0 if a or b is 0, else 1.",
    condition=True, of_conditions=True, infix="&",
)
Either = Primitive(
    "either",
    lambda a, b: where(a == 0.0, where(b == 0.0, 0.0, 1.0), 1.0),
    lambda a, b, out: (0.0, 0.0),
    symbol="∨",
    arity=2,
    kinks=lambda a, b: a * b,
    linear=True,
    auxiliary=True,
    doc="0 if a and b are 0, else 1.",
    condition=True, of_conditions=True, infix="|",
)
Select = Primitive(
    "select",
    lambda a, b, c: where(a == 0.0, c, b),
    lambda a, b, c, out: (0.0, where(a == 0.0, 0.0, 1.0), where(a == 0.0, 1.0, 0.0)),
    arity=3,
    kinks=lambda a, b, c: a,
    linear=True,
    auxiliary=True,
    doc="c if a is 0, else b: what `where` is in a function that is compiled.",
    of_conditions=True,
)
Absorb = Primitive(
    "absorb",
    # A product that does not equal itself is nan.
    lambda a, b: where(a * b == a * b, a * b, where(either(a == 0.0, b == 0.0), 0.0, a * b)),
    lambda a, b, out: (b, a),
    symbol="⊗",
    arity=2,
    auxiliary=True,
    doc="a × b, and 0 if a or b is 0, even if the other is infinite or nan: derivatives of a gate.",
)
Gate = Primitive(
    "gate",
    lambda a, b: where(a == 0.0, 0.0, a * b),
    lambda a, b, out: (b, a),
    symbol="⊳",
    arity=2,
    auxiliary=True,
    doc="a × b, and 0 if a is 0, even if b is infinite or nan: how derivatives pass a `where`.",
)

# Extremes. A tied extreme of several variables shares its gradient equally; constants get none of it. Where neither
# a > b nor a <= b holds, an operand is nan: then so is a + b.

Max = Primitive(
    "max",
    lambda a, b: where(a > b, a, where(a <= b, b, a + b)),
    lambda a, b, out: (where(a > b, 1.0, where(a < b, 0.0, 0.5)), where(b > a, 1.0, where(b < a, 0.0, 0.5))),
    arity=2,
    kinks=lambda a, b: a - b,
    beside_constant=lambda x, c, out: where(x > c, 1.0, 0.0),
    linear=True,
    doc="The larger operand, nan if either is; a tie of two variables gives ½ and ½, one with a constant 0.",
    rounding=0.0, vanishes="largest",
)
Min = Primitive(
    "min",
    lambda a, b: where(a < b, a, where(a >= b, b, a + b)),
    lambda a, b, out: (where(a < b, 1.0, where(a > b, 0.0, 0.5)), where(b < a, 1.0, where(b > a, 0.0, 0.5))),
    arity=2,
    kinks=lambda a, b: a - b,
    beside_constant=lambda x, c, out: where(x < c, 1.0, 0.0),
    linear=True,
    doc="The smaller operand, nan if either is; a tie of two variables gives ½ and ½, one with a constant 0.",
    rounding=0.0, vanishes="smallest",
)

# Of any number of operands: one node each. Their kernels are in `nary`.


def _lead_of_the_largest(operands: Sequence[float]) -> float:
    """The lead of the largest operand over the next: zero where the maximum is tied."""
    ordered = sorted(operands, reverse=True)
    return ordered[0] - ordered[1] if len(ordered) > 1 else math.inf


def _lead_of_the_smallest(operands: Sequence[float]) -> float:
    """The lead of the smallest operand over the next: zero where the minimum is tied."""
    ordered = sorted(operands)
    return ordered[1] - ordered[0] if len(ordered) > 1 else math.inf


# The most factors of which each one's cofactor is a product of its own, rounded once; and those of more taken together.
_FEW_FACTORS = 32
_CHUNK = 4
# The bits that a power of two may have at most as a factor of its own: parts of it are in the range of floats.
_PARTS, _MOST_BITS = 5, 4900.0


def _powers_of_two(exponent: Any) -> list[Any]:
    """Factors that together are 2 to this whole number, or to the nearest that a product of five may need."""
    exponent = Max(Min(exponent, _MOST_BITS), -_MOST_BITS)
    part = Floor(exponent / _PARTS)
    return [Exp2(part)] * (_PARTS - 1) + [Exp2(exponent - (_PARTS - 1) * part)]


def _binary_sizes(chunks: Sequence[Sequence[Any]]) -> list[Any]:
    """For each chunk of factors a whole number near the binary logarithm of its product, a constant.

    The sums over neighbours are as near to theirs. Factors 0, inf and nan count as 1.
    """
    sizes = []
    reached: Any = 0.0
    before: Any = 0.0
    for chunk in chunks:
        logarithms = [Log2(Abs(getattr(x, "detach", lambda x=x: x)())) for x in chunk]
        reached = reached + Sum(*[where(Abs(size) < math.inf, size, 0.0) for size in logarithms])
        rounded = Floor(reached)
        sizes.append(rounded - before)
        before = rounded
    return sizes


def _products_without_each(operands: Sequence[Any]) -> list[Any]:
    """For each operand the product of the others.

    Of many they are made by halving: the product without one of a half is that of the other half times what is outside
    of both. So there are not n² factors. The halves are divided by powers of two, that no partial product leaves the
    range of floats; the last product has all in one, and is rounded once more.
    """
    count = len(operands)
    if count <= _FEW_FACTORS:
        return [Prod(*operands[:place], *operands[place + 1 :]) for place in range(count)]
    chunks = [operands[start : start + _CHUNK] for start in range(0, count, _CHUNK)]
    sizes = _binary_sizes(chunks)
    shares = [Prod(*chunk, *_powers_of_two(-size)) for chunk, size in zip(chunks, sizes, strict=True)]
    levels = [shares]
    while len(shares) > 2:
        shares = [Prod(*shares[start : start + 2]) for start in range(0, len(shares), 2)]
        levels.append(shares)
    outside: list[Any] = [None]
    for shares in reversed(levels):
        inside, outside = outside, []
        for place in range(len(shares)):
            around = inside[place // 2]
            if place ^ 1 < len(shares):
                other = shares[place ^ 1]
                around = other if around is None else around * other
            outside.append(around)
    whole = sizes[0]
    for size in sizes[1:]:
        whole = whole + size
    found = []
    for chunk, size, around in zip(chunks, sizes, outside, strict=True):
        powers = _powers_of_two(whole - size)
        found += [Prod(*chunk[:place], *chunk[place + 1 :], around, *powers) for place in range(len(chunk))]
    return found


def _softmax(operands: Sequence[Any]) -> list[Any]:
    """The exponentials' shares of their sum; the largest operand, by which all are shifted, may count as constant."""
    largest = MaxOfMany(*operands)
    largest = getattr(largest, "detach", lambda: largest)()
    # Not Exp(x - largest): the rounding of a large difference would be that of a large exponent.
    powers = [ExpDifference(x, largest) for x in operands]
    total = Sum(*powers)
    # A share p of more than ½ is written in the exponentials of the others: its derivative p (1 − p) is then a product,
    # and not p − p², which has lost the digits of 1 − p. A share of ½ or less has lost none; nan equals no operand.
    leading = where(total < 2.0, largest, math.nan)
    leads = [x == leading for x in operands]
    rest = Sum(*[where(lead, 0.0, power) for lead, power in zip(leads, powers, strict=True)])
    share = 1.0 / (1.0 + rest / (total - rest))
    return [where(lead, share, power / total) for lead, power in zip(leads, powers, strict=True)]


def _shares_of_a_tie(operands: Sequence[Any], out: Any) -> list[Any]:
    """An equal share for each operand that equals the extreme."""
    tied = Sum(*[where(operand == out, 1.0, 0.0) for operand in operands])
    return [where(operand == out, 1.0 / tied, 0.0) for operand in operands]


def _shares_beside_constants(operands: Sequence[Any], uses: Sequence[float], out: Any) -> list[Any]:
    """The shares of the variables, none if a constant ties; each stands in `uses` places, a constant in 0."""
    tied = Sum(*[where(x == out, 1.0 / use if use else math.inf, 0.0) for x, use in zip(operands, uses, strict=True)])
    return [where(x == out, 1.0 / (tied * use), 0.0) if use else 0.0 for x, use in zip(operands, uses, strict=True)]


def _direction(operands: Sequence[Any], length: Any) -> list[Any]:
    """The operands' shares of their length."""
    return [operand / length for operand in operands]


Sum = Primitive(
    "sum",
    None,
    lambda operands, out: (1.0,) * len(operands),
    symbol="Σ",
    arity=None,
    linear=True,
    doc="The sum of all operands, within 1 ulp.",
    rounding=1.0, cancels=True,
)
Prod = Primitive(
    "prod",
    None,
    lambda operands, out: _products_without_each(operands),
    symbol="∏",
    arity=None,
    doc="The product of all operands.",
    rounding=1.0, vanishes="product",
)
Dot = Primitive(
    "dot",
    None,
    lambda operands, out: [*operands[len(operands) // 2 :], *operands[: len(operands) // 2]],
    symbol="·",
    arity=None,
    multiple=2,
    doc="The inner product of the first half of the operands with the second half.",
    rounding=1.0, cancels=True, vanishes="product",
)
Norm = Primitive(
    "norm",
    None,
    lambda operands, out: _direction(operands, Max(out, LEAST)),
    arity=None,
    kinks=lambda operands: math.hypot(*operands),
    doc="The Euclidean length; gradients 0 at the origin, their pole.",
)
Logsumexp = Primitive(
    "logsumexp",
    None,
    lambda operands, out: _softmax(operands),
    arity=None,
    doc="The logarithm of the sum of the exponentials of all operands, without overflow.",
)
MaxOfMany = Primitive(
    "max_of_many",
    None,
    _shares_of_a_tie,
    symbol="max",
    arity=None,
    kinks=_lead_of_the_largest,
    linear=True,
    beside_constant=_shares_beside_constants,
    doc="The largest operand, nan if one is; k tied variables get 1/k each, constants nothing.",
    rounding=0.0, vanishes="largest",
)
MinOfMany = Primitive(
    "min_of_many",
    None,
    _shares_of_a_tie,
    symbol="min",
    arity=None,
    kinks=_lead_of_the_smallest,
    linear=True,
    beside_constant=_shares_beside_constants,
    doc="The smallest operand, nan if one is; k tied variables get 1/k each, constants nothing.",
    rounding=0.0, vanishes="smallest",
)

# fmt: on

attach_kernels(KERNELS | nary.KERNELS)
