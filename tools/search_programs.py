"""Run random programs by plain floats, eager nodes, `jit`, `vmap` and their derivatives, and compare.

    python tools/search_programs.py python --count 1000          programs of Python's features
    python tools/search_programs.py numpy --count 1000           programs over NumPy's functions
    python tools/search_programs.py python --first 17 --count 1  one of them, printed

Program number n is drawn by `random.Random(n)`. Each is run in four calls, the first of them twice. A way is *right*
if it gives what plain floats give, *refused* if it raises one of the package's errors, *loud* if it raises another
one that plain floats don't, *wrong* if it gives something else without a word, crashes or hangs; it is *undecided*
where plain floats raise an error of arithmetic, or themselves jump beside the point. Of what is loud or wrong,
examples are made as small as they get and printed, as programs that run. Programs run in processes of their own, so
that a crash or a hang is a finding like any other.
"""

from __future__ import annotations

import argparse
import ast
import collections
import contextlib
import faulthandler
import functools
import io
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))

import numpy as np  # noqa: E402

import autograd  # noqa: E402
from autograd import AutogradError, Node, Variable, grad, jit, jvp, vmap  # noqa: E402
from autograd.graph.node import value_of, varies  # noqa: E402

__all__ = ["Finding", "examine", "search", "smallest"]

SECONDS = 30
HANGS = f"more than {SECONDS} seconds"
VERDICTS = ("right", "refused", "undecided", "loud", "wrong")
SHOWN = ("wrong", "loud", "refused")
MACHINE_CODE = autograd.compiled and find_spec("llvmlite") is not None
# So many programs of each kind of what is wrong are made small.
EXAMPLES = 40


class Case(NamedTuple):
    """A program: the text before it, its own, and its calls."""

    prelude: str
    source: str
    calls: Sequence[tuple[Any, ...]]


class Finding(NamedTuple):
    """The verdict on one way of running a program, and the kind of what was found."""

    way: str
    verdict: str
    kind: str


class Hang(BaseException):
    """A program took longer than any may."""


def draw_case(kind: str, seed: int) -> Case:
    """The program of this number."""
    if kind == "python":
        from tools import random_python as drawn
    else:
        from tools import random_numpy as drawn  # type: ignore[no-redef]
    draw = random.Random(seed)
    return Case(drawn.PRELUDE, drawn.draw_program(draw), drawn.draw_arguments(draw))


@functools.cache
def names_of(prelude: str) -> dict[str, Any]:
    """The names that the text before a program defines."""
    known: dict[str, Any] = {}
    exec(compile(prelude, "<prelude>", "exec"), known)
    return known


def compiled_program(case: Case) -> Callable[..., Any]:
    """The function of a case."""
    known = dict(names_of(case.prelude))
    exec(compile(case.source, "<program>", "exec"), known)
    program: Callable[..., Any] = known["program"]
    return program


def leaves_of(tree: Any) -> Iterator[Any]:
    """The numbers and nodes of a result, in order."""
    if isinstance(tree, dict):
        for key in tree:
            yield from leaves_of(tree[key])
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from leaves_of(part)
    elif isinstance(tree, np.ndarray):
        yield from tree.ravel().tolist() if tree.ndim else [tree[()]]
    else:
        yield tree


def floats_of(tree: Any) -> list[float]:
    """The numbers of a result."""
    return [float(leaf.value if isinstance(leaf, Node) else leaf) for leaf in leaves_of(tree)]


