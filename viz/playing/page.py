"""A drawing as a page: one HTML file that asks the network for nothing, with every state of its layers laid out.

Its security policy allows this style sheet and this script, by their digests, and nothing else; all text that a
user wrote enters as escaped text or as JSON, and from JSON into the page as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Sequence
from html import escape
from importlib import resources
from typing import Any
from xml.etree import ElementTree

from viz.colours import ALARM, NEGATIVE, PALE, POSITIVE
from viz.diagrams.diagram import Diagram
from viz.diagrams.explanations import Explanations
from viz.labels import readable
from viz.layout.engine import separated
from viz.layout.placing import placed_svg
from viz.playing.live import live_program, reason_to_stand_still, rules_of
from viz.playing.steps import steps_of
from viz.views.tints import STEPS
from viz.views.view import View
from viz.writing.svg import CLASS, NAMESPACE, as_text, dark_rules

__all__ = ["write_page"]

MOST_OPERATIONS = 2_000
# Places in a picture, and digits of them that nobody sees.
DRAWN = ("d", "points", "x", "y")
TENTHS = re.compile(r"(\.[1-9])\d+|\.0\d*")
HELP = (
    "Click a value to see where "
    "its gradient comes from, a layer to open or close it. Keys: arrows move, Enter opens, + − 0 zoom, "
    "[ ] step, space plays, / searches, m moves inputs."
)


def write_page(
    states: Sequence[View],
    lay_out: Callable[[Sequence[View]], bytes],
    *,
    title: str,
    description: str,
    legend: str,
    theme: str,
    color_by: str | None = None,
    quiz: bool = False,
) -> str:
    """The HTML text of a page that starts with the first of the states; `lay_out` makes one SVG after another.

    quiz: whether gradients are hidden until the reader has found them.
    """
    pictures = _pictures(lay_out(states), len(states), title)
    diagram = states[0].diagram
    still = reason_to_stand_still(diagram)
    content = _data(states) | {
        "still": still,
        "live": None if still else live_program(diagram, {wire.value for state in states for wire in state.wires}),
        "quiz": quiz,
        "tints": _tints(color_by),
        "alarm": ALARM,
    }
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    css = _resource("page.css") + _themes()
    rules = "const operations = {};" if still else rules_of(diagram)
    parts = [
        _resource("inflate.js"),
        _resource("picture.js"),
        rules,
        *map(_resource, ("evaluate.js", "live.js", "reasons.js", "controls.js")),
    ]
    script = f'(() => {{\n"use strict";\n{"".join([f"{part}{chr(10)}" for part in parts])}}})();\n'
    packed = _packed("data", data) + _packed("states", "".join(pictures[1:]))
    name = escape(title)
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(css)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{"light dark" if theme == "auto" else theme}">
<link rel="icon" href="data:,">
<title>{name}</title>
<style>{css}</style>
</head>
<body>
<header>
<h1 dir="auto">{name}</h1>
<div id="search" role="search"><input id="query" type="search" placeholder="find a name"
 aria-label="find a value, an operation or a layer by name"><output id="found" for="query"></output></div>
<div class="buttons" role="group" aria-label="layers"><button id="open-all" type="button">open all</button><button
 id="close-all" type="button">close all</button></div>
<div class="buttons"><button id="move" type="button" aria-expanded="false" aria-controls="inputs">move</button></div>
<div class="buttons" role="group" aria-label="view"><button id="zoom-out" type="button"
 aria-label="zoom out">−</button><button id="zoom-in" type="button" aria-label="zoom in">+</button><button
 id="fit" type="button">fit</button><button id="theme" type="button"></button></div>
</header>
<main>
<figure id="stage" aria-label="{escape(description)}">{pictures[0]}</figure>
<aside id="inputs" aria-label="inputs" hidden><div id="panel"><div id="leaves"></div>
<div class="row"><button id="reset" type="button">reset</button><button id="code" type="button">as Python</button></div>
<div class="row" id="descent"><label>rate <input id="rate" type="number" value="0.05" step="any" min="0"></label><button
 id="descend" type="button">step</button><button id="descend-ten" type="button">10 steps</button><button
 id="train" type="button">train</button></div>
<p id="loss" aria-live="polite"></p><textarea id="python" readonly rows="4"
 aria-label="these inputs in Python" hidden></textarea></div></aside>
<aside id="details" aria-live="polite" hidden><button id="dismiss" type="button"
 aria-label="close the details">×</button><h2 dir="auto"></h2><ul></ul></aside>
</main>
<footer>
<div id="player"><button id="play" type="button" aria-label="play">▶</button><button id="previous" type="button"
 aria-label="one step back">‹</button><input id="step" type="range" min="0" value="0"
 aria-label="step of the computation"><button id="next" type="button" aria-label="one step on">›</button>
<output id="phase" for="step"></output></div>
<form id="quiz" hidden><label for="answer" id="question"></label><input id="answer" inputmode="text" autocomplete="off"
 size="9"><button type="submit">check</button><button id="hint" type="button">hint</button><button id="tell"
 type="button">tell me</button><output id="mark" for="answer"></output></form>
<p id="says" aria-live="polite" dir="auto"></p>
<p id="help">{escape(legend)} {HELP}</p>
<noscript><p>Without scripts this page shows one state of the picture.</p></noscript>
</footer>
{packed}<script>{script}</script>
</body>
</html>
"""


