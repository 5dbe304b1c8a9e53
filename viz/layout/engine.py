"""Layout engines, programs that make a picture of DOT text: found, and run with limits on time and output."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from viz.errors import EngineError, EngineNotFound

__all__ = [
    "VARIABLE", "Engine", "available_engines", "find_engine", "provide_engine", "run_engine", "separated",
    "stacks_from_below", "version_of",
]  # fmt: skip

VARIABLE = "AUTOGRAD_DOT"
TIMEOUT = 60.0
MOST_OUTPUT = 500_000_000
HINT = (
    "No layout engine was found. Any one of these helps: `pip install 'scalar-autograd[viz]'`; Graphviz itself "
    f"(`apt install graphviz`, `brew install graphviz`); engine='/path/to/dot'; the environment variable {VARIABLE}. "
    "`.dot` and `.text()` need none"
)


class Engine(NamedTuple):
    """The path of a program, and the way it was found; or a function in its place, with a name for path."""

    path: str
    source: str
    lay_out: Callable[[str, str], bytes] | None = None


# Where no program can be run, as in a browser.
_provided: list[Engine] = []


def provide_engine(lay_out: Callable[[str, str], bytes], name: str) -> None:
    """Have pictures laid out by a function from here on, unless another engine is asked for.

    It takes DOT text of one graph or several and a kind, "svg" or "plain", and gives what Graphviz would.
    """
    _provided[:] = [Engine(name, "provided", lay_out)]


def find_engine(engine: str | os.PathLike[str] | None = None, *, dot: str = "") -> Engine:
    """The engine to use: `engine`, else $AUTOGRAD_DOT, else `dot` on the path, else graphviz-pure from pip.

    Raises EngineNotFound, with `dot` in it, if there is none, or none at the path that one of the first two names.
    """
    asked = [(engine, "engine=")] if engine is not None else [(os.environ.get(VARIABLE) or None, f"${VARIABLE}")]
    for name, source in asked:
        if name is not None:
            path = shutil.which(os.path.expanduser(os.fspath(name)))
            if path is None and os.fspath(name) in ("graphviz-pure", "graphviz_pure"):
                path = _graphviz_pure()
            if path is None:
                raise EngineNotFound(f"{source} says {os.fspath(name)!r}, which is no program here. {HINT}", dot=dot)
            return Engine(path, source)
    found = available_engines()
    if not found:
        raise EngineNotFound(HINT, dot=dot)
    return found[0]


def available_engines() -> list[Engine]:
    """The engines that are found without naming one, best first."""
    if _provided:
        return list(_provided)
    found = [(shutil.which("dot"), "dot on PATH"), (_graphviz_pure(), "graphviz-pure from pip")]
    return [Engine(path, source) for path, source in found if path is not None]


def _graphviz_pure() -> str | None:
    """The program that `pip install graphviz-pure` put beside the interpreter, whether or not that is on PATH."""
    try:
        distribution = importlib.metadata.distribution("graphviz-pure")
    except importlib.metadata.PackageNotFoundError:
        return shutil.which("graphviz-pure")
    for file in distribution.files or ():
        if file.stem == "graphviz-pure" and file.parent.name in ("bin", "Scripts"):
            path = shutil.which(str(Path(str(distribution.locate_file(file))).resolve()))
            if path is not None:
                return path
    return shutil.which("graphviz-pure")


def run_engine(engine: Engine, dot: str, kind: str, *, timeout: float = TIMEOUT, dpi: float | None = None) -> bytes:
    """The picture of DOT text, as "svg", "png", "pdf", or "plain": places in inches.

    dpi: pixels to the inch, of a PNG.

    Raises EngineError if the engine takes longer than `timeout` seconds, fails, or gives something else.
    """
    if engine.lay_out is not None:
        try:
            code, picture, complaint = 0, engine.lay_out(dot, kind), b""
        except Exception as error:
            raise EngineError(f"the layout engine {engine.path} failed: {error}", dot=dot) from error
    else:
        options = [f"-T{kind}"] if dpi is None else [f"-T{kind}", f"-Gdpi={dpi:.6g}"]
        code, picture, complaint = _run([engine.path, *options], dot.encode(), timeout, dot)
    said = f": {_first_lines(complaint)}" if complaint.strip() else ""
    if code != 0:
        what = f"failed with status {code}" if code > 0 else f"was ended by signal {-code}"
        advice = ". For PDF it takes Graphviz's own `dot`; graphviz-pure makes SVG and PNG" if kind == "pdf" else ""
        raise EngineError(f"the layout engine {engine.path} {what}{said}{advice}", dot=dot)
    if not _is(kind, picture):
        what = f"something that is no {kind.upper()}" if picture else "nothing"
        raise EngineError(f"the layout engine {engine.path} gave {what} when asked for {kind.upper()}{said}", dot=dot)
    return picture


def separated(laid_out: bytes, count: int) -> list[bytes]:
    """The SVGs that an engine gave, one after another, for so many graphs in one text."""
    parts = [part[part.find(b"<svg") :] + b"</svg>" for part in laid_out.split(b"</svg>")[:-1]]
    if len(parts) != count:
        raise EngineError(f"the layout engine gave {len(parts)} pictures when asked for {count}")
    return parts


@cache
def stacks_from_below(engine: Engine, timeout: float = TIMEOUT) -> bool:
    """Whether an engine stacks the leaves in a cluster from below in the order of the text: newer Graphviz does."""
    dot = "digraph { rankdir=LR; subgraph cluster { a; b } a -> c; b -> c }"
    try:
        plain = run_engine(engine, dot, "plain", timeout=timeout).decode(errors="replace")
    except EngineError:
        # The picture itself will tell, with its own DOT text.
        return False
    heights = dict(re.findall(r"^node (\w) [-\d.e]+ ([-\d.e]+)", plain, re.MULTILINE))
    return len(heights) == 3 and float(heights["a"]) < float(heights["b"])


def version_of(engine: Engine) -> str:
    """The version that the engine reports."""
    if engine.lay_out is not None:
        return "a function in this process"
    _, out, complaint = _run([engine.path, "-V"], b"", 10.0, "")
    return _first_lines(out or complaint, 1) or "no version given"


def _run(command: list[str], given: bytes, timeout: float, dot: str) -> tuple[int, bytes, bytes]:
    """Exit status, output and error output of a program.

    Through files: a pipe that a grandchild keeps open would be waited for beyond the timeout.
    """
    with (
        tempfile.TemporaryFile() as source,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as complaint,
    ):
        source.write(given)
        source.seek(0)
        try:
            # A list and no shell: nothing that a user wrote is in it. A group of its own can be ended as a whole.
            process = subprocess.Popen(
                command, stdin=source, stdout=out, stderr=complaint, start_new_session=sys.platform != "win32"
            )
        except OSError as error:
            raise EngineError(f"the layout engine {command[0]} can't be run: {error}", dot=dot) from error
        try:
            code = _wait(process, command[0], out.fileno(), timeout, dot)
        finally:
            _end(process)
        out.seek(0)
        complaint.seek(0)
        return code, out.read(), complaint.read(10_000)


def _wait(process: subprocess.Popen[bytes], path: str, out: int, timeout: float, dot: str) -> int:
    """The exit status of a program, if it ends in time and does not fill the disk until then."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return process.wait(max(0.0, min(0.2, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            size = os.fstat(out).st_size
        if size > MOST_OUTPUT:
            raise EngineError(f"the layout engine {path} gave no end of output", dot=dot)
        if time.monotonic() >= deadline:
            raise EngineError(
                f"the layout engine {path} took longer than {timeout:g} s. Draw less (expand='none', "
                f"focus=...) or allow it more (timeout=...)",
                dot=dot,
            )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that is still running, and the programs that it started."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
    process.wait()


def _is(kind: str, picture: bytes) -> bool:
    """Whether the picture begins and ends like its kind."""
    if kind == "png":
        return picture.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in picture[-16:]
    if kind == "plain":
        return picture.startswith(b"graph ") and picture.rstrip().endswith(b"stop")
    if kind == "pdf":
        return picture.startswith(b"%PDF-") and picture.rstrip().endswith(b"%%EOF")
    return re.search(rb"<svg[\s>]", picture[:4000]) is not None and picture.rstrip().endswith(b"</svg>")


def _first_lines(complaint: bytes, count: int = 3) -> str:
    lines = [line.strip() for line in complaint.decode(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[:count])[:400]
