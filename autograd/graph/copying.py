"""Copies of graphs, in memory and pickled, of any depth: no walk here is recursive."""

from __future__ import annotations

import sys
import threading
from array import array
from typing import Any

from autograd.graph.callers import Line
from autograd.graph.joint_operations import JointOperation, new_call, restored_result
from autograd.graph.modes import Scope, is_traced
from autograd.graph.node import (
    Call,
    Constant,
    Node,
    Output,
    Variable,
    assigned_since,
    call_of,
    check_escape,
    hooks,
    new_node,
    operands_of,
    set_operands,
    set_value,
    varies,
)
from autograd.graph.node_errors import pickled_argument
from autograd.graph.runs import is_argument
from autograd.graph.sweep import topological_order
from autograd.operations.primitive import Origin, Primitive

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import REACHED, STALE


class _Listed(threading.local):
    """The nodes that this thread's pickling will meet in a list of their own, parents first.

    Each of them need not list its parents again.
    """

    def __init__(self) -> None:
        self.ids: set[int] = set()
        # The end of the list, which lives as long as its pickling: one that failed leaves ids behind that mean nothing.
        self.end: Any = None


_listed = _Listed()


def reduce(node: Node) -> tuple[Any, ...]:
    """The recipe by which pickle makes a node again: all that it depends on, parents first, then the node itself.

    A pickler that met the parents in the list need not go down to them from the node.
    """
    check_escape(node)
    if is_argument(node):
        raise pickled_argument(node)
    if isinstance(node, Call):
        # The results of a call refer to it by this, and so share it again.
        return rebuild_call, (node.op, operands_of(node), node._numbers, node._count)
    if _listed.ids and _listed.end() is None:
        _listed.ids = set()
    if isinstance(node, Constant | Variable) or id(node) in _listed.ids:
        _listed.ids.discard(id(node))
        return _rebuild_after, ((), *state_of(node))
    order = topological_order(node)
    below = order[: len(order) - 1]
    # Imported on use: it takes a fifteenth of the time that importing this package does.
    import weakref

    end = _ListEnd()
    scopes = _scopes_of(order)
    _listed.ids = {id(ancestor) for ancestor in below if operands_of(ancestor)}
    _listed.end = weakref.ref(end)
    return _rebuild_after, ((scopes, tuple(below), end), *state_of(node))


def _scopes_of(nodes: list[Node]) -> tuple[Scope, ...]:
    """The scopes of the nodes, each behind the one around it: a pickler that met that one need not go into it."""
    found: dict[int, Scope] = {}
    for node in nodes:
        scope, inside = node.scope, []
        while scope is not None and id(scope) not in found:
            inside.append(scope)
            scope = scope.parent
        found.update([(id(one), one) for one in reversed(inside)])
    return tuple(found.values())


class _ListEnd:
    """Stands after such a list, so that a pickler that comes to it says that the list is over."""

    def __reduce__(self) -> tuple[Any, ...]:
        _listed.ids = set()
        return _ListEnd, ()


def _rebuild_after(below: tuple[Any, ...], *state: Any) -> Node:
    return rebuild(*state)


def deepcopy(node: Node, memo: dict[int, Any]) -> Node:
    """A copy of the whole graph below a node, sharing what the graph shares."""
    for original in topological_order(node):
        if id(original) in memo:
            continue
        if stands_for_input(original):
            # Inside a function that is being differentiated or compiled, a copy of its argument is the argument.
            memo[id(original)] = original
            continue
        copies = tuple([memo.get(id(operand), operand) for operand in operands_of(original)])
        memo[id(original)] = remade(original, copies, memo)
    copied: Node = memo[id(node)]
    return copied


def copy(node: Node) -> Node:
    """A copy of a node that shares its parents."""
    return node if stands_for_input(node) else remade(node, operands_of(node), {})


def remade(node: Node, operands: tuple[Any, ...], memo: dict[int, Any]) -> Node:
    """A copy of a node, with these operands; results of one call are those of one copy of it."""
    if not isinstance(node, Output):
        kind, _, *rest = state_of(node)
        return rebuild(kind, operands, *rest)
    call = call_of(node)
    if id(call) not in memo:
        memo[id(call)] = new_call(call._origin, operands, call._numbers, call._count)
    place = cython.cast(Output, node)._place
    copied: Node = restored_result(memo[id(call)], place, node._value, node._origin, is_stale(node))
    copied._grad = node._grad
    copied._stamp |= node._stamp & REACHED
    return copied


