"""NumPy's override protocols for Variable: plain NumPy code records itself.

``__array_ufunc__`` (NEP 13) and ``__array_function__`` (NEP 18) look the function up in the
registry. What does not stand there raises TypeError with the function's name: nothing is dropped
in silence. The conversions that would cut the graph raise too.
"""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Collection, Iterator
from inspect import signature
from types import FrameType
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.registry import (
    CONSTANT,
    CREATED,
    NOT_APPLICABLE,
    RECORDED,
    REFUSED,
    WRITING,
    Answer,
    NumpyFunction,
    full_name,
)
from playground.graph import backend
from playground.graph.backend import SCALAR_TYPES
from playground.graph.config import config
from playground.graph.errors import GraphCutError, IterationCutError, NoRuleError
from playground.graph.types import DType, Keywords, Operand
from playground.graph.variable import Variable, as_array_of
from playground.interpreters.rules.ufuncs import outer_of

# Types whose own protocol methods must not be pre-empted: everything that is no array of ours.
_LOWER = (np.ndarray, np.generic, bool, int, float, complex, list, tuple, range, numbers.Rational)


def _is_highest(types: Collection[type]) -> bool:
    return all(
        issubclass(t, (Variable, *_LOWER)) or t in backend.ARRAY_TYPES or t is type(None)
        for t in types
    )


def array_ufunc(
    self: Variable, ufunc: np.ufunc, method: str, *inputs: Operand, **kwargs: Any
) -> Any:
    """NEP 13: NumPy's ufuncs on Variables."""
    # An unknown type may have a protocol of its own, and is asked next.
    if not _are_operands(inputs):
        return NotImplemented
    called = method == "__call__"
    rule = RECORDED.get(ufunc if called else (ufunc, method))
    if method == "outer":
        rule = outer_of(ufunc)
    if rule is not None:
        # Operators have no keywords: they are spared the look for those that say nothing.
        return rule(*inputs) if not kwargs else _apply(ufunc, rule, inputs, kwargs)
    if called and ufunc in CONSTANT and "out" not in kwargs:
        return ufunc(*_plain(inputs), **kwargs)
    if kwargs.get("out") is not None:
        raise no_out(full_name(ufunc))
    raise no_rule(ufunc, method)


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


def no_out(name: str) -> NoRuleError:
    """The error for an ``out=`` that is an array."""
    return NoRuleError(
        f"{name}: out= would write a Variable's result into an array, outside the graph: drop "
        f"out= and use the returned Variable"
    )


def no_rule(function: NumpyFunction, method: str = "__call__") -> NoRuleError:
    """The error for a function without a rule: why there is none, and what to use instead.

    ``method`` is that of a ufunc: ``at``, ``reduce`` …
    """
    name = full_name(function)
    if method == "at":
        return NoRuleError(f"{name}.at {WRITING}")
    if method != "__call__":
        return NoRuleError(
            f"{name}.{method} has no differentiation rule for Variables: use the function that "
            f"does the same (numpy.sum for add.reduce, numpy.cumsum for add.accumulate …)"
        )
    for table in (REFUSED, NOT_APPLICABLE):
        if function in table:
            return NoRuleError(f"{name} {table[function]}")
    return NoRuleError(
        f"{name} has no differentiation rule for Variables: compute it from functions that have "
        f"one, or on the values with v.array if no gradient is wanted"
    )


def array_function(
    self: Variable, func: NumpyFunction, types: Collection[type], args: Any, kwargs: dict[str, Any]
) -> Any:
    """NEP 18: NumPy's other functions on Variables."""
    # One type is Variable itself: the frequent case, spared the look at each.
    if len(types) > 1 and not _is_highest(types):
        return NotImplemented
    rule = RECORDED.get(func)
    if rule is not None:
        return _apply(func, rule, args, kwargs)
    if func in CONSTANT:
        return func(*_values(args), **{key: _values(value) for key, value in kwargs.items()})
    if func in CREATED:
        # NumPy has taken like= out of the keywords: it arrives here as self alone.
        return _apply(func, CREATED[func], (self, *args), kwargs)
    raise no_rule(func)


def _values(argument: Operand) -> Any:
    """An argument with the arrays in place of Variables, also in lists."""
    if type(argument) in (tuple, list):
        return type(argument)(map(_values, argument))
    return as_array_of(argument)


