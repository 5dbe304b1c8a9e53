"""What a person would see as a flaw: numbers on numbers, lost order, lost darkness, sizes that nobody asked for."""

import io
import struct
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import viz
from autograd import Variable, jit
from examples import lab_network
from layers import Dense, Sequential
from tests import PROJECT
from tests.tables.browser import CHROMIUM, Browser, needs_chromium
from tests.tables.pictures import ENGINES, SVG, parts, texts
from tools.generate_page_kernels import TARGET
from tools.measure_overlaps import expressions, layers_of_the_registry, overlaps


def product():
    x = Variable(2.0, name="x")
    y = (x * x).tanh()
    y.backward()
    return y


@needs_chromium
def test_no_text_lies_on_another_in_a_browser():
    drawings = [*expressions(20, 7), *list(layers_of_the_registry())[::6]]
    cards = [*expressions(8, 8, style="cards"), *expressions(8, 9, direction="TB")]
    with Browser(CHROMIUM) as browser:
        for engine in viz.available_engines():
            assert list(overlaps(browser, drawings + cards, engine)) == [], engine


@pytest.mark.parametrize("engine", ENGINES)
def test_dark_and_transparent_pictures_are_so_as_png_too(engine):
    dark = Image.open(io.BytesIO(viz.draw(product(), theme="dark", engine=engine).png())).convert("RGB")
    assert dark.getpixel((2, 2)) == (0x16, 0x19, 0x1D)
    clear = Image.open(io.BytesIO(viz.draw(product(), background="transparent", engine=engine).png()))
    assert clear.convert("RGBA").getpixel((2, 2))[3] == 0
    tinted = Image.open(io.BytesIO(viz.draw(product(), background="#fff8dc", engine=engine).png())).convert("RGB")
    assert tinted.getpixel((2, 2)) == (255, 248, 220)
    film = Image.open(io.BytesIO(viz.draw(product(), theme="dark", engine=engine).gif()))
    assert max(film.convert("RGB").getpixel((2, 2))) < 40


