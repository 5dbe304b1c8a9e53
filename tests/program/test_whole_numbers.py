"""Ints and bools in compiled functions: plain Python and NumPy are the oracle, in value and in type."""

import itertools
import math
import operator
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import OperandError, Variable, exp, grad, hessian, jacobian, jit, maximum, take, vmap, where
from tests.tables.tiers import TIERS

W = np.array([1.0, 2.0, 4.0, 8.0])


def same(found, expected):
    """Whether two results are the same numbers of the same kinds, in the same containers."""
    if isinstance(expected, list | tuple):
        return type(found) is type(expected) and all(map(same, found, expected)) and len(found) == len(expected)
    if isinstance(expected, np.ndarray):
        return found.dtype == expected.dtype and found.shape == expected.shape and np.array_equal(found, expected, True)
    return kind_of(found) == kind_of(expected) and (found == expected or (found != found and expected != expected))


def kind_of(number):
    """`bool`, `int` or `float`, of Python's numbers and NumPy's."""
    number = number.item() if isinstance(number, np.generic) else number
    return type(number).__name__


def outcome(function, *arguments):
    """The result, or the type of the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*arguments)
        except (ArithmeticError, TypeError, ValueError, IndexError) as error:
            return error


def agree(function, *calls, tier="auto"):
    """Assert that the compiled function gives what the function gives for these arguments, in type and value."""
    compiled = jit(function, tier=tier)
    for arguments in calls:
        found, expected = outcome(compiled, *arguments), outcome(function, *arguments)
        if isinstance(expected, Exception):
            assert isinstance(found, type(expected)), (arguments, found, expected)
        else:
            assert not isinstance(found, Exception), (arguments, found, expected)
            assert same(found, expected), (arguments, found, expected)
    return compiled


def agree_on_rows(function, rows):
    """Assert that the mapped function gives what the function gives for each row."""
    expected = np.array([function(row) for row in rows])
    found = vmap(function)(rows)
    assert same(found, expected), (found, expected)


# Programs of ints

INTS = [-7, -2, -1, 0, 1, 2, 3, 10]
ONE = {
    "negative": lambda n: -n,
    "positive": lambda n: +n,
    "absolute": abs,
    "inverted": lambda n: ~n,
    "parity": lambda n: "even" if n % 2 == 0 else "odd" if n % 2 == 1 else "?",
    "halved": lambda n: n // 2,
    "true half": lambda n: n / 2,
    "square": lambda n: n**2,
    "cube and first power": lambda n: (n**3, n**1, n**0),
    "half power": lambda n: abs(n) ** 0.5 > 1.5,
    "power of two": lambda n: 2**n,
    "power of a float": lambda n: 2.5**n,
    "inverse": lambda n: 1 / n,
    "inverse caught": lambda n: caught(lambda: 6 // n),
    "remainder": lambda n: (n % 3, n % -3, 7 % n if n else 0, n % 2.5),
    "quotient": lambda n: (n // 3, n // -3, 7 // n if n else 0, n // 2.5),
    "divided with remainder": lambda n: divmod(n, 3),
    "shifted": lambda n: (n << 2, n >> 1),
    "bits": lambda n: (n & 3, n | 4, n ^ 5),
    "compared": lambda n: (n < 2, n <= 2, n > 2, n >= 2, n == 2, n != 2, n > 2, n > 2.5, n == 2.0),
    "sums of bools": lambda n: (n > 0) + (n > 1) + True,
    "products of bools": lambda n: ((n > 0) * (n > 1), (n > 0) * 2.5, (n > 0) / 2, (n > 0) - (n > 1)),
    "bools": lambda n: ((n > 0) & (n < 3), (n > 0) | (n < -3), (n > 0) ^ (n > 1), (n > 0) & True, (n > 0) & 3),
    "as float": lambda n: (float(n), n * 1.0, n + 0.5),
    "as int": lambda n: (int(n), int(n > 0), bool(n)),
    "rounded": lambda n: (round(n), math.floor(n), math.ceil(n), math.trunc(n)),
    "text": lambda n: len(f"{n}{n:5d}{n!r}{n > 0}") + len(str(n)) + len("%d" % n),  # noqa: UP031
    "types": lambda n: (isinstance(n, int), isinstance(n > 0, bool), isinstance(n, float), isinstance(n, str)),
    "matched": lambda n: matched(n) + 0,
    "index": lambda n: [10, 20, 30, 40][n % 4] + [1.5, 2.5, 3.5][n % 3],
    "slice": lambda n: len([1, 2, 3, 4][: n % 5]) + sum([1, 2, 3, 4][n % 2 :: 2]),
    "range": lambda n: sum([k * 2 for k in range(n)]),
    "dict": lambda n: {0: 1, 1: 2.5}.get(n, "none") == "none",
    "set": lambda n: n in {0, 1, 2},
    "loop": lambda n: countdown(n) + 0,
    "hash": lambda n: hash(n) == hash(int(n)),
    "repeated": lambda n: len([0] * abs(n)) + len("ab" * abs(n)),
    "math": lambda n: (math.gcd(abs(n), 12), math.comb(12, abs(n) % 5), autograd.gcd(abs(n), 6)),
    "float functions": lambda n: exp(n / 10) + maximum(n, 0.5),
    "sign of zero": lambda n: [
        autograd.copysign(1.0, zero * 0.5) for zero in (n * -3, -n, n % -3, n // -20, n - n, abs(n), ~n + 1)
    ][n % 7],
    "extremes": lambda n: (max(n, 1), min(n, 2, 5)),
    "chosen": lambda n: where(n > 1, n, 5),
    "attributes": lambda n: (n.bit_length(), n.real, n.numerator, hasattr(n, "shape")),
}


def caught(function):
    try:
        return function()
    except ZeroDivisionError:
        return -1


def matched(n):
    match n:
        case 0:
            return 10
        case bool():
            return 15
        case int() if n > 2:
            return 20
        case int():
            return 30
    return 40


def countdown(n):
    steps = 0
    while n > 0:
        n, steps = n // 2, steps + 1
    return steps


def numbers_only(function):
    """The function without texts among its results."""

    def wrapped(n):
        result = function(n)
        return len(result) if isinstance(result, str) else result

    return wrapped


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", ONE)
def test_functions_of_an_int_are_those_of_plain_python(name, tier):
    function = numbers_only(ONE[name])
    agree(
        lambda n: function(int(n[0]) if name == "attributes" else as_python(n)),
        *[(np.array([n]),) for n in INTS],
        tier=tier,
    )


def as_python(array):
    """The element of an array as Python's int."""
    return array.tolist()[0]


