"""What a run of all benchmarks keeps, shows, and tells of earlier runs."""

import doctest
import json
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as everything
from benchmarks import results as measured
from tests import PROJECT
from tools import generate_readme as readme

EAGER = [
    {"workload": "mlp", "size": 10, "peer": "floats", "ours_ns": 40.0, "peer_ns": 10.0, "median_ratio": 4.0},
    {"workload": "mlp", "size": 10, "peer": "micrograd", "ours_ns": 41.0, "peer_ns": 4e3, "median_ratio": 100.0},
    {"workload": "large_chain", "size": 20, "time": 80.0},
    {"workload": "wide_sum", "size": 10, "peer": "micrograd", "lacks": ["sum"]},
]
DERIVATIVES = [
    {
        "problem": problem, "size": size, "engine": engine,
        "call": {"seconds": seconds, "median_ratio": seconds / 4e-6}, "first": {"seconds": size**steep * 1e-6},
    }
    for problem, sizes in (("decay", (0,)), ("sparse", (10, 100, 1000)))
    for size in sizes
    for engine, seconds, steep in (("ours", 4e-6, 1), ("ours_vm", 2e-6, 1), ("casadi", 1e-6, 2), ("torch", 3e-6, 1),
                                   ("torch_func", 8e-6, 1))
]  # fmt: skip
COMPILED = [
    {"title": measured.ROWS, "quantity": quantity, "engine": engine, "seconds": seconds, "medians": {"ours, llvm": 2.0}}
    for quantity, factor in (("derivatives", 3.0), ("value", 1.0))
    for engine, seconds in (("ours, llvm", 1e-8 * factor), ("JAX", 2e-8 * factor))
]
MACHINE = {"processor": "a processor", "cores": 2, "system": "Linux", "python": "3.11.0"}
RESULTS = {
    "date": "2026-01-01", "quick": False, **MACHINE, "versions": {"ours": "0.1.0 compiled", "micrograd": "0.1.0"},
    "eager": EAGER, "derivatives": DERIVATIVES, "compiled": COMPILED,
}  # fmt: skip


@pytest.mark.parametrize("module", [everything, measured, readme], ids=lambda module: module.__name__)
def test_its_examples_give_what_they_say(module):
    assert doctest.testmod(module).failed == 0


def test_greater_ratios_are_better_whatever_the_peer():
    assert everything.ratios({"eager": EAGER}) == {"eager mlp floats": 0.25, "eager mlp micrograd": 100.0}
    found = everything.ratios({"derivatives": DERIVATIVES, "compiled": COMPILED})
    assert found["derivatives sparse 100 casadi"] == 0.25
    assert not any("ours" in key.split()[-1] for key in found)
    assert found[f"compiled {measured.ROWS} ours, llvm JAX"] == 2.0


def test_bars_are_those_of_the_run_and_losses_are_among_them():
    network, rows, residuals = [times for _, times in measured.bars(RESULTS)]
    assert network == pytest.approx({"here, eager": 4e-8, "floats, no gradient": 1e-8, "micrograd": 4e-6})
    assert rows == pytest.approx({"here, machine code": 3e-8, "JAX jit": 6e-8})
    assert residuals == {"here, eager": 4e-6, "here, interpreter": 2e-6, "PyTorch": 3e-6, "CasADi SX": 1e-6}
    texts = {text.text for text in ElementTree.fromstring(readme.plots(RESULTS)["speed.svg"]).iter() if text.text}
    assert {"here, eager", "40 ns", "floats, no gradient", "10 ns", "micrograd", "4.0 µs", "CasADi SX"} <= texts
    assert "Processor time, all threads; 2026-01-01, a processor, 2 cores, Python 3.11.0" in texts


def test_tables_have_a_row_for_each_program_and_its_least_time_is_bold():
    tables = measured.tables(RESULTS)
    assert "| 10,000 residuals of 3 parameters, value and gradient | 4.00 µs | 2.00 µs | 3.00 µs | **1.00 µs** |" in (
        tables["call"].splitlines()
    )
    assert tables["ratios"].splitlines()[-1] == f"| {measured.ROWS} | **3.00** | **3.00** |"
    assert tables["sparse"].splitlines()[-1].startswith("| 1,000 | **1.00 ms** |")
    assert "micrograd 0.1.0" in tables["run"] and "here" not in tables["run"]


def test_growth_is_a_line_for_each_engine_and_straight_where_time_grows_with_a_power_of_size():
    drawn = ElementTree.fromstring(readme.plots(RESULTS)["growth.svg"])
    assert {"here, eager", "CasADi SX, arrays", "10", "100", "1,000"} <= {text.text for text in drawn.iter()}
    ours = next(part.get("d") for part in drawn.iter() if part.get("class") == "ours" and part.get("d"))
    (first, second, third) = [tuple(map(float, point.split())) for point in ours[1:].split("L")]
    assert second == pytest.approx(((first[0] + third[0]) / 2, (first[1] + third[1]) / 2), abs=0.11)
    assert third[1] < first[1], "a longer time stands higher"
    assert "growth.svg" not in readme.plots(RESULTS | {"derivatives": DERIVATIVES[:5]})


def test_a_page_without_a_place_for_a_table_is_an_error():
    with pytest.raises(LookupError, match="has 0 places for the table 'call', it needs one"):
        readme.with_tables("nothing", {"call": "| |"})


def test_what_is_shown_is_of_the_run_that_is_kept():
    results = json.loads((PROJECT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    assert everything.written(results) == (PROJECT / "benchmarks" / "results.json").read_text(encoding="utf-8")
    page = (PROJECT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    shown = readme.with_tables(page, measured.tables(results))
    assert shown == page or results["quick"]
    last = json.loads((PROJECT / "benchmarks" / "history.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert last == {key: results[key] for key in last if key != "ratios"} | {"ratios": everything.ratios(results)}


def test_a_run_is_kept_and_the_next_is_compared_with_it(monkeypatch, tmp_path, capsys):
    def run(name, folder, quick):
        rows = {"eager": eager, "derivatives": DERIVATIVES, "compiled": COMPILED}.get(name)
        facts = MACHINE | {"versions": {"micrograd": "0.1.0"}, "rows": rows}
        (folder / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
        return 0

    monkeypatch.setattr(everything, "run", run)
    names = ["eager", "startup", "derivatives", "compiled"]
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", *names, "--output", str(tmp_path)])
    eager = EAGER
    assert everything.main() == 0
    assert "earlier" not in capsys.readouterr().out
    eager = [row | {"median_ratio": 50.0} if row.get("median_ratio") == 100.0 else row for row in EAGER]
    assert everything.main() == 0
    assert capsys.readouterr().out.count("100 in the median of 1 earlier run(s)") == 1
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["ratios"]["eager mlp micrograd"] for line in lines] == [100.0, 50.0]
    assert lines[0]["versions"] == {"micrograd": "0.1.0"}
    kept = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert kept["eager"] == eager and kept["cores"] >= 1
    for name in ("speed.svg", "growth.svg"):
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("<svg")


def test_a_benchmark_that_fails_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(everything, "run", lambda name, folder, quick: int(name == "memory"))
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "memory", "startup", "--output", str(tmp_path)])
    assert everything.main() == 1
    assert capsys.readouterr().out.endswith("failed: memory\n")
