"""Sums over rows have the same bits whoever adds them up, and whatever was called before."""

from array import array

import numpy as np
import pytest

from autograd import jit, value_and_grad, vmap
from autograd.numbers.arrays import added
from autograd.program.machine.row_sums import CHUNK, LANES, added_in_pairs, sums_of_rows
from tests.tables.branching import deciding
from tests.tables.tiers import TIERS

COUNTS = [1, LANES - 1, LANES, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3]


def plain(p, x):
    return p[2] * (p[0] * x[0] + p[1] * x[1]) ** 2


def rows(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2))


POINT = np.array([1.1, 0.7, 0.3])


def test_pairs_are_those_of_a_tree_whose_aligned_blocks_are_subtrees():
    numbers = np.random.default_rng(1).normal(size=23) * 10.0 ** np.random.default_rng(2).integers(-9, 9, 23)
    whole = added_in_pairs(list(numbers))
    for size in (1, 2, 4, 8, 16, 32):
        parts = [added_in_pairs(list(numbers[start : start + size])) for start in range(0, 23, size)]
        assert added_in_pairs(parts) == whole


def test_pairs_of_arrays_of_doubles_are_added_entry_by_entry():
    columns = np.random.default_rng(3).normal(size=(7, 5))
    whole = added_in_pairs([array("d", column) for column in columns], added)
    assert whole.tolist() == [added_in_pairs(list(row)) for row in columns.T]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("fun", [plain, deciding])
def test_sums_are_those_of_the_rows_in_the_stated_order(fun, count, tier):
    slopes = value_and_grad(fun)
    values, gradients = jit(vmap(slopes, (None, 0)), tier=tier)(POINT, rows(count))
    value, gradient = jit(vmap(slopes, (None, 0), "sum"), tier=tier)(POINT, rows(count))
    expected = sums_of_rows(np.column_stack([values, gradients]))
    if tier == "llvm" and fun is plain:
        # A product that is added is rounded with the sum.
        np.testing.assert_allclose([value, *gradient], expected, rtol=1e-12)
    else:
        assert [value, *gradient] == expected.tolist()


@pytest.mark.parametrize("tier", TIERS)
def test_sums_do_not_depend_on_the_paths_that_earlier_calls_took(tier):
    found = set()
    for earlier in range(5):
        mapped = jit(vmap(value_and_grad(deciding), (None, 0), "sum"), tier=tier)
        if earlier:
            mapped(POINT, rows(earlier, earlier))
        for _ in range(2):
            value, gradient = mapped(POINT, rows(3 * CHUNK + 7))
            found.add((value, *gradient))
    assert len(found) == 1


def test_parts_that_are_summed_and_parts_that_are_stacked_are_those_of_calls_of_their_own():
    def parts(x):
        return (x * 2.0, x + 1.0) if x > 0.0 else (-x, x * x)

    points = rows(CHUNK * 70)[:, 0]
    total, each = vmap(parts, reduce=("sum", None))(points)
    assert total == vmap(lambda x: parts(x)[0], reduce="sum")(points)
    assert np.array_equal(each, vmap(lambda x: parts(x)[1])(points))


def test_rows_that_leave_together_at_a_shared_number_are_added_up_by_one_path():
    mapped = vmap(lambda w, x: w * x if w > 0.0 else x - w, (None, 0), "sum")
    assert mapped(2.0, np.ones(5)) == 10.0
    assert mapped(-2.0, np.ones(5)) == 15.0
    assert not next(iter(mapped.recordings.known.values())).apart
