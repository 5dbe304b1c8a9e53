"""Containers of numbers: each kind is taken apart and put together alike, wherever it is given or returned."""

from __future__ import annotations

import collections
import enum
import pathlib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import viz
from autograd import (
    OperandError,
    Variable,
    array,
    exp,
    grad,
    gradcheck,
    hessian,
    hvp,
    implicit,
    jacobian,
    jit,
    jvp,
    linearize,
    register_container,
    value_and_grad,
    vjp,
    vmap,
)
from autograd.program.recording.signature import Signature, argument_leaf, sign
from autograd.testing import check_gradient
from autograd.transforms.trees import flatten, map_leaves
from tests.tables.containers import (
    CONTAINERS,
    Attributed,
    Frozen,
    Line,
    Point,
    Rectangle,
    Settings,
    Spring,
    Unset,
    Weights,
    assert_same,
    in_floats,
    leaves_changed,
    numbers_in,
    taken,
)  # fmt: skip

EACH = pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
HOLDS_ARRAY_OF_OBJECTS = {"array of objects", "array without axes"}


def squares(tree):
    """The sum of the squares of all numbers, each with its place as a weight."""
    return sum([place * number * number for place, number in enumerate(numbers_in(tree), 1)], 0.0)


def value_at(make):
    return float(squares(make(2.0, 3.0)))


def gradient_at(make):
    """The gradient of `squares` at (2, 3), in the tree as it comes back."""
    tree = in_floats(make(2.0, 3.0))
    slopes = iter([2.0 * place * number for place, number in enumerate(numbers_in(tree), 1)])
    return with_numbers(tree, slopes)


def with_numbers(tree, numbers):
    """A tree with other numbers in it."""

    def next_of(leaf):
        if isinstance(leaf, np.ndarray):
            return np.array([next(numbers) for _ in leaf.flat]).reshape(leaf.shape)
        return next(numbers) if isinstance(leaf, float) else leaf

    return leaves_changed(tree, next_of)


@EACH
def test_the_gradient_has_the_container_of_the_argument(make):
    assert_same(grad(squares)(make(2.0, 3.0)), gradient_at(make))
    value, gradient = value_and_grad(squares)(make(2.0, 3.0))
    assert value == value_at(make)
    assert_same(gradient, gradient_at(make))


@EACH
def test_all_first_derivatives_have_the_container_of_the_output(make):
    found = jacobian(lambda x: make(x * x, 3.0 * x))(2.0)
    assert_same(found, in_floats(make(4.0, 3.0)))


@EACH
def test_second_derivatives_have_the_container_twice(make):
    if make is Rectangle:
        # It can't multiply two of its own for an area.
        with pytest.raises(OperandError, match=r"of Rectangle no other one can be made .*\(TypeError: .*register_cont"):
            hessian(squares)(make(2.0, 3.0))
        return
    count = len(numbers_in(make(2.0, 3.0)))
    rows = numbers_in(hessian(squares)(make(2.0, 3.0)))
    assert [float(entry) for entry in rows if entry != 0.0] == [2.0 * place for place in range(1, count + 1)]


@EACH
def test_products_take_and_give_it(make):
    tree = make(2.0, 3.0)
    gradient = gradient_at(make)
    along = sum([slope * number for slope, number in zip(numbers_in(gradient), numbers_in(tree), strict=True)])
    assert jvp(squares, (tree,), (tree,)) == (value_at(make), pytest.approx(along))
    value, pullback = vjp(squares, tree)
    assert value == value_at(make)
    assert_same(pullback(1.0)[0], gradient)
    value, pushforward = linearize(squares, tree)
    assert (value, pushforward(tree)) == (value_at(make), pytest.approx(along))
    # The Hessian is diagonal, and all that it is multiplied with here are its own factors.
    assert_same(hvp(squares, (tree,), (tree,)), gradient)
    value, pullback = vjp(lambda x: make(x * x, 3.0 * x), 2.0)
    assert_same(value, in_floats(make(4.0, 6.0)))
    cotangents = with_numbers(value, iter([1.0] * 99))
    slopes = sum(numbers_in(jacobian(lambda x: make(x * x, 3.0 * x))(2.0)))
    assert pullback(cotangents) == (pytest.approx(slopes),)