@pytest.mark.parametrize("kind", [list, np.array])
@pytest.mark.parametrize("name", [name for name in ONE if name not in ("power of two", "attributes")])
def test_rows_of_ints_are_computed_as_plain_python_does(name, kind):
    function = numbers_only(ONE[name])
    rows = kind([n for n in INTS if not isinstance(outcome(function, n), Exception)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind is np.array and any([isinstance(outcome(function, row), Exception) for row in rows]):
            return
        expected = [function(row) for row in rows]
        found = vmap(function)(rows)
    parts = list(zip(*expected, strict=True)) if isinstance(expected[0], tuple) else [expected]
    for one, other in zip(found if isinstance(found, tuple) else (found,), parts, strict=True):
        assert same(one, np.array([float(x) if isinstance(x, autograd.Node) else x for x in other])), (name, one, other)


OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift, operator.lt, operator.le, operator.gt,
    operator.ge, operator.eq, operator.ne, divmod,
]  # fmt: skip
OPERANDS = [-3, 0, 1, 2, 5, True, False, 2.5, -0.5, 0.0]


@pytest.mark.parametrize("operate", OPERATORS)
def test_operators_of_two_operands_are_those_of_plain_python(operate):
    for first, second in itertools.product(OPERANDS, repeat=2):
        with_rows = [[first, first], [second, second]]
        expected = outcome(operate, first, second)
        if float in (type(first), type(second)) and isinstance(expected, Exception | complex):
            # Arithmetic of nodes is IEEE's.
            continue
        found = outcome(lambda rows: vmap(operate)(*rows), with_rows)
        if isinstance(expected, Exception):
            assert isinstance(found, type(expected)), (first, second, found, expected)
            continue
        if isinstance(expected, complex):
            assert isinstance(found, Exception)
            continue
        for one, other in zip(
            found if isinstance(found, tuple) else [found], expected if isinstance(expected, tuple) else [expected],
            strict=True,
        ):  # fmt: skip
            assert same(one, np.array([other, other])), (first, second, one, other)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.int64, np.uint64, np.bool_])
