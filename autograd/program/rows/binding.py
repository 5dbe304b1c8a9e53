"""A mapped function bound to arrays, for calling it again and again at the least cost."""

from __future__ import annotations

from typing import Any

from autograd.errors import OperandError
from autograd.program.binding import changed_since
from autograd.program.rows.call import RowCall
from autograd.program.rows.plain_calls import PlainCall, plain_call

__all__ = ["BoundRows"]


class BoundRows:
    """A function over rows and its arguments. Each call reads the arrays among them as they are then.

    Other numbers are those of the binding. Results with a row for each row are the same arrays in each call. To be
    called by one thread at a time.
    """

    def __init__(self, name: str, call: RowCall) -> None:
        import numpy

        self.name = name
        self.call = call
        self.watched = call.paths.watched
        self.state = None if self.watched is None else self.watched.state()
        rows = call.rows
        numbers = numpy.asarray(rows.numbers)
        # The arrays that all rows share, and where the numbers of each go.
        self.shared: list[tuple[Any, Any]] = []
        start = 0
        for argument, mapped, stop in zip(rows.arguments, rows.mapped, rows.stops, strict=True):
            if not mapped and isinstance(argument, numpy.ndarray):
                if argument.dtype != float:
                    raise OperandError(f"{name} can be bound to arrays of float64, got one of {argument.dtype}")
                self.shared.append((numbers[start:stop].reshape(argument.shape), argument))
            start = stop
        # Prepared at the first call, while all rows take one path: the arrays of rows, and those of the results.
        self.plain: PlainCall | None = None
        self.given = [one for one, has in zip(rows.arguments, rows.mapped, strict=True) if has]
        self.made: list[Any] | None = None

    def __call__(self) -> Any:
        if self.watched is not None and self.watched.state() is not self.state:
            raise changed_since(self.name, self.watched)
        for numbers, argument in self.shared:
            numbers[...] = argument
        call = self.call
        if self.plain is not None and not self.plain.path.children:
            result = self.plain.result(self.given, call.rows.numbers, call.rows.count, self.made)
            if result is not None:
                return result
        result = call.again()
        if self.made is None:
            self.made = [one for stored in call.results for one in stored]
            self.plain = plain_call(call)
        return result

    def __repr__(self) -> str:
        return f"<{self.name} bound to {self.call.rows.count} row(s)>"
