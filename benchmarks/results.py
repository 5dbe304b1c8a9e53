"""The tables, bars and lines of one run of all benchmarks, out of its JSON: nothing is measured here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.derivative_problems import PROBLEMS
from benchmarks.workloads import WORKLOADS

Row = dict[str, Any]
UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
# What an engine is called in tables and plots; the faster one of several with the same name is shown.
NAMES = {
    "ours": "here, eager", "ours_arrays": "here, eager",
    "ours_vm": "here, interpreter", "ours, vm": "here, interpreter",
    "ours_llvm": "here, machine code", "ours, llvm": "here, machine code", "ours, vm bound": "interpreter, bound",
    "ours, llvm bound": "machine code, bound", "floats": "floats, no gradient", "xad": "XAD", "micrograd": "micrograd",
    "torch": "PyTorch", "torch_func": "PyTorch", "jax": "JAX", "jax_jit": "JAX jit", "JAX": "JAX jit",
    "hips": "HIPS autograd", "casadi": "CasADi SX", "casadi_numbers": "CasADi SX", "casadi_mx": "CasADi MX",
    "CasADi": "CasADi SX", "heyoka": "heyoka", "asdex": "asdex, JAX jit",
    "C": "C by hand", "C, plain": "C by hand",
}  # fmt: skip
# In the sparse Hessian two ways of writing are two engines.
SPARSE_NAMES = NAMES | {
    "ours_arrays": "here, arrays", "casadi": "CasADi SX, arrays", "casadi_numbers": "CasADi SX, term by term",
    "torch": "PyTorch, dense", "torch_func": "PyTorch, dense", "jax": "JAX, dense", "jax_jit": "JAX jit, dense",
}  # fmt: skip
# The programs of the bars: one built and swept, the same compiled, and one where others are at home.
NETWORK, ROWS, RESIDUALS = "mlp", "2-16-16-1 ReLU network, value and 337 gradients, 4,096 rows summed", "decay"


def digits(number: float, count: int = 3) -> str:
    """A number with so many digits, or all of its integer part.

    >>> digits(0.1234), digits(12.34), digits(1234.5), digits(41.4, 2)
    ('0.12', '12.3', '1,234', '41')
    """
    return f"{number:,.{max(0, count - len(str(int(number))))}f}"


def duration(seconds: float, count: int = 3) -> str:
    """A time with its unit.

    >>> duration(41e-9, 2), duration(3.84e-6), duration(1.66)
    ('41 ns', '3.84 µs', '1.66 s')
    """
    unit, size = next(((unit, size) for unit, size in reversed(UNITS.items()) if seconds >= size), ("ns", 1e-9))
    return f"{digits(seconds / size, count)} {unit}"


def by_name(rows: Iterable[Row], value: Callable[[Row], float], names: dict[str, str] = NAMES) -> dict[str, float]:
    """The least value by the engine's name, in the order of `names`."""
    found: dict[str, float] = {}
    for row in rows:
        name = names.get(row["engine"])
        if name is not None:
            found[name] = min(value(row), found.get(name, float("inf")))
    return {name: found[name] for name in dict.fromkeys(names.values()) if name in found}


def eager(results: Row, workload: str) -> dict[str, float]:
    """Seconds an operation by engine, of a program that is built and swept."""
    rows = [row for row in results["eager"] if row["workload"] == workload and "ours_ns" in row]
    ours = [{"engine": "ours", "ns": row["ours_ns"]} for row in rows]
    return by_name(
        [*ours, *[{"engine": row["peer"], "ns": row["peer_ns"]} for row in rows]], lambda row: row["ns"] * 1e-9
    )


def derivative(results: Row, problem: str, part: str, size: int = 0) -> dict[str, float]:
    """Seconds by engine: of a further call, or to the first result."""
    rows = [row for row in results["derivatives"] if (row["problem"], row["size"]) == (problem, size)]
    return by_name(rows, lambda row: row[part]["seconds"], SPARSE_NAMES if problem == "sparse" else NAMES)


