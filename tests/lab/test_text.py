"""Numbers as text, for the report of a run."""

from __future__ import annotations

import numpy as np

from playground.lab import cli


def test_a_small_matrix_is_printed_whole_and_a_large_one_in_part():
    text = cli.matrix_text("Y", np.array([[1.25, -3.0], [0.5, 1e-9]]))
    assert text.startswith("Y  (2 x 2)\n")
    assert "1.25" in text
    assert "-3." in text
    assert "..." in cli.matrix_text("Y", np.eye(1000))
    assert len(cli.matrix_text("Y", np.eye(1000))) < 2000
