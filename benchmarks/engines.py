"""The engines that are compared, each behind the same few functions; run by `eager.py` as its workers.

Each engine runs in a process of its own, so that none pays for the objects of another when the garbage
collector walks over everything. `python -m benchmarks.engines NAME` reads one request a line and answers
each with one line, both JSON.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import importlib.util
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.turns import PROJECT
from benchmarks.workloads import BY_NAME, Workload

# A turn ends after so many seconds or so many runs, but not before the end of its first run.
TURN = 0.04
MOST_RUNS = 20


class Engine:
    """An engine: variables, a few functions, a measured run. Each imports its library when made."""

    name = ""
    distribution = ""
    # Sizes are divided by this, where an operation takes so long that the full size would take minutes.
    reduction = 1
    number: Callable[[Any], float]
    sum: Callable[[list[Any]], Any]

    @classmethod
    def version(cls) -> str:
        """The version that is installed."""
        return importlib.metadata.version(cls.distribution)

    def lacks(self, workload: Workload) -> list[str]:
        """The functions that the workload needs and this engine lacks."""
        return sorted([need for need in workload.needs if not hasattr(self, need)])

    def variables(self, values: list[float]) -> list[Any]:
        """Leaves that want a gradient."""
        raise NotImplementedError

    def value(self, node: Any) -> float:
        """The number in a node."""
        return float(node.value)

    def gradients(self, leaves: list[Any]) -> list[float]:
        """The gradients that the last sweep gave."""
        return [float(leaf.grad) for leaf in leaves]

    def sweep(self, output: Any) -> None:
        """The backward sweep."""
        output.backward()

    def run(self, workload: Workload, leaves: list[Any], size: int, repeats: int) -> tuple[float, float, float, Any]:
        """Seconds forward, backward, and for dropping the graph, and the last output.

        Of more than one run only the total is known: it is given as the first.
        """
        program, clock = workload.program, time.process_time
        if repeats > 1:
            sweep = self.sweep
            start = clock()
            for _ in range(repeats):
                output = program(self, leaves, size)
                sweep(output)
            return clock() - start, 0.0, 0.0, self.value(output)
        start = clock()
        output = program(self, leaves, size)
        middle = clock()
        self.sweep(output)
        end = clock()
        value = self.value(output)
        drop = clock()
        del output
        return middle - start, end - middle, clock() - drop, value


class Ours(Engine):
    """This project."""

    name = "ours"
    distribution = "scalar-autograd"

    def __init__(self) -> None:
        autograd: Any = importlib.import_module("autograd")
        if not hasattr(autograd, "compiled"):
            raise ImportError("the package `autograd` that is installed here is not this project's")
        self.variables = lambda values: [autograd.Variable(value) for value in values]
        self.relu = autograd.Node.relu
        self.exp, self.log, self.sqrt, self.erf = autograd.exp, autograd.log, autograd.sqrt, autograd.erf
        self.sum = autograd.sum
        self.number = lambda node: node
        self.compiled = bool(autograd.compiled)
        self.autograd = autograd

    @classmethod
    def version(cls) -> str:
        autograd: Any = importlib.import_module("autograd")
        return f"{autograd.__version__} {'compiled' if autograd.compiled else 'NOT compiled'}"

    def count(self, output: Any) -> int:
        """The number of operations in the graph."""
        return len([node for node in self.autograd.topological_order(output) if node.op is not None])


class Floats(Engine):
    """The same program on plain floats: no gradient, the least that Python can do."""

    name = "floats"

    def __init__(self) -> None:
        self.exp, self.log, self.sqrt, self.erf = math.exp, math.log, math.sqrt, math.erf
        self.relu = lambda x: x if x > 0.0 else 0.0
        self.number = lambda x: x
        self.variables = list
        self.value = float
        self.sum = sum

    @classmethod
    def version(cls) -> str:
        return sys.version.split()[0]

    def sweep(self, output: Any) -> None:
        pass


class Micrograd(Engine):
    """Karpathy's micrograd: pure Python, one closure per operation."""

    name = distribution = "micrograd"

    def __init__(self) -> None:
        engine: Any = importlib.import_module("micrograd.engine")
        # Its sweep recurses to the depth of the graph.
        sys.setrecursionlimit(10_000_000)
        self.variables = lambda values: [engine.Value(value) for value in values]
        self.relu = engine.Value.relu
        self.number = lambda node: node.data

    def value(self, node: Any) -> float:
        return float(node.data)


class XadTape:
    """XAD: a C++ tape with a Python binding, and its functions, for whatever is measured with it."""

    name = distribution = "xad"

    def __init__(self) -> None:
        self.adjoint: Any = importlib.import_module("xad.adj_1st")
        functions: Any = importlib.import_module("xad.math")
        self.exp, self.log, self.sqrt, self.erf = functions.exp, functions.log, functions.sqrt, functions.erf
        self.sin, self.cos = functions.sin, functions.cos
        largest = functions.max
        self.relu = lambda x: largest(x, 0.0)
        self.tape = self.adjoint.Tape()


