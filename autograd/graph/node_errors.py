"""The name of a node in messages, and the errors that operations on nodes raise.

This is plain Python below `node`: nodes are only asked for their names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from threading import get_ident
from typing import Any

from autograd.errors import AutogradError, DomainError, OperandError, StaleGraphError, TraceError
from autograd.graph.callers import caller, calling_frame, name_of_call
from autograd.operations.primitive import Primitive
from autograd.other_packages import DISTRIBUTIONS

__all__ = [
    "RecordedText", "describe", "earlier_recording", "earlier_run", "frozen_value", "hashed_argument", "in_own_words",
    "no_leaf", "not_finite", "other_thread", "own_operation", "pickled_argument", "plain_float", "plain_index",
    "plain_int", "refused", "shortened", "stale_graph",
]  # fmt: skip


class RecordedText(str):
    """The text of a number inside a function that is being compiled: to look at, not to be read or compared.

    It is that of one call, and so would be all that is read in it; put together with others it is a common text.
    """

    __slots__ = ()

    def _refuse(self, *_: Any) -> Any:
        file, line = caller()
        raise TraceError(
            f"inside a function that is being compiled, the text {str(self)!r:.60} of a number was read or compared "
            f"({file}:{line}), and would be that of this call for ever. Compute with the number, or compare it"
        )

    __float__ = __int__ = __index__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse


def describe(node: Any) -> str:
    """A node in a message: its kind, and its name if it has one: `variable 'x'`, `exp node`."""
    kind = type(node).__name__.lower() if node.op is None else f"{node.op.name} node"
    return kind if node.name is None else f"{kind} {shortened(node.name)!r}"


def shortened(text: str, length: int = 40) -> str:
    """The text, cut to a length that fits in a message.

    >>> shortened("hidden layer", 7)
    'hidden…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"


def plain_float(node: Any) -> OperandError:
    """The error for a node where Python wants a float, with what to write at that place."""
    said = f"{describe(node)} can't become a plain float: that would drop its derivative without a word"
    frame = calling_frame()
    if str(frame.f_globals.get("__name__")).startswith("scipy."):
        # Another one than is raised, which holds the frames that it passes.
        refused[get_ident()] = OperandError(f"{said}. {IN_SCIPY}")
        return OperandError(f"{said}. {IN_SCIPY}")
    asked = name_of_call(frame.f_code, frame.f_lasti)
    here = WHERE_A_FLOAT_IS_ASKED.get(asked)
    if here is None and asked in vars(math):
        here = f"In place of math.{asked} write autograd.{asked}"
    return OperandError(
        f"{said}. {here or 'In place of math.exp and the like, write autograd.exp'}; or .value if {MEANT}"
    )


# The last error of each thread for a node that SciPy asked for as a float, since a function began to be differentiated
# or recorded: its C code may go on after it, and raise another error of what it took for a number.
refused: dict[int, OperandError] = {}
MEANT = "the number alone is meant"
IN_SCIPY = (
    "SciPy computes on plain numbers: derivatives of a solution of equations are those of autograd.implicit.root, of "
    f"an integral or a differential equation those of its steps, written in Python; or give it .value if {MEANT}"
)
_HOLDS = (
    "The array must hold nodes: make it by np.zeros_like(x) of what the function got, as a list, or with dtype=object"
)
_NO_TYPE = "Leave the dtype out: an array of nodes has dtype object"
# By the function that is called, or the instruction.
WHERE_A_FLOAT_IS_ASKED = {
    "STORE_SUBSCR": _HOLDS,
    **dict.fromkeys(("fill", "full", "put", "copyto"), _HOLDS),
    **dict.fromkeys(("array", "asarray", "asanyarray", "ascontiguousarray", "fromiter", "astype"), _NO_TYPE),
    **dict.fromkeys(("float", "float64", "double", "float32"), "Leave the conversion out: a node is a double"),
    "BINARY_OP": 'In place of "%.2f" % x write f"{x:.2f}"',
}


def lost_nan(node: Any) -> OperandError:
    """The error for a nan that a loop of NumPy's compares with a node, or that is one."""
    return OperandError(
        f"{describe(node)} is nan, or is compared with one, by a function of NumPy's that got a list or a plain array "
        f"of nodes: it compares the elements two by two, which loses a nan. Give it an array of autograd.array, as "
        f"in np.argmax(autograd.array(values))"
    )


def plain_int(node: Any) -> OperandError:
    """The error for a node where Python wants an int."""
    frame = calling_frame()
    if frame.f_globals.get("__name__") == "statistics":
        here = "In place of statistics.mean write sum(xs) / len(xs)"
    else:
        here = f"Use autograd.trunc, or int(x.value) if {MEANT}"
    return OperandError(f"{describe(node)} can't become an int: that would drop its derivative without a word. {here}")


def plain_index(node: Any) -> OperandError:
    """The error for a node where Python or NumPy wants a whole number: a place, a length, a count."""
    return OperandError(
        f"{describe(node)} is no whole number, and can't be a place, a length or a count. Give the function an int, "
        f"f(3) and not f(3.0); or use int(x.value) if {MEANT}"
    )


# What other packages say of nodes that they were given, or of plain arrays of them.
FOREIGN_WORDS = re.compile(
    r"'(Variable|Node|Constant)' object has no|^(Variable|Node|Constant) has no|autograd\.graph\.node\."
    r"|type '?(Variable|Node|Constant)\b|dtype\('O'\)|numpy\.object_|holds references"
    r"|not supported for the input types|no callable|object arrays are not supported|as a data type"
)


