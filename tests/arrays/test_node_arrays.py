"""NumPy's functions on arrays of nodes give what they give on arrays of numbers, or are refused."""

from __future__ import annotations

import itertools
import math
import numbers
import re
import warnings

import numpy as np
import pytest

import autograd
from autograd import (
    Node,
    OperandError,
    Variable,
    array,
    clip,
    grad,
    jacfwd,
    jacobian,
    jit,
    jvp,
    maximum,
    relu,
    sigmoid,
    vmap,
    where,
)
from autograd.errors import AutogradError
from autograd.graph.node import value_of

NAN, INF = math.nan, math.inf
POINTS = [
    np.array([0.7, NAN, 2.1, 0.7]), np.array([0.0, -0.0, 1.0, 0.0]), np.array([1.0, 2.0, 2.0, 3.0]),
    np.array([-0.7, INF, NAN, 0.25]), np.array([[1.0, 2.0, 2.0], [3.0, NAN, 0.0]]), np.array([[4.0, 1.0], [1.0, 3.0]]),
]  # fmt: skip
OTHERS = {
    (4,): np.array([0.3, 2.0, 2.1, -0.7]),
    (2, 3): np.array([[1.0, 0.0, 2.5], [-3.0, 1.0, 0.5]]),
    (2, 2): np.array([[1.0, 0.0], [-3.0, 1.0]]),
}
# Files, texts, memory, settings of NumPy's.
NO_ARITHMETIC = re.findall(
    r"\w+",
    """
    array2string array_repr array_str asmatrix base_repr binary_repr bmat einsum_path empty_like errstate
    format_float_positional format_float_scientific from_dlpack frombuffer fromfile fromfunction genfromtxt get_include
    get_printoptions getbufsize geterr geterrcall info isfortran iterable load loadtxt may_share_memory mintypecode
    printoptions save savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall shares_memory
    show_config show_runtime test typename
""",
)
# Python's a // b by 0 is nan here, beside nodes and numbers alike; a table whose bins descend or are nan is none.
OTHERWISE = ["floor_divide(x, y)", "floor_divide(y, x)", "divmod(x, y)", "divmod(y, x)", "digitize(y, x)"]


def calls():
    """All functions of NumPy of one or two arrays by the call they are."""
    for module, prefix in ((np, ""), (np.linalg, "linalg."), (np.fft, "fft.")):
        for name in sorted(dir(module)):
            function = getattr(module, name)
            if name[0] == "_" or name in NO_ARITHMETIC or isinstance(function, type) or not callable(function):
                continue
            yield f"{prefix}{name}(x)", lambda x, y, f=function: f(x)
            yield f"{prefix}{name}(x, y)", lambda x, y, f=function: f(x, y)
            yield f"{prefix}{name}(y, x)", lambda x, y, f=function: f(y, x)


def changed(x, function):
    copied = x.copy()
    function(copied)
    return copied


