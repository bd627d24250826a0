"""gradient_check: Chainer 7.8.1 and playground reach the same verdict on the same function.

A verdict is what became of a check: it passed, it found a wrong gradient, it found a kink, or it
refused its arguments with an error of one of Python's own classes.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import chainer, run

Check = Callable[[Any, Any], Any]
ENGINES = (playground, chainer)

_REFUSALS = (RuntimeError, ValueError, TypeError, AttributeError)


def gradient_check(engine: Any) -> Any:
    # Chainer's module asks at import for one that setuptools no longer has.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pkg_resources", ModuleType("pkg_resources"))
        return import_module(f"{engine.__name__}.gradient_check")


@contextmanager
def seeded() -> Iterator[None]:
    """Chainer draws its directions from NumPy's global generator."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)


def outcome(check: Check, engine: Any) -> Any:
    """What the check returns, or the exception that it ends in."""
    try:
        with seeded():
            return run(lambda engine: check(engine, gradient_check(engine)), engine)
    except Exception as error:
        return error


def verdict(check: Check, engine: Any) -> Any:
    found = outcome(check, engine)
    if not isinstance(found, Exception):
        return "passed"
    if isinstance(found, gradient_check(engine).NondifferentiableError):
        return "kink"
    return "wrong" if isinstance(found, AssertionError) else found


def agree(check: Check, expected: str) -> None:
    ours, theirs = (verdict(check, engine) for engine in ENGINES)
    assert (ours, theirs) == (expected, expected)


def agree_to_refuse(check: Check) -> None:
    """Playground's exception is caught by the ``except`` clause that catches Chainer's."""
    ours, theirs = (verdict(check, engine) for engine in ENGINES)
    kinds = [kind for kind in _REFUSALS if isinstance(theirs, kind)]
    assert kinds, f"Chainer: {theirs!r}"
    assert isinstance(ours, kinds[0]), f"Chainer {theirs!r}, playground {ours!r}"
    assert isinstance(ours, playground.PlaygroundError)


def square(engine: Any, factor: float = 2.0, recorded: bool = True) -> Callable[[Any], Any]:
    """x², whose backward multiplies by ``factor`` x; perhaps out of reach of a second pass."""

    class Square(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0,))
            return (np.asarray(inputs[0] ** 2),)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            (x,) = self.get_retained_inputs()
            x = x if recorded else engine.Variable(x.array)
            return (x * grad_outputs[0] * factor,)

    return lambda x: Square().apply((x,))[0]


X = np.array([[0.5, -1.2, 3.0], [0.7, 2.0, -0.4]])
GY = np.array([[0.3, -0.8, 1.1], [1.7, 0.2, -0.9]])
GGX = np.array([[-0.6, 1.4, 0.5], [0.1, -1.3, 0.8]])


# ------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize(
    "name", ["numerical_grad", "check_backward", "check_double_backward", "assert_allclose"]
)
def test_signatures_are_chainers_and_only_rng_is_added(name: str) -> None:
    ours, theirs = (
        [
            (p.name, p.default, p.kind)
            for p in inspect.signature(getattr(gradient_check(engine), name)).parameters.values()
        ]
        for engine in ENGINES
    )
    extra = [("rng", None, inspect.Parameter.KEYWORD_ONLY)] if name.startswith("check") else []
    assert ours == theirs + extra


# --------------------------------------------------------------------------- numerical_grad


def both_gradients(
    f: Callable[[Any], Any], x: np.ndarray, gy: Any, **options: Any
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    ours, theirs = (
        gradient_check(engine).numerical_grad(lambda: f(x), (x,), gy, **options)
        for engine in ENGINES
    )
    return ours, theirs


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "one output": (lambda x: (np.sin(x) * x,), (GY,)),
    "two outputs": (lambda x: (x**3, x.sum(axis=0)), (GY, GY[0])),
    "a number as cotangent": (lambda x: (np.exp(x),), (1.5,)),
    "an output that does not count": (lambda x: (np.exp(x), x * 7), (GY, None)),
    "outputs and cotangents in lists": (lambda x: [x**2], [GY]),
}


