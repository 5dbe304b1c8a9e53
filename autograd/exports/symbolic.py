"""Functions as expressions of SymPy, and as LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import ExportError
from autograd.exports.language import Language
from autograd.exports.recorded import Piece, Recorded, recorded
from autograd.operations.primitive import all_primitives
from autograd.program.program import Program
from autograd.transforms.containers import contain
from autograd.transforms.trees import Fixed, Structure, bracketed

__all__ = ["latex", "to_sympy"]


def to_sympy(function: Callable[..., Any], *args: Any) -> Any:
    """The results of a function as SymPy's expressions of its inputs, as it is recorded with arguments like these.

    function: what `jit` takes; of one that `jit` has compiled, all paths that were recorded so far are written.
    args: arguments by place; their numbers may be any, their shapes count.

    The result has the containers of the function's, lists in place of arrays. Inputs are real symbols of the names of
    the arguments, those of arrays with their indices: `w[0, 1]`. Whole numbers are SymPy's integers, others its floats
    of 17 digits. Several paths are a `Piecewise` of their decisions, nan where none was recorded.

    The expressions have the values of the function where it is finite; conventions at kinks and poles are SymPy's. They
    are written out in full: a program that uses values often has large ones.

    Raises ExportError for loops and functions that are called back, ImportError without SymPy (the extra `sympy`).

    >>> from autograd import exp
    >>> to_sympy(lambda x, y: exp(2.0 * x) / (1.0 + y ** 2), 1.0, 1.0)
    exp(2*x)/(y**2 + 1)
    """
    found = recorded(function, args)
    expressions, _ = expressions_of(found)
    return arranged(found.structure, iter(expressions))


def latex(function: Callable[..., Any], *args: Any) -> str:
    r"""The results of a function as LaTeX, for the mathematics of a text: one line, or an `aligned` block of several.

    The arguments, and what is written, are as for `to_sympy`.

    >>> from autograd import exp
    >>> print(latex(lambda x, y: exp(2.0 * x) / (1.0 + y ** 2), 1.0, 1.0))
    \frac{e^{2 x}}{y^{2} + 1}
    """
    found = recorded(function, args)
    expressions, sympy = expressions_of(found)
    texts = [sympy.latex(expression) for expression in expressions]
    if len(texts) == 1:
        return str(texts[0])
    names = [sympy.latex(sympy.Symbol(name)) for name in number_names(found.outputs, found.output_count)]
    lines = [f"{name} &= {text}" for name, text in zip(names, texts, strict=True)]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def expressions_of(found: Recorded) -> tuple[list[Any], Any]:
    """The outputs of a function as expressions, and SymPy."""
    try:
        import sympy
    except ImportError as error:
        raise ImportError("expressions of SymPy need it: pip install 'scalar-autograd[sympy]'") from error
    writer = Writer(sympy)
    symbols = [sympy.Symbol(name, real=True) for name in number_names(found.inputs, found.input_count)]
    written = [writer.program(path.program, symbols) for path in found.paths]

    def of_path(number: int, output: int) -> Any:
        """An output, on this path and those that are taken where its guards fail."""
        results, guards = written[number]
        path = found.paths[number]
        cases = []
        for place, held in enumerate(guards):
            child = path.otherwise.get(place)
            cases.append((sympy.nan if child is None else of_path(child, output), sympy.Not(held)))
        return sympy.Piecewise(*cases, (results[output], True)) if cases else results[output]

    return [of_path(0, output) for output in range(found.output_count)], sympy


def number_names(pieces: Sequence[Piece], count: int) -> list[str]:
    """The name of each number in the pieces."""
    import numpy

    names = [""] * count
    for piece in pieces:
        indices = [""] if piece.shape is None else [bracketed(None, index) for index in numpy.ndindex(*piece.shape)]
        for place, index in enumerate(indices):
            names[piece.start + place] = f"{piece.name}{index}"
    return names


def arranged(structure: Structure, numbers: Any) -> Any:
    """The expressions in containers."""
    if isinstance(structure.maker, Fixed):
        return structure.maker.value
    if structure.shape is not None:
        own = [next(numbers) for _ in range(structure.size)]
        if not structure.is_array and structure.maker is None:
            return own[0]
        for length in reversed((structure.shape or ())[1:]):
            own = [own[start : start + length] for start in range(0, len(own), length)]
        return own
    return contain(structure.kind, structure.keys, [arranged(child, numbers) for child in structure.children])


class Writer:
    """Writes programs as SymPy's expressions; conditions are SymPy's, too, and 1 or 0 as numbers."""

    def __init__(self, sympy: Any) -> None:
        self.sympy = sympy
        self.language = Language("SymPy", self.table())

    def program(self, program: Program, symbols: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs of a program, and the conditions under which its guards hold."""
        values = program.evaluate(list(symbols), self.language.apply)
        guards = []
        for guard in program.guards:
            condition = self.truth(values[guard.condition])
            guards.append(condition if guard.outcome else self.sympy.Not(condition))
        return [self.number(values[output]) for output in program.outputs], guards

    def number(self, value: Any) -> Any:
        """A value as a number: a condition as 1 or 0."""
        sympy = self.sympy
        if isinstance(value, float):
            if value != value:
                return sympy.nan
            if math.isinf(value):
                return sympy.oo if value > 0.0 else -sympy.oo
            return sympy.Integer(int(value)) if value.is_integer() and abs(value) < 2**53 else sympy.Float(value, 17)
        if self.is_truth(value):
            return sympy.Piecewise((sympy.Integer(1), value), (sympy.Integer(0), True))
        return value

    def is_truth(self, value: Any) -> bool:
        """Whether a value is a condition; a symbol may stand for one in SymPy, but here for a number."""
        return isinstance(value, self.sympy.logic.boolalg.Boolean) and not isinstance(value, self.sympy.Symbol)

    def truth(self, value: Any) -> Any:
        """A value as a condition."""
        if self.is_truth(value):
            return value
        return self.sympy.Ne(self.number(value), 0)

    def table(self) -> dict[str, Callable[..., Any]]:
        """The operations as expressions."""
        sp = self.sympy
        one, two = sp.Integer(1), sp.Integer(2)

        def of_numbers(write: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *operands: write(*[self.number(operand) for operand in operands])

        def of_truths(write: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *operands: write(*[self.truth(operand) for operand in operands])

        def select(condition: Any, yes: Any, no: Any) -> Any:
            return sp.Piecewise((self.number(yes), self.truth(condition)), (self.number(no), True))

        def nearest(x: Any) -> Any:
            below = sp.floor(x)
            rest, odd = x - below, sp.Ne(sp.Mod(below, 2), 0)
            up = sp.Or(rest > sp.Rational(1, 2), sp.And(sp.Eq(rest, sp.Rational(1, 2)), odd))
            return sp.Piecewise((below + 1, up), (below, True))

        def dot(*x: Any) -> Any:
            half = len(x) // 2
            return sp.Add(*[a * b for a, b in zip(x[:half], x[half:], strict=True)])

        def truncated(x: Any) -> Any:
            return sp.sign(x) * sp.floor(sp.Abs(x))

        forms: dict[str, Callable[..., Any]] = {
            "plus": lambda a, b: a + b, "minus": lambda a, b: a - b, "multiply": lambda a, b: a * b,
            "divide": lambda a, b: a / b, "negate": lambda x: -x, "fma": lambda a, b, c: a * b + c,
            "power": lambda a, b: a**b, "power_below": lambda a, b, c: a ** (b - c), "sqrt": sp.sqrt,
            "cbrt": lambda x: sp.sign(x) * sp.Abs(x) ** sp.Rational(1, 3),
            "hypot": lambda a, b: sp.sqrt(a**2 + b**2), "exp": sp.exp, "exp_difference": lambda a, b: sp.exp(a - b),
            "exp2": lambda x: two**x, "expm1": lambda x: sp.exp(x) - 1, "log": sp.log,
            "log2": lambda x: sp.log(x) / sp.log(2), "log10": lambda x: sp.log(x) / sp.log(10),
            "log1p": lambda x: sp.log(1 + x),
            "xlogy": lambda a, b: sp.Piecewise((0, sp.Eq(a, 0)), (a * sp.log(b), True)),
            "logaddexp": lambda a, b: sp.log(sp.exp(a) + sp.exp(b)),
            "sigmoid_difference": lambda a, b: one / (1 + sp.exp(b - a)), "softplus": lambda x: sp.log(1 + sp.exp(x)),
            "sigmoid": lambda x: one / (1 + sp.exp(-x)), "sin": sp.sin, "cos": sp.cos, "tan": sp.tan, "asin": sp.asin,
            "acos": sp.acos, "atan": sp.atan, "atan2": sp.atan2, "sinh": sp.sinh, "cosh": sp.cosh, "tanh": sp.tanh,
            "sech_squared": lambda x: one / sp.cosh(x) ** 2, "asinh": sp.asinh, "acosh": sp.acosh, "atanh": sp.atanh,
            "gaussian": lambda x: sp.exp(-(x**2)), "erf": sp.erf, "erfc": sp.erfc, "gamma": sp.gamma,
            "lgamma": lambda x: sp.log(sp.Abs(sp.gamma(x))), "digamma": lambda x: sp.polygamma(0, x),
            "polygamma": sp.polygamma, "abs": sp.Abs, "sign": sp.sign, "floor": sp.floor, "ceil": sp.ceiling,
            "round": nearest, "floor_divide": lambda a, b: sp.floor(a / b), "mod": lambda a, b: a - b * sp.floor(a / b),
            "fmod": lambda a, b: a - b * truncated(a / b), "trunc": truncated,
            "copysign": lambda a, b: sp.Piecewise((-sp.Abs(a), b < 0), (sp.Abs(a), True)),
            "absorb": lambda a, b: a * b, "gate": lambda a, b: a * b, "defined": lambda a, b: a,
            "square": lambda x: x**2,
            "reciprocal": lambda x: one / x, "max": sp.Max, "min": sp.Min, "max_of_many": sp.Max,
            "min_of_many": sp.Min, "sum": sp.Add, "prod": sp.Mul, "dot": dot,
            "norm": lambda *x: sp.sqrt(sp.Add(*[a**2 for a in x])),
            "logsumexp": lambda *x: sp.log(sp.Add(*[sp.exp(a) for a in x])),
            "less": sp.Lt, "less_equal": sp.Le, "equal": sp.Eq, "not_equal": sp.Ne,
        }  # fmt: skip
        truths = {"not": sp.Not, "both": sp.And, "either": sp.Or}
        unknown = (forms.keys() | truths.keys()) - {primitive.name for primitive in all_primitives(auxiliary=True)}
        if unknown:
            raise ExportError(f"SymPy has forms of {sorted(unknown)}, which are no primitives")
        table = {name: of_numbers(write) for name, write in forms.items()}
        return table | {name: of_truths(write) for name, write in truths.items()} | {"select": select}
