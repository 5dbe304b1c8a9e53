"""`python -m viz model.json --input 1 -2 --output net.html`: the picture of a model that a file describes.

The file is JSON, as `json.dumps(model.to_dict())` writes it, and can name registered layers only. Nothing in it, and
nothing on the command line, is imported or run. `python -m viz --engines` lists the layout engines of this machine.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from autograd import __version__
from autograd.errors import AutogradError
from autograd.graph.modes import watching
from autograd.text import one_line
from layers import Layer, ShapeError, from_dict
from viz.drawing import draw
from viz.errors import EngineError
from viz.layout.engine import available_engines, find_engine, version_of
from viz.views.tints import TINTED_BY
from viz.writing.look import DIRECTIONS, STYLES, THEMES

# The numbers of a model, parameters and values alike: a file of a few bytes can ask for any number of them.
MOST_NUMBERS = 250_000
# The characters of a file: a device has no end.
MOST_CHARACTERS = 50_000_000


class Parser(argparse.ArgumentParser):
    """A parser whose errors steer no terminal: among arguments are names of files that others chose."""

    def error(self, message: str) -> NoReturn:
        super().error(one_line(message))


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = Parser(
        prog="python -m viz",
        description="The picture of a model that a JSON file describes: values, gradients, local gradients.",
    )
    made.add_argument("model", nargs="?", type=Path, help="a file that json.dumps(model.to_dict()) wrote")
    made.add_argument(
        "--input",
        nargs="+",
        type=float,
        action="append",
        metavar="NUMBER",
        help="a number, or the numbers of a list; once for each input of the model",
    )
    made.add_argument("--weights", type=Path, metavar="FILE", help="a file that model.save wrote")
    made.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="the file to write, .svg .html .png ...; else text",
    )
    made.add_argument("--expand", default="auto", help="auto, all, none, a number of levels, or the name of a layer")
    made.add_argument("--max-nodes", type=int, metavar="NUMBER", help="the number of values to draw at most")
    made.add_argument("--style", default="wires", choices=list(STYLES))
    made.add_argument("--color-by", choices=TINTED_BY)
    made.add_argument("--theme", default="auto", choices=THEMES)
    made.add_argument(
        "--direction", default="LR", choices=list(DIRECTIONS), help="from left to right, or top to bottom"
    )
    made.add_argument("--digits", type=int, default=4, metavar="NUMBER", help="the digits shown of a number")
    made.add_argument("--background", metavar="COLOUR", help='such as "#ffffff", or transparent')
    made.add_argument("--title")
    made.add_argument("--engine", metavar="PROGRAM", help="the layout engine to use")
    made.add_argument("--version", action="version", version=__version__)
    made.add_argument("--engines", action="store_true", help="list the layout engines, and their versions")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 1 if that fails."""
    given = sys.argv[1:] if arguments is None else arguments
    # Some versions of Python take -2e-3 or -inf for an option; what begins with a blank is none, and the same number.
    options = parser().parse_args([f" {word}" if word.startswith("-") and is_number(word) else word for word in given])
    if not options.engines and options.model is None:
        parser().print_help()
        return 0
    try:
        lines = engines() if options.engines else picture(options)
    except (AutogradError, MemoryError, OSError, OverflowError, RecursionError, TypeError, ValueError) as error:
        print(f"python -m viz: {one_line(str(error)) or type(error).__name__}", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without such characters shows their escapes.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` does. Python flushes once more at its end: to where it does no harm.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def is_number(word: str) -> bool:
    """Whether a word is a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def engines() -> list[str]:
    """A line for each layout engine."""
    used = find_engine()
    lines = []
    for engine in dict.fromkeys([used, *available_engines()]):
        mark = "used" if engine == used else "also"
        try:
            version = version_of(engine)
        except EngineError as error:
            version = str(error)
        lines.append(f"{mark}: {engine.path} ({engine.source}): {version}")
    return lines


def picture(options: argparse.Namespace) -> list[str]:
    """Draw a model: the path of the picture, or the tree of text."""
    model = from_dict(description(options.model))
    if options.input is None:
        raise ValueError(f"{options.model.name} is drawn for inputs: --input 1 -2 for a list of two numbers")
    inputs = [numbers[0] if len(numbers) == 1 and len(options.input) > 1 else numbers for numbers in options.input]
    if options.weights is not None:
        load: Any = getattr(model, "load", None)
        if load is None:
            raise ValueError(f"a {type(model).__name__} has no weights to load from {options.weights}")
        load(options.weights)
    with watching(Count(model, inputs)):
        drawing = draw(
            model,
            *inputs,
            expand=int(options.expand) if options.expand.isdecimal() else options.expand,
            max_nodes=options.max_nodes,
            style=options.style,
            color_by=options.color_by,
            theme=options.theme,
            direction=options.direction,
            digits=options.digits,
            background=options.background,
            title=options.title,
            engine=options.engine,
        )
    return [drawing.text().rstrip()] if options.output is None else [str(drawing.save(options.output))]


class Count:
    """Counts the numbers of a model, and of each operation that is watched: ValueError if they are too many."""

    def __init__(self, model: Layer, inputs: list[Any]) -> None:
        if isinstance(inputs[0], list):
            with suppress(ShapeError):  # which the model itself tells better
                model.settle(len(inputs[0]))
        self.numbers = 0
        self.add(sum([parameter.size for parameter in model.named_parameters().values() if parameter.sized]))

    def __call__(self, node: Any) -> None:
        self.add(1)

    def add(self, count: int) -> None:
        """Count some more."""
        self.numbers += count
        if self.numbers > MOST_NUMBERS:
            raise ValueError(f"this model has more than {MOST_NUMBERS:,} numbers, parameters and values together")


def description(path: Path) -> Any:
    """The description in a model file. Raises ValueError if it is no JSON, or has no end."""
    try:
        pieces: list[str] = []
        with path.open(encoding="utf-8") as file:
            # A read of so many at once would take memory for all of them.
            while piece := file.read(2**20):
                pieces.append(piece)
                if len(pieces) * 2**20 > MOST_CHARACTERS:
                    raise ValueError(f"longer than {MOST_CHARACTERS:,} characters")
        return json.loads("".join(pieces))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON, which describes a model here: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
