"""Write the opening example of the README as it is swept, bars of measured times, and how times grow with size.

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
# Where others are faster: ours, and how many times faster it is than each, which is 1/k where it is k times slower.
LOST = (
    "10,000 residuals on whole arrays, value and gradient in 3, time per call: others are faster",
    "| 10,000 residuals, value and gradient in 3 |",
    ("here", "PyTorch", "JAX eager", "JAX jit", "CasADi SX"),
)
# The table's first row, its columns of peers, and the title of the plot.
GROWTH = (
    "| variables |",
    ("CasADi SX, term by term", "SX, arrays", "MX, arrays", "asdex and JAX jit", "dense PyTorch"),
    "Time to the first sparse Hessian of the chained Rosenbrock function",
)
UNITS = {"ns": 1.0, "µs": 1e3, "ms": 1e6, "s": 1e9}
WIDTH, LEFT, BAR, GAP = 760, 190, 18, 6
STYLE = (
    "text{font:13px sans-serif;fill:#57606a}.title{font-weight:bold}rect{fill:#8c959f}rect.ours{fill:#2da44e}"
    "path{fill:none;stroke:#8c959f;stroke-width:1.5}path.ours{stroke:#2da44e;stroke-width:3}path.grid{stroke-width:.3}"
    "@media(prefers-color-scheme:dark){text{fill:#adbac7}rect{fill:#545d68}path{stroke:#768390}}"
)


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


def in_nanoseconds(cell: str) -> float:
    """A time with its unit, as `7.7 ms`."""
    number, unit = cell.split()
    return float(number) * UNITS[unit]


def times_faster(cell: str) -> float:
    """A ratio of the tables.

    >>> times_faster("8.5"), times_faster("1/4")
    (8.5, 0.25)
    """
    over, _, under = cell.partition("/")
    return float(over) / float(under or 1.0)


def lost(tables: str) -> list[tuple[str, float]]:
    """Engine and nanoseconds a call."""
    ours, *peers = row(tables, LOST[1])
    time = in_nanoseconds(ours)
    return list(zip(LOST[2], [time, *[time * times_faster(peer) for peer in peers]], strict=True))


def grown(tables: str) -> dict[str, list[tuple[float, float]]]:
    """Sizes and nanoseconds by engine: each row has ours, the memory, and the peers' ratios as far as they go."""
    lines = tables[tables.index(GROWTH[0]) :].partition("\n\n")[0].splitlines()[2:]
    found: dict[str, list[tuple[float, float]]] = {"here": []}
    for line in lines:
        size, ours, _, *peers = [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
        time = in_nanoseconds(ours)
        found["here"].append((float(size), time))
        for engine, cell in zip(GROWTH[1], peers, strict=True):
            if cell:
                found.setdefault(engine, []).append((float(size), time * times_faster(cell)))
    return found


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
    return picture(top, lines)


def picture(height: float, lines: list[str]) -> str:
    """The SVG of this height."""
    size = f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{STYLE}</style>", *lines, "</svg>", ""]
    )


def growth(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """A line for each engine, size and time on logarithmic scales; each has its name at its end."""
    height, left, right, top, bottom = 380.0, 60.0, WIDTH - 190.0, 34.0, 340.0
    points = [point for line in series.values() for point in line]
    (low, high), (least, most) = [
        (math.floor(math.log10(min(column))), math.ceil(math.log10(max(column))))
        for column in zip(*points, strict=True)
    ]

    def place(size: float, time: float) -> tuple[float, float]:
        across = (math.log10(size) - low) / max(high - low, 1)
        up = (math.log10(time) - least) / max(most - least, 1)
        return left + across * (right - left), bottom - up * (bottom - top)

    lines = [f'<text x="8" y="20" class="title">{title}</text>']
    for power in range(least, most + 1):
        y = place(10.0**low, 10.0**power)[1]
        lines.append(f'<path class="grid" d="M{left:g} {y:.1f}H{right:g}"/>')
        lines.append(f'<text x="{left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{shown(10.0**power)}</text>')
    for power in range(low, high + 1):
        x = place(10.0**power, 10.0**least)[0]
        lines.append(f'<text x="{x:.1f}" y="{bottom + 20:g}" text-anchor="middle">{10**power:,}</text>')
    ends = []
    for engine, line in series.items():
        places = [place(*point) for point in line]
        mark = ' class="ours"' if engine.startswith("here") else ""
        lines.append(f'<path{mark} d="M{"L".join([f"{x:.1f} {y:.1f}" for x, y in places])}"/>')
        ends.append([places[-1][1], places[-1][0], engine])
    # Names that would lie over each other are moved down.
    lowest = dict[float, float]()
    for y, x, engine in sorted(ends):
        lowest[x] = max(y, lowest.get(x, -math.inf) + 15.0)
        lines.append(f'<text x="{x + 6:.1f}" y="{lowest[x] + 4:.1f}">{engine}</text>')
    return picture(height, lines)


def pictures() -> Iterator[tuple[Path, str]]:
    """Each picture's path and text."""
    tables = (PROJECT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    tables = re.sub(r"[ \t]+\|", " |", tables)
    yield PROJECT / "docs" / "opening.svg", opening()
    groups = [(EAGER[0], eager(tables)), (COMPILED[0], compiled(tables)), (LOST[0], lost(tables))]
    yield PROJECT / "docs" / "speed.svg", bars(groups)
    yield PROJECT / "docs" / "growth.svg", growth(GROWTH[2], grown(tables))


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