@pytest.mark.parametrize("operate", OPERATORS)
def test_operators_of_numpys_ints_are_numpys(operate, kind):
    values = np.array([0, 1, 3, 100, 127]).astype(kind)
    with np.errstate(all="ignore"):
        for constant in (values[1], values[3], 2):
            for one in (lambda x, c=constant: operate(x, c), lambda x, c=constant: operate(c, x)):
                results = [outcome(one, x) for x in values]
                if any([isinstance(result, Exception) for result in results]):
                    continue
                if any([isinstance(result, np.integer) and abs(int(result)) > 2**53 for result in results]):
                    with pytest.raises(TypeError, match="beyond 2\\*\\*53"):
                        vmap(one)(values)
                    continue
                found = vmap(one)(values)
                pairs = zip(found, zip(*results, strict=True), strict=True) if operate is divmod else [(found, results)]
                for part, expected in pairs:
                    expected = np.array(expected)
                    if expected.dtype.kind == "f":
                        # What NumPy computes in half precision is computed in doubles.
                        assert part == pytest.approx(expected.astype(float), rel=1e-3, nan_ok=True)
                    else:
                        assert same(part, expected), (operate, kind, constant, part, expected)


# Results


@pytest.mark.parametrize("tier", TIERS)
def test_results_keep_their_types(tier):
    function = jit(
        lambda x: (x > 1.0, 3, [x > 2.0, True, None is None], np.array([1, 2]), np.array([True]), x), tier=tier
    )
    for x in (3.0, 0.0):
        assert same(function(x), (x > 1.0, 3, [x > 2.0, True, True], np.array([1, 2]), np.array([True]), x))
    assert len(function.paths) == 1


def test_results_are_the_ints_that_they_are_however_big():
    big = 2**53 + 1
    assert jit(lambda x: (big, x, 10**400))(1.0) == (big, 1.0, 10**400)
    assert same(jit(lambda x: np.array([big]))(1.0), np.array([big]))
    function = lambda n: n[0].item() * n[0].item() * 1000  # noqa: E731
    agree(function, (np.array([3]),), (np.array([10**8]),), (np.array([2**52]),), (np.array([-(10**9)]),))
    # One recording for both, but for its guard.
    agree(lambda n: n.tolist()[0] ** 3, (np.array([2**16]),), (np.array([2**20]),), (np.array([2**17]),))
    agree(lambda n: n[0] * n[0], (np.array([3], np.int8),), (np.array([100], np.int8),), (np.array([-11], np.int8),))
    agree(lambda n: n.tolist()[0] + 1, (np.array([2**53 - 1]),), (np.array([2**53 - 3]),))
    agree(lambda n: n.tolist()[0] == 2**53 + 1, (np.array([2**53 - 1]),))


def test_ints_beyond_doubles_are_refused():
    with pytest.raises(OperandError, match=r"argument 0 of a compiled function has ints beyond 2\*\*53"):
        jit(lambda n: n + 1)(np.array([2**53]))
    with pytest.raises(OperandError, match=r"vmap of <lambda>: argument 0 has ints beyond 2\*\*53"):
        vmap(lambda n: n + 1)(np.array([1, -(2**60)]))
    with pytest.raises(OperandError, match=r"whose sum over 5 rows may be beyond 2\*\*53"):
        vmap(lambda n: n * 2**50, reduce="sum")(np.arange(5))
    with pytest.raises(TypeError, match=r"returns an int beyond 2\*\*53 for each row"):
        vmap(lambda x: 2**60 if x > 0.0 else 1)(np.ones(3))


def test_rows_of_several_kinds_have_the_type_that_numpy_gives_them():
    assert same(vmap(lambda x: 0 if x < 0.0 else x)(np.array([-1.0, 2.5])), np.array([0.0, 2.5]))
    assert same(vmap(lambda x: True if x < 0.0 else 3)(np.array([-1.0, 2.5])), np.array([1, 3]))
    assert same(vmap(lambda x: x > 0.0)(np.array([-1.0, 2.5])), np.array([False, True]))


def test_sums_over_rows_of_ints_and_bools_are_ints_and_means_floats():
    n = np.arange(100)
    assert same(vmap(lambda n: n, reduce="sum")(n), 4950) and same(vmap(lambda n: n > 9, reduce="sum")(n), 90)
    assert same(vmap(lambda n: (n > 9, [n]), reduce="mean")(n), (0.9, [49.5]))
    total, rows = vmap(lambda n: (n * 1.5, n % 3), reduce=("sum", None))(n)
    assert same(total, 4950 * 1.5) and same(rows, n % 3)


