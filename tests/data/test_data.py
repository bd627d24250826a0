"""Datasets, batches and iterators, by what they are defined to be."""

from __future__ import annotations

import copy
import os
import zipfile
from pathlib import Path
from typing import Any
from urllib import request

import numpy as np
import pytest

import playground
from playground import dataset, datasets, iterators
from playground.datasets.stand_ins import make_stand_in, stand_in_names
from playground.graph.errors import InputError, MissingDataError, MissingLibraryError

TEN = list(range(10))
KINDS = ["SerialIterator", "MultithreadIterator", "MultiprocessIterator"]


def made(kind: str, *args: Any, **kwargs: Any) -> Any:
    if kind == "MultiprocessIterator":
        kwargs["n_processes"] = 2
    return getattr(iterators, kind)(*args, **kwargs)


class Squares(dataset.DatasetMixin):
    def __len__(self) -> int:
        return 10

    def get_example(self, i: int) -> Any:
        if i == 7:
            raise KeyError("seven is not there")
        return i * i


# ------------------------------------------------------------------------------------ iterators


@pytest.mark.parametrize("kind", KINDS)
def test_batches_in_order(kind: str) -> None:
    with made(kind, TEN, 4, repeat=False, shuffle=False) as iterator:
        assert list(iterator) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert list(iterator) == []
        assert (iterator.epoch, iterator.is_new_epoch, iterator.epoch_detail) == (1, True, 1.0)
        iterator.reset()
        assert iterator.previous_epoch_detail is None
        assert iterator.next() == [0, 1, 2, 3]
        assert iterator.previous_epoch_detail == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_every_epoch_has_every_example_once(kind: str) -> None:
    with made(kind, TEN, 4, order_sampler=shuffler()) as iterator:
        seen = [number for _ in range(10) for number in iterator.next()]
        assert iterator.epoch_detail == 4.0
    epochs = [seen[10 * i : 10 * i + 10] for i in range(4)]
    assert all(sorted(epoch) == TEN for epoch in epochs)
    assert len({*map(tuple, epochs)}) == 4


def shuffler() -> Any:
    return iterators.ShuffleOrderSampler(np.random.RandomState(3))


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_the_dataset_comes_out_in_its_turn(kind: str) -> None:
    with made(kind, Squares(), 3, shuffle=False) as iterator:
        assert iterator.next() == [0, 1, 4]
        assert iterator.next() == [9, 16, 25]
        with pytest.raises(KeyError, match="seven is not there"):
            iterator.next()


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_longer_than_the_dataset(kind: str) -> None:
    with made(kind, [5, 6, 7], 7, shuffle=False) as iterator:
        assert iterator.next() == [5, 6, 7, 5, 6, 7, 5]
        assert (iterator.epoch, iterator.current_position) == (2, 1)


def test_numpys_seed_decides_the_order() -> None:
    np.random.seed(4)
    expected = np.random.RandomState(4).permutation(10).tolist()
    assert iterators.SerialIterator(TEN, 10, repeat=False).next() == expected


def test_a_switch_gives_the_order_another_generator() -> None:
    with playground.using_config("rng", np.random.RandomState(8)):
        batch = iterators.SerialIterator(TEN, 10, repeat=False).next()
    assert batch == np.random.RandomState(8).permutation(10).tolist()


def test_orders_that_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        iterators.SerialIterator(TEN, 2, shuffle=True, order_sampler=shuffler())
    with pytest.raises(ValueError, match="cannot repeat"):
        iterators.SerialIterator([], 2, shuffle=False).next()
    short = iterators.SerialIterator(TEN, 4, order_sampler=lambda order, i: order[i:])
    with pytest.raises(ValueError, match="keep its length"):
        [short.next() for _ in range(3)]
    for kind in KINDS:
        with pytest.raises(ValueError, match="1 or more, got 0"):
            made(kind, TEN, 0)
    with pytest.raises(MissingLibraryError, match="MultiprocessIterator"):
        iterators.DaliIterator(None)


