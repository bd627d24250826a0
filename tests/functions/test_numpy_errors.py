"""What NumPy's errors are caught by catches ours, and says what NumPy says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import InvalidAxis, InvalidMatrix, InvalidType, Variable
from playground.transforms import grad, hessian

ONES, RECT, VECTOR = np.ones((3, 3)), np.ones((2, 3)), np.ones(3)
NAN, EDGE = np.full((3, 3), np.nan), np.array([0.0, 1.0])

CALLS: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "cholesky neg": (lambda x: np.linalg.cholesky(x), -np.eye(3)),
    "inv sing": (np.linalg.inv, ONES),
    "solve sing": (lambda x: np.linalg.solve(x, VECTOR), ONES),
    "inv rect": (np.linalg.inv, RECT),
    "det rect": (np.linalg.det, RECT),
    "slogdet rect": (np.linalg.slogdet, RECT),
    "eigh rect": (np.linalg.eigh, RECT),
    "eigvalsh rect": (np.linalg.eigvalsh, RECT),
    "chol rect": (np.linalg.cholesky, RECT),
    "inv 1d": (np.linalg.inv, VECTOR),
    "svd 1d": (np.linalg.svd, VECTOR),
    "svd nan": (np.linalg.svd, NAN),
    "eigh nan": (np.linalg.eigh, NAN),
    "pinv nan": (np.linalg.pinv, NAN),
    "pinv 1d": (np.linalg.pinv, VECTOR),
    "qr 1d": (np.linalg.qr, VECTOR),
    "solve rect": (lambda x: np.linalg.solve(x, VECTOR), RECT),
    "solve shapes": (lambda x: np.linalg.solve(x, np.ones(4)), np.eye(3)),
    "mpow rect": (lambda x: np.linalg.matrix_power(x, 2), RECT),
    "mpow sing": (lambda x: np.linalg.matrix_power(x, -1), ONES),
    "lstsq 1d": (lambda x: np.linalg.lstsq(x, VECTOR), VECTOR),
    "lstsq shape": (lambda x: np.linalg.lstsq(x, np.ones(5)), RECT),
    "lstsq nan": (lambda x: np.linalg.lstsq(x, VECTOR), NAN),
    "cond 1d": (np.linalg.cond, VECTOR),
    "norm ord": (lambda x: np.linalg.norm(x, "zzz"), RECT),
    "multi_dot": (lambda x: np.linalg.multi_dot([x]), RECT),
    "matrix_rank": (np.linalg.matrix_rank, NAN),
    "sum axis": (lambda x: np.sum(x, axis=5), RECT),
    "max axis": (lambda x: np.max(x, axis=5), RECT),
    "cumsum axis": (lambda x: np.cumsum(x, axis=5), RECT),
    "flip": (lambda x: np.flip(x, 5), RECT),
    "swapaxes": (lambda x: np.swapaxes(x, 0, 5), RECT),
    "moveaxis": (lambda x: np.moveaxis(x, 0, 5), RECT),
    "expand": (lambda x: np.expand_dims(x, 9), RECT),
    "squeeze": (lambda x: np.squeeze(x, 9), RECT),
    "squeeze len": (lambda x: np.squeeze(x, 0), RECT),
    "concat": (lambda x: np.concatenate([x], axis=7), RECT),
    "stack": (lambda x: np.stack([x], axis=7), RECT),
    "transpose": (lambda x: np.transpose(x, (0, 5)), RECT),
    "rollaxis": (lambda x: np.rollaxis(x, 7), RECT),
    "roll": (lambda x: np.roll(x, 1, axis=7), RECT),
    "split": (lambda x: np.split(x, 2, axis=7), RECT),
    "mean": (lambda x: x.mean(axis=-9), RECT),
    "sort": (lambda x: np.sort(x, axis=9), RECT),
    "diff": (lambda x: np.diff(x, axis=9), RECT),
    "std": (lambda x: np.std(x, axis=9), RECT),
    "argmax": (lambda x: np.argmax(x, axis=9), RECT),
    "take": (lambda x: np.take(x, [9]), RECT),
    "take axis": (lambda x: np.take(x, [0], axis=9), RECT),
    "index": (lambda x: x[9], RECT),
    "index2": (lambda x: x[0, 0, 0], RECT),
    "repeat": (lambda x: np.repeat(x, 2, axis=9), RECT),
    "norm axis": (lambda x: np.linalg.norm(x, axis=9), RECT),
    "median": (lambda x: np.median(x, axis=9), RECT),
    "diag ax": (lambda x: np.diagonal(x, axis1=9), RECT),
    "shapes": (lambda x: x + np.ones(7), RECT),
    "matmul": (lambda x: x @ np.ones(7), RECT),
    "reshape": (lambda x: x.reshape(7), RECT),
    "log raise": (lambda x: np.log(x - 5), EDGE),
    "div raise": (lambda x: 1 / x, EDGE),
    "sqrt raise": (lambda x: np.sqrt(x - 3), EDGE),
    "exp over": (lambda x: np.exp(x * 100000.0), EDGE),
    "pow raise": (lambda x: x ** (-1.0), EDGE),
    "mul over": (lambda x: x * 1e308 * 1e308, EDGE),
    "trapz": (lambda x: np.trapezoid(x, axis=9), RECT),
    "quantile": (lambda x: np.quantile(x, 0.5, axis=9), RECT),
    "average": (lambda x: np.average(x, axis=9), RECT),
    "rot90": (lambda x: np.rot90(x, axes=(0, 9)), RECT),
    "vecdot": (lambda x: np.vecdot(x, np.ones(4)), RECT),
    "cross": (lambda x: np.cross(x, np.ones(7)), RECT),
    "broadcast": (lambda x: np.broadcast_to(x, (5,)), RECT),
    "nansum": (lambda x: np.nansum(x, axis=9), RECT),
    "gradient": (lambda x: np.gradient(x, axis=9), RECT),
    "tile": (lambda x: np.tile(x, -1), RECT),
    "insert": (lambda x: np.insert(x, 99, 1.0), VECTOR),
    "delete": (lambda x: np.delete(x, 99), VECTOR),
    "einsum": (lambda x: np.einsum("ij,j", x, np.ones(9)), RECT),
    "dot": (lambda x: np.dot(x, np.ones(9)), RECT),
    "take_along": (lambda x: np.take_along_axis(x, np.zeros((1, 1), int), axis=9), RECT),
}


def raised(call: Callable[[], Any]) -> Exception | None:
    with np.errstate(all="raise"):
        try:
            call()
        except Exception as error:
            return error
    return None


@pytest.mark.parametrize("name", CALLS)
def test_an_error_is_caught_by_what_catches_numpys(name: str) -> None:
    function, array = CALLS[name]
    theirs = raised(lambda: function(array))
    v = Variable(array) * 1.0
    ours = raised(lambda: function(v))
    assert theirs is not None
    assert isinstance(ours, type(theirs)), (type(theirs), type(ours))


def test_numpys_text_stands_in_ours_and_shapes_are_not_blamed() -> None:
    for function, says in (
        (np.linalg.cholesky, "not positive definite"),
        (lambda x: np.linalg.inv(x * 0.0), "Singular matrix"),
        (lambda x: np.linalg.solve(x * 0.0, VECTOR), "Singular matrix"),
    ):
        with pytest.raises(np.linalg.LinAlgError, match=says) as caught:
            function(Variable(-np.eye(3)) * 1.0)
        assert isinstance(caught.value, InvalidMatrix)
        assert isinstance(caught.value, InvalidType)
        assert "fit together" not in str(caught.value)
    with pytest.raises(np.exceptions.AxisError, match=r"axis 5") as error:
        np.sum(Variable(RECT), axis=5)
    assert isinstance(error.value, InvalidAxis)
    assert isinstance(error.value, IndexError)


def test_the_usual_jitter_loop_works() -> None:
    a = np.array([[1.0, 1.0], [1.0, 1.0 - 1e-9]])

    def factor(k: Any) -> Any:
        jitter = 0.0
        while True:
            try:
                return np.linalg.cholesky(k + jitter * np.eye(2))
            except np.linalg.LinAlgError:
                jitter = 10 * jitter if jitter else 1e-8

    def log_det(k: Any) -> Any:
        return 2 * np.log(np.diag(factor(k))).sum()

    k = (a + 1e-8 * np.eye(2)) if raised(lambda: np.linalg.cholesky(a)) else a
    expected = np.linalg.inv(k)
    # Of the triangle that is read, an element off the diagonal stands for two.
    np.testing.assert_allclose(grad(log_det)(a), np.tril(expected + expected.T, -1)
                               + np.diag(np.diag(expected)), rtol=1e-5)  # fmt: skip
    assert np.isfinite(hessian(log_det)(np.eye(2))).all()


@pytest.mark.parametrize(
    "matrix",
    [
        4.25 * np.ones((2, 2)),
        np.zeros((3, 2)),
        np.outer([1.0, 2, 3], [1.0, 2]),
        np.diag([1.0, 0, 2]),
        np.array([[1.0, 1, 2], [1, 1, 3]]),
        np.stack([np.eye(2), np.ones((2, 2))]),
    ],
)
def test_qr_of_dependent_columns_has_a_value_and_no_gradient(matrix: np.ndarray) -> None:
    for part in (0, 1):
        np.testing.assert_array_equal(
            np.linalg.qr(Variable(matrix))[part].array, np.linalg.qr(matrix)[part]
        )
        for transform in (grad, hessian):
            with pytest.raises(np.linalg.LinAlgError, match="depends on those before it"):
                transform(lambda a, part=part: np.sum(np.linalg.qr(a)[part] ** 3))(matrix)
