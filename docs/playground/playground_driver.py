"""Runs the programs of the playground: what they print, the picture of their last value, or the error with its line."""

from __future__ import annotations

import ast
import io
import json
import linecache
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from autograd import Node
from viz import Drawing, draw
from viz.layout.engine import provide_engine

NAME = "program.py"
MOST_PRINTED = 20_000
NO_NUMPY = ". NumPy is not in this page: numbers and lists of them are, and layers of single neurons"
FRAME = (
    "<!DOCTYPE html><meta charset=utf-8><style>:root{{color-scheme:light dark}}"
    "body{{margin:0;background:#fff}}svg{{display:block;margin:auto;max-width:100%;height:auto}}"
    "@media (prefers-color-scheme:dark){{body{{background:#16191d}}}}</style>{}"
)


def start(lay_out: Callable[[str, str], str]) -> Callable[[str, bool], str]:
    """The function that runs a program, whose pictures are laid out by this one."""
    # An engine's program takes several graphs in one text, this function one.
    provide_engine(
        lambda dot, kind: "".join([lay_out(part, kind) for part in re.split(r"(?m)^(?=digraph )", dot)[1:]]).encode(),
        "Graphviz in this page",
    )
    return run


def forget() -> None:
    """Let go of what programs left, before the memory is kept for others."""
    linecache.clearcache()


def run(program: str, live: bool) -> str:
    """What came of a program, as JSON: printed, picture, error, line."""
    linecache.cache[NAME] = len(program), None, program.splitlines(keepends=True), NAME
    said = io.StringIO()
    answer: dict[str, Any] = {"picture": "", "error": "", "line": 0}
    with redirect_stdout(said), redirect_stderr(said), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        try:
            value = last_value(program)
            if is_drawable(value):
                drawing = value if isinstance(value, Drawing) else draw(value)
                answer["picture"] = drawing.html() if live else FRAME.format(drawing.svg())
            elif value is not None:
                print(value if isinstance(value, str) else repr(value))
        except BaseException as error:
            answer |= {"error": message_of(error), "line": line_of(error)}
    told = [
        f"line {one.lineno}: " * (one.filename == NAME) + f"{one.category.__name__}: {one.message}\n" for one in warned
    ]
    printed = said.getvalue() + "".join(told)
    more = f"\n… {len(printed) - MOST_PRINTED:,} characters more" if len(printed) > MOST_PRINTED else ""
    return json.dumps(answer | {"printed": printed[:MOST_PRINTED] + more})


def last_value(program: str) -> Any:
    """The value of the last line of a program that was run: of an expression, or what it assigned to a name."""
    tree = ast.parse(program, NAME)
    names: dict[str, Any] = {"__name__": "__main__"}
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NAME, "exec"), names)
    if last is not None:
        return eval(compile(ast.Expression(last.value), NAME, "eval"), names)
    assigned = tree.body[-1] if tree.body else None
    if isinstance(assigned, ast.Assign) and isinstance(assigned.targets[0], ast.Name):
        value = names[assigned.targets[0].id]
        return value if is_drawable(value) else None
    return None


def is_drawable(value: Any) -> bool:
    """Whether a value is shown as a picture."""
    if isinstance(value, list | tuple):
        return bool(value) and all([isinstance(one, Node) for one in value])
    # Layers are loaded by programs that use them.
    layers = sys.modules.get("layers")
    if layers is not None and isinstance(value, layers.Layer):
        return value.last_pass is not None
    return isinstance(value, Drawing | Node)


def message_of(error: BaseException) -> str:
    """The kind of an error and what it says."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    hint = NO_NUMPY if isinstance(error, ModuleNotFoundError) and error.name == "numpy" else ""
    return f"{type(error).__name__}: {said}{hint}"


def line_of(error: BaseException) -> int:
    """The line of the program in which an error arose; 0 if it is not in the program."""
    if isinstance(error, SyntaxError) and error.filename == NAME:
        return error.lineno or 0
    lines = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == NAME]
    return lines[-1] if lines else 0
