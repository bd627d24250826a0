"""Sums, means, extrema and other functions that make many elements one."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.reduction import Axis
from playground.graph.variable import Variable
from playground.interpreters.registry import answers, constant


@answers(np.sum, (np.add, "reduce"))
def sum(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    return F.sum(a, axis, keepdims)


@answers(np.mean)
def mean(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    return F.mean(a, axis, keepdims=keepdims)


@answers(np.average)
def average(a: Any, axis: Axis = None, weights: Any = None, *, keepdims: bool = False) -> Variable:
    return F.average(a, axis, weights, keepdims)


@answers(np.max)
def max(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    return F.max(a, axis, keepdims)


@answers(np.min)
def min(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    return F.min(a, axis, keepdims)


constant("argmax argmin all any count_nonzero")
