"""Weights that are normalised for the length of a call."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.backend import array_like
from playground.graph.config import config
from playground.graph.parameter import Parameter
from playground.graph.random import source
from playground.graph.types import Raw
from playground.graph.variable import Variable
from playground.link_hook import LinkHook
from playground.links import Deconvolution2D, DeconvolutionND, Link

__all__ = ["SpectralNormalization", "WeightStandardization"]


class _OfWeights(LinkHook):
    """Puts another weight in the parameter's place, and the parameter back behind the call."""

    def __init__(self, weight_name: str, name: str | None) -> None:
        self.weight_name = weight_name
        if name is not None:
            self.name = name
        self.original_weight: Any = None

    def __enter__(self) -> LinkHook:
        raise NotImplementedError(
            f"{self.name}: it is no context manager: add it to a link by link.add_hook(hook)"
        )

    def added(self, link: Link | None) -> None:
        if not hasattr(link, self.weight_name):
            raise ValueError(
                f"{self.name}: {type(link).__name__} has no weight {self.weight_name!r}: name its "
                f"own by weight_name="
            )

    def forward_preprocess(self, args: Any) -> None:
        link = args.link
        weight = getattr(link, self.weight_name)
        if weight.array is None:
            link._initialize_params(args.args[0].shape[1])
        other = self.normalized(link, weight)
        self.original_weight = weight
        # Past __setattr__: the parameter stays registered under its name.
        vars(link)[self.weight_name] = other

    def normalized(self, link: Any, weight: Variable) -> Variable:
        raise NotImplementedError

    def forward_postprocess(self, args: Any) -> None:
        if self.original_weight is not None:
            vars(args.link)[self.weight_name] = self.original_weight
            self.original_weight = None

    forward_failed = forward_postprocess


class SpectralNormalization(_OfWeights):
    """The weight divided by its largest singular value, of which each call improves an estimate.

    The vector of the estimate is persistent (``W_u``), so that it is saved with the link.

    Args:
        n_power_iteration: steps of the power method a call.
        eps: added to norms, so that none is 0.
        use_gamma: whether a learned factor ``gamma`` follows; it starts as the singular value.
        factor: what the largest singular value is to be, in place of 1.
        weight_name: the parameter.
        name: of the hook.
    """

    name = "SpectralNormalization"

    def __init__(
        self,
        n_power_iteration: int = 1,
        eps: float = 1e-6,
        use_gamma: bool = False,
        factor: float | None = None,
        weight_name: str = "W",
        name: str | None = None,
    ) -> None:
        if n_power_iteration < 1:
            raise ValueError(f"{self.name}: expected n_power_iteration of 1 or more")
        super().__init__(weight_name, name)
        self.n_power_iteration, self.eps = n_power_iteration, eps
        self.use_gamma, self.factor = use_gamma, factor
        self.vector_name = f"{weight_name}_u"
        # Of the outputs: a transposed convolution has them behind its inputs.
        self.axis = 0
        self._vectors: tuple[Raw, Raw]

    def added(self, link: Any) -> None:
        super().added(link)
        self.axis = int(isinstance(link, (Deconvolution2D, DeconvolutionND)))
        weight = getattr(link, self.weight_name)
        if weight.array is not None:
            self._prepare(link, weight)

    def deleted(self, link: Any) -> None:
        for name in (self.vector_name, *(("gamma",) if self.use_gamma else ())):
            if hasattr(link, name):
                delattr(link, name)

    def _prepare(self, link: Any, weight: Variable) -> None:
        outputs = weight.shape[self.axis]
        if outputs == 0:
            raise ValueError(f"{self.name}: {self.weight_name} has no elements: {weight.shape}")
        drawn = source().normal(size=(outputs,)).astype(weight.dtype)
        link.add_persistent(self.vector_name, array_like(drawn, weight.array))
        if self.use_gamma:
            largest = np.linalg.svd(self._matrix(weight.array), compute_uv=False)[0]
            with link.init_scope():
                link.gamma = Parameter(np.asarray(largest, like=weight.array))

    def _matrix(self, weight: Any) -> Any:
        if self.axis:
            others = [i for i in range(weight.ndim) if i != self.axis]
            weight = weight.transpose((self.axis, *others))
        return weight if weight.ndim == 2 else weight.reshape((weight.shape[0], -1))

    def _unit(self, vector: Raw) -> Any:
        return vector / (np.linalg.norm(vector) + self.eps)

    def normalized(self, link: Any, weight: Variable) -> Variable:
        if not hasattr(link, self.vector_name):
            self._prepare(link, weight)
        kept = getattr(link, self.vector_name)
        matrix = self._matrix(weight)
        # Raw: the estimate is a constant of the gradient, as in the method's paper.
        array, u = matrix.array, kept
        if config.in_recomputing:
            # Run once more for its gradient (F.forget): with the vectors of the first time.
            u, v = self._vectors
        else:
            for _ in range(self.n_power_iteration):
                v = self._unit(np.dot(u, array))
                u = self._unit(np.dot(array, v))
            self._vectors = u, v
        sigma = F.matmul(F.matmul(u, matrix), v)
        if config.train:
            kept[...] = u
        if self.factor is not None:
            sigma = sigma / self.factor
        return (link.gamma * weight if self.use_gamma else weight) / sigma


class WeightStandardization(_OfWeights):
    """The weights of each output less their mean, divided by their deviation."""

    name = "WeightStandardization"

    def __init__(
        self, *, eps: float = 1e-5, weight_name: str = "W", name: str | None = None
    ) -> None:
        super().__init__(weight_name, name)
        self.eps = eps

    def normalized(self, link: Any, weight: Variable) -> Variable:
        rest = tuple(range(1, weight.ndim))
        apart = weight - F.mean(weight, axis=rest, keepdims=True)
        variance = F.mean(apart * apart, axis=rest, keepdims=True)
        return apart / F.sqrt(variance + self.eps)
