"""Pictures of computational graphs: `draw(node)` and its options.

>>> from autograd import Variable
>>> import viz
>>> x = Variable(2.0, name="x")
>>> picture = viz.draw(x * x)
>>> picture.dot.startswith("digraph")
True

Importing this package makes notebooks show nodes as pictures.
"""

from __future__ import annotations

from typing import NoReturn

from autograd.graph.node import hooks
from autograd.other_packages import watch_imports
from viz.diagrams.diagram import Box, Diagram, Guard, Operand, Operation, Value
from viz.diagrams.from_nodes import diagram_of
from viz.drawing import Drawing, draw, draw_dot, render, tree
from viz.errors import EngineError, EngineNotFound, GraphTooLarge
from viz.layout.engine import Engine, available_engines, find_engine
from viz.playing.animation import Frame
from viz.views.selection import select
from viz.views.view import Block, Link, Note, View, Wire

__all__ = [
    "Block", "Box", "Diagram", "Drawing", "Engine", "EngineError", "EngineNotFound", "Frame", "GraphTooLarge", "Guard",
    "Link", "Note", "Operand", "Operation", "Value", "View", "Wire", "available_engines", "diagram_of", "draw",
    "draw_dot", "find_engine", "select", "tree",
]  # fmt: skip

hooks.render = render


# What draws a graph in micrograd's lesson, torchviz, Keras and elsewhere.
_ELSEWHERE = {
    "plot_model": "draw(model, x)",
    "model_to_dot": "draw(model, x).dot",
    "summary": "model.summary(), or print(draw(node).text())",
    "trace": "topological_order(node), of `autograd`",
    **dict.fromkeys(("make_dot", "plot", "show", "visualize", "graph", "Graph", "draw_graph"), "draw(node)"),
    **dict.fromkeys(("Digraph", "to_dot"), "draw(node).dot"),
    **dict.fromkeys(("save", "export"), 'draw(node).save("graph.svg")'),
}


def _hint_for(name: str) -> str:
    return f"; here it is {_ELSEWHERE[name]}" if name in _ELSEWHERE else ""


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(f"module 'viz' has no attribute {name!r}{_hint_for(name)}")


watch_imports("viz", _hint_for)
