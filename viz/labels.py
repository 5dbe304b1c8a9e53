"""Text in pictures: numbers and names made readable, and foreign text made harmless."""

from __future__ import annotations

import math
import re
import unicodedata

__all__ = ["exact", "exact_slope", "html", "numbered", "pretty", "quoted", "readable", "short_number", "subscript"]

MINUS = "\u2212"
LONGEST_NAME = 24
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# One or two letters and a number, or anything with an underscore before the number: w1, dW2, x_12, b_out_3.
_INDEXED = re.compile(r"([^\W\d_]{1,2}|.*[^\W\d_](?=_))_?([0-9]{1,4})", re.DOTALL)
_ENTITIES = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"), ("\\", "&#92;&#92;"),
)  # fmt: skip
_HAT = re.compile(r"([aceghijosuwyACEGHIJOSUWYzZ])_?hat")


def short_number(number: float, digits: int = 4) -> str:
    """So many significant digits; whole numbers up to a million in full.

    >>> [short_number(x) for x in (-2.0, 0.25, 1 / 3, 123456.0, 1.5e-7, -6.02214e23, -0.0)]
    ['−2', '0.25', '0.3333', '123456', '1.5e−7', '−6.022e23', '0']
    >>> short_number(float("nan")), short_number(float("-inf"))
    ('nan', '−∞')
    """
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "∞" if number > 0 else MINUS + "∞"
    if number == int(number) and abs(number) < 1e6:
        text = str(int(number))
    else:
        text = f"{number:.{digits}g}"
        mantissa, exponential, exponent = text.partition("e")
        if exponential:
            text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", MINUS)


def exact(number: float) -> str:
    """All digits, for tooltips.

    >>> exact(-0.1), exact(2.0)
    ('−0.1', '2')
    """
    text = repr(number)
    return text.removesuffix(".0").replace("-", MINUS)


def exact_slope(number: float) -> str:
    """All digits of a derivative; a zero has no sign, which would be that of an underflow or a factor.

    >>> exact_slope(-0.0), exact(-0.0)
    ('0', '−0')
    """
    return exact(number + 0.0)


def subscript(number: int) -> str:
    """The number in small digits below the line.

    >>> subscript(12)
    '₁₂'
    """
    return str(number).translate(_SUBSCRIPTS)


def numbered(name: str, number: int) -> str:
    """A layer's name with the number of the call."""
    return name + subscript(number)


def readable(text: str, longest: int = LONGEST_NAME) -> str:
    """The text on one line of limited length, without characters that are invisible or reorder their surroundings.

    It is cut in the middle: names that begin alike, as those of a model's parameters do, differ at their ends.

    >>> readable("two" + chr(10) + "lines"), readable("x" * 50, 10)
    ('two lines', 'xxx…xxxxxx')
    >>> readable("transformer_block.attention.dense_0.weight[0,1]")
    'transfo…se_0.weight[0,1]'
    """
    cleaned = []
    half = 2 * longest + 2
    shortened = text if len(text) <= 2 * half else text[:half] + text[-half:]
    for character in unicodedata.normalize("NFC", shortened):
        category = unicodedata.category(character)
        if category in ("Zs", "Zl", "Zp") or character in "\t\n\r\v\f":
            cleaned.append(" ")
        elif category == "Cf":
            continue
        else:
            cleaned.append("\ufffd" if category[0] == "C" else character)
    result = " ".join("".join(cleaned).split())
    if len(result) > longest or len(text) > 2 * half:
        before = (longest - 1) // 3
        result = f"{result[:before].rstrip()}…{result[before + 1 - longest :].lstrip()}"
    return result


def pretty(name: str) -> str:
    """A name as mathematics writes it.

    >>> [pretty(name) for name in ("y_hat", "w1", "x_12", "l", "loss", "layer2", "W2")]
    ['ŷ', 'w₁', 'x₁₂', 'ℓ', 'loss', 'layer2', 'W₂']
    """
    name = readable(name)
    if name == "l":
        return "ℓ"
    indexed = _INDEXED.fullmatch(name)
    if indexed is not None:
        return _hatted(indexed[1]) + subscript(int(indexed[2])) if indexed[2] == str(int(indexed[2])) else name
    return _hatted(name)


def _hatted(name: str) -> str:
    hat = _HAT.fullmatch(name)
    return name if hat is None else unicodedata.normalize("NFC", hat[1] + "\u0302")


def html(text: str) -> str:
    """The text inside an HTML-like label.

    >>> html('a<b & "c"')
    'a&lt;b &amp; &quot;c&quot;'
    """
    for character, entity in _ENTITIES:
        text = text.replace(character, entity)
    if text.startswith("]"):
        # Graphviz 2.43 refuses a text of brackets alone: it waits for the end of a CDATA section.
        text = text.replace("]", "&#93;")
    # A backslash starts an escape such as \N even when written as an entity; two of them are one backslash.
    # Some engines refuse a label of blanks only.
    return text or "&#160;"


def quoted(text: str) -> str:
    r"""The text as a DOT string that means just these characters.

    A backslash starts an escape such as `\N` in DOT, and an ampersand an entity.

    >>> print(quoted('say "\\N" & go'))
    "say \"\\N\" &amp; go"
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") + '"'
