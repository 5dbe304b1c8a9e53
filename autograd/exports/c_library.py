"""Functions that C's library lacks, of functions.c: those that a text needs, and what these need in turn."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

__all__ = ["LIBRARY_PREFIX", "library_for"]

LIBRARY_PREFIX = "autograd_"


@cache
def library() -> dict[str, tuple[str, frozenset[str]]]:
    """The functions and tables of functions.c: the text of each, and the names that it uses."""
    text = resources.files("autograd.exports").joinpath("functions.c").read_text(encoding="ascii")
    found = {}
    for piece in text.split("\n\n")[1:]:
        names = re.findall(rf"{LIBRARY_PREFIX}\w+", piece)
        if piece.startswith("typedef"):
            name = names[-1]
        else:
            kinds = {f"{LIBRARY_PREFIX}pair", f"{LIBRARY_PREFIX}scaled"}
            name = next(known for known in names if known not in kinds)
        found[name] = (piece + "\n" * (not piece.endswith("\n")), frozenset(names) - {name})
    return found


def library_for(text: str) -> list[str]:
    """What a text needs of functions.c, in its order."""
    known = library()
    needed: set[str] = set()
    pending = [name for name in re.findall(rf"{LIBRARY_PREFIX}\w+", text) if name in known]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += known[name][1] & known.keys()
    return [piece for name, (piece, _) in known.items() if name in needed]
