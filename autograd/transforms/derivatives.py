"""Derivatives of Python functions: `grad`, `jacobian`, `hessian` and their kin, under the names that JAX made common.

A transform takes a function of numbers and gives a function of the same arguments. When that is called, the function
runs once, on variables of its own in place of the numbers; what it did to them is on a `Tape`, from which all else
is computed. Arguments may be numbers, arrays, and nested lists, tuples and dicts of them, and derivatives come back
in the same structure.

Transforms nest. Where a result depends on anything that someone else may want to differentiate in (an argument that
is itself a node, a variable of an enclosing transform that the function closes over), the sweeps over the tape run
on nodes, made by the primitives' rules; else on numbers. No transform reads or writes the `grad` of a node.
"""

from __future__ import annotations

import copy
import functools
import operator
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.errors import ArgumentError, OutputError
from autograd.graph.modes import current_mode, enable_grad, is_strict, is_traced
from autograd.graph.node import Node, clock, new_argument, retire_arguments, value_of, varies
from autograd.transforms.curvature import Curvature, has_many_pairs
from autograd.transforms.matrices import dense_hessian, hessian_matrix, hessian_matrix_of_nodes, jacobian_matrix, unit
from autograd.transforms.structures import Structure, as_array, flatten, pattern_of
from autograd.transforms.tape import Tape

__all__ = [
    "grad", "hessian", "hessian_sparsity", "hvp", "jacfwd", "jacobian", "jacobian_sparsity", "jacrev", "jvp",
    "linearize", "value_and_grad", "vjp",
]  # fmt: skip

Function = Callable[..., Any]


