"""The SVG that plays by itself, as a browser shows it at each step."""

from xml.etree import ElementTree

import pytest

import viz
from autograd import Variable
from examples import lab_network
from tests.tables.browser import needs_chromium
from tests.tables.pictures import SVG
from viz.playing.steps import steps_of

pytestmark = pytest.mark.usefixtures("every_engine")

SEEN = """(() => {
    for (const one of document.getAnimations()) { one.pause(); one.currentTime = %f; }
    return [...document.querySelectorAll('text.value, text.gradient')]
        .filter(text => getComputedStyle(text).visibility === 'visible').map(text => text.textContent.trim());
})()"""


@needs_chromium
@pytest.mark.parametrize("style", ["wires", "cards", "records"])
def test_values_appear_forward_and_gradients_add_up_backward(browser, tmp_path, style):
    x = Variable(3.0, name="x")
    y = x * 2.0 + x * 5.0
    y.backward()
    path = tmp_path / "sweep.svg"
    path.write_text(viz.draw(y, style=style).animation(1.0), encoding="utf-8")
    browser.open(path)
    # inputs; forward × × +; the start; backward +, the second ×, the first ×
    seen = [sorted(browser.run(SEEN % (1000 * step + 500))) for step in range(8)]
    leaves = ["2", "3", "5"]
    assert seen[0] == sorted([*leaves, "?", "?", "?", "?"])
    assert seen[1] == sorted([*leaves, "6", "?", "?", "?", "?"])
    assert seen[3] == sorted([*leaves, "6", "15", "21", "?", "?", "?", "?"])
    assert seen[4] == sorted([*leaves, "6", "15", "21", "1", "?", "?", "?"])
    assert seen[5] == sorted([*leaves, "6", "15", "21", "1", "1", "1", "?"])
    assert seen[6] == sorted([*leaves, "6", "15", "21", "1", "1", "1", "5"])
    assert seen[7] == sorted([*leaves, "6", "15", "21", "1", "1", "1", "7"])
    assert browser.complaints() == []


@needs_chromium
def test_with_less_motion_everything_is_shown_at_once(browser, tmp_path):
    path = tmp_path / "sweep.svg"
    path.write_text(viz.draw(lab_network.build()).animation(), encoding="utf-8")
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    browser.open(path)
    shown = sorted(browser.run(SEEN % 0.0))
    browser.send("Emulation.setEmulatedMedia", features=[])
    root = ElementTree.fromstring(viz.draw(lab_network.build()).svg())
    assert shown == sorted(
        text.text.strip() for text in root.iter("{http://www.w3.org/2000/svg}text") if text.get("class")
    )
    assert len(shown) == 27


def test_an_animation_has_no_script_and_closed_layers_work_in_it():
    svg = viz.draw(lab_network.build(), expand="none").animation()
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert "script" not in tags
    assert svg.count("@keyframes") >= 14


def test_too_long_and_impossible_animations_are_refused():
    y = Variable(1.0)
    for _ in range(201):
        y = y * 1.0
    with pytest.raises(ValueError, match="at most 200 operations, this picture 201; html"):
        viz.draw(y).animation()
    for seconds in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="seconds is the time of a step, above 0; got"):
            viz.draw(Variable(1.0) * 2.0).animation(seconds)


@needs_chromium
def test_two_animations_in_one_page_do_not_disturb_each_other(browser, tmp_path):
    x = Variable(3.0, name="x")
    y = x * 2.0
    first, second = viz.draw(y).animation(1.0), viz.draw(-y).animation(1.0)
    path = tmp_path / "two.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{first}{second}", encoding="utf-8")
    browser.open(path)
    # First: 3, 2, then 6. Second: 3, 2, then 6, then −6.
    assert sorted(browser.run(SEEN % 1500)) == sorted(["3", "2", "6", "?", "?"] + ["3", "2", "6", "?", "?", "?"])


@pytest.mark.parametrize("style", ["wires", "cards", "records"])
def test_frames_show_what_is_known_at_each_step(style):
    loss = lab_network.build(lab_network.ALIVE)
    drawing = viz.draw(loss, style=style, expand="all")
    frames = drawing.frames()
    steps = steps_of(drawing.diagram)
    assert [says for says, _ in frames] == ["inputs", *[step.says for step in steps]]
    computed, known = set(), {}
    for place, (says, svg) in enumerate(frames):
        if place:
            step = steps[place - 1]
            computed.add(step.operation if step.phase == "forward" else None)
            known.update({position: shown for position, shown, _ in step.gradients})
        groups = {group.get("data-id"): group for group in ElementTree.fromstring(svg).iter(f"{SVG}g")}
        for wire in drawing.view.wires:
            value = drawing.diagram.values[wire.value]
            seen = {
                text.get("class"): text.text.strip()
                for text in groups[wire.id].iter(f"{SVG}text")
                if text.get("class") and text.get("visibility") != "hidden"
            }
            assert ("value" in seen) == (value.producer is None or value.producer in computed)
            if value.gradient_text:
                assert seen["gradient"] == known.get(wire.value, "?")
        rings = [part for group in groups.values() for part in group if part.get("stroke-width") == "3"]
        seen = [ring for ring in rings if ring.get("visibility") == "visible"]
        assert len(seen) == (place > 0 and steps[place - 1].phase != "start")
        assert says in "".join(ElementTree.fromstring(svg).find(f"{SVG}desc").itertext())


def test_the_last_frame_is_the_picture_but_for_the_operation_at_work():
    drawing = viz.draw(lab_network.build())
    last = ElementTree.fromstring(drawing.frames()[-1].svg)
    whole = ElementTree.fromstring(drawing.svg())

    def seen(root):
        return sorted([text.text for text in root.iter(f"{SVG}text") if text.get("visibility") != "hidden"])

    assert seen(last) == seen(whole)


def test_a_frame_is_saved_as_it_is_seen(tmp_path):
    x = Variable(2.0, name="x")
    frame = viz.draw(x * x).frames()[1]
    assert frame.save(tmp_path / "step.svg").read_text(encoding="utf-8") == frame.svg
    with pytest.raises(ValueError, match=r"a frame is saved as \.svg; got '\.png'"):
        frame.save(tmp_path / "step.png")


def test_what_is_too_long_to_play_has_no_frames():
    x = Variable(0.5)
    for _ in range(201):
        x = x.sin()
    with pytest.raises(ValueError, match="at most 200 operations"):
        viz.draw(x).frames()
