"""Chainer 7.8.1 beside connections, convolutions, pooling, noise and scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import Raised, assert_same, chainer, raised, run
from tests.differential.test_functions import TOLERANCE, Row, _outcome

M = (2, 3)
NUMBERS = np.array([[2, 0, 2], [1, -1, 1]], "i")
LABELS = np.array([2, 0, -1, 1], "i")


def seeded(call: Callable[..., Any]) -> Callable[..., Any]:
    """A call that draws: from NumPy's global generator, which both engines seed alike."""

    def draw(F: Any, *xs: Any) -> Any:
        np.random.seed(3)
        return call(F, *xs)

    return draw


CONNECTION = [
    Row("linear", lambda F, x, W, b: F.linear(x, W, b), (M, (4, 3), (4,))),
    Row("linear", lambda F, x, W: F.linear(x, W), (M, (4, 3))),
    Row("linear", lambda F, x, W: F.linear(x, W), ((2, 3, 2), (4, 6))),
    Row("linear", lambda F, x, W, b: F.linear(x, W, b, 2), ((2, 2, 3), (4, 3), (4,))),
    Row("embed_id", lambda F, W: F.embed_id(NUMBERS % 3, W), ((3, 2),)),
    Row("embed_id", lambda F, W: F.embed_id(NUMBERS, W, -1), ((3, 2),)),
]
# Chainer's takes single precision alone.
BILINEAR = [
    Row("bilinear", lambda F, a, b, W: F.bilinear(a, b, W), (M, (2, 2), (3, 2, 4))),
    Row(
        "bilinear",
        lambda F, *xs: F.bilinear(*xs),
        (M, (2, 2), (3, 2, 2), (3, 2), (2, 2), (2,)),
    ),
]
NOISE = [
    Row("dropout", seeded(lambda F, x: F.dropout(x)), (M,)),
    Row("dropout", seeded(lambda F, x: F.dropout(x, 0.3)), ((2, 3, 4),)),
    Row("dropout", lambda F, x: F.dropout(x, mask=np.eye(2, 3, dtype=x.dtype)), (M,)),
    Row("zoneout", seeded(lambda F, h, x: F.zoneout(h, x, 0.4)), (M, M)),
    Row("gaussian", seeded(lambda F, m, v: F.gaussian(m, v)), (M, M)),
    Row("gumbel_softmax", seeded(lambda F, x: F.gumbel_softmax(x, 0.8)), (M,)),
    Row("rrelu", seeded(lambda F, x: F.rrelu(x)), (M,)),
    Row(
        "simplified_dropconnect",
        seeded(lambda F, x, W, b: F.simplified_dropconnect(x, W, b)),
        (M, (4, 3), (4,)),
    ),
    Row(
        "simplified_dropconnect",
        seeded(lambda F, x, W: F.simplified_dropconnect(x, W, None, 0.2, True, None, False)),
        (M, (4, 3)),
    ),
    Row(
        "simplified_dropconnect",
        lambda F, x, W: F.simplified_dropconnect(x, W, train=False),
        (M, (4, 3)),
    ),
]


def over(name: str, *shapes: tuple[int, ...], second: bool = True, **options: Any) -> Row:
    """A function of windows, with options."""
    return Row(name, lambda F, *xs: getattr(F, name)(*xs, **options), shapes, second=second)


