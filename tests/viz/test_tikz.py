"""TikZ: what it shows of the lab network, and names that mean something to LaTeX."""

import math
import re

import pytest

import viz
from autograd import Variable, scope
from examples import lab_network
from tests.tables.hostile_names import HOSTILE
from tests.tables.pictures import ENGINES, LOCAL_GRADIENTS
from viz.writing.tikz import escaped


@pytest.mark.parametrize("engine", ENGINES)
def test_the_lab_network_has_all_its_values_operations_layers_and_local_gradients(engine):
    tikz = viz.draw(lab_network.build(), engine=engine).tikz()
    assert len(re.findall(r"\\node\[wire\]", tikz)) == 14
    assert re.findall(r"\\node\[operation\].*? \{(.*)\};", tikz) == [
        r"$\times$", "+", "max", r"$\times$", "+", "$-$", "$^2$",
    ]  # fmt: skip
    assert len(re.findall(r"node\[slope", tikz)) == 12
    assert r"\textit{w$_{1}$} \textcolor{forward}{\textbf{$-$1}}\\\hline \textcolor{gradient}{$\partial$ 0}" in tikz
    assert re.findall(r"north west:\{(.*)\}\}\]", tikz) == ["Affine$_{1}$", "ReLU", "Affine$_{2}$", "SquaredLoss"]
    closed = viz.draw(lab_network.build(), expand="none", engine=engine).tikz()
    assert re.findall(r"\\node\[box\].*? \{(.*)\};", closed) == [
        "Affine$_{1}$", "ReLU", "Affine$_{2}$", "SquaredLoss",
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_local_gradients_stand_where_the_svg_has_them_and_on_no_circle(engine):
    drawing = viz.draw(lab_network.build(), engine=engine)
    tikz = drawing.tikz()
    at = r"at \((-?[\d.]+),(-?[\d.]+)\) "
    circles = [(float(x), float(y)) for x, y in re.findall(rf"\\node\[operation\] \(o\d+\) {at}", tikz)]
    labels = re.findall(rf"\\node\[slope\] {at}\{{(.*)\}};", tikz)
    assert sorted(text.replace("$-$", "−") for _, _, text in labels) == LOCAL_GRADIENTS
    assert len(circles) == 7
    for x, y, _ in labels:
        # Circles are 0.42 inches wide.
        far = min(math.hypot(float(x) - across, float(y) - up) for across, up in circles)
        assert 0.21 < far < 0.7


def test_a_value_used_twice_by_an_operation_has_one_line_with_both_local_gradients():
    x = Variable(3.0, name="x")
    tikz = viz.draw(x * x).tikz()
    assert len(re.findall(r"\\draw\[->", tikz)) == 1
    assert re.findall(r"\\node\[slope\] at .* \{(.*)\};", tikz) == ["3 + 3"]


@pytest.mark.parametrize("name", HOSTILE)
def test_braces_and_dollars_stay_balanced_whatever_a_name_contains(name):
    with scope(name):
        y = Variable(2.0, name=name) * 3.0
    tikz = viz.draw(y, expand="all").tikz()
    plain = re.sub(r"\\[\\{}$&#%_]", "", tikz)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    assert not set(plain.partition("\n")[2]) & set("&#%~")


@pytest.mark.parametrize(
    ("text", "written"),
    [("a_b", r"a\_b"), ("50%", r"50\%"), ("{x}", r"\{x\}"), ("\\end", r"\textbackslash{}end"), ("w₁₂", "w$_{12}$"),
     ("ŷ₃", r"\^{y}$_{3}$"), ("σ(Σ)", r"$\sigma$($\Sigma$)"), ("−∞", r"$-$$\infty$"), ("λ", r"$\lambda$"),
     ("a#b&c$d", r"a\#b\&c\$d"), ("x^2~", r"x\textasciicircum{}2\textasciitilde{}")],
)  # fmt: skip
def test_what_latex_gives_a_meaning_is_written_so_that_it_prints(text, written):
    assert escaped(text) == written


def test_an_engine_that_gives_no_places_is_named(tmp_path):
    engine = tmp_path / "engine"
    for lines, message in (
        ("graph 1 1 1\\nstop", "gave no place to o0, v0, "),
        ("graph 1 1 1\\nnode o0 here 1\\nstop", "a line that can't be read: node o0 here 1"),
        ("nonsense", "gave something that is no PLAIN"),
    ):
        svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
        engine.write_text(f"#!/bin/sh\ncase $1 in -Tsvg) echo '{svg}';; *) printf '{lines}\\n';; esac\n")
        engine.chmod(0o755)
        with pytest.raises(viz.EngineError, match=message):
            viz.draw(Variable(2.0) * 3.0, engine=engine).tikz()
