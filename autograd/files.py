"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["whole_file"]

DESCRIPTORS = "/proc/self/fd"
SUFFIX = ".part"


@contextmanager
def whole_file(target: Path, mode: int | None = None) -> Iterator[BinaryIO]:
    """A new file that takes the place of `target` when the context is left without an error.

    Nobody ever finds half of it. Without a `mode`, it has that of the file whose place it takes, or the usual one.
    Raises FileNotFoundError if the folder does not exist. A complete file that a killed writer left beside `target`,
    just before it took its place, is removed.
    """
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to save {target.name} in")
    stem = f".{target.name[:100]}."
    partial = target.parent / f"{stem}{os.urandom(6).hex()}{SUFFIX}"
    _remove_left(target.parent, stem)
    try:
        with _new_file(partial, mode or 0o666) as file:
            if fcntl is not None:
                with suppress(OSError):
                    # For as long as the writer lives.
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if mode is None and target.exists():
                os.chmod(file.name, stat.S_IMODE(target.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
            if isinstance(file.name, int):
                # Without a folder's descriptor, Python would link the link itself.
                os.link(f"{DESCRIPTORS}/{file.name}", partial, src_dir_fd=file.fileno())
            if fcntl is not None:
                # Locked until then; Windows, which has no locks of this kind, takes closed files only.
                os.replace(partial, target)
        if fcntl is None:
            os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _remove_left(folder: Path, stem: str) -> None:
    """Remove the files of this stem whose writer is dead, which nobody has locked."""
    if fcntl is None:
        return
    pattern = re.compile(re.escape(stem) + "[0-9a-f]{12}" + re.escape(SUFFIX))
    for name in os.listdir(folder):
        if name.endswith(SUFFIX) and pattern.fullmatch(name):
            with suppress(OSError), open(folder / name, "rb", opener=_without_waiting) as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                os.unlink(folder / name)


def _without_waiting(path: str, flags: int) -> int:
    """Open a file, but follow no link and wait for no pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _new_file(partial: Path, mode: int) -> BinaryIO:
    """A file to write to: without a name, so that it is gone if the process is killed, where the system has such."""
    if os.path.isdir(DESCRIPTORS) and hasattr(os, "O_TMPFILE"):
        try:
            return open(os.open(partial.parent, os.O_TMPFILE | os.O_WRONLY, mode), "wb")
        except OSError:
            # This file system has none; any other reason comes up again.
            pass
    return open(partial, "xb", opener=lambda path, flags: os.open(path, flags, mode))