def shape_of(tree: Any) -> Any:
    """The containers of a result: rows of `vmap` have the same."""
    if isinstance(tree, dict):
        return {key: shape_of(part) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        return [shape_of(part) for part in tree]
    return np.shape(tree) if not isinstance(tree, Node) else ()


def loss_of(program: Callable[..., Any]) -> Callable[..., Any]:
    """The function whose one result depends on all of a program's results."""

    def loss(*args: Any) -> Any:
        total: Any = 0.0
        for place, leaf in enumerate(leaves_of(program(*args))):
            total = total + (1.0 + 0.25 * place) * leaf
        return total

    return loss


def is_number(argument: Any) -> bool:
    """Whether an argument may be differentiated."""
    return isinstance(argument, float) or (isinstance(argument, np.ndarray) and argument.dtype == float)


def moved(args: Sequence[Any], direction: Sequence[Any], by: float) -> list[Any]:
    """The arguments a step further."""
    return [one + by * step if is_number(one) else one for one, step in zip(args, direction, strict=True)]


def direction_of(args: Sequence[Any]) -> list[Any]:
    """A direction in which to differentiate."""
    draw = random.Random(1)
    return [
        np.array([draw.uniform(0.5, 1.0) for _ in range(one.size)]).reshape(one.shape)
        if isinstance(one, np.ndarray)
        else draw.uniform(0.5, 1.0)
        for one in args
    ]


def as_nodes(argument: Any) -> Any:
    """An argument with Variables in place of its numbers."""
    if isinstance(argument, np.ndarray) and argument.dtype == float:
        nodes = np.empty(argument.shape, dtype=object)
        for place, number in np.ndenumerate(argument):
            nodes[place] = Variable(float(number))
        return autograd.array(nodes)
    return Variable(argument) if isinstance(argument, float) else argument


def slopes_of(nodes: Sequence[Any]) -> list[float]:
    """The gradients of all Variables among arguments."""
    return [leaf.grad for leaf in leaves_of(list(nodes)) if isinstance(leaf, Node)]


def general(message: str) -> str:
    """A message without what differs from program to program."""
    message = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", message.split("\n", maxsplit=1)[0])
    return re.sub(r"0x[0-9a-f]+|-?\d+(\.\d+)?(e-?\d+)?", "#", re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "(…)", message))[:110]


def close(found: Sequence[float], wanted: Sequence[float], allowed: float) -> bool:
    """Whether numbers are the same up to rounding."""
    return len(found) == len(wanted) and all(
        (a != a and b != b) or a == b or abs(a - b) <= allowed * max(1.0, abs(b))
        for a, b in zip(found, wanted, strict=True)
    )


