"""The one traversal of the graph: what ``Variable.backward()`` and ``grad()`` both run.

A *node* here is anything with ``creator``, ``rank``, ``output_index`` (None for the only output of
its creator) and ``requires_grad``; a *function* anything with ``inputs``, ``output_count``,
``pull`` and ``pull_recorded``. Cotangents live in the traversal's own dictionaries, so that
nested traversals and threads that share a trunk do not meet, and an exception leaves nothing
behind.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from sys import getrefcount
from typing import Any

import numpy as np
from numpy import may_share_memory, ndarray

from playground.graph.backend import is_symbolic, level_of
from playground.graph.config import config, here, using_own
from playground.graph.errors import GradientError
from playground.graph.function_hook import around_backward, told_once
from playground.graph.nonfinite import refuse_nan_gradient
from playground.graph.types import Array, Cotangents, Function, Node, Raw
from playground.graph.unselected import SELECTED, has_dead_lanes, is_clean, propagate_carefully

# rank of a node -> its creator -> the cotangent that waits there. Queue and store in one: a bucket
# keeps the order of discovery by itself, where a heap would need a counter beside every rank.
_Buckets = dict[int, dict[Function, Cotangents]]
# function -> those of its outputs that have a cotangent, in the order of discovery.
_Seen = dict[Function, dict[Node, None]]
_Observe = Callable[[Node, Array], None]


class NeedsRecording(Exception):  # noqa: N818 (a request, caught here, and no error)
    """Raised by a function in a raw pass whose gradient needs the cotangents' own derivatives.

    The pass is made once more, recorded; its results are raw all the same. ``wrap`` makes a
    Variable of an array, which this module, standing below Variable, cannot do by itself.
    """

    def __init__(self, wrap: Callable[[Raw], Array]) -> None:
        super().__init__("the gradient needs a recorded pass")
        self.wrap = wrap


def propagate(
    seeds: Sequence[tuple[Node, Array]],
    recorded: bool = False,
    observe: _Observe | None = None,
    needed: Container[Function] | None = None,
    ends: Container[Function] = (),
) -> dict[Node, Any]:
    """Carry cotangents from ``seeds`` down to the leaves: leaf node -> complete cotangent.

    Functions run from high rank to low, those of one rank in the order of their discovery.

    Args:
        seeds: pairs of a node and the cotangent that starts there.
        recorded: cotangents are Variables, so that the pass is itself a graph.
        observe: told every node's complete cotangent when its creator's turn comes.
        needed: the functions worth visiting (None: all).
        ends: functions among them that are reported but not passed.
    """
    seeds = [*seeds]
    careful = any(node.rank >= SELECTED or has_dead_lanes(raw(g)) for node, g in seeds)
    # A formula is right by itself: a Piecewise has its derivative piece by piece.
    if careful and not any(is_symbolic(raw(g)) for _, g in seeds):
        with told_once():
            return _propagate_selected(seeds, recorded, observe, needed, ends)
    return _propagate(seeds, recorded, observe, needed, ends)


def _propagate(
    seeds: Sequence[tuple[Node, Array]],
    recorded: bool,
    observe: _Observe | None,
    needed: Container[Function] | None,
    ends: Container[Function],
) -> dict[Node, Any]:
    leaves: dict[Node, Any] = {}
    buckets: _Buckets = {}
    seen: _Seen = {}
    for node, cotangent in seeds:
        _deposit(node, cotangent, leaves, buckets)
        if observe is not None:
            seen.setdefault(node.creator, {})[node] = None
    if recorded:
        # Backward may be called in no_backprop_mode: the pass that was asked for is recorded there
        # too, as in Chainer. Setting a switch costs as much as an operation, so not otherwise.
        with using_own({"enable_backprop": True, "_recorded_pass": True}):
            _drain(leaves, buckets, recorded, observe, needed, ends, seen)
    else:
        try:
            _drain(leaves, buckets, recorded, observe, needed, ends, seen)
        except NeedsRecording as need:
            return _recorded_once(need, seeds, observe, needed, ends)
    if observe is not None:
        for node, cotangent in leaves.items():
            observe(node, cotangent)
    return leaves


class _UncleanError(Exception):
    """A cotangent is not finite: the careful traversal has to say whether it was selected."""


def _propagate_selected(
    seeds: list[tuple[Node, Array]],
    recorded: bool,
    observe: _Observe | None,
    needed: Container[Function] | None,
    ends: Container[Function],
) -> dict[Node, Any]:
    """:func:`propagate` through a graph that selects, or of lanes: NaN only from what was used.

    The plain pass is tried first, and its result taken if it is finite. A recorded pass below a
    selection is careful at once: that its numbers are finite says nothing of their derivatives.
    """
    selected = any(node.rank >= SELECTED for node, _ in seeds)
    # One that is recorded only for what its own functions ask is as good as a raw one.
    differentiated = recorded and not config._last
    if not (selected and (differentiated or config.debug)):

        def observe_clean(node: Node, cotangent: Array) -> None:
            if not is_clean(cotangent):
                raise _UncleanError
            if observe is not None:
                observe(node, cotangent)

        try:
            # Of what was not used nobody wants to be told; what was comes again below.
            with np.errstate(divide="ignore", invalid="ignore"):
                leaves = _propagate(
                    seeds, recorded, None if observe is None else observe_clean, needed, ends
                )
            if observe is not None or all(map(is_clean, leaves.values())):
                return leaves
        except (_UncleanError, ArithmeticError, np.linalg.LinAlgError):
            pass
    if recorded:
        with using_own({"enable_backprop": True}):
            return propagate_carefully(seeds, recorded, observe, needed, ends)
    try:
        return propagate_carefully(seeds, recorded, observe, needed, ends)
    except NeedsRecording as need:
        return _recorded_once(need, seeds, observe, needed, ends)


def propagate_plainly(node: Node, cotangent: Array, asked: bool = False) -> dict[Any, Any]:
    """:func:`propagate` from one computed node on raw arrays, with nothing to set up.

    ``asked`` says that nobody has to be careful of what was not selected.
    """
    if node.rank >= SELECTED and not asked:
        leaves = _found_clean(node, cotangent) if type(cotangent) is ndarray else None
        return propagate(((node, cotangent),)) if leaves is None else leaves
    # A host array has no lanes: that is known in a tenth of the time that asking takes.
    if type(cotangent) is not ndarray and not asked and level_of(cotangent) is not None:
        with told_once():
            return _propagate_lanes(node, cotangent)
    leaves = {}
    buckets: _Buckets = {}
    if node.output_index is None:
        buckets[node.rank] = {node.creator: cotangent}
    else:
        _deposit(node, cotangent, leaves, buckets)
    try:
        _drain(leaves, buckets)
    except NeedsRecording as need:
        return _recorded_once(need, ((node, cotangent),))
    return leaves


def _found_clean(node: Node, cotangent: Array) -> dict[Any, Any] | None:
    """What the plain pass finds below a selection, if it is finite; None: care has to be taken.

    The frequent case of :func:`_propagate_selected`, with nothing to set up.
    """
    own = here()
    if own.debug or own.hooked:
        return None
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            leaves = propagate_plainly(node, cotangent, asked=True)
    except (ArithmeticError, np.linalg.LinAlgError):
        return None
    return leaves if all(map(is_clean, leaves.values())) else None


def _propagate_lanes(node: Node, cotangent: Array) -> dict[Any, Any]:
    if not has_dead_lanes(cotangent):
        return propagate_plainly(node, cotangent, asked=True)
    level = level_of(cotangent)
    if level.apart:
        # The pass of every Jacobian. Mostly it is over without a zero between lanes written down.
        try:
            leaves = propagate_plainly(node, cotangent, asked=True)
            if level.apart or all(map(is_clean, leaves.values())):
                return leaves
        except (ArithmeticError, np.linalg.LinAlgError):
            pass
    return propagate(((node, cotangent),))


def _recorded_once(
    need: NeedsRecording,
    seeds: Sequence[tuple[Node, Array]],
    observe: _Observe | None = None,
    needed: Container[Function] | None = None,
    ends: Container[Function] = (),
) -> dict[Node, Any]:
    """A raw pass that could not go on as such: recorded from its start, its results raw."""
    observe_raw = None
    if observe is not None:
        tell = observe

        def observe_raw(node: Node, cotangent: Array) -> None:
            tell(node, raw(cotangent))

    wrapped = [(node, need.wrap(cotangent)) for node, cotangent in seeds]
    # Of a raw pass the lanes stay apart also where a value without lanes is met, and nobody will
    # differentiate its results.
    with using_own({"_lift": None, "_last": True}):
        found = propagate(wrapped, True, observe_raw, needed, ends)
    return {node: raw(cotangent) for node, cotangent in found.items()}


def _drain(
    leaves: dict[Node, Any],
    buckets: _Buckets,
    recorded: bool = False,
    observe: _Observe | None = None,
    needed: Container[Function] | None = None,
    ends: Container[Function] = (),
    seen: _Seen | None = None,
) -> None:
    # The hot loop of the package: it reads nodes, all of one class, rather than functions of many
    # classes, and repeats _deposit's common cases instead of calling it.
    special = observe is not None or needed is not None or here().debug or here().hooked
    # From there it only falls: a function's inputs have lower ranks than its outputs, so that a
    # bucket is complete when its turn comes, and nothing is added to it while it is read.
    rank = max(buckets, default=0)
    while buckets:
        bucket = buckets.pop(rank, None)
        if bucket is None:
            # Ranks without a bucket are common: the pass need not reach a branch, unchain leaves
            # the ranks of what it cuts off as they were, and a selection lifts them by far.
            rank = max(buckets)
            continue
        rank -= 1
        for function, gy in bucket.items():
            if special:
                if observe is not None and seen is not None:
                    _tell(seen.pop(function, ()), function, gy, observe)
                if function in ends:
                    continue
                gxs = _screened(function, gy, recorded, needed, seen)
            elif recorded:
                gxs = function.pull_recorded(gy)
            else:
                gxs = function.pull(gy)
            for node, gx in zip(function.inputs, gxs):  # noqa: B905 (equal by contract)
                if gx is None or not node.requires_grad:
                    continue
                creator = node.creator
                if creator is None:
                    # Out of place, here and below: x + y hands one array to both of its inputs.
                    leaves[node] = leaves[node] + gx if node in leaves else gx
                elif node.output_index is not None:
                    _deposit(node, gx, leaves, buckets)
                else:
                    waiting = buckets.get(node.rank)
                    if waiting is None:
                        buckets[node.rank] = {creator: gx}
                    elif creator in waiting:
                        waiting[creator] = waiting[creator] + gx
                    else:
                        waiting[creator] = gx


def _deposit(node: Node, gx: Array, leaves: dict[Node, Any], buckets: _Buckets) -> None:
    """Add ``gx`` to what waits at ``node``."""
    creator, index = node.creator, node.output_index
    waiting = leaves if creator is None else buckets.setdefault(node.rank, {})
    key = node if creator is None else creator
    if creator is None or index is None:
        waiting[key] = waiting[key] + gx if key in waiting else gx
        return
    # Several outputs come together: backward gets None for those that nothing arrived at.
    slots = waiting.setdefault(key, [None] * creator.output_count)
    slots[index] = gx if slots[index] is None else slots[index] + gx


def _screened(
    function: Function,
    gy: Cotangents,
    recorded: bool,
    needed: Container[Function] | None,
    seen: _Seen | None,
) -> Sequence[Any]:
    """What a function passes on, without what leads nowhere.

    Notes the nodes met, tells hooks, and refuses NaN in debug mode.
    """
    pull = function.pull_recorded if recorded else function.pull
    gxs = around_backward(function, gy, pull) if here().hooked else pull(gy)
    screened = []
    for i, (node, gx) in enumerate(zip(function.inputs, gxs, strict=True)):
        creator = node.creator
        if gx is not None and here().debug:
            refuse_nan_gradient(function, i, gx)
        if needed is not None and creator is not None and creator not in needed:
            gx = None
        if gx is not None and creator is not None and seen is not None:
            seen.setdefault(creator, {})[node] = None
        screened.append(gx)
    return screened


def _tell(
    nodes: Iterable[Node],
    function: Function,
    gy: Cotangents,
    observe: _Observe,
) -> None:
    for node in nodes:
        cotangent = gy if node.output_index is None else gy[node.output_index]
        if cotangent is not None:
            observe(node, cotangent)


def nodes_above(
    nodes: Iterable[Node], ends: Container[Node] = (), constants: bool = False
) -> Iterator[Node]:
    """The nodes themselves, and what they were computed from, up to and including the ``ends``.

    Every function is entered once, so that a node comes once for each of its uses. Those that
    need no gradient are left out, with all above them, unless ``constants`` are asked for.
    """
    entered: set[Function] = set()
    waiting = [*nodes]
    while waiting:
        node = waiting.pop()
        if not (node.requires_grad or constants):
            continue
        yield node
        creator = node.creator
        if creator is not None and creator not in entered and node not in ends:
            entered.add(creator)
            waiting.extend(creator.inputs or ())


def leading_to(targets: Container[Node], functions: Iterable[Function]) -> set[Function]:
    """Those of the functions through which a cotangent reaches one of the ``targets``."""
    needed: set[Function] = set()
    # A function's rank is above those of all that its inputs came from: one round settles it.
    for function in sorted(functions, key=lambda function: function.rank):
        for node in function.inputs or ():
            if node in targets or node.creator in needed:
                needed.add(function)
                break
    return needed


def _check_sequence(name: str, value: object, length: int | None = None) -> None:
    if not isinstance(value, (list, tuple)):
        raise TypeError(
            f"grad: {name} must be a tuple or a list, got {type(value).__name__}: "
            f"write grad([y], [x])"
        )
    if length is not None and len(value) != length:
        raise ValueError(f"grad: {name} has {len(value)} entries, expected {length}")


_UNRECORDED = (
    "grad: an input has no gradient (None), and the outputs were computed from a gradient that was "
    "not recorded: pass enable_double_backprop=True to the first grad"
)


def grad(
    outputs: Sequence[Array],
    inputs: Sequence[Array],
    grad_outputs: Sequence[Array | None] | None = None,
    grad_inputs: Sequence[Array | None] | None = None,
    set_grad: bool = False,
    retain_grad: bool = False,
    enable_double_backprop: bool = False,
    loss_scale: float | None = None,
) -> list[Any]:
    """Gradients of ``outputs`` with respect to ``inputs``, as a list of Variables.

    Outputs are seeded with ``grad_outputs`` or with ones, and their contributions are summed.
    ``grad_inputs`` are added to the results. An input that no output depends on, or that needs
    no gradient, gives None. No ``.grad`` is touched unless ``set_grad`` (the inputs') or
    ``retain_grad`` (those of all intermediates) asks for it.
    """
    _check_sequence("outputs", outputs)
    _check_sequence("inputs", inputs)
    for name, given, length in (
        ("grad_outputs", grad_outputs, len(outputs)),
        ("grad_inputs", grad_inputs, len(inputs)),
    ):
        if given is not None:
            _check_sequence(name, given, length)
    seeds = [
        (y.node, y.seed(None if grad_outputs is None else grad_outputs[i], loss_scale))
        for i, y in enumerate(outputs)
    ]
    targets, tops = {x.node for x in inputs}, [y.node for y in outputs]
    above = {node.creator for node in nodes_above(tops) if node.creator is not None}
    needed = leading_to(targets, above)
    found, retained = _collect(seeds, targets, needed, retain_grad, enable_double_backprop)
    found, results = unshared(found), []
    for i, x in enumerate(inputs):
        gx = found.get(x.node) if x.requires_grad else None
        extra = None if grad_inputs is None else grad_inputs[i]
        if extra is not None:
            extra = extra if enable_double_backprop else extra.array
            gx = extra if gx is None else gx + extra
        gx = None if gx is None else x.wrap(gx)
        if gx is not None and not enable_double_backprop:
            # A leaf, as in Chainer, which a second grad would pass by in silence.
            gx.node.unrecorded = True
        results.append(gx)
    missing = any(gx is None for gx in results)
    if missing and any(node.unrecorded for node in nodes_above(tops)):
        warnings.warn(_UNRECORDED, stacklevel=2)
    # Only now, where nothing can raise any more: an exception leaves every .grad as it was.
    for node, gx in retained.items():
        node.store_grad(gx)
    if set_grad:
        for x, gx in zip(inputs, results, strict=True):
            x.grad_var = gx
    return results


def _collect(
    seeds: list[tuple[Node, Array]],
    targets: set[Node],
    needed: set[Function],
    retain_grad: bool,
    recorded: bool,
) -> tuple[dict[Node, Any], dict[Node, Any]]:
    """Run the traversal of ``grad``: cotangents of the targets, and those to be retained."""
    found: dict[Node, Any] = {}
    retained: dict[Node, Any] = {}

    def observe(node: Node, cotangent: Array) -> None:
        if node in targets:
            found[node] = cotangent
        if retain_grad and node.creator is not None:
            retained[node] = cotangent

    # The cotangent of a target that is itself an intermediate is complete when its creator's turn
    # comes, so that creator is queued, though nothing beyond it is wanted; nor is it of an output
    # that depends on no target.
    tops = (node for node, _ in seeds)
    ends = {node.creator for node in (*targets, *tops) if node.creator is not None} - needed
    if not recorded:
        seeds = [(node, raw(cotangent)) for node, cotangent in seeds]
    propagate(seeds, recorded, observe, needed | ends, ends)
    return found, retained


def unshared(gradients: dict[Node, Any]) -> dict[Node, Any]:
    """The gradients, each in memory of its own that may be written to; copied only where not.

    The gradients of x + y are one array, that of a sum may be read-only, and what started the pass
    or was kept for it may come through: ``p.grad *= 0.5`` must scale one gradient, once.
    """
    for node, gradient in gradients.items():
        if type(gradient) is ndarray:
            # Whoever else holds the array counts as a reference to it. Mostly it is nobody's view.
            if gradient.base is None:
                if getrefcount(gradient) <= _SOLE:
                    continue
            elif _is_own_view(gradient) and getrefcount(gradient) <= _SOLE:
                continue
            gradients[node] = gradient.copy()
        elif len(gradients) > 1 and any(
            _one_memory(gradient, other) for leaf, other in gradients.items() if leaf is not node
        ):
            gradients[node] = gradient.copy()
    return gradients


def _is_own_view(gradient: Array) -> bool:
    """Whether an array, a view, may be written to without changing another."""
    base = gradient.base
    return gradient.flags.writeable and getrefcount(base) <= _SOLE_BASE


def _one_memory(one: Array, other: Array) -> bool:
    a, b = raw(one), raw(other)
    return a is b or (type(a) is type(b) is ndarray and may_share_memory(a, b))


def _references() -> tuple[int, int]:
    """What ``getrefcount`` says above of an array, and of a view's base, that nobody else holds."""
    held = {0: ndarray(0)}
    alone = [getrefcount(gradient) for _, gradient in held.items()]
    base = ndarray(1)[:].base
    # The view is gone by now; in its place a base has the reference that it was.
    return max(alone), getrefcount(base) + 1


_SOLE, _SOLE_BASE = _references()


def raw(cotangent: Array) -> Raw:
    """The array inside, where a Variable was given."""
    # By attribute, not by class: this module stands below Variable.
    return getattr(cotangent, "_array", cotangent)


def require_seed(shape: tuple[int, ...], operation: str) -> None:
    """Complain that a non-scalar output has no gradient to start from."""
    raise GradientError(
        f"{operation}: expected a scalar output or a gradient to start from, got an output of "
        f"shape {shape} without .grad: set y.grad to an array of that shape, or reduce y to a "
        f"scalar, for example with y.sum()"
    )
