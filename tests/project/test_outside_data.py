"""Data from outside, mutated: an error or a right result, in bounded time and memory, and nothing half-changed."""

from __future__ import annotations

import copy
import io
import json
import os
import random
import re
import struct
import time
import tracemalloc
import xml.etree.ElementTree
import zipfile

import numpy as np
import pytest

import viz
from autograd import Variable
from autograd.errors import AutogradError
from layers import DataError, Dense, DescriptionError, Sequential, StateError, from_dict
from layers.base import LAYERS
from layers.parameters.initialisers import INITIALISERS
from layers.training.optimisers import OPTIMIZERS, SGD
from layers.training.schedules import SCHEDULES
from tests.tables.hostile_files import places_in
from tests.tables.networks import small

HOSTILE = [
    None, True, -1, 0, 1.5, float("nan"), float("inf"), -(10**30), 10**30, 2**31, "", "x" * 10_000, "__class__",
    "__import__('os').abort()", "os.system", "../../etc/passwd", "\0", "\ud800", b"x", [], {}, [[]], [None],
    object(), int,
    {"type": "dense"}, {"type": {}}, {"type": "sequential", "layers": 3}, lambda: 1,
]  # fmt: skip

MODELS = [
    Sequential(Dense(2, 4, "relu"), Dense(4, 1, weight_init="xavier_uniform"), seed=3).to_dict(),
    {
        "type": "network", "loss": {"type": "huber", "delta": 0.5}, "layers": [
            {"type": "residual", "layers": [{"type": "dense", "n_in": 2, "n_out": 2, "activation": "tanh"}]},
            {"type": "neuron_layer", "n_in": 2, "n_out": 3, "activation": {"type": "leaky_relu"}},
            {"type": "fully_connected", "n_out": 1},
        ],
    },
]  # fmt: skip


def mutated_description(generator):
    description = copy.deepcopy(generator.choice(MODELS))
    for _ in range(generator.choice([1, 1, 2, 3])):
        part, key = generator.choice(places_in(description))
        kind = generator.randrange(4)
        if kind == 0:
            del part[key]
        elif kind == 1 and isinstance(part, dict):
            part[generator.choice(["lr", "__init__", "self", "cls", "name", "layers", 1, None, "\0", "kind"])] = (
                copy.deepcopy(generator.choice(HOSTILE))
            )
        elif kind == 2:
            part[key] = copy.deepcopy(generator.choice([*LAYERS.classes, *HOSTILE]))
        else:
            part[key] = copy.deepcopy(generator.choice(HOSTILE))
        if not places_in(description):
            break
    return description


def descriptions_withstood(rounds, seed):
    """The numbers of mutated descriptions that were refused, and that made a model."""
    generator = random.Random(seed)
    refused = made = 0
    for _ in range(rounds):
        description = mutated_description(generator)
        try:
            model = from_dict(description)
        except AutogradError as error:
            refused += 1
            assert len(str(error)) < 2_000
            continue
        made += 1
        assert isinstance(repr(model), str)
        try:
            described = model.to_dict()
        except DescriptionError as error:
            # The function among the hostile values may be a loss.
            assert "has no description" in str(error)
        else:
            assert from_dict(described).to_dict() == described
    return refused, made


def test_mutated_descriptions_are_refused_or_describe_a_model():
    tracemalloc.start()
    try:
        refused, made = descriptions_withstood(500, seed=0)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert refused > 150
    assert made > 15


MORE_HOSTILE = [
    10**400, 5e-324, 1e308, -0.0, 1, 2, "1e999999", "sigmoid", "mse", "\x1b[2J", {"type": "dense", "n_in": 2},
    {"type": "steps", "start": 1.0}, {"type": "mse"}, {1: 2}, {"type": ["dense"]}, [0.5, float("nan")], (1.0,), {1.0},
    1j, np.float64("nan"), np.ones(3), np.ones(3, dtype=object), range(3), NotImplemented, ...,
]  # fmt: skip
GOOD = {"n_in": 2, "n_out": 2, "n_tokens": 2, "start": 0.5, "end": 0.25, "at": [0.5], "then": "cosine", "rate": 0.5,
        "heads": 1, "layers": ["tanh"]}  # fmt: skip


