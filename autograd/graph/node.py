"""Nodes: numbers that remember how they were computed.

Each operation on nodes makes a new node at once: see `record_unary` and `record_binary`, to which `-x`, `x * y`
and `exp(x)` all lead. The new node keeps

* its value,
* its *parents*, the operands (`_left` and `_right`),
* its *local gradients*, the derivative of the value in each operand (`_left_gradient` and `_right_gradient`),

and that is all a backward sweep needs: see `sweep`.

A node is 80 bytes, so that graphs of tens of millions of operations fit in memory: that is why an operand
that is a plain number is kept as the number, and why small facts share one field, `_stamp`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.errors import FrozenValueError, OperandError
from autograd.graph.callers import Line, is_compared_by_numpy
from autograd.graph.modes import STATE, Scope, current_mode, is_traced
from autograd.graph.node_errors import (
    RecordedText,
    describe,
    frozen_value,
    hashed_argument,
    lost_nan,
    no_leaf,
    not_finite,
    other_thread,
    own_operation,
    plain_float,
    plain_index,
    plain_int,
    shortened,
)  # fmt: skip
from autograd.numbers.arrays import doubles
from autograd.numbers.operands import as_number, not_a_number, number_or_none, to_float
from autograd.operations.primitive import LEAF, OfEach, Origin, Primitive, is_array, signature_like

# fmt: off
# isort: off
from autograd.operations.primitives import (
    Abs, Acos, Acosh, Asin, Asinh, Atan, Atan2, Atanh, Cbrt, Ceil, Copysign, Cos, Cosh, Digamma, Divide, Equal, Erf,
    Erfc, Exp, Exp2, Expm1, Floor, FloorDivide, Fmod, Hypot, Less, LessEqual, Lgamma, Log, Log1p, Log2,
    Log10, Logaddexp, Max, Min, Minus, Mod, Multiply, Negate, NotEqual, Plus, Power, Reciprocal, Round, Select, Sigmoid,
    Sign, Sin, Sinh, Softplus, Sqrt, Square, StopGradient, Tan, Tanh, Trunc,
)
from autograd.other_packages import ATTRIBUTES, ELSEWHERE, option_error
from autograd.signatures import shown_as
# isort: on
# fmt: on

if TYPE_CHECKING:  # type checkers are to see one of the two
    from autograd.numbers import _cython as cython
else:
    try:
        import cython
    except ImportError:
        from autograd.numbers import _cython as cython
if not cython.compiled:
    from array import array

    from autograd.numbers.arrays import doubles_in

__all__ = ["Constant", "Node", "Variable"]

if not cython.compiled:
    # The low bits of a stamp; the rest is the node's serial number. Compiled, the same stands in node.pxd: as constants
    # of C, by which masks and quotients take no look at memory.
    VARIES = 1  # it depends on a variable, or is one
    REACHED = 2  # a backward sweep has reached it
    OPEN = 4  # a walk has met it but not yet all that it depends on
    DONE = 8  # a walk is done with it
    ARGUMENT = 16  # it stands for an argument of a function that is being differentiated
    STALE = 32  # it is the copy of a node that was recorded before one of its operands was assigned
    TRACED = 64  # it stands for an argument of a function that is being compiled, or was computed from one there
    OVER = 128  # it was computed from an argument of a function that was differentiated, in a run that is over
    OF_RULE = 256  # it was made by a rule, in a sweep over what an earlier run has handed on
    SERIAL = 512

# Counts nodes and assignments: their order says whether a variable was assigned after its use.
_clock = 0
_state = STATE

# Counts the nodes that are being freed within each other; beyond a depth, parents wait here to be freed.
_depth = 0
_pending: list[Any] = []


def record_unary(primitive: Primitive, operand: Node) -> Node:
    """The node of an operation on one node, whose primitive has a kernel."""
    kernel: Any = primitive.kernel
    a = operand._value
    value = kernel.unary_value(a)
    node: Node
    if not operand._stamp & VARIES:
        node = new_constant(value)
    else:
        gradient = kernel.unary_gradient(a, value)
        if value != value or a != a:
            # Only nan differs from itself. It has no slope, whatever the rule says.
            gradient = math.nan
        node = new_node(primitive.origin, value)
        node._left = operand
        node._left_gradient = gradient
    if len(_state.entries) != 0:
        if current_mode().only_traces:
            node._stamp |= operand._stamp & TRACED
            return node
        return under_mode(node, primitive, (operand,))
    return node


def record_binary(primitive: Primitive, left: Any, right: Any) -> Node:
    """The node of an operation on two operands, at least one of them a node, whose primitive has a kernel.

    NotImplemented if the other operand is of an unknown type, which may have the operation.
    """
    kernel: Any = primitive.kernel
    node: Node
    left_varies = right_varies = 0
    if isinstance(left, Node):
        a = cython.cast(Node, left)._value
        left_varies = cython.cast(Node, left)._stamp & VARIES
    elif type(left) is float:
        a = left
    else:
        number = convert(primitive, left)
        return record_binary(primitive, number, right) if number is not None else NotImplemented
    if isinstance(right, Node):
        b = cython.cast(Node, right)._value
        right_varies = cython.cast(Node, right)._stamp & VARIES
    elif type(right) is float:
        b = right
    else:
        number = convert(primitive, right)
        return record_binary(primitive, left, number) if number is not None else NotImplemented
    value = kernel.binary_value(a, b)
    if not (left_varies or right_varies):
        node = new_constant(value)
    else:
        node = new_node(primitive.origin, value)
        node._left = left
        node._right = right
        if value != value or a != a or b != b:
            node._left_gradient = node._right_gradient = math.nan
        elif kernel.kinked_beside_constant and not (left_varies and right_varies):
            if left_varies:
                node._left_gradient = kernel.gradient_beside_constant(a, b, value)
            else:
                node._right_gradient = kernel.gradient_beside_constant(b, a, value)
        else:
            node._left_gradient = kernel.left_gradient(a, b, value)
            node._right_gradient = kernel.right_gradient(a, b, value)
    if len(_state.entries) != 0:
        if current_mode().only_traces:
            node._stamp |= traced_in(left) | traced_in(right)
            return node
        return under_mode(node, primitive, (left, right))
    return node


def record_nary(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
    """The node of an operation on any number of operands, whose primitive has a kernel."""
    count = len(operands)
    values, uses, gradients = doubles(count), doubles(count), doubles(count)
    numbers, counts, slopes = doubles_in(values), doubles_in(uses), doubles_in(gradients)
    varying = 0
    for place in range(count):
        operand = operands[place]
        if isinstance(operand, Node):
            numbers[place] = cython.cast(Node, operand)._value
            if cython.cast(Node, operand)._stamp & VARIES:
                counts[place] = 1.0
                varying += 1
        elif type(operand) is float:
            numbers[place] = operand
        else:
            return record_nary(primitive, numbered(primitive, operands))
    kernel: Any = primitive.kernel
    node: Node
    value = kernel.nary_value(numbers, count)
    if varying == 0:
        node = new_constant(value)
    else:
        undefined = value != value
        for place in range(count):
            undefined = undefined or numbers[place] != numbers[place]
        if undefined:
            for place in range(count):
                slopes[place] = math.nan
        else:
            if primitive.beside_constant is not None:
                count_uses(operands, uses)
            kernel.nary_gradients(numbers, count, value, counts, slopes)
        node = new_node(primitive.origin, value)
        node._left = operands
        node._right = gradients
    if len(_state.entries) != 0:
        return under_mode(node, primitive, operands)
    return node


def record_by_rule(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
    """The node of an operation whose primitive has no kernel: its rule is run on floats."""
    operands = numbered(primitive, operands)
    numbers = [value_of(operand) for operand in operands]
    value = primitive.of_numbers(numbers)
    node: Node
    if not any([varies(operand) for operand in operands]):
        node = new_constant(value)
    else:
        node = new_node(primitive.origin, value)
        if len(operands) > 2 and is_traced():
            # A program has local gradients of its own: these numbers take longest, and are hardly ever asked for.
            node._left = operands
        else:
            set_operands(node, operands, gradients_by_rule(primitive, operands, numbers, value))
    if len(_state.entries) != 0:
        return under_mode(node, primitive, operands)
    return node


def new_node(origin: Origin, value: float) -> Node:
    """A node without operands yet."""
    node: Node = Node.__new__(Node)
    node._value = value
    node._grad = 0.0
    node._stamp = new_stamp()
    node._origin = origin
    if not cython.compiled:
        node._left = node._right = None
        node._left_gradient = node._right_gradient = 0.0
    return node


def new_stamp() -> int:
    """The stamp of the next node that varies, with a serial number of its own."""
    global _clock
    _clock += 1
    return _clock * SERIAL + VARIES


def new_constant(value: float) -> Constant:
    """A constant without a name."""
    node: Constant = Constant.__new__(Constant)
    node._value = value
    node._grad = 0.0
    node._stamp = 0
    node._origin = LEAF
    if not cython.compiled:
        node._left = node._right = None
    return node


def set_operands(node: Node, operands: tuple[Any, ...], local_gradients: tuple[float, ...]) -> None:
    """Give a new node its operands: nodes and floats."""
    origin = node._origin
    if len(operands) > 2 or origin.primitive is None or origin.primitive.arity is None:
        node._left = operands
        node._right = array("d", local_gradients)
        return
    node._left = operands[0]
    node._left_gradient = local_gradients[0]
    if len(operands) == 2:
        node._right = operands[1]
        node._right_gradient = local_gradients[1]


@cython.freelist(16384)
@cython.no_gc
@cython.cclass
class Node:
    """The result of an operation, and base of `Variable` and `Constant`.

    Nodes are made by operations. They are equal if their values are, and hashed by identity: sets and dicts hold each
    node for itself. What stands for an argument of a function that is being differentiated or compiled has no hash.

    >>> y = Variable(2.0, name="x") * 3.0
    >>> y.value, y.op.symbol, y.local_gradients
    (6.0, '×', (3.0, 2.0))
    >>> y.parents
    (Variable(2.0, name='x'), Constant(3.0))
    """

    __slots__ = ("_grad", "_left", "_left_gradient", "_origin", "_right", "_right_gradient", "_stamp", "_value")

    _value: float
    _grad: float
    _stamp: int
    _origin: Origin
    _left: Any
    _right: Any
    _left_gradient: float
    _right_gradient: float

    # A leaf has no `_left`. Of one or two operands, `_left` and `_right` are the operands: a node, or a
    # float for a constant. Of any number, `_left` is their tuple and `_right` an array of local gradients; None in a
    # trace, until they are asked for; those of an `Output` are computed when they are asked for.
    # Nodes point to older nodes only, so there is no reference cycle and no need of the cycle collector
    # (`no_gc`), which would double the cost of an operation.

    def __init__(self, *_: Any, **__: Any) -> None:
        raise TypeError("nodes are made by operations; for a leaf use Variable(value) or Constant(value)")

    def __dealloc__(self) -> None:
        # Freeing a node frees its parents, and so on: too deep for the C stack. Beyond a depth the parents
        # are put aside, and freed by the outermost call.
        global _depth
        if self._left is None:
            return
        if _depth >= 64:
            _pending.append(self._left)
            _pending.append(self._right)
            return
        _depth += 1
        self._left = None
        self._right = None
        while _depth == 1 and _pending:
            _pending.pop()
        _depth -= 1

    @property
    def value(self) -> float:
        """The number. Of a variable it may be assigned."""
        if len(_state.entries) != 0:
            check_escape(self)
        return self._value

    @value.setter
    def value(self, value: float) -> None:
        assign(self, value)

    @property
    def grad(self) -> float:
        """The derivative of the last sweep's output in this node, 0.0 before a sweep; a variable's accumulates."""
        return self._grad

    @grad.setter
    def grad(self, gradient: float) -> None:
        if gradient is None:
            raise OperandError("a gradient is a number: x.grad = 0.0 clears it, or zero_grad([x, ...])")
        self._grad = as_number("a gradient", gradient)

    @property
    def op(self) -> Primitive | None:
        """The primitive that made this node; None for a leaf."""
        primitive: Any = self._origin.primitive
        return primitive.of_result(self) if isinstance(self, Output) else primitive  # type: ignore[no-any-return]

    @property
    def parents(self) -> tuple[Node, ...]:
        """The operands in order; a plain number among them is made a constant each time this is asked."""
        return tuple([operand if isinstance(operand, Node) else new_constant(operand) for operand in operands_of(self)])

    @property
    def local_gradients(self) -> tuple[float, ...]:
        """The derivative of the value in each parent."""
        if len(_state.entries) != 0:
            check_escape(self)
        return recorded_gradients(self)

    if TYPE_CHECKING:

        def backward(self, gradient: float = 1.0) -> None: ...

    else:

        @shown_as(lambda self, gradient=1.0: None)
        def backward(self, gradient: float = 1.0, **unknown: Any) -> None:
            """Fill in `grad` of every node that this one depends on: see `autograd.backward`."""
            # `answers_options` would take half as long as the sweep over one operation.
            if unknown:
                raise option_error("backward", next(iter(unknown)), ("gradient",))
            hooks.backward(self, gradient)

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ATTRIBUTES]

    def pass_gradient(self) -> None:
        """The sweep's step at this node alone: add `grad`, times each local gradient, to the `grad` of the parents.

        >>> x = Variable(3.0)
        >>> y = x * x * 2.0
        >>> y.grad = 1.0
        >>> y.pass_gradient()
        >>> y.parents[0].grad
        2.0
        """
        for parent, slope in zip(self.parents, self.local_gradients, strict=True):
            if varies(parent):
                parent.grad += self.grad * slope

    @property
    def _backward(self) -> Callable[[], None]:
        """`pass_gradient` (micrograd's name)."""
        return self.pass_gradient

    @_backward.setter
    def _backward(self, rule: Any) -> None:
        raise own_operation(self)

    def detach(self) -> Constant:
        """A constant of the same value and name: derivatives stop here."""
        if is_traced():
            return record_unary(StopGradient, self)  # type: ignore[return-value]
        if _state.entered != 0:
            check_thread((self,))
        constant = new_constant(self._value)
        if self._origin.name is not None:
            constant.name = self._origin.name
        return constant

    # The operators, as a table. On an operand of a type that is not known here they leave the operation to that type.
    # fmt: off
    def __add__(self, other: Any) -> Node: return record_binary(Plus, self, other)
    def __radd__(self, other: Any) -> Node: return record_binary(Plus, other, self)
    def __sub__(self, other: Any) -> Node: return record_binary(Minus, self, other)
    def __rsub__(self, other: Any) -> Node: return record_binary(Minus, other, self)
    def __mul__(self, other: Any) -> Node: return record_binary(Multiply, self, other)
    def __rmul__(self, other: Any) -> Node: return record_binary(Multiply, other, self)
    def __truediv__(self, other: Any) -> Node: return record_binary(Divide, self, other)
    def __rtruediv__(self, other: Any) -> Node: return record_binary(Divide, other, self)
    def __rpow__(self, other: Any, modulus: Any = None) -> Node: return record_binary(Power, other, self)
    def __mod__(self, other: Any) -> Node: return record_binary(Mod, self, other)
    def __rmod__(self, other: Any) -> Node: return record_binary(Mod, other, self)
    def __floordiv__(self, other: Any) -> Node: return record_binary(FloorDivide, self, other)
    def __rfloordiv__(self, other: Any) -> Node: return record_binary(FloorDivide, other, self)
    def __divmod__(self, other: Any) -> tuple[Node, Node]: return self // other, self % other
    def __rdivmod__(self, other: Any) -> tuple[Node, Node]: return other // self, other % self
    def __neg__(self) -> Node: return record_unary(Negate, self)
    def __pos__(self) -> Node: return self
    def __abs__(self) -> Node: return record_unary(Abs, self)
    def __floor__(self) -> Node: return record_unary(Floor, self)
    def __ceil__(self) -> Node: return record_unary(Ceil, self)
    def __trunc__(self) -> Node: return record_unary(Trunc, self)
    # fmt: on

    def __pow__(self, other: Any, modulus: Any = None) -> Node:
        if modulus is not None:
            raise OperandError("pow(x, y, modulus) is for integers; use (x ** y) % modulus")
        return record_binary(Power, self, other)

    def __round__(self, digits: int | None = None) -> Node:
        if digits is not None:
            raise OperandError("round(node, digits) has no node form; use round(node * 10**digits) / 10**digits")
        return record_unary(Round, self)

    # What floats have, too.

    @property
    def real(self) -> Node:
        """The node itself: nodes are real numbers."""
        return self

    @property
    def imag(self) -> float:
        """0.0: nodes are real numbers."""
        return 0.0

    def is_integer(self) -> Any:
        """Whether the value is a whole number; inside a trace, a condition."""
        return self - record_unary(Floor, self) == 0.0

    def as_integer_ratio(self) -> tuple[int, int]:
        """Raise OperandError: it would drop the derivative."""
        raise plain_int(self)

    def hex(self) -> str:
        """Raise OperandError: it would drop the derivative."""
        raise plain_float(self)

    # Functions as methods, under NumPy's names: np.exp(node), and np.exp of an object array of nodes, end here.
    # fmt: off
    def exp(self) -> Node: return record_unary(Exp, self)
    def exp2(self) -> Node: return record_unary(Exp2, self)
    def expm1(self) -> Node: return record_unary(Expm1, self)
    def log(self) -> Node: return record_unary(Log, self)
    def log2(self) -> Node: return record_unary(Log2, self)
    def log10(self) -> Node: return record_unary(Log10, self)
    def log1p(self) -> Node: return record_unary(Log1p, self)
    def logaddexp(self, other: Any) -> Any: return Logaddexp(self, other)
    def sqrt(self) -> Node: return record_unary(Sqrt, self)
    def cbrt(self) -> Node: return record_unary(Cbrt, self)
    def square(self) -> Node: return record_unary(Square, self)
    def reciprocal(self) -> Node: return record_unary(Reciprocal, self)
    def hypot(self, other: Any) -> Any: return Hypot(self, other)
    def sin(self) -> Node: return record_unary(Sin, self)
    def cos(self) -> Node: return record_unary(Cos, self)
    def tan(self) -> Node: return record_unary(Tan, self)
    def arcsin(self) -> Node: return record_unary(Asin, self)
    def arccos(self) -> Node: return record_unary(Acos, self)
    def arctan(self) -> Node: return record_unary(Atan, self)
    def arctan2(self, other: Any) -> Any: return Atan2(self, other)
    def sinh(self) -> Node: return record_unary(Sinh, self)
    def cosh(self) -> Node: return record_unary(Cosh, self)
    def tanh(self) -> Node: return record_unary(Tanh, self)
    def arcsinh(self) -> Node: return record_unary(Asinh, self)
    def arccosh(self) -> Node: return record_unary(Acosh, self)
    def arctanh(self) -> Node: return record_unary(Atanh, self)
    def erf(self) -> Node: return record_unary(Erf, self)
    def erfc(self) -> Node: return record_unary(Erfc, self)
    def lgamma(self) -> Node: return record_unary(Lgamma, self)
    def digamma(self) -> Node: return record_unary(Digamma, self)
    def sigmoid(self) -> Node: return record_unary(Sigmoid, self)
    def softplus(self) -> Node: return record_unary(Softplus, self)
    def relu(self) -> Node: return record_binary(Max, self, 0.0)
    def sign(self) -> Node: return record_unary(Sign, self)
    def floor(self) -> Node: return record_unary(Floor, self)
    def ceil(self) -> Node: return record_unary(Ceil, self)
    def rint(self) -> Node: return record_unary(Round, self)
    def trunc(self) -> Node: return record_unary(Trunc, self)
    def fabs(self) -> Node: return record_unary(Abs, self)
    def fmod(self, other: Any) -> Any: return Fmod(self, other)
    def copysign(self, other: Any) -> Any: return Copysign(self, other)
    def maximum(self, other: Any) -> Any: return Max(self, other)
    def minimum(self, other: Any) -> Any: return Min(self, other)
    def conjugate(self) -> Node: return self
    # fmt: on

    # Comparisons look at values. Inside a trace they are nodes, and the decisions made on them are recorded.

    def __eq__(self, other: object) -> Any:
        number = comparable(other)
        if number is None:
            return NotImplemented
        outcome = self._value == number
        return outcome if len(_state.entries) == 0 else under_trace(Equal, self, other, outcome)

    def __ne__(self, other: object) -> Any:
        number = comparable(other)
        if number is None:
            return NotImplemented
        outcome = self._value != number
        return outcome if len(_state.entries) == 0 else under_trace(NotEqual, self, other, outcome)

    def __lt__(self, other: Any) -> Any:
        number = comparable(other)
        if number is None:
            return NotImplemented
        outcome = ordered(self._value < number, self, number)
        return outcome if len(_state.entries) == 0 else under_trace(Less, self, other, outcome)

    def __le__(self, other: Any) -> Any:
        number = comparable(other)
        if number is None:
            return NotImplemented
        outcome = ordered(self._value <= number, self, number)
        return outcome if len(_state.entries) == 0 else under_trace(LessEqual, self, other, outcome)

    def __gt__(self, other: Any) -> Any:
        number = comparable(other)
        if number is None:
            return NotImplemented
        outcome = ordered(self._value > number, self, number)
        return outcome if len(_state.entries) == 0 else under_trace(Less, other, self, outcome)

    def __ge__(self, other: Any) -> Any:
        number = comparable(other)
        if number is None:
            return NotImplemented
        outcome = ordered(self._value >= number, self, number)
        return outcome if len(_state.entries) == 0 else under_trace(LessEqual, other, self, outcome)

    def __hash__(self) -> int:
        if self._stamp & (ARGUMENT | TRACED) and (self._stamp & ARGUMENT or belongs_to_recording(self)):
            raise hashed_argument(self)
        return id(self) >> 4

    def __bool__(self) -> bool:
        return bool(self != 0.0)

    def __float__(self) -> float:
        raise plain_float(self)

    def __int__(self) -> int:
        raise plain_int(self)

    def __index__(self) -> int:
        raise plain_index(self)

    @property
    def name(self) -> str | None:
        """The name that messages and pictures use."""
        return self._origin.name

    @name.setter
    def name(self, name: str | None) -> None:
        origin = self._origin
        self._origin = Origin(origin.primitive, origin.scope, None if name is None else str(name), origin.source)

    @property
    def scope(self) -> Scope | None:
        """The layer call in which this node was made."""
        known: Scope | None = self._origin.scope
        return known

    @property
    def source(self) -> Line | None:
        """The line of the program that asked for this operation, if it did so inside `source_lines`."""
        known: Line | None = self._origin.source
        return known

    @property
    def reached(self) -> bool:
        """Whether a backward sweep has reached this node since its gradient was last cleared."""
        return self._stamp & REACHED != 0

    # micrograd's names.

    @property
    def data(self) -> float:
        """The value (micrograd's name)."""
        return self.value

    @data.setter
    def data(self, value: float) -> None:
        assign(self, value)

    @property
    def label(self) -> str | None:
        """The name (micrograd's name)."""
        return self._origin.name

    @label.setter
    def label(self, name: str | None) -> None:
        self.name = name

    @property
    def _op(self) -> str:
        """The operation's symbol, empty for a leaf (micrograd's name)."""
        return "" if self._origin.primitive is None else self._origin.primitive.symbol

    @property
    def _prev(self) -> tuple[Node, ...]:
        """The parents (micrograd's name)."""
        return self.parents

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        text = self._value.__format__(spec)
        return text if len(_state.entries) == 0 else noted_text(self, text)

    def __repr__(self) -> str:
        text = self.described()
        return text if len(_state.entries) == 0 else noted_text(self, text)

    def described(self) -> str:
        """The node in a text: its kind, value, operation, name and gradient."""
        kind = "Node" if isinstance(self, Output) else type(self).__name__
        operation = "" if self._origin.primitive is None else f", {self._origin.primitive.name}"
        name = "" if self._origin.name is None else f", name={shortened(self._origin.name)!r}"
        gradient = f", grad={self._grad!r}" if self._stamp & REACHED else ""
        return f"{kind}({self._value!r}{operation}{name}{gradient})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self)} if hooks.render is None else hooks.render(self)

    def __copy__(self) -> Any:
        return hooks.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return hooks.deepcopy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return hooks.reduce(self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return hooks.apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return hooks.apply_function(function, types, args, kwargs)

    @staticmethod
    def apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """The node of a primitive applied to operands of which at least one is a node; an array beside an array."""
        if primitive.kernel is None or primitive.arity is None:
            for operand in operands:
                if type(operand) is not float and not isinstance(operand, Node) and is_array(operand):
                    return primitive.of_arrays(operands)
            return record_by_rule(primitive, operands) if primitive.kernel is None else record_nary(primitive, operands)
        if len(operands) == 1:
            return record_unary(primitive, operands[0])
        result = record_binary(primitive, operands[0], operands[1])
        return primitive.of_arrays(operands) if result is NotImplemented else result

    # Words of other packages: each says the word here. Last, for behind it `int` and `float` are no types.
    (
        item, numpy, requires_grad, requires_grad_, is_leaf, grad_fn, retain_grad, zero_grad, assign, set,
        set_value, fill, update, assign_sub, shape, clamp, pow, cpu, cuda, to, device, is_cuda, dtype, type,
        astype, double, float, half, bfloat16, numel, size, dim, ndim, T, view, reshape, flatten, squeeze,
        unsqueeze, mean, sum, tolist, val, read_value, primal, zero_, fill_, copy_, uniform_, normal_, add_,
        sub_, mul_, div_, assign_add, clone, copy, detach_, trainable, register_hook, prev, children, _children,
        inputs, gradient, derivative, diff, jacobian, tangent, eval, evaluate, compute, forward, backprop,
        backwards, draw, plot, show, graph, visualize, add, sub, mul, div, neg, abs, max, min, clip, matmul,
        softmax, acos, acosh, asin, asinh, atan, atanh, round, gamma, isnan, isinf, isfinite, eq, gt, lt, ge, le,
        ne, rsqrt, masked_fill, int, long, bool, dot, norm, std, var, prod, any, all, argmax, expand, repeat,
        gather, contiguous, permute, transpose, ravel, nelement, clamp_, wrt, partial, subs, simplify, evalf,
        run, dual, print_graph, topo_sort, gelu, silu, swish, elu, leaky_relu, adjoint, der, mm, bmm, mv,
        block_until_ready, at,
    ) = ELSEWHERE  # fmt: skip


@cython.final
@cython.no_gc
@cython.cclass
class Variable(Node):
    """A leaf that wants a gradient. `label` is another word for `name` (micrograd's), `requires_grad` is true of each.

    >>> x = Variable(2.0, name="x")
    >>> y = 3 * x + x ** 2
    >>> y.backward()
    >>> y.value, x.grad
    (10.0, 7.0)
    """

    __slots__ = ("_assigned",)

    __signature__ = OfEach(
        lambda: signature_like(lambda value, name=None, *, label=None, requires_grad=True: None), type
    )
    _assigned: int  # the time of the last assignment of a value

    def __init__(
        self,
        value: float = None,  # type: ignore[assignment]  # noqa: RUF013 - for others' words for it to be answered
        name: str | None = None,
        _op: None = None,
        *,
        label: str | None = None,
        requires_grad: bool = True,
        data: None = None,
        trainable: None = None,
        dtype: None = None,
        device: None = None,
    ) -> None:
        # Others' words, each by name: a dict for all there might be would cost every leaf a seventh of its time.
        if _op is not None:
            raise no_leaf("Variable", (name, _op))
        if data is not None or trainable is not None or dtype is not None or device is not None:
            words = {"data": data, "trainable": trainable, "dtype": dtype, "device": device}
            raise option_error("Variable", next(iter([word for word, given in words.items() if given is not None])))
        if not requires_grad:
            raise OperandError("a Variable wants a gradient; write Constant(value) for a leaf that wants none")
        if name is None:
            name = label
        self._value = as_leaf_value("Variable", value)
        self._grad = 0.0
        self._stamp = VARIES
        self._assigned = 0
        self._left = None
        self._right = None
        self._origin = LEAF if name is None else origin_of_leaf("Variable", name)


@cython.final
@cython.no_gc
@cython.cclass
class Constant(Node):
    """A leaf that wants no gradient; results of operations on constants alone are constants too.

    >>> (Constant(2.0) * 3).parents
    ()
    """

    __slots__ = ()

    __signature__ = OfEach(lambda: signature_like(lambda value, name=None: None), type)

    def __init__(self, value: float, name: str | None = None) -> None:
        self._value = as_leaf_value("Constant", value)
        self._grad = 0.0
        self._stamp = 0
        self._left = None
        self._right = None
        self._origin = LEAF if name is None else origin_of_leaf("Constant", name)


@cython.final
@cython.no_gc
@cython.cclass
class Call(Node):
    """An operation with several results that was applied once: what stands between its operands and its results.

    Sweeps go through it, to take the derivatives of all results together. From outside it is never seen: there, each
    result is the result of an operation of its own, on these operands.
    """

    __slots__ = ("_count", "_numbers")

    _count: int  # the number of results
    _numbers: Any  # an array of the values of the operands when it was recorded


@cython.final
@cython.no_gc
@cython.cclass
class Output(Node):
    """One of the results of an operation that has several. Its one operand, as it is kept, is the `Call`."""

    __slots__ = ("_place",)

    _place: int  # its place among the results


# Code that asks with `isinstance(x, numbers.Number)` or `np.isscalar(x)` goes on as with a float.
numbers.Real.register(Node)


class Hooks:
    """Functions of the modules above this one to which methods of nodes lead; each module sets its own.

    `sweep` sets `backward`, `copying` sets `copy`, `deepcopy` and `reduce`, `numpy_interop` sets `apply_ufunc`,
    `apply_function`, `numpy_function` and `dispatch`, and `viz`, which may never be imported, sets `render`.
    Nothing else leads to `copying` and `numpy_interop`: nodes can be copied and pickled, and NumPy's functions take
    them, because `autograd/__init__` imports the two for that alone.
    """

    backward: Callable[[Any, float], None]  # fills in the gradients below a node
    copy: Callable[[Any], Any]  # gives a copy of a node that shares its parents
    deepcopy: Callable[[Any, dict[int, Any]], Any]  # gives a copy of a node and of all below it
    reduce: Callable[[Any], tuple[Any, ...]]  # tells pickle how to make a node again
    apply_ufunc: Callable[[Any, str, tuple[Any, ...], dict[str, Any]], Any]  # runs a function of NumPy on nodes
    apply_function: Callable[[Any, Any, Any, Any], Any]  # likewise a function of NumPy that has no loop over elements
    numpy_function: Callable[[Any], Any]  # gives the form that a function of NumPy has for arrays of nodes
    dispatch: Callable[[], Any]  # gives the module that runs functions of NumPy on arrays of nodes, imported on use
    render: Callable[[Any], dict[str, str]] | None = None  # draws a node or a layer for a notebook


hooks = Hooks()


def value_of(number: Any) -> float:
    """The plain number that a node or a number is, for use by the engine: also inside a trace."""
    return cython.cast(Node, number)._value if isinstance(number, Node) else float(number)


def varies(operand: Any) -> bool:
    """Whether this is a node that depends on a variable."""
    return isinstance(operand, Node) and cython.cast(Node, operand)._stamp & VARIES != 0


def varied(operand: Any) -> bool:
    """Whether this is a node that depended on a variable when operations on it were recorded."""
    return isinstance(operand, Node) and not isinstance(operand, Constant)


def operands_of(node: Node) -> tuple[Any, ...]:
    """The operands of a node as they are kept: nodes, and floats for constants."""
    if node._left is None:
        return ()
    if isinstance(node._left, tuple):
        return call_of(node)._left if isinstance(node, Output) else node._left
    if node._right is None:
        return (node._left,)
    return (node._left, node._right)


def kept_operands(node: Node) -> tuple[Any, ...]:
    """The operands of a node, for sweeps: that of a result of an operation with several is its `Call`."""
    return node._left if isinstance(node._left, tuple) else operands_of(node)


def call_of(node: Node) -> Call:
    """The call that an `Output` is a result of."""
    call: Call = node._left[0]
    return call


def recorded_gradients(node: Node) -> tuple[float, ...]:
    """The local gradients that were recorded with the node, also inside a trace."""
    if node._left is None:
        return ()
    if isinstance(node._left, tuple):
        return tuple(gradients_of_many(node))
    if node._right is None:
        return (node._left_gradient,)
    return (node._left_gradient, node._right_gradient)


def gradients_of_many(node: Node) -> Any:
    """The array of the local gradients of an operation on any number of operands."""
    if node._right is None:
        primitive: Any = node._origin.primitive
        if isinstance(node, Output):
            call = call_of(node)
            place = cython.cast(Output, node)._place
            node._right = array("d", primitive.slopes_of_result(call._numbers.tolist(), place, call._count))
            return node._right
        numbers = [value_of(operand) for operand in node._left]
        node._right = array("d", gradients_by_rule(primitive, node._left, numbers, node._value))
    return node._right


def gradients_by_rule(
    primitive: Primitive, operands: tuple[Any, ...], numbers: list[Any], value: float
) -> tuple[float, ...]:
    """The local gradients of an operation without kernel, by its rule."""
    # A primitive that is not registered stands for operations that it is composed of: its rule has dealt with nan. Of
    # a selection, the side that is not taken may be nan.
    if (
        primitive.registered
        and primitive is not Select
        and (value != value or any([number != number for number in numbers]))
    ):
        return (math.nan,) * len(operands)
    uses = None
    if primitive.beside_constant is not None:
        uses = uses_of(operands, [varies(operand) for operand in operands])
    return primitive.gradients_of_numbers(numbers, value, uses)


def uses_of(operands: tuple[Any, ...], varying: list[bool]) -> list[float]:
    """The number of places in which each operand stands, 0 for one that does not vary."""
    uses = [1.0 if known else 0.0 for known in varying]
    count_uses(operands, uses)
    return uses


def count_uses(operands: tuple[Any, ...], uses: Any) -> None:
    """Replace each 1 in `uses` by the number of places in which that variable stands among the operands."""
    counts: dict[int, float] = {}
    for place, operand in enumerate(operands):
        if uses[place]:
            counts[id(operand)] = counts.get(id(operand), 0.0) + 1.0
    for place, operand in enumerate(operands):
        if uses[place]:
            uses[place] = counts[id(operand)]


def as_leaf_value(kind: str, value: Any) -> float:
    """The value of a new leaf."""
    if type(value) is float:
        return value
    number = number_or_none(value)
    if number is None:
        if isinstance(value, Node):
            raise OperandError(
                f"{kind} needs a number, got the node {value!r}. A node can stand for a number as it is, and "
                f"isinstance(x, Node) is true of each; a new leaf of the same value is {kind}(x.value)"
            )
        raise not_a_number(kind, value)
    return number


def origin_of_leaf(kind: str, name: Any) -> Origin:
    """The origin of a new leaf with this name; TypeError if it is no text."""
    if not isinstance(name, str):
        raise no_leaf(kind, (name,))
    return Origin(None, None, name)


def assign(node: Any, value: Any) -> None:
    """Give a variable a new value, and note when: graphs recorded before keep the derivatives they have."""
    if not isinstance(node, Variable):
        raise FrozenValueError(
            f"{describe(node)} is computed or constant: only the value of a Variable can be assigned. Assign what it "
            f"was computed from, and compute it again"
        )
    if len(_state.entries) != 0:
        check_escape(node)
    variable = cython.cast(Variable, node)
    if isinstance(value, Node):
        raise OperandError(f"a value is a number, got the node {value!r}; assign its .value")
    set_value(variable, as_number("a value", value))


def set_value(variable: Variable, value: float) -> None:
    """Let a variable have this value from now on."""
    global _clock
    variable._value = value
    _clock += 1
    variable._assigned = _clock


def assigned_since(variable: Any, node: Any) -> bool:
    """Whether the leaf was given another value after `node` was recorded."""
    if not isinstance(variable, Variable):
        return False
    stamp = cython.cast(Node, node)._stamp
    return bool(stamp & STALE or cython.cast(Variable, variable)._assigned > stamp // SERIAL)


def numbered(primitive: Primitive, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands with each plain number as a float; OperandError if one is neither number nor node."""
    return tuple(
        [
            operand if isinstance(operand, Node) else as_number(primitive.name, operand, place)
            for place, operand in enumerate([of_trace(operand) for operand in operands])
        ]
    )


def convert(primitive: Primitive, operand: Any) -> Any:
    """A plain operand as a float, an int or bool of a trace as its node.

    None if its type is unknown, OperandError if it is known not to be a number.
    """
    if type(operand) is int:
        return to_float(operand)
    if hasattr(type(operand), "as_operand"):
        return operand.as_operand()
    number = number_or_none(operand)
    if number is not None:
        return number
    if operand is None or isinstance(operand, str | bytes | complex | list | tuple | set | dict):
        raise not_a_number(primitive.name, operand)
    return None


def ordered(outcome: bool, node: Node, number: float) -> bool:
    """The outcome of a node's `<` or its kin beside a number; OperandError if it is about to lose a nan in NumPy."""
    if not outcome and (node._value != node._value or number != number) and is_compared_by_numpy():
        raise lost_nan(node)
    return outcome


def comparable(other: Any) -> float | None:
    """The number to compare with, None if there is none."""
    other = of_trace(other)
    if isinstance(other, Node):
        return value_of(other)
    return number_or_none(other)


def of_trace(operand: Any) -> Any:
    """The node of an int or bool of a trace; anything else as it is."""
    if type(operand) is float or type(operand) is int or isinstance(operand, Node):
        return operand
    if not hasattr(type(operand), "as_operand"):
        return operand
    return operand.as_operand()


def under_mode(node: Node, primitive: Primitive, operands: tuple[Any, ...]) -> Node:
    """The node as the mode of this context wants it: constant, checked, marked with the scope; see `modes`."""
    return under_mode_with(node, primitive, operands, traced_among(operands))


def traced_among(operands: tuple[Any, ...]) -> int:
    """The bit `TRACED` if an operand belongs to a recording, else 0."""
    traced = 0
    for operand in operands:
        traced |= traced_in(operand)
    return traced


def traced_in(operand: Any) -> int:
    """The bit `TRACED` if an operand belongs to a recording, else 0."""
    return cython.cast(Node, operand)._stamp & TRACED if isinstance(operand, Node) else 0


def under_mode_with(node: Node, primitive: Primitive, operands: tuple[Any, ...], traced: int) -> Node:
    """`under_mode` for operands that have been looked through."""
    mode = current_mode()
    if traced != 0:
        if mode.trace is None:
            check_thread(operands)
        node._stamp |= TRACED
    if mode.strict:
        check_finite(node, primitive, operands)
    if not mode.recording:
        if mode.trace is None:
            return new_constant(node._value)
        return node if primitive is StopGradient else record_unary(StopGradient, node)
    if (mode.scope is not None or mode.origins is not None) and node._left is not None:
        node._origin = mode.origin_of(primitive)
    if mode.watch is not None:
        mode.watch(node)
    return node


def check_finite(node: Node, primitive: Primitive, operands: tuple[Any, ...]) -> None:
    """Raise DomainError if the value or a local gradient is not finite."""
    if not math.isfinite(node._value):
        culprit = f"value {node._value}"
    else:
        slopes = [
            slope
            for operand, slope in zip(operands_of(node), recorded_gradients(node), strict=True)
            if varies(operand) and not math.isfinite(slope)
        ]
        if not slopes:
            return
        culprit = f"local gradient {slopes[0]}"
    raise not_finite(primitive, operands, [value_of(operand) for operand in operands], culprit)


def check_escape(node: Node) -> None:
    """Raise TraceError inside a trace, in any thread, if the value of the node will be another one at the next call."""
    if node._stamp & VARIES:
        if current_mode().trace is not None:
            raise frozen_value(node, node._value)
        check_thread((node,))


def noted_text(node: Node, text: str) -> str:
    """A text that tells the value of a node; a recording gets to know, for it can't be another one at the next call."""
    trace = current_mode().trace
    if trace is None or not node._stamp & VARIES:
        return text
    trace.wrote_text = True
    return RecordedText(text)


def is_traced_node(node: Node) -> bool:
    """Whether a node belongs to a recording, one that goes on or one that is over."""
    return node._stamp & TRACED != 0


def check_thread(operands: tuple[Any, ...]) -> None:
    """Raise TraceError if a node among the operands belongs to a recording that goes on, but not in this context.

    A new thread does not inherit the context, so that the recording would not learn of its decisions. Called in a
    context without a trace. The recording is told, since what a thread raises may reach nobody.
    """
    for operand in operands:
        if isinstance(operand, Node):
            argument = argument_of(operand)
            if argument is not None:
                refusals[id(argument)] = refusal = other_thread(operand)
                raise refusal


# The last error that was raised for a node of a recording that goes on, by the identity of an argument of it.
refusals: dict[int, Exception] = {}


def refusal_of(arguments: list[Any]) -> Exception | None:
    """The error that was raised for nodes of a recording with these arguments in another thread, which is forgotten."""
    found = None
    if refusals:
        for argument in arguments:
            found = refusals.pop(id(argument), None) or found
    return found


def belongs_to_recording(node: Node) -> bool:
    """Whether a recording goes on in whose arguments this node was computed."""
    return argument_of(node) is not None


def argument_of(node: Node) -> Any:
    """An argument of the recording that goes on in which this node was computed; None if there is none."""
    while node._stamp & TRACED:
        if node._left is None:
            # Arguments of a recording that is over are constants.
            return node if node._stamp & VARIES else None
        for operand in operands_of(node):
            if isinstance(operand, Node) and cython.cast(Node, operand)._stamp & TRACED:
                node = operand
                break
        else:
            return None
    return None


def under_trace(primitive: Primitive, left: Any, right: Any, outcome: bool) -> Any:
    """The result of a comparison: inside a trace the condition, if it depends on a variable, else the outcome."""
    left, right = of_trace(left), of_trace(right)
    if not (varies(left) or varies(right)):
        return outcome
    trace = current_mode().trace
    if trace is None:
        check_thread((left, right))
        return outcome
    return trace.condition(primitive, left, right)


def clock() -> int:
    """The serial number of the youngest node."""
    return _clock
