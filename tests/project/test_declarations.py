"""The .pxd files give C types to what stands in the .py files beside them; Cython takes any name for a local."""

from __future__ import annotations

import ast
import re

import pytest

from autograd.compilation import compiled_modules
from tests import PROJECT

DECLARATIONS = sorted(path for path in PROJECT.glob("autograd/**/*.pxd") if path.with_suffix(".py").stat().st_size)


def declarations(text):
    """For each declaration the class it stands in, or "", its own words, and the locals that it types."""
    text = re.sub(r"#.*", "", text)
    # One line each, and none for the bodies of inline functions, whose C types are their own.
    text = re.sub(r"\([^()]*\)", lambda found: re.sub(r"\s*\n\s*", " ", found[0]), text)
    text = re.sub(r"^cdef (?!class).*:\n( +.*\n)+", "", text, flags=re.MULTILINE)
    owner, typed = "", []
    for line in text.splitlines():
        if found := re.match(r" *@cython\.locals\((.*)\)$", line):
            typed = re.findall(r"(\w+)=", found[1])
        elif found := re.match(r"cdef class (\w+)", line):
            owner = found[1]
        elif found := re.match(r"( *)cp?def (.*)", line):
            yield owner if found[1] else "", found[2], typed
            typed = []


def assigned(syntax):
    """The names that stand for something in this syntax: arguments, targets, what is imported, fields, C structs."""
    names = set()
    for node in ast.walk(syntax):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.alias(name=name) | ast.Call(func=ast.Attribute(attr="address"), args=[ast.Name(id=name)]):
                names.add(name)
    return names


@pytest.mark.parametrize("path", DECLARATIONS, ids=lambda path: "/".join(path.parts[-2:]))
def test_c_types_are_declared_for_names_that_are_there(path):
    module = ast.parse(path.with_suffix(".py").read_text(encoding="utf-8"))
    known = assigned(module) | {"__dict__", "__weakref__"}
    unknown = []
    for owner, words, typed in declarations(path.read_text(encoding="utf-8")):
        scope = next((node for node in module.body if isinstance(node, ast.ClassDef) and node.name == owner), module)
        functions = {node.name: node for node in scope.body if isinstance(node, ast.FunctionDef)}
        name = re.match(r".*?(\w+)\(", words)
        if name is None:
            unknown += [
                f"{owner} {declared}" for declared in re.findall(r"(\w+)(?:,|$)", words) if declared not in known
            ]
        elif name[1] not in functions:
            unknown.append(f"{owner} {name[1]}()")
        else:
            unknown += [f"{name[1]}() {local}" for local in typed if local not in assigned(functions[name[1]])]
    assert unknown == []


@pytest.mark.parametrize("path", compiled_modules(PROJECT / "autograd"))
def test_compiled_code_counts_no_place_from_the_end(path):
    """Compiled without `wraparound`, `list[-1]` reads what lies before the list."""
    module = ast.parse((PROJECT / "autograd" / f"{path}.py").read_text(encoding="utf-8"))
    found = [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.UnaryOp)
        and isinstance(node.slice.op, ast.USub)
    ]
    assert found == []


def test_a_declaration_is_read_with_its_class_and_its_locals():
    text = """
cdef class Tape:
    cdef readonly bint whole, closed
    @cython.locals(place=int,
                   slopes="double*")
    cdef object correct(self, Node node) except -1
cdef inline double half(double x) noexcept:
    cdef double two = 2.0
    return x / two
cpdef int count()
"""
    assert list(declarations(text)) == [
        ("Tape", "readonly bint whole, closed", []),
        ("Tape", "object correct(self, Node node) except -1", ["place", "slopes"]),
        ("", "int count()", []),
    ]
