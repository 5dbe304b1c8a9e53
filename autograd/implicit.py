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
from autograd.operations.functions import where
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Abs
from autograd.signatures import known_signature
from autograd.transforms.containers import is_mapping
from autograd.transforms.derivatives import jacobian
from autograd.transforms.matrices import unit
from autograd.transforms.tape import is_differentiated
from autograd.transforms.taped_run import TapedRun, name_of
from autograd.transforms.trees import Structure, fixed, flatten, map_leaves

__all__ = ["fixed_point", "root"]


def root(residual: Callable[..., Any], *, has_aux: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a solver differentiable, as a decorator: `residual(solution, *parameters)` is zero at what it returns.

    The solver is called with plain numbers, in the structure of its arguments, and returns a number, an array, or a
    nested list, tuple or dict; the residual has as many numbers as that. The solution can be differentiated in all
    numbers among the parameters, to any order; the residual must depend on them through its arguments alone. Whole
    numbers, flags, texts and None among the parameters reach both as they are.

    Arguments given by name are parameters like those given by place. The residual gets those that it takes, by the
    place or, behind `*`, by the name that they have in the solver; what the solver alone takes (a tolerance, a first
    guess) is no parameter of the equation, and the solution can't be differentiated in it. With `has_aux` the solver
    returns the solution and anything else, which is handed on with plain numbers.

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
        call = Call(solver, residual)

        @functools.wraps(solver)
        def solve(*args: Any, **kwargs: Any) -> Any:
            return solution_of(call, has_aux, *call.arguments(args, kwargs))

        return solve

    return decorate


def fixed_point(
    function: Callable[..., Any], *, has_aux: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a solver differentiable, as a decorator: what it returns is x with `function(x, *parameters)` equal to x.

    Parameters, and `has_aux`, are as of `root`.

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

    @functools.wraps(function)
    def residual(solution: Any, *parameters: Any, **named: Any) -> Any:
        before, structure = flatten(solution, "the solution")
        after, image = flatten(function(solution, *parameters, **named), f"the output of {name_of(function)}")
        arranged = structure.arrange(after, image)
        if arranged is not None:
            after = arranged
        elif len(after) != len(before) or is_mapping(structure.kind):
            raise OutputError(f"{name_of(function)} must map {structure} to as many numbers, got {image}")
        return [new - old for new, old in zip(after, before, strict=True)]

    return root(residual, has_aux=has_aux)


NONE_BY_NAME = Structure(dict, [], [])
NO_REST: tuple[list[Any], Structure] = [], Structure(tuple, [Structure(tuple, []), NONE_BY_NAME])


class Call:
    """How a solver is called, and which of its arguments are parameters of the residual."""

    def __init__(self, solver: Callable[..., Any], residual: Callable[..., Any]) -> None:
        for fun in (solver, residual):
            if not callable(fun):
                raise TypeError(f"implicit functions are made of functions, got {type(fun).__name__}")
        self.solver = solver
        self.residual = residual
        self.name = name_of(solver)
        self.signature = known_signature(solver)
        taken = known_signature(residual)
        parameters = [] if taken is None else list(taken.parameters.values())
        places = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
        unbounded = taken is None or any([one.kind is one.VAR_POSITIONAL for one in parameters])
        # The number of parameters by place, None for any; those by name, None for any.
        self.count = None if unbounded else max(0, len(places) - 1)
        self.names: set[str] | None = {one.name for one in parameters if one.kind is one.KEYWORD_ONLY}
        if taken is None or any([one.kind is one.VAR_KEYWORD for one in parameters]):
            self.names = None

    def arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of one call, those by place and the others, whichever way they were given."""
        complete = not kwargs and not self.names and (self.count is None or len(args) >= self.count)
        if self.signature is None or complete:
            return args, kwargs
        bound = self.signature.bind(*args, **kwargs)
        # The residual takes parameters by place: those that have their defaults, too.
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """The arguments that are parameters of the residual, by place and by name, and those of the solver alone."""
        count = len(args) if self.count is None else self.count
        if not kwargs:
            return (args[:count], kwargs), (args[count:], kwargs)
        named = {name: value for name, value in kwargs.items() if self.names is None or name in self.names}
        rest = {name: value for name, value in kwargs.items() if name not in named}
        return (args[:count], named), (args[count:], rest)


def whole_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """A whole number, a flag or an array of flags as a leaf that stays as it is, for `flatten`; None for others."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    is_scalar = kind in ("i", "u") and getattr(value, "shape", None) == ()
    return fixed(value) if isinstance(value, int) or is_scalar or kind == "b" else None


def solution_of(call: Call, has_aux: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The solution for these arguments; nodes, if it depends on any that vary."""
    parameters, rest = call.split(args, kwargs)
    what = f"the parameters of {call.name}"
    given, places = flatten(parameters[0], what, whole_leaf)
    structure = Structure(tuple, [places, NONE_BY_NAME])
    if parameters[1]:
        named, names = flatten(parameters[1], what, whole_leaf)
        given, structure = given + named, Structure(tuple, [places, names])
    others, form_of_rest = NO_REST
    if rest[0] or rest[1]:
        others, form_of_rest = flatten(rest, f"the arguments of {call.name} alone", whole_leaf)
        check_rest(call, others)

    def run(numbers: Sequence[Any], others: Sequence[Any]) -> Any:
        places, names = structure.build(numbers)
        more, options = form_of_rest.build(others) if form_of_rest is not NO_REST[1] else ((), {})
        return call.solver(*places, *more, **names, **options)

    if is_traced():
        try:
            found = run(given, others)
        except TypeError as error:
            raise TraceError(
                f"the solver {call.name} can't be compiled. Write it with autograd's functions, such as autograd.sin "
                f"for math.sin, and without another library's solver; or call what uses it without jit. It failed on "
                f"nodes: {error}"
            ) from error
        values, form, aux = parts_of_solution(call, found, has_aux)
        # Derivatives pass through the equation alone.
        values = [stop_gradient(value) for value in values]
        recorded = RecordedEquation(call.name, call.residual, form, structure)
        if current_mode().recording:
            with TapedRun("implicit.root", recorded.residuals, (values, given), {}, (0, 1)) as taped:
                recorded.check(taped.tape.closed_over, len(taped.results))
            if any([varies(number) for number in given]):
                values = recorded.solution(values, given)
        solution = form.build(values)
        return (solution, map_leaves(without_derivative, aux)) if has_aux else solution
    numbers = [value_of(number) for number in given]
    with no_grad():
        found = run(numbers, [value_of(number) for number in others])
    values, form, aux = parts_of_solution(call, found, has_aux)
    values = [value_of(value) for value in values]
    if current_mode().recording:
        equation = SolvedEquation(call.name, call.residual, (values, form), (numbers, structure))
        if any([varies(number) for number in given]):
            values = equation.solution(given)
    solution = form.build(values)
    return (solution, map_leaves(plain_number, aux)) if has_aux else solution


def parts_of_solution(call: Call, found: Any, has_aux: bool) -> tuple[list[Any], Structure, Any]:
    """The numbers of what a solver returned, its structure, and what else it returned."""
    aux = None
    if has_aux:
        if not isinstance(found, tuple) or len(found) != 2:
            raise OutputError(
                f"with has_aux, {call.name} must return a pair (solution, aux), got {type(found).__name__}"
            )
        found, aux = found
    values, form = flatten(found, f"the solution of {call.name}")
    return values, form, aux


def check_rest(call: Call, others: list[Any]) -> None:
    """Raise ArgumentError if somebody differentiates in an argument that only the solver takes."""
    varying = [number for number in others if varies(number)]
    if current_mode().recording and any([is_differentiated(number) if is_traced() else True for number in varying]):
        raise ArgumentError(
            f"the residual {name_of(call.residual)} does not take all parameters of {call.name}, and one of the others "
            f"is a variable: the derivative of the solution in it would be lost. Let the residual take it, or pass a "
            f"plain number if it only steers the solver (stop_gradient)"
        )


def plain_number(leaf: Any) -> Any:
    """A node as its number, anything else as it is."""
    return value_of(leaf) if isinstance(leaf, Node) else leaf


def without_derivative(leaf: Any) -> Any:
    """A node as one at which derivatives stop, anything else as it is."""
    return stop_gradient(leaf) if isinstance(leaf, Node) else leaf


class Equation:
    """An equation between a solution and parameters, each of which has its structure."""

    def __init__(self, name: str, residual: Callable[..., Any], form: Structure, structure: Structure) -> None:
        self.name = name
        self.residual = residual
        self.form = form
        self.structure = structure

    def residuals(self, solution: list[Any], parameters: list[Any]) -> list[Any]:
        """The residual as a function of flat lists."""
        places, names = self.structure.build(parameters)
        result = self.residual(self.form.build(solution), *places, **names)
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
        rows[column], rows[pivot] = rows[pivot], rows[column]
        # No decision, which the derivative of a compiled loop can't take: of one equation there is none at all.
        divisor = where(rows[column][column] == 0.0, math.nan, rows[column][column])
        rows[column] = [entry / divisor for entry in rows[column]]
        for row in range(size):
            if row != column:
                factor = rows[row][column]
                rows[row] = [mine - factor * other for mine, other in zip(rows[row], rows[column], strict=True)]
    return [row[size:] for row in rows]
