"""NumPy's override protocols for Variable: plain NumPy code records itself.

``__array_ufunc__`` (NEP 13) and ``__array_function__`` (NEP 18) look the function up in two
tables. What stands in neither raises TypeError with the function's name: nothing is dropped in
silence. The conversions that would cut the graph raise too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import playground.functions as F
from playground.graph import backend
from playground.graph.backend import SCALAR_TYPES
from playground.graph.config import config
from playground.graph.errors import GraphCutError, NoRuleError
from playground.graph.function_node import as_raw
from playground.graph.variable import Variable, as_array_of

Rule = Callable[..., Any]

RECORDED_UFUNCS: dict[Any, Rule] = {
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
    np.positive: lambda x: x,
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

# No gradient by nature: the answer is the array type's own.
CONSTANT_UFUNCS: frozenset[Any] = frozenset(
    {
        np.equal,
        np.greater,
        np.greater_equal,
        np.isfinite,
        np.isinf,
        np.isnan,
        np.less,
        np.less_equal,
        np.logical_and,
        np.logical_not,
        np.logical_or,
        np.logical_xor,
        np.not_equal,
        np.signbit,
    }
)


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return np.where(as_raw(condition))
    return F.where(condition, x, y)


def _full_like(a: Any, fill_value: Any) -> Variable:
    if isinstance(fill_value, Variable):
        return F.broadcast_to(F.cast(fill_value, a.dtype), a.shape)
    return _constant(np.full_like(a.array, fill_value))


def _constant(array: Any) -> Variable:
    return Variable(array, requires_grad=False)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    return F.clip(a, a_min if min is None else min, a_max if max is None else max)


RECORDED_FUNCTIONS: dict[Any, Rule] = {
    np.average: lambda a, axis=None, weights=None, *, keepdims=False: F.average(
        a, axis, weights, keepdims
    ),
    np.broadcast_to: F.broadcast_to,
    np.clip: _clip,
    np.concatenate: lambda arrays, axis=0: F.concat(
        [F.ravel(x) for x in arrays] if axis is None else arrays, 0 if axis is None else axis
    ),
    np.dot: lambda a, b: _dot(a, b),
    np.expand_dims: lambda a, axis: F.expand_dims(a, axis),
    np.max: lambda a, axis=None, *, keepdims=False: F.max(a, axis, keepdims),
    np.mean: lambda a, axis=None, *, keepdims=False: F.mean(a, axis, keepdims=keepdims),
    np.min: lambda a, axis=None, *, keepdims=False: F.min(a, axis, keepdims),
    np.moveaxis: F.moveaxis,
    np.ravel: lambda a: F.ravel(a),
    np.reshape: lambda a, shape: F.reshape(a, shape),
    np.squeeze: lambda a, axis=None: F.squeeze(a, axis),
    np.stack: lambda arrays, axis=0: F.stack(arrays, axis),
    np.sum: lambda a, axis=None, *, keepdims=False: F.sum(a, axis, keepdims),
    np.swapaxes: F.swapaxes,
    np.transpose: lambda a, axes=None: F.transpose(a, axes),
    np.where: _where,
    np.ones_like: lambda a: _constant(np.ones_like(a.array)),
    np.zeros_like: lambda a: _constant(np.zeros_like(a.array)),
    np.empty_like: lambda a: _constant(np.empty_like(a.array)),
    np.full_like: _full_like,
}
# NumPy 2 has objects of their own for the old names.
RECORDED_FUNCTIONS[np.amax] = RECORDED_FUNCTIONS[np.max]
RECORDED_FUNCTIONS[np.amin] = RECORDED_FUNCTIONS[np.min]

# With ``like=v``, which NumPy takes out of the call. Position and default of the argument dtype,
# in whose place the Variable's dtype comes.
CREATION_FUNCTIONS: dict[Any, tuple[int, Any]] = {
    np.empty: (1, None),
    np.eye: (3, float),
    np.identity: (1, None),
    np.ones: (1, None),
    np.zeros: (1, None),
}

# They change an array in place, which cannot be recorded.
WRITING_FUNCTIONS: frozenset[Any] = frozenset(
    {np.copyto, np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask}
)


def _dot(a: Any, b: Any) -> Variable:
    """np.dot for operands of at most two dimensions, where it is a product or a matmul."""
    left, right = (x.ndim if hasattr(x, "ndim") else np.ndim(x) for x in (a, b))
    if left == 0 or right == 0:
        return F.multiply(a, b)
    if right > 2:
        raise NoRuleError(
            "numpy.dot: expected a second operand of at most two dimensions where a Variable is "
            "involved: use numpy.matmul, or numpy.tensordot's axes by reshaping"
        )
    return F.matmul(a, b)


# Answers about shape and kind, from the array inside.
CONSTANT_FUNCTIONS: frozenset[Any] = frozenset(
    {
        np.allclose,
        np.argmax,
        np.argmin,
        np.argsort,
        np.array_equal,
        np.count_nonzero,
        np.isclose,
        np.ndim,
        np.shape,
        np.size,
        np.all,
        np.any,
        np.iscomplexobj,
        np.isrealobj,
        np.result_type,
        np.array_repr,
        np.array_str,
        np.array2string,
    }
)

# Types whose own protocol methods must not be pre-empted: everything that is no array of ours.
_LOWER = (np.ndarray, np.generic, bool, int, float, complex, list, tuple)


def _is_highest(types: Any) -> bool:
    return all(
        issubclass(t, (Variable, *_LOWER)) or t in backend.ARRAY_TYPES or t is type(None)
        for t in types
    )


def array_ufunc(self: Variable, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """NEP 13: NumPy's ufuncs on Variables."""
    if method == "__call__" and not kwargs:
        rule = RECORDED_UFUNCS.get(ufunc)
        if rule is not None:
            if not _are_operands(inputs):
                return NotImplemented
            return rule(*inputs)
    if not _are_operands(inputs):
        return NotImplemented
    if ufunc in CONSTANT_UFUNCS and method == "__call__" and "out" not in kwargs:
        return ufunc(*_plain(inputs), **kwargs)
    raise _no_ufunc_rule(ufunc, method, kwargs)


