"""``vmap``: a function of one point, computed for many in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

import playground.functions as F
from playground.functions.lanes import hide, show
from playground.graph import backend
from playground.graph.backend import SCALAR_TYPES
from playground.graph.config import config
from playground.graph.errors import InputError
from playground.graph.questions import QUESTIONS
from playground.graph.types import Array, Index, Keywords, Operand, Raw, Tree, UserFunction
from playground.graph.variable import Variable
from playground.interpreters.batching import Batched, Level
from playground.transforms.branches import Twins, asks, check_lanes
from playground.transforms.values import called, check_function, is_tree, leaves, rebuilt

__all__ = ["vmap"]

# From so many lanes on, and up to lanes of so many elements, lanes are neighbours in memory.
MANY_LANES = 256
SMALL_LANE = 64
# Elements of one argument in a chunk: intermediate results stay in the cache, and their memory is
# used again, where millions of elements would be fetched from the system page by page every time.
CHUNK_ELEMENTS = 1 << 16
Axes = Any


def vmap(
    function: Callable[..., Any],
    in_axes: Axes = 0,
    out_axes: Axes = 0,
    chunk: int | str | None = "auto",
) -> Any:
    """``function`` over a hidden axis of its arguments, all entries in one vectorised call.

    ``vmap(f)(xs)`` is ``np.stack([f(x) for x in xs])``, where f is written for one x and runs
    once (or once for each chunk of very many). ``vmap(grad(f))`` gives gradients at many points,
    ``grad`` of a sum over ``vmap(f)`` works, and so do several ``vmap`` inside each other.
    Gradients of closed-over Variables are summed over the entries. Code that asks for one truth
    of all entries (``if x > 0``) raises: use ``np.where``.

    Args:
        function: plain NumPy code; arrays, tuples, lists and dicts of arrays in and out.
        in_axes: the axis of every argument that is mapped over (None: the argument is the same
            for all), or a sequence of one entry an argument; a dict or tuple argument may have an
            entry for each part. Keyword arguments are the same for all.
        out_axes: where the axis stands in the results, likewise.
        chunk: at most so many entries at a time; None: all at once. By default very many small
            NumPy arrays go in chunks that fit the cache, in a third of the time.

    Arrays in, arrays out; Variables in, Variables out. Raises InputError for arguments that have
    no such axis, or of different lengths along it, and BranchError as ``grad`` does.
    """
    check_function("vmap", function)
    if not (chunk in ("auto", None) or (isinstance(chunk, int) and chunk > 0)):
        raise InputError(
            f"vmap: expected chunk as a positive number, None or 'auto', got {chunk!r}"
        )

    @wraps(function)
    def mapped(*args: Tree, **kwargs: Tree) -> Any:
        places = list(_leaf_places(args, _per_argument(in_axes, len(args)), "argument "))
        size = _common_size(places)
        step = chunk or size
        if isinstance(step, str):
            step = _automatic_chunk(places, size)
        if step >= size:
            return _at_once(function, args, places, kwargs, out_axes, size)
        results = Chunks(size)
        for start in range(0, size, step):
            stop = min(start + step, size)
            parts = [
                p if p.axis is None else p._replace(value=p.value[p.entries(start, stop)])
                for p in places
            ]
            y = _at_once(function, args, parts, kwargs, out_axes, stop - start)
            results.add(y, [place.axis for place in _leaf_places(y, out_axes, "result")], start)
        return results.joined()

    return mapped


class Place(NamedTuple):
    """One leaf of the arguments or results, and the axis of it that the lanes are."""

    name: str
    value: Any
    axis: Axes

    @property
    def size(self) -> int:
        """How many lanes an argument has."""
        shape, axis = getattr(self.value, "shape", ()), self.axis
        if not _is_axis(axis, len(shape)):
            if type(self.value) in SCALAR_TYPES and "[" in self.name:
                raise InputError(
                    f"vmap: {self.name} is a number in a list or tuple, which counts as several "
                    f"arguments: pass an array, numpy.array([...])"
                )
            raise InputError(
                f"vmap: {self.name} has no axis {axis} to map over: its shape is {shape}; for a "
                f"value that is the same for all pass None in in_axes"
            )
        return shape[axis]

    def entries(self, start: int, stop: int) -> Index:
        """The index of some of them."""
        return _along_axis(self.axis % len(self.value.shape), start, stop)

    def lane(self, i: int) -> Any:
        """One entry."""
        if self.axis is None:
            return self.value
        return self.value[(*(slice(None),) * (self.axis % len(self.value.shape)), i)]

    def enter(self, level: Level) -> Any:
        """The value with its axis hidden, as the function gets it."""
        x, axis = self.value, self.axis
        if axis is None:
            # So that an index of each lane can read it: a plain array has no say in table[i].
            return Variable(x, requires_grad=False) if _is_number_array(x) else x
        if isinstance(x, Variable):
            return hide(F.moveaxis(x, axis, 0) if axis else x, level)
        array = _arranged(_axis_moved(backend.as_array(x), axis, 0))
        batched = level.hide(array)
        # What cannot have a gradient keeps NumPy's own promotion of integers and booleans.
        return Variable(batched, requires_grad=False) if _is_number_array(array) else batched

    def leave(self, level: Level, recorded: bool) -> Any:
        """A result with its lanes as an axis; what is the same in all lanes is repeated."""
        y, axis = self.value, self.axis
        ndim = len(np.shape(y) if type(y) in SCALAR_TYPES else y.shape) + 1
        if not _is_axis(axis, ndim):
            raise InputError(
                f"vmap: expected out_axes as a number for each result, here from {-ndim} to "
                f"{ndim - 1}, got {axis!r}"
            )
        if isinstance(y, Variable) and y.requires_grad and config.enable_backprop:
            shown = show(y, level)
            return F.moveaxis(shown, 0, axis) if axis else shown
        array = y.array if isinstance(y, Variable) else y
        array = np.asarray(array) if type(array) in SCALAR_TYPES else backend.as_array(array)
        array = level.show(array)
        # One value for all lanes is shown by strides of 0; each lane must be one to write to.
        if not isinstance(array, Batched) and 0 in array.strides and array.size > 1:
            array = array.copy()
        array = _axis_moved(array, 0, axis)
        return Variable(array, requires_grad=False) if recorded else array


def _at_once(
    function: UserFunction,
    args: Tree,
    places: list[Place],
    kwargs: Keywords,
    out_axes: Axes,
    size: int,
) -> Any:
    level, since = Level(size), QUESTIONS.count
    # Closed-over Variables that meet lanes inside are connected by a sum over these.
    with level.recording():
        inside = [place.enter(level) for place in places]
        for x in inside:
            if isinstance(x, Variable):
                x.node.given = True
        result = called(function, rebuilt(args, iter(inside)), kwargs, since)
        recorded = any(isinstance(place.value, Variable) for place in places)
        results = list(_leaf_places(result, out_axes, "result"))
        found = [place.leave(level, recorded) for place in results]
    if size and not recorded and asks(function, since):
        left = [p._replace(value=y) for p, y in zip(results, found, strict=True)]
        check_lanes(_lanes(function, args, places, kwargs, left), since)
    return rebuilt(result, iter(found))


def _lanes(
    function: UserFunction,
    args: Tree,
    places: list[Place],
    kwargs: Keywords,
    results: list[Place],
) -> list[Twins]:
    """The first lane and the last, each as a call of the function with what it maps over."""

    def call(values: Sequence[Operand]) -> Tree:
        return function(*rebuilt(args, iter(values)), **kwargs)

    size = next(place.size for place in places if place.axis is not None)
    found = []
    for i in {0, size - 1}:
        point = [place.lane(i) for place in places]
        value = [place.lane(i) for place in results]
        found.append(Twins("vmap", function, point, value, call, call, dict(kwargs)))
    return found


def _per_argument(axes: Axes, count: int) -> Axes:
    if axes is None or isinstance(axes, int):
        return axes
    if not isinstance(axes, (tuple, list)) or len(axes) != count:
        raise InputError(
            f"vmap: expected in_axes as a number, None or one entry an argument ({count}), got "
            f"{axes!r}"
        )
    return axes


def _leaf_places(tree: Tree, axes: Axes, name: str) -> Iterator[Place]:
    """The leaves in order, each with its axis: that of the part of the tree that it is in."""
    if not is_tree(tree):
        # A Series or a DataFrame counts as its values: its own axes have names, not numbers.
        yield Place(name, tree.to_numpy() if hasattr(tree, "to_numpy") else tree, axes)
        return
    keys = list(tree) if isinstance(tree, dict) else range(len(tree or ()))
    if isinstance(axes, (dict, list, tuple)):
        theirs = list(axes) if isinstance(axes, dict) else range(len(axes))
        if set(theirs) != set(keys) or isinstance(axes, dict) != isinstance(tree, dict):
            raise InputError(f"vmap: the axes {axes!r} do not fit the {name}, which has {[*keys]}")
    for key in keys:
        below = axes[key] if isinstance(axes, (dict, list, tuple)) else axes
        inner = f"{name}{key}" if name.endswith(" ") else f"{name}[{key!r}]"
        yield from _leaf_places(tree[key], below, inner)


# ----------------------------------------------------------------------------- on the way in


def _common_size(places: Sequence[Place]) -> int:
    found: dict[int, str] = {}
    for place in places:
        if place.axis is not None:
            found.setdefault(place.size, place.name)
    if not found:
        raise InputError(
            "vmap: no argument is mapped over: give one an axis in in_axes, or call the function "
            "itself"
        )
    if len(found) > 1:
        sizes = ", ".join(f"{size} ({name})" for size, name in found.items())
        raise InputError(
            f"vmap: expected arguments of one length along the axes that are mapped over, got "
            f"{sizes}: pass in_axes with None for arguments that are the same for all"
        )
    return next(iter(found))


def _is_axis(axis: object, ndim: int) -> bool:
    return isinstance(axis, int) and not isinstance(axis, bool) and -ndim <= axis < ndim


def _is_number_array(x: Operand) -> bool:
    return backend.is_array(x) and x.dtype.kind in "fc"


def _axis_moved(array: Raw, source: int, target: int) -> Any:
    # np.moveaxis takes ten times as long as the transposition that it comes down to.
    order = list(range(array.ndim))
    order.insert(target % array.ndim, order.pop(source % array.ndim))
    return array if source == target else array.transpose(tuple(order))


def _arranged(array: Raw) -> Any:
    """Many small lanes side by side in memory: NumPy's loops then run over lanes."""
    # NumPy's inner loop is the last axis in memory: 3 elements a lane would be a loop of length 3.
    lanes = array.shape[0]
    if type(array) is not np.ndarray or array.ndim < 2 or lanes < MANY_LANES:
        return array
    if not 1 < array.size // lanes <= SMALL_LANE:
        return array
    return np.ascontiguousarray(_axis_moved(array, 0, -1)).transpose(
        (array.ndim - 1, *range(array.ndim - 1))
    )


