import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L

np.random.seed(2)
x_train = np.random.randn(60, 4).astype(np.float32)
y_train = (x_train.sum(axis=1) > 0).astype(np.int32)
model = chainer.Chain(l1=L.Linear(4, 6), l2=L.Linear(6, 2))
optimizer = chainer.optimizers.SGD(lr=0.5).setup(model)


def forward(x, t):
    y = model.l2(F.dropout(F.relu(model.l1(x)), ratio=0.25))
    return F.softmax_cross_entropy(y, t), F.accuracy(y, t)


for epoch in range(3):
    total = 0
    for i in range(0, 60, 15):
        model.cleargrads()
        loss, acc = forward(x_train[i:i + 15], y_train[i:i + 15])
        loss.backward()
        optimizer.update()
        total += float(loss.array)
    print(epoch, repr(total))
with chainer.using_config('train', False), chainer.no_backprop_mode():
    loss, acc = forward(x_train, y_train)
print(repr(float(loss.array)), repr(float(acc.array)))
