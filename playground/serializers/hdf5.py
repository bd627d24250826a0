"""HDF5: snapshots as groups of datasets. The one home of h5py, which is loaded when asked for."""

from __future__ import annotations

import os
from typing import Any, TypeAlias

import numpy as np

from playground.graph.backend import is_array, to_cpu
from playground.graph.errors import MissingEntryError, MissingLibraryError, SnapshotError
from playground.graph.types import Serializing
from playground.serializer import Deserializer, Serializer
from playground.serializers.npz import missing_entry
from playground.serializers.values import value_read

__all__ = ["HDF5Deserializer", "HDF5Serializer", "load_hdf5", "save_hdf5"]

# An h5py.Group; a file is its own root group.
Group: TypeAlias = Any


def hdf5_library() -> Any:
    """The module h5py. Raises MissingLibraryError."""
    # Not at the top: who saves as npz needs no HDF5, and importing it takes longer than NumPy.
    try:
        import h5py
    except ImportError as error:
        raise MissingLibraryError(
            "HDF5 files need h5py: pip install h5py (or save snapshots as npz, by save_npz)"
        ) from error
    return h5py


class HDF5Serializer(Serializer):
    """Writes values into an HDF5 group, compressed by gzip of level ``compression``."""

    def __init__(self, group: Group, compression: int | None = 4) -> None:
        self._h5py = hdf5_library()
        self.group, self.compression = group, compression

    def __getitem__(self, key: str) -> HDF5Serializer:
        return HDF5Serializer(self.group.require_group(key.strip("/")), self.compression)

    def __call__(self, key: str, value: Serializing) -> Serializing:
        if value is None:
            # Chainer's mark of what has no value.
            self.group.create_dataset(key, data=self._h5py.Empty("f"))
            return value
        array = to_cpu(value) if is_array(value) else np.asarray(value)
        if array.dtype.kind in "OU":
            raise SnapshotError(
                f"save_hdf5: {key!r} is a text or an object, which Chainer's HDF5 files do not "
                f"hold: save by save_npz"
            )
        # Scalars have no chunks that HDF5 could compress.
        compression = None if array.size <= 1 else self.compression
        self.group.create_dataset(key, data=array, compression=compression)
        return value


class HDF5Deserializer(Deserializer):
    """Reads values from an HDF5 group; where ``strict`` is false, what is missing stays."""

    def __init__(self, group: Group | None, strict: bool = True) -> None:
        hdf5_library()
        self.group, self.strict = group, strict

    def __getitem__(self, key: str) -> HDF5Deserializer:
        group = None if self.group is None else self.group.get(key.strip("/"))
        return HDF5Deserializer(group, self.strict)

    def __call__(self, key: str, value: Serializing) -> Serializing:
        key = key.lstrip("/")
        if self.group is None or key not in self.group:
            if not self.strict:
                return value
            if self.group is None:
                raise MissingEntryError(f"the snapshot has no group for {key!r}: another build")
            raise missing_entry(key, list(self.group))
        dataset = self.group[key]
        if dataset.shape is None:
            return None
        return value_read(key, value, np.asarray(dataset))


def save_hdf5(filename: str | os.PathLike[str], obj: Any, compression: int | None = 4) -> None:
    """Write a link, an optimizer, or a dict of arrays to an HDF5 file."""
    # A draft beside it: who is interrupted keeps the snapshot that was there.
    draft = f"{os.fspath(filename)}.{os.getpid()}.tmp"
    try:
        with hdf5_library().File(draft, "w") as file:
            serializer = HDF5Serializer(file, compression)
            if isinstance(obj, dict):
                for key, value in obj.items():
                    serializer(key.lstrip("/"), value)
            else:
                serializer.save(obj)
        os.replace(draft, filename)
    finally:
        if os.path.exists(draft):
            os.unlink(draft)


def load_hdf5(filename: str | os.PathLike[str], obj: Any) -> None:
    """Read a link or an optimizer from an HDF5 file."""
    h5py = hdf5_library()
    if not os.path.exists(filename):
        raise FileNotFoundError(f"load_hdf5: there is no file {os.fspath(filename)}")
    if not h5py.is_hdf5(filename):
        raise SnapshotError(f"load_hdf5: {os.fspath(filename)} is no HDF5 file: is it an npz?")
    with h5py.File(filename, "r") as file:
        HDF5Deserializer(file).load(obj)
