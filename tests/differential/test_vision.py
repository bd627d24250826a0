"""Networks of image recognition: names, first weights, outputs and snapshots as Chainer 7.8.1's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import assert_same, chainer, raised, run, same
from tests.differential.test_links import (
    IMAGE,
    Row,
    assert_link_is_chainers,
    assert_snapshot_goes_both_ways,
    normalizing,
)

X = np.random.RandomState(0).uniform(-50, 50, (1, 3, 64, 64)).astype("f")

ROWS: dict[str, Row] = {
    "inception": Row(lambda e: e.links.InceptionBN(3, 2, 1, 2, 1, 2, "max", 2), (IMAGE,), 1e-3),
    "inception means": Row(
        lambda e: e.links.InceptionBN(3, 2, 2, 3, 1, 2, "avg", 1, conv_init=0.1), (IMAGE,), 1e-3
    ),
    # A step of Adam's is as large for a gradient that is nearly 0: its sign, here, is rounding.
    "inception smaller": Row(
        lambda e: e.links.InceptionBN(None, 0, 1, 2, 1, 2, "max", stride=2), (IMAGE,), 3e-2
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_link_is_chainers(name: str) -> None:
    assert_link_is_chainers(ROWS[name])


@pytest.mark.parametrize("name", ROWS)
def test_a_snapshot_of_a_link_goes_both_ways(name: str) -> None:
    assert_snapshot_goes_both_ways(ROWS[name])


def outcome(engine: Any, name: str, layers: list[str], *args: Any) -> Any:
    """Names, shapes and sums of all weights, and the outputs of layers."""
    np.random.seed(0)
    model = getattr(engine.links, name)(None, *args)
    weights = {path: (p.shape, p.array[..., 0].sum()) for path, p in model.namedparams()}
    with engine.using_config("train", False), engine.no_backprop_mode():
        found = model(engine.Variable(X), layers=layers)
    return model.available_layers, weights, found


def test_resnet() -> None:
    ours, theirs = (
        run(lambda e: outcome(e, "ResNet50Layers", ["pool1", "res3", "pool5", "fc6"]), e)
        for e in (playground, chainer)
    )
    assert_same(ours, theirs, 1e-3)


def test_googlenet() -> None:
    ours, theirs = (
        run(lambda e: outcome(e, "GoogLeNet", ["conv2", "inception_3b", "pool4"]), e)
        for e in (playground, chainer)
    )
    assert_same(ours, theirs, 1e-3)


@pytest.mark.parametrize("name", ["VGG16Layers", "VGG19Layers"])
def test_vgg(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small last layers: of those that are meant half a gigabyte would be drawn."""

    def small(engine: Any) -> Any:
        def linear(in_size: int, out_size: int, **options: Any) -> Any:
            return engine.links.Linear(2048 if in_size > 9999 else 8, 8, **options)

        return linear

    monkeypatch.setattr("playground.links.model.vision.vgg.Linear", small(playground))
    vgg = type(getattr(chainer.links, name)).__mro__ and chainer.links.model.vision.vgg
    monkeypatch.setattr(vgg, "Linear", small(chainer))
    layers = ["conv3_3", "pool5", "fc7", "prob"]
    ours, theirs = (run(lambda e: outcome(e, name, layers), e) for e in (playground, chainer))
    assert_same(ours, theirs, 1e-3)


@pytest.mark.parametrize("name", ["GoogLeNet"])
def test_images_are_made_ready(name: str) -> None:
    pytest.importorskip("PIL")
    images = np.random.RandomState(1).randint(0, 255, (3, 30, 40)), np.full((20, 10), 7)

    def script(engine: Any) -> Any:
        np.random.seed(2)
        model = getattr(engine.links, name)(None)
        with engine.using_config("train", False):
            return model.extract(images, ["pool1"], size=(40, 50))

    assert_same(run(script, playground), run(script, chainer), 1e-3)


@same
def test_what_is_refused(engine: Any) -> Any:
    L = engine.links
    return (
        raised(lambda: L.InceptionBN(3, 1, 1, 1, 1, 1, "sum", 1)),
        raised(lambda: L.model.vision.vgg.VGGLayers(None, 17)),
        raised(lambda: L.model.vision.resnet.ResNetLayers(None, 18)),
    )


def test_the_statistics_of_inceptions_are_averaged() -> None:
    def script(engine: Any) -> Any:
        np.random.seed(0)
        link = normalizing(lambda e: e.links.InceptionBN(3, 2, 1, 2, 1, 2, "max", 2))(engine).layer
        link(engine.Variable(IMAGE))
        return link.conv1n.avg_mean, link.poolpn.avg_var

    assert_same(run(script, playground), run(script, chainer), 1e-4)
