"""Containers of numbers: each kind is taken apart and put together alike, wherever it is given or returned."""

from __future__ import annotations

import collections
import types
from collections.abc import Mapping

import numpy as np
import pytest

import viz
from autograd import (
    OperandError,
    Variable,
    array,
    exp,
    grad,
    gradcheck,
    hessian,
    jacobian,
    jit,
    value_and_grad,
    vmap,
)
from autograd.program.signature import Signature, argument_leaf, sign
from autograd.testing import check_gradient
from autograd.transforms.trees import flatten, map_leaves

Point = collections.namedtuple("Point", "x y")


class Weights(list):
    pass


class Pair(tuple):
    __slots__ = ()


class Settings(Mapping):
    """A mapping of a user's own, which is no dict."""

    def __init__(self, **items):
        self.items_by_name = items

    def __getitem__(self, key):
        return self.items_by_name[key]

    def __iter__(self):
        return iter(self.items_by_name)

    def __len__(self):
        return len(self.items_by_name)


# Each makes a container of two numbers, which may stand in it more than once.
CONTAINERS = {
    "list": lambda x, y: [x, y],
    "tuple": lambda x, y: (x, y),
    "named tuple": Point,
    "dict": lambda x, y: {"a": x, 2: y},
    "ordered dict": lambda x, y: collections.OrderedDict(b=x, a=y),
    "default dict": lambda x, y: collections.defaultdict(float, a=x, b=y),
    "mapping proxy": lambda x, y: types.MappingProxyType({"a": x, "b": y}),
    "user's mapping": lambda x, y: Settings(a=x, b=y),
    "subclass of list": lambda x, y: Weights([x, y]),
    "subclass of tuple": lambda x, y: Pair([x, y]),
    "array": lambda x, y: np.array([x, y]),
    "array of objects": lambda x, y: np.array([[x], [y]], dtype=object),
    "array without axes": lambda x, y: [np.array(x), np.array(y, dtype=object)],
    "nested": lambda x, y: {
        "a": [x, (Point(y, np.array([x, y])),)],
        "b": types.MappingProxyType({(1, 2): Settings(y=y)}),
    },
    "with empty ones": lambda x, y: [[], x, (), {}, {"a": ()}, np.zeros((0, 2)), y],
}
EACH = pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
HOLDS_ARRAY_OF_OBJECTS = {"array of objects", "array without axes"}


def numbers_in(tree):
    """The numbers of a tree in their order."""
    if isinstance(tree, np.ndarray):
        return list(tree.flat)
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    return [number for part in tree for number in numbers_in(part)] if isinstance(tree, list | tuple) else [tree]


def in_floats(tree, keep_dicts=False):
    """The same tree as it comes back: subclasses and other mappings as plain ones, arrays of floats."""
    if isinstance(tree, np.ndarray):
        return tree.astype(float)
    if isinstance(tree, Mapping):
        items = {key: in_floats(part, keep_dicts) for key, part in tree.items()}
        if keep_dicts and isinstance(tree, collections.defaultdict):
            return collections.defaultdict(tree.default_factory, items)
        return type(tree)(items) if keep_dicts and isinstance(tree, dict) else items
    if isinstance(tree, list | tuple):
        parts = [in_floats(part, keep_dicts) for part in tree]
        return Point(*parts) if isinstance(tree, Point) else parts if isinstance(tree, list) else tuple(parts)
    return float(tree)


def assert_same(found, expected):
    """Fail unless both are the same numbers in the same containers, of the same types."""
    assert type(found) is type(expected), (found, expected)
    if isinstance(found, np.ndarray):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.ravel().tolist() == pytest.approx(expected.ravel().tolist())
    elif isinstance(found, Mapping):
        assert list(found) == list(expected)
        for key in found:
            assert_same(found[key], expected[key])
    elif isinstance(found, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == pytest.approx(expected)


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
    """A plain tree with other numbers in it."""
    if isinstance(tree, np.ndarray):
        return np.array([next(numbers) for _ in tree.flat]).reshape(tree.shape)
    if isinstance(tree, dict):
        return {key: with_numbers(part, numbers) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        parts = [with_numbers(part, numbers) for part in tree]
        return Point(*parts) if isinstance(tree, Point) else type(tree)(parts)
    return next(numbers)


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
    count = len(numbers_in(make(2.0, 3.0)))
    rows = numbers_in(hessian(squares)(make(2.0, 3.0)))
    assert [float(entry) for entry in rows if entry != 0.0] == [2.0 * place for place in range(1, count + 1)]


@EACH
def test_aux_keeps_no_variable_of_the_transform(make):
    aux = grad(lambda x: (x * x, make(x, x + 1.0)), has_aux=True)(2.0)[1]
    assert_same(aux, in_floats(make(2.0, 3.0), keep_dicts=True))
    (_, aux), _ = value_and_grad(lambda x: (x * x, make(x, x + 1.0)), has_aux=True)(2.0)
    assert_same(aux, in_floats(make(2.0, 3.0), keep_dicts=True))


@EACH
def test_aux_without_nodes_is_what_the_function_returned(make):
    given = make("text", None)
    aux = grad(lambda x: (x * x, given), has_aux=True)(2.0)[1]
    if not any(isinstance(part, np.ndarray) for part in (given, *numbers_in(list(given)))):
        assert type(aux) is type(given)
    assert numbers_in(aux) == numbers_in(given)


@EACH
def test_a_compiled_function_takes_it_as_an_argument(make):
    for tree in (make(2.0, 3.0), make(2.0, 3.0)):
        fast = jit(squares)
        assert fast(tree) == fast(tree) == value_at(make)
        assert_same(jit(grad(squares))(tree), gradient_at(make))
        assert jit(lambda x, given=None: squares(given) + x)(1.0, given=tree) == value_at(make) + 1.0


@EACH
def test_a_compiled_function_gives_it_with_numbers_for_conditions(make):
    fast = jit(lambda x: make(x > 0.0, x * x))
    expected = in_floats(make(1.0, 4.0))
    assert_same(fast(2.0), expected)
    assert_same(fast(2.0), expected)
    assert_same(fast(-2.0), in_floats(make(0.0, 4.0)))


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
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    return [leaf for part in tree for leaf in parts(part)] if isinstance(tree, list | tuple) else [tree]


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
    # Arrays hold none.
    tree = map_leaves(lambda leaf: leaf if isinstance(leaf, np.ndarray) else f"text {leaf}", make(2.0, 3.0))
    seen = []
    jit(lambda tree: seen.append(tree) or 1.0)(tree)
    assert numbers_in(seen[0]) == numbers_in(tree)


PATHS = {
    "named tuple": ["x[0]", "x[1]"],
    "dict": ["x['a']", "x[2]"],
    "array of objects": ["x[0, 0]", "x[1, 0]"],
    "array without axes": ["x[0]", "x[1]"],
    "nested": ["x['a'][0]", "x['a'][1][0][0]", "x['a'][1][0][1][0]", "x['a'][1][0][1][1]", "x['b'][(1, 2)]['y']"],
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
