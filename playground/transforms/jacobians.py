"""All derivatives of several outputs in one pass back, whose cotangents are batched: one lane an
output element. ``jacobian``, ``hessian``, and the products ``jvp`` and ``hvp``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.lanes import show
from playground.graph.backend import as_array, base_of
from playground.graph.config import using_own
from playground.graph.types import Array, Keywords, Tree, UserFunction
from playground.graph.variable import Variable
from playground.interpreters.batching import Level, unit_lanes
from playground.transforms.gradients import with_aux
from playground.transforms.tracing import (
    Argnums,
    Trace,
    as_seed,
    is_linked,
    seed_of_ones,
    survey,
    transported,
    zeros_for,
)
from playground.transforms.values import (
    check_function,
    check_scalar,
    described,
    fitting_all,
    named,
    numeric_leaves,
    rebuilt,
)

__all__ = ["hessian", "hvp", "jacobian", "jvp"]


def jacobian(
    f: UserFunction, argnums: Argnums = 0, chunk: int | None = None, has_aux: bool = False
) -> UserFunction:
    """All first derivatives of a function, of shape output.shape + argument.shape.

    One pass back serves all output elements at once. An output that is a tuple, list or dict
    gives one such array for each of its arrays, and several ``argnums`` a tuple in each place.

    Args:
        f: plain NumPy code.
        argnums: the arguments to differentiate by; negative numbers count from the last.
        chunk: at most so many output elements in one pass, to bound the memory.
        has_aux: f returns ``(value, aux)``, and the Jacobian comes as ``(jacobian, aux)``.
    """
    _check_chunk("jacobian", chunk)

    def derivatives(*args: Tree, **kwargs: Tree) -> Any:
        trace = Trace("jacobian", f, argnums, args, kwargs)
        result, aux = with_aux(trace) if has_aux else (trace.result, None)
        ys = [y for _, y in numeric_leaves("jacobian", result)]
        trace.look(ys)
        found = [_derivatives_of(trace, y, trace.recorded, chunk) for y in ys]
        aux = trace.value(aux)
        trace.forget()
        rows = rebuilt(result, iter(found))
        return (rows, aux) if has_aux else rows

    return named("jacobian", f, derivatives, "The Jacobian")


def hessian(f: UserFunction, argnums: Argnums = 0, chunk: int | None = None) -> UserFunction:
    """All second derivatives of a function of one real value, of shape 2 · argument.shape.

    The gradient is recorded, and one pass back from it serves all its elements at once. Several
    ``argnums``, or an argument that is a tuple, list or dict, give that form twice nested, the
    outer one being the argument of the first derivative. ``chunk`` is as in :func:`jacobian`.
    """
    _check_chunk("hessian", chunk)

    def derivatives(*args: Tree, **kwargs: Tree) -> Any:
        # Backward over backward: the gradients, m of them, are outputs of the recorded first pass.
        trace, gradients = _recorded_gradient("hessian", f, argnums, args, kwargs)
        rows = [_derivatives_of(trace, g, trace.recorded, chunk) for g in gradients]
        trace.forget()
        return trace.assembled(rows)

    return named("hessian", f, derivatives, "The Hessian")


def hvp(f: UserFunction, argnums: Argnums = 0) -> UserFunction:
    """The product of the Hessian with a vector, which follows the first argument.

    ``hvp(f)(x, v, *args)``, for v in the form and shape of x, costs a few times f and no matrix;
    the order is that of SciPy's ``hessp``. With other ``argnums`` the vector stands second all the
    same, in the form of what they choose: for a tuple of them, a tuple.
    """

    def product(*args: Tree, **kwargs: Tree) -> Any:
        if len(args) < 2:
            raise TypeError(
                f"hvp: expected the first argument, a vector and the other arguments, got "
                f"{len(args)} arguments: hvp(f)(x, v, *args)"
            )
        x, v, *others = args
        trace, gradients = _recorded_gradient("hvp", f, argnums, [x, *others], kwargs)
        shapes = trace.assembled([given.variable.array for given in trace.givens])
        vs = [v for _, v in fitting_all("hvp", v, shapes, "argument 1 (the vector)")]
        recorded = trace.recorded or is_linked(vs)
        seeds = [(g, as_seed(v, recorded)) for g, v in zip(gradients, vs, strict=True)]
        found = trace.pull([seed for seed in seeds if seed[0].requires_grad], recorded)
        trace.forget()
        return trace.derivatives(found, recorded)

    return named("hvp", f, product, "Products with the Hessian")


def jvp(f: UserFunction, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``(value, tangent)``: the value of f, and its derivative along the tangents.

    ``primals`` and ``tangents`` are tuples of one entry an argument of f. The pass back is linear
    in its cotangent, and the transpose of that is the derivative forward: two passes, no
    Jacobian.
    """
    check_function("jvp", f)
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)) or not given:
            raise TypeError(f"jvp: {name} must be a tuple of arguments, got {described(given)}")
    trace = Trace("jvp", f, tuple(range(len(primals))), tuple(primals), {})
    ys = [y for _, y in numeric_leaves("jvp", trace.result)]
    trace.look(ys)
    arrays = trace.assembled([given.variable.array for given in trace.givens])
    ts = [t for _, t in fitting_all("jvp", tuple(tangents), arrays, "the tangents")]
    recorded = trace.recorded or is_linked(ts)
    # The pass back is recorded from cotangents that are only placeholders: it is linear in them,
    # so that their values do not matter, and a pass back through it takes tangents forward.
    # What came of steps alone needs no gradient, and has kept nothing for a pass back.
    linked = [y for y in ys if isinstance(y, Variable) and y.requires_grad]
    duals = [Variable(zeros_for(y.array, y.shape)) for y in linked]
    with using_own({"_transposed": True}):
        gradients = trace.pull(list(zip(linked, duals, strict=True)), True)
    seeds = [
        (g.node, as_seed(t, recorded))
        for g, t in zip(gradients, ts, strict=True)
        if g is not None and g.requires_grad
    ]
    targets = [dual.node for dual in duals]
    needed = survey([node for node, _ in seeds], {*targets}, True).needed
    found = transported(seeds, targets, needed, recorded)
    trace.forget()
    by_output = {id(y): t for y, t in zip(linked, found, strict=True)}
    forward = [trace.tangent(y, by_output.get(id(y)), recorded) for y in ys]
    return trace.value(trace.result), rebuilt(trace.result, iter(forward))


