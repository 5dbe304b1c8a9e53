"""The page of every layout engine: what is at work in which colour, reasons by click, search and keys on the way."""

import pytest

import viz
from autograd import Variable, maximum
from tests.tables.browser import needs_chromium
from tests.tables.pages import LAYERS, click, data_of, lab, labels, says, shown
from tests.tables.pictures import ENGINES


@pytest.fixture
def open_page(browser, tmp_path):
    def opened(drawing):
        browser.open(drawing.save(tmp_path / "page.html"))
        return browser

    yield opened
    browser.dark(False)
    assert len(browser.requests()) == 1
    assert browser.complaints() == []


def positions(drawing):
    return {value["name"]: int(key) for key, value in data_of(drawing.html())["values"].items() if value["name"]}


def reason(browser, position):
    click(browser, f"g.wire[data-id=v{position}]")
    heading = browser.run("document.querySelector('#details h2').textContent")
    return heading, browser.run("document.querySelector('#details .why')?.textContent ?? ''")


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_s_page_opens_closes_and_steps_through_everything(open_page, engine, dark):
    drawing = lab(engine=engine)
    assert len(drawing.html().encode()) <= 500_000
    browser = open_page(drawing)
    browser.dark(dark)
    browser.run("document.querySelector('#close-all').click()")
    assert labels(browser, "box") == LAYERS
    browser.run("document.querySelector('#open-all').click()")
    assert labels(browser, "title") == LAYERS
    for number in range(4):
        click(browser, f"g.layer[data-id=b{number}]")
        assert labels(browser, "box") == [LAYERS[number]]
        click(browser, f"g.box[data-id=b{number}]")
    forward, gradient = ("rgb(86, 180, 233)", "rgb(255, 165, 82)") if dark else ("rgb(0, 114, 178)", "rgb(213, 94, 0)")
    seen = []
    for _ in range(15):
        browser.run("document.querySelector('#previous').click()")
        seen.append(
            browser.run("[...document.querySelectorAll('.at-work > ellipse')].map(one => getComputedStyle(one).stroke)")
        )
    # The step before the last of seven backward comes first; between backward and forward nothing is at work.
    assert seen == [[gradient]] * 6 + [[]] + [[forward]] * 7 + [[]]
    assert says(browser) == ["inputs", ""]


@needs_chromium
def test_a_click_tells_of_a_saturated_tanh_of_what_was_not_reached_and_of_terms_that_cancel(open_page):
    w, x, other = Variable(400.0, name="w"), Variable(2.0, name="x"), Variable(3.0, name="other")
    y = (w * x).tanh() + x - x
    aside = other * 2.0
    aside.name = "aside"
    y.backward()
    drawing = viz.draw([y, aside])
    places = positions(drawing)
    browser = open_page(drawing)
    heading, why = reason(browser, places["w"])
    assert heading == "w = 400,  ∂ 0"
    assert why.startswith("Saturated tanh: ")
    heading, why = reason(browser, places["other"])
    assert heading == "other = 3,  ∂ ?"
    assert why == "Not reached: no path leads from it to the result that backward() started from."
    heading, why = reason(browser, places["x"])
    assert heading == "x = 2,  ∂ 0"
    assert why == "The terms of its gradient cancel: −1 + 1 + 0 = 0."


@needs_chromium
def test_why_a_gradient_is_0_is_told_by_keyboard_too(open_page):
    a = Variable(-1.0, name="a")
    h = maximum(a, 0.0)
    h.backward()
    drawing = viz.draw(h)
    browser = open_page(drawing)
    browser.run(f"document.querySelector('g[data-id=v{positions(drawing)['a']}]').focus()")
    browser.key("Enter")
    assert browser.run("document.querySelector('#details .why').textContent").startswith("Dead ReLU: its input a = −1")
    browser.key("Escape")
    assert browser.run("document.querySelector('#details').hidden")
    browser.key("/")
    assert browser.run("document.activeElement.id") == "query"


@needs_chromium
def test_the_slider_shows_sums_on_their_way_as_such(open_page):
    x = Variable(3.0, name="x")
    y = x * 2.0 + x * 5.0
    y.backward()
    browser = open_page(viz.draw(y))
    partial = "[...document.querySelectorAll('.partial')].map(one => one.textContent.trim())"
    for place, gradient, underway in ((7, "7", []), (6, "5", ["5"]), (5, "?", []), (0, "?", [])):
        browser.run(
            f"(() => {{ const step = document.querySelector('#step'); step.value = {place};"
            "step.dispatchEvent(new Event('input')); })()"
        )
        assert shown(browser, 0)[-1] == gradient
        assert browser.run(partial) == underway


@needs_chromium
def test_on_a_phone_texts_are_legible_at_first_and_fit_shows_all(open_page):
    browser = open_page(lab())
    browser.send("Emulation.setDeviceMetricsOverride", width=390, height=780, deviceScaleFactor=2, mobile=True)
    try:
        width = "document.querySelector('#stage g.graph > polygon').getBoundingClientRect().width"
        size = "12 * document.querySelector('#stage svg').getScreenCTM().a"
        assert browser.run(size) >= 9.0
        assert browser.run(width) > 390
        browser.run("document.querySelector('#fit').click()")
        assert 300 < browser.run(width) <= 390
    finally:
        browser.send("Emulation.setDeviceMetricsOverride", width=1200, height=700, deviceScaleFactor=1, mobile=False)


@needs_chromium
def test_two_pages_side_by_side_do_not_disturb_each_other(browser, tmp_path):
    lab().save(tmp_path / "one.html")
    lab(expand="none", theme="dark").save(tmp_path / "other.html")
    both = tmp_path / "both.html"
    both.write_text("<!DOCTYPE html><iframe src=one.html></iframe><iframe src=other.html></iframe>", encoding="utf-8")
    browser.open(both)
    assert browser.run("frames.length") == 2
    assert browser.complaints() == []
    assert len(browser.requests()) == 3
