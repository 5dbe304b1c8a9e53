"""Files of weights: both formats, written whole or not at all; damaged and hostile ones change and run nothing."""

import io
import json
import os
import pickle
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from layers import (
    CausalSelfAttention,
    Dense,
    Embedding,
    LayerNorm,
    Model,
    NeuronLayer,
    Residual,
    RMSNorm,
    Sequential,
    Softmax,
    StateError,
    load_model,
    load_optimizer,
)  # fmt: skip
from layers.parameters.initialisers import initialiser_of
from layers.parameters.parameter import Parameter
from layers.saving.weights import write_state
from tests.tables.hostile_files import lies_withstood
from tests.tables.networks import same, small

SUFFIXES = [".npz", ".safetensors"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"weights{request.param}"


def test_weights_come_back_exactly(path):
    model, other = small(0), small(1)
    assert model.save(path) == path
    other.load(path)
    assert same(model.state_dict(), other.state_dict())
    lazy = Sequential(Dense(None, 3, "relu"), Dense(None, 1))
    lazy.load(path)
    assert same(model.state_dict(), lazy.state_dict())


def test_other_programs_read_them(path):
    small().save(path)
    if path.suffix == ".npz":
        found = dict(np.load(path))
        assert json.loads(found.pop("about.json"))["model"]["type"] == "sequential"
    else:
        from safetensors.numpy import load_file

        found = load_file(path)
    assert same(dict(sorted(found.items())), dict(sorted(small().state_dict().items())))


def test_a_write_that_fails_leaves_the_old_file(path, monkeypatch):
    small(0).save(path)
    before = path.read_bytes()

    def broken(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="the disk is full"):
        small(1).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_link_is_followed(path):
    target = path.with_name("elsewhere" + path.suffix)
    target.write_bytes(b"")
    path.symlink_to(target)
    small().save(path)
    assert path.is_symlink()
    assert target.stat().st_size > 0


def load_refused(path, message):
    model = small(3)
    before = model.state_dict()
    with pytest.raises(StateError, match=message):
        model.load(path)
    assert same(before, model.state_dict())


def test_every_truncation_is_refused(path):
    small().save(path)
    content = path.read_bytes()
    for length in [0, 1, 7, 8, 9, *range(20, len(content), 37), len(content) - 1]:
        path.write_bytes(content[:length])
        load_refused(path, "is damaged or no file of weights")


def test_a_mutation_is_refused_or_changes_nothing_but_numbers(path):
    original = small()
    original.save(path)
    content = bytearray(path.read_bytes())
    generator = np.random.default_rng(0)
    refused = 0
    for place in generator.integers(0, len(content), 300):
        mutated = bytearray(content)
        mutated[place] ^= int(generator.integers(1, 256))
        path.write_bytes(mutated)
        model = small(3)
        before = model.state_dict()
        try:
            model.load(path)
        except StateError:
            refused += 1
            assert same(before, model.state_dict())
        else:
            assert [array.shape for array in model.state_dict().values()] == [a.shape for a in before.values()]
            assert all([np.isfinite(array).all() for array in model.state_dict().values()])
    assert refused > 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04.", b"{}" * 100, b"\xff" * 4096])
def test_rubbish_is_refused(path, content):
    path.write_bytes(content)
    load_refused(path, "is damaged or no file of weights")


ran = []


class Hostile:
    def __reduce__(self):
        return (ran.append, ("ran",))


def test_a_pickle_is_never_run(path):
    ran.clear()
    path.write_bytes(pickle.dumps(Hostile()))
    load_refused(path, "damaged")
    if path.suffix == ".npz":
        array = np.empty(3, dtype=object)
        array[:] = Hostile()
        arrays = small().state_dict() | {"dense_0.bias": array}
        with open(path, "wb") as file:
            np.savez(file, **arrays)
        load_refused(path, "dense_0.bias in .* holds object, not numbers")
    assert ran == []


def test_another_models_file_is_refused(path):
    Sequential(Dense(2, 4, "relu"), Dense(4, 1), seed=0).save(path)
    load_refused(path, r"dense_0.weight has shape \(2, 3\), the state has \(2, 4\)")
    Sequential(Dense(2, 3), seed=0).save(path)
    load_refused(path, "the state has no 'dense_1.weight'")
    Sequential(Dense(2, 3), Dense(3, 1), Dense(1, 1), seed=0).save(path)
    load_refused(path, "has no parameter 'dense_2")


def test_a_file_with_nothing_in_common_is_refused_even_if_not_strict(path):
    Sequential(Dense(2, 3, name="other"), seed=5).save(path)
    model = small()
    with pytest.raises(StateError, match="Sequential and the state have no name in common; Sequential has dense_0"):
        model.load(path, strict=False)
    with pytest.raises(StateError, match="have no name in common; Sequential has dense_0"):
        model.load_state_dict({"w": np.ones(1)}, strict=False)


def test_suffixes_in_capitals_and_the_home_folder_are_understood(path, monkeypatch):
    monkeypatch.setenv("HOME", str(path.parent))
    small().save(f"~/weights{path.suffix.upper()}")
    model = small()
    model.load(f"~/weights{path.suffix.upper()}")
    assert (path.parent / f"weights{path.suffix.upper()}").exists()


def test_numbers_that_numpy_does_not_have_are_named(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "brain.safetensors"
    header = json.dumps({"dense_0.bias": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(6))
    with pytest.raises(
        StateError, match=r"dense_0.bias in .* holds BF16, which NumPy doesn't know; save it as float32"
    ):
        small().load(path, strict=False)


def test_only_what_has_a_namesake_is_loaded_if_asked_for(path):
    part = Sequential(Dense(2, 3), seed=5)
    part.save(path)
    model = small()
    model.load(path, strict=False)
    assert np.array_equal(model.state_dict()["dense_0.weight"], part.state_dict()["dense_0.weight"])


def test_numbers_that_are_not_finite_are_refused(path):
    model = small()
    model.save(path)
    before = path.read_bytes()
    model.parameters()[0].value = float("nan")
    with pytest.raises(StateError, match="weight holds numbers that are not finite, which can't be loaded again"):
        model.save(path)
    assert path.read_bytes() == before
    state = model.state_dict()
    if path.suffix == ".npz":
        np.savez(path, **state)
    else:
        from safetensors.numpy import save_file

        save_file(state, path)
    load_refused(path, "dense_0.weight in the state holds numbers that are not finite")


def npz_with_header(path, header, version=b"\x01\x00"):
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in small().state_dict().items():
            file = io.BytesIO()
            np.save(file, array)
            content = file.getvalue()
            if name == "dense_0.weight":
                text = header.encode().ljust(117) + b"\n"
                content = b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + b"\0" * 48
            archive.writestr(f"{name}.npy", content)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 3)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<U9', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, -3)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': __import__('os').getpid()}",
        "(((((((((((((((((((",
        "{'descr': '<f8'}",
    ],
)
@pytest.mark.parametrize("model", [small(), Sequential(Dense(None, 3, "relu"), Dense(None, 1))], ids=["sized", "open"])
def test_a_hostile_header_is_refused(tmp_path, header, model):
    path = tmp_path / "weights.npz"
    npz_with_header(path, header)
    with pytest.raises(StateError):
        model.load(path)


