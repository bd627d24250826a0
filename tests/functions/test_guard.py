"""Every operation has its row in ``tests/ops.py``, and every row its operation."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

import playground.functions as F
from playground import FunctionNode, Variable
from playground.functions.lanes import Hide, Lift, Show, Total
from playground.functions.linalg.clusters import DeadEnd
from playground.functions.linalg.eigenvalues import EighValuesGrad
from playground.functions.linalg.singular_values import SvdValuesGrad
from playground.functions.operands import Meeting
from playground.graph.op import Elementwise, ElementwiseUnary, Op
from tests.op_checks import inputs, recorded_functions
from tests.ops import NAMED, ROWS
from tests.rows import Row, as_tuple


def classes_below(cls: type) -> set[type]:
    below = set(cls.__subclasses__())
    return below.union(*map(classes_below, below))


# They hold a result, or bring operands together: there is nothing to differentiate in them. The
# gradients of values are checked as the second derivatives of eigh and svd, whose bases they need.
# The ways into lanes and out of them are checked under vmap, with every row.
ENDS = {DeadEnd, Meeting, EighValuesGrad, SvdValuesGrad, Hide, Lift, Show, Total}


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


def test_every_operation_has_a_row() -> None:
    assert operations() - {row.op for row in ROWS} == set()
    assert len(operations()) >= 30


def test_every_row_has_its_operation() -> None:
    assert {row.op for row in ROWS if row.op is not None} - operations() == set()


def test_every_function_has_a_row() -> None:
    named = {row.function for row in NAMED}
    assert set(F.__all__) - named == set()
    # A row outside F is that of an operation which only a backward uses.
    for row in NAMED:
        assert row.function in F.__all__ or (row.op is not None and row.f is not None), row.name


def test_names_of_functions_and_rows_are_single() -> None:
    assert len(F.__all__) == len(set(F.__all__))
    assert len({row.name for row in ROWS}) == len(ROWS)
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
    assert ran - operations() - ENDS == set()
    assert row.op is None or row.op in ran


def test_every_operation_says_what_it_computes() -> None:
    for cls in operations():
        assert "__doc__" in vars(cls), cls
        assert (cls.__doc__ or "").strip(), cls


def test_every_function_says_what_it_computes() -> None:
    for name in F.__all__:
        assert (getattr(F, name).__doc__ or "").strip(), name
