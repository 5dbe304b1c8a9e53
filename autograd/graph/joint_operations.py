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
from typing import TYPE_CHECKING, Any

from autograd.graph.modes import STATE, current_mode
from autograd.graph.node import (
    Call,
    Node,
    Output,
    call_of,
    new_stamp,
    traced_among,
    under_mode_with,
    value_of,
    varies,
)
from autograd.operations.kernel import Kernel
from autograd.operations.primitive import Origin, Primitive

if TYPE_CHECKING:  # type checkers are to see one of the two
    from autograd.numbers import _cython as cython
else:
    try:
        import cython
    except ImportError:
        from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import STALE

__all__ = [
    "JointOperation", "Result", "constantly", "new_call", "record_results", "repeated", "restored_result",
    "result_at",
]  # fmt: skip


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


def record_results(
    primitive: Primitive, operands: tuple[Any, ...], values: Any, places: Sequence[int] | None = None
) -> list[Any]:
    """The nodes of the results, which have these values, of a `JointOperation` on nodes and floats; one varies.

    `places` says which results are asked for; None for all.
    """
    numbers = array("d", [value_of(operand) for operand in operands])
    results = new_results(primitive.origin, operands, numbers, values, range(len(values)) if places is None else places)
    if len(STATE.entries) == 0 or not results:
        return results
    # Once for all results: looked through for each, a loop's 10,000 operands and results took a second.
    traced = traced_among(operands)
    call = call_of(results[0])
    call._stamp |= traced
    mode = current_mode()
    if mode.trace is not None and mode.recording and not (mode.strict or mode.scope or mode.origins or mode.watch):
        # Nothing else is done under such a mode.
        for node in results:
            cython.cast(Node, node)._stamp |= traced
        return results
    return [under_mode_with(node, primitive, operands, traced) for node in results]


def new_results(
    origin: Origin, operands: tuple[Any, ...], numbers: Any, values: Any, places: Sequence[int]
) -> list[Any]:
    """The nodes of the results at some places of a new call on operands with these numbers."""
    under_call = (new_call(origin, operands, numbers, len(values)),)
    results: list[Any] = []
    for place in places:
        results.append(new_output(under_call, place, values[place]))
    return results


def new_call(origin: Origin, operands: tuple[Any, ...], numbers: Any, count: int) -> Call:
    """A call with so many results, of which none is made yet."""
    call: Call = Call.__new__(Call)
    call._value = 0.0
    call._grad = 0.0
    call._stamp = new_stamp()
    call._origin = origin
    call._left = operands
    call._right = None
    call._numbers = numbers
    call._count = count
    return call


def new_output(under_call: tuple[Call], place: int, value: float) -> Output:
    """The result of a call at this place; results share the tuple that holds the call."""
    call: Call = under_call[0]
    node: Output = Output.__new__(Output)
    node._value = value
    node._grad = 0.0
    node._stamp = new_stamp()
    node._origin = call._origin
    node._left = under_call
    node._right = None
    node._place = place
    return node


def repeated(node: Node, operands: tuple[Any, ...]) -> Any:
    """The node of the same operation on other operands of the same values; other results of its call are not made."""
    primitive: Any = node._origin.primitive
    if not isinstance(node, Output):
        return primitive(*operands)
    call = call_of(node)
    again = new_call(call._origin, operands, call._numbers, call._count)
    return restored_result(again, node._place, node._value, node._origin, False)


def restored_result(call: Call, place: int, value: float, origin: Origin, stale: bool) -> Output:
    """The result of a call at this place, with an origin of its own."""
    node = new_output((call,), place, value)
    node._origin = origin
    if stale:
        node._stamp |= STALE
        call._stamp |= STALE
    return node