@EACH
def test_a_solution_is_differentiated_in_it(make):
    @implicit.root(lambda x, tree: x - squares(tree))
    def solve(tree):
        assert type(tree) is type(make(2.0, 3.0))
        return float(squares(tree))

    assert solve(make(2.0, 3.0)) == value_at(make)
    assert_same(grad(solve)(make(2.0, 3.0)), gradient_at(make))

    @implicit.root(
        lambda x, p: [found - p * float(p.value if isinstance(p, Variable) else p) for found in numbers_in(x)]
    )
    def spread(p):
        return make(p * p, p * p)

    assert_same(spread(2.0), in_floats(make(4.0, 4.0)))


@EACH
def test_aux_keeps_no_variable_of_the_transform(make):
    aux = grad(lambda x: (x * x, make(x, x + 1.0)), has_aux=True)(2.0)[1]
    assert_same(aux, in_floats(make(2.0, 3.0)))
    (_, aux), _ = value_and_grad(lambda x: (x * x, make(x, x + 1.0)), has_aux=True)(2.0)
    assert_same(aux, in_floats(make(2.0, 3.0)))


@EACH
def test_aux_without_nodes_is_what_the_function_returned(make):
    given = make(1.0, 2.0)
    aux = grad(lambda x: (x * x, given), has_aux=True)(2.0)[1]
    assert aux is given or any([isinstance(part, np.ndarray) for part in parts(given)])
    assert_same(in_floats(aux), in_floats(given))


@EACH
def test_a_compiled_function_takes_it_as_an_argument(make):
    for tree in (make(2.0, 3.0), make(2.0, 3.0)):
        fast = jit(squares)
        assert fast(tree) == fast(tree) == value_at(make)
        assert_same(jit(grad(squares))(tree), gradient_at(make))
        assert jit(lambda x, given=None: squares(given) + x)(1.0, given=tree) == value_at(make) + 1.0


@EACH
def test_a_compiled_function_gives_it_with_bools_for_conditions(make):
    fast = jit(lambda x: make(x > 0.0, x * x))
    expected = in_floats(make(True, 4.0))
    assert_same(fast(2.0), expected)
    assert_same(fast(2.0), expected)
    assert_same(fast(-2.0), in_floats(make(False, 4.0)))


@EACH
def test_rows_share_it_as_an_argument(make):
    rows = np.array([1.0, 2.0, 3.0])
    over = vmap(lambda tree, x: squares(tree) * x, in_axes=(None, 0))
    assert over(make(2.0, 3.0), rows).tolist() == pytest.approx([value_at(make) * row for row in rows])
    summed = vmap(lambda tree, x: squares(tree) * x, in_axes=(None, 0), reduce="sum")
    assert_same(grad(summed)(make(2.0, 3.0), np.ones(1)), gradient_at(make))


@EACH
def test_rows_give_it_with_the_rows_along_the_first_axis(make):
    rows = np.array([1.0, -2.0])
    found = vmap(lambda x: make(x > 0.0, x * x))(rows)
    assert [part.tolist() for part in parts(found)] == [
        np.array(both).tolist()
        for both in zip(parts(in_floats(make(1.0, 1.0))), parts(in_floats(make(0.0, 4.0))), strict=True)
    ]
    sums = vmap(lambda x: make(x > 0.0, x * x), reduce="sum")(rows)
    assert numbers_in(sums) == numbers_in(in_floats(make(1.0, 5.0)))


def parts(tree):
    """The arrays and numbers of a tree."""
    found = taken(tree)
    if found is not None:
        return [leaf for part in found[0] for leaf in parts(part)]
    return [] if tree is None or tree is len or isinstance(tree, str) else [tree]


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_function_is_bound_to_it_or_says_why_not(name):
    make = CONTAINERS[name]
    if name in HOLDS_ARRAY_OF_OBJECTS:
        with pytest.raises(OperandError, match="can be bound to contiguous arrays of float64, got one of object"):
            jit(squares).bind(make(2.0, 3.0))
        return
    bound = jit(squares).bind(make(2.0, 3.0))
    assert float(bound()) == float(bound()) == value_at(make)


