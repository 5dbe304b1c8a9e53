"""`draw` and `Drawing`: a picture of nodes, a call or a program, in every format."""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from autograd import Node
from autograd.files import whole_file
from autograd.other_packages import DRAWING_ATTRIBUTES, Elsewhere, answers_options
from autograd.text import Shown, counted
from viz.diagrams.diagram import Diagram
from viz.diagrams.subjects import diagram_below, diagram_of_subject
from viz.errors import EngineError, GraphTooLarge
from viz.labels import readable
from viz.layout.engine import TIMEOUT, find_engine, run_engine, stacks_from_below
from viz.layout.fitting import fit_texts
from viz.layout.placing import labels_of, placed_svg
from viz.layout.size import Size, with_resolution
from viz.playing.animation import Frame, animated, frames_of
from viz.playing.film import FilmStages, film_of
from viz.playing.page import write_page
from viz.playing.steps import playable_steps
from viz.views.selection import LIMIT, Expand, select
from viz.views.states import states_of
from viz.views.view import View
from viz.writing.look import DIRECTIONS, Look, Making
from viz.writing.mermaid import write_mermaid
from viz.writing.styles import write_dot
from viz.writing.svg import finished_svg
from viz.writing.text import MOST_LINES, write_tree
from viz.writing.tikz import write_tikz

__all__ = ["Drawing", "draw", "draw_dot", "render", "tree"]

PIXEL = 4.0 / 3.0  # CSS pixels in a point
SIZED = (".svg", ".png", ".tex")


