"""Open and closed boxes, folding, and graphs that are too large."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import viz
from autograd import Variable, exp, scope, sin
from viz.diagrams.from_nodes import diagram_of
from viz.views.selection import select


def chain(length):
    y = Variable(0.5, name="x")
    for _ in range(length):
        y = sin(y)
    return y


def kinds(drawing):
    return [block.kind for block in drawing.view.blocks]


def squared_errors(terms):
    w, b = Variable(0.5, name="w"), Variable(0.1, name="b")
    loss = 0.0
    for term in range(terms):
        loss = loss + (w * Variable(float(term), name=f"x{term}") + b - Variable(1.0)) ** 2
    return loss


def network(depth, width):
    """`depth` layers in a network, each of `width` operations."""
    y = Variable(0.5)
    with scope("Network"):
        for _ in range(depth):
            with scope("Layer"):
                for _ in range(width):
                    y = sin(y)
    return y


def test_up_to_60_values_all_boxes_are_open():
    assert "box" not in kinds(viz.draw(network(5, 11)))


def test_above_60_values_the_deepest_boxes_close_first():
    drawing = viz.draw(network(5, 20))
    assert kinds(drawing) == ["box"] * 5
    assert [drawing.diagram.boxes[index].name for index in drawing.view.opened] == ["Network"]
    assert kinds(viz.draw(network(70, 1))) == ["box"]


def test_what_is_asked_for_is_drawn_above_60_too():
    assert kinds(viz.draw(network(5, 20), expand="all")) == ["operation"] * 100


def test_a_running_sum_becomes_one_operation_with_its_local_gradients():
    total = Variable(0.0, name="start")
    for term in range(120):
        total = total + exp(Variable(float(term % 3), name=f"x{term}")) if term % 2 else total + sin(Variable(1.0))
    drawing = viz.draw(total)
    assert "sum" in kinds(drawing)
    (block,) = [block for block in drawing.view.blocks if block.kind == "sum"]
    assert block.label == "Σ"
    assert len(block.members) == 120
    assert {link.local_gradient for link in drawing.view.inward if link.target == block.id} == {1.0, None}


def test_equal_siblings_are_folded_with_what_only_they_use():
    drawing = viz.draw(squared_errors(300))
    (fold,) = [block for block in drawing.view.blocks if block.kind == "fold"]
    assert fold.label == "… 297 more"
    assert len(fold.members) == 297 * 4
    assert kinds(drawing).count("operation") == 3 * 4
    into = {
        drawing.diagram.values[int(link.source[1:].split("o")[0].split("f")[0])].name
        for link in drawing.view.inward
        if link.target == fold.id
    }
    assert into == {"w", "b"}
    assert "… 297 more" in drawing.svg()


def test_fewer_than_200_values_are_not_folded():
    assert "fold" not in kinds(viz.draw(squared_errors(12)))


def test_values_into_the_same_block_are_bundled():
    leaves = [Variable(1.0, name=f"w{number}") for number in range(250)]
    with scope("Dense"):
        total = leaves[0]
        for leaf in leaves[1:]:
            total = total * leaf
    drawing = viz.draw(total, expand="none")
    assert [wire.bundled for wire in drawing.view.wires] == [0, 0, 0, 247, 0]
    assert "… 247 more" in drawing.svg()


def test_max_nodes_draws_that_many_without_folding():
    assert "fold" not in kinds(viz.draw(squared_errors(40), max_nodes=2000))
    assert len(viz.draw(chain(700), max_nodes=1000).view.wires) == 701


def test_a_leaf_with_more_than_8_uses_is_drawn_once_per_use():
    def copies(uses):
        w = Variable(0.5, name="w")
        return sum(wire.value == 0 for wire in viz.draw([sin(w) for _ in range(uses)]).view.wires)

    assert copies(8) == 1
    assert copies(9) == 9


def test_a_value_used_twice_by_an_operation_has_one_line_with_both_local_gradients():
    x = Variable(3.0, name="x")
    dot = viz.draw(x * x).dot
    assert dot.count("v0:e -> o0") == 1
    assert "headlabel=<3 + 3>" in dot


def test_a_long_chain_is_too_large_and_the_error_says_what_to_do():
    with pytest.raises(viz.GraphTooLarge) as raised:
        viz.draw(chain(700))
    message = str(raised.value)
    assert message.startswith("701 values are too many for a picture, which takes 600.")
    assert "outside of layers 700" in message
    assert "focus=node, radius=3" in message
    assert "max_nodes=701" in message
    assert "viz.tree(node)" in message
    assert (raised.value.values, raised.value.limit, raised.value.layers) == (
        701,
        600,
        {"outside of layers": 700},
    )


def test_the_error_counts_values_per_layer_and_offers_to_close_them():
    with pytest.raises(viz.GraphTooLarge, match="Layer 800 in 2 calls") as raised:
        y = Variable(0.5)
        for _ in range(2):
            with scope("Layer"):
                for _ in range(400):
                    y = sin(y)
        viz.draw(y, expand="all")
    assert 'expand="none"' in str(raised.value)
    assert kinds(viz.draw(y)) == ["box", "box"]


@pytest.mark.parametrize("length", [40_000, 100_000])
def test_a_deep_chain_gets_its_answer_in_time(length):
    y = chain(length)
    times = []
    for _ in range(3):
        start = time.process_time()
        with pytest.raises(viz.GraphTooLarge, match=f"{length + 1:,} values"):
            viz.draw(y)
        times.append(time.process_time() - start)
    # 2 s are promised of the compiled engine; the walk of the uncompiled one takes its share. A processor that others
    # slow down for a while is not what is measured.
    assert min(times) < 4.0
    assert "text/plain" in y._repr_mimebundle_()


@pytest.mark.parametrize(("levels", "opened"), [(20, 20), (1500, 30), (100_000, 30)])
def test_deeply_nested_scopes_are_drawn_in_time_and_memory_that_grow_with_them(levels, opened):
    y = Variable(0.5)
    scopes = [scope(f"Level{depth}") for depth in range(levels)]
    for entered in scopes:
        entered.__enter__()
    y = exp(y)
    for entered in reversed(scopes):
        entered.__exit__(None, None, None)
    start = time.process_time()
    drawing = viz.draw(y)
    assert drawing.dot.count("subgraph") == opened
    if levels <= 1500:
        assert len(viz.draw(y, expand="all").dot) < 1_000 * levels
    assert "<svg" in drawing.svg() and "exp" in drawing.text()
    assert len(drawing.html()) < 200_000 + 12 * levels
    assert time.process_time() - start < 20.0


def test_closed_boxes_that_use_each_other_are_drawn_not_looped_over():
    x = Variable(0.5)
    outer = scope("Outer")
    with outer:
        first = sin(x)
        with scope("Inner"):
            second = exp(first)
        third = second + first
    drawing = viz.draw(third, expand=lambda box: box.name == "Outer")
    assert kinds(drawing) == ["operation", "box", "operation"]


@pytest.mark.parametrize(
    ("expand", "error", "message"),
    [
        (-1, ValueError, "from 0; got -1"),
        (True, TypeError, "got True"),
        (1.5, TypeError, "got 1.5"),
        ("Afine", ValueError, "no layer is called 'Afine'; layers: Network, Layer₁, Layer₂"),
        (["Layer", "Nope"], ValueError, "'Nope'"),
        ([1], TypeError, "got"),
        (None, TypeError, "got None"),
    ],
)
def test_a_wrong_expand_is_told_what_would_be_right(expand, error, message):
    with pytest.raises(error, match=message):
        viz.draw(network(2, 2), expand=expand)


@pytest.mark.parametrize("options", [{"max_nodes": 0}, {"max_nodes": 2.5}, {"radius": -1}, {"radius": "3"}])
def test_a_wrong_number_is_told_what_would_be_right(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} is a number of"):
        viz.draw(chain(2), **options)


def test_every_view_of_a_diagram_can_be_had_from_the_diagram_alone():
    diagram = diagram_of([network(3, 3)])
    assert [len(select(diagram, depth).blocks) for depth in range(3)] == [1, 3, 9]


def test_closing_layers_with_many_parameters_stops_where_their_bundles_fit():
    outputs = [Variable(float(number), name=f"x{number}") for number in range(8)]
    with scope("Network"):
        for _ in range(2):
            with scope("Dense"):
                inputs, outputs = outputs, []
                for row in range(8):
                    total = Variable(0.1, name=f"b{row}")
                    for place, value in enumerate(inputs):
                        total = total + value * Variable(0.5, name=f"w{row}_{place}")
                    outputs.append(total)
        result = outputs[0]
        for value in outputs[1:]:
            result = result * value
    drawing = viz.draw(result)
    assert [block.label for block in drawing.view.blocks if block.kind == "box"] == ["Dense₁", "Dense₂"]
    assert [drawing.diagram.boxes[opened].name for opened in drawing.view.opened] == ["Network"]
    assert 69 in {wire.bundled for wire in drawing.view.wires}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=60
    ),
    st.sampled_from(["auto", "all", "none", 1]),
    st.sampled_from([None, 12, 30]),
)
def test_every_line_of_any_graph_joins_two_things_that_are_drawn(steps, expand, max_nodes):
    # A step is an operation, two operands counted from the newest value, and how deep in layers it is made.
    nodes = [Variable(0.5, name="x"), Variable(0.25)]
    for kind, first, second, depth in steps:
        entered = [scope(f"Layer{level}") for level in range(depth)]
        for context in entered:
            context.__enter__()
        a, b = nodes[-1 - first % len(nodes)], nodes[-1 - second % len(nodes)]
        nodes.append([lambda a, b: a + b, lambda a, b: a * b, lambda a, b: sin(a), lambda a, b: a + 1.0,
                      lambda a, b: 2.0 * b, lambda a, b: a + Variable(1.0)][kind](a, b))  # fmt: skip
        for context in reversed(entered):
            context.__exit__(None, None, None)
    try:
        view = viz.draw(nodes[-1], expand=expand, max_nodes=max_nodes).view
    except viz.GraphTooLarge as error:
        assert error.values > error.limit
        return
    blocks, wires = [block.id for block in view.blocks], [wire.id for wire in view.wires]
    assert len(set(blocks + wires)) == len(blocks) + len(wires)
    assert sorted(member for block in view.blocks for member in block.members) == list(
        range(len(view.diagram.operations))
    )
    for link in view.inward:
        assert link.source in wires or link.source in blocks
        assert link.target in blocks
    for link in view.outward:
        assert link.source in blocks
        assert link.target in wires
    joined = {end for link in view.inward + view.outward for end in link[:2]}
    assert joined == set(blocks + wires)
    homes = {None, *view.opened}
    assert {block.home for block in view.blocks} | {wire.home for wire in view.wires} <= homes
