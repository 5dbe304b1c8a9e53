"""Training: two moons, neurons against matrices, three sets of real data, a transformer, and where BLAS is faster.

    python -m benchmarks.training [--rounds N] [--only NAME] [--data FOLDER]

Peers are micrograd, PyTorch (CPU, one thread and eager, as a user writes it) and scikit-learn; one that is not
installed is left out. Processor times of ours and of PyTorch are of everything from the making of the model to the last
epoch: our tracing and compiling too, not the loading of libraries. A ratio is of least times within one run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.transformers import transformer
from layers import SGD, Adam, Dense, Linear, MSELoss, Network, NeuronLayer, Sequential
from layers.parameters.parameter import flat_values
from layers.training.step import TrainingStep

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "data"
EPOCHS = 100
# The penalty of micrograd's demo, 1e-4 times the sum of squares, adds twice that to the gradient.
PENALTY = 1e-4


def optional(name: str) -> Any:
    """A module, None if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def least(function: Callable[[], Any], rounds: int) -> float:
    """The least processor time of some calls, in seconds: other programs on the machine lengthen it little."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def in_turns(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The least time of each of some functions, which take turns."""
    found = dict.fromkeys(functions, float("inf"))
    for _ in range(rounds):
        for name, function in functions.items():
            found[name] = min(found[name], least(function, 1))
    return found


def moons() -> tuple[Any, Any]:
    """The hundred points and their labels."""
    data = json.loads((EXAMPLES / "moons.json").read_text(encoding="utf-8"))
    return np.array(data["X"]), np.array(data["y"], dtype=float)


def our_moons(layer: Any = Dense) -> Any:
    """A model after 100 epochs of ours."""
    points, labels = moons()
    model = Sequential(layer(2, 16, "relu"), layer(16, 16, "relu"), layer(16, 1), seed=1337)
    optimizer = SGD(lr=Linear(1.0, 0.1), weight_decay=2 * PENALTY)
    model.fit(points, labels, "hinge", optimizer, epochs=EPOCHS, batch_size=None, progress=False)
    return model


def torch_moons(torch: Any) -> Any:
    """The same in PyTorch, in double precision."""
    points, labels = [torch.tensor(array) for array in moons()]
    torch.manual_seed(1337)
    nn = torch.nn
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, weight_decay=2 * PENALTY)
    for epoch in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = 1.0 - 0.9 * epoch / EPOCHS
        optimizer.zero_grad()
        loss = torch.relu(1.0 - labels * model(points)[:, 0]).mean()
        loss.backward()
        optimizer.step()
    return model


def micrograd_moons(epochs: int) -> float:
    """Seconds that so many epochs of micrograd's demo take."""
    engine, nn = importlib.import_module("micrograd.engine"), importlib.import_module("micrograd.nn")
    points, labels = moons()
    model = nn.MLP(2, [16, 16, 1])
    start = time.perf_counter()
    for epoch in range(epochs):
        inputs = [list(map(engine.Value, row)) for row in points]
        scores = list(map(model, inputs))
        losses = [(1 + -label * score).relu() for label, score in zip(labels.tolist(), scores, strict=True)]
        penalty = PENALTY * sum([p * p for p in model.parameters()])
        total = sum(losses) * (1.0 / len(losses)) + penalty
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * epoch / EPOCHS) * p.grad
    return time.perf_counter() - start


def report_moons(options: argparse.Namespace) -> None:
    """Two moons."""
    torch = optional("torch")
    functions: dict[str, Callable[[], Any]] = {"ours": our_moons, "ours, by neurons": lambda: our_moons(NeuronLayer)}
    if torch:
        torch.set_num_threads(1)
        functions["PyTorch"] = lambda: torch_moons(torch)
    for function in functions.values():
        function()
    times = in_turns(functions, options.rounds)
    if optional("micrograd"):
        epochs = 3
        times["micrograd"] = micrograd_moons(epochs) / epochs * EPOCHS
    points, labels = moons()
    right = float(np.mean(np.sign(our_moons().predict(points)[:, 0]) == labels))
    print(f"two moons, 2-16-16-1, 100 points, {EPOCHS} epochs; right in the end: {right:.0%} of the points")
    for name, seconds in times.items():
        print(f"    {name:18s} {seconds * 1e3:12.1f} ms   {seconds / times['ours']:9.2f}")
    step_parts()


def step_parts() -> None:
    """Print where the time of two moons goes."""
    points, labels = moons()
    model = Sequential(Dense(2, 16, "relu"), Dense(16, 16, "relu"), Dense(16, 1), seed=0)
    step, targets = TrainingStep(model, MSELoss()), labels.reshape(-1, 1)
    values = flat_values(step.parameters)
    first = least(lambda: step(values, points, targets), 1)
    again, one = [least(lambda n=n: step(values, points[:n], targets[:n]), 50) for n in (100, 1)]
    print(
        f"    first step {first * 1e3:.1f} ms, a further one {again * 1e6:.0f} us, of which "
        f"{one * 1e6:.0f} us whatever the number of points"
    )


