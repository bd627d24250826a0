"""What NumPy knows of a matrix before and after the descent."""

from __future__ import annotations

import numpy as np
import pytest

from playground.graph.errors import InputError
from playground.inverse.matrices import (
    condition_number,
    inverted,
    require_memory,
    require_square,
)


@pytest.mark.parametrize("shape", [(2, 3), (3, 1), (0, 0)])
def test_only_a_square_matrix_has_an_inverse(shape):
    with pytest.raises(InputError, match=f"m.csv has {shape[0]} rows and {shape[1]} column"):
        require_square(np.ones(shape), "m.csv")
    require_square(np.ones((1, 1)), "m.csv")


def test_a_matrix_that_cannot_fit_is_refused_before_it_is_made():
    with pytest.raises(InputError, match=r"1000000 x 1000000 .* needs about 96,000 GB"):
        require_memory(1_000_000, "float64", 12)
    require_memory(1000, "float64", 12)


def test_condition_number(monkeypatch):
    matrix = np.diag([4.0, 2.0, -0.5]).astype(np.float32)
    assert condition_number(matrix, inverted(matrix)) == pytest.approx(8)
    monkeypatch.setattr("playground.inverse.matrices.EXACT_CONDITION", 2)  # as if it were large
    assert condition_number(matrix, inverted(matrix)) == pytest.approx(8)
    singular = np.zeros((2, 2))
    assert inverted(singular) is None
    assert condition_number(singular, None) == np.inf