EXPRESSIONS = """
    np.max(x, axis=0); np.min(x, axis=-1, keepdims=True); x.max(); x.min(axis=0); x.clip(-1.0, 1.0)
    np.clip(x, None, 1.0); np.clip(x, 0.0, y); np.sort(x, axis=0); changed(x, lambda v: v.sort())
    np.sort(np.partition(x, 1)[..., :1]); x.argsort(kind="stable"); x.argmax(axis=0); np.maximum.accumulate(x)
    np.maximum.reduce(x); np.maximum.outer(x, y); np.logaddexp.reduce(x); np.fmin.reduce(x); np.add.accumulate(x)
    changed(x, lambda v: np.maximum.at(v, [0, 0], 1.0)); changed(x, lambda v: np.add.at(v, [0, 0], 1.0))
    np.quantile(x, [0.1, 0.5, 0.8]); np.percentile(x, 30, axis=0); np.median(x, axis=0); np.nanmedian(x)
    np.linalg.norm(x, 1); np.linalg.norm(x, np.inf); np.linalg.norm(x, -np.inf); np.linalg.norm(x, 3)
    np.linalg.norm(x, 0); np.linalg.norm(x, axis=-1); np.linalg.norm(x, axis=-1, keepdims=True)
    np.unique(x, return_index=True, return_inverse=True, return_counts=True); np.where(x > 0.5, x, -x); x[x > 0.5]
    (x > 0.5).sum(); x * (x > 0.5); y[x > 0.5]; y * (x > 0.5); np.nanmax(x); x.std(); np.var(x, axis=0, ddof=1)
    np.cumsum(x, axis=0); np.interp(x, [0.0, 1.0, 2.0], [3.0, 1.0, 2.0]); np.searchsorted([0.0, 1.0, 2.0], x)
    np.interp([0.3, 1.1, 7.0], [0.0, 1.0, 2.0, 3.0], x.ravel()[:4]); np.digitize(x, [0.0, 1.0])
    np.digitize(x, [1.0, 0.0, -1.0]); np.digitize(x, [1.0, 1.0, 0.0], right=True); np.digitize(x, [2.0, 2.0])
    np.searchsorted(np.sort(x, axis=None), [0.0, 1.0, 2.0, np.nan], side="right")
    np.select([x > 1, x < 0], [x, -x], 0.0); np.piecewise(x, [x > 0], [lambda t: t * 2.0, lambda t: -t])
    np.any(x > 1); (x > 1).all(axis=0); np.where(~(x > 0) & (x < 2) | (x == 0.7), 1.0, x); np.isclose(x, y)
    np.sum(x, where=x > 0); np.max(x, where=x > 0, initial=-1.0); np.min(x, initial=0.2); x.astype(bool)
    changed(x, lambda v: v.__setitem__(v > 0.5, 0.0)); changed(x, lambda v: v.__iadd__(1.0)); abs(x); x ** 3; 1 / x
    x % 0.7; 2.0 ** x; x ** y; np.exp(np.concatenate([x, np.zeros_like(x)])); 1.0 / np.zeros_like(x); np.nonzero(x)
    np.maximum(x.T, 0.0); np.argwhere(x > 0); np.count_nonzero(x > 0); np.exp(x, out=np.zeros_like(x), where=x > 0)
    np.isin(x, [0.7, 1.0]); np.modf(x); np.kron(x, x); x @ y.T; np.stack([x, x]).max(axis=0); x.mean(axis=0)
    np.einsum("i...,i...->...", x, y); np.multiply.outer(x, y); np.nan_to_num(x, nan=3.0, posinf=9.0)
    bool((x > 0).any()); np.heaviside(x, 0.5); np.isclose(x, y, abs(y), abs(x)); np.allclose(x, x, abs(y));
    (x > 0) ^ (y > 0); (x > 0) == (y > 0); x[::-1].max(); x.prod()
    np.maximum(x, y) - np.minimum(x, y); x.ptp() if hasattr(x, "ptp") else np.ptp(x); (x > 0).astype(float)
"""
WRITTEN = {
    text.strip(): eval(f"lambda x, y: {text.strip()}")
    for text in EXPRESSIONS.replace("\n", ";").split(";")
    if text.strip()
}
CALLS = dict(calls()) | WRITTEN


def numbers_in(result):
    """The shapes of arrays and the numbers in a result, in order."""
    if isinstance(result, list | tuple):
        return list(itertools.chain.from_iterable(map(numbers_in, result)))
    if isinstance(result, Node):
        return [result.value]
    if hasattr(result, "shape") and result.shape != ():
        plain = np.asarray(result)
        return [plain.shape, *itertools.chain.from_iterable(map(numbers_in, plain.ravel().tolist()))]
    return [result] if isinstance(result, complex | str | None) else [float(result)]


