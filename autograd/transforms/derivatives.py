"""Derivatives of Python functions: `grad`, `jacobian`, `hessian` and their kin, under the names that JAX made common.

A transform takes a function of numbers and gives a function of the same arguments. When that is called, the function
runs once, on variables of its own in place of the numbers; the operations on them are a `Tape`, from which all
derivatives are computed. Arguments may be numbers, arrays, and nested lists, tuples and dicts of them, and derivatives
come back in the same structure.

Transforms nest. Where a result depends on anything that someone else may want to differentiate in (an argument that
is itself a node, a variable of an enclosing transform that the function closes over), the sweeps over the tape run
on nodes, made by the primitives' rules; else on numbers. No transform reads or writes the `grad` of a node.
"""

from __future__ import annotations

import functools
import itertools
import operator
import types
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar, overload

from autograd.errors import ArgumentError, OutputError
from autograd.graph.modes import is_traced
from autograd.graph.node import Node
from autograd.other_packages import answers_options
from autograd.signatures import signature_of
from autograd.transforms.blocks import blocks
from autograd.transforms.curvature import Curvature, has_many_pairs
from autograd.transforms.matrices import (
    dense_hessian,
    hessian_matrix,
    hessian_matrix_of_nodes,
    jacobian_matrix,
    symmetric_matrix,
    unit,
)
from autograd.transforms.sparse import pattern_of
from autograd.transforms.taped_run import TapedRun, in_structure, name_of

__all__ = [
    "grad", "hessian", "hessian_sparsity", "hvp", "jacfwd", "jacobian", "jacobian_sparsity", "jacrev", "jvp",
    "linearize", "value_and_grad", "vjp",
]  # fmt: skip

Function = Callable[..., Any]
# The arguments of a function that is differentiated, which its derivatives take too, and its result.
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Names = str | Sequence[str] | None


