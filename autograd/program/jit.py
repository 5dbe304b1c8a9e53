"""`jit` runs a function once to record a program, and the program from then on."""

from __future__ import annotations

import functools
import sys
import types
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

from autograd.graph.modes import STATE, current_mode
from autograd.graph.node import check_thread, value_of, varies
from autograd.numbers.arrays import unset_doubles
from autograd.other_packages import COMPILED_ATTRIBUTES, ELSEWHERE_COMPILED, answers_options
from autograd.program.binding import Bound
from autograd.program.compiled_derivatives import Derivatives
from autograd.program.margins import UNDECIDED, Margin, margins_of
from autograd.program.paths import Descent, Path, PathTree, Recordings, TooManyPaths
from autograd.program.recording.limits import most_signatures, too_many_derivatives
from autograd.program.recording.signature import Signature, merged, on_variables, sign
from autograd.program.recording.trace import Trace, record
from autograd.program.tiers import check_tier
from autograd.transforms.kinds import result_leaf
from autograd.transforms.tape import is_differentiated
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import flatten

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["Jitted", "jit"]


Arguments = ParamSpec("Arguments")
Result_co = TypeVar("Result_co", covariant=True)

if TYPE_CHECKING:
    Instance = TypeVar("Instance")
    Rest = ParamSpec("Rest")

    class Compiled(Protocol[Arguments, Result_co]):
        """A compiled function as type checkers see it: called as the function that it was made of."""

        __name__: str

        def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result_co: ...
        @property
        def paths(self) -> list[Path]: ...
        def bind(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Bound: ...
        def guard_margin(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Margin: ...
        def guard_margins(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> list[Margin]: ...
        @overload
        def __get__(self, instance: None, owner: type | None = None) -> Compiled[Arguments, Result_co]: ...
        @overload
        def __get__(
            self: Compiled[Concatenate[Instance, Rest], Result_co], instance: Instance, owner: type | None = None
        ) -> Compiled[Rest, Result_co]: ...


class CompiledOverRows:
    """A function that is compiled already, by `vmap`: `jit` of it is the same with other options."""

    def with_options(self, tier: str, max_paths: int | None) -> Any:
        """The same, run by this tier and with this limit, its own if that is None."""
        raise NotImplementedError


@overload
def jit(
    fun: Callable[Arguments, Result_co], *, tier: str = "auto", max_paths: int | None = None
) -> Compiled[Arguments, Result_co]: ...
@overload
def jit(
    fun: None = None, *, tier: str = "auto", max_paths: int | None = None
) -> Callable[[Callable[Arguments, Result_co]], Compiled[Arguments, Result_co]]: ...
@answers_options
def jit(
    fun: Callable[Arguments, Result_co] | None = None,
    *,
    tier: str = "auto",
    max_paths: int | None = None,
) -> Any:
    """A compiled form of a function of numbers: the same results, at machine speed.

    The first call runs `fun` once on nodes, and records what it does as a `Program`. Later calls run that. Decisions
    that Python took on values are recorded as guards, and checked in each call: where one falls the other way, the
    function is recorded again, so that branches and loops are always taken as plain Python takes them. Where such
    recordings would take longer than Python's own runs, `fun` itself is run, with a warning that names the decision; so
    it is for a new signature (see below) after 256 of them. `max_paths` limits the number of both instead.

    Floats and arrays in the arguments may differ from call to call; other arguments (single ints, strings, flags) and
    the lengths of lists are fixed, and recorded anew when they differ. Variables that the function closes over are read
    at each call, and are constants to derivatives; plain numbers that it closes over are those of the recording. The
    function must be pure: what it prints or stores happens when it is recorded, random numbers are drawn then. In long
    recordings, turns that are alike become one loop, with the same results.

    Called on nodes, it gives nodes that can be differentiated, with compiled derivatives.

    Without a function it is a decorator with options: `@jit(tier="vm")`. JAX's `static_argnums` and `static_argnames`
    are refused: what is not a float or an array is static anyway, and a float that is to be so is closed over.

    `tier` says what runs the program: `"vm"` the interpreter, whose values are those of plain Python to the bit;
    `"llvm"` machine code (the extra `jit`), within a few units in the last place, decisions still being those of plain
    Python; `"auto"` the first, and the second for what is run often enough.

    >>> from autograd import grad
    >>> @jit
    ... def halvings(x):
    ...     count = 0.0
    ...     while x > 1.0:
    ...         x, count = x / 2.0, count + 1.0
    ...     return x + count
    >>> halvings(10.0), halvings(3.0), grad(halvings)(10.0)
    (4.625, 2.75, 0.0625)
    >>> len(halvings.paths)
    2
    """
    if fun is None:
        return functools.partial(jit, tier=check_tier(tier), max_paths=max_paths)
    if isinstance(fun, CompiledOverRows):
        return fun.with_options(tier, max_paths)
    return Jitted(fun, tier, max_paths)


@cython.final
@cython.cclass
class Jitted:
    """A function that `jit` compiles; it can be pickled if the function can, and is compiled anew where it arrives."""

    def __init__(self, fun: Callable[..., Any], tier: str = "auto", max_paths: int | None = None) -> None:
        if not callable(fun):
            raise TypeError(f"only a function can be compiled, got {type(fun).__name__} {fun!r:.60}")
        self.fun = fun
        self.tier = check_tier(tier)
        self.max_paths = max_paths
        self.derivatives: dict[Any, Derivatives] = {}
        self.__name__ = name_of(fun)
        self.recordings = Recordings(fun, max_paths, self.tier)
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Where no mode is entered, there is no need to ask for it, which takes as long as all else here.
        recording = True
        if len(STATE.entries) != 0:
            mode = current_mode()
            if mode.trace is not None:
                return self.fun(*args, **kwargs)
            if mode.strict:
                return on_variables(self.fun, args, kwargs, f"the output of {self.__name__}")
            recording = mode.recording
        numbers, nodes, key = sign(args, kwargs)
        if nodes:
            check_thread(tuple(nodes.values()))
        moving = [place for place, node in nodes.items() if varies(node)] if nodes else []
        if self.recordings.watched is not None:
            key = self.recordings.full_key(key)
        try:
            paths = self.recordings.paths(key, args, kwargs)
            derivatives = self.derivatives_of(key, tuple(moving), args, kwargs) if moving and recording else None
        except TooManyPaths as signal:
            return self.run_by_python(signal, args, kwargs, bool(moving))
        if derivatives is not None:
            value = derivatives.on_nodes(merged(numbers, nodes))
            return self.fun(*args, **kwargs) if value is NotImplemented else value
        return self.run(paths, numbers, args, kwargs)

    def derivatives_of(
        self, key: Any, moving: tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Derivatives:
        """The compiled derivatives of the function in the numbers at some places, which are nodes.

        TooManyPaths if the function is differentiated in one choice of places too many.
        """
        known = self.derivatives.get((key, moving))
        if known is None:
            limit = most_signatures(self.max_paths)
            if len(self.derivatives) >= limit:
                raise too_many_derivatives(self.__name__, limit)
            derivatives = Derivatives(self.__name__, self.fun, Signature(args, kwargs), moving, self.alike)
            known = self.derivatives.setdefault((key, moving), derivatives)
        return known

    def alike(self, fun: Callable[..., Any], reduce: Any = None) -> Jitted:
        """Another function, compiled in the same way; without rows there is nothing to reduce."""
        return Jitted(fun, self.tier, self.max_paths)

    def run(self, paths: PathTree, numbers: array[float], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result for these numbers, by the program of the path that they take."""
        try:
            path = paths.last or paths.first(numbers)
            descent: Descent | None = None
            while True:
                variables = path.variables
                if variables and current_mode().recording and any([is_differentiated(node) for node in variables]):
                    # Somebody differentiates in these: Python makes nodes of them.
                    return self.fun(*args, **kwargs)
                machine = path.machine_alone()
                results = unset_doubles(machine.output_count)
                failed = machine.call_into(path.traced.inputs(numbers) if variables else numbers, results)
                if failed < 0:
                    break
                if descent is None:
                    descent = Descent(paths)
                path = descent.next(path, machine, failed, numbers)
        except TooManyPaths as signal:
            if paths.root is None:
                return self.run_by_python(signal, args, kwargs)
            results, structure = paths.by_python(signal, numbers)
            return structure.build(results)
        if path is not paths.last:
            paths.note_taken(path)
        path.count_call(machine)
        return path.outputs.build(results)

    def run_by_python(
        self, signal: TooManyPaths, args: tuple[Any, ...], kwargs: dict[str, Any], moving: bool = False
    ) -> Any:
        """The result as Python computes it, for a function that can't be recorded; nodes if any are `moving`."""
        self.recordings.notices.warn(signal)
        returned = self.fun(*args, **kwargs)
        if moving:
            return returned
        results, structure = flatten(returned, f"the output of {self.__name__}", result_leaf)
        return structure.build([value_of(result) for result in results])

    @property
    def paths(self) -> list[Path]:
        """The ways through the function that were recorded, for all signatures."""
        return list(self.recordings)

    def bind(self, *args: Any, **kwargs: Any) -> Bound:
        """The function with these arguments, for calling it again and again at the least cost.

        Each call reads the arrays among them as they are then, and writes to the arrays of the same result.

        >>> import numpy as np
        >>> from autograd import jit, value_and_grad
        >>> x = np.array([1.0, 2.0])
        >>> step = jit(value_and_grad(lambda x: x[0] * x[1] ** 2)).bind(x)
        >>> value, gradient = step()
        >>> x[0] = 3.0
        >>> _ = step()
        >>> float(value), gradient
        (12.0, array([ 4., 12.]))
        """
        key = self.recordings.full_key(sign(args, kwargs)[2])
        return Bound(self.__name__, self.recordings.paths(key, args, kwargs), args, kwargs)

    def guard_margin(self, *args: Any, **kwargs: Any) -> Margin:
        """The margin of the least sure decision for these arguments: how near it is to falling the other way.

        >>> from autograd import jit
        >>> function = jit(lambda x: x * x if x < 1.0 else x)
        >>> margin = function.guard_margin(0.75)
        >>> margin.distance, margin.left, margin.comparison, margin.right, margin.outcome
        (0.25, 0.75, '<', 1.0, True)
        """
        return min(self.guard_margins(*args, **kwargs), default=UNDECIDED)

    def guard_margins(self, *args: Any, **kwargs: Any) -> list[Margin]:
        """The margins of all decisions for these arguments, in the order in which they are taken first.

        >>> from autograd import jit
        >>> function = jit(lambda x: -x if x < 0.0 else x * x if x < 1.0 else x)
        >>> [margin.distance for margin in function.guard_margins(0.75)]
        [0.75, 0.25]
        """
        numbers, _, _ = sign(args, kwargs)
        return margins_of(record(self.fun, Signature(args, kwargs), numbers, Trace(unrolled=True)), numbers)

    def __get__(self, instance: Any, owner: type | None) -> Any:
        # As a function does: in a class, it becomes a method.
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> Any:
        return stands_under_its_name(self) or (Jitted, (self.fun, self.tier, self.max_paths))

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in COMPILED_ATTRIBUTES]

    # Words of other packages: each says the word here.
    lower, trace, graph, code, jaxpr, clear_cache, cache_clear, eval_shape, py_func = ELSEWHERE_COMPILED

    def __repr__(self) -> str:
        return f"<jit of {self.__name__}, {len(self.paths)} path(s)>"


def stands_under_its_name(function: Any) -> str | None:
    """The name under which a module has this object, for pickling; None if it has it under none."""
    found: Any = sys.modules.get(getattr(function, "__module__", ""))
    name = str(getattr(function, "__qualname__", ""))
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is function else None
