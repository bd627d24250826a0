"""VariableNode (what the graph knows), Variable and Parameter (what the user holds).

No mathematics here: operators are installed by ``functions.basic_math``, NumPy's protocols by
``interpreters.numpy_protocol``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from playground.graph import backprop
from playground.graph.backend import ARRAY_TYPES, array_like, as_array, is_array, to_cpu
from playground.graph.config import config
from playground.graph.errors import GraphError

_new = object.__new__
# How many graphs have been cut so far: nodes remember it from their making, so that a traversal
# can tell a loss that was built on a cut graph by intent from one that the cut took by surprise.
_cuts = 0


class VariableNode:
    """A Variable's identity in the graph; outlives the Variable while the graph needs it.

    ``data`` is the array only where some function kept it for its backward, so that an
    intermediate array dies with the user's Variable.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_variable",
        "born",
        "creator",
        "data",
        "dtype",
        "output_index",
        "rank",
        "requires_grad",
        "shape",
    )

    _variable: Callable[[], Variable | None]
    born: int
    creator: Any
    data: Any
    dtype: Any
    output_index: int | None
    rank: int
    requires_grad: bool
    shape: Any
    # Rarely anything else, so that making a node need not set them.
    name: str | None = None
    _loss_scale: float | None = None
    cut: int = 0
    unrecorded: bool = False

    def describe(self, array: Any) -> None:
        """Take over shape and dtype of ``array`` (None: an uninitialised parameter)."""
        self.shape = None if array is None else array.shape
        self.dtype = None if array is None else array.dtype

    @property
    def creator_node(self) -> Any:
        return self.creator

    @property
    def label(self) -> str:
        """Shape and dtype, as a drawing of the graph shows them."""
        if self.shape is None:
            return "(None)"
        if self.shape == ():
            return str(self.dtype)
        return f"({', '.join(map(str, self.shape))}), {self.dtype}"

    @property
    def grad(self) -> Any:
        variable = self._variable()
        return None if variable is None else variable.grad

    @property
    def grad_var(self) -> Any:
        variable = self._variable()
        return None if variable is None else variable.grad_var

    def get_variable(self) -> Variable:
        """The Variable of this node: the user's own while it lives, else a new one."""
        variable = self._variable()
        return self._revive() if variable is None else variable

    def get_variable_or_none(self) -> Variable | None:
        return self._variable()

    def _revive(self) -> Variable:
        variable = _new(Variable)
        variable._array = self.data
        variable._node = self
        variable._grad = None
        return variable

    def store_grad(self, gradient: Any) -> None:
        """Give the living Variable its gradient, a raw array or a Variable; unchecked."""
        variable = self._variable()
        if variable is not None:
            variable._grad = gradient if type(gradient) in ARRAY_TYPES else _storable(gradient)

    def set_creator_node(self, creator: Any) -> None:
        self.creator = creator
        self.rank = creator.rank + 1

    set_creator = set_creator_node

    def unchain(self) -> None:
        """Forget the function that computed this node (and leave its rank as it was)."""
        self.creator = None

    def retain_data(self) -> None:
        """Keep the array as long as the node lives."""
        variable = self._variable()
        if variable is None:
            raise GraphError("retain_data: the Variable is gone, and its array with it")
        self.data = variable._array


def _nothing() -> None:
    return None


def _storable(gradient: Any) -> Any:
    return gradient if isinstance(gradient, Variable) else as_array(gradient)


def constant_node(array: Any, cls: type[VariableNode] = VariableNode) -> Any:
    """The node of an operand that is no Variable."""
    node = _new(cls)
    node._variable = _nothing
    node.creator = node.output_index = node.data = None
    node.rank = node.born = 0
    node.requires_grad = False
    node.shape = array.shape
    node.dtype = array.dtype
    return node


