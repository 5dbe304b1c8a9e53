"""The tool's process: messages of GradBench's protocol come in, and answers go out, a line of JSON each.

`python -m benchmarks.gradbench` is what GradBench's intermediary starts: see README.md beside this file.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any, TextIO

from benchmarks.gradbench.function import functions_of


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """What the tool has to say to a message, besides its number."""
    kind = message["kind"]
    if kind == "start":
        return {"tool": "scalar-autograd"}
    if kind not in ("define", "evaluate"):
        return {}
    try:
        functions = functions_of(message["module"])
        if kind == "define":
            return {"success": True}
        name = message["function"]
        if name not in functions:
            raise KeyError(f"{message['module']} has the functions {', '.join(functions)}, not {name!r}")
        return {"success": True, **functions[name].answer(message["input"])}
    except Exception:  # Whatever it is: an answer for each message, and the next one may succeed.
        return {"success": False, "error": traceback.format_exc()}


def serve(messages: TextIO, answers: TextIO) -> None:
    """Answer each line, until there are no more."""
    for line in messages:
        message = json.loads(line)
        print(json.dumps({"id": message["id"]} | answer(message)), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
