"""The rows of what networks are made of: connections, convolutions, pooling, noise, scores."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.connection import dense
from playground.functions.noise import masks
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


NUMBERS = np.array([[2, 0, 2], [1, -1, 1]])
DROPS = np.arange(12).reshape(2, 2, 3) % 3 != 1
SCORED = np.array([0, 1, 2, 0, 1, 2])

# --------------------------------------------------------------------------------- the rows

ROWS: tuple[Row, ...] = (
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
