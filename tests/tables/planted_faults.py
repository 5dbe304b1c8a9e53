"""Faults as people make them in rules and functions, each with the operation that is to blame.

A fault is a function, a point, and the name that a check should give. `benchmarks/gradcheck.py` puts the same faults
to other checkers.
"""

from __future__ import annotations

import math
import random
from typing import Any, NamedTuple

from autograd import (
    Variable,
    cos,
    exp,
    log,
    sin,
    tanh,
    where,
)  # fmt: skip
from autograd.operations.primitive import Primitive

__all__ = ["FAULTS", "Fault"]


class Fault(NamedTuple):
    """A function with one mistake in it; `blamed` is the operation whose rule or use it is.

    words: what the message should say; order: the order at which the mistake shows.
    """

    name: str
    function: Any
    point: list[Any]
    blamed: str
    words: str = ""
    order: int = 1


def rule(name: str, value: Any, gradients: Any, **options: Any) -> Primitive:
    """A primitive of a user that other programs don't know."""
    return Primitive(name, value, gradients, registered=False, **options)


# Wrong rules of one operand

cube_with_a_wrong_factor = rule("cube", lambda x: x * x * x, lambda x, out: 2.0 * x * x)
cube_with_a_wrong_power = rule("cube", lambda x: x * x * x, lambda x, out: 3.0 * x)
sine_with_a_wrong_sign = rule("sine", math.sin, lambda x, out: -cos(x))
sine_of_degrees = rule(
    "sine_of_degrees", lambda x: math.sin(math.radians(x)), lambda x, out: cos(x * (math.pi / 180.0))
)
tangent_with_a_minus = rule("tangent", math.tan, lambda x, out: 1.0 - out * out)
sigmoid_of_the_input = rule("logistic", lambda x: 1 / (1 + math.exp(-x)), lambda x, out: x * (1.0 - x))
root_inverted = rule("root", math.sqrt, lambda x, out: 2.0 * out)
logarithm_of_base_2 = rule("log_2", math.log2, lambda x, out: 1.0 / x)
reciprocal_with_a_wrong_sign = rule("inverse", lambda x: 1 / x, lambda x, out: out * out)
gaussian_without_the_chain = rule("bell", lambda x: math.exp(-x * x), lambda x, out: out)
constant_slope = rule("softsign", lambda x: x / (1 + abs(x)), lambda x, out: 1.0)
zero_slope = rule("swish", lambda x: x / (1 + math.exp(-x)), lambda x, out: 0.0)
nan_slope = rule("square_root_of_square", lambda x: math.sqrt(x * x), lambda x, out: x * math.nan)
slightly_off = rule("cosine", math.cos, lambda x, out: -1.000003 * sin(x))
right_only_at_one = rule("fourth_power", lambda x: x**4, lambda x, out: 4.0 * x)
value_is_wrong = rule("expm", lambda x: math.exp(x) - x, lambda x, out: exp(x))
off_by_a_shift = rule("shifted", lambda x: math.sin(x + 0.001), lambda x, out: cos(x))

# Wrong rules of several operands

quotient_swapped = rule("quotient", lambda a, b: a / b, lambda a, b, out: (-out / b, 1.0 / b), arity=2)
product_swapped = rule("product", lambda a, b: a * b, lambda a, b, out: (a, b), arity=2)
difference_with_wrong_signs = rule("difference", lambda a, b: a - b, lambda a, b, out: (1.0, 1.0), arity=2)
quotient_without_minus = rule("ratio", lambda a, b: a / b, lambda a, b, out: (1.0 / b, out / b), arity=2)
power_without_the_logarithm = rule("raised", lambda a, b: a**b, lambda a, b, out: (b * out / a, out), arity=2)
distance_dropped_operand = rule("distance", math.hypot, lambda a, b, out: (a / out, 0.0), arity=2)
fused_factor = rule("fused", lambda a, b, c: a * b + 2 * c, lambda a, b, c, out: (b, a, 1.0), arity=3)
lerp_swapped = rule("mix", lambda a, b, t: a + t * (b - a), lambda a, b, t, out: (t, 1.0 - t, b - a), arity=3)
angle_swapped = rule("angle", math.atan2, lambda a, b, out: (-a / (a * a + b * b), b / (a * a + b * b)), arity=2)
mean_undivided = rule("mean", lambda xs: math.fsum(xs) / len(xs), lambda xs, out: [1.0] * len(xs), arity=None)
product_of_all = rule("product_of_all", math.prod, lambda xs, out: [out for _ in xs], arity=None)
variance_missing_mean = rule(
    "spread",
    lambda xs: math.fsum([(x - math.fsum(xs) / len(xs)) ** 2 for x in xs]),
    lambda xs, out: [2.0 * x for x in xs],
    arity=None,
)


