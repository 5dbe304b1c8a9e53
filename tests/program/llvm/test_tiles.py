"""Matrix products and sums over rows in tiles: where they are used, and that they have the bits of single steps."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

import autograd
from autograd import dot, grad, jit, relu, sin, tanh, value_and_grad, vmap

pytest.importorskip("llvmlite")
if not autograd.compiled:
    pytest.skip("machine code calls the compiled engine", allow_module_level=True)

from autograd.operations.primitives import Multiply
from autograd.program.llvm import native, products, tiles
from autograd.program.machine.step import PRODUCT_PLUS, Step

COUNTS = (1, 7, 8, 15, 63, 64, 65, 200, 1_025)


def dense(weights, bias, x):
    return [sum((w * value for w, value in zip(row, x, strict=True)), b) for row, b in zip(weights, bias, strict=True)]


def parameters(*sizes):
    draw = np.random.default_rng(sum(sizes))
    return [(draw.normal(size=(after, before)), draw.normal(size=after)) for before, after in itertools.pairwise(sizes)]


def network(activation):
    def loss(layers, x, y):
        for weights, bias in layers[:-1]:
            x = [activation(value) for value in dense(weights, bias, x)]
        outputs = dense(*layers[-1], x)
        return sum((output - y) ** 2 for output in outputs)

    return loss


def flat(result):
    if isinstance(result, (list, tuple)):
        return np.concatenate([flat(part) for part in result])
    numbers = np.ravel(np.asarray(result, dtype=float))
    # All nans are one: their sign is that of the operand which the processor happens to take.
    return np.where(np.isnan(numbers), np.nan, numbers)


def check_in_both_ways(function, axes, reduce, all_arguments, monkeypatch, tiles_pay=True):
    """Check that results by tiles are those of single steps; return the last ones."""
    used = []
    made = tiles.module_of_rows_in_tiles

    def noted(plan):
        module = made(plan)
        used.append(module is not None)
        return module

    monkeypatch.setattr(native, "module_of_rows_in_tiles", noted)
    by_tiles = jit(vmap(function, axes, reduce), tier="llvm")
    found = [flat(by_tiles(*arguments)) for arguments in all_arguments]
    monkeypatch.setattr(native, "module_of_rows_in_tiles", lambda plan: None)
    by_steps = jit(vmap(function, axes, reduce), tier="llvm")
    for arguments, one in zip(all_arguments, found, strict=True):
        assert one.tobytes() == flat(by_steps(*arguments)).tobytes()
    assert any(used) == tiles_pay
    return found[-1]


@pytest.fixture(params=[256, 512], ids=["4 lanes", "8 lanes"])
def lanes(request, monkeypatch):
    monkeypatch.setattr(tiles, "vector_bits", lambda: request.param)


def rows_of(count, inputs):
    draw = np.random.default_rng(count)
    return draw.normal(size=(count, inputs)), draw.normal(size=count)


@pytest.mark.parametrize("sizes", [(5, 7, 3, 1), (4, 16, 16, 2), (9, 10)], ids=str)
@pytest.mark.parametrize("activation", [relu, tanh, lambda x: x], ids=["relu", "tanh", "none"])
def test_a_network_by_tiles_has_the_bits_of_its_single_steps(sizes, activation, lanes, monkeypatch):
    layers = parameters(*sizes)
    arguments = [(layers, *rows_of(count, sizes[0])) for count in COUNTS]
    function = value_and_grad(network(activation))
    found = check_in_both_ways(function, (None, 0, 0), "sum", arguments, monkeypatch)
    interpreted = flat(jit(vmap(function, (None, 0, 0), "sum"), tier="vm")(*arguments[-1]))
    np.testing.assert_allclose(found, interpreted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("special", [np.inf, np.nan, -0.0, 1e308, 5e-324])
def test_rows_that_are_not_summed_are_those_of_single_calls(special, lanes, monkeypatch):
    ((weights, bias),) = parameters(6, 12)
    arguments = [(weights, bias, rows_of(count, 6)[0]) for count in COUNTS]
    for _, _, x in arguments:
        x.ravel()[::7] = special

    def layer(weights, bias, x):
        sums = dense(weights, bias, x)
        return [*sums, sin(x[0]) * x[1], sums[0] * x[5]]

    found = check_in_both_ways(layer, (None, None, 0), None, arguments, monkeypatch)
    alone = jit(layer, tier="llvm")
    np.testing.assert_array_equal(found.reshape(-1, COUNTS[-1]).T, [alone(weights, bias, row) for row in x])


@pytest.mark.parametrize("special", [1.0, np.inf, np.nan, -0.0, 1e308, 1e200, 5e-324])
def test_inner_products_keep_the_order_and_the_roundings_of_single_ones(special, lanes, monkeypatch):
    ((weights, _),) = parameters(9, 11)
    weights[3], weights[4] = -weights[2], 0.0
    arguments = [(weights, rows_of(count, 9)[0]) for count in COUNTS]
    for _, x in arguments:
        x.ravel()[::5] = special
        # Cancels but for roundings.
        with np.errstate(over="ignore", invalid="ignore"):
            x[:, 8] = -(x[:, :8] @ weights[2, :8]) / weights[2, 8]

    def inner_products(weights, x):
        return [dot(row, x) for row in weights[:6]], [dot(x, row) for row in weights[6:]], dot(x, x), dot(x[:8], x[1:])

    found = check_in_both_ways(inner_products, (None, 0), None, arguments, monkeypatch)
    alone = jit(inner_products, tier="llvm")
    x = arguments[-1][1]
    np.testing.assert_array_equal(found.reshape(-1, len(x)).T, [flat(alone(weights, row)) for row in x])

    def loss(weights, x):
        return sum(tanh(dot(row, x)) for row in weights)

    check_in_both_ways(value_and_grad(loss), (None, 0), "sum", arguments, monkeypatch)


def test_one_inner_product_of_many_is_a_loop(compilations):
    x = rows_of(20, 100)[0]
    found = jit(vmap(dot, (None, 0)), tier="llvm")(x[0], x)
    assert sum(text.count("\n") for text in compilations) < 800
    np.testing.assert_array_equal(found, jit(vmap(dot, (None, 0)), tier="vm")(x[0], x))


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_a_partial_sum_that_is_needed_elsewhere_is_there(reduce, lanes, monkeypatch):
    ((weights, bias),) = parameters(8, 8)

    def of_parts(weights, bias, x):
        parts = [dense(weights[:, :4], bias, x[:4])]
        parts.append(dense(weights[:, 4:], parts[0], x[4:]))
        products_of_two = [parts[0][0] * x[0], parts[0][1] * x[0], parts[1][0] * x[1]]
        return [*parts[0], *products_of_two, *parts[1]]

    arguments = [(weights, bias, rows_of(count, 8)[0]) for count in COUNTS]
    check_in_both_ways(of_parts, (None, None, 0), reduce, arguments, monkeypatch)


def test_moments_whose_factors_are_on_both_sides_are_right(lanes, monkeypatch):
    def moments(x, y):
        return [[a * b for b in x] for a in x], [a * y for a in x], list(x), y

    arguments = [rows_of(count, 12) for count in COUNTS]
    found = check_in_both_ways(moments, 0, "sum", arguments, monkeypatch)
    x, _ = arguments[-1]
    np.testing.assert_allclose(found[: 12 * 12].reshape(12, 12), x.T @ x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("last", [np.nan, np.inf, -np.inf, 1e308, -0.0])
def test_rows_that_are_not_there_add_nothing(last, lanes):
    layers = parameters(4, 12, 1)
    x, y = rows_of(64, 4)
    call = jit(vmap(value_and_grad(network(relu)), (None, 0, 0), "sum"), tier="llvm")
    expected = flat(call(layers, x[:3], y[:3]))
    # Leaves such numbers in the registers behind the rows of the next call.
    full = x.copy()
    full[3:] = last
    call(layers, full, y)
    assert flat(call(layers, x[:3], y[:3])).tobytes() == expected.tobytes()


def test_sums_that_underflow_to_negative_zero_keep_their_sign(lanes, monkeypatch):
    def products_of_all(x, y):
        return [a * b for a in x for b in y]

    arguments = [(np.full((3, 8), -1e-200), np.full((3, 8), 1e-200))]
    check_in_both_ways(products_of_all, 0, "sum", arguments, monkeypatch)


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_a_decision_leaves_products_right_and_sums_to_the_rows_it_is_for(reduce, lanes, monkeypatch):
    def loss(layers, x, y):
        y = y if y > 0.0 else 2.0 * y
        return network(tanh)(layers, x, y)

    layers = parameters(6, 12, 9, 1)
    arguments = [(layers, *rows_of(count, 6)) for count in (2, 7, 200)]
    found = check_in_both_ways(loss, (None, 0, 0), reduce, arguments, monkeypatch)
    eager = [loss(layers, x, y.item()) for x, y in zip(*arguments[-1][1:], strict=True)]
    np.testing.assert_allclose(found, eager if reduce is None else [sum(eager)], rtol=1e-9)


@pytest.mark.parametrize("length", [3, 20])
def test_segments_in_many_functions_give_the_same_bits(length, lanes, monkeypatch):
    monkeypatch.setattr(tiles, "LENGTH", length)
    arguments = [(parameters(5, 7, 3, 1), *rows_of(70, 5))]
    check_in_both_ways(value_and_grad(network(tanh)), (None, 0, 0), "sum", arguments, monkeypatch)


def test_second_derivatives_of_a_network_are_right(lanes, monkeypatch):
    def squared_slopes(layers, x, y):
        return sum(slope * slope for slope in grad(network(tanh), 1)(layers, x, y))

    arguments = [(parameters(4, 6, 1), *rows_of(count, 4)) for count in (3, 40)]
    check_in_both_ways(value_and_grad(squared_slopes), (None, 0, 0), "sum", arguments, monkeypatch)


def test_the_sums_of_a_tile_stay_in_registers_with_all_their_rows(lanes, monkeypatch):
    kept = []

    def noted(plan):
        module = tiles.module_of_rows_in_tiles(plan)
        kept.extend([len(tile.outputs) * tiles.WIDTH // module.lanes for tile in module.tiles])
        return module

    monkeypatch.setattr(native, "module_of_rows_in_tiles", noted)
    jit(vmap(value_and_grad(network(relu)), (None, 0, 0), "sum"), tier="llvm")(parameters(4, 16, 16, 2), *rows_of(8, 4))
    assert max(kept) == products.LEFTS * products.RIGHTS


def test_programs_of_few_products_are_not_cut_into_segments(monkeypatch):
    arguments = [(np.linspace(0.0, 1.0, 20),)]
    check_in_both_ways(lambda x: sin(x) * x, 0, "sum", arguments, monkeypatch, tiles_pay=False)


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (3, [3]), (4, [2, 2]), (7, [3, 2, 2]), (16, [3, 3, 3, 3, 2, 2])]
)
def test_pieces_are_of_nearly_one_size(count, sizes):
    assert products.tile_sizes(count, 3) == sizes


def test_a_sum_that_nobody_reads_is_no_product():
    # Two sums over the values 0 to 3, whose factors are 4 to 11; only the second is needed.
    steps = []
    for start, factors in ((12, range(4, 8)), (20, range(8, 12))):
        for value, factor in enumerate(factors):
            result = start + value
            operands = (value, factor) if value == 0 else (value, factor, result - 1)
            steps.append(Step(result, PRODUCT_PLUS if value else Multiply, operands))
    plan = SimpleNamespace(varies=[1] * 4 + [0] * 8 + [1] * 12)
    assert products.products_among(steps, plan, {23}) == steps
    (product,) = products.products_among(steps, plan, {15, 23})
    assert product == ((0, 1, 2, 3), (), ((4, 5, 6, 7), (8, 9, 10, 11)), (15, 23), False)
