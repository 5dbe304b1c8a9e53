"""Loops: the same as written out, to the bit in tier `vm`, in every transform, and one operation each in a program."""

from __future__ import annotations

import functools
import math
import time
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import (
    ArgumentError,
    OutputError,
    TraceError,
    Variable,
    array,
    callback,
    cos,
    exp,
    fori_loop,
    grad,
    hessian,
    hvp,
    implicit,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    scan,
    sin,
    sqrt,
    stop_gradient,
    tanh,
    value_and_grad,
    vmap,
    where,
    while_loop,
)
from autograd.program.loops import bodies as recording
from autograd.program.loops import operation
from autograd.program.loops.operation import Loop
from tests.tables.derivatives import leaves
from tests.tables.loops import written_out
from tests.tables.rules import Straight, solved
from tests.tables.tiers import TIERS

pytestmark = pytest.mark.usefixtures("loops_from_8_turns_on")


TURNS = [0, 1, 7, 8, 9, 30]


def step_of(w):
    """A step that uses numbers from outside, one of them twice in a turn."""

    def step(carry, x):
        position, speed = carry
        speed = speed + 0.1 * (sin(x * w[0]) - w[1] * position)
        position = position + 0.1 * speed * w[0]
        return (position, speed), [position * speed, x * w[1]]

    return step


def loss_by(loop, **options):
    """A number that depends on all results of a loop."""

    def loss(w, start, xs):
        (position, speed), ys = loop(step_of(w), start, xs, **options)
        return position * speed + sum([np.sum(part * part) for part in ys] if len(xs) else [0.0])

    return loss


def arguments(turns):
    return np.array([0.7, 1.3]), (0.1, 0.2), np.linspace(-1.0, 1.0, turns)


def test_what_only_derivatives_depend_on_stays_in_a_body():
    def held(x):
        return fori_loop(0, 200, lambda k, c: c + 0.01 * stop_gradient(sin(x * c)) * x + 0.001 * c**0 * x, 1.0)

    assert jit(grad(held))(0.5) == pytest.approx(grad(held)(0.5), rel=1e-13)
    assert jit(jacfwd(held))(0.5) == pytest.approx(grad(held)(0.5), rel=1e-13)
    rows = np.linspace(0.1, 1.0, 600)

    def total(x):
        return np.sum(vmap(lambda row: sin(row * x) * stop_gradient(x * x) + exp(-row * x))(rows))

    assert jit(grad(total))(0.5) == pytest.approx(grad(total)(0.5), rel=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("turns", TURNS)
def test_a_loop_is_what_is_written_out_to_the_bit(turns, reverse):
    rolled, unrolled = loss_by(scan, reverse=reverse), loss_by(written_out, reverse=reverse)
    given = arguments(turns)
    # NumPy adds up plain numbers in an order of its own.
    assert jit(rolled, tier="vm")(*given) == jit(unrolled, tier="vm")(*given)
    assert rolled(*given) == unrolled(*given)
    for argument in (0, 1):
        found, expected = [jit(grad(loss, argument), tier="vm")(*given) for loss in (rolled, unrolled)]
        assert np.array_equal(np.array(found), np.array(expected))
        # Sums of second derivatives have another order.
        found, expected = [jit(hessian(loss, argument), tier="vm")(*given) for loss in (rolled, unrolled)]
        assert np.allclose(np.array(found), np.array(expected), rtol=1e-12, atol=1e-14)
    if turns:
        found, expected = [jit(grad(loss, 2), tier="vm")(*given) for loss in (rolled, unrolled)]
        assert np.array_equal(found, expected)


def sums_step(w, count):
    """A step that carries nothing but `count` sums and differences, and one number that stays the same."""

    def step(carry, x):
        *sums, fixed = carry
        value = sin(x[0] * w[0]) * fixed - w[1] * x[1]
        terms = [value, x[0] * value, w[0] * w[1], cos(value), x[1], value * value]
        after = [
            total - term if place == 1 else total + term + w[1] * value if place == 3 else total + term
            for place, (total, term) in enumerate(zip(sums, terms, strict=False))
        ]
        return [*after, fixed], [value * x[1], w[0]]

    return step, [0.5, *[0.1 * place for place in range(1, count)], w[0] * 2.0]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 6])
