"""The selection of a view: open boxes, and folding when there is too much to draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from viz.diagrams.diagram import Box, Diagram
from viz.errors import GRAPH_WAYS, PROGRAM_WAYS, too_large
from viz.labels import readable, subscript
from viz.views.folding import bundle_values, fold_running_sums, fold_siblings
from viz.views.grouping import Grouping
from viz.views.view import View

__all__ = ["MOST_LEVELS", "Expand", "opened_boxes", "select", "view_with", "with_surroundings"]

Expand = str | int | Collection[str] | Callable[[Box], bool]

CLOSE_ABOVE = 60
FOLD_ABOVE = 200
LIMIT = 600
MOST_LEVELS = 30  # of layers in each other: Graphviz takes 2 s for 50 and 26 s for 200, and reads no 5,000
CHOICES = '"auto", "all", "none", a depth, names of layers, or a function of a box'


def select(diagram: Diagram, expand: Expand = "auto", max_nodes: int | None = None) -> View:
    """The view of a diagram.

    Up to 60 values are drawn as asked; above, "auto" closes boxes, deepest first, and bundles the values that enter
    them. It opens 30 levels of boxes at most. Above 200 (or `max_nodes`) running sums and runs of equal siblings are
    folded. Raises GraphTooLarge if more than 600 (or `max_nodes`) remain.
    """
    limit = LIMIT if max_nodes is None else max_nodes
    opened = opened_boxes(diagram, expand, min(CLOSE_ABOVE, limit))
    return view_with(diagram, opened, max_nodes, bundle=expand == "auto")


def view_with(diagram: Diagram, opened: frozenset[int], max_nodes: int | None = None, *, bundle: bool = True) -> View:
    """The view in which just these boxes are open; folded, or refused, as by `select`.

    bundle: whether values that enter closed boxes are bundled when there are more than 60.
    """
    limit = LIMIT if max_nodes is None else max_nodes
    fold_above = FOLD_ABOVE if max_nodes is None else limit
    grouping = _grouped(diagram, opened)
    if bundle and grouping.drawn() > min(CLOSE_ABOVE, limit):
        bundle_values(grouping, into_boxes=True)
    for fold in (fold_running_sums, fold_siblings, bundle_values):
        if grouping.drawn() > fold_above:
            fold(grouping)
    drawn = grouping.drawn()
    if drawn > limit:
        ways = [f"max_nodes={drawn} if it may take long"]
        if diagram.boxes:
            ways.insert(0, 'expand="none", a depth or names of layers, so that the others are closed')
        ways += PROGRAM_WAYS if diagram.recorded else GRAPH_WAYS
        raise too_large(drawn, limit, *_counts(diagram), ways=ways)
    return grouping.view()


def _grouped(diagram: Diagram, opened: frozenset[int]) -> Grouping:
    """The grouping with these boxes open; of rows that loops take and give, the first few values are drawn."""
    grouping = Grouping(diagram, opened)
    if any(box.loop for box in diagram.boxes):
        bundle_values(grouping, in_turns=True)
    return grouping


def _counts(diagram: Diagram) -> tuple[Counter[str | None], Counter[str | None]]:
    """For each name of outermost layers the number of values computed in them, and of their calls."""
    outside = sum(1 for operation in diagram.operations if operation.box is None)
    layers: Counter[str | None] = Counter({None: outside} if outside else {})
    calls: Counter[str | None] = Counter()
    for box in diagram.boxes:
        if box.parent is None:
            layers[box.name] += box.operations
            calls[box.name] += 1
    return layers, calls


def opened_boxes(diagram: Diagram, expand: Expand, close_above: int = CLOSE_ABOVE) -> frozenset[int]:
    """The open boxes: their inside is drawn."""
    boxes = diagram.boxes
    if expand == "auto":
        return _opened_automatically(diagram, close_above)
    if expand == "all":
        return frozenset(range(len(boxes)))
    if expand == "none":
        return frozenset()
    if isinstance(expand, bool):
        raise TypeError(f"expand is {CHOICES}; got {expand!r}")
    if isinstance(expand, int):
        if expand < 0:
            raise ValueError(f"expand as a depth is the number of levels to open, from 0; got {expand}")
        return _opened_to(boxes, expand)
    if isinstance(expand, str):
        return with_surroundings(boxes, _named(boxes, [expand]))
    if callable(expand):
        return with_surroundings(boxes, [box.position for box in boxes if expand(box)])
    if isinstance(expand, Collection) and all(isinstance(name, str) for name in expand):
        return with_surroundings(boxes, _named(boxes, sorted(expand)))
    raise TypeError(f"expand is {CHOICES}; got {expand!r:.60}")


def _opened_to(boxes: Sequence[Box], depth: int) -> frozenset[int]:
    return frozenset([box.position for box in boxes if box.depth <= depth])


def _opened_automatically(diagram: Diagram, close_above: int) -> frozenset[int]:
    """All boxes, without the deepest levels where these are too much to draw."""
    deepest = min(max((box.depth for box in diagram.boxes), default=0), MOST_LEVELS)
    shallow, deep, trial = 0, deepest, deepest
    # To open one level less is never more to draw. So the last level that fits is found by halving, once
    # it is known that not all levels do.
    while shallow < deep:
        grouping = _grouped(diagram, _opened_to(diagram.boxes, trial))
        if trial < deepest:
            bundle_values(grouping, into_boxes=True)
        if grouping.drawn() <= close_above:
            shallow = trial
        else:
            deep = trial - 1
        trial = (shallow + deep + 1) // 2
    return _opened_to(diagram.boxes, shallow)


def _named(boxes: Sequence[Box], names: Sequence[str]) -> list[int]:
    """The boxes with these names or labels; Affine2 stands for Affine₂."""
    plain_digits = {ord(subscript(digit)): str(digit) for digit in range(10)}
    called: dict[str, list[int]] = {}
    for box in boxes:
        ordinal = box.label.removeprefix(box.name)
        for name in {box.name, box.label, box.name + ordinal.translate(plain_digits)}:
            called.setdefault(name, []).append(box.position)
    for name in names:
        if name not in called:
            known = ", ".join([readable(box.label) for box in boxes[:12]]) or "there are none"
            raise ValueError(f"no layer is called {readable(name)!r}; layers: {known}. expand is {CHOICES}")
    return [index for name in names for index in called[name]]


def with_surroundings(boxes: Sequence[Box], chosen: Sequence[int]) -> frozenset[int]:
    """The chosen boxes and those around them: a closed one hides its inside."""
    opened: set[int] = set()
    for index in chosen:
        around: int | None = index
        while around is not None and around not in opened:
            opened.add(around)
            around = boxes[around].parent
    return frozenset(opened)