def output_variable(array: Any, requires_grad: bool, creator: Any, rank: int) -> Variable:
    """The Variable of a function's output; the hot path of every operation."""
    if type(array) not in ARRAY_TYPES:
        array = as_array(array)
    variable = _new(Variable)
    node = _new(VariableNode)
    variable._array = array
    variable._node = node
    variable._grad = None
    node._variable = ref(variable)
    node.creator = creator
    node.output_index = node.data = None
    node.rank = rank
    node.born = _cuts
    node.requires_grad = requires_grad
    node.shape = array.shape
    node.dtype = array.dtype
    return variable


if TYPE_CHECKING:

    def _binary(self: Any, other: Any) -> Variable: ...
    def _unary(self: Any) -> Variable: ...
    def _method(self: Any, *args: Any, **kwargs: Any) -> Variable: ...
    def _comparison(self: Any, other: Any) -> Any: ...


class Variable:
    """An array that remembers how it was computed.

    ``array`` is any registered array (``numpy.ndarray``, ``cupy.ndarray`` …) or None. Functions
    and operators applied to Variables, and NumPy's functions too, record a graph;
    :meth:`backward` walks it and leaves gradients in ``.grad`` of the leaves.

    Args:
        array: the values; not copied.
        name: shown by ``repr`` and in errors.
        grad: an initial gradient, of the same shape and dtype.
        requires_grad: whether gradients flow to this Variable.
    """

    __slots__ = ("__dict__", "__weakref__", "_array", "_grad", "_node")
    # NumPy's binary operators hand over to ours (the protocols say the same; this is for others).
    __array_priority__ = 200

    if TYPE_CHECKING:  # installed by functions and numpy_protocol; here for type checkers
        T: Variable
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _binary
        __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _binary
        __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _binary
        __neg__ = __pos__ = __abs__ = _unary
        ravel = flatten = squeeze = swapaxes = transpose = reshape = astype = dot = _method
        sum = mean = max = min = __getitem__ = _method
        __lt__ = __le__ = __gt__ = __ge__ = _comparison

    # Identity: comparisons are elementwise, so equality cannot key a dictionary.
    __hash__ = object.__hash__

    def __init__(
        self,
        array: Any = None,
        *,
        name: str | None = None,
        grad: Any = None,
        requires_grad: bool = True,
        **old: Any,
    ) -> None:
        if old:
            array = _old_argument(array, old)
        if array is not None and type(array) not in ARRAY_TYPES and not is_array(array):
            raise TypeError(
                f"Variable: expected an array (numpy.ndarray, cupy.ndarray …), got "
                f"{type(array).__name__}: wrap it first, for example numpy.array(value)"
            )
        self._array = array
        self._grad = None if grad is None else as_array(grad)
        self._node = node = _new(VariableNode)
        node._variable = ref(self)
        node.creator = node.output_index = node.data = node.shape = node.dtype = None
        node.rank = 0
        node.born = _cuts
        node.requires_grad = requires_grad
        if array is not None:
            node.shape = array.shape
            node.dtype = array.dtype
        if name is not None:
            node.name = name

    # ------------------------------------------------------------------------------- values

    @property
    def array(self) -> Any:
        """The array. Rebinding it also rebinds what the graph has kept of it."""
        return self._array

    @array.setter
    def array(self, array: Any) -> None:
        self._array = array = None if array is None else as_array(array)
        node = self._node
        node.describe(array)
        if node.data is not None:
            node.data = array

    data = array

    @property
    def grad(self) -> Any:
        """The gradient as an array, or None."""
        gradient = self._grad
        return gradient._array if isinstance(gradient, Variable) else gradient

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is not None:
            gradient = as_array(gradient)
            self._check_grad(gradient)
        self._grad = gradient

    @property
    def grad_var(self) -> Variable | None:
        """The gradient as a Variable, connected to its graph after a recorded backward."""
        gradient = self._grad
        if gradient is not None and not isinstance(gradient, Variable):
            self._grad = gradient = Variable(gradient)
        return gradient

    @grad_var.setter
    def grad_var(self, gradient: Variable | None) -> None:
        if gradient is not None:
            self._check_grad(gradient._array)
        self._grad = gradient

    def _check_grad(self, gradient: Any) -> None:
        if self._array is None:
            return
        for what in ("shape", "dtype"):
            expected, actual = getattr(self._array, what), getattr(gradient, what)
            if expected != actual:
                kind = ValueError if what == "shape" else TypeError
                raise kind(
                    f"grad of {self._title()}: expected {what} {expected}, as its array has, "
                    f"got {actual}"
                )

    def _title(self) -> str:
        return f"variable {self.name!r}" if self.name else "a variable"

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def size(self) -> int:
        return self._array.size

    @property
    def dtype(self) -> Any:
        return self._array.dtype

    def __len__(self) -> int:
        return len(self._array)

    def item(self) -> Any:
        """The one element as a Python number."""
        return self._array.item()

    def copydata(self, var: Variable) -> None:
        """Copy the values of ``var`` into this Variable's array, across devices."""
        if var._array is None:
            raise ValueError("copydata: the source has no array yet: initialise it first")
        if self._array is None:
            self.array = var._array.copy()
        else:
            self._array[...] = array_like(var._array, self._array)

    # -------------------------------------------------------------------------------- graph

    @property
    def node(self) -> VariableNode:
        return self._node

    @property
    def creator(self) -> Any:
        """The function that computed this Variable, or None for a leaf."""
        return self._node.creator

    @creator.setter
    def creator(self, function: Any) -> None:
        self._node.set_creator_node(function)

    creator_node = creator

    @property
    def rank(self) -> int:
        return self._node.rank

    @property
    def requires_grad(self) -> bool:
        return self._node.requires_grad

    @property
    def name(self) -> str | None:
        return self._node.name

    @name.setter
    def name(self, name: str | None) -> None:
        self._node.name = name

    @property
    def label(self) -> str:
        return self._node.label

    def set_creator(self, function: Any) -> None:
        self._node.set_creator_node(function)

    set_creator_node = set_creator

    def take_over(self, other: Variable) -> None:
        """Become ``other``, array and node; the node held so far loses its link to this one."""
        self._node._variable = _nothing
        self._array, self._node, self._grad = other._array, other._node, None
        self._node._variable = ref(self)

    def retain_data(self) -> None:
        """Keep the array as long as the node lives."""
        self._node.data = self._array

    def unchain(self) -> None:
        """Cut this Variable from the function that computed it."""
        self._node.unchain()

    def unchain_backward(self) -> None:
        """Cut every function above this Variable from its inputs, and so free the graph."""
        global _cuts
        _cuts += 1
        nodes = [self._node]
        while nodes:
            node = nodes.pop()
            function, node.creator = node.creator, None
            if function is not None and function.inputs is not None:
                siblings = [output() for output in function.outputs or ()]
                for other in (*function.inputs, *siblings):
                    if other not in (None, self._node) and other.creator is not None:
                        other.cut = _cuts
                nodes.extend(function.inputs)
                function.unchain()

    # ---------------------------------------------------------------------------- gradients

    def cleargrad(self) -> None:
        """Set the gradient to None."""
        self._grad = None

    def zerograd(self) -> None:
        """Set the gradient to zeros."""
        self._grad = None if self._array is None else np.zeros_like(self._array)

    def addgrad(self, var: Variable) -> None:
        """Add the gradient of ``var`` to this one's (out of place)."""
        gradient = var.grad
        if gradient is not None:
            gradient = array_like(gradient, self._array)
            self._grad = gradient if self._grad is None else self.grad + gradient

    def seed(self, given: Any, loss_scale: float | None = None) -> Any:
        """What a traversal starts from here: ``given``, or ones (times ``loss_scale``)."""
        if given is not None:
            return given
        ones = np.ones_like(self._array)
        return self.wrap(ones if loss_scale is None else ones * loss_scale)

    def wrap(self, gradient: Any) -> Variable:
        """``gradient`` as a Variable, if it is not one."""
        return gradient if isinstance(gradient, Variable) else Variable(as_array(gradient))

    def backward(
        self,
        retain_grad: bool = False,
        enable_double_backprop: bool = False,
        loss_scale: float | None = None,
    ) -> None:
        """Propagate gradients from here to every leaf, adding to their ``.grad``.

        Starts from this Variable's own gradient, which is used up, or from one if it has a single
        element. Raises GradientError if it has neither. On any exception all gradients are as
        before.

        Args:
            retain_grad: store gradients on intermediates too (overwriting earlier ones).
            enable_double_backprop: record the pass, so that gradients can be differentiated.
            loss_scale: factor on the automatic start gradient.
        """
        node, held = self._node, self._grad
        if not node.requires_grad:
            return
        seed = _start(self, loss_scale, enable_double_backprop)
        self._grad = None
        gradients: dict[Any, Any] = {}
        try:
            if retain_grad or enable_double_backprop or node.creator is None:
                observe = gradients.__setitem__ if retain_grad else None
                seeds = ((node, seed),)
                leaves = backprop.propagate(seeds, enable_double_backprop, observe)
            else:
                leaves = backprop.propagate_plainly(node, seed)
            gradients |= _with_earlier(leaves, node.born)
        except BaseException:
            self._grad = held
            raise
        for leaf, gradient in gradients.items():
            leaf.store_grad(gradient)
            if loss_scale is not None and leaf.creator is None:
                leaf._loss_scale = loss_scale

    # ------------------------------------------------------------------------------ display

    def __repr__(self) -> str:
        array = self._array
        if array is not None and not array.size and array.shape != (0,):
            return f"{_head(self)}[], shape={array.shape})"
        return _text(self, ", ")

    def __str__(self) -> str:
        return _text(self, " ")

    def __format__(self, spec: str) -> str:
        """``f"{loss:.4f}"`` of a single element; showing a number cuts no graph."""
        return format(self._array.item(), spec) if spec else str(self)

    def __copy__(self) -> Variable:
        copied = Variable(self._array, name=self.name, requires_grad=self.requires_grad)
        copied._grad = self._grad
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._array, self.name, self.grad, self.requires_grad)