class Dies(dataset.DatasetMixin):
    def __len__(self) -> int:
        return 4

    def get_example(self, i: int) -> Any:
        os._exit(3)


def test_a_process_that_ends_is_told_of() -> None:
    with (
        made("MultiprocessIterator", Dies(), 2) as iterator,
        pytest.raises(RuntimeError, match="exit code 3"),
    ):
        iterator.next()
    with pytest.raises(NotImplementedError, match="finalized"):
        iterator.reset()


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_stands_at_the_same_place(kind: str) -> None:
    with made(kind, TEN, 4, shuffle=False) as iterator:
        iterator.next()
        with copy.copy(iterator) as other:
            assert other.next() == iterator.next() == [4, 5, 6, 7]
        assert iterator.next() == [8, 9, 0, 1]


# ------------------------------------------------------------------------------------- batches


def test_examples_become_arrays() -> None:
    batch = [(np.ones(2, "f4"), 3), (np.zeros(2, "f4"), 4)]
    x, y = dataset.concat_examples(batch)
    assert (x.dtype, x.shape) == ("f4", (2, 2))
    assert y.tolist() == [3, 4]
    found = dataset.concat_examples([{"x": [1, 2]}, {"x": [3, 4]}])
    assert found["x"].tolist() == [[1, 2], [3, 4]]
    assert dataset.concat_examples([1.5, 2.5]).tolist() == [1.5, 2.5]


def test_shapes_that_differ_are_padded_or_told_of() -> None:
    batch = [(np.array([1, 2]), 0), (np.array([3]), 1), (np.zeros(0, int), 2)]
    x, y = dataset.concat_examples(batch, padding=(9, None))
    assert x.tolist() == [[1, 2], [3, 9], [9, 9]]
    assert y.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match=r"part 0 .* \(0,\), \(1,\), \(2,\).*padding=0"):
        dataset.concat_examples(batch)
    for odd in (None, "text", {"a": 1}, b"bytes", object()):
        with pytest.raises(TypeError, match="part 1 are to be arrays or numbers"):
            dataset.concat_examples([(1, odd), (2, odd)])
    with pytest.raises(ValueError, match="different shapes"):
        dataset.concat_examples([[1, 2], [3]])
    with pytest.raises(ValueError, match="empty"):
        dataset.concat_examples([])
    for batch, kind, words in (
        ([(1, 2), (3,)], IndexError, "example 1 of the batch has 1 parts"),
        ([{"a": 1}, {"b": 1}], KeyError, "example 1 of the batch has no 'a'"),
        ([np.ones(2), "a"], TypeError, "different kinds: ndarray, str"),
    ):
        with pytest.raises(kind, match=words):
            dataset.concat_examples(batch)


def test_a_converter_gets_a_device() -> None:
    seen = []

    @dataset.converter()
    def mine(batch: Any, device: Any) -> Any:
        seen.append(device and device.name)
        return batch

    assert [mine(3, None), mine(3, -1), mine(3, device="@numpy")] == [3, 3, 3]
    assert seen == [None, "@numpy", "@numpy"]
    with pytest.raises(TypeError, match="a function of batch"):
        dataset.converter()(3)


def test_what_stands_in_brackets() -> None:
    numbers = datasets.TransformDataset(TEN, lambda i: i * i)
    assert numbers[3] == 9
    assert numbers[-3:] == [49, 64, 81]
    assert numbers[[4, 0]] == numbers[np.array([4, 0])] == [16, 0]
    assert numbers[np.arange(10) > 7] == [64, 81]
    with pytest.raises(IndexError, match="one truth value for each"):
        numbers[np.array([True])]


# ------------------------------------------------------------------------------------ datasets


