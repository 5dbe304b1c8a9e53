"""`llms.txt` and `llms-full.txt`: the pages as a list with a sentence each, and as one text, for language models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from files_outside import PROJECT, SHOWN

FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def source_of(app: Any, page: str) -> str:
    """The Markdown of a page, without what is said to the builder alone."""
    files = {shown_by: PROJECT / file for file, shown_by in SHOWN.items()}
    path = files.get(page, Path(app.env.doc2path(page)))
    return FRONT_MATTER.sub("", path.read_text(encoding="utf-8")).strip()


def first_sentence(text: str) -> str:
    """The first sentence below the title."""
    paragraphs = [part for part in text.split("\n\n")[1:] if re.match(r"\w|\[|`(?!``)", part)]
    first = " ".join(paragraphs[0].split()) if paragraphs else ""
    first = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", first)
    return re.split(r"(?<=[.?!]) ", first)[0]


def write(app: Any, error: Exception | None) -> None:
    """Write both files beside the pages."""
    if error is not None or app.builder.format != "html":
        return
    pages = [page for page in pages_in_order(app) if page != "index"]
    lines = ["# scalar-autograd", "", f"> {source_of(app, 'index').split(chr(10) * 2)[1]}", ""]
    section = None
    for page in pages:
        if page.split("/")[0] != section:
            section = page.split("/")[0]
            lines += ["", f"## {section}", ""]
        lines.append(f"- [{app.env.titles[page].astext()}]({page}.html): {first_sentence(source_of(app, page))}")
    folder = Path(app.outdir)
    (folder / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    whole = [f"<!-- {page}.html -->\n{source_of(app, page)}\n" for page in pages]
    (folder / "llms-full.txt").write_text("\n".join(whole), encoding="utf-8")


def pages_in_order(app: Any) -> list[str]:
    """All pages, as the tables of contents have them."""
    order: list[str] = []
    waiting = [app.config.root_doc]
    while waiting:
        page = waiting.pop(0)
        if page not in order:
            order.append(page)
            waiting = app.env.toctree_includes.get(page, []) + waiting
    return order


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
