"""How wide texts are in Helvetica, in which engines measure them, and texts made to be no wider in other fonts."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree

from viz.svg import NAMESPACE

__all__ = ["fit_texts", "width_of"]

# Adobe's metrics: the widths of the characters from the blank to ~, in thousandths of the size.
_ASCII = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722,
    667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556,
    500, 722, 500, 500, 500, 334, 260, 334, 584,
]  # fmt: skip
_OTHERS = {"−": 584, "×": 584, "÷": 584, "·": 278, "…": 1000, "∞": 713, "∂": 494, "Σ": 618, "√": 549}
_SUBSCRIPT, _LETTER, _WIDE = 333, 556, 1000


def width_of(text: str, size: float) -> float:
    """About how wide a text is, in the units of its size.

    >>> width_of("0.25", 10.0)
    19.46
    """
    return sum([_width(sign) for sign in unicodedata.normalize("NFC", text)]) * size / 1000.0


def _width(sign: str) -> int:
    if " " <= sign <= "~":
        return _ASCII[ord(sign) - ord(" ")]
    if sign in _OTHERS:
        return _OTHERS[sign]
    if unicodedata.combining(sign):
        return 0
    if unicodedata.decomposition(sign).startswith(("<sub>", "<super>")):
        return _SUBSCRIPT
    return _WIDE if unicodedata.east_asian_width(sign) in "WF" else _LETTER


def fit_texts(root: ElementTree.Element) -> None:
    """Have each text in an SVG take the room that it was laid out for, whatever font the viewer has.

    Where Helvetica and its doubles are missing another font is wider by a sixth, and names would run into numbers.
    """
    for group in root.iter(f"{{{NAMESPACE}}}g"):
        rows: dict[str, list[ElementTree.Element]] = {}
        for text in group.findall(f"{{{NAMESPACE}}}text"):
            rows.setdefault(text.get("y", ""), []).append(text)
        for row in rows.values():
            starts = sorted({float(text.get("x", "0")) for text in row})
            for text in row:
                _fit(text, starts, alone=len(row) == 1)


def _fit(text: ElementTree.Element, starts: list[float], *, alone: bool) -> None:
    """Give a text its width: up to where the next one in its row starts, or else what it is in Helvetica."""
    shown = text.text or ""
    blanks = len(shown) - len(shown.lstrip())
    if not shown.strip() or text.get("text-anchor") == "middle":
        return
    size, x = float(text.get("font-size", "12")), float(text.get("x", "0"))
    if alone and len(shown) <= 2:
        # A sign in its circle keeps its form.
        text.set("x", f"{x + width_of(shown, size) / 2:.2f}")
        text.set("text-anchor", "middle")
        return
    if len(shown.strip()) == 1:
        return
    following = [start for start in starts if start > x]
    measured = width_of(shown, size)
    width = min(following[0] - x, 1.15 * measured) if following else measured
    # Viewers drop leading blanks, so these are made a start further on.
    lead = width_of(shown[:blanks], size)
    room = width - lead - width_of(shown[len(shown.rstrip()) :], size)
    if room <= 0.0:
        # Marks alone, which stand over nothing.
        return
    text.text = shown.strip()
    text.set("x", f"{x + lead:.2f}")
    text.set("textLength", f"{room:.2f}")
    text.set("lengthAdjust", "spacingAndGlyphs")