@answers_options
def grad(
    fun: Callable[Arguments, Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    argnames: Names = None,
) -> Callable[Arguments, Any]:
    """The function that gives the gradient of `fun`, whose output is one number.

    The gradient has the structure of the argument at place `argnums`, or is a tuple of such for several places;
    `argnames` says by name which argument or arguments are meant, whichever way they are given. With `has_aux`, `fun`
    returns its output and anything else, and the result is the gradient and that.

    >>> grad(lambda x: x ** 3)(2.0)
    12.0
    >>> grad(lambda p, x: p["a"] * x + p["b"])({"a": 2.0, "b": 1.0}, 5.0)
    {'a': 5.0, 'b': 1.0}
    >>> grad(grad(grad(lambda x: x ** 3)))(2.0)
    6.0
    """
    return Transformed(gradient_of, fun, argnums, argnames, has_aux=has_aux, with_value=False)


@overload
def value_and_grad(
    fun: Callable[Arguments, Result],
    argnums: int | Sequence[int] = 0,
    has_aux: Literal[False] = False,
    *,
    argnames: Names = None,
) -> Callable[Arguments, tuple[Result, Any]]: ...
@overload
def value_and_grad(
    fun: Callable[Arguments, Any], argnums: int | Sequence[int] = 0, has_aux: bool = False, *, argnames: Names = None
) -> Callable[Arguments, tuple[Any, Any]]: ...
@answers_options
def value_and_grad(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    argnames: Names = None,
) -> Function:
    """The function that gives the value and the gradient of `fun`, from one run of it.

    With `has_aux` the result is `((value, aux), gradient)`.

    >>> value_and_grad(lambda x: x ** 3)(2.0)
    (8.0, 12.0)
    """
    return Transformed(gradient_of, fun, argnums, argnames, has_aux=has_aux, with_value=True)


@answers_options
def jacobian(
    fun: Callable[Arguments, Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    argnames: Names = None,
    sparse: bool = False,
) -> Callable[Arguments, Any]:
    """The function that gives all first derivatives of `fun`, whose output may be numbers in any structure.

    The result has the structure of the output, with that of the argument in place of each number: an array of shape
    (m,) from an array of shape (n,) has the Jacobian (m, n). The sweeps go forward or backward, whichever are fewer.

    With `sparse`, the result is one `scipy.sparse.csr_array`: a row for each number in the output and a column for
    each in the argument, with the pattern of the graph that was run, found without dense sweeps. Compiled by `jit`, a
    further call computes nothing but the entries: the pattern belongs to the path through the function.

    >>> jacobian(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 0.0]]
    """
    return Transformed(jacobian_of, fun, argnums, argnames, has_aux=has_aux, sparse=sparse, forward=None)


@answers_options
def jacfwd(
    fun: Callable[Arguments, Any], argnums: int | Sequence[int] = 0, has_aux: bool = False, *, argnames: Names = None
) -> Callable[Arguments, Any]:
    """`jacobian` by sweeps forward, one for each argument.

    >>> jacfwd(lambda x: [x, x ** 2])(3.0)
    [1.0, 6.0]
    """
    return Transformed(jacobian_of, fun, argnums, argnames, has_aux=has_aux, sparse=False, forward=True)


@answers_options
def jacrev(
    fun: Callable[Arguments, Any], argnums: int | Sequence[int] = 0, has_aux: bool = False, *, argnames: Names = None
) -> Callable[Arguments, Any]:
    """`jacobian` by sweeps backward, one for each output.

    >>> jacrev(lambda x: [x, x ** 2])(3.0)
    [1.0, 6.0]
    """
    return Transformed(jacobian_of, fun, argnums, argnames, has_aux=has_aux, sparse=False, forward=False)


@answers_options
def hessian(
    fun: Callable[Arguments, Any],
    argnums: int | Sequence[int] = 0,
    *,
    argnames: Names = None,
    sparse: bool = False,
) -> Callable[Arguments, Any]:
    """The function that gives all second derivatives of `fun`, whose output is one number.

    The result has the structure of the argument, with that structure again in place of each number: for an array of
    shape (n,) it is an array (n, n). With `sparse`, it is one symmetric `scipy.sparse.csr_array`, compiled or not.

    Both come from edge pushing (see `edge_pushing`) in one sweep; for a dense one, and where an operation on many
    operands makes that too dear, one sweep forward and one backward are done for each number in the argument.

    >>> hessian(lambda x, y: x * y ** 2, argnums=(0, 1))(2.0, 3.0)
    ((0.0, 6.0), (6.0, 4.0))
    """
    return Transformed(hessian_of, fun, argnums, argnames, sparse=sparse)


@answers_options
def jacobian_sparsity(fun: Callable[Arguments, Any], argnums: int | Sequence[int] = 0) -> Callable[Arguments, Any]:
    """The function that gives the pattern of the sparse Jacobian: a `csr_array` with True where a derivative stands."""
    return Transformed(sparsity_of, fun, argnums, None, sparse_derivative=sparse_jacobian)


@answers_options
def hessian_sparsity(fun: Callable[Arguments, Any], argnums: int | Sequence[int] = 0) -> Callable[Arguments, Any]:
    """The function that gives the pattern of the sparse Hessian: a `csr_array` with True where a derivative stands."""
    return Transformed(sparsity_of, fun, argnums, None, sparse_derivative=sparse_hessian)


@answers_options
def jvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The value of `fun` at the arguments `primals`, and its derivative along `tangents`, which has their structure.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.5))
    (6.0, 4.0)
    """
    with TapedRun("jvp", fun, as_arguments("jvp", "primals", primals), {}, None, has_aux) as run:
        directions = run.directions("jvp", as_arguments("jvp", "tangents", tangents))
        results = run.value(), run.outputs.build(run.tape.pushforward(directions))
        return (*results, run.aux) if has_aux else results


@answers_options
def vjp(fun: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `fun` at the arguments, and its pullback.

    The pullback takes cotangents in the structure of the output, and gives the derivatives of the output weighted by
    them: a tuple of one for each argument. It may be called again and again.

    >>> value, pullback = vjp(lambda x, y: [x * y, y], 2.0, 3.0)
    >>> value, pullback([1.0, 10.0])
    ([6.0, 3.0], (3.0, 12.0))
    """
    with TapedRun("vjp", fun, primals, {}, None, has_aux) as run:
        run.reused = True

        def pullback(cotangents: Any) -> Any:
            weights = in_structure("vjp", "cotangents", cotangents, "the output", run.outputs)
            return run.inputs.build(run.tape.pullback(weights))

        return (run.value(), pullback, run.aux) if has_aux else (run.value(), pullback)


