"""Loops whose bodies decide, and loops that end by a condition: one operation, right whatever the turns do."""

from __future__ import annotations

import copy
import pickle
import signal
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import (
    UnknownPrimitiveError,
    callback,
    exp,
    fori_loop,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jit,
    jvp,
    scan,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    vmap,
    where,
    while_loop,
)
from autograd.program.loops.operation import Loop
from tests.tables.loops import written_out
from tests.tables.tiers import TIERS

pytestmark = pytest.mark.usefixtures("loops_from_8_turns_on")


def repeated(condition, body, carry):
    """What `while_loop` is by definition."""
    while condition(carry):
        carry = body(carry)
    return carry


def step_of(w):
    """A step of three ways, each of which takes another number from outside."""

    def step(carry, x):
        a, b = carry
        if a < 0.5:
            after = a + w[0] * x * b
        elif b > 1.0:
            after = sin(a) * w[1] - 0.3
        else:
            after = a * 0.5
        return (after, b * 0.9 + a * x), after * w[2]

    return step


def loss_by(loop, **options):
    def loss(w, start, xs):
        before = w[0] * start[0]
        (a, b), ys = loop(step_of(w), start, xs, **options)
        return a * b + np.sum(ys * ys) + before * w[1]

    return loss


def loops_in(program):
    return [one for one in program.externals.values() if isinstance(one, Loop)]


