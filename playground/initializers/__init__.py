"""Initializers: what fills new parameters, drawing from NumPy's global generator as Chainer does.

``numpy.random.seed(0)`` gives the values that Chainer has after it. Each takes ``rng=`` instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.backend import is_array, parse_device
from playground.graph.config import config
from playground.graph.errors import no_such_name
from playground.graph.types import DType, Operand, Shape
from playground.initializer import Initializer
from playground.initializers.constant import Constant, Identity, NaN, One, Zero
from playground.initializers.normal import GlorotNormal, HeNormal, LeCunNormal, Normal
from playground.initializers.orthogonal import Orthogonal
from playground.initializers.sampling import DownsamplingConvFilter, UpsamplingDeconvFilter
from playground.initializers.uniform import GlorotUniform, HeUniform, LeCunUniform, Uniform

__all__ = [
    "Constant",
    "DownsamplingConvFilter",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LeCunNormal",
    "LeCunUniform",
    "NaN",
    "Normal",
    "One",
    "Orthogonal",
    "Uniform",
    "UpsamplingDeconvFilter",
    "Zero",
    "generate_array",
    "get_initializer",
]


def generate_array(
    initializer: Callable[[Any], None],
    shape: int | Shape,
    xp: Any = np,
    dtype: DType | None = None,
    device: str | int | None = None,
) -> Any:
    """A new array of ``shape`` that ``initializer`` has filled.

    Its dtype is that of the argument, else the initializer's, else ``config.dtype``; two that
    differ raise ValueError. ``xp`` is ``numpy`` or ``cupy``; ``device`` says where it goes instead.
    """
    own = getattr(initializer, "dtype", None)
    if dtype is not None and own is not None and np.dtype(dtype) != np.dtype(own):
        raise ValueError(f"generate_array: dtype {dtype} beside an initializer of dtype {own}")
    # The nearest wins: who calls, then who made the initializer, then the process.
    chosen = next(d for d in (dtype, own, config.dtype) if d is not None)
    array = xp.empty(shape, dtype=np.dtype(chosen))
    initializer(array)
    return array if device is None else parse_device(device).put(array)


def get_initializer(initializer: Operand | Callable[[Any], None]) -> Callable[[Any], None]:
    """The initializer that an argument such as ``initialW`` stands for.

    None is LeCunNormal, a number or an array a Constant. Raises TypeError.
    """
    if initializer is None:
        return LeCunNormal()
    if is_array(initializer) or np.isscalar(initializer):
        return Constant(initializer)
    if not callable(initializer):
        raise TypeError(
            f"an initializer is a number, an array or a function that fills one, got "
            f"{type(initializer).__name__}"
        )
    return initializer


# Scripts that subclass links call it by Chainer's name.
_get_initializer = get_initializer


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
