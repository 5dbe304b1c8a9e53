"""Arms against the textbook: cross products, singularities in closed form, the equations of motion of two links.

A result on nodes is held to the running error bound of its graph (see `error_scale`): each step is within 2 units in
the last place, so within 4 · 2⁻⁵³ of itself.
"""

import math
from functools import partial

import numpy as np
import pytest

from autograd import Variable, grad, jacobian, jvp
from examples import robot_arm
from examples.robot_arm import (
    GRAVITY,
    PLANAR,
    READY,
    TWO_LINKS,
    UR5E,
    Body,
    Link,
    determinant,
    geometric_jacobian,
    inverse_kinematics,
    lagrangian,
    manipulability,
    mass_matrix,
    pose,
    torques,
)
from tests.tables.roundings import error_scale

mp = pytest.importorskip("mpmath").mp.clone()
mp.dps = 40
mpf = mp.mpf

STEP = 4 * 2.0**-53
STRETCHED = np.array([-2.0, 0.4, 0.7, 2.1, -0.9, 3.0])
ARMS = [(UR5E, READY), (UR5E, STRETCHED), (PLANAR, np.array([0.4, -1.1, 0.8]))]
ANGLES, RATES, ACCELERATIONS = np.array([0.3, 0.8]), np.array([1.5, -2.0]), np.array([-0.7, 4.0])


def variables(numbers):
    return np.array([Variable(number) for number in numbers])


# The residue that mpmath's own rounding may leave of an exact zero.
ORACLE = 1e-38


def check(results, exact, limit=1e-11):
    """Each result on nodes against the exact number, up to its rounding, whose bound is below the limit."""
    assert np.shape(results) == np.shape(exact)
    for result, number in zip(np.ravel(results), np.ravel(exact), strict=True):
        bound = STEP * error_scale(result)
        assert bound <= limit
        assert abs(getattr(result, "value", result) - number) <= bound + ORACLE


def exact_frames(arm, angles):
    """The transformations from the base to each link in turn, the base first."""
    frames = [mp.eye(4)]
    for link, angle in zip(arm, angles, strict=True):
        c, s = mp.cos(mpf(angle)), mp.sin(mpf(angle))
        turn, length, offset = [mpf(number) for number in (link.twist, link.length, link.offset)]
        twist_c, twist_s = mp.cospi(turn / 2), mp.sinpi(turn / 2)
        about_z = mp.matrix([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, offset], [0, 0, 0, 1]])
        about_x = mp.matrix([[1, 0, 0, length], [0, twist_c, -twist_s, 0], [0, twist_s, twist_c, 0], [0, 0, 0, 1]])
        frames.append(frames[-1] * about_z * about_x)
    return frames


def array(matrix):
    return np.array(matrix.tolist(), dtype=object)


@pytest.mark.parametrize(("arm", "angles"), ARMS)
def test_pose_is_the_product_of_turns_and_shifts(arm, angles):
    results = pose(arm, variables(angles))
    exact = array(exact_frames(arm, angles)[-1][:3, :])
    check(results[:, 3], exact[:, 3])
    check(results[:, :3], exact[:, :3])


def test_ur5e_with_all_joints_at_zero_points_where_its_maker_says():
    x, y, z = -0.425 - 0.3922, -0.1333 - 0.0996, 0.1625 - 0.0997
    expected = [[1, 0, 0, x], [0, 0, -1, y], [0, 1, 0, z]]
    np.testing.assert_allclose(pose(UR5E, np.zeros(6)), expected, rtol=0, atol=4 * STEP)


def test_planar_arm_ends_at_the_sum_of_its_links():
    first, second, third = 0.4, -1.1, 0.8
    x = 0.5 * math.cos(first) + 0.4 * math.cos(first + second) + 0.2 * math.cos(first + second + third)
    y = 0.5 * math.sin(first) + 0.4 * math.sin(first + second) + 0.2 * math.sin(first + second + third)
    assert pose(PLANAR, [first, second, third])[:, 3].tolist() == pytest.approx([x, y, 0.0], rel=4 * STEP)


def exact_jacobian(arm, angles):
    """The textbook's: each joint's axis, crossed with the way from it to the hand for the upper three rows."""
    *before, hand = [array(frame) for frame in exact_frames(arm, angles)]
    columns = []
    for frame in before:
        axis, way = frame[:3, 2], hand[:3, 3] - frame[:3, 3]
        cross = [axis[1] * way[2] - axis[2] * way[1], axis[2] * way[0] - axis[0] * way[2],
                 axis[0] * way[1] - axis[1] * way[0]]  # fmt: skip
        columns.append([*cross, *axis])
    return np.array(columns).T


