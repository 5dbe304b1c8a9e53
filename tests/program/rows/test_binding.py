"""Functions over rows bound to arrays: each call gives what an unbound one gives for what the arrays hold then."""

import numpy as np
import pytest

from autograd import OperandError, Variable, value_and_grad, vmap

generator = np.random.default_rng(3)


def loss(w, x, y):
    return (w[0] * x[0] + w[1] * x[1] - y) ** 2 if w[0] > 0.0 else w[1] * y


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("rows", [1, 5, 200])
def test_each_call_reads_the_arrays_as_they_are_then(reduce, rows):
    w, x, y = np.array([1.0, -2.0]), generator.normal(size=(rows, 2)), generator.normal(size=rows)
    function = vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce=reduce)
    bound = function.bind(w, x, y)
    for place in range(4):
        value, gradient = function(w, x, y)
        found, slopes = bound()
        assert np.array_equal(found, value)
        assert np.array_equal(slopes, gradient)
        w += 0.25
        x[place % rows] *= -3.0
        y[-1] = place
        # The decision falls the other way, and back.
        w[0] = -w[0] if place == 1 else abs(w[0])
    assert len(function.paths) == 2


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_rows_may_leave_the_path_that_all_took_and_come_back(reduce):
    x = np.ones((70, 1))
    function = vmap(lambda x: x[0] * 3.0 if x[0] > 0.0 else {0: -x[0]}[0], reduce=reduce)
    bound = function.bind(x)
    first = bound()
    for place in (None, 3, 69, None):
        if place is not None:
            x[place] = -5.0
        assert np.array_equal(bound(), function(x))
        assert reduce or bound() is first
        x[:] = 2.0
    assert len(function.paths) == 2


def test_numbers_that_are_in_no_array_are_those_of_the_binding():
    x = np.array([1.0, 2.0])
    bound = vmap(lambda scale, x: scale * x, in_axes=(None, 0), reduce="sum").bind(3.0, x)
    x[1] = 5.0
    assert bound() == 18.0


def test_sums_are_new_each_time_and_rows_the_same_arrays():
    x = np.ones((3, 2))
    rows, sums = [vmap(lambda x: x * 2.0, reduce=reduce).bind(x) for reduce in (None, "sum")]
    assert rows() is rows()
    assert sums() is not sums()
    assert repr(rows) == "<<lambda> bound to 3 row(s)>"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (np.ones(2), [[1.0, 2.0]], np.ones(1)),
            "bound to contiguous arrays of float64 with rows first, argument 1 is",
        ),
        ((np.ones(2), np.ones((1, 4))[:, ::2], np.ones(1)), "contiguous arrays of float64 with rows first, argument 1"),
        ((np.ones(2), np.ones((1, 2)), np.ones(1, int)), "contiguous arrays of float64 with rows first, argument 2"),
        ((np.ones(2, int), np.ones((1, 2)), np.ones(1)), "can be bound to arrays of float64, got one of int64"),
        (
            ([Variable(1.0), 2.0], np.ones((1, 2)), np.ones(1)),
            "can only be bound to plain numbers and arrays, got nodes",
        ),
    ],
)
def test_what_can_not_be_bound(arguments, message):
    with pytest.raises(OperandError, match=message):
        vmap(loss, in_axes=(None, 0, 0)).bind(*arguments)


def test_more_ways_than_the_limit_are_an_error():
    x = np.array([1.0, 2.0])
    bound = vmap(lambda x: x if x < 1.5 else x * x, max_paths=1).bind(x)
    with pytest.raises(ValueError, match="the rows cannot be run"):
        bound()
