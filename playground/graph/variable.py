"""VariableNode (what the graph knows) and Variable (what the user holds).

No mathematics here: operators are installed by ``functions.basic_math``, NumPy's protocols by
``interpreters.numpy_protocol``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from playground.graph import backprop
from playground.graph.backend import (
    ARRAY_TYPES,
    SEEDS,
    array_like,
    as_array,
    check_numbers,
    is_array,
    is_recorded,
    plain_array,
    to_cpu,
)
from playground.graph.config import config
from playground.graph.errors import GraphCutError, GraphError
from playground.graph.questions import Answering
from playground.graph.types import (
    Array,
    DType,
    Function,
    Node,
    Operand,
    Raw,
    Scalar,
    Shape,
)
from playground.graph.unselected import SELECTED

__all__ = [
    "Variable",
    "VariableNode",
    "as_array_of",
    "as_variable",
    "constant_node",
    "output_variable",
]

# Past __init__ and its checks: these objects are made by operations, twice for each of them.
_new = object.__new__
# How many graphs unchain_backward has cut so far, in the process. It is a clock, and a count is all
# that is asked of it: nodes remember it from their making (born) and from being cut (cut), so that
# a traversal can tell a loss that was built on a cut graph by intent (truncated backprop through
# time) from one that the cut took by surprise, whose gradients would be too small in silence.
_cuts = 0


class VariableNode:
    """A Variable's identity in the graph; outlives the Variable while the graph needs it.

    ``data`` is the array only where some function kept it for its backward, so that an
    intermediate array dies with the user's Variable.
    """

    # Slots for what every node has: reading them is what a traversal does most. The dictionary is
    # made only for a node with a name or one of the marks below.
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

    # A weak reference: an intermediate array must die with the user's Variable, though its node
    # lives on as an input of the next function; and nothing in a graph may be a cycle.
    _variable: Callable[[], Variable | None]
    born: int
    creator: Function
    data: Raw
    dtype: DType
    # None for the only output, whose cotangent needs no slots; and for a leaf.
    output_index: int | None
    rank: int
    requires_grad: bool
    shape: Shape | None
    # Rarely anything else, so that making a node need not set them.
    name: str | None = None
    # What a backward multiplied the start gradient by; an optimizer's update divides by it.
    _loss_scale: float | None = None
    # The cut that took this node's creator, while another graph may still have needed it.
    cut: int = 0
    # It holds a gradient of grad() without enable_double_backprop: a leaf that a user may believe
    # to be connected. Who meets it on the way to a missing gradient says so.
    unrecorded: bool = False
    # Weak references to the nodes that NumPy would have lie in this one's memory.
    views: list[Any] | None = None
    # What a transform gave to a user's function: the unknown of the call, under any of its names.
    given: bool = False
    # The same of a fit, which keeps the Variable: it does not change under its names.
    unknown: bool = False

    def describe(self, array: Raw) -> None:
        """Take over shape and dtype of ``array`` (None: an uninitialised parameter)."""
        self.shape = None if array is None else array.shape
        self.dtype = None if array is None else array.dtype

    @property
    def creator_node(self) -> Function:
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
    def grad(self) -> Raw | None:
        variable = self._variable()
        return None if variable is None else _raw_grad(variable)

    @property
    def grad_var(self) -> Variable | None:
        variable = self._variable()
        return None if variable is None else variable.grad_var

    def get_variable(self) -> Variable:
        """The Variable of this node: the user's own while it lives, else a new one."""
        variable = self._variable()
        return self._revive() if variable is None else variable

    def get_variable_or_none(self) -> Variable | None:
        return self._variable()

    def _revive(self) -> Variable:
        # A new one each time, as in Chainer: the node's reference is not renewed.
        variable = _new(Variable)
        variable._array = self.data
        variable._node = self
        variable._grad = None
        return variable

    def store_grad(self, gradient: Array) -> None:
        """Give the living Variable its gradient, a raw array or a Variable; unchecked."""
        variable = self._variable()
        if variable is not None:
            fit = type(gradient) in ARRAY_TYPES or isinstance(gradient, Variable)
            variable._grad = gradient if fit else as_array(gradient)

    def set_creator_node(self, creator: Function) -> None:
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


