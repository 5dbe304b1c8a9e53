"""The page, opened in a real headless Chromium: light and dark, by mouse and by keyboard."""

import html

import pytest

import viz
from autograd import Variable, exp, jit, scope
from tests.tables.browser import CHROMIUM, Browser, needs_chromium
from tests.tables.hostile_names import HOSTILE
from tests.tables.pages import LAYERS, click, data_of, lab, labels, rectangle, says, shown


@pytest.fixture(scope="module", params=["light", "dark"])
def browser(request):
    with Browser(CHROMIUM, dark=request.param == "dark") as opened:
        opened.theme = request.param
        yield opened


@pytest.fixture
def open_page(browser, tmp_path):
    def opened(drawing):
        path = drawing.save(tmp_path / "page.html")
        browser.open(path)
        return browser

    yield opened
    assert len(browser.requests()) == 1
    assert browser.complaints() == []


def test_the_page_of_the_lab_network_is_at_most_500_kb_with_16_states():
    page = lab().html()
    assert len(page.encode()) <= 500_000
    states = [tuple(state["opened"]) for state in data_of(page)["states"]]
    assert len(states) == len(set(states)) == 2**4


def test_the_same_graph_gives_the_same_page():
    assert lab().html() == lab().html()


@needs_chromium
def test_every_layer_closes_and_opens_by_click(open_page):
    browser = open_page(lab())
    for number in range(4):
        assert labels(browser, "title") == LAYERS
        click(browser, f"g.layer[data-id=b{number}]")
        assert labels(browser, "box") == [LAYERS[number]]
        click(browser, f"g.box[data-id=b{number}]")
    for number in range(4):
        click(browser, f"g.layer[data-id=b{number}]")
    assert labels(browser, "box") == LAYERS
    browser.run("document.querySelector('#open-all').click()")
    assert labels(browser, "title") == LAYERS


@needs_chromium
def test_a_layer_closes_with_the_layers_in_it_and_opens_alone(open_page):
    x = Variable(2.0, name="x")
    with scope("Outer"):
        y = x * 3.0
        with scope("Inner"):
            y = y + 1.0
    with scope("Other"):
        y = y * y
    browser = open_page(viz.draw(y))
    assert labels(browser, "title") == ["Outer", "Inner", "Other"]
    click(browser, "g.layer[data-id=b0]")
    assert (labels(browser, "box"), labels(browser, "title")) == (["Outer"], ["Other"])
    click(browser, "g.box[data-id=b0]")
    assert (labels(browser, "box"), labels(browser, "title")) == (["Inner"], ["Outer", "Other"])
    click(browser, "g.box[data-id=b1]")
    assert labels(browser, "title") == ["Outer", "Inner", "Other"]


@needs_chromium
def test_a_layer_that_cannot_be_opened_says_so(open_page, monkeypatch):
    monkeypatch.setattr("viz.views.states.MOST_STATES", 1)
    browser = open_page(lab(expand="none"))
    click(browser, "g.box[data-id=b0]")
    assert says(browser)[1] == "Affine₁ is not opened in this page: the picture would be too large."


@needs_chromium
def test_every_operation_is_stepped_forward_then_backward(open_page):
    browser = open_page(lab())
    names = {value["name"]: int(key) for key, value in data_of(lab().html())["values"].items()}
    browser.run("document.querySelector('#stage g[tabindex=\"0\"]').focus()")
    for _ in range(15):
        browser.key("[")
    assert says(browser) == ["inputs", ""]
    assert shown(browser, names["ℓ"])[1] == "?"
    seen = []
    for _ in range(15):
        browser.key("]")
        seen.append(says(browser))
        assert browser.run("document.querySelectorAll('.at-work').length") <= 1
    assert [phase for phase, _ in seen] == (
        [f"forward {step} of 7" for step in range(1, 8)]
        + ["backward starts"]
        + [f"backward {step} of 7" for step in range(1, 8)]
    )
    assert seen[0][1] == "z₁ = w₁ × x = −1 × 2 = −2"
    assert seen[7][1] == "backward starts with ∂ 1 at ℓ"
    assert seen[8][1] == "∂r = 1 · 1 = 1"
    assert shown(browser, names["h"]) == ["h", "0", "∂", "−2"]


