"""Programs of all kinds, for what writes and reads them."""

import math

from autograd import exp, jit, logsumexp, sin, value_and_grad, where
from autograd.program.program import Program


def branching(x, y):
    return sin(x) * y if x < y else where(y > 0.0, exp(y), x / y) + logsumexp([x, y, -math.inf, 0.1])


def stored_programs():
    """Programs of all kinds: with guards, constants of every sort, many operands, and none of anything."""
    fast = jit(branching)
    fast(0.5, 1.0), fast(1.0, 0.5)
    slopes = jit(value_and_grad(branching, argnums=(0, 1)))
    slopes(1.0, 0.5)
    special = Program(1, [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1], [], [], [0], [], [0, 1, 2, 3, 4, 5, 6])
    named = Program(1, [], [], [], [0], [], [0], [(0, True, "mödel\n\udc80.py", 7)])
    return [
        *[path.program for path in (*fast.paths, *slopes.paths)], special, named, Program(0, [], [], [], [0], [], []),
    ]  # fmt: skip