@pytest.mark.parametrize("turns", [8, 200])
def test_turns_that_carry_sums_alone_run_in_blocks_and_change_no_bit(turns, count, reverse, tier, monkeypatch):
    xs = np.random.default_rng(turns).normal(size=(turns, 2))

    def whole(w, xs):
        step, start = sums_step(w, count)
        carry, ys = scan(step, start, xs, reverse=reverse)
        return sum(carry) + np.sum(ys[0] * np.arange(1.0, turns + 1.0)) - np.sum(ys[1] * np.linspace(0.0, 1.0, turns))

    w = np.array([0.7, -0.3])
    for argument in (0, 1):
        results = []
        for fewest in (0, 10**9):
            monkeypatch.setattr(operation, "FEWEST_TURNS", fewest)
            compiled = jit(value_and_grad(whole, argument), tier=tier)
            results.append([compiled(w, scale * xs) for scale in (1.0, 1.3)])
            loops = [one for one in compiled.paths[0].program.externals.values() if isinstance(one, Loop)]
            assert all([(one.sums_apart(0) is not None) == (fewest == 0) for one in loops])
        for (value, gradient), (known, derivative) in zip(*results, strict=True):
            if tier == "vm":
                assert value == known
                assert np.array_equal(gradient, derivative)
            else:
                assert np.allclose(value, known, rtol=1e-12)
                assert np.allclose(gradient, derivative, rtol=1e-11, atol=1e-12)
        value, gradient = value_and_grad(whole, argument)(w, xs)
        assert np.allclose(results[0][0][0], value, rtol=1e-12)
        assert np.allclose(results[0][0][1], gradient, rtol=1e-11, atol=1e-12)


def test_a_loop_in_blocks_that_only_counts_is_summed_in_order():
    for first in (0, 7):
        compiled = jit(
            value_and_grad(lambda x, first=first: fori_loop(first, first + 300, lambda k, t: t + x / (k + 1), 0.0))
        )
        plain = jit(value_and_grad(lambda x, first=first: sum([x / (k + 1) for k in range(first, first + 300)], 0.0)))
        assert compiled(0.3) == plain(0.3)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize("turns", [64, 83, 100])
def test_checkpoints_change_no_bit(turns, checkpoint, tier):
    for reverse in (False, True):
        given = arguments(turns)
        rolled = loss_by(scan, reverse=reverse, checkpoint=checkpoint)
        expected = value_and_grad(loss_by(written_out, reverse=reverse), argnums=(0, 1, 2))(*given)
        found = jit(value_and_grad(rolled, argnums=(0, 1, 2)), tier=tier)(*given)
        assert found[0] == pytest.approx(expected[0], rel=1e-13)
        for mine, theirs in zip(found[1], expected[1], strict=True):
            assert np.allclose(mine, theirs, rtol=1e-11)


TRANSFORMS = {
    "jacobian": jacobian,
    "jacfwd": jacfwd,
    "jvp": lambda fun: lambda w: jvp(fun, (w,), (np.array([0.3, -1.0]),))[1],
    "hvp": lambda fun: lambda w: hvp(fun, (w,), (np.array([0.3, -1.0]),)),
    "hessian of jacfwd": lambda fun: jacobian(jacfwd(fun)),
    "forward over forward": lambda fun: jacfwd(jacfwd(fun)),
    "forward over reverse": lambda fun: jacfwd(grad(fun)),
    "third": lambda fun: grad(lambda w: np.sum(hessian(fun)(w))),
}


@pytest.mark.parametrize("tier", TIERS)
def test_a_turn_may_hand_on_what_it_was_given(tier):
    def ends(x, turns):
        def step(carry, number):
            a, b, c = carry
            return (b, 0.5 * a + c, c), (a, 2.0, c + number)

        carry, rows = scan(step, (x, 1.0, 0.25 * x), np.arange(float(turns)))
        return [*carry, *rows[0], *rows[1], *rows[2]]

    wanted = ends(1.5, 200)
    assert jit(lambda x: ends(x, 200), tier=tier)(1.5) == pytest.approx(wanted, rel=1e-14)
    slopes = jit(grad(lambda x: sum(ends(x, 200))), tier=tier)
    assert slopes(1.5) == pytest.approx(grad(lambda x: sum(ends(x, 200)))(1.5), rel=1e-13)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_transforms_of_loops_agree_with_those_of_what_is_written_out(transform, tier):
    _, start, xs = arguments(10)
    rolled, unrolled = [
        transform(lambda w, loss=loss: loss(w, start, xs)) for loss in (loss_by(scan), loss_by(written_out))
    ]
    w = np.array([0.7, 1.3])
    assert np.allclose(jit(rolled, tier=tier)(w), unrolled(w), rtol=1e-10)
    assert np.allclose(rolled(w), unrolled(w), rtol=1e-10)