def test_a_bound_function_reads_the_arrays_in_containers_anew():
    x, y = np.array([1.0, 2.0]), np.array([3.0])
    bound = jit(squares).bind(Settings(a=[x, 1.0], b=types.MappingProxyType({"c": Point(y, 2.0)})))
    assert float(bound()) == 1.0 + 2.0 * 4.0 + 3.0 + 4.0 * 9.0 + 5.0 * 4.0
    x[1], y[0] = 0.0, 1.0
    assert float(bound()) == 1.0 + 3.0 + 4.0 + 5.0 * 4.0


@EACH
def test_a_function_of_it_is_drawn_with_a_variable_for_each_number(make):
    drawing = viz.draw(squares, make(2.0, 3.0))
    variables = [value.name for value in drawing.diagram.values if value.kind == "variable"]
    assert len(variables) == len(set(variables)) == len(numbers_in(make(2.0, 3.0)))
    assert viz.draw(lambda x: make(x + 1.0, x * x), 2.0).diagram.values


@EACH
def test_derivatives_in_it_are_checked(make):
    assert gradcheck(squares, [make(2.0, 3.0)])


@pytest.mark.parametrize("name", CONTAINERS)
def test_foreign_gradients_in_it_are_checked_or_refused(name):
    make = CONTAINERS[name]

    def gradient(tree):
        return grad(squares)(tree)

    if name in HOLDS_ARRAY_OF_OBJECTS:
        with pytest.raises(OperandError, match="needs numbers in single or double precision"):
            check_gradient(squares, gradient, [make(2.0, 3.0)])
        return
    report = check_gradient(squares, gradient, [make(2.0, 3.0)])
    assert report and report.compared == len(numbers_in(make(2.0, 3.0)))


@EACH
def test_the_walk_of_each_call_finds_what_the_tree_holds(make):
    tree = make(2.0, 3.0)
    numbers, nodes, _ = sign((tree,), {"named": tree})
    assert not nodes
    expected, structure = flatten(tree, "the tree", argument_leaf)
    assert list(numbers) == expected + expected
    signature = Signature((tree,), {"named": tree})
    (again,), named = signature.arguments(numbers)
    assert_same(again, in_floats(tree))
    assert_same(again, named["named"])
    assert structure.is_same(flatten(again, "the tree", argument_leaf)[1])


@EACH
def test_fixed_parts_reach_the_function_as_they_are_in_it(make):
    if make is Rectangle:
        # It computes with its parts.
        return
    # Arrays hold none.
    tree = leaves_changed(make(2.0, 3.0), lambda leaf: leaf if isinstance(leaf, np.ndarray) else f"text {leaf}")
    seen = []
    jit(lambda tree: seen.append(tree) or 1.0)(tree)
    assert isinstance(seen[0], type(tree)) and numbers_in(seen[0]) == numbers_in(tree)


PATHS = {
    "named tuple": ["x[0]", "x[1]"],
    "dict": ["x['a']", "x[2]"],
    "array of objects": ["x[0, 0]", "x[1, 0]"],
    "array without axes": ["x[0]", "x[1]"],
    "list with attributes": ["x[0]", "x.scale"],
    "dataclass": ["x.stiffness", "x.length"],
    "nested": [
        "x['a'][0]",
        "x['a'][1][0][0]",
        "x['a'][1][0][1][0]",
        "x['a'][1][0][1][1]",
        "x['b'][(1, 2)]['y']",
        "x['c'].stiffness",
        "x['c'].length[0].low",
    ],
}


@pytest.mark.parametrize("name", PATHS)
def test_each_number_has_a_path(name):
    tree = CONTAINERS[name](2.0, 3.0)
    assert flatten(tree, "x")[1].paths("x") == PATHS[name]


