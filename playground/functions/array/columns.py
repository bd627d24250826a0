"""Images rearranged: window by window, and space for channels."""

from __future__ import annotations

from playground.functions.array.shaping import reshape, transpose
from playground.functions.pooling.moving import Windowed, spatial
from playground.functions.windows import PerAxis, along_axes, windows_over
from playground.graph.errors import InvalidType
from playground.graph.types import Array, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["depth2space", "im2col", "space2depth"]


class Im2Col(Windowed):
    """y = x (n, c, …) window by window: (n, c * places, *out)."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        columns = self.windows.columns(x)
        order = (2, 0, 1, *range(3, columns.ndim))
        return columns.transpose(order).reshape((x.shape[0], -1, *self.windows.out))

    def backward(self, gy: Array, x: Array) -> Array:
        return Col2Im(self.windows)(gy)


class Col2Im(Windowed):
    """y (n, c, …) = x (n, c * places, *out) added up over the windows."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        windows = self.windows
        columns = x.reshape((x.shape[0], -1, windows.count, *windows.out))
        return windows.scattered(columns.transpose((1, 2, 0, *range(3, columns.ndim))))

    def backward(self, gy: Array, x: Array) -> Array:
        return Im2Col(self.windows)(gy)


def im2col(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    cover_all: bool = False,
    dilate: PerAxis = 1,
) -> Variable:
    """Images x (n, c, h, w) window by window, as a convolution reads them.

    The result is (n, c kh kw, out_h, out_w); arguments as for ``convolution_2d``.
    """
    x, size = spatial("im2col", x, 2)
    kernel = along_axes("im2col", "ksize", ksize, 2)
    return Im2Col(windows_over("im2col", size, kernel, stride, pad, cover_all, dilate)).of(x)


def depth2space(X: Operand, r: int) -> Variable:
    """Blocks of r by r pixels from as many groups of channels.

    (n, r r c, h, w) to (n, c, r h, r w).
    """
    X, (h, w) = spatial("depth2space", X, 2)
    n, c = X.shape[0], X.shape[1] // (r * r)
    if X.shape[1] % (r * r):
        raise InvalidType("depth2space", f"a multiple of {r * r} channels", f"shape {X.shape}")
    parts = transpose(reshape(X, (n, r, r, c, h, w)), (0, 3, 4, 1, 5, 2))
    return reshape(parts, (n, c, h * r, w * r))


def space2depth(X: Operand, r: int) -> Variable:
    """Blocks of r by r pixels as so many groups of channels.

    (n, c, r h, r w) to (n, r r c, h, w).
    """
    X, (h, w) = spatial("space2depth", X, 2)
    if h % r or w % r:
        raise InvalidType("space2depth", f"images that {r} divides", f"shape {X.shape}")
    n, c = X.shape[:2]
    parts = transpose(reshape(X, (n, c, h // r, r, w // r, r)), (0, 3, 5, 1, 2, 4))
    return reshape(parts, (n, r * r * c, h // r, w // r))
