"""A scalar computational-graph autograd engine: see it, check it, compile it.

>>> from autograd import Variable, exp
>>> x = Variable(2.0, name="x")
>>> y = exp(3 * x) + x ** 2
>>> y.backward()
>>> round(x.grad, 6)
1214.28638
"""

from __future__ import annotations

from autograd import copying, numpy_interop
from autograd.errors import (
    AutogradError, DomainError, FrozenValueError, GradcheckError, OperandError, StaleGraphError, UnknownPrimitiveError,
)  # fmt: skip
from autograd.functions import *  # noqa: F403 - the names are listed there
from autograd.functions import __all__ as _functions
from autograd.functions import abs, max, min, pow, round, sum  # noqa: F401
from autograd.kernel import COMPILED as compiled
from autograd.modes import no_grad, scope, strict
from autograd.node import Constant, Node, Variable
from autograd.primitives import Primitive
from autograd.sweep import backward, gradients, stop_gradient, topological_order, zero_grad

__version__ = "0.1.0"
__all__ = [
    "AutogradError", "Constant", "DomainError", "FrozenValueError", "GradcheckError", "Node", "OperandError",
    "Primitive", "StaleGraphError", "UnknownPrimitiveError", "Variable", "backward", "compiled", "gradients", "no_grad",
    "scope", "stop_gradient", "strict", "topological_order", "zero_grad", *_functions,
]  # fmt: skip
