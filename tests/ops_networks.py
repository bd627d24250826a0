"""The rows of what networks are made of: connections, convolutions, pooling, noise, scores."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array import columns
from playground.functions.connection import convolution, dense
from playground.functions.noise import masks
from playground.functions.normalization import lengths, statistics
from playground.functions.pooling import moving
from playground.functions.rnn import lstm
from playground.functions.windows import windows_over
from playground.graph import backend
from playground.graph.variable import as_variable
from tests.rows import Case, Row, case

M = (2, 3)
LABELS = np.array([2, 0, -1, 1])
MASK = np.array([[0.0, 2.0, 2.0], [2.0, 0.0, 2.0]])


def rows(name: str, op: type | None, *cases: Case, **options: Any) -> Row:
    return Row(name, op, cases, **options)


# --------------------------------------------------------------------------- references


def _linear(x: Any, W: Any, b: Any = None, n_batch_axes: int = 1) -> Any:
    batch = x.shape[:n_batch_axes]
    y = np.einsum("ni,oi->no", x.reshape(int(np.prod(batch)), W.shape[1]), W)
    return (y if b is None else y + b).reshape(*batch, len(W))


def _bilinear(e1: Any, e2: Any, W: Any, V1: Any = None, V2: Any = None, b: Any = None) -> Any:
    y = np.einsum("ij,ik,jkl->il", e1, e2, W)
    return y if V1 is None else y + e1 @ V1 + e2 @ V2 + b


def _embedded(W: Any, x: Any, ignore_label: Any = None) -> Any:
    zeros = np.zeros(W.shape[1:], W.dtype)
    rows = [zeros if i == ignore_label else W[i] for i in x.reshape(-1)]
    return np.array(rows, W.dtype).reshape(*x.shape, *W.shape[1:])


def _dropconnect(x: Any, W: Any, b: Any, mask: Any) -> Any:
    return np.einsum("ni,noi->no", x, W * 2 * mask.astype(x.dtype)) + b


def _accuracy(y: Any, t: Any, ignore_label: Any = None) -> Any:
    pairs = [(i, k) for i, k in zip(y.argmax(1).reshape(-1), t.reshape(-1), strict=True)]
    counted = [i == k for i, k in pairs if k != ignore_label]
    return np.array(sum(counted) / max(len(counted), 1), y.dtype)


def _summary(y: Any, t: Any) -> Any:
    guess = y.argmax(1)
    hits, said, of = (
        np.array([sum(found[t != -1] == k) for k in range(3)])
        for found in (np.where(guess == t, t, -1), guess, t)
    )
    with np.errstate(all="ignore"):  # 0 / 0 where a class was never guessed
        precision, recall = hits / said, hits / of
        return precision, recall, 2 * precision * recall / (precision + recall), of


def _r2(pred: Any, true: Any, multioutput: str = "uniform_average") -> Any:
    score = 1 - ((pred - true) ** 2).sum(0) / ((true - true.mean(0)) ** 2).sum(0)
    return score if multioutput == "raw_values" else score.mean()


def _axes(value: Any, ndim: int) -> tuple[int, ...]:
    return (value,) * ndim if isinstance(value, int) else tuple(value)


def _windows(
    x: Any, kernel: Any, stride: Any, pad: Any, dilate: Any, cover: bool, fill: Any
) -> Any:
    """Every window of x (n, c, …) by itself: (n, c, *out, *kernel), with ``fill`` around x."""
    ndim = len(kernel)
    s, p, d = (_axes(v, ndim) for v in (stride, pad, dilate))
    reach = [k + (k - 1) * (e - 1) for k, e in zip(kernel, d, strict=True)]
    spare = [m + 2 * q - r for m, q, r in zip(x.shape[2:], p, reach, strict=True)]
    out = [(m + (t - 1 if cover else 0)) // t + 1 for m, t in zip(spare, s, strict=True)]
    wide = np.pad(x, [(0, 0), (0, 0)] + [(q, q + t) for q, t in zip(p, s, strict=True)],
                  constant_values=fill)  # fmt: skip
    found = np.empty((*x.shape[:2], *out, *kernel), x.dtype)
    for at in np.ndindex(*out):
        window = (slice(i * t, i * t + r, e) for i, t, r, e in zip(at, s, reach, d, strict=True))
        found[(..., *at, *[slice(None)] * ndim)] = wide[(..., *window)]
    return found


def _convolved(
    x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0, cover_all: bool = False,
    dilate: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    windows = _windows(x, W.shape[2:], stride, pad, dilate, cover_all, 0)
    parts = zip(np.split(windows, groups, 1), np.split(W, groups), strict=True)
    flat = [(u.reshape(*u.shape[: x.ndim], -1), v.reshape(*v.shape[:2], -1)) for u, v in parts]
    y = np.concatenate([np.einsum("nc...k,ock->no...", u, v) for u, v in flat], 1)
    return y if b is None else y + b.reshape(-1, *(1,) * (x.ndim - 2))


def _transposed(
    x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0, outsize: Any = None,
    dilate: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """What a convolution's matrix is transposed: found column by column."""
    ndim = x.ndim - 2
    s, p, d = (_axes(v, ndim) for v in (stride, pad, dilate))
    if outsize is None:
        axes = zip(x.shape[2:], W.shape[2:], s, p, d, strict=True)
        outsize = [t * (m - 1) + (k - 1) * e + 1 - 2 * q for m, k, t, q, e in axes]
    units = np.zeros((W.shape[1] * groups, *outsize), x.dtype)
    y = np.empty((len(x), *units.shape), x.dtype)
    for at in np.ndindex(*units.shape):
        unit = units.copy()
        unit[at] = 1
        full = _convolved(unit[None], W, None, s, p, tuple(outsize) != (), d, groups)
        part = full[(..., *(slice(0, m) for m in x.shape[2:]))]
        y[(slice(None), *at)] = (x * part).sum(tuple(range(1, x.ndim)))
    return y if b is None else y + b.reshape(-1, *(1,) * ndim)


