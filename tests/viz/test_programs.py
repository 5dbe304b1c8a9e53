"""Pictures of compiled functions and of programs: the path that is taken, the decisions it holds for."""

import math
import pickle
import random
import re

import numpy as np
import pytest

import viz
from autograd import Variable, callback, exp, fori_loop, grad, jit, no_grad, scope, strict, value_and_grad, where
from autograd.program.program import Program
from viz import draw
from viz.diagrams.explanations import Explanations

FORMS = {
    "svg": lambda drawing: drawing.svg(),
    "png": lambda drawing: drawing.png(),
    "html": lambda drawing: drawing.html(),
    "mermaid": lambda drawing: drawing.mermaid(),
    "tikz": lambda drawing: drawing.tikz(),
    "animation": lambda drawing: drawing.animation(),
    "dot": lambda drawing: drawing.dot,
    "text": lambda drawing: drawing.text(),
}


def payoff(x, w):
    if x > 0.0:
        return where(w > 1.0, exp(x * w), w / x)
    return x * w


LINE = payoff.__code__.co_firstlineno + 1


def named(drawing):
    return {value.name: (value.number, value.gradient) for value in drawing.diagram.values if value.name}


def words(svg, css):
    groups = re.findall(rf'<g [^>]*class="{css}".*?</g>', svg, re.DOTALL)
    return [" ".join(text.strip() for text in re.findall(r"<text[^>]*>(.*?)</text>", group)) for group in groups]


def test_a_compiled_function_shows_the_path_that_its_arguments_take_with_values_and_gradients():
    compiled = jit(payoff)
    drawing = draw(compiled, 1.0, 2.0)
    assert drawing.title == "payoff"
    # w > 1: exp(x w), whose derivatives are w exp(x w) and x exp(x w)
    assert named(drawing) == {"x": (1.0, 2.0 * math.exp(2.0)), "w": (2.0, math.exp(2.0))}
    assert [operation.symbol for operation in drawing.diagram.operations] == ["<", "<", "×", "exp", "÷", "select"]
    assert [operation.symbol for operation in draw(compiled, -1.0, 2.0).diagram.operations] == ["<", "×"]
    assert len(compiled.paths) == 2
    draw(compiled, 3.0, 0.5)
    assert len(compiled.paths) == 2


def test_a_guard_shows_how_the_decision_fell_its_line_and_its_code():
    drawing = draw(jit(payoff), 1.0, 2.0)
    (guard,) = drawing.diagram.guards
    assert (guard.outcome, guard.place, guard.code, guard.failed) == (
        True, f"test_programs.py:{LINE}", "if x > 0.0:", False,
    )  # fmt: skip
    assert words(drawing.svg(), "node guard") == [f"guard: true at test_programs.py:{LINE} if x &gt; 0.0:"]
    assert f"guard true at test_programs.py:{LINE}: true   <\n├─ 0\n└─ x = 1" in drawing.text()
    assert f"guard: true at test_programs.py#58;{LINE}" in drawing.mermaid()
    assert rf"guard: true at test\_programs.py:{LINE}" in drawing.tikz()
    assert f"guard false at test_programs.py:{LINE}: false" in draw(jit(payoff), -1.0, 2.0).text()


def test_the_gradients_shown_are_those_of_the_function():
    def model(p, rows):
        total = 0.0
        for row, target in rows:
            error = p["w"] * row + p["b"][0] - target
            total = total + where(error > 0.0, error * error, abs(error))
        return total

    compiled = jit(model)
    p, rows = {"w": 0.7, "b": (0.1,)}, [(1.0, 2.0), (3.0, 1.0)]
    shown = named(draw(compiled, p, rows))
    expected = grad(model)(p, rows)
    assert shown["p.w"][1] == pytest.approx(expected["w"], rel=1e-15)
    assert shown["p.b[0]"][1] == pytest.approx(expected["b"][0], rel=1e-15)
    assert {name for name in shown if name.startswith("rows")} == {
        "rows[0][0]", "rows[0][1]", "rows[1][0]", "rows[1][1]",
    }  # fmt: skip


