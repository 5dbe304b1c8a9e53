"""Each page with cells or examples as a notebook, a file for Jupyter beside the page, which ends with a link to it.

Below a cell is a link that opens it in the playground, with all cells above it, as far as the playground has what they
import.
"""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from nbformat import v4

CELL = re.compile(r"^```\{code-cell\}\n((?::[^\n]*\n)*)(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = re.compile(r"^```(?:python|pycon)\n(>>> .*?)^```$", re.MULTILINE | re.DOTALL)
# Those with examples that readers may want to run: not the reference, whose messages are errors.
TOLD = ("start/", "learn/", "how-to/")
# An import of what the playground has not: it has no NumPy, and none of the examples.
FOREIGN = re.compile(r"^\s*(?:from|import) (?!(?:autograd|layers|viz|random|time)\b)", re.MULTILINE)
OF_EXAMPLES = re.compile(r"^(?:>>> |\.\.\. )?\s*(?:from|import) examples\b", re.MULTILINE)
IMPORTS = re.compile(r"(?:(?:from|import) .*\n)*")
FRONT_MATTER = re.compile(r"\A---\nfile_format: mystnb\n.*?\n---\n", re.DOTALL)


def typed(examples: str) -> Iterator[tuple[str, bool]]:
    r"""The cells that are typed for examples, each up to a result, and whether it may end in an error.

    >>> list(typed(">>> x = 1\n>>> x\n1\n>>> 1 / 0\nTraceback (most recent call last):\nZeroDivisionError: ...\n"))
    [('x = 1\nx', False), ('1 / 0', True)]
    """
    lines = list[str]()
    for example in doctest.DocTestParser().get_examples(examples):
        lines.append(re.sub(r" *# doctest: .*", "", example.source).rstrip())
        fails = example.exc_msg is not None or doctest.SKIP in example.options
        if example.want or fails:
            yield "\n".join(lines), fails
            lines.clear()
    if lines:
        yield "\n".join(lines), False


def notebook_of(text: str) -> Any:
    r"""The notebook that a page's Markdown is, without any results; cells that readers don't see are left out.

    >>> cell = "```{code-cell}\n%s```\n"
    >>> page = "# A\n\n" + cell % "1 + 1\n" + "[b](b.md)\n\n" + cell % ":tags: [remove-cell]\nassert True\n"
    >>> [(cell.cell_type, cell.source) for cell in notebook_of(page).cells]
    [('markdown', '# A'), ('code', '1 + 1'), ('markdown', '[b](b.html)')]
    >>> [cell.source for cell in notebook_of("# A\n\n```python\n>>> 1 + 1\n2\n\n```\n").cells]
    ['# A', '1 + 1']
    """
    cells, end = list[Any](), 0

    def add_text(part: str) -> None:
        if part.strip():
            cells.append(v4.new_markdown_cell(re.sub(r"(\]\([^)\s:]+)\.md", r"\1.html", part.strip())))

    text = FRONT_MATTER.sub("", text)
    is_notebook = bool(CELL.search(text))
    for found in (CELL if is_notebook else EXAMPLES).finditer(text):
        add_text(text[end : found.start()])
        end = found.end()
        if not is_notebook:
            for source, fails in typed(found[1]):
                cells.append(v4.new_code_cell(source, metadata={"tags": ["raises-exception"]} if fails else {}))
        elif "remove-cell" not in found[1]:
            cells.append(v4.new_code_cell(found[2].strip()))
    add_text(text[end:])
    # The same file from the same page.
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place}"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return v4.new_notebook(cells=cells, metadata=kernel)


def programs(text: str) -> Iterator[tuple[int, str]]:
    r"""The place behind each cell that the playground can run and show, and the program of the cells up to there.

    It ends before the first cell that imports NumPy, or has the tag needs-numpy as the engine imports it there.

    >>> page = "".join(["```{code-cell}\n%s\n```\n" % cell for cell in ("x = 1", "x + 1", "import numpy", "x")])
    >>> [program for _, program in programs(page)]
    ['x = 1\n', 'x = 1\n\nx + 1\n']
    """
    program = ""
    for found in CELL.finditer(text):
        if "remove-cell" in found[1]:
            continue
        program = f"{program}\n{found[2]}" if program else found[2]
        if FOREIGN.search(program) or "needs-numpy" in found[1]:
            return
        if not IMPORTS.fullmatch(found[2]):
            yield found.end(), program


def has_notebook(page: str, text: str) -> bool:
    """Whether a page is a notebook, or has examples enough to make one."""
    return bool(FRONT_MATTER.match(text) or (page.startswith(TOLD) and len(EXAMPLES.findall(text)) > 1))


def link(app: Any, page: str, source: list[str]) -> None:
    """Put the links below cells and at a notebook's end."""
    text = source[0]
    if app.builder.format != "html" or not has_notebook(page, text):
        return
    root = "../" * page.count("/")
    for place, program in reversed(list(programs(text))):
        address = f"{root}playground/index.html#program={quote(program)}"
        shown = f'<a href="{address}" title="in the playground, with the cells above">▷ run</a>'
        text = f'{text[:place]}\n\n<p class="try">{shown}</p>\n{text[place:]}'
    name = page.rpartition("/")[2]
    # They are installed with none of the packages.
    where = (
        "; it imports <code>examples</code>, and runs in a copy of the repository" if OF_EXAMPLES.search(text) else ""
    )
    source[0] = f'{text}\n<p><a href="{name}.ipynb" download>This page as a notebook</a>{where}</p>\n'


def write(app: Any, error: Exception | None) -> None:
    """Write the files."""
    if error is not None or app.builder.format != "html":
        return
    for page in app.env.found_docs:
        text = Path(app.env.doc2path(page)).read_text(encoding="utf-8")
        if has_notebook(page, text):
            nbformat.write(notebook_of(text), Path(app.outdir, f"{page}.ipynb"))


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", link)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
