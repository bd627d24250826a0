"""The built-in operations at speed: Op and its kinds, one an arity.

An operation is written once for everything that flows through it: its ``forward`` gets raw arrays,
its ``backward`` raw arrays in a first-order pass and Variables in a recorded one.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Rational
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ref

import numpy as np

from playground.graph import backend
from playground.graph.backend import ARRAY_TYPES, SCALAR_TYPES
from playground.graph.config import here
from playground.graph.errors import InvalidAxis, InvalidIndex, InvalidMatrix, InvalidType
from playground.graph.function_hook import tell_forward
from playground.graph.function_node import FunctionNode
from playground.graph.nonfinite import note, refuse_nan
from playground.graph.special import library
from playground.graph.types import Array, Cotangents, DType, Operand, Raw, Shape
from playground.graph.unselected import SELECTED
from playground.graph.variable import Variable, as_variable, constant_node, output_variable

__all__ = [
    "Binary",
    "Broadcasting",
    "Elementwise",
    "ElementwiseUnary",
    "Op",
    "Selecting",
    "Special",
    "Unary",
    "as_raw",
    "lifted",
    "sum_to_shape",
    "variable_of",
]

# Kinds of dtypes from narrow to wide: a constant may be widened to the Variable's, not narrowed.
_ORDER = "?buifc"


def as_raw(x: Operand) -> Raw:
    """The array of an operand: a Variable's, an array, or a host array made of a number."""
    if isinstance(x, Variable):
        return x._array
    # The frequent case first: to ask for a Rational takes as long as a small sum.
    if type(x) in ARRAY_TYPES:
        return x
    if type(x) in SCALAR_TYPES or isinstance(x, (list, tuple, range)):
        return np.asarray(x)
    if isinstance(x, Rational):  # fractions.Fraction
        return np.asarray(float(x))
    if isinstance(x, np.ndarray):
        return backend.plain_array(x, "a constant operand")
    return x


def variable_of(x: Operand) -> Variable:
    """``x`` itself if it is a Variable; else one without gradient, of an array, number or list."""
    return x if isinstance(x, Variable) else as_variable(as_raw(x))


