"""Functions as C: compiled without a warning, with the values and derivatives of the interpreter."""

from __future__ import annotations

import ctypes
import itertools
import math
import random
import subprocess
from array import array

import numpy as np
import pytest

from autograd import (
    Primitive,
    callback,
    clip,
    cos,
    exp,
    fori_loop,
    grad,
    hessian,
    jacobian,
    jit,
    log,
    logsumexp,
    maximum,
    norm,
    prod,
    scan,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    vmap,
    where,
    while_loop,
)  # fmt: skip
from autograd.errors import ExportError
from autograd.exports.c_lines import literal
from autograd.exports.c_source import TAKEN, to_c
from autograd.exports.recorded import recorded
from autograd.program.machine.machine import Machine
from tests.tables.c_compiler import Library
from tests.tables.conventions import OURS
from tests.tables.oracles import BUILT_IN
from tests.tables.random_programs import KNOWN, random_program
from tests.tables.rules import Straight, solved
from tests.tables.special_points import SPECIAL, points_of
from tools.conventions import rows

inf, nan = math.inf, math.nan


def run(program, numbers):
    """The results of the interpreter, and the first guard that fails or -1."""
    results = array("d", [0.0] * len(program.outputs))
    failed = Machine(program).call_into(array("d", numbers), results)
    return failed, results.tolist()


def ulps(one, other):
    """How many floats lie between two numbers; equal signs of zero are not asked for where a nan or 0 is."""
    if one != one and other != other:
        return 0
    if one == other:
        return 0 if math.copysign(1.0, one) == math.copysign(1.0, other) else 1
    if not (math.isfinite(one) and math.isfinite(other)):
        return inf
    whole = [int(np.float64(x).view(np.int64)) for x in (one, other)]
    return abs(whole[0] - whole[1]) if (whole[0] < 0) == (whole[1] < 0) else inf


def assert_close(found, expected, what, most=4):
    for place, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert ulps(one, other) <= most, (what, place, one, other)


def seconds(primitive):
    """The local gradients of a primitive, as a function."""
    if primitive.arity == 1:
        return [grad(primitive)]
    return [grad(primitive, argnums=place) for place in range(primitive.arity or 4) if place not in primitive.orders]


def by_arity(arity):
    return [primitive for primitive in BUILT_IN if (primitive.arity or 4) == arity]


@pytest.mark.parametrize("arity", [1, 2, 3, 4])
def test_every_primitive_has_the_values_and_derivatives_of_the_interpreter(arity, tmp_path):
    primitives = by_arity(arity)

    def values(*x):
        return [primitive(*x) for primitive in primitives]

    def slopes(*x):
        return [gradient(*x) for primitive in primitives for gradient in seconds(primitive)]

    draw = random.Random(arity)
    points = list(points_of(primitives[0]))[:: 1 if arity < 3 else 7]
    for _ in range(200):
        kinds = [lambda: draw.uniform(-3, 3), lambda: draw.gauss(0, 30), lambda: 10.0 ** draw.uniform(-12, 12)]
        points.append([draw.choice(kinds)() for _ in range(arity)])
        points.append([float(draw.randint(-9, 9)) / draw.choice([1, 2, 3]) for _ in range(arity)])
    for function in (values, slopes):
        example = (0.5, 0.75, 0.25, 1.0)[:arity]
        name = function.__name__ + "_"
        library = Library(to_c(function, *example, name=name, derivatives=["jacobian"]), tmp_path)
        found = recorded(function, example)
        program = found.jacobian().programs[0]
        outputs = found.output_count
        for point in points:
            expected = run(program, point)[1]
            status, (first,) = library.call(name, point, [outputs])
            assert status == 0
            assert_close(first, expected[:outputs], point)
            status, (again, matrix) = library.call(f"{name}_jacobian", point, [outputs, outputs * arity])
            assert status == 0
            assert_close([*again, *matrix], expected, point)


def test_slopes_of_many_operands_are_those_of_the_interpreter(tmp_path):
    point = np.sin(np.arange(300.0))
    library = Library(to_c(grad(norm), point, name="slopes"), tmp_path)
    status, (found,) = library.call("slopes", [point], [300])
    assert status == 0
    assert_close(found, jit(grad(norm), tier="vm")(point), "slopes")


