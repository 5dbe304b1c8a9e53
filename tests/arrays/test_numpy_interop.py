"""NumPy's functions and arrays with nodes in them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import autograd
from autograd import Node, OperandError, Variable, grad, gradients, jit
from autograd.graph.node import value_of
from autograd.other_packages import FORMULAS


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


COMPARING = {
    "argmax": np.argmax,
    "argmin": np.argmin,
    "max": np.max,
    "min": np.min,
    "ptp": np.ptp,
    "sort": np.sort,
    "argsort": np.argsort,
    "median": np.median,
    "percentile": lambda values: np.percentile(values, 50.0),
    "unique": np.unique,
    "clip": lambda values: np.clip(values, 0.0, 2.0),
    "partition": lambda values: np.partition(values, 1),
    "searchsorted": lambda values: np.searchsorted(values, float("nan")),
    "max of an array": lambda values: np.array(values).max(),
    "argmax of an array": lambda values: np.array(values).argmax(),
    "maximum": lambda values: np.maximum(values, 0.0),
    "fmin": lambda values: np.fmin([4.0, 4.0, 4.0], values),
    "maximum of pairs": lambda values: np.maximum(*[values, [0.0, 5.0, 0.0]]),
    "maximum.reduce": lambda values: np.maximum.reduce(values, axis=0),
    "minimum.accumulate": lambda values: np.minimum.accumulate(
        values,
        axis=0,
    ),
}
NAN = float("nan")


@pytest.mark.parametrize("name", COMPARING)
@pytest.mark.parametrize("numbers", [[1.0, NAN, 3.0], [NAN, 1.0, 2.0], [1.0, 2.0, NAN]], ids=str)
def test_a_nan_in_a_list_of_nodes_is_refused_by_what_compares(name, numbers):
    message = "is nan, or is compared with one, by a function of NumPy's .* autograd.array"
    with pytest.raises(OperandError, match=message):
        COMPARING[name]([Variable(number) for number in numbers])
    with pytest.raises(OperandError, match=message):
        jit(lambda values: COMPARING[name](list(values)))(np.array(numbers))


# NumPy's quantiles ask numbers for their type.
@pytest.mark.parametrize("name", sorted(set(COMPARING) - {"searchsorted", "percentile"}))
def test_numbers_in_a_list_of_nodes_are_compared_as_ever(name):
    def plain(result):
        return [value_of(one) for one in np.ravel(np.asarray(result, dtype=object))]

    numbers = [1.0, 3.0, 2.0]
    expected = plain(COMPARING[name](numbers))
    assert plain(COMPARING[name]([Variable(number) for number in numbers])) == expected
    assert plain(jit(lambda values: COMPARING[name](list(values)))(np.array(numbers))) == expected


def test_a_compiled_function_refuses_a_nan_that_comes_later():
    fast = jit(lambda values: np.argmax(list(values)))
    assert fast(np.array([1.0, 2.0, 3.0])) == 2
    for numbers in ([NAN, 2.0, 3.0], [1.0, NAN, 3.0], [1.0, 2.0, NAN]):
        with pytest.raises(OperandError, match="is nan"):
            fast(np.array(numbers))
    assert fast(np.array([1.0, 2.5, 3.0])) == 2
    assert len(fast.paths) == 1


def test_python_compares_nodes_that_are_nan_as_it_compares_floats():
    numbers = [1.0, NAN, 3.0, NAN]
    nodes = [Variable(number) for number in numbers]
    assert repr(max(nodes).value) == repr(max(numbers))
    assert repr([node.value for node in sorted(nodes)]) == repr(sorted(numbers))
    assert [node < 2.0 for node in nodes] == [number < 2.0 for number in numbers]
    assert repr(max(nodes, key=lambda node: node).value) == repr(max(numbers))
    assert autograd.maximum(nodes[1], 2.0).value != autograd.maximum(nodes[1], 2.0).value
    with np.errstate(invalid="ignore"):
        assert np.less(nodes, 2.0).tolist() == [number < 2.0 for number in numbers]


# np.array makes a plain one.
@pytest.mark.parametrize("name", [name for name in COMPARING if "of an array" not in name])
def test_an_array_of_nodes_keeps_its_nan(name):
    numbers = [1.0, NAN, 3.0]
    found = COMPARING[name](autograd.array([Variable(number) for number in numbers]))
    with np.errstate(invalid="ignore"):
        expected = COMPARING[name](np.array(numbers))
    found = [value_of(one) for one in np.ravel(np.asarray(found, dtype=object))]
    assert repr([float(one) for one in found]) == repr([float(one) for one in np.ravel(expected)])


@pytest.mark.parametrize("name", FORMULAS)
def test_the_formula_of_a_function_of_scipy_is_that_function(name):
    function = getattr(pytest.importorskip("scipy.special"), name, None)
    if function is None:
        pytest.skip(f"this SciPy has no {name}")
    written = FORMULAS[name]
    known = {each: getattr(autograd, each) for each in autograd.__all__} | {"x": 0.6, "y": 0.45}
    operands = (0.6, 0.45)[: 2 if "y" in written.replace("xlogy", "") else 1]
    assert eval(written, known) == pytest.approx(function(*operands), rel=1e-13)
    with pytest.raises(
        OperandError, match=f"{name} can't take nodes or arrays of them; write {re.escape(written)}, or"
    ):
        function(*[Variable(operand) for operand in operands])


def test_a_distribution_of_scipy_is_told_as_a_formula():
    stats = pytest.importorskip("scipy.stats")
    for call in (stats.norm.cdf, stats.norm.pdf, stats.norm.ppf):
        with pytest.raises(OperandError, match=r"norm\.cdf\(x\) is 0\.5 \* erfc\(-x / sqrt\(2\.0\)\)"):
            grad(lambda x, call=call: call(x))(0.5)


@pytest.mark.parametrize("name", ["fft", "rfft", "ifft", "fft2"])
def test_a_fourier_transform_says_what_takes_its_place(name):
    numbers = [0.5, -1.25, 2.0]
    x = autograd.array([[Variable(number) for number in numbers]])
    with pytest.raises(
        OperandError, match=rf"np\.fft\.{name} can't take nodes .*complex; write its real and imaginary"
    ):
        getattr(np.fft, name)(x)
    k = np.arange(3)
    a = 2.0 * np.pi * np.outer(k, k) / 3
    found = [row.value for row in np.cos(a) @ x[0]], [row.value for row in -np.sin(a) @ x[0]]
    np.testing.assert_allclose(found, [np.fft.fft(numbers).real, np.fft.fft(numbers).imag], atol=1e-15)
    assert np.fft.fftshift(x[0])[0] is x[0, 2]
