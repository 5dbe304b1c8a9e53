"""Mutants: copies of the primitives' rules with one thing wrong.

What is changed: the sign or a factor 2 of a value or a local gradient, operands swapped, a constant, a comparison, an
operation, a term or a side of `where` left out. Each mutant is the text of one file with one statement rewritten.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Mutant", "mutants"]

FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
MOVED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
OTHER: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
TWINS = {"Sin": "Cos", "Cos": "Sin", "Sinh": "Cosh", "Cosh": "Sinh", "Floor": "Ceil", "Ceil": "Floor"}
# In the functions of these files values and gradients of operations on any number of operands are computed.
FUNCTIONS = {
    "operations/nary.py": None,
    "numbers/accumulate.py": ("softmax_into", "prod_without_each_into"),
}


class Mutant(NamedTuple):
    """A file's text with one thing wrong; what that is, and which primitives it concerns."""

    file: str
    line: int
    primitives: tuple[str, ...]
    change: str
    text: str

    @property
    def name(self) -> str:
        """The file, the primitives and the change: the same until that statement is edited."""
        return f"{Path(self.file).name} {', '.join(self.primitives[:3])}: {self.change}"


def mutants(package: Path) -> list[Mutant]:
    """Every mutant of the rules in a package directory."""
    found = of_declarations(package / "operations" / "primitives.py")
    primitives_of = users_of_functions(package)
    for name, functions in FUNCTIONS.items():
        found += of_functions(package / name, functions, primitives_of)
    values = set(
        re.findall(r"special\.([a-z_0-9]+)", (package / "operations" / "primitives.py").read_text(encoding="utf-8"))
    )
    found += of_functions(package / "numbers" / "special.py", tuple(sorted(values)), primitives_of, only_returns=True)
    return found


def of_declarations(path: Path) -> list[Mutant]:
    """The mutants of declarations of primitives and of the functions that their rules call."""
    text = path.read_text(encoding="utf-8")
    module = ast.parse(text)
    users = users_of_helpers(module)
    found = []
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in users:
            found += rewritten(
                f"{path.parent.name}/{path.name}", text, statement, tuple(users[statement.name]), changes_within
            )
        call = getattr(statement, "value", None)
        if isinstance(statement, ast.Assign) and isinstance(call, ast.Call) and name_of(call.func) == "Primitive":
            name = ast.literal_eval(call.args[0])
            if not is_auxiliary(call):
                found += rewritten(f"{path.parent.name}/{path.name}", text, statement, (name,), changes_of_declaration)
    return found


def of_functions(
    path: Path, names: tuple[str, ...] | None, primitives_of: dict[str, list[str]], only_returns: bool = False
) -> list[Mutant]:
    """The mutants of functions of a file; of what they return only, or of all that they compute."""
    text = path.read_text(encoding="utf-8")
    changes = changes_of_returns if only_returns else changes_within
    found = []
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.FunctionDef) and (names is None or statement.name in names):
            found += rewritten(
                f"{path.parent.name}/{path.name}",
                text,
                statement,
                tuple(primitives_of.get(statement.name, ())),
                changes,
            )
    return found


def users_of_helpers(module: ast.Module) -> dict[str, list[str]]:
    """For each private function of the module, the primitives whose rules call it, directly or by another one."""
    calls = {
        statement.name: {name_of(node) for node in ast.walk(statement)}
        for statement in module.body
        if isinstance(statement, ast.FunctionDef)
    }
    users: dict[str, list[str]] = {}
    for statement in module.body:
        call = getattr(statement, "value", None)
        if not (isinstance(statement, ast.Assign) and isinstance(call, ast.Call) and name_of(call.func) == "Primitive"):
            continue
        rules = [*call.args, *[keyword.value for keyword in call.keywords if keyword.arg == "beside_constant"]]
        pending = [name_of(node) for rule in rules for node in ast.walk(rule)]
        while pending:
            called = pending.pop()
            name = ast.literal_eval(call.args[0])
            if called in calls and called not in ("where", "either") and name not in users.setdefault(called, []):
                users[called].append(name)
                pending += calls[called]
    return users


