"""Every benchmark, one after the other, and what it measured kept: `python -m benchmarks [--quick] [--only NAME ...]`.

Into a folder, build/benchmarks unless another is named, go what each printed (NAME.txt), what it measured (NAME.json,
of those that keep it), all of it with processor and versions (results.json), its bars (speed.svg) and how times grow
with size (growth.svg). If nothing was left out it is kept in benchmarks/results.json, and the README's bars are made of
it; without --quick the plot and the tables of benchmarks/README.md, too. The ratios to other engines are a line in
history.jsonl, beside results.json, and are compared with the earlier lines of the same processor: ratios suffer least
from whatever else the machine does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.results import NETWORK, RESIDUALS, ROWS
from benchmarks.turns import PROJECT, machine
from tools import generate_readme

# What each is told to be quick, and whether it keeps what it measured with --json.
BENCHMARKS: dict[str, tuple[list[str], bool]] = {
    "startup": ([], False), "eager": (["--only", NETWORK], True), "compiled": (["--only", ROWS], True),
    "derivatives": (["--only", RESIDUALS], True), "gradcheck": ([], True), "memory": (["--quick"], False),
    "training": ([], False), "pictures": ([], False),
}  # fmt: skip
# Those whose figures are kept in results.json.
KEPT = ("eager", "compiled", "derivatives")
FOLDER = PROJECT / "build" / "benchmarks"
# A Python that has PyPI's autograd, which has our import name.
HIPS = PROJECT / ".venv-hips" / "bin" / "python"
# A ratio that is so many times worse than the median of earlier runs is told.
WORSE = 1.5


def run(name: str, folder: Path, quick: bool) -> int:
    """Run one benchmark, its text on the screen and in a file; its exit status."""
    to_be_quick, keeps = BENCHMARKS[name]
    command = [sys.executable, "-u", "-m", f"benchmarks.{name}"]
    command += to_be_quick if quick else []
    command += ["--hips", str(HIPS)] if name == "eager" and HIPS.exists() else []
    command += ["--json", str(folder / f"{name}.json")] if keeps else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT)
    assert process.stdout is not None
    with (folder / f"{name}.txt").open("w", encoding="utf-8") as file:
        for line in process.stdout:
            print(line, end="", flush=True)
            file.write(line)
    return process.wait()


def ratios(results: dict[str, Any]) -> dict[str, float]:
    """The median ratios to other engines that were measured, greater being better for us."""
    found = {}
    for row in results.get("eager", []):
        if "median_ratio" in row:
            ratio = row["median_ratio"]
            found[f"eager {row['workload']} {row['peer']}"] = 1.0 / ratio if row["peer"] == "floats" else ratio
    for row in results.get("derivatives", []):
        if not row["engine"].startswith("ours"):
            found[f"derivatives {row['problem']} {row['size']} {row['engine']}"] = row["call"]["median_ratio"]
    for row in results.get("compiled", []):
        if not row["engine"].startswith("ours") and row["quantity"] == "derivatives":
            for tier, ratio in row["medians"].items():
                found[f"compiled {row['title']} {tier} {row['engine']}"] = ratio
    return found


def compared(line: dict[str, Any], history: list[dict[str, Any]]) -> list[str]:
    """A sentence for each ratio that is worse than it was.

    >>> earlier = {"processor": "P", "quick": False, "ratios": {"eager chain xad": 12.0}}
    >>> compared(earlier | {"ratios": {"eager chain xad": 6.0}}, [earlier])
    ['eager chain xad: 6 times faster than it, 12 in the median of 1 earlier run(s)']
    >>> compared(earlier | {"ratios": {"eager chain xad": 11.0}}, [earlier])
    []
    """
    alike = [old for old in history if (old["processor"], old["quick"]) == (line["processor"], line["quick"])]
    told = []
    for key, ratio in line["ratios"].items():
        before = [old["ratios"][key] for old in alike if key in old["ratios"]]
        if before and ratio * WORSE < statistics.median(before):
            usual = statistics.median(before)
            told.append(
                f"{key}: {ratio:.3g} times faster than it, {usual:.3g} in the median of {len(before)} earlier run(s)"
            )
    return told


def written(results: dict[str, Any]) -> str:
    """The figures as JSON, a row a line."""
    parts = []
    for key, value in results.items():
        rows = ",\n".join([f"  {json.dumps(row)}" for row in value]) if isinstance(value, list) else ""
        parts.append(f" {json.dumps(key)}: " + (f"[\n{rows}\n ]" if rows else json.dumps(value)))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def keep(results: dict[str, Any], folder: Path) -> None:
    """Write the figures into a folder, a line to its history, and tell what is slower than it was."""
    (folder / "results.json").write_text(written(results), encoding="utf-8")
    line = {key: value for key, value in results.items() if key not in KEPT} | {"ratios": ratios(results)}
    path = folder / "history.jsonl"
    history = [json.loads(old) for old in path.read_text("utf-8").splitlines()] if path.exists() else []
    print("\n".join(["", *compared(line, history)]))
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def main() -> int:
    """Run what is asked for, keep it, compare it; the exit status is 1 if a benchmark failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="every benchmark, and its figures kept")
    parser.add_argument("--quick", action="store_true", help="the programs of the README's bars alone")
    parser.add_argument("--only", nargs="+", choices=list(BENCHMARKS), default=list(BENCHMARKS), metavar="NAME")
    parser.add_argument("--output", type=Path, default=FOLDER, help="the folder")
    options = parser.parse_args()
    folder = options.output
    folder.mkdir(parents=True, exist_ok=True)
    failed = list[str]()
    results = {"date": time.strftime("%Y-%m-%d"), "quick": options.quick} | machine() | {"versions": {}}
    for name in options.only:
        print(f"\n=== {name}", flush=True)
        if run(name, folder, options.quick):
            failed.append(name)
        elif name in KEPT:
            measured = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            results["versions"] |= measured["versions"]
            results[name] = measured["rows"]
    if any(name in results for name in KEPT):
        complete = all(name in results for name in KEPT) and folder == FOLDER
        keep(results, PROJECT / "benchmarks" if complete else folder)
        if all(name in results for name in KEPT):
            for file, text in generate_readme.plots(results).items():
                (folder / file).write_text(text, encoding="utf-8")
        if complete:
            sys.argv[1:] = []
            generate_readme.main()
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
