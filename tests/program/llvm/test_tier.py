"""Machine code gives what plain Python gives, to a few units in the last place: primitives, decisions, rows."""

import gc
import math
import re
import time
import warnings

import numpy as np
import pytest

import autograd
from autograd import (
    exp,
    fori_loop,
    grad,
    hessian,
    jit,
    log,
    logsumexp,
    maximum,
    prod,
    relu,
    scan,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    vmap,
    where,
)
from tests.tables.comparison import same_bits
from tests.tables.oracles import BUILT_IN, EVERY_PRIMITIVE

pytest.importorskip("llvmlite")
if not autograd.compiled:
    pytest.skip("machine code calls the compiled engine", allow_module_level=True)

from autograd.program import tiers
from autograd.program.llvm import lowering, native
from autograd.program.llvm.lowering import LOWERED
from autograd.program.llvm.module import WIDTH

LOWERED_PRIMITIVES = [primitive for primitive in BUILT_IN if primitive.name in LOWERED and primitive.kernel is not None]
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 1e-310, 1e300, -1e300, math.inf, -math.inf, math.nan)
# Each tier is within 2 units of the exact value.
UNITS = 4


def close(one, other, units=UNITS, scale=0.0):
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    if one == other:
        return True
    return math.isfinite(one) and abs(one - other) <= units * math.ulp(max(abs(one), abs(other), scale))


def points(primitive, count=60):
    draw = np.random.default_rng(len(primitive.name))
    arity = primitive.arity or 4
    grid = np.array(np.meshgrid(*[SPECIAL] * min(arity, 2))).reshape(min(arity, 2), -1).T
    if arity > 2:
        grid = np.hstack([grid, draw.choice([0.5, 1.0, 2.0], (len(grid), arity - 2))])
    drawn = np.vstack([grid, draw.uniform(-3.0, 3.0, (count, arity)), draw.uniform(0.0, 50.0, (count, arity))])
    for place in primitive.orders:
        drawn[:, place] = draw.integers(1, 4, len(drawn))
    return np.ascontiguousarray(drawn)


@EVERY_PRIMITIVE
def test_every_primitive_gives_the_same_in_rows_and_alone(primitive):
    rows = points(primitive)
    in_rows = jit(vmap(lambda x: primitive(*x)), tier="llvm")(rows)
    alone = jit(lambda x: primitive(*x), tier="llvm")
    for row, found in zip(rows, in_rows, strict=True):
        expected = primitive(*row.tolist())
        # A sum, an inner product and the like may cancel: their error is beside their largest term.
        largest = float(np.max(np.abs(row)))
        scale = max(largest, largest * largest) if primitive.arity is None and math.isfinite(largest) else 0.0
        if math.isfinite(scale):
            assert close(float(found), expected, UNITS * len(row), scale), (row, found, expected)
            assert close(alone(row), expected, UNITS * len(row), scale), (row, expected)


@pytest.mark.parametrize("primitive", LOWERED_PRIMITIVES, ids=lambda primitive: primitive.name)
def test_an_operation_without_a_line_in_the_table_gives_the_bits_of_plain_python(primitive, monkeypatch):
    without = {name: line for name, line in LOWERED.items() if name != primitive.name}
    monkeypatch.setattr(lowering, "LOWERED", without)
    rows = points(primitive)
    expected = np.array([primitive(*row) for row in rows.tolist()])
    assert same_bits(jit(vmap(lambda x: primitive(*x)), tier="llvm")(rows), expected)
    alone = jit(lambda x: primitive(*x), tier="llvm")
    assert same_bits([alone(row) for row in rows[::5]], expected[::5])
    # Side by side, in registers where that is possible.
    several = rows[-20:]
    assert same_bits(jit(lambda x: [primitive(*row) for row in x], tier="llvm")(several), expected[-20:])
    # With others around it, on functions of rows whose results are stored and summed.
    finite = rows[np.isfinite(expected) & (np.abs(rows).max(axis=1) < 100.0)]
    mixed = vmap(lambda x: [primitive(*x), primitive(*x) + x[0]], reduce=(None, "sum"))
    assert len(finite) > 2 * WIDTH
    for found, wanted in zip(jit(mixed, tier="llvm")(finite), jit(mixed, tier="vm")(finite), strict=True):
        assert same_bits(found, wanted)


