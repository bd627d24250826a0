"""npz: snapshots as a zip of arrays, one entry a parameter, named by its path.

Chainer's files hold a pickled None for what has no value yet. That is recognised and written byte
by byte; nothing is ever unpickled, and any other pickled object is refused.
"""

from __future__ import annotations

import io
import os
import pickletools
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, TypeAlias

import numpy as np

from playground.graph.backend import is_array, to_cpu
from playground.graph.errors import MissingEntryError, SnapshotError
from playground.graph.types import HostArray, Serializing
from playground.lab.files import write_whole
from playground.serializer import Deserializer, Serializer
from playground.serializers.values import value_read

__all__ = ["DictionarySerializer", "NpzDeserializer", "load_npz", "save_npz"]

# Which entries stay as they are: a name, or a function that is asked.
Ignored: TypeAlias = str | Callable[[str], bool]

# What numpy.save makes of None, in the words that NumPy 1 and 2 both know.
PICKLED_NONE = (
    b"\x80\x03cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02C\x01b"
    b"q\x03\x87q\x04Rq\x05(K\x01)cnumpy\ndtype\nq\x06X\x02\x00\x00\x00O8q\x07\x89\x88\x87q\x08Rq\t"
    b"(K\x03X\x01\x00\x00\x00|q\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0bb\x89]q\x0cNatq\rb."
)
MEMO = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}


# --------------------------------------------------------------------------------------- writing


class DictionarySerializer(Serializer):
    """Writes values as arrays into the dict ``target``, under their paths."""

    def __init__(self, target: dict[str, Any] | None = None, path: str = "") -> None:
        self.target = {} if target is None else target
        self.path = path

    def __getitem__(self, key: str) -> DictionarySerializer:
        return DictionarySerializer(self.target, f"{self.path}{key.strip('/')}/")

    def __call__(self, key: str, value: Serializing) -> Serializing:
        # A copy is not made: who saves in the background makes one.
        array = to_cpu(value) if is_array(value) else np.asarray(value)
        self.target[self.path + key.lstrip("/")] = array
        return value


def save_npz(file: str | os.PathLike[str] | IO[bytes], obj: Any, compression: bool = True) -> None:
    """Write a link, an optimizer, or a dict of arrays to an npz file.

    ``file`` is a path, which gets no ending that it has not, or a stream. Raises SnapshotError for
    a value that is no array or number; the file is then as it was before.
    """
    if isinstance(obj, dict):
        target = obj
    else:
        serializer = DictionarySerializer()
        serializer.save(obj)
        target = serializer.target
    # Not by numpy.savez, whose own arguments a parameter cannot be called after (file).
    content = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if compression else zipfile.ZIP_STORED
    with zipfile.ZipFile(content, "w", kind) as archive:
        for key, value in target.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as entry:
                write_entry(entry, key, np.asarray(value))
    if isinstance(file, (str, os.PathLike)):
        write_whole(file, content.getvalue())
    else:
        file.write(content.getvalue())


def write_entry(entry: IO[bytes], key: str, array: HostArray) -> None:
    """Write one array as numpy.save does."""
    if array.dtype.hasobject:
        if array.shape != () or array.item() is not None:
            raise SnapshotError(
                f"save_npz: {key!r} is neither array nor number: it could only be pickled, and a "
                f"snapshot must not be: give a number, a text or an array"
            )
        # Byte by byte: NumPy would write it by pickling, which it is told nowhere to do.
        header = {"descr": "|O", "fortran_order": False, "shape": ()}
        np.lib.format.write_array_header_1_0(entry, header)
        entry.write(PICKLED_NONE)
    else:
        np.lib.format.write_array(entry, array, allow_pickle=False)


# --------------------------------------------------------------------------------------- reading


