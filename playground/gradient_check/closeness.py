"""Whether two arrays are close, and where they are farthest apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.graph.backend import to_cpu
from playground.graph.errors import GradientCheckError
from playground.graph.types import HostArray, Operand, Raw, Scalar
from playground.graph.variable import as_array_of

# An array with more elements than this is shortened in a message.
SHOWN = 1000


def assert_allclose(
    x: Operand, y: Operand, atol: float = 1e-5, rtol: float = 1e-4, verbose: bool = True
) -> None:
    """Raise GradientCheckError (an AssertionError) unless ``|x - y| <= atol + rtol * |y|``.

    ``x`` and ``y`` are numbers, arrays on any device or Variables, of one shape or one of them
    0-d; NaN equals NaN. The error names the worst element; ``verbose`` adds both arrays.
    """
    x, y = (np.asarray(to_cpu(as_array_of(value))) for value in (x, y))
    if x.shape != y.shape and x.ndim and y.ndim:
        raise GradientCheckError(
            f"assert_allclose: expected arrays of one shape, got {x.shape} and {y.shape}"
        )
    close = is_close(x, y, atol, rtol)
    if close.all():
        return
    x_wide, y_wide = np.broadcast_arrays(x, y)
    with np.errstate(invalid="ignore", over="ignore"):
        # In a float dtype: the difference of unsigned numbers would wrap around.
        excess = np.abs(np.subtract(x_wide, y_wide, dtype=np.result_type(x, y, 1.0)))
        excess = excess - rtol * np.abs(y_wide)
    # NaN counts as the largest.
    excess = np.where(close, -np.inf, excess)
    place = tuple(map(int, np.unravel_index(np.argmax(excess), excess.shape)))
    where = f" [{', '.join(map(str, place))}]" if place else ""
    lines = [
        f"assert_allclose: {np.sum(~close)} of {close.size} elements differ by more than "
        f"atol + rtol * |y|; the worst{where}:",
        *compared("x", x_wide[place], "y", y_wide[place], atol, rtol),
        f"  x: shape {x.shape}, {x.dtype};  y: shape {y.shape}, {y.dtype}",
    ]
    if verbose:
        lines += [as_text("  x = ", x, SHOWN), as_text("  y = ", y, SHOWN)]
    raise GradientCheckError("\n".join(lines))


def is_close(x: HostArray | float, y: HostArray | float, atol: float, rtol: float) -> Any:
    """Elementwise ``|x - y| <= atol + rtol * |y|``; NaN equals NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=True)


def compared(x_name: str, x: Scalar, y_name: str, y: Scalar, atol: float, rtol: float) -> list[str]:
    """Lines that show two numbers, how far apart they are, and how far they may be."""
    # Python's numbers neither wrap around, as unsigned ones do, nor refuse to be subtracted.
    kind = complex if np.iscomplexobj(x) or np.iscomplexobj(y) else float
    absolute, size = abs(kind(x) - kind(y)), abs(kind(y))
    relative, allowed = absolute / size if size else np.inf, atol + rtol * size
    width = max(len(x_name), len(y_name), len("absolute difference"))
    rows = {
        x_name: f"{x!s}",
        y_name: f"{y!s}",
        "absolute difference": f"{absolute:.3g}   "
        f"(allowed: atol + rtol * |{y_name}| = {atol:g} + {rtol:g} * {size:.3g} = {allowed:.3g})",
        "relative difference": f"{relative:.3g}",
    }
    return [f"  {name.ljust(width)} = {text}" for name, text in rows.items()]


def as_text(label: str, array: Raw, most: int = 12) -> str:
    """A label and an array, its rows below one another, shortened beyond ``most`` elements."""
    text = np.array2string(
        to_cpu(array), threshold=most, edgeitems=3, precision=6, prefix=" " * len(label)
    )
    return label + text
