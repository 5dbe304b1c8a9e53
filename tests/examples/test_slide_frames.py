"""Slides: a frame for each step, and a page that shows them a screen each."""

from examples import lab_network, slide_frames
from tests.tables.browser import CHROMIUM, Browser, needs_chromium
from viz import diagram_of
from viz.playing.steps import steps_of


def test_there_is_a_frame_for_the_inputs_and_for_each_step():
    steps = steps_of(diagram_of([lab_network.build(lab_network.ALIVE)]))
    assert [says for says, _ in slide_frames.frames()] == ["inputs", *[step.says for step in steps]]


@needs_chromium
def test_each_frame_is_a_screen_of_the_page(tmp_path):
    slide_frames.main([str(tmp_path)])
    files = sorted(tmp_path.glob("frame-*.svg"))
    assert [path.read_text(encoding="utf-8") for path in files] == [svg for _, svg in slide_frames.frames()]
    with Browser(CHROMIUM) as browser:
        browser.open(tmp_path / "slides.html")
        tops = browser.run("[...document.querySelectorAll('section')].map(one => one.offsetTop / innerHeight)")
        assert tops == list(range(len(files)))
        widths = (
            "[...document.querySelectorAll('section svg')].map(one => one.getBoundingClientRect().width / innerWidth)"
        )
        assert max(browser.run(widths)) <= 1
        assert browser.complaints() == []
