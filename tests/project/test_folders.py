"""The rules of the tests' own folders: they mirror the sources, and what several modules share stands in tables."""

import ast

from tests import PROJECT

TESTS = PROJECT / "tests"
ROOMS = {path.parent.name for path in (PROJECT / "autograd").glob("*/__init__.py")} | {"layers", "viz", "examples"}


def imported(path):
    """The dotted names that a file imports."""
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            yield from [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            yield from [f"{statement.module or ''}.{alias.name}" for alias in statement.names]


def test_nothing_is_imported_from_a_test_module():
    found = [
        f"{path.relative_to(TESTS)} imports {name}"
        for path in sorted(TESTS.rglob("*.py"))
        for name in imported(path)
        if any([part == "conftest" or part.startswith("test_") for part in name.split(".")])
    ]
    assert found == []


def test_every_room_of_the_sources_has_a_folder_of_tests():
    assert [room for room in sorted(ROOMS) if not list((TESTS / room).rglob("test_*.py"))] == []


def test_every_folder_of_tests_is_that_of_a_room_or_of_the_whole_project():
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    known = [
        str(folder) == "project" or (PROJECT / "autograd" / folder).is_dir() or (PROJECT / folder).is_dir()
        for folder in folders
    ]
    assert folders and all(known), folders
