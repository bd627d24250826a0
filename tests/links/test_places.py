"""Convolutions with weights for each place, and with moved places, beside plain ones."""

from __future__ import annotations

import numpy as np
import pytest

import playground.functions as F
import playground.links as L

X = np.random.default_rng(0).uniform(-1, 1, (2, 3, 5, 6)).astype("f")


@pytest.mark.parametrize("stride", [1, 2, (2, 1)])
def test_the_same_weights_everywhere_are_a_convolution(stride) -> None:
    plain = L.Convolution2D(3, 2, 3, stride)
    local = L.LocalConvolution2D(3, 2, (5, 6), 3, stride)
    assert local.b.shape == plain(X).shape[1:]
    local.W.array[...] = plain.W.array[:, None, None]
    np.testing.assert_allclose(local(X).array, plain(X).array, rtol=1e-4, atol=1e-5)
    local.b.array[1, 0, 0] = 7
    assert (local(X).array - plain(X).array)[:, 1, 0, 0] == pytest.approx([7, 7], rel=1e-4)


def test_moved_by_nothing_and_by_one_column() -> None:
    link, plain = L.DeformableConvolution2D(3, 2, 3, 1, 1), L.Convolution2D(3, 2, 3, 1, 1)
    link.deform_conv.W.array[...] = plain.W.array
    link.offset_conv.W.array[...] = 0
    np.testing.assert_allclose(link(X).array, plain(X).array, rtol=1e-4, atol=1e-5)
    # The first nine offsets are those along the columns.
    link.offset_conv.b.array[:9] = 1
    np.testing.assert_allclose(
        link(X).array[..., :-2], plain(X).array[..., 1:-1], rtol=1e-4, atol=1e-5
    )


def test_moves_of_channels_are_mirrored_by_the_gradient() -> None:
    x = np.zeros((1, 9, 3, 3), "f")
    x[:, :, 1, 1] = 1
    y = F.shift(x).array[0]
    # Each group is moved to its own place; the middle's is the last.
    assert {tuple(int(i) for i in np.argwhere(part)[0]) for part in y} == {*np.ndindex(3, 3)}
    assert y[8, 1, 1] == 1


def test_ksize_is_asked_for() -> None:
    with pytest.raises(TypeError, match="give ksize"):
        L.LocalConvolution2D(3, 2, 5)