@pytest.mark.parametrize(("arm", "angles"), ARMS)
def test_geometric_jacobian_is_the_one_of_cross_products(arm, angles):
    check(geometric_jacobian(arm, variables(angles)), exact_jacobian(arm, angles))


def test_determinant_is_exact_for_whole_numbers_and_needs_its_pivots():
    assert determinant([[0.0, 2.0, 1.0], [4.0, 1.0, 0.0], [2.0, 0.0, 1.0]]) == -10.0
    assert determinant(np.eye(4)[[1, 0, 3, 2]]) == 1.0


def exact_manipulability(*angles):
    """The places of the three factors of a UR arm's singularities: elbow, wrist, and hand above the shoulder."""
    _, second, third, fourth, fifth, _ = angles
    upper, fore, wrist = [mpf(number) for number in (UR5E[1].length, UR5E[2].length, UR5E[4].offset)]
    reach = upper * mp.cos(second) + fore * mp.cos(second + third) + wrist * mp.sin(second + third + fourth)
    return abs(upper * fore * mp.sin(third) * mp.sin(fifth) * reach)


@pytest.mark.parametrize("angles", [READY, STRETCHED])
def test_manipulability_and_its_gradient_are_those_of_the_closed_form(angles):
    there = [mpf(angle) for angle in angles]
    check(manipulability(UR5E, variables(angles)), exact_manipulability(*there))
    slopes = [
        mp.diff(exact_manipulability, tuple(there), tuple(int(k == place) for k in range(6))) for place in range(6)
    ]
    # J·Jᵀ has the square of the Jacobian's condition, and the bound takes all of it for granted.
    check(grad(partial(manipulability, UR5E))(variables(angles)), slopes, limit=1e-8)


def test_manipulability_of_a_planar_arm_is_the_root_of_the_sum_of_its_squared_minors():
    angles = np.array([0.4, -1.1, 0.8])
    rows = exact_jacobian(PLANAR, angles)[:2]
    pairs = [(0, 1), (0, 2), (1, 2)]
    minors = [rows[0, one] * rows[1, other] - rows[0, other] * rows[1, one] for one, other in pairs]
    exact = mp.sqrt(sum([minor**2 for minor in minors]))
    check(manipulability(PLANAR, variables(angles), slice(2)), exact)


@pytest.mark.parametrize("offset", [0.3, -0.2])
@pytest.mark.parametrize("angles", [READY, STRETCHED])
def test_inverse_kinematics_finds_the_joints_to_rounding(angles, offset):
    target = pose(UR5E, angles)
    found = inverse_kinematics(UR5E, target, angles + offset)
    # The error that rounding of poses, here and at the target, leaves, divided by how little the pose may change.
    rounding = np.linalg.norm([STEP * error_scale(node) for node in np.ravel(pose(UR5E, variables(angles)))])
    smallest = np.linalg.svd(jacobian(lambda joints: pose(UR5E, joints).ravel())(angles))[1][-1]
    assert np.linalg.norm(found.x - angles) <= 2 * rounding / smallest
    # Steps of Gauss and Newton square the error: 0.3, 0.1, 1e-2, 1e-4, 1e-8, 1e-16, and some to see that it stays.
    assert found.nfev <= 12


def test_inverse_kinematics_out_of_reach_comes_as_near_as_it_can():
    angles = np.array([0.4, -1.1, 0.8])
    target = pose(PLANAR, np.zeros(3)) + np.array([[0.0, 0.0, 0.0, 0.1], [0.0] * 4, [0.0] * 4])
    found = inverse_kinematics(PLANAR, target, angles)
    # Stretched out, 0.1 m too short: half the square of that is what is left.
    assert found.cost == pytest.approx(0.005, rel=1e-12)


