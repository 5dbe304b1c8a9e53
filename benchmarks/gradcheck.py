"""`gradcheck` beside torch's and JAX's: planted faults found and named, false alarms, time on 1,000 operations.

Run it as `python -m benchmarks.gradcheck` where torch and JAX are installed; either may be absent. The faults are
those of `tests/tables/planted_faults.py`: their functions run in the other libraries as they are, with the libraries'
own `sin`, `where`, ... in place of ours and the wrong rules as custom operations of them. Where a fault can't be put
to a library (rules that are wrong from the second order on or beside constants, functions that read `.value`), it
doesn't count for it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import sys
import time
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograd
from autograd.operations.primitive import Primitive
from autograd.testing import check_gradients, expressions

# Right functions at and next to kinks: the name, the function written with a library's own operations, the point.
RIGHT: list[tuple[str, Callable[..., Any], list[float]]] = [
    ("relu at 0", lambda m, x: m.relu(x), [0.0]),
    ("relu at 1e-7", lambda m, x: m.relu(x), [1e-7]),
    ("relu at -1e-7", lambda m, x: m.relu(x), [-1e-7]),
    ("relu(x − 1) at 1 + 1e-9", lambda m, x: m.relu(x - 1.0), [1.0 + 1e-9]),
    ("abs at 0", lambda m, x: m.abs(x), [0.0]),
    ("abs at 1e-8", lambda m, x: m.abs(x), [1e-8]),
    ("maximum at a tie", lambda m, x, y: m.maximum(x, y), [1.5, 1.5]),
    ("maximum beside a tie", lambda m, x, y: m.maximum(x, y), [1.5, 1.5 + 1e-8]),
    ("floor below 2", lambda m, x: m.floor(x) * x, [2.0 - 1e-8]),
    ("where beside its condition", lambda m, x: m.where(x > 1.0, x * x, 3.0 * x), [1.0 + 1e-8]),
    ("sin at 1e6", lambda m, x: m.sin(x), [1e6]),
    ("sin(1e5 x)", lambda m, x: m.sin(1e5 * x), [1.0]),
    ("log at 1e-6", lambda m, x: m.log(x), [1e-6]),
    ("1 / x at 1e-4", lambda m, x: 1.0 / x, [1e-4]),
    ("x³ at 1e4", lambda m, x: x * x * x, [1e4]),
    ("(x + 1e8) − 1e8", lambda m, x: (x + 1e8) - 1e8, [0.3]),
    ("sqrt at 1e-8", lambda m, x: m.sqrt(x), [1e-8]),
]
SIZES = (1, 10, 100)


class Ours:
    """This project's check."""

    name = "scalar-autograd"
    sin = staticmethod(autograd.sin)

    def check(self, function: Callable[..., Any], point: list[float], order: int = 1) -> str | None:
        """None if it passes, else the operation that it names."""
        report = check_gradients(function, point, order=order)
        if report:
            return None
        return report.fault.operation if report.fault else ""

    def fault(self, fault: Any) -> tuple[Callable[..., Any], list[Any]] | None:
        """The function with the fault."""
        return fault.function, fault.point

    def right(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A right function, with this library's operations."""
        return lambda *x: function(autograd, *x)


class Peer:
    """Another library's check, with the planted faults put in terms of that library."""

    module: Any

    def fault(self, fault: Any) -> tuple[Callable[..., Any], list[Any]] | None:
        """The function with the fault in terms of this library; None if it can't be put so."""
        function = fault.function
        if fault.order > 1 or any(
            name in names_in(function) for name in ("value", "Variable", "detach", "kept", "fsum")
        ):
            return None
        if isinstance(function, Primitive):
            return self.custom(function), fault.point
        used = [function.__globals__.get(name) for name in names_in(function)]
        if any(getattr(known, "beside_constant", None) is not None for known in used):
            return None
        return self.translated(function), fault.point

    def translated(self, function: Any) -> Callable[..., Any]:
        """The same code, with this library's functions and custom operations for what is global in it."""
        names = dict(function.__globals__)
        for name in function.__code__.co_names:
            known = names.get(name)
            if isinstance(known, Primitive):
                names[name] = self.custom(known)
            elif hasattr(autograd, name) and hasattr(self.module, name):
                names[name] = getattr(self.module, name)
        return types.FunctionType(function.__code__, names, function.__name__, None, function.__closure__)

    def right(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A right function, with this library's operations."""
        return lambda *x: function(self.module, *x)

    def custom(self, primitive: Primitive) -> Callable[..., Any]:
        """An operation of this library that is computed as the primitive declares."""
        raise NotImplementedError


class Torch(Peer):
    """torch.autograd.gradcheck, on tensors without axes in double precision."""

    name = "torch"

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self.torch = self.module = torch
        self.sin = torch.sin

    def tensor(self, number: float) -> Any:
        return self.torch.tensor(number, dtype=self.torch.float64, requires_grad=True)

    def check(self, function: Callable[..., Any], point: list[Any], order: int = 1) -> str | None:
        """None if it passes; it never names an operation."""
        tensors = [self.tensor(x) for x in flat(point)]
        passed = self.torch.autograd.gradcheck(arranged(function, point), tensors, raise_exception=False)
        return None if passed else ""

    def custom(self, primitive: Primitive) -> Callable[..., Any]:
        torch = self.torch

        class Custom(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *operands: Any) -> Any:
                numbers = [operand.item() for operand in operands]
                ctx.numbers, ctx.out = numbers, primitive.of_numbers(numbers)
                return torch.tensor(ctx.out, dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, gradient: Any) -> Any:
                return tuple([slope * gradient for slope in primitive.gradients_of_numbers(ctx.numbers, ctx.out)])

        return lambda *operands: Custom.apply(*[torch.as_tensor(x, dtype=torch.float64) for x in operands])


class Jax(Peer):
    """jax.test_util.check_grads in double precision, by reverse mode: custom rules have no other."""

    name = "jax"

    def __init__(self) -> None:
        import jax
        import jax.numpy
        from jax.test_util import check_grads

        jax.config.update("jax_enable_x64", True)
        self.jax = jax
        self.check_grads = check_grads
        functions = {name: getattr(jax.numpy, name) for name in dir(jax.numpy) if not name.startswith("_")}
        self.module = types.SimpleNamespace(**{**functions, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid})
        self.sin = jax.numpy.sin

    def check(self, function: Callable[..., Any], point: list[Any], order: int = 1) -> str | None:
        """None if it passes; it never names an operation."""
        try:
            self.check_grads(arranged(function, point), tuple(flat(point)), order=order, modes=["rev"])
        except AssertionError:
            return ""
        return None

    def custom(self, primitive: Primitive) -> Callable[..., Any]:
        jax = self.jax

        def forward(*operands: Any) -> Any:
            numbers = [float(operand) for operand in operands]
            out = primitive.of_numbers(numbers)
            return jax.numpy.asarray(out), (numbers, out)

        operation = jax.custom_vjp(lambda *operands: forward(*operands)[0])
        operation.defvjp(
            forward,
            lambda kept, gradient: tuple([slope * gradient for slope in primitive.gradients_of_numbers(*kept)]),
        )
        return operation


def names_in(function: Any) -> tuple[str, ...]:
    """The names that the code of a function uses."""
    code = getattr(function, "__code__", None)
    return () if code is None else code.co_names + code.co_freevars


def flat(point: list[Any]) -> list[float]:
    """The numbers of the arguments."""
    return [number for x in point for number in (x if isinstance(x, list) else [x])]


def arranged(function: Callable[..., Any], point: list[Any]) -> Callable[..., Any]:
    """The function of the single numbers."""

    def of_numbers(*numbers: Any) -> Any:
        rest = iter(numbers)
        return function(*[[next(rest) for _ in x] if isinstance(x, list) else next(rest) for x in point])

    return of_numbers


def judge(checker: Any, faults: list[Any]) -> dict[str, Any]:
    """The numbers of faults given to a checker, found and named; the faults missed, the right functions refused."""
    given = found = named = 0
    missed = []
    for fault in faults:
        put = checker.fault(fault)
        if put is None:
            continue
        given += 1
        try:
            blamed = checker.check(*put, order=fault.order)
        except Exception as error:
            print(f"{checker.name} can't run {fault.name!r}: {error!r:.100}", file=sys.stderr)
            given -= 1
            continue
        found += blamed is not None
        named += bool(blamed) and blamed == fault.blamed
        if blamed is None:
            missed.append(fault.name)
    alarms = []
    for name, function, point in RIGHT:
        if checker.check(checker.right(function), point) is not None:
            alarms.append(name)
    return {"given": given, "found": found, "named": named, "missed": missed, "false alarms": alarms}


def chain(sin: Callable[..., Any], operations: int = 1000) -> Callable[..., Any]:
    """A function of any number of inputs with about so many operations."""

    def function(*x: Any) -> Any:
        total = x[0]
        for step in range(operations // 4):
            total = sin(total * 0.9 + x[step % len(x)] * 0.3)
        return total

    return function


def seconds(checker: Any, inputs: int) -> float:
    """The shortest of three checks of a function with 1,000 operations."""
    point = [0.1 + 0.01 * place for place in range(inputs)]
    function = chain(checker.sin)
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        verdict = checker.check(function, point)
        best = min(best, time.perf_counter() - start)
        if verdict is not None:
            raise AssertionError(f"{checker.name} refuses a right function")
    return best


def random_functions(count: int) -> dict[str, int]:
    """The number of each verdict on so many random right functions, half of them near kinks.

    Refusals are false alarms, but for two kinds that are counted apart: at a jump there is no derivative, and where
    kinks meet exactly, subgradients of the operations need not make one of the whole.
    """
    from hypothesis import HealthCheck, Phase, given, seed, settings

    counts = {"passed": 0, "at a jump": 0, "where kinks meet": 0, "false alarms": 0}

    def run(near_kinks: bool) -> None:
        @seed(7)
        @settings(
            max_examples=count // 2, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(expressions(near_kinks=near_kinks))
        def check(expression: Any) -> None:
            report = check_gradients(expression, expression.point)
            exactly = any(kink.margin == 0.0 for kink in report.kinks)
            if report:
                counts["passed"] += 1
            elif not exactly:
                counts["false alarms"] += 1
                print(expression, report, sep="\n", file=sys.stderr)
            elif report.mismatches and report.mismatches[0].comparison.kind == "jump":
                counts["at a jump"] += 1
            else:
                counts["where kinks meet"] += 1

        check()

    run(False)
    run(True)
    return counts


def main() -> None:
    """Print the table, or write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=0, help="number of random right functions to check")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.random:
        print(f"random right functions: {random_functions(arguments.random)}")
    from tests.tables.planted_faults import FAULTS

    kinds = [Ours, *[kind for kind in (Torch, Jax) if importlib.util.find_spec(kind.name)]]
    results = {}
    for kind in kinds:
        checker = kind()
        result = judge(checker, FAULTS)
        result["seconds"] = {str(size): seconds(checker, size) for size in SIZES}
        results[checker.name] = result
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    blamed = sum([bool(fault.blamed) for fault in FAULTS])
    columns = (
        "check",
        "faults found",
        f"of {blamed} operations named",
        f"false alarms on {len(RIGHT)}",
        "1,000 operations",
    )
    print(f"| {' | '.join(columns)} |")
    print("|---|---|---|---|---|")
    for name, result in results.items():
        times = ", ".join([f"{1e3 * time:.0f}" for time in result["seconds"].values()])
        found = f"{result['found']} of {result['given']}"
        print(
            f"| {name} | {found} | {result['named']} | {len(result['false alarms'])} | {times} ms (1, 10, 100 inputs) |"
        )
    for name, result in results.items():
        for what in ("missed", "false alarms"):
            if result[what]:
                print(f"{name}, {what}: {'; '.join(result[what])}")


if __name__ == "__main__":
    main()
