"""Links and chains by themselves; their behaviour against Chainer's is a differential test."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import playground
from playground import Chain, ChainList, GraphError, Link, Parameter, Sequential, backend
from tests.strict_array import StrictArray, registered


class Linear(Link):
    """y = x W + b, the shape of W known at the first call."""

    def __init__(self, size: int) -> None:
        super().__init__()
        with self.init_scope():
            self.W = Parameter(0.5)
            self.b = Parameter(np.zeros(size))
        self.size = size

    def forward(self, x: Any) -> Any:
        if not self.W.is_initialized:
            with playground.using_config("dtype", np.float64):
                self.W.initialize((x.shape[-1], self.size))
        return x @ self.W + self.b

    @property
    def printable_specs(self) -> Any:
        yield "size", self.size


class Two(Chain):
    """One layer upon another."""

    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.first = Linear(3)
            self.second = Linear(1)

    def forward(self, x: Any) -> Any:
        return self.second(np.tanh(self.first(x)))


def test_a_chain_learns() -> None:
    model, rng = Two(), np.random.default_rng(0)
    x = rng.uniform(-1, 1, (20, 2))
    y = x[:, :1] - 0.5 * x[:, 1:]
    model(x)
    for param in model.params():
        param.array[...] = rng.normal(size=param.shape)
    optimizer = playground.optimizers.Adam(alpha=0.02).setup(model)

    def loss() -> Any:
        return ((model(x) - y) ** 2).mean()

    before = loss().item()
    for _ in range(500):
        optimizer.update(loss)
    assert loss().item() < 0.01 * before


def test_what_a_chain_is_made_of() -> None:
    model = Two()
    assert [path for path, _ in model.namedparams()] == [
        "/first/W",
        "/first/b",
        "/second/W",
        "/second/b",
    ]
    assert [path for path, _ in model.namedlinks()] == ["/", "/first", "/second"]
    assert model["first"] is model.first
    assert str(model) == "Two(\n  (first): Linear(size=3),\n  (second): Linear(size=1),\n)"
    with pytest.warns(UserWarning, match="W has no shape yet") as warned:
        assert model.count_params() == 4
    assert ["first" in str(w.message) for w in warned] == [True, False]
    model(np.ones((1, 2)))
    assert model.count_params() == 6 + 3 + 3 + 1


def test_a_link_under_two_names_is_found_under_both() -> None:
    shared = Linear(2)
    model = Chain(one=shared, other=shared)
    assert [path for path, _ in model.namedparams()] == [
        "/one/W",
        "/one/b",
        "/other/W",
        "/other/b",
    ]


@pytest.mark.parametrize("copied", [lambda m: m.copy("copy"), copy.deepcopy])
def test_a_copy_is_independent(copied: Any) -> None:
    model = Two()
    model(np.ones((1, 2)))
    other = copied(model)
    other.first.b.array[...] = 5
    del other.second
    assert (model.first.b.array == 0).all()
    assert len(list(model.children())) == 2
    assert len(list(other.children())) == 1


def test_a_share_has_the_arrays_and_gradients_of_its_own() -> None:
    model = Two()
    other = model.copy()
    assert other.first.b.array is model.first.b.array
    other.first.b.grad = np.ones(3)
    assert model.first.b.grad is None


def test_moving_takes_everything_along() -> None:
    with registered():

        class Device:
            """Enough of a device to move to."""

            number = 0

            def put(self, array: Any) -> StrictArray:
                return StrictArray.of(array)

        model = Two()
        model(np.ones((1, 2)))
        model.first.add_persistent("mean", np.ones(2))
        model.second.b.grad = np.full(1, 3.0)
        assert model.to_device(backend.Device(Device())) is model  # type: ignore[arg-type]
        arrays = [param.array for param in model.params()]
        arrays += [model.first.mean, model.second.b.grad]
        assert {type(array) for array in arrays} == {StrictArray}
        assert model.to_cpu().second.b.grad.tolist() == [3.0]
        assert type(model.first.mean) is np.ndarray


@pytest.mark.gpu
def test_to_the_gpu_and_back() -> None:
    cupy = pytest.importorskip("cupy")
    model = Two()
    model(np.ones((1, 2)))
    model.to_gpu()
    assert {type(param.array) for param in model.params()} == {cupy.ndarray}
    assert type(model(cupy.ones((1, 2))).array) is cupy.ndarray
    assert type(model.to_cpu().first.W.array) is np.ndarray


def test_what_is_said_to_who_does_it_wrong() -> None:
    class Forgetful(Link):
        def __init__(self) -> None:
            pass

        def forward(self) -> None:
            pass

    with pytest.raises(GraphError, match=r"super\(\).__init__\(\)"):
        Forgetful()()
    with pytest.raises(AttributeError, match="define forward"):
        Link()()
    with pytest.raises(ValueError, match="'share', 'copy' or 'init', got 'deep'"):
        Link().copy("deep")
    with pytest.raises(TypeError, match="expected a Link, got Parameter"):
        Chain(x=Parameter(np.ones(1)))  # type: ignore[arg-type]
    model = Two()
    with pytest.raises(AttributeError, match="'first': the attribute exists"):
        model.add_link("first", Link())
    with pytest.raises(AttributeError, match="'b': the attribute exists"):
        model.first.add_param("b", 2)
    with pytest.raises(TypeError, match="child of a ChainList is a Link, got int"):
        ChainList(Link()).insert(0, 3)  # type: ignore[arg-type]
    links = ChainList()
    with links.init_scope(), pytest.raises(TypeError, match="'x' within init_scope"):
        links.x = Link()
    with pytest.raises(ValueError, match="a lambda among its layers"):
        copy.deepcopy(Sequential(lambda x: x)).__reduce__()
    with pytest.raises(GraphError, match="no layer to call"):
        Sequential()(1)


def test_a_parameter_made_later_is_where_its_link_was_moved() -> None:
    """As a model that is moved before it has seen any data."""
    with registered():
        places = []

        class Device:
            """Enough of a device to move to."""

            def put(self, array: Any) -> StrictArray:
                places.append(array.shape)
                return StrictArray.of(array)

        model = Two()
        model.to_device(backend.Device(Device()))  # type: ignore[arg-type]
        model.first.W.initialize((2, 3))
        assert type(model.first.W.array) is StrictArray
        assert (2, 3) in places
    assert Two().device.name == "@numpy"
    assert Two().xp is np


def test_layers_called_in_turn() -> None:
    model = Sequential(lambda x, y: (x * y, x + y), lambda a, b: a - b)
    np.testing.assert_array_equal(model(np.array([2.0]), np.array([5.0])), [3.0])
    assert [len(Sequential(Linear(2), abs)), len(model + model)] == [2, 4]
    assert [child.name for child in Sequential(abs, Linear(1), abs, Linear(2)).children()] == [
        "0",
        "1",
    ]
