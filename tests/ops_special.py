"""The rows of special functions; SciPy's own are the references."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

import playground.functions as F
from playground.functions.elementwise import special
from tests.rows import NO_NUMBERS, ONE, Row, case


def _in_its_dtype(function: Callable[..., Any]) -> Callable[..., Any]:
    """SciPy answers half precision in single."""
    return lambda x, /, **args: np.asarray(function(x, **args)).astype(x.dtype)


def of_scipy(name: str, op: type, theirs: str = "", **options: Any) -> Row:
    """A special function of one array that SciPy has too."""
    ref = _in_its_dtype(getattr(scipy.special, theirs or name))
    return Row(name, op, ONE, ref=ref, bad=(NO_NUMBERS,), **options)


POSITIVE: dict[str, Any] = {"domain": (0.5, 3.0), "signed": False}
ORDERS = np.array([0, 1, 3])
EXPONENTS = np.array([2.5, 3.0, 1.5])

ROWS: tuple[Row, ...] = (
    of_scipy("erf", special.Erf),
    of_scipy("erfc", special.Erfc),
    of_scipy("erfcx", special.Erfcx),
    of_scipy("erfinv", special.Erfinv, domain=(0.1, 0.8)),
    of_scipy("erfcinv", special.Erfcinv, domain=(0.3, 1.7), signed=False),
    of_scipy("ndtr", special.Ndtr),
    of_scipy("ndtri", special.Ndtri, domain=(0.1, 0.9), signed=False),
    of_scipy("log_ndtr", special.LogNdtr),
    of_scipy("lgamma", special.LGamma, "gammaln", domain=(0.5, 3.0), signed=False),
    of_scipy("digamma", special.Digamma, **POSITIVE),
    Row(
        "polygamma",
        special.Polygamma,
        (case((2, 3), n=1), case((), n=2), case((2, 3), n=ORDERS), case((0, 3), n=1)),
        f=lambda x, n: F.polygamma(n, x),
        ref=_in_its_dtype(lambda x, n: scipy.special.polygamma(n, x)),
        bad=(case((2, 3), n=np.array([1, 2])), case((2, 3), n=0.5)),
        **POSITIVE,
    ),
    Row(
        "zeta",
        special.Zeta,
        (case((2, 3), x=2.0), case((), x=3), case((2, 3), x=EXPONENTS), case((0, 3), x=2.0)),
        f=lambda q, x: F.zeta(x, q),
        ref=_in_its_dtype(lambda q, x: scipy.special.zeta(x, q)),
        bad=(case((2, 3), x=np.array([1.5, 2.5])),),
        **POSITIVE,
    ),
)
