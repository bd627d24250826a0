"""``replay``: the same bits from a recording, and the function itself where there is none."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from playground import InputError, Variable
from playground.transforms import grad, hessian, hvp, jacobian, value_and_grad, vmap
from playground.transforms.replay import replay

RNG = np.random.default_rng(7)
A = RNG.normal(size=(5, 5)) + 5 * np.eye(5)


def rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def wave(x: Any) -> Any:
    return np.tanh(np.sin(x) * np.exp(-x * x))


FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "gradient": (grad(rosenbrock), (6,)),
    "value and gradient": (value_and_grad(rosenbrock), (6,)),
    "hessian": (hessian(rosenbrock), (6,)),
    "hessian of products": (hessian(lambda x: np.sin(x) @ A @ np.cos(x)), (5,)),
    "hessian of a sum of both": (hessian(lambda x: 0.5 * x @ A @ x + np.sin(x).sum()), (5,)),
    "jacobian": (jacobian(lambda x: np.sin(A @ x)), (5,)),
    "many points": (vmap(grad(wave)), (50,)),
    "log of a determinant": (grad(lambda x: np.linalg.slogdet(x + A)[1]), (5, 5)),
    "largest eigenvalue": (grad(lambda x: np.linalg.eigvalsh(x + x.T + A)[-1]), (5, 5)),
    "a solution": (grad(lambda x: np.linalg.solve(A, x).sum()), (5,)),
    "chosen": (grad(lambda x: np.where(x > 0, np.sqrt(np.abs(x)), x**2).sum()), (5,)),
    "a whole run": (lambda x: [x := np.cos(x) * 1.1 for _ in range(30)][-1], (4,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_bits_at_other_points(name: str) -> None:
    function, shape = FUNCTIONS[name]
    fast = replay(function)
    for _ in range(4):
        x = RNG.uniform(0.2, 1.0, shape)
        found, expected = fast(x), function(x)
        whole = isinstance(expected, (tuple, list))
        pairs = zip(found, expected, strict=True) if whole else [(found, expected)]
        assert all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)
    assert (fast.recordings, fast.replays, fast.eager) == (1, 3, 1)


def test_each_form_of_arguments_has_a_program() -> None:
    fast = replay(lambda x: np.sin(x) * 2)
    forms = [np.ones(3), np.ones(4), np.ones(3, np.float32), np.ones((3, 1)), np.ones((2, 2)).T]
    for x in forms * 2:
        assert fast(x).tobytes() == (np.sin(x) * 2).tobytes()
        assert fast(x).dtype == x.dtype
    assert fast.recordings == len(forms)
    assert len(fast.programs) == len(forms)


class Pair(NamedTuple):
    first: Any
    second: Any


def test_trees_numbers_and_words() -> None:
    def model(params: Any, x: Any, *, scale: float, kind: str) -> Any:
        y = params["W"] @ x + params["b"]
        return Pair({"y": np.tanh(y) if kind == "tanh" else y}, [y.sum() * scale, x])

    fast = replay(model)
    for scale, kind in [(1.0, "tanh"), (2.0, "tanh"), (3.0, "linear"), (4.0, "linear")]:
        params = {"W": RNG.normal(size=(2, 3)), "b": RNG.normal(size=2)}
        x = RNG.normal(size=3)
        found = fast(params, x, scale=scale, kind=kind)
        expected = model(params, x, scale=scale, kind=kind)
        assert isinstance(found, Pair)
        assert found.first["y"].tobytes() == expected.first["y"].tobytes()
        assert found.second[0] == expected.second[0]
    # A number is an argument, a word is part of the form.
    assert fast.recordings == 2
    assert fast.replays == 2


def test_results_are_new_unless_asked_otherwise() -> None:
    x = np.ones(3)
    fast, reusing = replay(np.sin), replay(np.sin, reuse=True)
    fast(x), reusing(x)
    first, again = fast(x), fast(2 * x)
    assert first is not again
    assert first.tobytes() == np.sin(x).tobytes()
    assert reusing(x) is reusing(2 * x)


def test_arguments_are_not_kept_and_not_written_to() -> None:
    def doubling(x: Any) -> Any:
        y = x.copy()
        y *= 2.0
        return y

    fast, x = replay(doubling), np.ones(3)
    for _ in range(3):
        assert fast(x).tolist() == [2.0, 2.0, 2.0]
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_data_is_read_where_it_lies() -> None:
    data = np.ones(3)
    fast = replay(lambda x: x * data)
    fast(np.ones(3))
    data *= 5.0
    assert fast(np.ones(3)).tolist() == [5.0, 5.0, 5.0]
    assert fast.replays == 1


def drawing(x: Any, rng: Any = np.random.default_rng(0)) -> Any:  # noqa: B008
    return x * rng.random()


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "random": (drawing, "other results"),
    "branching": (lambda x: x if x.sum() > 0 else -x, "branch"),
    "counting": (lambda x, n=itertools.count(): (x, next(n)), "other results"),  # noqa: B008
    "reading": (lambda x: x * float(x[0]), "float"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_is_called(name: str) -> None:
    function, why = REFUSED[name]
    fast = replay(function)
    for _ in range(3):
        found = fast(np.ones(2))
        assert (found[0] if isinstance(found, tuple) else found).shape == (2,)
    assert (fast.recordings, fast.replays, fast.eager) == (1, 0, 3)
    assert why in fast.reason
    assert why in repr(fast)


def test_arguments_without_a_hash_are_not_mixed_up() -> None:
    fast = replay(lambda x, chosen: x * len(chosen))
    for count in (1, 2, 3):
        assert fast(np.ones(2), set(range(count))).tolist() == [count, count]
    assert fast.replays == 0
    assert "hash" in fast.reason


@pytest.mark.parametrize("x", [np.float64(0.3), np.float32(0.3), np.int64(3)])
def test_scalars_of_numpys_come_and_go_as_such(x: Any) -> None:
    """Powers of scalars are C's, which round otherwise than those of arrays."""
    fast = replay(lambda x: (x**2, x * np.arange(3), np.sum(x * np.arange(3))))
    for value in (x, x + type(x)(1), x + type(x)(2)):
        expected = value**2, value * np.arange(3), np.sum(value * np.arange(3))
        for found, wanted in zip(fast(value), expected, strict=True):
            assert type(found) is type(wanted)
            assert np.asarray(found).tobytes() == np.asarray(wanted).tobytes()