def textbook(angles, rates, accelerations):
    """The torques of two links, and the parts of the mass matrix: M. W. Spong, S. Hutchinson and M. Vidyasagar,
    *Robot Modeling and Control*, 2006, section 7.4.
    """
    (l1, c1, m1, i1), (_, c2, m2, i2) = [[mpf(number) for number in body] for body in TWO_LINKS]
    (q1, q2), (v1, v2), (a1, a2) = [[mpf(number) for number in pair] for pair in (angles, rates, accelerations)]
    d11 = m1 * c1**2 + m2 * (l1**2 + c2**2 + 2 * l1 * c2 * mp.cos(q2)) + i1 + i2
    d12 = m2 * (c2**2 + l1 * c2 * mp.cos(q2)) + i2
    d22 = m2 * c2**2 + i2
    h = -m2 * l1 * c2 * mp.sin(q2)
    gravity = mpf(GRAVITY)
    second = m2 * c2 * gravity * mp.cos(q1 + q2)
    first = (m1 * c1 + m2 * l1) * gravity * mp.cos(q1) + second
    both = [
        d11 * a1 + d12 * a2 + h * (2 * v1 * v2 + v2**2) + first,
        d12 * a1 + d22 * a2 - h * v1**2 + second,
    ]
    return both, [[d11, d12], [d12, d22]]


def test_torques_and_masses_of_two_links_are_the_textbooks():
    exact, masses = textbook(ANGLES, RATES, ACCELERATIONS)
    check(torques(TWO_LINKS, variables(ANGLES), variables(RATES), variables(ACCELERATIONS)), exact)
    check(mass_matrix(TWO_LINKS, variables(ANGLES)), masses)


def test_coriolis_terms_are_those_of_christoffels_symbols():
    slopes = jacobian(partial(mass_matrix, TWO_LINKS))(ANGLES)
    # c_ijk = ½ (∂M_kj/∂q_i + ∂M_ki/∂q_j − ∂M_ij/∂q_k)
    symbols = (slopes.transpose(2, 1, 0) + slopes.transpose(1, 2, 0) - slopes) / 2
    moving = torques(TWO_LINKS, ANGLES, RATES, np.zeros(2)) - torques(TWO_LINKS, ANGLES, np.zeros(2), np.zeros(2))
    found = np.einsum("ijk,i,j->k", symbols, RATES, RATES)
    on_nodes = torques(TWO_LINKS, variables(ANGLES), variables(RATES), np.zeros(2))
    # The forces of gravity, tens of N·m, cancel in the difference; their rounding stays.
    allowed = [2 * STEP * error_scale(node) for node in on_nodes]
    assert (np.abs(found - moving) <= allowed).all()
    # Passivity: the rate of M minus twice the Coriolis matrix is antisymmetric.
    rate, coriolis = slopes @ RATES, np.einsum("ijk,i->kj", symbols, RATES)
    skew = rate - 2 * coriolis
    np.testing.assert_allclose(skew, -skew.T, rtol=0, atol=16 * STEP * np.abs(slopes).max() * np.abs(RATES).max())


THREE_LINKS = [*TWO_LINKS, Body(0.2, 0.1, 1.0, 0.01)]


@pytest.mark.parametrize("bodies", [TWO_LINKS, THREE_LINKS], ids=["two links", "three links"])
def test_power_of_the_motors_is_the_rate_of_the_energy(bodies):
    count = len(bodies)
    angles, rates, accelerations = np.array([0.3, 0.8, -0.5]), np.array([1.5, -2.0, 0.6]), np.array([-0.7, 4.0, 1.0])

    def energy(angles, rates):
        momentum = grad(partial(lagrangian, bodies), 1)(angles, rates)
        return momentum @ rates - lagrangian(bodies, angles, rates)

    state = variables(angles[:count]), variables(rates[:count])
    _, rate = jvp(energy, state, (state[1], accelerations[:count]))
    power = state[1] @ torques(bodies, *state, accelerations[:count])
    assert abs(power.value - rate.value) <= STEP * (error_scale(power) + error_scale(rate))


def test_a_link_is_a_turn_about_z_and_a_twist_about_x():
    quarter = Link(0.0, 0.0, 1)
    assert pose([quarter], [0.0]).tolist() == [[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0]]
    assert pose([quarter._replace(twist=-1)], [0.0]).tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0]]


def test_the_table_shows_the_joints_found_and_the_torques(capsys):
    robot_arm.main()
    printed = capsys.readouterr().out
    assert "joints found from the pose, starting 0.3 off" in printed
    exact, _ = textbook([0.75, 0.5], [1.0, 2.0], [0.0, 0.0])
    assert f"  shoulder at  0.75 rad: {float(exact[0]):9.4f}{float(exact[1]):9.4f}" in printed
