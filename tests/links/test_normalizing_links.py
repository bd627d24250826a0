"""Links of normalisations, by what their statistics must be."""

from __future__ import annotations

import numpy as np
import pytest

import playground
import playground.functions as F
import playground.links as L
from playground import Variable

X = np.random.default_rng(0).normal(3, 2, (40, 4)).astype("f")


def test_decorrelated_channels_have_the_unit_matrix_as_covariance() -> None:
    link = L.DecorrelatedBatchNormalization(4, 1)
    x = X @ np.array([[1, 2, 0, 0], [0, 1, 0, 1], [0, 0, 3, 0], [1, 0, 0, 1]], "f")
    y = link(x).array
    np.testing.assert_allclose(y.mean(0), np.zeros(4), atol=1e-4)
    np.testing.assert_allclose(y.T @ y / len(y), np.eye(4), atol=1e-3)
    # In groups each of them alone.
    y = L.DecorrelatedBatchNormalization(4, 2)(x).array
    for pair in (y[:, :2], y[:, 2:]):
        np.testing.assert_allclose(pair.T @ pair / len(y), np.eye(2), atol=1e-3)
    # The first mean and projection, a share 1 - decay of them.
    np.testing.assert_allclose(link.avg_mean[0], 0.1 * x.mean(0), rtol=1e-4)


def test_the_averages_are_used_without_training() -> None:
    link = L.DecorrelatedBatchNormalization(4, 2)
    link.avg_mean[...] = 1
    link.avg_projection[...] *= 2
    with playground.using_config("train", False):
        np.testing.assert_allclose(link(X).array, 2 * (X - 1), rtol=1e-5)


def test_gradient_at_equal_eigenvalues() -> None:
    """Of a covariance that is the unit matrix: a move by a common factor changes nothing."""
    x = Variable(np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]))
    with playground.using_config("dtype", np.float64):
        y = F.decorrelated_batch_normalization(x, groups=1, eps=0.0)
    weights = np.arange(8.0).reshape(4, 2) ** 2
    (gx,) = playground.grad([F.sum(y * weights)], [x])
    assert float((gx.array * x.array).sum()) == pytest.approx(0, abs=1e-12)
    h = np.random.default_rng(1).normal(size=(4, 2))

    def value(step: float) -> float:
        moved = F.decorrelated_batch_normalization(x.array + step * h, groups=1, eps=0.0)
        return float((moved.array * weights).sum())

    slope = (value(1e-5) - value(-1e-5)) / 2e-5
    assert float((gx.array * h).sum()) == pytest.approx(slope, rel=1e-7)


def test_renormalization_towards_the_averages() -> None:
    link = L.BatchRenormalization(4, rmax=1e9, dmax=1e9)
    link.avg_mean[...], link.avg_var[...] = 1, 4
    # Corrected without limits, a batch is what the averages make of it.
    np.testing.assert_allclose(link(X).array, (X - 1) / 2, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(link.avg_mean, 0.9 + 0.1 * X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(link.avg_var, 3.6 + 0.1 * X.var(0, ddof=1), rtol=1e-5)
    # Within limits of nothing, it is plain batch normalization.
    y, plain = L.BatchRenormalization(4)(X).array, L.BatchNormalization(4)(X).array
    np.testing.assert_allclose(y, plain, rtol=1e-5)


def test_groups_of_channels() -> None:
    link = L.GroupNormalization(2)
    y = link(X.reshape(5, 8, 4)).array.reshape(5, 2, -1)
    np.testing.assert_allclose(y.mean(2), np.zeros((5, 2)), atol=1e-5)
    np.testing.assert_allclose(y.std(2), np.ones((5, 2)), rtol=1e-4)
    assert link.gamma.shape == (8,)
    with playground.using_config("dtype", np.float16):
        assert L.GroupNormalization(2, 4).gamma.dtype == "f"


def test_averages_of_one_group_warn() -> None:
    link = L.DecorrelatedBatchNormalization(4, 2)
    old = {"avg_mean": np.ones(2, "f"), "avg_projection": np.eye(2, dtype="f"), "N": np.array(3)}
    with pytest.warns(UserWarning, match="averaged over all groups"):
        playground.serializers.NpzDeserializer(old).load(link)
    assert link.avg_mean.tolist() == [[1, 1], [1, 1]]
    assert link.N == 3
