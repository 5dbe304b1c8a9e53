"""Primitive operations: the declaration of one, its application to numbers, the registry of all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from autograd.errors import AutogradError, UnknownPrimitiveError
from autograd.numbers.operands import not_a_number, number_or_none, to_float
from autograd.operations.kernel import Kernel
from autograd.signatures import known_signature

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if TYPE_CHECKING:
    import inspect

__all__ = [
    "LEAF", "Interval", "Origin", "Primitive", "all_primitives", "attach_kernels", "count_built_in", "declared",
    "find_primitive", "OfEach", "is_array", "of_arrays", "primitive_of_numpy", "set_array_function", "signature_like",
]  # fmt: skip


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


class OfEach:
    """What `help` and `inspect` are told: of the class one thing, of each of its instances what a function says."""

    def __init__(self, of_class: Callable[[], Any], of_instance: Callable[[Any], Any]) -> None:
        self.of_class = of_class
        self.of_instance = of_instance

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.of_class() if instance is None else self.of_instance(instance)


REAL = Interval()
_REGISTRY: dict[str, Primitive] = {}
_OF_NUMPY: dict[str, Primitive] = {}
_BUILT_IN: frozenset[str] = frozenset()
_of_arrays: Any = None


CLASS_DOC = """An operation on numbers and nodes that knows its local gradients.

Parameters
----------
name: the name in messages, pictures and stored graphs.
value: the output from the operands, all floats. None if only the kernel knows (in `nary`).
gradients: the local gradients from the operands and the output, one per operand (for a single
    operand the bare value will do). Written with primitives and arithmetic, it serves every order of
    derivative.
symbol: the sign in an operation's circle; the name if not given.
arity: the number of operands; if left out, as many as `value` needs. None for any number of them, which `value` and
    `gradients` then get as one sequence.
multiple: for any number of operands, the number that theirs is a multiple of: 2 for pairs.
domain: an `Interval` per operand, outside of which the result is nan or infinite.
kinks: a function of the operands that is zero where the primitive has a kink, a jump or a pole.
beside_constant: for a kink whose gradient depends on which operands vary: the local gradient of
    the operand `x` when the other one, `c`, is constant, as `beside_constant(x, c, out)`. For any number of
    operands: the local gradients of all, as `beside_constant(operands, uses, out)`, where `uses` says of each in
    how many places it stands, 0 if it is constant.
first_gradient: the first of `gradients` by itself, in the same form: for when the other operands are constant, and
    their local gradients would be the larger part of the work.
otherwise: what a call with another number of operands than `arity` is, as log(x, base) is log(x) / log(base).
linear: whether the local gradients are the same numbers all around each point off the kinks, so that
    those recorded once serve every order of derivative.
registered: whether it can be found by its name, without which a graph that uses it can't be stored.
doc: a sentence for the manual: the value, and the gradient where calculus leaves a choice.
auxiliary: whether it stands in programs only, for a constant, a condition or a choice of plain Python.

The rest are facts for tools, tests and messages; each has a default that is safe to leave:

vanishes: why a local gradient may be 0, to be told: "flat" steps have slope 0 everywhere, a "saturated" function
    levels off, a "product" has a factor 0, an extreme passes on the "largest" or "smallest" operand alone.
orders: the places of operands that are whole numbers, such as the order of a derivative: none is taken in them.
rounding: how far a value is from the exact one at most, in units in the last place.
cancels: whether it adds terms that may cancel, so that errors of the operands grow beside the result.
hides_nan: whether the value may be a number though an operand is nan, as hypot(inf, nan) is inf. Or a function that
    says so of the operands, of which those that vary are None and the others constant numbers. Assumed if not said.
condition: whether it gives a condition: 1 where it holds, 0 elsewhere.
of_conditions: whether it takes conditions, so that kinks are those of the comparisons below it.
infix: Python's operator between two operands that it is.
numpy: names of NumPy's functions that are the same operation, besides those of the package's own functions.
mpmath: a name that a context of mpmath must have, and the value from such a context and operands of its type, for a
    `value` that only floats can be given to.

Called on numbers it gives a float, called on nodes a node:

>>> Cube = Primitive("cube", lambda x: x * x * x, lambda x, out: 3 * x * x, symbol="³")
>>> Cube(2.0)
8.0
>>> Area = Primitive("area", lambda width, height: width * height, lambda width, height, out: (height, width))
>>> Area.arity, Area(2.0, 3.0)
(2, 6.0)

What is no operand (a number of steps, a table) is closed over: a function that makes the primitive takes it.
"""


@cython.cclass
class Primitive:  # noqa: D101 - its documentation is CLASS_DOC
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
    otherwise: Callable[..., Any] | None
    linear: bool
    doc: str
    registered: bool
    auxiliary: bool
    vanishes: str
    orders: tuple[int, ...]
    rounding: float
    cancels: bool
    hides_nan: bool | Callable[..., bool] | None
    condition: bool
    of_conditions: bool
    infix: str
    numpy: tuple[str, ...]
    mpmath: tuple[str, Callable[..., Any]] | None
    built_in: bool
    number: int
    kernel: Kernel | None
    origin: Origin

    def __init__(
        self,
        name: str,
        value: Callable[..., Any] | None = None,
        gradients: Callable[..., Any] | None = None,
        *,
        symbol: str = "",
        arity: int | EllipsisType | None = ...,
        multiple: int = 1,
        domain: Sequence[Interval] = (),
        kinks: Callable[..., float] | None = None,
        beside_constant: Callable[..., Any] | None = None,
        first_gradient: Callable[..., Any] | None = None,
        otherwise: Callable[..., Any] | None = None,
        linear: bool = False,
        doc: str = "",
        registered: bool = True,
        auxiliary: bool = False,
        vanishes: Literal["", "flat", "saturated", "product", "largest", "smallest"] = "",
        orders: Sequence[int] = (),
        rounding: float = 2.0,
        cancels: bool = False,
        hides_nan: bool | Callable[..., bool] | None = None,
        condition: bool = False,
        of_conditions: bool = False,
        infix: str = "",
        numpy: Sequence[str] = (),
        mpmath: tuple[str, Callable[..., Any]] | None = None,
    ) -> None:
        if gradients is None or not isinstance(name, str):
            raise TypeError(
                "a primitive is declared by its name, its value and the rule for its local gradients, from operands "
                'and the output: Primitive("cube", lambda x: x ** 3, lambda x, out: 3.0 * x ** 2)'
            )
        if registered and name in _BUILT_IN:
            raise ValueError(f"the name {name!r} belongs to a built-in primitive; choose another")
        if arity is ...:
            # That of a built-in one is read off its rule: there are many, and signatures are slow to read.
            arity = operands_of_value(value, gradients) if _BUILT_IN else max(operand_count(gradients), 1)
        if arity is not None and arity < 1:
            raise ValueError(f"primitive {name!r} needs at least one operand, got arity={arity}")
        if multiple < 1:
            raise ValueError(f"primitive {name!r} takes a multiple of at least 1 operand, got multiple={multiple}")
        if _BUILT_IN and registered:
            check_rules(name, arity, value, gradients)
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
        self.otherwise = otherwise
        self.linear = linear
        self.doc = doc
        self.kernel: Kernel | None = None
        self.origin = Origin(self, None, None)
        self.registered = registered
        self.auxiliary = auxiliary
        self.vanishes = vanishes
        self.orders = tuple(orders)
        self.rounding = rounding
        self.cancels = cancels
        self.hides_nan = hides_nan
        self.condition = condition
        self.of_conditions = of_conditions
        self.infix = infix
        self.numpy = tuple(numpy)
        self.mpmath = mpmath
        self.built_in = False
        # Among those that are built in, from 1; 0 for others.
        self.number = 0
        if registered:
            _REGISTRY[self.name] = self
            for known in self.numpy:
                # Built-in primitives come first: nobody's declaration changes what NumPy's add does.
                _OF_NUMPY.setdefault(known, self)

    def be_like(self, other: Primitive, name: str) -> None:
        """Be what another primitive is, under this name: where there are many of a kind, each of one shape."""
        self.name = name
        self.symbol = name
        self.value, self.gradients = other.value, other.gradients
        self.arity, self.multiple = other.arity, other.multiple
        self.domain, self.kinks, self.beside_constant = other.domain, other.kinks, other.beside_constant
        self.first_gradient, self.otherwise, self.linear = other.first_gradient, other.otherwise, other.linear
        self.doc, self.kernel, self.origin = other.doc, other.kernel, Origin(self, None, None)
        self.registered, self.auxiliary, self.vanishes = other.registered, other.auxiliary, other.vanishes
        self.orders, self.rounding, self.cancels = other.orders, other.rounding, other.cancels
        self.hides_nan, self.condition, self.of_conditions = other.hides_nan, other.condition, other.of_conditions
        self.infix, self.numpy, self.mpmath, self.built_in = other.infix, other.numpy, other.mpmath, other.built_in
        self.number = other.number

    def __call__(self, *operands: Any) -> Any:
        """Apply the primitive: a float if every operand is a number, else a node; of arrays to each element."""
        if self.arity is not None and len(operands) != self.arity:
            if self.otherwise is not None:
                return self.otherwise(*operands)
            raise TypeError(
                f"{self.name} takes {self.arity} operand(s), got {len(operands)}"
                f"{'' if self.built_in else '; a primitive of another number of them is declared with arity=...'}"
            )
        if self.multiple > 1 and len(operands) % self.multiple:
            raise TypeError(f"{self.name} takes a multiple of {self.multiple} operands, got {len(operands)}")
        for operand in operands:
            if type(operand) is float:
                continue
            apply = getattr(type(operand), "apply_primitive", None)
            if apply is not None:
                return apply(self, operands)
        numbers = []
        for operand in operands:
            number = number_or_none(operand)
            if number is None:
                return self.of_arrays(operands)
            numbers.append(number)
        return self.of_numbers(numbers)

    def of_arrays(self, operands: tuple[Any, ...]) -> Any:
        """The array of the primitive of each element; OperandError for what is no array, number or node."""
        for place, operand in enumerate(operands):
            if not (
                is_array(operand) or hasattr(type(operand), "apply_primitive") or number_or_none(operand) is not None
            ):
                raise not_a_number(self.name, operand, place)
        return of_arrays(self, operands)

    def of_numbers(self, operands: list[float]) -> float:
        """The value on floats, with IEEE results instead of exceptions."""
        kernel = self.kernel
        if kernel is not None:
            return kernel.value_of(operands)
        value: Any = self.value
        try:
            result = value(operands) if self.arity is None else value(*operands)
        except (ArithmeticError, ValueError):
            return math.nan
        if type(result) is float:
            return result
        try:
            return to_float(result)
        except (TypeError, ValueError):
            raise TypeError(
                f"the value of {self.name} must be one number, got {type(result).__name__} {result!r:.60}; of several "
                f"outputs, each is a primitive of its own"
            ) from None

    def may_hide_nan(self, constants: Sequence[float | None]) -> bool:
        """True if the value may be a number though an operand is nan; `constants` has None for operands that vary.

        What is no operation of its own (not `registered`) passes nan as the operations do that it is composed of.
        """
        hides = self.hides_nan
        if hides is None:
            return self.registered and not self.built_in
        return bool(hides if isinstance(hides, bool) else hides(*constants))

    def local_gradients(self, operands: Sequence[Any], out: Any, uses: list[float] | None = None) -> Any:
        """The local gradients by the rule, a sequence, on floats, nodes or other numbers that know arithmetic.

        `uses` says in how many places each operand stands, 0 if it is constant: the local gradients of constants are
        meaningless. None: all vary, each in one place.
        """
        beside = self.beside_constant
        if beside is not None and uses is not None:
            if self.arity is None and any([use != 1.0 for use in uses]):
                return beside(operands, uses, out)
            if self.arity == 2 and 0.0 in uses:
                a, b = operands
                return (beside(a, b, out) if uses[0] else 0.0, beside(b, a, out) if uses[1] else 0.0)
        if self.arity is None:
            return self.gradients(operands, out)
        # To put an output behind operands takes a tuple of them; most have one or two.
        if len(operands) == 2:
            return self.gradients(operands[0], operands[1], out)
        slopes = self.gradients(operands[0], out) if len(operands) == 1 else self.gradients(*operands, out)
        return (slopes,) if self.arity == 1 and not isinstance(slopes, list | tuple) else slopes

    def gradients_of_numbers(
        self, operands: Sequence[float], out: float, uses: list[float] | None = None
    ) -> tuple[float, ...]:
        """The `local_gradients` on floats, with IEEE results instead of exceptions."""
        slopes: Any = self
        try:
            slopes = self.local_gradients(operands, out, uses)
            gradients = tuple([float(slope) for slope in slopes])
        except (ArithmeticError, ValueError):
            return (math.nan,) * len(operands)
        except TypeError as error:
            if slopes is self or isinstance(error, AutogradError):
                # It is the rule's own, or says more.
                raise
            raise TypeError(
                f"the rule of {self.name} gives a local gradient for each of {len(operands)} operand(s), "
                f"got {slopes!r:.60}"
            ) from None
        if len(gradients) != len(operands):
            raise ValueError(
                f"the rule of {self.name} gave {len(gradients)} local gradients for {len(operands)} operands"
            )
        return gradients

    def __reduce__(self) -> tuple[Callable[[str], Primitive], tuple[str]]:
        if not self.registered:
            raise UnknownPrimitiveError(
                f"a graph with the operation {self.name!r} can't be stored: it belongs to this program run alone"
            )
        # By name: a stored graph can only reach what this program has declared.
        return find_primitive, (self.name,)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    __doc__ = OfEach(lambda: CLASS_DOC, lambda primitive: manual_of(primitive))  # noqa: PLW0108 - it stands further down
    __signature__ = OfEach(
        lambda: signature_like(lambda name, value, gradients, **facts: None),
        lambda primitive: signature_of(primitive),  # noqa: PLW0108 - it stands further down
    )


def signature_like(function: Callable[..., Any]) -> inspect.Signature:
    """The signature of a function, to be that of a class too: compiled classes have none of their own."""
    import inspect

    return inspect.signature(function)


def operand_count(rule: Callable[..., Any]) -> int:
    """The number of operands of a rule `gradients(*operands, out)`; 1 if it does not tell."""
    code = getattr(rule, "__code__", None)
    if code is None or code.co_flags & 4:  # built in, or with *operands
        return 1
    return int(code.co_argcount) - 1 - hasattr(rule, "__self__")


def operand_names(primitive: Primitive) -> list[str]:
    """The names of the operands, as the rule calls them; none for any number of operands."""
    arity = primitive.arity
    if arity is None:
        return []
    code = getattr(primitive.gradients, "__code__", None)
    names = [name.strip("_") for name in code.co_varnames[:arity]] if code is not None else []
    return (
        names if len({*names, ""}) == arity + 1 else [f"x{place + 1}" for place in range(arity)] if arity > 1 else ["x"]
    )


def signature_of(primitive: Primitive) -> inspect.Signature:
    """The signature of a primitive as a function of its operands."""
    from inspect import Parameter, Signature

    if primitive.arity is None:
        return Signature([Parameter("operands", Parameter.VAR_POSITIONAL)])
    return Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in operand_names(primitive)])


def manual_of(primitive: Primitive) -> str:
    """The manual of a primitive: its call, its sentence, and where it is defined."""
    names = operand_names(primitive)
    lines = [f"{primitive.name}({', '.join(names) if names else '*operands'})"]
    told = primitive.doc or (primitive.value is not None and primitive.value.__doc__) or ""
    if told:
        lines += ["", *[line.strip() for line in str(told).strip().splitlines()]]
    domains = [interval.describe(name) for name, interval in zip(names, primitive.domain, strict=False)]
    if any(domains):
        lines += [
            "",
            f"Defined for {' and '.join([domain for domain in domains if domain])}; nan or infinite elsewhere.",
        ]
    if primitive.infix:
        lines += ["", f"The operator {primitive.infix} of nodes."]
    lines += ["", "Of numbers it gives a float, with nodes among them a node, of arrays an array of these."]
    return "\n".join(lines)


def places_of(function: Any) -> tuple[int, float] | None:
    """The least and the largest number of arguments by place that a function takes; None if it doesn't say.

    Raises TypeError for one that needs arguments by name.
    """
    known = known_signature(function)
    if known is None:
        return None
    needed = most = 0
    more = False
    for parameter in known.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            more = True
        elif parameter.kind is not parameter.VAR_KEYWORD and parameter.kind is not parameter.KEYWORD_ONLY:
            most += 1
            needed += parameter.default is parameter.empty
        elif parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
            raise TypeError(parameter.name)
    return needed, math.inf if more else most


def operands_of_value(value: Any, gradients: Any) -> int:
    """The number of operands of a primitive that doesn't say it: of arguments that its value needs, at least 1."""
    try:
        found = None if value is None else places_of(value)
    except TypeError:
        # `check_rules` says it.
        return 1
    return max(1, operand_count(gradients) if found is None or found[1] == math.inf else found[0])