class Examination:
    """The comparison of all ways to run one program."""

    def __init__(self, case: Case, machine_code: bool) -> None:
        self.program = compiled_program(case)
        self.source = case.source
        self.calls = case.calls
        self.machine_code = machine_code
        self.findings: list[Finding] = []
        # Whether plain floats come to an end.
        self.ends = False

    def attempt(self, function: Callable[..., Any], *args: Any) -> tuple[Any, BaseException | None]:
        """The result, or the error."""
        try:
            return function(*args), None
        except Exception as error:
            return None, error

    def judge(
        self, way: str, run: Callable[[], list[float]], wanted: Sequence[float], allowed: float,
        undecided: Callable[[], bool],
    ) -> None:  # fmt: skip
        """Note what a way gives in place of the wanted numbers."""
        found, error = self.attempt(run)
        if isinstance(error, AutogradError):
            self.findings.append(Finding(way, "refused", f"{type(error).__name__}: {general(str(error))}"))
        elif error is not None:
            self.findings.append(Finding(way, "loud", f"{type(error).__name__}: {general(str(error))}"))
        elif close(found, wanted, allowed):
            self.findings.append(Finding(way, "right", ""))
        elif undecided():
            self.findings.append(Finding(way, "undecided", ""))
        else:
            self.findings.append(Finding(way, "wrong", "another number"))

    def run(self) -> list[Finding]:
        """All findings."""
        plain = [self.attempt(self.program, *call) for call in self.calls]
        self.ends = True
        # NumPy's truths are no indices, those of nodes are.
        if any(isinstance(error, ArithmeticError) or "numpy.bool" in str(error) for _, error in plain):
            return [Finding("all", "undecided", "")]
        values = []
        for result, error in plain:
            try:
                values.append(None if error is not None else floats_of(result))
            except (TypeError, ValueError):
                return [Finding("all", "undecided", "")]
        tiers = ("vm", "llvm") if self.machine_code else ("vm",)
        fast = {tier: jit(self.program, tier=tier) for tier in tiers}
        ways: dict[str, Callable[..., Any]] = {"eager": self.eagerly} | {f"jit {tier}": fast[tier] for tier in tiers}
        for number, (call, (_, error)) in enumerate(zip(self.calls, plain, strict=True)):
            for way, function in ways.items():
                if error is not None:
                    self.judge_error(way, function, call, error)
                    continue
                self.judge(
                    way, lambda function=function, call=call: floats_of(function(*call)), values[number], 1e-9,
                    lambda call=call, number=number: self.jumps(call, values[number]),
                )  # fmt: skip
            if error is None and number == 0 and any(is_number(one) for one in call):
                self.derivatives(call, values[number], fast["vm"])
        if all(error is None for _, error in plain):
            self.rows([result for result, _ in plain], values)
        return self.findings

    def eagerly(self, *args: Any) -> Any:
        """The result on Variables."""
        return self.program(*[as_nodes(one) for one in args])

    def judge_error(self, way: str, function: Callable[..., Any], call: Sequence[Any], wanted: BaseException) -> None:
        """Note whether a way raises the error that plain floats raise."""
        _, error = self.attempt(function, *call)
        if type(error) is type(wanted):
            self.findings.append(Finding(way, "right", ""))
        elif isinstance(error, AutogradError):
            self.findings.append(Finding(way, "refused", f"{type(error).__name__}: {general(str(error))}"))
        else:
            got = "a result" if error is None else type(error).__name__
            verdict = "wrong" if error is None else "loud"
            self.findings.append(Finding(way, verdict, f"{got} for {type(wanted).__name__}: {general(str(wanted))}"))

    def jumps(self, call: Sequence[Any], value: Sequence[float]) -> bool:
        """Whether plain floats give something else right beside the point."""
        direction = direction_of(call)
        for by in (1e-12, -1e-12):
            result, error = self.attempt(self.program, *moved(call, direction, by))
            if error is not None or not close(floats_of(result), value, 1e-9):
                return True
        return not all(map(math.isfinite, value))

    def derivatives(self, call: Sequence[Any], value: Sequence[float], fast: Callable[..., Any]) -> None:
        """Compare the ways to the gradient with that of a sweep, and this with differences."""
        loss = loss_of(self.program)
        nodes = [as_nodes(one) for one in call]
        out, error = self.attempt(loss, *nodes)
        if error is not None:
            return
        if varies(out):
            out.backward()
        wanted = slopes_of(nodes)
        numbers = tuple([place for place, one in enumerate(call) if is_number(one)])
        slope = sum(a * b for a, b in zip(wanted, leaves_of([direction_of(call)[k] for k in numbers]), strict=True))

        def kinked() -> bool:
            return self.kinked(call)

        def judge(way: str, function: Callable[..., Any]) -> None:
            self.judge(way, lambda: floats_of(function(*call)), wanted, 1e-7, kinked)

        judge("grad", grad(loss, argnums=numbers))
        judge("jit of grad", jit(grad(loss, argnums=numbers), tier="vm"))
        judge("grad of jit", grad(loss_of(fast), argnums=numbers))
        self.judge("jvp", lambda: [self.forward(loss, call, numbers)], [slope], 1e-7, kinked)
        # A derivative that was dropped, and steps too small to be seen, are no slopes.
        if "stop_gradient" not in self.source and "round" not in self.source:
            self.judge("differences", lambda: [self.difference(call, slope)], [slope], 1e-3, kinked)

    def forward(self, loss: Callable[..., Any], call: Sequence[Any], numbers: Sequence[int]) -> float:
        """The derivative along the direction by forward mode."""
        direction = direction_of(call)

        def of_numbers(*given: Any) -> Any:
            args = list(call)
            for place, one in zip(numbers, given, strict=True):
                args[place] = one
            return loss(*args)

        return float(jvp(of_numbers, tuple([call[k] for k in numbers]), tuple([direction[k] for k in numbers]))[1])

    def difference(self, call: Sequence[Any], slope: float) -> float:
        """The difference quotient of plain floats; the slope itself where differences don't settle."""
        loss = loss_of(self.program)
        direction = direction_of(call)
        found = []
        for step in (1e-5, 5e-6):
            try:
                above, below, middle = [float(loss(*moved(call, direction, by))) for by in (step, -step, 0.0)]
            except Exception:
                return slope
            found += [(above - below) / (2 * step), (above - middle) / step, (middle - below) / step]
        scale = max(1.0, *map(abs, found))
        settled = all(math.isfinite(one) and abs(one - found[0]) < 2e-4 * scale for one in found)
        return found[0] if settled and abs(found[0] - slope) > 1e-3 * scale else slope

    def kinked(self, call: Sequence[Any]) -> bool:
        """Whether slopes are no measure here: not finite, or others right beside the point."""
        loss = loss_of(self.program)
        nodes = [as_nodes(one) for one in call]
        slopes = []
        for by in (0.0, 1e-10, -1e-10):
            nodes = [as_nodes(one) for one in moved(call, direction_of(call), by)]
            out, error = self.attempt(loss, *nodes)
            if error is not None:
                return True
            if varies(out):
                out.backward()
            slopes.append(slopes_of(nodes))
        return (
            not math.isfinite(value_of(out))
            or not all(map(math.isfinite, slopes[0]))
            or not (close(slopes[1], slopes[0], 1e-4) and close(slopes[2], slopes[0], 1e-4))
        )

    def rows(self, results: Sequence[Any], values: Sequence[Any]) -> None:
        """Compare with `vmap` over all calls."""
        if any(shape_of(result) != shape_of(results[0]) for result in results):
            return
        axes = tuple([0 if is_number(one) else None for one in self.calls[0]])
        columns = [
            np.array([call[place] for call in self.calls]) if axis == 0 else self.calls[0][place]
            for place, axis in enumerate(axes)
        ]
        wanted = [number for value in values for number in value]

        def mapped() -> list[float]:
            found = list(leaves_of_rows(vmap(self.program, in_axes=axes)(*columns), len(self.calls)))
            return [number for row in found for number in row]

        self.judge(
            "vmap", mapped, wanted, 1e-9,
            lambda: any(self.jumps(call, value) for call, value in zip(self.calls, values, strict=True)),
        )  # fmt: skip


