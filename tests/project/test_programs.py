"""Programs written for other scalar engines run on ours with one line changed: the import of `Value`."""

import importlib.util
import math
import operator
import random
from pathlib import Path

import numpy as np
import pytest

from autograd import Node, Variable
from tests import PROJECT

PROGRAMS = PROJECT / "tests" / "tables" / "programs"
OURS = "from autograd import Variable as Value"
TINY = "from tiny_engine import Value"
MICROGRAD = "from micrograd.engine import Value"

needs_micrograd = pytest.mark.skipif(
    importlib.util.find_spec("micrograd") is None, reason="micrograd is not installed (pip install micrograd)"
)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """A function that loads a program's source with its import of `Value` replaced by another."""
    monkeypatch.syspath_prepend(PROGRAMS)

    def loaded(source, import_line):
        lines = source.read_text(encoding="utf-8").splitlines()
        places = [place for place, line in enumerate(lines) if line in (TINY, MICROGRAD)]
        assert len(places) == 1, f"{source} imports Value {len(places)} times"
        lines[places[0]] = import_line
        name = f"{source.stem}_on_{import_line.split()[1].split('.')[0]}"
        path = tmp_path / f"{name}.py"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return loaded


def assert_same(found, expected, where="result"):
    """Equal, numbers to 1e-12: a few roundings of different forms (x / y here, x * y**-1 there) apart."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_same(found[key], expected[key], f"{where}[{key!r}]")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for place, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(one, other, f"{where}[{place}]")
    elif isinstance(expected, float | int | np.number):
        assert abs(found - expected) <= 1e-12 * max(1.0, abs(expected)), f"{where}: {found!r}, not {expected!r}"
    else:
        assert found == expected, where


def test_each_program_gives_what_the_reference_engine_gives(load):
    programs = sorted(path for path in PROGRAMS.glob("*.py") if path.name != "tiny_engine.py")
    assert len(programs) == 4
    for path in programs:
        assert_same(load(path, OURS).run(), load(path, TINY).run(), path.stem)


@needs_micrograd
@pytest.mark.parametrize("program", ["by_hand", "two_arcs"])
def test_a_program_written_for_micrograd_gives_what_micrograd_gives(load, program):
    path = PROGRAMS / f"{program}.py"
    assert_same(load(path, OURS).run(), load(path, MICROGRAD).run(), program)


@needs_micrograd
@pytest.mark.parametrize("batch", [None, 8])
def test_micrograds_own_networks_train_alike(load, batch):
    source = Path(importlib.util.find_spec("micrograd.nn").origin)

    def train(import_line):
        nn = load(source, import_line)
        random.seed(1337)
        model = nn.MLP(2, [6, 6, 1])
        chosen = np.random.default_rng(2)
        X = chosen.normal(size=(20, 2))
        y = np.where(X[:, 0] * X[:, 1] > 0, 1, -1)
        history = [str(model), len(model.parameters())]
        for step in range(8):
            rows = np.arange(20) if batch is None else chosen.permutation(20)[:batch]
            scores = [model([nn.Value(number) for number in X[row]]) for row in rows]
            losses = [(1 + -label * score).relu() for label, score in zip(y[rows], scores, strict=True)]
            total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
            model.zero_grad()
            total.backward()
            for p in model.parameters():
                p.data -= (1.0 - 0.1 * step) * p.grad
            history.append(float(total.data))
        return [*history, *[float(p.grad) for p in model.parameters()], *[float(p.data) for p in model.parameters()]]

    assert_same(train(OURS), train(MICROGRAD))


def test_a_transformers_gradients_are_its_difference_quotients(load):
    names = load(PROGRAMS / "names.py", OURS)
    random.seed(2)
    model = names.new_model()
    names.loss_of(model, "grace").backward()
    step = 1e-5
    parameters = names.parameters_of(model)
    for p in parameters[:: len(parameters) // 40]:
        value = p.data
        p.data = value + step
        above = names.loss_of(model, "grace").data
        p.data = value - step
        below = names.loss_of(model, "grace").data
        p.data = value
        # Rounding: about 300 roundings of the loss (2.3) over the step, 300 * 2**-53 * 2.3 / 1e-5 = 8e-9;
        # truncation: step**2 / 6 times a third derivative, 1e-8 for one of 600.
        assert math.isclose(p.grad, (above - below) / (2 * step), rel_tol=0, abs_tol=2e-8)


def test_a_graph_can_be_walked_with_sets_of_nodes_as_drawing_programs_do(load):
    program = load(PROGRAMS / "by_hand.py", OURS)
    assert program.walk() == [4, 4, ["a", "b"], ["a", "a", "b", "c"]]


NUMPY_NUMBERS = [
    np.int64(3), np.int32(3), np.int8(3), np.uint8(3), np.float64(3.0), np.float32(3.0), np.float16(3.0),
    np.longdouble(3.0), np.array(3.0)[()],
]  # fmt: skip
OPERATIONS = {
    operator.add: 1.0, operator.sub: -1.0, operator.mul: 3.0, operator.truediv: -0.75,
    operator.pow: 9.0 * math.log(3.0), operator.mod: -1.0,
}  # fmt: skip


@pytest.mark.parametrize("number", NUMPY_NUMBERS, ids=lambda number: type(number).__name__)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_a_numpy_number_on_the_left_keeps_the_gradient(operation, number):
    x = Variable(2.0)
    result = operation(number, x)
    assert isinstance(result, Node)
    assert result.value == operation(3.0, 2.0)
    result.backward()
    assert math.isclose(x.grad, OPERATIONS[operation], rel_tol=1e-15)


@pytest.mark.parametrize("number", NUMPY_NUMBERS, ids=lambda number: type(number).__name__)
def test_a_numpy_number_on_the_right_is_a_constant_operand(number):
    x = Variable(2.0)
    result = x * number + x**number - x / number + (x - number)
    assert result.value == 6.0 + 8.0 - 2.0 / 3.0 + (2.0 - 3.0)
    result.backward()
    assert math.isclose(x.grad, 3.0 + 12.0 - 1.0 / 3.0 + 1.0, rel_tol=1e-15)


@pytest.mark.parametrize("number", NUMPY_NUMBERS, ids=lambda number: type(number).__name__)
def test_a_numpy_number_compares_with_a_node_by_value(number):
    x = Variable(2.0)
    assert number > x
    assert not number < x
    assert number == x + 1
    assert x < number
    assert type(bool(number >= x)) is bool


def test_negated_numpy_labels_on_the_left_of_a_margin_keep_the_gradient():
    scores = [Variable(0.5), Variable(-0.25)]
    labels = np.array([1, -1])
    losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
    sum(losses).backward()
    assert [score.grad for score in scores] == [-1.0, 1.0]


def test_an_array_of_labels_times_a_node_is_an_array_of_nodes():
    x = Variable(2.0)
    products = np.array([1, -1, 3]) * x
    assert products.dtype == object
    products.sum().backward()
    assert x.grad == 3.0