def grad(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """The function that gives the gradient of `fun`, whose output is one number.

    The gradient has the structure of the argument at place `argnums`, or is a tuple of such for several places. With
    `has_aux`, `fun` returns its output and anything else, and the result is the gradient and that.

    >>> grad(lambda x: x ** 3)(2.0)
    12.0
    >>> grad(lambda p, x: p["a"] * x + p["b"])({"a": 2.0, "b": 1.0}, 5.0)
    {'a': 5.0, 'b': 1.0}
    >>> grad(grad(grad(lambda x: x ** 3)))(2.0)
    6.0
    """
    return Transformed(gradient_of, fun, argnums, has_aux=has_aux, with_value=False)


def value_and_grad(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """The function that gives the value and the gradient of `fun`, from one run of it.

    With `has_aux` the result is `((value, aux), gradient)`.

    >>> value_and_grad(lambda x: x ** 3)(2.0)
    (8.0, 12.0)
    """
    return Transformed(gradient_of, fun, argnums, has_aux=has_aux, with_value=True)


def jacobian(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, *, sparse: bool = False
) -> Function:
    """The function that gives all first derivatives of `fun`, whose output may be numbers in any structure.

    The result has the structure of the output, with that of the argument in place of each number: an array of shape
    (m,) from an array of shape (n,) has the Jacobian (m, n). The sweeps go forward or backward, whichever are fewer.

    With `sparse`, the result is one `scipy.sparse.csr_array`: a row for each number in the output and a column for
    each in the argument, with the pattern of the graph that was run, found without dense sweeps. Compiled by `jit`, a
    further call computes nothing but the entries: the pattern belongs to the path through the function.

    >>> jacobian(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 0.0]]
    """
    return Transformed(jacobian_of, fun, argnums, has_aux=has_aux, sparse=sparse, forward=None)


def jacfwd(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """`jacobian` by sweeps forward, one for each argument.

    >>> jacfwd(lambda x: [x, x ** 2])(3.0)
    [1.0, 6.0]
    """
    return Transformed(jacobian_of, fun, argnums, has_aux=has_aux, sparse=False, forward=True)


def jacrev(fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """`jacobian` by sweeps backward, one for each output.

    >>> jacrev(lambda x: [x, x ** 2])(3.0)
    [1.0, 6.0]
    """
    return Transformed(jacobian_of, fun, argnums, has_aux=has_aux, sparse=False, forward=False)


def hessian(fun: Function, argnums: int | Sequence[int] = 0, *, sparse: bool = False) -> Function:
    """The function that gives all second derivatives of `fun`, whose output is one number.

    The result has the structure of the argument, with that structure again in place of each number: for an array of
    shape (n,) it is an array (n, n). With `sparse`, it is one symmetric `scipy.sparse.csr_array`, compiled or not.

    Both come from edge pushing (see `edge_pushing`) in one sweep; for a dense one, and where an operation on many
    operands makes that too dear, one sweep forward and one backward are done for each number in the argument.

    >>> hessian(lambda x, y: x * y ** 2, argnums=(0, 1))(2.0, 3.0)
    ((0.0, 6.0), (6.0, 4.0))
    """
    return Transformed(hessian_of, fun, argnums, sparse=sparse)


def jacobian_sparsity(fun: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that gives the pattern of the sparse Jacobian: a `csr_array` with True where a derivative stands."""
    return Transformed(sparsity_of, fun, argnums, sparse_derivative=sparse_jacobian)


def hessian_sparsity(fun: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that gives the pattern of the sparse Hessian: a `csr_array` with True where a derivative stands."""
    return Transformed(sparsity_of, fun, argnums, sparse_derivative=sparse_hessian)


def jvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The value of `fun` at the arguments `primals`, and its derivative along `tangents`, which has their structure.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.5))
    (6.0, 4.0)
    """
    with Run("jvp", fun, as_arguments("jvp", "primals", primals), {}, None, has_aux) as run:
        directions = run.directions("jvp", as_arguments("jvp", "tangents", tangents))
        results = run.value(), run.outputs.build(run.tape.pushforward(directions))
        return (*results, run.aux) if has_aux else results


def vjp(fun: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `fun` at the arguments, and its pullback.

    The pullback takes cotangents in the structure of the output, and gives the derivatives of the output weighted by
    them: a tuple of one for each argument. It may be called again and again.

    >>> value, pullback = vjp(lambda x, y: [x * y, y], 2.0, 3.0)
    >>> value, pullback([1.0, 10.0])
    ([6.0, 3.0], (3.0, 12.0))
    """
    with Run("vjp", fun, primals, {}, None, has_aux) as run:

        def pullback(cotangents: Any) -> Any:
            weights = in_structure("vjp", "cotangents", cotangents, "the output", run.outputs)
            return run.inputs.build(run.tape.pullback(weights))

        return (run.value(), pullback, run.aux) if has_aux else (run.value(), pullback)


def linearize(fun: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `fun` at the arguments, and its pushforward: the derivative along tangents given later.

    >>> value, pushforward = linearize(lambda x, y: x * y, 2.0, 3.0)
    >>> value, pushforward(1.0, 0.5)
    (6.0, 4.0)
    """
    with Run("linearize", fun, primals, {}, None, has_aux) as run:

        def pushforward(*tangents: Any) -> Any:
            return run.outputs.build(run.tape.pushforward(run.directions("linearize", tangents)))

        return (run.value(), pushforward, run.aux) if has_aux else (run.value(), pushforward)


def hvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The product of the Hessian of `fun` with the tangents: the derivative along them of its gradient.

    In the structure of the argument if there is one, else a tuple of one for each argument. One sweep forward and two
    backward, whatever the number of arguments.

    >>> hvp(lambda x: x[0] * x[1] ** 2, ([2.0, 3.0],), ([1.0, 0.0],))
    [0.0, 6.0]
    """
    with Run("hvp", fun, as_arguments("hvp", "primals", primals), {}, None) as run:
        run.check_scalar("hvp")
        directions = run.directions("hvp", as_arguments("hvp", "tangents", tangents))
        nodes = run.differentiable or any([isinstance(direction, Node) for direction in directions])
        if nodes or has_many_pairs(run.tape):
            products: Any = run.gradient_tape().pushforward(directions)
        else:
            products = Curvature(run.tape).hessian_times(directions)
            run.check_finite(products)
        result = run.inputs.build(products)
        return result[0] if len(result) == 1 else result


class Transformed:
    """A function made by a transform from another one; it can be pickled if that can."""

    def __init__(self, transform: Function, fun: Function, argnums: int | Sequence[int], **options: Any) -> None:
        self.transform = transform
        self.options = options
        self.fun = fun
        self.argnums = checked_argnums(argnums)
        if not callable(fun):
            raise OutputError(f"only a function can be differentiated, got {type(fun).__name__} {fun!r:.60}")
        self.__name__ = name_of(fun)
        functools.update_wrapper(self, fun, updated=())

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # As a function does: in a class, it becomes a method.
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.transform(self.fun, self.argnums, args, kwargs, **self.options)

    def __repr__(self) -> str:
        return f"<{self.transform.__name__.replace('_', ' ')} {name_of(self.fun)}>"


def gradient_of(
    fun: Function, argnums: Any, args: tuple[Any, ...], kwargs: dict[str, Any], has_aux: bool, with_value: bool
) -> Any:
    """What `grad` and `value_and_grad` give when called."""
    name = "value_and_grad" if with_value else "grad"
    with Run(name, fun, args, kwargs, argnums, has_aux) as run:
        run.check_scalar(name)
        gradient = run.inputs.build(run.tape.pullback([1.0]))
        if not with_value:
            return (gradient, run.aux) if has_aux else gradient
        value = run.settled(run.results[0])
        return ((value, run.aux), gradient) if has_aux else (value, gradient)


def jacobian_of(
    fun: Function,
    argnums: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    has_aux: bool,
    sparse: bool,
    forward: bool | None,
) -> Any:
    """What `jacobian`, `jacfwd` and `jacrev` give when called."""
    name = "jacobian" if forward is None else "jacfwd" if forward else "jacrev"
    with Run(name, fun, args, kwargs, argnums, has_aux) as run:
        if sparse:
            result = sparse_jacobian(run)
        else:
            count, size = run.tape.count, len(run.tape.outputs)
            if count < size if forward is None else forward:
                columns = [run.tape.pushforward(unit(place, count)) for place in range(count)]
                result = blocks(run.outputs, run.inputs, columns, by_column=True)
            else:
                result = blocks(run.outputs, run.inputs, [run.tape.pullback(unit(i, size)) for i in range(size)])
        return (result, run.aux) if has_aux else result


def hessian_of(fun: Function, argnums: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sparse: bool) -> Any:
    """What `hessian` gives when called."""
    with Run("hessian", fun, args, kwargs, argnums) as run:
        if sparse:
            return sparse_hessian(run)
        run.check_scalar("hessian")
        count = run.tape.count
        if run.differentiable:
            second = run.gradient_tape()
            rows = [second.pullback(unit(place, count)) for place in range(count)]
        else:
            rows = dense_hessian(run.tape)
            run.check_finite([entry for row in rows for entry in row])
        return blocks(run.inputs, run.inputs, rows)


def sparsity_of(
    fun: Function, argnums: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sparse_derivative: Function
) -> Any:
    """What `jacobian_sparsity` and `hessian_sparsity` give when called."""
    with Run(sparse_derivative.__name__, fun, args, kwargs, argnums) as run:
        return pattern_of(sparse_derivative(run))


class Run:
    """One run of a function on variables of its own: what it was given, what it returned, and the tape between.

    `argnums` says which arguments it is differentiated in: a place, a tuple of them, or None for all. While the
    context lasts, other transforms know these variables as such.
    """

    def __init__(
        self,
        transform: str,
        fun: Function,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: int | tuple[int, ...] | None,
        has_aux: bool = False,
    ) -> None:
        self.fun = fun
        wanted = range(len(args)) if argnums is None else (argnums,) if isinstance(argnums, int) else argnums
        places = places_among(transform, fun, wanted, args, kwargs)
        given: list[Any] = []
        structures: list[Structure] = []
        for place in places:
            numbers, structure = flatten(args[place], f"argument {place} of {name_of(fun)}")
            given += numbers
            structures.append(structure)
        self.inputs = structures[0] if isinstance(argnums, int) else Structure(tuple, structures)
        self.before = before = clock()
        self.arguments = [new_argument(number) for number in given]
        try:
            returned = self.call(args, kwargs, places, structures)
            self.aux = None
            if has_aux:
                if not isinstance(returned, tuple) or len(returned) != 2:
                    raise OutputError(
                        f"with has_aux, {name_of(fun)} must return a pair (output, aux), got {type(returned).__name__}"
                    )
                returned, self.aux = returned
            self.results, self.outputs = flatten(returned, f"the output of {name_of(fun)}")
            self.tape = Tape(self.arguments, self.results, before)
            self.differentiable = (current_mode().recording or is_traced()) and (
                self.tape.closed_over or any([varies(number) for number in given])
            )
            if self.differentiable:
                self.tape.differentiable()
            if has_aux:
                self.aux = self.settled_aux()
        except BaseException:
            retire_arguments(self.arguments)
            raise

    def call(self, args: Sequence[Any], kwargs: dict[str, Any], places: Sequence[int], structures: Any) -> Any:
        """What the function returns for its arguments, with variables in place of the numbers in some of them."""
        replaced = list(args)
        start = 0
        for place, structure in zip(places, structures, strict=True):
            replaced[place] = structure.build(self.arguments[start : start + structure.size])
            start += structure.size
        if current_mode().recording:
            return self.fun(*replaced, **kwargs)
        with enable_grad():
            return self.fun(*replaced, **kwargs)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        retire_arguments(self.arguments)

    def value(self) -> Any:
        """What the function returned, as numbers; as nodes where they can be differentiated outside."""
        return self.outputs.build([self.settled(result) for result in self.results])

    def settled(self, result: Any) -> Any:
        """A number that the function returned: plain if nobody can differentiate in what it depends on any more."""
        if not isinstance(result, Node) or (self.differentiable and varies(result)):
            return result
        return value_of(result)

    def settled_aux(self) -> Any:
        """What the function returned besides, with plain numbers for nodes likewise."""
        nodes: list[Any] = []
        with_nodes(self.aux, lambda node: nodes.append(node) or node)  # type: ignore[func-returns-value]
        outside = self.differentiable or (
            (current_mode().recording or is_traced()) and Tape(self.arguments, nodes, self.before).closed_over
        )
        return with_nodes(self.aux, lambda node: node if outside and varies(node) else value_of(node))

    def check_scalar(self, transform: str) -> None:
        """Raise OutputError if the function gave anything but one number."""
        if self.outputs.shape != ():
            raise OutputError(
                f"{transform} needs a function with one number as its output; {name_of(self.fun)} gave "
                f"{self.outputs}. Sum it up, or use jacobian"
            )

    def check_finite(self, derivatives: Iterable[Any]) -> None:
        """Raise DomainError inside `strict` if a derivative is not finite."""
        if is_strict():
            from autograd.graph.overflow import check_finite_numbers

            check_finite_numbers(derivatives, f"a derivative of {name_of(self.fun)}")

    def directions(self, transform: str, tangents: Sequence[Any]) -> list[Any]:
        """The numbers of the tangents, which must have the structure of the arguments."""
        return in_structure(transform, "tangents", tuple(tangents), "the arguments", self.inputs)

    def gradient_tape(self) -> Tape:
        """The tape from the arguments to the gradient of the output, for differentiating that."""
        with enable_grad():
            if not self.differentiable:
                self.tape.differentiable()
            second = Tape(self.arguments, self.tape.pullback([1.0]), self.before)
        if self.differentiable:
            second.differentiable()
        return second


def sparse_jacobian(run: Run) -> Any:
    """The Jacobian of a run as one sparse matrix."""
    check_numbers_only(run)
    matrix = jacobian_matrix(run.tape)
    if not run.differentiable:
        run.check_finite(matrix.data)
    return matrix


def sparse_hessian(run: Run) -> Any:
    """The Hessian of the output of a run as one sparse matrix."""
    run.check_scalar("hessian")
    check_numbers_only(run)
    if run.differentiable:
        return hessian_matrix_of_nodes(run.gradient_tape())
    matrix = hessian_matrix(run.tape)
    run.check_finite(matrix.data)
    return matrix


def check_numbers_only(run: Run) -> None:
    """Raise OutputError if the derivatives would have to be nodes, and are not compiled."""
    if run.differentiable and not is_traced():
        raise OutputError(
            f"a sparse matrix holds numbers, but the derivatives of {name_of(run.fun)} depend on variables outside it; "
            f"use sparse=False, or no_grad() if they need not be differentiated again"
        )


def blocks(outputs: Structure, inputs: Structure, vectors: list[Any], by_column: bool = False) -> Any:
    """The matrix of derivatives in the structure of the outputs, with that of the inputs in place of each number.

    `vectors` are its rows, or its columns.
    """
    matrix = Matrix(outputs.size, inputs.size, vectors, by_column)
    return outputs.map_pieces(
        lambda row, output: inputs.map_pieces(lambda column, piece: matrix.block(row, output, column, piece))
    )


class Matrix:
    """A matrix of numbers and nodes, given by its rows or its columns."""

    def __init__(self, height: int, width: int, vectors: list[Any], by_column: bool) -> None:
        self.height = height
        self.width = width
        self.vectors = vectors
        self.by_column = by_column
        self.array: Any = None

    def block(self, row: int, output: Structure, column: int, piece: Structure) -> Any:
        """The derivatives of one piece of the output in one piece of the input: a number, or an array."""
        if not (output.is_array or piece.is_array):
            entry = self.vectors[column][row] if self.by_column else self.vectors[row][column]
            return entry if isinstance(entry, Node) else float(entry)
        if self.array is None:
            given = as_array([entry for vector in self.vectors for entry in vector])
            height, width = self.height, self.width
            self.array = given.reshape(width, height).T if self.by_column else given.reshape(height, width)
        part = self.array[row : row + output.size, column : column + piece.size]
        return part.reshape((*(output.shape or ()), *(piece.shape or ()))).copy()


def with_nodes(value: Any, change: Callable[[Any], Any]) -> Any:
    """A value with `change(node)` in place of each node in it; what is no container stays as it is."""
    if isinstance(value, Node):
        return change(value)
    if isinstance(value, tuple):
        items = [with_nodes(item, change) for item in value]
        kind: Any = type(value)
        return kind._make(items) if hasattr(kind, "_make") else tuple(items)
    if isinstance(value, list):
        return [with_nodes(item, change) for item in value]
    if isinstance(value, dict):
        changed = copy.copy(value)
        for key, item in value.items():
            changed[key] = with_nodes(item, change)
        return changed
    if not isinstance(value, type) and getattr(getattr(value, "dtype", None), "kind", "") == "O":
        array = value.copy()
        array[...] = None
        for place, item in enumerate(value.flat):
            array.flat[place] = with_nodes(item, change)
        plain = [isinstance(item, float) for item in array.flat]
        return array.astype(float) if plain and all(plain) else array
    return value


def checked_argnums(argnums: Any) -> int | tuple[int, ...]:
    """The place or places, as they will be asked for; ArgumentError if they are no integers."""
    several = isinstance(argnums, list | tuple)
    places = argnums if several else (argnums,)
    if not places or any([isinstance(place, bool) or not hasattr(type(place), "__index__") for place in places]):
        raise ArgumentError(f"argnums is the place of an argument or a tuple of places, got {argnums!r}")
    found = tuple([operator.index(place) for place in places])
    return found if several else found[0]


def places_among(
    transform: str, fun: Function, places: Sequence[int], args: Sequence[Any], kwargs: dict[str, Any]
) -> list[int]:
    """The places counted from the left; ArgumentError if there is no such argument, or one is asked for twice."""
    found: list[int] = []
    for place in places:
        if not -len(args) <= place < len(args):
            named = f" and by name {', '.join(kwargs)}; pass by place what is to be differentiated" if kwargs else ""
            raise ArgumentError(
                f"{transform} was asked to differentiate {name_of(fun)} in argument {place}, but it was called with "
                f"{len(args)} argument(s) by place{named}"
            )
        found.append(place % len(args))
    if len(set(found)) < len(found):
        raise ArgumentError(f"{transform} was asked to differentiate {name_of(fun)} twice in one argument: {places}")
    return found


def as_arguments(transform: str, what: str, given: Any) -> tuple[Any, ...]:
    """Primals or tangents, one for each argument."""
    if not isinstance(given, list | tuple):
        raise ArgumentError(
            f"{transform} takes {what} as a tuple with one entry for each argument of the function, got "
            f"{type(given).__name__}; for one argument write ({what.removesuffix('s')},)"
        )
    return tuple(given)


def in_structure(transform: str, what: str, given: Any, of: str, expected: Structure) -> list[Any]:
    """The numbers of a value, plain ones inside `no_grad`; ArgumentError unless it has the structure expected."""
    numbers, structure = flatten(given, f"the {what}")
    arranged = expected.arrange(numbers, structure)
    if arranged is None:
        raise ArgumentError(f"{transform} needs {what} in the structure of {of}, {expected}, got {structure}")
    if current_mode().recording or is_traced():
        return arranged
    return [value_of(number) for number in arranged]


def name_of(fun: Any) -> str:
    """What to call a function in a message."""
    return str(getattr(fun, "__name__", None) or getattr(fun, "name", None) or type(fun).__name__)
