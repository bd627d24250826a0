"""Chainer 7.8.1 beside normalisations by running averages and by whole covariances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import Raised, assert_same, chainer, raised, run
from tests.differential.test_functions import Row, _outcome

MEAN, VAR = np.array([0.2, -0.1, 0.4]), np.array([1.3, 0.2, 0.9])
CENTER = np.arange(4.0).reshape(2, 2) / 4
PROJECTION = np.arange(8.0).reshape(2, 2, 2) / 8 + np.eye(2)


def renormalized(*shape: int, rmax: float = 1.3, dmax: float = 0.4, **options: Any) -> Row:
    """Chainer's is an old-style function, without a second derivative."""

    def call(F: Any, x: Any, gamma: Any, beta: Any) -> Any:
        averages = MEAN.astype(x.dtype), VAR.astype(x.dtype)
        return F.batch_renormalization(
            x, gamma, beta, rmax, dmax, running_mean=averages[0], running_var=averages[1], **options
        )

    return Row("batch_renormalization", call, (shape, (3,), (3,)), second=False)


# Chainer's gradient of mean and projection is wrong, and of none of these it has a second one.
ROWS = [
    renormalized(5, 3),
    renormalized(4, 3, 2, 2, rmax=1, dmax=0, eps=0.1),
    renormalized(4, 3, 2, rmax=3, dmax=5, update_statistics=True, decay=0.5),
    Row(
        "fixed_batch_renormalization",
        lambda F, *xs: F.fixed_batch_renormalization(*xs, 1e-3),
        ((4, 3), (3,), (3,), (3,), (3,)),
        low=0.5,
    ),
    Row(
        "decorrelated_batch_normalization",
        lambda F, x: F.decorrelated_batch_normalization(x, groups=2),
        ((7, 4),),
        second=False,
    ),
    Row(
        "decorrelated_batch_normalization",
        lambda F, x: F.decorrelated_batch_normalization(x, groups=1, eps=0.5),
        ((3, 3, 2, 2),),
        second=False,
    ),
    Row(
        "fixed_decorrelated_batch_normalization",
        lambda F, x: F.fixed_decorrelated_batch_normalization(
            x, CENTER.astype(x.dtype), PROJECTION.astype(x.dtype), groups=2
        ),
        ((3, 4, 2),),
        second=False,
    ),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r.name}" for i, r in enumerate(ROWS)])


@pytest.mark.parametrize("dtype", "efd")
@every_row
def test_values_and_gradients(row: Row, dtype: str) -> None:
    if dtype == "e" and row.name == "decorrelated_batch_normalization":
        return  # LAPACK has no half precision
    tolerance = {"e": 5e-2, "f": 1e-4, "d": 1e-9}[dtype]
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, tolerance)


def test_averages_are_moved_in_place() -> None:
    x = np.random.RandomState(2).uniform(-1, 1, (5, 4, 3)).astype("f")

    def script(engine: Any) -> Any:
        F, ones = engine.functions, np.ones(4, "f")
        mean, var = np.zeros(4, "f"), np.full(4, 0.5, "f")
        center, projection = np.zeros((2, 2), "f"), np.zeros((2, 2, 2), "f")
        for decay, moved in ((0.9, True), (0.5, False), (0.3, True)):
            F.batch_renormalization(
                x, ones, ones, 2, 1, 1e-3, mean, var, decay, update_statistics=moved
            )
            F.decorrelated_batch_normalization(
                x, groups=2, running_mean=center, running_projection=projection, decay=decay
            )
        return mean, var, center, projection

    assert_same(run(script, playground), run(script, chainer), 1e-4)


_X = np.ones((4, 3), "f")
ERRORS: dict[str, Callable[[Any], Any]] = {
    "no mean": lambda F: F.batch_renormalization(_X, _X[0], _X[0], 1, 0, running_var=_X[0]),
    "no variance": lambda F: F.batch_renormalization(_X, _X[0], _X[0], 1, 0, running_mean=_X[0]),
    "gamma": lambda F: F.batch_renormalization(
        _X, _X[0, :2], _X[0, :2], 1, 0, running_mean=_X[0], running_var=_X[0]
    ),
    "groups": lambda F: F.decorrelated_batch_normalization(_X, groups=2),
    "unknown option": lambda F: F.decorrelated_batch_normalization(_X, group=3),
    "fixed dtypes": lambda F: F.fixed_decorrelated_batch_normalization(
        _X.astype("i"), _X[0], _X, groups=1
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    ours, theirs = (
        run(lambda e: raised(lambda: ERRORS[name](e.functions)), e) for e in (playground, chainer)
    )
    assert isinstance(theirs, Raised)
    assert_same(ours, theirs)
