"""What the tests of the operations compute from a row: gradients in every way there is.

``values``, ``first`` and ``second`` run a row through the graph; ``slope`` is the independent
witness, a numerical derivative along a direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import playground as pg
import playground.functions as F
from playground import Variable
from tests.rows import Case, Row, as_tuple, draw, generator, read_only

Arrays = list[Any]
Call = Callable[..., Any]
# Central differences of fourth order: the error is about STEP**4, and rounding about eps / STEP.
STEP = 1e-3


def inputs(row: Row, case: Case, dtype: Any = "d") -> Arrays:
    """The random inputs of a case."""
    kinds = case.dtypes or str(np.dtype(dtype).char) * len(case.shapes)
    arrays = draw(row, case.shapes)
    return [read_only(x.astype(kind)) for x, kind in zip(arrays, kinds, strict=True)]


def cotangents(row: Row, case: Case, arrays: Sequence[Any]) -> Arrays:
    """Random cotangents of the outputs, in the outputs' dtypes."""
    outputs = row.reference(*arrays, **case.args)
    rng = generator(row, case.shapes, "cotangents")
    return [read_only(np.array(rng.uniform(-1, 1, y.shape), y.dtype)) for y in outputs]


def directions(row: Row, case: Case, arrays: Sequence[Any], salt: str) -> Arrays:
    """One random direction an input."""
    rng = generator(row, case.shapes, salt)
    return [read_only(np.array(rng.uniform(-1, 1, x.shape), x.dtype)) for x in arrays]


def values(call: Call, case: Case, arrays: Sequence[Any]) -> Arrays:
    """The outputs' arrays."""
    return [y.array for y in as_tuple(call(*map(Variable, arrays), **case.args))]


def first(call: Call, case: Case, arrays: Sequence[Any], us: Sequence[Any]) -> Arrays:
    """Gradients of the inputs by ``backward()``, given the outputs' cotangents."""
    return gradients(call, case, list(map(Variable, arrays)), us)


def gradients(call: Call, case: Case, xs: Sequence[Any], us: Sequence[Any]) -> Arrays:
    """The same for operands of any kind: None where one is no Variable."""
    ys = as_tuple(call(*xs, **case.args))
    if len(ys) == 1:
        ys[0].grad = us[0]
        ys[0].backward()
    else:
        total = F.add(*(F.sum(y * u) for y, u in zip(ys, us, strict=True)))
        total.backward()
    for x in xs:
        if isinstance(x, Variable) and x.grad is not None:
            assert x.grad.shape == x.shape
    return [x.grad if isinstance(x, Variable) else None for x in xs]


def first_by_grad(
    call: Call, case: Case, arrays: Sequence[Any], us: Sequence[Any], recorded: bool
) -> Arrays:
    """The same by ``playground.grad``."""
    xs = list(map(Variable, arrays))
    ys = as_tuple(call(*xs, **case.args))
    gxs = pg.grad(ys, xs, list(map(Variable, us)), enable_double_backprop=recorded)
    return [None if gx is None else gx.array for gx in gxs]


def second(
    call: Call, case: Case, arrays: Sequence[Any], us: Sequence[Any], vs: Sequence[Any]
) -> tuple[Arrays, Arrays]:
    """Gradients of sum(v * gradient) along the inputs and along the cotangents."""
    xs, seeds = list(map(Variable, arrays)), list(map(Variable, us))
    ys = as_tuple(call(*xs, **case.args))
    gxs = pg.grad(ys, xs, seeds, enable_double_backprop=True)
    known = [(gx, Variable(v)) for gx, v in zip(gxs, vs, strict=True) if gx is not None]
    if not known:
        return [None] * len(xs), [None] * len(seeds)
    tops, starts = zip(*known, strict=True)
    found = pg.grad(tops, [*xs, *seeds], starts)
    found = [None if g is None else g.array for g in found]
    for x, g in zip([*xs, *seeds], found, strict=True):
        assert g is None or g.shape == x.shape
    return found[: len(xs)], found[len(xs) :]


def second_by_backward(
    call: Call, case: Case, arrays: Sequence[Any], us: Sequence[Any], vs: Sequence[Any]
) -> tuple[Arrays, Arrays]:
    """The same by two backward passes, for one output."""
    xs, seed = list(map(Variable, arrays)), Variable(us[0])
    (y,) = as_tuple(call(*xs, **case.args))
    y.grad_var = seed
    y.backward(enable_double_backprop=True)
    gxs = [x.grad_var for x in xs]
    for x in xs:
        x.cleargrad()
    seed.cleargrad()
    for gx, v in zip(gxs, vs, strict=True):
        if gx is not None:
            F.sum(gx * v).backward()
    return [x.grad for x in xs], [seed.grad]