@pytest.mark.parametrize("text", ["#222222", '"#222222"', 'color="#222222"', "COLOR=#222222"])
def test_names_that_look_like_colours_keep_their_letters_in_the_dark(text):
    svg = viz.draw(Variable(1.0, name=text) * 2.0, theme="dark").svg()
    assert text in [shown for group in parts(svg, "wire") for shown, _ in texts(group)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_png_has_the_size_and_the_resolution_that_are_asked_for(engine):
    drawing = viz.draw(product(), engine=engine)
    usual, wide, fine = [
        Image.open(io.BytesIO(drawing.png(**options))) for options in ({}, {"width": 500}, {"dpi": 288, "scale": 0.5})
    ]
    assert abs(wide.size[0] - 500) <= 1
    assert abs(fine.size[0] - usual.size[0]) <= 2
    assert usual.info["dpi"] == pytest.approx((144.0, 144.0), abs=0.1)
    assert fine.info["dpi"] == pytest.approx((288.0, 288.0), abs=0.1)
    data = drawing.png()
    assert data.count(b"pHYs") == 1 and struct.unpack(">I", data[16:20])[0] == usual.size[0]
    root = ElementTree.fromstring(drawing.svg(width=600))
    assert float(root.get("width").removesuffix("pt")) * 96 / 72 == pytest.approx(600, abs=0.1)


def test_sizes_that_are_none_or_too_large_are_refused_before_anything_is_painted(tmp_path):
    drawing = viz.draw(product())
    for options in ({"dpi": 0}, {"width": -5}, {"scale": float("nan")}, {"dpi": True}, {"scale": "2"}):
        with pytest.raises(ValueError, match=r"(dpi|width|scale) is a number above 0; got"):
            drawing.png(**options)
    with pytest.raises(ValueError, match="by scale= or by width=, not by both"):
        drawing.svg(scale=2.0, width=100)
    with pytest.raises(ValueError, match=r"a PNG of [\d,]+ by [\d,]+ pixels is too large: .*wrap="):
        drawing.png(dpi=20_000)
    with pytest.raises(TypeError, match=r"width goes with .svg .png .tex; .html has a size of its own"):
        drawing.save(tmp_path / "page.html", width=100)
    assert list(tmp_path.iterdir()) == []


def test_two_programs_that_differ_in_the_order_of_operands_are_two_pictures():
    f, g = jit(lambda a, b: a / b - b**a), jit(lambda a, b: a / b - a**b)
    f(2.0, 3.0), g(2.0, 3.0)
    one, other = (viz.draw(compiled.paths[0].program) for compiled in (f, g))
    for form in ("svg", "mermaid", "text", "tikz"):
        assert getattr(one, form)() != getattr(other, form)()
    assert one.dot != other.dot


@pytest.mark.parametrize(
    ("function", "marked"),
    [
        (lambda a, b: a + b, []), (lambda a, b: a * b, []), (lambda a, b: a - b, ["2nd −1"]),
        (lambda a, b: a / 2.0 + b, ["1st 0.5"]), (lambda a, b: 2.0 / a + b, ["2nd −2"]),
        (lambda a, b: a - a + b, []),
    ],
)  # fmt: skip
def test_an_operand_tells_its_place_where_that_makes_a_difference(function, marked):
    svg = viz.draw(function, 1.0, 1.0).svg()
    labels = [text for group in parts(svg, "edge") for text, _ in texts(group)]
    assert [label for label in labels if label[-1].isdigit() and label[1:3] in ("st", "nd", "rd")] == marked


def test_names_that_begin_alike_are_told_apart():
    leaves = [Variable(1.0, name=f"transformer_block.attention.{name}.weight[0,{n}]") for name in "qk" for n in "01"]
    drawing = viz.draw(sum(leaves))
    shown = [text for group in parts(drawing.svg(), "leaf") for text, _ in texts(group) if "weight" in text]
    assert len(set(shown)) == 4
    assert all(name in drawing.text() and name in drawing.mermaid().replace("#91;", "[").replace("#93;", "]")
               for name in shown)  # fmt: skip


def test_a_closed_layer_takes_many_parameters_in_and_says_how_many():
    model = Sequential(Dense(2, 3, "tanh"), Dense(3, 2), seed=0)
    for form in ("svg", "mermaid", "tikz"):
        assert "17 parameters" in getattr(viz.draw(model, [1.0, -2.0], expand="none"), form)()
    svg = viz.draw(model, [1.0, -2.0], expand="none").svg()
    assert len(parts(svg, "leaf")) == 2
    assert "∂" not in viz.draw(model, [1.0, -2.0], expand="none", show="values").svg()
    # Few are shown beside it.
    assert len(parts(viz.draw(lab_network.build(), expand="none").svg(), "leaf")) == 6


@pytest.mark.parametrize("engine", ENGINES)
def test_leaves_stand_in_their_order_from_the_top(engine):
    model = Sequential(Dense(2, 3, "tanh"), Dense(3, 2), seed=0)
    heights = {}
    for group in parts(viz.draw(model, [1.0, -2.0], expand="all", engine=engine).svg(), "leaf"):
        name, height = min(texts(group), key=lambda item: (item[1], not item[0][0].isalpha()))
        heights[name] = height
    assert heights["x[0]"] < heights["x[1]"]
    for layer in ("dense_0", "dense_1"):
        assert heights[f"{layer}.weight[0,0]"] < heights[f"{layer}.weight[0,1]"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_long_chain_goes_on_in_the_next_row_and_a_picture_from_top_to_bottom(engine):
    x = Variable(0.5, name="x")
    y = x
    for _ in range(40):
        y = y.sin()
    y.backward()

    def size(**options):
        root = ElementTree.fromstring(viz.draw(y, engine=engine, **options).svg())
        return [float(root.get(name).removesuffix("pt")) for name in ("width", "height")]

    (wide, low), (narrow, high), (thin, tall) = size(), size(wrap=10), size(direction="TB")
    assert narrow < wide / 2.5 and low < high < narrow
    assert thin < 200 and tall > 1_000
    with pytest.raises(ValueError, match="wrap is a number of operations in a row, 1 or more; got 0"):
        viz.draw(y, wrap=0)


def test_stages_of_an_animation_are_hidden_where_nothing_plays():
    root = ElementTree.fromstring(viz.draw(product()).animation())
    gradients = [text for text in root.iter(f"{SVG}text") if "gradient" in text.get("class", "").split()]
    assert {text.text for text in gradients if text.get("visibility") != "hidden"} == {"0.005364", "0.001341", "1"}
    assert "?" in {text.text for text in gradients if text.get("visibility") == "hidden"}


def test_names_end_where_numbers_begin_and_no_rim_is_needed():
    svg = viz.draw(lab_network.build()).svg()
    assert "paint-order" not in svg
    for group in parts(svg, "wire"):
        row = [text for text in group.iter(f"{SVG}text") if text.get("class") == "value" or text.get("font-style")]
        if len(row) > 2:
            name, value = row[:2]
            assert name.get("text-anchor") == "end" and float(name.get("x")) < float(value.get("x"))


def test_mermaid_is_refused_where_its_viewers_refuse_it_and_letters_mean_themselves():
    x = Variable(1.0, name=r"a\nb $$c$$")
    assert "\\n" not in viz.draw(x * 2.0).mermaid()
    assert "#92;\u2060nb" in viz.draw(x * 2.0).mermaid()
    assert "#36;\u2060#36;\u2060c" in viz.draw(x * 2.0).mermaid()
    y = x
    for _ in range(260):
        y = y.sin()
    with pytest.raises(viz.GraphTooLarge, match="520 lines are too many for Mermaid, whose viewers take 499"):
        viz.draw(y, max_nodes=600).mermaid()


def test_tikz_says_quotes_and_what_is_no_number():
    x = Variable(float("nan"), name='say "x"')
    tikz = viz.draw(x * 2.0, color_by="value").tikz(width=r"0.9\columnwidth")
    assert "textquotedbl" not in tikz and "say ''x''" in tikz
    assert r"\colorbox{alarm}{\textbf{nan}}" in tikz and "fill=tint" in tikz
    assert r"\resizebox{0.9\columnwidth}{!}{\begin{tikzpicture}" in tikz and tikz.rstrip().endswith(
        r"\end{tikzpicture}}"
    )
    with pytest.raises(ValueError, match="width is a length of LaTeX"):
        viz.draw(x).tikz(width="wide}")


@pytest.mark.parametrize("number", ["-2e-3", "-1.5e3", "-inf", "-2."])
def test_the_command_line_takes_numbers_below_0_however_they_are_written(number, tmp_path):
    model = tmp_path / "model.json"
    model.write_text('{"type": "dense", "n_in": 2, "n_out": 1, "activation": "tanh"}')
    command = [sys.executable, "-m", "viz", str(model), "--input", "1", number]
    for encoding in ("cp1252", "ascii", "utf-8"):
        environment = {"PYTHONIOENCODING": encoding, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, capture_output=True, cwd=PROJECT, env=environment, check=False)
        assert done.returncode == 0, done.stderr


def test_plots_show_themselves_in_notebooks():
    plots = pytest.importorskip("layers.plots")
    pytest.importorskip("matplotlib")
    X = np.random.default_rng(0).normal(size=(20, 2))
    model = Sequential(Dense(2, 3, "relu"), Dense(3, 1), seed=0)
    history = model.fit(X, X.sum(1), epochs=3, progress=False, seed=0)
    for figure in (plots.learning_curve(history), plots.gradient_flow(model, X, X.sum(1))):
        assert figure._repr_png_().startswith(b"\x89PNG")
        assert len(repr(figure)) < 100
    assert len(repr(history)) < 200


def test_the_kernels_of_pages_are_up_to_date():
    before = TARGET.read_text(encoding="utf-8")
    command = [sys.executable, str(PROJECT / "tools" / "generate_page_kernels.py"), "--check"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert TARGET.read_text(encoding="utf-8") == before


def test_a_page_can_stand_in_another_as_a_frame():
    frame = viz.draw(product()).frame(height=300)
    assert frame.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;') and "height:300px" in frame
    assert "<script" not in frame
