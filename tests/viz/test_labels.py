"""Names and numbers as pictures show them, and names made to break a picture."""

import math
import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import viz
from autograd import Variable, log, scope
from tests.tables.hostile_names import HOSTILE, SHAPES, drawings_withstood
from viz.labels import html, pretty, quoted, readable, short_number

pytestmark = pytest.mark.usefixtures("every_engine")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_text_and_breaks_nothing(name):
    x = Variable(2.0, name=name)
    with scope(name):
        y = x * 3.0
        y.name = name
    for expand in ("all", "none"):
        svg = viz.draw(y * 2.0, expand=expand).svg()
        root = ElementTree.fromstring(svg)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "title", "desc", "style", "g", "polygon", "path", "ellipse", "text"}
        assert len(svg) < 30_000
        groups = [group.get("class", "").split()[0] for group in root.iter("{http://www.w3.org/2000/svg}g")]
        assert groups.count("node") == (7 if expand == "all" else 6)
        shown = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
        if pretty(name):
            assert shown.count(pretty(name)) >= 2
    assert viz.draw(y).png().startswith(b"\x89PNG")


def test_a_drawing_has_the_same_parts_whatever_its_names_are_in_every_form():
    assert drawings_withstood(8, seed=0) == 8 * len(SHAPES)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
@example("]")
@example("]] ")
def test_any_name_comes_back_from_the_svg_as_readable_text(name):
    svg = viz.draw(Variable(1.0, name=name)).svg()
    shown = ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert not pretty(name) or pretty(name) in shown


@given(st.text())
def test_readable_text_has_no_control_and_is_short(text):
    shown = readable(text)
    assert len(shown) <= 24
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)


def test_quoting_covers_what_dot_gives_a_meaning():
    assert quoted('a"b\\N&') == '"a\\"b\\\\N&amp;"'
    assert html("<&\\N>") == "&lt;&amp;&#92;&#92;N&gt;"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("y_hat", "ŷ"), ("w1", "w₁"), ("W_12", "W₁₂"), ("l", "ℓ"), ("b_out_3", "b_out₃"), ("loss", "loss"),
     ("layer2", "layer2"), ("w01", "w01"), ("l1", "l₁"), ("y_hat_2", "ŷ₂")],
)  # fmt: skip
def test_names_read_as_mathematics(name, shown):
    assert pretty(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.0, "0"), (-0.0, "0"), (-2.0, "−2"), (1.5, "1.5"), (2 / 3, "0.6667"), (999999.0, "999999"), (1e6, "1e6"),
     (-1.23456e-7, "−1.235e−7"), (5e-324, "4.941e−324"), (1.7976931348623157e308, "1.798e308"),
     (math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "nan")],
)  # fmt: skip
def test_numbers_have_four_digits_and_a_minus_sign(number, shown):
    assert short_number(number) == shown


def test_a_tooltip_tells_the_sign_of_a_zero_value_but_not_of_a_zero_gradient():
    h = Variable(0.0) * 1.0
    y = -h.square()
    h.name, y.name = "h", "y"
    y.backward()
    assert math.copysign(1.0, h.grad) == math.copysign(1.0, y.value) == -1.0
    dot = viz.draw(y).dot
    assert 'tooltip="h = 0, ∂ = 0"' in dot and 'tooltip="y = −0, ∂ = 1"' in dot


def test_nan_and_infinity_stand_out():
    x = Variable(0.0, name="x")
    y = log(x) * x
    y.backward()
    dot = viz.draw(y).dot
    # log 0 = −inf, 0 · −inf = nan; the local gradients of that product are nan, so both gradients below it are
    assert dot.count('BGCOLOR="#f0e442"') == 4
    assert "−∞" in viz.draw(y).svg()