def test_datasets_side_by_side() -> None:
    pairs = datasets.TupleDataset(TEN, np.arange(10) ** 2)
    assert pairs[3] == (3, 9)
    assert pairs[8:] == [(8, 64), (9, 81)]
    named = datasets.DictDataset(x=TEN, y=TEN[::-1])
    assert named[8:] == [{"x": 8, "y": 1}, {"x": 9, "y": 0}]
    both = datasets.ConcatenatedDataset([1, 2], [], [3])
    assert (len(both), both[:]) == (3, [1, 2, 3])
    with pytest.raises(IndexError, match="only 0 to 2"):
        both[3]
    with pytest.raises(ValueError, match="1 has 9 examples"):
        datasets.TupleDataset(TEN, TEN[1:])
    with pytest.raises(ValueError, match="at least one"):
        datasets.DictDataset()


def test_splits() -> None:
    first, second = datasets.split_dataset(TEN, 3)
    assert (first[:], second[-1], len(second)) == ([0, 1, 2], 9, 7)
    parts = datasets.split_dataset_random(TEN, 6, seed=1)
    assert sorted(parts[0][:] + parts[1][:]) == TEN
    assert [part[:] for part in datasets.split_dataset_n(TEN, 3)] == [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
    ]
    folds = datasets.get_cross_validation_datasets_random(TEN, n_folds=4, seed=0)
    assert sorted(i for _, test in folds for i in test[:]) == TEN
    assert all(sorted(train[:] + test[:]) == TEN for train, test in folds)
    with pytest.raises(ValueError, match="0 to 10"):
        datasets.split_dataset(TEN, 11)
    with pytest.raises(TypeError, match="an int, got float"):
        datasets.split_dataset(TEN, 5.0)
    with pytest.raises(IndexError, match="no example 3"):
        first[3]


def test_lines_of_texts(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("a\nbä\nc\n", encoding="utf-8")
    other.write_text("x\ny\nz", encoding="utf-8")
    pairs = datasets.TextDataset([str(one), str(other)], encoding="utf-8")
    assert pairs[:] == [("a\n", "x\n"), ("bä\n", "y\n"), ("c\n", "z")]
    chosen = datasets.TextDataset(str(one), "utf-8", filter_func=lambda line: line[0] != "a")
    assert (len(chosen), chosen[1]) == (2, "c\n")
    with pytest.raises(IndexError, match="no line 2"):
        chosen[2]
    chosen.close()
    other.write_text("x\n")
    with pytest.raises(ValueError, match="line 2"):
        datasets.TextDataset([str(one), str(other)])
    with pytest.raises(ValueError, match="at least one"):
        datasets.TextDataset([])


def test_images(tmp_path: Path) -> None:
    Image = pytest.importorskip("PIL.Image")
    grey = np.arange(6, dtype="u1").reshape(2, 3)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.stack([grey, grey + 9, grey + 90], axis=2)).save(tmp_path / "rgb.png")
    (tmp_path / "list").write_text("grey.png 3\nrgb.png 4\n")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as file:
        file.write(tmp_path / "rgb.png", "rgb.png")
        file.write(tmp_path / "grey.png", "grey.png")
    images = datasets.ImageDataset(["grey.png", "rgb.png"], root=str(tmp_path))
    assert (images[0].dtype, images[0].tolist()) == ("f4", [grey.tolist()])
    assert images[1][:, 1, 2].tolist() == [5, 14, 95]
    pairs = datasets.LabeledImageDataset(str(tmp_path / "list"), str(tmp_path), np.uint8)
    assert (pairs[1][0].dtype, pairs[1][1].tolist()) == ("u1", 4)
    name = str(tmp_path / "all.zip")
    zipped = datasets.MultiZippedImageDataset([name, name])
    assert len(zipped) == 4
    np.testing.assert_array_equal(zipped[3], images[0])
    labelled = datasets.LabeledZippedImageDataset(name, str(tmp_path / "list"))
    np.testing.assert_array_equal(labelled[0][0], images[0])
    (tmp_path / "list").write_text("grey.png 3\nrgb.png\n")
    with pytest.raises(ValueError, match="line 2 of"):
        datasets.LabeledImageDataset(str(tmp_path / "list"))