def test_every_operation_of_programs_is_in_the_library_at_random(tmp_path):
    draw = random.Random(7)
    for number in range(6):
        program = random_program(draw, 5, 400, KNOWN)

        def function(*x, program=program):
            values = program.evaluate(list(x))
            return [value for value, needed in zip(values[5:], itertools.cycle([True]), strict=False) if needed]

        example = [0.5, -1.0, 2.0, 0.25, 3.0]
        name = f"random_{number}"
        library = Library(to_c(function, *example, name=name), tmp_path)
        found = recorded(function, example)
        for _ in range(20):
            point = [draw.choice([*SPECIAL, draw.uniform(-4.0, 4.0)]) for _ in range(5)]
            failed, expected = run(found.paths[0].program, point)
            status, (values,) = library.call(name, point, [found.output_count])
            assert status == (0 if failed < 0 else 1)
            if status == 0:
                assert_close(values, expected, point)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_every_row_of_the_conventions_holds(row, tmp_path):
    def function(*x):
        return row.function(OURS, *x)

    count = len(row.point)
    library = Library(to_c(function, *row.point, name="convention", derivatives=["gradient"]), tmp_path)
    status, (value, slopes) = library.call("convention_gradient", row.point, [1, count])
    assert status == 0
    for found, expected in zip([*value, *slopes], [row.value, *row.slopes], strict=True):
        same = (found != found and expected != expected) or found == pytest.approx(expected, rel=1e-14, abs=0.0)
        assert same, (found, expected)


def branching(x, w):
    total = 0.0
    for place in range(3):
        total = total + (w[place] * x if x > w[place] else sin(x) * w[place])
    while total > 10.0:
        total = total / 2.0
    return {"total": total, "parts": (x * w, [total * x])}


def test_all_recorded_paths_are_taken_and_others_are_told(tmp_path):
    function = jit(branching)
    draw = random.Random(3)
    w = np.array([0.5, 1.0, 1.5])
    known = [0.1, 0.7, 1.2, 2.0, 9.0]
    for x in known:
        function(x, w)
    exported = to_c(function, 0.1, w, derivatives=["jacobian"])
    library = Library(exported, tmp_path)
    found = recorded(function, (0.1, w))
    assert len(found.paths) == len(function.paths) > 3
    assert [(piece.name, piece.path) for piece in found.outputs] == [
        ("result_total", "result['total']"), ("result_parts_0", "result['parts'][0]"),
        ("result_parts_1_0", "result['parts'][1][0]"),
    ]  # fmt: skip
    for x in [*known, *[draw.uniform(0.0, 9.0) for _ in range(100)]]:
        before = len(function.paths)
        expected = function(x, w)
        unknown = len(function.paths) > before
        status, (total, part, last) = library.call("branching", [x, w], [1, 3, 1])
        assert status == unknown
        if unknown:
            assert total == [-77.0]
            function = jit(branching)
            for one in known:
                function(one, w)
            continue
        assert_close([*total, *part, *last], [expected["total"], *expected["parts"][0], *expected["parts"][1]], x)
        status, (_, matrix) = library.call("branching_jacobian", [x, w], [5, 20])
        expected = jacobian(lambda x, w: branching(x, w)["total"], argnums=(0, 1))(x, w)
        assert status == 0
        assert matrix[:4] == pytest.approx([expected[0], *expected[1]], rel=1e-13)


def rosenbrock(x):
    return sum([100.0 * (x[k + 1] - x[k] ** 2) ** 2 + (1.0 - x[k]) ** 2 for k in range(len(x) - 1)])


