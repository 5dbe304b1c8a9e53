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
from examples import lab_network  # noqa: E402
from viz import draw  # noqa: E402

DOCS = PROJECT / "docs"


def table_of_primitives() -> str:
    """The page with one row for each primitive."""
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
    """Write the files, or with --check compare them.

    The picture's layout depends on the engine that made it, so its DOT text is what is compared, and the image need
    only be whole.
    """
    picture = draw(lab_network.build(), expand="all", title="The lab network")
    texts = {DOCS / "primitives.md": table_of_primitives(), DOCS / "lab-network.dot": picture.dot}
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    image = DOCS / "lab-network.svg"
    if DOCS / "lab-network.dot" in stale or not image.exists() or "</svg>" not in image.read_text():
        stale.append(image)
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(PROJECT)} is out of date: run python tools/generate_docs.py")
        return 1 if stale else 0
    for path in stale:
        if path == image:
            picture.save(image)
        else:
            path.write_text(texts[path])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
