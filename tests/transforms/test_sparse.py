"""Sparse Jacobians and Hessians: exact patterns by hand, their form, their cost, and where elimination is given up."""

import itertools
import math
import random
import sys
import tracemalloc

import numpy as np
import pytest

import autograd
from autograd import (
    OutputError,
    Variable,
    exp,
    floor,
    grad,
    hessian,
    hessian_sparsity,
    jacfwd,
    jacobian,
    jacobian_sparsity,
    jacrev,
    log,
    no_grad,
    prod,
    sin,
    sqrt,
)
from autograd.transforms.curvature import Curvature
from autograd.transforms.edge_pushing import eliminate_for_hessian
from autograd.transforms.taped_run import TapedRun
from tests.tables.curvature import curved_pairs
from tests.tables.oracles import EVERY_PRIMITIVE, mp, mpf
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
    start,
)

sparse = pytest.importorskip("scipy.sparse")
inf, nan = math.inf, math.nan


# Patterns by hand, of functions of x = (1, 2, 3, 4): the pairs of the Hessian, one way each


@pytest.mark.parametrize(("function", "pairs"), [row[1:] for row in HESSIANS], ids=[row[0] for row in HESSIANS])
def test_the_pattern_of_a_hessian_is_exact(function, pairs):
    point = [1.0, 2.0, 3.0, 4.0]
    matrix = hessian(function, sparse=True)(point)
    pattern = hessian_sparsity(function)(point)
    assert places(matrix) == places(pattern) == both_ways(pairs)
    assert (matrix.shape, pattern.shape) == ((4, 4), (4, 4))
    assert (matrix.dtype, pattern.dtype) == (np.float64, np.bool_) and pattern.data.all()
    assert is_canonical(matrix) and is_canonical(pattern)
    assert np.array_equal(matrix.toarray(), matrix.toarray().T)
    dense = np.array(hessian(function)(point), dtype=float)
    assert matrix.toarray() == pytest.approx(dense, rel=ROUNDINGS * EPSILON, abs=1e-300)


@EVERY_PRIMITIVE
def test_a_square_of_a_primitive_interacts_in_all_its_operands(primitive):
    count = primitive.arity or 4
    point = [0.5, 0.25, 0.75, 0.375][:count]
    pattern = hessian_sparsity(lambda x: primitive(*x) ** 2)(point)
    assert places(pattern) == set(itertools.product(range(count), repeat=2))
    of_a_sum = hessian_sparsity(lambda x: primitive(*[sum(x)] * count) + x[0])(point)
    curved = bool(curved_pairs(primitive.name, count))
    assert places(of_a_sum) == (set(itertools.product(range(count), repeat=2)) if curved else set())


@pytest.mark.parametrize(("function", "expected"), [row[1:] for row in JACOBIANS], ids=[row[0] for row in JACOBIANS])
def test_the_pattern_of_a_jacobian_is_exact(function, expected):
    point = [1.0, 2.0, 3.0, 4.0]
    matrix = jacobian(function, sparse=True)(point)
    pattern = jacobian_sparsity(function)(point)
    returned = function(point)
    count = len(returned) if isinstance(returned, list) else 1
    assert places(matrix) == places(pattern) == expected
    assert (matrix.shape, pattern.shape) == ((count, 4), (count, 4))
    assert (matrix.dtype, pattern.dtype) == (np.float64, np.bool_) and pattern.data.all()
    assert is_canonical(matrix) and is_canonical(pattern)
    dense = np.array(jacrev(function)(point), dtype=float).reshape(count, 4)
    assert matrix.toarray() == pytest.approx(dense, rel=ROUNDINGS * EPSILON, abs=1e-300)


def test_explicit_zeros_are_kept_with_their_place():
    matrix = hessian(lambda x: x[0] * x[1] * 0.0 + x[2] ** 2 - x[2] * x[2], sparse=True)([2.0, 3.0, 5.0])
    assert matrix.nnz == 3
    assert matrix.data.tolist() == [0.0, 0.0, 0.0]
    matrix = jacobian(lambda x: [x[0] * 0.0, x[1] - x[1], floor(x[2])], sparse=True)([2.0, 3.0, 5.0])
    assert matrix.nnz == 3
    assert matrix.data.tolist() == [0.0, 0.0, 0.0]