def same(first, second):
    return len(first) == len(second) and all(
        a == b or (a != a and b != b) or (isinstance(a, float) and math.isclose(a, b, rel_tol=1e-11, abs_tol=1e-13))
        for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize("call", CALLS)
def test_a_function_of_an_array_of_nodes_gives_what_it_gives_of_numbers_or_is_refused(call):
    function = CALLS[call]
    for x in POINTS:
        y = OTHERS[x.shape]
        ways = {
            "eager": lambda: function(array([Variable(number) for number in x.ravel()]).reshape(x.shape), y),
            "differentiated": lambda: jvp(lambda x: function(x, y), (x.copy(),), (np.ones_like(x),))[0],
            "compiled": lambda: jit(lambda x: function(x, y))(x.copy()),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = numbers_in(function(x.copy(), y.copy()))
            except Exception:
                continue
            for way, run in ways.items():
                try:
                    found = numbers_in(run())
                except AutogradError:
                    continue
                assert same(found, expected) or call in OTHERWISE, (way, x)


MUST_WORK = re.findall(
    r"\S+\(.*?\)",
    """
    maximum(x, y) minimum(x, y) fmax(x, y) fmin(x, y) max(x) min(x) amax(x) amin(x) ptp(x) sort(x) argsort(x) argmax(x)
    argmin(x) sum(x) prod(x) mean(x) dot(x, y) linalg.norm(x) cumsum(x) isclose(x, y) nan_to_num(x) unique(x) exp(x)
    logaddexp(x, y) copysign(x, y) float_power(x, y) deg2rad(x) isnan(x) isfinite(x) isinf(x) sign(x) hypot(x, y)
    arctan2(x, y) heaviside(x, y) median(x) nanmax(x) sinc(x) allclose(x, y)
""",
)


@pytest.mark.parametrize("call", MUST_WORK)
def test_these_functions_are_not_refused(call):
    x, y = np.array([0.7, 0.2, 2.1]), np.array([0.3, 2.0, 2.1])
    assert same(numbers_in(CALLS[call](array([Variable(a) for a in x]), y)), numbers_in(CALLS[call](x, y)))


def test_the_kinks_of_functions_of_arrays_are_those_of_numbers():
    assert jacobian(lambda x: np.maximum(x, 0.0))(np.zeros(1)) == [[0.0]]
    assert jacobian(lambda x: np.maximum(0.0, x))(np.zeros(1)) == [[0.0]]
    assert grad(np.max)(np.array([2.0, 1.0, 2.0, 2.0])).tolist() == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])
    assert jacobian(lambda x: np.maximum(x[:1], x[1:]))(np.ones(2)).tolist() == [[0.5, 0.5]]


def test_the_largest_of_many_is_one_operation():
    node = np.max(array([Variable(float(number)) for number in range(5)]))
    assert node.op.name == "max_of_many" and len(node.parents) == 5


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.maximum(x, 0.0).sum(),
        lambda x: np.where(x > 0.0, x, -x).sum(),
        lambda x: (x * (x > 0.0)).sum(),
        lambda x: np.where(~(x > 0.0) & (x < 1.0), 1.0, x).sum(),
        lambda x: np.clip(x, -0.5, 0.5).max(),
        lambda x: where(np.any(x > 1.0), x[0], x[1]),
        lambda x: np.nan_to_num(x).sum() + np.fmax(x, 0.5).sum(),
    ],
)
def test_choices_between_elements_are_no_decisions(function):
    compiled = jit(function)
    for x in np.random.default_rng(0).normal(size=(100, 8)):
        assert compiled(x) == pytest.approx(float(function(x)), rel=1e-14)
    assert len(compiled.paths) == 1


def test_rows_that_hold_nodes_are_such_arrays():
    rows = np.array([[0.0, 1.0], [math.nan, -1.0]])
    found = jacobian(lambda w: vmap(lambda row: np.maximum(row, 0.0).sum())(rows * w))(1.0)
    assert found[0] == 1.0 and math.isnan(found[1])
    assert jit(vmap(np.max))(rows[:1]).tolist() == [1.0]


OF_ROWS = {
    "accumulate": lambda ufunc, x: ufunc.accumulate(x, axis=0),
    "reduceat": lambda ufunc, x: ufunc.reduceat(x, [0, 2, 1], axis=1),
    "reduce of one": lambda ufunc, x: ufunc.reduce(x[:1], axis=0),
    "reduce of none": lambda ufunc, x: ufunc.reduce(x[:0], axis=0),
    "reduce": lambda ufunc, x: ufunc.reduce(x, axis=1),
}


