"""The engines that compile: each makes of a program a call that gives its value and derivatives.

`build(program)` gives a function without arguments, or None if the engine is not for this program. All arrays are at
hand before, as each engine wants them, so that nobody pays for conversion; results are those of the engine, and
`numbers` makes one array of them.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.metadata
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from benchmarks import derivative_peers
from benchmarks.compiled_programs import Program
from benchmarks.engines import XadTape

Call = Callable[[], Any]
# CasADi takes half a minute to lay out a map over 65,536 rows.
MOST_MAPPED = 32_000


def numbers(result: Any) -> Any:
    """All numbers of a result in one array, those of tuples one after the other."""
    parts = result if isinstance(result, tuple | list) else [result]
    return numpy.concatenate([numpy.ravel(numpy.asarray(part, dtype=float)) for part in parts])


class Ours(derivative_peers.Ours):
    """This project, by one tier; `bound`: one point alone, the arrays of arguments and results in place."""

    def __init__(self, tier: str, bound: bool = False) -> None:
        super().__init__()
        self.name = f"ours, {tier}{' bound' if bound else ''}"
        self.tier = tier
        self.bound = bound
        autograd = self.autograd
        self.relu, self.tanh, self.logsumexp = autograd.relu, autograd.tanh, autograd.logsumexp
        self.number = float

    def build(self, program: Program) -> Call | None:
        if self.bound and program.axes is not None:
            return None
        autograd = self.autograd
        function = program.spellings["numbers"]
        transforms = {"value_and_gradient": autograd.value_and_grad, "jacobian": autograd.jacobian}

        def derivative(*arguments: Any) -> Any:
            return function(self, *arguments)

        if program.derivative != "value":
            derivative = transforms[program.derivative](derivative)
        if program.axes is not None:
            derivative = autograd.vmap(derivative, program.axes, "sum" if program.summed else None)
        call, arguments = autograd.jit(derivative, tier=self.tier), program.arguments
        return call.bind(*arguments) if self.bound else lambda: call(*arguments)


class Jax(derivative_peers.JaxJit):
    """JAX's jit in float64; on arrays, as its users write them, where that is not slower."""

    name = "JAX"

    def __init__(self) -> None:
        super().__init__()
        jax = self.jax
        self.relu, self.tanh, self.logsumexp = jax.nn.relu, jax.numpy.tanh, jax.nn.logsumexp
        self.number = jax.numpy.float64

    def build(self, program: Program) -> Call:
        jax = self.jax
        function = program.spellings["arrays"]
        transform = jax.value_and_grad if program.derivative == "value_and_gradient" else lambda function: function
        if program.derivative == "jacobian":
            # Whichever takes fewer sweeps, as ours does.
            row = [arg if program.axes is None else arg[0] for arg in program.arguments]
            outputs = jax.eval_shape(lambda *arguments: function(self, *arguments), *row).size
            transform = jax.jacfwd if row[0].size <= outputs else jax.jacrev
        if program.summed:
            assert program.axes is not None
            rows = jax.vmap(lambda *arguments: function(self, *arguments), program.axes)
            derivative = transform(lambda *arguments: jax.numpy.sum(rows(*arguments)))
        else:
            derivative = transform(lambda *arguments: function(self, *arguments))
            derivative = derivative if program.axes is None else jax.vmap(derivative, program.axes)
        call = jax.jit(derivative)
        arguments = [jax.numpy.asarray(argument) for argument in program.arguments]
        return lambda: jax.block_until_ready(call(*arguments))


class Casadi(derivative_peers.Casadi):
    """CasADi's virtual machine, called by buffers, one row after the other inside."""

    name = "CasADi"

    def __init__(self) -> None:
        super().__init__()
        casadi = self.casadi
        self.relu, self.tanh = lambda x: casadi.fmax(x, 0), casadi.tanh
        self.logsumexp = lambda terms: casadi.logsumexp(casadi.vertcat(*terms))
        self.number = float

    def build(self, program: Program) -> Call | None:
        casadi = self.casadi
        rows = program.rows
        if rows > MOST_MAPPED:
            return None
        axes = program.axes or (None,) * len(program.arguments)
        points = [
            numpy.atleast_1d(argument if axis is None else argument[0])
            for argument, axis in zip(program.arguments, axes, strict=True)
        ]
        symbols = [casadi.SX.sym(f"x{place}", len(point)) for place, point in enumerate(points)]
        value = program.spellings["numbers"](self, *symbols)
        if program.derivative == "jacobian":
            # Transposed, for its matrices have the columns one after the other.
            results = [casadi.densify(casadi.jacobian(value, symbols[0])).T]
        elif program.derivative == "value":
            results = [casadi.densify(value)]
        else:
            results = [value, casadi.densify(casadi.gradient(value, symbols[0]))]
        function = casadi.Function("f", symbols, results)
        if program.axes is not None:
            fixed = [place for place, axis in enumerate(axes) if axis is None]
            summed = list(range(len(results))) if program.summed else []
            function = function.map("rows", "serial", rows, fixed, summed)
        buffer, run = function.buffer()
        arrays = [numpy.ascontiguousarray(argument, dtype=float) for argument in program.arguments]
        found = [numpy.zeros(result.numel() * (1 if program.summed else rows)) for result in results]
        for place, array in enumerate(arrays):
            buffer.set_arg(place, memoryview(array.reshape(-1)))
        for place, array in enumerate(found):
            buffer.set_res(place, memoryview(array))

        def evaluated(*kept: Any) -> Any:
            run()
            return found

        # The buffer has no more than the addresses of the arrays.
        return functools.partial(evaluated, buffer, arrays)