def test_entries_that_are_infinite_or_nan_are_kept():
    matrix = hessian(lambda x: sqrt(x[0]) + 1.0 / x[1] + x[2] * x[3], sparse=True)([0.0, -0.0, 1.0, 2.0])
    assert places(matrix) == {(0, 0), (1, 1), (2, 3), (3, 2)}
    assert (matrix[0, 0], matrix[1, 1], matrix[2, 3]) == (-inf, -inf, 1.0)
    # A sum with a term that is nan is nan, and so are all of its derivatives.
    matrix = hessian(lambda x: log(x[0]) + x[1] * x[2], sparse=True)([-1.0, 1.0, 2.0])
    assert places(matrix) == {(0, 0), (1, 2), (2, 1)}
    assert np.isnan(matrix.data).all()


def test_the_pattern_follows_the_branch_that_a_run_takes():
    def function(x):
        return x[0] ** 2 if x[0] > x[1] else x[0] * x[1]

    assert places(hessian_sparsity(function)([2.0, 1.0])) == {(0, 0)}
    assert places(hessian_sparsity(function)([1.0, 2.0])) == {(0, 1), (1, 0)}


# Arguments of every structure


def test_rows_and_columns_are_in_the_order_of_the_flattened_argument():
    def function(parameters):
        (a, (b, c)), d = parameters["first"], parameters["second"]
        return a * b + d[0, 1] ** 2 + c * d[1, 0]

    argument = {"first": [1.0, (2.0, 3.0)], "second": np.array([[4.0, 5.0], [6.0, 7.0]])}
    # a, b, c are 0, 1, 2; d[0, 0], d[0, 1], d[1, 0], d[1, 1] are 3, 4, 5, 6.
    matrix = hessian(function, sparse=True)(argument)
    assert matrix.shape == (7, 7)
    assert places(matrix) == both_ways({(0, 1), (2, 5), (4, 4)})
    assert matrix[4, 4] == 2.0
    in_fortran_order = argument | {"second": np.asfortranarray(argument["second"])}
    assert np.array_equal(hessian(function, sparse=True)(in_fortran_order).toarray(), matrix.toarray())
    strided = argument | {"second": np.array([[4.0, 0.0, 5.0], [6.0, 0.0, 7.0]])[:, ::2]}
    assert np.array_equal(hessian(function, sparse=True)(strided).toarray(), matrix.toarray())


def test_dicts_keep_their_own_order():
    matrix = hessian(lambda p: p["a"] ** 2 * p["b"], sparse=True)({"b": 3.0, "a": 2.0})
    assert matrix.toarray().tolist() == [[0.0, 4.0], [4.0, 6.0]]


def test_rows_of_a_jacobian_are_in_the_order_of_the_flattened_output():
    def function(x, y):
        return {"sum": x + y, "rest": [np.array([[x * 2.0, y], [1.0, x]], dtype=object), (y,)]}

    matrix = jacobian(function, argnums=(0, 1), sparse=True)(1.0, 2.0)
    assert matrix.toarray().tolist() == [[1, 1], [2, 0], [0, 1], [0, 0], [1, 0], [0, 1]]
    assert matrix.nnz == 6


def test_several_arguments_stand_side_by_side_in_the_order_of_argnums():
    def function(x, y, z):
        return x[0] * y + z[0] ** 2 + z[1] * x[1]

    arguments = ([1.0, 2.0], 3.0, [4.0, 5.0])
    assert places(hessian(function, argnums=(0, 1, 2), sparse=True)(*arguments)) == both_ways({(0, 2), (3, 3), (1, 4)})
    assert places(hessian(function, argnums=(2, 0), sparse=True)(*arguments)) == both_ways({(0, 0), (1, 3)})
    assert places(hessian(function, argnums=2, sparse=True)(*arguments)) == {(0, 0)}
    assert places(hessian(function, argnums=-1, sparse=True)(*arguments)) == {(0, 0)}
    assert places(jacobian(function, argnums=(1, 0), sparse=True)(*arguments)) == {(0, 0), (0, 1), (0, 2)}


def test_integers_are_differentiated_as_floats():
    matrix = hessian(lambda x: x[0] ** 2 * x[1], sparse=True)(np.array([2, 3]))
    assert matrix.dtype == np.float64
    assert matrix.toarray().tolist() == [[6.0, 4.0], [4.0, 0.0]]


def test_a_single_number_has_a_matrix_of_one_row():
    assert hessian(lambda x: x**3, sparse=True)(2.0).toarray().tolist() == [[12.0]]
    assert hessian(lambda x: 2.0 * x, sparse=True)(2.0).nnz == 0
    assert jacobian(lambda x: x**3, sparse=True)(2.0).toarray().tolist() == [[12.0]]
    assert jacobian(lambda x: [x, x * x], sparse=True)(2.0).toarray().tolist() == [[1.0], [4.0]]