def test_a_loop_is_one_operation_of_a_program_whatever_its_turns():
    def programs(turns):
        given = (np.array([0.7, 1.3]), (0.1, 0.2))
        fun = lambda w, start: scan(step_of(w), start, np.linspace(-1.0, 1.0, turns))[0][0]  # noqa: E731
        for function in (fun, grad(fun), lambda w, start: jvp(lambda w: fun(w, start), (w,), (w,))[1]):
            compiled_function = jit(function, tier="vm")
            compiled_function(*given)
            yield [operation.primitive.name for operation in compiled_function.paths[0].program]

    short, long = [list(programs(turns)) for turns in (10, 40)]
    for names, more in zip(short, long, strict=True):
        loops = [name for name in names if name.startswith("loop of")]
        assert 1 <= len(loops) <= 2 and loops == [name for name in more if name.startswith("loop of")]
    assert len(short[0]) == len(long[0]) == 2
    fast = jit(lambda x: fori_loop(0, 8, lambda k, total: total * x + k, 1.0))
    fast(0.5)
    assert str(fast.paths[0].program) == (
        "program of 1 input, 2 operations, 1 output\n"
        "  v2 = loop of <lambda>(1.0, v0)  # 8 turns of 2 operations\n  v3 = result 0 of v2\n  return v3"
    )


def test_checkpoints_keep_the_records_of_as_many_turns_as_the_root():
    def kept(checkpoint):
        loss = lambda w: scan(step_of(w), (0.1, 0.2), xs, checkpoint=checkpoint)[0][0]  # noqa: E731
        fast = jit(grad(loss), tier="vm")
        fast(np.array([0.7, 1.3]))
        loops = [one for one in fast.paths[0].program.externals.values() if isinstance(one, Loop)]
        [turns] = [loop.idle[0][0] for loop in loops if len(loop.form.passes) == 2]
        return max(len(record) for record in turns.records), max(len(track.marks) for track in turns.tracks)

    xs = np.zeros(400)
    # A turn leaves what it carries, and what comes out of it; a mark is what is carried.
    assert kept(False) == (400 * 4, 0)
    assert kept(True) == (20 * 4, 20 * 4)


@st.composite
def bodies(draw):
    """A random body of two carried numbers, a row and two numbers from outside, as a list of operations."""
    size = 5
    operations = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["+", "-", "*", "sin", "tanh", "where", "exp"]))
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
        }[kind]())  # fmt: skip
    return (values[ends[0]], values[ends[1]]), values[ends[2]]


@settings(max_examples=60, deadline=None)
@given(bodies(), st.sampled_from([8, 9, 17]), st.booleans(), st.booleans())
def test_random_bodies_are_what_is_written_out(body, turns, reverse, nested):
    def loss(loop):
        def whole(w, start, xs):
            def step(carry, x):
                if not nested:
                    return run_body(body, w, carry, x)
                inner, ys = loop(lambda c, z: run_body(body, w, c, z * x), carry, xs[:8])
                return inner, ys[3] + inner[0]

            (a, b), ys = loop(step, start, xs)
            return a + 2.0 * b + np.sum(ys * np.arange(1.0, turns + 1.0))

        return whole

    def plain(step, carry, xs):
        ys = [None] * len(xs)
        for turn in reversed(range(len(xs))) if reverse else range(len(xs)):
            carry, ys[turn] = step(carry, xs[turn])
        return carry, np.array(ys)

    given_to = (np.array([0.7, -0.4]), (0.3, 0.9), np.linspace(-1.0, 1.0, turns))
    rolled, unrolled = loss(lambda *args: scan(*args, reverse=reverse)), loss(plain)
    # Numbers may grow beyond all bounds: then both are nan.
    alike = functools.partial(np.allclose, rtol=1e-11, atol=1e-12, equal_nan=True)
    np.testing.assert_array_equal(jit(rolled, tier="vm")(*given_to), jit(unrolled, tier="vm")(*given_to))
    found, expected = [jit(grad(fun, (0, 1, 2)), tier="vm")(*given_to) for fun in (rolled, unrolled)]
    for ours, theirs in zip(found, expected, strict=True):
        assert alike(ours, theirs)
    found, expected = [
        jit(lambda w, fun=fun: jvp(lambda w: fun(w, *given_to[1:]), (w,), (w,)))(given_to[0])
        for fun in (rolled, unrolled)
    ]
    assert alike(found, expected)


