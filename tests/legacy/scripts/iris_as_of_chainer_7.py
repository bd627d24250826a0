# What iris.py says in Chainer 1 and Python 2, in Chainer 7's words.
import sys
import numpy as np
import chainer
import chainer.functions as F
import chainer.links as L

names = ['setosa', 'versicolor', 'virginica']
with open(sys.argv[1]) as table:
    rows = [line.split(',') for line in table.read().split()[1:]]
X = np.array([list(map(float, row[:4])) for row in rows], np.float32)
Y = np.array([names.index(row[4]) for row in rows], np.int32)
print('%d flowers of %d species' % (len(X), len(set(Y))))
np.random.seed(19)
order = np.random.permutation(len(X))
X, Y = X[order], Y[order]
x_train, x_test = np.split(X, [100])
y_train, y_test = np.split(Y, [100])
model = chainer.Chain()
with model.init_scope():
    model.l1, model.l2 = L.Linear(4, 10), L.Linear(10, 3)
optimizer = chainer.optimizers.Adam(alpha=0.02).setup(model)
decay = chainer.optimizer_hooks.WeightDecay(0.001)


def forward(x, t):
    y = model.l2(F.dropout(F.relu(model.l1(x))))
    return F.softmax_cross_entropy(y, t), F.accuracy(y, t)


for epoch in range(1, 13):
    perm = np.random.permutation(100)
    sum_loss = 0
    for i in range(0, 100, 25):
        model.zerograds()
        loss, acc = forward(x_train[perm[i:i + 25]], y_train[perm[i:i + 25]])
        loss.backward()
        for param in model.params():
            decay(param.update_rule, param)
        optimizer.update()
        sum_loss += float(loss.array) * 25
    if epoch % 4 == 0:
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            loss, acc = forward(x_test, y_test)
        print('epoch', epoch, 'loss=%.4f' % (sum_loss / 100), 'test=%.4f' % loss.array,
              'accuracy=%.3f' % acc.array)