# ------------------------------------------------------------------------- the batched pass


def _recorded_gradient(
    name: str, f: UserFunction, argnums: Argnums, args: Sequence[Tree], kwargs: Keywords
) -> tuple[Trace, list[Variable]]:
    """The gradients of a function of one value, connected to the unknowns."""
    trace = Trace(name, f, argnums, args, kwargs)
    y = trace.result
    check_scalar(name, y)
    trace.look((y,))
    found = trace.pull([(y, seed_of_ones(y, True))] if isinstance(y, Variable) else [], True)
    gradients = [
        Variable(zeros_for(x.array, x.shape), requires_grad=False) if g is None else g
        for g, x in zip(found, [given.variable for given in trace.givens], strict=True)
    ]
    # The way back from a gradient is longer than the one from y: it also goes through the first
    # pass, which recorded functions of its own.
    trace.narrow(gradients)
    return trace, gradients


def _derivatives_of(trace: Trace, y: Array, recorded: bool, chunk: int | None) -> Any:
    """The derivatives of all elements of y by the unknowns, as the caller gave these."""
    lead = tuple(np.shape(y)) if not hasattr(y, "shape") else y.shape
    size = math.prod(lead)
    found: list[Any]
    if not isinstance(y, Variable) or not y.requires_grad or not size:
        found = [None] * len(trace.givens)
    elif size == 1:
        # One row needs no lanes, which make every operation of the pass slower.
        found = trace.pull([(y, seed_of_ones(y, recorded))], recorded)
    else:
        step = size if chunk is None else chunk
        blocks = [
            _derivatives_of_lanes(trace, y, recorded, start, min(start + step, size))
            for start in range(0, size, step)
        ]
        found = blocks[0]
        if len(blocks) > 1:
            joined = F.concat if recorded else np.concatenate
            found = [
                None if parts[0] is None else joined(parts, axis=0)
                for parts in zip(*blocks, strict=True)
            ]
    if lead != (size,) or size == 1:
        found = [
            None if c is None else c.reshape((*lead, *given.variable.shape))
            for c, given in zip(found, trace.givens, strict=True)
        ]
    return trace.derivatives(found, recorded, lead)


def _derivatives_of_lanes(
    trace: Trace, y: Variable, recorded: bool, start: int, stop: int
) -> list[Any]:
    """The derivatives (rows, …) of elements ``start`` to ``stop`` of y, one lane each."""
    array, count = y._array, stop - start
    if count == array.size:
        # The whole identity is never made: it stays a diagonal for as long as operations are
        # elementwise, n numbers where lanes have n * n.
        seed = unit_lanes(array)
    else:
        like = base_of(array)
        rows = np.zeros((count, array.size), like.dtype, like=like)
        rows.reshape(-1)[start :: array.size + 1] = 1
        seed = Level(count).hide(rows.reshape((count, *array.shape)))
    level = seed.level
    if not recorded:
        return [
            None if c is None else level.show(as_array(c)) for c in trace.pull([(y, seed)], False)
        ]
    # Recorded, the lanes have to be an axis again before the level is left.
    with level.recording():
        found = trace.pull([(y, as_seed(seed, True))], True)
        return [None if c is None else show(c, level) for c in found]


def _check_chunk(name: str, chunk: object) -> None:
    if chunk is not None and (not isinstance(chunk, int) or isinstance(chunk, bool) or chunk < 1):
        raise ValueError(
            f"{name}: chunk must be a positive number of output elements or None, got {chunk!r}"
        )
