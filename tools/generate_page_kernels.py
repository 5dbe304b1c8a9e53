"""Write `viz/playing/kernels.json`: the primitives in JavaScript, for pages that compute.

Values and local gradients are the functions that `generate_kernels.py` made of the declarations in `primitives.py`, and
those that they call in `autograd/numbers/` and `nary.py`: plain arithmetic, which is translated here line by line. Only
C's own functions are written in JavaScript, in `viz/playing/ieee.js`.

    python tools/generate_page_kernels.py           writes the file
    python tools/generate_page_kernels.py --check   exits with status 1 if it is not up to date
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tools import generate_kernels  # noqa: E402 - after the path is set

AUTOGRAD = PROJECT / "autograd"
SOURCES = [
    AUTOGRAD / "numbers" / "special.py", AUTOGRAD / "numbers" / "accumulate.py", AUTOGRAD / "operations" / "nary.py",
    AUTOGRAD / "operations" / "_kernels.py",
]  # fmt: skip
BY_HAND = PROJECT / "viz" / "playing" / "ieee.js"
TARGET = PROJECT / "viz" / "playing" / "kernels.json"
NAMES = {"INFINITY": "Infinity", "NAN": "NaN", "truncated": "Math.trunc", "max": "Math.max", "min": "Math.min"}
OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.USub: "-", ast.UAdd: "+", ast.Not: "!",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!==", ast.And: "&&",
    ast.Or: "||",
}  # fmt: skip
OF_MANY = "_of_many"
WORD = re.compile(r"[A-Za-z_]\w*")


class Translator:
    """Python's arithmetic on doubles as JavaScript; what is not arithmetic raises NotImplementedError."""

    def function(self, node: ast.FunctionDef) -> str:
        """A function."""
        parameters = [argument.arg for argument in node.args.args]
        assigned = {
            name.id: None
            for inner in ast.walk(node)
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
            for name in [inner]
        }
        local = [name for name in assigned if name not in parameters]
        lines = [f"function {node.name}({', '.join(parameters)}) {{"]
        if local:
            lines.append(f"let {', '.join(local)};")
        return "\n".join([*lines, *self.body(node.body), "}"])

    def body(self, statements: list[ast.stmt]) -> Iterator[str]:
        """Statements, line by line."""
        for statement in statements:
            yield from self.statement(statement)

    def statement(self, node: ast.stmt) -> Iterator[str]:
        """One statement."""
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                return
            case ast.Expr(value=ast.Call() as call):
                yield f"{self.text(call)};"
            case ast.Assign(targets=[target], value=value):
                yield f"{self.text(target)} = {self.text(value)};"
            case ast.AugAssign(target=target, op=operator, value=value):
                yield f"{self.text(target)} {OPERATORS[type(operator)]}= {self.text(value)};"
            case ast.Return(value=None):
                yield "return;"
            case ast.Return(value=ast.expr() as value):
                yield f"return {self.text(value)};"
            case ast.If(test=ast.Attribute(value=ast.Name(id="cython"), attr="compiled"), orelse=otherwise):
                yield from self.body(otherwise)
            case ast.If(test=test, body=body, orelse=otherwise):
                yield f"if ({self.text(test)}) {{"
                yield from self.body(body)
                if otherwise:
                    yield "} else {"
                    yield from self.body(otherwise)
                yield "}"
            case ast.While(test=test, body=body):
                yield f"while ({self.text(test)}) {{"
                yield from self.body(body)
                yield "}"
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=given), body=body):
                start, stop, step = self.range(given)
                yield f"for ({name} = {start}; {name} {'<' if step > 0 else '>'} {stop}; {name} += {step}) {{"
                yield from self.body(body)
                yield "}"
            case ast.Continue() | ast.Break():
                yield f"{type(node).__name__.lower()};"
            case _:
                raise NotImplementedError(ast.unparse(node))

    def range(self, given: list[ast.expr]) -> tuple[str, str, int]:
        """Start, stop and step of a range."""
        step = int(ast.literal_eval(given[2])) if len(given) == 3 else 1
        texts = [self.text(one) for one in given[:2]]
        return ("0", texts[0], step) if len(given) == 1 else (texts[0], texts[1], step)

    def text(self, node: ast.expr) -> str:
        """An expression."""
        match node:
            case ast.Constant(value=bool() as value):
                return "true" if value else "false"
            case ast.Constant(value=int() | float() as value):
                return repr(value).removesuffix(".0")
            case ast.Name(id=name):
                return NAMES.get(name, name)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return f"[{', '.join(map(self.text, elements))}]"
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return f"Math.floor({self.text(left)} / {self.text(right)})"
            case ast.BinOp(left=left, op=operator, right=right):
                return f"({self.text(left)} {OPERATORS[type(operator)]} {self.text(right)})"
            case ast.UnaryOp(op=operator, operand=operand):
                return f"({OPERATORS[type(operator)]}{self.text(operand)})"
            case ast.BoolOp(op=operator, values=values):
                return f"({f' {OPERATORS[type(operator)]} '.join(map(self.text, values))})"
            case ast.Compare(left=left, ops=operators, comparators=others):
                sides = [left, *others]
                parts = [
                    f"({self.text(one)} {OPERATORS[type(operator)]} {self.text(other)})"
                    for one, operator, other in zip(sides, operators, others, strict=False)
                ]
                return parts[0] if len(parts) == 1 else f"({' && '.join(parts)})"
            case ast.IfExp(test=test, body=yes, orelse=no):
                return f"({self.text(test)} ? {self.text(yes)} : {self.text(no)})"
            case ast.Call(func=ast.Name(id="divide"), args=[left, right]):
                return f"({self.text(left)} / {self.text(right)})"
            case ast.Call(func=function, args=given, keywords=[]):
                return f"{self.text(function)}({', '.join(map(self.text, given))})"
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                ends = ["0" if lower is None else self.text(lower), *([self.text(upper)] if upper else [])]
                return f"{self.text(value)}.slice({', '.join(ends)})"
            case ast.Subscript(value=value, slice=index):
                return f"{self.text(value)}[{self.text(index)}]"
        raise NotImplementedError(ast.unparse(node))


