"""The second derivatives of logsumexp, and the gradient of the loss it makes, to full digits where shares near 1."""

import importlib.util
import random

import numpy as np
import pytest

from autograd import compiled, grad, hessian, jacfwd, jacobian, jit, logaddexp, logsumexp
from layers import CrossEntropyLoss
from tests.tables.oracles import mp, mpf

LOGITS = [1.0, 20.0, 30.0, 36.0, 38.0, 100.0, 700.0]
WAYS = {
    "hessian": hessian,
    "sparse": lambda function: lambda point: hessian(function, sparse=True)(point).toarray(),
    "grad of grad": lambda function: jacobian(grad(function)),
    "forward": lambda function: jacfwd(grad(function)),
    "vm": lambda function: jit(hessian(function), tier="vm"),
    "vm, grad of grad": lambda function: jit(jacobian(grad(function)), tier="vm"),
}
TIERS = ["vm", "llvm"] if compiled and importlib.util.find_spec("llvmlite") else ["vm"]
if "llvm" in TIERS:
    WAYS["llvm"] = lambda function: jit(hessian(function), tier="llvm")


def points():
    draw = random.Random(6)
    apart = [point for logit in LOGITS for point in ([logit, 0.0], [0.0, logit, -1.0], [-logit, -1.0, 0.0, -1.0])]
    drawn = [[draw.gauss(0.0, size) for _ in range(count)] for count in (2, 3, 10, 40) for size in (1, 10, 50)]
    tied = [[1.0] * count for count in (2, 3, 40)]
    return apart + drawn + tied + [[3.0, *[-40.0] * 39]]


def exact_shares(point):
    """The softmax, and for each share what is missing to 1."""
    powers = [mp.exp(mpf(x) - mpf(max(point))) for x in point]
    total = mp.fsum(powers)
    return [power / total for power in powers], [(total - power) / total for power in powers]


@pytest.mark.parametrize("way", WAYS)
def test_second_derivatives_have_all_their_digits(way):
    second_derivatives = WAYS[way](logsumexp)
    for point in points():
        if len(point) > 10 and "llvm" in way:
            continue  # the machine code of 1,600 entries takes seconds
        found = second_derivatives(point)
        with mp.workprec(2200):
            shares, missing = exact_shares(point)
            for i, row in enumerate(np.asarray(found, float).tolist()):
                for j, got in enumerate(row):
                    exact = shares[i] * missing[i] if i == j else -shares[i] * shares[j]
                    assert abs(mpf(got) - exact) <= 1.5e-15 * abs(exact) + mpf(2) ** -1060, (point, i, j)


@pytest.mark.parametrize("logit", LOGITS)
def test_logaddexp_keeps_them_too(logit):
    with mp.workprec(2200):
        share = 1 / (1 + mp.exp(-mpf(logit)))
        exact = float(share * (1 - share))
    for way in WAYS.values():
        assert np.asarray(way(lambda v: logaddexp(v[0], v[1]))([logit, 0.0]), float)[0][0] == pytest.approx(
            exact, rel=2e-15
        )


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("logit", LOGITS)
@pytest.mark.parametrize("others", [[0.0], [0.0, -1.0], [-3.0] * 9])
def test_the_gradient_of_the_cross_entropy_in_the_right_class_keeps_the_digits_of_1_minus_its_share(
    logit, others, one_hot
):
    point, loss = [logit, *others], CrossEntropyLoss()
    with mp.workprec(2200):
        shares, missing = exact_shares(point)
    target = np.eye(len(point))[0] if one_hot else 0

    def of_scores(scores):
        return loss(scores, target)

    for tier in (None, *TIERS):
        gradient = (jit(grad(of_scores), tier=tier) if tier else grad(of_scores))(point)
        # The logarithm of the others' sum is rounded at the size of the logit, before it is an exponent.
        bound = 2e-16 * (logit + 20.0)
        assert list(gradient) == pytest.approx([-float(missing[0]), *map(float, shares[1:])], rel=bound, abs=1e-320)
