"""Pictures of loops in compiled functions: a frame around one turn, or one block, in every format."""

import re

import numpy as np
import pytest

from autograd import callback, fori_loop, grad, jit, scan, sin, tanh, value_and_grad, vmap, while_loop
from viz import draw
from viz.diagrams.explanations import Explanations
from viz.playing.steps import steps_of

pytestmark = pytest.mark.usefixtures("loops_from_8_turns_on")


def grown(rate, start):
    def step(level, _):
        level = level + 0.1 * rate * level
        return level, level * level

    return scan(step, start, length=20)


def last(rate, start):
    return grown(rate, start)[0]


def root(a):
    return while_loop(lambda x: abs(x * x - a) > 1e-9, lambda x: (x + a / x) / 2.0, a)


def driven(p, forces):
    def step(state, force):
        position, speed = state
        speed = speed + 0.1 * (force - p * position)
        return (position + 0.1 * speed, speed), None

    return scan(step, (1.0, 0.0), forces)[0][0]


def in_words(drawing):
    """The lines of a picture: for each block its label, what leads to it, and what comes back to it."""
    view = drawing.view
    names = {wire.id: view.diagram.values[wire.value].text for wire in view.wires}
    names |= {block.id: block.label for block in view.blocks}
    lines = {}
    for link in view.inward:
        lines.setdefault(link.target, []).append(f"{'again ' if link.again else ''}{names[link.source]}")
    return [(block.label, lines.get(block.id, [])) for block in view.blocks]


def boxes_of(drawing):
    return [(box.label, box.parent, box.operations) for box in drawing.diagram.boxes]


def test_an_open_loop_shows_one_turn_what_it_carries_and_how_often():
    drawing = draw(jit(last), 0.5, 1.0)
    assert boxes_of(drawing) == [("step ×20", None, 3)]
    assert in_words(drawing) == [
        ("end", ["level'"]),
        ("↻", ["start = 1", "again level'"]),
        ("×", ["0.1", "rate = 0.5"]),
        ("×", ["×", "level"]),
        ("+", ["level", "×"]),
    ]
    outer = {value.name: (value.number, value.gradient) for value in drawing.diagram.values if value.known}
    value, slopes = value_and_grad(last, argnums=(0, 1))(0.5, 1.0)
    assert outer["rate"] == (0.5, pytest.approx(slopes[0], rel=1e-14))
    assert drawing.diagram.values[drawing.diagram.outputs[0]].number == pytest.approx(value, rel=1e-14)


def test_a_closed_loop_is_one_block_with_all_its_operands_and_results():
    drawing = draw(jit(grown), 0.5, 1.0, expand="none")
    assert in_words(drawing) == [("step ×20", ["start = 1", "rate = 0.5"])]
    # The last level, three squares, and the others as one.
    results = [link.target for link in drawing.view.outward]
    assert len(results) == 5
    assert [wire.bundled for wire in drawing.view.wires if wire.bundled] == [17]


def test_results_and_rows_of_all_turns_are_drawn_as_the_first_of_them_and_how_many_more():
    drawing = draw(jit(driven), 1.5, np.ones(30))
    assert ("[i]", ["forces[0] = 1", "forces[1] = 1", "forces[2] = 1", "forces[3] = 1"]) in in_words(drawing)
    assert "… 27 more" in drawing.svg()

    def scaled(w, x):
        return vmap(lambda w, x: tanh(w * x), in_axes=(None, 0))(w, x)

    rows = draw(jit(scaled), 0.5, np.ones(40))
    assert [label for label, _ in in_words(rows)].count("[i]") == 2
    assert rows.svg().count("… 37 more") >= 2


def test_a_while_loop_shows_its_condition_and_the_turns_that_it_took():
    drawing = draw(jit(root), 2.0)
    (box,) = drawing.diagram.boxes
    assert re.fullmatch(r"while ×\d", box.label)
    (guard,) = drawing.diagram.guards
    assert (guard.what, guard.outcome, guard.place[:13]) == ("while", True, "test_loops.py")
    assert guard.code.startswith("return while_loop")
    # What leaves the loop is what is carried when the condition fails, not what a turn computes.
    assert ("end", ["x"]) in in_words(drawing)
    assert "while: true at test_loops.py" in drawing.svg()


def test_each_way_through_a_body_has_a_box():
    def jump(x):
        return fori_loop(0, 20, lambda k, t: t + x * k if k > 10 else t * 1.1 + sin(x), 0.0)

    drawing = draw(jit(jump), 1.2)
    assert [label for label, *_ in boxes_of(drawing)] == ["loop ×20", "way 1 of 2", "way 2 of 2"]
    assert sorted((guard.what, guard.outcome) for guard in drawing.diagram.guards) == [("if", False), ("if", True)]
    assert ("end", ["t'", "t'"]) in in_words(drawing)


def test_the_gradient_of_a_loop_goes_back_over_what_the_loop_carried():
    drawing = draw(jit(value_and_grad(last)), 0.5, 1.0)
    assert [label for label, *_ in boxes_of(drawing)] == ["step ×20", "step ×20, backward"]
    inside = {value.position for value in drawing.diagram.values if value.home == 0}
    (carried,) = [value for value in drawing.diagram.values if value.name == "level"]
    users = [operation for operation in drawing.diagram.operations if operation.box == 1]
    assert carried.position in inside
    assert any(operand.value == carried.position for operation in users for operand in operation.operands)
    alone = draw(jit(grad(last)), 0.5, 1.0)
    assert "step ×20, backward" in [label for label, *_ in boxes_of(alone)]


