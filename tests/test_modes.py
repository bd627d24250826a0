"""Chainer's switches beside config."""

from __future__ import annotations

import io

import numpy as np
import pytest

import playground
from playground import modes


def test_the_dtype_is_that_of_the_configuration() -> None:
    assert playground.get_dtype() == np.float32
    assert playground.get_dtype("f8") == np.float64
    with playground.using_config("dtype", np.float16):
        assert playground.get_dtype() == np.float16
    with playground.using_config("dtype", playground.mixed16):
        assert playground.get_dtype() is playground.mixed16
        assert playground.get_dtype(map_mixed16=np.float32) == np.float32
    assert str(playground.get_dtype("mixed16")) == "mixed16"


def test_debug_mode() -> None:
    assert not playground.is_debug()
    with playground.DebugMode(True):
        assert playground.is_debug()
        with pytest.raises(playground.NaNDetectedError):
            np.log(playground.Variable(np.array(np.nan)))
    playground.set_debug(True)
    assert playground.is_debug()
    playground.set_debug(False)
    assert not playground.is_debug()
    del playground.config.debug  # this thread's own, which would go on covering the process's


def test_runtime_info_names_what_runs() -> None:
    out = io.StringIO()
    playground.print_runtime_info(out)
    assert f"NumPy: {np.__version__}" in out.getvalue()


def test_static_graphs_are_ordinary_ones() -> None:
    @playground.static_graph
    def once(x: int) -> int:
        return x + 1

    @modes.static_graph(minimize_cache_size=True)
    def again(x: int) -> int:
        return x + 2

    assert (once(1), again(1)) == (2, 3)


def test_switches_of_libraries_that_are_not_called_can_be_set_and_read() -> None:
    assert playground.config.use_cudnn == playground.global_config.use_cudnn == "auto"
    with playground.using_config("use_cudnn", "never"):
        assert playground.config.use_cudnn == "never"
    assert playground.global_config.autotune is playground.config.autotune is False
    playground.config.autotune = True
    assert playground.config.autotune
    del playground.config.autotune
    assert not playground.config.autotune
    for config in (playground.config, playground.global_config):
        with pytest.raises(AttributeError, match="there is no switch 'nonesuch'"):
            _ = config.nonesuch
