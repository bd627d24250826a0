"""Functions that ask what a value is: the branch of a Variable is not differentiated in silence."""

from __future__ import annotations

import collections.abc
import functools
import math
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from playground import BranchError, Variable, fit
from playground.transforms import (
    check_grads,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
    vmap,
)
from tests.loops import for_each


@functools.singledispatch
def dispatched(x: Any) -> Any:
    return x * 1.0


@dispatched.register
def _(x: float) -> Any:
    return x**2


def matched(x: Any) -> Any:
    match x:
        case float():
            return x**2
        case _:
            return x * 1.0


def tried(x: Any) -> Any:
    try:
        return x * 1.0 + 0 * len(x.shape)
    except AttributeError:
        return x**2


def is_float(x: Any) -> bool:
    return isinstance(x, float)


def is_exactly_float(x: Any) -> bool:
    return type(x) is float


class Model:
    def __init__(self, power: int) -> None:
        self.power = power

    def loss(self, x: Any) -> Any:
        return self.inner(x)

    def inner(self, x: Any) -> Any:
        return x**self.power if type(x) is float else x * 1.0

    __call__ = inner


MODEL = Model(2)


def squared_if(question: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """x ** 2 where the question is answered by yes, as it is for a float, and x where not."""
    return lambda x: x**2 if question(x) else x * 1.0


ASKING: dict[str, Callable[[Any], Any]] = {
    "isscalar": squared_if(np.isscalar),
    "isscalar in the text": lambda x: x**2 if np.isscalar(x) else x * 1.0,
    "isinstance float": squared_if(lambda x: isinstance(x, float)),
    "isinstance of two": squared_if(lambda x: isinstance(x, (int, float))),
    "isinstance of a union": squared_if(lambda x: isinstance(x, int | float)),
    "not an ndarray nor a number": lambda x: (
        x * 1.0 if not isinstance(x, (np.ndarray, float, int, np.generic)) else x**2
    ),
    "numbers.Number": squared_if(lambda x: isinstance(x, numbers.Number)),
    "numbers.Real": squared_if(lambda x: isinstance(x, numbers.Real)),
    "iterable": squared_if(lambda x: not isinstance(x, collections.abc.Iterable)),
    "type is": squared_if(lambda x: type(x) is float),
    "type in": squared_if(lambda x: type(x) in (float, int)),
    "issubclass": squared_if(lambda x: issubclass(type(x), float)),
    "name of the type": squared_if(lambda x: type(x).__name__ == "float"),
    "__class__": squared_if(lambda x: x.__class__ is float),
    "hasattr": squared_if(lambda x: not hasattr(x, "shape")),
    "getattr": squared_if(lambda x: getattr(x, "ndim", None) is None),
    "except AttributeError": tried,
    "match": matched,
    "singledispatch": dispatched,
    "singledispatch inside": lambda x: dispatched(x) * 1.0,
    "set": squared_if(lambda x: x in {2.0, 3.0}),
    "dict": squared_if(lambda x: {2.0: True}.get(x, False)),
    "helper": lambda x: x**2 if is_float(x) else x * 1.0,
    "helper by type": lambda x: x**2 if is_exactly_float(x) else x * 1.0,
    "partial": functools.partial(lambda n, x: x**n if isinstance(x, float) else x * 1.0, 2),
    "method": MODEL.loss,
    "object": MODEL,
    "object inside": lambda x: MODEL(x) + 0.0,
    "object around": (lambda model: lambda x: model.loss(x))(Model(2)),
    "of a result": lambda x: (lambda y: y**2 if isinstance(y, float) else y)(x * 1.0),
}


@for_each(ASKING)
def test_another_branch_for_a_variable_is_an_error_that_says_so(name: str) -> None:
    f = ASKING[name]
    assert f(2.0) == 4.0
    with pytest.raises(BranchError, match=r"gives 4 for the float itself and 2 for the Variable"):
        grad(f)(2.0)


POINTS = [name for name in ASKING if name not in ("set", "dict")]


@for_each(POINTS)
def test_where_both_branches_meet_a_point_close_by_tells(name: str) -> None:
    for x in (1.0, 0.0):
        with pytest.raises(BranchError, match=r"at a point close by"):
            grad(ASKING[name])(x)


def asking(x: Any) -> Any:
    return x**2 if isinstance(x, (float, np.generic)) else x * 1.0


TRANSFORMS: dict[str, Callable[[], Any]] = {
    "value_and_grad": lambda: value_and_grad(asking)(3.0),
    "grad of grad": lambda: grad(grad(asking))(3.0),
    "jacobian": lambda: jacobian(asking)(3.0),
    "hessian": lambda: hessian(asking)(3.0),
    "hvp": lambda: hvp(asking)(3.0, 1.0),
    "elementwise_grad": lambda: elementwise_grad(asking)(3.0),
    "vjp": lambda: vjp(asking, 3.0),
    "jvp": lambda: jvp(asking, (3.0,), (1.0,)),
    "vmap": lambda: vmap(asking)(np.arange(3.0)),
    "vmap of grad": lambda: vmap(grad(asking))(np.arange(3.0)),
    "vmap of vmap": lambda: vmap(vmap(asking))(np.full((2, 2), 3.0)),
    "grad of vmap": lambda: grad(lambda x: vmap(asking)(x).sum())(np.arange(3.0)),
    "check_grads": lambda: check_grads(asking)(3.0),
    "find_nan": lambda: playground.find_nan(asking, 3.0),
    "fit": lambda: fit(asking, 3.0),
    "fit at 1": lambda: fit(lambda x: (x - 4) ** 2 if np.isscalar(x) else (x - 4) ** 4, 5.0),
    "fit of two": lambda: fit(lambda a, b: a**2 + b if is_float(b) else a**2 + b**2, (3.0, 1.0)),
    "fit of a dict": lambda: fit(lambda a: a**2 if is_float(a) else a**4, {"a": 2.0}),
    "a NumPy number": lambda: grad(asking)(np.float64(3.0)),
    "a whole number": lambda: grad(lambda x: x**2 if isinstance(x, int) else x)(3),
    "float32": lambda: grad(asking)(np.float32(3.0)),
    "in a dict": lambda: grad(lambda p: asking(p["a"]))({"a": 3.0}),
    "by argnums": lambda: grad(lambda c, x: c * asking(x), argnums=1)(2.0, 3.0),
    "without a graph": lambda: _without_graph(),
}


def _without_graph() -> Any:
    with playground.no_backprop_mode():
        return grad(asking)(3.0)


@for_each(TRANSFORMS)
def test_every_transform_and_fit_compare(name: str) -> None:
    with pytest.raises(BranchError, match=r"for the Variable that stands for it"):
        TRANSFORMS[name]()


X = np.array([1.0, 2.0, 3.0])
ARRAYS: dict[str, Callable[[Any], Any]] = {
    "isinstance ndarray": lambda x: (x**2).sum() if isinstance(x, np.ndarray) else x.sum(),
    "not isinstance": lambda x: x.sum() if not isinstance(x, np.ndarray) else (x**2).sum(),
    "type is ndarray": lambda x: (x**2).sum() if type(x) is np.ndarray else x.sum(),
    "of elements": lambda x: sum(y**2 if np.isscalar(y) else y for y in x),
    "of a sum": lambda x: (lambda y: y**2 if isinstance(y, float) else y)(x.sum()),
    "sequence": lambda x: (x**2).sum() if not hasattr(x, "backward") else x.sum(),
}


@for_each(ARRAYS)
def test_arrays_are_compared_too(name: str) -> None:
    for transform in (grad, value_and_grad, hessian, jacobian):
        with pytest.raises(BranchError, match=r"for the ndarray itself"):
            transform(ARRAYS[name])(X)


UNTOUCHED: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "ndim": (lambda x: x**2 if np.ndim(x) == 0 else x, 3.0, 6.0),
    "shape": (lambda x: x**2 if np.shape(x) == () else x, 3.0, 6.0),
    "math or numpy": (lambda x: math.exp(x) if is_float(x) else np.exp(x), 1.0, math.e),
    "made an array": (
        lambda x: ((np.array([x]) if np.isscalar(x) else x) ** 2).sum(),
        3.0,
        6.0,
    ),
    "both named": (lambda x: x**2 if isinstance(x, (float, Variable)) else x, 3.0, 6.0),
    "another's type": (lambda x, n=2: x**n if isinstance(n, int) else x, 3.0, 6.0),
    "text": (lambda x: x**2 if not isinstance(x, str) else 0.0, 3.0, 6.0),
    "type of a constant": (lambda x: x**2 if type(X) is np.ndarray else 0.0, 3.0, 6.0),
    "only for Variables": (lambda x: x.sum() ** 2 if type(x) is not str else 0.0, 3.0, 6.0),
    "only for Variables, by error": (lambda x: x**2 if hasattr(x, "shape") else 1 / 0, 3.0, 6.0),
    "a whole number": (lambda x: x**2 if isinstance(x, (int, float, Variable)) else x, 3, 6.0),
    "NaN": (lambda x: np.where(isinstance(x, str), x, x**2 + np.nan * 0), 3.0, np.nan),
}


