"""Links that are losses: Chainer 7.8.1's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import assert_same, chainer, raised, run, same
from tests.differential.test_links import (
    Row,
    X,
    assert_link_is_chainers,
    assert_snapshot_goes_both_ways,
    floats,
    halves,
    whole,
)

TREE = ((0, 1), (2, (4, 3)))
LENGTHS = (2, 4, 3)


def labelled(transpose: bool, *args: Any, **options: Any) -> Any:
    """A chain that calls a CRF1d for sequences, in the order of their lengths or in none."""

    def chain(engine: Any) -> Any:
        class Labelled(engine.Chain):
            def forward(self, x: Any) -> Any:
                F = engine.functions
                xs = F.split_axis(x, np.cumsum(LENGTHS[:-1]), 0)
                ys = np.split(whole(3, sum(LENGTHS)), np.cumsum(LENGTHS[:-1]))
                if not transpose:
                    order = np.argsort([-n for n in LENGTHS])
                    xs = F.transpose_sequence([xs[i] for i in order])
                    ys = F.transpose_sequence([ys[i] for i in order])
                score, path = self.layer.argmax(xs, transpose=transpose)
                self.path = [np.asarray(y) for y in path]
                return self.layer(xs, ys, transpose=transpose, **options) + F.sum(score)

        return Labelled(layer=engine.links.CRF1d(3, *args))

    return chain


def told_apart(engine: Any) -> Any:
    """A BlackOut, whose vectors Chainer leaves for its user to fill."""
    link = engine.links.BlackOut(3, [5, 1, 3, 2], 2)
    link.W.array[...] = floats(4, 3)
    return link


ROWS: dict[str, Row] = {
    "crf": Row(labelled(False), (floats(sum(LENGTHS), 3),), 1e-5),
    "crf of sequences": Row(labelled(True), (floats(sum(LENGTHS), 3),), 1e-5),
    "crf of each": Row(labelled(True, halves, reduce="no"), (floats(sum(LENGTHS), 3),), 1e-5),
    "black out": Row(told_apart, (X, whole(4, 4)), 1e-5),
    "tree": Row(lambda e: e.links.BinaryHierarchicalSoftmax(3, TREE), (X, whole(5, 4)), 1e-5),
    "tree of counts": Row(
        lambda e: e.links.BinaryHierarchicalSoftmax(
            3, e.links.BinaryHierarchicalSoftmax.create_huffman_tree(dict(enumerate([5, 1, 3, 1])))
        ),
        (X, whole(4, 4)),
        1e-5,
    ),
}
every_row = pytest.mark.parametrize("name", ROWS)


@every_row
def test_a_link_is_chainers(name: str) -> None:
    assert_link_is_chainers(ROWS[name])


@every_row
def test_a_snapshot_of_a_link_goes_both_ways(name: str) -> None:
    assert_snapshot_goes_both_ways(ROWS[name])


@pytest.mark.parametrize("transpose", [True, False])
def test_the_best_path_has_the_form_of_the_scores(transpose: bool) -> None:
    def script(engine: Any) -> Any:
        chain = labelled(transpose, halves)(engine)
        chain(engine.Variable(floats(sum(LENGTHS), 3)))
        return chain.path

    assert_same(run(script, playground), run(script, chainer))


@same
def test_trees(engine: Any) -> Any:
    create = engine.links.BinaryHierarchicalSoftmax.create_huffman_tree
    counts = np.random.RandomState(0).randint(1, 6, 12)
    return (
        create({0: 3, 1: 8, 2: 3, 3: 4}),
        create({7: 1}),
        create(dict(enumerate(counts.tolist()))),
    )


def test_given_samples_and_an_ignored_word() -> None:
    def script(engine: Any) -> Any:
        np.random.seed(0)
        link = told_apart(engine)
        link.sample_data = np.array([[0, 1], [1, 2], [0, 0], [3, 1]], "i")
        tree = engine.links.BinaryHierarchicalSoftmax(3, TREE)
        return (
            link(engine.Variable(X), whole(4, 4)),
            tree(engine.Variable(X), np.array([-1, 0, -1, 3], "i")),
            np.isnan(engine.links.BlackOut(3, [1, 2], 2).W.array).all().item(),
        )

    assert_same(run(script, playground), run(script, chainer), 1e-6)


@same
def test_what_links_refuse(engine: Any) -> Any:
    Tree = engine.links.BinaryHierarchicalSoftmax
    link = Tree(3, TREE)
    return (
        raised(lambda: Tree(3, ((0, 1, 2), 3))),
        raised(lambda: Tree.create_huffman_tree({})),
        raised(lambda: link(X, whole(4, 3))),
        raised(lambda: link(X[:, :2], whole(4, 4))),
        raised(lambda: link(X, np.array([7, 0, 0, 0], "i"))),
        raised(lambda: engine.links.CRF1d(3)([X], [whole(3, 4)], "sum")),
    )
