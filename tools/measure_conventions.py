"""Write the table of docs/reference/conventions.md: each convention here and as measured in PyTorch, JAX and CasADi.

    python tools/measure_conventions.py     with torch, jax and casadi installed (pip install 'scalar-autograd[bench]')

`tests/operations/test_conventions.py` checks the table's rows and our columns; the others are as of the versions it
names.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))

from tools.conventions import SECTIONS, Row, show  # noqa: E402

__all__ = ["BEGIN", "END", "PAGE", "our_cells"]

PAGE = PROJECT / "docs" / "reference" / "conventions.md"
BEGIN, END = "<!-- measured: tools/measure_conventions.py -->", "<!-- end -->"
MISSING = "–"

# The value and the derivatives of a row.
Result = tuple[float, Sequence[float]]


def with_torch() -> tuple[str, Callable[[Row], Result]]:
    """PyTorch's name and version, and what it makes of a row."""
    import torch

    def tensor(number: Any) -> Any:
        return number if isinstance(number, torch.Tensor) else torch.tensor(number, dtype=torch.float64)

    def extreme(of_two: Any, of_many: Any) -> Any:
        def choose(*operands: Any) -> Any:
            operands = tuple(map(tensor, operands))
            return of_two(*operands) if len(operands) == 2 else of_many(torch.stack(operands))

        return choose

    names = (
        "abs sign floor ceil round trunc relu hypot atan2 copysign xlogy where log sqrt log2 log10 log1p asin acos "
        "acosh atan atanh exp sigmoid tanh logaddexp lgamma fmod"
    )
    functions = SimpleNamespace(
        **{name: getattr(torch, name) for name in names.split()},
        maximum=extreme(torch.maximum, torch.amax),
        minimum=extreme(torch.minimum, torch.amin),
        clip=torch.clamp,
        norm=lambda x: torch.linalg.vector_norm(torch.stack(list(x))),
        softplus=torch.nn.functional.softplus,
        gaussian=lambda x: torch.exp(-x * x),
        logsumexp=lambda x: torch.logsumexp(torch.stack(list(x)), 0),
        prod=lambda x: torch.prod(torch.stack(list(x))),
        mod=torch.remainder,
        stop_gradient=lambda x: x.detach(),
    )

    def evaluate(row: Row) -> Result:
        operands = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in row.point]
        value = row.function(functions, *operands)
        slopes = torch.autograd.grad(value, operands, allow_unused=True)
        return value.item(), [0.0 if slope is None else slope.item() for slope in slopes]

    return f"PyTorch {torch.__version__.partition('+')[0]}", evaluate


def with_jax() -> tuple[str, Callable[[Row], Result]]:
    """JAX's name and version, and what it makes of a row."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def extreme(of_two: Any, of_many: Any) -> Any:
        def choose(*operands: Any) -> Any:
            operands = tuple([jnp.asarray(operand, dtype=jnp.float64) for operand in operands])
            return of_two(*operands) if len(operands) == 2 else of_many(jnp.stack(operands))

        return choose

    names = (
        "abs sign floor ceil round trunc hypot copysign where log sqrt cbrt log2 log10 log1p exp tanh logaddexp fmod "
        "mod clip"
    )
    functions = SimpleNamespace(
        **{name: getattr(jnp, name) for name in names.split()},
        asin=jnp.arcsin, acos=jnp.arccos, atan=jnp.arctan, acosh=jnp.arccosh, atanh=jnp.arctanh, atan2=jnp.arctan2,
        relu=jax.nn.relu, sigmoid=jax.nn.sigmoid, softplus=jax.nn.softplus,
        maximum=extreme(jnp.maximum, jnp.max), minimum=extreme(jnp.minimum, jnp.min),
        norm=lambda x: jnp.linalg.norm(jnp.stack(x)),
        xlogy=jax.scipy.special.xlogy,
        lgamma=jax.scipy.special.gammaln,
        gaussian=lambda x: jnp.exp(-x * x),
        logsumexp=lambda x: jax.scipy.special.logsumexp(jnp.stack(x)),
        prod=lambda x: jnp.prod(jnp.stack(x)),
        stop_gradient=jax.lax.stop_gradient,
    )  # fmt: skip

    def evaluate(row: Row) -> Result:
        places = tuple(range(len(row.point)))
        value, slopes = jax.value_and_grad(lambda *x: row.function(functions, *x), argnums=places)(*row.point)
        return float(value), list(map(float, slopes))

    return f"JAX {jax.__version__}", evaluate


def with_casadi() -> tuple[str, Callable[[Row], Result]]:
    """CasADi's name and version, and what it makes of a row."""
    import casadi as ca

    def extreme(of_two: Any, of_many: Any) -> Any:
        return lambda *x: of_two(*x) if len(x) == 2 else of_many(ca.vertcat(*x))

    names = "sign floor ceil hypot atan2 copysign log sqrt log10 log1p asin acos acosh atan atanh exp tanh fmod"
    functions = SimpleNamespace(
        **{name: getattr(ca, name) for name in names.split()},
        abs=ca.fabs,
        relu=lambda x: ca.fmax(x, 0.0),
        maximum=extreme(ca.fmax, ca.mmax),
        minimum=extreme(ca.fmin, ca.mmin),
        clip=lambda x, low, high: ca.fmin(ca.fmax(x, low), high),
        norm=lambda x: ca.norm_2(ca.vertcat(*x)),
        where=ca.if_else,
        gaussian=lambda x: ca.exp(-x * x),
        logsumexp=lambda x: ca.logsumexp(ca.vertcat(*x)),
        prod=math.prod,
    )

    def evaluate(row: Row) -> Result:
        operands = [ca.SX.sym(f"x{place}") for place in range(len(row.point))]
        value = row.function(functions, *operands)
        derivatives = ca.gradient(value, ca.vertcat(*operands))
        result, slopes = ca.Function("row", operands, [value, derivatives])(*row.point)
        return float(result), [float(slopes[place]) for place in range(len(row.point))]

    return f"CasADi {ca.__version__}", evaluate


def cell(result: Result) -> str:
    """The value and the derivatives."""
    value, slopes = result
    return f"{show(value)}; {', '.join(map(show, slopes))}"


def our_cells(row: Row) -> list[str]:
    """The first cells of a row: what is in the table without any other package."""
    return [f"`{row.text}`", row.place, show(row.value), ", ".join(map(show, row.slopes))]


def same(one: Result, other: Result) -> bool:
    """Whether value and derivatives are the same but for rounding and the sign of zero."""
    numbers = zip([one[0], *one[1]], [other[0], *other[1]], strict=True)
    return all([a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=1e-13, abs_tol=0.0) for a, b in numbers])


def measured(evaluate: Callable[[Row], Result], row: Row) -> str:
    """Another package's result for a row; `=` if it is the same as here."""
    try:
        result = evaluate(row)
    except (AttributeError, NotImplementedError):
        return MISSING
    except Exception as error:
        # A symbol has no value to decide with.
        if "truth value" not in str(error):
            raise
        return "error"
    return "=" if same(result, (row.value, row.slopes)) else cell(result)


def main() -> int:
    """Measure and write."""
    peers = [with_torch(), with_jax(), with_casadi()]
    lines = []
    for section, rows in SECTIONS.items():
        headings = ["expression", "at", "value", "derivatives", *[name for name, _ in peers]]
        lines += [f"### {section}", "", f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
        for row in rows:
            cells = [*our_cells(row), *[measured(evaluate, row) for _, evaluate in peers]]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([f"{before}{BEGIN}", "", *lines, f"{END}{after}"]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
