"""The paths that a gradient is made of: the largest of any number of them, counted without being listed."""

import itertools
import math
import time
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import ArgumentError, OperandError, Variable, exp, gradients, maximum, paths, source_lines, sqrt, where
from tests.tables.expressions import random_expression


def every_path(node, leaf):
    """All products, by walking every path."""
    products, todo = [], [(node, Fraction(1))]
    while todo:
        here, product = todo.pop()
        if here is leaf:
            products.append(product)
            continue
        for parent, slope in zip(here.parents, here.local_gradients, strict=True):
            if parent.name or parent.op is not None:
                todo.append((parent, product * Fraction(slope)))
    return products


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_the_paths_of_a_random_graph_are_those_that_a_full_walk_finds(seed):
    node, variables, _ = random_expression(seed)
    todo, finite = [node], True
    while todo:
        below = todo.pop()
        finite = finite and all(map(math.isfinite, below.local_gradients))
        todo += below.parents
    assume(finite)
    for leaf in variables:
        products = sorted(every_path(node, leaf), key=abs, reverse=True)
        found = paths(node, leaf, limit=1_000)
        assert found.total == len(products)
        assert len(found) == min(len(products), 1_000)
        assert [abs(path.product) for path in found] == pytest.approx(
            [abs(float(product)) for product in products[:1_000]], rel=1e-12, abs=1e-300
        )
        sizes = [abs(float(product)) for product in products]
        assert found.gradient == gradients(node, leaf)
        if len(products) <= 1_000:
            assert float(sum(products)) == pytest.approx(found.gradient, rel=1e-9, abs=1e-12 * max(sizes, default=0.0))
            assert math.fsum(path.product for path in found) == pytest.approx(
                found.gradient, rel=1e-9, abs=1e-12 * max(sizes, default=0.0)
            )
        few = paths(node, leaf, limit=3)
        assert [abs(path.product) for path in few] == pytest.approx(sizes[:3], rel=1e-12, abs=1e-300)


def test_a_path_has_its_nodes_and_local_gradients():
    x, y = Variable(3.0, name="x"), Variable(2.0, name="y")
    product = x * y
    z = product + x * 0.5
    large, small = paths(z, x)
    assert (large.product, large.local_gradients) == (2.0, (1.0, 2.0))
    assert [id(node) for node in large.nodes] == [id(z), id(product), id(x)]
    assert (small.product, small.local_gradients) == (0.5, (1.0, 0.5))


def test_an_operation_on_one_node_twice_is_two_steps():
    x = Variable(3.0)
    assert [path.product for path in paths(x * x, x)] == [3.0, 3.0]
    assert [path.product for path in paths(maximum(x, x, 1.0), x)] == [0.5, 0.5]


def test_paths_lead_to_inner_nodes_and_to_the_node_itself():
    x = Variable(2.0)
    inner = x * 3.0
    outer = exp(inner) + inner
    assert paths(outer, inner).total == 2
    (itself,) = paths(outer, outer)
    assert (itself.product, itself.nodes, itself.local_gradients) == (1.0, (outer,), ())
    assert paths(outer, outer).gradient == 1.0
    assert str(itself) == "1 = 1 by plus"


def test_what_is_not_reached_or_constant_has_no_path():
    x, y = Variable(2.0), Variable(3.0)
    z = where(x > 0.0, x, y) * 2.0
    assert (paths(z, y), paths(z, y).total, paths(z, y).gradient) == ((), 0, 0.0)
    assert paths(z, z.parents[1]) == ()
    assert str(paths(z, y)) == "gradient 0.0, the sum over 0 path(s):"


def test_paths_are_counted_though_there_are_too_many_to_list():
    x = Variable(1.0)
    y = x
    for _ in range(200):
        y = y * 0.5 + y * 0.25
    found = paths(y, x, limit=5)
    assert found.total == 2**200
    assert found.gradient == gradients(y, x)
    # The best path takes the larger factor everywhere; 200 others take the smaller one once.
    assert [path.product / found[0].product for path in found] == pytest.approx([1.0, 0.5, 0.5, 0.5, 0.5])
    assert found[0].product == 0.5**200
    assert found.rest == pytest.approx(found.gradient)
    assert "the sum over about 1e60 path(s):" in str(found)


