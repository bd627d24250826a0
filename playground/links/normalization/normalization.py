"""BatchNormalization and LayerNormalization."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.config import config
from playground.graph.errors import GraphError
from playground.graph.parameter import Parameter
from playground.graph.types import DType, Operand, Shape
from playground.graph.variable import Variable, as_variable
from playground.initializers import generate_array, get_initializer
from playground.links.link import Link

__all__ = ["BatchNormalization", "LayerNormalization"]


class BatchNormalization(Link):
    """gamma · (x - mean) / √(var + eps) + beta, with the statistics of the batch.

    With ``config.train`` off the statistics are the running averages (Ioffe and Szegedy, 2015).

    Args:
        size: the shape of the averages: the channels; None finds it out at the first call.
        decay: the share of themselves that the averages keep.
        eps: added to the variance.
        dtype: of parameters and averages; default: ``config.dtype``.
        use_gamma, use_beta: whether factor and term are learnt.
        initial_gamma, initial_beta, initial_avg_mean, initial_avg_var: initializers.
        axis: the axes that the statistics are taken over; default: all but those of ``size``,
            which stand behind the first.
    """

    gamma: Any = None
    beta: Any = None

    def __init__(
        self,
        size: int | Shape | None = None,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: DType | None = None,
        use_gamma: bool = True,
        use_beta: bool = True,
        initial_gamma: Operand = None,
        initial_beta: Operand = None,
        axis: int | tuple[int, ...] | None = None,
        initial_avg_mean: Operand = None,
        initial_avg_var: Operand = None,
    ) -> None:
        super().__init__()
        if size is None and axis is None:
            raise GraphError("BatchNormalization: give size, or the axis to find it out by")
        self._initial_averages = (initial_avg_mean, initial_avg_var)
        self.decay, self.eps = decay, eps
        self.axis = (axis,) if isinstance(axis, int) else axis
        wanted = np.dtype(config.dtype if dtype is None else dtype)
        # Half precision has too few digits to average in.
        self._dtype = np.dtype(np.float32) if wanted == np.float16 and dtype is None else wanted
        with self.init_scope():
            if use_gamma:
                self.gamma = self._parameter(1 if initial_gamma is None else initial_gamma)
            if use_beta:
                self.beta = self._parameter(0 if initial_beta is None else initial_beta)
        # Saved with the averages, as a run that is resumed goes on averaging.
        self.N = 0
        self.avg_mean: Any = None
        self.avg_var: Any = None
        if size is not None:
            self._initialize_params(size)
        for name in ("N", "avg_mean", "avg_var"):
            self.register_persistent(name)

    def _parameter(self, initial: Operand) -> Parameter:
        # Also of an initializer that the user has made: so Chainer does.
        initializer: Any = get_initializer(initial)
        initializer.dtype = self._dtype
        return Parameter(initializer)

    def _initialize_params(self, shape: int | Shape) -> None:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        averages = []
        for initial, usual in zip(self._initial_averages, (0, 1), strict=True):
            fill = get_initializer(usual if initial is None else initial)
            made = generate_array(fill, shape, dtype=self._dtype)
            averages.append(self.device.send_array(made))
        self.avg_mean, self.avg_var = averages
        for param in (self.gamma, self.beta):
            if param is not None:
                param.initialize(shape)

    @property
    def printable_specs(self) -> Iterator[tuple[str, Any]]:
        if self.avg_mean is not None:
            yield "size", self.avg_mean.shape[0]
        yield "decay", self.decay
        yield "eps", self.eps
        yield "dtype", self._dtype
        # Chainer's, which asks whether there is such an attribute: there always is.
        yield "use_gamma", True
        yield "use_beta", True

    def start_finetuning(self) -> None:
        """Begin to average anew: ``finetune=True`` then takes plain means of all batches."""
        self.N = 0

    def weights(self) -> tuple[Any, Any]:
        """Factor and term, ones and zeros where they are not learnt."""
        kind, shape, like = self._dtype, self.avg_mean.shape, self.avg_mean
        gamma = np.ones(shape, kind, like=like) if self.gamma is None else self.gamma
        return gamma, np.zeros(shape, kind, like=like) if self.beta is None else self.beta

    def next_decay(self, finetune: bool) -> float:
        """The share that the averages keep of themselves at this call, which is counted."""
        self.N += 1 if finetune and not config.in_recomputing else 0
        # A plain mean of all batches since the start of fine-tuning.
        return 1.0 - 1.0 / self.N if finetune else self.decay

    def forward(self, x: Operand, finetune: bool = False) -> Variable:
        x = as_variable(x)
        if self.avg_mean is None:
            kept = tuple(n for i, n in enumerate(x.shape) if i not in (self.axis or ()))
            self._initialize_params(kept)
        gamma, beta = self.weights()
        if not config.train:
            averages = self.avg_mean, self.avg_var
            return F.fixed_batch_normalization(x, gamma, beta, *averages, self.eps, self.axis)
        # Run once more for its gradient (F.forget), a batch is not to count twice.
        again = config.in_recomputing
        return F.batch_normalization(
            x,
            gamma,
            beta,
            eps=self.eps,
            running_mean=None if again else self.avg_mean,
            running_var=None if again else self.avg_var,
            decay=self.next_decay(finetune),
            axis=self.axis,
        )


class LayerNormalization(Link):
    """gamma · (x - mean) / √(var + eps) + beta, with the statistics of each row (Ba et al., 2016).

    ``size``: elements of a row; None finds it out at the first call.
    """

    def __init__(
        self,
        size: int | None = None,
        eps: float = 1e-6,
        initial_gamma: Operand = None,
        initial_beta: Operand = None,
    ) -> None:
        super().__init__()
        self.eps = eps
        with self.init_scope():
            self.gamma = Parameter(1 if initial_gamma is None else initial_gamma)
            self.beta = Parameter(0 if initial_beta is None else initial_beta)
        if size is not None:
            self._initialize_params(size)

    def _initialize_params(self, size: int) -> None:
        self.gamma.initialize((size,))
        self.beta.initialize((size,))

    def forward(self, x: Operand) -> Variable:
        x = as_variable(x)
        if self.gamma._array is None:
            self._initialize_params(math.prod(x.shape[1:]))
        return F.layer_normalization(x, self.gamma, self.beta, self.eps)
