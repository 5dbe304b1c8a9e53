"""Quizzes on gradients, each a page that checks its answers: `python -m examples.quiz_pages FOLDER [SEED]`.

A page asks for one gradient after another, from the end backward, gives hints, and sends nothing anywhere: it is one
file that works without a network. `index.html` leads to all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from autograd import Node, Variable, tanh
from examples.exercise_sheet import exercise
from viz import draw

COUNT = 4
INDEX = """<!DOCTYPE html>
<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Quizzes on gradients</title>
<style>:root{{color-scheme:light dark}}body{{font:17px/1.6 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}}
</style>
<h1>Quizzes on gradients</h1>
<ol>
{}</ol>
</html>
"""


def dead_neuron() -> Node:
    """A neuron whose ReLU is off: which gradients are 0, and which one is not?"""
    x, w, b, y = [Variable(v, name=n) for v, n in ((2.0, "x"), (-1.0, "w"), (0.5, "b"), (1.0, "y"))]
    loss = ((w * x + b).relu() - y) ** 2
    loss.name = "loss"
    loss.backward()
    return loss


def saturated_neuron() -> Node:
    """A neuron whose tanh is nearly flat: how much of the gradient passes?"""
    x, w, b = [Variable(v, name=n) for v, n in ((2.0, "x"), (1.5, "w"), (-1.0, "b"))]
    output = tanh(w * x + b)
    output.name = "output"
    output.backward()
    return output


def quizzes(seed: int) -> dict[str, tuple[str, Node]]:
    """For each file its title and its graph: random ones, then two that teach something about neurons."""
    found = {f"quiz-{place}.html": (f"Quiz {place}", exercise(COUNT * seed + place)) for place in range(1, COUNT + 1)}
    found["dead-neuron.html"] = ("A neuron that is off", dead_neuron())
    found["saturated-neuron.html"] = ("A saturated neuron", saturated_neuron())
    return found


def main(arguments: Sequence[str]) -> None:
    """Write the pages and their index."""
    folder = Path(arguments[0] if arguments else "demo-output")
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, (title, result) in quizzes(seed).items():
        (folder / name).write_text(draw(result, title=title).html(quiz=True), encoding="utf-8")
        lines.append(f'<li><a href="{name}">{title}</a>\n')
    (folder / "index.html").write_text(INDEX.format("".join(lines)), encoding="utf-8")
    print(folder / "index.html")


if __name__ == "__main__":
    main(sys.argv[1:])