IMAGE, LINE, VOLUME = (2, 4, 5, 6), (2, 4, 7), (1, 2, 3, 4, 3)
MANY = {"stride": 2, "pad": 1, "dilate": 2, "groups": 2}
PLACES = np.array([[[[0, 3], [2, 1]]]])
WINDOWS = [
    over("convolution_2d", IMAGE, (6, 4, 3, 2), (6,)),
    over("convolution_2d", IMAGE, (6, 2, 2, 2), (6,), **MANY),
    over("convolution_2d", IMAGE, (2, 4, 2, 3), stride=(2, 3), pad=(0, 2), cover_all=True),
    over("convolution_2d", IMAGE, (3, 4, 1, 1)),
    over("convolution_1d", LINE, (6, 2, 3), (6,), **MANY),
    over("convolution_3d", VOLUME, (2, 2, 2, 3, 2), (2,), pad=1, cover_all=True, stride=2),
    over("convolution_nd", VOLUME, (2, 1, 2, 1, 2), (2,), groups=2),
    over("convolution_nd", LINE, (3, 4, 2), dilate=3),
    over("deconvolution_2d", (2, 4, 3, 2), (4, 3, 3, 2), (3,)),
    over("deconvolution_2d", (2, 4, 3, 2), (4, 2, 3, 2), (4,), **MANY),
    over("deconvolution_2d", (2, 4, 3, 2), (4, 2, 2, 2), stride=2, outsize=(7, 4)),
    over("deconvolution_1d", (2, 4, 3), (4, 2, 3), (4,), **MANY),
    over("deconvolution_3d", (1, 2, 2, 3, 2), (2, 2, 2, 1, 2), (2,), stride=2),
    over("deconvolution_nd", (2, 4, 3), (4, 3, 2), dilate=2, stride=3),
    over("dilated_convolution_2d", IMAGE, (2, 4, 2, 2), (2,), dilate=(2, 3)),
    over("depthwise_convolution_2d", IMAGE, (3, 4, 2, 2), (12,), stride=2, pad=1),
    over("max_pooling_2d", IMAGE, ksize=2),
    over("max_pooling_2d", IMAGE, ksize=(3, 2), stride=(2, 1), pad=1, cover_all=False),
    over("max_pooling_2d", IMAGE, ksize=3, stride=2, pad=1),
    over("max_pooling_1d", LINE, ksize=3, stride=2),
    over("max_pooling_3d", VOLUME, ksize=2),
    over("max_pooling_nd", VOLUME, ksize=2, stride=1, pad=1),
    over("average_pooling_2d", IMAGE, ksize=2),
    over("average_pooling_2d", IMAGE, ksize=(3, 2), stride=(2, 1), pad=1),
    over("average_pooling_1d", LINE, ksize=3, stride=2, pad=1),
    over("average_pooling_3d", VOLUME, ksize=2),
    # Its first gradient divides the cotangent that it was given, in place.
    over("average_pooling_nd", VOLUME, ksize=2, pad=1, pad_value=None, second=False),
    over("average_pooling_nd", LINE, ksize=2, stride=3),
    over("unpooling_2d", (2, 3, 3, 2), ksize=2),
    over("unpooling_2d", (2, 3, 3, 2), ksize=2, outsize=(6, 4)),
    over("unpooling_2d", (2, 3, 3, 2), ksize=3, stride=2, pad=1, cover_all=False),
    over("unpooling_1d", (2, 3, 4), ksize=3, stride=2),
    over("unpooling_3d", (1, 2, 2, 1, 2), ksize=2, cover_all=False),
    over("unpooling_nd", (1, 2, 3), ksize=2),
    over("upsampling_2d", (1, 1, 2, 2), indexes=PLACES, ksize=2),
    over("upsampling_2d", (1, 1, 2, 2), indexes=PLACES, ksize=2, stride=1, outsize=(3, 3)),
    # A window that lies in the padding alone has a second derivative of -inf there.
    over("spatial_pyramid_pooling_2d", IMAGE, second=False, pyramid_height=3, pooling="max"),
    over("im2col", IMAGE, ksize=2),
    over("im2col", IMAGE, ksize=(2, 3), stride=2, pad=(1, 0), dilate=(1, 2), cover_all=True),
    over("depth2space", IMAGE, r=2),
    over("space2depth", (1, 3, 4, 6), r=2),
]
NORMALIZATION = [
    over("batch_normalization", (4, 3), (3,), (3,)),
    over("batch_normalization", IMAGE, (4,), (4,), eps=1e-2),
    over("batch_normalization", (5, 4, 3), (4, 3), (4, 3), axis=0, eps=0.5),
    over("batch_normalization", LINE, (4,), (4,), axis=(0, 2)),
    Row(
        "fixed_batch_normalization",
        lambda F, *xs: F.fixed_batch_normalization(*xs),
        (IMAGE, (4,), (4,), (4,), (4,)),
        low=0.5,
    ),
    over("layer_normalization", (4, 5), (5,), (5,)),
    Row(
        "group_normalization",
        lambda F, x, g, b: F.group_normalization(x, 2, g, b),
        (LINE, (4,), (4,)),
    ),
    over("local_response_normalization", IMAGE, second=False),
    over("local_response_normalization", LINE, second=False, n=3, k=1, alpha=0.2, beta=0.5),
    over("normalize", (3, 4)),
    over("normalize", LINE, axis=(1, 2), eps=0.1),
    Row("lstm", lambda F, c, x: sum(F.lstm(c, x)), ((3, 2), (3, 8))),
    Row("lstm", lambda F, c, x: F.lstm(c, x)[0], ((3, 2), (2, 8))),
    Row("lstm", lambda F, c, x: F.lstm(c, x)[1], ((3, 2, 2), (2, 8, 2))),
]