def test_pickles_are_refused() -> None:
    for call in (
        datasets.PickleDataset,
        datasets.PickleDatasetWriter,
        datasets.open_pickle_dataset,
        datasets.open_pickle_dataset_writer,
    ):
        with pytest.raises(InputError, match=r"savez_compressed.*TupleDataset"):
            call("examples.pkl")


# ------------------------------------------------------------------------------------ the cache


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def no_network(*args: Any, **kwargs: Any) -> Any:
        raise request.URLError("no network")

    monkeypatch.setenv("CHAINER_DATASET_ROOT", str(tmp_path / "root"))
    monkeypatch.setattr(request, "urlopen", no_network)
    return tmp_path / "root"


GETTERS = {
    "mnist": datasets.get_mnist,
    "fashion_mnist": datasets.get_fashion_mnist,
    "kuzushiji_mnist": datasets.get_kuzushiji_mnist,
    "cifar10": datasets.get_cifar10,
    "cifar100": datasets.get_cifar100,
    "svhn": datasets.get_svhn,
    "ptb": datasets.get_ptb_words,
}


@pytest.mark.parametrize("name", [*GETTERS])
def test_a_dataset_that_is_not_there_is_asked_for_in_one_line(root: Path, name: str) -> None:
    with pytest.raises(MissingDataError) as caught:
        GETTERS[name]()
    text = str(caught.value)
    assert "\n" not in text
    assert f"--fake-data {name}" in text
    (path,) = [word.rstrip(",") for word in text.split() if word.startswith(str(root))]
    assert path.endswith((".npz", "vocab.txt"))
    assert isinstance(caught.value, OSError)


@pytest.mark.filterwarnings("ignore:.*stand-in")
@pytest.mark.parametrize("name", [*GETTERS])
def test_a_stand_in_takes_its_place(root: Path, name: str) -> None:
    paths = make_stand_in(name, train=30, test=20)
    assert all(Path(path).is_file() and path.startswith(str(root)) for path in paths)
    found = GETTERS[name]()
    assert [len(part) for part in found] == ([30, 20, 20] if name == "ptb" else [30, 20])
    if name != "ptb":
        image, label = found[0][0]
        assert (image.dtype, label.dtype) == ("f4", "i4")
        assert 0 <= image.min() < image.max() <= 1
    with pytest.raises(InputError, match="left as it is"):
        make_stand_in(name)


def test_a_stand_in_says_so_and_the_same_seed_makes_the_same(root: Path) -> None:
    make_stand_in("mnist", 20, 10, seed=5)
    with pytest.warns(UserWarning, match="mean nothing") as caught:
        train, _ = datasets.get_mnist(withlabel=False, ndim=3, rgb_format=True)
    assert {warning.filename for warning in caught} == {__file__}
    assert train.shape == (20, 3, 28, 28)
    make_stand_in("mnist", 20, 10, seed=5, root=str(root / "again"))
    dataset.set_dataset_root(str(root / "again"))
    try:
        with pytest.warns(UserWarning, match="mean nothing"):
            again, _ = datasets.get_mnist(withlabel=False, ndim=1)
    finally:
        dataset.set_dataset_root(None)
    np.testing.assert_array_equal(again.reshape(20, 28, 28), train[:, 0])
    with pytest.raises(InputError, match=", ".join(stand_in_names())):
        make_stand_in("imagenet")


