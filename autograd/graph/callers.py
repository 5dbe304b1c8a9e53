"""The line of the user's program at which an operation was asked for."""

from __future__ import annotations

import os
import sys
import weakref
from itertools import pairwise
from types import CodeType, FrameType
from typing import NamedTuple

from autograd.text import one_line

__all__ = ["Line", "asks_for_identity", "caller", "calling_frame"]

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


# Whether the code of a function asks whether something is `True` or `False`, with a weak reference to it, by its
# identity: to hash a code takes longer than all else.
_asks: dict[int, tuple[weakref.ref[CodeType], bool]] = {}


def asks_for_identity(code: CodeType) -> bool:
    """Whether there is `c is True` or `match c: case True` in code, for which nobody but a bool is one.

    >>> asks_for_identity((lambda c: c is not False).__code__), asks_for_identity((lambda c: c == True).__code__)
    (True, False)
    """
    key = id(code)
    known = _asks.get(key)
    if known is None or known[0]() is not code:
        known = weakref.ref(code, lambda _: _asks.pop(key, None)), _compares_with_truths(code)
        _asks[key] = known
    return known[1]


def _compares_with_truths(code: CodeType) -> bool:
    if not any([held is True or held is False for held in code.co_consts]):
        return False
    import dis

    instructions = list(dis.get_instructions(code))
    return any([one.opname == "IS_OP" and isinstance(before.argval, bool) for before, one in pairwise(instructions)])
