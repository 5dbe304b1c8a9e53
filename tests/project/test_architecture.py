"""The page of architecture: it names every room, and what it names is there."""

import re

import pytest

from tests import PROJECT

PAGE = (PROJECT / "docs" / "project" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:[\w.]+/)+(?:\w+\.(?:py|md))?|\w+\.(?:py|pxd|md))`", PAGE)))
PLACES = [PROJECT, PROJECT / "autograd", PROJECT / "autograd" / "program"]


def test_every_room_is_in_the_table():
    rooms = {
        f"{folder.relative_to(PROJECT).as_posix()}/"
        for package in ("autograd", "layers", "viz")
        for folder in [init.parent for init in (PROJECT / package).rglob("__init__.py")]
    }
    assert {room for room in rooms if f"\n| `{room}` |" not in PAGE} == {"autograd/"}


@pytest.mark.parametrize("path", NAMED)
def test_what_the_page_names_is_there(path):
    assert any((place / path).exists() for place in PLACES), path
