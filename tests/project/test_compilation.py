"""The build: what is compiled, what an edited source or a missing compiler does, and what is said about it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

import autograd
from autograd.compilation import SUFFIX, Record, check, compiled_modules, own_hash, stale_modules, superfluous_modules
from tests import PROJECT

needs_extensions = pytest.mark.skipif(not autograd.compiled, reason="the engine is not compiled here")


def has_build_tools():
    """Whether what pyproject.toml requires to build is installed, as pip would otherwise install it."""
    if importlib.util.find_spec("Cython") is None or importlib.util.find_spec("setuptools") is None:
        return False
    return int(importlib.metadata.version("setuptools").partition(".")[0]) >= 77


needs_build_tools = pytest.mark.skipif(not has_build_tools(), reason="a Cython and a setuptools of today are needed")


@pytest.fixture
def copied(tmp_path):
    """Copy the engine with the file that makes a folder a source tree; the package."""
    package = tmp_path / "autograd"
    shutil.copytree(PROJECT / "autograd", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "setup.py", tmp_path)
    return package


def run(folder, *arguments, **variables):
    """A Python process in that folder, with these environment variables beside the usual ones."""
    usual = {name: value for name, value in os.environ.items() if name != "AUTOGRAD_COMPILE"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=usual | {"PYTHONPATH": str(folder)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def without_extensions(package):
    for path in package.rglob(f"*{SUFFIX}"):
        path.unlink()


@needs_extensions
def test_every_extension_was_compiled_from_the_source_beside_it():
    assert stale_modules(str(PROJECT / "autograd"), by_content=True) == []


@needs_extensions
@pytest.mark.parametrize("file", ["operations/primitive.py", "graph/node.pxd"])
def test_an_edited_source_fails_the_import_with_the_command_that_mends_it(copied, file):
    with open(copied / file, "a") as source:
        source.write("\n# one more line\n")
    failed = run(copied.parent, "-c", "import autograd")
    module = file.partition(".")[0]
    assert f"ImportError: autograd/{module}.py differs from what its extension module was compiled" in failed.stderr
    assert "Run `make build`" in failed.stderr
    assert run(copied.parent, "-c", "import autograd", AUTOGRAD_COMPILE="no").returncode == 0


@needs_extensions
def test_a_source_that_is_younger_but_the_same_is_no_edit(copied):
    for path in copied.rglob("*.py"):
        path.touch()
    assert run(copied.parent, "-W", "error", "-c", "import autograd").returncode == 0
    assert stale_modules(str(copied)) == []


@needs_extensions
def test_an_installed_package_has_no_sources_to_be_compared_with(copied):
    (copied.parent / "setup.py").unlink()
    (copied / "graph" / "node.py").write_text("never loaded")
    assert run(copied.parent, "-c", "import autograd").returncode == 0


def test_an_edited_source_ends_a_test_run_before_its_first_test(copied):
    shutil.copytree(PROJECT / "tests", copied.parent / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    Record(str(copied)).note_compiled({name: own_hash(str(copied), name) for name in compiled_modules(str(copied))[1:]})
    ended = run(copied.parent, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/numbers/test_ieee.py")
    assert ended.returncode == (4 if autograd.compiled else 0), ended.stdout
    assert ("Run `make build`" in ended.stderr + ended.stdout) == autograd.compiled


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            "node.c:1:10: fatal error: Python.h: No such file",
            "it could not be compiled when it was installed (node.c:1",
        ),
        ("", "its extension modules are missing"),
    ],
)
def test_an_engine_that_is_slow_unasked_says_why_once(copied, reason, said):
    without_extensions(copied)
    record = Record(str(copied))
    if reason:
        record.note_uncompiled(reason)
    else:
        record.note_compiled({"graph/node": "0"})
    program = "import autograd, importlib; from autograd import program; print(autograd.compiled)"
    done = run(copied.parent, "-c", program)
    assert done.stdout == "False\n"
    assert done.stderr.count("RuntimeWarning: autograd runs as plain Python, 10 to 20 times slower than compiled") == 1
    assert said in done.stderr and "AUTOGRAD_COMPILE=no silences this" in done.stderr
    assert "<string>:1:" in done.stderr, "the line that imports it"


def test_who_asks_for_plain_python_is_not_warned(copied):
    without_extensions(copied)
    Record(str(copied)).note_uncompiled("")
    assert run(copied.parent, "-W", "error", "-c", "import autograd", AUTOGRAD_COMPILE="no").returncode == 0
    Record(str(copied)).note_uncompiled("AUTOGRAD_COMPILE=no")
    assert run(copied.parent, "-W", "error", "-c", "import autograd").returncode == 0


def test_plain_python_can_be_asked_for_where_there_are_extensions(copied):
    program = "import autograd; from autograd.graph import node; print(autograd.compiled, node.__file__[-3:])"
    done = run(copied.parent, "-W", "error", "-c", program, AUTOGRAD_COMPILE="no")
    assert done.stdout == "False .py\n", done.stderr


@needs_build_tools
def test_a_compiler_that_fails_leaves_the_engine_as_python_and_its_first_error(tmp_path):
    project = tmp_path / "project"
    for name in ("autograd", "layers", "viz"):
        shutil.copytree(PROJECT / name, project / name, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, project / name)
    compiler = tmp_path / "compiler"
    compiler.write_text(f"#!/bin/sh\necho '{tmp_path}/x.c:1:1: error: no such machine' >&2\nexit 1\n")
    compiler.chmod(0o755)
    built = run(project, "setup.py", "--quiet", "build_ext", "--inplace", CC=str(compiler))
    assert built.returncode == 0, built.stderr
    assert "scalar-autograd: not compiled (x.c:1:1: error: no such machine)" in built.stdout
    assert list(project.rglob(f"*{SUFFIX}")) == []
    done = run(project, "-c", "import autograd")
    assert "(x.c:1:1: error: no such machine)" in done.stderr
    failed = run(project, "setup.py", "--quiet", "build_ext", "--inplace", CC=str(compiler), AUTOGRAD_COMPILE="require")
    assert failed.returncode != 0


@needs_build_tools
def test_each_module_is_reported_also_what_is_compiled_while_the_next_is_translated(tmp_path):
    shutil.copytree(PROJECT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    shutil.copy(PROJECT / "setup.py", tmp_path)
    compiler = tmp_path / "compiler"
    compiler.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ntouch "$2"\n')
    compiler.chmod(0o755)
    names = [f"autograd.numbers.{name}" for name in ("arrays", "accumulate", "operands", "pairwise")]
    program = (
        "import setup; from setuptools import Distribution, Extension;"
        f"modules = [Extension(name, [name.replace('.', '/') + '.py']) for name in {names}];"
        "command = setup.OptionalBuild(Distribution({'name': 'part', 'ext_modules': modules}));"
        "command.inplace = True; command.ensure_finalized(); command.compiler = None; command.run()"
    )
    done = run(tmp_path, "-c", program, CC=str(compiler))
    reported = [line.split()[1:5] for line in done.stdout.splitlines() if line.startswith("compiled")]
    assert [line[:3] for line in reported] == [[str(n), "of", "4"] for n in (1, 2, 3, 4)], done.stderr
    assert sorted(name for *_, name in reported) == sorted(names)


@needs_build_tools
def test_a_mistake_in_a_source_is_shown_with_its_line(tmp_path):
    shutil.copytree(PROJECT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    shutil.copy(PROJECT / "setup.py", tmp_path)
    with open(tmp_path / "autograd" / "numbers" / "operands.py", "a", encoding="utf-8") as source:
        source.write("\nmistaken = undeclared\n")
    program = (
        "import setup; from setuptools import Extension;"
        "setup.cythonized(Extension('autograd.numbers.operands', ['autograd/numbers/operands.py']))"
    )
    done = run(tmp_path, "-c", program)
    assert done.returncode != 0 and re.search(
        r"operands\.py:\d+:11: undeclared name not builtin: undeclared", done.stdout
    )


def test_the_report_names_version_compilation_tiers_engines_and_extras_and_no_path():
    done = run(PROJECT, "-m", "autograd")
    lines = {line[:18].strip(): line[19:] for line in done.stdout.splitlines()}
    assert lines["version"].startswith(f"{autograd.__version__} on CPython {sys.version.split()[0]}")
    assert lines["compiled"].startswith("yes" if autograd.compiled else "no, which is 10 to 20 times slower: ")
    assert lines["tiers"].startswith("interpreter (vectors of ")
    assert "graphviz" in lines["pictures"] or "no layout engine" in lines["pictures"]
    assert str(PROJECT) not in done.stdout and sys.prefix not in done.stdout


def test_the_report_says_what_missing_extras_take(copied):
    for name in ("viz", "layers"):
        shutil.copytree(PROJECT / name, copied.parent / name, ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "import importlib.metadata as m, importlib.util as u; find = u.find_spec\n"
        "m.requires = lambda name: ['scipy>=1.11; extra == \"scipy\"', 'absent>=1; extra == \"gif\"',"
        " 'absentee[array]>=2; extra == \"dask\"', 'scalar-autograd[all]; extra == \"docs\"',"
        " 'furo-absent>=1; extra == \"docs\"']\n"
        "u.find_spec = lambda name: None if name == 'llvmlite' else find(name)\n"
        "from autograd.__main__ import main; main()"
    )
    done = run(copied.parent, "-c", program)
    assert "no machine code: pip install 'scalar-autograd[jit]'" in done.stdout, done.stderr
    assert "no absent: pip install 'scalar-autograd[gif]'" in done.stdout
    # A requirement with extras of its own keeps its name, and an extra of our own is no package that could be missing.
    assert "no absentee: pip install 'scalar-autograd[dask]'" in done.stdout
    assert "no furo-absent: pip install 'scalar-autograd[docs]'" in done.stdout
    assert "no scalar-autogra" not in done.stdout


@needs_extensions
def test_an_extension_of_a_module_that_is_left_as_python_is_refused(copied):
    """An older build compiled it; Python would take the extension, whatever the source says."""
    assert superfluous_modules(str(copied)) == []
    shutil.copy(copied / f"graph/copying{SUFFIX}", copied / f"graph/callers{SUFFIX}")
    assert superfluous_modules(str(copied)) == ["graph/callers"]
    with pytest.raises(ImportError, match=r"autograd/graph/callers\.py differs from what its extension module"):
        check(str(copied), compiled=True)


@needs_build_tools
def test_without_extension_modules_a_wheel_is_one_for_every_python_and_asked_for(tmp_path):
    for name in ("autograd", "layers", "viz"):
        ignored = shutil.ignore_patterns("__pycache__", f"*{SUFFIX}", "compilation.json")
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=ignored)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, tmp_path)
    done = run(tmp_path, "setup.py", "--quiet", "bdist_wheel", AUTOGRAD_COMPILE="no", PYTHONPATH="")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl"), done.stdout + done.stderr
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    imported = run(tmp_path / "installed", "-W", "error", "-c", "import autograd; print(autograd.compiled)")
    assert imported.stdout == "False\n", imported.stderr
