"""Op texts call the NumPy names on the list, and no others; the list names nothing unused."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import playground.functions
from playground import Variable
from playground.functions.vocabulary import FUNCTIONS, LINALG, UFUNCS, VOCABULARY
from playground.graph.op import Op
from tests.op_checks import everything
from tests.ops import ROWS
from tests.strict_array import RefusedError, StrictArray, registered

# Methods of an array that an op text may call; the receiver is the only array in each. ``tolist``
# is for indexes on the host alone.
METHODS = frozenset(
    {"astype", "copy", "max", "min", "reshape", "sum", "swapaxes", "tolist", "transpose"}
)


def modules() -> Iterator[ModuleType]:
    package = playground.functions
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(info.name)


def op_texts() -> dict[str, ast.AST]:
    """The bodies of all op classes, and of the module's functions that they call, by name."""
    texts: dict[str, ast.AST] = {}
    helpers: dict[str, ast.AST] = {}
    for module in modules():
        for statement in ast.parse(inspect.getsource(module)).body:
            if isinstance(statement, ast.FunctionDef):
                helpers[statement.name] = statement
            elif isinstance(statement, ast.ClassDef):
                cls = getattr(module, statement.name)
                if issubclass(cls, Op):
                    # A constructor sees numbers, axes and indexes: no arrays.
                    statement.body = [s for s in statement.body if not _is_constructor(s)]
                    texts[statement.name] = statement
    return _with_helpers(texts, helpers)


def _is_constructor(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef) and statement.name == "__init__"


def _with_helpers(texts: dict[str, ast.AST], helpers: dict[str, ast.AST]) -> dict[str, ast.AST]:
    waiting = list(texts.values())
    while waiting:
        for node in ast.walk(waiting.pop()):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.id if isinstance(called, ast.Name) else None
            # A user function is no helper, though it may have a helper's or a builtin's name.
            if name in helpers and name not in texts and name not in playground.functions.__all__:
                texts[name] = helpers[name]
                waiting.append(helpers[name])
    return texts


def numpy_names(text: ast.AST) -> set[str]:
    """The functions that a text takes from NumPy (types and error classes are no calls)."""
    names = filter(None, map(_numpy_name, ast.walk(text)))
    return {name for name in names if _is_function(attrgetter(name)(np))}


def _numpy_name(node: ast.AST) -> str | None:
    """``linalg.inv`` of the expression ``np.linalg.inv``."""
    if not isinstance(node, ast.Attribute):
        return None
    if isinstance(node.value, ast.Name) and node.value.id == "np":
        return node.attr
    outer = _numpy_name(node.value)
    return f"{outer}.{node.attr}" if outer in ("linalg", "fft") else None


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)


def array_methods(text: ast.AST) -> set[str]:
    """The names of array methods that a text calls, other than on modules and ``self``."""
    calls = [node.func for node in ast.walk(text) if isinstance(node, ast.Call)]
    return {
        call.attr
        for call in calls
        if isinstance(call, ast.Attribute)
        and hasattr(np.ndarray, call.attr)
        and not (isinstance(call.value, ast.Name) and call.value.id in ("np", "math", "self"))
    }


TEXTS = op_texts()


def test_the_texts_are_found() -> None:
    """Classes and a helper that one of them calls."""
    assert {"Add", "MatMul", "GetItemGrad", "_routed"} <= set(TEXTS)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_op_text_stays_in_the_vocabulary(name: str) -> None:
    outside = numpy_names(TEXTS[name]) - VOCABULARY
    assert not outside, (
        f"write it with the names of functions/vocabulary.py, or add these there, with a word for "
        f"every interpreter: {', '.join(sorted(outside))}"
    )
    assert array_methods(TEXTS[name]) <= METHODS


def test_every_name_is_numpys_and_in_its_set() -> None:
    assert all(isinstance(getattr(np, name), np.ufunc) for name in UFUNCS)
    assert all(_is_function(getattr(np, name)) for name in FUNCTIONS)
    assert not any(isinstance(getattr(np, name), np.ufunc) for name in FUNCTIONS)
    assert all(_is_function(getattr(np.linalg, name)) for name in LINALG)


def test_nothing_in_the_vocabulary_is_unused() -> None:
    """By name in a text, or by an operator or a method when the rows run on the stand-in."""
    used = set().union(*map(numpy_names, TEXTS.values()))
    StrictArray.used.clear()
    with registered():
        for row in ROWS:
            if used | StrictArray.used >= VOCABULARY:
                break  # most rows run the same few
            for case in row.cases:
                everything(row, case, StrictArray.of)
    unused = VOCABULARY - used - StrictArray.used
    assert not unused, f"take out of functions/vocabulary.py: {', '.join(sorted(unused))}"


# ------------------------------------------------------------------- the stand-in is strict


def strict(*shape: int) -> StrictArray:
    return StrictArray(np.ones(shape))


REFUSED = {
    "conversion": lambda: np.asarray(strict(3)),
    "array of arrays": lambda: np.array([strict(3), strict(3)]),
    "host operand": lambda: strict(3) + np.ones(3),
    "host operand on the left": lambda: np.ones(3) * strict(3),
    "host operand of a ufunc": lambda: np.maximum(strict(3), np.ones(())),
    "host operand of a function": lambda: np.where(np.ones(3, bool), strict(3), strict(3)),
    "host array in a list": lambda: np.concatenate([strict(3), np.ones(3)]),
    "host value stored": lambda: strict(3).__setitem__(0, np.ones(1)),
    "stored into a host array": lambda: np.ones(3).__setitem__(slice(None), strict(3)),
    "reduce": lambda: np.add.reduce(strict(3)),
    "at": lambda: np.add.at(strict(3), 0, 1.0),
    "out": lambda: np.add(strict(3), 1.0, out=strict(3)),
    "where of a ufunc": lambda: np.add(strict(3), 1.0, where=True),
    "ufunc not listed": lambda: np.heaviside(strict(3), strict(3)),
    "operator not listed": lambda: strict(3) ^ strict(3),
    "function not listed": lambda: np.median(strict(3)),
    "function of a submodule": lambda: np.linalg.eig(strict(3, 3)),
    "keyword that CuPy lacks": lambda: np.sum(strict(3), where=True),
    "creation from a host array": lambda: np.zeros(strict(1), like=strict(3)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_stand_in_refuses(name: str) -> None:
    with registered(), pytest.raises((TypeError, RefusedError, ValueError)):
        REFUSED[name]()


def test_stand_in_computes() -> None:
    x = StrictArray(np.arange(6.0).reshape(2, 3))
    results = [
        2.0 * x - np.float64(1),
        x.sum(),
        np.sum(x, axis=0),
        x[0, 1],
        x[np.array([1, 0])],
        x.T @ x,
        abs(-x),
        np.zeros((2,), like=x),
        np.concatenate([x, x]),
    ]
    assert all(type(y) is StrictArray for y in results)
    assert type(x.sum().get()) is np.ndarray
    x[0] = 5.0
    np.testing.assert_array_equal(x.get(), [[5, 5, 5], [3, 4, 5]])


def test_stand_in_gives_way_to_a_variable() -> None:
    with registered():
        v = Variable(strict(3))
        for y in (strict(3) * v, v * strict(3), np.add(strict(3), v)):
            assert type(y) is Variable
            assert type(y.array) is StrictArray
