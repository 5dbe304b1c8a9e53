"""A view as DOT text, but for the look of values, which `styles` adds.

An operation is a circle. The derivative of its result in an operand is small and grey at the arrow's head.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator

from viz.colours import (
    ALARM,
    ALARM_INK,
    CLOSED,
    DARK_FILL,
    DARK_STROKE,
    FORWARD,
    GRADIENT,
    GROUND,
    INK,
    LINE,
    MUTED,
    OPEN,
    OPEN_EDGE,
    PALE,
)
from viz.diagrams.diagram import Box, Value
from viz.labels import exact, exact_slope, html, pretty, quoted, readable
from viz.metrics import width_of
from viz.views.tints import tints_of
from viz.views.view import Block, Link, Note, View, Wire
from viz.writing.look import Look, Making

__all__ = [
    "LONG_NUMBER",
    "LONGEST_TOOLTIP",
    "PAD",
    "SMALL_SIGNS",
    "DotWriter",
    "is_leaf",
    "recoloured",
    "table",
    "usual_place",
    "value_tooltip",
]

ALARMED = f' BGCOLOR="{ALARM}"'
_COLOURED = re.compile(r'\b((?:fill|font|labelfont|bg)?color=|(?:BG)?COLOR=)"(#[0-9a-f]{6})"')
DARK = DARK_FILL | DARK_STROKE
FONT = 'fontname="Helvetica"'
LONG_NUMBER = "−0.875"  # for which a page has room
DEEPEST_INDENT = 12
PAD = 0.12  # inches of ground around all
LONGEST_LABEL = 28
LONGEST_TOOLTIP = 100
SMALL_SIGNS = {"·": 24}  # and the size they need to be seen in a circle
LONGEST_CODE = LONGEST_GUARD = 48
ROOM_FOR_A_LINE = 0.28  # inches of a circle's height, enough for the number of a line
FEW_LINES, MORE_COLUMNS = 3, 4  # more lines than that which end at a circle need a longer way to be told apart
LABEL_SIZE, ROOM_AT_A_LABEL, COLUMN = 10, 10.0, 21.6  # points: of a label, around it, and from one column to the next
MOST_HEAD_LABELS = 6  # the numbers of more lines that end at a circle lie on each other; tooltips have them


class DotWriter(ABC):
    """Writes a view: a value is its own node, on the line from the operation that made it.

    ranksep: inches from one column to the next.
    """

    ranksep = 0.3

    def __init__(self, view: View, title: str, look: Look, making: Making) -> None:
        self.view = view
        self.title = title
        self.look = look
        self.making = making
        self.tints = {} if making.without_numbers else tints_of(view, look.color_by)
        self.into, self.out_of = ("w", "e") if look.direction == "LR" else ("n", "s")
        self.boxes = view.diagram.boxes
        self.blocks_at: dict[int | None, list[Block]] = {}
        self.wires_at: dict[int | None, list[Wire]] = {}
        self.boxes_at: dict[int | None, list[Box]] = {}
        for block in view.blocks:
            self.blocks_at.setdefault(block.home, []).append(block)
        for wire in view.wires:
            self.wires_at.setdefault(wire.home, []).append(wire)
        for box in self.boxes:
            if box.position in view.opened:
                self.boxes_at.setdefault(box.parent, []).append(box)
        # Values on the longest path come first, that is on top.
        self.first = {link.source for link in view.inward if link.on_longest_path}
        for wires in self.wires_at.values():
            wires.sort(key=lambda wire: wire.id not in self.first)
        # From left to right, parts that hang together by no line are stacked from below.
        below = -1 if look.direction == "LR" else 1
        for blocks in self.blocks_at.values():
            blocks.sort(key=lambda block: below * block.row)
        for wires in self.wires_at.values():
            wires.sort(key=lambda wire: below * wire.row)
        self.values = {wire.id: view.diagram.values[wire.value] for wire in view.wires}
        literals = [link for link in view.inward if link.source in self.values and self.values[link.source].literal]
        self.entering = Counter(target for _, target in {(link.source, link.target) for link in view.inward})
        several = Counter(link.target for link in literals)
        self.beside = {link.source: link.target for link in literals if several[link.target] == 1}

    def text(self) -> str:
        """The DOT text: the same for the same graph."""
        return "\n".join(self.lines()) + "\n"

    def lines(self) -> Iterator[str]:
        """The text, line by line."""
        yield "digraph computation {"
        yield (
            f"  graph [rankdir={self.look.direction}, nodesep=0.14, ranksep={self.ranksep}, newrank=true, pad={PAD}, "
            f'nslimit=4, bgcolor="{self.look.background or GROUND}", tooltip={quoted(self.title)}, {FONT}, '
            f'fontsize=11, fontcolor="{LINE}"]'
        )
        if self.view.diagram.note:
            yield f"  graph [label=<{html(readable(self.view.diagram.note, LONGEST_TOOLTIP))}>, labeljust=l]"
        yield f'  node [{FONT}, fontsize=12, fontcolor="{INK}"]'
        yield f'  edge [{FONT}, fontsize={LABEL_SIZE}, arrowsize=0.55, color="{LINE}", fontcolor="{MUTED}"]'
        yield from self.contents(None, "  ")
        # Clusters may be nested deeper than Python recurses.
        stack: list[Box | None] = list(reversed(self.boxes_at.get(None, [])))
        depth = 1
        while stack:
            box = stack.pop()
            # Spaces before each line would make a deep text grow with the square of its depth.
            indent = "  " * min(depth, DEEPEST_INDENT)
            if box is None:
                depth -= 1
                yield "  " * min(depth, DEEPEST_INDENT) + "}"
                continue
            yield indent + f"subgraph cluster_{box.id} {{"
            depth += 1
            indent = "  " * min(depth, DEEPEST_INDENT)
            yield indent + self.cluster(box)
            yield from self.contents(box.position, indent)
            stack.append(None)
            stack.extend(reversed(self.boxes_at.get(box.position, [])))
        together: dict[tuple[str, str], list[Link]] = {}
        for link in self.view.inward:
            together.setdefault((link.source, link.target), []).append(link)
        for links in together.values():
            yield "  " + self.inward(links)
        for link in self.view.outward:
            yield from self.outward(link)
        for wire in self.view.wires:
            if self.view.diagram.values[wire.value].kind == "cut" or wire.continues:
                yield f'  {wire.id}_cut [id="{wire.id}_cut", shape=plain, label="…", fontcolor="{MUTED}"]'
                yield f'  {wire.id}_cut -> {wire.id}:{self.into} [arrowhead=none, style=dashed, tooltip=" "]'
        for note in self.view.notes:
            yield from self.note(note)
        yield "}"

    def cluster(self, box: Box) -> str:
        """The attributes of an open box."""
        return (
            f'graph [id="{box.id}", class="layer", label=<<B>{html(readable(box.label, LONGEST_LABEL))}</B>>, '
            f'labeljust=l, margin=20, style="rounded,filled", color="{OPEN_EDGE}", fillcolor="{OPEN}", '
            f"tooltip={quoted(self.box_tooltip(box))}]"
        )

    def box_tooltip(self, box: Box) -> str:
        label, each = readable(box.label, LONGEST_TOOLTIP), " in each turn" if box.loop else ""
        return f"{label}: {box.operations} operation{'' if box.operations == 1 else 's'}{each}"

    def contents(self, home: int | None, indent: str) -> Iterator[str]:
        """The blocks and wires in a box."""
        for block in self.blocks_at.get(home, []):
            text = self.block(block)
            if text:
                yield indent + text
        for wire in self.ordered(home):
            yield indent + self.wire(wire)
        for wire in self.wires_at.get(home, []):
            # Before its operation, a constant would keep the line into the box from going straight.
            if wire.id in self.beside:
                yield f"{indent}{{rank=same; {wire.id}; {self.beside[wire.id]}}}"

    def ordered(self, home: int | None) -> list[Wire]:
        """The wires in a box, in the order in which the engine puts the first of them on top: results follow leaves."""
        wires = self.wires_at.get(home, [])
        if not self.making.from_below or home is None:
            return wires
        leaves = [wire for wire in wires if self.values[wire.id].producer is None]
        return leaves[::-1] + [wire for wire in wires if self.values[wire.id].producer is not None]

    def note(self, note: Note) -> Iterator[str]:
        """A guard: the outcome of the decision, its place, and the code there."""
        guard = note.guard
        rows = [f"{guard.what}: {html(readable(guard.text, LONGEST_GUARD))}"]
        if guard.code:
            rows.append(f'<FONT COLOR="{MUTED}">{html(readable(guard.code, LONGEST_CODE))}</FONT>')
        cells = "".join([f'<TR><TD ALIGN="LEFT">{row}</TD></TR>' for row in rows])
        tooltip = f"recorded for when this is {readable(guard.text, LONGEST_TOOLTIP)} {readable(guard.code)}"
        ground, colour = (ALARM, ALARM_INK) if guard.failed else (GROUND, INK)
        yield (
            f'  {note.id} [id="{note.id}", class="guard", shape=note, style=filled, fillcolor="{ground}", '
            f'color="{LINE}", fontcolor="{colour}", fontsize=10, margin="0.09,0.01", height=0.2, '
            f"tooltip={quoted(tooltip)}, "
            f'label=<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>>]'
        )
        yield (
            f'  {note.wire}:{self.out_of} -> {note.id} [id="{note.wire}-{note.id}", arrowhead=none, style=dashed, '
            f"tooltip={quoted(tooltip)}]"
        )

    def block(self, block: Block) -> str:
        """An operation, or several drawn as one."""
        if block.kind == "box":
            box = self.boxes[int(block.id[1:])]
            note = f'<BR/><FONT POINT-SIZE="10">{html(block.note)}</FONT>' if block.note else ""
            length = min(max(0.66, 0.14 * self.entering[block.id]), 2.8)
            side = "height" if self.look.direction == "LR" else "height=0.66, width"
            return (
                f'{block.id} [id="{block.id}", class="box", shape=box, style="rounded,filled", '
                f'fillcolor="{CLOSED}", color="{CLOSED}", fontcolor="{GROUND}", {side}={length:.2f}, '
                'margin="0.15,0.05", '
                f"label=<<B>{html(readable(block.label, LONGEST_LABEL))}</B>{note}>, "
                f"tooltip={quoted(self.box_tooltip(box))}]"
            )
        if block.kind == "function":
            return (
                f'{block.id} [id="{block.id}", class="function", shape=box, style="rounded,filled", '
                f'fillcolor="{CLOSED}", color="{CLOSED}", fontcolor="{GROUND}", height=0.5, margin="0.13,0.05", '
                f"label=<<B>{html(readable(block.label, LONGEST_LABEL))}</B>>, "
                f"tooltip={quoted(f'{readable(block.label, LONGEST_TOOLTIP)}: a function, whose inside is not shown')}]"
            )
        if block.kind == "fold":
            return (
                f'{block.id} [id="{block.id}", class="fold", shape=box, style="rounded,dashed", height=0.3, '
                f'color="{LINE}", fontcolor="{MUTED}", fontsize=11, label={quoted(block.label)}, '
                f"tooltip={quoted(f'{len(block.members)} operations')}]"
            )
        return self.operation(block)

    def operation(self, block: Block) -> str:
        """A circle, or a box if its sign is a long word; taller if many lines end at it."""
        symbol = readable(block.label, 14)
        made = self.view.diagram.operations[block.members[-1]]
        meaning = made.name if block.kind == "operation" else f"sum by {len(block.members)} additions"
        if len(symbol) > 5:
            shape = 'shape=box, style="rounded,filled", height=0.36, margin="0.08,0.03", fontsize=11'
        else:
            size = SMALL_SIGNS.get(symbol) or {1: 16, 2: 14, 3: 11, 4: 10, 5: 9}[max(1, len(symbol))]
            lines = self.entering[block.id]
            height = 0.42 if lines <= 2 else min(ROOM_FOR_A_LINE * lines, 2.4)
            wide, high = (0.42, height) if self.look.direction == "LR" else (height, 0.42)
            shape = f"shape=ellipse, style=filled, width={wide:.2f}, height={high:.2f}, fixedsize=true, fontsize={size}"
        return (
            f'{block.id} [id="{block.id}", class="op", {shape}, fillcolor="{GROUND}", color="{INK}", '
            f'fontcolor="{INK}", penwidth=1.4, label=<{html(symbol)}>, '
            f"tooltip={quoted(readable(meaning, LONGEST_TOOLTIP))}]"
        )

    def wire(self, wire: Wire) -> str:
        """The node of a value, or of several that are bundled."""
        value = self.view.diagram.values[wire.value]
        if not wire.bundled:
            return self.value(wire, value)
        rows = f'<TR><TD><FONT COLOR="{MUTED}">… {wire.bundled} more</FONT></TD></TR>'
        return self.on_the_line(wire, value, f"{wire.bundled} values like those beside it", rows)

    @abstractmethod
    def value(self, wire: Wire, value: Value) -> str:
        """The node of one value."""

    def on_the_line(self, wire: Wire, value: Value, tooltip: str, rows: str) -> str:
        """A node without a border, on the line that passes through it."""
        leaf = is_leaf(value)
        # A ground also marks the room of a value that has no rule.
        ground = self.ground(value, PALE if leaf else "" if value.gradient_text else GROUND)
        css = "wire leaf" if leaf else "wire"
        return table(
            wire, css, tooltip, f'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" COLOR="{INK}"{ground}', rows
        )

    def ground(self, value: Value, otherwise: str) -> str:
        """The attribute of a value's ground: its tint, or without one another colour."""
        tint = self.tints.get(value.position, otherwise)
        return f' BGCOLOR="{tint}"' if tint else ""

    def number(self, value: Value) -> tuple[str, str]:
        """The bold number of a value, and the ground of its cell as an attribute."""
        finite = math.isfinite(value.number) or not value.known
        colour = ALARM_INK if not finite else FORWARD if value.position not in self.tints else INK
        if self.making.without_numbers and value.producer is not None:
            colour, finite = "transparent", True
        return f'<FONT COLOR="{colour}"><B>{value.number_text}</B></FONT>', "" if finite else ALARMED

    def gradient(self, value: Value, sign: str) -> tuple[str, str]:
        """The gradient of a value after a sign, and the ground of its cell as an attribute."""
        finite = value.gradient is None or math.isfinite(value.gradient)
        colour = ALARM_INK if not finite else GRADIENT if value.position not in self.tints else INK
        if self.making.without_numbers:
            shown = f'<FONT COLOR="{GRADIENT}">{sign}</FONT>' if sign else ""
            return f'{shown}<FONT COLOR="transparent">{value.gradient_text}</FONT>', ""
        return f'<FONT COLOR="{colour}">{sign}{value.gradient_text}</FONT>', "" if finite else ALARMED

    def columns(self, label: str, entering: int) -> int:
        """The columns that an arrow with a label passes, so that this has room: one of so many arrows at its node."""
        if self.making.roomy:
            label = max(label, LONG_NUMBER, key=len)
        length = width_of(label, LABEL_SIZE) if self.look.direction == "LR" else LABEL_SIZE
        needed = math.ceil((length + ROOM_AT_A_LABEL) / COLUMN)
        return max(needed, MORE_COLUMNS if entering > FEW_LINES else 1)

    def outward(self, link: Link) -> Iterator[str]:
        """The line from a block to its result."""
        weight = ", weight=20" if link.on_longest_path else ""
        ends = f"{link.source}-{link.target}"
        yield f'  {link.source} -> {link.target}:{self.into} [id="{ends}", arrowhead=none{weight}, tooltip=" "]'

    def inward(self, links: list[Link]) -> str:
        """A line into a block: one for all uses of a value there, whose local gradients add up."""
        link = links[0]
        attributes = [f'id="{link.source}-{link.target}"']
        tooltip = " "
        if any(other.on_longest_path for other in links):
            attributes.append("weight=20")
        if all(other.again for other in links):
            attributes.append("constraint=false, style=dashed")
            tooltip = "to the next turn"
        slopes = [other.local_gradient for other in links if other.local_gradient is not None]
        if slopes:
            tooltip = f"local gradient {' + '.join([exact_slope(slope) for slope in slopes])}"
        label = _head_label(links)
        if label and self.entering[link.target] <= MOST_HEAD_LABELS:
            attributes.append(f"minlen={self.columns(label, self.entering[link.target])}")
            place = self.making.places.get(f"{link.source}-{link.target}", usual_place(label))
            if place is not None:
                distance, angle = place
                attributes.append(f"headlabel=<{label}>, labeldistance={distance:.2f}, labelangle={angle:.1f}")
            if not all(map(math.isfinite, slopes)):
                attributes.append(f'labelfontcolor="{GRADIENT}"')
        if not slopes and link.chain is not None:
            tooltip = f"gradient through the layer {exact_slope(link.chain)}"
        if any(other.order for other in links):
            tooltip = f"{' and '.join([other.order for other in links if other.order])} operand, {tooltip}".rstrip(", ")
        attributes.append(f"tooltip={quoted(tooltip)}")
        on_its_line = link.source in self.values and link.source not in self.beside and not link.again
        port = f":{self.out_of}" if on_its_line else ""
        return f"{link.source}{port} -> {link.target} [{', '.join(attributes)}]"