def leaves_of_rows(tree: Any, count: int) -> Iterator[list[float]]:
    """The numbers of each row of a result."""
    for row in range(count):

        def of_row(part: Any, row: int = row) -> Any:
            if isinstance(part, dict):
                return {key: of_row(one) for key, one in part.items()}
            if isinstance(part, list | tuple):
                return [of_row(one) for one in part]
            return part[row]

        yield floats_of(of_row(tree))


def examine(case: Case, machine_code: bool = False) -> list[Finding]:
    """What each way to run a program is, quietly; `hang` for one that takes too long."""

    def ring(number: int, frame: Any) -> None:
        raise Hang

    usual = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            examination = Examination(case, machine_code)
            return examination.run()
    except Hang:
        # A program may have no end itself.
        return [Finding("all", "wrong" if examination.ends else "undecided", HANGS)]
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, usual)


def smaller(tree: ast.Module) -> Iterator[ast.Module]:
    """Programs with one statement or expression less."""
    text = ast.unparse(tree)
    count = sum(1 for _ in ast.walk(tree))
    for number in range(count):
        for way in range(6):
            copied = ast.parse(text)
            if Without(number, way).applied(copied):
                yield ast.fix_missing_locations(copied)


class Without:
    """The change that takes one node of a syntax tree away: a statement, or an expression for one inside of it."""

    def __init__(self, number: int, way: int) -> None:
        self.number = number
        self.way = way

    def applied(self, tree: ast.Module) -> bool:
        """Whether the tree was changed."""
        nodes = list(ast.walk(tree))
        node = nodes[self.number]
        for parent in nodes:
            for name, field in ast.iter_fields(parent):
                if field is node:
                    return self.replace(node, lambda new, parent=parent, name=name: setattr(parent, name, new))
                if isinstance(field, list) and any(one is node for one in field):
                    place = next(place for place, one in enumerate(field) if one is node)
                    if isinstance(node, ast.stmt):
                        return self.shorten(node, field, place)
                    return self.replace(node, lambda new, field=field, place=place: field.__setitem__(place, new))
        return False

    def shorten(self, node: ast.stmt, body: list[Any], place: int) -> bool:
        """Drop a statement, or put what is inside of it in its place."""
        inner = [getattr(node, name, None) for name in ("body", "orelse", "finalbody")]
        if self.way == 0 and len(body) > 1:
            del body[place]
            return True
        found = inner[self.way - 1] if 1 <= self.way <= 3 else None
        if isinstance(found, list) and found and not isinstance(node, ast.FunctionDef):
            body[place : place + 1] = found
            return True
        return False

    def replace(self, node: ast.AST, put: Callable[[Any], None]) -> bool:
        """Put one of the expressions inside of an expression in its place, or a short one."""
        if not isinstance(node, ast.expr) or isinstance(getattr(node, "ctx", None), ast.Store):
            return False
        inner = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
        if self.way < len(inner):
            put(inner[self.way])
            return True
        if self.way == 5 and not isinstance(node, ast.Name | ast.Constant):
            put(ast.Name("x", ast.Load()))
            return True
        return False


