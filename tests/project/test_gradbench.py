"""The tool for GradBench, asked over pipes, beside closed forms and complex steps through NumPy."""

import json
import math
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import logsumexp, multigammaln

from benchmarks.gradbench.compare import Tool, difference, shown
from benchmarks.gradbench.inputs import FUNCTIONS, clusters, hand, inputs, mixture, network

ONCE = {"min_runs": 1, "min_seconds": 0.0}


@pytest.fixture(scope="module")
def tool():
    tool = Tool("hello")
    yield tool
    tool.close()


@pytest.fixture
def random():
    return np.random.default_rng(7)


def output(tool, module, function, **given):
    answer = tool.ask(kind="evaluate", module=module, function=function, input=given | ONCE)
    assert answer["success"], answer["error"]
    return answer["output"]


def slopes(function, *arguments):
    """The derivatives of an array by all numbers of some arrays that have any, by complex steps: exact to rounding."""
    result = []
    for place, argument in enumerate(arguments):
        columns = []
        for number in range(argument.size):
            moved = argument.astype(complex)
            moved.ravel()[number] += 1e-30j
            shifted = function(*arguments[:place], moved, *arguments[place + 1 :])
            columns.append(np.imag(shifted) / 1e-30)
        if columns:
            result.append(np.stack(columns, axis=-1).reshape(*np.shape(columns[0]), *argument.shape))
    return result


# The protocol.


def test_a_session_is_answered_line_by_line():
    messages = [
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "evaluate", "module": "hello", "function": "square", "input": 3},
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
        {"id": 4, "kind": "evaluate", "module": "hello", "function": "double", "input": 9.0},
    ]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gradbench"], input="\n".join(map(json.dumps, messages)),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert [answer["id"] for answer in answers] == [0, 1, 2, 3, 4]
    assert answers[0] == {"id": 0, "tool": "scalar-autograd"}
    assert answers[1] == {"id": 1, "success": True}
    assert answers[3] == {"id": 3}
    assert [answers[place]["output"] for place in (2, 4)] == [9.0, 18.0]
    (timing,) = answers[2]["timings"]
    assert timing["name"] == "evaluate"
    assert timing["nanoseconds"] > 0


@pytest.mark.parametrize("module", FUNCTIONS)
def test_every_eval_is_known(tool, module):
    assert tool.ask(kind="define", module=module) == {"success": True}
    wrong = tool.ask(kind="evaluate", module=module, function="hessian", input=1.0)
    assert not wrong["success"]
    assert "not 'hessian'" in wrong["error"]
    assert all([function in wrong["error"] for function in FUNCTIONS[module]])


@pytest.mark.parametrize("module", ["none", "__init__", "..compare", "os"])
def test_other_modules_are_refused(tool, module):
    answer = tool.ask(kind="define", module=module)
    assert not answer["success"]
    assert f"there is no eval {module!r}, but ba, det, gmm" in answer["error"]


def test_an_error_is_an_answer_and_the_next_message_succeeds(tool):
    answer = tool.ask(kind="evaluate", module="det", function="primal", input={"A": [1.0], "ell": 2} | ONCE)
    assert not answer["success"]
    assert "reshape" in answer["error"]
    assert output(tool, "det", "primal", A=[5.0], ell=1) == 5.0


def test_a_function_is_run_as_often_and_as_long_as_asked(tool):
    given = {"A": [1.0, 2.0, 3.0, 4.0], "ell": 2}
    runs = [
        tool.ask(kind="evaluate", module="det", function="primal", input=given | limits)["timings"]
        for limits in ({"min_runs": 7, "min_seconds": 0.0}, {"min_runs": 1, "min_seconds": 0.05})
    ]
    assert len(runs[0]) == 7
    assert sum([timing["nanoseconds"] for timing in runs[1]]) >= 5e7
    assert sum([timing["nanoseconds"] for timing in runs[1][:-1]]) < 5e7


# The evals.


