"""`vmap`: each row as the function itself gives it, whatever paths the rows take and however many threads run."""

import _thread
import builtins
import itertools
import math
import pickle
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import (
    Constant,
    DomainError,
    OperandError,
    Variable,
    compiled,
    dot,
    exp,
    grad,
    hessian,
    jacobian,
    jit,
    log,
    maximum,
    no_grad,
    norm,
    sin,
    sqrt,
    strict,
    sum,
    tanh,
    value_and_grad,
    vjp,
    vmap,
    where,
)  # fmt: skip
from autograd.graph.node import value_of
from autograd.program.machine import threads as threads_module
from autograd.program.rows import vmap as vmap_module
from autograd.program.workers import Workers
from tests.tables.branching import branching
from tests.tables.comparison import leaves, near, same_bits
from tests.tables.oracles import EVERY_PRIMITIVE
from tests.tables.special_points import EVERYWHERE, FEW, SPECIAL, inf, nan, points_of

COUNTS = [1, 2, 63, 64, 65, 127, 1023, 1024, 1025, 2049, 5000 if compiled else 1300]


def numbers(*shape, seed=0):
    """Normal random numbers."""
    return np.random.default_rng(seed).normal(size=shape)


def wave(x, a=1.5):
    return a * sin(x) + exp(-x * x)


def loss(w, x, y):
    hidden = [tanh(w[0] * x + w[1]), maximum(w[2] * x, 0.0)]
    return (dot(hidden, [w[3], w[4]]) - y) ** 2


WEIGHTS = np.array([0.5, -0.25, 0.75, 1.5, -0.5])


def kepler(M, e):
    """The eccentric anomaly by Newton's method, stopped when the step is small."""
    E = M + e * sin(M)
    for _ in range(50):
        step = (E - e * sin(E) - M) / (1.0 - e * (1.0 - 2.0 * sin(0.5 * E) ** 2))
        E = E - step
        if abs(step) < 1e-12:
            break
    return E


def collatz(x):
    """The number of steps that the odd and even rule takes to 1."""
    steps = 0
    while x > 1.0:
        x = x / 2.0 if x % 2.0 == 0.0 else 3.0 * x + 1.0
        steps += 1
    return x * steps


def fall(height, speed):
    """The place of a ball when Euler's method has found that it hits the floor."""
    time = 0.0
    while height > 0.0 and time < 2.0:
        height, speed = height + 0.05 * speed, speed - 0.05 * 9.81
        time += 0.05
    return [height, speed, time]


# Rows


@pytest.mark.parametrize("count", COUNTS)
def test_each_row_is_what_the_function_gives_to_the_bit(count):
    x = numbers(count)
    assert same_bits(vmap(wave, in_axes=(0, None))(x, 1.25), [wave(item, 1.25) for item in x.tolist()])


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_reductions_are_the_sum_over_rows_to_rounding(count, reduce):
    x, y = numbers(count), numbers(count, seed=1)
    value, slopes = vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce=reduce)(WEIGHTS, x, y)
    rows = [value_and_grad(loss)(WEIGHTS, *pair) for pair in zip(x.tolist(), y.tolist(), strict=True)]
    divisor = count if reduce == "mean" else 1
    assert value == pytest.approx(math.fsum([row[0] for row in rows]) / divisor, rel=1e-12)
    for place in range(len(WEIGHTS)):
        column = [row[1][place] for row in rows]
        scale = math.fsum(map(abs, column)) / divisor
        assert abs(slopes[place] - math.fsum(column) / divisor) <= 1e-12 * scale


@EVERY_PRIMITIVE
def test_every_primitive_on_rows_of_special_numbers_is_the_eager_one_to_the_bit(primitive):
    points = points_of(primitive)
    rows = np.array(points)
    expected = [primitive(*point) for point in points]
    assert same_bits(vmap(lambda x: primitive(*x))(rows), expected)
    # Some operands the same for all rows.
    for fixed in itertools.product([False, True], repeat=primitive.arity or 4):
        if all(fixed) or not any(fixed):
            continue
        for point in points[:: max(len(points) // 3, 1)]:
            columns = [point[place] if known else rows[:, place].copy() for place, known in enumerate(fixed)]
            mapped = vmap(primitive, in_axes=tuple([None if known else 0 for known in fixed]))
            expected = [
                primitive(*[point[place] if known else row[place] for place, known in enumerate(fixed)])
                for row in points
            ]
            assert same_bits(mapped(*columns), expected), (point, fixed)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (kepler, (np.linspace(0.0, 6.0, 300), np.linspace(0.0, 0.9, 300))),
        (collatz, (np.arange(1.0, 200.0),)),
        (fall, (np.abs(numbers(300)) + 0.1, numbers(300, seed=1))),
    ],
    ids=["Kepler by Newton's method", "Collatz", "Euler's method with an event"],
)
def test_rows_take_their_own_paths(function, arguments):
    # However dear they are: the number of turns of Collatz's loop is another one in nearly each row.
    mapped = vmap(function, max_paths=1000)
    for order in (slice(None), slice(None, None, -1), slice(1, None, 3)):
        rows = [argument[order] for argument in arguments]
        found = mapped(*rows)
        expected = [function(*row) for row in zip(*[row.tolist() for row in rows], strict=True)]
        if isinstance(found, list):
            found = np.stack(found, axis=1)
        assert same_bits(found, expected)
    assert len(mapped.paths) > 2
    assert builtins.sum(path.hits for path in mapped.paths) == builtins.sum(
        len(arguments[0][order]) for order in (slice(None), slice(None, None, -1), slice(1, None, 3))
    )