def smallest(case: Case, finding: Finding, machine_code: bool = False, most: int = 600) -> Case:
    """The case with as little as still gives this finding, after so many attempts."""
    attempts = 0
    found = True
    while found and attempts < most:
        found = False
        for tree in smaller(ast.parse(case.source)):
            attempts += 1
            if attempts > most:
                break
            try:
                # Not every tree is one of a program.
                source = ast.unparse(tree) + "\n"
                if len(source) >= len(case.source):
                    continue
                findings = examine(case._replace(source=source), machine_code)
            except Exception:
                continue
            if finding in findings:
                case, found = case._replace(source=source), True
                break
    return case


def runnable(case: Case, kind: str, finding: Finding) -> str:
    """A case as a file that runs and shows what was found."""
    arguments = ", ".join(
        [f"np.array({one.tolist()})" if isinstance(one, np.ndarray) else repr(one) for one in case.calls[0]]
    )
    return (
        f"# {finding.way}: {finding.verdict}, {finding.kind}\n"
        f"from tools.random_{kind} import PRELUDE\n"
        f"exec(PRELUDE)\n\n"
        f"{case.source}\n"
        f"print(program({arguments}))\n"
        f"print(jit(program)({arguments}))\n"
    )


def alike(source: str) -> str:
    """A program without its names and numbers: of those that are the same so, one is enough."""
    return re.sub(r"\b(v\d+|[a-z])\b", "v", re.sub(r"-?\d+(\.\d+)?", "#", source))


class Tally:
    """The numbers of programs and ways of each verdict, and small programs for what is loud or wrong."""

    def __init__(self) -> None:
        self.programs = 0
        self.ways: collections.Counter[tuple[str, str]] = collections.Counter()
        self.kinds: dict[str, collections.Counter[str]] = {one: collections.Counter() for one in SHOWN}
        self.examples: dict[str, str] = {}

    def add(self, line: dict[str, Any]) -> None:
        """Count what a worker found for one program."""
        self.programs += 1
        for way, verdict, kind in {tuple(finding) for finding in line["findings"]}:
            self.ways[way, verdict] += 1
            if verdict in SHOWN:
                self.kinds[verdict][f"{way}: {kind}"] += 1
        for name, example in line.get("examples", {}).items():
            self.examples.setdefault(name, f"# program {line['seed']}\n{example}")

    def wrong(self) -> int:
        """The number of programs that are wrong in one way, summed over ways."""
        return self.kinds["wrong"].total()

    def report(self) -> str:
        """The counts as tables, and the examples."""
        lines = [f"{self.programs:,} programs", ""]
        lines += [f"| way | {' | '.join(VERDICTS)} |", "|---" * (1 + len(VERDICTS)) + "|"]
        for way in dict.fromkeys(way for way, _ in self.ways):
            counts = [f"{self.ways[way, verdict]:,}" for verdict in VERDICTS]
            lines.append(f"| {way} | {' | '.join(counts)} |")
        for verdict, kinds in self.kinds.items():
            lines += ["", *[f"{verdict} {count:6,} {kind}" for kind, count in kinds.most_common(60)]]
        return "\n".join([*lines, *[f"\n{example}" for example in self.examples.values()]])


