"""Checks for users' own functions and primitives: derivatives against differences, random expressions.

`strategies` needs hypothesis, which is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.testing.gradcheck import gradcheck

if TYPE_CHECKING:
    from autograd.testing.strategies import Expression, expressions, operands, primitives

__all__ = ["Expression", "expressions", "gradcheck", "operands", "primitives"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from autograd.testing import strategies

        return getattr(strategies, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
