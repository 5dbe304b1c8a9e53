"""The transforms: what may be differentiated, what comes in, what comes out, and what they are as objects."""

from __future__ import annotations

import collections
import functools
import inspect
import math
import pickle
import statistics
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    ArgumentError,
    Constant,
    OperandError,
    OutputError,
    Variable,
    array,
    grad,
    gradients,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    linearize,
    sin,
    value_and_grad,
    vjp,
    vmap,
)
from autograd.graph.node import clock
from autograd.transforms.tape import Tape
from tests.tables.derivatives import EVERY_DERIVATIVE, EVERY_TRANSFORM, assert_same, close, cube, leaves, number

Point = collections.namedtuple("Point", "x y")


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
        ({"w": [1.0, (2.0, 1j)]}, "argument 0 of cube['w'][1][1]", "complex 1j"),
        ([np.array([1.0, None], dtype=object)], "argument 0 of cube[0].flat[1]", "NoneType None"),
        ([np.ones(2), {"a" * 99}], "argument 0 of cube[1]", "set {'aaaa"),
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


@pytest.mark.parametrize("output", [0, 7, 2.5, math.inf, Fraction(1, 4), np.float32(0.5), np.int64(3)], ids=repr)
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
        ([1.0, {"a": 1j}], "[1]['a']", "complex 1j"),
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


TRUTHS = {
    "comparison": (lambda x: x > 1.0, "the bool True stands in the output of <lambda>:"),
    "bool": (lambda x: False, "the bool False stands in the output of <lambda>:"),
    "NumPy's bool": (np.isnan, "the bool False stands in the output of isnan:"),
    "beside a number": (
        lambda x: {"y": x, "ok": [x > 1.0]},
        "the bool True stands in the output of <lambda>['ok'][0]:",
    ),
    "array of bools": (lambda x: np.array([1.0, 3.0]) * x > 4.0, "an array of bools stands in the output of <lambda>:"),
}


@pytest.mark.parametrize("compiled", [lambda fun: fun, jit], ids=["plain", "jit"])
@pytest.mark.parametrize(("fun", "message"), TRUTHS.values(), ids=TRUTHS)
@EVERY_TRANSFORM
def test_an_output_with_a_bool_in_it_is_refused_by_derivatives(transform, fun, message, compiled):
    for derivative in (transform(fun), transform(compiled(fun)), compiled(transform(fun))):
        with pytest.raises(OutputError, match="differentiates numbers, and") as error:
            derivative(2.0)
        assert message in str(error.value)
        assert "make it a number by where(condition, 1.0, 0.0), or keep it out of the output" in str(error.value)


def test_a_bool_in_an_array_of_objects_is_refused_by_derivatives():
    def mixed(x):
        return np.array([x, x < 1.0], dtype=object)

    for derivative in (jacobian(mixed), jit(jacobian(mixed))):
        with pytest.raises(OutputError, match="the bool False stands in the output of mixed:"):
            derivative(2.0)


def test_a_bool_beside_the_output_is_handed_on():
    def judged(x):
        return x * x, x > 1.0

    for fun in (judged, jit(judged)):
        assert grad(fun, has_aux=True)(2.0) == (4.0, True)
        assert jvp(fun, (2.0,), (1.0,), has_aux=True) == (4.0, 4.0, True)


@pytest.mark.parametrize("compiled", [lambda fun: fun, jit], ids=["plain", "jit"])
def test_ints_and_bools_among_the_results_stay_such_where_the_argument_is_a_node(compiled):
    fun = compiled(lambda x: [x * x, x > 1.0, 7, 2**60, np.array([1.0, 3.0]) * x > 4.0])
    square, truth, whole, large, truths = fun(Variable(2.0))
    assert square.value == 4.0
    assert truth is True and type(whole) is int and whole == 7 and large == 2**60
    assert_same(truths, np.array([False, True]))
    of_rows = vmap(lambda x: (x * x, x > 1.0))(array([Variable(1.0), Variable(2.0)]))
    assert_same(of_rows[1], np.array([False, True]))


def test_a_generator_as_the_output_is_refused():
    with pytest.raises(OperandError, match=r"the output of .* must be a number.*, got generator"):
        grad(lambda x: (x for _ in range(2)))(1.0)


def test_only_functions_can_be_differentiated():
    for transform in (grad, value_and_grad, jacobian, jacfwd, jacrev, hessian):
        with pytest.raises(OutputError, match=r"only a function can be differentiated, got float 3\.0"):
            transform(3.0)


def test_losing_a_derivative_to_the_math_module_is_an_error_that_names_the_way():
    with pytest.raises(OperandError, match=r"can't become a plain float.*write autograd\.exp"):
        grad(math.exp)(1.0)
    with pytest.raises(OperandError, match=r"can't become an int"):
        grad(lambda x: [1.0, 2.0][int(x)])(1.0)
    with pytest.raises(OperandError, match=r"in place of statistics\.mean|In place of statistics\.mean write sum"):
        grad(lambda x: statistics.mean([x, 2.0]))(1.0)


@pytest.mark.parametrize(
    "use", [range, lambda x: [1.0, 2.0][x], lambda x: "ab"[:x], lambda x: np.ones(4).reshape(x, 2), math.factorial]
)
@pytest.mark.parametrize("transform", [grad, jit])
def test_a_node_where_a_whole_number_is_wanted_says_what_to_give(use, transform):
    with pytest.raises(OperandError, match=r"variable is no whole number, .*Give the function an int, f\(3\) and not"):
        transform(use)(2.0)


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


def test_a_tape_is_of_arguments_that_were_made_in_its_run():
    x = Variable(2.0)
    y = x * x
    with pytest.raises(ValueError, match="argument 0 of a tape was not made in the run"):
        Tape([x], [y], clock())
