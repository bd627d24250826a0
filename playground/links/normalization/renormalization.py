"""BatchRenormalization, DecorrelatedBatchNormalization and GroupNormalization."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.config import config
from playground.graph.parameter import Parameter
from playground.graph.types import DType, Operand, Raw, Serializing, Shape
from playground.graph.variable import Variable, as_variable
from playground.initializers import get_initializer
from playground.links.link import Link
from playground.links.normalization.normalization import BatchNormalization
from playground.serializer import Deserializer

__all__ = ["BatchRenormalization", "DecorrelatedBatchNormalization", "GroupNormalization"]


class BatchRenormalization(BatchNormalization):
    """Batch normalization towards the running averages (Ioffe, 2017).

    Args:
        size: the shape of the averages: the channels.
        rmax, dmax: how far the averages may correct the batch's deviation and mean.

    The others are those of :class:`BatchNormalization`.
    """

    def __init__(
        self,
        size: int | Shape,
        rmax: float = 1,
        dmax: float = 0,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: DType | None = None,
        use_gamma: bool = True,
        use_beta: bool = True,
        initial_gamma: Operand = None,
        initial_beta: Operand = None,
        initial_avg_mean: Operand = None,
        initial_avg_var: Operand = None,
    ) -> None:
        super().__init__(
            size,
            decay,
            eps,
            dtype,
            use_gamma,
            use_beta,
            initial_gamma,
            initial_beta,
            initial_avg_mean=initial_avg_mean,
            initial_avg_var=initial_avg_var,
        )
        self.rmax, self.dmax = rmax, dmax

    def forward(self, x: Operand, finetune: bool = False) -> Variable:
        if not config.train:
            return super().forward(x)
        # With the averages as they are before this batch is in them.
        gamma, beta = self.weights()
        return F.batch_renormalization(
            x,
            gamma,
            beta,
            self.rmax,
            self.dmax,
            self.eps,
            self.avg_mean,
            self.avg_var,
            self.next_decay(finetune),
            update_statistics=True,
        )


class DecorrelatedBatchNormalization(Link):
    """Batch normalization by the whole covariance of groups of channels (Huang et al., 2018).

    With ``config.train`` off mean and projection are the running averages.

    Args:
        size: channels.
        groups: how many groups they fall into.
        decay: the share of themselves that the averages keep.
        eps: added to the variances.
        dtype: of the averages.
    """

    def __init__(
        self,
        size: int,
        groups: int = 16,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: DType = np.float32,
    ) -> None:
        super().__init__()
        share = size // groups
        self.avg_mean: Raw = np.zeros((groups, share), dtype)
        self.avg_projection: Raw = np.zeros((groups, share, share), dtype) + np.eye(
            share, dtype=dtype
        )
        # Saved with the averages, as a run that is resumed goes on averaging.
        self.N = 0
        for name in ("avg_mean", "avg_projection", "N"):
            self.register_persistent(name)
        self.decay, self.eps, self.groups = decay, eps, groups

    def serialize(self, serializer: Serializing) -> None:
        # Written as they are; only what is read can be of an older form.
        reads = isinstance(serializer, Deserializer)
        super().serialize(ForGroups(serializer) if reads else serializer)

    def start_finetuning(self) -> None:
        """Begin to average anew: ``finetune=True`` then takes plain means of all batches."""
        self.N = 0

    def forward(self, x: Operand, *, finetune: bool = False) -> Variable:
        if not config.train:
            return F.fixed_decorrelated_batch_normalization(
                x, self.avg_mean, self.avg_projection, self.groups
            )
        self.N += 1 if finetune else 0
        return F.decorrelated_batch_normalization(
            x,
            groups=self.groups,
            eps=self.eps,
            running_mean=self.avg_mean,
            running_projection=self.avg_projection,
            # A plain mean of all batches since the start of fine-tuning.
            decay=1.0 - 1.0 / self.N if finetune else self.decay,
        )


class ForGroups(Deserializer):
    """Reads averages that Chainer 6 or earlier wrote, too: of one group, which stands for all."""

    def __init__(self, base: Serializing) -> None:
        self.base = base

    def __getitem__(self, key: str) -> Serializing:
        return self.base[key]

    def __call__(self, key: str, value: Serializing) -> Serializing:
        found = self.base(key, None) if key.startswith("avg_") else None
        if found is None or found.shape != value.shape[1:]:
            return self.base(key, value)
        if value.shape[0] != 1:
            warnings.warn(
                f"DecorrelatedBatchNormalization: {key} is of an old Chainer, which averaged over "
                f"all groups",
                stacklevel=2,
            )
        value[...] = found
        return value


class GroupNormalization(Link):
    """gamma · (x - mean) / √(var + eps) + beta, with the statistics of groups of channels.

    After Wu and He, 2018.

    Args:
        groups: how many groups the channels fall into.
        size: channels; None finds them out at the first call.
        eps: added to the variance.
        initial_gamma, initial_beta: initializers; defaults 1 and 0.
    """

    def __init__(
        self,
        groups: int,
        size: int | None = None,
        eps: float = 1e-5,
        initial_gamma: Operand = None,
        initial_beta: Operand = None,
    ) -> None:
        super().__init__()
        self.groups, self.eps = groups, eps
        # Half precision has too few digits for a factor that is learnt.
        kind = np.dtype(config.dtype)
        self._dtype = np.dtype(np.float32) if kind == np.float16 else kind
        with self.init_scope():
            self.gamma = self._parameter(1 if initial_gamma is None else initial_gamma)
            self.beta = self._parameter(0 if initial_beta is None else initial_beta)
        if size is not None:
            self._initialize_params(size)

    def _parameter(self, initial: Operand) -> Parameter:
        initializer: Any = get_initializer(initial)
        initializer.dtype = self._dtype
        return Parameter(initializer)

    def _initialize_params(self, size: int) -> None:
        self.gamma.initialize((size,))
        self.beta.initialize((size,))

    def forward(self, x: Operand) -> Variable:
        x = as_variable(x)
        if self.gamma._array is None:
            if x.ndim < 2:
                raise ValueError(f"GroupNormalization: expected x (n, c, …), got shape {x.shape}")
            self._initialize_params(x.shape[1])
        return F.group_normalization(x, self.groups, self.gamma, self.beta, self.eps)
