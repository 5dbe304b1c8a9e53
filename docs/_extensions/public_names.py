"""Every public name of a package that comes from some of its modules, with signature and docstring, for the reference.

Nothing is listed by hand, so that no name is forgotten: a test compares the pages with `__all__`. Signatures are those
that `inspect` finds, which for compiled functions are the same as for plain Python; Sphinx's own autodoc has no word
for objects such as primitives.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

from autograd import Primitive

INDENT = "   "
# A line of a docstring that tells of a parameter or several, and one below a heading.
PARAMETER = re.compile(r"( *)(\*{0,2}[a-zX]\w*(?:, \*{0,2}[a-z]\w*)*): (?=\S)")
UNDERLINE = re.compile(r" *-{3,}$")


def home(package: str, name: str) -> str:
    """The module that a public name comes from; of a constant the package, of a primitive what it is used as.

    >>> home("autograd", "grad"), home("autograd", "Sin"), home("autograd", "sin"), home("autograd", "pi")
    ('autograd.transforms.derivatives', 'autograd.operations.primitives', 'autograd.operations.functions', 'autograd')
    """
    thing = getattr(importlib.import_module(package), name)
    if not callable(thing):
        return package
    module = "autograd.operations.primitives" if isinstance(thing, Primitive) else str(thing.__module__)
    if module == "autograd.operations.primitives" and not name[0].isupper():
        return "autograd.operations.functions"
    return module


def names_from(package: str, modules: list[str] | None = None) -> list[str]:
    """The package's public names whose home is one of the modules, or lies below one; the package itself means its own.

    >>> names_from("autograd", ["autograd"])
    ['compiled', 'inf', 'nan', 'pi', 'tau']
    """

    def is_from(name: str, module: str) -> bool:
        place = home(package, name)
        return place == module or (module != package and place.startswith(f"{module}."))

    names = importlib.import_module(package).__all__
    if modules is not None:
        names = [name for name in names if any(is_from(name, module) for module in modules)]
    return sorted(names, key=lambda name: (name.lower(), name))


class Unquoted(str):
    """A text that is its own `repr`, as a signature shows annotations and defaults."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def signature_of(thing: Any, *, bound: bool = False) -> str | None:
    """The signature as it is written in a file, or None if there is none; of a class that of its call.

    >>> signature_of(lambda x, *, eps=1e-8: x)
    '(x, *, eps=1e-08)'
    """
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    parameters = list(signature.parameters.values())[1 if bound else 0 :]

    def shown(annotation: Any) -> Any:
        text = getattr(annotation, "__forward_arg__", annotation)
        return Unquoted(text) if isinstance(text, str) else annotation

    def default(value: Any) -> Any:
        return Unquoted("...") if repr(value).startswith("<") and value is not inspect.Parameter.empty else value

    return str(
        signature.replace(
            parameters=[
                parameter.replace(annotation=shown(parameter.annotation), default=default(parameter.default))
                for parameter in parameters
            ],
            return_annotation=signature.empty if isinstance(thing, type) else shown(signature.return_annotation),
        )
    )


def as_restructured_text(docstring: str) -> list[str]:
    r"""A docstring, which is plain text with `code` in it and examples, as reStructuredText; parameters become a list.

    >>> as_restructured_text("`x` and *args.")
    ['``x`` and \\*args.']
    >>> as_restructured_text("eps: a step,\n    or none.\nrtol: a share.")
    ['* ``eps``: a step,', '  or none.', '* ``rtol``: a share.']
    """
    lines = list[str]()
    for paragraph in re.split(r"\n *\n", docstring.rstrip()):
        rows = paragraph.splitlines()
        if rows[1:] and UNDERLINE.match(rows[1]):
            lines += [f"**{rows[0].strip()}**", ""]
            rows = rows[2:]
        lines += [*(listed if rows and PARAMETER.match(rows[0]) else laid_out)(rows), ""]
    return lines[:-1]


def listed(rows: list[str]) -> Iterator[str]:
    """The lines of a paragraph that tells of parameters, one after the other, as a list."""
    depth = " " * (len(rows[0]) - len(rows[0].lstrip()))
    for row in rows:
        told = PARAMETER.match(row)
        starts = told is not None and told[1] == depth
        yield f"{depth}* ``{told[2]}``: {marked(row[told.end() :])}" if starts else f"{depth}  {marked(row.strip())}"


def laid_out(rows: list[str]) -> list[str]:
    """The lines of any other paragraph."""
    lines, example, below = list[str](), False, 0
    for line in rows:
        example = example or line.lstrip().startswith(">>>")
        depth = len(line) - len(line.lstrip())
        # An example, or what is further to the right or the left, is a block of its own.
        if lines and depth != below and not (example and not line.lstrip().startswith(">>>")):
            lines.append("")
        below = depth
        lines.append(line if example else marked(line))
    return lines


def marked(line: str) -> str:
    """A line of plain text with its `code` marked, and nothing else."""
    parts = re.split(r"`([^`]+)`", line)
    for place, part in enumerate(parts):
        if place % 2:
            parts[place] = rf"\ ``{part}``\ "
        else:
            parts[place] = re.sub(r"([*|\\]|(?<=\w)_(?!\w))", r"\\\1", part).replace("`", r"\`")
    return re.sub(r"^( *)\\ |\\ (?=\s|$)|(?<=\s)\\ |(?<=\()\\ |\\ (?=[).,:;?!])", r"\1", "".join(parts))


def described(kind: str, title: str, thing: Any, members: Iterator[list[str]] | None = None) -> list[str]:
    """The entry of one thing, with its members."""
    documentation = inspect.getdoc(thing) or ""
    if isinstance(thing, Primitive):
        # Its first line is the signature, which the title has.
        documentation = documentation.partition("\n\n")[2]
    lines = [f".. py:{kind}:: {title}", ""]
    if kind == "data":
        lines[1:1] = [f"{INDENT}:value: {thing!r}"]
        documentation = ""
    lines += [INDENT + line if line else "" for line in as_restructured_text(documentation)] + [""]
    for member in members or ():
        lines += [INDENT + line if line else "" for line in member]
    return lines


def members_of(kind: type) -> Iterator[list[str]]:
    """The entries of a class's own public methods and properties; what says no more than its base is left to that."""
    for name, member in sorted(vars(kind).items()):
        plain = getattr(member, "__func__", member)
        if name.startswith("_") or not plain.__doc__ or isinstance(plain, type):
            continue
        inherited = getattr(kind.__mro__[1], name, None)
        another = getattr(plain, "__name__", name) != name
        if inherited is not None and (another or inspect.getdoc(inherited) == inspect.getdoc(plain)):
            continue
        if isinstance(plain, property) or inspect.isgetsetdescriptor(plain):
            yield described("property", name, plain)
        elif callable(plain):
            yield described("method", name + (signature_of(plain, bound=plain is member) or "()"), plain)


def entry(package: str, name: str) -> list[str]:
    """The entry of a public name."""
    thing = getattr(importlib.import_module(package), name)
    title = f"{package}.{name}"
    above = package.rpartition(".")[0]
    if above and getattr(importlib.import_module(above), name, None) is thing:
        return [f".. py:function:: {title}", "", f"{INDENT}:py:obj:`{above}.{name}`.", ""]
    if isinstance(thing, type) and issubclass(thing, Exception):
        return described("exception", title, thing)
    if isinstance(thing, type):
        return described("class", title + (signature_of(thing) or ""), thing, members_of(thing))
    if callable(thing):
        return described("function", title + (signature_of(thing) or "()"), thing)
    return described("data", title, thing)
