r"""A view as TikZ, for LaTeX documents, in the places of the layout engine.

The document needs `\usepackage{tikz}` and `\usetikzlibrary{backgrounds,fit}`. Signs of primitives and names in Latin
or Greek are written in LaTeX's own way; a name in another script needs LuaLaTeX or XeLaTeX and a font that has it.
"""

from __future__ import annotations

import math
import re
import shlex
import unicodedata
from collections.abc import Iterator, Mapping

from viz.colours import ALARM, CLOSED, FORWARD, GRADIENT, OPEN, OPEN_EDGE
from viz.diagrams.diagram import Value
from viz.errors import EngineError
from viz.labels import readable
from viz.views.tints import tints_of
from viz.views.view import Block, Note, View, Wire

__all__ = ["escaped", "write_tikz"]

LONGEST_GUARD = 60
POINTS = 72.0  # in an inch
_LENGTH = re.compile(r"[0-9.]*\\[a-zA-Z]+|[0-9.]+(cm|mm|in|pt|em|ex)")

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "[": "{[}", "]": "{]}", "'": "{'}", "`": "{`}",
    "↻": r"$\hookleftarrow$",
    "−": "$-$", "×": r"$\times$", "÷": r"$\div$", "·": r"$\bullet$", "²": "$^2$", "³": "$^3$", "√": r"$\surd$",
    "∛": r"$\sqrt[3]{\ }$", "∂": r"$\partial$", "∞": r"$\infty$", "…": r"\dots{}", "ℓ": r"$\ell$", "∏": r"$\prod$",
    "∑": r"$\sum$", "→": r"$\to$", "≤": r"$\le$", "≥": r"$\ge$", "≈": r"$\approx$", "\ufffd": "?", "\u0302": "",
}  # fmt: skip
_GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega"
for _name in _GREEK.split():
    _SIGNS[unicodedata.lookup(f"GREEK SMALL LETTER {_name.replace('lambda', 'lamda')}")] = rf"$\{_name}$"
for _name in ["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"]:
    letter = unicodedata.lookup(f"GREEK CAPITAL LETTER {_name.upper().replace('LAMBDA', 'LAMDA')}")
    _SIGNS[letter] = rf"$\{_name}$"
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"


def escaped(text: str) -> str:
    r"""The text as LaTeX that prints it literally.

    >>> print(escaped("50% of w₁₂"), escaped("a_b"), escaped("ŷ"))
    50\% of w$_{12}$ a\_b \^{y}
    """
    text = re.sub(f"[{_SUBSCRIPTS}]+", _lowered, text)
    written = []
    for place, part in enumerate(re.split(r"(\0[0-9]+\0)", text)):
        if place % 2:
            written.append(f"$_{{{part[1:-1]}}}$")
        else:
            for sign in part:
                decomposed = unicodedata.normalize("NFD", sign)
                if len(decomposed) == 2 and decomposed[1] == "\u0302" and decomposed[0].isascii():
                    written.append(rf"\^{{{decomposed[0]}}}")
                else:
                    written.append(_SIGNS.get(sign, sign))
    return "".join(written)


def _lowered(found: re.Match[str]) -> str:
    return "\0" + "".join([str(_SUBSCRIPTS.index(digit)) for digit in found[0]]) + "\0"


def write_tikz(
    view: View,
    plain: bytes,
    labels: Mapping[str, tuple[str, tuple[float, float]]],
    color_by: str | None = None,
    width: str | None = None,
) -> str:
    r"""The `tikzpicture` of a view; `plain` is the engine's layout in its plain format.

    labels: for ids of lines the text beside them and its place: points to the right, and down.
    color_by: "gradient" or "value" for grounds that show it.
    width: a length of LaTeX, such as `\columnwidth`, to which the picture is scaled.
    """
    if width is not None and not (isinstance(width, str) and _LENGTH.fullmatch(width)):
        raise ValueError(rf"width is a length of LaTeX, such as 8cm or 0.9\columnwidth; got {width!r:.60}")
    places, curves = _layout(plain)
    items: tuple[Block | Wire | Note, ...] = (*view.blocks, *view.wires, *view.notes)
    missing = [item.id for item in items if item.id not in places]
    if missing:
        raise EngineError(f"the layout engine gave no place to {', '.join(missing[:3])}")
    lines = list(_lines(view, places, curves, labels, tints_of(view, color_by)))
    if width is not None:
        begin = next(number for number, line in enumerate(lines) if line.startswith(r"\begin{tikzpicture}"))
        lines[begin] = rf"\resizebox{{{width}}}{{!}}{{{lines[begin]}"
        lines[-1] += "}"
    return "\n".join(lines) + "\n"


