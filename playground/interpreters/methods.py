"""The methods and attributes that an ndarray has, on Variable: each the NumPy function's rule."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.assignment import set_item
from playground.functions.basic_math import unshared
from playground.functions.reduction import Sum
from playground.functions.registry import WRITING
from playground.graph.errors import NoRuleError
from playground.graph.types import Axis, Operand, Raw
from playground.graph.variable import Variable
from playground.interpreters.numpy_protocol import no_out, refuse_cut
from playground.interpreters.rules import reductions, selecting, shaping, ufuncs
from playground.interpreters.rules.creation import astype

# Methods that are functions with the array ahead, and find their rule as the functions do. The
# frequent ones (sum, mean, squeeze …) are installed beside their operations, without that detour.
_FUNCTIONS = """
    all any argmax argmin argpartition argsort choose clip cumprod cumsum diagonal nonzero prod
    ptp ravel repeat round searchsorted std take trace var
""".split()  # noqa: SIM905 (a list of words, as it is read)

_WRITING = "byteswap fill itemset partition put resize setfield setflags sort"


def _by_function(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Variable, *args: Operand, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = function.__name__
    method.__doc__ = f"``numpy.{function.__name__}`` of this Variable."
    return method


def _writing(name: str) -> Callable[..., Any]:
    def method(self: Variable, *args: Operand, **kwargs: Any) -> Any:
        raise NoRuleError(f"Variable.{name} {WRITING}")

    method.__name__ = name
    return method


# For arguments that only the functions take; type checkers know no Variable there.
_numpy: Any = np


def _total(
    self: Variable, axis: Axis = None, keepdims: Any = False, *others: Any, **options: Any
) -> Variable:
    """``numpy.sum`` of this Variable; as in Chainer, the second argument is ``keepdims``.

    A dtype there, or further ones, are told to be in the order of ``ndarray.sum``.
    """
    if type(keepdims) is bool and not (others or options):
        return Sum(axis, keepdims).of(self)
    if others or isinstance(keepdims, _DTYPES):
        return _numpy.sum(self, axis, keepdims or None, *others, **options)
    return _numpy.sum(self, axis=axis, keepdims=bool(keepdims), **options)


def _mean(
    self: Variable, axis: Axis = None, weights: Operand = None, *others: Any, **options: Any
) -> Variable:
    """``numpy.mean`` of this Variable, weighted if ``weights`` are given, as in Chainer."""
    if others or isinstance(weights, _DTYPES):
        return _numpy.mean(self, axis, weights, *others, **options)
    keepdims = options.pop("keepdims", False)
    if not options or weights is not None:
        return F.average(self, axis, weights, keepdims, **options)
    return _numpy.mean(self, axis=axis, keepdims=keepdims, **options)


_DTYPES = (type, str, np.dtype)


def _product(self: Variable, b: Operand, out: Raw = None) -> Variable:
    """``numpy.dot`` of this Variable and another operand; as in Chainer the matrix product."""
    if out is not None:
        raise no_out("Variable.dot")
    return F.matmul(self, b)


def _extremum(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    def method(
        self: Variable, axis: Axis = None, keepdims: bool = False, out: Raw = None, **options: Any
    ) -> Variable:
        if out is not None:
            raise no_out(f"Variable.{name}")
        return rule(self, axis, keepdims=keepdims, **options)

    return method


def _compress(self: Variable, condition: Operand, axis: int | None = None, out: Raw = None) -> Any:
    """``numpy.compress`` of this Variable."""
    if out is not None:
        raise no_out("Variable.compress")
    return selecting.compress_rule(condition, self, axis)


def _flatten(self: Variable, order: str = "C") -> Any:
    """A copy as one dimension."""
    return unshared(shaping.ravel_rule(self, order), self)


def _conj(self: Variable) -> Any:
    """Itself where it is real, as NumPy's method answers; its function makes a copy."""
    return ufuncs.conjugate(self) if self.dtype.kind == "c" else self


def _reshape(self: Variable, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
    """``numpy.reshape`` of this Variable, with the shape as one argument or several."""
    return shaping.reshape_rule(self, shape[0] if len(shape) == 1 else shape, order, copy=copy)


def _rounded(self: Variable, digits: int | None = None) -> Any:
    """``round(v)``, an int, or ``round(v, digits)``, of a single number: steps, of slope 0."""
    if self.ndim:
        raise TypeError("round: expected one number, got an array: use numpy.round(v)")
    if digits is None and isinstance(self.array, np.ndarray):
        return round(self.array.item())
    return _by_function(np.round)(self, digits or 0)


def tolist(self: Variable) -> Any:
    """Nested lists of numbers; refused while a gradient is wanted."""
    refuse_cut(self, "Variable.tolist()")
    return self.array.tolist()


_ARRAY_METHODS: dict[str, Any] = {
    **{name: _by_function(getattr(np, name)) for name in _FUNCTIONS},
    **{name: _writing(name) for name in _WRITING.split()},
    "astype": astype,
    # How an array lies in memory is not to be seen.
    "copy": lambda self, order="C": F.identity(self),
    "dot": _product,
    "mean": _mean,
    "sum": _total,
    "compress": _compress,
    "conj": _conj,
    "conjugate": _conj,
    "__round__": _rounded,
    # v.flat = values, which are repeated as often as needed.
    "flat": property(F.ravel, lambda v, x: set_item(v, ..., np.resize(x, v.shape))),
    "flatten": _flatten,
    "max": _extremum("max", reductions.max_rule),
    "min": _extremum("min", reductions.min_rule),
    "reshape": _reshape,
    "tolist": tolist,
    "imag": property(_by_function(np.imag)),
    "mT": property(lambda self: F.swapaxes(self, -1, -2)),
    "real": property(_by_function(np.real)),
    **{
        name: property(attrgetter(f"array.{name}"))
        for name in ("flags", "itemsize", "nbytes", "strides")
    },
}
for _name, _function in _ARRAY_METHODS.items():
    setattr(Variable, _name, _function)
