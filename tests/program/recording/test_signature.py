"""The arguments of compiled functions: numbers are taken from arrays of any kind and layout, in their order."""

import gc
import weakref

import numpy as np
import pytest

from autograd import OperandError, Variable, jit
from autograd.program.recording.signature import MANY_NUMBERS, sign
from autograd.transforms.kinds import Whole
from tests.tables.comparison import same_bits

WHOLE = np.arange(24.0).reshape(4, 6)
READ_ONLY = WHOLE.copy()
READ_ONLY.flags.writeable = False
LAYOUTS = {
    "in order": WHOLE,
    "every other": WHOLE[:, ::2],
    "backwards": WHOLE[::-1],
    "transposed": WHOLE.T,
    "columns first": np.asfortranarray(WHOLE),
    "another byte order": WHOLE.astype(">f8"),
    "one number": np.array(2.5),
    "no numbers": np.zeros((0, 3)),
    "not writable": READ_ONLY,
    "single precision": WHOLE.astype(np.float32),
    "half precision": WHOLE.astype(np.float16),
    "integers": WHOLE.astype(np.int8),
    "objects": WHOLE.astype(object),
    "a subclass": WHOLE.view(np.memmap),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers_of_arrays_are_taken_in_their_order(layout):
    given = LAYOUTS[layout]
    numbers, nodes, key = sign((0.5, given, [given]), {"last": 7.5})
    flat = [float(number) for number in given.ravel()]
    assert same_bits(list(numbers), [0.5, *flat, *flat, 7.5])
    assert nodes == {} and (given.shape in key or (Whole(np.int8, -128, 127), given.shape) in key)


def test_nodes_in_arrays_are_found_at_their_places():
    node = Variable(3.0)
    numbers, nodes, _ = sign((1.0, np.array([2.0, node], dtype=object)), {})
    assert list(numbers) == [1.0, 2.0, 3.0] and nodes == {2: node}


@pytest.mark.parametrize("count", [1, MANY_NUMBERS - 1, MANY_NUMBERS, 5 * MANY_NUMBERS])
def test_the_key_of_a_list_tells_how_many_numbers_and_not_which(count):
    numbers = [0.5 * place for place in range(count)]
    key = sign((numbers,), {})[2]
    assert len(key) < MANY_NUMBERS + 2
    alike = [[1.5, *numbers[1:]], [Variable(2.0), *numbers[1:]], [*numbers[:-1], np.float64(3.0)]]
    assert all(sign((other,), {})[2] == key for other in alike)
    others = [[*numbers, 1.0], tuple(numbers), [*numbers[:-1], 1], [*numbers[:-1], [1.0]], np.array(numbers)]
    assert all(sign((other,), {})[2] != key for other in others)


@pytest.mark.parametrize("given", [np.array(["2020-01-01"], dtype="M8[D]"), np.array([1j]), np.array(["text"])])
def test_arrays_of_anything_but_numbers_are_refused(given):
    with pytest.raises(OperandError, match=r"argument 0 of a compiled function is an array of .*; give one of numbers"):
        jit(lambda x: x[0] * 2.0)(given)


def test_results_that_are_arrays_are_their_own():
    function = jit(lambda x: (x[0], x * 2.0, {"b": x + 1.0}, np.array([[x[0], x[1]]]), x[:0]))
    x = np.array([1.0, 2.0])
    first, second = function(x), function(x)
    first[1][:] = first[2]["b"][:] = first[3][:] = 0.0
    assert same_bits(second, (1.0, [2.0, 4.0], [2.0, 3.0], [[1.0, 2.0]], []))
    assert type(second[0]) is float and [second[3].shape, second[4].shape] == [(1, 2), (0,)]
    assert same_bits(function(x), second)


def refers_to_itself():
    """A reference that doesn't keep it alive to a compiled function that its own function has."""
    found = []

    def function(x):
        return x * 2.0 if found else x

    found.append(jit(function))
    found[0](1.5)
    return weakref.ref(found[0])


def test_a_compiled_function_is_freed_with_what_it_refers_to():
    seen = refers_to_itself()
    gc.collect()
    assert seen() is None