def check_rules(name: str, arity: int | None, value: Any, gradients: Any) -> None:
    """Raise ValueError unless the value and the rule of a primitive can be called as they will be."""
    count = 1 if arity is None else arity
    operands = "all operands in one sequence" if arity is None else f"{count} operand{'s' * (count > 1)}"
    for what, function, given, described in (
        ("value", value, count, operands),
        ("rule for the local gradients", gradients, count + 1, f"{operands} and the output"),
    ):
        if function is None:
            continue
        try:
            found = places_of(function)
        except TypeError as error:
            raise ValueError(
                f"the {what} of primitive {name!r} needs the argument {error} by name, but gets operands alone, by "
                f"place: close over it, in a function that makes the primitive"
            ) from None
        if found is not None and not found[0] <= given <= found[1]:
            takes = f"{found[0]}" if found[0] == found[1] else f"{found[0]} to {found[1]}"
            raise ValueError(
                f"the {what} of primitive {name!r} takes {takes} argument(s), but gets {given}: {described}"
                f"{'' if arity is None else f' (arity={arity})'}"
            )


@cython.final
@cython.cclass
class Origin:
    """The origin of a node: its primitive, the layer call it was made in, its name, its line in the program.

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

    >>> find_primitive("tanh").local_gradients((0.0,), 0.0)
    (1.0,)
    """
    try:
        return _REGISTRY[name]
    except KeyError:
        raise UnknownPrimitiveError(
            f"no primitive is called {name!r}; declare it (or import the module that does) before "
            f"loading a graph that uses it"
        ) from None


