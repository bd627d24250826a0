"""``vmap``: a function of one point, computed for many in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.lanes import hide, show
from playground.graph import backend
from playground.graph.backend import SCALAR_TYPES
from playground.graph.config import config
from playground.graph.errors import InputError
from playground.graph.variable import Variable
from playground.interpreters.batching import Batched, Level

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
    no such axis, or of different lengths along it.
    """
    if not callable(function):
        raise TypeError(f"vmap: expected a function, got {type(function).__name__}: vmap(f)(xs)")
    if not (chunk in ("auto", None) or (isinstance(chunk, int) and chunk > 0)):
        raise InputError(
            f"vmap: expected chunk as a positive number, None or 'auto', got {chunk!r}"
        )

    @wraps(function)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        axes = _per_argument(in_axes, len(args))
        size = _common_size(args, axes)
        step = chunk or size if not isinstance(chunk, str) else _automatic_chunk(args, axes, size)
        if step >= size:
            return _at_once(function, args, axes, kwargs, out_axes, size)
        results = _Chunks(size)
        for start in range(0, size, step):
            stop = min(start + step, size)
            parts = [_cut(x, a, start, stop) for x, a in zip(args, axes, strict=True)]
            y = _at_once(function, parts, axes, kwargs, out_axes, stop - start)
            results.add(y, out_axes, start)
        return results.joined()

    return mapped


def _at_once(
    function: Any, args: Sequence[Any], axes: Any, kwargs: Any, out_axes: Axes, size: int
) -> Any:
    level = Level(size)
    with level.recording():
        inside = [_enter(x, axis, level) for x, axis in zip(args, axes, strict=True)]
        result = function(*inside, **kwargs)
        recorded = any(isinstance(x, Variable) for x in _arrays(args))
        return _leave(result, out_axes, level, recorded)


def _per_argument(axes: Axes, count: int) -> Sequence[Axes]:
    if axes is None or isinstance(axes, int):
        return [axes] * count
    if not isinstance(axes, (tuple, list)) or len(axes) != count:
        raise InputError(
            f"vmap: expected in_axes as a number, None or one entry an argument ({count}), got "
            f"{axes!r}"
        )
    return axes


def _parts(tree: Any, axes: Axes) -> Iterator[tuple[Any, Any, Axes]]:
    """The parts of a tuple, list or dict by key, each with its axes."""
    keyed = isinstance(tree, dict)
    keys = list(tree) if keyed else range(len(tree))
    if isinstance(axes, (dict, list, tuple)):
        fitting = set(axes) == set(keys) if isinstance(axes, dict) else len(axes) == len(keys)
        if not fitting or isinstance(axes, dict) != keyed:
            raise InputError(f"vmap: the axes {axes!r} do not fit an argument or result of {keys}")
        return ((key, tree[key], axes[key]) for key in keys)
    return ((key, tree[key], axes) for key in keys)


def _is_tree(value: Any) -> bool:
    return isinstance(value, (tuple, list, dict))


def _rebuilt(tree: Any, parts: dict[Any, Any]) -> Any:
    if isinstance(tree, dict):
        return parts
    if hasattr(tree, "_fields"):
        return type(tree)(*parts.values())
    return type(tree)(parts.values())


def _arrays(tree: Any) -> Iterator[Any]:
    if _is_tree(tree):
        for _, part, _ in _parts(tree, None):
            yield from _arrays(part)
    else:
        yield tree


# ---------------------------------------------------------------------------------- chunks


