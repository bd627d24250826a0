"""Losses of two arrays: distances, classification, distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground.functions.activation import LogSoftmax, Softmax, log_softmax, relu, softplus
from playground.functions.array import get_item, moveaxis, reshape
from playground.functions.basic_math import absolute, add, divide, multiply, subtract
from playground.functions.elementwise import exp, log, square, where
from playground.functions.operands import together
from playground.functions.reduction import mean, sum
from playground.graph import backend
from playground.graph.config import config
from playground.graph.errors import InvalidType
from playground.graph.op import Unary, as_raw
from playground.graph.types import Array, Operand, Raw
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = [
    "absolute_error",
    "bernoulli_nll",
    "gaussian_kl_divergence",
    "gaussian_nll",
    "hinge",
    "huber_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "squared_difference",
    "squared_error",
]


# ------------------------------------------------------------------- distances of two arrays


def _difference(operation: str, x0: Operand, x1: Operand) -> Variable:
    """x0 - x1, of arrays of one shape: what broadcasting would make of them is no distance."""
    x0, x1 = together(operation, x0, x1)
    if x0.shape != x1.shape:
        raise InvalidType(operation, "operands of one shape", f"shapes {x0.shape} and {x1.shape}")
    return subtract(x0, x1)


def squared_error(x0: Operand, x1: Operand) -> Variable:
    """(x0 - x1)^2 of each element."""
    return square(_difference("squared_error", x0, x1))


def squared_difference(x1: Operand, x2: Operand) -> Variable:
    """(x1 - x2)^2 of each element."""
    return squared_error(x1, x2)


def absolute_error(x0: Operand, x1: Operand) -> Variable:
    """|x0 - x1| of each element; the derivative where they are equal is 0."""
    return absolute(_difference("absolute_error", x0, x1))


def mean_squared_error(x0: Operand, x1: Operand) -> Variable:
    """Mean of (x0 - x1)^2 over all elements."""
    return mean(square(_difference("mean_squared_error", x0, x1)))


def mean_absolute_error(x0: Operand, x1: Operand) -> Variable:
    """Mean of |x0 - x1| over all elements; the derivative where they are equal is 0."""
    return mean(absolute(_difference("mean_absolute_error", x0, x1)))


def huber_loss(
    x: Operand, t: Operand, delta: float, reduce: str = "sum_along_second_axis"
) -> Variable:
    """d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), with d = x - t.

    ``reduce``: 'sum_along_second_axis', or 'no' for each element.
    """
    check_choice("huber_loss", "reduce", reduce, ("sum_along_second_axis", "no"))
    d = _difference("huber_loss", x, t)
    size = absolute(d)
    # Both branches are finite for every finite d, so that the one not taken does no harm.
    steep = multiply(subtract(size, delta / 2), delta)
    loss = where(size.array <= delta, multiply(square(d), 0.5), steep)
    return loss if reduce == "no" else sum(loss, 1)


def check_choice(operation: str, name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{operation}: {name} must be one of {choices}, got {value!r}")


# ------------------------------------------------------------------------- classification


def _labels(t: Operand, like: Raw, operation: str) -> Raw:
    """Integer labels as a raw array of the type of ``like``."""
    return backend.constant_like(as_array_of(t), like, operation)


def _averaged(loss: Variable, valid: Raw, normalize: bool) -> Variable:
    """The sum of ``loss`` over the number of valid labels, or of entries of axis 0."""
    if not normalize:
        # As Chainer: entries of axis 0 count, ignored ones too, and an empty batch counts as one.
        return divide(sum(loss), float(len(loss) or 1))
    # Where every label is ignored the loss is 0, as in Chainer, not 0 / 0.
    count = np.maximum(valid.sum(), 1)
    return divide(sum(loss), backend.as_array(count).astype(loss.dtype))


def sigmoid_cross_entropy(
    x: Operand, t: Operand, normalize: bool = True, reduce: str = "mean"
) -> Variable:
    """Cross entropy of sigmoid(x) and the labels t, 0 or 1 (or -1: ignored), of x's shape.

    ``normalize`` divides by the number of labels that are not ignored, otherwise by len(x);
    with ``reduce='no'`` the losses of all elements come back.
    """
    check_choice("sigmoid_cross_entropy", "reduce", reduce, ("mean", "no"))
    x = as_variable(x)
    t = _labels(t, x.array, "sigmoid_cross_entropy")
    if t.shape != x.shape or t.dtype.kind not in "iu":
        raise InvalidType(
            "sigmoid_cross_entropy",
            f"integer labels of shape {x.shape}",
            f"{t.dtype} labels of shape {t.shape}",
        )
    valid = t != -1
    # log(1 + exp(x)) - t x is the cross entropy without a logarithm of a rounded probability.
    loss = where(valid, subtract(softplus(x), multiply(x, t.astype(x.dtype))), 0.0)
    return loss if reduce == "no" else _averaged(loss, valid, normalize)


def softmax_cross_entropy(
    x: Operand,
    t: Operand,
    normalize: bool = True,
    cache_score: bool = True,
    class_weight: Operand = None,
    ignore_label: int = -1,
    reduce: str = "mean",
    enable_double_backprop: bool = False,
    soft_target_loss: str = "cross-entropy",
) -> Variable:
    """Cross entropy of softmax(x) along axis 1 and the labels t.

    Args:
        x: scores (n, classes, …).
        t: integer labels (n, …), or probabilities of x's shape.
        normalize: divide by the number of labels that are not ignored, otherwise by n.
        class_weight: a weight a class (classes,), an array.
        ignore_label: the label of entries without loss.
        reduce: 'mean', or 'no' for the losses (n, …).
        soft_target_loss: 'cross-entropy' or 'kl-divergence', for probabilities.
        cache_score: accepted for Chainer's sake; so is ``enable_double_backprop``, without which
            the result has derivatives of every order here all the same.

    Raises InvalidType for labels that do not fit, ValueError for an unknown option, and in debug
    mode, because a device has to be waited for, for a label that is no class.
    """
    operation = "softmax_cross_entropy"
    check_choice(operation, "reduce", reduce, ("mean", "no"))
    check_choice(operation, "soft_target_loss", soft_target_loss, _SOFT)
    x = as_variable(x)
    labels = as_raw(t)
    if labels.dtype.kind not in "iu":
        return _soft_cross_entropy(x, t, reduce, soft_target_loss)
    if reduce == "mean" and class_weight is None and _all_count(x.array, labels, ignore_label):
        # Of labels (n,) as many are not ignored as there are entries: normalize is all the same.
        chosen = np.zeros_like(x.array)
        places = np.arange(len(labels)), labels
        chosen[places] = 1
        return LabelLoss(places, chosen).of(x)
    loss, valid = _label_cross_entropy(x, t, class_weight, ignore_label)
    return loss if reduce == "no" else _averaged(loss, valid, normalize)


def _all_count(x: Raw, t: Raw, ignore_label: int) -> bool:
    """Whether x is (n, classes), and t (n,) classes of which none is ignored; on the host alone."""
    if type(x) is not np.ndarray or type(t) is not np.ndarray or ignore_label >= 0 or not t.size:
        return False
    if x.ndim != 2 or t.shape != x.shape[:1]:
        return False
    return bool(np.minimum.reduce(t) >= 0 and np.maximum.reduce(t) < x.shape[1])


class LabelLoss(Unary):
    """y = the mean of -log softmax(x) at ``places``, one a row, where ``chosen`` is 1, not 0.

    What softmax_cross_entropy mostly is, at once: in pieces it takes several times as long.
    """

    __slots__ = ("chosen", "factor", "places")
    label = "softmax_cross_entropy"
    keep = (0,)

    def __init__(self, places: tuple[Raw, Raw], chosen: Raw) -> None:
        self.places, self.chosen, self.factor = places, chosen, 1.0 / len(chosen)

    def forward(self, x: Raw) -> Raw:
        return LogSoftmax(1).forward(x)[self.places].sum() * -self.factor

    def backward(self, gy: Array, x: Array) -> Array:
        return (Softmax(1)(x) - self.chosen) * (gy * self.factor)


_SOFT = ("cross-entropy", "kl-divergence")


def _label_cross_entropy(
    x: Variable, t: Operand, class_weight: Operand, ignore_label: int
) -> tuple[Variable, Any]:
    """The loss of each label, and which labels are not ignored."""
    t = _labels(t, x.array, "softmax_cross_entropy")
    if x.ndim < 2 or t.shape != (x.shape[0], *x.shape[2:]):
        raise InvalidType(
            "softmax_cross_entropy",
            "scores (n, classes, …) and labels (n, …)",
            f"shapes {x.shape} and {t.shape}",
        )
    valid = t != ignore_label
    # An ignored label names no class: it reads class 0, and where() drops the loss again.
    classes = np.where(valid, t, np.zeros_like(t))
    if config.debug and t.size:
        _check_classes(classes, x.shape[1])
    # One row a label: one pair of index arrays then reads for any number of axes behind.
    rows = reshape(moveaxis(log_softmax(x), 1, -1), (math.prod(t.shape), x.shape[1]))
    index = np.arange(rows.shape[0], like=classes)
    log_p = reshape(get_item(rows, (index, classes.reshape(-1))), t.shape)
    if class_weight is not None:
        log_p = multiply(log_p, _class_weights(class_weight, x)[classes])
    return where(valid, -log_p, 0.0), valid


def _check_classes(t: Operand, count: int) -> None:
    lowest, highest = (int(extreme) for extreme in (t.min(), t.max()))
    if lowest < 0 or highest >= count:
        raise ValueError(
            f"softmax_cross_entropy: expected labels from 0 to {count - 1} (or ignore_label), got "
            f"{lowest} to {highest}"
        )


def _class_weights(class_weight: Operand, x: Variable) -> Raw:
    """The weights as an array like x; raises ValueError for what is none."""
    if isinstance(class_weight, Variable):
        raise ValueError("softmax_cross_entropy: class_weight must be an array, not a Variable")
    if class_weight.ndim != 1 or class_weight.dtype.kind != "f":
        raise ValueError(
            f"softmax_cross_entropy: class_weight must be 1-D and of floating point, got "
            f"{class_weight.dtype} of shape {class_weight.shape}"
        )
    return backend.constant_like(class_weight, x.array, "softmax_cross_entropy").astype(x.dtype)


def _soft_cross_entropy(x: Variable, t: Operand, reduce: str, kind: str) -> Variable:
    x, t = together("softmax_cross_entropy", x, t)
    if t.shape != x.shape:
        raise InvalidType(
            "softmax_cross_entropy",
            f"probabilities of shape {x.shape}",
            f"shape {t.shape} ({t.dtype}; labels would be integers)",
        )
    log_y = log_softmax(x)
    if kind == "kl-divergence":
        # The offset keeps the logarithm of probability 0 finite; it is Chainer's.
        loss = sum(multiply(t, subtract(log(add(t, 1e-7)), log_y)), 1)
    else:
        loss = -sum(multiply(t, log_y), 1)
    # Over the examples: probabilities have no label to ignore, and so no count of valid ones.
    return loss if reduce == "no" else mean(loss)


def hinge(x: Operand, t: Operand, norm: str = "L1", reduce: str = "mean") -> Variable:
    """max(0, 1 + s x)^p, with s = -1 at the label t and 1 elsewhere; p = 1 ('L1') or 2 ('L2').

    Scores x (n, classes), labels t (n,). ``reduce='mean'``: the sum over all, divided by n;
    'no': each element. The derivative at the kink is 0.
    """
    if norm not in ("L1", "L2"):
        raise NotImplementedError(f"hinge: norm must be 'L1' or 'L2', got {norm!r}")
    check_choice("hinge", "reduce", reduce, ("mean", "no"))
    x = as_variable(x)
    t = _labels(t, x.array, "hinge")
    if x.ndim != 2 or t.shape != x.shape[:1] or t.dtype.kind not in "iu":
        raise InvalidType(
            "hinge",
            "scores (n, classes) and integer labels (n,)",
            f"shapes {x.shape} and {t.shape}, labels of {t.dtype}",
        )
    is_label = np.arange(x.shape[1], like=t) == np.expand_dims(t, 1)
    ones = np.ones_like(x.array)
    loss = relu(add(multiply(x, np.where(is_label, -ones, ones)), 1.0))
    loss = square(loss) if norm == "L2" else loss
    return loss if reduce == "no" else divide(sum(loss), float(len(x)))


# -------------------------------------------------------------------------- distributions


def _reduced(operation: str, loss: Variable, reduce: str) -> Variable:
    check_choice(operation, "reduce", reduce, ("sum", "mean", "no"))
    return loss if reduce == "no" else sum(loss) if reduce == "sum" else mean(loss)


def bernoulli_nll(x: Operand, y: Operand, reduce: str = "sum") -> Variable:
    """Negative log-likelihood of x in [0, 1] under Bernoulli distributions of mean sigmoid(y)."""
    x, y = together("bernoulli_nll", x, y)
    # As above without a probability, whose logarithm is lost where it rounds to 0 or 1.
    return _reduced("bernoulli_nll", subtract(softplus(y), multiply(x, y)), reduce)


def gaussian_nll(x: Operand, mean: Operand, ln_var: Operand, reduce: str = "sum") -> Variable:
    """Negative log-likelihood of x under normal distributions of this mean and log-variance."""
    x, mean, ln_var = together("gaussian_nll", x, mean, ln_var)
    deviation = square(subtract(x, mean))
    scaled = multiply(deviation, exp(-ln_var))
    loss = multiply(add(add(ln_var, math.log(2 * math.pi)), scaled), 0.5)
    return _reduced("gaussian_nll", loss, reduce)


def gaussian_kl_divergence(mean: Operand, ln_var: Operand, reduce: str = "sum") -> Variable:
    """Kullback-Leibler divergence of normal distributions from the standard one."""
    mean, ln_var = together("gaussian_kl_divergence", mean, ln_var)
    spread = subtract(subtract(exp(ln_var), ln_var), 1.0)
    loss = multiply(add(square(mean), spread), 0.5)
    return _reduced("gaussian_kl_divergence", loss, reduce)