def test_what_is_refused_in_an_argument_is_named_with_the_way_to_it():
    with pytest.raises(OperandError, match=r"argument 0\['a'\]\[1\] of a compiled function must be numbers"):
        jit(squares)({"a": [1.0, {1.0}]})
    with pytest.raises(OperandError, match=r"argument 'named'\[0\] of a compiled function is an array of <U1"):
        jit(lambda named: 1.0)(named=[np.array(["a"])])


def test_mapping_leaves_keeps_what_does_not_change():
    tree = [1.0, {"a": (2.0, Settings(b="text"))}]
    assert map_leaves(lambda leaf: leaf, tree) is tree
    changed = map_leaves(lambda leaf: 5.0 if leaf == 1.0 else leaf, tree)
    assert changed == [5.0, tree[1]] and changed[1] is tree[1]


class Tagged(np.ndarray):
    """A subclass that could mean anything."""


@pytest.mark.parametrize("given", [
    np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), np.ones((2, 2)).view(np.matrix), np.ones(3).view(Tagged),
], ids=lambda given: type(given).__name__)  # fmt: skip
@pytest.mark.parametrize(
    "take",
    [
        grad(lambda x: x.sum()), value_and_grad(lambda x: x.sum()), jacobian(lambda x: x), hessian(lambda x: x.sum()),
        jit(lambda x: x.sum()), vmap(lambda x: x, reduce="sum"), lambda x: jit(lambda x: x.sum()).bind(x), exp, array,
        lambda x: vmap(lambda x, w: w.sum(), in_axes=(0, None))(np.ones(3), x),
        lambda x: grad(lambda x: x["a"][0].sum())({"a": [x]}), lambda x: exp(Variable(1.0)) * array([1.0]) * x,
    ],
)  # fmt: skip
def test_an_array_whose_class_means_more_than_its_numbers_is_refused_with_the_way_out(take, given):
    with pytest.raises(OperandError, match=r"filled|numpy\.asarray"):
        take(given)


def test_a_file_in_memory_is_a_plain_array():
    given = np.arange(3.0).view(np.memmap)
    assert grad(lambda x: (x * x).sum())(given).tolist() == jit(lambda x: 2.0 * x)(given).tolist() == [0.0, 2.0, 4.0]


# Random containers


def nested(inside):
    """Containers of these: each kind that is made of any number of parts, or of two."""
    several = st.lists(inside, min_size=0, max_size=3)
    pairs = st.tuples(inside, inside)
    named = st.dictionaries(st.text("abc", min_size=1, max_size=3), inside, max_size=3)
    return st.one_of(
        several,
        several.map(tuple),
        several.map(Weights),
        several.map(collections.deque),
        named,
        named.map(collections.OrderedDict),
        named.map(Attributed),
        named.map(collections.UserDict),
        pairs.map(lambda pair: Spring(*pair)),
        pairs.map(lambda pair: Frozen(low=pair[0], high=pair[1])),
        pairs.map(lambda pair: Line(*pair, "red")),
        pairs.map(lambda pair: Point(*pair)),
    )


NUMBERS = st.integers(-99, 99).map(float)
TREES = st.recursive(
    st.one_of(NUMBERS, st.none(), st.text("xyz", max_size=2), st.lists(NUMBERS, max_size=3).map(np.array)),
    nested,
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(TREES, min_size=1, max_size=2))
def test_every_way_gives_a_random_tree_the_same_kind_and_the_same_numbers(tree):
    numbers = numbers_in(tree)
    expected = sum([place * number * number for place, number in enumerate(numbers, 1)], 0.0)
    slopes = with_numbers(in_floats(tree), iter([2.0 * place * number for place, number in enumerate(numbers, 1)]))
    fast = jit(squares)
    assert fast(tree) == fast(tree) == expected
    value, gradient = value_and_grad(squares)(tree)
    assert value == expected
    assert_same(gradient, slopes)
    assert_same(jit(grad(squares))(tree), slopes)
    doubled = with_numbers(in_floats(tree), iter([2.0 * number for number in numbers]))
    again = jit(lambda tree: leaves_changed(tree, lambda leaf: leaf if is_no_number(leaf) else leaf * 2.0))
    assert_same(again(tree), doubled)
    assert_same(again(tree), doubled)
    rows = vmap(lambda tree, x: squares(tree) * x, in_axes=(None, 0))(tree, np.array([1.0, 3.0]))
    assert rows.tolist() == [expected, 3.0 * expected]
    assert_same(vjp(squares, tree)[1](1.0)[0], slopes)