def use(made):
    """Have what a description made do its work: a layer and a loss, an initialiser, an optimiser, a schedule."""
    if type(made) in SCHEDULES.classes.values():
        made(0.75)
    elif hasattr(made, "updated"):
        made.updated(np.ones(2), np.ones(2))
    elif hasattr(made, "named_parameters"):
        repr(made)
        made([1.0, 2.0])
    else:
        made(np.random.default_rng(0), (2, 2), 2, 2)


def options_withstood(seed, share=1.0):
    """Every option of everything that a description can make, with every hostile value: how many were refused, used."""
    generator = random.Random(seed)
    refused = used = 0
    for registry in (LAYERS, INITIALISERS, OPTIMIZERS, SCHEDULES):
        for kind, made in registry.classes.items():
            required = {name: GOOD[name] for name in made.constructor_options() if name in GOOD}
            for name in made.constructor_options():
                # A function that was given is called, and may raise whatever it will.
                for value in [*HOSTILE[:-1], *MORE_HOSTILE]:
                    if generator.random() > share:
                        continue
                    other = generator.choice([{}, {}, {generator.choice(list(required) or ["name"]): value}])
                    try:
                        made_of_it = registry.make({"type": kind} | required | other | {name: value})
                        if not (isinstance(value, int) and value == 2**31):
                            # A layer of so many parameters would take 32 GiB for them now.
                            with np.errstate(all="ignore"):
                                use(made_of_it)
                    except AutogradError as error:
                        refused += 1
                        assert len(str(error)) < 2_000
                    else:
                        used += 1
    return refused, used


def test_any_value_of_any_option_is_refused_or_works():
    refused, used = options_withstood(seed=0, share=0.2)
    assert refused > 1_000 and used > 20


def test_a_description_can_not_be_nested_without_end():
    deep = {"type": "relu"}
    for _ in range(100_000):
        deep = {"type": "sequential", "layers": [deep]}
    with pytest.raises(
        DescriptionError, match="this description of a layer is nested more than 50 deep, or holds itself"
    ):
        from_dict(deep)
    circular = {"type": "sequential", "layers": []}
    circular["layers"].append(circular)
    with pytest.raises(DescriptionError, match="nested more than 50 deep, or holds itself"):
        from_dict(circular)


def test_a_description_can_not_multiply():
    doubled = {"type": "relu"}
    for _ in range(20):
        doubled = {"type": "sequential", "layers": [doubled, doubled]}
    started = time.process_time()
    with pytest.raises(DescriptionError, match="this description of a layer has more than 100000 parts"):
        from_dict(doubled)
    with pytest.raises(DescriptionError, match="n_out is at most 100000 for single neurons, got 1000000000; use Dense"):
        from_dict({"type": "neuron_layer", "n_in": 2, "n_out": 10**9})
    assert time.process_time() - started < 30.0


def test_a_description_of_any_size_takes_no_memory_before_it_is_used():
    tracemalloc.start()
    try:
        assert from_dict({"type": "dense", "n_in": 10**9, "n_out": 10**9}).n_in == 10**9
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def nested(levels, inner):
    description = inner
    for _ in range(levels):
        description = {"type": "sequential", "layers": [description]}
    return description


def test_a_model_may_be_nested_as_deep_as_is_said():
    model = from_dict(nested(49, {"type": "dense", "n_in": 1, "n_out": 1, "weight_init": "ones"}))
    assert model.forward([2.0]) == [2.0]
    assert from_dict(model.to_dict()).to_dict() == model.to_dict()
    residual = {"type": "dense", "n_in": 2, "n_out": 2}
    for _ in range(49):
        residual = {"type": "residual", "layers": [residual]}
    model = from_dict(residual)
    model.load_state_dict(model.state_dict())
    for levels, inner in ((50, {"type": "relu"}), (1, [[[]] * 2] * 2), (1, nested(60, "relu")["layers"])):
        with pytest.raises(DescriptionError):
            from_dict(nested(levels, inner))


