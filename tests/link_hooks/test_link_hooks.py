"""Hooks of links: when they are called, and what the ready ones do."""

from __future__ import annotations

import io
import threading
from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import LinkHook, link_hooks
from playground.links import Chain, Linear, Link


class Telling(LinkHook):
    name = "telling"

    def __init__(self, said: list[Any]) -> None:
        self.said = said

    def added(self, link: Link | None) -> None:
        self.said.append(("added", type(link).__name__))

    def deleted(self, link: Link | None) -> None:
        self.said.append(("deleted", type(link).__name__))

    def forward_preprocess(self, args: Any) -> None:
        self.said.append(("before", type(args.link).__name__, args.forward_name))

    def forward_postprocess(self, args: Any) -> None:
        self.said.append(("behind", type(args.link).__name__, args.out.shape))


class Net(Chain):
    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.layer = Linear(3, 2)

    def forward(self, x: Any) -> Any:
        return F.sum(self.layer(x))


X = np.array([[1, 2, 3], [0, -1, 2]], "f")


def test_a_block_is_told_of_every_call_and_of_no_other() -> None:
    said: list[Any] = []
    net = Net()
    with Telling(said) as hook:
        net(X)
        with pytest.raises(KeyError, match="'telling' already"):
            hook.__enter__()
        thread = threading.Thread(target=lambda: net(X))
        thread.start()
        thread.join()
    net(X)
    assert said == [
        ("added", "NoneType"),
        ("before", "Net", "forward"),
        ("before", "Linear", "forward"),
        ("behind", "Linear", (2, 2)),
        ("behind", "Net", ()),
        ("deleted", "NoneType"),
    ]


def test_a_hook_of_one_link() -> None:
    said: list[Any] = []
    net = Net()
    assert net.layer.add_hook(Telling(said)) is net.layer
    net(X)
    with pytest.raises(KeyError, match="already"):
        net.layer.add_hook(Telling(said))
    with pytest.raises(TypeError, match="expected a LinkHook"):
        net.add_hook(abs)
    assert [*net.layer.local_link_hooks] == ["telling"]
    net.layer.delete_hook("telling")
    with pytest.raises(KeyError, match="no hook 'telling'"):
        net.layer.delete_hook("telling")
    net(X)
    assert [each[0] for each in said] == ["added", "before", "behind", "deleted"]


def test_timer() -> None:
    net, out = Net(), io.StringIO()
    with link_hooks.TimerHook() as hook:
        net(X)
        net(X)
        with pytest.raises(TypeError):
            net(X, X)
    names = [name for name, _ in hook.call_history]
    assert names == ["Linear", "Net", "Linear", "Net"]
    summary = hook.summary()
    assert {name: record["occurrence"] for name, record in summary.items()} == {
        "Linear": 2,
        "Net": 2,
    }
    assert hook.total_time() == pytest.approx(summary["Net"]["elapsed_time"])
    assert 0 < summary["Linear"]["elapsed_time"] < summary["Net"]["elapsed_time"]
    for unit in ("auto", "auto_foreach", "sec", "ns"):
        hook.print_report(unit, out)
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["LinkName", "ElapsedTime", "Occurrence"]
    assert len(lines) == 12
    assert len({len(line) for line in lines[:3]}) == 1
    assert lines[-1].split()[1].endswith("ns")
    with pytest.raises(KeyError, match="expected one of"):
        hook.print_report("hours")
    link_hooks.TimerHook().print_report(file=out)


def test_spectral_normalization_has_the_largest_singular_value_one() -> None:
    for factor in (None, 0.5):
        layer = Linear(3, 2, nobias=True)
        before = layer.W.array.copy()
        layer.add_hook(link_hooks.SpectralNormalization(60, factor=factor))
        layer.cleargrads()
        y = layer(X)
        largest = np.linalg.svd(before, compute_uv=False)[0]
        np.testing.assert_allclose(y.array, (factor or 1) * X @ before.T / largest, rtol=1e-4)
        assert isinstance(layer.W, playground.Parameter)
        np.testing.assert_array_equal(layer.W.array, before)
        F.sum(y * y).backward()
        # Of what does not depend on the size of W, the gradient is orthogonal to W.
        assert abs(np.sum(layer.W.grad * before)) < 1e-3


def test_spectral_normalization_is_learned_saved_and_taken_away() -> None:
    layer = Linear(None, 2)
    layer.add_hook(link_hooks.SpectralNormalization(use_gamma=True))
    layer(X)
    assert {name for name, _ in layer.namedparams()} == {"/W", "/b", "/gamma"}
    assert "W_u" in layer._persistent
    u = layer.W_u.copy()
    with playground.using_config("train", False):
        layer(X)
    np.testing.assert_array_equal(layer.W_u, u)
    layer(X)
    layer.delete_hook("SpectralNormalization")
    assert not hasattr(layer, "gamma")
    assert not hasattr(layer, "W_u")


def test_standardized_weights() -> None:
    layer = Linear(3, 2, nobias=True)
    layer.add_hook(link_hooks.WeightStandardization())
    w = layer.W.array.astype("d")
    standard = (w - w.mean(1, keepdims=True)) / np.sqrt(w.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(layer(X).array, X @ standard.T, rtol=1e-4, atol=1e-5)


def test_a_call_that_raises_leaves_the_parameter_in_its_place() -> None:
    layer = Linear(3, 2)
    weight = layer.W
    layer.add_hook(link_hooks.SpectralNormalization())
    with pytest.raises((TypeError, ValueError)):
        layer(np.ones((2, 5), "f"))
    assert layer.W is weight


def test_hooks_of_weights_refuse() -> None:
    with pytest.raises(ValueError, match="Net has no weight 'W'"):
        Net().add_hook(link_hooks.SpectralNormalization())
    with pytest.raises(NotImplementedError, match="no context manager"):
        link_hooks.WeightStandardization().__enter__()
    with pytest.raises(ValueError, match="n_power_iteration"):
        link_hooks.SpectralNormalization(0)