def test_the_side_that_is_not_taken_gets_no_gradient_even_where_it_is_infinite():
    drawing = draw(jit(lambda x: where(x > 0.0, x.sqrt(), x * 2.0)), 0.0)
    assert named(drawing)["x"] == (0.0, 2.0)
    (root,) = [operation for operation in drawing.diagram.operations if operation.name == "sqrt"]
    assert root.operands[0].local_gradient == math.inf
    assert drawing.diagram.values[root.result].gradient is None


def test_a_side_that_is_no_number_has_no_say_in_what_the_other_side_passes_on():
    drawing = draw(jit(lambda x: where(x < 0.0, 2.0 * x, x.log())), -1.0)
    assert named(drawing)["x"] == (-1.0, 2.0)
    choice = drawing.diagram.operations[-1]
    assert [operand.local_gradient for operand in choice.operands] == [0.0, 1.0, 0.0]
    assert math.isnan(drawing.diagram.values[choice.operands[2].value].number)


def test_arrays_nodes_and_variables_from_outside_keep_their_names():
    bias = Variable(0.5, name="bias")
    scale = Variable(3.0, name="scale")
    compiled = jit(lambda x, s: (x * s).sum() + bias)
    shown = named(draw(compiled, np.array([1.0, 2.0]), scale))
    assert shown == {"x[0]": (1.0, 3.0), "x[1]": (2.0, 3.0), "scale": (3.0, 3.0), "bias": (0.5, 1.0)}
    assert scale.grad == 0.0


def test_a_compiled_method_is_drawn_for_its_object():
    class Model:
        @jit
        def score(self, x):
            return x * x

    assert named(draw(Model().score, 3.0)) == {"x": (3.0, 6.0)}


def test_without_arguments_the_only_path_is_drawn_without_numbers():
    compiled = jit(lambda x, w: exp(x * w) + 1.0)
    compiled(1.0, 2.0)
    drawing = draw(compiled)
    assert drawing.text() == "v₅   +\n├─ v₄   exp\n│  └─ v₃   ×\n│     ├─ v₀\n│     └─ v₁\n└─ 1\n"
    assert "∂" not in "".join(words(drawing.svg(), "node wire"))
    assert "headlabel" not in drawing.dot


