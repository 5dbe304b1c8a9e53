"""Jacobians and Hessians as matrices, from a tape: sparse ones in SciPy's form, and dense Hessians.

Where the tape has nodes for its local gradients, as in a function that is being compiled, the entries are nodes, and
the sparse Hessian is the sparse Jacobian of the gradient.
"""

from __future__ import annotations

from typing import Any

from autograd.transforms.curvature import Curvature
from autograd.transforms.edge_pushing import eliminate_for_hessian
from autograd.transforms.elimination import eliminate_for_jacobian
from autograd.transforms.sparse import matrix_of
from autograd.transforms.tape import Tape

__all__ = [
    "dense_hessian", "hessian_matrix", "hessian_matrix_of_nodes", "jacobian_matrix", "lower_triangle",
    "symmetric_matrix", "unit",
]  # fmt: skip


def jacobian_matrix(tape: Tape) -> Any:
    """The Jacobian as one sparse matrix."""
    columns, rows, values = eliminate_for_jacobian(tape)
    return sparse_matrix(values, rows, columns, (len(tape.outputs), tape.count))


def hessian_matrix(tape: Tape) -> Any:
    """The Hessian of the output as one sparse matrix."""
    curvature = Curvature(tape)
    triangle = eliminate_for_hessian(tape, curvature, float(tape.count * len(tape.operands)))
    if triangle is None:
        triangle = hessian_by_columns(tape, curvature)
    rows, columns, values = triangle
    return symmetric_matrix(rows, columns, values, tape.count)


def hessian_matrix_of_nodes(gradient: Tape) -> Any:
    """The Hessian as one sparse matrix of nodes, from the tape that leads from the arguments to the gradient."""
    triangle = lower_triangle(gradient)
    rows, columns = [row for row, _ in triangle], [column for _, column in triangle]
    return symmetric_matrix(rows, columns, list(triangle.values()), gradient.count)


def lower_triangle(gradient: Tape) -> dict[tuple[int, int], Any]:
    """The entries of the lower triangle of the Hessian by row and column, as nodes, from the tape of the gradient."""
    triangle: dict[tuple[int, int], Any] = {}
    for column, row, value in zip(*eliminate_for_jacobian(gradient, True), strict=True):
        # Both halves are there, equal but for rounding: the lower one counts.
        if row >= column:
            triangle[row, column] = value
        else:
            triangle.setdefault((column, row), value)
    return triangle


def symmetric_matrix(rows: Any, columns: Any, values: Any, count: int) -> Any:
    """The sparse matrix whose lower triangle has these entries; those off the diagonal stand in it twice."""
    import numpy

    # NumPy would make floats of empty lists.
    rows, columns = numpy.asarray(rows, numpy.int32), numpy.asarray(columns, numpy.int32)
    below = rows != columns
    if isinstance(values, list):
        values = values + [values[place] for place in numpy.flatnonzero(below).tolist()]
    else:
        values = numpy.asarray(values)
        values = numpy.concatenate([values, values[below]])
    all_rows = numpy.concatenate([rows, columns[below]])
    return sparse_matrix(values, all_rows, numpy.concatenate([columns, rows[below]]), (count, count))


def sparse_matrix(values: Any, rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    """The sparse matrix with these entries, zeros among them too."""
    try:
        from scipy.sparse import coo_array
    except ImportError as error:
        raise ImportError("sparse derivatives are SciPy's: pip install 'scalar-autograd[scipy]'") from error
    import numpy

    rows, columns = numpy.asarray(rows), numpy.asarray(columns)
    if not isinstance(values, list):
        return coo_array((numpy.asarray(values), (rows, columns)), shape=shape).tocsr()
    # SciPy puts the places in order, and with them the numbers of the nodes.
    order = coo_array((numpy.arange(len(values)), (rows, columns)), shape=shape).tocsr()
    return matrix_of(order, [values[place] for place in order.data.tolist()])


def hessian_by_columns(tape: Tape, curvature: Curvature) -> tuple[list[int], list[int], list[float]]:
    """The lower triangle of the Hessian from one product with each unit vector; as rows, columns, values.

    The pattern is that of edge pushing, found with sets (the bits of integers) of arguments.
    """
    reaching = [1 << position for position in range(tape.count)]
    for position in range(tape.count, tape.size):
        reached = 0
        for entry in range(tape.starts[position - tape.count], tape.starts[position - tape.count + 1]):
            reached |= reaching[tape.operands[entry]]
        reaching.append(reached)
    interacting = [0] * tape.size
    for position in range(tape.size - 1, tape.count - 1, -1):
        k = position - tape.count
        for entry in range(tape.starts[k], tape.starts[k + 1]):
            interacting[tape.operands[entry]] |= interacting[position]
        for pair in range(curvature.starts[k], curvature.starts[k + 1]):
            interacting[curvature.left[pair]] |= reaching[curvature.right[pair]]
            interacting[curvature.right[pair]] |= reaching[curvature.left[pair]]
    rows, columns, values = [], [], []
    for column in range(tape.count):
        pattern = interacting[column] >> column
        if pattern:
            product = curvature.hessian_times(unit(column, tape.count))
            for row in range(column, tape.count):
                if pattern >> (row - column) & 1:
                    rows.append(row)
                    columns.append(column)
                    values.append(product[row])
    return rows, columns, values


def dense_hessian(tape: Tape) -> list[Any]:
    """The rows of the Hessian of the output of a tape."""
    count = tape.count
    curvature = Curvature(tape)
    triangle = eliminate_for_hessian(tape, curvature, float(count * len(tape.operands)))
    import numpy

    if triangle is None:
        columns = numpy.array([curvature.hessian_times(unit(place, count)) for place in range(count)])
        # The two halves are equal but for rounding.
        return (numpy.tril(columns) + numpy.tril(columns, -1).T).tolist()  # type: ignore[no-any-return]
    matrix = numpy.zeros((count, count))
    if len(triangle[2]):
        rows, columns, values = [numpy.asarray(part) for part in triangle]
        matrix[rows, columns] = values
        matrix[columns, rows] = values
    return matrix.tolist()


def unit(place: int, size: int) -> list[float]:
    """The unit vector."""
    vector = [0.0] * size
    vector[place] = 1.0
    return vector
