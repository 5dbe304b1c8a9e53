"""What the tests of programs share: comparison to the bit, random functions with branches and loops."""

from __future__ import annotations

import itertools
import math
import operator
import struct

import numpy as np
from hypothesis import strategies as st
from test_primitives_oracles import BUILT_IN

from autograd import Node, exp, fabs, maximum, sin, sqrt, tanh, where

EPSILON = math.ulp(1.0) / 2
inf, nan = math.inf, math.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.0, 3.0, inf, -inf, nan, 1e308, -1e308, 5e-324]
FEW = [0.0, -0.0, 1.0, -2.0, inf, nan]
EVERYWHERE = st.one_of(st.sampled_from(SPECIAL), st.floats(-4.0, 4.0), st.floats())
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
# Steps of random functions. What they do to infinities and nans is IEEE's on plain floats, too.
STEPS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "×": lambda a, b: a * b,
    "max": maximum,
    "where": lambda a, b: where(a < b, a * 0.5, b - 1.0),
    "sin": lambda a, b: sin(a) + b,
    "exp": lambda a, b: exp(-fabs(a)) * b,
    "tanh": lambda a, b: tanh(a) - b,
    "sqrt": lambda a, b: sqrt(a * a + 1.0) * b,
}


def bits(number):
    """The number to the bit, all nans alike: equal if two numbers are the same."""
    return "nan" if math.isnan(number) else struct.pack("<d", number)


def leaves(value):
    """The numbers of a value in any structure, nodes as their values."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    if isinstance(value, np.ndarray):
        return [leaf for item in value.ravel().tolist() for leaf in leaves(item)]
    return [value.value if isinstance(value, Node) else float(value)]


def same_bits(got, expected):
    """Whether two values hold the same numbers to the bit."""
    return [bits(number) for number in leaves(got)] == [bits(number) for number in leaves(expected)]


def near(got, expected, roundings=64, scale=0.0):
    """Whether all numbers agree to so many roundings of themselves or of `scale`, and exactly if not finite."""
    one, other = leaves(got), leaves(expected)
    return len(one) == len(other) and all(
        bits(a) == bits(b)
        or a == b
        or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= roundings * EPSILON * max(abs(a), abs(b), scale))
        for a, b in zip(one, other, strict=True)
    )


def points_of(primitive, numbers=SPECIAL):
    """Combinations of the numbers as operands; two pairs of few for any number of operands."""
    if primitive.arity in (1, 2):
        return list(itertools.product(numbers, repeat=primitive.arity))
    return list(itertools.product(FEW, repeat=primitive.arity or 4))


class Branching:
    """A function of two numbers made of assignments, `if`s and `while`s, for running on numbers of any kind."""

    def __init__(self, statements):
        self.statements = statements

    def __call__(self, x, y):
        values = [x, y]
        self.run(self.statements, values)
        return values[0] + values[1]

    def run(self, statements, values):
        """Run the statements on the two variables."""
        for statement in statements:
            if statement[0] == "let":
                _, target, step = statement
                values[target] = STEPS[step](values[target], values[1 - target])
            elif statement[0] == "if":
                _, target, comparison, threshold, yes, no = statement
                self.run(yes if COMPARISONS[comparison](values[target], threshold) else no, values)
            elif statement[0] == "swap":
                values.reverse()
            else:
                _, target, threshold, body = statement
                rounds = 0
                while values[target] < threshold and rounds < 4:
                    self.run(body, values)
                    values[target] = values[target] + 0.75
                    rounds += 1

    def __repr__(self):
        return f"Branching({self.statements!r})"


def branching():
    """Random functions of two numbers with branches and loops."""
    target = st.integers(0, 1)
    threshold = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0])
    simple = st.one_of(st.tuples(st.just("let"), target, st.sampled_from(list(STEPS))), st.just(("swap",)))

    def nested(inner):
        block = st.lists(inner, max_size=3)
        choice = st.tuples(st.just("if"), target, st.sampled_from(list(COMPARISONS)), threshold, block, block)
        loop = st.tuples(st.just("while"), target, threshold, block)
        return st.one_of(inner, choice, loop)

    statement = st.recursive(simple, nested, max_leaves=6)
    return st.lists(statement, min_size=1, max_size=5).map(Branching)


__all__ = [
    "BUILT_IN", "COMPARISONS", "EPSILON", "EVERYWHERE", "FEW", "SPECIAL", "Branching", "bits", "branching", "inf",
    "leaves", "nan", "near", "points_of", "same_bits",
]  # fmt: skip
