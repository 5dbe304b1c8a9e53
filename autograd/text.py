"""Texts as people see them: foreign names without what would steer a terminal, tables as tables, one thing as one."""

from __future__ import annotations

__all__ = ["Shown", "counted", "one_line", "printable"]


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


def counted(number: int, thing: str) -> str:
    """So many of a thing.

    >>> counted(1, "value"), counted(20_000, "value")
    ('1 value', '20,000 values')
    """
    return f"{number:,} {thing}{'s' * (number != 1)}"


class Shown(str):
    r"""A text of several lines, which a prompt and a notebook show as `print` does.

    >>> Shown("layer   size\ndense      3")
    layer   size
    dense      3
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
