"""Random programs over NumPy's functions: functions of two arrays, a matrix, a number and an int, as source text.

`draw_program(random.Random(seed))` gives the text of a function `program(a, b, m, s, n)`, a few calls of NumPy's
functions and methods one after the other. Which there are, and with which arguments, is found by trying every public
function of NumPy on arrays of floats: each form of a call that gives numbers there is a template.
"""

from __future__ import annotations

import functools
import random
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["PRELUDE", "draw_arguments", "draw_program", "templates"]

PRELUDE = """\
import numpy as np
import autograd
from autograd import *
"""

# Not functions of numbers: files, text, settings, types, randomness, memory that nobody has written; nor of one answer:
# the sign of a nan, any order that partitions; nor of LAPACK's, which may loop for ever on a nan.
LEFT_OUT = re.compile(
    r"""
save.* load.* gen?fromtxt fromfile fromregex memmap open_memmap from(buffer|string|iter|pyfunc|dlpack) empty.*
set_?.* get.* show.* info test print.* format.* array2string array_str array_repr base_repr binary_repr DataSource
errstate seterr.* nditer nested_iters busday.* datetime.* is_busday may_share_memory shares_memory byte_bounds
bincount lookfor source who deprecate.* apply_.* vectorize piecewise einsum_path iterable ndarray .*int\d*
.*float\d* .*complex\d* .*double half single longlong .*short .*byte .*str_? .*bytes_? void object_ record recarray
poly1d matrix bmat asmatrix mat c_ r_ s_ mgrid ogrid index_exp .*dtype.* common_type mintypecode typename can_cast
.*_type bool_? character generic number inexact flexible integer floating flatiter broadcast long ulong intc uintc
intp uintp intp csingle longdouble clongdouble timedelta64 finfo iinfo chararray ufunc put.* place copyto
fill_diagonal resize from.* asarray_chkfinite require isscalar isfortran .*_like_? ones zeros full eye identity tri
indices arange linspace logspace geomspace hanning hamming blackman bartlett kaiser i0 in1d unravel_index
ravel_multi_index mask_indices diag_indices.* tri[lu]_indices.* ix_ ndindex ndenumerate bitwise.* left_shift
right_shift gcd lcm invert packbits unpackbits isnat spacing nextafter frexp trapz array interp digitize
searchsorted byteswap int_ ulonglong asarray ascontiguousarray asfortranarray byteorder view tobytes tofile dump
dumps data ctypes flags base itemset item newbyteorder setflags setfield getfield partition strides device to_device
toscalar copysign signbit argpartition svd svdvals pinv cond matrix_rank lstsq eig.* _.*
""".strip()
    .replace("\n", "|")
    .replace(" ", "|")
)