def _words(shape: tuple[int, ...]) -> np.ndarray:
    return (np.arange(int(np.prod(shape))).reshape(shape) % 3).astype("i")


PAIRS = np.array([1, 0, 1], "i")
WORDS = np.array([1, -1, 0], "i")
COMPARING = [
    Row("contrastive", lambda F, x, y: F.contrastive(x, y, PAIRS), ((3, 2), (3, 2)), second=False),
    Row(
        "contrastive",
        lambda F, x, y: F.contrastive(x, y, PAIRS, 5, "no"),
        ((3, 2), (3, 2)),
        second=False,
    ),
    over("triplet", M, M, M, margin=3.0),
    over("triplet", M, M, M, reduce="no"),
    over("cross_covariance", (4, 3), (4, 2)),
    over("cross_covariance", (4, 3), (4, 2), reduce="no"),
    over("decov", (4, 3), second=False),
    over("decov", (4, 3), second=False, reduce="no"),
    Row(
        "negative_sampling",
        lambda F, x, W: F.negative_sampling(x, WORDS, W, _words, 4),
        ((3, 2), (3, 2)),
    ),
    Row(
        "negative_sampling",
        lambda F, x, W: F.negative_sampling(x, WORDS, W, _words, 2, "no"),
        ((3, 2), (3, 2)),
    ),
]
# As Chainer's bilinear: in single precision alone.
BILINEAR += [
    over("batch_matmul", (2, 2, 3), (2, 3, 2)),
    over("batch_matmul", (2, 3), (2, 3), transa=True),
    over("batch_matmul", (2, 3, 1), (2, 2, 3), transa=True, transb=True),
]
ROWS = [*CONNECTION, *BILINEAR, *NOISE, *WINDOWS, *NORMALIZATION, *COMPARING]

every_row = pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r.name}" for i, r in enumerate(ROWS)])


@pytest.mark.parametrize("dtype", "efd")
@every_row
def test_values_and_gradients(row: Row, dtype: str) -> None:
    if row in BILINEAR and dtype != "f":
        return
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, TOLERANCE[dtype])


@every_row
def test_plain_arrays_are_accepted(row: Row) -> None:
    def script(engine: Any) -> Any:
        y = row.call(engine.functions, *row.arrays("f"))
        return isinstance(y, engine.Variable), y, y.requires_grad

    assert_same(run(script, playground), run(script, chainer), 1e-5)


# ------------------------------------------------------------------------------- scores

SCORES: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "accuracy": (lambda F, y: F.accuracy(y, LABELS % 3), (4, 3)),
    "accuracy of ignored": (lambda F, y: F.accuracy(y, LABELS, ignore_label=-1), (4, 3)),
    "accuracy of none": (lambda F, y: F.accuracy(y, LABELS * 0, ignore_label=0), (4, 3)),
    "accuracy of images": (lambda F, y: F.accuracy(y, LABELS.reshape(2, 2)), (2, 3, 2)),
    "accuracy with axes of 1": (lambda F, y: F.accuracy(y, LABELS), (4, 3, 1, 1)),
    "binary_accuracy": (lambda F, y: F.binary_accuracy(y, LABELS), (4,)),
    "binary_accuracy of none": (lambda F, y: F.binary_accuracy(y, LABELS * 0 - 1), (4,)),
    "classification_summary": (lambda F, y: F.classification_summary(y, LABELS, 3), (4, 3)),
    "classification_summary of beta": (
        lambda F, y: F.classification_summary(y, LABELS % 3, beta=0.5, ignore_label=0),
        (4, 3),
    ),
    "precision": (lambda F, y: F.precision(y, LABELS), (4, 3)),
    "recall": (lambda F, y: F.recall(y, LABELS), (4, 3)),
    "f1_score": (lambda F, y: F.f1_score(y, LABELS, label_num=4), (4, 3)),
    "r2_score": (lambda F, y: F.r2_score(y, y[::-1] * 2), (4, 2)),
    "r2_score of each": (
        lambda F, y: F.r2_score(y, y[::-1] * np.array([2, 0], y.dtype), multioutput="raw_values"),
        (4, 2),
    ),
}
NAMED_IN_SCORES = {name.partition(" ")[0] for name in SCORES}


