"""`np.linalg` on arrays of nodes: NumPy's values, and derivatives of the first and second order, in every tier."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys

import mpmath
import numpy as np
import pytest

from autograd import (
    AutogradError,
    ExportError,
    OperandError,
    array,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jit,
    jvp,
    to_c,
    vmap,
)
from autograd.arrays import linear_algebra
from autograd.arrays.linear_algebra import WRITTEN_OUT
from autograd.graph.node import Node, Variable
from autograd.graph.sweep import topological_order
from tests.tables.c_compiler import Library
from tests.tables.tiers import TIERS

linalg = np.linalg
RANDOM = np.random.default_rng(3)
SQUARE = RANDOM.normal(size=(4, 4))
OTHER = RANDOM.normal(size=(4, 4))
POSITIVE = SQUARE @ SQUARE.T + np.identity(4)
TALL = RANDOM.normal(size=(5, 3))
VECTOR, LONG_VECTOR = RANDOM.normal(size=4), RANDOM.normal(size=5)
MATRIX = RANDOM.normal(size=(4, 2))
STACK = RANDOM.normal(size=(2, 3, 3))


def symmetric(x):
    """A matrix that depends on both triangles: derivatives are then the same for whichever is read."""
    return (x + np.swapaxes(x, -1, -2)) / 2.0


FUNCTIONS = {
    "solve a vector": (lambda a: linalg.solve(a, VECTOR), SQUARE),
    "solve a matrix": (lambda a: linalg.solve(a, MATRIX), SQUARE),
    "solve for the right side": (lambda b: linalg.solve(SQUARE, b), MATRIX),
    "solve for both": (lambda a: linalg.solve(a, a @ a + 1.0), SQUARE),
    "solve a stack": (lambda a: linalg.solve(a, VECTOR[:3]), STACK),
    "solve one matrix for a stack": (lambda b: linalg.solve(STACK[0], b), STACK),
    "inv": (linalg.inv, SQUARE),
    "inv of a stack": (linalg.inv, STACK),
    "inv where the first pivot is 0": (linalg.inv, np.array([[0.0, 2.0, 1.0], [1.0, 0.0, 3.0], [2.0, 1.0, 0.0]])),
    "det of 1": (linalg.det, SQUARE[:1, :1]),
    "det of 2": (linalg.det, SQUARE[:2, :2]),
    "det of 3": (linalg.det, SQUARE[:3, :3]),
    "det of 4": (linalg.det, SQUARE),
    "det of a stack": (linalg.det, STACK),
    "slogdet": (lambda a: linalg.slogdet(a)[1], SQUARE),
    "sign of slogdet": (lambda a: linalg.slogdet(a).sign * a[0, 0], SQUARE[::-1]),
    "cholesky": (lambda a: linalg.cholesky(symmetric(a)), POSITIVE),
    "cholesky of a stack": (lambda a: linalg.cholesky(a @ np.swapaxes(a, -1, -2)), STACK),
    "Q of a tall matrix": (lambda a: linalg.qr(a).Q, TALL),
    "R of a tall matrix": (lambda a: linalg.qr(a)[1], TALL),
    "Q of a square matrix": (lambda a: linalg.qr(a)[0], SQUARE),
    "complete Q": (lambda a: linalg.qr(a, mode="complete")[0], TALL),
    "R of a wide matrix": (lambda a: linalg.qr(a, "r"), TALL.T),
    "R of a stack": (lambda a: linalg.qr(a, "r"), STACK),
    "lstsq of a tall matrix": (lambda a: linalg.lstsq(a, LONG_VECTOR, rcond=None)[0], TALL),
    "lstsq of a wide matrix": (lambda a: linalg.lstsq(a, VECTOR[:3], rcond=None)[0], TALL.T),
    "lstsq of a square matrix": (lambda a: linalg.lstsq(a, MATRIX, rcond=None)[0], SQUARE),
    "residuals of lstsq": (lambda a: linalg.lstsq(a, LONG_VECTOR, rcond=None)[1], TALL),
    "singular values of lstsq": (lambda a: linalg.lstsq(a, LONG_VECTOR, rcond=None)[3], TALL),
    "pinv of a tall matrix": (linalg.pinv, TALL),
    "pinv of a wide matrix": (linalg.pinv, TALL.T),
    "eigvalsh": (lambda a: linalg.eigvalsh(symmetric(a)), POSITIVE),
    "eigvalsh of a stack": (lambda a: linalg.eigvalsh(symmetric(a)), STACK),
    "eigvectors": (lambda a: linalg.eigh(symmetric(a)).eigenvectors, POSITIVE),
    "eigvectors by the upper triangle": (lambda a: linalg.eigh(symmetric(a), "U")[1], POSITIVE),
    "singular values": (lambda a: linalg.svd(a, compute_uv=False), SQUARE),
    "singular values of a tall matrix": (lambda a: linalg.svd(a, compute_uv=False), TALL),
    "singular values of a wide matrix": (lambda a: linalg.svd(a, compute_uv=False), TALL.T),
    "cond": (linalg.cond, SQUARE),
    "cond, smallest over largest": (lambda a: linalg.cond(a, -2), SQUARE),
    "cond by columns": (lambda a: linalg.cond(a, 1), SQUARE),
    "spectral norm": (lambda a: linalg.norm(a, 2), TALL),
    "spectral norm of a stack": (lambda a: linalg.norm(a, 2, axis=(0, 2), keepdims=True), STACK),
    "smallest singular value": (lambda a: linalg.norm(a, -2), TALL),
    "nuclear norm": (lambda a: linalg.norm(a, "nuc"), TALL),
    "third power": (lambda a: linalg.matrix_power(a, 3), SQUARE),
    "fifth power backward": (lambda a: linalg.matrix_power(a, -5), SQUARE),
    "no power": (lambda a: linalg.matrix_power(a, 0) * a[0, 0], SQUARE),
    "first power of a stack": (lambda a: linalg.matrix_power(a, 1), STACK),
    "trace": (np.trace, SQUARE),
    "multi_dot": (lambda a: linalg.multi_dot([a, OTHER, a]), SQUARE),
}
# Those that are LAPACK's beyond a number of rows.
LARGE = [name for name in FUNCTIONS if name.startswith(("solve", "inv", "det", "slogdet", "sign", "cond by", "fifth"))]


def value_of(result):
    return np.vectorize(lambda x: x.value if isinstance(x, Node) else x, otypes=[float])(np.asarray(result, object))


def with_digits(function, x, direction):
    """The function at numbers near x, and its derivatives along a direction, from NumPy's own by Richardson's steps."""

    def at(t):
        return np.asarray(function(x + t * direction), float)

    def first(h):
        return (at(h) - at(-h)) / (2.0 * h)

    def second(h):
        return (at(h) - 2.0 * at(0.0) + at(-h)) / h**2

    # The errors of h⁴ go, of h⁶ stay: with h = 1e-2, below the rounding of the smallest step.
    def extrapolated(rule, h):
        one, two, four = rule(h), rule(h / 2.0), rule(h / 4.0)
        return (64.0 * four - 20.0 * two + one) / 45.0

    return extrapolated(first, 4e-3), extrapolated(second, 1.6e-2)


def close(found, expected, digits):
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(value_of(found), expected, rtol=0.0, atol=scale * digits)


@pytest.mark.parametrize("written_out", [True, False], ids=["written out", "LAPACK"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives_of_two_orders_are_numpys(name, written_out, monkeypatch):
    if not written_out:
        if name not in LARGE:
            return
        monkeypatch.setattr(linear_algebra, "WRITTEN_OUT", 1)
    function, x = FUNCTIONS[name]
    expected = np.asarray(function(x))
    nodes = array([Variable(number) for number in x.ravel().tolist()]).reshape(x.shape)
    close(function(nodes), expected, 1e-13)
    direction = np.random.default_rng(5).normal(size=x.shape) * 0.3
    first, second = with_digits(function, x, direction)

    def along(x):
        return jvp(function, (x,), (direction,))[1]

    close(along(x), first, 1e-8)
    close(jvp(along, (x,), (direction,))[1], second, 1e-5)
    backward = np.tensordot(jacrev(function)(x), direction, x.ndim)
    # Forward and backward are the same derivative.
    close(backward, value_of(along(x)), 1e-11)
    weights = np.random.default_rng(6).normal(size=expected.shape)
    curvature = hessian(lambda x: np.sum(weights * function(x)))(x)
    close(np.tensordot(np.tensordot(curvature, direction, x.ndim), direction, x.ndim), (weights * second).sum(), 3e-5)
    for tier in TIERS:
        compiled = jit(function, tier=tier)
        close(compiled(x), expected, 1e-13)
        assert len(compiled.paths) == 1
    close(jit(jacfwd(function), tier="vm")(x), jacrev(function)(x), 1e-11)


@pytest.mark.parametrize("name", ["inv", "det of 4", "cholesky", "R of a tall matrix", "eigvalsh", "nuclear norm"])
def test_rows_are_mapped_with_one_path(name):
    function, x = FUNCTIONS[name]
    rows = x + 0.2 * np.random.default_rng(8).normal(size=(200, *x.shape))
    if name == "cholesky":
        rows = rows @ np.swapaxes(rows, -1, -2) + np.identity(4)
    mapped = vmap(function)
    close(mapped(rows), np.array([function(row) for row in rows]), 1e-10)
    slopes = vmap(grad(lambda x: np.sum(function(x))))
    close(slopes(rows[:20]), np.array([grad(lambda x: np.sum(function(x)))(row) for row in rows[:20]]), 1e-9)
    assert len(mapped.paths) == len(slopes.paths) == 1


def test_every_order_of_pivots_is_one_path():
    compiled = jit(linalg.inv)
    for order in itertools.permutations(range(3)):
        matrix = np.diag([1.0, 2.0, 3.0])[list(order)] + 0.1
        np.testing.assert_allclose(compiled(matrix), linalg.inv(matrix), rtol=1e-13)
        np.testing.assert_allclose(
            value_of(linalg.inv(array([[Variable(x) for x in row] for row in matrix]))), linalg.inv(matrix)
        )
    assert len(compiled.paths) == 1


def test_gradients_are_the_closed_forms():
    inverse = linalg.inv(SQUARE)
    np.testing.assert_allclose(grad(linalg.det)(SQUARE), linalg.det(SQUARE) * inverse.T, rtol=1e-12)
    np.testing.assert_allclose(grad(lambda a: linalg.slogdet(a)[1])(SQUARE), inverse.T, rtol=1e-12)
    np.testing.assert_allclose(grad(lambda a: np.trace(linalg.inv(a)))(SQUARE), -(inverse @ inverse).T, rtol=1e-11)
    x = linalg.solve(SQUARE, VECTOR)
    adjoint = linalg.solve(SQUARE.T, OTHER[0])
    slope = grad(lambda a: linalg.solve(a, VECTOR) @ OTHER[0])(SQUARE)
    np.testing.assert_allclose(slope, -np.outer(adjoint, x), rtol=1e-11)
    left, _, right = linalg.svd(TALL, full_matrices=False)
    np.testing.assert_allclose(grad(lambda a: linalg.norm(a, "nuc"))(TALL), left @ right, rtol=1e-11)
    vectors = linalg.eigh(POSITIVE)[1]
    slope = grad(lambda a: linalg.eigvalsh(a)[0])(POSITIVE)
    full = np.outer(vectors[:, 0], vectors[:, 0])
    np.testing.assert_allclose(slope, np.tril(full + full.T) - np.diag(np.diag(full)), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("size", [5, 8, WRITTEN_OUT, WRITTEN_OUT + 1])
def test_values_are_as_accurate_as_numpys(size):
    """Beside mpmath with 60 digits: matrices of Hilbert's kind, whose condition grows to 1e13."""
    matrix = np.array([[1.0 / (i + j + 1.0 + 0.2 * (i == j)) for j in range(size)] for i in range(size)])
    right = np.ones(size)
    with mpmath.workdps(60):
        exact = mpmath.matrix(matrix.tolist())
        solution = np.array([float(x) for x in mpmath.lu_solve(exact, mpmath.matrix(right.tolist()))])
        value = float(mpmath.det(exact))
    found = jit(lambda a: (linalg.solve(a, right), linalg.det(a)))(matrix)
    scale = linalg.cond(matrix) * np.finfo(float).eps
    assert np.abs(found[0] - solution).max() <= max(10.0 * np.abs(linalg.solve(matrix, right) - solution).max(), scale)
    assert abs(found[1] - value) <= max(10.0 * abs(linalg.det(matrix) - value), scale * abs(value))


