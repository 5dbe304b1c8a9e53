"""Words of other packages that people look for here, and what is to be written in their place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

__all__ = ["ELSEWHERE", "Elsewhere", "hint_for", "option_error", "watch_imports"]

# Modules of PyPI's `autograd`, which has the same import name.
MODULES = {
    "numpy": "transforms take NumPy's own functions: write `import numpy as np`",
    "scipy": "SciPy's functions of numbers that are differentiable stand in `autograd` itself (erf, lgamma, ...)",
    "extend": "a primitive of your own is declared with `autograd.Primitive`",
    "test_util": "derivatives are checked by `autograd.gradcheck` and `autograd.testing`",
    "builtins": "Python's own list, tuple and dict do",
    "misc": "`autograd.implicit` has fixed points, `layers` optimisers; trees of numbers need no flattening",
    "differential_operators": "`autograd` itself has grad, jacobian, hessian, jvp, vjp and their kin",
    "core": "`node.value` is the number of a node",
    "tracer": "`node.value` is the number of a node",
}
# Names by the package whose users write them; each sentence is put behind "here".
NAMES = {
    "PyPI's autograd": {
        "elementwise_grad": "write jacobian, or vmap(grad(f))",
        "make_vjp": "write vjp(f, *arguments)",
        "make_jvp": "write jvp(f, arguments, tangents)",
        "make_hvp": "write hvp(f, arguments, tangents)",
        "hessian_vector_product": "write hvp(f, arguments, tangents)",
        "grad_and_aux": "write grad(f, has_aux=True)",
        "multigrad_dict": "write grad(f, argnames=(...))",
        **MODULES,
    },
    "micrograd": {
        "Value": "write `from autograd import Variable as Value`",
        "engine": "write `from autograd import Variable as Value`",
    },
    "PyTorch": {
        "tensor": "a number is Variable(2.0), an array of them array([Variable(1.0), ...]); grad(f) takes plain arrays",
        "Tensor": "a number is Variable(2.0), an array of them array([Variable(1.0), ...]); grad(f) takes plain arrays",
        "from_numpy": "transforms take NumPy's own arrays",
        "nn": "layers have a package of their own: from layers import Dense, Sequential",
        "optim": "optimisers stand with the layers: from layers import SGD, Adam",
        "functional": "jacobian, hessian, jvp, vjp and hvp stand in `autograd` itself",
        "func": "grad, jacobian, hessian, jvp, vjp, vmap stand in `autograd` itself",
        "enable_grad": "gradients are on but in `with no_grad():`",
        "set_grad_enabled": "gradients are on but in `with no_grad():`",
        "inference_mode": "write `with no_grad():`",
        "manual_seed": "a seed is given to what draws: Sequential(..., seed=0), fit(..., seed=0)",
        "compile": "write jit(f)",
        "Function": "a rule of your own is declared with Primitive(name, value, gradients)",
        "clamp": "write clip(x, low, high)",
        "matmul": "nodes and arrays of them take `a @ b`, and dot(a, b)",
        "softmax": "write layers.Softmax()(a)",
        "log_softmax": "write layers.LogSoftmax()(a)",
        "gelu": "write layers.GELU()(a)",
        "mse_loss": "write layers.MSELoss()(y_hat, y)",
        "cross_entropy": "write layers.CrossEntropyLoss()(y_hat, y)",
    },
    "NumPy": dict.fromkeys(
        ("zeros", "ones", "randn", "rand", "linspace", "arange", "mean", "eye"),
        "NumPy's own functions do, on arrays of numbers and of nodes",
    ),
    "JAX": {
        "lax": "scan, fori_loop, while_loop and stop_gradient stand in `autograd` itself; `if` is Python's own",
        "random": "NumPy's random numbers are arguments as others are",
        "tree_util": "transforms take nested lists, tuples and dicts as they are; others by register_container",
        "tree_map": "transforms take nested lists, tuples and dicts as they are; others by register_container",
        "custom_vjp": "a rule of your own is declared with Primitive(name, value, gradients)",
        "custom_jvp": "a rule of your own is declared with Primitive(name, value, gradients)",
        "make_jaxpr": "after a call, viz.draw(jit(f)) shows the operations",
        "checkpoint": "loops have it: scan(..., checkpoint=True)",
        "pmap": "vmap(f) shares its rows out among threads",
        "device_put": "everything is computed on the processor",
        "config": "all numbers are doubles, and nothing is to be configured",
        "debug": "print shows a node as it is; f is called once for each path, not for each call",
    },
    "TensorFlow": {
        "GradientTape": "no tape is opened: y.backward() fills in x.grad, and gradients(y, [x]) returns them",
        "constant": "write Constant(2.0), or the number itself",
        "function": "write jit(f)",
    },
    "CasADi": {
        "SX": "there are no symbols: f is a Python function of numbers, and grad(f), jit(f) are functions again",
        "MX": "there are no symbols: f is a Python function of numbers, and grad(f), jit(f) are functions again",
        "DM": "matrices are NumPy's arrays",
        "vertcat": "write numpy.array([...]) or a list",
        "gradient": "write grad(f), a function again",
        "if_else": "write where(condition, a, b), or Python's own `if`",
        "nlpsol": "solvers are SciPy's or IPOPT's: minimize(value_and_grad(f), start, jac=True)",
    },
    "SymPy": {
        "symbols": "there are no symbols: f is a Python function of numbers, and grad(f) is its derivative",
        "Symbol": "there are no symbols: f is a Python function of numbers, and grad(f) is its derivative",
        "diff": "write grad(f), a function again",
        "lambdify": "write jit(f)",
    },
}  # fmt: skip
# Attributes of nodes.
ATTRIBUTES = {
    "item": "write .value",
    "numpy": "write .value",
    "requires_grad": "a Variable wants a gradient, a Constant does not",
    "requires_grad_": "a Variable wants a gradient, a Constant does not",
    "is_leaf": "ask whether .op is None",
    "grad_fn": "the operation is .op, its operands are .parents",
    "retain_grad": "every node keeps its .grad",
    "zero_grad": "write x.grad = 0.0, or zero_grad([x, ...])",
    "assign": "write x.value = 2.0",
    "assign_sub": "write x.value -= 2.0",
    "shape": "a node is one number; NumPy's arrays hold many",
    "clamp": "write clip(x, low, high)",
    "pow": "write x ** 2",
    "cpu": "everything is computed on the processor",
    "cuda": "everything is computed on the processor",
    "to": "everything is computed on the processor, in doubles",
}
# Options of a node's `backward`.
OPTIONS = {
    "retain_graph": "the graph is kept as long as its nodes are",
    "create_graph": "write gradients(y, [x], create_graph=True), which returns them as nodes",
    "inputs": "write gradients(y, [x]), which returns those alone",
}


def option_error(method: str, options: Iterable[str]) -> TypeError:
    """The error for options that a method of nodes has not."""
    name = next(iter(options))
    return TypeError(f"{method} has no option {name!r}" + (f"; here {OPTIONS[name]}" if name in OPTIONS else ""))


def hint_for(name: str) -> str:
    """The word of this package for a name of another one, to be put behind a message; empty if it is not known."""
    for package, names in NAMES.items():
        if name in names:
            return f"; {package} has it, here {names[name]}"
    return ""


class Elsewhere:
    """An attribute that nodes have in other packages: asked for, it is an AttributeError with the word here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any = None) -> NoReturn:
        kind = type(instance) if owner is None else owner
        raise AttributeError(f"{kind.__name__} has no attribute {self.name!r}; here {ATTRIBUTES[self.name]}")


ELSEWHERE = [Elsewhere(name) for name in ATTRIBUTES]


class Finder:
    """Finds no module: it is asked last, for those that are not there, and says what stands in their place."""

    def __init__(self) -> None:
        self.packages: dict[str, Callable[[str], str]] = {}

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """Raise ImportError for a module, or a name to be imported, whose word here is known."""
        package, _, name = fullname.partition(".")
        hint = self.packages[package](name) if package in self.packages else ""
        if hint:
            raise ImportError(f"{fullname} is not in scalar-autograd{hint}", name=fullname)


FINDER = Finder()


def watch_imports(package: str, hint: Callable[[str], str]) -> None:
    """Let imports of what a package has not say what stands in its place, if `hint` knows: "; here ..."."""
    FINDER.packages[package] = hint
    if FINDER not in sys.meta_path:
        sys.meta_path.append(FINDER)
