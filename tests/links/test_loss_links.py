"""Links that are losses, by what they stand for written out in NumPy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import playground.links as L
from playground.graph.errors import InvalidType


def _drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape).astype("f")


def test_all_words_of_a_tree_have_a_probability_of_1_together() -> None:
    tree = ((0, 1), (2, (4, 3)))
    link, x = L.BinaryHierarchicalSoftmax(3, tree), _drawn(1, 3)
    assert link.W.shape == (4, 3)
    p = [np.exp(-link(x, np.array([word])).array) for word in range(5)]
    assert sum(p) == pytest.approx(1, rel=1e-6)
    assert min(p) > 0
    # To word 0 it goes left twice, from inner nodes 0 and 1.
    near = link.W.array[:2] @ x[0]
    assert p[0] == pytest.approx(np.prod(1 / (1 + np.exp(-near))), rel=1e-6)


def test_a_tree_as_deep_as_there_are_words() -> None:
    tree: Any = 0
    for word in range(1, 3000):
        tree = (word, tree)
    link = L.BinaryHierarchicalSoftmax(2, tree)
    assert link.W.shape == (2999, 2)
    link.W.array[...] = 0
    # Half and half at each of the nodes on its way.
    assert link(np.ones((1, 2), "f"), np.array([2990])).array == pytest.approx(10 * np.log(2))


def test_frequent_words_have_short_ways() -> None:
    create = L.BinaryHierarchicalSoftmax.create_huffman_tree
    assert create({0: 8, 1: 1, 2: 2, 3: 4}) == (((1, 2), 3), 0)
    assert create({5: 1}) == 5


def test_labels_of_sequences() -> None:
    """The chances of all labels are 1 together, and the best is the likeliest."""
    link = L.CRF1d(3)
    link.cost.array[...] = _drawn(3, 3)
    x = _drawn(3, 3)
    chances = {
        path: float(np.exp(-link([x], [np.array(path)], transpose=True).array))
        for path in itertools.product(range(3), repeat=3)
    }
    assert sum(chances.values()) == pytest.approx(1, rel=1e-5)
    _, (best,) = link.argmax([x], transpose=True)
    assert tuple(best) == max(chances, key=chances.__getitem__)


def test_blacked_out() -> None:
    link, x, t = L.BlackOut(3, [3, 1, 2], 2), _drawn(2, 3), np.array([0, 2])
    link.W.array[...] = _drawn(3, 3)
    link.sample_data = np.array([[1, 2], [0, 1]])
    p = np.exp(x @ link.W.array.T)
    p /= p.sum(1, keepdims=True)
    losses = [-np.log(p[0, 0] * (1 - p[0, 1]) * (1 - p[0, 2]))]
    losses.append(-np.log(p[1, 2] * (1 - p[1, 0]) * (1 - p[1, 1])))
    assert link(x, t).array == pytest.approx(np.mean(losses), rel=1e-5)
    del link.sample_data
    assert np.isfinite(link(x, t).array)


def test_what_is_refused_says_what_to_give() -> None:
    link = L.BinaryHierarchicalSoftmax(3, (0, (1, 2)))
    with pytest.raises(InvalidType, match="integer words"):
        link(_drawn(2, 3), np.array([0.0, 1.0]))
    with pytest.raises(IndexError, match="words up to 2, got 3"):
        link(_drawn(2, 3), np.array([0, 3]))
    with pytest.raises(IndexError, match="words up to 2, got -2"):
        link(_drawn(2, 3), np.array([0, -2]))
    with pytest.raises(ValueError, match="expected pairs as the nodes"):
        L.BinaryHierarchicalSoftmax(3, (0, (1,)))
