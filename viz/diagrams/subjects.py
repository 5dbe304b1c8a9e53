"""From the subject of a picture, be it nodes, the call of a function or a program, to a diagram and a title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from autograd import ArgumentError, Node, gradients, topological_order
from viz.diagrams.calls import nodes_of_call
from viz.diagrams.diagram import Diagram
from viz.diagrams.from_nodes import MOST_NODES, diagram_of
from viz.diagrams.neighbourhood import nodes_around, nodes_below
from viz.errors import GRAPH_WAYS, too_large
from viz.labels import pretty

__all__ = ["diagram_below", "diagram_of_subject"]

NEAREST_NODES = 2_000


def diagram_of_subject(
    subject: Any, arguments: tuple[Any, ...], *, focus: Any, radius: int, limit: int
) -> tuple[Diagram, str]:
    """The whole diagram of a subject, and its title."""
    if callable(subject) and not isinstance(subject, Node):
        # Imported only here: nodes are drawn without loading the modules that run programs.
        from viz.diagrams.from_programs import diagram_of_program

        recorded = diagram_of_program(subject, arguments, focus, limit)
        if recorded is not None:
            return recorded[0], _title_of([], recorded[1])
        is_layer = hasattr(type(subject), "answering")
        if is_layer:
            # Of a network, given x and y, its loss.
            subject = subject.answering(len(arguments))
        outputs, inputs, seeds = _computed(subject, arguments)
        name: Any = getattr(subject, "__name__", None) or getattr(subject, "name", None)
        nodes = topological_order(*outputs)
        known = _gradients_in(nodes, outputs, seeds) if len(nodes) <= MOST_NODES else None
    elif arguments:
        raise TypeError(
            f"draw takes arguments after a function or a layer, several nodes as a list; got {type(subject).__name__} "
            f"and {len(arguments)} more"
        )
    else:
        outputs, inputs, name, known, is_layer = _given_nodes("draw", subject), [], None, None, False
        nodes = topological_order(*outputs)
    # The elements of a layer's result have names for the picture only.
    elements = is_layer and any(["[" in (node.name or "") for node in outputs])
    title = _title_of([] if elements else outputs, name)
    if focus is not None:
        outputs, nodes = _in_focus(nodes, focus, radius)
    if len(nodes) > MOST_NODES:
        raise too_large(len(nodes), limit, *_layers_of(nodes), ways=GRAPH_WAYS)
    return diagram_of(outputs, nodes, known, inputs=inputs), title


def _computed(subject: Any, arguments: tuple[Any, ...]) -> tuple[list[Node], list[Node], list[float] | None]:
    """The results and inputs of a call, or of a layer's last one, and the gradients that go into the results.

    None in place of gradients says that nothing went backward.
    """
    if not arguments and hasattr(type(subject), "last_pass"):
        last = subject.last_pass
        if last is None:
            wanted = ", ".join(subject.inputs)
            raise ValueError(
                f"draw({subject.shown}) shows the layer's last forward pass, and there is none; call "
                f"{subject.shown}.forward({wanted}) before, or draw({subject.shown}, {wanted})"
            )
        return last.outputs, last.inputs, last.upstream
    outputs, inputs = nodes_of_call(subject, arguments)
    return outputs, inputs, [1.0] * len(outputs)


def _gradients_in(nodes: Sequence[Node], outputs: Sequence[Node], seeds: Sequence[float] | None) -> dict[int, float]:
    """The gradient of each node by its identity: that of the outputs, each times its seed."""
    if seeds is None:
        return {}
    roots = [output if seed == 1.0 else output * seed for output, seed in zip(outputs, seeds, strict=True)]
    try:
        return dict(zip(map(id, nodes), gradients(roots, nodes), strict=True))
    except ArgumentError:
        # There is an operation without derivatives: those that depend on them are nan.
        from viz.diagrams.from_programs import gradients_through

        return gradients_through(topological_order(*roots), roots)


def diagram_below(given: Any) -> Diagram:
    """The diagram of the nodes nearest below those given, however large the graph is."""
    outputs = _given_nodes("tree", given)
    return diagram_of(outputs, nodes_below(outputs, NEAREST_NODES))


def _in_focus(nodes: Sequence[Node], focus: Any, radius: int) -> tuple[list[Node], list[Node]]:
    """The nodes at most `radius` operations from the focus, after those of them that no other uses."""
    centre = _given_nodes("focus", focus)
    known = {id(node) for node in nodes}
    for node in centre:
        if id(node) not in known:
            raise ValueError(f"focus takes nodes of the graph that is drawn; {node!r:.60} is not among them")
    near = nodes_around(nodes, centre, radius)
    used = {id(parent) for node in near for parent in (node.parents if node.op is not None else ())}
    return [node for node in near if id(node) not in used], near


def _given_nodes(what: str, given: Any) -> list[Node]:
    """The nodes given to a parameter, each once."""
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


def _title_of(outputs: Sequence[Node], name: Any) -> str:
    """The names of the outputs; without any that of the function or the layer that was called."""
    names = [pretty(node.name) for node in outputs if node.name is not None]
    if not names:
        return name if isinstance(name, str) and name not in ("", "<lambda>") else "a computation"
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def _layers_of(graph: Sequence[Node]) -> tuple[Counter[str | None], Counter[str | None]]:
    """For each name of outermost layers the number of nodes made in them, and of their calls."""
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
