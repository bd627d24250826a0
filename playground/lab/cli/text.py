"""What a report is made of: paragraphs, a list of numbers, matrices."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

import numpy as np

__all__ = ["matrix_text", "one_line", "report", "shell_word"]

# Up to this size a matrix is printed whole.
PRINT_WHOLE = 10
# Of a usual terminal, in which a longer line would go on in the next.
LINE_WIDTH = 80
# A line longer than this is cut in the middle.
LONGEST_LINE = 1000


def one_line(text: str) -> str:
    """The text with escapes for what a terminal would not show, such as a line break in a name."""
    shown = "".join(map(_escaped, text))
    cut = len(shown) - LONGEST_LINE
    return shown if cut <= 0 else f"{shown[: LONGEST_LINE // 2]} … {shown[-LONGEST_LINE // 2 :]}"


def shell_word(path: str | os.PathLike[str]) -> str:
    """A path as one word of a shell, what cannot be printed in the quotes of bash and zsh."""
    text = os.fspath(path)
    if text.isprintable():
        return shlex.quote(text)
    quoted = "".join(f"\\{c}" if c in "\\'" else _escaped(c) for c in text)
    return f"$'{quoted}'"


def _escaped(character: str) -> str:
    """A character that can be printed as it is, else its bytes as escapes."""
    if character.isprintable():
        return character
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    # A byte of a path that is not UTF-8 arrives as half of a surrogate pair.
    a_byte = 0xDC80 <= ord(character) <= 0xDCFF
    octets = character.encode("utf-8", "surrogateescape" if a_byte else "surrogatepass")
    return short.get(character) or "".join(f"\\x{octet:02x}" for octet in octets)


def report(paragraphs: Sequence[str], entries: Sequence[tuple[str, str]], foot: str) -> str:
    """Paragraphs, the (label, text) pairs as an aligned list, and a last line."""
    width = max((len(label) for label, _ in entries), default=0)
    lines = [f"{label:<{width}}   {text}" for label, text in entries]
    return "\n" + "\n\n".join([*paragraphs, *(["\n".join(lines)] if lines else []), foot])


def matrix_text(name: str, matrix: np.ndarray, whole: str = "") -> str:
    """``name`` and the matrix as text: whole when its rows fit into a line, else its corners.

    ``whole`` says where all of it is.
    """
    # Between these six decimals show the numbers well, without powers of ten.
    plain = bool(0.001 <= np.max(np.abs(matrix), initial=0.0) < 1e5)
    # A row that goes on in the next line cannot be read as a matrix: rather fewer columns.
    for threshold, corner in ((PRINT_WHOLE**2, 3), (0, 3), (0, 2), (0, 1)):
        text = np.array2string(
            matrix,
            precision=6,
            suppress_small=plain,
            threshold=threshold,
            edgeitems=corner,
            max_line_width=10**6,
        )
        if max(map(len, text.splitlines()), default=0) <= LINE_WIDTH:
            break
    cut = "; its corners" + (f", all of it is in {whole}" if whole else "") if "..." in text else ""
    return f"{name}  ({len(matrix)} x {matrix.shape[1]}{cut})\n{text}"
