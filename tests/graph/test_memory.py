"""The memory that graphs take, and that depth is no danger: small versions of `benchmarks/memory.py`."""

import copy
import gc
import pickle
import sys
import sysconfig
import tracemalloc

import pytest

import autograd
from autograd import Constant, Node, Variable, topological_order

DEEP = 200_000 if autograd.compiled else 50_000


def chain(operations):
    x, b, y = Variable(0.99, name="x"), Variable(0.01), Variable(1.5)
    for _ in range(operations // 2):
        y = y * x + b
    return x, y


def one_of_each():
    x = Variable(2.0)
    nary = autograd.sum([x, x, 1.0])
    return {
        "variable": x, "constant": Constant(2.0), "unary": autograd.exp(x), "binary": x * 3.0, "nary": nary,
        "detached": x.detach(), "folded": Constant(1.0) + 2.0,
    }  # fmt: skip


# Where Python is built without its lock, an object also has the thread that it belongs to, and a second count.
UNLOCKED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
NODE = 80 + 16 * UNLOCKED


@pytest.mark.skipif(not autograd.compiled, reason="a fact of the compiled node; this one is plain Python")
def test_a_compiled_node_is_80_bytes():
    assert (Variable(1.0) * 2.0).__sizeof__() == NODE
    assert sys.getsizeof(Variable(1.0) * 2.0) == NODE
    assert Constant(1.0).__sizeof__() == NODE
    assert Variable(1.0).__sizeof__() == NODE + 8


@pytest.mark.skipif(not autograd.compiled, reason="a fact of the compiled node; this one is plain Python")
@pytest.mark.parametrize("kind", one_of_each())
def test_no_node_is_tracked_by_the_garbage_collector(kind):
    assert not gc.is_tracked(one_of_each()[kind])


@pytest.mark.skipif(not autograd.compiled, reason="a fact of the compiled node; this one is plain Python")
def test_a_node_of_two_operands_allocates_at_most_96_bytes():
    _, y = chain(2_000)
    y.backward()
    del y
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        _, y = chain(20_000)
        y.backward()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # The node, and 17 bytes of the sweep's order. With the lock, 4,000 of the nodes are freed ones that are used again.
    assert (after - before) / 20_000 <= (NODE + 18 if UNLOCKED else 96)


@pytest.mark.parametrize("kind", one_of_each())
def test_a_node_takes_no_foreign_attributes(kind):
    node = one_of_each()[kind]
    with pytest.raises(AttributeError):
        node.something = node


@pytest.fixture
def deep():
    return chain(DEEP)


def test_a_deep_chain_builds_and_is_freed_without_recursion(shallow_stack):
    _, y = chain(DEEP)
    assert y.value == pytest.approx(1.0, abs=1e-12)
    del y


def test_a_deep_chain_is_swept_without_recursion(deep, shallow_stack):
    x, y = deep
    y.backward()
    q, n = 0.99, DEEP // 2
    # y_n = 1.5 q**n + 0.01 (1 - q**n) / (1 - q); the terms in q**n are below the smallest double.
    assert x.grad == pytest.approx(0.01 / (1 - q) ** 2, rel=1e-9)
    assert q**n < 1e-40
    assert len(topological_order(y)) == DEEP + 3


def test_a_deep_chain_is_printed_without_recursion(deep, shallow_stack):
    assert len(repr(deep[1])) < 100
    assert len(f"{deep[1]}") < 100
    assert len(str(deep[1].parents)) < 200


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_a_deep_chain_is_pickled_without_recursion(deep, shallow_stack, protocol):
    x, y = deep
    y.backward()
    other = pickle.loads(pickle.dumps(y, protocol))
    assert other.value == y.value
    order = topological_order(other)
    assert len(order) == DEEP + 3
    leaf = next(node for node in order if node.name == "x")
    assert leaf.grad == x.grad
    leaf.grad = 0.0
    other.backward()
    assert leaf.grad == x.grad
    del order


def test_a_deep_chain_is_copied_without_recursion(deep, shallow_stack):
    x, y = deep
    other = copy.deepcopy(y)
    order = topological_order(other)
    assert len(order) == DEEP + 3
    leaf = next(node for node in order if node.name == "x")
    assert leaf is not x
    other.backward()
    y.backward()
    assert leaf.grad == x.grad


def test_a_deep_graph_under_a_wide_sum_is_freed_without_recursion(shallow_stack):
    y = Variable(1.0)
    for _ in range(DEEP // 4):
        y = autograd.sum([y, y, 0.5]) * 0.5
    y.backward()
    del y


def test_graphs_that_share_a_deep_part_are_freed_in_any_order(shallow_stack):
    x, y = chain(DEEP)
    first, second = y * 2.0, y * 3.0
    del y
    del first
    second.backward()
    assert x.grad != 0.0
    del second


def test_a_deep_graph_is_freed_while_an_error_passes_through(shallow_stack):
    def fail():
        _, y = chain(DEEP)
        return y * "a"

    with pytest.raises(TypeError):
        fail()


def test_building_sweeping_and_dropping_leaves_nothing_behind():
    x = Variable(0.5)

    def one_round():
        y = x * 2.0 + autograd.exp(x)
        z = autograd.sum([x, y, 1.0]) + autograd.maximum(x, y) ** 2
        z.name = "z"
        z.backward()
        assert repr(z)
        pickle.loads(pickle.dumps(z))
        copy.deepcopy(z)
        x.grad = 0.0

    for _ in range(200):
        one_round()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        one_round()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(2_000):
            one_round()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()
    # No object is as small as 20 bytes, so none is left from each round. Python and the engine
    # keep up to 15 KB of freed objects to use them again, however many the rounds.
    assert after - before < 20 * 2_000


def test_a_node_dies_with_its_last_reference_not_with_a_collection():
    x = Variable(1.0)
    y = (x * 2.0).exp()
    count = sys.getrefcount(x)
    del y
    assert sys.getrefcount(x) == count - 1
    assert isinstance(x, Node)
