"""Stand-ins, which do nothing, for the parts of the `cython` package that the engine uses where it is not installed.

The same files run as plain Python and compile to C. Compiled, these names are the compiler's own
directives; uncompiled, they are the stand-ins below.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

_Decorated = TypeVar("_Decorated")

compiled = False
# Marks what runs without Python's lock when compiled.
nogil = nullcontext()


def cast(kind: type[_Decorated], value: Any) -> _Decorated:
    """The value, of which it is known that it is of this kind."""
    return value  # type: ignore[no-any-return]


def cclass(cls: _Decorated) -> _Decorated:
    """Mark a class that compiles to an extension type."""
    return cls


def final(cls: _Decorated) -> _Decorated:
    """Mark a class without subclasses."""
    return cls


def no_gc(cls: _Decorated) -> _Decorated:
    """Mark a class whose instances can't be part of a reference cycle."""
    return cls


def freelist(size: int) -> Callable[[_Decorated], _Decorated]:
    """Mark a class that keeps `size` freed instances for reuse."""

    def keep(cls: _Decorated) -> _Decorated:
        return cls

    return keep
