"""Primitives of one's own: their operands are those of their value, and what can't be called is said at once."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from autograd import OperandError, Primitive, grad, gradcheck, hessian, jit, vmap

Area = Primitive("area", lambda width, height: width * height, lambda width, height, out: (height, width))
Volume = Primitive("volume", lambda a, b, c: a * b * c, lambda a, b, c, out: (b * c, a * c, a * b))


def test_the_number_of_operands_is_that_of_the_arguments_of_the_value():
    assert (Area.arity, Volume.arity) == (2, 3)
    assert Primitive("scaled", lambda x, factor=2.0: factor * x, lambda x, out: 2.0).arity == 1
    assert Primitive("raised", math.exp, lambda x, out: out).arity == 1
    assert Primitive("any", math.hypot, lambda a, b, out: (a / out, b / out), arity=2)(3.0, 4.0) == 5.0
    assert Primitive("all", sum, lambda values, out: [1.0] * len(values), arity=None)(1.0, 2.0, 3.0) == 6.0


def test_primitives_of_several_operands_work_in_every_way():
    assert grad(lambda x: Area(x, 3.0) ** 2)(2.0) == 36.0
    assert jit(grad(lambda x: Volume(x, x, 2.0)))(3.0) == 12.0
    assert hessian(lambda v: Volume(*v))([1.0, 2.0, 3.0]) == [[0.0, 3.0, 2.0], [3.0, 0.0, 1.0], [2.0, 1.0, 0.0]]
    assert vmap(Area)(np.array([1.0, 2.0]), np.array([3.0, 4.0])).tolist() == [3.0, 8.0]
    assert gradcheck(Area, [2.0, 3.0], order=2)


@pytest.mark.parametrize(
    ("declare", "error", "message"),
    [
        (lambda: Area(2.0), TypeError, r"area takes 2 operand\(s\), got 1; a primitive of another number .* arity="),
        (
            lambda: Primitive("bad", lambda a, b: a * b, lambda a, out: 1.0),
            ValueError,
            r"the rule for the local gradients of primitive 'bad' takes 2 argument\(s\), but gets 3: 2 operands and",
        ),
        (
            lambda: Primitive("bad", lambda a, b: a * b, lambda a, b, out: (b, a), arity=3),
            ValueError,
            r"the value of primitive 'bad' takes 2 argument\(s\), but gets 3: 3 operands \(arity=3\)",
        ),
        (
            lambda: Primitive("bad", lambda x, *, steps: x, lambda x, out: 1.0),
            ValueError,
            "the value of primitive 'bad' needs the argument steps by name, .*close over it",
        ),
        (
            lambda: Primitive("bad", lambda x: x, lambda x, out, *, steps: 1.0),
            ValueError,
            "the rule for the local gradients of primitive 'bad' needs the argument steps by name",
        ),
        (lambda: Primitive("bad", lambda: 1.0, lambda out: 1.0), ValueError, "takes 0 argument"),
        (
            lambda: Primitive("two", lambda x: (x, x), lambda x, out: 1.0)(2.0),
            TypeError,
            r"the value of two must be one number, got tuple \(2\.0, 2\.0\); of several outputs, each is a primitive",
        ),
        (
            lambda: Primitive("none", lambda x: None, lambda x, out: 1.0)(2.0),
            TypeError,
            "one number, got NoneType None",
        ),
    ],
)
def test_what_can_not_be_called_is_refused_with_what_it_would_get(declare, error, message):
    with pytest.raises(error, match=message):
        declare()


def test_settings_of_an_operation_are_closed_over():
    @functools.cache
    def power(n):
        return Primitive(f"power of {n}", lambda x: x**n, lambda x, out: n * x ** (n - 1), registered=False)

    for n in (2, 3):
        assert grad(power(n))(3.0) == jit(grad(power(n)))(3.0) == n * 3.0 ** (n - 1)


def test_a_value_may_be_of_any_type_that_is_a_number():
    assert Primitive("whole", math.trunc, lambda x, out: 0.0)(2.5) == 2.0
    assert type(Primitive("single", np.float32, lambda x, out: 1.0)(0.5)) is float
    with pytest.raises(OperandError, match="area needs a number"):
        Area(2.0, "x")
