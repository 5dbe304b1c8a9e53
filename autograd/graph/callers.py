"""The line of the user's program at which an operation was asked for."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import NamedTuple

from autograd.text import one_line

__all__ = ["Line", "caller", "calling_frame"]

_PROJECT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
_PACKAGES = tuple([os.path.join(_PROJECT, name, "") for name in ("autograd", "layers", "viz")])
# Whether the file of a function is one of these packages', by the name that its code has it under: to find the
# absolute path takes longer than all the rest.
_ours: dict[str, bool] = {}


class Line(NamedTuple):
    """A line of a program: the path of its file, and its number.

    >>> str(Line("/home/me/model.py", 42))
    'model.py:42'
    """

    file: str
    number: int

    def __str__(self) -> str:
        return f"{one_line(os.path.basename(self.file))}:{self.number}"


def caller() -> Line:
    """The line of the innermost call that is not within these packages."""
    frame = calling_frame()
    return Line(frame.f_code.co_filename, frame.f_lineno)


def calling_frame() -> FrameType:
    """The frame of that call."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        ours = _ours.get(file)
        if ours is None:
            ours = _ours[file] = os.path.abspath(file).startswith(_PACKAGES)
        if not ours:
            break
        frame = frame.f_back
    return frame
