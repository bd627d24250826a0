"""Initializers by themselves: what they draw, and from where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from playground import InvalidType, initializers, using_config
from tests.strict_array import StrictArray, registered

RNG = np.random.RandomState


@pytest.mark.parametrize(
    ("make", "deviation"),
    [
        (lambda: initializers.Normal(0.3, rng=RNG(1)), 0.3),
        (lambda: initializers.LeCunNormal(rng=RNG(1)), (1 / 300) ** 0.5),
        (lambda: initializers.GlorotNormal(rng=RNG(1)), (2 / 500) ** 0.5),
        (lambda: initializers.HeNormal(rng=RNG(1)), (2 / 300) ** 0.5),
        (lambda: initializers.HeNormal(2, fan_option="fan_out", rng=RNG(1)), 2 * (2 / 200) ** 0.5),
        (lambda: initializers.Uniform(0.3, rng=RNG(1)), 0.3 / 3**0.5),
        (lambda: initializers.LeCunUniform(rng=RNG(1)), (1 / 300) ** 0.5),
        (lambda: initializers.GlorotUniform(rng=RNG(1)), (2 / 500) ** 0.5),
        (lambda: initializers.HeUniform(rng=RNG(1)), (2 / 300) ** 0.5),
    ],
)
def test_the_spread_is_that_of_the_paper(make: Any, deviation: float) -> None:
    array = np.empty((20, 30, 10))
    make()(array)
    assert array.std() == pytest.approx(deviation, rel=0.02)
    assert abs(array.mean()) < 0.05 * deviation


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (2, 3, 2)])
def test_an_orthogonal_matrix_is_one(shape: tuple[int, ...]) -> None:
    array = np.empty(shape)
    initializers.Orthogonal(2.0, rng=RNG(0))(array)
    flat = array.reshape(shape[0], -1)
    gram = flat @ flat.T if len(flat) <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


def test_a_new_generator_draws_as_well() -> None:
    for kind in ("Normal", "HeUniform", "Orthogonal"):
        arrays = [np.empty((3, 3)) for _ in range(2)]
        for array in arrays:
            getattr(initializers, kind)(rng=np.random.default_rng(7))(array)
        np.testing.assert_array_equal(*arrays)
    sign = np.empty(())
    initializers.Orthogonal(rng=np.random.default_rng(7))(sign)
    assert abs(sign) == 1.1
    with using_config("rng", np.random.default_rng(7)):
        initializers.Normal(0.05)(arrays[0])
    initializers.Normal(0.05, rng=np.random.default_rng(7))(arrays[1])
    np.testing.assert_array_equal(*arrays)


def test_filters_of_images() -> None:
    up = np.empty((2, 2, 4, 4))
    initializers.UpsamplingDeconvFilter()(up)
    slope = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_allclose(up[1, 1], np.outer(slope, slope))
    assert not up[0, 1].any()
    down = np.empty((3, 1, 3))
    initializers.DownsamplingConvFilter()(down)
    np.testing.assert_allclose(down[:, 0], np.tile([0.25, 0.5, 0.25], (3, 1)))


def test_a_device_gets_what_the_host_has_drawn() -> None:
    with registered():
        array = StrictArray.of(np.empty((2, 2)))
        for initializer in (
            initializers.Normal(rng=RNG(2)),
            initializers.Constant(np.ones((2, 2))),
            initializers.Identity(),
            initializers.Orthogonal(rng=RNG(2)),
        ):
            initializer(array)


@pytest.mark.parametrize(
    ("initializer", "shape", "words"),
    [
        (initializers.LeCunNormal(), (3,), "two axes or more"),
        (initializers.Identity(), (2, 3), "a square matrix"),
        (initializers.Orthogonal(), (0, 2), "with elements"),
        (initializers.Orthogonal(mode="basis"), (2, 3), "3 inputs and 2 outputs"),
        (initializers.UpsamplingDeconvFilter(), (2, 2, 3, 4), "all k equal"),
        (initializers.DownsamplingConvFilter(), (2, 3, 3), r"\(n, 1, k, …\)"),
        (initializers.Zero("f4"), (2,), "dtype f4"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(initializer: Any, shape: Any, words: str) -> None:
    with pytest.raises(InvalidType, match=words):
        initializer(np.empty(shape))
