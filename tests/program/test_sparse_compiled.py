"""Sparse Jacobians and Hessians as compiled programs, against the eager ones and closed forms."""

import itertools
import pickle
import random

import numpy as np
import pytest

import autograd
from autograd import (
    exp,
    grad,
    hessian,
    hessian_sparsity,
    hypot,
    jacobian,
    jacobian_sparsity,
    jit,
    log,
    no_grad,
    sin,
    sqrt,
    stop_gradient,
    value_and_grad,
    vmap,
    where,
)
from autograd.errors import OperandError, OutputError
from autograd.graph.node import Variable
from tests.tables.roundings import EPSILON, ROUNDINGS
from tests.tables.sparse_functions import (
    ELEMENTS,
    HESSIANS,
    JACOBIANS,
    both_ways,
    chained_rosenbrock,
    is_canonical,
    places,
    rosenbrock_hessian,
    sparse,
    start,
)
from tests.tables.tiers import TIERS

POINT = [1.0, 2.0, 3.0, 4.0]
# A decision of plain Python that is an operation of a program has entries for both outcomes, 0 for the other one.
MORE = {"where": {(3, 3)}, "where, the other side": {(2, 2)}}
# While a program is recorded there are no values: where plain Python takes one, a program stops the gradient.
IN_PROGRAMS = {"a value as a number": lambda x: stop_gradient(x[0]) * x[1]}


def compiled(transform, function, tier="vm"):
    return jit(transform(function, sparse=True), tier=tier)


def same(found, expected):
    """Whether two matrices have the same entries in the same places, but for rounding."""
    assert is_canonical(found) and found.dtype == expected.dtype and found.shape == expected.shape
    assert found.indices.dtype == expected.indices.dtype and found.indptr.dtype == expected.indptr.dtype
    assert np.array_equal(found.indptr, expected.indptr) and np.array_equal(found.indices, expected.indices)
    assert found.data == pytest.approx(expected.data, rel=ROUNDINGS * EPSILON, abs=1e-300, nan_ok=True)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("name", "function"), [row[:2] for row in HESSIANS], ids=[row[0] for row in HESSIANS])
def test_a_compiled_hessian_is_the_eager_one(name, function, tier):
    eager = hessian(function, sparse=True)(POINT)
    found = compiled(hessian, IN_PROGRAMS.get(name, function), tier)(POINT)
    assert places(found) == places(eager) | MORE.get(name, set())
    assert found.toarray() == pytest.approx(eager.toarray(), rel=ROUNDINGS * EPSILON, abs=1e-300)
    assert np.array_equal(found.toarray(), found.toarray().T)
    if name not in MORE:
        same(found, eager)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("name", "function"), [row[:2] for row in JACOBIANS], ids=[row[0] for row in JACOBIANS])
def test_a_compiled_jacobian_is_the_eager_one(name, function, tier):
    eager = jacobian(function, sparse=True)(POINT)
    found = compiled(jacobian, function, tier)(POINT)
    if name == "where":
        assert places(found) == {(0, 2), (0, 3), (1, 2), (1, 3)}
        assert np.array_equal(found.toarray(), eager.toarray())
    else:
        same(found, eager)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("count", [1, 2, 3, 10, 300])
def test_the_compiled_hessian_of_a_chain_is_the_closed_form_at_every_further_point(count, tier):
    function = compiled(hessian, chained_rosenbrock, tier)
    for shift in (0.0, 0.3, -1.1):
        x = np.array(start(count)) + shift
        matrix = function(x)
        same(matrix, hessian(chained_rosenbrock, sparse=True)(x))
        terms = 1200.0 * abs(x).max() ** 2 + 400.0 * abs(x).max() + 202.0
        if count > 1:
            assert np.abs((matrix - rosenbrock_hessian(x)).toarray()).max() <= ROUNDINGS * EPSILON * terms
    assert len(function.paths) == 1