NEURONS = {"type": "neuron_layer", "n_in": 2}
EXPENSIVE = {
    "neurons": NEURONS | {"n_out": 8_000},
    "layers without parameters": {"type": "sequential", "layers": ["relu"] * 20_000},
    "layers with parameters": {"type": "sequential", "layers": ["layer_norm"] * 10_000},
    "levels": nested(45, {"type": "sequential", "layers": ["layer_norm"] * 1_000}),
    "an unknown option": {"type": "sequential", "layers": []} | {f"layer{number}": 0 for number in range(20_000)},
    "a long unknown name": {"type": "sequentia" + "l" * 1_000_000},
}
TOO_MUCH = {
    "neurons": NEURONS | {"n_out": 100_000},
    "lists of neurons": {"type": "sequential", "layers": [NEURONS | {"n_out": 1_000}] * 1_000},
    "neurons with activations": NEURONS | {"n_out": 5_000, "activation": {"type": "residual", "layers": ["tanh"] * 99}},
    "names of names": nested(2, {"type": "sequential", "name": "x" * 100_000, "layers": ["layer_norm"] * 10_000}),
    "levels": nested(45, {"type": "sequential", "layers": ["layer_norm"] * 50_000}),
}


@pytest.mark.parametrize("description", [*EXPENSIVE.values(), *TOO_MUCH.values()], ids=[*EXPENSIVE, *TOO_MUCH])
def test_a_description_takes_time_and_memory_in_proportion_or_is_refused(description):
    tracemalloc.start()
    started = time.process_time()
    try:
        from_dict(description)
    except DescriptionError as error:
        assert len(str(error)) < 2_000
        assert description not in list(EXPENSIVE.values())[:4]
        assert time.process_time() - started < 2.0
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    else:
        assert description not in TOO_MUCH.values()
        assert time.process_time() - started < 30.0
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


NUMBERS = [
    "n_in", "n_out", "n_tokens", "positions", "heads", "slope", "delta", "epsilon", "lr", "momentum", "decay", "beta1",
    "beta2", "weight_decay", "memory", "start", "end", "factor", "share", "deviation", "low", "high", "gain", "seed",
]  # fmt: skip


@pytest.mark.parametrize("number", [10**400, -(10**400), 10**5_000], ids=["large", "negative", "unwritable"])
def test_a_number_beyond_all_floats_is_refused_by_every_option(number):
    options = 0
    for registry in (LAYERS, INITIALISERS, OPTIMIZERS, SCHEDULES):
        for kind, made in registry.classes.items():
            named = {"n_in": 2, "n_out": 2, "n_tokens": 2, "start": 0.5, "end": 0.25, "at": [0.5], "then": "cosine"}
            required = {
                name: named[name]
                for name, one in made.constructor_options().items()
                if one.default is one.empty and name in named
            }
            for name, one in made.constructor_options().items():
                if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
                    continue
                with pytest.raises(DescriptionError):
                    registry.make({"type": kind} | required | {name: number})
                options += 1
                if name in NUMBERS and not (name == "gain" and registry is LAYERS):
                    with pytest.raises(DescriptionError):
                        made(**(required | {name: number}))
    assert options > 50


def test_a_number_beyond_all_floats_is_refused_among_data_and_rates():
    model = Sequential(Dense(1, 1))
    with pytest.raises(DataError, match="X is an array of numbers"):
        model.predict([[10**400]])
    with pytest.raises(StateError, match="weight in the state is no array of numbers"):
        model.load_state_dict({"dense_0.weight": [[10**400]], "dense_0.bias": [0.0]})
    with pytest.raises(StateError, match="weight in the state is no array of numbers: a list with numbers beyond all"):
        model.load_state_dict({"dense_0.weight": [[10**5_000]], "dense_0.bias": [0.0]})
    with pytest.raises(DescriptionError, match="a learning rate is a finite number, 0 or more, got inf"):
        SGD(lr=lambda progress: 10**400).updated(np.ones(1), np.ones(1))