def _old_argument(array: Any, old: dict[str, Any]) -> Any:
    """The array, where it is given under its name of Chainer 1, ``data``."""
    if set(old) != {"data"} or array is not None:
        raise TypeError(f"Variable: unknown argument {', '.join(map(repr, old))}")
    return old["data"]


def _rebuild(array: Any, name: str | None, grad: Any, requires_grad: bool) -> Variable:
    return Variable(array, name=name, grad=grad, requires_grad=requires_grad)


def _head(variable: Variable) -> str:
    return f"variable {variable.name}(" if variable.name else "variable("


def _text(variable: Variable, separator: str) -> str:
    head, array = _head(variable), variable._array
    if array is None:
        return f"{head}None)"
    host = to_cpu(array)
    if not isinstance(host, np.ndarray):  # lanes have no numbers to show
        return f"{head}{host!r})"
    return f"{head}{np.array2string(host, separator=separator, prefix=head)})"


# The seeds of scalar outputs, one a dtype; read-only, as any gradient may be.
_ONES: dict[Any, Any] = {}


def _start(output: Variable, loss_scale: float | None, recorded: bool) -> Any:
    """The cotangent that a traversal from ``output`` begins with, raw or as a Variable."""
    if output._grad is not None:
        return output.grad_var if recorded else output.grad
    array = output._array
    if loss_scale is None and not recorded and type(array) is np.ndarray and not array.shape:
        one = _ONES.get(array.dtype)
        if one is None:
            one = _ONES[array.dtype] = np.ones((), array.dtype)
            one.flags.writeable = False
        return one
    if array.size != 1:
        backprop.require_seed(array.shape, "backward")
    ones = np.ones_like(array)
    ones = ones if loss_scale is None else ones * loss_scale
    return Variable(ones) if recorded else ones