@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("name", SCORES)
def test_scores(name: str, dtype: str) -> None:
    call, shape = SCORES[name]
    y = np.random.RandomState(5).uniform(-1, 1, shape).astype(dtype)
    ours, theirs = (run(lambda e: call(e.functions, y), e) for e in (playground, chainer))
    assert_same(ours, theirs, TOLERANCE[dtype])


# ------------------------------------------------------------------------------- pooling


def test_places_of_the_largest_elements() -> None:
    """The first of equal ones, in padding too; and the way back."""
    x = np.array([[[[1, 1, 0], [1, 2, 2], [0, -np.inf, 2]]]], "f")

    def script(engine: Any) -> Any:
        F = engine.functions
        y, places = F.max_pooling_2d(x, 2, 1, 1, return_indices=True)
        alone = F.max_pooling_2d(engine.Variable(x), 2, return_indices=True)[1]
        return y, places, alone, F.upsampling_2d(y, places, 2, 1, 1, (3, 3))

    assert_same(run(script, playground), run(script, chainer))


# ------------------------------------------------------------------------ running statistics


def test_running_statistics_are_moved_in_place() -> None:
    x = np.random.RandomState(2).uniform(-1, 1, (5, 3, 2)).astype("f")

    def script(engine: Any) -> Any:
        mean, var = np.zeros(3, "f"), np.ones(3, "f")
        ones = np.ones(3, "f")
        for decay in (0.9, 0.5):
            engine.functions.batch_normalization(
                x, ones, ones, running_mean=mean, running_var=var, decay=decay
            )
        return mean, var

    assert_same(run(script, playground), run(script, chainer), 1e-6)


# ------------------------------------------------------------------------ drawn, and not drawn


def test_one_seed_gives_one_sequence_of_draws() -> None:
    """Of several functions after each other, and of a mask that is asked for."""

    def script(engine: Any) -> Any:
        np.random.seed(11)
        F, x = engine.functions, engine.Variable(np.ones((3, 4), "f"))
        first, mask = F.dropout(x, 0.4, return_mask=True)
        second, eps = F.gaussian(x, x, return_eps=True)
        third, slopes = F.rrelu(-x, return_r=True)
        return first, mask, second, eps, third, slopes, F.dropout(x), np.random.rand()

    assert_same(run(script, playground), run(script, chainer), 1e-6)


def test_without_training_nothing_is_drawn() -> None:
    def script(engine: Any) -> Any:
        np.random.seed(11)
        F, x = engine.functions, engine.Variable(np.array([[-1, 2.0]], "f"))
        with engine.using_config("train", False):
            same = F.dropout(x) is x, F.zoneout(x * 2, x) is x
            found = same, F.dropout(x, return_mask=True)[1], F.rrelu(x)
        return found, np.random.rand()

    assert_same(run(script, playground), run(script, chainer), 1e-6)


# ------------------------------------------------------------------------------- errors

_X, _W = np.ones((2, 3), "f"), np.ones((4, 3), "f")
_IMAGE, _KERNEL = np.ones((2, 3, 4, 4), "f"), np.ones((2, 3, 2, 2), "f")

