"""Operators beside operands that are no arrays of ours: whose turn it is, and what is refused."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import playground.functions as F
from playground import GraphCutError, InvalidType, OperandError, Variable
from playground.transforms import grad, hessian, vmap
from tests.loops import for_each

A = np.array([1.0, 2.0, 3.0])
ARITHMETIC = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "matmul": operator.matmul,
    "divmod": divmod,
}
COMPARED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


def methods(cls: type) -> type:
    """The class with every operator, which says its own name and what it met."""

    def saying(name: str) -> Callable[[Any, Any], tuple[str, type]]:
        return lambda self, other: (name, type(other))

    for name in ARITHMETIC:
        setattr(cls, f"__{name}__", saying(name))
        setattr(cls, f"__r{name}__", saying(f"r{name}"))
    for name in COMPARED:
        setattr(cls, f"__{name}__", saying(name))
    return cls


@methods
class Reflected:
    """It has the operators, and knows no protocol."""


@methods
class Outside:
    """It has opted out of NumPy's."""

    __array_ufunc__ = None


@methods
class Prior:
    """As an old array library."""

    __array_priority__ = 1000


@methods
class Labelled:
    """As a DataArray: operators, the protocol, and an array to be made of it."""

    __array_priority__ = 50

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return ufunc.__name__, tuple(map(type, inputs))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("nobody is to ask")


