"""Words of other packages: names that people bring along work here, or say what stands in their place."""

from __future__ import annotations

import importlib
import os
import pydoc
import re
import subprocess
import sys

import numpy as np
import pytest

import autograd
import layers
import viz
from autograd import (
    ArgumentError,
    Constant,
    OperandError,
    OutputError,
    Variable,
    grad,
    hessian,
    jacobian,
    jit,
    no_grad,
    stop_gradient,
    value_and_grad,
)
from autograd.other_packages import (
    ARRAY_ATTRIBUTES,
    ATTRIBUTES,
    COMPILED_ATTRIBUTES,
    DRAWING_ATTRIBUTES,
    LAYERS,
    MODULES,
    NAMES,
    OPTIONS,
)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_the_other_autograd_says_what_stands_in_its_place(name):
    with pytest.raises(ImportError, match=rf"autograd\.{name} is not in scalar-autograd; PyPI's autograd has it, here"):
        importlib.import_module(f"autograd.{name}")


def test_the_first_line_of_a_file_for_the_other_autograd_says_it_too():
    done = subprocess.run(
        [sys.executable, "-c", "import autograd.numpy as np"], capture_output=True, text=True, check=False
    )
    assert "write `import numpy as np`" in done.stderr.splitlines()[-1]


def test_modules_that_nobody_has_are_missed_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'autograd.nothing'"):
        importlib.import_module("autograd.nothing")


ALL_NAMES = [name for names in NAMES.values() for name in names]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_name_of_another_package_says_what_stands_in_its_place(name):
    if name not in autograd.__dict__:
        with pytest.raises(AttributeError, match=f"module 'autograd' has no attribute '{name}'; .* has it, here "):
            getattr(autograd, name)
    assert not hasattr(autograd, name) or isinstance(getattr(autograd, name), type(autograd)), "a hint is no alias"
    with pytest.raises(ImportError, match=rf"autograd\.{name} is not in scalar-autograd; .* has it, here "):
        importlib.import_module(f"autograd.{name}")


def test_each_name_stands_in_one_table():
    assert len(ALL_NAMES) == len(set(ALL_NAMES))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from autograd import Value", "micrograd has it, here write `from autograd import Variable as Value`"),
        ("from autograd import tensor", "here a number is Variable"),
        ("from autograd import nn", "from layers import Dense, Sequential"),
        ("from autograd import elementwise_grad", "here write jacobian"),
        ("from autograd import SX", "there are no symbols"),
        ("from autograd import ndtr", r"SciPy has it, here write 0\.5 \* erfc\(-x / sqrt\(2\.0\)\)"),
        ("from autograd import odeint", r"write the steps as a loop: scan\(step, state, times\)"),
        ("from layers import Module", "here it is Layer"),
        ("import layers.functional as F", "here it is ReLU"),
        ("from layers.models import Sequential", "from layers import Sequential"),
        ("from viz import plot_model", r"here it is draw\(model, x\)"),
    ],
)
def test_a_first_line_from_elsewhere_says_the_first_line_here(line, said):
    with pytest.raises(ImportError, match=said):
        exec(line, {})


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_of_other_nodes_says_the_word_here(name):
    x = Variable(2.0)
    for node in (x, x * x, autograd.Constant(1.0)):
        with pytest.raises(AttributeError, match=f"{type(node).__name__} has no attribute '{name}'; here "):
            getattr(node, name)
        with pytest.raises(AttributeError, match=f"{type(node).__name__} has no attribute '{name}'; here "):
            setattr(node, name, 1.0)
        assert not hasattr(node, name)
        assert name not in dir(node), "a hint is nothing to be completed"


@pytest.mark.parametrize("name", ARRAY_ATTRIBUTES)
def test_an_attribute_of_other_arrays_says_the_word_here(name):
    a = autograd.array([Variable(1.0), Variable(2.0)])
    assert not hasattr(np.ndarray, name), "a hint hides nothing of NumPy"
    for one in (a, a[:1], a * 2.0, np.sin(a)):
        with pytest.raises(AttributeError, match=f"NodeArray has no attribute '{name}'; here "):
            getattr(one, name)
        with pytest.raises(AttributeError, match=f"NodeArray has no attribute '{name}'; here "):
            setattr(one, name, 1.0)
        assert name not in dir(one)
    assert "sum" in dir(a)
    assert "backward" in dir(a[0])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("type", "all numbers are doubles"),
        ("float", "all numbers are doubles"),
        ("int", r"write int\(x\.value\)"),
        ("bool", r"write x != 0\.0"),
        ("device", "on the processor"),
        ("atan", r"write atan\(x\)"),
        ("silu", r"write layers\.SiLU\(\)\(x\)"),
        ("_children", r"its operands are \.parents"),
    ],
)
def test_a_habit_of_pytorch_or_micrograd_is_answered_with_its_word(name, said):
    with pytest.raises(AttributeError, match=f"Node has no attribute '{name}'; here .*{said}"):
        getattr(Variable(2.0) * 3.0, name)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_is_looked_for_in_the_engine_is_found_in_its_package(name):
    assert name in layers.__all__
    with pytest.raises(ImportError, match=f"from layers import {name}$"):
        exec(f"from autograd import {name}", {})


