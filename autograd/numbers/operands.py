"""Conversion of operands to floats, and the error for an operand that is not one real number."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from numbers import Real
from typing import Any

from autograd.errors import OperandError

__all__ = ["as_number", "not_a_number", "number_or_none", "numpy_if_imported", "to_float", "way_to_plain"]


def as_number(what: str, operand: Any, place: int | None = None) -> float:
    """The operand as a float; OperandError if it is not one real number."""
    if isinstance(operand, float | int):
        return to_float(operand)
    number = number_or_none(operand)
    if number is None:
        raise not_a_number(what, operand, place)
    return number


def to_float(number: Any) -> float:
    """`float(number)`, infinite where Python raises OverflowError."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def number_or_none(operand: Any) -> float | None:
    """The operand as a float if it is a real number of any kind (int, Fraction, NumPy scalar), else None."""
    if isinstance(operand, float | int):
        return to_float(operand)
    if isinstance(operand, str | bytes | complex) or operand is None:
        return None
    if isinstance(operand, Real) and not hasattr(type(operand), "apply_primitive"):
        # (Nodes count as real numbers, but are no plain ones.)
        return to_float(operand)
    if getattr(operand, "shape", None) == () and hasattr(operand, "item"):
        # A NumPy boolean or an array without axes; what it holds may itself be no number.
        held = operand.item()
        return None if type(held) is type(operand) else number_or_none(held)
    return None


def not_a_number(what: str, operand: Any, place: int | None = None) -> OperandError:
    """The error for an operand that is not one real number: what was asked, what was given, what to do."""
    shown = repr(operand)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    where_given = f" as operand {place + 1}" if place is not None else ""
    if hasattr(type(operand), "apply_primitive") and getattr(operand, "shape", None) is None:
        return OperandError(f"{what} needs a plain number, got the node {shown}{where_given}; give its .value")
    if what in ("Variable", "Constant") and isinstance(operand, Iterable) and not isinstance(operand, str | bytes):
        remedy = f"make one of each: array([{what}(number) for number in ...]); grad(f) takes plain arrays and lists"
    elif getattr(operand, "shape", ()) != ():
        remedy = "apply it to each element, or use NumPy's function on an object array of nodes"
    elif isinstance(operand, str | bytes):
        remedy = "convert text with float(...) first"
    elif isinstance(operand, complex):
        remedy = "only real numbers can be differentiated here; use .real, .imag or abs()"
    elif operand is None:
        remedy = "a function that forgot to return its result often gives None"
    elif isinstance(operand, list | tuple):
        remedy = "of numpy.array(...) each element is taken; of sequences sum, prod, dot and norm, or maximum(*numbers)"
    else:
        remedy = "give a float, an int, a NumPy scalar or a node"
    return OperandError(f"{what} needs a number or a node, got {type(operand).__name__} {shown}{where_given}; {remedy}")


def way_to_plain(array: Any) -> str:
    """How to make a plain array of a NumPy array whose class means more than its numbers; empty for plain arrays.

    Masked arrays and matrices are such: their numbers alone would silently be something else.
    """
    kind = type(array)
    if hasattr(kind, "apply_primitive") or (kind.__module__ == "numpy" and kind.__name__ in ("ndarray", "memmap")):
        return ""
    if all([base.__module__ != "numpy" or base.__name__ != "ndarray" for base in kind.__mro__]):
        return ""
    if hasattr(array, "mask"):
        return "its mask would be ignored: give .filled(number), or the numbers that are not masked, .compressed()"
    return f"its numbers would be taken without what {kind.__name__} makes of them: give numpy.asarray(...) of it"


def numpy_if_imported() -> Any:
    """NumPy, or None where nothing can be an array yet: it was not imported, or another thread is just at it."""
    numpy = sys.modules.get("numpy")
    return numpy if hasattr(numpy, "ndarray") and hasattr(numpy, "generic") else None
