"""The engines that take the derivatives of `derivative_problems.py`; run by `derivatives.py` as its workers.

An engine gets its arguments and gives its results in its own kind of number, so that nobody pays for conversion.

`python -m benchmarks.derivative_peers ENGINE` loads an engine and reads one request a line and answers each with one
line, both JSON. A problem, {"problem", "size", "file"}, is taken by a fork of the process, in which the library is
loaded and has done nothing yet; it answers for the first result, then null with a further call, and ends when asked
false.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy

from benchmarks.derivative_problems import BY_NAME, Problem
from benchmarks.memory import resident, status

# Seconds in a turn, and in a run within it, which is as many calls as take about so long.
TURN = 0.04
RUN = 0.002
MOST_RUNS = 20


def positions(arguments: tuple[Any, ...]) -> Any:
    """As argnums, all of them."""
    return 0 if len(arguments) == 1 else tuple(range(len(arguments)))


def entries(matrix: Any) -> Any:
    """All that a sparse matrix consists of, in one array."""
    rows = matrix.tocsr()
    rows.sum_duplicates()
    return numpy.concatenate([rows.indptr, rows.indices, rows.data])


class Engine:
    """An engine: its arrays, a few functions, derivatives. Each imports its library when made."""

    name = ""
    distribution = ""
    spelling = "arrays"
    # The problems it is for, where it is an engine's other way; else all.
    problems: frozenset[str] | None = None
    array: Callable[[Any], Any]
    stack: Callable[[Sequence[Any]], Any]

    @classmethod
    def version(cls) -> str:
        """The version that is installed."""
        return importlib.metadata.version(cls.distribution)

    @classmethod
    def measures(cls, problem: Problem, size: int) -> bool:
        """Whether this engine is measured on this problem at this size."""
        return (cls.problems is None or problem.name in cls.problems) and size <= problem.limits.get(cls.name, size)

    def elements(self, x: Any) -> Any:
        """The numbers in an array, one by one."""
        return x

    def repeat(self, step: Callable[[Any], Any], state: Any, count: int) -> Any:
        """The state after so many steps."""
        for _ in range(count):
            state = step(state)
        return state

    def trajectory(self, step: Callable[[Any], Any], state: Any, count: int) -> Any:
        """The numbers of the states after each step, in one array."""
        states = []
        for _ in range(count):
            state = step(state)
            states.append(state)
        return self.concatenate(states)

    def build(self, derivative: str, function: Callable[..., Any], arguments: list[Any]) -> Callable[[], Any]:
        """The call that gives a derivative: all that a user does before the first, with the arguments at hand."""
        built: Callable[[], Any] = getattr(self, derivative)(lambda *inputs: function(self, *inputs), *arguments)
        return built

    def wait(self, result: Any) -> Any:
        """The result, when it is there."""
        return result

    def dense(self, result: Any) -> Any:
        """A number, vector or matrix as NumPy's."""
        return numpy.asarray(result, dtype=float)

    def sparse(self, result: Any) -> Any:
        """A matrix as SciPy's."""
        from scipy.sparse import csr_array

        return csr_array(self.dense(result))

    def numbers(self, derivative: str, result: Any) -> Any:
        """A result as one array of floats; of a sparse matrix, the places of its entries first."""
        if derivative == "sparse_hessian":
            return entries(self.sparse(result))
        parts = result if isinstance(result, tuple | list) else [result]
        return numpy.concatenate([numpy.ravel(self.dense(part)) for part in parts])


