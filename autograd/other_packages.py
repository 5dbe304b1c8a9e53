"""Words of other packages that people look for here, and what is to be written in their place."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

__all__ = [
    "COMPILED_ATTRIBUTES",
    "DISTRIBUTIONS",
    "ELSEWHERE",
    "ELSEWHERE_COMPILED",
    "FORMULAS",
    "Elsewhere",
    "answers_options",
    "hint_for",
    "option_error",
    "watch_imports",
]

Function = TypeVar("Function", bound=Callable[..., Any])

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
NO_SYMBOLS = "there are no symbols: f is a Python function of numbers, and grad(f), jit(f) are functions again"
BRANCHES = "write where(condition, a, b), or Python's own `if`"
# What has the same name in `layers`.
LAYERS = ("Adam", "SGD", "Dense", "Sequential", "Dropout", "ReLU", "Softmax", "MSELoss", "CrossEntropyLoss")
ACTIVATIONS = {
    "gelu": "write layers.GELU()(x)",
    **dict.fromkeys(("silu", "swish"), "write layers.SiLU()(x)"),
    "elu": "write layers.ELU()(x)",
    "leaky_relu": "write layers.LeakyReLU(0.01)(x)",
}
# Functions of SciPy's numbers that are no primitives, as formulas of functions that are.
FORMULAS = {
    "ndtr": "0.5 * erfc(-x / sqrt(2.0))",
    "log_ndtr": "log(0.5 * erfc(-x / sqrt(2.0)))",
    "logit": "log(x) - log1p(-x)",
    "log_expit": "-softplus(-x)",
    "xlog1py": "x * log1p(y)",
    "entr": "-xlogy(x, x)",
    "rel_entr": "xlogy(x, x) - xlogy(x, y)",
    "exp10": "10.0 ** x",
    "betaln": "lgamma(x) + lgamma(y) - lgamma(x + y)",
    "beta": "exp(lgamma(x) + lgamma(y) - lgamma(x + y))",
    "huber": "where(abs(y) < x, 0.5 * y * y, x * (abs(y) - 0.5 * x))",
    "loggamma": "lgamma(x)",
}
DISTRIBUTIONS = (
    "SciPy's distributions take plain numbers; as formulas, norm.cdf(x) is 0.5 * erfc(-x / sqrt(2.0)), norm.pdf(x) is "
    "exp(-0.5 * x * x) / sqrt(2.0 * pi), an inverse is that of autograd.implicit.root"
)
TREES = "transforms take nested lists, tuples and dicts as they are; others by register_container"
# Names by the package whose users write them; each sentence is put behind "here".
NAMES = {
    "many a tutorial": {
        **dict.fromkeys(("Var", "variable", "Scalar", "Number"), "write `from autograd import Variable`"),
        **dict.fromkeys(
            ("Tape", "tape", "Graph"), "the graph is its nodes: y.parents, topological_order(y), viz.draw(y)"
        ),
        **dict.fromkeys(("derivative", "differentiate", "deriv", "D", "nabla"), "write grad(f), a function again"),
        "Dual": "derivatives forward are jvp(f, arguments, tangents)",
        "Op": "an operation is a Primitive",
        "trace": "write topological_order(y), or viz.draw(y)",
        "layers": "layers have a package of their own: from layers import Dense, Sequential",
        "optimizers": "optimisers stand with the layers: from layers import SGD, Adam",
        "losses": "losses stand with the layers: from layers import MSELoss",
        "value": "write x.value",
    },
    "PyPI's autograd": {
        "elementwise_grad": "write jacobian, or vmap(grad(f))",
        "make_vjp": "write vjp(f, *arguments)",
        "make_jvp": "write jvp(f, arguments, tangents)",
        "make_hvp": "write hvp(f, arguments, tangents)",
        "hessian_vector_product": "write hvp(f, arguments, tangents)",
        "grad_and_aux": "write grad(f, has_aux=True)",
        "holomorphic_grad": "all numbers are doubles",
        "make_jvp_reversemode": "write jvp(f, arguments, tangents)",
        "hessian_tensor_product": "write hvp(f, arguments, tangents)",
        "tensor_jacobian_product": "write vjp(f, *arguments)",
        "multigrad_dict": "write grad(f, argnames=(...))",
        **MODULES,
    },
    "micrograd": {
        "Value": "write `from autograd import Variable as Value`",
        "engine": "write `from autograd import Variable as Value`",
        **dict.fromkeys(("draw_dot", "draw", "viz"), "pictures have a package of their own: from viz import draw"),
        "MLP": "write layers.Network(Dense(2, 16, \"tanh\"), Dense(16, 1), loss=\"mse\")",
        "Neuron": "write `from layers import Neuron`",
        "Layer": "write `from layers import Layer, Dense`",
    },
    "Python": {
        "math": "write `import autograd as math`, which has its names",
    },
    "PyTorch": {
        "tensor": "a number is Variable(2.0), an array of them array([Variable(1.0), ...]); grad(f) takes plain arrays",
        "Tensor": "a number is Variable(2.0), an array of them array([Variable(1.0), ...]); grad(f) takes plain arrays",
        "from_numpy": "transforms take NumPy's own arrays",
        "nn": (
            "layers have a package of their own: from layers import Dense, Sequential; relu, sigmoid, softplus stand "
            "in `autograd` itself"
        ),
        **{name: f"layers have a package of their own: from layers import {name}" for name in LAYERS},
        "Linear": "layers have a package of their own: from layers import Dense",
        "Module": "layers have a package of their own: from layers import Layer",
        "optim": "optimisers stand with the layers: from layers import SGD, Adam",
        "detach": "write x.detach(), or stop_gradient(x)",
        "one_hot": "losses take the numbers or the names of classes as they are",
        "functional": "jacobian, hessian, jvp, vjp and hvp stand in `autograd` itself",
        "func": "grad, jacobian, hessian, jvp, vjp, vmap stand in `autograd` itself",
        "enable_grad": "gradients are on but in `with no_grad():`",
        "set_grad_enabled": "gradients are on but in `with no_grad():`",
        "inference_mode": "write `with no_grad():`",
        "manual_seed": "a seed is given to what draws: Sequential(..., seed=0), fit(..., seed=0)",
        "compile": "write jit(f)",
        "Function": "functions are Python's, compiled by jit(f); a rule of your own is a Primitive",
        "clamp": "write clip(x, low, high)",
        "softmax": "write layers.Softmax()(a)",
        "log_softmax": "write layers.LogSoftmax()(a)",
        **ACTIVATIONS,
        "mse_loss": "write layers.MSELoss()(y_hat, y)",
        "cross_entropy": "write layers.CrossEntropyLoss()(y_hat, y)",
        "Parameter": "a number that is learned is a Variable, an array of them layers.Parameter",
        "cat": "write numpy.concatenate, on arrays of numbers and of nodes",
        "is_grad_enabled": "gradients are on but in `with no_grad():`",
        "detect_anomaly": "write `with strict():`, which stops at the operation",
        "set_detect_anomaly": "write `with strict():`, which stops at the operation",
        "profiler": "Python's own profilers do",
        "autograd": "gradients(y, [x]), jacobian, hessian and gradcheck stand in `autograd` itself",
        "utils": "fit(X, y, batch_size=32) takes arrays; weights are written by model.save(path)",
        "onnx": "functions leave as C, JAX, SymPy or JSON: to_c, to_jax, to_sympy, to_json",
        "is_tensor": "write isinstance(x, Node)",
        "numel": "write numpy.size(a)",
        **dict.fromkeys(("mm", "bmm"), "write a @ b"),
        "unsqueeze": "write a[None], or numpy.expand_dims(a, axis)",
        "topk": "write numpy.sort(a)",
        "seed": "a seed is given to what draws: Sequential(..., seed=0), fit(..., seed=0)",
        "set_num_threads": "vmap(f) shares its rows out among threads",
        **dict.fromkeys(("distributions", "bernoulli", "multinomial", "normal"),
                        "NumPy's random numbers are arguments as others are"),
        **dict.fromkeys(("fft", "complex64", "complex128"), "numbers are real; JAX differentiates complex ones"),
        "special": "erf, lgamma, digamma and their kin stand in `autograd` itself",
        "linalg": "NumPy's own numpy.linalg does, on arrays of nodes made by `array`",
        "version": "write autograd.__version__",
        "save": "weights are written by model.save(path), compiled functions by to_json, nodes by pickle",
        "load": "weights are read by model.load(path), compiled functions by from_json, nodes by pickle",
        "make_dot": "write viz.draw(y)",
        **dict.fromkeys(("cuda", "backends", "device"), "everything is computed on the processor"),
        **dict.fromkeys(
            ("float32", "float64", "double", "int64", "long", "bool", "dtype", "set_default_dtype",
             "get_default_dtype"),
            "all numbers are doubles",
        ),
    },
    "NumPy": dict.fromkeys(
        ("zeros", "ones", "randn", "rand", "linspace", "arange", "mean", "eye", "einsum", "outer", "matmul", "stack",
         "concatenate", "zeros_like", "ones_like", "full", "argmax", "empty", "flatten", "sort", "cumsum", "var", "std",
         "transpose", "reshape", "squeeze", "allclose", "shape"),
        "NumPy's own functions do, on arrays of numbers and of nodes",
    ),
    "JAX": {
        "lax": "scan, fori_loop, while_loop and stop_gradient stand in `autograd` itself; `if` is Python's own",
        "random": "NumPy's random numbers are arguments as others are",
        **dict.fromkeys(("tree_util", "tree_map", "tree_leaves", "tree_flatten", "tree"), TREES),
        "custom_vjp": "a rule of your own is declared with Primitive(name, value, gradients)",
        "custom_jvp": "a rule of your own is declared with Primitive(name, value, gradients)",
        "make_jaxpr": "after a call, viz.draw(jit(f)) shows the operations",
        "checkpoint": "loops have it: scan(..., checkpoint=True)",
        "pmap": "vmap(f) shares its rows out among threads",
        **dict.fromkeys(("device_put", "device_get", "devices", "default_backend", "block_until_ready"),
                        "everything is computed on the processor, at once"),
        "remat": "loops have it: scan(..., checkpoint=True)",
        "pure_callback": "write callback(f)",
        "disable_jit": "call f itself in place of jit(f)",
        "Array": "arrays are NumPy's",
        "eval_shape": "shapes are those of NumPy's arrays",
        "experimental": "sparse matrices are hessian(f, sparse=True), jacobian(f, sparse=True)",
        **dict.fromkeys(("cond", "switch"), BRANCHES),
        "config": "all numbers are doubles, and nothing is to be configured",
        "jnp": "transforms take NumPy's own functions: write `import numpy as np`",
        "debug": "print shows a node as it is; f is called once for each path, not for each call",
    },
    "TensorFlow": {
        "GradientTape": "no tape is opened: y.backward() fills in x.grad, and gradients(y, [x]) returns them",
        "constant": "write Constant(2.0), or the number itself",
        "function": "write jit(f)",
        "reduce_mean": "write numpy.mean(a)",
        "reduce_sum": "write sum(a), or numpy.sum(a, axis)",
        "concat": "write numpy.concatenate, on arrays of numbers and of nodes",
        "convert_to_tensor": "a number is Variable(2.0); transforms take NumPy's own arrays",
        "cast": "all numbers are doubles",
        "reduce_max": "write numpy.max(a)",
        "clip_by_value": "write clip(x, low, high)",
        **dict.fromkeys(("add", "sub", "subtract", "mul", "multiply", "div", "divide", "neg"),
                        "write x + y, x - y, x * y, x / y, -x"),
        "custom_gradient": "a rule of your own is declared with Primitive(name, value, gradients)",
        "hessians": "write hessian(f), a function again",
        "keras": "layers have a package of their own: from layers import Dense, Sequential",
    },
    "CasADi": {
        **dict.fromkeys(("SX", "MX"), NO_SYMBOLS),
        "DM": "matrices are NumPy's arrays",
        **dict.fromkeys(("vertcat", "horzcat"), "write numpy.array([...]) or a list"),
        "gradient": "write grad(f), a function again",
        "if_else": BRANCHES,
        **dict.fromkeys(
            ("nlpsol", "Opti"), "solvers are SciPy's or IPOPT's: minimize(value_and_grad(f), start, jac=True)"
        ),
        "mtimes": "write a @ b",
        "sumsqr": "write dot(a, a)",
        "fmax": "write maximum(x, y)",
        "fmin": "write minimum(x, y)",
        "rootfinder": "write implicit.root(f)",
        "jtimes": "write jvp(f, arguments, tangents)",
        "substitute": "f is a Python function: call it with other numbers",
        "integrator": "write the steps as a loop: scan(step, state, times)",
    },
    "SciPy": {
        **{name: f"write {formula}" for name, formula in FORMULAS.items()},
        **dict.fromkeys(("minimize", "optimize", "least_squares"),
                        "the solvers are SciPy's: minimize(value_and_grad(f), start, jac=True)"),
        **dict.fromkeys(("fsolve", "brentq", "newton"), "write implicit.root(f)"),
        **dict.fromkeys(("odeint", "solve_ivp"), "write the steps as a loop: scan(step, state, times)"),
        **dict.fromkeys(("quad", "trapezoid"),
                        "write the sum: dot(weights, [f(x) for x in points]), of numpy.polynomial.legendre.leggauss"),
        "norm_cdf": "write 0.5 * erfc(-x / sqrt(2.0))",
    },
    "SymPy": {
        **dict.fromkeys(
            ("symbols", "Symbol", "sympify", "simplify", "expand", "factor", "solve", "integrate", "series", "limit",
             "pprint", "init_printing"),
            NO_SYMBOLS,
        ),
        "Derivative": "write grad(f), a function again",
        "Piecewise": BRANCHES,
        "Matrix": "matrices are NumPy's arrays",
        "Rational": "all numbers are doubles",
        "oo": "write inf",
        "E": "write e",
        "diff": "write grad(f), a function again",
        "lambdify": "write jit(f)",
        "Eq": "a solution of an equation is implicit.root(f); a condition is Python's own ==",
        "Heaviside": "write where(x > 0.0, 1.0, 0.0)",
    },
}  # fmt: skip
# Attributes of nodes. Of functions of one number those that have a method's name elsewhere, and here stand before it:
BEFORE = ("acos", "acosh", "asin", "asinh", "atan", "atanh", "round", "gamma", "isnan", "isinf", "isfinite")
ONE_NUMBER = "a node is one number; NumPy's arrays hold many"
ATTRIBUTES = {
    "item": "write .value",
    "numpy": "write .value",
    "requires_grad": "a Variable wants a gradient, a Constant does not",
    "requires_grad_": "a Variable wants a gradient, a Constant does not",
    "is_leaf": "ask whether .op is None",
    "grad_fn": "the operation is .op, its operands are .parents",
    "retain_grad": "every node keeps its .grad",
    "zero_grad": "write x.grad = 0.0, or zero_grad([x, ...])",
    **dict.fromkeys(("assign", "set", "set_value", "fill", "update"), "write x.value = 2.0"),
    "assign_sub": "write x.value -= 2.0",
    "shape": ONE_NUMBER,
    "clamp": "write clip(x, low, high)",
    "pow": "write x ** 2",
    "cpu": "everything is computed on the processor",
    "cuda": "everything is computed on the processor",
    "to": "everything is computed on the processor, in doubles",
    **dict.fromkeys(("device", "is_cuda"), "everything is computed on the processor"),
    **dict.fromkeys(("dtype", "type", "astype", "double", "float", "half", "bfloat16"), "all numbers are doubles"),
    **dict.fromkeys(
        ("numel", "size", "dim", "ndim", "T", "view", "reshape", "flatten", "squeeze", "unsqueeze", "mean", "sum"),
        ONE_NUMBER,
    ),
    **dict.fromkeys(("tolist", "val", "read_value", "primal"), "write .value"),
    **dict.fromkeys(("zero_", "fill_", "copy_", "uniform_", "normal_"), "write x.value = 0.0"),
    **dict.fromkeys(("add_", "sub_", "mul_", "div_", "assign_add"), "write x.value += 2.0"),
    **dict.fromkeys(("clone", "copy"), "write x itself, or Variable(x.value) for a new leaf"),
    "detach_": "write x = x.detach()",
    "trainable": "a Variable wants a gradient, a Constant does not",
    "register_hook": "nothing is called in a sweep; after it, every node has its .grad",
    **dict.fromkeys(("prev", "children", "_children", "inputs"), "its operands are .parents"),
    **dict.fromkeys(("gradient", "derivative", "diff"), "write x.grad after y.backward(), or gradients(y, [x])"),
    **dict.fromkeys(("jacobian", "tangent"), "write jacobian(f), or jvp(f, arguments, tangents)"),
    **dict.fromkeys(("eval", "evaluate", "compute", "forward"), "each node has its .value at once"),
    **dict.fromkeys(("backprop", "backwards"), "write y.backward()"),
    **dict.fromkeys(("draw", "plot", "show", "graph", "visualize"), "write viz.draw(y)"),
    "add": "write x + y",
    "sub": "write x - y",
    "mul": "write x * y",
    "div": "write x / y",
    "neg": "write -x",
    "abs": "write abs(x)",
    "max": "write maximum(x, y)",
    "min": "write minimum(x, y)",
    "clip": "write clip(x, low, high)",
    "matmul": "write x * y; arrays of nodes take a @ b",
    "softmax": "write layers.Softmax()(a), on an array",
    **{name: f"write {name}(x)" for name in BEFORE},
    "eq": "write x == y",
    "gt": "write x > y",
    "lt": "write x < y",
    "ge": "write x >= y",
    "le": "write x <= y",
    "ne": "write x != y",
    "rsqrt": "write 1.0 / sqrt(x)",
    "masked_fill": "write where(x > y, x, y)",
    **dict.fromkeys(("int", "long"), "write int(x.value)"),
    "bool": "write x != 0.0",
    **dict.fromkeys(
        ("dot", "norm", "std", "var", "prod", "any", "all", "argmax", "expand", "repeat", "gather", "contiguous",
         "permute", "transpose", "ravel", "nelement"),
        ONE_NUMBER,
    ),
    "clamp_": "write x.value = 0.0",
    **dict.fromkeys(("wrt", "partial"), "write gradients(y, [x])"),
    **dict.fromkeys(("subs", "simplify", "evalf", "run"), "each node has its .value at once"),
    "dual": "write jvp(f, arguments, tangents)",
    "print_graph": "write print(viz.draw(y).text())",
    "topo_sort": "write topological_order(y)",
    **ACTIVATIONS,
    **dict.fromkeys(("adjoint", "der"), "write x.grad, after y.backward()"),
    **dict.fromkeys(("mm", "bmm", "mv"), "write x * y; arrays of nodes take a @ b"),
    "block_until_ready": "each node has its .value at once",
    "at": "write x.value = 2.0",
}  # fmt: skip
# Attributes of compiled functions.
PROGRAMS = "print(f.paths[0].program) lists the operations of a path, viz.draw(f) shows them all"
COMPILED_ATTRIBUTES = {
    **dict.fromkeys(("lower", "trace", "graph", "code", "jaxpr"), PROGRAMS),
    **dict.fromkeys(("clear_cache", "cache_clear"), "write jit(f.__wrapped__), which has recorded nothing yet"),
    "eval_shape": "shapes are those of NumPy's arrays",
    "py_func": "write f.__wrapped__",
}
# Attributes of drawings.
DRAWING_ATTRIBUTES = {
    **dict.fromkeys(("render", "write", "write_png", "write_svg", "write_pdf", "to_png", "savefig", "to_file"),
                    "write .save(\"graph.png\"), or .svg, .pdf"),
    **dict.fromkeys(("show", "display", "plot"),
                    "a notebook shows it by itself; else .save(\"graph.html\") is a page for a browser"),
    "pipe": "write .svg() or .png()",
    "pdf": 'write .save("graph.pdf")',
    **dict.fromkeys(("tex", "latex"), "write .tikz()"),
    **dict.fromkeys(("step", "steps"), "write .frames(), which has a picture of each"),
    **dict.fromkeys(("node", "edge", "attr", "graph_attr"), "its text is .dot, for any program that reads it"),
}  # fmt: skip
# Attributes of arrays of nodes, beside those of NumPy's arrays. Functions of numbers apply to each element.
ARRAY_ATTRIBUTES = {
    "backward": "one number is swept from: write a.sum().backward(), or jacobian(f)",
    "grad": "each element has it: [x.grad for x in a.flat]; grad(f) gives arrays of numbers",
    **dict.fromkeys(("value", "values", "numpy"), "each element has it: [x.value for x in a.flat]"),
    "detach": "each element has it: array([x.detach() for x in a.flat])",
    "zero_grad": "write zero_grad(a.flat)",
    **dict.fromkeys(("requires_grad", "requires_grad_"), "a Variable wants a gradient, a Constant does not"),
    **dict.fromkeys(
        ("cpu", "cuda", "to", "type", "float", "double", "half"), "all numbers are doubles, on the processor"
    ),
    **dict.fromkeys(("int", "long"), "each element has it: [int(x.value) for x in a.flat]"),
    "bool": "write a != 0.0",
    "numel": "write a.size",
    "dim": "write a.ndim",
    "unsqueeze": "write a[None], or numpy.expand_dims(a, axis)",
    "permute": "write a.transpose(axes)",
    "t": "write a.T",
    "clone": "write a.copy()",
    **dict.fromkeys(("mm", "bmm", "matmul"), "write a @ b"),
    **dict.fromkeys(("add", "sub", "mul", "div"), "write a + b, a - b, a * b, a / b"),
    "pow": "write a ** 2",
    "abs": "write abs(a)",
    "norm": "write norm(a)",
    "clamp": "write clip(a, low, high)",
    "softmax": "write layers.Softmax()(a)",
    **dict.fromkeys(("zero_", "fill_", "copy_"), "write a[:] = values for other elements, or x.value = 0.0 for each"),
    "at": "elements are set in place: a[0] = 2.0",
    "apply": "write f(a): functions of autograd apply to each element",
    **dict.fromkeys(
        ("exp", "log", "sqrt", "square", "sin", "cos", "tanh", "sigmoid", "relu"),
        "functions stand before their array: exp(a), relu(a)",
    ),
}  # fmt: skip
# Options of a `Variable`, of a node's `backward`, of transforms and of `viz.draw`.
SAVED = 'pictures are written by draw(y).save("graph.svg"), or .png, .pdf'
SIZES = "a size is given to what is made of it: draw(y).png(dpi=300), .png(width=1200), .svg(scale=2)"
OPTIONS = {
    "in_dims": "write in_axes",
    "out_dims": "write out_axes",
    "chunk_size": "rows are shared out by vmap itself",
    **dict.fromkeys(("axis_name", "axis_size", "randomness", "spmd_axis_name"), "rows know nothing of each other"),
    **dict.fromkeys(("argnum", "wrt"), 'write argnums=0, or argnames="x"'),
    **dict.fromkeys(("allow_int", "holomorphic"), "all numbers are doubles"),
    **dict.fromkeys(("vectorize", "strategy"), "the sweeps go forward or backward, whichever are fewer"),
    **dict.fromkeys(("format", "filename", "directory", "outfile", "to_file", "path", "save"), SAVED),
    "rankdir": 'write direction="TB", or "LR"',
    **dict.fromkeys(("dpi", "scale", "size", "width", "height", "figsize", "font_size", "fontsize"), SIZES),
    **dict.fromkeys(("color", "colors", "colour", "colours", "cmap"), 'write color_by="gradient", or "value"'),
    **dict.fromkeys(("open", "unfold", "expanded"), 'write expand="all"'),
    "dark": 'write theme="dark"',
    "view": 'a notebook shows a drawing; else draw(y).save("graph.html") is a page for a browser',
    **dict.fromkeys(("dtype", "device"), "all numbers are doubles, on the processor"),
    "trainable": "a Variable wants a gradient, a Constant does not",
    **dict.fromkeys(("data", "initial_value"), "the value stands first: write Variable(2.0)"),
    **dict.fromkeys(("_children", "_op"), "a Variable is a leaf: what operators give knows its operands, as x.parents"),
    "shape": ONE_NUMBER,
    "dim": "write axis=0",
    "keepdim": "write keepdims=True",
    "params": 'nodes have names: Variable(2.0, name="w")',
    "retain_graph": "the graph is kept as long as its nodes are",
    "create_graph": "write gradients(y, [x], create_graph=True), which returns them as nodes",
    "inputs": "write gradients(y, [x]), which returns those alone",
    **dict.fromkeys(
        ("outputs", "grad_outputs"), "write gradients(y, [x]), derivatives of nodes; grad(f) is of a function"
    ),
    "allow_unused": "the derivative in what a node does not depend on is 0",
    "has_aux": "write hessian(lambda x: f(x)[0])",
    **dict.fromkeys(
        ("static_argnums", "static_argnames"),
        "whole numbers, flags, texts, functions and None among the arguments are static, each recorded for itself; "
        "close over a float that is to be static (functools.partial)",
    ),
    **dict.fromkeys(
        ("donate_argnums", "donate_argnames"),
        "no argument is ever written to; bind() calls a function without copies",
    ),
    **dict.fromkeys(("backend", "fullgraph", "dynamic", "nopython", "mode"), 'write jit(f, tier="vm"), or "llvm"'),
}


def option_error(function: str, option: str, known: Sequence[str] = ()) -> TypeError:
    """The error for an option that a function has not: the word here, or else the options that it has."""
    said = f"here {OPTIONS[option]}" if option in OPTIONS else f"it has {', '.join(known)}"
    return TypeError(f"{function} has no option {option!r:.60}; {said}")


def answers_options(function: Function) -> Function:
    """The function, with `option_error` for an option that it has not.

    A `**unknown` of its own would stand in its signature, where people and editors look for what there is.
    """
    code: Any = function.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @functools.wraps(function)
    def answering(*args: Any, **options: Any) -> Any:
        for name in options:
            if name not in known:
                raise option_error(function.__name__, name, known[1:])
        return function(*args, **options)

    return answering  # type: ignore[return-value]


def hint_for(name: str) -> str:
    """The word of this package for a name of another one, to be put behind a message; empty if it is not known."""
    for package, names in NAMES.items():
        if name in names:
            return f"; {package} has it, here {names[name]}"
    return ""


class Elsewhere:
    """An attribute that its kind has in other packages: asked for or set, an AttributeError with the word here."""

    def __init__(self, name: str, here: str) -> None:
        self.name, self.here = name, here
        self.__doc__ = f"Not here: {here}."

    def __get__(self, instance: Any, owner: Any = None) -> NoReturn:
        kind = type(instance) if owner is None else owner
        raise AttributeError(f"{kind.__name__} has no attribute {self.name!r}; here {self.here}")

    def __set__(self, instance: Any, value: Any) -> NoReturn:
        self.__get__(instance)


ELSEWHERE = [Elsewhere(name, here) for name, here in ATTRIBUTES.items()]

ELSEWHERE_COMPILED = [Elsewhere(name, here) for name, here in COMPILED_ATTRIBUTES.items()]


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
