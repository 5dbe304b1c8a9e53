"""Nodes: construction, the contract of attributes and operators, errors, modes."""

from __future__ import annotations

import fractions
import math
import threading

import numpy as np
import pytest

import autograd
from autograd import (
    Constant,
    DomainError,
    FrozenValueError,
    Node,
    OperandError,
    Primitive,
    Variable,
    copysign,
    exp,
    grad,
    hypot,
    jit,
    log,
    no_grad,
    scope,
    strict,
    where,
)


def test_the_contract_example_of_values_gradients_and_names():
    x = Variable(2.0, name="x")
    y = (3 * x).exp() + x**2
    y.backward(gradient=1.0)
    assert y.value == math.exp(6.0) + 4.0
    assert x.grad == pytest.approx(3 * math.exp(6.0) + 4.0)
    assert y.grad == 1.0
    assert y.op.name == "plus"
    assert [parent.op.name for parent in y.parents] == ["exp", "power"]
    assert y.local_gradients == (1.0, 1.0)
    assert (x.name, x.label, y.name) == ("x", "x", None)
    assert Variable(1.0, label="b").name == "b"


def test_a_leaf_has_no_operation_parents_or_local_gradients():
    for leaf in (Variable(1.0), Constant(1.0)):
        assert leaf.op is None
        assert leaf.parents == ()
        assert leaf.local_gradients == ()
        assert leaf._op == ""


def test_parents_hold_constants_too_and_local_gradients_go_with_them():
    x = Variable(2.0)
    y = 3.0 * x
    constant, variable = y.parents
    assert isinstance(constant, Constant) and constant.value == 3.0
    assert variable is x
    assert y.local_gradients == (2.0, 3.0)


@pytest.mark.parametrize("number", [2, 2.0, True, np.float64(2), np.float32(2), np.int64(2), np.bool_(True),
                                    np.array(2.0), fractions.Fraction(1, 2)])  # fmt: skip
@pytest.mark.parametrize("operation", ["+", "-", "*", "/", "**", "%", "//"])
def test_operators_take_every_kind_of_real_number_on_either_side(number, operation):
    apply = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "**": lambda a, b: a**b,
        "%": lambda a, b: a % b,
        "//": lambda a, b: a // b,
    }[operation]
    x = Variable(3.0)
    for result, expected in [
        (apply(x, number), apply(3.0, float(number))),
        (apply(number, x), apply(float(number), 3.0)),
    ]:
        assert isinstance(result, Node)
        assert result.value == pytest.approx(expected, rel=1e-15)
        x.grad = 0.0
        result.backward()
        assert x.grad != 0.0 or operation in ("%", "//") or (operation == "**" and number == 1)


@pytest.mark.parametrize(
    ("bad", "hint"), [("3", "float"), (None, "None"), (1j, "real"), ([1.0], "each element"), (b"1", "float")]
)
def test_what_is_not_a_real_number_is_refused_by_name_with_a_remedy(bad, hint):
    x = Variable(2.0, name="x")
    for operation in (lambda: x * bad, lambda: bad * x, lambda: x + bad, lambda: hypot(x, bad), lambda: exp(bad)):
        with pytest.raises(TypeError, match=hint) as caught:
            operation()
        assert isinstance(caught.value, OperandError)
        assert type(bad).__name__ in str(caught.value)
    assert x.grad == 0.0


def test_an_array_given_to_a_function_of_one_number_is_taken_by_its_elements():
    assert exp(np.array([0.0, 1.0])).tolist() == [exp(0.0), exp(1.0)]


def test_unknown_types_may_handle_nodes_themselves():
    class Meters:
        def __rmul__(self, other):
            return ("meters", other)

    x = Variable(2.0)
    assert x * Meters() == ("meters", x)


@pytest.mark.parametrize("convert", [float, int, math.exp, math.sin])
def test_a_node_never_turns_into_a_plain_number_silently(convert):
    with pytest.raises(TypeError, match=r"\.value"):
        convert(Variable(1.0, name="speed"))


def test_comparisons_look_at_values_and_hash_at_identity():
    x, y = Variable(1.0), Variable(1.0)
    assert x == y and x == 1 and x <= y and not x < y and x != 2 and x > 0.5
    assert x is not y and len({x, y}) == 2
    assert (x == "1") is False
    assert (x == None) is False  # noqa: E711
    assert not Variable(0.0) and Variable(2.0)
    with pytest.raises(TypeError):
        x < "1"


def test_builtin_max_picks_one_operand():
    x, y = Variable(1.0), Variable(2.0)
    assert max(x, y) is y


def test_rounding_builtins_give_nodes():
    x = Variable(2.5)
    assert [f(x).value for f in (round, math.floor, math.ceil, math.trunc, abs)] == [2.0, 2.0, 3.0, 2.0, 2.5]
    with pytest.raises(OperandError, match="digits"):
        round(x, 1)


