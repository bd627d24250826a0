"""The batched array: one call computed for many lanes at once, along an axis that nobody sees.

A :class:`Batched` holds an array whose leading axis, the lanes, is hidden; code that runs on it
sees the shape of one lane. An array *without* a level stands for the same value in all its lanes.
Of two levels in one call the newer answers, and finds the older inside its own arrays or beside
them; a Variable stands above all of them and holds them.

The hidden axis comes first in the array's shape, because NumPy broadcasts, multiplies matrices
and counts negative axes from behind: what it does there it does in each lane, and no rule is
needed. Where the axis lies in memory is another matter: where lanes are many and small, an array
whose lanes are neighbours in memory (:func:`lanes_inner`) is several times as fast, and NumPy's
elementwise functions and reductions keep that order by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

import numpy as np

from playground.graph import backend
from playground.graph.backend import SCALAR_TYPES
from playground.graph.errors import GraphCutError
from playground.graph.types import DType, HostArray, Keywords, Operand, Raw, Shape, Tree

if TYPE_CHECKING:
    from playground.interpreters.batching.levels import Level

__all__ = ["Batched", "in_lanes"]

# What carries a NumPy function out: called as that is.
LaneRule = Callable[..., Any]
AnyLaneRule = TypeVar("AnyLaneRule", bound=LaneRule)


def lanes_inner(array: Raw) -> bool:
    """Whether neighbours in memory are lanes, rather than elements of one lane."""
    strides = array.strides
    return len(strides) > 1 and strides[0] == array.itemsize and array.shape[0] > 1


def newest(operands: Iterable[Operand]) -> Level:
    """The level that answers a call."""
    found = None
    for x in operands:
        if isinstance(x, Batched) and (found is None or x.level.depth > found.depth):
            found = x.level
    if found is None:
        raise TypeError("no operand has lanes")
    return found


def is_higher(value: Operand) -> bool:
    """Whether another interpreter stands above the batched arrays, and has to answer."""
    cls = type(value)
    return not (
        cls in SCALAR_TYPES
        or cls in backend.ARRAY_TYPES
        or isinstance(value, (np.ndarray, list, tuple))
        or value is None
    )


def padded(array: Raw, ndim: int) -> Raw:
    """The array inside, with axes of length 1 behind the lanes so that a lane has ``ndim``."""
    # NumPy would put missing axes ahead of the lanes, and broadcast those against an axis.
    missing = ndim + 1 - array.ndim
    if missing <= 0:
        return array
    shape = array.shape
    return array.reshape((shape[0], *(1,) * missing, *shape[1:]))


def elementwise(
    function: LaneRule,
    operands: Sequence[Operand],
    kwargs: Keywords = {},  # noqa: B006 (not changed)
) -> Any:
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


def _binary(ufunc: np.ufunc, reflected: bool = False) -> Any:
    def operator(self: Batched, other: Operand) -> Any:
        cls = type(other)
        if isinstance(other, Batched):
            # Frequent and plain: less than half the overhead of elementwise (6 and 16 us).
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


def _refused(what: str, advice: str) -> LaneRule:
    def refuse(self: Batched, *args: Operand, **kwargs: Operand) -> NoReturn:
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

    # Above symbols and numbers, which it holds; below Variables (200), which hold it.
    __array_priority__ = 150
    # Elementwise comparison: no identity by value.
    __hash__ = object.__hash__

    # A NumPy function -> what carries it out on arrays of this kind; filled by ``in_lanes``.
    rules: ClassVar[dict[Any, LaneRule]] = {}

    def __init__(self, array: Raw, level: Level) -> None:
        self.array = array
        self.level = level

    @property
    def shape(self) -> Shape:
        return self.array.shape[1:]

    @property
    def ndim(self) -> int:
        return self.array.ndim - 1

    @property
    def size(self) -> int:
        return self.array.size // self.level.size if self.level.size else int(np.prod(self.shape))

    @property
    def dtype(self) -> DType:
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
    def base_array(self) -> Raw:
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

    def with_array(self, array: Raw) -> Batched:
        """Another array in the same lanes."""
        return Batched(array, self.level)

    def astype(self, dtype: DType, **kwargs: Operand) -> Batched:
        return Batched(self.array.astype(dtype, **kwargs), self.level)

    def copy(self, order: str = "K") -> Batched:
        return Batched(self.array.copy("K"), self.level)

    def __len__(self) -> int:
        if self.array.ndim < 2:
            raise TypeError("len() of a lane without axes")
        return self.array.shape[1]

    def __iter__(self) -> Iterator[Batched]:
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

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Operand, **kwargs: Operand
    ) -> Any:
        if any(map(is_higher, inputs)):
            return NotImplemented
        if kwargs.get("out") is not None:
            raise TypeError(
                f"{ufunc.__name__}: a result under vmap cannot be written into an array with "
                f"out= (or +=): use the returned value"
            )
        if method == "__call__" and ufunc in Batched.rules:
            return Batched.rules[ufunc](*inputs, **kwargs)
        # Every ufunc without a signature, SciPy's too, is elementwise: none needs a rule.
        if method == "__call__" and ufunc.signature is None and "where" not in kwargs:
            return elementwise(ufunc, inputs, kwargs)
        call = ufunc if method == "__call__" else getattr(ufunc, method)
        return looped(call, inputs, kwargs)

    def __array_function__(
        self, func: LaneRule, types: Iterable[type], args: tuple[Operand, ...], kwargs: Keywords
    ) -> Any:
        for cls in types:
            if cls not in backend.ARRAY_TYPES:
                return NotImplemented
        rule = Batched.rules.get(func)
        if rule is None:
            if func in _DESCRIBING:
                return func(*_of_the_form(args), **_of_the_form(kwargs))
            # Slow, but right for any function: what vmap of plain NumPy code calls beyond op texts.
            return looped(func, args, kwargs)
        return rule(self, *args, **kwargs) if func in _MAKERS else rule(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """The methods of an ndarray that have no rule of their own: one lane after the other."""
        if name.startswith("_") or not callable(getattr(np.ndarray, name, None)):
            raise AttributeError(f"a batched array has no attribute {name!r}")

        def method(array: Raw, *args: Operand, **kwargs: Operand) -> Any:
            return getattr(array, name)(*args, **kwargs)

        method.__name__ = name
        return lambda *args, **kwargs: looped(method, (self, *args), kwargs)

    # ---------------------------------------------------------------------- from host, and to it

    def to_host(self) -> Raw:
        """The same with all numbers on the host."""
        return self.with_array(backend.to_cpu(self.array))

    @staticmethod
    def from_host(array: HostArray, like: Batched) -> Raw:
        """A constant for all lanes, of the array type that the lanes are of."""
        return backend.array_like(array, like.base_array)


backend.register_array_type(Batched, Batched.from_host, Batched.to_host)

# Functions that make arrays: their rules get the array of ``like=`` ahead of the arguments.
_MAKERS: set[LaneRule] = set()
# Functions whose answer depends on shapes and dtypes alone: it is one for all lanes.
_DESCRIBING: set[LaneRule] = {
    np.shape,
    np.ndim,
    np.size,
    np.iscomplexobj,
    np.isrealobj,
    np.common_type,
    np.result_type,
    np.min_scalar_type,
    np.can_cast,
    np.diag_indices_from,
    np.tril_indices_from,
    np.triu_indices_from,
    np.einsum_path,
}


def in_lanes(
    *functions: LaneRule, like: bool = False, kind: type[Batched] = Batched
) -> Callable[[AnyLaneRule], AnyLaneRule]:
    """Decorator: the rule below carries these NumPy functions out on batched arrays.

    Args:
        like: whether the functions make arrays, and the rule gets the array named by ``like=``
            ahead of the arguments.
        kind: of batched array, whose rules are tried before those of all.
    """

    def register(rule: AnyLaneRule) -> AnyLaneRule:
        kind.rules.update(dict.fromkeys(functions, rule))
        if like:
            _MAKERS.update(functions)
        return rule

    return register


# ------------------------------------------------------------------- functions without a rule


def looped(function: LaneRule, args: tuple[Operand, ...], kwargs: Keywords) -> Any:
    """``function`` called for one lane after the other, its results stacked."""
    name = getattr(function, "__name__", str(function))
    level = newest(_parts((args, kwargs)))
    results = []
    for i in range(level.size):
        lane = _lane((args, kwargs), level, i)
        results.append(function(*lane[0], **lane[1]))
    if not results:
        raise ValueError(
            f"{name} has no batching rule, and there is no lane to call it for: give vmap one lane "
            f"at least"
        )
    return _restacked(results, level, name)


def _parts(tree: Tree) -> Iterator[Operand]:
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from _parts(part)
    else:
        yield tree


def _of_the_form(tree: Tree) -> Tree:
    """Arrays of one lane's shape and dtype in place of batched ones."""
    if isinstance(tree, Batched):
        return np.zeros(tree.shape, tree.dtype)
    if isinstance(tree, dict):
        return {key: _of_the_form(value) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(map(_of_the_form, tree))
    return tree


def _lane(tree: Tree, level: Level, index: int) -> Tree:
    """One lane of everything in nested tuples, lists and dictionaries."""
    if isinstance(tree, Batched) and tree.level is level:
        return backend.as_array(tree.array[index])
    if isinstance(tree, dict):
        return {key: _lane(value, level, index) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(_lane(value, level, index) for value in tree)
    return tree


def _restacked(results: list[Tree], level: Level, name: str) -> Tree:
    first = results[0]
    if isinstance(first, (tuple, list)):
        parts = [_restacked(list(part), level, name) for part in zip(*results, strict=True)]
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