def test_bound_functions_write_ints_and_bools_to_arrays_of_these():
    x = np.array([1.0, -2.0])
    step = jit(lambda x: (x.sum(), x > 0.0, 3, x[0] > 0.0)).bind(x)
    total, positive, three, first = step()
    assert positive.dtype == bool and three.dtype == int and first.dtype == bool
    x[:] = [-1.0, 5.0]
    step()
    assert float(total) == 4.0 and positive.tolist() == [False, True] and int(three) == 3 and not first


# Indices, masks and labels


@pytest.mark.parametrize("tier", TIERS)
def test_arrays_of_indices_and_masks_are_arguments(tier):
    places = [np.array([0, 2]), np.array([1, 1]), np.array([-1, 3])]
    masks = [np.array([True, False, True, False]), np.array([False] * 4)]
    agree(lambda w, i: w[i].sum(), *[(W, i) for i in places], tier=tier)
    agree(lambda w, m: (w[m].sum(), m), *[(W, m) for m in masks], tier=tier)
    agree(lambda w, m: np.where(m, w, -w).sum(), *[(W, m) for m in masks], tier=tier)
    agree(lambda i: W[i].sum(), *[(i,) for i in places], tier=tier)
    agree(lambda d: d["w"][d["i"][0]] * 2.0, *[({"w": W, "i": i},) for i in places], tier=tier)
    agree(lambda w, i: w[i[0] : i[1] + 1].sum(), (W, np.array([0, 2])), (W, np.array([1, 1])), tier=tier)


def test_an_index_is_a_decision_and_another_one_is_recorded():
    function = jit(lambda w, i: w[i[0]])
    assert [function(W, np.array([i])) for i in (2, 2, 0, 2)] == [4.0, 4.0, 1.0, 4.0]
    assert [(path.hits, len(path.decisions())) for path in function.paths] == [(3, 1), (1, 1)]


def test_rows_with_labels_are_regrouped_by_their_label():
    labels = np.array([2, 0, 1, 2, 0])
    function = vmap(lambda w, y: w[y] ** 2, in_axes=(None, 0))
    assert function(W, labels).tolist() == (W[labels] ** 2).tolist() and len(function.paths) == 3
    loss = vmap(lambda w, x, y: -w[y] * x, in_axes=(None, 0, 0), reduce="sum")
    x = np.arange(5.0)
    expected = [-x[labels == k].sum() for k in range(4)]
    assert grad(lambda w: loss(w, x, labels))(W).tolist() == expected
    assert jit(grad(lambda w: loss(w, x, labels)))(W).tolist() == expected
    assert vmap(grad(lambda w, x, y: -w[y] * x), (None, 0, 0), "sum")(W, x, labels).tolist() == expected
    masks = np.array([[True, False, True, False], [False, False, False, True]])
    assert vmap(lambda w, m: w[m].sum(), (None, 0))(W, masks).tolist() == [5.0, 8.0]


def test_derivatives_beside_ints_are_those_of_plain_functions():
    i, m = np.array([0, 2]), np.array([True, False, False, True])

    def f(w, i, m):
        return (w[i] ** 3).sum() * w[m].sum() * (i[1] + 1) + where(m, w, 0.0).sum()

    for transform in (grad, hessian, jacobian):
        expected = transform(f)(W, i, m)
        assert transform(jit(f))(W, i, m) == pytest.approx(expected, rel=1e-14)
        assert jit(transform(f))(W, i, m) == pytest.approx(expected, rel=1e-14)
        assert vmap(transform(f), (0, None, None))(np.array([W, W]), i, m)[1] == pytest.approx(expected, rel=1e-14)
    aux = jit(lambda w, i: autograd.value_and_grad(lambda w: (w[i].sum(), (i[0], w[0] > 1.0)), has_aux=True)(w))
    assert same(aux(W, i)[0], (5.0, (0, False)))
    # An int that is differentiated in is a float, as without a compiled function.
    assert same(jit(grad(lambda x: x[0] ** 2))(np.array([3])), grad(lambda x: x[0] ** 2)(np.array([3])))