# Matrices that have no inverse.

SINGULAR = {
    "equal rows": [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0.0, 1.0, 5.0]],
    "to rounding": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]],
    "tenths": [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]],
    "nothing": [[0.0] * 3] * 3,
}
SYSTEMS = [linalg.inv, lambda a: linalg.solve(a, np.arange(1.0, len(a) + 1.0)), linalg.slogdet, linalg.pinv, linalg.qr]


@pytest.mark.parametrize("call", SYSTEMS, ids=["inv", "solve", "slogdet", "pinv", "qr"])
@pytest.mark.parametrize("name", SINGULAR)
def test_a_singular_matrix_is_refused_in_every_tier(name, call):
    matrix = np.array(SINGULAR[name])
    for way in (lambda f: f(array([[Variable(x) for x in row] for row in matrix])), lambda f: jit(f)(matrix)):
        with pytest.raises(linalg.LinAlgError, match=r"Singular matrix: np\.linalg\.\w+ needs a matrix of full rank"):
            way(call)
    with pytest.raises(AutogradError, match="in row 1 of the rows"):
        vmap(call)(np.array([np.identity(3) + 0.1 * matrix, matrix]))


@pytest.mark.parametrize("name", SINGULAR)
def test_a_large_singular_matrix_is_refused(name):
    matrix = np.identity(WRITTEN_OUT + 3)
    matrix[2:5, 2:5] = SINGULAR[name]
    mixed = linalg.qr(np.random.default_rng(0).normal(size=matrix.shape))[0]
    matrix = matrix if name == "nothing" else mixed @ matrix
    for call in SYSTEMS[:2]:
        for way in (lambda f: f(array([[Variable(x) for x in row] for row in matrix])), lambda f: jit(f)(matrix)):
            with pytest.raises(linalg.LinAlgError, match="Singular matrix"):
                way(call)


