"""`vmap` over containers, keywords and other axes: each row as a plain loop gives it, whatever way it is run."""

from __future__ import annotations

import collections
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import OperandError, grad, jacobian, jit, register_container, strict, vjp, vmap

Point = collections.namedtuple("Point", "x y")


@dataclass
class Track:
    x: object
    y: object
    name: str = "track"
    laps: int = 2


class Own:
    def __init__(self, x, y):
        self.parts = [x, y]


register_container(Own, lambda own: (own.parts, None), lambda rest, parts: Own(*parts))

X, Y = np.array([1.0, -2.0, 3.0, 0.5]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])

# How two arrays are held by an argument, and how a function takes them out of one row of it.
HELD = {
    "tuple": (lambda x, y: (x, y), lambda row: (row[0], row[1])),
    "dict": (lambda x, y: {"x": x, "y": y}, lambda row: (row["x"], row["y"])),
    "named tuple": (Point, lambda row: (row.x, row.y)),
    "dataclass": (Track, lambda row: (row.x, row.y * len(range(row.laps)) / len(row.name[:2]))),
    "registered": (Own, lambda row: tuple(row.parts)),
    "user dict": (lambda x, y: collections.UserDict(x=x, y=y), lambda row: (row["x"], row["y"])),
    "list of tuples": (lambda x, y: [(x, y), (x, None)], lambda row: row[0]),
    "nested": (lambda x, y: {"a": (x, {"b": y, "c": None}), "t": "text"}, lambda row: (row["a"][0], row["a"][1]["b"])),
}
EACH = pytest.mark.parametrize(("hold", "take"), HELD.values(), ids=HELD)


def result_of(take):
    """A function of one row with a branch."""

    def function(w, row):
        x, y = take(row)
        return w * x * y[0] if x > 0.0 else y[1] - x * w

    return function