def _data(states: Sequence[View]) -> dict[str, Any]:
    """The graph as data for the script."""
    diagram = states[0].diagram
    explanations = Explanations(diagram)
    drawn = sorted({wire.value for state in states for wire in state.wires})
    few = len(diagram.operations) <= MOST_OPERATIONS
    return {
        "values": {position: _value(diagram, explanations, position) for position in drawn},
        "boxes": [
            {"label": readable(box.label, 60), "parent": box.parent, "operations": box.operations}
            for box in diagram.boxes
        ],
        "operations": [
            [readable(operation.symbol, 14), readable(operation.name, 60), operation.box, operation.result]
            for operation in diagram.operations
        ]
        if few
        else [],
        "states": [
            {
                "opened": sorted(state.opened),
                "members": {
                    block.id: list(block.members) for block in state.blocks if block.kind in ("sum", "fold") and few
                },
            }
            for state in states
        ],
        "steps": [[step.phase, step.operation, step.says, step.gradients] for step in steps_of(diagram)] if few else [],
        "reason": _reason(diagram, few),
    }


def _tints(color_by: str | None) -> dict[str, Any] | None:
    """The grounds that show a number, for the script; None if they show none."""
    if color_by is None:
        return None
    return {"by": color_by, "steps": STEPS, "above": POSITIVE, "below": NEGATIVE, "none": PALE}


def _reason(diagram: Diagram, few: bool) -> str:
    """The reason that there are no steps; empty if there are some."""
    if not few:
        return f"{len(diagram.operations):,} operations are too many to step through; the limit is {MOST_OPERATIONS:,}."
    if any([value.blank for value in diagram.values]):
        return "Its numbers are to be found."
    known = all([value.known for value in diagram.without_insides().values])
    return "" if known else "A program without its arguments has no numbers: draw it with them to step through it."


def _value(diagram: Diagram, explanations: Explanations, position: int) -> dict[str, Any]:
    value = diagram.values[position]
    homes = []
    home = value.home
    while home is not None:
        homes.append(home)
        home = diagram.boxes[home].parent
    return {
        "name": value.name_text,
        "search": "" if value.name is None else readable(value.name, 200),
        "number": value.number_text,
        "gradient": value.gradient_text,
        "producer": value.producer,
        "homes": homes,
        "lines": explanations.lines(position),
        "why": bool(value.gradient_text) and bool(explanations.why(position)),
    }


def _pictures(laid_out: bytes, count: int, title: str) -> list[str]:
    """The engine's SVGs, one after another, each made as small as the page allows."""
    return [_small(placed_svg(part)[0], title) for part in separated(laid_out, count)]


def _small(root: ElementTree.Element, title: str) -> str:
    """A picture without the attributes that the page's style sheet sets for all of them."""
    root.attrib.update({"class": CLASS, "role": "group", "aria-label": title})
    for text in root.iter(f"{{{NAMESPACE}}}text"):
        for attribute in ("font-family", "{http://www.w3.org/XML/1998/namespace}space"):
            text.attrib.pop(attribute, None)
        if text.get("text-anchor") == "start":
            del text.attrib["text-anchor"]
    for shape in root.iter():
        for attribute in DRAWN:
            if attribute in shape.attrib:
                shape.set(attribute, TENTHS.sub(r"\1", shape.attrib[attribute]))
    for group in root.iter(f"{{{NAMESPACE}}}g"):
        for child in list(group):
            if child.tag == f"{{{NAMESPACE}}}text" and not (child.text or "").strip():
                group.remove(child)
    return as_text(root).replace(" />", "/>").strip()


def _packed(name: str, text: str) -> str:
    """An element with a text as `inflate.js` reads it."""
    content, packer = text.encode(), zlib.compressobj(9, wbits=-15)
    packed = base64.b64encode(packer.compress(content) + packer.flush()).decode()
    return f'<script type="text/plain" id="{name}" data-length="{len(content)}">{packed}</script>\n'


def _themes() -> str:
    """The picture's dark colours: where the viewer's system is dark, unless light was chosen; and where dark was."""
    automatic = dark_rules(f":root[data-theme=auto] .{CLASS}")
    always = dark_rules(f":root[data-theme=dark] .{CLASS}")
    return f"@media (prefers-color-scheme:dark){{{automatic}}}\n{always}"


def _resource(name: str) -> str:
    return resources.files("viz.playing").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The digest by which a security policy names a script or style sheet."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
