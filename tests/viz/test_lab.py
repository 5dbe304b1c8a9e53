"""The lab network drawn open (white box) and closed (black box), with every layout engine that is here."""

import re

import pytest

import viz
from autograd import Variable, maximum, scope, square
from tests.tables.pictures import ENGINES, GRADIENTS, LOCAL_GRADIENTS, SVG, VALUES, parts, texts

INNER = {"z₁", "z₂", "r"}


def lab_network(backward=True):
    x, w1, b1 = Variable(2.0, name="x"), Variable(-1.0, name="w1"), Variable(1.0, name="b1")
    w2, b2, y = Variable(-2.0, name="w2"), Variable(1.5, name="b2"), Variable(1.0, name="y")
    with scope("Affine"):
        z1 = w1 * x
        a1 = z1 + b1
    with scope("ReLU"):
        h = maximum(a1, 0.0)
    with scope("Affine"):
        z2 = w2 * h
        y_hat = z2 + b2
    with scope("SquaredLoss"):
        r = y_hat - y
        loss = square(r)
    for node, name in ((z1, "z1"), (a1, "a1"), (h, "h"), (z2, "z2"), (y_hat, "y_hat"), (r, "r"), (loss, "l")):
        node.name = name
    if backward:
        loss.backward()
    return loss


def wires(svg):
    """For each named value of a picture its value, its gradient, and the heights of name, value and gradient."""
    found = {}
    for group in parts(svg, "wire"):
        shown = texts(group)
        if len(shown) >= 4:
            (name, at), (value, value_at), (sign, _), (gradient, gradient_at) = shown
            assert sign == "∂"
            found[name] = (value, gradient, at, value_at, gradient_at)
    return found


def test_an_engine_is_here():
    assert ENGINES, "pip install graphviz-pure"


@pytest.mark.parametrize("engine", ENGINES)
def test_white_box_shows_13_values_13_gradients_and_12_local_gradients(engine):
    svg = viz.draw(lab_network(), engine=engine).svg()
    shown = wires(svg)
    assert {name: value for name, (value, *_) in shown.items()} == VALUES
    assert {name: gradient for name, (_, gradient, *_) in shown.items()} == GRADIENTS
    assert sorted(text for group in parts(svg, "edge") for text, _ in texts(group)) == LOCAL_GRADIENTS


@pytest.mark.parametrize("expand", ["all", "none"])
@pytest.mark.parametrize("engine", ENGINES)
def test_name_and_value_stand_above_the_gradient(engine, expand):
    for _, _, name_at, value_at, gradient_at in wires(
        viz.draw(lab_network(), expand=expand, engine=engine).svg()
    ).values():
        assert name_at == value_at < gradient_at


@pytest.mark.parametrize("engine", ENGINES)
def test_white_box_shows_each_operation_and_layer_and_the_constant_of_relu(engine):
    svg = viz.draw(lab_network(), engine=engine).svg()
    operations = sorted(parts(svg, "op"), key=lambda group: float(group.find(f"{SVG}ellipse").get("cx")))
    assert [texts(group)[0][0] for group in operations] == ["×", "+", "max", "×", "+", "−", "²"]
    (titles,) = parts(svg, "title")
    assert {text for text, _ in texts(titles)} == {"Affine₁", "ReLU", "Affine₂", "SquaredLoss"}
    assert len(parts(svg, "layer")) == 4
    assert [texts(group)[0][0] for group in parts(svg, "wire") if len(texts(group)) == 1] == ["0"]
    assert not parts(svg, "box")


@pytest.mark.parametrize("engine", ENGINES)
def test_black_box_shows_layers_and_only_what_crosses_their_borders(engine):
    svg = viz.draw(lab_network(), expand="none", engine=engine).svg()
    assert [texts(group)[0][0] for group in parts(svg, "box")] == [
        "Affine₁",
        "ReLU",
        "Affine₂",
        "SquaredLoss",
    ]
    assert set(wires(svg)) == set(VALUES) - INNER
    assert not parts(svg, "op")
    assert not parts(svg, "layer")


@pytest.mark.parametrize("engine", ENGINES)
def test_inputs_and_parameters_stand_outside_of_the_open_boxes(engine):
    svg = viz.draw(lab_network(), engine=engine).svg()

    def extent(group):
        shape = group.find(f"{SVG}path") if group.find(f"{SVG}path") is not None else group.find(f"{SVG}polygon")
        numbers = re.findall(r"-?[\d.]+", shape.get("d") or shape.get("points"))
        across, down = [float(number) for number in numbers[::2]], [float(number) for number in numbers[1::2]]
        return min(across), min(down), max(across), max(down)

    leaves = [group for group in parts(svg, "leaf") if len(texts(group)) > 1]
    assert len(leaves) == 6
    for left, top, right, bottom in map(extent, leaves):
        for box_left, box_top, box_right, box_bottom in map(extent, parts(svg, "layer")):
            assert right < box_left or box_right < left or bottom < box_top or box_bottom < top