# The forms of a call: of arrays (A, B of three numbers, M of three by three), numbers, ints, masks, options.
FORMS = """\
A; M; S; A, B; M, M; M, A; A, M; A, S; S, A; M, S; A, B, S; A, N; M, N; [A, B]; (A, B); [A, M]; A, A, B; S, A, B;
A > B, A, B; A, axis=0; M, axis=0; M, axis=1; M, axis=-1; M, axis=(0, 1); M, axis=None; M, axis=1, keepdims=True;
A, keepdims=True; M, ddof=1; M, axis=0, ddof=1; A, where=A > 0.0; A, 0.25; M, 0.75, axis=1; [A, B], axis=0;
[A, B], axis=-1; [M, M], axis=1; A, S, 1.5; A, -0.5, S; A, None, S; M, (1, 0); M, 0, 1; A, (3, 1); M, 9; A, (1, 3);
A, 1, axis=0; M, [2, 0], axis=1; A, initial=S; M, n=1; A, weights=B; M, weights=A, axis=0; A, B, axes=0; A, 2;
A, decimals=1; A, mode='wrap', pad_width=1; A, 1; 1, A; A, [0, 2, 1]; 'i,i->', A, B; 'ij,j->i', M, A; 'ij,jk', M, M;
'ii', M; 'i,j', A, B; A > 0.0; A > B, B > 0.0; [A > 0.0, B > 0.0], [A, B]; A > 0.0, A; A, A > 0.0; M, 2;
A, [1.0, 2.0]; A, bins=2; A, side='right', v=B; A, kind='stable'; M, axis=None, kind='stable';
M, axis=0, kind='stable'; A, ord=1; A, ord=np.inf; M, axis=1, ord=1;
A, nan=S; [A[0], A[1]], B[:2]; A, k=1; M, k=1; M, k=-1; M, offset=1
"""
OPERATORS = """\
(A + B); (A - S); (A * B); (A / (1.5 + B * B)); (S * M); (M @ A); (A @ B); (M @ M); (A ** 2); (abs(A) ** B); (-A);
abs(A); (A % 1.5); (A // 0.75); A[::-1]; A[N % 3]; M[1]; M[:, N % 3]; M.T; A[A > B]; A[[2, 0]]; M[A > 0.0];
M[[0, 1], [1, 2]]; A[None, :]; A[..., 0]; M[-1, ::2]; (A > B); (A <= S); (A == B); ((A > S) & (B > S)); (~(A > B));
((A > B) * A); sum(A); max(A); min(A); sorted(A)[0]; [x * S for x in A][1]; A[np.argsort(B, kind='stable')];
A[np.argmax(A)];
(A > B).sum(); np.interp(A, [-1.0, 0.5, 2.0], B); np.interp(S, np.sort(A), B); np.interp([S, 0.5], [-1, 1], A[:2]);
np.searchsorted(np.sort(A), B); np.sort(A).searchsorted(S, side='right'); np.digitize(A, [-1.0, 0.0, 1.0]);
np.digitize(A, [1.0, 0.0, -1.0], right=True); (~np.isnan(S) * A); (~np.greater(S, A[0]) * S);
divmod(A, 0.75)[1]; A.tolist()[1]; exp(A); sigmoid(M); maximum(A, B); where(A > B, A, B); norm(A); autograd.sum(A);
logsumexp(A); dot(A, B); relu(A)
"""

SAMPLE = {
    "A": np.array([0.5, -1.25, 2.0]),
    "B": np.array([0.25, 0.75, -0.5]),
    "M": np.array([[0.5, -0.25, 1.0], [1.5, 0.75, -2.0], [0.1, 0.2, 0.3]]),
    "S": 0.375,
    "N": 2,
}
SHAPES = {(): "S", (3,): "A", (3, 3): "M"}


def filled(template: str, names: dict[str, str]) -> str:
    """A template with names in place of its capital letters."""
    return re.sub(r"\b[ABMSN]\b", lambda found: names[found[0]], template)


def public_functions() -> Iterator[str]:
    """The beginnings of calls of all functions of NumPy and of the methods of arrays."""
    for prefix, holder in (("np.", np), ("np.linalg.", np.linalg)):
        for name in sorted(getattr(holder, "__all__", dir(holder))):
            if callable(getattr(holder, name, None)) and not LEFT_OUT.fullmatch(name):
                yield f"{prefix}{name}("
    for ufunc in ("add", "multiply", "maximum", "minimum", "logical_and", "subtract", "hypot", "fmax", "logaddexp"):
        for method in ("reduce", "accumulate", "outer"):
            yield f"np.{ufunc}.{method}("


def methods() -> Iterator[str]:
    """The names of the methods of arrays."""
    yield from [
        name for name in dir(np.ndarray) if not LEFT_OUT.fullmatch(name) and callable(getattr(np.ndarray, name))
    ]


