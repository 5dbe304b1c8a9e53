"""Files of weights and of trainings that are built to lie, each part of them right or wrong by itself."""

from __future__ import annotations

import copy
import json
import random
import tracemalloc
import warnings
import zipfile

import numpy as np

from autograd.errors import AutogradError
from layers import Adam, Cosine, Dense, EarlyStopping, Sequential, StateError, load_model, load_optimizer
from tests.tables.networks import small

# What the header of an array may claim to be; the shapes of `small` are (2, 3), (3,), (3, 1) and (1,).
KINDS = ["<f8"] * 6 + [
    "<f4",
    ">f8",
    "<f2",
    "<i8",
    "|b1",
    "|O",
    "<U4",
    "|V8",
    "<c16",
    "<M8[s]",
    "f8,i4",
    "",
    "x",
    8,
    None,
]
SHAPES = ["(2, 3)", "(3,)", "(3, 1)", "(1,)", "()", "(3, 2)", "(0, 3)", "(2, -3)", "(2.0, 3)", "(True, 3)", "[2, 3]"]
SHAPES += ["(10**9, 10**9)", "(2**63,)", "None", "'23'", "(" * 50 + ")" * 50, "(1,) * 40", "(" + "1," * 70 + ")"]
NAMES = [
    "../../tmp/x.npy",
    "/etc/passwd",
    "C:\\x.npy",
    "about.json",
    "a\0b.npy",
    ".npy",
    "dense_0.weight",
    "x" * 70_000,
]
CODECS = [zipfile.ZIP_STORED] * 4 + [zipfile.ZIP_DEFLATED] * 3 + [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
TOLD = [
    '{"further": {}}',
    '{"further": {"dense_0.weight": 7}}',
    "[]",
    "null",
    "{",
    "[" * 10_000,
    '{"further": 1}',
    "\0",
]
TYPES = ["F64"] * 6 + ["F32", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "C64", "", None, 7, [], "__import__"]


def lying_npz(path, draw, state):
    """An .npz whose members, headers, lengths, codecs and names are right or wrong, one by one."""
    # Most of a file is right, so that what is wrong is reached.
    honest = draw.choice([0.5, 0.9, 0.97, 0.995])

    def one(right, wrong):
        return right if draw.random() < honest else draw.choice(wrong)

    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        # Of names that come twice, which are meant.
        warnings.simplefilter("ignore")
        members = list(state.items())
        members += draw.sample(members, draw.choice([0, 0, 0, 1, 2]))
        for name, array in members[draw.choice([0, 0, 0, 0, 1]) :]:
            shape = one(repr(array.shape), SHAPES)
            fields = [f"'descr': {one('<f8', KINDS)!r}", f"'fortran_order': {one('False', ['True', '7', 'None'])}"]
            fields += [f"'shape': {shape}", *draw.choice([[], [], [], ["'more': 1"]])]
            text = (
                "{" + ", ".join(fields[draw.choice([0, 0, 0, 0, 1]) :]) + draw.choice(["}", "}", "}", ", }", ""])
            ).encode()
            version = one(b"\x01\x00", [b"\x02\x00", b"\x03\x00", b"\x09\x00", b"\x00\x01"])
            width = 2 if version == b"\x01\x00" else 4
            length = one(len(text), [0, 1, 2**16 - 1, 2 ** (8 * width) - 1, len(text) * 2]) % 256**width
            body = np.ascontiguousarray(array).tobytes()
            body = one(body, [body[:-1], b"", body * 2, bytes(2**20)])
            content = one(b"\x93NUMPY", [b"\x93NUMPX", b"PK\x03\x04\x00\x00", b"\x80\x04"]) + version
            content += length.to_bytes(width, "little") + text + body
            name = one(f"{name}.npy", NAMES)
            archive.writestr(zipfile.ZipInfo(name[:65_000]), content, one(zipfile.ZIP_STORED, CODECS))
        if draw.random() < 0.3:
            archive.writestr("about.json", draw.choice(TOLD), draw.choice(CODECS))


def lying_safetensors(path, draw, state):
    """A .safetensors whose types, shapes, places, names and lengths are right or wrong, one by one."""
    honest = draw.choice([0.5, 0.9, 0.97, 0.995])

    def one(right, wrong):
        return right if draw.random() < honest else draw.choice(wrong)

    entries, data = [], b""
    for name, array in list(state.items())[draw.choice([0, 0, 0, 0, 1]) :]:
        body = np.ascontiguousarray(array).tobytes()
        end = len(data) + len(body)
        places = one(
            [len(data), end], [[0, end], [end, len(data)], [-8, 0], [0, 2**63], [0.0, 8.0], [], "08", [0, 2**80]]
        )
        shape = one(list(array.shape), [[], [0, 3], [2, -3], [2**40, 2**40], [2.0, 3], "23", None, [1] * 70, [[2], 3]])
        entry = {"dtype": one("F64", TYPES), "shape": shape, "data_offsets": places}
        if draw.random() > honest + 0.1:
            del entry[draw.choice(list(entry))]
        entries.append((one(name, NAMES), one(entry, [7, [], None, {"entry": entry}])))
        data += body
    entries += draw.sample(entries, draw.choice([0, 0, 0, 1])) + draw.choice(
        [
            [],
            [],
            [("__metadata__", {"about.json": draw.choice(TOLD)})],
            [("__metadata__", {"a": 1})],
            [("__metadata__", [])],
        ]
    )
    text = "{" + ", ".join([f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries]) + "}"
    header = one(text, [text[:-1], text + " " * 1000, "[" * 2_000, "[]", "", "nul"]).encode()
    length = one(len(header), [0, 1, len(header) * 2, 2**31, 2**63, 2**64 - 1])
    path.write_bytes(length.to_bytes(8, "little") + header + one(data, [data[:-1], b"", data + bytes(8), bytes(2**20)]))


def lies_withstood(path, rounds, seed):
    """The numbers of built files that were refused, and that were read; none takes memory beyond its own bytes."""
    draw = random.Random(seed)
    build = lying_npz if path.suffix == ".npz" else lying_safetensors
    model = small(1)
    before = model.state_dict()
    refused = read = 0
    for number in range(rounds):
        build(path, random.Random(draw.random()), small(number).state_dict())
        tracemalloc.start()
        try:
            model.load(path, strict=draw.random() < 0.5)
        except StateError as error:
            refused += 1
            assert len(str(error)) < 2_000
            after = model.state_dict()
            assert all([np.array_equal(before[name], after[name]) for name in before]), number
        else:
            read += 1
            model.load_state_dict(before)
        finally:
            taken = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert taken < 2_000_000 + 3 * path.stat().st_size, (number, taken)
    return refused, read


# What a file may tell at any place instead of what it should.
LIES = [
    None, True, -1, 0, 1, 2, 1.5, float("nan"), float("inf"), -(10**30), 10**400, 2**31, "", "x" * 10_000, "\0",
    "\x1b[2J", "sigmoid", "about.json", "dense_0.weight", [], {}, [[]], [None], [0.5], [1] * 1_000, {"type": "dense"},
    {"type": {}}, {"type": "sequential", "layers": 3}, {"a": {"b": {}}},
]  # fmt: skip
POINTS = np.linspace(-1.0, 1.0, 12).reshape(6, 2)


def places_in(description):
    """Every container in a description, with a key or place in it."""
    found, pending = [], [description]
    while pending:
        part = pending.pop()
        for key in part if isinstance(part, dict) else range(len(part)):
            found.append((part, key))
            if isinstance(part[key], dict | list):
                pending.append(part[key])
    return found


def train(path, epochs, **options):
    """A training with a checkpoint; whatever is refused has changed nothing."""
    model = Sequential(Dense(2, 3, "tanh"), Dense(3, 1), seed=0)
    before = model.state_dict()
    optimizer, callbacks = Adam(lr=Cosine(0.1)), [EarlyStopping(patience=50)]
    options |= {"checkpoint": path, "progress": False, "batch_size": 2, "validation": (POINTS, POINTS.sum(axis=1))}
    try:
        model.fit(POINTS, POINTS.sum(axis=1), epochs=epochs, optimizer=optimizer, callbacks=callbacks, **options)
    except AutogradError:
        assert all([np.array_equal(before[name], array) for name, array in model.state_dict().items()])
        raise


def checkpoints_withstood(path, seed, share=1.0):
    """Tell every lie at every place of a checkpoint and read it in all ways: how often it was refused, and taken."""
    draw = random.Random(seed)
    train(path, 2)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(members.pop("about.json"))
    ways = [load_model, load_optimizer, lambda path: train(path, 3, resume=True)]
    refused = taken = 0
    for place in range(len(places_in(about))):
        for lie in [*LIES, KeyError]:
            if draw.random() > share:
                continue
            told = copy.deepcopy(about)
            part, key = places_in(told)[place]
            if lie is KeyError:
                del part[key]
            else:
                part[key] = lie
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in [*members.items(), ("about.json", json.dumps(told))]:
                    archive.writestr(name, content)
            content = path.read_bytes()
            for way in ways:
                path.write_bytes(content)
                try:
                    with np.errstate(all="ignore"):
                        way(path)
                except AutogradError as error:
                    refused += 1
                    assert len(str(error)) < 2_000, (key, str(error)[:200])
                except Exception as error:
                    error.add_note(f"told {key!r} to be {lie!r:.100}")
                    raise
                else:
                    taken += 1
    return refused, taken
