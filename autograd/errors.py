"""The engine's errors: one small hierarchy, each with the builtin base that callers may expect."""

from __future__ import annotations

from typing import Any

from autograd.text import printable

__all__ = [
    "ArgumentError",
    "AutogradError",
    "DomainError",
    "ExportError",
    "FrozenValueError",
    "GradcheckError",
    "NumberError",
    "OperandError",
    "OutputError",
    "StaleGraphError",
    "StructureError",
    "TraceError",
    "UnknownPrimitiveError",
]


class AutogradError(Exception):
    """Base of every error that this package raises on purpose; its message steers no terminal, whatever it names."""

    def __str__(self) -> str:
        return printable(super().__str__())


class DomainError(AutogradError, ValueError):
    """Inside `strict()`, an operation gave a value or local gradient that is not finite."""


class OperandError(AutogradError, TypeError):
    """Something that is neither a real number nor a node was given in place of one."""


class NumberError(AutogradError, TypeError):
    """A graph can't be computed on numbers of another type: they lack a function, or can't be compared."""


class ArgumentError(AutogradError, ValueError):
    """A function can't be differentiated in the arguments asked for, or along the directions that were given."""


class OutputError(AutogradError, TypeError):
    """The result of a function can't be differentiated as asked."""


class FrozenValueError(AutogradError, AttributeError):
    """The value of a node that is not a variable was assigned."""


class StaleGraphError(AutogradError, RuntimeError):
    """A recorded graph would be used again although it is out of date.

    One of its variables was assigned since, or it belongs to a run of a differentiated function that is over.
    """


class TraceError(AutogradError, TypeError):
    """A function does something that can't be compiled."""


class UnknownPrimitiveError(AutogradError, LookupError):
    """A stored graph names a primitive that this program has not declared."""


class GradcheckError(AutogradError, AssertionError):
    """A derivative and its independent check disagree by more than rounding and truncation explain.

    `report` has the findings (an `autograd.testing.Report`).
    """

    report: Any = None


class ExportError(AutogradError, ValueError):
    """A function has no form in another language, or a text that should hold a program holds none."""


class StructureError(AutogradError, RuntimeError):
    """A sparse derivative has entries at places that its fixed structure lacks."""
