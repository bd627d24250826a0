"""Functions with many forms, at sizes and options that a seed decides: Chainer 7.8.1's results.

``python -m tests.differential.test_fuzz_functions 500`` goes on with further seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import assert_same, chainer, run

# An engine -> arrays that are to be equal.
Comparison = Callable[[Any], Any]
TOLERANCE = 5e-3


def _with_gradients(e: Any, ys: Any, xs: Any) -> Any:
    total = sum(e.functions.sum(y * (1 + 0.1 * i)) for i, y in enumerate(ys))
    grads = e.grad([total], xs)
    return [*ys, *(np.zeros_like(x.array) if g is None else g for g, x in zip(grads, xs))]  # noqa: B905


def _of(xs: list[np.ndarray], call: Callable[..., Any]) -> Comparison:
    def compare(e: Any) -> Any:
        vs = [e.Variable(x) for x in xs]
        ys = call(e, *vs)
        return _with_gradients(e, ys if isinstance(ys, (tuple, list)) else [ys], vs)

    return compare


def _unaligned(r: Any, f: Any) -> Comparison:
    steps, rows, symbols = r.randint(3, 9), r.randint(1, 4), r.randint(2, 6)
    # Few enough labels for the steps, with a blank between equal ones.
    t = r.randint(1, symbols, (rows, (steps - 1) // 2)).astype("i")
    counts = r.randint(0, t.shape[1] + 1, rows).astype("i") if r.rand() < 0.5 else None
    lengths = r.randint(2 * t.shape[1], steps + 1, rows).astype("i") if r.rand() < 0.5 else None
    return _of(
        [f(rows, symbols) for _ in range(steps)],
        lambda e, *xs: e.functions.connectionist_temporal_classification(
            xs, t, 0, lengths, counts, reduce="no"
        ),
    )


def _chained(r: Any, f: Any) -> Comparison:
    sizes, labels = sorted(r.randint(1, 5, r.randint(1, 6)))[::-1], r.randint(1, 5)
    ys = [r.randint(0, labels, n).astype("i") for n in sizes]

    def call(e: Any, cost: Any, *xs: Any) -> Any:
        return e.functions.crf1d(cost, xs, ys, "no"), e.functions.argmax_crf1d(cost, xs)[0]

    return _of([f(labels, labels), *(f(n, labels) for n in sizes)], call)


def _of_regions(r: Any, f: Any) -> Comparison:
    size = r.randint(1, 9, 2)
    x, scale, count = f(2, 2, *size), float(r.choice([1, 0.5, 0.25, 2])), r.randint(1, 5)
    boxes = r.uniform(-3, size.max() / scale + 3, (count, 4)).astype("f")
    of, out = r.randint(0, 2, count).astype("i"), tuple(r.randint(1, 4, 2).tolist())
    ratio = int(r.randint(1, 4)) if r.rand() < 0.5 else None
    kind = r.choice(["average_pooling", "max_pooling", "average_align", "max_align"])

    def call(e: Any, v: Any) -> Any:
        more = (ratio,) if "align" in kind else ()
        y = getattr(e.functions, f"roi_{kind}_2d")(v, boxes, of, out, scale, *more)
        return e.functions.where(np.isinf(y.array), np.zeros_like(y.array), y)

    return _of([x], call)


def _resized(r: Any, f: Any) -> Comparison:
    shape, mode = tuple(r.randint(1, 12, 2).tolist()), r.choice(["bilinear", "nearest"])
    corners = bool(r.randint(2))
    return _of(
        [f(2, 2, *r.randint(1, 9, 2))],
        lambda e, x: e.functions.resize_images(x, shape, mode=str(mode), align_corners=corners),
    )


def _sampled(r: Any, f: Any) -> Comparison:
    x, grid = f(2, 2, *r.randint(2, 8, 2)), 0.8 * f(2, 2, *r.randint(1, 4, 2))
    return _of([x, grid], lambda e, x, g: e.functions.spatial_transformer_sampler(x, g))


def _deformed(r: Any, f: Any) -> Comparison:
    size, kernel = r.randint(3, 8, 2), r.randint(1, 4, 2)
    stride, pad = int(r.randint(1, 3)), int(r.randint(0, 2))
    out = (size + 2 * pad - kernel) // stride + 1
    offset = 0.3 * f(2, 2 * int(kernel.prod()), *out)
    return _of(
        [f(2, 2, *size), offset, f(2, 2, *kernel)],
        lambda e, *xs: e.functions.deformable_convolution_2d_sampler(*xs, stride=stride, pad=pad),
    )


def _over_sequences(r: Any, f: Any) -> Comparison:
    kind = str(r.choice(["LSTM", "BiLSTM", "GRU", "BiGRU", "RNNTanh", "BiRNNReLU"]))
    layers, dropout, seed = int(r.randint(1, 4)), float(r.choice([0, 0.5])), r.randint(99)

    def call(e: Any, *xs: Any) -> Any:
        np.random.seed(seed)
        link = getattr(e.links, f"NStep{kind}")(layers, 3, 2, dropout)
        *states, ys = link(*[None] * link.n_cells, xs)
        return [*states, *ys]

    return _of([f(n, 3) for n in r.randint(1, 6, r.randint(1, 5))], call)


KINDS = {
    kind.__name__[1:]: kind
    for kind in (
        _unaligned,
        _chained,
        _of_regions,
        _resized,
        _sampled,
        _deformed,
        _over_sequences,
    )
}


def check(kind: str, seed: int) -> None:
    r = np.random.RandomState(seed)
    compare = KINDS[kind](r, lambda *shape: r.uniform(-2, 2, shape).astype("f"))
    assert_same(run(compare, playground), run(compare, chainer), TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_chainers(kind: str) -> None:
    for seed in range(8):
        check(kind, seed)


if __name__ == "__main__":
    for further in range(int(sys.argv[1])):
        for each in KINDS:
            try:
                check(each, further)
            except AssertionError as error:
                print(f"{each}, seed {further}: {error}")
