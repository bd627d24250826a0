"""Small networks that stand for a layer: Inception and MLPConvolution2D."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import playground.functions as F
from playground.graph.errors import InvalidType
from playground.graph.types import Operand
from playground.graph.variable import Variable
from playground.links.chain import Chain
from playground.links.chain_list import ChainList
from playground.links.connection.convolution import Convolution2D

__all__ = ["Inception", "MLPConvolution2D"]


class Inception(Chain):
    """Convolutions of four sizes side by side, their channels joined (Szegedy et al., 2014).

    Args:
        in_channels: None finds them out at the first call.
        out1, out3, out5: channels of the convolutions of size 1, 3 and 5.
        proj3, proj5: channels that those of size 3 and 5 see, after one of size 1.
        proj_pool: channels of the one of size 1 behind a maximum over 3 × 3 elements.
        conv_init, bias_init: initializers of all of them.
    """

    def __init__(
        self,
        in_channels: int | None,
        out1: int,
        proj3: int,
        out3: int,
        proj5: int,
        out5: int,
        proj_pool: int,
        conv_init: Operand = None,
        bias_init: Operand = None,
    ) -> None:
        super().__init__()

        def layer(channels: int | None, out: int, size: int) -> Convolution2D:
            # Padded so that all outputs are as large as the input, and can be joined.
            pad = size // 2
            initial = {"initialW": conv_init, "initial_bias": bias_init}
            return Convolution2D(channels, out, size, pad=pad, **initial)

        with self.init_scope():
            self.conv1 = layer(in_channels, out1, 1)
            self.proj3, self.conv3 = layer(in_channels, proj3, 1), layer(proj3, out3, 3)
            self.proj5, self.conv5 = layer(in_channels, proj5, 1), layer(proj5, out5, 5)
            self.projp = layer(in_channels, proj_pool, 1)

    def forward(self, x: Any) -> Variable:
        parts = [
            self.conv1(x),
            self.conv3(F.relu(self.proj3(x))),
            self.conv5(F.relu(self.proj5(x))),
            self.projp(F.max_pooling_2d(x, 3, stride=1, pad=1)),
        ]
        return F.relu(F.concat(parts, axis=1))


class MLPConvolution2D(ChainList):
    """A convolution, then others of size 1, with ``activation`` between them (Lin et al., 2013).

    ``out_channels``: the channels of each, in turn. ``conv_init``, ``bias_init``: initializers.
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: Any,
        ksize: Any = None,
        stride: int | tuple[int, int] = 1,
        pad: int | tuple[int, int] = 0,
        activation: Callable[..., Any] = F.relu,
        *,
        conv_init: Operand = None,
        bias_init: Operand = None,
    ) -> None:
        if ksize is None:
            in_channels, out_channels, ksize = None, in_channels, out_channels
        if not out_channels:
            raise InvalidType("MLPConvolution2D", "the channels of one layer or more", "none")
        initial = {"initialW": conv_init, "initial_bias": bias_init}
        layers = [Convolution2D(in_channels, out_channels[0], ksize, stride, pad, **initial)]
        for before, after in pairwise(out_channels):
            layers.append(Convolution2D(before, after, 1, **initial))
        super().__init__(*layers)
        self.activation = activation

    def forward(self, x: Any) -> Any:
        # None behind the last: what follows may be a softmax.
        for layer in self[:-1]:
            x = self.activation(layer(x))
        return self[-1](x)
