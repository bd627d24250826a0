"""FunctionNode: what a user subclasses, under Chainer's contract.

``forward`` and ``backward`` get tuples of arrays and of Variables; ``backward`` always gets
Variables, also in a first-order pass. The built-in operations stand in ``op.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from playground.graph import backend, backprop
from playground.graph.config import config, using_own
from playground.graph.errors import GradientError, GraphError
from playground.graph.function_hook import (
    FunctionHook,
    add_local_hook,
    delete_local_hook,
    tell_forward,
)
from playground.graph.nonfinite import note, refuse_nan
from playground.graph.type_check import check_types
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_variable, output_variable

__all__ = ["FunctionNode"]


class FunctionNode:
    """A function in the graph, to be subclassed with ``forward`` and ``backward``.

    ``apply`` runs ``forward`` on arrays and connects Variables; a node is used once. ``forward``
    may call :meth:`retain_inputs` and :meth:`retain_outputs` with indexes, whose Variables
    ``backward`` gets from :meth:`get_retained_inputs` and :meth:`get_retained_outputs`.
    """

    # Strong references to input nodes and weak ones to output nodes, as in Chainer: what is above
    # is kept by what is below, and a graph is freed by reference counting alone.
    inputs: Any = None
    outputs: Any = None
    rank: int = 0
    output_count: int = 1
    _keeps_inputs: Sequence[int] = ()
    _keeps_outputs: Sequence[int] = ()
    _kept_outputs: tuple[Any, ...] = ()
    # How a user's function runs on batched arrays, which its code knows nothing of; set by
    # functions.lanes.
    over_lanes: ClassVar[Any] = None
    # Its own hooks, by name; None: none were ever asked for.
    own_hooks: dict[str, FunctionHook] | None = None

    @property
    def label(self) -> str:
        """The name that errors and drawings show."""
        return type(self).__name__

    # ------------------------------------------------------------------- what users override

    def forward(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Arrays in, a tuple of arrays out. By default forward_cpu or forward_gpu."""
        if any(not isinstance(array, np.ndarray) for array in inputs):
            return self.forward_gpu(inputs)
        return self.forward_cpu(inputs)

    def forward_cpu(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        raise NotImplementedError(f"{self.label}: define forward(inputs)")

    def forward_gpu(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        raise NotImplementedError(f"{self.label}: define forward(inputs) for device arrays")

    def backward(
        self, target_input_indexes: tuple[int, ...], grad_outputs: tuple[Any, ...]
    ) -> Sequence[Any]:
        """Variables (or None) in and out: one gradient a target, or one an input."""
        return (None,) * len(target_input_indexes)

    def backward_accumulate(
        self,
        target_input_indexes: tuple[int, ...],
        grad_outputs: tuple[Any, ...],
        grad_inputs: tuple[Any, ...],
    ) -> Sequence[Any]:
        """:meth:`backward`, plus the gradients that have already arrived."""
        gxs = self._checked(target_input_indexes, self.backward(target_input_indexes, grad_outputs))
        return tuple(
            before if gx is None else gx if before is None else before + gx
            for gx, before in zip(gxs, grad_inputs, strict=True)
        )

    def check_type_forward(self, in_types: Any) -> None:
        """Called ahead of ``forward``: say there, by ``type_check.expect``, what may come in."""

    # --------------------------------------------------------------------------------- hooks

    @property
    def local_function_hooks(self) -> dict[str, FunctionHook]:
        """The hooks of this function alone, by name."""
        if self.own_hooks is None:
            self.own_hooks = {}
        return self.own_hooks

    def add_hook(self, hook: FunctionHook, name: str | None = None) -> None:
        """Let ``hook`` be told of this function; under its own name unless another is given."""
        add_local_hook(self, hook, name)

    def delete_hook(self, name: str) -> None:
        """Take the hook of that name away."""
        delete_local_hook(self, name)

    # ----------------------------------------------------------------------------- retention

    def retain_inputs(self, indexes: Sequence[int]) -> None:
        """In ``forward``: keep these inputs for ``backward``."""
        self._keeps_inputs = tuple(indexes)

    def retain_outputs(self, indexes: Sequence[int]) -> None:
        """In ``forward``: keep these outputs for ``backward``."""
        self._keeps_outputs = tuple(indexes)

    def get_retained_inputs(self) -> tuple[Variable, ...]:
        """The kept inputs; the user's own Variables where they live."""
        if self.inputs is None:
            raise GraphError(f"{self.label}: the graph above it was cut by unchain_backward")
        return tuple(self.inputs[i].get_variable() for i in self._keeps_inputs)

    def get_retained_outputs(self) -> tuple[Variable, ...]:
        """The kept outputs, connected to this function."""
        return tuple(
            self._output(i, array)
            for i, array in zip(self._keeps_outputs, self._kept_outputs, strict=True)
        )

    @property
    def output_data(self) -> tuple[Any, ...]:
        """The arrays of the kept outputs, None for the others."""
        kept = dict(zip(self._keeps_outputs, self._kept_outputs, strict=True))
        return tuple(kept.get(i) for i in range(self.output_count))

    def _output(self, index: int, array: Raw) -> Variable:
        node = self.outputs[index]() if self.outputs else None
        variable = None if node is None else node.get_variable_or_none()
        return self._restored(index, array) if variable is None else variable

    def _restored(self, index: int, array: Raw) -> Variable:
        """A dead output, in a fresh node: the traversal goes by creator and index."""
        variable = output_variable(array, True, self, self.rank + 1)
        variable._node.output_index = index if self.output_count > 1 else None
        return variable

    # --------------------------------------------------------------------------------- apply

    def __call__(self, *args: Operand, **kwargs: Operand) -> Any:
        raise GraphError(
            f"{self.label}: a FunctionNode is not called: use {self.label}().apply((x, …))"
        )

    def apply(self, inputs: Sequence[Any]) -> tuple[Variable, ...]:
        """Run ``forward`` on the inputs' arrays; Variables out, connected where wanted.

        A node belongs to its newest application: a backward through the output of an older one
        raises.
        """
        variables = [as_variable(x) for x in inputs]
        arrays = tuple(x._array for x in variables)
        # A user's code may loop, index or compare: no rule could say what it does to lanes.
        if any(backend.level_of(array) is not None for array in arrays):
            return self.over_lanes(self, variables)
        checked = type(self).check_type_forward is not FunctionNode.check_type_forward
        if checked and config.type_check:
            check_types(self, arrays)
        refuse_nan(arrays, self.label)
        hooked = config.hooked
        if hooked:
            tell_forward(self, arrays, False)
        outputs = self._forward(arrays)
        if hooked:
            tell_forward(self, arrays, True)
        refuse_nan(arrays, self.label, outputs)
        note(self, arrays, outputs)
        requires_grad = any(x.requires_grad for x in variables)
        if not config.enable_backprop:
            return tuple(output_variable(y, requires_grad, None, 0) for y in outputs)
        return self._connect(variables, outputs, requires_grad)

    def _forward(self, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
        outputs = self.forward(arrays)
        good = isinstance(outputs, tuple) and all(y is None or backend.is_array(y) for y in outputs)
        if not good:
            actual = type(outputs).__name__
            if isinstance(outputs, tuple):
                actual = f"({', '.join(type(y).__name__ for y in outputs)})"
            raise TypeError(
                f"{self.label}: forward output must be a tuple of ndarrays, got {actual}: "
                f"return (array,)"
            )
        return outputs

    def _connect(
        self, variables: list[Variable], outputs: tuple[Any, ...], requires_grad: bool
    ) -> tuple[Variable, ...]:
        # Applied again, as a node in a loop is: inputs and what was kept are those of the new
        # application, and a backward through an output of the old one would read them.
        self._leave(self.outputs or ())
        self.inputs = tuple(x._node for x in variables)
        self.rank = max((node.rank for node in self.inputs), default=0)
        self.output_count = len(outputs)
        for i in self._keeps_inputs:
            variables[i].retain_data()
        results = tuple(
            Variable(None, requires_grad=False)
            if y is None
            else output_variable(y, requires_grad, self, self.rank + 1)
            for y in outputs
        )
        if self.output_count > 1:
            for i, y in enumerate(results):
                y._node.output_index = i
        # Raw arrays: a Variable would lead back here by its creator, a cycle.
        self._kept_outputs = tuple(results[i]._array for i in self._keeps_outputs)
        self.outputs = tuple(ref(y._node) for y in results)
        return results

    def _leave(self, outputs: Sequence[Any]) -> None:
        """Give the outputs of an older application a creator that says what has happened."""
        for node in (output() for output in outputs):
            if node is not None:
                node.creator = past = FunctionNode()
                past.inputs = ()
                past.pull = past.pull_recorded = _refusal(  # type: ignore[assignment, method-assign]
                    f"{self.label}: this node was applied again since: make a new one for each use"
                )

    # ------------------------------------------------------------------------------ backward

    def pull(self, gy: Cotangents) -> Sequence[Any]:
        """Cotangents of the inputs, raw, from those of the outputs, raw."""
        # The user's backward computes with Variables, whose graph nobody wants in a raw pass.
        with using_own({"enable_backprop": False}):
            gys = gy if self.output_count > 1 else (gy,)
            wrapped = [None if g is None else Variable(backend.as_array(g)) for g in gys]
            return [backprop.raw(gx) for gx in self._pull(tuple(wrapped))]

    def pull_recorded(self, gy: Cotangents) -> Sequence[Any]:
        """The same on Variables, so that the pass is itself recorded."""
        return self._pull(tuple(gy) if self.output_count > 1 else (gy,))

    def _pull(self, gys: tuple[Any, ...]) -> Sequence[Any]:
        targets = tuple(i for i, node in enumerate(self.inputs) if node.requires_grad)
        gxs = self.backward_accumulate(targets, gys, (None,) * len(targets))
        result: list[Any] = [None] * len(self.inputs)
        for i, gx in zip(targets, gxs, strict=True):
            result[i] = gx
        return result

    def _checked(self, targets: tuple[int, ...], gxs: Cotangents) -> Sequence[Any]:
        """One gradient a target, each None or a Variable of its input's shape and dtype."""
        gxs = tuple(gxs) if isinstance(gxs, (tuple, list)) else (gxs,)
        # Chainer takes both: one gradient an input, or one for each that was asked for.
        if len(gxs) == len(self.inputs) and len(gxs) != len(targets):
            gxs = tuple(gxs[i] for i in targets)
        if len(gxs) != len(targets):
            raise GradientError(
                f"{self.label}: number of gradients returned from backward is incorrect: "
                f"{len(gxs)} != expected {len(targets)}"
            )
        for i, gx in zip(targets, gxs, strict=True):
            self._check_gradient(i, gx)
        return gxs

    def _check_gradient(self, index: int, gx: Array) -> None:
        if gx is None:
            return
        if not isinstance(gx, Variable):
            raise TypeError(
                f"{self.label}: backward must return Variables (or None), got "
                f"{type(gx).__name__} for input {index}: wrap it with as_variable(array), or "
                f"compute with grad_outputs, which are Variables"
            )
        node = self.inputs[index]
        if node.dtype is not None and (gx.shape, gx.dtype) != (node.shape, node.dtype):
            raise GradientError(
                f"{self.label}: the gradient of input {index} must have its shape and dtype, "
                f"{node.shape} {node.dtype}, got {gx.shape} {gx.dtype}"
            )

    def unchain(self) -> None:
        """Forget inputs and outputs: what lies above this function is let go."""
        for output in self.outputs or ():
            node = output()
            if node is not None:
                node.unchain()
        self.inputs = self.outputs = None
        self._kept_outputs = ()
        # A node that still points here (one made for a kept output) must not end in silence.
        self.pull = self.pull_recorded = _refusal(  # type: ignore[assignment, method-assign]
            f"{self.label}: the graph above it was cut by unchain_backward: call that after the "
            f"last backward that needs the graph"
        )


def _refusal(message: str) -> Callable[[Any], Any]:
    """Stands in for ``pull``; no bound method, which would be a cycle on its own instance."""

    def refuse(gy: Cotangents) -> Any:
        raise GraphError(message)

    return refuse
