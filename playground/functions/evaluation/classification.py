"""Scores of predicted classes and of predicted numbers; none of them has a gradient."""

from __future__ import annotations

import numpy as np

from playground.graph import backend
from playground.graph.config import config
from playground.graph.errors import InvalidType
from playground.graph.op import as_raw, variable_of
from playground.graph.types import Operand, Raw
from playground.graph.variable import Variable, as_array_of

__all__ = [
    "accuracy",
    "binary_accuracy",
    "classification_summary",
    "f1_score",
    "precision",
    "r2_score",
    "recall",
]


def _scores_and_labels(operation: str, y: Operand, t: Operand) -> tuple[Raw, Raw]:
    """Scores (n, classes, …) and integer labels (n, …) as raw arrays of one type."""
    y = as_raw(y)
    t = backend.constant_like(as_array_of(t), y, operation)
    fits = t.ndim and y.ndim >= t.ndim and y.shape[0] == t.shape[0]
    fits = fits and y.ndim > 1 and y.shape[2 : t.ndim + 1] == t.shape[1:]
    fits = fits and all(n == 1 for n in y.shape[t.ndim + 1 :])
    if not fits or y.dtype.kind != "f" or t.dtype.kind not in "iu":
        raise InvalidType(
            operation,
            "scores (n, classes, …) of floating point and integer labels (n, …)",
            f"{y.dtype} {y.shape} and {t.dtype} {t.shape}",
        )
    return y, t


def _share(count: Raw, total: Raw, like: Raw) -> Raw:
    """count / total in the dtype of ``like``; 0 of nothing."""
    dtype = like.dtype
    # Counted in whole numbers: half precision knows them up to 2048 only.
    quotient = count / np.maximum(total, 1)
    return backend.as_array(quotient).astype(dtype)


def accuracy(y: Operand, t: Operand, ignore_label: int | None = None) -> Variable:
    """The share of labels t (n, …) that have the highest score in y (n, classes, …).

    Labels equal to ``ignore_label`` are not counted; where all are, the accuracy is 0.
    """
    y, t = _scores_and_labels("accuracy", y, t)
    best = np.argmax(y, 1)
    hit = (best if best.shape == t.shape else best.reshape(t.shape)) == t
    if ignore_label is None:
        return variable_of(_share(hit.sum(), t.size, y) if t.size else np.float64("nan") * y.sum())
    counted = t != ignore_label
    return variable_of(_share((hit & counted).sum(), counted.sum(), y))


def binary_accuracy(y: Operand, t: Operand) -> Variable:
    """The share of labels t, 0 or 1 (or -1: not counted), that y >= 0 says; both of one shape."""
    y = as_raw(y)
    t = backend.constant_like(as_array_of(t), y, "binary_accuracy")
    if y.shape != t.shape or y.dtype.kind != "f" or t.dtype.kind not in "iu":
        raise InvalidType(
            "binary_accuracy",
            "scores of floating point and integer labels of their shape",
            f"{y.dtype} {y.shape} and {t.dtype} {t.shape}",
        )
    return variable_of(_share(((y >= 0) == t).sum(), (t != -1).sum(), y))


def classification_summary(
    y: Operand,
    t: Operand,
    label_num: int | None = None,
    beta: float = 1.0,
    ignore_label: int = -1,
) -> tuple[Variable, ...]:
    """Precision, recall, F-beta score and support of each class: four arrays (label_num,).

    Scores y (n, classes, …), labels t (n, …). Without ``label_num`` the classes are those up to
    the largest label. A quotient 0/0 is NaN.
    """
    y, t = _scores_and_labels("classification_summary", y, t)
    if label_num is None:
        label_num = int(t.max()) + 1
    elif config.debug and not backend.everywhere(t < label_num):
        raise ValueError(f"classification_summary: expected labels below {label_num}")
    ignored = (t == ignore_label).reshape(-1)
    # One class more, for what is not counted.
    guess = np.where(ignored, label_num, np.argmax(y, 1).reshape(-1))
    label = np.where(ignored, label_num, t.reshape(-1))
    hits = np.where(guess == label, label, label_num)
    support, relevant, found = (
        np.bincount(which, minlength=label_num + 1)[:label_num] for which in (label, guess, hits)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        precise, recalled = found / relevant, found / support
        weight = beta * beta
        score = (1 + weight) * precise * recalled / (weight * precise + recalled)
    return tuple(map(variable_of, (precise, recalled, score, support)))


def precision(
    y: Operand, t: Operand, label_num: int | None = None, ignore_label: int = -1
) -> tuple[Variable, Variable]:
    """Of what was taken for a class, the share that is of it, a class; and the classes' sizes."""
    summary = classification_summary(y, t, label_num, 1.0, ignore_label)
    return summary[0], summary[-1]


def recall(
    y: Operand, t: Operand, label_num: int | None = None, ignore_label: int = -1
) -> tuple[Variable, Variable]:
    """Of what is of a class, the share that was taken for it, a class; and the classes' sizes."""
    summary = classification_summary(y, t, label_num, 1.0, ignore_label)
    return summary[1], summary[-1]


def f1_score(
    y: Operand, t: Operand, label_num: int | None = None, ignore_label: int = -1
) -> tuple[Variable, Variable]:
    """The harmonic mean of precision and recall, a class; and the classes' sizes."""
    summary = classification_summary(y, t, label_num, 1.0, ignore_label)
    return summary[2], summary[-1]


def r2_score(
    pred: Operand,
    true: Operand,
    sample_weight: Operand = None,
    multioutput: str = "uniform_average",
) -> Variable:
    """1 less the squared errors' share of the squared deviations from the mean, along axis 0.

    The mean over the outputs, or with ``multioutput='raw_values'`` each. An output whose true
    values are all equal scores 0. ``sample_weight`` is not supported, as in Chainer.
    """
    if sample_weight is not None:
        raise NotImplementedError("r2_score: sample_weight is not supported")
    if multioutput not in ("uniform_average", "raw_values"):
        raise ValueError(
            f"r2_score: multioutput must be 'uniform_average' or 'raw_values', got {multioutput!r}"
        )
    pred = as_raw(pred)
    true = backend.constant_like(as_array_of(true), pred, "r2_score")
    if pred.shape != true.shape or pred.dtype.kind != "f" or true.dtype.kind != "f":
        raise InvalidType(
            "r2_score",
            "two arrays of floating point and of one shape",
            f"{pred.dtype} {pred.shape} and {true.dtype} {true.shape}",
        )
    mean = true.sum(axis=0) / true.shape[0]
    error, spread = ((pred - true) ** 2).sum(axis=0), ((true - mean) ** 2).sum(axis=0)
    flat = spread == 0
    score = np.where(flat, 0.0, 1 - error / np.where(flat, 1.0, spread)).astype(pred.dtype)
    if multioutput == "raw_values":
        return variable_of(score)
    return variable_of((score.sum() / score.size).astype(pred.dtype))
