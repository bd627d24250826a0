"""GoogLeNet (Szegedy et al., 2014)."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

import playground.functions as F
from playground.initializers import Constant, LeCunUniform
from playground.links.connection.convolution import Convolution2D
from playground.links.connection.inception import Inception
from playground.links.connection.linear import Linear
from playground.links.model.vision.layers import Layers, NamedLayers, weights_at

__all__ = ["GoogLeNet"]

# The name of a part -> the channels of the Inception.
PARTS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNet(NamedLayers):
    """Nine Inceptions, with two further outputs on the way for training.

    Args:
        pretrained_model: the path of a file of weights; ``'auto'`` is that in the folder of
            datasets; None: weights are drawn.
    """

    mean = (104.0, 117.0, 123.0)
    features = "pool5"
    branches = {"loss1_fc2": "inception_4a", "loss2_fc2": "inception_4d"}  # noqa: RUF012

    def __init__(self, pretrained_model: str | None = "auto") -> None:
        source = "bvlc_googlenet.caffemodel (dl.caffe.berkeleyvision.org)"
        path = weights_at("GoogLeNet", pretrained_model, "bvlc_googlenet.npz", source)
        super().__init__()
        # What is read from a file need not be drawn.
        initial: dict[str, Any] = {"initialW": Constant(0) if path else LeCunUniform(scale=1.0)}
        with self.init_scope():
            self.conv1 = Convolution2D(3, 64, 7, stride=2, pad=3, **initial)
            self.conv2_reduce = Convolution2D(64, 64, 1, **initial)
            self.conv2 = Convolution2D(64, 192, 3, stride=1, pad=1, **initial)
            for name, channels in PARTS.items():
                setattr(self, f"inc{name}", Inception(*channels))
            self.loss3_fc = Linear(1024, 1000, **initial)
            self.loss1_conv = Convolution2D(512, 128, 1, **initial)
            self.loss1_fc1 = Linear(2048, 1024, **initial)
            self.loss1_fc2 = Linear(1024, 1000, **initial)
            self.loss2_conv = Convolution2D(528, 128, 1, **initial)
            self.loss2_fc1 = Linear(2048, 1024, **initial)
            self.loss2_fc2 = Linear(1024, 1000, **initial)
        self._load(path)

    @property
    def functions(self) -> Layers:
        smaller = partial(F.max_pooling_2d, ksize=3, stride=2)
        even = partial(F.local_response_normalization, n=5, k=1, alpha=1e-4 / 5)
        layers: Layers = OrderedDict(
            conv1=[self.conv1, F.relu],
            pool1=[smaller, even],
            conv2_reduce=[self.conv2_reduce, F.relu],
            conv2=[self.conv2, F.relu, even],
            pool2=[smaller],
        )
        for name in PARTS:
            layers[f"inception_{name}"] = [getattr(self, f"inc{name}")]
            # Behind the last part of each size of images.
            if name in ("3b", "4e"):
                layers[f"pool{name[0]}"] = [smaller]
        layers["pool5"] = [partial(F.average_pooling_2d, ksize=7, stride=1)]
        layers["loss3_fc"] = [partial(F.dropout, ratio=0.4), self.loss3_fc]
        layers["prob"] = [F.softmax]
        coarse = partial(F.average_pooling_2d, ksize=5, stride=3)
        for k in (1, 2):
            part = {name: getattr(self, f"loss{k}_{name}") for name in ("conv", "fc1", "fc2")}
            layers[f"loss{k}_fc2"] = [
                coarse,
                part["conv"],
                F.relu,
                part["fc1"],
                F.relu,
                part["fc2"],
            ]
        return layers
