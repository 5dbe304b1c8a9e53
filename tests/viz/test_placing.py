"""Local gradients stand clear of each other, of values and of lines; texts keep their room in every font."""

import itertools
import re
from xml.etree import ElementTree

import pytest

import viz
from autograd import Variable, dot, jit, prod, scope, sigmoid, tanh, where
from examples import lab_network
from layers import Dense, Sequential
from tests.tables.browser import CHROMIUM, Browser, needs_chromium
from tests.tables.hostile_names import HOSTILE
from tests.tables.pictures import ENGINES, SVG, parts
from viz.layout.placing import placed_svg
from viz.metrics import width_of
from viz.writing.styles import write_dot


def products():
    a = [Variable(float(number + 1) / 3, name=f"a{number}") for number in range(5)]
    y = a[0] * a[1] * a[2] + a[0] * a[3] / a[4] - a[1] * a[2]
    y.backward()
    return viz.draw(y)


def many_operands(style="wires"):
    a = [Variable(float(number + 1) / 3, name=f"a{number}") for number in range(6)]
    y = prod(a[:4]) + dot(a[:3], a[3:])
    y.backward()
    return viz.draw(y, style=style)


def dense(style="wires"):
    return viz.draw(Sequential(Dense(2, 3, "relu"), Dense(3, 1), seed=0), [1.0, -2.0], style=style)


def gate(style="wires"):
    x, h, w, u = (Variable(number, name=name) for name, number in zip("xhwu", (0.5, -0.25, 1.5, 2.0), strict=True))
    with scope("Gate"):
        f, g = sigmoid(w * x + u * h), tanh(w * h - u * x)
        y = f * g + (1.0 - f) * h
    y.backward()
    return viz.draw(y, style=style)


def selection():
    return viz.draw(jit(lambda x, w: where(w > 1.0, (x * w).exp(), w / x)), 1.0, 2.0)


def infinite():
    x, w = Variable(0.0, name="x"), Variable(float("inf"), name="w")
    y = (x.log() * x + w).exp()
    y.backward()
    return viz.draw(y)


DRAWINGS = {
    "lab": lambda: viz.draw(lab_network.build()),
    "cards": lambda: viz.draw(lab_network.build(), style="cards"),
    "records": lambda: viz.draw(lab_network.build(), style="records"),
    "products": products, "many operands": many_operands, "selection": selection, "infinite": infinite,
    "dense": dense, "gate": gate, "many operands on cards": lambda: many_operands("cards"),
    "dense on cards": lambda: dense("cards"), "gate on cards": lambda: gate("cards"),
}  # fmt: skip


def room(text, size=None):
    """Left, top, right, bottom of a text; a digit is 0.556 of its size wide in Helvetica."""
    size = float(text.get("font-size"))
    width = sum(0.28 if sign in " .," else 0.556 for sign in text.text.strip()) * size
    left = float(text.get("x")) - width * {"middle": 0.5, "end": 1.0}.get(text.get("text-anchor"), 0.0)
    return left, float(text.get("y")) - 0.7 * size, left + width, float(text.get("y"))


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def labels(svg):
    return [(group.get("data-id"), text) for group in parts(svg, "edge") for text in group.iter(f"{SVG}text")]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", DRAWINGS)
def test_local_gradients_lie_on_no_value_no_sign_and_not_on_each_other(name, engine):
    drawing = DRAWINGS[name]()
    drawing._engine = engine
    svg = drawing.svg()
    placed = [(id, room(text)) for id, text in labels(svg)]
    assert len(placed) >= 5
    for (one, its_room), (other, other_room) in itertools.combinations(placed, 2):
        assert not overlap(its_room, other_room), (one, other)
    for group in parts(svg, "node"):
        for text in group.iter(f"{SVG}text"):
            if text.text.strip():
                for id, its_room in placed:
                    assert not overlap(its_room, room(text)), (id, text.text)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["lab", "cards", "records", "products", "infinite"])
def test_each_local_gradient_is_nearest_to_the_head_of_its_own_arrow(name, engine):
    drawing = DRAWINGS[name]()
    drawing._engine = engine
    heads = {}
    for group in parts(drawing.svg(), "edge"):
        head = group.find(f"{SVG}polygon")
        if head is not None:
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", head.get("points"))]
            heads[group.get("data-id")] = (
                sum(numbers[::2]) / len(numbers[::2]),
                sum(numbers[1::2]) / len(numbers[1::2]),
            )
    for id, text in labels(drawing.svg()):
        left, top, right, bottom = room(text)
        far = {other: max(left - x, 0.0, x - right) + max(top - y, 0.0, y - bottom) for other, (x, y) in heads.items()}
        assert far[id] < 50.0
        # Where two arrows end side by side, their labels may be as near to either.
        assert far[id] <= min(far.values()) + 6.0, (id, far)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", DRAWINGS)