def translated(source: str) -> Iterator[tuple[str, str]]:
    """Name and JavaScript of each function and each constant of a Python source."""
    translator = Translator()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, translator.function(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name not in ("KERNELS", *NAMES):
                yield name, f"const {name} = {translator.text(node.value)};"


def by_hand(source: str) -> Iterator[tuple[str, str]]:
    """Name and text of each definition in a JavaScript source, which begins a line."""
    for part in re.split(r"^(?=const |function )", source, flags=re.MULTILINE)[1:]:
        text = re.sub(r"^\s*//.*\n", "", part, flags=re.MULTILINE).strip()
        yield WORD.findall(text)[1], text


def ternary(primitives: Any) -> Iterator[str]:
    """The functions of the primitives of three operands, which have no kernels, as Python."""
    named = {
        function: name
        for module in (primitives.special, primitives.ieee)
        for name, function in vars(module).items()
        if callable(function)
    }
    every = primitives.all_primitives(auxiliary=True)
    values = {one.name: named.get(one.value, f"{one.name}_value") for one in every}
    letters = [generate_kernels.Symbol.of(letter) for letter in "abc"]
    for one in every:
        if one.arity == 3:
            atomic = one.value in named
            value = generate_kernels.Symbol.of(one.name, *letters) if atomic else one.value(*letters)
            found = [("value", "a, b, c", value)]
            slopes = one.gradients(*letters, generate_kernels.Symbol.of("out"))
            found += [(f"gradient_{place}", "a, b, c, out", slope) for place, slope in enumerate(slopes)]
            for name, parameters, result in found:
                symbol = generate_kernels.as_symbol(result)
                yield generate_kernels.print_function(f"{one.name}_{name}", parameters, symbol, values)[0]


def operations(primitives: Any) -> dict[str, Any]:
    """For each primitive the names of its functions: value, gradients, that beside a constant."""
    found: dict[str, Any] = {}
    for one in primitives.all_primitives(auxiliary=True):
        sides = {1: ["gradient"], 2: ["left_gradient", "right_gradient"], 3: [f"gradient_{n}" for n in range(3)]}
        if one.arity in sides:
            entry: dict[str, Any] = {"value": f"{one.name}_value"}
            entry["gradients"] = [f"{one.name}_{side}" for side in sides[one.arity]]
            if one.beside_constant is not None:
                entry["beside"] = f"{one.name}_beside_constant"
            found[one.name] = entry
    for name, (value, gradients) in nary_kernels().items():
        found[name] = {"value": value + OF_MANY, "all": gradients + OF_MANY}
    return found


def nary_kernels() -> dict[str, tuple[str, str]]:
    """The names of the two functions of each primitive of any number of operands."""
    tree = ast.parse(SOURCES[2].read_text(encoding="utf-8"))
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "KERNELS"
            and isinstance(node.value, ast.Dict)
        ):
            return {
                ast.literal_eval(key): tuple(map(ast.unparse, call.args))
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                for call in ast.walk(value)
                if key is not None and isinstance(call, ast.Call) and ast.unparse(call.func) == "nary_kernel"
            }
    raise ValueError(f"{SOURCES[2]} has no table of kernels")


def generate() -> str:
    """The text of the file."""
    primitives = generate_kernels.load_primitives()
    texts: dict[str, str] = {}
    for source in SOURCES:
        # Those of any number of operands have the names that others have of two.
        ending = OF_MANY if source.name == "nary.py" else ""
        for name, text in translated(source.read_text(encoding="utf-8")):
            texts[name + ending] = text.replace(f"function {name}(", f"function {name}{ending}(", 1)
    texts.update(translated("\n\n".join(ternary(primitives))))
    own = dict(by_hand(BY_HAND.read_text(encoding="utf-8")))
    # What special.py computes better than C does is taken from there, as in Python.
    texts = own | texts
    table = operations(primitives)
    functions = {}
    for name in sorted(texts):
        uses = sorted(set(WORD.findall(texts[name])) & set(texts) - {name})
        if "curvature" not in name:
            functions[name] = [texts[name], uses]
    kept: set[str] = set()
    waiting = [
        name for entry in table.values() for one in entry.values() for name in ([one] if isinstance(one, str) else one)
    ]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            waiting.extend(functions[name][1])
    made = {"operations": table, "functions": {name: functions[name] for name in sorted(kept)}}
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    """Write the file, or with --check compare it."""
    text = generate()
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print(f"{TARGET.relative_to(PROJECT)} is out of date: run python tools/generate_page_kernels.py")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
