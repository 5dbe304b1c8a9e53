"""Derivatives of solutions: of what an equation defines, rather than of the iterations that found it.

If r(x, p) = 0 defines x as a function of p, then by the implicit function theorem dx/dp = -(∂r/∂x)⁻¹ ∂r/∂p. So a
root may be found by any means, on plain numbers, and still be differentiated exactly, to any order, at the cost of
one linear system (Griewank and Walther, "Evaluating Derivatives", SIAM 2008, chapter 15).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import ArgumentError, OutputError, TraceError
from autograd.graph.modes import current_mode, is_traced, no_grad
from autograd.graph.node import Node, value_of, varies
from autograd.graph.sweep import stop_gradient
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Abs
from autograd.transforms.derivatives import jacobian
from autograd.transforms.matrices import unit
from autograd.transforms.taped_run import TapedRun, name_of
from autograd.transforms.trees import Structure, flatten

__all__ = ["fixed_point", "root"]


def root(residual: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a solver differentiable, as a decorator: `residual(solution, *parameters)` is zero at what it returns.

    The solver is called with plain numbers, in the structure of its arguments, and returns a number, an array, or a
    nested list, tuple or dict; the residual has as many numbers as that. The solution can be differentiated in all
    numbers among the parameters, to any order; the residual must depend on them through its arguments alone.

    In a function that is compiled the solver is recorded as everything else is, its steps and decisions, and its
    derivatives are still those of the equation. For that it must be written with this package's functions, without
    `math.sin` or a solver of another library; else it raises TraceError.

    >>> from autograd import grad, implicit, sin
    >>> @implicit.root(lambda E, M, e: E - e * sin(E) - M)
    ... def eccentric_anomaly(M, e):
    ...     E = M
    ...     for _ in range(50):
    ...         E = M + e * sin(E)
    ...     return E
    >>> round(grad(eccentric_anomaly)(1.0, 0.3), 12)
    1.09132930115
    """

    def decorate(solver: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(solver)
        def solve(*parameters: Any) -> Any:
            given, structure = flatten(parameters, f"the parameters of {name_of(solver)}")
            if is_traced():
                return recorded_solution(solver, residual, given, structure)
            numbers = [value_of(number) for number in given]
            with no_grad():
                found = solver(*structure.build(numbers))
            values, form = flatten(found, f"the solution of {name_of(solver)}")
            values = [value_of(value) for value in values]
            if current_mode().recording:
                equation = SolvedEquation(name_of(solver), residual, (values, form), (numbers, structure))
                if any([varies(number) for number in given]):
                    values = equation.solution(given)
            return form.build(values)

        return solve

    return decorate


def fixed_point(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a solver differentiable, as a decorator: what it returns is x with `function(x, *parameters)` equal to x.

    >>> from autograd import cos, grad, implicit
    >>> @implicit.fixed_point(lambda x, a: cos(a * x))
    ... def solve(a):
    ...     x = 1.0
    ...     for _ in range(200):
    ...         x = cos(a * x)
    ...     return x
    >>> round(grad(solve)(1.0), 12)
    -0.29747434151
    """

    def residual(solution: Any, *parameters: Any) -> Any:
        before, structure = flatten(solution, "the solution")
        after, image = flatten(function(solution, *parameters), f"the output of {name_of(function)}")
        arranged = structure.arrange(after, image)
        if arranged is not None:
            after = arranged
        elif len(after) != len(before) or structure.kind is dict:
            raise OutputError(f"{name_of(function)} must map {structure} to as many numbers, got {image}")
        return [new - old for new, old in zip(after, before, strict=True)]

    return root(residual)


class Equation:
    """An equation between a solution and parameters, each of which has its structure."""

    def __init__(self, name: str, residual: Callable[..., Any], form: Structure, structure: Structure) -> None:
        self.name = name
        self.residual = residual
        self.form = form
        self.structure = structure

    def residuals(self, solution: list[Any], parameters: list[Any]) -> list[Any]:
        """The residual as a function of flat lists."""
        result = self.residual(self.form.build(solution), *self.structure.build(parameters))
        return flatten(result, f"the output of {name_of(self.residual)}")[0]

    def slopes(self, solution: list[Any], parameters: list[Any]) -> list[list[Any]]:
        """The derivatives of each number of the solution in the parameters."""
        rows = jacobian(self.residuals, argnums=(0, 1))(solution, parameters)
        return solve_linear([row[0] for row in rows], [[-entry for entry in row[1]] for row in rows])

    def check(self, closes_over: bool, size: int) -> None:
        """Raise if the residual depends on variables besides its arguments, or has not as many numbers as it must."""
        if closes_over:
            raise ArgumentError(
                f"the residual {name_of(self.residual)} depends on variables that are not among its arguments: pass "
                f"them as parameters, else the derivatives of the solution in them would be lost"
            )
        if size != self.form.size:
            raise OutputError(
                f"the residual {name_of(self.residual)} must give as many numbers as the solution has, "
                f"{self.form.size}; it gave {size}"
            )


class SolvedEquation(Equation):
    """An equation that was solved for certain parameters: each number of the solution is a primitive of them.

    Its rule solves the linear system of the implicit function theorem: on numbers once for the whole solution, on
    nodes when derivatives of derivatives are asked for.
    """

    def __init__(
        self,
        name: str,
        residual: Callable[..., Any],
        solution: tuple[list[float], Structure],
        parameters: tuple[list[float], Structure],
    ) -> None:
        self.values, form = solution
        numbers, structure = parameters
        super().__init__(name, residual, form, structure)
        self.rows = self.checked(numbers)
        self.derivatives: list[list[Any]] | None = None

    def solution(self, parameters: Sequence[Any]) -> list[Any]:
        """The numbers of the solution as nodes that depend on the parameters."""
        return [self.component(place)(*parameters) for place in range(len(self.values))]

    def component(self, place: int) -> Primitive:
        """The primitive that is the number at this place of the solution."""
        return Primitive(
            self.name,
            lambda parameters: self.values[place],
            lambda parameters, out: self.gradients(place, list(parameters)),
            arity=None,
            registered=False,
        )

    def gradients(self, place: int, parameters: list[Any]) -> list[Any]:
        """The derivatives of the number at this place in the parameters."""
        if not any([isinstance(parameter, Node) for parameter in parameters]):
            if self.derivatives is None:
                count = len(self.values)
                right = [[-entry for entry in row[count:]] for row in self.rows]
                self.derivatives = solve_linear([list(row[:count]) for row in self.rows], right)
            return self.derivatives[place]
        return self.slopes(self.solution(parameters), parameters)[place]

    def checked(self, parameters: list[float]) -> list[Any]:
        """The derivatives of the residual; an error where it does not define those of the solution."""
        count = len(self.values)
        with TapedRun("implicit.root", self.residuals, (self.values, parameters), {}, (0, 1)) as run:
            self.check(run.differentiable, len(run.results))
            return [run.tape.pullback(unit(place, count)) for place in range(count)]


def recorded_solution(
    solver: Callable[..., Any], residual: Callable[..., Any], given: list[Any], structure: Structure
) -> Any:
    """The solution inside a function that is compiled, as nodes, for the next call has another one."""
    name = name_of(solver)
    try:
        found = solver(*structure.build(given))
    except TypeError as error:
        raise TraceError(
            f"the solver {name} can't be compiled. Write it with autograd's functions, such as autograd.sin for "
            f"math.sin, and without another library's solver; or call what uses it without jit. It failed on nodes: "
            f"{error}"
        ) from error
    values, form = flatten(found, f"the solution of {name}")
    # Derivatives pass through the equation alone.
    values = [stop_gradient(value) for value in values]
    equation = RecordedEquation(name, residual, form, structure)
    if current_mode().recording:
        with TapedRun("implicit.root", equation.residuals, (values, given), {}, (0, 1)) as run:
            equation.check(run.tape.closed_over, len(run.results))
        if any([varies(number) for number in given]):
            values = equation.solution(values, given)
    return form.build(values)


class RecordedEquation(Equation):
    """An equation in a function that is compiled: each number of the solution is a primitive of what the solver found
    and of the parameters. Its value is what was found, its local gradients in the parameters those of the equation.
    """

    def __init__(self, name: str, residual: Callable[..., Any], form: Structure, structure: Structure) -> None:
        super().__init__(name, residual, form, structure)
        self.known: tuple[list[float], list[list[Any]]] | None = None

    def solution(self, found: Sequence[Any], parameters: Sequence[Any]) -> list[Any]:
        """The numbers of the solution as nodes that depend on the parameters."""
        return [self.component(place)(*found, *parameters) for place in range(self.form.size)]

    def component(self, place: int) -> Primitive:
        """The primitive that is the number at this place of the solution."""
        return Primitive(
            self.name,
            lambda operands: operands[place],
            lambda operands, out: self.gradients(place, list(operands)),
            arity=None,
            registered=False,
        )

    def gradients(self, place: int, operands: list[Any]) -> list[Any]:
        """The derivatives of the number at this place in the solver's result, where they are 0, and the parameters."""
        if any([isinstance(operand, Node) for operand in operands]):
            return self.rows(operands)[place]
        if self.known is None or self.known[0] != operands:
            self.known = operands, self.rows(operands)
        return self.known[1][place]

    def rows(self, operands: list[Any]) -> list[list[Any]]:
        """The derivatives of all numbers of the solution."""
        count = self.form.size
        parameters = operands[count:]
        slopes = self.slopes(self.solution(operands[:count], parameters), parameters)
        return [[0.0] * count + row for row in slopes]


def solve_linear(matrix: list[list[Any]], right: list[list[Any]]) -> list[list[Any]]:
    """The solution of a linear system with several right-hand sides, on numbers or nodes.

    On numbers it is NumPy's; on nodes Gauss elimination, with the largest pivot of each column. Where a matrix is
    singular, the solution has no derivative: nan.
    """
    import numpy

    entries = [entry for row in matrix + right for entry in row]
    if not any([isinstance(entry, Node) for entry in entries]):
        try:
            result: list[list[Any]] = numpy.linalg.solve(numpy.array(matrix), numpy.array(right)).tolist()
        except numpy.linalg.LinAlgError:
            return [[math.nan] * len(row) for row in right]
        return result
    rows = [list(left) + list(side) for left, side in zip(matrix, right, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = column
        for row in range(column + 1, size):
            # Compared as nodes: in a function that is compiled, which is larger is a decision.
            if Abs(rows[row][column]) > Abs(rows[pivot][column]):
                pivot = row
        if rows[pivot][column] == 0.0:
            return [[math.nan] * len(row) for row in right]
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [entry / rows[column][column] for entry in rows[column]]
        for row in range(size):
            if row != column:
                factor = rows[row][column]
                rows[row] = [mine - factor * other for mine, other in zip(rows[row], rows[column], strict=True)]
    return [row[size:] for row in rows]
