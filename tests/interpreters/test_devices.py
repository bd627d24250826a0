"""Where a Variable is, and how it is moved: on the host, and on a device that is made up here."""

from __future__ import annotations

import numpy as np
import pytest

import playground
from playground import Parameter, Variable, backend
from playground.backends import cuda
from playground.graph.errors import DeviceError


def test_a_variable_of_the_host() -> None:
    x = Variable(np.array([1.0, 2.0]))
    x.grad = np.array([3.0, 4.0])
    assert x.xp is np
    assert x.device == backend.CpuDevice()
    for move in (x.to_cpu, lambda: x.to_device("@numpy"), lambda: x.to_device("cpu"), x.from_chx):
        assert move() is None
        np.testing.assert_array_equal(x.array, [1, 2])
        np.testing.assert_array_equal(x.grad, [3, 4])
    with pytest.warns(UserWarning, match="iDeep"):
        x.to_intel64()
    with pytest.raises(DeviceError, match="ChainerX"):
        x.to_chx()
    assert Variable().xp is np
    assert Parameter(0.0).device == backend.CpuDevice()


def test_without_a_gpu_to_gpu_says_so_and_leaves_everything() -> None:
    x = Variable(np.array([1.0, 2.0]))
    x.grad = np.array([3.0, 4.0])
    if not cuda.available:
        with pytest.raises(DeviceError):
            x.to_gpu()
        with pytest.raises(DeviceError):
            x.to_device("@cupy:0")
    np.testing.assert_array_equal(x.grad, [3, 4])
    with pytest.raises(DeviceError):
        x.to_device("@nowhere")


class Elsewhere(backend.Device):
    """A device whose arrays are copies, so that a move shows."""

    def __init__(self) -> None:
        super().__init__()
        self.place = self  # type: ignore[assignment]

    number = None
    xp = np

    def put(self, array: np.ndarray) -> np.ndarray:
        return array.copy()


def test_array_and_gradient_are_moved_and_the_graph_stays() -> None:
    x = Parameter(np.array([1.0, 2.0]))
    before, y = x.array, None
    y = playground.functions.sum(x * x)
    x.to_device(Elsewhere())
    assert x.array is not before
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 4])
    gradient = x.grad
    x.to_device(Elsewhere())
    assert x.grad is not gradient
    np.testing.assert_array_equal(x.grad, [2, 4])
    x.cleargrad()
    playground.functions.sum(x * x * x).backward(enable_double_backprop=True)
    x.to_device(Elsewhere())
    (second,) = playground.grad([playground.functions.sum(x.grad_var)], [x])
    np.testing.assert_array_equal(second.array, [6, 12])


def test_words() -> None:
    x = Variable(np.array([1.0, 3.0], "f"), name="x")
    assert x.summary() == "<variable x>"
    assert Variable().summary().startswith("<variable at 0x")
    lines = x.debug_print().splitlines()
    assert lines[0] == "<variable x>"
    assert lines[2:] == [
        "- backend: <class 'numpy.ndarray'>",
        "- shape: (2,)",
        "- dtype: float32",
        "- statistics: mean=2.00000000, std=1.00000000",
        "- grad: None",
    ]
    x.grad = np.zeros(2, "f")
    assert x.debug_print().endswith("- grad: 0")
    x.grad = np.array([0, 2], "f")
    assert x.debug_print().endswith("- grad: mean=1.00000000, std=1.00000000")
    assert "- shape: None" in Variable().debug_print()
