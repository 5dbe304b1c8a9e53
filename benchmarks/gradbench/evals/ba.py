"""Bundle adjustment: each observation is a row, whose derivatives are a block of a sparse matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import cos, grad, jacobian, sin, sqrt, vmap
from benchmarks.gradbench.function import Function

CAMERA, POINT = 11, 3
IN_ROW = CAMERA + POINT + 1
SHOWN = 30


def cross(a: Any, b: Any) -> Any:
    """The vector product."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def rotated(rotation: Any, point: Any) -> Any:
    """The point, turned about an axis by as much as that is long (Rodrigues' formula)."""
    square = np.sum(rotation * rotation)
    if square == 0.0:
        return point + cross(rotation, point)
    angle = sqrt(square)
    axis = rotation / angle
    return point * cos(angle) + cross(axis, point) * sin(angle) + axis * (np.sum(axis * point) * (1.0 - cos(angle)))


def reprojection_error(camera: Any, point: Any, weight: Any, feature: Any) -> Any:
    """How far from a feature a camera sees a point: rotation, centre, focal length, principal point, distortion."""
    turned = rotated(camera[0:3], point - camera[3:6])
    seen = turned[:2] / turned[2]
    square = np.sum(seen * seen)
    seen = seen * (1.0 + camera[9] * square + camera[10] * square * square)
    return weight * (seen * camera[6] + camera[7:9] - feature)


def weight_error(weight: Any) -> Any:
    """How far a weight is from 1."""
    return 1.0 - weight * weight


reprojection_errors = vmap(reprojection_error)
weight_errors = vmap(weight_error)
reprojection_blocks = vmap(jacobian(reprojection_error, argnums=(0, 1, 2)))
weight_slopes = vmap(grad(weight_error))


def objective(cameras: Any, points: Any, weights: Any, features: Any, seen_by: Any, seen: Any) -> Any:
    """The errors of all observations, and of all weights."""
    return reprojection_errors(cameras[seen_by], points[seen], weights, features), weight_errors(weights)


def sparse_jacobian(cameras: Any, points: Any, weights: Any, features: Any, seen_by: Any, seen: Any) -> Any:
    """The matrix of all derivatives as compressed rows: where each row begins, columns, values."""
    count = len(weights)
    of_camera, of_point, of_weight = reprojection_blocks(cameras[seen_by], points[seen], weights, features)
    blocks = np.concatenate([of_camera, of_point, of_weight[:, :, None]], axis=2)
    after_cameras = CAMERA * len(cameras)
    after_points = after_cameras + POINT * len(points)
    observations = np.arange(count)
    in_row = np.concatenate(
        [
            CAMERA * seen_by[:, None] + np.arange(CAMERA),
            after_cameras + POINT * seen[:, None] + np.arange(POINT),
            after_points + observations[:, None],
        ],
        axis=1,
    )
    lengths = np.concatenate([np.full(2 * count, IN_ROW), np.ones(count, int)])
    rows = np.concatenate([[0], np.cumsum(lengths)])
    columns = np.concatenate([np.repeat(in_row, 2, axis=0).ravel(), after_points + observations])
    return rows, columns, np.concatenate([blocks.ravel(), weight_slopes(weights)])


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """The one camera, point, weight and feature that are given, as often as there are; who sees what."""
    n, m, p = given["n"], given["m"], given["p"]
    numbers = [(given["cam"], n), (given["x"], m), (given["w"], p), (given["feat"], p)]
    repeated = [np.repeat(np.array([one], float), times, axis=0) for one, times in numbers]
    observations = np.arange(p)
    return *repeated, observations % n, observations % m


def reported_errors(errors: Any) -> Any:
    """The first errors, as all are the same, and how many there are."""
    reprojection, of_weights = errors
    return {
        "reproj_error": {"elements": reprojection[0].tolist(), "repeated": len(reprojection)},
        "w_err": {"element": float(of_weights[0]), "repeated": len(of_weights)},
    }


def reported_matrix(matrix: Any) -> Any:
    """The first thirty and the last of each array."""
    return {
        name: [*part[:SHOWN].tolist(), part[-1].item()]
        for name, part in zip(("rows", "cols", "vals"), matrix, strict=True)
    }


FUNCTIONS = {
    "objective": Function(prepare, objective, reported_errors),
    "jacobian": Function(prepare, sparse_jacobian, reported_matrix),
}
