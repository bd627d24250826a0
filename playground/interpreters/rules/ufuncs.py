"""NumPy's ufuncs of one and two arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.interpreters.registry import RECORDED, answers, constant

RECORDED.update(
    {
        np.absolute: F.absolute,
        np.add: F.add,
        np.arccos: F.arccos,
        np.arcsin: F.arcsin,
        np.arctan: F.arctan,
        np.arctan2: F.arctan2,
        np.ceil: F.ceil,
        np.cos: F.cos,
        np.cosh: F.cosh,
        np.divide: F.divide,
        np.exp: F.exp,
        np.expm1: F.expm1,
        np.fabs: F.absolute,
        np.floor: F.floor,
        np.floor_divide: F.floor_divide,
        np.log: F.log,
        np.log10: F.log10,
        np.log1p: F.log1p,
        np.log2: F.log2,
        np.matmul: F.matmul,
        np.maximum: F.maximum,
        np.minimum: F.minimum,
        np.multiply: F.multiply,
        np.negative: F.negative,
        np.power: F.power,
        np.float_power: F.power,
        np.sign: F.sign,
        np.sin: F.sin,
        np.sinh: F.sinh,
        np.sqrt: F.sqrt,
        np.square: F.square,
        np.subtract: F.subtract,
        np.tan: F.tan,
        np.tanh: F.tanh,
    }
)

constant(
    "equal not_equal greater greater_equal less less_equal isfinite isinf isnan isnat signbit "
    "logical_and logical_not logical_or logical_xor"
)


@answers(np.positive)
def positive(x: Any) -> Any:
    return x