@pytest.mark.parametrize("empty", [[], {}, (), np.zeros(0), np.zeros((0, 3)), [[], ()]], ids=repr)
def test_an_empty_argument_has_an_empty_matrix(empty):
    for matrix in (hessian(lambda x: 1.0, sparse=True)(empty), hessian_sparsity(lambda x: 1.0)(empty)):
        assert is_canonical(matrix)
        assert (matrix.shape, matrix.nnz) == ((0, 0), 0)
    for matrix in (jacobian(lambda x: [1.0, 2.0], sparse=True)(empty), jacobian_sparsity(lambda x: [1.0, 2.0])(empty)):
        assert is_canonical(matrix)
        assert (matrix.shape, matrix.nnz) == ((2, 0), 0)
    assert jacobian(lambda x: [], sparse=True)(empty).shape == (0, 0)
    assert hessian(lambda x, y: y**2, argnums=(0, 1), sparse=True)(empty, 3.0).toarray().tolist() == [[2.0]]


def test_the_types_of_an_empty_matrix_are_those_of_a_full_one():
    full, empty = [hessian(function, sparse=True)([1.0, 2.0]) for function in (lambda x: x[0] * x[1], lambda x: 1.0)]
    assert (full.dtype, full.indices.dtype, full.indptr.dtype) == (empty.dtype, empty.indices.dtype, empty.indptr.dtype)
    assert np.issubdtype(full.indices.dtype, np.integer)


def test_aux_comes_with_a_sparse_jacobian():
    matrix, aux = jacobian(lambda x: ([x[0] * x[1]], {"seen": x[0]}), has_aux=True, sparse=True)([2.0, 3.0])
    assert matrix.toarray().tolist() == [[3.0, 2.0]]
    assert aux == {"seen": 2.0}


def test_each_call_gives_matrices_of_its_own():
    function = hessian(lambda x: x[0] * x[1], sparse=True)
    first, second = function([1.0, 2.0]), function([1.0, 2.0])
    first.data[:] = 7.0
    assert second.data.tolist() == [1.0, 1.0]


# What can't be


@pytest.mark.parametrize(
    "transform",
    [
        lambda function: hessian(function, sparse=True),
        lambda function: jacobian(function, sparse=True),
        hessian_sparsity,
        jacobian_sparsity,
    ],
)
def test_a_sparse_derivative_inside_of_another_differentiation_is_refused(transform):
    message = "a sparse matrix holds numbers, but the derivatives of .* depend on variables outside it"
    with pytest.raises(OutputError, match=message):
        grad(lambda a: transform(lambda x: a * x[0] * x[1])([1.0, 2.0])[0, 1])(3.0)
    with pytest.raises(OutputError, match=message):
        transform(lambda x: x[0] * x[1])([Variable(1.0), 2.0])
    with no_grad():
        assert transform(lambda x: x[0] * x[1])([Variable(1.0), 2.0]).nnz == 2
    # Where nothing depends on the outer variable there is nothing to refuse.
    assert grad(lambda a: a * float(transform(lambda x: x[0] * x[1])([1.0, 2.0]).nnz))(3.0) == 2.0


def test_a_sparse_hessian_of_several_outputs_is_refused():
    with pytest.raises(OutputError, match="hessian needs a function with one number as its output"):
        hessian(lambda x: [x[0], x[1]], sparse=True)([1.0, 2.0])
    with pytest.raises(OutputError, match="hessian needs a function with one number as its output"):
        hessian_sparsity(lambda x: np.array([x[0]]))([1.0, 2.0])


@pytest.mark.parametrize(
    "transform",
    [
        hessian_sparsity,
        jacobian_sparsity,
        lambda function: hessian(function, sparse=True),
        lambda function: jacobian(function, sparse=True),
    ],
)
def test_without_scipy_the_message_says_how_to_install_it(transform, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r"sparse derivatives are SciPy's: pip install 'scalar-autograd\[scipy\]'"):
        transform(lambda x: x[0] * x[1])([1.0, 2.0])
    assert np.array_equal(hessian(lambda x: x[0] * x[1])(np.array([1.0, 2.0])), [[0.0, 1.0], [1.0, 0.0]])


# Structured problems against dense derivatives