FIRST_DERIVATIVES = {
    "value": lambda fun: fun,
    "in w": lambda fun: grad(fun, 0),
    "in the start": lambda fun: grad(fun, 1),
    "in the rows": lambda fun: grad(fun, 2),
    "forward": lambda fun: lambda w, start, xs: jvp(lambda w: fun(w, start, xs), (w,), (w,)),
    "forward over reverse": lambda fun: jacfwd(grad(fun)),
}
SECOND_DERIVATIVES = {
    "hessian": hessian,
    "reverse over reverse": lambda fun: jacrev(grad(fun)),
    "reverse over forward": lambda fun: jacrev(jacfwd(fun)),
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("transform", FIRST_DERIVATIVES.values(), ids=FIRST_DERIVATIVES)
def test_bodies_that_decide_are_what_is_written_out_to_the_bit(transform, reverse):
    rolled = jit(transform(loss_by(scan, reverse=reverse)), tier="vm")
    unrolled = jit(transform(loss_by(written_out, reverse=reverse)), tier="vm")
    random = np.random.default_rng(1)
    for turns in (8, 9, 30):
        for _ in range(5):
            given_to = random.normal(size=3), tuple(random.normal(size=2)), random.normal(size=turns)
            for found, expected in zip(flat(rolled(*given_to)), flat(unrolled(*given_to)), strict=True):
                assert np.array_equal(found, expected)
    # One path for each number of turns.
    assert len(rolled.paths) == 3 < len(unrolled.paths)


def flat(result):
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("transform", SECOND_DERIVATIVES.values(), ids=SECOND_DERIVATIVES)
def test_second_derivatives_of_bodies_that_decide(transform, tier):
    rolled, unrolled = jit(transform(loss_by(scan)), tier=tier), transform(loss_by(written_out))
    random = np.random.default_rng(2)
    for _ in range(4):
        given_to = random.normal(size=3), tuple(random.normal(size=2)), random.normal(size=11)
        assert np.allclose(rolled(*given_to), unrolled(*given_to), rtol=1e-9, atol=1e-10)
    assert len(rolled.paths) == 1


@pytest.mark.parametrize("tier", TIERS)
def test_checkpoints_of_bodies_that_decide(tier):
    rolled = jit(value_and_grad(loss_by(scan, checkpoint=True), argnums=(0, 2)), tier=tier)
    random = np.random.default_rng(3)
    for _ in range(4):
        given_to = random.normal(size=3), tuple(random.normal(size=2)), random.normal(size=83)
        value, slopes = rolled(*given_to)
        expected, others = value_and_grad(loss_by(written_out), argnums=(0, 2))(*given_to)
        assert value == pytest.approx(expected, rel=1e-12)
        for one, other in zip(slopes, others, strict=True):
            assert np.allclose(one, other, rtol=1e-10)


def growth(loop):
    def fun(x, y):
        return loop(lambda c: c[0] < 100.0, lambda c: (c[0] * y, c[1] + sin(c[0])), (x, 0.0))[1] + x * y

    return fun


@pytest.mark.parametrize("transform", [
    lambda f: f, lambda f: grad(f, (0, 1)), lambda f: lambda x, y: jvp(f, (x, y), (1.0, 2.0)),
    lambda f: grad(grad(f, 1)), lambda f: hessian(f, 0),
])  # fmt: skip
def test_the_turns_of_a_while_loop_are_no_decision(transform):
    rolled, unrolled = [jit(transform(growth(loop)), tier="vm") for loop in (while_loop, repeated)]
    for x, y in ((3.0, 1.5), (1.1, 1.01), (50.0, 3.0), (0.5, 2.0), (200.0, 2.0)):
        assert rolled(x, y) == unrolled(x, y)
    assert len(rolled.paths) == 1 and len(unrolled.paths) == 5


@pytest.mark.parametrize("tier", TIERS)
def test_rows_of_while_loops_have_their_own_turns(tier):
    X, Y = np.linspace(0.5, 150.0, 70), np.linspace(1.01, 3.0, 70)
    value, slopes = jit(vmap(value_and_grad(growth(while_loop), (0, 1))), tier=tier)(X, Y)
    for row in range(70):
        expected, others = value_and_grad(growth(repeated), (0, 1))(X[row], Y[row])
        assert value[row] == pytest.approx(expected, rel=1e-12)
        assert [slope[row] for slope in slopes] == pytest.approx(others, rel=1e-10)


def test_a_while_loop_may_begin_with_no_turn_at_all():
    fast = jit(value_and_grad(lambda x: while_loop(lambda c: c < 10.0, lambda c: c * c, x)), tier="vm")
    for x in (20.0, 3.0, 1.5, 10.0):
        assert fast(x) == value_and_grad(lambda x: repeated(lambda c: c < 10.0, lambda c: c * c, x))(x)
    assert len(fast.paths) == 1


@pytest.mark.parametrize("tier", TIERS)
def test_a_guard_keeps_a_loop_from_numbers_with_which_it_has_no_end(tier):
    def fun(x):
        if x > 0.0:
            return while_loop(lambda y: y < 10.0, lambda y: y * (1.0 + x), 1.0)
        return x

    fast = jit(fun, tier=tier)
    assert [fast(x) for x in (1.0, -1.0, 0.0, 0.5)] == [fun(x) for x in (1.0, -1.0, 0.0, 0.5)]
    X = np.array([1.0, -1.0, 0.0, 0.5] * 20)
    assert jit(vmap(fun), tier=tier)(X).tolist() == [fun(x) for x in X.tolist()]


def adaptive(loop, rate, tolerance):
    """Heun's method with steps that are taken again, half as long, where they are too long."""

    def step(state):
        time, y, h = state
        first = -rate * y
        second = -rate * (y + h * first)
        error = abs(0.5 * h * (second - first))
        if error > tolerance:
            return time, y, 0.5 * h
        return time + h, y + 0.5 * h * (first + second), 1.5 * h

    return loop(lambda state: state[0] < 1.0, step, (0.0, 1.0, 0.5))[1]


@pytest.mark.parametrize("tier", TIERS)
def test_an_adaptive_integrator_has_one_path_of_three_ways(tier):
    rolled = jit(value_and_grad(lambda rate, tolerance: adaptive(while_loop, rate, tolerance)), tier=tier)
    for rate in (1.0, 5.0, 0.3, 20.0):
        expected = value_and_grad(lambda rate, tolerance: adaptive(repeated, rate, tolerance))(rate, 1e-3)
        assert rolled(rate, 1e-3) == pytest.approx(expected, rel=1e-11)
    assert len(rolled.paths) == 1
    # Accepted, rejected, done.
    assert {len(loop.form.ways) for loop in loops_in(rolled.paths[0].program)} == {3}


def test_rows_of_an_adaptive_integrator_take_few_paths():
    rates = np.linspace(0.2, 30.0, 50)
    fast = vmap(lambda rate: adaptive(while_loop, rate, 1e-3))
    assert fast(rates).tolist() == [adaptive(repeated, rate, 1e-3) for rate in rates.tolist()]
    assert len(fast.paths) == 1


@pytest.mark.parametrize("tier", TIERS)
def test_loops_that_decide_nest(tier):
    def by(loop, repeat):
        def fun(w, xs):
            def step(carry, x):
                inner = repeat(
                    lambda y: y < 2.0, lambda y: y * 1.5 if y < 1.0 else y + w[1] * x * x + 0.1, abs(carry) + 0.1
                )
                return (inner * w[0] if x > 0.0 else inner - carry), inner

            last, ys = loop(step, w[0], xs)
            return last + np.sum(ys * ys)

        return fun

    fast = jit(value_and_grad(by(scan, while_loop), (0, 1)), tier=tier)
    random = np.random.default_rng(5)
    for _ in range(5):
        w, xs = random.uniform(0.2, 1.0, 2), random.normal(size=10)
        value, slopes = fast(w, xs)
        expected, others = value_and_grad(by(written_out, repeated), (0, 1))(w, xs)
        assert value == pytest.approx(expected, rel=1e-12)
        for one, other in zip(slopes, others, strict=True):
            assert np.allclose(one, other, rtol=1e-9, atol=1e-11)
    assert len(fast.paths) <= 3


def test_decisions_behind_a_loop_make_paths_of_their_own():
    def fun(loop, w, xs):
        (a, _), ys = loop(step_of(w), (0.1, 0.2), xs)
        return a * w[2] if a > 0.0 else ys[3] - a

    fast = jit(lambda w, xs: fun(scan, w, xs), tier="vm")
    random = np.random.default_rng(7)
    for _ in range(40):
        w, xs = random.normal(size=3), random.normal(size=10)
        assert fast(w, xs) == fun(written_out, w, xs)
    assert 2 <= len(fast.paths) <= 6


def test_bound_functions_learn_new_ways():
    xs, w = np.full(9, -1.0), np.array([0.5, 1.0, 2.0])
    bound = jit(lambda w, xs: loss_by(scan)(w, (0.6, 0.1), xs), tier="vm").bind(w, xs)
    for x in (-1.0, 0.1, 2.0, 0.7):
        xs[:] = x
        assert float(bound()) == jit(loss_by(written_out))(w, (0.6, 0.1), xs)


def test_margins_look_into_loops():
    margin = jit(lambda x: while_loop(lambda c: c < 10.0, lambda c: c * c, x)).guard_margin(3.0)
    assert margin.distance == 1.0 and margin.left == 9.0


def test_errors_in_bodies_are_those_of_the_turn():
    def root(x):
        if x < 0.0:
            raise ValueError(f"no root of {x}")
        return x**0.5

    called = callback(root, vjp=lambda primals, cotangent: (0.5 * primals[0] ** -0.5 * cotangent,))
    fast = jit(lambda x: fori_loop(0, 10, lambda k, y: called(y) - 0.5 if y > 0.2 else y + 1.0, x))
    plain = lambda x: fori_loop(0, 10, lambda k, y: called(y) - 0.5 if y > 0.2 else y + 1.0, x)  # noqa: E731
    assert [fast(x) for x in (0.5, 3.0)] == [plain(x) for x in (0.5, 3.0)]
    bad = jit(lambda x: fori_loop(0, 10, lambda k, y: called(y) - 0.9, x))
    with pytest.raises(ValueError, match="no root of -"):
        bad(0.5)


def test_what_takes_no_part_is_not_multiplied_with_infinity():
    def by(loop):
        def fun(start, xs):
            def step(carry, x):
                a, b = carry
                return ((a, b * x) if x > 0.0 else (sqrt(a), b)), a

            return loop(step, start, xs)[0][1]

        return fun

    xs = np.array([2.0, -1.0] * 5)
    assert jit(grad(by(scan)), tier="vm")((0.0, 1.0), xs) == grad(by(written_out))((0.0, 1.0), xs) == (0.0, 32.0)


@st.composite
def bodies(draw):
    """A random body of two carried numbers, a row and two numbers from outside: operations, some of which decide."""
    size = 5
    operations = []
    for _ in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["+", "-", "*", "sin", "tanh", "where", "exp", "if", "if"]))
        operations.append((kind, draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))))
        size += 1
    return operations, [draw(st.integers(0, size - 1)) for _ in range(3)]


