"""The form of an item: a statement of a text, our word for it, and the code that tries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Item", "Text", "refused"]


class Item(NamedTuple):
    """A statement or name of a text, its word here, and a function that fails unless that is right.

    The function returns the message if the thing is refused, else None.
    """

    number: int
    said: str
    here: str
    attempt: Callable[[], str | None]

    def verdict(self) -> str:
        """right, or refused."""
        return "right" if self.attempt() is None else "refused"


class Text:
    """The items of one text, in its order; they are numbered through all texts."""

    def __init__(self, title: str, first: int) -> None:
        self.title = title
        self.first = first
        self.items: list[Item] = []

    def item(self, said: str, here: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
        """The decorator of a function that tries an item."""

        def enter(attempt: Callable[[], Any]) -> Callable[[], Any]:
            self.items.append(Item(self.first + len(self.items), said, here, attempt))
            return attempt

        return enter


def refused(attempt: Callable[[], Any], *words: str) -> str:
    """The message of the error that an attempt raises. AssertionError if it raises none, or one without these words."""
    try:
        got = attempt()
    except (ArithmeticError, AttributeError, ImportError, LookupError, RuntimeError, TypeError, ValueError) as error:
        message = str(error)
        for word in words:
            assert word in message, f"{word!r} is not in {message!r}"
        return message
    raise AssertionError(f"it was taken, and gave {got!r}")