def test_another_way_is_gone_eagerly() -> None:
    """The Hessian of a determinant looks whether the matrix has an inverse, as a guard."""
    function = grad(lambda x: np.abs(np.linalg.det(x)))
    fast = replay(function)
    regular, singular = np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([[1.0, 2.0], [2.0, 4.0]])
    for x in (regular, regular * 2, singular, regular * 3):
        assert np.array_equal(fast(x), function(x), equal_nan=True)


def test_an_error_is_the_functions_own() -> None:
    def failing(x: Any) -> Any:
        raise ZeroDivisionError("mine")

    fast = replay(failing)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="mine"):
            fast(np.ones(2))
    inverted = replay(np.linalg.inv)
    inverted(np.eye(2))
    with pytest.raises(np.linalg.LinAlgError):
        inverted(np.zeros((2, 2)))


def test_a_variable_is_differentiated_through() -> None:
    fast = replay(lambda x: (x * x).sum())
    fast(np.ones(2))
    x = Variable(np.array([1.0, 2.0]))
    fast(x).backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_threads_and_calls_inside_calls() -> None:
    fast = replay(lambda x: np.sin(x).sum())
    x = RNG.normal(size=2000)
    expected = fast(x)
    wrong: list[Any] = []

    def work() -> None:
        wrong.extend(y for y in [fast(x) for _ in range(200)] if y != expected)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_products_with_the_hessian() -> None:
    fast = replay(hvp(rosenbrock))
    for _ in range(3):
        x, v = RNG.normal(size=6), RNG.normal(size=6)
        assert fast(x, v).tobytes() == hvp(rosenbrock)(x, v).tobytes()
    assert fast.replays == 2


def test_what_is_no_function() -> None:
    with pytest.raises(InputError, match="replay: expected a function, got int"):
        replay(3)  # type: ignore[arg-type]
