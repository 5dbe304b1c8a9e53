"""Random functions of two numbers with branches and loops."""

import operator

from hypothesis import strategies as st

from autograd import exp, fabs, maximum, sin, sqrt, tanh, where

COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
# Steps of random functions. They treat infinities and nans by IEEE's rules on plain floats, too.
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


def deciding(p, x):
    """A function of parameters and a row, which takes four ways."""
    total = p[0] * x[0] + p[1] * x[1]
    if total > 0.0:
        total = total * p[2]
    if x[1] > 0.5:
        total = total + sin(x[0])
    return total * total


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
