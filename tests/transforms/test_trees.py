"""Structures: values taken apart into their numbers and put together again."""

from __future__ import annotations

import collections
import math
import types
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograd import Constant, Node, OperandError, Variable, grad
from autograd.transforms.trees import Structure, as_array, flatten
from tests.tables.settings import CI

Point = collections.namedtuple("Point", "x y")

FLOATS = st.floats(allow_nan=False)
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.tuples(st.integers(), st.booleans()))
SHAPES = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
NUMBERS = st.one_of(
    FLOATS,
    st.integers(-(2**60), 2**60),
    st.booleans(),
    st.fractions(max_denominator=100),
    FLOATS.map(np.float64),
    st.integers(-100, 100).map(np.int16),
    st.booleans().map(np.bool_),
)
ARRAYS = st.one_of(
    arrays(np.float64, SHAPES, elements=FLOATS),
    arrays(np.float32, SHAPES, elements=st.floats(width=32, allow_nan=False)),
    arrays(st.sampled_from([np.int8, np.uint16, np.int64, np.bool_]), SHAPES),
    arrays(object, SHAPES, elements=st.one_of(FLOATS, st.integers(-9, 9)), fill=st.nothing()),
    arrays(np.float64, SHAPES, elements=FLOATS).map(np.transpose),
)


def containers(inside):
    """Lists, tuples, dicts and namedtuples of values."""
    return st.one_of(
        st.lists(inside, max_size=4),
        st.lists(inside, max_size=4).map(tuple),
        st.dictionaries(KEYS, inside, max_size=4),
        st.builds(Point, inside, inside),
    )


VALUES = st.recursive(st.one_of(NUMBERS, ARRAYS), containers, max_leaves=12)


def in_floats(value):
    """The same value with each number as a float, each array as one of float64."""
    if isinstance(value, dict):
        return {key: in_floats(item) for key, item in value.items()}
    if isinstance(value, Point):
        return Point(*map(in_floats, value))
    if isinstance(value, list | tuple):
        return type(value)(map(in_floats, value))
    return value.astype(np.float64) if isinstance(value, np.ndarray) else float(value)


