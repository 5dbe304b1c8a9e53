"""What `help`, `inspect` and type checkers are told of the public names."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import os
import pydoc
import subprocess
import sys

import pytest

import autograd
import layers
import viz
from autograd import Constant, Primitive, Variable, asin, exp, hypot, log, logsumexp
from tests import PROJECT

pytest_plugins = "pytester"


def public(package):
    """The public functions and classes of a package, but for errors, and for `Node`, which operations alone make."""
    found = {name: getattr(package, name) for name in package.__all__}
    errors = {name for name, one in found.items() if isinstance(one, type) and issubclass(one, BaseException)}
    return {name: one for name, one in found.items() if callable(one) and name not in {*errors, "Node"}}


@pytest.mark.parametrize("package", [autograd, layers, viz], ids=lambda package: package.__name__)
def test_every_public_name_has_a_signature_and_help_of_its_own(package):
    unsigned, unexplained = [], []
    for name, one in public(package).items():
        try:
            inspect.signature(one)
        except (TypeError, ValueError):
            unsigned.append(name)
        if not one.__doc__ or (not isinstance(one, type) and one.__doc__ == type(one).__doc__):
            unexplained.append(name)
    assert (unsigned, unexplained) == ([], [])


def test_no_signature_shows_what_takes_the_words_of_other_packages():
    """They are answered with a sentence, but nothing to be given: neither by `help` nor by an editor."""
    shown = {}
    for package in (autograd, layers, viz):
        methods = {
            f"{name}.backward": one.backward for name, one in public(package).items() if hasattr(one, "backward")
        }
        for name, one in (public(package) | methods | {"Node.backward": autograd.Node.backward}).items():
            signature = inspect.signature(one)
            if any(word in str(signature) for word in ("unknown", "Never", "Unpack")):
                shown[name] = signature
    assert shown == {}
    assert "frozen: 'bool' = False" in str(inspect.signature(layers.Dense))
    assert "unknown" not in pydoc.plain(pydoc.render_doc(autograd.grad) + pydoc.render_doc(Variable.backward))
    assert str(inspect.signature(autograd.comb)) == "(n, k, /)"


def test_help_of_a_primitive_is_its_call_its_sentence_and_its_domain():
    text = pydoc.plain(pydoc.render_doc(asin))
    assert "asin(x)" in text and "Defined for -1 ≤ x ≤ 1" in text
    assert "e to the power of x." in pydoc.plain(pydoc.render_doc(exp))
    assert "knows its local gradients" in Primitive.__doc__


def test_signatures_name_operands():
    assert [str(inspect.signature(one)) for one in (exp, hypot, logsumexp)] == [
        "(x, /)",
        "(a, b, /)",
        "(operands: 'Iterable[Any]') -> 'Any'",
    ]


def test_the_signatures_of_nodes_are_those_of_their_constructors():
    """Compiled classes tell nothing of theirs: it stands beside, and is compared with the source here."""
    tree = ast.parse((PROJECT / "autograd" / "graph" / "node.py").read_text(encoding="utf-8"))
    for cls in (Variable, Constant):
        body = next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == cls.__name__).body
        init = next(one for one in body if isinstance(one, ast.FunctionDef) and one.name == "__init__").args
        # A word of another package may only be None, and is no part of the signature.
        offered = [one for one in (*init.args[1:], *init.kwonlyargs) if ast.unparse(one.annotation) != "None"]
        names = [argument.arg for argument in offered]
        assert list(inspect.signature(cls).parameters) == names


def test_a_primitive_of_a_user_has_as_many_operands_as_its_rule():
    powr = Primitive("powr", lambda a, b: a**b, lambda a, b, out: (b * a ** (b - 1), out * log(a)), registered=False)
    assert powr(2.0, 3.0) == 8.0 and powr.arity == 2 and str(inspect.signature(powr)) == "(a, b, /)"
    assert powr.__doc__.startswith("powr(a, b)")
    with pytest.raises(TypeError, match=r"powr takes 2 operand\(s\), got 1"):
        powr(2.0)
    x = Variable(3.0)
    powr(2.0, x).backward()
    assert x.grad == pytest.approx(8.0 * log(2.0))


PROGRAM = """
from autograd import Node, Variable, dot, exp, grad, jit, log, maximum, norm, value_and_grad, where

