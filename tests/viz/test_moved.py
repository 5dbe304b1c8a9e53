"""What a page says once inputs were moved: in all its parts what the page that Python draws of those inputs says."""

import json
import math
import random
import re

import pytest

import viz
from autograd import Variable, maximum, tanh
from layers import Dense, Network, Sequential
from tests.tables.browser import CHROMIUM, Browser, needs_chromium
from tools.random_graphs import draw_graph

pytestmark = needs_chromium
# Every text and tooltip, the names that are read aloud, and for each value the panel.
EVERYTHING = """(() => {
  const texts = elements => [...elements].map(one => one.textContent);
  const groups = [...document.querySelectorAll('#stage svg g.wire, #stage svg g.edge, #stage svg g.box')];
  const said = {
    texts: groups.map(g => [g.dataset.id, ...texts(g.querySelectorAll('text')).map(t => t.trim()).filter(Boolean)]),
    tooltips: texts(document.querySelectorAll('#stage svg title')),
    names: [...document.querySelectorAll('#stage svg g.wire')].map(g => g.getAttribute('aria-label')),
    panels: [],
  };
  for (const wire of document.querySelectorAll('#stage svg g.wire')) {
    wire.dispatchEvent(new MouseEvent('click', {bubbles: true}));
    const lines = document.querySelectorAll('#details h2, #details li');
    said.panels.push([document.querySelector('#details .why') !== null, ...texts(lines)]);
  }
  return said;
})()"""
MOVE = """((pairs) => {
  document.querySelector('#inputs').hidden && document.querySelector('#move').click();
  for (const [name, number] of pairs) for (const row of document.querySelectorAll('div.leaf')) {
    const typed = row.querySelector('[type=number]');
    if (row.firstChild.textContent !== name) continue;
    typed.value = number;
    typed.dispatchEvent(new Event('input'));
  }
})"""
LEFT = "new Promise(done => setTimeout(done, 400))"  # until what is not in view has followed
ALL_DIGITS = re.compile(r"\d[\d.]{8,}(?:e[−+]?\d+)?|\d\.\d+e[−+]?\d+")


@pytest.fixture(scope="module")
def browser():
    with Browser(CHROMIUM) as opened:
        yield opened


def rounded(said):
    """To seven digits: of functions the last ones differ between the browser and C."""
    text = json.dumps(said, ensure_ascii=False)
    return json.loads(ALL_DIGITS.sub(lambda one: f"{float(one[0].replace('−', '-')):.7g}", text))


def opened(browser, tmp_path, drawing):
    path = tmp_path / "page.html"
    path.write_text(drawing.html(), encoding="utf-8")
    browser.open(path)


def compare(browser, tmp_path, drawn, moved, pairs):
    opened(browser, tmp_path, drawn)
    before = rounded(browser.run(EVERYTHING))
    browser.run(f"{MOVE}({json.dumps([[viz.labels.pretty(name), number] for name, number in pairs])})")
    browser.run(LEFT)
    after = rounded(browser.run(EVERYTHING))
    browser.run("document.querySelector('#reset').click()")
    browser.run(LEFT)
    assert rounded(browser.run(EVERYTHING)) == before
    assert browser.complaints() == []
    opened(browser, tmp_path, moved)
    assert after == rounded(browser.run(EVERYTHING))


def graph(recipe, numbers):
    leaves = [Variable(number, name=f"x{place}") for place, number in enumerate(numbers)]
    result = recipe(leaves)
    result.backward()
    return result


def recipes():
    """Random graphs without decisions of Python and without detached nodes, and other numbers for their leaves."""
    number = 0
    while True:
        draw = random.Random(f"moved {number}")
        number += 1
        recipe = draw_graph(draw)
        if not recipe.detaches() and not any([step.comparison for step in recipe.steps]):
            numbers = [draw.choice([0.0, 1.0, -1.0, draw.uniform(-3, 3), draw.uniform(-3, 3), x, 1e-8, 40.0, 1e200])
                       for x in recipe.leaves]  # fmt: skip
            yield recipe, list(recipe.leaves), numbers


@pytest.mark.parametrize("style", ["wires", "cards", "records"])
def test_a_moved_page_says_of_random_graphs_what_python_says(browser, tmp_path, style):
    found = recipes()
    for _ in range(4):
        recipe, drawn, moved = next(found)
        pictures = [viz.draw(graph(recipe, numbers), style=style) for numbers in (drawn, moved)]
        compare(browser, tmp_path, *pictures, [(f"x{place}", number) for place, number in enumerate(moved)])


@pytest.mark.parametrize("expand", ["all", "none"])
def test_a_moved_page_says_of_closed_layers_and_sums_what_python_says(browser, tmp_path, expand):
    pictures, pairs = [], []
    for turn in range(2):
        network = Network(Sequential(Dense(2, 6, "tanh"), Dense(6, 1), seed=0), loss="mse")
        if turn:
            for place, parameter in enumerate(network.parameters()):
                parameter.value = round(0.3 * (place % 5) - 0.7, 3)
                pairs.append((parameter.name, parameter.value))
        pictures.append(viz.draw(network, [1.0, 2.0], [0.5], expand=expand))
    compare(browser, tmp_path, *pictures, pairs)


def test_the_sign_of_a_folded_sum_follows(browser, tmp_path):
    def drawn(numbers):
        terms = [Variable(number, name=f"t{place}") for place, number in enumerate(numbers)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term * term
        result = tanh(total)
        result.backward()
        return viz.draw(result, max_nodes=20)

    numbers = [0.01 * place for place in range(40)]
    moved = [0.5, *numbers[1:]]
    compare(browser, tmp_path, drawn(numbers), drawn(moved), [("t0", 0.5)])


def test_an_open_panel_follows_and_an_operation_tells_its_arithmetic(browser, tmp_path):
    x = Variable(2.0, name="x")
    y = maximum(x * 3.0, 0.0)
    y.backward()
    opened(browser, tmp_path, viz.draw(y))
    click = "document.querySelector('#stage g[data-id={}]').dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"
    panel = "[...document.querySelectorAll('#details li')].map(one => one.textContent)"
    browser.run(click.format("v0"))
    browser.run(f"{MOVE}([['x', -1]])")
    assert browser.run(panel)[-1] == "Dead ReLU: its input −3 is below 0, where max(x, 0) is flat."
    browser.run(click.format("o0"))
    assert browser.run(panel) == ["forward: × of x = −1, 3 is −3", "backward: ∂ of x gets 0 · 3 = 0"]


def test_numbers_that_are_none_stand_out_as_they_come_and_go(browser, tmp_path):
    x = Variable(-1.0, name="x")
    y = x.log()
    y.backward()
    opened(browser, tmp_path, viz.draw(y))
    seen = "[document.querySelectorAll('.alarm').length, document.querySelectorAll('text.calm').length]"
    browser.run(f"{MOVE}([['x', 2]])")
    assert browser.run(seen) == [0, 2]
    x.value = math.nan
    opened(browser, tmp_path, viz.draw(x * 1.0))
    browser.run(f"{MOVE}([['x', 1]])")
    assert browser.run(seen) == [0, 2]
    browser.run("document.querySelector('#reset').click()")
    assert browser.run(seen) == [0, 0] and browser.complaints() == []
    x.value = 2.0
    y = x.log()
    x.grad = 0.0
    y.backward()
    opened(browser, tmp_path, viz.draw(y))
    browser.run(f"{MOVE}([['x', -1]])")
    assert browser.run(seen)[0] >= 2
