"""The pages on layers and training: examples give what they say, and there is a word on everything that is public."""

import doctest

import pytest

import layers
from layers.base import LAYERS
from tests import PROJECT

DOCS = PROJECT / "docs"
TEXTS = [f"learn/texts/{page}.md" for page in ("lab", "dense", "reference", "from-scratch", "implementation")]


@pytest.mark.parametrize("page", ["how-to/layers.md", "how-to/training.md", *TEXTS])
def test_the_examples_of_the_page_give_what_it_says(page):
    known = dict(LAYERS.classes)
    try:
        found = doctest.testfile(str(DOCS / page), module_relative=False)
    finally:
        # The page registers a layer of its own.
        LAYERS.classes.clear()
        LAYERS.classes.update(known)
    assert found.attempted > 25
    assert found.failed == 0


def test_every_text_has_its_page_and_its_program():
    start = (DOCS / "learn" / "texts" / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in (DOCS / "learn" / "texts").iterdir()} == {
        "README.md", "words.md", *[page.removeprefix("learn/texts/") for page in TEXTS]
    }  # fmt: skip
    for page in TEXTS:
        assert page.removeprefix("learn/texts/") in start
        text = (DOCS / page).read_text(encoding="utf-8")
        assert "## Exercises, with checks" in text
        assert "wrong" in text or "## The update" in text


def test_every_public_class_stands_on_the_page_or_in_the_tables():
    pages = ("how-to/layers.md", "how-to/training.md", "reference/layers-table.md")
    text = "".join([(DOCS / page).read_text(encoding="utf-8") for page in pages])
    classes = [
        name
        for name in layers.__all__
        if isinstance(getattr(layers, name), type) and not issubclass(getattr(layers, name), Exception)
    ]
    # Bases, and what is given back.
    others = {"Gradients", "Initialiser", "Loss", "Model", "Optimizer", "Trainable", "Epoch", "History", "Values"}
    missing = [name for name in classes if f"`{name}`" not in text and f"{name}(" not in text]
    assert set(missing) - others == set()
