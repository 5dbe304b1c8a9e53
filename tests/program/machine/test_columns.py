"""Rows that are read from arrays and written to arrays: each number goes to its place, four at a time or by itself."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from autograd import jit, vmap

# Less than a pair of rows, an odd one at the end, a whole block, and blocks that are cut off.
ROWS = (1, 2, 3, 63, 64, 65, 131)
ARRAYS: dict[str, Any] = {
    "in one piece": lambda rows: rows,
    "transposed": numpy.asfortranarray,
    "every second column": lambda rows: numpy.repeat(rows, 2, axis=1)[:, ::2],
    "one row for all": lambda rows: numpy.broadcast_to(rows[0], rows.shape),
}


@pytest.mark.parametrize("count", ROWS)
@pytest.mark.parametrize("layout", ARRAYS)
def test_each_number_of_a_row_goes_to_its_place(layout: str, count: int) -> None:
    for width in range(1, 11):
        rows = ARRAYS[layout](numpy.arange(1.0, 1.0 + count * width).reshape(count, width))
        found = jit(vmap(lambda x, width=width: numpy.array([x[k] * 2.0 for k in range(width)])), tier="vm")(rows)
        numpy.testing.assert_array_equal(found, 2.0 * rows)


@pytest.mark.parametrize("count", ROWS)
def test_numbers_that_are_the_same_for_all_rows_stand_between_others(count: int) -> None:
    rows = numpy.arange(1.0, 1.0 + 6 * count).reshape(count, 6)
    for place in range(7):

        def with_seven(x: Any, place: int = place) -> Any:
            return numpy.array([*[-x[k] for k in range(place)], 7.0, *[-x[k] for k in range(place, 6)]])

        found = jit(vmap(with_seven), tier="vm")(rows)
        numpy.testing.assert_array_equal(found, numpy.insert(-rows, place, 7.0, axis=1))


@pytest.mark.parametrize("count", ROWS)
def test_rows_of_several_paths_keep_their_places(count: int) -> None:
    rows = numpy.random.default_rng(count).normal(size=(count, 5))
    found = jit(vmap(lambda x: x * 2.0 if x[0] > 0.0 else x * 3.0), tier="vm")(rows)
    numpy.testing.assert_array_equal(found, rows * numpy.where(rows[:, :1] > 0.0, 2.0, 3.0))