@pytest.mark.parametrize("function", [kepler, lambda x, y: collatz(abs(x) // 1.0 + 1.0) * y])
def test_sums_over_rows_of_many_paths_count_each_row_once(function):
    x, y = np.linspace(0.1, 6.0, 333), np.linspace(0.0, 0.9, 333)
    found = vmap(function, reduce="sum")(x, y)
    expected = [function(*pair) for pair in zip(x.tolist(), y.tolist(), strict=True)]
    assert found == pytest.approx(math.fsum(expected), rel=1e-13)


def test_rows_that_leave_a_path_leave_no_nan_in_its_sums():
    x = np.array([1.0, -1.0, 4.0, 0.0, -2.0, 9.0] * 50)
    function = lambda x: sqrt(x) if x >= 0.0 else 1.0  # noqa: E731
    assert vmap(function, reduce="sum")(x) == 50 * (1.0 + 1.0 + 2.0 + 0.0 + 1.0 + 3.0)


@settings(max_examples=60, deadline=None)
@given(branching(), st.lists(st.tuples(EVERYWHERE, EVERYWHERE), min_size=1, max_size=80))
def test_a_random_program_with_branches_is_run_as_python_runs_it_on_each_row(function, points):
    mapped = vmap(function)
    x, y = np.array(points).T
    assert same_bits(mapped(x, y), [function(*point) for point in points])
    assert same_bits(mapped(y, x), [function(b, a) for a, b in points])
    shared = vmap(function, in_axes=(0, None))
    for other in points[:2]:
        assert same_bits(shared(x, other[1]), [function(a, other[1]) for a, _ in points])


def test_too_many_paths_are_an_error_that_names_the_line():
    with pytest.raises(
        ValueError,
        match=r"collatz took more than 3 ways through its branches \(the last at .*test_vmap\.py:\d+\); use where",
    ):
        vmap(collatz, max_paths=3)(np.arange(1.0, 50.0))


# Threads


@pytest.mark.parametrize("count", [1, 1024, 1025, 4000])
@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_results_are_the_same_bits_for_any_number_of_threads(monkeypatch, count, reduce):
    x, y = numbers(count), numbers(count, seed=1)
    found = []
    for threads in (1, 2, 3, 7):
        monkeypatch.setattr(threads_module, "processors", lambda threads=threads: threads)
        mapped = vmap(value_and_grad(lambda w, x, y: loss(w, x, y) if x < y else x * w[0]), (None, 0, 0), reduce)
        found.append(mapped(WEIGHTS, x, y))
    assert all(same_bits(one, found[0]) for one in found)


def test_threads_that_are_busy_elsewhere_hold_nobody_up(monkeypatch):
    x = np.linspace(0.0, 1.0, 4000)
    mapped = vmap(lambda x: sin(x) * x, reduce="sum")
    expected = mapped(x)
    free = threading.Event()
    busy = Workers(1)
    busy.submit(lambda: free.wait(10.0))
    try:
        monkeypatch.setattr(threads_module, "SHORT", 0.0)
        monkeypatch.setattr(threads_module, "processors", lambda: 4)
        monkeypatch.setattr(threads_module, "pool", lambda: busy)
        began = time.perf_counter()
        assert mapped(x) == expected
        assert time.perf_counter() - began < 5.0
    finally:
        free.set()


def test_without_another_thread_one_does_it_all(monkeypatch):
    x = np.linspace(0.0, 1.0, 4000)
    mapped = vmap(lambda x: sin(x) * x, reduce="sum")
    expected = mapped(x)
    refused = []

    def refuse(*arguments):
        refused.append(arguments)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    monkeypatch.setattr(threads_module, "SHORT", 0.0)
    monkeypatch.setattr(threads_module, "processors", lambda: 4)
    monkeypatch.setattr(threads_module, "pool", lambda: Workers(1))
    assert mapped(x) == expected
    assert refused


def test_repeated_calls_give_the_same_bits():
    x, y = numbers(3000), numbers(3000, seed=1)
    mapped = vmap(value_and_grad(lambda w, x, y: loss(w, x, y) if x < y else x * w[0]), (None, 0, 0), "sum")
    first = mapped(WEIGHTS, x, y)
    assert all(same_bits(mapped(WEIGHTS, x, y), first) for _ in range(3))


def test_threads_that_share_a_mapped_function_get_their_own_results():
    x = np.linspace(0.0, 1.0, 300)
    mapped = vmap(lambda p, x: sin(p * x) + p, in_axes=(None, 0))
    expected = [mapped(float(number), x).tolist() for number in range(4)]
    wrong = []

    def work(number):
        for _ in range(300 if compiled else 5):
            if mapped(float(number), x).tolist() != expected[number]:
                wrong.append(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def test_an_interrupt_ends_a_long_call_and_leaves_things_usable(ctrl_c):
    def long(x):
        for _ in range(400):
            x = sin(x) + 0.1
        return x

    count = 200_000 if compiled else 3_000
    x, mapped = np.linspace(0.0, 1.0, count), vmap(long)
    expected = mapped(x[:5])
    timer = threading.Timer(0.05, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        mapped(x)
        timer.join()
        pytest.fail("the call was done before it could be interrupted")
    timer.join()
    assert same_bits(mapped(x[:5]), expected)
    assert (Variable(1.0) < 2.0) is True


# Axes, shapes and structures


def test_in_axes_say_where_the_rows_lie():
    a, b = numbers(4, 3), numbers(3, 4, seed=1)
    expected = np.array([row @ column for row, column in zip(a, b.T, strict=True)])
    product = lambda x, y: sum([x[i] * y[i] for i in range(3)])  # noqa: E731
    for in_axes in ((0, 1), [0, 1], (-2, -1), (0, -1)):
        assert vmap(product, in_axes=in_axes)(a, b) == pytest.approx(expected, rel=1e-14)
    assert vmap(product, in_axes=1)(a.T, b) == pytest.approx(expected, rel=1e-14)
    assert vmap(product, in_axes=-1)(a.T, b) == pytest.approx(expected, rel=1e-14)
    assert vmap(product, in_axes=(0, None))(a, b[:, 0]) == pytest.approx(a @ b[:, 0], rel=1e-14)
    assert vmap(product, in_axes=(None, 1))(a[0], b) == pytest.approx(a[0] @ b, rel=1e-14)


def test_rows_may_be_arrays_of_any_shape():
    x = numbers(5, 2, 3)
    assert near(vmap(lambda m: np.sum(m * m))(x), (x * x).sum(axis=(1, 2)), 64)
    assert near(vmap(lambda m: np.sum(m * m), in_axes=1)(x), (x * x).sum(axis=(0, 2)), 64)
    assert near(vmap(lambda m: np.sum(m * m), in_axes=2)(x), (x * x).sum(axis=(0, 1)), 64)
    assert vmap(lambda m: m @ m.T)(x).shape == (5, 2, 2)
    assert np.array_equal(vmap(lambda m: m)(x), x)


def test_results_have_the_rows_along_the_first_axis_of_each_array():
    found = vmap(lambda x: {"a": x, "b": [x * np.ones((2, 3)), (x + 1.0, 7.0)], "c": []})(np.arange(4.0))
    assert found["a"].tolist() == [0.0, 1.0, 2.0, 3.0] and found["b"][0].shape == (4, 2, 3)
    assert found["b"][1][0].tolist() == [1.0, 2.0, 3.0, 4.0] and found["b"][1][1].tolist() == [7.0] * 4
    assert found["c"] == [] and isinstance(found["b"][1], tuple)
    assert found["a"].dtype == np.float64


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_reduced_results_have_the_structure_of_one_row(reduce):
    found = vmap(lambda x: {"a": x, "b": [x * np.ones((2, 3)), (x + 1.0, 7.0)]}, reduce=reduce)(np.arange(4.0))
    divisor = 4.0 if reduce == "mean" else 1.0
    assert found["a"] == 6.0 / divisor and found["b"][0].tolist() == [[6.0 / divisor] * 3] * 2
    assert found["b"][1] == (10.0 / divisor, 28.0 / divisor)


def of_parts(w, x):
    return [x * w[0] if x < 1.0 else w[1] * 2.0 + x, (w * x, np.ones(0)), {"a": w[0] * x * x}]


def test_each_part_of_a_result_is_reduced_as_asked():
    w, x = np.array([2.0, 3.0]), np.linspace(-2.0, 2.0, 1300)
    mapped = vmap(of_parts, (None, 0), (None, "sum", "mean"))
    first, (products, nothing), squares = mapped(w, x)
    # Sums of 1300 numbers below ten, in another order.
    np.testing.assert_array_equal(first, np.where(x < 1.0, 2.0 * x, 6.0 + x))
    np.testing.assert_allclose(products, np.outer(w, x).sum(axis=1), atol=1e-10)
    assert nothing.shape == (0,)
    assert squares["a"] == pytest.approx((2.0 * x * x).mean(), rel=1e-13)
    swapped = vmap(of_parts, (None, 0), ("mean", None, None))
    mean, (products, nothing), squares = swapped(w, x)
    assert mean == pytest.approx(first.mean(), rel=1e-13)
    np.testing.assert_array_equal(products, np.outer(x, w))
    assert nothing.shape == (1300, 0)
    np.testing.assert_array_equal(squares["a"], 2.0 * x * x)


def test_parts_are_reduced_on_nodes_too():
    x = np.linspace(-1.0, 2.0, 4)

    def total(w):
        first, (products, _), squares = vmap(of_parts, (None, 0), (None, "sum", "mean"))(w, x)
        return first.sum() + products.sum() + squares["a"]

    slope = grad(total)(np.array([2.0, 3.0]))
    small = x < 1.0
    expected = [x[small].sum() + x.sum() + (x * x).mean(), 2.0 * (~small).sum() + x.sum()]
    np.testing.assert_allclose(slope, expected, rtol=1e-13)


@pytest.mark.parametrize("fun", [lambda x: (x, x), lambda x: {"a": x, "b": x, "c": x}, lambda x: x])
def test_a_tuple_of_reductions_is_for_so_many_parts(fun):
    message = r"reduce=\('sum', None, 'mean'\) is for a list or tuple of 3 parts, the result is"
    with pytest.raises(ValueError, match=message):
        vmap(fun, reduce=("sum", None, "mean"))(np.ones(3))


def test_arguments_that_are_the_same_for_all_rows_may_have_any_structure_or_be_fixed():
    def function(parameters, x, kind):
        return parameters["w"][0] * x + parameters["b"] if kind == "affine" else x * len(kind)

    mapped = vmap(function, in_axes=(None, 0, None))
    x = np.arange(3.0)
    assert mapped({"w": [2.0], "b": 1.0}, x, "affine").tolist() == [1.0, 3.0, 5.0]
    assert mapped({"w": [3.0], "b": 0.0}, x, "affine").tolist() == [0.0, 3.0, 6.0]
    assert mapped({"w": [3.0], "b": 0.0}, x, "abc").tolist() == [0.0, 3.0, 6.0]
    assert len(mapped.paths) == 2


@pytest.mark.parametrize(
    "rows",
    [
        np.arange(10),
        np.arange(10, dtype=np.uint8),
        np.arange(10.0, dtype=np.float32),
        np.arange(20.0)[::2] / 2.0,
        np.arange(10.0)[::-1][::-1],
        np.arange(40.0).reshape(10, 4)[:, 0] / 4.0,
        list(range(10)),
        [float(x) for x in range(10)],
        tuple(range(10)),
        np.arange(10).astype(object),
        np.asfortranarray(np.arange(10.0)),
        np.arange(10.0).astype(">f8"),
    ],
)
def test_rows_may_be_of_any_numbers_in_any_layout(rows):
    assert vmap(lambda x: x * x)(rows).tolist() == [float(x * x) for x in range(10)]
    assert vmap(lambda x: x * x, reduce="sum")(rows) == 285.0


def test_big_non_contiguous_arrays_are_read_right():
    x = numbers(3, 2000, 4)
    found = vmap(lambda m: m[0, 0] * m[1, 1] + m[2, 3], in_axes=1)(x)
    assert np.array_equal(found, x[0, :, 0] * x[1, :, 1] + x[2, :, 3])
    found = vmap(lambda m: m[0] + 2.0 * m[2], in_axes=1)(x[:, ::-2, 1])
    assert np.array_equal(found, x[0, ::-2, 1] + 2.0 * x[2, ::-2, 1])


def test_rows_are_not_changed_and_results_are_new_arrays():
    x = numbers(10)
    before = x.copy()
    found = vmap(lambda x: x)(x)
    found[:] = 0.0
    assert np.array_equal(x, before)


def test_results_that_are_the_same_for_all_rows_and_inputs_that_are_not_used():
    x = numbers(100)
    found = vmap(lambda x, y: [3.0, y, x, y * 2.0, x])(x, 2.0 * x)
    assert [part.tolist() for part in found] == [
        [3.0] * 100,
        (2 * x).tolist(),
        x.tolist(),
        (4 * x).tolist(),
        x.tolist(),
    ]
    found = vmap(lambda p, x: [p, 3.0, p * 2.0, x, x], in_axes=(None, 0), reduce="sum")(5.0, np.ones(100))
    assert found == [500.0, 300.0, 1000.0, 100.0, 100.0]
    assert vmap(lambda x, y: 1.0)(x, x).tolist() == [1.0] * 100


@pytest.mark.parametrize("lanes", range(1, 20))
def test_sums_of_few_rows_are_exact_for_whole_numbers(lanes):
    x = np.arange(1.0, lanes + 1.0)
    assert vmap(lambda x: [x, x * x], reduce="sum")(x) == [x.sum(), (x * x).sum()]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 36, 63, 64, 65, 100, 128, 130, 191])
@pytest.mark.parametrize("reduced", ["x", "a * x", "x * y"])
def test_sums_have_the_bits_of_eight_lanes_that_take_the_rows_in_turn(count, reduced):
    x, y, a = numbers(count, 1)[:, 0], numbers(count, 1)[::-1, 0] + 0.1, 0.1
    functions = {"x": lambda a, x, y: x, "a * x": lambda a, x, y: a * x, "x * y": lambda a, x, y: x * y}
    found = vmap(functions[reduced], in_axes=(None, 0, 0), reduce="sum")(a, x, y)
    lanes = [0.0] * 8
    for row in range(count):
        lanes[row % 8] += functions[reduced](a, float(x[row]), float(y[row]))
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [one + other for one, other in zip(lanes[:half], lanes[half:], strict=True)]
    assert found == lanes[0]


# Derivatives


def smooth(p):
    return p[0] ** 2 * sin(p[1]) + where(p[0] > p[1], log(p[0] * p[0] + 1.0), p[1] ** 3) * p[2]


@pytest.mark.parametrize(
    "transform", [grad, value_and_grad, hessian, lambda f: jacobian(grad(f))], ids=["grad", "both", "hessian", "nested"]
)
def test_derivatives_of_rows_are_those_of_each_row(transform):
    rows = numbers(100, 3)
    found = vmap(transform(smooth))(rows)
    expected = [transform(smooth)(row) for row in rows]
    if isinstance(found, tuple):
        found = [[found[0][row], found[1][row]] for row in range(100)]
    for one, other in zip(found, expected, strict=True):
        assert near(one, other, 256, scale=max(map(abs, leaves(other))))


def test_jacobians_of_rows():
    rows = numbers(70, 3)
    function = lambda p: np.array([p[0] * p[1], norm(list(p)), exp(p[2])])  # noqa: E731
    found = vmap(jacobian(function))(rows)
    assert found.shape == (70, 3, 3)
    assert near(found, [jacobian(function)(row) for row in rows], 256)


def test_derivatives_at_special_rows_are_the_eager_ones():
    rows = np.array(list(itertools.product(FEW, repeat=2)))
    for function in (
        lambda p: maximum(p[0], p[1]),
        lambda p: p[0] * p[1],
        lambda p: where(p[0] > 0.0, sqrt(p[0]), p[1]),
    ):
        assert near(vmap(grad(function))(rows), [grad(function)(row) for row in rows])


def test_the_gradient_of_a_reduced_loss_is_the_reduced_gradient():
    x, y = numbers(40), numbers(40, seed=1)
    outside = grad(lambda p: vmap(loss, in_axes=(None, 0, 0), reduce="mean")(p, x, y))(WEIGHTS)
    inside = vmap(grad(loss), in_axes=(None, 0, 0), reduce="mean")(WEIGHTS, x, y)
    assert outside == pytest.approx(inside, rel=1e-12)
    twice = hessian(lambda p: vmap(loss, in_axes=(None, 0, 0), reduce="sum")(p, x[:5], y[:5]))(WEIGHTS)
    assert twice == pytest.approx(
        vmap(hessian(loss), in_axes=(None, 0, 0), reduce="sum")(WEIGHTS, x[:5], y[:5]), rel=1e-10
    )


def test_the_derivative_in_what_the_function_closes_over_is_not_lost():
    x = np.array([1.0, 2.0])
    assert grad(lambda w: vmap(lambda x: w * x, reduce="sum")(x))(3.0) == 3.0
    assert grad(lambda w: np.sum(vmap(lambda x: w * x * w)(x)))(3.0) == 18.0


def test_closed_over_variables_are_read_at_each_call():
    w = Variable(2.0)
    mapped = vmap(grad(lambda x: w * x * x if w > 0.0 else -x))
    assert leaves(mapped(np.array([1.0, 2.0]))) == [4.0, 8.0]
    w.value = 3.0
    assert leaves(mapped(np.array([1.0, 2.0]))) == [6.0, 12.0]
    w.value = -1.0
    assert leaves(mapped(np.array([1.0, 2.0]))) == [-1.0, -1.0]


def test_rows_of_nodes_give_nodes():
    rows = np.array([Variable(1.0), Variable(2.0)], dtype=object)
    found = vmap(lambda x: x * x)(rows)
    assert leaves(found) == [1.0, 4.0] and found.dtype == object
    total = vmap(lambda x: x * x, reduce="sum")(rows)
    total.backward()
    assert [x.grad for x in rows] == [2.0, 4.0]
    mean = vmap(lambda x: x * x, reduce="mean")(list(rows))
    assert leaves(mean) == [2.5]
    assert grad(vmap(lambda x: x**3, reduce="sum"))(np.array([1.0, 2.0])).tolist() == [3.0, 12.0]
    mixed = vmap(lambda p, x: p * x, in_axes=(None, 0))(Variable(3.0), np.array([1.0, 2.0]))
    assert leaves(mixed) == [3.0, 6.0]


def test_derivatives_of_sums_over_rows_of_many_paths_are_the_sums_of_theirs():
    # Each row takes its own path, in the derivatives too.
    w, x = np.array([2.0, 3.0]), np.linspace(-2.0, 2.0, 300)
    branches = lambda w, x: w[0] * x * x if x < -1.0 else w[1] ** 2 * x if x < w[0] - 2.0 else w[0] * w[1]  # noqa: E731
    for reduce in ("sum", "mean"):
        mapped = vmap(branches, (None, 0), reduce)
        value, slope = value_and_grad(mapped)(w, x)
        inside, inside_slope = vmap(value_and_grad(branches), (None, 0), reduce)(w, x)
        assert value == pytest.approx(inside, rel=1e-13)
        np.testing.assert_allclose(slope, inside_slope, rtol=1e-13)
        np.testing.assert_allclose(
            hessian(mapped)(w, x), vmap(hessian(branches), (None, 0), reduce)(w, x), rtol=1e-12, atol=1e-12
        )
    assert len(mapped.derivatives) == 1


def test_the_gradient_of_a_sum_over_rows_runs_no_row_in_python():
    calls = []

    def counted(w, x):
        calls.append(1)
        return sin(w * x)

    x = np.linspace(0.0, 3.0, 5000)
    slope = grad(vmap(counted, in_axes=(None, 0), reduce="sum"))
    assert slope(0.5, x) == pytest.approx(float(np.sum(x * np.cos(0.5 * x))), rel=1e-12)
    before = len(calls)
    assert slope(0.25, x) == pytest.approx(float(np.sum(x * np.cos(0.25 * x))), rel=1e-12)
    assert before < 10 and len(calls) == before


def test_a_sum_over_rows_has_graphs_and_derivatives_of_every_order():
    w, scale, x = Variable(0.5), Variable(2.0), np.linspace(0.0, 1.0, 50)
    total = vmap(lambda p, x: p["w"] ** 3 * x + p["scale"], in_axes=(None, 0), reduce="mean")
    loss = exp(total({"w": w, "scale": scale}, x))
    loss.backward()
    value = math.exp(0.5**3 * 0.5 + 2.0)
    assert (loss.value, w.grad, scale.grad) == pytest.approx((value, value * 3 * 0.25 * 0.5, value), rel=1e-13)
    third = grad(grad(grad(lambda w: total({"w": w, "scale": 0.0}, x))))
    assert third(0.5) == pytest.approx(6.0 * 0.5, rel=1e-12)


def closing_over(p, x, reduce):
    """The loss with `p` in the function over rows, not among its arguments; one row in three takes another path."""
    product = p[0] * p[1]
    return vmap(lambda x: (sin(product * x) if x < p[0] else p[2] ** 2 * x) ** 2, reduce=reduce)(x)


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("count", [5, vmap_module.RECORDED - 1, vmap_module.RECORDED, 3000])
def test_what_the_function_closes_over_is_differentiated_to_every_order(reduce, count):
    p, x = np.array([1.0, 2.0, 0.5]), np.linspace(0.0, 1.5, count)
    passed = vmap(lambda p, x: (sin(p[0] * p[1] * x) if x < p[0] else p[2] ** 2 * x) ** 2, (None, 0), reduce)
    value, slopes = value_and_grad(closing_over)(p, x, reduce)
    expected, expected_slopes = value_and_grad(passed)(p, x)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(slopes, expected_slopes, rtol=1e-12)
    np.testing.assert_allclose(hessian(closing_over)(p, x, reduce), hessian(passed)(p, x), rtol=1e-11, atol=1e-11)

    def line(w, loss):
        return loss([w, 2.0 * w, 0.5 * w * w])

    def third(loss):
        return grad(grad(grad(lambda w: line(w, loss))))(1.0)

    assert third(lambda p: closing_over(p, x, reduce)) == pytest.approx(third(lambda p: passed(p, x)), rel=1e-10)
    _, pullback = vjp(lambda p: closing_over(p, x, reduce), p)
    np.testing.assert_allclose(pullback(2.0)[0], 2.0 * np.array(slopes), rtol=1e-12)


def test_what_a_function_closes_over_costs_nothing_for_nodes_made_before():
    x = np.linspace(0.0, 1.0, 300)
    slope = grad(lambda w: vmap(lambda x: sin(w * x), reduce="sum")(x))
    slope(2.0)
    earlier = Variable(1.0)
    for _ in range(500_000):
        -earlier
    tracemalloc.start()
    try:
        slope(2.0)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_rows_on_other_paths_may_close_over_other_variables():
    x = np.array([-1.0] + [1.0] * 500)

    def total(p):
        return vmap(lambda x: p[0] * x if x < 0.0 else p[1] ** 2 * x, reduce="sum")(x)

    assert grad(total)([3.0, 2.0]) == [-1.0, 2000.0]


@pytest.mark.parametrize("closes_over", [False, True])
def test_what_is_wrong_with_rows_is_said_when_they_are_differentiated_too(closes_over):
    x = np.linspace(0.0, 100.0, 500)

    def slope(function):
        if closes_over:
            return grad(lambda w: vmap(lambda x: function(w, x), reduce="sum", max_paths=20)(x))(2.0)
        return grad(lambda w: vmap(function, (None, 0), "sum", max_paths=20)(w, x))(2.0)

    def steps(w, x):
        while x > 1.0:
            x = x - 1.0
        return w * x

    with pytest.raises(ValueError, match=r"the rows cannot be run: .* took more than 20 ways through its branches"):
        slope(steps)
    with pytest.raises(TypeError, match=r"returns .* for some rows and .* for others"):
        slope(lambda w, x: [w] if x > 50.0 else w)
    with pytest.raises(OperandError, match="can't become a plain float"):
        slope(lambda w, x: math.exp(w) * x)


def test_sums_over_rows_at_nodes_that_nothing_is_differentiated_in_are_numbers():
    mapped = vmap(lambda w, x: w * x, in_axes=(None, 0), reduce="sum")
    rows = np.array([1.0, 2.0])
    with no_grad():
        assert [type(mapped(w, x)) for w, x in ((Variable(3.0), rows), (3.0, [Variable(1.0), 2.0]))] == [float, float]
        assert mapped(Variable(3.0), np.array([Variable(1.0), 2.0])) == 9.0
    assert type(mapped(Constant(3.0), rows)) is float


def test_parts_are_summed_or_averaged_at_nodes():
    def parts(w, x):
        return [w * x, (w * w, {"x": x})]

    x = np.array([1.0, 2.0, 6.0])
    first, (square, rest) = vmap(parts, (None, 0), ("sum", "mean"))(Variable(2.0), x)
    assert (first.value, square.value, value_of(rest["x"])) == (18.0, 4.0, 3.0)
    slopes = jacobian(lambda w: vmap(parts, (None, 0), ("sum", "mean"))(w, x))(2.0)
    assert slopes == [9.0, (4.0, {"x": 0.0})]


def test_too_many_rows_inside_a_compiled_function_are_left_to_vmap_with_one_warning(monkeypatch):
    monkeypatch.setattr(vmap_module, "UNROLLED", 1000)
    # Rows of floats would be a loop.
    x = np.arange(500)
    mean = vmap(lambda w, x: sin(w * x) ** 2, in_axes=(None, 0), reduce="mean")
    outer = jit(value_and_grad(lambda w: mean(w, x) + w))
    expected = value_and_grad(lambda w: mean(w, x) + w)(0.5)
    with pytest.warns(
        RuntimeWarning,
        match=r"^<lambda> is mapped over 500 rows inside a function that is compiled, which would record more than "
        r"1,000 operations one after the other, and the function around it is run by Python, these rows by a program "
        r"of their own; leave out the outer jit or vmap",
    ):
        assert outer(0.5) == expected
    assert outer(0.5) == expected
    assert outer.paths == []
    # The program of few rows holds them all.
    few = jit(lambda w: mean(w, x[:20]))
    assert few(0.5) == pytest.approx(mean(0.5, x[:20]), rel=1e-12) and len(few.paths) == 1


# Composition


def test_compiled_and_mapped_functions_compose():
    x, y = numbers(20), numbers(20, seed=1)
    one = vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce="mean")
    expected = one(WEIGHTS, x, y)
    for other in (
        jit(one),
        vmap(jit(value_and_grad(loss)), in_axes=(None, 0, 0), reduce="mean"),
        vmap(value_and_grad(jit(loss)), in_axes=(None, 0, 0), reduce="mean"),
        jit(lambda w, x, y: one(w, x, y)),  # noqa: PLW0108 - not the mapped function itself
    ):
        for _ in range(2):
            assert near(other(WEIGHTS, x, y), expected, 2**12)


def test_mapped_functions_nest():
    x, y = numbers(7), numbers(5, seed=1)
    table = vmap(lambda a: vmap(lambda b: a * b if a > b else a - b)(y))(x)
    assert table.tolist() == [[a * b if a > b else a - b for b in y.tolist()] for a in x.tolist()]


def test_compiling_a_mapped_function_does_not_unroll_its_rows():
    one = jit(vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce="mean"))
    one(WEIGHTS, numbers(200), numbers(200, seed=1))
    assert all(len(path.program) < 2000 for path in one.paths)


@pytest.mark.parametrize(
    "mapped", [vmap(wave), vmap(grad(wave)), vmap(jit(wave), reduce="sum"), vmap(kepler, (0, None))]
)
def test_mapped_functions_can_be_pickled(mapped):
    arguments = (np.linspace(0.0, 3.0, 10), 0.5) if mapped.fun is kepler else (np.linspace(0.0, 3.0, 10),)
    again = pickle.loads(pickle.dumps(mapped))
    assert same_bits(again(*arguments), mapped(*arguments))
    assert same_bits(pickle.loads(pickle.dumps(mapped))(*arguments), mapped(*arguments))


def call(mapped, *arguments):
    return mapped(*arguments)


def test_the_parts_of_a_sum_can_be_computed_in_worker_processes():
    x, y = numbers(200), numbers(200, seed=1)
    mapped = vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce="sum")
    value, slopes = mapped(WEIGHTS, x, y)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(call, mapped, WEIGHTS, x[part], y[part]) for part in (slice(0, 80), slice(80, 200))]
        parts = [job.result(timeout=60) for job in jobs]
    assert parts[0][0] + parts[1][0] == pytest.approx(value, rel=1e-13)
    assert parts[0][1] + parts[1][1] == pytest.approx(slopes, rel=1e-11)