@pytest.mark.parametrize("count", [1, 2, 3, 10, 1000])
def test_the_hessian_of_a_chain_is_tridiagonal(count):
    x = start(count)
    matrix = hessian(chained_rosenbrock, sparse=True)(x)
    if count == 1:
        assert matrix.nnz == 0
        return
    assert places(matrix) == {(i, j) for i in range(count) for j in (i - 1, i, i + 1) if 0 <= j < count}
    # Each entry is a sum of up to four terms, each of a few factors.
    terms = 1200.0 * max(x) ** 2 + 400.0 * max(x) + 202.0
    assert np.abs((matrix - rosenbrock_hessian(x)).toarray()).max() <= ROUNDINGS * EPSILON * terms


def test_the_hessian_of_an_arrow_has_one_full_row_and_column():
    count = 200

    def arrow(x):
        total = x[0] ** 4
        for entry in x[1:]:
            total = total + (entry * x[0]) ** 2
        return total

    x = start(count)
    matrix = hessian(arrow, sparse=True)(x)
    pairs = {(0, place) for place in range(count)} | {(place, place) for place in range(count)}
    assert places(matrix) == both_ways(pairs)
    expected = np.diag([2.0 * x[0] ** 2] * count)
    expected[0, 1:] = expected[1:, 0] = [4.0 * x[0] * entry for entry in x[1:]]
    expected[0, 0] = 12.0 * x[0] ** 2 + 2.0 * math.fsum(entry**2 for entry in x[1:])
    # The corner is a sum of `count` positive terms, added one after the other.
    assert np.all(np.abs(matrix.toarray() - expected) <= (count + ROUNDINGS) * EPSILON * expected)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_the_hessian_of_a_banded_function_is_banded(width):
    count = 60

    def banded(x):
        return autograd.sum([sin(autograd.sum(x[i : i + width + 1])) for i in range(count - width)])

    x = start(count)
    matrix = hessian(banded, sparse=True)(np.array(x))
    assert places(matrix) == {(i, j) for i in range(count) for j in range(count) if math.fabs(i - j) <= width}
    dense = jacfwd(grad(banded))(np.array(x))
    # Sums of up to width + 1 sines, whose arguments are sums of as many terms.
    assert np.abs(matrix.toarray() - dense).max() <= ROUNDINGS * EPSILON * (width + 1) ** 2


@pytest.mark.parametrize("seed", range(12))
def test_random_partially_separable_functions_have_the_dense_hessian_and_the_pattern_of_their_elements(seed):
    draw = random.Random(seed)
    count = draw.randint(3, 30)
    x = [draw.uniform(-1.0, 1.0) for _ in range(count)]
    chosen = [(draw.choice(ELEMENTS), draw.sample(range(count), 3)) for _ in range(draw.randint(1, 40))]

    def function(x):
        total = 0.0
        for (element, _), where_ in chosen:
            total = total + element(*[x[place] for place in where_])
        return total

    expected = set()
    for (_, pairs), where_ in chosen:
        if pairs is None:
            pairs = {(0, 0)} if x[where_[0]] > x[where_[1]] else {(1, 1)}
        expected |= both_ways({(where_[i], where_[j]) for i, j in pairs})
    matrix = hessian(function, sparse=True)(x)
    assert places(matrix) == expected
    assert np.array_equal(matrix.toarray(), matrix.toarray().T)
    assert hessian(function)(np.array(x)).tolist() == matrix.toarray().tolist()
    # Entries are sums of at most 40 terms of size below exp(1) · 3, each with a few roundings.
    dense = np.array(jacfwd(grad(function))(x))
    assert np.abs(matrix.toarray() - dense).max() <= (40 + ROUNDINGS) * EPSILON * 40 * 3 * math.e


@pytest.mark.parametrize("seed", range(6))
def test_random_sparse_maps_have_the_dense_jacobian(seed):
    draw = random.Random(seed)
    count, size = draw.randint(1, 20), draw.randint(1, 25)
    rows = [draw.sample(range(count), draw.randint(0, min(3, count))) for _ in range(size)]

    def function(x):
        return [autograd.sum([sin(x[place]) for place in row]) * prod([x[place] for place in row]) for row in rows]

    x = np.array([draw.uniform(-2.0, 2.0) for _ in range(count)])
    matrix = jacobian(function, sparse=True)(x)
    assert places(matrix) == {(row, place) for row, chosen in enumerate(rows) for place in chosen}
    for way in (jacobian, jacfwd, jacrev):
        # Two terms, each of at most three factors no larger than 3, 2 and 2.
        assert np.abs(matrix.toarray() - np.array(way(function)(x))).max() <= ROUNDINGS * EPSILON * 2 * 3 * 2 * 2


