"""What is a constant beside a Variable: integers without a gradient, tuples, rounded numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import InvalidType, Variable
from playground.transforms import grad, hessian, vmap

X = np.array([0.3, 1.7, 2.2])


def filled(x: Any, values: Any) -> Any:
    y = x * 1.0
    y[:2] = values
    return (y * y).sum()


def added(x: Any, values: Any) -> Any:
    y = x * 1.0
    y = y + values
    return (y**2).sum()


CALLS: dict[str, Callable[[Any], Any]] = {
    "floor astype": lambda x: (x - np.floor(x).astype(int)).sum(),
    "rint int*": lambda x: (x * np.rint(x).astype(int)).sum(),
    "int32": lambda x: (np.round(x).astype("i4") * x).sum(),
    "bool var": lambda x: ((x > 1).astype(bool) * x).sum(),
    "int var /": lambda x: (x / np.ceil(x).astype(int)).sum(),
    "int pow": lambda x: (x ** np.ceil(x).astype(int)).sum(),
    "np.add": lambda x: np.add(np.floor(x).astype(int), x).sum(),
    "max": lambda x: np.maximum(x, np.floor(x).astype(int)).sum(),
    "where": lambda x: np.where(x > 1, x, np.floor(x).astype(int)).sum(),
    "concat": lambda x: np.concatenate([x, np.floor(x).astype(int)]).sum(),
    "matmul": lambda x: x @ np.floor(x).astype(int),
    "einsum": lambda x: np.einsum("i,i", x, np.floor(x).astype(int)),
    "stack": lambda x: np.stack([np.floor(x).astype(int), x]).sum(),
    "set": lambda x: filled(x, np.floor(x).astype(int)[1:]),
    "iadd": lambda x: added(x, np.floor(x).astype(int)),
    "round()": lambda x: (round(x[1]) * x).sum(),
    "round(x,1)": lambda x: (round(x[1], 1) * x).sum(),
    "x-tuple": lambda x: (x - (1.0, 2.0, 3.0)).sum(),
    "tuple*x": lambda x: ((1.0, 2.0, 3.0) * x).sum(),
    "tuple/x": lambda x: ((1.0, 2.0, 3.0) / x).sum(),
    "x**tuple": lambda x: (x ** (1.0, 2.0, 3.0)).sum(),
    "x@tuple": lambda x: x @ (1.0, 2.0, 3.0),
    "tuple@x": lambda x: (1.0, 2.0, 3.0) @ x,
    "np.add t": lambda x: np.add((1.0, 2.0, 3.0), x).sum(),
    "polyval": lambda x: np.polyval((1.0, 2.0), x).sum(),
    "dot": lambda x: np.dot((1.0, 2.0, 3.0), x),
    "inner": lambda x: np.inner(x, (1.0, 2.0, 3.0)),
    "max t": lambda x: np.maximum(x, (1.0, 1.0, 1.0)).sum(),
    "where t": lambda x: np.where((True, False, True), x, (1.0, 2.0, 3.0)).sum(),
    "concat t": lambda x: np.concatenate(((1.0, 2.0), x)).sum(),
    "einsum t": lambda x: np.einsum("i,i", (1.0, 2.0, 3.0), x),
    "interp": lambda x: np.interp(1.5, (0.0, 1.0, 2.0), x),
    "convolve": lambda x: np.convolve((1.0, 2.0), x).sum(),
    "outer": lambda x: np.outer((1.0, 2.0), x).sum(),
    "matmul t": lambda x: np.matmul(((1.0, 2.0, 3.0), (1.0, 1.0, 1.0)), x).sum(),
    "nested": lambda x: (x * ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))).sum(),
    "cmp": lambda x: ((x > (1.0, 1.0, 1.0)) * x).sum(),
    "set t": lambda x: filled(x, (5.0, 6.0)),
    "x+=t": lambda x: added(x, (1.0, 2.0, 3.0)),
    "average": lambda x: np.average(x, weights=(1.0, 2.0, 3.0)),
    "cross": lambda x: np.cross(x, (1.0, 2.0, 3.0)).sum(),
    "kron": lambda x: np.kron((1.0, 2.0), x).sum(),
    "trapz": lambda x: np.trapezoid(x, (0.0, 1.0, 3.0)),
    "solve": lambda x: np.linalg.solve(
        ((2.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), x
    ).sum(),
    "clip": lambda x: np.clip(x, (0.0, 1.0, 2.0), 3.0).sum(),
    "hypot": lambda x: np.hypot((1.0, 2.0, 3.0), x).sum(),
    "vdot": lambda x: np.vdot((1.0, 2.0, 3.0), x),
    "tensordot": lambda x: np.tensordot((1.0, 2.0, 3.0), x, 1),
    "append": lambda x: np.append(x, (1.0, 2.0)).sum(),
    "flat": lambda x: sum(v for v in x.flat),
    "mod": lambda x: (x % (1.0, 2.0, 3.0)).sum(),
    "fdiv": lambda x: (x // np.array([1, 2, 1]) + x).sum(),
}


@pytest.mark.parametrize("name", CALLS)
def test_value_and_gradient_are_the_plain_codes(name: str) -> None:
    f, step = CALLS[name], 1e-6
    value = f(Variable(X) * 1.0)
    np.testing.assert_allclose(getattr(value, "array", value), f(X), rtol=1e-14)
    expected = [(f(X + step * e) - f(X - step * e)) / (2 * step) for e in np.eye(3)]
    np.testing.assert_allclose(grad(f)(X), expected, atol=1e-7)


def test_integers_beside_fractions_in_lanes_and_twice() -> None:
    def f(x: Any) -> Any:
        return (x**2 * np.floor(x).astype(int)).sum()

    many = np.stack([X, X + 1.0, X * 3])
    np.testing.assert_allclose(vmap(grad(f))(many), 2 * many * np.floor(many), rtol=1e-14)
    np.testing.assert_allclose(hessian(f)(X), np.diag(2 * np.floor(X)), rtol=1e-14)
    single = Variable(X.astype("f4"))
    y = single * np.floor(single).astype("i8")
    assert y.dtype == "f4"
    y.sum().backward()
    np.testing.assert_array_equal(single.grad, np.floor(X).astype("f4"))
    with pytest.raises(InvalidType, match=r"float32 != float64"):
        single * Variable(X)


def test_round_of_a_number_is_an_integer_and_of_an_array_refused() -> None:
    v = Variable(np.array(2.67))
    assert round(v) == 3
    assert type(round(v)) is int
    assert round(v, 1).array == 2.7
    with pytest.raises(TypeError, match=r"numpy\.round"):
        round(Variable(X))
    assert grad(lambda x: x**2 * round(x))(2.6) == pytest.approx(2 * 2.6 * 3)