def test_hessians_have_the_entries_of_all_paths(tmp_path):
    x = np.array([0.3, -0.5, 0.8, 1.5])
    library = Library(to_c(rosenbrock, x, derivatives=["hessian", "gradient"]), tmp_path)
    rows, columns = library.table("rosenbrock_hessian_rows", 7), library.table("rosenbrock_hessian_columns", 7)
    assert list(zip(rows, columns, strict=True)) == [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]
    status, (value, entries) = library.call("rosenbrock_hessian", [x], [1, 7])
    assert status == 0
    assert value == pytest.approx([rosenbrock(x)], rel=1e-14)
    expected = hessian(rosenbrock)(x)
    assert entries == pytest.approx([expected[place] for place in zip(rows, columns, strict=True)], rel=1e-13)

    switched = jit(lambda x, y: x * x * y if x > 0.0 else y * y + x)
    switched(1.0, 1.0), switched(-1.0, 1.0)
    library = Library(to_c(switched, 1.0, 1.0, name="switched", derivatives=["hessian"]), tmp_path)
    assert library.table("switched_hessian_rows", 3) == [0, 1, 1]
    assert library.table("switched_hessian_columns", 3) == [0, 0, 1]
    assert library.call("switched_hessian", [2.0, 3.0], [1, 3]) == (0, [[12.0], [6.0, 4.0, 0.0]])
    assert library.call("switched_hessian", [-2.0, 3.0], [1, 3]) == (0, [[7.0], [0.0, 0.0, 2.0]])


def test_a_side_of_where_that_is_not_taken_adds_nothing(tmp_path):
    def isolated(x, y):
        return where(x > 0.0, log(x) * y, sqrt(y) + x) + maximum(x, y)

    library = Library(to_c(isolated, 0.5, 2.0, derivatives=["gradient"]), tmp_path)
    for point in [(0.5, 2.0), (0.0, 4.0), (-1.0, 0.0), (2.0, 2.0), (nan, 1.0)]:
        expected = grad(isolated, argnums=(0, 1))(*point)
        status, (_, slopes) = library.call("isolated_gradient", point, [1, 2])
        assert status == 0
        assert slopes == pytest.approx(expected, rel=1e-14, nan_ok=True), point


def spring(x0, forces, k):
    def step(state, force):
        position, speed = state
        speed = speed + 0.01 * (force - k * sin(position))
        position = position + 0.01 * speed
        return (position, speed), position * speed

    return scan(step, (x0, 1.0), forces)


def test_loops_stay_loops(tmp_path):
    forces = np.linspace(-1.0, 1.0, 200)
    exported = to_c(spring, 0.5, forces, 2.0)
    assert exported.source.count("sin(") == 1
    library = Library(exported, tmp_path)
    function = jit(spring, tier="vm")
    (position, speed), products = function(0.5, forces, 2.0)
    status, (p, s, ys) = library.call("spring", [0.5, forces, 2.0], [1, 1, 200])
    assert status == 0
    assert_close([*p, *s, *ys], [position, speed, *products], "loop")

    def loss(x0, forces, k):
        (position, speed), products = spring(x0, forces, k)
        return position * speed + norm(products)

    short = forces[::20]
    library = Library(to_c(loss, 0.5, short, 2.0, name="short_", derivatives=["hessian"]), tmp_path)
    status, (_, entries) = library.call("short__hessian", [0.5, short, 2.0], [1, 78])
    dense = hessian(lambda x: loss(x[0], x[1:-1], x[-1]))(np.array([0.5, *short, 2.0]))
    assert status == 0
    places = library.table("short__hessian_rows", 78), library.table("short__hessian_columns", 78)
    assert entries == pytest.approx(dense[places], rel=1e-10, abs=1e-14)
    library = Library(to_c(loss, 0.5, forces, 2.0, derivatives=["gradient"]), tmp_path)
    status, (_, gradient) = library.call("loss_gradient", [0.5, forces, 2.0], [1, 202])
    expected = jit(grad(loss, argnums=(0, 1, 2)), tier="vm")(0.5, forces, 2.0)
    assert status == 0
    assert gradient == pytest.approx([expected[0], *expected[1], expected[2]], rel=1e-12)


def test_loops_backward_nested_and_without_rows(tmp_path):
    def nested(x, a):
        def outer(k, y):
            return fori_loop(0, 20, lambda j, z: z + 0.01 * cos(z * a) * k, y)

        def step(y, row):
            return 0.5 * y + row * a, y

        last, ys = scan(step, x, np.arange(60.0) * a, reverse=True)
        return fori_loop(0, 30, outer, x) + last, ys

    library = Library(to_c(nested, 0.5, 1.5), tmp_path)
    value, ys = jit(nested, tier="vm")(0.5, 1.5)
    status, (one, rest) = library.call("nested", [0.5, 1.5], [1, 60])
    assert status == 0
    assert_close([*one, *rest], [value, *ys], "nested")


