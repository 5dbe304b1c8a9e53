"""Copies of graphs, in memory and pickled, of any depth: no walk here is recursive."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from autograd.node import (
    Constant,
    Node,
    Variable,
    check_escape,
    hooks,
    operands_of,
    rebuild,
    stands_for_input,
    state_of,
)
from autograd.sweep import topological_order


class _Listed(threading.local):
    """The nodes that this thread's pickling will meet in a list of their own, parents first.

    Each of them need not list again what it depends on.
    """

    def __init__(self) -> None:
        self.ids: set[int] = set()
        # The end of the list, which lives as long as its pickling: one that failed leaves ids behind that mean nothing.
        self.end: Any = None


_listed = _Listed()


def reduce(node: Node) -> tuple[Any, ...]:
    """How to pickle a node: everything it depends on, parents first, then the node itself.

    A pickler that met the parents in the list need not go down to them from the node.
    """
    check_escape(node)
    if _listed.ids and _listed.end() is None:
        _listed.ids = set()
    if isinstance(node, Constant | Variable) or id(node) in _listed.ids:
        _listed.ids.discard(id(node))
        return _rebuild_after, ((), *state_of(node))
    below = topological_order(node)[:-1]
    end = _ListEnd()
    _listed.ids = {id(ancestor) for ancestor in below if operands_of(ancestor)}
    _listed.end = weakref.ref(end)
    return _rebuild_after, ((tuple(below), end), *state_of(node))


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
        kind, operands, *rest = state_of(original)
        copies = tuple([memo[id(operand)] if isinstance(operand, Node) else operand for operand in operands])
        memo[id(original)] = rebuild(kind, copies, *rest)
    copied: Node = memo[id(node)]
    return copied


hooks["reduce"] = reduce
hooks["deepcopy"] = deepcopy