def in_own_words(error: BaseException) -> OperandError | None:
    """The error for one that another package's code raised over nodes; None if it is of another kind."""
    before = refused.pop(get_ident(), None)
    if isinstance(error, AutogradError) or not isinstance(error, Exception):
        return None
    files = []
    trace = error.__traceback__
    while trace is not None:
        files.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    if files and files[-1].endswith("other_packages.py"):
        # What we say of an attribute, which was asked for in the frame before.
        files.pop()
    foreign = bool(files) and "site-packages" in files[-1]
    if before is not None and any(["site-packages" in file for file in files]):
        # With an error set, anything may fail: the next call that SciPy makes, too.
        return before
    if not isinstance(error, TypeError | ValueError | AttributeError):
        return None
    message = str(error)
    if not FOREIGN_WORDS.search(message) or (isinstance(error, AttributeError) and not foreign):
        return None
    if any(["scipy/stats" in file.replace("\\", "/") for file in files]):
        return OperandError(f"{DISTRIBUTIONS} ({message})")
    return OperandError(
        f"code of another package met nodes that it can't take ({message}). To NumPy, lists and plain "
        f"arrays of nodes are arrays of any objects: give it autograd.array(...) of them, or write it with operators "
        f"and autograd's functions (x @ A.T for a sparse A @ x); or use the numbers (.value) if no derivative is meant"
    )


OWN = "an operation of your own is declared by Primitive(name, value, gradients), or made of operators"


def no_leaf(kind: str, given: Sequence[Any]) -> TypeError:
    """The error for a leaf that was given something else than a name behind its value."""
    found = ", ".join([f"{type(one).__name__} {one!r:.60}" for one in given])
    return TypeError(
        f"{kind} takes a value and a name, which is a text; got {found} behind the value. It is a leaf, without "
        f"operands: what operators give knows its own, as x.parents, and {OWN}"
    )


def own_operation(node: Any) -> AttributeError:
    """The error for a rule that is given to a node, as micrograd's nodes have one each."""
    return AttributeError(f"the rule of {describe(node)} is that of its operation, and can't be assigned: {OWN}")


def frozen_value(node: Any, value: float) -> TraceError:
    """The error for a value that is asked for as a number, where a compiled function would keep the number."""
    file, line = caller()
    return TraceError(
        f"inside a function that is being compiled, the value of {describe(node)} was asked for as a plain float, "
        f"or assigned ({file}:{line}): it would be frozen at {value}. Compute with the node itself, compare "
        f"it, or pass what must be plain as an argument of another type (an int, a string)"
    )


def other_thread(node: Any) -> TraceError:
    """The error for a node of a function that is being compiled, met where the recording does not see what is done."""
    file, line = caller()
    return TraceError(
        f"{describe(node)} belongs to a function that is being compiled, in another thread or context "
        f"({file}:{line}): the recording would not learn of what is done with it here. Run this part in a copy of the "
        f"function's context (contextvars.copy_context().run, as asyncio.to_thread does), or hand numbers in and out"
    )


def earlier_recording(node: Any) -> TraceError:
    """The error for a node of one recording that is used in another, or in a function that is differentiated."""
    return TraceError(
        f"{describe(node)} belongs to another recording of a compiled function, and its value to that: a list, a cache "
        f"or an attribute has kept it. A compiled function must not keep what it computes; return it"
    )


def earlier_run(node: Any) -> StaleGraphError:
    """The error for a node that a differentiated function computed in one run, and uses in another."""
    return StaleGraphError(
        f"{describe(node)} was computed in an earlier run of a differentiated function, from the arguments of that "
        f"run: a list, a cache (such as functools.lru_cache) or an attribute has kept it. Its derivative in the "
        f"arguments of this run would be 0. Compute it in each run, or keep its value"
    )


def pickled_argument(node: Any) -> TraceError:
    """The error for an argument of a differentiated function that would be pickled, as for another process."""
    return TraceError(
        f"{describe(node)} stands for an argument of a function that is being differentiated, and can't be pickled or "
        f"sent to another process: there it would be another variable, and derivatives through it 0. Send its .value, "
        f"and let the other process compute the derivatives (copy.deepcopy keeps the argument)"
    )


def hashed_argument(node: Any) -> OperandError:
    """The error for the hash of what stands for a number in a function that is being differentiated or compiled."""
    return OperandError(
        f"{describe(node)} stands for an argument of a function that is being differentiated or compiled, and can't be "
        f"hashed: sets, dicts and caches find numbers by value, but nodes by identity. Compare it with ==, keep it in "
        f"a list, or look up its .value where it has one"
    )


def stale_graph(operand: Any, node: Any, harm: str = "its second derivatives would mix both values") -> StaleGraphError:
    """The error for a request that needs the old value of an operand; `harm` is what the new one would do."""
    return StaleGraphError(
        f"{describe(operand)} was assigned after {describe(node)} was computed from it; {harm}. Compute the "
        f"expression again after assigning"
    )


def not_finite(primitive: Primitive, operands: Sequence[Any], numbers: Sequence[float], culprit: str) -> DomainError:
    """The error under `strict` for an operation on operands of these values whose `culprit` is not finite.

    It says which operands the primitive needs, those given (the first four of many), and the line that asked for it.
    """
    letters = ["x"] if len(operands) == 1 else [chr(ord("a") + place % 26) for place in range(len(operands))]
    domain = primitive.domain if primitive.arity is not None else ()
    limits = [interval.describe(letter) for interval, letter in zip(domain, letters, strict=False)]
    needs = " and ".join([limit for limit in limits if limit]) or "operands with a finite result"
    given = ", ".join(
        [
            f"{letter} = {number}" + ("" if isinstance(operand, float) else f" ({describe(operand)})")
            for letter, operand, number in zip(letters[:4], operands, numbers, strict=False)
        ]
    )
    file, line = caller()
    return DomainError(f"{primitive.name} needs {needs}, got {given}: {culprit} ({file}:{line})")
