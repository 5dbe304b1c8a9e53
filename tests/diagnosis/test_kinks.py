"""The operations of a graph that are on or near a kink."""

import math

import pytest

from autograd import (
    ArgumentError,
    OperandError,
    Primitive,
    StaleGraphError,
    ceil,
    clip,
    copysign,
    floor,
    hypot,
    kinks,
    maximum,
    minimum,
    mod,
    norm,
    round,
    sign,
    sqrt,
    trunc,
    where,
)
from autograd.diagnosis.kinks import distance_to_kink
from tests.tables.expressions import variable

LINE = Primitive("bent line", lambda x: abs(x - 2.0), lambda x, out: sign(x - 2.0), kinks=lambda x: x - 2.0)


@pytest.mark.parametrize(
    ("output", "operation", "distance"),
    [
        (lambda: variable(0.0).relu(), "max", 0.0),
        (lambda: maximum(variable(1.0), variable(1.0, "y")), "max", 0.0),
        (lambda: minimum(variable(1.0), variable(1.5, "y")), "min", 0.5),
        (lambda: maximum(variable(1.0), variable(3.0, "y"), variable(2.75, "z"), 1.0), "max_of_many", 0.25),
        (lambda: minimum(variable(1.0), variable(3.0, "y"), variable(3.0, "z"), 1.5), "min_of_many", 0.5),
        (lambda: abs(variable(-0.25)), "abs", 0.25),
        (lambda: floor(variable(3.0)), "floor", 0.0),
        (lambda: ceil(variable(2.75)), "ceil", 0.25),
        (lambda: round(variable(2.5)), "round", 0.0),
        (lambda: trunc(variable(-4.125)), "trunc", 0.125),
        (lambda: sign(variable(0.0)), "sign", 0.0),
        (lambda: mod(variable(6.0), 3.0), "mod", 0.0),
        (lambda: hypot(variable(0.0), variable(0.0, "y")), "hypot", 0.0),
        (lambda: norm([variable(0.3), variable(0.4, "y"), 0.0]), "norm", 0.5),
        (lambda: copysign(variable(2.0), variable(0.0, "y")), "copysign", 0.0),
        (lambda: sqrt(variable(0.0)), "sqrt", 0.0),
        (lambda: 1.0 / variable(0.0), "divide", 0.0),
        (lambda: LINE(variable(2.0)), "bent line", 0.0),
    ],
)
def test_a_kink_is_found_with_its_distance(output, operation, distance):
    (kink,) = kinks(output() * 2.0 + 1.0, tolerance=0.5)
    assert kink.node.op.name == operation
    assert kink.distance == pytest.approx(distance, abs=1e-15)
    assert [parent.value for parent in kink.operands] == [parent.value for parent in kink.node.parents]


@pytest.mark.parametrize(
    "output",
    [
        lambda: variable(3.0).relu(),
        lambda: maximum(variable(1.0), variable(2.0, "y")),
        # A tie below the largest is no kink.
        lambda: maximum(variable(1.0), variable(1.0, "y"), variable(9.0, "z")),
        lambda: minimum(variable(1.0), variable(9.0, "y"), variable(9.0, "z")),
        lambda: floor(variable(2.5)),
        lambda: variable(2.0).exp() * 3.0,
        lambda: maximum(variable(math.nan), 0.0),
        lambda: abs(variable(math.inf)),
    ],
)  # fmt: skip
def test_what_is_far_from_its_kinks_is_not_named(output):
    assert kinks(output()) == ()


@pytest.mark.parametrize("value", [0.0, 1.5, -3.0])
def test_a_node_is_no_tie_with_itself(value):
    x = variable(value)
    moved = x + 10.0
    assert kinks(maximum(x, x) + minimum(x, x) + maximum(x, x, x) + moved // moved) == ()


def test_a_division_by_itself_has_its_pole_still():
    x = variable(0.0)
    (kink,) = kinks(x / x)
    assert kink.node.op.name == "divide"


def test_the_nearest_comes_first_and_the_order_is_that_of_the_computation():
    x, y = variable(1e-3), variable(-0.1, "y")
    found = kinks(abs(y) + abs(x) + x.relu(), tolerance=0.2)
    assert [(kink.node.op.name, kink.distance) for kink in found] == [("abs", 1e-3), ("max", 1e-3), ("abs", 0.1)]


def test_near_is_meant_beside_the_size_of_the_operands():
    assert kinks(maximum(variable(1e12), variable(1e12 + 1.0, "y")))
    assert not kinks(maximum(variable(1.0), variable(1.0 + 1e-6, "y")))


def test_a_clip_has_a_kink_at_either_end():
    assert [kink.node.op.name for kink in kinks(clip(variable(0.0), 0.0, 1.0))] == ["max"]
    assert [kink.node.op.name for kink in kinks(clip(variable(1.0), 0.0, 1.0))] == ["min"]


def test_what_python_or_where_decided_is_not_known_and_said_so():
    x = variable(0.0)
    found = kinks(where(x >= 0.0, x * 2.0, x * 3.0) + 1.0)
    assert found == ()
    assert [node.op.name for node in found.choices] == ["where"]
    assert str(found) == (
        "no operation recorded is near a kink\nof 1 choice(s) by `where` it is not recorded how close the condition was"
    )


def test_a_kink_reads_as_a_sentence():
    x = variable(0.0)
    assert str(kinks(x.relu())) == "max of x = 0.0 and 0.0: at a kink, jump or pole"
    assert str(kinks(abs(x - 1e-12))) == "abs of -1e-12: 1e-12 from a kink, jump or pole"


def test_a_leaf_and_a_smooth_operation_are_infinitely_far_from_kinks():
    assert distance_to_kink(variable(0.0)) == math.inf
    assert distance_to_kink(variable(0.0).exp()) == math.inf
    assert kinks(variable(0.0)) == ()


def test_a_point_that_was_left_is_refused():
    x = variable(1.0)
    y = abs(x)
    x.value = 0.0
    with pytest.raises(StaleGraphError) as caught:
        kinks(y)
    assert str(caught.value) == (
        "variable 'x' was assigned after abs node was computed from it; kinks would be looked for at a point where "
        "it was not computed. Compute the expression again after assigning"
    )


def test_a_tolerance_below_0_and_what_is_no_node_are_refused():
    with pytest.raises(ArgumentError, match=r"kinks needs a tolerance >= 0, got -1\.0"):
        kinks(variable(1.0), tolerance=-1.0)
    with pytest.raises(ArgumentError, match="got nan"):
        kinks(variable(1.0), tolerance=math.nan)
    with pytest.raises(OperandError, match="a graph is walked from nodes, got float"):
        kinks(1.0)


def test_a_chain_of_100_000_operations_takes_no_recursion():
    x = variable(0.5)
    y = x
    for _ in range(50_000):
        y = abs(y + 0.0)
    y = y.relu() - 0.5
    assert [kink.node.op.name for kink in kinks(abs(y))] == ["abs"]