@pytest.mark.parametrize("scale", [1e-150, 1e-20, 1.0, 1e20, 1e150])
@pytest.mark.parametrize("size", [3, WRITTEN_OUT + 1])
def test_a_matrix_of_any_scale_is_not_taken_for_singular(scale, size):
    matrix = np.random.default_rng(2).normal(size=(size, size))
    one_row, one_column = matrix.copy(), matrix.copy()
    one_row[1] *= scale
    one_column[:, 1] *= scale
    for scaled in (scale * matrix, one_row, one_column, np.diag([scale, *[1.0] * (size - 1)])):
        for call in (linalg.inv, lambda a: linalg.solve(a, np.ones(size))):
            expected = call(scaled)
            np.testing.assert_allclose(jit(call)(scaled), expected, rtol=1e-9, atol=1e-12 * np.abs(expected).min())


def test_a_determinant_of_0_has_its_cofactors_and_their_slopes():
    """Of a singular matrix LAPACK's way has no derivatives; products and sums do."""
    for size in (2, 3, 4, 6):
        matrix = np.random.default_rng(size).integers(-3, 4, (size, size)).astype(float)
        matrix[-1] = 2.0 * matrix[0]
        cofactors = np.array([
            [
                (-1) ** (i + j) * linalg.det(np.delete(np.delete(matrix, i, 0), j, 1)) if size > 1 else 1.0
                for j in range(size)
            ]
            for i in range(size)
        ])  # fmt: skip
        for function in (grad(linalg.det), jit(grad(linalg.det))):
            np.testing.assert_allclose(function(matrix), cofactors, rtol=1e-10, atol=1e-9)
        assert abs(jit(linalg.det)(matrix)) < 1e-9
        direction = np.random.default_rng(9).normal(size=(size, size))
        _, second = with_digits(linalg.det, matrix, direction)
        curvature = hessian(linalg.det)(matrix)
        found = np.tensordot(np.tensordot(curvature, direction, 2), direction, 2)
        assert found == pytest.approx(second, rel=1e-5, abs=1e-5)


