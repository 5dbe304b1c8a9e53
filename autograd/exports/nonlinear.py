"""Nonlinear programs for solvers: compiled values and derivatives, sparse ones with a fixed structure.

A problem is to find numbers x that make an objective f(x) least while constraints c(x) stay within bounds. Solvers by
interior points ask for f, c, the gradient of f, the Jacobian of c and the Hessian of the Lagrangian σ f + λ · c, and
want the places of sparse entries once for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.errors import ArgumentError, StructureError
from autograd.program.jit import jit
from autograd.transforms.derivatives import hessian, jacobian, value_and_grad
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import as_array, flatten

__all__ = ["NonlinearProblem", "nlp"]


def nlp(
    objective: Callable[[Any], Any],
    constraints: Callable[[Any], Any] | None = None,
    *,
    points: Any,
    tier: str = "auto",
) -> NonlinearProblem:
    """A nonlinear program in the forms of solvers: `cyipopt.Problem` and SciPy's `minimize`.

    objective: a function of an array of n numbers that gives one number.
    constraints: one that gives an array of m numbers, or a nest of them; None if there are only bounds.
    points: an array of n numbers, or several of them, at which the structure of the derivatives is found: the starting
        point, and one for each path through the functions' branches that is to be expected.
    tier: as for `jit`.

    The result is a `problem_obj` of cyipopt as it is; `problem.scipy(lower, upper)` gives SciPy's arguments. Hessians
    need SciPy's sparse matrices (the extra `scipy`).

    >>> import numpy as np
    >>> from scipy.optimize import minimize
    >>> start = np.array([0.5, 2.0])
    >>> problem = nlp(lambda x: (x[0] - 2.0) ** 2 + x[1] ** 2, lambda x: [x[0] * x[1]], points=start)
    >>> problem.jacobianstructure()
    (array([0, 0], dtype=int32), array([0, 1], dtype=int32))
    >>> problem.hessianstructure()
    (array([0, 1, 1], dtype=int32), array([0, 0, 1], dtype=int32))
    >>> problem.hessian(start, np.array([3.0]), 1.0)
    array([2., 3., 2.])
    >>> found = minimize(x0=start, method="trust-constr", **problem.scipy([1.0], [np.inf]))
    >>> found.x.round(4)
    array([2.1069, 0.4746])
    """
    return NonlinearProblem(objective, constraints, points, tier)


class NonlinearProblem:
    """A nonlinear program; its methods have the names and forms that cyipopt asks for.

    `variables` and `multipliers` count the numbers x and the constraints.
    """

    def __init__(
        self, objective: Callable[[Any], Any], constraints: Callable[[Any], Any] | None, points: Any, tier: str
    ) -> None:
        import numpy

        samples = numpy.atleast_2d(numpy.array(points, dtype=numpy.float64))
        if samples.ndim != 2 or 0 in samples.shape:
            raise ArgumentError(
                f"points are an array of numbers or several of one length, got the shape {numpy.shape(points)}"
            )
        self.variables = int(samples.shape[1])
        self.names = name_of(objective), "no constraints" if constraints is None else name_of(constraints)

        def constrained(x: Any) -> Any:
            return as_array([] if constraints is None else flatten(constraints(x), f"the output of {self.names[1]}")[0])

        def lagrangian(x: Any, multipliers: Any, factor: Any) -> Any:
            value = factor * objective(x)
            for multiplier, one in zip(multipliers, constrained(x), strict=True):
                value = value + multiplier * one
            return value

        self._value = jit(objective, tier=tier)
        self._value_and_slopes = jit(value_and_grad(objective), tier=tier)
        self._constraints = jit(constrained, tier=tier)
        self._jacobian = jit(jacobian(constrained, sparse=True), tier=tier)
        self._hessian = jit(hessian(lagrangian, sparse=True), tier=tier)
        self.multipliers = len(self._constraints(samples[0]))
        shape = self.multipliers, self.variables
        self.jacobian_entries = Entries("Jacobian", shape, triangle=False)
        self.hessian_entries = Entries("Hessian", (self.variables, self.variables), triangle=True)
        for sample in samples:
            value = self._value(sample)
            if not isinstance(value, float):
                raise ArgumentError(f"the objective {self.names[0]} must give one number, got {value!r:.60}")
            if self.multipliers:
                self.jacobian_entries.add(self._jacobian(sample))
            self.hessian_entries.add(self._hessian(sample, numpy.ones(self.multipliers), 1.0))

    def objective(self, x: Any) -> float:
        """The objective at x."""
        return float(self._value(self.point(x)))

    def gradient(self, x: Any) -> Any:
        """The gradient of the objective at x."""
        return self._value_and_slopes(self.point(x))[1]

    def constraints(self, x: Any) -> Any:
        """The constraints at x, an array."""
        return self._constraints(self.point(x))

    def jacobian(self, x: Any) -> Any:
        """The entries of the Jacobian of the constraints at x, in the order of `jacobianstructure`.

        Raises StructureError where a branch has entries at other places.
        """
        return self.jacobian_entries.of(self._jacobian(self.point(x))) if self.multipliers else as_array([])

    def jacobianstructure(self) -> tuple[Any, Any]:
        """The rows and columns of the entries of the Jacobian."""
        return self.jacobian_entries.places()

    def hessian(self, x: Any, multipliers: Any, factor: float = 1.0) -> Any:
        """The entries of the lower triangle of the Hessian of factor · f + multipliers · c, as `hessianstructure` says.

        Raises StructureError where a branch has entries at other places.
        """
        import numpy

        given = numpy.asarray(multipliers, numpy.float64).reshape(-1)
        if len(given) != self.multipliers:
            raise ArgumentError(f"the problem has {self.multipliers} constraints, got {len(given)} multipliers")
        return self.hessian_entries.of(self._hessian(self.point(x), given, float(factor)))

    def hessianstructure(self) -> tuple[Any, Any]:
        """The rows and columns of the entries of the Hessian's lower triangle."""
        return self.hessian_entries.places()

    def point(self, x: Any) -> Any:
        """An array of n numbers."""
        import numpy

        given = numpy.asarray(x, numpy.float64).reshape(-1)
        if len(given) != self.variables:
            raise ArgumentError(f"the problem has {self.variables} variables, got {len(given)} numbers")
        return given

    def jacobian_matrix(self, x: Any) -> Any:
        """The Jacobian of the constraints at x as a sparse matrix of SciPy's."""
        return self.jacobian_entries.matrix(self.jacobian(x))

    def hessian_matrix(self, x: Any, multipliers: Any, factor: float = 1.0) -> Any:
        """The Hessian of the Lagrangian at x as a symmetric sparse matrix of SciPy's."""
        return self.hessian_entries.matrix(self.hessian(x, multipliers, factor))

    def scipy(self, lower: Any = None, upper: Any = None) -> dict[str, Any]:
        """The arguments `fun`, `jac`, `hess` and `constraints` of `scipy.optimize.minimize` by "trust-constr".

        lower, upper: bounds of the constraints, infinite where there are none; equal ones of an equation.
        """
        import numpy
        from scipy.optimize import NonlinearConstraint

        none = numpy.zeros(self.multipliers)
        arguments: dict[str, Any] = {
            "fun": lambda x: self._value_and_slopes(self.point(x)),
            "jac": True,
            "hess": lambda x: self.hessian_matrix(x, none),
        }
        if self.multipliers:
            if lower is None or upper is None:
                raise ArgumentError(f"the {self.multipliers} constraints need bounds: scipy(lower, upper)")
            arguments["constraints"] = NonlinearConstraint(
                self.constraints, lower, upper, self.jacobian_matrix, lambda x, v: self.hessian_matrix(x, v, 0.0)
            )
        return arguments

    def __repr__(self) -> str:
        return (
            f"<nonlinear problem of {self.variables} variables and {self.multipliers} constraints: {self.names[0]}, "
            f"{self.names[1]}>"
        )