def test_sizes_of_a_picture_are_told_where_they_are_given():
    for option in ("dpi", "width", "fontsize"):
        with pytest.raises(TypeError, match=rf"draw has no option '{option}'; here .*draw\(y\)\.png\(dpi=300\)"):
            viz.draw(Variable(2.0), **{option: 30})


@pytest.mark.parametrize("table", [ATTRIBUTES, ARRAY_ATTRIBUTES], ids=["nodes", "arrays"])
def test_what_a_hint_says_to_write_can_be_written(table):
    x, y = Variable(0.5), Variable(0.25)
    a, b = autograd.array([x, y]), autograd.array([y, x])
    known = {name: getattr(autograd, name) for name in autograd.__all__} | {
        "x": x, "y": y, "a": a, "b": b, "f": lambda v: v * 2.0, "numpy": np, "low": 0.0, "high": 1.0, "axis": 0,
        "axes": (0,), "values": [x, y], "arguments": (1.0,), "tangents": (1.0,), "layers": layers, "viz": viz,
    }  # fmt: skip
    written = [
        part for here in table.values() if here.startswith("write ") for part in re.split(", | or |; ", here[6:])
    ]
    whole = [here[6:] for here in table.values() if here.startswith("write ")]
    assert len(whole) > 10
    for line in [*whole, *written]:
        try:
            compile(line, "hint", "exec")
        except SyntaxError:
            continue
        exec(line, dict(known))


def test_a_gradient_that_is_to_be_none_is_cleared_by_a_number():
    x = Variable(2.0)
    with pytest.raises(OperandError, match=r"x\.grad = 0\.0 clears it, or zero_grad"):
        x.grad = None


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_another_backward_says_what_is_so_here(name):
    x = Variable(2.0)
    with pytest.raises(TypeError, match=f"backward has no option '{name}'; here "):
        (x * x).backward(**{name: True})
    with pytest.raises(TypeError, match=r"backward has no option 'depth'; it has gradient$"):
        (x * x).backward(depth=3)
    assert x.grad == 0.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: grad(np.sin, argnum=0), "grad has no option 'argnum'; here write argnums=0"),
        (lambda: value_and_grad(np.sin, wrt=0), "value_and_grad has no option 'wrt'; here write argnums=0"),
        (lambda: jacobian(np.sin, vectorize=True), "jacobian has no option 'vectorize'; here the sweeps go"),
        (lambda: hessian(np.sin, argnum=0), "hessian has no option 'argnum'; here write argnums=0"),
        (lambda: autograd.vmap(np.sin, in_dims=0), "vmap has no option 'in_dims'; here write in_axes"),
        (lambda: viz.draw(Variable(2.0), rankdir="TB"), "draw has no option 'rankdir'; here write direction=\"TB\""),
        (
            lambda: viz.draw(Variable(2.0), colour="red"),
            "draw has no option 'colour'; here write color_by=\"gradient\"",
        ),
        (lambda: autograd.array([Variable(1.0)]).sum(dim=0), "sum has no option 'dim'; here write axis=0"),
        (lambda: autograd.array([Variable(1.0)]).mean(keepdim=True), "here write keepdims=True"),
        (lambda: autograd.array([Variable(1.0)]).max(dim=-1), "max has no option 'dim'; here write axis=0"),
        (lambda: viz.draw(Variable(2.0), depth=1), "draw has no option 'depth'; it has expand, focus, radius,"),
        (lambda: autograd.jacrev(np.sin, argnum=0), "jacrev has no option 'argnum'; here write argnums=0"),
        (lambda: autograd.hvp(np.sin, (1.0,), (1.0,), has_aux=True), "hvp has no option 'has_aux'; here write hessian"),
        (
            lambda: grad(outputs=Variable(2.0), inputs=1),
            r"grad has no option 'outputs'; here write gradients\(y, \[x\]\)",
        ),
        (lambda: no_grad(np.sin), "no_grad takes nothing between its parentheses: write `with no_grad"),
    ],
)
def test_what_other_packages_call_otherwise_says_how_it_is_called(call, said):
    with pytest.raises(TypeError, match=said):
        call()


def test_contexts_without_parentheses_say_that_they_are_called():
    for context in (no_grad, autograd.strict):
        with pytest.raises(TypeError, match=rf"write `with {context.__name__}\(\):`"), context:
            pass


