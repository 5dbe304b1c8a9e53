"""Write the two pictures of the README: the opening example as it is swept, and the bars of measured times.

The times stand in `benchmarks/README.md`, in whose tables they are looked up: nothing is measured here.

    python tools/generate_readme.py           writes what is out of date
    python tools/generate_readme.py --check   exits with status 1 if something is
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from autograd import Variable  # noqa: E402 - after the path is set
from tools.generate_pictures import digest_of, engine_from_pip, is_current  # noqa: E402
from viz import draw  # noqa: E402

# For each group of bars: its title, the start of its row in the table, and the columns of its engines.
EAGER = (
    "A scalar network, forward and backward, time per operation",
    "| 2-16-16-1 ReLU network, 8 samples |",
    ("here", "plain floats, no gradient", "XAD", "micrograd", "PyTorch", "JAX"),
)
COMPILED = (
    "The same network compiled, value and 337 gradients, 4,096 rows, time per row",
    "| 4,096 rows summed |",
    ("here, machine code", "here, interpreter", "JAX jit", "CasADi"),
)
UNITS = {"ns": 1.0, "µs": 1e3, "ms": 1e6}
WIDTH, LEFT, BAR, GAP = 760, 190, 18, 6


def opening() -> str:
    """The opening example of the README as an SVG that plays the sweep."""
    x, w, b = Variable(2.0, name="x"), Variable(-1.0, name="w"), Variable(1.0, name="b")
    loss = ((w * x + b).tanh() - 0.5) ** 2
    loss.backward()
    return draw(loss).animation(seconds=1.0)


def row(tables: str, start: str) -> list[str]:
    """The cells of the first row that starts so, without its name."""
    line = next(line for line in tables.splitlines() if line.startswith(start))
    return [cell.strip().replace(",", "") for cell in line.strip("|").split("|")[1:]]


def eager(tables: str) -> list[tuple[str, float]]:
    """Engine and nanoseconds an operation: the first column has them, plain floats are given as a part of ours."""
    cells = [float(cell) for cell in row(tables, EAGER[1])]
    ours, floats, *peers = cells
    return list(zip(EAGER[2], [ours, ours / floats, *[ours * peer for peer in peers]], strict=True))


def compiled(tables: str) -> list[tuple[str, float]]:
    """Engine and nanoseconds a row; the unit stands with the first number."""
    cells = [cell for cell in row(tables, COMPILED[1]) if cell]
    unit = UNITS[cells[0].split()[1]]
    return list(zip(COMPILED[2], [float(cell.split()[0]) * unit for cell in cells], strict=True))


def shown(nanoseconds: float) -> str:
    """A time with two digits in its unit.

    >>> shown(41.0), shown(3800.0), shown(166320.0)
    ('41 ns', '3.8 µs', '170 µs')
    """
    unit, size = next((unit, size) for unit, size in reversed(UNITS.items()) if nanoseconds >= size or size == 1.0)
    number = float(f"{nanoseconds / size:.2g}")
    return f"{number:g} {unit}"


def bars(groups: list[tuple[str, list[tuple[str, float]]]]) -> str:
    """Horizontal bars on a logarithmic scale, ten times as long a time for each step of the same width."""
    lines, top = list[str](), 10.0
    for title, times in groups:
        least = 10.0 ** math.floor(math.log10(min([time for _, time in times])))
        steps = math.log10(max([time for _, time in times]) / least)
        lines.append(f'<text x="8" y="{top + 14:g}" class="title">{title} (logarithmic)</text>')
        top += 26.0
        for engine, time in times:
            width = (WIDTH - LEFT - 90) * math.log10(time / least) / steps
            mark = ' class="ours"' if engine.startswith("here") else ""
            middle = top + BAR * 0.72
            lines += [
                f'<text x="{LEFT - 8}" y="{middle:.1f}" text-anchor="end">{engine}</text>',
                f'<rect x="{LEFT}" y="{top:g}" width="{max(width, 2.0):.1f}" height="{BAR}"{mark}/>',
                f'<text x="{LEFT + max(width, 2.0) + 6:.1f}" y="{middle:.1f}">{shown(time)}</text>',
            ]
            top += BAR + GAP
        top += 12.0
    style = (
        "text{font:13px sans-serif;fill:#57606a}.title{font-weight:bold}rect{fill:#8c959f}rect.ours{fill:#2da44e}"
        "@media(prefers-color-scheme:dark){text{fill:#adbac7}rect{fill:#545d68}}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:g}" width="{WIDTH}" height="{top:g}">'
    return "\n".join([head, f"<style>{style}</style>", *lines, "</svg>", ""])


def pictures() -> Iterator[tuple[Path, str]]:
    """Each picture's path and text."""
    tables = (PROJECT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    tables = re.sub(r"[ \t]+\|", " |", tables)
    yield PROJECT / "docs" / "opening.svg", opening()
    yield PROJECT / "docs" / "speed.svg", bars([(EAGER[0], eager(tables)), (COMPILED[0], compiled(tables))])


def main() -> int:
    """Write the pictures, or with --check compare them; the exit status."""
    status = 0
    with engine_from_pip():
        for path, text in pictures():
            digest = digest_of(text)
            if is_current(path, digest):
                continue
            if "--check" in sys.argv[1:]:
                print(f"{path.relative_to(PROJECT)} is out of date: run python tools/generate_readme.py")
                status = 1
            else:
                path.write_text(f"{text}<!-- {digest} -->\n", encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
