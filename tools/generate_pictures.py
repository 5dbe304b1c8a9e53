"""Write `docs/gallery/pictures.md` and its pictures: each function below is a section, whose code is shown.

python tools/generate_pictures.py           writes what is out of date
python tools/generate_pictures.py --check   exits with status 1 if something is
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from autograd import Variable, exp, fori_loop, grad, jit, log, scan, sin, tanh, vmap, where, while_loop  # noqa: E402 - after the path is set
from examples import exercise_sheet, lab_network, slide_frames  # noqa: E402
from layers import Affine, Dense, Network, Sequential  # noqa: E402
from viz import Drawing, draw  # noqa: E402
from viz.layout.engine import VARIABLE  # noqa: E402

DOCS = PROJECT / "docs" / "gallery"
FINISHING = ("layout/fitting", "metrics", "layout/placing", "playing/animation", "writing/svg")
TOOLTIP = re.compile(r'tooltip="(\\.|[^"\\])*"')
SAID = re.compile(r"<text[^>]*>([^<]*)<")
START = r"""# Pictures

`draw` takes a node, several nodes, a function, a layer, a compiled function or a program, and gives a `Drawing`:
`.svg()`, `.png()`, `.html()`, `.animation()`, `.gif()`, `.mermaid()`, `.tikz()`, `.text()`, `.dot`, and `.save(path)`,
which goes by the suffix.

* Above each line stands the value, below it the gradient; small and grey, at the head of an arrow, the local gradient,
  and which operand it is of, where that makes a difference.
* Sizes are asked for as `.png(dpi=300)`, `.svg(scale=2)`, `.png(width=1200)` and `.tikz(width=r"\columnwidth")`,
  another ground as `draw(..., background="transparent")`.

Written by `tools/generate_pictures.py`, whose code is shown.
"""
END = """
## The page

`drawing.save("network.html")` writes a page of one file that asks the network for nothing. Click a layer to open or
close it, a value to be told where its gradient comes from and why it is 0; the slider walks through the computation
forward, then backward, while gradients add up; pointing at a value shows its paths; `/` searches names.

The page computes: `move` (or the key m) opens a slider and a field for each input, and every value, gradient and local
gradient follows, forward and backward, without Python; `step` and `train` move parameters down the gradient, and
`as Python` gives the numbers back. Where a recorded decision would fall the other way, the page says so and stays.
Pictures with a choice of `where` in plain Python, with operations of one's own or with a part of a graph stand still.
`drawing.html(quiz=True)` hides the gradients until the reader has found them, from the end backward.

## In a notebook

In Jupyter and its kin the last line of a cell shows itself: a drawing as its picture,
`IPython.display.HTML(drawing.frame())` as its page, a figure of `layers.plots` as its plot.

## From the command line

`python -m viz model.json --input 1 -2 --output network.svg` draws a model that `json.dumps(model.to_dict())` wrote;
`python -m viz --engines` says which layout engines are here.

## Without a layout engine

`pip install graphviz-pure` brings one. `.dot`, `.mermaid()` and `.text()` need none; a notebook shows the text, and
what would help. Where Graphviz's own `dot` is installed it is used, and PDF takes it; `engine="graphviz-pure"` has
pictures laid out alike on every machine.
"""


def white_box() -> Drawing:
    """Every operation, in its layer: a network of five layers, swept backward."""
    loss = lab_network.build(lab_network.ALIVE)
    return draw(loss, expand="all")


def a_dead_relu() -> Drawing:
    """Where the input of ReLU is below 0, its local gradient is 0, and so is every gradient that passes through it."""
    loss = lab_network.build(lab_network.INPUTS)
    return draw(loss, expand="ReLU", color_by="gradient")


def black_box() -> Drawing:
    """Each layer closed: what goes in, what comes out. `expand` also takes a depth, or names of layers."""
    loss = lab_network.build(lab_network.ALIVE)
    return draw(loss, expand="none")


def one_layer_open() -> Drawing:
    """One layer open, the others closed."""
    loss = lab_network.build()
    return draw(loss, expand="Affine2")


def names_alone() -> Drawing:
    """The form of a computation, without a number. `show="values"` leaves out the gradients only."""
    loss = lab_network.build()
    return draw(loss, show="names")


def an_exercise() -> Drawing:
    """Gradients left blank, with the local gradients; with `blank="values"` all that is computed is."""
    result = exercise_sheet.exercise(seed=9)
    return draw(result, blank="gradients")


def its_solution() -> Drawing:
    """The same graph with its numbers. `python -m examples.exercise_sheet` writes a sheet of such pairs."""
    result = exercise_sheet.exercise(seed=9)
    return draw(result)


def a_frame() -> str:
    """One step of the sweep, for a slide: `frames()` has all, `python -m examples.slide_frames` a page of them."""
    frames = slide_frames.frames()
    return frames[9].svg


def a_layer_alone() -> Drawing:
    """A layer after its own `forward` and `backward`. Gradients by name, or with `sign="∇"` after an arrow."""
    affine = Affine(index=1)
    affine.forward(x=1.0, w=2.0, b=5.0)
    affine.backward(10.0)
    return draw(affine, sign="d")


def a_loss() -> Drawing:
    """A network, given inputs and targets: its loss."""
    network = Network(Dense(2, 1, "tanh"), loss="mse", seed=0)
    return draw(network, [1.0, -2.0], [0.5], expand=1)


def cards() -> Drawing:
    """An operation and its result in one."""
    loss = lab_network.build()
    return draw(loss, style="cards")


def records() -> Drawing:
    """As micrograd draws them; `draw_dot` is the same."""
    x = Variable(3.0, name="x")
    y = x * x + 1.0
    y.backward()
    return draw(y, style="records")


def colours() -> Drawing:
    """Grounds show the gradient, blue above 0 and orange below, the stronger the larger; or `color_by="value"`."""
    return draw(lambda a, b, c: tanh(a * b - 3.0 * c), 1.0, 0.8, 0.1, color_by="gradient")


def dark() -> Drawing:
    """Dark wherever it is shown. Without `theme`, a picture is dark where the viewer's system is."""
    return draw(lambda x, w: exp(w * x), 1.0, -0.5, theme="dark", title="e to the w x")


