"""What a primitive operation is: its declaration, its application to numbers, the registry of all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.errors import UnknownPrimitiveError
from autograd.numbers.operands import as_number
from autograd.operations.kernel import Kernel

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["LEAF", "Interval", "Origin", "Primitive", "all_primitives", "attach_kernels", "find_primitive"]


class Interval(NamedTuple):
    """The numbers from `low` to `high`; `closed` says whether finite ends belong to it."""

    low: float = -math.inf
    high: float = math.inf
    closed: bool = True

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, float):
            return False
        if self.closed:
            return self.low <= number <= self.high
        return self.low < number < self.high

    def describe(self, operand: str) -> str:
        """Say it as a condition on the operand, `0 < x` or `-1 ≤ x ≤ 1`; empty for every number.

        >>> Interval(-1, 1).describe("x")
        '-1 ≤ x ≤ 1'
        """
        sign = "≤" if self.closed else "<"
        text = operand
        if self.low > -math.inf:
            text = f"{self.low:g} {sign} {text}"
        if self.high < math.inf:
            text = f"{text} {sign} {self.high:g}"
        return "" if text == operand else text


REAL = Interval()
_REGISTRY: dict[str, Primitive] = {}
_BUILT_IN: frozenset[str] = frozenset()


@cython.cclass
class Primitive:
    """An operation on numbers and nodes that knows its local gradients.

    Parameters
    ----------
    name: what the operation is called, in messages, pictures and stored graphs.
    value: the output from the operands, all floats. None if only the kernel knows (in `nary`).
    gradients: the local gradients from the operands and the output, one per operand (for a single
        operand the bare value will do). Written with primitives and arithmetic, it serves every order of
        derivative.
    symbol: the sign in an operation's circle; the name if not given.
    arity: the number of operands; None for any number of them, which `value` and `gradients` then
        get as one sequence.
    multiple: for any number of operands, the number that theirs is a multiple of: 2 for pairs.
    domain: an `Interval` per operand, outside of which the result is nan or infinite.
    kinks: a function of the operands that is zero where the primitive has a kink, a jump or a pole.
    beside_constant: for a kink whose gradient depends on which operands vary: the local gradient of
        the operand `x` when the other one, `c`, is constant, as `beside_constant(x, c, out)`. For any number of
        operands: the local gradients of all, as `beside_constant(operands, uses, out)`, where `uses` says of each in
        how many places it stands, 0 if it is constant.
    first_gradient: the first of `gradients` by itself, in the same form: for when the other operands are constant, and
        their local gradients would be the larger part of the work.
    linear: whether the local gradients are the same numbers all around each point off the kinks, so that
        those recorded once serve every order of derivative.
    registered: whether it can be found by its name, without which a graph that uses it can't be stored.
    doc: what the value is, and what the gradient is where calculus leaves a choice: a sentence for the manual.
    auxiliary: whether it serves programs only, where it stands for what is no operation in plain Python.

    Called on numbers it gives a float, called on nodes a node:

    >>> Cube = Primitive("cube", lambda x: x * x * x, lambda x, out: 3 * x * x, symbol="³")
    >>> Cube(2.0)
    8.0
    """

    name: str
    value: Callable[..., Any] | None
    gradients: Callable[..., Any]
    symbol: str
    arity: int | None
    multiple: int
    domain: tuple[Interval, ...]
    kinks: Callable[..., float] | None
    beside_constant: Callable[..., Any] | None
    first_gradient: Callable[..., Any] | None
    linear: bool
    doc: str
    registered: bool
    auxiliary: bool
    kernel: Kernel | None
    origin: Origin

    def __init__(
        self,
        name: str,
        value: Callable[..., Any] | None,
        gradients: Callable[..., Any],
        *,
        symbol: str = "",
        arity: int | None = 1,
        multiple: int = 1,
        domain: Sequence[Interval] = (),
        kinks: Callable[..., float] | None = None,
        beside_constant: Callable[..., Any] | None = None,
        first_gradient: Callable[..., Any] | None = None,
        linear: bool = False,
        doc: str = "",
        registered: bool = True,
        auxiliary: bool = False,
    ) -> None:
        if registered and name in _BUILT_IN:
            raise ValueError(f"the name {name!r} belongs to a built-in primitive; choose another")
        if arity is not None and arity < 1:
            raise ValueError(f"primitive {name!r} needs at least one operand, got arity={arity}")
        self.name = str(name)
        self.value = value
        self.gradients = gradients
        self.symbol = symbol or self.name
        self.arity = arity
        self.multiple = multiple
        self.domain = tuple(domain) or (REAL,) * (arity or 1)
        self.kinks = kinks
        self.beside_constant = beside_constant
        self.first_gradient = first_gradient
        self.linear = linear
        self.doc = doc
        self.kernel: Kernel | None = None
        self.origin = Origin(self, None, None)
        self.registered = registered
        self.auxiliary = auxiliary
        if registered:
            _REGISTRY[self.name] = self

    def __call__(self, *operands: Any) -> Any:
        """Apply the primitive: a float if every operand is a number, else what its nodes make of it."""
        if self.arity is not None and len(operands) != self.arity:
            raise TypeError(f"{self.name} takes {self.arity} operand(s), got {len(operands)}")
        if self.multiple != 1 and len(operands) % self.multiple:
            raise TypeError(f"{self.name} takes a multiple of {self.multiple} operands, got {len(operands)}")
        for operand in operands:
            if type(operand) is float:
                continue
            apply = getattr(type(operand), "apply_primitive", None)
            if apply is not None:
                return apply(self, operands)
        return self.of_numbers([as_number(self.name, operand, place) for place, operand in enumerate(operands)])

    def of_numbers(self, operands: list[float]) -> float:
        """The value on floats, with IEEE results instead of exceptions."""
        kernel = self.kernel
        if kernel is not None:
            return kernel.value_of(operands)
        try:
            value: Any = self.value
            return float(value(operands) if self.arity is None else value(*operands))
        except (ArithmeticError, ValueError):
            return math.nan

    def gradients_of_numbers(self, operands: Sequence[float], out: float) -> tuple[float, ...]:
        """The local gradients on floats, from the rule itself."""
        try:
            gradients = self.gradients(operands, out) if self.arity is None else self.gradients(*operands, out)
            if self.arity == 1 and not isinstance(gradients, tuple):
                gradients = (gradients,)
            gradients = tuple([float(gradient) for gradient in gradients])
        except (ArithmeticError, ValueError):
            return (math.nan,) * len(operands)
        if len(gradients) != len(operands):
            raise ValueError(
                f"the rule of {self.name} gave {len(gradients)} local gradients for {len(operands)} operands"
            )
        return gradients

    def gradients_beside(
        self, gradients: tuple[float, ...], operands: list[float], out: float, constant: list[bool]
    ) -> tuple[float, ...]:
        """These local gradients as they are if the operands at the places in `constant` don't vary.

        Only `beside_constant` of two operands, one of which is constant, makes them others.
        """
        if self.beside_constant is None or len(operands) != 2 or constant[0] == constant[1]:
            return gradients
        a, b = operands
        if constant[0]:
            return (gradients[0], float(self.beside_constant(b, a, out)))
        return (float(self.beside_constant(a, b, out)), gradients[1])

    def __reduce__(self) -> tuple[Callable[[str], Primitive], tuple[str]]:
        if not self.registered:
            raise UnknownPrimitiveError(
                f"a graph with the operation {self.name!r} can't be stored: it belongs to this program run alone"
            )
        # By name: a stored graph can only reach what this program has declared.
        return find_primitive, (self.name,)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


@cython.final
@cython.cclass
class Origin:
    """Where a node comes from: its primitive, the layer call it was made in, its name, its line in the program.

    Nodes of one primitive share one origin until they are named, or made in a scope or where lines are
    recorded, so that all four cost a node one pointer.
    """

    __slots__ = ("name", "primitive", "scope", "source")

    def __init__(self, primitive: Primitive | None, scope: Any, name: str | None, source: Any = None) -> None:
        self.primitive = primitive
        self.scope = scope
        self.name = name
        self.source = source


LEAF = Origin(None, None, None)


def find_primitive(name: str) -> Primitive:
    """The primitive that was declared last under this name.

    Raises UnknownPrimitiveError if there is none: a stored graph never makes code run or load.
    """
    try:
        return _REGISTRY[name]
    except KeyError:
        raise UnknownPrimitiveError(
            f"no primitive is called {name!r}; declare it (or import the module that does) before "
            f"loading a graph that uses it"
        ) from None


def all_primitives(auxiliary: bool = False) -> tuple[Primitive, ...]:
    """Every primitive declared so far, built-in ones first, in the order of declaration; auxiliary ones if asked."""
    return tuple([primitive for primitive in _REGISTRY.values() if auxiliary or not primitive.auxiliary])


def attach_kernels(kernels: Mapping[str, Kernel]) -> None:
    """Give each built-in primitive its compiled form, and keep its name from being declared again."""
    global _BUILT_IN
    for name, kernel in kernels.items():
        cython.cast(Primitive, _REGISTRY[name]).kernel = kernel
    _BUILT_IN = frozenset(_REGISTRY)
