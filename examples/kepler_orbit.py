"""A satellite's orbit from Kepler's equation, and its derivatives in everything: `python -m examples.kepler_orbit`.

Kepler's equation E − e·sin E = M has no solution in elementary functions. Newton's method finds E on plain floats, and
the implicit function theorem gives its derivatives, of any order: none of them pass through the iteration. Velocity is
then the derivative of position in time, acceleration that of velocity, and the state-transition matrix the Jacobian
of the flow.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autograd import cos, dot, implicit, jacobian, jvp, sin, sqrt

# The Earth's gravitational parameter in km³/s²: J. C. Ries, R. J. Eanes, C. K. Shum and M. M. Watkins, "Progress in the
# determination of the gravitational coefficient of the Earth", Geophysical Research Letters 19 (6), 1992.
EARTH = 398600.4415


class Elements(NamedTuple):
    """An elliptic orbit: lengths in km, angles in radians; the mean anomaly is that at time 0."""

    semi_major_axis: Any
    eccentricity: Any
    inclination: Any
    ascending_node: Any
    argument_of_perigee: Any
    mean_anomaly: Any


# Twelve hours a revolution, seen from high latitudes for most of them.
MOLNIYA = Elements(26554.0, 0.74, math.radians(63.4), math.radians(40.0), math.radians(270.0), math.radians(30.0))


@implicit.root(lambda anomaly, mean_anomaly, eccentricity: anomaly - eccentricity * sin(anomaly) - mean_anomaly)
def eccentric_anomaly(mean_anomaly: float, eccentricity: float) -> float:
    """E with E − e·sin E = M, for 0 ≤ e < 1.

    For M in [0, π] the left side is convex in E, so that Newton's method comes down to the solution from any point
    above it; the first step that doesn't go down is rounding.

    >>> from autograd import grad
    >>> eccentric_anomaly(math.pi / 2 - 0.1, 0.1) - math.pi / 2
    0.0
    >>> round(grad(eccentric_anomaly)(math.pi / 2 - 0.1, 0.1), 12)
    1.0
    """
    revolutions = 2.0 * math.pi * round(mean_anomaly / (2.0 * math.pi))
    target = abs(mean_anomaly - revolutions)
    above = math.inf
    solution = min(target + eccentricity, target / (1.0 - eccentricity), math.pi)
    while solution < above:
        above = solution
        excess = above - eccentricity * math.sin(above) - target
        solution = above - excess / (1.0 - eccentricity * math.cos(above))
    return revolutions + math.copysign(above, mean_anomaly - revolutions)


def position(elements: Elements, time: Any, gravity: float = EARTH) -> Any:
    """The place of the satellite, in km, `time` seconds after the epoch."""
    a, e, inclination, node, perigee, mean_anomaly = elements
    anomaly = eccentric_anomaly(mean_anomaly + sqrt(gravity / a**3) * time, e)
    along, across = a * (cos(anomaly) - e), a * sqrt((1 - e) * (1 + e)) * sin(anomaly)
    # In the plane of the orbit, counted from the line of nodes; then turned about it, then about the Earth's axis.
    x = cos(perigee) * along - sin(perigee) * across
    y = sin(perigee) * along + cos(perigee) * across
    return np.array([
        cos(node) * x - sin(node) * cos(inclination) * y,
        sin(node) * x + cos(node) * cos(inclination) * y,
        sin(inclination) * y,
    ])  # fmt: skip


def velocity(elements: Elements, time: Any, gravity: float = EARTH) -> Any:
    """The derivative of position in time, in km/s."""
    return jvp(lambda moment: position(elements, moment, gravity), (time,), (1.0,))[1]


def acceleration(elements: Elements, time: Any, gravity: float = EARTH) -> Any:
    """The derivative of velocity in time, in km/s²: by Newton's law of gravitation −μ·r/|r|³."""
    return jvp(lambda moment: velocity(elements, moment, gravity), (time,), (1.0,))[1]


@implicit.root(
    lambda change, mean_change, cosine, sine: change - cosine * sin(change) + sine * (1 - cos(change)) - mean_change
)
def anomaly_change(mean_change: float, cosine: float, sine: float) -> float:
    """E − E₀ from M − M₀, where `cosine` and `sine` are e·cos E₀ and e·sin E₀.

    >>> anomaly_change(0.3, 0.0, 0.0)
    0.3
    """
    start = math.atan2(sine, cosine)
    eccentricity = math.hypot(sine, cosine)
    return eccentric_anomaly(start - sine + mean_change, eccentricity) - start


def flow(state: Any, time: Any, gravity: float = EARTH) -> Any:
    """Position and velocity, six numbers, `time` seconds after they were `state`, on an elliptic orbit.

    The new position and velocity are combinations of the old ones, with Lagrange's coefficients (R. H. Battin, *An
    Introduction to the Mathematics and Methods of Astrodynamics*, 1999).
    """
    r, v = state[:3], state[3:]
    distance = sqrt(dot(r, r))
    a = 1 / (2 / distance - dot(v, v) / gravity)
    radial = dot(r, v) / sqrt(gravity)
    rate = sqrt(gravity / a**3)
    change = anomaly_change(rate * time, 1 - distance / a, radial / sqrt(a))
    c, s = cos(change), sin(change)
    later = a + (distance - a) * c + radial * sqrt(a) * s
    f, g = 1 - a / distance * (1 - c), time - (change - s) / rate
    f_rate, g_rate = -sqrt(gravity * a) / (distance * later) * s, 1 - a / later * (1 - c)
    return np.concatenate([f * r + g * v, f_rate * r + g_rate * v])


def transition_matrix(state: Any, time: float, gravity: float = EARTH) -> Any:
    """∂(position, velocity after `time`) / ∂(position, velocity now): 6 × 6, with determinant 1."""
    return jacobian(flow)(state, time, gravity)


def main() -> None:
    """Print one revolution, the effect of a small change of each element, and the state-transition matrix."""
    period = 2 * math.pi * math.sqrt(MOLNIYA.semi_major_axis**3 / EARTH)
    print(f"A Molniya orbit, {period / 3600:.2f} hours a revolution\n")
    print("   hours   distance km   speed km/s   energy km²/s²   |r'' + μ·r/|r|³| km/s²")
    for step in range(7):
        time = period * step / 6
        r, v, a = position(MOLNIYA, time), velocity(MOLNIYA, time), acceleration(MOLNIYA, time)
        distance, speed = np.linalg.norm(r), np.linalg.norm(v)
        residue = np.linalg.norm(a + EARTH * r / distance**3)
        print(f"{time / 3600:8.2f}{distance:14.1f}{speed:13.4f}{speed**2 / 2 - EARTH / distance:16.9f}{residue:25.1e}")
    print("\nan hour later, km moved for a change of each element (km, or 1/1000)")
    for name, column in jacobian(position)(MOLNIYA, 3600.0)._asdict().items():
        unit = 1.0 if name == "semi_major_axis" else 1e-3
        print(f"  {name:<20}" + "".join([f"{unit * number:12.4f}" for number in column]))
    state = np.concatenate([position(MOLNIYA, 0.0), velocity(MOLNIYA, 0.0)])
    matrix = transition_matrix(state, 3600.0)
    print(f"\nstate-transition matrix over an hour: determinant {np.linalg.det(matrix):.12f}")


if __name__ == "__main__":
    main()
