"""The time that building and differentiating expressions takes, in comparison with other engines.

    python -m benchmarks.eager [--quick] [--only NAME] [--json FILE] [--hips PYTHON]

Each engine runs the same programs in a process of its own. A round gives every engine one turn, ours before
each of the others, so that what slows the machine for a while slows both sides of a ratio. A turn is the best
of as many runs as fit in 40 ms of the processor, whose time is meant throughout, so that caches are warm. A ratio is
the least time of the one over the least time of the other; the median over the rounds of the ratio within each round
stands beside it, as a witness. The garbage collector is left as Python starts it. The results of all engines are
compared first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.engines import ENGINES
from benchmarks.turns import Worker, machine, take_turns
from benchmarks.workloads import BY_NAME, WORKLOADS, Workload

LARGE = 2_000_000
# The ratios we want on the chain: at most that many float operations, at least that much faster than an engine.
TARGETS = {"floats": 4.0, "xad": 8.0, "micrograd": 40.0, "torch": 100.0}


class Peer(Worker):
    """An engine in its process, measured at a size that suits it."""

    def __init__(self, name: str, python: str) -> None:
        super().__init__(name, [python, "-m", "benchmarks.engines", name])
        self.engine = ENGINES[name]

    def size(self, workload: Workload, size: int) -> int:
        """The size at which this engine is measured."""
        return max(1, size // self.engine.reduction)

    def run(self, workload: Workload, size: int, check: bool = False) -> dict[str, Any]:
        """The best of the runs of one turn, in nanoseconds per operation; what the turn took is `wall`.

        To check is to run once: gradients would accumulate.
        """
        repeats = 1 if check else max(1, workload.repeats // self.engine.reduction)
        found = self.ask({"workload": workload.name, "size": size, "repeats": repeats, "check": check})
        if "lacks" in found:
            return found
        scale = 1e9 / (workload.operations(size) * repeats)
        for part in ("time", "forward", "backward", "drop"):
            found[part] *= scale
        return found


def agree(workload: Workload, ours: Peer, peer: Peer, size: int) -> dict[str, Any]:
    """The peer's first run, after comparing its value and gradients with ours."""
    theirs = peer.run(workload, size, check=True)
    if "lacks" in theirs:
        return theirs
    expected = ours.run(workload, size, check=True)
    operations = workload.operations(size)
    if workload.one_node_each and expected["operations"] != operations:
        raise AssertionError(f"{workload.name}: {expected['operations']} nodes for {operations} operations")
    # Each operation rounds once, on numbers of the size of the output and the gradients.
    scale = max([1.0, abs(expected["value"]), *[abs(gradient) for gradient in expected["gradients"]]])
    tolerance = operations * 2.0**-52 * scale
    pairs = [(expected["value"], theirs["value"])]
    if theirs["gradients"] is not None:
        pairs += zip(expected["gradients"], theirs["gradients"], strict=True)
    for ours_is, theirs_is in pairs:
        if not abs(ours_is - theirs_is) <= tolerance:
            raise AssertionError(f"{workload.name}: ours gives {ours_is!r}, {peer.name} {theirs_is!r}")
    return theirs


