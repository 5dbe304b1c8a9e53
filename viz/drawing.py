"""`draw`: from nodes to a picture, in every form in which it can be had."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from autograd import Node, topological_order
from viz.applied import applied, is_applicable
from viz.diagram import Diagram, diagram_of
from viz.dot import write_dot
from viz.engine import TIMEOUT, find_engine, run_engine
from viz.errors import EngineError, GraphTooLarge
from viz.labels import pretty, readable
from viz.neighbourhood import nodes_near, nodes_of
from viz.selection import LIMIT, Expand, select, too_large
from viz.svg import finished_svg
from viz.text import MOST_LINES, write_tree
from viz.view import View

__all__ = ["Drawing", "draw", "render", "tree"]

# To find out what can be folded takes up to 30 µs a node; beyond this many an answer within two seconds is a count.
MOST_NODES = 50_000
NEAREST_NODES = 2_000


class Drawing:
    """A picture of a graph as it was when it was drawn. Made by `draw`; a notebook shows it by itself."""

    def __init__(self, view: View, *, title: str, engine: str | os.PathLike[str] | None, timeout: float) -> None:
        self.view = view
        self.title = readable(title, 100)
        self._engine = engine
        self._timeout = timeout

    @property
    def diagram(self) -> Diagram:
        """The graph as plain records, drawn or not."""
        return self.view.diagram

    @cached_property
    def dot(self) -> str:
        """The picture as DOT text, for any program that reads it."""
        return write_dot(self.view, self.title)

    @cached_property
    def source(self) -> Any:
        """The same as a `graphviz.Source`, of the `graphviz` package."""
        import graphviz

        return graphviz.Source(self.dot)

    def svg(self) -> str:
        """The picture as SVG, with tooltips and a dark mode. Raises EngineNotFound or EngineError."""
        return self._svg

    @cached_property
    def _svg(self) -> str:
        try:
            return finished_svg(self._laid_out("svg"), self.title, self.description)
        except EngineError as error:
            error.dot = self.dot
            raise

    def png(self) -> bytes:
        """The picture as PNG. Raises EngineNotFound or EngineError."""
        return self._laid_out("png")

    def text(self) -> str:
        """The graph as a tree of text; needs no engine."""
        return write_tree(self.diagram)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, as its suffix says: .svg .png .pdf .dot .gv .txt. Returns the path.

        The file is written whole or not at all. Raises ValueError for another suffix.
        """
        target = Path(path)
        kind = target.suffix.lower()
        if kind == ".svg":
            content = self.svg().encode()
        elif kind == ".png":
            content = self.png()
        elif kind == ".pdf":
            content = self._laid_out("pdf")
        elif kind in (".dot", ".gv"):
            content = self.dot.encode()
        elif kind == ".txt":
            content = self.text().encode()
        else:
            raise ValueError(
                f"the suffix says what to write: .svg .png .pdf .dot .gv or .txt; got {target.suffix or target.name!r}"
            )
        _write_whole(target, content)
        return target

    @property
    def description(self) -> str:
        """The picture in a sentence, for those who can't see it."""
        view = self.view
        kinds = Counter(block.kind for block in view.blocks)
        parts = [f"{len(view.wires)} values", f"{kinds['operation'] + kinds['sum']} operations"]
        if kinds["box"]:
            closed = ", ".join([readable(block.label) for block in view.blocks if block.kind == "box"][:8])
            parts.append(f"closed layers {closed}")
        return (
            f"A computational graph, computed from left to right: {', '.join(parts)}. "
            f"Above each line the value, below it the gradient; grey numbers are local gradients."
        )

    def _laid_out(self, kind: str) -> bytes:
        engine = find_engine(self._engine, dot=self.dot)
        return run_engine(engine, self.dot, kind, timeout=self._timeout)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the picture, or without an engine the tree and what would help."""
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self.text()}\n{error}"}

    def __repr__(self) -> str:
        return f"<Drawing of {self.title}: {len(self.view.wires)} values, {len(self.view.blocks)} operations>"


def draw(
    what: Node | Iterable[Node] | Callable[..., Any],
    *inputs: Any,
    expand: Expand = "auto",
    focus: Node | Iterable[Node] | None = None,
    radius: int = 3,
    max_nodes: int | None = None,
    title: str | None = None,
    engine: str | os.PathLike[str] | None = None,
    timeout: float = TIMEOUT,
) -> Drawing:
    """A picture of everything that a node, or each of several, was computed from.

    In place of nodes, a layer, a model or a function may be given, and its inputs: numbers, nodes, arrays of them.

    expand: which layers are open: "auto" (all, unless that is too much), "all", "none", how many levels, the
        names of layers, or a function of a `Box`.
    focus, radius: show only what is at most `radius` operations from this node, or these.
    max_nodes: how many values to draw at most, instead of 600, before equal things are folded.
    engine: the layout program, if not $AUTOGRAD_DOT, `dot` or graphviz-pure; it may take `timeout` seconds.

    Raises GraphTooLarge if there is too much to draw even when folded.

    >>> from autograd import Variable
    >>> x = Variable(3.0, name="x")
    >>> print(draw(x * x + 1).text(), end="")
    10  ∂ ?   +
    ├─ 9  ∂ ?   ×
    │  ├─ x = 3  ∂ ?
    │  └─ x = 3  ∂ ?
    └─ 1
    """
    if inputs and not is_applicable(what):
        raise TypeError(f"inputs belong to a layer or a function, got {len(inputs)} beside {type(what).__name__}")
    outputs = _nodes("draw", applied(what, inputs) if is_applicable(what) else what)
    if max_nodes is not None and (isinstance(max_nodes, bool) or not isinstance(max_nodes, int) or max_nodes < 1):
        raise ValueError(f"max_nodes is a number of values, 1 or more; got {max_nodes!r}")
    if isinstance(radius, bool) or not isinstance(radius, int) or radius < 0:
        raise ValueError(f"radius is a number of operations, 0 or more; got {radius!r}")
    graph = topological_order(*outputs)
    if focus is not None:
        graph = nodes_near(graph, _nodes("focus", focus), radius)
        used = {id(parent) for node in graph for parent in (node.parents if node.op is not None else ())}
        outputs = [node for node in graph if id(node) not in used]
    if len(graph) > MOST_NODES:
        raise too_large(len(graph), max_nodes or LIMIT, *_layers(graph), drawable=False)
    view = select(diagram_of(outputs, graph), expand, max_nodes)
    return Drawing(view, title=title or _title(outputs), engine=engine, timeout=timeout)


def tree(nodes: Node | Iterable[Node], *, lines: int = MOST_LINES) -> str:
    """The graph as a tree of text, however large it is: what is nearest to the nodes, in so many lines."""
    outputs = _nodes("tree", nodes)
    return write_tree(diagram_of(outputs, nodes_of(outputs, NEAREST_NODES)), lines)


def render(node: Node) -> dict[str, str]:
    """What a notebook shows for a node; never raises."""
    try:
        return draw(node)._repr_mimebundle_()
    except GraphTooLarge as error:
        return {"text/plain": f"{tree(node)}\n{error}"}
    except Exception as error:
        return {"text/plain": f"{node!r}\n{error}"}


def _nodes(what: str, given: Any) -> list[Node]:
    """The nodes that were given, each once."""
    if isinstance(given, Node):
        return [given]
    if isinstance(given, str | bytes | dict | set | frozenset) or not hasattr(given, "__iter__"):
        raise TypeError(f"{what} takes a node or a sequence of nodes, got {type(given).__name__}: {given!r:.60}")
    # An array of nodes, of any number of dimensions, has them in `flat`.
    nodes = list(getattr(given, "flat", given))
    for node in nodes:
        if not isinstance(node, Node):
            raise TypeError(f"{what} takes nodes, got {type(node).__name__} among them: {node!r:.60}")
    if not nodes:
        raise ValueError(f"{what} takes one node or more, got none")
    # By identity: nodes are equal if their values are.
    return list({id(node): node for node in nodes}.values())


def _layers(graph: list[Node]) -> tuple[Counter[str | None], Counter[str | None]]:
    """How many nodes were made in the outermost layers of each name, and how many calls of them there were."""
    made = Counter([None if (scope := node.scope) is None else scope.serial for node in graph if node.op is not None])
    scopes = {scope.serial: scope for node in graph if (scope := node.scope) is not None}
    layers: Counter[str | None] = Counter()
    calls: dict[int, str | None] = {}
    for serial, count in made.items():
        scope = None if serial is None else scopes[serial]
        while scope is not None and scope.parent is not None:
            scope = scope.parent
        layers[None if scope is None else scope.label] += count
        if scope is not None:
            calls[scope.serial] = scope.label
    return layers, Counter(calls.values())


def _title(outputs: list[Node]) -> str:
    """What the picture is of."""
    names = [pretty(node.name) for node in outputs if node.name is not None]
    if not names:
        return "a computation"
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def _write_whole(target: Path, content: bytes) -> None:
    """Write a file so that nobody ever finds half of it."""
    target = Path(os.path.realpath(target))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to save {target.name} in")
    partial = target.parent / f".{target.name[:100]}.{secrets.token_hex(6)}.part"
    try:
        with open(partial, "xb") as file:
            file.write(content)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