# Keywords that change nothing when they carry NumPy's default.
_NEUTRAL = {"out": None, "dtype": None, "where": True, "copy": None, "casting": "same_kind"}
# In which order elements are read, where elsewhere it is how a result lies in memory.
_READING = (np.ravel, np.reshape)


def _says_nothing(func: NumpyFunction, key: str, value: Operand) -> bool:
    # A Variable is no subclass of ndarray, whatever ``subok`` says.
    if value is np._NoValue or key == "subok":
        return True
    if key == "order":
        return value in (None, "C") or (isinstance(value, str) and func not in _READING)
    return key in _NEUTRAL and value is _NEUTRAL[key]


def _checked_dtype(
    func: NumpyFunction, rule: Answer, args: Any, kept: dict[str, Any]
) -> dict[str, Any]:
    """The keywords without a ``dtype`` that is the Variable's own; any other is refused."""
    if rule is CREATED.get(func) or "dtype" in signature(rule).parameters:
        return kept
    given = next(_variables((args, kept))).dtype
    if np.dtype(kept["dtype"]) != given:
        raise NoRuleError(
            f"{full_name(func)}: on a Variable of {given} it computes in {given}, got "
            f"dtype={np.dtype(kept['dtype'])}: cast it first, with v.astype(dtype)"
        )
    return {key: value for key, value in kept.items() if key != "dtype"}


def _variables(argument: Operand) -> Iterator[Variable]:
    if isinstance(argument, Variable):
        yield argument
    elif isinstance(argument, (tuple, list, dict)):
        for part in argument.values() if isinstance(argument, dict) else argument:
            yield from _variables(part)


