"""Everything at a glance: `python -m examples.demo [--output DIR]`.

A small network with all its numbers, its gradients checked, its pictures open and closed; then a larger
one that learns.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from autograd import AutogradError
from examples import lab_network, two_moons
from viz import draw


def draw_lab_network(directory: Path) -> list[Path]:
    """Save the network with its layers open (white box) and closed (black box); the paths are returned.

    First with inputs for which every gradient is alive, then with those of the lab, whose ReLU is dead.
    """
    saved = []
    alive, dead = lab_network.build(lab_network.ALIVE), lab_network.build()
    for name, loss, expand in (("alive", alive, "all"), ("white-box", dead, "all"), ("black-box", dead, "none")):
        picture = draw(loss, expand=expand)
        for suffix in ("svg", "png"):
            saved.append(Path(picture.save(directory / f"lab-{name}.{suffix}")))
    return saved


def heading(text: str) -> None:
    """Print the title of a part."""
    print(f"\n{text}\n{'═' * len(text)}\n", flush=True)


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("demo-output"),
        metavar="DIR",
        help="folder for the pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        default=two_moons.EPOCHS,
        metavar="N",
        help="epochs to train (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {number}")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if all of it worked."""
    chosen = options(arguments)
    part = "preparing"
    try:
        chosen.output.mkdir(parents=True, exist_ok=True)
        part = "the lab network"
        heading("A network to check on paper")
        lab_network.main()
        part = "the pictures of the lab network"
        saved = draw_lab_network(chosen.output)
        part = "two moons"
        heading("A network that learns")
        saved += two_moons.main(chosen.output, chosen.epochs)
    except (AutogradError, ImportError, OSError, RuntimeError, ValueError) as error:
        print(f"\ndemo: {part} failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    heading("Pictures")
    for path in saved:
        print(path.resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