def test_arrays_of_ints_have_numpys_functions():
    n, b = np.array([[3, 0, -2], [1, 5, 5]]), np.array([True, False, True])
    for function in (
        lambda n: n + 1, lambda n: 2 * n - n, lambda n: n * n, lambda n: n / 2, lambda n: n // 2, lambda n: n % 3,
        lambda n: n**2, lambda n: -n, abs, lambda n: ~n, lambda n: n & 1, lambda n: n > 1, lambda n: n == 5,
        lambda n: n.sum(), lambda n: n.sum(axis=0), lambda n: np.sum(n, axis=1, keepdims=True), lambda n: n.mean(),
        lambda n: np.mean(n, axis=0), lambda n: n.T, lambda n: n.reshape(3, 2), lambda n: n.ravel(), lambda n: n[0],
        lambda n: n[:, 1:], lambda n: n[n > 1], lambda n: n.max(), lambda n: np.sort(n, axis=1), lambda n: n @ n.T,
        lambda n: n @ W[:3], np.exp, lambda n: np.sqrt(abs(n)), lambda n: np.where(n > 1, n, 0),
        lambda n: np.where(n > 1, 1.5, n), lambda n: n.astype(float), lambda n: n.astype(np.int8), lambda n: n.tolist(),
        lambda n: n.astype(bool), lambda n: np.clip(n, 0, 3), lambda n: np.concatenate([n, n]), lambda n: n.shape,
        lambda n: (n > 1).sum(), lambda n: (n > 1).mean(), lambda n: (n > 1).any(), np.cumsum,
        lambda n: np.bincount(n[1]), lambda n: n.copy(), len, lambda n: [row.sum() for row in n],
        np.argmax, lambda n: n.dtype == np.int64, lambda n: isinstance(n, np.ndarray), lambda n: n.size,
        lambda n: np.arange(int(n[0, 0])), lambda n: np.eye(3)[n[1] % 3], lambda n: np.zeros(3)[n[0]], assigned,
        in_place, np.std, lambda n: np.dot(n[0], n[1]), lambda n: np.dot(W[:3], n[0]), lambda n: np.outer(n[0], W),
        lambda n: np.maximum(n, 1), lambda n: np.multiply.outer(n[0], n[1]), lambda n: np.add(n, 0.5),
        lambda n: float(n[0, 0]), lambda n: W * n[0, 0], lambda n: n[0, 0] * W, lambda n: np.array([n[0, 0], 2]),
        np.unique, lambda n: np.unique(n, return_counts=True), lambda n: np.interp(n[0], [0.0, 4.0], [1.0, 5.0]),
        lambda n: np.median(n, axis=0), lambda n: np.searchsorted(W, n[1]), lambda n: np.searchsorted(n[1], 2.5),
        lambda n: n.astype(np.uint8) + np.uint8(250), lambda n: np.around(n, -1), lambda n: np.linalg.norm(n[0]),
        lambda n: np.float64(2.0) * n[0, 0], lambda n: np.int64(2) * n[0, 0], lambda n: np.int64(5) > n[0, 0],
    ):  # fmt: skip
        agree(function, (n,), (n[::-1].copy(),), (abs(n),))
    for function in (
        lambda b: b & True, lambda b: ~b, lambda b: b | b[::-1], lambda b: b ^ b[::-1], lambda b: b.sum(), np.any,
        lambda b: b + b, lambda b: b * 2, lambda b: b.astype(int), lambda b: W[:3][b], lambda b: b[0] + b[1],
        lambda b: b[0] & b[1], lambda b: ~b[0], lambda b: np.where(b, 1, 2), np.logical_not, lambda b: b == 1,
        lambda b: [x for x in b.tolist() if x], lambda b: b.mean(), lambda b: -(b * 1), lambda b: np.logical_not(b[0]),
    ):  # fmt: skip
        agree(function, (b,), (~b,), (np.array([True, True, False]),))


def assigned(n):
    n = n.copy()
    row = n[1]
    row[0] = 7
    n[0, 1:] = n[1, 0] + 1
    return n


def in_place(n):
    n = n * 1
    n += 1
    n[0] *= 2
    return n


