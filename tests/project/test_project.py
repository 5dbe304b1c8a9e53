"""Facts about the project as a whole: the build, the public names, the start-up."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from fnmatch import fnmatch

import pytest

import autograd
from tests import PROJECT


def test_generated_kernels_follow_the_declarations():
    result = subprocess.run(
        [sys.executable, PROJECT / "tools" / "generate_kernels.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_value_that_no_kernel_can_be_written_of_says_of_what_it_may_be_made():
    program = (
        "from tools import generate_kernels as g; from autograd import Primitive;"
        "g.value_on(Primitive('softsign', lambda x: x / (1.0 + abs(x)), lambda x, out: x), [g.Symbol.of('x')])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=PROJECT)
    assert "the value of softsign (bad operand type for abs()" in result.stderr
    assert "or is made of operators, comparisons and primitives (Abs(x) for abs(x)" in result.stderr.splitlines()[-1]


def test_a_wheel_has_every_package_and_every_file_that_is_no_python():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    for package in ("autograd", "layers", "viz"):
        for folder in [PROJECT / package, *[path.parent for path in (PROJECT / package).rglob("*/__init__.py")]]:
            name = ".".join(folder.relative_to(PROJECT).parts)
            assert name in project["packages"]
            patterns = [*project["package-data"].get(name, []), *project["package-data"]["*"]]
            for path in folder.iterdir():
                if path.is_file() and path.suffix not in (".py", ".so", ".pyd", ".c", ".pyc"):
                    assert any(fnmatch(path.name, pattern) for pattern in patterns), path


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="no clone, which knows what belongs to the project")
def test_the_sdist_has_every_file_of_the_project():
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    told = [line.split() for line in (PROJECT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()]
    named = {name for kind, *names in told if kind in ("graft", "include") for name in names}
    by_itself = {"LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py"}
    assert {line.partition("/")[0] for line in listed.splitlines()} == named | by_itself


def test_every_public_name_exists_and_builtins_are_not_shadowed_by_a_star_import():
    for name in autograd.__all__:
        assert hasattr(autograd, name), name
    assert not {"sum", "min", "max", "abs", "round", "pow"} & set(autograd.__all__)
    assert autograd.sum is not sum


def test_importing_the_engine_loads_neither_numpy_nor_graphviz():
    program = (
        "import sys, autograd; print([name for name in ('numpy', 'graphviz', 'hypothesis') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert result.stdout.strip() == "[]"


def test_a_directory_shared_with_another_package_of_the_name_is_refused(tmp_path):
    package = tmp_path / "autograd"
    package.mkdir()
    (package / "__init__.py").write_bytes((PROJECT / "autograd" / "__init__.py").read_bytes())
    (package / "tracer.py").touch()
    result = subprocess.run(
        [sys.executable, "-c", "import autograd"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "uninstall both" in result.stderr
