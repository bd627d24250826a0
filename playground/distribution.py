"""What every distribution has, and the divergence of one from another.

The distributions themselves are in :mod:`playground.distributions`. Each is a composition of
operations: what comes of one is differentiable in its parameters, and in the point, twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np

from playground.functions import exp, sqrt
from playground.graph.backend import array_like, to_cpu
from playground.graph.types import HostArray, Operand, Shape
from playground.graph.variable import Variable, as_array_of

__all__ = ["Distribution", "cross_entropy", "kl_divergence", "register_kl"]

Divergence: TypeAlias = Callable[[Any, Any], Variable]
_DIVERGENCES: dict[tuple[type, type], Divergence] = {}


class Distribution:
    """A batch of distributions of one family.

    A draw, or a point, has the shape sample shape + ``batch_shape`` + ``event_shape``. A subclass
    names its parameters in ``named``, defines what it knows (``log_prob``, ``sample_n`` …), and
    may define ``kl_to(other)``, the divergence from one of its own class.
    """

    named: ClassVar[tuple[str, ...]] = ()
    # The trailing axes of the first parameter that are one event.
    event_ndim: ClassVar[int] = 0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Its own alone: what it inherits, kl_divergence finds by the bases.
        if "kl_to" in vars(cls):
            register_kl(cls, cls)(vars(cls)["kl_to"])

    def _absent(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__}: {what} is not defined for it")

    # ----------------------------------------------------------------------------- shapes, names

    @property
    def params(self) -> dict[str, Variable]:
        """The parameters by name."""
        if not self.named:
            raise self._absent("params")
        return {name: getattr(self, name) for name in self.named}

    def _shape(self) -> Shape:
        if not self.named:
            raise self._absent("batch_shape")
        return getattr(self, self.named[0]).shape

    @property
    def batch_shape(self) -> Shape:
        """The shape of the batch: one independent distribution an element."""
        shape = self._shape()
        return shape[: len(shape) - self.event_ndim]

    @property
    def event_shape(self) -> Shape:
        """The shape of one draw of one distribution."""
        shape = self._shape()
        return shape[len(shape) - self.event_ndim :]

    @property
    def support(self) -> str:
        """Where the draws lie, in words."""
        raise self._absent("support")

    @property
    def xp(self) -> Any:
        """The array module of the parameters: ``numpy`` or ``cupy``."""
        # Here, for the devices of Chainer's spelling are loaded when they are asked for.
        from playground.backend import get_array_module

        return get_array_module(*self.params.values())

    def _on_host(self, name: str) -> HostArray:
        """The values of a parameter, for a generator of the host."""
        return to_cpu(getattr(self, name).array)

    # ------------------------------------------------------------------------------ probabilities

    def log_prob(self, x: Operand) -> Variable:
        """The logarithm of the density (of the probability, if discrete) at ``x``."""
        raise self._absent("log_prob")

    def prob(self, x: Operand) -> Variable:
        """The density (the probability, if discrete) at ``x``."""
        # Where a formula of its own is more exact, or knows 0 times infinity, it stands there.
        return exp(self.log_prob(x))

    def cdf(self, x: Operand) -> Variable:
        """The probability of a draw that is at most ``x``."""
        raise self._absent("cdf")

    def icdf(self, x: Operand) -> Variable:
        """The inverse of :meth:`cdf`."""
        raise self._absent("icdf")

    def log_cdf(self, x: Operand) -> Variable:
        raise self._absent("log_cdf")

    def survival_function(self, x: Operand) -> Variable:
        """The probability of a draw that is above ``x``."""
        raise self._absent("survival_function")

    def log_survival_function(self, x: Operand) -> Variable:
        raise self._absent("log_survival_function")

    def perplexity(self, x: Operand) -> Variable:
        raise self._absent("perplexity")

    # ----------------------------------------------------------------------------------- moments

    @property
    def entropy(self) -> Variable:
        raise self._absent("entropy")

    @property
    def mean(self) -> Variable:
        raise self._absent("mean")

    @property
    def mode(self) -> Variable:
        raise self._absent("mode")

    @property
    def variance(self) -> Variable:
        raise self._absent("variance")

    @property
    def stddev(self) -> Variable:
        return sqrt(self.variance)

    @property
    def covariance(self) -> Variable:
        raise self._absent("covariance")

    # ------------------------------------------------------------------------------------- draws

    def sample(self, sample_shape: int | Shape = ()) -> Variable:
        """Draws of the shape ``sample_shape + batch_shape + event_shape``.

        They come from ``numpy.random`` unless the switch ``config.rng`` names a generator.
        """
        one = self.batch_shape + self.event_shape
        shape = (sample_shape,) if isinstance(sample_shape, int) else tuple(sample_shape)
        return self.sample_n(int(np.prod(shape, dtype=int))).reshape(shape + one)

    def sample_n(self, n: int) -> Variable:
        """``n`` draws, along a first axis."""
        raise self._absent("sample_n")


def drawn_beside(parameter: Variable, drawn: HostArray) -> Any:
    """What was drawn on the host, in the dtype and on the device of a parameter."""
    # Generators draw in double precision; rounded, the numbers are those of Chainer for the seed.
    return array_like(np.asarray(drawn).astype(parameter.dtype), parameter.array)


def numbers_of(x: Operand, parameter: Variable) -> Any:
    """The array of a point, without its gradient, in the dtype of a parameter."""
    # Counts and truth values often come as integers, which have no gradient to lose.
    return np.asarray(as_array_of(x), like=parameter.array).astype(parameter.dtype)


def one_of(name: str, **given: Operand) -> None:
    """Exactly one of the two spellings of a parameter must be given. Raises ValueError."""
    if sum(value is not None for value in given.values()) != 1:
        both = " or ".join(given)
        raise ValueError(f"{name}: expected exactly one of {both}: give {both}, not both")


def register_kl(Dist1: type, Dist2: type) -> Callable[[Divergence], Divergence]:
    """Decorator of the function that is the divergence of a ``Dist2`` from a ``Dist1``."""

    def register(divergence: Divergence) -> Divergence:
        _DIVERGENCES[Dist1, Dist2] = divergence
        return divergence

    return register


def kl_divergence(dist1: Distribution, dist2: Distribution) -> Variable:
    """The Kullback-Leibler divergence of ``dist2`` from ``dist1``: E[log p1(x) - log p2(x)].

    Raises KeyError for a pair of classes that nothing was registered for.
    """
    # The nearest pair of bases: a user's subclass of Normal is still normal.
    for one in type(dist1).__mro__:
        for two in type(dist2).__mro__:
            if (one, two) in _DIVERGENCES:
                return _DIVERGENCES[one, two](dist1, dist2)
    names = f"{type(dist1).__name__}, {type(dist2).__name__}"
    raise KeyError(
        f"kl_divergence: nothing is known for ({names}): write a function of the two under "
        f"@register_kl({names})"
    )


def cross_entropy(dist1: Distribution, dist2: Distribution) -> Variable:
    """The cross entropy: the entropy of ``dist1`` and what ``dist2`` adds to it."""
    return dist1.entropy + kl_divergence(dist1, dist2)