@needs_chromium
def test_a_gradient_adds_up_step_by_step(open_page):
    x = Variable(3.0, name="x")
    y = x * 2.0 + x * 5.0
    y.backward()
    browser = open_page(viz.draw(y))
    gradients = []
    for _ in range(7):
        gradients.insert(0, shown(browser, 0)[-1])
        browser.run("document.querySelector('#previous').click()")
    # forward ×, ×, +; start; backward +, then 5 from the second product, then 2 more from the first
    assert gradients == ["?", "?", "?", "?", "?", "5", "7"]


@needs_chromium
def test_every_text_stays_in_its_place_at_every_step(open_page):
    x, y = Variable(1.0, name="x"), Variable(1.0 / 3.0, name="y")
    z = x * (1.0 / 3.0) + x * (2.0 / 3.0) + y * x
    z.backward()
    browser = open_page(viz.draw(z))
    for _ in range(browser.run("Number(document.querySelector('#step').max)")):
        outside = browser.run("""[...document.querySelectorAll('#stage g.wire')].filter(group => {
            const room = group.querySelector('.target').getBBox();
            return [...group.querySelectorAll('text')].some(text => {
                const box = text.getBBox();
                return box.x < room.x - 1 || box.x + box.width > room.x + room.width + 1;
            });
        }).length""")
        assert outside == 0
        browser.run("document.querySelector('#previous').click()")


@needs_chromium
def test_play_runs_from_the_start_to_the_end(open_page):
    x = Variable(3.0, name="x")
    browser = open_page(viz.draw(x * x))
    browser.run("document.querySelector('#play').click()")
    assert says(browser)[0] == "inputs"
    assert browser.run("document.querySelector('#play').textContent") == "pause"
    browser.run("new Promise(done => setTimeout(done, 2200))")
    assert says(browser) == ["forward 1 of 1", "x × x = 3 × 3 = 9"]
    assert browser.run("document.querySelector('#play').textContent") == "play"


@needs_chromium
def test_a_click_tells_why_a_gradient_is_0(open_page):
    browser = open_page(lab())
    names = {value["name"]: int(key) for key, value in data_of(lab().html())["values"].items()}
    click(browser, f"g.wire[data-id=v{names['w₁']}]")
    assert browser.run("document.querySelector('#details h2').textContent") == "w₁ = −1,  ∂ 0"
    why = browser.run("document.querySelector('#details .why').textContent")
    assert why == "Dead ReLU: its input a₁ = −1 is below 0, where max(x, 0) is flat."
    browser.key("Escape")
    assert browser.run("document.querySelector('#details').hidden")


@needs_chromium
def test_the_details_do_not_lie_on_what_was_clicked(open_page):
    x = Variable(1.0, name="x")
    leaves = [x * float(number) for number in range(12)]
    browser = open_page(viz.draw(leaves))
    corner = browser.run("""(() => {
        const wires = [...document.querySelectorAll('#stage g.wire')];
        const boxes = wires.map(g => [g.getBoundingClientRect(), g.dataset.id]);
        return boxes.sort(([a], [b]) => b.right - b.top - (a.right - a.top))[0][1];
    })()""")
    click(browser, f"g.node[data-id={corner}]")
    node, panel = rectangle(browser, f"g.node[data-id={corner}]"), rectangle(browser, "#details")
    assert node[2] <= panel[0] or node[0] >= panel[2] or node[3] <= panel[1] or node[1] >= panel[3]


@needs_chromium
@pytest.mark.parametrize("numbers", [(), (3.0, 2.0)])
def test_a_page_of_a_program_shows_its_guards_and_steps_through_it(open_page, numbers):
    compiled = jit(lambda x, w: exp(x - w) if x > w else x)
    compiled(3.0, 2.0)
    browser = open_page(viz.draw(compiled.paths[0].program, *numbers))
    click(browser, "g.node[data-id=g0]")
    assert "guard: true at test_page.py:" in browser.run("document.querySelector('#details h2').textContent")
    outside = browser.run("""[...document.querySelectorAll('#stage g.guard, #stage g.wire')].filter(group => {
        const room = group.querySelector('polygon').getBBox();
        return [...group.querySelectorAll('text')].some(text => {
            const box = text.getBBox();
            return box.x < room.x - 1 || box.x + box.width > room.x + room.width + 1;
        });
    }).map(group => group.dataset.id)""")
    assert outside == []
    if numbers:
        for _ in range(browser.run("Number(document.querySelector('#step').max)")):
            browser.run("document.querySelector('#previous').click()")
        assert says(browser)[0] == "inputs"
    else:
        assert browser.run("document.querySelector('#player').hidden")
        assert says(browser)[1].startswith("A program without its arguments has no numbers")


