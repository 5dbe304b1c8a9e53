"""Links from pages to files of the project that lie outside of docs, and the pages that show such files.

A page of `SHOWN` is the file itself: nothing is said twice. In every page, a link to such a file becomes a link to its
page, so that one text serves the readers of files and of the site.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent.parent
DOCS = PROJECT / "docs"
# Each file, and the page that shows it.
SHOWN = {
    "CHANGELOG.md": "project/changelog",
    "CONTRIBUTING.md": "project/contributing",
    "SECURITY.md": "project/security",
    "benchmarks/README.md": "project/benchmarks",
    "benchmarks/gradbench/README.md": "project/gradbench",
    "examples/data/README.md": "gallery/data",
}
PAGES = {**SHOWN, "README.md": "index", "LICENSE": "project/licence", "CITATION.cff": "project/licence"}
LINK = re.compile(r"\]\((?!https?:|#|/)([^)\s#]+)(#[^)\s]*)?\)")


def resolved(text: str, place: Path) -> str:
    """The text of a file at `place`, with links that hold from the root of the site."""

    def link(found: re.Match[str]) -> str:
        target = Path(os.path.normpath(place.parent / found[1])).relative_to(PROJECT).as_posix()
        anchor = found[2] or ""
        if target in PAGES:
            return f"](/{PAGES[target]}.md{anchor})"
        if target.startswith("examples/") and target.endswith(".py"):
            return f"](/gallery/examples.md#{Path(target).stem.replace('_', '-')})"
        if target.startswith("docs/"):
            return f"](/{target.removeprefix('docs/')}{anchor})"
        # What the site does not have: a file of the sources, by its name.
        return f"](/../{target})"

    return LINK.sub(link, text)


def read(app: Any, page: str, source: list[str]) -> None:
    """Put a file in the place of its page, mend the page's links, and end examples with their last line."""
    place = Path(app.env.doc2path(page))
    for file, shown_by in SHOWN.items():
        if shown_by == page:
            place = PROJECT / file
            source[0] = place.read_text(encoding="utf-8")
            app.env.note_dependency(str(place), docname=page)
    # The empty line by which doctest knows the end of a result would be shown.
    source[0] = re.sub(r"\n\n```\n", "\n```\n", resolved(source[0], place))


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
