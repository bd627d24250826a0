"""Every operation, by its row in ``tests/ops.py``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np
import pytest

import playground as pg
import playground.functions as F
from playground import InvalidType, Variable, as_variable, no_backprop_mode, using_config
from playground.graph import backend
from tests import op_checks
from tests.loops import about
from tests.op_checks import (
    cotangents,
    directions,
    everything,
    first,
    gradients,
    inputs,
    second,
    values,
)
from tests.ops import ROWS
from tests.rows import Case, Row, as_tuple, read_only
from tests.strict_array import StrictArray, registered

Arrays = list[Any]

DIFFERENTIABLE = [row for row in ROWS if row.order]
# Relative to the largest element, a few roundings of sums of a dozen terms.
TOLERANCE = {"e": 2e-2, "f": 2e-5, "d": 1e-13}


def name_of(row: Row, index: int) -> str:
    return f"{row.name.replace(' ', '_')}-{index}"


def every_case(rows: Any = ROWS, where: Callable[[Row, Case], bool] = lambda *_: True) -> Any:
    """Makes a test by row, which takes all cases that ``where`` holds for."""
    chosen = [(row, [i for i, case in enumerate(row.cases) if where(row, case)]) for row in rows]
    params = [pytest.param(row, cases, id=name_of(row, cases[0])) for row, cases in chosen if cases]

    def over(check: Callable[[Row, Case], None]) -> Any:
        def test(row: Row, cases: list[int]) -> None:
            failed, skipped = [], []
            for i in cases:
                try:
                    with about(f"in case {i} of {row.name}"):
                        check(row, row.cases[i])
                except pytest.skip.Exception as reason:
                    skipped.append(reason)
                except Exception as error:
                    failed.append(error)
            if failed:
                raise failed[0] if len(failed) == 1 else ExceptionGroup("cases", failed)
            if len(skipped) == len(cases):
                raise skipped[0]

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return pytest.mark.parametrize(("row", "cases"), params)(test)

    return over


def every_row(rows: Any = ROWS) -> Any:
    """Parametrises a test by row, with its first case alone."""
    return pytest.mark.parametrize(
        ("row", "case"), [pytest.param(row, row.cases[0], id=name_of(row, 0)) for row in rows]
    )


def forms_of(row: Row) -> list[Callable[..., Any]]:
    return [row, *([row.np] if row.np else []), *row.forms]


def assert_same(actual: Any, expected: Any) -> None:
    """Equal bit for bit, as lists of arrays in which None stands for no gradient."""
    assert len(actual) == len(expected)
    for a, b in zip(actual, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


def assert_near(actual: Any, expected: Any, tolerance: float) -> None:
    """Equal up to ``tolerance`` times the largest element; None counts as zeros."""
    for a, b in zip(actual, expected, strict=True):
        if a is None and b is None:
            continue
        a, b = (np.zeros_like(b) if a is None else a), (np.zeros_like(a) if b is None else b)
        assert a.shape == b.shape
        a, b = a.astype("d"), b.astype("d")
        scale = max(1.0, float(np.abs(b).max(initial=0.0)))
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


# ------------------------------------------------------------------------ values, derivatives


@every_case()
def test_value_is_numpys(row: Row, case: Case) -> None:
    arrays = inputs(row, case)
    expected = row.reference(*arrays, **case.args)
    for form in forms_of(row):
        actual = values(form, case, arrays)
        assert_near(actual, expected, 1e-14)
        assert [y.dtype for y in actual] == [y.dtype for y in expected]


@every_case()
def test_without_a_graph_the_value_is_the_same(row: Row, case: Case) -> None:
    arrays = inputs(row, case)
    with no_backprop_mode():
        ys = as_tuple(row(*map(Variable, arrays), **case.args))
    assert_same([y.array for y in ys], values(row, case, arrays))
    assert all(y.creator is None for y in ys)
    ys = as_tuple(row(*map(as_variable, arrays), **case.args))
    assert not any(y.requires_grad for y in ys)


@every_case(DIFFERENTIABLE)
def test_first_derivative(row: Row, case: Case) -> None:
    assert op_checks.first_error(row, case) < 1e-9


@every_case(
    DIFFERENTIABLE, lambda row, case: len(row.reference(*inputs(row, case), **case.args)) > 1
)
def test_first_derivative_of_each_output_alone(row: Row, case: Case) -> None:
    assert all(error < 1e-9 for error in op_checks.output_errors(row, case))


@every_case(DIFFERENTIABLE)
def test_second_derivative(row: Row, case: Case) -> None:
    along_inputs, along_cotangents = op_checks.second_errors(row, case)
    assert along_inputs < 1e-9
    assert along_cotangents < 1e-9


@every_case(DIFFERENTIABLE)
def test_every_way_to_differentiate_agrees(row: Row, case: Case) -> None:
    """backward() and grad(), raw and recorded, on Variables and on values alone."""
    arrays = inputs(row, case)
    us, vs = cotangents(row, case, arrays), directions(row, case, arrays, "second")
    expected = first(row, case, arrays, us)
    for recorded in (False, True):
        assert_same(op_checks.first_by_grad(row, case, arrays, us, recorded), expected)
    if len(us) == 1:
        along_x, along_u = second(row, case, arrays, us, vs)
        again_x, again_u = op_checks.second_by_backward(row, case, arrays, us, vs)
        assert_near(again_x, along_x, 1e-14)
        assert_near(again_u, along_u, 1e-14)


@every_row([row for row in ROWS if not row.order])
def test_no_gradient_where_there_is_none_by_nature(row: Row, case: Case) -> None:
    arrays = inputs(row, case)
    us = cotangents(row, case, arrays)
    for form in forms_of(row):
        assert first(form, case, arrays, us) == [None] * len(arrays)


@every_case([row for row in DIFFERENTIABLE if len(row.cases[0].shapes) > 1])
def test_each_input_alone(row: Row, case: Case) -> None:
    """The Variable in one position, constants in the others, or Variables without gradient."""
    arrays = inputs(row, case)
    us = cotangents(row, case, arrays)
    together = first(row, case, arrays, us)
    for form in (row, row.np or row):
        for i in range(len(arrays)):
            for wrap in (np.asarray, as_variable):
                xs = [Variable(x) if i == j else wrap(x) for j, x in enumerate(arrays)]
                alone = [gradients(form, case, xs, us)[i]]
                if row.op is None:  # a composition may take another way for a constant
                    assert_near(alone, [together[i]], 1e-15)
                else:
                    assert_same(alone, [together[i]])
                assert all(x.grad is None for x in xs[:i] + xs[i + 1 :] if hasattr(x, "node"))


@every_case(DIFFERENTIABLE, lambda row, case: len(case.shapes) > len(set(case.shapes)) == 1)
def test_one_variable_in_every_position(row: Row, case: Case) -> None:
    """Its gradient is the sum of those of the positions."""
    arrays = [inputs(row, case)[0]] * len(case.shapes)
    us, vs = cotangents(row, case, arrays), directions(row, case, arrays, "second")[:1]

    def alike(x: Any, **args: Any) -> Any:
        return row(*[x] * len(arrays), **args)

    assert_near(first(alike, case, arrays[:1], us), [sum(first(row, case, arrays, us))], 1e-14)
    zero = np.zeros(case.shapes[0])
    apart, along_us = second(row, case, arrays, us, vs * len(arrays))
    found, found_us = second(alike, case, arrays[:1], us, vs)
    assert_near(found, [sum((g for g in apart if g is not None), zero)], 1e-14)
    assert_near(found_us, along_us, 1e-14)


@every_case([row for row in DIFFERENTIABLE if len(row.cases[0].shapes) > 1])
def test_second_derivative_of_each_input_alone(row: Row, case: Case) -> None:
    arrays = inputs(row, case)
    us, vs = cotangents(row, case, arrays), directions(row, case, arrays, "second")
    for i, x in enumerate(arrays):

        def alone(x: Any, i: int = i, **args: Any) -> Any:
            return row(*arrays[:i], x, *arrays[i + 1 :], **args)

        only = [v if i == j else np.zeros_like(v) for j, v in enumerate(vs)]
        together, along_us = second(row, case, arrays, us, only)
        found, found_us = second(alone, case, [x], us, [vs[i]])
        assert_near(found, [together[i]], 1e-14)
        assert_near(found_us, along_us, 1e-14)


# ------------------------------------------------------------------------------------ dtypes


@every_case()
def test_dtype_is_kept(row: Row, case: Case) -> None:
    for dtype in row.dtypes:
        with about(f"in precision {dtype!r}"):
            check_dtype(row, case, dtype)


def check_dtype(row: Row, case: Case, dtype: str) -> None:
    arrays = inputs(row, case, dtype)
    expected = [y.dtype for y in row.reference(*arrays, **case.args)]
    us, vs = cotangents(row, case, arrays), directions(row, case, arrays, "second")
    double = [x.astype("d") for x in arrays]
    for form in forms_of(row):
        ys = values(form, case, arrays)
        assert [y.dtype for y in ys] == expected
        assert_near(ys, values(form, case, double), TOLERANCE[dtype])
    if not row.order:
        return
    us64 = [u.astype(y.dtype) for u, y in zip(us, values(row, case, double), strict=True)]
    vs64 = [v.astype("d") for v in vs]
    for form in forms_of(row):
        gxs = first(form, case, arrays, us)
        assert [gx.dtype for gx in gxs] == [dtype] * len(gxs)
        assert_near(gxs, first(form, case, double, us64), TOLERANCE[dtype])
    ggs = second(row, case, arrays, us, vs)
    ggs64 = second(row, case, double, us64, vs64)
    for actual, wide, kinds in zip(ggs, ggs64, ([dtype] * len(arrays), expected), strict=True):
        assert all(g is None or g.dtype == k for g, k in zip(actual, kinds, strict=True))
        # Second derivatives reach some 30 times the size of the values here.
        assert_near(actual, wide, 4 * TOLERANCE[dtype])


@every_row([row for row in ROWS if row.mixes and len(row.cases[0].shapes) > 1])
def test_a_wider_constant_does_not_widen_the_result(row: Row, case: Case) -> None:
    arrays = inputs(row, case, "f")
    us = cotangents(row, case, arrays)
    for form in forms_of(row):
        for i in range(len(arrays)):
            xs = [Variable(x) if i == j else x.astype("d") for j, x in enumerate(arrays)]
            assert all(y.dtype == "f" for y in as_tuple(form(*xs, **case.args)))
            if row.order:
                assert gradients(form, case, xs, us)[i].dtype == "f"


# ----------------------------------------------------------------------------------- layouts


def fortran(x: np.ndarray) -> np.ndarray:
    return x.copy(order="F")


def reversed_(x: np.ndarray) -> np.ndarray:
    backwards = (..., *(slice(None, None, -1),) * x.ndim)
    return x[backwards].copy()[backwards]


def stepped(x: np.ndarray) -> np.ndarray:
    buffer = np.full([2 * n for n in x.shape], np.nan, x.dtype)
    view = buffer[(slice(None, None, 2),) * x.ndim] if x.ndim else buffer
    view[...] = x
    return view


def repeated(x: np.ndarray) -> np.ndarray:
    """The first entry along the longest axis, repeated by a stride of 0."""
    if not x.size:
        return x
    return np.broadcast_to(x[(slice(0, 1),) * x.ndim], x.shape)


LAYOUTS = {
    "fortran": fortran,
    "reversed": reversed_,
    "stepped": stepped,
    "repeated": repeated,
}


@every_case()
def test_layout_of_the_memory_does_not_matter(row: Row, case: Case) -> None:
    for layout in LAYOUTS:
        # A matrix of equal rows is singular.
        if not (row.shift and layout == "repeated"):
            with about(f"in layout {layout!r}"):
                check_layout(row, case, layout)


def check_layout(row: Row, case: Case, layout: str) -> None:
    laid = [read_only(LAYOUTS[layout](x)) for x in inputs(row, case)]
    plain = [np.ascontiguousarray(x).reshape(x.shape) for x in laid]
    us = [LAYOUTS[layout](u) for u in cotangents(row, case, plain)]
    vs = [LAYOUTS[layout](v) for v in directions(row, case, plain, "second")]
    plain_us, plain_vs = ([w.copy(order="C") for w in ws] for ws in (us, vs))
    assert_near(values(row, case, laid), values(row, case, plain), 1e-14)
    if row.order:
        assert_near(first(row, case, laid, us), first(row, case, plain, plain_us), 1e-14)
        for actual, expected in zip(
            second(row, case, laid, us, vs),
            second(row, case, plain, plain_us, plain_vs),
            strict=True,
        ):
            assert_near(actual, expected, 1e-14)


# ------------------------------------------------------------------------------------- forms


@every_case()
def test_all_forms_are_one_operation(row: Row, case: Case) -> None:
    arrays = inputs(row, case)
    us = cotangents(row, case, arrays)
    expected, functions = values(row, case, arrays), recorded_types(row, row, case)
    for form in forms_of(row)[1:]:
        assert_same(values(form, case, arrays), expected)
        assert recorded_types(row, form, case) == functions
        assert_same(first(form, case, arrays, us), first(row, case, arrays, us))


def recorded_types(row: Row, form: Callable[..., Any], case: Case) -> list[type]:
    ys = as_tuple(form(*map(Variable, inputs(row, case)), **case.args))
    return [type(f) for y in ys for f in op_checks.recorded_functions(y)]


# ----------------------------------------------------------------------------------- devices


def on_host(result: Arrays) -> Arrays:
    return [None if x is None else backend.to_cpu(x) for x in result]


@every_case()
def test_strict_stand_in_for_a_device(row: Row, case: Case) -> None:
    """Forward, backward and double backward use nothing that a device array lacks."""
    expected = everything(row, case)
    with registered():
        actual = everything(row, case, StrictArray.of)
        for result in actual:
            assert all(x is None or type(x) is StrictArray for x in result)
        actual = [on_host(result) for result in actual]
    for a, b in zip(actual, expected, strict=True):
        assert_near(a, b, 1e-14)


@every_row([row for row in ROWS if row.mixes and len(row.cases[0].shapes) > 1])
def test_small_host_constants_follow_a_device_operand(row: Row, case: Case) -> None:
    arrays = inputs(row, case)
    with registered():
        for i in range(len(arrays)):
            xs = [Variable(StrictArray(x.copy())) if i == j else x for j, x in enumerate(arrays)]
            ys = as_tuple(row(*xs, **case.args))
            assert all(type(y.array) is StrictArray for y in ys)
            assert_same([y.array.get() for y in ys], values(row, case, arrays))


@pytest.fixture(scope="module")
def cupy() -> Any:
    module = pytest.importorskip("cupy")
    if not module.cuda.is_available():
        pytest.skip("no CUDA device")
    backend.parse_device("cuda")
    return module


@pytest.mark.gpu
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name.replace(" ", "_")) for row in ROWS])
def test_on_a_gpu(row: Row, cupy: Any) -> None:
    for case in row.cases:
        if case.args.get("typ") == "g":
            continue  # no extended precision there
        expected = everything(row, case)
        for actual, wanted in zip(everything(row, case, cupy.asarray), expected, strict=True):
            assert all(x is None or isinstance(x, cupy.ndarray) for x in actual)
            assert_near(on_host(actual), wanted, 1e-12)


# ------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("row", "case"),
    [pytest.param(row, case, id=name_of(row, i)) for row in ROWS for i, case in enumerate(row.bad)],
)
def test_operands_that_do_not_fit(row: Row, case: Case) -> None:
    """InvalidType from every form, naming the operation and what came."""
    arrays = inputs(row, case)
    good = inputs(row, row.cases[0])
    labels = {row.function, label_of(row.op)}
    creator = as_tuple(row(*map(Variable, good), **row.cases[0].args))[0].creator
    while creator is not None:  # a composition may fail in any of its parts
        labels.add(creator.label)
        creator = creator.inputs[0].creator
    for form in forms_of(row):
        with pytest.raises(InvalidType) as caught:
            form(*map(Variable, arrays), **case.args)
        assert caught.value.operation
        assert caught.value.operation in str(caught.value)
        # An array of text is refused before the operation sees it.
        named = caught.value.operation
        assert named == "Variable" or row.op is None or names_operation(named, row, labels)


def label_of(op: type | None) -> str:
    label = getattr(op, "label", None)
    return label if isinstance(label, str) else getattr(op, "__name__", "")


def names_operation(operation: str, row: Row, labels: set[str]) -> bool:
    if isinstance(getattr(row.op, "sign", None), str):  # an operation with a number in its name
        pattern = re.escape(row.op.sign).replace(re.escape("{}"), ".+")
        return re.fullmatch(pattern, operation) is not None
    return operation in labels


# ------------------------------------------------------------------------------------ memory


@every_row()
def test_only_what_backward_reads_is_kept(row: Row, case: Case) -> None:
    xs = [Variable(x) for x in inputs(row, case)]
    ys = as_tuple(row(*xs, **case.args))
    functions = {f for y in ys for f in op_checks.recorded_functions(y)}
    for function in functions:
        for i, node in enumerate(function.inputs):
            assert node.data is None or i in function.keep or shared(node, functions)


def shared(node: Any, functions: set[Any]) -> bool:
    """Whether another function, or another input of this one, keeps the node's data."""
    return any(node is other and i in f.keep for f in functions for i, other in enumerate(f.inputs))