@pytest.mark.parametrize("detect", [False, True])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_numerical_gradients_are_equal(name: str, dtype: str, detect: bool) -> None:
    f, gys = FUNCTIONS[name]
    x = X.astype(dtype)
    eps = 1e-3 if dtype == "f8" else 0.25
    # Rounding in float16 and the bend of exp across eps=0.25 are no kinks.
    options = {"eps": eps, "detect_nondifferentiable": detect, "diff_rtol": 0.5}
    (ours,), (theirs,) = both_gradients(f, x, gys, **options)
    assert ours.dtype == theirs.dtype == x.dtype
    # The two engines add up in another order; eps divides what that leaves.
    np.testing.assert_allclose(ours, theirs, rtol=np.finfo(dtype).eps * 4, atol=1e-11)
    np.testing.assert_array_equal(x, X.astype(dtype))


def test_numerical_gradients_of_many_shapes_are_equal() -> None:
    for shape in [(), (1,), (0,), (2, 0), (2, 1, 3)]:
        x = np.full(shape, 0.7)
        for detect in (False, True):
            (ours,), (theirs,) = both_gradients(
                lambda x: (x**3,), x, (np.ones(shape),), detect_nondifferentiable=detect
            )
            assert ours.shape == theirs.shape == shape
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_numerical_gradients_where_a_function_is_nowhere_finite() -> None:
    """The logarithm left of 0 is no kink for either engine, and has no slope."""
    x = np.array([-1.0, 2.0])
    with np.errstate(invalid="ignore"):
        (ours,), (theirs,) = both_gradients(
            lambda x: (np.log(x[:1]),), x, (np.ones(1),), detect_nondifferentiable=True
        )
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    assert np.isnan(ours).any()


@pytest.mark.parametrize("dtype", [np.int64, np.complex128, np.bool_])
def test_numerical_grad_refuses_what_eps_cannot_move(dtype: Any) -> None:
    x = np.ones(2, dtype)
    agree_to_refuse(lambda engine, gc: gc.numerical_grad(lambda: (x,), (x,), (np.ones(2),)))


@pytest.mark.parametrize(
    ("inputs", "gys", "eps"),
    [
        ((X,), (GY, GY), 1e-3),
        ((X,), (GY[0],), 1e-3),
        ((X,), (), 1e-3),
        (X, (GY,), 1e-3),
        ((X,), (GY,), 0),
        ((X,), (GY,), -1e-3),
    ],
)
def test_what_chainer_asserts_is_an_assertion_error(inputs: Any, gys: Any, eps: float) -> None:
    agree(lambda engine, gc: gc.numerical_grad(lambda: (X * 2,), inputs, gys, eps=eps), "wrong")


# ------------------------------------------------------------------ points without derivative

# The function, a point at a kink, and one beside it.
KINKS: dict[str, tuple[Callable[[Any, Any], Any], list[np.ndarray], list[np.ndarray]]] = {
    "relu at 0": (lambda F, x: F.relu(x), [np.array([1.0, 0.0])], [np.array([1.0, 0.1])]),
    "abs at 0": (lambda F, x: F.absolute(x), [np.array(0.0)], [np.array(-0.1)]),
    "near 0, within eps": (lambda F, x: F.absolute(x), [np.array(4e-4)], [np.array(4e-2)]),
    "maximum of equals": (
        lambda F, x, y: F.maximum(x, y),
        [np.array([1.0, 2.0]), np.array([3.0, 2.0])],
        [np.array([1.0, 2.0]), np.array([3.0, 2.1])],
    ),
    "max of equals": (lambda F, x: F.max(x), [np.array([2.0, 2.0, 1.0])], [np.array([2.0, 2.1])]),
    "clip at its end": (lambda F, x: F.clip(x, 0.0, 1.0), [np.array([1.0])], [np.array([0.9])]),
    "floor, a jump": (lambda F, x: F.floor(x), [np.array([1.0])], [np.array([1.5])]),
    "log at 0, finite on one side": (lambda F, x: F.log(x), [np.array(0.0)], [np.array(0.1)]),
}


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_found_by_both(name: str, dtype: str) -> None:
    f, kink, beside = KINKS[name]

    def check(point: list[np.ndarray]) -> Check:
        xs = tuple(x.astype(dtype) for x in point)

        def script(engine: Any, gc: Any) -> Any:
            y = f(engine.functions, *map(engine.Variable, xs))
            return gc.check_backward(
                lambda *xs: f(engine.functions, *xs),
                xs,
                np.ones_like(y.array),
                dtype=np.float64,
                # The bend of log at 0.1 across eps is no kink.
                rtol=1e-3,
                detect_nondifferentiable=True,
            )

        return script

    agree(check(kink), "kink")
    agree(check(beside), "passed")