# ------------------------------------------------------------------------------------ in chunks


def _automatic_chunk(places: Iterable[Place], size: int) -> int:
    """How many entries to take at a time: all, unless they are very many small host arrays."""
    lane = 1
    for place in places:
        if place.axis is not None:
            if type(place.value) is not np.ndarray:
                return size
            lane = max(lane, place.value.size // max(size, 1))
    step = CHUNK_ELEMENTS // lane
    # Not for a few chunks: each calls the function once more.
    return step if lane <= SMALL_LANE and size > 4 * step else size


def _along_axis(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, stop))


class Chunks:
    """The results of chunks, trees of one form, written one behind the other."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.form: Any = None
        self.leaves: list[_Leaf] = []

    def add(self, tree: Tree, axes: Sequence[int], start: int) -> None:
        """Take the results of the chunk that begins at ``start``."""
        values = [value for _, value in leaves(tree)]
        if not start:
            self.form = tree
            self.leaves = [
                _Leaf(value, axis, self.size) for value, axis in zip(values, axes, strict=True)
            ]
        for leaf, value in zip(self.leaves, values, strict=True):
            leaf.add(value, start)

    def joined(self) -> Any:
        """The results of all."""
        return rebuilt(self.form, iter([leaf.joined() for leaf in self.leaves]))


class _Leaf:
    """One array of the results."""

    def __init__(self, first: Array, axis: int, size: int) -> None:
        self.axis = axis % len(first.shape)
        self.parts: list[Any] = []
        self.whole: Any = None
        if type(first) is np.ndarray:
            shape = list(first.shape)
            shape[self.axis] = size
            self.whole = np.empty(shape, first.dtype)

    def add(self, part: Array, start: int) -> None:
        # Variables are joined by a recorded operation, and device arrays where they are.
        if self.whole is None:
            self.parts.append(part)
        else:
            self.whole[_along_axis(self.axis, start, start + part.shape[self.axis])] = part

    def joined(self) -> Any:
        if self.whole is not None:
            return self.whole
        if isinstance(self.parts[0], Variable):
            return F.concat(self.parts, self.axis)
        return np.concatenate(self.parts, axis=self.axis)
