"""Write the opening example of the README as it is swept, and what the last full run of the benchmarks measured.

That run is `benchmarks/results.json`; its bars, its plot of growth and the tables of `benchmarks/README.md` are of it.

    python tools/generate_readme.py           writes what is out of date
    python tools/generate_readme.py --check   exits with status 1 if something is
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from autograd import Variable  # noqa: E402 - after the path is set
from benchmarks import results as measured  # noqa: E402
from benchmarks.results import duration  # noqa: E402
from tools.generate_pictures import digest_of, engine_from_pip, is_current  # noqa: E402
from viz import draw  # noqa: E402

GROWTH = "Time to the first sparse Hessian of the chained Rosenbrock function, by the number of variables"
WIDTH, LEFT, BAR, GAP = 760, 190, 18, 6
STYLE = (
    "text{font:13px sans-serif;fill:#57606a}.title{font-weight:bold}"
    "text.origin{font-size:11px}text.name{paint-order:stroke;stroke:#fff;stroke-width:4px}rect{fill:#8c959f}rect.ours{fill:#2da44e}"
    "path{fill:none;stroke:#8c959f;stroke-width:1.5}path.ours{stroke:#2da44e;stroke-width:3}path.grid{stroke-width:.3}"
    "@media(prefers-color-scheme:dark){text{fill:#adbac7}text.name{stroke:#131416}rect{fill:#545d68}path{stroke:#768390}}"
)


def opening() -> str:
    """The opening example of the README as an SVG that plays the sweep."""
    x, w, b = Variable(2.0, name="x"), Variable(-1.0, name="w"), Variable(1.0, name="b")
    loss = ((w * x + b).tanh() - 0.5) ** 2
    loss.backward()
    return draw(loss).animation(seconds=1.0)


def bars(groups: list[tuple[str, Mapping[str, float]]], origin: str) -> str:
    """Horizontal bars of seconds on a logarithmic scale, each step of a width ten times as long; of when they are."""
    lines, top = list[str](), 10.0
    for title, times in groups:
        least = 10.0 ** math.floor(math.log10(min(times.values())))
        steps = math.log10(max(times.values()) / least)
        lines.append(f'<text x="8" y="{top + 14:g}" class="title">{title} (logarithmic)</text>')
        top += 26.0
        for engine, time in times.items():
            width = (WIDTH - LEFT - 90) * math.log10(time / least) / steps
            mark = ' class="ours"' if engine.startswith("here") else ""
            middle = top + BAR * 0.72
            lines += [
                f'<text x="{LEFT - 8}" y="{middle:.1f}" text-anchor="end">{engine}</text>',
                f'<rect x="{LEFT}" y="{top:g}" width="{max(width, 2.0):.1f}" height="{BAR}"{mark}/>',
                f'<text x="{LEFT + max(width, 2.0) + 6:.1f}" y="{middle:.1f}">{duration(time, 2)}</text>',
            ]
            top += BAR + GAP
        top += 12.0
    lines.append(f'<text x="8" y="{top + 8:g}" class="origin">{origin}</text>')
    return picture(top + 20.0, lines)


def picture(height: float, lines: list[str]) -> str:
    """The SVG of this height."""
    size = f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{STYLE}</style>", *lines, "</svg>", ""]
    )


def growth(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """A line for each engine, size and seconds on logarithmic scales; each has its name at its end."""
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
        lines.append(f'<text x="{left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{duration(10.0**power, 1)}</text>')
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
        lines.append(f'<text class="name" x="{x + 6:.1f}" y="{lowest[x] + 4:.1f}">{engine}</text>')
    return picture(height, lines)


def plots(results: dict[str, Any]) -> dict[str, str]:
    """The bars of a run and, if it has sparse Hessians, how they grow, by the file's name."""
    drawn = {"speed.svg": bars(measured.bars(results), f"Processor time, all threads; {measured.origin(results)}")}
    lines = measured.growth(results)
    return drawn | ({"growth.svg": growth(GROWTH, lines)} if lines else {})


def pictures(results: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Each picture's path and text."""
    yield PROJECT / "docs" / "opening.svg", opening()
    for name, text in plots(results).items():
        yield PROJECT / "docs" / name, text


def with_tables(page: str, tables: dict[str, str]) -> str:
    """The page with the tables between their marks.

    >>> print(with_tables("<!-- run -->old<!-- end -->", {"run": "new"}))
    <!-- run -->
    <BLANKLINE>
    new
    <BLANKLINE>
    <!-- end -->
    """
    for name, text in tables.items():
        mark = f"<!-- {name} -->"
        whole = f"{mark}\n\n{text}\n\n<!-- end -->"
        page, count = re.subn(f"{re.escape(mark)}.*?<!-- end -->", lambda _, whole=whole: whole, page, flags=re.S)
        if count != 1:
            raise LookupError(f"benchmarks/README.md has {count} places for the table {name!r}, it needs one")
    return page


def main() -> int:
    """Write the pictures and tables, or with --check compare them; the exit status."""
    check = "--check" in sys.argv[1:]
    results = json.loads((PROJECT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    page = PROJECT / "benchmarks" / "README.md"
    text = page.read_text(encoding="utf-8")
    # A quick run has the programs of the bars alone.
    now = text if results["quick"] else with_tables(text, measured.tables(results))
    stale = [page] if now != text else []
    with engine_from_pip():
        for path, text in pictures(results):
            digest = digest_of(text)
            if is_current(path, digest):
                continue
            stale.append(path)
            if not check:
                path.write_text(f"{text}<!-- {digest} -->\n", encoding="utf-8")
    if not check:
        page.write_text(now, encoding="utf-8")
        return 0
    for path in stale:
        print(f"{path.relative_to(PROJECT)} is out of date: run python tools/generate_readme.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