class Xad(XadTape, Engine):
    """XAD's tape, which is used again for each run."""

    def __init__(self) -> None:
        super().__init__()
        self.number = lambda x: x
        self.tape.activate()

    def variables(self, values: list[float]) -> list[Any]:
        self.tape.clearAll()
        leaves = [self.adjoint.Real(value) for value in values]
        self.tape.registerInputs(leaves)
        return leaves

    def gradients(self, leaves: list[Any]) -> list[float]:
        return [leaf.derivative for leaf in leaves]

    def sweep(self, output: Any) -> None:
        tape = self.tape
        tape.registerOutput(output)
        output.derivative = 1.0
        tape.computeAdjoints()

    def run(self, workload: Workload, leaves: list[Any], size: int, repeats: int) -> tuple[float, float, float, Any]:
        program, tape, clock = workload.program, self.tape, time.process_time
        if repeats > 1:
            start = clock()
            for _ in range(repeats):
                tape.newRecording()
                output = program(self, leaves, size)
                self.sweep(output)
            return clock() - start, 0.0, 0.0, output.value
        tape.newRecording()
        return super().run(workload, leaves, size, repeats)


class Torch(Engine):
    """PyTorch on scalar tensors of float64, one thread."""

    name = distribution = "torch"

    def __init__(self) -> None:
        torch: Any = importlib.import_module("torch")
        torch.set_num_threads(1)
        self.exp, self.log, self.sqrt, self.erf = torch.exp, torch.log, torch.sqrt, torch.erf
        self.relu = torch.relu
        self.number = lambda node: node
        self.sum = lambda nodes: torch.stack(nodes).sum()
        self.variables = lambda values: [
            torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values
        ]  # fmt: skip

    def value(self, node: Any) -> float:
        return float(node.item())


class Functional(Engine):
    """An engine that differentiates functions, with NumPy's names."""

    value_and_grad: Callable[..., Any]

    def offer(self, numpy: Any, erf: Any) -> None:
        """Take the functions from a module like numpy."""
        self.exp, self.log, self.sqrt, self.erf = numpy.exp, numpy.log, numpy.sqrt, erf
        self.relu = lambda x: numpy.maximum(x, 0.0)
        self.number = lambda x: x
        self.sum = lambda nodes: numpy.sum(numpy.stack(nodes))

    def gradients(self, leaves: list[Any]) -> list[float]:
        return [float(gradient) for gradient in self.last]

    def run(self, workload: Workload, leaves: list[Any], size: int, repeats: int) -> tuple[float, float, float, Any]:
        differentiated = self.value_and_grad(lambda leaves: workload.program(self, leaves, size))
        start = time.process_time()
        for _ in range(repeats):
            value, self.last = differentiated(leaves)
        return time.process_time() - start, 0.0, 0.0, float(value)


class Jax(Functional):
    """JAX without jit, in float64."""

    name = distribution = "jax"
    reduction = 20

    def __init__(self) -> None:
        jax: Any = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        self.offer(jax.numpy, importlib.import_module("jax.scipy.special").erf)
        self.value_and_grad = jax.value_and_grad
        self.variables = lambda values: [jax.numpy.float64(value) for value in values]


class Hips(Functional):
    """HIPS autograd, PyPI's `autograd`: it has our import name, so it needs a Python of its own."""

    name, distribution = "hips", "autograd"
    reduction = 10

    def __init__(self) -> None:
        sys.path[:] = [place for place in sys.path if Path(place).resolve() != PROJECT]
        autograd: Any = importlib.import_module("autograd")
        if hasattr(autograd, "compiled"):
            raise ImportError("the package `autograd` that is installed here is this project's")
        special = importlib.import_module("autograd.scipy.special") if importlib.util.find_spec("scipy") else None
        self.offer(importlib.import_module("autograd.numpy"), getattr(special, "erf", None))
        if special is None:
            del self.erf
        self.value_and_grad = importlib.import_module("autograd").value_and_grad
        self.variables = list


ENGINES: dict[str, type[Engine]] = {
    engine.name: engine for engine in (Ours, Floats, Xad, Micrograd, Torch, Jax, Hips)
}  # fmt: skip


def answer(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """The times of the best of some runs, or, to check, the value and gradients of a single one."""
    workload = BY_NAME[request["workload"]]
    lacks = engine.lacks(workload)
    if lacks:
        return {"lacks": lacks}
    size = request["size"]
    leaves = engine.variables(workload.starts(size))
    best: dict[str, Any] = {"time": math.inf}
    end = time.process_time() + TURN
    for _ in range(1 if request["check"] else MOST_RUNS):
        forward, backward, drop, value = engine.run(workload, leaves, size, request["repeats"])
        if forward + backward < best["time"]:
            best = {"time": forward + backward, "forward": forward, "backward": backward, "drop": drop}
        if time.process_time() > end:
            break
    if request["check"]:
        best["value"] = value
        best["gradients"] = engine.gradients(leaves) if engine.name != "floats" else None
        if isinstance(engine, Ours):
            best["operations"] = engine.count(workload.program(engine, leaves, size))
    return best


def main() -> None:
    """Answer requests until there are no more."""
    engine_class = ENGINES[sys.argv[1]]
    try:
        engine = engine_class()
        print(json.dumps({"version": engine_class.version(), "gc": gc.isenabled()}), flush=True)
    except Exception as error:
        print(json.dumps({"missing": f"{type(error).__name__}: {error}"}), flush=True)
        return
    for line in sys.stdin:
        print(json.dumps(answer(engine, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