def compiled(results: Row, title: str, quantity: str = "derivatives") -> dict[str, float]:
    """Seconds a row by engine, of a compiled program with its derivatives, or of its value alone."""
    rows = [row for row in results["compiled"] if (row["title"], row["quantity"]) == (title, quantity)]
    return by_name(rows, lambda row: row["seconds"])


def bars(results: Row) -> list[tuple[str, dict[str, float]]]:
    """The groups of bars: a title, and seconds by engine."""
    return [
        ("A scalar network, value and 337 gradients: time an operation", eager(results, NETWORK)),
        ("The same network compiled, 4,096 rows: time a row", compiled(results, ROWS)),
        ("10,000 residuals, value and gradient in 3: time a call", derivative(results, RESIDUALS, "call")),
    ]


def growth(results: Row) -> dict[str, list[tuple[float, float]]]:
    """For each engine sizes and seconds to the first sparse Hessian."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for size in sorted({row["size"] for row in results["derivatives"] if row["problem"] == "sparse"}):
        for name, seconds in derivative(results, "sparse", "first", size).items():
            lines.setdefault(name, []).append((size, seconds))
    return lines


def table(first: str, rows: list[tuple[str, dict[str, float]]], spelled: Callable[[float], str] = duration) -> str:
    """A table of a row for each program, a column for each engine that any has; the least of a row is bold."""
    rows = [(title, cells) for title, cells in rows if cells]
    every = dict.fromkeys([*NAMES.values(), *SPARSE_NAMES.values()])
    columns = [name for name in every if any(name in cells for _, cells in rows)]
    lines = [f"| {' | '.join([first, *columns])} |", "|---" + "|---:" * len(columns) + "|"]
    for title, cells in rows:
        least = min([value for name, value in cells.items() if name != "floats, no gradient"])
        texts = [spelled(cells[name]) if name in cells else "" for name in columns]
        marked = [
            f"**{text}**" if cells.get(name) == least else text for name, text in zip(columns, texts, strict=True)
        ]
        lines.append(f"| {' | '.join([title, *marked])} |")
    return "\n".join(lines)


def tables(results: Row) -> dict[str, str]:
    """The tables by name."""
    titles = list(dict.fromkeys([row["title"] for row in results["compiled"]]))
    sizes = sorted({row["size"] for row in results["derivatives"] if row["problem"] == "sparse"})
    ratios = []
    for title in titles:
        values, both = compiled(results, title, "value"), compiled(results, title)
        ratios.append((title, {name: both[name] / values[name] for name in both if name in values}))
    problems = [problem for problem in PROBLEMS if problem.name != "sparse"]
    return {
        "run": f"{origin(results)}. {', '.join([f'{name} {version}' for name, version in versions(results).items()])}.",
        "eager": table("program", [(f"{work.title} {work.size:,}", eager(results, work.name)) for work in WORKLOADS]),
        "call": table("a call", [(work.title, derivative(results, work.name, "call")) for work in problems]),
        "first": table("first result", [(work.title, derivative(results, work.name, "first")) for work in problems]),
        "sparse": table("variables", [(f"{size:,}", derivative(results, "sparse", "first", size)) for size in sizes]),
        "sparse call": table(
            "variables", [(f"{size:,}", derivative(results, "sparse", "call", size)) for size in sizes]
        ),
        "compiled": table("value and derivatives, a row", [(title, compiled(results, title)) for title in titles]),
        "ratios": table("times the value alone", ratios, digits),
    }


def versions(results: Row) -> dict[str, str]:
    """The versions by package, each once."""
    found = {}
    for name, version in results["versions"].items():
        if not name.startswith("ours") and name != "floats":
            found.setdefault(SPARSE_NAMES.get(name, name).partition(",")[0].partition(" ")[0], version)
    return found


def origin(results: Row) -> str:
    """Of when and what machine the figures are."""
    return f"{results['date']}, {results['processor']}, {results['cores']} cores, Python {results['python']}"
