"""Loops found again in what was recorded: the same as written out, to the bit in tier `vm`, whatever repeats itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import (
    callback,
    cos,
    exp,
    grad,
    hessian,
    jit,
    jvp,
    log,
    maximum,
    scan,
    sin,
    tanh,
    value_and_grad,
    vmap,
    where,
)
from autograd.program import paths
from autograd.program.loops import found
from autograd.program.loops.operation import Loop
from autograd.program.repetition import repeats_in
from tests.tables.tiers import TIERS

LIMITS = ("LONG_TURN", "SINGLE_TURN", "TURN_IN_BLOCKS", "OPERAND", "FEWEST_TURNS")
NEVER = 2**62


@pytest.fixture
def found_anywhere(monkeypatch):
    """All that repeats is made a loop here, whether it pays or not."""
    monkeypatch.setattr(paths, "SHORTEST_LINE", 0)
    for name in LIMITS:
        monkeypatch.setattr(found, name, 0)


def written_out(function, *arguments):
    """What a compiled function gives that has no loops."""
    before = paths.SHORTEST_LINE
    paths.SHORTEST_LINE = NEVER
    try:
        compiled = jit(function, tier="vm")
        result = compiled(*arguments)
    finally:
        paths.SHORTEST_LINE = before
    assert not loops_of(compiled)
    return result


def loops_of(compiled):
    """The loops in the programs of a compiled function."""
    return [
        operation
        for path in compiled.paths
        for operation in path.program.externals.values()
        if isinstance(operation, Loop)
    ]


def numbers_of(result):
    """All numbers in nested results."""
    if isinstance(result, tuple | list):
        return [number for part in result for number in numbers_of(part)]
    return np.asarray(result, float).ravel().tolist()


def assert_same(one, other, tier="vm"):
    """The same to the bit, but for the sign of zeros; in machine code to rounding."""
    one, other = np.array(numbers_of(one)), np.array(numbers_of(other))
    if tier == "vm":
        np.testing.assert_array_equal(one, other)
    else:
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def directional(function):
    return lambda x: jvp(function, (x,), (0.5 * np.ones_like(x),))


TRANSFORMS = {
    "value": lambda function: function,
    "value_and_grad": value_and_grad,
    "hessian": hessian,
    "jvp": directional,
    "grad of grad": lambda function: grad(lambda x: np.sum(grad(function)(x) ** 2)),
}


def data(turns):
    random = np.random.default_rng(turns)
    x = np.linspace(0.1, 2.0, turns)
    return list(zip(x.tolist(), (np.exp(-x) + 0.1 * random.normal(size=turns)).tolist(), strict=True))


def model(p, x):
    return p[0] * exp(-p[1] * x) + p[2]


def listed(turns):
    return lambda p: sum([(model(p, x) - y) ** 2 for x, y in data(turns)])


def generated(turns):
    return lambda p: sum((model(p, x) - y) ** 2 for x, y in data(turns))


def on_arrays(turns):
    x, y = np.array(data(turns)).reshape(-1, 2).T
    return lambda p: np.sum((p[0] * np.exp(-p[1] * x) + p[2] - y) ** 2) + p[0]


def mean_of_three(turns):
    """Sums side by side, one of them of differences, with the number of the turn."""

    def function(p):
        first, second, third, fourth, fifth = 0.0, p[0], 0.0, 1.0, 0.0
        for number, (x, _) in enumerate(data(turns)):
            value = sin(model(p, x)) * number
            first, second = first + value, second - value * p[1]
            third, fourth = third + cos(value), fourth + value * value
            fifth = fifth - x * p[2] * value
        return (first + second * third + fourth + fifth) / (turns + 1)

    return function


def odd_ends(turns):
    """A first and a last turn unlike all others, and variables that are used before, in and behind the loop."""

    def function(p):
        scale = exp(p[1])
        total = log(scale + 2.0)
        for number, (x, y) in enumerate(data(turns)):
            value = model(p, x) * scale - y
            if number == 0:
                value = tanh(value)
            if number == turns - 1:
                value = value * value * value
            total = total + value * value
        return total * scale + p[0]

    return function


def interrupted(turns):
    """Turns left out and a loop left early, by decisions on values."""

    def function(p):
        total = 0.0
        for number, (x, y) in enumerate(data(turns)):
            rest = model(p, x) - y
            if rest > 100.0 or number % 7 == 3:
                continue
            if number > 0.9 * turns and rest < 50.0:
                break
            total = total + rest * rest
        return total

    return function


def selected(turns):
    def function(p):
        return sum(
            [where(abs(model(p, x) - y) < 0.1, (model(p, x) - y) ** 2, maximum(p[2] * x, 0.3)) for x, y in data(turns)]
        )

    return function


def carried(turns):
    """States that wait for each other, and a trajectory that is used."""

    def function(p):
        position, speed, seen = p[0], 1.0, []
        for x, _ in data(turns):
            speed = speed - 0.1 * sin(position) * p[1]
            position = position + 0.1 * speed * x
            seen.append(position * p[2])
        return sum(seen) + speed

    return function


def two_before(turns):
    def function(p):
        last, value = p[0], p[1]
        for _ in range(turns):
            last, value = value, sin(last * p[2]) + 0.5 * value
        return value * last

    return function


def nested(turns):
    def function(p):
        total = 0.0
        for x, y in data(turns):
            inner = p[0]
            for power in (1.0, 2.0, 0.5, 0.3, 3.0, 1.5, 0.1, 0.7, 0.9):
                inner = inner + sin(power * x * p[1])
            total = total + (inner - y) ** 2 * p[2]
        return total

    return function


def windows(turns):
    def function(p):
        v = [p[0] * x + p[1] for x, _ in data(turns + 2)]
        return sum([100.0 * (v[k + 1] - v[k] ** 2) ** 2 + (1.0 - v[k]) * v[k + 2] for k in range(turns)]) * p[2]

    return function


def two_loops(turns):
    """A loop that reads what another one has made, backwards."""

    def function(p):
        made = [exp(-p[0] * x) * p[1] for x, _ in data(turns)]
        total = p[2]
        for one, (x, y) in zip(reversed(made), data(turns), strict=True):
            total = total + (one - y) ** 2 / (1.0 + x * p[2] ** 2)
        return total

    return function


def powers(turns):
    return lambda p: sum([p[0] ** x + x ** p[1] + maximum(p[2], x) ** 2 for x, _ in data(turns)])


FUNCTIONS = [
    listed, generated, on_arrays, mean_of_three, odd_ends, interrupted, selected, carried, two_before, nested, windows,
    two_loops, powers,
]  # fmt: skip
POINT = np.array([0.9, 0.7, 0.2])


@pytest.mark.usefixtures("found_anywhere")
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("turns", [0, 1, 8, 9, 40])
@pytest.mark.parametrize("make", FUNCTIONS)
def test_a_loop_that_is_found_is_what_was_written_out_to_the_bit(make, turns, transform):
    function = transform(make(turns))
    compiled = jit(function, tier="vm")
    for point in (POINT, 1.1 * POINT, -POINT):
        assert_same(compiled(point), written_out(function, point))


@pytest.mark.usefixtures("found_anywhere")
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize(("turns", "long"), [(40, 20), (67, 60)])
@pytest.mark.parametrize("make", FUNCTIONS)
def test_short_turns_that_are_put_together_have_the_same_bits(make, turns, long, transform, monkeypatch):
    monkeypatch.setattr(found, "LONG_TURN", long)
    monkeypatch.setattr(found, "FEWEST_TURNS", NEVER)
    function = transform(make(turns))
    compiled = jit(function, tier="vm")
    for point in (POINT, -POINT):
        assert_same(compiled(point), written_out(function, point))


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("make", FUNCTIONS)
def test_long_loops_are_found_where_they_pay(make, tier, monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    function = value_and_grad(make(1000))
    compiled = jit(function, tier=tier)
    for point in (POINT, 1.1 * POINT):
        assert_same(compiled(point), written_out(function, point), tier)
    pays = make in (listed, generated, on_arrays, mean_of_three, odd_ends, selected, two_before, nested)
    assert bool(loops_of(compiled)) == pays


def test_a_sum_of_residuals_is_a_few_operations():
    for make in (listed, generated, on_arrays):
        compiled = jit(value_and_grad(make(2000)), tier="vm")
        compiled(POINT)
        assert len(compiled.paths[0].program) < 40


def test_gradients_are_those_of_plain_python():
    function = value_and_grad(listed(2000))
    rolled = jit(function, tier="vm")(POINT)
    assert_same(rolled, written_out(function, POINT))
    # Beyond 128 uses, eager derivatives are added in another order.
    assert_same(rolled, function(POINT), "llvm")


def test_short_lines_are_left_as_they_are():
    compiled = jit(value_and_grad(listed(100)), tier="vm")
    compiled(POINT)
    assert not loops_of(compiled)


@pytest.mark.usefixtures("found_anywhere")
def test_decisions_in_a_loop_are_taken_anew_at_each_call():
    def function(p):
        total = 0.0
        for x, y in data(200):
            rest = model(p, x) - y
            total = total + (rest * rest if rest < 2.0 else 2.0 * rest)
        return total

    compiled = jit(value_and_grad(function), tier="vm")
    for scale in (1.0, 1.5, 3.0, 10.0, 1.0, 2.0):
        point = scale * POINT
        assert_same(compiled(point), written_out(value_and_grad(function), point))
    assert len(compiled.paths) > 1
    assert loops_of(compiled)


@pytest.mark.usefixtures("found_anywhere")
def test_adjoints_of_what_is_used_here_and_there_come_in_the_recorded_order():
    def function(p):
        total = p[0] * 1e16
        weights = [p[0] * x for x, _ in data(30)]
        for weight, (x, _) in zip(weights, data(30), strict=True):
            total = total + weight * p[0] * x + weights[0] * p[1]
        return total + sum([weight * weights[3] for weight in weights]) - p[0] * 1e16

    for transform in TRANSFORMS.values():
        assert_same(jit(transform(function), tier="vm")(POINT), written_out(transform(function), POINT))


@pytest.mark.usefixtures("found_anywhere")
def test_a_constant_at_a_tie_gets_no_share():
    values = [0.5, 0.9, 0.9, 0.2] * 10

    def function(p):
        return sum([maximum(p[0], value) * p[1] for value in values])

    compiled = jit(grad(function), tier="vm")
    assert_same(compiled(POINT), written_out(grad(function), POINT))
    assert_same(compiled(POINT), grad(function)(POINT), "llvm")


@pytest.mark.usefixtures("found_anywhere")
def test_what_is_no_number_stays_so():
    def function(p):
        return sum([log(p[0] - x) * x for x in [0.5] * 20 + [2.0] * 20])

    assert_same(jit(function)(POINT), written_out(function, POINT))
    assert math.isnan(jit(function)(POINT))


@pytest.mark.usefixtures("found_anywhere")
def test_functions_that_are_called_back_and_loops_are_no_part_of_loops_that_are_found():
    doubled = callback(lambda x: 2.0 * x, lambda x, cotangent: 2.0 * cotangent)

    def function(p):
        total = 0.0
        for x, _ in data(12):
            state = scan(lambda state, _: (state * 0.9 + sin(state), None), p[0] * x, None, 20)[0]
            total = total + doubled(state) * p[1]
        return total

    assert_same(jit(value_and_grad(function), tier="vm")(POINT), written_out(value_and_grad(function), POINT))


@pytest.mark.usefixtures("found_anywhere")
@pytest.mark.parametrize("tier", TIERS)
def test_compiled_functions_in_loops_and_under_other_transforms(tier):
    inner = jit(listed(40), tier=tier)
    rows = np.outer([1.0, 1.1, 0.3], POINT)
    assert_same(grad(inner)(POINT), written_out(grad(listed(40)), POINT), "llvm")
    assert_same(vmap(grad(inner))(rows), [written_out(grad(listed(40)), row) for row in rows], "llvm")
    assert_same(jit(hessian(inner), tier=tier)(POINT), written_out(hessian(listed(40)), POINT), "llvm")


OPERATIONS = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: 0.7 * a * b,
    "sin": lambda a, b: sin(a),
    "tanh": lambda a, b: tanh(a - b),
    "over": lambda a, b: a / (2.0 + b * b),
    "greater": lambda a, b: where(a < b, a, 0.5 * b),
    "max": maximum,
}
# What an operation takes: a result of this turn, carried, a parameter, data, an entry of a list made before.
SOURCES = ("turn", "turn", "carried", "parameter", "data", "list", "constant")


@st.composite
def programs(draw):
    """Loops of random bodies, with turns that differ, decisions, and results used elsewhere."""
    operation = st.tuples(
        st.sampled_from(sorted(OPERATIONS)),
        st.tuples(st.sampled_from(SOURCES), st.integers(0, 3)),
        st.tuples(st.sampled_from(SOURCES), st.integers(0, 3)),
    )
    body = draw(st.lists(operation, min_size=1, max_size=6))
    updates = draw(st.lists(st.tuples(st.sampled_from(["sum", "replace", "keep"]), st.integers(0, 5)), max_size=3))
    return {
        "body": body,
        "updates": updates,
        "turns": draw(st.sampled_from([0, 1, 7, 8, 9, 25, 140])),
        "odd": draw(st.sets(st.sampled_from(["first", "last", "continue", "break", "guard"]))),
        "kept": draw(st.sampled_from(["nothing", "all", "last"])),
        "inner": draw(st.sampled_from([1, 1, 8])),
    }


def function_of(program):
    """The Python function of a random program."""
    turns = program["turns"]
    numbers = data(max(turns, 1))

    def function(p):
        carried = [p[0] * 0.5, 0.25, sin(p[1])]
        made = [p[1] * x + p[2] for x, _ in numbers]
        kept = []
        for number in range(turns):
            if "continue" in program["odd"] and number % 11 == 5:
                continue
            if "break" in program["odd"] and number == 20:
                break
            values = []
            for _ in range(program["inner"]):

                def operand(source, values=values, number=number):
                    kind, place = source
                    if kind == "turn" and values:
                        return values[-1 - place % len(values)]
                    if kind == "carried":
                        return carried[place % 3]
                    if kind == "data":
                        return numbers[number][place % 2]
                    if kind == "list":
                        return made[(number + place) % len(made)]
                    return 0.75 if kind == "constant" else p[place % 3]

                for name, left, right in program["body"]:
                    values.append(OPERATIONS[name](operand(left), operand(right)))
            if "first" in program["odd"] and number == 0:
                values[0] = values[0] * p[0]
            if "last" in program["odd"] and number == turns - 1:
                values[-1] = values[-1] + p[1]
            if "guard" in program["odd"] and not values[-1] < 1e9:
                values[-1] = p[2]
            for place, (kind, source) in enumerate(program["updates"]):
                value = values[source % len(values)]
                if kind == "sum":
                    carried[place] = carried[place] + value
                elif kind == "replace":
                    carried[place] = tanh(value)
            kept.append(values[-1])
        total = carried[0] + 2.0 * carried[1] + carried[2] * p[2] + p[0]
        if program["kept"] == "all":
            total = total + sum(kept)
        if program["kept"] == "last" and kept:
            total = total * kept[-1]
        return total

    return function


@settings(max_examples=100, deadline=None)
@given(programs())
def test_random_programs_are_what_was_written_out(program):
    before = {name: getattr(found, name) for name in LIMITS}
    function = function_of(program)
    try:
        for name in LIMITS:
            setattr(found, name, 0)
        for transform in (TRANSFORMS["value"], value_and_grad):
            compiled = jit(transform(function), tier="vm")
            for point in (POINT, -1.2 * POINT):
                assert_same(compiled(point), written_out(transform(function), point))
        if program["turns"] < 30:
            assert_same(jit(hessian(function), tier="vm")(POINT), written_out(hessian(function), POINT))
    finally:
        for name, limit in before.items():
            setattr(found, name, limit)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 5), max_size=30),
    st.lists(st.integers(0, 3), min_size=1, max_size=12),
    st.integers(64, 90),
    st.lists(st.integers(6, 9), max_size=30),
)
def test_repeats_are_found_with_their_period(before, body, turns, after):
    from array import array

    codes = array("i", before + body * turns + after)
    repeats = repeats_in(codes)
    covered = sum([repeat.turns * repeat.period for repeat in repeats])
    assert covered >= len(body) * (turns - 2)
    for repeat in repeats:
        part = list(codes[repeat.start : repeat.end])
        assert part == part[: repeat.period] * repeat.turns
        assert len(body) % repeat.period == 0 or repeat.period % len(body) == 0 or repeat.start < len(before)


def test_periods_within_periods_are_one_longer_period():
    from array import array

    body = [0, *[1, 2] * 40, 3]
    repeats = repeats_in(array("i", body * 20))
    assert [(repeat.period, repeat.turns) for repeat in repeats] == [(len(body), 20)]


def test_a_line_without_repetition_takes_linear_time():
    from array import array

    random = np.random.default_rng(0)
    for codes in (random.integers(0, 3, 200_000), np.arange(200_000) % 30_000, np.arange(200_000)):
        assert not repeats_in(array("i", codes.astype(np.int32).tobytes()))