def test_loops_nest():
    def inner(x, k):
        return fori_loop(0, 9, lambda i, y: y + sin(x + i * y) * 0.1, k)

    rolled = lambda x: fori_loop(0, 8, lambda k, total: total + inner(x, total), 0.5)  # noqa: E731

    def unrolled(x):
        total = 0.5
        for _ in range(8):
            y = total
            for i in range(9):
                y = y + sin(x + i * y) * 0.1
            total = total + y
        return total

    for tier in TIERS:
        assert jit(value_and_grad(rolled), tier=tier)(0.3) == pytest.approx(value_and_grad(unrolled)(0.3), rel=1e-12)
        assert jit(grad(grad(rolled)), tier=tier)(0.3) == pytest.approx(grad(grad(unrolled))(0.3), rel=1e-11)
    assert jit(rolled, tier="vm")(0.3) == unrolled(0.3)


def test_what_takes_no_part_is_not_multiplied_with_infinity():
    def step(carry, x):
        a, b = carry
        return (sqrt(a) * 0.0 + a, b * x), b

    fun = lambda start: scan(step, start, np.full(10, 2.0))[0][1]  # noqa: E731
    assert jit(grad(fun))((0.0, 1.0)) == grad(fun)((0.0, 1.0)) == (0.0, 1024.0)
    assert jit(jacfwd(fun))((0.0, 1.0))[1] == 1024.0
    middle = lambda xs: scan(lambda c, x: (c + x, sqrt(x)), 0.0, xs)[1][3]  # noqa: E731
    expected = np.zeros(9)
    expected[3] = 0.25
    xs = np.zeros(9)
    xs[3] = 4.0
    assert jit(grad(middle))(xs).tolist() == grad(middle)(xs).tolist() == expected.tolist()


def test_where_isolates_a_loop():
    def fun(x):
        inside = fori_loop(0, 10, lambda _, y: y * 0.5, 1.0 / x)
        return where(x > 0.0, inside, x)

    assert jit(value_and_grad(fun))(0.0) == (0.0, 1.0)
    assert jit(value_and_grad(fun))(2.0) == pytest.approx((0.5**11, -(0.5**12)))


def test_bodies_that_decide_are_recorded_turn_by_turn_and_right():
    def step(c, x):
        return (c + x if c < 1.0 else c * 0.5), c

    xs = np.linspace(0.0, 1.0, 12)
    fun = lambda c, xs: scan(step, c, xs)[0]  # noqa: E731
    fast = jit(value_and_grad(fun, argnums=1))
    for start in (0.0, 0.6, 1.5):
        found, expected = fast(start, xs), value_and_grad(fun, argnums=1)(start, xs)
        assert found[0] == expected[0] and found[1].tolist() == expected[1].tolist()
    indexed = jit(lambda x: fori_loop(0, 10, lambda k, total: total + x[k], 0.0))
    assert indexed(np.arange(10.0)) == 45.0


def test_while_loops_have_all_derivatives():
    fun = lambda x: while_loop(lambda y: y < 100.0, lambda y: y * y, x)  # noqa: E731
    for derivative in (lambda f: f, grad, lambda f: grad(grad(f))):
        for x in (3.0, 1.5, 200.0):
            assert jit(derivative(fun))(x) == derivative(fun)(x)
    assert fun(3.0) == 6561.0 and grad(fun)(3.0) == 8.0 * 3.0**7


@pytest.mark.parametrize("tier", TIERS)
def test_rows_run_loops(tier):
    fun = lambda w, x: scan(step_of(w), (0.1, x), np.linspace(0.0, 1.0, 10))[0][0]  # noqa: E731
    X = np.linspace(-1.0, 1.0, 70)
    w = np.array([0.7, 1.3])
    value, slope = jit(vmap(value_and_grad(fun), in_axes=(None, 0)), tier=tier)(w, X)
    for row in (0, 33, 69):
        expected = value_and_grad(fun)(w, X[row])
        assert value[row] == pytest.approx(expected[0], rel=1e-13)
        assert np.allclose(slope[row], expected[1], rtol=1e-12)


