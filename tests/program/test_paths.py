"""The tree of paths: whichever path a call begins with, it comes to its own, and none is recorded twice."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import jit, sin, value_and_grad
from autograd.program.paths import Descent

TABLE = np.linspace(0.5, 1.5, 40).tolist()


def halvings(x, whole):
    count = 0.0
    while x > 1.0:
        x, count = 0.7 * x, count + 1.0
    return x + count


def looked_up(x, whole):
    return x * TABLE[int(whole[0])] + sin(x)


def looked_up_twice(x, whole):
    """A second choice in each of the first, with a decision between them and one behind."""
    result = x * TABLE[int(whole[0])]
    result = result + 1.0 if x > 3.0 else result * x
    for _ in range(int(whole[1])):
        result = 0.9 * result if result > 1.0 else result + 0.3
    return result


def equal_or_not(x, whole):
    """Comparisons with numbers that are no choices, and choices that come and go with them."""
    if whole[0] == 3:
        return x * 3.0
    if x == 2.0:
        return TABLE[int(whole[1])] * x
    return x * int(whole[0]) if x < 2.0 else sin(x)


FUNCTIONS = [halvings, looked_up, looked_up_twice, equal_or_not]
ARGUMENTS = [
    (x, np.array([first, second]))
    for x in (0.25, 1.5, 2.0, 3.5, 9.0, 80.0)
    for first in (0, 1, 3, 7)
    for second in (0, 2, 5)
]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("function", FUNCTIONS)
def test_calls_in_any_order_take_the_path_of_plain_python(function, seed):
    compiled = jit(function, tier="vm", max_paths=1000)
    order = [*ARGUMENTS, *ARGUMENTS, *ARGUMENTS]
    random.Random(seed).shuffle(order)
    for arguments in order:
        assert compiled(*arguments) == function(*arguments)
    in_order = jit(function, tier="vm", max_paths=1000)
    for arguments in ARGUMENTS:
        in_order(*arguments)
    ways = {tuple(path.decisions()) for path in compiled.paths}
    assert len(ways) <= len(compiled.paths) == len(in_order.paths)
    assert sum(path.hits for path in compiled.paths) == len(order)


def test_bound_calls_take_the_path_of_plain_python():
    x = np.array([0.25, 1.0])
    bound = jit(lambda x: x[1] * halvings(x[0], None), tier="vm").bind(x)
    numbers = [number for number, _ in ARGUMENTS] * 2
    random.Random(7).shuffle(numbers)
    for number in numbers:
        x[0] = number
        assert bound() == halvings(number, None)


def test_gradients_take_the_path_of_their_function():
    function = value_and_grad(looked_up_twice)
    compiled = jit(function, tier="vm", max_paths=1000)
    order = ARGUMENTS * 2
    random.Random(1).shuffle(order)
    for arguments in order:
        assert compiled(*arguments) == function(*arguments)


def tries(compiled, *arguments):
    """How many paths a call tries until it has its own."""
    tree = next(iter(compiled.recordings.known.values()))
    numbers = [float(number) for argument in arguments for number in np.ravel(argument)]
    path, descent = tree.last, Descent(tree)
    for count in range(1, 1000):
        machine = path.machine()
        failed = machine.call(numbers)
        if not isinstance(failed, int):
            return count
        path = descent.next(path, machine, failed, numbers)
    raise AssertionError("it goes in circles")


def test_a_path_is_not_looked_for_one_by_one():
    compiled = jit(looked_up, tier="vm")
    for number in range(40):
        compiled(0.5, np.array([number, 0]))
    assert max(tries(compiled, 0.5, [number, 0]) for number in range(40)) <= 3
    compiled = jit(lambda x: halvings(x, None), tier="vm")
    numbers = [0.9 * 0.7**-count for count in range(1, 60)]
    for number in numbers:
        compiled(number)
    assert max(tries(compiled, number) for number in numbers) == 2
    compiled(numbers[0])
    assert tries(compiled, numbers[-1]) <= 3


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0.1, 50.0), st.integers(0, 9), st.integers(0, 4)), max_size=40))
def test_any_calls_come_to_their_paths(calls):
    compiled = jit(looked_up_twice, tier="vm", max_paths=1000)
    for x, first, second in calls:
        whole = np.array([first, second])
        assert compiled(x, whole) == looked_up_twice(x, whole)
    assert len(compiled.paths) <= len(calls)


def test_a_function_that_decides_by_chance_does_not_go_in_circles():
    """What is the same for two paths may differ then; each proves itself all the same."""
    generator = random.Random(3)

    def function(x, whole):
        offset = generator.randrange(3)
        chosen = TABLE[int(whole[0] + offset)]
        return x * chosen if x > 1.0 + 0.1 * offset else x - chosen

    compiled = jit(function, tier="vm", max_paths=200)
    for _ in range(300):
        x, number = generator.uniform(0.9, 1.4), generator.randrange(4)
        result = compiled(x, np.array([number]))
        near = TABLE[number : number + 3]
        assert result in [*[x * one for one in near], *[x - one for one in near]]
