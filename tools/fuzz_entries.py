"""Call everything public with arguments that nobody should give, in processes that a crash would end.

    python tools/fuzz_entries.py --count 20000
    python tools/fuzz_entries.py --first 17 --count 1     one call, told before it is made

Call number n is drawn by `random.Random(n)`: an entry (a function, class or method of the three packages, a transform
called in turn, an operator) and its arguments: objects whose methods lie or raise, subclasses of lists and floats
that do, huge numbers, containers that hold themselves, arrays of every type, nodes of runs that are over, compiled
objects that nobody initialised. It must end soon, in a result or an error of a sensible kind, and leave no mode
entered, no gradient changed and the engine right. The exit status is 1 if a call did not.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import decimal  # noqa: F401 - for the expressions below
import fractions  # noqa: F401 - for the expressions below
import functools
import gc
import inspect
import io
import json
import math
import operator
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import types  # noqa: F401 - for the expressions below
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))

import numpy as np  # noqa: E402

import autograd  # noqa: E402
import autograd.implicit  # noqa: E402
import autograd.testing  # noqa: E402
import layers  # noqa: E402
import viz  # noqa: E402
from autograd import Node, Variable, grad, jit, vmap  # noqa: E402, F401
from autograd.graph.modes import STATE, Mode, current_mode  # noqa: E402
from autograd.program.program import Program  # noqa: E402
from tools.search_programs import Watchdog  # noqa: E402

__all__ = ["fuzz"]

# Of the processor's time: beside other work a call of two seconds may take twenty. What waits is ended by a watchdog.
SECONDS = 20
# Not an answer to any argument: signs of a fault within.
FAULTS = (SystemError, AssertionError, UnboundLocalError, NameError)


class Lie(Exception):
    """Raised by objects that answer no question."""


class Hang(BaseException):
    """A call took longer than any may."""


def raising(*_: Any, **__: Any) -> Any:
    raise Lie


# What a method may give besides raising: the wrong type, too much, too little, itself.
ANSWERS: list[Callable[[Any], Any]] = [
    lambda _: None,
    lambda _: -1,
    lambda _: 10**400,
    lambda _: "text",
    lambda self: self,
    lambda self: [self],
    lambda _: math.nan,
    lambda _: (1.0, 2.0),
    lambda _: iter([1.0]),
    lambda _: NotImplemented,
    lambda _: True,
    lambda _: 3,
]
METHODS = """
__len__ __iter__ __eq__ __hash__ __float__ __int__ __index__ __array__ __array_ufunc__ __array_function__ __bool__
__call__ __getattr__ __repr__ __str__ __format__ __getitem__ __contains__ __lt__ __gt__ __neg__ __add__ __radd__
__mul__ __rmul__ __pow__ __rpow__ __abs__ __round__ __reduce_ex__ __deepcopy__ __fspath__ __enter__ __exit__ __get__
__instancecheck__ keys items values apply_primitive choose map flatten to_dict named_parameters __next__ __missing__
__setitem__
""".split()  # noqa: SIM905
ATTRIBUTES = """
__class__ __dict__ dtype shape ndim size T value grad parents op name fun __name__ __wrapped__ __self__ __module__
__array_interface__ __array_priority__ __array_struct__ __dataclass_fields__ _fields __code__ __closure__
inputs layers
""".split()  # noqa: SIM905


def liar(draw: random.Random) -> Any:
    """An object of a class of its own, with a few methods and attributes that lie or raise."""
    base = draw.choice([object, object, object, float, int, list, tuple, dict, str, np.ndarray, set])

    def answer() -> Callable[..., Any]:
        found = draw.choice([raising, *ANSWERS])
        return lambda self, *_, **__: found(self)

    body: dict[str, Any] = {name: answer() for name in draw.sample(METHODS, draw.randint(1, 4))}
    for name in draw.sample(ATTRIBUTES, draw.randint(0, 2)):
        body[name] = property(answer()) if draw.random() < 0.7 else draw.choice(ANSWERS)(None)
    if draw.random() < 0.1:
        body["__del__"] = lambda self: grad(lambda t: t * t)(1.0)
    try:
        kind = type("Liar", (base,), body)
        if base is np.ndarray:
            return np.ones(2).view(kind)
        return kind([1.0, 2.0]) if base in (list, tuple, set) else kind("1") if base is str else kind()
    except Exception:
        return type("Liar", (), {name: one for name, one in body.items() if name in METHODS})()


def factories(text: str) -> list[Callable[[], Any]]:
    """A function that makes the object of each expression in a text, which semicolons end."""
    return [eval(f"lambda: {one.strip()}", globals()) for one in text.split(";")]


def holding_itself() -> Any:
    ring: list[Any] = [1.0]
    ring.append(ring)
    return ring


def mapping_of_itself() -> Any:
    ring: dict[str, Any] = {"a": 1.0}
    ring["b"] = (ring,)
    return ring


def array_of_itself() -> Any:
    ring = np.empty(2, dtype=object)
    ring[:] = [1.0, ring]
    return ring


def without_rings(given: Any, depth: int = 5) -> Any:
    """An argument with others in place of arrays that hold themselves; `value` draws no deeper lists of them."""
    if type(given) is list and depth:
        return [without_rings(one, depth - 1) for one in given]
    ring = type(given) is np.ndarray and any(one is given for one in given.ravel().tolist())
    return np.array([None, 1.0]) if ring else given


def nested(depth: int, around: Callable[[Any], Any]) -> Any:
    inner: Any = 1.0
    for _ in range(depth):
        inner = around(inner)
    return inner


def leaked(through: Callable[..., Any]) -> Any:
    """A node of a run that is over."""
    kept: list[Any] = []

    def function(x: Any) -> Any:
        kept.append(x * x)
        return x * 2.0

    through(function)(1.5)
    return kept[0]


def long_chain() -> Any:
    y = Variable(0.5)
    for _ in range(20_000):
        y = y * 0.999 + 0.001
    return y


def closed_file() -> Any:
    with open(os.devnull) as file:
        return file


def released() -> Any:
    view = memoryview(b"12345678")
    view.release()
    return view


def running_generator() -> Any:
    found = (one for one in [1.0, 2.0])
    next(found)
    return found


@functools.cache
def compiled_classes() -> list[type]:
    """The classes of the engine that can be made without being initialised."""
    found = [type(Variable(1.0)), type(Variable(1.0) * 2.0), autograd.Constant, type(jit(abs)), Program]
    for name, module in sorted(sys.modules.items()):
        if name.startswith("autograd."):
            found += [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == name]
    return list(dict.fromkeys(found))


def bare(draw: random.Random) -> Any:
    """An object that nobody initialised."""
    kind = draw.choice(compiled_classes())
    try:
        return kind.__new__(kind)
    except TypeError:
        return kind


VALUES = factories(
    r"""
