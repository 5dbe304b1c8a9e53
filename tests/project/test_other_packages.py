"""Words of other packages: names that people bring along work here, or say what stands in their place."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest

import autograd
from autograd import ArgumentError, OperandError, Variable, grad, hessian, jacobian, jit, stop_gradient, value_and_grad
from autograd.other_packages import MODULES, NAMES


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_the_other_autograd_says_what_stands_in_its_place(name):
    with pytest.raises(ImportError, match=rf"autograd\.{name} is a module of PyPI's autograd; this is scalar-autograd"):
        importlib.import_module(f"autograd.{name}")


def test_the_first_line_of_a_file_for_the_other_autograd_says_it_too():
    done = subprocess.run(
        [sys.executable, "-c", "import autograd.numpy as np"], capture_output=True, text=True, check=False
    )
    assert "write `import numpy as np`" in done.stderr.splitlines()[-1]


def test_modules_that_nobody_has_are_missed_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'autograd.nothing'"):
        importlib.import_module("autograd.nothing")


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(MODULES)))
def test_a_name_of_the_other_autograd_says_what_stands_in_its_place(name):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; PyPI's autograd has it, here write"):
        getattr(autograd, name)


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
        ({"static_argnums": 0}, "jit has no option static_argnums, and needs none: whole numbers, flags, texts"),
        ({"static_argnames": ("n",)}, "jit has no option static_argnames, and needs none"),
        ({"donate_argnums": 0}, "it never writes to its arguments"),
        ({"backend": "cpu"}, "jit has no option backend; it has tier and max_paths"),
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


def test_names_that_can_not_be_differentiated_in_are_refused():
    with pytest.raises(ArgumentError, match="scaled was to be differentiated in 'q', which is no argument of it"):
        grad(scaled, argnames="q")(2.0)
    with pytest.raises(ArgumentError, match="in 'power', which is no argument of it that can be given by place"):
        grad(scaled, argnames="power")(2.0, power=3.0)
    with pytest.raises(ArgumentError, match="in 'w', which is not given; its arguments are x, w, power"):
        grad(scaled, argnames="w")(2.0)
    for wrong in (3, (), ("x", 3)):
        with pytest.raises(ArgumentError, match="argnames is the name of an argument or a tuple of names"):
            grad(scaled, argnames=wrong)


def test_percent_formats_say_how_to_write_them():
    with pytest.raises(OperandError, match=r'in place of "%\.2f" % x, write f"\{x:\.2f\}"'):
        "%.2f".__mod__(Variable(2.0))
    assert f"{Variable(2.0):.2f}" == "2.00"


def test_gradients_stop_at_arrays():
    x = np.array([1.0, 2.0])
    for way in (jacobian, lambda f: jit(jacobian(f))):
        assert way(lambda x: x * stop_gradient(x))(x).tolist() == [[1.0, 0.0], [0.0, 2.0]]
    found = stop_gradient(x)
    assert found.dtype == float and found.tolist() == [1.0, 2.0]