def users_of_functions(package: Path) -> dict[str, list[str]]:
    """For each function of special.py, nary.py and accumulate.py, the primitives that it computes."""
    text = (package / "operations" / "primitives.py").read_text(encoding="utf-8")
    users: dict[str, list[str]] = {}
    for name, function in re.findall(r'Primitive\(\s*"([a-z_0-9]+)",\s*(?:#.*\s*)?special\.([a-z_0-9]+)', text):
        users.setdefault(function, []).append(name)
    nary = (package / "operations" / "nary.py").read_text(encoding="utf-8")
    for name, functions in re.findall(r'"([a-z_]+)": (?:with_slopes\()?nary_kernel\(([a-z_, ()]+)\),\n', nary):
        for function in functions.replace(")", "").split(", "):
            users.setdefault(function, []).append(name)
    users["softmax_into"], users["prod_without_each_into"] = ["logsumexp"], ["prod"]
    return users


def is_auxiliary(call: ast.Call) -> bool:
    return any(keyword.arg == "auxiliary" for keyword in call.keywords)


def name_of(node: ast.AST) -> str:
    """The name that a node stands for, if it does."""
    return node.id if isinstance(node, ast.Name) else ""


def rewritten(
    file: str, text: str, statement: ast.stmt, primitives: tuple[str, ...],
    changes: Callable[[ast.stmt], Iterator[tuple[str, ast.AST]]],
) -> list[Mutant]:  # fmt: skip
    """A mutant for each change of the statement; those that read the same only once."""
    lines = text.splitlines(keepends=True)
    start, end = statement.lineno - 1, statement.end_lineno or statement.lineno
    old = ast.unparse(statement)
    found = {}
    for change, changed in changes(statement):
        new = ast.unparse(ast.fix_missing_locations(changed))
        if new != old:
            if isinstance(statement, ast.FunctionDef):
                # The same change may be made in several lines.
                places = zip(old.splitlines(), new.splitlines(), strict=True)
                change += f", in {next(line.strip() for line, other in places if line != other)}"
            mutated = "".join([*lines[:start], new + "\n", *lines[end:]])
            found.setdefault(new, Mutant(file, statement.lineno, primitives, change, mutated))
    return list(found.values())


