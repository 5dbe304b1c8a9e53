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

from autograd.graph.node import hooks
from viz.diagrams.diagram import Box, Diagram, Guard, Operand, Operation, Value
from viz.diagrams.from_nodes import diagram_of
from viz.drawing import Drawing, draw, draw_dot, render, tree
from viz.errors import EngineError, EngineNotFound, GraphTooLarge
from viz.layout.engine import Engine, available_engines, find_engine
from viz.views.selection import select
from viz.views.view import Block, Link, Note, View, Wire

__all__ = [
    "Block", "Box", "Diagram", "Drawing", "Engine", "EngineError", "EngineNotFound", "GraphTooLarge", "Guard", "Link",
    "Note", "Operand", "Operation", "Value", "View", "Wire", "available_engines", "diagram_of", "draw", "draw_dot",
    "find_engine", "select", "tree",
]  # fmt: skip

hooks.render = render