def test_symmetric_to_the_bit():
    def function(x):
        total = 0.0
        for a, b, c in zip(x, x[1:], x[2:], strict=False):
            total = total + exp(a * b / 3.0) * sin(c - a) + sqrt(a * a + b * b + c * c)
        return total * x[0]

    for transform in (lambda f: hessian(f, sparse=True), hessian):
        matrix = transform(function)(np.array(start(40)))
        matrix = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        assert np.array_equal(matrix, matrix.T)


# The cost


def run_of(function, x):
    """The tape of a function of a list, and its local second derivatives."""
    with TapedRun("hessian", function, (x,), {}, 0) as run:
        return run.tape, Curvature(run.tape)


def additions(function, x):
    """The number of additions that the elimination makes: the smallest limit at which it is not given up."""
    tape, curvature = run_of(function, x)
    low, high = 0, 1
    while eliminate_for_hessian(tape, curvature, float(high)) is None:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if eliminate_for_hessian(tape, curvature, float(middle)) is None:
            low = middle + 1
        else:
            high = middle
    return low


def arrow_of_many(x):
    total = x[0] ** 4
    for entry in x[1:]:
        total = total + (entry * x[0]) ** 2
    return total


def pentadiagonal(x):
    return autograd.sum([sin(a * b) + c**2 * a for a, b, c in zip(x, x[1:], x[2:], strict=False)])


@pytest.mark.parametrize("function", [chained_rosenbrock, arrow_of_many, pentadiagonal])
def test_additions_for_a_local_function_grow_linearly_to_the_last_one(function):
    counts = [additions(function, start(count)) for count in (250, 500, 750)]
    assert counts[2] - counts[1] == counts[1] - counts[0] > 0


@pytest.mark.parametrize("count", [1_000, 10_000, 100_000] if autograd.compiled else [1_000, 4_000])
def test_a_chain_of_any_length_takes_a_few_additions_an_operation(count):
    short, longer = [additions(chained_rosenbrock, start(links + 1)) for links in (100, 200)]
    for_each_link = (longer - short) // 100
    x = start(count)
    tape, curvature = run_of(chained_rosenbrock, x)
    # Neither more nor fewer than short chains promise.
    expected = short + for_each_link * (count - 101)
    assert eliminate_for_hessian(tape, curvature, float(expected)) is not None
    assert eliminate_for_hessian(tape, curvature, float(expected - 1)) is None
    # Fewer than the arithmetic of a sweep: a link's additions are no more than its operands.
    assert expected <= len(tape.operands)
    matrix = hessian(chained_rosenbrock, sparse=True)(x)
    assert matrix.nnz == 3 * count - 2
    terms = 1200.0 * max(x) ** 2 + 400.0 * max(x) + 202.0
    assert np.abs((matrix - rosenbrock_hessian(x)).data).max() <= ROUNDINGS * EPSILON * terms


def peak_memory(transform, x):
    """The most memory, in bytes, that a call takes beyond what there was."""
    transform(x[:3])
    tracemalloc.start()
    try:
        transform(x)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_for_a_local_function_grows_linearly():
    transform = hessian(chained_rosenbrock, sparse=True)
    small, large = [peak_memory(transform, start(count)) for count in (500, 2_000)]
    # Four times as much; lists that double when they are full may be half empty. Quadratic growth would be 16.
    assert large <= 8 * small


def test_a_sparse_jacobian_of_many_rows_is_found_without_dense_sweeps():
    count = 20_000 if autograd.compiled else 2_000
    x = np.array(start(count))
    matrix = jacobian(lambda x: [a * b for a, b in itertools.pairwise(x)], sparse=True)(x)
    expected = sparse.diags_array([x[1:], x[:-1]], offsets=[0, 1], shape=(count - 1, count)).tocsr()
    assert matrix.nnz == 2 * (count - 1)
    assert (matrix != expected).nnz == 0


# Where elimination is given up


TERMS = 2_000


def residuals(parameters):
    """Of a polynomial without a constant, fitted to a curve at TERMS points."""
    for place in range(TERMS):
        t = (place + 1) / TERMS
        model = 0.0
        for power, parameter in enumerate(parameters):
            model = model + parameter * t ** (power + 1)
        yield model - math.cos(3.0 * t)


def chained_sum(terms):
    total = 0.0
    for term in terms:
        total = total + term
    return total


