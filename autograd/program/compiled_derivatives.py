"""Compiled functions of nodes: their results are nodes, with compiled derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from autograd.graph.node import Node, value_of, varies
from autograd.operations.primitive import Primitive
from autograd.program.signature import Signature
from autograd.transforms.derivatives import jacobian
from autograd.transforms.kinds import result_leaf
from autograd.transforms.matrices import unit
from autograd.transforms.tape import Tape, before_all
from autograd.transforms.trees import flatten

__all__ = ["Derivatives", "DerivativesInVariables", "with_slopes"]


class Derivatives:
    """A compiled function at nodes: its outputs are nodes whose local gradients come from its compiled Jacobian.

    `signature` is that of the arguments whose numbers are operands; behind them, the function takes a rest that is not
    differentiated. `moving` has the places of the numbers that vary; the others are constants to the derivatives.
    `compiler` makes the compiled form of a function of the two and the rest.
    """

    def __init__(
        self,
        name: str,
        fun: Callable[..., Any],
        signature: Signature,
        moving: Sequence[int],
        compiler: Callable[[Callable[..., Any]], Any],
    ) -> None:
        self.name = name
        self.fun = fun
        self.signature = signature
        self.moving = frozenset(moving)
        self.__name__ = f"{name} with its derivatives"
        self.compiled = compiler(self)

    def __call__(self, operands: list[Any], others: list[Any], *rest: Any) -> Any:
        """The function's value, and the derivatives of each number in it in the operands."""

        def flat(operands: list[Any]) -> Any:
            moved, fixed = iter(operands), iter(others)
            count = len(operands) + len(others)
            numbers = [next(moved) if place in self.moving else next(fixed) for place in range(count)]
            value = self.signature.call(self.fun, numbers, *rest)
            return flatten(value, f"the output of {self.name}")[0], value

        rows, value = jacobian(flat, has_aux=True)(operands)
        return value, rows

    def closes_over_nodes(self) -> bool:
        """Whether the function uses nodes from outside that vary."""
        return any([varies(node) for path in self.compiled.paths for node in path.traced.variables])

    def on_nodes(self, numbers: list[Any], *rest: Any) -> Any:
        """The value for numbers among which there are nodes."""
        operands = [number for place, number in enumerate(numbers) if place in self.moving]
        others = [value_of(number) for place, number in enumerate(numbers) if place not in self.moving]
        value, rows = self.compiled([value_of(operand) for operand in operands], others, *rest)
        return with_slopes(self.name, value, rows, operands, lambda given: self.compiled(given, others, *rest)[1])


class DerivativesInVariables:
    """A function of one row, and its derivatives in `variables`: nodes that it closes over.

    Compiled and called where nothing is recorded, it gives the numbers of both; where derivatives are, nodes that
    depend on the variables in turn.
    """

    def __init__(self, name: str, fun: Callable[..., Any], variables: Sequence[Node]) -> None:
        self.name = name
        self.fun = fun
        self.variables = list(variables)
        self.__name__ = f"{name} with its derivatives"

    def __call__(self, *row: Any) -> Any:
        value = self.fun(*row)
        numbers, _ = flatten(value, f"the output of {self.name}")
        tape = Tape(self.variables, numbers, before_all(self.variables))
        tape.differentiable()
        return value, [list(tape.pullback(unit(place, len(numbers)))) for place in range(len(numbers))]


def with_slopes(
    name: str, value: Any, rows: list[Any], operands: list[Any], again: Callable[[list[Any]], list[Any]]
) -> Any:
    """The value with nodes for its floats, each of which has a row of local gradients in the operands.

    `again` computes the rows at operands among which there are nodes.
    """
    results, structure = flatten(value, f"the output of {name}", result_leaf)
    wholes = {
        place
        for start, piece in structure.pieces()
        if piece.whole is not None
        for place in range(start, start + piece.size)
    }

    def slopes(place: int, given: list[Any]) -> Any:
        return (again(given) if any([isinstance(operand, Node) for operand in given]) else rows)[place]

    outputs = [
        result
        if place in wholes
        else Primitive(
            name,
            functools.partial(constantly, result),
            functools.partial(gradients_by, slopes, place),
            arity=None,
            registered=False,
        )(*operands)
        for place, result in enumerate(results)
    ]
    return structure.build(outputs)


def constantly(result: float, operands: list[Any]) -> float:
    """The value that is known."""
    return result


def gradients_by(slopes: Callable[[int, list[Any]], Any], place: int, operands: Any, out: Any) -> Any:
    """The local gradients of one output."""
    return slopes(place, list(operands))