def _with_earlier(leaves: dict[Any, Any], born: int) -> dict[Any, Any]:
    """The leaves' gradients, each added to what its leaf had before (out of place)."""
    for leaf, gradient in leaves.items():
        if _cuts and leaf.cut > born:
            raise GraphError(
                f"backward: the graph above {leaf.name or leaf.label} was cut for another loss "
                f"after this one was computed, so that its gradients would stop there in silence: "
                f"call unchain_backward after the last backward that needs the graph"
            )
        variable = leaf._variable()
        if variable is not None and variable._grad is not None:
            before = variable.grad_var if isinstance(gradient, Variable) else variable.grad
            leaves[leaf] = before + gradient
    return leaves


def as_variable(obj: Any) -> Variable:
    """``obj`` itself if it is a Variable; else a Variable that needs no gradient."""
    return obj if isinstance(obj, Variable) else Variable(obj, requires_grad=False)


def as_array_of(obj: Any) -> Any:
    """The array inside a Variable, or ``obj`` itself."""
    return obj._array if isinstance(obj, Variable) else obj


class Parameter(Variable):
    """A Variable to be optimised, perhaps of a shape that is known only later.

    Args:
        initializer: an array (the values), a number (fills ``shape``), a callable that fills an
            array in place, or None (NaN, so that a forgotten initialisation shows).
        shape: None leaves the parameter uninitialised until :meth:`initialize`.
        name: shown by ``repr``.
    """

    __slots__ = ("_first_grad", "initializer", "update_rule")

    def __init__(
        self,
        initializer: Any = None,
        shape: int | Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        given = shape is None and is_array(initializer)
        super().__init__(initializer if given else None, name=name)
        self.initializer = float("nan") if initializer is None else initializer
        self.update_rule: Any = None
        # Until cleargrad: a backward into a gradient that nobody has cleared must show.
        self._first_grad: float | None = float("nan")
        if shape is not None:
            self.initialize((shape,) if isinstance(shape, int) else tuple(shape))

    @property
    def is_initialized(self) -> bool:
        return self._array is not None

    @property
    def dtype(self) -> Any:
        if self._array is not None:
            return self._array.dtype
        return np.dtype(getattr(self.initializer, "dtype", None) or config.dtype)

    def initialize(self, shape: Iterable[int]) -> None:
        """Make the array; its gradient starts as NaN until ``cleargrad`` (as in Chainer)."""
        array = np.empty(tuple(shape), self.dtype)
        if callable(self.initializer):
            self.initializer(array)
        else:
            array[...] = self.initializer
        self.array = array
        self._grad = None if self._first_grad is None else np.full_like(array, self._first_grad)

    def cleargrad(self) -> None:
        super().cleargrad()
        self._first_grad = None

    def zerograd(self) -> None:
        super().zerograd()
        self._first_grad = 0.0

    def update(self) -> None:
        """Apply the update rule, if an optimizer has given this parameter one."""
        if self.update_rule is not None:
            self.update_rule.update(self)

    @property
    def grad(self) -> Any:
        if self._array is None and self._first_grad is not None:
            raise GraphError(
                f"grad of {self._title()}: the parameter is not initialised: call "
                f"initialize(shape) or run the model once"
            )
        return Variable.grad.fget(self)  # type: ignore[attr-defined]

    @grad.setter
    def grad(self, gradient: Any) -> None:
        Variable.grad.fset(self, gradient)  # type: ignore[attr-defined]

    def __copy__(self) -> Parameter:
        return _rebuild_parameter(*self._parts())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_parameter, self._parts()

    def _parts(self) -> tuple[Any, ...]:
        grad = backprop.raw(self._grad)
        return self._array, self.initializer, self.name, grad, self._first_grad, self.update_rule


def _rebuild_parameter(
    array: Any, initializer: Any, name: str | None, grad: Any, first_grad: Any, rule: Any
) -> Parameter:
    parameter = Parameter(array, name=name)
    parameter.initializer, parameter.update_rule = initializer, rule
    parameter._grad, parameter._first_grad = grad, first_grad
    return parameter


__all__ = [
    "Parameter",
    "Variable",
    "VariableNode",
    "as_array_of",
    "as_variable",
    "constant_node",
    "output_variable",
]