def test_a_large_determinant_of_0_has_a_value_and_refuses_derivatives():
    matrix = np.ones((WRITTEN_OUT + 1, WRITTEN_OUT + 1))
    assert jit(linalg.det)(matrix) == 0.0
    with pytest.raises(linalg.LinAlgError, match="Singular matrix"):
        grad(linalg.det)(matrix)


@pytest.mark.parametrize("matrix", [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]]])
def test_cholesky_needs_a_positive_definite_matrix(matrix):
    for function in (grad(lambda a: np.sum(linalg.cholesky(a))), jit(linalg.cholesky)):
        with pytest.raises(
            linalg.LinAlgError, match=r"not positive definite: np\.linalg\.cholesky met the pivot -?[0-9]"
        ):
            function(np.array(matrix))


@pytest.mark.parametrize("call", [linalg.eigvalsh, linalg.eigh, lambda a: linalg.svd(a, compute_uv=False)])
def test_equal_eigenvalues_are_refused(call):
    for function in (jit(call), grad(lambda a: np.sum(call(a)[0]))):
        with pytest.raises(linalg.LinAlgError, match="got two of absolute value 2, to working"):
            function(np.diag([2.0, 5.0, 2.0]))


# What is read, and what is not there.


def test_one_triangle_is_read():
    slope = grad(lambda a: np.sum(linalg.cholesky(a)))(POSITIVE)
    assert (slope[np.triu_indices(4, 1)] == 0.0).all() and (slope[np.tril_indices(4)] != 0.0).all()
    upper = grad(lambda a: linalg.eigvalsh(a, "U")[0])(POSITIVE)
    assert (upper[np.tril_indices(4, -1)] == 0.0).all() and (upper[np.triu_indices(4)] != 0.0).all()
    nonsense = POSITIVE + np.triu(OTHER, 1)
    np.testing.assert_allclose(jit(linalg.cholesky)(nonsense), linalg.cholesky(nonsense), rtol=1e-13)


