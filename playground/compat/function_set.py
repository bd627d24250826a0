"""Chainer 1's FunctionSet: a Chain to which any attribute that is a Link belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from playground.compat.used import USES
from playground.graph.types import Raw
from playground.links import Chain, Link


class FunctionSet(Chain):
    """The layers of a model under their names, as the years before Chain had them."""

    def __init__(self, **links: Link) -> None:
        USES.note("FunctionSet(…)", "a chainer.Chain, links assigned within init_scope()")
        super().__init__(**links)

    def __setattr__(self, name: str, value: Any) -> None:
        # Attributes of the Chain itself are set before it has begun.
        if isinstance(value, Link) and self._begun and not self.within_init_scope:
            with self.init_scope():
                setattr(self, name, value)
        else:
            super().__setattr__(name, value)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def collect_parameters(self) -> FunctionSet:
        """What ``optimizer.setup`` takes: the set itself."""
        USES.note("model.collect_parameters()", "optimizer.setup(model)")
        return self

    @property
    def parameters(self) -> tuple[Raw, ...]:
        """The arrays of all parameters, by name."""
        return tuple(param.array for _, param in sorted(self.namedparams()))

    @property
    def gradients(self) -> tuple[Raw, ...]:
        """Their gradients, in the same order."""
        return tuple(param.grad for _, param in sorted(self.namedparams()))

    def copy_parameters_from(self, params: Sequence[Raw]) -> None:
        """Take over the numbers of another set's ``parameters``."""
        for (_, param), array in zip(sorted(self.namedparams()), params, strict=True):
            param.array = np.array(array, dtype=param.dtype)