@functools.cache
def templates() -> dict[str, list[str]]:
    """The calls that give numbers on floats, by what they give: "S", "A", "M", or "" for anything else."""
    found: dict[str, list[str]] = {"S": [], "A": [], "M": [], "": []}
    forms = [form.strip() for form in FORMS.split(";") if form.strip()]
    candidates = [f"{start}{form})" for start in public_functions() for form in forms]
    for holder in "AM":
        rest = ["", *[form.partition(", ")[2] for form in forms if form[0] == holder and ", " in form]]
        candidates += [f"{holder}.{name}({form})" for name in methods() for form in rest]
    candidates += [form.strip() for form in OPERATORS.split(";") if form.strip()]
    known = {"np": np} | {name.lower(): one for name, one in SAMPLE.items()}
    import autograd

    known |= {name: getattr(autograd, name) for name in autograd.__all__} | {"autograd": autograd}
    for template in dict.fromkeys(candidates):
        name = template.partition("(")[0].removeprefix("np.")
        if isinstance(getattr(np, name.partition(".")[0], None), np.ufunc) and re.search(r"[\[(]\[|[\[(]\(", template):
            # Of a list of arrays NumPy makes a plain array of objects, as docs/how-to/arrays.md says.
            continue
        if "argsort" in template and "stable" not in template:
            # Equal elements, as rounded ones are, may stand in any order.
            continue
        kind = kind_of(template, known)
        if kind is not None:
            found[kind].append(template)
    return found


def kind_of(template: str, known: dict[str, Any]) -> str | None:
    """What a template gives on floats; None if that is an error or no number."""
    text = filled(template, {name: name.lower() for name in SAMPLE})
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        try:
            copies = {name: one.copy() if isinstance(one, np.ndarray) else one for name, one in known.items()}
            result = eval(text, copies)
            changed = any([not np.array_equal(copies[name.lower()], one) for name, one in SAMPLE.items()])
            again = eval(text, copies)
        except Exception:
            return None
    # Results that depend on the call, or are written to an argument, are another matter.
    if result is None or changed or repr(result) != repr(again):
        return None
    try:
        parts = result if isinstance(result, list | tuple) else [result]
        types = [np.asarray(part).dtype for part in parts]
        # Of truths, NumPy's functions make numbers of half the digits.
        if not types or any(one.kind not in "fbiu" or one == np.float16 for one in types):
            return None
    except (TypeError, ValueError):
        return None
    if isinstance(result, list | tuple) or np.asarray(result).dtype.kind != "f":
        return ""
    return SHAPES.get(np.shape(result), "")


@functools.cache
def forms_by_name() -> dict[str, list[list[str]]]:
    """The forms of each function, by what they give."""
    found = {}
    for kind, table in templates().items():
        groups: dict[str, list[str]] = {}
        for template in table:
            groups.setdefault(template.partition("(")[0], []).append(template)
        found[kind] = [groups[name] for name in sorted(groups)]
    return found


def draw_program(draw: random.Random) -> str:
    """The source of a function `program(a, b, m, s, n)`."""
    known = {"A": ["a", "b"], "M": ["m"], "S": ["s"], "N": ["n"]}
    lines = ["def program(a, b, m, s, n):"]

    def call(kinds: str) -> tuple[str, str]:
        kind = draw.choice(kinds)
        # Each function is as likely as another, however many forms it has.
        template = draw.choice(draw.choice(forms_by_name()[kind if kind != "-" else ""]))
        names = {one: draw.choice(known["A" if one == "B" else one]) for one in "ABMSN"}
        return filled(template, names), kind

    for number in range(draw.randint(0, 3)):
        text, kind = call("AAMMS")
        lines.append(f"    v{number} = {text}")
        known[kind].append(f"v{number}")
    lines.append(f"    return {call('AAMS---')[0]}")
    return "\n".join(lines) + "\n"


def draw_arguments(draw: random.Random) -> list[tuple[object, ...]]:
    """Four calls: the first twice."""

    def number() -> float:
        return draw.choice((0.5, -1.0, 2.0, 0.0)) if draw.random() < 0.15 else round(draw.uniform(-2.0, 2.0), 3)

    def numbers(*shape: int) -> Any:
        return np.array([number() for _ in range(int(np.prod(shape)))]).reshape(shape)

    count = draw.randint(0, 3)
    first, other, third = [(numbers(3), numbers(3), numbers(3, 3), number(), count) for _ in range(3)]
    return [first, other, first, third]