def test_results_have_numpys_names():
    found = jit(lambda a: [linalg.slogdet(a).logabsdet, linalg.qr(a).R[0, 0], linalg.eigh(a).eigenvalues[0]])(POSITIVE)
    expected = [linalg.slogdet(POSITIVE)[1], linalg.qr(POSITIVE)[1][0, 0], linalg.eigvalsh(POSITIVE)[0]]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a: linalg.inv(a[:2]), linalg.LinAlgError, r"inv takes a square matrix, .*; got shape \(2, 4\)"),
        (lambda a: linalg.det(a[0]), linalg.LinAlgError, r"det takes a square matrix, .*; got shape \(4,\)"),
        (lambda a: linalg.qr(a[0]), linalg.LinAlgError, r"qr takes a matrix, .*; got shape \(4,\)"),
        (
            lambda a: linalg.solve(a, np.ones(3)),
            ValueError,
            r"as many right sides as rows: got shapes \(4, 4\), \(3,\)",
        ),
        (lambda a: linalg.lstsq(a, np.ones(3)), linalg.LinAlgError, r"got shapes \(4, 4\) and \(3,\)"),
        (lambda a: linalg.inv(a[:0, :0]), OperandError, r"without elements, of shape \(0, 0\)"),
        (linalg.svd, OperandError, "but for compute_uv=False"),
        (lambda a: linalg.qr(a, mode="raw"), OperandError, "it takes 'reduced', 'complete' and 'r'"),
        (lambda a: linalg.pinv(a, rcond=0.1), OperandError, "it takes matrices of full rank"),
        (lambda a: linalg.eigh(a, "M"), ValueError, "UPLO argument must be 'L' or 'U', got 'M'"),
        (lambda a: linalg.matrix_power(a, 1.5), TypeError, "cannot be interpreted as an integer"),
        (linalg.eigvals, OperandError, "np.linalg.eigvals can't take nodes or arrays of them"),
    ],
)
def test_what_can_not_be_done_is_said(call, error, message):
    with pytest.raises(error, match=message):
        jit(call)(SQUARE)