@pytest.mark.parametrize("tier", TIERS)
def test_decisions_on_results_of_a_loop_are_those_of_plain_python(tier):
    def fun(x):
        total = fori_loop(0, 20, lambda k, y: y + sin(y * x) * 0.1, x)
        return total if total > 1.0 else -total

    fast = jit(fun, tier=tier)
    for x in np.linspace(0.1, 1.0, 40):
        assert fast(x) == pytest.approx(fun(x), rel=1e-13)


def test_bodies_call_back():
    half = callback(lambda x: 0.5 * x, vjp=lambda primals, cotangent: (0.5 * cotangent,))
    fun = lambda x: fori_loop(0, 10, lambda _, y: half(y) * x, 1.0)  # noqa: E731
    for tier in TIERS:
        assert jit(value_and_grad(fun), tier=tier)(2.0) == pytest.approx((1.0, 5.0))


Point = namedtuple("Point", "x y")


def test_rows_and_results_have_any_structure():
    def step(carry, row):
        total = carry["total"] + row[0].x * row[1]["z"].sum()
        return {"total": total}, {"a": total, "b": (row[0].y, row[1]["z"] * total)}

    xs = (Point(np.arange(9.0), [float(k) for k in range(9)]), {"z": np.ones((9, 2))})
    for run in (lambda fun: fun, jit):
        carry, ys = run(lambda start: scan(step, {"total": start}, xs))(1.0)
        assert carry["total"] == 73.0 and ys["a"].shape == (9,) and ys["b"][1].shape == (9, 2)
        assert ys["b"][0].tolist() == list(range(9))


def test_arguments_are_checked():
    step = lambda c, x: (c, None)  # noqa: E731
    with pytest.raises(ArgumentError, match="scan needs one number of turns; neither xs nor length says"):
        scan(step, 0.0)
    with pytest.raises(ArgumentError, match=r"scan needs one number of turns; xs and length say \[3, 4\]"):
        scan(step, 0.0, [1.0, 2.0, 3.0], 4)
    with pytest.raises(ArgumentError, match="length as a whole number of turns, got -1"):
        scan(step, 0.0, None, -1)
    with pytest.raises(ArgumentError, match=r"takes xs as arrays or lists of rows, .* got float 3.0"):
        scan(step, 0.0, 3.0)
    with pytest.raises(ArgumentError, match=r"fori_loop counts from upper=2.5, which is no int"):
        fori_loop(0, 2.5, lambda k, c: c, 0.0)
    with pytest.raises(OutputError, match=r"must return a pair \(carry, y\), got float"):
        scan(lambda c, x: c, 0.0, [1.0])
    for run in (lambda fun: fun, jit):
        with pytest.raises(OutputError, match="the carry has one structure in all turns of a loop"):
            run(lambda c: scan(lambda c, x: ((c, c), None), c, np.ones(10))[0])(0.0)
    with pytest.raises(OutputError, match="returned number in one turn and"):
        scan(lambda c, x: (c, 1.0 if x else (1.0, 2.0)), 0.0, [1.0, 0.0])


def test_maps_inside_compiled_functions_are_one_operation():
    def row(w, x):
        return sin(w[0] * x[0]) * x[1] + w[1] * cos(x[1])

    X, w = np.random.default_rng(0).normal(size=(20, 2)), np.array([0.7, 1.3])
    for reduce in (None, "sum", "mean"):
        mapped = vmap(row, in_axes=(None, 0), reduce=reduce)

        def rows(w, X, reduce=reduce):
            found = [row(w, x) for x in X]
            return np.array(found) if reduce is None else sum(found[1:], found[0]) / (20 if reduce == "mean" else 1)

        for argument in (0, 1):
            losses = [lambda w, X, f=f: np.sum(f(w, X) ** 2) for f in (mapped, rows)]
            assert jit(losses[0], tier="vm")(w, X) == jit(losses[1], tier="vm")(w, X)
            found, expected = [jit(grad(loss, argument), tier="vm")(w, X) for loss in losses]
            assert np.array_equal(found, expected)
            found, expected = [jit(hessian(loss, argument), tier="vm")(w, X) for loss in losses]
            assert np.allclose(found, expected, rtol=1e-11, atol=1e-12)
    fast = jit(vmap(row, in_axes=(None, 0), reduce="sum").__call__)
    fast(w, X)
    assert len(fast.paths[0].program) == 2


