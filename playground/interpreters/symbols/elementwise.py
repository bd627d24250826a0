"""What each of NumPy's elementwise functions is on expressions: one word for each, here."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial

import numpy as np

from playground.interpreters.symbols.array import in_symbols, on_each_element
from playground.interpreters.symbols.expressions import (
    Expr,
    choice,
    equal,
    number_of,
    sympy,
    truth_of,
)

__all__ = ["of_each"]

Form = Callable[..., Expr]


def of_each(
    *ufuncs: np.ufunc, fitting: Callable[[Expr], Expr] = number_of
) -> Callable[[Form], Form]:
    """Decorator: these ufuncs are the form below, of one expression for each operand.

    ``fitting`` is for the operands: numbers by default, or ``truth_of``.
    """

    def register(form: Form) -> Form:
        in_symbols(*ufuncs)(partial(on_each_element, form, fitting))
        return form

    return register


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
# The same of functions of truth values.
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


def _sympys(name: str) -> Form:
    # Looked up when it is called: SymPy is imported with the first expression, not with this.
    return lambda *xs: getattr(sympy(), name)(*xs)


for _name, _theirs in NAMES.items():
    of_each(getattr(np, _name))(_sympys(_theirs))
for _name, _theirs in LOGICAL.items():
    of_each(getattr(np, _name), fitting=truth_of)(_sympys(_theirs))


@of_each(np.cbrt)
def _cbrt(x: Expr) -> Expr:
    sp = sympy()
    # SymPy's own cube root of -8 is complex, the principal one.
    return sp.sign(x) * sp.Abs(x) ** sp.Rational(1, 3)


@of_each(np.copysign)
def _copysign(x: Expr, y: Expr) -> Expr:
    size = sympy().Abs(x)
    # SymPy's 0 has no sign, and counts as positive.
    return choice(y >= 0, size, -size)


@of_each(np.trunc)
def _trunc(x: Expr) -> Expr:
    sp = sympy()
    return sp.sign(x) * sp.floor(sp.Abs(x))


@of_each(np.rint)
def _rint(x: Expr) -> Expr:
    """The nearest integer; halfway between two, the even one."""
    sp = sympy()
    if x.is_integer:
        return x
    above = x + sp.Rational(1, 2)
    odd_tie = sp.Eq(sp.Mod(above, 2), 1)
    return sp.floor(above) - choice(odd_tie, sp.Integer(1), sp.Integer(0))


@of_each(np.greater)
def _greater(x: Expr, y: Expr) -> Expr:
    """x > y; where x is a maximum of y and others, as a rectifier's, whether one of those is."""
    sp = sympy()
    # SymPy leaves Max(0, x) > 0 as it is, which a rectifier's gradient asks.
    if isinstance(x, sp.Max) and y in x.args:
        return sp.Or(*(other > y for other in x.args if other != y))
    return x > y


def _log_to(base: int) -> Form:
    return lambda x: sympy().log(x) / sympy().log(base)


@of_each(np.logaddexp2)
def _logaddexp2(x: Expr, y: Expr) -> Expr:
    sp = sympy()
    return sp.log(sp.Integer(2) ** x + sp.Integer(2) ** y) / sp.log(2)


# Formulas of a line each.
_BRIEF: dict[np.ufunc, Form] = {
    np.add: operator.add,
    np.divide: operator.truediv,
    np.equal: equal,
    np.exp2: lambda x: sympy().Integer(2) ** x,
    np.expm1: lambda x: sympy().exp(x) - 1,
    np.fabs: _sympys("Abs"),
    np.floor_divide: lambda x, y: sympy().floor(x / y),
    np.fmod: lambda x, y: x - y * _trunc(x / y),
    np.greater_equal: operator.ge,
    np.hypot: lambda x, y: sympy().sqrt(x**2 + y**2),
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.log10: _log_to(10),
    np.log1p: lambda x: sympy().log(x + 1),
    np.log2: _log_to(2),
    np.logaddexp: lambda x, y: sympy().log(sympy().exp(x) + sympy().exp(y)),
    np.multiply: operator.mul,
    np.negative: operator.neg,
    np.positive: lambda x: x,
    np.power: operator.pow,
    np.reciprocal: lambda x: 1 / x,
    np.remainder: lambda x, y: x - y * sympy().floor(x / y),
    np.square: lambda x: x**2,
    np.subtract: operator.sub,
}
for _ufunc, _form in _BRIEF.items():
    of_each(_ufunc)(_form)
