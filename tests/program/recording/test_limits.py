"""Functions that are recorded too often: they are run by Python, and a warning names what keeps changing."""

import bisect
import builtins
import gc
import tracemalloc
import warnings

import numpy as np
import pytest

from autograd import Variable, grad, jit, value_and_grad, vmap
from autograd.program.recording.limits import MANY_RUNS, Budget

ADVICE = (
    "and is run by Python for others; give a number that changes as an argument, as a float or in an array, or raise "
    "max_paths"
)


def test_an_int_that_keeps_changing_is_named_and_run_by_python():
    runs = []

    def power(x, n, mode):
        runs.append(n)
        return x**n

    function = jit(power, max_paths=8)
    with pytest.warns(RuntimeWarning) as caught:
        found = [function(2.0, n, "a" if n % 2 else "b") for n in range(20)]
    assert found == [2.0**n for n in range(20)]
    assert len(function.paths) == 8 and len(caught) == 1 and caught[0].filename == __file__
    assert str(caught[0].message) == (
        f"power was called with more than 8 different signatures: argument 1 had 9 (the last: int 8), {ADVICE}"
    )
    runs.clear()
    # Paths that were recorded before stay compiled.
    assert function(3.0, 1, "a") == 3.0 and runs == []
    assert function(3.0, 30, "a") == 3.0**30 and runs == [30]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda function, k: function([1.0] * k, 2.0), "argument 0 had 4 (the last: a list of 3)"),
        (lambda function, k: function(np.ones(k), 2.0), "argument 0 had 4 (the last: an array of shape (3,))"),
        (lambda function, k: function(1.0, scale=str(k)), "argument 'scale' had 4 (the last: str '3')"),
        (lambda function, k: function({"a": (1.0,) * k}), "argument 0 had 4 (the last: a dict of 1)"),
        (
            lambda function, k: function(*[1.0] * k),
            "which arguments were given differed in 4 ways (the last time 3 were)",
        ),
    ],
)
def test_what_changes_is_told_from_what_stays(call, text):
    function = jit(lambda *args, **kwargs: 1.0, max_paths=3)
    with pytest.warns(RuntimeWarning) as caught:
        for k in range(4):
            call(function, k)
    assert f"more than 3 different signatures: {text}, and is run by Python" in str(caught[0].message)


def test_derivatives_of_a_function_with_too_many_signatures_are_those_of_python():
    function = jit(lambda x, n: x**n, max_paths=2)
    slope = jit(grad(lambda x, n: x**n), max_paths=2)
    with pytest.warns(RuntimeWarning) as caught:
        for n in range(1, 6):
            assert grad(function)(2.0, n) == slope(2.0, n) == n * 2.0 ** (n - 1)
            assert grad(grad(function))(2.0, n) == n * (n - 1) * 2.0 ** (n - 2)
    assert len(caught) == 2
    x = Variable(3.0)
    function(x, 7).backward()
    assert x.grad == 7 * 3.0**6


def test_rows_of_too_many_signatures_are_run_one_by_one():
    rows = np.array([1.0, 2.0, 3.0])
    mapped = vmap(value_and_grad(lambda x, n: x**n), in_axes=(0, None), max_paths=2)
    summed = vmap(lambda x, n: x**n, in_axes=(0, None), reduce="mean", max_paths=2)
    with pytest.warns(RuntimeWarning) as caught:
        for n in range(1, 6):
            values, slopes = mapped(rows, n)
            assert values.tolist() == (rows**n).tolist() and slopes.tolist() == (n * rows ** (n - 1)).tolist()
            assert summed(rows, n) == pytest.approx((rows**n).mean(), rel=1e-15)
    assert len(caught) == 2 and "argument 1 had 3 (the last: int 3)" in str(caught[0].message)


def test_many_signatures_within_the_limit_are_all_kept_without_a_word():
    function = jit(lambda x, n: x * n)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            assert [function(2.0, n) for n in range(256)] == [2.0 * n for n in range(256)]
    assert len(function.paths) == 256