@pytest.mark.parametrize("name", DRAWING_ATTRIBUTES)
def test_a_method_of_another_package_s_drawing_says_what_stands_in_its_place(name):
    drawing = viz.draw(Variable(2.0))
    with pytest.raises(AttributeError, match=f"Drawing has no attribute '{name}'; here "):
        getattr(drawing, name)
    assert name not in dir(drawing)


@pytest.mark.parametrize("name", COMPILED_ATTRIBUTES)
def test_an_attribute_of_other_compiled_functions_says_the_word_here(name):
    compiled = jit(lambda x: x * x)
    with pytest.raises(AttributeError, match=f"Jitted has no attribute '{name}'; here "):
        getattr(compiled, name)
    assert name not in dir(compiled) and "paths" in dir(compiled)


def test_help_tells_the_word_here_for_each_attribute_of_other_packages():
    assert "Not here: write .value." in pydoc.render_doc(Variable)


def test_a_leaf_of_pytorch_is_a_variable_and_one_without_gradient_a_constant():
    assert isinstance(Variable(2.0, requires_grad=True), Variable)
    with pytest.raises(OperandError, match=r"a Variable wants a gradient; write Constant\(value\)"):
        Variable(2.0, requires_grad=False)
    with pytest.raises(TypeError, match=r"Variable has no option 'data'; here the value stands first: write Variable"):
        Variable(data=2.0)
    with pytest.raises(TypeError, match="Variable has no option 'trainable'; here a Variable wants a gradient"):
        Variable(2.0, trainable=True)
    with pytest.raises(TypeError, match="Variable has no option 'dtype'; here all numbers are doubles"):
        Variable(2.0, "x", dtype=float)
    with pytest.raises(TypeError, match="Variable has no option 'device'; here all numbers are doubles, on the proc"):
        Variable(2.0, label="x", device="cpu")
    names = [Variable(2.0, "x", label="y"), Variable(2.0, label="x"), Variable(2.0, label=None), Variable(2.0)]
    assert [x.name for x in names] == ["x", "x", None, None]
    for several in ([1.0, 2.0], np.ones(2), {1.0}):
        with pytest.raises(OperandError, match=r"make one of each: array\(\[Variable\(number\) for number in"):
            Variable(several)


def test_the_constructor_of_micrograd_is_told_that_a_leaf_has_no_operands():
    x = Variable(2.0)
    for given in [((), "+"), ((x, x), "*"), ((),), ({x},), (3.0,)]:
        with pytest.raises(
            TypeError, match=r"a value and a name, which is a text; got .* behind the value\. It is a leaf"
        ):
            Variable(2.0, *given)
    with pytest.raises(TypeError, match="Constant takes a value and a name, which is a text; got tuple"):
        Constant(2.0, ())
    with pytest.raises(
        AttributeError, match=r"the rule of multiply node is that of its operation, and can't be assigned"
    ):
        (x * x)._backward = lambda: None
    with pytest.raises(OperandError, match=r"isinstance\(x, Node\) is true of each"):
        Variable(x * x)


def test_arguments_given_to_a_transform_in_place_of_its_function_are_told_their_place():
    x = Variable(2.0)
    for given in (x, [x], np.ones(2), True, (), "x"):
        for transform in (grad, jacobian, hessian):
            with pytest.raises(ArgumentError, match=r"as in grad\(f\)\(x\); derivatives of nodes are gradients"):
                transform(lambda x: x * x, given)


def test_derivatives_of_nodes_are_told_where_a_function_or_a_number_is_wanted():
    x = Variable(2.0)
    with pytest.raises(
        OutputError, match=r"only a function .* got Node .*; derivatives of nodes are gradients\(y, \[x\]\)"
    ):
        grad(x * x)
    with pytest.raises(
        OperandError, match=r"a plain number, got Variable\(2\.0\); derivatives in a node are x\.grad after"
    ):
        (x * x).backward(x)
    with pytest.raises(
        OperandError, match=r"a gradient needs a plain number, got the node Variable\(2\.0\); give its \.value"
    ):
        x.grad = x


def test_no_grad_stands_above_a_function():
    @no_grad()
    def scaled(x, by=2.0):
        """Scale it."""
        return x * by

    x = Variable(3.0)
    assert scaled(x, by=4.0).value == 12.0 and scaled(x).parents == () and (x * x).parents == (x, x)
    assert (scaled.__name__, scaled.__doc__) == ("scaled", "Scale it.")


