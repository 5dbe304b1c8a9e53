"""The numbers of primitives and of what is not on a tape."""

import math

import autograd
from autograd import Primitive, Variable
from autograd.operations.primitive import all_primitives, count_built_in
from autograd.operations.primitives import Multiply, Plus, Sum
from autograd.transforms.numbering import Numbering
from autograd.transforms.tape import Tape


def whole_tape(function, *numbers):
    """The whole tape of a function at these numbers."""
    recorded = []

    def noted(*operands):
        result = function(*operands)
        recorded.append(Tape(list(operands), [result], 0, whole=True))
        return result

    autograd.grad(noted, argnums=tuple(range(len(numbers))))(*numbers)
    return recorded[0]


def test_built_in_primitives_have_numbers_from_1_and_others_have_0():
    built_in = [primitive for primitive in all_primitives(auxiliary=True) if primitive.built_in]
    assert [primitive.number for primitive in built_in] == list(range(1, count_built_in() + 1))
    mine = Primitive("a_primitive_of_this_test", lambda x: x, lambda x, out: 1.0, registered=False)
    assert (mine.number, mine.built_in) == (0, False)


def test_operations_of_one_primitive_on_as_many_operands_have_one_code():
    mine = Primitive("another_primitive_of_this_test", lambda x: x + 1.0, lambda x, out: 1.0, registered=False)
    tape = whole_tape(
        lambda x, y: Sum(x * y, mine(x + y), mine(y)) + Sum(x, y) * Sum(y, x), 2.0, 3.0,
    )  # fmt: skip
    assert len(tape.codes) == len(tape.nodes) == 9
    kinds = [(node.op, len(node.parents) if node.op is Sum else 0) for node in tape.nodes]
    assert [tape.numbering.primitives[code] for code in tape.codes] == [node.op for node in tape.nodes]
    for one, code in zip(kinds, tape.codes, strict=True):
        for other, known in zip(kinds, tape.codes, strict=True):
            assert (one == other) == (code == known)
    assert {kind for kind, _ in kinds} == {Multiply, Plus, Sum, mine}


def test_each_number_has_one_slot_by_its_bits_and_all_nans_have_one():
    numbering = whole_tape(
        lambda x: x * 2.0 + x * 0.0 + x * -0.0 + x * (1.0 + 1.0) + x * math.nan + x * -math.nan, 1.0,
    ).numbering  # fmt: skip
    assert [repr(number) for number in numbering.others] == ["2.0", "0.0", "-0.0", "nan"]
    assert numbering.node_places == {}


def test_each_node_that_is_not_on_the_tape_has_one_slot():
    outside = [Variable(2.0), Variable(2.0)]
    numbering = whole_tape(lambda x: x * outside[0] + x * outside[1] + outside[0] * x, 1.0).numbering
    assert [numbering.others[place] for place in numbering.node_places.values()] == outside
    assert list(numbering.node_places) == [id(node) for node in outside]


def test_a_numbering_starts_empty():
    numbering = Numbering()
    assert (numbering.primitives, numbering.others, numbering.node_places) == ([], [], {})