@every_row()
def test_an_array_that_nobody_keeps_is_freed_with_its_variable(row: Row, case: Case) -> None:
    hs = [Variable(x) * 1.0 for x in inputs(row, case)]
    ys = as_tuple(row(*hs, **case.args))
    nodes = {node for y in ys for f in op_checks.recorded_functions(y) for node in f.inputs}
    kept = [node.data for node in nodes if node.data is not None] + [y.array for y in ys]
    held = [any(np.shares_memory(h.array, array) for array in kept) for h in hs]
    arrays = [ref(h.array) for h in hs]
    del hs, kept
    assert [array() is not None for array in arrays] == held


@every_row([row for row in DIFFERENTIABLE if row.op is not None and row.op.keep])
def test_what_is_kept_is_read(row: Row, case: Case) -> None:
    """Without any one of the arrays it keeps, an operation's backward cannot do its work."""
    case = next((c for c in row.cases if c.args.get("c", 3) not in (0, 1)), case)
    arrays = inputs(row, case)
    us = cotangents(row, case, arrays)
    expected = first(row, case, arrays, us)
    if len(us) > 1:
        pytest.skip("what is read depends on which outputs have a cotangent")
    for slot in row.op.keep:  # type: ignore[union-attr]
        xs = list(map(Variable, arrays))
        (y,) = as_tuple(row(*xs, **case.args))
        function = next(f for f in op_checks.recorded_functions(y) if type(f) is row.op)
        if slot < len(function.inputs):
            function.inputs[slot].data = None
        else:
            function.kept = (None,) * len(function.kept)
        try:
            found = [
                g.array for g in pg.grad([y], xs, [Variable(us[0])], enable_double_backprop=True)
            ]
        except Exception:
            continue
        same = [
            g is not None and np.array_equal(g, e) for g, e in zip(found, expected, strict=True)
        ]
        assert not all(same), f"{row.op} keeps {slot} for nothing"


