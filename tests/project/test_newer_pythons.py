"""What functions are written with in Pythons newer than 3.11, each from its Python on."""

from __future__ import annotations

import functools
import operator
import pathlib
import sys

import pytest

import autograd
import viz
from autograd import Primitive, Variable, grad, hessian, implicit, jacobian, jit, to_c, value_and_grad, vmap
from autograd.program.recording.surroundings import surroundings_of
from layers import Layer

# How a function `f` of x reads a 2.0 from outside, and how it becomes 5.0, by what is new in that; with the Python that
# can compile it.
READ = {
    "a comprehension, in which x is one of the function's own variables": (
        (3, 11), "K = 2.0\ndef f(x): return sum([x * K for _ in range(1)])", "K = 5.0",
    ),
    "a function in a comprehension": (
        (3, 11),
        "def around(k):\n"
        "    def f(x): return sum([(lambda: x * k + i)() for i in range(1)])\n"
        "    def put(value):\n        nonlocal k\n        k = value\n"
        "    return f, put\n"
        "f, put = around(2.0)",
        "put(5.0)",
    ),
    "a comprehension in a class": (
        (3, 11),
        "K = 2.0\ndef f(x):\n    class C:\n        k = [K for _ in range(1)]\n    return x * C.k[0]",
        "K = 5.0",
    ),
    "a variable set in a comprehension": (
        (3, 11), "K = 2.0\ndef f(x): return [y for _ in range(1) if (y := x * K) is not None][0]", "K = 5.0",
    ),
    "super": (
        (3, 11),
        "class A:\n    k = 2.0\n"
        "class B(A):\n    k = 3.0\n    def scaled(self, x): return x * super().k\n"
        "b = B()\ndef f(x): return b.scaled(x)",
        "A.k = 5.0",
    ),
    "a whole number": ((3, 11), "K = 2\ndef f(x): return x * K", "K = 5"),
    "attributes by their dict": (
        (3, 11), "class A: pass\na = A()\na.k = 2.0\nheld = a.__dict__\ndef f(x): return x * held['k']", "a.k = 5.0",
    ),
    "a dict that becomes that of an object": (
        (3, 11), "class A: pass\na = A()\na.k = 2.0\ndef f(x): return x * a.k", "a.__dict__ = {'k': 5.0}",
    ),
    "a class that was looked at for its annotations": (
        (3, 11),
        "class A:\n    k: float = 2.0\na = A()\ndef f(x): return x * a.k * len(A.__annotations__)", "A.k = 5.0",
    ),
    "the attributes of a class with its arguments": (
        (3, 11),
        "import typing\nT = typing.TypeVar('T')\nclass A(typing.Generic[T]): k = 2.0\nAlias = A[float]\n"
        "def f(x): return x * Alias.k",
        "A.k = 5.0",
    ),
    "a generic function": ((3, 12), "K = 2.0\ndef f[T](x: T) -> T: return x * K", "K = 5.0"),
    "a generic function that reads its argument": (
        (3, 12),
        "def around(k):\n"
        "    def f[T: float](x: T) -> T: return x * k if T else x\n"
        "    def put(value):\n        nonlocal k\n        k = value\n"
        "    return f, put\n"
        "f, put = around(2.0)",
        "put(5.0)",
    ),
    "a generic class": (
        (3, 12),
        "class A[T]:\n    k = 2.0\n    def scaled(self, x: T) -> T: return x * self.k\n"
        "a = A[float]()\ndef f(x): return a.scaled(x)",
        "A.k = 5.0",
    ),
    "a generic class within": (
        (3, 12),
        "K = 2.0\ndef f(x):\n"
        "    class A[T]:\n        k = K\n        def scaled(self, y: T) -> T: return y * self.k\n"
        "    return A().scaled(x)",
        "K = 5.0",
    ),
    "a type alias": ((3, 12), "K = 2.0\ndef f(x):\n    type Alias = K\n    return x * Alias.__value__", "K = 5.0"),
    "quotes within quotes": ((3, 12), "D = {'k': 2.0}\ndef f(x): return x * float(f'{D['k']}')", "D['k'] = 5.0"),
    "the default of a type": (
        (3, 13),
        "K = 2.0\ndef f(x):\n    def inner[T = K](): pass\n    return x * inner.__type_params__[0].__default__",
        "K = 5.0",
    ),
    "copy.replace": (
        (3, 13),
        "import copy, dataclasses\n@dataclasses.dataclass(frozen=True)\nclass A:\n    k: float = 2.0\n"
        "a = A()\ndef f(x): return x * a.k",
        "a = copy.replace(a, k=5.0)",
    ),
    "a dataclass with types that there are not": (
        (3, 14),
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    k: Nowhere\n    scale = 2.0\n"
        "a = A(1.0)\ndef f(x: Nowhere) -> Nowhere: return x * a.k * a.scale",
        "A.scale = 5.0",
    ),
    "a template string": ((3, 14), "K = 2.0\ndef f(x): return x * t'{K}'.interpolations[0].value", "K = 5.0"),
    "a partial with a place left free": (
        (3, 14),
        "import functools\nheld = [2.0]\nf = functools.partial(lambda a, b: a * b[0], functools.Placeholder, held)",
        "held[0] = 5.0",
    ),
}  # fmt: skip


