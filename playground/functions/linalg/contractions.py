"""Sums of products over named axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import numpy as np

from playground.functions.array import reshape
from playground.functions.array.joining import operand
from playground.functions.array.shaping import as_tuple
from playground.functions.array.views import note_view
from playground.functions.linalg.matrices import eye_like
from playground.functions.linalg.products import matmul
from playground.functions.operands import Promoting
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.op import Op, as_raw, sum_to_shape
from playground.graph.types import Array, Cotangents, Keywords, Node, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["einsum", "tensordot"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Einsum(Promoting, Op):
    """y = einsum(subscripts, *xs): products of elements, summed over the labels not in y."""

    __slots__ = ("inputs_", "options", "output")

    def __init__(self, inputs: Sequence[str], output: str, options: Keywords) -> None:
        self.inputs_, self.output, self.options = list(inputs), output, options
        self.keep = tuple(range(len(self.inputs_)))  # type: ignore[misc]

    def again(self, node: Node) -> Einsum | None:
        """Of one operand with nothing summed NumPy returns a view: einsum("ii->i", a)."""
        if len(self.inputs_) > 1 or set(self.inputs_[0]) != set(self.output):
            return None
        return Einsum(self.inputs_, self.output, self.options)

    def forward(self, *xs: Raw) -> Raw:
        return np.einsum(f"{','.join(self.inputs_)}->{self.output}", *xs, **self.options)

    def backward(self, gy: Array, *xs: Array) -> Cotangents:
        wants = self.wants
        return [self._gradient(i, gy, xs) if wants[i] else None for i in range(len(wants))]

    def _gradient(self, index: int, gy: Array, xs: Sequence[Array]) -> Array:
        """The cotangent of one operand: an einsum of that of y and the other operands."""
        labels = self.inputs_[index]
        others = [s for i, s in enumerate(self.inputs_) if i != index]
        operands = [gy, *(x for i, x in enumerate(xs) if i != index)]
        terms = [self.output, *others]
        shape = self.inputs[index].shape
        like = backend.as_array(as_raw(gy))
        fresh = (c for c in _LETTERS if c not in "".join([labels, *terms]))
        target = ""
        for label, length in zip(labels, shape, strict=True):
            if label in target:
                # A label twice in one operand reads a diagonal: the gradient lies on it.
                name = next(fresh)
                terms.append(label + name)
                operands.append(eye_like(like, length))
                target += name
                continue
            target += label
            # An axis of length 1 is broadcast, and so another operand may have the label and yet
            # not its length.
            if not any(
                label in term and length in (1, x.shape[term.index(label)])
                for term, x in zip(terms, operands, strict=True)
            ):
                # Summed in this operand alone: every element gets the same.
                terms.append(label)
                operands.append(np.ones_like(np.zeros(length, gy.dtype, like=like)))
        gx = np.einsum(f"{','.join(terms)}->{target}", *operands, **self.options)
        # An axis of length 1 was broadcast against a longer one of the same label.
        return sum_to_shape(gx, shape)


@answers(np.einsum)
def einsum(*operands: Operand, optimize: bool | str = False) -> Variable:
    """Einstein summation, with subscripts as text or as lists of axes after each operand.

    ``optimize`` lets NumPy choose the order of more than two operands, here and in the gradients.
    """
    subscripts, *xs = operands
    if not isinstance(subscripts, str):
        # einsum(x, [0, 1], y, [1, 2], [0, 2]): each operand with its axes, and those of the output.
        pairs = len(operands) // 2
        terms = [
            "".join("..." if a is Ellipsis else _LETTERS[a] for a in axes)
            for axes in (*operands[1::2], *operands[2 * pairs :])
        ]
        xs = list(operands[: 2 * pairs : 2])
        subscripts = ",".join(terms[:pairs]) + "".join(f"->{out}" for out in terms[pairs:])
    xs = [operand(x) for x in xs]
    inputs, output = _explicit(subscripts, [x.ndim for x in xs])
    (y,) = Einsum(inputs, output, {"optimize": optimize} if optimize else {}).apply(xs)
    if len(xs) == 1:
        note_view(y.node)
    return y


def _explicit(subscripts: str, ndims: Sequence[int]) -> tuple[list[str], str]:
    """Input and output labels without an ellipsis and with the output spelled out."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ndims):
        raise InvalidType("einsum", f"{len(inputs)} operands for {subscripts!r}", f"{len(ndims)}")
    free = [c for c in _LETTERS if c not in subscripts]
    spans = [
        n - len(s.replace("...", "")) if "..." in s else 0
        for s, n in zip(inputs, ndims, strict=True)
    ]
    widest = max(chain(spans, [0]))
    dots = "".join(free[:widest])
    named = left.replace("...", "").replace(",", "")
    if not arrow:
        # NumPy's implicit output: the axes of the ellipsis, then what is named once, by alphabet.
        output = "..." * bool(widest) + "".join(
            sorted(c for c in set(named) if named.count(c) == 1)
        )
    # Ellipses are broadcast from behind: a narrower one takes the last of the letters.
    inputs = [
        s.replace("...", dots[widest - span :]) for s, span in zip(inputs, spans, strict=True)
    ]
    for labels, ndim in zip(inputs, ndims, strict=True):
        if len(labels) != ndim:
            expected = f"{len(labels)} dimensions for {labels!r} in {subscripts!r}"
            raise InvalidType("einsum", expected, f"{ndim}")
    return inputs, output.replace("...", dots)


@answers(np.tensordot, np.linalg.tensordot)
def tensordot(a: Operand, b: Operand, axes: int | Sequence[int | Sequence[int]] = 2) -> Variable:
    """Sum of products over ``axes``: a number of axes, or a pair of lists of them."""
    a, b = operand(a), operand(b)
    if isinstance(axes, (int, np.integer)):
        left, right = tuple(range(-axes, 0)), tuple(range(axes))
    else:
        left, right = (as_tuple(x) for x in axes)
    # Looked at before they are counted from 0, which would make an axis of any number.
    normal_axes(left, a.ndim, "tensordot")
    normal_axes(right, b.ndim, "tensordot")
    summed_a = [x % a.ndim for x in left]
    summed_b = [x % b.ndim for x in right]
    if [a.shape[i] for i in summed_a] != [b.shape[i] for i in summed_b]:
        raise InvalidType("tensordot", f"lengths that match along {axes}", f"{a.shape}, {b.shape}")
    free_a = [i for i in range(a.ndim) if i not in summed_a]
    free_b = [i for i in range(b.ndim) if i not in summed_b]
    shape = [a.shape[i] for i in free_a] + [b.shape[i] for i in free_b]
    # One product of matrices, and so BLAS: the summed axes last on the left, first on the right.
    inner = math.prod(a.shape[i] for i in summed_a)
    rows = math.prod(a.shape[i] for i in free_a)
    columns = math.prod(b.shape[i] for i in free_b)
    left_matrix = a.transpose(free_a + summed_a).reshape((rows, inner))
    right_matrix = b.transpose(summed_b + free_b).reshape((inner, columns))
    return reshape(matmul(left_matrix, right_matrix), shape)
