"""The careful traversal: a cotangent that is 0 because nothing was selected stays 0.

``where(x > 1, 2 * x, sqrt(1 - x))`` at 3 does not use its second branch, whose cotangent is 0. The
local derivative of the square root there is NaN, and 0 times NaN would be NaN. This traversal
carries beside every cotangent the places that are *dead*: 0 by the structure, because no selected
element of the outputs depends on them. Every operation of the graph is linear in its cotangents, so
that a dead place adds nothing, whatever its derivative is.

A place is not dead because a number happens to be 0: in ``where(x >= 0, x * sqrt(x), 0)`` at 0 the
cotangent of the root is x = 0, but selected, and 0 times infinity stays NaN.

Nothing is asked of the operations: what depends on what comes of their own backward, run at a
harmless point on random weights where the cotangent is alive. Where that says that a kept value
only matters to dead places, the harmless value stands in for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from playground.graph.backend import (
    array_like,
    as_array,
    base_of,
    everywhere,
    is_symbolic,
    level_of,
)
from playground.graph.config import config, here
from playground.graph.function_hook import around_backward
from playground.graph.nonfinite import refuse_nan_gradient
from playground.graph.types import Array, Cotangents, DType, Function, Node, Raw, Shape

__all__ = [
    "SELECTED",
    "has_dead_lanes",
    "is_clean",
    "is_somewhere",
    "places_behind",
    "propagate_carefully",
]

# Added to the rank of what a selecting operation makes of computed elements, and inherited from
# there by all that follows: a traversal sees by one comparison that a selection lies above.
SELECTED = 1 << 40
# Where the harmless points lie: one of them is within the domain of every elementwise function.
_STARTS = (0.25, 1.25, -0.75)
_GOLDEN = (math.sqrt(5) - 1) / 2
# How far apart in the sequence of such numbers those of two operands begin.
_OTHERS = 1009


class _Slots(NamedTuple):
    """What waits at a function: a cotangent an output, and its dead places (None: none)."""

    cotangents: list[Any]
    dead: list[Any]


class _Input:
    """Stands in for an input node: another value of the same kind."""

    __slots__ = ("creator", "data", "dtype", "rank", "requires_grad", "shape")

    def __init__(self, data: Raw, shape: Shape, dtype: DType, requires_grad: bool) -> None:
        self.data, self.shape, self.dtype = data, shape, dtype
        self.requires_grad, self.rank, self.creator = requires_grad, 0, None


def _raw(cotangent: Array) -> Raw:
    return getattr(cotangent, "_array", cotangent)


def is_clean(cotangent: Array) -> bool:
    """Whether all numbers, in all lanes, are finite; what is no number is not looked at."""
    # Lanes are asked first: that what has them is no Variable is found out in ten times the time.
    array = getattr(cotangent, "base_array", None)
    if array is None:
        array = base_of(_raw(cotangent))
    if array.dtype.kind not in "fc":
        return True
    if type(array) is not np.ndarray:
        # isfinite is not in the vocabulary.
        return everywhere(abs(array) < math.inf)
    # A product with itself is finite only where all numbers are, and takes half the time; it may
    # overflow, so that only its yes counts. In the order of memory, or it would make a copy.
    flat = array.ravel("K")
    return math.isfinite(abs(np.vdot(flat, flat))) or bool(np.isfinite(array).all())


def has_dead_lanes(seed: Raw) -> bool:
    """Whether a cotangent has lanes, and zeros there: elements that were not chosen."""
    level = level_of(seed)
    if level is None or is_symbolic(seed):
        return False
    # Of what its lanes are in, not of itself: a diagonal is made of its ones.
    return level.apart or not everywhere(base_of(seed.array))


def is_somewhere(condition: Raw) -> bool:
    """Whether a condition holds for any element, in any lane."""
    return not everywhere(condition == 0)


def _none_if_empty(dead: Raw) -> Raw | None:
    return None if everywhere(dead == 0) else dead


def propagate_carefully(
    seeds: Iterable[tuple[Node, Array]],
    recorded: bool = False,
    observe: Callable[[Node, Array], None] | None = None,
    needed: Container[Function] | None = None,
    ends: Container[Function] = (),
    watch: Callable[[Function, Sequence[Any], Sequence[Any]], None] | None = None,
) -> dict[Node, Any]:
    """``backprop.propagate`` with dead places; it takes several times as long.

    ``watch`` is told every function with the cotangents of its outputs and of its inputs.
    """
    leaves: dict[Node, _Slots] = {}
    buckets: dict[int, dict[Function, _Slots]] = {}
    seen: dict[Function, dict[Node, None]] = {}
    for node, seed in seeds:
        # In lanes a seed is a row of the identity: its zeros are elements that were not chosen. One
        # that is differentiated by, as a jvp's placeholders are, is 0 by its value alone.
        row = level_of(_raw(seed)) is not None and not getattr(seed, "requires_grad", False)
        _deposit(node, seed, _none_if_empty(_raw(seed) == 0) if row else None, leaves, buckets)
        seen.setdefault(node.creator, {})[node] = None
    while buckets:
        for function, slots in buckets.pop(max(buckets)).items():
            if observe is not None:
                _tell(seen.pop(function, ()), slots, observe)
            if function in ends:
                continue
            for node, gx, dead in _passed(function, slots, recorded, needed, watch):
                seen.setdefault(node.creator, {})[node] = None
                _deposit(node, gx, dead, leaves, buckets)
    found = {node: slots.cotangents[0] for node, slots in leaves.items()}
    if observe is not None:
        for node, cotangent in found.items():
            observe(node, cotangent)
    return found


def _tell(nodes: Iterable[Node], slots: _Slots, observe: Callable[[Node, Array], None]) -> None:
    for node in nodes:
        cotangent = slots.cotangents[node.output_index or 0]
        if cotangent is not None:
            observe(node, cotangent)


def _deposit(
    node: Node,
    gx: Array,
    dead: Raw | None,
    leaves: dict[Node, _Slots],
    buckets: dict[int, dict[Function, _Slots]],
) -> None:
    """Add a cotangent to what waits at ``node``; dead is what is dead in all that arrives."""
    creator = node.creator
    count = 1 if creator is None else creator.output_count
    waiting: dict[Any, _Slots] = leaves if creator is None else buckets.setdefault(node.rank, {})
    key = node if creator is None else creator
    slots = waiting.setdefault(key, _Slots([None] * count, [None] * count))
    i = node.output_index or 0
    before, dead_before = slots.cotangents[i], slots.dead[i]
    if before is None:
        slots.cotangents[i], slots.dead[i] = gx, dead
    else:
        slots.cotangents[i] = before + gx
        both = dead is not None and dead_before is not None
        slots.dead[i] = _none_if_empty(dead_before * dead) if both else None


def _passed(
    function: Function,
    slots: _Slots,
    recorded: bool,
    needed: Container[Function] | None,
    watch: Callable[[Function, Sequence[Any], Sequence[Any]], None] | None,
) -> Iterator[tuple[Node, Array, Raw | None]]:
    """The inputs of a function that a cotangent goes on to, with it and its dead places."""

    def pull(gy: Cotangents) -> Any:
        return _pulled(function, slots, recorded)

    hooked = here().hooked
    gxs, dead = around_backward(function, slots.cotangents, pull) if hooked else pull(None)
    if watch is not None:
        watch(function, slots.cotangents, gxs)
    for i, (node, gx, places) in enumerate(zip(function.inputs, gxs, dead, strict=True)):
        if gx is None or not node.requires_grad:
            continue
        if config.debug:
            refuse_nan_gradient(function, i, gx)
        if needed is None or node.creator is None or node.creator in needed:
            yield node, gx, places


# ---------------------------------------------------------------------------- one function


def _pulled(
    function: Function, slots: _Slots, recorded: bool
) -> tuple[Sequence[Any], Sequence[Any]]:
    """The cotangents of a function's inputs, and their dead places."""
    gy = slots.cotangents if function.output_count > 1 else slots.cotangents[0]
    selects = getattr(function, "selects", False)
    if function.inputs is None or not (selects or any(d is not None for d in slots.dead)):
        gxs = function.pull_recorded(gy) if recorded else function.pull(gy)
        return gxs, [None] * len(gxs)
    if hasattr(function, "level"):
        return _pulled_in_lanes(function, slots, recorded)
    if all(
        g is None or (d is not None and everywhere(d))
        for g, d in zip(slots.cotangents, slots.dead, strict=True)
    ):
        return _nothing_selected(function, slots, recorded)
    if not hasattr(function, "keep") or getattr(function, "indivisible", False):
        # A user's function: what depends on what is not known. And of eigenvectors each entry
        # depends on all of the matrix: harmless values elsewhere would hide that one is undefined.
        gxs = function.pull_recorded(gy) if recorded else function.pull(gy)
        return gxs, [None] * len(gxs)
    if selects:
        twin, dead = function, _dead_inputs(function, function, slots)
    elif function.elementwise:
        return _pulled_elementwise(function, slots, recorded)
    else:
        harmless = _harmless(function, slots, False)
        if harmless is None:
            twin, dead = function, [None] * len(function.inputs)
        else:
            dead = _dead_inputs(harmless, function, slots)
            twin = _twin(function, harmless, dead, _idle_outputs(harmless, dead), recorded)
    gxs = twin.pull_recorded(gy) if recorded else twin.pull(gy)
    return [_cleared(gx, d) for gx, d in zip(gxs, dead, strict=True)], dead


