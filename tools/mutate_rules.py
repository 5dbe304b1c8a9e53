"""Break each rule of the primitives in turn, and see whether a test of numbers fails.

    python tools/mutate_rules.py                  every mutant: about 10 minutes on two processors that are free
    python tools/mutate_rules.py --only tanh max  those of some primitives
    python tools/mutate_rules.py --files nary.py  those in some of the files

Mutants are made on scratch copies without extension modules; the kernels are generated from each mutant, so that rule
and kernel agree and only numbers can tell. Survivors are printed, and make the exit status 1, unless they stand in
`EQUIVALENT` with the reason why they are no fault.
"""

from __future__ import annotations

import argparse
import collections
import compileall
import functools
import os
import py_compile
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))

from tools.equivalent_mutants import EQUIVALENT  # noqa: E402
from tools.mutants import Mutant, mutants  # noqa: E402

__all__ = ["main", "verdict"]

# The first catches most mutants, and takes least time.
STAGES = (
    ("operations/test_accuracy.py",),
    ("operations/test_conventions.py", "operations/test_primitives.py"),
    ("numbers/test_special.py",),
    ("operations/test_logsumexp.py", "program/test_long_operations.py"),
)
# A mutant may loop forever.
SECONDS = 300
CAUGHT, SURVIVED, BROKEN, STUCK = (
    "caught by a test",
    "survived",
    "broken: the tests don't run",
    "caught: a test does not end",
)
# A rule that divides by the constant 0, say: the project can't be built with it.
REFUSED = "refused: no kernels come of it"


def scratch_copy(directory: Path) -> None:
    """The package, its tests and tools without extension modules; their bytecode is checked by content, not by time."""
    for part in ("autograd", "layers", "tools", "tests", "docs"):
        shutil.copytree(
            PROJECT / part, directory / part, ignore=shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__")
        )
    compileall.compile_dir(directory, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)


def verdict(mutant: Mutant, directory: Path) -> str:
    """The verdict of the tests on a mutant, in a scratch copy that no one else uses meanwhile."""
    path = directory / "autograd" / mutant.file
    original = path.read_text(encoding="utf-8")
    path.write_text(mutant.text, encoding="utf-8")
    try:
        statuses = [in_child(generate_kernels, directory)]
        for stage in STAGES:
            if statuses[-1] == 0:
                statuses.append(in_child(functools.partial(run_tests, mutant.primitives, stage), directory))
    finally:
        path.write_text(original, encoding="utf-8")
    if statuses[0] != 0:
        return REFUSED
    return {0: SURVIVED, 1: CAUGHT, -signal.SIGALRM: STUCK}.get(statuses[-1], BROKEN)


def in_child(work: Callable[[], int], directory: Path) -> int:
    """The exit status of a function in a process forked off, where pytest and mpmath are loaded already."""
    child = os.fork()
    if child == 0:
        status = 3
        try:
            signal.alarm(SECONDS)
            os.chdir(directory)
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            sys.dont_write_bytecode = True
            sys.path[:] = [str(directory), *[place for place in sys.path if place != str(PROJECT)]]
            for name in [
                name for name in sys.modules if name.partition(".")[0] in ("autograd", "layers", "tools", "tests")
            ]:
                del sys.modules[name]
            status = work()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def generate_kernels() -> int:
    """Write the mutant's kernels."""
    from tools import generate_kernels

    sys.argv[1:] = []
    return generate_kernels.main()


def run_tests(primitives: tuple[str, ...], files: tuple[str, ...]) -> int:
    """The status of pytest on what concerns these primitives: 1 if a test failed."""
    import pytest

    options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return int(pytest.main([*options, *[f"tests/{file}" for file in files]], plugins=[Chosen(primitives)]))


class Chosen:
    """Leaves the tests of some primitives, and those that are of none, the former first."""

    def __init__(self, primitives: tuple[str, ...]) -> None:
        self.primitives = primitives

    def pytest_collection_modifyitems(self, items: list[object]) -> None:
        own, general = [], []
        for item in items:
            parameters = getattr(getattr(item, "callspec", None), "params", {})
            primitive = getattr(parameters.get("primitive"), "name", None)
            if primitive is None:
                general.append(item)
            elif not self.primitives or primitive in self.primitives:
                own.append(item)
        items[:] = own + general


def main() -> int:
    """Try all mutants, and say which survive."""
    parser = argparse.ArgumentParser(description="Break each rule in turn, and see whether a test fails.")
    parser.add_argument("--only", nargs="*", default=[], help="names of primitives")
    parser.add_argument("--files", nargs="*", default=[], help="names of files in which rules stand")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    # Loaded once, here; what is forked off has them for nothing.
    import hypothesis  # noqa: F401
    import mpmath  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401

    began = time.perf_counter()
    chosen = [
        mutant
        for mutant in mutants(PROJECT / "autograd")
        if (not options.only or set(options.only) & set(mutant.primitives))
        and (not options.files or Path(mutant.file).name in options.files)
    ]
    verdicts: collections.Counter[str] = collections.Counter()
    survivors = []
    with tempfile.TemporaryDirectory() as directory:
        free = [Path(directory) / str(worker) for worker in range(options.workers)]
        for place in free:
            scratch_copy(place)

        def one(mutant: Mutant) -> tuple[Mutant, str]:
            place = free.pop()
            try:
                return mutant, verdict(mutant, place)
            finally:
                free.append(place)

        with ThreadPoolExecutor(options.workers) as pool:
            for mutant, found in pool.map(one, chosen):
                if found == SURVIVED and mutant.name in EQUIVALENT:
                    found = "equivalent"
                verdicts[found] += 1
                if found not in (CAUGHT, REFUSED, STUCK, "equivalent"):
                    survivors.append(f"{found}: {mutant.name} (line {mutant.line})")
                    print(survivors[-1], flush=True)
    print(", ".join([f"{count} {found}" for found, count in verdicts.items()]))
    print(f"{len(chosen)} mutants, {time.perf_counter() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
