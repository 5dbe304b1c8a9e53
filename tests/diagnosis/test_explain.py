"""Why a gradient is 0, infinite, nan or absent: the operation, its operands, the way from there, in sentences."""

import math
import time

import pytest

import viz
from autograd import (
    ArgumentError,
    Constant,
    OperandError,
    Primitive,
    StaleGraphError,
    explain,
    floor,
    maximum,
    prod,
    scope,
    sigmoid,
    sign,
    source_lines,
    sqrt,
)
from autograd import sum as total
from tests.tables.expressions import variable
from viz.diagrams.explanations import Explanations


def reason(node, output):
    """The explanation of a gradient, which must be what a sweep gives."""
    output.backward()
    found = explain(node, output)
    assert found.gradient == node.grad or (math.isnan(found.gradient) and math.isnan(node.grad))
    return found


@pytest.mark.parametrize(
    ("function", "value", "kind", "origin", "says"),
    [
        (lambda x: x.relu() * 2.0, -1.0, "zero", "max",
         "Dead ReLU: its input x = -1.0 is below 0, where max(x, 0) is flat."),
        (lambda x: x.relu(), 0.0, "zero", "max", "Dead ReLU: its input x = 0.0 is 0, where max(x, 0) is flat."),
        (lambda x: (20.0 * x).tanh(), 1.0, "vanishing", "tanh",
         "Saturated tanh: at 20.0 it is so flat that its slope is 1.699e-17."),
        (sigmoid, -40.0, "vanishing", "sigmoid",
         "Saturated sigmoid: at x = -40.0 it is so flat that its slope is 4.248e-18."),
        (lambda x: x * variable(0.0, "gate"), 3.0, "zero", "multiply",
         "In multiply x = 3.0 is multiplied by 0: gate = 0.0."),
        (lambda x: prod([x, 0.0, 5.0]), 3.0, "zero", "prod", "In prod x = 3.0 is multiplied by 0: 0.0."),
        (lambda x: maximum(x, 5.0, variable(7.0)), 3.0, "zero", "max_of_many",
         "max_of_many passes on only the largest operand, and x = 3.0 is not it."),
        (floor, 2.5, "zero", "floor", "floor is flat: its slope is 0 wherever it has one."),
        (lambda x: sign(x) + 1.0, 2.5, "zero", "sign", "sign is flat: its slope is 0 wherever it has one."),
        (lambda x: x**2, 0.0, "zero", "power", "The local gradient of power at x = 0.0 is 0: a kink or an extremum."),
        (lambda x: x * 2.0 - (x + x), 3.0, "zero", None, "The terms of its gradient cancel: -1 − 1 + 2 = 0."),
        (lambda x: x * 1e-200 * 1e-200, 1.0, "zero", None,
         "In multiply the gradient 1e-200 · 1e-200 is too small for a number: it became 0."),
        (lambda x: sqrt(x) + 1.0, 0.0, "not finite", "sqrt",
         "The local gradient of sqrt is inf at x = 0.0: it needs 0 < x."),
        (lambda x: sqrt(x) * 0.0, 0.0, "not finite", "sqrt",
         "The local gradient of sqrt is inf at x = 0.0: it needs 0 < x. 0 · inf is nan; `where` would leave out the "
         "term that doesn't count."),
        (lambda x: x.cbrt() * 1.0, 0.0, "not finite", "cbrt", "The local gradient of cbrt is inf at x = 0.0."),
        (lambda x: (x * 2.0).log() * 3.0, -1.0, "not finite", "log",
         "It comes from a value that is no number. The value of log is nan at -2.0: it needs 0 < x."),
        (lambda x: 1.0 / x, 0.0, "not finite", "divide",
         "It comes from a value that is no number. divide has a pole at 1.0, x = 0.0: inf."),
        (lambda x: (x * 100.0).exp(), 10.0, "not finite", "exp",
         "It comes from a value that is no number. The value of exp is too large for a number at 1000.0: inf."),
        (lambda x: x % 0.0, 1.0, "not finite", "mod",
         "It comes from a value that is no number. mod has no value at x = 1.0, 0.0: nan."),
        (lambda x: x * 1e300 * 1e300, 1e-310, "not finite", "multiply",
         "In multiply the gradient overflows: 1e+300 · 1e+300 = inf."),
        (lambda x: x * 1e308 + x * 1e308, 0.5, "not finite", None,
         "The terms of the gradient of x = 0.5 have no finite sum: 1e+308 + 1e+308 = inf."),
        (lambda x: x * 2.0, 0.5, "fine", None, ""),
    ],
)  # fmt: skip
def test_a_gradient_is_explained(function, value, kind, origin, says):
    x = variable(value)
    found = reason(x, function(x))
    assert (found.kind, found.reason) == (kind, says)
    assert (None if found.origin is None else found.origin.op.name) == origin
    if origin:
        assert [node.value for node in found.operands] == pytest.approx(
            [node.value for node in found.origin.parents], nan_ok=True
        )
        assert found.path[0] is found.origin
        assert found.path[-1] is x


