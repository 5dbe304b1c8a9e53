"""Robot arms from their table of links: kinematics, inverse kinematics, torques: `python -m examples.robot_arm`.

Only the place of the hand, and kinetic and potential energy, are written down. Jacobians, singularities, velocities
and the equations of motion are derivatives of that. Needs SciPy: pip install 'scalar-autograd[scipy]'.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from autograd import cos, dot, grad, hessian, jacobian, jvp, sin, sqrt


class Link(NamedTuple):
    """Denavit and Hartenberg's parameters of one joint and its link: lengths in m, the twist in quarter turns."""

    length: float
    offset: float = 0.0
    twist: int = 0


# Universal Robots, "DH parameters for calculations of kinematics and dynamics", support article, 2022.
UR5E = [
    Link(0.0, 0.1625, 1), Link(-0.425), Link(-0.3922),
    Link(0.0, 0.1333, 1), Link(0.0, 0.0997, -1), Link(0.0, 0.0996),
]  # fmt: skip
PLANAR = [Link(0.5), Link(0.4), Link(0.2)]
READY = np.array([0.3, -1.2, 1.5, -0.6, 1.1, 0.2])


def pose(arm: list[Link], angles: Any) -> Any:
    """The hand's axes and origin: the upper three rows of the product of all links' transformations.

    >>> pose(PLANAR, [np.pi / 2, 0.0, 0.0]).round(3).tolist()
    [[0.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.1], [0.0, 0.0, 1.0, 0.0]]
    """
    product = np.eye(4)
    for link, angle in zip(arm, angles, strict=True):
        c, s = cos(angle), sin(angle)
        # The cosine and sine of a quarter turn are exact this way.
        twist_c, twist_s = [(1, 0), (0, 1), (-1, 0), (0, -1)][link.twist % 4]
        product = product @ np.array([
            [c, -s * twist_c, s * twist_s, link.length * c],
            [s, c * twist_c, -c * twist_s, link.length * s],
            [0.0, twist_s, twist_c, link.offset],
            [0.0, 0.0, 0.0, 1.0],
        ])  # fmt: skip
    return product[:3]


def geometric_jacobian(arm: list[Link], angles: Any) -> Any:
    """Linear and angular velocity of the hand (6 rows) for a unit rate of each joint (columns).

    With R the hand's rotation, each ∂R/∂qᵢ·Rᵀ is antisymmetric, and its three numbers are the angular velocity.
    """
    slopes = jacobian(lambda joints: pose(arm, joints))(angles)
    rotation = pose(arm, angles)[:, :3]
    columns = []
    for joint in range(len(arm)):
        slope = slopes[:, :, joint]
        spin = slope[:, :3] @ rotation.T
        columns.append([*slope[:, 3], spin[2, 1], spin[0, 2], spin[1, 0]])
    return np.array(columns).T


def determinant(matrix: Any) -> Any:
    """The determinant, by elimination with the largest pivots; of numbers or nodes.

    >>> determinant([[0.0, 2.0], [3.0, 1.0]])
    -6.0
    """
    rows, product = [list(row) for row in matrix], 1.0
    while rows:
        best = max(range(len(rows)), key=lambda place: abs(rows[place][0]))
        pivot = rows.pop(best)
        product = product * pivot[0] * (-1) ** best
        rows = [
            [entry - row[0] / pivot[0] * above for entry, above in zip(row[1:], pivot[1:], strict=True)]
            for row in rows
        ]  # fmt: skip
    return product


def manipulability(arm: list[Link], angles: Any, directions: slice = slice(6)) -> Any:
    """A measure of an arm's distance from a singularity: √det(J·Jᵀ) for these rows of the Jacobian.

    T. Yoshikawa, "Manipulability of robotic mechanisms", International Journal of Robotics Research 4 (2), 1985.
    """
    rows = geometric_jacobian(arm, angles)[directions]
    return sqrt(determinant(rows @ rows.T))


def inverse_kinematics(arm: list[Link], target: Any, start: Any) -> Any:
    """Joint angles near `start` that bring the hand's pose to the target, as SciPy's result of least squares.

    >>> found = inverse_kinematics(UR5E, pose(UR5E, READY), READY + 0.2)
    >>> np.allclose(found.x, READY)
    True
    """

    def gap(angles: Any) -> Any:
        return (pose(arm, angles) - target).ravel()

    return least_squares(gap, start, jac=jacobian(gap), method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)


class Body(NamedTuple):
    """A link of a planar arm that hangs in gravity: lengths in m, mass in kg, inertia about its centre in kg·m²."""

    length: float
    centre: float
    mass: float
    inertia: float


TWO_LINKS = [Body(0.5, 0.25, 4.0, 0.09), Body(0.4, 0.18, 2.5, 0.04)]
GRAVITY = 9.80665


def centre(bodies: list[Body], angles: Any) -> Any:
    """The place of the last body's centre of mass, in the vertical plane."""
    chain = [Link(body.length) for body in bodies[:-1]] + [Link(bodies[-1].centre)]
    return pose(chain, angles)[:2, 3]


def lagrangian(bodies: list[Body], angles: Any, rates: Any) -> Any:
    """Kinetic minus potential energy, in J; velocities are derivatives of positions along the joints' rates."""
    energy = 0.0
    for count, body in enumerate(bodies, 1):
        place, velocity = jvp(partial(centre, bodies[:count]), (angles[:count],), (rates[:count],))
        spin = sum(rates[:count])
        energy += body.mass * dot(velocity, velocity) / 2 + body.inertia * spin**2 / 2 - body.mass * GRAVITY * place[1]
    return energy


def mass_matrix(bodies: list[Body], angles: Any) -> Any:
    """The second derivatives of the Lagrangian in the rates."""
    return hessian(lambda rates: lagrangian(bodies, angles, rates))(np.zeros(len(bodies)))


def torques(bodies: list[Body], angles: Any, rates: Any, accelerations: Any) -> Any:
    """The torques of the motors, in N·m: d/dt ∂L/∂q̇ − ∂L/∂q, the equation of Euler and Lagrange.

    >>> torques(TWO_LINKS, np.zeros(2), np.zeros(2), np.zeros(2)).round(4).tolist()
    [26.478, 4.413]
    """
    energy = partial(lagrangian, bodies)
    _, change_of_momentum = jvp(grad(energy, 1), (angles, rates), (rates, accelerations))
    return change_of_momentum - grad(energy)(angles, rates)


def main() -> None:
    """Print place and motion of a UR5e's hand, the search for its joints, and the torques of two links."""
    print("Universal Robots UR5e at", READY)
    print(pose(UR5E, READY).round(4) + 0.0)
    print("\nvelocity of the hand, a column for each joint")
    print(geometric_jacobian(UR5E, READY).round(4) + 0.0)
    print(f"\nmanipulability {manipulability(UR5E, READY):.6f}, its gradient in the joints")
    print(grad(partial(manipulability, UR5E))(READY).round(4) + 0.0)
    found = inverse_kinematics(UR5E, pose(UR5E, READY), READY + 0.3)
    error = abs(found.x - READY).max()
    print(f"\njoints found from the pose, starting 0.3 off: {found.nfev} poses, wrong by {error:.0e}")
    print("\ntwo links turning at (1, 2) rad/s, torques in N·m")
    for angle in (-1.5, -0.75, 0.0, 0.75, 1.5):
        shoulder, elbow = torques(TWO_LINKS, np.array([angle, 0.5]), np.array([1.0, 2.0]), np.zeros(2))
        print(f"  shoulder at {angle:5.2f} rad: {shoulder:9.4f}{elbow:9.4f}")


if __name__ == "__main__":
    main()