@pytest.mark.parametrize("x", [[0.3], [1e3, 1e3, -1e3], [0.1, 0.9, 0.4, 0.9]])
def test_lse_and_its_shares(tool, x):
    assert output(tool, "lse", "primal", x=x) == pytest.approx(logsumexp(x), rel=1e-15)
    expected = np.exp(x - logsumexp(x))
    np.testing.assert_allclose(output(tool, "lse", "gradient", x=x), expected, rtol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_det_and_its_cofactors(tool, random, size):
    matrix = random.normal(size=(size, size))
    given = {"A": matrix.ravel().tolist(), "ell": size}
    assert output(tool, "det", "primal", **given) == pytest.approx(np.linalg.det(matrix), rel=1e-13)
    cofactors = np.linalg.det(matrix) * np.linalg.inv(matrix).T
    np.testing.assert_allclose(output(tool, "det", "gradient", **given), cofactors.ravel(), rtol=1e-12)


def test_llsq_is_that_of_a_matrix(tool, random):
    x, n = random.random(6), 11
    places = np.linspace(-1.0, 1.0, n)
    matrix = np.vander(places, 6, increasing=True)
    rest = np.sign(places.round(12)) - matrix @ x
    assert output(tool, "llsq", "primal", x=x.tolist(), n=n) == pytest.approx(0.5 * rest @ rest, rel=1e-13)
    np.testing.assert_allclose(output(tool, "llsq", "gradient", x=x.tolist(), n=n), -matrix.T @ rest, rtol=1e-11)


def test_kmeans_steps_are_from_the_means(tool, random):
    given = clusters(4, 60, 3, random)
    points, centroids = np.array(given["points"]), np.array(given["centroids"])
    squares = ((points[:, None] - centroids) ** 2).sum(axis=2)
    assert output(tool, "kmeans", "cost", **given) == pytest.approx(squares.min(axis=1).sum(), rel=1e-14)
    nearest = squares.argmin(axis=1)
    means = [points[nearest == number].mean(axis=0) for number in range(4)]
    np.testing.assert_allclose(output(tool, "kmeans", "dir", **given), centroids - means, rtol=1e-11, atol=1e-13)


def chain(rates, steps):
    """Runge and Kutta's method for all states at once."""
    width, y = 2.0 / steps, np.zeros(len(rates), rates.dtype)

    def growth(y):
        return rates * np.concatenate([[1.0], y[:-1]])

    for _ in range(steps):
        k1 = growth(y)
        k2 = growth(y + width / 2.0 * k1)
        k3 = growth(y + width / 2.0 * k2)
        k4 = growth(y + width * k3)
        y = y + width / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


@pytest.mark.parametrize(("states", "steps"), [(1, 3), (2, 1), (6, 4), (12, 30)])
def test_ode_is_that_of_all_states_at_once(tool, random, states, steps):
    rates = 0.5 + random.random(states)
    given = {"x": rates.tolist(), "s": steps}
    np.testing.assert_allclose(output(tool, "ode", "primal", **given), chain(rates, steps), rtol=1e-12)
    (expected,) = slopes(lambda rates: chain(rates, steps)[-1], rates)
    np.testing.assert_allclose(output(tool, "ode", "gradient", **given), expected, rtol=1e-12)


def crossing(w):
    """Where the particle's path meets the axis, with the force as one writes it."""
    place, speed = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        force = sum(
            [(place - charge) / np.linalg.norm(place - charge) ** 3 for charge in ([10.0, 10.0 - w], [10.0, 0.0])]
        )
        there = place + 0.1 * speed
        if there[1] <= 0.0:
            return (there - there[1] / speed[1] * speed)[0]
        place, speed = there, speed + 0.1 * force


@pytest.mark.parametrize("function", FUNCTIONS["particle"])
def test_particle_meets_the_origin_in_all_modes(tool, function):
    w = output(tool, "particle", function, w=0.0)
    # GradBench's own expectation, and what was to be reached: a descent whose last steps are below 1e-5.
    assert w == pytest.approx(0.2071918746486116, abs=1e-8)
    assert abs(crossing(w)) < 1e-3
    assert crossing(w - 1e-3) * crossing(w + 1e-3) < 0.0


@pytest.mark.parametrize("function", FUNCTIONS["saddle"])
def test_saddle_is_found_in_all_modes(tool, function):
    found = output(tool, "saddle", function, start=[1.0, 1.0])
    assert found == pytest.approx([8.246324826140356e-06] * 4, rel=1e-9)


def log_posterior(alpha, mu, q, lower, x, m, gamma):
    """By the definitions of Gauss's and Wishart's densities."""
    components, d = mu.shape
    precisions = []
    for number in range(components):
        factor = np.diag(np.exp(q[number])).astype(lower.dtype if np.iscomplexobj(lower) else q.dtype)
        columns, rows = np.triu_indices(d, 1)
        factor[rows, columns] = lower[number]
        precisions.append(factor.T @ factor)
    total = 0.0
    for point in x:
        density = 0.0
        for number, precision in enumerate(precisions):
            away = point - mu[number]
            scale = np.sqrt(np.linalg.det(precision) / (2.0 * math.pi) ** d)
            density = density + np.exp(alpha[number]) / np.exp(alpha).sum() * scale * np.exp(
                -0.5 * away @ precision @ away
            )
        total = total + np.log(density)
    freedom = d + m + 1
    for precision in precisions:
        total = total + 0.5 * m * np.log(np.linalg.det(precision)) - 0.5 * gamma**2 * np.trace(precision)
        total = (
            total - 0.5 * freedom * d * math.log(2.0) + freedom * d * math.log(gamma) - multigammaln(0.5 * freedom, d)
        )
    return total


@pytest.mark.parametrize(("d", "k", "longest"), [(1, 2, 30_000), (3, 2, 30_000), (3, 4, 1)])
def test_gmm_is_the_definition(tool, random, monkeypatch, d, k, longest):
    """By one program for all components, and by one that is called for each."""
    given = mixture(d, k, 9, random, m=2, gamma=1.3)
    arrays = [np.array(given[name]) for name in ("alpha", "mu", "q", "l")]
    x = np.array(given["x"])

    def definition(*arrays):
        return log_posterior(*arrays, x, 2, 1.3)

    if longest == 1:
        from benchmarks.gradbench.evals import gmm

        monkeypatch.setattr(gmm, "LONGEST", longest)
        objective, jacobian = [
            gmm.FUNCTIONS[name].answer(given | ONCE)["output"] for name in ("objective", "jacobian")
        ]  # fmt: skip
    else:
        objective, jacobian = [output(tool, "gmm", name, **given) for name in ("objective", "jacobian")]
    assert objective == pytest.approx(definition(*arrays), rel=1e-12)
    # In one dimension there is nothing below the diagonal.
    for name, expected in zip(("alpha", "mu", "q", "l")[: 4 if d > 1 else 3], slopes(definition, *arrays), strict=True):
        np.testing.assert_allclose(np.array(jacobian[name]).reshape(expected.shape), expected, rtol=1e-9, atol=1e-11)


def rotation(vector):
    """The exponential of a vector's cross product."""
    x, y, z = vector
    return expm(np.array([[0.0 * x, -z, y], [z, 0.0 * x, -x], [-y, x, 0.0 * x]]))


def reprojection(camera, point, weight, feature):
    turned = rotation(camera[:3]) @ (point - camera[3:6])
    seen = turned[:2] / turned[2]
    square = seen @ seen
    return weight * (seen * (1.0 + camera[9] * square + camera[10] * square**2) * camera[6] + camera[7:9] - feature)


@pytest.mark.parametrize("turned", [True, False])
def test_ba_is_a_sparse_matrix_of_blocks(tool, random, turned):
    n, m, p = 2, 3, 11
    camera, point, weight, feature = random.random(11), 1.0 + random.random(3), np.array(0.7), random.random(2)
    camera[:3] *= turned
    given = {
        "n": n, "m": m, "p": p, "cam": camera.tolist(), "x": point.tolist(), "w": 0.7, "feat": feature.tolist()
    }  # fmt: skip
    errors = output(tool, "ba", "objective", **given)
    expected = reprojection(camera, point, weight, feature)
    np.testing.assert_allclose(errors["reproj_error"].pop("elements"), expected, rtol=1e-12)
    assert errors == {"reproj_error": {"repeated": p}, "w_err": {"element": pytest.approx(0.51), "repeated": p}}
    matrix = output(tool, "ba", "jacobian", **given)
    blocks = slopes(lambda *parts: reprojection(*parts, feature), camera, point, weight)
    # Complex steps see that a rotation by nothing has the slopes of the cross product.
    first = np.hstack([blocks[0], blocks[1], blocks[2][:, None]])
    np.testing.assert_allclose(matrix["vals"][:30], first.ravel(), rtol=1e-10, atol=1e-12)
    assert matrix["vals"][30] == pytest.approx(-1.4)
    # The first observation is of camera 0 and point 0; the last value belongs to the last weight.
    columns = [*range(11), *range(22, 25), 31]
    assert matrix["cols"] == [*columns, *columns, 31 + p - 1]
    starts = [*range(0, 30 * p // 2 * 2 + 1, 15), *range(30 * p + 1, 31 * p + 1)]
    assert matrix["rows"] == [*starts[:30], 31 * p]


def test_ba_numbers_cameras_and_points_in_turns():
    from benchmarks.gradbench.evals import ba

    given = {"n": 2, "m": 3, "p": 4, "cam": [0.1] * 11, "x": [1.0, 2.0, 3.0], "w": 1.0, "feat": [0.0, 0.0]}
    rows, columns, values = ba.sparse_jacobian(*ba.prepare(given))
    assert rows.tolist() == [*range(0, 121, 15), 121, 122, 123, 124]
    assert columns.size == values.size == 124
    assert [int(columns[30 * row]) for row in range(4)] == [0, 11, 0, 11]
    assert [int(columns[30 * row + 11]) for row in range(4)] == [22, 25, 28, 22]
    assert [int(columns[30 * row + 14]) for row in range(4)] == [31, 32, 33, 34]


def model_of(random, mirrored):
    """A hand of 22 bones and 5 points of skin."""
    bones, vertices = 22, 5
    parents = [-1, *[int(random.integers(0, bone)) for bone in range(1, bones)]]
    matrices = np.zeros((2, bones, 4, 4))
    for matrix in matrices.reshape(-1, 4, 4):
        matrix[:3] = np.hstack([rotation(random.normal(size=3)), random.normal(size=(3, 1))])
        matrix[3, 3] = 1.0
    weights = random.random((vertices, bones)) * (random.random((vertices, bones)) < 0.2)
    return {
        "bone_count": bones, "bone_names": [f"bone {number}" for number in range(bones)], "parents": parents,
        "base_relatives": matrices[0].tolist(), "inverse_base_absolutes": matrices[1].tolist(),
        "base_positions": np.hstack([random.normal(size=(vertices, 3)), np.ones((vertices, 1))]).tolist(),
        "weights": weights.tolist(), "triangles": random.integers(0, vertices, (6, 3)).tolist(),
        "is_mirrored": mirrored,
    }  # fmt: skip


def skin(theta, model):
    """All points of the skin, bone by bone as the problem states it."""
    angles = np.zeros((22, 3), theta.dtype)
    bones = [finger * 4 + joint + 2 for finger in range(5) for joint in range(3)]
    place = 6
    for bone in bones:
        for axis in range(2 if (bone - 2) % 4 == 0 else 1):
            angles[bone, axis] = theta[place]
            place += 1
    absolutes, positions = [], 0.0
    for bone, parent in enumerate(model["parents"]):
        motion = np.zeros((4, 4), theta.dtype)
        (a, b), (c, d) = [(np.cos(angle), np.sin(angle)) for angle in angles[bone, :2]]
        about_x = np.array([[1.0, 0.0, 0.0], [0.0, a, -b], [0.0, b, a]])
        about_z = np.array([[c, -d, 0.0], [d, c, 0.0], [0.0, 0.0, 1.0]])
        motion[:3, :3] = about_z @ about_x
        motion[3, 3] = 1.0
        relative = np.array(model["base_relatives"][bone]) @ motion
        absolutes.append(relative if parent == -1 else absolutes[parent] @ relative)
        moved = absolutes[bone] @ np.array(model["inverse_base_absolutes"][bone]) @ np.array(model["base_positions"]).T
        positions = positions + moved[:3] * np.array(model["weights"])[:, bone]
    if model["is_mirrored"]:
        positions = positions * np.array([[-1.0], [1.0], [1.0]])
    return (rotation(theta[:3]) @ positions).T + theta[3:6]


@pytest.mark.parametrize("mirrored", [False, True])
def test_ht_is_that_of_all_bones(tool, random, mirrored):
    model, theta = model_of(random, mirrored), random.normal(size=26)
    points, us = random.normal(size=(4, 3)), random.random((4, 2))
    vertices = [3, 0, 3, 1]
    data = {"model": model, "correspondences": vertices, "points": points.tolist()}
    given = {"theta": theta.tolist(), "data": data, "us": []}

    def simple(theta):
        return (points - skin(theta, model)[vertices]).ravel()

    np.testing.assert_allclose(output(tool, "ht", "objective", **given), simple(theta), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(
        output(tool, "ht", "jacobian", **given), slopes(simple, theta)[0], rtol=1e-10, atol=1e-11
    )  # fmt: skip

    def in_triangles(us, theta):
        corners = skin(theta, model)[np.array(model["triangles"])[vertices]]
        shares = np.stack([us[:, 0], us[:, 1], 1.0 - us[:, 0] - us[:, 1]], axis=1)
        return points - np.einsum("nc,nci->ni", shares, corners)

    given["us"] = us.tolist()
    np.testing.assert_allclose(
        output(tool, "ht", "objective", **given), in_triangles(us, theta).ravel(), rtol=1e-11, atol=1e-12
    )  # fmt: skip
    of_us, of_theta = slopes(in_triangles, us, theta)
    own = np.stack([of_us[number, :, number] for number in range(4)])
    expected = np.concatenate([own, of_theta], axis=2).reshape(12, 28)
    np.testing.assert_allclose(output(tool, "ht", "jacobian", **given), expected, rtol=1e-10, atol=1e-11)


def recurrent(main, extra, state, sequence):
    """Unit by unit, as the reference has it."""
    state, total, layers, bits = list(state), 0.0, len(main) // 2, sequence.shape[1]
    for character, following in pairwise(sequence):
        signal = character * extra[0]
        for number in range(layers):
            weights, biases = main[2 * number].reshape(4, bits), main[2 * number + 1].reshape(4, bits)
            hidden, cell = state[2 * number : 2 * number + 2]
            forget, let_out = [1.0 / (1.0 + np.exp(-signal * weights[gate] - biases[gate])) for gate in (0, 2)]
            let_in = 1.0 / (1.0 + np.exp(-hidden * weights[1] - biases[1]))
            cell = cell * forget + let_in * np.tanh(hidden * weights[3] + biases[3])
            signal = let_out * np.tanh(cell)
            state[2 * number : 2 * number + 2] = [signal, cell]
        predicted = signal * extra[1] + extra[2]
        total = total + following @ (predicted - np.log(np.exp(predicted).sum() + 2.0))
    return -total / (bits * (len(sequence) - 1))


@pytest.mark.parametrize(("layers", "characters", "bits"), [(1, 2, 1), (2, 5, 3), (2, 40, 4)])
def test_lstm_is_that_unit_by_unit(tool, random, layers, characters, bits):
    given = network(layers, characters, bits, random)
    main, extra, state, sequence = [np.array(part) for part in given.values()]
    assert output(tool, "lstm", "objective", **given) == pytest.approx(
        recurrent(main, extra, state, sequence), rel=1e-13
    )
    found = output(tool, "lstm", "jacobian", **given)
    expected = slopes(lambda main, extra: recurrent(main, extra, state, sequence), main, extra)
    np.testing.assert_allclose(found, np.concatenate([part.ravel() for part in expected]), rtol=1e-10, atol=1e-14)


# The comparison.


def test_differences_are_found_wherever_they_are():
    one = {"vals": [1.0, 2.0], "rows": [0]}
    assert difference(one, one) == 0.0
    assert difference(one, {"vals": [1.0, 3.0], "rows": [0]}) == pytest.approx(0.2)
    assert difference([], []) == 0.0
    with pytest.raises(ValueError, match="longer"):
        difference([1.0], [1.0, 2.0])


def test_times_are_shown_with_three_digits():
    assert [shown(x) for x in (12.345, 0.012345, 1.2345e-5, 7e-8)] == ["12.3 s", "12.3 ms", "12.3 µs", "70 ns"]


def test_a_hand_is_read_from_its_files(tmp_path):
    numbers = ":".join([f"{number}.5" for number in range(32)])
    (tmp_path / "bones.txt").write_text(f"root:-1:{numbers}\nleaf:0:{numbers}\n", encoding="utf-8")
    (tmp_path / "vertices.txt").write_text("1:2:3:0:0:0:0:0:2:0:0.25:1:0.75\n", encoding="utf-8")
    (tmp_path / "triangles.txt").write_text("0:0:0\n", encoding="utf-8")
    (tmp_path / "hand.txt").write_text("1 2\n0 1.0 2.0 3.0\n0.5 0.25\n-1.5\n2.5\n", encoding="utf-8")
    read = hand(tmp_path, tmp_path / "hand.txt", True)
    assert read["theta"] == [-1.5, 2.5]
    assert read["us"] == [[0.5, 0.25]]
    assert read["data"]["points"] == [[1.0, 2.0, 3.0]]
    model = read["data"]["model"]
    assert model["weights"] == [[0.25, 0.75]]
    assert model["parents"] == [-1, 0]
    assert model["base_positions"] == [[1.0, 2.0, 3.0, 1.0]]
    assert np.array(model["inverse_base_absolutes"])[0, 0, 0] == 16.5


def test_without_a_clone_all_evals_but_those_of_files_have_inputs():
    assert {module for module, _, _ in inputs(None)} == set(FUNCTIONS) - {"hello", "ba", "ht"}