def everything(row: Row, case: Case, move: Callable[[Any], Any] = np.array) -> list[Arrays]:
    """Value, gradients and second derivatives, computed on arrays that ``move`` has moved."""
    host = inputs(row, case)
    us, vs = cotangents(row, case, host), directions(row, case, host, "second")
    arrays, us, vs = ([move(x) for x in xs] for xs in (host, us, vs))
    results = [values(row, case, arrays)]
    if row.order:
        results.append(first(row, case, arrays, us))
        results.extend(second(row, case, arrays, us, vs))
    return results


def inner(us: Sequence[Any], ys: Sequence[Any]) -> float:
    """The scalar product of two lists of arrays; None stands for zeros."""
    pairs = [(u, y) for u, y in zip(us, ys, strict=True) if u is not None and y is not None]
    return float(sum(np.sum(u * y) for u, y in pairs))


def size_of(us: Sequence[Any], ys: Sequence[Any]) -> float:
    """What ``inner`` would be without cancellation: the scale of its error."""
    pairs = [(u, y) for u, y in zip(us, ys, strict=True) if u is not None and y is not None]
    return float(sum(np.sum(np.abs(u * y)) for u, y in pairs))


def slope(
    function: Callable[[Arrays], Sequence[Any]],
    weights: Sequence[Any],
    point: Sequence[Any],
    direction: Sequence[Any],
) -> float:
    """The numerical derivative of <weights, function(point)> along ``direction``.

    A text of its own, beside that of ``gradient_check``: a witness is not what is on trial.
    """

    def at(t: float) -> float:
        moved = [np.asarray(x + t * d) for x, d in zip(point, direction, strict=True)]
        return inner(weights, function(moved))

    near, far = at(STEP) - at(-STEP), at(2 * STEP) - at(-2 * STEP)
    return (8 * near - far) / (12 * STEP)


def first_error(row: Row, case: Case) -> float:
    """The relative error of the first derivative along a random direction."""
    arrays = inputs(row, case)
    us, ds = cotangents(row, case, arrays), directions(row, case, arrays, "first")
    gxs = first(row, case, arrays, us)
    expected = slope(lambda xs: row.reference(*xs, **case.args), us, arrays, ds)
    scale = max(size_of(gxs, ds), abs(expected), 1e-3)
    return abs(inner(gxs, ds) - expected) / scale


def output_errors(row: Row, case: Case) -> list[float]:
    """The relative error of the first derivative of each output alone, the others unused."""
    arrays = inputs(row, case)
    us, ds = cotangents(row, case, arrays), directions(row, case, arrays, "first")
    errors = []
    for i in range(len(us)):

        def one(*xs: Any, i: int = i, **args: Any) -> Any:
            return as_tuple(row(*xs, **args))[i]

        gxs = first(one, case, arrays, us[i : i + 1])

        def reference(xs: Arrays, i: int = i) -> Sequence[Any]:
            return row.reference(*xs, **case.args)[i : i + 1]

        expected = slope(reference, us[i : i + 1], arrays, ds)
        scale = max(size_of(gxs, ds), abs(expected), 1e-3)
        errors.append(abs(inner(gxs, ds) - expected) / scale)
    return errors


def second_errors(row: Row, case: Case) -> tuple[float, float]:
    """Relative errors of the second derivative, along the inputs and along the cotangents."""
    arrays = inputs(row, case)
    us, vs = cotangents(row, case, arrays), directions(row, case, arrays, "second")
    ds = directions(row, case, arrays, "first")
    along_x, along_u = second(row, case, arrays, us, vs)
    expected = slope(lambda xs: first(row, case, xs, us), vs, arrays, ds)
    scale = max(size_of(along_x, ds), abs(expected), 1e-3)
    error_x = abs(inner(along_x, ds) - expected) / scale
    # The gradient is linear in the cotangent, and so this one is <u, J v>.
    expected = slope(lambda xs: row.reference(*xs, **case.args), us, arrays, vs)
    scale = max(size_of(along_u, us), abs(expected), 1e-3)
    return error_x, abs(inner(along_u, us) - expected) / scale


def recorded_functions(variable: Variable) -> Iterator[Any]:
    """Every function that ``variable`` was computed by."""
    stack, seen = [variable.creator], set()
    while stack:
        function = stack.pop()
        if function is not None and id(function) not in seen:
            seen.add(id(function))
            yield function
            stack.extend(node.creator for node in function.inputs)
