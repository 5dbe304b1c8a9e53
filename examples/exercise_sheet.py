"""Exercises on backpropagation, to print, with their solutions: `python -m examples.exercise_sheet FOLDER [SEED]`.

Each is a graph of whole numbers with blanks for the gradients, or for all that is computed. The folder gets
`exercises.html` and `exercises.tex`, for LaTeX in two columns, and `solutions.html`, where the solution is beside each.
The same seed gives the same sheet: another one is another class.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from html import escape
from operator import add, mul, sub
from pathlib import Path

from autograd import Constant, Node, Variable, square, topological_order
from viz import Drawing, draw

COUNT = 6
LARGEST = 60  # of all numbers on a sheet: what one computes without a calculator
OPERATIONS: Sequence[Callable[[Node, Node], Node]] = (add, sub, mul, mul)
STYLE = """
body{font:16px/1.5 Georgia,serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
section{break-inside:avoid;margin:1.6rem 0}h2{font-size:1.05rem;margin:0}
.pair{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);gap:2rem;align-items:center}
.pair svg{max-width:100%;height:auto}
@media print{body{margin:0;max-width:none}}
"""
TEX = r"""\documentclass[twocolumn]{article}
\usepackage[margin=2cm]{geometry}
\usepackage{tikz}
\usetikzlibrary{backgrounds,fit}
\begin{document}
\noindent Fill in the blanks. $\partial$ stands for the gradient of the result in that value.
"""


def exercise(seed: int) -> Node:
    """A result of a, b and c, swept backward; all numbers are whole, and b counts twice.

    >>> result = exercise(0)
    >>> sorted(node.name for node in topological_order(result) if node.name in ("a", "b", "c"))
    ['a', 'b', 'c']
    """
    numbers = random.Random(seed)
    while True:
        a, b, c = [Variable(float(numbers.choice([-3, -2, -1, 1, 2, 3])), name=name) for name in "abc"]
        left, right, last = [numbers.choice(OPERATIONS) for _ in range(3)]
        joined = last(left(a, b), right(b, c))
        result = joined.relu() if numbers.random() < 0.3 else square(joined)
        result.name = "result"
        result.backward()
        if suits(result):
            return result


def suits(result: Node) -> bool:
    """Whether the numbers of an exercise fit on paper, and few of its gradients are 0."""
    nodes = topological_order(result)
    gradients = [node.grad for node in nodes if not isinstance(node, Constant)]
    small = all([abs(number) <= LARGEST for number in [*gradients, *[node.value for node in nodes]]])
    # At 0 the derivative of max(x, 0) is a convention, which is no exercise.
    return small and result.value != 0 and 4 * gradients.count(0.0) <= len(gradients)


def pictures(seed: int, blank: str) -> tuple[Drawing, Drawing]:
    """An exercise, and its solution."""
    result = exercise(seed)
    return draw(result, blank=blank, theme="light", title="exercise"), draw(result, theme="light", title="solution")


def blank_of(place: int) -> str:
    """The kind of blanks of an exercise: first gradients, and in the second half of a sheet values, too."""
    return "gradients" if place < COUNT // 2 else "values"


def page(seed: int, *, solved: bool) -> str:
    """The sheet as an HTML page of one file, with the solution of each exercise beside it, or without."""
    parts = []
    for place in range(COUNT):
        exercise, solution = pictures(COUNT * seed + place, blank_of(place))
        shown = f"{exercise.svg()}{solution.svg() if solved else ''}"
        parts.append(f"<section><h2>{place + 1}.</h2><div class=pair>{shown}</div></section>\n")
    title = f"Backpropagation, sheet {seed}{', with solutions' if solved else ''}"
    return (
        f"<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>\n"
        f"<h1>{escape(title)}</h1>\n<p>Fill in the blanks. ∂ stands for the gradient of the result in that value.\n"
        f"{''.join(parts)}</html>\n"
    )


def document(seed: int) -> str:
    """The sheet as a LaTeX document, whose pictures fit its columns."""
    parts = [
        pictures(COUNT * seed + place, blank_of(place))[0].tikz(width=r"\columnwidth").partition("\n")[2]
        for place in range(COUNT)
    ]
    numbered = [f"\n\\bigskip\\noindent\\textbf{{{place}.}}\n\n{part}" for place, part in enumerate(parts, 1)]
    return TEX + "".join(numbered) + "\\end{document}\n"


def main(arguments: Sequence[str]) -> None:
    """Write the sheet and its solutions."""
    folder = Path(arguments[0] if arguments else "demo-output")
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("exercises.html", page(seed, solved=False)),
        ("solutions.html", page(seed, solved=True)),
        ("exercises.tex", document(seed)),
    ):
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])