def is_no_number(leaf):
    return leaf is None or isinstance(leaf, str)


# What is refused, and what is only copied


class Computed(Mapping):
    """A mapping that makes its items when asked for."""

    def __getitem__(self, key):
        return 2.0 if key == "a" else 3.0

    def __iter__(self):
        return iter("ab")

    def __len__(self):
        return 2


@dataclass
class Stamped:
    """A dataclass whose computed attribute was changed since."""

    width: float
    double: float = field(init=False)

    def __post_init__(self):
        self.double = 2.0 * self.width


def altered():
    made = Stamped(2.0)
    made.double = 5.0
    return made


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Computed(), "Computed, and no other one can be made .*where it keeps its items"),
        (altered(), "Stamped, and no other one can be made .*double can't be computed anew"),
    ],
    ids=["mapping", "dataclass"],
)  # fmt: skip
def test_what_no_other_one_can_be_made_of_is_refused_with_the_way_out(given, why):
    for take in (
        grad(lambda p: 1.0), jit(lambda p: 1.0), lambda p: vmap(lambda p, x: x, in_axes=(None, 0))(p, np.ones(2)),
        lambda p: gradcheck(lambda p: 1.0, [p]), lambda p: jacobian(lambda x: p)(1.0), lambda p: jit(lambda x: p)(1.0),
    ):  # fmt: skip
        with pytest.raises(OperandError, match=f"is a {why}.*register_container"):
            take(given)
    # It may be handed on as it is, among what is not looked into.
    assert grad(lambda x: (x, given), has_aux=True)(1.0) == (1.0, given)
    assert grad(lambda x, p: x)(1.0, given) == 1.0


def test_a_plain_object_is_refused_and_one_that_is_registered_is_a_container():
    class Own:
        def __init__(self, x):
            self.x = x

    with pytest.raises(OperandError, match=r"must be a number, an array.*got Own .*register_container"):
        grad(lambda own: own.x)(Own(2.0))
    register_container(Own, lambda own: ([own.x], None), lambda rest, parts: Own(*parts))
    assert grad(lambda own: own.x**2)(Own(3.0)).x == 6.0
    assert jit(lambda own: own.x**2)(Own(3.0)) == 9.0
    assert jit(lambda x: Own(x * x))(3.0).x == 9.0
    with pytest.raises(OperandError, match=r"take_apart of the registered container Own must return \(parts, rest\)"):
        register_container(Own, lambda own: [own.x], lambda rest, parts: Own(*parts))
        grad(lambda own: own.x)(Own(2.0))


@pytest.mark.parametrize(
    "arguments", [(list, len, len), (float, len, len), (np.ndarray, len, len), (3, len, len), (Line, None, len)]
)
def test_what_can_not_be_registered_is_refused(arguments):
    with pytest.raises(OperandError, match=r"register_container takes a class|can't be registered"):
        register_container(*arguments)


def test_the_rest_of_a_registered_container_is_part_of_the_key_of_a_recording():
    fast = jit(lambda line: line.points[1] * (2.0 if line.colour == "blue" else 3.0))
    assert fast(Line(1.0, 0.0, "blue")) == 2.0
    assert fast(Line(1.0, 0.0, "red")) == 3.0
    assert fast(Line(5.0, 0.0, "blue")) == 10.0
    assert len(fast.paths) == 2


def test_settings_of_a_dataclass_stay_whole_numbers_and_flags():
    def wound(spring):
        return spring.stiffness ** len(range(spring.turns)) if spring.held is True else 0.0

    for way in (grad(wound), jit(grad(wound)), grad(jit(wound))):
        assert_same(way(Spring(2.0, 1.0)), Spring(12.0, 0.0))
    fast = jit(wound)
    assert [fast(Spring(2.0, 1.0, turns=turns)) for turns in (1, 2, 3, 2)] == [2.0, 4.0, 8.0, 4.0]
    assert fast(Spring(2.0, 1.0, held=False)) == 0.0


