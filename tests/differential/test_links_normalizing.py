"""Links of normalisations by averages, groups and whole covariances: Chainer 7.8.1's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import assert_same, chainer, raised, run, same
from tests.differential.test_links import (
    IMAGE,
    Row,
    X,
    assert_link_is_chainers,
    assert_snapshot_goes_both_ways,
    floats,
    normalizing,
)

ROWS: dict[str, Row] = {
    "renorm": Row(normalizing(lambda e: e.links.BatchRenormalization(3)), (X,), 1e-4),
    "renorm limits": Row(
        normalizing(lambda e: e.links.BatchRenormalization(3, 1.5, 0.4, 0.7, 1e-2)), (IMAGE,), 1e-4
    ),
    "renorm bare": Row(
        normalizing(
            lambda e: e.links.BatchRenormalization(3, use_gamma=False, use_beta=False, rmax=2)
        ),
        (X,),
        1e-4,
    ),
    "renorm values": Row(
        normalizing(
            lambda e: e.links.BatchRenormalization(3, 2, 1, initial_gamma=0.7, initial_beta=0.3)
        ),
        (X,),
        1e-4,
    ),
    "decorrelated": Row(
        normalizing(lambda e: e.links.DecorrelatedBatchNormalization(4, 2)), (floats(6, 4),), 1e-3
    ),
    "decorrelated image": Row(
        normalizing(lambda e: e.links.DecorrelatedBatchNormalization(3, 1, 0.8, 1e-2)),
        (IMAGE,),
        1e-3,
    ),
    "group": Row(lambda e: e.links.GroupNormalization(3, 3), (IMAGE,), 1e-4),
    "group later": Row(
        lambda e: e.links.GroupNormalization(2, None, 1e-3, 0.5, 2), (floats(2, 4, 3),), 1e-4
    ),
}
every_row = pytest.mark.parametrize("name", ROWS)


@every_row
def test_a_link_is_chainers(name: str) -> None:
    if "decorrelated" in name:
        return  # without parameters: see below
    assert_link_is_chainers(ROWS[name])


@every_row
def test_a_snapshot_of_a_link_goes_both_ways(name: str) -> None:
    if "decorrelated" in name:
        return
    assert_snapshot_goes_both_ways(ROWS[name])


@pytest.mark.parametrize("name", ["decorrelated", "decorrelated image"])
def test_values_gradients_and_averages(name: str) -> None:
    make, (x,), tolerance = ROWS[name]

    def script(engine: Any) -> Any:
        link, v = make(engine), engine.Variable(x)
        y = link(v)
        engine.functions.sum(y * np.cos(np.arange(y.size, dtype="f")).reshape(y.shape)).backward()
        layer = link.layer
        averages = layer.avg_mean.copy(), layer.avg_projection.copy(), layer.N
        layer.start_finetuning()
        return y, v.grad, averages, layer.N

    assert_same(run(script, playground), run(script, chainer), tolerance)


def test_a_snapshot_goes_both_ways_and_old_ones_are_read() -> None:
    for writer, reader in ((playground, chainer), (chainer, playground), (chainer, chainer)):
        link = writer.links.DecorrelatedBatchNormalization(4, 2)
        run(lambda e, link=link: link(e.Variable(floats(6, 4))), writer)
        written = writer.serializers.DictionarySerializer()
        written.save(link)
        found = [link.avg_mean, link.avg_projection, link.N]
        other = reader.links.DecorrelatedBatchNormalization(4, 2)
        reader.serializers.NpzDeserializer(written.target).load(other)
        assert_same([other.avg_mean, other.avg_projection, other.N], found)
    old = {"avg_mean": floats(2), "avg_projection": floats(2, 2), "N": np.array(3)}

    def script(engine: Any) -> Any:
        link = engine.links.DecorrelatedBatchNormalization(4, 2)
        engine.serializers.NpzDeserializer(old).load(link)
        return link.avg_mean, link.avg_projection

    assert_same(run(script, playground), run(script, chainer))


@same
def test_what_links_refuse(engine: Any) -> Any:
    return (
        raised(lambda: engine.links.GroupNormalization(2)(np.ones(3, "f"))),
        raised(lambda: engine.links.GroupNormalization(2)(X)),
        raised(lambda: engine.links.DecorrelatedBatchNormalization(3, 1)(X, finetuning=True)),
    )