def test_a_file_built_to_lie_is_refused_or_read_and_takes_no_memory_beyond_its_bytes(path):
    refused, read = lies_withstood(path, 150, seed=0)
    assert refused > 100 and read > 0


def test_a_format_from_the_future_is_refused(tmp_path):
    path = tmp_path / "weights.npz"
    npz_with_header(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}", version=b"\x09\x00")
    load_refused(path, r"dense_0.weight in .* has the unknown format \(9, 0\)")


def test_a_compressed_file_can_not_claim_an_open_length(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez_compressed(path, **small().state_dict())
    small(1).load(path)
    with pytest.raises(StateError, match=r"dense_0\.weight in .* is compressed, and its shape is not settled yet"):
        Sequential(Dense(None, 3, "relu"), Dense(None, 1)).load(path)


def test_paths_that_do_not_serve(tmp_path):
    with pytest.raises(StateError, match=r"kept in .npz or .safetensors, as the suffix says; got '.pkl'"):
        small().save(tmp_path / "weights.pkl")
    with pytest.raises(StateError, match=r"got '.pt'"):
        small().load(tmp_path / "weights.pt")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing to save weights\.npz in"):
        small().save(tmp_path / "missing" / "weights.npz")
    with pytest.raises(FileNotFoundError, match=r"there is no file .*weights\.npz to load Sequential from"):
        small().load(tmp_path / "weights.npz")


def test_without_safetensors_the_message_says_what_brings_it(tmp_path, monkeypatch):
    import builtins

    original = builtins.__import__

    def without(name, *args, **options):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[safetensors\]' brings it"):
        small().save(tmp_path / "weights.safetensors")
    assert write_state(tmp_path / "weights.npz", small().state_dict()).exists()


class Odd(Model):
    """A model with one parameter under any name."""

    def __init__(self, attribute):
        super().__init__()
        vars(self)[attribute] = Parameter((2,), initialiser_of("ones"))


@pytest.mark.parametrize("name", ["file", "allow_pickle", "args", "x.npy", "a/b", "..", "", "ä" * 30_000, "\n", "\x1b"])
def test_any_name_that_a_file_can_hold_comes_back(path, name):
    model = Odd(name)
    model.save(path)
    vars(model)[name].assign([3.0, 4.0])
    model.load(path)
    assert vars(model)[name].values.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 65_536, "__metadata__"])
