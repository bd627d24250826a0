"""VGG16Layers and VGG19Layers (Simonyan and Zisserman, 2014)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import playground.functions as F
from playground.initializers import Constant, Normal
from playground.links.connection.convolution import Convolution2D
from playground.links.connection.linear import Linear
from playground.links.model.vision.layers import Layers, NamedLayers, weights_at

__all__ = ["VGG16Layers", "VGG19Layers"]

SOURCE = "VGG_ILSVRC_{}_layers.caffemodel (www.robots.ox.ac.uk/~vgg/research/very_deep)"
# Convolutions of each size of image, and their channels.
CHANNELS = (64, 128, 256, 512, 512)
DEPTHS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


class VGGLayers(NamedLayers):
    """A network of 16 or 19 layers with weights.

    Args:
        pretrained_model: the path of a file of weights; ``'auto'`` is that in the folder of
            datasets; None: weights are drawn.
        n_layers: 16 or 19.
    """

    mean = (103.939, 116.779, 123.68)
    features = "fc7"

    def __init__(self, pretrained_model: str | None = "auto", n_layers: int = 16) -> None:
        if n_layers not in DEPTHS:
            raise ValueError(f"VGGLayers: n_layers must be 16 or 19, got {n_layers}")
        name = f"VGG{n_layers}Layers"
        file, source = f"VGG_ILSVRC_{n_layers}_layers.npz", SOURCE.format(n_layers)
        path = weights_at(name, pretrained_model, file, source)
        super().__init__()
        # What is read from a file need not be drawn.
        start = Constant(0) if path else Normal(0.01)
        initial: dict[str, Any] = {"initialW": start, "initial_bias": Constant(0)}
        self._depths = DEPTHS[n_layers]
        with self.init_scope():
            self._make_convolutions(initial)
            self.fc6 = Linear(512 * 7 * 7, 4096, **initial)
            self.fc7 = Linear(4096, 4096, **initial)
            self.fc8 = Linear(4096, 1000, **initial)
            self._make_further(initial)
        self._load(path)

    def _make_convolutions(self, initial: dict[str, Any]) -> None:
        before = 3
        for block, (depth, channels) in enumerate(zip(DEPTHS[16], CHANNELS, strict=True), 1):
            for k in range(1, depth + 1):
                convolution = Convolution2D(before, channels, 3, 1, 1, **initial)
                setattr(self, f"conv{block}_{k}", convolution)
                before = channels

    def _make_further(self, initial: dict[str, Any]) -> None:
        # Last of all, as Chainer draws them.
        for block, (depth, channels) in enumerate(zip(self._depths, CHANNELS, strict=True), 1):
            if depth > DEPTHS[16][block - 1]:
                further = Convolution2D(channels, channels, 3, 1, 1, **initial)
                setattr(self, f"conv{block}_{depth}", further)

    @property
    def functions(self) -> Layers:
        layers: Layers = OrderedDict()
        for block, depth in enumerate(self._depths, 1):
            for k in range(1, depth + 1):
                name = f"conv{block}_{k}"
                layers[name] = [getattr(self, name), F.relu]
            layers[f"pool{block}"] = [halved]
        layers["fc6"] = [self.fc6, F.relu, F.dropout]
        layers["fc7"] = [self.fc7, F.relu, F.dropout]
        layers["fc8"] = [self.fc8]
        layers["prob"] = [F.softmax]
        return layers


def halved(x: Any) -> Any:
    """The largest of each 2 × 2 pixels."""
    return F.max_pooling_2d(x, ksize=2)


class VGG16Layers(VGGLayers):
    """The network of 16 layers with weights; see :class:`VGGLayers`."""

    def __init__(self, pretrained_model: str | None = "auto") -> None:
        super().__init__(pretrained_model, 16)


class VGG19Layers(VGGLayers):
    """The network of 19 layers with weights; see :class:`VGGLayers`."""

    def __init__(self, pretrained_model: str | None = "auto") -> None:
        super().__init__(pretrained_model, 19)
