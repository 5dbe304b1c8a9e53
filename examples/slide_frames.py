"""A sweep as slides, one step on each: `python -m examples.slide_frames FOLDER`.

The folder gets an SVG for each step, which slide programs insert as they are, and `slides.html`, which shows them one
below another, a screen each, with the step's arithmetic: turn them with the space bar.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

from examples import lab_network
from viz import Frame, draw

STYLE = """
:root{color-scheme:light dark}
html{scroll-snap-type:y mandatory}body{margin:0;font:2.6vmin/1.5 sans-serif}
section{height:100vh;scroll-snap-align:start;display:flex;flex-direction:column;justify-content:center;align-items:center}
section svg{width:92vw;height:62vh}p{min-height:3em;margin:0 4vw;text-align:center}
"""


def frames() -> list[Frame]:
    """The lab network: forward, then backward, a step on each frame."""
    return draw(lab_network.build(lab_network.ALIVE), expand="all", background="transparent").frames()


def main(arguments: Sequence[str]) -> None:
    """Write the frames, and the page that shows them."""
    folder = Path(arguments[0] if arguments else "demo-output")
    folder.mkdir(parents=True, exist_ok=True)
    sections = []
    for place, (says, svg) in enumerate(frames()):
        (folder / f"frame-{place:02}.svg").write_text(svg, encoding="utf-8")
        sections.append(f"<section>{svg}<p>{escape(says)}</p></section>\n")
    slides = folder / "slides.html"
    head = f"<html lang=en><meta charset=utf-8><title>A sweep, step by step</title><style>{STYLE}</style>"
    slides.write_text(f"<!DOCTYPE html>\n{head}\n{''.join(sections)}</html>\n", encoding="utf-8")
    print(slides)


if __name__ == "__main__":
    main(sys.argv[1:])