def test_the_path_leads_along_edges_of_the_graph():
    x = variable(-2.0)
    a = x * 3.0
    b = a + 1.0
    c = b.log()
    found = reason(x, (c * 2.0) + 5.0)
    assert [id(node) for node in found.path] == [id(c), id(b), id(a), id(x)]
    assert str(found) == (
        "The gradient of plus node in x = -2.0 is nan. It comes from a value that is no number. The value of log is "
        "nan at -5.0: it needs 0 < x. The way from there: log → plus → multiply → x."
    )


def test_a_nan_that_comes_in_from_beside_is_followed_to_where_it_was_made():
    x, y = variable(2.0), variable(-1.0, "y")
    found = reason(x, x * y.log())
    assert (found.origin.op.name, found.operands) == ("log", (y,))
    assert [node.op and node.op.name for node in found.path] == ["multiply", None]


def test_a_value_is_explained_by_the_first_operation_with_finite_operands():
    x = variable(-1.0)
    root = x.sqrt()
    loss = (root * 2.0 + 1.0).exp()
    found = explain(loss)
    assert found.kind == "value not finite"
    assert found.origin is root
    assert [node.op.name for node in found.path] == ["sqrt", "multiply", "plus", "exp"]
    assert str(found) == (
        "The value of exp node is nan. The value of sqrt is nan at x = -1.0: it needs 0 < x. The way from there: "
        "sqrt → multiply → plus → exp."
    )


def test_a_value_that_came_in_is_explained_by_the_leaf():
    x = variable(math.nan)
    found = explain(x * 2.0 + 1.0)
    assert found.origin is None
    assert found.path[0] is x
    assert found.reason == "x = nan came in as it is: no operation computed it."
    assert explain(x * 2.0).source is None


def test_a_plain_number_that_came_in_is_named_and_is_no_node_of_the_path():
    found = explain(variable(2.0) * math.inf + 1.0)
    assert [node.op.name for node in found.path] == ["multiply", "plus"]
    assert str(found) == "The value of plus node is inf. inf came in as it is: no operation computed it."


def test_an_output_alone_names_the_variables_in_trouble():
    weights = [variable(-1.0 - number, f"w{number}") for number in range(6)]
    x, free = variable(0.0), variable(1.0, "free")
    loss = total([weight.relu() for weight in weights]) + x.sqrt() + free
    found = explain(loss)
    assert found.kind == "fine"
    assert set(found.troubled) == {*weights, x}
    assert str(found).startswith(
        "The value of plus node is 1.0, a finite number. Gradients in trouble: w0 (0). Dead ReLU: its input w0 = -1.0 "
        "is below 0, where max(x, 0) is flat. Gradients in trouble: w1 (0). "
    )
    assert str(found).endswith("4 more reasons.")