def constant_node(array: Raw, cls: type[VariableNode] = VariableNode) -> Node:
    """The node of an operand that is no Variable."""
    node = _new(cls)
    node._variable = _nothing
    node.creator = node.output_index = node.data = None
    node.rank = node.born = 0
    node.requires_grad = False
    node.shape = array.shape
    node.dtype = array.dtype
    return node


def output_variable(array: Raw, requires_grad: bool, creator: Function, rank: int) -> Variable:
    """The Variable of a function's output; the hot path of every operation."""
    # All attributes one by one, without a call: through __init__ it takes 1.4 times as long.
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

    def _binary(self: Array, other: Operand) -> Variable: ...
    def _unary(self: Array) -> Variable: ...
    def _method(self: Array, *args: Operand, **kwargs: Operand) -> Variable: ...
    def _comparison(self: Array, other: Operand) -> Any: ...


class Variable(Answering):
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
        sum = mean = max = min = copy = __getitem__ = _method
        __lt__ = __le__ = __gt__ = __ge__ = _comparison

    # Identity: comparisons are elementwise, so equality cannot key a dictionary.
    __hash__ = Answering.__hash__

    def __init__(
        self,
        array: Raw = None,
        *,
        name: str | None = None,
        grad: Raw = None,
        requires_grad: bool = True,
        **old: Raw,
    ) -> None:
        if old:
            if set(old) != {"data"} or array is not None:
                raise TypeError(f"Variable: unknown argument {', '.join(map(repr, old))}")
            array = old["data"]  # its name in Chainer 1
        if array is not None and type(array) not in ARRAY_TYPES and not is_array(array):
            raise TypeError(
                f"Variable: expected an array (numpy.ndarray, cupy.ndarray …), got "
                f"{type(array).__name__}: wrap it first, for example numpy.array(value)"
            )
        if type(array) is np.ndarray:
            if array.dtype.kind not in "fiubc":
                check_numbers(array, "Variable")
        elif isinstance(array, np.ndarray) and type(array) not in ARRAY_TYPES:
            array = plain_array(array, "Variable")
        if array is not None and not array.dtype.isnative:
            array = as_array(array)
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
    def array(self) -> Raw:
        """The array. Rebinding it also rebinds what the graph has kept of it."""
        return self._array

    @array.setter
    def array(self, array: Raw) -> None:
        self._array = array = None if array is None else as_array(array)
        node = self._node
        node.describe(array)
        # As in Chainer: an optimizer that rebinds a parameter's array changes what a backward
        # through the old graph reads.
        if node.data is not None:
            node.data = array

    data = array

    @property
    def raw_array(self) -> Raw:
        """The array itself: here the same as ``array``."""
        return self._array

    @property
    def grad(self) -> Raw | None:
        """The gradient as an array, or None."""
        gradient = self._grad
        if gradient is None:
            node = self._node
            if node.creator is not None and node.requires_grad:
                self._warn_of_no_gradient(node.creator)
            return None
        return gradient._array if isinstance(gradient, Variable) else gradient

    @grad.setter
    def grad(self, gradient: Array) -> None:
        if gradient is not None:
            gradient = as_array(gradient)
            self._check_grad(gradient)
        self._grad = gradient

    def _warn_of_no_gradient(self, creator: Function) -> None:
        # No error: scripts look whether there is one. The riddle follows, "unsupported operand
        # type(s) for *: 'float' and 'NoneType'", in the second round of a loop of one's own.
        warnings.warn(
            f".grad of {self._title()} is None: it was computed (by {creator.label}), and backward "
            f"leaves gradients at what nothing was computed for, unless it is called with "
            f"retain_grad=True. A step of a descent changes the values of one Variable, "
            f"Y.array -= rate * Y.grad, where Y -= rate * Y.grad computes another",
            stacklevel=3,
        )

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

    def _check_grad(self, gradient: Array) -> None:
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
    def dtype(self) -> DType:
        return self._array.dtype

    def __len__(self) -> int:
        return len(self._array)

    def item(self) -> Scalar:
        """The one element as a Python number; refused where a derivative is being recorded."""
        if config.enable_backprop and self._depends_on_unknown():
            raise GraphCutError(
                f"Variable.item() would drop the graph of {self._title()}, and its gradient, in "
                f"silence: compute with the Variable itself, or write v.array.item() for a number "
                f"that counts as a constant"
            )
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
    def creator(self) -> Function:
        """The function that computed this Variable, or None for a leaf.

        Of an old-style Function itself, where ``creator_node`` is the node that stands for it.
        """
        creator = self._node.creator
        return creator.function if getattr(creator, "old_style", False) else creator

    @creator.setter
    def creator(self, function: Function) -> None:
        self._node.set_creator_node(getattr(function, "node", function))

    @property
    def creator_node(self) -> Function:
        """The node of the graph that computed this Variable, or None for a leaf."""
        return self._node.creator

    @creator_node.setter
    def creator_node(self, function: Function) -> None:
        self._node.set_creator_node(function)

    @property
    def rank(self) -> int:
        """How many functions lie above, along the longest way."""
        return self._node.rank & SELECTED - 1

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

    def set_creator(self, function: Function) -> None:
        self._node.set_creator_node(function)

    set_creator_node = set_creator

    def take_over(self, other: Variable) -> None:
        """Become ``other``, array and node; the node held so far loses its link to this one."""
        self._node._variable = _nothing
        self._array, self._node, self._grad = other._array, other._node, None
        self._node._variable = ref(self)

    def replace(self, other: Variable) -> None:
        """:meth:`take_over`, and stay what the user, or a transform, knows this Variable as."""
        name, given = self.name, self._node.given
        self.take_over(other)
        # The node changes under the Variable; what it is called stays with the Variable.
        if name is not None:
            self.name = name
        if given:
            self._node.given = True

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
                # The start itself is not marked: to go on from it is what unchain_backward is for.
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
        gradient = _raw_grad(var)
        if gradient is not None:
            gradient = array_like(gradient, self._array)
            self._grad = gradient.copy() if self._grad is None else self.grad + gradient

    def seed(self, given: Array | None, loss_scale: float | None = None) -> Array:
        """What a traversal starts from here: ``given``, or ones (times ``loss_scale``)."""
        if given is not None:
            return given
        ones = np.ones_like(self._array)
        return self.wrap(ones if loss_scale is None else ones * loss_scale)

    def wrap(self, gradient: Array) -> Variable:
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
        # Used up first, and put back on an exception: the function's backward may read .grad.
        node, held = self._node, self._grad
        if not node.requires_grad:
            return
        seed = self._start(loss_scale, enable_double_backprop)
        self._grad = None
        gradients: dict[Node, Any] = {}
        try:
            # The other way is the common one, and sets up nothing.
            if retain_grad or enable_double_backprop or node.creator is None:
                observe = gradients.__setitem__ if retain_grad else None
                seeds = ((node, seed),)
                leaves = backprop.propagate(seeds, enable_double_backprop, observe)
            else:
                leaves = backprop.propagate_plainly(node, seed)
            leaves = with_earlier(leaves, node.born)
            gradients = gradients | leaves if gradients else leaves
            # What unshared counts are references: none must be this function's own.
            del leaves
        except BaseException:
            self._grad = held
            raise
        if node.creator is not None:  # a leaf's own start gradient is the user's
            gradients = backprop.unshared(gradients)
        for leaf, gradient in gradients.items():
            leaf.store_grad(gradient)
            if loss_scale is not None and leaf.creator is None:
                leaf._loss_scale = loss_scale

    def _start(self, loss_scale: float | None, recorded: bool) -> Array:
        """The cotangent that a traversal from here begins with, raw or as a Variable."""
        if self._grad is not None:
            return self.grad_var if recorded else self.grad
        array = self._array
        known = type(array) is np.ndarray or is_recorded(array)
        if loss_scale is None and not recorded and known and not array.shape:
            one = SEEDS.get(array.dtype)
            if one is None:
                one = SEEDS[array.dtype] = np.ones((), array.dtype)
                one.flags.writeable = False
            return one
        if array.size != 1:
            backprop.require_seed(array.shape, "backward")
        # Of any shape with one element, as in Chainer; ones_like, so that it is where the array is.
        ones = np.ones_like(array)
        ones = ones if loss_scale is None else ones * loss_scale
        return Variable(ones) if recorded else ones

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

    def _is_inside(self) -> bool:
        """Whether it belongs to a call, or a pass, whose derivative is being recorded.

        A copy is then a step of the computation. Outside it is Chainer's: a leaf by itself.
        """
        return config._recorded_pass or self._depends_on_unknown()

    def _depends_on_unknown(self) -> bool:
        return any(node.given or node.unknown for node in backprop.nodes_above([self._node]))

    def __copy__(self) -> Variable:
        if self._is_inside():
            return self.copy()
        copied = Variable(self._array, name=self.name, requires_grad=self.requires_grad)
        copied._grad = self._grad
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        if self._is_inside():
            return self.copy()
        # As without this method: from the parts that pickling takes.
        rebuild, parts = self._taken_apart()
        return rebuild(*deepcopy(parts, memo))

    def __reduce__(self) -> tuple[Any, ...]:
        if self._node.creator is not None and self.requires_grad and config.enable_backprop:
            advice = (
                f"pickling {self._title()} drops the graph that it was computed by, and with it "
                f"the gradient: pickle v.array, the values, or the leaves, and compute it again"
            )
            if self._is_inside():
                raise GraphCutError(advice)
            warnings.warn(advice, stacklevel=2)
        return self._taken_apart()

    def _taken_apart(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Variable._rebuilt, (self._array, self.name, _raw_grad(self), self.requires_grad)

    @staticmethod
    def _rebuilt(array: Raw, name: str | None, grad: Raw, requires_grad: bool) -> Variable:
        return Variable(array, name=name, grad=grad, requires_grad=requires_grad)


def _raw_grad(variable: Variable) -> Raw | None:
    gradient = variable._grad
    return gradient._array if isinstance(gradient, Variable) else gradient


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


def with_earlier(leaves: dict[Node, Any], born: int) -> dict[Node, Any]:
    """The leaves' gradients, each added to what its leaf had before (out of place)."""
    for leaf, gradient in leaves.items():
        # Nearly always no graph was ever cut: then no leaf is asked, which saves its look-up.
        if _cuts and leaf.cut > born:
            raise GraphError(
                f"backward: the graph above {leaf.name or leaf.label} was cut for another loss "
                f"after this one was computed, so that its gradients would stop there in silence: "
                f"call unchain_backward after the last backward that needs the graph"
            )
        variable = leaf._variable()
        if variable is not None and variable._grad is not None:
            # Never in place: gradients alias each other, the user's own seed and read-only views.
            before = variable.grad_var if isinstance(gradient, Variable) else variable.grad
            leaves[leaf] = before + gradient
    return leaves


def as_variable(obj: Operand) -> Variable:
    """``obj`` itself if it is a Variable; else a Variable that needs no gradient."""
    return obj if isinstance(obj, Variable) else Variable(obj, requires_grad=False)


def as_array_of(obj: Operand) -> Raw:
    """The array inside a Variable, or ``obj`` itself."""
    return obj._array if isinstance(obj, Variable) else obj
