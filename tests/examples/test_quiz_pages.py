"""The quiz pages: each can be answered to its end with what the engine computed, and its index leads to all."""

import math
import re

import pytest

from autograd import Constant, topological_order
from examples import quiz_pages
from tests.tables.browser import CHROMIUM, Browser, needs_chromium
from viz.labels import short_number


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("quizzes")
    quiz_pages.main([str(made), "1"])
    return made


def test_the_index_leads_to_every_quiz(folder):
    links = re.findall(r'href="(.*?)"', (folder / "index.html").read_text(encoding="utf-8"))
    assert {*links, "index.html"} == {path.name for path in folder.iterdir()}
    assert list(quiz_pages.quizzes(1)) == links


def test_the_neurons_teach_what_their_titles_say():
    dead = {node.name: node.grad for node in topological_order(quiz_pages.dead_neuron()) if node.name}
    assert (dead["w"], dead["x"], dead["b"]) == (0.0, 0.0, 0.0) and dead["y"] == 2.0
    saturated = {node.name: node.grad for node in topological_order(quiz_pages.saturated_neuron()) if node.name}
    assert saturated["b"] == pytest.approx(1.0 - math.tanh(2.0) ** 2, rel=1e-12)


@needs_chromium
def test_right_answers_lead_to_the_end(folder):
    with Browser(CHROMIUM) as browser:
        for name, (_, result) in quiz_pages.quizzes(1).items():
            browser.open(folder / name)
            wanted = {
                short_number(node.grad) for node in topological_order(result) if not isinstance(node, Constant)
            }  # fmt: skip
            questions = 0
            while browser.run("document.querySelector('#question').textContent") != "All gradients are found.":
                before = browser.run("document.querySelector('#question').textContent")
                for answer in sorted(wanted):
                    browser.run(
                        f"document.querySelector('#answer').value = '{answer}', "
                        "document.querySelector('#quiz').requestSubmit()"
                    )
                    if browser.run("document.querySelector('#mark').value").startswith("Right"):
                        break
                else:
                    pytest.fail(f"{name}: no gradient of the graph is the answer to {before}")
                questions += 1
            assert questions >= 3
            assert browser.complaints() == []
            assert len(browser.requests()) == 1
