"""Functions that are called back: eager, compiled by each tier, over rows, in every transform."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from autograd import (
    ArgumentError,
    DomainError,
    OutputError,
    UnknownPrimitiveError,
    Variable,
    callback,
    grad,
    hessian,
    jacfwd,
    jacobian,
    jit,
    jvp,
    sin,
    strict,
    value_and_grad,
    vmap,
)
from tests.tables.tiers import TIERS

AT = [0.5, -1.25]


def plain(x, y):
    return [x * y, np.sin(x), x + y]


def pull(primals, cotangents):
    (x, y), (a, b, c) = primals, cotangents
    return a * y + b * np.cos(x) + c, a * x + c


def push(primals, tangents):
    (x, y), (dx, dy) = primals, tangents
    return [dx * y + x * dy, np.cos(x) * dx, dx + dy]


def recorded(x, y):
    return [x * y, sin(x), x + y]


def through(function):
    return lambda x: function(x[0], x[1])[0] ** 2 * function(x[1], x[0] * 2.0)[1] + function(x[0], x[1])[2]


RULES = {"vjp": {"vjp": pull}, "jvp": {"jvp": push}, "both": {"vjp": pull, "jvp": push}}
TRANSFORMS = {
    "grad": grad,
    "jacobian": jacobian,
    "jacfwd": jacfwd,
    "jvp": lambda fun: lambda x: jvp(fun, (x,), ([0.3, -2.0],)),
}


@pytest.fixture(params=RULES)
def called(request):
    return callback(plain, **RULES[request.param], outputs=3)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_derivatives_are_those_of_the_given_rules(called, transform):
    expected = transform(through(recorded))(AT)
    assert np.allclose(transform(through(called))(AT), expected, rtol=1e-14)
    assert np.allclose(transform(jit(through(called)))(AT), expected, rtol=1e-14)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_compiled_derivatives_call_back(called, transform, tier):
    fast = jit(transform(through(called)), tier=tier)
    for x in (AT, [2.0, 0.75]):
        assert np.allclose(fast(x), transform(through(recorded))(x), rtol=1e-14)
    assert len(fast.paths) == 1


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("reduce", [None, "sum"])
def test_rows_call_back(called, tier, reduce):
    X = np.random.default_rng(0).normal(size=(150, 2))
    found = jit(vmap(value_and_grad(through(called)), reduce=reduce), tier=tier)(X)
    expected = vmap(value_and_grad(through(recorded)), reduce=reduce)(X)
    for mine, theirs in zip(found, expected, strict=True):
        assert np.allclose(mine, theirs, rtol=1e-12, atol=1e-13)


def test_second_derivatives_come_from_a_rule_that_is_a_callback_itself():
    slope = callback(
        lambda primals, cotangent: (cotangent * math.cos(primals[0]),),
        vjp=lambda primals, weights: (
            (-math.sin(primals[0][0]) * primals[1] * weights[0],),
            math.cos(primals[0][0]) * weights[0],
        ),
    )
    sine = callback(math.sin, vjp=slope)
    for second in (grad(grad(sine)), hessian(sine), jit(grad(grad(sine)))):
        assert second(0.75) == pytest.approx(-math.sin(0.75), rel=1e-15)


def test_without_rules_derivatives_are_refused():
    function = callback(math.sin)
    assert function(0.5) == jit(function)(0.5) == math.sin(0.5)
    for derivative in (grad(function), jit(grad(function)), lambda x: jvp(function, (x,), (1.0,))):
        with pytest.raises(ArgumentError, match=r"^the callback of sin has no derivatives: give it a vjp= or a jvp=$"):
            derivative(0.5)
    first = callback(math.sin, vjp=lambda primals, cotangent: cotangent * math.cos(primals[0]))
    assert grad(first)(0.5) == math.cos(0.5)
    with pytest.raises(ArgumentError, match="the vjp of the callback of sin has no derivatives"):
        grad(grad(first))(0.5)


def test_plain_numbers_give_plain_numbers():
    function = callback(plain, vjp=pull)
    assert function(2.0, 3.0) == [6.0, math.sin(2.0), 5.0]
    assert function(Variable(2.0), 3.0)[0].parents[0].value == 2.0
    assert repr(function) == "<callback of plain>"
    assert pickle.loads(pickle.dumps(function))(2.0, 3.0) == function(2.0, 3.0)


def test_arguments_and_results_keep_their_structure():
    seen = []

    def fun(tree, count, array):
        seen.append((tree, count, array))
        return {"sum": tree["a"] + count, "scaled": tree["b"][0] * array}

    def vjp_of(primals, cotangents):
        tree, _, array = primals
        scaled = cotangents["scaled"]
        return {"a": cotangents["sum"], "b": (float((scaled * array).sum()),)}, None, tree["b"][0] * scaled

    function = callback(fun, vjp=vjp_of)
    for run in (lambda fun: fun, jit):
        value = run(lambda tree, array: function(tree, 3, array))({"a": 1.0, "b": (2.0,)}, np.array([1.0, 2.0]))
        assert value["sum"] == 4.0 and value["scaled"].tolist() == [2.0, 4.0]
        assert type(seen[-1][1]) is int and isinstance(seen[-1][2], np.ndarray)
        loss = lambda tree, array: function(tree, 3, array)["scaled"].sum() + function(tree, 3, array)["sum"]  # noqa: E731
        found = run(grad(loss, argnums=(0, 1)))({"a": 1.0, "b": (2.0,)}, np.array([1.0, 2.0]))
        assert found[0] == {"a": 1.0, "b": (3.0,)} and found[1].tolist() == [2.0, 2.0]


def test_the_same_call_is_done_once_in_a_program():
    count = []

    def fun(x):
        count.append(x)
        return x * 2.0

    function = callback(fun)
    fast = jit(lambda x: function(x) + function(x) ** 2)
    fast(1.0)
    del count[:]
    assert fast(3.0) == 42.0 and count == [3.0]


def test_programs_with_callbacks_print_and_are_not_stored():
    fast = jit(lambda x: callback(plain, vjp=pull)(x, 2.0)[1])
    fast(1.0)
    program = fast.paths[0].program
    assert str(program) == (
        "program of 1 input, 2 operations, 1 output\n"
        "  v2 = callback of plain(v0, 2.0)\n  v3 = result 1 of v2\n  return v3"
    )
    assert "    v2 = plain(v0, 2.0)\n    v3 = v2[1]\n" in program.source()
    assert program(0.5) == [math.sin(0.5)]
    assert len(program.hash) == 64 and program == program
    for store in (pickle.dumps, lambda program: program.to_bytes()):
        with pytest.raises(UnknownPrimitiveError, match="a program with 'callback of plain' can't be stored"):
            store(program)


def positive(x):
    if x <= 0.0:
        raise ValueError(f"x must be positive, got {x}")
    return math.log(x)


LOG = callback(positive, vjp=lambda primals, cotangent: (cotangent / primals[0],))


@pytest.mark.parametrize("tier", TIERS)
def test_results_can_be_decided_on_and_a_guard_before_protects_the_call(tier):
    def function(x):
        return LOG(x) * 2.0 if x > 0.0 and LOG(x) > -1.0 else x

    points = [2.0, 0.1, -3.0, 5.0, 0.9, -0.5]
    expected = [function(x) for x in points]
    fast = jit(function, tier=tier)
    assert [fast(x) for x in points] == expected
    assert len(fast.paths) == 3
    rows = jit(vmap(function), tier=tier)
    assert rows(np.array(points * 30)).tolist() == expected * 30


@pytest.mark.parametrize("tier", TIERS)
def test_errors_of_the_function_are_raised_by_each_call(tier):
    fast = jit(lambda x: LOG(x) + 1.0, tier=tier)
    assert fast(1.0) == 1.0
    for _ in range(2):
        with pytest.raises(ValueError, match=r"x must be positive, got -1.0"):
            fast(-1.0)
    assert fast(1.0) == 1.0
    rows = jit(vmap(lambda x: LOG(x) + 1.0), tier=tier)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"x must be positive, got -2.0"):
            rows(np.array([1.0] * 100 + [-2.0] + [1.0] * 100))
    assert rows(np.array([1.0] * 3)).tolist() == [1.0] * 3
    bound = fast.bind(np.array(1.0))
    assert bound() == 1.0
    shared = jit(vmap(lambda w, x: LOG(w) + x, in_axes=(None, 0)), tier=tier)
    assert shared(1.0, np.array([1.0, 2.0])).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="x must be positive"):
        shared(-1.0, np.array([1.0, 2.0]))


@pytest.mark.parametrize("tier", TIERS)
def test_a_function_may_call_what_it_is_called_from(tier):
    def halve(x):
        return x if x < 1.0 else fast(x / 2.0) + 1.0

    fast = jit(lambda x: callback(halve)(x) * 3.0, tier=tier)

    def expected(x):
        return 3.0 * (x if x < 1.0 else expected(x / 2.0) + 1.0)

    assert fast(5.0) == expected(5.0)
    assert fast(9.0) == expected(9.0)

    def of_rows(x):
        return x if x < 1.0 else float(rows(np.array([x / 2.0]))[0]) + 1.0

    rows = jit(vmap(lambda x: callback(of_rows)(x) * 3.0), tier=tier)
    X = np.array([0.5, 5.0, 9.0])
    assert rows(X).tolist() == [expected(x) for x in X]


def test_results_of_another_structure_are_refused():
    function = callback(lambda x: [x, x] if x > 0.0 else [x], outputs=2)
    assert function(1.0) == [1.0, 1.0]
    with pytest.raises(OutputError, match=r"the callback of <lambda> must give 2 number\(s\), as outputs= says, got"):
        function(-1.0)
    fast = jit(lambda x: callback(lambda x: [x, x] if x > 0.0 else [x])(x)[0])
    fast(1.0)
    with pytest.raises(OutputError, match=r"gave .* where it was recorded with .*: in a compiled function"):
        fast(-1.0)


def test_nodes_from_outside_and_wrong_rules_are_refused():
    w = Variable(2.0)
    with pytest.raises(OutputError, match="whose derivatives would be lost"):
        callback(lambda x: x * w)(3.0)
    with pytest.raises(OutputError, match="the vjp of the callback of plain must have the structure of the arguments"):
        grad(lambda x: callback(plain, vjp=lambda primals, cotangents: (1.0, 2.0, 3.0))(x, 2.0)[0])(1.0)
    with pytest.raises(OutputError, match="the jvp of the callback of plain must have the structure of the output"):
        grad(lambda x: callback(plain, jvp=lambda primals, tangents: 1.0)(x, 2.0)[0])(1.0)
    for wrong in ({"vjp": 3}, {"jvp": "x"}):
        with pytest.raises(TypeError, match=r"a callback's (vjp|jvp) is a function, got"):
            callback(plain, **wrong)
    with pytest.raises(TypeError, match="a callback's function is a function, got"):
        callback(3.0)


def log(x):
    return -math.inf if x == 0.0 else math.log(x)


def test_strict_looks_at_results():
    with strict(), pytest.raises(DomainError, match=r"callback of log.*value -inf"):
        grad(callback(log, vjp=lambda primals, cotangent: (cotangent,)))(0.0)
