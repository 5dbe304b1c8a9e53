"""The line of the user's program at which an operation was asked for."""

from __future__ import annotations

import opcode
import os
import sys
import weakref
from itertools import pairwise
from types import CodeType, FrameType
from typing import NamedTuple

from autograd.text import one_line

__all__ = [
    "Line",
    "asks_for_identity",
    "caller",
    "calling_frame",
    "is_compared_by_numpy",
    "may_have_numpy_compare",
    "name_of_call",
]

_PROJECT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
_PACKAGES = tuple([os.path.join(_PROJECT, name, "") for name in ("autograd", "layers", "viz")])
_OPERATORS = tuple([os.path.join("autograd", *path) for path in (("graph", "node.py"), ("program", "trace.py"))])
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


def is_compared_by_numpy() -> bool:
    """Whether the operator of a node that is being run was called by a loop of NumPy's over objects.

    Seen where a function of NumPy's that is written in Python has called the loop, as `np.argmax` of a list does, and
    where a function or method is called under the name of one that has such a loop.
    """
    frame: FrameType | None = sys._getframe(1)
    # Uncompiled, those of the operator itself.
    while frame is not None and frame.f_code.co_filename.endswith(_OPERATORS):
        frame = frame.f_back
    if frame is None:
        return False
    place = id(frame.f_code), frame.f_lasti
    known = _called.get(place)
    if known is None or known[0]() is not frame.f_code:
        if len(_called) >= MOST_CALLS:
            _called.clear()
        name = name_of_call(frame.f_code, frame.f_lasti)
        known = weakref.ref(frame.f_code), name not in _ELEMENTWISE if _is_numpys(frame) else name in _LOOPS
        _called[place] = known
    return known[1]


def may_have_numpy_compare(frame: FrameType) -> bool:
    """Whether a comparison in this frame can be one of which `is_compared_by_numpy` is true: no, in most code."""
    code = frame.f_code
    names = (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
    return _is_numpys(frame) or not _LOOPS.isdisjoint(names)


def _is_numpys(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).startswith("numpy.")


# Functions and methods of NumPy that are a loop at once. (Others of these names compare no nodes by themselves.)
_LOOPS = frozenset(
    {
        "argmax", "argmin", "argpartition", "argsort", "fmax", "fmin", "lexsort", "maximum", "minimum", "partition",
        "searchsorted",
    }
)  # fmt: skip
# Those whose results are the comparisons themselves, and Python's operators.
_ELEMENTWISE = ("greater", "greater_equal", "less", "less_equal", "COMPARE_OP")
# What is known of so many calls, with a weak reference to the code, by its identity and the offset in it.
MOST_CALLS = 512
_called: dict[tuple[int, int], tuple[weakref.ref[CodeType], bool]] = {}


def name_of_call(code: CodeType, offset: int) -> str:
    """The last name of the function that the call at this offset calls, of `np.maximum.reduce` the one before it.

    Of operators and assignments, which are no calls, the name of the instruction.
    """
    instruction = opcode.opname[code.co_code[offset]]
    if instruction in ("BINARY_OP", "COMPARE_OP", "STORE_SUBSCR"):
        return instruction
    import dis

    names: list[str] = []
    called: dis.Positions | None = None
    for one in reversed(list(dis.get_instructions(code))):
        at = one.positions
        if one.offset == offset:
            called = at
        elif called is not None and at is not None and at[0] == called[0] and at[2] == called[2] and at != called:
            # It begins where the call begins, and ends before.
            names += [one.argval] if isinstance(one.argval, str) else []
    names = [name for name in names if name not in ("reduce", "accumulate", "reduceat", "outer")]
    return names[0] if names else ""


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
