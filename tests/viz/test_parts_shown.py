"""The parts of a picture: names alone, values without gradients, gradients under the names that texts give them."""

import re

import numpy as np
import pytest

from autograd import Constant, Variable, no_grad
from examples import lab_network
from layers import Affine, Dense, InputError, Layer, Network, NeuronLayer, NoForwardError, ReLU, Softmax, SquaredLoss
from tests.tables.pictures import ENGINES, parts, texts
from viz import draw
from viz.diagrams.diagram import SHOWN, SIGNS
from viz.playing.steps import steps_of
from viz.writing.look import STYLES


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("style", STYLES)
def test_names_alone_are_a_picture_without_numbers(style, engine):
    loss = lab_network.build()
    drawing = draw(loss, show="names", style=style, engine=engine, expand="all")
    shown = [text for group in parts(drawing.svg(), "wire") for text, _ in texts(group)]
    assert {"x", "w₁", "z₁", "ŷ", "ℓ"} <= set(shown)
    # But for the 0 of max(a, 0), which is part of the operation.
    assert [text for text in shown if re.search(r"\d", text)] == ["0"]
    assert "∂" not in drawing.svg() + drawing.mermaid() + drawing.text() + drawing.tikz()
    # And for the place of the operand that is subtracted.
    assert [text for group in parts(drawing.svg(), "edge") for text, _ in texts(group)] == ["2nd"]


@pytest.mark.parametrize("swept", [True, False])
@pytest.mark.parametrize("expand", ["all", "none", 1])
@pytest.mark.parametrize("style", STYLES)
def test_values_alone_are_a_picture_without_gradients(style, expand, swept):
    loss = lab_network.build()
    if not swept:
        loss = lab_network.network(*[Variable(value, name=name) for name, value in lab_network.INPUTS.items()])
    drawing = draw(loss, show="values", style=style, expand=expand)
    forms = [drawing.dot, drawing.mermaid(), drawing.text(), drawing.tikz()]
    for form in forms:
        assert not re.search(r"∂|grad |partial|local gradient|gradient through", form)
        assert "0.25" in form
    assert drawing.dot == draw(lab_network.build(), show="values", style=style, expand=expand).dot
    assert "without gradients" in drawing.description


def test_an_animation_of_values_alone_plays_forward():
    loss = lab_network.build()
    assert "∂" not in draw(loss, show="values").animation()
    assert {step.phase for step in steps_of(draw(loss, show="values").diagram)} == {"forward"}


@pytest.mark.parametrize(("sign", "written"), [("∂", "∂ −2"), ("d", "dh = −2"), ("∇", "∇⃗h −2")])
def test_gradients_have_the_sign_and_names_that_are_asked_for(sign, written):
    loss = lab_network.build()
    drawing = draw(loss, sign=sign)
    assert written in drawing.text()
    assert written in drawing.mermaid().replace("#61;", "=")
    (label,) = re.findall(r"^ *v\d+ \[.*<I>h</I>.*$", drawing.dot, re.M)
    assert written.removesuffix(" −2") in label
    assert f"{written.removesuffix(' −2').removesuffix(' =')} = −2" in label
    assert {"∂": r"$\partial$ ", "d": "dh = ", "∇": r"$\vec\nabla$h "}[sign] in drawing.tikz()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("style", STYLES)
def test_the_numbers_of_a_picture_can_be_told_from_its_signs(style, sign, engine):
    svg = draw(lab_network.build(), sign=sign, style=style, engine=engine).svg()
    found = [
        text.text.strip() for group in parts(svg, "wire") for text in group.iter() if text.get("class") == "gradient"
    ]
    assert sorted(found) == sorted(["0", "0", "0", "0", "0", "0", "−2", "1", "1", "1", "1", "1", "−1"])


def test_records_name_the_gradient_in_their_cells():
    loss = lab_network.build()
    assert [sign in draw(loss, style="records", sign=sign[:1]).dot for sign in ("dŷ<", "∇⃗ŷ<")] == [True, True]
    assert "grad<" in draw(loss, style="records").dot


def test_what_is_shown_is_one_of_the_parts():
    x = Variable(1.0)
    with pytest.raises(ValueError, match=f"show is {', '.join(SHOWN)}; got 'forward'"):
        draw(x * x, show="forward")
    with pytest.raises(ValueError, match=r"sign, of gradients, is ∂, d, ∇; got 'D'"):
        draw(x * x, sign="D")


def test_a_named_constant_is_a_name_where_no_numbers_are_shown():
    x, c = Variable(2.0, name="x"), Constant(3.0, name="c")
    assert re.findall(r"\w", draw(x * c, show="names").text()) == ["x", "c"]


def gradients_in(drawing):
    return {value.name: value.gradient for value in drawing.diagram.values if value.name}


