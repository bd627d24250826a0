"""Snapshots by themselves: what is refused, and that a file is whole or as it was."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from playground import (
    Chain,
    InvalidType,
    Link,
    MissingEntryError,
    MissingLibraryError,
    Parameter,
    SnapshotError,
    optimizers,
    serializers,
)
from tests.strict_array import StrictArray, registered


def link(size: int = 2) -> Any:
    made = Link()
    with made.init_scope():
        made.w = Parameter(np.arange(size, dtype="f4"))
    return made


class Told:
    """Its pickle would run a function."""

    ran: tuple[int, ...] = ()

    def __reduce__(self) -> Any:
        return _tell, ()


def _tell() -> int:
    Told.ran += (1,)
    return 1


@pytest.mark.parametrize(
    "value",
    [
        np.array(Told(), object),
        np.array([None], object),
        np.array({"a": None}, object),
        np.array([None, Told()], object),
        np.array("text", object),
        np.array(5, object),
    ],
)
def test_a_pickled_object_is_never_loaded(value: Any, tmp_path: Path) -> None:
    file = tmp_path / "crafted.npz"
    np.savez(file, w=value, other=np.ones(2, "f4"))
    with pytest.raises(SnapshotError, match="ignore_names='w'"):
        serializers.load_npz(file, link())
    assert Told.ran == ()
    kept = link()
    serializers.load_npz(file, kept, ignore_names="w")
    assert kept.w.array.tolist() == [0, 1]


def test_none_is_told_from_other_objects(tmp_path: Path) -> None:
    file = tmp_path / "none.npz"
    np.savez(file, w=np.array(None))
    later = Link()
    with later.init_scope():
        later.w = Parameter(1.0)
    serializers.load_npz(file, later)
    assert later.w.array is None
    serializers.save_npz(file, later)
    with np.load(file, allow_pickle=True) as npz:
        assert npz["w"].item() is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no npz file"),
        (b"nonsense", "no npz file"),
        (b"\x80\x04\x95\x05", "looks like a pickle"),
        (b"\x89HDF\r\n\x1a\n", "use load_hdf5"),
        (b"\x93NUMPY\x01\x00", "numpy.load"),
        (b"PK\x03\x04....", "cut off"),
    ],
)
def test_another_kind_of_file_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(SnapshotError, match=words):
        serializers.load_npz(file, link())


def test_damage_is_named() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("w.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': oops")
    with pytest.raises(SnapshotError, match="'w' is damaged"):
        serializers.load_npz(stream, link())


def test_another_build_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    serializers.save_npz(file, Chain(a=link()))
    with pytest.raises(MissingEntryError, match="no 'b/w'; it has a/w") as caught:
        serializers.load_npz(file, Chain(b=link()))
    assert isinstance(caught.value, KeyError)
    assert str(caught.value).startswith("the snapshot has no")
    with pytest.raises(InvalidType, match=r"(?s)'a/w'.*\(3,\).*\(2,\) in the snapshot"):
        serializers.load_npz(file, Chain(a=link(3)))
    with pytest.raises(FileNotFoundError):
        serializers.load_npz(tmp_path / "none", link())


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file"
    serializers.save_npz(file, link())
    before = file.read_bytes()
    bad = link()
    bad.add_persistent("thing", {"a": 1})
    with pytest.raises(SnapshotError, match="'thing' is neither array nor number"):
        serializers.save_npz(file, bad)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_names_that_are_arguments_elsewhere(tmp_path: Path) -> None:
    """numpy.savez itself cannot write an array called file."""
    values = {"file": np.ones(2), "args": np.zeros(()), "a/b": np.arange(3)}
    serializers.save_npz(tmp_path / "x.npz", values)
    with np.load(tmp_path / "x.npz") as npz:
        assert {name: npz[name].tolist() for name in npz} == {
            name: value.tolist() for name, value in values.items()
        }


def test_a_device_writes_and_reads() -> None:
    with registered():
        moved = link()
        moved.w.array = StrictArray.of(np.array([5.0, 6.0], "f4"))
        stream = io.BytesIO()
        serializers.save_npz(stream, moved)
        host = link()
        serializers.load_npz(stream, host)
        assert host.w.array.tolist() == [5, 6]
        host.w.array[...] = 7
        stream = io.BytesIO()
        serializers.save_npz(stream, host)
        serializers.load_npz(stream, moved)
        assert type(moved.w.array) is StrictArray


def test_a_rule_whose_correction_is_not_in_the_file() -> None:
    def started() -> Any:
        made = link()
        return made, optimizers.MSVAG(lr=0.01).setup(made)

    def go(model: Any, optimizer: Any, steps: int) -> None:
        for _ in range(steps):
            optimizer.update(lambda: ((model.w - 3) ** 2).sum())

    model, optimizer = started()
    go(model, optimizer, 4)
    written = serializers.DictionarySerializer()
    for thing, name in ((model, "model"), (optimizer, "optimizer")):
        written[name].save(thing)
    other, after = started()
    for thing, name in ((other, "model"), (after, "optimizer")):
        serializers.NpzDeserializer(written.target)[name].load(thing)
    go(model, optimizer, 3)
    go(other, after, 3)
    assert model.w.array.tolist() == other.w.array.tolist()


def test_without_h5py_the_way_out_is_named(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingLibraryError, match="pip install h5py"):
        serializers.save_hdf5(tmp_path / "x", link())
    with pytest.raises(MissingLibraryError, match="save snapshots as npz"):
        serializers.load_hdf5(tmp_path / "x", link())


def test_hdf5_says_what_is_wrong(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    file = tmp_path / "x.h5"
    serializers.save_hdf5(file, Chain(a=link()))
    with pytest.raises(KeyError, match="group for 'w'"):
        serializers.load_hdf5(file, Chain(b=link()))
    with pytest.raises(InvalidType, match="in the snapshot"):
        serializers.load_hdf5(file, Chain(a=link(3)))
    with pytest.raises(FileNotFoundError):
        serializers.load_hdf5(tmp_path / "none", link())
    serializers.save_npz(file, link())
    with pytest.raises(SnapshotError, match="no HDF5 file"):
        serializers.load_hdf5(file, link())
    bad = link()
    bad.add_persistent("text", "abc")
    with pytest.raises(SnapshotError, match="'text'"):
        serializers.save_hdf5(tmp_path / "y", bad)
    assert {path.name for path in tmp_path.iterdir()} == {"x.h5"}
