"""Machine code kept on disk: used by the next process, never where others may write, made anew where it is damaged."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import autograd
from autograd import cache_machine_code, jit, sin, value_and_grad, vmap
from autograd.program.llvm import code_cache
from tests import PROJECT

pytest.importorskip("llvmlite")
if not autograd.compiled:
    pytest.skip("machine code calls the compiled engine", allow_module_level=True)
if os.name != "posix":
    pytest.skip("machine code is kept on systems with POSIX file permissions", allow_module_level=True)

ROWS = np.linspace(-2.0, 2.0, 100)


def function(x):
    return sin(x) * x + 0.5 if x > 0.0 else x * x


def results():
    """The results of new compilations of a function, for one row and for many."""
    values, slopes = jit(vmap(value_and_grad(function)), tier="llvm")(ROWS)
    alone = jit(value_and_grad(function), tier="llvm")
    return [*values.tolist(), *slopes.tolist(), *alone(0.5), *alone(-0.5)]


EXPECTED = results()


@pytest.fixture
def directory(tmp_path):
    """A directory that is in use as the cache, of which nobody else may write to any part."""
    place = tmp_path / "code"
    cache_machine_code(place)
    yield place
    cache_machine_code(None)


def test_code_is_compiled_once_and_read_afterwards(directory, compilations):
    assert results() == EXPECTED
    made = len(compilations)
    assert made == len(list(directory.iterdir())) > 2
    assert results() == EXPECTED and len(compilations) == made
    assert {path.suffix for path in directory.iterdir()} == {".code"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in [directory, *directory.iterdir()])


def test_another_process_uses_what_one_has_compiled(tmp_path):
    program = (
        "import sys\n"
        "from tests.program.llvm import test_code_cache as t\n"
        "from autograd.program.llvm import native\n"
        "t.cache_machine_code(sys.argv[1])\n"
        "if sys.argv[2] == 'warm':\n"
        "    native.compiled = None\n"
        "assert t.results() == t.EXPECTED\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    for state in ("cold", "warm"):
        subprocess.run([sys.executable, "-c", program, tmp_path / "code", state], check=True, env=environment)


DAMAGES = {
    "empty": lambda content: b"",
    "cut off in the head": lambda content: content[:40],
    "cut off in the code": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "a changed byte of code": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "a changed byte of the digest": lambda content: content[:35] + bytes([content[35] ^ 1]) + content[36:],
    "another version": lambda content: content.replace(b"code 1", b"code 2", 1),
    "foreign": lambda content: b"\x7fELF" + bytes(1000),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_compiled_again_and_replaced(directory, compilations, damage):
    results()
    contents = {path: path.read_bytes() for path in directory.iterdir()}
    for path, content in contents.items():
        path.write_bytes(damage(content))
    compilations.clear()
    assert results() == EXPECTED
    assert len(compilations) == len(contents)
    assert {path: path.read_bytes() for path in directory.iterdir()} == contents


def huge(path):
    """A file of a terabyte that takes no room on the disk."""
    with open(path, "wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize("make", [os.mkfifo, huge, os.mkdir], ids=["a pipe", "a huge file", "a directory"])
def test_what_is_no_file_of_code_is_compiled_again_without_waiting(directory, compilations, make):
    results()
    paths = list(directory.iterdir())
    for path in paths:
        path.unlink()
        make(path)
        path.chmod(0o600)
    compilations.clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert results() == EXPECTED
    assert len(compilations) == len(paths)
    if make is os.mkdir:
        assert told and all(["could not be kept" in str(one.message) for one in told])
    else:
        assert not told and all([path.is_file() and path.stat().st_size < 2**20 for path in paths])
    assert sorted(directory.iterdir()) == sorted(paths)


def test_a_file_under_another_s_key_is_not_run(directory, compilations):
    results()
    contents = {path: path.read_bytes() for path in directory.iterdir()}
    for path, content in zip(contents, [*contents.values()][1:] + [*contents.values()][:1], strict=True):
        path.write_bytes(content)
    compilations.clear()
    assert results() == EXPECTED
    assert len(compilations) == len(contents)
    assert {path: path.read_bytes() for path in directory.iterdir()} == contents


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_to_is_not_run(directory, compilations, mode):
    results()
    for path in directory.iterdir():
        path.chmod(mode)
    compilations.clear()
    assert results() == EXPECTED and compilations
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in directory.iterdir())


def test_a_file_of_another_user_and_a_link_are_not_run(directory, compilations, monkeypatch, tmp_path):
    results()
    (path, *_) = directory.iterdir()
    cache, key = code_cache.CodeCache(directory), path.stem
    assert cache.read(key)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.read(key) is None
    path.unlink()
    (tmp_path / "elsewhere").rename(path)
    assert cache.read(key)
    if os.getuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert cache.read(key) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
@pytest.mark.parametrize("above", [False, True])
def test_a_directory_that_others_may_write_to_is_refused(tmp_path, mode, above):
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    inner.mkdir(parents=True, mode=0o700)
    outer.chmod(0o700)
    place = outer if above else inner
    place.chmod(mode)
    before = code_cache.current_cache()
    if above and mode == 0o1777 and os.getuid() == 0:
        # As the directory for temporary files: root's, and nobody may replace what another has made.
        cache_machine_code(inner)
        cache_machine_code(None)
        return
    with pytest.raises(PermissionError, match=f"machine code can't be kept in {inner}: others may write to {place}, "
                       "and would have their code run. Give a directory of your own, with mode 0700"):  # fmt: skip
        cache_machine_code(inner)
    assert code_cache.current_cache() is before


def test_a_directory_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    if tmp_path.stat().st_uid == 0:
        # Code that root has written may be run by anyone.
        os.chown(tmp_path, 54321, -1)
    with pytest.raises(PermissionError, match="others may write to"):
        cache_machine_code(tmp_path)


def test_a_system_without_such_permissions_is_refused(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "getuid")
    with pytest.raises(OSError, match="systems with POSIX file permissions only"):
        cache_machine_code(tmp_path)


def test_code_that_cannot_be_kept_is_run_with_a_warning(directory, monkeypatch):
    def full(*names):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(RuntimeWarning, match=r"could not be kept in .*No space left on device; the next process"):
        assert results() == EXPECTED
    assert list(directory.iterdir()) == []


def test_other_code_and_other_options_have_other_keys(directory):
    from autograd.program.llvm.native import kept_or_made

    cases = [("text", ("a", "b")), ("text2", ("a", "b")), ("text", ("a", "c")), ("text", ("b", "a"))]
    for number, case in enumerate(cases):
        assert kept_or_made(*case, lambda number=number: bytes([number])) == bytes([number])
    for number, case in enumerate(cases):
        assert kept_or_made(*case, lambda: b"made again") == bytes([number])


def test_nothing_is_kept_unless_it_is_asked_for(tmp_path, compilations):
    place = tmp_path / "code"
    cache_machine_code(place)
    cache_machine_code(None)
    results()
    results()
    assert list(place.iterdir()) == [] and len(compilations) % 2 == 0
