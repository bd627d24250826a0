"""Hooks of links: Chainer 7.8.1 and playground, one script each."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import assert_same, chainer, run

X = np.random.default_rng(1).normal(size=(2, 3, 5, 5)).astype("f")


def made(engine: Any, kind: str) -> tuple[Any, Any]:
    links = engine.links
    if kind == "Linear":
        return links.Linear(3, 4), X[:, :, 0, 0].copy()
    if kind == "lazy":
        return links.Linear(None, 4), X[:, :, 0, 0].copy()
    return getattr(links, kind)(3, 4, 3), X


@pytest.mark.parametrize("kind", ["Linear", "lazy", "Convolution2D", "Deconvolution2D"])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("SpectralNormalization", {}),
        ("SpectralNormalization", {"n_power_iteration": 3, "use_gamma": True, "factor": 2.0}),
        ("WeightStandardization", {"eps": 1e-3}),
    ],
)
def test_normalised_weights(kind: str, name: str, settings: dict[str, Any]) -> None:
    def script(engine: Any) -> Any:
        hooks = importlib.import_module(f"{engine.__name__}.link_hooks")
        np.random.seed(2)
        layer, x = made(engine, kind)
        layer.add_hook(getattr(hooks, name)(**settings))
        found: dict[str, Any] = {}
        for i in range(2):
            y = layer(x)
            found[f"y{i}"] = y
            layer.cleargrads()
            # Chainer's backward of a transposed convolution fails on today's NumPy.
            if kind != "Deconvolution2D":
                engine.functions.sum(y * y).backward()
                found.update({f"{key}{i}": p.grad for key, p in sorted(layer.namedparams())})
        if name == "SpectralNormalization":
            found["u"] = layer.W_u
        return found

    assert_same(run(script, playground), run(script, chainer), 2e-4)
