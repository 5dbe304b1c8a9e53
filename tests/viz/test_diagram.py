"""Diagrams: what they record of a graph, and that they let go of it."""

import gc
import time

import pytest

import viz
from autograd import Constant, Variable, exp, scope, sin
from viz.diagrams.from_nodes import diagram_of


def test_records_are_in_step_with_the_graph():
    x = Variable(3.0, name="x")
    y = x * x + 2.0
    y.backward()
    diagram = diagram_of([y])
    assert [(value.number, value.gradient, value.kind) for value in diagram.values] == [
        (3.0, 6.0, "variable"),
        (9.0, 1.0, "result"),
        (2.0, None, "constant"),
        (11.0, 1.0, "result"),
    ]
    assert [
        (o.name, [(operand.value, operand.local_gradient) for operand in o.operands], o.result)
        for o in diagram.operations
    ] == [
        ("multiply", [(0, 3.0), (0, 3.0)], 1),
        ("plus", [(1, 1.0), (2, 1.0)], 3),
    ]
    assert diagram.outputs == (3,)


def test_nodes_of_equal_value_are_kept_apart():
    first, second = Variable(1.0), Variable(1.0)
    assert len(diagram_of([first * second]).values) == 3


def test_each_plain_number_is_a_constant_of_its_own_and_a_constant_is_shared():
    x, c = Variable(1.0), Constant(2.0, name="c")
    kinds = [
        (value.number, value.literal)
        for value in diagram_of([x * 2 + x * 2 + c * x + c]).values
        if value.kind == "constant"
    ]
    assert sorted(kinds) == [(2.0, False), (2.0, True), (2.0, True)]


def test_labels_are_numbered_in_the_order_of_calls_only_if_they_repeat():
    x = Variable(1.0)
    with scope("Affine"):
        first = exp(x)
    with scope("Tanh"):
        second = sin(x)
    with scope("Affine"):
        third = exp(x)
    # The walk meets the second call first.
    assert {box.label for box in diagram_of([third + second + first]).boxes} == {"Affine₁", "Affine₂", "Tanh"}
    labels = {box.label: box.position for box in diagram_of([third + second + first]).boxes}
    assert labels["Affine₂"] < labels["Affine₁"]


def test_boxes_are_nested_like_scopes_and_count_what_is_in_them():
    x = Variable(1.0)
    with scope("Network"):
        with scope("Dense"):
            with scope("Neuron"):
                y = exp(x)
            y = y + x
        y = y * 2.0
    boxes = diagram_of([y]).boxes
    assert [(box.name, box.parent, box.depth, box.operations) for box in boxes] == [
        ("Network", None, 1, 3),
        ("Dense", 0, 2, 2),
        ("Neuron", 1, 3, 1),
    ]


def test_values_between_layers_are_at_home_outside_of_both():
    x = Variable(1.0, name="x")
    with scope("Network"):
        with scope("First"):
            y = exp(x)
        with scope("Second"):
            z = sin(y)
            w = sin(z)
    diagram = diagram_of([w])
    homes = [None if value.home is None else diagram.boxes[value.home].name for value in diagram.values]
    # x just outside of the layer that uses it, y between the layers, z in the second, w leaves all
    assert homes == ["Network", "Network", "Second", None]


def test_a_diagram_keeps_no_node_alive_and_does_not_change():
    x = Variable(3.0, name="x")
    y = x * x
    drawing = viz.draw(y)
    before = drawing.dot
    x.value = 4.0
    y.backward()
    assert drawing.dot == before
    assert not any(
        type(found).__module__ == "autograd.graph.node" for found in gc.get_referents(*drawing.diagram.values)
    )


def test_ids_hold_no_text_of_users():
    x = Variable(1.0, name="evil")
    with scope("also evil"):
        y = exp(x)
    diagram = diagram_of([y])
    assert [value.id for value in diagram.values] == ["v0", "v1"]
    assert [diagram.operations[0].id, diagram.boxes[0].id] == ["o0", "b0"]


def test_focus_shows_what_is_near_and_cuts_the_rest():
    x = Variable(0.5, name="x")
    nodes = [x]
    for _ in range(1000):
        nodes.append(sin(nodes[-1]))
    drawing = viz.draw(nodes[-1], focus=nodes[500], radius=2)
    values = drawing.diagram.values
    assert [value.number for value in values] == [node.value for node in nodes[498:503]]
    assert [value.kind for value in values] == ["cut", "result", "result", "result", "result"]
    assert "…" in drawing.svg()


def test_focus_shows_all_operands_of_what_uses_it():
    a, b, c = (Variable(1.0, name=name) for name in "abc")
    drawing = viz.draw((a * b) * sin(c), focus=a, radius=1)
    assert sorted(value.name for value in drawing.diagram.values if value.name) == ["a", "b"]
    assert [operation.name for operation in drawing.diagram.operations] == ["multiply"]


def test_a_chain_of_100000_operations_has_a_tree_cut_short():
    y = Variable(0.5)
    for _ in range(100_000):
        y = sin(y)
    start = time.perf_counter()
    lines = viz.tree(y).splitlines()
    assert time.perf_counter() - start < 2.0
    assert len(lines) <= 80
    assert lines[-1].endswith("…")


def test_a_shared_value_is_spelled_out_once_in_the_tree():
    y = Variable(0.5)
    for _ in range(60):
        y = y + y
    lines = viz.tree(y).splitlines()
    assert len(lines) <= 80
    assert sum("(see above)" in line for line in lines) > 20


@pytest.mark.parametrize("wrong", [3, None, "node", {"a": 1}, [1.0], [Variable(1.0), "b"]])
def test_what_is_no_node_is_named_in_the_error(wrong):
    with pytest.raises(TypeError, match="draw takes"):
        viz.draw(wrong)


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="one node or more, got none"):
        viz.draw([])
