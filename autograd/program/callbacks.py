"""Functions of plain Python in the midst of others: called back with plain numbers, their derivatives given with them.

A function that this package can't look into (a solver of another library, a simulation, a table) takes part in graphs
and in compiled functions as one operation with as many results as it gives numbers. The chain rule needs of it no more
than its pullback or its pushforward (Griewank and Walther, "Evaluating Derivatives", SIAM 2008, chapter 3).
"""

from __future__ import annotations

import functools
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import ArgumentError, OutputError
from autograd.graph.joint_operations import JointOperation, record_results
from autograd.graph.modes import current_mode
from autograd.graph.node import value_of, varies
from autograd.program.recording.signature import argument_leaf
from autograd.transforms.matrices import unit
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import Structure, flatten

__all__ = ["Callback", "callback"]


def callback(
    fun: Callable[..., Any],
    vjp: Callable[..., Any] | None = None,
    jvp: Callable[..., Any] | None = None,
    outputs: int | None = None,
) -> Callback:
    """A function that calls `fun` with plain numbers wherever it is called, also in compiled functions and over rows.

    fun: takes numbers, arrays, and nested lists, tuples and dicts of them; gives a number, an array or a nest of them.
        It must be pure, and use nodes through its arguments alone.
    vjp: its pullback, `vjp(primals, cotangents)`: from the tuple of the arguments and cotangents in the structure of
        the output, the tuple of a derivative for each argument, in its structure; of one argument, that alone will do.
    jvp: its pushforward, `jvp(primals, tangents)`: from the tuples of the arguments and of a tangent for each, the
        derivative of the output.
    outputs: how many numbers `fun` gives, to be checked in each call.

    Either of `vjp` and `jvp` gives both kinds of derivatives, at the cost of one call for each number in the output or
    in the arguments where it is the other kind. Without both, derivatives are refused. They are called with plain
    numbers, too; a second derivative is had by making `vjp` a callback with derivatives of its own.

    Ints, strings and other arguments that are no numbers in a compiled function are handed on as they are.

    >>> import numpy as np
    >>> from autograd import callback, grad, jit
    >>> def pull(primals, cotangent):
    ...     matrix, right = primals
    ...     y = np.linalg.solve(matrix.T, cotangent)
    ...     return -np.outer(y, np.linalg.solve(matrix, right)), y
    >>> solve = callback(np.linalg.solve, vjp=pull)
    >>> matrix = np.array([[2.0, 1.0], [0.0, 4.0]])
    >>> gradient = jit(grad(lambda right: solve(matrix, right)[0] ** 2))
    >>> gradient(np.array([4.0, 4.0]))
    array([ 1.5  , -0.375])
    """
    return Callback(fun, vjp, jvp, outputs)


class Callback:
    """A function that is called back."""

    def __init__(
        self,
        fun: Callable[..., Any],
        vjp: Callable[..., Any] | None = None,
        jvp: Callable[..., Any] | None = None,
        outputs: int | None = None,
    ) -> None:
        for given, what in ((fun, "function"), (vjp or len, "vjp"), (jvp or len, "jvp")):
            if not callable(given):
                raise TypeError(f"a callback's {what} is a function, got {type(given).__name__} {given!r:.60}")
        self.fun = fun
        self.vjp = vjp
        self.jvp = jvp
        self.outputs = outputs
        self.last: CallbackOperation | None = None
        self.__name__ = f"callback of {name_of(fun)}"
        functools.update_wrapper(self, fun, ("__doc__", "__module__", "__qualname__"), ())

    def __call__(self, *args: Any) -> Any:
        operands, structure = flatten(args, f"the arguments of the {self.__name__}", argument_leaf)
        values, form = self.run(structure, [value_of(operand) for operand in operands])
        mode = current_mode()
        if not (values and (mode.recording or mode.trace is not None) and any([varies(one) for one in operands])):
            return form.build(values)
        operation = self.last
        if operation is None or not (operation.structure.is_same(structure) and operation.form.is_same(form)):
            # One for all calls that are alike, so that the same call in a program is done once.
            operation = self.last = CallbackOperation(self, structure, form)
        return form.build(record_results(operation, tuple(operands), array("d", values)))

    def run(self, structure: Structure, numbers: Sequence[float]) -> tuple[list[float], Structure]:
        """The numbers that the function gives for these in its arguments, and their structure."""
        returned = self.fun(*structure.build(list(numbers)))
        found, form = flatten(returned, f"the output of the {self.__name__}", nothing_leaf)
        for result in found:
            if varies(result):
                raise OutputError(
                    f"the {self.__name__} gave the node {result!r}, whose derivatives would be lost: it must use nodes "
                    f"through its arguments alone, which it gets as plain numbers"
                )
        if self.outputs is not None and form.size != self.outputs:
            raise OutputError(f"the {self.__name__} must give {self.outputs} number(s), as outputs= says, got {form}")
        return [value_of(result) for result in found], form

    def __reduce__(self) -> Any:
        return Callback, (self.fun, self.vjp, self.jvp, self.outputs)

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


