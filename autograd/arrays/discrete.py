"""Ints and bools inside a trace: numbers of their own, which are decisions when Python looks at them.

A `Condition` is a bool, an `Integer` an int, of Python's types or NumPy's. Their arithmetic is that of plain Python and
NumPy, in type and value: where doubles compute it exactly, as long as results stay within bounds, it is recorded, and
nothing is decided; in all else the operands are decided, and Python computes with the plain numbers.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable
from typing import Any

from autograd.graph.node import Node, hooks, value_of
from autograd.operations.primitives import (
    Abs,
    Both,
    Divide,
    Either,
    Equal,
    FloorDivide,
    Less,
    LessEqual,
    Minus,
    Mod,
    Multiply,
    Negate,
    Not,
    NotEqual,
    Plus,
    Power,
    Select,
)

__all__ = [
    "LARGEST", "Comparison", "Condition", "Discrete", "Integer", "applied", "as_float", "as_kind", "bounds_of_type",
    "is_discrete", "is_number", "is_truth", "plain", "selected",
]  # fmt: skip

# Doubles hold each whole number up to this one, and no sum of two that lies beyond is taken for one of them.
LARGEST = 2**53 - 1

Bounds = tuple[int, int]


class Discrete:
    """An int or bool inside a trace.

    `node` is its number, a node, or a float that is the same in all runs; `number` the plain int or bool that it is in
    this run, of the type that it has in all; `low` and `high` are its bounds in all runs.
    """

    __slots__ = ("high", "low", "node", "number", "trace")

    def __init__(self, trace: Any, node: Any, number: Any, low: int, high: int) -> None:
        self.trace = trace
        self.node = node
        self.number = number
        self.low = low
        self.high = high

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # What `isinstance` asks, and `match`; `type` tells the truth.
        return type(self.number)

    def decided(self) -> Any:
        """The plain number, which is a decision."""
        raise NotImplementedError

    def as_operand(self) -> Any:
        """The node of it, a number as others are."""
        return self.node

    def as_type(self, kind: Any) -> Any:
        """The same as another type of ints or bools."""
        if type(self.number) is kind:
            return self
        if issubclass(kind, bool) or kind.__name__ in ("bool", "bool_"):
            condition = self if self.low >= 0 and self.high <= 1 else self != 0
            return Condition(self.trace, condition.node, kind(condition.number))
        made = whole(self.trace, self.node, kind(self.number), (self.low, self.high))
        return kind(self.decided()) if made is None else made

    def choose(self, yes: Any, no: Any) -> Any:
        """The node of `where` with this condition."""
        return Select(self.node, yes, no)

    @staticmethod
    def apply_primitive(primitive: Any, operands: tuple[Any, ...]) -> Any:
        """A primitive of ints and bools beside nodes and numbers."""
        return primitive(*[number_of(operand) for operand in operands])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return hooks.dispatch().apply_discrete(ufunc, method, inputs, options)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        import numpy

        if dtype is not None and numpy.dtype(dtype) == object:
            return numpy.fromiter([self], object, 1).reshape(())
        return numpy.array(self.decided(), dtype)

    def __getattr__(self, name: str) -> Any:
        if name in Discrete.__slots__:
            # It was never initialised: to look for its number here would have no end.
            raise AttributeError(f"an int or bool of a trace has no {name} yet")
        number = self.number
        if name.startswith("_") or not hasattr(type(number), name):
            raise AttributeError(f"{type(number).__name__!r} object has no attribute {name!r}")
        # The same for all numbers of a type.
        return getattr(number if name in ("dtype", "shape", "ndim", "size", "itemsize") else self.decided(), name)

    # fmt: off
    def __add__(self, other: Any) -> Any: return operated(operator.add, self, other)
    def __radd__(self, other: Any) -> Any: return operated(operator.add, other, self)
    def __sub__(self, other: Any) -> Any: return operated(operator.sub, self, other)
    def __rsub__(self, other: Any) -> Any: return operated(operator.sub, other, self)
    def __mul__(self, other: Any) -> Any: return operated(operator.mul, self, other)
    def __rmul__(self, other: Any) -> Any: return operated(operator.mul, other, self)
    def __truediv__(self, other: Any) -> Any: return operated(operator.truediv, self, other)
    def __rtruediv__(self, other: Any) -> Any: return operated(operator.truediv, other, self)
    def __floordiv__(self, other: Any) -> Any: return operated(operator.floordiv, self, other)
    def __rfloordiv__(self, other: Any) -> Any: return operated(operator.floordiv, other, self)
    def __mod__(self, other: Any) -> Any: return operated(operator.mod, self, other)
    def __rmod__(self, other: Any) -> Any: return operated(operator.mod, other, self)
    def __divmod__(self, other: Any) -> Any: return self // other, self % other
    def __rdivmod__(self, other: Any) -> Any: return other // self, other % self
    def __matmul__(self, other: Any) -> Any: return operated(operator.matmul, self, other)
    def __rmatmul__(self, other: Any) -> Any: return operated(operator.matmul, other, self)
    def __lshift__(self, other: Any) -> Any: return operated(operator.lshift, self, other)
    def __rlshift__(self, other: Any) -> Any: return operated(operator.lshift, other, self)
    def __rshift__(self, other: Any) -> Any: return operated(operator.rshift, self, other)
    def __rrshift__(self, other: Any) -> Any: return operated(operator.rshift, other, self)
    def __and__(self, other: Any) -> Any: return operated(operator.and_, self, other)
    def __rand__(self, other: Any) -> Any: return operated(operator.and_, other, self)
    def __or__(self, other: Any) -> Any: return operated(operator.or_, self, other)
    def __ror__(self, other: Any) -> Any: return operated(operator.or_, other, self)
    def __xor__(self, other: Any) -> Any: return operated(operator.xor, self, other)
    def __rxor__(self, other: Any) -> Any: return operated(operator.xor, other, self)
    def __rpow__(self, other: Any, modulus: Any = None) -> Any: return operated(operator.pow, other, self)
    def __eq__(self, other: object) -> Any: return compared(operator.eq, self, other)
    def __ne__(self, other: object) -> Any: return compared(operator.ne, self, other)
    def __lt__(self, other: Any) -> Any: return compared(operator.lt, self, other)
    def __le__(self, other: Any) -> Any: return compared(operator.le, self, other)
    def __gt__(self, other: Any) -> Any: return compared(operator.gt, self, other)
    def __ge__(self, other: Any) -> Any: return compared(operator.ge, self, other)
    def __neg__(self) -> Any: return changed(operator.neg, self)
    def __pos__(self) -> Any: return changed(operator.pos, self)
    def __abs__(self) -> Any: return changed(operator.abs, self)
    def __invert__(self) -> Any: return changed(operator.invert, self)
    def __hash__(self) -> int: return hash(self.decided())
    def __index__(self) -> int: return operator.index(int(self.decided()))
    def __int__(self) -> int: return int(self.decided())
    def __float__(self) -> float: return float(self.decided())
    def __complex__(self) -> complex: return complex(self.decided())
    def __trunc__(self) -> int: return self.decided().__trunc__()  # type: ignore[no-any-return]
    def __floor__(self) -> int: return self.decided().__floor__()  # type: ignore[no-any-return]
    def __ceil__(self) -> int: return self.decided().__ceil__()  # type: ignore[no-any-return]
    def __str__(self) -> str: return str(self.decided())
    def __repr__(self) -> str: return repr(self.decided())
    def __format__(self, spec: str) -> str: return self.decided().__format__(spec)  # type: ignore[no-any-return]
    def __copy__(self) -> Any: return self
    def __deepcopy__(self, memo: Any) -> Any: return self
    # fmt: on

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            return pow(self.decided(), plain(other), plain(modulus))
        return operated(operator.pow, self, other)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.decided(), plain(digits))

    def __reduce_ex__(self, protocol: Any) -> Any:
        # What leaves the recording is the plain number.
        number = self.decided()
        return (bool, (bool(number),)) if type(number) is bool else (type(number), (int(number),))


class Condition(Discrete):
    """A comparison inside a trace. `where` takes it as it is; Python's `if` decides, and the decision is recorded."""

    __slots__ = ()

    def __init__(self, trace: Any, node: Any, number: Any = None) -> None:
        # Set here: to call `Discrete.__init__` takes as long again, and comparisons are many.
        self.trace = trace
        self.node = node
        self.number = value_of(node) != 0.0 if number is None else number
        self.low = 0
        self.high = 1

    def decided(self) -> Any:
        """The plain bool, which is a decision."""
        return type(self.number)(self.trace.decide(self.node))

    def __bool__(self) -> bool:
        return bool(self.trace.decide(self.node))

    def negated(self) -> Condition:
        """The condition that this one does not hold."""
        return Condition(self.trace, Not(self.node), type(self.number)(not self.number))