# Each with its first and second derivative.
OUTER = {
    "sqrt": (sqrt, lambda s: 1 / (2 * mp.sqrt(s)), lambda s: -1 / (4 * mp.sqrt(s) ** 3)),
    "log": (log, lambda s: 1 / s, lambda s: -1 / s**2),
    "square": (lambda s: s * s, lambda s: 2 * s, lambda s: mpf(2)),
}


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("summed", [chained_sum, autograd.sum], ids=["chained", "sum"])
@pytest.mark.parametrize("outer", OUTER)
def test_a_nonlinear_function_of_a_long_sum_has_the_exact_hessian_and_gives_elimination_up(
    outer, summed, count, monkeypatch
):
    outer, first, second = OUTER[outer]
    given_up = []

    def watched(tape, curvature, limit):
        found = eliminate_for_hessian(tape, curvature, limit)
        given_up.append((found is None, limit <= count * len(tape.operands)))
        return found

    monkeypatch.setattr("autograd.transforms.matrices.eliminate_for_hessian", watched)

    def function(parameters):
        return outer(summed([residual**2 for residual in residuals(parameters)]))

    x = [0.3 - 0.2 * place for place in range(count)]
    exact, terms = exact_hessian(x, first, second)
    # Sums of TERMS terms, added one after the other.
    bound = (2 * TERMS + ROUNDINGS) * EPSILON * terms
    dense = hessian(function)(np.array(x))
    matrix = hessian(function, sparse=True)(x)
    # The work that was done before is bounded by that of the columns, which are then found one by one.
    assert given_up == [(True, True)] * 2
    for found in (dense, matrix.toarray()):
        assert np.all(np.abs(found - exact) <= bound)
    assert matrix.nnz == count * count and is_canonical(matrix)
    assert np.array_equal(matrix.toarray(), matrix.toarray().T)
    assert hessian_sparsity(function)(x).nnz == count * count


def exact_hessian(x, first, second):
    """The Hessian of an outer function of the sum of the squared residuals, and the sizes of its terms added up."""
    with mp.workprec(100):
        parameters = [mpf(entry) for entry in x]
        powers = [[mpf((place + 1) / TERMS) ** (k + 1) for k in range(len(x))] for place in range(TERMS)]
        errors = list(residuals(parameters))
        total = mp.fsum(error**2 for error in errors)
        slopes = [2 * mp.fsum(e * row[i] for e, row in zip(errors, powers, strict=True)) for i in range(len(x))]
        sizes = [2 * mp.fsum(mp.fabs(e) * row[i] for e, row in zip(errors, powers, strict=True)) for i in range(len(x))]
        exact, terms = np.zeros((len(x), len(x))), np.zeros((len(x), len(x)))
        for i, j in itertools.product(range(len(x)), repeat=2):
            straight = 2 * mp.fsum(row[i] * row[j] for row in powers) * first(total)
            curved = second(total)
            exact[i, j] = float(straight + curved * slopes[i] * slopes[j])
            terms[i, j] = float(straight + mp.fabs(curved) * sizes[i] * sizes[j])
    return exact, terms


def test_a_dense_hessian_is_symmetric_to_the_bit_where_elimination_is_given_up():
    def function(parameters):
        return sqrt(chained_sum([residual**2 for residual in residuals(parameters)]))

    matrix = hessian(function)(np.array([0.3, 0.1, -0.2]))
    assert np.array_equal(matrix, matrix.T)


def test_a_long_sum_alone_is_eliminated(monkeypatch):
    monkeypatch.setattr("autograd.transforms.matrices.hessian_by_columns", None)
    matrix = hessian(lambda p: chained_sum([residual**2 for residual in residuals(p)]), sparse=True)([0.3, 0.1])
    assert matrix.nnz == 4


def test_the_pattern_is_the_same_where_elimination_is_given_up(monkeypatch):
    point = [1.0, 2.0, 3.0, 4.0]
    eliminated = [hessian(function, sparse=True)(point) for _, function, _ in HESSIANS]
    monkeypatch.setattr("autograd.transforms.matrices.eliminate_for_hessian", lambda *_: None)
    for (name, function, _), expected in zip(HESSIANS, eliminated, strict=True):
        found = hessian(function, sparse=True)(point)
        assert places(found) == places(expected), name
        assert found.toarray() == pytest.approx(expected.toarray(), rel=ROUNDINGS * EPSILON, abs=1e-300), name
        assert is_canonical(found)
        assert found.dtype == np.float64
