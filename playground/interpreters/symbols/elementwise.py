"""What each of NumPy's elementwise functions is on expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from playground.interpreters.symbols.expressions import choice, equal, sympy

__all__ = ["FORMS", "LOGICAL"]

Form = Callable[..., Any]

# NumPy's name -> SymPy's, of functions of real numbers that are the same in both.
NAMES = {
    "absolute": "Abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "ceil": "ceiling",
    "cos": "cos",
    "cosh": "cosh",
    "exp": "exp",
    "floor": "floor",
    "fmax": "Max",
    "fmin": "Min",
    "log": "log",
    "maximum": "Max",
    "minimum": "Min",
    "not_equal": "Ne",
    "sign": "sign",
    "sin": "sin",
    "sinh": "sinh",
    "sqrt": "sqrt",
    "tan": "tan",
    "tanh": "tanh",
}
LOGICAL = {
    "bitwise_and": "And",
    "bitwise_or": "Or",
    "bitwise_xor": "Xor",
    "invert": "Not",
    "logical_and": "And",
    "logical_not": "Not",
    "logical_or": "Or",
    "logical_xor": "Xor",
}


def _named(name: str) -> Form:
    return lambda *xs: getattr(sympy(), name)(*xs)


def _cbrt(x: Any) -> Any:
    sp = sympy()
    return sp.sign(x) * sp.Abs(x) ** sp.Rational(1, 3)


def _copysign(x: Any, y: Any) -> Any:
    size = sympy().Abs(x)
    return choice(y >= 0, size, -size)


def _trunc(x: Any) -> Any:
    sp = sympy()
    return sp.sign(x) * sp.floor(sp.Abs(x))


def _rint(x: Any) -> Any:
    """The nearest integer; halfway between two, the even one."""
    sp = sympy()
    if x.is_integer:
        return x
    above = x + sp.Rational(1, 2)
    odd_tie = sp.Eq(sp.Mod(above, 2), 1)
    return sp.floor(above) - choice(odd_tie, sp.Integer(1), sp.Integer(0))


def _greater(x: Any, y: Any) -> Any:
    """x > y; where x is a maximum of y and others, as a rectifier's, whether one of those is."""
    sp = sympy()
    if isinstance(x, sp.Max) and y in x.args:
        return sp.Or(*(other > y for other in x.args if other != y))
    return x > y


def _log_to(base: int) -> Form:
    return lambda x: sympy().log(x) / sympy().log(base)


def _logaddexp2(x: Any, y: Any) -> Any:
    sp = sympy()
    return sp.log(sp.Integer(2) ** x + sp.Integer(2) ** y) / sp.log(2)


FORMS: dict[str, Form] = {
    **{name: _named(theirs) for name, theirs in (NAMES | LOGICAL).items()},
    "add": operator.add,
    "cbrt": _cbrt,
    "copysign": _copysign,
    "divide": operator.truediv,
    "equal": equal,
    "exp2": lambda x: sympy().Integer(2) ** x,
    "expm1": lambda x: sympy().exp(x) - 1,
    "fabs": _named("Abs"),
    "floor_divide": lambda x, y: sympy().floor(x / y),
    "fmod": lambda x, y: x - y * _trunc(x / y),
    "greater": _greater,
    "greater_equal": operator.ge,
    "hypot": lambda x, y: sympy().sqrt(x**2 + y**2),
    "less": operator.lt,
    "less_equal": operator.le,
    "log10": _log_to(10),
    "log1p": lambda x: sympy().log(x + 1),
    "log2": _log_to(2),
    "logaddexp": lambda x, y: sympy().log(sympy().exp(x) + sympy().exp(y)),
    "logaddexp2": _logaddexp2,
    "multiply": operator.mul,
    "negative": operator.neg,
    "positive": lambda x: x,
    "power": operator.pow,
    "reciprocal": lambda x: 1 / x,
    "remainder": lambda x, y: x - y * sympy().floor(x / y),
    "rint": _rint,
    "square": lambda x: x**2,
    "subtract": operator.sub,
    "trunc": _trunc,
}
