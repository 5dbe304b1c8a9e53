"""NumPy's functions and arrays with nodes in them."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import Node, Variable, gradients


@pytest.fixture
def x():
    return Variable(0.5, name="x")


@pytest.mark.parametrize("name", ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square",
    "reciprocal", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh",
    "floor", "ceil", "rint", "trunc", "fabs", "absolute", "negative"])  # fmt: skip
def test_functions_of_one_operand_work_on_a_node_and_on_an_object_array(name, x):
    function = getattr(np, name)
    expected = function(0.5)
    result = function(x)
    assert isinstance(result, Node)
    assert result.value == pytest.approx(expected, rel=1e-15)
    array = function(np.array([x, x], dtype=object))
    assert [node.value for node in array] == pytest.approx([expected] * 2, rel=1e-15)


def test_sign_works_on_a_node_and_on_an_array_is_numpys_own(x):
    assert np.sign(x).op.name == "sign"
    assert list(np.sign(np.array([x, -x]))) == [1, -1]


def test_arccosh_works_on_a_node():
    assert np.arccosh(Variable(2.0)).value == pytest.approx(np.arccosh(2.0), rel=1e-15)


@pytest.mark.parametrize("name", ["arctan2", "hypot", "logaddexp", "maximum", "minimum", "copysign", "fmod", "power",
    "add", "subtract", "multiply", "divide", "remainder"])  # fmt: skip
def test_functions_of_two_operands_work_on_nodes_and_numbers(name, x):
    function = getattr(np, name)
    for result in (function(x, 2.0), function(x, Variable(2.0))):
        assert isinstance(result, Node)
        assert result.value == pytest.approx(function(0.5, 2.0), rel=1e-15)
    assert function(2.0, x).value == pytest.approx(function(2.0, 0.5), rel=1e-15)


@pytest.mark.parametrize("scalar", [np.float64(2), np.float32(2), np.int64(2), np.int8(2), np.array(2.0)])
def test_numpy_scalars_on_either_side_keep_the_gradient(scalar, x):
    for result in (scalar * x, x * scalar):
        x.grad = 0.0
        assert isinstance(result, Node)
        result.backward()
        assert x.grad == 2.0
    y = -scalar * x + scalar - x / scalar
    x.grad = 0.0
    y.backward()
    assert x.grad == -2.5


def test_a_node_and_an_array_give_an_object_array_of_nodes(x):
    for result in (x * np.arange(3.0), np.arange(3.0) * x):
        assert result.shape == (3,) and result.dtype == object
        assert [node.value for node in result] == [0.0, 0.5, 1.0]
    assert (x + np.ones((2, 2), dtype=int)).shape == (2, 2)


def test_sums_and_products_of_object_arrays(x):
    array = np.array([x, 2 * x, 3 * x])
    assert np.sum(array).value == 3.0
    assert np.mean(array).value == 1.0
    assert np.dot(array, np.array([1.0, 2.0, 3.0])).value == 7.0
    assert (array @ array).value == 3.5
    matrix = np.array([[x, 1.0], [0.0, x]], dtype=object)
    assert (matrix @ np.array([x, 1.0], dtype=object))[0].value == 1.25


def test_comparison_with_an_array_is_elementwise(x):
    assert list(x < np.array([0.0, 1.0])) == [False, True]


def test_an_array_of_floats_refuses_a_node(x):
    with pytest.raises(TypeError, match=r"\.value"):
        np.zeros(2)[0] = x
    with pytest.raises(TypeError, match=r"\.value"):
        np.array([x], dtype=float)


def test_reductions_with_options_fall_through_to_numpy(x):
    assert np.add.reduce(np.array([x, x])).value == 1.0
    assert np.multiply(x, [1.0, 2.0])[1].value == 1.0


def test_numpy_values_are_taken_as_variables():
    assert Variable(np.float64(2)).value == 2.0
    assert type(Variable(np.float64(2)).value) is float
    assert autograd.sum(np.arange(4)) == 6.0


def test_infinities_raise_no_warning():
    huge = Variable(1e308) * np.array([1e10, 1.0])
    assert huge[0].value == np.inf


def test_an_array_without_axes_is_what_it_holds():
    x, y = Variable(2.0), Variable(3.0)
    holder = np.empty((), dtype=object)
    holder[()] = y
    for product in (x * holder, holder * x, np.multiply(x, holder)):
        assert product.value == 6.0
        assert gradients(product, [x, y]) == [3.0, 2.0]
    assert (x * np.array(4)).value == 8.0