ERRORS: dict[str, Callable[[Any], Any]] = {
    "linear shapes": lambda F: F.linear(_X, _W.T.copy()),
    "linear bias": lambda F: F.linear(_X, _W, np.ones(3, "f")),
    "linear batch axes": lambda F: F.linear(_X, _W, n_batch_axes=0),
    "linear of integers": lambda F: F.linear(_X.astype("i"), _W),
    "bilinear with a part": lambda F: F.bilinear(_X, _X, np.ones((3, 3, 2), "f"), _W),
    "embed_id of fractions": lambda F: F.embed_id(_X, _W),
    "embed_id beyond the rows": lambda F: F.embed_id(np.array([4]), _W),
    "dropout of everything": lambda F: F.dropout(_X, 1.0),
    "rrelu limits": lambda F: F.rrelu(_X, 0.5, 0.2),
    "gaussian shapes": lambda F: F.gaussian(_X, _W),
    "accuracy shapes": lambda F: F.accuracy(_X, np.array([0, 1, 2])),
    "accuracy of fractions": lambda F: F.accuracy(_X, np.array([0.0, 1.0])),
    "binary_accuracy shapes": lambda F: F.binary_accuracy(_X, np.array([0, 1])),
    "convolution shapes": lambda F: F.convolution_2d(_IMAGE, np.ones((2, 2, 2, 2), "f")),
    "convolution bias": lambda F: F.convolution_2d(_IMAGE, _KERNEL, np.ones(3, "f")),
    "convolution of a matrix": lambda F: F.convolution_2d(_X, _W),
    "convolution in groups": lambda F: F.convolution_2d(_IMAGE, _KERNEL, groups=2),
    "convolution_1d of an image": lambda F: F.convolution_1d(_IMAGE, _KERNEL),
    "deconvolution shapes": lambda F: F.deconvolution_2d(_IMAGE, _KERNEL),
    "deconvolution outsize": lambda F: F.deconvolution_2d(
        _IMAGE, np.ones((3, 2, 2, 2), "f"), outsize=(9, 9)
    ),
    "pooling of a matrix": lambda F: F.max_pooling_2d(_X, 2),
    "max_pooling_1d of an image": lambda F: F.max_pooling_1d(_IMAGE, 2),
    "average pooling of a value": lambda F: F.average_pooling_nd(_IMAGE, 2, pad_value=1),
    "unpooling outsize": lambda F: F.unpooling_2d(_IMAGE, 2, outsize=(3, 3)),
    "upsampling indexes": lambda F: F.upsampling_2d(_IMAGE, np.zeros((1, 1), int), 2),
    "pyramid of means": lambda F: F.spatial_pyramid_pooling_2d(_IMAGE, 2, "mean"),
    "r2_score shapes": lambda F: F.r2_score(_X, _W),
    "r2_score choice": lambda F: F.r2_score(_X, _X, multioutput="none"),
    "r2_score weights": lambda F: F.r2_score(_X, _X, sample_weight=_X),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    ours, theirs = (
        run(lambda e: raised(lambda: ERRORS[name](e.functions)), e) for e in (playground, chainer)
    )
    assert isinstance(theirs, Raised)
    assert_same(ours, theirs)


def forgotten(engine: Any) -> Any:
    F, x = engine.functions, engine.Variable(np.array([[0.5, -1.0, 2.0]], "f"))
    outcomes: list[Any] = []
    np.random.seed(0)
    layer = engine.links.Linear(3, 2)

    def one(x: Any) -> Any:
        outcomes.append(engine.config.in_recomputing)
        return F.sigmoid(layer(x))

    for function in (one, lambda x: (F.exp(x), one(x)), lambda x: (F.exp(x), x * 2, F.tanh(x))):
        x.cleargrad()
        layer.cleargrads()
        y = F.forget(function, x)
        y = y if isinstance(y, tuple) else (y,)
        F.sum(y[-1]).backward()
        outcomes += [[z.array for z in y], x.grad, layer.W.grad]
    wrong = (lambda: F.forget(3, x), lambda: F.forget(lambda x: x.array, x))
    (y,) = (F.sum(F.forget(one, x)),)
    recorded = raised(lambda: engine.grad([y], [x], enable_double_backprop=True))
    return outcomes, [raised(call) for call in wrong], recorded


def test_a_function_that_is_forgotten() -> None:
    assert_same(run(forgotten, playground), run(forgotten, chainer), 3e-7)