def shares_by_value(xs: Any, out: Any) -> list[Any]:
    """The local gradients of a sum of squares, where an operand that comes again gets no second share."""
    met: set[int] = set()
    shares = []
    for x in xs:
        shares.append(0.0 if id(x) in met or x in xs[: len(shares)] else 2.0 * x)
        met.add(id(x))
    return shares


squares_once = rule("sum_of_squares", lambda xs: math.fsum([x * x for x in xs]), shares_by_value, arity=None)

# Wrong at kinks and branches

absolute_of_the_wrong_side = rule("magnitude", abs, lambda x, out: where(x > 0.0, -1.0, 1.0), kinks=lambda x: x)
leaky_with_one_slope = rule("leaky", lambda x: x if x > 0 else 0.1 * x, lambda x, out: 1.0, kinks=lambda x: x)
hinge_outside = rule(
    "hinge",
    lambda x: max(0.0, 1.0 - x),
    lambda x, out: where(x > 1.0, 0.0, where(x < 1.0, -1.0, -2.0)),
    kinks=lambda x: x - 1.0,
)
tie_counted_twice = rule(
    "larger",
    max,
    lambda a, b, out: (where(a >= b, 1.0, 0.0), where(b >= a, 1.0, 0.0)),
    arity=2,
    kinks=lambda a, b: a - b,
)
tie_forgotten = rule(
    "smaller",
    min,
    lambda a, b, out: (where(a < b, 1.0, 0.0), where(b < a, 1.0, 0.0)),
    arity=2,
    kinks=lambda a, b: a - b,
)
branch_condition_reversed = rule(
    "huber",
    lambda x: 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5,
    lambda x, out: where(x * x > 1.0, x, where(x > 0.0, 1.0, -1.0)),
)
clip_that_passes_all = rule("clamp", lambda x: min(max(x, -1.0), 1.0), lambda x, out: 1.0, kinks=lambda x: 1.0 - x * x)
beside_a_constant = rule(
    "at_least",
    max,
    lambda a, b, out: (where(a > b, 1.0, where(a < b, 0.0, 0.5)), where(b > a, 1.0, 0.5)),
    arity=2,
    beside_constant=lambda x, c, out: where(x > c, 2.0, 0.0),
    kinks=lambda a, b: a - b,
)

# Wrong from the second order on

exponential_that_is_cut = rule("cut_exp", math.exp, lambda x, out: exp(x) if isinstance(x, float) else exp(x.detach()))
sine_by_floats = rule("float_sine", math.sin, lambda x, out: math.cos(getattr(x, "value", x)))
declared_linear = rule("linear_square", lambda x: x * x, lambda x, out: 2.0 * x, linear=True)
inner_rule_is_wrong = rule("inner_cosine", math.cos, lambda x, out: sin(x))
sine_by_a_wrong_cosine = rule("outer_sine", math.sin, lambda x, out: inner_rule_is_wrong(x))
half_of_second_order = rule(
    "half_cut", lambda a, b: a * b * b, lambda a, b, out: (b * b, 2.0 * a * getattr(b, "detach", lambda: b)()), arity=2
)

# Wrong functions of right operations


