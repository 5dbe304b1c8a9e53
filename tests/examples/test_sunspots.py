"""The example that forecasts sunspots: it beats the guess that nothing changes, on years that it never saw."""

import numpy as np
import pytest

from examples import sunspots
from examples.sunspots import KEPT_OUT, forecast, load, new_network, windows


def test_the_series_is_yearly():
    years, spots = load()
    assert np.array_equal(years, np.arange(1700, 2009))
    assert (spots[0], spots[-1]) == (5.0, 2.9)


def test_a_window_is_five_numbers_and_the_two_that_follow():
    inputs, targets = windows(np.arange(8.0))
    assert inputs.tolist() == [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]]
    assert targets.tolist() == [[5, 6], [6, 7]]


def test_the_network_goes_from_five_over_ten_and_ten_to_two():
    shapes = [parameter.shape for parameter in new_network(0).named_parameters().values()]
    assert shapes == [(5, 10), (10,), (10, 10), (10,), (10, 2), (2,)]


def test_training_sees_none_of_the_years_that_are_kept_out(monkeypatch):
    seen = []
    monkeypatch.setattr(sunspots.Network, "train", lambda self, *data, **options: seen.append(data))
    forecast()
    inputs, targets = seen[0]
    _, spots = load()
    assert np.array_equal(targets[-1], spots[-KEPT_OUT - 2 : -KEPT_OUT] / sunspots.SCALE)
    assert len(inputs) + KEPT_OUT + 6 == len(spots)
    assert np.array_equal(inputs[-1], spots[-KEPT_OUT - 7 : -KEPT_OUT - 2] / sunspots.SCALE)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_forecast_beats_the_naive_one_by_far(seed):
    result = forecast(seed=seed, epochs=100)
    assert result.wanted.shape == (KEPT_OUT - 1, 2)
    assert (result.years[0], result.years[-1]) == (1949, 2007)
    assert result.naive_error == pytest.approx(47.817, abs=0.001)
    assert result.error < 0.65 * result.naive_error


def test_two_pictures_are_saved(tmp_path, capsys):
    paths = sunspots.main(tmp_path, epochs=2)
    assert [path.name for path in paths] == ["sunspots-forecast.png", "sunspots-learning.png"]
    assert all([path.stat().st_size > 10_000 for path in paths])
    assert "if nothing changed" in capsys.readouterr().out
