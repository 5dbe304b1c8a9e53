"""The pages for those who come from another engine: what stands beside its line runs, row by row."""

import doctest
import re
import subprocess
import sys

import pytest

from tests import PROJECT

PAGES = sorted((PROJECT / "docs" / "start" / "coming-from").glob("*.md"))
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
names = {}
for source in sys.stdin.read().split(chr(0)):
    try:
        exec(compile(source, source, "exec"), names)
    except Exception as error:
        raise SystemExit(f"{source}: {type(error).__name__}: {error}")
"""


def code_of(cell):
    """The code of a cell, of which a line break and what stands in backquotes remain."""
    return "\n".join([line.replace("\\|", "|") for line in re.findall(r"`([^`]+)`", cell)])


def rows(page):
    """Their code and ours, in each row of the page's table."""
    table = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert table[0].split("|")[2].strip() == "here"
    return [[code_of(cell) for cell in re.split(r"(?<!\\)\|", line)[1:3]] for line in table[2:]]


def run(sources, folder):
    """Run pieces of code one after the other, in a process of their own, which must not fail or warn."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(PROJECT)],
        input="\0".join(sources), capture_output=True, text=True, check=False, cwd=folder, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_line_of_ours_runs(page, tmp_path):
    start = [example.source for example in doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8"))]
    ours = [row[1] for row in rows(page)]
    assert all(ours) and len(ours) > 9
    run(start + ours, tmp_path)


def test_what_is_said_of_micrograd_runs_there(tmp_path):
    page = next(page for page in PAGES if page.stem == "micrograd")
    # `draw_dot` is a function of its notebook, not of the package.
    run([row[0] for row in rows(page) if "draw_dot" not in row[0]], tmp_path)