@pytest.mark.parametrize(
    "factors", [(1e200, 1e200, 0.0), (1e-200, 1e-200, 1e250), (1e300, 1e300, -1e-310), (5e-324, 1e308, 1e300, 3.0)]
)
def test_a_product_whose_parts_leave_the_range_is_that_of_plain_python(factors):
    function = value_and_grad(lambda x: prod(list(x)))
    assert jit(function, tier="llvm")(list(factors)) == function(list(factors))
    in_rows = jit(vmap(lambda x: prod(list(x))), tier="llvm")(np.array([factors] * 9))
    assert in_rows.tolist() == [prod(factors)] * 9


def test_parts_of_a_result_are_summed_or_stored():
    def parts(w, x):
        return [x * w[0] if x < 1.0 else w[1] * 2.0 + x, w * x, w[0] * x * x]

    w, x = np.array([2.0, 3.0]), np.linspace(-2.0, 2.0, 1300)
    mapped = vmap(parts, (None, 0), (None, "sum", "mean"))
    for found, expected in zip(jit(mapped, tier="llvm")(w, x), mapped(w, x), strict=True):
        # The order of the sums is the same; a product that is added is rounded with the sum, not before. Terms are up
        # to 12 in size, and cancel.
        np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1300 * 12 * 2.0**-53)


def network(p, x, activation):
    hidden = [activation(p[3 * j] * x[0] + p[3 * j + 1] * x[1] + p[3 * j + 2]) for j in range(4)]
    return sum(p[12 + j] * hidden[j] for j in range(4))


@pytest.mark.parametrize("activation", [relu, tanh], ids=["relu", "tanh"])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 63, 64, 65, 1500])
def test_gradients_summed_over_rows_are_those_of_the_interpreter(activation, count):
    draw = np.random.default_rng(count)
    p, X, Y = draw.normal(size=16), draw.normal(size=(count, 2)), draw.normal(size=count)
    loss = value_and_grad(lambda p, x, y: (network(p, x, activation) - y) ** 2)
    mapped = vmap(loss, in_axes=(None, 0, 0), reduce="mean")
    value, gradient = jit(mapped, tier="llvm")(p, X, Y)
    expected, expected_gradient = jit(mapped, tier="vm")(p, X, Y)
    assert math.isclose(value, expected, rel_tol=1e-13)
    assert np.allclose(gradient, expected_gradient, rtol=0, atol=1e-12 * np.abs(expected_gradient).max())


def test_rows_take_the_branches_that_python_takes():
    def stepped(x):
        count = 0.0
        while x > 1.0:
            x = x / 2.0 if x > 10.0 else sqrt(x) - 0.25 * sin(x)
            count = count + 1.0
        return count + exp(x)

    X = np.random.default_rng(1).uniform(0.0, 40.0, 700)
    found = jit(vmap(stepped), tier="llvm")(X)
    assert all(close(float(y), stepped(float(x)), 8) for x, y in zip(X, found, strict=True))
    total = jit(vmap(stepped, reduce="sum"), tier="llvm")(X)
    assert math.isclose(total, math.fsum(found), rel_tol=1e-13)


def test_where_isolates_the_side_not_taken():
    function = jit(grad(lambda x: where(x > 0.0, sqrt(x) + log(x), x * x)), tier="llvm")
    assert function(-2.0) == -4.0
    assert function(0.0) == 0.0
    assert close(function(4.0), 0.5)


def test_kinks_follow_the_conventions():
    assert jit(grad(lambda x: maximum(x, 0.0)), tier="llvm")(0.0) == 0.0
    assert jit(grad(lambda x: maximum(x[0], x[1])), tier="llvm")([1.0, 1.0]) == [0.5, 0.5]
    assert jit(grad(abs), tier="llvm")(0.0) == 0.0


def test_hessians_and_functions_of_a_thousand_operations_are_compiled():
    def chain(x):
        for _ in range(1000):
            x = x * 1.0001 + 0.5 * sin(x)
        return x

    assert math.isclose(jit(grad(chain), tier="llvm")(0.3), grad(chain)(0.3), rel_tol=1e-11)
    square = jit(hessian(lambda x: (x[0] * x[1] + exp(x[1])) ** 2), tier="llvm")
    expected = hessian(lambda x: (x[0] * x[1] + exp(x[1])) ** 2)(np.array([0.5, 1.5]))
    assert np.allclose(square(np.array([0.5, 1.5])), expected, rtol=1e-14)


def test_a_hot_function_moves_to_machine_code_and_stays_right(monkeypatch):
    monkeypatch.setattr(tiers, "TIMES_THAT_PAY", 2000)
    function = jit(lambda x: exp(sin(x)) + x)
    expected = function(0.7)
    for _ in range(5000):
        assert close(function(0.7), expected)
    (path,) = function.paths
    for _ in range(1000):
        if path.machine().code not in (None, (None, None)):
            break
        time.sleep(0.01)
    assert path.machine().code[0] is not None
    assert close(function(0.7), expected)


