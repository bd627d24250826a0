# Chainer 1 and Python 2: FunctionSet, volatile, zero_grads.
import numpy as np
from chainer import cuda, Variable, FunctionSet, optimizers
import chainer.functions as F

np.random.seed(2)
x_train = np.random.randn(60, 4).astype(np.float32)
y_train = (x_train.sum(axis=1) > 0).astype(np.int32)
model = FunctionSet(l1=F.Linear(4, 6), l2=F.Linear(6, 2))
optimizer = optimizers.SGD(lr=0.5)
optimizer.setup(model.collect_parameters())


def forward(x_data, y_data, train=True):
    x = Variable(x_data, volatile=not train)
    t = Variable(y_data, volatile=not train)
    h = F.dropout(F.relu(model.l1(x)), ratio=0.25, train=train)
    y = model.l2(h)
    return F.softmax_cross_entropy(y, t), F.accuracy(y, t)


for epoch in xrange(3):
    total = 0
    for i in xrange(0, len(x_train), len(x_train) / 4):
        optimizer.zero_grads()
        loss, acc = forward(x_train[i:i + 15], y_train[i:i + 15])
        loss.backward()
        optimizer.update()
        total += float(cuda.to_cpu(loss.data))
    print epoch, repr(total)
loss, acc = forward(x_train, y_train, train=False)
print repr(float(loss.data)), repr(float(acc.data))
