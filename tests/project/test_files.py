"""Files that are written whole or not at all: weights, pictures, machine code."""

import os
import signal
import subprocess
import sys

import pytest

from autograd import files
from autograd.files import whole_file
from tests import PROJECT


def test_a_file_that_fails_half_way_leaves_the_old_one_and_nothing_else(tmp_path):
    target = tmp_path / "weights"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), whole_file(target) as file:
        file.write(b"half of")
        raise RuntimeError
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["weights"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_is_written_again_keeps_its_mode(tmp_path):
    private, shared = tmp_path / "private", tmp_path / "shared"
    for target, mode in ((private, 0o600), (shared, 0o664)):
        target.write_bytes(b"old")
        target.chmod(mode)
        with whole_file(target) as file:
            file.write(b"new")
        assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", mode)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_mode_that_is_asked_for_wins_over_that_of_the_old_file(tmp_path):
    target = tmp_path / "code"
    target.write_bytes(b"old")
    target.chmod(0o666)
    with whole_file(target, mode=0o600) as file:
        file.write(b"new")
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    said = r"there is no folder .*missing to save file in"
    with pytest.raises(FileNotFoundError, match=said), whole_file(tmp_path / "missing" / "file"):
        pass


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
def test_a_process_that_is_killed_while_it_writes_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "weights"
    target.write_bytes(b"old")
    program = (
        "import os, pathlib, signal, sys\n"
        "from autograd.files import whole_file\n"
        "with whole_file(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write(b'half of')\n"
        "    file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, target], check=False, cwd=PROJECT)
    assert killed.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["weights"]


@pytest.mark.skipif(os.name != "posix", reason="locks of files are POSIX's")
@pytest.mark.parametrize("moment", ["link", "replace"])
def test_what_a_process_leaves_that_is_killed_between_two_steps_goes_with_the_next_file(tmp_path, moment):
    target = tmp_path / "weights"
    target.write_bytes(b"old")
    program = (
        "import os, pathlib, signal, sys\n"
        "from autograd.files import whole_file\n"
        f"os.{moment} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "with whole_file(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write(b'new')\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, target], check=False, cwd=PROJECT)
    assert killed.returncode == -signal.SIGKILL and target.read_bytes() == b"old"
    with whole_file(tmp_path / "weights of another"):
        pass
    with whole_file(target) as file:
        file.write(b"newer")
    assert target.read_bytes() == b"newer" and sorted(os.listdir(tmp_path)) == ["weights", "weights of another"]


@pytest.mark.skipif(os.name != "posix", reason="locks of files are POSIX's")
def test_a_file_that_another_writer_is_at_work_on_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    target = tmp_path / "weights"
    # Not a writer's: a folder and a link of such a name.
    (tmp_path / ".weights.0123456789ab.part").mkdir()
    (tmp_path / ".weights.0123456789ac.part").symlink_to(tmp_path / "elsewhere")
    with whole_file(target) as slow:
        with whole_file(target) as fast:
            fast.write(b"fast")
        slow.write(b"slow")
    assert target.read_bytes() == b"slow"
    assert len(os.listdir(tmp_path)) == 3


@pytest.mark.parametrize("lacking", ["files without a name", "/proc"])
def test_systems_that_have_no_files_without_a_name_write_whole_files_too(tmp_path, monkeypatch, lacking):
    if lacking == "/proc":
        monkeypatch.setattr(files, "DESCRIPTORS", str(tmp_path / "no proc"))
    else:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    target = tmp_path / "weights"
    for content in (b"old", b"new"):
        with whole_file(target) as file:
            file.write(content)
            assert len([name for name in os.listdir(tmp_path) if name.endswith(".part")]) == 1
        assert target.read_bytes() == content
    assert os.listdir(tmp_path) == ["weights"]
