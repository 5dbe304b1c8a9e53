"""A sample of what `tools/check_graphs.py` compares, and that it finds what is wrong."""

import math
import random
from concurrent.futures import ProcessPoolExecutor

import pytest

import autograd
from autograd import Variable, backward
from autograd.graph.node import Node
from tests.tables.oracles import BUILT_IN, EVERY_PRIMITIVE, without_a_derivative

if autograd.compiled:
    pytest.importorskip("llvmlite")

from tools.check_graphs import BATCH, UNITS, Tally, check, check_on, check_uncompiled, run_eagerly
from tools.graph_errors import exact_gradients, operation_errors
from tools.graph_records import Record
from tools.random_graphs import CHOICES, COMPARISONS, DETACH, Graph, Step, draw_graph

COUNT = 200 if autograd.compiled else 60


def of_one_step(name, *leaves):
    """The graph of one step, added to its first leaf."""
    return Graph(leaves, (Step(name, tuple(range(len(leaves)))), Step("sum", (len(leaves), 0))), "by hand")


def run(graph):
    return run_eagerly(0, graph, graph.leaves, exact=True)


def test_every_way_to_the_gradients_of_random_graphs_agrees():
    tally = Tally()
    check(0, COUNT, tally, machine_code=autograd.compiled)
    check_uncompiled(0, COUNT, tally)
    assert not tally.disagreements, tally.report()
    assert tally.graphs == COUNT
    assert set(tally.numbers) >= {"grad", "forward mode", "vm", "vm, rows", "eager against mpmath", "eager, uncompiled"}
    undecided = {way: counts[2] / counts[0] for way, counts in tally.numbers.items()}
    assert max(undecided.values()) < 0.05, undecided


@pytest.mark.skipif(not autograd.compiled, reason="machine code needs the compiled engine")
def test_batches_on_two_processes_have_the_same_tally():
    count = BATCH + 10
    alone, together = Tally(), Tally()
    check(0, count, alone)
    with ProcessPoolExecutor(2) as executor:
        check_on(executor, 0, count, together)
    assert together.report() == alone.report()
    assert together.numbers == alone.numbers


def test_graphs_use_every_primitive_and_every_kind_of_step():
    steps = [step for number in range(2000) for step in draw_graph(random.Random(number)).steps]
    assert {step.name for step in steps} == {*[primitive.name for primitive in BUILT_IN], *CHOICES, DETACH}
    assert {step.comparison for step in steps} == {"", *COMPARISONS}


def test_a_graph_is_the_same_each_time_it_is_drawn():
    assert repr(draw_graph(random.Random(7))) == repr(draw_graph(random.Random(7)))


@EVERY_PRIMITIVE
def test_a_wrong_value_or_local_gradient_is_found(primitive):
    leaves = (2.25, 0.5, 1.75)[: primitive.arity or 3]
    if leaves[0] not in primitive.domain[0]:
        leaves = (0.375,)
    if primitive.name == "dot":
        leaves = (2.25, 0.5)
    graph = of_one_step(primitive.name, *leaves)
    missing = without_a_derivative(primitive, leaves)
    if missing:
        operands = tuple([2.0 if place in missing else 0 for place in range(len(leaves))])
        graph = Graph((0.5,), (Step(primitive.name, operands), Step("sum", (1, 0))), "by hand")
    *_, entry, _ = run(graph).record.entries
    value, slopes = operation_errors(entry)
    assert value <= UNITS[0] and max(slopes) <= UNITS[1]
    wrong = entry._replace(value=entry.value + 5 * math.ulp(entry.value))
    assert operation_errors(wrong)[0] > UNITS[0]
    for place in range(len(slopes)):
        moved = list(entry.slopes)
        moved[place] += 9 * (math.ulp(moved[place]) or 5e-324)
        found = operation_errors(entry._replace(slopes=moved))[1][place]
        assert found > UNITS[1] or entry.operands[place] is None


@pytest.mark.parametrize("factor", [-1.0, 2.0, 1.0 + 2.0**-40])
def test_a_gradient_that_is_off_is_outside_of_its_bound(factor):
    decided = 0
    for number in range(100):
        graph = draw_graph(random.Random(number))
        found = run_eagerly(number, graph, graph.leaves, exact=True)
        exact = exact_gradients(found.record)
        for place, bound in enumerate(found.bounds):
            if graph.kind == "ordinary" and exact is not None and bound < 1e-13 * abs(found.slopes[place]):
                decided += 1
                assert (
                    abs(factor * found.slopes[place] - exact[1][place])
                    > bound
                    >= abs(found.slopes[place] - exact[1][place])
                )
    assert decided > 50


def test_bounds_of_two_roundings_an_edge_are_those_one_computes_by_hand():
    x = Variable(3.0)
    known = [x, x * x]
    known.append(known[1] + x)
    backward(known[-1])
    (bound,) = Record([x], known).bounds()
    # Four edges and the output; the paths are 3 + 3 + 1.
    assert bound == pytest.approx(4 * 5 * 2.0**-53 * 7, rel=1e-12)
    assert isinstance(known[-1], Node) and x.grad == 7.0


def test_what_has_no_answer_is_called_not_decidable():
    # floor jumps between the two values that exp may have there, and sqrt leaves its domain.
    for graph in (
        Graph((0.0,), (Step("exp", (0,)), Step("floor", (1,)), Step("exp", (2,)), Step("sum", (3, 0))), "by hand"),
        Graph((1.0,), (Step("sin", (0,)), Step("minus", (1, 1)), Step("sqrt", (2,)), Step("sum", (3, 0))), "by hand"),
    ):
        found = run(graph)
        assert found.bounds == [math.inf] or found.bounds[0] > 0.1


def test_a_disagreement_says_where_it_is():
    tally = Tally()
    tally.compare("vm", 12, "gradient 1", 2.0, 1.0, 0.5)
    tally.compare("vm", 12, "gradient 0", 1.5, 1.0, 0.5)
    tally.compare("vm", 13, "value", math.nan, math.nan, 0.0)
    tally.compare("vm", 14, "value", math.inf, math.nan, 0.0)
    assert "graph 12, vm, gradient 1: 2.0, not 1.0 ± 0.5" in tally.report()
    assert "graph 14, vm, value: inf, not nan ± 0" in tally.report()
    assert len(tally.disagreements) == 2
