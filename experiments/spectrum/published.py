"""The figures that the original eigenvalue study prints, all in float32."""

from __future__ import annotations

import numpy as np

__all__ = [
    "FIRST_POINT",
    "GRADIENT",
    "LOWEST_BY_MATRIX",
    "MATRIX",
    "SPECTRUM",
    "START",
    "STEPS",
]

MATRIX = np.array(
    [
        [0.6102723, 0.17637432, 0.38962376],
        [0.3735156, 0.6306771, 0.19141042],
        [0.34370267, 0.7677151, 0.4024818],
    ],
    np.float32,
)
# Of its lower triangle: the eigenvalues, and the derivative of the lowest by the elements.
SPECTRUM = np.array([-0.25994763, 0.34044334, 1.5629349])
LOWEST_BY_MATRIX = np.array(
    [
        [5.3867564e-04, 0, 0],
        [3.0038984e-02, 4.1877732e-01, 0],
        [-3.5372321e-02, -9.8626012e-01, 5.8068389e-01],
    ]
)
# A start r, dL/dr there for the targets 1, 1, 1, and where one step of Adam leads.
START = np.array([0.12108588, 0.8856114, 0.00449729, 0.22199583, 0.8411281, 0.54751956], np.float32)
GRADIENT = np.array([-1.757829, -0.22877683, -1.991005, 0.88798404, 3.3645139, 2.1900787])
FIRST_POINT = np.array([0.12208588, 0.8866114, 0.00549729, 0.22099583, 0.8401281, 0.5465196])
# "About", to a loss of 1e-8 from random starts.
STEPS = (2300, 3100)
