"""Numbers copied from place to place: which go where, however they lie."""

import random

import pytest

from autograd.program.machine.copies import SHORTEST, Copies


@pytest.mark.parametrize("seed", range(20))
def test_each_number_is_copied_to_its_place_once(seed):
    draw = random.Random(seed)
    sources, targets = [], []
    for _ in range(draw.randrange(12)):
        source, target = draw.randrange(50), draw.randrange(50)
        length = draw.choice([1, 2, SHORTEST - 1, SHORTEST, 3 * SHORTEST])
        sources += range(source, source + length)
        targets += range(target, target + length)
    assert sorted(Copies(sources, targets)) == sorted(zip(sources, targets, strict=True))


def test_numbers_side_by_side_in_one_memory_alone_are_single_copies():
    assert list(Copies([3, 4, 5, 6, 7, 8, 9], [9, 8, 7, 6, 5, 4, 3])) == list(
        zip(range(3, 10), range(9, 2, -1), strict=True)
    )


def test_as_many_places_are_needed_in_both_memories():
    with pytest.raises(ValueError, match="both memories, got 2 and 1"):
        Copies([1, 2], [1])