None; 0; -1; True; 2**63; 10**400; -(10**5000); 1.0; -0.0; math.nan; math.inf; 5e-324; 1j;
decimal.Decimal("1e999999"); fractions.Fraction(1, 3); ""; "a\0\ud800\x1b[2J\n"; "x" * 100_000; b"12345678";
bytearray(8); memoryview(b"1234"); released(); closed_file(); running_generator(); (one for one in ());
iter([1.0, Variable(2.0)]); range(1000); {1.0, 2.0}; frozenset([1.0]); []; (); {}; [1.0, 2.0];
(1.0, [2.0, {"a": 3.0}]); {"a": 1.0, 1: 2.0}; {None: Variable(1.0)}; Ellipsis; NotImplemented; object(); object;
types; threading.Lock(); io.StringIO("1"); Path("nothing"); ValueError("1"); holding_itself(); mapping_of_itself();
array_of_itself(); nested(40_000, lambda a: [a]); nested(1_000, lambda a: {"a": a}); np.float64(1.5);
np.float32(1.5); np.longdouble(1.5); np.int8(-3); np.bool_(True); np.datetime64("2020"); np.complex128(1j);
np.str_("a"); np.void(b"12"); np.array(1.0); np.ones(3); np.ones((2, 2)); np.ones((0, 3)); np.ones(3, dtype=">f8");
np.ones(3, dtype=bool); np.ones(3, dtype="f4,i4"); np.array(["a"]); np.array([1j]); np.array([None, 1.0]);
np.ones(4)[::-2]; np.broadcast_to(1.0, (50, 50)); np.ones(3, dtype=np.float16); np.arange(3);
np.ma.array([1.0, 2.0], mask=[0, 1]); np.matrix([[1.0]]); np.array([Variable(1.0), 2.0], dtype=object);
np.ones((1,) * 20); np.full(3, np.nan); Variable(1.0); Variable(math.nan); Variable(1.0) * 2.0;
autograd.Constant(1.0); long_chain(); autograd.array([Variable(1.0), Variable(2.0)]); leaked(jit); leaked(grad);
[Variable(1.0), [Variable(2.0)]]; autograd.Exp; autograd.no_grad(); autograd.strict(); jit(lambda *a: a[0]);
vmap(abs); grad(abs); jit(lambda x: x * x).bind(1.0); layers.Dense(2, 1, seed=0);
layers.Sequential(layers.Dense(2, 1), seed=0); viz.draw(Variable(1.0) * 2.0);
Program(1, [], ["exp"], [0], [0, 1], [0], [1]); autograd.scope("a")
"""
)
FUNCTIONS: list[Callable[..., Any]] = [
    make()
    for make in factories(
        r"""
