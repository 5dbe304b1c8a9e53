"""A function of an eval: from the input in a message to what is timed, and from there to the answer."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.gradbench import evals


def plain(value: Any) -> Any:
    """The value as JSON has it: arrays as lists."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Function:
    """`run(*prepare(input))` is the result; `run` alone is timed. `report` makes of it what the eval asks for."""

    prepare: Callable[[dict[str, Any]], tuple[Any, ...]]
    run: Callable[..., Any]
    report: Callable[[Any], Any] = plain

    def answer(self, given: Any) -> dict[str, Any]:
        """Output, and timings of as many runs as the input asks for: the first one records and compiles."""
        arguments = self.prepare(given)
        runs, seconds = (given["min_runs"], given["min_seconds"]) if isinstance(given, dict) else (1, 0.0)
        timings: list[dict[str, Any]] = []
        while len(timings) < max(runs, 1) or sum([timing["nanoseconds"] for timing in timings]) < 1e9 * seconds:
            start = time.perf_counter_ns()
            result = self.run(*arguments)
            timings.append({"name": "evaluate", "nanoseconds": time.perf_counter_ns() - start})
        return {"output": self.report(result), "timings": timings}


def functions_of(name: str) -> dict[str, Function]:
    """The functions of an eval, by their names; ModuleNotFoundError if there is no such eval."""
    known = [module.name for module in pkgutil.iter_modules(evals.__path__)]
    if name not in known:
        raise ModuleNotFoundError(f"there is no eval {name!r}, but {', '.join(known)}")
    functions: dict[str, Function] = import_module(f"{evals.__name__}.{name}").FUNCTIONS
    return functions
