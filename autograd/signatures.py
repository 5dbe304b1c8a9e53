"""The signatures of functions, whose annotations may name what is there for type checkers alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import inspect

__all__ = ["check_arguments", "known_signature", "shown_as", "signature_of"]

Function = TypeVar("Function", bound=Callable[..., Any])


def signature_of(function: Any) -> inspect.Signature:
    """The signature of a function or class; TypeError or ValueError if it has none that is known."""
    # Imported on use: it takes as long as half of this package.
    import inspect

    if sys.version_info >= (3, 14):
        # Annotations are run when they are asked for: a name that there is not is a NameError, but for this format.
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    return inspect.signature(function)


def known_signature(function: Any) -> inspect.Signature | None:
    """The signature of a function or class, None if it has none that is known."""
    try:
        return signature_of(function)
    except (TypeError, ValueError):
        return None


def check_arguments(function: Callable[..., Any], arguments: Sequence[Any], asked: str) -> None:
    """Raise TypeError if a function can't be called with these, as far as its signature is known.

    asked: what the arguments were given to, for the message.
    """
    signature = known_signature(function)
    if signature is None:
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(
            f"{asked} takes the arguments of {name}{signature}, by position; got {len(arguments)}: {error}"
        ) from None


def shown_as(offered: Callable[..., Any]) -> Callable[[Function], Function]:
    """A decorator: `help` and `inspect` show the signature of `offered`, for a function that answers more than that.

    >>> @shown_as(lambda x: None)
    ... def double(x, **words_of_others):
    ...     return 2 * x
    >>> str(signature_of(double)), double(3)
    ('(x)', 6)
    """

    def shown(function: Function) -> Function:
        function.__wrapped__ = offered  # type: ignore[attr-defined]
        return function

    return shown
