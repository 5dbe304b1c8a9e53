"""The tests of the compiled core under checks of memory: AddressSanitizer and UBSan, or Python's own.

    python tools/sanitize.py debug              the modules as they are, under PYTHONMALLOC=debug
    python tools/sanitize.py address            modules built anew with both sanitizers, in build/sanitized
    python tools/sanitize.py address tests/...  the same for other tests than those listed here

The first form is part of `make check`. The second takes some minutes to build, and the tests about four times as long.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SANITIZED = PROJECT / "build" / "sanitized"
# Division by zero and the conversion of large doubles are meant: the engine's arithmetic is IEEE's.
FLAGS = [
    "-O1", "-g1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined",
    "-fno-sanitize=float-divide-by-zero,float-cast-overflow",
]  # fmt: skip
QUICK = [
    "tests/graph/test_sweep.py", "tests/graph/test_copying.py", "tests/program/test_file.py",
    "tests/project/test_threads.py",
]  # fmt: skip
CORE = [
    *QUICK, "tests/numbers/test_special.py", "tests/operations/test_primitives.py", "tests/graph/test_node.py",
    "tests/transforms/test_trees.py", "tests/transforms/test_derivatives.py", "tests/transforms/test_curvature.py",
    "tests/transforms/test_sparse.py", "tests/program/recording/test_trace.py", "tests/program/test_jit.py",
    "tests/program/rows/test_vmap.py", "tests/program/test_program.py", "tests/program/recording/test_signature.py",
    "tests/program/test_binding.py", "tests/program/machine", "tests/program/llvm/test_row.py",
    "tests/program/llvm/test_tier.py", "tests/project/test_interruption.py",
]  # fmt: skip


def run_tests(folder, tests, **environment):
    """The exit status of these tests, run in a folder with additional environment variables."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    variables = os.environ | {"PYTHONPATH": str(folder)} | environment
    return subprocess.run(command, cwd=folder, env=variables, check=False).returncode


def build_sanitized():
    """Copy the project, and build its modules with the sanitizers; C sources that are there already are used again."""
    SANITIZED.mkdir(parents=True, exist_ok=True)
    for name in ("autograd", "layers", "viz", "tests", "examples", "tools"):
        shutil.copytree(PROJECT / name, SANITIZED / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.so"))
    for name in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copy2(PROJECT / name, SANITIZED / name)
    flags = {
        "AUTOGRAD_COMPILE": "require",
        "AUTOGRAD_CFLAGS": " ".join(FLAGS),
        "LDFLAGS": "-fsanitize=address,undefined",
    }
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace", "--parallel", "2"]
    subprocess.run(command, cwd=SANITIZED, env=os.environ | flags, check=True, stderr=subprocess.DEVNULL)


def run_sanitized(tests):
    """The exit status of these tests with the sanitizers, 1 also for what UBSan found and went on after."""
    build_sanitized()
    libraries = [
        subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so.6")
    ]
    for old in SANITIZED.glob("ubsan.*"):
        old.unlink()
    status = run_tests(
        SANITIZED,
        tests,
        LD_PRELOAD=" ".join(libraries),
        PYTHONMALLOC="malloc",
        # CPython keeps some memory to the end.
        ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1",
        UBSAN_OPTIONS=f"print_stacktrace=1:log_path={SANITIZED / 'ubsan'}",
    )
    for found in sorted(SANITIZED.glob("ubsan.*")):
        print(found.read_text())
        status = 1
    return status


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["debug", "address"])
    parser.add_argument("tests", nargs="*")
    asked = parser.parse_args()
    if asked.kind == "debug":
        sys.exit(run_tests(PROJECT, asked.tests or QUICK, PYTHONMALLOC="debug"))
    sys.exit(run_sanitized(asked.tests or CORE))