def test_files_of_mnists_own_format_are_read(root: Path, monkeypatch: Any) -> None:
    """As they lie on the network."""
    import gzip
    import io

    images = np.arange(3 * 784, dtype="u4").astype("u1")
    contents = {"images": bytes(16) + images.tobytes(), "labels": bytes(8) + bytes([7, 0, 9])}

    def answer(url: str, timeout: float) -> Any:
        (kind,) = [kind for kind in contents if kind in url]
        return io.BytesIO(gzip.compress(contents[kind]))

    monkeypatch.setattr(request, "urlopen", answer)
    train, test = datasets.get_mnist(scale=255)
    assert [train[i][1].tolist() for i in range(3)] == [7, 0, 9]
    np.testing.assert_array_equal(train[1][0], images[784 : 2 * 784])
    assert len(test) == 3
    monkeypatch.setattr(request, "urlopen", None)  # the file is there now
    assert len(datasets.get_mnist()[0]) == 3


def test_what_is_no_dataset_is_told_of(root: Path) -> None:
    folder = Path(dataset.get_dataset_directory("pfnet/chainer/cifar"))
    (folder / "cifar-10.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"cifar-10\.npz: it is no \.npz file"):
        datasets.get_cifar10()
    with pytest.raises(ValueError, match="ndim is to be 1 or 3"):
        datasets.get_cifar10(ndim=2)


def test_a_file_is_cached_once(root: Path) -> None:
    calls = []

    def create(path: str) -> str:
        calls.append(path)
        Path(path).write_text("content")
        return "created"

    path = str(root / "folder" / "file.txt")
    load = lambda path: Path(path).read_text()  # noqa: E731
    assert dataset.cache_or_load_file(path, create, load) == "created"
    assert dataset.cache_or_load_file(path, create, load) == "content"
    assert len(calls) == 1
    with pytest.raises(MissingDataError, match=r"no network.*put the file at"):
        dataset.cached_download("http://example.invalid/file")
    # Nothing half done is left behind.
    assert [p.name for p in root.rglob("*") if p.is_file()] == ["file.txt"]


def test_irises() -> None:
    irises = datasets.get_iris()
    lengths, species = irises[100]
    np.testing.assert_array_equal(lengths, np.array([6.3, 3.3, 6.0, 2.5], "f4"))
    assert (len(irises), species) == (150, 2)
    for dtype, expected in {"float64": "f8", playground.mixed16: "f2"}.items():
        with playground.using_config("dtype", dtype):
            assert datasets.get_iris(withlabel=False).dtype == expected


def test_tables() -> None:
    table = dataset.tabular.from_data({"x": np.arange(4.0), "y": ["a", "b", "c", "d"]})
    assert table[1] == {"x": 1.0, "y": "b"}
    assert table.slice[::-1, ("y",)].astuple()[0] == ("d",)
    both = table.concat(table.slice[[3, 0]])
    assert both.slice[:, "x"].fetch() == [0.0, 1.0, 2.0, 3.0, 3.0, 0.0]
    reads: list[int] = []

    def read(i: int) -> int:
        reads.append(i)
        return 10 * i

    wide = table.join(dataset.tabular.from_data(("z", read), size=4))
    assert wide.slice[1:3, ("y", "x")].fetch()["y"] == ["b", "c"]
    assert reads == []  # what is not asked for is not read
    assert wide.slice[2:, "z"].fetch() == [20, 30]
    assert dataset.concat_examples(wide.slice[:, ("x", "z")][:2])["z"].tolist() == [0, 10]
    summed = table.astuple().transform("s", lambda x, y: x + 1)
    np.testing.assert_array_equal(summed.convert(summed.fetch()), [1, 2, 3, 4])
    for call, words in {
        lambda: table.slice[[4]]: "no example 4 among 4",
        lambda: table.slice[:, "z"]: "only x, y",
        lambda: table.join(table): "stands twice",
        lambda: table.join(wide.slice[:2, ("z",)]): r"one length, got \[2, 4\]",
        lambda: table.concat(wide): "one set of columns",
        lambda: dataset.tabular.from_data(read): "a function needs a name",
    }.items():
        with pytest.raises((LookupError, ValueError), match=words):
            call()
