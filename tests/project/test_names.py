"""Names in messages and diagnoses: whatever is in them, they stay on their line and steer no terminal."""

import pytest

from autograd import DomainError, Variable, explain, kinks, log, paths, replay, rounding, scope, source_lines, strict
from autograd.errors import AutogradError
from layers import Dense, ReLU, Sequential, StateError
from tests.tables.hostile_names import HOSTILE

# Control characters of both sets, what reorders text, separators of lines, what is no character.
NAMES = [*HOSTILE, "\x1b]0;title\x07", "\x9b2J", "a\x85b\u2028c\u2029d", "\r\b\b", "\x7f", "\udcff", "\u200b\u2066"]


def texts(name):
    """All that the diagnoses say of a graph whose nodes and layer have this name."""
    x, w = Variable(1.0, name=name), Variable(1.0 - 2.0**-40, name=name)
    with scope(name), source_lines():
        y = (x - w).relu()
        y.name = name
        dead = (w - x).relu() * x
        z = dead + y * x
        pole = log(x * 0.0)
    found = [explain(x, z), explain(w, dead), explain(dead), explain(pole), explain(x, pole)]
    found += [kinks((x - w * 1.0) ** 0.5 + abs(x - x)), paths(z, x), rounding(z), replay(z, float)]
    return [str(one) for one in found]


def errors(name):
    """The messages of errors about nodes and layers of this name."""
    x = Variable(-1.0, name=name)
    model = Sequential(Dense(2, 2, name=name.replace(".", "")), ReLU(), name=name)
    calls = [lambda: float(x), lambda: model([1.0]), lambda: model(1.0, 2.0), lambda: model.load_state_dict({}),
             lambda: model.load_state_dict({name: 1.0}), lambda: model.add_layers(Dense(1, 1, name=name + ".")),
             lambda: Dense("wide", 2, name=name)]  # fmt: skip
    said = []
    for call in calls:
        with pytest.raises(AutogradError) as refused:
            call()
        said.append(str(refused.value))
    with strict(), pytest.raises(DomainError) as refused:
        log(x)
    return [*said, str(refused.value), model.summary([1.0, 2.0]), repr(model), repr(model.layers[0].weight)]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
@pytest.mark.parametrize("made", [texts, errors])
def test_a_name_stays_on_its_line_and_steers_no_terminal(made, name):
    for plain, text in zip(made("plain"), made(name), strict=True):
        assert [letter for letter in text if not letter.isprintable() and letter != "\n"] == []
        if name:
            assert text.count("\n") == plain.count("\n")


def test_a_message_keeps_its_own_lines():
    assert str(StateError("one\ntwo\x1b")) == "one\ntwo\\x1b"
