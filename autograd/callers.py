"""Where in the user's program an operation was asked for."""

from __future__ import annotations

import os
import sys

_PACKAGES = tuple(
    [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), name, "") for name in
     ("autograd", "layers", "viz")]
)  # fmt: skip


def caller() -> tuple[str, int]:
    """File and line of the innermost call that is not within these packages."""
    frame = sys._getframe(1)
    while frame.f_back is not None and os.path.abspath(frame.f_code.co_filename).startswith(_PACKAGES):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
