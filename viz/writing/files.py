"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that nobody ever finds half of it."""
    target = Path(os.path.realpath(target))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to save {target.name} in")
    partial = target.parent / f".{target.name[:100]}.{secrets.token_hex(6)}.part"
    try:
        with open(partial, "xb") as file:
            file.write(content)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
