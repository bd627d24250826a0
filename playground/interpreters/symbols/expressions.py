"""SymPy's expressions, one at a time: exact numbers, choices, equality. The home of sympy."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

from playground.graph.errors import SymbolError
from playground.graph.types import Scalar

__all__ = [
    "Expr",
    "choice",
    "equal",
    "exact",
    "has_symbols",
    "is_truth",
    "number_of",
    "sympy",
    "tidied",
    "truth_of",
]

# One of SymPy's expressions: a number, a symbol, a formula or a condition.
Expr: TypeAlias = Any

# Numbers with a denominator up to this, or up to this many decimal digits, are taken as meant.
DENOMINATOR, DIGITS = 1000, 6
# The same beside pi, e and other irrational numbers, where chance hits are likelier.
DENOMINATOR_BESIDE = 60
# Piecewise expressions are multiplied out while they have at most this many conditions: of k
# conditions that makes 2^k pieces, and eight can still be read.
MOST_CONDITIONS = 3
# Larger ones are not compared: that takes seconds.
MOST_OPERATIONS = 60


def sympy() -> Any:
    """The module. Raises SymbolError, with the cure, where it is not installed."""
    try:
        import sympy
    except ImportError as error:
        raise SymbolError(
            "symbols need SymPy, which is not installed: install it with pip install sympy"
        ) from error
    return sympy


# ------------------------------------------------------------------------------------ numbers


@cache
def _irrationals() -> tuple[tuple[Any, float], ...]:
    """Numbers that floats are recognised as, with their values."""
    sp = sympy()
    numbers = (
        *(sp.pi, sp.pi**2, sp.sqrt(sp.pi), 1 / sp.pi, sp.E, sp.sqrt(2), sp.sqrt(3)),
        *(sp.log(2), sp.log(10), 1 / sp.log(2), 1 / sp.log(10)),
        *(sp.log(2 * sp.pi), sp.sqrt(2 * sp.pi)),
    )
    return tuple((number, float(number)) for number in numbers)


def exact(value: Scalar | Expr) -> Expr:
    """A number as the expression that was meant by it.

    A float becomes the simple number that rounds to it, where there is one: 0.1 is 1/10,
    0.333… is 1/3, 3.14159… is pi. An expression stays as it is.
    """
    sp = sympy()
    if isinstance(value, sp.Basic):
        return value
    if isinstance(value, complex):
        return exact(value.real) + sp.I * exact(value.imag)
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return sp.true if value else sp.false
    if isinstance(value, int):
        return sp.Integer(value)
    return _exact_float(float(value))


@cache
def _exact_float(value: float) -> Expr:
    sp = sympy()
    if math.isfinite(value) and (value == 0 or 1e-15 < abs(value) < 1e15):
        near = Fraction(value).limit_denominator(DENOMINATOR)
        if float(near) == value:
            return sp.Rational(near.numerator, near.denominator)
        digits = repr(value).partition("e")[0].replace(".", "").lstrip("-0")
        if len(digits) <= DIGITS:
            return sp.Rational(repr(value))
        for number, size in _irrationals():
            near = Fraction(value / size).limit_denominator(DENOMINATOR_BESIDE)
            # Both roundings are tried: 7 / 3 * pi and 7 * pi / 3 are different floats.
            if near and value in (float(near) * size, near.numerator * size / near.denominator):
                return sp.Rational(near.numerator, near.denominator) * number
    return sp.Float(value)


def has_symbols(expression: Expr) -> bool:
    """Whether an expression is none of numbers alone."""
    return bool(expression.free_symbols)


def is_truth(expression: Expr) -> bool:
    """Whether an expression is a condition; SymPy counts its symbols among those too."""
    sp = sympy()
    return isinstance(expression, sp.logic.boolalg.Boolean) and not isinstance(expression, sp.Expr)


def number_of(expression: Expr) -> Expr:
    """A condition as 1 or 0, any other expression as it is."""
    sp = sympy()
    return choice(expression, sp.Integer(1), sp.Integer(0)) if is_truth(expression) else expression


def truth_of(expression: Expr) -> Expr:
    """A number as the condition that it is not 0, a condition as it is."""
    return expression if is_truth(expression) else sympy().Ne(expression, 0)


# ------------------------------------------------------------------------------------ choices


def choice(condition: Expr, a: Expr, b: Expr) -> Expr:
    """``a`` where the condition holds, else ``b``, each simplified by knowing that."""
    sp = sympy()
    if condition in (True, False):
        return a if condition else b
    # An equation is kept, never its contrary: below its left side is replaced by its right.
    if isinstance(condition, sp.Ne):
        return choice(sp.Not(condition), b, a)
    a, b = _knowing(a, condition, True), _knowing(b, condition, False)
    if isinstance(condition, sp.Eq):
        at_a, at_b = (x.xreplace(dict([condition.args])) for x in (a, b))
        if at_a == at_b and is_finite(at_b):
            return b  # of which a is a case
        a = at_a if is_finite(at_a) else a
    return a if a == b else sp.Piecewise((a, condition), (b, True))


def _knowing(expression: Expr, condition: Expr, holds: bool) -> Expr:
    sp = sympy()
    if not expression.has(sp.Piecewise):
        return expression
    known, other = (sp.true, sp.false) if holds else (sp.false, sp.true)
    return expression.xreplace({condition: known, sp.Not(condition): other})


def is_finite(expression: Expr) -> bool:
    """Whether nothing in an expression is infinite or undefined at once."""
    sp = sympy()
    return not expression.has(sp.nan, sp.zoo, sp.oo, -sp.oo)


def equal(a: Expr, b: Expr) -> Expr:
    """The equation a = b, with that of an element and a maximum it is part of resolved."""
    sp = sympy()
    for one, many in ((a, b), (b, a)):
        if isinstance(many, (sp.Max, sp.Min)) and one in many.args:
            above = isinstance(many, sp.Max)
            others = [other for other in many.args if other != one]
            return sp.And(*(one >= other if above else one <= other for other in others))
    return sp.Eq(a, b)


def tidied(expression: Expr) -> Expr:
    """An expression with its choices drawn together, if they are few."""
    sp = sympy()
    pieces = expression.atoms(sp.Piecewise)
    conditions = {c for piece in pieces for _, c in piece.args if c != True}  # noqa: E712
    if not conditions or not isinstance(expression, sp.Expr):
        return expression
    if len(conditions) > MOST_CONDITIONS:
        return sp.Add(*map(tidied, expression.args)) if expression.is_Add else expression
    folded = sp.piecewise_fold(expression)
    if isinstance(folded, sp.Piecewise) and len(folded.args) == 2:
        (a, condition), (b, _) = folded.args
        return _by_sign(condition, a, b)
    return folded


def _by_sign(condition: Expr, a: Expr, b: Expr) -> Expr:
    """A choice of two by the sign of something, as one formula where both are the same."""
    sp = sympy()
    if isinstance(condition, (sp.Ge, sp.Gt, sp.Le, sp.Lt)) and condition.rhs == 0:
        size, sign = sp.Abs(condition.lhs), 1 if isinstance(condition, (sp.Ge, sp.Gt)) else -1
        # Knowing the sign, |x| is x or -x: x for x > 0 and |x| otherwise are one formula, |x|.
        a = a.xreplace({size: sign * condition.lhs})
        b = b.xreplace({size: -sign * condition.lhs})
        if a.count_ops() + b.count_ops() <= MOST_OPERATIONS and sp.simplify(a - b) == 0:
            return min(a, b, key=sp.count_ops)
    return choice(condition, a, b)
