"""Special functions: the error function, the normal distribution, the gamma function and kin.

Their values are SciPy's (``playground.graph.special``); their derivatives are closed formulas of
these functions themselves, and so exist to every order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground.functions.registry import function_of
from playground.graph.config import config
from playground.graph.errors import InvalidType, NoRuleError
from playground.graph.op import Broadcasting, Special, Unary, as_raw, variable_of
from playground.graph.special import library
from playground.graph.types import Array, Operand, Raw
from playground.graph.variable import Variable

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "lgamma",
    "log_ndtr",
    "ndtr",
    "ndtri",
    "polygamma",
    "zeta",
]

_ROOT_PI = math.sqrt(math.pi)


class SpecialUnary(Special, Unary):
    """A special function of one array and its derivative."""

    __slots__ = ()


# ------------------------------------------------------------------------- the error function


class Erf(SpecialUnary):
    """Error function: y = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""

    __slots__ = ()
    label = special = "erf"
    keep = (0,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        return sympy.erf(*xs)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * (np.exp(-(x * x)) * (2 / _ROOT_PI))


erf = function_of(Erf)


class Erfc(SpecialUnary):
    """Complementary error function: y = 1 - erf(x), precise for large x."""

    __slots__ = ()
    label = special = "erfc"
    keep = (0,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        return sympy.erfc(*xs)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * (np.exp(-(x * x)) * (-2 / _ROOT_PI))


erfc = function_of(Erfc)


class Erfcx(SpecialUnary):
    """Scaled complementary error function: y = exp(x^2) erfc(x), without underflow."""

    __slots__ = ()
    label = special = "erfcx"
    keep = (0, 1)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        (x,) = xs
        return sympy.exp(x**2) * sympy.erfc(x)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        # Two numbers near 2 / sqrt(pi) cancel for large x: at 1e5 six digits are left, at 1e8 none.
        return gy * (x * y * 2 - 2 / _ROOT_PI)


erfcx = function_of(Erfcx)


class Erfinv(SpecialUnary):
    """Inverse error function: erf(y) = x, for |x| < 1."""

    __slots__ = ()
    label = special = "erfinv"
    keep = (1,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        return sympy.erfinv(*xs)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * (np.exp(y * y) * (_ROOT_PI / 2))


erfinv = function_of(Erfinv)


class Erfcinv(SpecialUnary):
    """Inverse complementary error function: erfc(y) = x, for 0 < x < 2."""

    __slots__ = ()
    label = special = "erfcinv"
    keep = (1,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        (x,) = xs
        # SymPy computes no numbers of its own erfcinv.
        return sympy.erfinv(1 - x)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * (np.exp(y * y) * (-_ROOT_PI / 2))


erfcinv = function_of(Erfcinv)


# -------------------------------------------------------------------- the normal distribution


class Ndtr(SpecialUnary):
    """Cumulative distribution of the standard normal: y = (1 + erf(x / sqrt(2))) / 2."""

    __slots__ = ()
    label = special = "ndtr"
    keep = (0,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        (x,) = xs
        # By erfc: far on the left 1 + erf would cancel once numbers are put in.
        return sympy.erfc(-x / sympy.sqrt(2)) / 2

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * _density(x)


def _density(x: Array) -> Array:
    """The standard normal density."""
    return np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))


ndtr = function_of(Ndtr)


class Ndtri(SpecialUnary):
    """Quantiles of the standard normal: ndtr(y) = x, for 0 < x < 1."""

    __slots__ = ()
    label = special = "ndtri"
    keep = (1,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        (x,) = xs
        return sympy.sqrt(2) * sympy.erfinv(2 * x - 1)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * (np.exp(y * y * 0.5) * math.sqrt(2 * math.pi))


ndtri = function_of(Ndtri)


class LogNdtr(SpecialUnary):
    """y = log(ndtr(x)), without underflow."""

    __slots__ = ()
    label = special = "log_ndtr"
    keep = (0,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        return sympy.log(Ndtr.symbolic(sympy, *xs))

    def backward(self, gy: Array, x: Array) -> Array:
        # The density over ndtr. On the left both underflow (at x = -40), and their quotient is one
        # over erfcx; on the right that overflows, and its derivative would be 0 times infinity.
        zeros = np.zeros_like(x)
        left, right = np.where(x < 0, x, zeros), np.where(x < 0, zeros, x)
        far = math.sqrt(2 / math.pi) / Erfcx()(left * -math.sqrt(0.5))
        return gy * np.where(x < 0, far, _density(right) / Ndtr()(right))


log_ndtr = function_of(LogNdtr)


# -------------------------------------------------------------------------- the gamma function


class LGamma(SpecialUnary):
    """y = log |gamma(x)|."""

    __slots__ = ()
    label, special = "lgamma", "gammaln"
    keep = (0,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        # SymPy's loggamma is complex for x < 0.
        return sympy.log(sympy.Abs(sympy.gamma(*xs)))

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * Digamma()(x)


lgamma = function_of(LGamma)


class Digamma(SpecialUnary):
    """y = the derivative of lgamma at x."""

    __slots__ = ()
    label = special = "digamma"
    keep = (0,)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        return sympy.digamma(*xs)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * Polygamma()(np.ones_like(x), x)


digamma = function_of(Digamma)


class Polygamma(Special, Broadcasting):
    """z = the derivative of order n of digamma at x; no gradient along n."""

    __slots__ = ()
    label = "polygamma"
    keep = (0, 1)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        return sympy.polygamma(*xs)

    @classmethod
    def of_numbers(cls, *arrays: Raw) -> Raw:
        # SciPy's own polygamma converts its arguments and always answers in double precision.
        n, x = arrays
        scipy = library(x)
        sign = n % 2 * 2 - 1
        z = sign * scipy.gamma(n + 1) * scipy.zeta(n + 1, x)
        # zeta(1, x) is infinite: order 0 is a function of its own.
        return np.where(n == 0, scipy.digamma(x), z)

    def backward(self, gz: Array, n: Array, x: Array) -> Array:
        right = self.wants[1]
        return None, (gz * Polygamma()(n + 1, x) if right else None)


def polygamma(n: Operand, x: Operand) -> Variable:
    """The derivative of order n (integers, a number or an array) of digamma at x, broadcast."""
    order = as_raw(n)
    if order.dtype.kind not in "iu":
        raise InvalidType("polygamma", "integers as the order n", f"dtype {order.dtype}")
    return Polygamma().of(order, variable_of(x))


class Zeta(Special, Broadcasting):
    """z = the sum of (q + k)^-x over k >= 0, Hurwitz' zeta function; no gradient along x."""

    __slots__ = ()
    label = special = "zeta"
    keep = (0, 1)

    @staticmethod
    def symbolic(sympy: Any, *xs: Operand) -> Any:
        return sympy.zeta(*xs)

    def backward(self, gz: Array, x: Array, q: Array) -> Array:
        right = self.wants[1]
        return None, (gz * (-x * Zeta()(x + 1, q)) if right else None)


def zeta(x: Operand, q: Operand) -> Variable:
    """Hurwitz' zeta function, the sum of (q + k)^-x over k >= 0, broadcast.

    Differentiable in q alone (as in Chainer): the derivative along x is no function of SciPy's.
    """
    if isinstance(x, Variable) and x.requires_grad and config.enable_backprop:
        raise NoRuleError(
            "zeta: its derivative along x has no closed form here: give x as an array (x.array), "
            "and differentiate in q alone"
        )
    return Zeta().of(as_raw(x), variable_of(q))
