"""What a run of all benchmarks keeps, and tells of earlier runs."""

import doctest
import json
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as everything
from tools import generate_readme as readme

EAGER = {
    "processor": "a processor", "python": "3.11.0", "versions": {"ours": "0.1.0", "micrograd": "0.1.0"},
    "rows": [
        {"workload": "chain", "size": 10, "peer": "floats", "ours_ns": 40.0, "peer_ns": 10.0, "median_ratio": 4.0},
        {"workload": "chain", "size": 10, "peer": "micrograd", "ours_ns": 41.0, "peer_ns": 4e3, "median_ratio": 100.0},
        {"workload": "large_chain", "size": 20, "time": 80.0},
        {"workload": "wide", "size": 10, "peer": "micrograd", "lacks": ["sum"]},
    ],
}  # fmt: skip


def test_its_examples_give_what_they_say():
    assert doctest.testmod(everything).failed == 0
    assert doctest.testmod(readme).failed == 0


def test_greater_ratios_are_better_whatever_the_peer():
    assert everything.ratios("eager", EAGER) == {"eager chain floats": 0.25, "eager chain micrograd": 100.0}
    rows = [
        {"problem": "sparse", "size": 9, "engine": engine, "call": {"median_ratio": ratio}}
        for engine, ratio in (("ours", 1.0), ("ours_vm", 3.0), ("casadi", 2.0))
    ]
    assert everything.ratios("derivatives", {"rows": rows}) == {"derivatives sparse 9 casadi": 2.0}


def test_bars_have_the_least_of_our_times_beside_each_peer():
    texts = [text.text for text in ElementTree.fromstring(everything.eager_bars(EAGER)).iter() if text.text]
    assert {"here", "40 ns", "floats", "10 ns", "micrograd", "4 µs"} <= set(texts)


def test_growth_is_a_line_for_each_engine_and_straight_where_time_grows_with_a_power_of_size():
    rows = [
        {"problem": "sparse", "size": 10**power, "engine": engine, "first": {"seconds": 1e-6 * 10.0 ** (power * steep)}}
        for engine, steep in (("ours", 1), ("casadi", 2))
        for power in (1, 2, 3)
    ]
    drawn = ElementTree.fromstring(everything.sparse_growth({"rows": rows}))
    assert {"here", "casadi", "10", "100", "1,000"} <= {text.text for text in drawn.iter()}
    (ours,) = [part.get("d") for part in drawn.iter() if part.tag.endswith("path") and part.get("class") == "ours"]
    (first, second, third) = [tuple(map(float, point.split())) for point in ours[1:].split("L")]
    assert second == pytest.approx(((first[0] + third[0]) / 2, (first[1] + third[1]) / 2), abs=0.11)
    assert third[1] < first[1], "a longer time stands higher"
    assert everything.sparse_growth({"rows": []}) == ""


def test_pictures_of_the_tables_have_the_losses_as_they_are():
    tables = """
| 10,000 residuals, value and gradient in 3 | 8.0 ms | 1/80 | 1/2 | 1/200 | 1/32 |

| variables | ours | peak memory | CasADi SX, term by term | SX, arrays | MX, arrays | asdex | dense |
|---:|---:|---:|---:|---:|---:|---:|---:|
| 100 | 2.0 ms | 0.2 MiB | 19 | 3.1 | 1/2 | 162 | 2.9 |
| 1,000 | 2.0 s | 1.8 MiB | | | 1/4 | | |

after
"""
    assert readme.lost(tables) == [
        ("here", 8e6), ("PyTorch", 1e5), ("JAX eager", 4e6), ("JAX jit", 4e4), ("CasADi SX", 2.5e5)
    ]  # fmt: skip
    found = readme.grown(tables)
    assert found["here"] == [(100.0, 2e6), (1000.0, 2e9)]
    assert found["MX, arrays"] == [(100.0, 1e6), (1000.0, 5e8)]
    assert found["dense PyTorch"] == [(100.0, pytest.approx(5.8e6))]


def test_a_run_is_kept_and_the_next_is_compared_with_it(monkeypatch, tmp_path, capsys):
    def run(name, folder, quick):
        (folder / f"{name}.json").write_text(json.dumps(measured), encoding="utf-8")
        return 0

    monkeypatch.setattr(everything, "run", run)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "eager", "startup", "--output", str(tmp_path)])
    measured = EAGER
    assert everything.main() == 0
    assert "earlier" not in capsys.readouterr().out
    slower = [row | {"median_ratio": 50.0} if row.get("median_ratio") == 100.0 else row for row in EAGER["rows"]]
    measured = EAGER | {"rows": slower}
    assert everything.main() == 0
    assert capsys.readouterr().out.count("100 in the median of 1 earlier run(s)") == 1
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["ratios"]["eager chain micrograd"] for line in lines] == [100.0, 50.0]
    assert lines[0]["versions"] == EAGER["versions"]
    assert (tmp_path / "eager.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_benchmark_that_fails_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(everything, "run", lambda name, folder, quick: int(name == "memory"))
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "memory", "startup", "--output", str(tmp_path)])
    assert everything.main() == 1
    assert capsys.readouterr().out.endswith("failed: memory\n")
