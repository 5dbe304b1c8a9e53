"""Engines in processes of their own, which take turns so that what slows the machine slows both sides of a ratio."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


class Worker:
    """An engine in its process, `command`, which answers each line of JSON with another.

    Its first line says which `version` the engine has, or why it is `missing`.
    """

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        path = os.pathsep.join([place for place in (os.environ.get("PYTHONPATH"), str(PROJECT)) if place])
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
        greeting = self.answer()
        self.missing = greeting.get("missing")
        self.version = greeting.get("version", "")

    def answer(self) -> dict[str, Any]:
        """The next line from the process."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            return {"missing": f"its process ended with status {self.process.wait()}"}
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, request: Any) -> dict[str, Any]:
        """The answer to a request, and as `wall` how many seconds it took to come."""
        start = time.perf_counter()
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        found = self.answer()
        if "missing" in found:
            raise RuntimeError(f"{self.name}, asked for {request}: {found['missing']}")
        return found | {"wall": time.perf_counter() - start}

    def stop(self) -> None:
        """End the process."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(timeout=60)


def take_turns(
    walls: Mapping[str, float], rounds: int, seconds: float, pair: Callable[[str], Any]
) -> dict[str, list[Any]]:  # fmt: skip
    """The results of `pair(name)`, a turn of ours and a turn of that engine's, in each round.

    An engine whose turn takes `walls[name]` seconds is left out of the later rounds if they would take more than
    `seconds` in all; it gets two of them at least.
    """
    pairs: dict[str, list[Any]] = {name: [] for name in walls}
    for turn in range(rounds):
        for name, wall in walls.items():
            if turn < max(2, int(seconds / wall)):
                pairs[name].append(pair(name))
    return pairs


def processor() -> str:
    """The processor's name, as the machine tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    """The processor, how many cores it has here, the system and Python's version."""
    return {
        "processor": processor(), "cores": os.cpu_count(), "system": platform.system(),
        "python": platform.python_version(),
    }  # fmt: skip