def test_a_name_that_a_file_can_not_hold_is_refused_before_the_old_file_is_touched(path, name):
    path.write_bytes(b"old")
    try:
        Odd(name).save(path)
    except StateError as error:
        assert str(error).startswith(f"a parameter can't be called {name!r:.60} in a {path.suffix} file")
        assert path.read_bytes() == b"old"
    else:
        Odd(name).load(path)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("codec", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("model", [small(), Sequential(Dense(None, 3, "relu"), Dense(None, 1))], ids=["sized", "open"])
def test_a_header_that_is_a_bomb_is_not_unpacked(tmp_path, codec, model):
    path = tmp_path / "weights.npz"
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}"
    with zipfile.ZipFile(path, "w", codec) as archive:
        for name in small().state_dict():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(b"\x93NUMPY\x02\x00" + (16 * 2**20).to_bytes(4, "little") + text)
                for _ in range(16):
                    member.write(b" " * 2**20)
    assert path.stat().st_size < 400_000
    tracemalloc.start()
    try:
        with pytest.raises(StateError, match=r"has a header of more than 10000 bytes|is compressed"):
            model.load(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_file_of_many_names_is_refused_in_time_in_proportion_and_in_few_words(path):
    arrays = {f"dense_0.weigh{number}": np.zeros(0) for number in range(5_000)}
    write_state(path, arrays)
    started = time.perf_counter()
    with pytest.raises(StateError) as refused:
        small().load(path)
    assert time.perf_counter() - started < 5.0
    assert len(str(refused.value)) < 2_000


def opened(*layers):
    return lambda: Sequential(*[layer() for layer in layers])


CONTRADICTIONS = {
    "a layer and the next": (opened(lambda: Dense(None, 3), lambda: Dense(None, 1)), [(2, 3), (3,), (7, 1), (1,)]),
    "beyond activations": (opened(lambda: Dense(None, 3, "relu"), Softmax, lambda: Dense(None, 1)),
                           [(2, 3), (3,), (7, 1), (1,)]),
    "gain and bias": (opened(LayerNorm), [(5,), (7,)]),
    "one neuron and another": (opened(lambda: NeuronLayer(None, 2)), [(3,), (), (5,), ()]),
    "a norm and the next": (opened(RMSNorm, lambda: Dense(None, 2)), [(4,), (5, 2), (2,)]),
    "inside and around": (opened(lambda: Residual(Dense(None, 3)), lambda: Dense(None, 1)),
                          [(3, 3), (3,), (2, 1), (1,)]),
    "the ends of a residual": (opened(lambda: Residual(LayerNorm(), Dense(None, 3))), [(2,), (2,), (2, 3), (3,)]),
    "tokens": (opened(lambda: Embedding(4, 3), LayerNorm), [(4, 3), (2,), (2,)]),
    "attention": (opened(lambda: CausalSelfAttention(2), lambda: Dense(None, 1)), [(2, 2)] * 4 + [(3, 1), (1,)]),
    "no features": (opened(lambda: Dense(None, 3)), [(0, 3), (3,)]),
}  # fmt: skip


@pytest.mark.parametrize(("make", "shapes"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_shapes_that_contradict_each_other_are_refused_and_sizes_stay_open(path, make, shapes):
    model = make()
    before = {name: parameter.shape for name, parameter in model.named_parameters().items()}
    arrays = {name: np.ones(shape) for name, shape in zip(before, shapes, strict=True)}
    write_state(path, arrays)
    for load in (lambda: model.load(path), lambda: model.load_state_dict(arrays)):
        with pytest.raises(StateError, match=r"the arrays of the state don't fit each other|the state has \(0, 3\)"):
            load()
        assert {name: parameter.shape for name, parameter in model.named_parameters().items()} == before


def test_a_part_of_the_arrays_settles_what_follows_from_it():
    model = Sequential(Dense(None, 3), LayerNorm(), Dense(None, 1))
    message = r"don't fit each other: dense_1: dense_1\.weight has shape \(7, 1\), got \(3, 1\)"
    with pytest.raises(StateError, match=message):
        model.load_state_dict({"dense_1.weight": np.ones((7, 1))}, strict=False)
    model.load_state_dict({"dense_0.weight": np.ones((2, 3))}, strict=False)
    assert [one.shape for one in model.named_parameters().values()] == [(2, 3), (3,), (3,), (3,), (3, 1), (1,)]
    assert model([1.0, 2.0]).shape == (1,)


def test_a_layer_that_computes_anew_has_sizes_of_its_own():
    class Doubled(Sequential):
        def compute(self, x):
            return {"y": np.concatenate([super().compute(x)["y"]] * 2)}

    def model():
        return Sequential(Doubled(Dense(None, 3)), Dense(None, 1))

    made = model()
    made([1.0, 2.0])
    other = model()
    other.load_state_dict(made.state_dict())
    assert same(other.state_dict(), made.state_dict())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes and devices with names are those of POSIX")
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_pipe_and_a_device_are_no_files_of_weights(tmp_path, suffix):
    """To read one would wait for ever, or have no end."""
    pipe, device = tmp_path / f"pipe{suffix}", tmp_path / f"device{suffix}"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path in (pipe, device):
        for read in (Sequential(Dense(2, 1)).load, load_model, load_optimizer):
            with pytest.raises(StateError, match="is none: a pipe, a socket or a device"):
                read(path)