@pytest.mark.parametrize(
    ("f", "at"),
    [(np.abs, 0.0), (lambda x: np.maximum(x, 1.0), 1.0), (np.sign, 0.0), (np.sqrt, 0.0)],
)
def test_numerical_grad_finds_kinks(f: Callable[[Any], Any], at: float) -> None:
    for value, expected in ((at, "kink"), (at + 0.5, "passed")):
        x = np.array([3.0, value])

        def check(engine: Any, gc: Any, x: np.ndarray = x) -> Any:
            return gc.numerical_grad(
                lambda: (f(x),), (x,), (np.ones(2),), detect_nondifferentiable=True
            )

        agree(check, expected)


def test_tolerances_decide_what_is_a_kink() -> None:
    x = np.array([0.0])
    for options, expected in (
        ({"diff_rtol": 0.1}, "kink"),
        ({"diff_rtol": 0.5}, "passed"),
        ({"diff_atol": 1e-2}, "passed"),
        ({"diff_atol": 1e-6, "diff_rtol": 0.0}, "kink"),
    ):

        def check(engine: Any, gc: Any, options: Any = options) -> Any:
            return gc.numerical_grad(
                lambda: (np.abs(x),), (x,), (np.ones(1),), 1e-3, True, **options
            )

        agree(check, expected)


# --------------------------------------------------------------------------- check_backward


@pytest.mark.parametrize("factor", [2.0, 3.0, -2.0, 0.0, 2.01])
def test_check_backward_tells_a_right_factor_from_a_wrong_one(factor: float) -> None:
    agree(
        lambda engine, gc: gc.check_backward(square(engine, factor), X, GY),
        "passed" if factor == 2 else "wrong",
    )


@pytest.mark.parametrize("dtype", ["f2", "f4"])
@pytest.mark.parametrize("factor", [2.0, 2.5])
def test_check_backward_in_lower_precision(dtype: str, factor: float) -> None:
    agree(
        lambda engine, gc: gc.check_backward(
            square(engine, factor),
            X.astype(dtype),
            GY.astype(dtype),
            dtype=np.float64,
            atol=1e-2,
            rtol=1e-2,
        ),
        "passed" if factor == 2 else "wrong",
    )


def test_low_precision_alone_is_too_coarse_for_both() -> None:
    """Which is what the argument ``dtype`` is for."""
    agree(
        lambda engine, gc: gc.check_backward(
            square(engine), X.astype("f2"), GY.astype("f2"), eps=1e-3
        ),
        "wrong",
    )


def _with_parameter(engine: Any, factor: float) -> tuple[Callable[[Any], Any], Any]:
    parameter = engine.Parameter(np.array([0.5, -0.3, 0.8]))
    return lambda x: square(engine, factor)(
        x * engine.functions.broadcast_to(parameter, x.shape)
    ), (parameter)


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_parameters_are_checked(factor: float) -> None:
    def check(engine: Any, gc: Any) -> Any:
        f, parameter = _with_parameter(engine, factor)
        # x is an integer: whether the check fails is up to the parameter alone.
        return gc.check_backward(
            lambda i: f(engine.functions.cast(i, "d")), np.arange(6).reshape(2, 3), GY, parameter
        )

    agree(check, "passed" if factor == 2 else "wrong")


def test_parameters_keep_their_values_and_lose_their_gradients() -> None:
    for engine in ENGINES:
        f, parameter = _with_parameter(engine, 2.0)
        before = parameter.array.copy()
        parameter.grad = np.ones(3)
        with seeded():
            gradient_check(engine).check_backward(f, X, GY, (parameter,))
        np.testing.assert_array_equal(parameter.array, before)
        assert parameter.grad is None


