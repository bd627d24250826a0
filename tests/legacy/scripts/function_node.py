# An own FunctionNode with a twin for the device, differentiated twice.
import numpy as np
import chainer
import chainer.functions as F
from chainer import cuda, function_node


class Softsign(function_node.FunctionNode):
    def forward_cpu(self, inputs):
        self.retain_inputs((0,))
        x, = inputs
        return x / (1 + abs(x)),

    def forward_gpu(self, inputs):
        self.retain_inputs((0,))
        return cuda.elementwise('T x', 'T y', 'y = x / (1 + abs(x))', 'softsign')(inputs[0]),

    def backward(self, indexes, grad_outputs):
        x, = self.get_retained_inputs()
        gy, = grad_outputs
        return gy / (1 + F.absolute(x)) ** 2,


x = chainer.Variable(np.linspace(-2, 2, 5).astype(np.float64))
y, = Softsign().apply((x,))
gx, = chainer.grad([y], [x], enable_double_backprop=True)
ggx, = chainer.grad([gx], [x])
for v in (y, gx, ggx):
    print(v.array.tolist())
