"""Convolutions with weights for each place, and with places that are learnt."""

from __future__ import annotations

from typing import Any

import playground.functions as F
from playground.functions.windows import PerAxis
from playground.graph.parameter import Parameter
from playground.graph.types import Operand, Shape
from playground.graph.variable import Variable, as_variable
from playground.initializers import get_initializer
from playground.links.chain import Chain
from playground.links.connection.convolution import Convolution2D, each
from playground.links.connection.weights import bias_parameter
from playground.links.link import Link

__all__ = ["DeformableConvolution2D", "LocalConvolution2D"]


class LocalConvolution2D(Link):
    """A convolution over images with weights of its own for each place.

    Args:
        in_channels: channels of the images.
        out_channels: channels of the result.
        in_size: lengths of the images' sides; where it or ``in_channels`` is None both are found
            out at the first call.
        ksize: of the windows.
        stride: from one window to the next.
        nobias: whether there is no bias.
        initialW, initial_bias: initializers.
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        in_size: PerAxis | None = None,
        ksize: PerAxis | None = None,
        stride: PerAxis = 1,
        nobias: bool = False,
        initialW: Operand = None,
        initial_bias: Operand = None,
    ) -> None:
        super().__init__()
        # It stands behind in_size, which may be left out, and so has a default.
        if ksize is None:
            raise TypeError("LocalConvolution2D: give ksize, the lengths of the windows")
        self.ksize, self.stride, self.nobias = ksize, each(stride, 2), nobias
        self.out_channels = out_channels
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW))
            self.b = bias_parameter(nobias, initial_bias, None)
        # Weights of each place need both: how many channels, and how many places.
        if in_channels is not None and in_size is not None:
            self._initialize_params(in_channels, each(in_size, 2))

    def _initialize_params(self, in_channels: int, in_size: Shape) -> None:
        kernel = each(self.ksize, 2)
        out = tuple((n - k) // s + 1 for n, k, s in zip(in_size, kernel, self.stride, strict=True))
        self.W.initialize((self.out_channels, *out, in_channels, *kernel))
        if self.b is not None:
            self.b.initialize((self.out_channels, *out))

    def forward(self, x: Any) -> Variable:
        x = as_variable(x)
        if self.W._array is None:
            self._initialize_params(x.shape[1], x.shape[2:])
        return F.local_convolution_2d(x, self.W, self.b, self.stride)


class DeformableConvolution2DSampler(Link):
    """The convolution itself, at places that are handed to it."""

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: PerAxis,
        stride: PerAxis,
        pad: PerAxis,
        nobias: bool,
        initialW: Operand,
        initial_bias: Operand,
    ) -> None:
        super().__init__()
        self.ksize, self.stride, self.pad = ksize, each(stride, 2), each(pad, 2)
        self.out_channels = out_channels
        with self.init_scope():
            # Zeros unless anything is said, as in Chainer.
            self.W = Parameter(get_initializer(0 if initialW is None else initialW))
            self.b = bias_parameter(nobias, initial_bias, None)
        if in_channels is not None:
            self._initialize_params(in_channels)

    def _initialize_params(self, in_channels: int) -> None:
        self.W.initialize((self.out_channels, in_channels, *each(self.ksize, 2)))
        if self.b is not None:
            self.b.initialize((self.out_channels,))

    def forward(self, x: Any, offset: Variable) -> Variable:
        x = as_variable(x)
        if self.W._array is None:
            self._initialize_params(x.shape[1])
        return F.deformable_convolution_2d_sampler(x, offset, self.W, self.b, self.stride, self.pad)


class DeformableConvolution2D(Chain):
    """A convolution whose places are moved by what another makes of the input (Dai et al., 2017).

    As in Chainer the weights of the second, ``deform_conv``, are 0 unless ``deform_initialW`` says
    other.

    Args:
        in_channels: None finds them out at the first call.
        out_channels, ksize, stride, pad: as in Convolution2D.
        offset_nobias, offset_initialW, offset_initial_bias: of the first, ``offset_conv``.
        deform_nobias, deform_initialW, deform_initial_bias: of the second.
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: PerAxis,
        stride: PerAxis = 1,
        pad: PerAxis = 0,
        offset_nobias: bool = False,
        offset_initialW: Operand = None,
        offset_initial_bias: Operand = None,
        deform_nobias: bool = False,
        deform_initialW: Operand = None,
        deform_initial_bias: Operand = None,
    ) -> None:
        super().__init__()
        rows, columns = each(ksize, 2)
        with self.init_scope():
            self.offset_conv = Convolution2D(
                in_channels,
                2 * rows * columns,
                ksize,
                stride,
                pad,
                offset_nobias,
                offset_initialW,
                offset_initial_bias,
            )
            self.deform_conv = DeformableConvolution2DSampler(
                in_channels,
                out_channels,
                ksize,
                stride,
                pad,
                deform_nobias,
                deform_initialW,
                deform_initial_bias,
            )

    def forward(self, x: Any) -> Variable:
        return self.deform_conv(x, self.offset_conv(x))