def _pooled(reduction: Any, fill: Any) -> Any:
    def pool(
        x: Any, ksize: Any, stride: Any = None, pad: Any = 0, cover_all: Any = fill != 0,
        pad_value: Any = 0,
    ) -> Any:  # fmt: skip
        kernel = _axes(ksize, x.ndim - 2)
        stride = kernel if stride is None else stride
        around = fill if pad_value == 0 else np.nan
        windows = _windows(x, kernel, stride, pad, 1, cover_all, around)
        return reduction(windows, axis=tuple(range(x.ndim, windows.ndim)))

    return pool


_largest, _average = _pooled(np.max, -np.inf), _pooled(np.nanmean, 0)


def _unpooled(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    outsize: Any = None,
    cover_all: bool = True,
) -> Any:
    """Each channel spread by a kernel of ones."""
    kernel = _axes(ksize, x.ndim - 2)
    stride = _axes(kernel if stride is None else stride, len(kernel))
    if outsize is None:
        outsize = [t * (m - 1) + k - 2 * q - (t - 1 if cover_all else 0) for m, k, t, q in zip(
            x.shape[2:], kernel, stride, _axes(pad, len(kernel)), strict=True)]  # fmt: skip
    ones = np.ones((x.shape[1], 1, *kernel), x.dtype)
    return _transposed(x, ones, None, stride, pad, outsize, 1, x.shape[1])


def _upsampled(x: Any, indexes: Any) -> Any:
    y = np.zeros((*x.shape[:2], x.shape[2] * 2, x.shape[3] * 2), x.dtype)
    for n, c, i, j in np.ndindex(x.shape):
        a, b = divmod(indexes[n, c, i, j], 2)
        y[n, c, 2 * i + a, 2 * j + b] = x[n, c, i, j]
    return y


def _columns(x: Any, ksize: Any, stride: Any = 1, pad: Any = 0, dilate: Any = 1) -> Any:
    windows = _windows(x, _axes(ksize, 2), stride, pad, dilate, False, 0)
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), -1, *windows.shape[2:4])


