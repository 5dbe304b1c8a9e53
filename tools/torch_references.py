"""Write `tests/tables/torch_references.json`: PyTorch's numbers for each layer, loss and optimiser, as doubles.

python tools/torch_references.py           writes the file
python tools/torch_references.py --check   exits with status 1 if PyTorch gives other numbers here

The tests compare with the file, so that they need no PyTorch; this needs `pip install 'scalar-autograd[bench]'`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

PROJECT = Path(__file__).resolve().parent.parent
FILE = PROJECT / "tests" / "tables" / "torch_references.json"

# Numbers of three decimals are short in the file, and none of these is on a kink.
generator = np.random.default_rng(11)


def drawn(*shape: int) -> Any:
    """Normal numbers of deviation 2."""
    return np.round(generator.normal(size=shape) * 2.0, 3)


X, UPSTREAM, OTHER = drawn(4, 6), drawn(4, 6), drawn(4, 6)
SHARES = np.round(functional.softmax(torch.tensor(OTHER), -1).numpy(), 3)
SHARES[:, 0] = np.round(1.0 - SHARES[:, 1:].sum(axis=1), 3)
CHANCES = np.round(torch.sigmoid(torch.tensor(X)).numpy(), 3)
SIGNS = np.sign(OTHER)
CLASSES = [0, 5, 2, 2]

ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    # PyTorch goes over to the identity at 20, where the difference is 2e-9: asked for later, it is exact.
    "softplus": lambda a: functional.softplus(a, threshold=40),
    "gelu": functional.gelu,
    "silu": functional.silu,
    # Outside a training.
    "dropout": lambda a: functional.dropout(a, training=False),
    "softmax": lambda a: functional.softmax(a, -1),
    "log_softmax": lambda a: functional.log_softmax(a, -1),
    "identity": lambda a: a,
    "square": torch.square,
    "mean": torch.mean,
    "sum": torch.sum,
}


class Case:
    """A layer by its description, its inputs and parameters, and the same as a function of PyTorch.

    Inputs that are lists of whole numbers are tokens or classes, and have no gradient.
    """

    def __init__(
        self,
        layer: str | dict[str, Any],
        function: Callable[..., Any],
        *inputs: Any,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        self.layer = layer
        self.function = function
        self.inputs = inputs
        self.parameters = parameters or {}

    def reference(self) -> dict[str, Any]:
        """The file's entry for the case."""
        inputs = [torch.tensor(x, requires_grad=not isinstance(x, list)) for x in self.inputs]
        leaves = {name: torch.tensor(values, requires_grad=True) for name, values in self.parameters.items()}
        output = self.function(*inputs, **{name.replace(".", "_"): leaf for name, leaf in leaves.items()})
        upstream = np.resize(UPSTREAM, tuple(output.shape))
        output.backward(torch.tensor(upstream))
        return {
            "layer": self.layer,
            "inputs": plain(self.inputs),
            "parameters": plain(self.parameters),
            "upstream": plain(upstream),
            "output": plain(output.detach().numpy()),
            "input_gradients": [None if x.grad is None else plain(x.grad.numpy()) for x in inputs],
            "parameter_gradients": {name: plain(leaf.grad.numpy()) for name, leaf in leaves.items()},
        }


