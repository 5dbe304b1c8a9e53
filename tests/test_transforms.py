"""The transforms: what may be differentiated, what comes back, how they nest, what they leave alone."""

from __future__ import annotations

import collections
import functools
import gc
import inspect
import itertools
import math
import operator
import pickle
import threading
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_memory import shallow_stack  # noqa: F401 - a fixture
from test_strategies import Dual, apply_to_duals

import autograd
from autograd import (
    ArgumentError,
    Constant,
    DomainError,
    FrozenValueError,
    Node,
    OperandError,
    OutputError,
    Primitive,
    StaleGraphError,
    Variable,
    cos,
    dot,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    hypot,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    log,
    logsumexp,
    maximum,
    minimum,
    no_grad,
    norm,
    scope,
    sin,
    sqrt,
    stop_gradient,
    strict,
    tanh,
    value_and_grad,
    vjp,
    where,
)  # fmt: skip
from autograd.testing import expressions

EPSILON = math.ulp(1.0) / 2
# A closed form and the derivative beside it take some 30 operations each, of half a unit in the last place each.
close = functools.partial(pytest.approx, rel=64 * EPSILON, abs=0.0)
CI = settings(derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
DEEP = 1_000_000 if autograd.compiled else 100_000
WIDE = 100_000 if autograd.compiled else 10_000
ROUNDS = 100_000 if autograd.compiled else 3_000
Point = collections.namedtuple("Point", "x y")

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


def leaves(value):
    """The numbers of a value in any structure."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return list(value.ravel()) if isinstance(value, np.ndarray) else [value]


def sum_of_squares(value):
    """The sum of the squares of all numbers."""
    return autograd.sum([leaf * leaf for leaf in leaves(value)])


def doubled(value):
    """The same structure with twice each number, in floats: the gradient of `sum_of_squares`."""
    if isinstance(value, dict):
        return {key: doubled(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return type(value)._make(map(doubled, value))
    if isinstance(value, list | tuple):
        return type(value)(map(doubled, value))
    return np.asarray(2.0 * value.astype(np.float64)) if isinstance(value, np.ndarray) else 2.0 * float(value)


def assert_same(got, expected):
    """The same numbers in the same structure of the same types."""
    assert type(got) is type(expected)
    if isinstance(expected, np.ndarray):
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        assert got.tolist() == expected.tolist()
    elif isinstance(expected, dict):
        assert list(got) == list(expected)
        for key, item in expected.items():
            assert_same(got[key], item)
    elif isinstance(expected, list | tuple):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    else:
        assert got == expected


def nested_grad(fun, order):
    """The derivative of this order, by `grad` of `grad`."""
    return fun if order == 0 else grad(nested_grad(fun, order - 1))


# In which arguments


@pytest.mark.parametrize("argnums", [0, 1, 2, -1, -3, (0,), (2, 0), [0, 1], (-1, 1)], ids=repr)
def test_argnums_says_in_which_arguments_and_in_which_form(argnums):
    x, y, z = 5.0, 3.0, 2.0
    exact = (y**2 * z**3, 2 * x * y * z**3, 3 * x * y**2 * z**2)
    expected = exact[argnums] if isinstance(argnums, int) else tuple(exact[place] for place in argnums)

    def fun(x, y, z):
        return x * y**2 * z**3

    assert_same(grad(fun, argnums)(x, y, z), expected)
    assert_same(value_and_grad(fun, argnums=argnums)(x, y, z), (360.0, expected))
    for transform in (jacobian, jacfwd, jacrev):
        assert_same(transform(fun, argnums)(x, y, z), expected)


@pytest.mark.parametrize("argnums", [True, 1.0, "0", None, (), [], (0, 1.0), (0, True), {0}, 1j], ids=repr)
@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, jacfwd, jacrev, hessian])
def test_argnums_that_are_no_places_are_refused_when_the_transform_is_made(transform, argnums):
    with pytest.raises(ArgumentError, match="argnums is the place of an argument or a tuple of places, got") as error:
        transform(cube, argnums)
    assert repr(argnums) in str(error.value)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("argnums", [2, -3, (0, 2)], ids=repr)
def test_an_argument_that_is_not_there_is_named_with_how_many_there_are(argnums):
    place = argnums[-1] if isinstance(argnums, tuple) else argnums
    with pytest.raises(ArgumentError, match=rf"in argument {place}, but it was called with 2 argument\(s\) by place$"):
        grad(lambda x, y: x * y, argnums)(1.0, 2.0)


def test_an_argument_given_by_name_is_told_to_go_by_place():
    with pytest.raises(ArgumentError, match=r"0 argument\(s\) by place and by name x; pass by place what is to be"):
        grad(cube)(x=2.0)


@pytest.mark.parametrize("argnums", [(0, 0), (1, -1), (0, 1, -2)], ids=repr)
def test_one_argument_asked_for_twice_is_refused(argnums):
    with pytest.raises(ArgumentError, match="twice in one argument"):
        grad(lambda x, y: x * y, argnums)(1.0, 2.0)


def test_arguments_by_name_and_those_not_differentiated_pass_through_untouched():
    marker, table = object(), [1, 2]
    seen = []

    def fun(x, config, *rest, power, **more):
        seen.append((config, rest, power, more))
        return x**power

    assert grad(fun)(2.0, marker, "a", table, power=3, extra=None) == 12.0
    ((config, rest, power, more),) = seen
    assert config is marker
    assert rest[0] == "a" and rest[1] is table
    assert type(power) is int
    assert more == {"extra": None}


@EVERY_TRANSFORM
def test_the_function_runs_once(transform):
    calls = []

    def fun(x):
        calls.append(x)
        return x * x

    transform(fun)(2.0)
    assert len(calls) == 1


def test_the_function_gets_variables_and_object_arrays_of_them():
    def fun(x, xs, pair):
        assert isinstance(x, Variable)
        assert isinstance(xs, np.ndarray) and xs.dtype == object and xs.shape == (2, 3)
        assert all(isinstance(entry, Variable) for entry in xs.flat)
        assert isinstance(pair, Point) and isinstance(pair.y[0], Variable)
        return x * xs[1, 2] * pair.y[0]

    gradient = grad(fun, (0, 1, 2))(2.0, np.full((2, 3), 3.0), Point(0.0, [5.0]))
    assert_same(gradient, (15.0, np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 10.0]]), Point(0.0, [6.0])))


def test_a_function_may_change_its_containers_without_changing_the_callers():
    array, mapping, listed = np.array([2.0, 3.0]), {"a": 2.0}, [2.0, [3.0]]

    def fun(array, mapping, listed):
        array[0] = array[0] * array[1]
        array *= 2.0
        mapping["a"] = mapping["a"] ** 2
        listed[1].append(listed.pop(0))
        return array[0] + mapping["a"] + listed[0][1]

    assert_same(grad(fun, (0, 1, 2))(array, mapping, listed), (np.array([6.0, 4.0]), {"a": 4.0}, [1.0, [0.0]]))
    assert (array.tolist(), mapping, listed) == ([2.0, 3.0], {"a": 2.0}, [2.0, [3.0]])


# What comes in


@pytest.mark.parametrize(
    "x",
    [3, 0, True, Fraction(7, 2), 2.5, np.float64(2.5), np.float32(1.5), np.float16(0.5), np.longdouble(2.0),
     np.int8(100), np.uint8(200), np.int64(-3), np.bool_(True)],
    ids=repr,
)  # fmt: skip
@EVERY_DERIVATIVE
def test_a_number_of_any_kind_is_differentiated_as_a_float(x, derivative):
    assert_same(derivative(lambda x: x * x)(x), 2.0 * float(x))


ARGUMENTS = {
    "list": [1.0, 2.0],
    "tuple": (1.0, 2.0),
    "nested": [1.0, (2.0, [3.0, ()])],
    "dict": {"b": 1.0, "a": {"c": 2.0, 3: [4.0]}},
    "namedtuple": Point(1.0, [Point(2.0, 3.0)]),
    "list of int": [1, 2],
    "0-d": np.array(3.0),
    "1-d": np.array([1.0, 2.0, 3.0]),
    "2-d": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "3-d of Fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "strided": np.arange(20.0)[::-3],
    "empty": np.zeros(0),
    "empty 2-d": np.zeros((0, 3)),
    "int array": np.array([1, 2]),
    "uint8 array": np.array([200, 255], dtype=np.uint8),
    "bool array": np.array([True, False]),
    "float32 array": np.array([0.1, 0.2], dtype=np.float32),
    "big-endian array": np.array([1.0, 2.0], dtype=">f8"),
    "array of fractions": np.array([Fraction(1, 2), 3], dtype=object),
    "arrays in containers": {"weights": [np.ones((2, 2)), np.zeros(2)], "scale": (2.0,)},
    "empty list": [],
    "empty dict": {},
    "empty tuple": (),
}


@pytest.mark.parametrize("argument", ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_gradient_has_the_structure_of_its_argument_in_floats(argument):
    expected = doubled(argument)
    value = math.fsum(float(leaf) ** 2 for leaf in leaves(argument))
    assert_same(grad(sum_of_squares)(argument), expected)
    assert_same(value_and_grad(sum_of_squares)(argument), (value, expected))
    assert_same(grad(sum_of_squares, (0,))(argument), (expected,))
    for transform in (jacobian, jacfwd, jacrev):
        assert_same(transform(sum_of_squares)(argument), expected)
    value, pullback = vjp(sum_of_squares, argument)
    assert_same((value, pullback(1.0)), (value, (expected,)))


@pytest.mark.parametrize("argument", ARGUMENTS.values(), ids=ARGUMENTS)
def test_second_derivatives_have_the_structure_of_the_argument(argument):
    # The Hessian of the sum of squares is 2, so its product with any tangent is twice that.
    assert_same(hvp(sum_of_squares, (argument,), (argument,)), doubled(argument))
    assert_same(hvp(lambda value, x: sum_of_squares(value) * x, (argument, 2.0), (argument, 0.0))[0],
                doubled(doubled(argument)))  # fmt: skip
    second = hessian(sum_of_squares)(argument)
    rows = leaves(second)
    size = len(leaves(argument))
    assert sorted(rows) == sorted([2.0] * size + [0.0] * (size * size - size))


@pytest.mark.parametrize("argument", ARGUMENTS.values(), ids=ARGUMENTS)
def test_values_and_tangents_have_the_structure_of_the_output(argument):
    def doubling(value):
        if isinstance(value, dict):
            return {key: doubling(item) for key, item in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_make"):
            return type(value)._make(map(doubling, value))
        return type(value)(map(doubling, value)) if isinstance(value, list | tuple) else 2.0 * value

    # Twice an array without axes is a number, in NumPy.
    is_single = isinstance(argument, np.ndarray) and argument.shape == ()
    expected = 2.0 * float(argument) if is_single else doubled(argument)
    assert_same(jvp(doubling, (argument,), (argument,)), (expected, expected))
    value, pushforward = linearize(doubling, argument)
    assert_same((value, pushforward(argument)), (expected, expected))


@pytest.mark.parametrize(
    ("argument", "path", "given"),
    [
        ("2", "argument 0 of cube", "str '2'"),
        (None, "argument 0 of cube", "NoneType None"),
        (1j, "argument 0 of cube", "complex 1j"),
        ({1.0}, "argument 0 of cube", "set {1.0}"),
        (range(3), "argument 0 of cube", "range range(0, 3)"),
        (np.array([1j]), "argument 0 of cube", "ndarray of complex128"),
        (np.array(["a"]), "argument 0 of cube", "ndarray of <U1"),
        (np.datetime64("2020"), "argument 0 of cube", "datetime64"),
        ({"w": [1.0, (2.0, "x")]}, "argument 0 of cube['w'][1][1]", "str 'x'"),
        ([np.array([1.0, None], dtype=object)], "argument 0 of cube[0].flat[1]", "NoneType None"),
        ([np.ones(2), "a" * 99], "argument 0 of cube[1]", "str 'aaaa"),
    ],
    ids=repr,
)
@EVERY_TRANSFORM
def test_a_leaf_that_is_no_number_is_named_with_its_place(transform, argument, path, given):
    with pytest.raises(OperandError) as error:
        transform(cube)(argument)
    message = str(error.value)
    assert message.startswith(f"{path} must be a number, an array, or a nested list, tuple or dict of them, got ")
    assert given in message
    assert len(message) < 250
    assert isinstance(error.value, TypeError)


def test_huge_integers_are_infinite():
    assert grad(lambda x: 2 * x)(10**400) == 2.0
    assert value_and_grad(lambda x: -x)([10**400][0])[0] == -math.inf


# What comes out


@pytest.mark.parametrize(
    "output", [0, 7, True, 2.5, math.inf, Fraction(1, 4), np.float32(0.5), np.bool_(False)], ids=repr
)
@EVERY_DERIVATIVE
def test_a_plain_number_as_the_output_has_derivative_zero(output, derivative):
    assert_same(derivative(lambda x: output)(3.0), 0.0)
    assert_same(value_and_grad(lambda x: output)(3.0)[0], float(output))


@pytest.mark.parametrize("argument", ARGUMENTS.values(), ids=ARGUMENTS)
def test_the_gradient_of_a_constant_is_zeros_in_the_structure_of_the_argument(argument):
    gradient = grad(lambda value: 5)(argument)
    assert leaves(gradient) == [0.0] * len(leaves(argument))
    assert_same(jacobian(lambda value: 5)(argument), gradient)
    assert_same(hvp(lambda value: 5, (argument,), (argument,)), gradient)
    assert set(leaves(hessian(lambda value: 5)(argument))) <= {0.0}


def test_an_argument_itself_may_be_the_output_alone_and_twice():
    assert grad(lambda x: x)(3) == 1.0
    assert_same(jacobian(lambda x: [x, x])(3.0), [1.0, 1.0])
    assert_same(jacobian(lambda x, y: [y, x, x], (0, 1))(3.0, 4.0), [(0.0, 1.0), (1.0, 0.0), (1.0, 0.0)])
    assert_same(vjp(lambda x: (x, x), 3.0)[1]((2.0, 5.0)), (7.0,))
    assert_same(jacobian(lambda xs: xs)(np.ones(2)), np.eye(2))
    assert_same(hessian(lambda x: x)(3.0), 0.0)


def test_one_node_twice_in_the_output_gets_both_cotangents():
    def fun(x):
        square = x * x
        return {"a": square, "b": [square, 1.0]}

    value, pullback = vjp(fun, 3.0)
    assert_same(value, {"a": 9.0, "b": [9.0, 1.0]})
    assert_same(pullback({"a": 1.0, "b": [10.0, 100.0]}), (66.0,))


def test_an_array_partly_of_numbers_is_differentiated():
    def fun(x):
        return np.array([x * x, 1.0, np.float64(2.0), 3, x], dtype=object)

    assert_same(jacobian(fun)(3.0), np.array([6.0, 0.0, 0.0, 0.0, 1.0]))
    assert_same(jvp(fun, (3.0,), (1.0,))[0], np.array([9.0, 1.0, 2.0, 3.0, 3.0]))
    assert_same(jacobian(lambda x: np.ones(2))(3.0), np.zeros(2))


def test_numpy_works_on_arguments():
    matrix, xs = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, 2.0])
    assert_same(jacobian(lambda xs: matrix @ xs)(xs), matrix)
    assert_same(grad(lambda xs: np.sum(np.dot(matrix, xs) * [1.0, 10.0]))(xs), np.array([31.0, 42.0]))
    assert_same(grad(lambda xs: np.prod(xs) + xs.sum() + xs.mean())(xs), np.array([3.5, 2.0]))
    assert grad(np.exp)(1.0) == math.e
    assert grad(sin)(0.5) == math.cos(0.5)
    assert grad(lambda xs: np.exp(xs).sum())(xs).tolist() == close([math.exp(0.5), math.exp(2.0)])


@pytest.mark.parametrize(
    ("output", "given"),
    [
        ([1.0], "[number]"),
        ((), "()"),
        ((1.0, 2.0), "(number, number)"),
        ({"loss": 1.0}, "{'loss': number}"),
        (np.ones(1), "array[1]"),
        (np.ones((2, 3)), "array[2, 3]"),
        ([0.0] * 20, "[number, number, number, number, number, number, number, number, ...]"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian])
def test_a_gradient_of_what_is_not_one_number_is_refused_with_the_way_out(transform, output, given):
    def measured(x):
        return output

    with pytest.raises(OutputError) as error:
        transform(measured)(1.0)
    assert f"needs a function with one number as its output; measured gave {given}. Sum it up, or use jacobian" in str(
        error.value
    )
    assert isinstance(error.value, TypeError)
    with pytest.raises(OutputError, match="hvp needs a function with one number as its output"):
        hvp(measured, (1.0,), (1.0,))


@pytest.mark.parametrize(
    ("output", "path", "given"),
    [
        (None, "", "NoneType None"),
        ("abc", "", "str 'abc'"),
        (1j, "", "complex 1j"),
        (object, "", "type <class 'object'>"),
        ({1.0}, "", "set {1.0}"),
        ([1.0, {"a": None}], "[1]['a']", "NoneType None"),
        (np.array(["a", 1.0], dtype=object), ".flat[0]", "str 'a'"),
        (np.array([1j, 2.0]), "", "ndarray of complex128"),
    ],
    ids=repr,
)
@EVERY_TRANSFORM
def test_an_output_that_is_no_number_is_refused_with_its_place(transform, output, path, given):
    def measured(x):
        return output

    with pytest.raises(OperandError) as error:
        transform(measured)(1.0)
    assert str(error.value).startswith(f"the output of measured{path} must be a number, an array, or a nested list, ")
    assert f"got {given}" in str(error.value)


def test_a_generator_as_the_output_is_refused():
    with pytest.raises(OperandError, match=r"the output of .* must be a number.*, got generator"):
        grad(lambda x: (x for _ in range(2)))(1.0)


def test_only_functions_can_be_differentiated():
    for transform in (grad, value_and_grad, jacobian, jacfwd, jacrev, hessian):
        with pytest.raises(OutputError, match=r"only a function can be differentiated, got float 3\.0"):
            transform(3.0)


def test_losing_a_derivative_to_the_math_module_is_an_error_that_names_the_way():
    with pytest.raises(OperandError, match=r"can't become a plain float.*use autograd\.exp"):
        grad(math.exp)(1.0)
    with pytest.raises(OperandError, match=r"can't become an int"):
        grad(lambda x: [1.0, 2.0][int(x)])(1.0)


# Auxiliary output


def test_aux_comes_back_beside_the_result():
    def fun(x):
        return x**3, "text"

    assert grad(fun, has_aux=True)(2.0) == (12.0, "text")
    assert value_and_grad(fun, has_aux=True)(2.0) == ((8.0, "text"), 12.0)
    for transform in (jacobian, jacfwd, jacrev):
        assert transform(fun, has_aux=True)(2.0) == (12.0, "text")
    assert jvp(fun, (2.0,), (1.0,), has_aux=True) == (8.0, 12.0, "text")
    value, pullback, aux = vjp(fun, 2.0, has_aux=True)
    assert (value, pullback(1.0), aux) == (8.0, (12.0,), "text")
    value, pushforward, aux = linearize(fun, 2.0, has_aux=True)
    assert (value, pushforward(1.0), aux) == (8.0, 12.0, "text")


AUX = {
    "node": (lambda x: x * x, 4.0),
    "argument": (lambda x: x, 2.0),
    "constant node": (lambda x: Constant(5.0) * 2.0, 10.0),
    "list": (lambda x: [x, [x * x]], [2.0, [4.0]]),
    "tuple": (lambda x: (x, (x * x, "a")), (2.0, (4.0, "a"))),
    "dict": (lambda x: {"a": {"b": x}}, {"a": {"b": 2.0}}),
    "object array": (lambda x: np.array([[x, 1.0]], dtype=object), np.array([[2.0, 1.0]])),
    "0-d object array": (lambda x: np.array(x, dtype=object), np.array(2.0)),
    "float array": (lambda x: np.ones(2), np.ones(2)),
    "none": (lambda x: None, None),
    "int": (lambda x: 3, 3),
    "string array": (lambda x: np.array(["a"]), np.array(["a"])),
    "namedtuple": (lambda x: Point(x, [x * x]), Point(2.0, [4.0])),
    "ordered dict": (lambda x: collections.OrderedDict(a=x), collections.OrderedDict(a=2.0)),
    "object array of anything": (
        lambda x: np.array(["a", None], dtype=object),
        np.array(["a", None], dtype=object),
    ),
    "class": (lambda x: {"dtype": np.float64}, {"dtype": np.float64}),
}


@pytest.mark.parametrize(("aux", "expected"), AUX.values(), ids=AUX)
def test_aux_may_be_anything_and_its_nodes_become_numbers(aux, expected):
    gradient, got = grad(lambda x: (x * x, aux(x)), has_aux=True)(2.0)
    assert gradient == 4.0
    assert_same(got, expected)


@pytest.mark.parametrize("returned", [[1.0, 2.0], 1.0, (1.0,), (1.0, 2.0, 3.0), None], ids=repr)
def test_has_aux_without_a_pair_is_an_error_that_says_what_came(returned):
    def fun(x):
        return returned

    for run in (
        lambda: grad(fun, has_aux=True)(1.0),
        lambda: value_and_grad(fun, has_aux=True)(1.0),
        lambda: jvp(fun, (1.0,), (1.0,), has_aux=True),
        lambda: vjp(fun, 1.0, has_aux=True),
    ):
        with pytest.raises(OutputError, match=r"with has_aux, fun must return a pair \(output, aux\), got") as error:
            run()
        assert type(returned).__name__ in str(error.value)


def test_aux_that_depends_on_an_enclosing_variable_keeps_its_derivative():
    def fun(w):
        # The output does not depend on w, only the aux does.
        _, aux = grad(lambda x: (x * x, {"w": [3.0 * w, w * x]}), has_aux=True)(2.0)
        return aux["w"][0] + 10.0 * aux["w"][1]

    assert grad(fun)(5.0) == 23.0


def test_aux_that_depends_on_an_eager_variable_keeps_its_derivative():
    w = Variable(5.0)
    _, aux = grad(lambda x: (x * x, 3.0 * w), has_aux=True)(2.0)
    assert number(aux) == 15.0
    assert gradients(aux, w) == 3.0


# Jacobians and Hessians


def test_a_jacobian_of_an_array_in_an_array_has_both_shapes():
    matrix = np.arange(24.0).reshape(6, 4)
    for transform in (jacobian, jacfwd, jacrev):
        assert_same(transform(lambda xs: (matrix @ xs).reshape(2, 3))(np.zeros(4)), matrix.reshape(2, 3, 4))
        assert_same(transform(lambda xs: matrix.T @ xs.ravel())(np.zeros((2, 3))), matrix.T.reshape(4, 2, 3))
        assert_same(transform(lambda xs: xs[:0])(np.zeros(4)), np.zeros((0, 4)))
        assert_same(transform(lambda xs: np.ones(3))(np.zeros((0, 2))), np.zeros((3, 0, 2)))


def test_a_jacobian_of_a_tree_is_a_tree_of_trees():
    def fun(p, y):
        return {"sum": p["a"] + y, "rest": [p["b"] * y, (p["b"][0] * p["b"][1],)]}

    expected = {
        "sum": ({"a": 1.0, "b": np.zeros(2)}, 1.0),
        "rest": [
            ({"a": np.zeros(2), "b": 7.0 * np.eye(2)}, np.array([2.0, 3.0])),
            (({"a": 0.0, "b": np.array([3.0, 2.0])}, 0.0),),
        ],
    }
    for transform in (jacobian, jacfwd, jacrev):
        assert_same(transform(fun, (0, 1))({"a": 5.0, "b": np.array([2.0, 3.0])}, 7.0), expected)


def test_a_jacobian_of_numbers_in_numbers_is_floats():
    assert_same(jacobian(lambda x: (x[0] * x[1], [x[0]]))([2, 3]), ([3.0, 2.0], [[1.0, 0.0]]))
    assert_same(jacobian(lambda x: [])(2.0), [])
    assert_same(jacobian(lambda x: np.array([x, x * x], dtype=object))(3.0), np.array([1.0, 6.0]))


def test_a_hessian_has_the_structure_of_the_argument_twice():
    def fun(p):
        return p["a"] ** 2 * p["b"][0] * p["b"][1]

    expected = {
        "a": {"a": 30.0, "b": np.array([20.0, 12.0])},
        "b": {"a": np.array([20.0, 12.0]), "b": np.array([[0.0, 4.0], [4.0, 0.0]])},
    }
    assert_same(hessian(fun)({"a": 2.0, "b": np.array([3.0, 5.0])}), expected)
    assert_same(jacfwd(jacrev(fun))({"a": 2.0, "b": np.array([3.0, 5.0])}), expected)


def test_a_hessian_in_several_arguments_is_a_tuple_of_tuples():
    def fun(xs, y):
        return xs[0] * xs[1] * y**2

    exact = ((np.array([[0.0, 25.0], [25.0, 0.0]]), np.array([30.0, 20.0])), (np.array([30.0, 20.0]), 12.0))
    assert_same(hessian(fun, (0, 1))(np.array([2.0, 3.0]), 5.0), exact)
    assert_same(hessian(fun, argnums=(1,))(np.array([2.0, 3.0]), 5.0), ((12.0,),))
    assert_same(hessian(fun, -1)(np.array([2.0, 3.0]), 5.0), 12.0)


def test_a_hessian_of_an_array_has_its_shape_twice():
    def fun(xs):
        return autograd.sum([xs[i, j] * xs[i, (j + 1) % 3] for i in range(2) for j in range(3)])

    got = hessian(fun)(np.ones((2, 3)))
    assert got.shape == (2, 3, 2, 3) and got.dtype == np.float64
    for i, j, k, m in itertools.product(range(2), range(3), range(2), range(3)):
        assert got[i, j, k, m] == (1.0 if i == k and j != m else 0.0)


@CI
@given(expressions(max_leaves=3), st.lists(st.sampled_from([1.0, -1.0, 0.5, 2.0, 0.0]), min_size=3, max_size=3))
def test_forward_and_backward_sweeps_give_the_derivative_of_random_expressions(expression, direction):
    point, direction = list(expression.point), direction[: len(expression.point)]
    duals = [Dual(x, part, abs(part)) for x, part in zip(point, direction, strict=True)]
    exact = expression.evaluate(duals, apply_to_duals)

    def fun(xs):
        return expression(*xs)

    def along(gradient):
        return math.fsum(number(slope) * part for slope, part in zip(gradient, direction, strict=True))

    # Along each path derivatives are multiplied and then added up, in any mode with at most two roundings an edge,
    # or with two more for a slope that a rule gave; `size` is the sum over paths of absolute products.
    edges = sum(len(arguments) for _, arguments in expression.steps) + len(point)
    bound = 8 * edges * EPSILON * exact.size
    assert abs(jvp(fun, (point,), (direction,))[1] - exact.tangent) <= bound
    assert abs(linearize(fun, point)[1](direction) - exact.tangent) <= bound
    for gradient in (grad(fun)(point), jacfwd(fun)(point), jacrev(fun)(point), vjp(fun, point)[1](1.0)[0]):
        assert abs(along(gradient) - exact.tangent) <= bound
    assert abs(along(jacobian(fun, sparse=True)(point).toarray()[0].tolist()) - exact.tangent) <= bound


# Products with derivatives


def test_a_pullback_may_be_called_again_and_again_after_the_run():
    value, pullback = vjp(lambda x, y: [x * y, y * y], 2.0, 3.0)
    assert_same(value, [6.0, 9.0])
    for _ in range(3):
        assert_same(pullback([1.0, 0.0]), (3.0, 2.0))
        assert_same(pullback([0, 1]), (0.0, 6.0))
        assert_same(pullback([np.float32(0.5), 2]), (1.5, 13.0))


def test_a_pushforward_may_be_called_again_and_again_after_the_run():
    value, pushforward = linearize(lambda x, y: {"a": x * y, "b": y * y}, 2.0, 3.0)
    assert_same(value, {"a": 6.0, "b": 9.0})
    for _ in range(3):
        assert_same(pushforward(1.0, 0.0), {"a": 3.0, "b": 0.0})
        assert_same(pushforward(0, 1), {"a": 2.0, "b": 6.0})


def test_pullbacks_of_runs_within_each_other_do_not_mix():
    def outer(x):
        value, pullback = vjp(lambda y: x * y**2, x)
        kept.append(pullback)
        return value + pullback(1.0)[0]

    kept = []
    # x³ + 2x², and the pullback 2x · x · cotangent, whose x is a constant once the outer run is over.
    assert grad(outer)(3.0) == 27.0 + 12.0
    assert number(kept[0](1.0)[0]) == 18.0
    assert number(kept[0](10.0)[0]) == 180.0


def test_a_pullback_of_a_node_can_be_differentiated_in_it():
    _, pullback = vjp(lambda x: x**3, 2.0)
    assert grad(lambda weight: pullback(weight * weight)[0])(3.0) == 72.0
    _, pushforward = linearize(lambda x: x**3, 2.0)
    assert grad(lambda tangent: pushforward(tangent * tangent))(3.0) == 72.0


def test_a_pullback_gives_one_derivative_for_each_argument_in_its_structure():
    _, pullback = vjp(lambda xs, p, y: xs * p["k"] + y, np.ones(2), {"k": 3.0}, 5)
    assert_same(pullback(np.array([1.0, 10.0])), (np.array([3.0, 30.0]), {"k": 11.0}, 11.0))
    assert vjp(lambda: 1.0)[1](1.0) == ()


def test_the_jvp_takes_tangents_in_the_structure_of_its_arguments():
    value, tangent = jvp(lambda xs, p: xs * p["k"], (np.ones(2), {"k": 3.0}), (np.array([1, 2]), {"k": 10}))
    assert_same((value, tangent), (np.array([3.0, 3.0]), np.array([13.0, 16.0])))
    assert jvp(lambda: 1.0, (), ()) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: jvp(cube, 2.0, 1.0), r"jvp takes primals as a tuple .* got float; for one argument write \(primal,\)"),
        (lambda: jvp(cube, (2.0,), 1.0), r"jvp takes tangents as a tuple .*; for one argument write \(tangent,\)"),
        (lambda: hvp(cube, np.ones(2), (1.0,)), r"hvp takes primals as a tuple .* got ndarray"),
        (lambda: jvp(cube, (2.0,), (1.0, 2.0)), r"jvp needs tangents in the structure of the arguments, \(number\), got"
                                                r" \(number, number\)"),
        (lambda: hvp(cube, (2.0,), ([1.0],)), r"hvp needs tangents .* \(number\), got \(\[number\]\)"),
        (linearize(cube, 2.0)[1], r"linearize needs tangents .* \(number\), got \(\)"),
        (lambda: vjp(lambda x: [x, x], 2.0)[1](1.0), r"vjp needs cotangents .* output, \[number, number\], got number"),
        (lambda: vjp(lambda x: x, np.ones(3))[1](np.ones(2)), r"vjp needs cotangents .* array\[3\], got array\[2\]"),
        (lambda: vjp(lambda x: x, np.ones(2))[1]([1.0, 1.0]), r"array\[2\], got \[number, number\]"),
    ],
)  # fmt: skip
def test_tangents_in_another_structure_are_refused(run, message):
    with pytest.raises(ArgumentError, match=message):
        run()


def test_a_cotangent_that_is_no_number_is_refused():
    with pytest.raises(OperandError, match=r"the cotangents\[1\] must be a number.*got str 'a'"):
        vjp(lambda x: [x, x], 2.0)[1]([1.0, "a"])
    with pytest.raises(OperandError, match=r"the tangents\[0\] must be a number.*got NoneType None"):
        jvp(cube, (2.0,), (None,))


def test_dicts_in_another_order_have_the_same_structure():
    def fun(p):
        return p["a"] ** 2 * p["b"]

    primal, tangent = {"a": 3.0, "b": 5.0}, {"b": 1.0, "a": 10.0}
    assert jvp(fun, (primal,), (tangent,)) == (45.0, 309.0)
    assert_same(hvp(fun, (primal,), (tangent,)), {"a": 106.0, "b": 60.0})


def test_the_hessian_product_of_several_arguments_is_the_derivative_of_the_whole_gradient():
    def fun(x, ys):
        return x**2 * ys[0] * ys[1]

    # H = [[2ab, 2xb, 2xa], [2xb, 0, x²], [2xa, x², 0]]
    assert_same(hvp(fun, (2.0, [3.0, 5.0]), (1.0, [10.0, 100.0])), (1430.0, [420.0, 52.0]))
    assert_same(hvp(fun, [2.0, (3.0, 5.0)], [1, (0, 0)]), (30.0, (20.0, 12.0)))
    assert_same(hvp(lambda xs: fun(xs[0], xs[1:]), (np.array([2.0, 3.0, 5.0]),), (np.array([1.0, 10.0, 100.0]),)),
                np.array([1430.0, 420.0, 52.0]))  # fmt: skip


@pytest.mark.parametrize("inside", [False, True], ids=["on numbers", "on nodes"])
def test_hessian_products_are_rows_of_the_hessian(inside):
    xs = [0.3, 0.7, -0.4]
    nodes = [Variable(x) for x in xs] if inside else xs

    def fun(xs):
        return exp(xs[0] * xs[1]) * sin(xs[2]) + logsumexp(xs) * dot(xs, xs) + tanh(xs[0]) ** 3

    full = hessian(fun)(nodes)
    for place, row in enumerate(full):
        product = hvp(fun, (nodes,), ([float(place == other) for other in range(3)],))
        # Entries cancel by up to a digit.
        assert [number(entry) for entry in product] == pytest.approx([number(entry) for entry in row], rel=1e-13)


# Control flow


def test_branches_on_values_are_plain_python():
    def fun(x):
        if x > 1:
            return x**3
        return -x if x < 0 else 2 * x

    assert [grad(fun)(x) for x in (2.0, -1.0, 0.5)] == [12.0, -1.0, 2.0]
    assert hessian(fun)(2.0) == 12.0


def test_loops_end_where_values_say():
    def newton(a):
        x = a
        while abs(x * x - a).value > 1e-15 * a.value:
            x = 0.5 * (x + a / x)
        return x

    assert grad(newton)(2.0) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-12)

    def early(xs):
        total = 0.0
        for x in xs:
            total = total + x * x
            if total > 5:
                break
        return total

    assert_same(grad(early)([1.0, 2.0, 3.0, 4.0]), [2.0, 4.0, 6.0, 0.0])


def test_recursion_and_generators_work():
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    assert [nested_grad(lambda x: power(x, 5), order)(2.0) for order in range(1, 6)] == [
        80.0,
        160.0,
        240.0,
        240.0,
        120.0,
    ]
    assert grad(lambda x: power(x, 0))(2.0) == 0.0

    def powers(x):
        term = x
        while True:
            yield term
            term = term * x

    assert grad(lambda x: sum(itertools.islice(powers(x), 4)))(2.0) == 1 + 4 + 12 + 32
    assert grad(lambda xs: functools.reduce(operator.mul, (x * x for x in xs)))([2.0, 3.0]) == [36.0, 24.0]


def test_a_generator_may_be_suspended_over_other_transforms():
    def squares(x):
        for n in itertools.count(1):
            yield n * x**2

    def fun(x):
        source = squares(x)
        total = next(source)
        total = total + grad(lambda y: y**3 * x)(2.0)
        return total + next(source) * grad(lambda y: next(source) * y)(1.0)

    # x² + 12x + 2x² · 3x²
    assert grad(fun)(2.0) == 4.0 + 12.0 + 24.0 * 8.0


class Broken(Exception):
    pass


@EVERY_TRANSFORM
def test_an_exception_in_the_function_leaves_clean_state_behind(transform):
    kept = []
    w = Variable(1.0)

    def fails(x):
        kept.append(x)
        grad(lambda y: x * y)(2.0)
        raise Broken

    for argument in (2.0, w * 1.0):
        with pytest.raises(Broken):
            transform(fails)(argument)
    leaf, node = kept
    # Nobody differentiates in them any more: one is constant, the other depends on w alone and is no tied variable.
    assert isinstance(leaf * 2.0, Constant)
    assert number(grad(lambda x: maximum(x, node))(1.0)) == 0.0
    assert gradients(node * 3.0, w) == 3.0
    assert nested_grad(cube, 2)(2.0) == 12.0


def test_an_exception_deep_inside_passes_through_all_levels():
    kept = []

    def fails(z, x, y):
        kept.extend([x, y, z])
        raise Broken

    with pytest.raises(Broken):
        grad(lambda x: jacfwd(lambda y: hessian(lambda z: fails(z, x, y))(x * y))(x))(2.0)
    assert all(number(grad(lambda x, node=node: maximum(x, node))(node.value)) == 0.0 for node in kept)
    assert grad(lambda x: grad(lambda y: x * y)(x) * x)(3.0) == 6.0


@pytest.mark.parametrize("returned", [None, "text", [None]], ids=repr)
def test_a_wrong_output_leaves_clean_state_behind(returned):
    kept = []

    def fun(x):
        kept.append(x)
        return returned

    with pytest.raises(OperandError):
        grad(fun)(2.0)
    with pytest.raises(OutputError):
        grad(fun, has_aux=True)(2.0)
    assert all(isinstance(x * 2.0, Constant) for x in kept)


def test_exceptions_caught_inside_the_function_are_its_own_affair():
    def fun(x):
        try:
            grad(lambda y: [y])(x)
        except OutputError:
            return x * x
        raise AssertionError

    assert nested_grad(fun, 2)(3.0) == 2.0


# Nesting


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(DERIVATIVES, repeat=2)))
def test_perturbations_of_different_levels_are_not_confused(outer, inner):
    outer, inner = DERIVATIVES[outer], DERIVATIVES[inner]
    # J. M. Siskind and B. A. Pearlmutter, "Perturbation confusion and referential transparency" (2005): 1, not 2.
    assert number(outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0)) == 1.0
    assert number(outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0)) == 6.0
    assert number(outer(lambda x: inner(lambda y: x**2 * y**3)(x))(2.0)) == 96.0
    assert number(outer(lambda x: inner(lambda y: x)(1.0) + x)(2.0)) == 1.0


MODES = {"f": jacfwd, "r": jacrev}


@pytest.mark.parametrize("modes", ["".join(letters) for letters in itertools.product(MODES, repeat=4)])
def test_every_order_of_forward_and_reverse_gives_the_fourth_derivative(modes):
    def nested(fun):
        for letter in modes:
            fun = MODES[letter](fun)
        return fun

    assert nested(lambda x: x**5)(2.0) == 240.0
    # (e^x sin x)'''' = -4 e^x sin x
    assert nested(lambda x: exp(x) * sin(x))(0.7) == close(-4.0 * math.exp(0.7) * math.sin(0.7))
    assert nested(lambda x: 1.0 / x)(2.0) == 24.0 / 32.0
    assert nested(log)(2.0) == -6.0 / 16.0


@pytest.mark.parametrize("order", range(1, 5))
def test_nested_gradients_are_the_closed_forms(order):
    x = 0.7
    assert nested_grad(sin, order)(x) == close([cos, lambda x: -sin(x), lambda x: -cos(x), sin][order - 1](x))
    assert nested_grad(lambda x: exp(2.0 * x), order)(x) == close(2.0**order * math.exp(1.4))
    assert nested_grad(sqrt, order)(4.0) == [0.25, -1 / 32, 3 / 256, -15 / 2048][order - 1]


@pytest.mark.parametrize("second", SECOND_DERIVATIVES.values(), ids=SECOND_DERIVATIVES)
def test_second_derivatives_nest_in_themselves_and_in_gradients(second):
    def fun(x):
        return x**6

    assert number(second(second(fun))(2.0)) == 360.0 * 4.0
    assert number(grad(second(fun))(2.0)) == 120.0 * 8.0
    assert number(second(grad(fun))(2.0)) == 120.0 * 8.0
    assert number(jacfwd(second(jacrev(fun)))(2.0)) == 360.0 * 4.0
    assert number(grad(lambda a: second(lambda x: a * x**3)(a))(2.0)) == 24.0


def test_closures_over_outer_variables_at_every_level():
    def fun(a):
        # d/dc at c = b: 3b³a; times b²a: 3a²b⁵; d/db at b = a: 15a⁶.
        return grad(lambda b: b**2 * a * grad(lambda c: c**3 * b * a)(b))(a)

    assert number(fun(2.0)) == 960.0
    assert grad(fun)(2.0) == 90.0 * 32.0
    assert hessian(fun)(2.0) == 450.0 * 16.0
    assert jacfwd(jacfwd(fun))(2.0) == 450.0 * 16.0
    assert nested_grad(fun, 3)(2.0) == 1800.0 * 8.0


def test_an_inner_function_may_ignore_its_own_argument_or_the_outer_one():
    assert grad(lambda x: grad(lambda y: x * x)(1.0))(3.0) == 0.0
    assert grad(lambda x: grad(lambda y: y * y)(5.0))(3.0) == 0.0
    assert grad(lambda x: value_and_grad(lambda y: x * x)(1.0)[0])(3.0) == 6.0


def test_mixed_partial_derivatives_of_nested_calls():
    def fun(x, y, z):
        return x * y**2 * z**3

    mixed = grad(grad(grad(fun, 0), 1), 2)
    assert mixed(5.0, 3.0, 2.0) == 2 * 3.0 * 3 * 4.0
    assert grad(grad(grad(fun, 2), 2), 2)(5.0, 3.0, 2.0) == 6 * 45.0
    gradient = grad(lambda x, y: grad(fun, (0, 1, 2))(x, y, 2.0)[1], (0, 1))
    assert_same(gradient(5.0, 3.0), (2 * 3.0 * 8.0, 2 * 5.0 * 8.0))


def test_transforms_over_the_products_of_others():
    def fun(x):
        return x**3

    assert grad(lambda x: jvp(fun, (x,), (x,))[1])(2.0) == 36.0
    assert grad(lambda t: jvp(fun, (2.0,), (t,))[1])(5.0) == 12.0
    assert grad(lambda x: vjp(fun, x)[1](x)[0])(2.0) == 36.0
    assert grad(lambda x: linearize(fun, 2.0)[1](x * x))(3.0) == 72.0
    assert grad(lambda x: hvp(fun, (x,), (x,)))(2.0) == 24.0
    assert grad(lambda t: hvp(fun, (2.0,), (t * t,)))(5.0) == 120.0
    assert jvp(lambda x: jvp(fun, (x,), (1.0,))[1], (2.0,), (10.0,)) == (12.0, 120.0)
    assert jvp(grad(fun), (2.0,), (1.0,)) == (12.0, 12.0)
    assert_same(jacobian(grad(lambda xs: xs[0] * xs[1] ** 2))(np.array([2.0, 3.0])), np.array([[0.0, 6.0], [6.0, 4.0]]))


def test_a_jacobian_of_a_hessian_has_three_axes():
    third = jacobian(hessian(lambda xs: xs[0] * xs[1] * xs[2]))(np.array([2.0, 3.0, 5.0]))
    assert third.shape == (3, 3, 3) and third.dtype == np.float64
    for places in itertools.product(range(3), repeat=3):
        assert third[places] == float(len(set(places)) == 3)


def test_a_step_of_descent_can_be_differentiated_in_its_rate():
    def loss(x):
        return (x - 3.0) ** 2

    def after(rate):
        x = 0.0
        for _ in range(3):
            x = x - rate * grad(loss)(x)
        return loss(x)

    # x after n steps is 3 (1 - (1 - 2 rate)ⁿ), so the loss is 9 (1 - 2 rate)⁶.
    assert grad(after)(0.25) == 9.0 * 6 * 0.5**5 * -2.0
    assert nested_grad(after, 2)(0.25) == 9.0 * 30 * 0.5**4 * 4.0


def test_an_argument_that_is_a_node_gives_nodes_that_can_be_differentiated():
    x = Variable(2.0)
    y = x * x
    slope = grad(cube)(y)
    assert isinstance(slope, Node) and slope.value == 48.0
    assert x.grad == 0.0
    slope.backward()
    assert x.grad == 12.0 * 8.0
    value, slope = value_and_grad(cube)(y)
    assert (value.value, gradients(value, x), gradients(slope, x)) == (64.0, 6.0 * 32.0, 96.0)


@EVERY_TRANSFORM
def test_every_transform_gives_a_node_for_a_node(transform):
    x = Variable(2.0)
    result = transform(lambda x: x**4)(x)
    assert isinstance(result, Node)
    order = 2 if transform in SECOND_DERIVATIVES.values() else 1
    assert result.value == [32.0, 48.0][order - 1]
    assert gradients(result, x) == [48.0, 48.0][order - 1]
    slope = gradients(result, x, create_graph=True)
    assert gradients(slope, x) == [48.0, 24.0][order - 1]


def test_an_argument_partly_of_nodes_keeps_its_structure():
    w = Variable(3.0)
    gradient = grad(lambda p: p["a"][0] * p["a"][1] ** 2 * p["b"])({"a": np.array([w, 2.0], dtype=object), "b": 5})
    assert list(gradient) == ["a", "b"]
    assert isinstance(gradient["a"], np.ndarray) and gradient["a"].dtype == object
    assert [number(slope) for slope in gradient["a"]] == [20.0, 60.0]
    assert number(gradient["b"]) == 12.0
    assert gradients(gradient["a"][1], w) == 20.0
    assert gradients(gradient["b"], w) == 4.0
    matrix = jacobian(lambda xs: xs * xs)(np.array([w, 2.0], dtype=object))
    assert matrix.shape == (2, 2) and [number(entry) for entry in matrix.ravel()] == [6.0, 0.0, 0.0, 4.0]
    assert gradients(matrix[0, 0], w) == 2.0


def test_an_argument_that_is_a_constant_gives_floats():
    assert_same(grad(cube)(Constant(2.0)), 12.0)
    assert_same(grad(cube)(Variable(2.0).detach()), 12.0)
    assert_same(value_and_grad(cube)(Constant(2.0)), (8.0, 12.0))


def test_results_serve_in_eager_graphs():
    x, w = Variable(2.0), Variable(5.0)
    loss = w * grad(cube)(x) + hessian(cube)(x) * x
    loss.backward()
    # 5 · 3x² + 6x²
    assert (loss.value, x.grad, w.grad) == (84.0, 84.0, 12.0)


def test_a_node_kept_from_one_run_is_a_constant_in_the_next():
    kept = []

    def fun(x):
        kept.append(x * 3.0)
        return x * kept[0]

    assert grad(fun)(2.0) == 12.0
    assert number(grad(fun)(5.0)) == 6.0
    assert number(hessian(fun)(5.0)) == 0.0
    assert number(grad(lambda x: maximum(x, kept[0]))(6.0)) == 0.0


def test_a_node_kept_from_an_inner_run_is_a_constant_in_the_outer_one():
    def fun(x):
        kept = []

        def inner(y):
            kept.append(y * y)
            kept.append(x * y)
            return y**3

        slope = grad(inner)(2.0)
        # y is 2 for ever: y² is 4 and xy is 2x.
        return slope * x + kept[0] * x + kept[1] * x

    assert grad(fun)(5.0) == 12.0 + 4.0 + 20.0
    assert nested_grad(fun, 2)(5.0) == 4.0


def test_a_leaked_node_can_still_be_read_and_swept():
    kept = []
    grad(lambda x: kept.append(x * x) or x)(3.0)
    (node,) = kept
    assert node.value == 9.0
    node.backward()
    w = Variable(2.0)
    (node * w).backward()
    assert w.grad == 9.0


# Variables that the function closes over


def test_nobodys_grad_is_touched():
    x, w = Variable(2.0), Variable(3.0)
    y = x * w
    y.backward(10.0)
    before = (x.grad, w.grad, y.grad)

    def fun(a):
        return w * a**2 * y

    for transform in (DERIVATIVES | SECOND_DERIVATIVES).values():
        transform(fun)(x)
        transform(fun)(2.0)
        grad(transform(fun))(x)
    assert (x.grad, w.grad, y.grad) == before
    fresh = Variable(1.0)
    grad(lambda a: a * fresh)(2.0)
    assert (fresh.grad, fresh.reached) == (0.0, False)


@EVERY_DERIVATIVE
def test_a_closed_over_variable_can_be_differentiated_in(derivative):
    w = Variable(3.0)
    slope = derivative(lambda x: w**2 * x**3)(2.0)
    assert isinstance(slope, Node)
    assert (slope.value, gradients(slope, w)) == (108.0, 72.0)
    second = derivative(derivative(lambda x: w**2 * x**3))(2.0)
    assert (second.value, gradients(second, w)) == (108.0, 72.0)


def test_a_loss_of_derivatives_trains_the_variables_behind_them():
    # What a network that solves u' = -u minimizes: u(t) = a tanh(bt), r = u' + u = a (b s + T), s = 1 - T².
    a, b, t = Variable(0.8), Variable(1.3), 0.6
    u, slope = value_and_grad(lambda t: a * tanh(b * t))(t)
    loss = (slope + u) ** 2
    loss.backward()
    T = math.tanh(1.3 * t)
    s = 1.0 - T * T
    r = 0.8 * (1.3 * s + T)
    assert loss.value == close(r * r)
    assert a.grad == close(2.0 * r * (1.3 * s + T))
    assert b.grad == close(2.0 * r * 0.8 * (s - 1.3 * 2.0 * T * s * t + s * t))


def test_a_loss_of_second_derivatives_trains_the_variables_behind_them():
    w = Variable(1.5)
    residual = hessian(lambda t: sin(w * t))(0.4) + 4.0 * sin(w * 0.4)
    residual.backward()
    # (4 - w²) sin(wt)
    assert residual.value == close((4.0 - 2.25) * math.sin(0.6))
    assert w.grad == close(-3.0 * math.sin(0.6) + 1.75 * 0.4 * math.cos(0.6))


def test_a_result_that_does_not_depend_on_the_closed_over_variable_is_a_float():
    w = Variable(3.0)
    assert_same(grad(lambda x: x**2 + 0.0 * stop_gradient(w))(2.0), 4.0)
    unused = []
    assert_same(grad(lambda x: unused.append(w * x) or x**2)(2.0), 4.0)


def test_a_variable_made_inside_is_no_argument():
    assert number(grad(lambda x: x * Variable(3.0))(2.0)) == 3.0
    with pytest.raises(OperandError, match="Variable needs a number, got the node"):
        grad(lambda x: Variable(x) * 2.0)(2.0)


def test_a_sweep_inside_the_function_leaves_the_transform_alone():
    w = Variable(2.0)
    seen = []

    def fun(x):
        loss = w * w * x
        loss.backward()
        seen.append((w.grad, x.grad))
        return loss * x

    slope = grad(fun)(3.0)
    assert slope.value == 2.0 * 4.0 * 3.0
    assert seen == [(12.0, 4.0)]
    assert gradients(slope, w) == 24.0
    assert grad(lambda x: gradients(x**3, x) * x)(2.0) == 12.0
    assert grad(lambda x: gradients(x**3, x, create_graph=True) * x)(2.0) == 36.0


# Kinks


def test_a_closed_over_variable_is_constant_at_a_tie():
    w = Variable(1.0)
    for derivative in DERIVATIVES.values():
        assert number(derivative(lambda x: maximum(x, w))(1.0)) == 0.0
        assert number(derivative(lambda x: minimum(w, x))(1.0)) == 0.0
        assert number(derivative(lambda x: maximum(x, w, 0.0))(1.0)) == 0.0
        assert number(derivative(lambda x: maximum(x, w * 1.0))(1.0)) == 0.0
        assert number(derivative(lambda x: 1.0 * maximum(x * x, w) ** 2)(1.0)) == 0.0
    assert [number(slope) for slope in grad(lambda xs: maximum(*xs, w))([1.0, 1.0])] == [0.0, 0.0]


def test_an_enclosing_transforms_variable_shares_a_tie():
    for outer, inner in itertools.product(DERIVATIVES.values(), repeat=2):
        assert number(outer(lambda w: inner(lambda x: maximum(x, w))(1.0) * w)(1.0)) == 0.5
        assert number(outer(lambda w: inner(lambda x: maximum(2.0 * w, 2.0 * x))(1.0) * w)(1.0)) == 1.0
        assert number(outer(lambda w: inner(lambda x: maximum(x, w, x * 1.0))(1.0) * w)(1.0)) == close(2 / 3)


def test_several_arguments_share_a_tie_among_themselves():
    assert_same(grad(maximum, (0, 1))(1.0, 1.0), (0.5, 0.5))
    assert_same(grad(maximum, (1,))(1.0, 1.0), (0.0,))
    assert_same(grad(lambda xs: maximum(*xs))([2.0, 2.0, 1.0, 2.0]), [1 / 3, 1 / 3, 0.0, 1 / 3])
    assert_same(grad(lambda xs: maximum(xs[0], 2.0 * xs[1], stop_gradient(xs[2])))([2.0, 1.0, 2.0]), [0.0, 0.0, 0.0])
    assert_same(grad(lambda x: maximum(x, x, x * 1.0))(1.0), 1.0)
    assert_same(grad(lambda x: maximum(x, 0.0))(0.0), 0.0)
    x = Variable(1.0)
    assert [number(slope) for slope in grad(maximum, (0, 1))(x, x)] == [0.5, 0.5]


def test_at_a_tie_with_an_argument_of_a_run_that_is_over_the_variable_is_alone():
    # Outside of the inner run its arguments are the numbers 1 and ½.
    assert grad(lambda w: value_and_grad(lambda x: maximum(2.0 * x, w))(0.5)[0])(1.0) == 0.0
    assert grad(lambda w: value_and_grad(lambda x: maximum(x, w))(1.0)[0])(1.0) == 0.0
    assert grad(lambda w: vjp(lambda x: maximum(w, x), 1.0)[0])(1.0) == 0.0


def test_lengths_have_slope_zero_at_the_origin_beside_anything():
    w = Variable(0.0)
    assert_same(grad(hypot, (0, 1))(0.0, 0.0), (0.0, 0.0))
    assert_same(hessian(hypot, (0, 1))(0.0, 0.0), ((0.0, 0.0), (0.0, 0.0)))
    assert number(grad(lambda x: hypot(x, w))(0.0)) == 0.0
    assert [number(slope) for slope in grad(lambda xs: norm([*xs, w]))([0.0, 0.0])] == [0.0, 0.0]
    assert grad(lambda w: grad(lambda x: hypot(x, w))(0.0) * w + w)(0.0) == 1.0
    assert_same(grad(abs)(0.0), 0.0)


@EVERY_DERIVATIVE
def test_the_side_that_is_not_taken_gives_nothing(derivative):
    def fun(x):
        return where(x > 0, sqrt(x), x * x)

    assert derivative(fun)(0.0) == 0.0
    assert derivative(derivative(fun))(0.0) == 2.0
    assert hessian(fun)(0.0) == hvp(fun, (0.0,), (1.0,)) == 2.0


# Modes


def test_outside_no_grad_results_are_nodes_and_inside_the_same_numbers():
    w, xs = Variable(0.3), [Variable(0.7), 0.4]

    def fun(xs):
        return exp(w * xs[0]) * sin(xs[1]) + w * xs[0] ** 3

    runs = [
        lambda: grad(fun)(xs),
        lambda: value_and_grad(fun)(xs),
        lambda: jacfwd(fun)(xs),
        lambda: hessian(fun)(xs),
        lambda: jacobian(grad(fun))(xs),
        lambda: hvp(fun, (xs,), ([1.0, 2.0],)),
        lambda: jvp(fun, (xs,), ([1.0, 2.0],)),
        lambda: vjp(fun, xs)[1](2.0),
    ]
    for run in runs:
        nodes = run()
        with no_grad():
            numbers = run()
        assert all(isinstance(leaf, Node) for leaf in leaves(nodes))
        assert all(type(leaf) is float for leaf in leaves(numbers))
        assert leaves(numbers) == close([leaf.value for leaf in leaves(nodes)])


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda tangent: hvp(cube, (2.0,), (tangent,)), 24.0),
        (lambda tangent: jvp(cube, (2.0,), (tangent,))[1], 24.0),
        (linearize(cube, 2.0)[1], 24.0),
        (lambda tangent: vjp(cube, 2.0)[1](tangent)[0], 24.0),
    ],
    ids=["hvp", "jvp", "linearize", "vjp"],
)
def test_inside_no_grad_directions_that_are_nodes_count_as_numbers(run, expected):
    with no_grad():
        assert number(run(Variable(2.0))) == expected


def test_no_grad_inside_the_function_makes_constants():
    def fun(x):
        with no_grad():
            factor = x * x
        return factor * x

    assert [grad(fun)(3.0), hessian(fun)(3.0)] == [9.0, 0.0]

    def measured(x):
        with no_grad():
            slope = grad(cube)(x)
        return slope * x

    assert grad(measured)(2.0) == 12.0


def test_stop_gradient_inside_the_function_makes_constants():
    assert grad(lambda x: stop_gradient(x * x) * x)(3.0) == 9.0
    assert grad(lambda x: stop_gradient(grad(cube)(x)) * x)(2.0) == 12.0
    assert grad(lambda x: grad(lambda y: stop_gradient(x) * y * x)(1.0))(3.0) == 3.0
    assert nested_grad(lambda x: stop_gradient(x) * x**2, 2)(3.0) == 6.0


def test_strict_inside_and_outside_names_the_operation():
    def fun(x):
        with strict():
            return log(x)

    with pytest.raises(DomainError, match="log needs 0 < x"):
        grad(fun)(-1.0)
    with strict(), pytest.raises(DomainError, match="log needs 0 < x"):
        grad(log)(-1.0)
    with strict():
        assert grad(log)(2.0) == 0.5
        assert nested_grad(log, 3)(2.0) == 0.25
        assert hessian(log)(2.0) == -0.25
    assert math.isnan(grad(log)(-1.0))


@pytest.mark.parametrize(
    ("fun", "x", "second"),
    [
        (lambda x: x**2, -1.0, 2.0),
        (lambda x: x**3, 0.0, 0.0),
        (autograd.atan, 0.0, 0.0),
        (lambda x: hypot(x, 0.0), 0.0, 0.0),
    ],
    ids=["x² at -1", "x³ at 0", "atan at 0", "hypot at 0"],
)
def test_strict_has_nothing_against_finite_derivatives_of_any_order(fun, x, second):
    with strict():
        assert hessian(fun)(x) == second
        assert nested_grad(fun, 2)(x) == second


def test_a_scope_marks_what_the_function_makes():
    seen = []

    def fun(x):
        y = x * x
        with scope("inner"):
            z = y * x
        seen.append((y.scope, z.scope))
        return z

    with scope("outer"):
        assert grad(fun)(2.0) == 12.0
        assert nested_grad(fun, 2)(2.0) == 12.0
    for outer, inner in seen:
        assert (outer.label, inner.label, inner.parent) == ("outer", "inner", outer)


# Assigned variables


def test_assigning_an_argument_keeps_first_derivatives_and_refuses_others():
    def fun(x):
        y = x * x
        x.value = 10.0
        return y

    assert value_and_grad(fun)(3.0) == (9.0, 6.0)
    assert jvp(fun, (3.0,), (1.0,)) == (9.0, 6.0)
    for run in (
        lambda: hessian(fun)(3.0),
        lambda: hvp(fun, (3.0,), (1.0,)),
        lambda: hessian(lambda xs: fun(xs[0]), sparse=True)([3.0]),
        lambda: hessian(lambda x: grad(lambda y: y * fun(x))(1.0))(3.0),
    ):
        with pytest.raises(StaleGraphError, match="was assigned after"):
            run()
    # In a nested run the inner argument is computed from the outer one.
    with pytest.raises(FrozenValueError, match="only the value of a Variable can be assigned"):
        nested_grad(fun, 2)(3.0)


def test_assigning_an_argument_before_its_use_is_a_use_of_the_new_value():
    def fun(x):
        x.value = 5.0
        return x**3

    assert [grad(fun)(2.0), hessian(fun)(2.0)] == [75.0, 30.0]


def test_assigning_a_closed_over_variable_refuses_what_would_read_it_again():
    w = Variable(3.0)

    def fun(x):
        y = w * x**2
        w.value = 100.0
        return y

    with pytest.raises(StaleGraphError, match="was assigned after"):
        grad(fun)(2.0)
    w.value = 3.0
    with no_grad():
        assert grad(fun)(2.0) == 12.0
    slope = grad(lambda x: w * x**2)(2.0)
    w.value = 7.0
    assert gradients(slope, w) == 4.0


# Primitives without a kernel


def derivative_of(polynomial, places, point):
    """The derivative of a polynomial, {exponents: coefficient}, in the variables at these places."""
    total = 0.0
    for exponents, coefficient in polynomial.items():
        rest = list(exponents)
        for place in places:
            coefficient *= rest[place]
            rest[place] -= 1
        if coefficient:
            total += coefficient * math.prod(x**n for x, n in zip(point, rest, strict=True))
    return total


USERS = {
    "one operand": (
        Primitive("a_cube", lambda x: x * x * x, lambda x, out: 3.0 * x * x, registered=False),
        {(3,): 1.0},
    ),
    "two operands": (
        Primitive("a_b2", lambda a, b: a * b * b, lambda a, b, out: (b * b, 2.0 * a * b), arity=2, registered=False),
        {(1, 2): 1.0},
    ),
    "three operands": (
        Primitive(
            "a_b_c2",
            lambda a, b, c: a * b * c * c,
            lambda a, b, c, out: (b * c * c, a * c * c, 2.0 * a * b * c),
            arity=3,
            registered=False,
        ),
        {(1, 1, 2): 1.0},
    ),
    "any number": (
        Primitive(
            "sum_of_cubes",
            lambda xs: sum([x**3 for x in xs]),
            lambda xs, out: [3.0 * x * x for x in xs],
            arity=None,
            registered=False,
        ),
        {(3, 0, 0): 1.0, (0, 3, 0): 1.0, (0, 0, 3): 1.0},
    ),
}


@pytest.mark.parametrize(("primitive", "polynomial"), USERS.values(), ids=USERS)
@pytest.mark.parametrize("inside", [False, True], ids=["on numbers", "on nodes"])
def test_a_users_primitive_has_derivatives_of_every_order(primitive, polynomial, inside):
    count = len(next(iter(polynomial)))
    point = [2.0, 3.0, 5.0][:count]
    nodes = [Variable(x) for x in point] if inside else point
    places = range(count)

    def fun(xs):
        return primitive(*xs)

    def exact(*places):
        return derivative_of(polynomial, places, point)

    def numbers(nested):
        return [number(leaf) for leaf in leaves(nested)]

    first = [exact(place) for place in places]
    second = [exact(*pair) for pair in itertools.product(places, repeat=2)]
    third = [exact(*three) for three in itertools.product(places, repeat=3)]
    assert numbers(value_and_grad(fun)(nodes)) == [exact(), *first]
    for transform in (jacfwd, jacrev, jacobian):
        assert numbers(transform(fun)(nodes)) == first
    for transform in (hessian, lambda fun: jacfwd(grad(fun)), lambda fun: grad_rows(fun, count)):
        assert numbers(transform(fun)(nodes)) == second
    assert numbers([hvp(fun, (nodes,), ([float(i == j) for j in places],)) for i in places]) == second
    assert numbers(jacobian(hessian(fun))(nodes)) == third
    assert numbers(hessian(lambda xs: grad(fun)(xs)[0])(nodes)) == third[: count * count]
    if not inside:
        assert hessian(fun, sparse=True)(point).toarray().ravel().tolist() == second


def grad_rows(fun, count):
    """The Hessian by `grad` of each entry of `grad`."""
    return lambda xs: [grad(lambda xs, place=place: grad(fun)(xs)[place])(xs) for place in range(count)]


@pytest.mark.parametrize(("primitive", "polynomial"), USERS.values(), ids=USERS)
def test_a_users_primitive_of_one_operand_many_times(primitive, polynomial):
    (exponents,) = {sum(exponents) for exponents in polynomial}
    count = len(next(iter(polynomial)))
    scale = sum(polynomial.values())

    def fun(x):
        return primitive(*[x] * count)

    falling = scale * exponents * 2.0 ** (exponents - 1)
    assert grad(fun)(2.0) == falling
    falling = scale * exponents * (exponents - 1) * 2.0 ** (exponents - 2)
    assert hessian(fun)(2.0) == hvp(fun, (2.0,), (1.0,)) == nested_grad(fun, 2)(2.0) == falling
    assert hessian(lambda xs: fun(xs[0]), sparse=True)([2.0]).toarray().tolist() == [[falling]]


def test_a_users_primitive_is_constant_where_its_operands_are():
    primitive = USERS["two operands"][0]
    assert grad(lambda x: primitive(stop_gradient(x), 3.0) * x)(2.0) == 18.0
    assert_same(hessian(lambda x: primitive(2.0, x))(3.0), 4.0)
    assert_same(hessian(lambda x: primitive(x, 3.0))(3.0), 0.0)


def test_a_users_primitive_keeps_its_rule_beside_a_constant():
    larger = Primitive(
        "the_larger",
        lambda a, b: a if a > b else b,
        lambda a, b, out: (where(a > b, 1.0, where(a < b, 0.0, 0.5)), where(b > a, 1.0, where(b < a, 0.0, 0.5))),
        arity=2,
        kinks=lambda a, b: a - b,
        beside_constant=lambda x, c, out: where(x > c, 1.0, 0.0),
        linear=True,
        registered=False,
    )
    assert_same(grad(larger, (0, 1))(1.0, 1.0), (0.5, 0.5))
    assert grad(lambda x: larger(x, 1.0))(1.0) == 0.0
    assert grad(lambda x: larger(1.0, x))(1.0) == 0.0
    w = Variable(1.0)
    assert number(grad(lambda x: larger(x, w))(1.0)) == 0.0


def test_a_users_rule_of_the_wrong_length_is_an_error():
    wrong = Primitive("wrong", lambda a, b: a * b, lambda a, b, out: (b,), arity=2, registered=False)
    with pytest.raises(ValueError, match="the rule of wrong gave 1 local gradients for 2 operands"):
        grad(lambda x: wrong(x, x))(2.0)


def test_a_users_rule_that_leaves_the_engine_is_an_error_in_the_second_order():
    primitive = Primitive("plain_sin", math.sin, lambda x, out: math.cos(x), registered=False)
    assert grad(primitive)(0.5) == math.cos(0.5)
    for run in (lambda: hessian(primitive)(0.5), lambda: nested_grad(primitive, 2)(0.5)):
        with pytest.raises(OperandError, match="can't become a plain float"):
            run()


# Transforms as objects


def test_a_transformed_function_is_pickled_with_its_function():
    for transformed, expected in [
        (grad(cube), 12.0),
        (value_and_grad(cube, argnums=(0,)), (8.0, (12.0,))),
        (hessian(cube), 12.0),
        (grad(grad(cube)), 12.0),
        (jacfwd(grad(sin)), -math.sin(2.0)),
    ]:
        other = pickle.loads(pickle.dumps(transformed))
        assert other(2.0) == expected
    assert pickle.loads(pickle.dumps(grad(cube))).__doc__ == "The cube."


def test_a_transformed_function_has_the_name_the_text_and_the_signature_of_its_function():
    def area(width: float, *, height: float = 2.0) -> float:
        """The area."""
        return width * height

    for transform in (grad, value_and_grad, jacobian, jacfwd, jacrev, hessian):
        transformed = transform(area)
        assert (transformed.__name__, transformed.__doc__, transformed.__wrapped__) == ("area", "The area.", area)
        assert inspect.signature(transformed) == inspect.signature(area)
        assert "area" in repr(transformed)
        assert callable(transformed)
    assert repr(grad(cube)) == "<gradient of cube>"
    assert grad(functools.partial(area, height=3.0))(2.0) == 3.0


def test_transforms_are_decorators():
    @grad
    def slope(x):
        return x**3

    @functools.partial(grad, argnums=1)
    def in_the_second(x, y):
        return x * y**2

    @jacfwd
    @grad
    def curvature(x):
        return x**3

    assert (slope(2.0), in_the_second(5.0, 3.0), curvature(2.0)) == (12.0, 30.0, 12.0)


def test_transforms_decorate_methods():
    class Spring:
        def __init__(self, stiffness):
            self.stiffness = stiffness

        def energy(self, x):
            return 0.5 * self.stiffness * x**2

        @functools.partial(grad, argnums=1)
        def force(self, x):
            return self.energy(x)

    spring = Spring(3.0)
    assert grad(spring.energy)(2.0) == 6.0
    assert spring.force(2.0) == 6.0


def test_errors_name_what_is_differentiated():
    class Model:
        def __call__(self, x):
            return [x]

    with pytest.raises(OutputError, match="; Model gave"):
        grad(Model())(1.0)
    with pytest.raises(OutputError, match="; partial gave"):
        grad(functools.partial(lambda x: [x]))(1.0)
    with pytest.raises(OperandError, match="argument 0 of sin must be"):
        grad(sin)("a")


# Threads, memory, size


def test_threads_do_not_disturb_each_other():
    def fun(xs):
        return autograd.sum([xs[i] * xs[i - 1] * exp(xs[i]) for i in range(5)])

    def results(point):
        with strict():
            return (grad(fun)(point), hessian(fun)(point), grad(lambda a: hvp(fun, (point,), ([a] * 5,))[0])(2.0))

    points = [[0.1 * i + 0.01 * k for i in range(5)] for k in range(8)]
    expected = [results(point) for point in points]
    failures = []
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        for _ in range(50):
            try:
                if results(points[k]) != expected[k]:
                    failures.append(k)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def failing_call():
    try:
        grad(lambda x: [x])(2.0)
    except OutputError:
        return
    raise AssertionError


WEIGHT = Variable(0.3)
REPEATED = {
    "grad": (lambda: grad(cube)(2.0), ROUNDS),
    "grad of grad": (lambda: grad(grad(cube))(2.0), ROUNDS // 10),
    "closed over": (lambda: grad(lambda x: WEIGHT * x**3)(2.0), ROUNDS // 10),
    "vjp": (lambda: vjp(lambda x, y: [x * y, y], 1.0, 2.0)[1]([1.0, 2.0]), ROUNDS // 10),
    "jvp": (lambda: jvp(cube, (2.0,), (1.0,)), ROUNDS // 10),
    "hvp": (lambda: hvp(cube, (2.0,), (1.0,)), ROUNDS // 10),
    "hessian": (lambda: hessian(lambda xs: xs[0] * xs[1])([1.0, 2.0]), ROUNDS // 10),
    "jacobian": (lambda: jacobian(lambda xs: xs * xs)(np.ones(2)), ROUNDS // 10),
    "arrays": (lambda: value_and_grad(lambda xs: dot(xs, xs))(np.ones(3)), ROUNDS // 10),
    "an error": (failing_call, ROUNDS // 10),
}


@pytest.mark.parametrize(("call", "rounds"), REPEATED.values(), ids=REPEATED)
def test_repeated_calls_leave_nothing_behind(call, rounds):
    for _ in range(200):
        call()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        call()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            call()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()
    # Without the cycle collector. What Python and the engine keep of freed objects to use them again is up to 15 KB,
    # however many the rounds.
    assert after - before < 20_000


def chain(x):
    y = x
    for _ in range(DEEP // 2):
        y = y * 0.99999 + 0.5
    return y * y


@pytest.mark.usefixtures("shallow_stack")
def test_a_deep_chain_is_differentiated_without_recursion():
    # y = qⁿ x + c, hence (y²)'' = 2 q²ⁿ and (y²)' = 2 qⁿ y; qⁿ takes n roundings.
    n = DEEP // 2
    slope, value = 0.99999**n, chain(1.0)
    rounded = functools.partial(pytest.approx, rel=8 * n * EPSILON)
    assert grad(chain)(1.0) == rounded(2.0 * slope * math.sqrt(value))
    assert jvp(chain, (1.0,), (1.0,))[1] == rounded(2.0 * slope * math.sqrt(value))
    for second in (hessian(chain)(1.0), hvp(chain, (1.0,), (1.0,)), grad(grad(chain))(1.0)):
        assert second == rounded(2.0 * slope**2)


def test_a_wide_sum_is_differentiated():
    xs = np.linspace(0.0, 1.0, WIDE)
    for total in (lambda xs: autograd.sum(xs * xs), lambda xs: dot(xs, xs), lambda xs: sum(x * x for x in xs)):
        assert_same(grad(total)(xs), 2.0 * xs)
        assert_same(hvp(total, (xs,), (xs,)), 2.0 * xs)
    assert grad(lambda x: autograd.sum([x] * WIDE))(1.0) == WIDE
    assert jvp(autograd.sum, (xs,), (np.ones(WIDE),))[1] == WIDE


# IEEE arithmetic


def test_a_cotangent_or_tangent_of_zero_reaches_no_infinity():
    assert vjp(sqrt, 0.0)[1](0.0) == (0.0,)
    assert jvp(sqrt, (0.0,), (0.0,)) == (0.0, 0.0)
    assert vjp(lambda x: [sqrt(x), 3.0 * x], 0.0)[1]([0.0, 1.0]) == (3.0,)
    for transform in (jacobian, jacfwd, jacrev):
        got = transform(lambda xs: [sqrt(xs[0]), xs[0] * xs[1], 1.0 / xs[2]])([0.0, 5.0, 0.0])
        assert got == [[math.inf, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 0.0, -math.inf]]
    assert hvp(lambda xs: sqrt(xs[0]) + xs[1] ** 2, ([0.0, 3.0],), ([0.0, 1.0],)) == [0.0, 2.0]


@EVERY_DERIVATIVE
def test_a_slope_of_zero_times_an_infinite_one_is_nan(derivative):
    assert math.isnan(derivative(lambda x: 0.0 * sqrt(x))(0.0))


@EVERY_DERIVATIVE
@pytest.mark.parametrize(
    ("fun", "x", "expected"),
    [
        (sqrt, 0.0, math.inf),
        (log, 0.0, math.inf),
        (lambda x: 1 / x, 0.0, -math.inf),
        (lambda x: x**-1, 0.0, -math.inf),
        (exp, 1000.0, math.inf),
        (exp, -math.inf, 0.0),
        (log, -1.0, math.nan),
        (sin, math.nan, math.nan),
        (lambda x: maximum(x, 2.0), math.nan, math.nan),
        (lambda x: x**0, math.nan, math.nan),
        (lambda x: 7.0, math.nan, 0.0),
    ],
)
def test_poles_and_nan_come_through_as_ieee_has_them(derivative, fun, x, expected):
    got = derivative(fun)(x)
    assert got == expected or (math.isnan(got) and math.isnan(expected))


@pytest.mark.parametrize("second", [hessian, lambda fun: grad(grad(fun)), lambda fun: lambda x: hvp(fun, (x,), (1.0,))])
def test_second_derivatives_of_nan_are_nan_in_every_way(second):
    for fun in (sin, lambda x: x * x, lambda x: dot([x], [x]), lambda x: autograd.prod([x, x]), lambda x: x / 2 * x):
        assert math.isnan(second(fun)(math.nan))
