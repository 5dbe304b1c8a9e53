"""Loops written out again: the same bits, in a program without loops, which runs where it is faster."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

from autograd import (
    UnknownPrimitiveError,
    callback,
    fori_loop,
    grad,
    hessian,
    jit,
    jvp,
    scan,
    sin,
    value_and_grad,
    vmap,
    while_loop,
)
from autograd.program import paths
from autograd.program import written_out as module
from autograd.program.machine.machine import Machine
from autograd.program.program import Program
from autograd.program.workers import compiler
from autograd.program.written_out import written_out

POINT = np.array([0.9, 0.7, 0.2])
ROWS = np.linspace(0.1, 2.0, 90).reshape(30, 3)


def integrated(p):
    """A trajectory that is used, backwards in time, over rows that vary and rows that don't."""

    def step(state, row):
        place, speed = state
        speed = speed - 0.1 * sin(place) * p[1] + row[0] * p[2]
        place = place + 0.1 * speed * row[1]
        return (place, speed), place * row[2]

    (place, speed), seen = scan(step, (p[0], 1.0), ROWS * np.array([p[0], 1.0, p[1]]), reverse=True)
    return place * speed + np.sum(np.array(seen) ** 2)


def counted(p):
    return fori_loop(0, 40, lambda k, y: y * p[0] + sin(p[1] * k) / (1.0 + y * y * p[2]), p[2])


def summed(p):
    return vmap(lambda row: sin(row * p).sum() ** 2 * p[0], reduce="sum")(ROWS)


def listed(p):
    """Loops that are found again: one of sums, and one whose turns wait for each other."""
    total = 0.0
    for row in ROWS.tolist() * 10:
        total = total + (p[0] * sin(row[0] * p[1]) - row[1]) ** 2
    for row in ROWS.tolist() * 10:
        total = sin(total * p[2]) + row[2] * p[1]
    return total


FUNCTIONS = [integrated, counted, summed, listed]
TRANSFORMS = {
    "value": lambda function: function,
    "value_and_grad": value_and_grad,
    "jvp": lambda function: lambda x: jvp(function, (x,), (0.5 * np.ones_like(x),)),
    "hessian": hessian,
    "grad of grad": lambda function: grad(lambda x: np.sum(grad(function)(x) ** 2)),
}


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_program_written_out_has_the_same_bits_and_no_loop(function, transform, monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    compiled = jit(transform(function), tier="vm")
    compiled(POINT)
    program = compiled.paths[0].program
    line = written_out(program, 10**6)
    if not program.externals:
        assert line is None
        return
    assert not line.externals
    assert line.outputs != () and len(line.guards) == len(program.guards)
    for point in (POINT, 1.1 * POINT, -POINT):
        np.testing.assert_array_equal(Machine(line).call(point.tolist()), Machine(program).call(point.tolist()))


def test_what_is_not_written_out():
    endless = jit(lambda x: while_loop(lambda y: y < 100.0, lambda y: y * x, x), tier="vm")
    kept = jit(lambda x: scan(lambda y, _: (sin(y * x), None), x, None, 300, checkpoint=True)[0], tier="vm")
    called = jit(lambda x: callback(np.sin)(x) * fori_loop(0, 300, lambda _, y: sin(y), x), tier="vm")
    long = jit(lambda x: fori_loop(0, 300, lambda _, y: sin(y), x), tier="vm")
    for compiled in (endless, kept, called, long):
        compiled(1.5)
        assert compiled.paths[0].program.externals
    assert all(written_out(compiled.paths[0].program) is None for compiled in (endless, kept, called))
    assert written_out(long.paths[0].program, 299) is None
    assert len(written_out(long.paths[0].program)) == 300


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_program_with_loops_is_stored_written_out(function, transform, monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    compiled = jit(transform(function), tier="vm")
    compiled(POINT)
    program = compiled.paths[0].program
    for stored in (Program.from_bytes(program.to_bytes()), pickle.loads(pickle.dumps(program))):
        assert not stored.externals and len(stored.guards) == len(program.guards)
        for point in (POINT, 1.1 * POINT, -POINT):
            np.testing.assert_array_equal(Machine(stored).call(point.tolist()), Machine(program).call(point.tolist()))


def test_what_is_not_stored_is_said():
    called = jit(lambda x: callback(np.sin)(x) * fori_loop(0, 300, lambda _, y: sin(y), x), tier="vm")
    kept = jit(lambda x: scan(lambda y, _: (sin(y * x), None), x, None, 300, checkpoint=True)[0], tier="vm")
    long = jit(lambda x: fori_loop(0, 500_000, lambda _, y: sin(y), x), tier="vm")
    for compiled, reason in (
        (called, "with 'callback of sin' can't be stored: that belongs to this program run alone"),
        (kept, "can't be stored: that belongs to this program run alone"),
        (long, "with 'loop of <lambda>' can't be stored: written out, its turns are too many"),
    ):
        compiled(1.5)
        with pytest.raises(UnknownPrimitiveError, match=reason):
            compiled.paths[0].program.to_bytes()


@pytest.mark.parametrize("bound", [False, True])
def test_what_runs_often_is_written_out_where_that_is_faster(bound, monkeypatch):
    monkeypatch.setattr(paths, "LOOK_AGAIN", 5)
    for faster in (True, False):
        monkeypatch.setattr(module, "seconds", lambda machine, inputs, faster=faster: faster == machine.has_loops)
        x = POINT.copy()
        compiled = jit(value_and_grad(counted), tier="vm")
        call = compiled.bind(x) if bound else lambda compiled=compiled, x=x: compiled(x)
        expected = jit(value_and_grad(counted), tier="vm")
        for turn in range(12):
            if turn == 8:
                # Another thread tries both forms.
                compiler().do(lambda: None)
            x *= 1.01
            value, gradient = call()
            other, other_gradient = expected(x)
            assert value == other and np.array_equal(gradient, other_gradient)
        (path,) = compiled.paths
        assert path.hits == 12
        assert path.program.externals
        assert bool(path.alone.program.externals) != faster


def test_a_call_does_not_wait_until_it_is_known_which_form_is_faster(monkeypatch):
    monkeypatch.setattr(paths, "LOOK_AGAIN", 5)
    begun, go_on = threading.Event(), threading.Event()

    def slow(machine, inputs):
        begun.set()
        assert go_on.wait(60.0)
        return float(machine.has_loops)

    monkeypatch.setattr(module, "seconds", slow)
    compiled = jit(value_and_grad(counted), tier="vm")
    expected = value_and_grad(counted)(POINT)
    for turn in range(20):
        if turn == 8:
            assert begun.wait(60.0)
        value, gradient = compiled(POINT)
        assert value == expected[0] and np.allclose(gradient, expected[1], 1e-13)
    assert compiled.paths[0].alone.program.externals
    go_on.set()
    compiler().do(lambda: None)
    compiled(POINT)
    assert not compiled.paths[0].alone.program.externals
