"""The signatures of functions, whose annotations may name what is there for type checkers alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import inspect

__all__ = ["known_signature", "signature_of"]


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
