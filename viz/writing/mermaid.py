"""A view as a Mermaid flowchart, which code forges, wikis and notebooks lay out themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from viz.colours import FORWARD, GRADIENT, INK
from viz.diagrams.diagram import Box, Value
from viz.errors import GraphTooLarge
from viz.labels import readable
from viz.views.tints import tints_of
from viz.views.view import Block, View, Wire
from viz.writing.look import Look

__all__ = ["write_mermaid"]

LONGEST_GUARD = 60
MOST_LINES = 499  # viewers refuse a flowchart with more
JOINER = "\u2060"  # has no width


def write_mermaid(view: View, look: Look = Look()) -> str:  # noqa: B008 - a tuple, which never changes
    """The flowchart: circles are operations, boxes values with their gradients, subgraphs open layers.

    It has one style, the direction and the colours of a look. Raises GraphTooLarge for more lines than viewers take.

    >>> from autograd import Variable
    >>> from viz import draw
    >>> x = Variable(3.0, name="x")
    >>> print(draw(-x).mermaid().splitlines()[2])
      v0["x = 3<br>∂ ?"]:::leaf
    """
    lines = len(view.inward) + len(view.outward) + len(view.notes)
    if lines > MOST_LINES:
        raise GraphTooLarge(
            f"{lines:,} lines are too many for Mermaid, whose viewers take {MOST_LINES}. Ways out: expand=, "
            "focus=node, radius=3, max_nodes=, or svg(), which takes more",
            values=len(view.wires),
            limit=MOST_LINES,
            layers={},
        )
    return "\n".join(_lines(view, look)) + "\n"


def _lines(view: View, look: Look) -> Iterator[str]:
    yield f"flowchart {look.direction}"
    blocks: dict[int | None, list[Block]] = {}
    wires: dict[int | None, list[Wire]] = {}
    boxes: dict[int | None, list[Box]] = {}
    for block in view.blocks:
        blocks.setdefault(block.home, []).append(block)
    for wire in view.wires:
        wires.setdefault(wire.home, []).append(wire)
    for box in view.diagram.boxes:
        if box.position in view.opened:
            boxes.setdefault(box.parent, []).append(box)

    def contents(home: int | None, indent: str) -> Iterator[str]:
        for block in blocks.get(home, []):
            yield indent + _block(block)
        for wire in wires.get(home, []):
            yield indent + _wire(view.diagram.values[wire.value], wire)

    yield from contents(None, "  ")
    stack: list[Box | None] = list(reversed(boxes.get(None, [])))
    depth = 1
    while stack:
        opened = stack.pop()
        if opened is None:
            depth -= 1
            yield "  " * depth + "end"
            continue
        yield "  " * depth + f'subgraph {opened.id}["{_escaped(readable(opened.label))}"]'
        depth += 1
        yield from contents(opened.position, "  " * depth)
        stack.append(None)
        stack.extend(reversed(boxes.get(opened.position, [])))
    for link in view.inward:
        slope = f'|"{_escaped(link.label)}"|' if link.label else ""
        yield f"  {link.source} {'-.->' if link.again else '-->'}{slope} {link.target}"
    for link in view.outward:
        yield f"  {link.source} --- {link.target}"
    for note in view.notes:
        yield f'  {note.id}>"{note.guard.what}: {_escaped(readable(note.guard.text, LONGEST_GUARD))}"]:::fold'
        yield f"  {note.wire} -.- {note.id}"
    if view.diagram.note:
        yield f'  n["{_escaped(readable(view.diagram.note, LONGEST_GUARD))}"]:::fold'
    tints = tints_of(view, look.color_by)
    for wire in view.wires:
        if wire.value in tints:
            yield f"  style {wire.id} fill:{tints[wire.value]},color:{INK}"
    # Okabe and Ito's blue and vermilion as borders; texts keep the theme's own colour, dark or light.
    yield f"  classDef box stroke:{FORWARD},stroke-width:3px"
    yield f"  classDef leaf stroke:{GRADIENT}"
    yield "  classDef fold stroke-dasharray:4"


def _block(block: Block) -> str:
    label = _escaped(readable(block.label))
    if block.note:
        label += f"<br>{_escaped(block.note)}"
    if block.kind in ("box", "function"):
        return f'{block.id}(["{label}"]):::box'
    return f'{block.id}("{label}"):::fold' if block.kind == "fold" else f'{block.id}(("{label}"))'


def _wire(value: Value, wire: Wire) -> str:
    if wire.bundled:
        return f'{wire.id}["… {wire.bundled} more"]:::fold'
    text = " = ".join([_escaped(part) for part in (value.name_text, value.number_text) if part])
    if value.gradient_text:
        text += f"<br>{_escaped(value.sign_text)} {_escaped(value.gradient_text)}"
    return f'{wire.id}["{text}"]' + (":::leaf" if value.kind == "variable" else "")


def _escaped(text: str) -> str:
    """The text with every sign that has a meaning in Mermaid, or in HTML inside it, as a number.

    >>> _escaped('a"<b>#')
    'a#34;#60;b#62;#35;'
    """
    # A backslash before an n would be a line's end, two dollars the begin of a formula: a joiner keeps them apart.
    text = re.sub(r"[\\$]", lambda sign: sign[0] + JOINER, text)
    return re.sub(r"[^\w .,?]", lambda sign: f"#{ord(sign[0])};" if ord(sign[0]) < 128 else sign[0], text) or "#160;"