# Errors


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: vmap(3.0), TypeError, "only a function can be mapped, got float 3.0"),
        (
            lambda: vmap(sin, reduce="max"),
            ValueError,
            "reduce is None, 'sum' or 'mean', or a tuple of these, got 'max'",
        ),
        (lambda: vmap(wave, (0, 0, 0))(np.ones(2), np.ones(2)), ValueError, "in_axes has 3 entries for 2 arguments"),
        (lambda: vmap(wave, 1)(np.ones(2)), ValueError, r"argument 0 has no axis 1, its shape is \(2,\)"),
        (lambda: vmap(wave, -2)(np.ones(2)), ValueError, r"argument 0 has no axis -2"),
        (
            lambda: vmap(wave)(3.0),
            ValueError,
            r"0 has no axis 0, its shape is \(\); what is the same .* has None in in_axes",
        ),
        (lambda: vmap(wave, None)(3.0), ValueError, "no argument is mapped"),
        (vmap(wave), ValueError, "no argument is mapped"),
        (
            lambda: vmap(wave)(np.ones(2), np.ones(3)),
            ValueError,
            r"differ in their number of rows \(argument 0: 2, argument 1: 3\)",
        ),
        (
            lambda: vmap(lambda x: {}["a"])(np.ones(0)),
            ValueError,
            "has no rows, and on ones, .* it fails: KeyError: 'a'",
        ),
        (lambda: vmap(wave).guard_margin([]), ValueError, "without rows there is no least margin"),
        (lambda: vmap(wave)(np.array(["a"])), TypeError, "argument 0 is an array of <U1, not of numbers"),
        (lambda: vmap(wave)(np.array([1j])), TypeError, "array of complex128"),
        (lambda: vmap(wave)({"a": 1.0}), ValueError, r"argument 0\['a'\] has no axis 0, its shape is \(\)"),
        (lambda: vmap(wave, "x")(np.ones(2)), (TypeError, ValueError), "in_axes|axis"),
        (lambda: vmap(wave, 0.5)(np.ones(2)), (TypeError, ValueError), "in_axes|axis"),
        (
            lambda: vmap(lambda x: [x] if x > 0 else x)(np.array([1.0, -1.0])),
            TypeError,
            "returns .* for some rows and .* for others",
        ),
        (lambda: vmap(lambda x: None)(np.ones(2)), OperandError, "the output of <lambda> must be a number"),
        (lambda: vmap(wave, (0, None))(np.ones(2), {1, 2}), OperandError, "must be numbers"),
        (lambda: vmap(wave)(np.array([1.0, None], dtype=object)), (TypeError, OperandError), "number|None"),
        (lambda: vmap(wave)([[1.0], [1.0, 2.0]]), ValueError, "shape|rows"),
    ],
)
def test_wrong_use_is_an_error_that_says_so(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_an_exception_in_one_row_leaves_everything_usable():
    def function(x):
        if x < 0.0:
            raise KeyError("negative")
        return x * x

    mapped = vmap(function)
    for _ in range(3):
        with pytest.raises(KeyError, match="negative"):
            mapped(np.array([1.0, -1.0]))
        assert mapped(np.array([1.0, 2.0])).tolist() == [1.0, 4.0]
    assert len(mapped.paths) == 1


def test_rows_of_nan_and_infinity_go_where_python_sends_them():
    function = lambda x: 1.0 if x > 0.0 else (2.0 if x <= 0.0 else x)  # noqa: E731
    rows = np.array(SPECIAL * 20)
    assert same_bits(vmap(function)(rows), [function(x) for x in rows.tolist()])
    assert math.isnan(vmap(function, reduce="sum")(rows))
    assert vmap(lambda x: x, reduce="sum")(np.array([inf, 1.0])) == inf
    assert math.isnan(vmap(lambda x: x, reduce="mean")(np.array([nan, 1.0])))


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_inside_strict_a_mapped_function_names_the_operation_that_is_not_finite(reduce):
    mapped = vmap(lambda a, x: log(a * x), in_axes=(None, 0), reduce=reduce)
    rows = np.array([1.0, 2.0, -1.0])
    with strict():
        assert np.all(np.isfinite(mapped(2.0, rows[:2])))
        with pytest.raises(DomainError, match=r"log needs 0 < x, got x = -2\.0"):
            mapped(2.0, rows)
    assert np.isnan(mapped(2.0, rows)).any()


def scaling(w, row, shared, listed):
    """A function of a row that changes what it was given."""
    row *= 10.0
    shared += row
    listed[0] = listed[0] + w
    return w * row.sum() + shared.sum() + listed[0]


def in_strict(function, *arguments):
    """The result of a function inside `strict`."""
    with strict():
        return function(*arguments)


WAYS_BY_ROW = {
    "compiled": lambda mapped, *rest: mapped(2.0, *rest),
    "jit": lambda mapped, *rest: jit(lambda w: mapped(w, *rest))(2.0),
    "differentiated": lambda mapped, *rest: vjp(lambda w: mapped(w, *rest), 2.0)[0],
    "strict": lambda mapped, *rest: in_strict(mapped, 2.0, *rest),
}


@pytest.mark.parametrize("way", WAYS_BY_ROW)
def test_rows_are_their_own_whatever_the_function_does_with_them(way):
    rows, shared, listed = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.0]), [5.0, {"a": 1.0}]
    mapped = vmap(scaling, in_axes=(None, 0, None, None))
    assert list(WAYS_BY_ROW[way](mapped, rows, shared, listed)) == [60.0 + 33.0 + 7.0, 140.0 + 73.0 + 7.0]
    assert rows.tolist() == [[1.0, 2.0], [3.0, 4.0]] and shared.tolist() == [1.0, 2.0] and listed[0] == 5.0


def test_the_arrays_of_a_tuple_are_mapped_each_and_those_of_a_list_are_rows():
    pair = np.ones(3), np.ones(3)
    assert list(vmap(lambda p: p[0] + p[1])(pair)) == [2.0, 2.0, 2.0]
    assert list(vmap(lambda p: p[0] + p[1])(list(pair))) == [2.0, 2.0]
