"""Recurrent links over whole sequences and trees, by formulas written out in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
import playground.links as L
from playground import Variable
from playground.graph.errors import InvalidIndex


def _s(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


def _drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape).astype("f")


def _randomized(link: Any) -> Any:
    """The link with all parameters drawn anew, biases too."""
    rng = np.random.default_rng(0)
    for param in link.params():
        param.array[...] = rng.uniform(-1, 1, param.shape)
    return link


def test_n_steps_of_cells_are_steps_of_the_lstm() -> None:
    """A layer over sequences is the layer that goes step by step, with the same weights."""
    link, steps = _randomized(L.NStepLSTM(1, 3, 2, 0.0)), L.LSTM(3, 2)
    (w,), (b,) = ([[p.array for p in ps] for ps in found] for found in (link.ws, link.bs))
    # F.lstm reads a, i, f, o of a unit side by side.
    order = (2, 0, 1, 3)
    steps.upward.W.array[...] = np.stack([w[k] for k in order], 1).reshape(8, 3)
    steps.lateral.W.array[...] = np.stack([w[k + 4] for k in order], 1).reshape(8, 2)
    steps.upward.b.array[...] = np.stack([b[k] + b[k + 4] for k in order], 1).reshape(8)
    xs = [_drawn(4, 3), _drawn(2, 3), _drawn(5, 3)]
    h, c, ys = link(None, None, xs)
    for i, x in enumerate(xs):
        steps.reset_state()
        outputs = [steps(Variable(row[None])).array[0] for row in x]
        np.testing.assert_allclose(ys[i].array, outputs, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(h.array[0, i], outputs[-1], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(c.array[0, i], steps.c.array[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNNTanh", "RNNReLU"])
def test_both_directions_are_one_upon_the_sequence_and_one_upon_its_mirror(kind: str) -> None:
    both = _randomized(getattr(L, f"NStepBi{kind}")(1, 3, 2, 0.0))
    one = getattr(L, f"NStep{kind}")(1, 3, 2, 0.0)
    xs = [_drawn(3, 3), _drawn(4, 3)]
    none = [None] * both.n_cells
    *_, ys = both(*none, xs)
    for side, turned in enumerate((slice(None), slice(None, None, -1))):
        for name, param in one[0].namedparams():
            param.array[...] = getattr(both[side], name[1:]).array
        *_, alone = one(*none, [x[turned] for x in xs])
        for y, part in zip(ys, alone, strict=True):
            units = slice(2 * side, 2 * side + 2)
            np.testing.assert_allclose(y.array[:, units], part.array[turned], rtol=1e-5, atol=1e-6)


def test_a_second_layer_sees_the_first() -> None:
    two = _randomized(L.NStepRNNTanh(2, 3, 2, 0.0))
    w, b = ([[p.array for p in ps] for ps in found] for found in (two.ws, two.bs))
    x, low, high = _drawn(4, 3), np.zeros(2), np.zeros(2)
    found = []
    for row in x:
        low = np.tanh(w[0][0] @ row + w[0][1] @ low + b[0][0] + b[0][1])
        high = np.tanh(w[1][0] @ low + w[1][1] @ high + b[1][0] + b[1][1])
        found.append(high)
    h, (y,) = two(None, [x])
    np.testing.assert_allclose(y.array, found, rtol=1e-5)
    np.testing.assert_allclose(h.array[:, 0], [low, high], rtol=1e-5)


def test_peepholes() -> None:
    link = _randomized(L.StatefulPeepholeLSTM(3, 2))
    x = _drawn(2, 3)
    sources = x @ link.upward.W.array.T + link.upward.b.array
    a, i, _, o = (sources[:, k::4] for k in range(4))
    c = np.tanh(a) * _s(i)
    first = _s(o + c @ link.peep_o.W.array.T) * np.tanh(c)
    np.testing.assert_allclose(link(x).array, first, rtol=1e-5)
    sources = sources + first @ link.lateral.W.array.T
    a, i, f, o = (sources[:, k::4] for k in range(4))
    i, f = i + c @ link.peep_i.W.array.T, f + c @ link.peep_f.W.array.T
    c = np.tanh(a) * _s(i) + _s(f) * c
    second = _s(o + c @ link.peep_o.W.array.T) * np.tanh(c)
    np.testing.assert_allclose(link(x).array, second, rtol=1e-4)


def test_zoneout_keeps_what_it_is_told_to() -> None:
    x = _drawn(2, 3)
    all_stay = _randomized(L.StatefulZoneoutLSTM(3, 2, c_ratio=1.0, h_ratio=1.0))
    assert not all_stay(x).array.any()
    assert not all_stay.c.array.any()
    with playground.using_config("train", False):
        moved = all_stay(x).array
    plain = _randomized(L.StatefulZoneoutLSTM(3, 2, c_ratio=0.0, h_ratio=0.0))
    np.testing.assert_array_equal(plain(x).array, moved)


def test_minimal_gates() -> None:
    link, x, h = _randomized(L.StatefulMGU(3, 2)), _drawn(2, 3), _drawn(2, 2)
    link.set_state(Variable(h))
    f = _s(np.hstack([h, x]) @ link.W_f.W.array.T + link.W_f.b.array)
    new = np.tanh(np.hstack([f * h, x]) @ link.W_h.W.array.T + link.W_h.b.array)
    np.testing.assert_allclose(link(x).array, f * new + (1 - f) * h, rtol=1e-5)


def test_the_order_of_summed_children_does_not_count() -> None:
    link, x = _randomized(L.ChildSumTreeLSTM(3, 2)), _drawn(2, 3)
    c1, c2, h1, h2 = (_drawn(2, 2) * k for k in (1, 2, 3, 4))
    there, back = link(c1, c2, h1, h2, x), link(c2, c1, h2, h1, x)
    for a, b in zip(there, back, strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-5)
    aio = (x @ link.W_x.W.array.T + link.W_x.b.array)[:, :6] + (h1 + h2) @ link.W_h_aio.W.array.T
    forget = (x @ link.W_x.W.array.T + link.W_x.b.array)[:, 6:]
    fs = [_s(forget + h @ link.W_h_f.W.array.T) for h in (h1, h2)]
    a, i, o = np.split(aio, 3, 1)
    c = np.tanh(a) * _s(i) + fs[0] * c1 + fs[1] * c2
    np.testing.assert_allclose(there[0].array, c, rtol=1e-5)
    np.testing.assert_allclose(there[1].array, _s(o) * np.tanh(c), rtol=1e-5)


def test_what_is_refused_says_what_to_give() -> None:
    link = L.NStepGRU(1, 3, 2, 0.0)
    with pytest.raises(TypeError, match="NStepGRU: expected a list of sequences, got ndarray"):
        link(None, _drawn(2, 4, 3))
    with pytest.raises(InvalidIndex, match="sequences of one step or more"):
        link(None, [])
    with pytest.raises(ValueError, match="NaryTreeLSTM: expected the cells of all children"):
        L.NaryTreeLSTM(3, 2)(None, _drawn(2, 3))
    with pytest.raises(ValueError, match="n_ary of 1 or more, got 0"):
        L.NaryTreeLSTM(3, 2, 0)
    with pytest.raises(TypeError, match=r"StatefulMGU\.set_state: h is a Variable, got ndarray"):
        L.StatefulMGU(3, 2).set_state(_drawn(2, 2))
