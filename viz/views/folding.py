"""Folding makes a diagram smaller that is too large: running sums, and runs of equal siblings.

Siblings are blocks whose results go to the same places, and that compute the same: equal operations on values of the
same kinds. The first three are drawn, the rest becomes one "… 30 more", together with the blocks that nothing else
uses. Values between the same blocks are bundled alike.
"""

from __future__ import annotations

from collections.abc import Hashable

from viz.views.grouping import Grouping

__all__ = ["FEWEST", "SHOWN", "bundle_values", "fold_running_sums", "fold_siblings"]

SHOWN = 3
FEWEST = 2  # fewer than that are not worth a "… more"
SHORTEST_SUM = 3


def fold_running_sums(grouping: Grouping) -> None:
    """Put additions whose results are only added on into one Σ."""
    operations, values = grouping.diagram.operations, grouping.diagram.values
    root = list(range(len(operations)))
    members: dict[int, list[int]] = {}
    user = {operand.value: operation.position for operation in operations for operand in operation.operands}
    for operation in reversed(operations):
        if operation.name != "plus" or grouping.block[operation.position] != operation.position:
            continue
        result = operation.result
        if len(grouping.users[result]) == 1 and values[result].name is None and result not in grouping.outputs:
            following = operations[user[result]]
            if following.name == "plus" and following.box == operation.box:
                root[operation.position] = root[following.position]
        members.setdefault(root[operation.position], []).append(operation.position)
    moved: dict[int, int] = {}
    for first, additions in sorted(members.items()):
        if len(additions) >= SHORTEST_SUM:
            moved.update(dict.fromkeys(additions, grouping.first_extra + len(grouping.extra)))
            grouping.extra.append(("sum", "Σ", operations[first].box))
    grouping.merge(moved)


def fold_siblings(grouping: Grouping) -> None:
    """Put all but the first few of equal siblings into one block, with the blocks that only they use."""
    consumers, order = _from_the_outputs(grouping)
    signatures = _signatures(grouping, order)
    kept = {grouping.block[producer] for producer in _output_producers(grouping)}
    folded: dict[int, int] = {}
    folds: set[int] = set()
    for level in order:
        siblings: dict[Hashable, list[int]] = {}
        for block in level:
            targets = frozenset([folded.get(consumer, consumer) for consumer in consumers[block]])
            if block in kept:
                continue
            if len(targets) == 1 and targets <= folds:
                folded[block] = next(iter(targets))
            else:
                siblings.setdefault((targets, signatures[block]), []).append(block)
        for alike in siblings.values():
            if len(alike) >= SHOWN + FEWEST:
                fold = grouping.first_extra + len(grouping.extra)
                label = f"… {len(alike) - SHOWN} more"
                grouping.extra.append(("fold", label, grouping.home(alike[0])))
                folds.add(fold)
                folded.update(dict.fromkeys(alike[SHOWN:], fold))
    grouping.merge(folded)


def bundle_values(grouping: Grouping, *, into_boxes: bool = False, in_turns: bool = False) -> None:
    """Draw all but the first few of the values between the same blocks as one.

    into_boxes: only those into closed boxes.
    in_turns: only those that loops take and give, one in each turn, be they results of the whole or not.
    """
    alike: dict[Hashable, list[int]] = {}
    for value in grouping.diagram.values:
        users = grouping.users[value.position]
        is_output = value.position in grouping.outputs
        if in_turns:
            chosen = value.in_turns
        else:
            chosen = bool(users) and not is_output and (not into_boxes or all(map(grouping.is_box, users)))
        if chosen and grouping.visible[value.position]:
            source = None if value.producer is None else grouping.block[value.producer]
            place = source, frozenset(users), value.kind, grouping.home_of_value(value), is_output
            alike.setdefault(place, []).append(value.position)
    for values in alike.values():
        if len(values) >= SHOWN + FEWEST:
            grouping.bundle.update(dict.fromkeys(values[SHOWN:], values[SHOWN]))


def _output_producers(grouping: Grouping) -> list[int]:
    values = grouping.diagram.values
    return [producer for output in grouping.diagram.outputs if (producer := values[output].producer) is not None]


def _from_the_outputs(grouping: Grouping) -> tuple[dict[int, set[int]], list[list[int]]]:
    """The blocks that use each block's results, and the blocks by their longest distance from an output.

    Blocks that use each other's results in a circle (closed boxes may) are left out, and so never folded.
    """
    diagram, block = grouping.diagram, grouping.block
    consumers: dict[int, set[int]] = {number: set() for number in block}
    producers: dict[int, set[int]] = {number: set() for number in consumers}
    for operation in diagram.operations:
        target = block[operation.position]
        for operand in operation.operands:
            producer = diagram.values[operand.value].producer
            if producer is not None and block[producer] != target:
                consumers[block[producer]].add(target)
                producers[target].add(block[producer])
    waiting = {number: len(users) for number, users in consumers.items()}
    level = sorted(number for number, count in waiting.items() if count == 0)
    order: list[list[int]] = []
    while level:
        order.append(level)
        following = []
        for number in level:
            for producer in producers[number]:
                waiting[producer] -= 1
                if waiting[producer] == 0:
                    following.append(producer)
        level = sorted(following)
    return consumers, order


def _signatures(grouping: Grouping, order: list[list[int]]) -> dict[int, int]:
    """For each block the number of its computation, which blocks that compute the same share."""
    diagram = grouping.diagram
    known: dict[Hashable, int] = {}
    signatures: dict[int, int] = {}
    for level in reversed(order):
        for block in level:
            description: Hashable
            if block < grouping.first_box:
                operation = diagram.operations[block]
                operands = []
                for operand in operation.operands:
                    value = diagram.values[operand.value]
                    operands.append(
                        value.kind if value.producer is None else signatures.get(grouping.block[value.producer], -1)
                    )
                description = (operation.name, operation.box, *operands)
            elif block < grouping.first_extra:
                box = diagram.boxes[block - grouping.first_box]
                description = ("box", box.name, box.parent)
            else:
                description = grouping.extra[block - grouping.first_extra]
            signatures[block] = known.setdefault(description, len(known))
    return signatures
