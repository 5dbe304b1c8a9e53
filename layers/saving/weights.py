"""Weights and the files that hold them: checked in full before anything is changed, written whole or not at all."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from autograd.files import whole_file
from autograd.text import one_line
from layers.errors import StateError
from layers.options import shown_value
from layers.saving.registry import nearest

__all__ = ["check_state", "read_about", "read_further", "read_state", "write_state"]

Shapes = Mapping[str, tuple[int | None, ...]]

# Headers of arrays have some hundred bytes, and what NumPy reads of one is limited by its own length alone.
LONGEST_HEADER = 10_000
# The member of an .npz, and the key in the header of a .safetensors, in which a file tells about itself, as JSON.
ABOUT = "about.json"
# The numbers in a .safetensors that NumPy has.
NUMPY_KINDS = ("F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8")
# The name of a member of a zip has 65,535 bytes at most, with its suffix.
LONGEST_NAME = 65_500


def check_state(what: str, state: Any, shapes: Shapes, *, strict: bool) -> dict[str, Any]:
    """The arrays of a state by name, as float64, once all are known to fit; `what` is the model's name in messages.

    Raises StateError.
    """
    import numpy

    if not isinstance(state, Mapping):
        raise StateError(f"{what}: a state is a dict of arrays by name, got {type(state).__name__}")
    check_names(what, state, shapes, strict=strict)
    if not strict and shapes and not any([name in state for name in shapes]):
        raise StateError(f"{what} and the state have no name in common; {what} has {', '.join(shapes)!s:.200}")
    checked: dict[str, Any] = {}
    for name, shape in shapes.items():
        if name not in state:
            continue
        if numpy.iscomplexobj(state[name]):
            raise StateError(
                f"{what}: {one_line(name)} in the state holds complex numbers; give .real or abs() of them"
            )
        try:
            array = numpy.array(state[name], dtype=float)
        except (OverflowError, TypeError, ValueError):
            raise StateError(
                f"{what}: {one_line(name)} in the state is no array of numbers: {shown_value(state[name])}"
            ) from None
        check_shape(what, name, array.shape, shape)
        if not numpy.isfinite(array).all():
            raise StateError(f"{what}: {one_line(name)} in the state holds numbers that are not finite")
        checked[name] = array
    return checked


def check_names(what: str, names: Collection[Any], shapes: Shapes, *, strict: bool) -> None:
    """Raise StateError if the state has other names than the model, in `strict` mode; `names` are a set or dict."""
    if not strict:
        return
    missing = [name for name in shapes if name not in names]
    if missing:
        raise StateError(f"{what}: the state has no {missing[0]!r}; {nearest(missing[0], list(map(str, names)))}")
    for name in names:
        if name not in shapes:
            raise StateError(f"{what} has no parameter {name!r:.80}, which the state holds; {nearest(name, [*shapes])}")


def check_shape(what: str, name: str, given: tuple[int, ...], wanted: tuple[int | None, ...]) -> None:
    """Raise StateError if an array's shape differs from the parameter's in a length that is settled, or has a 0."""
    fits = len(given) == len(wanted) and all(
        [own == length or (own is None and length > 0) for own, length in zip(wanted, given, strict=True)]
    )
    if not fits:
        shown = "(" + ", ".join(["?" if own is None else str(own) for own in wanted]) + ("," * (len(wanted) == 1)) + ")"
        raise StateError(f"{what}: {one_line(name)} has shape {shown}, the state has {given!s:.60}")


def write_state(
    path: str | os.PathLike[str],
    state: Mapping[str, Any],
    *,
    about: Mapping[str, Any] | None = None,
    further: Mapping[str, Any] | None = None,
) -> Path:
    """The path, to which the arrays are written: .npz or .safetensors, as its suffix says.

    about: what the file tells about itself beside the arrays, in the types of JSON. further: arrays that belong to that
    and are no parameters; `read_further` finds them again.
    The file is written whole or not at all. Raises StateError for another suffix, for a name that the format can't
    hold, and for numbers that are not finite, which could not be loaded again.
    """
    import numpy

    target = Path(os.path.realpath(os.path.expanduser(path)))
    write = _writer(target)
    for name, array in state.items():
        if not _comes_back(name, suffix_of(target)):
            raise StateError(f"a parameter can't be called {name!r:.60} in a {target.suffix} file; rename its layer")
        if not numpy.isfinite(array).all():
            raise StateError(f"{name} holds numbers that are not finite, which can't be loaded again: nothing is saved")
    places: dict[str, str] = {}
    for name in further or {}:
        place = f"+{name}"
        while place in state:
            place = f"+{place}"
        places[name] = place
    arrays = dict(state) | {places[name]: numpy.ascontiguousarray(array) for name, array in (further or {}).items()}
    told = None if about is None else json.dumps({**about, "further": places})
    with whole_file(target) as file:
        write(file, arrays, told)
    return Path(path)


def read_about(path: str | os.PathLike[str], *, what: str) -> dict[str, Any] | None:
    """What a file tells about itself beside its parameters; None for one that has parameters alone.

    Raises StateError if the file is damaged; nothing in it is ever run.
    """
    source = _source(path)
    try:
        text = _about_npz(source) if suffix_of(source) == ".npz" else _about_safetensors(source)
        about = None if text is None else json.loads(text)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {source} to load {what} from") from None
    except (StateError, ImportError, IsADirectoryError, PermissionError):
        raise
    except Exception as error:
        raise StateError(f"{what}: {source} is damaged or no file of weights: {error!s:.200}") from error
    if about is not None and not (isinstance(about, dict) and isinstance(about.get("further", {}), dict)):
        raise StateError(f"{what}: {source} is damaged: what it tells about itself is no dict")
    return about


def read_further(path: str | os.PathLike[str], shapes: Shapes, *, what: str) -> dict[str, Any]:
    """The arrays of these shapes that a file has beside its parameters. Raises StateError for missing ones too."""
    about = read_about(path, what=what) or {}
    places = about.get("further", {})
    for name in shapes:
        if not isinstance(places.get(name), str):
            raise StateError(f"{what}: {path} has no array {name!r:.100}")
    renamed = {places[name]: shape for name, shape in shapes.items()}
    found = _read(_source(path), renamed, what, strict=False)
    if len(found) < len(shapes):
        raise StateError(f"{what}: {path} is damaged: arrays that it tells of are missing")
    checked = check_state(what, found, renamed, strict=True)
    return {name: checked[places[name]] for name in shapes}


def read_state(path: str | os.PathLike[str], shapes: Shapes, *, what: str, strict: bool) -> dict[str, Any]:
    """The arrays in a file, of which no more is read than these shapes take.

    Raises StateError if the file is damaged or has other names or shapes; nothing in it is ever run.
    """
    found = _read(_source(path), shapes, what, strict)
    return check_state(what, found, shapes, strict=strict)


def _source(path: str | os.PathLike[str]) -> Path:
    """The path to read from. Raises StateError for a suffix that is none of the two."""
    source = Path(os.path.expanduser(path))
    if suffix_of(source) not in (".npz", ".safetensors"):
        raise _unknown_suffix(source)
    if source.exists() and not (source.is_file() or source.is_dir()):
        # A pipe or a device may have no end.
        raise StateError(f"weights are read from a file, and {source} is none: a pipe, a socket or a device")
    return source


def suffix_of(path: Path) -> str:
    """The suffix by which a format is told, in small letters."""
    return path.suffix.lower()


def _read(source: Path, shapes: Shapes, what: str, strict: bool) -> dict[str, Any]:
    """The arrays of these shapes in a file, each known to have its shape."""
    read = _read_npz if suffix_of(source) == ".npz" else _read_safetensors
    try:
        return read(source, shapes, what, strict)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {source} to load {what} from") from None
    except (StateError, ImportError, IsADirectoryError, PermissionError):
        raise
    except Exception as error:
        # Two formats, a compression and a header in Python's syntax: a damaged file makes their readers raise
        # a dozen kinds of errors.
        raise StateError(f"{what}: {source} is damaged or no file of weights: {error!s:.200}") from error


def _unknown_suffix(path: Path) -> StateError:
    return StateError(f"weights are kept in .npz or .safetensors, as the suffix says; got {path.suffix or path.name!r}")


def _writer(target: Path) -> Callable[[BinaryIO, Mapping[str, Any], str | None], Any]:
    """The function that writes arrays, and a text about them, in the format of this suffix."""
    if suffix_of(target) == ".npz":
        return _write_npz
    if suffix_of(target) == ".safetensors":
        save = _safetensors().save
        return lambda file, state, about: file.write(save(dict(state), None if about is None else {ABOUT: about}))
    raise _unknown_suffix(target)


def _write_npz(file: BinaryIO, state: Mapping[str, Any], about: str | None) -> None:
    """Write the arrays as numpy.savez does, which takes none that has the name of its own arguments."""
    import zipfile

    from numpy.lib import format as npy

    with zipfile.ZipFile(file, "w") as archive:
        for name, array in state.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)
        if about is not None:
            archive.writestr(ABOUT, about)


def _about_npz(path: Path) -> str | None:
    """The text in which an .npz file tells about itself, if it has one."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        if ABOUT not in archive.namelist():
            return None
        member = _member(archive, ABOUT, path)
        if member.compress_type != zipfile.ZIP_STORED:
            raise StateError(f"what {path} tells about itself is compressed, so that its length is not known")
        return archive.read(member).decode()


