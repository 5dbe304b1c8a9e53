"""Sparse Hessians of sums whose terms are alike, found from one term: those of the function as it was written out."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import cos, exp, grad, hessian, hvp, jit, jvp, log, maximum, sin, stop_gradient, where
from autograd.program import paths
from autograd.program.loops.operation import Loop
from tests.tables.tiers import TIERS

pytest.importorskip("scipy")
NEVER = 2**62
SIZE = 150
POINT = np.linspace(-1.2, 1.1, SIZE)
DATA = np.random.default_rng(0).normal(size=SIZE).tolist()


@pytest.fixture
def by_terms(monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 0)


def written_out(function, *arguments):
    """What a compiled function gives in which no terms are looked for."""
    before = paths.SHORTEST_LINE
    paths.SHORTEST_LINE = NEVER
    try:
        return jit(function, tier="vm")(*arguments)
    finally:
        paths.SHORTEST_LINE = before


def loops_of(compiled):
    """The loops over terms in the programs of a compiled function."""
    found = [one for path in compiled.paths for one in path.program.externals.values() if isinstance(one, Loop)]
    return [one for one in found if one.of == "term"]


def assert_same_matrix(one, other):
    np.testing.assert_array_equal(one.indptr, other.indptr)
    np.testing.assert_array_equal(one.indices, other.indices)
    np.testing.assert_allclose(one.data, other.data, rtol=1e-12, atol=1e-12)


def term(a, b):
    return 100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2


def by_halves(terms):
    """A sum in which pairs are added, then pairs of these."""
    while len(terms) > 1:
        terms = [sum(terms[place : place + 2][1:], terms[place]) for place in range(0, len(terms), 2)]
    return terms[0]


def used_once_more(x):
    total = sum([term(a, b) for a, b in pairwise(x)])
    return total + x[0] * total


def subtracted(x):
    total = 10.0
    for a, b in pairwise(x):
        total = total - term(a, b)
    return total


SUMS = {
    "listed": lambda x: sum([term(a, b) for a, b in pairwise(x)]),
    "on arrays": lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2),
    "by halves": lambda x: by_halves([term(a, b) for a, b in pairwise(x)]),
    "subtracted": subtracted,
    "mean": lambda x: np.mean(np.sin(x[1:] * x[:-1])),
    "scaled": lambda x: 0.5 * sum([exp(a * b) for a, b in pairwise(x)]) / 3.0,
    "negative": lambda x: -sum([exp(a * b) for a, b in pairwise(x)]),
    "weighted": lambda x: sum([w * sin(a * b) for w, (a, b) in zip(DATA[1:], pairwise(x), strict=True)]),
    "data inside": lambda x: sum([(exp(a) * b - w) ** 2 for w, (a, b) in zip(DATA[1:], pairwise(x), strict=True)]),
    "a ring": lambda x: sum([exp(x[k] * x[(k + 1) % SIZE]) for k in range(SIZE)]),
    "one argument twice": lambda x: sum([sin(x[k]) * exp(x[k * k % SIZE]) for k in range(SIZE)]),
    "all with the first": lambda x: sum([exp(x[0] * x[k]) for k in range(SIZE)]),
    "two in all": lambda x: sum([(exp(-x[0] * t) + x[1] - t) ** 2 for t in DATA]),
    "the same again": lambda x: sum([(x[0] * x[1]) ** 2 for _ in range(SIZE)]),
    "quadratic": lambda x: sum([(b - a) ** 2 for a, b in pairwise(x)]),
    "linear too": lambda x: sum([3.0 * a for a in x]) + sum([a * b for a, b in pairwise(x)]),
    "two kinds": lambda x: sum([sin(a) * b for a, b in pairwise(x)]) + sum([exp(a) for a in x]),
    "with a rest": lambda x: sum([term(a, b) for a, b in pairwise(x)]) + log(x[3] * x[5] + 4.0) * x[7] ** 3,
    "some odd": lambda x: sum([cos(a) if k % 7 == 3 else a**3 * x[0] for k, a in enumerate(x)]),
    "chosen": lambda x: sum([where(a > 0.0, a * a * b, sin(a) - b) for a, b in pairwise(x)]),
    "with a largest": lambda x: sum([maximum(a * b, 0.1) ** 2 for a, b in pairwise(x)]),
    "largest of data": lambda x: sum([maximum(a * a, w) * a for a, w in zip(x, DATA, strict=True)]),
    "powers of data": lambda x: sum([(2.0 + a) ** (2.0 + w) for a, w in zip(x, DATA, strict=True)]),
    "stopped": lambda x: sum([stop_gradient(a) * b**2 for a, b in pairwise(x)]),
    "shared inside": lambda x: sum([a * sin(x[2] * x[9]) * b for a, b in pairwise(x)]),
    "used once more": used_once_more,
    "logarithm of a sum": lambda x: log(sum([exp(a) for a in x])),
}  # fmt: skip
# Not: constants that a rule looks at, sums that are used twice or in a function, and what is too short to be a loop.
IN_LOOPS = sorted(
    set(SUMS) - {"largest of data", "powers of data", "used once more", "logarithm of a sum", "linear too", "some odd"}
)


@pytest.mark.usefixtures("by_terms")
@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", SUMS)
def test_the_hessian_is_that_of_the_sum_written_out(name, tier):
    derivative = hessian(SUMS[name], sparse=True)
    compiled = jit(derivative, tier=tier)
    for point in (POINT, POINT[::-1] + 0.01):
        found = compiled(point)
        assert_same_matrix(found, written_out(derivative, point))
        np.testing.assert_allclose(found.todense(), hessian(SUMS[name])(point), rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("by_terms")
@pytest.mark.parametrize("name", IN_LOOPS)
def test_the_program_is_as_long_as_one_term(name):
    compiled = jit(hessian(SUMS[name], sparse=True), tier="vm")
    compiled(POINT)
    assert len(loops_of(compiled)) >= 1


@pytest.mark.usefixtures("by_terms")
def test_constant_entries_of_wide_terms_are_added_up_once():
    matrix = np.random.default_rng(0).normal(size=(60, 30))
    for power, loops in ((2, 0), (4, 1)):
        compiled = jit(hessian(lambda x, power=power: np.sum((matrix @ x) ** power), sparse=True), tier="vm")
        found = compiled(POINT[:30]).todense()
        exact = power * (power - 1) * (matrix.T * (matrix @ POINT[:30]) ** (power - 2)) @ matrix
        np.testing.assert_allclose(found, exact, rtol=1e-11, atol=1e-11)
        assert (len(loops_of(compiled)) > 0) == loops


@pytest.mark.usefixtures("by_terms")
def test_all_entries_are_nan_where_the_sum_is():
    compiled = jit(hessian(lambda x: sum([a * a * b for a, b in pairwise(x)]) + sum([a**2 for a in x]), sparse=True))
    assert not np.isnan(compiled(POINT).data).any()
    there = POINT.copy()
    there[7] = math.nan
    assert np.isnan(compiled(there).data).all()


@pytest.mark.usefixtures("by_terms")
def test_arguments_that_are_not_differentiated_are_data():
    def loss(x, y):
        return sum([(sin(a) * b - c) ** 2 for (a, b), c in zip(pairwise(x), y[1:], strict=True)])

    derivative = hessian(loss, sparse=True)
    compiled = jit(derivative, tier="vm")
    for factor in (1.0, -2.0):
        given = factor * np.array(DATA)
        assert_same_matrix(compiled(POINT, given), written_out(derivative, POINT, given))
    assert loops_of(compiled)


@pytest.mark.usefixtures("by_terms")
@pytest.mark.parametrize("name", ["data inside", "listed", "mean", "scaled", "a ring"])
def test_a_hessian_by_terms_is_differentiated_again(name):
    direction = np.linspace(1.0, 2.0, SIZE)
    curvature = hessian(SUMS[name], sparse=True)

    def along(x):
        return np.sum((curvature(x) @ direction) * direction)

    expected = grad(lambda x: np.sum(hvp(SUMS[name], (x,), (direction,)) * direction))(POINT)
    np.testing.assert_allclose(jit(along)(POINT), np.sum((curvature(POINT) @ direction) * direction), rtol=1e-12)
    np.testing.assert_allclose(jit(grad(along), tier="vm")(POINT), expected, rtol=1e-9)


@pytest.mark.usefixtures("by_terms")
@pytest.mark.parametrize("name", IN_LOOPS)
def test_the_program_of_a_hessian_is_differentiated(name):
    compiled = jit(hessian(SUMS[name], sparse=True), tier="vm")
    compiled(POINT)
    program = compiled.paths[0].program
    weights = np.random.default_rng(1).normal(size=len(program.outputs))
    direction = np.cos(np.arange(SIZE))

    def weighted(x):
        return np.dot(program(*x), weights)

    def along(t):
        return np.dot(program(*(POINT + t * direction)), weights)

    assert np.dot(grad(weighted)(POINT), direction) == pytest.approx(jvp(along, (0.0,), (1.0,))[1], rel=1e-9, abs=1e-9)
    assert grad(along)(0.0) == pytest.approx(jit(grad(along), tier="vm")(0.0), rel=1e-9, abs=1e-9)
    if name != "stopped":
        assert grad(along)(0.0) == pytest.approx((along(1e-5) - along(-1e-5)) / 2e-5, rel=1e-6, abs=1e-5)


@pytest.mark.usefixtures("by_terms")
def test_decisions_on_values_have_their_own_paths():
    def loss(x):
        total = sum([term(a, b) for a, b in pairwise(x)])
        return total if total > 0.0 else total * 2.0 + x[0] ** 2

    derivative = hessian(lambda x: loss(x) if x[0] > 0.0 else sum([exp(a * b) for a, b in pairwise(x)]), sparse=True)
    compiled = jit(derivative, tier="vm")
    for point in (POINT, -POINT, POINT + 0.5):
        assert_same_matrix(compiled(point), written_out(derivative, point))


# Terms of a few operations on their neighbours, some of them like others.
OPERATIONS = (
    lambda a, b, c: a * b,
    lambda a, b, c: sin(a) + c,
    lambda a, b, c: exp(0.1 * a) * b,
    lambda a, b, c: a - b * b,
    lambda a, b, c: a / (2.0 + b * b),
    lambda a, b, c: c * a,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=3), st.data())
def test_sums_of_random_terms(kinds, choices):
    kind_of = [choices.draw(st.integers(0, len(kinds) - 1)) for _ in range(30)]
    steps = [choices.draw(st.integers(0, 3)) for _ in range(30)]
    signs = [choices.draw(st.sampled_from([1.0, -1.0, 0.5])) for _ in range(30)]

    def total(x):
        result = 0.0
        for k, (kind, step, sign) in enumerate(zip(kind_of, steps, signs, strict=True)):
            value = x[k]
            for operation in kinds[kind]:
                value = OPERATIONS[operation](value, x[(k + step) % 30], DATA[k])
            result = result + sign * value**2
        return result

    derivative = hessian(total, sparse=True)
    expected = written_out(derivative, POINT[:30])
    before = paths.SHORTEST_LINE
    paths.SHORTEST_LINE = 0
    try:
        found = jit(derivative, tier="vm")(POINT[:30])
    finally:
        paths.SHORTEST_LINE = before
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.data, expected.data, rtol=1e-9, atol=1e-9)
