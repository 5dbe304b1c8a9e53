"""Random expressions on nodes and, the same operations from another library, in many digits."""

import math
import random

import mpmath

from autograd import (
    Variable,
    atan,
    atan2,
    cos,
    erf,
    exp,
    expm1,
    floor,
    hypot,
    lgamma,
    log,
    log1p,
    logsumexp,
    maximum,
    minimum,
    mod,
    norm,
    prod,
    sigmoid,
    sin,
    softplus,
    sqrt,
    square,
    tanh,
)
from autograd import sum as total

mp = mpmath.mp.clone()
mp.dps = 60

# Each operation on nodes, and on mpmath's numbers.
OF_TWO = [
    (lambda a, b: a + b, lambda a, b: a + b),
    (lambda a, b: a - b, lambda a, b: a - b),
    (lambda a, b: a * b, lambda a, b: a * b),
    (lambda a, b: a / b, lambda a, b: a / b),
    (maximum, max),
    (minimum, min),
    (hypot, mp.hypot),
    (lambda a, b: atan2(a, abs(b)), lambda a, b: mp.atan2(a, abs(b))),
    (mod, lambda a, b: a - b * mp.floor(a / b)),
    (lambda a, b: abs(a) ** b, lambda a, b: abs(a) ** b),
]
OF_ONE = [
    (lambda x: sqrt(abs(x)), lambda x: mp.sqrt(abs(x))),
    (lambda x: log(abs(x)), lambda x: mp.log(abs(x))),
    (exp, mp.exp),
    (expm1, mp.expm1),
    (lambda x: log1p(abs(x)), lambda x: mp.log1p(abs(x))),
    (sin, mp.sin),
    (cos, mp.cos),
    (tanh, mp.tanh),
    (atan, mp.atan),
    (erf, mp.erf),
    (lambda x: lgamma(abs(x) + 0.25), lambda x: mp.loggamma(abs(x) + 0.25)),
    (square, lambda x: x * x),
    (sigmoid, lambda x: 1 / (1 + mp.exp(-x))),
    (softplus, lambda x: mp.log1p(mp.exp(x))),
    (floor, mp.floor),
    (lambda x: -x, lambda x: -x),
]
OF_MANY = [
    (total, mp.fsum),
    (prod, mp.fprod),
    (norm, lambda xs: mp.sqrt(mp.fsum(x * x for x in xs))),
    (logsumexp, lambda xs: mp.log(mp.fsum(mp.exp(x) for x in xs))),
    (lambda xs: maximum(*xs), max),
]


def variable(value, name="x"):
    """A variable with a name."""
    return Variable(value, name=name)


def drawn(rng):
    return rng.choice(
        [rng.uniform(-3.0, 3.0), float(rng.randint(-3, 3)), rng.choice([-1, 1]) * 10 ** rng.uniform(-8.0, 8.0)]
    )


def random_expression(seed, *, leaves=3, most=9):
    """A node of random operations on `leaves` variables, these, and the value with 60 digits.

    The node is the last one that is finite in doubles, with a margin for its exact value.
    """
    rng = random.Random(seed)
    nodes = [Variable(drawn(rng), name=f"x{place}") for place in range(leaves)]
    variables, exact = list(nodes), [mp.mpf(node.value) for node in nodes]
    for _ in range(rng.randint(1, most)):
        table, count = rng.choices([(OF_TWO, 2), (OF_ONE, 1), (OF_MANY, 4)], [5, 4, 1])[0]
        on_nodes, on_numbers = rng.choice(table)
        places = [rng.randrange(len(nodes)) for _ in range(count)]
        chosen, numbers = [nodes[place] for place in places], [exact[place] for place in places]
        try:
            node = on_nodes(chosen) if count == 4 else on_nodes(*chosen)
            number = on_numbers(numbers) if count == 4 else on_numbers(*numbers)
        except (ZeroDivisionError, ValueError, OverflowError):
            break
        if (
            not math.isfinite(node.value)
            or not mp.isfinite(number)
            or not (number == 0 or 1e-250 < abs(number) < 1e250)
        ):
            break
        nodes.append(node)
        exact.append(mp.mpf(number))
    return nodes[-1], variables, exact[-1]