class Op(FunctionNode):
    """Base of the built-in operations, of any number of inputs.

    ``keep`` names what ``backward`` reads: inputs by index, outputs by index counted on from the
    number of inputs. ``backward(gy, *inputs, *outputs)`` gets None in place of all others;
    outputs are passed only to operations that keep one. It returns one gradient an input (or the
    one gradient of a single input).
    """

    __slots__ = ("inputs", "kept", "rank")
    kept: Sequence[Any]
    keep: ClassVar[tuple[int, ...]] = ()
    # Value operands share one dtype; False where an input is something else.
    same_dtype: ClassVar[bool] = True
    # Element by element (after broadcasting): an output depends on the inputs at its own place.
    elementwise: ClassVar[bool] = False
    # Set by Selecting.
    selects: ClassVar[bool] = False
    # True for what connects values to lanes itself, so that nothing is to be put in between.
    keeps_lanes: ClassVar[bool] = False

    if TYPE_CHECKING:  # arrays one by one, where a FunctionNode has them in tuples

        def forward(self, *arrays: Raw) -> Raw: ...
        def backward(self, gy: Array, *arrays: Array) -> Array: ...

    @property
    def wants(self) -> tuple[bool, ...]:
        """Which inputs need a gradient."""
        return tuple(node.requires_grad for node in self.inputs)

    def __call__(self, *operands: Operand) -> Any:
        """The operation on whatever flows: a Variable records it, raw arrays are computed."""
        if any(isinstance(x, Variable) for x in operands):
            outputs = self.apply(operands)
            return outputs if self.output_count > 1 else outputs[0]
        return self.forward(*operands)

    def apply(self, inputs: Sequence[Any]) -> tuple[Variable, ...]:
        # One Variable meets nobody: neither its dtype nor its device is to be compared.
        if len(inputs) == 1 and isinstance(inputs[0], Variable):
            nodes, arrays = [inputs[0]._node], [inputs[0]._array]
        else:
            nodes, arrays = self._operands(inputs)
        plain = here().plain
        if not plain and here().hooked:
            tell_forward(self, arrays, False)
        outputs = self.guarded(*arrays)
        if self.output_count == 1:
            outputs = (outputs,)
        requires_grad = True in [node.requires_grad for node in nodes]
        if not plain:
            nodes = list(self.slow_features(nodes, arrays, outputs))
            if not nodes:
                return tuple(output_variable(y, requires_grad, None, 0) for y in outputs)
        return self._record(nodes, arrays, outputs, requires_grad)

    def _operands(self, inputs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Nodes and arrays of the inputs, constants brought to the Variables' dtype and device."""
        if inputs and False not in [isinstance(x, Variable) for x in inputs]:
            # Nothing is to be brought anywhere, if they are of one dtype.
            nodes = [x._node for x in inputs]
            first = nodes[0].dtype
            if False not in [node.dtype is first for node in nodes]:
                return nodes, [x._array for x in inputs]
        try:
            dtype = self._common_dtype(inputs)
        except InvalidType:
            # Asked for only here: operands of one dtype are the frequent case.
            inputs = self.without_integers(inputs)
            dtype = self._common_dtype(inputs)
        if dtype is None:
            # Constants alone: the first decides, as the first Variable does otherwise.
            inputs = [variable_of(x) for x in inputs]
            dtype = self._common_dtype(inputs)
        nodes, arrays = [], []
        for x in inputs:
            if isinstance(x, Variable):
                nodes.append(x._node)
                arrays.append(x._array)
            else:
                array = self.constant(x, next(y for y in inputs if isinstance(y, Variable)), dtype)
                nodes.append(constant_node(array))
                arrays.append(array)
        return nodes, arrays

    def slow_features(
        self, nodes: Sequence[Any], arrays: Sequence[Any], outputs: Sequence[Any]
    ) -> Sequence[Any]:
        """What hangs on ``here().plain``: the nodes to record, none where nothing is recorded."""
        own = here()
        if own.hooked:
            tell_forward(self, arrays, True)
        switches = own.values
        if switches["debug"] or switches["_journal"] is not None:
            refuse_nan(arrays, self.label, outputs)
            note(self, arrays, outputs)
        if not switches["enable_backprop"]:
            return ()
        lift = switches["_lift"]
        return nodes if lift is None or self.keeps_lanes else lift(nodes, arrays, outputs)

    def _record(
        self,
        nodes: Sequence[Any],
        arrays: Sequence[Any],
        outputs: tuple[Any, ...],
        requires_grad: bool,
    ) -> tuple[Variable, ...]:
        self.inputs = tuple(nodes)
        self.rank = rank = max([node.rank for node in nodes])
        results = [output_variable(y, requires_grad, self, rank + 1) for y in outputs]
        if self.output_count > 1:
            for i, y in enumerate(results):
                y._node.output_index = i
            # Of several outputs some may be gone when the cotangents come, and their order must be
            # known; a single output never asks, and is spared the weak reference.
            self.outputs = [ref(y._node) for y in results]
        # A kept input lies on its node, where a rebound .array shows (as in Chainer); a kept output
        # lies here as an array, for its Variable would close a cycle.
        kept: list[Any] = [None] * len(results)
        if requires_grad:
            count = len(nodes)
            for i in self.keep:
                if i < count:
                    nodes[i].data = arrays[i]
                else:
                    kept[i - count] = results[i - count]._array
        self.kept = kept
        return tuple(results)

    def without_integers(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """The inputs; beside a Variable of fractions one of integers is a constant.

        It has no gradient, and none goes through the rounding that it came from.
        """
        dtypes = [x._node.dtype for x in inputs if isinstance(x, Variable)]
        wide = next((d for d in dtypes if d.kind in "fc"), None)
        if not self.same_dtype or wide is None or all(d.kind in "fc" for d in dtypes):
            return inputs
        return [
            x._array.astype(wide) if isinstance(x, Variable) and x.dtype.kind in "?bui" else x
            for x in inputs
        ]

    def _common_dtype(self, inputs: Sequence[Any]) -> Any:
        dtype = None
        for x in inputs:
            if isinstance(x, Variable):
                if dtype is None:
                    dtype = x._node.dtype
                elif self.same_dtype and dtype != x._node.dtype:
                    raise self.mixed(dtype, x._node.dtype)
        return dtype

    def mixed(self, left: Operand, right: Operand) -> InvalidType:
        """The error for two Variables of different dtype."""
        return InvalidType(
            self.label,
            "operands of one dtype",
            f"{left} != {right}",
            "Convert one of them, for example with F.cast(x, dtype).",
        )

    def constant(self, value: Operand, variable: Variable, dtype: DType) -> Any:
        """A constant operand as an array of the Variable's type and dtype."""
        like = variable._array
        if type(value) is type(like):
            array = value
            if array.dtype is dtype:
                return array
            if array.dtype.kind not in _ORDER:
                backend.check_numbers(array, self.label)
        else:
            array = backend.constant_like(value, like, self.label)
        if not self.same_dtype or array.dtype == dtype:
            return array
        # Python's numbers are signed: a signed constant suits an unsigned Variable, too (`v - 1`).
        if _ORDER.index(array.dtype.kind) > max(_ORDER.index(dtype.kind), 3 * (dtype.kind == "u")):
            raise InvalidType(
                self.label,
                f"a constant that fits the Variable's dtype {dtype}",
                f"a constant of dtype {array.dtype}",
                f"Convert the Variable first, for example with F.cast(x, '{array.dtype}').",
            )
        return array.astype(dtype)

    def check_dtype(self, given: DType, result: DType) -> None:
        """Refuse a result of another dtype: its gradient could not have that of the operand."""
        if given != result:
            raise InvalidType(
                self.label,
                "an operand whose dtype the result keeps",
                f"dtype {given} (the result would be {result})",
                f"Convert it first, for example with F.cast(x, '{result}').",
            )

    def guarded(self, *arrays: Operand) -> Any:
        """``forward``, whose complaints name the operation and the operands."""
        try:
            return self.forward(*arrays)
        except (TypeError, ValueError, IndexError) as error:
            raise self.refused(error, arrays) from error

    def refused(self, error: Exception, arrays: Sequence[Any]) -> Exception:
        """``error`` from NumPy, retold with the operation's name and operands."""
        # In debug mode a NaN in the operands is the likelier cause: LAPACK complains of it as well.
        refuse_nan(arrays, self.label)
        if isinstance(error, InvalidType):
            return error
        operands = ", ".join(f"{x.dtype}{list(x.shape)}" for x in arrays)
        if isinstance(error, np.linalg.LinAlgError):
            return InvalidMatrix(
                self.label, "matrices that it exists of", f"{operands}", f"NumPy: {error}"
            )
        kind = InvalidIndex if isinstance(error, IndexError) else InvalidType
        kind = InvalidAxis if isinstance(error, np.exceptions.AxisError) else kind
        return kind(self.label, "operands that fit together", operands, f"NumPy: {error}")

    def pull(self, gy: Cotangents) -> Sequence[Any]:
        return self.fitted(self.backward(gy, *self.arguments()))

    def arguments(self) -> list[Any]:
        """What ``backward`` reads besides cotangents, raw."""
        arguments = [node.data for node in self.inputs]
        if self.keep and max(self.keep) >= len(arguments):
            arguments.extend(self.kept)
        return arguments

    def pull_recorded(self, gy: Cotangents) -> Sequence[Any]:
        return self.fitted(self.backward(gy, *self.recorded_arguments()))

    def recorded_arguments(self) -> list[Any]:
        """The same as Variables, connected to the graph."""
        nodes = self.inputs
        # The user's own Variables where they live: a gradient of this gradient has to reach them.
        arguments = [None if node.data is None else node.get_variable() for node in nodes]
        if self.keep and max(self.keep) >= len(nodes):
            arguments.extend(
                None if array is None else self._restored(i, array)
                for i, array in enumerate(self.kept)
            )
        return arguments

    def fitted(self, gxs: Cotangents) -> Sequence[Any]:
        """What ``backward`` returned, as one gradient an input, of that input's shape."""
        return gxs if type(gxs) in (tuple, list) else (gxs,)

    def unchain(self) -> None:
        super().unchain()
        self.kept = ()


def _choose_pull(cls: Any) -> None:
    """Give a complete operation the pull that fits what it keeps, unless it has one of its own.

    Chosen here, once a class: asked at each call, the question costs every backward pass anew.
    The bases themselves are left with ``Op.pull``, which is right for all and so what
    ``super().pull`` means in a pull of one's own.
    """
    usual = (Op.pull, cls._pull_inputs, cls._pull_with_output)
    if cls.backward is not FunctionNode.backward and cls.pull in usual:
        cls.pull = cls._pull_with_output if cls._keeps_output else cls._pull_inputs


class Unary(Op):
    """An operation of one array, with one output."""

    __slots__ = ()
    _keeps_input: ClassVar[bool] = False
    _keeps_output: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._keeps_input = 0 in cls.keep
        cls._keeps_output = 1 in cls.keep
        _choose_pull(cls)

    def of(self, x: Operand) -> Variable:
        """Apply to one operand: ``apply`` with everything that one input does not need left out.

        It takes less than half the time (7.4 us to 17.5 for a sine of 3 x 3 on a slow core).
        """
        if not isinstance(x, Variable):
            x = as_variable(as_raw(x))
        node = x._node
        array = x._array
        plain = here().plain
        if not plain and here().hooked:
            tell_forward(self, (array,), False)
        try:
            y = self.forward(array)
        except (TypeError, ValueError, IndexError) as error:
            raise self.refused(error, (array,)) from error
        # NumPy has one object for each usual dtype, so that mostly identity decides.
        if y.dtype is not node.dtype:
            self.check_dtype(node.dtype, y.dtype)
        requires_grad = node.requires_grad
        if not plain:
            nodes = self.slow_features((node,), (array,), (y,))
            if not nodes:
                return output_variable(y, requires_grad, None, 0)
            (node,) = nodes
        self.inputs = (node,)
        self.rank = rank = node.rank
        if requires_grad and self._keeps_input:
            node.data = array
        variable = output_variable(y, requires_grad, self, rank + 1)
        # The array, not the Variable, which knows this op: a cycle would wait for the collector.
        if self._keeps_output:
            self.kept = (variable._array,)
        return variable

    def __call__(self, x: Operand) -> Any:
        return self.of(x) if isinstance(x, Variable) else self.forward(x)

    def _pull_inputs(self, gy: Cotangents) -> Sequence[Any]:
        return (self.backward(gy, self.inputs[0].data),)

    def _pull_with_output(self, gy: Cotangents) -> Sequence[Any]:
        return (self.backward(gy, self.inputs[0].data, self.kept[0]),)


class Binary(Op):
    """An operation of two arrays of one dtype, with one output."""

    __slots__ = ()
    _keeps_left: ClassVar[bool] = False
    _keeps_right: ClassVar[bool] = False
    _keeps_output: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._keeps_left, cls._keeps_right = 0 in cls.keep, 1 in cls.keep
        cls._keeps_output = 2 in cls.keep
        _choose_pull(cls)

    @property
    def wants(self) -> tuple[bool, bool]:
        left, right = self.inputs
        return left.requires_grad, right.requires_grad

    def of(self, x: Operand, y: Operand) -> Variable:
        """Apply to two operands, of which at least one is a Variable."""
        # Op.apply, written out for two operands: less than half of its time (8.7 us to 18.9 for a
        # sum of 3 x 3 on a slow core). What can be is told apart by identity, which needs no call.
        if isinstance(x, Variable):
            xn, xa = x._node, x._array
            if isinstance(y, Variable):
                yn, ya = y._node, y._array
                if xn.dtype is not yn.dtype and xn.dtype != yn.dtype:
                    return self._of_two_dtypes(x, y)
            else:
                fits = type(y) is type(xa) and y.dtype is xn.dtype
                ya = y if fits else self.constant(y, x, xn.dtype)
                yn = constant_node(ya)
        elif isinstance(y, Variable):
            yn, ya = y._node, y._array
            fits = type(x) is type(ya) and x.dtype is yn.dtype
            xa = x if fits else self.constant(x, y, yn.dtype)
            xn = constant_node(xa)
        else:
            return self.of(variable_of(x), y)
        plain = here().plain
        if not plain and here().hooked:
            tell_forward(self, (xa, ya), False)
        try:
            z = self.forward(xa, ya)
        except (TypeError, ValueError, IndexError) as error:
            raise self.refused(error, (xa, ya)) from error
        if z.dtype is not xn.dtype:
            self.check_dtype(xn.dtype, z.dtype)
        requires_grad = xn.requires_grad or yn.requires_grad
        if not plain:
            nodes = self.slow_features((xn, yn), (xa, ya), (z,))
            if not nodes:
                return output_variable(z, requires_grad, None, 0)
            xn, yn = nodes
        self.inputs = (xn, yn)
        self.rank = rank = xn.rank if xn.rank > yn.rank else yn.rank
        if requires_grad:
            if self._keeps_left:
                xn.data = xa
            if self._keeps_right:
                yn.data = ya
        variable = output_variable(z, requires_grad, self, rank + 1)
        if self._keeps_output:
            self.kept = (variable._array,)
        return variable

    def _of_two_dtypes(self, x: Variable, y: Variable) -> Variable:
        """Apply where an integer that needs no gradient is a constant; else raise."""
        left, right = self.without_integers((x, y))
        both = isinstance(left, Variable) and isinstance(right, Variable)
        if both and left.dtype != right.dtype:
            raise self.mixed(x.dtype, y.dtype)
        return self.of(left, right)

    def __call__(self, x: Operand, y: Operand) -> Any:
        if isinstance(x, Variable) or isinstance(y, Variable):
            return self.of(x, y)
        return self.forward(x, y)

    def _pull_inputs(self, gy: Cotangents) -> Sequence[Any]:
        x, y = self.inputs
        return self.backward(gy, x.data, y.data)

    def _pull_with_output(self, gy: Cotangents) -> Sequence[Any]:
        x, y = self.inputs
        return self.backward(gy, x.data, y.data, self.kept[0])


class Selecting:
    """Mixed in ahead of the base of an operation that uses some elements and leaves others.

    The gradient of those left is 0 by the choice itself, and has to stay 0 on the way to the
    leaves, also where a derivative there is infinite or NaN. The nodes below a selection of what
    was computed have a rank of ``SELECTED`` or more, from which a traversal knows to take care.
    """

    __slots__ = ()
    selects = True

    def of(self, *operands: Operand) -> Variable:
        return lifted(super().of(*operands))  # type: ignore[misc]

    def apply(self, inputs: Sequence[Any]) -> tuple[Variable, ...]:
        outputs: tuple[Variable, ...] = super().apply(inputs)  # type: ignore[misc]
        return tuple(map(lifted, outputs))


def lifted(output: Variable) -> Variable:
    """``output`` of a selecting operation, with the rank that says so."""
    node = output._node
    # 1 is the rank of what is selected from leaves: nothing lies above that could be NaN.
    if 1 < node.rank < SELECTED:
        node.rank += SELECTED
        node.creator.rank = node.rank - 1
    return output


def sum_to_shape(g: Array, shape: Shape) -> Array:
    """``g`` summed over the axes that broadcasting ``shape`` to ``g.shape`` has added or grown."""
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    # Only axes that really grew: a length of 1 that met a 1 has nothing to sum.
    grown = tuple(i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1)
    # One sum over all of them, with the axes kept: two would make a second large array.
    g = g.sum(axis=(*range(lead), *grown), keepdims=True)
    return g.reshape(shape) if lead else g


class Broadcasting(Binary):
    """An operation whose operands are broadcast; that is undone in their gradients here."""

    __slots__ = ()
    elementwise = True

    def pull_recorded(self, gy: Cotangents) -> Sequence[Any]:
        gxs = self.backward(gy, *self.recorded_arguments())
        x, y = self.inputs
        # Mostly nothing was broadcast: two comparisons of tuples, in place of the list of fitted.
        shape = gy._array.shape
        return gxs if shape == x.shape and shape == y.shape else self.fitted(gxs)

    def _pull_inputs(self, gy: Cotangents) -> Sequence[Any]:
        x, y = self.inputs
        gxs = self.backward(gy, x.data, y.data)
        shape = gy.shape
        return gxs if shape == x.shape and shape == y.shape else self.fitted(gxs)

    def _pull_with_output(self, gy: Cotangents) -> Sequence[Any]:
        x, y = self.inputs
        gxs = self.backward(gy, x.data, y.data, self.kept[0])
        shape = gy.shape
        return gxs if shape == x.shape and shape == y.shape else self.fitted(gxs)

    def fitted(self, gxs: Cotangents) -> Sequence[Any]:
        return [
            None if gx is None else sum_to_shape(gx, node.shape)
            for gx, node in zip(gxs, self.inputs, strict=True)
        ]


def _label_by_ufunc(cls: Any) -> None:
    if "ufunc" in vars(cls) and "label" not in vars(cls):
        cls.label = cls.ufunc.__name__


class Elementwise(Broadcasting):
    """A ufunc of two arrays and its derivatives."""

    __slots__ = ()
    ufunc: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _label_by_ufunc(cls)

    def forward(self, x: Raw, y: Raw) -> Raw:
        return self.ufunc(x, y)


class ElementwiseUnary(Unary):
    """A ufunc of one array and its derivative."""

    __slots__ = ()
    elementwise = True
    ufunc: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _label_by_ufunc(cls)

    def forward(self, x: Raw) -> Raw:
        return self.ufunc(x)


class Special(Op):
    """Mixed into the base of an operation that no NumPy function is: forward is SciPy's.

    ``special`` names the function below ``scipy.special``, and for arrays on a device below
    ``cupyx.scipy.special``; what is composed of several redefines :meth:`of_numbers`. NumPy's
    protocols do not reach these functions everywhere (CuPy's are no ufuncs of NumPy's, SymPy has
    others), so an array type whose elements are no numbers has a method ``special(op, arrays)``:
    lanes call :meth:`of_arrays` on the arrays inside, symbols :meth:`symbolic` on the elements.
    """

    __slots__ = ()
    special: ClassVar[str]

    @staticmethod
    def symbolic(sympy: ModuleType, *xs: Any) -> Any:
        """The function of SymPy's expressions; ``sympy`` is the module."""
        raise NotImplementedError

    @classmethod
    def of_numbers(cls, *arrays: Raw) -> Raw:
        """The function of arrays of numbers, on the host or on one device."""
        return getattr(library(arrays[-1]), cls.special)(*arrays)

    @classmethod
    def of_arrays(cls, *arrays: Raw) -> Raw:
        """The function of arrays of any type below Variable; the highest of them answers."""
        highest = max(arrays, key=lambda x: getattr(x, "__array_priority__", 0.0))
        if hasattr(highest, "special"):
            return highest.special(cls, arrays)
        y, dtype = cls.of_numbers(*arrays), arrays[-1].dtype
        # SciPy knows no half precision: it answers in single, which a Variable would refuse.
        return y.astype(dtype) if dtype.char == "e" else y

    def forward(self, *arrays: Raw) -> Raw:
        return self.of_arrays(*arrays)
