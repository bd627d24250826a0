"""Convolutions and their transposes, over any number of axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import playground.functions as F
from playground.functions.windows import PerAxis
from playground.graph.errors import InvalidType
from playground.graph.parameter import Parameter
from playground.graph.types import Operand, Shape
from playground.graph.variable import Variable
from playground.initializers import HeNormal, get_initializer
from playground.links.connection.weights import bias_parameter
from playground.links.link import Link

__all__ = [
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "ConvolutionND",
    "Deconvolution1D",
    "Deconvolution2D",
    "Deconvolution3D",
    "DeconvolutionND",
    "DepthwiseConvolution2D",
    "DilatedConvolution2D",
]


def each(value: PerAxis, axes: int) -> tuple[int, ...]:
    """One number an axis."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


class Filters(Link):
    """What convolutions have in common: filters W, one bias an output channel, groups.

    Where ``ksize`` is left out, the two sizes before it are the output channels and ksize, and the
    input channels are found out at the first call.
    """

    # Whether W has the input channels first, as a transposed convolution's has.
    transposed: ClassVar[bool] = False

    def __init__(
        self,
        ndim: int,
        in_channels: int | None,
        out_channels: Any,
        ksize: Any,
        nobias: bool,
        initialW: Operand,
        initial_bias: Operand,
        groups: int,
    ) -> None:
        super().__init__()
        if ksize is None:
            in_channels, out_channels, ksize = None, in_channels, out_channels
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, int(groups)
        self._kernel = each(ksize, ndim)
        # As it was given: so it is printed.
        self.ksize = ksize
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW))
            # Before the bias: in this order Chainer draws.
            if in_channels is not None:
                self._initialize_params(in_channels)
            self.b = bias_parameter(nobias, initial_bias, out_channels)

    def _initialize_params(self, in_channels: int) -> None:
        for what, channels in (("output", self.out_channels), ("input", in_channels)):
            if channels % self.groups:
                expect = f"{what} channels that {self.groups} groups divide"
                raise InvalidType(type(self).__name__, expect, f"{channels}")
        first, second = self.out_channels, in_channels
        if self.transposed:
            first, second = second, first
        self.W.initialize((first, second // self.groups, *self._kernel))

    def _prepared(self, x: Any) -> Any:
        """x, once W is there for its channels."""
        if self.W._array is None:
            self._initialize_params(x.shape[1])
        return x


class ConvolutionND(Filters):
    """A convolution over ``ndim`` axes of x (batch, channels, …) with filters of ``ksize``.

    Args:
        stride, pad, dilate: a number, or one an axis.
        nobias: whether there is no bias.
        initialW, initial_bias: initializers; default: LeCunNormal, and 0.
        cover_all: whether every element of x is in the field of some output.
        groups: of channels, that do not mix.
    """

    def __init__(
        self,
        ndim: int,
        in_channels: int | None,
        out_channels: Any,
        ksize: Any = None,
        stride: PerAxis = 1,
        pad: PerAxis = 0,
        nobias: bool = False,
        initialW: Operand = None,
        initial_bias: Operand = None,
        cover_all: bool = False,
        dilate: PerAxis = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            ndim, in_channels, out_channels, ksize, nobias, initialW, initial_bias, groups
        )
        self.ksize = self._kernel
        self.stride, self.pad, self.cover_all = stride, pad, cover_all
        self.dilate = each(dilate, ndim)

    @classmethod
    def from_params(
        cls, W: Any, b: Any = None, stride: PerAxis = 1, pad: PerAxis = 0, **options: Any
    ) -> Any:
        """A layer on filters, and perhaps a bias, that exist."""
        check_bias(cls, W, b)
        sizes = (W.shape[1] * options.get("groups", 1), W.shape[0], W.shape[2:])
        # The classes of a fixed number of axes are not told it.
        axes = (W.ndim - 2,) if cls is ConvolutionND else ()
        made: Any = cls
        values = {"initialW": getattr(W, "array", W), "initial_bias": getattr(b, "array", b)}
        return made(*axes, *sizes, stride, pad, **values, **options)

    def forward(self, x: Any) -> Variable:
        return F.convolution_nd(
            self._prepared(x),
            self.W,
            self.b,
            self.stride,
            self.pad,
            self.cover_all,
            self.dilate,
            self.groups,
        )


def check_bias(link: type[Link], W: Any, b: Any) -> None:
    """Raise InvalidType for a bias that does not have one element an output channel."""
    if b is not None and b.size != W.shape[0]:
        raise InvalidType(f"{link.__name__}.from_params", f"{W.shape[0]} biases", f"{b.size}")


class Convolution1D(ConvolutionND):
    """ConvolutionND over one axis."""

    def __init__(self, in_channels: int | None, out_channels: Any, *args: Any, **kw: Any) -> None:
        super().__init__(1, in_channels, out_channels, *args, **kw)


class Convolution3D(ConvolutionND):
    """ConvolutionND over three axes."""

    def __init__(self, in_channels: int | None, out_channels: Any, *args: Any, **kw: Any) -> None:
        super().__init__(3, in_channels, out_channels, *args, **kw)


class Convolution2D(Filters):
    """A convolution of images (batch, channels, height, width); arguments as of ConvolutionND."""

    def __init__(
        self,
        in_channels: int | None,
        out_channels: Any,
        ksize: Any = None,
        stride: PerAxis = 1,
        pad: PerAxis = 0,
        nobias: bool = False,
        initialW: Operand = None,
        initial_bias: Operand = None,
        *,
        dilate: PerAxis = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            2, in_channels, out_channels, ksize, nobias, initialW, initial_bias, groups
        )
        self.stride, self.pad, self.dilate = each(stride, 2), each(pad, 2), each(dilate, 2)

    from_params = ConvolutionND.__dict__["from_params"]

    @property
    def printable_specs(self) -> Iterator[tuple[str, Any]]:
        for name in ("in_channels", "out_channels", "ksize", "stride", "pad"):
            yield name, getattr(self, name)
        yield "nobias", self.b is None
        yield "dilate", self.dilate
        yield "groups", self.groups

    def forward(self, x: Any) -> Variable:
        return F.convolution_2d(
            self._prepared(x),
            self.W,
            self.b,
            self.stride,
            self.pad,
            dilate=self.dilate,
            groups=self.groups,
        )


class DilatedConvolution2D(Convolution2D):
    """Convolution2D whose ``dilate`` comes before ``nobias``."""

    def __init__(
        self,
        in_channels: int | None,
        out_channels: Any,
        ksize: Any = None,
        stride: PerAxis = 1,
        pad: PerAxis = 0,
        dilate: PerAxis = 1,
        nobias: bool = False,
        initialW: Operand = None,
        initial_bias: Operand = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            ksize,
            stride,
            pad,
            nobias,
            initialW,
            initial_bias,
            dilate=dilate,
        )

    printable_specs = Link.printable_specs


class DeconvolutionND(Filters):
    """The transpose of a convolution over ``ndim`` axes; W has the input channels first.

    ``outsize``: the lengths of the output's axes, where several would fit.
    """

    transposed = True

    def __init__(
        self,
        ndim: int,
        in_channels: int | None,
        out_channels: Any,
        ksize: Any = None,
        stride: PerAxis = 1,
        pad: PerAxis = 0,
        nobias: bool = False,
        outsize: Shape | None = None,
        initialW: Operand = None,
        initial_bias: Operand = None,
        dilate: PerAxis = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            ndim, in_channels, out_channels, ksize, nobias, initialW, initial_bias, groups
        )
        self.ksize = self._kernel
        self.stride, self.pad, self.outsize = stride, pad, outsize
        self.dilate = each(dilate, ndim)

    def forward(self, x: Any) -> Variable:
        return F.deconvolution_nd(
            self._prepared(x),
            self.W,
            self.b,
            self.stride,
            self.pad,
            self.outsize,
            self.dilate,
            self.groups,
        )


class Deconvolution1D(DeconvolutionND):
    """DeconvolutionND over one axis."""

    def __init__(self, in_channels: int | None, out_channels: Any, *args: Any, **kw: Any) -> None:
        super().__init__(1, in_channels, out_channels, *args, **kw)


class Deconvolution3D(DeconvolutionND):
    """DeconvolutionND over three axes."""

    def __init__(self, in_channels: int | None, out_channels: Any, *args: Any, **kw: Any) -> None:
        super().__init__(3, in_channels, out_channels, *args, **kw)


class Deconvolution2D(DeconvolutionND):
    """The transpose of a convolution of images; arguments as of DeconvolutionND."""

    def __init__(self, in_channels: int | None, out_channels: Any, *args: Any, **kw: Any) -> None:
        super().__init__(2, in_channels, out_channels, *args, **kw)


class DepthwiseConvolution2D(Link):
    """A convolution of each channel by itself, with ``channel_multiplier`` filters."""

    def __init__(
        self,
        in_channels: int | None,
        channel_multiplier: int,
        ksize: PerAxis,
        stride: PerAxis = 1,
        pad: PerAxis = 0,
        nobias: bool = False,
        initialW: Operand = None,
        initial_bias: Operand = None,
    ) -> None:
        super().__init__()
        self.ksize, self.channel_multiplier, self.nobias = ksize, channel_multiplier, nobias
        self.stride, self.pad = each(stride, 2), each(pad, 2)
        with self.init_scope():
            # Half the variance of a convolution's that the rectifiers halve again.
            self.W = Parameter(
                HeNormal(1 / 2**0.5) if initialW is None else get_initializer(initialW)
            )
            self.b = bias_parameter(nobias, initial_bias, None)
        if in_channels is not None:
            self._initialize_params(in_channels)

    def _initialize_params(self, in_channels: int) -> None:
        self.W.initialize((self.channel_multiplier, in_channels, *each(self.ksize, 2)))
        if self.b is not None:
            self.b.initialize((self.channel_multiplier * in_channels,))

    def forward(self, x: Any) -> Variable:
        if self.W._array is None:
            self._initialize_params(x.shape[1])
        return F.depthwise_convolution_2d(x, self.W, self.b, self.stride, self.pad)