@pytest.mark.parametrize("ufunc", [np.logical_and, np.logical_or, np.logical_xor], ids=lambda ufunc: ufunc.__name__)
@pytest.mark.parametrize("way", OF_ROWS)
def test_the_first_element_of_a_row_is_a_truth_as_all_others_are(ufunc, way):
    def truths(x):
        return OF_ROWS[way](ufunc, x)

    def weighted(x):
        return sum((truths(x) * 3.0).ravel())

    def of_compiled(x):
        return sum(x * 1.0 for x in jit(truths)(x).ravel())

    x = np.array([[0.617, 0.0, np.nan], [0.878, 1.343, 0.0], [-0.059, 0.0, 0.245]])
    expected = truths(x)
    assert expected.dtype == bool
    for found in (truths(array([Variable(number) for number in x.ravel()]).reshape(3, 3)), jit(truths)(x)):
        assert found.dtype == bool and found.tolist() == expected.tolist()
    assert jit(lambda x: truths(x) * 3.0)(x).tolist() == (expected * 3.0).tolist()
    for function in (weighted, jit(weighted), of_compiled):
        assert grad(function)(x).tolist() == np.zeros((3, 3)).tolist()


def test_conditions_of_arrays_are_results():
    assert jit(lambda x: x > 0.0)(np.array([1.0, -1.0])).tolist() == [1.0, 0.0]
    assert jit(lambda x: {"a": [(x > 0.0).reshape(2, 1)]})(np.array([1.0, -1.0]))["a"][0].tolist() == [[1.0], [0.0]]


def test_views_and_results_keep_the_class():
    x = array([[Variable(1.0), 2.0], [3.0, Variable(4.0)]])
    for result in (x[0], x.T, x.reshape(-1), np.exp(x), x + 1.0, 1.0 * x, np.concatenate([x, x]), x @ x, np.tril(x)):
        assert type(result) is type(x)
    assert isinstance(x.sum(), Node) and isinstance(x[0, 0], Node)


@pytest.mark.parametrize(
    "change",
    [
        lambda b, x: np.add.at(b, [0, 1, 0], x), lambda b, x: np.add.at(b, 0, x[0]),
        lambda b, x: np.multiply.at(b, [0], [x[1]]), lambda b, x: np.put(b, [0], x[:1]), lambda b, x: b.fill(x[0]),
        np.copyto, lambda b, x: np.sin(x, out=b), lambda b, x: np.add(x, 1.0, b),
        lambda b, x: np.cumsum(x, out=b), lambda b, x: b.__iadd__(x), lambda b, x: np.fill_diagonal(b[None], x[0]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", [jit, grad])
def test_an_array_of_numbers_takes_no_nodes_and_does_not_stay_as_it_was(change, way):
    def function(x):
        b = np.zeros(3)
        change(b, x)
        return b.sum() + x.sum()

    with pytest.raises(OperandError):
        way(function)(np.array([0.5, -1.0, 2.0]))


def test_elements_at_places_are_changed_by_a_mask_that_is_compared_inside():
    def function(x):
        b = x * 2.0
        np.subtract.at(b, x > 0.0, x[x > 0.0])
        np.add.at(b, (np.array([0, 0]),), 1.0)
        return b

    for x in (np.array([0.5, -1.25, 2.0]), np.array([-0.5, 1.25, 2.0])):
        expected = function(x)
        assert list(jit(function)(x)) == list(expected)
        assert np.array_equal(jacobian(function)(x), np.diag(np.where(x > 0.0, 1.0, 2.0)))
    with pytest.raises(TypeError, match="first operand must be array"):
        np.add.at([0.0, 1.0], [0], array([Variable(1.0)]))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x, dtype=int), lambda x: x.sum(dtype=np.int32), lambda x: x.mean(dtype=np.float32),
        lambda x: np.mean(x, dtype=np.float16), lambda x: np.prod(x, dtype=int), lambda x: x.cumsum(dtype=int)[-1],
        lambda x: np.cumsum(x, dtype=np.float32)[-1], lambda x: np.add(x, 1.0, dtype=np.float32)[0],
        lambda x: np.add.reduce(x, dtype=int), lambda x: np.nansum(x, dtype=int), lambda x: np.var(x, dtype=np.float32),
    ],
)  # fmt: skip
def test_numbers_that_would_be_rounded_on_the_way_are_refused(call):
    for way in (jit, grad):
        with pytest.raises(OperandError):
            way(call)(np.array([0.5, -1.25, 2.0]))
    assert grad(lambda x: np.sum(x, dtype=float) + x.mean(dtype=np.float64))(np.ones(2)).tolist() == [1.5, 1.5]


