"""Devices in Chainer's words, where there is none but the host."""

from __future__ import annotations

import numpy as np
import pytest

import playground
from playground import Variable, backend
from playground.backends import cuda
from playground.graph.errors import DeviceError

HOST_ONLY = pytest.mark.skipif(cuda.available, reason="there is a CUDA device")


def test_the_host_by_all_its_names() -> None:
    for spec in ("@numpy", -1, "-1", "cpu", "native", backend.CpuDevice()):
        device = playground.get_device(spec)
        assert device == backend.CpuDevice()
        assert (str(device), device.xp) == ("@numpy", np)
    assert playground.get_device("@intel64").xp is np
    assert hash(backend.CpuDevice()) == hash(playground.get_device(-1))
    with playground.using_device("@numpy") as device:
        assert device.name == "@numpy"
    with pytest.raises(DeviceError, match="unknown device"):
        playground.get_device("@nonesuch")
    with pytest.raises(DeviceError, match="ChainerX"):
        backend.ChainerxDevice()


def test_arrays_stay_where_they_are() -> None:
    x = np.ones(3)
    assert cuda.to_cpu(x) is x
    assert cuda.to_cpu([x, None, (x,), {"a": x}])[2][0] is x
    assert cuda.to_cpu(1.5).shape == ()
    assert playground.get_array_module(x, Variable(x)) is np
    assert cuda.get_array_module(3) is np
    assert playground.get_device("@numpy").send({"a": [x]})["a"][0] is x
    assert backend.get_device_from_array(x) == backend.CpuDevice()
    other = np.zeros(3)
    backend.copyto(other, x)
    assert other.tolist() == [1, 1, 1]
    assert playground.as_array(Variable(x)) is x


def test_a_device_of_old_scripts_does_nothing() -> None:
    found = [cuda.get_device_from_id(-1), cuda.get_device_from_array(Variable(np.ones(2)))]
    for device in (*found, cuda.get_device(-1), cuda.get_device(np.ones(2)), cuda.get_device()):
        assert device is cuda.DummyDevice
        with device:
            device.use()
            device.synchronize()
        assert int(device) == -1


@HOST_ONLY
def test_what_needs_a_gpu_says_so_in_one_sentence() -> None:
    assert not cuda.available
    assert not hasattr(cuda.cupy, "zeros")
    for work in (
        cuda.check_cuda_available,
        lambda: cuda.to_gpu(np.ones(2)),
        lambda: cuda.cupy.zeros(3),
        lambda: cuda.init(0),
        lambda: cuda.get_device_from_id(0),
        lambda: playground.get_device("@cupy:0"),
        lambda: cuda.elementwise("T x", "T y", "y = x", "copy"),
    ):
        with pytest.raises(DeviceError, match=r"CuPy|device") as caught:
            work()
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.gpu
def test_arrays_go_to_the_gpu_and_back() -> None:
    pytest.importorskip("cupy")
    x = cuda.to_gpu(np.arange(3.0))
    assert isinstance(x, cuda.cupy.ndarray)
    assert cuda.get_array_module(x) is cuda.cupy
    assert cuda.get_device_from_array(x).id == 0
    assert str(backend.get_device_from_array(x)) == "@cupy:0"
    square = cuda.elementwise("T x", "T y", "y = x * x", "square")
    assert cuda.to_cpu(square(x)).tolist() == [0, 1, 4]


def test_results_are_remembered() -> None:
    seen = []

    @cuda.memoize()
    def double(x: int) -> int:
        seen.append(x)
        return 2 * x

    assert [double(1), double(1), double(2)] == [2, 2, 4]
    assert seen == [1, 2]
    cuda.clear_memo()
    double(1)
    assert seen == [1, 2, 1]