def _member(archive: Any, name: str, path: Path) -> Any:
    """What a zip tells of a member. Raises BadZipFile if that claims bytes that the file doesn't have.

    Python's reader takes memory for all that is claimed before it reads.
    """
    import zipfile

    member = archive.getinfo(name)
    stored = member.file_size if member.compress_type == zipfile.ZIP_STORED else 0
    if max(member.compress_size, stored) > path.stat().st_size:
        raise zipfile.BadZipFile(f"{one_line(name)} claims more bytes than the file has")
    return member


def _about_safetensors(path: Path) -> str | None:
    """The text in which a .safetensors file tells about itself, if it has one."""
    _safetensors()
    import safetensors

    with safetensors.safe_open(str(path), framework="numpy") as file:
        told: str | None = (file.metadata() or {}).get(ABOUT)
    return told


def _parameters(names: Collection[str], about: str | None) -> list[str]:
    """The names of arrays that are parameters: those that the text about the file does not tell of."""
    further = json.loads(about).get("further", {}) if about is not None else {}
    return [name for name in names if name not in further.values()]


def _comes_back(name: str, suffix: str) -> bool:
    """Whether an array of this name can be found again in a file of this format."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return False
    return name != "__metadata__" if suffix == ".safetensors" else "\0" not in name and length < LONGEST_NAME


def _safetensors() -> Any:
    """The module that knows the format. Raises ImportError with the command that installs it."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "weights in .safetensors need the package safetensors, which is not installed; "
            "pip install 'scalar-autograd[safetensors]' brings it, and .npz needs nothing"
        ) from error
    return safetensors.numpy


