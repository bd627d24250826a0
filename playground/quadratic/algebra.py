"""A quadratic form and its derivatives as formulas: by components, and in matrix form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from playground.interpreters.symbols import symbolic, sympy, to_sympy
from playground.quadratic.problem import Derivatives, quadratic_form, variables

__all__ = ["Algebra", "MatrixForm", "Stationary"]


@dataclass(frozen=True)
class Algebra:
    """The formulas of f(x) = 1/2 x'Qx + bx, for Q of shape (n, n) and b of shape (n,).

    They come from the function in plain NumPy (:func:`playground.quadratic.quadratic_form`), to
    which symbols are given, and SymPy's derivatives. Raises SymbolError where SymPy is missing.
    """

    Q: np.ndarray
    b: np.ndarray

    @cached_property
    def symbols(self) -> list[Any]:
        """x1, x2 …"""
        return list(sympy().symbols(variables(len(self.b)), real=True))

    @cached_property
    def expression(self) -> Any:
        """f, multiplied out."""
        return sympy().expand(to_sympy(quadratic_form(self.Q, self.b), self.symbols))

    @cached_property
    def gradient(self) -> Any:
        """The column of the first derivatives."""
        return sympy().Matrix([self.expression.diff(x) for x in self.symbols])

    @cached_property
    def jacobian(self) -> Any:
        """The row of the first derivatives."""
        return sympy().Matrix([self.expression]).jacobian(self.symbols)

    @cached_property
    def hessian(self) -> Any:
        """The matrix of the second derivatives."""
        return sympy().hessian(self.expression, self.symbols)

    @cached_property
    def matrix_form(self) -> MatrixForm:
        """The same in terms of Q, b and x."""
        return MatrixForm.of(bool((self.Q == self.Q.T).all()))

    @cached_property
    def stationary(self) -> Stationary:
        """Where the gradient vanishes."""
        return Stationary.of(self)

    def at(self, points: np.ndarray) -> Derivatives:
        """The formulas with numbers for the symbols, at points of shape (k, n)."""
        k, n = points.shape
        parts = [self.expression, *self.gradient, *self.hessian]
        code = sympy().lambdify(self.symbols, parts, modules="numpy")
        # SymPy writes whole numbers for constants, and integers have no rounding to speak of.
        found = [np.broadcast_to(np.asarray(part, float), k) for part in code(*points.T)]
        gradients, hessians = np.stack(found[1 : n + 1], -1), np.stack(found[n + 1 :], -1)
        return Derivatives(points, found[0], gradients, hessians.reshape(k, n, n))

    def latex(self) -> dict[str, str]:
        """Each formula as LaTeX, by what stands to its left."""
        form, tex = self.matrix_form, sympy().latex
        components = {"f(x)": self.expression, r"\nabla f": self.gradient}
        components |= {"J": self.jacobian, "H": self.hessian}
        matrices = {"f(x)": form.expression, r"\nabla f": form.gradient, "H": form.hessian}
        return {
            left: tex(self_) + (f" = {tex(matrices[left])}" if left in matrices else "")
            for left, self_ in components.items()
        }


@dataclass(frozen=True)
class MatrixForm:
    """f, its gradient and its Hessian as expressions of matrices."""

    expression: Any
    gradient: Any
    hessian: Any

    @classmethod
    def of(cls, symmetric: bool) -> MatrixForm:
        """SymPy's derivatives by the whole vector x; of a symmetric Q they are Qx + b and Q."""
        sp = sympy()
        n = sp.Symbol("n", integer=True, positive=True)
        Q, x, b = sp.MatrixSymbol("Q", n, n), sp.MatrixSymbol("x", n, 1), sp.MatrixSymbol("b", n, 1)
        f = x.T * Q * x / 2 + b.T * x
        second = sp.refine(f.diff(x).diff(x), sp.Q.symmetric(Q) if symmetric else True).doit()
        # The first derivative is the same, its terms in x apart.
        return cls(f, second * x + b, second)


@dataclass(frozen=True)
class Stationary:
    """Where the gradient of a quadratic form vanishes.

    Attributes:
        kind: "minimum", "maximum", "saddle point", "plane" where f is constant, or "none" where
            the gradient vanishes nowhere.
        point: a point where it does, as a column of exact numbers; None where there is none.
        directions: columns along which one may go from there and find more; empty for one point.
        value: f there.
    """

    kind: str
    point: Any = None
    directions: tuple[Any, ...] = ()
    value: Any = None

    @classmethod
    def of(cls, algebra: Algebra) -> Stationary:
        """Solve gradient = 0, exactly, in the numbers that were meant by the floats."""
        sp = sympy()
        # Exact: whether the gradient vanishes hangs on a rank, which rounding would decide.
        H = algebra.hessian.applyfunc(sp.Rational)
        b = sp.Matrix([sp.Rational(part) for part in symbolic(algebra.b).elements])
        if H.rank() < H.row_join(b).rank():
            return cls("none")
        point = H.gauss_jordan_solve(-b)[0]
        # Any point of a line or plane of them will do: the one with zeros for what is free.
        point = point.subs(dict.fromkeys(point.free_symbols, 0))
        value = algebra.expression.subs(dict(zip(algebra.symbols, point, strict=True)))
        return cls(cls._kind_of(H), point, tuple(H.nullspace()), value)

    @staticmethod
    def _kind_of(hessian: Any) -> str:
        """By the signs of the eigenvalues, of which those that are 0 count for neither."""
        values = np.linalg.eigvalsh(np.array(hessian.tolist(), float))
        rank = hessian.rank()
        # As many as the exact rank: rounding has made tiny numbers of those that are 0.
        counted = values[np.argsort(-np.abs(values))[:rank]]
        if not rank:
            return "plane"
        if (counted > 0).all():
            return "minimum"
        return "maximum" if (counted < 0).all() else "saddle point"
