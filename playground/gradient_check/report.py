"""What a failed check says: both values, where they are farthest apart, and what it may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from playground.gradient_check.closeness import as_text, difference
from playground.gradient_check.numerical import named, slope
from playground.gradient_check.point import Point, total
from playground.graph.errors import NondifferentiableError

# So many elements are looked at one by one; of a longer vector, the worse half is taken first.
LOOKED_AT = 256


class Finding(NamedTuple):
    """Two slopes along a direction that should be equal, and what they were computed from."""

    direction: np.ndarray
    numerical: float
    backprop: float
    gradients: list[Any]
    cotangents: list[Any]
    ys: Sequence[Any]
    gys: Sequence[Any]


class Element(NamedTuple):
    """The two derivatives with respect to one element."""

    slot: int
    place: tuple[int, ...]
    numerical: float
    backprop: float
    direction: float

    @property
    def distance(self) -> float:
        """How far they are apart; NaN counts as infinitely far."""
        distance = abs(self.numerical - self.backprop)
        return np.inf if np.isnan(distance) else distance


def mismatch(point: Point, finding: Finding) -> str:
    """The message of a check whose slopes differ."""
    worst, trouble = _worst(point, finding)
    return "\n".join(
        [
            f"{point.title}: backprop and finite differences disagree",
            f"slope along a random direction of length 1 ({point.size} elements, "
            f"eps={point.eps:g}):",
            *_two(point, finding.numerical, finding.backprop),
            *([trouble] if worst is None else _element(point, worst)),
            *_arrays(point, finding),
            f"likely cause: {_advice(point, finding, worst)}",
        ]
    )


def _two(point: Point, numerical: float, backprop: float) -> list[str]:
    return difference("numerical", numerical, "backprop", backprop, point.atol, point.rtol)


def _element(point: Point, worst: Element) -> list[str]:
    value = point.start[worst.slot][worst.place]
    return [
        f"worst element: {named(point.names[worst.slot], worst.place)} = {value}, where the "
        f"direction has {worst.direction:.6g}; derivative with respect to it alone:",
        *_two(point, worst.numerical, worst.backprop),
    ]


def _worst(point: Point, finding: Finding) -> tuple[Element | None, str]:
    """The element whose derivatives are farthest apart, or None and why it cannot be said."""
    try:
        low, high = 0, point.size
        while high - low > LOOKED_AT:
            middle = (low + high) // 2
            halves = (low, middle), (middle, high)
            low, high = max(halves, key=lambda half: _apart(point, finding, *half))
        elements = [_derivatives(point, finding, k) for k in range(low, high)]
    except Exception as error:  # func is the user's, and is tried at points it was not made for
        return None, f"(no single element could be looked at: {type(error).__name__}: {error})"
    if not elements:
        return None, "(no element varies)"
    return max(elements, key=lambda element: element.distance), ""


def _apart(point: Point, finding: Finding, low: int, high: int) -> float:
    """How far the slopes are apart along a part of the direction."""
    part = np.zeros_like(finding.direction)
    part[low:high] = finding.direction[low:high]
    numerical = slope(point.line(part), finding.cotangents, point.eps)
    distance = abs(numerical - total(finding.gradients, point.unpacked(part)))
    return np.inf if np.isnan(distance) else distance


def _derivatives(point: Point, finding: Finding, k: int) -> Element:
    along = np.zeros_like(finding.direction)
    along[k] = 1.0
    slot, place = point.place(k)
    gradient = finding.gradients[slot]
    return Element(
        slot,
        place,
        slope(point.line(along), finding.cotangents, point.eps),
        0.0 if gradient is None else float(gradient[place]),
        float(finding.direction[k]),
    )


# --------------------------------------------------------------------------------- the arrays


def _arrays(point: Point, finding: Finding) -> list[str]:
    lines = ["arrays:"]
    directions = point.unpacked(finding.direction)
    for name, x, d in zip(point.names, point.start, directions, strict=True):
        lines.append(f"  {name}: {_kind(x)}")
        if x is not None:
            lines.append(as_text("    values    ", x))
        lines.append("    does not vary" if d is None else as_text("    direction ", d))
    for i, (y, gy) in enumerate(zip(finding.ys, finding.gys, strict=True)):
        creator = None if y is None else y.creator
        source = "" if creator is None else f", from {creator.label}"
        name = point.output_names[i] if point.output_names else f"outputs[{i}]"
        lines.append(f"  {name}: {_kind(y)}{source}")
        if gy is not None:
            lines.append(as_text("    cotangent ", gy))
    return lines


def _kind(x: Any) -> str:
    return "None" if x is None else f"shape {x.shape}, {x.dtype}"


# --------------------------------------------------------------------------------- the advice


def _advice(point: Point, finding: Finding, worst: Element | None) -> str:
    """The first cause that its own trial does not rule out."""
    for cause in (_not_deterministic, _no_gradient, _rounding, _not_smooth, _by_a_factor):
        if text := cause(point, finding, worst):
            return text
    return "a wrong formula in the backward of a function: work out that element by hand"


def _not_deterministic(point: Point, finding: Finding, worst: Element | None) -> str:
    line = point.line(finding.direction)
    pairs = zip(line(0.0), line(0.0), strict=True)
    if all(np.array_equal(a, b, equal_nan=True) for a, b in pairs if a is not None):
        return ""
    return (
        "func is not deterministic: two calls at the same point differ; make its random numbers "
        "inside func, from a seed"
    )


def _no_gradient(point: Point, finding: Finding, worst: Element | None) -> str:
    if worst is None or finding.gradients[worst.slot] is not None:
        return ""
    return (
        f"no gradient arrives at {point.names[worst.slot]} (None, counted as 0): the graph is cut "
        f"on the way, by .array, no_backprop_mode or a backward that returns None"
    )


def _rounding(point: Point, finding: Finding, worst: Element | None) -> str:
    """Rounding of the outputs, in the coarsest dtype, over the step of the differences."""
    coarse = max((np.finfo(y.dtype).eps for y in _real(point, finding)), default=0.0)
    sizes = zip(point.line(finding.direction)(0.0), finding.cotangents, strict=True)
    size = sum(np.sum(np.abs(y * gy)) for y, gy in sizes if y is not None and gy is not None)
    noise = float(coarse) * float(size) / point.eps
    if coarse <= np.finfo(np.float64).eps or noise < abs(finding.numerical - finding.backprop):
        return ""
    return (
        f"rounding: it can move the numerical slope by about {noise:.2g} here; pass "
        f"dtype=numpy.float64, or a larger eps"
    )


def _real(point: Point, finding: Finding) -> list[Any]:
    outputs = point.line(finding.direction)(0.0)
    return [x for x in (*point.start, *outputs) if x is not None and x.dtype.kind == "f"]


def _not_smooth(point: Point, finding: Finding, worst: Element | None) -> str:
    if any(x.dtype.itemsize < 8 for x in _real(point, finding)):
        return ""
    try:
        slope(point.line(finding.direction), finding.cotangents, point.eps, point.fit)
    except NondifferentiableError:
        return (
            "func looks as if it had a kink or a jump within eps: detect_nondifferentiable=True "
            "says where; move the point away from it"
        )
    return ""


def _by_a_factor(point: Point, finding: Finding, worst: Element | None) -> str:
    if worst is None or not worst.backprop or not worst.numerical:
        return ""
    return (
        f"a wrong formula in a backward: at the worst element, backprop / numerical is "
        f"{worst.backprop / worst.numerical:.4g}"
    )


# --------------------------------------------------------------------------------------- kinks


def kink(
    point: Point, direction: np.ndarray, cotangents: list[Any], error: NondifferentiableError
) -> NondifferentiableError:
    """The error of a check at a kink, with the element where it is, if one alone shows it."""
    low, high, details = 0, point.size, str(error)
    while high - low > 1:
        middle = (low + high) // 2
        for half in ((low, middle), (middle, high)):
            found = _kink_along(point, direction, cotangents, *half)
            if found:
                (low, high), details = half, found
                break
        else:
            break
    return NondifferentiableError(
        f"{point.title}: no derivative at {_span(point, low, high)}, along the direction of the "
        f"check\n{details}"
    )


def _kink_along(
    point: Point, direction: np.ndarray, cotangents: list[Any], low: int, high: int
) -> str:
    part = np.zeros_like(direction)
    part[low:high] = direction[low:high]
    try:
        slope(point.line(part), cotangents, point.eps, point.fit)
    except NondifferentiableError as error:
        return str(error)
    return ""


def _span(point: Point, low: int, high: int) -> str:
    if high - low != 1:
        return f"this point (in {high - low} elements of {', '.join(point.names)} together)"
    slot, place = point.place(low)
    value = point.start[slot][place]
    return f"{named(point.names[slot], place)} = {value}"