def _layout(plain: bytes) -> tuple[dict[str, tuple[float, float]], dict[tuple[str, str], list[tuple[float, float]]]]:
    """The places of nodes, and the control points of the lines between them, in inches."""
    places: dict[str, tuple[float, float]] = {}
    curves: dict[tuple[str, str], list[tuple[float, float]]] = {}
    # A long line goes on after a backslash.
    for line in plain.decode(errors="replace").replace("\\\n", "").splitlines():
        try:
            words = shlex.split(line)
            if words[:1] == ["node"]:
                places[words[1]] = (float(words[2]), float(words[3]))
            elif words[:1] == ["edge"]:
                count = int(words[3])
                numbers = [float(word) for word in words[4 : 4 + 2 * count]]
                points = list(zip(numbers[::2], numbers[1::2], strict=True))
                curves[words[1].partition(":")[0], words[2].partition(":")[0]] = points
        except (ValueError, IndexError) as error:
            raise EngineError(f"the layout engine gave a line that can't be read: {line:.80}") from error
    return places, curves


def _lines(
    view: View,
    places: dict[str, tuple[float, float]],
    curves: dict[tuple[str, str], list[tuple[float, float]]],
    labels: Mapping[str, tuple[str, tuple[float, float]]],
    tints: Mapping[int, str],
) -> Iterator[str]:
    yield r"% \usepackage{tikz} \usetikzlibrary{backgrounds,fit}"
    yield rf"\definecolor{{forward}}{{HTML}}{{{FORWARD[1:].upper()}}}"
    yield rf"\definecolor{{gradient}}{{HTML}}{{{GRADIENT[1:].upper()}}}"
    yield rf"\definecolor{{closed}}{{HTML}}{{{CLOSED[1:].upper()}}}"
    yield rf"\definecolor{{open}}{{HTML}}{{{OPEN[1:].upper()}}}"
    yield rf"\definecolor{{edge}}{{HTML}}{{{OPEN_EDGE[1:].upper()}}}"
    yield rf"\definecolor{{alarm}}{{HTML}}{{{ALARM[1:].upper()}}}"
    for tint in sorted(set(tints.values())):
        yield rf"\definecolor{{tint{tint[1:]}}}{{HTML}}{{{tint[1:].upper()}}}"
    yield (
        r"\begin{tikzpicture}[x=1in,y=1in,font=\sffamily\small,wire/.style={inner sep=1pt,align=center},"
        r"operation/.style={draw,thick,circle,inner sep=1pt,minimum size=0.42in,fill=white},"
        r"word/.style={draw,thick,rounded corners=4pt,inner sep=3pt,fill=white},"
        r"box/.style={align=center,rounded corners=8pt,fill=closed,text=white,font=\sffamily\bfseries\small,"
        r"minimum height=0.6in,inner xsep=6pt},slope/.style={font=\sffamily\scriptsize,text=black!60,inner sep=1pt}]"
    )
    for block in view.blocks:
        css = "box" if block.kind in ("box", "function") else "operation" if len(block.label) <= 5 else "word"
        more = rf"\\\scriptsize\mdseries {escaped(block.note)}" if block.note else ""
        yield rf"\node[{css}] ({block.id}) at {_at(places[block.id])} {{{escaped(readable(block.label))}{more}}};"
    for wire in view.wires:
        text = rf"\dots{{}} {wire.bundled} more" if wire.bundled else _wire(view.diagram.values[wire.value])
        ground = f",fill=tint{tints[wire.value][1:]}" if wire.value in tints else ""
        yield rf"\node[wire{ground}] ({wire.id}) at {_at(places[wire.id])} {{{text}}};"
    # One line for all uses of a value in an operation, as in the engine's layout.
    for (source, target), again in {(link.source, link.target): link.again for link in view.inward}.items():
        dashed = ",dashed" if again else ""
        yield rf"\draw[->,shorten >=0.5pt{dashed}] {_curve(curves.get((source, target), []), places, source, target)};"
        text, (right, down) = labels.get(f"{source}-{target}", ("", (0.0, 0.0)))
        if text:
            yield rf"\node[slope] at {_at((right / POINTS, -down / POINTS))} {{{escaped(text)}}};"
    for link in view.outward:
        yield rf"\draw {_curve(curves.get((link.source, link.target), []), places, link.source, link.target)};"
    for note in view.notes:
        text = f"{note.guard.what}: {escaped(readable(note.guard.text, LONGEST_GUARD))}"
        yield rf"\node[word,dashed] ({note.id}) at {_at(places[note.id])} {{{text}}};"
        yield rf"\draw[dashed] ({note.wire}) -- ({note.id});"
    if view.diagram.note:
        text = escaped(readable(view.diagram.note, LONGEST_GUARD))
        yield rf"\node[slope,anchor=north west] at (current bounding box.south west) {{{text}}};"
    yield r"\begin{scope}[on background layer]"
    yield from _clusters(view)
    yield r"\end{scope}"
    yield r"\end{tikzpicture}"