class CallbackOperation(JointOperation):
    """A callback with arguments of one structure, and results of one form."""

    def __init__(self, function: Callback, structure: Structure, form: Structure) -> None:
        super().__init__(function.__name__, name_of(function.fun))
        self.function = function
        self.structure = structure
        self.form = form
        self.count = form.size

    def results(self, operands: Sequence[float]) -> list[float]:
        """The results on floats; OutputError if they are not in the form that they had when this was recorded."""
        found, form = self.function.run(self.structure, operands)
        if not form.is_same(self.form):
            raise OutputError(
                f"the {self.name} gave {form} where it was recorded with {self.form}: in a compiled function its "
                f"output has one structure"
            )
        return found

    def pullback(self, operands: list[Any], cotangents: Sequence[Any]) -> list[Any]:
        """By the given pullback, or from pushforwards along each operand."""
        if self.function.vjp is not None:
            weights = self.form.build([0.0 if one is None else one for one in cotangents])
            return self.along(self.function.vjp, "vjp", operands, weights)
        columns = [self.pushforward(operands, unit(place, len(operands))) for place in range(len(operands))]
        return [weighted(cotangents, column) for column in columns]

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> list[Any]:
        """By the given pushforward, or from pullbacks of each result."""
        if self.function.jvp is not None:
            directions = self.structure.build([0.0 if one is None else one for one in tangents])
            return self.along(self.function.jvp, "jvp", operands, directions)
        if self.function.vjp is None:
            raise ArgumentError(f"the {self.name} has no derivatives: give it a vjp= or a jvp=")
        rows = [self.pullback(operands, unit(place, self.count)) for place in range(self.count)]
        return [weighted(tangents, row) for row in rows]

    def along(self, rule: Callable[..., Any], what: str, operands: list[Any], directions: Any) -> list[Any]:
        """The derivatives that a given rule gives along directions."""
        given = self.structure.build(operands)
        if not isinstance(rule, Callback):
            # Without a rule of its own, it has no derivatives.
            rule = Callback(functools.partial(rule))
            rule.__name__ = f"{what} of the {self.name}"
        returned = rule(given, directions)
        expected = self.structure if what == "vjp" else self.form
        found, form = flatten(returned, f"the {what} of the {self.name}", nothing_leaf)
        arranged = expected.arrange(found, form)
        if arranged is None and what == "vjp" and len(expected.children) == 1:
            arranged = expected.children[0].arrange(found, form)
        if arranged is None:
            of = "the arguments" if what == "vjp" else "the output"
            raise OutputError(f"the {what} of the {self.name} must have the structure of {of}, {expected}, got {form}")
        return arranged


def nothing(numbers: Sequence[Any]) -> None:
    """None, for no numbers."""


NOTHING = Structure(None, [], shape=(0,), maker=nothing)


def nothing_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """None as a leaf without numbers: it stands in the place of an argument that has none."""
    return None if value is not None else ([], NOTHING)


def weighted(weights: Sequence[Any], derivatives: Sequence[Any]) -> Any:
    """The sum of the derivatives that have a weight, times that."""
    terms = [weight * one for weight, one in zip(weights, derivatives, strict=True) if weight is not None]
    return functools.reduce(lambda total, term: total + term, terms, -0.0) if terms else 0.0