def _plain(operands: tuple[Any, ...]) -> list[Any]:
    """The arrays inside Variables; Python's numbers stay, for they adapt to an array's dtype."""
    like = next(x._array for x in operands if isinstance(x, Variable))
    plain = [x._array if isinstance(x, Variable) else x for x in operands]
    if isinstance(like, np.ndarray):
        return plain
    return [
        backend.constant_like(x, like, "comparison") if isinstance(x, (np.ndarray, list)) else x
        for x in plain
    ]


def _are_operands(inputs: tuple[Any, ...]) -> bool:
    for x in inputs:
        if type(x) in SCALAR_TYPES or type(x) in backend.ARRAY_TYPES or isinstance(x, Variable):
            continue
        if not _is_highest((type(x),)):
            return False
    return True


def _no_ufunc_rule(ufunc: Any, method: str, kwargs: dict[str, Any]) -> NoRuleError:
    own = getattr(np, ufunc.__name__, None) is ufunc
    name = f"numpy.{ufunc.__name__}" if own else f"the ufunc {ufunc.__name__}"
    if kwargs.get("out") is not None:
        return _no_out(name)
    if method == "at":
        return _no_writing(f"{name}.at")
    if method != "__call__":
        known = {"add": "numpy.sum", "maximum": "numpy.max", "minimum": "numpy.min"}
        instead = known.get(ufunc.__name__) if method == "reduce" else None
        return _no_rule(f"{name}.{method}", instead)
    if kwargs:
        given = ", ".join(f"{key}=" for key in kwargs)
        return NoRuleError(f"{name}: {given} is not supported on Variables: leave it out")
    return _no_rule(name)


def _no_rule(name: str, instead: str | None = None) -> NoRuleError:
    cure = f"use {instead}" if instead else "compute it from functions that have one"
    return NoRuleError(
        f"{name} has no differentiation rule for Variables: {cure}, or work on the values with "
        f"v.array if no gradient is wanted"
    )


def _no_out(name: str) -> NoRuleError:
    return NoRuleError(
        f"{name}: out= would write a Variable's result into an array, outside the graph: drop "
        f"out= (and write a = a + v for a += v) and use the returned Variable"
    )


def _no_writing(name: str) -> NoRuleError:
    return NoRuleError(
        f"{name} changes an array in place, which cannot be recorded: build the result with "
        f"numpy.where, numpy.stack or numpy.concatenate"
    )


