"""The styles of a picture: wires, cards, and records, which look like micrograd's."""

from __future__ import annotations

from collections.abc import Iterator

from viz.colours import ALARM, INK, LINE, MUTED, PALE
from viz.diagrams.diagram import Value
from viz.labels import html, readable
from viz.metrics import width_of
from viz.views.view import Block, Link, View, Wire
from viz.writing.dot import (
    LONG_NUMBER,
    LONGEST_TOOLTIP,
    SMALL_SIGNS,
    DotWriter,
    is_leaf,
    recoloured,
    table,
    value_tooltip,
)
from viz.writing.look import Look, Making

__all__ = ["write_dot"]


class Wires(DotWriter):
    """A value sits on its line: name and number above a rule, gradient below it."""

    def value(self, wire: Wire, value: Value) -> str:
        return self.on_the_line(wire, value, value_tooltip(value), self.rows(value))

    def rows(self, value: Value) -> str:
        """Name and number, the rule, the gradient; a constant has none."""
        name = value.name_text
        parts = [f'<FONT COLOR="{INK}"><I>{html(name)}</I></FONT>'] if name else []
        # An alarming number has a cell of its own: a cell can have a ground, a part of a text can't.
        ground = ""
        if value.number_text:
            number, ground = self.number(value)
            parts.append(number)
        if self.making.roomy and value.kind != "constant" and (value.known or value.blank):
            room = width_of(f"{name} {LONG_NUMBER}" if name else LONG_NUMBER, 12.0)
            ground += f' WIDTH="{room:.0f}"'
        rows = f"<TR><TD{ground}>{' '.join(parts)}</TD></TR>"
        if not value.gradient_text:
            return rows
        gradient, ground = self.gradient(value, f"<I>{html(value.sign_text)}</I> ")
        return rows + f"<HR/><TR><TD{ground}>{gradient}</TD></TR>"


class Cards(Wires):
    """An operation and its result are one card: the sign at its head, below it value and gradient."""

    # Between two columns are only cards, and lines pass up and down there.
    ranksep = 0.42

    def __init__(self, view: View, title: str, look: Look, making: Making) -> None:
        super().__init__(view, title, look, making)
        results: dict[str, list[str]] = {}
        for link in view.outward:
            results.setdefault(link.source, []).append(link.target)
        self.blocks = {block.id: block for block in view.blocks if block.kind in ("operation", "sum")}
        self.result = {id: wires[0] for id, wires in results.items() if id in self.blocks and len(wires) == 1}
        self.maker = {wire: self.blocks[id] for id, wire in self.result.items()}
        self.beside = {literal: self.result[id] for literal, id in self.beside.items() if id in self.result}
        homes = {wire.id: wire for wire in view.wires}
        self.wires_at = {}
        for id, wire in sorted(homes.items(), key=lambda item: item[0] not in self.first):
            # The card stands where the operation does.
            home = self.maker[id].home if id in self.maker else wire.home
            self.wires_at.setdefault(home, []).append(wire)
        self.entering.update({self.result[id]: count for id, count in self.entering.items() if id in self.result})

    def block(self, block: Block) -> str:
        """Nothing for an operation: its result's card shows it."""
        return "" if block.id in self.result else super().block(block)

    def outward(self, link: Link) -> Iterator[str]:
        """The line from a block that is no card."""
        if link.source not in self.result:
            yield from super().outward(link)

    def inward(self, links: list[Link]) -> str:
        """A line into a card."""
        target = self.result.get(links[0].target, links[0].target)
        return super().inward([link._replace(target=target) for link in links])

    def value(self, wire: Wire, value: Value) -> str:
        """The card of a value."""
        leaf = wire.id not in self.maker
        sign = "" if leaf else readable(self.maker[wire.id].label, 14)
        size = 22 if sign in SMALL_SIGNS else 14
        head = [f'<FONT POINT-SIZE="{size}">{html(sign)}</FONT>'] if sign else []
        if value.name_text:
            head.append(f"<I>{html(value.name_text)}</I>")
        content = f'<TR><TD><FONT COLOR="{INK}">{" &#160;".join(head)}</FONT></TD></TR>' if head else ""
        content += self.rows(value)
        # The ground of an alarm would stick out of round corners.
        corners = "" if ALARM in content else ' STYLE="ROUNDED"'
        tooltip = value_tooltip(value) if leaf else f"{value_tooltip(value)}, {self.meaning(self.maker[wire.id])}"
        attributes = (
            f'BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3"{corners} '
            f'COLOR="{LINE}"{self.ground(value, PALE if leaf else "")}'
        )
        return table(wire, "wire card leaf" if leaf else "wire card", tooltip, attributes, content)

    def rows(self, value: Value) -> str:
        """Value, the rule, gradient."""
        return super().rows(value._replace(name=None)) if value.number_text else ""

    def meaning(self, block: Block) -> str:
        """The operation's name, for the tooltip."""
        made = self.view.diagram.operations[block.members[-1]]
        return readable(made.name if block.kind == "operation" else f"{len(block.members)} additions", LONGEST_TOOLTIP)


class Records(DotWriter):
    """A value is a row of cells, name, data and grad, beside its operation."""

    def value(self, wire: Wire, value: Value) -> str:
        """The row of a value."""
        leaf = is_leaf(value)
        attributes = (
            f'BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="4" COLOR="{LINE}"'
            f"{self.ground(value, PALE if leaf else '')}"
        )
        css = "wire record leaf" if leaf else "wire record"
        return table(wire, css, value_tooltip(value), attributes, f"<TR>{self.cells(value)}</TR>")

    def cells(self, value: Value) -> str:
        """Cells for name, data and grad: without a name or a gradient there is no cell for it."""
        name = value.name_text
        cells = f'<TD><FONT COLOR="{INK}"><I>{html(name)}</I></FONT></TD>' if name else ""
        if value.number_text:
            cells += _pair("data", *self.number(value))
        if not value.gradient_text:
            return cells
        label = "grad" if value.sign == "∂" else value.sign_text.removesuffix(" =")
        return cells + _pair(html(label), *self.gradient(value, ""))


def _pair(label: str, number: str, ground: str) -> str:
    """The cell of a label and its number."""
    return f'<TD{ground}><FONT COLOR="{MUTED}">{label}</FONT> {number}</TD>'


WRITERS: dict[str, type[DotWriter]] = {"wires": Wires, "cards": Cards, "records": Records}


def write_dot(view: View, title: str, look: Look, making: Making = Making()) -> str:  # noqa: B008 - never changes
    """The DOT text of a view: the same for the same graph."""
    text = WRITERS[look.style](view, title, look, making).text()
    return recoloured(text) if making.dark else text