def _apply(func: NumpyFunction, rule: Answer, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a rule, naming the function where it does not take what NumPy's does."""
    kept = kwargs and {
        key: value for key, value in kwargs.items() if not _says_nothing(func, key, value)
    }
    if "dtype" in kept:
        kept = _checked_dtype(func, rule, args, kept)
    try:
        return rule(*args, **kept)
    except TypeError as error:
        trace = error.__traceback__
        if trace is not None and trace.tb_next is not None:
            raise  # from inside the rule, which took the arguments
        named = _by_name(func, args, kept)
        if named is not None:
            return _apply(func, rule, *named)
        translated = in_our_words(func, rule, kept)
        if translated != kept:
            return _apply(func, rule, args, translated)
        if "out" in kept:
            raise no_out(full_name(func)) from error
        given = ", ".join([f"{len(args)} by position", *(f"{key}=" for key in kept)])
        raise NoRuleError(
            f"{full_name(func)}: on Variables it takes the arguments "
            f"({', '.join(signature(rule).parameters)}), got {given}: leave out the others"
        ) from error


def _by_name(func: NumpyFunction, args: Any, kwargs: Keywords) -> tuple[Any, dict[str, Any]] | None:
    """Arguments behind the second by NumPy's names, where they stood by position.

    ``numpy.prod(v, 0, float)``: the answers take a dtype by name, if at all.
    """
    if len(args) < 3:
        return None
    try:
        names = list(signature(func).parameters.values())[: len(args)]
    except ValueError:  # written in C, in an older NumPy
        return None
    if len(names) < len(args) or any(p.kind is not p.POSITIONAL_OR_KEYWORD for p in names):
        return None
    given = {p.name: x for p, x in zip(names[2:], args[2:], strict=True)}
    return args[:2], {**given, **kwargs}


def in_our_words(func: NumpyFunction, rule: Answer, kwargs: Keywords) -> dict[str, Any]:
    """Keywords of NumPy's as the answer calls what stands at the same place.

    ``numpy.flip(m=v)`` is ``F.flip(x=v)``, with Chainer's name for the array. It is asked for only
    where a call has failed: nobody spells the array's name out, and two signatures cost more than
    the call. Arguments that may be left out keep their names: ``out=`` of numpy.matmul stands
    where F.matmul has ``transa``.
    """
    try:
        theirs, ours = signature(func).parameters, signature(rule).parameters
    except ValueError:  # written in C, in an older NumPy
        return dict(kwargs)
    names = {
        a: b
        for (a, p), b in zip(theirs.items(), ours, strict=False)
        if p.default is p.empty and a not in ours and b not in theirs
    }
    return {names.get(key, key): value for key, value in kwargs.items()}


# ---------------------------------------------------------------------------- conversions


def refuse_cut(v: Variable, what: str, advice: str = "") -> None:
    """Raise GraphCutError where ``what`` would lose a gradient; ``advice`` is what fits best."""
    if v.requires_grad and config.enable_backprop:
        raise GraphCutError(
            f"{what} would drop the graph of {v._title()}, and its gradient, in silence: use "
            f"{advice}v.array for the values, numpy.stack([...]) to join Variables, an array made "
            f"with numpy.zeros(shape, like=v) to assign to, or compute inside no_backprop_mode()"
        )


# What NumPy asks no protocol about: an argument that is a list, a fill value, an index object.
_INSTEAD = {
    "r_": "numpy.concatenate([...]), or numpy.hstack",
    "c_": "numpy.column_stack([...])",
    "full": "numpy.full(shape, v, like=v)",
    "vectorize": "the function itself on the Variable, or numpy.stack([f(x) for x in v])",
    "arange": "start + step * numpy.arange(n), with the number of steps as an integer",
    "fill_diagonal": "numpy.where(numpy.eye(n) > 0, v, x)",
    "ndenumerate": "a loop over the Variable, or for i in numpy.ndindex(v.shape): v[i], whose "
    "elements stay connected",
}


def _calling() -> str | None:
    """What NumPy's own code calls itself that was called last by code outside of NumPy."""
    frame, name = sys._getframe(3), None
    while frame is not None and frame.f_globals.get("__name__", "").startswith("numpy."):
        owner = type(frame.f_locals.get("self", None)).__name__
        # Objects that are indexed or called are known by the name of their class, or their own.
        name = {"RClass": "r_", "CClass": "c_", "NoneType": frame.f_code.co_name}.get(owner, owner)
        frame = frame.f_back  # type: ignore[assignment]
    if frame is not None and frame.f_globals.get("__name__", "").startswith("pandas."):
        return "pandas"
    inside = name is not None and not hasattr(np, name) and hasattr(np.linalg, name)
    return f"linalg.{name}" if inside else name


# Iterators written in C, between which and the caller there is no frame of NumPy's.
_ITERATORS = frozenset({"nditer", "nested_iters"})


def to_ndarray(self: Variable, dtype: DType = None, copy: bool | None = None) -> np.ndarray:
    """``numpy.asarray(v)``: refused while a gradient is wanted."""
    try:
        return _plain_array(self, dtype, copy)
    except GraphCutError as error:
        if _ITERATORS.isdisjoint(sys._getframe(1).f_code.co_names):
            raise
        # NumPy puts a text of its own, about writing, in the place of every TypeError here.
        raise IterationCutError(
            "numpy.nditer makes a plain array of v: write a loop over the Variable, or "
            "for i in numpy.ndindex(v.shape): v[i], whose elements stay connected, and write to "
            f"y = numpy.zeros_like(v). {error}"
        ) from error


def _compares(frame: FrameType | None) -> bool:
    """Whether what asks from within pandas is a comparison."""
    while frame is not None and frame.f_code.co_name != "_cmp_method":
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        frame = frame.f_back if package in ("playground", "numpy", "pandas") else None
    return frame is not None


def _plain_array(self: Variable, dtype: DType, copy: bool | None) -> np.ndarray:
    name = _calling() if self.requires_grad else None
    if name == "pandas" and _compares(sys._getframe(2)):
        # Truth values have no gradient.
        return np.array(backend.to_cpu(self.array), dtype=dtype, copy=copy)
    if name == "pandas":
        refuse_cut(self, "pandas, which makes a plain array of v,", "table.to_numpy() beside v, ")
    elif name is not None:
        advice = _INSTEAD.get(name, f"numpy.{name}(numpy.stack([...])) for a list")
        refuse_cut(self, f"numpy.{name}, which makes a plain array of v,", f"{advice}, ")
    refuse_cut(self, "numpy.asarray(v), or a call that makes a plain array of v,")
    return np.array(backend.to_cpu(self.array), dtype=dtype, copy=copy)


def to_float(self: Variable) -> float:
    """``float(v)``: refused while a gradient is wanted."""
    if not (self.requires_grad and config.enable_backprop):
        return float(self.array)
    named = _functions_of_math(sys._getframe(1))
    if named:
        # A function of math has no frame: all that the caller's code names are told of.
        advice = "".join(f"{ours} in place of {theirs}, " for theirs, ours in named.items())
        refuse_cut(self, f"float(v), which {' or '.join(named)} calls too,", advice)
    refuse_cut(self, "float(v), which a function of math calls too,")
    return float(self.array)


# Named differently there and here; all others have the names of NumPy's functions.
_TWINS = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "dist": "linalg.norm",
    "fsum": "sum",
    "pow": "power",
}


