"""Formulas of a user: what they compute, and what is refused with which words."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import playground
from playground import Variable
from playground.field.expression import ARITY, CONSTANTS, Expression
from playground.graph.errors import InputError

X0, X1 = np.array([0.5, -2.0, 3.0]), np.array([1.5, 0.25, -1.0])


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        Expression(text)
    message = str(caught.value)
    assert "\n" not in message
    return message


VALUES = [
    ("x0**2+x1**2", X0**2 + X1**2),
    ("x0*x1", X0 * X1),
    ("sin(x0*x1)", np.sin(X0 * X1)),
    ("x0*exp(-x1**2)", X0 * np.exp(-(X1**2))),
    ("-x0**2", -(X0**2)),
    ("2**-x1", 2**-X1),
    ("x0 - x1 - 1", X0 - X1 - 1),
    ("x0 / x1 / 2", X0 / X1 / 2),
    ("2 ** 3 ** 2 + x0", 512 + X0),
    ("x0 // 2 + x1 % 2", X0 // 2 + X1 % 2),
    ("pi*x0 + e*x1", math.pi * X0 + math.e * X1),
    ("np.hypot(x0, x1) + numpy.abs(x0)", np.hypot(X0, X1) + abs(X0)),
    ("where(x0 > 0, x0, -x1)", np.where(X0 > 0, X0, -X1)),
    ("x0 * (x1 <= 0.25)", X0 * (X1 <= 0.25)),
    ("where(logical_and(x0 > 0, x1 != 1.5), 1, x0)", np.array([0.5, -2.0, 1.0])),
    ("clip(x0, -1, 1)", np.clip(X0, -1, 1)),
    ("where(1 < 2, x0, x1)", X0),
    ("+x0\n", X0),
    ("1e-3 * x0 + 0x10", 1e-3 * X0 + 16),
    ("sqrt(2) * x0", math.sqrt(2) * X0),
]


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[text for text, _ in VALUES])
def test_a_formula_is_what_python_reads(text: str, expected: np.ndarray) -> None:
    assert np.allclose(Expression(text)(X0, X1), expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", sorted(ARITY))
def test_every_function_is_numpys(name: str) -> None:
    count = ARITY[name]
    inside = np.array([0.2, 0.7]), np.array([1.5, 2.5]), np.array([3.5, 3.0])
    if name in ("acosh", "arccosh"):
        inside = (np.array([1.5, 2.0]),)
    names = ("a", "b", "c")[:count]
    found = Expression(f"{name}({', '.join(names)})", names)(*inside[:count])
    assert np.array_equal(found, getattr(np, name)(*inside[:count]))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", sorted(ARITY))
def test_every_function_takes_variables(name: str) -> None:
    """What is typed can be differentiated, or is a step function, whose gradient is nothing."""
    formula = Expression(f"{name}({', '.join('abc'[: ARITY[name]])})", "abc"[: ARITY[name]])
    start = 1.5 if name in ("acosh", "arccosh") else 0.5
    found = formula(*(Variable(np.array([start + 0.1 * i])) for i in range(ARITY[name])))
    steps = {"logical_and", "logical_or", "logical_not"}
    assert isinstance(found, Variable) or name in steps


def test_gradients_flow_through_it() -> None:
    x0, x1 = Variable(X0), Variable(X1)
    formula = Expression("x0*exp(-x1**2) + where(x0 > 0, x0**3, 0)")
    g0, g1 = playground.grad([formula(x0, x1).sum()], [x0, x1])
    bell = np.exp(-(X1**2))
    assert np.allclose(g0.array, bell + 3 * X0**2 * (X0 > 0), rtol=1e-14)
    assert np.allclose(g1.array, -2 * X0 * X1 * bell, rtol=1e-14)


def test_numbers_take_the_precision_of_the_variables() -> None:
    formula = Expression("pi*x0 + sqrt(2)*x1 + 1/3 + sin(1)")
    assert formula(X0.astype(np.float32), X1.astype(np.float32)).dtype == np.float32


def test_it_knows_which_variables_it_uses() -> None:
    assert Expression("x1 + 2*pi").used == ("x1",)
    assert Expression("cos(pi)").used == ()
    assert Expression("cos(pi)")(X0, X1) == -1.0
    assert Expression("t*u", ("t", "u"))(2, 3) == 6
    with pytest.raises(InputError, match=r"expected values of x0, x1, got 1"):
        Expression("x0")(X0)


def test_a_long_formula_is_no_deeper_than_a_short_one() -> None:
    assert Expression("+".join(["x0"] * 700))(1.0, 0.0) == 700


# -------------------------------------------------------------------------------- refusals


def test_an_unknown_name_is_told_with_those_near_to_it() -> None:
    message = refused("sine(x0)")
    assert re.search(r"unknown name 'sine'; did you mean sin or \w+", message)
    for name in ("x0", "x1", *CONSTANTS, "--help"):
        assert name in message
    assert len(message) < 200


@pytest.mark.parametrize(
    ("text", "near"),
    [("y+1", "x1"), ("x**2", "x0"), ("ln(x0)", "log"), ("max(x0, x1)", "maximum"), ("X0", "x0")],
)
def test_the_nearest_name_is_offered(text: str, near: str) -> None:
    assert re.search(rf"did you mean {near}\b", refused(text))


REFUSED = {
    "": "formula is empty",
    "x0^2": "** is the power",
    "x0 if x1 else 1": "where(condition, a, b)",
    "x0 > 0 and x1 > 0": "logical_and(a, b)",
    "0 < x0 < 1": "logical_and(a, b)",
    "not x0": "logical_not(a)",
    "x[0]": "write x0",
    "1,5*x0": "point as decimal mark",
    "x0 is x1": "comparisons and functions",
    "sin": "sin is a function: write sin(a)",
    "sin(x0, x1)": "expected sin(a), got 2",
    "where(x0)": "expected where(a, b, c), got 1",
    "sin(x=x0)": "by position",
    "sin(*x0)": "cannot be read",
    "x0(x1)": "x0*(…) to multiply",
    "pi(x0)": "pi*(…) to multiply",
    "x0 +": "is no formula",
    "(x0": "never closed",
    "1j*x0": "cannot be read",
    "True*x0": "cannot be read",
    "'a'": "cannot be read",
    "x0 @ x1": "cannot be read",
    "x0 + 1/0": "without variables is inf",
    "sqrt(-1)*x0": "without variables is nan",
    "(-1)**0.5*x0": "without variables is nan",
    "9**9**9**9": "without variables is inf",
    "1e999*x0": "too large for float64",
    "1" + "0" * 400 + "*x0": "too large for float64",
    "x0" + " " * 10_000 + "+x1": "at most 10,000",
    "-" * 9_000 + "x0": "nested too deeply",
    "(" * 300 + "x0" + ")" * 300: "is no formula",
    "x0 - negative(1 < 2)": "without variables",
}


@pytest.mark.parametrize(("text", "words"), REFUSED.items(), ids=[t[:20] for t in REFUSED])
def test_what_no_formula_may_hold(text: str, words: str) -> None:
    assert words in refused(text)


ATTACKS = [
    "__import__('os').system('touch broken')",
    "open('broken', 'w')",
    "().__class__.__bases__[0].__subclasses__()",
    "x0.__class__",
    "np.__dict__",
    "np.load(x0)",
    "np.fromfile(x0)",
    "np.random.seed(x0)",
    "np.linalg.inv(x0)",
    "(lambda: x0)()",
    "[x0 for x0 in x1]",
    "(x0 := x1)",
    "f'{x0}'",
    "eval(x0)",
    "getattr(x0, x1)",
    "math.sin(x0)",
    "x0; x1",
    "import os",
    "{x0: x1}",
    "x0\x00",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_but_mathematics_gets_through(text: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(text)
    assert list(tmp_path.iterdir()) == []
