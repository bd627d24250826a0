"""The graph is never lost in silence: each way to do so raises, and says what to do instead.

``test_numpy_protocol.py`` has the conversions and the functions that write in place; here are the
ways through lists, methods, Python and the rest of NumPy, and the cure that each error names.
"""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import GraphCutError, NoRuleError, PlaygroundError, Variable

X = np.array([1.0, 2.0, 3.0])


def ours(call: Callable[[Any], Any]) -> PlaygroundError:
    """The error of this package that a call raises, itself or behind NumPy's own."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 (NumPy's own may be any)
        call(Variable(X))
    error: Any = caught.value
    while error is not None and not isinstance(error, PlaygroundError):
        error = error.__cause__ or error.__context__
    assert error is not None, repr(caught.value)
    return error


def store(index: Any) -> Callable[[Any], Any]:
    return lambda v: operator.setitem(np.zeros(3), index, v[index])


# The call, and the cure that its error must name.
CASES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "asarray": (np.asarray, "numpy.stack"),
    "array of elements": (lambda v: np.array([v[0], v[1]]), "numpy.stack"),
    "nested lists": (lambda v: np.array([[v[0], 1.0], [2.0, v[1]]]), "numpy.stack"),
    "sum of a list": (lambda v: np.sum([v, v]), "numpy.stack"),
    "exp of a list": (lambda v: np.exp([v, v]), "numpy.stack"),
    "norm of a list": (lambda v: np.linalg.norm([v[0], v[1]]), "numpy.stack"),
    "rows in lists": (lambda v: np.concatenate([[v[0]], [v[1]]]), "numpy.stack"),
    "r_": (lambda v: np.r_[v, v], "numpy.stack"),
    "object array": (lambda v: np.array([v[0], v[1]], dtype=object), "numpy.stack"),
    "float": (lambda v: float(v[0]), "v.array"),
    "int": (lambda v: int(v[0]), "v.array"),
    "complex": (lambda v: complex(v[0]), "v.array"),
    "math.sin": (lambda v: math.sin(v[0]), "v.array"),
    "math.hypot": (lambda v: math.hypot(*v), "v.array"),
    "math.fsum": (math.fsum, "v.array"),
    "float64": (lambda v: np.float64(v[0]), "v.array"),
    "statistics": (lambda v: statistics.fmean(v), "v.array"),
    "tolist": (lambda v: v.tolist(), "v.array"),
    "ndarray.dot": (lambda v: np.ones(3).dot(v), "v.array"),
    "ndarray.take": (lambda v: X.take(v), "v.array"),
    "ndarray.searchsorted": (lambda v: X.searchsorted(v), "v.array"),
    "ndarray.choose": (lambda v: np.array([0, 1, 0]).choose([v, v]), "v.array"),
    "array index": (lambda v: X[v], "v.array"),
    "stored element": (store(0), "numpy.zeros(shape, like=v)"),
    "stored slice": (store(slice(1, None)), "numpy.zeros(shape, like=v)"),
    "stored by mask": (store(X > 1), "numpy.zeros(shape, like=v)"),
    "stored by list": (store([0, 2]), "numpy.zeros(shape, like=v)"),
    "fill": (lambda v: np.zeros(3).fill(v[0]), "numpy.zeros(shape, like=v)"),
    "ndarray.put": (lambda v: np.zeros(3).put([0], v[:1]), "numpy.zeros(shape, like=v)"),
    "put": (lambda v: np.put(np.zeros(3), [0], v[:1]), "numpy.zeros(shape, like=v)"),
    "place": (lambda v: np.place(np.zeros(3), X > 1, v), "numpy.zeros(shape, like=v)"),
    "putmask": (lambda v: np.putmask(np.zeros(3), X > 1, v), "numpy.zeros(shape, like=v)"),
    "copyto": (lambda v: np.copyto(np.zeros(3), v), "numpy.zeros(shape, like=v)"),
    "put_along_axis": (
        lambda v: np.put_along_axis(np.zeros(3), np.array([0]), v[:1], 0),
        "numpy.zeros(shape, like=v)",
    ),
    "fill_diagonal": (
        lambda v: np.fill_diagonal(np.zeros((3, 3)), v),
        "numpy.zeros(shape, like=v)",
    ),
    "add.at": (lambda v: np.add.at(np.zeros(3), 0, v[0]), "numpy.zeros(shape, like=v)"),
    "out of a ufunc": (lambda v: np.add(v, 1.0, out=np.zeros(3)), "drop out="),
    "out of a function": (lambda v: np.sum(v, out=np.zeros(())), "drop out="),
    "out of a join": (lambda v: np.stack([v, v], out=np.zeros((2, 3))), "drop out="),
    "out of an einsum": (lambda v: np.einsum("i,i", v, X, out=np.zeros(())), "drop out="),
    "+= on an array": (lambda v: operator.iadd(np.zeros(3), v), "drop out="),
    "*= on an array": (lambda v: operator.imul(np.zeros(3), v), "drop out="),
    "full": (lambda v: np.full(3, v[0]), "v.array"),
    "fromiter": (lambda v: np.fromiter(v, float), "v.array"),
    "arange": (lambda v: np.arange(v[2]), "v.array"),
    "mgrid": (lambda v: np.mgrid[0 : v[2]], "v.array"),
    "matrix": (np.matrix, "v.array"),
    "masked array": (np.ma.array, "v.array"),
    "Polynomial": (np.polynomial.Polynomial, "v.array"),
    "vectorize": (lambda v: np.vectorize(math.sin)(v), "v.array"),
    "apply_along_axis": (lambda v: np.apply_along_axis(np.sum, 0, v), "numpy.stack"),
    "apply_over_axes": (lambda v: np.apply_over_axes(np.sum, v, [0]), "numpy.sum"),
    "piecewise": (lambda v: np.piecewise(v, [X > 1], [1.0, 0.0]), "numpy.where"),
    "default of select": (lambda v: np.select([X > 1], [X], default=v), "v.array"),
    "ndenumerate": (lambda v: list(np.ndenumerate(v)), "v.array"),
    "broadcast": (lambda v: np.broadcast(v, v), "v.array"),
    "as_strided": (lambda v: np.lib.stride_tricks.as_strided(v, (2,)), "v.array"),
    "random": (lambda v: np.random.default_rng(0).normal(v), "v.array"),
    "assert_allclose": (lambda v: np.testing.assert_allclose(v, X), "v.array"),
    "save": (lambda v: np.save("never-written.npy", v), "v.array"),
}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_it_raises_and_names_the_cure(name: str) -> None:
    call, cure = CASES[name]
    error = ours(call)
    assert isinstance(error, (GraphCutError, NoRuleError))
    assert isinstance(error, TypeError)
    assert cure in str(error)


WRITING = [
    "byteswap",
    "fill",
    "itemset",
    "partition",
    "put",
    "resize",
    "setfield",
    "setflags",
    "sort",
]


@pytest.mark.parametrize("name", WRITING)
def test_methods_that_write_in_place_raise(name: str) -> None:
    v = Variable(X)
    with pytest.raises(NoRuleError, match=rf"Variable\.{name} changes an array in place"):
        getattr(v, name)(0)
    np.testing.assert_array_equal(v.array, [1.0, 2.0, 3.0])


CURES: dict[str, Callable[[Any], Any]] = {
    "stack": lambda v: np.stack([v[0], v[1]]),
    "array with like": lambda v: np.array([[v[0], 1.0], [2.0, v[1]]], like=v),
    "concatenate": lambda v: np.concatenate([v[:1], v]),
    "filled": lambda v: _filled(v),
    "full with like": lambda v: np.full(3, v[0], like=v),
    "where": lambda v: np.where(X > 1, v, 0.0),
}


def _filled(v: Any) -> Any:
    y = np.zeros(2, like=v)
    y[0], y[1] = v[0], v[1]
    return y


@pytest.mark.parametrize("name", CURES)
def test_the_cures_keep_the_graph(name: str) -> None:
    v = Variable(X)
    F.sum(CURES[name](v)).backward()
    assert v.grad is not None
    assert v.grad.any()
