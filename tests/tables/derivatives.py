"""Every way to a derivative, and comparisons of their results."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from autograd import Node, grad, gradients, hessian, hvp, jacfwd, jacobian, jacrev, jvp, linearize, value_and_grad, vjp
from tests.tables.roundings import EPSILON

# A closed form and the derivative beside it take some 30 operations each, of half a unit in the last place each.
close = functools.partial(pytest.approx, rel=64 * EPSILON, abs=0.0)

# Every way to the derivative of a function of one number.
DERIVATIVES = {
    "grad": grad,
    "value_and_grad": lambda fun: lambda x: value_and_grad(fun)(x)[1],
    "jacobian": jacobian,
    "jacfwd": jacfwd,
    "jacrev": jacrev,
    "jvp": lambda fun: lambda x: jvp(fun, (x,), (1.0,))[1],
    "vjp": lambda fun: lambda x: vjp(fun, x)[1](1.0)[0],
    "linearize": lambda fun: lambda x: linearize(fun, x)[1](1.0),
}
# Every way to its second derivative in one step.
SECOND_DERIVATIVES = {
    "hessian": hessian,
    "hvp": lambda fun: lambda x: hvp(fun, (x,), (1.0,)),
}
EVERY_DERIVATIVE = pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)
EVERY_TRANSFORM = pytest.mark.parametrize(
    "transform", (DERIVATIVES | SECOND_DERIVATIVES).values(), ids=DERIVATIVES | SECOND_DERIVATIVES
)


def cube(x):
    """The cube."""
    return x**3


def number(result):
    """The plain number; of a node its value."""
    return result.value if isinstance(result, Node) else result


def nested(node, variables, places):
    """The derivative in the variables at these places, taken one after the other, as a node or a number."""
    for place in places:
        node = gradients(node, variables[place], create_graph=True) if isinstance(node, Node) else 0.0
    return node


def leaves(value):
    """The numbers of a value in any structure."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return list(value.ravel()) if isinstance(value, np.ndarray) else [value]


def assert_same(got, expected):
    """The same numbers in the same structure of the same types."""
    # With what failed: pytest shows the values by itself in files of tests alone.
    assert type(got) is type(expected), (got, expected)
    if isinstance(expected, np.ndarray):
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape), (got, expected)
        assert got.tolist() == expected.tolist(), (got, expected)
    elif isinstance(expected, dict):
        assert list(got) == list(expected), (got, expected)
        for key, item in expected.items():
            assert_same(got[key], item)
    elif isinstance(expected, list | tuple):
        assert len(got) == len(expected), (got, expected)
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    else:
        assert got == expected, (got, expected)


def nested_grad(fun, order):
    """The derivative of this order, by `grad` of `grad`."""
    return fun if order == 0 else grad(nested_grad(fun, order - 1))