def test_whole_numbers_are_numbers():
    matrix = np.array([[2, 1], [1, 3]])
    np.testing.assert_allclose(jit(linalg.inv)(matrix), linalg.inv(matrix), rtol=1e-14)
    np.testing.assert_allclose(grad(lambda x: linalg.solve(matrix, x * np.array([1, 2]))[0])(1.0), 0.2, rtol=1e-14)


@pytest.mark.parametrize("size", [3, WRITTEN_OUT + 1])
def test_compiled_derivatives_differentiate_again_and_repeat_themselves(size):
    matrix = np.random.default_rng(1).normal(size=(size, size)) + 3.0 * np.identity(size)
    slope = jit(grad(lambda a: np.sum(linalg.solve(a, np.ones(size)) ** 2)))
    again = grad(lambda a: np.sum(slope(a) ** 2))(matrix)
    direct = grad(lambda a: np.sum(grad(lambda a: np.sum(linalg.solve(a, np.ones(size)) ** 2))(a) ** 2))(matrix)
    np.testing.assert_allclose(again, direct, rtol=1e-9, atol=1e-12)
    assert (slope(matrix) == slope(matrix)).all()


def test_graphs_of_whole_matrices_are_copied_and_pickled():
    x = [Variable(number, str(place)) for place, number in enumerate(POSITIVE.ravel())]
    y = linalg.eigvalsh(array(x).reshape(4, 4))[0] + linalg.norm(array(x).reshape(4, 4), "nuc")
    copied = pickle.loads(pickle.dumps(y))
    y.backward()
    copied.backward()
    assert copied.value == y.value
    leaves = {leaf.name: leaf.grad for leaf in topological_order(copied) if isinstance(leaf, Variable)}
    assert leaves == {leaf.name: leaf.grad for leaf in x}


def test_small_systems_are_exported_and_large_ones_are_not(tmp_path):
    matrix, right = np.array([[0.0, 2.0], [3.0, 1.0]]), np.array([1.0, 2.0])
    exported = to_c(lambda a, b: np.sum(linalg.solve(a, b)), matrix, right, name="solved", derivatives=["gradient"])
    library = Library(exported, tmp_path)
    for a in (matrix, matrix[::-1].copy()):
        status, (value, gradient) = library.call("solved_gradient", [a, right], [1, 6])
        assert status == 0
        assert value == pytest.approx([np.sum(linalg.solve(a, right))], rel=1e-14)
        by_right = grad(lambda b, a=a: np.sum(linalg.solve(a, b)))(right)
        np.testing.assert_allclose(gradient[4:], by_right, rtol=1e-13)
    size = WRITTEN_OUT + 1
    with pytest.raises(ExportError, match="system of 13 rows"):
        to_c(lambda b: linalg.solve(np.identity(size), b), np.ones(size), name="large")


def test_matrices_are_loaded_by_the_first_function_of_theirs():
    program = """
import sys
import numpy as np
from autograd import grad
loaded = lambda: "autograd.arrays.linear_algebra" in sys.modules
assert grad(lambda x: np.sum(np.sort(x)) + np.linalg.norm(x, 1))(np.array([2.0, 1.0])).tolist() == [2.0, 2.0]
assert not loaded()
assert grad(np.linalg.det)(np.eye(2)).tolist() == [[1.0, 0.0], [0.0, 1.0]] and loaded()
"""
    subprocess.run([sys.executable, "-c", program], check=True)
