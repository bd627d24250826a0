"""ResNet50Layers, ResNet101Layers and ResNet152Layers (He et al., 2015)."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

import playground.functions as F
from playground.graph.types import Operand
from playground.graph.variable import Variable
from playground.initializers import Constant, HeNormal
from playground.links.chain import Chain
from playground.links.connection.convolution import Convolution2D
from playground.links.connection.linear import Linear
from playground.links.model.vision.layers import Layers, NamedLayers, weights_at
from playground.links.normalization.normalization import BatchNormalization

__all__ = ["ResNet50Layers", "ResNet101Layers", "ResNet152Layers"]

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class ResNetLayers(NamedLayers):
    """A network of 50, 101 or 152 layers with weights.

    Args:
        pretrained_model: the path of a file of weights; ``'auto'`` is that in the folder of
            datasets; None: weights are drawn.
        n_layers: 50, 101 or 152.
        downsample_fb: whether the convolution of size 3 is the one that makes images smaller, as
            in Facebook's networks, and not the first of size 1.
    """

    mean = (103.063, 115.903, 123.152)
    features = "pool5"

    def __init__(
        self, pretrained_model: str | None, n_layers: int, downsample_fb: bool = False
    ) -> None:
        if n_layers not in BLOCKS:
            raise ValueError(f"ResNetLayers: n_layers must be 50, 101 or 152, got {n_layers}")
        name, file = f"ResNet{n_layers}Layers", f"ResNet-{n_layers}-model.npz"
        source = f"ResNet-{n_layers}-model.caffemodel (github.com/KaimingHe)"
        path = weights_at(name, pretrained_model, file, source)
        super().__init__()
        # What is read from a file need not be drawn.
        start = Constant(0) if path else HeNormal(scale=1.0)
        blocks = BLOCKS[n_layers]
        with self.init_scope():
            self.conv1 = Convolution2D(3, 64, 7, 2, 3, initialW=start)
            self.bn1 = BatchNormalization(64)
            self.res2 = BuildingBlock(blocks[0], 64, 64, 256, 1, start, downsample_fb)
            self.res3 = BuildingBlock(blocks[1], 256, 128, 512, 2, start, downsample_fb)
            self.res4 = BuildingBlock(blocks[2], 512, 256, 1024, 2, start, downsample_fb)
            self.res5 = BuildingBlock(blocks[3], 1024, 512, 2048, 2, start, downsample_fb)
            self.fc6 = Linear(2048, 1000)
        self._load(path)

    @property
    def functions(self) -> Layers:
        return OrderedDict(
            conv1=[self.conv1, self.bn1, F.relu],
            pool1=[partial(F.max_pooling_2d, ksize=3, stride=2)],
            res2=[self.res2],
            res3=[self.res3],
            res4=[self.res4],
            res5=[self.res5],
            pool5=[averaged],
            fc6=[self.fc6],
            prob=[F.softmax],
        )


def averaged(x: Any) -> Variable:
    """The mean of each channel of images (n, c, h, w)."""
    return F.mean(x, axis=(2, 3))


class BuildingBlock(Chain):
    """Bottlenecks one after the other, of which the first, ``a``, changes the size."""

    def __init__(
        self,
        n_layers: int,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int,
        initialW: Operand = None,
        downsample_fb: bool = False,
    ) -> None:
        super().__init__()
        self._names = ["a", *(f"b{i}" for i in range(1, n_layers))]
        with self.init_scope():
            self.a = BottleneckA(
                in_channels, mid_channels, out_channels, stride, initialW, downsample_fb
            )
            for name in self._names[1:]:
                setattr(self, name, BottleneckB(out_channels, mid_channels, initialW))

    def forward(self, x: Any) -> Any:
        for name in self._names:
            x = getattr(self, name)(x)
        return x


def plain_convolution(
    in_channels: int, out_channels: int, size: int, stride: int, initialW: Operand
) -> Convolution2D:
    """A convolution without a bias, which the normalization behind it has."""
    return Convolution2D(
        in_channels, out_channels, size, stride, size // 2, nobias=True, initialW=initialW
    )


class BottleneckA(Chain):
    """Three convolutions beside one that brings the input to the same size and channels."""

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int = 2,
        initialW: Operand = None,
        downsample_fb: bool = False,
    ) -> None:
        super().__init__()
        first, second = (1, stride) if downsample_fb else (stride, 1)
        with self.init_scope():
            self.conv1 = plain_convolution(in_channels, mid_channels, 1, first, initialW)
            self.bn1 = BatchNormalization(mid_channels)
            self.conv2 = plain_convolution(mid_channels, mid_channels, 3, second, initialW)
            self.bn2 = BatchNormalization(mid_channels)
            self.conv3 = plain_convolution(mid_channels, out_channels, 1, 1, initialW)
            self.bn3 = BatchNormalization(out_channels)
            self.conv4 = plain_convolution(in_channels, out_channels, 1, stride, initialW)
            self.bn4 = BatchNormalization(out_channels)

    def forward(self, x: Any) -> Any:
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        return F.relu(self.bn3(self.conv3(h)) + self.bn4(self.conv4(x)))


class BottleneckB(Chain):
    """Three convolutions beside the input itself."""

    def __init__(self, in_channels: int, mid_channels: int, initialW: Operand = None) -> None:
        super().__init__()
        with self.init_scope():
            self.conv1 = plain_convolution(in_channels, mid_channels, 1, 1, initialW)
            self.bn1 = BatchNormalization(mid_channels)
            self.conv2 = plain_convolution(mid_channels, mid_channels, 3, 1, initialW)
            self.bn2 = BatchNormalization(mid_channels)
            self.conv3 = plain_convolution(mid_channels, in_channels, 1, 1, initialW)
            self.bn3 = BatchNormalization(in_channels)

    def forward(self, x: Any) -> Any:
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        return F.relu(self.bn3(self.conv3(h)) + x)


class ResNet50Layers(ResNetLayers):
    """The network of 50 layers with weights; see :class:`ResNetLayers`."""

    def __init__(self, pretrained_model: str | None = "auto", downsample_fb: bool = False) -> None:
        super().__init__(pretrained_model, 50, downsample_fb)


class ResNet101Layers(ResNetLayers):
    """The network of 101 layers with weights; see :class:`ResNetLayers`."""

    def __init__(self, pretrained_model: str | None = "auto", downsample_fb: bool = False) -> None:
        super().__init__(pretrained_model, 101, downsample_fb)


class ResNet152Layers(ResNetLayers):
    """The network of 152 layers with weights; see :class:`ResNetLayers`."""

    def __init__(self, pretrained_model: str | None = "auto", downsample_fb: bool = False) -> None:
        super().__init__(pretrained_model, 152, downsample_fb)
