"""Write `docs/reference/accuracy.md`: the worst errors of each primitive in units in the last place, in each tier.

    python tools/measure_accuracy.py            measures 3,000 points of each primitive and writes the table: 3 minutes
    python tools/measure_accuracy.py NAME ...   those primitives alone, the others keep their figures

`tests/operations/test_accuracy.py` checks that the table's figures are not exceeded at the first of these points.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))

from autograd import Variable, jit, value_and_grad, vmap  # noqa: E402
from tools.graph_errors import error, is_normal, moderate  # noqa: E402
from tools.oracles import BUILT_IN, ORACLES, mp, mpf  # noqa: E402

__all__ = ["BEGIN", "COLUMNS", "END", "PAGE", "documented", "measure"]

PAGE = PROJECT / "docs" / "reference" / "accuracy.md"
BEGIN, END = "<!-- measured: tools/measure_accuracy.py -->", "<!-- end -->"
COLUMNS = ("value", "value, llvm", "gradient", "gradient, vm", "gradient, llvm")
POINTS = 3000
# The exact results have as many digits as the operands are apart.
BITS = {"mod": 4000, "fmod": 4000, "floor_divide": 4000, "fma": 4000, "plus": 4000, "minus": 4000, "power_below": 600}


def measure(primitive: Any, count: int, *, machine_code: bool = True) -> dict[str, tuple[float, Any]]:
    """The worst error in each column over so many points, and where it is.

    Left out is what has lost digits to the lower or upper end of the range of floats: operands, values, gradients.
    """
    draw = random.Random(f"accuracy of {primitive.name}")
    drawn = [tuple(ORACLES[primitive.name].sample(draw)) for _ in range(count)]
    worst: dict[str, tuple[float, Any]] = dict.fromkeys(COLUMNS, (0.0, None))
    for length in sorted({len(point) for point in drawn}):
        points = [point for point in drawn if len(point) == length]
        found = {"": [eager(primitive, point) for point in points], ", vm": in_rows(primitive, points, "vm")}
        if machine_code:
            found[", llvm"] = in_rows(primitive, points, "llvm")
        for place, point in enumerate(points):
            exact = exact_results(primitive, point)
            for tier, results in found.items():
                value, *slopes = results[place]
                if not all(map(is_normal, (*point, value))):
                    continue
                for column, got, (number, term) in [
                    ("value", value, exact[0]),
                    *[
                        ("gradient", slope, slope_and_term)
                        for slope, slope_and_term in zip(slopes, exact[1:], strict=True)
                    ],
                ]:
                    # The interpreter's values are those of plain Python to the bit.
                    key = column if (column, tier) == ("value", ", vm") else column + tier
                    if not mp.isnan(number) and sys.float_info.min <= abs(number) and math.isfinite(got):
                        worst[key] = max(worst[key], (error(got, number, term), point), key=lambda known: known[0])
    return worst


def eager(primitive: Any, point: Sequence[float]) -> list[float]:
    """The value and local gradients of a node."""
    node = primitive(*[Variable(x) for x in point])
    return [node.value, *node.local_gradients]


def in_rows(primitive: Any, points: Sequence[Sequence[float]], tier: str) -> list[list[float]]:
    """The value and gradients at all points, by a compiled function over rows."""

    def of_row(row: Any) -> list[Any]:
        value, slopes = value_and_grad(lambda x: primitive(*x))(list(row))
        return [value, *slopes]

    return np.stack(jit(vmap(of_row), tier=tier)(np.array(points)), axis=1).tolist()


def exact_results(primitive: Any, point: Sequence[float]) -> list[tuple[Any, Any]]:
    """The exact value and gradients, each with the largest term that it is the sum of."""
    oracle = ORACLES[primitive.name]
    with mp.workprec(BITS.get(primitive.name, 250)):
        numbers = list(map(mpf, point))
        slopes = [moderate(mpf(slope)) for slope in oracle.gradients(*numbers)]
        terms = [oracle.value_term(*numbers), *oracle.gradient_terms(*numbers)]
        return list(zip([moderate(mpf(oracle.value(*numbers))), *slopes], terms, strict=True))


def table(rows: Sequence[tuple[str, dict[str, float]]]) -> str:
    """The table of these figures."""
    lines = [f"| primitive | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, figures in rows:
        lines.append(f"| `{name}` | {' | '.join([f'{figures[column]:.2f}' for column in COLUMNS])} |")
    return "\n".join(lines)


def documented() -> dict[str, dict[str, float]]:
    """The figures in the page, by primitive and column."""
    text = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    return {name.strip("`"): dict(zip(COLUMNS, map(float, figures), strict=True)) for name, *figures in rows}


def main(names: Sequence[str]) -> int:
    """Measure and write, figures rounded up."""
    known = documented()
    rows = []
    for primitive in BUILT_IN:
        if names and primitive.name not in names:
            rows.append((primitive.name, known[primitive.name]))
            continue
        worst = measure(primitive, POINTS)
        rows.append((primitive.name, {column: math.ceil(units * 100) / 100 for column, (units, _) in worst.items()}))
        for column, (units, point) in worst.items():
            if units > (2 if column.startswith("value") else 4):
                print(f"{primitive.name}, {column}: {units:.2f} ulp at {point}")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
