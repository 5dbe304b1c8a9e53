"""Look in a browser for texts that lie on each other: random expressions and every layer, with every layout engine.

    python tools/measure_overlaps.py                   1,000 expressions and all layers, open and closed
    python tools/measure_overlaps.py --expressions 50  fewer of them
    python tools/measure_overlaps.py --style cards     in another style, or --direction TB

The exit status is 1 if a picture has two texts whose boxes, as the browser gives them, have a point in common, or a
text that lies on an operation.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from layers import from_dict  # noqa: E402 - after the path is set
from tests.tables.browser import CHROMIUM, Browser  # noqa: E402
from tests.tables.torch_references import CASES  # noqa: E402
from tools.random_graphs import draw_graph  # noqa: E402
from viz import Drawing, available_engines, draw  # noqa: E402
from viz.errors import GraphTooLarge  # noqa: E402
from viz.layout.engine import Engine, run_engine, separated  # noqa: E402

__all__ = ["expressions", "layers_of_the_registry", "overlaps"]

AT_ONCE = 40  # pictures that an engine lays out in one run
SEEN = """[...document.querySelectorAll('svg.computation')].flatMap((svg, picture) => {
  const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim());
  const rooms = texts.map(text => text.getBBox());
  const found = [];
  for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length; j++) {
    const [a, b] = [rooms[i], rooms[j]];
    if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
      if (texts[i].parentNode !== texts[j].parentNode || Math.abs(a.y - b.y) < 3)
        found.push([picture, texts[i].textContent + ' | ' + texts[j].textContent]);
  }
  for (const shape of svg.querySelectorAll('g.op > ellipse')) {
    const round = shape.getBBox();
    for (const [i, text] of texts.entries()) {
      const a = rooms[i];
      const dx = Math.max(a.x - (round.x + round.width / 2), round.x + round.width / 2 - a.x - a.width, 0);
      const dy = Math.max(a.y - (round.y + round.height / 2), round.y + round.height / 2 - a.y - a.height, 0);
      if (text.parentNode !== shape.parentNode && (2 * dx / round.width) ** 2 + (2 * dy / round.height) ** 2 < 1)
        found.push([picture, text.textContent + ' on ' + shape.parentNode.textContent.trim()]);
    }
  }
  return found;
})"""


def expressions(count: int, seed: int, **options: Any) -> Iterator[tuple[str, Drawing]]:
    """Pictures of random expressions with their gradients, of all primitives and numbers of all sizes."""
    for number in range(count):
        recipe = draw_graph(random.Random(f"{seed} {number}"))
        yield f"expression {seed} {number}", draw(lambda *leaves, run=recipe: run(leaves), *recipe.leaves, **options)


def layers_of_the_registry(**options: Any) -> Iterator[tuple[str, Drawing]]:
    """Pictures of every layer and loss, open and closed."""
    for name, case in CASES.items():
        for expand in ("all", "none"):
            layer = from_dict(case["layer"])
            layer.load_state_dict(case["parameters"])
            inputs = [x if isinstance(x, list) else float(x) for x in case["inputs"]]
            try:
                yield f"{name}, {expand}", draw(layer, *inputs, expand=expand, **options)
            except GraphTooLarge:
                continue


def overlaps(browser: Browser, drawings: Sequence[tuple[str, Drawing]], engine: Engine) -> Iterator[tuple[str, str]]:
    """The names of the pictures that have texts on each other, and these texts."""
    for start in range(0, len(drawings), AT_ONCE):
        some = drawings[start : start + AT_ONCE]
        laid_out = separated(run_engine(engine, "".join([drawing.dot for _, drawing in some]), "svg"), len(some))
        pictures = [drawing.finished(one) for (_, drawing), one in zip(some, laid_out, strict=True)]
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.html"
            page.write_text(f"<!DOCTYPE html><meta charset=utf-8>{''.join(pictures)}", encoding="utf-8")
            browser.open(page)
            for place, texts in browser.run(SEEN):
                yield some[place][0], texts


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--expressions", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--style", default="wires")
    parser.add_argument("--engine", help="only the engine whose path has this in it")
    options = parser.parse_args(arguments)
    look = {"style": options.style}
    drawings = [*expressions(options.expressions, options.seed, **look), *layers_of_the_registry(**look)]
    total = 0
    with Browser(CHROMIUM) as browser:
        for engine in available_engines():
            if options.engine and options.engine not in engine.path:
                continue
            found = list(overlaps(browser, drawings, engine))
            for name, texts in found:
                print(f"{name}: {texts}")
            print(f"{engine.source}: {len(drawings)} pictures, {len(found)} overlaps")
            total += len(found)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