def is_stale(node: Node) -> bool:
    """Whether an operand of a node was assigned after the node was recorded."""
    return any([assigned_since(operand, node) for operand in operands_of(node)])


def stands_for_input(node: Node) -> bool:
    """Whether a copy of this must be itself: an argument that is differentiated, anything that varies in a trace."""
    if is_argument(node):
        return True
    return varies(node) and is_traced()


def state_of(node: Node) -> tuple[Any, ...]:
    """The facts from which `rebuild` makes this node again, operands included."""
    operands = operands_of(node)
    slopes: tuple[float, ...] = ()
    origin = node._origin
    reached = node._stamp & REACHED != 0
    if isinstance(node, Output):
        # Its local gradients take a pullback each, and are computed when they are asked for.
        operands = (call_of(node), cython.cast(Output, node)._place)
    else:
        slopes = node.local_gradients
    return (
        type(node).__name__, operands, origin.primitive, origin.scope, origin.name, node._value, node._grad, reached,
        slopes, is_stale(node), origin.source,
    )  # fmt: skip


def rebuild(
    kind: str,
    operands: tuple[Any, ...],
    primitive: Primitive | None,
    scope: Scope | None,
    name: str | None,
    value: float,
    grad: float,
    reached: bool,
    local_gradients: tuple[float, ...],
    stale: bool,
    source: Line | None = None,
) -> Node:
    """The node that `state_of` described."""
    node: Node
    if kind == "Variable":
        node = Variable(value, name)
        # As if assigned now: no graph that is there already knows this variable.
        set_value(node, value)
    elif kind == "Constant":
        node = Constant(value, name)
    else:
        if primitive is None or not fits(kind, operands, primitive, local_gradients):
            raise damaged()
        if scope or name or source:
            origin = Origin(primitive, scope, name, source)
        else:
            origin = primitive.origin
        if kind == "Output":
            node = restored_result(operands[0], operands[1], value, origin, stale)
        else:
            node = new_node(origin, value)
            set_operands(node, operands, local_gradients)
            if stale:
                node._stamp |= STALE
    node._grad = grad
    if reached:
        node._stamp |= REACHED
    return node


def fits(kind: str, operands: tuple[Any, ...], primitive: Primitive, local_gradients: tuple[float, ...]) -> bool:
    """Whether a node can be so: a damaged pickle says anything, and sweeps read it without a look."""
    # Only those on any number of operands need the slower question.
    is_joint = primitive.arity is None and isinstance(primitive, JointOperation)
    if kind == "Output":
        call, place = operands if len(operands) == 2 else (None, 0)
        return is_joint and isinstance(call, Call) and call.op is primitive and 0 <= place < call._count
    count = len(operands)
    return (
        kind == "Node"
        and not is_joint
        and are_operands(operands)
        and count == len(local_gradients)
        and (primitive.arity is None or primitive.arity == count)
        and (primitive.multiple == 1 or count % primitive.multiple == 0)
    )


def are_operands(operands: tuple[Any, ...]) -> bool:
    """Whether all of these are nodes and floats."""
    # Loading a node takes 0.7 µs; a list of the answers, 0.4 of them.
    for operand in operands:  # noqa: SIM110
        if not isinstance(operand, (Node, float)):
            return False
    return True


def rebuild_call(primitive: Primitive, operands: tuple[Any, ...], numbers: Any, count: int) -> Call:
    """The call of an operation with several results, without any of them."""
    doubles = isinstance(numbers, array) and numbers.typecode == "d" and len(numbers) == len(operands)
    known = isinstance(primitive, JointOperation) and count == primitive.count
    if not (known and doubles and are_operands(operands)):
        raise damaged()
    return new_call(primitive.origin, operands, numbers, count)


def damaged() -> ValueError:
    """The error for a description that no node has."""
    return ValueError("what describes this node is damaged: its operands are not those of its operation")


# Graphs that were pickled before the modules stood in rooms name them as they were called then.
for _name, _module in (
    ("callers", "graph.callers"), ("copying", "graph.copying"), ("modes", "graph.modes"),
    ("primitive", "operations.primitive"),
):  # fmt: skip
    sys.modules[f"autograd.{_name}"] = sys.modules[f"autograd.{_module}"]

hooks.copy = copy
hooks.deepcopy = deepcopy
hooks.reduce = reduce