def test_a_format_that_is_no_text_is_a_type_error():
    for wrong in (1, None.__class__, b"g"):
        with pytest.raises(TypeError):
            Variable(1.0).__format__(wrong)


def test_format_and_repr_are_short_and_useful():
    x = Variable(2.0, name="x" * 1000)
    assert f"{x:.3f}" == "2.000"
    assert len(repr(x)) < 100
    y = x
    for _ in range(10_000):
        y = y + x
    assert len(repr(y)) < 100
    assert repr(Variable(2.0)) == "Variable(2.0)"
    assert repr(Variable(2.0) * 3) == "Node(6.0, multiply)"


@pytest.mark.parametrize("bad", ["1", None, 1j, [1], np.ones(2)])
def test_a_variable_needs_a_number(bad):
    with pytest.raises(OperandError, match="Variable"):
        Variable(bad)


def test_a_variable_of_a_node_is_refused_with_the_remedy():
    with pytest.raises(OperandError, match=r"\.value"):
        Variable(Variable(1.0))


def test_values_of_variables_may_be_assigned_and_of_others_not():
    x = Variable(1.0)
    x.data -= 0.25
    x.value = np.float64(x.value * 2)
    assert x.value == 1.5
    for node in (x * 2, Constant(1.0)):
        with pytest.raises(FrozenValueError, match="only the value of a Variable"):
            node.value = 2.0
    with pytest.raises(OperandError):
        x.value = "2"
    assert x.value == 1.5


def test_gradients_may_be_assigned_numbers_only():
    x = Variable(1.0)
    x.grad = 0
    assert x.grad == 0.0 and isinstance(x.grad, float)
    with pytest.raises(OperandError):
        x.grad = None


def test_no_grad_gives_constants_and_ends_with_its_block():
    x = Variable(2.0)
    with no_grad():
        y = x * x
        with no_grad():
            pass
        assert isinstance(x + 1, Constant)
    assert isinstance(y, Constant) and y.value == 4.0
    assert not isinstance(x * x, Constant)


def test_detach_keeps_value_and_name_and_stops_the_gradient():
    x = Variable(2.0)
    y = x * x
    y.name = "y"
    z = y.detach() * x
    z.backward()
    assert (y.detach().name, y.detach().value, x.grad) == ("y", 4.0, 4.0)


def test_constants_alone_make_constants():
    assert isinstance(Constant(2.0) * Constant(3.0) + 1.0, Constant)
    assert isinstance(exp(Constant(0.0)), Constant)
    assert isinstance(autograd.sum([Constant(1.0), 2.0]), Constant)


def test_functions_of_plain_numbers_give_floats():
    assert type(exp(1)) is float
    assert type(autograd.maximum(1, 2, 3)) is float
    assert type(where(True, 1, 2)) is float
    assert log(0) == -math.inf and math.isnan(log(-1))


def test_scopes_nest_and_tell_calls_apart():
    x = Variable(1.0)
    with scope("Outer"):
        a = x + 1
        with scope("Inner"):
            b = a * 2
        with scope("Inner"):
            c = a * 3
    assert a.scope.label == "Outer" and a.scope.parent is None
    assert b.scope.label == c.scope.label == "Inner"
    assert b.scope.parent == a.scope and b.scope.serial != c.scope.serial
    assert (x + 1).scope is None
    b.name = "b"
    assert b.scope.label == "Inner" and b.op.name == "multiply"


def test_modes_belong_to_their_thread():
    entered, checked = threading.Event(), threading.Event()
    seen = []

    def other():
        entered.wait(5)
        seen.append(isinstance(Variable(1.0) * 2, Constant))
        checked.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        entered.set()
        checked.wait(5)
    thread.join()
    assert seen == [False]


def test_strict_names_operation_operands_and_line():
    x = Variable(-1.5, name="loss")
    with (
        strict(),
        pytest.raises(DomainError, match=r"log needs 0 < x, got x = -1.5 \(variable 'loss'\).*test_node.py:\d+"),
    ):
        log(x)
    assert math.isnan(log(x).value)


def test_strict_finds_infinite_local_gradients():
    with strict(), pytest.raises(DomainError, match="local gradient inf"):
        autograd.sqrt(Variable(0.0))


def test_a_users_primitive_in_ten_lines_works_like_a_built_in_one():
    cube = Primitive("test cube", lambda x: x * x * x, lambda x, out: 3 * x * x, symbol="³")
    x = Variable(2.0)
    y = cube(x)
    y.backward()
    assert (y.value, x.grad, y.op.symbol) == (8.0, 12.0, "³")
    first = autograd.gradients(cube(x), x, create_graph=True)
    second = autograd.gradients(first, x, create_graph=True)
    assert (first.value, second.value, autograd.gradients(second, x)) == (12.0, 12.0, 6.0)
    assert cube(3.0) == 27.0