def a_model() -> Drawing:
    """A model, given its inputs: values that go the same way are drawn as one, `… more`."""
    model = Sequential(Dense(2, 4, "tanh"), Dense(4, 2), seed=0)
    return draw(model, [1.0, -2.0], expand=1, max_nodes=16)


def folded() -> Drawing:
    """Too much to read: of equal siblings three are drawn, and a running sum as one Σ."""
    w, b = Variable(0.5, name="w"), Variable(0.1, name="b")
    loss = 0.0
    for x in range(100):
        loss = loss + (w * float(x) + b) ** 2
    loss.backward()
    return draw(loss)


def top_to_bottom() -> Drawing:
    """From top to bottom, with two `digits`. A closed layer tells of the parameters that it takes in."""
    model = Sequential(Dense(2, 3, "tanh"), Dense(3, 1), seed=0)
    return draw(model, [1.0, -2.0], expand=1, direction="TB", digits=2)


def in_rows() -> Drawing:
    """A long chain in rows of so many operations: dashed lines lead back to the row above."""
    x, w = Variable(0.5, name="x"), Variable(1.5, name="w")
    y = x
    for _ in range(4):
        y = (w * y).sin()
    y.backward()
    return draw(y, wrap=4, digits=2)


def focus() -> Drawing:
    """A part: what is at most so many operations away from a node. Dashed lines lead further."""
    x = Variable(0.5, name="x")
    nodes = [x]
    for _ in range(1_000):
        nodes.append(nodes[-1].sin())
    nodes[-1].backward()
    return draw(nodes[-1], focus=nodes[500], radius=2)


def not_a_number() -> Drawing:
    """Values that are no numbers stand out, so that one sees the first of them."""
    x, y = Variable(0.0, name="x"), Variable(2.0, name="y")
    z = log(x) * x + y
    z.backward()
    return draw(z)


def compiled() -> Drawing:
    """A compiled function, on the path that its arguments take: each decision with its line, and how it fell."""

    @jit
    def payoff(price, strike):
        if price > strike:
            return price - strike
        return 0.1 * price

    return draw(payoff, 3.0, 2.0)


def a_loop() -> Drawing:
    """One turn: `↻` has what is carried, which comes back along the dashed line, `[i]` its number in a row."""

    @jit
    def filtered(level, rate, samples):
        def turn(level, sample):
            level = level + rate * (sample - level)
            return level, level

        return scan(turn, level, samples)[1]

    return draw(filtered, 0.0, 0.1, [sin(0.1 * time) for time in range(200)])


def a_while_loop() -> Drawing:
    """A loop that ends by itself: its condition, and how many turns it took. With `expand="none"` it is one block."""

    @jit
    def root(number):
        def is_far(x):
            return abs(x * x - number) > 1e-12

        def nearer(x):
            return (x + number / x) / 2.0

        return while_loop(is_far, nearer, number)

    return draw(root, 2.0)


def gradient_of_a_loop() -> Drawing:
    """Its derivative is a loop against the turns, which takes what each of them carried."""

    def size(rate):
        return fori_loop(0, 300, lambda day, size: size + rate * size, 1.0)

    return draw(jit(grad(size)), 0.01, direction="TB")


def program() -> Drawing:
    """A program without numbers, as `print(program)` names its values. Both sides of a `where` are in it."""
    compiled = jit(lambda x, w: where(x > 0.0, exp(w * x), w / x))
    compiled(1.0, 2.0)
    return draw(compiled.paths[0].program)


def called() -> Drawing:
    """In another graph a compiled function is a black box."""

    @jit
    def gate(x):
        return x * (1.0 + tanh(x)) / 2.0

    return draw(lambda x, w: gate(w * x) ** 2.0, 1.0, 2.0)


def rows() -> Drawing:
    """Of a function over rows the first is drawn; another as `draw(error, 2.0, x, y)`."""

    def error(w, x, y):
        return (w * x - y) ** 2.0

    return draw(vmap(error, in_axes=(None, 0, 0), reduce="mean"), 2.0, [3.0, 4.0, 5.0], [5.0, 6.0, 7.0])