def _read_npz(path: Path, shapes: Shapes, what: str, strict: bool) -> dict[str, Any]:
    """The arrays of an .npz file: shapes are checked before anything is unpacked, so a small file stays small."""
    import zipfile

    import numpy
    from numpy.lib import format as npy

    found: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist() if name != ABOUT}
        check_names(what, set(_parameters(members, _about_npz(path))), shapes, strict=strict)
        for name, shape in shapes.items():
            if name not in members:
                continue
            member = _member(archive, members[name], path)
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # Python unpacks others by whole blocks, of any size.
                raise StateError(f"{what}: {one_line(f'{name} in {path}')} is compressed as NumPy never does")
            # Compressed, a few bytes can claim to be a parameter of any length that is still open.
            if None in shape and member.compress_type != zipfile.ZIP_STORED:
                raise StateError(
                    f"{what}: {one_line(f'{name} in {path}')} is compressed, and its shape is not settled yet"
                )
            with archive.open(members[name]) as file:
                version = npy.read_magic(file)
                if version not in ((1, 0), (2, 0)):
                    raise StateError(f"{what}: {one_line(f'{name} in {path}')} has the unknown format {version}")
                claimed = file.read(2 if version == (1, 0) else 4)
                if int.from_bytes(claimed, "little") > LONGEST_HEADER:
                    raise StateError(
                        f"{what}: {one_line(f'{name} in {path}')} has a header of more than {LONGEST_HEADER} bytes"
                    )
                header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                given, _, dtype = header(io.BytesIO(claimed + file.read(LONGEST_HEADER)))
                check_shape(what, name, given, shape)
                if dtype.kind not in "fiu":
                    raise StateError(f"{what}: {one_line(f'{name} in {path}')} holds {dtype}, not numbers")
                if math.prod(given) * dtype.itemsize > member.file_size:
                    raise StateError(
                        f"{what}: {one_line(f'{name} in {path}')} holds fewer numbers than its shape tells"
                    )
            with archive.open(members[name]) as file:
                found[name] = numpy.array(npy.read_array(file, allow_pickle=False), dtype=float)
    return found


def _read_safetensors(path: Path, shapes: Shapes, what: str, strict: bool) -> dict[str, Any]:
    """The arrays of a .safetensors file; its reader checks all lengths against that of the file."""
    _safetensors()
    import safetensors

    found: dict[str, Any] = {}
    try:
        with safetensors.safe_open(str(path), framework="numpy") as file:
            names = set(file.keys())
            check_names(what, set(_parameters(names, (file.metadata() or {}).get(ABOUT))), shapes, strict=strict)
            for name, shape in shapes.items():
                if name in names:
                    part = file.get_slice(name)
                    check_shape(what, name, tuple(part.get_shape()), shape)
                    if part.get_dtype() not in NUMPY_KINDS:
                        raise StateError(
                            f"{what}: {name} in {path} holds {part.get_dtype()}, which NumPy doesn't know; save it as "
                            f"float32"
                        )
                    found[name] = file.get_tensor(name)
    except safetensors.SafetensorError as error:
        raise StateError(f"{what}: {path} is damaged or no file of weights: {error}") from error
    return found
