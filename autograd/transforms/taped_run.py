"""One run of a function on variables of its own: the tape from which the transforms compute derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.arrays.discrete import is_discrete, is_truth
from autograd.errors import ArgumentError, OutputError
from autograd.graph.modes import current_mode, enable_grad, is_strict, is_traced
from autograd.graph.node import Node, clock, value_of, varies
from autograd.graph.node_errors import in_own_words, refused
from autograd.graph.runs import new_argument, retire_arguments, retire_results
from autograd.transforms.tape import Tape
from autograd.transforms.trees import Structure, check_depth, flatten, map_leaves

__all__ = ["TapedRun", "in_structure", "name_of"]


class TapedRun:
    """One run of a function on variables of its own: its arguments, its results, and the tape between them.

    `argnums` says which arguments it is differentiated in: a place, a tuple of them, or None for all. While the
    context lasts, other transforms know these variables as such. `by_result` is as in `Tape`. `once` says that there is
    one sweep back: then, while a function is compiled, loops are found again before they are differentiated, and slopes
    of an operation on many operands are one operation. `by_terms`
    says that it is for a Hessian: that of a sum of terms which are alike is found as that of one of them, and is the
    `triangle`; there is nothing on the tape then.
    """

    # Whether derivatives are taken after the context, from the same operations.
    reused = False
    nodes_in_aux: Sequence[Any] = ()
    triangle: Any = None

    def __init__(
        self,
        transform: str,
        fun: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: int | tuple[int, ...] | None,
        has_aux: bool = False,
        by_result: bool = False,
        once: bool = False,
        by_terms: bool = False,
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
        trace = current_mode().trace
        roll_up = None if trace is None else trace.roll_up
        if refused:
            refused.clear()
        try:
            if roll_up is not None:
                # Not in what is differentiated again: sweeps beyond the first find less in a loop than in its turns.
                trace.roll_up = None
                try:
                    returned = self.call(args, kwargs, places, structures)
                finally:
                    trace.roll_up = roll_up
            else:
                returned = self.call(args, kwargs, places, structures)
            self.aux = None
            if has_aux:
                if not isinstance(returned, tuple) or len(returned) != 2:
                    raise OutputError(
                        f"with has_aux, {name_of(fun)} must return a pair (output, aux), got {type(returned).__name__}"
                    )
                returned, self.aux = returned
            refuse_truths = functools.partial(refuse_truth, transform)
            self.results, self.outputs = flatten(returned, f"the output of {name_of(fun)}", refuse_truths)
            if roll_up is not None and once:
                self.results = roll_up(trace, self.arguments, self.results, before)
            varying = any([varies(number) for number in given])
            if roll_up is not None and by_terms and varying:
                self.triangle = trace.by_terms(trace, self.arguments, self.results, before)
            ends = self.results if self.triangle is None else []
            self.tape = Tape(self.arguments, ends, before, by_result=by_result)
            self.differentiable = (current_mode().recording or is_traced()) and (self.tape.closed_over or varying)
            if self.differentiable:
                if roll_up is not None and once:
                    self.tape.at_once = trace.at_once
                self.tape.differentiable()
            if has_aux:
                self.aux = self.settled_aux()
        except BaseException as error:
            retire_arguments(self.arguments)
            own = in_own_words(error)
            if own is not None:
                raise own from error
            raise

    def call(self, args: Sequence[Any], kwargs: dict[str, Any], places: Sequence[int], structures: Any) -> Any:
        """Call the function, with variables in place of the numbers in the arguments at these places."""
        replaced = list(args)
        start = 0
        for place, structure in zip(places, structures, strict=True):
            replaced[place] = structure.build(self.arguments[start : start + structure.size])
            start += structure.size
        if current_mode().recording:
            return self.fun(*replaced, **kwargs)
        with enable_grad():
            return self.fun(*replaced, **kwargs)

    def __enter__(self) -> TapedRun:
        return self

    def __exit__(self, *_: object) -> None:
        retire_arguments(self.arguments)
        if not (self.reused and self.differentiable):
            retire_results(
                [*self.tape.nodes, *self.tape.merged],
                [*self.results, *self.nodes_in_aux] if self.differentiable else [],
            )

    def value(self) -> Any:
        """The value of the function: numbers, or nodes where they can be differentiated outside."""
        return self.outputs.build([self.settled(result) for result in self.results])

    def settled(self, result: Any) -> Any:
        """A result of the function: a plain number unless it depends on a variable that is differentiated outside."""
        if not isinstance(result, Node) or (self.differentiable and varies(result)):
            return result
        return value_of(result)

    def settled_aux(self) -> Any:
        """The auxiliary value, with plain numbers for its nodes likewise."""
        nodes: list[Any] = []
        self.nodes_in_aux = nodes

        def noted(leaf: Any) -> Any:
            if is_discrete(leaf):
                nodes.append(leaf.node)
                return leaf
            if not isinstance(leaf, Node):
                return map_entries(noted, leaf)
            nodes.append(leaf)
            return leaf

        def settled(leaf: Any) -> Any:
            if is_discrete(leaf):
                return leaf
            if not isinstance(leaf, Node):
                return map_entries(settled, leaf)
            return leaf if outside and varies(leaf) else value_of(leaf)

        check_depth(self.aux, f"the auxiliary output of {name_of(self.fun)}")
        map_leaves(noted, self.aux)
        outside = self.differentiable or (
            (current_mode().recording or is_traced()) and Tape(self.arguments, nodes, self.before).closed_over
        )
        return map_leaves(settled, self.aux)

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
            second = Tape(self.arguments, self.tape.pullback([1.0]), self.before, by_result=self.tape.by_result)
        if self.differentiable:
            second.differentiable()
        return second


def refuse_truth(transform: str, value: Any, what: str) -> None:
    """Raise OutputError for a bool or an array with bools in it, which are mistakes in an output; a leaf of `flatten`.

    Their derivatives would be 0, without a word of it.
    """
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "O" and not isinstance(value, Node | type):
        for item in value.flat:
            if not isinstance(item, Node):
                refuse_truth(transform, item, what)
    elif kind == "b" or is_truth(value.number if is_discrete(value) else value):
        found = "an array of bools" if getattr(value, "shape", ()) else f"the bool {value}"
        raise OutputError(
            f"{transform} differentiates numbers, and {found} stands in {what}: make it a number by "
            f"where(condition, 1.0, 0.0), or keep it out of the output (grad, value_and_grad, jacobian, jvp and vjp "
            f"hand on what stands beside it, with has_aux=True)"
        )


def map_entries(function: Callable[[Any], Any], leaf: Any) -> Any:
    """An array of objects with `map_leaves` of its entries; anything else as it is."""
    if isinstance(leaf, type) or getattr(getattr(leaf, "dtype", None), "kind", "") != "O":
        return leaf
    array = leaf.copy()
    array[...] = None
    for place, item in enumerate(leaf.flat):
        array.flat[place] = map_leaves(function, item)
    plain = [isinstance(item, float) for item in array.flat]
    return array.astype(float) if plain and all(plain) else array


def places_among(
    transform: str, fun: Callable[..., Any], places: Sequence[int], args: Sequence[Any], kwargs: dict[str, Any]
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
    """The name of a function in a message."""
    return str(getattr(fun, "__name__", None) or getattr(fun, "name", None) or type(fun).__name__)