# Sample by sample


class ByHand:
    """A 5-10-10-2 network (ReLU, ReLU, softmax, squared error) by NumPy, as texts on backpropagation write it."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        sizes = (5, 10, 10, 2)
        self.weights = [generator.normal(size=pair) * np.sqrt(2 / pair[0]) for pair in pairwise(sizes)]
        self.biases = [np.zeros((1, size)) for size in sizes[1:]]

    def step(self, x: Any, y: Any, rate: float) -> float:
        """The loss of one sample, after which the network has gone a step down."""
        values, last = [x.reshape(1, -1)], len(self.weights) - 1
        for place, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = values[-1] @ weight + bias
            if place < last:
                values.append(np.maximum(z, 0))
            else:
                raised = np.exp(z - z.max())
                values.append(raised / raised.sum())
        h = values[-1]
        loss = float(np.mean((h - y) ** 2))
        d = 2 * (h - y) / y.size
        d = h * (d - (d * h).sum())
        for place in range(last, -1, -1):
            d = d * (values[place + 1] > 0) if place < last else d
            of_weight, of_bias = np.clip(values[place].T @ d, -1, 1), np.clip(d, -1, 1)
            d = d @ self.weights[place].T
            self.weights[place] -= rate * of_weight
            self.biases[place] -= rate * of_bias
        return loss


def report_singles(options: argparse.Namespace) -> None:
    """Training sample by sample, beside NumPy by hand."""
    series, epochs = np.sin(np.arange(121) * 0.3), 20
    inputs, targets = [np.array([series[i + start : i + end] for i in range(114)]) for start, end in ((0, 5), (5, 7))]

    def ours() -> None:
        network = Network(Dense(5, 10, "relu"), Dense(10, 10, "relu"), Dense(10, 2, "softmax"), loss="mse", seed=0)
        network.train(inputs, targets, 1e-4, epochs, batch_size=1, progress=False)

    def by_hand() -> None:
        network = ByHand()
        for _ in range(epochs):
            for x, y in zip(inputs, targets, strict=True):
                network.step(x, y, 1e-4)

    times = in_turns({"ours": ours, "NumPy": by_hand}, options.rounds)
    told = ", ".join([f"{name} {seconds / epochs / len(inputs) * 1e6:.1f} us" for name, seconds in times.items()])
    faster = times["NumPy"] / times["ours"]
    print(f"5-10-10-2 sample by sample, recording included, a step: {told}; NumPy / ours {faster:.2f}")


# Real data


def data_set(name: str, folder: Path | None) -> tuple[Any, Any] | None:
    """Standardised features and classes; None if they are not at hand."""
    if name == "digits":
        datasets = optional("sklearn.datasets")
        if datasets is None:
            return None
        found = datasets.load_digits()
        return found.data / 16.0, found.target
    path = (folder or EXAMPLES) / f"{name}.json"
    if path.exists():
        data = json.loads(path.read_text(encoding="utf-8"))
        features, classes = np.array(data["X"], dtype=float), np.array(data["y"])
    elif optional("sklearn.datasets"):
        features, classes = getattr(optional("sklearn.datasets"), f"load_{name}")(return_X_y=True)
    else:
        return None
    return (features - features.mean(axis=0)) / features.std(axis=0), classes


def report_data(options: argparse.Namespace) -> None:
    """Three sets of real data, at equal architecture and training."""
    network = optional("sklearn.neural_network")
    if network is None:
        print("real data: scikit-learn is not installed")
        return
    print("real data: one hidden layer of 32 (ReLU), Adam 0.005, batches of 32, a quarter held out;")
    print("five seeds, from the same first weights")
    for name, epochs in (("iris", 60), ("breast_cancer", 30), ("digits", 30)):
        data = data_set(name, options.data)
        if data is not None:
            print(f"    {name:14s} {compared(network, *data, epochs)}")


def compared(network: Any, features: Any, classes: Any, epochs: int) -> str:
    """Accuracy and time of ours and of scikit-learn's, from the same first weights."""
    warnings, exceptions = importlib.import_module("warnings"), importlib.import_module("sklearn.exceptions")
    count = int(classes.max()) + 1
    scores: dict[str, list[float]] = {"ours": [], "scikit-learn": []}
    times: dict[str, list[float]] = {"ours": [], "scikit-learn": []}
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(features))
        held_out, rest = order[: len(order) // 4], order[len(order) // 4 :]
        options = {
            "batch_size": 32, "alpha": 0.0, "random_state": seed, "n_iter_no_change": epochs, "max_iter": epochs,
        }  # fmt: skip
        first = network.MLPClassifier((32,), learning_rate_init=1e-300, **options | {"max_iter": 1})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
            first.fit(features[rest], classes[rest])
        start = time.perf_counter()
        model = Sequential(Dense(features.shape[1], 32, "relu"), Dense(32, count))
        for layer, weight, bias in zip(model.layers, first.coefs_, first.intercepts_, strict=True):
            # A class and its opposite have one score there, and two here.
            opposite = weight.shape[1] < layer.n_out
            layer.weight.assign(np.hstack([-weight, weight]) / 2 if opposite else weight)
            layer.bias.assign(np.hstack([-bias, bias]) / 2 if opposite else bias)
        model.fit(
            features[rest], classes[rest], "cross_entropy", Adam(lr=0.005), epochs=epochs, batch_size=32, seed=seed,
            progress=False,
        )  # fmt: skip
        times["ours"].append(time.perf_counter() - start)
        scores["ours"].append(float(np.mean(model.predict(features[held_out]).argmax(axis=1) == classes[held_out])))
        peer = network.MLPClassifier((32,), learning_rate_init=0.005, **options)
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
            peer.fit(features[rest], classes[rest])
        times["scikit-learn"].append(time.perf_counter() - start)
        scores["scikit-learn"].append(float(peer.score(features[held_out], classes[held_out])))
    told = [f"{name} {np.mean(scores[name]):.3f} in {min(times[name]) * 1e3:7.0f} ms" for name in scores]
    return "; ".join(told)


# Large layers


def report_sizes(options: argparse.Namespace) -> None:
    """A dense layer of n to n features, against BLAS."""
    torch = optional("torch")
    if torch:
        torch.set_num_threads(1)
    print("a step of one dense layer n to n, tanh, squared error, 256 samples: value and gradient")
    for size in (4, 8, 16, 32, 64, 128):
        generator = np.random.default_rng(size)
        x, y = generator.normal(size=(256, size)), generator.normal(size=(256, size))
        functions: dict[str, Callable[[], Any]] = {}
        first = {}
        # What `tier="auto"` has at first, and once warm.
        for name, tier in (("interpreter", "vm"), ("machine code", "llvm")):
            model = Sequential(Dense(size, size, "tanh"), seed=0)
            step = TrainingStep(model, MSELoss(), tier=tier)
            values = flat_values(step.parameters)
            start = time.perf_counter()
            ours = step(values, x, y)
            first[name] = time.perf_counter() - start
            functions[name] = lambda step=step, values=values, x=x, y=y: step(values, x, y)
            value, gradient = by_numpy(values, x, y)
            np.testing.assert_allclose(ours[1], gradient, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(ours[0], value, rtol=1e-12)
        functions["NumPy"] = lambda values=values, x=x, y=y: by_numpy(values, x, y)
        if torch:
            tensors = [torch.tensor(array) for array in (*parts_of(values, size), x, y)]
            functions["PyTorch"] = lambda tensors=tensors: by_torch(torch, *tensors)
        times = in_turns(functions, 3 * options.rounds)
        told = ", ".join([f"{name} {seconds * 1e6:8.0f} us" for name, seconds in times.items()])
        slower = ", ".join([f"{name} / NumPy {times[name] / times['NumPy']:6.2f}" for name in first])
        steps = ", ".join([f"{seconds * 1e3:7.0f} ms" for seconds in first.values()])
        print(f"    n = {size:3d}: {told}; {slower}; first steps {steps}")


def parts_of(values: Any, size: int) -> tuple[Any, Any]:
    """Weights and biases."""
    return values[: size * size].reshape(size, size), values[size * size :]


def by_numpy(values: Any, x: Any, y: Any) -> tuple[float, Any]:
    """Value and gradient of the layer, by matrix products."""
    weight, bias = parts_of(values, x.shape[1])
    h = np.tanh(x @ weight + bias)
    r = h - y
    a = (2.0 / r.size) * r * (1.0 - h * h)
    return float(np.mean(r * r)), np.concatenate([(x.T @ a).ravel(), a.sum(axis=0)])


def by_torch(torch: Any, weight: Any, bias: Any, x: Any, y: Any) -> Any:
    """The same by PyTorch's automatic differentiation."""
    weight, bias = weight.detach().requires_grad_(), bias.detach().requires_grad_()
    loss = torch.mean((torch.tanh(x @ weight + bias) - y) ** 2)
    loss.backward()
    return loss, weight.grad, bias.grad


REPORTS = {
    "moons": report_moons,
    "singles": report_singles,
    "data": report_data,
    "sizes": report_sizes,
    "transformer": transformer,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="training")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=list(REPORTS), action="append")
    parser.add_argument("--data", type=Path, help="folder of iris.json and breast_cancer.json, if not scikit-learn's")
    options = parser.parse_args()
    for name in options.only or REPORTS:
        REPORTS[name](options)
        print(flush=True)


if __name__ == "__main__":
    main()