def assert_as_interpreted(function, args, folder, kinds=(), name="loop"):
    """Compile a function and its derivatives, and compare all their numbers with those of the interpreter."""
    exported = to_c(function, *args, name=name, derivatives=kinds)
    library = Library(exported, folder)
    found = recorded(function, args)
    numbers = [float(number) for argument in args for number in np.ravel(argument)]
    count = found.output_count
    for kind in ("values", *kinds):
        programs = found.values() if kind == "values" else getattr(found, kind)().programs
        failed, expected = run(programs[0], numbers)
        assert failed < 0
        sizes = [piece.size for piece in found.outputs] if kind == "values" else [count, len(expected) - count]
        status, results = library.call(name if kind == "values" else f"{name}_{kind}", args, sizes)
        assert status == 0
        assert_close([number for result in results for number in result], expected, kind)
    return library


TABLE = np.sin(np.arange(120.0)).reshape(60, 2)


def backward_with_checkpoints(x, a):
    def step(c, row):
        c = sin(c) + x * row[0] * a
        return c, c * row[1]

    last, ys = scan(step, x, TABLE, reverse=True, checkpoint=True)
    return last * x + norm(ys)


def with_rows_that_vary(x, rows):
    last, ys = scan(lambda c, row: (sin(c * row[1]) + row[0], {"y": c * x, "z": row[0] * c}), x, rows)
    return last + norm(ys["y"]) * ys["z"][3]


def mapped_inside(a, xs):
    return vmap(lambda x: sin(a * x) + exp(-x * x) * a)(xs).sum()


def nested_with_numbers(x, a):
    return fori_loop(-3, 30, lambda k, y: fori_loop(0, 20, lambda j, z: z + 0.01 * cos(z * a) * k, y), x)


def deciding(x, a):
    def step(c, y):
        c = 0.5 * c + y * a if c * y > 0.3 else sin(c) + x * y
        return c, c * x

    last, ys = scan(step, x, TABLE[:, 0])
    return last + norm(ys)


def deciding_in_an_inner_loop(x, a):
    def outer(k, y):
        return fori_loop(0, 10, lambda j, z: 0.9 * z + k if z < x else 0.5 * z * a, y)

    return fori_loop(0, 20, outer, x)


