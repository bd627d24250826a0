"""Every operation has its row in ``tests/ops.py``, and every row its operation."""

from __future__ import annotations

import functools
import pkgutil
from collections import Counter
from importlib import import_module
from typing import Any

import pytest

import playground.functions as F
from playground import FunctionNode, Variable
from playground.functions import lanes
from playground.functions.kinks import Lost, Undefined
from playground.functions.lanes import Hide, Lift, Show, Total
from playground.functions.linalg.clusters import AlikeInClusters, DeadEnd
from playground.functions.linalg.downstream import Given, Limit
from playground.functions.linalg.eigenvalues import EighValuesGrad
from playground.functions.linalg.singular_values import SvdValuesGrad
from playground.functions.linalg.solving import Cofactors
from playground.functions.operands import Meeting
from playground.functions.registry import RECORDED, full_name
from playground.graph.op import Elementwise, ElementwiseUnary, Op
from tests.op_checks import inputs, recorded_functions
from tests.ops import NAMED, ROWS
from tests.rows import Row, as_tuple


def classes_below(cls: type) -> set[type]:
    below = set(cls.__subclasses__())
    return below.union(*map(classes_below, below))


# They hold a result, or bring operands together: there is nothing to differentiate in them. The
# gradients of values are checked as the second derivatives of eigh and svd, whose bases they need,
# and the cofactors as those of det.
# The ways into lanes and out of them are checked under vmap, with every row; what has no derivative
# in tests/functions/test_norms_at_zero.py.
ENDS = {
    AlikeInClusters,
    DeadEnd,
    Given,
    Meeting,
    EighValuesGrad,
    SvdValuesGrad,
    Cofactors,
    Limit,
    Hide,
    Lift,
    Lost,
    Show,
    Total,
    Undefined,
}


def is_complete(cls: type) -> bool:
    """Whether a class is an operation, rather than a base of some."""
    if issubclass(cls, (Elementwise, ElementwiseUnary)) and (
        cls.forward in (Elementwise.forward, ElementwiseUnary.forward)
    ):
        return cls.ufunc is not None
    return cls.forward is not FunctionNode.forward and cls.backward is not FunctionNode.backward


def operations() -> set[type]:
    """Every op class of the functions package, whether or not its module is imported by F."""
    for info in pkgutil.walk_packages(F.__path__, f"{F.__name__}."):
        import_module(info.name)
    return {
        cls
        for cls in classes_below(Op)
        if cls.__module__.startswith(f"{F.__name__}.") and is_complete(cls) and cls not in ENDS
    }


# Where a row goes: the files that tests/ops.py puts together.
FILES = (
    "tests/ops_basic.py, ops_math.py, ops_arrays.py, ops_linalg.py, ops_special.py, "
    "ops_networks.py, ops_normalizing.py, ops_sampling.py, ops_sequences.py or ops_transforms.py"
)


def test_every_operation_has_a_row() -> None:
    missing = {cls.__name__ for cls in operations() - {row.op for row in ROWS}}
    assert not missing, f"add a row with op={missing} to ROWS of its category: {FILES}"
    assert len(operations()) >= 30


def test_every_row_has_its_operation() -> None:
    unknown = {row.op for row in ROWS if row.op is not None} - operations()
    assert not unknown, (
        f"{unknown}: op= of a row is the class whose forward and backward it checks, defined in "
        f"playground/functions; None for a composition of others"
    )


def test_every_function_has_a_row() -> None:
    # forget is given a function, and is what that is: tests/functions/test_recomputing.py.
    missing = set(F.__all__) - {row.function for row in NAMED} - {"forget"}
    assert not missing, f"add a row named {missing} to ROWS of its category: {FILES}"
    for row in NAMED:
        # A row outside F is that of an operation which only a backward uses.
        assert row.function in F.__all__ or (row.op is not None and row.f is not None), (
            f"the row {row.name!r} is no function of F: add the name to __all__ of its module, or "
            f"give the row op= and f= if only a backward uses the operation"
        )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[Any]:
    """The NumPy functions that are called on Variables by what stands below, not from inside."""
    found: set[Any] = set()
    inside = [False]

    def noting(key: Any, answer: Any) -> Any:
        @functools.wraps(answer)
        def call(*args: Any, **kwargs: Any) -> Any:
            outermost, inside[0] = not inside[0], True
            try:
                return answer(*args, **kwargs)
            finally:
                if outermost:
                    found.add(key)
                    inside[0] = False

        return call

    for key, answer in list(RECORDED.items()):
        monkeypatch.setitem(RECORDED, key, noting(key, answer))
    return found


# It does not ask the protocol itself: NumPy's own text of it calls vstack, which does.
CALLING_ANOTHER = {"numpy.row_stack"}


def title(key: Any) -> str:
    return f"{full_name(key[0])}.{key[1]}" if isinstance(key, tuple) else full_name(key)


def test_every_recorded_numpy_function_is_run_by_a_row(asked: set[Any]) -> None:
    for row in ROWS:
        for form in (*([row.np] if row.np else []), row.f or getattr(F, row.function), *row.forms):
            for case in row.cases:
                form(*map(Variable, inputs(row, case)), **case.args)
    missing = sorted({title(key) for key in set(RECORDED) - asked} - CALLING_ANOTHER)
    assert not missing, (
        f"{len(missing)} NumPy functions are answered and never checked: give the row of the F "
        f"function np=, or add a row rule(name, case(…)) to RULES of its category ({FILES}): "
        f"{', '.join(missing)}"
    )


def test_every_exported_function_reaches_f() -> None:
    for info in pkgutil.walk_packages(F.__path__, f"{F.__name__}."):
        if info.name != lanes.__name__:  # the ways into lanes are no functions of a user's
            missing = {*getattr(import_module(info.name), "__all__", ())} - {*F.__all__}
            assert not missing, (
                f"{sorted(missing)} are not in F: let the __init__.py beside {info.name} import "
                f"them with *, and add the module's __all__ to its own, as for the others there; "
                f"or name the module in _LATE of functions/__init__.py"
            )


def test_names_of_functions_and_rows_are_single() -> None:
    for names, cure in (
        (F.__all__, "one name, one module: rename one of them"),
        ([row.name for row in ROWS], "name further rows of a function 'name:variant'"),
    ):
        assert {name for name, count in Counter(names).items() if count > 1} == set(), cure
    assert all(callable(getattr(F, name)) for name in F.__all__)


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name.replace(" ", "_")) for row in ROWS if row.order]
)
def test_row_runs_its_operation(row: Row) -> None:
    """So that no operation passes under another's name."""
    ran = set()
    for case in row.cases:
        for y in as_tuple(row(*map(Variable, inputs(row, case)), **case.args)):
            ran |= {type(function) for function in recorded_functions(y)}
    assert ran - operations() - ENDS == set(), "define operations in playground/functions"
    assert row.op is None or row.op in ran, f"op= of this row should be one of {ran}"


def test_every_operation_says_what_it_computes() -> None:
    for cls in operations():
        assert (vars(cls).get("__doc__") or "").strip(), (
            f"{cls.__name__}: give it a docstring that says its formula, with shapes if it has any"
        )


def test_every_function_says_what_it_computes() -> None:
    for name in F.__all__:
        assert (getattr(F, name).__doc__ or "").strip(), f"F.{name}: give it a docstring"
