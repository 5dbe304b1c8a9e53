"""Write the tables of the documentation, a row for each thing declared: primitives, layers, words of the texts.

python tools/generate_docs.py           writes the file
python tools/generate_docs.py --check   exits with status 1 if it is not up to date
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from autograd.operations.primitives import all_primitives  # noqa: E402 - after the path is set
from examples import lab_network  # noqa: E402
from layers.base import LAYERS  # noqa: E402
from layers.hints import HINTS  # noqa: E402
from layers.losses import Loss  # noqa: E402
from layers.parameters.initialisers import INITIALISERS  # noqa: E402
from layers.training.optimisers import OPTIMIZERS  # noqa: E402
from layers.training.schedules import SCHEDULES  # noqa: E402
from viz import draw  # noqa: E402

DOCS = PROJECT / "docs"


def table_of_primitives() -> str:
    """The page with one row for each primitive."""
    lines = [
        "# Primitives",
        "",
        "Every operation that has a rule; all else is composed of them. Their curves: [plots](plots.md); kinks and",
        "special values: [conventions](conventions.md); steps to add one: [architecture](../project/architecture.md).",
        "Written by `tools/generate_docs.py` from `autograd/operations/primitives.py`.",
        "",
        "| primitive | symbol | operands | domain | what it is |",
        "|---|---|---|---|---|",
    ]
    for primitive in all_primitives():
        letters = ["x"] if primitive.arity == 1 else ["a", "b", "c"]
        limits = [interval.describe(letter) for interval, letter in zip(primitive.domain, letters, strict=False)]
        cells = [
            f"`{primitive.name}`",
            primitive.symbol,
            "any number" if primitive.arity is None else str(primitive.arity),
            ", ".join([limit for limit in limits if limit]) or "all numbers",
            primitive.doc,
        ]
        lines.append("| " + " | ".join([cell.replace("|", "\\|") for cell in cells]) + " |")
    return "\n".join(lines) + "\n"


def tables_of_layers() -> str:
    """The page with one row for each layer, loss, initialiser, optimiser and schedule."""
    losses = {kind: made for kind, made in LAYERS.classes.items() if issubclass(made, Loss)}
    layers = {kind: made for kind, made in LAYERS.classes.items() if kind not in losses}
    lines = [
        "# Layers, losses and their training",
        "",
        "Every layer, loss, initialiser, optimiser and schedule, its name in a description, and its options. In use:",
        "[layers](../how-to/layers.md), [training](../how-to/training.md). Written by `tools/generate_docs.py`.",
    ]
    parts: list[tuple[str, dict[str, Any]]] = [
        ("Layers and models", layers), ("Losses", losses), ("Initialisers", INITIALISERS.classes),
        ("Optimisers", OPTIMIZERS.classes), ("Schedules", SCHEDULES.classes),
    ]  # fmt: skip
    for title, classes in parts:
        lines += ["", f"## {title}", "", "| name | class | options | what it is |", "|---|---|---|---|"]
        lines += [row_of_class(kind, made) for kind, made in sorted(classes.items())]
    return "\n".join(lines) + "\n"


def table_of_words() -> str:
    """The page with one row for each word of the texts."""
    kinds = {
        "class": "Classes", "option": "Options of constructors and descriptions", "attribute": "Attributes",
        "argument": "Arguments of forward and backward", "gradient": "Gradients that backward gives",
        "loss": "Names of losses", "metric": "Names of metrics",
        "parameter": "Attributes of a Parameter", "optimizer": "Attributes of an optimiser",
        "history": "Attributes and items of a history",
    }  # fmt: skip
    lines = [
        "# Words of the texts, of PyTorch and Keras, and the words here",
        "",
        "Type a word of theirs, and the message has ours; here are all of them. Written by `tools/generate_docs.py`",
        "from `layers/hints.py`, the table that messages look into.",
    ]
    for kind, title in kinds.items():
        lines += ["", f"## {title}", "", "| there | here | |", "|---|---|---|"]
        rows = [hint for hint in HINTS if hint.kind == kind]
        lines += [f"| `{hint.word}` | {hint.here and f'`{hint.here}`'} | {hint.remark} |" for hint in rows]
    return "\n".join(lines) + "\n"


def row_of_class(kind: str, made: Any) -> str:
    """The row of one class: its names, its options with their defaults, the first line of its docstring."""
    options = []
    for name, parameter in inspect.signature(made).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL or name in made.settings:
            default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
            options.append(f"`{name}{default}`")
    what = inspect.getdoc(made).split("\n\n")[0].replace("\n", " ")
    cells = [f"`{kind}`", f"`{made.__name__}`", ", ".join(options), what]
    return "| " + " | ".join([cell.replace("|", "\\|") for cell in cells]) + " |"


def main() -> int:
    """Write the files, or with --check compare them.

    The picture is laid out by the engine that pip installs, and so is the same wherever it is made. Its DOT text is
    what is compared, and the image need only be whole: another version of the engine may lay out otherwise.
    """
    picture = draw(lab_network.build(), expand="all", title="The lab network", engine="graphviz-pure")
    texts = {
        DOCS / "reference" / "primitives.md": table_of_primitives(),
        DOCS / "reference" / "layers-table.md": tables_of_layers(),
        DOCS / "learn" / "texts" / "words.md": table_of_words(),
        DOCS / "gallery" / "lab-network.dot": picture.dot,
    }
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    image = DOCS / "gallery" / "lab-network.svg"
    if DOCS / "gallery" / "lab-network.dot" in stale or not image.exists() or "</svg>" not in image.read_text():
        stale.append(image)
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(PROJECT)} is out of date: run python tools/generate_docs.py")
        return 1 if stale else 0
    for path in stale:
        if path == image:
            picture.save(image)
        else:
            path.write_text(texts[path])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