class Archive(Mapping[str, HostArray]):
    """The arrays of an npz file, each read when it is asked for."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = [name.removesuffix(".npy") for name in archive.namelist()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, key: str) -> HostArray:
        try:
            info = self._archive.getinfo(f"{key}.npy")
        except KeyError:
            raise missing_entry(key, self._names) from None
        try:
            return read_entry(key, self._archive.read(info))
        # A header is parsed as a literal of Python's, which may fail in as many ways as a program.
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, SyntaxError) as error:
            if isinstance(error, SnapshotError):
                raise
            raise SnapshotError(f"load_npz: the entry {key!r} is damaged: {error}") from error


def missing_entry(key: str, names: Sequence[str]) -> MissingEntryError:
    """The error for a snapshot that does not have what the model asks for."""
    shown = ", ".join(sorted(names)[:5]) + (", …" if len(names) > 5 else "")
    return MissingEntryError(
        f"the snapshot has no {key!r}; it has {shown or 'nothing'}: load it into a model of the "
        f"same build, or leave what is missing as it is by strict=False"
    )


def read_entry(key: str, content: bytes) -> HostArray:
    """One array as numpy.save wrote it; None is an array of no axes."""
    stream = io.BytesIO(content)
    # Where the header of NumPy's first version has no such letter it names no objects: to read it
    # once is half of the time that a small array takes.
    if content[6:8] == b"\x01\x00" and b"O" not in content[8 : 10 + _length(content)]:
        return np.lib.format.read_array(stream, allow_pickle=False)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read_header = np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    # Asked before anything of the body is read: objects are all that NumPy would unpickle.
    if not dtype.hasobject:
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    if shape != () or not is_pickled_none(stream.read()):
        raise SnapshotError(
            f"load_npz: the entry {key!r} is a pickled Python object, and to unpickle is to run "
            f"what its author wrote: leave it out by ignore_names={key!r}, or save the model again "
            f"as arrays where it came from"
        )
    return np.asarray(None)


def _length(content: bytes) -> int:
    return int.from_bytes(content[8:10], "little")


def is_pickled_none(content: bytes) -> bool:
    """Whether a pickle is NumPy's array of one None; told from its text, which is not run."""
    words = [op.name for op, _, _ in pickletools.genops(content) if op.name not in MEMO]
    if "EMPTY_LIST" not in words:
        return False
    # The elements stand in the only list: one append of a None.
    place = words.index("EMPTY_LIST")
    return words.count("EMPTY_LIST") == 1 and words[place + 1 : place + 3] == ["NONE", "APPEND"]


class NpzDeserializer(Deserializer):
    """Reads values from a mapping of names to arrays, such as an open npz file.

    Args:
        npz: the mapping.
        path: what stands before every name.
        strict: whether a name that is missing raises; else the value stays.
        ignore_names: entries that stay as they are: names, functions of a name, or a list of both.
    """

    def __init__(
        self,
        npz: Mapping[str, Any],
        path: str = "",
        strict: bool = True,
        ignore_names: Ignored | Sequence[Ignored] | None = None,
    ) -> None:
        self.npz, self.path, self.strict = npz, path, strict
        self.ignore_names = [] if ignore_names is None else ignore_names

    def __getitem__(self, key: str) -> NpzDeserializer:
        path = f"{self.path}{key.strip('/')}/"
        return NpzDeserializer(self.npz, path, self.strict, self.ignore_names)

    def __call__(self, key: str, value: Serializing) -> Serializing:
        key = self.path + key.lstrip("/")
        if (not self.strict and key not in self.npz) or self._ignores(key):
            return value
        found = np.asarray(self.npz[key])
        if found.dtype.hasobject and found.shape == () and found.item() is None:
            return None
        return value_read(key, value, found)

    def _ignores(self, key: str) -> bool:
        names = self.ignore_names
        for name in names if isinstance(names, (list, tuple)) else (names,):
            if not (isinstance(name, str) or callable(name)):
                kind = type(name).__name__
                raise ValueError(f"ignore_names: expected names or functions of one, got {kind}")
            if name == key if isinstance(name, str) else name(key):
                return True
        return False


def load_npz(
    file: str | os.PathLike[str] | IO[bytes],
    obj: Any,
    path: str = "",
    strict: bool = True,
    ignore_names: Ignored | Sequence[Ignored] | None = None,
) -> None:
    """Read a link or an optimizer from an npz file; the arguments are NpzDeserializer's.

    Raises SnapshotError for a file that is no npz or holds pickled objects, MissingEntryError (a
    KeyError) for an entry that is missing, InvalidType for one of another shape.
    """
    if isinstance(file, (str, os.PathLike)):
        with open(file, "rb") as stream:
            load_npz(stream, obj, path, strict, ignore_names)
        return
    # For the message, should it be something else.
    start = file.read(8)
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        name = getattr(file, "name", "the file")
        raise SnapshotError(f"load_npz: {name} is no npz file: {kind_of_file(start)}") from error
    with archive:
        NpzDeserializer(Archive(archive), path, strict, ignore_names).load(obj)


def kind_of_file(start: bytes) -> str:
    """What a file that begins so is instead of an npz, and what to do with it."""
    if start.startswith(b"\x89HDF"):
        return "it is HDF5: use load_hdf5"
    if start.startswith(b"\x93NUMPY"):
        return "it is a single array: read it with numpy.load"
    if start.startswith(b"\x80"):
        return (
            "it looks like a pickle, which is never loaded: where it was made, unpickle it and "
            "save the model by serializers.save_npz"
        )
    return "it may be cut off" if start.startswith(b"PK") else "save one by serializers.save_npz"