def test_a_map_of_maps_is_compiled():
    ys = np.linspace(0.0, 1.0, 10)
    outer = vmap(lambda x: vmap(lambda y: x * exp(y), reduce="sum")(ys))
    X = np.linspace(0.0, 1.0, 30)
    assert np.allclose(outer(X), X * np.exp(ys).sum(), rtol=1e-14)
    assert len(outer.paths) == 1 and len(outer.paths[0].program) == 2
    assert math.isclose(grad(lambda a: outer(X * a).sum())(1.0), X.sum() * np.exp(ys).sum(), rel_tol=1e-13)


def test_short_loops_are_recorded_turn_by_turn(monkeypatch):
    monkeypatch.undo()
    body = lambda _, y: sin(y)  # noqa: E731
    for turns, operations in ((8, 8), (recording.LEAST - 1, recording.LEAST - 1), (recording.LEAST, 2)):
        fast = jit(lambda x, turns=turns: fori_loop(0, turns, body, x))
        assert fast(0.5) == fori_loop(0, turns, body, 0.5)
        assert len(fast.paths[0].program) == operations
    over_rows = vmap(lambda x: fori_loop(0, recording.LEAST, body, x))
    over_rows(np.ones(3))
    assert len(over_rows.paths[0].program) == recording.LEAST


def test_recording_takes_time_in_proportion_to_the_results_of_a_loop():
    """Each result once looked through all operands: four times as many took sixteen times as long."""

    def recording_time(turns):
        times = []
        for _ in range(3):
            began = time.process_time()
            jit(grad(lambda x: scan(lambda y, x: (0.5 * y + x, y * x), 1.0, x)[1][-1]), tier="vm")(np.ones(turns))
            times.append(time.process_time() - began)
        return min(times)

    assert recording_time(16_000) < 8.0 * recording_time(4_000)


