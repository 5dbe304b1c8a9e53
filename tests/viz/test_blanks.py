"""Numbers that are left to be found: a blank in every form of a picture, and nothing that tells them."""

import re

import pytest

from autograd import Variable, jit
from examples import lab_network
from layers import Dense, Network
from tests.tables.pages import data_of
from tests.tables.pictures import ENGINES, VALUES, parts, texts
from viz import draw
from viz.diagrams.diagram import BLANK, BLANKS
from viz.playing.steps import steps_of
from viz.writing.look import STYLES

GIVEN = {"x": "2", "w₁": "−1", "b₁": "1", "w₂": "−2", "b₂": "1.5", "y": "1"}


def unique():
    """A graph whose numbers are all told apart: 7 values, and gradients and local gradients that nothing else is."""
    x, w, b = Variable(1.25, name="x"), Variable(-3.5, name="w"), Variable(7.75, name="b")
    loss = ((w * x + b) * w).sin()
    loss.name = "loss"
    loss.backward()
    return loss


def numbers_told(text):
    """All numbers in a text, as pictures and tooltips write them."""
    return set(re.findall(r"(?<![\w#.])−?\d+\.\d+(?:e−?\d+)?", text))


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("style", STYLES)
def test_no_form_of_a_picture_tells_what_is_to_be_found(style, blank):
    loss = unique()
    drawing = draw(loss, blank=blank, style=style)
    given = numbers_told("1.25 −3.5 7.75")
    if blank == "gradients":
        given |= numbers_told(draw(loss, show="values", style=style).dot)
    labels = re.findall(r"label=<(.*?)>[,\]]|tooltip=\"(.*?)\"", drawing.dot, re.S)
    assert numbers_told(re.sub(r"<[^>]*>", " ", " ".join(map(" ".join, labels)))) <= given
    for form in (drawing.text(), drawing.mermaid()):
        assert numbers_told(re.sub(r"#\d+;", "", form)) <= given
    tikz = re.findall(r"\\(?:textbf|textcolor\{gradient\})\{(.*?)\}+;?", drawing.tikz())
    assert not any(["0." in number and blank == "values" for number in tikz])
    assert steps_of(drawing.diagram) == []
    page = drawing.html()
    data = data_of(page)
    assert (data["still"], data["reason"], data["live"], data["steps"]) == (
        "Its numbers are to be found.", "Its numbers are to be found.", None, []
    )  # fmt: skip
    told = numbers_told(" ".join([line for value in data["values"].values() for line in value["lines"]]))
    assert told <= given


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("blank", BLANKS)
def test_leaves_and_the_gradient_of_the_result_are_given(style, blank, engine):
    svg = draw(lab_network.build(), blank=blank, style=style, engine=engine, expand="all").svg()
    found = {kind: [] for kind in ("value", "gradient")}
    for group in parts(svg, "wire"):
        for text in group.iter():
            if text.get("class") in found:
                found[text.get("class")].append(text.text.strip())
    values = list((GIVEN if blank == "values" else VALUES).values())
    # The 0 of max(a, 0) is part of the operation.
    assert sorted(found["value"]) == sorted([*values, "0", *[BLANK] * (len(VALUES) - len(values))])
    assert sorted(found["gradient"]) == sorted(["1", *[BLANK] * (len(VALUES) - 1)])
    assert {text for group in parts(svg, "edge") for text, _ in texts(group)} == {"2nd"}


def test_a_graph_without_a_sweep_has_a_blank_for_the_result_too():
    x = Variable(2.0, name="x")
    assert draw(x * x, blank="gradients").text() == "4  ∂ ____   ×\n├─ x = 2  ∂ ____\n└─ x = 2  ∂ ____\n"
    assert draw(x * x, blank="values").text().startswith("____  ∂ ____   ×\n")


def test_closed_layers_tell_no_gradient_either():
    network = Network(Dense(2, 3, "tanh"), Dense(3, 1), loss="mse", seed=0)
    dot = draw(network, [1.0, -2.0], [0.5], expand="none", blank="gradients").dot
    assert "parameters" in dot and "up to" not in dot and "gradient through" not in dot


def test_decisions_of_a_program_are_blank_where_values_are():
    compiled = jit(lambda x: x * x if x > 1.0 else -x)
    text = draw(compiled, 3.0, blank="values").text()
    assert "true\n" not in text.splitlines()[0] and "9" not in text
    assert "____" in text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_blanks_are_seen_in_every_painted_format(theme):
    drawing = draw(unique(), blank="values", theme=theme)
    full = draw(unique(), theme=theme)
    assert drawing.png() != full.png()
    assert r"\_\_\_\_" in drawing.tikz(width=r"\columnwidth")
    assert BLANK in drawing.animation() and len(drawing.frames()) == 1


def test_what_is_left_blank_is_one_of_the_kinds():
    x = Variable(1.0)
    with pytest.raises(ValueError, match=r"blank is gradients, values or None; got 'all'"):
        draw(x * x, blank="all")
    with pytest.raises(ValueError, match="no colours by number"):
        draw(x * x, blank="values", color_by="value")
    with pytest.raises(ValueError, match="not one of names alone"):
        draw(x * x, blank="values", show="names")
    assert "a blank" in draw(x * x, blank="values").description
