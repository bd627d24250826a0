"""Small things of Chainer's: arrays of numbers, lengths of windows, draws by aliases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from playground import utils
from tests.chainer_oracle import load_chainer


def test_numbers_become_arrays() -> None:
    assert utils.force_array(np.float32(3)).shape == ()
    assert utils.force_array(np.ones(2), np.float32).dtype == np.float32
    assert utils.force_type(np.float32, 1.5) == 1.5
    assert utils.force_type(np.float32, np.float64(2)).dtype == np.float32
    assert utils.size_of_shape((2, 3)) == 6


@pytest.mark.parametrize("cover_all", [False, True])
def test_lengths_of_windows_are_those_that_are_there(cover_all: bool) -> None:
    for size in range(3, 10):
        for k, s, p, d in ((1, 1, 0, 1), (2, 2, 1, 1), (3, 2, 0, 1), (2, 3, 1, 2)):
            # Counted: where windows begin, and whether they end (or only begin) inside.
            reach = d * (k - 1) + 1
            begins = list(range(0, size + 2 * p, s))
            inside = [b for b in begins if b + reach <= size + 2 * p]
            more = cover_all and (not inside or inside[-1] + reach < size + 2 * p)
            count = len(inside) + more
            assert utils.get_conv_outsize(size, k, s, p, cover_all, d) == count
            if not cover_all:
                back = utils.get_deconv_outsize(count, k, s, p, cover_all, d)
                assert utils.get_conv_outsize(back, k, s, p, cover_all, d) == count


def test_draws_have_their_probabilities() -> None:
    weights = np.array([1.0, 2.0, 3.0, 4.0, 0.0])
    drawn = utils.WalkerAlias(weights).sample(200_000, np.random.default_rng(0))
    shares = np.bincount(drawn, minlength=5) / drawn.size
    np.testing.assert_allclose(shares, weights / 10, atol=0.005)
    assert shares[4] == 0


def test_one_seed_draws_chainers_numbers() -> None:
    chainer = load_chainer()
    for seed in range(10):
        weights = np.random.default_rng(seed).random(1 + 3 * seed) ** 3
        np.random.seed(seed)
        theirs = chainer.utils.WalkerAlias(weights).sample((4, 50))
        np.random.seed(seed)
        ours = utils.WalkerAlias(weights).sample((4, 50))
        np.testing.assert_array_equal(ours, theirs)


def test_a_folder_goes_with_its_block() -> None:
    with utils.tempdir(prefix="of-a-test") as folder:
        assert Path(folder).is_dir()
    assert not Path(folder).exists()
