# Variables and derivatives, as an introduction of 2016 has them.
from __future__ import print_function
import numpy as np
import chainer
from chainer import Variable
import chainer.functions as F

x = Variable(np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32))
y = x ** 2 - 2 * x + 1
y.grad = np.ones((2, 3), dtype=np.float32)
y.backward()
print(y.data.tolist(), x.grad.tolist())

z = F.sum(F.exp(-x) * F.sin(x))
x.cleargrad()
z.backward(retain_grad=True)
print(float(z.data), x.grad.tolist())

g, = chainer.grad([F.sum(x ** 3)], [x], enable_double_backprop=True)
h, = chainer.grad([F.sum(g)], [x])
print(g.data.tolist(), h.data.tolist())
with chainer.no_backprop_mode():
    print((x * 2).creator)