def test_what_leaves_the_choice_open_is_no_decision():
    n = np.array([3, 0, 2])
    for function in (
        lambda n: n * 2 + 1, lambda n: n.sum() % 3 + n[0] // 2, lambda n: (n > 1).sum(), lambda n: n @ W[:3],
        lambda n: (n[0] == 3, n[1] != 0), lambda n: where(n[0] > 1, W[0], W[1]), np.exp, lambda n: -abs(n),
        lambda n: (n[0] > 1) + (n[1] > 1), lambda n: n[0] ** 2, lambda n: n[0] * 0.5,
    ):  # fmt: skip
        compiled = agree(function, (n,), (n[::-1].copy(),), (n + 5,))
        assert len(compiled.paths) == 1 and compiled.paths[0].decisions() == []


def test_places_of_extremes_are_no_decisions():
    for function in (np.argmax, np.argmin, lambda x: np.argmax(x.reshape(2, 2), axis=1)):
        compiled = jit(function)
        for x in itertools.product([1.0, 2.0, math.nan], repeat=4):
            assert same(compiled(np.array(x)), function(np.array(x))), x
        assert len(compiled.paths) == 1
    agree(lambda x: W[np.argmax(x)], (W,), (W[::-1].copy(),))
    agree(lambda x: np.searchsorted(x, 3.0), (W,), (W + 2.0,))


def test_margins_are_found_beside_ints():
    function = jit(lambda x, i: x if x > i[0] else -x)
    assert function.guard_margin(2.5, np.array([1])).distance == 1.5
    rows = vmap(lambda x, i: x if x > i else W[i])
    assert rows.row_margins(np.array([2.5, 0.0]), np.array([1, 2])).tolist() == [1.5, 0.0]


def test_derivatives_in_variables_from_outside_are_those_beside_ints():
    for rows, slope in ((np.arange(1000), 499500.0), ([True, False] * 300, 600.0), (np.array([1, 2]), 3.0)):

        def total(v, rows=rows):
            return vmap(lambda i: v * (i + i if type(rows) is list else i), reduce="sum")(rows)

        assert grad(total)(3.0) == slope
        assert jit(grad(total))(3.0) == slope


def test_what_would_round_floats_to_ints_is_refused():
    def stored(n, x):
        n[0] = x

    with pytest.raises(OperandError, match="an array of int64 was to take nodes, which it would round"):
        jit(stored)(np.array([1, 2]), 1.5)


# Looking up


def test_take_is_indexing():
    x = Variable(3.0)
    assert take([1.0, x], 1) is x and take((1, 2), -1) == 2 and take(W, np.int64(2)) == 4.0 and take([1, 2], True) == 2
    assert same(take(W, [0, -1]), W[[0, -1]]) and same(take(np.eye(2), np.array([[0, 1]])), np.eye(2)[[[0, 1]]])
    assert grad(lambda w: take(w, 2) ** 2)(W).tolist() == [0.0, 0.0, 8.0, 0.0]


@pytest.mark.parametrize("tier", TIERS)
def test_take_decides_nothing(tier):
    places = np.array([2, 0, 1, 3, 2])
    for function in (
        lambda w, i: take(w, i[0]) * i[1], lambda w, i: take(w, i).sum(), lambda w, i: take([5, 7, 9, 11], i[0]),
        lambda w, i: take(np.array([5, 7, 9, 11]), i), lambda w, i: take(w.reshape(2, 2), i % 2),
        lambda w, i: take([w[0], 1.0, 2, 3.0], i[2]), lambda w, i: take([i[1], i[2], i[0], i[0]], i[0]),
        lambda w, i: take([True, False, True, False], i[0]),
    ):  # fmt: skip
        expected = [function(W, i) for i in (places, places[::-1].copy())]
        compiled = jit(function, tier=tier)
        found = [compiled(W, i) for i in (places, places[::-1].copy())]
        assert all([np.array_equal(one, other) for one, other in zip(found, expected, strict=True)])
        assert len(compiled.paths) == 1
    slopes = jit(grad(lambda w, i: (take(w, i) ** 2).sum()), tier=tier)
    assert slopes(W, places).tolist() == [2.0, 4.0, 16.0, 16.0]
    rows = vmap(take, in_axes=(None, 0))
    assert rows(W, places).tolist() == W[places].tolist() and len(rows.paths) == 1
    loss = vmap(lambda w, y: take(w, y) ** 2, in_axes=(None, 0), reduce="sum")
    assert grad(lambda w: loss(w, places))(W).tolist() == [2.0, 4.0, 16.0, 16.0]


