"""How training tells where it is: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["Bar", "Lines", "Silent", "reporter"]

LINES = 10


class Silent:
    """No report."""

    def show(self, number: int, result: object) -> None:
        """Tell that this epoch, counted from 1, is done, and what it gave, which is only then put in words."""

    def close(self) -> None:
        """Tell that there will be no more."""


class Lines(Silent):
    """About ten lines, whatever the number of epochs, so that a log stays readable.

    >>> lines = Lines(100)
    >>> lines.show(1, "loss 0.5"), lines.show(2, "loss 0.4")
    epoch   1 of 100   loss 0.5
    (None, None)
    """

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.every = max(1, epochs // LINES)

    def show(self, number: int, result: object) -> None:
        if number == 1 or number % self.every == 0 or number == self.epochs:
            print(f"epoch {number:{len(str(self.epochs))}} of {self.epochs}   {result}", flush=True)


class Bar(Silent):
    """A bar by tqdm."""

    def __init__(self, epochs: int, title: str, tqdm: Any) -> None:
        self.bar = tqdm(total=epochs, desc=title, unit="epoch")

    def show(self, number: int, result: object) -> None:
        self.bar.set_postfix_str(str(result), refresh=False)
        self.bar.update(number - self.bar.n)

    def close(self) -> None:
        self.bar.close()


def reporter(progress: bool, epochs: int, title: str) -> Silent:
    """The report that suits: nothing if `progress` is False, a bar on a terminal, lines elsewhere or without tqdm."""
    if not progress:
        return Silent()
    if sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            return Lines(epochs)
        return Bar(epochs, title, tqdm)
    return Lines(epochs)
