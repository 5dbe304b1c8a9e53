"""The notebooks among the pages: each runs from top to bottom, and nothing of it is kept in the file."""

import ast
import re

import pytest

from tests import PROJECT

DOCS = PROJECT / "docs"
NOTEBOOKS = sorted(
    path for path in DOCS.rglob("*.md") if "file_format: mystnb" in path.read_text(encoding="utf-8")[:200]
)
CELL = re.compile(r"^```\{code-cell\}\n(?::[^\n]*\n)*(.*?)^```$", re.M | re.S)


def cells(path):
    """The cells of a notebook, each below as many empty lines as its page has there: errors tell the line."""
    text = path.read_text(encoding="utf-8")
    return ["\n" * text[: found.start(1)].count("\n") + found[1] for found in CELL.finditer(text)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_from_top_to_bottom(path, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(PROJECT))
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for cell in cells(path):
        tree = ast.parse(cell)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path, "exec"), names)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), path, "eval"), names)
            # Of such a figure a page shows these words: it needs pyplot, or a form of its own.
            assert not repr(shown).startswith("<Figure size")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_every_cell_is_one_for_the_site_too(path):
    text = path.read_text(encoding="utf-8")
    assert len(cells(path)) == text.count("```{code-cell}") > 2
    # What is said of numbers is checked, in a cell that readers don't see.
    assert ":tags: [remove-cell]\nassert " in text
