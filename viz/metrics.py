"""The widths of texts in Helvetica, for which pictures are laid out."""

from __future__ import annotations

import unicodedata

__all__ = ["width_of"]

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
    """About the width of a text, in the units of its size.

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