def test_what_has_no_gradient_says_so():
    x, y = variable(1.0), variable(2.0, "y")
    product = x * 2.0 * Constant(3.0, name="c")
    constant = product.parents[1]
    assert str(explain(y, product)) == (
        "multiply node has no gradient in y = 2.0. Not reached: no path leads from it to that output."
    )
    assert str(explain(constant, product)) == "c = 3.0 depends on no variable. A constant has no gradient."
    assert explain(Constant(1.0), product).kind == "constant"
    with pytest.raises(
        ArgumentError, match="multiply node was computed from variable 'x': give the two in the other order"
    ):
        explain(product, x)
    detached = product.detach()
    assert explain(product, detached * x).kind == "not reached"
    assert str(explain(x)) == (
        "The value of variable 'x' is 1.0, a finite number. For a gradient give the output too: explain(node, output)."
    )


def test_what_grad_has_to_do_with_it_is_told():
    x = variable(2.0)
    y = x * 5.0
    assert str(explain(x, y)) == (
        "The gradient of multiply node in x = 2.0 is 5.0. Its .grad is 0.0: backward() has not been run from there."
    )
    y.backward()
    assert str(explain(x, y)) == "The gradient of multiply node in x = 2.0 is 5.0."
    y.backward()
    assert str(explain(x, y)).endswith("Its .grad is 10.0: of another sweep, or the sum over several.")


def test_the_line_is_told_where_it_was_recorded():
    x = variable(-3.0)
    with source_lines():
        loss = x.relu() * 2.0
    found = explain(x, loss)
    assert found.source == found.origin.source
    assert found.reason.startswith(f"Dead ReLU at test_explain.py:{found.source.number}: its input x = -3.0")
    with scope("Outer"), scope("dense_0"):
        inside = x.relu() * 2.0
    assert explain(x, inside).reason.startswith("Dead ReLU in dense_0: its input x = -3.0 is below 0")
    with source_lines():
        loss = x.log()
    assert f"The value of log at test_explain.py:{loss.source.number} is nan" in str(explain(loss))


def test_a_primitive_of_the_user_is_named():
    bump = Primitive("bump", lambda x: x * x, lambda x, out: 0.0 * x, registered=False)
    x = variable(2.0)
    assert explain(x, bump(x)).reason == "The local gradient of bump at x = 2.0 is 0."


def test_the_same_sentences_stand_in_pictures():
    x = variable(-1.0)
    y = (x * 2.0).log() * 3.0
    y.backward()
    explanations = Explanations(viz.diagram_of([y]))
    assert explanations.lines(0) == [
        "A variable.",
        "From ×: ∂ nan · local gradient 2 = nan",
        "It comes from a value that is no number. The value of log is nan at −2: it needs 0 < x.",
    ]
    assert "sqrt" not in explanations.why(0)


def test_values_that_were_not_used_are_not_told():
    x = variable(-1.0)
    y = x.relu()
    x.value = 5.0
    with pytest.raises(StaleGraphError) as caught:
        explain(x, y)
    assert str(caught.value) == (
        "variable 'x' was assigned after max node was computed from it; an explanation would tell of numbers that were "
        "not used. Compute the expression again after assigning"
    )


def test_only_nodes_are_explained():
    with pytest.raises(OperandError, match=r"explain takes nodes, got float: 1\.0"):
        explain(1.0)
    with pytest.raises(OperandError, match="explain takes nodes, got str: 'loss'"):
        explain(variable(1.0), "loss")


@pytest.mark.parametrize("start", [-1.0, 1.0])
def test_a_chain_of_100_000_operations_is_explained_without_recursion(start):
    x = variable(start)
    y = x.log() if start < 0 else x
    for _ in range(50_000):
        y = y * 1.0 + 0.0
    y = (y - 5.0).relu() if start > 0 else y
    begin = time.process_time()
    found = explain(x, y)
    assert time.process_time() - begin < 20.0
    assert found.origin.op.name == {-1.0: "log", 1.0: "max"}[start]
    assert found.path[-1] is x
    text = str(found)
    assert len(text) < 500
    assert ("(99995 more)" in text) == (start > 0)
