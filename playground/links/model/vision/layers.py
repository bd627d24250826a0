"""What networks of image recognition have in common: named layers, images made ready, weights."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NoReturn

import numpy as np

import playground.functions as F
from playground.dataset.convert import concat_examples
from playground.dataset.download import get_dataset_directory
from playground.datasets.image_dataset import pillow
from playground.graph.config import config, no_backprop_mode, using_config
from playground.graph.errors import MissingDataError
from playground.graph.types import HostArray, Operand, Raw
from playground.graph.variable import Variable
from playground.links.caffe import refuse_caffemodel
from playground.links.chain import Chain
from playground.serializers.npz import load_npz

__all__ = ["NamedLayers"]

# The layers of a network in order: a name -> what is called, one after the other.
Layers = OrderedDict[str, list[Callable[..., Any]]]


class NamedLayers(Chain):
    """Base: a network whose layers have names: ``model(x, layers=['fc7'])`` is a dict."""

    # Mean colours of the training images: blue, green, red.
    mean: ClassVar[tuple[float, float, float]]
    # What ``extract`` gives unless it is asked for other layers.
    features: ClassVar[str]
    # A layer that goes on from an earlier one, and that one.
    branches: ClassVar[dict[str, str]] = {}

    @property
    def functions(self) -> Layers:
        """The layers in order, by name."""
        raise NotImplementedError(f"{type(self).__name__}: define the property functions")

    @property
    def available_layers(self) -> list[str]:
        """The names of the layers."""
        return list(self.functions)

    def forward(self, x: Operand, layers: Iterable[str] | None = None) -> dict[str, Variable]:
        """The outputs of layers by name, by default of ``'prob'``; the others behind are left out.

        ``x``: images (n, 3, height, width), blue first and without the mean, see :meth:`prepare`.
        """
        wanted = {"prob"} if layers is None else {*layers}
        found: dict[str, Any] = {}
        kept: dict[str, Any] = {}
        h: Any = x
        for name, calls in self.functions.items():
            # As soon as all are there: what lies behind may not even fit images of this size.
            if not wanted:
                break
            h = kept.get(self.branches.get(name, ""), h)
            for call in calls:
                h = call(h)
            if name in self.branches.values():
                kept[name] = h
            if name in wanted:
                found[name] = h
                wanted.discard(name)
        return found

    def prepare(self, image: Any, size: tuple[int, int] | None = (224, 224)) -> HostArray:
        """An image (3, height, width) as the network saw them: blue first, less the mean colour.

        ``image``: one of Pillow's, or an array (height, width), (1, height, width) or
        (3, height, width) with values from 0 to 255.
        """
        if isinstance(image, np.ndarray):
            if image.ndim == 3 and image.shape[0] in (1, 3):
                image = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
            image = pillow().fromarray(image.astype(np.uint8))
        image = image.convert("RGB")
        if size:
            image = image.resize(size)
        kind = np.dtype(config.dtype)
        colours = np.asarray(image, kind)[:, :, ::-1] - np.array(self.mean, kind)
        return colours.transpose(2, 0, 1)

    def _ready(self, images: Iterable[Any], size: tuple[int, int]) -> HostArray:
        return concat_examples([self.prepare(image, size) for image in images])

    def extract(
        self,
        images: Iterable[Any],
        layers: Iterable[str] | None = None,
        size: tuple[int, int] = (224, 224),
    ) -> dict[str, Variable]:
        """The outputs of layers for images as :meth:`prepare` takes them."""
        x = Variable(self.device.send_array(self._ready(images, size)))
        return self(x, layers=[self.features] if layers is None else layers)

    def predict(self, images: Iterable[Any], oversample: bool = True) -> Variable:
        """The probabilities of the classes (n, 1000).

        With ``oversample`` the mean of those of ten parts: corners, middle, and all of them
        mirrored.
        """
        x = self._ready(images, (256, 256))
        parts = _ten_parts(x, 224) if oversample else x[:, :, 16:240, 16:240]
        with no_backprop_mode(), using_config("train", False):
            y = self(Variable(self.device.send_array(parts)), layers=["prob"])["prob"]
            return F.mean(F.reshape(y, (len(x), 10, *y.shape[1:])), axis=1) if oversample else y

    @classmethod
    def convert_caffemodel_to_npz(cls, path_caffemodel: str, path_npz: str) -> NoReturn:
        """Not here: see :class:`playground.links.caffe.CaffeFunction`."""
        refuse_caffemodel(f"{cls.__name__}.convert_caffemodel_to_npz", path_caffemodel)

    def _load(self, pretrained_model: str | None) -> None:
        if pretrained_model:
            load_npz(pretrained_model, self)


def weights_at(name: str, pretrained_model: str | None, file: str, source: str) -> str | None:
    """The path of the weights that are asked for: ``'auto'`` is ``file`` in the datasets' folder.

    Raises MissingDataError where there is no such file: before a network of gigabytes is made.
    """
    if not pretrained_model:
        return None
    path = str(pretrained_model)
    if path == "auto":
        directory = get_dataset_directory("pfnet/chainer/models", create_directory=False)
        path = os.path.join(directory, file)
    if path.endswith(".caffemodel"):
        refuse_caffemodel(name, path)
    if os.path.exists(path):
        return path
    begin = "or begin without weights, by pretrained_model=None"
    if pretrained_model != "auto":
        raise MissingDataError(f"{name}: there is no file of weights {path}: {begin}")
    raise MissingDataError(
        f"{name}: the weights are not there: put {file}, which Chainer 7 makes of {source}, at "
        f"{path}; {begin}"
    )


def _ten_parts(images: Raw, size: int) -> HostArray:
    """Corners and middle of each image, and these mirrored: (10 n, channels, size, size)."""
    height, width = images.shape[2:]
    tops: Sequence[int] = (0, 0, height - size, height - size, (height - size) // 2)
    lefts: Sequence[int] = (0, width - size, 0, width - size, (width - size) // 2)
    parts = [
        images[:, :, top : top + size, left : left + size]
        for top, left in zip(tops, lefts, strict=True)
    ]
    parts += [part[..., ::-1] for part in parts]
    return np.stack(parts, axis=1).reshape(-1, images.shape[1], size, size)