def changes_of_declaration(statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    """Faulty copies, described, of a declaration: its value, local gradients or rule beside a constant are changed."""
    assert isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
    places = {"value": 1, "gradient": 2}
    for what, place in places.items():
        rule = statement.value.args[place]
        if not isinstance(rule, ast.Lambda):
            continue
        for change, changed in changes_of_rule(rule):
            copied = copy.deepcopy(statement)
            copied.value.args[place] = changed  # type: ignore[attr-defined]
            yield f"{what} {change}", copied
    for number, keyword in enumerate(statement.value.keywords):
        if keyword.arg == "beside_constant" and isinstance(keyword.value, ast.Lambda):
            for change, changed in changes_of_rule(keyword.value):
                copied = copy.deepcopy(statement)
                copied.value.keywords[number].value = changed  # type: ignore[attr-defined]
                yield f"beside a constant {change}", copied


def changes_of_rule(rule: ast.Lambda) -> Iterator[tuple[str, ast.Lambda]]:
    """A rule with a result negated or doubled, its operands swapped, or something within it changed."""
    for place, whole in enumerate([rule.body] if not isinstance(rule.body, ast.Tuple) else rule.body.elts):
        for change, wrong in wrong_results(whole):
            yield f"{place} {change}", with_part(rule, whole, wrong)
        letters = [argument.arg for argument in rule.args.args if argument.arg in ("a", "b")]
        if len(letters) == 2:
            yield f"{place} with a and b swapped", with_part(rule, whole, Swap().visit(copy.deepcopy(whole)))
    for node in ast.walk(rule.body):
        for change, changed in changes_of_expression(node):
            yield change, with_part(rule, node, changed)


def changes_within(statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    """A function with something changed, or with what it returns or stores negated or doubled."""
    yield from changes_of_returns(statement)
    for node in uncompiled(statement):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            for change, wrong in wrong_results(node.value):
                yield f"result {ast.unparse(node.value)} {change}", with_part(statement, node.value, wrong)
        for change, changed in changes_of_expression(node):
            yield change, with_part(statement, node, changed)


def changes_of_returns(statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    """A function with one of its results negated or doubled, or a decision taken the other way."""
    for node in uncompiled(statement):
        if isinstance(node, ast.Return) and node.value is not None:
            parts = node.value.elts if isinstance(node.value, ast.Tuple | ast.List) else [node.value]
            for part in parts:
                if isinstance(part, ast.Starred | ast.ListComp):
                    continue
                for change, wrong in wrong_results(part):
                    yield f"result {ast.unparse(part)} {change}", with_part(statement, part, wrong)
        if isinstance(node, ast.Compare) and type(node.ops[0]) in FLIPPED:
            flipped = copy.deepcopy(node)
            flipped.ops[0] = FLIPPED[type(node.ops[0])]()
            yield f"{ast.unparse(node)} as {ast.unparse(flipped)}", with_part(statement, node, flipped)


def uncompiled(statement: ast.stmt) -> Iterator[ast.AST]:
    """Every node of a function but what runs compiled only, which mutants do not."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        compiled_only = isinstance(node, ast.If) and ast.unparse(node.test) == "cython.compiled"
        pending += node.orelse if compiled_only else ast.iter_child_nodes(node)  # type: ignore[attr-defined]


def wrong_results(result: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """A result negated and doubled; 1 instead of 0, and a number instead of nan."""
    if isinstance(result, ast.Constant) and result.value == 0.0:
        yield "1 instead of 0", ast.Constant(1.0)
        return
    if ast.unparse(result) in ("NAN", "math.nan"):
        yield "0 instead of nan", ast.Constant(0.0)
        return
    yield "negated", ast.UnaryOp(ast.USub(), result)
    yield "doubled", ast.BinOp(ast.Constant(2.0), ast.Mult(), result)


def changes_of_expression(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """An expression with its own operation, comparison, constant or choice changed."""
    text = ast.unparse(node) if isinstance(node, ast.expr) else ""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in FLIPPED:
        for kinds in (FLIPPED, MOVED):
            if type(node.ops[0]) in kinds:
                changed = copy.deepcopy(node)
                changed.ops[0] = kinds[type(node.ops[0])]()
                yield f"{text} as {ast.unparse(changed)}", changed
    elif isinstance(node, ast.BinOp) and type(node.op) in OTHER:
        changed_operation = ast.BinOp(node.left, OTHER[type(node.op)](), node.right)
        for changed in (changed_operation, node.left, node.right):
            yield f"{text} as {ast.unparse(ast.fix_missing_locations(changed))}", changed
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield f"{text} without its sign", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        yield f"{text} as {node.value + 1.0}", ast.Constant(node.value + 1.0)
    elif isinstance(node, ast.Attribute) and text == "math.nan":
        yield "0.0 for nan", ast.Constant(0.0)
    elif isinstance(node, ast.Call):
        name, arguments = name_of(node.func), node.args
        if name == "where":
            for changed in (arguments[1], arguments[2], ast.Call(node.func, [arguments[0], *arguments[:0:-1]], [])):
                yield f"{text} as {ast.unparse(ast.fix_missing_locations(changed))}", changed
        elif name in TWINS:
            yield f"{TWINS[name]} for {name}", ast.Call(ast.Name(TWINS[name]), arguments, [])
        elif name[:1].isupper() and len(arguments) == 2:
            yield f"{text} with its operands swapped", ast.Call(node.func, arguments[::-1], [])


class Swap(ast.NodeTransformer):
    """Exchanges the operands a and b."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name({"a": "b", "b": "a"}.get(node.id, node.id))


def with_part(whole: ast.AST, part: ast.AST, changed: ast.AST) -> ast.AST:
    """A copy of a tree in which one node is another."""

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return changed if node is part else super().visit(node)

    # The transformer edits lists in place: it works on a tree that shares only the nodes below the part.
    return Replace().visit(shallow(whole, part))


def shallow(whole: ast.AST, part: ast.AST) -> ast.AST:
    """A copy of a tree, of all nodes but one."""
    return copy.deepcopy(whole, {id(part): part})