def run_body(body, w, carry, x):
    operations, ends = body
    values = [*carry, x, *w]
    for kind, a, b in operations:
        a, b = values[a], values[b]
        values.append({
            "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b * 0.5, "sin": lambda: sin(a),
            "tanh": lambda: tanh(a), "where": lambda: where(a < b, a, 0.5 * b), "exp": lambda: exp(-a * a),
            "if": lambda: 0.5 * a if a < b else w[0] * b,
        }[kind]())  # fmt: skip
    return (values[ends[0]], values[ends[1]]), values[ends[2]]


@settings(max_examples=60, deadline=None)
@given(bodies(), st.sampled_from([8, 9, 17]), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_random_bodies_that_decide_are_what_is_written_out(body, turns, reverse, nested, seed):
    def loss(loop):
        def whole(w, start, xs):
            def step(carry, x):
                if not nested:
                    return run_body(body, w, carry, x)
                inner, ys = loop(lambda c, z: run_body(body, w, c, z * x), carry, xs[:8])
                return inner, ys[3] + inner[0]

            (a, b), ys = loop(step, start, xs)
            return a + 2.0 * b + np.sum(ys * np.arange(1.0, turns + 1.0)) * start[0]

        return whole

    random = np.random.default_rng(seed)
    rolled, unrolled = loss(lambda *args: scan(*args, reverse=reverse)), loss(lambda *args: written_out(*args, reverse))
    fast = jit(rolled, tier="vm")
    fast_slopes = jit(grad(rolled, (0, 1, 2)), tier="vm")
    for _ in range(3):
        given_to = random.normal(size=2), tuple(random.normal(size=2)), random.normal(size=turns)
        value = jit(unrolled, tier="vm")(*given_to)
        assert np.array_equal(fast(*given_to), value, equal_nan=True)
        if not abs(value) < 1e6:
            # What squares itself in each turn has no digits left.
            continue
        found, expected = fast_slopes(*given_to), grad(unrolled, (0, 1, 2))(*given_to)
        for one, other in zip(found, expected, strict=True):
            assert np.allclose(one, other, rtol=1e-10, atol=1e-11)


def test_rows_that_decide_inside_compiled_functions_are_one_operation():
    def row(w, x):
        return w[0] * x if x > 0.0 else sin(x) * w[1]

    w, X = np.array([0.7, 1.3]), np.random.default_rng(0).normal(size=30)
    for reduce in (None, "sum", "mean"):
        fast = jit(value_and_grad(lambda w, X, r=reduce: np.sum(vmap(row, in_axes=(None, 0), reduce=r)(w, X))))
        for sign in (1.0, -1.0):
            value, slope = fast(w, sign * X)

            def total(w, rows=(sign * X).tolist(), count=30 if reduce == "mean" else 1):
                return sum([row(w, x) for x in rows]) / count

            assert value == pytest.approx(total(w), rel=1e-13)
            assert np.allclose(slope, grad(total)(w), rtol=1e-12)
        assert len(fast.paths) == 1


def test_maps_of_maps_that_decide():
    inner = vmap(lambda x, y: x * y if y > x else exp(-x), in_axes=(None, 0), reduce="sum")
    Y = np.linspace(-1.0, 1.0, 11)
    outer = vmap(lambda x: inner(x, Y))
    X = np.linspace(-1.0, 1.0, 25)
    assert np.allclose(outer(X), [sum([x * y if y > x else np.exp(-x) for y in Y]) for x in X], rtol=1e-14)
    assert len(outer.paths) == 1


def test_programs_with_loops_are_copied_and_described_but_not_stored():
    fast = jit(growth(while_loop))
    fast(3.0, 1.5)
    program = fast.paths[0].program
    assert copy.deepcopy(program) is program and copy.copy(program) is program
    assert "loop of <lambda>(v0, 0.0, v1)" in str(program) and repr(program).startswith("<program of 2 inputs, ")
    [loop] = loops_in(program)
    assert repr(loop) == "<loop of <lambda>: turns of 4 operations until it ends, 2 ways>"
    for store in (pickle.dumps, lambda program: program.to_bytes()):
        with pytest.raises(UnknownPrimitiveError, match="can't be stored: that belongs to this program run alone"):
            store(program)
    other = copy.deepcopy(fast)
    assert other(3.0, 1.5) == fast(3.0, 1.5)


def test_threads_run_one_loop_at_once():
    fast = jit(value_and_grad(growth(while_loop), (0, 1)), tier="vm")
    numbers = [(1.0 + 0.1 * k, 1.05 + 0.01 * k) for k in range(40)]
    expected = [value_and_grad(growth(repeated), (0, 1))(*pair) for pair in numbers]
    found = {}

    def work(start):
        for place in range(start, 40, 4):
            found[place] = fast(*numbers[place])

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for place in range(40):
        assert found[place][0] == expected[place][0]
        assert found[place][1] == pytest.approx(expected[place][1], rel=1e-12)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of POSIX")
def test_a_loop_without_end_can_be_interrupted():
    fast = jit(lambda x: while_loop(lambda c: c > 0.0, lambda c: c * 0.5 + x, 1.0))
    assert fast(-1.0) == -0.5

    def handler(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            fast(1.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert fast(-1.0) == -0.5