lambda *a, **k: 1.0; lambda x: x; lambda x: x * x; lambda *a: a; lambda *a: a[0]; lambda x: {"a": x, "b": [x, 2.0]};
raising; lambda *a: None; lambda *a: "text"; lambda *a: holding_itself(); lambda *a: np.ones(3);
lambda *a: (one for one in a); abs; len; int; float; list; lambda x: grad(lambda t: t * x)(x);
lambda x: jit(lambda t: t * x)(x); lambda x: x.value; lambda x: float(x); lambda x: {x: 1.0};
lambda x: [x] if x > 0 else x; lambda x, y: x + y; lambda x, y: autograd.where(x > y, x, y);
lambda x: (x, holding_itself()); autograd.sin; functools.partial(operator.mul, 2.0); lambda *a: FUNCTIONS[0];
lambda x: autograd.stop_gradient(x); lambda *a: sys.setprofile(None); lambda x: autograd.no_grad().__enter__() and x;
lambda x: x if threading.Thread(target=lambda: x * x).start() else x
"""
    )
]


def value(draw: random.Random) -> Any:
    """An argument."""
    chance = draw.random()
    if chance < 0.15:
        return liar(draw)
    if chance < 0.2:
        return bare(draw)
    if chance < 0.3:
        return draw.choice(FUNCTIONS)
    if chance < 0.4:
        return draw.choice([1.0, 0.5, [0.5, 2.0], np.array([0.5, 2.0]), Variable(0.5), 2])
    if chance < 0.45:
        return [value(draw) for _ in range(draw.randint(1, 2))]
    if chance < 0.48:
        return {draw.choice(["a", 1, None]): value(draw)}
    return draw.choice(VALUES)()


# Their work is not in the arguments, or it is to wait, to write files or to show windows.
LEFT_OUT = {"cache_machine_code", "show", "play", "engines"}


@functools.cache
def entries() -> list[tuple[str, Any]]:
    """Everything public that can be called, by name."""
    found: list[tuple[str, Any]] = []
    for module in (autograd, autograd.implicit, autograd.testing, layers, viz):
        for name in getattr(module, "__all__", dir(module)):
            one = getattr(module, name, None)
            if callable(one) and not name.startswith("_") and name not in LEFT_OUT:
                found.append((f"{module.__name__}.{name}", one))
    found += [("Program", Program), ("Program.from_bytes", Program.from_bytes)]
    for name in operator.__all__:
        one = getattr(operator, name)
        if callable(one) and name not in ("countOf", "indexOf", "concat", "iconcat", "contains"):
            found.append((f"operator.{name}", one))
    return sorted(found, key=lambda pair: pair[0])


SUBJECTS = factories(
    r"""