def price(spot: float, strike: float) -> float:
    return spot * exp(-strike) + maximum(spot, 0.0)

def energy(x: Node, y: Node) -> Node:
    return exp(x) * y - log(y) / 2.0 + x ** 2 + maximum(x, 0.0) + where(x > 1.0, x, y) - abs(-x)

class Model:
    def __init__(self, k: float) -> None:
        self.k = k

    @jit
    def price(self, x: float) -> float:
        return x * self.k

compiled = jit(price)
both = value_and_grad(price)

def main() -> float:
    x = Variable(2.0, name="x")
    z: Node = energy(x, x)
    z.backward()
    n: Node = norm([x, z]) + dot([x], [1.0])
    value, slopes = both(1.0, 2.0)
    return compiled(1.0, strike=2.0) + value + Model(2.0).price(3.0) + n.value + norm([1.0, 2.0]) + len(compiled.paths)
"""
WRONG = """
unused = 0
text: str = compiled(1.0, 2.0)
compiled("a", 2.0)
grad(price)("a", 2.0)
Model(1.0).price("a")
other: str = both(1.0, 2.0)[0]
node: Node = exp(1.0)
"""


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_a_program_that_uses_the_package_is_checked_strictly(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM + WRONG)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--no-error-summary",
        "--cache-dir",
        str(tmp_path / "cache"),
        "program.py",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"MYPYPATH": str(PROJECT)}, capture_output=True, text=True, check=False
    )
    first = PROGRAM.count("\n") + 1
    lines = [int(line.split(":")[1]) - first for line in done.stdout.splitlines() if ": error:" in line]
    assert lines == [2, 3, 4, 5, 6, 7], done.stdout


@pytest.mark.skipif(importlib.util.find_spec("pyright") is None, reason="pyright is not installed")
def test_pyright_finds_the_same_and_nothing_unknown(tmp_path):
    """Also beside an installed Cython, whose decorators have types of their own."""
    (tmp_path / "program.py").write_text(PROGRAM + WRONG)
    settings = {
        "typeCheckingMode": "strict", "extraPaths": [str(PROJECT)], "reportUnusedImport": False,
        "reportUnusedVariable": False,
    }  # fmt: skip
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if "generalDiagnostics" not in done.stdout:
        pytest.skip(f"pyright does not run here: {done.stderr[-200:]}")
    first = PROGRAM.count("\n")
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert sorted({one["range"]["start"]["line"] - first for one in found}) == [2, 3, 4, 5, 6], found


def test_a_node_passes_its_gradient_on_by_hand():
    """The middle of micrograd's lesson: one node after the other, the output first."""
    x, w = Variable(3.0), Variable(-2.0)
    product = x * w
    out = product + x * 4.0
    out.grad = 1.0
    for node in (out, product, out.parents[1]):
        node._backward()
    assert (x.grad, w.grad) == (2.0, 3.0)


def test_findings_show_themselves_as_they_are_read():
    x = Variable(-1.0, name="x")
    y = x.relu() * 2.0
    y.backward()
    for found in (autograd.explain(x, y), autograd.rounding(y), autograd.paths(y, x)):
        assert repr(found) == str(found)


def test_keras_first_line_is_told_its_form_here():
    with pytest.raises(layers.DescriptionError, match=r"n_out is missing: Dense\(n_in, n_out\), or Dense\(None, 16\)"):
        layers.Dense(16, activation="relu")


def test_a_failing_check_shows_the_lines_of_the_test_alone(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    pytester.makepyfile(
        """
        from autograd import Primitive, gradcheck
        Cube = Primitive("cube", lambda x: x * x * x, lambda x, out: 2 * x * x, registered=False)

        def test_cube():
            gradcheck(Cube, [2.0])
        """
    )
    printed = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").stdout.str()
    assert "GradcheckError" in printed and "gradcheck(Cube, [2.0])" in printed
    assert "def gradcheck(" not in printed and "raise failure" not in printed


def test_strategies_take_a_list_of_primitives():
    from autograd.testing import expressions

    assert "<primitive multiply>" in repr(expressions(of=[autograd.Multiply]))