class Comparison(Condition):
    """A condition as an operator gives it, which knows whether anybody has used it.

    One that nobody has may have been asked for its identity or its type, which it can't tell: see `Trace.overlooked`.
    """

    __slots__ = ("is_used", "made")

    def __init__(self, trace: Any, made: Any) -> None:
        self.trace = trace
        self.made = made
        self.is_used = False
        self.number = value_of(made) != 0.0
        self.low = 0
        self.high = 1

    @property
    def node(self) -> Any:
        self.is_used = True
        return self.made


class Integer(Discrete):
    """An int inside a trace."""

    __slots__ = ()

    def decided(self) -> Any:
        """The plain int; the decision is that it is this one."""
        self.trace.decide(Equal(self.node, float(self.number)))
        return self.number

    def __bool__(self) -> bool:
        return bool(self.trace.decide(NotEqual(self.node, 0.0)))


def is_discrete(value: Any) -> bool:
    """Whether it is an int or bool of a trace."""
    return issubclass(type(value), Discrete)


def as_kind(element: Any, kind: Any) -> Any:
    """An int or bool as another type of these, undecided if it is of a trace."""
    return element.as_type(kind) if is_discrete(element) else kind(element)


def plain(value: Any) -> Any:
    """The plain number of an int or bool of a trace, which is a decision; anything else as it is."""
    return value.decided() if is_discrete(value) else value


