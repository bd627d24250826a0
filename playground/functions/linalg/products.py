"""The product of vectors and matrices."""

from __future__ import annotations

import numpy as np

from playground.functions.operands import Promoting, operator, together, turn_of
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import OperandError
from playground.graph.op import Broadcasting
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["batch_matmul", "matmul"]


class MatMul(Promoting, Broadcasting):
    """z = x @ y over the last two axes, the others broadcast; x (…, l, m), y (…, m, n).

    A 1-D x is a row and a 1-D y a column, whose axis of length 1 is left out of z.
    """

    __slots__ = ()
    label = "MatMul"
    keep = (0, 1)
    elementwise = False

    def forward(self, x: Raw, y: Raw) -> Raw:
        # numpy.dot is the same product at half the overhead of a ufunc.
        return np.dot(x, y) if x.ndim == 2 and y.ndim == 2 else np.matmul(x, y)

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        left, right = self.wants
        gx = gy = None
        if x.ndim == 2 and y.ndim == 2:
            if left:
                gx = np.dot(gz, y.T)
            if right:
                gy = np.dot(x.T, gz)
            return gx, gy
        if x.ndim <= 2 and y.ndim <= 2:
            return self._of_vectors(gz, x, y)
        # Vectors as matrices: the axes that the product left out are put back.
        column = y.ndim == 1
        if x.ndim == 1:
            x = x.reshape((1, -1))
            gz = np.expand_dims(gz, -2)
        if column:
            y = y.reshape((-1, 1))
            gz = np.expand_dims(gz, -1)
        if left:
            gx = np.matmul(gz, y.swapaxes(-1, -2))
        if right:
            gy = np.matmul(x.swapaxes(-1, -2), gz)
            gy = gy.reshape(gy.shape[:-1]) if column else gy
        return gx, gy

    def _of_vectors(self, gz: Array, x: Array, y: Array) -> Cotangents:
        """The gradients where x, y or both are vectors, and the other a matrix.

        Told apart from the general case for the sake of a diagonal cotangent, as a Jacobian has:
        these texts multiply it as it is, where inserted axes would have it written out.
        """
        left, right = self.wants
        gx = gy = None
        if x.ndim == y.ndim:
            return (gz * y if left else None), (gz * x if right else None)
        if y.ndim == 1:
            if left:
                gx = np.expand_dims(gz, -1) * y
            if right:
                gy = gz @ x
        else:
            if left:
                gx = y @ gz
            if right:
                gy = np.expand_dims(x, -1) * np.expand_dims(gz, -2)
        return gx, gy

    def pull(self, gy: Raw) -> Cotangents:
        x, y = self.inputs
        # NumPy multiplies a cotangent of strides 0, as a sum's is, without BLAS: it is written out.
        gxs = self.backward(backend.dense(gy), x.data, y.data)
        # Between two matrices nothing was broadcast.
        return gxs if len(x.shape) == 2 and len(y.shape) == 2 else self.fitted(gxs)


@answers(np.matmul, np.linalg.matmul)
def matmul(a: Operand, b: Operand, transa: bool = False, transb: bool = False) -> Variable:
    """Matrix product, batched over leading axes as ``numpy.matmul`` does.

    ``transa`` and ``transb`` transpose the last two axes of an operand first. A 1-D operand is a
    row on the left and a column on the right, and its axis disappears from the result.
    """
    if transa:
        a = a.swapaxes(-1, -2)
    if transb:
        b = b.swapaxes(-1, -2)
    return MatMul().of(a, b)


def batch_matmul(a: Operand, b: Operand, transa: bool = False, transb: bool = False) -> Variable:
    """Products of the matrices in two batches: (n, p, q), (n, q, r) to (n, p, r).

    An operand of two axes is a batch of columns. Chainer 1's name; ``matmul`` takes batches too.
    """
    a, b = (x[..., None] if x.ndim == 2 else x for x in together("batch_matmul", a, b))
    return matmul(a, b, transa, transb)


def _at(self: Variable, other: Operand) -> Array:
    try:
        return MatMul().of(self, other)
    except OperandError:
        return turn_of(self, other, np.matmul, "__rmatmul__")


setattr(Variable, "__matmul__", _at)
setattr(Variable, "__rmatmul__", operator(matmul, np.matmul))
setattr(Variable, "dot", matmul)
