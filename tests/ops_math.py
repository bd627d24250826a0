"""The rows of elementwise functions, reductions, activations and losses, and of NumPy functions
that are compositions of operations (``RULES``: their functions have no name in F).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions import accumulation, activation, convolution, reduction
from playground.functions.elementwise import (
    exponential,
    extrema,
    hyperbolic,
    powers,
    rounding,
    trigonometric,
)
from playground.functions.loss import common
from playground.graph.backend import constant_like
from playground.graph.variable import as_variable
from tests.rows import Case, Row, Tie, binary, case, reduce, unary

M, T = (2, 3), (2, 3, 2)


def rows(name: str, op: type | None, *cases: Case, **options: Any) -> Row:
    """A row whose reference has another name than the function in F, or several cases."""
    return Row(name, op, cases, **options)


# --------------------------------------------------------------------------- references


def _logsumexp(x: Any, axis: Any = None) -> Any:
    return np.log(np.exp(x).sum(axis=axis))


def _softmax(x: Any, axis: int = 1) -> Any:
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def _log_softmax(x: Any, axis: int = 1) -> Any:
    return np.log(_softmax(x, axis)).astype(x.dtype)


def _large(function: Any) -> Any:
    """A witness for numbers whose exponentials overflow: by the largest one less."""
    return lambda x, axis=None: function(x - 722, axis) + (722 if function is _logsumexp else 0)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Any, beta: float = 1.0) -> Any:
    return np.log(1 + np.exp(beta * x)) / beta


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x >= 0, x, alpha * (np.exp(x) - 1))


def _channels(w: Any, x: Any) -> Any:
    return w.reshape((1, *w.shape, *(1,) * (x.ndim - w.ndim - 1)))


def _maxout(x: Any, pool_size: int, axis: int = 1) -> Any:
    groups = np.split(x, x.shape[axis] // pool_size, axis)
    return np.concatenate([g.max(axis=axis, keepdims=True) for g in groups], axis)


def _aligned(x: Any, y: Any, axis: int = 1) -> Any:
    return y.reshape((1,) * axis + y.shape + (1,) * (x.ndim - axis - y.ndim))


def _huber(x: Any, t: Any, delta: float, reduce: str = "sum_along_second_axis") -> Any:
    d = np.abs(x - t)
    loss = np.where(d <= delta, d * d / 2, delta * (d - delta / 2))
    return loss if reduce == "no" else loss.sum(axis=1)


def _sigmoid_cross_entropy(x: Any, t: Any, normalize: bool = True, reduce: str = "mean") -> Any:
    p = _sigmoid(x)
    loss = np.where(t == -1, 0, np.where(t == 1, -np.log(p), -np.log(1 - p))).astype(x.dtype)
    if reduce == "no":
        return loss
    return loss.sum() / x.dtype.type((t != -1).sum() if normalize else len(x))


def _softmax_cross_entropy(
    x: Any,
    t: Any,
    normalize: bool = True,
    class_weight: Any = None,
    ignore_label: int = -1,
    reduce: str = "mean",
) -> Any:
    log_y = _log_softmax(x)
    loss = np.zeros(t.shape, x.dtype)
    for place in np.ndindex(t.shape):
        k = t[place]
        if k != ignore_label:
            weight = 1 if class_weight is None else class_weight[k]
            loss[place] = -log_y[(place[0], k, *place[1:])] * weight
    if reduce == "no":
        return loss
    return loss.sum() / x.dtype.type((t != ignore_label).sum() if normalize else len(x))


def _label_loss(x: Any, t: Any) -> Any:
    array = as_variable(x).array
    chosen = constant_like(np.eye(array.shape[1])[t], array, "").astype(array.dtype)
    places = tuple(constant_like(i, array, "") for i in (np.arange(len(t)), t))
    return common.LabelLoss(places, chosen).of(x)


def _soft(x: Any, t: Any, reduce: str = "mean", soft_target_loss: str = "cross-entropy") -> Any:
    divergence = soft_target_loss == "kl-divergence"
    loss = t * ((np.log(t + 1e-7) if divergence else 0) - _log_softmax(x))
    loss = loss.sum(axis=1)
    return loss if reduce == "no" else loss.mean()


def _hinge(x: Any, t: Any, norm: str = "L1", reduce: str = "mean") -> Any:
    sign = np.where(np.arange(x.shape[1]) == t[:, None], -1, 1).astype(x.dtype)
    loss = np.maximum(0, 1 + sign * x) ** (1 if norm == "L1" else 2)
    return loss if reduce == "no" else loss.sum() / x.dtype.type(len(x))


def _reduced(loss: Any, reduce: str) -> Any:
    return {"sum": np.sum, "mean": np.mean, "no": np.asarray}[reduce](loss)


def _gaussian_nll(x: Any, m: Any, v: Any, reduce: str = "sum") -> Any:
    half = x.dtype.type(0.5)
    loss = half * (v + x.dtype.type(math.log(2 * math.pi)) + (x - m) ** 2 / np.exp(v))
    return _reduced(loss, reduce)


def same_shape(name: str, ref: Callable[..., Any], **options: Any) -> Row:
    """A distance of two arrays of one shape."""
    cases = (case(M, M), case((), ()), case(T, T))
    return replace(Row(name, None, cases, ref=ref, bad=(case(M, (3,)),)), **options)


def activation_row(name: str, op: type | None, ref: Callable[..., Any], *cases: Case) -> Row:
    return Row(name, op, (case(M), case(()), case((0, 3)), *cases), ref=ref)


AXES = (
    case(M),
    case(M, axis=0),
    case(M, axis=-1),
    case(T, axis=(0, 2)),
    case(T, axis=(-1, 0)),
    case((3, 1)),
    case(()),
)
RUNNING = (case(M), case(M, axis=0), case(T, axis=-2), case((0, 3), axis=1), case((4,)), case(()))
LABELS = np.array([2, 0, -1, 1])
IMAGE_LABELS = np.array([[0, 1], [2, -1]])
WEIGHTS = np.array([0.5, 1.0, 2.0])

# ------------------------------------------------------------------------- operations of F

ROWS: tuple[Row, ...] = (
    unary("exp2", exponential.Exp2),
    binary(
        "logaddexp",
        exponential.LogAddExp,
        ties=(
            Tie(
                ([-math.inf, -math.inf, 1.0, math.inf, 1000.0], [-math.inf, 1.0, 1.0, 0.0, 0.0]),
                ([0, 0, 0.5, 1, 1], [0, 1, 0.5, 0, 0]),
            ),
        ),
    ),
    binary("logaddexp2", exponential.LogAddExp2),
    unary("arcsinh", hyperbolic.Arcsinh),
    unary("arccosh", hyperbolic.Arccosh, domain=(1.3, 3.0), signed=False),
    unary("arctanh", hyperbolic.Arctanh, domain=(0.1, 0.8)),
    unary("cbrt", powers.Cbrt),
    unary("reciprocal", powers.Reciprocal),
    binary(
        "hypot",
        powers.Hypot,
        ties=(Tie(([0.0, 3.0, 0.0], [0.0, 4.0, -2.0]), ([0, 0.6, 0], [0, 0.8, -1])),),
    ),
    unary("trunc", rounding.Trunc, order=0),
    unary("fix", None, order=0),
    unary("rint", rounding.Rint, order=0),
    binary("remainder", rounding.Remainder, forms=(lambda x, y: x % y,)),
    binary("fmod", rounding.Fmod),
    binary(
        "fmax",
        extrema.Fmax,
        ties=(
            Tie(
                ([1.0, 2.0, 0.0, math.nan, 1.0], [1.0, 1.0, -0.0, 1.0, math.nan]),
                ([1, 1, 1, 0, 1], [0, 0, 0, 1, 0]),
            ),
        ),
    ),
    binary("fmin", extrema.Fmin, ties=(Tie(([1.0, 2.0], [1.0, 1.0]), ([1, 0], [0, 1])),)),
    binary(
        "copysign", extrema.Copysign, ties=(Tie(([0.0, -2.0], [-1.0, 3.0]), ([0, -1], [0, 0])),)
    ),
    unary("sinc", trigonometric.Sinc, ties=(Tie(([0.0, 1.0, 2.0],), ([0, -1, 0.5],)),)),
    unary("sinc:near 0", trigonometric.Sinc, f=F.sinc, np=np.sinc, domain=(1e-4, 0.3)),
    unary("sinc:between", trigonometric.Sinc, f=F.sinc, np=np.sinc, domain=(0.25, 0.8)),
    # reductions
    reduce(
        "prod",
        accumulation.Prod,
        ties=(
            Tie(([0.0, 2.0, 3.0],), ([6, 0, 0],)),
            Tie(([[0.0, 2.0, 0.0], [1.0, 2.0, 0.0]],), ([[0, 0, 0], [0, 0, 2]],), {"axis": 1}),
        ),
    ),
    rows(
        "cumsum",
        accumulation.Cumsum,
        *RUNNING,
        np=np.cumsum,
        forms=(lambda x, axis=None: x.cumsum(axis),),
        bad=(case(M, axis=2), case((2,), axis=0, dtypes="U")),
    ),
    rows(
        "cumprod",
        accumulation.Cumprod,
        *RUNNING,
        np=np.cumprod,
        forms=(lambda x, axis=None: x.cumprod(axis),),
        bad=(case(M, axis=2), case((2,), axis=0, dtypes="U")),
        ties=(Tie(([0.0, 2.0, 3.0],), ([9, 0, 0],)), Tie(([2.0, 0.0, 3.0],), ([1, 8, 0],))),
    ),
    rows(
        "logsumexp",
        reduction.LogSumExp,
        *AXES,
        ref=_logsumexp,
        bad=(case(M, axis=2), case(M, axis=(0, -2)), case((2, 0), axis=1)),
    ),
    rows(
        "logsumexp:large",
        reduction.LogSumExp,
        case(M, axis=1),
        case(T, axis=0),
        ref=_large(_logsumexp),
        domain=(720.0, 724.0),
        dtypes="d",  # a rounding of such numbers is large in the others
        signed=False,
    ),
    rows(
        "argmax",
        None,
        case(M),
        case(M, axis=1),
        ref=lambda x, **a: np.argmax(x, **a).astype("i"),
        order=0,
    ),
    rows(
        "argmin",
        None,
        case(M),
        case(M, axis=-2),
        ref=lambda x, **a: np.argmin(x, **a).astype("i"),
        order=0,
    ),
    rows(
        "batch_l2_norm_squared",
        None,
        case(M),
        case(T),
        ref=lambda x: (x * x).reshape(len(x), -1).sum(axis=1),
        bad=(case((3,)),),
    ),
    rows(
        "convolve",
        convolution.Convolve,
        case((4,), (3,)),
        case((2,), (5,), mode="same"),
        case((5,), (2,), mode="valid"),
        case((4,), (4,), mode="same"),
        case((), (3,)),
        np=np.convolve,
        bad=(case(M, (3,)), case((3,), (0,))),
    ),
    # activations
    activation_row("sigmoid", activation.Sigmoid, _sigmoid),
    replace(
        activation_row("relu", activation.ReLU, lambda x: np.maximum(x, 0)),
        ties=(Tie(([-1.0, 0.0, 2.0],), ([0, 0, 1],)),),
    ),
    activation_row("softplus", activation.Softplus, _softplus, case(M, beta=2.5)),
    rows(
        "softmax",
        activation.Softmax,
        case(M),
        case(M, axis=0),
        case(T, axis=-1),
        case((0, 3)),
        ref=_softmax,
        bad=(case(M, axis=2),),
    ),
    rows(
        "softmax:large",
        activation.Softmax,
        case(M, axis=1),
        case(T, axis=0),
        ref=_large(_softmax),
        domain=(720.0, 724.0),
        dtypes="d",  # a rounding of such numbers is large in the others
        signed=False,
    ),
    rows(
        "log_softmax",
        activation.LogSoftmax,
        case(M),
        case(M, axis=0),
        case(T, axis=-1),
        case((0, 3)),
        ref=_log_softmax,
        bad=(case(M, axis=2),),
    ),
    rows(
        "log_softmax:large",
        activation.LogSoftmax,
        case(M, axis=1),
        case(T, axis=0),
        ref=_large(_log_softmax),
        domain=(720.0, 724.0),
        dtypes="d",  # a rounding of such numbers is large in the others
        signed=False,
    ),
    replace(
        activation_row(
            "leaky_relu",
            None,
            lambda x, slope=0.2: np.where(x >= 0, x, slope * x),
            case(M, slope=0.5),
        ),
        ties=(Tie(([-1.0, 0.0, 2.0],), ([0.2, 0.2, 1],)),),
    ),
    replace(
        activation_row("elu", None, _elu, case(M, alpha=0.3)),
        ties=(Tie(([-2000.0, 0.0, 2000.0],), ([0, 1, 1],)),),
    ),
    activation_row(
        "selu", None, lambda x: x.dtype.type(1.0507009873554805) * _elu(x, 1.6732632423543772)
    ),
    replace(
        activation_row("hard_sigmoid", None, lambda x: np.clip(x * 0.2 + 0.5, 0, 1)),
        domain=(0.5, 4.0),
        avoid=(2.5, -2.5),
        ties=(Tie(([-2.5, 0.0, 2.5],), ([0, 0.2, 0],)),),
    ),
    replace(
        activation_row("clipped_relu", None, lambda x, z=20.0: np.clip(x, 0, z), case(M, z=1.0)),
        avoid=(1.0,),
        ties=(Tie(([0.0, 0.5, 1.0],), ([0, 1, 0],), {"z": 1.0}),),
    ),
    replace(
        activation_row("relu6", None, lambda x: np.clip(x, 0, 6)),
        domain=(3.0, 9.0),
        avoid=(6.0,),
    ),
    rows(
        "crelu",
        None,
        case(M),
        case(T, axis=2),
        ref=lambda x, axis=1: np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis),
    ),
    rows(
        "maxout",
        None,
        case((2, 6), pool_size=2),
        case((4, 3), pool_size=2, axis=0),
        ref=_maxout,
        bad=(case((2, 5), pool_size=2),),
    ),
    rows(
        "prelu",
        None,
        case(M, (3,)),
        case(T, (3,)),
        case(T, (3, 2)),
        case(M, ()),
        ref=lambda x, w: np.where(x >= 0, x, x * _channels(w, x)),
        bad=(case(M, (2,)),),
    ),
    rows(
        "swish",
        None,
        case(M, (3,)),
        case(T, (3,)),
        case(M, ()),
        ref=lambda x, b: x * _sigmoid(x * _channels(b, x)),
        bad=(case(M, (2,)),),
    ),
    # scaling
    rows(
        "bias",
        None,
        case(M, (3,)),
        case(T, (3,)),
        case(M, (2,), axis=0),
        ref=lambda x, y, axis=1: x + _aligned(x, y, axis),
        bad=(case(M, (2,)),),
    ),
    rows(
        "scale",
        None,
        case(M, (3,)),
        case(T, (2, 3), axis=0),
        ref=lambda x, y, axis=1: x * _aligned(x, y, axis),
        bad=(case(M, (2,)),),
    ),
    rows(
        "linear_interpolate",
        None,
        case(M, M, M),
        case((), (), ()),
        ref=lambda p, x, y: p * x + (1 - p) * y,
        bad=(case(M, M, (3,)),),
    ),
    # losses
    same_shape("squared_error", lambda x, y: (x - y) ** 2),
    same_shape("squared_difference", lambda x, y: (x - y) ** 2),
    same_shape(
        "absolute_error",
        lambda x, y: np.abs(x - y),
        ties=(Tie(([1.0, 2.0], [1.0, 1.0]), ([0, 1], [0, -1])),),
    ),
    same_shape("mean_squared_error", lambda x, y: ((x - y) ** 2).mean()),
    same_shape("mean_absolute_error", lambda x, y: np.abs(x - y).mean()),
    rows(
        "huber_loss",
        None,
        case(M, M, delta=0.5),
        case(T, T, delta=1.0),
        case(M, M, delta=3.0, reduce="no"),
        ref=_huber,
        bad=(case(M, (3,), delta=1.0),),
    ),
    rows(
        "sigmoid_cross_entropy",
        None,
        case(M, t=np.array([[0, 1, -1], [1, 1, 0]])),
        case(M, t=np.array([[0, 1, -1], [1, 1, 0]]), normalize=False),
        case(M, t=np.array([[0, 1, -1], [1, 1, 0]]), reduce="no"),
        ref=_sigmoid_cross_entropy,
        bad=(case(M, t=np.array([0, 1, 1])), case(M, t=np.zeros(M))),
    ),
    rows(
        "softmax_cross_entropy",
        None,
        case((4, 3), t=LABELS),
        case((4, 3), t=LABELS, normalize=False),
        case((4, 3), t=LABELS % 3, reduce="no", ignore_label=2),
        case((4, 3), t=LABELS, class_weight=WEIGHTS),
        case((2, 3, 2), t=IMAGE_LABELS),
        case((2, 3, 2), t=IMAGE_LABELS, class_weight=WEIGHTS, reduce="no"),
        ref=_softmax_cross_entropy,
        bad=(case((3, 3), t=LABELS), case((4, 3, 2), t=LABELS)),
    ),
    rows(
        "label_loss",
        common.LabelLoss,
        case((4, 3), t=LABELS % 3),
        case((1, 2), t=np.array([1])),
        f=lambda x, t: _label_loss(x, t),
        ref=lambda x, t: _softmax_cross_entropy(x, t),
        mixes=False,
    ),
    rows(
        "softmax_cross_entropy:soft",
        None,
        case(M, M),
        case(T, T, reduce="no"),
        case(M, M, soft_target_loss="kl-divergence"),
        ref=_soft,
        signed=False,
        mixes=False,
        bad=(case(M, (3,)),),
    ),
    rows(
        "hinge",
        None,
        case((4, 3), t=LABELS % 3),
        case((4, 3), t=LABELS % 3, norm="L2"),
        case((4, 3), t=LABELS % 3, reduce="no"),
        ref=_hinge,
        avoid=(-1.0, 1.0),
        bad=(case((3, 3), t=LABELS),),
    ),
    rows(
        "bernoulli_nll",
        None,
        case(M, M),
        case(M, M, reduce="mean"),
        case(M, M, reduce="no"),
        ref=lambda x, y, reduce="sum": _reduced(_softplus(y) - x * y, reduce),
        signed=False,
    ),
    rows(
        "gaussian_nll",
        None,
        case(M, M, M),
        case(M, M, M, reduce="mean"),
        case(M, M, M, reduce="no"),
        ref=_gaussian_nll,
    ),
    rows(
        "gaussian_kl_divergence",
        None,
        case(M, M),
        case(M, M, reduce="mean"),
        ref=lambda m, v, reduce="sum": _reduced((m**2 + np.exp(v) - v - 1) / 2, reduce),
    ),
)


# -------------------------------------------------------------- compositions under np. alone


def rule(name: str, *cases: Case, **options: Any) -> Row:
    """A NumPy function that is answered by a composition; ``call`` where its form is special."""
    function = np
    for part in name.partition(":")[0].split("."):
        function = getattr(function, part)
    call = options.pop("call", function)
    return Row(name, None, cases, f=call, np=call, **options)


def _divided_polynomials(u: Any, v: Any) -> Any:
    """Without leading coefficients of the remainder, which rounding may leave at something."""
    quotient, rest = np.polydiv(u, v)
    return np.concatenate([quotient, rest[-max(len(v) - 1, 1) :]])


def narrow(row: Row) -> Row:
    """``row`` of a function that answers in float64 for every input, where a Variable's dtype
    stays."""
    call = row.np

    def ref(*xs: Any, **args: Any) -> Any:
        found = call(*xs, **args)  # type: ignore[misc]
        return np.asarray(found).astype(np.result_type(*xs))

    return replace(row, ref=ref)


def nan_rule(name: str, *cases: Case, **options: Any) -> Row:
    """The same with a part of the elements missing."""
    function = getattr(np, name)

    def call(x: Any, **args: Any) -> Any:
        return function(np.where(HOLES[: x.shape[0], : x.shape[1]], np.nan, x), **args)

    return Row(name, None, cases, f=call, np=call, **options)


HOLES = np.array([[True, False, False, True], [False] * 4, [False, True, False, False]])
STEPS = np.array([-1.0, 0.0, 2.0])
KEPT = np.array([[True, False, True], [True, True, True]])
N = (3, 4)
NANS = (case(N), case(N, axis=0), case(N, axis=-1, keepdims=True), case((2, 3), axis=(0, 1)))
SPREAD = (
    case(M),
    case(M, axis=0),
    case(M, axis=1, ddof=1),
    case(T, axis=(0, -1), keepdims=True, correction=1),
    case(M, where=KEPT),
    case(M, axis=1, where=KEPT, keepdims=True),
)
QUANTILES = (
    case((5,), q=0.3),
    case((4,), q=np.array([0.0, 0.25, 1.0])),
    case(N, q=0.75, axis=0),
    case(N, q=[0.1, 0.5], axis=-1, keepdims=True),
    case((2, 3, 2), q=0.4, axis=(0, 2)),
    case((2, 3), q=0.5, keepdims=True),
)
X5 = np.array([0.0, 0.5, 1.5, 2.0, 4.0])
OUTSIDE = np.array([-1.0, 0.25, 0.5, 3.3, 9.0])

RULES: tuple[Row, ...] = (
    rule("degrees", case(M), forms=(np.rad2deg,)),
    rule("radians", case(M), forms=(np.deg2rad,)),
    rule(
        "divmod:remainder",
        case(M, (3,)),
        call=lambda x, y: np.divmod(x, y)[1],
        forms=(lambda x, y: divmod(x, y)[1],),
    ),
    rule("modf", case(M), call=lambda x: np.modf(x)[0]),
    narrow(rule("heaviside", case(M), call=lambda h: np.heaviside(STEPS, h))),
    rule("ldexp", case(M, k=3), case(M, k=np.array([1, -2, 0])), call=lambda x, k: np.ldexp(x, k)),
    rule("positive", case(M), forms=(lambda x: +x,)),
    rule("round", case(M), case((), decimals=1), case(M, decimals=-1), order=0, forms=(np.around,)),
    rule("nan_to_num", case(M), case(M, nan=1.0)),
    rule("real", case(M), forms=(np.real_if_close,)),
    rule("conjugate", case(M)),
    rule("angle", case(M), case(M, deg=True), order=0),
    rule("imag", case(M), order=0),
    rule("add:reduce", *(case(M), case(T, axis=(0, 2), keepdims=True)), call=np.add.reduce),
    rule("multiply:reduce", case(M), case(T, axis=-1), call=np.multiply.reduce),
    rule("maximum:reduce", case(M), case(T, axis=-1), call=np.maximum.reduce),
    rule("minimum:reduce", case(M), case(T, axis=(0, 1)), call=np.minimum.reduce),
    rule("logaddexp:reduce", case(M), case(T, axis=-1, keepdims=True), call=np.logaddexp.reduce),
    rule("add:accumulate", case(M), case(T, axis=-1), call=np.add.accumulate),
    rule("multiply:accumulate", case(M), case(T, axis=-1), call=np.multiply.accumulate),
    rule("multiply:outer", case(M, (2,)), case((), (3,)), call=np.multiply.outer),
    rule("subtract:outer", case((3,), (2, 2)), call=np.subtract.outer),
    rule("matvec", case(M, (3,)), case((4, 2, 3), (3,))),
    rule("vecmat", case((2,), M), case((4, 2), (4, 2, 3))),
    # sums, products, means
    rule("sum:where", case(M, where=KEPT), case(M, axis=0, initial=2.0, where=KEPT)),
    rule("prod:where", case(M, where=KEPT), case(M, axis=1, initial=2.0, keepdims=True)),
    rule("mean:where", case(M, where=KEPT), case(M, axis=1, where=KEPT, keepdims=True)),
    rule("max:where", case(M, initial=-3.0), case(M, axis=1, initial=-3.0, where=KEPT)),
    rule("min:where", case(M, initial=3.0), case(M, axis=1, initial=3.0, where=KEPT)),
    rule("amax", case(M), case(M, axis=0)),
    rule("amin", case(M), case(M, axis=0)),
    rule("ptp", case(M), case(M, axis=0), case(T, axis=(0, 1), keepdims=True)),
    rule("var", *SPREAD),
    rule("std", *SPREAD),
    rule("var:method", case(M), case(M, axis=0, ddof=1), call=lambda x, **a: x.var(**a)),
    rule(
        "average:returned",
        case(M, M),
        call=lambda x, w: np.average(x, 0, w, returned=True)[1] * np.average(x, 0, w),
        signed=False,
    ),
    rule("cumulative_sum", case(M, axis=0), case((3,), include_initial=True)),
    rule("cumulative_prod", case(M, axis=0), case(M, axis=-1, include_initial=True)),
    *(
        nan_rule(name, *NANS)
        for name in (
            "nansum",
            "nanprod",
            "nanmean",
            "nanvar",
            "nanstd",
            "nanmax",
            "nanmin",
            "nanmedian",
        )
    ),
    narrow(nan_rule("nanquantile", case(N, q=0.3), case(N, q=[0.25, 0.6], axis=0))),
    nan_rule("nanpercentile", case(N, q=30, axis=1)),
    nan_rule("nancumsum", case(N), case(N, axis=1)),
    nan_rule("nancumprod", case(N), case(N, axis=0)),
    # order statistics, covariances
    rule("median", case(M), case(M, axis=0), case((5,)), case(T, axis=(0, 1), keepdims=True)),
    narrow(rule("quantile", *QUANTILES)),
    narrow(rule("percentile", case((5,), q=30), case(N, q=[10, 90], axis=0))),
    narrow(
        rule(
            "cov",
            case(M),
            case((5,)),
            case((4, 2), rowvar=False),
            case(M, bias=True),
            case(M, ddof=0),
        )
    ),
    narrow(rule("cov:two", case((4,), (4,)), case(M, M))),
    narrow(rule("corrcoef", case((2, 5)), case((5, 3), rowvar=False))),
    narrow(rule("corrcoef:two", case((5,), (5,)))),
    # sequences
    narrow(
        rule(
            "diff",
            case((5,)),
            case(M, axis=0),
            case((5,), n=2),
            case(M, prepend=1.0),
            case((4,), append=np.array([1.0, 2.0])),
            case(M, n=0),
        )
    ),
    rule("ediff1d", case(M), case((4,), to_begin=1.0, to_end=np.array([2.0, 3.0]))),
    rule("gradient", case((5,)), case(N, axis=0), case((5,), edge_order=2)),
    rule(
        "gradient:spacing",
        case((5,), h=0.5),
        case((5,), h=X5),
        case((5,), h=X5, edge_order=2),
        call=lambda f, h, **a: np.gradient(f, h, **a),
    ),
    rule("gradient:both", case(N), call=lambda f: tuple(np.gradient(f, 2.0, np.arange(4.0) ** 2))),
    rule(
        "gradient:by spacing",
        case((5,), (5,)),
        call=lambda f, x: np.gradient(f, np.cumsum(x)),
        signed=False,
    ),
    narrow(
        rule(
            "trapezoid",
            case((5,)),
            case(M, dx=0.5, axis=0),
            case(M, x=np.array([0.0, 1.0, 3.0])),
            case(M, x=np.array([0.0, 2.0]), axis=0),
        )
    ),
    rule("trapezoid:by x", case((4,), (4,)), case(M, M)),
    narrow(
        rule(
            "interp",
            case((5,), at=OUTSIDE),
            case((5,), at=OUTSIDE.reshape(5, 1), left=0.5, right=2.0),
            case((5,), at=0.7),
            call=lambda fp, at, **a: np.interp(at, X5, fp, **a),
        )
    ),
    narrow(
        rule(
            "interp:by x",
            case((4,)),
            case(()),
            call=lambda x: np.interp(x, X5, X5**2),
            avoid=(0.5, 1.5, 2.0),
        )
    ),
    narrow(
        rule(
            "interp:all",
            case((3,), (5,), (5,)),
            call=lambda x, xp, fp: np.interp(x, np.cumsum(xp), fp),
            signed=False,
        )
    ),
    rule(
        "unwrap",
        case((6,)),
        case((2, 4), axis=0),
        case((6,), period=1.0, discont=0.8),
        domain=(0.5, 9.0),
    ),
    rule(
        "correlate",
        case((5,), (3,)),
        case((3,), (5,), mode="full"),
        case((4,), (3,), mode="same"),
        case((3,), (5,)),
        case((2,), (5,), mode="same"),
    ),
    rule(
        "linspace",
        case((), (), num=5),
        case((3,), (3,), num=4, endpoint=False, axis=1),
        case((3,), (), num=3),
    ),
    rule(
        "linspace:retstep",
        case((), ()),
        call=lambda a, b: np.add(*np.linspace(a, b, 4, retstep=True)),
    ),
    rule("logspace", case((), (), num=4), case((2,), (2,), num=3, base=2.0)),
    narrow(rule("geomspace", case((), (), num=4), case((2,), (2,), num=3), signed=False)),
    narrow(
        rule(
            "geomspace:negative",
            case((), ()),
            signed=False,
            call=lambda a, b: np.geomspace(-a, -b, 4),
        )
    ),
    # polynomials
    rule("polyval", case((4,), M), case((3,), ())),
    narrow(
        rule("vander", case((3,)), case((3,), N=2, increasing=True), case((2,), N=0), case((0,)))
    ),
    narrow(rule("polyder", case((4,)), case((4,), m=2), case((3,), m=0))),
    narrow(rule("polyint", case((3,)), case((3,), m=2), case((2,), m=2, k=[1.0, 2.0]))),
    rule("polyadd", case((2,), (4,)), case((3,), (3,))),
    rule("polysub", case((4,), (2,)), case((2,), (3,))),
    rule("polymul", case((4,), (2,))),
    narrow(
        rule(
            "polydiv",
            case((4,), (2,)),
            case((3,), (1,)),
            case((5,), (3,)),
            call=_divided_polynomials,
        )
    ),
)
