"""What a report is made of: paragraphs, a list of numbers, matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["matrix_text", "report"]

# Up to this size a matrix is printed whole.
PRINT_WHOLE = 10


def report(paragraphs: Sequence[str], entries: Sequence[tuple[str, str]], foot: str) -> str:
    """Paragraphs, the (label, text) pairs as an aligned list, and a last line."""
    width = max((len(label) for label, _ in entries), default=0)
    lines = [f"{label:<{width}}   {text}" for label, text in entries]
    return "\n" + "\n\n".join([*paragraphs, *(["\n".join(lines)] if lines else []), foot])


def matrix_text(name: str, matrix: np.ndarray) -> str:
    """``name`` and the matrix as text: whole when it is small, else its corners."""
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
    return f"{name}  ({len(matrix)} x {matrix.shape[1]})\n{text}"
