# A function of the old style, with its type check.
import numpy as np
import chainer
from chainer import Function, Variable
from chainer.utils import type_check


class MulAdd(Function):
    def check_type_forward(self, in_types):
        type_check.expect(in_types.size() == 3)
        x_type, y_type, z_type = in_types
        type_check.expect(
            x_type.dtype == np.float32,
            x_type.shape == y_type.shape,
            y_type.shape == z_type.shape,
        )

    def forward_cpu(self, inputs):
        x, y, z = inputs
        return x * y + z,

    def backward_cpu(self, inputs, grad_outputs):
        x, y, z = inputs
        gw, = grad_outputs
        return y * gw, x * gw, gw


rng = np.random.RandomState(0)
x, y, z = (Variable(rng.uniform(-1, 1, (3, 2)).astype(np.float32)) for _ in range(3))
w = MulAdd()(x, y, z)
w.grad = rng.uniform(-1, 1, (3, 2)).astype(np.float32)
w.backward()
for v in (w.data, x.grad, y.grad, z.grad):
    print(v.tolist())
try:
    MulAdd()(x, y, Variable(np.zeros((2, 2), np.float32)))
except chainer.utils.type_check.InvalidType as error:
    print(error.expect, '|', error.actual)