def test_memory_is_bounded_where_every_call_has_another_signature():
    function = jit(lambda x, n: x * n, max_paths=16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(2000):
            function(1.0, n)
            if n < 100:
                grad(function)(1.0, n)
    assert (
        len(function.recordings.known) == len(function.recordings.signatures) == 16 and len(function.derivatives) <= 16
    )


def test_a_limit_given_to_jit_holds_for_rows_too():
    sign = vmap(lambda x: x if x > 0.0 else -x, max_paths=3)
    assert [jit(sign).max_paths, jit(sign, max_paths=1).max_paths, sign.max_paths] == [3, 1, 3]
    assert jit(sign)(np.array([1.0, -1.0])).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match=r"^the rows cannot be run: <lambda> took more than 1 ways through its branch"):
        jit(sign, max_paths=1)(np.array([1.0, -1.0]))


# Ways through the branches, which are recorded as long as they are worth their cost


def wanders(x):
    """A long loop that decides in each turn, so that nearly each argument takes a way of its own."""
    total = 0.0
    for _ in range(2000):
        x = 3.9 * x * (1.0 - x)
        if x > 0.5:
            total = total + 0.01 * x
        else:
            total = total - 0.02 * x
    return total


DECISION = wanders.__code__.co_firstlineno + 5


def warned(caught):
    """The messages of what was warned of."""
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("derivative", [False, True])
def test_a_function_with_another_long_path_at_each_call_is_run_by_python_with_one_warning(derivative):
    def slope(x):
        return value_and_grad(lambda scale: scale * wanders(x))(2.0)

    function = slope if derivative else wanders
    fast = jit(function, tier="vm")
    points = [0.2 + 0.01 * place for place in range(12)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert [fast(x) for x in points] == [function(x) for x in points]
    assert len(fast.paths) <= 4
    (message,) = warned(caught)
    assert message.startswith(f"{function.__name__} took a way through its branches that was not recorded in ")
    assert f"(the decision that changed most: {__file__}:{DECISION}), and was run by Python in these" in message
    assert message.endswith("write it with where(), maximum(), minimum() or clip(), or decide by a static argument")
    assert caught[0].filename == __file__


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_rows_with_a_long_path_each_are_run_by_python_with_one_warning(reduce):
    mapped = vmap(value_and_grad(lambda scale, x: scale * wanders(x)), (None, 0), reduce)
    rows = np.linspace(0.2, 0.3, 12)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values, slopes = mapped(2.0, rows)
    by_hand = [2.0 * wanders(x) for x in rows], [wanders(x) for x in rows]
    if reduce is None:
        assert (values.tolist(), slopes.tolist()) == by_hand
    else:
        count = len(rows) if reduce == "mean" else 1
        assert [values * count, slopes * count] == pytest.approx([builtins.sum(part) for part in by_hand], rel=1e-14)
    assert len(mapped.paths) <= 4
    assert len(caught) == 1 and f":{DECISION})" in warned(caught)[0]


def test_rows_that_python_runs_are_told_by_their_structure():
    def ragged(x):
        return [wanders(x)] if x < 0.25 else (wanders(x), x)

    with pytest.raises(TypeError, match="rows can only be put together if they are alike"):
        vmap(ragged)(np.linspace(0.2, 0.3, 12))


def test_short_paths_are_recorded_without_a_limit():
    knots = [float(knot) for knot in range(300)]

    def steps(x):
        return bisect.bisect(knots, x) * x

    function, mapped = jit(steps), vmap(steps)
    points = [knot + 0.5 for knot in knots]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [function(x) for x in points] == mapped(np.array(points)).tolist() == [steps(x) for x in points]
    assert len(function.paths) == len(mapped.paths) == 300


def test_a_long_path_that_is_taken_often_is_recorded_in_the_end():
    def two(x):
        for _ in range(12_000):
            x = 0.5 * x + 1.0 if x > 0.0 else 0.5 * x - 1.0
        return x

    function = jit(two, tier="vm")
    assert function(1.0) == 2.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2_000):
            if len(function.paths) == 2:
                break
            assert function(-1.0) == -2.0
    assert len(function.paths) == 2