def test_equal_products_do_not_make_the_search_wander():
    x = Variable(1.1)
    y = x
    for _ in range(2_000):
        y = y * 0.7 + y * 0.7
    start = time.process_time()
    found = paths(y, x, limit=20)
    assert time.process_time() - start < 10.0
    assert len({tuple(map(id, path.nodes)) for path in found}) == 20
    assert found.total == 2**2_000


def test_signs_and_cancellation_are_seen():
    x = Variable(2.0, name="x")
    y = x * 1e8
    z = (y + 1.0) - y
    found = paths(z, x)
    assert [path.product for path in found] == [1e8, -1e8]
    assert (found.gradient, found.rest) == (0.0, 0.0)


def test_products_do_not_overflow_on_the_way():
    x = Variable(1e-300)
    y = ((x * 1e200) * 1e200) * 1e-300
    (path,) = paths(y, x)
    assert path.product == pytest.approx(1e100)
    (path,) = paths(((x * 1e200) * 1e200), x)
    assert path.product == math.inf


def test_infinite_and_zero_slopes_come_first_and_last():
    x = Variable(0.0, name="x")
    found = paths(sqrt(x) + x * 5.0 + (x - 1.0).relu(), x)
    assert [path.product for path in found] == [math.inf, 5.0, 0.0]
    found = paths(sqrt(x) * 0.0 + x * 5.0, x)
    assert math.isnan(found[0].product)
    assert found[1].product == 5.0


def test_it_reads_aloud():
    x = Variable(3.0, name="x")
    with source_lines():
        y = exp(x) * 2.0
    line = y.source
    z = y + x * x * 0.5
    z.name = "z"
    assert str(paths(z, x, limit=1)).splitlines() == [
        f"gradient {gradients(z, x)!r}, the sum over 3 path(s):",
        f"40.17 = 1 · 2 · 20.09 by z → multiply at {line} → exp at {line} → x",
        "3 by 2 other path(s)",
    ]


def test_a_long_path_is_told_in_short():
    x = Variable(3.0, name="x")
    y = x
    for _ in range(100):
        y = y * 1.0
    text = str(paths(y, x))
    assert "1 · 1 · 1 · 1 · (92 more) · 1 · 1 · 1 · 1 by multiply" in text
    assert "(93 more)" in text


def test_a_chain_of_100_000_operations_takes_no_recursion():
    x = Variable(0.5)
    y = x
    for _ in range(50_000):
        y = y * 1.0001 + y * 1e-6
    start = time.process_time()
    found = paths(y, x, limit=3)
    assert time.process_time() - start < 30.0
    assert found.total == 2**50_000
    assert "by about 1e15051 other path(s)" in str(found)
    assert [path.product / found[0].product for path in found] == pytest.approx([1.0, 1e-6, 1e-6], rel=1e-3)


def test_the_largest_products_come_first_on_a_grid():
    x = Variable(1.0)
    y = x
    factors = (0.9, 0.5, 0.1)
    for _ in range(4):
        y = y * factors[0] + y * factors[1] + y * factors[2]
    expected = sorted([math.prod(chosen) for chosen in itertools.product(factors, repeat=4)], reverse=True)
    assert [path.product for path in paths(y, x, limit=81)] == pytest.approx(expected)


def test_wrong_arguments_are_refused():
    x = Variable(1.0)
    with pytest.raises(OperandError, match=r"paths lead from node to node, got float: 1\.0"):
        paths(x, 1.0)
    for limit in (-1, 2.5, True):
        with pytest.raises(ArgumentError, match=f"paths needs the number of paths to list, limit >= 0, got {limit}"):
            paths(x, x, limit=limit)
    assert paths(x * x, x, limit=0).total == 2


def test_an_output_and_a_node_in_the_wrong_order_are_told_from_a_gradient_of_0():
    w, x = Variable(-1.0, name="w"), Variable(2.0)
    y = w * x
    with pytest.raises(ArgumentError, match="multiply node was computed from variable 'w': give the two in the other"):
        paths(w, y)
    assert paths(y, x * 3.0).gradient == paths(x, w).gradient == 0.0 and paths(w, w).gradient == 1.0