def plain(value: Any) -> Any:
    """Arrays as nested lists."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def cases() -> Iterator[tuple[str, Case]]:
    """All cases by name."""
    for kind, function in ACTIVATIONS.items():
        yield kind, Case(kind, function, X)
    yield "leaky_relu", Case({"type": "leaky_relu", "slope": 0.2}, lambda a: functional.leaky_relu(a, 0.2), X)
    yield "elu", Case({"type": "elu", "alpha": 1.5}, lambda a: functional.elu(a, 1.5), X)
    yield "plus", Case("plus", torch.add, X, OTHER)
    yield "affine", Case("affine", lambda x, w, b: w @ x + b, X, drawn(3, 4), drawn(3, 1))
    yield (
        "sigmoid_neuron",
        Case("sigmoid_neuron", lambda w, x, b: torch.sigmoid(w @ x - b), drawn(3, 4), X, drawn(3, 1)),
    )
    yield from losses()
    yield from layers_with_weights()
    yield from models()


def losses() -> Iterator[tuple[str, Case]]:
    """Each loss with each reduction."""
    binary, of_chances = functional.binary_cross_entropy_with_logits, functional.binary_cross_entropy
    yield "squared_loss", Case("squared_loss", lambda a, y: (a - y) ** 2, X, OTHER)
    for reduction in ("mean", "sum", "none"):

        def reduced(function: Any, reduction: str = reduction, **options: Any) -> Callable[..., Any]:
            return lambda a, y: function(a, y, reduction=reduction, **options)

        def hinge(a: Any, y: Any, reduction: str = reduction) -> Any:
            each = functional.relu(1.0 - y * a)
            return {"mean": each.mean, "sum": each.sum, "none": each.clone}[reduction]()

        def of_log(a: Any, y: Any, reduction: str = reduction) -> Any:
            return functional.nll_loss(torch.log(a), y, reduction=reduction)

        how = {"reduction": reduction}
        cross: dict[str, Any] = {"type": "cross_entropy"} | how
        yield f"mse, {reduction}", Case({"type": "mse"} | how, reduced(functional.mse_loss), X, OTHER)
        yield f"mae, {reduction}", Case({"type": "mae"} | how, reduced(functional.l1_loss), X, OTHER)
        huber = {"type": "huber", "delta": 1.5} | how
        yield f"huber, {reduction}", Case(huber, reduced(functional.huber_loss, delta=1.5), X, OTHER)
        yield f"hinge, {reduction}", Case({"type": "hinge"} | how, hinge, X, SIGNS)
        yield f"classes, {reduction}", Case(cross, reduced(functional.cross_entropy), X, CLASSES)
        ignoring = Case(cross | {"ignore": 2}, reduced(functional.cross_entropy, ignore_index=2), X, CLASSES)
        yield f"classes of which one is ignored, {reduction}", ignoring
        yield f"shares, {reduction}", Case(cross, reduced(functional.cross_entropy), X, SHARES)
        yield f"classes of probabilities, {reduction}", Case(cross | {"of": "probabilities"}, of_log, SHARES, CLASSES)
        described = {"type": "binary_cross_entropy"} | how
        yield f"binary, {reduction}", Case(described, reduced(binary), X, CHANCES)
        chances = Case(described | {"of": "probabilities"}, reduced(of_chances), CHANCES, np.maximum(SIGNS, 0.0))
        yield f"binary of probabilities, {reduction}", chances


def layers_with_weights() -> Iterator[tuple[str, Case]]:
    """Dense layers, neurons, normalisations, embeddings, attention."""
    weight, bias = drawn(6, 3), drawn(3)
    dense = {"weight": weight, "bias": bias}
    functions: dict[str | None, Callable[..., Any]] = {None: ACTIVATIONS["identity"], **ACTIVATIONS}
    for activation in (None, "relu", "tanh", "gelu", "softmax", "sigmoid"):

        def applied(x: Any, weight: Any, bias: Any, activation: str | None = activation) -> Any:
            return functions[activation](x @ weight + bias)

        described = {"type": "dense", "n_in": 6, "n_out": 3, "activation": activation}
        yield f"dense, {activation}", Case(described, applied, X, parameters=dense)
    described = {"type": "fully_connected", "n_out": 3, "activation": "tanh"}
    yield "fully_connected", Case(described, lambda x, weight, bias: torch.tanh(x @ weight + bias), X, parameters=dense)
    one = {"weight": drawn(6), "bias": drawn()}
    neuron = Case({"type": "neuron", "n_in": 6, "activation": "relu"}, relu_neuron, X, parameters=one)
    yield "neuron", neuron
    many = {
        f"neuron_{k}.{name}": part for k in range(3) for name, part in (("weight", weight[:, k]), ("bias", bias[k]))
    }
    described = {"type": "neuron_layer", "n_in": 6, "n_out": 3, "activation": "relu"}
    yield "neuron_layer", Case(described, relu_neurons, X, parameters=many)
    gain, shift = drawn(6), drawn(6)
    norms: dict[str, Callable[..., Any]] = {
        "layer_norm": lambda x, weight, bias: functional.layer_norm(x, (6,), weight, bias, eps=1e-5),
        "rms_norm": lambda x, weight: functional.rms_norm(x, (6,), weight, eps=1e-5),
    }
    yield "layer_norm", Case("layer_norm", norms["layer_norm"], X, parameters={"weight": gain, "bias": shift})
    yield "rms_norm", Case("rms_norm", norms["rms_norm"], X, parameters={"weight": gain})
    tables = {"weight": drawn(5, 6), "place": drawn(8, 6)}
    described = {"type": "embedding", "n_tokens": 5, "n_out": 6, "positions": 8}
    yield "embedding", Case(described, embedded, [4, 0, 4, 1], parameters=tables)
    for heads in (1, 2, 3):
        names = ("query", "key", "value", "projection")
        weights = {f"{name}.weight": np.round(drawn(6, 6) / 4, 3) for name in names}

        def attended(x: Any, heads: int = heads, **weights: Any) -> Any:
            return attention(x, heads, **weights)

        described = {"type": "causal_self_attention", "n_in": 6, "heads": heads}
        yield f"causal_self_attention, {heads} heads", Case(described, attended, X, parameters=weights)


def relu_neuron(x: Any, weight: Any, bias: Any) -> Any:
    """One neuron."""
    return functional.relu(x @ weight + bias)


def relu_neurons(x: Any, **parameters: Any) -> Any:
    """Three neurons."""
    neurons = [relu_neuron(x, parameters[f"neuron_{k}_weight"], parameters[f"neuron_{k}_bias"]) for k in range(3)]
    return torch.stack(neurons, dim=-1)


def embedded(tokens: Any, weight: Any, place: Any) -> Any:
    """The vectors of tokens and of their places."""
    return functional.embedding(tokens, weight) + place[: len(tokens)]


def attention(x: Any, heads: int, **weights: Any) -> Any:
    """Causal self-attention."""
    length, width = x.shape

    def parts(name: str) -> Any:
        return (x @ weights[f"{name}_weight"]).reshape(length, heads, width // heads).transpose(0, 1)

    mixed = functional.scaled_dot_product_attention(parts("query"), parts("key"), parts("value"), is_causal=True)
    return mixed.transpose(0, 1).reshape(length, width) @ weights["projection_weight"]


def models() -> Iterator[tuple[str, Case]]:
    """Layers one after the other."""
    layers = [{"type": "dense", "n_in": 6, "n_out": 6, "activation": "tanh"}, "softplus"]
    parameters = {"dense_0.weight": np.round(drawn(6, 6) / 4, 3), "dense_0.bias": drawn(6)}

    def inner(x: Any, dense_0_weight: Any, dense_0_bias: Any) -> Any:
        return ACTIVATIONS["softplus"](torch.tanh(x @ dense_0_weight + dense_0_bias))

    for kind in ("sequential", "network"):
        yield kind, Case({"type": kind, "layers": layers}, inner, X, parameters=parameters)
    described = {"type": "residual", "layers": layers}
    yield "residual", Case(described, lambda x, **names: x + inner(x, **names), X, parameters=parameters)


OPTIMIZERS: list[tuple[dict[str, Any], Callable[[Any], Any]]] = [
    ({"type": "sgd", "lr": 0.1}, lambda p: torch.optim.SGD(p, lr=0.1)),
    ({"type": "sgd", "lr": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    (
        {"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    ({"type": "rmsprop", "lr": 0.1}, lambda p: torch.optim.RMSprop(p, lr=0.1)),
    (
        {"type": "rmsprop", "lr": 0.1, "decay": 0.9, "weight_decay": 0.1},
        lambda p: torch.optim.RMSprop(p, lr=0.1, alpha=0.9, weight_decay=0.1),
    ),
    ({"type": "adam", "lr": 0.1}, lambda p: torch.optim.Adam(p, lr=0.1)),
    ({"type": "adam", "lr": 0.1, "weight_decay": 0.1}, lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.1)),
    (
        {"type": "adamw", "lr": 0.1, "beta1": 0.8},
        lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.8, 0.999), weight_decay=0.01),
    ),
]
STEPS = 20


def steps(described: dict[str, Any], make: Callable[[Any], Any]) -> dict[str, Any]:
    """Twenty steps of an optimiser by given gradients, and where they lead."""
    start, gradients = drawn(7), drawn(STEPS, 7)
    tensor = torch.tensor(start, requires_grad=True)
    optimizer = make([tensor])
    for gradient in gradients:
        tensor.grad = torch.tensor(gradient)
        optimizer.step()
    return {
        "optimizer": described, "start": plain(start), "gradients": plain(gradients),
        "end": plain(tensor.detach().numpy()),
    }  # fmt: skip


def references() -> dict[str, Any]:
    """The content of the file."""
    return {
        "origin": f"tools/torch_references.py with PyTorch {torch.__version__} and NumPy {np.__version__}",
        "layers": {name: case.reference() for name, case in cases()},
        "optimizers": [steps(described, make) for described, make in OPTIMIZERS],
    }


def agree(one: Any, other: Any) -> bool:
    """Whether two values of the file are the same, numbers to the rounding that processors differ in."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all([agree(one[name], other[name]) for name in one])
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all([agree(a, b) for a, b in zip(one, other, strict=True)])
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-13 * max(1.0, abs(one))
    return bool(one == other)


def main() -> int:
    """Write the file, or with --check compare it."""
    found = references()
    if "--check" in sys.argv[1:]:
        kept = json.loads(FILE.read_text(encoding="utf-8"))
        if agree({**kept, "origin": ""}, {**found, "origin": ""}):
            return 0
        print(f"{FILE.relative_to(PROJECT)} is out of date: run python tools/torch_references.py")
        return 1
    parts = [f'"origin": {json.dumps(found["origin"])}']
    entries = ",\n".join([f"{json.dumps(name)}: {json.dumps(case)}" for name, case in found["layers"].items()])
    parts.append('"layers": {\n' + entries + "\n}")
    parts.append('"optimizers": [\n' + ",\n".join([json.dumps(one) for one in found["optimizers"]]) + "\n]")
    FILE.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
