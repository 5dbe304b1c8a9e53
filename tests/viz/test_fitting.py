"""Texts stand in the middle of their shapes, whatever font the layout engine measured them in."""

import itertools
import re

import pytest

import viz
from autograd import Variable, jit
from examples import lab_network
from tests.tables.hostile_names import HOSTILE
from tests.tables.pictures import ENGINES, SVG, parts
from viz.metrics import width_of


def numbers(text):
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def box(shape):
    """Left, top, right, bottom of an ellipse, a path or a polygon."""
    if shape.tag == f"{SVG}ellipse":
        x, y, rx, ry = (float(shape.get(name)) for name in ("cx", "cy", "rx", "ry"))
        return x - rx, y - ry, x + rx, y + ry
    found = numbers(shape.get("d") or shape.get("points"))
    return min(found[::2]), min(found[1::2]), max(found[::2]), max(found[1::2])


def rows(group):
    """For each row of texts of a node: the shape around it, where it begins and ends, and the same of each text."""
    shapes = [box(child) for child in group if child.tag in (f"{SVG}ellipse", f"{SVG}path", f"{SVG}polygon")]
    found = {}
    for text in group.findall(f"{SVG}text"):
        if not text.text.strip():
            continue
        size, x, y = (float(text.get(name)) for name in ("font-size", "x", "y"))
        wide = float(text.get("textLength") or width_of(text.text, size))
        left = x - wide * {"middle": 0.5, "end": 1.0}.get(text.get("text-anchor"), 0.0)
        inside = [shape for shape in shapes if shape[0] <= x <= shape[2] and shape[1] <= y - 0.3 * size <= shape[3]]
        cell = min(inside or shapes, key=lambda shape: shape[2] - shape[0] if inside else shape[0] - shape[2])
        found.setdefault((y, cell), []).append((left, left + wide))
    return [(cell, min(left for left, _ in places), max(right for _, right in places), sorted(places))
            for (_, cell), places in found.items()]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expand", ["all", "none"])
@pytest.mark.parametrize("style", ["wires", "cards", "records"])
def test_every_row_is_in_the_middle_of_its_shape_and_within_it(style, expand, engine):
    svg = viz.draw(lab_network.build(), style=style, expand=expand, engine=engine).svg()
    seen = 0
    for group in parts(svg, "node"):
        for cell, left, right, places in rows(group):
            seen += 1
            assert abs((left + right) - (cell[0] + cell[2])) < 0.1, group.get("data-id")
            assert cell[0] <= left < right <= cell[2], group.get("data-id")
            for (_, end), (begin, _) in itertools.pairwise(places):
                # A blank of 12 points is 3.3 wide; three are between the sign and the name of a card.
                assert 3.2 < begin - end < 10.1, group.get("data-id")
    assert seen >= (20 if expand == "none" else 33)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [*HOSTILE, "漢字 ｶﾅ" * 3, "العربية اسم", "W" * 10_000, "\u0301\u0301"])
def test_a_name_stays_within_its_shape_whatever_it_contains(name, engine):
    y = Variable(1.0, name=name) * 2.0
    for style in ("wires", "cards", "records"):
        for group in parts(viz.draw(y, style=style, engine=engine).svg(), "wire"):
            for cell, left, right, _ in rows(group):
                assert cell[0] <= left <= right <= cell[2]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sign_is_in_the_middle_of_its_circle(engine):
    x = Variable(2.0, name="x")
    y = (x * 3.0 + x) ** 2.5 - x
    for group in parts(viz.draw(y, engine=engine).svg(), "op"):
        (sign,) = group.findall(f"{SVG}text")
        circle = group.find(f"{SVG}ellipse")
        assert sign.get("text-anchor") == "middle"
        assert float(sign.get("x")) == pytest.approx(float(circle.get("cx")), abs=0.01)
        # Text that is written on a line is above it: a caret, which is small and high, in the whole.
        raised = (float(sign.get("y")) - float(circle.get("cy"))) / float(sign.get("font-size"))
        assert raised == pytest.approx(0.56 if sign.text == "^" else 0.34, abs=0.01)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_lines_of_a_guard_begin_at_one_place(engine):
    compiled = jit(lambda x: x * x if x < 1.0 else x)
    (guard,) = parts(viz.draw(compiled, 0.5, engine=engine).svg(), "guard")
    texts = guard.findall(f"{SVG}text")
    assert len(texts) == 2
    assert abs(float(texts[0].get("x")) - float(texts[1].get("x"))) < 0.1


@pytest.mark.parametrize("engine", ENGINES)
def test_partial_sums_in_an_animation_begin_where_the_gradient_does(engine):
    x = Variable(3.0, name="x")
    y = x * 2.0 + x * 5.0
    y.backward()
    group = next(one for one in parts(viz.draw(y, engine=engine).animation(), "leaf") if one[0].text == "x = 3, ∂ = 7")
    gradients = [text for text in group.findall(f"{SVG}text") if "gradient" in text.get("class", "").split()]
    assert sorted(text.text for text in gradients) == ["5", "7", "?"]
    assert len({text.get("x") for text in gradients}) == 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("style", ["cards", "records"])
def test_a_partial_sum_that_is_longer_than_the_gradient_stays_within_its_shape(style, engine):
    x = Variable(1.0, name="x")
    y = x * 1.25 + x * 2.0625
    y.backward()
    drawing = viz.draw(y, style=style, engine=engine)
    leaf = next(group for group in parts(drawing.animation(), "leaf") if group[0].text == "x = 1, ∂ = 3.3125")
    sums = [text for text in leaf.findall(f"{SVG}text") if "gradient" in text.get("class", "").split()]
    assert sorted(text.text for text in sums) == ["2.062", "3.312", "?"]
    for cell, left, right, _ in rows(leaf):
        assert cell[0] <= left <= right <= cell[2]