Variable(1.5, name="x"); Variable(1.5) * Variable(2.0); autograd.Constant(1.0); autograd.Exp; jit(lambda x: x * x);
vmap(lambda x: x * x); jit(lambda x: x[0] * 2.0).bind(np.ones(2)); grad(lambda x: x * x);
Program(1, [], ["exp"], [0], [0, 1], [0], [1]); autograd.array([Variable(1.0), 2.0]); layers.Dense(2, 1, seed=0);
layers.Sequential(layers.Dense(2, 1), seed=0); autograd.no_grad(); viz.draw(Variable(1.0) * 2.0);
autograd.value_and_grad(lambda x: x * x); autograd.hessian(lambda x: x * x); autograd.jacobian(lambda x: x);
vmap(lambda w, x: w * x, in_axes=(None, 0), reduce="sum"); jit(grad(lambda x: x * x if x > 0 else x));
autograd.Primitive("fuzzed", lambda x: x * x, lambda x, out: 2.0 * x, registered=False); autograd.source_lines()
"""
)


class Call:
    """A call that was drawn."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(seed)
        self.again: list[list[Any]] = []
        if draw.random() < 0.4:
            subject = draw.choice(SUBJECTS)()
            names = [
                name
                for name in dir(type(subject))
                if name not in ("__class__", "__del__", "__subclasshook__", *LEFT_OUT)
            ]
            name = draw.choice([*names, "__call__"])
            self.name = f"{type(subject).__name__}.{name}"
            self.target: Any = functools.partial(self.of_subject, subject, name)
            described = None
            with contextlib.suppress(Exception):
                described = getattr(subject, name)
        else:
            self.name, self.target = draw.choice(entries())
            described = self.target
        # Half of the time what a transform or a compiler takes first: a function.
        self.args = [draw.choice(FUNCTIONS)] if draw.random() < 0.4 else []
        # As many as it takes, mostly.
        wanted = required(described) - len(self.args) if draw.random() < 0.8 else draw.randint(0, 3)
        self.args += [value(draw) for _ in range(wanted)]
        if self.name.startswith("operator.") and not any(issubclass(type(one), Node) for one in self.args):
            # NumPy's own arithmetic of an array that holds itself has no end, and ends the process.
            self.args = [without_rings(one) for one in self.args]
        self.options = {}
        if draw.random() < 0.3:
            names = self.parameters()
            self.options = {draw.choice(names): value(draw) for _ in range(draw.randint(1, 2))} if names else {}
        self.again = [[value(draw) for _ in range(draw.choice((1, 1, 2)))] for _ in range(2)]

    @staticmethod
    def of_subject(subject: Any, name: str, *args: Any, **options: Any) -> Any:
        found = getattr(subject, name)
        return found(*args, **options) if callable(found) else setattr(subject, name, *args[:1])

    def parameters(self) -> list[str]:
        """The names of the entry's parameters."""
        try:
            return [name for name in inspect.signature(self.target).parameters if name not in ("args", "kwargs")]
        except (TypeError, ValueError):
            return ["axis", "name", "dtype", "out"]

    def run(self) -> Any:
        """Make the call; a function that it gives is called in turn, and so on."""
        found = self.target(*self.args, **self.options)
        for args in self.again:
            if inspect.isclass(found) or not callable(found):
                break
            found = found(*args)
        return repr(found) if draw_text(found) else found


