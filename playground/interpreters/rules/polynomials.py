"""Polynomials by their coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import operand
from playground.functions.operands import together
from playground.functions.registry import answers, refuse
from playground.graph import backend
from playground.graph.errors import InvalidIndex, InvalidType
from playground.graph.op import variable_of
from playground.graph.types import Operand, Scalar
from playground.graph.variable import Variable

refuse("poly", "multiply the factors (1, -root) with numpy.convolve")
refuse("polyfit", "use numpy.linalg.lstsq(numpy.vander(x, degree + 1), y)")
refuse("roots", "eigenvalues of a matrix that is not symmetric have no rule: solve by Newton steps")


@answers(np.polyval)
def polyval(p: Operand, x: Operand) -> Variable:
    p, x = together("polyval", p, x)
    if not p.size:
        return F.multiply(x, 0)
    # Horner's scheme, as NumPy, to the last bit.
    y = F.broadcast_to(p[0], x.shape)
    for i in range(1, p.shape[0]):
        y = F.add(F.multiply(y, x), p[i])
    return y


@answers(np.vander)
def vander(x: Operand, N: int | None = None, increasing: bool = False) -> Variable:
    if x.ndim != 1:
        raise ValueError(f"vander: expected one dimension, got {x.ndim}")
    powers = range(len(x) if N is None else N)
    if not powers:
        return F.get_item(F.expand_dims(x, 1), (slice(None), slice(0)))
    # Powers by whole numbers keep finite derivatives at 0.
    return F.stack([F.power(x, k) for k in (powers if increasing else reversed(powers))], 1)


@answers(np.polyder)
def polyder(p: Operand, m: int = 1) -> Variable:
    if m < 0:
        raise ValueError(f"polyder: expected an order m >= 0, got {m}")
    y = operand(p)
    for _ in range(m):
        y = F.multiply(y[:-1], np.arange(y.shape[0] - 1, 0, -1, dtype=y.dtype))
    return y


@answers(np.polyint)
def polyint(p: Operand, m: int = 1, k: Scalar = None) -> Variable:
    if m < 0:
        raise ValueError(f"polyint: expected an order m >= 0, got {m}")
    y, constants = together("polyint", p, 0.0 if k is None else k)
    constants = constants.reshape(-1)
    for i in range(m):
        divided = F.divide(y, np.arange(y.shape[0], 0, -1, dtype=y.dtype))
        end = constants[i : i + 1] if constants.shape[0] > 1 else constants
        y = F.concat([divided, end], 0)
    return y


@answers(np.polyadd)
def polyadd(a1: Operand, a2: Operand) -> Variable:
    return F.add(*_one_length("polyadd", a1, a2))


@answers(np.polysub)
def polysub(a1: Operand, a2: Operand) -> Variable:
    return F.subtract(*_one_length("polysub", a1, a2))


def _one_length(name: str, a1: Operand, a2: Operand) -> list[Any]:
    """Both coefficient vectors, with zeros ahead of the shorter one."""
    vectors = [a if a.ndim else a.reshape(-1) for a in together(name, a1, a2)]
    length = max(v.shape[0] for v in vectors)
    return [
        v
        if v.shape[0] == length
        else F.concat([np.zeros((length - v.shape[0],), v.dtype, like=v.array), v], 0)
        for v in vectors
    ]


@answers(np.polymul)
def polymul(a1: Operand, a2: Operand) -> Variable:
    left, right = together("polymul", a1, a2)
    return F.convolve(_without_leading_zeros(left), _without_leading_zeros(right))


@answers(np.polydiv)
def polydiv(u: Operand, v: Operand) -> tuple[Variable, Variable]:
    u, v = (a if a.ndim else a.reshape(-1) for a in together("polydiv", u, v))
    if u.ndim != 1 or v.ndim != 1 or not u.size or not v.size:
        shapes = f"shapes {u.shape} and {v.shape}"
        raise InvalidIndex("polydiv", "coefficients in one dimension, at least one", shapes)
    # Long division as NumPy does it, to the last bit.
    scale, n = F.divide(1.0, v[0]), v.shape[0]
    quotient, heads, rest = [], [], u
    for _ in range(u.shape[0] - n + 1):
        quotient.append(F.multiply(scale, rest[0]))
        taken = F.subtract(rest[:n], F.multiply(quotient[-1], v))
        heads.append(taken[:1])
        rest = F.concat([taken[1:], rest[n:]], 0)
    if not quotient:
        return variable_of(np.zeros((1,), u.dtype, like=u.array)), _remainder(u, 0)
    return F.stack(quotient, 0), _remainder(F.concat([*heads, rest], 0), len(heads))


def _remainder(rest: Variable, eliminated: int) -> Variable:
    """Without the leading coefficients that are 0 to NumPy's tolerance; the last one stays."""
    if backend.is_symbolic(rest.array):
        return rest[min(eliminated, rest.shape[0] - 1) :]
    start = 0
    while start < rest.shape[0] - 1:
        near = abs(rest.array[start]) <= 1e-8
        if not backend.everywhere(near):
            if backend.anywhere(near):
                raise InvalidType(
                    "polydiv",
                    "a remainder of one length in all lanes",
                    "a leading coefficient that is 0 in some of them",
                    "Divide one by one, or pad the remainders yourself.",
                )
            break
        start += 1
    return rest[start:]


def _without_leading_zeros(a: Variable) -> Variable:
    """The coefficients from the first on that is not 0, as NumPy's polynomials have them."""
    vector = a if a.ndim else a.reshape(-1)
    if vector.ndim != 1:
        raise InvalidType("polymul", "coefficients in one dimension", f"{vector.ndim} dimensions")
    values = vector.array
    if backend.level_of(values) is not None:
        # Asked of all lanes at once: one that starts with 0 would be shorter than the others.
        if vector.size and backend.anywhere(values[0] == 0):
            raise InvalidType(
                "polymul",
                "a leading coefficient that is not 0 in any lane",
                "one that is 0, so that lengths differ from lane to lane",
                "Use np.convolve, which keeps leading zeros.",
            )
        return vector
    if not vector.size:
        return variable_of(np.zeros((1,), vector.dtype, like=values))
    places = np.flatnonzero(backend.to_cpu(values))
    # Of zeros alone the last one stays, the constant term.
    return vector[int(places[0]) if places.size else vector.size - 1 :]