def _head_label(links: list[Link]) -> str:
    """The text at the head of an arrow: places and local gradients of the uses of a value, which add up."""
    labels = [link.label for link in links if link.label]
    return " + ".join(labels[:3]) + (" + …" if len(labels) > 3 else "")


def recoloured(dot: str) -> str:
    """The DOT text in dark colours. An attribute of that form is never a user's text, whose quotes are escaped."""
    return _COLOURED.sub(lambda found: f'{found[1]}"{DARK.get(found[2], found[2])}"', dot)


def usual_place(label: str) -> tuple[float, float]:
    """The place asked of Graphviz for the middle of a label: tens of points from its arrow's head, and an angle."""
    length = max(12.0, math.hypot(2.7 * len(label) + 4.0, 5.0))
    return round(length / 10, 2), round(math.degrees(math.asin(5.0 / length)), 1)


def is_leaf(value: Value) -> bool:
    """Whether no operation computed a value."""
    return value.kind in ("variable", "constant")


def table(wire: Wire, css: str, tooltip: str, attributes: str, rows: str) -> str:
    """The node of a wire: an HTML-like table."""
    return (
        f'{wire.id} [id="{wire.id}", class="{css}", shape=plain, tooltip={quoted(tooltip)}, '
        f"label=<<TABLE {attributes}>{rows}</TABLE>>]"
    )


def value_tooltip(value: Value) -> str:
    """Name, number and gradient of a value, with all digits.

    >>> value_tooltip(Value(0, "w1", -1.0, None, "variable", None, None, False))
    'w₁ = −1, ∂ = ?'
    """
    name = "" if value.name is None else readable(value.name, LONGEST_TOOLTIP)
    name = pretty(value.name) if value.name is not None and len(name) < LONGEST_LABEL else name
    number = value.number_text if value.kind == "condition" or not value.known else exact(value.number)
    text = " = ".join([part for part in (name, number) if part])
    if not value.gradient_text:
        return text + (", constant" if value.kind == "constant" else "")
    gradient = value.gradient_text if value.gradient is None else exact_slope(value.gradient)
    return f"{text}, {value.sign_text.removesuffix(' =')} = {gradient}"