@pytest.mark.parametrize("seed", range(8))
def test_compiled_hessians_of_random_partially_separable_functions_are_the_eager_ones(seed):
    draw = random.Random(seed)
    count = draw.randint(3, 20)
    # The one with `where` has a pattern of its own.
    kept = [element for element, pairs in ELEMENTS if pairs is not None]
    chosen = [(draw.choice(kept), draw.sample(range(count), 3)) for _ in range(draw.randint(1, 25))]

    def function(x):
        total = 0.0
        for element, where_ in chosen:
            total = total + element(*[x[place] for place in where_])
        return total

    found = compiled(hessian, function)
    for _ in range(3):
        x = [draw.uniform(-1.0, 1.0) for _ in range(count)]
        eager, matrix = hessian(function, sparse=True)(x), found(x)
        assert places(matrix) == places(eager)
        # Entries are sums of at most 25 terms of size below exp(1) · 3, each with a few roundings.
        assert np.abs((matrix - eager).toarray()).max() <= (25 + ROUNDINGS) * EPSILON * 25 * 3 * np.e


# Paths, kinks, what is nan


def test_each_path_has_its_own_pattern():
    def function(x):
        return x[0] ** 2 if x[0] > x[1] else x[0] * x[1]

    found = compiled(hessian, function)
    for point, expected in [([2.0, 1.0], {(0, 0)}), ([1.0, 2.0], {(0, 1), (1, 0)})] * 2:
        matrix = found(point)
        assert places(matrix) == expected
        same(matrix, hessian(function, sparse=True)(point))
    assert len(found.paths) == 2


def test_a_loop_whose_length_depends_on_a_value_has_a_pattern_for_each_length():
    def function(x):
        product, place = x[0], 0
        while product < 10.0:
            place += 1
            product = product * x[place]
        return product

    found = compiled(hessian, function)
    for point in ([20.0, 2.0, 3.0], [2.0, 6.0, 3.0], [2.0, 3.0, 4.0], [2.0, 7.0, 3.0]):
        same(found(point), hessian(function, sparse=True)(point))
    assert len(found.paths) == 3


@pytest.mark.parametrize("tier", TIERS)
def test_the_side_of_where_that_is_not_taken_contributes_0_even_where_it_is_infinite(tier):
    def function(x):
        return where(x[0] > 0.0, sqrt(x[0]) * x[1], x[0] * x[0]) + x[1] ** 3

    found = compiled(hessian, function, tier)
    for point in ([4.0, 1.0], [0.0, 2.0], [-1.0, 0.5]):
        assert found(point).toarray() == pytest.approx(hessian(function)(np.array(point)), rel=ROUNDINGS * EPSILON)
        assert places(found(point)) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    rows = compiled(jacobian, lambda x: [where(x[0] > 0.0, log(x[0]), 2.0 * x[1])], tier)
    assert rows([0.0, 1.0]).toarray().tolist() == [[0.0, 2.0]]
    assert rows([2.0, 1.0]).toarray().tolist() == [[0.5, 0.0]]