@for_each(UNTOUCHED)
def test_who_computes_the_same_either_way_is_left_alone(name: str) -> None:
    f, x, slope = UNTOUCHED[name]
    if name == "NaN":
        assert np.isnan(value_and_grad(f)(x)[0])
    else:
        assert grad(f)(x) == pytest.approx(slope, rel=1e-12)


def test_variables_of_the_user_and_formulas_are_not_compared() -> None:
    assert grad(asking)(Variable(np.array(3.0))).array == 1.0
    assert str(playground.to_sympy(grad(asking), ())) == "1"


def noisy(rng: Any) -> Callable[[Any], Any]:
    return lambda x: x * x * rng.normal() if not isinstance(x, str) else 0.0


def test_random_numbers_make_no_error_and_stay_what_the_seed_says() -> None:
    for make in (np.random.default_rng, np.random.RandomState):
        rng, same = make(7), make(7)
        f = noisy(rng)
        found = [grad(f)(1.0) / 2, grad(f)(2.0) / 4, rng.normal()]
        np.testing.assert_allclose(found, [same.normal() for _ in range(3)], rtol=1e-14)
    np.random.seed(3)
    slope = grad(lambda x: x * np.random.normal() if type(x) is not str else 0)(1.0)
    after = np.random.normal()
    np.random.seed(3)
    assert [slope, after] == [np.random.normal(), np.random.normal()]


