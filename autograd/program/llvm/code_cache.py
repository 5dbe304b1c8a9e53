"""Machine code kept on disk, so that a process need not compile what an earlier one has compiled.

The code kept here will be run: a directory in which others may write would let them run theirs. So the directory, those
above it, and each file must belong to the user (or root), and be writable by no one else, as ssh wants it of keys. A
file begins with a digest of its key and its code; one that is damaged, cut off, too large, another key's or no file at
all counts as missing.
"""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from pathlib import Path
from typing import Any

from autograd.files import whole_file

__all__ = ["CodeCache", "cache_machine_code", "current_cache"]

HEAD = b"scalar-autograd machine code 1\n"
DIGEST = hashlib.sha256
# The code of a function has about a megabyte, and is read into memory as a whole.
LARGEST = 2**28


class CodeCache:
    """A directory of machine code, one file for each key."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.directory / f"{key}.code"

    def read(self, key: str) -> bytes | None:
        """The code under a key; None if there is none that is whole and the user's own."""
        try:
            with open(self.path(key), "rb", opener=_open) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST or others_may_write(status):
                    return None
                content = file.read(status.st_size)
        except OSError:
            return None
        code = content[len(HEAD) + DIGEST().digest_size :]
        return code if content == _kept(key, code) else None

    def write(self, key: str, code: bytes) -> None:
        """Keep code under a key. Readers see the old file or the new one, whole; a full disk is a warning."""
        try:
            with whole_file(self.path(key), mode=0o600) as file:
                file.write(_kept(key, code))
        except OSError as error:
            warnings.warn(
                f"machine code could not be kept in {self.directory}: {error}; the next process compiles it again",
                RuntimeWarning,
                stacklevel=2,
            )


def _open(path: str, flags: int) -> int:
    """Open no link, which may lead to somebody else's file, and wait for no other end of a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _kept(key: str, code: bytes) -> bytes:
    """The content of the file of a key: its digest covers the key too, so that no other file can take its place."""
    return HEAD + DIGEST(key.encode() + b"\n" + code).digest() + code


_current: CodeCache | None = None


def current_cache() -> CodeCache | None:
    """The cache to use; None if there is none."""
    return _current


def cache_machine_code(directory: str | os.PathLike[str] | None) -> None:
    """Keep the machine code of compiled functions in this directory from now on; None turns the cache off.

    Code that an earlier process left there is used. The directory is made if there is none. It must belong to the user
    and be writable by no one else, nor may those above it be: else PermissionError. Files are found by a digest of the
    code to be compiled, the processor, and the version of LLVM, so that the directory may be shared by programs,
    machines and versions. Nothing is ever deleted from it; deleting files does no harm.

    >>> from tempfile import TemporaryDirectory
    >>> from autograd import cache_machine_code
    >>> with TemporaryDirectory() as directory:
    ...     cache_machine_code(directory)
    ...     cache_machine_code(None)
    """
    global _current
    if directory is None:
        _current = None
        return
    if not hasattr(os, "getuid"):
        raise OSError("machine code is kept on systems with POSIX file permissions only, for it must be safe there")
    path = Path(directory).expanduser()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = path.resolve()
    for place in (path, *path.parents):
        status = place.stat()
        # In a directory with the sticky bit, such as the one for temporary files, others can't replace what is ours.
        shared = place != path and status.st_mode & stat.S_ISVTX and status.st_uid == 0
        if others_may_write(status) and not shared:
            raise PermissionError(
                f"machine code can't be kept in {path}: others may write to {place}, and would have their code run. "
                f"Give a directory of your own, with mode 0700, under directories that only you and root may write to"
            )
    _current = CodeCache(path)


def others_may_write(status: Any) -> bool:
    """Whether a file or directory belongs to, or may be written by, anyone but the user and root."""
    return status.st_uid not in (0, os.getuid()) or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