class Xad(XadTape, derivative_peers.Engine):
    """XAD's tape, recorded anew in each call, for one point."""

    def __init__(self) -> None:
        super().__init__()
        self.total = sum
        self.number = float
        self.array = lambda values: numpy.array(values, dtype=object)
        self.stack, self.concatenate = self.array, numpy.concatenate

    def build(self, program: Program) -> Call | None:
        if program.axes is not None:
            return None
        function, tape = program.spellings["numbers"], self.tape
        point, *others = program.arguments
        others = [other.tolist() if numpy.ndim(other) else other for other in others]

        def value() -> Any:
            outputs = function(self, self.array([self.adjoint.Real(x) for x in point.tolist()]), *others)
            return [output.value for output in numpy.ravel(outputs)]

        def derivatives() -> Any:
            tape.clearAll()
            tape.activate()
            inputs = [self.adjoint.Real(x) for x in point.tolist()]
            tape.registerInputs(inputs)
            tape.newRecording()
            outputs = numpy.ravel(function(self, self.array(inputs), *others))
            found = []
            for output in outputs:
                tape.registerOutput(output)
                tape.clearDerivatives()
                output.derivative = 1.0
                tape.computeAdjoints()
                found.append([x.derivative for x in inputs])
            tape.deactivate()
            return found if program.derivative == "jacobian" else (outputs[0].value, found[0])

        return value if program.derivative == "value" else derivatives


class Heyoka(derivative_peers.Engine):
    """heyoka's compiled functions, for one point."""

    name = distribution = "heyoka"

    def __init__(self) -> None:
        heyoka: Any = importlib.import_module("heyoka")
        self.heyoka = heyoka
        self.relu, self.tanh, self.sqrt = heyoka.relu, heyoka.tanh, heyoka.sqrt
        self.sin, self.cos, self.exp, self.log, self.erf = heyoka.sin, heyoka.cos, heyoka.exp, heyoka.log, heyoka.erf
        self.total = heyoka.sum
        self.number = float
        self.array = lambda values: values
        self.concatenate = numpy.concatenate

    def build(self, program: Program) -> Call | None:
        if program.axes is not None or not program.for_heyoka or program.derivative == "value":
            return None
        heyoka = self.heyoka
        symbols: list[Any] = []
        arguments: list[Any] = []
        for place, point in enumerate(program.arguments):
            names = [f"x{place}_{entry:04d}" for entry in range(numpy.size(point))]
            mine = [heyoka.expression(name) for name in names]
            symbols.append(mine)
            arguments.append(mine if numpy.ndim(point) else mine[0])
        value = program.spellings["numbers"](self, *arguments)
        outputs = list(value) if program.derivative == "jacobian" else [value]
        outputs = [heyoka.expression(output) if isinstance(output, float) else output for output in outputs]
        derivatives = heyoka.diff_tensors(outputs, diff_args=symbols[0])
        if program.derivative == "jacobian":
            wanted = list(derivatives.jacobian.ravel())
        else:
            wanted = [*outputs, *derivatives.gradient]
        call = heyoka.cfunc(wanted, vars=[symbol for mine in symbols for symbol in mine])
        inputs = numpy.concatenate([numpy.ravel(point) for point in program.arguments]).astype(float)
        found = numpy.zeros(len(wanted))
        return lambda: call(inputs, outputs=found)


class C:
    """The network in C, compiled by gcc for this processor; `form` is "plain" or "in_lanes"."""

    def __init__(self, form: str) -> None:
        compiler = shutil.which("gcc")
        if compiler is None:
            raise ImportError("there is no gcc here")
        self.form = form
        self.name = "C" if form == "in_lanes" else "C, plain"
        # Kept as long as the library is loaded.
        self.directory = tempfile.TemporaryDirectory()
        library = Path(self.directory.name) / "network.so"
        source = Path(__file__).with_name("network.c")
        options = ["-O3", "-march=native", "-Wno-psabi", "-shared", "-fPIC"]
        subprocess.run([compiler, *options, source, "-o", library], check=True)
        self.function = getattr(ctypes.CDLL(str(library)), f"network_{form}")
        self.function.restype = ctypes.c_double
        self.function.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_long, ctypes.c_void_p]

    @staticmethod
    def version() -> str:
        return subprocess.run(["gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout.strip()

    def build(self, program: Program) -> Call | None:
        if not program.in_c or program.derivative == "value":
            return None
        p, x, y = [numpy.ascontiguousarray(argument) for argument in program.arguments]
        gradient = numpy.zeros(len(p))

        def call() -> Any:
            value = self.function(p.ctypes.data, x.ctypes.data, y.ctypes.data, len(x), gradient.ctypes.data)
            return value, gradient

        return call