def test_a_generator_made_inside_makes_no_error() -> None:
    def f(x: Any) -> Any:
        return x * np.random.default_rng().normal() if not isinstance(x, str) else 0.0

    assert np.isfinite(grad(f)(1.0))


def test_of_random_functions_too_the_other_branch_is_found() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(BranchError):
        grad(lambda x: x**2 * rng.normal() if isinstance(x, float) else x * rng.normal())(3.0)


def test_it_is_called_three_times_more_once_and_not_at_all_if_it_asks_nothing() -> None:
    calls: list[float] = []

    def f(x: Any, flag: bool = True) -> Any:
        calls.append(1.0)
        return x**2 if not isinstance(x, str) else 0.0

    gradient = grad(f)
    for x in (2.0, 3.0, 4.0):
        assert gradient(x) == 2 * x
    assert len(calls) == 3 + 3
    for x in (2.0, 3.0, 4.0):
        assert grad(lambda x: f(x) * 1.0)(x) == 2 * x  # another object, the same text
    assert len(calls) == 6 + 3 + 3
    gradient(2.0, flag=False)
    gradient(2.0, flag=False)
    assert len(calls) == 12 + 2 + 3
    calls.clear()

    def silent(x: Any) -> Any:
        calls.append(1.0)
        return x**2

    assert grad(silent)(3.0) == 6.0
    assert vmap(silent)(X).sum() == 14.0
    assert len(calls) == 2


def test_a_function_that_counts_is_compared_once_all_the_same() -> None:
    count, other, log = 0, {"n": 0}, []

    def f(x: Any) -> Any:
        nonlocal count
        count += 1
        other["n"] += 1
        log.append(float(count))
        return x**2 if not isinstance(x, str) else 0.0

    for x in (2.0, 3.0, 4.0):
        assert grad(f)(x) == 2 * x
        assert grad(lambda x: f(x) * 1.0)(x) == 2 * x
    assert count == other["n"] == len(log) == 6 + 2 * 3