def number_of(operand: Any) -> Any:
    """The node or float of an int or bool of a trace; anything else as it is."""
    return operand.node if is_discrete(operand) else operand


def in_this_run(operand: Any) -> Any:
    """The plain number of an int or bool in this run, without a decision."""
    return operand.number if is_discrete(operand) else operand


def bounds_of(operand: Any) -> Bounds:
    """The bounds of an int or bool."""
    return (operand.low, operand.high) if is_discrete(operand) else (int(operand), int(operand))


def bounds_of_type(kind: Any) -> Bounds:
    """The bounds of the numbers of a type that are exact."""
    if kind is int:
        return -LARGEST, LARGEST
    if kind is bool or not hasattr(kind, "dtype") or kind.__name__ in ("bool", "bool_"):
        return 0, 1
    import numpy

    limits = numpy.iinfo(kind)
    return max(int(limits.min), -LARGEST), min(int(limits.max), LARGEST)


def is_of_numpy(number: Any) -> bool:
    """Whether a plain number is NumPy's."""
    return hasattr(type(number), "dtype")


def is_truth(number: Any) -> bool:
    """Whether a plain number is a bool."""
    return type(number) is bool or (is_of_numpy(number) and number.dtype.kind == "b")


def is_whole(number: Any) -> bool:
    """Whether a plain number is an int."""
    return type(number) is int or (is_of_numpy(number) and number.dtype.kind in "iu")


