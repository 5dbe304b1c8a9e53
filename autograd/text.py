"""Foreign text in messages: names are shown without what would break a line or steer a terminal."""

from __future__ import annotations

__all__ = ["one_line", "printable"]


def one_line(text: str) -> str:
    r"""The text with an escape in place of each character that is none to be seen.

    >>> one_line("two\nlines, a bell \a, ∂y")
    'two\\nlines, a bell \\x07, ∂y'
    """
    if text.isprintable():
        return text
    return "".join([one if one.isprintable() else one.encode("unicode_escape").decode() for one in text])


def printable(text: str) -> str:
    r"""The same for a text of several lines.

    >>> print(printable("\x1b[2J\nbelow"))
    \x1b[2J
    below
    """
    return "\n".join([one_line(line) for line in text.split("\n")])