def required(target: Any) -> int:
    """The number of arguments that something needs."""
    if isinstance(target, autograd.Primitive):
        return target.arity or 2
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError, Lie):
        return 1
    needed = [
        one
        for one in parameters
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    return len(needed) or int(any(one.kind == one.VAR_POSITIONAL for one in parameters))


def draw_text(found: Any) -> bool:
    """Whether a result is one of ours, whose text has to work too."""
    return type(found).__module__.partition(".")[0] in ("autograd", "layers", "viz")


CANARY = Variable(3.0)
CANARY.grad = 7.0
canary_compiled = jit(lambda x: x * x + autograd.sin(x))
canary_value = canary_compiled(0.5)


def in_order() -> str:
    """What a call left in disorder; empty if nothing."""
    gc.collect(0)
    if STATE.entered or current_mode() != Mode():
        gc.collect()
    if STATE.entered or current_mode() != Mode():
        return f"{STATE.entered} modes are entered"
    if (CANARY.value, CANARY.grad) != (3.0, 7.0):
        return "a node that was not given is changed"
    x = Variable(2.0)
    (x * x + autograd.exp(x)).backward()
    if x.grad != 4.0 + math.exp(2.0) or grad(lambda t: t * t)(3.0) != 6.0 or canary_compiled(0.5) != canary_value:
        return "the engine computes something else"
    return ""


def outcome_of(seed: int) -> tuple[str, str]:
    """How a call ended, and its trouble if it is one."""
    call = Call(seed)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            call.run()
        end = "a result"
    except Lie:
        end = "the object's own error"
    except Hang:
        return "hang", f"{call.name} takes more than {SECONDS} seconds"
    except (Exception, SystemExit, GeneratorExit) as error:
        end = type(error).__name__
        if isinstance(error, FAULTS) and not isinstance(error, autograd.AutogradError):
            return end, f"{call.name}: {type(error).__name__}: {str(error)[:200]}"
    del call
    trouble = in_order()
    return end, trouble and f"afterwards {trouble}"


def work(first: int, count: int, tell: bool) -> None:
    """Make calls one after the other, and say how each ended, one line of JSON each."""
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def ring(number: int, frame: Any) -> None:
        raise Hang

    signal.signal(signal.SIGPROF, ring)
    sys.unraisablehook = lambda _: None
    threading.excepthook = lambda _: None
    warnings.simplefilter("ignore")
    watchdog = Watchdog()
    for seed in range(first, first + count):
        print(json.dumps({"begun": seed}), file=lines, flush=True)
        if tell:
            call = Call(seed)
            with contextlib.suppress(Exception):
                print(
                    call.name, [type(one) for one in call.args], call.options, call.again, file=sys.stderr, flush=True
                )
        watchdog.watch(6 * SECONDS)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            end, trouble = outcome_of(seed)
        except Hang:
            end, trouble = "hang", f"call {seed} takes more than {SECONDS} seconds"
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        print(json.dumps({"seed": seed, "end": end, "trouble": trouble}), file=lines, flush=True)


def fuzz(first: int, count: int, tell: bool = False) -> tuple[collections.Counter[str], list[str]]:
    """How so many calls ended, and the trouble that they made."""
    ends: collections.Counter[str] = collections.Counter()
    troubles = []
    end = first + count
    with tempfile.TemporaryDirectory() as folder:
        while first < end:
            count = min(end - first, 2_000)
            command = [sys.executable, "-X", "faulthandler", str(PROJECT / "tools" / "fuzz_entries.py")]
            command += ["--first", str(first), "--count", str(count), "--work", *["--tell"] * tell]
            with subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                cwd=folder, errors="backslashreplace",
            ) as worker:  # fmt: skip
                said: list[str] = []
                reader = threading.Thread(target=lambda worker=worker, said=said: said.append(worker.stderr.read()))
                reader.start()
                begun = None
                for text in worker.stdout:
                    line = json.loads(text)
                    begun = line.get("begun")
                    if begun is None:
                        first = line["seed"] + 1
                        ends[line["end"]] += 1
                        troubles += [f"call {line['seed']}: {line['trouble']}"] * bool(line["trouble"])
                reader.join()
            if tell:
                print(*said)
            if begun is not None or worker.wait():
                ends["crash"] += 1
                troubles.append(f"call {begun}: the process ended with {worker.returncode}\n{said[0][-1500:]}")
                first = (first if begun is None else begun) + 1
    return ends, troubles


def main() -> int:
    """Fuzz as the command line says; 1 if there was trouble."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--work", action="store_true", help="print lines of JSON, as a process of the search")
    parser.add_argument("--tell", action="store_true", help="tell each call before it is made")
    given = parser.parse_args()
    if given.work:
        work(given.first, given.count, given.tell)
        return 0
    ends, troubles = fuzz(given.first, given.count, given.tell or given.count == 1)
    print(f"{ends.total():,} calls: " + ", ".join([f"{end} {count:,}" for end, count in ends.most_common()]))
    print(*troubles, sep="\n")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
