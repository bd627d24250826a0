"""Snapshots: what one engine has written, Chainer 7.8.1 or playground, the other reads."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from playground import serializers
from tests.differential.both import assert_same, chainer, raised, run, same

ENGINES = [(playground, chainer), (chainer, playground), (playground, playground)]
DIRECTIONS = ["playground to chainer", "chainer to playground", "to itself"]


def model(engine: Any, seed: int, later: bool = False) -> Any:
    """Parameters of three dtypes and shapes, children of two kinds, values that persist."""
    rng = np.random.default_rng(seed)

    class Layer(engine.Link):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.w = engine.Parameter(rng.normal(size=(2, 3)).astype("f4"))
                self.b = engine.Parameter(np.array(rng.normal()))
                if later:
                    self.later = engine.Parameter(0.5)
            self.add_persistent("mean", rng.normal(size=3).astype("f2"))
            self.add_persistent("count", int(rng.integers(100)))
            self.add_persistent("rate", float(rng.normal()))

        def forward(self) -> Any:
            F = engine.functions
            return F.sum(F.sin(self.w)) + F.cast(F.sum(self.b * self.b), "f4")

    layers = engine.ChainList(Layer(), Layer())
    return engine.Chain(first=Layer(), rest=layers, all=engine.Sequential(Layer(), abs, Layer()))


def contents(link: Any) -> Any:
    found = [
        (path, p.array, None if p.array is None else p.dtype) for path, p in link.namedparams()
    ]
    values = [(x.mean, x.mean.dtype, x.count, x.rate) for x in link.links() if hasattr(x, "mean")]
    return [(path, None if a is None else a.tolist(), d) for path, a, d in found], [
        (m.tolist(), d, c, r) for m, d, c, r in values
    ]


@pytest.mark.parametrize(("writer", "reader"), ENGINES, ids=DIRECTIONS)
@pytest.mark.parametrize("compression", [True, False])
def test_a_model_goes_from_engine_to_engine(
    writer: Any, reader: Any, compression: bool, tmp_path: Any
) -> None:
    source, target = model(writer, 1, later=True), model(reader, 2, later=True)
    file = str(tmp_path / "snapshot")  # without an ending, and none is put to it
    run(lambda e: e.serializers.save_npz(file, source, compression=compression), writer)
    run(lambda e: e.serializers.load_npz(file, target), reader)
    assert contents(source) == contents(target)


def steps(engine: Any, link: Any, optimizer: Any, count: int) -> None:
    for _ in range(count):
        optimizer.update(lambda: sum((x() for x in link.links() if hasattr(x, "mean")), 0))


RULES: dict[str, Callable[[Any], Any]] = {
    "adam": lambda o: o.Adam(),
    "amsgrad": lambda o: o.AMSGrad(),
    "sgd": lambda o: o.SGD(),
    "momentum": lambda o: o.MomentumSGD(),
    "rmsprop graves": lambda o: o.RMSpropGraves(),
    "smorms3": lambda o: o.SMORMS3(),
}


@pytest.mark.parametrize(("writer", "reader"), ENGINES, ids=DIRECTIONS)
@pytest.mark.parametrize("rule", RULES)
def test_a_run_goes_on_in_the_other_engine(
    writer: Any, reader: Any, rule: str, tmp_path: Any
) -> None:
    """Bit for bit as if it had not been interrupted."""
    link, optimizer = model(writer, 1), RULES[rule](writer.optimizers)
    optimizer.setup(link)
    steps(writer, link, optimizer, 7)
    optimizer.new_epoch()
    for thing, name in ((link, "link"), (optimizer, "optimizer")):
        run(lambda e, t=thing, n=name: e.serializers.save_npz(str(tmp_path / n), t), writer)
    other, after = model(reader, 2), RULES[rule](reader.optimizers)
    after.setup(other)
    for thing, name in ((other, "link"), (after, "optimizer")):
        run(lambda e, t=thing, n=name: e.serializers.load_npz(str(tmp_path / n), t), reader)
    assert (after.t, after.epoch) == (7, 1)
    steps(writer, link, optimizer, 5)
    steps(reader, other, after, 5)
    assert [p.array.tolist() for p in link.params()] == [p.array.tolist() for p in other.params()]


@pytest.mark.parametrize(("writer", "reader"), ENGINES, ids=DIRECTIONS)
def test_an_optimizer_that_has_made_no_update(writer: Any, reader: Any) -> None:
    stream = io.BytesIO()
    optimizer = writer.optimizers.Adam().setup(model(writer, 1))
    run(lambda e: e.serializers.save_npz(stream, optimizer), writer)
    stream.seek(0)
    other = reader.optimizers.Adam().setup(model(reader, 2))
    after = raised(lambda: run(lambda e: e.serializers.load_npz(stream, other), reader))
    states = [p.update_rule.state for p in other.target.params()]
    # Neither has written a state, and both miss it.
    assert isinstance(after.error, KeyError)
    assert {*map(type, states)} <= {type(None), dict}


@same
def test_names_in_a_snapshot(engine: Any) -> Any:
    link = model(engine, 1)
    optimizer = engine.optimizers.Adam().setup(link)
    steps(engine, link, optimizer, 1)
    writer = engine.serializers.DictionarySerializer()
    writer.save(link)
    writer["updater"]["/model:main/"].save(optimizer)
    inside = engine.serializers.DictionarySerializer({}, "a/")
    inside("/x", 3), inside["b/"]("y", None)
    found = {**writer.target, **inside.target}
    return sorted((k, str(v.dtype), v.shape) for k, v in found.items())


@same
def test_paths_and_names_that_are_left_out(engine: Any) -> Any:
    link, found = model(engine, 1), []
    written = engine.serializers.DictionarySerializer(path="model/")
    written.save(link)
    npz = written.target

    def load(target: Any, **options: Any) -> Any:
        stream = io.BytesIO()
        engine.serializers.save_npz(stream, npz)
        stream.seek(0)
        engine.serializers.load_npz(stream, target, **options)
        return contents(target)

    found.append(load(model(engine, 2), path="model/"))
    found.append(load(model(engine, 2), path="other/", strict=False))
    for names in ("model/first/w", ["model/first/w", "model/rest/0/b"], lambda n: n[-1] == "w"):
        found.append(load(model(engine, 2), path="model/", ignore_names=names))
    missing = raised(lambda: load(model(engine, 2)))
    return found, missing, raised(lambda: load(model(engine, 2), path="model/", ignore_names=3))


@same
def test_values_keep_their_kind(engine: Any) -> Any:
    values: dict[str, Any] = {
        "whole": 3,
        "fraction": 0.5,
        "text": "äbc",
        "truth": True,
        "none": None,
        "array": np.arange(3),
        "halves": np.arange(3).astype("f2"),
        "scalar": np.float32(1.5),
    }
    written = engine.serializers.DictionarySerializer()
    for name, value in values.items():
        written(name, value)
    read = engine.serializers.NpzDeserializer(written.target)
    found = [
        read(name, np.zeros_like(v) if isinstance(v, np.ndarray) else 1 if v is None else v)
        for name, v in values.items()
    ]
    wide = read("halves", np.zeros(3)), read("array", np.zeros(3, "f4")), read("whole", 1.0)
    narrow = [raised(lambda: read("fraction", 1)), raised(lambda: read("halves", np.zeros(3, int)))]
    return found[:4], found[4], found[5:], wide, narrow, read("array", None)


def test_deviation_one_number_does_not_fill_a_layer() -> None:
    """NumPy broadcasts it, in silence, where the snapshot is of another model."""

    def script(engine: Any) -> Any:
        read = engine.serializers.NpzDeserializer({"w": np.ones((1, 3), "f4")})
        return raised(lambda: read("w", np.zeros((2, 3), "f4")).tolist())

    ours, theirs = (run(script, engine) for engine in (playground, chainer))
    assert "shape (1, 3) in the snapshot" in str(ours.error)
    assert theirs == [[1.0] * 3] * 2


@pytest.mark.parametrize(("writer", "reader"), ENGINES, ids=DIRECTIONS)
def test_hdf5_goes_from_engine_to_engine(writer: Any, reader: Any, tmp_path: Any) -> None:
    pytest.importorskip("h5py")
    source, target = model(writer, 1, later=True), model(reader, 2, later=True)
    optimizer = writer.optimizers.Adam().setup(model(writer, 1))
    steps(writer, optimizer.target, optimizer, 2)
    after = reader.optimizers.Adam().setup(model(reader, 2))
    for thing, other in ((source, target), (optimizer, after)):
        file = str(tmp_path / type(thing).__name__)
        run(lambda e, f=file, t=thing: e.serializers.save_hdf5(f, t), writer)
        run(lambda e, f=file, t=other: e.serializers.load_hdf5(f, t), reader)
    assert contents(source) == contents(target)
    states = [[p.update_rule.state for p in o.target.params()] for o in (optimizer, after)]
    for ours, theirs in zip(*states, strict=True):
        assert {k: v.tolist() for k, v in ours.items()} == {
            k: v.tolist() for k, v in theirs.items()
        }


def test_a_pickled_object_in_chainers_snapshot_is_refused(tmp_path: Any) -> None:
    file = str(tmp_path / "x.npz")
    np.savez(file, w=np.array([{"a": 1}], object), n=np.array(None))
    link = playground.Link()
    with link.init_scope():
        link.w = playground.Parameter(np.ones(1, "f4"))
    with pytest.raises(playground.SnapshotError, match="pickled Python object"):
        serializers.load_npz(file, link)


def trainer(engine: Any, out: Any, epochs: int) -> Any:
    """A small network, trained with the usual extensions; a snapshot an epoch."""
    np.random.seed(0)
    L, F = engine.links, engine.functions
    training = importlib.import_module(f"{engine.__name__}.training")
    extensions = importlib.import_module(f"{engine.__name__}.training.extensions")
    network = engine.Sequential(L.Linear(None, 8), F.relu, L.Linear(8, 5), F.relu, L.Linear(3))
    optimizer = engine.optimizers.Adam().setup(L.Classifier(network))
    rng = np.random.RandomState(1)
    rows = rng.rand(40, 4).astype("f4"), rng.randint(0, 3, 40).astype("i4")
    batches = engine.iterators.SerialIterator(engine.datasets.TupleDataset(*rows), 10)
    made = training.Trainer(
        training.StandardUpdater(batches, optimizer), (epochs, "epoch"), out=str(out)
    )
    made.extend(extensions.LogReport())
    made.extend(extensions.snapshot(filename="snapshot_{.updater.epoch}"), trigger=(1, "epoch"))
    return made, optimizer.target


@pytest.mark.parametrize(("writer", "reader"), ENGINES, ids=DIRECTIONS)
def test_training_goes_on_from_the_others_snapshot(writer: Any, reader: Any, tmp_path: Any) -> None:
    run(lambda e: trainer(e, tmp_path, 2)[0].run(), writer)
    ended = []
    for engine in (writer, reader):

        def go_on(e: Any) -> Any:
            made, model = trainer(e, tmp_path, 4)
            e.serializers.load_npz(str(tmp_path / "snapshot_2"), made)
            np.random.seed(9)
            made.run()
            assert made.updater.epoch == 4
            return [(path, p.array) for path, p in sorted(model.namedparams())]

        ended.append(run(go_on, engine))
    assert_same(*ended, 1e-5)