@pytest.mark.parametrize("engine", ENGINES)
def test_no_two_values_or_operations_overlap(engine):
    for expand in ("all", "none"):
        boxes = []
        for group in parts(viz.draw(lab_network(), expand=expand, engine=engine).svg(), "node"):
            ellipse = group.find(f"{SVG}ellipse")
            if ellipse is not None:
                x, y, rx, ry = (float(ellipse.get(key)) for key in ("cx", "cy", "rx", "ry"))
                boxes.append((x - rx, y - ry, x + rx, y + ry))
            else:
                points = " ".join(part.get("points", "") for part in group.iter(f"{SVG}polygon"))
                numbers = [float(number) for number in re.findall(r"-?[\d.]+", points)]
                if numbers:
                    boxes.append((min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])))
        for place, (left, top, right, bottom) in enumerate(boxes):
            for other_left, other_top, other_right, other_bottom in boxes[:place]:
                assert right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top


@pytest.mark.parametrize("engine", ENGINES)
def test_the_longest_path_is_straight(engine):
    svg = viz.draw(lab_network(), engine=engine).svg()
    heights = {float(group.find(f"{SVG}ellipse").get("cy")) for group in parts(svg, "op")}
    assert max(heights) - min(heights) < 1.0


@pytest.mark.parametrize("engine", ENGINES)
def test_before_a_sweep_gradients_are_unknown_not_zero(engine):
    assert {gradient for _, gradient, *_ in wires(viz.draw(lab_network(False), engine=engine).svg()).values()} == {"?"}


def test_a_chained_gradient_is_the_tooltip_of_a_line_into_a_closed_box():
    drawing = viz.draw(lab_network(), expand="none")
    chains = {drawing.diagram.values[int(link.source[1:])].name: link.chain for link in drawing.view.inward}
    # dz1/dx = w1 = -1, dl/dy_hat = 2 r = 1: multiplied by hand
    assert chains == {
        "x": -1.0,
        "w1": 2.0,
        "b1": 1.0,
        "a1": 0.0,
        "h": -2.0,
        "w2": 0.0,
        "b2": 1.0,
        "y_hat": 1.0,
        "y": -1.0,
    }
    assert "gradient through the layer −2" in drawing.dot


def test_the_same_network_gives_the_same_bytes():
    first, second = viz.draw(lab_network()), viz.draw(lab_network())
    assert first.dot == second.dot
    assert first.svg() == second.svg()
    assert first.png() == second.png()
    assert first.text() == second.text()


def test_the_tree_shows_each_value_with_its_gradient_operation_and_layer():
    lines = viz.draw(lab_network()).text().splitlines()
    assert lines[:3] == [
        "ℓ = 0.25  ∂ 1   ² in SquaredLoss",
        "└─ r = 0.5  ∂ 1   − in SquaredLoss",
        "   ├─ ŷ = 1.5  ∂ 1   + in Affine₂",
    ]
    assert len(lines) == 14


def test_one_layer_can_be_opened_by_its_name_or_its_number():
    def closed(expand):
        return [block.label for block in viz.draw(lab_network(), expand=expand).view.blocks if block.kind == "box"]

    assert closed(["Affine"]) == ["ReLU", "SquaredLoss"]
    assert closed("Affine2") == closed("Affine₂") == ["Affine₁", "ReLU", "SquaredLoss"]
    assert closed(lambda box: box.name == "ReLU") == ["Affine₁", "Affine₂", "SquaredLoss"]
    assert closed(0) == ["Affine₁", "ReLU", "Affine₂", "SquaredLoss"]
    assert closed(1) == []


def test_gradients_through_a_closed_box_are_multiplied_along_a_path_and_added_over_paths():
    x, y = Variable(2.0, name="x"), Variable(7.0, name="y")
    with scope("Layer"):
        z = x * 3.0
        result = z * 5.0 + z * y
    drawing = viz.draw(result, expand="none")
    chains = {drawing.diagram.values[int(link.source[1:])].name: link.chain for link in drawing.view.inward}
    assert chains == {"x": 3.0 * (5.0 + 7.0), "y": 6.0}
