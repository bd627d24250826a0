"""numpy.linalg: inverses, factors and decompositions."""

from __future__ import annotations

import numpy as np

import playground.functions as F
from playground.functions.registry import RECORDED

RECORDED.update(
    {
        np.linalg.cholesky: F.cholesky,
        np.linalg.det: F.det,
        np.linalg.eigh: F.eigh,
        np.linalg.eigvalsh: F.eigvalsh,
        np.linalg.inv: F.inv,
        np.linalg.lstsq: F.lstsq,
        np.linalg.pinv: F.pinv,
        np.linalg.qr: F.qr,
        np.linalg.slogdet: F.slogdet,
        np.linalg.solve: F.solve,
        np.linalg.svd: F.svd,
        np.linalg.svdvals: F.svdvals,
    }
)
