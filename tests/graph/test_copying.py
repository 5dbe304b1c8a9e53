"""Copies and pickles of graphs."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import copy
import io
import pickle
from array import array

import pytest

import autograd
from autograd import Constant, Primitive, StaleGraphError, UnknownPrimitiveError, Variable, gradients, scope
from autograd.arrays.matrix_operations import determinant_operation, eigensystem
from autograd.graph.copying import rebuild, rebuild_call, state_of


def graph():
    x = Variable(2.0, name="x")
    with scope("Layer"):
        h = x * x
    h.name = "h"
    y = autograd.sum([h, autograd.exp(h), x, 3.0]) - 1.0
    y.backward()
    return x, h, y


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda nodes: pickle.loads(pickle.dumps(nodes)), lambda n: pickle.loads(pickle.dumps(n, 2))],
)
def test_a_copy_is_the_same_graph_and_shares_what_it_shared(copied):
    x, h, y = copied(graph())
    original_x, original_h, original_y = graph()
    assert (x.value, h.value, y.value) == (original_x.value, original_h.value, original_y.value)
    assert (x.grad, h.grad, y.grad) == (original_x.grad, original_h.grad, original_y.grad)
    assert (x.name, h.name, h.scope.label, h.op.name, y.reached) == ("x", "h", "Layer", "multiply", True)
    assert h.parents == (x, x) and h.parents[0] is x
    assert y.parents[0].parents[0] is h
    assert gradients(y, x) == gradients(original_y, original_x)


def test_a_copy_is_independent_of_the_original():
    x, _, y = graph()
    copied = copy.deepcopy(y)
    x.grad = 0.0
    copied.backward()
    assert x.grad == 0.0


def test_copy_copy_shares_the_parents():
    x, h, _ = graph()
    other = copy.copy(h)
    assert other is not h and other.parents[0] is x and other.value == h.value


def test_pickling_again_after_pickling_a_list_is_still_flat():
    x = Variable(1.0)
    y = x
    for _ in range(20_000):
        y = y * 0.5 + x
    inner = y.parents[0]
    pickle.dumps([inner, y])
    for node in (inner, y):
        assert pickle.loads(pickle.dumps(node)).value == node.value


class FullDisk:
    """A file on which so many writes succeed."""

    def __init__(self, writes):
        self.writes = writes

    def write(self, data):
        self.writes -= 1
        if self.writes < 0:
            raise OSError("the disk is full")
        return len(data)


def test_a_pickling_that_failed_half_way_leaves_the_next_one_flat():
    x = y = Variable(1.0)
    for _ in range(20_000):
        y = y * 0.5 + x
    inner = y.parents[0].parents[0]
    with pytest.raises(OSError, match="the disk is full"):
        pickle.dump(y, FullDisk(writes=3))
    assert pickle.loads(pickle.dumps(inner)).value == inner.value


def test_deep_graphs_are_copied_without_recursion():
    x = Variable(1.0)
    y = x
    for _ in range(50_000):
        y = y + x
    for copied in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        copied.backward()
        assert copied.value == 50_001.0


def test_two_threads_may_pickle_at_once():
    def chain():
        x = y = Variable(1.0)
        for _ in range(2_000):
            y = y * 0.5 + x
        return y

    nodes = [chain() for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        values = list(pool.map(lambda node: pickle.loads(pickle.dumps(node)).value, nodes))
    assert values == [node.value for node in nodes]


def test_a_copy_of_a_stale_graph_is_stale():
    x = Variable(3.0)
    y = x**3
    x.value = 4.0
    copied_x, copied_y = pickle.loads(pickle.dumps((x, y)))
    with pytest.raises(StaleGraphError):
        gradients(copied_y, copied_x, create_graph=True)
    assert gradients(copied_y, copied_x) == 27.0
    fresh = pickle.loads(pickle.dumps(x))
    assert gradients(gradients(fresh**3, fresh, create_graph=True), fresh) == 24.0


def test_constants_survive():
    assert isinstance(pickle.loads(pickle.dumps(Constant(2.0, name="c"))), Constant)


def test_a_pickle_names_primitives_and_runs_nothing():
    mystery = Primitive("test mystery", lambda x: x, lambda x, out: 1.0)
    data = pickle.dumps(mystery(Variable(1.0))).replace(b"test mystery", b"test m1stery")
    with pytest.raises(UnknownPrimitiveError, match="test m1stery"):
        pickle.loads(data)


# y = x * x of x = 3, made in the scope "block" where lines are recorded, swept, and pickled when `copying` and
# `primitive` were modules of the package itself.
OLD_PICKLE = (
    "fCQB_0RR910001t5Mgz6Z)b90WG-WGaCvENXOxT%Uvgz)b!lv5Utwl+Wpb30lqhHdC@G8xR$+2!VPb4$lqpV5i~)F*M?eSw0000007pO=00000"
    "004+7iB5EsQj~?1XaI}|UrcFpbVY7tl#`SxQj~_2j08?^WM!0S251I`l#CK#b#!lMa$#gHaB^vFX>@6JWt5B#W@&C@UvP41ZE19Ac4d^4l#B>%"
    "b!>ELaBO*$g_Kg1j1FOSbZ=*JVPr0CZ)9b2l#B&aV{dR}l#`T<1!8P(V{4R40ZxaMfs{^1Kq3GD00000M?dfY000000EkCG2mk;80000-KnMT;"
    "00000hLnkn5Mgz6Z)b90WG-W2Y;0w6bCiq(OlfXql#`T<2Rw6hWNB_bluHGMl!26Vlv0!~"
)


def test_a_graph_that_was_pickled_before_the_modules_stood_in_rooms_is_read():
    y = pickle.loads(base64.b85decode(OLD_PICKLE))
    (x, again) = y.parents
    assert (y.value, x.grad, x.name, x is again) == (9.0, 6.0, "x", True)
    assert (y.op, y.scope.label, y.source.number) == (autograd.Multiply, "block", 5)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("pickler", [pickle.Pickler, pickle._Pickler], ids=["in C", "in Python"])
def test_scopes_as_deep_as_one_likes_are_pickled_without_recursion_and_shared(pickler, protocol):
    x = Variable(2.0)
    inner = []
    with contextlib.ExitStack() as stack:
        for depth in range(3_000):
            stack.enter_context(scope(f"layer {depth}"))
            if depth in (10, 2_999):
                inner.append(x * x)
    y = inner[0] + inner[1]
    file = io.BytesIO()
    pickler(file, protocol).dump([inner[1], y])
    first, again = pickle.loads(file.getvalue())
    assert again.value == 8.0 and again.scope is None and again.parents[1] is first
    outer, deepest = again.parents[0].scope, first.scope
    labels = []
    while deepest is not None:
        labels.append(deepest.label)
        met = deepest is outer
        deepest = deepest.parent
        assert met == (len(labels) == 2_990)
    assert labels == [f"layer {depth}" for depth in reversed(range(3_000))]
    assert len(file.getvalue()) < 1_000_000


def test_a_damaged_description_of_a_node_is_an_error():
    """Sweeps read operands and local gradients without a further look."""
    x = Variable(1.5)
    kind, operands, primitive, *told = state_of(x * 2.0)
    assert rebuild(kind, operands, primitive, *told).value == 3.0
    local_gradients = told.index((2.0, 1.5))
    for operands, found in [
        ((), (2.0, 1.5)),
        ((x,), (2.0,)),
        ((x, 2.0), ()),
        ((x, "2.0"), (2.0, 1.5)),
        ((x,) * 3, (1.0,) * 3),
    ]:
        told[local_gradients] = found
        with pytest.raises(ValueError, match="what describes this node is damaged"):
            rebuild(kind, operands, primitive, *told)
    for kind, operands, primitive in [
        ("Node", (x, 2.0), None),
        ("Node", (x, 2.0, x), autograd.Dot),
        ("Node", (x, 2.0), determinant_operation(1, True)),
        ("Output", (x, 0), determinant_operation(1, True)),
        ("Call", (x, 2.0), autograd.Multiply),
    ]:
        told[local_gradients] = (1.0,) * len(operands)
        with pytest.raises(ValueError, match="what describes this node is damaged"):
            rebuild(kind, operands, primitive, *told)


def test_results_of_one_operation_are_copied_and_pickled_with_their_derivatives_and_share_it_still():
    """They came back as constants once: values were right, derivatives gone."""
    x = [Variable(number) for number in (3.0, 0.5, 1.0)]
    small, large, *vectors = eigensystem(2, "L")(*x)
    y = small * 2.0 + large * vectors[1]
    y.backward()
    slopes = [leaf.grad for leaf in x]
    for copied in [copy.deepcopy(y), *[pickle.loads(pickle.dumps(y, protocol)) for protocol in range(6)]]:
        leaves = [leaf for leaf in autograd.topological_order(copied) if isinstance(leaf, Variable)]
        assert [leaf.grad for leaf in leaves] == slopes
        autograd.zero_grad(leaves)
        copied.backward()
        assert (copied.value, [leaf.grad for leaf in leaves]) == (y.value, pytest.approx(slopes, rel=1e-14))
    pair = pickle.loads(pickle.dumps([small, large]))
    assert pair[0].op.name == pair[1].op.name == small.op.name
    if autograd.compiled:
        return
    assert pair[0]._left[0] is pair[1]._left[0]


def test_a_damaged_description_of_an_operation_with_several_results_is_an_error():
    x, one = Variable(2.0), determinant_operation(1, True)
    assert rebuild_call(one, (x,), array("d", [2.0]), 2).op is one
    for damaged in [
        (autograd.Multiply, (x,), array("d", [2.0]), 2),
        (one, (x,), array("d"), 2),
        (one, (x,), array("f", [2.0]), 2),
        (one, ("2.0",), array("d", [2.0]), 2),
        (one, (x,), array("d", [2.0]), 10**9),
    ]:
        with pytest.raises(ValueError, match="what describes this node is damaged"):
            rebuild_call(*damaged)