def test_a_number_among_nodes_may_be_0_in_sinc():
    assert np.sinc(array([Variable(0.5), 0.0]))[1] == 1.0


def test_an_array_of_nodes_has_no_bytes():
    for call in (lambda x: x.tobytes(), bytes, lambda x: {x.tobytes(): 1.0}):
        for way in (jit, grad):
            with pytest.raises(OperandError, match="has no bytes of numbers"):
                way(lambda x, call=call: x.sum() * len(call(x)))(np.ones(2))


def test_a_function_that_nodes_have_no_form_of_is_refused_by_name():
    x = array([[Variable(2.0), 0.0], [0.0, 1.0]])
    for name, call in (
        ("linalg.eigvals", np.linalg.eigvals),
        ("fft.fft", np.fft.fft),
        ("nextafter", lambda v: np.nextafter(v, v)),
    ):
        with pytest.raises(OperandError, match=rf"np\.{name} can't take nodes or arrays of them"):
            call(x)


def test_functions_of_ones_own_are_run_on_elements():
    x = array([Variable(2.0), 3.0])
    for function in (np.frompyfunc(lambda a: a * a, 1, 1), np.vectorize(lambda a: a * a, otypes=[object])):
        assert numbers_in(function(x)) == [(2,), 4.0, 9.0]
    assert numbers_in(np.frompyfunc(lambda a, b: a * b, 2, 1).outer(x, [1.0, 2.0])) == [(2, 2), 2.0, 4.0, 3.0, 6.0]


@pytest.mark.parametrize("decimals", [0, 1, 3, -1])
def test_rounded_arrays_are_those_of_numbers_and_go_on_as_such(decimals):
    x = np.array([1.25, -0.75, 2.0, 17.123456, 0.0])

    def function(x):
        rounded = x.round(decimals)
        return [
            np.round(x, decimals),
            np.logical_and(rounded, 2),
            np.maximum(np.around(x - 1.0, decimals), 0.5),
            rounded,
        ]

    wanted = [list(map(float, part)) for part in function(x)]
    nodes = function(array([*[Variable(number) for number in x[:-1]], 0.0]))
    for found in (nodes, jit(function)(x)):
        assert [[float(getattr(one, "value", one)) for one in part] for part in found] == wanted
    assert grad(lambda x: x.round(decimals).sum())(x).tolist() == [0.0] * 5


def test_places_that_there_are_not_are_numpys_errors():
    x = array([Variable(2.0), 3.0])
    for call in (lambda: x.argpartition(2), lambda: np.partition(x, [0, 5]), lambda: np.argpartition(x, -3)):
        with pytest.raises(ValueError, match="out of bounds"):
            call()
    assert jit(lambda a: np.isinf(a > 0.0, a >= 1.0))(np.ones(2)).tolist() == [False, False]


def test_array_takes_numbers_and_nodes_alone():
    x = Variable(1.0)
    assert array([[x, 2], [np.float32(0.5), True]]).shape == (2, 2)
    for wrong in (["text"], [None], [[1.0], [2.0, 3.0]]):
        with pytest.raises((OperandError, ValueError)):
            array(wrong)