def test_take_out_of_range_is_an_error_and_in_range_a_decision():
    for index in (4, -5):
        with pytest.raises(
            IndexError, match=rf"take was asked for the value at {index} of 4; an index is from -4 to 3"
        ):
            take(W, index)
        with pytest.raises(IndexError, match=f"the value at {index} of 4"):
            jit(lambda w, i: take(w, i[0]))(W, np.array([index]))
        with pytest.raises(IndexError, match=f"the value at {index} of 4"):
            vmap(take, in_axes=(None, 0))(W, np.array([0, index]))
    function = jit(lambda w, i: take(w, i[0]))
    assert [function(W, np.array([i])) for i in (-1, 0, -4)] == [8.0, 1.0, 1.0]
    for bad, message in (
        ((W, 1.5), "take needs an int as the index, got float 1.5"),
        ((W, Variable(1.0)), "take needs an int as the index, got a node"),
        ((3.0, 1), "take needs a list, tuple or array of values, got float 3.0"),
    ):
        with pytest.raises(OperandError, match=message):
            take(*bad)
    with pytest.raises(OperandError, match="take needs numbers and nodes, got str 'b' among the values"):
        jit(lambda i: take([1.0, "b"], i[0]))(np.array([0]))


# Random programs


def programs(depth):
    """Random expressions of an int n, a bool b and a float x, as functions of the three."""
    leaves = st.sampled_from(["n", "b", "x", 0, 1, 2, -3, True, False, 0.5, -2.0])
    if depth == 0:
        return leaves
    inside = programs(depth - 1)
    return st.one_of(
        leaves,
        st.tuples(st.sampled_from([
            operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.truediv, operator.and_,
            operator.or_, operator.xor, operator.lt, operator.le, operator.eq, operator.ne, divided, indexed, chosen,
            maximal,
        ]), inside, inside),
        st.tuples(st.sampled_from([operator.neg, abs, operator.invert, bool, int, digits, is_int, squared]), inside),
    )  # fmt: skip


def divided(a, b):
    return divmod(a, b)[1] if b else 1


def indexed(a, b):
    return (a, b, 3)[int(a) % 3]


def chosen(a, b):
    return a if b else a + 1


def maximal(a, b):
    return max(a, b)


def digits(a):
    return 0.0 if a != a or isinstance(a, float | autograd.Node) else len(f"{a}")


def is_int(a):
    return isinstance(a, int)


def squared(a):
    return a**2


def run(program, values):
    """The value of a program."""
    if isinstance(program, tuple):
        operate, *operands = program
        return operate(*[run(operand, values) for operand in operands])
    return values.get(program, program) if isinstance(program, str) else program


def plainly(program, n, b, x):
    """The value in plain Python; None where it raises an error, or is not finite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = run(program, {"n": n, "b": b, "x": x})
        except (ArithmeticError, TypeError, ValueError):
            return None
    return value if not isinstance(value, complex) and math.isfinite(value) else None


@settings(max_examples=150, deadline=None)
@given(
    programs(3),
    st.lists(
        st.tuples(st.integers(-5, 5), st.booleans(), st.sampled_from([0.0, 0.5, -1.0, 3.0])), min_size=1, max_size=6
    ),
)
def test_random_programs_are_those_of_plain_python(program, points):
    points = [point for point in points if plainly(program, *point) is not None]
    expected = [plainly(program, *point) for point in points]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = jit(lambda n, b, x: run(program, {"n": n.tolist()[0], "b": b.tolist()[0], "x": x}))
        for (n, b, x), value in zip(points, expected, strict=True):
            found = unless_refused(lambda n=n, b=b, x=x: compiled(np.array([n]), np.array([b]), x))
            assert found is None or same(found, value), (program, (n, b, x), found, value)
        if not points:
            return
        ns, bs, xs = [list(column) for column in zip(*points, strict=True)]
        mapped = vmap(lambda n, b, x: run(program, {"n": n, "b": b, "x": x}))
        found = unless_refused(lambda: mapped(ns, bs, xs))
    assert found is None or same(found, np.array(expected)), (program, found, expected)


def unless_refused(function):
    """The result; None if a float that may vary was to become an int or an operand of `&`, which is refused."""
    try:
        return function()
    except OperandError as error:
        assert "can't become" in str(error)
    except TypeError as error:
        assert "unsupported operand type" in str(error) or "bad operand type" in str(error)
    return None
