"""The transforms at length: threads, memory, depth and width."""

from __future__ import annotations

import functools
import gc
import math
import threading
import tracemalloc

import numpy as np
import pytest

import autograd
from autograd import (
    OutputError,
    Variable,
    dot,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    strict,
    value_and_grad,
    vjp,
)
from tests.tables.derivatives import assert_same, cube
from tests.tables.roundings import EPSILON

DEEP = 1_000_000 if autograd.compiled else 100_000
WIDE = 100_000 if autograd.compiled else 10_000
ROUNDS = 100_000 if autograd.compiled else 3_000


def test_threads_do_not_disturb_each_other():
    def fun(xs):
        return autograd.sum([xs[i] * xs[i - 1] * exp(xs[i]) for i in range(5)])

    def results(point):
        with strict():
            return (grad(fun)(point), hessian(fun)(point), grad(lambda a: hvp(fun, (point,), ([a] * 5,))[0])(2.0))

    points = [[0.1 * i + 0.01 * k for i in range(5)] for k in range(8)]
    expected = [results(point) for point in points]
    failures = []
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        for _ in range(50):
            try:
                if results(points[k]) != expected[k]:
                    failures.append(k)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def failing_call():
    try:
        grad(lambda x: [x])(2.0)
    except OutputError:
        return
    raise AssertionError


WEIGHT = Variable(0.3)
REPEATED = {
    "grad": (lambda: grad(cube)(2.0), ROUNDS),
    "grad of grad": (lambda: grad(grad(cube))(2.0), ROUNDS // 10),
    "closed over": (lambda: grad(lambda x: WEIGHT * x**3)(2.0), ROUNDS // 10),
    "vjp": (lambda: vjp(lambda x, y: [x * y, y], 1.0, 2.0)[1]([1.0, 2.0]), ROUNDS // 10),
    "jvp": (lambda: jvp(cube, (2.0,), (1.0,)), ROUNDS // 10),
    "hvp": (lambda: hvp(cube, (2.0,), (1.0,)), ROUNDS // 10),
    "hessian": (lambda: hessian(lambda xs: xs[0] * xs[1])([1.0, 2.0]), ROUNDS // 10),
    "jacobian": (lambda: jacobian(lambda xs: xs * xs)(np.ones(2)), ROUNDS // 10),
    "arrays": (lambda: value_and_grad(lambda xs: dot(xs, xs))(np.ones(3)), ROUNDS // 10),
    "an error": (failing_call, ROUNDS // 10),
}


@pytest.mark.parametrize(("call", "rounds"), REPEATED.values(), ids=REPEATED)
def test_repeated_calls_leave_nothing_behind(call, rounds):
    for _ in range(200):
        call()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        call()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            call()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()
    # Without the cycle collector. Python and the engine keep up to 15 KB of freed objects to use them again,
    # however many the rounds.
    assert after - before < 20_000


def chain(x):
    y = x
    for _ in range(DEEP // 2):
        y = y * 0.99999 + 0.5
    return y * y


@pytest.mark.usefixtures("shallow_stack")
def test_a_deep_chain_is_differentiated_without_recursion():
    # y = qⁿ x + c, hence (y²)'' = 2 q²ⁿ and (y²)' = 2 qⁿ y; qⁿ takes n roundings.
    n = DEEP // 2
    slope, value = 0.99999**n, chain(1.0)
    rounded = functools.partial(pytest.approx, rel=8 * n * EPSILON)
    assert grad(chain)(1.0) == rounded(2.0 * slope * math.sqrt(value))
    assert jvp(chain, (1.0,), (1.0,))[1] == rounded(2.0 * slope * math.sqrt(value))
    for second in (hessian(chain)(1.0), hvp(chain, (1.0,), (1.0,)), grad(grad(chain))(1.0)):
        assert second == rounded(2.0 * slope**2)


def test_a_wide_sum_is_differentiated():
    xs = np.linspace(0.0, 1.0, WIDE)
    for total in (lambda xs: autograd.sum(xs * xs), lambda xs: dot(xs, xs), lambda xs: sum(x * x for x in xs)):
        assert_same(grad(total)(xs), 2.0 * xs)
        assert_same(hvp(total, (xs,), (xs,)), 2.0 * xs)
    assert grad(lambda x: autograd.sum([x] * WIDE))(1.0) == WIDE
    assert jvp(autograd.sum, (xs,), (np.ones(WIDE),))[1] == WIDE
