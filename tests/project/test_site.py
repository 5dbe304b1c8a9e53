"""The site of the documentation: every public name is in the reference once, and pages find what they show."""

import doctest
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
import types

import pytest

import autograd
import layers
import viz
from tests import PROJECT

DOCS = PROJECT / "docs"
EXTENSIONS = DOCS / "_extensions"
LISTED = re.compile(r"^\.\. public-names:: (\S+)(?:\n {3}:from: (.+))?$", re.M)


@pytest.fixture
def extension(monkeypatch):
    """A function that imports one of the site's own extensions."""
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(EXTENSIONS) in sys.modules[name].__file__:
            del sys.modules[name]


@pytest.mark.parametrize("package", ["autograd", "layers", "viz"])
def test_every_public_name_is_in_the_reference_once(extension, package):
    public_names = extension("public_names")
    listed = []
    for page in (DOCS / "reference" / "api").glob("*.md"):
        for named, modules in LISTED.findall(page.read_text(encoding="utf-8")):
            if named == package:
                listed += public_names.names_from(package, modules.split() or None)
    assert sorted(listed) == sorted(importlib.import_module(package).__all__)


# Imports modules as where others are not installed.
WITHOUT = """
import importlib, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in eval(sys.argv[1]):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
for module in eval(sys.argv[2]):
    importlib.import_module(module)
"""


def brought_by(extra, extras):
    """The names under which what an extra brings is imported."""
    names = set()
    for line in extras[extra]:
        name, _, others = re.match(r"([\w-]+)(\[([\w,]+)\])?", line).groups()
        if name != "scalar-autograd":
            names.add({"scikit-learn": "sklearn", "pyyaml": "yaml", "pillow": "PIL"}.get(name, name.replace("-", "_")))
        else:
            names = names.union(*[brought_by(other, extras) for other in others.split(",")])
    return names


def test_the_modules_of_the_reference_need_no_more_than_the_extra_of_the_site_brings():
    extras = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    missing = set.union(*[brought_by(extra, extras) for extra in extras]) - brought_by("docs", extras)
    assert "sympy" in missing and "matplotlib" not in missing
    listed = [
        module
        for page in (DOCS / "reference" / "api").glob("*.md")
        for package, modules in LISTED.findall(page.read_text(encoding="utf-8"))
        for module in (package, *modules.split())
    ]
    subprocess.run([sys.executable, "-c", WITHOUT, repr(sorted(missing)), repr(listed)], check=True)


def test_every_public_error_is_on_the_page_of_messages():
    page = (DOCS / "reference" / "messages.md").read_text(encoding="utf-8")
    bases = {"AutogradError", "LayerError", "EngineError"}
    for package in (autograd, layers, viz):
        for name in set(package.__all__) - bases:
            thing = getattr(package, name)
            if isinstance(thing, type) and issubclass(thing, Exception):
                assert f"{thing.__module__}.{name}: " in page, name


@pytest.mark.parametrize("name", ["notebook_files", "public_names", "primitive_plots"])
def test_examples_in_the_extensions_give_what_they_say(extension, name):
    assert doctest.testmod(extension(name)).failed == 0


TEXTS = [f"learn/texts/{text}" for text in ("lab", "dense", "reference", "from-scratch", "implementation")]
TOLD = [DOCS / f"{page}.md" for page in (*TEXTS, "start/tour", "how-to/compile")]


@pytest.mark.parametrize("path", TOLD, ids=[path.stem for path in TOLD])
def test_a_page_of_examples_is_a_notebook_that_runs_from_top_to_bottom(extension, path, monkeypatch, tmp_path):
    cells = extension("notebook_files").notebook_of(path.read_text(encoding="utf-8")).cells
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    code = [cell for cell in cells if cell.cell_type == "code"]
    for cell in code:
        try:
            exec(compile(cell.source, path, "exec"), names)
        except Exception:
            if "raises-exception" not in cell.metadata.get("tags", ()):
                raise
    assert len(code) > 5 and ">>>" not in "".join([cell.source for cell in cells])


@pytest.mark.parametrize(
    ("page", "told"), [("learn/two-moons", True), ("learn/loops", False), ("how-to/dynamics", True)]
)
def test_a_notebook_that_imports_the_examples_says_where_it_runs(extension, page, told):
    builder = types.SimpleNamespace(format="html")
    source = [(DOCS / f"{page}.md").read_text(encoding="utf-8")]
    extension("notebook_files").link(types.SimpleNamespace(builder=builder), page, source)
    last = source[0].splitlines()[-1]
    assert "This page as a notebook" in last and ("runs in a copy of the repository" in last) is told


def test_functions_have_the_signatures_that_are_written(extension):
    signature_of = extension("public_names").signature_of
    assert signature_of(autograd.hypot) == "(a, b, /)"
    # Plain Python adds `-> None`.
    assert signature_of(autograd.backward).startswith("(output: Node, gradient: float = 1.0)")
    assert signature_of(autograd.Variable).startswith("(value, name=None, *, label=None, requires_grad=True)")
    # What takes others' words, to answer them, is not to be given.
    assert signature_of(autograd.jacrev) and "unknown" not in signature_of(autograd.grad) + signature_of(viz.draw)
    assert signature_of(layers.SGD).startswith("(lr: Any = 0.01, *, momentum: float = 0.0")
    for name in autograd.__all__:
        thing = getattr(autograd, name)
        if callable(thing) and not (isinstance(thing, type) and issubclass(thing, (Exception, autograd.Node))):
            assert signature_of(thing) is not None, name


def test_docstrings_become_blocks_of_text_and_of_examples(extension):
    as_text = extension("public_names").as_restructured_text
    assert as_text("`a`s of *b*.\n    a: one\n        more\nend\n>>> a\n1") == [
        r"``a``\ s of \*b\*.", "", "    a: one", "", "        more", "", "end", ">>> a", "1"
    ]  # fmt: skip


def test_the_options_of_a_training_are_a_list(extension):
    text = extension("public_names").as_restructured_text(inspect.getdoc(layers.fit))
    options = [name for name in inspect.signature(layers.fit).parameters if name not in ("model", "X", "y")]
    listed = " ".join([line.partition("``: ")[0] for line in text if line.startswith("* ``")])
    assert listed.startswith("* ``X, y") and [name for name in options if name not in listed] == []


def test_files_outside_are_shown_and_linked(extension):
    resolved = extension("files_outside").resolved
    text = "[a](../../CHANGELOG.md) [b](../reference/accuracy.md#x) [c](../../examples/two_moons.py) [d](https://x.y/z)"
    assert resolved(text, DOCS / "how-to" / "compile.md") == (
        "[a](/project/changelog.md) [b](/reference/accuracy.md#x) [c](/gallery/examples.md#two-moons) [d](https://x.y/z)"
    )
    for file, page in extension("files_outside").SHOWN.items():
        assert (PROJECT / file).exists()
        assert (DOCS / f"{page}.md").exists()


PAGES = [path for folder in ("", "benchmarks", "examples/data") for path in (PROJECT / folder).glob("*.md")]


@pytest.mark.parametrize("page", [*PAGES, *DOCS.rglob("*.md")], ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_to_files_lead_to_files(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\((?!https?:|#)([^)\s#]+)", text):
        assert (page.parent / target).exists(), target