def test_jit_is_a_decorator_with_options():
    @jit(tier="vm")
    def square(x):
        return x * x

    assert square(3.0) == 9.0 and square.tier == "vm"
    assert jit(max_paths=3)(lambda x: x).max_paths == 3
    with pytest.raises(ValueError, match="tier"):
        jit(tier="fast")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"static_argnums": 0}, "jit has no option 'static_argnums'; here whole numbers, flags, texts"),
        ({"static_argnames": ("n",)}, "jit has no option 'static_argnames'; here whole numbers"),
        ({"donate_argnums": 0}, "here no argument is ever written to"),
        ({"depth": 3}, "jit has no option 'depth'; it has tier, max_paths"),
        ({"backend": "cpu"}, "jit has no option 'backend'; here write jit"),
    ],
)
def test_options_that_jit_needs_not_are_refused_with_the_reason(options, message):
    for use in (lambda: jit(lambda x: x, **options), lambda: jit(**options)):
        with pytest.raises(TypeError, match=message):
            use()


def scaled(x, w=3.0, *, power=2):
    """A function of two numbers."""
    return w * x**power


@pytest.mark.parametrize("call", [lambda f: f(2.0, 5.0), lambda f: f(2.0, w=5.0), lambda f: f(w=5.0, x=2.0, power=2)])
def test_arguments_to_differentiate_in_may_be_given_by_name(call):
    assert call(grad(scaled, argnames="w")) == 4.0
    assert call(grad(scaled, argnames=("w", "x"))) == (4.0, 20.0)
    assert call(value_and_grad(scaled, argnames=["x"])) == (20.0, (20.0,))
    assert call(jacobian(scaled, argnames="x")) == call(jit(grad(scaled, argnames="x"))) == 20.0
    assert call(hessian(scaled, argnames=("x", "w"))) == ((10.0, 4.0), (4.0, 0.0))


@pytest.mark.parametrize("compiled", [lambda f: f, jit])
def test_arguments_that_are_given_by_name_alone_can_be_differentiated_in(compiled):
    """As in JAX, by `argnames`."""

    def model(x, *more, rate, **options):
        return x * rate**2 * options["scale"] + sum(more)

    slopes = compiled(grad(model, argnames=("scale", "x", "rate")))
    assert slopes(2.0, 10.0, rate=3.0, scale=5.0) == (18.0, 45.0, 60.0)
    assert compiled(value_and_grad(model, argnames="rate"))(2.0, rate=3.0, scale=5.0) == (90.0, 60.0)
    assert compiled(hessian(model, argnames="rate"))(2.0, rate=3.0, scale=5.0) == 20.0


def test_names_that_can_not_be_differentiated_in_are_refused():
    with pytest.raises(ArgumentError, match="scaled was to be differentiated in 'q', which is no argument of it"):
        grad(scaled, argnames="q")(2.0)
    for missing in ("w", "power"):
        with pytest.raises(ArgumentError, match=f"in '{missing}', which is not given; its arguments are x, w, power"):
            grad(scaled, argnames=missing)(2.0)
    with pytest.raises(ArgumentError, match="in 'options', which is no argument of it"):
        grad(lambda **options: options["x"], argnames="options")(x=2.0)
    for wrong in (3, (), ("x", 3)):
        with pytest.raises(ArgumentError, match="argnames is the name of an argument or a tuple of names"):
            grad(scaled, argnames=wrong)


def test_gradients_stop_at_arrays():
    x = np.array([1.0, 2.0])
    for way in (jacobian, lambda f: jit(jacobian(f))):
        assert way(lambda x: x * stop_gradient(x))(x).tolist() == [[1.0, 0.0], [0.0, 2.0]]
    found = stop_gradient(x)
    assert found.dtype == float and found.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("file", "program", "said"),
    [
        (
            "layers.py",
            "from layers import Sequential",
            "layers.Sequential is of scalar-autograd, but {} is found first",
        ),
        (
            "viz.py",
            "import viz; viz.draw",
            "viz.draw is of scalar-autograd, but {} is found first under the name 'viz'",
        ),
        ("layers/__init__.py", "from layers import Dense", "layers.Dense is of scalar-autograd, but {} is found first"),
        ("layers.py", "from layers import nothing", "ImportError: cannot import name 'nothing' from 'layers'"),
        ("layers.py", "import layers; layers.nothing", "AttributeError: module 'layers' has no attribute 'nothing'"),
        ("layers.py", "import layers; assert layers.mine == 1 and not hasattr(layers, 'other')", ""),
        ("mine.py", "import mine, layers, viz; layers.Dense, viz.draw", ""),
    ],
)
def test_a_file_of_the_users_that_hides_a_package_is_named(tmp_path, file, program, said):
    hidden = tmp_path / file
    hidden.parent.mkdir(exist_ok=True)
    hidden.write_text("mine = 1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", f"import autograd\n{program}"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )  # fmt: skip
    assert (done.stderr == "") == (said == "")
    assert said.format(hidden) in done.stderr