def declared(name: str) -> Primitive | None:
    """The primitive that was declared last under this name; None if there is none."""
    return _REGISTRY.get(name)


def primitive_of_numpy(name: str) -> Primitive | None:
    """The primitive that declares NumPy's function of this name to be the same operation; None if none does."""
    return _OF_NUMPY.get(name)


def is_array(operand: Any) -> bool:
    """Whether an operand is an array with axes that NumPy's functions take; other packages' arrays are theirs."""
    return getattr(operand, "shape", ()) != () and hasattr(type(operand), "__array_ufunc__")


def of_arrays(function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """The array of a function of the elements at the same places: of floats if all are numbers, else of nodes."""
    return _of_arrays(function, operands)


def set_array_function(function: Callable[[Callable[..., Any], tuple[Any, ...]], Any]) -> None:
    """Set the function behind `of_arrays`: it stands above, where nodes are known."""
    global _of_arrays
    _of_arrays = function


def all_primitives(auxiliary: bool = False) -> tuple[Primitive, ...]:
    """Every primitive declared so far, built-in ones first, in the order of declaration; auxiliary ones if asked."""
    return tuple([primitive for primitive in _REGISTRY.values() if auxiliary or not primitive.auxiliary])


def count_built_in() -> int:
    """Counts the primitives that are built in, whose numbers are 1 and up."""
    return len(_BUILT_IN)


def attach_kernels(kernels: Mapping[str, Kernel]) -> None:
    """Give each built-in primitive its compiled form, and keep its name from being declared again."""
    global _BUILT_IN
    for name, kernel in kernels.items():
        cython.cast(Primitive, _REGISTRY[name]).kernel = kernel
    for number, primitive in enumerate(_REGISTRY.values(), 1):
        cython.cast(Primitive, primitive).built_in = True
        cython.cast(Primitive, primitive).number = number
    _BUILT_IN = frozenset(_REGISTRY)