@every_case(DIFFERENTIABLE)
def test_backward_when_the_users_variables_are_gone(row: Row, case: Case) -> None:
    arrays = inputs(row, case)
    us, vs = cotangents(row, case, arrays), directions(row, case, arrays, "second")
    expected = first(row, case, arrays, us), *second(row, case, arrays, us, vs)

    def orphan(*xs: Any, **args: Any) -> Any:
        # The op's operands and results are intermediates here, which die at once.
        ys = as_tuple(row(*[x * 1.0 for x in xs], **args))
        return [y * 1.0 for y in ys]

    actual = first(orphan, case, arrays, us), *second(orphan, case, arrays, us, vs)
    for a, b in zip(actual, expected, strict=True):
        assert_near(a, b, 1e-14)


def is_recorded(row: Row, case: Case) -> bool:
    """Whether the call has elements to work on, and does more than to return its input."""
    ys = as_tuple(row(*map(Variable, inputs(row, case)), **case.args))
    return any(shape.count(0) == 0 for shape in case.shapes) and ys[0].creator is not None


@every_case(DIFFERENTIABLE, is_recorded)
def test_nan_is_found_in_debug_mode(row: Row, case: Case) -> None:
    xs = [Variable(np.full_like(x, np.nan)) for x in inputs(row, case)]
    with using_config("debug", True), pytest.raises(RuntimeError, match="NaN is detected"):
        row(*xs, **case.args)


# -------------------------------------------------------------------------------- ties, zeros


@pytest.mark.parametrize(
    ("row", "tie"),
    [pytest.param(row, tie, id=name_of(row, i)) for row in ROWS for i, tie in enumerate(row.ties)],
)
def test_ties_and_zeros(row: Row, tie: Any) -> None:
    for form in forms_of(row):
        xs = [Variable(np.array(x)) for x in tie.inputs]
        (y,) = as_tuple(form(*xs, **tie.args))
        F.sum(y).backward()
        for x, expected in zip(xs, tie.gradients, strict=True):
            np.testing.assert_allclose(x.grad, np.array(expected, float), rtol=1e-14)


def test_a_tie_goes_to_one_side_only() -> None:
    for function in (F.maximum, F.minimum):
        x, y = Variable(np.ones(3)), Variable(np.ones(3))
        F.sum(function(x, y)).backward()
        np.testing.assert_array_equal(x.grad + y.grad, np.ones(3))
