"""InceptionBN: convolutions of several sizes side by side, each normalised."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.config import config
from playground.graph.types import DType, Operand
from playground.graph.variable import Variable
from playground.links.chain import Chain
from playground.links.connection.convolution import Convolution2D
from playground.links.normalization.normalization import BatchNormalization

__all__ = ["InceptionBN"]


class InceptionBN(Chain):
    """Inception with batch normalization (Ioffe and Szegedy, 2015).

    Args:
        in_channels: None finds them out at the first call.
        out1: channels of the convolution of size 1; 0: none of it.
        proj3, out3: of that of size 3, and of the one of size 1 ahead of it.
        proj33, out33: of two of size 3 after each other, and of the one of size 1 ahead of them.
        pooltype: ``'max'`` or ``'avg'``.
        proj_pool: channels of the one of size 1 behind the pooling; None: none of it.
        stride: of what makes the images smaller.
        conv_init: initializer of all filters.
        dtype: of the normalizations; default: ``config.dtype``.
    """

    def __init__(
        self,
        in_channels: int | None,
        out1: int,
        proj3: int,
        out3: int,
        proj33: int,
        out33: int,
        pooltype: str,
        proj_pool: int | None = None,
        stride: int = 1,
        conv_init: Operand = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if pooltype not in ("max", "avg"):
            raise NotImplementedError(
                f"InceptionBN: pooltype must be 'max' or 'avg', got {pooltype!r}"
            )
        if out1 > 0 and (stride != 1 or proj_pool is None):
            raise ValueError(
                "InceptionBN: with out1 the stride is 1 and proj_pool is given, so that all "
                "parts are of one size"
            )
        self.out1, self.proj_pool = out1, proj_pool
        self.stride, self.pooltype = stride, pooltype
        kind = np.dtype(config.dtype if dtype is None else dtype)

        def filters(channels: int | None, out: int, size: int, step: int = 1) -> Convolution2D:
            pad = size // 2
            return Convolution2D(channels, out, size, step, pad, nobias=True, initialW=conv_init)

        # In this order, in which Chainer draws.
        with self.init_scope():
            self.proj3, self.conv3 = filters(in_channels, proj3, 1), filters(proj3, out3, 3, stride)
            self.proj33, self.conv33a = filters(in_channels, proj33, 1), filters(proj33, out33, 3)
            self.conv33b = filters(out33, out33, 3, stride)
            self.proj3n = BatchNormalization(proj3, dtype=kind)
            self.conv3n = BatchNormalization(out3, dtype=kind)
            self.proj33n = BatchNormalization(proj33, dtype=kind)
            self.conv33an = BatchNormalization(out33, dtype=kind)
            self.conv33bn = BatchNormalization(out33, dtype=kind)
            if out1 > 0:
                self.conv1 = filters(in_channels, out1, 1)
                self.conv1n = BatchNormalization(out1, dtype=kind)
            if proj_pool is not None:
                self.poolp = filters(in_channels, proj_pool, 1)
                self.poolpn = BatchNormalization(proj_pool, dtype=kind)

    def forward(self, x: Any) -> Variable:
        parts = [F.relu(self.conv1n(self.conv1(x)))] if self.out1 > 0 else []
        h = F.relu(self.proj3n(self.proj3(x)))
        parts.append(F.relu(self.conv3n(self.conv3(h))))
        h = F.relu(self.conv33an(self.conv33a(F.relu(self.proj33n(self.proj33(x))))))
        parts.append(F.relu(self.conv33bn(self.conv33b(h))))
        if self.pooltype == "max":
            # No window reaches beyond the padding, so that this part is as large as the others.
            p: Any = F.max_pooling_2d(x, 3, stride=self.stride, pad=1, cover_all=False)
        else:
            p = F.average_pooling_2d(x, 3, stride=self.stride, pad=1)
        if self.proj_pool is not None:
            p = F.relu(self.poolpn(self.poolp(p)))
        return F.concat([*parts, p], axis=1)