def _functions_of_math(frame: FrameType) -> dict[str, str]:
    """The functions of math that a frame's code names: math.sin -> numpy.sin."""
    names, known = frame.f_code.co_names, {**frame.f_globals, **frame.f_locals}
    imported = any(value is math for value in known.values())
    found = {}
    for name in (*names, *frame.f_code.co_freevars):
        function = getattr(math, name, None)
        if not callable(function) or not (imported or known.get(name) is function):
            continue
        twin = _TWINS.get(name, name)
        if hasattr(np, twin.partition(".")[0]):
            found[f"math.{name}"] = f"numpy.{twin}"
        elif name in F.__all__:
            found[f"math.{name}"] = f"playground.functions.{name}"
    return found


def to_int(self: Variable) -> int:
    """``int(v)``: refused while a gradient is wanted."""
    refuse_cut(self, "int(v)")
    return int(self.array)


def to_complex(self: Variable) -> complex:
    """``complex(v)``: refused while a gradient is wanted."""
    refuse_cut(self, "complex(v)")
    return complex(self.array)


# SymPy's comparisons, which leave nothing to the right operand.
_COMPARISONS = frozenset({"__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"})


def _outermost(package: str) -> FrameType:
    """The first frame of a package on the way from code outside of it to a method of a Variable."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_back.f_globals["__name__"].startswith(package):
        frame = frame.f_back
    return frame


def to_sympy_object(self: Variable) -> Operand:
    """What SymPy makes of a Variable beside an expression: refused while a gradient is wanted."""
    from playground.interpreters.symbols import sympy  # which asks, and so is there

    asking = _outermost("sympy.")
    left = asking.f_locals.get("a", asking.f_locals.get("self"))
    if isinstance(left, numbers.Rational) and asking.f_code.co_name not in _COMPARISONS:
        # So a number's operator is left to the right operand.
        raise sympy().SympifyError(self)
    advice = "sympy.lambdify(symbols, expression) for a function of Variables, "
    refuse_cut(self, "a SymPy expression that holds v", advice)
    return sympy().sympify(float(self.array))


def _comparison(ufunc: np.ufunc, reflected: str) -> Answer:
    default = getattr(object, reflected)

    def compare(self: Variable, other: Operand) -> Any:
        if hasattr(other, "to_numpy"):
            other = other.to_numpy()
        elif isinstance(other, numbers.Number):
            pass
        elif not _are_operands((other,)):
            protocol = getattr(other, "__array_ufunc__", None) is not None
            own = getattr(type(other), reflected) is not default
            return ufunc(self, other) if protocol and not own else NotImplemented
        return ufunc(*_plain((self, other)))

    return compare


_PROTOCOL: dict[str, Any] = {
    "__array_ufunc__": array_ufunc,
    "__array_function__": array_function,
    "__array__": to_ndarray,
    "__float__": to_float,
    "__int__": to_int,
    "__complex__": to_complex,
    "_sympy_": to_sympy_object,
    "__bool__": lambda self: bool(self.array),
    "__eq__": _comparison(np.equal, "__eq__"),
    "__ne__": _comparison(np.not_equal, "__ne__"),
    "__lt__": _comparison(np.less, "__gt__"),
    "__le__": _comparison(np.less_equal, "__ge__"),
    "__gt__": _comparison(np.greater, "__lt__"),
    "__ge__": _comparison(np.greater_equal, "__le__"),
}
# On the finished class: __eq__ in a class's own text would take its hash away.
for _name, _method in _PROTOCOL.items():
    setattr(Variable, _name, _method)
