"""Function: the old style of a user's function, whose ``backward`` computes on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from playground.graph.backend import as_array, is_array
from playground.graph.config import config
from playground.graph.errors import GraphError
from playground.graph.function_hook import FunctionHook
from playground.graph.function_node import FunctionNode
from playground.graph.types import Operand, Raw
from playground.graph.variable import Variable

__all__ = ["Function", "FunctionAdapter"]


class FunctionAdapter(FunctionNode):
    """The node in the graph of a :class:`Function`."""

    old_style: ClassVar[bool] = True

    def __init__(self, function: Function) -> None:
        self._function = function
        function._node = ref(self)

    @property
    def function(self) -> Function:
        return self._function

    @property
    def label(self) -> str:
        return self._function.label

    def check_type_forward(self, in_types: Any) -> None:
        self._function.check_type_forward(in_types)

    def forward(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        # All inputs are there in backward unless the function says which it needs.
        self.retain_inputs(range(len(inputs)))
        return self._function.forward(inputs)

    def backward(
        self, target_input_indexes: tuple[int, ...], grad_outputs: tuple[Any, ...]
    ) -> Sequence[Any]:
        # What the function did not keep is None, as in Chainer: to use it by mistake shows at once.
        arrays: list[Any] = [None] * len(self.inputs)
        for i, x in zip(self._keeps_inputs, self.get_retained_inputs(), strict=True):
            arrays[i] = x.array
        gys = tuple(None if g is None else g.array for g in grad_outputs)
        gxs = self._function.backward(tuple(arrays), gys)
        if not isinstance(gxs, (tuple, list)):
            gxs = (gxs,)
        arrays = [None if gxs[i] is None else self._fitted(gxs[i], i) for i in target_input_indexes]
        if not config.enable_backprop:
            return tuple(None if gx is None else Variable(gx) for gx in arrays)
        # In a recorded pass they depend on all this, and nobody has said how.
        read = (*self.get_retained_inputs(), *self.get_retained_outputs(), *grad_outputs)
        return _OnceOnly(self.label).found([x for x in read if x is not None], arrays)

    def _fitted(self, gx: Raw, index: int) -> Raw:
        """A gradient in the dtype of its input, which NumPy's constants may have left."""
        gx, dtype = gx if is_array(gx) else as_array(gx), self.inputs[index].dtype
        return gx if dtype is None or gx.dtype == dtype else gx.astype(dtype)


class _OnceOnly(FunctionNode):
    """Where the gradients of an old-style function come from, which have no derivative."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def label(self) -> str:
        return f"gradient of {self._name}"

    def found(self, read: list[Variable], gxs: Sequence[Raw | None]) -> Sequence[Any]:
        """The gradients, as functions of what was read for them."""
        return self._connect(read, tuple(gxs), any(x.requires_grad for x in read))

    def backward(
        self, target_input_indexes: tuple[int, ...], grad_outputs: tuple[Any, ...]
    ) -> Sequence[Any]:
        raise GraphError(
            f"{self._name}: an old-style Function cannot be differentiated twice: make it a "
            f"FunctionNode, whose backward computes with Variables"
        )


class Function:
    """A user's function of arrays, forward and backward: it is differentiated once.

    ``forward(inputs)`` and ``backward(inputs, grad_outputs)`` get and return tuples of arrays;
    by default they call ``forward_cpu`` or ``forward_gpu``, ``backward_cpu`` or ``backward_gpu``.
    """

    _node: Any = None
    # The node that hooks were added to ahead of the call that uses it.
    _waiting: FunctionAdapter | None = None

    def __call__(self, *inputs: Operand) -> Any:
        """Apply it; one Variable, or a tuple of them."""
        node, self._waiting = self._waiting, None
        outputs = (FunctionAdapter(self) if node is None else node).apply(inputs)
        return outputs[0] if len(outputs) == 1 else outputs

    @property
    def node(self) -> FunctionAdapter:
        """Its node in the graph; a new one where it was not applied, or the graph is gone."""
        node = None if self._node is None else self._node()
        return FunctionAdapter(self) if node is None else node

    @property
    def label(self) -> str:
        """The name that errors and drawings show."""
        return type(self).__name__

    @property
    def inputs(self) -> Any:
        return self.node.inputs

    @property
    def outputs(self) -> Any:
        return self.node.outputs

    @property
    def output_data(self) -> tuple[Any, ...]:
        """The arrays of the outputs that ``retain_outputs`` named."""
        return self.node.output_data

    @property
    def rank(self) -> int:
        return self.node.rank

    @property
    def local_function_hooks(self) -> dict[str, FunctionHook]:
        """The hooks of this function alone, by name."""
        return self.node.local_function_hooks

    def add_hook(self, hook: FunctionHook, name: str | None = None) -> None:
        """Let ``hook`` be told of this function, which has not been called or whose graph lives."""
        node = self.node
        if node.inputs is None:
            self._waiting = node
        node.add_hook(hook, name)

    def delete_hook(self, name: str) -> None:
        """Take the hook of that name away."""
        self.node.delete_hook(name)

    def check_type_forward(self, in_types: Any) -> None:
        """Called ahead of ``forward``: say there what is expected of the inputs."""

    def forward(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        on_host = all(isinstance(x, np.ndarray) for x in inputs)
        return self.forward_cpu(inputs) if on_host else self.forward_gpu(inputs)

    def forward_cpu(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        raise NotImplementedError(f"{self.label}: define forward(inputs)")

    def forward_gpu(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        raise NotImplementedError(f"{self.label}: define forward(inputs) for device arrays")

    def backward(self, inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> Any:
        on_host = all(x is None or isinstance(x, np.ndarray) for x in inputs + grad_outputs)
        return (self.backward_cpu if on_host else self.backward_gpu)(inputs, grad_outputs)

    def backward_cpu(self, inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> Any:
        return (None,) * len(inputs)

    def backward_gpu(self, inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> Any:
        return (None,) * len(inputs)

    def retain_inputs(self, indexes: Sequence[int]) -> None:
        """In ``forward``: keep these inputs for ``backward``, and not all."""
        self.node.retain_inputs(indexes)

    def retain_outputs(self, indexes: Sequence[int], retain_after_backward: bool = False) -> None:
        """In ``forward``: keep these outputs for ``backward``, in ``self.output_data``."""
        self.node.retain_outputs(indexes)

    def unchain(self) -> None:
        """Forget inputs and outputs. Raises GraphError where it was not applied."""
        if self._node is None or self._node() is None:
            raise GraphError(f"{self.label}.unchain: the function has not been applied")
        self.node.unchain()
