"""Networks of image recognition: their parts, their images, where weights belong."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import playground
import playground.functions as F
import playground.links as L
from playground.graph.errors import MissingDataError, MissingLibraryError
from playground.links.model.vision import layers, resnet
from playground.serializers import load_npz, save_npz


class Small(layers.NamedLayers):
    """Two layers, the second of which goes on from the first twice."""

    mean = (1.0, 2.0, 3.0)
    features = "sums"
    branches = {"again": "sums"}  # noqa: RUF012

    @property
    def functions(self):
        return {
            "sums": [lambda x: F.sum(x, axis=(2, 3))],
            "prob": [F.softmax],
            "again": [lambda h: h * 2],
        }


def test_layers_are_called_as_far_as_they_are_wanted() -> None:
    model, x = Small(), np.arange(24, dtype="f").reshape(2, 3, 2, 2)
    assert model.available_layers == ["sums", "prob", "again"]
    assert set(model(x)) == {"prob"}
    found = model(x, layers=["sums", "again"])
    np.testing.assert_array_equal(found["again"].array, 2 * x.sum((2, 3)))


def test_images_are_made_ready() -> None:
    pytest.importorskip("PIL")
    red = np.zeros((3, 4, 5), np.uint8)
    red[0] = 200
    # Blue first, and the mean is subtracted.
    ready = Small().prepare(red, None)
    assert ready.shape == (3, 4, 5)
    np.testing.assert_array_equal(ready[:, 0, 0], [-1, -2, 197])
    np.testing.assert_array_equal(Small().prepare(red, (7, 6))[:, 0, 0], [-1, -2, 197])
    grey = Small().prepare(np.full((4, 5), 9, np.uint8), None)
    np.testing.assert_array_equal(grey[:, 3, 4], [8, 7, 6])
    found = Small().extract([red, red], size=(2, 3))
    np.testing.assert_array_equal(found["sums"].array, [[-6, -12, 1182]] * 2)


def test_ten_parts_of_an_image() -> None:
    image = np.arange(16.0).reshape(1, 1, 4, 4)
    parts = layers._ten_parts(image, 2)[:, 0]
    assert parts[:5, 0, 0].tolist() == [0, 2, 8, 10, 5]
    np.testing.assert_array_equal(parts[5:], parts[:5, :, ::-1])


def test_predictions_are_means_over_the_parts() -> None:
    pytest.importorskip("PIL")
    image = np.random.default_rng(0).integers(0, 255, (3, 20, 20)).astype(np.uint8)
    y = Small().predict([image, image])
    assert y.shape == (2, 3)
    np.testing.assert_allclose(y.array.sum(1), [1, 1], rtol=1e-5)
    assert Small().predict([image], oversample=False).shape == (1, 3)


def test_a_block_of_bottlenecks(tmp_path: Path) -> None:
    block = resnet.BuildingBlock(3, 4, 2, 8, 2)
    names = [path for path, _ in block.namedlinks(skipself=True) if path.count("/") == 1]
    assert names == ["/a", "/b1", "/b2"]
    x = np.random.default_rng(0).normal(size=(1, 4, 6, 6)).astype("f")
    assert block(x).shape == (1, 8, 3, 3)
    # The stride of the two kinds lies in another convolution.
    assert resnet.BottleneckA(4, 2, 8, 2).conv1.stride == (2, 2)
    assert resnet.BottleneckA(4, 2, 8, 2, None, True).conv2.stride == (2, 2)
    save_npz(tmp_path / "block.npz", block)
    other = resnet.BuildingBlock(3, 4, 2, 8, 2)
    load_npz(tmp_path / "block.npz", other)
    with playground.using_config("train", False):
        np.testing.assert_array_equal(other(x).array, block(x).array)


def test_missing_weights_say_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINER_DATASET_ROOT", str(tmp_path))
    there = os.path.join(tmp_path, "pfnet", "chainer", "models")
    for name, file in (
        ("VGG16Layers", "VGG_ILSVRC_16_layers.npz"),
        ("VGG19Layers", "VGG_ILSVRC_19_layers.npz"),
        ("GoogLeNet", "bvlc_googlenet.npz"),
        ("ResNet50Layers", "ResNet-50-model.npz"),
        ("ResNet101Layers", "ResNet-101-model.npz"),
        ("ResNet152Layers", "ResNet-152-model.npz"),
    ):
        with pytest.raises(MissingDataError) as e:
            getattr(L, name)()
        assert os.path.join(there, file) in str(e.value)
        assert "pretrained_model=None" in str(e.value)
    assert not (tmp_path / "pfnet").exists()
    with pytest.raises(MissingDataError, match=r"there is no file of weights nowhere\.npz"):
        L.ResNet50Layers("nowhere.npz")
    with pytest.raises(OSError, match="the weights are not there"):
        L.VGG16Layers()


def test_weights_are_read_from_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINER_DATASET_ROOT", str(tmp_path))
    monkeypatch.setattr(resnet, "BLOCKS", {50: (1, 1, 1, 1)})
    drawn = L.ResNet50Layers(None)
    (tmp_path / "pfnet" / "chainer" / "models").mkdir(parents=True)
    path = tmp_path / "pfnet" / "chainer" / "models" / "ResNet-50-model.npz"
    save_npz(path, drawn, compression=False)
    for model in (L.ResNet50Layers(), L.ResNet50Layers(str(path))):
        np.testing.assert_array_equal(model.fc6.W.array, drawn.fc6.W.array)
        np.testing.assert_array_equal(model.res5.a.conv4.W.array, drawn.res5.a.conv4.W.array)


def test_files_of_caffe_are_refused_with_the_way_round() -> None:
    for call in (
        lambda: L.caffe.CaffeFunction("net.caffemodel"),
        lambda: L.GoogLeNet("net.caffemodel"),
        lambda: L.VGG16Layers.convert_caffemodel_to_npz("net.caffemodel", "net.npz"),
    ):
        with pytest.raises(MissingLibraryError, match=r"net\.caffemodel is a protocol buffer"):
            call()