def is_number(operand: Any) -> bool:
    """Whether an operand is an int, bool or float of Python's or NumPy's, or one of a trace."""
    return is_discrete(operand) or type(operand) in (int, float, bool) or is_number_of_numpy(operand)


def is_number_of_numpy(operand: Any) -> bool:
    """Whether an operand is an int, bool or float of NumPy's; its arrays are none."""
    return is_of_numpy(operand) and not hasattr(type(operand), "__len__") and operand.dtype.kind in "iubf"


def quietly(*numbers: Any) -> Any:
    """A context in which NumPy warns of nothing, if it is to compute: these are not the numbers of all runs."""
    if not any([is_of_numpy(number) for number in numbers]):
        return contextlib.nullcontext()
    import numpy

    return numpy.errstate(all="ignore")


def whole(trace: Any, node: Any, number: Any, bounds: Bounds) -> Any:
    """The int of this node, which is `number` in this run; None if that is beyond what its type and doubles hold.

    Where it may be beyond that in other runs, that it is not is a decision.
    """
    low, high = bounds_of_type(type(number))
    if bounds[0] < low or bounds[1] > high:
        within = Less(Abs(node), float(high + 1)) if low == -high else Both(
            LessEqual(float(low), node), LessEqual(node, float(high))
        )  # fmt: skip
        if not trace.decide(within):
            return None
        bounds = max(low, bounds[0]), min(high, bounds[1])
    return Integer(trace, node, number, *bounds)


def unsigned(node: Any, *bounds: Bounds) -> Any:
    """The node with 0.0 for -0.0, which it can only be if an operand may be negative."""
    return node if all([low >= 0 for low, _ in bounds]) else Plus(node, 0.0)


def selected(condition: Any, yes: Any, no: Any, kind: Any) -> Any:
    """One of two ints or bools, as this type of them, by a condition that is not decided."""
    if not is_discrete(condition):
        chosen = yes if condition else no
        return chosen.as_type(kind) if is_discrete(chosen) else kind(chosen)
    number = kind(in_this_run(yes if condition.number else no))
    node = Select(condition.node, as_float(yes), as_float(no))
    if is_truth(number):
        return Condition(condition.trace, node, number)
    bounds = [*bounds_of(yes), *bounds_of(no)]
    made = whole(condition.trace, node, number, (min(bounds), max(bounds)))
    return selected(bool(condition), yes, no, kind) if made is None else made


# Operators.


def applied(operate: Callable[..., Any], *operands: Any) -> Any:
    """An operator of ints, bools and floats, among which there may be those of a trace."""
    if not any([is_discrete(operand) for operand in operands]):
        with quietly(*operands):
            return operate(*operands)
    if len(operands) == 1:
        return changed(operate, operands[0])
    left, right = operands
    if operate not in COMPARISONS:
        return operated(operate, left, right)
    return compared(operate, left, right) if is_discrete(left) else compared(MIRRORED[operate], right, left)


def operated(operate: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """The result of an operator on two operands, at least one of them an int or bool of a trace."""
    if isinstance(left, Node) or isinstance(right, Node):
        if operate in FLOATING:
            return operate(number_of(left), number_of(right))
    elif is_number(left) and is_number(right):
        result = recorded(operate, left, right)
        if result is not None:
            return result
    elif has_axes(left) or has_axes(right):
        return ufunc_of(operate)(left, right)
    return operate(plain(left), plain(right))


def has_axes(operand: Any) -> bool:
    """Whether an operand is an array."""
    return (
        not is_discrete(operand) and getattr(operand, "shape", ()) != () and hasattr(type(operand), "__array_ufunc__")
    )


def ufunc_of(operate: Callable[..., Any]) -> Any:
    """NumPy's function that an operator is."""
    import numpy

    name = operate.__name__.strip("_")
    return getattr(numpy, OF_NUMPY.get(name, name))


OF_NUMPY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "matmul": "matmul", "lshift": "left_shift", "rshift": "right_shift", "and": "bitwise_and",
    "or": "bitwise_or", "xor": "bitwise_xor", "pow": "power", "eq": "equal", "ne": "not_equal", "lt": "less",
    "le": "less_equal", "gt": "greater", "ge": "greater_equal", "neg": "negative", "pos": "positive",
    "abs": "absolute", "invert": "invert",
}  # fmt: skip