def _pulled_in_lanes(
    function: Function, slots: _Slots, recorded: bool
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Of a way into lanes or out of them, which moves and sums up: dead is what nothing reaches.

    Zeros made like the cotangent would have its lanes, where the input may have none.
    """
    (gy,), (dead,) = slots.cotangents, slots.dead
    gxs = function.pull_recorded(gy) if recorded else function.pull(gy)
    alive = np.where(dead, np.zeros_like(_raw(gy)), np.ones_like(_raw(gy)))
    return gxs, [_none_if_empty(part == 0) for part in function.pull(alive)]


def _nothing_selected(
    function: Function, slots: _Slots, recorded: bool
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Zeros for all inputs: the function is not asked, which may refuse what nobody wants."""
    like = next(g for g in slots.cotangents if g is not None)  # a Variable in a recorded pass
    gxs: list[Any] = []
    dead: list[Any] = []
    for node in function.inputs:
        if node.shape is None or not node.requires_grad:
            gxs.append(None)
            dead.append(None)
            continue
        # The cotangent of one number may be NumPy's scalar, which no array is like.
        zeros = as_array(np.zeros(node.shape, node.dtype, like=as_array(_raw(like))))
        # Recorded, the zeros hang on the cotangent: no connection is None where others have 0.
        gxs.append(_connected(zeros, like, node, function) if recorded else zeros)
        dead.append(zeros == 0)
    return gxs, dead


def _connected(zeros: Raw, gy: Array, node: Node, function: Function) -> Array:
    """Zeros that hang on a cotangent, and on the input unless the function is linear."""
    gx = gy.sum() * 0 + type(gy)(zeros, requires_grad=False)
    if not getattr(function, "keep", True):
        return gx
    x = node.get_variable() if node.data is not None else node.get_variable_or_none()
    return gx if x is None else np.where(zeros == 0, gx, x)


def _pulled_elementwise(
    function: Function, slots: _Slots, recorded: bool
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Of an elementwise function, where an output's dead place is that of each of its inputs."""
    (gy,), (dead,) = slots.cotangents, slots.dead
    harmless = _harmless(function, slots, True)
    inputs = [dead] * len(function.inputs)
    twin = function if harmless is None else _twin(function, harmless, inputs, [dead], recorded)
    gxs = twin.pull_recorded(gy) if recorded else twin.pull(gy)
    # What was broadcast is summed up after the clearing: a place may be dead in one row alone.
    gxs = [_cleared(gx, dead if gx is not None and gx.shape == dead.shape else None) for gx in gxs]
    alive = np.where(dead, np.zeros_like(_raw(gy)), np.ones_like(_raw(gy)))
    found = function.fitted([alive] * len(gxs))
    return function.fitted(gxs), [_none_if_empty(part == 0) for part in found]


def _cleared(gx: Array, dead: Raw | None) -> Array:
    """``gx`` with zeros at the dead places; recorded, if it is a Variable."""
    return gx if gx is None or dead is None else np.where(dead, np.zeros_like(gx), gx)


def places_behind(function: Function, places: Sequence[Raw | None]) -> list[Raw | None]:
    """The places of each input that some ``places`` of the outputs depend on; None: not known."""
    unknown: list[Raw | None] = [None] * len(function.inputs)
    if not hasattr(function, "keep"):
        return unknown
    slots = _Slots(
        [None if p is None else np.ones_like(p, dtype=float) for p in places],
        [None if p is None else p == 0 for p in places],
    )
    selects = function.selects
    twin = function if selects else _harmless(function, slots, False)
    if twin is None:
        return unknown
    dead = _dead_inputs(twin, function, slots)
    return [
        None if node.shape is None else np.zeros(node.shape) == 0 if d is None else d == 0
        for node, d in zip(function.inputs, dead, strict=True)
    ]


def _dead_inputs(twin: Function, function: Function, slots: _Slots) -> list[Any]:
    """The places of each input that only dead places of the outputs depend on."""
    weights = [
        None if g is None else _weights(_raw(g), d)
        for g, d in zip(slots.cotangents, slots.dead, strict=True)
    ]
    with np.errstate(all="ignore"):
        gxs = twin.pull(weights if function.output_count > 1 else weights[0])
    return [None if gx is None else _none_if_empty(gx == 0) for gx in gxs]


def _idle_outputs(harmless: Function, dead: Sequence[Any]) -> Sequence[Any]:
    """The places of each output that depend on dead places of the inputs alone.

    Its cotangent does not tell: one element of a softmax says what the others' derivatives are.
    """
    before = harmless.kept
    if max(harmless.keep, default=-1) < len(harmless.inputs):
        return [None] * len(before)
    moved = []
    for i, (node, places) in enumerate(zip(harmless.inputs, dead, strict=True)):
        other = node.data
        if node.requires_grad:
            # In no proportion to what it was: a norm or a direction might not notice.
            step = 0.1 * _spread(node.shape, node.dtype, 0.5, _OTHERS * (i + 10)) ** 2
            other = other + array_like(step, node.data)
        moved.append(other if places is None else np.where(places, node.data, other))
    try:
        after = copy(harmless).forward(*moved)
    except (ArithmeticError, ValueError, TypeError, IndexError, RuntimeError):
        return [None] * len(before)
    after = after if harmless.output_count > 1 else (after,)
    return [_none_if_empty(y == z) for y, z in zip(before, after, strict=True)]


def _weights(gy: Raw, dead: Raw | None) -> Raw:
    """Random positive numbers where a cotangent is alive: no sum of them is 0 by chance."""
    numbers = _spread(gy.shape, gy.dtype, 0.5, -_OTHERS)
    spread = np.zeros_like(gy) + array_like(numbers, base_of(gy))
    return spread if dead is None else np.where(dead, np.zeros_like(spread), spread)


def _spread(shape: Shape, dtype: DType, start: float, skip: int = 0) -> Raw:
    """Numbers between ``start`` and ``start`` + 0.5, no two alike and in no simple relation.

    What takes others has a ``skip`` of its own: of two operands that are alike a product is the
    unit matrix, a difference 0, and what matters passes for what does not.
    """
    steps = np.arange(1 + skip, math.prod(shape) + skip + 1) * _GOLDEN % 1
    # Squared, or the rows of a matrix would differ by multiples of one vector.
    return (start + 0.5 * steps * steps).astype(dtype).reshape(shape)


def _twin(
    function: Function,
    harmless: Function,
    dead: Sequence[Any],
    idle: Sequence[Any],
    recorded: bool,
) -> Function:
    """A copy of ``function`` whose kept values are harmless at dead places."""
    twin, nodes, held = copy(function), [], []
    for node, other, places in zip(function.inputs, harmless.inputs, dead, strict=True):
        if node.data is None or places is None:
            nodes.append(node)
        elif recorded:
            # The double where of the textbooks: its own backward drops what is dead.
            held.append(np.where(places, other.data, node.get_variable()))
            held[-1].retain_data()
            nodes.append(held[-1].node)
        else:
            values = np.where(places, other.data, node.data)
            nodes.append(_Input(values, values.shape, node.dtype, node.requires_grad))
    if held:
        twin.rank = max(node.rank for node in nodes)
        # A node knows its Variable weakly, and get_variable must find this one.
        twin.held = held
        # Whose output it is that the graph knows.
        twin.stands_for = function
        lanes = {level_of(x._array) for x in held}
        if any(y is not None and level_of(y) not in lanes for y in getattr(function, "kept", ())):
            # An output without the lanes of these inputs: cotangents of all lanes arrive at it in
            # one sum, which is the function's own, where the copy would give it to each lane.
            twin._restored = function._restored
    twin.inputs = tuple(nodes)
    twin.kept = [
        # Recorded, an output is told from its array: one with lanes that the inputs have not would
        # send cotangents to them that nobody sums up.
        y
        if y is None or places is None or (recorded and level_of(places) is not level_of(y))
        else np.where(places, other, y)
        for y, other, places in zip(
            getattr(function, "kept", ()), harmless.kept, idle, strict=False
        )
    ]
    return twin


def _harmless(function: Function, slots: _Slots, single: bool) -> Function | None:
    """A copy of ``function`` applied at a point where its derivatives are finite; None: unknown.

    ``single``, for elementwise functions: one element stands for all.
    """
    # In half precision what is small beside another is lost: what matters would pass for idle.
    if _base(slots).dtype.char == "e":
        return None
    for start in _STARTS:
        for diagonal in (0.0, 4.0):
            try:
                with np.errstate(all="ignore"):
                    twin = _applied(function, slots, single, start, diagonal)
            except (ArithmeticError, ValueError, TypeError, IndexError, RuntimeError):
                # Out of the domain, in the words of whoever found out: LAPACK's, the operation's.
                continue
            if twin is not None:
                return twin
    return None


def _applied(
    function: Function, slots: _Slots, single: bool, start: float, diagonal: float
) -> Function | None:
    """A copy of ``function`` applied to a sample; None if its derivatives are not finite there."""
    twin, like = copy(function), _base(slots)
    twin.inputs = tuple(
        _sample(node, () if single else node.shape, start, diagonal, like, i * _OTHERS)
        for i, node in enumerate(function.inputs)
    )
    outputs = twin.forward(*(node.data for node in twin.inputs))
    twin.kept = outputs if function.output_count > 1 else (outputs,)
    gys = [np.ones_like(y) for y in twin.kept]
    if not single:
        gys = [
            g if used is not None else None for g, used in zip(gys, slots.cotangents, strict=True)
        ]
    gxs = twin.pull(gys if function.output_count > 1 else gys[0])
    return twin if all(g is None or is_clean(g) for g in (*gxs, *twin.kept)) else None


def _base(slots: _Slots) -> Raw:
    """The array that says on which device the cotangents are."""
    return base_of(as_array(_raw(next(g for g in slots.cotangents if g is not None))))


def _sample(
    node: Node, shape: Shape, start: float, diagonal: float, like: Raw, skip: int
) -> _Input:
    """A harmless input in place of a node's: numbers of its shape; a diagonal helps matrices."""
    if node.dtype.kind not in "fc":
        data = node.data if node.data is not None else np.zeros(shape, node.dtype, like=like)
        return _Input(data, shape, node.dtype, False)
    data = _spread(shape, node.dtype, start, skip)
    if diagonal and len(shape) > 1 and shape[-2:] == (shape[-1],) * 2:
        data = data + np.eye(shape[-1], dtype=node.dtype) * math.copysign(diagonal, start)
    return _Input(array_like(data, like), shape, node.dtype, True)
