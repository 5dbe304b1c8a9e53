"""The figures of docs/reference/accuracy.md: within what is promised, and not exceeded when measured again."""

import importlib.util

import autograd
from tests.tables.oracles import BUILT_IN, EVERY_PRIMITIVE
from tools import measure_accuracy
from tools.measure_accuracy import COLUMNS, documented, measure

MACHINE_CODE = autograd.compiled and importlib.util.find_spec("llvmlite") is not None


def test_the_table_has_every_primitive_and_what_is_promised():
    figures = documented()
    assert list(figures) == [primitive.name for primitive in BUILT_IN]
    for name, row in figures.items():
        for column in COLUMNS:
            assert row[column] <= (2.0 if column.startswith("value") else 4.0), (name, column)


@EVERY_PRIMITIVE
def test_no_figure_is_exceeded(primitive):
    figures = documented()[primitive.name]
    measured = measure(primitive, 60, machine_code=MACHINE_CODE)
    for column, (units, point) in measured.items():
        assert units <= figures[column], (column, point)


def test_a_larger_error_would_be_seen():
    worst = measure(BUILT_IN[3], 20, machine_code=False)
    assert 0.0 < worst["value"][0] <= 0.5 < worst["gradient"][0]


def test_one_primitive_is_measured_alone_and_others_keep_their_figures(tmp_path, monkeypatch):
    before = documented()
    page = tmp_path / "accuracy.md"
    page.write_text(measure_accuracy.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(measure_accuracy, "PAGE", page)
    monkeypatch.setattr(measure_accuracy, "POINTS", 3)
    monkeypatch.setattr(measure_accuracy, "measure", lambda *_: dict.fromkeys(COLUMNS, (0.123, None)))
    measure_accuracy.main(["exp"])
    assert documented() == before | {"exp": dict.fromkeys(COLUMNS, 0.13)}