def measure(workload: Workload, ours: Peer, peers: list[Peer], size: int) -> dict[str, Any]:
    """For each peer the runs of ours and of the peer in turn, or what it lacks."""
    rounds, seconds = 5, 2.0
    by_name = {peer.name: peer for peer in peers}
    firsts = {peer.name: agree(workload, ours, peer, peer.size(workload, size)) for peer in peers}

    def pair(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        peer = by_name[name]
        return ours.run(workload, size), peer.run(workload, peer.size(workload, size))

    walls = {name: first["wall"] for name, first in firsts.items() if "lacks" not in first}
    lacking = {name: first["lacks"] for name, first in firsts.items() if "lacks" in first}
    return lacking | take_turns(walls, rounds, seconds, pair)


def least(runs: list[dict[str, Any]], part: str = "time") -> float:
    """The least of a kind of time."""
    return float(min([run[part] for run in runs]))


def compare(workload: Workload, ours: Peer, peers: list[Peer], quick: bool) -> list[dict[str, Any]]:
    """The rows of one workload, printed as they come."""
    size = workload.quick_size if quick else workload.size
    runs = measure(workload, ours, peers, size)
    number = workload.repeats if workload.repeats > 1 else size
    mine = [pair[0] for name in runs for pair in runs[name] if not isinstance(pair, str)]
    if workload.repeats > 1:
        parts = "backward and dropping included"
    else:
        parts = (
            f"forward {least(mine, 'forward'):.1f}, backward {least(mine, 'backward'):.1f}; "
            f"dropping the graph {least(mine, 'drop'):.1f} more"
        )
    print(f"\n{workload.title} {number:,}: ours {least(mine):.1f} ns an operation ({parts})")
    rows = []
    for peer in peers:
        pairs = runs[peer.name]
        row: dict[str, Any] = {"workload": workload.name, "size": number, "peer": peer.name}
        rows.append(row)
        if isinstance(pairs[0], str):
            row["lacks"] = pairs
            print(f"    {peer.name:<10} skipped: it has no {', '.join(pairs)}")
            continue
        best_ours, best_theirs = least([pair[0] for pair in pairs]), least([pair[1] for pair in pairs])
        row |= {"ours_ns": best_ours, "peer_ns": best_theirs, "rounds": len(pairs)}
        if peer.name == "floats":
            row["ratio"] = best_ours / best_theirs
            row["median_ratio"] = statistics.median([one["time"] / other["time"] for one, other in pairs])
            meaning = "times a float operation"
        else:
            row["ratio"] = best_theirs / best_ours
            row["median_ratio"] = statistics.median([other["time"] / one["time"] for one, other in pairs])
            meaning = "times faster than it"
        at = "" if peer.engine.reduction == 1 else f", it at 1/{peer.engine.reduction} of the size"
        print(
            f"    {peer.name:<10} {best_theirs:>11,.1f} ns   ours {row['ratio']:>8,.1f} {meaning}"
            f"   (median of {len(pairs)} rounds {row['median_ratio']:,.1f}{at})"
        )
    return rows


def large_chain(ours: Peer, quick: bool) -> dict[str, Any]:
    """Ours alone on a graph that no cache holds."""
    chain, size = WORKLOADS[0], LARGE // 10 if quick else LARGE
    runs = [ours.run(chain, size) for _ in range(3)]
    row = {"workload": "large_chain", "size": size} | {
        part: least(runs, part) for part in ("time", "forward", "backward", "drop")
    }  # fmt: skip
    print(
        f"\nchain of {size:,} operations: ours {row['time']:.1f} ns an operation (forward {row['forward']:.1f}, "
        f"backward {row['backward']:.1f}; dropping the graph {row['drop']:.1f} more)"
    )
    return row


def judge(rows: list[dict[str, Any]]) -> list[str]:
    """The targets, and the worst of all ratios."""
    lines = []
    measured = [row for row in rows if "ratio" in row]
    for row in measured:
        target = TARGETS.get(row["peer"])
        if row["workload"] != "chain" or target is None:
            continue
        met = row["ratio"] <= target if row["peer"] == "floats" else row["ratio"] >= target
        bound = "at most" if row["peer"] == "floats" else "at least"
        lines.append(
            f"target on the chain: {bound} {target:g} against {row['peer']}, "
            f"measured {row['ratio']:.3f}: {'met' if met else 'MISSED'}"
        )
    floats = [row for row in measured if row["peer"] == "floats"]
    others = [row for row in measured if row["peer"] != "floats"]
    if floats:
        worst = max(floats, key=lambda row: row["ratio"])
        lines.append(f"worst against floats: {worst['workload']}, {worst['ratio']:.1f} times a float operation")
    if others:
        worst = min(others, key=lambda row: row["ratio"])
        name, ratio = worst["workload"], worst["ratio"]
        lines.append(f"worst against an engine: {name}, {ratio:.1f} times faster than {worst['peer']}")
    return lines


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description="eager speed against other engines, in ratios")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, and JAX left out")
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured to this file")
    parser.add_argument("--only", metavar="NAME", choices=sorted(BY_NAME), help="one program: " + ", ".join(BY_NAME))
    parser.add_argument("--hips", metavar="PYTHON", help="a Python that has PyPI's autograd, to measure it too")
    options = parser.parse_args()
    pythons = {"hips": options.hips}
    left_out = {"hips"} if not options.hips else set()
    left_out |= {"jax"} if options.quick else set()
    names = [name for name in ENGINES if name not in left_out]
    workers = [Peer(name, pythons.get(name) or sys.executable) for name in names]
    present = [worker for worker in workers if worker.missing is None]
    print(", ".join(map(str, machine().values())))
    print(", ".join([f"{worker.name} {worker.version}" for worker in present]))
    for worker in workers:
        if worker.missing is not None:
            print(f"{worker.name}: not installed ({worker.missing})")
    ours, *peers = present
    if ours.name != "ours":
        raise SystemExit("scalar-autograd can't be imported: nothing to measure")
    print("Per operation, forward and backward, garbage collector on; a float operation has no backward.")
    rows = []
    for workload in [BY_NAME[options.only]] if options.only else WORKLOADS:
        rows += compare(workload, ours, peers, options.quick)
        if workload.name == "chain":
            rows.append(large_chain(ours, options.quick))
    verdict = judge(rows)
    print("\n" + "\n".join(verdict))
    for worker in present:
        worker.stop()
    if options.json:
        versions = {worker.name: worker.version for worker in present}
        facts = machine() | {"versions": versions, "rows": rows, "verdict": verdict}
        Path(options.json).write_text(json.dumps(facts, indent=1), "utf-8")


if __name__ == "__main__":
    main()