def test_what_a_dataclass_computes_follows_its_fields_and_what_it_keeps_is_computed_anew():
    assert grad(lambda r: r.area)(Rectangle(2.0, 3.0)) == Rectangle(3.0, 2.0)
    fast = jit(lambda r: r.area)
    assert [fast(Rectangle(2.0, 3.0)), fast(Rectangle(4.0, 3.0))] == [6.0, 12.0]
    spring = Spring(2.0, 3.0)
    assert spring.sum == 5.0
    assert_same(grad(lambda spring: spring.sum**2)(spring), Spring(10.0, 10.0))


def test_a_default_that_is_no_parameter_is_a_number_as_others_are():
    given = Unset(3.0)
    derivatives = grad(lambda given: given.low**2 * given.step)(given), jacobian(Unset)(3.0)
    assert [(one.low, one.step) for one in derivatives] == [(30.0, 9.0), (1.0, 0.0)]
    fast = jit(lambda given: given.low * given.step)
    before = fast(given)
    given.step = 2.0
    assert [before, fast(given), jit(Unset)(3.0)] == [15.0, 6.0, Unset(3.0)]


def test_an_object_without_numbers_is_itself():
    option = Frozen(low=None, high="high")
    seen = []
    jit(lambda x, option: seen.append(option) or x)(1.0, option)
    assert seen[0] is option
    assert grad(lambda given: seen.append(given["o"]) or given["x"])({"x": 1.0, "o": option})["o"] is option
    assert seen[1] is option


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    "leaf",
    [
        None,
        "text",
        b"bytes",
        len,
        abs,
        Colour.RED,
        Colour,
        exp,
        np.tanh,
        jit(abs),
        grad(abs),
        pathlib.Path("a"),
        ...,
        enum,
    ],
    ids=repr,
)
def test_leaves_without_numbers_stay_where_they_are(leaf):
    given = {"x": 2.0, "leaf": [leaf]}
    for way in (grad, jacobian, lambda f: jit(grad(f))):
        seen = []
        found = way(lambda given, seen=seen: seen.append(given["leaf"][0]) or given["x"] ** 2)(given)
        assert found["x"] == 4.0 and found["leaf"][0] is seen[0] is leaf
    assert jacobian(lambda x: (x, leaf))(2.0) == (1.0, leaf)


def test_none_and_texts_stay_in_results_but_are_no_result_alone():
    assert jacobian(lambda x: {"y": x * x, "n": None, "t": "text"})(3.0) == {"y": 6.0, "n": None, "t": "text"}
    fast = jit(lambda x: [x * x, None, "large" if x > 1.0 else "small"])
    assert [fast(3.0), fast(0.5), fast(2.0)] == [[9.0, None, "large"], [0.25, None, "small"], [4.0, None, "large"]]
    found = vmap(lambda x: (x * x, None, "text"))(np.array([1.0, 2.0]))
    assert found[0].tolist() == [1.0, 4.0] and found[1:] == (None, "text")
    with pytest.raises(TypeError, match="for some rows and"):
        vmap(lambda x: (x, "large" if x > 1.0 else "small"))(np.array([1.0, 2.0]))
    for way in (grad, jacobian, jit):
        with pytest.raises(OperandError, match=r"must be a number.*got NoneType None"):
            way(lambda x: None)(1.0)


@pytest.mark.parametrize("write", [str, repr, "{:.2f}".format, lambda x: f"{x}"])
def test_a_text_with_a_number_in_it_is_not_recorded(write):
    with pytest.raises(OperandError, match=r"the output of .*\['t'\] of a compiled function is the text"):
        jit(lambda x: {"y": x, "t": write(x)})(2.0)
    # What is only shown does no harm.
    assert jit(lambda x: write(x) and x * x)(2.0) == 4.0