PROGRAMS = {
    "without results": lambda x, v: fori_loop(0, 50, lambda _, c: (c[0] + 0.1 * c[1], c[1] - 0.1 * sin(c[0])), (x, v)),
    "with results": lambda x, v: scan(lambda c, t: (c * 0.9 + t * v, c * c * t), x, np.linspace(0.1, 1.0, 30)),
    "over numbers that vary": lambda x, v: scan(lambda c, t: (c * sin(t), c), x, [v * k for k in range(1, 20)]),
    "until": lambda x, v: while_loop(lambda c: c[0] < 20.0, lambda c: (c[0] * 1.3 + v, c[1] + c[0] * v), (x, v)),
    "that decides": lambda x, v: scan(lambda c, t: (c * v * t if c < 2.0 else c - 1.0 + v, c), x, np.ones(30)),
    "backward": lambda x, v: scan(lambda c, t: (c * v + t, c), x, np.linspace(0.1, 1.0, 30), reverse=True),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("transform", [lambda fun: fun, jacrev], ids=["values", "derivatives"])
def test_the_program_of_a_loop_is_differentiated_at_nodes(name, transform):
    def numbers(point):
        return leaves(transform(lambda at: leaves(PROGRAMS[name](*at)))(point))

    point = np.array([1.2, 1.1])
    compiled = jit(numbers, tier="vm")
    compiled(point)
    program = compiled.paths[0].program
    assert "loop of" in str(program)
    expected = jacfwd(numbers)(point)
    for derivative in (jacrev, jacfwd):
        np.testing.assert_allclose(derivative(lambda at: program(*at))(point), expected, rtol=1e-11, atol=1e-11)
    variables = [Variable(number) for number in point]
    program(*variables)[0].backward()
    np.testing.assert_allclose([variable.grad for variable in variables], expected[0], rtol=1e-11)


KEEPERS = {
    "variable": "the variable 'level'",
    "item": "a list",
    "entry": "a dict",
    "attribute": "SimpleNamespace.level",
    "count": "a dict",
    "array": "a NodeArray",
}


@pytest.mark.parametrize("turns", [0, 40, 400], ids=["while", "40", "400"])
@pytest.mark.parametrize("kind", KEEPERS)
def test_a_body_that_changes_a_number_around_it_is_refused(kind, turns):
    def total(x):
        level, items, entries, held, values = (
            x,
            [x],
            {"level": x, "count": 0},
            SimpleNamespace(level=x),
            array([x, 1.0]),
        )

        def body(_, carry):
            nonlocal level
            if kind == "variable":
                level = 0.9 * level
                return carry + level
            if kind == "item":
                items[0] = 0.9 * items[0]
                return carry + items[0]
            if kind == "entry":
                entries["level"] = 0.9 * entries["level"]
                return carry + entries["level"]
            if kind == "attribute":
                held.level = 0.9 * held.level
                return carry + held.level
            if kind == "array":
                values[0] = 0.9 * values[0]
                return carry + values[0]
            entries["count"] += 1
            return carry + x * entries["count"]

        if turns == 0:
            return while_loop(lambda carry: carry < 2.0 * x, functools.partial(body, None), x)
        return fori_loop(0, turns, body, x)

    # x (1 + 0.9 + 0.81 + ...), or x (1 + 1 + 2 + ...); the other loop ends after two turns, or one.
    sums = {"count": 1.0 + turns * (turns + 1) / 2 if turns else 2.0}.get(
        kind, 10.0 - 9.0 * 0.9**turns if turns else 2.71
    )
    assert float(total(0.5)) == pytest.approx(0.5 * sums)
    for fun in (total, jacobian(total)):
        with pytest.raises(TraceError, match="the body of a loop, ") as error:
            jit(fun)(0.5)
        assert f"changes {KEEPERS[kind]} around it; in a compiled function the body is recorded" in str(error.value)


def test_a_body_may_fill_what_is_around_it():
    def total(x):
        table, met = {}, []

        def body(_, carry):
            met.append(carry)
            if "slope" not in table:
                table["slope"] = 0.5 * x
            return carry * table["slope"]

        return fori_loop(0, 300, body, 2.0)

    assert jit(total)(1.9) == total(1.9)


LOOPS_WITH_RULES = {
    "fori": lambda fun, x, turns: fori_loop(0, turns, lambda _, c: 0.5 * fun(c) + 0.1 * x, x),
    "scan": lambda fun, x, turns: scan(lambda c, z: (0.5 * fun(z * c) + 0.1 * x, fun(c)), x, np.ones(turns))[1].sum(),
    "checkpoint": lambda fun, x, turns: scan(
        lambda c, _: (0.5 * fun(c) + 0.1 * x, None), x, length=turns, checkpoint=True
    )[0],
    "while": lambda fun, x, turns: while_loop(
        lambda c: c[0] < turns, lambda c: (c[0] + 1.0, 0.5 * fun(c[1]) + 0.1 * x), (0.0, x)
    )[1],
    "decides": lambda fun, x, turns: fori_loop(
        0, turns, lambda k, c: 0.5 * fun(c) + 0.1 * x if k < 20 else 0.25 * fun(c) + 0.1 * x, x
    ),
    "nested": lambda fun, x, turns: fori_loop(
        0, turns // 20, lambda _, c: fori_loop(0, 20, lambda _, d: 0.5 * fun(d) + 0.1 * x, c), x
    ),
}


@pytest.mark.parametrize("fun", [Straight, solved], ids=["primitive", "equation"])
@pytest.mark.parametrize("loop", LOOPS_WITH_RULES.values(), ids=LOOPS_WITH_RULES)
def test_rules_of_users_primitives_and_of_equations_hold_in_loops(loop, fun):
    def run(x):
        return loop(fun, x, 400)

    assert jit(run, tier="vm")(0.75) == pytest.approx(run(0.75), rel=1e-13)
    slope, bend = grad(run)(0.75), hessian(run)(0.75)
    assert slope != 0.0 and bend != 0.0
    for way in (jit(grad(run)), grad(jit(run)), jit(jacfwd(run))):
        assert way(0.75) == pytest.approx(slope, rel=1e-13)
    for way in (jit(hessian(run)), jit(grad(grad(run))), hessian(jit(run))):
        assert way(0.75) == pytest.approx(bend, rel=1e-10)
    assert jit(vmap(grad(run)))(np.array([0.25, 0.75]))[1] == pytest.approx(slope, rel=1e-13)


def test_equations_that_need_pivots_are_refused_in_the_derivative_of_a_loop():
    @implicit.root(lambda x, a: [x[0] * x[0] + x[1] - a, x[0] - x[1]])
    def pair(a):
        x = a
        for _ in range(40):
            x = x - (x * x + x - a) / (2.0 * x + 1.0)
        return [x, x]

    with pytest.raises(TraceError, match="the derivative of a loop takes decisions on values: record it turn by turn"):
        jit(grad(lambda a: fori_loop(0, 400, lambda _, c: c + pair(a * c)[0], a)))(0.75)