def _clusters(view: View) -> Iterator[str]:
    """Open layers, outer ones first, each around its contents."""
    inside: dict[int, list[str]] = {}
    items: tuple[Block | Wire, ...] = (*view.blocks, *view.wires)
    for item in items:
        home = item.home
        while home is not None:
            inside.setdefault(home, []).append(item.id)
            home = view.diagram.boxes[home].parent
    deepest = max([view.diagram.boxes[box].depth for box in inside], default=0)
    for box in sorted(inside):
        record = view.diagram.boxes[box]
        around = "".join([f"({id})" for id in inside[box]])
        margin = 15 + 9 * (deepest - record.depth)
        yield (
            rf"\node[draw=edge,fill=open,rounded corners=6pt,inner sep={margin}pt,fit={around},"
            rf"label={{[anchor=south west,font=\sffamily\bfseries\footnotesize,text=black!65]north west:"
            rf"{{{escaped(readable(record.label))}}}}}] ({record.id}) {{}};"
        )


def _wire(value: Value) -> str:
    parts = [rf"\textit{{{escaped(value.name_text)}}}"] if value.name_text else []
    if value.number_text:
        number = rf"\textbf{{{escaped(value.number_text)}}}"
        parts.append(
            _alarmed(number)
            if value.known and not math.isfinite(value.number)
            else rf"\textcolor{{forward}}{{{number}}}"
        )
    above = " ".join(parts)
    if not value.gradient_text:
        return above
    sign = rf"$\vec\nabla${escaped(value.name_text)}" if value.sign == "∇" else escaped(value.sign_text)
    number = f"{sign} {escaped(value.gradient_text)}"
    finite = value.gradient is None or math.isfinite(value.gradient)
    below = rf"\textcolor{{gradient}}{{{number}}}" if finite else _alarmed(number)
    return rf"\begin{{tabular}}{{@{{}}c@{{}}}}{above}\\\hline {below}\end{{tabular}}"


def _alarmed(text: str) -> str:
    """A number that is none, on a ground of its own."""
    return rf"{{\fboxsep=1pt\colorbox{{alarm}}{{{text}}}}}"


def _at(place: tuple[float, float]) -> str:
    return f"({place[0]:.3f},{place[1]:.3f})"


def _curve(points: list[tuple[float, float]], places: dict[str, tuple[float, float]], source: str, target: str) -> str:
    """The line between two nodes along the engine's curve, from border to border."""
    if len(points) < 4:
        return f"({source}) -- ({target})"
    if abs(places[source][1] - places[target][1]) < 0.02 and all(abs(p[1] - places[source][1]) < 0.02 for p in points):
        return f"({source}) -- ({target})"
    controls = [
        f".. controls {_at(points[place])} and {_at(points[place + 1])} .. "
        + (_at(points[place + 2]) if place + 3 < len(points) else f"({target})")
        for place in range(1, len(points) - 2, 3)
    ]
    return f"({source}) {' '.join(controls)}"
