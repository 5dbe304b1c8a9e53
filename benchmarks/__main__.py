"""Every benchmark, one after the other, and what it measured kept: `python -m benchmarks [--quick] [--only NAME ...]`.

Into a folder, build/benchmarks unless another is named, go what each printed (NAME.txt), what it measured with
processor and versions (NAME.json, of those that keep it), bars of the eager times (eager.svg), sparse Hessians by their
size (growth.svg), and a line in history.jsonl. The ratios to other engines are compared with the earlier lines of the
same processor: ratios, for they suffer least from whatever else the machine does.
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

from benchmarks.turns import PROJECT
from tools.generate_readme import GROWTH, bars, growth

# Whether each takes --quick, and whether it keeps what it measured with --json.
BENCHMARKS = {
    "startup": (False, False), "eager": (True, True), "compiled": (True, False), "derivatives": (True, True),
    "gradcheck": (False, True), "memory": (True, False), "training": (False, False), "pictures": (False, False),
}  # fmt: skip
# A ratio that is so many times worse than the median of earlier runs is told.
WORSE = 1.5


def run(name: str, folder: Path, quick: bool) -> int:
    """Run one benchmark, its text on the screen and in a file; its exit status."""
    takes_quick, keeps = BENCHMARKS[name]
    command = [sys.executable, "-u", "-m", f"benchmarks.{name}"]
    command += ["--quick"] if quick and takes_quick else []
    command += ["--json", str(folder / f"{name}.json")] if keeps else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT)
    assert process.stdout is not None
    with (folder / f"{name}.txt").open("w", encoding="utf-8") as file:
        for line in process.stdout:
            print(line, end="", flush=True)
            file.write(line)
    return process.wait()


def ratios(name: str, measured: dict[str, Any]) -> dict[str, float]:
    """The median ratios to other engines that a benchmark measured, greater being better for us."""
    found = {}
    for row in measured["rows"]:
        if name == "eager" and "median_ratio" in row:
            ratio = row["median_ratio"]
            found[f"eager {row['workload']} {row['peer']}"] = 1.0 / ratio if row["peer"] == "floats" else ratio
        elif name == "derivatives" and not row["engine"].startswith("ours"):
            found[f"derivatives {row['problem']} {row['size']} {row['engine']}"] = row["call"]["median_ratio"]
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


def eager_bars(measured: dict[str, Any]) -> str:
    """The bars of the eager times, a group for each program."""
    groups: dict[str, dict[str, float]] = {}
    for row in measured["rows"]:
        if "ours_ns" in row:
            group = groups.setdefault(f"{row['workload']}, {row['size']:,}: time per operation", {})
            group["here"] = min(row["ours_ns"], group.get("here", row["ours_ns"]))
            group[row["peer"]] = row["peer_ns"]
    return bars([(title, list(times.items())) for title, times in groups.items()])


def sparse_growth(measured: dict[str, Any]) -> str:
    """The times to the first sparse Hessian by size, a line for each engine; empty if none was measured."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in measured["rows"]:
        if row["problem"] == "sparse":
            engine = row["engine"].replace("ours", "here")
            series.setdefault(engine, []).append((row["size"], row["first"]["seconds"] * 1e9))
    return growth(GROWTH[2], series) if series else ""


def main() -> int:
    """Run what is asked for, keep it, compare it; the exit status is 1 if a benchmark failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="every benchmark, and its figures kept")
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds, where there are such")
    parser.add_argument("--only", nargs="+", choices=list(BENCHMARKS), default=list(BENCHMARKS), metavar="NAME")
    parser.add_argument("--output", type=Path, default=PROJECT / "build" / "benchmarks", help="the folder")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    failed = list[str]()
    line: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "quick": options.quick, "versions": {}, "ratios": {}}
    for name in options.only:
        print(f"\n=== {name}", flush=True)
        if run(name, options.output, options.quick):
            failed.append(name)
        elif name in ("eager", "derivatives"):
            measured = json.loads((options.output / f"{name}.json").read_text(encoding="utf-8"))
            line |= {"processor": measured["processor"], "python": measured["python"]}
            line["versions"] |= measured["versions"]
            line["ratios"] |= ratios(name, measured)
            file, text = ("eager", eager_bars) if name == "eager" else ("growth", sparse_growth)
            (options.output / f"{file}.svg").write_text(text(measured), encoding="utf-8")
    if line["ratios"]:
        path = options.output / "history.jsonl"
        history = [json.loads(old) for old in path.read_text("utf-8").splitlines()] if path.exists() else []
        print("\n".join(["", *compared(line, history)]))
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
