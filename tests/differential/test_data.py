"""Datasets, iterators, batches and reports: the same script on both engines."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import playground
from playground.datasets.stand_ins import make_stand_in
from tests.differential.both import assert_same, chainer, raised, run, same

TEN = list(range(10))


def walk(iterator: Any, count: int) -> list[Any]:
    """Batches, and all that a training loop asks for after each."""
    found = []
    for _ in range(count):
        batch = next(iterator, None)
        place = iterator.current_position, iterator.epoch, iterator.is_new_epoch
        found.append((batch, place, iterator.epoch_detail, iterator.previous_epoch_detail))
    iterator.finalize()
    return found


@pytest.mark.parametrize("size", [1, 3, 5, 10, 25])
@pytest.mark.parametrize("shuffle", [None, True, False])
def test_batches_of_a_seed(size: int, shuffle: bool | None) -> None:
    def script(engine: Any) -> Any:
        np.random.seed(size)
        serial = engine.iterators.SerialIterator(TEN, size, shuffle=shuffle)
        threads = engine.iterators.MultithreadIterator(TEN, size, shuffle=shuffle)
        once = engine.iterators.SerialIterator(TEN, size, False, shuffle)
        return walk(serial, 7), walk(threads, 7), walk(once, 10 // size + 1), np.random.rand()

    assert_same(run(script, playground), run(script, chainer))


@same
def test_batches_of_processes(engine: Any) -> Any:
    sampler = engine.iterators.ShuffleOrderSampler(np.random.RandomState(5))
    kwargs: Any = {"n_processes": 1, "shared_mem": 100, "order_sampler": sampler}
    iterator = engine.iterators.MultiprocessIterator(TEN, 4, **kwargs)
    found = walk(iterator, 6)
    return found, raised(lambda: iterator.reset())


@same
def test_iterators_that_are_refused(engine: Any) -> Any:
    kinds = engine.iterators
    order = kinds.ShuffleOrderSampler()
    return (
        raised(lambda: kinds.SerialIterator(TEN, 2, shuffle=True, order_sampler=order)),
        raised(lambda: walk(kinds.SerialIterator(TEN, 4, order_sampler=lambda o, i: o[i:]), 9)),
        raised(lambda: engine.dataset.Iterator().next()),
        raised(lambda: kinds.OrderSampler()(None, 0)),
    )


@same
def test_places_that_are_saved(engine: Any) -> Any:
    saved: dict[str, Any] = {}

    def save(key: str, value: Any) -> Any:
        saved[key] = value
        return value

    def load(key: str, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            value[...] = saved[key]
        return saved[key]

    found = []
    for kind in (engine.iterators.SerialIterator, engine.iterators.MultithreadIterator):
        np.random.seed(0)
        iterator, other = kind(TEN, 4), kind(TEN, 4)
        iterator.next()
        iterator.serialize(save)
        other.serialize(load)
        found.append((dict(saved), walk(iterator, 1), walk(other, 1)))
        saved.pop("previous_epoch_detail")
    old = engine.iterators.SerialIterator(TEN, 4)
    saved["order"] = saved.pop("_order")
    old.serialize(load)
    return found, old.previous_epoch_detail


@same
def test_examples_become_arrays(engine: Any) -> Any:
    concat = engine.dataset.concat_examples
    f4 = np.arange(3, dtype="f4")
    ragged = [(np.array([1, 2]), np.array([0])), (np.array([3]), np.array([], int))]
    return (
        concat([(f4, 1, 2.5), (f4 + 1, 2, 3.5)]),
        concat([{"x": f4, "y": np.int32(1)}, {"x": f4, "y": np.int32(2)}]),
        concat([f4, f4], -1),
        concat([f4, f4.astype("f8")]),
        concat([np.array(1, "i4"), np.array(2, "i4")]),
        concat([1, 2]),
        concat([[1, 2], [3, 4]], device="@numpy"),
        concat([np.float32(1), np.float32(2)]),
        concat(ragged, padding=(9, 0)),
        concat(ragged, padding=7),
        concat([{"x": f4}, {"x": f4[:1]}], padding={"x": 5}),
        concat([np.ones((2, 1)), np.ones((1, 3))], padding=0),
        concat([True, False]),
        concat(((f4, 1), (f4, 2))),
        raised(lambda: concat([])),
        raised(lambda: concat(ragged)),
        raised(lambda: concat([f4, f4[:2]])),
        engine.dataset.ConcatWithAsyncTransfer()([f4, f4], -1),
        engine.dataset.to_device(-1, f4),
    )


@same
def test_datasets_and_splits(engine: Any) -> Any:
    kinds = engine.datasets
    pairs = kinds.TupleDataset(TEN, np.arange(10.0))
    named = kinds.DictDataset(a=TEN, b=TEN[::-1])
    both = kinds.ConcatenatedDataset(TEN, [7, 8])
    parts = [
        *kinds.split_dataset(TEN, 4),
        *kinds.split_dataset(TEN, 4, TEN[::-1]),
        *kinds.split_dataset_random(TEN, 4, 0),
        *kinds.split_dataset_n(TEN, 3),
        *kinds.split_dataset_n_random(TEN, 3, 1),
        kinds.SubDataset(TEN, 2, 5),
        kinds.TransformDataset(TEN, lambda i: -i),
    ]
    folds = [
        *kinds.get_cross_validation_datasets(TEN, 3),
        *kinds.get_cross_validation_datasets(TEN, 4, TEN[::-1]),
        *kinds.get_cross_validation_datasets_random(TEN, 3, 2),
        *kinds.get_cross_validation_datasets(TEN, n_fold=2),
    ]
    sub = parts[0]
    return (
        [pairs[2], pairs[-1], pairs[1:3], len(pairs), named[2], named[1:3], len(named)],
        [both[:], both[11], len(both), raised(lambda: both[12]), raised(lambda: both[-1])],
        [part[:] for part in parts],
        [(train[:], test[:]) for train, test in folds],
        [sub[-1], sub[[2, 0]], sub[np.array([1])], raised(lambda: sub[4]), raised(lambda: sub[-5])],
        raised(lambda: kinds.split_dataset(TEN, 11)),
        raised(lambda: kinds.split_dataset(TEN, -1)),
        raised(lambda: kinds.split_dataset(TEN, 2.0)),
        raised(lambda: kinds.SubDataset(TEN, 0, 11)),
        raised(lambda: kinds.SubDataset(TEN, 0, 1, [1])),
        raised(lambda: kinds.TupleDataset()),
        raised(lambda: kinds.TupleDataset(TEN, [1])),
        raised(lambda: kinds.DictDataset(a=TEN, b=[1])),
        raised(lambda: engine.dataset.DatasetMixin()[0]),
        raised(lambda: len(engine.dataset.DatasetMixin())),
    )


def test_lines_of_texts(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("a\nb\n\nd")

    def script(engine: Any) -> Any:
        lines = engine.datasets.TextDataset(str(path))
        chosen = engine.datasets.TextDataset([str(path)] * 2, filter_func=lambda a, b: a != "b\n")
        return lines[:], chosen[:], len(chosen), raised(lambda: lines[4])

    assert_same(run(script, playground), run(script, chainer))


GETTERS: list[tuple[str, dict[str, Any]]] = [
    ("get_mnist", {}),
    ("get_mnist", {"ndim": 3, "rgb_format": True, "scale": 255.0, "dtype": "f8"}),
    ("get_mnist", {"ndim": 2, "withlabel": False}),
    ("get_mnist", {"ndim": 4}),
    ("get_fashion_mnist", {"label_dtype": np.int64}),
    ("get_kuzushiji_mnist", {"dtype": np.float16}),
    ("get_cifar10", {}),
    ("get_cifar10", {"ndim": 2}),
    ("get_cifar100", {"ndim": 1, "scale": 2}),
    ("get_svhn", {"add_extra": True}),
    ("get_ptb_words", {}),
    ("get_ptb_words_vocabulary", {}),
    ("get_fashion_mnist_labels", {}),
    ("get_kuzushiji_mnist_labels", {}),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("datasets"))
    for name in ("mnist", "fashion_mnist", "kuzushiji_mnist", "cifar10", "cifar100", "svhn", "ptb"):
        make_stand_in(name, 12, 6, root=folder)
    return folder


@pytest.mark.parametrize(("name", "kwargs"), GETTERS)
def test_well_known_datasets(root: str, name: str, kwargs: dict[str, Any]) -> None:
    """The files are of the one's making, and both read them."""

    def script(engine: Any) -> Any:
        before = engine.dataset.get_dataset_root()
        engine.dataset.set_dataset_root(root)
        try:
            found = raised(lambda: getattr(engine.datasets, name)(**kwargs))
        finally:
            # None: as the environment says, which a later test may change.
            engine.dataset.set_dataset_root(None if engine is playground else before)
        parts = found if isinstance(found, tuple) else ()
        return [part[:] for part in parts] or found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(run(script, playground), run(script, chainer))
    assert not [name for name in os.listdir(root) if name.startswith(".draft")]


@same
def test_reports(engine: Any) -> Any:
    reporter, link, seen = engine.Reporter(), engine.Link(), {}
    reporter.add_observer("main", link)
    reporter.add_observers("main", engine.Chain(a=engine.Link()).namedlinks(skipself=True))
    x = engine.Variable(np.ones(2, "f4"))
    with reporter:
        with engine.report_scope(seen):
            engine.report({"x": x, "y": 3}, link)
        engine.report({"x": 1})
        unknown = raised(lambda: engine.report({"x": 1}, engine.Link()))
    engine.report({"x": 5})
    return seen, reporter.observation, unknown


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_means(dtype: str) -> None:
    values = np.arange(7).astype(dtype) / np.dtype(dtype).type(3)

    def script(engine: Any) -> Any:
        summary = engine.DictSummary()
        for value in values:
            summary.add({"a": value, "b": np.asarray(value), "c": (value, 2), "d": np.ones(2)})
            summary.add({"e": engine.Variable(np.asarray(value, "f4"))})
        one = engine.reporter.Summary()
        one.add(values[1])
        return summary.compute_mean(), summary.make_statistics(), one.compute_mean()

    assert_same(run(script, playground), run(script, chainer))