class Drawing:
    """A picture of a graph as it was when it was drawn. Made by `draw`; a notebook shows it by itself."""

    def __init__(
        self,
        view: View,
        *,
        title: str,
        look: Look,
        max_nodes: int | None,
        engine: str | os.PathLike[str] | None,
        timeout: float,
    ) -> None:
        self.view = view
        self.title = readable(title, 100)
        self.look = look
        self._max_nodes = max_nodes
        self._engine = engine
        self._timeout = timeout

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in DRAWING_ATTRIBUTES]

    @property
    def diagram(self) -> Diagram:
        """The graph as plain records, drawn or not."""
        return self.view.diagram

    @cached_property
    def dot(self) -> str:
        """The picture as DOT text, for any program that reads it."""
        return write_dot(self.view, self.title, self.look)

    @cached_property
    def source(self) -> Any:
        """The DOT text as a `graphviz.Source`, of the `graphviz` package."""
        import graphviz

        return graphviz.Source(self.dot)

    def svg(self, *, scale: float = 1.0, width: float | None = None) -> str:
        """The picture as SVG, with tooltips and a dark mode, `scale` times its size or `width` pixels wide.

        Raises EngineNotFound or EngineError, and ValueError for a size that is none.
        """
        size = Size(scale, width).checked()
        if size == Size():
            return self._svg
        with self._keeping_dot():
            return self.finished(self._laid_out("svg"), size)

    @cached_property
    def _svg(self) -> str:
        with self._keeping_dot():
            return self.finished(self._laid_out("svg"))

    def finished(self, laid_out: bytes, size: Size = Size()) -> str:  # noqa: B008 - a tuple, which never changes
        """The picture as SVG, made of what a layout engine gave for `dot`."""
        root, _ = placed_svg(laid_out)
        fit_texts(root)
        return finished_svg(root, self.title, self.description, self.look.theme, scale=size.scale_of(root, PIXEL))

    def png(self, *, dpi: float = 144.0, scale: float = 1.0, width: float | None = None) -> bytes:
        """The picture as PNG, `scale` times its size or `width` pixels wide, with `dpi` pixels to the inch.

        Raises EngineNotFound or EngineError, and ValueError for a size that is none, or more than 32,767 pixels.
        """
        return self._painted("png", Size(scale, width, dpi).checked())

    def frame(self, height: int = 480) -> str:
        """The page of `html` as an element for another page, such as a notebook's: `IPython.display.HTML(...)`.

        height: of the frame, in pixels.
        """
        page = escape(self._html, quote=True)
        return (
            f'<iframe srcdoc="{page}" style="width:100%;height:{height:d}px;border:0" sandbox="allow-scripts"></iframe>'
        )

    def html(self, *, quiz: bool = False) -> str:
        """The picture as a page, one file: layers open and close, steps go forward and backward. Raises as `svg` does.

        For each value it names the sources of its gradient, and the reason if that is 0. Inputs can be moved, and all
        numbers follow, computed by the page itself.

        quiz: whether gradients and local gradients are hidden until the reader has found them, from the end backward.
        """
        return self._quiz if quiz else self._html

    @cached_property
    def _html(self) -> str:
        return self._page(quiz=False)

    @cached_property
    def _quiz(self) -> str:
        return self._page(quiz=True)

    def _page(self, *, quiz: bool) -> str:
        with self._keeping_dot():
            return write_page(
                states_of(self.view, self._max_nodes),
                lambda views: self._laid_out(
                    "svg",
                    "".join(
                        [
                            write_dot(view, self.title, self.look, self._making(view)._replace(roomy=True))
                            for view in views
                        ]
                    ),
                ),
                title=self.title,
                description=self.description,
                legend=self.look.legend,
                theme=self.look.theme,
                color_by=self.look.color_by,
                quiz=quiz,
            )

    def animation(self, seconds: float = 0.8) -> str:
        """The picture as SVG that plays the computation forward, then backward. Raises as `svg` does.

        Each step takes so many seconds. Raises ValueError for more than 200 operations, or seconds not above 0.
        """
        steps = playable_steps(self.diagram, seconds)
        with self._keeping_dot():
            root, _ = placed_svg(self._laid_out("svg"))
            rules = animated(root, self.view, steps, seconds, dark=self.look.theme == "dark")
            fit_texts(root)
            return finished_svg(root, self.title, self.description, self.look.theme, rules)

    def frames(self) -> list[Frame]:
        """The steps of the animation, one by one, for slides: inputs alone, then forward, then backward.

        Raises as `svg` does, and ValueError for more than 200 operations.
        """
        steps = playable_steps(self.diagram)
        with self._keeping_dot():
            root, _ = placed_svg(self._laid_out("svg"))
            stages = frames_of(root, self.view, steps, dark=self.look.theme == "dark")
            says = ["inputs", *[step.says for step in steps]]
            return [
                Frame(told, finished_svg(stage, self.title, f"{told}. {self.description}", self.look.theme))
                for stage, told in zip(stages, says, strict=True)
            ]

    def gif(self, seconds: float = 0.8) -> bytes:
        """The animation as a GIF, which shows a gradient once it is complete. Needs Pillow, the extra `gif`.

        Raises as `animation` does, and ImportError without Pillow.
        """
        steps = playable_steps(self.diagram, seconds)
        with self._keeping_dot():
            root, _ = placed_svg(self._laid_out("svg"))
            whole = self.png()
            tinted = self.look.color_by is not None
            plain = self._painted("png", look=self.look._replace(color_by=None)) if tinted else whole
            stages = FilmStages(self._painted("png", without_numbers=True), plain, whole)
            return film_of(stages, root, self.view, steps, seconds, tinted=tinted, dark=self.look.theme == "dark")

    def mermaid(self) -> str:
        """The picture as a Mermaid flowchart, in its one style; needs no engine.

        Raises GraphTooLarge for more than 499 lines, which viewers refuse.
        """
        return write_mermaid(self.view, self.look)

    def tikz(self, *, width: str | None = None) -> str:
        r"""The picture as a `tikzpicture` for LaTeX, in its one style; its first line names the packages.

        width: a length of LaTeX, such as `\columnwidth`, to which it is scaled. Raises as `svg` does, and ValueError
        for another text.
        """
        with self._keeping_dot():
            look = Look(show=self.look.show, sign=self.look.sign, direction=self.look.direction)
            dot = write_dot(self.view, self.title, look, self._making(self.view))
            root, _ = placed_svg(self._laid_out("svg", dot))
            plain = self._laid_out("plain", dot)
            return write_tikz(self.view, plain, labels_of(root), self.look.color_by, width)

    def text(self) -> str:
        """The graph as a tree of text; needs no engine."""
        return Shown(write_tree(self.diagram))

    def save(self, path: str | os.PathLike[str], **size: Any) -> Path:
        """Write the picture to a file, in the format of its suffix, and return the path.

        Suffixes: .svg .png .pdf .gif .html .dot .gv .mmd .tex .txt. The file is written whole or not at all. A size is
        passed on to `svg`, `png` or `tikz`. Raises ValueError for another suffix, TypeError for a size that the format
        does not take.
        """
        target = Path(os.path.expanduser(path))
        writers: dict[str, Callable[..., str | bytes]] = {
            ".svg": self.svg,
            ".png": self.png,
            ".pdf": lambda: self._painted("pdf"),
            ".gif": self.gif,
            ".html": self.html,
            ".dot": lambda: self.dot,
            ".gv": lambda: self.dot,
            ".mmd": self.mermaid,
            ".tex": self.tikz,
            ".txt": self.text,
        }
        writer = writers.get(target.suffix.lower())
        if writer is None:
            *most, last = writers
            raise ValueError(
                f"the suffix names the format: {' '.join(most)} or {last}; got {target.suffix or target.name!r}"
            )
        if size and target.suffix.lower() not in SIZED:
            raise TypeError(f"{', '.join(size)} goes with {' '.join(SIZED)}; {target.suffix} has a size of its own")
        content = writer(**size)
        with whole_file(Path(os.path.realpath(target))) as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return target

    @property
    def description(self) -> str:
        """The picture in a sentence, for readers who can't see it."""
        view = self.view
        kinds = Counter(block.kind for block in view.blocks)
        parts = [f"{len(view.wires)} values", f"{kinds['operation'] + kinds['sum']} operations"]
        if kinds["box"]:
            closed = ", ".join([readable(block.label) for block in view.blocks if block.kind == "box"][:8])
            parts.append(f"closed layers {closed}")
        note = f" It shows {readable(view.diagram.note, 100)}." if view.diagram.note else ""
        way = DIRECTIONS[self.look.direction]
        return f"A computational graph, computed from {way}: {', '.join(parts)}.{note} {self.look.legend}"

    @contextmanager
    def _keeping_dot(self) -> Iterator[None]:
        """Give an error of the engine the picture as DOT text."""
        try:
            yield
        except EngineError as error:
            error.dot = self.dot
            raise

    def _painted(
        self,
        kind: str,
        size: Size = Size(),  # noqa: B008 - a tuple, which never changes
        *,
        look: Look | None = None,
        without_numbers: bool = False,
    ) -> bytes:
        """The picture as the engine paints it, with labels where the SVG has them; in another look if one is given."""
        with self._keeping_dot():
            root, places = placed_svg(self._laid_out("svg"))
            dark = self.look.theme == "dark"
            making = self._making(self.view)._replace(places=places, dark=dark, without_numbers=without_numbers)
            dot = write_dot(self.view, self.title, look or self.look, making)
            if kind != "png":
                return self._laid_out(kind, dot)
            return with_resolution(self._laid_out(kind, dot, size.resolution(root)), size.dpi)

    def _making(self, view: View) -> Making:
        """What the layout engine asks of the text of a view."""
        if not view.opened or self.look.direction != "LR":
            return Making()
        return Making(from_below=stacks_from_below(find_engine(self._engine, dot=self.dot), self._timeout))

    def _laid_out(self, kind: str, dot: str | None = None, dpi: float | None = None) -> bytes:
        engine = find_engine(self._engine, dot=self.dot)
        if dot is None:
            making = self._making(self.view)._replace(dark=self.look.theme == "dark")
            dot = write_dot(self.view, self.title, self.look, making)
        return run_engine(engine, dot, kind, timeout=self._timeout, dpi=dpi)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The forms that a notebook shows: the picture, or without an engine the tree and the error."""
        try:
            # A page that shows it at its own size would cut a wide one off at the right, where its result is.
            fitted = self.svg().replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
            shown: dict[str, Any] = {"image/svg+xml": fitted, "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self.text()}\n{error}"}
        with suppress(Exception):
            # For what is made of a notebook where SVG can't be read, such as LaTeX.
            shown["image/png"] = base64.b64encode(self.png()).decode()
        return shown

    def __repr__(self) -> str:
        values, operations = counted(len(self.view.wires), "value"), counted(len(self.view.blocks), "operation")
        return f"<Drawing of {self.title}: {values}, {operations}>"


for _name, _here in DRAWING_ATTRIBUTES.items():
    setattr(Drawing, _name, Elsewhere(_name, _here))


@answers_options
def draw(
    subject: Node | Iterable[Node] | Callable[..., Any],
    *arguments: Any,
    expand: Expand = "auto",
    focus: Node | Iterable[Node] | None = None,
    radius: int = 3,
    max_nodes: int | None = None,
    title: str | None = None,
    style: str = "wires",
    color_by: str | None = None,
    theme: str = "auto",
    background: str | None = None,
    show: str = "all",
    sign: str = "∂",
    digits: int = 4,
    blank: str | None = None,
    direction: str = "LR",
    wrap: int | None = None,
    engine: str | os.PathLike[str] | None = None,
    timeout: float = TIMEOUT,
) -> Drawing:
    """A picture of everything that a node, or each of several, was computed from.

    Or of the call of a function or a layer with `arguments`: numbers, arrays and nested lists, tuples and dicts of
    them, whose numbers become variables named after the parameters. The picture then shows the gradients of the
    result, of several results those of their sum; no `.grad` of a node is changed. Of a network given x and y it shows
    the loss; of a layer without arguments its last `forward`, and `backward` if that followed. Of a function that `jit`
    compiled,
    it shows the recorded program of the path that the arguments take, with the decisions taken on it; of one that
    `vmap` maps over rows that of the first row; without arguments, and of a `Program`, the operations without numbers.

    expand: the layers that are open: "auto" (all, unless that is too much), "all", "none", a number of levels,
        the names of layers, or a function of a `Box`.
    focus, radius: show only the nodes at most `radius` operations from this node, or these.
    max_nodes: the number of values to draw at most, instead of 600; above it, equal parts are folded.
    style: "wires"; "cards", an operation and its result in one; "records", as micrograd draws them.
    color_by: "gradient" or "value": grounds in blue above 0 and orange below, the stronger the larger.
    theme: "light", "dark", or "auto", which follows the viewer's system; a PNG, PDF or GIF is then light.
    background: "transparent" or a colour such as "#fff8dc", in place of the theme's.
    show: "all"; "values", without gradients; "names", without numbers.
    sign: the sign of gradients: "∂", or with the names of values "d" as in dw₁, or "∇" with an arrow.
    digits: the number of digits that are shown of a number.
    blank: "gradients": these and local gradients are left blank, for a reader to find; "values": so are values. Those
        of inputs are given, and the gradient of a result.
    direction: "LR", from left to right, or "TB", from top to bottom.
    wrap: the number of operations in a row: a longer chain goes on in the next, where dashed lines lead back.
    engine: the layout program, if not $AUTOGRAD_DOT, `dot` or graphviz-pure; it may take `timeout` seconds.

    Raises GraphTooLarge if more values than that remain after folding.

    >>> from autograd import Variable
    >>> x = Variable(3.0, name="x")
    >>> print(draw(x * x + 1).text(), end="")
    10  ∂ ?   +
    ├─ 9  ∂ ?   ×
    │  ├─ x = 3  ∂ ?
    │  └─ x = 3  ∂ ?
    └─ 1
    >>> print(draw(lambda x, y: x * y, 2.0, 5.0).text(), end="")
    10  ∂ 1   ×
    ├─ x = 2  ∂ 5
    └─ y = 5  ∂ 2
    """
    if max_nodes is not None and (isinstance(max_nodes, bool) or not isinstance(max_nodes, int) or max_nodes < 1):
        raise ValueError(f"max_nodes is a number of values, 1 or more; got {max_nodes!r}")
    if isinstance(radius, bool) or not isinstance(radius, int) or radius < 0:
        raise ValueError(f"radius is a number of operations, 0 or more; got {radius!r}")
    if wrap is not None and (isinstance(wrap, bool) or not isinstance(wrap, int) or wrap < 1):
        raise ValueError(f"wrap is a number of operations in a row, 1 or more; got {wrap!r}")
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title is a text, got {type(title).__name__}: {title!r:.60}")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise ValueError(f"timeout is a number of seconds, above 0; got {timeout!r:.60}")
    if engine is not None and not isinstance(engine, str | os.PathLike):
        raise TypeError(
            f"engine is the name or the path of a layout program, got {type(engine).__name__}: {engine!r:.60}"
        )
    look = Look(style, color_by, theme, show, sign, direction, digits, background, blank).checked()
    diagram, name = diagram_of_subject(subject, arguments, focus=focus, radius=radius, limit=max_nodes or LIMIT)
    view = select(diagram.showing(show, sign, digits, wrap).with_blanks(blank), expand, max_nodes)
    return Drawing(view, title=title or name, look=look, max_nodes=max_nodes, engine=engine, timeout=timeout)


def draw_dot(subject: Node | Iterable[Node] | Callable[..., Any], *arguments: Any, **options: Any) -> Drawing:
    """`draw` in the style of records: micrograd's name and look."""
    return draw(subject, *arguments, **{"style": "records", **options})


def tree(nodes: Node | Iterable[Node], *, lines: int = MOST_LINES) -> str:
    """The graph as a tree of text of at most so many lines: of a large graph the part nearest to the nodes."""
    return write_tree(diagram_below(nodes), lines)


def render(subject: Any) -> dict[str, str]:
    """The forms of a node, of several, or of a layer's last pass that a notebook shows; never raises."""
    try:
        return draw(subject)._repr_mimebundle_()
    except GraphTooLarge as error:
        nodes = subject.last_pass.outputs if hasattr(type(subject), "last_pass") else subject
        return {"text/plain": f"{tree(nodes)}\n{error}"}
    except Exception as error:
        return {"text/plain": f"{subject!r}\n{error}"}
