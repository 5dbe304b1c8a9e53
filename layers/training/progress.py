"""The report of a running training: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
from typing import Any

from autograd.text import one_line

__all__ = ["BarReport", "LineReport", "Report", "report_of"]

# The number of lines, about, for any number of epochs.
LINES = 10


class Report:
    """A report that shows nothing; base of those that do."""

    def show(self, number: int, result: object) -> None:
        """Report that epoch `number`, counted from 1, is done; `result` is formatted only if it is shown."""

    def close(self) -> None:
        """End the report."""


class LineReport(Report):
    """About ten lines for any number of epochs, so that a log stays readable.

    >>> lines = LineReport(100)
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


class BarReport(Report):
    """A bar by tqdm."""

    def __init__(self, epochs: int, title: str, tqdm: Any) -> None:
        self.bar = tqdm(total=epochs, desc=one_line(title), unit="epoch")

    def show(self, number: int, result: object) -> None:
        self.bar.set_postfix_str(str(result), refresh=False)
        self.bar.update(number - self.bar.n)

    def close(self) -> None:
        self.bar.close()


def report_of(progress: bool, epochs: int, title: str) -> Report:
    """The report of a training: none if `progress` is False, a bar on a terminal, lines elsewhere or without tqdm."""
    if not progress:
        return Report()
    if sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            return LineReport(epochs)
        return BarReport(epochs, title, tqdm)
    return LineReport(epochs)