def test_of_functions_of_one_text_each_is_compared() -> None:
    def power(n: int) -> Callable[[Any], Any]:
        return lambda x: x**n if isinstance(x, float) else x * 1.0

    assert grad(power(1))(3.0) == 1.0
    with pytest.raises(BranchError):
        grad(power(2))(3.0)

    def chosen(x: Any, n: int, name: str = "none") -> Any:
        return x**n if isinstance(x, float) and name == "power" else x * 1.0

    assert grad(chosen)(3.0, 2) == grad(chosen)(3.0, 1, "power") == 1.0
    with pytest.raises(BranchError):
        grad(chosen)(3.0, 2, "power")
    with pytest.raises(BranchError):
        grad(chosen)(3.0, 2, name="power")


def test_a_value_that_changes_from_call_to_call_is_no_difference() -> None:
    count = [0]

    def f(x: Any) -> Any:
        count[0] += 1
        return x * count[0] if not isinstance(x, str) else 0.0

    assert grad(f)(3.0) == 1.0


def test_what_the_plain_call_writes_into_is_a_copy() -> None:
    def f(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            x *= 2
            return x.sum()
        return (2 * x).sum()

    x = X.copy()
    np.testing.assert_array_equal(grad(f)(x), [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(x, X)


def test_an_error_inside_says_what_was_asked() -> None:
    def f(x: Any) -> Any:
        if not isinstance(x, float):
            raise TypeError("a float, please")
        return x**2

    with pytest.raises(TypeError, match="a float, please") as caught:
        grad(f)(3.0)
    assert "stands a playground.Variable" in "".join(caught.value.__notes__)


PLACES = np.array([0.0, 0.5, 1.5, 2.0, 4.0])
NOISE = {
    "coordinates": lambda x: np.sum(
        np.gradient(np.resize(x, 5), np.array([0.0, 0.5, 1.5, 2.0, 4.0]))
    ),
    "behind a step": lambda x: np.sum(
        np.gradient(np.resize(np.trunc(x), 5), np.array([0.0, 0.5, 1.5, 2.0, 4.0]))
    ),
    "variance": lambda x: np.nanvar(np.linalg.eigvalsh(np.resize(x, (3, 3)))[:2]),
    "a sum of nothing": lambda x: np.sum(np.resize(x, 3) * 0.1) - 0.3 * x.ravel()[0],
}


@pytest.mark.filterwarnings("ignore:grad. the output does not depend")
@pytest.mark.parametrize("name", NOISE)
@pytest.mark.parametrize("size", [1.0, 1687.1372288721088, -2.25745753779])
def test_rounding_is_no_other_branch(name: str, size: float) -> None:
    f = NOISE[name]

    def asking(x):
        return f(x) if hasattr(x, "shape") else f(np.asarray(x))  # asks, and changes nothing

    grad(asking)(np.full((3, 3), size))


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e-20, 1e-200])
@pytest.mark.parametrize("x", [3.0, 1.0 + 1e-3, 1e-8])
def test_a_small_other_branch_is_still_told(scale: float, x: float) -> None:
    with pytest.raises(BranchError):
        grad(lambda x: scale * (x if isinstance(x, float) else x * x))(x)


HIDDEN = {
    "nothing, and a line": (lambda x: 0 * x, lambda x: 1e-12 * x, 2.0),
    "nothing, and a fall": (lambda x: 0 * x, lambda x: np.exp(-x), 30.0),
    "nothing, and very little": (lambda x: 0 * x, lambda x: 1e-30 * x, 2.0),
    "nothing, and a power": (lambda x: 0 * x, lambda x: x**-6, 200.0),
    "a number, and a line": (lambda x: 1e-12 + 0 * x, lambda x: 1e-12 * x, 2.0),
    "nothing, and a line from 0": (lambda x: 0 * x, lambda x: 1e-12 * (1 + x), 0.0),
    "a step, and a line": (lambda x: 1e-12 * np.floor(x), lambda x: 1e-12 * x, 2.5),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_branch_beside_a_constant_is_told(name: str) -> None:
    plain, traced, x = HIDDEN[name]
    with pytest.raises(BranchError):
        grad(lambda x: plain(x) if isinstance(x, float) else traced(x))(x)