def in_a_loop(w, x=X, y=Y):
    """What that function gives for the rows, by plain Python."""
    return [w * a * b[0] if a > 0.0 else b[1] - a * w for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def in_strict(function, *arguments):
    """The result of a function inside `strict`."""
    with strict():
        return function(*arguments)


WAYS = {
    "compiled": lambda mapped, held: mapped(1.5, held),
    "again": lambda mapped, held: [mapped(1.5, held), mapped(1.5, held)][1],
    "jit of it": lambda mapped, held: jit(mapped)(1.5, held),
    "inside jit": lambda mapped, held: jit(lambda w, held: mapped(w, held) * 1.0)(1.5, held),
    "strict": lambda mapped, held: in_strict(mapped, 1.5, held),
    "differentiated": lambda mapped, held: vjp(lambda w: mapped(w, held), 1.5)[0],
    "differentiated in rows": lambda mapped, held: vjp(lambda held: mapped(1.5, held), held)[0],
    "by name": lambda mapped, held: mapped.__class__(mapped.fun, (None,), None, 99)(1.5, row=held),
    "interpreted": lambda mapped, held: mapped.with_options("vm", 9)(1.5, held),
}


@EACH
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_each_array_of_a_container_is_mapped_over_its_own_first_axis(way, hold, take):
    held = hold(X, Y)
    found = way(vmap(result_of(take), in_axes=(None, 0)), held)
    assert [float(value) for value in found] == in_a_loop(1.5)


@EACH
def test_sums_over_rows_in_containers_are_differentiated(hold, take):
    function = result_of(take)
    total = vmap(function, in_axes=(None, 0), reduce="sum")
    held = hold(X, Y)
    assert total(1.5, held) == pytest.approx(sum(in_a_loop(1.5)))
    slope = sum(in_a_loop(2.5)) - sum(in_a_loop(1.5))
    assert grad(total)(1.5, held) == pytest.approx(slope)
    assert jit(grad(total))(1.5, held) == pytest.approx(slope)


@EACH
def test_without_rows_the_results_have_their_form_and_no_rows(hold, take):
    nothing = hold(np.zeros(0), np.zeros((0, 2)))
    found = vmap(lambda row: {"a": take(row)[0], "b": (take(row)[1], 3.0)})(nothing)
    assert found["a"].shape == (0,) and found["b"][0].shape == (0, 2) and found["b"][1].shape == (0,)
    sums = vmap(lambda row: take(row)[0] * 2.0, reduce="sum")
    assert sums(nothing) == 0.0
    assert np.isnan(vmap(lambda row: take(row)[0], reduce="mean")(nothing))
    assert jit(lambda held: 2.0 * vmap(lambda row: take(row)[0])(held))(nothing).shape == (0,)


def test_axes_may_be_given_for_each_part():
    held = {"x": X, "w": 2.0, "deep": (Y.T, Y[0])}
    axes = {"x": 0, "w": None, "deep": (1, None)}
    found = vmap(lambda p: p["x"] * p["w"] + p["deep"][0][1] + p["deep"][1][0], in_axes=(axes,))(held)
    assert found.tolist() == [x * 2.0 + y[1] + 1.0 for x, y in zip(X.tolist(), Y.tolist(), strict=True)]
    found = vmap(lambda t: t.x * t.y, in_axes=({"x": 0, "y": None, "name": None},))(Track(X, 2.0))
    assert found.tolist() == (2.0 * X).tolist()
    found = vmap(lambda t: t.x * t.y[0], in_axes=(Point(0, None),))(Point(X, [2.0]))
    assert found.tolist() == (2.0 * X).tolist()
    found = vmap(lambda pair: pair[0] * pair[1][0], in_axes=([0, -2],))([X, Y])
    assert found.tolist() == (X * Y[:, 0]).tolist()


def test_keywords_have_rows_along_the_first_axis_and_numbers_among_them_are_shared():
    def function(x, *, y, scale=1.0, mode="sum", steps=2):
        return (x + y[0] if mode == "sum" else x * y[0]) * scale * len(range(steps))

    for mapped in (vmap(function), jit(vmap(function))):
        assert mapped(X, y=Y).tolist() == (2.0 * (X + Y[:, 0])).tolist()
        assert mapped(X, y=Y, scale=3.0, mode="product", steps=1).tolist() == (3.0 * X * Y[:, 0]).tolist()
        assert mapped(x=X, y=Y, scale=X).tolist() == (2.0 * (X + Y[:, 0]) * X).tolist()
    with pytest.raises(
        ValueError, match=r"\(argument 0: 4, argument 'y': 4, argument 'scale': 2\); keywords are mapped"
    ):
        vmap(function)(X, y=Y, scale=np.ones(2))


@pytest.mark.parametrize(
    ("out_axes", "expected"),
    [
        (0, (X, np.stack([X, 2.0 * X], axis=1))),
        ((0, 1), (X, np.stack([X, 2.0 * X]))),
        ([0, -1], (X, np.stack([X, 2.0 * X]))),
        ((-1, 0), (X, np.stack([X, 2.0 * X], axis=1))),
    ],
    ids=str,
)
def test_results_have_their_rows_along_the_axis_asked_for(out_axes, expected):
    def function(x):
        return x, np.array([x, 2.0 * x])

    mapped = vmap(function, out_axes=out_axes)
    for found in (mapped(X), jit(mapped)(X), jit(lambda x: tuple(mapped(x)))(X)):
        assert [part.tolist() for part in found] == [part.tolist() for part in expected]
    slopes = jacobian(lambda x: mapped(x)[1])(X)
    assert np.asarray(slopes).shape == (*expected[1].shape, 4)


def test_what_all_rows_give_alike_may_stand_alone():
    found = vmap(
        lambda x, w: {"a": w * 2.0, "b": x, "c": np.array([w, 1.0])}, (0, None), out_axes={"a": None, "b": 0, "c": None}
    )(X, 3.0)
    assert found["a"] == 6.0 and found["b"].tolist() == X.tolist() and found["c"].tolist() == [3.0, 1.0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: vmap(abs, in_axes="x"), TypeError, "in_axes is an axis, None, or a tuple of these for each argument"),
        (lambda: vmap(abs, in_axes=({"a": 0.5},)), TypeError, "in_axes is an axis"),
        (lambda: vmap(abs, out_axes=True), TypeError, "out_axes is an axis"),
        (lambda: vmap(abs, out_axes=1, reduce="sum"), ValueError, "out_axes is for results that have rows"),
        (
            lambda: vmap(len, in_axes=({"x": 0, "q": None},))({"x": X, "w": 2.0}),
            ValueError,
            "in_axes has {'x': 0, 'q': None} for argument 0, whose parts are 'x', 'w'",
        ),
        (
            lambda: vmap(len, in_axes=((0, 0),))(X),
            TypeError,
            "argument 0 is a ndarray, neither an array nor|argument 0 is",
        ),
        (lambda: vmap(len)({"x": X, "y": 2.0}), ValueError, r"argument 0\['y'\] has no axis 0, its shape is \(\)"),
        (lambda: vmap(len)(Track(X, 2.0)), ValueError, r"argument 0\.y has no axis 0"),
        (
            lambda: vmap(len)({"x": X, "y": (X, np.ones(3))}),
            ValueError,
            r"rows \(argument 0\['x'\]: 4, argument 0\['y'\]\[0\]: 4, argument 0\['y'\]\[1\]: 3\)$",
        ),
        (
            lambda: vmap(len)({"x": [X, X]}),
            TypeError,
            r"argument 0\['x'\] is a list of arrays, which could be rows or parts",
        ),
        (lambda: vmap(len)({"x": np.array(["a"])}), TypeError, r"argument 0\['x'\] is an array of <U1, not of numbers"),
        (lambda: vmap(len)({"x": {1.0}}), ValueError, r"argument 0\['x'\] has no axis 0"),
        (lambda: vmap(len)({"x": "text"}), ValueError, "no argument is mapped"),
        (lambda: vmap(lambda x: x, out_axes=None)(X), ValueError, "out_axes=None is for what is the same in all rows"),
        (lambda: vmap(lambda x: x, out_axes=1)(X), ValueError, r"a result of shape \(4,\) has no axis 1 for out_axes"),
        (
            lambda: vmap(lambda x: x, out_axes=(0, 1))(X),
            ValueError,
            r"out_axes=\(0, 1\) does not fit a result of type ndarray",
        ),
        (
            lambda: jit(lambda x: vmap(lambda x, w: w, (0, None), out_axes=None)(X, x))(2.0),
            OperandError,
            "out_axes=None is for",
        ),
    ],
)  # fmt: skip
def test_wrong_use_is_an_error_that_names_the_part(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_forms_of_arguments_are_bounded():
    mapped = vmap(lambda p: 1.0, max_paths=3)
    for count in range(3):
        mapped(tuple([X] * (count + 1)))
    with pytest.raises(ValueError, match="was called with 3 forms of its arguments"):
        mapped(tuple([X] * 9))


def test_rows_in_containers_may_be_changed_by_the_function():
    def function(w, row):
        row["x"] *= 2.0
        row["y"] *= 3.0
        return row["x"] + row["y"][0] * w

    expected = (2.0 * X + 3.0 * Y[:, 0] * 1.5).tolist()
    for way in WAYS.values():
        held = {"x": X.copy(), "y": Y.copy()}
        if way is WAYS["by name"]:
            continue
        assert [float(value) for value in way(vmap(function, in_axes=(None, 0)), held)] == expected
        assert held["x"].tolist() == X.tolist() and held["y"].tolist() == Y.tolist()


AXES = st.sampled_from([0, 1, -1])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5), st.integers(1, 3), AXES, AXES, st.booleans(), st.sampled_from(sorted(HELD)))
def test_random_axes_are_those_of_a_loop(count, width, axis, other, shared, name):
    hold, take = HELD[name]
    if name in ("dataclass", "list of tuples", "registered", "user dict"):
        hold, take = HELD["dict"]
    generator = np.random.default_rng(count + 10 * width)
    rows, more = generator.normal(size=(count, width)), generator.normal(size=(count, width))
    held = hold(np.moveaxis(rows, 0, axis), np.moveaxis(more, 0, other) if not shared else more.sum(axis=0))
    in_axes = hold(axis, None if shared else other)
    if name == "nested":
        in_axes = {"a": (axis, {"b": None if shared else other, "c": None}), "t": None}
    mapped = vmap(lambda row: take(row)[0] * take(row)[1], in_axes=(in_axes,))
    expected = [rows[row] * (more.sum(axis=0) if shared else more[row]) for row in range(count)]
    found = mapped(held)
    assert found.shape == (count, width)
    assert found.tolist() == [row.tolist() for row in expected]