def _pyramid(x: Any, pyramid_height: int, pooling: str) -> Any:
    """Of images whose sides are powers of two."""
    n, c, h, w = x.shape
    parts = [
        x.reshape(n, c, b, h // b, b, w // b).max((3, 5)).reshape(n, -1)
        for b in (2**i for i in range(pyramid_height))
    ]
    return np.concatenate(parts, 1)[:, :, None, None]


def _depth_to_space(X: Any, r: int) -> Any:
    n, d, h, w = X.shape
    y = np.empty((n, d // r**2, h * r, w * r), X.dtype)
    for i, j in np.ndindex(r, r):
        y[:, :, i::r, j::r] = X[:, (i * r + j) * y.shape[1] :][:, : y.shape[1]]
    return y


def _space_to_depth(X: Any, r: int) -> Any:
    return np.concatenate([X[:, :, i::r, j::r] for i, j in np.ndindex(r, r)], 1)


# Windows of two by three over an image, with padding, and a number for each of them.
OVER = windows_over("rows", (3, 4), (2, 3), (1, 2), (1, 0))
SPREAD = np.arange(2 * OVER.out[0] * OVER.out[1]).reshape(2, 1, *OVER.out) % 6
WHERE = np.array([[[[0, 3], [2, 1]]]])
IMAGE = (1, 2, 3, 3)


def _convolution_rows(name: str, size: tuple[int, ...], turned: tuple[int, ...]) -> list[Row]:
    """The rows of a convolution and its transpose, over axes of these lengths."""
    kernel, corner = (2,) * len(size), (1, 1, 2, *(1,) * (len(size) - 1))
    conv, deconv = convolution.Convolution, convolution.Deconvolution
    wrong = case((1, 2, *size), (2, 3, *kernel)), case((1, 2, *size), (2, 2, *kernel), (3,))
    return [
        rows(
            f"convolution_{name}",
            conv,
            case((2, 2, *size), (3, 2, *kernel), (3,)),
            case((1, 2, *size), (2, 1, *kernel), pad=1, stride=2, groups=2, cover_all=True),
            case(corner, corner),
            ref=_convolved,
            bad=(*wrong, case((1, 2), (2, 2)), case((1, 1, *size), (1, 1, *(9,) * len(size)))),
        ),
        rows(
            f"deconvolution_{name}",
            deconv,
            case((1, 2, *turned), (2, 2, *kernel), (2,)),
            case((2, 2, *turned), (2, 1, *kernel), stride=2, pad=1, groups=2),
            case(corner, corner, stride=1),
            ref=_transposed,
            bad=(case((1, 2, *turned), (3, 2, *kernel)), case((1, 2), (2, 2))),
        ),
    ]


def _pooling_rows(name: str, size: tuple[int, ...], turned: tuple[int, ...]) -> list[Row]:
    corner = (1, 1, 2, *(1,) * (len(size) - 1))
    own = {} if name == "2d" else {"pad_value": None}
    bad = (case((1, 2), ksize=2), case((1, 1, *size), ksize=9, **({} if own else {"pad": 0})))
    return [
        rows(
            f"max_pooling_{name}",
            moving.MaxPooling,
            case((1, 1, *size), ksize=2),
            case(corner, ksize=corner[2:]),
            case((2, 2, *size), ksize=3, stride=2, pad=1, cover_all=False),
            ref=_largest,
            bad=(case((1, 2), ksize=2), case((0, 1, *size), ksize=2)),
        ),
        rows(
            f"average_pooling_{name}",
            moving.WindowSum,
            case((1, 1, *size), ksize=2),
            case(corner, ksize=corner[2:]),
            case((2, 2, *size), ksize=2, stride=1, pad=1, **own),
            ref=_average,
            bad=bad,
        ),
        rows(
            f"unpooling_{name}",
            moving.WindowSpread,
            case((1, 1, *turned), ksize=2),
            case(corner, ksize=corner[2:]),
            case((1, 2, *turned), ksize=3, stride=2, pad=1, cover_all=False),
            ref=_unpooled,
            bad=(case((1, 2), ksize=2), case((1, 1, *turned), ksize=2, outsize=(9,) * len(size))),
        ),
    ]


MOVING: tuple[Row, ...] = (
    *_convolution_rows("1d", (4,), (3,)),
    *_convolution_rows("2d", (3, 3), (2, 2)),
    *_convolution_rows("3d", (2, 3, 2), (2, 2, 2)),
    *_convolution_rows("nd", (3, 2), (2, 2)),
    rows(
        "convolution_2d:dilated",
        convolution.Convolution,
        case(IMAGE, (2, 2, 2, 1), stride=(1, 2), pad=(2, 0), dilate=(2, 1)),
        case((1, 2, 2, 2), (3, 2, 1, 1), (3,)),
        ref=_convolved,
    ),
    rows(
        "deconvolution_2d:outsize",
        convolution.Deconvolution,
        case((1, 2, 2, 2), (2, 1, 2, 2), stride=2, outsize=(5, 4), dilate=1),
        case((1, 1, 2, 2), (1, 1, 2, 2), dilate=(2, 1)),
        ref=_transposed,
        bad=(case((1, 2, 2, 2), (2, 1, 2, 2), stride=2, outsize=(7, 4)),),
    ),
    rows(
        "dilated_convolution_2d",
        convolution.Convolution,
        case(IMAGE, (2, 2, 2, 2), (2,), dilate=2),
        ref=_convolved,
    ),
    rows(
        "depthwise_convolution_2d",
        convolution.Convolution,
        case(IMAGE, (3, 2, 2, 2), (6,)),
        ref=lambda x, W, b: _convolved(x, W.transpose(1, 0, 2, 3).reshape(6, 1, 2, 2), b, groups=2),
    ),
    rows(
        "the kernel's gradient",
        convolution.ConvolutionWeights,
        case((2, 2, 3, 4), (2, 3, *OVER.out)),
        f=lambda x, y: convolution.ConvolutionWeights(OVER, 1).apply((x, y))[0],
        ref=lambda x, y: np.einsum(
            "ncijkl,noij->ockl", _windows(x, (2, 3), (1, 2), (1, 0), 1, False, 0), y
        ),
    ),
    *_pooling_rows("1d", (4,), (2,)),
    *_pooling_rows("2d", (3, 2), (2, 2)),
    *_pooling_rows("3d", (2, 2, 3), (2, 2, 2)),
    *_pooling_rows("nd", (3,), (2,)),
    rows(
        "spatial_pyramid_pooling_2d",
        moving.MaxPooling,
        case((2, 1, 4, 4), pyramid_height=2, pooling="max"),
        ref=_pyramid,
        bad=(case((2, 2), pyramid_height=2, pooling="max"),),
    ),
    rows(
        "upsampling_2d",
        moving.WindowPut,
        case((1, 1, 2, 2), indexes=WHERE),
        f=lambda x, indexes: F.upsampling_2d(x, indexes, 2, cover_all=False),
        ref=_upsampled,
        bad=(case((1, 2, 2, 2), indexes=WHERE), case((1, 1, 2, 2), indexes=np.ones((1, 1, 2, 2)))),
    ),
    rows(
        "elements of windows",
        moving.WindowPick,
        case((2, 1, 3, 4)),
        f=lambda x: moving.WindowPick(OVER, backend.array_like(SPREAD, x.array)).of(x),
        ref=lambda x: np.take_along_axis(
            _windows(x, (2, 3), (1, 2), (1, 0), 1, False, 0).reshape(2, 1, *OVER.out, 6),
            SPREAD[..., None],
            -1,
        )[..., 0],
    ),
    rows(
        "im2col",
        columns.Im2Col,
        case((1, 2, 3, 3), ksize=2),
        case((1, 1, 2, 2), ksize=(1, 2)),
        case((2, 1, 3, 4), ksize=(2, 1), stride=(1, 2), pad=1, dilate=(2, 1)),
        ref=_columns,
        bad=(case(M, ksize=2), case((1, 1, 3, 3), ksize=4)),
    ),
    rows(
        "columns to an image",
        columns.Col2Im,
        case((2, 6, *OVER.out)),
        f=lambda x: columns.Col2Im(OVER).of(x),
        ref=lambda x: _transposed(
            x, np.eye(6, dtype=x.dtype).reshape(6, 1, 2, 3), None, (1, 2), (1, 0), (3, 4)
        ),
    ),
    rows(
        "depth2space",
        None,
        case((2, 8, 1, 2), r=2),
        ref=_depth_to_space,
        bad=(case((2, 3, 1, 2), r=2),),
    ),
    rows(
        "space2depth",
        None,
        case((2, 2, 2, 4), r=2),
        ref=_space_to_depth,
        bad=(case((2, 2, 3, 4), r=2),),
    ),
)


def _standard(x: Any, axes: Any, eps: float) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(
        x.var(axes, keepdims=True) + x.dtype.type(eps)
    )


def _beside(v: Any, x: Any, axis: int = 1) -> Any:
    return v.reshape(*(1,) * axis, *v.shape, *(1,) * (x.ndim - axis - v.ndim))


def _batch_normal(x: Any, gamma: Any, beta: Any, axis: Any = None, eps: float = 2e-5) -> Any:
    axes = (0, *range(1 + gamma.ndim, x.ndim)) if axis is None else axis
    at = 0 if axis == (1,) else 1
    return _standard(x, axes, eps) * _beside(gamma, x, at) + _beside(beta, x, at)


def _grouped_normal(x: Any, gamma: Any, beta: Any, groups: int) -> Any:
    y = _standard(x.reshape(len(x), groups, -1), 2, 1e-5).reshape(x.shape)
    return y * _beside(gamma, x) + _beside(beta, x)


def _local_response(x: Any, n: int = 5, alpha: float = 1e-4) -> Any:
    scale = np.empty_like(x)
    for i in range(x.shape[1]):
        near = x[:, max(i - n // 2, 0) : i + n // 2 + 1]
        scale[:, i] = 2 + alpha * (near**2).sum(1)
    return x * scale**-0.75


def _lstm(c: Any, x: Any) -> Any:
    def s(v: Any) -> Any:
        return 1 / (1 + np.exp(-v))

    a, i, f, o = (x[:, k::4] for k in range(4))
    new = np.tanh(a) * s(i) + s(f) * c[: len(x)]
    return np.concatenate([new, c[len(x) :]]), s(o) * np.tanh(new)


def _contrastive(x0: Any, x1: Any, y: Any, reduce: str = "mean", margin: float = 6) -> Any:
    d = np.sqrt(((x0 - x1) ** 2).sum(1))
    loss = (np.where(y == 1, d**2, np.maximum(margin - d, 0) ** 2) / 2).astype(x0.dtype)
    return loss if reduce == "no" else loss.mean()


def _triplet(a: Any, p: Any, n: Any, reduce: str = "mean", margin: float = 0.2) -> Any:
    loss = np.maximum(((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + margin, 0)
    return loss if reduce == "no" else loss.mean()


def _covariance(y: Any, z: Any, reduce: str = "half_squared_sum") -> Any:
    found = (y - y.mean(0)).T @ (z - z.mean(0)) / y.dtype.type(len(y))
    return found if reduce == "no" else (found**2).sum() / 2


def _decov(h: Any, reduce: str = "half_squared_sum") -> Any:
    found = _covariance(h, h, "no") * (1 - np.eye(h.shape[1], dtype=h.dtype))
    return found if reduce == "no" else (found**2).sum() / 2


def _drawn(shape: Any) -> Any:
    return np.arange(int(np.prod(shape))).reshape(shape) % 3


def _negative(x: Any, W: Any, t: Any, reduce: str = "sum") -> Any:
    loss = np.zeros(len(x), x.dtype)
    for i, k in enumerate(t):
        if k != -1:
            drawn = _drawn((len(x), 3))[i, 1:]
            loss[i] = np.log1p(np.exp(-W[k] @ x[i])) + np.log1p(np.exp(W[drawn] @ x[i])).sum()
    return loss if reduce == "no" else loss.sum()


WORDS = np.array([1, -1, 0])
COMPARING: tuple[Row, ...] = (
    rows(
        "contrastive",
        None,
        case(M, M, y=np.array([1, 0]), margin=6.0),
        case(M, M, y=np.array([0, 1]), margin=6.0, reduce="no"),
        ref=_contrastive,
        bad=(case(M, (3, 2), y=np.array([1, 0])), case(M, M, y=np.array([1]))),
    ),
    rows(
        "triplet",
        None,
        case(M, M, M, margin=9.0),
        case(M, M, M, margin=9.0, reduce="no"),
        ref=_triplet,
        bad=(case(M, M, (3, 3)),),
    ),
    rows(
        "cross_covariance",
        None,
        case((3, 2), (3, 2)),
        case((3, 2), (3, 1), reduce="no"),
        ref=_covariance,
        bad=(case((3, 2), (2, 2)),),
    ),
    rows(
        "decov",
        None,
        case((3, 2)),
        case((3, 2), reduce="no"),
        ref=_decov,
        bad=(case((3,)),),
    ),
    rows(
        "negative_sampling",
        None,
        case((3, 2), (3, 2), t=WORDS),
        case((3, 2), (3, 2), t=WORDS, reduce="no"),
        f=lambda x, W, t, **args: F.negative_sampling(x, t, W, _drawn, 2, **args),
        ref=_negative,
        bad=(case((2, 2), (3, 2), t=WORDS),),
    ),
)
NORMALIZATION: tuple[Row, ...] = (
    rows(
        "batch_normalization",
        statistics.Standardize,
        case((4, 2), (2,), (2,)),
        case((2, 2, 3), (2,), (2,)),
        case((2, 2, 3), (2, 3), (2, 3), eps=0.1),
        case((2, 3), (2,), (2,), axis=(1,)),
        ref=_batch_normal,
        bad=(case((4, 2), (3,), (3,)), case((4, 2), (2,), (3,))),
    ),
    rows(
        "fixed_batch_normalization",
        None,
        case((3, 2), (2,), (2,), (2,), (2,)),
        ref=lambda x, g, b, m, v: g * (x - m) / np.sqrt(v + x.dtype.type(2e-5)) + b,
        signed=False,
        bad=(case((3, 2), (3,), (3,), (3,), (3,)), case((3, 2), (2,), (2,), (2,), (3,))),
    ),
    rows(
        "layer_normalization",
        statistics.Standardize,
        case((2, 3), (3,), (3,)),
        ref=lambda x, g, b: _standard(x, 1, 1e-5) * g + b,
        bad=(case((2, 3), (2,), (2,)), case((2, 3, 2), (3,), (3,))),
    ),
    rows(
        "group_normalization",
        statistics.Standardize,
        case((2, 4, 2), (4,), (4,), groups=2),
        f=lambda x, g, b, groups: F.group_normalization(x, groups, g, b),
        ref=_grouped_normal,
        bad=(case((2, 4, 2), (2,), (2,), groups=2),),
    ),
    rows(
        "local_response_normalization",
        lengths.NeighbourSum,
        case((2, 3)),
        case((1, 4, 2), n=3, alpha=0.5),
        ref=_local_response,
        bad=(case((3,)),),
    ),
    rows(
        "power_above_zero",
        lengths.PowerAboveZero,
        case((2, 3)),
        case(()),
        f=lambda x: lengths.PowerAboveZero(-0.75).of(as_variable(x)),
        ref=lambda x: x ** x.dtype.type(-0.75),
        signed=False,
    ),
    rows(
        "normalize",
        None,
        case(M),
        case((2, 3, 2), axis=(1, 2)),
        ref=lambda x, axis=1: x / (np.sqrt((x * x).sum(axis, keepdims=True)) + x.dtype.type(1e-5)),
        bad=(case((3,)),),
    ),
    rows(
        "lstm",
        lstm.LSTM,
        case((2, 1), (2, 4)),
        case((3, 2), (2, 8)),
        case((2, 2, 1), (2, 8, 1)),
        ref=_lstm,
        bad=(case((2, 1), (2, 3)), case((2, 1), (3, 4)), case((2,), (2, 4))),
    ),
)

NUMBERS = np.array([[2, 0, 2], [1, -1, 1]])
DROPS = np.arange(12).reshape(2, 2, 3) % 3 != 1
SCORED = np.array([0, 1, 2, 0, 1, 2])

# --------------------------------------------------------------------------------- the rows

ROWS: tuple[Row, ...] = (
    *MOVING,
    *NORMALIZATION,
    *COMPARING,
    # connection
    rows(
        "linear",
        dense.Linear,
        case(M, (4, 3), (4,)),
        case(M, (4, 3)),
        case((2, 2, 3), (4, 6), (4,)),
        case((2, 2, 3), (4, 3), (4,), n_batch_axes=2),
        case((0, 3), (4, 3), (4,)),
        ref=_linear,
        bad=(case(M, (3, 4)), case(M, (4, 3), (3,)), case(M, (3,))),
    ),
    rows(
        "bilinear",
        None,
        case(M, (2, 2), (3, 2, 4)),
        case(M, (2, 2), (3, 2, 2), (3, 2), (2, 2), (2,)),
        ref=_bilinear,
        bad=(case(M, (2, 2), (2, 3, 4)), case(M, (2, 2), (3, 2, 2), (3, 2), (3, 2), (2,))),
    ),
    rows(
        "embed_id",
        None,
        case((3, 2), x=np.array([1, 0, 1])),
        case((3, 2), x=NUMBERS, ignore_label=-1),
        case((3, 2), x=NUMBERS % 3, ignore_label=2),
        f=lambda W, **args: F.embed_id(args.pop("x"), W, **args),
        ref=_embedded,
        bad=(case((3,), x=NUMBERS), case((3, 2), x=np.ones(2))),
    ),
    # noise
    rows(
        "dropout",
        masks.Dropout,
        case(M, mask=MASK),
        ref=lambda x, mask: x * mask.astype(x.dtype),
        bad=(case((3,), mask=MASK),),
    ),
    rows(
        "zoneout",
        masks.Dropout,
        case(M, M),
        f=lambda h, x: F.zoneout(h, x, rng=np.random.RandomState(0)),
        ref=lambda h, x: np.where(np.random.RandomState(0).rand(*x.shape) >= 0.5, x, h),
        bad=(case(M, (3,)),),
    ),
    rows(
        "simplified_dropconnect",
        None,
        case(M, (2, 3), (2,), mask=DROPS),
        ref=_dropconnect,
        bad=(case(M, (2, 2), (2,), mask=DROPS), case(M, (4, 3), (4,), mask=DROPS)),
    ),
    rows(
        "gaussian",
        None,
        case(M, M, eps=MASK),
        ref=lambda m, v, eps: m + np.exp(v / 2) * eps.astype(m.dtype),
        bad=(case(M, (3,), eps=MASK), case((3,), (3,), eps=MASK)),
    ),
    rows(
        "gumbel_softmax",
        None,
        case(M),
        case(M, axis=0),
        f=lambda x, **args: F.gumbel_softmax(x, 0.7, rng=np.random.RandomState(0), **args),
        ref=lambda x, axis=1: _gumbel(x, axis),
    ),
    rows(
        "rrelu",
        None,
        case(M, r=np.full(M, 0.3)),
        ref=lambda x, r: np.where(x >= 0, x, x * r.astype(x.dtype)),
        bad=(case((3,), r=np.full(M, 0.3)),),
    ),
    # evaluation
    rows(
        "accuracy",
        None,
        case((4, 3), t=LABELS % 3),
        case((4, 3), t=LABELS, ignore_label=-1),
        case((2, 3, 2), t=LABELS.reshape(2, 2)),
        ref=_accuracy,
        order=0,
        bad=(case((4, 3), t=LABELS[:2]), case((4, 3), t=np.ones(4))),
    ),
    rows(
        "binary_accuracy",
        None,
        case((4,), t=np.array([1, 0, -1, 1])),
        ref=lambda y, t: np.array(((y >= 0) == t)[t != -1].mean(), y.dtype),
        order=0,
        bad=(case(M, t=LABELS), case((4,), t=np.ones(4))),
    ),
    rows(
        "classification_summary",
        None,
        case((6, 3), t=SCORED),
        ref=_summary,
        order=0,
        bad=(case((4, 3), t=SCORED),),
    ),
    *(
        rows(
            name,
            None,
            case((6, 3), t=SCORED),
            ref=lambda y, t, i=i: (_summary(y, t)[i], _summary(y, t)[3]),
            order=0,
            bad=(case((4, 3), t=SCORED),),
        )
        for i, name in enumerate(("precision", "recall", "f1_score"))
    ),
    rows(
        "r2_score",
        None,
        case((4, 2), (4, 2)),
        case((4, 2), (4, 2), multioutput="raw_values"),
        ref=_r2,
        order=0,
        mixes=False,
        bad=(case((4, 2), (4,)),),
    ),
)


def _gumbel(x: Any, axis: int) -> Any:
    noise = np.random.RandomState(0).gumbel(size=x.shape).astype(x.dtype)
    p = np.exp((x + noise) / x.dtype.type(0.7))
    return p / p.sum(axis=axis, keepdims=True)
