"""The backward sweep: the chain rule, applied once to each node in topological order.

The gradient of a node is the derivative of the output in that node. The output's own is given. A node's
gradient is complete once all nodes that use it have passed theirs on, so nodes are taken in an order in
which users come before their operands: the reverse of a topological order. Each node then passes to each
parent its gradient times the local gradient: see `propagate` and `receive`, for which `walk` finds the order.

The marks of a walk are in its nodes, so there is one sweep at a time: compiled, it holds the interpreter lock from
start to end, uncompiled a lock of its own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd.errors import ArgumentError, OperandError, TraceError
from autograd.graph.local_gradients import joint_pullback, local_gradients_as_nodes
from autograd.graph.locks import Lock
from autograd.graph.many_uses import ManyUses
from autograd.graph.modes import is_strict, is_traced
from autograd.graph.node import (
    Call,
    Constant,
    Node,
    Output,
    Variable,
    call_of,
    check_thread,
    clock,
    gradients_of_many,
    hooks,
    kept_operands,
    operands_of,
    recorded_gradients,
    varies,
)
from autograd.graph.node_errors import describe
from autograd.graph.runs import is_over, mark_of_rules
from autograd.numbers.operands import as_number
from autograd.numbers.pairwise import LongSum
from autograd.operations.primitive import is_array, of_arrays

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.many_uses import has_many_references
    from autograd.graph.node import DONE, OPEN, REACHED, VARIES
    from autograd.numbers.arrays import doubles_in

__all__ = ["adjoints", "backward", "gradients", "stop_gradient", "topological_order", "zero_grad"]


# Lists of None that sweeps write on, kept from one sweep to the next: a small graph is swept in less time than new
# ones take to make, and for a large one the system would hand out their memory page by page, each time.
_blank_lists: list[list[Any]] = []
_lock = Lock()
KEPT_LENGTH = 65_536


def backward(output: Node, gradient: float = 1.0) -> None:
    """Fill in `grad` of every node that `output` depends on, starting from `gradient` at the output.

    Variables accumulate: their gradient is added to what they have, so that several outputs can be swept
    in turn; clear them with `zero_grad`. All other nodes are set anew.

    >>> from autograd import Variable
    >>> x = Variable(3.0)
    >>> y = x * x
    >>> y.backward()
    >>> y.backward()
    >>> x.grad, y.grad
    (12.0, 1.0)
    """
    if isinstance(gradient, Node):
        raise OperandError(
            f"backward(gradient) takes the gradient of the output itself, a plain number, got {gradient!r:.60}; "
            f"derivatives in a node are x.grad after y.backward(), or gradients(y, [x])"
        )
    seed = gradient if type(gradient) is float else as_number("a gradient", gradient)
    if not isinstance(output, Node):
        raise OperandError(f"backward starts from a node, got {type(output).__name__}: {output!r:.60}")
    if isinstance(output, Constant):
        raise OperandError(
            f"backward starts from a {describe(output)}, which depends on no variable: was it computed from plain "
            f"numbers, from detached nodes or inside no_grad?"
        )
    if is_traced():
        raise TraceError(
            "backward() fills in numbers, which would be frozen inside a function that is being compiled; use grad or "
            "gradients, whose results are nodes"
        )
    check_thread((output,))
    if is_strict():
        check_before(output, seed)
    if cython.compiled:
        sweep(output, seed)
    else:
        with _lock.here():
            sweep(output, seed)


def propagate(order: list[Any], count: int, output: Node, seed: float, many_uses: ManyUses | None) -> None:
    """Pass gradients from `output`, the last of the `count` nodes in `order`, down to the leaves; leave it blank.

    `many_uses` keeps sums for nodes that are used very often, None if there are none.
    """
    receive(output, seed, many_uses)
    for position in range(count - 1, -1, -1):
        node = cython.cast(Node, order[position])
        if many_uses is not None and has_many_references(node):
            many_uses.complete(node)
        gradient = node._grad
        if isinstance(node._left, tuple):
            operands = node._left
            local_gradients = gradients_of_many(node)
            slopes = doubles_in(local_gradients)
            for place in range(len(operands)):
                receive(operands[place], gradient * slopes[place], many_uses)
        else:
            receive(node._left, gradient * node._left_gradient, many_uses)
            if node._right is not None:
                receive(node._right, gradient * node._right_gradient, many_uses)
        order[position] = None
    if many_uses is not None:
        many_uses.complete_all()


def receive(operand: Any, gradient: float, many_uses: ManyUses | None) -> None:
    """Add to an operand's gradient, unless it is constant.

    The mark that the walk left on a node says that this is the first share in this sweep: it replaces
    the gradient of an earlier one.
    """
    if isinstance(operand, Node):
        node = cython.cast(Node, operand)
        if node._stamp & DONE:
            node._grad = gradient
            node._stamp = (node._stamp & ~DONE) | REACHED
        elif node._stamp & VARIES:
            node._grad += gradient
            node._stamp |= REACHED
        if many_uses is not None and has_many_references(node):
            many_uses.count(node)


def walk(output: Node, stack: list[Any], order: list[Any]) -> int:
    """Write to `order` the nodes below and including `output` that are not leaves, parents first; their number, which
    is negative if it takes more than `propagate`: for an operation with several results, or a node with many uses.

    The sweep's own, fast walk: the marks of what it has met are in the nodes. It puts parents on top of
    the node that uses them; when that node comes up again its parents are done, and so is it. The nodes
    in `order` are left marked as done; the stack is left blank.
    """
    count = 0
    special = False
    height = write(stack, 0, output)
    while height > 0:
        node = cython.cast(Node, stack[height - 1])
        if node._stamp & (OPEN | DONE) == 0 and node._left is not None:
            node._stamp |= OPEN
            if isinstance(node._left, tuple):
                special = special or isinstance(node, Call)
                for operand in node._left:
                    if is_unmet(operand):
                        height = write(stack, height, operand)
                    elif is_used_often(operand):
                        special = True
            else:
                if is_unmet(node._left):
                    height = write(stack, height, node._left)
                elif is_used_often(node._left):
                    special = True
                if is_unmet(node._right):
                    height = write(stack, height, node._right)
                elif is_used_often(node._right):
                    special = True
        else:
            if node._stamp & OPEN:
                node._stamp += DONE - OPEN
                count = write(order, count, node)
            height -= 1
            stack[height] = None
    return -count if special else count


def is_unmet(operand: Any) -> bool:
    """Whether a walk has yet to go to this operand: a node that is no leaf and was not met before."""
    if not isinstance(operand, Node):
        return False
    node = cython.cast(Node, operand)
    return node._left is not None and node._stamp & (OPEN | DONE) == 0


def is_used_often(operand: Any) -> bool:
    """Whether an operand is a node that may have very many uses."""
    return has_many_references(operand) and isinstance(operand, Node)


def sweep(output: Node, seed: float) -> None:
    """Sweep the graph below a node; one that fails leaves every leaf as it was."""
    stack, order = blank_list(), blank_list()
    leaves: list[Any] = []
    try:
        count = walk(output, stack, order)
        special = count < 0
        count = abs(count)
        if special and has_calls(order, count):
            clear_marks(order)
            sweep_jointly(order[:count], output, seed)
            return
        if not cython.compiled:
            # Compiled, nothing can fail or interrupt from here on but to find out what is used often.
            leaves = leaf_gradients(order, count)
        propagate(order, count, output, seed, ManyUses(order, count) if special else None)
    except BaseException:
        # Out of memory, or interrupted while uncompiled: no mark may stay behind to mislead the next walk.
        clear_marks(stack)
        clear_marks(order)
        for leaf, gradient, stamp in leaves:
            leaf._grad, leaf._stamp = gradient, stamp
        raise
    for used in (stack, order):
        if len(used) <= KEPT_LENGTH:
            _blank_lists.append(used)


def sweep_jointly(order: list[Any], output: Node, seed: float) -> None:
    """The sweep over these nodes, parents first, with operations that have several results among them.

    Their derivatives are computed by Python, which may fail, and sweep by itself meanwhile: so gradients are written at
    the end, and no marks are in the nodes.
    """
    found = adjoints([node for node in order if not isinstance(node, Call)], {id(output): seed})
    leaves = {
        id(operand): operand for node in order for operand in kept_operands(node) if isinstance(operand, Variable)
    }
    for node in order:
        node._grad = found.get(id(node), 0.0)
        node._stamp |= REACHED
    for leaf in leaves.values():
        leaf._grad += found.get(id(leaf), 0.0)
        leaf._stamp |= REACHED


def has_calls(order: list[Any], count: int) -> bool:
    """Whether there is an operation with several results among the nodes in `order`."""
    found = False
    for position in range(count):
        found = found or isinstance(order[position], Call)
    return found


def leaf_gradients(order: list[Any], count: int) -> list[Any]:
    """Each variable that the nodes in `order` use, with its gradient and stamp."""
    operands = [operand for node in order[:count] for operand in operands_of(node) if isinstance(operand, Variable)]
    return [(leaf, leaf._grad, leaf._stamp) for leaf in operands]


def clear_marks(nodes: list[Any]) -> None:
    """Take the marks of a walk off these nodes. It may be that there is no memory left, so nothing is made here."""
    for position in range(len(nodes)):
        if nodes[position] is not None:
            node = cython.cast(Node, nodes[position])
            node._stamp &= ~(OPEN | DONE)


def write(blank: list[Any], place: int, node: Node) -> int:
    """Write a node at this place of a list, which may be one behind its end; the next place."""
    if place < len(blank):
        blank[place] = node
    else:
        blank.append(node)
    return place + 1


def blank_list() -> list[Any]:
    """A list with nothing but None in it, as long as it happens to be."""
    try:
        return _blank_lists.pop()
    except IndexError:
        return []


def check_before(output: Node, seed: float) -> None:
    """Raise DomainError if a sweep would give gradients that are not finite, before it writes any."""
    from autograd.graph.overflow import check_adjoints, check_sum

    order = topological_order(output)
    found = adjoints(order, {id(output): seed})
    check_adjoints(order, found)
    for node in order:
        if node.op is None and id(node) in found:
            check_sum(node, found[id(node)])


def topological_order(*outputs: Node) -> list[Node]:
    """Every node that the outputs depend on, and the outputs: parents before the nodes that use them.

    Leaves are included, plain numbers are not. The order is the same each time.

    >>> from autograd import Variable
    >>> x = Variable(3.0, name="x")
    >>> y = x * x
    >>> [node.value for node in topological_order(y + 1)]
    [3.0, 9.0, 10.0]
    """
    met: set[int] = set()
    order: list[Node] = []
    for output in outputs:
        if not isinstance(output, Node):
            raise OperandError(f"a graph is walked from nodes, got {type(output).__name__}: {output!r:.60}")
        stack: list[tuple[Node, bool]] = [(output, False)]
        while stack:
            node, complete = stack.pop()
            if complete:
                if not isinstance(node, Call):
                    order.append(node)
            elif id(node) not in met:
                met.add(id(node))
                stack.append((node, True))
                stack.extend(
                    [(operand, False) for operand in reversed(kept_operands(node)) if isinstance(operand, Node)]
                )
    return order


def adjoints(
    order: Sequence[Node],
    seeds: Mapping[int, Any],
    slopes: Callable[[Node], Sequence[Any]] = recorded_gradients,
    passes: Callable[[Any, Any, Any], bool] | None = None,
) -> dict[int, Any]:
    """The derivatives of outputs in the nodes that they depend on, by the nodes' identities.

    The chain rule in its plainest form: it leaves the nodes as they are, and takes derivatives of any type.

    order: the nodes, parents before the nodes that use them.
    seeds: the derivatives of the outputs themselves.
    slopes: gives the local gradients of a node.
    passes: `passes(operand, slope, adjoint)` says whether an operand gets its share of an adjoint; None: if it varies.

    >>> from autograd import Variable
    >>> x = Variable(3.0)
    >>> y = x * x
    >>> adjoints(topological_order(y), {id(y): 1.0})[id(x)]
    6.0
    """
    found = dict(seeds)
    long: list[int] = []
    as_nodes = slopes is local_gradients_as_nodes
    joint = JointAdjoints(order) if passes is None and (as_nodes or slopes is recorded_gradients) else None
    for node in reversed(order):
        adjoint = found.get(id(node))
        if type(adjoint) is LongSum:
            adjoint = found[id(node)] = adjoint.total()
        if joint is not None and isinstance(node, Output):
            for operand, share in joint.shares(node, adjoint, as_nodes):
                add_share(found, long, operand, share)
            continue
        operands = operands_of(node)
        if adjoint is None or not operands:
            continue
        for operand, slope in zip(operands, slopes(node), strict=True):
            if varies(operand) if passes is None else passes(operand, slope, adjoint):
                add_share(found, long, operand, slope * adjoint)
    for key in long:
        if type(found[key]) is LongSum:
            found[key] = found[key].total()
    return found


def add_share(found: dict[int, Any], long: list[int], operand: Any, share: Any) -> None:
    """Add to the adjoint of an operand; if it is used very often this is a `LongSum`, and in `long`."""
    known = found.get(id(operand))
    if known is None:
        found[id(operand)] = share
    elif type(known) is LongSum:
        known.add(share)
    elif is_used_often(operand):
        sums = found[id(operand)] = LongSum(operator.add)
        sums.add(known)
        sums.add(share)
        long.append(id(operand))
    else:
        found[id(operand)] = known + share


class JointAdjoints:
    """The adjoints of results of operations that have several, until the last of them in a sweep is known."""

    def __init__(self, order: Sequence[Node]) -> None:
        self.waiting: dict[int, int] = {}
        self.known: dict[int, list[Any]] = {}
        for node in order:
            if isinstance(node, Output):
                call = id(call_of(node))
                self.waiting[call] = self.waiting.get(call, 0) + 1

    def shares(self, node: Output, adjoint: Any, as_nodes: bool) -> list[tuple[Any, Any]]:
        """The operands that vary, each with its share of all adjoints, if this is the last one; else nothing."""
        call = call_of(node)
        cotangents = self.known.setdefault(id(call), [None] * call._count)
        cotangents[node._place] = adjoint
        self.waiting[id(call)] -= 1
        if self.waiting[id(call)] or all([cotangent is None for cotangent in cotangents]):
            return []
        shares = joint_pullback(call, cotangents, as_nodes)
        operands = operands_of(call)
        return [(operand, share) for operand, share in zip(operands, shares, strict=True) if varies(operand)]


def gradients(outputs: Any, inputs: Any, create_graph: bool = False) -> Any:
    """The derivatives of the sum of the outputs in each input, leaving every `grad` as it is.

    `outputs` is a node or a sequence of nodes, `inputs` likewise; the result is one derivative for a single
    input, else a list. With `create_graph` derivatives are nodes (where they depend on a variable at all),
    made by running the primitives' rules on nodes, and can be differentiated again.

    Raises StaleGraphError if `create_graph` would need the old value of a variable that was assigned
    after the graph was recorded.

    >>> from autograd import Variable
    >>> x = Variable(3.0)
    >>> slope = gradients(x ** 3, x, create_graph=True)
    >>> slope.value, gradients(slope, x)
    (27.0, 18.0)
    """
    roots = [outputs] if isinstance(outputs, Node) else list(outputs)
    wanted = [inputs] if isinstance(inputs, Node) else nodes_in(inputs, "derivatives are taken in nodes")
    if not is_traced():
        check_thread(tuple(roots))
    nodes = [root for root in roots if isinstance(root, Node)]
    order = topological_order(*nodes)
    seeds: dict[int, float] = {}
    for root in roots:
        if varies(root):
            seeds[id(root)] = seeds.get(id(root), 0.0) + 1.0
    began = clock()
    found = adjoints(order, seeds, local_gradients_as_nodes if create_graph or is_traced() else recorded_gradients)
    if create_graph and any([is_over(node) for node in order]) and not any(map(is_over, nodes)):
        # What an earlier run has handed on is differentiated by what it was computed from.
        mark_of_rules(list(found.values()), began)
    if is_strict():
        from autograd.graph.overflow import check_adjoints

        check_adjoints(order, found)
    for node in wanted:
        if id(node) in found:
            break
    else:
        check_direction(nodes, wanted)
    derivatives = [found.get(id(node), 0.0) for node in wanted]
    return derivatives[0] if isinstance(inputs, Node) else derivatives


def check_direction(outputs: list[Any], inputs: list[Any]) -> None:
    """Raise ArgumentError if it is the inputs that were computed from the outputs."""
    roots = {id(output) for output in outputs}
    for node in inputs:
        below = [one for one in topological_order(node) if id(one) in roots]
        if below and id(node) not in roots:
            raise ArgumentError(
                f"gradients takes outputs and then what they are differentiated in, but {describe(node)} was computed "
                f"from {describe(below[0])}: give the two in the other order"
            )


def zero_grad(nodes: Node | Iterable[Node]) -> None:
    """Clear the gradient of each node, or of one.

    >>> from autograd import Variable
    >>> x = Variable(3.0)
    >>> (x * x).backward()
    >>> zero_grad([x])
    >>> x.grad, x.reached
    (0.0, False)
    """
    for node in nodes_in([nodes] if isinstance(nodes, Node) else nodes, "zero_grad clears nodes"):
        cython.cast(Node, node)._grad = 0.0
        cython.cast(Node, node)._stamp &= ~REACHED


def nodes_in(given: Iterable[Any], what: str) -> list[Any]:
    """What is given, once all of it is known to be nodes; OperandError, which begins with `what`, at another."""
    found = []
    for node in given:
        if not isinstance(node, Node):
            raise OperandError(f"{what}, got {type(node).__name__}: {node!r:.60}")
        found.append(node)
    return found


def stop_gradient(node: Any) -> Any:
    """The same number as a constant: derivatives stop here. Numbers pass through; of an array, each element does so.

    >>> from autograd import Variable
    >>> x = Variable(3.0)
    >>> gradients(x * stop_gradient(x), x)
    3.0
    """
    if isinstance(node, Node):
        return node.detach()
    return of_arrays(stop_gradient, (node,)) if is_array(node) else as_number("stop_gradient", node)


hooks.backward = backward
