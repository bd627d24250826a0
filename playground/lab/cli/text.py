"""What a report is made of: paragraphs, lists and matrices as text."""

from __future__ import annotations

import numpy as np

__all__ = ["matrix_text"]

# Up to this size a matrix is printed whole.
PRINT_WHOLE = 10


def matrix_text(name: str, matrix: np.ndarray) -> str:
    """``name`` and the matrix as text: whole when it is small, else its corners."""
    title = f"{name}  ({len(matrix)} x {matrix.shape[1]})"
    # Between these six decimals show the numbers well, without powers of ten.
    plain = bool(0.001 <= np.max(np.abs(matrix), initial=0.0) < 1e5)
    text = np.array2string(
        matrix,
        precision=6,
        suppress_small=plain,
        threshold=PRINT_WHOLE**2,
        edgeitems=3,
        max_line_width=120,
    )
    return f"{title}\n{text}"
