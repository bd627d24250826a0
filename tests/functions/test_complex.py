"""Complex Variables: the gradient is the complex derivative, and what is not holomorphic raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from playground import InvalidType, NoRuleError, Variable

Z = np.array([[2 + 1j, 0.3], [0.1j, 1.5 - 0.5j]])
DIRECTION = np.array([[1, 0.5], [-0.3, 0.2]])

HOLOMORPHIC: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda z: (z * z + 3) / (z - 1j) - z**3,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "prod": np.prod,
    "cumsum": np.cumsum,
    "mean": np.mean,
    "matmul": lambda z: z @ z,
    "einsum": lambda z: np.einsum("ij,jk->k", z, z),
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "solve": lambda z: np.linalg.solve(z, np.ones(2)),
    "index": lambda z: z[[0, 0, 1], [1, 1, 0]] ** 2,
}


@pytest.mark.parametrize("name", HOLOMORPHIC)
@pytest.mark.parametrize("turn", [1, 1j])
def test_the_gradient_is_the_complex_derivative(name: str, turn: complex) -> None:
    """The same from the real and from the imaginary direction, as it must be."""
    f = HOLOMORPHIC[name]
    z = Variable(Z)
    f(z).sum().backward()
    assert z.grad.dtype == Z.dtype
    step = 1e-6 * turn
    slope = (f(Z + step * DIRECTION).sum() - f(Z - step * DIRECTION).sum()) / (2 * step)
    np.testing.assert_allclose((z.grad * DIRECTION).sum(), slope, rtol=1e-7)


# In every quadrant, inside and outside the unit circle; and on both sides of each axis, where the
# sign of a zero says on which side of a branch cut a point lies.
QUADRANTS = [complex(x, y) for x in (-2.5, -0.4, 0.3, 2.2) for y in (-1.7, -0.6, 0.3, 1.9)]
ON_AXES = [
    z
    for r in (-2.5, -1.2, -0.5, 0.5, 1.2, 2.5)
    for zero in (0.0, -0.0)
    for z in (complex(r, zero), complex(zero, r))
]

ELEMENTWISE = (
    "sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1 log "
    "log2 log10 log1p sqrt square reciprocal negative positive sinc"
)

BRANCHES: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(np, name) for name in ELEMENTWISE.split()},
    "a power": lambda z: z**-1.5,
    "a complex power": lambda z: z ** (0.5 - 0.3j),
    "a power of itself": lambda z: z**z,
    "powers of a complex number": lambda z: (2 + 1j) ** z,
    "powers of an imaginary number": lambda z: 1j**z,
    "powers of a negative number": lambda z: (-2.0) ** z,
    "powers of a positive number": lambda z: 3**z,
    "powers of a complex constant": lambda z: np.power(np.full(np.shape(z), -1 + 2j), z),
    "a root beside a number": lambda z: np.sqrt(z - 1),
    "a logarithm of a quotient": lambda z: np.log(z / 2),
    "a logarithm of a product": lambda z: np.log(3 * z) / z,
}


@pytest.mark.parametrize("name", BRANCHES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_derivatives_in_all_quadrants_and_on_both_sides_of_the_cuts(name: str) -> None:
    f, z = BRANCHES[name], np.array(QUADRANTS + ON_AXES)
    x = Variable(z)
    y = f(x)
    np.testing.assert_array_equal(y.array, f(z))
    (first,) = playground.grad([y * 1], [x], enable_double_backprop=True)
    # Steps that stay on the side: along the axis on which a point lies, else along the real one.
    turn = np.where(z.real == 0, 1j, 1)

    def at(k: float, h: float) -> Any:
        # Part by part: a sum would turn -0.0 to 0.0.
        moved = z.copy()
        moved.real = np.where(turn == 1, z.real + k * h, z.real)
        moved.imag = np.where(turn == 1j, z.imag + k * h, z.imag)
        return f(moved)

    h = 2e-3
    slopes = (8 * (at(1, h) - at(-1, h)) - (at(2, h) - at(-2, h))) / (12 * h * turn)
    np.testing.assert_allclose(first.array, slopes, rtol=1e-7, atol=1e-8)
    (second,) = playground.grad([first * 1], [x])
    bends = (16 * (at(1, h) + at(-1, h)) - at(2, h) - at(-2, h) - 30 * at(0, h)) / (12 * h * h)
    found = 0 if second is None else second.array
    np.testing.assert_allclose(found, bends / turn**2, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_arccosh_by_its_closed_form() -> None:
    # Its square is 1 / (z^2 - 1), and its real part has the sign of that of z.
    z = Variable(np.array([-2 + 1j, -2 - 1j, 2 + 1j, 2 - 1j]))
    np.arccosh(z).sum().backward()
    np.testing.assert_allclose(z.grad**2, 1 / (z.array**2 - 1))
    np.testing.assert_array_equal(np.sign(z.grad.real), [-1, -1, 1, 1])
    assert np.isnan(playground.grad([np.arccosh(x := Variable(np.array(-2.0)))], [x])[0].array)


def test_a_power_of_a_negative_number_has_no_real_derivative() -> None:
    x = Variable(np.array([2.0, 3.0]))
    y = (-2.0) ** x
    np.testing.assert_array_equal(y.array, [4, -8])
    y.sum().backward()
    assert np.isnan(x.grad).all()


OTHERS: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "conj": np.conj,
    "real": np.real,
    "imag": np.imag,
    "angle": np.angle,
    "norm": np.linalg.norm,
    "vector_norm": np.linalg.vector_norm,
    "nuclear norm": lambda z: np.linalg.norm(z, "nuc"),
    "vdot": lambda z: np.vdot(z, z),
    "vdot with a constant": lambda z: np.vdot(Z, z),
    "var": np.var,
    "std": np.std,
    "cov": np.cov,
    "cholesky": np.linalg.cholesky,
    "qr": np.linalg.qr,
    "pinv": np.linalg.pinv,
    "lstsq": lambda z: np.linalg.lstsq(z, np.ones(2), rcond=None),
    "slogdet": np.linalg.slogdet,
    "svd": np.linalg.svd,
    "eigh": np.linalg.eigh,
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_holomorphic_raises(name: str) -> None:
    with pytest.raises((InvalidType, NoRuleError)):
        OTHERS[name](Variable(Z))