class Entries:
    """The places of the entries of a sparse matrix: those of all patterns that were met so far.

    Of a symmetric one, those of the lower `triangle`.
    """

    def __init__(self, what: str, shape: tuple[int, int], triangle: bool) -> None:
        import numpy

        self.what = what
        self.shape = shape
        self.triangle = triangle
        # The numbers of the places, row by row, in ascending order.
        self.known = numpy.zeros(0, numpy.int64)
        # Of each pattern, by its bytes, which of its entries count and where they stand among all.
        self.found: dict[bytes, tuple[Any, Any]] = {}

    def numbers(self, matrix: Any) -> tuple[Any, Any]:
        """Which entries of a matrix count, and the numbers of their places."""
        import numpy

        rows = numpy.repeat(numpy.arange(self.shape[0]), numpy.diff(matrix.indptr))
        columns = matrix.indices.astype(numpy.int64)
        kept = numpy.flatnonzero(columns <= rows) if self.triangle else numpy.arange(len(columns))
        return kept, rows[kept] * self.shape[1] + columns[kept]

    def add(self, matrix: Any) -> None:
        """Let the places of a matrix's entries be among these."""
        import numpy

        self.known = numpy.union1d(self.known, self.numbers(matrix)[1])
        self.found.clear()

    def of(self, matrix: Any) -> Any:
        """The entries at all places, 0 where this matrix has none."""
        import numpy

        key = matrix.indptr.tobytes() + matrix.indices.tobytes()
        found = self.found.get(key)
        if found is None:
            kept, numbers = self.numbers(matrix)
            missing = numpy.setdiff1d(numbers, self.known)
            if len(missing):
                row, column = divmod(int(missing[0]), self.shape[1])
                self.add(matrix)
                raise StructureError(
                    f"the {self.what} has {len(missing)} entries here, the first at ({row}, {column}), that it has at "
                    f"none of the problem's points: a branch was taken that they don't take. Give a point that takes "
                    f"it as one of `points`, or start the solver again: the structure has grown by them now"
                )
            found = self.found[key] = kept, numpy.searchsorted(self.known, numbers)
        entries = numpy.zeros(len(self.known))
        entries[found[1]] = matrix.data[found[0]]
        return entries

    def places(self) -> tuple[Any, Any]:
        """The rows and columns."""
        import numpy

        rows, columns = numpy.divmod(self.known, max(self.shape[1], 1))
        return rows.astype(numpy.int32), columns.astype(numpy.int32)

    def matrix(self, entries: Any) -> Any:
        """The sparse matrix with these entries; of a triangle, the symmetric one."""
        import numpy
        from scipy.sparse import csr_array

        rows, columns = self.places()
        if self.triangle:
            below = rows != columns
            entries = numpy.concatenate([entries, entries[below]])
            rows, columns = numpy.concatenate([rows, columns[below]]), numpy.concatenate([columns, rows[below]])
        return csr_array((entries, (rows, columns)), shape=self.shape)
