"""Special functions: values and derivatives beside mpmath, far out, and where SciPy is missing."""

from __future__ import annotations

import builtins
import math
from typing import Any

import mpmath
import numpy as np
import pytest

import playground.functions as F
from playground import MissingLibraryError, NoRuleError, Variable
from playground.interpreters.symbols import to_sympy
from playground.transforms import grad

POINTS = (0.3, 0.75, 1.6)
# Each function of one number, and mpmath's.
EXACT: dict[str, Any] = {
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erfcx": lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
    "erfinv": lambda x: mpmath.erfinv(x),
    "erfcinv": lambda x: mpmath.erfinv(1 - x),
    "ndtr": mpmath.ncdf,
    "ndtri": lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1),
    "log_ndtr": lambda x: mpmath.log(mpmath.ncdf(x)),
    "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma,
}
BOUNDED = {"erfinv", "ndtri"}


def derivative(name: str, order: int) -> Any:
    function: Any = lambda x: getattr(F, name)(x)  # noqa: E731
    for _ in range(order):
        function = grad(function)
    return function


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("name", EXACT)
def test_derivatives_of_every_order(name: str, order: int) -> None:
    for x in POINTS[:2] if name in BOUNDED else POINTS:
        with mpmath.workdps(40):
            expected = float(mpmath.diff(EXACT[name], x, order))
        found = derivative(name, order)(np.array(x))
        np.testing.assert_allclose(getattr(found, "array", found), expected, rtol=1e-11)


@pytest.mark.parametrize("x", [-1e5, -200.0, -40.0, -1.0, 0.0, 5.0, 30.0, 60.0])
def test_log_ndtr_keeps_its_derivatives_far_out(x: float) -> None:
    """f' is density over distribution, f'' = -f' (x + f'): finite on both sides."""
    with mpmath.workdps(60):
        slope = mpmath.npdf(x) / mpmath.erfc(-mpmath.mpf(x) / mpmath.sqrt(2)) * 2
        bend = -slope * (x + slope)
    np.testing.assert_allclose(derivative("log_ndtr", 1)(np.array(x)), float(slope), rtol=1e-12)
    np.testing.assert_allclose(derivative("log_ndtr", 2)(np.array(x)), float(bend), rtol=1e-4)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("x", [-2.5, 0.2, 3.7])
def test_polygamma(n: int, x: float) -> None:
    with mpmath.workdps(30):
        expected, above = float(mpmath.psi(n, x)), float(mpmath.psi(n + 1, x))
    v = Variable(np.array(x))
    y = F.polygamma(n, v)
    y.backward()
    np.testing.assert_allclose(y.array, expected, rtol=1e-12)
    # Between two poles the largest terms of an odd order cancel.
    np.testing.assert_allclose(v.grad, above, rtol=1e-12 if x > 0 else 1e-9)


def test_zeta_is_riemanns_at_1() -> None:
    q = Variable(np.array(1.0))
    y = F.zeta(np.array(2.0), q)
    y.backward()
    np.testing.assert_allclose(y.array, math.pi**2 / 6, rtol=1e-14)
    np.testing.assert_allclose(q.grad, -2 * float(mpmath.zeta(3)), rtol=1e-14)


def test_zeta_refuses_the_exponent() -> None:
    with pytest.raises(NoRuleError, match=r"give x as an array"):
        F.zeta(Variable(np.array(2.0)), Variable(np.array(1.0)))


@pytest.mark.parametrize("x", [-3.5, -0.5, 0.5, 4.0])
def test_lgamma_is_real_everywhere(x: float) -> None:
    np.testing.assert_allclose(F.lgamma(np.array(x)).array, math.lgamma(x), rtol=1e-13)
    formula = to_sympy(F.lgamma, [x])
    assert float(formula[0]) == pytest.approx(math.lgamma(x))


def test_the_formula_of_a_density() -> None:
    x = to_sympy(grad(F.ndtr), ()).free_symbols.pop()
    assert str(to_sympy(F.erf, (), names="t")) == "erf(t)"
    value = to_sympy(grad(F.ndtr), ()).subs(x, 0.3)
    assert float(value) == pytest.approx(float(mpmath.npdf(0.3)))


def test_half_precision_stays() -> None:
    v = Variable(np.array([0.5], "e"))
    for name in EXACT:
        y = getattr(F, name)(v)
        v.cleargrad()
        y.backward()
        assert y.dtype == v.grad.dtype == "e"


def test_without_scipy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "scipy":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingLibraryError, match="pip install scipy") as caught:
        F.erf(Variable(np.ones(2)))
    assert isinstance(caught.value, ImportError)
