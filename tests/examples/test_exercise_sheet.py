"""The exercise sheet: whole numbers, blanks for what is to be found, the solution beside, TikZ as wide as a column."""

import re
from xml.etree import ElementTree

import pytest

from autograd import Constant, topological_order
from examples import exercise_sheet
from examples.exercise_sheet import COUNT, LARGEST, document, exercise, page, pictures
from tests.tables.pictures import parts
from viz.diagrams.diagram import BLANK


def numbers_in(svg, kind, css="wire"):
    return [text.text.strip() for group in parts(svg, css) for text in group.iter() if text.get("class") == kind]


@pytest.mark.parametrize("seed", range(40))
def test_numbers_are_whole_and_small_and_few_gradients_are_zero(seed):
    nodes = topological_order(exercise(seed))
    gradients = [node.grad for node in nodes if not isinstance(node, Constant)]
    for number in [*gradients, *[node.value for node in nodes]]:
        assert number == int(number) and abs(number) <= LARGEST
    assert gradients.count(0.0) <= len(gradients) / 4
    assert {"a", "b", "c", "result"} <= {node.name for node in nodes}


def test_the_same_seed_gives_the_same_sheet_and_another_one_another():
    assert page(3, solved=True) == page(3, solved=True)
    assert page(3, solved=False) != page(4, solved=False)


@pytest.mark.parametrize("blank", ["gradients", "values"])
def test_a_sheet_has_a_blank_for_whatever_is_to_be_found_and_tells_nothing_of_it(blank):
    drawn, solution = [picture.svg() for picture in pictures(7, blank)]
    assert sorted(numbers_in(drawn, "gradient")) == ["1", *[BLANK] * (len(numbers_in(solution, "gradient")) - 1)]
    told = {"gradients": numbers_in(solution, "value"), "values": numbers_in(solution, "value", "leaf")}[blank]
    count = len(numbers_in(solution, "value"))
    assert sorted(numbers_in(drawn, "value")) == sorted([*told, *[BLANK] * (count - len(told))])
    tooltips = re.findall(r"<title>(.*?)</title>", drawn)
    assert not [title for title in tooltips if "local gradient" in title or re.search(r"∂ = [−\d]+(?<!= 1)$", title)]


def test_the_solution_stands_beside_each_exercise():
    sections = re.findall(r"<section>.*?</section>", page(1, solved=True), re.DOTALL)
    assert len(sections) == COUNT
    for section in sections:
        drawn = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg .*?</svg>", section, re.DOTALL)]
        assert [picture.get("aria-label") for picture in drawn] == ["exercise", "solution"]
        assert [BLANK in "".join(picture.itertext()) for picture in drawn] == [True, False]
    assert page(1, solved=False).count("<svg ") == COUNT


def test_the_document_fits_its_columns():
    text = document(1)
    assert text.count(r"\resizebox{\columnwidth}") == COUNT
    assert text.count(r"\begin{tikzpicture}") == text.count(r"\end{tikzpicture}") == COUNT
    assert text.count("\\_\\_\\_\\_") >= COUNT
    assert text.startswith("\\documentclass") and text.endswith("\\end{document}\n")


def test_the_program_writes_a_sheet_its_solutions_and_a_document(tmp_path, capsys):
    exercise_sheet.main([str(tmp_path), "2"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exercises.html", "exercises.tex", "solutions.html"]
    assert (tmp_path / "exercises.html").read_text(encoding="utf-8") == page(2, solved=False)
    assert "solutions.html" in capsys.readouterr().out
