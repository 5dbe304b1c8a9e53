"""Calls over rows that were prepared by an earlier one give what the first one gives, or are of another kind."""

import gc
import threading
import weakref

import numpy as np
import pytest

from autograd import DomainError, Variable, compiled, grad, jit, log, no_grad, strict, value_and_grad, vmap
from autograd.program.rows import vmap as vmap_module
from tests.tables.comparison import leaves, same_bits

generator = np.random.default_rng(5)


def loss(w, x, y):
    return (w[0] * x[0] + w[1] * x[1] - y) ** 2


def parts(w, x, y):
    return {"sum": x[0] + y, "all": (x * w, [y, x[1]]), "name": "fixed"}


def same(one, other):
    """Whether two results have the same numbers, in the same containers."""
    assert type(one) is type(other)
    return same_bits(leaves(one), leaves(other))


def arguments(rows):
    return generator.normal(size=2), generator.normal(size=(rows, 2)), generator.normal(size=rows)


@pytest.mark.parametrize("rows", [1, 3, 64, 65, 1024, 1025, 3000 if compiled else 1100])
@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("function", [loss, value_and_grad(loss)])
def test_each_call_gives_what_the_first_call_of_a_new_function_gives(function, reduce, rows):
    mapped = vmap(function, in_axes=(None, 0, 0), reduce=reduce)
    kept = []
    for _ in range(4):
        given = arguments(rows)
        kept.append((mapped(*given), vmap(function, in_axes=(None, 0, 0), reduce=reduce)(*given)))
    # Results are arrays of their own: later calls leave them alone.
    for found, expected in kept:
        assert same(found, expected)


@pytest.mark.parametrize("in_axes", [(None, 0, 0), [None, 0, 0]])
def test_containers_of_results_are_those_of_the_function(in_axes):
    mapped = vmap(parts, in_axes=in_axes)
    for rows in (3, 3, 7, 2):
        w, x, y = arguments(rows)
        found = mapped(w, x, y)
        assert list(found) == ["sum", "all", "name"]
        assert found["name"] == "fixed"
        assert np.array_equal(found["sum"], x[:, 0] + y)
        assert np.array_equal(found["all"][0], x * w)
        assert np.array_equal(found["all"][1][1], x[:, 1])


def test_calls_after_the_first_take_nothing_apart_anew(monkeypatch):
    mapped = [vmap(lambda x: x * x), vmap(loss, in_axes=(None, 0, 0), reduce="mean")]
    given = [(np.ones(3),), arguments(3)]
    first = [one(*its) for one, its in zip(mapped, given, strict=True)]
    monkeypatch.delattr(vmap_module, "RowArguments")
    again = [one(*its) for one, its in zip(mapped, given, strict=True)]
    assert np.array_equal(first[0], again[0])
    assert first[1] == again[1]


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_rows_that_take_another_way_later_are_run_that_way(reduce):
    def bent(w, x):
        if w < 0.0:
            return x - w
        return x * x if x < 1.0 else w * x

    mapped = vmap(bent, in_axes=(None, 0), reduce=reduce)
    rows = [np.full(5, 0.5), np.full(5, 0.25), np.array([0.5, 2.0, 0.5, 3.0, 0.5]), np.full(5, 0.5), np.full(5, 4.0)]
    for w in (2.0, 3.0, -1.0, 2.0):
        for x in rows:
            expected = np.array([bent(w, one) for one in x])
            assert np.array_equal(mapped(w, x), expected if reduce is None else expected.sum())
    assert len(mapped.paths) == 3