def test_functions_that_call_backward_themselves() -> None:
    """As the gradient penalty of a network does: the parameter's gradient must not pile up."""

    def check(engine: Any, gc: Any) -> Any:
        f, parameter = _with_parameter(engine, 2.0)

        def penalty(x: Any) -> Any:
            engine.functions.sum(f(x)).backward(enable_double_backprop=True)
            return parameter.grad_var * parameter.grad_var

        return gc.check_backward(penalty, X, GY[0], parameter, atol=1e-3, rtol=1e-3)

    agree(check, "passed")


CALLS: dict[str, tuple[Check, str]] = {
    "relu": (lambda engine, gc: gc.check_backward(engine.functions.relu, X, GY), "passed"),
    "a loss needs no cotangent": (
        lambda engine, gc: gc.check_backward(lambda x: engine.functions.sum(x * x), X, None),
        "passed",
    ),
    "lists of arrays": (
        lambda engine, gc: gc.check_backward(lambda x, y: x * y, [X, GY], [GY]),
        "passed",
    ),
    "several outputs": (
        lambda engine, gc: gc.check_backward(lambda x: (x * x, x * 3), X, (GY, GY)),
        "passed",
    ),
    "an output that does not count": (
        lambda engine, gc: gc.check_backward(
            lambda x: (x * x, square(engine, 5.0)(x)), X, (GY, None)
        ),
        "passed",
    ),
    "no output counts": (
        lambda engine, gc: gc.check_backward(square(engine, 5.0), X, (None,)),
        "passed",
    ),
    "one of two outputs is wrong": (
        lambda engine, gc: gc.check_backward(
            lambda x: (x * x, square(engine, 5.0)(x)), X, (GY, GY)
        ),
        "wrong",
    ),
    "an integer input": (
        lambda engine, gc: gc.check_backward(
            lambda x, i: x * i.array.astype("d"), (X, np.arange(3)), GY
        ),
        "passed",
    ),
    "an input that is None": (
        lambda engine, gc: gc.check_backward(lambda x, none: x * x, (X, None), GY),
        "passed",
    ),
    "the output is the input": (lambda engine, gc: gc.check_backward(lambda x: x, X, GY), "passed"),
    "an input without influence": (
        lambda engine, gc: gc.check_backward(lambda x, y: x * x, (X, X), GY),
        "passed",
    ),
    "a constant": (
        lambda engine, gc: gc.check_backward(lambda x: engine.Variable(np.ones(2)), X, np.ones(2)),
        "passed",
    ),
    "no gradient is wanted, none comes": (
        lambda engine, gc: gc.check_backward(
            lambda x, y: x.array * y, (X, X), GY, no_grads=[True, False]
        ),
        "passed",
    ),
    "the graph is cut": (
        lambda engine, gc: gc.check_backward(lambda x, y: x.array * y, (X, X), GY),
        "wrong",
    ),
    "empty": (
        lambda engine, gc: gc.check_backward(lambda x: x * x, X[:0], GY[:0]),
        "passed",
    ),
    "empty, looking for kinks": (
        lambda engine, gc: gc.check_backward(
            lambda x: x * x, X[:0], GY[:0], detect_nondifferentiable=True
        ),
        "passed",
    ),
    "0-d": (
        lambda engine, gc: gc.check_backward(square(engine), np.array(0.5), np.array(0.3)),
        "passed",
    ),
    "0-d, wrong": (
        lambda engine, gc: gc.check_backward(square(engine, 3.0), np.array(0.5), np.array(0.3)),
        "wrong",
    ),
    "eps": (lambda engine, gc: gc.check_backward(square(engine), X, GY, eps=0), "wrong"),
    "NaN on both sides": (
        lambda engine, gc: gc.check_backward(engine.functions.sqrt, -np.abs(X), GY),
        "passed",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_check_backward(name: str) -> None:
    agree(*CALLS[name])


def test_nothing_is_recorded() -> None:
    def check(engine: Any, gc: Any) -> Any:
        with engine.no_backprop_mode():
            return gc.check_backward(lambda x: x * x, X, GY)

    agree(check, "wrong")


REFUSED: dict[str, Check] = {
    "an integer dtype": lambda engine, gc: gc.check_backward(square(engine), X, GY, dtype="i"),
    "too few no_grads": lambda engine, gc: gc.check_backward(
        lambda x, y: x * y, (X, X), GY, no_grads=[True]
    ),
    "a gradient that no_grads denies": lambda engine, gc: gc.check_backward(
        lambda x, y: x * y, (X, X), GY, no_grads=[True, False]
    ),
    "no cotangent": lambda engine, gc: gc.check_backward(square(engine), X, None),
    "no cotangent for one element": lambda engine, gc: gc.check_backward(
        square(engine), np.ones(1), None
    ),
    "too few cotangents": lambda engine, gc: gc.check_backward(lambda x: (x * x, x * 3), X, (GY,)),
    "a cotangent of another shape": lambda engine, gc: gc.check_backward(square(engine), X, GY[0]),
    "a cotangent of another dtype": lambda engine, gc: gc.check_backward(
        square(engine), X, GY.astype("f")
    ),
    "too few no_grads, second order": lambda engine, gc: gc.check_double_backward(
        lambda x, y: x * y, (X, X), GY, (GGX, GGX), no_grads=[True, False]
    ),
    "too few second cotangents": lambda engine, gc: gc.check_double_backward(
        lambda x, y: x * y, (X, X), GY, GGX
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    agree_to_refuse(REFUSED[name])


# -------------------------------------------------------------------- check_double_backward


@pytest.mark.parametrize("recorded", [True, False])
def test_second_order_sees_a_backward_that_is_not_recorded(recorded: bool) -> None:
    agree(
        lambda engine, gc: gc.check_double_backward(square(engine, 2.0, recorded), X, GY, GGX),
        "passed" if recorded else "wrong",
    )
    # The first order of both is right.
    agree(
        lambda engine, gc: gc.check_backward(square(engine, 2.0, recorded), X, GY),
        "passed",
    )


def test_second_order_takes_the_first_for_granted() -> None:
    agree(lambda engine, gc: gc.check_double_backward(square(engine, 5.0), X, GY, GGX), "passed")


SECOND: dict[str, Check] = {
    "linear in x": lambda engine, gc: gc.check_double_backward(lambda x: 2 * x, X, GY, GGX),
    "two inputs": lambda engine, gc: gc.check_double_backward(
        lambda x, y: x * y * y, (X, GGX), GY, (GGX, X)
    ),
    "two outputs": lambda engine, gc: gc.check_double_backward(
        lambda x: (x * x, x**3), X, (GY, GGX), GGX
    ),
    "an integer input has no gradient": lambda engine, gc: gc.check_double_backward(
        lambda x, i: x * x * i.array.astype("d"), (X, np.arange(3)), GY, GGX
    ),
    "in double precision": lambda engine, gc: gc.check_double_backward(
        lambda x: x * x * x,
        X.astype("f"),
        GY.astype("f"),
        GGX.astype("f"),
        dtype=np.float64,
    ),
    "an output of a dtype of its own": lambda engine, gc: gc.check_double_backward(
        lambda x: engine.functions.cast(x * x, "f"),
        X,
        GY.astype("f"),
        GGX,
        dtype=np.float64,
        eps=1e-2,
        atol=1e-2,
        rtol=1e-2,
    ),
}


@pytest.mark.parametrize("name", SECOND)
def test_second_order(name: str) -> None:
    agree(SECOND[name], "passed")


@pytest.mark.parametrize("recorded", [True, False])
def test_second_order_of_parameters(recorded: bool) -> None:
    def check(engine: Any, gc: Any) -> Any:
        parameter = engine.Parameter(X)
        return gc.check_double_backward(
            lambda x: x * square(engine, 2.0, recorded)(parameter), X, GY, GGX, parameter, GGX
        )

    agree(check, "passed" if recorded else "wrong")


def test_second_order_at_a_kink() -> None:
    for x, expected in ((np.array([0.0, 1.0]), "kink"), (np.array([0.1, 1.0]), "passed")):

        def check(engine: Any, gc: Any, x: np.ndarray = x) -> Any:
            return gc.check_double_backward(
                lambda x: engine.functions.relu(x) * x,
                x,
                np.ones(2),
                np.ones(2),
                detect_nondifferentiable=True,
            )

        agree(check, expected)


# -------------------------------------------------------------------------- assert_allclose


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (np.ones(3), np.ones(3) * (1 + 1e-5), "passed"),
        (np.ones(3), np.ones(3) * 1.01, "wrong"),
        (np.ones(3), 1.0, "passed"),
        (2.0, 2.0, "passed"),
        (np.ones(3), np.ones((1, 3)), "wrong"),
        (np.array([1, np.nan]), np.array([1, np.nan]), "passed"),
        (np.array([1, np.nan]), np.array([1, 1.0]), "wrong"),
        (np.array([1, np.inf]), np.array([1, np.inf]), "passed"),
        (np.array([1, np.inf]), np.array([1, -np.inf]), "wrong"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "passed"),
        (np.array([3], np.uint8), np.array([5], np.uint8), "wrong"),
        (np.ones(2, bool), np.ones(2, int), "passed"),
        (np.array([True]), np.array([False]), "wrong"),
        (np.ones(2, "f2"), np.ones(2, "f8"), "passed"),
        (np.array([1j]), np.array([1j + 1e-7]), "passed"),
        (np.array([1j]), np.array([1.0 + 0j]), "wrong"),
    ],
)
def test_assert_allclose(x: Any, y: Any, expected: str) -> None:
    def check(engine: Any, gc: Any) -> Any:
        return gc.assert_allclose(x, y)

    ours, theirs = (verdict(check, engine) for engine in ENGINES)
    assert ours == expected
    # Chainer's own report cannot subtract booleans.
    assert theirs == expected or isinstance(theirs, TypeError)


# ------------------------------------------------------------------------------- deviations


def test_deviation_complex_arrays_are_refused() -> None:
    """Chainer checks nothing of a complex input, and drops the imaginary part of an output."""
    parameter = {engine: engine.Parameter(np.ones(3)) for engine in ENGINES}

    def complex_input(engine: Any, gc: Any) -> Any:
        y = parameter[engine]
        return gc.check_backward(lambda z: y * y, X + 1j, np.ones(3), y)

    def complex_output(engine: Any, gc: Any) -> Any:
        return gc.numerical_grad(lambda: (X * 1j,), (X,), (GY,))

    for check in (complex_input, complex_output):
        assert verdict(check, chainer) == "passed"
        assert isinstance(verdict(check, playground), playground.PlaygroundError)


def test_deviation_parameters_get_their_dtype_back() -> None:
    for engine, after in zip(ENGINES, ("f", "d"), strict=True):
        parameter = engine.Parameter(np.ones(3, "f"))

        def f(x: Any, parameter: Any = parameter) -> Any:
            return x * parameter

        gradient_check(engine).check_backward(
            f, np.ones(3, "f"), np.ones(3, "f"), parameter, dtype=np.float64
        )
        assert parameter.dtype == after


def test_deviation_second_order_of_a_loss_needs_no_cotangent() -> None:
    def check(engine: Any, gc: Any) -> Any:
        return gc.check_double_backward(lambda x: engine.functions.sum(x**3), X, None, GGX)

    assert verdict(check, playground) == "passed"
    assert isinstance(verdict(check, chainer), AttributeError)


def test_deviation_second_order_where_no_first_gradient_arrives() -> None:
    def check(engine: Any, gc: Any) -> Any:
        return gc.check_double_backward(lambda x, y: x * x, (X, X), GY, (GGX, GGX))

    assert verdict(check, playground) == "passed"
    assert isinstance(verdict(check, chainer), AttributeError)


def test_deviation_a_kink_shows_beside_elements_that_are_nowhere_finite() -> None:
    """Chainer looks for kinks only if every element of every output is finite."""
    x = np.array([-1.0, 0.0])

    def check(engine: Any, gc: Any) -> Any:
        return gc.numerical_grad(
            lambda: (np.log(x[:1]), np.abs(x)),
            (x,),
            (np.ones(1), np.ones(2)),
            detect_nondifferentiable=True,
        )

    assert (verdict(check, playground), verdict(check, chainer)) == ("kink", "passed")
