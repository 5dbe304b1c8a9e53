"""A network of five layers, small enough to check on paper: `python -m examples.lab_network`.

L = SquaredLoss(Affine(ReLU(Affine(x, w1, b1)), w2, b2), y)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd import Node, Variable, gradcheck, topological_order
from layers import Affine, ReLU, SquaredLoss

# With these ReLU's input is below 0: it passes no gradient on, and 6 of the 13 gradients are 0.
INPUTS = {"x": 2.0, "w1": -1.0, "b1": 1.0, "w2": -2.0, "b2": 1.5, "y": 1.0}
# With these it is above 0, and no gradient is 0.
ALIVE = INPUTS | {"w1": 1.0, "b1": -0.5}


def network(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, y: Any) -> Any:
    """The loss, as a node whose graph holds every value by its name in the lab.

    >>> network(2.0, -1.0, 1.0, -2.0, 1.5, 1.0)
    0.25
    """
    a1 = Affine(index=1)(x, w1, b1)
    h = ReLU()(a1)
    y_hat = Affine(index=2, output="y_hat")(h, w2, b2)
    return SquaredLoss()(y_hat, y)


def build(inputs: Mapping[str, float] = INPUTS) -> Node:
    """The loss of the lab's inputs, or of others, swept backward."""
    loss: Node = network(*[Variable(value, name=name) for name, value in inputs.items()])
    loss.backward()
    return loss


def table(loss: Node) -> str:
    """Every value of the network: how it is computed, its number, its gradient, its local gradients."""
    # Leaves first, in the order of the inputs; the rest, as sorting is stable, as it is computed.
    places = {name: place for place, name in enumerate(INPUTS)}
    order = sorted(topological_order(loss), key=lambda node: places.get(node.name or "", len(places)))
    rows = [("value", "computed as", "forward", "gradient", "local gradients")]
    for node in order:
        rows.append((
            told(node), formula(node), number(node.value), number(node.grad),
            "   ".join([f"∂{told(node)}/∂{told(parent)} = {number(slope)}"
                        for parent, slope in zip(node.parents, node.local_gradients, strict=True)
                        if parent.name is not None]),
        ))  # fmt: skip
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for name, computed, value, gradient, slopes in rows:
        texts = name.ljust(widths[0]), computed.ljust(widths[1])
        numbers = value.rjust(widths[2]), gradient.rjust(widths[3])
        lines.append("  ".join([*texts, *numbers, slopes]).rstrip())
    lines.insert(1, "─" * max(map(len, lines)))
    return "\n".join(lines)


def formula(node: Node) -> str:
    """The operation that made a node, on the names of its operands; empty for a leaf."""
    if node.op is None:
        return ""
    operands = [told(parent) for parent in node.parents]
    if node.op.infix:
        return f" {node.op.symbol} ".join(operands)
    if node.op.name == "square":
        return f"{operands[0]}²"
    return f"{node.op.name}({', '.join(operands)})"


def told(node: Node) -> str:
    """A node's name, or its number if it has none."""
    return number(node.value) if node.name is None else node.name


def number(value: float) -> str:
    """The number as short as it can be said, with a true minus and without a negative zero.

    >>> number(-2.0), number(-0.0), number(0.25)
    ('−2', '0', '0.25')
    """
    return f"{value + 0.0:.6g}".replace("-", "−")


def main() -> None:
    """Print the table and compare every gradient with differences of the loss."""
    print("L = SquaredLoss(Affine(ReLU(Affine(x, w1, b1)), w2, b2), y)\n")
    print(table(build()))
    gradcheck(network, list(INPUTS.values()))
    print("\ngradcheck: the gradients agree with finite differences of the loss")


if __name__ == "__main__":
    main()