def keeps_a_node() -> Any:
    """A function that computes a part once and for all."""
    kept: list[Any] = []

    def function(x: Any) -> Any:
        if not kept:
            kept.append(x * x)
        return kept[0] * x

    return function


def keeps_a_number() -> Any:
    """A function that adds to a number at each call."""
    calls: list[float] = []

    def function(x: Any) -> Any:
        calls.append(1.0)
        return x * float(len(calls))

    return function


def draws_random_numbers() -> Any:
    """A function with noise."""
    generator = random.Random(1)
    return lambda x: x * (1.0 + 1e-3 * generator.random())


def running_mean(x: Any, y: Any) -> Any:
    """A mean whose count is a plain number that depends on nothing, and whose total is one that does."""
    total = Variable(0.0)
    for number in (x, y, x * y):
        total = total + number.value
    return total * x


def normalised(x: Any) -> Any:
    """A softmax whose denominator is taken as a plain number."""
    powers = [exp(number) for number in x]
    total = math.fsum([power.value for power in powers])
    return powers[0] / total


def straight_through(x: Any) -> Any:
    """An operation that passes on a gradient which its value doesn't have."""
    return (x * x).detach() + (x - x.detach())


def loses_one_use(x: Any) -> Any:
    """A shared node of which one use is detached."""
    shared = exp(x)
    return shared * sin(shared.detach())