class Protocol:
    """The protocol alone, without operators."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return ufunc.__name__, tuple(map(type, inputs))


def variable() -> Variable:
    return Variable(A) * 1.0


@for_each([Reflected, Outside, Prior, Labelled])
def test_an_operand_with_operators_of_its_own_has_its_turn_on_both_sides(cls: type) -> None:
    other = cls()
    for name, apply in ARITHMETIC.items():
        assert apply(variable(), other) == (f"r{name}", Variable)
        assert apply(other, variable()) == (name, Variable)
        if name != "divmod":
            changed = getattr(operator, f"i{name}")
            assert changed(variable(), other) == (f"r{name}", Variable)
        assert getattr(variable(), f"__{name}__")(other) is NotImplemented
    for name, reflected in COMPARED.items():
        assert getattr(operator, name)(variable(), other) == (reflected, Variable)
        assert getattr(operator, name)(other, variable()) == (name, Variable)


def test_the_protocol_alone_is_asked_in_the_order_of_the_operands() -> None:
    names = {"sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide"}
    names |= {"mod": "remainder", "pow": "power"}
    for name, apply in ARITHMETIC.items():
        ufunc = names.get(name, name)
        assert apply(variable(), Protocol()) == (ufunc, (Variable, Protocol))
        assert apply(Protocol(), variable()) == (ufunc, (Protocol, Variable))
    assert (variable() < Protocol()) == ("less", (Variable, Protocol))
    assert (Protocol() < variable()) == ("greater", (Variable, Protocol))
    assert (variable() == Protocol()) == ("equal", (Variable, Protocol))


class Plain:
    """Nothing that computes."""


NO_NUMBERS = [None, "a", b"a", {1}, {"a": 1}, Plain(), object(), iter([1, 2, 3]), Decimal("0.5")]


@for_each(NO_NUMBERS)
def test_what_computes_with_nothing_is_refused_with_its_type(other: Any) -> None:
    for name, apply in ARITHMETIC.items():
        with pytest.raises(OperandError, match=rf"got {type(other).__name__}: convert it first"):
            apply(variable(), other)
        if (type(other), name) not in ((str, "mod"), (bytes, "mod")):  # Python's formatting
            with pytest.raises(TypeError, match=type(other).__name__):
                apply(other, variable())
    with pytest.raises(OperandError, match="got"):
        F.add(variable(), other)


def test_how_to_convert_is_said() -> None:
    with pytest.raises(OperandError, match=r"Decimal: convert it .* float\(value\)"):
        variable() * Decimal("0.5")
    with pytest.raises(OperandError, match=r"Series: convert it .* value\.to_numpy\(\)"):
        variable() * pd.Series(A)


HALVES = Fraction(1, 2)


@for_each([name for name in ARITHMETIC if name not in ("matmul", "floordiv", "divmod")])
def test_a_fraction_counts_as_a_number(name: str) -> None:
    apply = ARITHMETIC[name]
    for side in (lambda x, c: apply(x, c), lambda x, c: apply(c, x)):
        value = side(variable(), HALVES)
        assert value.dtype == float
        np.testing.assert_array_equal(value.array, side(A, 0.5))
        expected = grad(lambda x, side=side: (side(x, 0.5) ** 2).sum())(A)
        found = grad(lambda x, side=side: (side(x, HALVES) ** 2).sum())(A)
        np.testing.assert_array_equal(found, expected)
    single = Variable(A.astype("f4"))
    assert apply(single, HALVES).dtype == "f4"


def test_fractions_and_ranges_in_functions_writing_lanes_and_twice() -> None:
    third = Fraction(1, 3)
    np.testing.assert_array_equal(np.add(variable(), third).array, A + 1 / 3)
    np.testing.assert_array_equal(np.maximum(variable(), Fraction(5, 2)).array, [2.5, 2.5, 3.0])
    np.testing.assert_array_equal((variable() * range(3)).array, A * [0, 1, 2])
    np.testing.assert_array_equal((range(3) @ variable()).array, 8.0)
    np.testing.assert_array_equal(hessian(lambda x: (x**3).sum() * third)(A), np.diag(2 * A))
    np.testing.assert_array_equal(vmap(grad(lambda x: x * x * third))(A), 2 * A / 3)
    y = variable()
    y += HALVES
    y[0] = HALVES
    np.testing.assert_array_equal(y.array, [0.5, 2.5, 3.5])
    assert [q.array.tolist() for q in divmod(variable(), HALVES)] == [[2.0, 4.0, 6.0], [0.0] * 3]
    assert (variable() // HALVES).array.tolist() == [2.0, 4.0, 6.0]


def test_numbers_of_any_kind_are_compared_element_by_element() -> None:
    for c in (Fraction(2), Decimal(2), 2, 2.0, np.float32(2), 2 + 0j):
        np.testing.assert_array_equal(variable() == c, [False, True, False])
        np.testing.assert_array_equal(operator.eq(c, variable()), [False, True, False])
        np.testing.assert_array_equal(variable() != c, [True, False, True])
        if not isinstance(c, complex):
            np.testing.assert_array_equal(variable() < c, [True, False, False])
            np.testing.assert_array_equal(operator.le(c, variable()), [False, True, True])


def test_tables_are_compared_by_value_and_refused_by_name_in_arithmetic() -> None:
    series, frame = pd.Series(A[::-1], index=[5, 6, 7]), pd.DataFrame(np.outer(A, A))
    for table in (series, frame):
        for name in COMPARED:
            compare = getattr(operator, name)
            expected = compare(A, table.to_numpy())
            np.testing.assert_array_equal(compare(variable(), table), expected)
        for name, apply in ARITHMETIC.items():
            with pytest.raises(OperandError, match=type(table).__name__):
                apply(variable(), table)
            if name == "floordiv":
                continue  # a step: there is no gradient to be lost
            with pytest.raises(TypeError, match=r"pandas, which makes .* table\.to_numpy\(\)"):
                apply(table, variable())
            if name not in ("matmul", "divmod"):
                with pytest.raises(GraphCutError, match="pandas"):
                    getattr(operator, f"i{name}")(table.copy(), variable())
    np.testing.assert_array_equal(grad(lambda x: (x * series.to_numpy()).sum())(A), A[::-1])


@for_each([np.array([1, 2, 3], dtype=object), np.array([Fraction(1, 2)] * 3)])
def test_arrays_of_objects_are_refused(objects: Any) -> None:
    for apply in ARITHMETIC.values():
        for call in (lambda: apply(variable(), objects), lambda: apply(objects, variable())):  # noqa: B023
            with pytest.raises(InvalidType, match="Python objects"):
                call()
    less = operator.lt(A, objects.astype(float))
    np.testing.assert_array_equal(variable() < objects, less)


def test_beside_expressions_of_sympy_the_loss_is_named_on_both_sides() -> None:
    sympy = pytest.importorskip("sympy")
    for other in (sympy.Symbol("s"), sympy.pi, sympy.Symbol("s") + 1):
        for name, apply in ARITHMETIC.items():
            if name == "matmul":
                continue
            for call in (lambda: apply(variable(), other), lambda: apply(other, variable())):  # noqa: B023
                with pytest.raises(GraphCutError, match=r"a SymPy expression .* sympy\.lambdify"):
                    call()
    # These are numbers.
    np.testing.assert_array_equal((variable() * sympy.Integer(3)).array, 3 * A)
    np.testing.assert_array_equal((variable() ** sympy.Rational(1, 2)).array, A**0.5)
    for number in (sympy.Integer(3), sympy.Rational(1, 3), sympy.S.Half, sympy.S.One, sympy.S.Zero):
        for name, apply in ARITHMETIC.items():
            if name not in ("matmul", "divmod"):
                found = apply(number, variable())
                np.testing.assert_allclose(found.array, apply(float(number), A))
        with pytest.raises(GraphCutError, match="a SymPy expression"):
            operator.lt(number, variable())
    s = sympy.Symbol("s")
    constant = Variable(np.array(2.0), requires_grad=False)
    assert s * constant == constant * s == 2.0 * s


def test_a_table_on_the_left_of_a_comparison_has_truth_values() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(np.array([[1.0, 5.0, 2.0], [0.0, 2.0, 3.0]]))
    row = np.array([1.0, 2.0, 3.0])
    for compare in (
        operator.lt,
        operator.le,
        operator.gt,
        operator.ge,
        operator.eq,
        operator.ne,
    ):
        found = compare(table, Variable(row))
        np.testing.assert_array_equal(found.to_numpy(), compare(table.to_numpy(), row))
    with pytest.raises(GraphCutError, match="pandas"):
        operator.add(table, Variable(row))


ON_THE_RIGHT: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "**": operator.pow,
    "@": operator.matmul,
    "divmod": divmod,
}


@for_each(list(ON_THE_RIGHT))
def test_what_pandas_has_on_the_left_drops_no_gradient(name: str) -> None:
    """It makes plain arrays: refused by name. A quotient in whole numbers has no gradient."""
    pandas = pytest.importorskip("pandas")
    row = np.array([1.0, 2.0, 4.0])
    column = np.array([3.0, 5.0, 7.0])
    for left in (pandas.Series(column), pandas.DataFrame([column, column])):
        with pytest.raises(GraphCutError, match=r"pandas.*to_numpy\(\)"):
            ON_THE_RIGHT[name](left, Variable(row))
        values = ON_THE_RIGHT[name](left.to_numpy(), row)
        found = ON_THE_RIGHT[name](left.to_numpy(), Variable(row))
        for mine, theirs in zip(
            found if name == "divmod" else [found],
            values if name == "divmod" else [values],
            strict=True,
        ):
            np.testing.assert_allclose(mine.array, theirs)
    found = pandas.Series(column) // Variable(row)
    np.testing.assert_array_equal(found.to_numpy(), column // row)


@for_each(["C", "F", "A", "K"])
def test_astype_takes_the_arguments_of_numpy(order: str) -> None:
    x = np.arange(6.0).reshape(2, 3)
    for dtype in ("f4", "f8"):
        v = Variable(x)
        found = v.astype(dtype, order=order, casting="same_kind", subok=True)
        expected = x.astype(dtype, order=order)
        assert found.dtype == expected.dtype
        assert found.array.flags.f_contiguous == expected.flags.f_contiguous
        np.testing.assert_array_equal(found.array, expected)
        (found * found).sum().backward()
        np.testing.assert_array_equal(v.grad, 2 * x)
    with pytest.raises(TypeError, match="cannot cast"):
        Variable(x).astype("f4", order, "safe")
    with pytest.raises(ValueError, match="order"):
        Variable(x).astype("f4", "Z")
