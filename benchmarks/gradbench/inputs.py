"""Inputs of the evals, as GradBench makes them: of which sizes, from which numbers, and from which of its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FUNCTIONS = {
    "hello": ("square", "double"), "lse": ("primal", "gradient"), "det": ("primal", "gradient"),
    "llsq": ("primal", "gradient"), "kmeans": ("cost", "dir"), "ode": ("primal", "gradient"),
    "gmm": ("objective", "jacobian"), "lstm": ("objective", "jacobian"), "ba": ("objective", "jacobian"),
    "ht": ("objective", "jacobian"), "particle": ("rr", "rf", "fr", "ff"), "saddle": ("rr", "rf", "fr", "ff"),
}  # fmt: skip


def mixture(d: int, k: int, n: int, random: Any, m: int = 0, gamma: float = 1.0) -> dict[str, Any]:
    """Of the eval `gmm`: `k` components in `d` dimensions, and `n` points."""
    return {
        "d": d, "k": k, "n": n, "m": m, "gamma": gamma, "x": random.normal(size=(n, d)).tolist(),
        "alpha": random.normal(size=k).tolist(), "mu": random.uniform(size=(k, d)).tolist(),
        "q": random.normal(size=(k, d)).tolist(), "l": random.normal(size=(k, d * (d - 1) // 2)).tolist(),
    }  # fmt: skip


def clusters(k: int, n: int, d: int, random: Any) -> dict[str, Any]:
    """Of the eval `kmeans`: the last points are the centres, so that no cluster is empty."""
    points = random.random((n, d)).tolist()
    return {"points": points, "centroids": points[-k:]}


def network(layers: int, characters: int, bits: int, random: Any) -> dict[str, Any]:
    """Of the eval `lstm`, on random characters: those of GradBench are of a text, which no time depends on."""
    return {
        "main_params": random.random((2 * layers, 4 * bits)).tolist(),
        "extra_params": random.random((3, bits)).tolist(),
        "state": random.random((2 * layers, bits)).tolist(),
        "sequence": random.integers(0, 2, (characters, bits)).astype(float).tolist(),
    }  # fmt: skip


def bundle(file: Path) -> dict[str, Any]:
    """Of the eval `ba`, from a file: counts, one camera, one point, one weight, one feature."""
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    counts = [int(word) for word in lines[0]]
    camera, point, weight, feature = [[float(word) for word in line] for line in lines[1:5]]
    named = dict(zip("nmp", counts, strict=True))
    return named | {"cam": camera, "x": point, "w": weight[0], "feat": feature}


def hand_model(folder: Path) -> dict[str, Any]:
    """A hand's bones, skin and triangles, from the three files of a folder: fields are separated by colons."""
    bones, vertices, triangles = [
        [line.split(":") for line in (folder / f"{name}.txt").read_text(encoding="utf-8").split()]
        for name in ("bones", "vertices", "triangles")
    ]
    weights = np.zeros((len(vertices), len(bones)))
    for row, fields in zip(weights, vertices, strict=True):
        for place in range(int(fields[8])):
            row[int(fields[9 + 2 * place])] = float(fields[10 + 2 * place])
    matrices = np.array([[float(word) for word in fields[2:34]] for fields in bones]).reshape(len(bones), 2, 4, 4)
    return {
        "bone_count": len(bones), "bone_names": [fields[0] for fields in bones],
        "parents": [int(fields[1]) for fields in bones], "is_mirrored": False, "weights": weights.tolist(),
        "base_relatives": matrices[:, 0].tolist(), "inverse_base_absolutes": matrices[:, 1].tolist(),
        "base_positions": [[*[float(word) for word in fields[:3]], 1.0] for fields in vertices],
        "triangles": [[int(word) for word in fields[:3]] for fields in triangles],
    }  # fmt: skip


def hand(model: Path, file: Path, in_triangles: bool) -> dict[str, Any]:
    """Of the eval `ht`, from a folder and a file: measured points, places in triangles if there are any, 26 numbers."""
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    count = int(lines[0][0])
    points, rest = lines[1 : 1 + count], lines[1 + count :]
    us, theta = (rest[:count], rest[count:]) if in_triangles else ([], rest)
    data = {
        "model": hand_model(model), "correspondences": [int(line[0]) for line in points],
        "points": [[float(word) for word in line[1:4]] for line in points],
    }  # fmt: skip
    return {
        "theta": [float(line[0]) for line in theta if line], "data": data,
        "us": [[float(word) for word in line] for line in us],
    }  # fmt: skip


def inputs(data: Path | None, large: bool = False) -> Iterator[tuple[str, str, Any]]:
    """Evals, what their inputs are called, and the inputs; some of GradBench's sizes, or `large`, its largest ones.

    `data` is the folder `evals` of a clone of GradBench; without it, evals that read files are left out.
    """
    random = np.random.default_rng(31337)
    for n in (1_280_000,) if large else (2_500, 160_000):
        yield "lse", f"n = {n:,}", {"x": random.random(n).tolist()}
    for size in (11,) if large else (5, 8):
        yield "det", f"{size} × {size}", {"A": random.random(size * size).tolist(), "ell": size}
    for n in (16_392,) if large else (16, 1_024):
        yield "llsq", f"n = {n:,}, m = 128", {"x": random.random(128).tolist(), "n": n}
    for k, n, d in ((1_000, 10_000, 16),) if large else ((10, 1_000, 8), (100, 10_000, 16)):
        yield "kmeans", f"k = {k:,}, n = {n:,}, d = {d}", clusters(k, n, d, random)
    for n, s in ((100_000, 100),) if large else ((1_000, 10), (10_000, 100)):
        yield "ode", f"n = {n:,}, s = {s}", {"x": random.random(n).tolist(), "s": s}
    for d, k in ((64, 100),) if large else ((2, 5), (10, 25), (20, 50)):
        yield "gmm", f"d = {d}, k = {k}, n = 1,000", mixture(d, k, 1_000, random)
    for layers, characters in ((6, 8_192),) if large else ((2, 1_024), (4, 4_096)):
        yield "lstm", f"l = {layers}, c = {characters:,}", network(layers, characters, 14, random)
    if not large:
        yield "particle", "w = 0", {"w": 0.0}
        yield "saddle", "from (1, 1)", {"start": [1.0, 1.0]}
    if data is None:
        return
    for name in ("ba14_n356_m226730_p1255268",) if large else ("ba1_n49_m7776_p31843", "ba5_n257_m65132_p225911"):
        if (file := data / "ba" / "data" / f"{name}.txt").exists():
            yield "ba", name.replace("_", ", "), bundle(file)
    hands = ("hand11_t26_c51200",) if large else ("hand1_t26_c100", "hand5_t26_c800")
    for variant in ("complicated_big",) if large else ("simple_small", "complicated_small", "complicated_big"):
        for name in hands:
            folder = data / "ht" / "data" / variant
            if (file := folder / f"{name}.txt").exists():
                described = f"{variant}, {name.rpartition('c')[2]} points".replace("_", " ")
                yield "ht", described, hand(folder / "model", file, "complicated" in variant)