def test_the_engine_paints_labels_where_the_svg_has_them(name, engine):
    drawing = DRAWINGS[name]()
    drawing._engine = engine
    moved, places = placed_svg(drawing._laid_out("svg"))
    painted = drawing._laid_out(
        "svg",
        write_dot(drawing.view, drawing.title, drawing.look, drawing._making(drawing.view)._replace(places=places)),
    )
    root = ElementTree.fromstring(painted)
    theirs = {
        group.get("id"): [(float(text.get("x")), float(text.get("y"))) for text in group.findall(f"{SVG}text")]
        for group in root.iter(f"{SVG}g")
        if "edge" in group.get("class", "").split()
    }
    ours = labels(ElementTree.tostring(moved))
    assert len(ours) == len(places) >= 5
    for id, text in ours:
        ((x, y),) = theirs[id]
        # Rounded are distance and angle: 0.05 and, 60 points from the head, 0.05 points. An engine whose font is wider
        # than Helvetica begins the text half of that further left; Debian's is up to two fifths wider.
        assert -0.15 - 0.2 * width_of(text.text, 10.0) < x - float(text.get("x")) < 0.15, id
        assert abs(y - float(text.get("y"))) < 0.15, id


def test_a_png_is_painted_with_the_places_of_its_svg(monkeypatch):
    asked = []

    def run(engine, dot, kind, timeout, dpi):
        asked.append((kind, dot))
        return original(engine, dot, kind, timeout=timeout, dpi=dpi)

    original = viz.drawing.run_engine
    monkeypatch.setattr("viz.drawing.run_engine", run)
    drawing = products()
    drawing.png()
    (first, before), (second, after) = asked
    assert (first, second) == ("svg", "png")
    assert before == drawing.dot
    without = re.compile(r"labeldistance=[\d.]+, labelangle=-?[\d.]+")
    assert before != after
    assert without.sub("", before) == without.sub("", after)


def test_the_width_of_a_text_is_that_of_helvetica():
    # From Adobe's font metrics: W 944, a 556, i 222, blank 278, 0 556, . 278.
    assert width_of("Wai 0.", 10.0) == pytest.approx(9.44 + 5.56 + 2.22 + 2.78 + 5.56 + 2.78)
    assert width_of("w₁₂", 10.0) == pytest.approx(7.22 + 2 * 3.33)
    assert width_of("y\u0302", 10.0) == width_of("ŷ", 10.0)


OVERLAPS = """[...document.querySelectorAll('g.wire, g.guard')].flatMap(group => {
    const texts = [...group.querySelectorAll('text')].filter(text => text.textContent.trim());
    const boxes = texts.map(text => text.getBBox());
    return texts.flatMap((one, i) => texts.slice(i + 1).map((other, j) => [boxes[i], boxes[i + 1 + j], one, other]))
        .filter(([a, b]) => Math.abs(a.y - b.y) < 2 && a.x + a.width > b.x + 0.5 && b.x + b.width > a.x + 0.5)
        .map(([a, b, one, other]) => one.textContent + ' | ' + other.textContent);
})"""


@needs_chromium
@pytest.mark.parametrize("font", ["monospace", "sans-serif"])
def test_names_and_numbers_do_not_run_into_each_other_in_another_font(tmp_path, font):
    x = Variable(-0.123456, name="a_long_name_of_a_weight")
    y = jit(lambda x: x * x if x < 1.0 else x)
    pictures = [viz.draw(y, x), viz.draw(x * 3.0, style="cards"), viz.draw(x * 3.0, style="records"), dense()]
    svg = "".join([drawing.svg().replace("Helvetica,sans-Serif", font) for drawing in pictures])
    path = tmp_path / "page.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{svg}", encoding="utf-8")
    with Browser(CHROMIUM) as browser:
        browser.open(path)
        assert browser.run(OVERLAPS) == []


@pytest.mark.parametrize("name", [*HOSTILE, "\u0301\u0301", "\u200d\u0301 \u0301", "漢字 ｶﾅ", "ِ"])
def test_every_text_has_room_whatever_a_name_contains(name):
    y = Variable(1.0, name=name) * 2.0
    for text in ElementTree.fromstring(viz.draw(y).svg()).iter(f"{SVG}text"):
        assert float(text.get("textLength", 1.0)) > 0.0, text.text


@pytest.mark.parametrize("engine", ENGINES)
def test_titles_of_layers_are_drawn_on_top_of_lines(engine):
    (graph,) = parts(viz.draw(lab_network.build(), engine=engine).svg(), "graph")
    classes = [group.get("class") for group in graph.findall(f"{SVG}g")]
    assert classes[-1] == "title"
    assert "title" not in classes[:-1]