def mutated_bytes(content, generator):
    changed = bytearray(content)
    for _ in range(generator.choice([1, 1, 3, 10])):
        place = generator.randrange(len(changed) or 1)
        kind = generator.randrange(5)
        if kind == 0:
            changed[place : place + 1] = bytes([generator.randrange(256)])
        elif kind == 1:
            changed[place : place + 4] = struct.pack("<I", generator.choice([0, 1, 2**31, 2**32 - 1, 65535]))
        elif kind == 2:
            changed[place : place + 8] = struct.pack("<Q", generator.choice([2**63, 2**64 - 1, 10**12, 0]))
        elif kind == 3:
            del changed[place : place + generator.randrange(1, 40)]
        else:
            changed[place:place] = generator.randbytes(generator.randrange(1, 40))
    return bytes(changed)


def weights_withstood(path, rounds, seed):
    """The numbers of mutated files of weights that were refused, and that were read."""
    generator = random.Random(seed)
    small(0).save(path)
    content = path.read_bytes()
    model = small(1)
    before = model.state_dict()
    refused = read = 0
    for _ in range(rounds):
        path.write_bytes(mutated_bytes(content, generator))
        try:
            model.load(path)
        except StateError:
            refused += 1
        else:
            read += 1
            model.load_state_dict(before)
        after = model.state_dict()
        assert all([np.array_equal(before[name], after[name]) for name in before])
    return refused, read


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_mutated_weights_are_refused_or_read(tmp_path, suffix):
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"weights{suffix}"
    tracemalloc.start()
    try:
        refused, read = weights_withstood(path, 500, seed=0)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert refused > 250
    assert read > 5
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "weights.npz"
    small().save(path)
    # An array of the right shape, behind whose numbers 64 megabytes of zeros follow in the same member.
    file = io.BytesIO()
    np.save(file, small().state_dict()["dense_0.weight"])
    with zipfile.ZipFile(path) as source:
        members = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if name != "dense_0.weight.npy":
                archive.writestr(name, content, zipfile.ZIP_STORED)
                continue
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
                for _ in range(64):
                    member.write(bytes(2**20))
    assert path.stat().st_size < 2_000_000
    model = small(1)
    tracemalloc.start()
    try:
        model.load(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert np.array_equal(model.state_dict()["dense_0.weight"], small().state_dict()["dense_0.weight"])


def refused_with_little_memory(path, model, message):
    tracemalloc.start()
    try:
        with pytest.raises(StateError, match=message):
            model.load(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_a_file_tells_about_itself_is_not_unpacked(tmp_path):
    path = tmp_path / "weights.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("about.json", b" " * 2**24)
    refused_with_little_memory(path, small(), r"what .* tells about itself is compressed, so that its length")


@pytest.mark.parametrize("name", ["about.json", "dense_0.weight.npy"])
@pytest.mark.parametrize("place", [20, 24], ids=["compressed", "unpacked"])
def test_a_member_that_claims_more_bytes_than_the_file_has_is_not_read(tmp_path, name, place):
    path = tmp_path / "weights.npz"
    small().save(path)
    content = bytearray(path.read_bytes())
    # The last time, a name stands 46 bytes behind the start of its entry in the directory, which has both lengths.
    entry = content.rindex(name.encode()) - 46
    assert content[entry : entry + 4] == b"PK\x01\x02"
    struct.pack_into("<I", content, entry + place, 2**30)
    path.write_bytes(content)
    refused_with_little_memory(path, small(), f"is damaged or no file of weights: {name} claims more bytes")


def test_a_shape_that_is_open_claims_no_more_numbers_than_the_file_has(tmp_path):
    path = tmp_path / "weights.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in small().state_dict().items():
            file = io.BytesIO()
            np.save(file, array)
            content = file.getvalue().replace(b"'shape': (2, 3), }" + b" " * 8, b"'shape': (200000000, 3), }")
            archive.writestr(f"{name}.npy", content)
    model = Sequential(Dense(None, 3, "relu"), Dense(None, 1))
    refused_with_little_memory(path, model, "dense_0.weight in .* holds fewer numbers than its shape tells")


@pytest.mark.parametrize(
    "header",
    [
        {"dense_0.weight": {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 10**15]}},
        {"dense_0.weight": {"dtype": "F64", "shape": [2, 3], "data_offsets": [48, 0]}},
        {"dense_0.weight": {"dtype": "F64", "shape": [2**62, 2**62], "data_offsets": [0, 48]}},
        {"dense_0.weight": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}},
        {"dense_0.weight": {"dtype": "object", "shape": [2, 3], "data_offsets": [0, 48]}},
        {"dense_0.weight": [1, 2, 3]},
        {"__metadata__": {"a": ["b"]}, "dense_0.weight": None},
        [],
    ],
    ids=lambda header: json.dumps(header)[:40],
)
def test_a_lying_header_is_refused(tmp_path, header):
    pytest.importorskip("safetensors")
    path = tmp_path / "weights.safetensors"
    text = json.dumps(header).encode()
    for length in (len(text), 2**63, 2**40):
        path.write_bytes(struct.pack("<Q", length) + text + bytes(48))
        model = small()
        before = model.state_dict()
        with pytest.raises(StateError):
            model.load(path)
        assert np.array_equal(before["dense_0.weight"], model.state_dict()["dense_0.weight"])