@pytest.mark.parametrize("x", [np.array([-1.5, 0.0, 2.5]), np.array([[0.25, -3.0]])])
def test_functions_of_the_package_take_arrays(x):
    nodes = array([Variable(number) for number in x.ravel()]).reshape(x.shape)
    for function in (
        autograd.exp, sigmoid, relu, autograd.softplus, autograd.trunc, lambda x: maximum(x, 0.5),
        lambda x: maximum(0.5, x, -x), lambda x: clip(x, -1.0, 1), lambda x: where(x > 0.0, x, -x),
        lambda x: autograd.fma(2.0, x, x), lambda x: autograd.hypot(x, x[..., :1]),
    ):  # fmt: skip
        plain, of_nodes = function(x), function(nodes)
        assert plain.dtype == float and plain.shape == x.shape and type(plain) is np.ndarray
        assert numbers_in(of_nodes) == numbers_in(plain)
    beside = autograd.logaddexp(Variable(1.0), x)
    assert numbers_in(beside) == numbers_in(autograd.logaddexp(1.0, x))
    assert autograd.sigmoid(x).ravel()[0] == autograd.sigmoid(float(x.ravel()[0]))


def test_sums_and_products_of_tables_stay_ambiguous():
    for function in (autograd.sum, autograd.max, autograd.norm):
        with pytest.raises(OperandError, match="sequence"):
            function(np.ones((2, 2)))


def test_a_truth_of_numpys_chooses_its_side():
    assert where(np.float64(1.0) > 0.0, 3.0, 4.0) == 3.0
    assert where(np.float64(1.0) < 0.0, 3.0, 4.0) == 4.0


