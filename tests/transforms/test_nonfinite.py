"""Where did the NaN come from: find_nan, and what debug mode says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
from playground import FunctionNode, NaNDetectedError, Parameter, Variable, find_nan, using_config
from playground.graph.types import Raw, UserFunction
from playground.transforms import grad, jacobian, vmap
from tests.paths import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

X = np.array([[1.0, 2.0], [np.inf, 1.0]])


def entropy(x: Any) -> Any:
    roots = np.sqrt(x)
    terms = roots * np.log(roots)
    return np.sum(terms)


CASES: list[tuple[UserFunction, Any, tuple[str, str], str]] = [
    (entropy, (1.0, -2.0), ("sqrt", "forward"), "output[1] = nan|input 0 there = -2.0"),
    (entropy, (1.0, 0.0), ("log", "forward"), "output[1] = -inf|input 0 there = 0.0"),
    (entropy, (1.0, np.nan), ("sqrt", "forward"), "input 0, as it was given,[1] = nan"),
    (
        lambda x: np.sum(np.sqrt(x) * np.sqrt(x)),
        (1.0, 0.0),
        ("sqrt", "backward"),
        "gradient of input 0[1] = nan|input 0 there = 0.0",
    ),
    (
        lambda x: np.sum(np.sqrt(x)),
        (1.0, 0.0),
        ("sqrt", "backward"),
        "gradient of input 0[1] = inf|input 0 there = 0.0",
    ),
    # The branch that is not selected is NaN as well, and has nothing to do with it.
    (
        lambda x: np.where(x > 1, 2 * x, np.sqrt(1 - x)) * np.log(-x),
        3.0,
        ("log", "forward"),
        "output = nan|input 0 = -3.0",
    ),
    (
        lambda x: np.where(x > 1, np.log(1 - x), np.sqrt(x - 4)),
        3.0,
        ("log", "forward"),
        "input 0 = -2.0",
    ),
    (
        lambda a: np.sum(np.linalg.inv(a) / np.linalg.det(a - a)),
        ((1.0, 0.0), (0.0, 1.0)),
        ("_ / _", "forward"),
        "output[0, 0] = inf|input 0 there = 1.0|input 1 = 0.0",
    ),
    (lambda w: np.sum((X @ w)[1:]), (1.0, 2.0), ("MatMul", "forward"), "as it was given,[1, 0]"),
    (vmap(lambda x: np.log(x) * 2), (1.0, -2.0), ("log", "forward"), "input 0 there = -2.0"),
    (grad(lambda x: np.sum(np.sqrt(x) * x)), (1.0, 0.0), ("_ / _", "forward"), "output[1] = nan"),
    (lambda x: np.exp(1000 * x), 1.0, ("exp", "forward"), "input 0 = 1000.0"),
    (
        lambda x: np.sum(np.split(1 / x, 2)[1]),
        (0.0, 1.0, 2.0, 0.0),
        ("1.0 / _", "forward"),
        "output[0] = inf",
    ),
]


@pytest.mark.parametrize(("function", "at", "wanted", "details"), CASES)
def test_the_first_operation_is_named(
    function: UserFunction, at: Any, wanted: tuple[str, str], details: str
) -> None:
    found = find_nan(function, np.asarray(at))
    assert found is not None
    assert (found.operation.replace("1 /", "1.0 /"), found.direction) == wanted
    for detail in details.split("|"):
        assert detail in str(found)


def test_the_line_is_the_users() -> None:
    found = find_nan(entropy, np.array([1.0, 0.0]))
    assert found is not None
    assert found.site is not None
    assert found.site.path == __file__
    assert "terms = roots * np.log(roots)" in str(found)
    assert repr(found) == str(found)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (entropy, (1.0, 2.0)),
        (lambda x: np.where(x > 1, 2 * x, np.sqrt(1 - x)), 3.0),
        (lambda x: np.nansum((np.array([1.0, np.nan]) - x) ** 2), 2.0),
        (lambda x: np.sum(np.log(x)[x > 0]), (0.0, 1.0)),
        (lambda x: np.max(1 / x), (1.0, 2.0)),
        (jacobian(lambda x: np.cumsum(np.sqrt(x))), (1.0, 4.0)),
    ],
)
def test_nothing_is_found_where_all_that_is_used_is_finite(function: UserFunction, at: Any) -> None:
    assert find_nan(function, np.asarray(at)) is None


def test_a_graph_that_is_there() -> None:
    found = find_nan(entropy(Variable(np.array([1.0, 0.0]))))
    assert found is not None
    assert (found.operation, found.direction, found.site) == ("log", "forward", None)
    assert "output[1] = -inf" in str(found)
    assert "call find_nan(f, *args)" in str(found)
    assert find_nan(entropy(Variable(np.array([1.0, 2.0])))) is None


def test_debug_mode_leaves_the_lines_in_a_graph() -> None:
    with using_config("debug", True):
        y = np.sum(np.sqrt(Variable(np.array([1.0, 0.0]))))  # here
    found = find_nan(y)
    assert found is not None
    assert (found.operation, found.direction) == ("sqrt", "backward")
    assert "# here" in str(found)


class Root(FunctionNode):
    """A user's square root."""

    def forward(self, inputs: tuple[Raw, ...]) -> tuple[Raw, ...]:
        return (np.sqrt(inputs[0]),)


