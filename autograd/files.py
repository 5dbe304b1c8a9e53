"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["whole_file"]

DESCRIPTORS = "/proc/self/fd"


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
        with _new_file(partial, mode or 0o666) as file:
            if mode is None and target.exists():
                os.chmod(file.name, stat.S_IMODE(target.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
            if isinstance(file.name, int):
                # Without a folder's descriptor, Python would link the link itself.
                os.link(f"{DESCRIPTORS}/{file.name}", partial, src_dir_fd=file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _new_file(partial: Path, mode: int) -> BinaryIO:
    """A file to write to: without a name, so that it is gone if the process is killed, where the system has such."""
    if os.path.isdir(DESCRIPTORS) and hasattr(os, "O_TMPFILE"):
        try:
            return open(os.open(partial.parent, os.O_TMPFILE | os.O_WRONLY, mode), "wb")
        except OSError:
            # This file system has none; any other reason comes up again.
            pass
    return open(partial, "xb", opener=lambda path, flags: os.open(path, flags, mode))
