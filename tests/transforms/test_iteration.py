"""Loops over a Variable, in all ways of Python and NumPy: connected, or refused with the cure."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import GraphCutError, IterationCutError, NoRuleError, Variable
from playground.transforms import grad, hessian, vmap
from tests.loops import for_each

X = np.array([1.0, 2.0, 3.0])
M = np.arange(1.0, 5.0).reshape(2, 2)


def filled(x: Any) -> Any:
    y = x * 1.0
    y.flat = x[::-1] ** 2
    return (y * x).sum()


def cleared(x: Any) -> Any:
    y = x * x
    y.flat = 2.0
    return (y * x).sum()


def starred(first: Any, *rest: Any) -> Any:
    return first * rest[1]


LOOPS: dict[str, Callable[[Any], Any]] = {
    "for": lambda x: sum(y**2 for y in x),
    "indices": lambda x: sum(x[i] ** 3 for i in range(len(x))),
    "enumerate": lambda x: sum(i * y**2 for i, y in enumerate(x)),
    "zip": lambda x: sum(a * b for a, b in zip(x, x[::-1], strict=True)),
    "pairwise": lambda x: sum(a * b for a, b in itertools.pairwise(x)),
    "product": lambda x: sum(a * b for a, b in itertools.product(x, x)),
    "accumulate": lambda x: list(itertools.accumulate(x))[-1] ** 2,
    "chain": lambda x: sum(itertools.chain(x, x * x)),
    "reversed": lambda x: sum(i * y**2 for i, y in enumerate(reversed(x))),
    "map": lambda x: sum(map(lambda y: y * y, x)),  # noqa: C417
    "unpacked": lambda x: starred(*x),
    "next": lambda x: next(iter(x)) ** 2,
    "list": lambda x: list(x)[1] ** 2,
    "tuple": lambda x: tuple(x)[1] ** 3,
    "sorted": lambda x: sorted(x)[0] * x[1],
    "max and min": lambda x: max(x) ** 2 * min(x),
    "sum": lambda x: sum(x) ** 2,
    "in": lambda x: x.sum() ** 2 if 2.0 in x else x[0],
    "not in": lambda x: x.sum() if 7.0 in x else x[0] ** 2,
    "any and all": lambda x: (x**2).sum() if any(x > 2) and all(x > 0) else x[0],
    "flat": lambda x: sum(y**2 for y in x.flat),
    "flat index": lambda x: x.flat[2] ** 2 + (x.flat[:2] ** 3).sum(),
    "flat written": filled,
    "flat cleared": cleared,
    "ndindex": lambda x: sum(x[i] ** 2 for i in np.ndindex(x.shape)),
    "ndindex of lengths": lambda x: sum(x[i] ** 2 for i in np.ndindex(*x.shape)),
    "argwhere": lambda x: sum(x[tuple(i)] ** 2 for i in np.argwhere(x > 1.5)),
    "flatnonzero": lambda x: sum(x[i] ** 2 for i in np.flatnonzero(x > 1.5)),
}
ROWS: dict[str, Callable[[Any], Any]] = {
    "rows": lambda x: sum((row**2).sum() for row in x),
    "columns": lambda x: sum(column[0] * column[1] for column in x.T),
    "flat": lambda x: sum(y**2 for y in x.flat),
    "flat index": lambda x: x.flat[2] ** 2,
    "flat written": lambda x: filled(x.ravel()) + cleared(x),
    "ndindex": lambda x: sum(x[i] ** 2 * (1 + i[0]) for i in np.ndindex(x.shape)),
    "nested": lambda x: sum(y**2 for row in x for y in row),
    "ix_": lambda x: (x[np.ix_([0, 1], [1])] ** 2).sum(),
}


def slopes(f: Callable[[Any], Any], x: Any) -> Any:
    """By central differences."""
    found = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = 1e-6
        found[i] = (f(x + step) - f(x - step)) / 2e-6
    return found


@for_each([(f, X) for f in LOOPS.values()] + [(f, M) for f in ROWS.values()])
def test_a_loop_stays_connected(case: tuple[Callable[[Any], Any], Any]) -> None:
    f, x = case
    if f is not LOOPS["in"]:  # 2.0 is in x at one point alone
        np.testing.assert_allclose(grad(f)(x), slopes(f, x), atol=1e-7)
    else:
        np.testing.assert_array_equal(grad(f)(x), np.full(3, 12.0))
    assert hessian(f)(x).shape == 2 * x.shape


BY_VALUE = ("sorted", "max and min", "in", "not in", "any and all", "argwhere", "flatnonzero")


@for_each([f for name, f in LOOPS.items() if name not in BY_VALUE])
def test_a_loop_runs_in_lanes(f: Callable[[Any], Any]) -> None:
    many = np.stack([X, X + 0.5])
    np.testing.assert_allclose(vmap(f)(many), [f(x) for x in many], rtol=1e-14)
    np.testing.assert_allclose(vmap(grad(f))(many), [grad(f)(x) for x in many], rtol=1e-14)


def indexed(x: Any) -> Any:
    total = 0.0
    iterator = np.nditer(x, flags=["multi_index"])
    for y in iterator:
        total = total + y * iterator.multi_index[0]
    return total


def written(x: Any) -> Any:
    y = x * 1.0
    with np.nditer(y, op_flags=["readwrite"]) as iterator:
        for element in iterator:
            element[...] = 2 * element
    return y.sum()


NDITER: dict[str, Callable[[Any], Any]] = {
    "nditer": lambda x: sum(y**2 for y in np.nditer(x)),
    "of two": lambda x: sum(a * b for a, b in np.nditer([x, np.ones(3)])),
    "as the second": lambda x: sum(a * b for a, b in np.nditer([np.ones(3), x])),
    "multi_index": indexed,
    "readwrite": written,
    "nested": lambda x: sum(1 for _ in np.nested_iters([x, x], [[0], []])),
}


@for_each(NDITER)
def test_nditer_is_refused_with_a_loop_that_works(name: str) -> None:
    f = NDITER[name]
    for transform in (grad, vmap, lambda f: vmap(grad(f))):
        with pytest.raises(
            GraphCutError, match=r"numpy\.nditer .* a loop over the Variable.*v\[i\]"
        ):
            transform(f)(X if transform is grad else np.stack([X, X]))
    with pytest.raises(IterationCutError, match=r"numpy\.ndindex\(v\.shape\): v\[i\]"):
        f(Variable(X))
    if name != "readwrite":  # constants are arrays
        assert f(Variable(X, requires_grad=False)) == f(X)


def flat_written_in_part(x: Any) -> Any:
    y = x * 1.0
    y.flat[0] = 5.0
    return y.sum()


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "ndenumerate": (lambda x: sum(y * i[0] for i, y in np.ndenumerate(x)), r"numpy\.ndindex"),
    "broadcast": (lambda x: sum(a * b for a, b in np.broadcast(x, X)), r"plain array of v"),
    "fromiter": (lambda x: np.fromiter((y * y for y in x), float).sum(), r"numpy\.stack"),
    "vectorize": (lambda x: np.vectorize(lambda y: y * y)(x).sum(), r"numpy\.stack\(\[f\(x\)"),
    "apply_along_axis": (lambda x: np.apply_along_axis(np.sum, 0, x), r"numpy\.stack\(\[f\(row\)"),
    "frompyfunc": (lambda x: np.frompyfunc(abs, 1, 1)(x).sum(), r"no differentiation rule"),
    "part of flat": (flat_written_in_part, r"still in use"),
}


@for_each(REFUSED)
def test_what_would_lose_the_gradient_is_refused(name: str) -> None:
    f, says = REFUSED[name]
    with pytest.raises((GraphCutError, NoRuleError), match=says):
        grad(f)(X if name != "part of flat" else M)


def test_a_single_number_has_no_axis_to_go_along() -> None:
    for loop in (list, tuple, iter, sum, sorted):
        with pytest.raises(TypeError, match="0-d"):
            loop(Variable(np.array(3.0)))
    assert not np.iterable(Variable(np.array(3.0)))
    assert grad(lambda x: sum(y for y in [x, x]))(3.0) == 2.0
