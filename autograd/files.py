"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["whole_file"]


@contextmanager
def whole_file(target: Path, mode: int | None = None) -> Iterator[BinaryIO]:
    """A new file that takes the place of `target` when the context is left without an error.

    Nobody ever finds half of it. Without a `mode`, it has that of the file whose place it takes, or the usual one.
    Raises FileNotFoundError if the folder does not exist.
    """
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to save {target.name} in")
    partial = target.parent / f".{target.name[:100]}.{os.urandom(6).hex()}.part"
    try:
        with open(partial, "xb", opener=lambda path, flags: os.open(path, flags, mode or 0o666)) as file:
            if mode is None and target.exists():
                os.chmod(partial, stat.S_IMODE(target.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
