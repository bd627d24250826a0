"""Recurrent links over whole sequences and trees, and with other gates: Chainer 7.8.1's."""

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
    in_turn,
)

# Sequences in no order of their lengths.
LENGTHS = (2, 4, 1, 4)


def over_sequences(name: str, n_layers: int = 2, dropout: float = 0.0, **options: Any) -> Any:
    """A chain that calls a link of the NStep family, from nothing and from its last states."""

    def chain(engine: Any) -> Any:
        class Over(engine.Chain):
            def forward(self, x: Any) -> Any:
                F = engine.functions
                xs = F.split_axis(x, np.cumsum(LENGTHS[:-1]), 0)
                none = [None] * self.layer.n_cells
                *states, first = self.layer(*none, xs)
                *states, second = self.layer(*states, xs)
                assert [len(y) for y in first] == list(LENGTHS)
                return F.concat([F.reshape(v, (-1,)) for v in (*states, *first, *second)], 0)

        link = getattr(engine.links, name)(n_layers, 3, 2, dropout, **options)
        return Over(layer=link)

    return chain


def over_trees(name: str, *options: Any) -> Any:
    """A chain that calls a link of trees for leaves, and for nodes above them."""

    def chain(engine: Any) -> Any:
        class Over(engine.Chain):
            def forward(self, x: Any) -> Any:
                leaf = (x,) if name.startswith("Child") else (None,) * 4 + (x,)
                c1, h1 = self.layer(*leaf)
                c2, h2 = self.layer(c1, None, h1, h1, x)
                c, h = self.layer(c1, c2, None, h2, None)
                return c * 2 + h

        return Over(layer=getattr(engine.links, name)(3, 2, *options))

    return chain


SEQUENCE = floats(sum(LENGTHS), 3)
ROWS: dict[str, Row] = {
    name: Row(over_sequences(name), (SEQUENCE,), 1e-5)
    for name in (
        "NStepLSTM",
        "NStepBiLSTM",
        "NStepGRU",
        "NStepBiGRU",
        "NStepRNNTanh",
        "NStepRNNReLU",
        "NStepBiRNNTanh",
        "NStepBiRNNReLU",
    )
} | {
    "one layer": Row(over_sequences("NStepLSTM", 1), (SEQUENCE,), 1e-5),
    "dropout": Row(over_sequences("NStepBiLSTM", 3, 0.3), (SEQUENCE,), 1e-5),
    "initializers": Row(
        over_sequences("NStepGRU", 2, initialW=halves, initial_bias=0.1), (SEQUENCE,), 1e-5
    ),
    "peephole": Row(in_turn(lambda e: e.links.StatefulPeepholeLSTM(3, 2)), (X,)),
    "zoneout": Row(in_turn(lambda e: e.links.StatefulZoneoutLSTM(3, 2)), (X,)),
    "zoneout ratios": Row(in_turn(lambda e: e.links.StatefulZoneoutLSTM(3, 2, 0.1, 0.8)), (X,)),
    "MGU": Row(in_turn(lambda e: e.links.StatefulMGU(3, 2)), (X,)),
    "MGU handed": Row(lambda e: e.links.StatelessMGU(3, 2), (floats(4, 2), X)),
    "child sum": Row(over_trees("ChildSumTreeLSTM"), (X,)),
    "two children": Row(over_trees("NaryTreeLSTM"), (X,)),
    "three children": Row(
        lambda e: _of_three(e.links.NaryTreeLSTM(3, 2, n_ary=3), e), (X, floats(4, 2))
    ),
}


def _of_three(link: Any, engine: Any) -> Any:
    class Outputs(engine.Chain):
        def forward(self, x: Any, c: Any) -> Any:
            return self.layer(c, c * 2, None, None, c, c, x)[1]

    return Outputs(layer=link)


every_row = pytest.mark.parametrize("name", ROWS)


@every_row
def test_a_link_is_chainers(name: str) -> None:
    assert_link_is_chainers(ROWS[name])


@every_row
def test_a_snapshot_of_a_link_goes_both_ways(name: str) -> None:
    assert_snapshot_goes_both_ways(ROWS[name])


@pytest.mark.parametrize("name", ["StatefulPeepholeLSTM", "StatefulZoneoutLSTM", "StatefulMGU"])
def test_state_is_kept_and_forgotten(name: str) -> None:
    def script(engine: Any) -> Any:
        np.random.seed(0)
        layer = getattr(engine.links, name)(3, 2)
        first, second = layer(engine.Variable(X)), layer(engine.Variable(X))
        if name != "StatefulPeepholeLSTM":
            states = [engine.Variable(floats(4, 2))] * (1 + hasattr(layer, "c"))
            layer.set_state(*states)
        third = layer(engine.Variable(X))
        layer.reset_state()
        with engine.using_config("train", False):
            return first, second, third, layer.h, layer(engine.Variable(X)), layer.h

    assert_same(run(script, playground), run(script, chainer), 1e-6)


def test_attributes_and_copies() -> None:
    def script(engine: Any) -> Any:
        np.random.seed(0)
        link = engine.links.NStepBiGRU(2, 3, 2, 0.5)
        other = link.copy()
        np.random.seed(1)
        anew = link.copy("init")
        numbers = link.n_layers, link.dropout, link.out_size, link.direction, link.n_weights
        shapes = (
            [[w.shape for w in ws] for ws in other.ws],
            [[b.shape for b in bs] for bs in anew.bs],
        )
        return numbers, link.n_cells, shapes, anew.ws[0][0].array, link.init_hx([X, X]).shape

    assert_same(run(script, playground), run(script, chainer), 1e-6)


@same
def test_what_links_refuse(engine: Any) -> Any:
    L = engine.links
    link = L.NStepRNNTanh(1, 3, 2, 0.0)
    return (
        raised(lambda: link(None, [X, X[:0]])),
        raised(lambda: link(None, [X[:, :2]])),
        raised(lambda: L.ChildSumTreeLSTM(3, 2)(None, None, None)),
    )
