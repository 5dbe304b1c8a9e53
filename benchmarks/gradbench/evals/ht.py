"""Hand tracking: how far points are from the skin of a hand that 26 numbers move. Each point is a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import cos, jacfwd, sin, sqrt, vmap
from benchmarks.gradbench.function import Function

FINGERS, JOINTS = 5, 3


def turned_by_axis(vector: Any) -> Any:
    """The rotation about an axis by as much as that is long."""
    angle = sqrt(np.sum(vector * vector))
    if angle < 1e-4:
        return np.identity(3)
    x, y, z = vector / angle
    s, c = sin(angle), cos(angle)
    return np.array([
        [x * x + (1.0 - x * x) * c, x * y * (1.0 - c) - z * s, x * z * (1.0 - c) + y * s],
        [x * y * (1.0 - c) + z * s, y * y + (1.0 - y * y) * c, y * z * (1.0 - c) - x * s],
        [x * z * (1.0 - c) - y * s, z * y * (1.0 - c) + x * s, z * z + (1.0 - z * z) * c],
    ])  # fmt: skip


def bent(about_x: Any, about_z: Any) -> Any:
    """The motion of a joint, about two of its axes, as a matrix of 4 × 4."""
    a, b, c, d = cos(about_x), sin(about_x), cos(about_z), sin(about_z)
    return np.array([[c, -d * a, d * b, 0.0], [d, c * a, -c * b, 0.0], [0.0, b, a, 0.0], [0.0, 0.0, 0.0, 1.0]])


def joint_angles(theta: Any) -> dict[int, Any]:
    """Of the bones that move, by their numbers: the first joint of a finger has two angles, the others one."""
    angles, place = {}, 6
    for finger in range(FINGERS):
        for joint in range(JOINTS):
            first = joint == 0
            angles[2 + finger * (JOINTS + 1) + joint] = (theta[place], theta[place + 1] if first else 0.0)
            place += 2 if first else 1
    return angles


def bone_transforms(theta: Any, parents: Any, relatives: Any, inverses: Any) -> list[Any]:
    """Where each bone takes the skin, as matrices of 3 × 4."""
    angles = joint_angles(theta)
    placed: list[Any] = []
    for bone, parent in enumerate(parents):
        relative = relatives[bone] @ bent(*angles[bone]) if bone in angles else relatives[bone]
        placed.append(relative if parent == -1 else placed[parent] @ relative)
    return [(matrix @ inverse)[:3] for matrix, inverse in zip(placed, inverses, strict=True)]


def skin(theta: Any, hand: Any, base: Any, weights: Any) -> Any:
    """Where a point of the skin is, which follows the bones by its weights."""
    parents, relatives, inverses, mirrored = hand
    transforms = bone_transforms(theta, parents, relatives, inverses)
    blended = sum([weight * transform for weight, transform in zip(weights, transforms, strict=True)])
    place = blended @ base
    if mirrored:
        place = place * np.array([-1.0, 1.0, 1.0])
    return turned_by_axis(theta[:3]) @ place + theta[3:6]


def vertex_error(theta: Any, hand: Any, base: Any, weights: Any, point: Any) -> Any:
    """From a point of the skin to what was measured."""
    return point - skin(theta, hand, base, weights)


def between(u: Any, corners: Any, point: Any) -> Any:
    """From a place in a triangle to what was measured."""
    return point - (u[0] * corners[0] + u[1] * corners[1] + (1.0 - u[0] - u[1]) * corners[2])


BY_VERTEX = (None, None, 0, 0)
vertex_errors = vmap(vertex_error, in_axes=(*BY_VERTEX, 0))
vertex_slopes = vmap(jacfwd(vertex_error), in_axes=(*BY_VERTEX, 0))
skins = vmap(skin, in_axes=BY_VERTEX)
skin_slopes = vmap(jacfwd(skin), in_axes=BY_VERTEX)
betweens = vmap(between)
# By the place in the triangle, and along the 26 tangents of its corners.
between_slopes = vmap(jacfwd(between, argnums=(0, 1)))


def objective(theta: Any, us: Any, hand: Any, base: Any, weights: Any, points: Any, touched: Any) -> Any:
    """The three errors of each point."""
    if us is None:
        return vertex_errors(theta, hand, base[touched], weights[touched], points)
    return betweens(us, skins(theta, hand, base, weights)[touched], points)


def jacobian(theta: Any, us: Any, hand: Any, base: Any, weights: Any, points: Any, touched: Any) -> Any:
    """Their derivatives: by the place in the triangle, if there is one, and by the 26 numbers."""
    if us is None:
        return vertex_slopes(theta, hand, base[touched], weights[touched], points)
    corners, tangents = skins(theta, hand, base, weights)[touched], skin_slopes(theta, hand, base, weights)[touched]
    of_place, of_corners = between_slopes(us, corners, points)
    # Over the corners and their three coordinates: the chain rule between rows of points and rows of skin.
    return np.concatenate([of_place, np.einsum("nicj,ncjt->nit", of_corners, tangents)], axis=2)


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """Arrays of the model, and for each point the vertex or the triangle that it belongs to."""
    data = given["data"]
    model = data["model"]
    matrices = [np.array(model[name], float) for name in ("base_relatives", "inverse_base_absolutes")]
    hand = (tuple(model["parents"]), *matrices, bool(model["is_mirrored"]))
    us = np.array(given["us"], float).reshape(-1, 2) if len(given["us"]) else None
    correspondences = np.array(data["correspondences"], int)
    touched = correspondences if us is None else np.array(model["triangles"], int)[correspondences]
    arrays = [np.array(numbers, float) for numbers in (model["base_positions"], model["weights"], data["points"])]
    return np.array(given["theta"], float), us, hand, *arrays, touched


def by_coordinate(result: Any) -> Any:
    """One row for each coordinate of each point."""
    return result.reshape(-1, *result.shape[2:]).tolist()


FUNCTIONS = {
    "objective": Function(prepare, objective, by_coordinate),
    "jacobian": Function(prepare, jacobian, by_coordinate),
}