def animation() -> str:
    """An SVG that plays the computation forward and backward, in a README or on a slide; `.gif()` where SVG can't."""
    x, w = Variable(2.0, name="x"), Variable(-1.0, name="w")
    y = (w * x) ** 2.0 + w
    y.backward()
    return draw(y).animation(seconds=1.0)


def text() -> str:
    """The graph as a tree of text."""
    return draw(lambda x, w: (w * x).tanh(), 2.0, -1.0).text()


def mermaid() -> str:
    """A Mermaid flowchart, which code forges and wikis show by themselves."""
    return draw(lambda x, w: (w * x).tanh(), 2.0, -1.0).mermaid()


SECTIONS: list[Callable[[], Drawing | str]] = [
    white_box, a_dead_relu, black_box, one_layer_open, names_alone, an_exercise, its_solution, a_frame, a_layer_alone,
    a_loss, cards, records, colours, dark, a_model, folded, top_to_bottom, in_rows, focus, not_a_number, compiled,
    a_loop, a_while_loop, gradient_of_a_loop, program, called, rows, animation, text, mermaid,
]  # fmt: skip


def code_of(section: Callable[[], Drawing | str]) -> str:
    """The lines of a section's function below its docstring, the result under a name."""
    source = textwrap.dedent(inspect.getsource(section))
    statement = ast.parse(source).body[0].body[1]  # type: ignore[attr-defined]
    first = min([statement.lineno, *[one.lineno for one in getattr(statement, "decorator_list", ())]])
    lines = textwrap.dedent("\n".join(source.splitlines()[first - 1 :])).strip().splitlines()
    lines[-1] = lines[-1].replace("return ", "picture = ", 1)
    if isinstance(statement, ast.FunctionDef):
        # Outside of a function, two blank lines follow one.
        lines.insert(-1, "")
    return "\n".join(lines)


def digest_of(made: Drawing | str) -> str:
    """A digest that tells a picture from an older one, whichever engine laid it out.

    It covers the DOT text, or all texts in the picture, and the code that finishes the engine's result. Tooltips are
    left out: they have all digits, of which the last may differ from machine to machine.
    """
    said = TOOLTIP.sub("", made.dot) if isinstance(made, Drawing) else " ".join(sorted(SAID.findall(made)))
    content = f"{made.look} {said}" if isinstance(made, Drawing) else said
    code = "".join([(PROJECT / "viz" / f"{name}.py").read_text(encoding="utf-8") for name in FINISHING])
    return hashlib.sha256((content + code).encode()).hexdigest()


def page_and_pictures() -> tuple[str, dict[str, tuple[str, Callable[[], str]]]]:
    """The page, and for each picture's name its digest and the function that makes its SVG."""
    parts = [START]
    pictures: dict[str, tuple[str, Callable[[], str]]] = {}
    for section in SECTIONS:
        name = section.__name__.replace("_", "-")
        made = section()
        heading = section.__name__.replace("_", " ").capitalize().replace("relu", "ReLU")
        parts.append(f"\n## {heading}\n\n{section.__doc__}\n\n```python\n{code_of(section)}\n```\n")
        if isinstance(made, str) and not made.startswith("<svg"):
            parts.append(f"\n```{'mermaid' if made.startswith('flowchart') else 'text'}\n{made}```\n")
            continue
        pictures[name] = digest_of(made), made.svg if isinstance(made, Drawing) else made.__str__
        parts.append(f"\n![{heading}](pictures/{name}.svg)\n")
    return "".join(parts) + END, pictures


def is_current(path: Path, digest: str) -> bool:
    """Whether a picture is there, whole, and of what would be drawn now."""
    return path.exists() and path.read_text(encoding="utf-8").endswith(f"</svg>\n<!-- {digest} -->\n")


@contextmanager
def engine_from_pip() -> Iterator[None]:
    """Have the pictures laid out by the engine that every machine can have, so that they are the same everywhere."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "graphviz-pure"
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before


def main() -> int:
    """Write the files, or with --check compare them."""
    with engine_from_pip():
        return write_or_check()


def write_or_check() -> int:
    """Write the files or compare them; the exit status."""
    page, pictures = page_and_pictures()
    folder = DOCS / "pictures"
    stale = (
        [] if (DOCS / "pictures.md").exists() and (DOCS / "pictures.md").read_text() == page else [DOCS / "pictures.md"]
    )
    stale += [
        folder / f"{name}.svg"
        for name, (digest, _) in pictures.items()
        if not is_current(folder / f"{name}.svg", digest)
    ]
    stale += [path for path in sorted(folder.glob("*")) if path.stem not in pictures]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(PROJECT)} is out of date: run python tools/generate_pictures.py")
        return 1 if stale else 0
    folder.mkdir(exist_ok=True)
    for path in stale:
        if path.suffix == ".md":
            path.write_text(page, encoding="utf-8")
        elif path.stem in pictures:
            digest, svg = pictures[path.stem]
            path.write_text(f"{svg()}<!-- {digest} -->\n", encoding="utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