def test_a_users_primitive_never_leaks_arithmetic_errors():
    inverse = Primitive("test inverse", lambda x: 1 / x, lambda x, out: -1 / (x * x))
    assert math.isnan(inverse(Variable(0.0)).value)


@pytest.mark.parametrize("given", [("cube",), ("cube", math.sin), (math.sin,), (math.sin, math.cos, math.tan)])
def test_a_primitive_without_its_name_or_rule_is_told_how_it_is_declared(given):
    with pytest.raises(
        TypeError, match=r'its name, its value and the rule .*: Primitive\("cube", lambda x: x \*\* 3, '
    ):
        Primitive(*given)


FLOATS = {
    "float(x)": "Leave the conversion out: a node is a double",
    "np.float64(x)": "Leave the conversion out",
    "math.sqrt(x)": r"In place of math\.sqrt write autograd\.sqrt",
    "'%.1f' % x": r'write f"\{x:\.2f\}"',
    "np.asarray([x], dtype=float)": "Leave the dtype out",
    "np.array([x]).astype(float)": "Leave the dtype out",
    "np.zeros(2).fill(x)": r"The array must hold nodes: make it by np\.zeros_like\(x\)",
    "list(map(math.sqrt, [x]))": r"In place of math\.exp and the like, write autograd\.exp",
    "integrate.quad(lambda t: t * x, 0.0, 5.0)": r"SciPy computes on plain numbers: .*implicit\.root, .* steps",
}


@pytest.mark.parametrize("use", FLOATS)
def test_a_node_where_a_float_is_asked_for_says_what_to_write_there(use):
    integrate = pytest.importorskip("scipy.integrate")
    with pytest.raises(OperandError, match=f"can't become a plain float: .*{FLOATS[use]}.*the number alone is meant"):
        eval(use, {"x": Variable(2.0), "np": np, "math": math, "integrate": integrate})


# SciPy's C code goes on after an error of a function that it calls, and then raises one of its own.
GO_ON = {
    "brentq": lambda p, optimize, integrate: optimize.brentq(lambda x: x * x - p, 0.0, 2.0),
    "root": lambda p, optimize, integrate: optimize.root(lambda x: [x[0] * x[0] - p], [1.0]).x[0],
    "direct": lambda p, optimize, integrate: optimize.direct(lambda x: (x[0] - p) ** 2, [(0.0, 3.0)]).x[0],
    "vode": lambda p, optimize, integrate: (
        integrate.ode(lambda t, y: [-p * y[0]]).set_integrator("vode").set_initial_value([1.0]).integrate(1.0)[0]
    ),
}


@pytest.mark.parametrize("solver", GO_ON)
@pytest.mark.parametrize("transform", [grad, jit])
def test_a_solver_that_goes_on_after_a_refusal_is_told_of_in_its_words(solver, transform, capfd):
    optimize, integrate = pytest.importorskip("scipy.optimize"), pytest.importorskip("scipy.integrate")
    with pytest.raises(OperandError, match=r"can't become a plain float: .* SciPy computes on plain numbers"):
        transform(lambda p: GO_ON[solver](p, optimize, integrate))(2.0)


def test_an_error_of_a_later_run_is_not_that_of_an_earlier_refusal():
    optimize = pytest.importorskip("scipy.optimize")
    with pytest.raises((OperandError, SystemError, ValueError)):
        optimize.brentq(lambda x: x * x - Variable(2.0), 0.0, 2.0)
    for transform in (grad, jit):
        with pytest.raises(ValueError, match="must have different signs"):
            transform(lambda p: p * optimize.brentq(lambda x: x * x + 1.0, 0.0, 2.0))(2.0)


def test_an_array_of_floats_that_is_to_take_a_node_says_which_array_does():
    held = np.zeros(2)
    with pytest.raises(OperandError, match=r"The array must hold nodes: make it by np\.zeros_like\(x\)"):
        held[0] = Variable(2.0)


def test_the_name_of_a_built_in_primitive_is_taken():
    with pytest.raises(ValueError, match="exp"):
        Primitive("exp", math.exp, lambda x, out: out)


def test_a_primitive_with_the_wrong_number_of_operands_or_gradients_is_an_error():
    with pytest.raises(TypeError, match="copysign takes 2"):
        copysign(1.0)
    wrong = Primitive("test wrong", lambda a, b: a, lambda a, b, out: (1.0,), arity=2)
    with pytest.raises(ValueError, match="1 local gradients for 2 operands"):
        wrong(Variable(1.0), 2.0)


def test_huge_integers_become_infinities():
    assert (Variable(1.0) + 10**400).value == math.inf
    assert (-(10**400) * Variable(1.0)).value == -math.inf


def test_a_node_is_not_made_by_hand():
    with pytest.raises(TypeError, match="Variable"):
        Node(1.0)
    if autograd.compiled:
        for leaf in (Variable, Constant):
            with pytest.raises(TypeError):
                type("Subclass", (leaf,), {})
