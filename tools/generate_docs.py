"""Write `docs/primitives.md`, one row for each primitive, from the declarations.

python tools/generate_docs.py           writes the file
python tools/generate_docs.py --check   exits with status 1 if it is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from autograd.primitives import all_primitives  # noqa: E402 - after the path is set

PAGE = PROJECT / "docs" / "primitives.md"


def generate() -> str:
    """The text of the page."""
    lines = [
        "# Primitives",
        "",
        "Written by `tools/generate_docs.py` from `autograd/primitives.py`. Kinks and special values:",
        "[conventions](conventions.md).",
        "",
        "| primitive | symbol | operands | domain | what it is |",
        "|---|---|---|---|---|",
    ]
    for primitive in all_primitives():
        letters = ["x"] if primitive.arity == 1 else ["a", "b", "c"]
        limits = [interval.describe(letter) for interval, letter in zip(primitive.domain, letters, strict=False)]
        cells = [
            f"`{primitive.name}`",
            primitive.symbol,
            "any number" if primitive.arity is None else str(primitive.arity),
            ", ".join([limit for limit in limits if limit]) or "all numbers",
            primitive.doc,
        ]
        lines.append("| " + " | ".join([cell.replace("|", "\\|") for cell in cells]) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or with --check compare it."""
    text = generate()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text)
        return 0
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    print("docs/primitives.md is out of date: run python tools/generate_docs.py")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
