"""What a failed check says: both values, where they are farthest apart, and what it may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from playground.gradient_check.closeness import as_text, compared
from playground.gradient_check.numerical import Smoothness, element_name, slope
from playground.gradient_check.point import Point, total
from playground.graph.errors import NondifferentiableError
from playground.graph.types import Array, HostArray

# So many elements are looked at one by one; of a longer vector, the worse half is taken first.
LOOKED_AT = 256


class Finding(NamedTuple):
    """Two slopes that should be equal, and what they were computed from."""

    numerical: float
    backprop: float
    gradients: list[Any]
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
        return _distance(self.numerical, self.backprop)


def _distance(numerical: float, backprop: float) -> float:
    distance = abs(numerical - backprop)
    return np.inf if np.isnan(distance) else distance


class Report:
    """The messages of a check at a point, along a direction, that has failed."""

    def __init__(self, point: Point, direction: HostArray, cotangents: list[Any]) -> None:
        self.point, self.direction, self.cotangents = point, direction, cotangents

    def mismatch(self, finding: Finding) -> str:
        """The message of a check whose slopes differ."""
        worst, trouble = self._worst(finding)
        point = self.point
        return "\n".join(
            [
                f"{point.title}: backprop and finite differences disagree",
                f"slope along a random direction of length 1 ({point.size} elements, "
                f"eps={point.eps:g}):",
                *self._two(finding.numerical, finding.backprop),
                *([trouble] if worst is None else self._element(worst)),
                *self._arrays(finding),
                f"likely cause: {self._advice(finding, worst)}",
            ]
        )

    def _slope(self, low: int, high: int, smoothness: Smoothness | None = None) -> float:
        """The numerical slope along the elements ``low`` to ``high`` of the direction."""
        part = np.zeros_like(self.direction)
        part[low:high] = self.direction[low:high]
        return slope(self.point.line(part), self.cotangents, self.point.eps, smoothness)

    # ----------------------------------------------------------------------- the worst element

    def _two(self, numerical: float, backprop: float) -> list[str]:
        point = self.point
        return compared("numerical", numerical, "backprop", backprop, point.atol, point.rtol)

    def _element(self, worst: Element) -> list[str]:
        value = self.point.start[worst.slot][worst.place]
        name = element_name(self.point.names[worst.slot], worst.place)
        return [
            f"worst element: {name} = {value}, where the direction has {worst.direction:.6g}; "
            f"derivative with respect to it alone:",
            *self._two(worst.numerical, worst.backprop),
        ]

    def _worst(self, finding: Finding) -> tuple[Element | None, str]:
        """The element whose derivatives are farthest apart, or None and why it cannot be said."""
        try:
            low, high = 0, self.point.size
            while high - low > LOOKED_AT:
                middle = (low + high) // 2
                halves = (low, middle), (middle, high)
                low, high = max(halves, key=lambda half: self._apart(finding, *half))
            elements = [self._derivatives(finding, k) for k in range(low, high)]
        except Exception as error:  # func is the user's, and is tried at points it was not made for
            why = f"{type(error).__name__}: {error}"
            return None, f"(no single element could be looked at: {why})"
        if not elements:
            return None, "(no element varies)"
        return max(elements, key=lambda element: element.distance), ""

    def _apart(self, finding: Finding, low: int, high: int) -> float:
        """How far the slopes are apart along a part of the direction."""
        part = np.zeros_like(self.direction)
        part[low:high] = self.direction[low:high]
        backprop = total(finding.gradients, self.point.unpacked(part))
        return _distance(self._slope(low, high), backprop)

    def _derivatives(self, finding: Finding, k: int) -> Element:
        along = np.zeros_like(self.direction)
        along[k] = 1.0
        slot, place = self.point.place(k)
        gradient = finding.gradients[slot]
        return Element(
            slot,
            place,
            slope(self.point.line(along), self.cotangents, self.point.eps),
            0.0 if gradient is None else float(gradient[place]),
            float(self.direction[k]),
        )

    # ------------------------------------------------------------------------------ the arrays

    def _arrays(self, finding: Finding) -> list[str]:
        point, lines = self.point, ["arrays:"]
        directions = point.unpacked(self.direction)
        for name, x, d in zip(point.names, point.start, directions, strict=True):
            lines.append(f"  {name}: {self._layout(x)}")
            if x is not None:
                lines.append(as_text("    values    ", x))
            lines.append("    does not vary" if d is None else as_text("    direction ", d))
        for i, (y, gy) in enumerate(zip(finding.ys, finding.gys, strict=True)):
            creator = None if y is None else y.creator
            source = "" if creator is None else f", from {creator.label}"
            name = point.output_names[i] if point.output_names else f"outputs[{i}]"
            lines.append(f"  {name}: {self._layout(y)}{source}")
            if gy is not None:
                lines.append(as_text("    cotangent ", gy))
        return lines

    @staticmethod
    def _layout(x: Array | None) -> str:
        return "None" if x is None else f"shape {x.shape}, {x.dtype}"

    # ------------------------------------------------------------------------------ the advice

    def _advice(self, finding: Finding, worst: Element | None) -> str:
        """The first cause that its own trial does not rule out."""
        return (
            self._not_deterministic()
            or self._no_gradient(finding, worst)
            or self._rounding(finding)
            or self._not_smooth()
            or self._by_a_factor(worst)
            or "a wrong formula in the backward of a function: work out that element by hand"
        )

    def _not_deterministic(self) -> str:
        line = self.point.line(self.direction)
        pairs = zip(line(0.0), line(0.0), strict=True)
        if all(np.array_equal(a, b, equal_nan=True) for a, b in pairs if a is not None):
            return ""
        return (
            "func is not deterministic: two calls at the same point differ; make its random "
            "numbers inside func, from a seed"
        )

    def _no_gradient(self, finding: Finding, worst: Element | None) -> str:
        if worst is None or finding.gradients[worst.slot] is not None:
            return ""
        return (
            f"no gradient arrives at {self.point.names[worst.slot]} (None, counted as 0): the "
            f"graph is cut on the way, by .array, no_backprop_mode or a backward that returns None"
        )

    def _rounding(self, finding: Finding) -> str:
        """Rounding of the outputs, in the coarsest dtype, over the step of the differences."""
        coarse = max((np.finfo(y.dtype).eps for y in self._floats()), default=0.0)
        sizes = zip(self.point.line(self.direction)(0.0), self.cotangents, strict=True)
        size = sum(np.sum(np.abs(y * gy)) for y, gy in sizes if y is not None and gy is not None)
        noise = float(coarse) * float(size) / self.point.eps
        apart = abs(finding.numerical - finding.backprop)
        if coarse <= np.finfo(np.float64).eps or noise < apart:
            return ""
        return (
            f"rounding: it can move the numerical slope by about {noise:.2g} here; pass "
            f"dtype=numpy.float64, or a larger eps"
        )

    def _floats(self) -> list[Any]:
        """The floating point arrays that the numerical slope was computed from."""
        outputs = self.point.line(self.direction)(0.0)
        arrays = (*self.point.start, *outputs)
        return [x for x in arrays if x is not None and x.dtype.kind == "f"]

    def _not_smooth(self) -> str:
        # In float32 and below, rounding alone keeps five samples off a parabola.
        if any(x.dtype.itemsize < 8 for x in self._floats()):
            return ""
        try:
            self._slope(0, self.point.size, self.point.smoothness)
        except NondifferentiableError:
            return (
                "func looks as if it had a kink or a jump within eps: detect_nondifferentiable="
                "True says where; move the point away from it"
            )
        return ""

    def _by_a_factor(self, worst: Element | None) -> str:
        if worst is None or not worst.backprop or not worst.numerical:
            return ""
        return (
            f"a wrong formula in a backward: at the worst element, backprop / numerical is "
            f"{worst.backprop / worst.numerical:.4g}"
        )

    # ------------------------------------------------------------------------------------ kinks

    def kink(self, error: NondifferentiableError) -> NondifferentiableError:
        """The error of a check at a kink, with the element where it is, if one alone shows it."""
        low, high, details = 0, self.point.size, str(error)
        while high - low > 1:
            middle = (low + high) // 2
            for half in ((low, middle), (middle, high)):
                try:
                    self._slope(*half, self.point.smoothness)
                except NondifferentiableError as found:
                    (low, high), details = half, str(found)
                    break
            else:
                # No half alone comes as far: relu(x + y) where x + y is -1.5 eps.
                break
        return NondifferentiableError(
            f"{self.point.title}: no derivative at {self._span(low, high)}, along the direction of "
            f"the check\n{details}"
        )

    def _span(self, low: int, high: int) -> str:
        point = self.point
        if high - low != 1:
            return f"this point (in {high - low} elements of {', '.join(point.names)} together)"
        slot, place = point.place(low)
        return f"{element_name(point.names[slot], place)} = {point.start[slot][place]}"