@pytest.mark.parametrize(
    ("function", "args", "kinds"),
    [
        (backward_with_checkpoints, (0.5, 1.5), ("gradient", "hessian")),
        (grad(backward_with_checkpoints), (0.5, 1.5), ("gradient",)),
        (with_rows_that_vary, (0.5, TABLE), ("gradient",)),
        (mapped_inside, (0.5, np.linspace(-1.0, 1.0, 100)), ("gradient",)),
        (nested_with_numbers, (0.5, 1.5), ("gradient", "hessian")),
        (deciding, (0.5, 1.0), ("gradient", "hessian")),
        (deciding_in_an_inner_loop, (3.0, 1.0), ("gradient",)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_loops_of_all_kinds_and_their_derivatives_are_those_of_the_interpreter(function, args, kinds, tmp_path):
    assert_as_interpreted(function, args, tmp_path, kinds)


def test_turns_that_went_no_recorded_way_are_told(tmp_path):
    def kinked(x):
        return fori_loop(0, 40, lambda k, y: 0.5 * y if y > 1.0 else y + x, x)

    function = jit(kinked)
    function(0.01)
    assert len(function.paths) == 1
    known = Library(to_c(function, 0.01, name="known", derivatives=["gradient"]), tmp_path)
    assert known.call("known", [0.02], [1]) == (0, [[function(0.02)]])
    assert known.call("known", [0.5], [1]) == (1, [[-77.0]])
    assert known.call("known_gradient", [0.5], [1, 1]) == (1, [[-77.0], [-77.0]])
    function(0.5)
    both = Library(to_c(function, 0.01, name="both", derivatives=["gradient"]), tmp_path)
    for x in (0.01, 0.3, 0.5, 0.9):
        assert both.call("both", [x], [1]) == (0, [[kinked(x)]])
        status, (_, slope) = both.call("both_gradient", [x], [1, 1])
        assert status == 0
        assert slope == pytest.approx([grad(kinked)(x)], rel=1e-14)


def test_loops_without_a_fixed_length(tmp_path):
    def doubled(x, a):
        return while_loop(lambda y: y < 100.0, lambda y: y * y if y > a else y + a, x)

    library = assert_as_interpreted(doubled, (1.5, 2.0), tmp_path)
    for x, a in [(1.0, 3.0), (200.0, 1.0), (1.1, 0.2)]:
        assert library.call("loop", [x, a], [1]) == (0, [[doubled(x, a)]])
    # More results than inputs: derivatives go forward.
    assert_as_interpreted(lambda x: [doubled(x, 2.0), x], (1.5,), tmp_path, ["jacobian"], "forward")
    with pytest.raises(ExportError, match="a derivative that goes back through a while_loop has no form in C"):
        to_c(doubled, 1.5, 2.0, derivatives=["gradient"])


def test_single_precision(tmp_path):
    def model(x, w):
        return tanh(w @ x) + logsumexp(x) * prod(w) + clip(x[0], 0.1, 1e300) ** 3 + exp(-norm(x)) / 3.0

    x, w = np.array([0.5, 1.5, -0.75]), np.array([1.25, 0.3, 2.0])
    exported = to_c(model, x, w, precision="float", derivatives=["gradient"])
    library = Library(exported, tmp_path, ctypes.c_float, ["-Wdouble-promotion", "-Wno-error=double-promotion"])
    status, (value, gradient) = library.call("model_gradient", [x, w], [1, 6])
    assert status == 0
    assert value == pytest.approx([model(x, w)], rel=1e-5)
    expected = grad(model, argnums=(0, 1))(x, w)
    assert gradient == pytest.approx([*expected[0], *expected[1]], rel=1e-4, abs=1e-6)
    assert "double in[" not in exported.source


def test_inputs_may_be_outputs(tmp_path):
    library = Library(to_c(lambda x: (x[1], x[0] + x[2], x[0]), np.ones(3), name="turn"), tmp_path)
    numbers = (ctypes.c_double * 3)(1.0, 2.0, 4.0)
    function = library.library.turn
    cells = [ctypes.cast(ctypes.byref(numbers, 8 * place), ctypes.POINTER(ctypes.c_double)) for place in range(3)]
    assert function(numbers, *cells) == 0
    assert list(numbers) == [2.0, 5.0, 1.0]


def test_names_are_those_of_the_arguments_unless_c_uses_them(tmp_path):
    def exp_(exp, double, in_, *rest, **named):
        return {"a b": exp, "*/": double * in_["é"][0], "status": rest[1]}

    exported = to_c(exp_, 1.0, 2.0, {"é": [3.0]}, 4.0, 5.0)
    found = [line for line in exported.header.splitlines() if line.startswith("int ")]
    assert found == [
        "int exp_2(double exp_2_2, double double_2, double in_0, double rest3, double rest4, double *result_a_b, "
        "double *result, double *result_status);"
    ] or found[0].startswith("int exp")
    Library(exported, tmp_path)
    assert {"exp", "double", "in"} <= TAKEN
    for name in ("", "a b", "exp", "1x", "autograd_x", "x;system", 7):
        with pytest.raises((ExportError, TypeError), match=r"a C function can't be called|expected string"):
            to_c(lambda x: x, 1.0, name=name)


def test_it_compiles_as_cpp_too(tmp_path):
    to_c(lambda x: logsumexp([x, 2.0, x * x]), 0.5, name="value_").save(tmp_path)
    program = tmp_path / "main.cpp"
    program.write_text('#include "value_.h"\nint main2() { double y; return value_(1.0, &y); }\n', encoding="utf-8")
    done = subprocess.run(["c++", "-Wall", "-Wextra", "-Werror", "-c", str(program), "-o", str(tmp_path / "m.o")],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_functions_without_inputs_constants_and_empty_results(tmp_path):
    def constants(x):
        return [nan, inf, -inf, -0.0, 5e-324, 1e308, x * 0.0 + 2.0]

    library = Library(to_c(constants, 1.0), tmp_path)
    status, (found,) = library.call("constants", [1.0], [7])
    assert status == 0
    assert found[0] != found[0]
    assert found[1:] == [inf, -inf, -0.0, 5e-324, 1e308, 2.0]
    assert math.copysign(1.0, found[3]) == -1.0
    library = Library(to_c(lambda: 2.0, name="nothing"), tmp_path)
    assert library.call("nothing", [], [1]) == (0, [[2.0]])
    library = Library(to_c(lambda x: None if x is None else (), 1.0, name="empty"), tmp_path)
    assert library.call("empty", [1.0], []) == (0, [])


def test_literals_are_exact():
    assert literal(0.1, "double") == "0.1"
    assert literal(-2.0, "double") == "(-2.0)"
    assert literal(1e300, "float") == "INFINITY"
    assert literal(1e22, "double") == "1e+22"
    assert np.float32(literal(0.1, "float")[:-1]) == np.float32(0.1)


def test_variables_from_outside_are_as_they_are(tmp_path):
    from autograd import Variable

    w = Variable(3.0)
    library = Library(
        to_c(lambda x: x * w if x > w - 3.0 else w, 1.0, name="closed", derivatives=["gradient"]), tmp_path
    )
    assert library.call("closed", [2.0], [1]) == (0, [[6.0]])
    assert library.call("closed_gradient", [2.0], [1, 1]) == (0, [[6.0], [3.0]])


def test_a_users_primitive_is_exported_by_its_value(tmp_path):
    Cube = Primitive("cube of ours", lambda x: x * x * x, lambda x, out: 3 * x * x, registered=False)
    library = Library(to_c(lambda x: Cube(x) + 1.0, 2.0, name="cubes", derivatives=["gradient"]), tmp_path)
    assert library.call("cubes_gradient", [2.0], [1, 1]) == (0, [[9.0], [12.0]])


@pytest.mark.parametrize("turns", [1, 400])
def test_the_rules_of_users_primitives_and_of_equations_are_exported(turns, tmp_path):
    def both(x):
        return fori_loop(0, turns, lambda _, c: 0.5 * Straight(c) + 0.1 * solved(x * c), x)

    library = Library(to_c(both, 0.75, name="rules", derivatives=["gradient"]), tmp_path)
    status, ((value,), (slope,)) = library.call("rules_gradient", [0.75], [1, 1])
    assert status == 0
    assert (value, slope) == pytest.approx(value_and_grad(both)(0.75), rel=1e-13)


def test_what_has_no_form_is_refused():
    called = callback(lambda x: x + 1.0, vjp=lambda primals, cotangent: (cotangent,))
    with pytest.raises(ExportError, match="callback of <lambda> has no form in C"):
        to_c(called, 1.0)
    with pytest.raises(ExportError, match="runs over rows: export the function of one row"):
        to_c(vmap(lambda x: x), np.ones(3))
    with pytest.raises(TypeError, match=r"takes the arguments of <lambda>\(x, y\), by position; got 1: missing .*'y'"):
        to_c(lambda x, y: x * y, 3.0)
    with pytest.raises(ExportError, match=r"only a function is exported, got float 3\.0"):
        to_c(3.0, 1.0)
    two = jit(lambda x: [x] if x > 0.0 else [x, x])
    two(1.0), two(-1.0)
    with pytest.raises(ExportError, match=r"returns .* on one path and .* on another"):
        to_c(two, 1.0)
    with pytest.raises(ExportError, match="gives 2: ask for the Jacobian"):
        to_c(lambda x: (x, x), 1.0, derivatives=["gradient"])
    with pytest.raises(ExportError, match="a Hessian is that of one number"):
        to_c(lambda x: (x, x), 1.0, derivatives=["hessian"])
    with pytest.raises(ExportError, match="derivatives are gradient, jacobian, hessian, got 'slope'"):
        to_c(lambda x: x, 1.0, derivatives=["slope"])
    with pytest.raises(ExportError, match='precision is "double" or "float", got \'half\''):
        to_c(lambda x: x, 1.0, precision="half")
    limited = jit(lambda x: x if x > 0.0 else -x, max_paths=0)
    with pytest.raises(ExportError, match="can't be exported"):
        to_c(limited, 1.0)
