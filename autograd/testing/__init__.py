"""Checks for users' own functions and primitives: derivatives against differences, random expressions and programs.

Each name is loaded when it is first used; the strategies need hypothesis.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd.testing.assertions import assert_gradients, check_gradients, check_grads, gradcheck
    from autograd.testing.black_box import check_gradient
    from autograd.testing.branching import BranchingProgram, programs
    from autograd.testing.comparison import Comparison
    from autograd.testing.kinks import Kink
    from autograd.testing.report import Fault, Report
    from autograd.testing.strategies import Expression, expressions, operands, points_near_kinks, primitives

_MODULES = {
    "BranchingProgram": "branching",
    "Comparison": "comparison",
    "Expression": "strategies",
    "Fault": "report",
    "Kink": "kinks",
    "Report": "report",
    "assert_gradients": "assertions",
    "check_gradient": "black_box",
    "check_gradients": "assertions",
    "check_grads": "assertions",
    "expressions": "strategies",
    "gradcheck": "assertions",
    "operands": "strategies",
    "points_near_kinks": "strategies",
    "primitives": "strategies",
    "programs": "branching",
}
__all__ = [
    "BranchingProgram", "Comparison", "Expression", "Fault", "Kink", "Report", "assert_gradients", "check_gradient",
    "check_gradients", "check_grads", "expressions", "gradcheck", "operands", "points_near_kinks", "primitives",
    "programs",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
