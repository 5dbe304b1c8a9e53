"""The time that pictures take: beside torchviz on the same networks, and for graphs of 100 to 1,000,000 nodes.

    python -m benchmarks.pictures [--rounds N]

torchviz makes DOT text of PyTorch's graph, without values and gradients; both texts are then laid out as SVG by the
engine that `viz` finds. Of each time the least of the rounds counts. A graph is drawn, folded or refused within two
seconds, the layout included: that is promised.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import viz
from autograd import Node, Variable, scope, topological_order
from examples import lab_network
from viz.layout.engine import run_engine

TARGET = 2.0
LAYOUT_LIMIT = 60.0
SIZES = (100, 1_000, 10_000, 40_000, 100_000, 1_000_000)


def least(rounds: int, function: Callable[[], Any]) -> tuple[float, Any]:
    """The least time of a call in seconds, and what it gave."""
    best, result = float("inf"), None
    for _ in range(rounds):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return best, result


def perceptron(width: int, depth: int, number: Callable[[float, str], Any], layered: bool = True) -> Any:
    """A network of so many layers of so many neurons, each sum one addition after the other."""
    draws = random.Random(0)
    values = [number(draws.uniform(-1.0, 1.0), f"x{place}") for place in range(2)]
    for layer in range(depth):
        with scope(f"Dense{layer}") if layered else nullcontext():
            values = [neuron(values, number, draws, f"{layer}_{place}") for place in range(width)]
    with scope("Output") if layered else nullcontext():
        return neuron(values, number, draws, "out")


def neuron(values: list[Any], number: Callable[[float, str], Any], draws: random.Random, name: str) -> Any:
    """The tanh of a weighted sum."""
    total = number(draws.uniform(-1.0, 1.0), f"b_{name}")
    for place, value in enumerate(values):
        total = total + number(draws.uniform(-1.0, 1.0), f"w_{name}_{place}") * value
    return total.tanh()


def network_of(nodes: int, layered: bool) -> Node:
    """A swept network of at least so many nodes: square layers, three of them."""
    width = 1
    # A weight, a product and a sum for each of the connections: 2 · width, 2 · width² and width of them.
    while 3 * (3 * width + 2 * width * width) < nodes:
        width += 1
    loss: Node = perceptron(width, 3, lambda value, name: Variable(value, name=name), layered)
    loss.backward()
    return loss


def size_policy(rounds: int) -> None:
    """Print what becomes of networks of growing size, and how long that takes."""
    print("| nodes | in layers | answer | draw, s | with SVG, s |")
    print("|---:|---|---|---:|---:|")
    slowest = 0.0
    for size in SIZES:
        for layered in (True, False):
            loss = network_of(size, layered)
            count = len(topological_order(loss))
            taken, drawing = least(rounds, lambda loss=loss: drawn(loss))
            if isinstance(drawing, viz.GraphTooLarge):
                answer, total = f"refused: {drawing.values:,} values", taken
            else:
                layout, _ = least(rounds, lambda drawing=drawing: run_engine(viz.find_engine(), drawing.dot, "svg"))
                answer, total = f"{len(drawing.view.wires)} values drawn", taken + layout
            slowest = max(slowest, total)
            print(f"| {count:,} | {'yes' if layered else 'no'} | {answer} | {taken:.3f} | {total:.3f} |", flush=True)
            del loss, drawing
    print(f"\ntarget: at most {TARGET:g} s: {'met' if slowest <= TARGET else 'MISSED'} ({slowest:.2f} s)\n")


def drawn(loss: Node) -> viz.Drawing | viz.GraphTooLarge:
    """The drawing, with its DOT text, or the refusal."""
    try:
        drawing = viz.draw(loss)
        assert drawing.dot
    except viz.GraphTooLarge as refusal:
        return refusal
    return drawing


def beside_torchviz(rounds: int) -> None:
    """Print the times of both on the same networks."""
    try:
        import torch
        import torchviz
    except ImportError as error:
        print(f"torchviz is left out: {error}; pip install 'scalar-autograd[bench]'")
        return

    def tensor(value: float, name: str) -> Any:
        leaf = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        names[name] = leaf
        return leaf

    def lab_in_torch() -> Any:
        x, w1, b1, w2, b2, y = [tensor(value, name) for name, value in lab_network.INPUTS.items()]
        return (w2 * torch.clamp(w1 * x + b1, min=0.0) + b2 - y) ** 2

    cases: list[tuple[str, Callable[[], Node], Callable[[], Any]]] = [("lab network", lab_network.build, lab_in_torch)]
    for width in (3, 6, 12):
        cases.append((
            f"2-{width}-{width}-{width}-1 network",
            lambda width=width: perceptron(width, 3, lambda value, name: Variable(value, name=name)),
            lambda width=width: perceptron(width, 3, tensor, False),
        ))  # fmt: skip
    print("| network | nodes | | DOT text, ms | layout, s | boxes and circles |")
    print("|---|---:|---|---:|---:|---:|")
    for name, ours, theirs in cases:
        names: dict[str, Any] = {}
        node, loss = ours(), theirs()
        taken, dot = least(rounds, lambda node=node: viz.draw(node).dot)
        row(name, len(topological_order(node)), "viz", taken, dot)
        taken, dot = least(rounds, lambda loss=loss, names=names: torchviz.make_dot(loss, params=names).source)
        row("", "", "torchviz", taken, dot)
    print()


def row(name: str, nodes: int | str, drawer: str, taken: float, dot: str) -> None:
    """Print a line of the table, and lay the text out for it."""
    start = time.perf_counter()
    try:
        picture = run_engine(viz.find_engine(), dot, "svg", timeout=LAYOUT_LIMIT)
        layout, shapes = f"{time.perf_counter() - start:.2f}", str(picture.count(b'class="node'))
    except viz.EngineError:
        layout, shapes = f"more than {LAYOUT_LIMIT:g}", "-"
    print(f"| {name} | {nodes} | {drawer} | {1e3 * taken:.1f} | {layout} | {shapes} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="how long pictures take")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each time")
    options = parser.parse_args()
    print(f"engine: {viz.find_engine().path}\n")
    beside_torchviz(options.rounds)
    size_policy(options.rounds)


if __name__ == "__main__":
    main()
