"""Names of other packages that people look for here, and what is to be written in their place."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["hint_for", "watch_imports"]

# Modules of PyPI's `autograd`, which has the same import name.
MODULES = {
    "numpy": "transforms take NumPy's own functions: write `import numpy as np`",
    "scipy": "SciPy's functions of numbers that are differentiable stand in `autograd` itself (erf, lgamma, ...)",
    "extend": "a primitive of your own is declared with `autograd.Primitive`",
    "test_util": "derivatives are checked by `autograd.gradcheck` and `autograd.testing`",
    "builtins": "Python's own list, tuple and dict do",
    "misc": "`autograd.implicit` has fixed points; trees of numbers need no flattening",
    "differential_operators": "`autograd` itself has grad, jacobian, hessian, jvp, vjp and their kin",
}
NAMES = {
    "elementwise_grad": "write jacobian, or vmap(grad(f))",
    "make_vjp": "write vjp(f, *arguments)",
    "make_jvp": "write jvp(f, arguments, tangents)",
    "make_hvp": "write hvp(f, arguments, tangents)",
    "hessian_vector_product": "write hvp(f, arguments, tangents)",
    "grad_and_aux": "write grad(f, has_aux=True)",
    "multigrad_dict": "write grad(f, argnames=(...))",
    "numpy": MODULES["numpy"],
}


def hint_for(name: str) -> str:
    """What is to be written in place of a name of PyPI's `autograd`; empty if it has none such."""
    return f"; PyPI's autograd has it, here {NAMES[name]}" if name in NAMES else ""


class Finder:
    """Finds no module: it is asked last, for those that are not there, and says what stands in their place."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """Raise ImportError for a module of PyPI's `autograd`."""
        package, _, name = fullname.partition(".")
        if package == "autograd" and name in MODULES:
            raise ImportError(
                f"{fullname} is a module of PyPI's autograd; this is scalar-autograd, which has the same import name. "
                f"Here {MODULES[name]}",
                name=fullname,
            )


def watch_imports() -> None:
    """Let imports of modules that are not there say what stands in their place."""
    if not any([isinstance(finder, Finder) for finder in sys.meta_path]):
        sys.meta_path.append(Finder())