def test_a_run_by_python_instead_of_a_recording_is_ieee_as_recordings_are():
    def inverse(x):
        for _ in range(12_000):
            x = x + 0.0 if x > 0.0 else x - 0.0
        return 1.0 / x

    function = jit(inverse, tier="vm")
    assert function(2.0) == 0.5
    assert function(-0.0) == -np.inf and len(function.paths) == 1


def test_a_bound_function_takes_paths_that_python_runs():
    x = np.array([1.0])
    bound = jit(lambda x: [wanders(x[0]), x], tier="vm").bind(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place in range(4):
            x[0] = 0.2 + 0.1 * place
            value, same = bound()
            assert float(value) == wanders(float(x[0])) and same.tolist() == x.tolist()


def test_limits_are_those_that_were_given():
    assert jit(wanders).max_paths is None and vmap(wanders).max_paths is None
    function = jit(lambda x: x if x > 0.0 else -x, max_paths=1)
    with pytest.warns(RuntimeWarning, match="took more than 1 ways through its branches"):
        assert [function(x) for x in (1.0, -1.0)] == [1.0, 1.0]


@pytest.mark.parametrize("call", ["signatures", "rows", "refused"])
def test_calls_beyond_the_limit_leave_no_memory(call):
    function = jit(lambda x, n: x * n, max_paths=2)
    mapped = vmap(lambda x, n: x * n, in_axes=(0, None), max_paths=2)
    # Rows of ints are recorded one by one inside another function, and these are too many.
    inner, many = jit(vmap(lambda x, w: x * w, (0, None)), tier="vm"), np.ones(120_000, int)
    refused = jit(lambda w: builtins.sum(inner(many, w)))
    rows = np.ones(3)
    calls = {
        "signatures": lambda n: function(1.0, n),
        "rows": lambda n: mapped(rows, n),
        "refused": lambda n: refused(2.0),
    }
    times = 1 if call == "refused" else 300

    def growth(start):
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for n in range(start, start + times):
            calls[call](n)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(min(times, 5)):
            calls[call](n)
        tracemalloc.start()
        try:
            growth(1_000)
            assert growth(10_000) < 10_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("mapped", [False, True])
def test_derivatives_in_too_many_choices_of_numbers_are_computed_by_python(mapped):
    def function(v, x):
        return v[0] * v[1] + v[2] * x

    fast = vmap(function, (None, 0), "sum", max_paths=2) if mapped else jit(function, max_paths=2)
    x = np.ones(2) if mapped else 1.0
    choices = [(0,), (1,), (2,), (0, 1), (0, 2), (0, 1, 2)]
    slopes = {(0,): 2.0, (1,): 3.0, (2,): 1.0, (0, 1): 5.0, (0, 2): 3.0, (0, 1, 2): 6.0}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for chosen in choices * 2:
            point = [3.0, 2.0, 1.0]

            def along(t, chosen=chosen):
                return fast([point[place] + t if place in chosen else point[place] for place in range(3)], x)

            assert grad(along)(0.0) == slopes[chosen] * (2.0 if mapped else 1.0)
    assert len(fast.derivatives) == 2
    assert [str(one.message)[:60] for one in caught] == ["function was differentiated in more than 2 choices of its nu"]


def test_a_time_that_was_held_up_decides_nothing():
    budget = Budget()
    for _ in range(400):
        budget.count_path(1, 1e-4)
    budget.count_run(0.5)
    for _ in range(MANY_RUNS):
        budget.count_run(1e-5)
    # 400 recordings took 40 ms, and Python 4 ms for as many calls, at most 16 if it is not known what held it up.
    assert not budget.allows(400)
    assert budget.allows(40_000)


def test_few_runs_by_python_do_not_tell_how_long_they_take():
    budget = Budget()
    for _ in range(400):
        budget.count_path(1, 1e-4)
    for _ in range(MANY_RUNS - 1):
        budget.count_run(1.0)
    assert not budget.allows(400)
    budget.count_run(1.0)
    assert budget.allows(400)
