# A multilayer perceptron on three clusters, the loop written by hand.
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import optimizers

np.random.seed(1)
centres = np.array([[0, 0, 1, 1], [1, 0, 0, 1], [1, 1, 0, 0]], np.float32)
t = np.random.randint(0, 3, 120).astype(np.int32)
x = (centres[t] + 0.3 * np.random.randn(120, 4)).astype(np.float32)


class MLP(chainer.Chain):
    def __init__(self):
        super(MLP, self).__init__(
            l1=L.Linear(4, 8),
            l2=L.Linear(8, 3),
        )

    def __call__(self, x):
        return self.l2(F.dropout(F.relu(self.l1(x)), 0.2))


model = MLP()
optimizer = optimizers.Adam(alpha=0.02)
optimizer.setup(model)
optimizer.add_hook(chainer.optimizer.WeightDecay(1e-4))
for epoch in range(5):
    order, total = np.random.permutation(120), 0
    for i in range(0, 120, 20):
        batch = order[i:i + 20]
        model.cleargrads()
        loss = F.softmax_cross_entropy(model(x[batch]), t[batch])
        loss.backward()
        optimizer.update()
        total += float(loss.data)
    print(epoch, total / 6)
with chainer.using_config('train', False), chainer.no_backprop_mode():
    print(float(F.accuracy(model(x), t).data))