def test_closed_over_variables_and_functions_of_ones_own() -> None:
    p = Parameter(np.array([1.0, 0.0]))
    found = find_nan(lambda: np.sum(np.log(p)))
    assert found is not None
    assert found.operation == "log"
    found = find_nan(lambda x: Root().apply((x,))[0].sum(), np.array([1.0, -1.0]))
    assert found is not None
    assert found.operation == "Root"
    assert "input 0 there = -1.0" in str(found)


def test_other_arguments_are_handed_on() -> None:
    found = find_nan(lambda x, name, n, *, c: np.log(x - n) * c, 1.0, "name", 2, c=3.0)
    assert found is not None
    assert found.operation == "log"


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match=r"find_nan\(loss\) or find_nan\(f, x"):
        find_nan(np.array([np.nan]))  # type: ignore[arg-type]


def test_nothing_is_left_behind() -> None:
    assert playground.config.plain
    with pytest.raises(ZeroDivisionError):
        find_nan(lambda x: x / (1 // 0), 1.0)
    assert playground.config.plain


# --------------------------------------------------------------------------------- debug mode


def complaint(function: UserFunction, *values: float) -> str:
    with using_config("debug", True), pytest.raises(NaNDetectedError) as caught:
        function(Variable(np.array(values))).backward()
    return str(caught.value)


def test_debug_mode_names_the_line_and_the_values_forward() -> None:
    text = complaint(entropy, 1.0, -2.0)
    assert text.startswith("NaN is detected on forward computation of sqrt")
    assert f"{ROOT}/tests/transforms/test_nonfinite.py" in text
    assert "roots = np.sqrt(x)" in text
    assert "output[1] = nan" in text
    assert "input 0 there = -2.0" in text


def test_debug_mode_tells_what_came_in_from_what_was_made() -> None:
    assert "input 0[1] = nan" in complaint(entropy, 1.0, np.nan)
    text = complaint(lambda x: Root().apply((x,))[0].sum(), 1.0, -1.0)
    assert "forward computation of Root" in text
    assert "input 0 there = -1.0" in text


def test_debug_mode_names_the_line_and_the_values_backward() -> None:
    def squares_of_roots(x: Any) -> Any:
        roots = np.sqrt(x)
        return np.sum(roots * roots)

    text = complaint(squares_of_roots, 1.0, 0.0)
    assert text.startswith("NaN is detected on backward computation of sqrt")
    assert "roots = np.sqrt(x)" in text
    assert "gradient of input 0[1] = nan" in text
    assert "input 0 there = 0.0" in text