NAMES = [
    '"];evil[label="x', "<script>alert(1)</script>", "</svg><svg onload=alert(1)>", "\\N\\G\\l", "a\nb\r\nc",
    "\0\x01\x7f",
    "\ud800", "]]>",
    "--> %%", "${x}$ \\input{/etc/passwd}", "&amp;&#0;", "x" * 5_000, "\u202e\u2028", "{|}<f0>", "'\"`",
    "%s %n {0} {x.__class__}", "<TABLE>", "javascript:alert(1)", "*/</style>", "end\nclick a href", "",
]  # fmt: skip


def hostile_graph(name):
    x = Variable(1.0, name=name)
    y = (x * 2.0).exp() + x
    y.name = name[::-1]
    return y


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_a_hostile_name_stays_text_in_every_form(name):
    plain = viz.draw(hostile_graph("plain"))
    drawing = viz.draw(hostile_graph(name))
    for form in (drawing.text(), drawing.mermaid(), drawing.tikz()):
        form.encode()
    assert "\\input{/etc" not in drawing.tikz()
    svg, page = drawing.svg(), drawing.html()
    assert parts_of(svg) == parts_of(plain.svg())
    assert len(re.findall(r"<script\b", page)) == len(re.findall(r"<script\b", plain.html()))
    attributes = [name for element in xml.etree.ElementTree.fromstring(svg).iter() for name in element.attrib]
    assert not [name for name in attributes if name.startswith("on")]


def parts_of(svg):
    """The kinds of elements in a picture, and how many nodes and edges it has."""
    elements = list(xml.etree.ElementTree.fromstring(svg).iter())
    classes = [element.get("class", "").split(" ")[0] for element in elements]
    return {element.tag for element in elements}, classes.count("node"), classes.count("edge")


@pytest.mark.parametrize(
    "value", ["", " ", "/", "no such program", "/etc/passwd", "-V", "x" * 5_000, ";touch hacked", "~"]
)
def test_any_value_of_the_variable_for_the_layout_engine_gives_a_picture_or_an_error(tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOGRAD_DOT", value)
    try:
        picture = viz.draw(hostile_graph("x")).png()
    except viz.EngineError as error:
        assert "AUTOGRAD_DOT" in str(error) or value in str(error)
    else:
        assert picture.startswith(b"\x89PNG")
    assert os.listdir(tmp_path) == []
