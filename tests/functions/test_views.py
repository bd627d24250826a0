"""What NumPy returns as a view and what as a copy: writing to one shows in the other, or not.

NumPy's own answer is the witness: each function is called on an array, one of the two is written
to, and the other is read. On Variables the same must come out, or an error, and never silence.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import GraphCutError, Variable
from playground.transforms import grad, hessian, vmap

V = np.array([0.3, 1.2, -0.7, 2.1])
M = np.array([[0.3, 1.2, -0.7], [0.1, 0.9, 2.2], [-0.4, 0.8, 1.5]])
T = np.linspace(0.1, 2.4, 24).reshape(2, 3, 4)
ONE = M[:1]

CALLS: dict[str, tuple[np.ndarray, Callable[[Any], Any]]] = {
    "x[...]": (M, lambda x: x[...]),
    "x[0]": (M, lambda x: x[0]),
    "x[None]": (M, lambda x: x[None]),
    "x[[0,1]]": (M, lambda x: x[[0, 1]]),
    "x[x>0]": (M, lambda x: x[x > 0]),
    "x.T": (M, lambda x: x.T),
    "x.mT": (M, lambda x: x.mT),
    "+x": (M, lambda x: +x),
    "positive": (M, np.positive),
    "-x": (M, lambda x: -x),
    "abs": (M, abs),
    "x.copy": (M, lambda x: x.copy()),
    "np.copy": (M, np.copy),
    "flatten": (M, lambda x: x.flatten()),
    "flatten1": (V, lambda x: x.flatten()),
    "flattenF": (M, lambda x: x.flatten("F")),
    "flatten F1": (V, lambda x: x.flatten("F")),
    "ravel": (M, np.ravel),
    "x.ravel": (M, lambda x: x.ravel()),
    "ravelF": (M, lambda x: x.ravel("F")),
    "ravelT": (M, lambda x: x.T.ravel()),
    "reshape": (M, lambda x: x.reshape(9)),
    "reshape same": (M, lambda x: x.reshape(3, 3)),
    "reshape copy": (M, lambda x: np.reshape(x, 9, copy=True)),
    "reshape same copy": (M, lambda x: np.reshape(x, (3, 3), copy=True)),
    "transpose": (M, np.transpose),
    "transpose1": (V, np.transpose),
    "swapaxes": (M, lambda x: np.swapaxes(x, 0, 1)),
    "moveaxis": (T, lambda x: np.moveaxis(x, 0, 1)),
    "rollaxis": (T, lambda x: np.rollaxis(x, 2)),
    "expand_dims": (M, lambda x: np.expand_dims(x, 0)),
    "squeeze": (ONE, np.squeeze),
    "squeeze none": (M, np.squeeze),
    "atleast_1d": (M, np.atleast_1d),
    "atleast_2d": (V, np.atleast_2d),
    "atleast_3d": (V, np.atleast_3d),
    "atleast_2d M": (M, np.atleast_2d),
    "flip": (V, np.flip),
    "flipud": (M, np.flipud),
    "fliplr": (M, np.fliplr),
    "rot90_0": (M, lambda x: np.rot90(x, 0)),
    "rot90_1": (M, lambda x: np.rot90(x, 1)),
    "rot90_2": (M, lambda x: np.rot90(x, 2)),
    "rot90_3": (M, lambda x: np.rot90(x, 3)),
    "diagonal": (M, np.diagonal),
    "x.diagonal": (M, lambda x: x.diagonal()),
    "diag": (M, np.diag),
    "diag k": (M, lambda x: np.diag(x, 1)),
    "diag v": (V, np.diag),
    "linalg.diagonal": (M, np.linalg.diagonal),
    "einsum ii->i": (M, lambda x: np.einsum("ii->i", x)),
    "einsum ij->ji": (M, lambda x: np.einsum("ij->ji", x)),
    "einsum ij": (M, lambda x: np.einsum("ij->ij", x)),
    "einsum ii": (
        T.reshape(2, 3, 4)[:, :, :3].copy(),
        lambda x: np.einsum("kii->ki", x[:, :2, :2]),
    ),
    "einsum i->i v": (V, lambda x: np.einsum("i", x)),
    "einsum sum": (M, lambda x: np.einsum("ij->i", x)),
    "einsum list": (M, lambda x: np.einsum(x, [0, 0], [0])),
    "real": (M, np.real),
    "x.real": (M, lambda x: x.real),
    "conj": (M, np.conj),
    "x.conj": (M, lambda x: x.conj()),
    "real_if_close": (M, np.real_if_close),
    "split0": (M, lambda x: np.split(x, 3)[0]),
    "array_split": (M, lambda x: np.array_split(x, 2)[0]),
    "hsplit": (M, lambda x: np.hsplit(x, 3)[1]),
    "vsplit": (M, lambda x: np.vsplit(x, 3)[1]),
    "dsplit": (T, lambda x: np.dsplit(x, 2)[1]),
    "split 1": (M, lambda x: np.split(x, 1)[0]),
    "unstack": (M, lambda x: np.unstack(x)[0]),
    "iter": (M, lambda x: next(iter(x))),
    "meshgrid": (V, lambda x: np.meshgrid(x, x)[0]),
    "meshgrid nocopy": (V, lambda x: np.meshgrid(x, x, copy=False)[0]),
    "meshgrid1": (V, lambda x: np.meshgrid(x)[0]),
    "meshgrid sparse": (V, lambda x: np.meshgrid(x, x, sparse=True)[0]),
    "ix_": (V, lambda x: np.ix_(x)[0]),
    "broadcast_to": (V, lambda x: np.broadcast_to(x, (2, 4))),
    "broadcast_arrays": (V, lambda x: np.broadcast_arrays(x, np.ones((2, 1)))[0]),
    "broadcast_arrays same": (V, lambda x: np.broadcast_arrays(x, x)[0]),
    "tile1": (V, lambda x: np.tile(x, 1)),
    "tile2": (V, lambda x: np.tile(x, 2)),
    "tile(1,1)": (M, lambda x: np.tile(x, (1, 1))),
    "tile of 1": (V[:1], lambda x: np.tile(x, 3)),
    "tile T": (M, lambda x: np.tile(x.T, (1, 2))),
    "repeat1": (V, lambda x: np.repeat(x, 1)),
    "repeat2": (V, lambda x: np.repeat(x, 2)),
    "repeat of 1": (V[:1], lambda x: np.repeat(x, 3)),
    "repeat ax": (M, lambda x: np.repeat(x, 1, axis=0)),
    "repeat list": (V, lambda x: np.repeat(x, [1, 1, 1, 1])),
    "x.repeat": (V, lambda x: x.repeat(1)),
    "concatenate": (V, lambda x: np.concatenate([x])),
    "stack": (V, lambda x: np.stack([x])),
    "hstack": (V, lambda x: np.hstack([x])),
    "vstack": (M, lambda x: np.vstack([x])),
    "dstack": (T, lambda x: np.dstack([x])),
    "column_stack": (M, lambda x: np.column_stack([x])),
    "block": (M, lambda x: np.block(x)),
    "block2": (M, lambda x: np.block([[x]])),
    "append": (V, lambda x: np.append(x, [])),
    "roll0": (V, lambda x: np.roll(x, 0)),
    "roll4": (V, lambda x: np.roll(x, 4)),
    "roll1": (V, lambda x: np.roll(x, 1)),
    "fftshift1": (V[:1], np.fft.fftshift),
    "pad0": (V, lambda x: np.pad(x, 0)),
    "pad0 edge": (V, lambda x: np.pad(x, 0, mode="edge")),
    "pad 00": (M, lambda x: np.pad(x, ((0, 0), (0, 0)), mode="wrap")),
    "clip": (V, lambda x: np.clip(x, None, 9)),
    "round": (V, np.round),
    "where": (V, lambda x: np.where(True, x, x)),
    "astype same": (V, lambda x: x.astype(float)),
    "np.astype": (V, lambda x: np.astype(x, float)),
    "astype nocopy": (V, lambda x: x.astype(float, copy=False)),
    "np.astype nocopy": (V, lambda x: np.astype(x, np.dtype(float), copy=False)),
    "take": (V, lambda x: np.take(x, [0, 1])),
    "take sl": (M, lambda x: x.take([0, 1, 2], 0)),
    "compress": (V, lambda x: np.compress([True] * 4, x)),
    "delete none": (V, lambda x: np.delete(x, [])),
    "delete sl": (V, lambda x: np.delete(x, 0)),
    "delete last": (V, lambda x: np.delete(x, 3)),
    "insert": (V, lambda x: np.insert(x, 0, [])),
    "extract": (V, lambda x: np.extract([True] * 4, x)),
    "trim_zeros": (V, lambda x: np.trim_zeros(x)),
    "trim_zeros0": (np.array([0.0, 1, 2, 0]), lambda x: np.trim_zeros(x)),
    "sort": (V, np.sort),
    "unwrap": (V, np.unwrap),
    "unwrap1": (V[:1], np.unwrap),
    "nan_to_num": (V, np.nan_to_num),
    "resize same": (V, lambda x: np.resize(x, 4)),
    "tril": (M, lambda x: np.tril(x, 5)),
    "triu": (M, lambda x: np.triu(x, -5)),
    "sum()": (V, lambda x: np.sum(x, axis=())),
    "sum keep1": (ONE, lambda x: np.sum(x, axis=0)),
    "mean ax1": (ONE, lambda x: np.mean(x, axis=0)),
    "max ax1": (ONE, lambda x: np.max(x, axis=0)),
    "min ax1": (ONE, lambda x: np.min(x, axis=0)),
    "prod ax1": (ONE, lambda x: np.prod(x, axis=0)),
    "median ax1": (ONE, lambda x: np.median(x, axis=0)),
    "cumsum1": (ONE, lambda x: np.cumsum(x, axis=0)),
    "nansum": (ONE, lambda x: np.nansum(x, axis=0)),
    "max()": (V, lambda x: np.max(x, axis=())),
    "mean()": (V, lambda x: np.mean(x, axis=())),
    "diff0": (V, lambda x: np.diff(x, 0)),
    "asarray like": (V, lambda x: np.asarray(x, like=x)),
    "array like": (V, lambda x: np.array(x, like=x)),
    "ascontiguous": (
        V,
        lambda x: (
            np.ascontiguousarray(x, like=x) if isinstance(x, Variable) else np.ascontiguousarray(x)
        ),
    ),
    "x+0": (V, lambda x: x + 0),
    "x*1": (V, lambda x: x * 1),
    "x**1": (V, lambda x: x**1),
    "x/1": (V, lambda x: x / 1),
    "maximum": (V, lambda x: np.maximum(x, x)),
    "fabs": (V, np.fabs),
    "rint": (V, np.rint),
    "squeeze ax": (ONE, lambda x: x.squeeze(0)),
    "x.reshape(-1)": (V, lambda x: x.reshape(-1)),
    "multi_dot": (M, lambda x: np.linalg.multi_dot([x, np.eye(3)])),
    "matrix_power1": (M, lambda x: np.linalg.matrix_power(x, 1)),
    "polymul1": (V, lambda x: np.polymul(x, [1.0])),
    "polyadd": (V, lambda x: np.polyadd(x, [0.0])),
    "polyder0": (V, lambda x: np.polyder(x, 0)),
    "polyint0": (V, lambda x: np.polyint(x, 0)),
    "convolve": (V, lambda x: np.convolve(x, [1.0])),
    "outer": (V, lambda x: np.outer(x, [1.0])),
    "kron": (V, lambda x: np.kron(x, [1.0])),
    "choose": (V, lambda x: np.choose([0, 0, 0, 0], [x])),
    "select": (V, lambda x: np.select([np.ones(4, bool)], [x])),
    "ediff1d": (V, np.ediff1d),
    "take_along": (V, lambda x: np.take_along_axis(x, np.arange(4), 0)),
    "gradient": (V, np.gradient),
    "nanmax": (ONE, lambda x: np.nanmax(x, axis=0)),
    "cross": (np.ones(3), lambda x: np.cross(x, [1.0, 0, 0])),
    "tensordot": (V, lambda x: np.tensordot(x, 2.0, 0)),
    "dot1": (V, lambda x: np.dot(x, 1.0)),
    "squeeze T": (M, lambda x: np.matrix_transpose(x)),
    "permute": (M, lambda x: np.permute_dims(x, (0, 1))),
    "nanprod": (V, lambda x: np.nanprod(x, axis=())),
    "average": (ONE, lambda x: np.average(x, axis=0)),
    "quantile": (ONE, lambda x: np.quantile(x, 0.5, axis=0)),
    "fft ifft": (V, lambda x: np.fft.fftshift(x, axes=[])),
    "diagflat": (V, np.diagflat),
    "array_split1": (V, lambda x: np.array_split(x, 1)[0]),
    "vander": (V, lambda x: np.vander(x, 1)),
}


def numpys(name: str, writes_result: bool) -> tuple[Any, Any, np.ndarray]:
    """The array, the result and what NumPy has in the other after one was written to."""
    array, function = CALLS[name]
    x = array.copy()
    y = function(x)
    target, other = (y, x) if writes_result else (x, y)
    try:
        target[...] = 7.0
    except (ValueError, TypeError):
        return None, None, np.array(0)  # read-only, or a number
    return x, y, other


@pytest.mark.filterwarnings("ignore:Numpy has detected")
@pytest.mark.parametrize("name", CALLS)
def test_writing_to_a_result_shows_in_its_operand_as_numpy_says_or_raises(name: str) -> None:
    array, function = CALLS[name]
    _, result, expected = numpys(name, writes_result=True)
    v = Variable(array.copy()) * 1.0
    y = function(v)
    try:
        y[...] = 7.0
    except GraphCutError:
        # Only where NumPy writes through, or refuses as well.
        assert result is None or not np.array_equal(expected, array)
        return
    if result is not None:
        np.testing.assert_array_equal(v.array, expected)


@pytest.mark.filterwarnings("ignore:Numpy has detected")
@pytest.mark.parametrize("name", CALLS)
def test_a_result_read_after_its_operand_was_written_to_is_numpys(name: str) -> None:
    array, function = CALLS[name]
    x, _, expected = numpys(name, writes_result=False)
    v = Variable(array.copy()) * 1.0
    y = function(v)
    v[...] = 7.0
    np.testing.assert_array_equal(v.array, x)
    np.testing.assert_allclose(y.array if isinstance(y, Variable) else y, expected, rtol=1e-14)


READ_LATER: dict[str, Callable[[Any], Any]] = {
    "slice": lambda y: (y[0:2], y.__setitem__(1, y[2] ** 2))[0],
    "row": lambda y: (y.reshape(2, 2)[1], y.__setitem__(3, y[0] * y[1]))[0],
    "reversed": lambda y: (y[::-1], y.__setitem__(slice(2), y[2:] * y[:2]))[0],
    "view of a view": lambda y: (y[1:][1:], y.__setitem__([2, 3], y[:2] ** 3))[0],
    "transposed": lambda y: (y.reshape(2, 2).T, y.__setitem__(y > 1, y[0]))[0],
    "split": lambda y: (np.split(y, 2)[1], y.__setitem__(2, y[0] ** 2))[0],
    "element, a copy": lambda y: (y[1], y.__setitem__(1, y[2] ** 2))[0],
    "picked, a copy": lambda y: (y[[0, 1]], y.__setitem__(1, y[2] ** 2))[0],
    "flatten, a copy": lambda y: (y.reshape(2, 2).flatten(), y.__setitem__(1, y[2] ** 2))[0],
    "written twice": lambda y: (y[1:], y.__setitem__(1, y[2] ** 2), y.__setitem__(2, y[1]))[0],
    "einsum": lambda y: (np.einsum("i->i", y), y.__setitem__(1, y[2] ** 2))[0],
}


@pytest.mark.parametrize("name", READ_LATER)
def test_the_gradient_through_a_view_read_later_is_that_of_the_plain_code(name: str) -> None:
    def f(x: Any) -> Any:
        y = x * x
        return (np.sin(READ_LATER[name](y)) + y.sum()).sum()

    step = 1e-6
    expected = [(f(V + step * e) - f(V - step * e)) / (2 * step) for e in np.eye(4)]
    np.testing.assert_allclose(grad(f)(V), expected, rtol=1e-7, atol=1e-8)
    one = hessian(f)(V)
    rows = [(grad(f)(V + step * e) - grad(f)(V - step * e)) / (2 * step) for e in np.eye(4)]
    np.testing.assert_allclose(one, rows, rtol=1e-6, atol=1e-6)
    many = np.stack([V, V + 0.1])
    lanes = vmap(grad(f))(many) if name != "transposed" else np.stack(list(map(grad(f), many)))
    np.testing.assert_allclose(lanes, [grad(f)(v) for v in many], rtol=1e-14)


def test_a_view_keeps_its_name_and_earlier_uses_their_value() -> None:
    y = Variable(V) * 1.0
    part = y[:2]
    part.name = "part"
    before = part * 10
    y[0] = 5.0
    assert part.name == "part"
    np.testing.assert_array_equal(part.array, [5.0, 1.2])
    np.testing.assert_array_equal(before.array, V[:2] * 10)
    # A part that the assignment does not reach stays the very node it was.
    tail = y[2:]
    node = tail.node
    y[0] = 6.0
    assert tail.node is node


def double(a: Any) -> None:
    a *= 2


def each(y: Any) -> None:
    for row in y:
        row *= 2


SEEN_TWICE: dict[str, Callable[[Any], Any]] = {
    "row of a loop": lambda y: each(y),
    "called with a row": lambda y: double(y[0]),
    "called with a slice": lambda y: double(y[1:]),
    "called with the whole": lambda y: double(y),
    "called with another shape": lambda y: double(y.reshape(-1)),
    "called with the transpose": lambda y: double(y.T),
    "called with the diagonal": lambda y: double(np.einsum("ii->i", y)),
    "einsum": lambda y: np.einsum("ii->i", y).__setitem__(..., 1.0),
    "diagonal": lambda y: np.diagonal(y).__setitem__(..., 1.0),
    "diag": lambda y: np.diag(y).__setitem__(..., 1.0),
    "row": lambda y: y[0].__setitem__(slice(None), 1.0),
    "rot90": lambda y: np.rot90(y, 0).__setitem__(0, 1.0),
}


@pytest.mark.parametrize("name", SEEN_TWICE)
def test_a_change_that_numpy_would_show_elsewhere_raises(name: str) -> None:
    y = Variable(M) * 1.0
    with pytest.raises(GraphCutError, match=r"(write|work on a copy)"):
        SEEN_TWICE[name](y)
    np.testing.assert_array_equal(y.array, M)


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "ipow", "imod", "imatmul"])
def test_a_variable_under_one_name_takes_every_augmented_assignment(name: str) -> None:
    y, plain = Variable(abs(M)) * 1.0, abs(M)
    y, plain = getattr(operator, name)(y, M + 3), getattr(operator, name)(plain, M + 3)
    np.testing.assert_allclose(y.array, plain, rtol=1e-14)
    held = [Variable(M) * 1.0]
    held[0] += 1.0
    np.testing.assert_array_equal(held[0].array, M + 1)


def test_the_argument_of_a_transform_is_changed_under_all_its_names() -> None:
    def f(x: Any) -> Any:
        z = x
        double(z)
        return (x**3).sum() + z.sum()

    def of_number(x: Any) -> Any:
        y = x
        y += 1
        return x * y

    np.testing.assert_allclose(grad(f)(V), 24 * V**2 * 2 / 2 + 2, rtol=1e-14)
    np.testing.assert_allclose(vmap(grad(f))(M), 24 * M**2 + 2, rtol=1e-14)
    np.testing.assert_allclose(hessian(f)(V), np.diag(48 * V), rtol=1e-14)
    assert grad(of_number)(3.0) == 7.0
    # A view of it sees the change, as in the plain call.
    assert grad(lambda x: (x[:2], double(x))[0].sum())(V).tolist() == [2.0, 2.0, 0.0, 0.0]


def test_positive_and_its_like_are_copies_that_stay_connected() -> None:
    for function in (np.positive, lambda x: +x, np.conjugate, lambda x: np.pad(x, 0, "edge")):

        def f(x: Any, function: Callable[[Any], Any] = function) -> Any:
            y = x * 1.0
            z = function(y)
            z[0] = 10.0
            return (y * z).sum()

        np.testing.assert_allclose(grad(f)(V), [10.0, *(2 * V[1:])], rtol=1e-15)