def test_a_tie_of_maxima_is_split_as_in_plain_python():
    found = compiled(hessian, lambda x: autograd.maximum(x[0], x[1]) * x[2])
    for point in ([1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [1.5, 1.5, 3.0]):
        eager = hessian(lambda x: autograd.maximum(x[0], x[1]) * x[2], sparse=True)(point)
        same(found(point), eager)


def test_infinite_and_nan_entries_are_those_of_plain_python():
    def infinite(x):
        return sqrt(x[0]) + 1.0 / x[1] + x[2] * x[3]

    def undefined(x):
        return log(x[0]) + x[1] * x[2]

    for function, point in [
        (infinite, [0.0, -0.0, 1.0, 2.0]),
        (infinite, [1.0, 2.0, 1.0, 2.0]),
        (undefined, [-1.0, 1.0, 2.0]),
        (undefined, [1.0, float("nan"), 2.0]),
        (undefined, [1.0, 2.0, 3.0]),
    ]:
        same(compiled(hessian, function)(point), hessian(function, sparse=True)(point))
    rows = compiled(jacobian, lambda x: [log(x[0]) * x[1], x[1] ** 2])
    same(rows([-1.0, 3.0]), jacobian(lambda x: [log(x[0]) * x[1], x[1] ** 2], sparse=True)([-1.0, 3.0]))
    assert np.isnan(rows([-1.0, 3.0]).data[:2]).all() and rows([-1.0, 3.0])[1, 1] == 6.0


# What goes in and comes out


def test_value_gradient_and_hessian_come_from_one_program():
    def function(x):
        return chained_rosenbrock(x) + exp(x[0])

    step = jit(lambda x: (*value_and_grad(function)(x), {"hessian": hessian(function, sparse=True)(x)}), tier="vm")
    for x in (np.array(start(5)), np.array(start(5)) + 0.5):
        value, gradient, rest = step(x)
        assert (value, gradient.tolist()) == (function(x.tolist()), grad(function)(x).tolist())
        same(rest["hessian"], hessian(function, sparse=True)(x))


def test_arguments_of_any_structure_stand_side_by_side_as_in_the_eager_form():
    def function(x, y, z):
        return x["a"] * y + z[0] ** 2 + z[1] * x["b"] * y

    arguments = ({"a": 1.0, "b": 2.0}, 3.0, np.array([4.0, 5.0]))
    for argnums in ((0, 1, 2), (2, 0), 2, -1):
        same(
            jit(hessian(function, argnums=argnums, sparse=True), tier="vm")(*arguments),
            hessian(function, argnums=argnums, sparse=True)(*arguments),
        )
    rows, aux = jit(jacobian(lambda x: ([x[0] * x[1]], {"seen": x[0]}), has_aux=True, sparse=True))([2.0, 3.0])
    assert rows.toarray().tolist() == [[3.0, 2.0]] and aux == {"seen": 2.0}


def test_a_matrix_of_constants_stays_one():
    same(compiled(jacobian, lambda x: [2.0 * x[0], x[1] - x[2]])([1.0, 2.0, 3.0]), sparse.csr_array(
        (np.array([2.0, 1.0, -1.0]), np.array([0, 1, 2], np.int32), np.array([0, 1, 3], np.int32)), shape=(2, 3)
    ))  # fmt: skip
    known = hessian(lambda x: x[0] ** 2 * x[1], sparse=True)
    matrix = jit(lambda x: {"x": x, "known": known([2.0, 3.0])})(1.0)["known"]
    same(matrix, known([2.0, 3.0]))


def test_each_call_gives_matrices_of_its_own():
    found = compiled(hessian, lambda x: x[0] ** 2 * x[1])
    first = found([1.0, 2.0])
    first.data[:] = 7.0
    first.indices[:] = 0
    first.indptr[:] = 0
    first.has_canonical_format = False
    same(found([1.0, 2.0]), hessian(lambda x: x[0] ** 2 * x[1], sparse=True)([1.0, 2.0]))


def test_patterns_are_known_inside_a_compiled_function():
    def function(x):
        return (x[0] - x[1]) ** 2 + x[2]

    matrix = jit(hessian_sparsity(function))([1.0, 2.0, 3.0])
    assert places(matrix) == both_ways({(0, 0), (0, 1), (1, 1)})
    assert matrix.data.tolist() == [1.0] * 4
    counted = jit(lambda x: x[0] * jacobian_sparsity(function)(x).nnz)
    assert counted([2.0, 3.0, 4.0]) == 6.0


def test_a_compiled_function_may_use_the_entries_and_the_product_with_a_vector():
    def function(x):
        return chained_rosenbrock(x)

    def newton(x, v):
        matrix = hessian(function, sparse=True)(x)
        assert (matrix.shape, matrix.nnz, len(matrix.indices), len(matrix.indptr)) == ((5, 5), 13, 13, 6)
        return matrix @ v, matrix.data[0]

    x, v = np.array(start(5)), np.array([1.0, -2.0, 0.5, 3.0, 0.0])
    product, corner = jit(newton)(x, v)
    eager = hessian(function, sparse=True)(x)
    # Three products of up to 1600 and 3.
    assert np.abs(product - eager @ v).max() <= ROUNDINGS * EPSILON * 3 * 1600 * 3
    assert corner == pytest.approx(eager[0, 0], rel=ROUNDINGS * EPSILON)
    message = r"<sparse matrix \(5, 5\) of 13 nodes> is multiplied with a vector of 5 numbers, got array\[4\]"
    with pytest.raises(OperandError, match=message):
        jit(newton)(x, v[:4])
    with pytest.raises(TypeError, match="'SparseNodes'"):
        jit(lambda x: v * hessian(function, sparse=True)(x))(x)


def chain(x):
    return autograd.sum([sin(a * b) for a, b in itertools.pairwise(x)])


compiled_chain = jit(hessian(chain, sparse=True))


def test_a_compiled_sparse_hessian_can_be_pickled():
    x = start(6)
    for function in (compiled_chain, jit(hessian(chain, sparse=True), tier="vm")):
        restored = pickle.loads(pickle.dumps(function))
        same(restored(x), hessian(chain, sparse=True)(x))
    expected = compiled_chain(x).data.tolist()
    path = compiled_chain.paths[0]
    program = pickle.loads(pickle.dumps(path.program))
    assert program == path.program and program(*x) == expected


def test_beyond_the_paths_that_are_compiled_python_gives_the_matrix():
    def function(x):
        return x[0] ** 2 * x[1] if x[0] > 1.0 else x[0] * x[1]

    found = jit(hessian(function, sparse=True), max_paths=1)
    same(found([2.0, 3.0]), hessian(function, sparse=True)([2.0, 3.0]))
    with pytest.warns(RuntimeWarning, match="took more than 1 ways through its branches"):
        matrix = found([0.5, 3.0])
    same(matrix, hessian(function, sparse=True)([0.5, 3.0]))


def test_variables_that_the_function_closes_over_are_read_at_each_call():
    scale = Variable(2.0)
    found = compiled(hessian, lambda x: scale * x[0] ** 2 * x[1])
    assert found([1.0, 3.0]).data.tolist() == [12.0, 4.0, 4.0]
    scale.value = 5.0
    assert found([1.0, 3.0]).data.tolist() == [30.0, 10.0, 10.0]


def test_derivatives_of_a_compiled_sparse_matrix_are_refused_as_of_an_eager_one():
    found = compiled(hessian, lambda x: x[0] ** 2 * x[1])
    with pytest.raises(
        OperandError, match=r"must be a number, an array, .* got SparseNodes <sparse matrix \(2, 2\) of 3"
    ):
        found([Variable(1.0), 2.0])
    with no_grad():
        assert found([Variable(1.0), 2.0]).data.tolist() == [4.0, 2.0, 2.0]
    with pytest.raises(OutputError, match="hessian needs a function with one number as its output"):
        compiled(hessian, lambda x: x)([1.0, 2.0])


# Rows


def test_sparse_hessians_of_rows_are_added_up():
    def loss(w, x):
        return hypot(w[0] * x, w[1]) + w[2] ** 2

    w, rows = [0.5, 0.25, 2.0], np.linspace(1.0, 2.0, 100)
    for wrap in (lambda function: function, jit):
        total = wrap(vmap(hessian(loss, sparse=True), in_axes=(None, 0), reduce="sum"))(w, rows)
        expected = sum([hessian(loss)(np.array(w), x) for x in rows.tolist()])
        assert isinstance(total, sparse.csr_array) and places(total) == both_ways({(0, 0), (0, 1), (1, 1), (2, 2)})
        assert total.toarray() == pytest.approx(expected, rel=200 * EPSILON)
    mean = jit(lambda w: vmap(hessian(loss, sparse=True), in_axes=(None, 0), reduce="mean")(w, rows))(w)
    assert mean.toarray() == pytest.approx(expected / 100, rel=200 * EPSILON)


def test_sparse_matrices_of_rows_are_not_stacked():
    each = vmap(hessian(lambda x: x**3, sparse=True))
    message = r"returns sparse matrix\[1, 1\] with 1 entries for each row; sparse matrices can be added up"
    with pytest.raises(TypeError, match=message):
        each(np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match=message):
        jit(lambda x: [each(x)])(np.array([1.0, 2.0]))


def test_rows_with_different_patterns_are_not_added_up():
    def loss(w, x):
        return w[0] ** 2 * x if x > 0.0 else w[1] ** 2

    total = vmap(hessian(loss, sparse=True), in_axes=(None, 0), reduce="sum")
    assert total([1.0, 2.0], np.array([1.0, 2.0])).toarray().tolist() == [[6.0, 0.0], [0.0, 0.0]]
    with pytest.raises(TypeError, match="rows can only be put together if they are alike"):
        total([1.0, 2.0], np.array([1.0, -2.0]))


# The cost


def test_the_program_of_a_local_function_grows_linearly():
    lengths = []
    for count in (20, 40, 60):
        found = compiled(hessian, chained_rosenbrock)
        found(start(count))
        lengths.append(len(found.paths[0].program))
    assert lengths[2] - lengths[1] == lengths[1] - lengths[0] <= 20 * 30


def test_each_distinct_entry_is_computed_once():
    found = compiled(hessian, chain)
    found(start(6))
    program = found.paths[0].program
    assert len(program.outputs) == 16 and len(set(program.outputs)) == 11
