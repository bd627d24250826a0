"""Links: names, shapes and first values of parameters under a seed, outputs, gradients, a step of
training and snapshots: Chainer 7.8.1's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import playground
from playground.links import Linear
from tests.differential.both import assert_same, chainer, raised, run, same


def in_turn(make: Callable[[Any], Any], steps: int = 3) -> Callable[[Any], Any]:
    """A chain that calls a layer with a state several times and sums what it gives."""

    def chain(engine: Any) -> Any:
        class InTurn(engine.Chain):
            def forward(self, x: Any) -> Any:
                self.layer.reset_state()
                return sum(self.layer(x * (1 + i)) * (i + 1) for i in range(steps))

        return InTurn(layer=make(engine))

    return chain


def handed(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A chain that calls an LSTM that is handed its state, from nothing, twice."""

    def chain(engine: Any) -> Any:
        class Handed(engine.Chain):
            def forward(self, x: Any) -> Any:
                c, h = self.layer(None, None, x)
                c, h = self.layer(c, h, x * 2)
                return c * 2 + h

        return Handed(layer=make(engine))

    return chain


def normalizing(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A chain that calls a normalization as in training, and then as in tests."""

    def chain(engine: Any) -> Any:
        class Testing(engine.Chain):
            def forward(self, x: Any) -> Any:
                y = self.layer(x) + self.layer(x * x, finetune=True)
                with engine.using_config("train", False):
                    return y + self.layer(x)

        return Testing(layer=make(engine))

    return chain


def floats(*shape: int) -> np.ndarray:
    return np.random.RandomState(7).uniform(-1, 1, shape).astype("f4")


def whole(limit: int, *shape: int) -> np.ndarray:
    return np.random.RandomState(8).randint(0, limit, shape).astype("i4")


class Row(NamedTuple):
    """A link, what it is called with, and how close the engines' sums can be."""

    make: Callable[[Any], Any]
    inputs: tuple[np.ndarray, ...]
    tolerance: float = 1e-6


def halves(array: Any) -> None:
    array[...] = np.arange(array.size).reshape(array.shape) / array.size


X, IMAGE = floats(4, 3), floats(2, 3, 5, 5)
ROWS: dict[str, Row] = {
    "linear": Row(lambda e: e.links.Linear(3, 2), (X,)),
    "linear later": Row(lambda e: e.links.Linear(5), (floats(4, 2, 3),)),
    "linear none": Row(lambda e: e.links.Linear(None, 5, nobias=True), (X,)),
    "linear values": Row(lambda e: e.links.Linear(3, 2, False, 0.5, floats(2)), (X,)),
    "linear initializer": Row(
        lambda e: e.links.Linear(3, 2, initialW=e.initializers.HeNormal(), initial_bias=halves),
        (X,),
    ),
    "linear from arrays": Row(lambda e: e.links.Linear.from_params(floats(2, 3), floats(2)), (X,)),
    "bilinear": Row(lambda e: e.links.Bilinear(3, 2, 4), (X, floats(4, 2))),
    "bilinear nobias": Row(lambda e: e.links.Bilinear(3, 2, 4, True), (X, floats(4, 2))),
    "bilinear values": Row(
        lambda e: e.links.Bilinear(3, 2, 1, False, floats(3, 2, 1), (None, 0.2, floats(1))),
        (X, floats(4, 2)),
    ),
    "highway": Row(lambda e: e.links.Highway(3), (X,)),
    "highway tanh": Row(lambda e: e.links.Highway(3, activate=e.functions.tanh, init_bt=0.5), (X,)),
    "embed": Row(lambda e: e.links.EmbedID(5, 3), (whole(5, 4),)),
    "embed ignore": Row(lambda e: e.links.EmbedID(5, 3, ignore_label=2), (whole(5, 4, 2),)),
    "embed from": Row(lambda e: e.links.EmbedID.from_params(floats(5, 3), 1), (whole(5, 4),)),
    "bias": Row(lambda e: e.links.Bias(1, (3,)), (X,)),
    "bias of two": Row(lambda e: e.links.Bias(0), (X, floats(4))),
    "scale": Row(lambda e: e.links.Scale(1, (3,), True), (X,)),
    "scale alone": Row(lambda e: e.links.Scale(0, (4, 3)), (X,)),
    "scale of two": Row(lambda e: e.links.Scale(1, None, True, (3,)), (X, floats(3))),
    "maxout": Row(lambda e: e.links.Maxout(3, 2, 4), (X,)),
    "maxout values": Row(lambda e: e.links.Maxout(3, 2, 2, floats(2, 2, 3), floats(2, 2)), (X,)),
    "maxout function": Row(lambda e: e.links.Maxout(3, 2, 2, halves, None), (X,)),
    "prelu": Row(lambda e: e.links.PReLU(), (X,)),
    "prelu shape": Row(lambda e: e.links.PReLU((3,), 0.1), (X,)),
    "swish": Row(lambda e: e.links.Swish(()), (X,)),
    "swish later": Row(lambda e: e.links.Swish(None, 0.5), (X,)),
    "dropconnect": Row(lambda e: e.links.SimplifiedDropconnect(3, 2), (X,)),
    "lstm": Row(in_turn(lambda e: e.links.LSTM(3, 2)), (X,)),
    "lstm later": Row(in_turn(lambda e: e.links.LSTM(2)), (floats(4, 2, 3),)),
    "lstm values": Row(
        in_turn(lambda e: e.links.LSTM(3, 2, halves, e.initializers.HeNormal(), 0.1, 0.7)), (X,)
    ),
    "lstm handed": Row(handed(lambda e: e.links.StatelessLSTM(3, 2)), (X,)),
    "lstm handed later": Row(handed(lambda e: e.links.StatelessLSTM(None, 2)), (X,)),
    "gru": Row(in_turn(lambda e: e.links.GRU(3, 2)), (X,)),
    "gru values": Row(in_turn(lambda e: e.links.StatefulGRU(3, 2, 0.3, halves, 0.1)), (X,)),
    "gru later": Row(in_turn(lambda e: e.links.GRU(None, 2)), (X,)),
    "gru handed": Row(lambda e: e.links.StatelessGRU(3, 2), (floats(4, 2), X)),
    "batch norm": Row(normalizing(lambda e: e.links.BatchNormalization(3)), (X,), 1e-4),
    "batch norm image": Row(
        normalizing(lambda e: e.links.BatchNormalization(3, 0.8, 1e-3)), (floats(2, 3, 2, 2),), 1e-4
    ),
    "batch norm later": Row(
        normalizing(lambda e: e.links.BatchNormalization(axis=(0, 2))), (floats(4, 3, 2),), 1e-4
    ),
    "batch norm shape": Row(
        normalizing(lambda e: e.links.BatchNormalization((3, 2), axis=0)), (floats(4, 3, 2),), 1e-4
    ),
    "batch norm bare": Row(
        normalizing(lambda e: e.links.BatchNormalization(3, use_gamma=False, use_beta=False)),
        (X,),
        1e-4,
    ),
    "batch norm values": Row(
        normalizing(
            lambda e: e.links.BatchNormalization(
                3, initial_gamma=0.7, initial_beta=0.3, initial_avg_mean=1, initial_avg_var=2
            )
        ),
        (X,),
        1e-4,
    ),
    "layer norm": Row(lambda e: e.links.LayerNormalization(3), (X,), 1e-5),
    "layer norm later": Row(lambda e: e.links.LayerNormalization(None, 1e-3, 0.5, 2), (X,), 1e-5),
    "conv": Row(lambda e: e.links.Convolution2D(3, 2, 3), (IMAGE,), 1e-5),
    "conv all": Row(
        lambda e: e.links.Convolution2D(4, 6, (2, 3), 2, (1, 0), True, 0.3, dilate=2, groups=2),
        (floats(2, 4, 6, 7),),
        1e-5,
    ),
    "conv later": Row(lambda e: e.links.Convolution2D(2, 3), (IMAGE,), 1e-5),
    "conv none": Row(
        lambda e: e.links.Convolution2D(None, 2, 3, pad=1, initialW=e.initializers.HeNormal()),
        (IMAGE,),
        1e-5,
    ),
    "conv from": Row(
        lambda e: e.links.Convolution2D.from_params(floats(2, 3, 2, 3), floats(2), 1, 1),
        (IMAGE,),
        1e-5,
    ),
    "conv 1d": Row(lambda e: e.links.Convolution1D(3, 2, 3, 1, 1), (floats(2, 3, 6),), 1e-5),
    "conv 3d": Row(lambda e: e.links.Convolution3D(2, 2, 2), (floats(1, 2, 3, 3, 4),), 1e-5),
    "conv nd": Row(
        lambda e: e.links.ConvolutionND(1, None, 2, 3, 2, cover_all=True), (floats(2, 3, 6),), 1e-5
    ),
    "deconv": Row(lambda e: e.links.Deconvolution2D(3, 2, 3), (IMAGE,), 1e-5),
    "deconv all": Row(
        lambda e: e.links.Deconvolution2D(
            4, 6, 4, 2, 1, outsize=(8, 8), initial_bias=floats(6), groups=2
        ),
        (floats(2, 4, 4, 4),),
        1e-5,
    ),
    "deconv later": Row(lambda e: e.links.Deconvolution2D(2, 3), (IMAGE,), 1e-5),
    "deconv 1d": Row(lambda e: e.links.Deconvolution1D(3, 2, 3, 2), (floats(2, 3, 4),), 1e-5),
    "deconv nd": Row(lambda e: e.links.DeconvolutionND(1, 3, 2, 3), (floats(2, 3, 4),), 1e-5),
    "dilated": Row(lambda e: e.links.DilatedConvolution2D(3, 2, 2, 1, 0, 2), (IMAGE,), 1e-5),
    "depthwise": Row(lambda e: e.links.DepthwiseConvolution2D(3, 2, 3), (IMAGE,), 1e-5),
    "depthwise later": Row(
        lambda e: e.links.DepthwiseConvolution2D(None, 2, 3, 1, 1), (IMAGE,), 1e-5
    ),
    "inception": Row(lambda e: e.links.Inception(3, 2, 1, 2, 2, 1, 2), (IMAGE,), 1e-5),
    "inception later": Row(
        lambda e: e.links.Inception(None, 1, 1, 1, 1, 1, 1, halves, 0.2), (IMAGE,), 1e-5
    ),
    "mlpconv": Row(lambda e: e.links.MLPConvolution2D(3, (4, 2), 3, pad=1), (IMAGE,), 1e-5),
    "mlpconv later": Row(
        lambda e: e.links.MLPConvolution2D(
            None, (4, 3, 2), 2, activation=e.functions.tanh, conv_init=0.3, bias_init=0.1
        ),
        (IMAGE,),
        1e-5,
    ),
    "negative sampling": Row(
        lambda e: e.links.NegativeSampling(3, [5, 1, 3, 2], 2), (X, whole(4, 4)), 1e-5
    ),
    "negative sampling power": Row(
        lambda e: e.links.NegativeSampling(3, [5, 1, 3], 4, 0.5), (X, whole(4, 4) - 1), 1e-5
    ),
    "dropconnect later": Row(lambda e: e.links.SimplifiedDropconnect(None, 2, 0.2), (X,)),
}


def called(link: Any, engine: Any, inputs: tuple[np.ndarray, ...]) -> tuple[Any, list[Any]]:
    xs = [engine.Variable(x) if x.dtype.kind == "f" else x for x in inputs]
    return link(*xs), xs


def parameters(link: Any) -> Any:
    found = sorted(link.namedparams(), key=lambda pair: pair[0])
    return [(path, None if p.array is None else p.array.copy()) for path, p in found]


@pytest.mark.parametrize("name", ROWS)
def test_a_link_is_chainers(name: str) -> None:
    assert_link_is_chainers(ROWS[name])


def assert_link_is_chainers(row: Row) -> None:
    make, inputs, tolerance = row

    def script(engine: Any) -> Any:
        np.random.seed(1)
        link = make(engine)
        before = parameters(link)
        optimizer = engine.optimizers.Adam(0.1).setup(link)
        y, xs = called(link, engine, inputs)
        made, text = parameters(link), str(link)
        link.cleargrads()
        engine.functions.sum(y * np.cos(np.arange(y.size, dtype="f4")).reshape(y.shape)).backward()
        named = sorted(link.namedparams(), key=lambda pair: pair[0])
        grads = [p.grad for _, p in named], [x.grad for x in xs if not isinstance(x, np.ndarray)]
        optimizer.update()
        return before, text, made, y, grads, parameters(link), np.random.random_sample()

    assert_same(run(script, playground), run(script, chainer), tolerance)


@pytest.mark.parametrize("name", ROWS)
def test_a_snapshot_of_a_link_goes_both_ways(name: str) -> None:
    assert_snapshot_goes_both_ways(ROWS[name])


def assert_snapshot_goes_both_ways(row: Row) -> None:
    make, inputs, _ = row

    def trained(engine: Any) -> Any:
        np.random.seed(2)
        link = make(engine)
        y, _ = called(link, engine, inputs)
        optimizer = engine.optimizers.SGD(0.5).setup(link)
        optimizer.update(lambda: engine.functions.sum(y * y))
        return link

    for writer, reader in ((playground, chainer), (chainer, playground)):
        link = run(trained, writer)
        written = writer.serializers.DictionarySerializer()
        written.save(link)
        np.random.seed(3)
        other = run(make, reader)
        reader.serializers.NpzDeserializer(written.target).load(other)
        assert_same(parameters(other), parameters(link))
        again = reader.serializers.DictionarySerializer()
        again.save(other)
        assert_same(again.target, written.target)


def test_a_classifier_reports() -> None:
    assert_same(run(classified, playground), run(classified, chainer), 1e-6)


def classified(engine: Any) -> Any:
    np.random.seed(0)
    model = engine.links.Classifier(engine.links.Linear(3, 2))
    t, reporter, seen = whole(2, 4), engine.Reporter(), {}
    reporter.add_observer("main", model)
    with reporter.scope(seen):
        loss = model(X, t)
    other = engine.links.Classifier(
        lambda_link(engine), lossfun=engine.functions.mean_squared_error, label_key="t"
    )
    other.compute_accuracy = False
    plain = other(X, t=floats(4, 3)), other.accuracy, other.y
    first = engine.links.Classifier(engine.links.Linear(3, 2), label_key=0)(t, X)
    return loss, sorted(seen), model.accuracy, model.y, plain, first


def lambda_link(engine: Any) -> Any:
    class Twice(engine.Link):
        def forward(self, x: Any) -> Any:
            return engine.as_variable(x) * 2

    return Twice()


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_state_is_kept_handed_over_and_forgotten(kind: str) -> None:
    def script(engine: Any) -> Any:
        np.random.seed(0)
        layer = getattr(engine.links, kind)(3, 2)
        V, found = engine.Variable, [layer(engine.Variable(X))]
        if kind == "LSTM":  # sequences that end one after the other
            found += [layer(V(X[:2])), layer.h, layer.c, layer(V(X[:1])), layer.h, layer.c]
            longer = raised(lambda: [layer(V(X)), layer(V(floats(5, 3)))])
            layer.set_state(V(floats(1, 2)), V(floats(1, 2)))
        else:
            longer = raised(lambda: layer(V(X), V(X)))
            layer.set_state(V(floats(1, 2)))
        found.append(layer(V(X[:1])))
        layer.reset_state()
        return found, longer, layer(V(X[:2])), layer.h

    assert_same(run(script, playground), run(script, chainer), 1e-6)


def test_running_averages_and_finetuning() -> None:
    def script(engine: Any) -> Any:
        layer = engine.links.BatchNormalization(3, decay=0.7)
        seen = []
        for i in range(4):
            layer(engine.Variable(X * (i + 1)), finetune=i > 1)
            seen.append((layer.avg_mean.copy(), layer.avg_var.copy(), layer.N))
        layer.start_finetuning()
        with engine.using_config("train", False):
            y = layer(engine.Variable(X))
        one = engine.links.BatchNormalization(3)(engine.Variable(X[:1]))
        with engine.using_config("dtype", np.float64):
            wide = engine.links.BatchNormalization(2)
        half = engine.links.BatchNormalization(3)(engine.Variable(X.astype("f2")))
        missing = raised(lambda: engine.links.BatchNormalization())
        return seen, layer.N, y, one, wide.gamma, wide.avg_var, half.dtype.name, missing

    assert_same(run(script, playground), run(script, chainer), 1e-5)


def test_the_samples_are_those_that_chainer_draws() -> None:
    def script(engine: Any) -> Any:
        np.random.seed(4)
        link = engine.links.NegativeSampling(3, np.arange(1, 9), 5)
        link.W.array[...] = floats(8, 3)
        t = np.array([1, -1, 7, 0], "i4")
        x = engine.Variable(X)
        loss, samples = link(x, t, reduce="no", return_samples=True)
        engine.functions.sum(loss * np.arange(4, dtype="f4")).backward()
        return loss, samples.astype("i4"), x.grad, raised(lambda: link(x, t, reduce="mean"))

    assert_same(run(script, playground), run(script, chainer), 1e-5)


@same
def test_what_links_refuse(engine: Any) -> Any:
    L = engine.links
    return (
        raised(lambda: L.Classifier(L.Linear(2), label_key=1.5)),
        raised(lambda: L.Classifier(L.Linear(2), label_key="t")(X)),
        raised(lambda: L.Classifier(L.Linear(2), label_key=3)(X)),
        raised(lambda: L.Linear.from_params(floats(2, 3), floats(3))),
        raised(lambda: L.Linear(2, 2)(X)),
        raised(lambda: L.Maxout(3, 2, 2, floats(4, 3))),
        raised(lambda: L.Bilinear(3, 2, 4, initial_bias=[0, 0, 0])),
        raised(lambda: L.Scale(1, None, True)),
    )


def test_copies_of_layers_are_initialised_anew() -> None:
    np.random.seed(0)
    first = Linear(3, 2)
    second = first.copy("init")
    assert (first.W.array != second.W.array).all()
    np.random.seed(0)
    assert (Linear(3, 2).W.array == first.W.array).all()