def test_loops_in_loops_are_boxes_in_boxes():
    def outer(k, total):
        return fori_loop(0, 20, lambda j, inner: inner + sin(total + j), total) * 0.5

    drawing = draw(jit(lambda a: fori_loop(0, 30, outer, a)), 0.7)
    assert [(label, parent) for label, parent, _ in boxes_of(drawing)] == [("outer ×30", None), ("loop ×20", 0)]
    assert [block.kind for block in draw(jit(lambda a: fori_loop(0, 30, outer, a)), 0.7, expand=1).view.blocks].count(
        "box"
    ) == 1


def test_what_would_be_too_much_is_closed():
    def long(state, _):
        for _ in range(50):
            state = state + 0.1 * sin(state)
        return state, None

    drawing = draw(jit(lambda x: scan(long, x, length=10)[0]), 1.0)
    assert [block.label for block in drawing.view.blocks] == ["long ×10"]


@pytest.mark.parametrize("function", [last, grown])
def test_loops_are_drawn_in_every_format_and_style(function):
    compiled = jit(function)
    for style in ("wires", "cards", "records"):
        assert "step ×20" in draw(compiled, 0.5, 1.0, style=style).svg()
    drawing = draw(compiled, 0.5, 1.0)
    assert 'subgraph b0["step ×20"]' in drawing.mermaid().replace("#215;", "×")
    assert "-.->" in drawing.mermaid()
    assert r"[->,shorten >=0.5pt,dashed]" in drawing.tikz()
    assert r"step $\times$20" in drawing.tikz()
    assert "each turn of step ×20, next level: level'   + in step ×20" in drawing.text()
    assert "constraint=false, style=dashed" in drawing.dot
    assert "level" in drawing.html()
    drawing.animation()
    # Without arguments nothing is run.
    assert "v0" in draw(compiled).svg()
    assert "∂ ?" not in draw(compiled).svg()


def test_steps_and_sentences_are_of_the_loop_as_a_whole():
    diagram = draw(jit(last), 0.5, 1.0).diagram
    steps = steps_of(diagram)
    assert [step.phase for step in steps] == ["forward", "start", "backward"]
    explanations = Explanations(diagram)
    assert explanations.lines(diagram.outputs[0])[0].startswith("Computed by step ×20 from ")
    inside = [value.position for value in diagram.values if not diagram.is_computed(value)]
    assert {explanations.lines(position)[0] for position in inside} == {"Another number in each turn of a loop."}
    blank = draw(jit(last), 0.5, 1.0, blank="values")
    assert [value.name for value in blank.diagram.values if value.blank] == ["rate", "start", None]


def test_a_loop_whose_body_gives_back_what_came_from_outside_is_drawn():
    def step(carry, x):
        first, second = carry
        return (second, 2.0), first + x

    drawing = draw(jit(lambda a: scan(step, (a, 1.0), np.arange(10.0))), 0.5)
    assert ("↻", ["a = 0.5", "again carry[1]"]) in in_words(drawing)
    assert drawing.svg() == draw(jit(lambda a: scan(step, (a, 1.0), np.arange(10.0))), 0.5).svg()


def test_loops_are_found_in_lines_that_are_too_long_to_be_read():
    def summed(w, xs):
        total = 0.0
        for x in xs:
            total = total + (w * x - 1.0) ** 2
        return total

    xs = np.linspace(0.0, 1.0, 100)
    drawing = draw(jit(summed), 2.0, xs)
    assert boxes_of(drawing) == [("for ×100", None, 4)]
    assert ("[i]", ["xs[0] = 0", "xs[1] = 0.0101", "xs[2] = 0.0202", "xs[3] = 0.0303"]) in in_words(drawing)
    value, slope = value_and_grad(summed)(2.0, xs)
    (w,) = [value for value in drawing.diagram.values if value.name == "w"]
    assert w.gradient == pytest.approx(slope, rel=1e-14)
    assert drawing.diagram.values[drawing.diagram.outputs[0]].number == value
    assert draw(jit(summed), 2.0, xs[:40]).diagram.boxes == ()

    def decided(w, xs):
        return sum([w * x if x > 0.5 else x / w for x in xs])

    guarded = draw(jit(decided), 2.0, xs)
    assert len(guarded.diagram.guards) == 100


def test_the_results_of_one_call_are_drawn_at_one_operation():
    def pull(primals, slopes):
        ((x, y),) = primals
        return np.array([slopes[0] * y, slopes[0] * x + slopes[1]])

    called = callback(lambda x: np.array([x[0] * x[1], x[1]]), vjp=pull)

    def product(x):
        first, second = called(x)
        return first * second

    drawing = draw(jit(product), np.array([2.0, 3.0]))
    (function,) = [block for block in drawing.view.blocks if block.kind == "function"]
    assert len(function.members) == 2
    # x y², whose derivatives are y² and 2 x y
    assert [value.gradient for value in drawing.diagram.values if value.name] == [9.0, 12.0]
    assert in_words(drawing)[0] == ("<lambda>", ["x[0] = 2", "x[1] = 3"])
