"""What a laid out program does, step by step, on arrays that live as long as it does."""

from __future__ import annotations

from typing import Any, NamedTuple

from playground.graph.types import HostArray

__all__ = ["Step"]


class Step(NamedTuple):
    """One thing that is done on real arrays, of any strides.

    ===========  =============================================================================
    kind         what it does
    ===========  =============================================================================
    ``ufunc``    ``function(*inputs, out=outputs)``, inputs of the loop's own dtypes; where extra
                 is ``{"checked": True}`` a number that is invalid ends the run like a guard
    ``reduce``   ``function.reduce(input, **extra, out=output)``
    ``assign``   ``numpy.copyto(output, input, casting="unsafe")``
    ``where``    ``output[...] = numpy.where(*inputs)``
    ``take``     ``output[...] = input[extra]``
    ``put``      ``output[extra] = input``
    ``dot``      ``output[...] = numpy.vdot(*inputs)``
    ``power``    ``output[...] = math.pow(*inputs)``
    ``python``   ``function(*inputs, *outputs)``, which writes into the outputs
    ``guard``    the run ends at once unless the condition ``input`` is ``extra``
    ``halt``     the run ends after this round if the condition ``input`` is ``extra``
    ``log``      ``output[row] = input``
    ===========  =============================================================================
    """

    kind: str
    function: Any
    inputs: tuple[HostArray, ...]
    outputs: tuple[HostArray, ...]
    extra: Any = None
