"""The methods and attributes of an ndarray on a Variable: the same values, in the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import GraphCutError, Variable, as_variable
from tests.op_checks import recorded_functions

X = np.array([[3.0, 1.5, -2.0], [0.5, -1.0, 4.0]])

METHODS: dict[str, Callable[[Any], Any]] = {
    "astype": lambda x: x.astype("f"),
    "clip": lambda x: x.clip(-1.5, 2.0),
    "clip max": lambda x: x.clip(max=1.0),
    "compress": lambda x: x.compress([True, False, True], axis=1),
    "conj": lambda x: x.conj(),
    "conjugate": lambda x: x.conjugate(),
    "copy": lambda x: x.copy(),
    "cumprod": lambda x: x.cumprod(axis=1),
    "cumsum": lambda x: x.cumsum(0),
    "diagonal": lambda x: x.diagonal(1),
    "dot": lambda x: x.dot(np.ones(3)),
    "flatten": lambda x: x.flatten(),
    "flatten F": lambda x: x.flatten("F"),
    "imag": lambda x: x.imag,
    "mT": lambda x: x.mT,
    "max": lambda x: x.max(axis=0),
    "mean": lambda x: x.mean(1),
    "min": lambda x: x.min(keepdims=True),
    "prod": lambda x: x.prod(axis=0),
    "ravel": lambda x: x.ravel(),
    "ravel F": lambda x: x.ravel(order="F"),
    "real": lambda x: x.real,
    "repeat": lambda x: x.repeat(2, axis=1),
    "reshape": lambda x: x.reshape(3, -1),
    "reshape F": lambda x: x.reshape((3, 2), order="F"),
    "round": lambda x: x.round(1),
    "squeeze": lambda x: x[:1].squeeze(0),
    "std": lambda x: x.std(axis=1),
    "sum": lambda x: x.sum(axis=(0, 1)),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "T": lambda x: x.T,
    "take": lambda x: x.take([0, 5]),
    "trace": lambda x: x.trace(),
    "transpose": lambda x: x.transpose(1, 0),
    "var": lambda x: x.var(ddof=1),
}
CONSTANT: dict[str, Callable[[Any], Any]] = {
    "all": lambda x: x.all(axis=0),
    "any": lambda x: x.any(),
    "argmax": lambda x: x.argmax(1),
    "argmin": lambda x: x.argmin(),
    "argpartition": lambda x: x.argpartition(1),
    "argsort": lambda x: x.argsort(axis=0),
    "flags": lambda x: x.flags.c_contiguous,
    "item": lambda x: x[0, 0].item(),
    "itemsize": lambda x: x.itemsize,
    "nbytes": lambda x: x.nbytes,
    "ndim": lambda x: x.ndim,
    "nonzero": lambda x: x.nonzero(),
    "searchsorted": lambda x: x[0, ::-1].searchsorted([0.0, 2.0]),
    "size": lambda x: x.size,
    "strides": lambda x: x.strides,
}
NO_GRADIENT = {"imag", "round"}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_recorded(name: str) -> None:
    v = Variable(X)
    y, expected = METHODS[name](v), METHODS[name](X)
    assert type(y) is Variable
    assert y.dtype == expected.dtype
    np.testing.assert_allclose(y.array, expected, rtol=1e-15)
    assert y.requires_grad is (name not in NO_GRADIENT)
    if y.requires_grad:
        F.sum(y).backward()
        step = np.zeros_like(X)
        step[0, 0] = 1e-6
        slope = (METHODS[name](X + step) - METHODS[name](X - step)).astype("d").sum() / 2e-6
        np.testing.assert_allclose(v.grad[0, 0], slope, rtol=1e-5 if y.dtype == "d" else 0.2)


def test_ptp() -> None:
    y = Variable(X).ptp(axis=1)
    np.testing.assert_array_equal(y.array, np.ptp(X, axis=1))
    assert y.requires_grad


@pytest.mark.parametrize("name", CONSTANT)
def test_a_method_without_a_gradient_answers_as_numpy(name: str) -> None:
    answer, expected = CONSTANT[name](Variable(X)), CONSTANT[name](X)
    assert type(answer) is type(expected)
    np.testing.assert_array_equal(answer, expected)


def test_choose() -> None:
    index = as_variable(np.array([0, 1, 0]))
    y = index.choose([Variable(X[0]), Variable(X[1])])
    np.testing.assert_array_equal(y.array, [X[0, 0], X[1, 1], X[0, 2]])


def test_every_method_of_an_ndarray_is_there_or_left_out_on_purpose() -> None:
    """Left out: what is about bytes, files, buffers and types of elements."""
    left_out = {
        *("base", "ctypes", "data", "device", "dump", "dumps", "flat", "getfield", "newbyteorder"),
        *("shape", "to_device", "tobytes", "tofile", "tostring", "view"),
    }
    public = {name for name in dir(np.ndarray) if not name.startswith("_")}
    assert {name for name in public if not hasattr(Variable, name)} <= left_out


def test_tolist_gives_lists_where_no_gradient_is_wanted() -> None:
    assert as_variable(X).tolist() == X.tolist()
    with pytest.raises(GraphCutError):
        Variable(X).tolist()


def test_a_method_and_its_function_are_one_operation() -> None:
    v = Variable(X)
    for name in ("cumsum", "prod", "std", "repeat", "diagonal", "take"):
        arguments = {"repeat": (2,), "take": ([0, 1],)}.get(name, ())
        one, other = getattr(v, name)(*arguments), getattr(np, name)(v, *arguments)
        kinds = [[type(f) for f in recorded_functions(y)] for y in (one, other)]
        assert kinds[0] == kinds[1]


def test_real_and_imaginary_parts_of_real_data() -> None:
    v = Variable(X)
    np.testing.assert_array_equal(v.real.array, X)
    np.testing.assert_array_equal(v.imag.array, np.zeros_like(X))