@needs_chromium
def test_on_a_phone_the_details_stand_below_the_picture_and_what_was_clicked_stays_in_sight(browser, tmp_path):
    browser.open(lab().save(tmp_path / "page.html"))
    browser.send("Emulation.setDeviceMetricsOverride", width=390, height=780, deviceScaleFactor=2, mobile=True)
    try:
        for name in ("v1", "o0"):
            click(browser, f"g.node[data-id={name}]")
            node, stage, panel, footer = (
                rectangle(browser, selector) for selector in (f"g.node[data-id={name}]", "#stage", "#details", "footer")
            )
            assert stage[0] <= node[0] < node[2] <= stage[2]
            assert stage[1] <= node[1] < node[3] <= stage[3] <= panel[1] < panel[3] <= footer[1]
            assert stage[3] - stage[1] >= 250
        browser.key("Escape")
        assert rectangle(browser, "#stage")[3] >= rectangle(browser, "footer")[1] - 1
        assert browser.run("document.documentElement.scrollWidth") <= 390
        header = rectangle(browser, "header")
        assert header[3] - header[1] <= 120
    finally:
        browser.send("Emulation.setDeviceMetricsOverride", width=1200, height=700, deviceScaleFactor=1, mobile=False)


@needs_chromium
def test_pointing_at_a_value_shows_the_paths_through_it(open_page):
    browser = open_page(lab())
    names = {value["name"]: int(key) for key, value in data_of(lab().html())["values"].items()}
    left, top, right, bottom = rectangle(browser, f"g.wire[data-id=v{names['b₂']}]")
    browser.move((left + right) / 2, (top + bottom) / 2)
    on = browser.run("[...document.querySelectorAll('#stage g.wire.path')].map(g => g.dataset.id)")
    by_number = {number: name for name, number in names.items()}
    assert {by_number[int(id[1:])] for id in on} == {"b₂", "ŷ", "r", "ℓ"}


@needs_chromium
def test_a_name_is_found_also_in_a_closed_layer(open_page):
    browser = open_page(lab(expand="none"))
    browser.run("document.querySelector('#query').focus()")
    for key in ("z", "1"):
        browser.key(key)
    browser.run("document.querySelector('#query').value = 'z1'")
    browser.key("Enter")
    assert browser.run("document.querySelector('#found').value") == "1 of 1"
    assert labels(browser, "title") == ["Affine₁"]
    assert browser.run("[...document.querySelectorAll('.match text')].map(t => t.textContent)[0]") == "z₁"
    browser.run("document.querySelector('#query').value = 'nowhere'")
    browser.key("Enter")
    assert browser.run("document.querySelector('#found').value") == "nothing found"


@needs_chromium
def test_the_keyboard_walks_along_the_lines_and_opens_layers(open_page):
    browser = open_page(lab(expand="none"))
    browser.run("document.querySelector('g[data-id=b0]').focus()")
    browser.key("ArrowRight")
    assert browser.run("document.activeElement.querySelector('text').textContent") == "a₁"
    browser.key("ArrowRight")
    assert browser.run("document.activeElement.getAttribute('aria-label')") == "ReLU: 1 operation"
    browser.key("Enter")
    assert labels(browser, "title") == ["ReLU"]
    assert browser.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    browser.key("Enter")
    assert labels(browser, "box") == LAYERS