def same(one, other):
    """Whether both are the same numbers in the same structure, of the same types; the sign of zero counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and math.copysign(1.0, one) == math.copysign(1.0, other)


@CI
@given(VALUES)
def test_a_value_is_put_together_again_in_floats(value):
    numbers, structure = flatten(value, "a value")
    assert all(type(number) is float for number in numbers)
    assert structure.size == len(numbers)
    assert same(structure.build(numbers), in_floats(value))


@CI
@given(VALUES)
def test_what_was_put_together_comes_apart_into_the_same(value):
    numbers, structure = flatten(value, "a value")
    again, same_structure = flatten(structure.build(numbers), "a value")
    assert again == numbers
    assert structure.arrange(numbers, same_structure) == numbers
    assert repr(same_structure) == repr(structure)


@CI
@given(VALUES, st.data())
def test_a_structure_holds_any_other_numbers_too(value, data):
    _, structure = flatten(value, "a value")
    others = data.draw(st.lists(FLOATS, min_size=structure.size, max_size=structure.size))
    assert flatten(structure.build(others), "a value")[0] == others
    assert flatten(structure.build(tuple(others)), "a value")[0] == others


@CI
@given(VALUES)
def test_nodes_are_kept_as_they_are(value):
    _, structure = flatten(value, "a value")
    nodes = [Variable(float(place)) for place in range(structure.size)]
    found, again = flatten(structure.build(nodes), "a value")
    assert len(found) == len(nodes) and all(one is other for one, other in zip(found, nodes, strict=True))
    assert structure.arrange(found, again) == found


@CI
@given(VALUES)
def test_the_pieces_lie_side_by_side(value):
    _, structure = flatten(value, "a value")
    pieces = []
    structure.map_pieces(lambda start, piece: pieces.append((start, piece)))
    end = 0
    for start, piece in pieces:
        assert start == end
        assert piece.shape is not None
        end += piece.size
    assert end == structure.size


@CI
@given(VALUES)
def test_flattening_leaves_the_value_alone(value):
    before = in_floats(value)
    _, structure = flatten(value, "a value")
    assert same(in_floats(value), before)
    structure.build([0.0] * structure.size)
    assert same(in_floats(value), before)


DIFFERENT = [
    1.0, [1.0], (1.0,), [1.0, 2.0], Point(1.0, 2.0), (1.0, 2.0), {"a": 1.0}, {"b": 1.0}, {"a": [1.0]}, [[1.0]], [], (),
    {}, np.array(1.0), np.ones(1), np.ones((1, 1)), np.ones(2), np.ones((2, 1)), np.zeros(0), np.zeros((0, 2)),
]  # fmt: skip


def test_different_structures_are_not_equal():
    structures = [flatten(value, "a value")[1] for value in DIFFERENT]
    for place, one in enumerate(structures):
        for other_place, other in enumerate(structures):
            assert (one == other) == (place == other_place), (one, other)
        assert one != "number"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "number"),
        (np.float32(1.0), "number"),
        (np.array(1.0), "array[]"),
        (np.ones((2, 3)), "array[2, 3]"),
        ([1.0, (2.0, [])], "[number, (number, [])]"),
        ({"a": 1.0, 2: np.ones(2)}, "{'a': number, 2: array[2]}"),
        ([0.0] * 9, "[number, number, number, number, number, number, number, number, ...]"),
        (Point(1.0, [2.0]), "(number, [number])"),
    ],
    ids=repr,
)
def test_a_structure_reads_as_what_it_is(value, shown):
    assert repr(flatten(value, "a value")[1]) == shown


class Weights(list):
    pass


class Pair(tuple):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        collections.OrderedDict(b=1.0, a=[2.0]),
        types.MappingProxyType({"a": 1.0}),
        collections.defaultdict(list, a=1.0),
        Weights([1.0, 2.0]),
        Pair([1.0, 2.0]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds_of_dicts_lists_and_tuples_come_back_as_what_they_are(value):
    numbers, structure = flatten(value, "a value")
    found = structure.build(numbers)
    assert type(found) is type(value) and found == value and found is not value
    assert getattr(found, "default_factory", None) is getattr(value, "default_factory", None)


def test_numpy_scalars_are_numbers_and_arrays_without_axes_are_arrays():
    assert flatten(np.float64(2.0), "a value")[1] == flatten(2.0, "a value")[1]
    numbers, structure = flatten(np.array(2), "a value")
    assert numbers == [2.0]
    assert same(structure.build(numbers), np.array(2.0))


def test_special_numbers_keep_what_is_special():
    numbers, structure = flatten([math.nan, -0.0, -math.inf, 10**400, -(10**400)], "a value")
    assert math.isnan(numbers[0]) and math.copysign(1.0, numbers[1]) == -1.0
    assert numbers[2:] == [-math.inf, math.inf, -math.inf]
    built = structure.build(numbers)
    assert math.isnan(built[0]) and math.copysign(1.0, built[1]) == -1.0


def test_an_array_is_of_objects_only_where_there_are_nodes():
    x = Variable(1.0)
    assert as_array([1, 2.0]).dtype == np.float64
    assert as_array([]).shape == (0,)
    assert as_array([1.0] * 6, (2, 3)).shape == (2, 3)
    mixed = as_array([1.0, x], (2, 1))
    assert (mixed.dtype, mixed.shape) == (object, (2, 1))
    assert mixed[0, 0] == 1.0 and mixed[1, 0] is x
    built = flatten([np.ones(2), np.ones(1)], "a value")[1].build([1.0, x, 2.0])
    assert (built[0].dtype, built[1].dtype) == (object, np.float64)


def test_an_array_that_was_built_shares_no_memory_with_the_one_taken_apart():
    array = np.ones(3)
    numbers, structure = flatten(array, "a value")
    built = structure.build(numbers)
    built[0] = 5.0
    assert array.tolist() == [1.0, 1.0, 1.0]
    assert numbers == [1.0, 1.0, 1.0]


def test_constants_are_nodes_too():
    x = Constant(2.0)
    (found,), structure = flatten(x, "a value")
    assert found is x
    assert isinstance(structure, Structure) and isinstance(structure.build([x]), Node)


@pytest.mark.parametrize(
    ("value", "path", "given"),
    [
        (None, "", "NoneType None"),
        ("1.0", "", "str '1.0'"),
        (b"1", "", "bytes b'1'"),
        (1j, "", "complex 1j"),
        (np.complex64(1j), "", "complex64 of complex64"),
        ({1.0}, "", "set {1.0}"),
        (object, "", "type <class 'object'>"),
        (np.float64, "", "type"),
        (np.array(["a", "b"]), "", "ndarray of <U1 array(['a', 'b'], dtype='<U1')"),
        (np.array([1 + 1j]), "", "ndarray of complex128 array([1.+1.j])"),
        (np.array("2020-01-01", dtype="datetime64"), "", "ndarray of datetime64"),
        (np.zeros(2, dtype=[("a", float)]), "", "ndarray of [('a', '<f8')]"),
        (None, "", "NoneType None"),
        ("x", "", "str 'x'"),
        ([1.0, 1j], "[1]", "complex 1j"),
        ((1.0, [2.0, 1j]), "[1][1]", "complex 1j"),
        ({"w": {3: [1.0, (2.0, 1j)]}}, "['w'][3][1][1]", "complex 1j"),
        ({(1, "k"): 1j}, "[(1, 'k')]", "complex 1j"),
        (Point(1.0, 1j), "[1]", "complex 1j"),
        (np.array([[1.0, 2.0], [3.0, None]], dtype=object), ".flat[3]", "NoneType None"),
        ([{"a": np.array(["b"], dtype=object)}], "[0]['a'].flat[0]", "str 'b'"),
        ([{"x" * 1000}], "[0]", "set {'xxxx"),
    ],
    ids=lambda value: f"{value!r:.40}",
)
def test_what_is_no_number_is_named_with_the_way_to_it(value, path, given):
    with pytest.raises(OperandError) as error:
        flatten(value, "the loss")
    message = str(error.value)
    assert message.startswith(
        f"the loss{path} must be a number, an array, or a nested list, tuple or dict of them, got "
    )
    assert given in message
    assert len(message) < 250


def test_equal_fractions_and_integers_are_the_same_numbers():
    assert flatten([Fraction(1, 2), 2, True], "a value")[0] == [0.5, 2.0, 1.0]
    assert grad(lambda x: x * Fraction(1, 2))(Fraction(3, 2)) == 0.5
