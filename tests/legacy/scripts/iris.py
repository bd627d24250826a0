#!/usr/bin/env python
# Chainer 1 and Python 2: an MLP on iris, from a table; FunctionSet, volatile, prints.
import sys
import numpy as np
from chainer import cuda, Variable, FunctionSet, optimizers
import chainer.functions as F

names = ['setosa', 'versicolor', 'virginica']
rows = [line.split(',') for line in file(sys.argv[1]).read().split()[1:]]
X = np.array([map(float, row[:4]) for row in rows], np.float32)
Y = np.array([names.index(row[4]) for row in rows], np.int32)
print "%d flowers of %d species" % (len(X), len(set(Y)))

np.random.seed(19)
order = np.random.permutation(len(X))
X, Y = X[order], Y[order]
split = len(X) * 2 / 3
x_train, x_test = np.split(X, [split])
y_train, y_test = np.split(Y, [split])

model = FunctionSet(l1=F.Linear(4, 10), l2=F.Linear(10, 3))
optimizer = optimizers.Adam(alpha=0.02)
optimizer.setup(model)


def forward(x_data, y_data, train=True):
    x = Variable(x_data, volatile=not train)
    t = Variable(y_data, volatile=not train)
    y = model.l2(F.dropout(F.relu(model.l1(x)), train=train))
    return F.softmax_cross_entropy(y, t), F.accuracy(y, t)


batchsize = 25
N = len(x_train)
for epoch in xrange(1, 13):
    perm = np.random.permutation(N)
    sum_loss = 0
    for i in xrange(0, N, batchsize):
        optimizer.zero_grads()
        loss, acc = forward(x_train[perm[i:i + batchsize]], y_train[perm[i:i + batchsize]])
        loss.backward()
        optimizer.weight_decay(0.001)
        optimizer.update()
        sum_loss += float(cuda.to_cpu(loss.data)) * batchsize
    if epoch % 4 == 0:
        loss, acc = forward(x_test, y_test, train=False)
        print 'epoch', epoch, 'loss=%.4f' % (sum_loss / N), 'test=%.4f' % loss.data, \
            'accuracy=%.3f' % acc.data
