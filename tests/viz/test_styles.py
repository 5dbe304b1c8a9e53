"""Styles, colours, themes, Mermaid and TikZ on the lab network and on hostile names; and what can be drawn."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

import viz
from autograd import Variable, exp, scope
from examples import lab_network
from layers import Affine
from tests.tables.hostile_names import HOSTILE
from tests.tables.pictures import ENGINES, GRADIENTS, LOCAL_GRADIENTS, SVG, VALUES, parts, texts
from viz.colours import DARK_FILL, DARK_TINTS, NEGATIVE, POSITIVE
from viz.writing.look import STYLES


def words(svg, css):
    """The texts of the groups of a class, each as one."""
    return [" ".join(text for text, _ in texts(group)) for group in parts(svg, css)]


@pytest.mark.parametrize("engine", ENGINES)
def test_cards_show_each_operation_with_its_result_in_one(engine):
    svg = viz.draw(lab_network.build(), style="cards", engine=engine).svg()
    shown = set(words(svg, "card"))
    signs = {"z₁": "× ", "a₁": "+ ", "h": "max ", "z₂": "× ", "ŷ": "+ ", "r": "− ", "ℓ": "² "}
    assert shown == {f"{signs.get(n, '')}{n} {VALUES[n]} ∂ {GRADIENTS[n]}" for n in VALUES} | {"0"}
    assert sorted(words(svg, "edge")) == sorted(["", *LOCAL_GRADIENTS])
    assert not parts(svg, "op")


@pytest.mark.parametrize("engine", ENGINES)
def test_records_show_name_data_and_grad_as_micrograd_does(engine):
    loss = lab_network.build()
    svg = viz.draw_dot(loss, engine=engine).svg()
    rows = [[(float(t.get("x")), t.text.strip()) for t in group.iter(f"{SVG}text")] for group in parts(svg, "record")]
    shown = {" ".join(text for _, text in sorted(row) if text) for row in rows}
    assert shown == {f"{n} data {VALUES[n]} grad {GRADIENTS[n]}" for n in VALUES} | {"data 0"}
    assert len(parts(svg, "op")) == 7
    assert viz.draw_dot(loss).dot == viz.draw(loss, style="records").dot


@pytest.mark.parametrize("style", STYLES)
def test_every_style_shows_closed_layers_and_folds_and_hostile_names(style):
    closed = viz.draw(lab_network.build(), style=style, expand="none").svg()
    assert words(closed, "box") == ["Affine₁", "ReLU", "Affine₂", "SquaredLoss"]
    total = Variable(0.0, name="total")
    for name in HOSTILE:
        with scope(name):
            total = total + Variable(1.0, name=name) * 2.0
    ElementTree.fromstring(viz.draw(total, style=style, expand="all").svg())
    many = sum(Variable(float(number)) ** 2 for number in range(300))
    assert "more" in viz.draw(many, style=style).svg()


@pytest.mark.parametrize("style", STYLES)
def test_colour_shows_sign_and_size_and_every_ground_has_a_dark_twin(style):
    a, b, c, d = (Variable(1.0, name=name) for name in "abcd")
    y = a * 100.0 - b * 60.0 + c * 0.5 + d * 0.0
    y.backward()
    dot = viz.draw(y, style=style, color_by="gradient").dot

    def ground(name):
        found = re.search(rf'tooltip="{name} = .*?BGCOLOR="(#\w+)"', dot)
        return found and found[1]

    assert (ground("a"), ground("b"), ground("c")) == (POSITIVE[3], NEGATIVE[3], POSITIVE[0])
    assert ground("d") == "#f4f4f4"
    assert set(POSITIVE + NEGATIVE) == set(DARK_TINTS) <= set(DARK_FILL)


def contrast(one, other):
    """The ratio that WCAG 2 defines."""

    def luminance(colour):
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_numbers_are_legible_on_every_ground_light_and_dark():
    for light, dark in DARK_TINTS.items():
        assert contrast("#222222", light) >= 4.5
        assert contrast(DARK_FILL["#222222"], dark) >= 4.5


def test_coloured_by_value_a_constant_has_a_ground_too():
    y = Variable(1.0) * 5.0
    assert viz.draw(y, color_by="value").dot.count(POSITIVE[3]) == 2
    assert viz.draw(y, color_by="gradient").dot.count("BGCOLOR=") == 2  # the pale grounds of the leaves


def test_a_theme_is_light_dark_or_follows_the_viewer():
    light, dark, automatic = [viz.draw(Variable(1.0), theme=theme).svg() for theme in ("light", "dark", "auto")]
    assert "#16191d" not in light and "#ffffff" in light and "<style>" not in light
    # Dark without a style sheet: viewers that know none show it so too.
    assert "#16191d" in dark and "#ffffff" not in dark and "<style>" not in dark
    assert re.search("<style>(.*?)</style>", automatic)[1].startswith("@media (prefers-color-scheme:dark)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "boxes"}, "style is wires, cards, records; got 'boxes'"),
        ({"color_by": "depth"}, "color_by is gradient, value or None; got 'depth'"),
        ({"theme": "blue"}, "theme is auto, light, dark; got 'blue'"),
    ],
)
def test_another_look_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        viz.draw(Variable(1.0), **options)


def test_a_drawing_has_no_ids_so_that_two_fit_into_one_page():
    svg = viz.draw(lab_network.build()).svg()
    root = ElementTree.fromstring(svg)
    assert not [element for element in root.iter() if "id" in element.attrib]
    assert len({group.get("data-id") for group in parts(svg, "node")}) == 21


def test_a_drawing_is_described_for_those_who_cannot_see_it():
    root = ElementTree.fromstring(viz.draw(lab_network.build(), expand="none", color_by="value").svg())
    assert root.get("role") == "img"
    assert root.get("aria-label") == "ℓ"
    assert root[1].text == (
        "A computational graph, computed from left to right: 10 values, 0 operations, closed layers Affine₁, ReLU, "
        "Affine₂, SquaredLoss. Above each line the value, below it the gradient; small and grey the local gradient. "
        "Grounds show the value: blue above 0, orange below."
    )


def named(drawing):
    return {value.name: (value.number, value.gradient) for value in drawing.diagram.values if value.name}


def test_a_function_is_drawn_with_its_parameters_as_names_and_its_gradients():
    drawing = viz.draw(lambda x, weight, *rest: x * weight + rest[0], 2.0, 3, np.float64(4.0))
    assert named(drawing) == {"x": (2.0, 3.0), "weight": (3.0, 2.0), "rest[0]": (4.0, 1.0)}


def test_a_function_of_arrays_and_structures_is_drawn_with_their_places_as_names():
    def loss(params, x):
        return ((params["w"] @ x + params["b"]) ** 2).sum()

    drawing = viz.draw(loss, {"w": np.array([[1.0, 2.0]]), "b": [0.5]}, np.array([3.0, 4.0]))
    # 1·3 + 2·4 + 0.5 = 11.5; d/db = 2 · 11.5
    assert named(drawing)["params.b[0]"] == (0.5, 23.0)
    assert named(drawing)["params.w[0,1]"] == (2.0, 92.0)
    assert set(named(drawing)) == {"params.w[0,0]", "params.w[0,1]", "params.b[0]", "x[0]", "x[1]"}


def test_the_call_of_a_layer_is_drawn_as_its_box():
    drawing = viz.draw(Affine(), 2.0, -1.0, 1.0, expand="none")
    assert [block.label for block in drawing.view.blocks] == ["Affine"]
    assert named(drawing)["w"] == (-1.0, 2.0)


def test_drawing_a_function_changes_no_gradient():
    w = Variable(5.0, name="w")
    (w * 1.0).backward()
    drawing = viz.draw(lambda x: w * x, 3.0)
    assert named(drawing)["w"] == (5.0, 3.0)
    assert w.grad == 1.0


def test_several_results_show_the_gradients_of_their_sum():
    drawing = viz.draw(lambda x: (x * 2.0, {"also": x * 3.0}), 1.0)
    assert named(drawing) == {"x": (1.0, 5.0)}
    assert len(drawing.diagram.outputs) == 2


def test_a_primitive_is_drawn_as_a_function():
    assert viz.draw(exp, 0.0).text().startswith("1  ∂ 1   exp")


def test_what_a_function_must_return_and_where_arguments_belong_is_said():
    with pytest.raises(TypeError, match="shows how the result of constant is computed, but it returned no node"):

        def constant(x):
            return 1.0

        viz.draw(constant, 2.0)
    with pytest.raises(TypeError, match="arguments after a function or a layer, several nodes as a list; got Variable"):
        viz.draw(Variable(1.0), Variable(2.0))


def test_mermaid_has_every_value_gradient_and_local_gradient_of_the_lab_network():
    lines = viz.draw(lab_network.build()).mermaid().splitlines()
    labels = "\n".join(lines)
    for name, value in VALUES.items():
        assert f'"{name} = {value}<br>∂ {GRADIENTS[name]}"' in labels
    assert sorted(re.findall(r'-->\|"(.*?)"\|', labels)) == LOCAL_GRADIENTS
    assert re.findall(r'subgraph b\d\["(.*?)"\]', labels) == ["Affine₁", "ReLU", "Affine₂", "SquaredLoss"]
    assert labels.count("\n  end") == 4
    closed = viz.draw(lab_network.build(), expand="none").mermaid()
    assert re.findall(r'\(\["(.*?)"\]\):::box', closed) == ["Affine₁", "ReLU", "Affine₂", "SquaredLoss"]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_a_name_means_anything_to_mermaid(name):
    with scope(name):
        y = Variable(2.0, name=name) * 3.0
    for line in viz.draw(y, expand="all").mermaid().splitlines():
        inside = re.sub(r"^[^\"]*\"|\"[^\"]*$", "", line) if '"' in line else ""
        assert not set(inside.replace("<br>", "")) & set('"<>`[]{}()|\\&:')


def test_mermaid_needs_no_engine_and_mmd_is_its_suffix(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("viz.layout.engine._graphviz_pure", lambda: None)
    path = viz.draw(lab_network.build()).save(tmp_path / "graph.mmd")
    assert path.read_text(encoding="utf-8").startswith("flowchart LR\n")
