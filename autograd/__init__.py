"""A scalar computational-graph autograd engine: see it, check it, compile it.

>>> from autograd import Variable, exp
>>> x = Variable(2.0, name="x")
>>> y = exp(3 * x) + x ** 2
>>> y.backward()
>>> print(f"{x.grad:.6f}")
1214.286380
"""

from __future__ import annotations

import os as _os
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

if _os.path.exists(_os.path.join(_os.path.dirname(__file__), "tracer.py")):
    raise ImportError(
        "the package `autograd` of scalar-autograd and that of PyPI's `autograd` lie in one directory, "
        f"{_os.path.dirname(__file__)}, and have overwritten each other's files: uninstall both, then install "
        "one of them again; to have both, use two virtual environments"
    )

from autograd import compilation as _compilation  # first of all: decides whether extension modules are loaded
from autograd.arrays import numpy_interop as _numpy_interop  # noqa: F401 - sets its hook: NumPy's functions work on nodes
from autograd.arrays.lookup import take
from autograd.errors import (
    ArgumentError,
    AutogradError,
    DomainError,
    ExportError,
    FrozenValueError,
    GradcheckError,
    NumberError,
    OperandError,
    OutputError,
    StaleGraphError,
    StructureError,
    TraceError,
    UnknownPrimitiveError,
)
from autograd.graph import copying as _copying  # noqa: F401 - sets its hooks: nodes can be copied and pickled
from autograd.graph.locks import check_interpreter_lock as _check_interpreter_lock
from autograd.graph.modes import no_grad, scope, source_lines, strict
from autograd.graph.node import Constant, Node, Variable
from autograd.graph.sweep import backward, gradients, stop_gradient, topological_order, zero_grad
from autograd.operations.functions import *  # noqa: F403 - the names are listed there
from autograd.operations.functions import __all__ as _functions
from autograd.operations.functions import abs as abs
from autograd.operations.functions import max as max
from autograd.operations.functions import min as min
from autograd.operations.functions import pow as pow
from autograd.operations.functions import round as round
from autograd.operations.functions import sum as sum
from autograd.operations.kernel import COMPILED as compiled
from autograd.operations.primitive import Primitive, find_primitive
from autograd.operations.primitives import *  # noqa: F403 - likewise
from autograd.operations.primitives import __all__ as _primitives
from autograd.operations.python_math import *  # noqa: F403 - likewise
from autograd.operations.python_math import __all__ as _python_math
from autograd.other_packages import hint_for as _hint_for
from autograd.other_packages import watch_imports as _watch_imports
from autograd.shadows import watch_shadows as _watch_shadows
from autograd.transforms.containers import register_container
from autograd.transforms.derivatives import (
    grad,
    hessian,
    hessian_sparsity,
    hvp,
    jacfwd,
    jacobian,
    jacobian_sparsity,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)

_check_interpreter_lock()
_compilation.check(_os.path.dirname(__file__), compiled)
_watch_imports("autograd", _hint_for)
_watch_shadows()

if _TYPE_CHECKING:
    from autograd.arrays.node_arrays import array
    from autograd.diagnosis.accuracy import rounding
    from autograd.diagnosis.contributions import paths
    from autograd.diagnosis.explanation import explain
    from autograd.diagnosis.kinks import kinks
    from autograd.diagnosis.replaying import replay
    from autograd.exports.c_source import to_c
    from autograd.exports.jax_function import to_jax
    from autograd.exports.nonlinear import nlp
    from autograd.exports.program_json import from_json, to_json
    from autograd.exports.symbolic import latex, to_sympy
    from autograd.program.callbacks import callback
    from autograd.program.jit import jit
    from autograd.program.llvm.code_cache import cache_machine_code
    from autograd.program.loops.calls import fori_loop, scan, while_loop
    from autograd.program.rows.vmap import vmap
    from autograd.testing.assertions import gradcheck

__version__ = "0.1.0"
__all__ = [
    "ArgumentError", "AutogradError", "Constant", "DomainError", "ExportError", "FrozenValueError", "GradcheckError",
    "Node", "NumberError", "OperandError", "OutputError", "Primitive", "StaleGraphError", "StructureError",
    "TraceError", "UnknownPrimitiveError", "Variable", "array", "backward", "cache_machine_code", "callback",
    "compiled", "explain", "find_primitive", "fori_loop", "from_json", "grad", "gradcheck", "gradients", "hessian",
    "hessian_sparsity", "hvp", "jacfwd", "jacobian", "jacobian_sparsity", "jacrev", "jit", "jvp", "kinks", "latex",
    "linearize", "nlp", "no_grad", "paths", "register_container", "replay", "rounding", "scan", "scope", "source_lines",
    "stop_gradient", "strict", "take", "to_c", "to_jax", "to_json", "to_sympy", "topological_order", "value_and_grad",
    "vjp", "vmap", "while_loop", "zero_grad", *_functions, *_primitives,
    # `from autograd import *` brings no builtin's name, and not `e`, which is many a variable's.
    *[name for name in _python_math if name != "e"],
]  # fmt: skip


# Loaded when asked for: they take half of the start-up time, and programs without them need not wait.
_LATER = {
    "array": "autograd.arrays.node_arrays",
    "cache_machine_code": "autograd.program.llvm.code_cache",
    "callback": "autograd.program.callbacks",
    "explain": "autograd.diagnosis.explanation",
    "fori_loop": "autograd.program.loops.calls",
    "from_json": "autograd.exports.program_json",
    "gradcheck": "autograd.testing.assertions",
    "jit": "autograd.program.jit",
    "kinks": "autograd.diagnosis.kinks",
    "latex": "autograd.exports.symbolic",
    "nlp": "autograd.exports.nonlinear",
    "paths": "autograd.diagnosis.contributions",
    "replay": "autograd.diagnosis.replaying",
    "rounding": "autograd.diagnosis.accuracy",
    "scan": "autograd.program.loops.calls",
    "to_c": "autograd.exports.c_source",
    "to_jax": "autograd.exports.jax_function",
    "to_json": "autograd.exports.program_json",
    "to_sympy": "autograd.exports.symbolic",
    "vmap": "autograd.program.rows.vmap",
    "while_loop": "autograd.program.loops.calls",
}


def __getattr__(name: str) -> _Any:
    if name in _LATER:
        return getattr(_import_module(_LATER[name]), name)
    if name == "implicit":
        return _import_module("autograd.implicit")
    raise AttributeError(f"module 'autograd' has no attribute {name!r}{_hint_for(name)}")
