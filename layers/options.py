"""Checked options: the finite and the whole numbers that constructors and `fit` take."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

from autograd.numbers.operands import number_or_none, to_float
from layers.errors import DescriptionError

__all__ = ["finite_number", "integer_or_none", "seed_of", "share", "shown_value", "truth", "whole_number"]


def finite_number(what: str, value: Any, *, least: float | None = None, above: float | None = None) -> float:
    """The value as a float. Raises DescriptionError unless it is a finite number within the limits that are given.

    >>> finite_number("delta", 2, above=0)
    2.0
    """
    given = None if _is_bool(value) else number_or_none(value)
    number = math.nan if given is None else given
    if not math.isfinite(number) or (least is not None and number < least) or (above is not None and number <= above):
        limit = f", {least} or more" if least is not None else f" above {above}" if above is not None else ""
        raise DescriptionError(f"{what} is a finite number{limit}, got {shown_value(value)}")
    return number


def whole_number(what: str, value: Any, *, least: int = 1) -> int:
    """The value as an int. Raises DescriptionError unless it is a whole number, `least` or more, that can be a length.

    >>> whole_number("epochs", 3)
    3
    """
    whole = integer_or_none(value)
    if whole is None or not least <= whole <= sys.maxsize:
        raise DescriptionError(f"{what} is a whole number, {least} or more, got {shown_value(value)}")
    return whole


def share(what: str, value: Any) -> float:
    """A number from 0 to 1, 1 excluded.

    >>> share("a momentum", 0.9)
    0.9
    """
    number = finite_number(what, value, least=0)
    if number >= 1:
        raise DescriptionError(f"{what} is below 1, got {value!r:.60}")
    return number


def truth(what: str, value: Any) -> bool:
    """The value as a bool. Raises DescriptionError unless it is True or False, Python's or NumPy's.

    >>> truth("nesterov", True)
    True
    """
    if type(value).__name__ not in ("bool", "bool_"):
        raise DescriptionError(f"{what} is True or False, got {value!r:.60}")
    return bool(value)


def integer_or_none(value: Any) -> int | None:
    """The value as an int, None if it is no integer; True and False are none either.

    >>> integer_or_none(3), integer_or_none(3.0), integer_or_none(True), integer_or_none(int)
    (3, None, None, None)
    """
    try:
        return None if _is_bool(value) else operator.index(value)
    except TypeError:
        return None


def seed_of(seed: Any) -> tuple[int, ...] | None:
    """A seed in the form that parameters take: whole numbers, 0 or more, that numpy.random.default_rng mixes."""
    if seed is None:
        return None
    whole = integer_or_none(seed)
    if whole is None or not 0 <= to_float(whole) < math.inf:
        raise DescriptionError(f"a seed is a whole number, 0 or more, or None, got {shown_value(seed)}")
    return (whole,)


def _is_bool(value: Any) -> bool:
    """Whether it is True or False, Python's or NumPy's."""
    return isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "") == "b"


def shown_value(value: Any) -> str:
    """A value in a message; Python writes no ints of more than some thousand digits, and nothing that holds them.

    >>> shown_value([1, 2]), shown_value([10**5000])
    ('[1, 2]', 'a list with numbers beyond all floats')
    """
    whole = integer_or_none(value)
    if whole is not None and abs(to_float(whole)) == math.inf:
        return "a number beyond all floats"
    try:
        return f"{value!r:.60}"
    except ValueError:
        return f"a {type(value).__name__} with numbers beyond all floats"
