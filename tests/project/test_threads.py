"""Many threads at once: each gets what it would get alone, on graphs of its own and on shared ones."""

from __future__ import annotations

import itertools
import math
import pickle
import sys
import threading

import numpy as np
import pytest

import autograd
from autograd import Variable, exp, grad, hessian, jit, jvp, no_grad, sin, value_and_grad, vmap
from autograd.graph.modes import STATE, Mode, current_mode

pytestmark = pytest.mark.usefixtures("beside_others")

THREADS = 8


@pytest.fixture(autouse=True)
def hasty_switching():
    """Threads take turns a thousand times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


def at_once(work, threads=THREADS):
    """The results of `work(number)` in so many threads that start together."""
    results, errors = [None] * threads, []
    barrier = threading.Barrier(threads)

    def run(number):
        try:
            barrier.wait()
            results[number] = work(number)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(120.0)
    assert not any([thread.is_alive() for thread in running])
    if errors:
        raise errors[0]
    return results


def test_graphs_that_share_leaves_add_their_gradients_up():
    x, w = Variable(0.5), Variable(-1.5)
    rounds = 40

    def work(number):
        for _ in range(rounds):
            (x * w + autograd.sum([x, w, float(number)])).backward()

    at_once(work)
    # Halves and whole numbers: every sum is exact, whatever its order.
    assert x.grad == THREADS * rounds * (w.value + 1.0)
    assert w.grad == THREADS * rounds * (x.value + 1.0)


def test_one_graph_may_be_swept_by_many_threads():
    x = Variable(1.0)
    y = x
    for _ in range(200):
        y = y + x * 0.5
    rounds = 20
    at_once(lambda number: [y.backward() for _ in range(rounds)])
    assert x.grad == THREADS * rounds * 101.0
    assert y.grad == 1.0


def energy(x):
    total = x[0] * 0.0
    for a, b in itertools.pairwise(x):
        total = total + sin(a) * exp(b * 0.1) + a * b * b
    return total


def test_transforms_in_many_threads_give_what_they_give_in_one():
    points = [[0.1 * number + 0.05 * place for place in range(12)] for number in range(THREADS)]

    def work(number):
        x = points[number]
        found = []
        for _ in range(5):
            slope = grad(energy)(x)
            along = jvp(energy, (x,), (slope,))
            second = grad(grad(lambda s: energy([s * item for item in x])))(1.0)
            found.append((slope, along, hessian(energy)(x), second))
        return found

    alone = [work(number) for number in range(THREADS)]
    assert at_once(work) == alone


def halvings(x):
    count = 0.0
    while x > 1.0:
        x, count = x / 2.0, count + 1.0
    return x + count


def test_the_first_call_of_a_compiled_function_may_come_from_many_threads():
    for _ in range(10):
        # A list that one thread's recording changes would be news to the others.
        calls = itertools.count()

        def counted(x, y, calls=calls):
            next(calls)
            return sin(x) * exp(y)

        fast = jit(counted)
        results = at_once(lambda number, fast=fast: fast(0.1 * number, 0.5))
        assert results == [sin(0.1 * number) * exp(0.5) for number in range(THREADS)]
        assert len(fast.paths) == next(calls) == 1


def test_what_one_recording_changes_is_no_wrong_number_in_other_threads():
    for _ in range(10):
        met, scale = [], 2.0

        def logged(x, met=met):
            met.append(x)
            return x * scale

        fast = jit(logged)
        assert at_once(lambda number, fast=fast: fast(0.1 * number)) == [0.2 * number for number in range(THREADS)]
        scale = 3.0
        assert at_once(lambda number, fast=fast: fast(number)) == [3.0 * number for number in range(THREADS)]
        assert len(fast.paths) <= 2 * THREADS


def test_guards_may_fail_in_many_threads_at_once():
    for _ in range(5):
        fast = jit(halvings)
        fast(0.5)
        results = at_once(lambda number, fast=fast: [fast(float(2**k) + number) for k in range(10)])
        assert results == [[halvings(float(2**k) + number) for k in range(10)] for number in range(THREADS)]
        ways = {halvings_taken(float(2**k) + number) for number in range(THREADS) for k in range(10)} | {0}
        assert len(fast.paths) == len(ways)


def halvings_taken(x):
    return max(0, math.ceil(math.log2(x)))


def test_derivatives_of_a_compiled_function_in_many_threads():
    fast = jit(lambda x: sin(x) * halvings(x))

    def work(number):
        point = 0.7 + 1.5 * number
        return grad(fast)(point), grad(grad(fast))(point)

    plain = [
        (grad(lambda x: sin(x) * halvings(x))(0.7 + 1.5 * n), grad(grad(lambda x: sin(x) * halvings(x)))(0.7 + 1.5 * n))
        for n in range(THREADS)
    ]
    for found, wanted in zip(at_once(work), plain, strict=True):
        assert found == pytest.approx(wanted, rel=1e-14)


def test_one_mapped_function_serves_many_threads():
    def loss(w, x):
        return (w[0] * x + w[1]) ** 2 if x > 0.0 else w[0] * exp(x)

    mapped = vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")
    rows = np.linspace(-1.0, 1.0, 5_001)
    weights = [np.array([0.1 * number, 1.0]) for number in range(THREADS)]
    alone = [vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")(w, rows) for w in weights]
    for _ in range(3):
        for found, wanted in zip(at_once(lambda number: mapped(weights[number], rows)), alone, strict=True):
            assert found[0] == wanted[0]
            assert np.array_equal(found[1], wanted[1])


def test_one_graph_may_be_pickled_by_many_threads():
    x = y = Variable(1.0, name="x")
    for _ in range(300):
        y = y * 0.5 + x
    for copied in at_once(lambda number: [pickle.loads(pickle.dumps(y)) for _ in range(3)]):
        for other in copied:
            other.backward()
            assert other.value == y.value


def test_a_mode_is_of_its_thread_alone():
    x = Variable(2.0)

    def work(number):
        found = []
        for _ in range(200):
            if number % 2:
                with no_grad():
                    found.append(len((x * x).parents))
            else:
                found.append(len((x * x).parents))
        return set(found)

    assert at_once(work) == [{2}, {0}] * (THREADS // 2)
    assert STATE.entered == 0
    assert current_mode() == Mode()