class Watchdog:
    """Ends the process, with a traceback, if it is not told soon enough that work goes on.

    To tell it takes a thread, and is done now and then.
    """

    def __init__(self) -> None:
        self.until = -math.inf

    def watch(self, seconds: float, *, anew: bool = False) -> None:
        """Let the process go on for so many seconds, or some that are left, by a quarter more at most."""
        left = self.until - time.monotonic()
        if anew or left < seconds:
            self.until = time.monotonic() + 1.25 * seconds
            faulthandler.dump_traceback_later(1.25 * seconds, exit=True)


def work(kind: str, first: int, count: int, known: set[str]) -> None:
    """Examine programs one after the other, and say what each is, one line of JSON each."""
    # Functions that print, be it in C, have another output.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    of_kind: collections.Counter[str] = collections.Counter()
    watchdog = Watchdog()
    for seed in range(first, first + count):
        print(json.dumps({"begun": seed}), file=lines, flush=True)
        # To find what to draw from may take as long, the first time.
        case = draw_case(kind, seed)
        watchdog.watch(3 * SECONDS)
        machine_code = MACHINE_CODE and seed % 40 == 0
        findings = examine(case, machine_code)
        examples = {}
        # The same trouble in several ways is told once.
        told = {finding.kind: finding for finding in reversed(findings) if finding.verdict in ("loud", "wrong")}
        for finding in told.values():
            of_kind[finding.kind] += 1
            if of_kind[finding.kind] <= (EXAMPLES if finding.verdict == "wrong" else 1):
                watchdog.watch(40 * SECONDS, anew=True)
                # To make one that hangs small would hang as often.
                small = case if finding.kind == HANGS else smallest(case, finding, machine_code)
                watchdog.watch(3 * SECONDS, anew=True)
                name = f"{finding.way} {finding.kind} {alike(small.source)}"
                if name not in known:
                    known.add(name)
                    examples[name] = runnable(small, kind, finding)
        print(json.dumps({"seed": seed, "findings": findings, "examples": examples}), file=lines, flush=True)


def search(kind: str, first: int, count: int) -> Tally:
    """What was found for so many programs."""
    tally = Tally()
    end = first + count
    while first < end:
        command = [sys.executable, __file__, kind, "--first", str(first), "--count", str(end - first), "--work"]
        known = json.dumps(list(tally.examples))
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT
        ) as worker:
            worker.stdin.write(known)
            worker.stdin.close()
            begun = first
            for text in worker.stdout:
                line = json.loads(text)
                if "begun" in line:
                    begun = line["begun"]
                else:
                    tally.add(line)
                    first = begun + 1
            trouble = worker.stderr.read()
        if first < end:
            finding = Finding("all", "wrong", f"the process ended with {worker.returncode}")
            example = runnable(draw_case(kind, begun), kind, finding) + trouble[-2000:]
            tally.add({"seed": begun, "findings": [finding], "examples": {f"all: {finding.kind}": example}})
            first = begun + 1
    return tally


def main() -> int:
    """Search as the command line says; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("python", "numpy"))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--work", action="store_true", help="print lines of JSON, as a process of the search")
    given = parser.parse_args()
    if given.work:
        work(given.kind, given.first, given.count, set(json.loads(sys.stdin.read())))
        return 0
    if given.count == 1:
        print(draw_case(given.kind, given.first).source)
    tally = search(given.kind, given.first, given.count)
    print(tally.report())
    return 1 if tally.wrong() else 0


if __name__ == "__main__":
    sys.exit(main())
