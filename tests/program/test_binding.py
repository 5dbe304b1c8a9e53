"""Compiled functions bound to arrays: what they read, what they write, and what they refuse."""

import numpy as np
import pytest

from autograd import OperandError, Variable, hessian, jit, sin, value_and_grad
from tests.tables.comparison import same_bits
from tests.tables.tiers import TIERS

each_tier = pytest.mark.parametrize("tier", TIERS)


def loss(p, x, y):
    hidden = [sin(p[0] * x[0] + p[1] * x[1]), p[2] * x[0]]
    return (hidden[0] * hidden[1] - y) ** 2


@each_tier
def test_each_call_reads_the_arrays_as_they_are_then(tier):
    draw = np.random.default_rng(0)
    p, x = draw.normal(size=3), draw.normal(size=2)
    step = jit(value_and_grad(loss), tier=tier)
    bound = step.bind(p, x, 0.5)
    for _ in range(5):
        p[:], x[:] = draw.normal(size=3), draw.normal(size=2)
        value, gradient = bound()
        expected, slopes = step(p, x, 0.5)
        assert same_bits([float(value), *gradient.tolist()], [expected, *slopes.tolist()])


def test_all_calls_give_the_same_arrays():
    x = np.array([1.0, 2.0])
    bound = jit(lambda x: {"sum": x[0] + x[1], "all": [x * 2.0, (x[1],)]}).bind(x)
    first = bound()
    x[:] = 5.0, 7.0
    assert bound() is first
    assert first["sum"] == 12.0 and first["sum"].shape == ()
    assert first["all"][0].tolist() == [10.0, 14.0] and first["all"][1][0] == 7.0


def test_arrays_lie_anywhere_among_the_arguments():
    a, b, c = np.arange(6.0).reshape(2, 3), np.array(4.0), np.array([])
    function = jit(lambda first, rest, scale=1.0: first[1, 2] * rest["b"] * scale + rest["fixed"][0])
    bound = function.bind(a, {"fixed": [0.25, c, "text"], "b": b}, scale=3.0)
    assert bound() == 60.25
    a[1, 2], b[...] = 2.0, 0.5
    assert bound() == 3.25


def test_decisions_are_taken_anew_in_each_call():
    x = np.array([3.0])
    function = jit(lambda x: x[0] * 2.0 if x[0] > 1.0 else -x[0])
    bound = function.bind(x)
    high = bound()
    assert high == 6.0
    x[0] = 0.5
    assert bound() == -0.5
    x[0] = 4.0
    assert bound() is high and high == 8.0
    assert [path.hits for path in function.paths] == [2, 1]


def test_variables_that_the_function_closes_over_are_read_in_each_call():
    scale, x = Variable(2.0), np.array([3.0])
    bound = jit(lambda x: scale * x[0]).bind(x)
    assert bound() == 6.0
    scale.value = 5.0
    assert bound() == 15.0


def test_what_cannot_be_read_in_place_is_refused():
    function = jit(lambda x: x[0] * 2.0)
    with pytest.raises(OperandError, match="<lambda> can be bound to contiguous arrays of float64, got one of int64"):
        function.bind(np.array([1, 2]))
    with pytest.raises(OperandError, match="got one of float64 that is not contiguous"):
        function.bind(np.ones(6)[::2])
    with pytest.raises(OperandError, match="plain numbers and arrays, got nodes among its arguments"):
        function.bind([Variable(1.0)])
    with pytest.raises(OperandError, match="gives sparse matrices, which can't be written in place"):
        jit(hessian(lambda x: x[0] * x[1], sparse=True)).bind(np.ones(2))()


def whole(x):
    return x


@pytest.mark.parametrize("part", [whole, lambda x: x[2:], lambda x: x.reshape(2, 4)[1:], lambda x: x[::1][1:4]])
@pytest.mark.parametrize("size", [4, 8, 9, 100_000])
def test_an_array_that_was_resized_is_read_no_more(part, size):
    x = np.arange(8.0)
    bound = jit(lambda a, b: a.ravel()[0] * b[0]).bind(part(x), np.ones(2))
    first = float(bound())
    x.resize(8, refcheck=False)
    assert float(bound()) == first
    kept = np.ones(1000)
    x.resize(size, refcheck=False)
    if size == 8:
        assert float(bound()) == first
        return
    for _ in range(2):
        with pytest.raises(OperandError, match="bound to an array that was resized since"):
            bound()
    assert kept.sum() == 1000.0


def test_an_array_over_foreign_memory_is_bound():
    memory = bytearray(np.ones(3).tobytes())
    bound = jit(lambda x: x[0] + x[2]).bind(np.frombuffer(memory))
    assert float(bound()) == 2.0
    with pytest.raises(BufferError):
        memory.extend(b"more")


def test_a_bound_function_says_what_it_is():
    assert repr(jit(loss).bind(np.ones(3), np.ones(2), 0.0)) == "<loss bound to 2 array(s)>"


def everything(p, x, y):
    """Outputs that are inputs, constants, computed, the same twice, what a decision was taken on, and all of these."""
    square = p[0] * p[0]
    doubled = [entry * 2.0 for entry in p]
    if square > 4.0:
        doubled = doubled[::-1]
    return {
        "inputs": [p[1], y, p, x],
        "constants": [1.5, np.array([0.0, 2.0])],
        "twice": (square, doubled[0], square, doubled[0], doubled, np.array(doubled)),
        "many": [p[k] * x[0] + y for k in range(len(p))],
        "scattered": [sin(p[k]) for k in reversed(range(len(p)))],
    }


@each_tier
def test_results_of_all_kinds_are_those_of_the_unbound_function(tier):
    draw = np.random.default_rng(1)
    p, x = draw.normal(size=40), draw.normal(size=2)
    function = jit(everything, tier=tier)
    bound = function.bind(p, x, 0.75)
    for first in (1.0, 3.0, -1.5, 5.0):
        p[:], x[:] = draw.normal(size=40), draw.normal(size=2)
        p[0] = first
        expected = function(p, x, 0.75)
        assert same_bits(bound(), expected)
        if tier == "vm":
            assert same_bits(expected, everything(p.tolist(), x.tolist(), 0.75))


@each_tier
def test_calls_of_the_same_function_do_not_disturb_each_other(tier):
    function = jit(lambda a, x, b: a * x[0] + b * x[1], tier=tier)
    x = np.array([1.0, 10.0])
    bound, other = function.bind(2.0, x, 3.0), function.bind(5.0, x, 7.0)
    assert (float(bound()), float(other()), function(1.0, x, 1.0), float(bound())) == (32.0, 75.0, 11.0, 32.0)


@each_tier
def test_arrays_without_numbers_and_no_arrays_at_all_are_bound(tier):
    assert jit(lambda x, y: y * 2.0, tier=tier).bind(np.array([]), 3.0)() == 6.0
    assert jit(lambda x: [2.5, x["a"] + 1.0], tier=tier).bind({"a": 1.0})() == [2.5, 2.0]
    assert jit(lambda: 2.5, tier=tier).bind()() == 2.5
