"""Values and gradients of layers and losses, and the steps of optimisers, beside PyTorch's in double precision.

`tools/torch_references.py` wrote PyTorch's numbers down, so that PyTorch isn't needed here.
"""

import json

import numpy as np
import pytest

from autograd import Node, Variable, gradients
from layers import from_dict
from layers.arrays import plain, singles
from layers.base import LAYERS
from layers.training.optimisers import OPTIMIZERS, optimizer_of
from tests.tables.torch_references import CASES, REFERENCES, TRAJECTORIES

# Both round each of some ten operations on numbers below 10, to 2⁻⁵³ of them.
ROUNDING = {"rtol": 1e-13, "atol": 1e-13}


def close(ours, theirs):
    assert np.shape(ours) == np.shape(theirs)
    np.testing.assert_allclose(ours, theirs, **ROUNDING)


def kind_of(described):
    return described if isinstance(described, str) else described["type"]


def test_the_origin_names_the_versions():
    assert REFERENCES["origin"].startswith("tools/torch_references.py with PyTorch 2.")


@pytest.mark.parametrize("name", CASES)
def test_a_layer_gives_the_values_and_gradients_of_pytorch(name):
    case = CASES[name]
    layer = from_dict(case["layer"])
    inputs = [x if isinstance(x, list) else float(x) for x in case["inputs"]]
    # Lazy sizes are settled by the state.
    layer.load_state_dict(case["parameters"])
    close(layer.forward(*inputs), case["output"])
    found = layer.backward(case["upstream"])
    for ours, theirs in zip(found, case["input_gradients"], strict=True):
        if theirs is not None:
            close(ours, theirs)
    assert list(layer.named_parameters()) == list(case["parameters"])
    for parameter, theirs in zip(layer.named_parameters().values(), case["parameter_gradients"].values(), strict=True):
        close(parameter.gradient, theirs)


def test_every_layer_and_loss_of_the_registry_is_among_them():
    assert {kind_of(case["layer"]) for case in CASES.values()} == set(LAYERS.classes)


@pytest.mark.parametrize("case", TRAJECTORIES, ids=lambda case: json.dumps(case["optimizer"]))
def test_twenty_steps_of_an_optimiser_lead_where_pytorch_leads(case):
    optimizer, values = optimizer_of(case["optimizer"]), np.array(case["start"])
    for gradient in case["gradients"]:
        values = optimizer.updated(values, np.array(gradient))
    # A step rounds each of some ten operations; twenty steps add their errors up.
    np.testing.assert_allclose(values, case["end"], rtol=1e-12, atol=1e-12)


def test_every_optimiser_but_scipys_is_among_them():
    assert {case["optimizer"]["type"] for case in TRAJECTORIES} == set(OPTIMIZERS.classes) - {"lbfgs"}


@pytest.mark.parametrize("name", CASES)
def test_on_nodes_a_layer_is_what_it_is_alone(name):
    case = CASES[name]
    layer = from_dict(case["layer"])
    layer.load_state_dict(case["parameters"])
    moving = [theirs is not None for theirs in case["input_gradients"]]
    inputs = [
        np.vectorize(Variable, otypes=[object])(x) if moves else x
        for x, moves in zip(case["inputs"], moving, strict=True)
    ]
    output = layer(*inputs)
    outputs, seeds = list(singles(output)), np.ravel(case["upstream"]).tolist()
    leaves = [leaf for x, moves in zip(inputs, moving, strict=True) if moves for leaf in x.flat] + layer.parameters()
    # Each element is swept from a product of its own, as `backward` does it.
    products = [one * seed for one, seed in zip(outputs, seeds, strict=True)]
    found = gradients([product for product in products if isinstance(product, Node)], leaves)
    assert np.array_equal(plain(output), layer.forward(*case["inputs"]))
    alone = layer.backward(case["upstream"])
    parts = [part for part, moves in zip(alone, moving, strict=True) if moves]
    parts += [parameter.gradient for parameter in layer.named_parameters().values()]
    assert found == [number for part in parts for number in np.ravel(part).tolist()]