def test_a_function_that_can_not_be_compiled_stays_in_the_interpreter_with_one_warning(monkeypatch, capfd):
    attempts = []

    def fail(*arguments, **options):
        attempts.append(arguments)
        raise LookupError("no such instruction")

    monkeypatch.setattr(native, "NativeCode", fail)
    monkeypatch.setattr(tiers, "TIMES_THAT_PAY", 2000)
    function = jit(lambda x: exp(sin(x)) + x)
    expected = function(0.7)
    message = "the interpreter goes on .* no machine code could be made: LookupError: no such instruction"
    with pytest.warns(RuntimeWarning, match=message) as warned:
        for _ in range(5000):
            assert function(0.7) == expected
        for _ in range(1000):
            if warned:
                break
            time.sleep(0.01)
    for _ in range(5000):
        assert function(0.7) == expected
    assert len(warned) == len(attempts) == 1
    assert function.paths[0].machine().code == (None, None)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(LookupError, match="no such instruction"):
        jit(lambda x: exp(sin(x)) + x, tier="llvm")(0.7)


def test_no_more_than_so_much_machine_code_is_in_use(monkeypatch):
    gc.collect()
    kept = [jit(lambda x: x * 2.0 + 0.125, tier="llvm")]
    kept[0](1.0)
    monkeypatch.setattr(native, "MOST_KEPT", len(native.engines) - len(native.unused) + 3)
    with pytest.warns(RuntimeWarning, match="the interpreter runs a function of which no machine code is made"):
        for number in range(10):
            kept.append(jit(lambda x, k=float(number): x * k + 0.5, tier="llvm"))
            assert kept[-1](2.0) == 2.0 * number + 0.5
    assert len(native.engines) - len(native.unused) <= native.MOST_KEPT
    # There is room again once functions are gone.
    kept.clear()
    gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jit(lambda x: x * 3.0 + 0.25, tier="llvm")(2.0) == 6.25


@pytest.fixture
def compilations(monkeypatch):
    """The text and the level of each compilation by LLVM."""
    found = []
    compile_at = native.NativeCode.compile

    def noted(self, text, level):
        found.append((text, level))
        compile_at(self, text, level)

    monkeypatch.setattr(native.NativeCode, "compile", noted)
    return found


@pytest.mark.parametrize(
    ("turns", "products", "level"), [(99, 10, 0), (100, 10, 1), (100, 1_510, 0), (10_000, 1_510, 1)]
)
def test_bodies_of_loops_of_many_turns_are_optimised_if_they_are_short(turns, products, level, compilations):
    def body(_, carried):
        for _ in range(products):
            carried = carried * x
        return carried - sin(carried)

    x = 0.5
    jit(lambda start: fori_loop(0, turns, body, start), tier="llvm")(1.0)
    assert [level for _, level in compilations] == [0, level]


def test_operands_of_a_loop_are_found_in_the_cells(compilations):
    def total(x, start):
        def step(carry, row):
            a, b, c = row
            return (sin(carry[0]) * a + b * carry[1], carry[1] + a * c), carry[0] * c

        carry, stacked = scan(step, (start * x[3, 1], start + x[0, 0]), x)
        return carry[0] + carry[1] * start + sum(stacked)

    x = np.random.default_rng(0).normal(size=(100, 3))
    found = jit(value_and_grad(total, (0, 1)), tier="llvm")(x, 0.7)
    text = max([text for text, _ in compilations], key=len)
    assert len(re.findall("call void @ag_call_back.* ptr null,", text)) == 2
    # 100 slopes of sums are written one by one, 300 numbers and as many slopes are not.
    assert text.count("store double") < 600
    # The way there is compiled once, though the way back begins with it, too.
    assert len(compilations) == 3
    expected = jit(value_and_grad(total, (0, 1)), tier="vm")(x, 0.7)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(found[1][0], expected[1][0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[1][1], expected[1][1], rtol=1e-12)


def test_operands_of_an_operation_on_many_are_copied_in_stretches(compilations):
    x = np.random.default_rng(0).normal(size=120)
    found = jit(lambda x: logsumexp([*x[50:], *x[:50]]), tier="llvm")(x)
    ((text, _),) = compilations
    assert text.count("call void @copy") == 2
    assert math.isclose(found, logsumexp(x), rel_tol=1e-14)