@pytest.mark.parametrize("kind", ["csr_array", "csc_array", "coo_array", "csr_matrix"])
def test_an_array_times_a_sparse_matrix_is_that_of_the_dense_one(kind):
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
    matrix = getattr(sparse, kind)(dense)
    x, rows = np.array([2.0, 5.0]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for way in (lambda f: f, jit):
        assert way(jacobian(lambda x: x @ matrix))(x).tolist() == dense.T.tolist()
        assert way(lambda x: x @ matrix)(x).tolist() == (x @ dense).tolist()
        assert way(jacobian(lambda a: a @ matrix))(rows).shape == (3, 3, 3, 2)
        assert way(lambda a: a @ matrix)(rows).tolist() == (rows @ dense).tolist()
    with pytest.raises(OperandError, match=r"shape \(3,\) can't be multiplied with a sparse one of \(2, 3\)"):
        jacobian(lambda x: x @ matrix)(np.ones(3))


SINGLE = {
    "angle": lambda x: np.angle(x) + x,
    "nan_to_num": lambda x: np.nan_to_num(x, nan=2.0),
    "isclose": lambda x: np.isclose(x, 0.7) * x,
    "allclose": lambda x: np.allclose([x, x], 0.7) * x,
    "isclose, nan": lambda x: np.isclose(x, np.nan, equal_nan=True) * 1.0,
    "clip": lambda x: np.clip(x, 0.0, 1.0),
    "where": lambda x: divmod(np.where(True, x, 2.0), 0.75)[1],
    "stack": lambda x: np.max(np.stack([x, 2.0 * x])),
    "minimum of a row": np.minimum.reduce,
    "lengths": lambda x: x + np.hypot.reduce(x, where=False),
    "a length": np.hypot.reduce,
    "sinc": np.sinc,
    "isscalar": lambda x: x if np.isscalar(x) and isinstance(x, numbers.Real) else 0.0,
    "as a float": lambda x: x.real + x.imag + x.conjugate() * x.is_integer(),
}


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("x", [0.7, -1.3, 0.0, 2.0, np.nan, np.inf])
def test_a_function_of_numpy_takes_a_single_node_as_a_number(name, x):
    function = SINGLE[name]
    with np.errstate(all="ignore"):
        expected = float(function(x))
    for found in (
        value_of(np.asarray(function(Variable(x))).item()),
        jit(function)(x),
        vmap(function)(np.array([x]))[0],
    ):
        np.testing.assert_allclose(float(found), expected, rtol=1e-15, atol=1e-16)


# Of NumPy's truths, `~` is the opposite, and sums are truths; of Python's, both are ints.
TRUTHS_OF_ONE = {
    "not nan": lambda x: x if ~np.isnan(x) else 9.0,
    "not greater": lambda x: x * ~np.greater(x, 1.0),
    "not both": lambda x: np.where(~np.logical_and(x, x < 1.0), x, 5.0).item(),
    "not finite, nor negative": lambda x: 2.0 + ~np.isfinite(x) + ~np.signbit(x),
    "not close": lambda x: x if ~np.isclose(x, 2.0) else 9.0,
    "not any": lambda x: 2.0 - ~np.any(x),
    "not all above": lambda x: 2.0 - ~np.all(np.stack([x, 3.0]) > 1.0),
    "beside a number of NumPy's": lambda x: 2.0 - ~(np.float64(1.5) > x),
    "both": lambda x: 2.0 * (np.isfinite(x) + np.isfinite(x)),
    "as a float": lambda x: x * np.less(x, 1.0).astype(float),
    "mean without nan": np.nanmean,
}


@pytest.mark.parametrize("name", TRUTHS_OF_ONE)
@pytest.mark.parametrize("x", [0.7, -1.3, 0.0, 2.0, np.nan, np.inf])
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_truths_that_numpy_gives_of_a_single_node_are_numpys(name, x):
    function = TRUTHS_OF_ONE[name]
    with np.errstate(all="ignore"):
        expected = float(function(np.float64(x)))
        found = [function(Variable(x)), jit(function)(x), *vmap(function)(np.array([x]))]
        found.append(jvp(function, (x,), (1.0,))[0])
    np.testing.assert_equal([float(value_of(one)) for one in found], [expected] * 4)


def test_sinc_has_derivatives_of_all_orders_at_0_and_beside():
    third = grad(grad(grad(np.sinc)))
    assert grad(np.sinc)(0.0) == 0.0 and third(0.0) == 0.0
    assert grad(grad(np.sinc))(0.0) == pytest.approx(-(np.pi**2) / 3.0, rel=1e-15)
    for x in (1e-9, 1e-3, 0.31, 0.32, 0.5):
        y = np.pi * x
        slope = -y / 3.0 + y**3 / 30.0 - y**5 / 840.0 + y**7 / 45360.0 - y**9 / 3991680.0 + y**11 / 518918400.0
        assert grad(np.sinc)(x) == pytest.approx(np.pi * slope, rel=1e-8)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.mean(a, where=a > 0.0),
        lambda a: np.std(a, where=a > 0.0),
        lambda a: np.nanmean(a, where=a > 0.0),
        lambda a: np.nanvar(a, where=a < 5.0),
        lambda a: np.average(a, weights=a > 0.0),
        lambda a: np.sum(a > 0.0, where=a < 1.0) * a[0],
    ],
)
def test_masks_that_are_compared_inside_are_options_of_reductions(function):
    a = np.array([0.5, -0.3, 1.824])
    assert jit(function)(a) == pytest.approx(function(a), rel=1e-15)
    assert vmap(function)(a[None])[0] == pytest.approx(function(a), rel=1e-15)
    np.testing.assert_array_equal(jit(grad(function))(a), grad(function)(a))


@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.maximum(a > 0.0, a).sum(),
        lambda a: np.fmin(a, a > 0.5).sum(),
        lambda a: a.clip(a > 0.0).sum(),
        lambda a: maximum(a[1], a[1] > 0.5),
    ],
)
def test_a_condition_is_constant_at_a_tie_compiled_or_not(function):
    a = np.array([0.0, 1.0, 0.5])
    expected = grad(function)(a)
    for compiled in (jit(grad(function)), grad(jit(function)), jacfwd(jit(function))):
        np.testing.assert_array_equal(compiled(a), expected)


@pytest.mark.parametrize("xp, fp", [([0.0, 1.0], 3), ([0.0, 1.0, 2.0], 2), ([], 0)])
def test_places_and_values_to_interpolate_between_are_as_many(xp, fp):
    def between(x):
        return np.interp(0.5, xp, x[:fp])

    numbers = np.array([0.2, 0.5, 1.0])
    for function, x in [(jit(between), numbers), (grad(between), numbers), (between, autograd.array(numbers))]:
        with pytest.raises(ValueError, match=rf"one value of fp for each place of xp, got {fp} for {len(xp)} places"):
            function(x)