@pytest.mark.parametrize("style", ["wires", "cards", "records"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.usefixtures("every_engine")
def test_a_program_is_drawn_in_every_form_and_style_with_and_without_numbers(form, style):
    compiled = jit(payoff)
    compiled(1.0, 2.0)
    program = compiled.paths[0].program
    for arguments in ((), (1.0, 2.0)):
        assert FORMS[form](draw(program, *arguments, style=style))


def test_names_of_a_program_are_those_of_its_print():
    compiled = jit(payoff)
    compiled(1.0, 2.0)
    program = compiled.paths[0].program
    names = {value.name for value in draw(program).diagram.values if value.name}
    assert names == set(re.findall(r"v\d+", str(program)))
    assert set(named(draw(program, 1.0, 2.0))) == {"v0", "v1"}


def test_inputs_for_which_a_program_does_not_hold_are_told():
    compiled = jit(payoff)
    compiled(1.0, 2.0)
    drawing = draw(compiled.paths[0].program, -1.0, 2.0)
    assert [guard.failed for guard in drawing.diagram.guards] == [True]
    assert f"guard true at test_programs.py:{LINE}, but not here: false" in drawing.text()
    assert "but not here" in words(drawing.svg(), "node guard")[0]


def test_no_file_is_read_that_a_program_from_elsewhere_names(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret line\n")
    program = Program(1, [0.0], ["less"], [0], [0, 2], [1, 0], [2], [(2, True, str(secret), 1)])
    for drawing in (draw(program), draw(pickle.loads(pickle.dumps(program)), 1.0)):
        assert "secret line" not in drawing.html() + drawing.dot + drawing.text()
        assert "secret.txt:1" in drawing.dot


def test_a_hostile_file_name_in_a_guard_is_shown_as_text():
    name = '</script><b>"\\N\n:1'
    program = Program(1, [0.0], ["less"], [0], [0, 2], [1, 0], [2], [(2, True, name, 1)])
    drawing = draw(program, 1.0)
    for form in FORMS.values():
        made = form(drawing)
        if isinstance(made, str) and not made.startswith("<!DOCTYPE"):
            assert "</script><b>" not in made
    assert drawing.html().count("</script>") == 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("compiled", [lambda fun: fun, jit], ids=["plain", "jit"])
def test_what_depends_on_the_derivatives_of_a_callback_that_has_none_is_drawn_without(compiled, form):
    table = callback(lambda x: 2.0 * x)
    drawing = draw(compiled(lambda x, w: table(x) * w + x), 3.0, 5.0)
    assert FORMS[form](drawing)
    shown = named(drawing)
    assert shown["w"] == (5.0, 6.0)
    assert shown["x"][0] == 3.0 and math.isnan(shown["x"][1])


def test_a_loop_that_calls_back_without_derivatives_is_drawn():
    table = callback(lambda x: 0.5 * x)
    drawing = draw(jit(lambda x, w: w * fori_loop(0, 300, lambda _, y: table(y) + 1.0, x)), 3.0, 5.0)
    assert named(drawing)["w"] == (5.0, 2.0)
    assert math.isnan(named(drawing)["x"][1])


def test_a_compiled_function_in_another_graph_is_a_black_box_with_its_name():
    y = jit(payoff)(Variable(1.0, name="x"), 2.0) * 3.0
    y.backward()
    for style in ("wires", "cards", "records"):
        drawing = draw(y, style=style)
        assert [(block.kind, block.label) for block in drawing.view.blocks] == [
            ("function", "payoff"), ("operation", "×"),
        ]  # fmt: skip
        assert words(drawing.svg(), "node function") == ["payoff"]
        assert named(drawing)["x"][1] == pytest.approx(6.0 * math.exp(2.0), rel=1e-15)
    assert '(["payoff"]):::box' in draw(y).mermaid()
    assert r"\node[box] (o0)" in draw(y).tikz()


def test_derivatives_that_are_compiled_are_drawn_too():
    drawing = draw(jit(value_and_grad(lambda x: x * x)), 3.0)
    assert {drawing.diagram.values[output].number for output in drawing.diagram.outputs} == {9.0, 6.0}


def test_a_condition_is_true_or_false_and_has_no_gradient():
    drawing = draw(jit(payoff), 1.0, 2.0)
    conditions = [value for value in drawing.diagram.values if value.kind == "condition"]
    assert [(value.number_text, value.gradient_text) for value in conditions] == [("true", ""), ("true", "")]
    into = {link.target: link.local_gradient for link in drawing.view.inward if link.target in ("o0", "o1")}
    assert set(into.values()) == {None}
    assert (
        viz.diagrams.explanations.Explanations(drawing.diagram).why_zero(conditions[0].position)
        == "A condition has no gradient."
    )


def test_a_guard_on_a_plain_value_and_a_constant_result_are_drawn():
    def chosen(x):
        return 1.0 if x else 2.0

    drawing = draw(jit(chosen), 3.0)
    assert len(drawing.diagram.guards) == 1
    assert draw(jit(lambda x: 3.0), 1.0).text() == "3\n"
    for form in FORMS.values():
        assert form(drawing)


def test_what_surrounds_the_call_does_not_change_the_picture():
    compiled = jit(lambda x: x.log() * x)
    expected = draw(compiled, 0.0).dot
    with no_grad(), scope("elsewhere"), strict():
        assert draw(compiled, 0.0).dot == expected
        compiled_without_numbers = draw(compiled)
    assert compiled_without_numbers.diagram.boxes == ()


def test_guards_of_folded_conditions_are_folded_too():
    def clipped(xs):
        total = 0.0
        for x in xs:
            total = total + (x if x > 0.0 else 2.0 * x)
        return total

    drawing = draw(jit(clipped), [1.0 + number for number in range(150)])
    assert len(drawing.diagram.guards) == 150
    assert 0 < len(drawing.view.notes) < 10
    assert len(drawing.view.wires) < 200


def test_a_program_that_is_too_large_is_refused_with_ways_that_it_has():
    def tangled(x):
        choice, values = random.Random(0), [x, x.sin()]
        while len(values) < 2000:
            one, other = choice.choice(values[-40:]), choice.choice(values[-40:])
            values.append(choice.choice([one * other, one + other, one.tanh(), one - other]))
        return sum(values[-40:])

    with pytest.raises(
        viz.GraphTooLarge, match=r"Ways out: .*max_nodes=[0-9]+ if it may take long; print\(program\) for text"
    ):
        draw(jit(tangled), 1.0)


def test_a_program_of_a_hundred_thousand_operations_is_refused_before_it_is_run(monkeypatch):
    length = 100_000
    starts = list(range(length + 1))
    program = Program(1, [], ["sin"], [0] * length, starts, list(range(length)), [length])
    monkeypatch.setattr(Program, "evaluate", lambda *_: 1 / 0)
    with pytest.raises(viz.GraphTooLarge, match=r"100,001 values are too many .* 600\. Ways out: print\(program\)"):
        draw(program)


@pytest.mark.parametrize(
    ("subject", "arguments", "options", "kind", "message"),
    [
        ("fresh", (), {}, ValueError, r"payoff has not recorded anything yet: draw\(payoff, \.\.\.\) with arguments"),
        ("both", (), {}, ValueError, rf"2 paths.*paths\[0\] \(line {LINE}: True\), paths\[1\] \(line {LINE}: False\)"),
        ("full", (-1.0, 2.0), {}, ValueError, r"1 recorded paths, and these arguments take .*draw\(payoff\.fun"),
        ("program", (1.0,), {}, TypeError, "the program takes 2 inputs, got 1; without any it is drawn too"),
        ("program", (1.0, "x"), {}, TypeError, "the inputs of a program are numbers, got str: 'x'"),
        ("program", (), {"focus": Variable(1.0)}, TypeError, "focus takes nodes of the graph .* a program has none"),
    ],
)  # fmt: skip
def test_what_can_not_be_drawn_says_why(subject, arguments, options, kind, message):
    both = jit(payoff)
    both(1.0, 2.0), both(-1.0, 2.0)
    full = jit(payoff, max_paths=1)
    full(1.0, 2.0)
    subjects = {"fresh": jit(payoff), "both": both, "full": full, "program": both.paths[0].program}
    with pytest.raises(kind, match=message):
        draw(subjects[subject], *arguments, **options)


def test_why_the_side_that_was_not_taken_has_no_gradient_is_said():
    drawing = draw(jit(lambda x, w: where(w > 1.0, (x * w).exp(), (w / x).sin())), 1.0, 2.0)
    explanations = Explanations(drawing.diagram)
    unreached = [value for value in drawing.diagram.values if value.gradient is None and value.kind == "result"]
    assert [round(value.number, 4) for value in unreached] == [2.0, 0.9093]
    for value in unreached:
        assert explanations.why_zero(value.position) == (
            "Not reached: it only counts on the side of a choice that was not taken."
        )
    (x,) = [value for value in drawing.diagram.values if value.name == "x"]
    assert explanations.why_zero(x.position) == ""
    (condition,) = [value for value in drawing.diagram.values if value.kind == "condition"]
    assert explanations.why_zero(condition.position) == "A condition has no gradient."