class Ours(Engine):
    """This project, on numbers one by one."""

    name = "ours"
    spelling = "numbers"

    def __init__(self) -> None:
        autograd: Any = importlib.import_module("autograd")
        if not hasattr(autograd, "compiled"):
            raise ImportError("the package `autograd` that is installed here is not this project's")
        self.autograd = autograd
        self.exp, self.log, self.sqrt, self.erf = autograd.exp, autograd.log, autograd.sqrt, autograd.erf
        self.sin, self.cos = autograd.sin, autograd.cos
        self.sum = self.total = autograd.sum
        self.array = lambda numbers: numbers
        self.sparse = lambda matrix: matrix
        self.stack = lambda numbers: numpy.array(numbers, dtype=object)
        self.concatenate = numpy.concatenate

    @classmethod
    def version(cls) -> str:
        autograd: Any = importlib.import_module("autograd")
        return f"{autograd.__version__} {'compiled' if autograd.compiled else 'NOT compiled'}"

    def finish(self, derivative: Callable[..., Any]) -> Callable[..., Any]:
        """The derivative in the form to be called: as it is, or compiled."""
        return derivative

    def gradient(self, function: Callable[..., Any], *at: Any) -> Callable[[], Any]:
        derivative = self.finish(self.autograd.grad(function, positions(at)))
        return lambda: derivative(*at)

    def value_and_gradient(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.finish(self.autograd.value_and_grad(function))
        return lambda: derivative(x)

    def jacobian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.finish(self.autograd.jacobian(function))
        return lambda: derivative(x)

    def hessian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.finish(self.autograd.hessian(function))
        return lambda: derivative(x)

    def sparse_hessian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.finish(self.autograd.hessian(function, sparse=True))
        return lambda: derivative(x)

    def hessian_times(self, function: Callable[..., Any], x: Any, direction: Any) -> Callable[[], Any]:
        hvp = self.autograd.hvp
        derivative = self.finish(lambda x, direction: hvp(function, (x,), (direction,)))
        return lambda: derivative(x, direction)

    def third(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        grad = self.autograd.grad
        derivative = self.finish(grad(grad(grad(function))))
        return lambda: derivative(x)


class OursCompiled(Ours):
    """This project's `jit`, run by the interpreter."""

    name = "ours_vm"
    tier = "vm"

    def __init__(self) -> None:
        super().__init__()
        # A sum that is written out is a loop that is found again; a sum at once is one operation of many operands.
        self.total = sum

    def finish(self, derivative: Callable[..., Any]) -> Callable[..., Any]:
        compiled: Callable[..., Any] = self.autograd.jit(derivative, tier=self.tier)
        return compiled


class OursMachineCode(OursCompiled):
    """This project's `jit` in machine code."""

    name = "ours_llvm"
    tier = "llvm"


class OursArrays(Ours):
    """This project, on NumPy's arrays of nodes."""

    name = "ours_arrays"
    spelling = "arrays"
    problems = frozenset({"sparse", "orbit", "direction", "decay", "decay_hessian"})

    def __init__(self) -> None:
        super().__init__()
        self.exp = numpy.exp


class Torch(Engine):
    """PyTorch's torch.autograd in float64, one thread."""

    name = distribution = "torch"

    def __init__(self) -> None:
        torch: Any = importlib.import_module("torch")
        torch.set_num_threads(1)
        self.torch = torch
        self.exp, self.log, self.sqrt, self.erf = torch.exp, torch.log, torch.sqrt, torch.erf
        self.sin, self.cos = torch.sin, torch.cos
        self.sum, self.stack, self.concatenate = torch.sum, torch.stack, torch.cat
        self.array = lambda numbers: torch.as_tensor(numbers, dtype=torch.float64)

    def gradient(self, function: Callable[..., Any], *at: Any) -> Callable[[], Any]:
        leaves = [tensor.requires_grad_() for tensor in at]
        grad = self.torch.autograd.grad
        return lambda: grad(function(*leaves), leaves)

    def value_and_gradient(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        grad = self.torch.autograd.grad
        x.requires_grad_()

        def call() -> Any:
            value = function(x)
            return value.detach(), grad(value, x)[0]

        return call

    def jacobian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.torch.autograd.functional.jacobian
        return lambda: derivative(function, x, vectorize=True)

    def hessian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.torch.autograd.functional.hessian
        return lambda: derivative(function, x, vectorize=True)

    sparse_hessian = hessian

    def hessian_times(self, function: Callable[..., Any], x: Any, direction: Any) -> Callable[[], Any]:
        grad = self.torch.autograd.grad
        x.requires_grad_()

        def call() -> Any:
            (slopes,) = grad(function(x), x, create_graph=True)
            return grad(slopes, x, direction)[0]

        return call

    def third(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        grad = self.torch.autograd.grad
        x.requires_grad_()

        def call() -> Any:
            (first,) = grad(function(x), x, create_graph=True)
            (second,) = grad(first, x, create_graph=True)
            return grad(second, x)[0]

        return call


class Functional(Engine):
    """Derivatives of functions, by the names that JAX and torch.func have in common."""

    transforms: Any

    def finish(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The derivative, itself a function, in the form to be called: as it is, or compiled."""
        return function

    def gradient(self, function: Callable[..., Any], *at: Any) -> Callable[[], Any]:
        derivative = self.finish(self.transforms.grad(function, positions(at)))
        return lambda: derivative(*at)

    def value_and_gradient(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        raise NotImplementedError

    def jacobian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.finish(self.transforms.jacfwd(function))
        return lambda: derivative(x)

    def hessian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.finish(self.transforms.hessian(function))
        return lambda: derivative(x)

    def sparse_hessian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        return self.hessian(function, x)

    def hessian_times(self, function: Callable[..., Any], x: Any, direction: Any) -> Callable[[], Any]:
        slopes, jvp = self.transforms.grad(function), self.transforms.jvp
        derivative = self.finish(lambda x, direction: jvp(slopes, (x,), (direction,))[1])
        return lambda: derivative(x, direction)

    def third(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        grad = self.transforms.grad
        derivative = self.finish(grad(grad(grad(function))))
        return lambda: derivative(x)


class TorchFunc(Functional, Torch):
    """PyTorch's torch.func in float64, one thread."""

    name, distribution = "torch_func", "torch"

    def __init__(self) -> None:
        super().__init__()
        self.transforms = importlib.import_module("torch.func")

    def value_and_gradient(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.transforms.grad_and_value(function)
        return lambda: derivative(x)[::-1]

    # Reverse mode throughout: here its forward mode takes two to eight times as long.
    def jacobian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.transforms.jacrev(function)
        return lambda: derivative(x)

    def hessian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        return self.jacobian(self.transforms.grad(function), x)

    def hessian_times(self, function: Callable[..., Any], x: Any, direction: Any) -> Callable[[], Any]:
        slopes, vjp = self.transforms.grad(function), self.transforms.vjp
        return lambda: vjp(slopes, x)[1](direction)[0]


class Jax(Functional):
    """JAX in float64, without jit."""

    name = distribution = "jax"

    def __init__(self) -> None:
        jax: Any = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        self.jax = self.transforms = jax
        names = jax.numpy
        self.exp, self.log, self.sqrt = names.exp, names.log, names.sqrt
        self.sin, self.cos, self.erf = names.sin, names.cos, jax.scipy.special.erf
        self.sum, self.stack, self.concatenate = names.sum, names.stack, names.concatenate
        self.array = lambda numbers: names.asarray(numbers, dtype=names.float64)
        self.wait = jax.block_until_ready

    def value_and_gradient(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.finish(self.transforms.value_and_grad(function))
        return lambda: derivative(x)


class JaxJit(Jax):
    """JAX in float64, compiled; loops as its loops."""

    name, distribution = "jax_jit", "jax"

    def finish(self, function: Callable[..., Any]) -> Callable[..., Any]:
        compiled: Callable[..., Any] = self.jax.jit(function)
        return compiled

    def repeat(self, step: Callable[[Any], Any], state: Any, count: int) -> Any:
        return self.jax.lax.fori_loop(0, count, lambda _, state: step(state), state)

    def trajectory(self, step: Callable[[Any], Any], state: Any, count: int) -> Any:
        def both(state: Any, _: Any) -> tuple[Any, Any]:
            following = step(state)
            return following, following

        return self.jax.lax.scan(both, state, None, count)[1].reshape(-1)


class Asdex(JaxJit):
    """JAX compiled, with asdex, which finds a sparse matrix's pattern and how few derivatives fill it."""

    name = distribution = "asdex"
    problems = frozenset({"sparse"})

    def __init__(self) -> None:
        super().__init__()
        self.asdex: Any = importlib.import_module("asdex")

    def sparse_hessian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        derivative = self.finish(self.asdex.hessian(function, x))
        return lambda: derivative(x)

    def sparse(self, result: Any) -> Any:
        from scipy.sparse import coo_array

        return coo_array((numpy.asarray(result.data), tuple(numpy.asarray(result.indices).T)), shape=result.shape)


class Casadi(Engine):
    """CasADi's SX: an expression, the expression of its derivative, a function of both."""

    name = distribution = "casadi"
    kind = "SX"

    def __init__(self) -> None:
        casadi: Any = importlib.import_module("casadi")
        self.casadi = casadi
        self.exp, self.log, self.sqrt, self.erf = casadi.exp, casadi.log, casadi.sqrt, casadi.erf
        self.sin, self.cos, self.sum = casadi.sin, casadi.cos, casadi.sum1
        self.array = casadi.DM
        self.elements = casadi.vertsplit
        self.total = sum
        self.stack = self.concatenate = lambda parts: casadi.vertcat(*parts)

    def function(self, derivative: Callable[..., list[Any]], *at: Any) -> Callable[[], Any]:
        """The call of a function of as many arguments, given what makes its results of their symbols."""
        symbol = getattr(self.casadi, self.kind).sym
        symbols = [symbol(f"x{place}", point.numel()) for place, point in enumerate(at)]
        compiled = self.casadi.Function("derivative", symbols, derivative(*symbols))
        return lambda: compiled(*at)

    def gradient(self, function: Callable[..., Any], *at: Any) -> Callable[[], Any]:
        casadi = self.casadi
        if len(at) == 1:
            return self.function(lambda x: [casadi.gradient(function(x), x)], *at)
        together = casadi.vertcat(*at)
        return self.function(lambda x: [casadi.gradient(function(*casadi.vertsplit(x)), x)], together)

    def value_and_gradient(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        def both(x: Any) -> list[Any]:
            value = function(x)
            return [value, self.casadi.gradient(value, x)]

        return self.function(both, x)

    def jacobian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        return self.function(lambda x: [self.casadi.jacobian(function(x), x)], x)

    def hessian(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        return self.function(lambda x: [self.casadi.hessian(function(x), x)[0]], x)

    sparse_hessian = hessian

    def hessian_times(self, function: Callable[..., Any], x: Any, direction: Any) -> Callable[[], Any]:
        casadi = self.casadi
        return self.function(
            lambda x, direction: [casadi.jtimes(casadi.gradient(function(x), x), x, direction)], x, direction
        )

    def third(self, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
        gradient = self.casadi.gradient
        return self.function(lambda x: [gradient(gradient(gradient(function(x), x), x), x)], x)

    def dense(self, result: Any) -> Any:
        return result.full()

    def sparse(self, result: Any) -> Any:
        return result.sparse()


class CasadiNumbers(Casadi):
    """CasADi's SX, written number by number."""

    name, distribution = "casadi_numbers", "casadi"
    spelling = "numbers"
    problems = frozenset({"sparse", "orbit", "direction", "decay", "decay_hessian"})


class CasadiMx(Casadi):
    """CasADi's MX, whose operations are on whole arrays."""

    name, distribution = "casadi_mx", "casadi"
    kind = "MX"
    problems = frozenset({"sparse", "decay", "decay_hessian"})


ENGINES: dict[str, type[Engine]] = {
    engine.name: engine
    for engine in (
        Ours,
        OursCompiled,
        OursMachineCode,
        OursArrays,
        Torch,
        TorchFunc,
        Jax,
        JaxJit,
        Asdex,
        Casadi,
        CasadiNumbers,
        CasadiMx,
    )
}


def warm_up(engine: Engine, derivative: str) -> None:
    """Have the engine do once what it does only once in a process, on a function that is none of those measured."""
    scalar = derivative in ("gradient", "third")
    at = [engine.array(0.5 if scalar else numpy.array([0.5, 1.5]))] * (2 if derivative == "hessian_times" else 1)

    def function(engine: Any, x: Any) -> Any:
        if scalar:
            return x * x * x
        return engine.stack([x[0] * x[1], x[0]]) if derivative == "jacobian" else x[0] * x[0] * x[1]

    engine.wait(engine.build(derivative, function, at)())


def first(
    engine: Engine, problem: Problem, arguments: list[Any], file: str
) -> tuple[Callable[[], Any], dict[str, Any]]:
    """The call that gives the derivative, and the time and memory for its first result, which goes to the file."""
    before = resident()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    start = time.process_time()
    call = engine.build(problem.derivative, problem.spellings[engine.spelling], arguments)
    result = engine.wait(call())
    seconds = time.process_time() - start
    peak = status("VmHWM") - before
    numpy.save(file, engine.numbers(problem.derivative, result))
    return call, {"seconds": seconds, "peak": peak}


def turn(engine: Engine, call: Callable[[], Any]) -> dict[str, Any]:
    """Seconds a call takes: the best of as many runs as fit in a turn."""
    wait, clock = engine.wait, time.process_time
    best, calls = math.inf, 1
    end = clock() + TURN
    for _ in range(MOST_RUNS):
        start = clock()
        for _ in range(calls):
            wait(call())
        stop = clock()
        best = min(best, (stop - start) / calls)
        calls = max(1, round(RUN / best))
        if stop > end:
            break
    return {"seconds": best}


def say(answer: dict[str, Any]) -> None:
    """One line to whoever asked."""
    print(json.dumps(answer), flush=True)


def solve(engine: Engine, request: dict[str, Any]) -> None:
    """Take a derivative first, then once more for each further request, until there is to be no more."""
    problem = BY_NAME[request["problem"]]
    warm_up(engine, problem.derivative)
    arguments = [engine.array(argument) for argument in problem.arguments(request["size"])]
    call, answer = first(engine, problem, arguments, request["file"])
    say(answer)
    while json.loads(sys.stdin.readline() or "false") is None:
        say(turn(engine, call))
    say({})


def main() -> None:
    """Answer requests until there are no more."""
    engine_class = ENGINES[sys.argv[1]]
    try:
        engine = engine_class()
        say({"version": engine_class.version()})
    except Exception as error:
        say({"missing": f"{type(error).__name__}: {error}"})
        return
    while line := sys.stdin.readline():
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            continue
        try:
            solve(engine, json.loads(line))
        except Exception as error:
            say({"missing": f"{type(error).__name__}: {error}"})
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