def array_function(self: Variable, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """NEP 18: NumPy's other functions on Variables."""
    if not _is_highest(types):
        return NotImplemented
    rule = RECORDED_FUNCTIONS.get(func)
    if rule is not None:
        return _apply(func, rule, args, _without_defaults(kwargs) if kwargs else kwargs)
    if func in CONSTANT_FUNCTIONS:
        raw = {key: as_array_of(value) for key, value in kwargs.items()}
        return func(*map(as_array_of, args), **raw)
    if func in CREATION_FUNCTIONS:
        position, default = CREATION_FUNCTIONS[func]
        if len(args) <= position and kwargs.get("dtype", default) is default:
            kwargs = {**kwargs, "dtype": self.dtype}
        return _constant(func(*args, **kwargs, like=self.array))
    name = f"{func.__module__}.{func.__name__}"
    raise _no_writing(name) if func in WRITING_FUNCTIONS else _no_rule(name)


# Keywords that change nothing when they carry NumPy's default.
_NEUTRAL = {"out": None, "dtype": None, "order": "K", "subok": True, "where": True, "copy": None}


def _without_defaults(kwargs: dict[str, Any]) -> dict[str, Any]:
    no_value = getattr(np, "_NoValue", None)
    return {
        key: value
        for key, value in kwargs.items()
        if value is not no_value and not (key in _NEUTRAL and value is _NEUTRAL[key])
    }


def _apply(func: Any, rule: Rule, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a rule, naming the function where it does not take what NumPy's does."""
    try:
        return rule(*args, **kwargs)
    except TypeError as error:
        trace = error.__traceback__
        if trace is not None and trace.tb_next is not None:
            raise  # from inside the rule, which took the arguments
        name = f"numpy.{func.__name__}"
        if "out" in kwargs:
            raise _no_out(name) from error
        given = ", ".join([f"{len(args)} by position", *(f"{key}=" for key in kwargs)])
        raise NoRuleError(
            f"{name}: on Variables it takes the array and the arguments that shape the result, "
            f"got arguments {given}: leave out dtype=, order=, where= and initial="
        ) from error


# ---------------------------------------------------------------------------- conversions


def _refuse_cut(v: Variable, what: str) -> None:
    if v.requires_grad and config.enable_backprop:
        raise GraphCutError(
            f"{what} would drop the graph of {v._title()}, and its gradient, in silence: use "
            f"v.array for the values, numpy.stack([...]) to join Variables, or compute inside "
            f"no_backprop_mode()"
        )


def to_ndarray(self: Variable, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    """``numpy.asarray(v)``: refused while a gradient is wanted."""
    _refuse_cut(self, "numpy.asarray(v)")
    return np.array(backend.to_cpu(self.array), dtype=dtype, copy=copy)


def to_float(self: Variable) -> float:
    """``float(v)``: refused while a gradient is wanted."""
    _refuse_cut(self, "float(v)")
    return float(self.array)


def to_int(self: Variable) -> int:
    """``int(v)``: refused while a gradient is wanted."""
    _refuse_cut(self, "int(v)")
    return int(self.array)


def to_complex(self: Variable) -> complex:
    """``complex(v)``: refused while a gradient is wanted."""
    _refuse_cut(self, "complex(v)")
    return complex(self.array)


def _compared(ufunc: Any) -> Rule:
    def compare(self: Variable, other: Any) -> Any:
        if not _are_operands((other,)):
            return NotImplemented
        return ufunc(*_plain((self, other)))

    return compare


_METHODS: dict[str, Any] = {
    "__array_ufunc__": array_ufunc,
    "__array_function__": array_function,
    "__array__": to_ndarray,
    "__float__": to_float,
    "__int__": to_int,
    "__complex__": to_complex,
    "__bool__": lambda self: bool(self.array),
    "__eq__": _compared(np.equal),
    "__ne__": _compared(np.not_equal),
    "__lt__": _compared(np.less),
    "__le__": _compared(np.less_equal),
    "__gt__": _compared(np.greater),
    "__ge__": _compared(np.greater_equal),
}
for _name, _method in _METHODS.items():
    setattr(Variable, _name, _method)