def _automatic_chunk(args: Sequence[Any], axes: Sequence[Axes], size: int) -> int:
    """How many entries to take at a time: all, unless they are very many small host arrays."""
    lane = 1
    for x, axis in zip(args, axes, strict=True):
        if axis is None:
            continue
        if type(x) is not np.ndarray or not isinstance(axis, int):
            return size
        lane = max(lane, x.size // max(size, 1))
    if lane > SMALL_LANE:
        return size
    step = max(CHUNK_ELEMENTS // lane, 1)
    return step if size > 4 * step else size


def _cut(x: Any, axis: Axes, start: int, stop: int) -> Any:
    """The entries ``start`` to ``stop`` of an argument."""
    if _is_tree(x):
        parts = {key: _cut(part, a, start, stop) for key, part, a in _parts(x, axis)}
        return _rebuilt(x, parts)
    return x if axis is None else x[_at(axis % len(x.shape), start, stop)]


def _at(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, stop))


class _Chunks:
    """The results of chunks, written one behind the other as they come."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.tree: Any = None
        self.leaves: list[Any] = []

    def add(self, y: Any, out_axes: Axes, start: int) -> None:
        found = list(_placed(y, out_axes))
        if self.tree is None:
            self.tree = (y,)
            self.leaves = [_Leaf(part, axis, self.size) for part, axis in found]
        for leaf, (part, _) in zip(self.leaves, found, strict=True):
            leaf.add(part, start)

    def joined(self) -> Any:
        return _filled(self.tree[0], iter([leaf.joined() for leaf in self.leaves]))


class _Leaf:
    """One array of the results."""

    def __init__(self, first: Any, axis: int, size: int) -> None:
        self.axis = axis % len(first.shape) if hasattr(first, "shape") else 0
        self.parts: list[Any] = []
        self.whole: Any = None
        if type(first) is np.ndarray:
            shape = list(first.shape)
            shape[self.axis] = size
            self.whole = np.empty(shape, first.dtype)

    def add(self, part: Any, start: int) -> None:
        if self.whole is None:
            self.parts.append(part)
        else:
            self.whole[_at(self.axis, start, start + part.shape[self.axis])] = part

    def joined(self) -> Any:
        if self.whole is not None:
            return self.whole
        if not isinstance(self.parts[0], Variable):
            return self.parts[0]
        y = F.concat(self.parts, self.axis)
        return y if y.requires_grad else Variable(y.array, requires_grad=False)


def _placed(tree: Any, axes: Axes) -> Iterator[tuple[Any, Any]]:
    if _is_tree(tree):
        for _, part, a in _parts(tree, axes):
            yield from _placed(part, a)
    else:
        yield tree, axes


def _filled(tree: Any, leaves: Iterator[Any]) -> Any:
    if _is_tree(tree):
        return _rebuilt(tree, {key: _filled(part, leaves) for key, part, _ in _parts(tree, None)})
    return next(leaves)


# ----------------------------------------------------------------------------- on the way in


def _common_size(args: Sequence[Any], axes: Sequence[Axes]) -> int:
    found: dict[int, str] = {}
    for i, (x, axis) in enumerate(zip(args, axes, strict=True)):
        for name, size in _sizes(x, axis, f"argument {i}"):
            found.setdefault(size, name)
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


def _sizes(x: Any, axis: Axes, name: str) -> Iterator[tuple[str, int]]:
    if _is_tree(x):
        for key, part, below in _parts(x, axis):
            yield from _sizes(part, below, f"{name}[{key!r}]")
    elif axis is not None:
        shape = getattr(x, "shape", ())
        if not -len(shape) <= axis < len(shape):
            raise InputError(
                f"vmap: {name} has no axis {axis} to map over: its shape is {shape}; for a value "
                f"that is the same for all pass None in in_axes"
            )
        yield name, shape[axis]


def _enter(x: Any, axis: Axes, level: Level) -> Any:
    if _is_tree(x):
        return _rebuilt(x, {key: _enter(part, a, level) for key, part, a in _parts(x, axis)})
    if axis is None:
        # So that an index of each lane can read it: a plain array has no say in table[i].
        return Variable(x, requires_grad=False) if _is_number_array(x) else x
    if isinstance(x, Variable):
        return hide(F.moveaxis(x, axis, 0) if axis else x, level)
    array = _arranged(_moved(backend.as_array(x), axis, 0))
    batched = level.hide(array)
    # What cannot have a gradient keeps NumPy's own promotion of integers and booleans.
    return Variable(batched, requires_grad=False) if _is_number_array(array) else batched


def _is_number_array(x: Any) -> bool:
    return backend.is_array(x) and x.dtype.kind in "fc"


def _moved(array: Any, source: int, target: int) -> Any:
    order = list(range(array.ndim))
    order.insert(target % array.ndim, order.pop(source % array.ndim))
    return array if source == target else array.transpose(tuple(order))


def _arranged(array: Any) -> Any:
    """Many small lanes side by side in memory: NumPy's loops then run over lanes."""
    lanes = array.shape[0]
    if type(array) is not np.ndarray or array.ndim < 2 or lanes < MANY_LANES:
        return array
    if not 1 < array.size // lanes <= SMALL_LANE:
        return array
    return np.ascontiguousarray(_moved(array, 0, -1)).transpose(
        (array.ndim - 1, *range(array.ndim - 1))
    )


# ---------------------------------------------------------------------------- on the way out


def _leave(y: Any, axis: Axes, level: Level, recorded: bool) -> Any:
    if _is_tree(y):
        parts = {key: _leave(part, a, level, recorded) for key, part, a in _parts(y, axis)}
        return _rebuilt(y, parts)
    if y is None:
        return None
    if not isinstance(axis, int):
        raise InputError(f"vmap: expected out_axes as a number for each result, got {axis!r}")
    if isinstance(y, Variable) and y.requires_grad and config.enable_backprop:
        shown = show(y, level)
        return F.moveaxis(shown, 0, axis) if axis else shown
    array = y.array if isinstance(y, Variable) else y
    array = np.asarray(array) if type(array) in SCALAR_TYPES else backend.as_array(array)
    array = _moved(_separate(level.show(array)), 0, axis)
    return Variable(array, requires_grad=False) if recorded else array


def _separate(array: Any) -> Any:
    """A copy of what is one value for all lanes, so that each can be written to."""
    if type(array) is not Batched and 0 in array.strides and array.size > 1:
        return array.copy()
    return array