@needs_chromium
def test_dragging_pans_and_the_wheel_zooms(open_page):
    browser = open_page(lab())
    before = browser.run("document.querySelector('#stage svg').getAttribute('viewBox').split(' ').map(Number)")
    browser.send("Input.dispatchMouseEvent", type="mousePressed", x=600, y=120, button="left", clickCount=1)
    browser.send("Input.dispatchMouseEvent", type="mouseMoved", x=650, y=140, button="left", buttons=1)
    browser.send("Input.dispatchMouseEvent", type="mouseReleased", x=650, y=140, button="left", clickCount=1)
    panned = browser.run("document.querySelector('#stage svg').getAttribute('viewBox').split(' ').map(Number)")
    assert panned[0] < before[0]
    assert panned[1] < before[1]
    assert panned[2:] == before[2:]
    browser.send("Input.dispatchMouseEvent", type="mouseWheel", x=600, y=150, deltaX=0, deltaY=-240)
    zoomed = browser.run("document.querySelector('#stage svg').getAttribute('viewBox').split(' ').map(Number)")
    assert zoomed[2] < panned[2]
    browser.run("document.querySelector('#fit').click()")
    assert browser.run("document.querySelector('#stage svg').getAttribute('viewBox').split(' ').map(Number)") == before


@needs_chromium
def test_the_page_is_dark_where_the_system_is_and_the_button_overrides_it(open_page):
    browser = open_page(lab())
    ground = "getComputedStyle(document.body).backgroundColor"
    picture = "getComputedStyle(document.querySelector('#stage g.graph > polygon')).fill"
    both = f"[{ground}, {picture}]"
    light, dark = ["rgb(255, 255, 255)"] * 2, ["rgb(22, 25, 29)"] * 2
    assert browser.run(both) == (dark if browser.theme == "dark" else light)
    for expected in (light, dark):
        browser.run("document.querySelector('#theme').click()")
        assert browser.run(both) == expected


@needs_chromium
def test_nothing_that_a_name_contains_becomes_markup_or_script(open_page):
    with scope("</script><script>alert(1)</script>"):
        total = Variable(0.0, name="<!-- <script>")
        for name in [*HOSTILE, "<img src=x onerror=alert(1)>", "</template>", "\u2028"]:
            total = total + Variable(1.0, name=name)
    total.name = "</title></style><script>alert(2)</script>"
    total.backward()
    drawing = viz.draw(total, expand="all")
    browser = open_page(drawing)
    assert browser.run("document.scripts.length") == 3
    assert browser.run("document.querySelectorAll('img, iframe, object').length") == 0
    assert browser.run("document.title") == html.unescape(drawing.title)
    for selector in ("g.wire.leaf", "g.layer"):
        click(browser, selector)
    assert browser.run("document.scripts.length") == 3


@needs_chromium
def test_nan_and_infinity_are_shown_at_every_step(open_page):
    x = Variable(0.0, name="x")
    y = x.log() * x
    y.backward()
    browser = open_page(viz.draw(y))
    assert shown(browser, 0) == ["x", "0", "∂", "nan"]
    for _ in range(5):
        browser.run("document.querySelector('#previous').click()")
    assert says(browser)[0] == "inputs"


def test_too_many_operations_are_not_stepped_and_the_page_says_so(monkeypatch):
    monkeypatch.setattr("viz.playing.page.MOST_OPERATIONS", 5)
    data = data_of(lab().html())
    assert data["steps"] == []
    assert data["reason"] == "7 operations are too many to step through; the limit is 5."


def test_with_more_than_six_layers_a_page_has_each_opened_and_closed_alone():
    x = Variable(1.0, name="x")
    for number in range(8):
        with scope(f"Layer{number}"):
            x = x * 2.0 + 1.0
    states = {frozenset(state["opened"]) for state in data_of(viz.draw(x).html())["states"]}
    everything = frozenset(range(8))
    alone = {frozenset([number]) for number in range(8)}
    assert states == {frozenset(), everything} | alone | {everything - one for one in alone}


def test_an_engine_that_draws_fewer_pictures_than_asked_is_named(tmp_path):
    engine = tmp_path / "engine"
    engine.write_text("#!/bin/sh\necho '<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>'")
    engine.chmod(0o755)
    with pytest.raises(viz.EngineError, match="gave 1 pictures when asked for 16") as raised:
        lab(engine=engine).html()
    assert raised.value.dot == lab().dot


def test_another_theme_is_refused():
    with pytest.raises(ValueError, match="theme is auto, light, dark; got 'blue'"):
        viz.draw(Variable(1.0), theme="blue")