@pytest.mark.parametrize(
    "x",
    [
        [[1.0, 2.0], [3.0, 4.0]],
        np.array([[1.0, 2.0], [3.0, 4.0]], np.float32),
        np.array([[1.0, 3.0], [2.0, 4.0]]).T,
        np.array([[1.0, 0.0, 2.0], [3.0, 0.0, 4.0]])[:, ::2],
        np.array([[1, 2], [3, 4]]),
        np.array([[1.0, 2.0], [3.0, 4.0]], ">f8"),
        np.array([[1.0, 2.0], [3.0, 4.0]]).astype(object),
    ],
    ids=["list", "float32", "transposed", "strided", "ints", "bytes swapped", "objects"],
)
def test_rows_of_another_kind_give_the_same_after_calls_with_plain_ones(x):
    mapped = vmap(lambda p: p[0] * 10.0 + p[1])
    for _ in range(2):
        assert mapped(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist() == [12.0, 34.0]
        assert mapped(x).tolist() == [12.0, 34.0]


def test_what_is_refused_is_refused_after_calls_that_were_not():
    mapped = vmap(lambda w, x: w * x, in_axes=(None, 0))
    x = np.ones(3)
    assert mapped(2.0, x).tolist() == mapped(2.0, x).tolist() == [2.0] * 3
    with pytest.raises(ValueError, match="2 entries for 1 arguments"):
        mapped(2.0)
    with pytest.raises(ValueError, match="argument 1 has no axis 0"):
        mapped(2.0, 1.0)
    with pytest.raises(Exception, match="its mask would be ignored"):
        mapped(2.0, np.ma.masked_array(x, [True, False, False]))
    both = vmap(lambda x, y: x + y)
    assert both(x, x).tolist() == both(x, x).tolist() == [2.0] * 3
    with pytest.raises(ValueError, match="differ in their number of rows"):
        both(x, np.ones(4))
    assert both(np.ones(0), np.ones(0)).shape == (0,)


def test_modes_hold_in_calls_that_were_prepared():
    mapped = vmap(lambda w, x: log(w * x), in_axes=(None, 0), reduce="sum")
    x = np.array([1.0, 2.0])
    for _ in range(2):
        plain = mapped(3.0, x)
    with no_grad():
        assert mapped(3.0, x) == plain
    with strict(), pytest.raises(DomainError):
        mapped(3.0, np.array([1.0, -2.0]))
    # Nodes, and recordings of other functions.
    assert grad(lambda w: mapped(w, x))(4.0) == 0.5
    assert jit(lambda w: mapped(w, x) * 2.0)(3.0) == pytest.approx(2.0 * plain)


def test_an_object_that_changes_changes_what_its_method_gives():
    class Scaled:
        def __init__(self, factor):
            self.factor = factor

        def of(self, x):
            return self.factor * x

    scaled = Scaled(2.0)
    mapped = vmap(scaled.of)
    x = np.array([1.0, 3.0])
    for factor in (2.0, 2.0, 5.0, 2.0, 5.0):
        scaled.factor = factor
        assert mapped(x).tolist() == [factor, 3.0 * factor]


def test_a_variable_that_the_function_closes_over_is_read_in_each_call():
    a = Variable(2.0)
    mapped = vmap(lambda x: a * x)
    with no_grad():
        for value in (2.0, 2.0, 7.0):
            a.value = value
            assert mapped(np.array([1.0, 3.0])).tolist() == [value, 3.0 * value]


def test_threads_call_one_function_at_once():
    mapped = vmap(loss, in_axes=(None, 0, 0))
    faults = []

    def call(rows):
        given = arguments(rows)
        expected = vmap(loss, in_axes=(None, 0, 0))(*given)
        for _ in range(100 if compiled else 10):
            if not np.array_equal(mapped(*given), expected):
                faults.append(rows)

    threads = [threading.Thread(target=call, args=(rows,)) for rows in (3, 70, 500, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_nothing_of_a_call_is_kept():
    mapped = vmap(lambda x: x + 1.0)
    for count in (3, 3, 100, 3):
        x = np.ones(count)
        result = mapped(x)
        kept = [weakref.ref(x), weakref.ref(result)]
        del x, result
        gc.collect()
        assert [one() is None for one in kept] == [True, True]


def test_lists_of_floats_are_rows_as_arrays_are():
    mapped = vmap(lambda w, x: w[0] * x + w[1], in_axes=(None, 0))
    for x in ([1.0, 2.0], np.array([1.0, 2.0]), [3.0, 4], [5.0, True], [1.0, 2.0, 3.0]):
        for w in ([2.0, 1.0], np.array([2.0, 1.0])):
            assert mapped(w, x).tolist() == [2.0 * one + 1.0 for one in x]
    with pytest.raises(ValueError, match="inhomogeneous"):
        mapped([2.0, 1.0], [1.0, [2.0]])
    a = Variable(3.0)
    assert [node.value for node in mapped([2.0, 1.0], [1.0, a])] == [3.0, 7.0]
