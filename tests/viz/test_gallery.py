"""The gallery in docs/gallery/pictures.md: up to date, whole, small, and every option in it."""

import importlib.util
import inspect
import os
import re
import sys
from xml.etree import ElementTree

import pytest

import viz
from tests import PROJECT

DOCS = PROJECT / "docs" / "gallery"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("generate_pictures", PROJECT / "tools" / "generate_pictures.py")
    module = importlib.util.module_from_spec(spec)
    # Whatever shows code looks its module up.
    sys.modules["generate_pictures"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["generate_pictures"]


def run(generator, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["generate_pictures.py", *arguments])
    return generator.main()


def test_the_page_and_its_pictures_are_up_to_date(generator, monkeypatch, capsys):
    assert run(generator, monkeypatch, "--check") == 0, capsys.readouterr().out


def test_what_is_missing_cut_off_changed_or_left_over_is_noticed_and_written_anew(
    generator, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(generator, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(generator, "PROJECT", tmp_path)
    monkeypatch.setattr(generator, "FINISHING", ())
    monkeypatch.setattr(generator, "SECTIONS", [generator.records, generator.dark, generator.text])
    (tmp_path / "docs").mkdir()
    assert run(generator, monkeypatch, "--check") == 1
    assert run(generator, monkeypatch) == 0
    assert run(generator, monkeypatch, "--check") == 0
    pictures = tmp_path / "docs" / "pictures"
    (tmp_path / "docs" / "pictures.md").write_text("old")
    (pictures / "records.svg").write_text((pictures / "records.svg").read_text()[:500])
    (pictures / "dark.svg").unlink()
    (pictures / "gone.svg").write_text("<svg/>")
    capsys.readouterr()
    assert run(generator, monkeypatch, "--check") == 1
    told = re.findall(
        r"^docs/(\S+) is out of date: run python tools/generate_pictures.py$", capsys.readouterr().out, re.M
    )
    assert told == ["pictures.md", "pictures/records.svg", "pictures/dark.svg", "pictures/gone.svg"]
    assert run(generator, monkeypatch) == 0
    assert sorted(path.name for path in pictures.iterdir()) == ["dark.svg", "records.svg"]
    assert run(generator, monkeypatch, "--check") == 0


def test_the_gallery_is_the_same_whichever_engine_is_here(generator, monkeypatch, tmp_path):
    monkeypatch.setattr(generator, "PROJECT", tmp_path)
    monkeypatch.setattr(generator, "FINISHING", ())
    monkeypatch.setattr(generator, "SECTIONS", [generator.records, generator.animation])
    made = []
    for number, engine in enumerate(["", "/nowhere/dot", *[one.path for one in viz.available_engines()]]):
        monkeypatch.setenv("AUTOGRAD_DOT", engine)
        monkeypatch.setattr(generator, "DOCS", tmp_path / str(number))
        (tmp_path / str(number)).mkdir()
        assert run(generator, monkeypatch) == 0
        assert os.environ["AUTOGRAD_DOT"] == engine
        made.append({path.name: path.read_text() for path in sorted((tmp_path / str(number)).rglob("*.*"))})
    assert len(made[0]) == 3
    assert all(files == made[0] for files in made)


def test_every_picture_is_whole_small_described_and_without_script():
    page = (DOCS / "pictures.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[.+\]\((pictures/.+)\)", page)
    assert sorted(shown) == sorted(f"pictures/{path.name}" for path in (DOCS / "pictures").iterdir())
    for name in shown:
        text = (DOCS / name).read_text(encoding="utf-8")
        assert len(text) < 50_000
        root = ElementTree.fromstring(text)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert "script" not in tags
        assert {"title", "desc"} <= tags


def test_every_option_of_draw_is_on_the_page():
    page = (DOCS / "pictures.md").read_text(encoding="utf-8")
    options = set(inspect.signature(viz.draw).parameters) - {"subject", "arguments", "engine", "timeout", "unknown"}
    assert {option for option in options if f"{option}=" not in page} == set()
    for style in ("cards", "records"):
        assert f'style="{style}"' in page


def test_texts_are_legible_where_pictures_are_as_wide_as_a_page():
    # Forges show documents 830 pixels wide or wider, and 96 pixels are 72 points.
    for path in [DOCS / "lab-network.svg", *(DOCS / "pictures").iterdir()]:
        text = path.read_text(encoding="utf-8")
        width = float(re.search(r'width="([\d.]+)pt"', text)[1]) * 96 / 72
        smallest = min(float(size) for size in re.findall(r'font-size="([\d.]+)"', text)) * 96 / 72
        assert smallest * min(1.0, 830 / width) >= 9.0, path.name