@answers_options
def linearize(fun: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `fun` at the arguments, and its pushforward: the derivative along tangents given later.

    >>> value, pushforward = linearize(lambda x, y: x * y, 2.0, 3.0)
    >>> value, pushforward(1.0, 0.5)
    (6.0, 4.0)
    """
    with TapedRun("linearize", fun, primals, {}, None, has_aux) as run:
        run.reused = True

        def pushforward(*tangents: Any) -> Any:
            return run.outputs.build(run.tape.pushforward(run.directions("linearize", tangents)))

        return (run.value(), pushforward, run.aux) if has_aux else (run.value(), pushforward)


@answers_options
def hvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The product of the Hessian of `fun` with the tangents: the derivative along them of its gradient.

    In the structure of the argument if there is one, else a tuple of one for each argument. One sweep forward and two
    backward, whatever the number of arguments.

    >>> hvp(lambda x: x[0] * x[1] ** 2, ([2.0, 3.0],), ([1.0, 0.0],))
    [0.0, 6.0]
    """
    with TapedRun("hvp", fun, as_arguments("hvp", "primals", primals), {}, None) as run:
        run.check_scalar("hvp")
        directions = run.directions("hvp", as_arguments("hvp", "tangents", tangents))
        nodes = run.differentiable or any([isinstance(direction, Node) for direction in directions])
        if nodes or run.tape.joints or has_many_pairs(run.tape):
            products: Any = run.gradient_tape().pushforward(directions)
        else:
            products = Curvature(run.tape).hessian_times(directions)
            run.check_finite(products)
        result = run.inputs.build(products)
        return result[0] if len(result) == 1 else result


class Transformed:
    """A function made by a transform from another one; it can be pickled if that can."""

    def __init__(
        self, transform: Function, fun: Function, argnums: int | Sequence[int], argnames: Names, **options: Any
    ) -> None:
        self.transform = transform
        self.options = options
        self.fun = fun
        self.argnums = checked_argnums(argnums)
        self.argnames = checked_argnames(argnames)
        if not callable(fun):
            of_nodes = hasattr(type(fun), "apply_primitive")
            here = "; derivatives of nodes are gradients(y, [x]), or x.grad after y.backward()" if of_nodes else ""
            raise OutputError(f"only a function can be differentiated, got {type(fun).__name__} {fun!r:.60}{here}")
        self.__name__ = name_of(fun)
        functools.update_wrapper(self, fun, updated=())

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # As a function does: in a class, it becomes a method.
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.argnames is not None:
            fun, args, kwargs, argnums = by_place(self.fun, self.argnames, args, kwargs)
            return self.transform(fun, argnums, args, kwargs, **self.options)
        return self.transform(self.fun, self.argnums, args, kwargs, **self.options)

    def __repr__(self) -> str:
        return f"<{self.transform.__name__.replace('_', ' ')} {name_of(self.fun)}>"


def gradient_of(
    fun: Function, argnums: Any, args: tuple[Any, ...], kwargs: dict[str, Any], has_aux: bool, with_value: bool
) -> Any:
    """The gradient, as `grad` and `value_and_grad` return it."""
    name = "value_and_grad" if with_value else "grad"
    with TapedRun(name, fun, args, kwargs, argnums, has_aux, once=True) as run:
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
    """The Jacobian, as `jacobian`, `jacfwd` and `jacrev` return it."""
    name = "jacobian" if forward is None else "jacfwd" if forward else "jacrev"
    with TapedRun(name, fun, args, kwargs, argnums, has_aux, by_result=sparse) as run:
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
    """The Hessian, as `hessian` returns it."""
    with TapedRun("hessian", fun, args, kwargs, argnums, by_result=sparse, by_terms=sparse) as run:
        if sparse:
            return sparse_hessian(run)
        run.check_scalar("hessian")
        count = run.tape.count
        if run.differentiable or run.tape.joints:
            second = run.gradient_tape()
            rows = [second.pullback(unit(place, count)) for place in range(count)]
        else:
            rows = dense_hessian(run.tape)
            run.check_finite(itertools.chain.from_iterable(rows))
        return blocks(run.inputs, run.inputs, rows)


def sparsity_of(
    fun: Function, argnums: Any, args: tuple[Any, ...], kwargs: dict[str, Any], sparse_derivative: Function
) -> Any:
    """The pattern, as `jacobian_sparsity` and `hessian_sparsity` return it."""
    with TapedRun(sparse_derivative.__name__, fun, args, kwargs, argnums, by_result=True) as run:
        return pattern_of(sparse_derivative(run))


def sparse_jacobian(run: TapedRun) -> Any:
    """The Jacobian of a run as one sparse matrix."""
    check_numbers_only(run)
    matrix = jacobian_matrix(run.tape)
    if not run.differentiable:
        run.check_finite(matrix.data)
    return matrix


def sparse_hessian(run: TapedRun) -> Any:
    """The Hessian of the output of a run as one sparse matrix."""
    run.check_scalar("hessian")
    check_numbers_only(run)
    if run.triangle is not None:
        rows, columns, values = run.triangle
        return symmetric_matrix(rows, columns, values, run.tape.count)
    if run.differentiable:
        return hessian_matrix_of_nodes(run.gradient_tape())
    matrix = hessian_matrix(run.tape)
    run.check_finite(matrix.data)
    return matrix


def check_numbers_only(run: TapedRun) -> None:
    """Raise OutputError if the derivatives would have to be nodes, and are not compiled."""
    if run.differentiable and not is_traced():
        raise OutputError(
            f"a sparse matrix holds numbers, but the derivatives of {name_of(run.fun)} depend on variables outside it; "
            f"use sparse=False, or no_grad() if they need not be differentiated again"
        )


def checked_argnums(argnums: Any) -> int | tuple[int, ...]:
    """The place or places, as they will be asked for; ArgumentError if they are no integers."""
    several = isinstance(argnums, list | tuple)
    places = argnums if several else (argnums,)
    try:
        found = [operator.index(place) for place in places if not isinstance(place, bool)]
    except TypeError:
        found = []
    if not found or len(found) < len(places):
        raise ArgumentError(
            f"argnums is the place of an argument or a tuple of places, got {argnums!r:.60}; names are argnames. "
            f"Arguments are given to the function that this returns, as in grad(f)(x); derivatives of nodes are "
            f"gradients(y, [x])"
        )
    return tuple(found) if several else found[0]


def checked_argnames(argnames: Any) -> Names:
    """The name or names of arguments, as they will be asked for; ArgumentError if they are no texts."""
    if argnames is None or isinstance(argnames, str):
        return argnames
    if not isinstance(argnames, list | tuple) or not argnames or not all([isinstance(name, str) for name in argnames]):
        raise ArgumentError(f"argnames is the name of an argument or a tuple of names, got {argnames!r:.60}")
    return tuple(argnames)


def by_place(
    fun: Function, argnames: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Function, tuple[Any, ...], dict[str, Any], int | tuple[int, ...]]:
    """A function, the arguments of a call of it with those of these names among the ones by place, and their places.

    The function is the given one, or one that hands its last arguments on by name.
    """
    names = (argnames,) if isinstance(argnames, str) else argnames
    signature = signature_of(fun)
    bound = signature.bind(*args, **kwargs)
    given = {*bound.arguments, *bound.kwargs}
    bound.apply_defaults()
    placed, named = list(bound.args), bound.kwargs
    order = list(signature.parameters.values())
    with_place = [one.name for one in order if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    start = len(placed)
    places, last, by_name = [], [], list(named)
    for name in names:
        if name not in given or not (name in with_place or name in named):
            known = name in with_place or (name in named and name in signature.parameters)
            raise ArgumentError(
                f"{name_of(fun)} was to be differentiated in {name!r}, which is "
                f"{'not given' if known else 'no argument of it'}; its arguments are "
                f"{', '.join([one.name for one in order])}"
            )
        if name in with_place:
            places.append(with_place.index(name))
        else:
            places.append(len(placed))
            last.append(name)
            placed.append(named.pop(name))

    @functools.wraps(fun)
    def with_last_by_name(*arguments: Any, **options: Any) -> Any:
        given = options | dict(zip(last, arguments[start:], strict=True))
        return fun(*arguments[:start], **{name: given[name] for name in by_name})

    taken = with_last_by_name if last else fun
    return taken, tuple(placed), named, places[0] if isinstance(argnames, str) else tuple(places)


def as_arguments(transform: str, what: str, given: Any) -> tuple[Any, ...]:
    """Primals or tangents, one for each argument."""
    if not isinstance(given, list | tuple):
        raise ArgumentError(
            f"{transform} takes {what} as a tuple with one entry for each argument of the function, got "
            f"{type(given).__name__}; for one argument write ({what.removesuffix('s')},)"
        )
    return tuple(given)
