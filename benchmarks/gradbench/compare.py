"""Times of the evals of GradBench, and those of its golden C++ beside them: `python -m benchmarks.gradbench.compare`.

With `--gradbench FOLDER`, a clone of github.com/gradbench/gradbench in which `make -C cpp` has been run, the
derivatives written by hand there (`tools/manual`) are compiled, run on the same inputs, and the results compared.
`--beside "JAX=python python/gradbench/gradbench/tools/jax/run.py"` asks another tool the same, in the clone, for a
column of its own; it may be given several times. `--only NAME ...` chooses evals, `--large` takes GradBench's largest
sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.gradbench.inputs import FUNCTIONS, inputs


class Tool:
    """A tool's process, asked over pipes as GradBench asks; without a command this engine's."""

    def __init__(self, module: str, command: list[str] | None = None, folder: Path | None = None) -> None:
        command = command or [sys.executable, "-m", "benchmarks.gradbench"]
        path = [*([str(folder / "python" / "gradbench")] if folder else []), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment
        )
        self.number = -1
        self.ask(kind="start", eval=module)
        # What has not all functions of an eval answers for none.
        self.defined = self.ask(kind="define", module=module)["success"]

    def ask(self, **message: Any) -> dict[str, Any]:
        """The answer to a message."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.number += 1
        print(json.dumps({"id": self.number} | message), file=self.process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert answer.pop("id") == self.number
        return answer

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def golden(gradbench: Path, module: str, function: str, given: dict[str, Any]) -> dict[str, Any] | None:
    """What GradBench's C++ gives, or None if it has no such function."""
    folder = gradbench / "tools" / "manual"
    binary = folder / "bin" / module
    if not (folder / f"{module}.cpp").exists():
        return None
    if not binary.exists():
        subprocess.run(["make", "-C", str(folder), f"bin/{module}"], check=True, capture_output=True)
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump(given, file)
        file.flush()
        done = subprocess.run([binary, file.name, function], capture_output=True, text=True, check=True)
    output, *timings = [json.loads(line) for line in done.stdout.splitlines()]
    return {"output": output, "timings": [timing for timing in timings if timing["name"] == "evaluate"]}


def difference(one: Any, other: Any) -> float:
    """The greatest relative difference, |a − b| / max(1, |a| + |b|), which GradBench accepts up to 1e-4."""
    if isinstance(one, dict):
        return max([difference(one[key], other[key]) for key in one | other])
    if isinstance(one, list):
        return max([difference(a, b) for a, b in zip(one, other, strict=True)], default=0.0)
    return float(abs(one - other) / max(1.0, abs(one) + abs(other)))


def shown(seconds: float) -> str:
    """A time with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def least(timings: list[dict[str, Any]]) -> float:
    """The least of some timings in seconds."""
    return min([timing["nanoseconds"] for timing in timings]) / 1e9


def beside_ours(other: Tool, module: str, function: str, given: dict[str, Any], output: Any) -> str:
    """The least further time of another tool; nothing if it has no such function, a remark if its digits are fewer."""
    theirs = other.ask(kind="evaluate", module=module, function=function, input=given) if other.defined else {}
    if not theirs.get("success"):
        return ""
    apart = difference(output, theirs["output"])
    return shown(least(theirs["timings"][1:])) + (f" (off by {apart:.1g})" if apart > 1e-8 else "")


def main() -> int:
    """Measure, and print a table; 1 if a result differs from the C++ one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gradbench", type=Path, help="a clone of GradBench")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=COMMAND", help="another tool there")
    parser.add_argument("--only", nargs="+", choices=list(FUNCTIONS), default=list(FUNCTIONS))
    parser.add_argument("--large", action="store_true", help="GradBench's largest sizes")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each function is run, at least")
    options = parser.parse_args()
    wrong = 0
    beside = {name: shlex.split(command) for name, _, command in [one.partition("=") for one in options.beside]}
    columns = ["first run", "further runs", "C++ by hand", "times C++", "difference", *beside]
    print(f"| eval | input | function | {' | '.join(columns)} |")
    print(f"|---|---|---|{'---:|' * len(columns)}")
    data = options.gradbench / "evals" if options.gradbench else None
    for module, described, given in inputs(data, options.large):
        if module not in options.only:
            continue
        tool = Tool(module)
        others = [Tool(module, command, options.gradbench.resolve()) for command in beside.values()]
        for function in FUNCTIONS[module]:
            given = given | {"min_runs": 3, "min_seconds": options.seconds}
            ours = tool.ask(kind="evaluate", module=module, function=function, input=given)
            if not ours["success"]:
                told = ours["error"].strip().splitlines()[-1]
                print(f"| {module} | {described} | {function} | {told}{' |' * len(columns)}")
                wrong += 1
                continue
            first, *further = ours["timings"]
            time = least(further)
            row = [module, described, function, shown(least([first])), shown(time)]
            theirs = golden(options.gradbench, module, function, given) if options.gradbench else None
            if theirs is None:
                row += ["", "", ""]
            else:
                apart = difference(ours["output"], theirs["output"])
                wrong += apart > 1e-8
                row += [shown(least(theirs["timings"])), f"{time / least(theirs['timings']):.3g}", f"{apart:.1g}"]
            row += [beside_ours(other, module, function, given, ours["output"]) for other in others]
            print(f"| {' | '.join(row)} |", flush=True)
        for one in (tool, *others):
            one.close()
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
