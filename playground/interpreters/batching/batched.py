"""The batched array: one call computed for many lanes at once, along an axis that nobody sees.

A :class:`Batched` holds an array whose leading axis, the lanes, is hidden; code that runs on it
sees the shape of one lane. An array *without* a level stands for the same value in all its lanes.
Of two levels in one call the newer answers, and finds the older inside its own arrays or beside
them; a Variable stands above all of them and holds them. The hidden axis comes first in the
array's shape, wherever it lies in memory: where lanes are many and small, an array whose lanes
are neighbours in memory (:func:`lanes_inner`) is several times as fast, and NumPy's elementwise
functions and reductions keep that order by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.functions.lanes import Lift
from playground.graph import backend
from playground.graph.backend import SCALAR_TYPES
from playground.graph.config import config, using_config
from playground.graph.errors import GraphCutError
from playground.graph.variable import Variable, VariableNode, constant_node

__all__ = ["Batched", "Level", "levels_of", "rule"]

_depths = count(1)
# A NumPy function -> what carries it out on batched arrays; filled by the modules beside this one.
RULES: dict[Any, Callable[..., Any]] = {}


def rule(*functions: Any) -> Callable[[Any], Any]:
    """Decorator: what stands below answers these NumPy functions on batched arrays."""

    def register(answer: Any) -> Any:
        RULES.update(dict.fromkeys(functions, answer))
        return answer

    return register


class Level:
    """One hidden axis of ``size`` lanes; newer than every level made before."""

    __slots__ = ("depth", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.depth = next(_depths)

    def hide(self, array: Any) -> Any:
        """``array`` (size, …) as a batched array (…)."""
        if isinstance(array, Batched) and array.level.depth > self.depth:
            # The newer level stays outside: its lanes come first again.
            return Batched(self.hide(array.array.swapaxes(0, 1)), array.level)
        return Batched(array, self)

    def show(self, array: Any) -> Any:
        """A batched array (…) as (size, …); one without this level is repeated."""
        if isinstance(array, Batched):
            if array.level is self:
                return array.array
            if array.level.depth > self.depth:
                return Batched(self.show(array.array).swapaxes(0, 1), array.level)
        return np.broadcast_to(array, (self.size, *array.shape))

    def spread(self, array: Any) -> Any:
        """``array`` in every lane, a view."""
        return self.hide(self.show(array))

    def total(self, array: Any) -> Any:
        """The sum over all lanes."""
        if isinstance(array, Batched):
            if array.level is self:
                return backend.as_array(array.array.sum(axis=0))
            if array.level.depth > self.depth:
                return Batched(self.total(array.array), array.level)
        return array * self.size

    def recording(self) -> AbstractContextManager[Any]:
        """Context manager: what is recorded inside connects Variables without lanes by a sum.

        It belongs around user code that is batched, and around a recorded backward pass whose
        cotangents are.
        """
        outer = config._lift.levels if config._lift is not None else ()
        return using_config("_lift", _Recording((*outer, self)))


def levels_of(array: Any) -> tuple[Level, ...]:
    """The levels of an array, newest first."""
    found = []
    while isinstance(array, Batched):
        found.append(array.level)
        array = array.array
    return tuple(found)


class _Recording:
    """What connects operations to lanes while they are recorded; knows the levels around."""

    __slots__ = ("levels",)

    def __init__(self, levels: tuple[Level, ...]) -> None:
        self.levels = levels

    def __call__(self, nodes: Any, arrays: Any, outputs: Any) -> list[Any]:
        return lifted(nodes, arrays, outputs)


def lifted(nodes: Iterable[Any], arrays: Iterable[Any], outputs: Iterable[Any]) -> list[Any]:
    """The nodes of an operation's inputs, each brought to the levels of its outputs.

    Between a node without a level and the operation stands then a :class:`Lift`, whose backward
    sums over the lanes.
    """
    nodes = list(nodes)
    if _agree(nodes, arrays, outputs):
        return nodes
    wanted = {level for y in outputs for level in levels_of(y)}
    if not wanted:
        return nodes
    for i, (node, array) in enumerate(zip(nodes, arrays, strict=True)):
        if node.requires_grad and (missing := wanted - {*levels_of(array)}):
            nodes[i] = _lifted_node(node, array, sorted(missing, key=lambda level: level.depth))
    return nodes


def _agree(nodes: Any, arrays: Any, outputs: Any) -> bool:
    """Whether all is plainly of one level, or has none: the frequent cases, told quickly."""
    y = outputs[0]
    if not isinstance(y, Batched):
        return len(outputs) == 1
    level = y.level
    if len(outputs) > 1 or isinstance(y.array, Batched):
        return False
    for node, array in zip(nodes, arrays, strict=True):
        if node.requires_grad and not (isinstance(array, Batched) and array.level is level):
            return False
    return True


class LiftedNode(VariableNode):
    """A node of an array without lanes that stands for a value in each.

    An operation's raw passes use the array as it is; recorded ones get it with the lanes, so that
    whatever they compute from it has them too.
    """

    __slots__ = ("levels",)
    levels: Sequence[Level]

    def _revive(self) -> Variable:
        variable = super()._revive()
        for level in self.levels:
            variable._array = level.spread(variable._array)
        return variable


def _lifted_node(node: Any, array: Any, levels: Sequence[Level]) -> Any:
    for level in levels:
        function = Lift(level)
        function.inputs, function.rank = (node,), node.rank
        node = constant_node(array, LiftedNode)
        node.creator, node.rank, node.requires_grad = function, function.rank + 1, True
    node.levels = levels
    return node


def lanes_inner(array: Any) -> bool:
    """Whether neighbours in memory are lanes, rather than elements of one lane."""
    strides = array.strides
    return len(strides) > 1 and strides[0] == array.itemsize and array.shape[0] > 1


def newest(operands: Iterable[Any]) -> Level:
    """The level that answers a call."""
    found = None
    for x in operands:
        if isinstance(x, Batched) and (found is None or x.level.depth > found.depth):
            found = x.level
    if found is None:
        raise TypeError("no operand has lanes")
    return found


def is_higher(value: Any) -> bool:
    """Whether another interpreter stands above the batched arrays, and has to answer."""
    cls = type(value)
    return not (
        cls in SCALAR_TYPES
        or cls in backend.ARRAY_TYPES
        or isinstance(value, (np.ndarray, list, tuple))
        or value is None
    )


def padded(array: Any, ndim: int) -> Any:
    """The array inside, with axes of length 1 behind the lanes so that a lane has ``ndim``."""
    missing = ndim + 1 - array.ndim
    if missing <= 0:
        return array
    shape = array.shape
    return array.reshape((shape[0], *(1,) * missing, *shape[1:]))


def elementwise(function: Any, operands: Any, kwargs: Any = {}) -> Any:  # noqa: B006 (not changed)
    """A function of each element by itself, of operands that are broadcast."""
    level = newest(operands)
    ndim = max(getattr(x, "ndim", 0) for x in operands)
    arrays = [
        padded(x.array, ndim) if isinstance(x, Batched) and x.level is level else x
        for x in operands
    ]
    result = function(*arrays, **kwargs)
    if type(result) is tuple:
        return tuple(Batched(y, level) for y in result)
    return Batched(result, level)


def _binary(ufunc: Any, reflected: bool = False) -> Any:
    def operator(self: Batched, other: Any) -> Any:
        cls = type(other)
        if isinstance(other, Batched):
            if other.level is self.level and self.array.ndim == other.array.ndim:
                left, right = (other, self) if reflected else (self, other)
                return Batched(ufunc(left.array, right.array), self.level)
        elif cls in SCALAR_TYPES or (
            # What has no more axes than a lane is broadcast from behind, as it is.
            cls in backend.ARRAY_TYPES and other.ndim < self.array.ndim
        ):
            array = self.array
            return Batched(ufunc(other, array) if reflected else ufunc(array, other), self.level)
        elif is_higher(other):
            return NotImplemented
        if isinstance(other, (list, tuple)):
            other = np.asarray(other)
        return elementwise(ufunc, (other, self) if reflected else (self, other))

    return operator


def _refused(what: str, advice: str) -> Any:
    def refuse(self: Batched, *args: Any, **kwargs: Any) -> Any:
        raise GraphCutError(
            f"{what} of a value under vmap (or under a jacobian's batched pass): it differs from "
            f"lane to lane, so that there is no single answer: {advice}"
        )

    return refuse


_TABLE = "playground.functions.get_item(table, i)"

if TYPE_CHECKING:

    def _method(self: Any, *args: Any, **kwargs: Any) -> Any: ...


class Batched:
    """An array of one lane's shape that stands for all lanes of a level."""

    __slots__ = ("array", "level")

    if TYPE_CHECKING:  # installed by the modules beside this one
        sum = reshape = swapaxes = transpose = any = all = max = min = read = _method
        __getitem__ = __setitem__ = __matmul__ = __rmatmul__ = _method

    __array_priority__ = 150
    # Elementwise comparison: no identity by value.
    __hash__ = object.__hash__

    def __init__(self, array: Any, level: Level) -> None:
        self.array = array
        self.level = level

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape[1:]

    @property
    def ndim(self) -> int:
        return self.array.ndim - 1

    @property
    def size(self) -> int:
        return self.array.size // self.level.size if self.level.size else int(np.prod(self.shape))

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    @property
    def itemsize(self) -> int:
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        return self.array.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        """Of the whole array, the hidden axis first."""
        return self.array.strides

    @property
    def flags(self) -> Any:
        return self.array.flags

    @property
    def base_array(self) -> Any:
        """The array of the lowest type, inside all levels: it says on which device this is."""
        array = self.array
        while isinstance(array, Batched):
            array = array.array
        return array

    @property
    def real(self) -> Batched:
        return Batched(self.array.real, self.level)

    @property
    def imag(self) -> Batched:
        return Batched(self.array.imag, self.level)

    @property
    def T(self) -> Batched:  # noqa: N802 (NumPy's name)
        return self.transpose()

    def with_array(self, array: Any) -> Batched:
        """Another array in the same lanes."""
        return Batched(array, self.level)

    def lane(self, index: int) -> Any:
        """One lane."""
        return backend.as_array(self.array[index])

    def astype(self, dtype: Any, **kwargs: Any) -> Batched:
        return Batched(self.array.astype(dtype, **kwargs), self.level)

    def copy(self, order: str = "K") -> Batched:
        return Batched(self.array.copy("K"), self.level)

    def __len__(self) -> int:
        if self.array.ndim < 2:
            raise TypeError("len() of a lane without axes")
        return self.array.shape[1]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Batched({self.level.size} lanes of shape {self.shape}, {self.dtype})"

    __bool__ = _refused("the truth", "choose with np.where(condition, a, b)")
    __float__ = __int__ = __complex__ = _refused("a Python number", "keep it an array")
    item = tolist = _refused("a Python number", "keep it an array, and read it after vmap")
    __index__ = _refused("a Python index", f"index with {_TABLE}")
    __array__ = _refused(
        "a plain array", f"compute on it and read it after vmap; as an index, use {_TABLE}"
    )

    __add__, __radd__ = _binary(np.add), _binary(np.add, True)
    __sub__, __rsub__ = _binary(np.subtract), _binary(np.subtract, True)
    __mul__, __rmul__ = _binary(np.multiply), _binary(np.multiply, True)
    __truediv__, __rtruediv__ = _binary(np.divide), _binary(np.divide, True)
    __floordiv__, __rfloordiv__ = _binary(np.floor_divide), _binary(np.floor_divide, True)
    __mod__, __rmod__ = _binary(np.remainder), _binary(np.remainder, True)
    __pow__, __rpow__ = _binary(np.power), _binary(np.power, True)
    __and__, __rand__ = _binary(np.bitwise_and), _binary(np.bitwise_and, True)
    __or__, __ror__ = _binary(np.bitwise_or), _binary(np.bitwise_or, True)
    __xor__, __rxor__ = _binary(np.bitwise_xor), _binary(np.bitwise_xor, True)
    __eq__, __ne__ = _binary(np.equal), _binary(np.not_equal)
    __lt__, __le__ = _binary(np.less), _binary(np.less_equal)
    __gt__, __ge__ = _binary(np.greater), _binary(np.greater_equal)

    def __neg__(self) -> Batched:
        return Batched(-self.array, self.level)

    def __pos__(self) -> Batched:
        return self

    def __abs__(self) -> Batched:
        return Batched(abs(self.array), self.level)

    def __invert__(self) -> Batched:
        return Batched(~self.array, self.level)

    def special(self, op: Any, arrays: Any) -> Any:
        """A special function (``graph.op.Special``) in each lane: the call on the array inside."""
        return elementwise(op.of_arrays, arrays)

    # ------------------------------------------------------------------------- the protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(map(is_higher, inputs)):
            return NotImplemented
        if kwargs.get("out") is not None:
            raise TypeError(
                f"{ufunc.__name__}: a result under vmap cannot be written into an array with "
                f"out= (or +=): use the returned value"
            )
        if method == "__call__" and ufunc in RULES:
            return RULES[ufunc](*inputs, **kwargs)
        if method == "__call__" and ufunc.signature is None and "where" not in kwargs:
            return elementwise(ufunc, inputs, kwargs)
        call = ufunc if method == "__call__" else getattr(ufunc, method)
        return looped(call, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        for cls in types:
            if cls not in backend.ARRAY_TYPES:
                return NotImplemented
        if func in CREATION:
            return CREATION[func](self, *args, **kwargs)
        return RULES[func](*args, **kwargs) if func in RULES else looped(func, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        """The methods of an ndarray that have no rule of their own: one lane after the other."""
        if name.startswith("_") or not callable(getattr(np.ndarray, name, None)):
            raise AttributeError(f"a batched array has no attribute {name!r}")
        return lambda *args, **kwargs: looped(_call_method, (name, self, *args), kwargs)


# A NumPy function that makes arrays -> what carries it out for ``like=`` a batched array.
CREATION: dict[Any, Callable[..., Any]] = {}


def _call_method(name: str, array: Any, *args: Any, **kwargs: Any) -> Any:
    return getattr(array, name)(*args, **kwargs)


# ------------------------------------------------------------------- functions without a rule


def looped(function: Any, args: Any, kwargs: Any) -> Any:
    """``function`` called for one lane after the other, its results stacked."""
    level = newest(_leaves((args, kwargs)))
    results = []
    for i in range(level.size):
        lane = _lanes((args, kwargs), level, i)
        results.append(function(*lane[0], **lane[1]))
    if not results:
        raise ValueError(
            f"{_name(function)} has no batching rule, and there is no lane to call it for: give "
            f"vmap one lane at least"
        )
    return _stacked(results, level, _name(function))


def _name(function: Any) -> str:
    return getattr(function, "__name__", str(function))


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    if isinstance(tree, (list, tuple)):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [tree]


def _lanes(tree: Any, level: Level, index: int) -> Any:
    """One lane of everything in nested tuples, lists and dictionaries."""
    if isinstance(tree, Batched) and tree.level is level:
        return tree.lane(index)
    if isinstance(tree, dict):
        return {key: _lanes(value, level, index) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(_lanes(value, level, index) for value in tree)
    return tree


def _stacked(results: list[Any], level: Level, name: str) -> Any:
    first = results[0]
    if isinstance(first, (tuple, list)):
        parts = [_stacked(list(part), level, name) for part in zip(*results, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if first is None:
        return None
    arrays = [backend.as_array(np.asarray(y) if type(y) in SCALAR_TYPES else y) for y in results]
    if any(y.shape != arrays[0].shape for y in arrays):
        raise ValueError(
            f"{name}: the shape of its result differs from lane to lane "
            f"({', '.join(sorted({str(y.shape) for y in arrays}))}), "
            f"which vmap cannot stack: use a form whose shape does not depend on the values"
        )
    return Batched(np.concatenate([np.expand_dims(y, 0) for y in arrays], axis=0), level)


def to_host(batched: Batched) -> Any:
    return batched.with_array(backend.to_cpu(batched.array))


def from_host(array: np.ndarray, like: Batched) -> Any:
    """A constant for all lanes, of the array type that the lanes are of."""
    return backend.array_like(array, like.base_array)


backend.register_array_type(Batched, from_host, to_host)