FAULTS = [
    Fault("a dropped factor", lambda x: tanh(cube_with_a_wrong_factor(x)) + x, [0.7], "cube", "factor of 0.666667"),
    Fault("a wrong power", lambda x: cube_with_a_wrong_power(x) * 2.0, [2.0], "cube", "it should be 12"),
    Fault("a wrong sign", lambda x: sine_with_a_wrong_sign(x * x), [0.6], "sine", "the sign is wrong"),
    Fault("the unit forgotten", lambda x: sine_of_degrees(x) + x, [30.0], "sine_of_degrees", "factor of 57.2958"),
    Fault("a minus for a plus", tangent_with_a_minus, [0.4], "tangent"),
    Fault("the input for the output", lambda x: sigmoid_of_the_input(x) * 3.0, [0.5], "logistic"),
    Fault("the inverse slope", lambda x: log(root_inverted(x)), [2.0], "root"),
    Fault("a dropped constant", lambda x: logarithm_of_base_2(x) - x, [3.0], "log_2", "factor of 0.693147"),
    Fault("a dropped minus", lambda x: exp(reciprocal_with_a_wrong_sign(x)), [2.0], "inverse", "the sign is wrong"),
    Fault("the inner derivative forgotten", gaussian_without_the_chain, [0.8], "bell", "factor of"),
    Fault("a slope that is one", lambda x: constant_slope(x) * x, [0.5], "softsign"),
    Fault("a slope that is missing", lambda x: zero_slope(sin(x)), [0.5], "swish", "it is missing"),
    Fault("a slope that is nan", lambda x: nan_slope(x) + x, [0.5], "square_root_of_square", "is nan"),
    Fault("three parts in a million", lambda x: slightly_off(x) * x, [1.2], "cosine", "factor of 1"),
    Fault("right at the point that was tried", lambda x: right_only_at_one(x + 1.0), [0.2], "fourth_power"),
    Fault("a value that is wrong", lambda x: value_is_wrong(x) / x, [1.3], "expm"),
    Fault("a small shift", lambda x: off_by_a_shift(2.0 * x), [0.9], "shifted"),
    Fault("swapped operands of a quotient", lambda x, y: quotient_swapped(x, y) + y, [2.0, 3.0], "quotient", "swapped"),
    Fault("swapped operands of a product", lambda x, y: product_swapped(exp(x), y), [0.5, 3.0], "product", "swapped"),
    Fault("two pluses", lambda x, y: difference_with_wrong_signs(x, y) * y, [2.0, 3.0], "difference", "sign is wrong"),
    Fault("a minus in one of two", quotient_without_minus, [2.0, 3.0], "ratio", "the sign is wrong"),
    Fault("a logarithm forgotten", power_without_the_logarithm, [2.0, 3.0], "raised", "factor of"),
    Fault("an operand forgotten", lambda x, y: distance_dropped_operand(x, y) * x, [2.0, 3.0], "distance", "missing"),
    Fault("a factor in the third operand", lambda x: fused_factor(x, x * x, sin(x)), [0.8], "fused"),
    Fault("two of three swapped", lambda x, y: lerp_swapped(x, y, 0.3), [2.0, 5.0], "mix", "swapped"),
    Fault("an angle turned", angle_swapped, [1.0, 2.0], "angle", "swapped"),
    Fault("a mean without its count", lambda x: mean_undivided(*x), [[1.0, 4.0, 2.0]], "mean", "factor of 3"),
    Fault("all factors for the others", lambda x: product_of_all(*x), [[2.0, 3.0, 5.0]], "product_of_all"),
    Fault("the mean's own part", lambda x: variance_missing_mean(*x), [[2.0, 3.0, 5.0]], "spread"),
    Fault("missing accumulation", lambda x, y: squares_once(x, y, x), [2.0, 3.0], "sum_of_squares", "not all shares"),
    Fault("the wrong side of a kink", lambda x: absolute_of_the_wrong_side(x - 1.0), [1.5], "magnitude", "sign"),
    Fault("the other branch", lambda x: leaky_with_one_slope(x) + x * x, [-0.7], "leaky", "factor of 10"),
    Fault("the other branch, near the kink", lambda x: leaky_with_one_slope(x - 1.0), [1.0 - 1e-9], "leaky"),
    Fault("a tie outside its interval", hinge_outside, [1.0], "hinge", "the derivative is not between them"),
    Fault("a tie counted twice", lambda x, y: tie_counted_twice(x, y) + x, [1.5, 1.5], "larger", "along all inputs"),
    Fault("a tie forgotten", lambda x, y: tie_forgotten(x * x, y), [2.0, 4.0], "smaller", "along all inputs"),
    Fault("a condition reversed", lambda x: branch_condition_reversed(x * 2.0), [1.5], "huber"),
    Fault("a clip that lets through", lambda x: clip_that_passes_all(x) * x, [2.5], "clamp"),
    Fault("wrong beside a constant", lambda x: beside_a_constant(x, 1.0), [2.0], "at_least", "factor of 2"),
    Fault("a second order that is cut", exponential_that_is_cut, [0.5], "cut_exp", "first derivatives are right", 2),
    Fault("a rule in plain numbers", lambda x: sine_by_floats(x) * x, [0.5], "float_sine", "plain numbers", 2),
    Fault("no linear operation", lambda x: declared_linear(x) * x, [1.5], "linear_square", "it is declared linear", 2),
    Fault("a rule that uses a wrong one", sine_by_a_wrong_cosine, [0.5], "inner_cosine", "outer_sine uses", 2),
    Fault("half of a second order", half_of_second_order, [2.0, 3.0], "half_cut", "order 2", 2),
    Fault("a node of an earlier call", keeps_a_node(), [2.0], "multiply", "computed in an earlier call"),
    Fault("a number that counts calls", keeps_a_number(), [2.0], "", "the same for the same inputs"),
    Fault("a random number", draws_random_numbers(), [2.0], "", "the same for the same inputs"),
    Fault("a total of plain values", running_mean, [2.0, 3.0], "plus", "as a constant for operand 2"),
    Fault("a denominator of plain values", normalised, [[0.5, 1.0, 2.0]], "divide", "as a constant for operand 2"),
    Fault("a gradient without a value", straight_through, [3.0], "stop_gradient", "derivatives stop at detach"),
    Fault("one use detached", loses_one_use, [0.3], "stop_gradient", "derivatives stop at detach"),
    Fault("a result without a graph", lambda x: x.value**2, [3.0], "", "is a plain number, 9.0, that changes"),
]  # fmt: skip