def program(source):
    """The variables of a program that is run as one of the user's."""
    variables = {"__name__": "__main__"}
    exec(compile(source, "<user>", "exec", dont_inherit=True), variables)
    return variables


@pytest.mark.parametrize("transform", [jit, lambda f: jit(grad(f))], ids=["jit", "grad"])
@pytest.mark.parametrize("case", [name for name, (least, *_) in READ.items() if sys.version_info >= least])
def test_what_a_function_reads_from_outside_is_noticed_when_it_changes(case, transform):
    _, source, change = READ[case]
    variables = program(source)
    function = transform(variables["f"])
    assert [function(1.0), function(1.0)] == [2.0, 2.0]
    exec(change, variables)
    assert [function(1.0), function(1.0)] == [5.0, 5.0]


# Since 3.14 annotations are run when they are asked for, and may name what there is for type checkers alone.
LATE = "" if sys.version_info >= (3, 14) else "from __future__ import annotations\n"
USES = {
    "grad": lambda f: grad(f)(3.0),
    "grad by name": lambda f: grad(f, argnames="x")(3.0, scale=1.0),
    "value_and_grad": lambda f: value_and_grad(f)(3.0)[1],
    "jacobian": lambda f: jacobian(f)(3.0),
    "hessian": lambda f: hessian(f)(3.0) + 1.0,
    "jit": lambda f: jit(f)(1.0),
    "vmap": lambda f: vmap(f)([1.0])[0],
    "to_c": lambda f: "double x" in to_c(f, 1.0, name="scaled").source,
    "a primitive": lambda f: Primitive("of_late_annotations", f, [f])(1.0),
    "a solver": lambda f: implicit.root(lambda y, x, scale: y - x * scale)(f)(1.0, 1.0),
    "an equation": lambda f: implicit.root(f)(lambda scale: 0.0)(1.0) + 1.0,
    "draw": lambda f: bool(viz.draw(f, 1.0)),
}


@pytest.mark.parametrize("use", USES)
def test_annotations_of_a_function_may_name_what_there_is_not(use):
    f = program(f"{LATE}def f(x: Nowhere, scale: NorHere = 1.0) -> Nowhere: return x * scale")["f"]
    assert USES[use](f) == 1.0


def test_annotations_of_a_layer_may_name_what_there_is_not():
    source = (
        "class Scaled(Layer):\n"
        "    def __init__(self, scale: Nowhere = 2.0, *, name: NorHere = None):\n"
        "        super().__init__(name=name)\n        self.scale = scale\n"
        "    def compute(self, x: Nowhere) -> Nowhere: return {'out': x * self.scale}\n"
    )
    variables = {"__name__": "__main__", "Layer": Layer}
    exec(compile(LATE + source, "<user>", "exec", dont_inherit=True), variables)
    assert variables["Scaled"].inputs == ("x",)
    assert variables["Scaled"](3.0)(1.0) == 3.0


def test_annotations_of_a_class_are_nothing_that_a_function_reads():
    source = "N = 1\nclass A:\n    n: N\n    def scaled(self, x): return 2.0 * x\na = A()\ndef f(x): return a.scaled(x)"
    variables = program(source)
    surroundings = surroundings_of(variables["f"])
    state = surroundings.state()
    variables["N"] = 2
    assert surroundings.state() is state


def test_pythons_sum_of_nodes_is_that_of_a_loop_and_ours_is_rounded_once():
    tenths = [0.1] * 10
    by_turns = functools.reduce(operator.add, tenths)
    # Python's own, of floats, is that of a loop up to 3.11, and 1.0 from 3.12 on.
    assert sum(tenths) == (1.0 if sys.version_info >= (3, 12) else by_turns)
    assert sum(Variable(x) for x in tenths).value == jit(sum)(tenths) == by_turns == 1.0 - 2.0**-53
    assert autograd.sum(tenths) == autograd.sum([Variable(x) for x in tenths]).value == jit(autograd.sum)(tenths) == 1.0


def test_equal_paths_are_the_same_argument():
    function = jit(lambda x, path: x * len(path.parts))
    assert [function(1.0, pathlib.Path("a/b")) for _ in range(3)] == [2.0] * 3
    assert len(function.paths) == 1
