"""Guard margins: the smallest change of compared numbers that flips a decision, against trying all changes."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Variable, grad, jit, sin, vmap, where
from autograd.program.margins import UNDECIDED, Margin

inf, nan = math.inf, math.nan
NUMBERS = st.integers(-20, 20).map(lambda n: n / 4.0)


# Formulas in which each comparison is used once: a nested tuple, its leaves numbers of arguments


def formulas(count):
    """Random conditions on the arguments 0 to count - 1, each compared once."""

    @st.composite
    def tree(draw, first, stop):
        if stop - first == 1:
            return ("not", first) if draw(st.booleans()) else first
        middle = draw(st.integers(first + 1, stop - 1))
        inside = (draw(st.sampled_from(["and", "or"])), draw(tree(first, middle)), draw(tree(middle, stop)))
        return ("not", inside) if draw(st.booleans()) else inside

    return tree(0, count)


def holds(formula, atoms):
    """Whether a formula holds, of plain conditions or of those of a trace."""
    if isinstance(formula, int):
        return atoms[formula]
    if formula[0] == "not":
        inside = holds(formula[1], atoms)
        return inside == False  # noqa: E712 - `not` would decide
    one, other = [holds(part, atoms) for part in formula[1:]]
    return one & other if formula[0] == "and" else one | other


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: st.tuples(formulas(n), st.lists(NUMBERS, min_size=n, max_size=n))))
def test_the_margin_of_a_formula_is_the_least_change_of_compared_numbers_that_flips_it(drawn):
    formula, numbers = drawn
    count = len(numbers)
    bounds = [0.125 + place for place in range(count)]

    def function(x):
        return x[0] if holds(formula, [item < bound for item, bound in zip(x, bounds, strict=True)]) else -x[0]

    margin = jit(function).guard_margin(numbers)
    atoms = [number < bound for number, bound in zip(numbers, bounds, strict=True)]
    apart = [abs(number - bound) for number, bound in zip(numbers, bounds, strict=True)]
    outcome = holds(formula, atoms)
    costs = [
        max(apart[place] for place in changed)
        for size in range(1, count + 1)
        for changed in itertools.combinations(range(count), size)
        if holds(formula, [atom != (place in changed) for place, atom in enumerate(atoms)]) != outcome
    ]
    assert margin.distance == min(costs)
    (place,) = [place for place, bound in enumerate(bounds) if margin.right == bound]
    assert (margin.left, margin.holds, margin.distance) == (numbers[place], atoms[place], apart[place])


@pytest.mark.parametrize(
    ("function", "x", "distance", "outcome"),
    [
        (lambda x: x if x < 1.0 else -x, 0.75, 0.25, True),
        (lambda x: x if x > 1.0 else -x, 0.75, 0.25, False),
        (lambda x: x if x <= 1.0 else -x, 1.0, 0.0, True),
        (lambda x: x if x < 1.0 else -x, 1.0, 0.0, False),
        (lambda x: x if x == 1.0 else -x, 1.0, 0.0, True),
        (lambda x: x if x == 1.0 else -x, 3.0, 2.0, False),
        (lambda x: x if x != 1.0 else -x, 3.0, 2.0, True),
        (lambda x: x if x else -x, 3.0, 3.0, True),
        (lambda x: x if not x else -x, 0.0, 0.0, False),
        (lambda x: x if not x < 1.0 else -x, 3.0, 2.0, False),
        (lambda x: x if 1.0 < x < 4.0 else -x, 3.5, 0.5, True),
        (lambda x: max(x, 2.0), 3.0, 1.0, False),
        (lambda x: abs(x) * 2.0 if x * x > 4.0 else x, -3.0, 5.0, True),
        # No finite change flips these.
        (lambda x: x if x < 1.0 else -x, nan, inf, False),
        (lambda x: x if x < inf else -x, inf, inf, False),
        (lambda x: x if x < inf else -x, 1.0, inf, True),
    ],
)
def test_margins_of_single_decisions(function, x, distance, outcome):
    margin = jit(function).guard_margin(x)
    assert (margin.distance, margin.outcome) == (distance, outcome)
    assert jit(grad(function)).guard_margin(x)[:5] == margin[:5] or math.isnan(x)


def test_of_two_conditions_on_the_edge_the_one_that_decides_is_named():
    for function in (
        lambda x: x if (x <= 1.0) & (x < 1.0) else -x,
        lambda x: x if (x < 1.0) & (x <= 1.0) else -x,
    ):
        margin = jit(function).guard_margin(1.0)
        assert (margin.distance, margin.comparison, margin.holds, margin.outcome) == (0.0, "<", False, False)
    for function in (
        lambda x: x if (x <= 1.0) | (x < 1.0) else -x,
        lambda x: x if (x < 1.0) | (x <= 1.0) else -x,
    ):
        margin = jit(function).guard_margin(1.0)
        assert (margin.distance, margin.comparison, margin.holds, margin.outcome) == (0.0, "<=", True, True)


def test_margins_in_units_in_the_last_place_say_what_rounding_can_flip():
    function = jit(lambda x: x if 0.1 + x < 0.3 else -x)
    margin = function.guard_margin(0.2)
    # 0.1 + 0.2 is one unit above 0.3.
    assert (margin.distance, margin.ulps, margin.outcome) == (math.ulp(0.3), 1.0, False)


def test_a_margin_reads_well_and_names_file_and_line():
    def function(x):
        if x < 1.0:
            return x
        return -x

    margin = jit(function).guard_margin(0.75)
    assert (margin.file, margin.line) == (__file__, function.__code__.co_firstlineno + 1)
    assert str(margin) == (f"0.75 < 1.0 holds by 0.25 (1.13e+15 units in the last place) at {__file__}:{margin.line}")
    assert "2.0 < 1.0 does not hold by 1 (" in str(jit(function).guard_margin(2.0))


def test_a_function_without_decisions_says_so():
    for function, point in ((sin, (1.0,)), (lambda x: where(x < 1.0, x, 2.0), (1.0,)), (lambda x, n: x * n, (1.0, 3))):
        margin = jit(function).guard_margin(*point)
        assert margin == UNDECIDED or math.isnan(margin.left)
        assert margin.distance == inf and str(margin) == "no decision depends on the arguments"
        assert jit(function).guard_margins(*point) == []


def test_all_margins_come_in_the_order_of_the_decisions():
    def halvings(x):
        while x > 1.0:
            x = x / 2.0
        return x

    margins = jit(halvings).guard_margins(10.0)
    assert [margin.distance for margin in margins] == [9.0, 4.0, 1.5, 0.25, 0.375]
    assert [margin.outcome for margin in margins] == [True] * 4 + [False]
    assert min(margins) == jit(halvings).guard_margin(10.0)
    assert isinstance(margins[0], Margin)


def test_closed_over_variables_keywords_structures_and_static_arguments_count():
    w = Variable(2.0)

    def function(p, *, scale, mode="a"):
        return p["a"][0] * scale if p["a"][0] * w > scale and mode == "a" else p["b"]

    jitted = jit(function)
    assert jitted.guard_margin({"a": [3.0], "b": np.array([1.0])}, scale=5.0).distance == 1.0
    w.value = 4.0
    assert jitted.guard_margin({"a": [3.0], "b": np.array([1.0])}, scale=5.0, mode="b").distance == 7.0
    assert jitted.guard_margin({"a": [Variable(3.0)], "b": 1.0}, scale=5.0).distance == 7.0


def test_asking_for_margins_leaves_no_recording_behind():
    jitted = jit(lambda x: x if x > 0.0 else -x, max_paths=1)
    assert [jitted.guard_margin(x).distance for x in (1.0, -2.0)] == [1.0, 2.0]
    assert jitted.paths == []


# Rows


def steps(x, y):
    while x > 1.0:
        x = x - 0.75
        if (y > 3.0) | (x < 0.5):
            y = y - x
    return x * y


def test_margins_of_rows_are_those_of_each_row_alone():
    draw = np.random.default_rng(0)
    X, Y = draw.uniform(0.0, 6.0, 150), draw.uniform(0.0, 6.0, 150)
    single, mapped = jit(steps), vmap(steps)
    expected = [single.guard_margin(float(x), float(y)) for x, y in zip(X, Y, strict=True)]
    assert mapped.row_margins(X, Y).tolist() == [margin.distance for margin in expected]
    least = mapped.guard_margin(X, Y)
    row = min(range(150), key=lambda row: expected[row].distance)
    assert least == expected[row]._replace(row=row)
    assert str(least).startswith(f"row {row}: ") and "test_margins.py" in str(least)
    assert vmap(steps, reduce="sum").guard_margin(X, Y) == least
    mapped(X, Y)
    # Each way is recorded once.
    assert vmap(steps, max_paths=len(mapped.paths)).guard_margin(X, Y) == least


def test_margins_of_rows_with_parameters_and_without_decisions():
    rows = np.arange(6.0).reshape(2, 3)
    function = vmap(lambda w, x: x[0] * w[1] if x[0] > w[0] else x[1], in_axes=(None, 1))
    assert function.row_margins([1.25, 2], rows).tolist() == [1.25, 0.25, 0.75]
    plain = vmap(lambda x: x * 2.0)
    assert plain.row_margins(np.ones(3)).tolist() == [inf] * 3
    assert plain.guard_margin(np.ones(3)) is UNDECIDED


def test_rows_of_too_many_ways_have_no_margins():
    with pytest.raises(ValueError, match="more than 3 ways through the branches of steps; give fewer rows, or raise"):
        vmap(steps, max_paths=3).guard_margin(np.arange(1.0, 9.0), np.ones(8))