def test_a_layer_alone_is_drawn_after_its_own_passes():
    affine = Affine()
    with pytest.raises(
        ValueError, match=r"draw\(Affine\) shows the layer's last forward pass, and there is none; call"
    ):
        draw(affine)
    affine.forward(1.0, 2.0, 5.0)
    assert set(gradients_in(draw(affine)).values()) == {None}
    assert "∂ ?" in draw(affine).text()
    found = affine.backward(10.0)
    assert gradients_in(draw(affine)) == {
        "x": found.dx, "w": found.dw, "b": found.db, "z": found.dz, "a": found.da
    }  # fmt: skip
    affine.forward(1.0, 2.0, 5.0)
    assert set(gradients_in(draw(affine)).values()) == {None}
    assert draw(affine, 1.0, 2.0, 5.0).text() != draw(affine).text()


def test_a_layer_with_arrays_is_drawn_with_the_names_of_all_its_values():
    dense = Dense(2, 2, "tanh", seed=0)
    dense.forward([1.0, 2.0])
    found = dense.backward([1.0, -3.0])
    names = gradients_in(draw(dense))
    assert {"x[0]", "z[1]", "a[0]", "h[1]", "weight[1,0]", "bias[1]"} <= set(names)
    for place in (0, 1):
        assert names[f"x[{place}]"] == pytest.approx(found.dx[place])
        assert names[f"a[{place}]"] == pytest.approx(found.da[place])
        assert names[f"weight[0,{place}]"] == pytest.approx(found.dweight[0, place])
    with no_grad():
        dense.forward([1.0, 2.0])
    with pytest.raises(ValueError, match="there is none"):
        draw(dense)


@pytest.mark.parametrize("make", [Dense, NeuronLayer])
def test_inner_values_of_a_drawn_layer_have_names(make):
    drawing = draw(make(2, 2, "softmax", seed=0), [1.0, 2.0])
    named = {value.name for value in drawing.diagram.values}
    assert {"x[0]", "h[0]", "h[1]"} <= named
    assert ({"z[0]", "a[1]"} if make is Dense else {"z", "a[1]"}) <= named
    assert not [value for value in drawing.diagram.values if value.kind == "constant" and not value.name]


def test_softmax_has_no_constant_without_a_name():
    drawing = draw(Softmax(), [1.0, 2.0, 3.0])
    assert {value.name for value in drawing.diagram.values if value.kind == "constant"} == {"max"}


def test_a_network_given_inputs_and_targets_is_drawn_with_its_loss():
    network = Network(Dense(2, 1, "tanh"), loss="mse", seed=0)
    drawing = draw(network, [1.0, -2.0], [0.5])
    found = gradients_in(drawing)
    network.forward([1.0, -2.0], [0.5])
    expected = network.backward()
    assert [found["x[0]"], found["x[1]"]] == pytest.approx(list(expected.dx))
    assert found["l"] == 1.0
    assert gradients_in(draw(network))["y[0]"] == pytest.approx(expected.dy[0])
    node = network(np.array([Variable(1.0), Variable(-2.0)], dtype=object), [0.5])
    assert node.value == network.forward([1.0, -2.0], [0.5])
    with pytest.raises(NoForwardError, match="Network has no loss; give it one with add_loss"):
        draw(Network(Dense(2, 1)), [1.0, 2.0], [0.0])
    with pytest.raises(InputError, match=r"Network takes 1 input \(x\), got 3"):
        draw(network, 1.0, 2.0, 3.0)


class Lab(Layer):
    """The network of the lab as one layer."""

    def __init__(self):
        super().__init__()
        self.parts = [Affine(index=1), ReLU(), Affine(index=2, output="y_hat"), SquaredLoss()]

    def compute(self, x, w1, b1, w2, b2, y):
        first, relu, second, loss = self.parts
        y_hat = second.apply(relu.apply(first.apply(x, w1, b1)), w2, b2)
        return {"y_hat": y_hat, "l": loss.apply(y_hat, y)}


@pytest.mark.parametrize("alone", [True, False])
def test_inputs_stand_outside_of_all_boxes(alone):
    lab = Lab()
    numbers = list(lab_network.INPUTS.values())
    lab.forward(*numbers)
    drawing = draw(lab) if alone else draw(lab, *numbers)
    inputs = [value for value in drawing.diagram.values if value.name in lab_network.INPUTS]
    assert len(inputs) == 6
    assert {value.home for value in inputs} == {None}
    network = Network(Dense(2, 1), seed=0)
    inside = [value for value in draw(network, [1.0, 2.0]).diagram.values if value.name == "dense_0.weight[0,0]"]
    assert inside[0].home is not None


def test_a_notebook_shows_a_layer_after_its_backward():
    network = Network(Dense(2, 1, seed=0), loss="mse")
    assert list(network._repr_mimebundle_()) == ["text/plain"]
    network.forward([1.0, 2.0], [0.5])
    network.backward()
    shown = network._repr_mimebundle_()
    assert "image/svg+xml" in shown or "ℓ" in shown["text/plain"]