def recorded(operate: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """The result of an operator as nodes have it, without deciding the operands; None if they must be decided."""
    trace = left.trace if is_discrete(left) else right.trace
    first, second = in_this_run(left), in_this_run(right)
    try:
        with quietly(first, second):
            number = operate(first, second)
    except Exception:
        # It is raised where the operands are decided.
        return None
    if isinstance(number, float):
        return floating(operate, left, right)
    if is_truth(number):
        primitive = TRUTHS.get(operate)
        if primitive is None or not (is_truth(first) and is_truth(second)):
            return None
        return Condition(trace, primitive(as_float(left), as_float(right)), number)
    if not is_whole(number):
        return None
    if operate is operator.pow:
        return whole_power(left, right, number)
    rule = EXACT.get(operate)
    if rule is None or not (is_whole_or_truth(first) and is_whole_or_truth(second)):
        return None
    primitive, bound = rule
    if operate in DIVISIONS and is_discrete(right) and not right:
        return None
    if any([not is_discrete(operand) and abs(int(operand)) > LARGEST for operand in (left, right)]):
        return None
    of_left, of_right = bounds_of(left), bounds_of(right)
    node = primitive(as_float(left), as_float(right))
    if primitive is not Plus and primitive is not Minus:
        node = unsigned(node, of_left, of_right)
    return whole(trace, node, number, bound(of_left, of_right))


def is_whole_or_truth(number: Any) -> bool:
    """Whether a plain number is an int or bool."""
    return is_whole(number) or is_truth(number)


def as_float(operand: Any) -> Any:
    """The node of an int or bool of a trace; a plain number as a float."""
    return operand.node if is_discrete(operand) else float(operand)


def floating(operate: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """The node of an operator that gives floats; None if the operands must be decided."""
    primitive = FLOATING.get(operate)
    if primitive is None or any(
        [is_whole(x) and abs(int(x)) > LARGEST for x in (in_this_run(left), in_this_run(right))]
    ):
        return None
    if not (is_of_numpy(in_this_run(left)) or is_of_numpy(in_this_run(right))):
        # Where Python raises an error, or gives an int or a complex number.
        if operate in DIVISIONS and is_discrete(right) and not right:
            return None
        if operate is operator.pow and not (type(right) is float or type(left) is float):
            return None
        if operate is operator.pow and not (left > 0):
            return None
    return primitive(as_float(left), as_float(right))


def whole_power(base: Any, exponent: Any, number: Any) -> Any:
    """A small power of an int as a product; None if the operands must be decided."""
    if is_discrete(exponent) or not 1 <= exponent <= 8:
        return None
    result = base
    for _ in range(int(exponent) - 1):
        result = recorded(operator.mul, result, base)
        if not is_discrete(result):
            return None
    result = result.as_type(type(number)) if result is base else result
    return result if is_discrete(result) and type(result.number) is type(number) else None


def changed(operate: Callable[[Any], Any], operand: Discrete) -> Any:
    """The result of an operator on one int or bool of a trace."""
    try:
        with quietly(operand.number):
            number = operate(operand.number)
    except Exception:
        return operate(operand.decided())
    node, low, high = operand.node, operand.low, operand.high
    if is_truth(number):
        return operand.as_type(type(number)).negated() if operate is operator.invert else operand
    if operate is operator.neg:
        node, low, high = Plus(Negate(node), 0.0), -high, -low
    elif operate is operator.invert:
        node, low, high = Minus(-1.0, node), -1 - high, -1 - low
    elif operate is operator.abs and low < 0:
        node, low, high = Abs(node), 0, max(-low, high)
    result = whole(operand.trace, node, number, (low, high))
    return operate(operand.decided()) if result is None else result


def compared(operate: Callable[[Any, Any], Any], left: Discrete, right: Any) -> Any:
    """The result of a comparison of an int or bool of a trace."""
    if isinstance(right, Node) or is_number(right):
        primitive, swapped = COMPARISONS[operate]
        numbers = as_float_or_infinite(left), as_float_or_infinite(right)
        node = primitive(*reversed(numbers)) if swapped else primitive(*numbers)
        number = operate(left.number, value_of(right) if isinstance(right, Node) else in_this_run(right))
        return Condition(left.trace, node, number)
    if has_axes(right):
        return ufunc_of(operate)(left, right)
    if operate in (operator.eq, operator.ne):
        return NotImplemented
    return operate(left.decided(), right)


def as_float_or_infinite(operand: Any) -> Any:
    """The node or float of an operand to be compared; a plain int may be beyond all floats."""
    if isinstance(operand, Node):
        return operand
    if not is_discrete(operand) and is_whole(operand) and abs(int(operand)) > LARGEST:
        # Beyond all ints of a trace, as this is.
        return float("inf") if operand > 0 else float("-inf")
    return as_float(operand)


def of_sum(a: Bounds, b: Bounds) -> Bounds:
    return a[0] + b[0], a[1] + b[1]


def of_difference(a: Bounds, b: Bounds) -> Bounds:
    return a[0] - b[1], a[1] - b[0]


def of_product(a: Bounds, b: Bounds) -> Bounds:
    corners = [one * other for one in a for other in b]
    return min(corners), max(corners)


def of_quotient(a: Bounds, b: Bounds) -> Bounds:
    size = max(-a[0], a[1])
    return (0 if a[0] >= 0 and b[0] >= 0 else -size - 1), size


def of_rest(a: Bounds, b: Bounds) -> Bounds:
    return min(0, b[0] + 1), max(0, b[1] - 1)


MIRRORED: dict[Any, Any] = {
    operator.lt: operator.gt, operator.le: operator.ge, operator.gt: operator.lt, operator.ge: operator.le,
    operator.eq: operator.eq, operator.ne: operator.ne,
}  # fmt: skip
DIVISIONS = frozenset([operator.truediv, operator.floordiv, operator.mod])
# The operations that doubles compute exactly, and the bounds of their results.
EXACT: dict[Any, tuple[Any, Callable[[Bounds, Bounds], Bounds]]] = {
    operator.add: (Plus, of_sum), operator.sub: (Minus, of_difference), operator.mul: (Multiply, of_product),
    operator.floordiv: (FloorDivide, of_quotient), operator.mod: (Mod, of_rest),
}  # fmt: skip
FLOATING: dict[Any, Any] = {
    operator.add: Plus, operator.sub: Minus, operator.mul: Multiply, operator.truediv: Divide,
    operator.floordiv: FloorDivide, operator.mod: Mod, operator.pow: Power,
}  # fmt: skip
# What gives a bool of two: of NumPy's, sums and products as well.
TRUTHS: dict[Any, Any] = {
    operator.and_: Both, operator.or_: Either, operator.xor: NotEqual, operator.add: Either, operator.mul: Both,
}  # fmt: skip
# The primitive of each comparison, and whether it takes the operands the other way round.
COMPARISONS: dict[Any, tuple[Any, bool]] = {
    operator.lt: (Less, False), operator.le: (LessEqual, False), operator.gt: (Less, True),
    operator.ge: (LessEqual, True), operator.eq: (Equal, False), operator.ne: (NotEqual, False),
}  # fmt: skip
