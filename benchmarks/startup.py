"""The time that `import autograd` takes above an empty Python program.

    python -m benchmarks.startup [--rounds N]

Processes with and without the import take turns; the difference within each pair counts. A check makes
sure that it loads neither numpy nor graphviz.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
TARGET = 30.0
EMPTY = "pass"
IMPORT = "import autograd"
CHECK = (
    "import autograd, sys; found = {'numpy', 'graphviz'} & set(sys.modules); "
    "assert not found, f'import autograd loads {sorted(found)}'; "
    "print(autograd.__version__, 'compiled' if autograd.compiled else 'not compiled', 'at', autograd.__file__)"
)


def milliseconds(code: str) -> float:
    """The time of a Python process that runs this code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="the cost of `import autograd`")
    parser.add_argument("--rounds", type=int, default=60, help="pairs of processes")
    options = parser.parse_args()
    subprocess.run([sys.executable, "-c", CHECK], cwd=PROJECT, check=True)
    pairs = [(milliseconds(EMPTY), milliseconds(IMPORT)) for _ in range(options.rounds)]
    least = min([loaded for _, loaded in pairs]) - min([empty for empty, _ in pairs])
    middle = statistics.median([loaded - empty for empty, loaded in pairs])
    print(f"an empty program {min([empty for empty, _ in pairs]):.1f} ms; numpy and graphviz are not loaded")
    print(f"import autograd: {least:.1f} ms more (least), {middle:.1f} ms (median of {options.rounds} pairs)")
    print(f"target: at most {TARGET:g} ms: {'met' if middle <= TARGET else 'MISSED'}")


if __name__ == "__main__":
    main()
