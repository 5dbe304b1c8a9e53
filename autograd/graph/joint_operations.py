"""Operations with several results, whose derivatives are taken together.

A common primitive has one result, and local gradients: one number for each operand. Of m results in n operands these
would be m · n numbers. An operation with several results has a *pullback* instead, which takes a cotangent for each
result to a derivative in each operand, and a *pushforward*, which takes a tangent for each operand to one for each
result. Each costs about as much as the operation itself.

The results are `Output`s under one `Call` (see `node`). Sweeps gather the cotangents of all results that they reach,
and call the pullback once. Whoever asks a single result for its local gradients gets a row of the Jacobian, computed
then.
"""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.graph.node import Node, Output, call_of, record_results, value_of, varies
from autograd.operations.kernel import Kernel
from autograd.operations.primitive import Primitive

__all__ = ["JointOperation", "Result", "constantly", "result_at"]


class JointOperation(Primitive):
    """An operation with several results. Its derivatives are taken at `operands` that are floats, or floats and nodes:
    then they are nodes, which can be differentiated again.

    One that may stand in a program has a number of results, `count`, and gives them by `results`. In Python's source
    it is the function `called`.
    """

    count = 0
    # The places of operands for which `pullback` takes the adjoints so far, as `sums`, and gives what they become.
    accumulated = range(0)
    # The place of the result that says whether it could be computed at all: it can, once it is recorded again.
    ways_at = -1
    # The kernel that gives the results, by `shares_into`, without a call of Python.
    slopes_kernel: Kernel | None = None

    def __init__(self, name: str, symbol: str = "", called: str = "") -> None:
        super().__init__(name, None, self.slopes, symbol=symbol, arity=None, registered=False)
        self.called = called or symbol

    def results(self, operands: Sequence[float]) -> Sequence[float]:
        """The results on floats."""
        raise NotImplementedError

    def results_in_code(self, operands: Any) -> Any:
        """The results on floats for machine code, which may differ in the last places."""
        return self.results(operands)

    def prepare_code(self, make: Callable[[Any], None]) -> None:
        """Have machine code made, by `make(machine)`, of what it runs itself."""

    def turns(self) -> int:
        """How many turns of loops it runs."""
        return 0

    def work(self) -> tuple[float, float]:
        """The operations that machine code would do in the next run, if that is as long as the last one was, and those
        that would be made for it.
        """
        return 0.0, 0.0

    def inside(self) -> str:
        """What it runs, in words for a program in print; empty for a function."""
        return ""

    def operations(self) -> float:
        """How many operations `written_out` would emit; infinite if it can't."""
        return math.inf

    def written_out(self, builder: Any, operands: Sequence[int]) -> list[int]:
        """The results as values of a program's builder, of operations that are not joint."""
        raise NotImplementedError

    def program_without(self, program: Any) -> Any:
        """A program that has this operation, without all joint ones: written out, or None if it can't be."""
        return None

    def __call__(self, *operands: Any) -> list[Any]:
        """The results: floats, or nodes if an operand varies."""
        values = self.results([value_of(operand) for operand in operands])
        if not any([varies(operand) for operand in operands]):
            return list(values)
        return record_results(self, operands, array("d", values))

    def pullback(self, operands: list[Any], cotangents: Sequence[Any]) -> Sequence[Any]:
        """The derivatives of the results, weighted by cotangents, in each operand that varies.

        A cotangent is None for a result that takes no part: it is as if it were not there.
        """
        raise NotImplementedError

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> Sequence[Any]:
        """The derivatives of the results along a direction; a tangent is None for an operand that does not move."""
        raise NotImplementedError

    def of_result(self, node: Output) -> Primitive:
        """The operation of one result, as it is seen from outside. Its value is as it was found."""
        return Primitive(
            self.name,
            functools.partial(constantly, value_of(node)),
            functools.partial(self.slopes_beside, node),
            symbol=self.symbol,
            arity=None,
            registered=False,
        )

    def slopes_beside(self, node: Output, operands: Sequence[Any], out: Any) -> Sequence[Any]:
        """The local gradients of the same result as a node; those recorded, if operands are numbers of other types."""
        call = call_of(node)
        known = all([isinstance(operand, float | Node) for operand in operands])
        return self.slopes_of_result(list(operands) if known else call._numbers.tolist(), node._place, call._count)

    def slopes(self, operands: Sequence[Any], out: Output) -> Sequence[Any]:
        """The local gradients of one result."""
        return self.slopes_of_result(list(operands), out._place, call_of(out)._count)

    def slopes_of_result(self, operands: list[Any], place: int, count: int) -> Sequence[Any]:
        """The local gradients of the result at this place among so many."""
        cotangents: list[Any] = [None] * count
        cotangents[place] = 1.0
        return self.pullback(operands, cotangents)


def constantly(result: float, operands: Sequence[Any]) -> float:
    """The value that is known."""
    return result


class Result(Primitive):
    """In a program, one of the results of an operation that has several: that at this place."""

    # There may be 100,000 of them.
    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        # To declare one takes five times as long.
        self.be_like(RESULT, f"result {place}")
        self.place = place

    def __call__(self, *operands: Any) -> Any:
        """The result, of the results of such an operation."""
        return operands[0][self.place]


@functools.cache
def result_at(place: int) -> Result:
    """The `Result` at a place."""
    return Result(place)


def no_slopes(operands: Any, out: Any) -> Any:
    """A result has no operands to be differentiated in: its operation has."""
    raise NotImplementedError


RESULT = Primitive("result", None, no_slopes, arity=None, registered=False)
