"""The engine behind the layers: primitives that know their parents and local gradients, and pictures of them."""

import importlib.util
from pathlib import Path

import autograd
from autograd import Variable, topological_order
from autograd.testing import gradcheck
from examples import lab_network
from tests.tables.texts.items import Text
from viz import draw

TEXT = Text("The engine", 159)
item = TEXT.item
PROJECT = Path(__file__).resolve().parents[3]


@item("Plus, Multiply, Square, Max record parents and local gradients", "op, parents, local_gradients")
def _():
    a, b = Variable(3.0), Variable(2.0)
    for primitive, operands, slopes in (
        (autograd.Plus, (a, b), (1.0, 1.0)), (autograd.Multiply, (a, b), (2.0, 3.0)), (autograd.Square, (a,), (6.0,)),
        (autograd.Max, (a, b), (1.0, 0.0)),
    ):  # fmt: skip
        node = primitive(*operands)
        assert (node.op, tuple(map(id, node.parents)), node.local_gradients) == (
            primitive,
            tuple(map(id, operands)),
            slopes,
        )


@item("layers are composed of primitives", "compute")
def _():
    assert all([node.op.built_in for node in topological_order(lab_network.build()) if node.op is not None])


@item("a topological sweep, shared nodes add up", "backward, topological_order, zero_grad")
def _():
    x = Variable(3.0)
    y = x * x + x
    (y * y.detach() + 0.0 * y).backward()
    assert x.grad == 7.0 * 12.0


@item("graphs as image files, expressions in Python, checks", "draw, gradcheck, hypothesis strategies")
def _():
    assert "<svg" in draw(lab_network.build()).svg()
    assert gradcheck(lab_network.network, list(lab_network.INPUTS.values()))


@item("packages and entries at the top", "autograd, layers, viz")
def _():
    assert all([importlib.util.find_spec(name) for name in ("autograd", "layers", "viz")])
    assert all([(PROJECT / entry).exists() for entry in ("README.md", "Makefile", "pyproject.toml", "LICENSE")])
